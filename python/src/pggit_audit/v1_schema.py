"""v1's own schema, for what the team made on top of it: a view on `pggit.history`, a function of `pggit.object_type`.

The history does not make that schema (its rows are left out), but it was there while the tracker recorded. So a
database in which the history runs gets it as the live catalog has it, once a statement names something in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any, Protocol

import psycopg

from pggit_audit.catalog import CatalogReader, DatabaseObject
from pggit_audit.definitions import quote_if_needed
from pggit_audit.statements import Statement, split

_KINDS = ("TYPE", "SEQUENCE", "TABLE", "FUNCTION", "PROCEDURE", "AGGREGATE", "VIEW", "MATERIALIZED_VIEW")
"""What another schema can rest on, in an order in which most of it can be made at once."""
_ASIDE = "pggit_set_aside"


class _Database(Protocol):
    def run(self, *statements: str) -> None: ...
    def query(self, text: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]: ...


@dataclass(frozen=True)
class V1Schema:
    """What v1 has in its schema.

    Attributes:
        found_in: the schema that it was read from, which its definitions name; None where it is nowhere.
        names: every name that it has had: texts of the history, and definitions from after the switch, use them.
        statements: what makes it, object by object.

    """

    found_in: str | None = None
    names: Sequence[str] = ()
    statements: Sequence[str] = field(default=(), repr=False)

    def named_by(self, statement: Statement) -> list[str]:
        """Its names that a statement uses, each once: those before a dot, not those in a string."""
        if self.found_in is None:
            return []
        return [
            n for n in self.names if any(w == n and after == "." for w, after in pairwise(statement.words))
        ]

    def make(self, name: str, database: _Database) -> bool:
        """Makes it under one of its names, as far as the role may; whether it was not there already."""
        assert self.found_in is not None
        if _is_there(name, database):
            return False
        aside = name != self.found_in and _is_there(self.found_in, database)
        if aside:
            database.run(_renamed(self.found_in, _ASIDE))
        database.run(f"CREATE SCHEMA {quote_if_needed(self.found_in)}")
        left = list(self.statements)
        while left:
            failed = [text for text in left if not _runs(text, database)]
            if len(failed) == len(left):
                break  # what needs another language, or rights that the role does not have
            left = failed
        if name != self.found_in:
            database.run(_renamed(self.found_in, name))
        if aside:
            database.run(_renamed(_ASIDE, self.found_in))
        return True


def read(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> V1Schema:
    """Read it from the live catalog.

    Args:
        connection: its own, in autocommit mode; its search_path is empty afterwards.
        schemas: where v1 may be, likeliest first.

    Raises `psycopg.Error` as the server gives it.
    """
    there = [str(name) for (name,) in connection.execute("select nspname::text from pg_catalog.pg_namespace")]
    place = next((schema for schema in schemas if schema in there), None)
    if place is None:
        return V1Schema(None, tuple(schemas))
    found = CatalogReader(connection, [name for name in there if name != place]).everything()
    return V1Schema(place, tuple(schemas), tuple(_statements(o for o in found if o.object_schema == place)))


def _statements(objects: Iterable[DatabaseObject]) -> list[str]:
    made = sorted((o for o in objects if o.object_type in _KINDS), key=lambda o: _KINDS.index(o.object_type))
    return [
        statement.text
        for found in made
        for statement in split(found.definition)
        if statement.verb in ("CREATE", "ALTER")
    ]


def _is_there(name: str, database: _Database) -> bool:
    return bool(
        database.query(
            "select from pg_catalog.pg_namespace where nspname operator(pg_catalog.=) %(name)s::pg_catalog.name",
            {"name": name},
        )
    )


def _renamed(schema: str, to: str) -> str:
    return f"ALTER SCHEMA {quote_if_needed(schema)} RENAME TO {quote_if_needed(to)}"


def _runs(text: str, database: _Database) -> bool:
    try:
        database.run(text)
    except psycopg.Error:
        return False
    return True
