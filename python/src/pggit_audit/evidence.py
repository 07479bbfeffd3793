"""The ids of the transactions that wrote the history and the catalog: where they are read.

Three places have them. Of a database that is the production server's, or a physical copy of it, the rows themselves.
After pg_restore nothing there is of use: then a file that `collect` wrote on the production server, or the two tables
that a recorded history brings along (`TABLES`).
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from datetime import datetime
from importlib import resources
from pathlib import Path
from typing import IO, Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit import others_code
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.sessions import read_any_time

FORMAT = "pggit-audit evidence 1"
TABLES = ("history_xids", "catalog_xids")
"""In v1's schema, where a recorded history was loaded with its ids."""

Row = Mapping[str, Any]
Place = tuple[str, str, str, str | None]
"""A row of the catalog: its catalog, the kind and identity of its object, its part."""


@dataclass(frozen=True)
class CatalogRow:
    """One row of the system catalog, and the transaction that last wrote it.

    The object as `pg_identify_object` names it; `part` is its column, label, rule or parent, None for itself.
    `facts`: oid, rewritten, attnum, attlen, attalign, atttypmod, attndims, attstorage, collated, dropped, granted,
    enumsortorder, as far as the catalog has them.
    `committed_at`: in UTC, where the server kept it.
    """

    catalog: str
    object_type: str
    object_identity: str
    part: str | None
    xid: int
    facts: Mapping[str, Any] = field(default_factory=dict)
    committed_at: datetime | None = None

    @property
    def place(self) -> Place:
        """Which row it is, on whatever server."""
        return self.catalog, self.object_type, self.object_identity, self.part


@dataclass(frozen=True)
class Collected:
    """All ids of one source: of the history's rows by their id, of the catalog's rows; `source` in words.

    Of a file (`is_file`), `here` is which rows of the catalog the database has that is built: what it has not was
    changed or dropped behind the file. None: all of them.
    """

    source: str
    history: Mapping[int, int]
    catalog: Sequence[CatalogRow]
    next_xid: int | None = None
    times: Mapping[int, str | None] = field(default_factory=dict)
    is_file: bool = False
    here: Set[Place] | None = None


# Where they are read -------------------------------------------------------------------------------


def read(
    connection: psycopg.Connection[Any],
    history: Sequence[Row],
    *,
    file: str | None,
    schemas: Sequence[str],
    hidden: Sequence[str],
) -> Collected:
    """The ids: of the file, if one is named; else of the loaded tables, if they are there; else of the rows themselves.

    Args:
        history: rows of stg_pggit__history.
        file: what `collect` wrote.
        schemas: where v1 may be, likeliest first.
        hidden: schemas that are no part of the team's.

    Raises `PggitError` where the file cannot be read.
    """
    if file:
        here = frozenset(row.place for row in catalog_rows(connection, hidden))
        return replace(from_file(Path(file)), here=here)
    loaded = _from_tables(connection, schemas)
    if loaded is not None:
        return loaded
    return _from_rows(connection, history, hidden)


def _from_rows(
    connection: psycopg.Connection[Any], history: Sequence[Row], hidden: Sequence[str]
) -> Collected:
    xids = {
        int(row["version_id"]): int(row["transaction_id"])
        for row in history
        if row["transaction_id"] is not None
    }
    (next_xid,) = _one(
        connection,
        "select pg_catalog.pg_snapshot_xmax(pg_catalog.pg_current_snapshot())::pg_catalog.text::pg_catalog.int8",
    )
    return Collected("the rows of this database", xids, list(catalog_rows(connection, hidden)), int(next_xid))


def catalog_rows(connection: psycopg.Connection[Any], hidden: Sequence[str]) -> Iterator[CatalogRow]:
    """The rows of the catalog that the team's schema is made of; no right is needed."""
    text = resources.files(__package__).joinpath("sql/evidence.sql").read_bytes()
    with connection.cursor(row_factory=dict_row) as cursor:
        for row in cursor.execute(text, {"hidden": list(hidden)}):
            yield CatalogRow(
                row["catalog"], row["object_type"], row["object_identity"], row["part"],
                row["transaction_id"], row["facts"] or {}, row["committed_at"],
            )  # fmt: skip


def _from_tables(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> Collected | None:
    for schema in schemas:
        (present,) = _one(
            connection,
            "select pg_catalog.count(*) from pg_catalog.pg_class as c"
            " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace"
            " where n.nspname operator(pg_catalog.=) %s::pg_catalog.name"
            " and c.relname operator(pg_catalog.=) any (%s::pg_catalog.name[])",
            schema,
            list(TABLES),
        )
        if present != len(TABLES):
            continue
        others_code.refuse(connection, [(schema, table) for table in TABLES])
        history, catalog = (
            connection.execute(
                sql.SQL("select {} from {}").format(
                    sql.SQL(", ").join(map(sql.Identifier, names)), sql.Identifier(schema, table)
                )
            ).fetchall()
            for table, names in zip(
                TABLES,
                (
                    ("id", "xid"),
                    ("catalog", "object_type", "object_identity", "part", "xid", "facts"),
                ),
                strict=True,
            )
        )
        return Collected(
            f"the tables {TABLES[0]} and {TABLES[1]} of {schema}",
            {version: xid for version, xid in history if xid is not None},
            [
                CatalogRow(c, kind, name, part, xid, facts or {})
                for c, kind, name, part, xid, facts in catalog
            ],
        )
    return None


def _one(connection: psycopg.Connection[Any], text: str, *parameters: Any) -> tuple[Any, ...]:
    row = connection.execute(text.encode(), parameters).fetchone()
    assert row is not None
    return cast("tuple[Any, ...]", row)


def collect(
    connection: psycopg.Connection[Any], schemas: Sequence[str], hidden: Sequence[str]
) -> tuple[Collected, list[Row]]:
    """All ids of a server that the history was made on, as of one moment; and the history's rows, for `DatedCatalog`.

    Nothing is written, and nothing is locked but against being dropped. The role needs to read v1's tables.

    Args:
        connection: in autocommit mode.
        schemas: where v1 may be, likeliest first.
        hidden: schemas that are no part of the team's.

    Raises `Refusal` where there is no v1, or the role may not read it.
    """
    with connection.transaction():
        connection.execute("set transaction isolation level repeatable read read only")
        history = _history(connection, schemas)
        found = _from_rows(connection, history, hidden)
    times = {int(row["version_id"]): iso(row["created_at"]) for row in history}
    return replace(found, times=times), history


def now(connection: psycopg.Connection[Any]) -> str:
    """The server's time, in UTC."""
    return str(_one(connection, "select pg_catalog.timezone('UTC', pg_catalog.now())::pg_catalog.text")[0])


def _history(connection: psycopg.Connection[Any], schemas: Sequence[str]) -> list[Row]:
    """The rows of v1's history and of its archive, as far as `DatedCatalog` reads them, in the order of their ids."""
    read_any_time(connection)
    schema = next((s for s in schemas if _columns(connection, s, "history")), None)
    if schema is None:
        raise Refusal(
            f"There is no table history in {' or '.join(schemas)}: pgGit v1 is not installed in database "
            f"{connection.info.dbname}. Nothing was written."
        )
    others_code.refuse(connection, [(schema, table) for table in ("history", "history_archive", "objects")])
    installed = "object_id" in _columns(connection, schema, "history")
    rows: list[Row] = []
    for table in ("history", "history_archive"):
        columns = _columns(connection, schema, table)
        if not columns:
            continue
        number = "id" if installed else "version_id"
        at = "h.created_at at time zone 'UTC'" if columns["created_at"] == "timestamptz" else "h.created_at"
        kind = "o.object_type::text" if installed else "h.object_type::text"
        facts = "h.new_metadata" if "new_metadata" in columns else "null::jsonb"
        change = "h.sql_executed" if installed else "h.change_sql"
        text = (
            f"select h.{number}::bigint as version_id, h.xmin::text::bigint as transaction_id, {at} as created_at,"
            f" {kind} as object_type, h.change_type::text as change_type, {facts} as new_metadata,"
            f" {change}::text as change_sql"
            " from {history} as h" + (" left join {objects} as o on o.id = h.object_id" if installed else "")
        )
        query = sql.SQL(text).format(
            history=sql.Identifier(schema, table), objects=sql.Identifier(schema, "objects")
        )
        try:
            with connection.cursor(row_factory=dict_row) as cursor:
                rows += cursor.execute(query).fetchall()
        except psycopg.errors.InsufficientPrivilege:
            raise Refusal(
                f"Role {connection.info.user} may not read {schema}.{table}. Nothing was written. As its owner: "
                f'grant select on all tables in schema {schema} to "{connection.info.user}";'
            ) from None
        except psycopg.errors.UndefinedColumn as error:
            raise Refusal(
                f"{schema}.{table} is not as pgGit v1 makes it: {error.diag.message_primary}. Nothing was written."
            ) from None
    return sorted(rows, key=lambda r: int(r["version_id"]))


def _columns(connection: psycopg.Connection[Any], schema: str, table: str) -> dict[str, str]:
    """The columns of a table with their types; empty where there is no such table, or it is a view."""
    return dict(
        connection.execute(
            "select a.attname, t.typname from pg_catalog.pg_attribute as a"
            " join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) a.attrelid"
            " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace"
            " join pg_catalog.pg_type as t on t.oid operator(pg_catalog.=) a.atttypid"
            " where n.nspname operator(pg_catalog.=) %s::pg_catalog.name"
            " and c.relname operator(pg_catalog.=) %s::pg_catalog.name and c.relkind in ('r', 'p')"
            " and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped",
            (schema, table),
        ).fetchall()
    )


def iso(created_at: Any) -> str | None:
    """A row's time as the file has it."""
    return created_at.isoformat() if isinstance(created_at, datetime) else None


# The file ------------------------------------------------------------------------------------------


def write(path: Path, found: Collected, about: Mapping[str, Any]) -> None:
    """Writes a file of evidence: JSON, a line each; packed where the name ends with .gz. `about` goes into its head.

    Raises `PggitError` where that cannot be written.
    """
    try:
        with _open(path, "wt") as lines:
            rows = len(found.history) + len(found.catalog)
            head = {"format": FORMAT, "next_xid": found.next_xid, "rows": rows, **about}
            lines.write(json.dumps(head, ensure_ascii=False, default=str) + "\n")
            for version, xid in found.history.items():
                row = {"history": version, "xid": xid, "created_at": found.times.get(version)}
                lines.write(json.dumps(row) + "\n")
            for part in found.catalog:
                lines.write(json.dumps(part.__dict__, ensure_ascii=False, default=str) + "\n")
    except OSError as error:
        raise PggitError(f"{path} cannot be written: {error.strerror}. Nothing else was done.") from None


def from_file(path: Path) -> Collected:
    """Reads a file that `write` wrote. Raises `PggitError` where it is none, or not whole."""
    history: dict[int, int] = {}
    times: dict[int, str | None] = {}
    catalog: list[CatalogRow] = []
    number = 1
    try:
        with _open(path, "rt") as lines:
            head = json.loads(next(lines, "null"))
            if not isinstance(head, dict) or head.get("format") != FORMAT:
                raise ValueError("its first line does not say that it is one")
            for line in lines:
                number += 1
                row = json.loads(line)
                if "history" in row:
                    history[int(row["history"])] = int(row["xid"])
                    times[int(row["history"])] = row["created_at"]
                else:
                    at = row["committed_at"]
                    catalog.append(
                        CatalogRow(**{**row, "committed_at": datetime.fromisoformat(at) if at else None})
                    )
            if number - 1 != head["rows"]:
                raise ValueError(
                    f"it has {number - 1} of the {head['rows']} rows that its first line tells of"
                )
            return Collected(f"the file {path.name}", history, catalog, head["next_xid"], times, is_file=True)
    except OSError as error:
        why = error.strerror or "it is not packed as its name says"
    except (ValueError, TypeError, KeyError, EOFError) as error:
        why = f"line {number}: {error}"
    raise PggitError(
        f"{path} is no file of evidence: {why}. Nothing was changed. "
        "Write it on the production server: pggit-audit evidence collect --out FILE"
    )


def _open(path: Path, mode: str) -> IO[str]:
    if path.suffix == ".gz":
        return cast("IO[str]", gzip.open(path, mode, encoding="utf-8"))
    return cast("IO[str]", path.open(mode[0], encoding="utf-8"))
