"""What could not run, or explains nothing: the rows that are left, and what stands for them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

import psycopg

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import constraints, create_table, qualified
from pggit_audit.history import HistoryRow
from pggit_audit.replay.as_called_now import AsCalledNow
from pggit_audit.replay.attempt import Attempts, Outcome
from pggit_audit.replay.code import code_of, reached
from pggit_audit.replay.events import Event, EventWriter
from pggit_audit.replay.execution import Execution
from pggit_audit.replay.identities import Identities
from pggit_audit.replay.matching import Match, Matching
from pggit_audit.replay.pending import PendingSteps
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import ROUTINES, Difference, combine
from pggit_audit.rules import (
    RECORDED_DROP,
    STATEMENT_FAILED,
    TABLE_FROM_COLUMNS,
    UNEXPLAINED_ROW,
    added_columns,
    as_they_live,
    columns,
    like_others,
    privileges,
)
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Name, Statement

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
        pending: PendingSteps,
        writer: EventWriter,
    ) -> None:
        self._situation = situation
        self._evidence = evidence
        self._identities = identities
        self._attempts = attempts
        self._matching = matching
        self._provenance = provenance
        self._pending = pending
        self._writer = writer
        self._as_called_now = AsCalledNow(situation, evidence, provenance)

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
            yield from (
                self._from_columns(row, why, execution)
                or self._as_it_lives(row, why, execution)
                or [self._writer.without_object(row, "static", statement.text, why, code)]
            )

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
        events = self._came_along(row, execution) or self._from_columns(row, why, execution)
        current = self._identities.current(row)
        events = events or self._recorded_drop(row, current, execution)
        events = events or self._as_it_lives(row, why, execution)
        if current is not None and row.schema_is_told and current.object_schema != row.object_schema:
            # The row tells that it was elsewhere by then.
            current = None
        if events:
            yield from events
        elif current is not None and row.change_type == "CREATE" and current.key in execution.made:
            # It came with what another row of its statement tells.
            yield self._writer.of_row(row, None, [])
        elif current is not None:
            stands = f"{why}; {current.object_identity} stands as it was"
            repair = Repair(UNEXPLAINED_ROW, "", stands, about=execution.about)
            if row.change_type == "ALTER" and not execution.failures and self._changes_owners(execution):
                yield self._writer.of_row(row, None, [repair])
            else:
                yield self._writer.standing(row, repair, code, why)
        else:
            fidelity = "static" if text.strip() else "unknown"
            yield self._writer.without_object(row, fidelity, text, why, code)

    def _changes_owners(self, execution: Execution) -> bool:
        """Whether the row may be of code that ran, and gave things to another owner: no definition has that."""
        codes = [s.text for s in execution.statements if s.action == "code"]
        called = [code_of(o) for text in codes for o in reached(text, self._situation.state)]
        return privileges.changes_owners([*codes, *called])

    def _came_along(self, row: HistoryRow, execution: Execution) -> list[Event]:
        """What the row tells, where it came with what a row before it told: a key's index comes and goes with its
        table."""
        made = self._routines_in_turn(row, execution)
        gone = {d.object.key: (d, repairs) for d, repairs in execution.waiting if d.new is None}
        for i, (difference, repairs) in enumerate(execution.waiting):
            # A rename, or a move, leaves an ALTER under the new name.
            before = gone.get(difference.object.key) if difference.change_type == "CREATE" else None
            if _tells(row, difference, "ALTER" if before is not None else None) or difference is made:
                del execution.waiting[i]
                if difference is made:
                    found = difference.object
                    self._identities.know_routine(row.object_name, (found.object_schema, found.object_name))
                # Something may have changed it since.
                now = self._situation.state.as_it_is(difference) or difference
                own = self._writer.of_row(row, now, repairs)
                if before is None:
                    return [own]
                execution.waiting = [w for w in execution.waiting if w[0] is not before[0]]
                return [*self._writer.inferred([before], row), own]
        return []

    def _routines_in_turn(self, row: HistoryRow, execution: Execution) -> Difference | None:
        """The routine of a row that has its oid only, where the statements made as many as there are such rows left:
        they are in the same order."""
        if row.object_type not in ROUTINES or row.change_type != "CREATE" or not row.object_name.isdigit():
            return None
        left = [
            r
            for r in execution.remaining
            if r.position >= row.position and (r.object_type, r.change_type) == (row.object_type, "CREATE")
        ]
        made = [d for d, _ in execution.waiting if d.old is None and d.object.object_type == row.object_type]
        is_told = len(made) == len(left) and row.object_schema in (None, made[0].object.object_schema)
        return made[0] if is_told else None

    def _of_no_later(
        self, row: HistoryRow, others: Sequence[Inferred], execution: Execution
    ) -> Iterator[Event]:
        """The events of what came along with a row; what later rows of its execution tell waits for them."""
        later = [r for r in execution.rows if r.position > row.position]
        waiting = [o for o in others if any(_tells(r, o[0]) for r in later)]
        execution.waiting += waiting
        return self._writer.inferred([o for o in others if o not in waiting], row)

    def _as_it_lives(self, row: HistoryRow, why: str, execution: Execution) -> list[Event]:
        """What the row created, as the live catalog has it; nothing where that does not tell, or cannot be made."""
        if row.object_type == "TABLE" or self._identities.current(row) is not None:
            return []
        steps = self._as_the_live_tell(row, (row.object_schema, row.name), why)
        if not steps:
            return []
        step = replace(steps[0], about=execution.about)
        taken = self._take(step)
        name = step.inferred
        own = next((t for t in taken if (t[0].object.object_schema, t[0].object.object_name) == name), None)
        if own is None or name is None:
            return []
        if row.object_type in ROUTINES:
            self._identities.know_routine(row.object_name, name)
        others = [t for t in taken if t is not own]
        return [*self._writer.inferred(others, row), self._writer.of_row(row, *own)]

    def _as_the_live_tell(self, row: HistoryRow, name: Name, why: str) -> list[Repair]:
        """The steps that make what the row created: as it is in the end, or as others are that were made alike."""
        found = as_they_live.live_object(self._evidence, row)
        if found is not None:
            return as_they_live.steps(self._evidence, row, name, found, why)
        return like_others.steps(self._evidence, row, why)

    def _from_columns(self, row: HistoryRow, why: str, execution: Execution) -> list[Event]:
        """The row's table, as the live catalog has it if the row created that, and brought to its recorded columns;
        nothing where neither is known, or nothing can be made of it."""
        if row.object_type != "TABLE" or row.change_type == "DROP":
            return []
        name = self._identities.relation_name(row) or (
            row.object_schema or self._situation.schemas[0],
            row.name,
        )
        told = f"row {row.version_id} recorded the columns; {why}"
        repairs: list[Repair] = []
        differences: list[Difference] = []
        if self._situation.relation(name) is None:
            outcome = self._make_table(row, name, why, told)
            if outcome is None:
                return []
            repairs, differences = outcome.repairs, outcome.differences
        elif not row.columns:
            return []
        steps: list[Repair] = []
        for bring in (added_columns.by_record, columns.align) if row.columns else ():
            there = self._situation.columns(name)
            for step in bring(self._evidence, name, row.columns or {}, there, told):
                # The code may have made a type for them.
                taken = self._attempts.with_its_types(step)
                steps += [*taken.repairs, step] if taken is not None else []
                combine(differences, taken.differences if taken is not None else ())
        steps += self._constraints(row, name, why, differences)
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
        events = [*self._of_no_later(row, others, execution), self._writer.of_row(row, own, notes)]
        self._pending.foresee(row, own)
        return events

    def _constraints(
        self, row: HistoryRow, name: Name, why: str, differences: list[Difference]
    ) -> Iterator[Repair]:
        """Adds the constraints that the table got with the row, as the ids of transactions tell."""
        found = self._situation.relation(name)
        known = constraints(found.definition) if found is not None else {}
        for step in as_they_live.constraints_made(self._evidence, row, name, known, why):
            taken = self._take(step)
            combine(differences, [d for d, _ in taken])
            if taken:
                yield step

    def _take(self, step: Repair) -> list[Inferred]:
        """What a step of the live catalog changed, if what it needs is there or can be made."""
        taken = self._as_called_now.take(step)
        if taken is not None:
            return taken
        outcome = self._attempts.alone(step)
        if outcome is None:
            return []
        steps = [*outcome.repairs, step]
        self._provenance.note(steps)
        return [(d, steps) for d in outcome.differences]

    def _make_table(self, row: HistoryRow, name: Name, why: str, told: str) -> Outcome | None:
        """Makes the table of a row; None where nothing tells what it is, or it cannot be made."""
        ways = [steps] if (steps := self._as_the_live_tell(row, name, why)) else []
        if row.columns:
            live = self._evidence.live.table(name)
            make = create_table(name, self._evidence.modifiers.usual(row.columns, live))
            ways.append([Repair(TABLE_FROM_COLUMNS, make, told, inferred=name)])
        for made, *rest in ways:
            outcome = self._attempts.run(Statement(made.statement, "ddl", "CREATE TABLE", (name,)))
            if outcome.ran:
                return replace(outcome, repairs=[*outcome.repairs, made, *self._complete(outcome, rest)])
        return None

    def _complete(self, outcome: Outcome, rest: Iterable[Repair]) -> Iterator[Repair]:
        """Adds what belongs to a table that was made; what does not fit now comes later or never."""
        for step in rest:
            if self._situation.runs(step.statement):
                combine(outcome.differences, self._situation.observe(step.statement))
                yield step
            elif (older := self._attempts.with_older_names(step)) is not None:
                combine(outcome.differences, older.differences)
                yield step

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
        return [*self._of_no_later(row, others, execution), self._writer.of_row(row, own, [drop])]


def _tells(row: HistoryRow, difference: Difference, change_type: str | None = None) -> bool:
    """Whether a row may be of a difference, by what it says happened (or what such a row says), and the object's kind
    and name."""
    found = difference.object
    return (row.change_type, row.object_type, row.object_schema, row.name) == (
        change_type or difference.change_type,
        found.object_type,
        found.object_schema,
        found.object_name,
    )


def _message(error: psycopg.Error | None) -> str:
    """What the server said, in so far as a person reads it: it may quote a whole statement."""
    said = (error.diag.message_primary or str(error) if error else None) or "nobody said why"
    return said if len(said) <= _MOST_SAID else said[:_MOST_SAID] + "..."
