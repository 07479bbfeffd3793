"""Steps right before and right behind a statement that did run, where its rows say more than its text."""

from __future__ import annotations

from dataclasses import replace
from itertools import chain

from pggit_audit.history import HistoryRow
from pggit_audit.replay.attempt import Outcome
from pggit_audit.replay.execution import Execution
from pggit_audit.replay.identities import Identities
from pggit_audit.replay.matching import Match
from pggit_audit.replay.merging import merge
from pggit_audit.replay.pending import PendingSteps
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import Difference, combine
from pggit_audit.rules import (
    FROM_LIVE_CATALOG,
    RENAMED_COLUMN,
    RENAMED_SCHEMA,
    added_columns,
    columns,
    indexes,
    others,
    relations,
    renamed_types,
    routines,
    schemas,
    sequences,
    shared_columns,
)
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Statement, split


def _words_of(step: Repair) -> set[str]:
    """The words of a step's statements, and the names in them."""
    return {word for statement in split(step.statement) for word in statement.words}


class Corrections:
    """Brings the shadow to what a statement's rows recorded, where the statement alone does not."""

    def __init__(
        self,
        situation: Situation,
        evidence: Evidence,
        identities: Identities,
        pending: PendingSteps,
        provenance: Provenance,
    ) -> None:
        self._situation = situation
        self._evidence = evidence
        self._identities = identities
        self._pending = pending
        self._provenance = provenance
        # The row before which each was.
        self._schemas_renamed: dict[str, int] = {}

    def before(self, statement: Statement, row: HistoryRow) -> list[Inferred]:
        """Takes what must have happened between the row before and this one."""
        result: list[Inferred] = []
        steps = chain(
            schemas.of_row(self._evidence, self._situation, statement, row, self._schemas_renamed),
            indexes.free_for_key(self._evidence, self._situation, statement, row),
            added_columns.before(self._evidence, self._situation, statement, row),
            shared_columns.before(self._evidence, self._situation, statement, row),
            sequences.before_identity(self._evidence, self._situation, statement, row),
            others.rules_in_the_way(self._evidence, self._situation, statement, row),
            routines.replaced_overloads(
                self._evidence, self._situation, statement, row, self._identities.routines
            ),
        )
        for step in steps:
            if self._situation.runs(step.statement):
                result += self._provenance.of_step(step)
                if step.rule is RENAMED_SCHEMA:
                    self._schemas_renamed[step.statement] = row.position
                if step.rule is RENAMED_COLUMN and step.inferred is not None:
                    self._pending.foresee_renames(step.inferred, row.position)
        return result

    def name_as_recorded(self, statement: Statement, execution: Execution, outcome: Outcome) -> None:
        """Right behind the statement: gives what it made the names that its rows have."""
        # What a step made has its name already.
        of_steps = {w for r in outcome.repairs if r.rule is FROM_LIVE_CATALOG for w in _words_of(r)}
        made = [d.new for d in outcome.differences if d.old is None and d.new is not None]
        made = [o for o in made if o.object_name not in of_steps]
        for step in indexes.given_up(self._situation, statement, execution.remaining, made):
            if self._situation.runs(step.statement):
                execution.waiting += self._provenance.of_step(step)
        steps = indexes.as_recorded(statement, execution.remaining, made)
        if statement.action == "code":
            named = {bare for s in execution.following for _, bare in s.targets}
            steps = relations.as_recorded([r for r in execution.remaining if r.name not in named], made)
        for step in steps:
            if self._situation.runs(step.statement):
                outcome.repairs.append(step)
                combine(outcome.differences, self._situation.observe(step.statement))

    def align_columns(self, statement: Statement, matched: list[Match], outcome: Outcome) -> list[Repair]:
        """Behind the statement: brings tables to the columns that their last row recorded."""
        fixes: list[Repair] = []
        for row, difference in matched:
            if row.object_type == "TABLE" and row.change_type == "ALTER" and not row.columns:
                # v1 records none of a table with a quoted name.
                self._expect_renamed_types_of_quoted(row, difference)
        last = {row.name: (row, d) for row, d in matched if row.object_type == "TABLE" and row.columns}
        of_rows = {d.new.key for _, d in matched if d is not None and d.new is not None}
        for row, difference in last.values():
            name = self._identities.relation_name(row)
            if name is None or row.columns is None:
                continue
            if row.change_type != "DROP":
                self._pending.expect_renamed_types(row, name, difference)
            left = self._situation.columns(name)
            if not columns.disagreements(row.columns, left):
                continue
            for step in renamed_types.under_new_names(self._situation, name, row):
                if self._situation.runs(step.statement):
                    fixes.append(step)
                    changed = self._situation.observe(step.statement)
                    # No record says so of other tables.
                    beside = [
                        d.new.key for d in changed if d.new is not None and d.new.object_type == "TABLE"
                    ]
                    self._provenance.note_again(set(beside) - of_rows, step.rule.name)
                    merge(outcome.differences, changed, matched)
            why = f"row {row.version_id} recorded the columns"
            taken = [
                step
                for step in columns.align(
                    self._evidence, name, row.columns, self._situation.columns(name), why
                )
                # Each by itself: a default that cannot be set must not undo a column's new name.
                if self._situation.runs(step.statement)
            ]
            if taken:
                changed = self._situation.observe(*(step.statement for step in taken))
                # What else the statement made may read otherwise by these steps, and no record says so.
                beside = [d.new.key for d in changed if d.new is not None and d.new.object_type != "TABLE"]
                self._provenance.note_again(beside, taken[0].rule.name)
                merge(outcome.differences, changed, matched)
                fixes += taken
                if statement.action == "code":
                    self._pending.expect_left_by_code(name, left)
        return fixes

    def _expect_renamed_types_of_quoted(self, row: HistoryRow, difference: Difference | None) -> None:
        """What the row's columns tell of their types to come; they are as the statement left them."""
        name = self._identities.relation_name(row)
        if name is not None and difference is not None and difference.new is not None:
            types = {str(c["name"]): {"type": c["type"]} for c in self._situation.columns(name)}
            self._pending.expect_renamed_types(replace(row, columns=types), name, difference)
