"""Statements that are code: they name no object that they change, and may run any routine of the team's."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import without_comments
from pggit_audit.live import Live
from pggit_audit.replay.state import State, bare_name
from pggit_audit.statements import Statement


def may_make_ddl(statement: Statement, state: State) -> bool:
    """A DO block may; a query or a call only through a routine of the team's own."""
    return statement.tag == "DO" or any(statement.calls(bare_name(o)) for o in state.routines())


def calls_a_procedure(statement: Statement, live: Live) -> bool:
    """Whether a statement calls one of the live catalog: it leaves no row, and may be missing until then."""
    return statement.tag == "CALL" and any(
        statement.calls(bare)
        for (_, bare), found in live.routines.items()
        if any(o.object_type == "PROCEDURE" for o in found)
    )


def may_commit(statements: Sequence[Statement], live: Live) -> bool:
    """Whether a text is one call or one block whose code may end transactions: only where it is alone it can.

    v1 has no rows of procedures: what is called is as it is in the end.
    """
    if len(statements) != 1 or statements[0].tag not in ("DO", "CALL"):
        return False
    text = statements[0].text
    # A function can neither end one nor call what does.
    every = [each for found in live.routines.values() for each in found if each.object_type == "PROCEDURE"]
    codes = [text, *map(code_of, named(text, every))]
    return any(_ENDS_TRANSACTIONS.search(code) for code in codes)


# A word of it in a string costs nothing: such code is only looked at once more.
_ENDS_TRANSACTIONS = re.compile(r"\b(?:commit|rollback)\b", re.IGNORECASE)


# Words of statements that fire triggers, but for those of CREATE TRIGGER and of a foreign key's actions.
_CHANGES_ROWS = re.compile(
    r"(?<!\bon\s)\b(?:insert|update|delete|truncate|merge|copy)\b(?!\s+(?:or|on|of)\b)", re.IGNORECASE
)


def reached(code: str, state: State) -> list[DatabaseObject]:
    """The team's routines that code may call, directly or through others.

    A trigger's function, which code may name where it makes the trigger, runs only where rows change.
    """
    routines = state.routines()
    found = named(code, [o for o in routines if not _is_of_a_trigger(o)])
    if any(_CHANGES_ROWS.search(text) for text in (code, *map(code_of, found))):
        return named(code, routines)
    return found


def code_of(found: DatabaseObject) -> str:
    """What of a definition may be run: its comment says what it likes."""
    return without_comments(found.definition)


def may_hide_code(state: State) -> bool:
    """Whether the team has a routine that a statement may run which does not name it, as a default or a check does."""
    return any(not _is_of_a_trigger(o) for o in state.routines())


def _is_of_a_trigger(routine: DatabaseObject) -> bool:
    return re.search(r"\n RETURNS (?:event_)?trigger\n", routine.definition.split("\nAS ", 1)[0]) is not None


def named(code: str, routines: Sequence[DatabaseObject]) -> list[DatabaseObject]:
    """Those of the routines that code names, directly or through others of them."""
    waiting, seen, result = [code], {code}, list[DatabaseObject]()
    while waiting:
        text = waiting.pop()
        for found in routines:
            if found.definition not in seen and re.search(rf"(?<!\w){re.escape(bare_name(found))}\W", text):
                seen.add(found.definition)
                waiting.append(code_of(found))
                result.append(found)
    return result
