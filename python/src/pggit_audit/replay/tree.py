"""The tree that the events come to: each event's old definition, and what the last commit has to reconcile."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from pggit_audit.catalog import INVALID, DatabaseObject, Key
from pggit_audit.definitions import parse_name
from pggit_audit.expressions import read_again
from pggit_audit.replay.events import Event, note
from pggit_audit.rules import MADE_ANEW, RECONCILE

RECONCILE_MESSAGE = "Reconcile with the live catalog"


class Tree:
    """The definitions at the last commit, by path, and the last event of each path.

    Args:
        definitions: those that the branch starts from.
        objects: the objects behind them, by path.
    """

    def __init__(
        self,
        definitions: Mapping[str, str] | None = None,
        objects: Mapping[str, DatabaseObject] | None = None,
    ) -> None:
        self.definitions: dict[str, str] = dict(definitions or {})
        self.events: dict[str, Event] = {}
        # Where each object was last; the catalog gives no key twice.
        self._paths: dict[Key, str] = {
            found.key: path for path, found in (objects or {}).items() if path in self.definitions
        }

    def chained(self, events: Iterable[Event]) -> Iterator[Event]:
        """Each event's old definition is what the events before it left at its path.

        An object that the catalog has under another name than before was renamed.
        """
        for event in _without_survivors(events):
            path = event.object_identity
            if path is None:
                yield event
                continue
            old = self.definitions.get(path)
            self.events[path] = event
            event = self._with_former_path(event, path)
            if event.origin == "inferred" and old == event.new_definition:
                continue
            if event.new_definition is None:
                self.definitions.pop(path, None)
            else:
                self.definitions[path] = event.new_definition
            if event.origin == "inferred":
                change = "CREATE" if old is None else "DROP" if event.new_definition is None else "ALTER"
                event = replace(event, change_type=change)
            yield replace(event, old_definition=old)

    def _with_former_path(self, event: Event, path: str) -> Event:
        if event.key is None or event.new_definition is None:
            return event
        former = self._paths.get(event.key, path)
        self._paths[event.key] = path
        return event if former == path else replace(event, renamed_from=former)


def _without_survivors(events: Iterable[Event]) -> Iterator[Event]:
    """A recorded drop leaves nothing: what is there all the same was made anew, by whatever it was."""
    for event in events:
        if event.origin != "v1" or event.change_type != "DROP" or event.new_definition is None:
            yield event
            continue
        yield replace(event, new_definition=None)
        why = f"row {event.v1_version_id} drops it, and it is there behind the statement"
        yield replace(
            event, origin="inferred", v1_version_id=None, change_type="CREATE", change_severity=None,
            fidelity="repaired", repairs=[note(MADE_ANEW, why)], findings=[],
        )  # fmt: skip


def reconciliation(
    branch_name: str,
    tree: Mapping[str, str],
    ours: Mapping[str, DatabaseObject | Event],
    theirs: Mapping[str, DatabaseObject],
) -> Iterator[Event]:
    """One inferred event for each path where a tree (path: definition) differs from the live catalog.

    `ours` says of each path of the tree what its object is (or which event was the last of it), `theirs` are the
    objects of the live catalog, by path. Where the two differ in nothing but how often the server has read an
    expression, the event is exact.
    """
    for path in sorted(tree.keys() | theirs.keys()):
        new = theirs.get(path)
        if new is not None and tree.get(path) == new.definition:
            continue
        found = new or ours.get(path)
        schema, name = (found.object_schema, found.object_name) if found else parse_name(path)
        kind = found.object_type if found else "TABLE"
        change = "CREATE" if path not in tree else "DROP" if new is None else "ALTER"
        why = f"the live catalog {'has it so' if new else 'does not have it'}"
        # A database that was restored from a dump prints an expression as it was read again: nothing changed.
        alike = new is not None and path in tree and read_again(tree[path]) == read_again(new.definition)
        yield Event(
            "inferred", None, None, branch_name, schema, name, kind, path,
            change, None, tree.get(path), new.definition if new else None, None, None, RECONCILE_MESSAGE,
            "exact" if alike else "repaired", None, [] if alike else [note(RECONCILE, why)], _remarks(new),
        )  # fmt: skip


def _remarks(live: DatabaseObject | None) -> list[dict[str, str]]:
    """What a person should know of an object of the live catalog."""
    if live is None or live.object_type != "INDEX" or not live.definition.startswith(INVALID):
        return []
    message = (
        "the index is INVALID: a CREATE INDEX CONCURRENTLY or a REINDEX CONCURRENTLY of it was not built to its end; "
        "the server does not use it, and a script leaves it out. Drop it, or build it again: REINDEX INDEX CONCURRENTLY"
    )
    return [{"code": "invalid_index", "message": message}]
