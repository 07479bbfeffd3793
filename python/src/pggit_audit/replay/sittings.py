"""What a change without a row may have made untrue within the session of an object's last row.

A row is right at its moment. But a client sends more in a session than what leaves rows: a rename that shows years
later may have come right behind the last row of what is renamed, or of what has the name in its definition.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from pggit_audit.definitions import column_types, quote_if_needed
from pggit_audit.history import SESSION
from pggit_audit.lexing import QUOTED
from pggit_audit.replay.events import Event
from pggit_audit.rules import (
    FORESEEN_RENAME,
    IMPLIED_DROP,
    MOVED_EXTENSION,
    RECONCILE,
    RENAMED_COLUMN,
    RENAMED_CONSTRAINT,
    RENAMED_SCHEMA,
    RENAMED_SEQUENCE,
    RENAMED_TYPE,
    REPLACED_OVERLOAD,
    UNRECORDED_DROP,
)
from pggit_audit.rules.dating import LAST_WRITTEN

# What is called otherwise after these, its dependents have in their definitions, or in their paths.
_RENAMES = {
    rule.name for rule in (FORESEEN_RENAME, RENAMED_COLUMN, RENAMED_TYPE, RENAMED_SCHEMA, MOVED_EXTENSION)
}
_SHOWING = {*_RENAMES, RENAMED_CONSTRAINT.name, RENAMED_SEQUENCE.name, RECONCILE.name}
_DROPS = {IMPLIED_DROP.name, REPLACED_OVERLOAD.name, UNRECORDED_DROP.name}
# Of these, v1 records the first drop under a name (FORMATS 1.6); of other kinds, none.
_DROP_IS_RECORDED = {"TABLE", "VIEW", "INDEX"}
_PART = rf"(?:{QUOTED}|[a-z_][\w$]*)"
_NAME = re.compile(rf'(?<![\w".$]){_PART}\.{_PART}')

Step = tuple[int | None, str]
"""An inferred step: its row, and its statement."""


class Sittings:
    """The last event of each object, as they are gone through, and of each that is gone."""

    def __init__(self, events: Sequence[Event], times: Mapping[Any, datetime]) -> None:
        """`times`: when each row was."""
        self._events = events
        self._times = times
        # By path: the last event that stands as it is written; that of a row; of a row of what has the name.
        self._last: dict[str, int] = {}
        self._recorded: dict[str, int] = {}
        self._named: dict[str, int] = {}
        # By path, the drop of what is gone.
        self._dropped: dict[str, int] = {}
        # By a name in it, the last event of what is gone.
        self._gone: dict[str, list[int]] = {}
        # The rows whose text is one statement.
        self._alone = {e.anchor_version_id for e in events if e.alone}
        # What one step changed.
        self._along: dict[Step, list[str]] = {}
        for event in events:
            if event.origin == "inferred" and event.object_identity:
                for step in (s for s in _shown(event) if s["statement"]):
                    self._along.setdefault(_key(event, step), []).append(event.object_identity)

    def goes_on(self, i: int) -> None:
        """The event is the last one of its object."""
        event = self._events[i]
        path = event.object_identity
        if path is None:
            return
        if event.new_definition is None:
            self._recorded.pop(path, None)
            self._dropped[path] = i
            last = self._last.pop(path, None)
            if last is not None:
                for name in _names(self._events[last]):
                    self._gone.setdefault(name, []).append(last)
            return
        if event.origin == "v1":
            self._recorded[path] = i
            for name in _names(event) - {path}:
                self._named[name] = i
        if event.origin == "v1" or event.fidelity == "exact":
            self._last[path] = i
        elif _shown(event):
            self._last.pop(path, None)

    def shown_by(self, i: int, behind: int) -> Iterator[int]:
        """The events that an inferred one puts in doubt: of its object, and of what had the name it gives up.

        `behind`: of rows up to this one, nothing is in doubt.
        """
        event = self._events[i]
        path, steps = event.object_identity, _shown(event)
        if event.origin != "inferred" or path is None or not steps or any(_is_dated(step) for step in steps):
            return
        last = self._last.get(path)
        if (
            last is not None
            and event.object_type != "TABLE"
            and self._may_be_of_its_session(last, event, behind)
        ):
            yield last
        for gone in self._gone.get(path, ()) if any(step["rule"] in _RENAMES for step in steps) else ():
            if self._may_be_of_its_session(gone, event, behind) and _has_old_name(self._events[gone], event):
                yield gone

    def of_the_end(self, path: str) -> list[int]:
        """The last event of an object, where it is of the session of the last row: what the live catalog has behind
        that may be of it."""
        last = self._last.get(path)
        if last is None:
            return []
        at, end = self._events[last].committed_at, [None, *self._times.values()][-1]
        is_of_the_end = isinstance(at, datetime) and end is not None and end - at <= SESSION
        return [last] if is_of_the_end else []

    def made_anew(self, i: int) -> list[int]:
        """The drop of what an event makes without a row: its client may have sent both, one by one."""
        event = self._events[i]
        dropped = self._dropped.pop(event.object_identity or "", None)
        steps = [r for r in event.repairs if r["statement"] or r["rule"] == RECONCILE.name]
        is_told = any(_is_dated(step) or step.get("not_before") is not None for step in steps)
        is_unseen = event.origin == "inferred" or event.change_type == "ALTER"
        if dropped is None or not is_unseen or not steps or is_told:
            return []
        is_alone = self._events[dropped].anchor_version_id in self._alone
        return [dropped] if is_alone and self._may_be_of_its_session(dropped, event, 0) else []

    def _may_be_of_its_session(self, last: int, event: Event, behind: int) -> bool:
        """Whether a step without a row may be of the session of an object's last event.

        It is of a later one where a row of a later one has what the step changes as it was before: a row of the table,
        or of what else is changed along, or of what has the name of what goes.
        """
        row, at = self._events[last].anchor_version_id or 0, self._events[last].committed_at
        if row <= behind or not isinstance(at, datetime):
            return False
        return all(moment - at <= SESSION for moment in self._moments(event) if isinstance(moment, datetime))

    def _moments(self, event: Event) -> Iterator[Any]:
        """When a step without a row had not been taken yet, one after the other: there may be many."""
        yield event.seen_until
        steps = _shown(event)
        yield from (self._times.get(step.get("not_before")) for step in steps)
        name = (event.object_identity or "").split("(", 1)[0]
        if event.new_definition is None and name in self._named:
            yield self._events[self._named[name]].committed_at
        for step in steps:
            for other in self._along.get(_key(event, step), (event.object_identity,)):
                told = self._events[self._recorded[other]] if other in self._recorded else None
                if told is not None and (
                    told.confirmed
                    or (told.change_type == "CREATE" and told.fidelity in ("exact", "repaired"))
                ):
                    yield told.committed_at


def _shown(event: Event) -> list[Mapping[str, Any]]:
    rules = _SHOWING if event.object_type in _DROP_IS_RECORDED else _SHOWING | _DROPS
    return [r for r in event.repairs if r["rule"] in rules]


def _key(event: Event, step: Mapping[str, Any]) -> Step:
    return event.anchor_version_id, str(step["statement"])


def _is_dated(step: Mapping[str, Any]) -> bool:
    """Whether an id tells the moment of a step."""
    return str(step.get("cause") or "").startswith(LAST_WRITTEN)


def _names(event: Event) -> set[str]:
    """The names that a definition has, with their schemas, and the schemas; not those of a body, which is a string."""
    text = (event.new_definition or "").split("\nAS $", 1)[0]
    found = set(_NAME.findall(text))
    return found | {name.split(".", 1)[0] for name in found}


def _has_old_name(other: Event, event: Event) -> bool:
    """Whether the definition of what is gone has, beside its path, what a renamed object's own no longer has."""
    if event.new_definition is None:
        return True
    old, new = (
        {name for name, _ in column_types(definition or "")}
        for definition in (event.old_definition, event.new_definition)
    )
    text = other.new_definition or ""
    return any(
        re.search(rf'(?<![\w"$]){re.escape(quote_if_needed(name))}(?![\w"$])', text) for name in old - new
    )
