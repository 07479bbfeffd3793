"""What the live catalog proves of the last row of an object that lives on, where ids of transactions are known."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import without_order
from pggit_audit.lexing import QUOTED
from pggit_audit.replay.events import Event
from pggit_audit.rules import DEPENDS_ON_DATA, NAME_AS_RECORDED, SESSION_SETTING
from pggit_audit.rules.dating import literal_of
from pggit_audit.statements import unquote

Row = Mapping[str, Any]

_NAME = rf"(?:{QUOTED}|\w+)"
_QUALIFIED = re.compile(rf"{_NAME}\.{_NAME}")
# On columns alone: what an expression or a condition reads as depends on others.
_INDEX = re.compile(
    rf"CREATE (?:UNIQUE )?INDEX {_NAME} ON (?:ONLY )?({_NAME}\.{_NAME}) USING \w+"
    rf" \(({_NAME}(?: ASC| DESC| NULLS FIRST| NULLS LAST)*(?:, {_NAME}(?: ASC| DESC| NULLS FIRST| NULLS LAST)*)*)\);"
    rf"(?:\nALTER INDEX ({_NAME}\.{_NAME}) ATTACH PARTITION {_NAME}\.{_NAME};)?"
)
_COLUMN = re.compile(rf"(?:^|, )({_NAME})")
_NEXT = re.compile(r"nextval\('([^']+)'::regclass\)")
_LITERAL = re.compile(r"'[^']*(?:''[^']*)*'(?!')")
# Steps that make a row's own statement, or its name, what it was: how that came out is what lives.
_SHOWN_BY_THE_RESULT = {SESSION_SETTING.name, DEPENDS_ON_DATA.name, NAME_AS_RECORDED.name}


def proven_by_live(
    events: Sequence[Event], live: Iterable[DatabaseObject], written: Iterable[Row]
) -> list[Event]:
    """The events of the live branch; the last one of an object is `exact` where what lives proves its definition.

    All rows that the live catalog has of the object, and of what its definition names, were last written by then. So
    since the end of the transaction of its last row it is as it is now: whatever code looked at, and however names were
    found. Of tables, indexes and functions alone, without expressions and foreign keys, and where no step was taken for
    the row but for what its statement took from its session, the clock or chance, or to give it the name that it says.

    Args:
        written: rows of int_replay__catalog_rows.
    """
    catalog = _Catalog(written)
    now = {(o.object_type, o.object_identity): o.definition for o in live}
    last: dict[str | None, int] = {
        e.object_identity: i for i, e in enumerate(events) if e.origin != "excluded"
    }
    result = list(events)
    for path, i in last.items():
        event = events[i]
        if (
            event.origin == "v1"
            and event.fidelity == "repaired"
            and event.v1_version_id is not None
            and event.new_definition is not None
            and event.new_definition == now.get((event.object_type or "", path or ""))
            and not any(
                entry["statement"] for entry in event.repairs if entry["rule"] not in _SHOWN_BY_THE_RESULT
            )
            and catalog.proves(event.object_type, path or "", event.new_definition, event.v1_version_id)
        ):
            result[i] = replace(event, fidelity="exact", repairs=[])
    return result


class _Catalog:
    """The rows of the live catalog, by the kind and the identity of their object."""

    def __init__(self, written: Iterable[Row]) -> None:
        self._rows: dict[tuple[str, str], list[Row]] = defaultdict(list)
        for row in written:
            kind, identity = row["object_type"], row["object_identity"]
            if kind == "table constraint":
                kind, identity = "table", identity.split(" on ", 1)[-1]
            self._rows[kind, identity].append(row)

    def proves(self, kind: str | None, identity: str, definition: str, version: int) -> bool:
        """Whether nothing that a definition is made of was written behind the transaction of a row of the history."""
        needed = (
            self._of_index(identity, definition)
            if kind == "INDEX"
            else self._of_table(identity, definition)
            if kind == "TABLE"
            else self._of_function(identity, definition)
            if kind == "FUNCTION"
            else None
        )
        return needed is not None and all(_was_written_by(row, version) for row in needed)

    def _of(self, kind: str, identity: str, catalog: str) -> list[Row] | None:
        """All rows of an object; None where that of a catalog is not among them."""
        found = self._rows.get((kind, identity), [])
        return found if any(row["catalog"] == catalog for row in found) else None

    def _of_index(self, identity: str, definition: str) -> list[Row] | None:
        """The rows of an index, and of its table's columns that it names: v1 records the renames of both."""
        own, match = self._of("index", identity, "pg_index"), _INDEX.fullmatch(definition)
        if own is None or match is None:
            return None
        columns = {unquote(name) for name in _COLUMN.findall(match[2])}
        table = [row for row in self._rows.get(("table", match[1]), []) if row["catalog"] == "pg_attribute"]
        used = [row for row in table if row["part"] in columns]
        return [*own, *used] if len(used) == len(columns) else None

    def _of_table(self, identity: str, definition: str) -> list[Row] | None:
        """The rows of a table, and of the types that it has; v1 records the renames of its parents."""
        own = self._of("table", identity, "pg_class")
        if own is None or "FOREIGN KEY" in definition:
            return None
        definition = without_order(definition)
        schema = identity.rsplit(".", 1)[0]
        parents = {row["part"] for row in own if row["catalog"] == "pg_inherits"}
        parents |= {f"{schema}.{name}" for name in parents}
        names = {*_QUALIFIED.findall(_LITERAL.sub("''", definition))} - parents - {identity}
        types = self._of_types(names, definition)
        sequences = [self._of("sequence", name, "pg_class") for name in _NEXT.findall(definition)]
        if types is None or None in sequences:
            return None
        return [*own, *types, *(row for found in sequences for row in found or ())]

    def _of_function(self, identity: str, definition: str) -> list[Row] | None:
        """The rows of a function whose body is a string, and of the types that it takes and gives."""
        own, (head, body, _) = self._of("function", identity, "pg_proc"), definition.partition("\nAS $")
        if own is None or not body or " DEFAULT " in head:
            return None
        names = {*_QUALIFIED.findall(_LITERAL.sub("''", head))}
        types = self._of_types(names - {identity.split("(", 1)[0]}, head)
        return None if types is None else [*own, *types]

    def _of_types(self, names: Iterable[str], definition: str) -> list[Row] | None:
        """The rows of the types of these names, and of those labels that may be in a definition; None where one is of
        something else."""
        needed: list[Row] = []
        for name in names:
            found = self._of("type", name, "pg_type")
            if found is None:
                return None
            literals = {*_LITERAL.findall(definition)}
            needed += [r for r in found if r["catalog"] != "pg_enum" or literal_of(r["part"]) in literals]
        return needed


def _was_written_by(row: Row, version: int) -> bool:
    """Whether a row of the catalog was last written by the end of the transaction of a row of the history."""
    if not row["is_dated"] or not row["is_certain"]:
        return False
    before, began, own = row["written_not_after"], row["written_from"], row["written_with"]
    return (before is not None and before <= version) or (
        began is not None and own is not None and began <= version <= own
    )
