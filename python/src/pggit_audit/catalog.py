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
_CATALOG_KINDS = {
    "pg_namespace": "SCHEMA", "pg_type": "TYPE", "pg_proc": "FUNCTION", "pg_trigger": "TRIGGER", "pg_policy": "POLICY",
}  # fmt: skip

Key = tuple[int, int]
"""A catalog's oid, and the oid of an object in it."""


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
def _query(name: str, only: bool) -> str:
    text = _sections()[name]
    if "%(" not in text:
        text = text.replace("%", "%%")
    text = re.sub(r"\{only:([^}]+)\}", lambda m: f"{m[1]} = any(%(oids)s::oid[])" if only else "true", text)
    text = re.sub(
        r"\{hidden:(\w+)\}",
        r"(\1.nspname !~ '^pg_' and \1.nspname <> 'information_schema' and \1.nspname <> all(%(hidden)s::text[]))",
        text,
    )
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
            " and c.relname in ('pg_class', 'pg_type', 'pg_proc', 'pg_namespace', 'pg_trigger', 'pg_policy')"
        ).fetchall()
        self._kinds = {int(oid): _CATALOG_KINDS.get(str(name), "") for name, oid in rows}

    def _fetch(self, name: str, only: bool, **parameters: Any) -> list[dict[str, Any]]:
        with self._connection.cursor(row_factory=dict_row) as cursor:
            parameters["hidden"] = self._hidden
            return cursor.execute(_query(name, only).encode(), parameters).fetchall()

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

    def horizon(self) -> int:
        """The next transaction id: what is written from now on has this id or a later one."""
        row = self._connection.execute(
            "select (pg_snapshot_xmax(pg_current_snapshot())::text::numeric % 4294967296)::bigint"
        ).fetchone()
        assert row is not None
        return int(row[0])

    def touched(self, horizon: int) -> tuple[dict[Key, str], int]:
        """Objects (with their kinds) whose catalog rows were written since `horizon`, and the next horizon."""
        rows = self._fetch("touched", False, horizon=str(horizon))
        return self._with_kinds(rows), int(rows[0]["horizon"]) if rows else horizon

    def dependents(self, keys: Iterable[Key]) -> dict[Key, str]:
        """Objects (with their kinds) one step away, whose text may name one of `keys`."""
        oids = [objid for _, objid in keys]
        return self._with_kinds(self._fetch("dependents", False, oids=oids))

    def _with_kinds(self, rows: Iterable[Mapping[str, Any]]) -> dict[Key, str]:
        return {
            (row["classid"], row["objid"]): _RELATION_KINDS.get(row["relkind"] or "")
            or self._kinds.get(row["classid"], "")
            for row in rows
        }

    def vanished(self, keys: Iterable[Key]) -> set[Key]:
        """Those of `keys` that no longer exist."""
        pairs = list(keys)
        rows = self._fetch("vanished", False, classids=[c for c, _ in pairs], oids=[o for _, o in pairs])
        return {(row["classid"], row["objid"]) for row in rows}

    def blind_spots(self) -> dict[str, int]:
        """How many objects there are of each kind that is not versioned."""
        return {row["kind"]: row["objects"] for row in self._fetch("blind_spots", False)}


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
    return _query("columns", False).encode()
