"""The columns of a table that is older than the tracker, where v1 recorded none of them (FORMATS 1.9): as in the live
catalog, but for what recorded texts do to them.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    Columns,
    column_name,
    elements,
    parse_name,
    quote_if_needed,
    type_text,
    with_not_null,
    with_type,
    without_default,
    without_identity,
)
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import DOTTED, QUOTED, says
from pggit_audit.rules.column_actions import Action, Actions, actions_on, is_on, name_before, taken_away
from pggit_audit.rules.situation import Evidence
from pggit_audit.rules.type_changes import retyped, said_by_using
from pggit_audit.statements import Name, Statement, quote, unquote

ATTACHED = re.compile(rf"^ALTER TABLE ONLY (?P<parent>{DOTTED}) ATTACH PARTITION ", re.MULTILINE)


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


def before_its_parents_got(
    evidence: Evidence, live: DatabaseObject | None, first: HistoryRow, before: Columns
) -> Columns:
    """The columns of a partition without those, and under the names before those, that texts gave its parents until
    its first row."""
    if live is None or " ATTACH PARTITION " not in live.definition:
        return before
    actions = [
        action
        for row, statement, names in statements_on(evidence, live)
        if row.position < first.position
        for action in actions_on(names, statement)
    ]
    return _under_names_before(before, actions)


def before_renames(
    evidence: Evidence, first: HistoryRow, name: Name, before: Columns, about: Sequence[Statement]
) -> Columns:
    """The columns of a table's first row under the names that they had before texts renamed them: that leaves no row.

    `name` is the table's by then, `about` those of the row's own text.
    """
    names = {name, (first.object_schema, first.name)}
    rows = [evidence.history.rows[p] for p in evidence.history.mentions(name[1])]
    earlier = {
        row.execution: row.statements
        for row in rows
        if row.position < first.position and row.execution != first.execution and not row.exclusion_reason
    }
    told = [s for text in (*earlier.values(), about) for s in text if s.tag == "ALTER TABLE"]
    renames = [a for s in told for a in actions_on(names, s) if a["old"] is not None]
    return _under_names_before(before, renames)


def _under_names_before(columns: Columns, actions: Actions) -> Columns:
    """Columns under the names that they had before what texts did, without those that texts added."""
    names = {column: name_before(column, actions) for column in columns}
    return {name: columns[column] for column, name in names.items() if name is not None}


def older_names(lines: Sequence[str], actions: Actions) -> dict[str, str]:
    """What the columns of a live table were called before all texts on it, where that is another name."""
    names = {now: name_before(now, actions) for now in map(column_name, lines)}
    return {now: before for now, before in names.items() if before is not None and before != now}


def with_types_before(
    evidence: Evidence, table: DatabaseObject, known: Sequence[tuple[str, str]]
) -> list[tuple[str, str]]:
    """The columns that were there (`before_actions`), with the types that they most likely had before texts changed
    them; a default that is of the type keeps it as it is, unless the type was not there."""
    told = types_before(evidence, [(s, names) for _, s, names in statements_on(evidence, table)])
    return [(now, with_type_told(line, told.get(column_name(line)))) for now, line in known]


def with_type_told(line: str, told: Earlier | None) -> str:
    """A column's element with the type that it had before texts; a default that is of another type keeps that."""
    if told is None:
        return line
    if told.instead_of is not None:
        line = re.sub(
            rf"::(?:{QUOTED}\.|\w+\.)?{re.escape(quote_if_needed(told.instead_of))}(?![\w\"])", "::text", line
        )
    elif "::" in line:
        return line
    return with_type(line, told.kind)


class Earlier(NamedTuple):
    """The type that a column had before texts; and the one that they gave it, where that was not there by then."""

    kind: str
    instead_of: str | None = None


def types_before(
    evidence: Evidence, statements: Iterable[tuple[Statement, Collection[Name]]]
) -> dict[str, Earlier]:
    """The columns of a table whose types texts change, by their names before all texts, with the types that they most
    likely had: what the text's own expression says, what such columns had as a rule, what was recorded of the columns
    that refer to them, or that they refer to, or else a text, where the type that they got is one that was made
    meanwhile.

    The statements come with the names that the table has by then.
    """
    found: dict[str, Earlier] = {}
    seen: set[str] = set()
    actions: list[Action] = []
    for statement, names in statements:
        said = dict(said_by_using(statement)) if is_on(names, statement) else {}
        for column, kind in retyped(statement) if is_on(names, statement) else ():
            name = name_before(column, actions)
            if name is None or name in seen:
                continue
            seen.add(name)
            old = said.get(column) or evidence.type_changes.before(name, kind)
            old = old or _of_its_keys(evidence, names, column)
            if old is not None:
                found[name] = Earlier(old)
            elif _is_new(evidence, kind):
                found[name] = Earlier("text", parse_name(kind)[1])
        actions += actions_on(names, statement)
    return found


def _of_its_keys(evidence: Evidence, tables: Collection[Name], column: str) -> str | None:
    """The type that columns at the other ends of a column's foreign keys had when they were first recorded, if that was
    not by a text that changes it."""
    types = set[str]()
    for other, name in {end for table in tables for end in evidence.key_ends.get((table, column), ())}:
        row = next((r for r in evidence.history.records.get(other, ()) if name in (r.columns or {})), None)
        changed = (c for s in row.statements if is_on([other], s) for c, _ in retyped(s)) if row else ()
        if row is not None and row.columns and name not in changed:
            types.add(type_text(str(row.columns[name].get("type"))))
    return types.pop() if len(types) == 1 else None


def _is_new(evidence: Evidence, kind: str) -> bool:
    """Whether a type is one that a recorded text makes and none names before: no column had it, nor one that is called
    so since."""
    name = parse_name(kind)[1]
    rows = (evidence.history.rows[p] for p in evidence.history.mentions(name))
    naming = [s for row in rows if not row.exclusion_reason for s in row.statements if s.mentions(name)]
    return (
        bool(naming)
        and naming[0].tag == "CREATE TYPE"
        and [bare for _, bare in naming[0].targets] == [name]
        and not any(s.tag == "ALTER TYPE" and s.renamed_to is not None for s in naming)
    )


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
    return statements_naming(evidence, _names(evidence, table))


def statements_naming(
    evidence: Evidence, names: Iterable[tuple[Name, int, int]]
) -> list[tuple[HistoryRow, Statement, list[Name]]]:
    """The recorded statements that name a table by a name that it has by then, in order (`statements_on`).

    Args:
        names: what it was called, each since which row's position, and until which one's.
    """
    history = evidence.history
    found: dict[tuple[str, int], tuple[HistoryRow, list[Name]]] = {}
    for name, first, until in names:
        for row in (history.rows[p] for p in history.mentions(name[1]) if first <= p <= until):
            if not row.exclusion_reason:
                before = found.get(row.execution)
                found[row.execution] = row, [*(before[1] if before else ()), name]
    return [
        (row, statement, names_then)
        for row, names_then in sorted(found.values(), key=lambda f: f[0].position)
        for statement in row.statements
        if any(says(statement.folded, name[1]) for name in names_then)
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
