"""Statements that are code: they name no object that they change, and may run any routine of the team's."""

from __future__ import annotations

from pggit_audit.replay.state import State, bare_name
from pggit_audit.statements import Statement, leaves_the_database


def may_make_ddl(statement: Statement, state: State) -> bool:
    """A DO block may; a query or a call only through a routine of the team's own."""
    return statement.tag == "DO" or any(statement.calls(bare_name(o)) for o in state.routines())


def leads_outside(statement: Statement, state: State) -> str | None:
    """The routine through which the statement would reach outside the database, if any."""
    if statement.action != "code" and not statement.runs_query:
        return None
    for found in state.routines():
        if leaves_the_database(found.definition) and statement.mentions(bare_name(found)):
            return found.object_identity
    return None
