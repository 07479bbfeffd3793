"""The columns of a table that is older than the tracker, where v1 recorded none of them (FORMATS 1.9): as in the live
catalog, but for what recorded texts do to them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    column_name,
    elements,
    parse_name,
    quote_if_needed,
    with_not_null,
    with_type,
    without_default,
    without_identity,
)
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import QUOTED, says
from pggit_audit.rules.column_actions import Action, Actions, actions_on, is_on, name_before, taken_away
from pggit_audit.rules.situation import Evidence
from pggit_audit.rules.type_changes import retyped, said_by_using
from pggit_audit.statements import Name, Statement, quote, unquote

ATTACHED = re.compile(rf"^ALTER TABLE ONLY (?P<parent>(?:{QUOTED}|[\w$.])+) ATTACH PARTITION ", re.MULTILINE)


def before_actions(lines: Sequence[str], actions: Actions) -> list[tuple[str, str]]:
    """The columns of a live table without those that recorded texts add: the name of each, and its element as it was
    before all texts.

    A name that was taken from one column and given to another is that of two; what the texts set or dropped of a
    column's NOT NULL and default was otherwise before.
    """
    names = {column_name(line): name_before(column_name(line), actions) for line in lines}
    found: list[tuple[str, str]] = []
    # When the columns behind the one at hand came: new ones are always last. -1 is before all actions.
    earliest = len(actions)
    came_with = _came_with(actions)
    for line in reversed(lines):
        now = column_name(line)
        before = names[now]
        if before is None:
            came = came_with.get(now)
            if now not in names.values() and _is_given_up(now, actions):
                # Another of its name was there, and is gone.
                found.append((now, before_set(line, now, actions)))
            elif came is not None and came > earliest and _added_if_missing(actions[came], now):
                # ADD COLUMN IF NOT EXISTS found it there.
                before = now
            if before is None:
                earliest = earliest if came is None else min(earliest, came)
                continue
        earliest = -1
        line = line if before == now else line.replace(quote_if_needed(now), quote(before), 1)
        found.append((now, before_set(line, before, actions)))
    return found[::-1]


def older_names(lines: Sequence[str], actions: Actions) -> dict[str, str]:
    """What the columns of a live table were called before all texts on it, where that is another name."""
    names = {now: name_before(now, actions) for now in map(column_name, lines)}
    return {now: before for now, before in names.items() if before is not None and before != now}


def with_types_before(
    evidence: Evidence, table: DatabaseObject, known: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """The columns that were there (`before_actions`), with the types that they most likely had before texts changed
    them; a default that is of the type keeps it as it is."""
    first: dict[str, str] = {}
    said: dict[str, str] = {}
    actions: list[Action] = []
    for _, statement, names in statements_on(evidence, table):
        told = dict(said_by_using(statement)) if is_on(names, statement) else {}
        for column, kind in retyped(statement) if is_on(names, statement) else ():
            before = name_before(column, actions)
            if before is not None and before not in first:
                first[before] = kind
                if column in told:
                    said[before] = told[column]
        actions += actions_on(names, statement)
    found = []
    for now, line in known:
        name = column_name(line)
        old = said.get(name)
        if old is None and name in first:
            old = evidence.type_changes.before(name, first[name])
        old = None if "::" in line else old
        found.append((now, line if old is None else with_type(line, old)))
    return found


def gone(evidence: Evidence, known: Sequence[str], actions: Actions) -> list[str]:
    """The columns that texts drop of a live table and none adds, as they may have been: at the end.

    Of such a column nothing is recorded but its name: it is like the live columns of that name, or those that texts
    make, where these are alike, else a text (with IF EXISTS, only where there are such others). Where the catalog still
    has the places of those that are gone, it tells more (`dropped_columns`).
    `known`: the elements of those of which that is known.
    """
    there = {column_name(line) for line in known}
    found: dict[str, str] = {}
    for i, action in enumerate(actions):
        taken = taken_away(action)
        if taken is None or action["if_missing"] == "code":
            continue
        name = name_before(taken, actions[:i])
        if name is not None and name not in there:
            like = like_others(evidence, name)
            if like is None and action["if_there"]:
                continue
            line = like or f"{quote(name)} text"
            found.setdefault(name, before_set(line, name, actions))
    return [*found.values()]


def like_others(evidence: Evidence, name: str) -> str | None:
    """A column of a name, as the live columns of the name are, or else those of recorded texts, if these are alike."""
    lines = {
        line
        for o in evidence.live.by_name.values()
        if o.object_type == "TABLE" and quote_if_needed(name) in o.definition
        for line in elements(o.definition)[1]
        if column_name(line) == name
    }
    lines = lines or {f"{quote(name)} {kind}" for kind in evidence.written.get(name, ())}
    return lines.pop() if len(lines) == 1 else None


def statements_on(
    evidence: Evidence, table: DatabaseObject
) -> list[tuple[HistoryRow, Statement, list[Name]]]:
    """The recorded statements that name a live table by a name that it has by then, in order.

    Each with a row that has its text, and the names that the table has in that text: two where the text renames it.
    Of a partition that no row makes, what names its parent is on it as well: from the start, or from the text on that
    attaches it.
    """
    history = evidence.history
    found: dict[tuple[str, int], tuple[HistoryRow, list[Name]]] = {}
    for name, first, until in _names(evidence, table):
        for row in (history.rows[p] for p in history.mentions(name[1]) if first <= p <= until):
            if not row.exclusion_reason:
                before = found.get(row.execution)
                found[row.execution] = row, [*(before[1] if before else ()), name]
    return [
        (row, statement, names)
        for row, names in sorted(found.values(), key=lambda f: f[0].position)
        for statement in row.statements
        if any(says(statement.folded, name[1]) for name in names)
    ]


def _names(evidence: Evidence, table: DatabaseObject) -> Iterator[tuple[Name, int, int]]:
    """What a live table was called, and what it was a partition of from the start (`History.names`)."""
    history = evidence.history
    name: Name = (table.object_schema, table.object_name)
    since = -1
    while True:
        for told, first, until in history.names("TABLE", name):
            if until > since:
                yield told, max(first, since + 1), until
        live = evidence.live.by_name.get(name)
        attached = ATTACHED.search(live.definition) if live is not None else None
        if attached is None or any(r.change_type == "CREATE" for r in history.by_name.get(name, ())):
            return
        since = max(since, attached_at(evidence, name))
        name = parse_name(attached["parent"])


def attached_at(evidence: Evidence, name: Name) -> int:
    """The position of the last row of the last text that attaches a table to its parent; -1 where none does."""
    rows = evidence.history.rows
    # Each text once: of a script, every row has the whole.
    last = {rows[p].execution: p for p in evidence.history.mentions(name[1])}
    attaching = (
        p
        for p in last.values()
        if any("ATTACH" in s.keywords and s.mentions(name[1]) for s in rows[p].statements)
    )
    return max(attaching, default=-1)


def _came_with(actions: Actions) -> dict[str, int]:
    """The columns that texts add, by their names behind all of them, each with the action that adds it."""
    found: dict[str, int] = {}
    for i, action in enumerate(actions):
        added, dropped, old, new = (unquote(action[n] or "") for n in ("added", "dropped", "old", "new"))
        if added:
            found.setdefault(added, i)
        found.pop(dropped, None)
        if new and old in found:
            found[new] = found.pop(old)
    return found


def _added_if_missing(action: Action, name: str) -> bool:
    return bool(action["if_missing"]) and unquote(action["added"] or "") == name


def _is_given_up(name: str, actions: Actions) -> bool:
    """Whether the first action on a name drops or renames a column that has it, for certain."""
    for action in actions:
        if name in (unquote(action["dropped"] or ""), unquote(action["old"] or "")):
            return not action["if_there"]
        if name in (unquote(action["added"] or ""), unquote(action["new"] or "")):
            return False
    return False


def before_set(line: str, name: str, actions: Actions) -> str:
    """A column's element as it was before the first action on its NOT NULL, on its default, and on its identity."""
    seen: set[str] = set()
    for action in actions:
        if unquote(action["dropped"] or "") == name:
            break
        if unquote(action["old"] or "") == name:
            name = unquote(action["new"] or "")
        if unquote(action["altered"] or "") != name:
            continue
        does, *what = str(action["what"]).split()
        if what[0] in seen:
            continue
        seen.add(what[0])
        if what == ["generated"]:
            line = without_identity(line)
        elif what == ["default"]:
            line = without_default(line) if does == "set" else line
        else:
            line = with_not_null(line, does == "drop")
    return line
