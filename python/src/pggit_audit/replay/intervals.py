"""Between which rows of the history each inferred change was, for certain: where no rule knows better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pggit_audit.replay.events import Event
from pggit_audit.replay.uncertain import changed_lines, only_renames_columns
from pggit_audit.rules import (
    OLDER_CONSTRAINT,
    OLDER_EXTENSION,
    OLDER_FUNCTION,
    OLDER_TABLE,
    OLDER_VIEW,
    UNRECORDED_DROP,
)

# What was there before the tracker is made as early as it can be, and may be younger: CREATE TABLE AS leaves no row.
_OLDER = {rule.name for rule in (OLDER_CONSTRAINT, OLDER_EXTENSION, OLDER_FUNCTION, OLDER_TABLE, OLDER_VIEW)}


def bounded(events: Sequence[Event]) -> list[Event]:
    """The events of one branch, each step of their repairs with its bounds (`not_before`, `not_after`: ids of rows).

    A change was behind the last row that recorded the object without it. A step that was taken before a row was before
    that row; one that was taken behind it, or where it is likeliest, may have been at any later time. Only a row of its
    own says that an object without a CREATE was there by then.
    """
    last = _Last()
    result = []
    shown = _shown_by(events)
    for i, event in enumerate(events):
        lower, upper = last.bounds(event)
        if event.origin == "inferred" and any(entry["rule"] in _OLDER for entry in event.repairs):
            upper = shown.get(i)
        entries = [
            entry
            if "not_before" in entry or not entry["statement"]
            else {**entry, "not_before": lower, "not_after": upper}
            for entry in event.repairs
        ]
        result.append(replace(event, repairs=entries) if entries != event.repairs else event)
        last.see(event)
    return result


def _shown_by(events: Sequence[Event]) -> dict[int, int]:
    """By the index of an inferred event that makes an object, the first row behind it that alters or drops that."""
    result: dict[int, int] = {}
    following: dict[str, int | None] = {}
    for i in range(len(events) - 1, -1, -1):
        event = events[i]
        path = event.object_identity
        if path is None or event.origin == "excluded":
            continue
        row = following.get(path)
        if event.origin == "v1":
            following[path] = None if event.change_type == "CREATE" else event.v1_version_id
        elif event.old_definition is None and row is not None:
            result[i] = row
            following[path] = None
        elif event.old_definition is None or event.new_definition is None:
            following[path] = None
    return result


class _Last:
    """By path, the last row of an object, the last one that recorded its columns, and that of its CREATE."""

    def __init__(self) -> None:
        self._row: dict[str, int] = {}
        self._record: dict[str, int] = {}
        self._create: dict[str, int] = {}
        self._told: set[int] = set()

    def bounds(self, event: Event) -> tuple[int | None, int | None]:
        """The last row behind which, and the first before which what the event shows was."""
        path = event.object_identity or ""
        if event.origin == "v1":
            return None, event.v1_version_id
        upper = event.anchor_version_id if event.anchor_version_id not in self._told else None
        if event.old_definition is None:
            return None, upper
        if event.new_definition is None:
            guessed = any(entry["rule"] == UNRECORDED_DROP.name for entry in event.repairs)
            return self._row.get(path), None if guessed else upper
        _, rest = changed_lines(event.old_definition, event.new_definition)
        rest = rest and not only_renames_columns(event)
        return (self._create if rest else self._record).get(path), upper

    def see(self, event: Event) -> None:
        """Takes in a row's event."""
        path, version = event.object_identity, event.v1_version_id
        if event.origin == "excluded" or version is None or path is None:
            return
        self._told.add(version)
        if event.new_definition is None:
            for known in (self._row, self._record, self._create):
                known.pop(path, None)
            return
        self._row[path] = version
        if event.change_type == "CREATE":
            self._create[path] = self._record[path] = version
        elif event.confirmed:
            self._record[path] = version
