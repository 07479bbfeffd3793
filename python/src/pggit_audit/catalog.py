"""Reads full definitions from a PostgreSQL catalog, of a whole database or of the objects that changed.

The SQL stands in `sql/catalog`; this module fills in its filters, runs it, and gives each object
the identity under which trees know it.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from itertools import count
from typing import Any

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from pggit_audit.expressions import lasting

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
    "EXTENSION",
    "COLLATION",
    "OPERATOR",
    "OPERATOR FAMILY",
    "OPERATOR CLASS",
    "CAST",
    "CONVERSION",
    "ACCESS METHOD",
    "PROCEDURAL LANGUAGE",
    "TRANSFORM",
    "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE",
    "TEXT SEARCH DICTIONARY",
    "TEXT SEARCH CONFIGURATION",
    "STATISTICS",
    "RULE",
    "FOREIGN DATA WRAPPER",
    "SERVER",
    "USER MAPPING",
    "EVENT TRIGGER",
    "PUBLICATION",
    "SUBSCRIPTION",
)
RELATIONS = ("TABLE", "FOREIGN TABLE", "VIEW", "MATERIALIZED_VIEW", "SEQUENCE", "INDEX", "TYPE")
"""What has a name among the relations and types of a schema."""
INVALID = "-- INVALID: "
"""How the definition begins of an index that was not built to its end."""
TRACKER_SCHEMAS = ("pggit", "pggit_v0", "pggit_audit", "pggit_audit_work")

_RELATION_KINDS = {
    "r": "TABLE", "p": "TABLE", "f": "TABLE", "i": "INDEX", "I": "INDEX", "v": "VIEW", "m": "MATERIALIZED_VIEW",
    "S": "SEQUENCE",
}  # fmt: skip
# pg_class has several kinds
_CATALOGS = {
    "pg_class": "",
    "pg_namespace": "SCHEMA",
    "pg_type": "TYPE",
    "pg_proc": "FUNCTION",
    "pg_trigger": "TRIGGER",
    "pg_policy": "POLICY",
    "pg_extension": "EXTENSION",
    "pg_collation": "COLLATION",
    "pg_operator": "OPERATOR",
    "pg_opfamily": "OPERATOR FAMILY",
    "pg_opclass": "OPERATOR CLASS",
    "pg_cast": "CAST",
    "pg_conversion": "CONVERSION",
    "pg_am": "ACCESS METHOD",
    "pg_language": "PROCEDURAL LANGUAGE",
    "pg_transform": "TRANSFORM",
    "pg_ts_parser": "TEXT SEARCH PARSER",
    "pg_ts_template": "TEXT SEARCH TEMPLATE",
    "pg_ts_dict": "TEXT SEARCH DICTIONARY",
    "pg_ts_config": "TEXT SEARCH CONFIGURATION",
    "pg_statistic_ext": "STATISTICS",
    "pg_rewrite": "RULE",
    "pg_foreign_data_wrapper": "FOREIGN DATA WRAPPER",
    "pg_foreign_server": "SERVER",
    "pg_user_mapping": "USER MAPPING",
    "pg_event_trigger": "EVENT TRIGGER",
    "pg_publication": "PUBLICATION",
    "pg_subscription": "SUBSCRIPTION",
}
# Where a kind has objects of another type too.
_KIND_OF_TYPE = {"PROCEDURE": "FUNCTION", "FOREIGN TABLE": "TABLE"}

# int8, int4 and oid
_INTEGERS = {20, 23, 26}
# of prepared statements: two readers may have one connection, one after the other
_NUMBERS = count()

# Where what belongs to an object has rows of its own.
_DETAILS = {
    "pg_amop", "pg_amproc", "pg_constraint", "pg_description", "pg_extension", "pg_inherits",
    "pg_publication_namespace", "pg_publication_rel", "pg_ts_config_map",
}  # fmt: skip

Key = tuple[int, int]
"""A catalog's oid, and the oid of an object in it."""


@dataclass(frozen=True)
class Writes:
    """What statements wrote: the catalogs (of `watched`) in which rows were inserted, updated, deleted.

    `relations` are the oids of those locked against other changes: PostgreSQL changes no catalog row of a
    relation without, and keeps the lock to the end of the transaction. None: it may have been any.
    """

    inserted: frozenset[str] = frozenset()
    updated: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    relations: frozenset[int] | None = frozenset()

    def __or__(self, other: Writes) -> Writes:
        relations = None
        if self.relations is not None and other.relations is not None:
            relations = self.relations | other.relations
        return Writes(
            self.inserted | other.inserted,
            self.updated | other.updated,
            self.deleted | other.deleted,
            relations,
        )

    @property
    def leave_no_trace(self) -> bool:
        """Whether something may be gone, or elsewhere, that no row of the object itself tells of.

        A foreign key, a comment, a parent, the table of a publication; what an extension requires.
        """
        return not _DETAILS.isdisjoint(self.updated | self.deleted)


@dataclass(frozen=True)
class DatabaseObject:
    """One object with its complete definition.

    `classid` and `objid` are its catalog and oid. `object_schema` is None for what is in none (a cast,
    a publication). `object_identity` is what `pg_identify_object`
    says; on the rare collision (a trigger and a policy of one name on one table) the later kind in
    `KINDS` carries its kind in parentheses behind it. `definition` is a script: every statement
    ends with `;`, every name has its schema.
    """

    classid: int
    objid: int
    object_type: str
    object_schema: str | None
    object_name: str
    object_identity: str
    definition: str

    @property
    def key(self) -> Key:
        return (self.classid, self.objid)

    @property
    def kind(self) -> str:
        """The one of `KINDS` that it is read with."""
        return _KIND_OF_TYPE.get(self.object_type, self.object_type)


@cache
def _sections() -> dict[tuple[str, str], str]:
    """The parts of the files in `sql/catalog`: headed by `-- kind:`, `query`, `written` or `deleted`, and a name."""
    files = sorted(
        (
            f
            for f in resources.files(__package__).joinpath("sql/catalog").iterdir()
            if f.name.endswith(".sql")
        ),
        key=lambda f: f.name,
    )
    text = "\n".join(f.read_text(encoding="utf-8") for f in files)
    parts = re.split(r"^-- (kind|query|written|deleted): ([\w ]+)\n", text, flags=re.MULTILINE)
    return {
        (what, name): body.strip()
        for what, name, body in zip(parts[1::3], parts[2::3], parts[3::3], strict=True)
    }


def watched() -> tuple[str, ...]:
    """The catalogs in which a change of some definition leaves its traces."""
    return tuple(name for what, name in _sections() if what == "written")


@cache
def anywhere() -> Writes:
    """Writes of which nothing is known."""
    catalogs = frozenset(watched())
    return Writes(catalogs, catalogs, catalogs, None)


_COMMENT = (
    r"coalesce(E'\\nCOMMENT ON ' || \1 || ' IS ' || quote_literal(obj_description(\2, '\3')) || ';', '')"
)
_EXTENSIONS = (
    r"coalesce((select string_agg(E'\\nALTER ' || \1 || format(' DEPENDS ON EXTENSION %I;', e.extname), ''"
    r' order by e.extname collate "C") from pg_catalog.pg_depend as d'
    r" join pg_catalog.pg_extension as e on e.oid = d.refobjid"
    r" where d.classid = '\3'::regclass and d.objid = \2"
    r" and d.refclassid = 'pg_extension'::regclass and d.deptype = 'x'), '')"
)
_GONE = (
    "select '{catalog}'::regclass::oid as classid, objid from unnest(%({catalog})s::oid[]) as objid"
    " where not exists (select from pg_catalog.{catalog} as x where x.oid = objid)"
)


@cache
def _query(
    name: str, version: int, only: bool, written: frozenset[str], located: bool
) -> tuple[bytes, list[str]]:
    """A query with numbered parameters, and their names in that order.

    psycopg would look for named ones in all of the text anew each time, and the texts are long.
    """
    text = _text(name, version, only, written, located)
    names = list(dict.fromkeys(re.findall(r"%\((\w+)\)s", text)))
    return re.sub(r"%\((\w+)\)s", lambda m: f"${names.index(m[1]) + 1}", text).encode(), names


def _text(
    name: str,
    version: int,
    only: bool = False,
    written: frozenset[str] = frozenset(),
    located: bool = False,
) -> str:
    """A part of `sql/catalog` for a server of a major version, its placeholders filled in.

    - A line that ends with `-- since N` or `-- until N` is only there for servers of that version or a later one, or an
      earlier one.
    - `{query:NAME}` becomes that query, without the line that says what it is.
    - `{only:EXPRESSION}` becomes `true`, or a test of EXPRESSION against the parameter `oids`.
    - `{hidden:N}` excludes system schemas, and those in the parameter `hidden`; `{own:N}` only the latter. N is an
      alias of pg_namespace.
    - `{member:CATALOG:EXPRESSION}` excludes what belongs to an extension: its CREATE EXTENSION stands for it.
    - `{comment:EXPRESSION|OID|CATALOG}` becomes the statement that comments on the object, or nothing.
    - `{extensions:EXPRESSION|OID|CATALOG}` becomes the statements by which it depends on extensions, or nothing.
    - `{written:XMIN}` tests whether that transaction id is the parameter `horizon` or a later one.
    - `{relations:EXPRESSION}` tests whether that relation was locked, `{with_indexes:EXPRESSION}` whether it or its
      table was, `{with_tables:EXPRESSION}` whether it or an index of it was.
    - `{places}` becomes the queries `written` and `deleted` of these catalogs, `{gone}` the oids that they do not have.

    The queries `kind` all return the columns of `DatabaseObject`. They are run with an empty search_path, so that
    PostgreSQL prints every name with its schema.
    """
    sections = _sections()
    text = sections["query", name] if ("query", name) in sections else sections["kind", name]
    headings = {each if each.startswith("deleted ") else f"written {each}" for each in written}
    places = (body for section, body in sections.items() if " ".join(section) in headings)
    text = text.replace("{places}", "\nunion all\n".join(places))
    text = text.replace("{gone}", "\nunion all\n".join(_GONE.format(catalog=c) for c in sorted(written)))
    while (part := re.search(r"\{query:(\w+)\}", text)) is not None:
        text = text.replace(part[0], sections["query", part[1]].split("\n", 1)[1])
    text = re.sub(r"(?m)^.*-- since (\d+)$", lambda m: m[0] if version >= int(m[1]) else "", text)
    text = re.sub(r"(?m)^.*-- until (\d+)$", lambda m: m[0] if version <= int(m[1]) else "", text)
    for name, template in (("comment", _COMMENT), ("extensions", _EXTENSIONS)):
        text = re.sub(rf"\{{{name}:([^|{{}}]+)\|([^|{{}}]+)\|(\w+)\}}", template, text)
    text = re.sub(
        r"\{(relations|with_indexes|with_tables):([^}]+)\}", lambda m: _among(m[1], m[2], located), text
    )
    text = re.sub(r"\{only:([^}]+)\}", lambda m: f"{m[1]} = any(%(oids)s::oid[])" if only else "true", text)
    text = re.sub(
        r"\{hidden:(\w+)\}",
        r"(\1.nspname !~ '^pg_' and \1.nspname <> 'information_schema' and \1.nspname <> all(%(hidden)s::text[]))",
        text,
    )
    text = re.sub(r"\{own:(\w+)\}", r"(\1.nspname <> all(%(hidden)s::text[]))", text)
    # a subquery that depends on no row: worked out once, not for each
    text = re.sub(r"\{written:([^}]+)\}", r"age(\1) <= (select age(%(horizon)s::xid))", text)
    return re.sub(
        r"\{member:(\w+):([^}]+)\}",
        r"not exists (select from pg_catalog.pg_depend as member where member.classid = '\1'::regclass "
        r"and member.objid = \2 and member.deptype = 'e')",
        text,
    )


def _among(which: str, expression: str, located: bool) -> str:
    if not located:
        return f"{expression} >= 16384"
    if which == "relations":
        return f"{expression} = any(%(relations)s::oid[])"
    own, other = ("indrelid", "indexrelid") if which == "with_indexes" else ("indexrelid", "indrelid")
    return (
        f"{expression} = any(array(select unnest(%(relations)s::oid[]) union all "
        f"select {other} from pg_catalog.pg_index where {own} = any(%(relations)s::oid[])))"
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
        self._hidden = _array(hidden)
        self._version = connection.info.server_version // 10000
        self._prepared: dict[bytes, bytes] = {}
        connection.prepare_threshold = None  # For what it prepares itself psycopg may send DEALLOCATE ALL.
        self._connection.execute("select set_config('search_path', '', false)")
        rows = connection.execute(
            "select c.relname, c.oid::bigint from pg_catalog.pg_class as c"
            " where c.relnamespace = 'pg_catalog'::regnamespace"
            " and c.relname = any(%s)",
            (list(_CATALOGS),),
        ).fetchall()
        self._catalogs = {int(oid): str(name) for name, oid in rows}

    def _fetch(
        self,
        name: str,
        only: bool = False,
        written: frozenset[str] = frozenset(),
        located: bool = False,
        /,
        **parameters: str | Iterable[int],
    ) -> list[dict[str, Any]]:
        """The rows of a query of `sql/catalog`, by column.

        These are most of what a replay asks of a server, and small: libpq's own calls take a third of the time
        that a cursor of psycopg takes for each.
        """
        query, names = _query(name, self._version, only, written, located)
        values = {
            k: v if isinstance(v, str) else "{" + ",".join(map(str, v)) + "}" for k, v in parameters.items()
        }
        values["hidden"] = self._hidden
        server, encoding = self._connection.pgconn, self._connection.info.encoding
        arguments = [values[n].encode(encoding) for n in names]
        # Prepared the second time it is asked: the server keeps a plan, some hundred kilobytes, as long as the session.
        statement = self._prepared.get(query)
        if statement is None:
            self._prepared[query] = b""
            result = _check(server.exec_params(query, arguments), encoding)
        else:
            if not statement:
                statement = f"pggit_{next(_NUMBERS)}".encode()
                _check(server.prepare(statement, query), encoding)
                self._prepared[query] = statement
            result = _check(server.exec_prepared(statement, arguments), encoding)
        columns = [
            (i, (result.fname(i) or b"").decode(), result.ftype(i) in _INTEGERS)
            for i in range(result.nfields)
        ]
        return [
            {
                column: None
                if (value := result.get_value(row, i)) is None
                else int(value)
                if is_integer
                else value.decode(encoding)
                for i, column, is_integer in columns
            }
            for row in range(result.ntuples)
        ]

    def everything(self) -> list[DatabaseObject]:
        """All objects of the database, ordered by kind, then identity."""
        return self.of_kinds(KINDS)

    def of_kinds(self, kinds: Iterable[str]) -> list[DatabaseObject]:
        """All objects of these kinds, ordered by kind, then identity."""
        found = [_object(row) for kind in kinds for row in self._fetch(kind)]
        return sorted(found, key=lambda o: (KINDS.index(o.kind), o.object_identity))

    def table_columns(self) -> dict[str, dict[str, dict[str, Any]]]:
        """The columns of tables, by identity and name: position, type, nullable, default, of_domain, of_partition."""
        return {row["identity"]: json.loads(row["columns"]) for row in self._fetch("table_columns")}

    def some(self, keys: Mapping[Key, str]) -> list[DatabaseObject]:
        """The objects among `keys` (with their kinds) that exist and are versioned."""
        wanted: dict[str, list[int]] = {}
        for (_, objid), kind in keys.items():
            wanted.setdefault(kind, []).append(objid)
        return [
            _object(row)
            for kind, oids in wanted.items()
            if kind
            for row in self._fetch(kind, True, oids=oids)
        ]

    def oids(self, catalogs: Sequence[str]) -> list[int]:
        """The oids of these catalogs, in their order; 0 for those that a server of this version does not have."""
        rows = self._connection.execute(
            "select array_agg(coalesce(to_regclass(name)::oid::bigint, 0) order by place)"
            " from unnest(%s::text[]) with ordinality as names (name, place)",
            ([f"pg_catalog.{name}" for name in catalogs],),
        ).fetchall()
        return list(rows[0][0])

    def horizon(self) -> int:
        """The next transaction id: what is written from now on has this one or a later one."""
        return int(self._fetch("horizon")[0]["horizon"])

    def touched(self, horizon: int, writes: Writes) -> tuple[dict[Key, str], int]:
        """Objects (with their kinds) whose catalog rows were written (`writes`) since `horizon`, and that of now."""
        # What is gone may have been told of with another object, which nothing else was done to.
        gone = {
            f"deleted {name}" for what, name in _sections() if what == "deleted" and name in writes.deleted
        }
        written = writes.inserted | writes.updated | gone
        if not written:
            return {}, horizon
        located = writes.relations is not None
        rows = self._fetch(
            "touched", False, written, located, horizon=str(horizon), relations=writes.relations or ()
        )
        return self._with_kinds(row for row in rows if row["classid"] is not None), rows[0]["horizon"]

    def dependents(self, keys: Iterable[Key], query: str = "dependents") -> dict[Key, str]:
        """Objects (with their kinds) whose text may name one of `keys`, or (`users_of_rows`) go by its columns."""
        return self._with_kinds(self._fetch(query, oids=[objid for _, objid in keys]))

    def _with_kinds(self, rows: Iterable[Mapping[str, Any]]) -> dict[Key, str]:
        return {
            (row["classid"], row["objid"]): _RELATION_KINDS.get(row["relkind"] or "")
            or _CATALOGS.get(self._catalogs.get(row["classid"], ""), "")
            for row in rows
        }

    def vanished(self, keys: Iterable[Key], writes: Writes) -> set[Key]:
        """Those of `keys` that no longer exist, given what was written since they were last seen."""
        wanted: dict[str, list[int]] = {}
        for classid, objid in keys if writes.deleted else ():
            catalog = self._catalogs[classid]
            # A relation is locked by whoever drops it.
            is_spared = (
                catalog == "pg_class" and writes.relations is not None and objid not in writes.relations
            )
            if catalog in writes.deleted and not is_spared:
                wanted.setdefault(catalog, []).append(objid)
        if not wanted:
            return set()
        rows = self._fetch("vanished", False, frozenset(wanted), **wanted)
        return {(row["classid"], row["objid"]) for row in rows}


def _object(row: dict[str, Any]) -> DatabaseObject:
    return DatabaseObject(**{**row, "definition": lasting(row["definition"])})


def _array(names: Iterable[str]) -> str:
    """Names as the text of an array."""
    escaped = (name.replace("\\", r"\\").replace('"', r"\"") for name in names)
    return "{" + ",".join(f'"{name}"' for name in escaped) + "}"


def _check(result: PGresult, encoding: str) -> PGresult:
    """The result, if it is one; else raises what the server said as `psycopg.Error`."""
    if result.status not in (ExecStatus.TUPLES_OK, ExecStatus.COMMAND_OK):
        raise psycopg.errors.error_from_result(result, encoding)
    return result


def with_unique_identities(objects: Sequence[DatabaseObject]) -> list[DatabaseObject]:
    """Objects whose identity another kind has too get their kind behind it.

    `pg_identify_object` names a trigger and a policy alike, and an enum and an index of one name;
    a tree has one entry a path.
    """
    holder: dict[str, DatabaseObject] = {}
    result: list[DatabaseObject] = []
    for found in sorted(objects, key=lambda o: KINDS.index(o.kind)):
        if found.object_identity in holder:
            kind = found.object_type.lower().replace("_", " ")
            found = replace(found, object_identity=f"{found.object_identity} ({kind})")
        holder[found.object_identity] = found
        result.append(found)
    return result


@cache
def column_query() -> str:
    """The query that reads a table's columns in the terms of v1's metadata; its one parameter is the oid."""
    return _text("columns", 0).replace("%(oid)s", "%s")
