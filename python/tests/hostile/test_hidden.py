"""Code that makes another thing in the shadow than where it was recorded is `exact` for nobody, wherever it hides."""

from __future__ import annotations

from dataclasses import replace

import pytest
from walking import row

from pggit_audit import embedded
from pggit_audit.replay import Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.shadow import open_shadow

ASKS = (
    "begin if current_database() like 'pggit_shadow%' then"
    " execute 'create view public.told as select 2 as x'; end if;"
)
F = f"create function f() returns integer language plpgsql as $c$ {ASKS} return 1; end $c$;"
DOES = "do $$ declare n int; begin {} end $$"
# Each fills the view `told` by a function that no statement names which runs it.
HIDDEN = {
    "a domain": f"{F} create domain d as int check (f() = value); {DOES.format('perform 1::d;')}",
    "a cast": "create type c as (a int); "
    + F.replace("f()", "f(c)")
    + f" create cast (c as int) with function f(c); {DOES.format('perform row(1)::c::int;')}",
    "a trigger": F.replace("integer", "trigger").replace("return 1", "return new")
    + " create table t (id int); create trigger x before insert on t for each row execute function f(); "
    + DOES.format("insert into t values (1);"),
    "a trigger of a partition": F.replace("integer", "trigger").replace("return 1", "return new")
    + " create table t (id int) partition by list (id); create table p partition of t default;"
    " create trigger x before insert on p for each row execute function f(); "
    + DOES.format("insert into t values (1);"),
    "a trigger that goes with it": F.replace("integer", "trigger").replace("return 1", "return new")
    + " create table t (id int); create trigger x before insert on t for each row execute function f(); "
    + DOES.format("insert into t values (1); drop function f cascade;").replace("drop", "drop /* */", 1),
    "a rule": f"{F} create table t (id int); create rule r as on insert to t do also select f(); "
    + DOES.format("insert into t values (1);"),
    "a policy": f"{F} create table t (id int); alter table t enable row level security, force row level security;"
    f" create policy p on t with check (f() = 1); {DOES.format('insert into t values (1);')}",
    "a default": f"{F} create table t (id int default f()); {DOES.format('insert into t default values;')}",
    "a view of a view": f"{F} create view v as select f() as x; create view w as select x from v;"
    f" {DOES.format('perform * from w;')}",
    "a text that is put together": F.replace("integer", "trigger").replace("return 1", "return new")
    + " create table t (id int); create trigger x before insert on t for each row execute function f(); "
    + DOES.format("execute 'insert into ' || chr(116) || ' values (1)';"),
    "a query that is kept": f"{F} create materialized view m as select f() as x",
    "a query that fills a table": f"{F} create table m as select f() as x",
    "another type for a column": f"{F} create table t (a int); {DOES.format('insert into t values (1);')};"
    " alter table t alter a type text using f()::text",
    "a column of every row": f"{F} create table t (a int); {DOES.format('insert into t values (1);')};"
    " alter table t add column b int default f()",
}


@pytest.mark.parametrize("how", HIDDEN)
def test_what_it_makes_is_exact_for_nobody(server: embedded.Server, how: str) -> None:
    rows = [replace(row(1, "told", HIDDEN[how]), object_type="VIEW")]
    with open_shadow(server.params("postgres"), hidden=(), seconds=5) as shadow:
        events = list(Replay(shadow, Evidence(rows, ()), "main").run(rows))
    told = [e for e in events if e.object_identity == "public.told"]
    assert [e.new_definition for e in told] == ["CREATE VIEW public.told AS\n SELECT 2 AS x;"]
    assert [e.fidelity for e in told] == ["repaired"]
    assert "depends_on_data" in str(told[0].repairs)


PLAIN = {
    "beside it": f"{F} create table t (id int default f());"
    f" {DOES.format('create view told as select 2 as x;')}",
    "its table has another column": F.replace("integer", "trigger").replace("return 1", "return new")
    + " create table told (id int); create trigger x before insert on told for each row execute function f();"
    " alter table told add column a int",
    "its table loses a column": f"{F} create table told (a int default f(), b int);"
    f" {DOES.format('insert into told (b) values (1);')}; alter table told drop column b",
    "what it makes is temporary": "create function g() returns timestamp language plpgsql as $c$ begin"
    " create temporary table if not exists moment on commit drop as select now(); return now(); end $c$;"
    " create table told (at timestamp default g()); alter table told add column more timestamp default g()",
    "what makes nothing": "create function g() returns trigger language plpgsql as"
    " 'begin new.at = now(); return new; end';"
    " create table t (at timestamptz); create trigger x before insert on t for each row execute function g();"
    " do $$ begin insert into t values (null); create view told as select 2 as x; end $$",
}


@pytest.mark.parametrize("how", PLAIN)
def test_what_runs_nothing_of_it_stays_exact(server: embedded.Server, how: str) -> None:
    kind = "TABLE" if "create table told" in PLAIN[how] else "VIEW"
    rows = [replace(row(1, "told", PLAIN[how]), object_type=kind)]
    with open_shadow(server.params("postgres"), hidden=(), seconds=5) as shadow:
        events = list(Replay(shadow, Evidence(rows, ()), "main").run(rows))
    told = [e for e in events if e.object_identity == "public.told"]
    assert {e.fidelity for e in told} == {"exact"}, [e.repairs for e in told]
