"""What a text costs: no more for each of its statements, however many there are."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable
from datetime import datetime

import pytest
from building import Version

from pggit_audit.history import HistoryRow
from pggit_audit.replay import Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.shadow import open_shadow

pytestmark = pytest.mark.slow

KINDS: dict[str, tuple[str, Callable[[int], str]]] = {
    "tables": ("TABLE", lambda i: f"create table many_{i} (id integer)"),
    "functions": (
        "FUNCTION",
        lambda i: f"create function many_{i}() returns integer language sql as 'select {i}'",
    ),
}


def _rows(kind: str, number: int) -> list[HistoryRow]:
    object_type, statement = KINDS[kind]
    text = "; ".join(map(statement, range(number)))
    return [
        HistoryRow(
            position=i, version_id=i + 1, execution_no=1, branch_name="main", object_type=object_type,
            object_schema="public", object_name=f"many_{i}", change_type="CREATE", change_severity=None,
            change_sql=text, columns=None, created_at=datetime(2024, 1, 1), author="alice", message=None,
        )
        for i in range(number)
    ]  # fmt: skip


def _calls(kind: str, number: int, version: Version) -> int:
    """How many functions are called while a text of so many statements is replayed."""
    profile = cProfile.Profile()
    rows = _rows(kind, number)
    with open_shadow(version.params, hidden=()) as shadow:
        profile.enable()
        events = list(Replay(shadow, Evidence(rows, ()), "main").run(rows))
        profile.disable()
    assert len(events) >= number
    return int(vars(pstats.Stats(profile))["total_calls"])


@pytest.mark.parametrize("kind", KINDS)
def test_each_statement_of_a_text_costs_the_same(kind: str, server_version: Version) -> None:
    """More statements take as many more calls: a square would make it 1.67 times as many, a cube 2.7."""
    few, more, most = (_calls(kind, number, server_version) for number in (40, 80, 120))
    assert (most - more) / (more - few) < 1.45
