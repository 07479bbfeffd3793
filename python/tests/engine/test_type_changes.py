"""Which types texts gave to columns of which other types: whatever the text is."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pggit_audit.rules.type_changes import TypeChanges, said_by_using, without_expressions
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


@pytest.mark.parametrize(
    ("using", "was"),
    [
        ("to_timestamp(n)", "integer"),
        ("to_timestamp(n, 'YYYY')", "text"),
        ("case when n is null then null else to_timestamp( n ) end", "integer"),
        ("(lower(n))::int", "text"),
        ("lower(m)", None),
        ("to_timestamp(n / 1000)", None),
        ("to_timestamp", None),
        ("to_timestamp(n", None),
        ("", None),
    ],
)
def test_a_function_says_what_it_takes(using: str, was: str | None) -> None:
    (statement,) = split(f"alter table t alter n type timestamp using {using}")
    assert dict(said_by_using(statement)).get("n") == was


@pytest.mark.parametrize(
    ("text", "without"),
    [
        (
            "alter table t alter n type a.b (3) using (n || ',')::int , add m int, alter column o set data type text",
            "alter table t alter n type a.b (3) USING NULL , add m int, alter column o set data type text USING NULL",
        ),
        ("alter table t add n int", None),
        ("alter table t alter n type int using", "alter table t alter n type int USING NULL"),
        ("alter table t alter n type", None),
        ("create table t (n int)", None),
    ],
)
def test_what_a_text_makes_of_a_column_is_left_out(text: str, without: str | None) -> None:
    (statement,) = split(text)
    assert without_expressions(statement) == without
