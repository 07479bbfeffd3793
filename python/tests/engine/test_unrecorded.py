"""What v1 would have recorded and did not: it did not happen. What code makes of data is never exact."""

from __future__ import annotations

import pytest
from building import Scratch, Version, function, index, of_rows, replayed, row, rules, table, tree_of

from pggit_audit.replay import mark_uncertain
from pggit_audit.shadow import Shadow, open_shadow

NOT_AT_HOME = "do $$ begin if not exists (select from t) then {}; end if; end $$; create table z (id integer)"


@pytest.mark.parametrize(
    "made",
    [
        "create table legacy (id integer)",
        "alter table t add late integer",
        "alter table t add check (id > 0)",
        "create index on t (id)",
        "create view v as select 1 as one",
        "create function g() returns integer language sql as ''select 1''".replace("''", "'"),
        "create or replace function f() returns integer language sql as 'select 2'",
        "drop table u",
        "drop index i; create index i on t (id, a)",
        "create table legacy (id integer primary key); create view v as select id from legacy",
    ],
)
def test_what_code_made_and_no_row_tells_of_did_not_happen(
    made: str, shadow: Shadow, scratch: Scratch
) -> None:
    """At home, t had rows; here it has none."""
    before = (
        "create table t (id integer, a integer); create table u (id integer); create index i on t (a); "
        "create function f() returns integer language sql as 'select 1'"
    )
    rows = [
        table(1, "t", before, "id int4, a int4"),
        table(2, "u", before, "id int4"),
        index(3, "i", before),
        function(4, 20001, before),
        table(5, "z", NOT_AT_HOME.format(made), "id int4", change_type="CREATE"),
    ]
    truth = before + "; create table z (id integer)"
    events, replay = replayed(shadow, rows, scratch.objects(truth))
    assert tree_of(events) == scratch.definitions(truth)
    assert not list(replay.reconcile(scratch.objects(truth)))
    assert [e.object_identity for e in events if e.anchor_version_id == 5] == ["public.z"]


@pytest.mark.parametrize(
    "text",
    [
        "drop index if exists i; alter table app.t add c integer",
        "drop table if exists t; alter table app.t add c integer",
        "alter table if exists t add z integer; alter table app.t add c integer",
        "drop function if exists f() cascade; alter table app.t add c integer",
        "do $$ begin drop index if exists i; create index if not exists i on app.t (b); "
        "alter table app.t add c integer; end $$",
    ],
)
def test_if_exists_that_found_nothing_at_home_finds_nothing(
    text: str, shadow: Shadow, scratch: Scratch
) -> None:
    first = (
        "create schema app; create function app.f() returns integer language sql as 'select 1'; "
        "create table app.t (b integer default app.f()); create index i on app.t (b)"
    )
    rows = [
        row(1, "FUNCTION", "20001", first, schema="app"),
        table(2, "app.t", first, "b int4 =app.f()"),
        index(3, "app.i", first),
        table(4, "app.t", text, "b int4 =app.f(), c int4", change_type="ALTER"),
    ]
    truth = f"{first}; alter table app.t add c integer"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    assert tree_of(events) == scratch.definitions(truth)
    assert of_rows(events)[4].fidelity == "exact"


def test_where_rows_were_erased_nothing_is_taken_back(shadow: Shadow, scratch: Scratch) -> None:
    """The rows of u are gone, and with them every trace of what made it."""
    text = "do $$ begin create table t (id integer not null); create table u (id integer not null); end $$"
    rows = [
        table(1, "s", "create table s ()"),
        table(2, "t", text, "id int4!"),
        table(4, "w", "create table w ()"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects("create table s (); create table w ()"))
    assert "public.u" in {e.object_identity for e in events}


@pytest.mark.parametrize(
    ("make", "call"),
    [
        (
            "select 1",
            "do $$ begin execute format('create table p_%s (id integer)', extract(epoch from now())::bigint); end $$",
        ),
        (
            "create table d (n text)",
            "do $$ begin execute format('create table p_%s ()', 1 + (select count(*) from d)); end $$",
        ),
        (
            "create function p() returns void language plpgsql as "
            "$f$ begin execute format('create table p_%s ()', (random() * 1000)::integer); end $f$",
            "select p()",
        ),
    ],
    ids=["the clock", "rows", "chance, in a routine"],
)
def test_what_code_makes_of_data_has_the_names_of_the_rows_and_is_never_exact(
    make: str, call: str, shadow: Shadow, scratch: Scratch
) -> None:
    rows = [
        table(1, "s", f"create table s (); {make}"),
        table(2, "p_1", call, change_type="CREATE"),
        table(3, "p_1", "alter table p_1 add n integer"),
    ]
    if "create table d" in make:
        rows[0:1] = [table(0, "d", make), table(1, "s", "create table s ()")]
    events = mark_uncertain(replayed(shadow, rows)[0])
    told = of_rows(events)
    assert told[2].object_identity == "public.p_1"
    assert (told[2].fidelity, "depends_on_data" in rules(told[2])) == ("repaired", True)
    assert told[3].fidelity == "repaired"
    made = {e.object_identity for e in events if e.object_type == "TABLE"}
    assert made - {"public.s", "public.d", "public.p_1"} == set()


CHANCE = """do $$
declare
  mark text := replace(gen_random_uuid()::text, '-', '');
  own integer := pg_backend_pid();
begin
  execute format('create type %I as enum (%L)', 'kind_' || left(mark, 8), md5(random()::text));
  execute format('create sequence %I', 's_' || encode(gen_random_bytes(6), 'hex'));
  execute format('create table t (id integer check (id > %s))', txid_current());
  execute format('comment on table t is %L', 'by ' || current_user || ' in ' || txid_current());
  execute 'create sequence p' || pg_catalog.pg_backend_pid()::text || '_' || own;
end $$"""


def test_what_code_makes_of_chance_is_the_same_in_each_build(shadow: Shadow, server_version: Version) -> None:
    rows = [
        table(1, "s", "create table s ()"),
        table(2, "t", CHANCE, "id int4", author="Zoë"),
        table(3, "u", CHANCE.replace("table t ", "table u "), "id int4", author="Zoë"),
    ]
    with open_shadow(server_version.params, hidden=()) as another:
        builds = [replayed(place, rows)[0] for place in (shadow, another)]
    trees = [tree_of(events) for events in builds]
    assert trees[0] == trees[1]
    assert len([path for path in trees[0] if ".s_" in path]) == 2
    assert "by Zoë in 2" in trees[0]["public.t"]
    assert "public.p2_2" in trees[0]
    assert all(e.fidelity == "repaired" for e in builds[0] if e.v1_version_id in (2, 3))


def test_code_that_needs_its_author_as_a_role_runs_all_the_same(shadow: Shadow) -> None:
    text = (
        "do $$ begin execute format('grant usage on schema public to %I', current_user); "
        "if exists (select from pg_namespace where nspowner = current_user::regrole) then "
        "create table t (id integer); end if; end $$"
    )
    events, _ = replayed(shadow, [table(1, "t", text, "id int4", author="nobody here")])
    assert "id integer" in tree_of(events)["public.t"]
