"""dbt's other commands: each works, and none changes what is published."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import Params, copied, dbt

pytestmark = pytest.mark.slow

TABLES = ("changes", "object_versions", "compliance_log", "repairs", "findings", "verification_summary")
VIEWS = ("current_objects", "object_history", "breaking_changes", "column_history")


@pytest.fixture(scope="module")
def database(built: Params) -> Iterator[Params]:
    with copied(built) as params:
        yield params


def _contents(params: Params) -> dict[str, Any]:
    """Of each published relation a digest of its rows; the time of a check is none of them."""
    with psycopg.connect(**params) as connection:
        found = {}
        for name in (*TABLES, *VIEWS):
            (found[name],) = connection.execute(
                "select md5(string_agg(row::text, ',' order by row::text)) from"
                f" (select to_jsonb(t) - 'checked_at' as row from pggit_audit.{name} as t) as rows".encode()
            ).fetchone() or (None,)
        return found


def test_each_command_works_and_changes_nothing_published(database: Params, artifacts: Path) -> None:
    before = _contents(database)

    def run(*arguments: str, status: int = 0) -> str:
        done = dbt(database, artifacts, *arguments)
        assert done.returncode == status, done.stdout[-3000:]
        return str(done.stdout)

    assert "Nothing stands in the way of a build" in run("run-operation", "preflight")
    shown = run("show", "--select", "changes", "--limit", "3", "--output", "json")
    assert shown.count('"change_id"') == 3
    run("run", "--empty")
    assert _contents(database) == before
    run("build")
    state = artifacts / "state"
    shutil.rmtree(state, ignore_errors=True)
    state.mkdir()
    for name in ("manifest.json", "run_results.json"):
        shutil.copy(artifacts / "target" / name, state)
    assert "No nodes selected" in run("ls", "--select", "state:modified", "--state", str(state))
    run("run", "--select", "recent_changes", "--defer", "--state", str(state))
    run("clone", "--select", "changes", "recent_changes", "int_changes", "--state", str(state))
    run("run", "--select", "recent_changes", "--sample", "3 days")
    run("source", "freshness")
    run("retry")
    assert _contents(database) == before


def test_store_failures_lands_where_no_history_is_read(database: Params, artifacts: Path) -> None:
    with psycopg.connect(**database) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute("update pggit_audit.changes set author = 'x' where v1_version_id = 50")
    try:
        name = "author_is_as_v1_recorded_after_publication"
        done = dbt(database, artifacts, "test", "--select", name, "--store-failures")
        assert done.returncode == 1
        assert f"{name} failed: 1 row" in done.stdout and "If it fails: " in done.stdout
        with psycopg.connect(**database) as connection:
            stored = connection.execute(
                "select nspname from pg_class join pg_namespace on relnamespace = pg_namespace.oid"
                " where relname = %s",
                (name,),
            ).fetchall()
        assert stored == [("pggit_audit_work",)]
    finally:
        with psycopg.connect(**database) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(
                "update pggit_audit.changes as c set author = h.created_by from pggit.history as h"
                " where h.id = c.v1_version_id and c.v1_version_id = 50"
            )
