"""dbt-project-evaluator, elementary, dbt-utils and dbt_expectations beside the project, as docs/OTHER_PACKAGES.md says.

It needs the real packages: `PGGIT_DBT_PACKAGES` names a folder that has them.
"""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from helpers import execute
from packages import real_package
from project import PROJECT, TRACKER_S_GRANTS, Params, change_settings, copy_of_project, dbt

from pggit_audit import embedded

PACKAGES = ("dbt_project_evaluator", "elementary", "dbt_utils", "dbt_expectations", "dbt_date")
MISSING = [name for name in PACKAGES if real_package(name) is None]
THEIRS = "('elementary', 'dbt_project_evaluator', 'dbt_test__audit')"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(bool(MISSING), reason=f"PGGIT_DBT_PACKAGES has no {', '.join(MISSING)}"),
]


def _settings() -> dict[str, Any]:
    """Return what the page tells people to write into dbt_project.yml."""
    page = (PROJECT / "docs" / "OTHER_PACKAGES.md").read_text()
    (block,) = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    found = yaml.safe_load(block)
    assert isinstance(found, dict)
    return found


@pytest.fixture
def beside(tmp_path: Path) -> Path:
    """A copy of the project with the packages and their settings."""
    folder = copy_of_project(tmp_path / "project")
    for name in PACKAGES:
        package = real_package(name)
        assert package is not None
        shutil.copytree(
            package, folder / "dbt_packages" / name, ignore=shutil.ignore_patterns("integration_tests*")
        )
        for dependencies in ("packages.yml", "dependencies.yml", "package-lock.yml"):
            (folder / "dbt_packages" / name / dependencies).unlink(missing_ok=True)
    listed = {"packages": [{"local": f"dbt_packages/{name}"} for name in PACKAGES]}
    (folder / "packages.yml").write_text(yaml.safe_dump(listed))
    shutil.copy(PROJECT / "docs" / "dbt_project_evaluator_exceptions.csv", folder / "seeds")
    change_settings(folder, _settings())
    return folder


def test_they_build_find_nothing_new_and_never_become_history(
    tracked: Params, beside: Path, tmp_path: Path
) -> None:
    owner = tracked | {"user": embedded.USER}
    execute(owner, TRACKER_S_GRANTS)
    changes = "select event_no, object_identity, change_type, commit_sha from pggit_audit.changes order by 1"
    built = dbt(tracked, tmp_path, "build", project=beside)
    assert built.returncode == 0, built.stdout[-6000:]
    warned = [line for line in built.stdout.splitlines() if " WARN " in line]
    assert warned == []
    before = execute(owner, changes)
    assert {identity for _, identity, *_ in before} == {
        "public.books",
        "public.books_pkey",
        "public.titles",
        "public",
    }

    again = dbt(tracked, tmp_path, "build", project=beside)
    assert again.returncode == 0, again.stdout[-6000:]
    assert execute(owner, changes) == before
    ((recorded,),) = execute(
        owner,
        "select count(*) from pggit.history join pggit.objects on objects.id = history.object_id"
        f" where schema_name in {THEIRS}"
        # what elementary leaves at the end of a build is for the next one
        " and history.id in (select version_id from pggit_audit_work.int_replay__horizon)",
    )
    assert recorded > 0
    assert execute(
        owner, f"select count(*) from pggit_audit.excluded_history where object_schema in {THEIRS}"
    ) == [(recorded,)]
    ((results,),) = execute(owner, "select count(*) from elementary.dbt_run_results")
    assert results > 0
    assert execute(owner, "select decision from pggit_audit.go_no_go") == [("GO",)]


def test_macros_of_a_package_before_the_project_s_are_refused(
    tracked: Params, beside: Path, tmp_path: Path
) -> None:
    order = ["dbt_project_evaluator", "dbt"]
    change_settings(beside, {"dispatch": [{"macro_namespace": "dbt", "search_order": order}]})
    done = dbt(tracked, tmp_path, "build", project=beside)
    assert done.returncode != 0
    assert "Put pggit_audit first there" in done.stdout
    assert execute(tracked | {"user": embedded.USER}, "select count(*) from pggit.history") != [(0,)]
