"""The offline stand-in for dbt_expectations gives the verdicts of the real package."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from dbt.tests.util import run_dbt
from packages import real_package

STAND_IN = Path(__file__).parents[3] / "offline_packages" / "dbt_expectations"

THREE = "select * from (values (1, 'ab', 'x'), (2, 'cd', null), (3, 'cd', 'x')) as three (id, code, label)"
ONE = "select * from (values (1, 'x')) as one (id, label)"
VERDICTS = """
version: 2
models:
  - name: three
    data_tests:
      - dbt_expectations.expect_table_row_count_to_equal_other_table:
          {name: pass_count, arguments: {compare_model: ref('three')}}
      - dbt_expectations.expect_table_row_count_to_equal_other_table:
          {name: fail_count, arguments: {compare_model: ref('one')}}
      - dbt_expectations.expect_table_row_count_to_equal_other_table:
          {name: pass_count_factor, arguments: {compare_model: ref('one'), factor: 3}}
      - dbt_expectations.expect_table_row_count_to_equal_other_table:
          name: pass_count_condition
          arguments: {compare_model: ref('one'), row_condition: label is null, compare_row_condition: id = 1}
      - dbt_expectations.expect_table_row_count_to_equal_other_table:
          name: fail_count_group
          arguments: {compare_model: ref('one'), group_by: [label], row_condition: label is not null}
    columns:
      - name: id
        data_tests:
          - dbt_expectations.expect_column_values_to_be_in_set:
              {name: pass_set, arguments: {value_set: [1, 2, 3], quote_values: false}}
          - dbt_expectations.expect_column_values_to_be_in_set:
              {name: fail_set, arguments: {value_set: [1, 2], quote_values: false}}
      - name: code
        data_tests:
          - dbt_expectations.expect_column_values_to_match_regex:
              {name: pass_regex, arguments: {regex: "^[a-d]{2}$"}}
          - dbt_expectations.expect_column_values_to_match_regex:
              {name: pass_regex_flags, arguments: {regex: "^[A-D]{2}$", flags: i}}
          - dbt_expectations.expect_column_values_to_match_regex: {name: fail_regex, arguments: {regex: "^a"}}
      - name: label
        data_tests:
          - dbt_expectations.expect_column_values_to_be_in_set:
              {name: fail_set_null, arguments: {value_set: [x]}}
          - dbt_expectations.expect_column_values_to_be_in_set:
              {name: pass_set_condition, arguments: {value_set: [x], row_condition: id <> 2}}
          - dbt_expectations.expect_column_values_to_match_regex:
              {name: fail_regex_null, arguments: {regex: x}}
"""


REAL = real_package("dbt_expectations")


@pytest.fixture(scope="class")
def models() -> dict[str, str]:
    return {"three.sql": THREE, "one.sql": ONE, "verdicts.yml": VERDICTS}


@pytest.fixture(scope="class")
def project_config_update() -> dict[str, Any]:
    return {"vars": {"dbt_date:time_zone": "UTC"}}


def _verdicts(project: Any, *packages: Path) -> dict[str, tuple[str, int]]:
    """Return each test's status and how many rows it found, with these packages installed."""
    installed = Path(project.project_root) / "dbt_packages"
    shutil.rmtree(installed, ignore_errors=True)
    for package in packages:
        shutil.copytree(package, installed / package.name)
        (installed / package.name / "packages.yml").unlink(missing_ok=True)
    run_dbt(["run"])
    results = run_dbt(["test"], expect_pass=False)
    assert len(results) == VERDICTS.count("name: pass_") + VERDICTS.count("name: fail_")
    return {r.node.name: (str(r.status), r.failures) for r in results}


class TestVerdicts:
    def test_each_test_passes_and_fails_as_its_name_says(self, project: Any) -> None:
        found = _verdicts(project, STAND_IN)
        assert {
            name: status for name, (status, _) in found.items() if not name.startswith(f"{status}_")
        } == {}
        assert all(rows > 0 for name, (_, rows) in found.items() if name.startswith("fail_"))

    @pytest.mark.skipif(REAL is None, reason="the real dbt_expectations is not here (PGGIT_DBT_PACKAGES)")
    def test_the_real_package_finds_the_same(self, project: Any) -> None:
        assert REAL is not None
        assert _verdicts(project, REAL, REAL.parent / "dbt_date") == _verdicts(project, STAND_IN)


def test_every_macro_and_argument_is_described() -> None:
    described = (STAND_IN / "macros" / "expectations.yml").read_text()
    for path in (STAND_IN / "macros").glob("*.sql"):
        for line in path.read_text().splitlines():
            if line.startswith(("{% test ", "{% macro ")):
                kind, name = line.split("(")[0].split()[1:3]
                assert f"- name: {'test_' if kind == 'test' else ''}{name}\n" in described
