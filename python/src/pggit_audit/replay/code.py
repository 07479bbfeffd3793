"""Statements that are code: they name no object that they change, and may run any routine of the team's."""

from __future__ import annotations

from pggit_audit.replay.state import State, bare_name
from pggit_audit.statements import Statement


def may_make_ddl(statement: Statement, state: State) -> bool:
    """A DO block may; a query or a call only through a routine of the team's own."""
    return statement.tag == "DO" or any(statement.calls(bare_name(o)) for o in state.routines())
