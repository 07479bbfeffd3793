"""Every rule has a case."""

from __future__ import annotations

import test_attachments
import test_columns
import test_comments
import test_constraints
import test_indexes
import test_relations
import test_routines
import test_schemas
import test_sequences
import test_tables
import test_types

from pggit_audit.rules import RULES

MODULES = (
    test_attachments,
    test_columns,
    test_comments,
    test_constraints,
    test_indexes,
    test_relations,
    test_routines,
    test_schemas,
    test_sequences,
    test_tables,
    test_types,
)
# Rules without a statement of their own, or for rows that nothing explains: each has a test of its own.
TESTED_OTHERWISE = {
    "depends_on_data",
    "in_doubt",
    "without_privileges",
    "made_anew",
    "moved_extension",
    "older_extension",
    "reconcile",
    "recorded_drop",
    "rests_on_inferred",
    "rows_of_code",
    "statement_failed",
    "unexplained_row",
}


def test_every_rule_has_a_test() -> None:
    cases = {case.rule for module in MODULES for case in module.CASES}
    assert {rule.name for rule in RULES} == cases | TESTED_OTHERWISE
