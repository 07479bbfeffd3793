"""Runs dbt on this project, as a user would, against a server of the tests."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql

from pggit_audit import embedded, recorded

Params = dict[str, Any]
PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "sample" / "bookshop"
DATABASE = "migrated"
"""The one name of databases that dbt builds in."""


def dbt(params: Mapping[str, Any], folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run dbt with the database of `params` as its target; output and exit status are the caller's to judge.

    Args:
        params: libpq keywords of the target.
        folder: where dbt leaves its artifacts and logs.
        arguments: command and options.

    """
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DBT_")} | {
        "PGGIT_STAGING_HOST": str(params["host"]),
        "PGGIT_STAGING_PORT": str(params["port"]),
        "PGGIT_STAGING_USER": str(params["user"]),
        "PGGIT_STAGING_PASSWORD": str(params.get("password", "")),
        "PGGIT_STAGING_DBNAME": str(params["dbname"]),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
    }
    command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *arguments]
    return subprocess.run(command, cwd=PROJECT, env=environment, text=True, capture_output=True, check=False)


def install_sources(connection: psycopg.Connection[Any]) -> None:
    """Make the empty tables of pgGit v1 and pggit_v0."""
    for name in ("pggit_v1.sql", "pggit_v0.sql"):
        connection.execute((resources.files("pggit_audit") / "sql" / name).read_bytes())
    connection.commit()


def commit(connection: psycopg.Connection[Any], definitions: Mapping[str, str]) -> str:
    """Store definitions by path as a root commit in pggit_v0, and return its SHA.

    Only the blobs are content-addressed as FORMATS says: nothing here recomputes a tree.
    """

    def sha(kind: str, content: str) -> str:
        return hashlib.sha256(f"{kind} {len(content)}:{content}".encode()).hexdigest()

    blobs = {path: sha("blob", content) for path, content in definitions.items()}
    tree = sha("tree", repr(sorted(blobs.items())))
    root = sha("commit", tree)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into pggit_v0.objects (sha, type, size, content) values (%s, %s, %s, %s)"
            " on conflict do nothing",
            [
                *((blobs[path], "blob", len(content), content) for path, content in definitions.items()),
                (tree, "tree", 0, ""),
                (root, "commit", 0, ""),
            ],
        )
        cursor.executemany(
            "insert into pggit_v0.tree_entries values (%s, %s, '100644', %s) on conflict do nothing",
            [(tree, path, blob) for path, blob in blobs.items()],
        )
        cursor.execute(
            "insert into pggit_v0.commit_graph values (%s, '{}', %s, 0, 'a', 'a', now(), now(), 'm')"
            " on conflict do nothing",
            (root, tree),
        )
    connection.commit()
    return root


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt leaves its artifacts. Shared: what was parsed once for a database's name is not parsed anew."""
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="session")
def built(server: embedded.Server, artifacts: Path) -> Params:
    """The sample, migrated by `dbt build`: libpq keywords. Not to be changed; see `copied`."""
    with _the_database(server.params("postgres"), "template0") as params:
        with psycopg.connect(**params) as connection:
            recorded.load_history(connection, SAMPLE)
        result = dbt(params, artifacts, "build")
        assert result.returncode == 0, result.stdout[-6000:]
        return new_database(params, "built", template=DATABASE)


@contextmanager
def copied(params: Params) -> Iterator[Params]:
    """A copy of a database, for a test to change."""
    with _the_database(params, params["dbname"]) as copy:
        yield copy


@contextmanager
def _the_database(params: Params, template: str) -> Iterator[Params]:
    yield new_database(params, DATABASE, template)
    with psycopg.connect(**params | {"dbname": "postgres"}, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(DATABASE)))


def new_database(params: Params, name: str, template: str = "template0") -> Params:
    """Make a database, in place of one of that name; its libpq keywords."""
    with psycopg.connect(**params | {"dbname": "postgres"}, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        admin.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return params | {"dbname": name}
