"""Reads full definitions from a PostgreSQL catalog, of a whole database or of the objects that changed.

The SQL stands in `catalog.sql`; this module fills in its filters, runs it, and gives each object
the identity under which trees know it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import psycopg
from psycopg.rows import dict_row

KINDS = (
    "SCHEMA",
    "TYPE",
    "SEQUENCE",
    "TABLE",
    "INDEX",
    "VIEW",
    "MATERIALIZED_VIEW",
    "FUNCTION",
    "TRIGGER",
    "POLICY",
)
TRACKER_SCHEMAS = ("pggit", "pggit_v0", "pggit_audit", "pggit_audit_work")

_RELATION_KINDS = {
    "r": "TABLE", "p": "TABLE", "i": "INDEX", "I": "INDEX", "v": "VIEW", "m": "MATERIALIZED_VIEW", "S": "SEQUENCE",
}  # fmt: skip
# pg_class has several kinds
_CATALOGS = {
    "pg_class": "",
    "pg_namespace": "SCHEMA",
    "pg_type": "TYPE",
    "pg_proc": "FUNCTION",
    "pg_trigger": "TRIGGER",
    "pg_policy": "POLICY",
}

Key = tuple[int, int]
"""A catalog's oid, and the oid of an object in it."""

FIRST_XID = 3
"""The first transaction id that a table row can have been written by."""


@dataclass(frozen=True)
class Mark:
    """A point in the life of a catalog.

    `horizon` is the next transaction id: what is written from now on has this id or a later one. `rows` is
    what the query `touched` counts, and `deleted` whether some of what it counted at the mark before is gone
    or written anew.
    """

    horizon: int
    rows: int
    deleted: bool


@dataclass(frozen=True)
class DatabaseObject:
    """One object with its complete definition.

    `classid` and `objid` are its catalog and oid. `object_identity` is what `pg_identify_object`
    says; on the rare collision (a trigger and a policy of one name on one table) the later kind in
    `KINDS` carries its kind in parentheses behind it. `definition` is a script: every statement
    ends with `;`, every name has its schema.
    """

    classid: int
    objid: int
    object_type: str
    object_schema: str
    object_name: str
    object_identity: str
    definition: str

    @property
    def key(self) -> Key:
        return (self.classid, self.objid)


@cache
def _sections() -> dict[str, str]:
    text = resources.files(__package__).joinpath("catalog.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- (?:kind|query): (\w+)\n", text, flags=re.MULTILINE)
    return {name: body.strip() for name, body in zip(parts[1::2], parts[2::2], strict=True)}


@cache
def _query(name: str, only: bool) -> tuple[bytes, list[str]]:
    """A query with numbered parameters, and their names in that order.

    psycopg would look for named ones in all of the text anew each time, and the texts are long.
    """
    text = _text(name, only)
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    return re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", text).encode(), names


def _text(name: str, only: bool) -> str:
    text = _sections()[name]
    text = re.sub(r"\{only:([^}]+)\}", lambda m: f"{m[1]} = any(%(oids)s::oid[])" if only else "true", text)
    text = re.sub(
        r"\{hidden:(\w+)\}",
        r"(\1.nspname !~ '^pg_' and \1.nspname <> 'information_schema' and \1.nspname <> all(%(hidden)s::text[]))",
        text,
    )
    # a subquery that depends on no row: worked out once, not for each
    text = re.sub(r"\{written:([^}]+)\}", r"age(\1) <= (select age(%(horizon)s::xid))", text)
    return re.sub(
        r"\{member:(\w+):([^}]+)\}",
        r"not exists (select from pg_catalog.pg_depend as member where member.classid = '\1'::regclass "
        r"and member.objid = \2 and member.deptype = 'e')",
        text,
    )


class CatalogReader:
    """Reads definitions through one connection, which it sets to an empty search_path.

    Args:
        connection: its own, in autocommit mode, so that each read sees what is committed by then.
        hidden: schemas that are not part of the team's schema (the tracker's own).

    Raises `psycopg.Error` as the server gives it.
    """

    def __init__(self, connection: psycopg.Connection[Any], hidden: Sequence[str] = TRACKER_SCHEMAS) -> None:
        self._connection = connection
        self._hidden = list(hidden)
        self._connection.execute("select set_config('search_path', '', false)")
        self._connection.prepare_threshold = 2
        rows = connection.execute(
            "select c.relname, c.oid::bigint from pg_catalog.pg_class as c"
            " where c.relnamespace = 'pg_catalog'::regnamespace"
            " and c.relname = any(%s)",
            (list(_CATALOGS),),
        ).fetchall()
        self._catalogs = {int(oid): str(name) for name, oid in rows}

    def _fetch(self, name: str, only: bool, **parameters: str | list[int]) -> list[dict[str, Any]]:
        # Oids as the text of an array: psycopg looks at each number for a type that fits them all.
        values: dict[str, Any] = {
            k: v if isinstance(v, str) else f"{{{','.join(map(str, v))}}}" for k, v in parameters.items()
        }
        values["hidden"] = self._hidden
        query, names = _query(name, only)
        with psycopg.RawCursor(self._connection, row_factory=dict_row) as cursor:
            return cursor.execute(query, [values[n] for n in names]).fetchall()

    def everything(self) -> list[DatabaseObject]:
        """All objects of the database, ordered by kind, then identity."""
        found = [DatabaseObject(**row) for kind in KINDS for row in self._fetch(kind, False)]
        return sorted(found, key=lambda o: (KINDS.index(_kind(o)), o.object_identity))

    def some(self, keys: Mapping[Key, str]) -> list[DatabaseObject]:
        """The objects among `keys` (with their kinds) that exist and are versioned."""
        wanted: dict[str, list[int]] = {}
        for (_, objid), kind in keys.items():
            wanted.setdefault(kind, []).append(objid)
        return [
            DatabaseObject(**row)
            for kind, oids in wanted.items()
            if kind
            for row in self._fetch(kind, True, oids=oids)
        ]

    def touched(self, mark: Mark | None = None) -> tuple[dict[Key, str], Mark]:
        """Objects (with their kinds) whose catalog rows were written since `mark`, and the mark of now."""
        rows = self._fetch("touched", False, horizon=str(mark.horizon if mark else FIRST_XID))
        deleted = mark is not None and rows[0]["older_rows"] < mark.rows
        touched = self._with_kinds(row for row in rows if row["classid"] is not None)
        return touched, Mark(rows[0]["horizon"], rows[0]["rows"], deleted)

    def dependents(self, keys: Iterable[Key]) -> dict[Key, str]:
        """Objects (with their kinds) one step away, whose text may name one of `keys`."""
        oids = [objid for _, objid in keys]
        return self._with_kinds(self._fetch("dependents", False, oids=oids))

    def _with_kinds(self, rows: Iterable[Mapping[str, Any]]) -> dict[Key, str]:
        return {
            (row["classid"], row["objid"]): _RELATION_KINDS.get(row["relkind"] or "")
            or _CATALOGS.get(self._catalogs.get(row["classid"], ""), "")
            for row in rows
        }

    def vanished(self, keys: Iterable[Key]) -> set[Key]:
        """Those of `keys` that no longer exist."""
        wanted: dict[str, list[int]] = {name: [] for name in _CATALOGS}
        for classid, objid in keys:
            wanted[self._catalogs[classid]].append(objid)
        return {(row["classid"], row["objid"]) for row in self._fetch("vanished", False, **wanted)}


def _kind(found: DatabaseObject) -> str:
    return "FUNCTION" if found.object_type == "PROCEDURE" else found.object_type


def with_unique_identities(objects: Sequence[DatabaseObject]) -> list[DatabaseObject]:
    """Objects whose identity another kind has too get their kind behind it.

    `pg_identify_object` names a trigger and a policy alike, and an enum and an index of one name;
    a tree has one entry a path.
    """
    holder: dict[str, DatabaseObject] = {}
    result: list[DatabaseObject] = []
    for found in sorted(objects, key=lambda o: KINDS.index(_kind(o))):
        if found.object_identity in holder:
            kind = found.object_type.lower().replace("_", " ")
            found = DatabaseObject(
                **{**found.__dict__, "object_identity": f"{found.object_identity} ({kind})"}
            )
        holder[found.object_identity] = found
        result.append(found)
    return result


def column_query() -> bytes:
    """The query that reads a table's columns in the terms of v1's metadata; parameter `oid`."""
    return _text("columns", False).encode()
