"""`pggit-audit score --trace` tells a replay row by row: statement, repairs, what changed, what it counts as."""

from __future__ import annotations

import psycopg
import pytest
from project import Params
from psycopg.conninfo import make_conninfo

from pggit_audit.errors import PggitError
from pggit_audit.lab import trace


def paragraphs(lines: list[str]) -> dict[str, str]:
    """The lines of each commit, by the beginning of its first line."""
    texts = "\n".join(lines).strip().split("\n\n")
    return {text.split(":")[0]: text for text in texts}


def test_the_sample_is_told_row_by_row(built: Params) -> None:
    told = paragraphs(list(trace.of_build(make_conninfo(**built), "pggit_audit")))
    with psycopg.connect(**built) as connection:
        ids = connection.execute(
            "select v1_version_id from pggit_audit.changes where origin = 'v1'"
        ).fetchall()
        repairs = connection.execute(
            "select v1_version_id, rule, statement from pggit_audit.repairs"
        ).fetchall()
        reasons = connection.execute("select distinct reason from pggit_audit.excluded_history")
        assert all(f"left out   {reason}" in "\n".join(told.values()) for (reason,) in reasons)
    assert {f"Row {number}" for (number,) in ids} <= told.keys()
    assert len(repairs) > 5
    whole = "\n".join(told.values())
    missing = [
        rule for _, rule, statement in repairs if statement and statement.strip().splitlines()[0] not in whole
    ]
    assert missing == []


def test_a_row_says_what_it_took(built: Params) -> None:
    told = "\n".join(trace.of_build(make_conninfo(**built), "pggit_audit"))
    assert "  statement  " in told
    assert "  repair     older_table: " in told
    assert "             because " in told
    assert "  changed    CREATE public.books" in told
    assert "  event      CREATE public.books: exact" in told
    assert "             +CREATE TABLE public.books (" in told


def test_a_database_without_a_build_is_refused(empty_database: str) -> None:
    with pytest.raises(PggitError, match="There is no build to trace"):
        list(trace.of_build(empty_database, "pggit_audit"))
