"""The bookshop after its history went on: built again, with an accident on the way."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from helpers import execute
from project import DATABASE, NO_TESTS, PUBLISHED, Params, contents, copied, dbt, new_database

LATER = Path(__file__).with_name("later.sql")

# Somebody has stored another text under the SHA of a definition that the next build brings.
DAMAGE = """
    insert into pggit_v0.objects (sha, type, size, content)
    values (encode(sha256('blob 20:CREATE SCHEMA attic;'), 'hex'), 'blob', 20, 'CREATE SCHEMA attik;')
"""
MENDED = "delete from pggit_v0.objects where content = 'CREATE SCHEMA attik;'"

RELATIONS = """
    select relname::text, string_agg(attname, ' ' order by attnum) from pg_class
    inner join pg_attribute on attrelid = pg_class.oid and attnum > 0
    where relnamespace = 'pggit_audit'::regnamespace and relkind in ('r', 'v')
    group by 1 order by 1
"""

Rows = dict[str, list[str]]
"""Every row by table."""


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
    relations: tuple[list[tuple[str, str]], list[tuple[str, str]]]
    """The tables and views of the results before and after that build, with their columns."""
    left_out: set[str]
    """The kinds of what the project has and that build did not run."""
    undisturbed: Rows
    """The published tables after a build that nothing had stopped, but for what says when."""


def rebuild(built: Params, folder: Path) -> Bookshop:
    """Let the history go on after the first build, and build again: once stopped by a test, once to the end."""
    with copied(built) as params:
        execute(params, LATER.read_text(encoding="utf-8"))
        assert dbt(params, folder, "build", *NO_TESTS).returncode == 0
        undisturbed = published(params)

    with copied(built) as params:
        execute(params, LATER.read_text(encoding="utf-8"))
        execute(params, DAMAGE)
        published_before = published(params, clock=True)
        relations_before = execute(params, RELATIONS)
        build = dbt(params, folder, "build")
        assert build.returncode == 1, build.stdout
        refused = {name: result["status"] for name, result in results(folder).items()}
        published_after = published(params, clock=True)
        relations_after = execute(params, RELATIONS)
        execute(params, MENDED)
        before = new_database(params, "gate_before", template=DATABASE)

        build = dbt(params, folder, "build")
        assert build.returncode == 0, build.stdout
        after = new_database(params, "gate_after", template=DATABASE)

    manifest = json.loads((folder / "target" / "manifest.json").read_text(encoding="utf-8"))
    names = [node["name"] for node in manifest["nodes"].values() if node["resource_type"] == "test"]
    last = results(folder)
    tests = {name: last[name]["compiled_code"] for name in names}
    known = [*manifest["nodes"], *manifest["functions"], *manifest["exposures"], *manifest["unit_tests"]]
    ran = {result["unique_id"] for result in last.values()}
    left_out = {each.split(".")[0] for each in known if each not in ran}
    return Bookshop(
        before, after, tests, refused, (published_before, published_after),
        (relations_before, relations_after), left_out, undisturbed,
    )  # fmt: skip


def results(folder: Path) -> dict[str, dict[str, Any]]:
    """Return what dbt reports of its last run, by name."""
    found = json.loads((folder / "target" / "run_results.json").read_text(encoding="utf-8"))["results"]
    return {result["unique_id"].split(".")[2]: result for result in found}


def published(params: Params, clock: bool = False) -> Rows:
    """Return all that is published, with or without what says when."""
    return contents(params, *PUBLISHED, clock=clock)
