"""What the live catalog has, no row tells of, and belongs to something else: triggers, policies, comments.

v1 records none of them. Each enters as soon as what it is on is there: so far the evidence goes back.
"""

from __future__ import annotations

from pggit_audit.catalog import Key
from pggit_audit.evidence import Attachment, Evidence, Repair
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import State


class Attached:
    """Brings triggers, policies and comments of the live catalog to what just came or changed."""

    def __init__(self, situation: Situation, evidence: Evidence, provenance: Provenance) -> None:
        self._situation = situation
        self._evidence = evidence
        self._provenance = provenance

    def enter(self) -> list[Inferred]:
        """What now finds its place, and was not there before."""
        result: list[Inferred] = []
        fresh = self._situation.fresh()
        names = {
            o.object_identity.split(" on ", 1)[1]
            if o.object_type in ("TRIGGER", "POLICY")
            else o.object_identity.split("(", 1)[0]
            for o in fresh.values()
        }
        if names:
            result += self._attachments(names)
        attached = self._situation.fresh()
        for key in [*fresh, *(attached.keys() - fresh.keys())]:
            result += self._comments(key)
        # Comments call for nothing further.
        self._situation.fresh()
        return result

    def _attachments(self, fresh: set[str]) -> list[Inferred]:
        """Triggers and policies: a trigger comes with its function, a policy with the table's row security."""
        result: list[Inferred] = []
        for attachment in self._evidence.attachments:
            if not fresh & attachment.needs or not self._has_place(attachment):
                continue
            found = attachment.found
            repair = Repair(
                f"{found.object_type.lower()}_from_live_catalog",
                attachment.statement,
                f"{found.object_identity} is in the live catalog, and what it needs is there from here on",
                inferred=(found.object_schema, found.object_name),
            )
            if self._situation.runs(attachment.statement):
                result.extend(self._provenance.of_step(repair))
        return result

    def _has_place(self, attachment: Attachment) -> bool:
        """Whether it is not there, and all is there that it needs."""
        state, position = self._situation.state, self._situation.position
        found = attachment.found
        if not attachment.first <= position < attachment.until:
            return False
        if state.holds(attachment.identity, found.object_type):
            return False
        if not all(state.holds(n) or state.holds_routine(n) for n in attachment.needs):
            return False
        if found.object_type == "POLICY" and not _secured(state, attachment.table):
            return False
        return not self._evidence.is_made_later(attachment, position)

    def _comments(self, key: Key) -> list[Inferred]:
        """Comments on one object and its parts."""
        found = self._situation.state.objects.get(key)
        if found is None:
            return []
        position = self._situation.position
        repairs = []
        for comment in self._evidence.comments.get((found.object_type, found.object_identity), ()):
            if f"\n{comment.text}" in found.definition or comment.about not in found.definition:
                continue
            if not comment.first <= position < comment.until:
                continue
            if self._evidence.is_commented_later(comment, position):
                continue
            if self._situation.runs(comment.statement):
                why = f"the live catalog has this comment, and {comment.about} is there from here on"
                repairs.append(Repair("comment_from_live_catalog", comment.statement, why))
        if not repairs:
            return []
        self._provenance.note_comment(key)
        return [(d, repairs) for d in self._situation.observe(*(r.statement for r in repairs))]


def _secured(state: State, table: str) -> bool:
    """Whether a table has row security."""
    enabled = "\nALTER TABLE " + table + " ENABLE ROW LEVEL SECURITY;"
    return any(enabled in o.definition for o in state.holders(table))
