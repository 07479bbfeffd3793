"""Steps of which the ids of transactions tell the moment, each taken when it is due."""

from __future__ import annotations

from dataclasses import replace

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    first_statement,
    parse_name,
    qualified,
    qualified_identity,
    quote_if_needed,
    without_comments,
)
from pggit_audit.history import HistoryRow
from pggit_audit.replay.as_called_now import AsCalledNow
from pggit_audit.replay.attempt import Attempts
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.rules import (
    FORESEEN_RENAME,
    MISSING_SCHEMA,
    RENAMED_SEQUENCE,
    RENAMED_TYPE,
    attachments,
    dated,
    renamed_columns,
    schemas,
    sequences,
    types,
)
from pggit_audit.rules.dated import Dated
from pggit_audit.rules.dating import identify, kind_of, literal_of
from pggit_audit.rules.situation import Evidence, Repair, about
from pggit_audit.statements import quote

# What could not be made when it was due may need what comes a little later.
_TRIES = 5
_RENAMED = {
    "TYPE": RENAMED_TYPE,
    "SEQUENCE": RENAMED_SEQUENCE,
    **dict.fromkeys(
        (
            "AGGREGATE",
            "COLLATION",
            "PROCEDURE",
            "STATISTICS",
            "TEXT SEARCH CONFIGURATION",
            "TEXT SEARCH DICTIONARY",
        )
    ),
}
"""What leaves no row when it gets another name or schema, and the rule of that, where it has one of its own."""
# What v1 does not record, and has a name that a later one takes.
_REPLACED = ("MATERIALIZED_VIEW", "TRIGGER", "POLICY")


class DatedSteps:
    """Brings what the live catalog has of kinds that v1 does not record, at their moments."""

    def __init__(
        self,
        situation: Situation,
        evidence: Evidence,
        attempts: Attempts,
        provenance: Provenance,
        is_published: bool,
    ) -> None:
        self._situation = situation
        self._evidence = evidence
        self._attempts = attempts
        self._provenance = provenance
        self._is_published = is_published
        self._as_called_now = AsCalledNow(situation, evidence, provenance)
        self._attachments = attachments.of_live_catalog(evidence) if evidence.moments else []
        self._steps = [(step, _TRIES) for step in dated.of_live_catalog(evidence, is_published)]

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
            if step.found.object_schema == row.object_schema:
                result += self._schema_of(step.found)
            changed = self._label(step) if step.label is not None else self._object(step)
            if changed is not None:
                result += changed
            elif tries > 1:
                left.append((step, tries - 1))
        self._steps = left
        return result

    def _label(self, step: Dated) -> list[Inferred] | None:
        """Adds a label, or gives it its name; None where that cannot be done yet."""
        found = self._situation.relation(dated.name_of(step.found)) or self._called_before(step.found)
        if found is None:
            # It is made with all its labels when it is needed.
            return None
        assert step.label is not None
        have = types.enum_labels(found.definition)
        if step.label in have:
            return []
        live = types.enum_labels(step.found.definition)
        place = types.label_place(step.label, live, have)
        name = dated.name_of(found)
        add = step.repair.statement.replace(qualified(dated.name_of(step.found)), qualified(name), 1)
        add = f"{add.removesuffix(';')}{place};"
        # A label is never taken away: where what is published, or older than this name, has another, it was renamed.
        old = None
        if self._is_published:
            old = types.label_before(step.label, live, have)
        elif step.is_renamed:
            old = types.label_before(step.label, dated.labels_of_then(self._evidence, step, have), have)
        if old == "":
            return []
        if old is not None:
            add = f"ALTER TYPE {qualified(name)} RENAME VALUE {literal_of(old)} TO {literal_of(step.label)};"
        added = replace(step.repair, statement=add, inferred=name)
        statement = added.statement
        return self._provenance.of_step(added) if self._situation.runs(statement) else None

    def _called_before(self, found: DatabaseObject) -> DatabaseObject | None:
        """The enum that a live one was, under another name: the only one of its schema that does not live, and has no
        other labels."""
        labels = {*types.enum_labels(found.definition)}
        same = [
            o
            for o in self._situation.state.objects.values()
            if o.object_type == "TYPE" and o.object_schema == found.object_schema
            if " AS ENUM (" in o.definition and not self._evidence.live.has(o)
            if {*types.enum_labels(o.definition)} < labels
        ]
        return same[0] if len(same) == 1 else None

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
            return self._in_its_place(here, step, repair.statement)
        if found.object_type == "SCHEMA" and self._may_be_another(found):
            # Without anything published, none comes by its id.
            published = self._situation.state.objects.values()
            rename = schemas.by_its_id(self._evidence, self._situation, repair, found.object_name, published)
            if rename is None or not self._situation.runs(rename.statement):
                return []
            return self._provenance.of_step(rename)
        repair = self._rename(step) or repair
        taken = self._as_called_now.take(repair)
        if taken is not None:
            return taken
        if found.object_type not in ("MATERIALIZED_VIEW", "PROCEDURE"):
            return None
        # Its query, or its SQL body, may name a table as it is called now.
        outcome = self._attempts.with_older_names(repair)
        if outcome is None:
            return None
        steps = [*outcome.repairs, repair]
        self._provenance.note(steps)
        return [(d, [replace(r, inferred=None) for r in steps]) for d in outcome.differences]

    def _schema_of(self, found: DatabaseObject) -> list[Inferred]:
        """Makes the schema of an object and of the row at hand, where none is there that may have had its name: v1
        records none, and the row would have it made behind the object."""
        live = self._evidence.live.by_identity.get(("SCHEMA", quote_if_needed(found.object_schema or "")))
        if (
            live is None
            or self._situation.holds(live.object_identity, "SCHEMA")
            or self._may_be_another(live)
        ):
            return []
        why = f"{found.object_identity} was made in it, as what the row at hand tells of"
        make = Repair(MISSING_SCHEMA, f"CREATE SCHEMA {quote(live.object_name)};", why)
        return self._provenance.of_step(make) if self._situation.runs(make.statement) else []

    def _may_be_another(self, schema: DatabaseObject) -> bool:
        """Whether a schema of the live catalog may be one that is there under the name that it had before: one that is
        there does not live, or a row has in another what is in it in the end."""
        there = (o for o in self._situation.state.objects.values() if o.object_type == "SCHEMA")
        name, evidence = schema.object_name, self._evidence
        return (
            name in evidence.history.former_schemas
            or any(not evidence.live.has(o) for o in there)
            or any(
                parse_name(identity)[0] == name
                for row in evidence.history.rows
                if row.oid is not None and row.object_schema != name
                if (identity := evidence.moments.identity(row.oid)) is not None
            )
        )

    def _rename(self, step: Dated) -> Repair | None:
        """The step that gives an object its live name, where the one that has another is the same but for that.

        What wrote the catalog's row then was the rename, or the move to its schema.
        """
        found, there = step.found, self._situation.state.objects.values()
        kind = kind_of(found)
        if kind not in _RENAMED or (kind != "TYPE" and not self._is_older(step)):
            return None
        gone = [
            o
            for o in there
            if kind_of(o) == kind and o.object_type == found.object_type and not self._evidence.live.has(o)
        ]
        made = {without_comments(found.definition), step.repair.statement}
        same = [
            o
            for o in gone
            if kind != "TYPE" or o.object_schema == found.object_schema
            if without_comments(o.definition).replace(_called(o), _called(found), 1) in made
        ]
        if kind == "SEQUENCE":
            # Most are alike, and the options of one may be lost.
            same = [o for o in same if sequences.is_now(self._evidence, there, o, found)]
            same = same or [o for o in gone if o.object_name == found.object_name]
        # What was there before, labels may have been added to along with the rename.
        is_enum = kind == "TYPE" and self._is_published
        was = same[0] if len(same) == 1 else self._called_before(found) if is_enum else None
        if was is None:
            return None
        why = f"{step.repair.evidence}; it is as {was.object_identity} was, which is not live"
        rule = _RENAMED[kind] or step.repair.rule
        return replace(step.repair, rule=rule, statement=_renaming(was, found), evidence=why)

    def _is_older(self, step: Dated) -> bool:
        """Whether an object got its oid before the moment at which its row was last written."""
        given = self._evidence.moments.given(*identify(step.found))
        return given is not None and given[1] <= step.moment.first

    def _in_its_place(self, here: DatabaseObject, step: Dated, statement: str) -> list[Inferred]:
        """Makes an object where another of its name is, of an earlier time."""
        found = step.found
        if found.object_type not in _REPLACED or step.only_new or _is_same(here.definition, statement):
            return []
        renamed = self._columns_renamed(here, step)
        now = self._situation.relation(dated.name_of(found)) if renamed else None
        if now is not None and _is_same(now.definition, statement):
            return renamed
        together: str | None = step.repair.about
        if found.object_type == "MATERIALIZED_VIEW":
            drop = f"DROP MATERIALIZED VIEW {qualified(dated.name_of(found))};"
            together = about(found.object_type, dated.name_of(found))
        else:
            drop = attachments.drop(here)
        again = replace(step.repair, statement=f"{drop}\n{statement}", about=together)
        return renamed + (self._as_called_now.take(again) or [])

    def _columns_renamed(self, here: DatabaseObject, step: Dated) -> list[Inferred]:
        """Gives the columns of a materialized view the names that they have in the end, if it has as many."""
        name = dated.name_of(here)
        live = {c.place: c.name for c in self._evidence.moments.columns(step.found.object_identity)}
        current = {int(c["position"]): str(c["name"]) for c in self._situation.columns(name)}
        names = {old: live[place] for place, old in current.items() if live.get(place, old) != old}
        if here.object_type != "MATERIALIZED_VIEW" or live.keys() != current.keys() or not names:
            return []
        statement = "\n".join(renamed_columns.in_turn(name, names, {*current.values()}))
        rename = replace(step.repair, rule=FORESEEN_RENAME, statement=statement)
        return self._provenance.of_step(rename) if self._situation.runs(statement) else []


def _called(found: DatabaseObject) -> str:
    """An object's name as its definition has it, without the arguments of a routine."""
    return f" {qualified_identity(found.object_schema, _bare(found))}"


def _bare(found: DatabaseObject) -> str:
    is_routine = kind_of(found) in ("PROCEDURE", "AGGREGATE")
    return found.object_name.split("(", 1)[0] if is_routine else found.object_name


def _renaming(was: DatabaseObject, found: DatabaseObject) -> str:
    """The statements that give an object the schema and the name of another."""
    kind, identity = kind_of(found).replace("_", " "), was.object_identity
    steps = []
    if _bare(was) != _bare(found):
        steps.append(f"ALTER {kind} {identity} RENAME TO {quote(_bare(found))};")
        identity = identity.replace(_called(was)[1:], qualified_identity(was.object_schema, _bare(found)), 1)
    if was.object_schema != found.object_schema:
        assert found.object_schema is not None
        steps.append(f"ALTER {kind} {identity} SET SCHEMA {quote(found.object_schema)};")
    return "\n".join(steps)


def _is_same(one: str, other: str) -> bool:
    """Whether two definitions make the same; what is set later (a comment, say) has no moment of its own."""
    return first_statement(one) == first_statement(other)
