"""Steps that no row tells of, seen coming from what later rows and the live catalog have, and taken when due."""

from __future__ import annotations

import re
from dataclasses import replace

from pggit_audit.history import HistoryRow
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation, naming
from pggit_audit.replay.state import Difference
from pggit_audit.rules import (
    FORESEEN_RENAME,
    attachments,
    constraints,
    indexes,
    materialized_views,
    relations,
    renamed_columns,
    renamed_types,
    sequences,
    types,
)
from pggit_audit.rules.situation import Current, Evidence, PendingStep
from pggit_audit.statements import Name

_DESCENDS = re.compile(r"\n\) INHERITS \(|\nALTER TABLE ONLY [^;]* (?:ATTACH PARTITION|INHERIT) ")

# What else needs a table, or a part of it, than foreign keys of other tables.
_OTHER_USERS = """
    with parts as (
        select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid as classid, %(oid)s::pg_catalog.oid as objid
        union all
        select 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid, indexrelid from pg_catalog.pg_index
        where indrelid operator(pg_catalog.=) %(oid)s::pg_catalog.oid
        union all
        select 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid, oid from pg_catalog.pg_constraint
        where conrelid operator(pg_catalog.=) %(oid)s::pg_catalog.oid
        union all
        select 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid, reltype from pg_catalog.pg_class
        where oid operator(pg_catalog.=) %(oid)s::pg_catalog.oid
    )
    select from pg_catalog.pg_depend as d
    join parts as p on p.classid operator(pg_catalog.=) d.refclassid and p.objid operator(pg_catalog.=) d.refobjid
    where
        d.deptype operator(pg_catalog.=) 'n'
        and not exists (
            select from parts as own
            where own.classid operator(pg_catalog.=) d.classid and own.objid operator(pg_catalog.=) d.objid
        )
        and not exists (
            select from pg_catalog.pg_constraint as k
            where
                d.classid operator(pg_catalog.=) 'pg_catalog.pg_constraint'::pg_catalog.regclass::pg_catalog.oid
                and k.oid operator(pg_catalog.=) d.objid and k.contype operator(pg_catalog.=) 'f'
        )
    limit 1
"""


# The tables whose foreign keys refer to a table.
_REFERRING = """
    select conrelid from pg_catalog.pg_constraint
    where
        confrelid operator(pg_catalog.=) %(oid)s::pg_catalog.oid and contype operator(pg_catalog.=) 'f'
        and conrelid operator(pg_catalog.<>) confrelid
"""


class PendingSteps:
    """The steps that are to come, each with the position at which it is due."""

    def __init__(self, situation: Situation, evidence: Evidence, provenance: Provenance) -> None:
        self._situation = situation
        self._evidence = evidence
        self._provenance = provenance
        self._steps: list[PendingStep] = []
        # The renames of columns with which code of the execution at hand ended, behind the rows that it left.
        self._left_by_code: set[str] = set()

    def foresee(self, row: HistoryRow, difference: Difference | None) -> None:
        """Looks ahead for what will happen without a row to the object that just changed."""
        if difference is not None and difference.object.object_type == "TABLE":
            before, after = difference.old, difference.new
            for step in (
                *types.unused(self._evidence, self._situation, row, before, after),
                *sequences.unused(self._evidence, self._situation, row, before, after),
            ):
                if all(s.key != step.key for s in self._steps):
                    self._steps.append(step)
        if difference is None:
            # From here on, names are those of this record.
            self.foresee_columns(row)
        if difference is None or difference.new is None:
            return
        found = difference.new
        if difference.old is None:
            rename = None
            if found.object_type == "INDEX":
                rename = indexes.erased_rename(self._evidence, found, row.position)
                taken = materialized_views.lost_rename(self._evidence, found, row)
                if taken is not None:
                    self._steps = [s for s in self._steps if s.name != taken.name] + [taken]
            end = rename or relations.lost_drop(self._evidence, found, row.position)
            self.foresee_attached(row, difference)
            if end is not None:
                self._steps.append(replace(end, key=found.key))
        name = (found.object_schema, found.object_name)
        if found.object_type == "VIEW":
            current = self._situation.columns(name)
            known = [s for s in self._steps if s.name != name or s.repair.rule is not FORESEEN_RENAME]
            renames = renamed_columns.lost_renames_of_view(self._evidence, name, current, row.position)
            self._steps = [*known, *renames]
        if found.object_type == "TABLE":
            current = self._situation.columns(name)
            steps = renamed_columns.lost_renames(
                self._evidence, name, current, row.position, self._left_by_code
            )
            steps += sequences.lost_renames(self._evidence, name, current, row.position)
            steps += constraints.lost_renames(self._evidence, found, row.position)
            steps += constraints.named_anew(self._evidence, found, row.position)
            steps = [
                replace(s, position=row.position, early=False)
                if s.repair.statement in self._left_by_code
                else s
                for s in steps
            ]
            # What was seen coming from an earlier state of the table is seen anew.
            self._steps = [s for s in self._steps if s.name != name or s.waits or s.key is not None] + steps

    def foresee_columns(self, row: HistoryRow) -> None:
        """Looks ahead for renames of columns of a table that no statement made as its row tells."""
        if row.object_type == "TABLE" and row.change_type != "DROP":
            self.foresee_renames((row.object_schema, row.name), row.position)

    def foresee_renames(self, table: Name, position: int) -> None:
        """Looks ahead for renames of columns of a table behind a row, where none is seen coming."""
        if all(s.name != table or s.repair.rule is not FORESEEN_RENAME for s in self._steps):
            current = self._situation.columns(table)
            self._steps += renamed_columns.lost_renames(self._evidence, table, current, position)

    def foresee_of_published(self) -> None:
        """Looks ahead for renames of columns and constraints of the tables and views that are published, up to their
        first records, or as they live."""
        published = [o for o in self._situation.state.objects.values() if o.object_type in ("TABLE", "VIEW")]
        for found in published if self._evidence.history.rows else ():
            name = (found.object_schema, found.object_name)
            live = self._evidence.live.by_name.get(name)
            is_as_it_lives = live is not None and live.definition == found.definition
            if is_as_it_lives and not self._evidence.history.next_record(name, -1).columns:
                continue
            current = self._situation.columns(name)
            if found.object_type == "VIEW":
                self._steps += renamed_columns.lost_renames_of_view(self._evidence, name, current, -1)
                continue
            self._steps += renamed_columns.lost_renames(self._evidence, name, current, -1)
            self._steps += constraints.lost_renames(self._evidence, found, -1)

    def foresee_attached(self, row: HistoryRow, difference: Difference) -> None:
        """Looks ahead for the end of a trigger or a policy that a text just made: no row is of either."""
        found = difference.new
        if difference.old is None and found is not None and found.object_type in ("TRIGGER", "POLICY"):
            end = attachments.lost_drop(self._evidence, found, row.position)
            if end is not None:
                self._steps.append(replace(end, key=found.key))

    def expect_renamed_types(self, row: HistoryRow, name: Name, difference: Difference | None) -> None:
        """Looks ahead for types of the table that take another one's name."""
        before = difference.old if difference is not None else None
        for step in renamed_types.expected_renames(self._evidence, self._situation, name, row, before):
            if all(s.name != step.name for s in self._steps):
                self._steps.append(step)

    def expect_left_by_code(self, table: Name, left: Current) -> None:
        """The names of columns that code left, and its row does not have: if it gave them, then behind the row."""
        there = {c["position"]: str(c["name"]) for c in self._situation.columns(table)}
        self._left_by_code |= {
            renamed_columns.rename(table, there[c["position"]], str(c["name"]), "", current=left).statement
            for c in left
            if there.get(c["position"], c["name"]) != c["name"]
        }

    def take(self, row: HistoryRow, early: bool = False) -> list[Inferred]:
        """Takes the steps that are due before (`early`) or after this row, until none is left that can be."""
        result: list[Inferred] = []
        self._situation.at(row)
        self._left_by_code.clear()
        again = True
        while again:
            again = False
            for step in [s for s in self._steps if s.position <= row.position and s.early >= early]:
                self._steps.remove(step)
                changed = self._take(step, row)
                if changed is not None:
                    again = True
                    result.extend(changed)
        return result

    def _take(self, step: PendingStep, row: HistoryRow) -> list[Inferred] | None:
        """Takes one step; what it changed, or None where it was not taken, now or ever."""
        state = self._situation.state
        if step.key is None and state.relation(step.name) is None and state.routine(step.name) is None:
            return None
        if step.key is not None:
            same = state.objects.get(step.key)
            if same is None or (same.object_schema, same.object_name) != step.name:
                return None
        if not step.waits:
            if not self._situation.runs(step.repair.statement):
                return None
            changed = self._provenance.of_step(step.repair)
            if step.repair.rule is FORESEEN_RENAME:
                self._expect_renamed_constraints(step.name, row)
            return changed
        needed = self._needed_until(step.name)
        if needed > row.position:
            self._steps.append(replace(step, position=needed))
            return None
        _, error = self._situation.run([step.repair.statement])
        if error is not None and error.sqlstate == "2BP01" and self._only_foreign_keys(step.name):
            goes_before = self._end_of_referring(step.name)
            if goes_before > row.position:
                self._steps.append(replace(step, position=goes_before))
                return None
            # They may have gone by CASCADE, of which v1 records nothing; the live catalog has none of them.
            cascade = step.repair.statement.removesuffix(";") + " CASCADE;"
            step = replace(step, repair=replace(step.repair, statement=cascade))
            _, error = self._situation.run([cascade])
        if error is None:
            return self._provenance.of_step(step.repair)
        if error.sqlstate == "2BP01":
            later = row.position + 2**step.tries
            self._steps.append(replace(step, position=later, tries=step.tries + 1))
        return None

    def _expect_renamed_constraints(self, name: Name, row: HistoryRow) -> None:
        """Looks ahead for constraints of a table whose column has its new name: now they are those of the live one."""
        table = self._situation.relation(name)
        if table is None or table.object_type != "TABLE":
            return
        known = {step.repair.statement for step in self._steps}
        found = constraints.lost_renames(self._evidence, table, row.position)
        self._steps += [step for step in found if step.repair.statement not in known]

    def _only_foreign_keys(self, name: Name) -> bool:
        """Whether nothing but foreign keys of other tables is in the way of a table's drop."""
        table = self._situation.relation(name)
        if table is None or table.object_type != "TABLE":
            return False
        return not self._situation.query(_OTHER_USERS, {"oid": table.objid})

    def _end_of_referring(self, name: Name) -> int:
        """Position by which the last of the tables that refer to a table, and are to go as well, is gone; else -1.

        Who drops several tables begins with those that refer to others: it takes no CASCADE, and leaves the other
        tables as they are.
        """
        table = self._situation.relation(name)
        rows = self._situation.query(_REFERRING, {"oid": table.objid}) if table is not None else []
        referring = {oid for (oid,) in rows}
        ends = (
            step.position
            for step in self._steps
            if step.waits and step.key is not None and step.key[1] in referring
        )
        return max(ends, default=-1)

    def _needed_until(self, name: Name) -> int:
        """Position of the last row of anything that names the object: until then it was there."""
        found = naming(self._situation.state, self._situation.state.keys(name))
        # A foreign key proves nothing: it may have gone by CASCADE.
        proofs = [o for o in found if o.object_type != "TABLE" or _DESCENDS.search(o.definition)]
        names = [(o.object_schema, o.object_name) for o in proofs]
        return max((self._evidence.history.last_row(n) for n in names if n != name), default=-1)
