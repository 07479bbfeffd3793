"""Code of others that reading a table runs, with the rights of who reads it.

PostgreSQL works out what is constant in an expression of an index when it plans a query of the table; a view calls
what its owner put in it; a value of somebody's type becomes a text by somebody's cast. Whoever owns v1's tables could
act as the build's role by these.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from pggit_audit.errors import PggitError

# What a value of the type `known` consists of, or is in truth.
_MADE_OF = """(
    select known.typelem as oid
    union all
    select known.typbasetype
    union all
    select a.atttypid
    from pg_catalog.pg_attribute as a
    where a.attrelid operator(pg_catalog.=) known.typrelid and a.attnum operator(pg_catalog.>) 0
    union all
    select r.rngsubtype from pg_catalog.pg_range as r where known.oid in (r.rngtypid, r.rngmultitypid)
)"""
# What is called stands as a number in the trees that PostgreSQL keeps; white space in a name is escaped there.
# Of a view of somebody else's, also what PostgreSQL itself brings may have effects, but for what is immutable.
_FOUND = rf"""
with recursive

trusted as (
    select oid from pg_catalog.pg_roles where rolsuper or rolname operator(pg_catalog.=) current_user
),

reached (oid) as (
    select oid from pg_catalog.unnest(%(tables)s::pg_catalog.oid[]) as given (oid)
    union
    select behind.oid
    from reached
    cross join lateral (
        select inhrelid as oid from pg_catalog.pg_inherits where inhparent operator(pg_catalog.=) reached.oid
        union all
        select d.refobjid
        from pg_catalog.pg_rewrite as r
        join pg_catalog.pg_depend as d on d.objid operator(pg_catalog.=) r.oid
        where
            r.ev_class operator(pg_catalog.=) reached.oid
            and r.ev_type operator(pg_catalog.=) '1'
            and d.classid operator(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass
            and d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass
    ) as behind
),

tables as (
    select c.oid, c.relkind, c.relowner in (select oid from trusted) as is_trusted
    from pg_catalog.pg_class as c
    where c.oid in (select oid from reached) and c.oid operator(pg_catalog.>=) 16384
),

parts as (
    select t.oid, 'index ' operator(pg_catalog.||) i.indexrelid::pg_catalog.regclass::pg_catalog.text as part,
        pg_catalog.concat(i.indexprs, i.indpred) as tree, true as is_trusted
    from tables as t join pg_catalog.pg_index as i on i.indrelid operator(pg_catalog.=) t.oid
    where i.indexprs is not null or i.indpred is not null
    union all
    select t.oid, 'the statistics ' operator(pg_catalog.||) pg_catalog.quote_ident(s.stxname),
        s.stxexprs::pg_catalog.text, true
    from tables as t join pg_catalog.pg_statistic_ext as s on s.stxrelid operator(pg_catalog.=) t.oid
    where s.stxexprs is not null
    union all
    select t.oid, 'its partitioning', p.partexprs::pg_catalog.text, true
    from tables as t join pg_catalog.pg_partitioned_table as p on p.partrelid operator(pg_catalog.=) t.oid
    where p.partexprs is not null
    union all
    select t.oid, 'the view ' operator(pg_catalog.||) t.oid::pg_catalog.regclass::pg_catalog.text,
        r.ev_action::pg_catalog.text, t.is_trusted
    from tables as t join pg_catalog.pg_rewrite as r on r.ev_class operator(pg_catalog.=) t.oid
    where t.relkind operator(pg_catalog.=) 'v' and r.ev_type operator(pg_catalog.=) '1'
),

with_domains as (
    select oid, part, tree, is_trusted from parts
    union
    select p.oid, p.part, con.conbin::pg_catalog.text, p.is_trusted
    from with_domains as p
    -- what becomes something of a type: one alone, or the columns of XMLTABLE and JSON_TABLE
    cross join lateral pg_catalog.regexp_matches(
        p.tree, ':(?:resulttype|typid) (\d+)|:(?:coltypes|funccoltypes) \(o ([\d ]+)\)', 'g'
    ) as named (numbers)
    cross join lateral (
        with recursive behind as (
            select each::pg_catalog.oid as oid
            from pg_catalog.regexp_split_to_table(
                coalesce(named.numbers[1], pg_catalog.btrim(named.numbers[2])), ' '
            ) as each
            union
            select parts.oid
            from behind
            join pg_catalog.pg_type as known on known.oid operator(pg_catalog.=) behind.oid
            cross join lateral {_MADE_OF} as parts
        )
        select oid from behind
    ) as behind
    join pg_catalog.pg_constraint as con on con.contypid operator(pg_catalog.=) behind.oid
),

types as (
    select t.oid as of_table, y.oid, y.typelem, y.typbasetype, y.typrelid
    from tables as t
    join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) t.oid
    join pg_catalog.pg_type as y on y.oid operator(pg_catalog.=) c.reltype
    union
    select known.of_table, y.oid, y.typelem, y.typbasetype, y.typrelid
    from types as known
    cross join lateral {_MADE_OF} as behind
    join pg_catalog.pg_type as y on y.oid operator(pg_catalog.=) behind.oid
),

calls as (
    select w.oid, w.part, w.is_trusted, named.numbers[1]::pg_catalog.oid as called
    from with_domains as w
    cross join lateral pg_catalog.regexp_matches(
        w.tree, ':(?:funcid|opfuncid|aggfnoid|winfnoid) (\d+)', 'g'
    ) as named (numbers)
    union all
    select w.oid, w.part, w.is_trusted, o.oprcode::pg_catalog.oid
    from with_domains as w
    cross join lateral pg_catalog.regexp_matches(w.tree, ':opno (\d+)', 'g') as named (numbers)
    join pg_catalog.pg_operator as o on o.oid operator(pg_catalog.=) named.numbers[1]::pg_catalog.oid
    union all
    -- how a row, a value in it, or a part of that becomes something of another type
    select t.of_table,
        'the cast of ' operator(pg_catalog.||) pg_catalog.format_type(c.castsource, null)
        operator(pg_catalog.||) ' to ' operator(pg_catalog.||) pg_catalog.format_type(c.casttarget, null),
        true, c.castfunc
    from types as t
    join pg_catalog.pg_cast as c on c.castsource operator(pg_catalog.=) t.oid
    where c.castfunc operator(pg_catalog.>=) 16384
)

select distinct
    c.oid::pg_catalog.regclass::pg_catalog.text, c.part, p.oid::pg_catalog.regprocedure::pg_catalog.text,
    pg_catalog.pg_get_userbyid(p.proowner)::pg_catalog.text, p.oid operator(pg_catalog.<) 16384,
    current_user::pg_catalog.text
from calls as c
join pg_catalog.pg_proc as p on p.oid operator(pg_catalog.=) c.called
where
    (p.oid operator(pg_catalog.>=) 16384 and p.proowner not in (select oid from trusted))
    or (not c.is_trusted and p.provolatile operator(pg_catalog.<>) 'i')
order by 1, 2, 3
"""

SHARED = ("objects", "tree_entries", "commit_graph", "refs", "head")
"""The tables of pggit_v0 that this project reads."""

_NAMED = (
    "select c.oid::pg_catalog.int8, c.relkind operator(pg_catalog.=) 'v'"
    " and pg_catalog.has_table_privilege(c.oid, 'select') from pg_catalog.pg_class as c"
    " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace"
    " where n.nspname operator(pg_catalog.=) %s and c.relname operator(pg_catalog.=) %s"
)


def refuse(connection: psycopg.Connection[Any], tables: Sequence[tuple[str, str]]) -> None:
    """Looks at what reading tables or views runs, and reads none of them.

    Args:
        connection: one of the role that is to read.
        tables: schema and name of each; what is not there is passed over.

    Raises `PggitError` where that is code of somebody who is neither that role nor a superuser, and where a view may be
    read, but not what lies behind it.
    """
    with connection.cursor(row_factory=tuple_row) as cursor:
        there = [(place, *row) for place in tables for row in cursor.execute(_NAMED, place).fetchall()]
        oids = [oid for _, oid, _ in there]
        found = cursor.execute(_FOUND.encode(), {"tables": oids}).fetchall() if oids else []
    if not found:
        for (schema, name), _, is_view in there:
            if is_view:
                _read_through(connection, schema, name)
        return
    said = "".join(
        f"  - {table}: {part} calls {routine}"
        + (
            ", which PostgreSQL brings and which may have effects\n"
            if is_servers
            else f", which {owner} owns\n"
        )
        for table, part, routine, owner, is_servers, _ in found[:10]
    )
    more = f"  and {len(found) - 10} more\n" if len(found) > 10 else ""
    reader = found[0][5]
    raise PggitError(
        f"Who reads these runs code of somebody else's, with all that the role {reader} may do:\n{said}{more}"
        "Nothing was changed, and none of them was read. Look at who made that, and why; then drop it, or let"
        f" {reader} or a superuser own the routine or the view."
    )


def _read_through(connection: psycopg.Connection[Any], schema: str, view: str) -> None:
    """Reads no row of a view, of which nothing runs: rights are looked at all the same."""
    try:
        connection.execute(sql.SQL("select from {} where false").format(sql.Identifier(schema, view)))
    except psycopg.errors.InsufficientPrivilege as error:
        raise PggitError(
            f"{schema}.{view} is a view, and what lies behind it cannot be read: {error.diag.message_primary}."
            " Nothing was changed. Grant that to the view's owner (or, of a view with security_invoker, to"
            f" {connection.info.user}), or put a table in its place."
        ) from error
