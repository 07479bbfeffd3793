"""The live catalog, ready to be asked: by name, by identity, and what is attached to what."""

from __future__ import annotations

import re
from collections.abc import Iterable

from pggit_audit.catalog import RELATIONS, DatabaseObject
from pggit_audit.definitions import parse_name
from pggit_audit.lexing import DOTTED
from pggit_audit.statements import Name

_INDEXED = re.compile(rf" ON (?:ONLY )?({DOTTED}) USING ")


class Live:
    """The objects of the live catalog.

    `by_name`: relations and types. `types`: types alone, whose name a sequence or an index may have as well.
    `routines`: functions and procedures, by their name without arguments.
    `by_identity`: every object, by kind and identity. `attached`: triggers and policies. `others`: all the rest, by
    their name without arguments, but for schemas and extensions.
    """

    def __init__(self, objects: Iterable[DatabaseObject]) -> None:
        self.by_name: dict[Name, DatabaseObject] = {}
        self.types: dict[Name, DatabaseObject] = {}
        self.routines: dict[Name, list[DatabaseObject]] = {}
        self.by_identity: dict[tuple[str, str], DatabaseObject] = {}
        self.attached: list[DatabaseObject] = []
        self.others: dict[str, list[DatabaseObject]] = {}
        for found in objects:
            self.by_identity[(found.object_type, found.object_identity)] = found
            if found.object_type in ("FUNCTION", "PROCEDURE"):
                bare = found.object_name.split("(", 1)[0]
                self.routines.setdefault((found.object_schema, bare), []).append(found)
            elif found.object_type in ("TRIGGER", "POLICY"):
                self.attached.append(found)
            elif found.object_type in RELATIONS:
                self.by_name[(found.object_schema, found.object_name)] = found
                if found.object_type == "TYPE":
                    self.types[(found.object_schema, found.object_name)] = found
            elif found.object_type not in ("SCHEMA", "EXTENSION"):
                self.others.setdefault(found.object_name.split("(", 1)[0], []).append(found)

    def table(self, name: Name) -> DatabaseObject | None:
        """The table of that name; None where it is something else that has the name."""
        found = self.by_name.get(name)
        return found if found is not None and found.object_type == "TABLE" else None

    def table_or_view(self, name: Name) -> str:
        """VIEW if that is what has the name, else TABLE."""
        found = self.by_name.get(name)
        return "VIEW" if found is not None and found.object_type == "VIEW" else "TABLE"

    def has(self, found: DatabaseObject) -> bool:
        """Whether an object of this kind and identity is there."""
        return (found.object_type, found.object_identity) in self.by_identity

    def indexes_of(self, table: DatabaseObject) -> list[DatabaseObject]:
        """The indexes of a table."""
        on = re.compile(rf" ON (?:ONLY )?{re.escape(table.object_identity)} USING ")
        return [o for o in self.by_name.values() if o.object_type == "INDEX" and on.search(o.definition)]

    def sequences_of(self, table: DatabaseObject) -> list[DatabaseObject]:
        """The sequences that a column of the table owns."""
        owned = f" OWNED BY {table.object_identity}."
        return [o for o in self.by_name.values() if o.object_type == "SEQUENCE" and owned in o.definition]


def indexed_table(index: DatabaseObject) -> Name:
    """The table that an index is on, as the index's definition says."""
    match = _INDEXED.search(index.definition)
    assert match is not None
    return parse_name(match[1])
