"""The bookshop after its history went on: built again, with an accident on the way."""

from __future__ import annotations

import json
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from project import DATABASE, Params, copied, dbt, new_database

LATER = Path(__file__).with_name("later.sql")

# Somebody has stored another text under the SHA of a definition that the next build brings.
DAMAGE = """
    insert into pggit_v0.objects (sha, type, size, content)
    values (encode(sha256('blob 20:CREATE SCHEMA attic;'), 'hex'), 'blob', 20, 'CREATE SCHEMA attik;')
"""
MENDED = "delete from pggit_v0.objects where content = 'CREATE SCHEMA attik;'"

WHEN_IT_WAS_BUILT = ("verified_at", "previous_hash", "entry_hash", "checked_at", "created_at")
"""Columns that differ between two builds that did the same; the log's hashes cover the time of the entries."""

Rows = dict[str, str]
"""A checksum over all rows by table."""


@dataclass(frozen=True)
class Bookshop:
    """What the builds left."""

    before: Params
    """The second build up to publication: the work tables are full, the published ones as the first left them."""
    after: Params
    """The second build, published."""
    tests: dict[str, str]
    """The data tests of the project by name, as dbt compiled them."""
    refused: dict[str, str]
    """Status by name of all that the build had to do that the damage stopped."""
    published: tuple[Rows, Rows]
    """The published tables before and after that build."""
    undisturbed: Rows
    """The published tables, but for when they were built, after a build that nothing had stopped."""


def rebuild(built: Params, folder: Path) -> Bookshop:
    """Let the history go on after the first build, and build again: once stopped by a test, once to the end."""
    with copied(built) as params:
        _execute(params, LATER.read_text(encoding="utf-8"))
        assert dbt(params, folder, "build", "--exclude-resource-type", "test", "unit_test").returncode == 0
        undisturbed = published_rows(params, without=WHEN_IT_WAS_BUILT)

    with copied(built) as params:
        _execute(params, LATER.read_text(encoding="utf-8"))
        _execute(params, DAMAGE)
        published = published_rows(params)
        build = dbt(params, folder, "build", "--exclude-resource-type", "unit_test")
        assert build.returncode == 1, build.stdout
        refused = {name: result["status"] for name, result in results(folder).items()}
        still_published = published_rows(params)
        _execute(params, MENDED)
        before = new_database(params, "gate_before", template=DATABASE)

        build = dbt(params, folder, "build", "--exclude-resource-type", "unit_test")
        assert build.returncode == 0, build.stdout
        after = new_database(params, "gate_after", template=DATABASE)

    manifest = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    tests = {
        node["name"]: results(folder)[node["name"]]["compiled_code"]
        for node in manifest["nodes"].values()
        if node["resource_type"] == "test"
    }
    return Bookshop(before, after, tests, refused, (published, still_published), undisturbed)


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what dbt reports of its last run, by name."""
    found = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {result["unique_id"].split(".")[2]: result for result in found}


def published_rows(params: Params, without: Collection[str] = ()) -> Rows:
    """Return a checksum over all rows of each published table, but for some columns."""
    with psycopg.connect(**params) as connection:
        tables = connection.execute(
            "select format('%I.%I', schemaname, tablename) from pg_tables "
            "where schemaname in ('pggit_audit', 'pggit_v0')"
        ).fetchall()
        checksums = {}
        for (table,) in tables:
            row = connection.execute(
                f"select md5(string_agg(line, '' order by line)) from {table} as each, "
                "lateral (select (to_jsonb(each) - %s::text[])::text as line) as lines".encode(),
                (list(without),),
            ).fetchone()
            assert row is not None
            checksums[table] = str(row[0])
        return checksums


def _execute(params: Params, statements: str) -> None:
    with psycopg.connect(**params) as connection:
        connection.execute(statements.encode())
