"""Which code makes its DDL of nothing but itself and the catalog,
and which looks at what the history does not have."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pggit_audit.catalog import DatabaseObject
from pggit_audit.replay.looks import has_of_the_shadow, looks_at_data
from pggit_audit.replay.state import Difference, State
from pggit_audit.statements import split

# Calls in what is made are not worked out by then; rows that are changed and not read tell the code nothing.
PLAIN = [
    """begin alter table t add column x uuid default gen_random_uuid(); end""",
    """begin if not exists (select 1 from information_schema.columns where table_name='t') then create view v
        as select now() n from t; end if; end""",
    """begin update t set a = now() from u where u.id=t.id; alter table t alter a set not null; end""",
    """begin create type x as enum ('a'); exception when duplicate_object then null; end""",
    """begin create type x as enum ('a'); create table y();
        exception when others then raise notice 'from %', now(); end""",
    """declare r record; begin for r in select c.relname from pg_class c join pg_catalog.pg_namespace n on
        n.oid=c.relnamespace, unnest(array['a']) u(x) loop execute format('alter table %I add column created_at
        timestamptz default now()', r.relname); end loop; end""",
    """begin create trigger x before update on t for each row execute function f(); end""",
    """begin with a as (select 1 from pg_class), b as (select * from a) select count(*) into n from a, b; end""",
    """begin if a is not distinct from b and extract(day from x) = 1 then alter table t add c int; end if; end""",
    """begin case x when 1 then alter table t add c int; when 2 then alter table t add d int; end case; end""",
    """begin create table x as select now() a from t; end""",
    """begin execute 'alter table ' || t || ' add created_at timestamptz default now(), add updated_at timestamptz
        default ' || quote_literal('x'); end""",
    """declare s text; begin s := concat('alter table ', a, '.', b, ' add x int, add y timestamptz default now()');
        execute(s); end""",
    """begin alter table t add check (case when a then now() > b else true end); end""",
    """begin create view v as select case when a then now() else b end from t; end""",
    """begin alter table t alter column a type int using a::int; end""",
    """begin execute 'drop index ' || (select indexname from pg_indexes where indexname like 'x%'); end""",
    """begin insert into t values (1); delete from u where created < now() - interval '1 day';
        create table q(); end""",
    """#variable_conflict use_column
begin alter table t add c int; end""",
]
LOOKING = [
    """begin execute 'create table p_' || to_char(now(), 'YYYY'); end""",
    """declare n int; begin execute format('select count(*) from %I', 't') into n;
        if n > 0 then alter table t add c int; end if; end""",
    """declare n int; begin update t set a=1; get diagnostics n = row_count;
        if n > 0 then alter table t add check (a>0); end if; end""",
    """begin update t set a=1; if found then alter table t add c int; end if; end""",
    """declare i uuid; begin insert into t default values returning id into i;
        execute format('create view v as select %L', i); end""",
    """begin alter table t add check (a > 0);
        exception when check_violation then alter table t add check (a > 0) not valid; end""",
    """begin alter table t add check (a > 0);
        exception when others then alter table t add check (a > 0) not valid; end""",
    """begin if (select count(*) from pg_class c, orders o) > 0 then alter table t add c int; end if; end""",
    """begin if (select reltuples from pg_class where relname='t') > 0 then alter table t add c int; end if; end""",
    """begin alter table t attach partition p for values from (current_date) to (now()); end""",
    """begin alter table t alter a set default 'now'::timestamp; end""",
    """begin create schema authorization current_user; end""",
    """begin execute 'select 1 from ' || x; create table q(); end""",
    """begin if exists (select from pg_roles where rolname='x') then create policy p on t to x; end if; end""",
    """begin create function f() returns text language sql as $x$ select now()::text $x$;
        execute 'create table t_' || f(); end""",
    """begin execute 'create table t_' || pg_catalog."now"(); end""",
    """begin if user = 'x' then create table q(); end if; end""",
    """begin execute 'alter table ' || (case when now() > d then 'a' else 'b' end) || ' add x int'; end""",
    """begin execute 'alter table ' || f('select now()') || ' add x int'; end""",
    """begin perform f('alter table t', 'select now()'); end""",
    """begin execute 'select f(' || x || ', now())'; end""",
    """begin execute concat(x, 'select f(', x, ', now())'); end""",
    """begin for r in (select * from tenant) loop create table q(); end loop; end""",
    """begin for r in select * from (tenant cross join x) loop create table q(); end loop; end""",
    """begin create temp table x as select random() r; if (select r from x) > 0.5 then create table q();
        end if; end""",
    """declare x timestamptz := now(); begin if x > y then create table q(); end if; end""",
    """begin if pg_total_relation_size('t') > 0 then create index on t(a); end if; end""",
    *(
        f"begin execute format('create view v as select %L', {what}); end"
        for what in (
            "(select min(usename) from pg_stat_activity)",
            "(select datname from pg_stat_database limit 1)",
            "(select table_catalog from information_schema.tables limit 1)",
            "pg_get_userbyid(10)",
            "(select relowner::regrole from pg_class limit 1)",
            "(select tableowner from pg_tables limit 1)",
            "(select catalog_name from information_schema.information_schema_catalog_name)",
            "current_query()",
            "(select xmin from pg_class limit 1)",
            "pg_relation_filepath('t')",
            "pg_my_temp_schema()",
            "(select setting from pg_show_all_settings() limit 1)",
            "(select count(*) from pg_timezone_names)",
            "(select grantee from information_schema.role_table_grants limit 1)",
            "(select relacl from pg_class)",
        )
    ),
    """declare p text; begin execute 'show port' into p; execute 'create view v as select ' || p; end""",
]


@pytest.mark.parametrize(
    ("made", "has"),
    [
        ("CREATE VIEW public.v AS\n SELECT 'pggit_shadow_1'::text AS d;", True),
        ("CREATE VIEW public.v AS\n SELECT 'nobody'::text AS d;", True),
        ("CREATE VIEW public.v AS\n SELECT 30001 AS d;", True),
        ("CREATE VIEW public.v AS\n SELECT 30002 AS d;", False),
        ("CREATE VIEW public.v AS\n SELECT 30001.5 AS d;", False),
    ],
)
def test_what_code_made_has_nothing_of_the_place_where_it_ran(made: str, has: bool) -> None:
    view = DatabaseObject(1259, 30001, "VIEW", "public", "v", "public.v", made)
    difference = Difference("public.v", None, view)
    names = ("pggit_shadow_1", "nobody")
    (hidden,) = split("do $$ begin perform asks_and_makes(); end $$")
    (says_so,) = split("do $$ begin perform asks_and_makes('pggit_shadow_1 nobody 30001'); end $$")
    state = State([view])
    assert (has_of_the_shadow(hidden, [difference], state, names) is not None) == has
    assert has_of_the_shadow(says_so, [difference], state, names) is None
    (plain,) = split(made)
    assert has_of_the_shadow(plain, [difference], state, names) is None


class _NoRoutines:
    def routines(self) -> list[Any]:
        return []


def looks(code: str) -> str | None:
    (statement,) = split(f"do $$ {code} $$")
    found = looks_at_data(statement, _NoRoutines())  # type: ignore[arg-type]
    return found.evidence if found is not None else None


@pytest.mark.parametrize("code", PLAIN)
def test_code_that_looks_at_nothing(code: str) -> None:
    assert looks(code) is None


@pytest.mark.parametrize("code", LOOKING)
def test_code_that_looks_at_what_the_history_does_not_have(code: str) -> None:
    assert looks(code) is not None


def test_code_that_cannot_be_read_may_look_at_anything() -> None:
    assert looks("begin perform 'x; end") is not None


STAMP = """CREATE OR REPLACE FUNCTION public.stamp()
 RETURNS trigger
 LANGUAGE plpgsql
AS $function$ begin new.changed_at = now(); return new; end $function$;
"""


class _Stamp:
    def routines(self) -> list[Any]:
        return [SimpleNamespace(object_name="stamp()", definition=STAMP)]


@pytest.mark.parametrize(
    ("code", "does"),
    [
        (
            "execute 'create trigger s before insert or update on t for each row execute function stamp()';",
            False,
        ),
        ("execute 'create trigger s after delete on t for each row execute function stamp()';", False),
        ("perform 'stamp()'; execute 'insert into t values (1)';", True),
        ("perform 'stamp()'; execute 'insert' || ' into t values (1)';", True),
        ("perform 'stamp()'; update t set a = 1;", True),
        ("perform 'stamp()'; truncate t;", True),
    ],
)
def test_a_function_of_triggers_runs_where_rows_change(code: str, does: bool) -> None:
    (statement,) = split(f"do $$ begin {code} end $$")
    found = looks_at_data(statement, _Stamp())  # type: ignore[arg-type]
    assert (found is not None) == does
