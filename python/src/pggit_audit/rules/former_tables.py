"""A table that no row creates, under the name and in the schema that it had at its first row: was it called so, what
became of it, and what it is made of."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import parse_name, qualified
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import DOTTED, NAME, QUOTED
from pggit_audit.rules.situation import Evidence
from pggit_audit.statements import Name, Statement, unquote

_RENAMES = re.compile(r"\brename\s+to\b", re.IGNORECASE)
_MOVED = re.compile(
    rf"\balter\s+table\s+(?:if\s+exists\s+)?({DOTTED})\s+set\s+schema\s+({NAME})",
    re.IGNORECASE,
)
_OWNED_BY = re.compile(rf" OWNED BY (?P<table>(?:{QUOTED}|[\w$])+\.(?:{QUOTED}|[\w$])+)\.")
_REFERS = re.compile(rf" REFERENCES (?P<table>{DOTTED})\(")


def as_it_ended(evidence: Evidence, first: HistoryRow) -> DatabaseObject | None:
    """The live table that the table of its first row is: the one of its name, unless its rows go on under another."""
    name, last = (first.object_schema, first.name), first
    for row in evidence.history.later_rows(name, first.position):
        if row.change_type != "ALTER":
            break
        last = row
    ended = (last.object_schema, last.name)
    return evidence.live.table(name if last.oid != first.oid else ended)


def had_another_name(evidence: Evidence, row: HistoryRow, about: Iterable[Statement]) -> bool:
    """Whether the table came to its name, or its schema, by the row's own text (of which `about` name it), or by a
    change without a row."""
    if row.oid is not None and any(
        r.oid == row.oid and r.object_type == "TABLE" for r in evidence.history.rows[: row.position]
    ):
        return True
    return any(_RENAMES.search(s.folded) for s in about) or any(
        parse_name(old)[1] == row.name and unquote(schema) == row.object_schema
        for old, schema in _MOVED.findall(row.text)
    )


def names_since(evidence: Evidence, first: HistoryRow, name: Name) -> Iterator[tuple[Name, int, int]]:
    """What the table of its first row was called, which had this name before: since which row's position, and until
    which one's."""
    called, begin, until = name, 0, len(evidence.history.rows)
    later = evidence.history.later_rows((first.object_schema, first.name), first.position)
    for row in (first, *later):
        if row.change_type != "ALTER":
            until = row.position
            break
        now: Name = (row.object_schema, row.name)
        if row.object_type == "TABLE" and now != called:
            yield called, begin, row.position
            called, begin = now, row.position
    yield called, begin, until


def is_known_by(evidence: Evidence, name: Name, row: HistoryRow) -> bool:
    """Whether something of that name left a row before this one, or went on under it; another may have it later.

    Its schema may have had another name by then.
    """
    history = evidence.history
    older = (history.by_name.get((s, name[1]), ()) for s in history.former_schemas.get(name[0] or "", ()))
    rows = history.by_name.get(name, ())
    return any(r.position <= row.position or r.change_type != "CREATE" for r in rows[:1]) or any(
        found[0].position <= row.position for found in older if found
    )


def called(evidence: Evidence, live: DatabaseObject, name: Name, *texts: str) -> list[str]:
    """Statements on a live table, for the name that it had; its sequences were in its schema as well."""
    found = list(texts)
    names = {live.object_identity: qualified(name)}
    if live.object_schema != name[0]:
        own = evidence.live.sequences_of(live)
        names |= {o.object_identity: qualified((name[0], o.object_name)) for o in own}
    for now, then in names.items() if name != (live.object_schema, live.object_name) else ():
        pattern = re.compile(rf"(?<![\w$]){re.escape(now)}(?![\w$])")
        found = [pattern.sub(lambda _, then=then: then, text) for text in found]  # type: ignore[misc]
    return found


def moved_sequence(evidence: Evidence, name: Name) -> DatabaseObject | None:
    """The live sequence that had a name before it went to another schema with the table whose column owns it."""
    for found in evidence.live.by_name.values():
        owned = _OWNED_BY.search(found.definition) if found.object_type == "SEQUENCE" else None
        if found.object_name == name[1] and found.object_schema != name[0] and owned is not None:
            table = parse_name(owned["table"])
            if any(then[0] == name[0] for then, _, _ in evidence.history.names("TABLE", table)):
                return found
    return None


def referring(evidence: Evidence, text: str, position: int) -> str:
    """A statement of a live definition; a table that it refers to is named in the schema where it was at a position."""

    def then(match: re.Match[str]) -> str:
        now = parse_name(match["table"])
        names = evidence.history.names("TABLE", now)
        before = next((name for name, first, _ in names if first <= position), now)
        return match[0] if before[0] == now[0] else f" REFERENCES {qualified(before)}("

    return _REFERS.sub(then, text) if " FOREIGN KEY " in text else text
