"""Statements that are code: they name no object that they change, and may run any routine of the team's."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pggit_audit.catalog import DatabaseObject
from pggit_audit.replay.state import State, bare_name
from pggit_audit.statements import Statement


def may_make_ddl(statement: Statement, state: State) -> bool:
    """A DO block may; a query or a call only through a routine of the team's own."""
    return statement.tag == "DO" or any(statement.calls(bare_name(o)) for o in state.routines())


def reached(code: str, state: State) -> Iterator[DatabaseObject]:
    """The team's routines that code may call, directly or through others."""
    waiting, seen = [code], {code}
    routines = state.routines()
    while waiting:
        text = waiting.pop()
        for found in routines:
            if found.definition not in seen and re.search(rf"(?<!\w){re.escape(bare_name(found))}\W", text):
                seen.add(found.definition)
                waiting.append(found.definition)
                yield found
