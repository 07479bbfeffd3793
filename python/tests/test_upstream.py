"""dbt's own macros that the project stands in for: what each said when that was written.

A macro of the project that has the name of one of dbt's takes its place in every build, silently. Where dbt changes
its own, ours may lack what dbt now relies on. Then a test here fails before anything else does: compare the two,
adapt ours, and write down the new digest.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from project import PROJECT

OURS = (PROJECT / "macros", PROJECT / "python" / "src" / "dbt" / "include" / "pggit")
OPENING = re.compile(r"\{%-?\s*(?:macro\s+(\w+)|materialization\s+(\w+)\s*,)(?:[^%]|%(?!\}))*%\}")
CLOSING = re.compile(r"\{%-?\s*end(?:macro|materialization)\s*-?%\}")
PREFIXES = ("", "default__", "postgres__")

STANDS_IN_FOR = {
    "call_dcl_statements": "9ce6328e24d941b5",
    "create_csv_table": "4de240926092af2e",
    "create_schema": "1bdffff0d9bd7b10",
    "function_execute_build_sql": "7bff8a5af86122e1",
    "generate_schema_name": "30a0c12306bf1a44",
    "get_show_sql": "2e3dbf319c3ba1d2",
    "materialization incremental": "d03de839f73e6f8b",
    "materialization table": "be2cae8c00c1bfa4",
    "materialization view": "54ad32e04125df2f",
    "persist_docs": "ad33d1ed4ac84b2c",
    "reset_csv_table": "38ed33fa56475ce4",
    "resolve_model_name": "f8d34ef7ded8bdb5",
    "scalar_function_sql": "f4a8512235196a0e",
}
"""The name without an adapter's prefix, and a digest of what dbt has under it."""


def dbt_s() -> Iterator[Path]:
    """The folders of macros that dbt itself brings."""
    for package in ("dbt.include.global_project", "dbt.include.postgres"):
        spec = find_spec(package)
        assert spec is not None and spec.origin is not None
        yield Path(spec.origin).parent / "macros"


def macros(*folders: Path) -> dict[str, str]:
    """The text of each macro and materialization, by name, without what is only layout."""
    found: dict[str, str] = {}
    for folder in folders:
        for path in sorted(folder.rglob("*.sql")):
            text = path.read_text("utf-8")
            for opening in OPENING.finditer(text):
                closing = CLOSING.search(text, opening.end())
                assert closing is not None, f"{path}: {opening[0]} has no end"
                name = opening[1] or f"materialization {opening[2]}"
                found[name] = found.get(name, "") + " ".join(text[opening.start() : closing.end()].split())
    return found


def bare(name: str) -> str:
    return re.sub(r"^(?:pggit|postgres|default)__", "", name)


def stood_in_for() -> set[str]:
    """What dbt would call its own, were it not for ours."""
    upstream = {bare(name) for name in macros(*dbt_s())}
    return {bare(name) for name in macros(*OURS)} & upstream


def digest(name: str) -> str:
    """Of all that dbt has under the name: the dispatching macro, the default, and PostgreSQL's."""
    upstream = macros(*dbt_s())
    texts = [f"{prefix}: {upstream.get(prefix + name)}" for prefix in PREFIXES]
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:16]


def test_the_list_is_what_the_project_stands_in_for() -> None:
    assert stood_in_for() == STANDS_IN_FOR.keys()


@pytest.mark.parametrize("name", STANDS_IN_FOR)
def test_dbt_s_macro_is_the_one_that_ours_was_written_against(name: str) -> None:
    assert digest(name) == STANDS_IN_FOR[name], (
        f"dbt's {name} changed. Compare it with the project's, then write the new digest into {Path(__file__).name}."
    )
