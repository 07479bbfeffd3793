"""Rows of what an extension brought: v1 records its functions, tables, views and indexes with the text that creates it.

The extension stands for them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence, Set
from itertools import islice

import psycopg

from pggit_audit.history import History, HistoryRow
from pggit_audit.replay.code import may_make_ddl
from pggit_audit.replay.execution import Execution
from pggit_audit.replay.identities import same_type
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import ROUTINES, Difference
from pggit_audit.statements import Statement
from pggit_audit.trusted import ALTERS_ROUTINE, MEMBER, signature

# Statements that a trigger, a rule or an operator may hide code behind.
_MAY_FIRE = {"", "ANALYZE", "CLOSE", "COPY", "DECLARE", "DELETE", "EXECUTE", "EXPLAIN", "FETCH", "INSERT", "MERGE",
             "MOVE", "REFRESH", "SELECT", "TABLE", "TRUNCATE", "UPDATE", "VALUES", "WITH"}  # fmt: skip
# The members of extensions that are in one catalog.
_MEMBERS = """
    select d.objid
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_extension as e on e.oid operator(pg_catalog.=) d.refobjid
    where
        d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
        and d.classid operator(pg_catalog.=) 'pg_catalog.{}'::pg_catalog.regclass::pg_catalog.oid
        and d.deptype operator(pg_catalog.=) 'e'
        and e.extname operator(pg_catalog.=) any (%(names)s::pg_catalog.name[])
"""
# The relations of an extension, and the indexes of its tables.
_RELATIONS = f"""
    with members as (
        {_MEMBERS.format("pg_class")}
    )
    select c.relname::pg_catalog.text
    from pg_catalog.pg_class as c
    where
        c.oid operator(pg_catalog.=) any (array(
            select m.objid from members as m
            union all
            select i.indexrelid
            from pg_catalog.pg_index as i
            join members as m on m.objid operator(pg_catalog.=) i.indrelid
        ))
"""
# How many routines extensions have; nothing where one of them is not there.
_ROUTINES_OF = f"""
    select
        (select pg_catalog.count(*) from ({_MEMBERS.format("pg_proc")}) as m)
    where not exists (
        select from pg_catalog.unnest(%(names)s::pg_catalog.name[]) as n (name)
        where not exists (
            select from pg_catalog.pg_extension as e where e.extname operator(pg_catalog.=) n.name
        )
    )
"""
# The functions of extensions.
_FUNCTIONS = f"""
    select p.oid::pg_catalog.int8
    from ({_MEMBERS.format("pg_proc")}) as m
    join pg_catalog.pg_proc as p on p.oid operator(pg_catalog.=) m.objid
    where p.prokind operator(pg_catalog.<>) 'a'
"""
# The routines of a name, in any schema where none is said: whether each is an extension's.
_OF_NAME = """
    select
        exists (
            select from pg_catalog.pg_depend as d
            where
                d.classid operator(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
                and d.objid operator(pg_catalog.=) p.oid
                and d.deptype operator(pg_catalog.=) 'e'
        )
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) p.pronamespace
    where
        p.proname operator(pg_catalog.=) %(name)s::pg_catalog.name
        and (%(schema)s::pg_catalog.text is null or n.nspname operator(pg_catalog.=) %(schema)s::pg_catalog.name)
"""
_KINDS = ("TABLE", "VIEW", "INDEX", *ROUTINES)


def members(
    names: Sequence[str], statement: Statement, execution: Execution, situation: Situation
) -> Iterator[HistoryRow]:
    """Takes the rows of what extensions brought out of those that remain, right behind their statement.

    All are the extension's before the first row that tells which statement left it. Else, of functions v1 says no
    name: as many are left as the statements that follow make. A relation is the extension's where it is one of those
    that it has, or was made and dropped among their rows, as a script may do. What a trigger made behind an INSERT of
    the same text is neither, and its rows are never left out.
    """
    rows = execution.remaining
    following = [
        s for s in execution.following if s.action != "code" or _may_leave_rows(s, execution, situation)
    ]
    relations = {name for (name,) in situation.query(_RELATIONS, {"names": list(names)})}
    most = _how_many_routines(names, situation)
    told = _before_following(rows, following)
    if told is None:
        told = _up_to_others(rows, following, relations, statement, most)
    front = list(islice(rows, told))
    for _ in front:
        rows.popleft()
    taken, kept = _own(front, most, relations, execution, situation)
    rows.extendleft(reversed(kept))
    yield from taken


def of_code(
    names: Sequence[str], execution: Execution, differences: Sequence[Difference], situation: Situation
) -> list[HistoryRow]:
    """Takes the rows of what extensions brought that code made, along with routines of the team's, out of those that
    remain.

    oids grow, here as there: where as many routines are new, they tell which are the extensions'.
    """
    made = {
        d.new.key[1]
        for d in differences
        if d.old is None and d.new is not None and d.new.object_type in ROUTINES
    }
    if not made:
        return []
    theirs = {oid for (oid,) in situation.query(_FUNCTIONS, {"names": list(names)})}
    here = sorted(made | theirs)
    there = sorted(
        {row.oid for row in execution.remaining if row.object_type in ROUTINES and row.oid is not None}
    )
    if len(here) != len(there):
        return []
    own = {oid for oid, new in zip(there, here, strict=True) if new in theirs}
    taken = [row for row in execution.remaining if row.object_type in ROUTINES and row.oid in own]
    for row in taken:
        execution.remaining.remove(row)
    return taken


def altered_member(
    statement: Statement,
    execution: Execution,
    differences: Sequence[Difference],
    history: History,
    situation: Situation,
) -> HistoryRow | None:
    """Takes the row of a statement that alters or replaces a routine of an extension out of those that remain.

    None for other statements. The extension stands for what it brought, and no definition has what was altered of that,
    as none of pg_dump's has.
    """
    row = execution.next_row
    if row is None or row.object_type not in ROUTINES:
        return None
    try:
        if statement.tag in ALTERS_ROUTINE and row.change_type == "ALTER":
            is_member = bool(situation.query(MEMBER, {"name": signature(statement)}))
        else:
            is_member = not differences and _replaces_member(statement, row, history, situation)
    except psycopg.Error:
        # Not read as a name with types: its arguments have names, too.
        return None
    return execution.remaining.popleft() if is_member else None


def _replaces_member(statement: Statement, row: HistoryRow, history: History, situation: Situation) -> bool:
    """Whether the row's object came with an extension: all of the name are extensions' here.

    The first row of its oid, if it is not of an earlier build, is of a text that makes one.
    """
    if row.change_type != "CREATE" or statement.object_type not in ROUTINES or not statement.targets:
        return False
    first = next(r for r in history.rows if (r.object_type, r.name) == (row.object_type, row.name))
    if first is not row and all(s.tag != "CREATE EXTENSION" for s in first.statements):
        return False
    schema, name = statement.targets[0]
    found = situation.query(_OF_NAME, {"schema": schema, "name": name})
    return bool(found) and all(is_member for (is_member,) in found)


def _how_many_routines(names: Sequence[str], situation: Situation) -> int | None:
    """How many routines the extensions have here; None where one of them could not be made."""
    found = situation.query(_ROUTINES_OF, {"names": list(names)})
    return found[0][0] if found else None


def _up_to_others(
    rows: Sequence[HistoryRow],
    following: Sequence[Statement],
    relations: Set[str],
    statement: Statement,
    most: int | None,
) -> int:
    """How many rows come before the first that a following statement, or code, may have left.

    Code that follows may have made a routine, or none: so many are the extension's as it has here (`most`), as far as
    that leaves each other statement its own.
    """
    routines = [row.name for row in rows if row.object_type in ROUTINES]
    sure = sum(s.leaves_rows and s.action != "code" and _makes(s, "FUNCTION") for s in following)
    theirs = len(routines) - sure - sum(s.leaves_rows and s.action == "code" for s in following)
    if most is not None:
        oids = list(dict.fromkeys(routines))
        full = routines.index(oids[most]) if most < len(oids) else len(routines)
        theirs = min(max(theirs, full), len(routines) - sure)
    for i, row in enumerate(rows):
        if row.object_type not in _KINDS:
            return i
        if row.object_type in ROUTINES:
            theirs -= 1
            if theirs < 0:
                return i
        elif row.name not in relations and (
            statement.action == "code"
            or any(s.leaves_rows and (s.action == "code" or _makes(s, row.object_type)) for s in following)
        ):
            return i
    return len(rows)


def _own(
    rows: Sequence[HistoryRow],
    most: int | None,
    relations: Set[str],
    execution: Execution,
    situation: Situation,
) -> tuple[list[HistoryRow], list[HistoryRow]]:
    """The rows that are the extension's own, which has `most` routines here, and the others.

    Of an extension that could not be made here nobody knows what it has: its rows are told by their place, where no
    trigger can have made any.
    """
    may_fire = bool(situation.state.routines()) and any(_may_fire(s) for s in execution.statements)
    if most is None and not may_fire:
        return list(rows), []
    is_own = [row.object_type in ROUTINES or row.name in relations for row in rows]
    for start, row in enumerate(rows):
        end = next((i for i in range(start, len(rows)) if _drops(rows[i], row)), None)
        if end is not None and any(is_own[:start]) and any(is_own[end:]):
            is_own[start] = is_own[end] = True
    if most is not None and may_fire:
        # More functions than it has: the last ones may be somebody else's.
        oids = list(dict.fromkeys(row.name for row in rows if row.object_type in ROUTINES))
        others = set(oids[most:])
        is_own = [o and r.name not in others for o, r in zip(is_own, rows, strict=True)]
    taken = [row for row, own in zip(rows, is_own, strict=True) if own]
    return taken, [row for row, own in zip(rows, is_own, strict=True) if not own]


def _drops(row: HistoryRow, made: HistoryRow) -> bool:
    return row.change_type == "DROP" and (row.object_type, row.object_schema, row.name) == (
        made.object_type,
        made.object_schema,
        made.name,
    )


def _may_fire(statement: Statement) -> bool:
    return statement.action in ("ignored", "refused") and statement.verb in _MAY_FIRE


def _may_leave_rows(code: Statement, execution: Execution, situation: Situation) -> bool:
    """Whether code may make DDL: by a routine that is there, or that a statement before it in the same text makes."""
    made = (bare for s in execution.following if s.object_type in ROUTINES for _, bare in s.targets)
    return may_make_ddl(code, situation.state) or any(code.calls(name) for name in made)


def _before_following(rows: Sequence[HistoryRow], following: Sequence[Statement]) -> int | None:
    """How many rows come before the first that a following statement left for certain; None where none says a name."""
    first = next((s for s in following if s.leaves_rows), None)
    if (
        first is None
        or first.tag not in ("CREATE TABLE", "ALTER TABLE", "CREATE VIEW", "CREATE INDEX")
        or first.if_exists
        or first.runs_query
        or first.may_rename
        or not first.targets
    ):
        return None
    name = first.targets[0][1]
    return next(
        (i for i, r in enumerate(rows) if r.name == name and same_type(r.object_type, first.object_type)),
        None,
    )


def _makes(statement: Statement, kind: str) -> bool:
    return statement.verb in ("CREATE", "ALTER") and (
        same_type(kind, statement.object_type)
        or (kind in ROUTINES and statement.object_type == "AGGREGATE")
        or (kind == "INDEX" and statement.object_type == "TABLE")
    )
