"""Walks a hostile history, and looks at the outside all the while."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from attacks import HARMLESS, Attack
from helpers import Session
from outside import changed, fingerprint

from pggit_audit import models
from pggit_audit.history import HistoryRow
from pggit_audit.replay import Event, Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.shadow import Shadow

Params = dict[str, Any]


def row(version_id: int, name: str, text: str) -> HistoryRow:
    return HistoryRow(
        position=version_id - 1, version_id=version_id, execution_no=version_id, branch_name="main",
        object_type="TABLE", object_schema="public", object_name=name, change_type="CREATE",
        change_severity=None, change_sql=text, columns=None,
        created_at=datetime(2024, 1, 1) + timedelta(days=version_id), author="mallory", message=None,
    )  # fmt: skip


def history(texts: Sequence[Attack]) -> list[HistoryRow]:
    """Each attack as a row of its own, and an honest row behind each."""
    rows = []
    for i, attack in enumerate(texts):
        rows.append(row(2 * i + 1, f"attacked_{i}", attack.text))
        rows.append(row(2 * i + 2, f"honest_{i}", HARMLESS.format(name=f"honest_{i}")))
    return rows


def walk(
    shadow: Shadow, texts: Sequence[Attack], admin: Params, without: Collection[str] = ()
) -> list[Event]:
    """The events of the history; after none of its rows has anything changed outside, but for kinds left out."""

    def outside() -> dict[str, list[str]]:
        return {what: lines for what, lines in fingerprint(admin).items() if what not in without}

    def expect_nothing_changed(attempted: Sequence[Attack]) -> None:
        differences = changed(before, outside())
        assert differences == {}, f"{differences} behind {[a.name for a in attempted]}"

    before = outside()
    rows = history(texts)
    replay = Replay(shadow, Evidence(rows, ()), "main")
    events = []
    seen = 0
    for event in replay.run(rows):
        events.append(event)
        if event.v1_version_id is not None and event.v1_version_id % 20 == 0:
            expect_nothing_changed(texts[seen : event.v1_version_id // 2])
            seen = event.v1_version_id // 2
    expect_nothing_changed(texts[seen:])
    return events


def expect_honest_rows(events: Sequence[Event], texts: Sequence[Attack]) -> None:
    """What an attack leaves behind in its session reaches no honest row."""
    told = {e.v1_version_id: e for e in events if e.origin == "v1"}
    for i, attack in enumerate(texts):
        honest = told[2 * i + 2]
        wanted = f"CREATE TABLE public.honest_{i} (\n    id integer\n);"
        assert (honest.new_definition, honest.fidelity) == (wanted, "exact"), attack.name


def replayed(texts: Sequence[Attack], session: Session) -> list[dict[str, Any]]:
    """The rows of `int_replay__events` for the history, as a build makes them: it walks again where it has to."""
    rows = [
        {
            **{name: getattr(row, name) for name in (
                "version_id", "branch_name", "execution_no", "object_type", "object_schema", "object_name",
                "change_type", "change_severity", "change_sql", "created_at", "author", "exclusion_reason",
            )},
            "change_description": None, "recorded_columns": None, "recorded_oid": None, "transaction_no": None,
        }
        for row in history(texts)
    ]  # fmt: skip
    return models.replay_events(
        executions=rows,
        branches=[{"branch_name": "main", "parent_branch_name": None, "fork_version_id": None}],
        bases=(),
        base_objects=(),
        routines=(),
        live_objects=(),
        session=session,
        shadow="target",
        hidden_schemas=(),
    )
