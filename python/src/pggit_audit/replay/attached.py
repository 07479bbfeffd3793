"""What the live catalog has, no row tells of, and belongs to something else: triggers, policies, comments.

v1 records none of them. Each enters as soon as what it is on is there: so far the evidence goes back.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.moments import Moment
from pggit_audit.replay.as_called_now import AsCalledNow
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import State
from pggit_audit.rules import attachments, comments
from pggit_audit.rules.attachments import Attachment
from pggit_audit.rules.comments import Comment
from pggit_audit.rules.dating import moment_of
from pggit_audit.rules.situation import Evidence

# Of a type's table, and of an heir, the definition does not list all columns.
_COLUMNS_ELSEWHERE = re.compile(r"\) INHERITS \(|\ACREATE (?:UNLOGGED )?TABLE \S+ OF ")


class Attached:
    """Brings triggers, policies and comments of the live catalog to what just came or changed."""

    def __init__(self, situation: Situation, evidence: Evidence, provenance: Provenance) -> None:
        self._situation = situation
        self._evidence = evidence
        self._provenance = provenance
        self._as_called_now = AsCalledNow(situation, evidence, provenance)
        self._of_tables = attachments.of_live_catalog(evidence)
        self._on_objects = comments.of_live_catalog(evidence)
        self._moments = {
            id(a.found): moment_of(evidence, a.found) for a in self._of_tables if evidence.moments
        }
        self._early = False
        # Objects that a comment is on whose moment is to come.
        self._waiting: list[tuple[Key, Moment]] = []

    def enter(self, early: bool = False) -> list[Inferred]:
        """What now finds its place, and was not there before; before (`early`) or behind the row at hand."""
        self._early = early
        result: list[Inferred] = []
        fresh = self._situation.fresh()
        names = {
            o.object_identity.split(" on ", 1)[1]
            if o.object_type in ("TRIGGER", "POLICY", "RULE")
            else o.object_identity.split("(", 1)[0]
            for o in fresh.values()
        }
        if names:
            result += self._attachments(names)
        attached = self._situation.fresh()
        waited, self._waiting = self._waiting, []
        for key, moment in waited:
            if self._is_due(moment):
                result += self._comments(key)
            else:
                self._waiting.append((key, moment))
        for key in [*fresh, *(attached.keys() - fresh.keys())]:
            result += self._comments(key)
        # Comments call for nothing further.
        self._situation.fresh()
        return result

    def _attachments(self, fresh: set[str]) -> list[Inferred]:
        """Triggers and policies: a trigger comes with its function, a policy with the table's row security."""
        result: list[Inferred] = []
        for attachment in self._of_tables:
            if not fresh & attachment.needs or not self._has_place(attachment):
                continue
            result.extend(self._as_called_now.take(attachment.repair) or ())
        return result

    def _has_place(self, attachment: Attachment) -> bool:
        """Whether it is not there, and all is there that it needs."""
        state, position = self._situation.state, self._situation.position
        found = attachment.found
        if not attachment.first <= self._position_of_names() < attachment.until:
            return False
        if state.holds(attachment.identity, found.object_type):
            return False
        moment = self._moments.get(id(found))
        if moment is not None and not self._is_due(moment):
            return False
        if not all(state.holds(n) or state.holds_routine(n) for n in attachment.needs):
            return False
        if found.object_type == "POLICY" and not _secured(state, attachment.table):
            return False
        return not attachments.is_made_later(self._evidence, attachment, position)

    def _is_due(self, moment: Moment) -> bool:
        """Whether a moment is there or over; where the ids tell of several rows at once, what it is on tells more."""
        position = self._situation.position
        return moment.passed(position, self._early) or moment.spans(position)

    def _position_of_names(self) -> int:
        """The row behind which things are called as they are now."""
        return max(self._situation.position - self._early, 0)

    def _comments(self, key: Key) -> list[Inferred]:
        """Comments on one object and its parts."""
        found = self._situation.state.objects.get(key)
        if found is None:
            return []
        position = self._situation.position
        named = self._position_of_names()
        repairs = []
        until: list[int | None] = []
        for comment in self._of(found):
            if f"\n{comment.text}" in found.definition or not _may_have(found, comment.about):
                continue
            if not comment.first <= named < comment.until:
                continue
            if comments.is_made_later(self._evidence, comment, position):
                continue
            if comment.moment is not None and not self._is_due(comment.moment):
                self._waiting.append((key, comment.moment))
                continue
            if self._situation.runs(comment.statement):
                repairs.append(comment.repair)
                until.append(comment.moment.last if comment.moment is not None else None)
        if not repairs:
            return []
        told = [last for last in until if last is not None]
        self._provenance.note_comment(key, repairs[0].cause, max(told) if len(told) == len(repairs) else None)
        return [(d, repairs) for d in self._situation.observe(*(r.statement for r in repairs))]

    def _of(self, found: DatabaseObject) -> Iterator[Comment]:
        """The comments of the live catalog on an object and its parts, on its columns as they are called now."""
        comments = self._on_objects.get((found.object_type, found.object_identity), ())
        named: dict[str, str] = {}
        if found.object_type == "TABLE" and comments:
            later = self._as_called_now.names((found.object_schema, found.object_name))
            named = {new: old for old, new in later.items()}
        for comment in comments:
            yield comment.on_column(named[comment.about]) if comment.about in named else comment


def _secured(state: State, table: str) -> bool:
    """Whether a table has row security."""
    enabled = "\nALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY;"
    return any(enabled in o.definition for o in state.holders(table))


def _may_have(found: DatabaseObject, name: str) -> bool:
    """Whether an object has something of this name, or is a table with columns that its definition does not list.

    Nor does it name an identity's sequence that PostgreSQL named.
    """
    unsaid = " AS IDENTITY" in found.definition and name.startswith(f"{found.object_name}_")
    return unsaid or name in found.definition or _COLUMNS_ELSEWHERE.search(found.definition) is not None
