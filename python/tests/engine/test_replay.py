"""The walk: which statement a row belongs to, what runs where, and what a replay never touches."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from building import (
    NOON,
    Definitions,
    Scratch,
    Version,
    columns,
    function,
    index,
    new_database,
    numbered,
    of_rows,
    replayed,
    row,
    table,
    tree_of,
    view,
)
from helpers import Session
from project import PROJECT
from psycopg import sql

from pggit_audit import embedded, grounds, models, sessions
from pggit_audit import shadow as shadow_module
from pggit_audit.catalog import Writes, anywhere
from pggit_audit.errors import PggitError
from pggit_audit.grounds import PREFIX
from pggit_audit.history import BUILDS_OWN, TRACKERS_OWN, HistoryRow
from pggit_audit.replay import Event
from pggit_audit.shadow import Shadow, open_shadow
from pggit_audit.trusted import Privileged

DAY = timedelta(days=1)


def steps(events: Sequence[Event]) -> list[tuple[int | None, str, str, str | None]]:
    """What happened in which row's commit, without the schema that everything begins with."""
    return [
        (e.anchor_version_id, e.origin, e.change_type, e.object_identity)
        for e in events
        if e.object_identity != "public"
    ]


def check(events: Sequence[Event], scratch: Scratch, truth: str) -> None:
    """The events come to the truth, each is exact, and each row has its one event, in order."""
    assert {e.fidelity for e in events if e.origin != "excluded"} == {"exact"}, steps(events)
    assert tree_of(events) == scratch.definitions(truth)
    told = [e.v1_version_id for e in events if e.v1_version_id is not None]
    assert told == sorted(set(told))


# Rows and statements ---------------------------------------------------------------------------


def test_each_row_of_a_script_has_its_own_before_and_after(shadow: Shadow, scratch: Scratch) -> None:
    script = (
        "create table t (id integer);\n-- a comment; with a semicolon\ninsert into t values (1);\n"
        "create index i on t (id);\nalter table t add a text default ';';\nalter table t add b integer;\n"
        "create view v as select a from t;\ndrop index i"
    )
    rows = [
        table(1, "t", script, "id int4", change_type="CREATE"),
        index(2, "i", script, change_type="CREATE"),
        table(3, "t", script, "id int4, a text =';'::text", change_type="ALTER"),
        table(4, "t", script, "id int4, a text =';'::text, b int4", change_type="ALTER"),
        view(5, "v", script, change_type="CREATE"),
        index(6, "i", script, change_type="DROP"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(script))
    check(events, scratch, script)
    told = of_rows(events)
    assert told[1].new_definition == "CREATE TABLE public.t (\n    id integer\n);"
    assert (
        told[3].new_definition == "CREATE TABLE public.t (\n    id integer,\n    a text DEFAULT ';'::text\n);"
    )
    assert told[4].old_definition == told[3].new_definition
    assert told[6].new_definition is None
    assert {e.origin for e in events if e.object_identity != "public"} == {"v1"}


def test_a_table_its_indexes_and_its_foreign_keys_are_rows_of_one_statement(
    shadow: Shadow, scratch: Scratch
) -> None:
    parent = "create table p (id integer primary key)"
    child = (
        "create table c (id serial primary key, code text unique, p integer references p, q integer,"
        " constraint own foreign key (q) references c (id) on delete cascade, check (q > 0))"
    )
    facts = "id int4! =nextval('c_id_seq'::regclass), code text, p int4, q int4"
    rows = [
        table(1, "p", parent),
        index(2, "p_pkey", parent),
        table(3, "c", child, facts),
        index(4, "c_pkey", child),
        index(5, "c_code_key", child),
        table(6, "c", child, facts, change_type="ALTER"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(f"{parent}; {child}"))
    check(events, scratch, f"{parent}; {child}")
    assert steps(events)[2:] == [
        (3, "inferred", "CREATE", "public.c_id_seq"),
        (3, "v1", "CREATE", "public.c"),
        (4, "v1", "CREATE", "public.c_pkey"),
        (5, "v1", "CREATE", "public.c_code_key"),
        (6, "v1", "ALTER", "public.c"),
    ]
    told = of_rows(events)
    assert "FOREIGN KEY" not in str(told[3].new_definition) and "CHECK" in str(told[3].new_definition)
    assert str(told[6].new_definition).count("FOREIGN KEY") == 2


def test_rows_of_one_statement_about_several_objects(shadow: Shadow, scratch: Scratch) -> None:
    make = "create table a (id integer); create table b (id integer); create view v as select id from a"
    drop = "drop table a, b cascade"
    rows = [
        table(1, "a", make, change_type="CREATE"),
        table(2, "b", make, change_type="CREATE"),
        view(3, "v", make, change_type="CREATE"),
        table(4, "a", drop, at=NOON + DAY),
        table(5, "b", drop, at=NOON + DAY),
        view(6, "v", drop, at=NOON + DAY),
    ]
    events, _ = replayed(shadow, rows)
    check(events, scratch, "select 1")
    assert [s for s in steps(events) if s[0] in (4, 5, 6)] == [
        (4, "v1", "DROP", "public.a"),
        (5, "v1", "DROP", "public.b"),
        (6, "v1", "DROP", "public.v"),
    ]


def test_what_goes_with_a_table_goes_in_its_commit(shadow: Shadow, scratch: Scratch) -> None:
    make = "create table t (id serial primary key, n integer)"
    rows = [
        table(1, "t", make),
        index(2, "t_pkey", make),
        index(3, "i", "create index i on t (n)"),
        table(4, "t", "drop table t", at=NOON + DAY),
    ]
    events, _ = replayed(shadow, rows)
    check(events, scratch, "select 1")
    assert {s[1:] for s in steps(events) if s[0] == 4} == {
        ("v1", "DROP", "public.t"),
        ("inferred", "DROP", "public.t_pkey"),
        ("inferred", "DROP", "public.i"),
        ("inferred", "DROP", "public.t_id_seq"),
    }


def test_a_do_block_explains_all_its_rows(shadow: Shadow, scratch: Scratch) -> None:
    block = (
        "do $$ declare n text; begin foreach n in array array['a', 'b'] loop"
        " execute format('create table %I (id integer)', n); execute format('alter table %I add x text', n);"
        " end loop; comment on table a is 'made; by code'; end $$"
    )
    rows = [
        table(1, "a", block, "id int4", change_type="CREATE"),
        table(2, "a", block, "id int4, x text", change_type="ALTER"),
        table(3, "b", block, "id int4", change_type="CREATE"),
        table(4, "b", block, "id int4, x text", change_type="ALTER"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(block))
    assert tree_of(events) == scratch.definitions(block)
    told = of_rows(events)
    assert set(told) == {1, 2, 3, 4}
    # Code runs as a whole: what a row says in between is contradicted, or agreed with, but never guessed.
    for version in (1, 3):
        assert (
            told[version].fidelity != "exact"
            or told[version].new_definition == told[version + 1].old_definition
        )
    assert (told[2].fidelity, told[4].fidelity) == ("exact", "exact")


def test_a_function_that_makes_tables_is_called_again(shadow: Shadow, scratch: Scratch) -> None:
    make = (
        "create function make(name text) returns void language plpgsql as"
        " $$ begin execute format('create table %I (id integer)', name); end $$"
    )
    rows = [
        function(1, 100, make),
        row(2, "TABLE", "a", "select make('a')", "CREATE", at=NOON + DAY, columns=columns("id int4")),
        row(3, "TABLE", "b", "select make('b')", "CREATE", at=NOON + DAY),
        row(4, "TABLE", "c", "with x as (select 'c' as n) select make(n) from x", "CREATE", at=NOON + DAY),
    ]
    truth = f"{make}; select make('a'), make('b'), make('c')"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    check(events, scratch, truth)


def test_data_privileges_and_owners_do_not_run(shadow: Shadow, scratch: Scratch) -> None:
    script = (
        "begin; create table t (id integer); insert into t select generate_series(1, 10); update t set id = 2;"
        " grant select on t to nobody_here; alter table t owner to nobody_here; vacuum t; set role nobody_here;"
        " select count(*) from t; commit"
    )
    rows = [
        table(1, "t", script, "id int4", change_type="CREATE"),
        table(2, "t", script, "id int4", change_type="ALTER"),
    ]
    truth = "create table t (id integer)"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    check(events, scratch, truth)
    assert shadow.query("select count(*) from t") == [(0,)]


def test_what_a_text_rolls_back_did_not_happen(shadow: Shadow, scratch: Scratch) -> None:
    script = (
        "begin; create table a (id integer); rollback; begin; create table b (id integer); savepoint s;"
        " create table c (id integer); rollback to s; commit"
    )
    rows = [table(1, "b", script, change_type="CREATE")]
    truth = "create table b (id integer)"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    check(events, scratch, truth)


def test_an_index_made_concurrently(shadow: Shadow, scratch: Scratch) -> None:
    truth = "create table t (id integer)"
    rows = [
        table(1, "t", truth),
        index(2, "i", "create index concurrently if not exists i on t (id)"),
        index(3, "i", "drop index concurrently i", at=NOON + DAY),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    check(events, scratch, truth)


def test_a_row_whose_statement_changed_nothing(shadow: Shadow, scratch: Scratch) -> None:
    make = "create table t (id integer)"
    rows = [
        table(1, "t", make, "id int4"),
        table(2, "t", "alter table t add column if not exists id integer", "id int4", at=NOON + DAY),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(make))
    check(events, scratch, make)
    told = of_rows(events)
    assert told[2].old_definition == told[2].new_definition == told[1].new_definition


def test_a_routine_is_known_by_its_oid(shadow: Shadow, scratch: Scratch) -> None:
    """The same oid through OR REPLACE and RENAME; overloads have their own."""
    body = "language sql as 'select 1'"
    rows = [
        function(1, 100, f"create function f(integer) returns integer {body}"),
        function(2, 101, f"create function f(text) returns integer {body}"),
        function(3, 100, f"create or replace function f(integer) returns integer {body} stable"),
        function(4, 101, "alter function f(text) rename to g"),
        function(5, 101, "alter function g(text) immutable"),
        function(6, 100, "alter function f(integer) cost 7"),
    ]
    truth = (
        f"create function f(integer) returns integer {body} stable cost 7;"
        f"create function g(text) returns integer {body} immutable"
    )
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    check(events, scratch, truth)
    told = {v: e.object_identity for v, e in of_rows(events).items()}
    assert told == {
        1: "public.f(integer)",
        2: "public.f(pg_catalog.text)",
        3: "public.f(integer)",
        4: "public.g(pg_catalog.text)",
        5: "public.g(pg_catalog.text)",
        6: "public.f(integer)",
    }
    assert ("DROP", "public.f(pg_catalog.text)") in [(s[2], s[3]) for s in steps(events)]


def test_quoted_names_keep_what_is_in_their_quotes(shadow: Shadow, scratch: Scratch) -> None:
    make = 'create table "Re""views" ("Id" integer primary key)'
    rows = [table(1, '"Re""views"', make, '"Id" int4!'), index(2, '"Re""views_pkey"', make)]
    rows[0] = table(1, '"Re""views"', make)
    events, _ = replayed(shadow, rows, scratch.objects(make))
    check(events, scratch, make)
    assert {e.object_name for e in of_rows(events).values()} == {'Re"views', 'Re"views_pkey'}


def test_members_of_an_extension_are_left_out(server_version: Version, scratch: Scratch) -> None:
    make = "create extension vector"
    rows = [
        function(1, 100, make),
        view(2, "vectors", make),  # as pg_stat_statements makes one, drops it, and makes it again
        view(3, "vectors", make, change_type="DROP"),
        function(4, 101, make),
        table(5, "t", "create table t (v vector(3))", "v vector"),
    ]
    truth = f"{make}; create table t (v vector(3))"
    with open_shadow(server_version.params, hidden=(), live=Privileged({"vector": "public"})) as own:
        if not own.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        events, replay = replayed(own, rows, scratch.objects(truth))
        dropped = list(replay.run([table(6, "u", "drop extension vector cascade; create table u ()")]))
    check(events, scratch, truth)
    assert "vector" not in tree_of([*events, *dropped])
    left_out = [(e.v1_version_id, e.exclusion_reason) for e in events if e.origin == "excluded"]
    assert left_out == [(n, "member of a created extension") for n in (1, 2, 3, 4)]
    assert "CREATE EXTENSION IF NOT EXISTS vector" in tree_of(events)["vector"]


def test_an_altered_member_of_an_extension_is_left_out_and_expressions_may_need_it(
    server_version: Version, scratch: Scratch
) -> None:
    """The first index cannot be made while the function is STABLE. Its new name is not followed."""
    make, use = "create extension vector", "create table t (v vector(3))"
    say = "alter function vector_norm(vector) {}".format
    make_index = "create index {} on t (vector_norm(v))".format
    rows = [
        function(1, 100, make),
        table(2, "t", use, "v vector"),
        function(3, 100, say("stable parallel safe"), change_type="ALTER"),
        index(4, "i", make_index("i")),
        function(5, 100, say("immutable"), change_type="ALTER"),
        index(6, "j", make_index("j")),
        function(7, 100, "alter function vector_norm rename to norm", change_type="ALTER"),
        table(8, "u", "create table u (id integer)", "id int4"),
    ]
    truth = f"{make}; {use}; {make_index('j')}; create table u (id integer)"
    with open_shadow(server_version.params, hidden=(), live=Privileged({"vector": "public"})) as own:
        if not own.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        events, _ = replayed(own, rows, scratch.objects(truth))
    tree = tree_of(events)
    assert tree.pop("public.i").startswith("-- It could not run.")
    assert tree == {o.object_identity: o.definition for o in scratch.objects(truth)}
    told = of_rows(events)
    assert (told[4].fidelity, told[6].fidelity, told[8].fidelity) == ("static", "exact", "exact")
    left_out = [(e.v1_version_id, e.exclusion_reason) for e in events if e.origin == "excluded"]
    assert left_out == [(n, "member of a created extension") for n in (1, 3, 5, 7)]
    assert [f["code"] for n in (6, 8) for f in told[n].findings] == ["extension_altered"] * 2


@pytest.mark.parametrize(
    ("first", "anchors"),
    [("", [3, 3]), ("create table u (); ", [1, 1])],
    ids=["by itself", "behind a table"],
)
def test_an_extension_comes_with_a_row_that_is_not_left_out(
    first: str, anchors: list[int], server_version: Version, scratch: Scratch
) -> None:
    make, use = first + "create extension vector", "create table t (v vector(3))"
    rows = [
        table(1, "u", make) if first else function(1, 100, make),
        function(2, 101, make),
        table(3, "t", use, "v vector"),
    ]
    truth = f"{make}; {use}"
    with open_shadow(server_version.params, hidden=(), live=Privileged({"vector": "public"})) as own:
        if not own.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        events, _ = replayed(own, rows, scratch.objects(truth))
    check(events, scratch, truth)
    assert [e.anchor_version_id for e in events if e.object_identity in ("public", "vector")] == anchors


MAKES_IN_HIDING = """
    create table tapped (id integer);
    create function hide() returns trigger language plpgsql as
    $$ begin execute 'create table hidden (id integer)'; return new; end $$;
    create trigger taps before insert on tapped for each row execute function hide()
"""


@pytest.mark.parametrize(
    "text",
    [
        "create extension vector; insert into tapped values (1)",
        "insert into tapped values (1); create extension vector",
        "create extension vector; insert into tapped values (1); create table plain (id integer)",
        "create extension nowhere_to_be_found; insert into tapped values (1)",
    ],
    ids=["behind it", "before it", "before a table", "beside one that cannot be had"],
)
def test_what_a_trigger_makes_beside_an_extension_is_not_left_out(
    text: str, server_version: Version, scratch: Scratch
) -> None:
    """Nobody writes a text by which what it makes is no part of the history."""
    first = [] if text.startswith("create") else [table(12, "hidden", text)]
    rows = [
        table(1, "tapped", MAKES_IN_HIDING),
        function(2, 99, MAKES_IN_HIDING),
        *first,
        function(20, 100, text),
        *([] if first else [table(21, "hidden", text)]),
        *([table(22, "plain", text)] if "plain" in text else []),
        table(30, "t", "create table t (id integer)"),
    ]
    with open_shadow(server_version.params, hidden=(), live=Privileged({"vector": "public"})) as own:
        if not own.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        events, _ = replayed(own, rows, scratch.objects(""))
    assert [e.v1_version_id for e in events if e.origin == "excluded"] == [20]
    told = {e.object_name: e.fidelity for e in events if e.origin == "v1"}
    assert told["hidden"] == "repaired"
    assert told["t"] == "exact"


def test_an_excluded_row_does_not_run(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "history", "create table history (id integer)", exclusion_reason="the tracker's own"),
        table(2, "t", "create table t (id integer)"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects("create table t (id integer)"))
    check(events, scratch, "create table t (id integer)")
    (excluded,) = [e for e in events if e.origin == "excluded"]
    assert (excluded.v1_version_id, excluded.exclusion_reason) == (1, "the tracker's own")
    assert (excluded.author, excluded.committed_at) == ("ann", NOON)


def test_the_words_of_the_trackers_installation_are_no_mentions(shadow: Shadow, scratch: Scratch) -> None:
    live = "create type status as enum ('a'); create table t (id integer, n integer)"
    rows = [
        table(1, "history", "create table pggit.history (status text)", exclusion_reason=TRACKERS_OWN),
        table(2, "t", "alter table t add n integer", "id int4, n int4", change_type="ALTER"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(live))
    (made,) = [e for e in events if e.object_identity == "public.status"]
    assert [r["rule"] for r in made.repairs] == ["type_from_live_catalog"]


# Names and settings ------------------------------------------------------------------------------


def test_unqualified_names_are_read_where_the_rows_object_turned_out_to_be(
    shadow: Shadow, scratch: Scratch
) -> None:
    rows = [
        table(
            1,
            "shop.t",
            "create schema shop; create table shop.t (id integer primary key)",
            change_type="CREATE",
        ),
        table(2, "t", "create table t (other text)"),
        table(3, "shop.t", "alter table t add n integer", "id int4!, n int4"),
        index(4, "shop.i", "create index i on t (n)"),
        view(5, "shop.v", "create view v as select n from t"),
        table(6, "t", "alter table t add more text", "other text, more text"),
        table(7, "shop.u", "create table u (t_id integer references t)"),
        table(8, "shop.u", "create table u (t_id integer references t)", "t_id int4", change_type="ALTER"),
    ]
    truth = (
        "create schema shop; create table shop.t (id integer primary key, n integer); create index i on shop.t (n);"
        "create table public.t (other text, more text); create view shop.v as select n from shop.t;"
        "create table shop.u (t_id integer references shop.t)"
    )
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    check(events, scratch, truth)


def test_settings_of_a_text_hold_to_its_end_only(shadow: Shadow, scratch: Scratch) -> None:
    script = (
        "create schema shop; set search_path = shop; create table t (at timestamptz default '2020-01-01');"
        " set timezone = 'Asia/Tokyo'; create table u (at timestamptz default '2020-01-01')"
    )
    rows = [
        table(1, "shop.t", script, change_type="CREATE"),
        table(2, "shop.u", script, change_type="CREATE"),
        table(3, "w", "create table w (at timestamptz default '2020-01-01')"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(script + "; select 1"))
    tree = tree_of(events)
    assert "2020-01-01 00:00:00+00" in tree["shop.t"]
    assert "2019-12-31 15:00:00+00" in tree["shop.u"]
    assert "2020-01-01 00:00:00+00" in tree["public.w"]
    assert shadow.query("show timezone") == [("UTC",)]
    assert shadow.query("show statement_timeout") != [("0",)]


def test_time_limits_are_not_the_historys_to_set(shadow: Shadow, scratch: Scratch) -> None:
    script = "set statement_timeout = 0; set session authorization default; create table t (id integer)"
    limit = shadow.query("show statement_timeout")
    events, _ = replayed(shadow, [table(1, "t", script, change_type="CREATE")])
    assert tree_of(events).keys() == {"public", "public.t"}
    assert shadow.query("show statement_timeout") == limit != [("0",)]


def test_nobody_and_never_stay_so(shadow: Shadow, scratch: Scratch) -> None:
    """A NULL author or time inside one execution neither parts it nor is made up."""
    script = "create table a (id serial); create table b (id serial); create table c (id serial)"
    rows = [
        table(1, "a", script, change_type="CREATE", message="one"),
        table(2, "b", script, change_type="CREATE", author=None),
        table(3, "c", script, change_type="CREATE", at=None),
        table(4, "d", "create table d ()", author=None, at=None),
    ]
    assert [r.execution_no for r in numbered(rows)] == [1, 1, 1, 2]
    truth = script + "; create table d ()"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    check(events, scratch, truth)
    told = {v: (e.author, e.committed_at, e.commit_message) for v, e in of_rows(events).items()}
    assert told == {
        1: ("ann", NOON, "one"),
        2: (None, NOON, None),
        3: ("ann", None, None),
        4: (None, None, None),
    }
    for event in events:
        assert (event.author, event.committed_at, event.commit_message) == told[event.anchor_version_id]
    anchors = [e.anchor_version_id for e in events]
    assert anchors == sorted(anchors), "the events of one commit are together"


# Branches --------------------------------------------------------------------------------------


def execution(this: HistoryRow) -> dict[str, Any]:
    """A row of `int_replay__executions`."""
    return {
        "version_id": this.version_id,
        "branch_name": this.branch_name,
        "execution_no": this.execution_no,
        "object_type": this.object_type,
        "object_schema": this.object_schema,
        "object_name": this.object_name,
        "change_type": this.change_type,
        "change_severity": this.change_severity,
        "change_sql": this.change_sql,
        "change_description": this.message,
        "recorded_columns": this.columns,
        "recorded_oid": this.oid,
        "transaction_no": this.transaction_no,
        "created_at": this.created_at,
        "author": this.author,
        "exclusion_reason": this.exclusion_reason,
    }


def branch(name: str, parent: str | None = None, fork: int | None = None) -> dict[str, Any]:
    return {"branch_name": name, "parent_branch_name": parent, "fork_version_id": fork}


def of_branches(
    server: embedded.Server,
    rows: Sequence[HistoryRow],
    branches: Sequence[dict[str, Any]],
    live: Sequence[Any] = (),
    **published: Any,
) -> dict[str, list[dict[str, Any]]]:
    """The events by branch."""
    events = models.replay_events(
        executions=map(execution, numbered(rows)),
        branches=branches,
        bases=published.get("bases", ()),
        base_objects=published.get("base_objects", ()),
        routines=published.get("routines", ()),
        live_objects=[o.__dict__ for o in live],
        session=Session(server.params("postgres")),
        shadow="target",
        hidden_schemas=(),
    )
    assert [e["event_seq"] for e in events] == list(range(1, len(events) + 1))
    result: dict[str, list[dict[str, Any]]] = {b["branch_name"]: [] for b in branches}
    for event in events:
        result[event["branch_name"]].append(event)
    return result


def definitions_of(events: Sequence[dict[str, Any]], start: Definitions | None = None) -> Definitions:
    tree = dict(start or {})
    for event in events:
        path = event["object_identity"]
        assert event["old_definition"] == tree.get(path)
        if event["new_definition"] is None:
            del tree[path]
        else:
            tree[path] = event["new_definition"]
    return tree


@pytest.mark.parametrize("where", [0, 3, 15, 40], ids=str)
def test_what_builds_made_shifts_nothing(server: embedded.Server, scratch: Scratch, where: int) -> None:
    """A quoted table and a routine are dropped, and a column renamed, at moments that only likelihood tells."""
    rows = [
        table(10, '"Pet"', 'create table "Pet" (id integer)'),
        table(20, "toy", "create table toy (id integer, price integer)", "id int4, price int4"),
        index(30, '"Pet_idx"', 'create index "Pet_idx" on "Pet" (id)'),
        *(table(40 + i, f"t{i}", f"create table t{i} (id integer)", "id int4") for i in range(12)),
        table(90, "toy", "alter table toy add made date", "id int4, cost int4, made date"),
        *(table(100 + i, f"u{i}", f"create table u{i} (id integer)", "id int4") for i in range(12)),
    ]
    rows = [replace(r, created_at=NOON + DAY * i) for i, r in enumerate(rows)]
    main = [branch("main")]
    live = scratch.objects("create table toy (id integer, cost integer, made date)")
    before = of_branches(server, rows, main, live)["main"]
    last = max(r.version_id for r in rows[:where]) if where else 0
    own = [
        table(last + 1 + i, "changes__dbt_tmp", f"create table changes__dbt_tmp (n{i} integer)", f"n{i} int4",
              exclusion_reason=BUILDS_OWN, at=NOON + DAY * where)
        for i in range(9)
    ]  # fmt: skip
    events = of_branches(server, [*rows[:where], *own, *rows[where:]], main, live)["main"]
    assert [e["v1_version_id"] for e in events if e["origin"] == "excluded"] == [r.version_id for r in own]
    kept = [e for e in events if e["origin"] != "excluded"]
    assert [{**e, "event_seq": 0} for e in kept] == [{**e, "event_seq": 0} for e in before]
    assert any(e["change_type"] == "DROP" and e["object_identity"] == 'public."Pet"' for e in before)


def test_where_nothing_is_new_but_what_a_build_made(server: embedded.Server, scratch: Scratch) -> None:
    row = table(
        7,
        "changes",
        "create table changes (id integer)",
        "id int4",
        exclusion_reason=BUILDS_OWN,
        at=NOON,
    )
    main = [branch("main")]
    events = of_branches(server, [row], main, scratch.objects("create table older (id integer primary key)"))[
        "main"
    ]
    assert [e["origin"] for e in events].count("excluded") == 1
    assert "public.older" in definitions_of([e for e in events if e["origin"] != "excluded"])


def test_it_is_called_as_the_build_calls_it() -> None:
    macro = (PROJECT / "macros" / "exclusion_reason.sql").read_text(encoding="utf-8")
    assert f"then '{BUILDS_OWN}'" in macro
    assert f"then '{TRACKERS_OWN}'" in macro


def test_a_branch_goes_on_from_where_it_left_its_parent(server: embedded.Server, scratch: Scratch) -> None:
    rows = [
        table(1, "t", "create table t (id integer)", "id int4"),
        table(2, "t", "alter table t add a integer", "id int4, a int4"),
        table(3, "t", "alter table t add b integer", "id int4, a int4, b int4"),
        table(4, "t", "alter table t add x text", "id int4, a int4, x text", branch="feature"),
        table(5, "t", "alter table t add y text", "id int4, a int4, x text, y text", branch="deeper"),
        table(6, "t", "alter table t add z text", "id int4, a int4, x text, z text", branch="feature"),
        table(7, "w", "create table w ()", branch="alone"),
    ]
    branches = [branch("deeper", "feature", 4), branch("feature", "main", 2), branch("main"), branch("alone")]
    live = scratch.objects("create table t (id integer, a integer, b integer); create sequence s")
    found = of_branches(server, rows, branches, live)
    main = definitions_of(found["main"])
    assert main == {o.object_identity: o.definition for o in live}
    assert found["main"][-1]["commit_message"] == "Reconcile with the live catalog"

    two = definitions_of([e for e in found["main"] if (e["anchor_version_id"] or 9) <= 2])
    feature = definitions_of(found["feature"], two)
    assert feature == scratch.definitions("create table t (id integer, a integer, x text, z text)")
    four = definitions_of([e for e in found["feature"] if e["anchor_version_id"] <= 4], two)
    deeper = definitions_of(found["deeper"], four)
    assert deeper == scratch.definitions("create table t (id integer, a integer, x text, y text)")
    assert definitions_of(found["alone"]) == scratch.definitions("create table w ()")
    told = {
        name: [e["v1_version_id"] for e in events if e["origin"] == "v1"] for name, events in found.items()
    }
    assert told == {"main": [1, 2, 3], "feature": [4, 6], "deeper": [5], "alone": [7]}
    assert {e["fidelity"] for events in found.values() for e in events if e["origin"] == "v1"} == {"exact"}
    # Only main is what the live catalog shows.
    assert not [
        e for name in ("feature", "deeper", "alone") for e in found[name] if e["anchor_version_id"] is None
    ]


def test_a_replay_goes_on_from_what_is_published(server: embedded.Server, scratch: Scratch) -> None:
    script = (
        "create table t (id integer primary key);"
        " create function f(integer) returns integer language sql as 'select 1'"
    )
    base = scratch.objects(script)
    live = scratch.objects(f"{script}; alter table t add n integer; alter function f(integer) stable")
    rows = [
        table(11, "t", "alter table t add n integer", "id int4!, n int4"),
        function(12, 4711, "alter function f(integer) stable"),
    ]
    published: dict[str, Any] = {
        "bases": [
            {"branch_name": "main", "commit_sha": "a" * 64, "schema_ddl": script, "is_published": True},
        ],
        "base_objects": [{"branch_name": "main", **o.__dict__} for o in base],
        "routines": [
            {
                "branch_name": "main",
                "recorded_name": "4711",
                "object_schema": "public",
                "object_name": "f(integer)",
            }
        ],
    }
    found = of_branches(server, rows, [branch("main")], live, **published)["main"]
    assert [(e["origin"], e["v1_version_id"], e["object_identity"], e["fidelity"]) for e in found] == [
        ("v1", 11, "public.t", "exact"),
        ("v1", 12, "public.f(integer)", "exact"),
    ]
    start = {o.object_identity: o.definition for o in base}
    assert definitions_of(found, start) == {o.object_identity: o.definition for o in live}

    drift = of_branches(server, [], [branch("main")], live, **published)["main"]
    assert [(e["origin"], e["change_type"], e["object_identity"]) for e in drift] == [
        ("inferred", "ALTER", "public.f(integer)"),
        ("inferred", "ALTER", "public.t"),
    ]
    assert definitions_of(drift, start) == {o.object_identity: o.definition for o in live}


# Shadows ---------------------------------------------------------------------------------------


def databases(connection: psycopg.Connection[Any]) -> set[str]:
    return {name for (name,) in connection.execute("select datname from pg_database")}


@pytest.fixture
def admin(server_version: Version) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**server_version.params, autocommit=True) as connection:
        yield connection


def test_a_shadow_is_gone_afterwards_whatever_happened(
    server_version: Version, admin: psycopg.Connection[Any]
) -> None:
    before = databases(admin)
    with (
        pytest.raises(ZeroDivisionError),
        open_shadow(server_version.params, hidden=()) as found,
    ):
        assert databases(admin) == before | {found.name}
        found.run("create table t ()")
        raise ZeroDivisionError
    assert databases(admin) == before


def test_no_statement_runs_anywhere_but_in_a_shadow(server_version: Version) -> None:
    """As where a pooler sends every session to one database, whatever it asked for."""
    with new_database(server_version) as elsewhere:
        params = {**server_version.params, "dbname": elsewhere.info.dbname}
        connect = sessions.connect
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(
                shadow_module,
                "connect",
                lambda given, *settings, **changes: connect(
                    {**given, "user": params["user"]}, *settings, **changes, dbname=params["dbname"]
                ),
            )
            with (
                pytest.raises(PggitError, match="which is not its shadow"),
                open_shadow(params, hidden=()) as found,
            ):
                found.run("create table must_not_be ()")
        assert elsewhere.execute("select to_regclass('must_not_be')").fetchone() == (None,)


def test_only_a_shadow_is_ever_dropped(admin: psycopg.Connection[Any], server_version: Version) -> None:
    with new_database(server_version) as elsewhere:
        with pytest.raises(PggitError, match="it was left alone"):
            grounds._drop(admin, elsewhere.info.dbname)
        assert elsewhere.info.dbname in databases(admin)


def test_orphans_are_swept_and_nothing_else(admin: psycopg.Connection[Any], server_version: Version) -> None:
    orphan, used = f"{PREFIX}20200101000000_0123abcd", f"{PREFIX}20200101000000_ffffffff"
    kept = {used, f"{PREFIX}of_mine", f"{PREFIX}20200101000000_0123abcg"}
    for name in {orphan} | kept:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
    try:
        with (
            psycopg.connect(**{**server_version.params, "dbname": used}),
            open_shadow(server_version.params, hidden=()) as alive,
        ):
            alive.close()  # as between two sessions of its own
            grounds.sweep(admin)
            left = {name for name in databases(admin) if name.startswith(PREFIX)}
            assert orphan not in left
            assert left >= {alive.name} | kept
        assert alive.name not in databases(admin)
    finally:
        for name in kept & databases(admin):
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def test_where_a_statement_wrote(shadow: Shadow) -> None:
    shadow.writes()  # what emptied it
    shadow.run("create table t (id integer)", "create table u (id integer default 3)")
    writes = shadow.writes()
    assert {"pg_class", "pg_attribute", "pg_attrdef"} <= writes.inserted
    assert not {"pg_proc", "pg_enum", "pg_description"} & (writes.inserted | writes.updated | writes.deleted)
    oids = {oid for (oid,) in shadow.query("select oid::int8 from pg_class where relname in ('t', 'u')")}
    assert writes.relations is not None and oids <= writes.relations
    shadow.run("comment on table t is 'a comment'")
    assert shadow.writes().inserted == {"pg_description"}
    with pytest.raises(psycopg.errors.DuplicateTable):
        shadow.run("create table v ()", "create table t ()")
    assert shadow.writes() == Writes()


@pytest.mark.parametrize(
    "statement",
    [
        "create index concurrently i on t (id)",
        "DO $$ begin create table u (); commit; create table v (); end $$",
        "call makes_tables()",
        "create table u (); commit; create table v ()",
    ],
)
def test_what_ends_a_transaction_may_have_written_anywhere(shadow: Shadow, statement: str) -> None:
    shadow.run("create table t (id integer)")
    shadow.run(
        "create procedure makes_tables() language plpgsql"
        " as $$ begin create table u (); commit; create table v (); end $$"
    )
    shadow.writes()
    shadow.run(statement)
    assert shadow.writes() == anywhere()
    made = shadow.query("select relname from pg_class where relname in ('i', 'u', 'v') order by relname")
    assert made == ([("i",)] if "index" in statement else [("u",), ("v",)])


@pytest.mark.parametrize(
    "statement",
    [
        "do $$ begin execute 'deallocate all'; end $$",
        "create table w as select forget(); drop table w",
    ],
)
def test_a_history_may_take_prepared_statements_away(shadow: Shadow, statement: str) -> None:
    shadow.run(
        "create function forget() returns integer language plpgsql"
        " as $$ begin execute 'deallocate all'; return 1; end $$"
    )
    shadow.run(statement)
    ((oid,),) = shadow.query("select 'pg_proc'::regclass::oid::int8")
    assert {c["name"] for c in shadow.columns(oid)} > {"oid", "proname"}
    shadow.writes()
    shadow.run(statement)
    shadow.run("create table t (id integer)", "create table u (id integer)")
    assert "pg_class" in shadow.writes().inserted
    assert shadow.query("select relname from pg_class where relname in ('t', 'u') order by relname") == [
        ("t",),
        ("u",),
    ]


@pytest.mark.parametrize("queries", [1, 2])
def test_what_another_build_has_just_made_is_not_swept(server: embedded.Server, queries: int) -> None:
    """Another build may begin at any moment while one looks for what killed builds left."""
    params = server.params("postgres")
    with (
        psycopg.connect(**params, autocommit=True) as admin,
        psycopg.connect(**params, autocommit=True) as other,
    ):

        class Interrupted:
            """A session behind whose query of that number the other build makes its role."""

            done, name = 0, ""

            def execute(self, *query: Any) -> psycopg.Cursor[Any]:
                found = admin.execute(*query)
                self.done += 1
                if self.done == queries:
                    self.name = grounds.new_name(other)
                    other.execute(f"create role {self.name}".encode())
                return found

        def is_there() -> bool:
            return admin.execute("select from pg_roles where rolname = %s", (interrupted.name,)).rowcount == 1

        interrupted = Interrupted()
        grounds.sweep(interrupted)  # type: ignore[arg-type]
        assert interrupted.done >= queries
        assert is_there()
        other.execute("select pg_advisory_unlock_all()")
        grounds.sweep(admin)
        assert not is_there()


def test_two_replays_at_once_do_not_meet(server: embedded.Server, scratch: Scratch) -> None:
    results: dict[str, list[dict[str, Any]]] = {}
    together = threading.Barrier(2)

    def work(column: str) -> None:
        rows = [
            table(n, f"t{n}", f"create table t{n} ({column} integer primary key)", f"{column} int4!")
            for n in range(1, 6)
        ]
        together.wait()
        results[column] = of_branches(server, rows, [branch("main")])["main"]

    threads = [threading.Thread(target=work, args=(column,)) for column in ("a", "b")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for column in ("a", "b"):
        truth = "".join(f"create table t{n} ({column} integer primary key);" for n in range(1, 6))
        own = [e for e in results[column] if e["anchor_version_id"] is not None]
        assert definitions_of(own) == scratch.definitions(truth)
