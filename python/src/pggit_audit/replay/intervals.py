"""Between which rows of the history each inferred change was, for certain: where no rule knows better."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pggit_audit.replay.events import Event
from pggit_audit.replay.uncertain import changed_lines


def bounded(events: Sequence[Event]) -> list[Event]:
    """The events of one branch, each step of their repairs with its bounds (`not_before`, `not_after`: ids of rows).

    A change was behind the last row that recorded the object without it. A step that was taken before a row was before
    that row; one that was taken behind it may have been at any later time.
    """
    last = _Last()
    result = []
    for event in events:
        lower, upper = last.bounds(event)
        entries = [
            entry
            if "not_before" in entry or not entry["statement"]
            else {**entry, "not_before": lower, "not_after": upper}
            for entry in event.repairs
        ]
        result.append(replace(event, repairs=entries) if entries != event.repairs else event)
        last.see(event)
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
            return self._row.get(path), upper
        _, rest = changed_lines(event.old_definition, event.new_definition)
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
