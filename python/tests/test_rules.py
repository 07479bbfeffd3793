"""The list of rules is one: what else names them says the same, and nothing else makes a name up."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import yaml
from project import PROJECT

import pggit_audit
from pggit_audit import rules
from pggit_audit.rules import RULES, Rule

PACKAGE = Path(pggit_audit.__file__).parent
# The codes of two findings are also the names of rules.
FINDINGS = {"statement_failed", "unexplained_row"}


def test_every_rule_is_in_the_list_once() -> None:
    defined = {name: value for name, value in vars(rules).items() if isinstance(value, Rule)}
    assert {name: value.name for name, value in defined.items()} == {
        rule.name.upper(): rule.name for rule in RULES
    }
    assert len({rule.name for rule in RULES}) == len(RULES)


def test_no_module_writes_the_name_of_a_rule_itself() -> None:
    names = {rule.name for rule in RULES} - FINDINGS
    written = [
        f"{path.relative_to(PACKAGE)}:{node.lineno}: {node.value}"
        for path in PACKAGE.rglob("*.py")
        if path != Path(rules.__file__)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and node.value in names
    ]
    assert written == []


def test_every_rule_is_used() -> None:
    used = {
        node.id
        for path in PACKAGE.rglob("*.py")
        if path != Path(rules.__file__)
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Name)
    }
    assert {rule.name.upper() for rule in RULES} <= used


def test_the_table_repairs_accepts_the_names_of_the_rules() -> None:
    (model,) = yaml.safe_load((PROJECT / "models/marts/audit/repairs.yml").read_text("utf-8"))["models"]
    (column,) = (c for c in model["columns"] if c["name"] == "rule")
    (test,) = (t["accepted_values"] for t in column["data_tests"] if "accepted_values" in t)
    assert test["arguments"]["values"] == [rule.name for rule in RULES]


def test_fidelity_lists_the_rules() -> None:
    text = (PROJECT / "docs/FIDELITY.md").read_text("utf-8")
    section = re.search(r"^## The rules\n(.*?)^## ", text, re.MULTILINE | re.DOTALL)
    assert section is not None
    lines = [line for line in section[1].splitlines() if line.startswith("|")]
    assert lines == [
        "| rule | what v1 loses | what the rule goes by | casts doubt |",
        "|---|---|---|---|",
        *(
            f"| `{r.name}` | {r.loses} | {r.evidence} | {'yes' if r.casts_doubt else ''} |".replace(
                "  |", " |"
            )
            for r in RULES
        ),
    ]
