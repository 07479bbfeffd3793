"""Steps of which the ids of transactions tell the moment, each taken when it is due."""

from __future__ import annotations

from dataclasses import replace

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import qualified
from pggit_audit.history import HistoryRow
from pggit_audit.replay.attempt import Attempts
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.rules import attachments, dated
from pggit_audit.rules.dated import Dated
from pggit_audit.rules.situation import Evidence, about

# What could not be made when it was due may need what comes a little later.
_TRIES = 5


class DatedSteps:
    """Brings what the live catalog has of kinds that v1 does not record, at their moments."""

    def __init__(
        self, situation: Situation, evidence: Evidence, attempts: Attempts, provenance: Provenance
    ) -> None:
        self._situation = situation
        self._evidence = evidence
        self._attempts = attempts
        self._provenance = provenance
        self._attachments = attachments.of_live_catalog(evidence) if evidence.moments else []
        self._steps = [(step, _TRIES) for step in dated.of_live_catalog(evidence)]

    def take(self, row: HistoryRow, early: bool = False) -> list[Inferred]:
        """Takes the steps that are due before (`early`) or after this row."""
        if not self._steps:
            return []
        result: list[Inferred] = []
        self._situation.at(row)
        left = []
        for step, tries in self._steps:
            position, before = step.moment.due
            if position > row.position or (position == row.position and early and not before):
                left.append((step, tries))
                continue
            if step.column is not None:
                result += self._end_of_column(step)
                continue
            changed = self._label(step) if step.label is not None else self._object(step)
            if changed is not None:
                result += changed
            elif tries > 1:
                left.append((step, tries - 1))
        self._steps = left
        return result

    def _label(self, step: Dated) -> list[Inferred] | None:
        """Adds a label; None where that cannot be done yet."""
        found = self._situation.relation(dated.name_of(step.found))
        if found is None:
            # It is made with all its labels when it is needed.
            return None
        if (
            f"\n    {step.repair.statement.split(' IF NOT EXISTS ', 1)[1].split(' AFTER ')[0]}"
            in found.definition
        ):
            return []
        return self._provenance.of_step(step.repair) if self._situation.runs(step.repair.statement) else None

    def _end_of_column(self, step: Dated) -> list[Inferred]:
        """Takes a column away that was brought back under a name that no text has."""
        known = self._situation.columns(dated.name_of(step.found))
        if not any(c["name"] == step.column for c in known):
            return []
        return self._provenance.of_step(step.repair) if self._situation.runs(step.repair.statement) else []

    def _object(self, step: Dated) -> list[Inferred] | None:
        """Makes an object, in the place of one of its name that is not it; None where that cannot be done yet."""
        found, repair = step.found, step.repair
        identity = found.object_identity
        if found.object_type in ("TRIGGER", "POLICY"):
            position = self._situation.position
            attachment = next(
                (a for a in self._attachments if a.found is found and a.first <= position < a.until), None
            )
            if attachment is None:
                return None
            identity = attachment.identity
            repair = replace(repair, statement=attachment.statement)
        here = next(
            (o for o in self._situation.state.holders(identity) if o.object_type == found.object_type), None
        )
        if here is not None:
            return self._in_its_place(here, step)
        if self._situation.runs(repair.statement):
            return self._provenance.of_step(repair)
        if found.object_type != "MATERIALIZED_VIEW":
            return None
        # It may name a table as it is called now.
        outcome = self._attempts.with_older_names(repair)
        if outcome is None:
            return None
        steps = [*outcome.repairs, repair]
        self._provenance.note(steps)
        return [(d, [replace(r, inferred=None) for r in steps]) for d in outcome.differences]

    def _in_its_place(self, here: DatabaseObject, step: Dated) -> list[Inferred]:
        """Makes an object where another of its name is, of an earlier time."""
        found = step.found
        statement = step.repair.statement
        if found.object_type != "MATERIALIZED_VIEW" or here.definition in (found.definition, statement):
            return []
        drop = f"DROP MATERIALIZED VIEW {qualified(dated.name_of(found))};"
        together = about(found.object_type, dated.name_of(found))
        again = replace(step.repair, statement=f"{drop}\n{statement}", about=together)
        return self._provenance.of_step(again) if self._situation.runs(again.statement) else []
