"""What was there before the tracker, or never left a row: extensions, tables, functions, types, views enter."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import replace

from pggit_audit.definitions import qualified_identity, quote_if_needed
from pggit_audit.history import HistoryRow
from pggit_audit.replay.as_called_now import AsCalledNow
from pggit_audit.replay.attempt import Attempts, Outcome
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import Difference, combine
from pggit_audit.rules import (
    DROPPED_COLUMN,
    OLDER_CONSTRAINT,
    columns,
    extensions,
    relations,
    routines,
    schemas,
    tables,
    types,
)
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.rules.tables import PreExistingTable


class Preexisting:
    """The objects that are older than what the history tells of them, until each has entered.

    A table enters before its first row; extensions, functions and views before the first row of all, or where the ids
    tell that the tracker was off when they came.
    """

    def __init__(
        self, situation: Situation, evidence: Evidence, attempts: Attempts, provenance: Provenance
    ) -> None:
        self._situation = situation
        self._evidence = evidence
        self._attempts = attempts
        self._provenance = provenance
        self._as_called_now = AsCalledNow(situation, evidence, provenance)
        self._extensions = extensions.pre_existing(evidence)
        self._tables = deque(tables.pre_existing(evidence))
        came_late = any(table.position == 0 for table in self._tables)
        self._types = types.pre_existing(evidence, came_late)
        self._functions = routines.pre_existing(evidence)
        self._views = relations.pre_existing_views(evidence)

    def enter(self, row: HistoryRow) -> list[Inferred]:
        """What enters before this row, and what that changed."""
        self._situation.at(row)
        result = self._enter_extensions()
        result += self._make_schemas([*_due(self._functions, row), *_due(self._views, row)])
        made = self._make_tables(row)
        result += self._enter_functions(row)
        self._complete(made)
        for _, outcome in made:
            self._provenance.note(outcome.repairs)
            result.extend((d, _steps_of(d, outcome.repairs)) for d in outcome.differences)
        result += self._enter_each(self._types)
        self._types = []
        result += self._enter_each(_due(self._views, row))
        self._views = [(at, view) for at, view in self._views if at > row.position]
        return result

    def _enter_extensions(self) -> list[Inferred]:
        result: list[Inferred] = []
        extensions, self._extensions = self._extensions, []
        for repair in extensions:
            outcome = self._attempts.alone(repair)
            if outcome is not None:
                result.extend((d, [*outcome.repairs, repair]) for d in outcome.differences)
        return result

    def _make_schemas(self, older: Sequence[Repair]) -> list[Inferred]:
        """Makes the schemas of what was there before the first row of all."""
        result: list[Inferred] = []
        for schema in dict.fromkeys(r.inferred[0] for r in older if r.inferred is not None):
            if schema is not None and not self._situation.holds(quote_if_needed(schema), "SCHEMA"):
                made = schemas.of_older(self._evidence, schema)
                if self._situation.runs(made.statement):
                    result.extend(self._provenance.of_step(made))
        return result

    def _make_tables(self, row: HistoryRow) -> list[tuple[PreExistingTable, Outcome]]:
        made = []
        while self._tables and self._tables[0].position <= row.position:
            table = self._tables.popleft()
            outcome = self._make_table(table) if self._situation.relation(table.name) is None else None
            if outcome is not None:
                made.append((table, outcome))
        return made

    def _make_table(self, table: PreExistingTable) -> Outcome | None:
        """Makes a table with the columns that its first row found."""
        outcome = self._attempts.alone(table.make)
        if outcome is None:
            return None
        repairs = list(outcome.repairs)
        if table.columns:
            current = self._situation.columns(table.name)
            for step in columns.align(
                self._evidence, table.name, table.columns, current, table.make.evidence
            ):
                # A column too many is one that its first statement takes away.
                if step.rule is not DROPPED_COLUMN and self._situation.runs(step.statement):
                    repairs.append(step)
            combine(outcome.differences, self._situation.observe(*(r.statement for r in repairs)))
        return replace(outcome, repairs=[*repairs, table.make])

    def _complete(self, made: Sequence[tuple[PreExistingTable, Outcome]]) -> None:
        """Adds what belongs to the tables that were made, once all of them are there."""
        rest = [(step, outcome) for table, outcome in made for step in table.rest]
        changes: list[Difference] = []
        for step, outcome in sorted(rest, key=lambda r: _needs_others(r[0].statement)):
            # What does not fit now comes later or never.
            fits = self._situation.runs(step.statement) or self._as_called_now.runs(step.statement)
            if not fits and " FOREIGN KEY " in step.statement:
                # What it refers to had another name.
                older = self._attempts.with_older_names(step)
                if older is None and step.rule is OLDER_CONSTRAINT:
                    # It is a table that is gone by now.
                    older = self._attempts.alone(step)
                fits = older is not None
                combine(changes, older.differences if older is not None else ())
                outcome.repairs.extend(older.repairs if older is not None else ())
            if fits:
                outcome.repairs.append(step)
        combine(changes, self._situation.observe() if rest else ())
        for change in changes:
            # Of a table, or of what belongs to it: its index, its sequence.
            about = [o for table, o in made if change.path == qualified_identity(*table.name)] or [
                o for table, o in made if qualified_identity(*table.name) in change.object.definition
            ]
            combine((about or [made[-1][1]])[0].differences, [change])

    def _enter_functions(self, row: HistoryRow) -> list[Inferred]:
        """Makes the functions that are due, in whatever order they need each other."""
        result: list[Inferred] = []
        waiting = _due(self._functions, row)
        self._functions = [(at, function) for at, function in self._functions if at > row.position]
        again = True
        while again:
            again = False
            for repair in list(waiting):
                if repair.inferred is not None and self._situation.state.routine(repair.inferred) is not None:
                    waiting.remove(repair)
                    continue
                outcome = self._attempts.with_its_types(repair)
                if outcome is not None:
                    again = True
                    waiting.remove(repair)
                    steps = [*outcome.repairs, repair]
                    self._provenance.note(steps)
                    result.extend((d, _steps_of(d, steps)) for d in outcome.differences)
        return result

    def _enter_each(self, waiting: Sequence[Repair]) -> list[Inferred]:
        """Takes each step that can be taken by now, where what it makes is not there."""
        result: list[Inferred] = []
        for repair in waiting:
            known = repair.inferred is not None and self._situation.relation(repair.inferred) is not None
            if not known and self._situation.runs(repair.statement):
                result.extend(self._provenance.of_step(repair))
        return result


def _due(waiting: Sequence[tuple[int, Repair]], row: HistoryRow) -> list[Repair]:
    """What had been made by a row, of that which waits."""
    return [repair for at, repair in waiting if at <= row.position]


def _needs_others(statement: str) -> int:
    """When what belongs to a table comes: foreign keys behind all keys, then indexes that are parts of others."""
    return 2 if tables.ATTACHES_INDEX.match(statement) else " FOREIGN KEY " in statement


def _steps_of(difference: Difference, repairs: Sequence[Repair]) -> list[Repair]:
    """Of the steps that made an object and what belongs to it, those that name what differs."""
    name = difference.object.object_name
    return [replace(r, inferred=None) for r in repairs if name in r.statement or name in r.evidence]
