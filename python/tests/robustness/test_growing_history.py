"""After the first migration life goes on: rows come, the schema drifts, pggit_v0 gets commits of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from project import (
    APPEND_ONLY,
    DATABASE,
    NO_TESTS,
    PUBLISHED,
    Params,
    contents,
    copied,
    dbt,
    install_sources,
    new_database,
)
from test_audit_layer import NATIVE_COMMIT

LATER = (Path(__file__).parents[1] / "gate" / "later.sql").read_text(encoding="utf-8")
HALF = 100  # the last history row of the sample that the first build gets

COLUMNS = """
    select string_agg(attname, ', ' order by attnum) from pg_attribute
    where attrelid = 'pggit.{}'::regclass and attnum > 0 and attgenerated = '' and not attisdropped
"""
DDL = """
    select pggit_audit.schema_ddl_at(commit_sha) from pggit_audit.changes
    where v1_version_id <= {} order by event_no desc limit 1
"""
ALTERED = """
    alter table public.books add column {0} integer;
    insert into pggit.history (object_id, change_type, change_severity, sql_executed, created_at, created_by)
    select id, 'ALTER', 'MINOR', 'alter table books add column {0} integer', '2025-01-01', 'ann'
    from pggit.objects where schema_name = 'public' and object_name = 'books' and object_type = 'TABLE'
"""
REFS = "select name, target_sha from pggit_v0.refs order by 1"
LAST = """
    select commit_sha, parent_commit_sha, commit_message, object_identity, fidelity from pggit_audit.changes
    where backfilled_from_v1 order by event_no desc limit 1
"""


def succeeds(params: Params, artifacts: Path, *arguments: str) -> None:
    done = dbt(params, artifacts, *arguments)
    assert done.returncode == 0, done.stdout[-6000:]


@pytest.fixture
def young(built: Params) -> Iterator[Params]:
    """A database as it was when half of the sample's history had been recorded."""
    params = new_database(built, DATABASE)
    with psycopg.connect(**params) as connection:
        install_sources(connection)
    for table in ("branches", "objects"):
        copy_rows(built, params, table, "true")
    copy_rows(built, params, "history", f"id <= {HALF}")
    execute(params, *execute(built, DDL.format(HALF))[0])
    yield params
    execute(built | {"dbname": "postgres"}, f"drop database {DATABASE} with (force)")


def copy_rows(source: Params, target: Params, table: str, which: str) -> None:
    """Copy rows of a table of pgGit v1."""
    columns = execute(source, COLUMNS.format(table))[0][0]
    with psycopg.connect(**source) as there, psycopg.connect(**target) as here:
        query = f"copy (select {columns} from pggit.{table} where {which} order by id) to stdout"
        with (
            there.cursor().copy(query.encode()) as out,
            here.cursor().copy(f"copy pggit.{table} ({columns}) from stdin".encode()) as into,
        ):
            for chunk in out:
                into.write(chunk)


def test_what_is_published_stays_as_history_grows(built: Params, young: Params, artifacts: Path) -> None:
    succeeds(young, artifacts, "build", *NO_TESTS)
    before = contents(young, *PUBLISHED, clock=True)
    copy_rows(built, young, "history", f"id > {HALF}")
    execute(
        young,
        "drop schema if exists billing cascade; drop schema public cascade; create schema public",
        *execute(built, DDL.format(100_000))[0],
    )
    succeeds(young, artifacts, "build", *NO_TESTS)
    succeeds(young, artifacts, "test")
    after = contents(young, *PUBLISHED, clock=True)
    assert {name for name in APPEND_ONLY if not set(before[name]) <= set(after[name])} == set()
    assert len(after["pggit_audit.changes"]) > 1.3 * len(before["pggit_audit.changes"]) > 50


def test_v1_and_pggit_v0_both_go_on(built: Params, artifacts: Path) -> None:
    """The team commits in pggit_v0, while somebody changes the schema with and without v1 noticing."""
    with copied(built) as params:
        # the catalog drifts: no row tells of it
        execute(params, "alter table public.books add column unrecorded integer")
        succeeds(params, artifacts, "build", *NO_TESTS)
        drifted = execute(params, LAST)[0]
        assert drifted[2:] == ("Reconcile with the live catalog", "public.books", "repaired")
        assert execute(params, REFS) == [("refs/heads/main", drifted[0])]

        # the team goes on from there, and v1 records one more row
        execute(
            params,
            *(
                f"alter table pggit_v0.{name} disable trigger all"
                for name in ("tree_entries", "refs", "commit_graph")
            ),
            NATIVE_COMMIT,
            ALTERED.format("recorded"),
        )
        ((_, native),) = execute(params, REFS)
        succeeds(params, artifacts, "build")
        first = execute(params, LAST)[0]
        assert first[1:2] + first[3:] == (drifted[0], "public.books", "exact")
        assert execute(params, REFS) == [("refs/heads/main", native), ("refs/heads/v1/main", first[0])]

        # and another one
        execute(params, ALTERED.format("recorded_too"))
        succeeds(params, artifacts, "build", *NO_TESTS)
        second = execute(params, LAST)[0]
        assert second[1] == first[0]
        assert execute(params, REFS) == [("refs/heads/main", native), ("refs/heads/v1/main", second[0])]


@pytest.mark.slow
def test_a_row_that_v1_committed_late_is_published_behind_the_others(built: Params, artifacts: Path) -> None:
    """Its id is older than the fork of a branch that is published, which did not begin on it."""
    with copied(built) as params:
        execute(params, LATER)
        succeeds(params, artifacts, "build", *NO_TESTS)
        ((free,),) = execute(
            params,
            "select max(h.id) + 1 from pggit.history as h where id < (select max(id) from pggit.history)"
            " and not exists (select from pggit.history as n where n.id = h.id + 1)",
        )
        execute(
            params,
            ALTERED.format("late"),
            f"update pggit.history set id = {free} where sql_executed ~ ' late '",
        )
        succeeds(params, artifacts, "build")
        (last,) = execute(
            params,
            "select v1_version_id from pggit_audit.changes where origin = 'v1' order by event_no desc limit 1",
        )
    assert last == (free,)
