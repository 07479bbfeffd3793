"""Rows of what an extension brought: v1 records its functions, tables, views and indexes with the text that creates it.

The extension stands for them all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from pggit_audit.history import HistoryRow
from pggit_audit.replay.code import may_make_ddl
from pggit_audit.replay.execution import Execution
from pggit_audit.replay.identities import same_type
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import ROUTINES
from pggit_audit.statements import Statement

# The relations of an extension, and the indexes of its tables.
_RELATIONS = """
    with members as (
        select d.objid
        from pg_catalog.pg_depend as d
        join pg_catalog.pg_extension as e on e.oid operator(pg_catalog.=) d.refobjid
        where
            d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
            and d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
            and d.deptype operator(pg_catalog.=) 'e'
            and e.extname operator(pg_catalog.=) any (%(names)s::pg_catalog.name[])
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
_KINDS = ("TABLE", "VIEW", "INDEX", *ROUTINES)


def members(
    names: Sequence[str], statement: Statement, execution: Execution, situation: Situation
) -> Iterator[HistoryRow]:
    """Takes the rows of what extensions brought from the front of those that remain, right behind their statement.

    All are the extension's before the first row that tells which statement left it. Else, of functions v1 says no
    name: as many are left as the statements that follow make. An extension's script may make and drop what it does not
    leave: where nothing follows that leaves such rows, all are the extension's.
    """
    relations = {name for (name,) in situation.query(_RELATIONS, {"names": list(names)})}
    rows = execution.remaining
    following = [
        s for s in execution.following if s.action != "code" or _may_leave_rows(s, execution, situation)
    ]
    told = _before_following(rows, following)
    if told is not None:
        for _ in range(told):
            yield rows.popleft()
        return
    while rows and rows[0].object_type in _KINDS:
        row = rows[0]
        own = sum(s.leaves_rows and (s.action == "code" or _makes(s, row.object_type)) for s in following)
        if row.object_type in ROUTINES:
            if sum(r.object_type in ROUTINES for r in rows) <= own:
                return
        elif row.name not in relations and (own or statement.action == "code"):
            return
        yield rows.popleft()


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
