"""What could not run, or explains nothing: the rows that are left, and what stands for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import psycopg

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import create_table, qualified
from pggit_audit.history import HistoryRow
from pggit_audit.replay.attempt import Attempts, Outcome
from pggit_audit.replay.events import Event, EventWriter
from pggit_audit.replay.execution import Execution
from pggit_audit.replay.identities import Identities
from pggit_audit.replay.matching import Match, Matching
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import Difference, combine
from pggit_audit.rules import RECORDED_DROP, STATEMENT_FAILED, TABLE_FROM_COLUMNS, UNEXPLAINED_ROW, columns
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Statement

# Characters of the server's message that a finding repeats.
_MOST_SAID = 300


class Fallback:
    """Accounts for the rows whose statement did not run, most telling first.

    The row's recorded columns, then a drop that it recorded, then the object as it stands, then the statement's own
    text.
    """

    def __init__(
        self,
        situation: Situation,
        evidence: Evidence,
        identities: Identities,
        attempts: Attempts,
        matching: Matching,
        provenance: Provenance,
        writer: EventWriter,
    ) -> None:
        self._situation = situation
        self._evidence = evidence
        self._identities = identities
        self._attempts = attempts
        self._matching = matching
        self._provenance = provenance
        self._writer = writer

    def not_run(self, statement: Statement, execution: Execution) -> Iterator[Event]:
        """Rows of a statement that is not tried: it changes no definition (privileges, owners), or is refused."""
        rows = execution.remaining
        refused = statement.action != "ignored"
        while rows and self._matching.names_target(rows[0], statement, []):
            row = rows.popleft()
            if refused:
                yield self._refused(row, statement)
            else:
                yield self._writer.of_row(row, None, [])

    def _refused(self, row: HistoryRow, statement: Statement) -> Event:
        why = f"it would reach outside the shadow database, as a {statement.tag} statement"
        return self._writer.without_object(row, "static", statement.text, why, "refused_statement")

    def failed(self, statement: Statement, execution: Execution, outcome: Outcome) -> Iterator[Event]:
        """Rows of a statement that could not run, whatever was tried."""
        code, why = self._failure(outcome.error)
        execution.failures.append((code, why))
        execution.waiting.extend((d, outcome.repairs) for d in outcome.differences)
        rows = execution.remaining
        matched: list[Match] = []
        while rows and self._matching.names_target(rows[0], statement, matched):
            row = rows.popleft()
            if not matched:
                before = execution.waiting.copy()
                execution.waiting.clear()
                yield from self._writer.inferred(before, row)
            matched.append((row, None))
            yield from self._from_columns(row, why, execution) or [
                self._writer.without_object(row, "static", statement.text, why, code)
            ]

    def _failure(self, error: psycopg.Error | None) -> tuple[str, str]:
        """The finding of a failure, and its message."""
        if isinstance(error, psycopg.errors.QueryCanceled):
            shadow = self._situation.shadow
            return (
                "statement_timeout",
                f"the statement did not end within {shadow.patience.told(shadow.seconds)}",
            )
        return "statement_failed", f"the statement could not run: {_message(error)}"

    def unexplained(self, row: HistoryRow, execution: Execution) -> Iterator[Event]:
        """A row that no statement of its execution accounts for."""
        text = execution.text
        code, why = "unexplained_row", "no statement of the recorded text explains it"
        if execution.failures:
            # A block or a call names no object: it may have been the one, and it failed.
            code, why = execution.failures[0]
        elif not text.strip():
            why = "the row has no SQL text"
        elif not execution.statements:
            why = "the row's SQL text holds no statement"
        events = self._from_columns(row, why, execution)
        current = self._identities.current(row)
        events = events or self._recorded_drop(row, current, execution)
        if current is not None and row.schema_is_told and current.object_schema != row.object_schema:
            # The row tells that it was elsewhere by then.
            current = None
        if events:
            yield from events
        elif current is not None:
            stands = f"{why}; {current.object_identity} stands as it was"
            repair = Repair(UNEXPLAINED_ROW, "", stands, about=execution.about)
            yield self._writer.standing(row, repair, code, why)
        else:
            fidelity = "static" if text.strip() else "unknown"
            yield self._writer.without_object(row, fidelity, text, why, code)

    def _from_columns(self, row: HistoryRow, why: str, execution: Execution) -> list[Event]:
        """The row's table, brought to its recorded columns; nothing where there are none, or they make none."""
        if row.object_type != "TABLE" or not row.columns or row.change_type == "DROP":
            return []
        name = self._identities.relation_name(row) or (
            row.object_schema or self._situation.schemas[0],
            row.name,
        )
        told = f"row {row.version_id} recorded the columns; {why}"
        repairs: list[Repair] = []
        differences: list[Difference] = []
        if self._situation.relation(name) is None:
            live = self._evidence.live.table(name)
            make = create_table(name, self._evidence.modifiers.usual(row.columns, live))
            build = Repair(TABLE_FROM_COLUMNS, make, told, inferred=name)
            outcome = self._attempts.run(Statement(build.statement, "ddl", "CREATE TABLE", (name,)))
            if not outcome.ran:
                return []
            repairs, differences = [*outcome.repairs, build], outcome.differences
        steps = [
            step
            for step in columns.align(self._evidence, name, row.columns, self._situation.columns(name), told)
            if self._situation.runs(step.statement)
        ]
        combine(differences, self._situation.observe(*(r.statement for r in steps)))
        repairs += steps
        own = next((d for d in differences if (d.object.object_schema, d.object.object_name) == name), None)
        repairs = [replace(r, about=execution.about) for r in repairs]
        self._provenance.note(
            repairs or [Repair(TABLE_FROM_COLUMNS, "", told, inferred=name, about=execution.about)]
        )
        notes = repairs or [Repair(STATEMENT_FAILED, "", told, inferred=name, about=execution.about)]
        # The statement did not run: what changed along with the table came of these steps alone.
        alone = [replace(r, inferred=None) for r in notes]
        others: list[Inferred] = [(d, alone) for d in differences if d is not own]
        self._provenance.note_again([d.new.key for d, _ in others if d.new is not None], notes[0].cause)
        return [*self._writer.inferred(others, row), self._writer.of_row(row, own, notes)]

    def _recorded_drop(
        self, row: HistoryRow, current: DatabaseObject | None, execution: Execution
    ) -> list[Event]:
        """Drops what the row says was dropped; nothing where it cannot be."""
        if row.change_type != "DROP" or current is None:
            return []
        kind = current.object_type.replace("_", " ")
        drop = Repair(
            RECORDED_DROP,
            f"DROP {kind} {qualified((current.object_schema, current.object_name))} CASCADE;",
            f"row {row.version_id} recorded the drop",
            about=execution.about,
        )
        outcome = self._attempts.run(Statement(drop.statement, "ddl", f"DROP {kind}"))
        if not outcome.ran:
            return []
        own = next((d for d in outcome.differences if d.old is not None and d.old.key == current.key), None)
        others: list[Inferred] = [(d, [drop]) for d in outcome.differences if d is not own]
        return [*self._writer.inferred(others, row), self._writer.of_row(row, own, [drop])]


def _message(error: psycopg.Error | None) -> str:
    """What the server said, in so far as a person reads it: it may quote a whole statement."""
    said = (error.diag.message_primary or str(error) if error else None) or "nobody said why"
    return said if len(said) <= _MOST_SAID else said[:_MOST_SAID] + "..."
