"""Events of the rebuilt history, and how one is made of a row and of what is known about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.definitions import column_name, elements, lists_columns, ordered, qualified_identity
from pggit_audit.history import HistoryRow
from pggit_audit.replay.identities import Identities, same_type
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import Difference
from pggit_audit.rules import MISSING_LABEL, RESTS_ON_INFERRED, TYPE_FROM_LIVE_CATALOG, Rule
from pggit_audit.rules.columns import disagreements
from pggit_audit.rules.situation import Bounds, Repair

# Stands before each line of a text that is no definition: whoever runs the schema of a commit passes it by.
AS_RECORDED = "-- "
# A list of columns that is not written out.
_EXPANDS = re.compile(r"(?:\.|\bselect\s+(?:distinct\s+)?|,)\s*\*")


@dataclass(frozen=True)
class Event:
    """One event of the rebuilt history; the columns of `int_replay__events` (all but `event_seq`)."""

    origin: str
    v1_version_id: int | None
    anchor_version_id: int | None
    branch_name: str
    object_schema: str | None
    object_name: str | None
    object_type: str | None
    object_identity: str | None
    change_type: str
    change_severity: str | None
    old_definition: str | None
    new_definition: str | None
    author: str | None
    committed_at: Any
    commit_message: str | None
    fidelity: str | None
    exclusion_reason: str | None = None
    repairs: list[dict[str, Any]] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    # No columns of the model. For `mark_uncertain`: whether recorded columns agree with the definition; when the last
    # text named what is dropped without a row; whether the row's text is one statement, and whether that creates the
    # object; whether it leaves it to the server to write out columns. For `Tree`: the object in the shadow's catalog.
    confirmed: bool = False
    expands: bool = False
    alone: bool = False
    of_create: bool = False
    seen_until: Any = None
    key: Key | None = None
    # Told by `Tree`: the path that the same object had until now, where it had another.
    renamed_from: str | None = None

    def row(self) -> dict[str, Any]:
        """The event by the model's columns."""
        return {
            name: value
            for name, value in self.__dict__.items()
            if name not in ("confirmed", "expands", "alone", "of_create", "seen_until", "key")
        }


def note(
    rule: Rule,
    evidence: str,
    statement: str = "",
    bounds: Bounds | None = None,
    cause: str | None = None,
) -> dict[str, Any]:
    """One entry of an event's repairs: the rule, the step that was taken, if any, why, and between which rows."""
    entry: dict[str, Any] = {"rule": rule.name, "statement": statement, "evidence": evidence}
    if bounds is not None:
        entry |= {"not_before": bounds.not_before, "not_after": bounds.not_after}
        if bounds.committed_at is not None:
            entry["committed_at"] = str(bounds.committed_at)
        if bounds.sure:
            entry["sure"] = True
    if cause is not None:
        entry["cause"] = cause
    return entry


def cause_of(entry: Mapping[str, Any], path: str) -> str:
    """What a person has to judge, for an entry of an event's repairs: as `repairs` has it for the entry itself."""
    return str(entry.get("cause") or f"{entry['rule']}:{entry['statement'] or path}")


def finding(code: str, message: str) -> dict[str, str]:
    """One entry of an event's findings."""
    return {"code": code, "message": message}


class EventWriter:
    """Makes the events of one branch. The old definition is not told here: the tree knows it."""

    def __init__(
        self,
        branch_name: str,
        situation: Situation,
        identities: Identities,
        provenance: Provenance,
    ) -> None:
        self._branch = branch_name
        self._situation = situation
        self._identities = identities
        self._provenance = provenance
        # What is not certain as it stands, and why: the first of its last event's repairs.
        self._open: dict[Key, dict[str, Any]] = {}

    def of_row(
        self,
        row: HistoryRow,
        difference: Difference | None,
        repairs: Sequence[Repair],
        says_all: bool = False,
    ) -> Event:
        """The event of a row, and what it explains; without a difference the object stands as it is.

        `says_all`: nothing of its definition rests on what others are like.
        """
        if difference is None:
            found = old = new = self._identities.current(row)
        else:
            found, old, new = difference.object, difference.old, difference.new
        if found is None:
            why = "the statement ran, and left no such object"
            return self.without_object(row, "unknown", row.change_sql, why)
        path = difference.path if difference else self._situation.state.path(found)
        contradictions, confirmed = self._against_recorded(
            row, found, difference is not None and difference.between
        )
        if contradictions or confirmed:
            self._provenance.note_contradiction(found.key, bool(contradictions))
        if confirmed:
            self._provenance.note_record(found.key)
        repairs = [
            r
            for r in repairs
            if not (_leaves_no_table_open(r, row) or self._provenance.leaves_nothing_open(r, row, new))
        ]
        notes = [_note_of(r) for r in repairs]
        rests_on = self._provenance.rests_on(new) if not notes and new is not None and not says_all else None
        if rests_on is not None:
            notes.append(note(RESTS_ON_INFERRED, rests_on[0], cause=rests_on[1]))
            if new is not None and _EXPANDS.search(row.text):
                # Its columns are those that the other had.
                self._provenance.note_again([new.key], rests_on[1] or RESTS_ON_INFERRED.name)
        fidelity = "unknown" if contradictions else "repaired" if notes else "exact"
        self._remember(found.key, notes)
        return Event(
            "v1", row.version_id, row.version_id, self._branch, found.object_schema, found.object_name,
            found.object_type if same_type(row.object_type, found.object_type) else row.object_type,
            path, row.change_type, row.change_severity,
            old.definition if old else None, new.definition if new else None,
            row.author, row.created_at, row.message, fidelity, None, notes, contradictions, confirmed,
            found.object_type == "VIEW" and _EXPANDS.search(row.text) is not None,
            len(row.statements) == 1, _creates(row), key=found.key,
        )  # fmt: skip

    def _against_recorded(
        self, row: HistoryRow, found: DatabaseObject, between: bool
    ) -> tuple[list[dict[str, str]], bool]:
        """What contradicts the row's recorded columns, and whether they confirm the object as it stands."""
        findings = []
        confirmed = False
        if not row.facts_readable:
            findings.append(finding("unreadable_facts", "the recorded columns are not what v1 records"))
        if row.object_type == "TABLE" and row.columns and row.change_type != "DROP" and not between:
            here = self._situation.state.objects.get(found.key)
            columns = self._situation.columns((found.object_schema, found.object_name))
            if here is not None and found.definition != here.definition and lists_columns(found.definition):
                # One of several rows of a statement: the table may have gone on since.
                names = [column_name(line) for line in elements(found.definition)[1]]
                if names != [str(c["name"]) for c in columns] and names == ordered(row.columns):
                    return findings, False
            wrong = disagreements(row.columns, columns)
            confirmed = not wrong
            if wrong:
                findings.append(finding("contradicts_recorded_columns", "; ".join(wrong)))
        return findings, confirmed

    def inferred(self, differences: Iterable[Inferred], anchor: HistoryRow) -> Iterator[Event]:
        """Events of what no row tells of, in the commit of this row."""
        told = _making_way(list(differences))
        gone = [d.old.object_identity for d, _ in told if d.new is None and d.old is not None]
        for difference, repairs in told:
            found = difference.object
            name = (found.object_schema, found.object_name)
            about = [r for r in repairs if r.inferred == name or r.inferred is None]
            if difference.new is None:
                # Which of the steps took it away, nobody can tell.
                about = about or repairs
            notes = [_note_of(r) for r in about]
            rests_on = self._provenance.rests_on(difference.new) if difference.new and not notes else None
            if rests_on is not None:
                notes.append(note(RESTS_ON_INFERRED, rests_on[0], cause=rests_on[1]))
            if difference.new is None and difference.old is not None and not notes:
                notes += self._went_along(difference.old, anchor, gone)
            self._remember(found.key, notes)
            yield Event(
                "inferred", None, anchor.version_id, self._branch, found.object_schema, found.object_name,
                found.object_type, difference.path, difference.change_type, None,
                difference.old.definition if difference.old else None,
                difference.new.definition if difference.new else None,
                anchor.author, anchor.created_at, anchor.message,
                "repaired" if notes else "exact", None, notes, [],
                seen_until=next((r.seen_until for r in about if difference.new is None), None),
                key=found.key,
            )  # fmt: skip

    def _remember(self, key: Key, notes: Sequence[dict[str, Any]]) -> None:
        self._open.pop(key, None)
        if notes:
            self._open[key] = notes[0]

    def _went_along(
        self, old: DatabaseObject, anchor: HistoryRow, gone: Sequence[str]
    ) -> Iterator[dict[str, Any]]:
        """Why a drop that no statement says is open: whether it went along depends on what it was, which is inferred.

        `gone`: what went with it. Not what is on a table that goes, whatever it was.
        """
        why = self._open.get(old.key)
        if why is None or anchor.change_type == "DROP":
            return
        said = {bare for s in anchor.statements if s.verb == "DROP" for _, bare in s.targets}
        if old.object_name in said or any(on != old.object_identity and on in old.definition for on in gone):
            return
        evidence = f"it went along with something else, and {old.object_identity} rests on an inferred step"
        yield note(RESTS_ON_INFERRED, evidence, cause=cause_of(why, old.object_identity))

    def excluded(self, row: HistoryRow, reason: str) -> Event:
        """The event of a row that is left out."""
        return Event(
            "excluded", row.version_id, row.version_id, self._branch, row.object_schema, row.name, row.object_type,
            None, row.change_type, row.change_severity, None, None, row.author, row.created_at, row.message,
            None, reason,
        )  # fmt: skip

    def without_object(
        self, row: HistoryRow, fidelity: str, text: str | None, why: str, code: str = "no_such_object"
    ) -> Event:
        """The event of a row whose object is not in the shadow: the statement's own text stands for it."""
        name = row.name
        schema = row.object_schema or self._situation.schemas[0]
        current = self._identities.current(row)
        identity = self._situation.state.path(current) if current else qualified_identity(schema, name)
        new: str | None = None
        if row.change_type != "DROP":
            new = current.definition if current is not None else _as_definition(text)
            if current is not None:
                self._provenance.note_unexplained(current.key)
        if fidelity == "static" and (current is not None or row.change_type == "DROP"):
            fidelity = "unknown"
        return Event(
            "v1", row.version_id, row.version_id, self._branch, schema,
            current.object_name if current else name, row.object_type, identity, row.change_type,
            row.change_severity, None, new, row.author, row.created_at, row.message, fidelity, None, [],
            [finding(code, why)], alone=len(row.statements) == 1, key=current.key if current else None,
        )  # fmt: skip

    def standing(self, row: HistoryRow, repair: Repair, code: str, why: str) -> Event:
        """The event of a row that nothing explains, and whose object stands as it was."""
        event = self.of_row(row, None, [repair])
        if event.key is not None and row.change_type != "DROP":
            self._provenance.note_unexplained(event.key)
        return replace(event, fidelity="unknown", findings=[*event.findings, finding(code, why)])


def _making_way(differences: Sequence[Inferred]) -> list[Inferred]:
    """An object of another kind takes a path, and what had it lives on under another: that leaves it first.

    So a sequence and a type of one name do.
    """
    kept = {d.new.key for d, _ in differences if d.new is not None}
    taking = [
        (d, repairs)
        for d, repairs in differences
        if d.replaced and d.old is not None and d.new is not None
        if d.old.object_type != d.new.object_type and d.old.key in kept
    ]
    return [
        *((Difference(d.path, d.old, None), repairs) for d, repairs in taking),
        *(told for told in differences if told not in taking),
        *((Difference(d.path, None, d.new), repairs) for d, repairs in taking),
    ]


def _leaves_no_table_open(repair: Repair, row: HistoryRow) -> bool:
    """Whether a step leaves nothing of the row's table open: of an enum it has the name, as the statement says it."""
    enum = repair.rule is MISSING_LABEL or (
        repair.rule is TYPE_FROM_LIVE_CATALOG and " AS ENUM (" in repair.statement
    )
    return (
        enum
        and row.object_type == "TABLE"
        and repair.inferred is not None
        and repair.inferred[0] == row.object_schema
    )


def _creates(row: HistoryRow) -> bool:
    """Whether the row's text is the one statement that creates its table."""
    made = row.statements[0] if len(row.statements) == 1 else None
    return (
        made is not None and made.tag == "CREATE TABLE" and any(bare == row.name for _, bare in made.targets)
    )


def _note_of(repair: Repair) -> dict[str, str]:
    return note(repair.rule, repair.evidence, repair.statement, repair.bounds, repair.about)


def _as_definition(text: str | None) -> str:
    stripped = (text or "").replace("\x00", "").strip()
    if not stripped:
        return AS_RECORDED + "No SQL text was recorded."
    return "\n".join(
        AS_RECORDED + line
        for line in ("It could not run. As it was recorded:", *re.split(r"\r\n|\r|\n", stripped))
    )
