"""Who uses v1 within the database: every place that there is, and nothing that only seems to."""

from __future__ import annotations

import re
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import PROJECT

from pggit_audit import cluster
from pggit_audit.night.preflight.calls import CallTable, read_seed
from pggit_audit.night.preflight.uses import Uses, installed_calls, uses_of_v1

HERE = Path(__file__).parent
TABLE = CallTable(read_seed(PROJECT))
Connection = psycopg.Connection[Any]

USED = [
    ("default value", "for app.watched.noted", "version", "by_hand"),
    ("function", "app.history_of(pg_catalog.text)", "history", "by_hand"),
    ("function", "app.kind_of(integer)", "object_type", "by_hand"),
    ("function", "app.kind_of(integer)", "objects", "by_hand"),
    ("function", "app.last_change(pg_catalog.text)", "get_history", "rewrite"),
    ("function", "app.pause()", "pause_tracking", "writer"),
    ("index", "app.kinds", "object_type", "by_hand"),
    ("materialized view", "app.counted", "history", "by_hand"),
    ("policy", "seen on app.watched", "get_version", "rewrite"),
    ("publication relation", "pggit.history in publication everything", "history", "by_hand"),
    ("rule", "noted on app.watched", "history", "writer"),
    ("table", "app.watched", "object_type", "by_hand"),
    ("table constraint", "named on app.watched", "version", "by_hand"),
    ("table constraint", "watched_seen_id_fkey on app.watched", "objects", "by_hand"),
    ("trigger", "paused on app.watched", "object_type", "by_hand"),
    ("view", "app.versions", "get_version", "rewrite"),
]


@pytest.fixture
def used(v1: Connection) -> Connection:
    v1.execute(
        "create function pggit.version() returns text language sql immutable as $$ select 'x' $$;"
        "create function pggit.pause_tracking() returns void language sql as ''"
    )
    v1.execute((HERE / "uses.sql").read_bytes())
    return v1


def look(connection: Connection) -> Uses:
    return uses_of_v1(connection, installed_calls(connection, TABLE))


def found(uses: Uses) -> list[tuple[str, str, str, str]]:
    return sorted((u.object_type, u.object, u.use.name, u.use.class_) for u in uses.uses)


def test_every_place_is_looked_at(used: Connection) -> None:
    uses = look(used)
    assert found(uses) == USED
    blocked = {finding.object for finding in uses.findings if finding.severity == "blocker"}
    assert {place.partition(",")[0] for place in blocked} == {"app.pause()", "noted on app.watched"}


def test_what_is_rewritten_runs_in_place_of_what_was(used: Connection) -> None:
    used.execute(
        "create schema pggit_audit; create table pggit_audit.changes (object_identity text, object_type text,"
        " branch_name text, v1_version_id bigint, v1_version integer, v1_version_string text, change_type text,"
        " commit_message text, committed_at timestamp, author text, event_no bigint, backfilled_from_v1 boolean)"
    )
    view = next(u for u in look(used).uses if u.object == "app.versions")
    used.execute(f"create or replace view app.versions as {view.rewritten}".encode())
    assert "app.versions" not in {u.object for u in look(used).uses}


def test_a_call_that_the_table_does_not_know(v1: Connection) -> None:
    v1.execute(
        "create table pggit.notes (id integer); "
        "create function pggit.ours() returns text language sql as 'select 1::text';"
        "create view public.noted as select * from pggit.notes;"
        "create function public.asks() returns text language sql as 'select pggit.ours()'"
    )
    uses = look(v1)
    assert found(uses) == [
        ("function", "public.asks()", "ours", "unknown_call"),
        ("view", "public.noted", "notes", "unknown_call"),
    ]
    assert {f.code for f in uses.findings} == {"unknown_call"}


def test_a_function_that_is_another_one_here_is_left_to_a_person(v1: Connection) -> None:
    v1.execute(
        "drop function pggit.get_version(text); create function pggit.get_version(p text) returns integer"
        " language sql as 'select 1'; create function public.asks() returns integer language sql"
        " as $$ select * from pggit.get_version('public.books') $$"
    )
    assert found(look(v1)) == [("function", "public.asks()", "get_version", "by_hand")]


def test_statements_that_ran(monkeypatch: pytest.MonkeyPatch) -> None:
    """On a server with pg_stat_statements: what ran is named by its number and its words, and so often as it ran."""
    binaries = cluster.find(15)
    if binaries is None:
        pytest.skip("no PostgreSQL 15 with contrib is installed")
    monkeypatch.setattr(
        cluster, "SETTINGS", {**cluster.SETTINGS, "shared_preload_libraries": "pg_stat_statements"}
    )
    with (
        cluster.throw_away_cluster(15, binaries) as server,
        psycopg.connect(**server, autocommit=True) as own,
    ):
        own.execute("create extension pg_stat_statements")
        for name in ("pggit_v1.sql", "pggit_v0.sql"):
            own.execute(resources.files("pggit_audit").joinpath("sql", name).read_bytes())
        own.execute((HERE / "v1_functions.sql").read_bytes())
        own.execute("select pg_stat_statements_reset()")
        for name in ("public.a", "public.b"):
            own.execute("select * from pggit.get_version(%s)", (name,))
        own.execute("select 'pggit.history'")
        uses = look(own)
        assert [(u.object_type, u.use.name, u.use.class_) for u in uses.uses] == [
            ("statement", "get_version", "rewrite")
        ]
        assert re.fullmatch(
            r"statement -?\d+, run 2 times: select \* from pggit\.get_version\(\$1\)", uses.uses[0].object
        )


def test_a_table_that_is_named_like_those_jobs_is_none_of_cron(v1: Connection) -> None:
    v1.execute(
        "create schema cron; create table cron.job (jobid bigint, jobname text, schedule text, command text)"
    )
    assert found(look(v1)) == []


def test_jobs_of_cron(v1: Connection) -> None:
    v1.execute(
        "create schema cron; create table cron.job (jobid bigint, command text, database text);"
        "insert into cron.job values (1, 'select pggit.cleanup_old_data()', current_database()),"
        " (2, 'select 1 -- pggit.history', current_database()), (3, 'select pggit.refresh_cache()', 'elsewhere')"
    )
    assert found(look(v1)) == [("cron job", "cron job 1", "cleanup_old_data", "writer")]


def test_v1_s_own_objects_use_it_rightfully(v1: Connection) -> None:
    v1.execute(
        "create view pggit.all_of_it as select * from pggit.history; create schema pggit_v0_of_ours;"
        "create function pggit.noticed() returns event_trigger language plpgsql as 'begin end';"
        "create event trigger pggit_noticed on ddl_command_end execute function pggit.noticed()"
    )
    assert found(look(v1)) == []
