"""The offline stand-in for dbt_expectations gives the verdicts of the real package."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import pytest
from dbt.tests.util import run_dbt

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
      - dbt_expectations.expect_compound_columns_to_be_unique:
          {name: pass_compound, arguments: {column_list: [code, label]}}
      - dbt_expectations.expect_compound_columns_to_be_unique:
          {name: fail_compound, arguments: {column_list: [code], quote_columns: true}}
      - dbt_expectations.expect_compound_columns_to_be_unique:
          {name: fail_compound_any, arguments: {column_list: [code, "null::text"], ignore_row_if: never}}
      - dbt_expectations.expect_compound_columns_to_be_unique:
          name: pass_compound_any
          arguments: {column_list: [code, "null::text"], ignore_row_if: any_value_is_missing}
    columns:
      - name: id
        data_tests:
          - dbt_expectations.expect_column_to_exist: {name: pass_exist}
          - dbt_expectations.expect_column_to_exist: {name: pass_exist_first, arguments: {column_index: 1}}
          - dbt_expectations.expect_column_to_exist: {name: fail_exist_second, arguments: {column_index: 2}}
          - dbt_expectations.expect_column_values_to_be_between:
              {name: pass_between, arguments: {min_value: 1, max_value: 3}}
          - dbt_expectations.expect_column_values_to_be_between:
              {name: fail_between, arguments: {max_value: 2}}
          - dbt_expectations.expect_column_values_to_be_between:
              {name: fail_between_strictly, arguments: {min_value: 1, strictly: true}}
          - dbt_expectations.expect_column_values_to_be_in_set:
              {name: pass_set, arguments: {value_set: [1, 2, 3], quote_values: false}}
          - dbt_expectations.expect_column_values_to_be_in_set:
              {name: fail_set, arguments: {value_set: [1, 2], quote_values: false}}
          - dbt_expectations.expect_column_values_to_be_unique: {name: pass_unique}
      - name: code
        data_tests:
          - dbt_expectations.expect_column_values_to_be_unique: {name: fail_unique}
          - dbt_expectations.expect_column_values_to_match_regex:
              {name: pass_regex, arguments: {regex: "^[a-d]{2}$"}}
          - dbt_expectations.expect_column_values_to_match_regex:
              {name: pass_regex_flags, arguments: {regex: "^[A-D]{2}$", flags: i}}
          - dbt_expectations.expect_column_values_to_match_regex: {name: fail_regex, arguments: {regex: "^a"}}
      - name: label
        data_tests:
          - dbt_expectations.expect_column_values_to_not_be_null: {name: fail_null}
          - dbt_expectations.expect_column_values_to_not_be_null:
              {name: pass_null, arguments: {row_condition: id <> 2}}
          - dbt_expectations.expect_column_values_to_be_in_set:
              {name: fail_set_null, arguments: {value_set: [x]}}
          - dbt_expectations.expect_column_values_to_match_regex:
              {name: fail_regex_null, arguments: {regex: x}}
          - dbt_expectations.expect_column_values_to_be_unique:
              {name: pass_unique_null, arguments: {row_condition: id > 1}}
      - name: missing
        data_tests:
          - dbt_expectations.expect_column_to_exist: {name: fail_exist}
"""


@pytest.fixture(scope="class")
def models() -> dict[str, str]:
    return {"three.sql": THREE, "one.sql": ONE, "verdicts.yml": VERDICTS}


def test_each_test_passes_and_fails_as_its_name_says(project: Any) -> None:
    shutil.copytree(STAND_IN, Path(project.project_root) / "dbt_packages" / "dbt_expectations")
    run_dbt(["run"])
    results = run_dbt(["test"], expect_pass=False)
    assert len(results) == VERDICTS.count("name: pass_") + VERDICTS.count("name: fail_")
    wrong = {r.node.name: str(r.status) for r in results if not r.node.name.startswith(f"{r.status}_")}
    assert wrong == {}


def test_every_macro_and_argument_is_described() -> None:
    described = (STAND_IN / "macros" / "expectations.yml").read_text()
    for path in (STAND_IN / "macros").glob("*.sql"):
        for line in path.read_text().splitlines():
            if line.startswith(("{% test ", "{% macro ")):
                kind, name = line.split("(")[0].split()[1:3]
                assert f"- name: {'test_' if kind == 'test' else ''}{name}\n" in described
