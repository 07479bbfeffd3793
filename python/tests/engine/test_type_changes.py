"""Which types texts gave to columns of which other types: whatever the text is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pggit_audit.rules.type_changes import TypeChanges
from pggit_audit.statements import split


def _changes(*texts: str) -> TypeChanges:
    rows: list[Any] = [
        SimpleNamespace(exclusion_reason=None, execution=("main", i), statements=split(text))
        for i, text in enumerate(texts)
    ]
    return TypeChanges(rows)


@pytest.mark.parametrize(
    "broken",
    ["add", "add column", "add,", "add (", "add column n", "alter", "alter column n", "alter n type", "drop"],
)
def test_a_text_that_breaks_off_tells_nothing(broken: str) -> None:
    found = _changes(
        f"alter table t {broken}", "alter table t add n smallint", "alter table t alter n type money"
    )
    assert found.before("n", "money") == "smallint"
