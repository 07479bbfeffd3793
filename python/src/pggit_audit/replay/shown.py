"""What the rows of code show that it did, where it asks for rows of the team's that the history does not have.

A call, or a block, runs a branch to its end or not at all: if not, nothing of it is left. So where its rows have what a
branch makes, and nothing else of it does, the branch ran, as if the client had sent its statements.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence

from pggit_audit.catalog import DatabaseObject
from pggit_audit.code import Branch, body_in, body_of, branches
from pggit_audit.replay.code import code_of, reached
from pggit_audit.replay.execution import Execution
from pggit_audit.replay.looks import looks_at_data, may_make
from pggit_audit.replay.state import ROUTINES, State, bare_name
from pggit_audit.statements import Statement

_PLPGSQL = re.compile(r"\n LANGUAGE plpgsql\b")
# A routine's own settings, which its statements would be without.
_SETS = re.compile(r"\n SET ")
_NAMED = ("TABLE", "INDEX", "VIEW")
_TEMPORARY = {"TEMP", "TEMPORARY"}


def as_rows_show(
    statement: Statement,
    execution: Execution,
    state: State,
    is_plain: Callable[[DatabaseObject], bool],
) -> Sequence[Statement]:
    """The statements that code ran, where it looks at data and its rows show which of its branches those are; empty
    where they do not.

    Args:
        execution: the one at hand; its rows that nothing explains so far count.
        is_plain: whether nothing of a routine is inferred.
    """
    if looks_at_data(statement, state) is None:
        return ()
    makers = [o for o in reached(statement.text, state) if may_make(o)]
    if statement.tag == "DO":
        code = body_of(statement) if not makers else ""
    elif len(makers) == 1 and _is_call_of(statement, makers[0]) and is_plain(makers[0]):
        code = _body(makers[0])
    else:
        code = ""
    if not code:
        return ()
    others = [s for s in execution.statements if s is not statement]
    elsewhere = {bare for s in others for _, bare in s.targets}
    own = {bare_name(o) for o in makers}
    codes = [text for s in others for text in _codes(s, own, state)]
    return _taken(branches(code), {row.name for row in execution.remaining}, elsewhere, codes)


def _codes(statement: Statement, own: Collection[str], state: State) -> Sequence[str]:
    """The code that a statement is, calls, or makes a routine of, but for those of these names."""
    if statement.action == "code":
        return [statement.text, *map(code_of, reached(statement.text, state))]
    makes = statement.verb == "CREATE" and statement.object_type in ROUTINES
    return [statement.text] if makes and all(bare not in own for _, bare in statement.targets) else []


def _is_call_of(statement: Statement, routine: DatabaseObject) -> bool:
    """Whether a statement is `select routine()` and no more."""
    bare = bare_name(routine)
    calls = ((bare, "(", ")"), (routine.object_schema, ".", bare, "(", ")"))
    return statement.keywords[:1] == ("SELECT",) and statement.words[1:] in calls


def _body(routine: DatabaseObject) -> str:
    """The code of a function of PL/pgSQL that takes nothing else of its session; else empty."""
    text = code_of(routine)
    body = body_in(text)
    if body is None:
        return ""
    head = text[: body[0]]
    return text[slice(*body)] if _PLPGSQL.search(head) and not _SETS.search(head) else ""


def _taken(
    parts: Sequence[Branch], told: set[str], elsewhere: set[str], codes: Sequence[str]
) -> Sequence[Statement]:
    """What the code ran: what it does in any case, and the branches of which each name is among those that the rows
    have (`told`) and that nothing else says: no other part, statement, or code. Empty where it cannot be told of one.
    """
    names = [_names(part) for part in parts]
    found: list[Statement] = []
    any_shown = False
    for i, part in enumerate(parts):
        if part.on_condition and part.statements:
            own = names[i].difference(elsewhere, *(n for j, n in enumerate(names) if j != i))
            own = {name for name in own if not any(name in text for text in codes)}
            if not own or not (own <= told or own.isdisjoint(told)):
                return ()
            if not own <= told:
                continue
            any_shown = True
        found += part.statements
    return found if any_shown else ()


def _names(part: Branch) -> set[str]:
    """What a part of code makes, alters or renames that has a row for certain, by the name that the row has."""
    return {
        s.renamed_to or s.targets[0][1]
        for s in part.statements
        if s.verb in ("CREATE", "ALTER")
        and s.object_type in _NAMED
        and s.leaves_rows
        and s.targets
        and not (s.if_exists or s.runs_query or (s.may_rename and s.renamed_to is None))
        and _TEMPORARY.isdisjoint(s.keywords)
    }
