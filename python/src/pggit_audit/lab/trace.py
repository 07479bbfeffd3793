"""A replay step by step: each history row with its statements, the repairs that they took, and what changed."""

from __future__ import annotations

import difflib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import groupby
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit import models
from pggit_audit.errors import PggitError
from pggit_audit.history import HistoryRow
from pggit_audit.replay import Outcome
from pggit_audit.sessions import read_any_time
from pggit_audit.statements import Statement

Row = Mapping[str, Any]

TABLES = {
    name: f"int_replay__{name}"
    for name in (
        "executions",
        "branches",
        "bases",
        "base_objects",
        "routines",
        "live_objects",
        "catalog_rows",
    )
}
"""The arguments of `replay_events`, and the tables that a build keeps them in."""

MOST_LINES = 12
"""Of one text."""


@dataclass
class Trace:
    """What was tried for each row; `record` is an observer of the replay."""

    tried: dict[int, list[tuple[Statement, Outcome]]] = field(default_factory=lambda: defaultdict(list))

    def record(self, row: HistoryRow, statement: Statement, outcome: Outcome) -> None:
        """Keeps one statement and what it came to."""
        self.tried[row.version_id].append((statement, outcome))

    def lines(self, events: Iterable[Row], executions: Iterable[Row]) -> Iterator[str]:
        """The whole replay as text, commit by commit.

        Args:
            events: rows of int_replay__events, in their order.
            executions: rows of int_replay__executions.
        """
        rows = {row["version_id"]: row for row in executions}
        for anchor, group in groupby(
            events, key=lambda e: (e["branch_name"], e["anchor_version_id"] or e["v1_version_id"])
        ):
            yield ""
            yield from self._commit(rows.get(anchor[1]), list(group))

    def _commit(self, row: Row | None, events: Sequence[Row]) -> Iterator[str]:
        if row is None:
            yield "No row: what the live catalog has otherwise"
        else:
            yield (
                f"Row {row['version_id']}: {row['change_type']} {row['object_type']}"
                f" {row['object_schema']}.{row['object_name']}, {row['created_at']}, {row['author']}"
            )
            for statement, outcome in self.tried.get(row["version_id"], ()):
                yield from _statement(statement, outcome)
        told = {
            (repair.rule.name, repair.statement)
            for _, outcome in self.tried.get(row["version_id"] if row else 0, ())
            for repair in outcome.repairs
        }
        for event in events:
            yield from _event(event, told)


def _statement(statement: Statement, outcome: Outcome) -> Iterator[str]:
    yield from _text("statement  ", statement.text)
    for repair in outcome.repairs:
        yield from _repair(repair.rule.name, repair.statement, repair.evidence)
    if not outcome.ran:
        yield from _text("failed     ", str(outcome.error))
    for difference in outcome.differences:
        yield f"  changed    {difference.change_type} {difference.path}"


def _repair(rule: str, statement: str, evidence: str) -> Iterator[str]:
    if statement:
        yield from _text(f"repair     {rule}: ", statement)
    else:
        yield f"  repair     {rule}"
    yield f"             because {evidence}"


def _event(event: Row, told: set[tuple[str, str]]) -> Iterator[str]:
    """One event; the repairs in `told` stand with their statement already, and each of the others comes once."""
    if event["origin"] == "excluded":
        yield f"  left out   {event['exclusion_reason']}"
        return
    said = {"v1": "event", "inferred": "inferred"}[event["origin"]]
    yield f"  {said:<11}{event['change_type']} {event['object_identity']}: {event['fidelity']}"
    for note in event["repairs"] or ():
        if (note["rule"], note["statement"]) not in told:
            told.add((note["rule"], note["statement"]))
            yield from _repair(note["rule"], note["statement"], note["evidence"])
    for note in event["findings"] or ():
        yield f"             finding {note['code']}: {note['message']}"
    old, new = ((event[name] or "").splitlines() for name in ("old_definition", "new_definition"))
    changed = list(difflib.unified_diff(old, new, lineterm="", n=0))[2:]
    yield from (f"             {line}" for line in changed[:MOST_LINES] if not line.startswith("@@"))
    if len(changed) > MOST_LINES:
        yield f"             … and {len(changed) - MOST_LINES} lines more"


def _text(title: str, text: str) -> Iterator[str]:
    lines = text.strip().splitlines() or ["(no text)"]
    yield f"  {title}{lines[0]}"
    yield from (f"             {line}" for line in lines[1:MOST_LINES])
    if len(lines) > MOST_LINES:
        yield f"             … and {len(lines) - MOST_LINES} lines more"


class _Session:
    """What `replay_events` wants of dbt: the server of a build."""

    project_root = None
    shadow_login = None

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._parameters = {**connection.info.get_parameters(), "password": connection.info.password or None}

    def connect_params(self) -> dict[str, Any]:
        """Keywords for a connection to the server of the build."""
        return {name: value for name, value in self._parameters.items() if value is not None}

    def info(self, text: str) -> None:
        """Nobody listens."""


def of_build(conninfo: str, audit_schema: str) -> Iterator[str]:
    """Replays what the last build of a database worked on once more, and tells it.

    Args:
        conninfo: the database, with the tables of a build (that need not have ended well).
        audit_schema: where its results are; the tables are in the same name with `_work`.

    Raises `PggitError` where there is no build.
    """
    work = f"{audit_schema}_work"
    with psycopg.connect(conninfo, autocommit=True, row_factory=dict_row) as connection:
        read_any_time(connection)
        try:
            tables = {
                name: connection.execute(
                    sql.SQL("select * from {}").format(sql.Identifier(work, table))
                ).fetchall()
                for name, table in TABLES.items()
            }
        except psycopg.errors.UndefinedTable as error:
            raise PggitError(
                f"There is no build to trace: {error.diag.message_primary}. Nothing was changed. "
                "Run `dbt build` there, or leave --dsn away."
            ) from None
        trace = Trace()
        replay: Callable[..., list[dict[str, Any]]] = models.replay_events
        events = replay(
            **tables,
            session=_Session(connection),
            shadow="target",
            hidden_schemas=("pggit", "pggit_v0", audit_schema, work),
            observe=trace.record,
        )
    yield from trace.lines(events, tables["executions"])
