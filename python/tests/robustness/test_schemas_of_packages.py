"""A dbt package that builds in a schema of the team's would make it vanish from what is published: it is refused."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
import yaml
from helpers import execute
from project import (
    DATABASE,
    NO_TESTS,
    PROJECT,
    SAMPLE,
    Params,
    change_settings,
    copy_of_project,
    dbt,
    fingerprint,
    new_database,
)

from pggit_audit import embedded
from pggit_audit.lab import recorded

SCHEMAS = "select nspname::text from pg_namespace where nspname !~ '^pg_|^information_schema$' order by 1"


@pytest.fixture
def database(server: embedded.Server) -> Iterator[Params]:
    """The sample, not migrated yet."""
    params = new_database(server.params("postgres"), DATABASE)
    with psycopg.connect(**params) as connection:
        recorded.load_history(connection, SAMPLE)
    yield params
    execute(server.params("postgres"), f"drop database {DATABASE} with (force)")


@pytest.fixture
def beside_guest(tmp_path: Path) -> Path:
    """A copy of the project with a package that makes a view."""
    folder = copy_of_project(tmp_path / "project")
    shutil.copytree(PROJECT / "dbt_packages", folder / "dbt_packages")
    guest = folder / "dbt_packages" / "guest"
    (guest / "models").mkdir(parents=True)
    (guest / "dbt_project.yml").write_text("name: guest\nversion: 1.0.0\nconfig-version: 2\n")
    (guest / "models" / "visitors.sql").write_text("select 1 as id")
    names = sorted(path.name for path in (folder / "dbt_packages").iterdir() if path.is_dir())
    listed = {"packages": [{"local": f"dbt_packages/{name}"} for name in names]}
    (folder / "packages.yml").write_text(yaml.safe_dump(listed))
    return folder


def _settle(project: Path, schema: str) -> None:
    """Have the package build in this schema."""
    change_settings(project, {"models": {"guest": {"+schema": schema}}})


def _state(params: Params) -> list[str]:
    return fingerprint(params, *(name for (name,) in execute(params, SCHEMAS)))


def _run(params: Params, project: Path, folder: Path, *arguments: str) -> tuple[int, str]:
    """Run dbt; the exit status, and what it said, on one line."""
    done = dbt(params, folder, *arguments, project=project)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def test_a_package_in_the_team_s_schema_is_refused(
    database: Params, beside_guest: Path, tmp_path: Path
) -> None:
    """Before the first build nothing in there can be dbt's, whatever it is called."""
    _settle(beside_guest, "public")
    before = _state(database)
    status, said = _run(database, beside_guest, tmp_path, "run-operation", "preflight")
    assert status != 0
    assert "dbt builds nodes of guest in schema public" in said
    assert "row(s) of the history" in said and "table public.authors" in said
    assert "hidden_schemas: [public]" in said and said.count("Nothing was changed") == 1
    assert _state(database) == before


@pytest.mark.slow
def test_what_is_none_of_the_package_s_is_told_apart(
    database: Params, beside_guest: Path, tmp_path: Path
) -> None:
    def run(*arguments: str) -> tuple[int, str]:
        return _run(database, beside_guest, tmp_path, *arguments)

    # a build looks before it makes the first schema
    _settle(beside_guest, "public")
    before = _state(database)
    status, said = run("build", *NO_TESTS)
    assert status != 0 and "dbt builds nodes of guest in schema public" in said
    assert _state(database) == before

    # its own schema is hidden, and holds what its nodes made
    _settle(beside_guest, "guest")
    for _ in range(2):
        status, said = run("build", *NO_TESTS)
        assert status == 0, said[-3000:]
    test = ("test", "--select", "nothing_of_the_team_is_hidden_before_publication")
    assert run(*test)[0] == 0
    assert execute(database, "select count(*) from pggit_audit.changes where object_schema = 'guest'") == [
        (0,)
    ]

    # somebody makes something there
    execute(database, "create function guest.count_visitors() returns int language sql as 'select 1'")
    status, said = run(*test)
    assert status == 1 and "function guest.count_visitors()" in said
    before = _state(database)
    status, said = run("build", *NO_TESTS)
    assert status != 0 and "what none of them made: function guest.count_visitors()" in said
    assert _state(database) == before
    execute(database, "drop function guest.count_visitors()")

    # a schema that has been published before
    execute(database, "alter schema billing rename to invoicing")
    _settle(beside_guest, "billing")
    status, said = run("run-operation", "preflight")
    assert status != 0 and "published change(s)" in said, said[-3000:]

    # on purpose
    assert run("run-operation", "preflight", "--vars", "hidden_schemas: [billing]")[0] == 0
