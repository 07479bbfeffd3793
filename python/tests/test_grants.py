"""Who may read: dbt's `grants` on everything that it builds here, and what the README grants; builds keep both."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from project import NO_TESTS, PROJECT, Params, change_settings, copied, copy_of_project, dbt

pytestmark = pytest.mark.slow

RELATIONS = (
    "select c.oid::regclass::text from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
    " where relkind in ('r', 'v') and nspname in ({}) order by 1"
)
FUNCTIONS = (
    "select oid::regprocedure::text from pg_proc where pronamespace = 'pggit_audit'::regnamespace"
    " and prorettype <> 'trigger'::regtype order by 1"
)
GRANTS = {
    "models": {"pggit_audit": {"+grants": {"select": ["analyst"]}}},
    "seeds": {"pggit_audit": {"+grants": {"select": ["analyst"]}}},
    "functions": {"pggit_audit": {"+grants": {"execute": ["analyst"]}}},
}


VERIFY_CHANGE = "pggit_audit.verify_change(uuid,text,text,text)"
NAMED_IN_GRANTS = (
    "select distinct grantee::regrole::text from pg_proc, aclexplode(proacl)"
    " where pronamespace = 'pggit_audit'::regnamespace and grantee not in (0, proowner)"
)


@pytest.fixture
def database(built: Params) -> Iterator[Params]:
    """The migrated sample, and two roles: `reader` has what the README grants, `analyst` gets what dbt says."""
    section = (PROJECT / "README.md").read_text(encoding="utf-8").split("## Who may read the results", 1)[1]
    grants = section.split("```")[1].removeprefix("sql\n").replace("for role migration ", "")
    with copied(built) as params:
        execute(
            params,
            grants,
            "create role analyst",
            "grant usage on schema pggit_audit, pggit_audit_work, pggit_v0 to analyst",
        )
        execute(params, "create role clerk", "grant execute on function pggit_audit.commit_of(text) to clerk")
        yield params
        for role in ("reader", "analyst", "clerk"):
            execute(params, f"drop owned by {role}", f"drop role {role}")


def _refused(params: Params, role: str, schemas: str) -> set[str]:
    """Read each relation as the role; return those that it may not."""
    refused = set()
    with psycopg.connect(**params, autocommit=True) as connection:
        names = [name for (name,) in connection.execute(RELATIONS.format(schemas).encode())]
        assert len(names) > 10
        connection.execute(f"set role {role}".encode())
        for name in names:
            try:
                connection.execute(f"select * from {name} limit 1".encode())
            except psycopg.errors.InsufficientPrivilege:
                refused.add(name)
    return refused


def _may_execute(params: Params, role: str) -> list[tuple[bool, str]]:
    """Say of each function whether the role may execute it."""
    may = f"select has_function_privilege('{role}', oid, 'execute'), "
    found = execute(params, FUNCTIONS.replace("select ", may, 1).replace("order by 1", "order by 2"))
    assert len(found) > 10
    return found


def test_builds_keep_what_the_readme_grants(database: Params, tmp_path: Path) -> None:
    for arguments in ((), ("--full-refresh",)):
        done = dbt(database, tmp_path, "build", *NO_TESTS, *arguments)
        assert done.returncode == 0, done.stdout[-3000:]
        assert _refused(database, "reader", "'pggit_audit', 'pggit_v0'") == set()


def test_dbt_s_grants_are_what_others_have(database: Params, tmp_path: Path) -> None:
    """On tables that only grow, on views, tables, seeds and functions."""
    project = copy_of_project(tmp_path / "project")
    shutil.copytree(PROJECT / "dbt_packages", project / "dbt_packages")
    shutil.copy(PROJECT / "packages.yml", project)
    change_settings(project, GRANTS)
    for arguments in ((), ("--full-refresh",)):
        done = dbt(database, tmp_path, "build", *NO_TESTS, *arguments, project=project)
        assert done.returncode == 0, done.stdout[-3000:]
        refused = _refused(database, "analyst", "'pggit_audit', 'pggit_audit_work', 'pggit_v0'")
        # which no model writes
        assert refused <= {"pggit_v0.merge_base_cache", "pggit_v0.performance_metrics"}
        assert _refused(database, "reader", "'pggit_audit'") >= {"pggit_audit.changes", "pggit_audit.causes"}
        assert not [allowed for allowed, _ in _may_execute(database, "analyst") if not allowed]
        assert execute(database, NAMED_IN_GRANTS) == [("analyst",)]

    # what dbt says no more, the next build takes away
    change_settings(project, {"functions": {"pggit_audit": {"+grants": {"execute": ["reader"]}}}})
    done = dbt(database, tmp_path, "build", "--select", "verify_change", project=project)
    assert done.returncode == 0, done.stdout[-3000:]
    for role, may in (("reader", True), ("analyst", False)):
        assert (may, VERIFY_CHANGE) in _may_execute(database, role)
