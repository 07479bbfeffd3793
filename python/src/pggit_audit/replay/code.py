"""Statements that are code: they name no object that they change, and may run any routine of the team's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import parse_name
from pggit_audit.replay.state import State, bare_name
from pggit_audit.rules import DEPENDS_ON_DATA, clock
from pggit_audit.rules.situation import Repair
from pggit_audit.statements import Statement


def may_make_ddl(statement: Statement, state: State) -> bool:
    """A DO block may; a query or a call only through a routine of the team's own."""
    return statement.tag == "DO" or any(statement.calls(bare_name(o)) for o in state.routines())


# What gives another result at another time, or to somebody else.
_VOLATILE = re.compile(
    r"\b(?:now|(?:clock|statement|transaction)_timestamp|timeofday|random|random_normal|gen_random_(?:uuid|bytes)|uuid_generate_v\d\w*"
    r"|uuidv[47]|nextval|currval|lastval|txid_current|pg_current_xact_id|pg_backend_pid|current_setting|version"
    r"|inet_client_addr|current_database)\s*\("
    r"|\b(?:current_(?:catalog|date|time|timestamp|user|role)|session_user|localtime|localtimestamp)\b",
    re.IGNORECASE,
)
_READS = re.compile(r"""\b(?:from|join)\s+(?:only\s+)?((?:"(?:[^"]|"")+"|[\w.$])+)""", re.IGNORECASE)
_BOUND = re.compile(r"\bfor\s+values\b", re.IGNORECASE)
_WITH_ROWS = ("TABLE", "VIEW", "MATERIALIZED_VIEW")


def looks_at_data(statement: Statement, state: State) -> Repair | None:
    """What a statement makes DDL of that the history does not have: rows, the clock, random numbers."""
    if statement.action != "code":
        bound = _BOUND.search(statement.text)
        volatile = _VOLATILE.search(statement.text, bound.end()) if bound else None
        if volatile:
            return _depends(f"a bound asks for {volatile[0]}")
        literal = next((statement.tokens[i].text for i in clock.asked(statement)), None)
        return _depends(f"the literal '{literal}' asks the clock") if literal else None
    for text in _bodies(statement, state):
        volatile = _VOLATILE.search(text)
        if volatile:
            return _depends(f"the code asks for {volatile[0].rstrip('( ')}")
        for match in _READS.finditer(text):
            bare = parse_name(match[1].lower())[1]
            if any(o.object_type in _WITH_ROWS for o in state.called([bare])):
                return _depends(f"the code reads rows of {match[1]}")
    return None


def _depends(why: str) -> Repair:
    return Repair(DEPENDS_ON_DATA, "", f"{why}: the history does not have what it found")


def _bodies(statement: Statement, state: State) -> Iterator[str]:
    """The text of the code, and of the routines that it may call."""
    yield statement.text
    yield from (routine.definition for routine in reached(statement, state))


def reached(statement: Statement, state: State) -> Iterator[DatabaseObject]:
    """The team's routines that code may call, directly or through others."""
    waiting, seen = [statement.text], {statement.text}
    routines = state.routines()
    while waiting:
        text = waiting.pop()
        for found in routines:
            if found.definition not in seen and re.search(rf"(?<!\w){re.escape(bare_name(found))}\W", text):
                seen.add(found.definition)
                waiting.append(found.definition)
                yield found
