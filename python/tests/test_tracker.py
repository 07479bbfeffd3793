"""The test tracker records as pgGit v1 does: each trap of a recorded history, one test each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from tracker import ClientStyle, history, install, last_id, sample, send

Connection = psycopg.Connection[Any]
Row = dict[str, Any]


@pytest.fixture
def tracked(empty_database: str) -> Iterator[Connection]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        install(connection)
        yield connection


def record(connection: Connection, *migration: str, style: ClientStyle = "statement") -> list[Row]:
    """Sends a migration and returns the rows that it left."""
    before = last_id(connection)
    send(connection, migration, style)
    return history(connection, before)


def brief(rows: list[Row]) -> list[str]:
    return [f"{r['change_type']} {r['object_type']} {r['schema_name']}.{r['object_name']}" for r in rows]


def columns(row: Row) -> dict[str, Any]:
    found: dict[str, Any] = row["new_metadata"]["columns"]
    return found


def test_01_only_tables_views_indexes_and_functions_leave_rows(tracked: Connection) -> None:
    rows = record(
        tracked,
        "create schema other",
        "create type mood as enum ('sad', 'ok')",
        "alter type mood add value 'happy'",
        "create domain positive as integer check (value > 0)",
        "create sequence counter",
        "create table copied as select 1 as one",
        "select 2 as two into selected",
        "create procedure act() language sql as 'select 1'",
        "create aggregate total (integer) (sfunc = int4pl, stype = integer)",
        "create materialized view frozen as select 1 as one",
        "comment on table copied is 'text'",
        "grant select on copied to public",
        "create policy p on copied using (true)",
        "create function act_on_row() returns trigger language plpgsql as 'begin return new; end'",
        "create trigger watch before insert on copied for each row execute function act_on_row()",
        "create view seen as select one from copied",
        "create index copied_one on copied (one)",
        "create index frozen_one on frozen (one)",
        "drop trigger watch on copied",
        "drop policy p on copied",
        "drop materialized view frozen",
        "drop procedure act()",
        "drop aggregate total (integer)",
        "drop sequence counter",
        "drop type mood",
    )
    assert [(r["change_type"], r["object_type"], r["sql_executed"].split(" ")[1]) for r in rows] == [
        ("CREATE", "FUNCTION", "function"),
        ("CREATE", "VIEW", "view"),
        ("CREATE", "INDEX", "index"),
        ("CREATE", "INDEX", "index"),
        ("DROP", "INDEX", "materialized"),
    ]


def test_02_every_row_of_a_script_has_the_whole_script(tracked: Connection) -> None:
    rows = record(
        tracked,
        "create table a (id integer primary key)",
        "insert into a values (1)",
        "create index a_id on a (id)",
        style="script",
    )
    assert brief(rows) == ["CREATE TABLE public.a", "CREATE INDEX public.a_pkey", "CREATE INDEX public.a_id"]
    script = (
        "create table a (id integer primary key);\ninsert into a values (1);\ncreate index a_id on a (id)"
    )
    assert {r["sql_executed"] for r in rows} == {script}


def test_02_a_do_block_and_a_function_leave_the_outer_text(tracked: Connection) -> None:
    block = "do $$ begin create table a (id integer); create table b (id integer); end $$"
    rows = record(tracked, block)
    assert brief(rows) == ["CREATE TABLE public.a", "CREATE TABLE public.b"]
    assert {r["sql_executed"] for r in rows} == {block}

    rows = record(
        tracked,
        "create function make(name text) returns void language plpgsql as"
        " $$ begin execute format('create table %I (id integer)', name); end $$",
        "select make('c')",
    )
    assert [r["sql_executed"] for r in rows if r["object_type"] == "TABLE"] == ["select make('c')"]


def test_03_a_table_brings_rows_for_its_indexes_and_an_alter_for_its_foreign_keys(
    tracked: Connection,
) -> None:
    rows = record(
        tracked,
        "create table a (id integer primary key, code text unique)",
        "create table b (id integer primary key, a_id integer references a (id))",
    )
    assert brief(rows) == [
        "CREATE TABLE public.a",
        "CREATE INDEX public.a_pkey",
        "CREATE INDEX public.a_code_key",
        "CREATE TABLE public.b",
        "CREATE INDEX public.b_pkey",
        "ALTER TABLE public.b",
    ]
    assert rows[5]["change_severity"] == "MINOR"
    assert rows[5]["sql_executed"] == rows[3]["sql_executed"]


def test_04_a_function_is_its_oid_and_its_drop_leaves_nothing(tracked: Connection) -> None:
    create = "create or replace function f(n integer) returns integer language sql as 'select n'"
    oid = "select 'f(integer)'::regprocedure::oid::text"
    (first,) = record(tracked, create)
    assert tracked.execute(oid.encode()).fetchone() == (first["object_name"],)
    (replaced,) = record(tracked, create)
    assert replaced["object_name"] == first["object_name"]
    assert record(tracked, "drop function f(integer)") == []
    (again,) = record(tracked, create)
    assert again["object_name"] != first["object_name"]
    assert {r["change_type"] for r in (first, replaced, again)} == {"CREATE"}


def test_05_quotes_stay_in_names_and_schemas_go(tracked: Connection) -> None:
    rows = record(
        tracked,
        'create table "Reviews" ("Id" integer primary key)',
        "create schema shop",
        "create table shop.items (id integer)",
        "create index on shop.items (id)",
    )
    assert brief(rows) == [
        'CREATE TABLE public."Reviews"',
        'CREATE INDEX public."Reviews_pkey"',
        "CREATE TABLE shop.items",
        "CREATE INDEX shop.items_id_idx",
    ]


def test_05_the_drop_of_a_quoted_name_leaves_nothing(tracked: Connection) -> None:
    record(tracked, 'create table "Reviews" ("Id" integer primary key)')
    assert record(tracked, 'drop table "Reviews"') == []


def test_06_after_its_first_drop_an_object_is_never_active_again(tracked: Connection) -> None:
    rows = record(
        tracked,
        "create view v as select 1 as one",
        "drop view v",
        "create view v as select 2 as two",
        "drop view v",
        "create view v as select 3 as three",
    )
    assert [r["change_type"] for r in rows] == ["CREATE", "DROP", "CREATE", "CREATE"]
    assert [(r["old_version"], r["new_version"]) for r in rows] == [(1, 2), (2, None), (2, 3), (3, 4)]
    dropped = rows[1]
    assert (dropped["change_severity"], dropped["change_description"]) == ("MAJOR", "Dropped VIEW public.v")
    assert dropped["old_metadata"] is None and dropped["new_metadata"] is None


def test_06_a_cascade_leaves_a_row_for_each_active_object(tracked: Connection) -> None:
    record(tracked, "create table t (id integer primary key)", "create view v as select id from t")
    rows = record(tracked, "drop table t cascade")
    assert sorted(brief(rows)) == ["DROP INDEX public.t_pkey", "DROP TABLE public.t", "DROP VIEW public.v"]


def test_07_a_table_is_renamed_under_its_new_name(tracked: Connection) -> None:
    record(tracked, "create table before (id integer)", "create index before_id on before (id)")
    rows = record(tracked, "alter table before rename to after", "alter index before_id rename to after_id")
    assert brief(rows) == ["ALTER TABLE public.after", "ALTER INDEX public.after_id"]
    assert [(r["old_version"], r["new_version"]) for r in rows] == [(1, 2), (1, 2)]
    assert rows[0]["old_metadata"] == rows[0]["new_metadata"]


def test_07_a_renamed_column_or_constraint_leaves_no_row(tracked: Connection) -> None:
    record(tracked, "create table t (id integer constraint positive check (id > 0))")
    assert record(tracked, "alter table t rename column id to number") == []
    assert record(tracked, "alter table t rename constraint positive to above_zero") == []


def test_08_dependents_change_without_a_row(tracked: Connection) -> None:
    record(
        tracked,
        "create table t (id integer primary key)",
        "create table u (t_id integer references t (id))",
        "create view v as select id from t",
        "create index t_twice on t ((id * 2))",
    )
    rows = record(tracked, "alter table t rename to thing")
    assert brief(rows) == ["ALTER TABLE public.thing"]


def test_09_new_metadata_has_the_real_columns(tracked: Connection) -> None:
    (row, *_) = record(
        tracked,
        "create domain label as varchar(12)",
        "create type mood as enum ('sad')",
        "create table t (id bigserial, code varchar(8) not null, fixed char(2), price numeric(9,2) default 0,"
        " tags text[] not null, feeling mood, name label,"
        " total numeric generated always as (price * 2) stored)",
    )
    assert columns(row) == {
        "id": {"type": "int8", "nullable": False, "default": "nextval('t_id_seq'::regclass)", "position": 1},
        "code": {"type": "varchar(8)", "nullable": False, "default": None, "position": 2},
        "fixed": {"type": "bpchar(2)", "nullable": True, "default": None, "position": 3},
        "price": {"type": "numeric", "nullable": True, "default": "0", "position": 4},
        "tags": {"type": "_text", "nullable": False, "default": None, "position": 5},
        "feeling": {"type": "mood", "nullable": True, "default": None, "position": 6},
        "name": {"type": "varchar(12)", "nullable": True, "default": None, "position": 7},
        "total": {"type": "numeric", "nullable": True, "default": None, "position": 8},
    }


def test_09_positions_count_dropped_columns(tracked: Connection) -> None:
    record(tracked, "create table t (a integer, b integer)")
    rows = record(tracked, "alter table t drop column a", "alter table t add column c integer")
    assert {name: c["position"] for name, c in columns(rows[-1]).items()} == {"b": 2, "c": 3}
    assert [(r["change_severity"], r["change_description"]) for r in rows] == [
        ("MAJOR", "ALTER TABLE table public.t - Removed column(s): a"),
        ("MAJOR", "ALTER TABLE table public.t - Added column(s): c"),
    ]


def test_09_old_metadata_is_what_the_previous_row_said(tracked: Connection) -> None:
    (created,) = record(tracked, "create table t (a integer)")
    (altered,) = record(
        tracked, "alter table t rename column a to b", "alter table t alter column b set not null"
    )
    assert created["old_metadata"] == created["new_metadata"]
    assert altered["old_metadata"] == created["new_metadata"]
    assert altered["change_description"] == (
        "ALTER TABLE table public.t - Added column(s): b - Removed column(s): a"
    )


def test_09_a_quoted_name_has_no_columns_and_its_index_no_table(tracked: Connection) -> None:
    rows = record(tracked, 'create table "T" (id integer primary key)', 'alter table "T" add column x text')
    assert [r["new_metadata"] | {"oid": None} for r in rows] == [
        {"oid": None, "columns": {}},
        {"oid": None, "table": None},
        {"oid": None, "columns": {}},
    ]
    assert rows[2]["change_severity"] == "MINOR"


def test_09_a_quoted_index_of_another_schema_lands_in_public(tracked: Connection) -> None:
    record(tracked, "create schema shop", "create table shop.t (id integer)")
    assert brief(record(tracked, 'create index "I" on shop.t (id)')) == ['CREATE INDEX public."I"']


def test_10_rows_of_one_transaction_share_timestamp_and_author(tracked: Connection) -> None:
    migration = ("create table {0} (id integer)", "create index {0}_id on {0} (id)", "select pg_sleep(0.002)")
    for number, style in enumerate(("transaction", "script", "statement")):
        before = last_id(tracked)
        send(tracked, [s.format(f"t{number}") for s in migration], style, author="marta")  # type: ignore[arg-type]
        rows = history(tracked, before)
        assert {r["created_by"] for r in rows} == {"marta"}
        assert len({r["created_at"] for r in rows}) == (2 if style == "statement" else 1)


def test_11_the_tracker_records_its_own_installation(tracked: Connection) -> None:
    rows = history(tracked)
    assert {(r["change_type"], r["object_type"], r["schema_name"]) for r in rows} == {
        ("CREATE", "FUNCTION", "pggit")
    }


def test_11_an_extensions_member_functions_leave_rows(tracked: Connection) -> None:
    available = tracked.execute("select 1 from pg_available_extensions where name = 'vector'").fetchone()
    if available is None:
        pytest.skip("this server has no extension to create")
    rows = record(tracked, "create extension vector")
    assert {r["sql_executed"] for r in rows} == {"create extension vector"}
    assert {r["object_type"] for r in rows} == {"FUNCTION"} and len(rows) > 10


def test_12_deleting_an_object_erases_its_history(tracked: Connection) -> None:
    rows = record(
        tracked, "create table a (id integer)", "create table b (id integer)", "alter table a add c int"
    )
    tracked.execute("delete from pggit.objects where object_type = 'TABLE' and object_name = 'a'")
    assert [r["id"] for r in history(tracked, rows[0]["id"] - 1)] == [rows[1]["id"]]


def test_12_an_object_older_than_the_tracker_has_no_create_and_no_drop(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute("create table old (id integer)")
        connection.execute("create table older (id integer)")
        install(connection)
        rows = record(
            connection,
            "alter table old add column x text",
            "alter table old add column y text",
            "drop table older",
        )
    assert [(r["change_type"], r["change_severity"], r["change_description"]) for r in rows] == [
        ("ALTER", "MINOR", "ALTER TABLE table public.old"),
        ("ALTER", "MAJOR", "ALTER TABLE table public.old - Added column(s): y"),
    ]


def test_13_the_search_path_is_not_recorded(tracked: Connection) -> None:
    record(tracked, "create schema shop")
    tracked.execute("set search_path = shop")
    (row,) = record(tracked, "create table items (id integer)")
    assert brief([row]) == ["CREATE TABLE shop.items"]
    assert row["sql_executed"] == "create table items (id integer)"


def test_temporary_objects_leave_no_rows(tracked: Connection) -> None:
    assert record(tracked, "create temporary table t (id integer primary key)", "drop table t") == []


def comparable(metadata: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if metadata is None else {k: v for k, v in metadata.items() if k != "oid"}


def test_the_sample_migrations_leave_the_sample_history(empty_database: str) -> None:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        connection.execute(sample.OLDER_THAN_THE_TRACKER.encode())
        install(connection)
        start = last_id(connection)
        for migration in sample.migrations():
            send(connection, migration.queries, migration.style, migration.author)
        recorded = {row["id"] - start + sample.FIRST_ROW - 1: row for row in history(connection, start)}
        objects = {
            tuple(row[:3]): tuple(map(str, row[3:]))
            for row in connection.execute(
                "select object_type, schema_name, object_name, version, version_major, version_minor, version_patch"
                " from pggit.objects"
            )
        }

    expected = sample.recorded_rows()
    assert sorted(recorded) == sorted([int(row["id"]) for row in expected] + list(sample.ERASED))

    oids: dict[str, str] = {}
    moments: dict[str, Any] = {}
    for want in expected:
        number = int(want["id"])
        got = recorded[number]
        place = f"history row {number}"
        for column in ("object_type", "schema_name", "change_type", "change_severity", "sql_executed"):
            assert got[column] == want[column], f"{place}: {column}"
        for column in ("old_version", "new_version"):
            assert got[column] == (int(want[column]) if want[column] else None), f"{place}: {column}"
        for column in ("old_metadata", "new_metadata"):
            facts = json.loads(want[column]) if want[column] else None
            assert comparable(got[column]) == comparable(facts), f"{place}: {column}"
        if want["object_type"] == "FUNCTION":
            assert oids.setdefault(want["object_name"], got["object_name"]) == got["object_name"], place
        else:
            assert got["object_name"] == want["object_name"], place
            assert got["change_description"] == want["change_description"], place
        versions = tuple(want[f"version{part}"] for part in ("", "_major", "_minor", "_patch"))
        assert objects[got["object_type"], got["schema_name"], got["object_name"]] == versions, place
        assert want["created_by"] == ("" if number in sample.NO_AUTHOR else got["created_by"]), place
        assert (want["created_at"] == "") == (number in sample.NO_TIMESTAMP), place
        if want["created_at"]:
            # Equal timestamps mean one transaction, and only that: the sample's own were shifted in time.
            assert moments.setdefault(want["created_at"], got["created_at"]) == got["created_at"], place
    assert len(set(oids.values())) == len(oids)
    assert len(set(moments.values())) == len(moments)
