"""Runs dbt on this project, as a user would, against a server of the tests."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from collections.abc import Mapping
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg

PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "sample" / "bookshop"


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
