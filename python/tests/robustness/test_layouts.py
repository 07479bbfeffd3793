"""The sample built end to end elsewhere than at home: other layouts, other servers, beside another build."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers import execute
from project import (
    DATABASE,
    NO_TESTS,
    SAMPLE,
    Params,
    dbt,
    fingerprint,
    new_database,
    read_until,
    readme_grants,
    started,
)

from pggit_audit import embedded
from pggit_audit.lab import recorded

# As the migration plan sketches v1: names are qualified, or not.
PLAN_S_V1 = """
    alter schema pggit rename to installed;
    create schema pggit;
    create table pggit.history as
    select
        h.id as version_id, o.object_type::text,
        case when o.schema_name <> 'public' or h.id % 2 = 0 then o.schema_name || '.' else '' end || o.object_name
            as object_name,
        h.change_type::text, h.sql_executed as change_sql, h.created_by as author, h.created_at
    from installed.history as h inner join installed.objects as o on h.object_id = o.id;
    drop schema installed cascade
"""
PLAN_S_V0 = """
    alter table pggit_v0.commit_graph rename to commits;
    alter table pggit_v0.commits rename column committed_at to timestamp;
    alter table pggit_v0.commits drop column committer, drop column authored_at, drop column generation;
    alter table pggit_v0.tree_entries rename to trees;
    insert into pggit_v0.objects (sha, type, size, content)
    values ('b', 'blob', 1, 'x'), ('t', 'tree', 0, ''), ('c', 'commit', 0, '');
    insert into pggit_v0.trees values ('t', 'public.x', '100644', 'b');
    insert into pggit_v0.commits (commit_sha, tree_sha, author, timestamp, message)
    values ('c', 't', 'ann', '2024-01-01', 'by hand')
"""


def load(params: Params) -> Params:
    """Make the database to build in, with the sample, not migrated yet."""
    params = new_database(params, DATABASE)
    with psycopg.connect(**params) as connection:
        recorded.load_history(connection, SAMPLE)
    return params


@pytest.fixture(scope="module")
def plan_s(server: embedded.Server) -> Iterator[Params]:
    params = load(server.params("postgres"))
    execute(params, PLAN_S_V1)
    yield params
    execute(server.params("postgres"), f"drop database {DATABASE} with (force)")


@pytest.fixture(scope="module")
def two_builds(plan_s: Params, artifacts: Path) -> list[subprocess.CompletedProcess[str]]:
    """A build, and another one that begins while it runs."""
    first = started(plan_s, artifacts, "build")
    said = read_until(first, " START ")
    second = dbt(plan_s, artifacts, "build", *NO_TESTS)
    rest, errors = first.communicate()
    return [subprocess.CompletedProcess(first.args, first.returncode, said + rest, errors), second]


def test_the_plan_s_layout_of_v1(plan_s: Params, two_builds: list[Any]) -> None:
    done = two_builds[0]
    assert done.returncode == 0, done.stdout[-6000:]
    rows = "select (select count(*) from pggit.history) - count(*) from pggit_audit.{}"
    ((excluded,),) = execute(plan_s, "select count(*) from pggit_audit.excluded_history")
    assert execute(plan_s, rows.format("changes") + " where origin = 'v1'") == [(excluded,)]
    assert execute(plan_s, "select fidelity from pggit_audit.changes where v1_version_id = 60") == [
        ("exact",)
    ]


def test_a_second_build_is_refused_and_the_first_goes_on(two_builds: list[Any]) -> None:
    first, second = two_builds
    said = " ".join(second.stdout.split())
    assert (first.returncode, second.returncode > 0) == (0, True)
    assert f"Another build is running in database '{DATABASE}': pggit build since" in said
    assert "Nothing was changed." in said
    assert "Traceback" not in said
    assert "in macro" not in said


def test_the_plan_s_layout_of_v0(plan_s: Params, two_builds: list[Any], artifacts: Path) -> None:
    """It can be read; where to publish to has to be the installed one."""
    params = load(plan_s)
    execute(params, PLAN_S_V0)
    before = fingerprint(params, "pggit", "pggit_v0", "public")
    refused = dbt(params, artifacts, "build", *NO_TESTS)
    assert refused.returncode != 0
    assert "Schema pggit_v0 has no table" in refused.stdout
    done = dbt(params, artifacts, "build", *NO_TESTS, "--select", "staging")
    assert done.returncode == 0, done.stdout[-6000:]
    assert fingerprint(params, "pggit", "pggit_v0", "public") == before
    commits = "select commit_sha, tree_sha, committer, committed_at::text from pggit_audit_work.stg_pggit_v0__commits"
    assert execute(params, commits) == [("c", "t", "ann", "2024-01-01 00:00:00")]
    entries = "select tree_sha, path, mode, object_sha from pggit_audit_work.stg_pggit_v0__tree_entries"
    assert execute(params, entries) == [("t", "public.x", "100644", "b")]


@pytest.fixture(params=["18", "15"])
def another_server(request: pytest.FixtureRequest) -> Params:
    """A server of another version: libpq keywords of a superuser."""
    if request.param == "15":
        found: Params = request.getfixturevalue("named_server")
        return found
    server: embedded.Server = request.getfixturevalue("server_18")
    return server.params("postgres")


@pytest.mark.slow
def test_on_another_server(another_server: Params, tmp_path: Path) -> None:
    """By a role with the rights that the README names, and no others."""
    params = load(another_server)
    execute(params, "create role migration login password 'of migration'", readme_grants())
    before = fingerprint(params, "pggit", "public", "billing")
    role = params | {"user": "migration", "password": "of migration"}
    if "password" in another_server:
        refused = dbt(role | {"password": "wrong"}, tmp_path, "build")
        assert refused.returncode != 0
        assert "password authentication failed" in refused.stdout
        assert refused.stdout.count("Nothing was changed. Check PGGIT_STAGING_HOST") == 1
        assert "Traceback" not in refused.stdout + refused.stderr
    done = dbt(role, tmp_path, "build")
    assert done.returncode == 0, done.stdout[-6000:]
    assert fingerprint(params, "pggit", "public", "billing") == before
    assert execute(params, "select count(*) > 100 from pggit_audit.changes") == [(True,)]
