"""Loads a recorded pgGit v1 history into a database, as if pgGit had been installed there all along.

A recorded history is a folder with `history`, `objects`, `branches` and `commits` as CSV (`.csv` or
`.csv.gz`, with a header, NULL being the empty unquoted field) and `live.sql` (or `.sql.gz`), the schema that
the database ended with, as `pg_dump --schema-only` prints it. It may have the ids of the transactions that wrote the
history and the catalog, as `history_xids` and `catalog_xids`: then the copy stands for a physical one.
"""

from __future__ import annotations

import csv
import gzip
import re
from importlib import resources
from pathlib import Path
from typing import IO, cast

import psycopg
from psycopg import sql

from pggit_audit import evidence
from pggit_audit.errors import PggitError, Refusal

TABLES = ("branches", "objects", "commits", "history")
"""The tables of v1 that are loaded, in an order that their foreign keys accept."""

_IDS = """
    create table pggit.history_xids (id bigint, xid bigint);
    create table pggit.catalog_xids (
        catalog text, object_type text, object_identity text, part text, xid bigint, facts jsonb
    );
"""

CHUNK = 1 << 16  # characters per COPY message


def load_history(connection: psycopg.Connection, directory: Path, *, with_ids: bool = True) -> None:
    """Load a recorded history and commit, or leave the database as it was.

    Creates the schemas `pggit` (tables with the recorded rows, no triggers) and `pggit_v0` (tables, empty),
    and everything in live.sql.

    Args:
        connection: to an empty database.
        directory: the recorded history.
        with_ids: load the ids of transactions, too, where the history has them.

    Raises:
        PggitError: a file is missing or does not fit; the database has a schema pggit or pggit_v0 already.

    """
    files = {name: _find(directory, f"{name}.csv") for name in TABLES}
    live = _find(directory, "live.sql")
    ids = {name: path for name in evidence.TABLES if with_ids and (path := _path(directory, f"{name}.csv"))}
    database = connection.info.dbname
    present = connection.execute(
        "select string_agg(nspname, ' and ') from pg_namespace where nspname in ('pggit', 'pggit_v0')"
    ).fetchone()
    if present and present[0]:
        raise Refusal(
            f"Database {database} has a schema {present[0]} already. Nothing was loaded. "
            "Choose an empty database: createdb NAME, then load into that."
        )
    with connection.transaction():
        for name in ("pggit_v1.sql", "pggit_v0.sql"):
            connection.execute((resources.files("pggit_audit") / "sql" / name).read_bytes())
        for table, path in files.items():
            _load_table(connection, table, path)
        if len(ids) == len(evidence.TABLES):
            connection.execute(_IDS.encode())
            for table, path in ids.items():
                _load_table(connection, table, path)
        _load_live(connection, live)
    connection.commit()


def _path(directory: Path, name: str) -> Path | None:
    return next((p for p in (directory / name, directory / f"{name}.gz") if p.is_file()), None)


def _find(directory: Path, name: str) -> Path:
    path = _path(directory, name)
    if path is not None:
        return path
    raise PggitError(
        f"{directory} is not a recorded history: it has neither {name} nor {name}.gz. Nothing was loaded."
    )


def _open(path: Path) -> IO[str]:
    if path.suffix == ".gz":
        return cast("IO[str]", gzip.open(path, "rt", encoding="utf-8", newline=""))
    return path.open(encoding="utf-8", newline="")


def _load_table(connection: psycopg.Connection, table: str, path: Path) -> None:
    """Copy one CSV file into pggit.TABLE, by the names in its header, through a temporary table.

    COPY cannot fill a generated column, and `objects` has one; the temporary table has it as a plain one.
    """
    target = sql.Identifier("pggit", table)
    stage = sql.Identifier(f"load_{table}")
    generated = {
        row[0]: row[1]
        for row in connection.execute(
            "select attname, attgenerated <> '' from pg_attribute "
            "where attrelid = %s::regclass and attnum > 0 and not attisdropped",
            (f"pggit.{table}",),
        )
    }
    with _open(path) as lines:
        columns = next(csv.reader(lines), [])
        unknown = [name for name in columns if name not in generated]
        if unknown or not columns:
            raise PggitError(
                f"{path}: pggit.{table} has no column {', '.join(unknown) or '(empty file)'}. "
                "Nothing was loaded."
            )
        connection.execute(sql.SQL("create temporary table {} (like {})").format(stage, target))
        copy = sql.SQL("copy {} ({}) from stdin with (format csv)").format(stage, _list(columns))
        try:
            with connection.cursor() as cursor, cursor.copy(copy) as stream:
                while chunk := lines.read(CHUNK):
                    stream.write(chunk)
            kept = [name for name in columns if not generated[name]]
            connection.execute(
                sql.SQL("insert into {} ({}) select {} from {}").format(
                    target, _list(kept), _list(kept), stage
                )
            )
        except (psycopg.DataError, psycopg.IntegrityError) as error:
            where = f" ({error.diag.context})" if error.diag.context else ""
            raise PggitError(f"{path}: {error.diag.message_primary}{where}. Nothing was loaded.") from error
    connection.execute(sql.SQL("drop table {}").format(stage))
    if table not in TABLES:
        return
    connection.execute(
        sql.SQL(
            "select setval(pg_get_serial_sequence({}, 'id'), greatest(max(id), 1), max(id) is not null) "
            "from {}"
        ).format(sql.Literal(f"pggit.{table}"), target)
    )


def _list(columns: list[str]) -> sql.Composed:
    return sql.SQL(", ").join(map(sql.Identifier, columns))


def _load_live(connection: psycopg.Connection, path: Path) -> None:
    with _open(path) as lines:
        script = lines.read()
    # pg_dump fences its output with these psql commands since August 2025
    script = re.sub(r"(?m)^\\(un)?restrict\b.*$", "", script)
    try:
        connection.execute("set check_function_bodies = off")
        connection.execute(script.encode())
    except psycopg.Error as error:
        position = error.diag.statement_position
        line = script.count("\n", 0, int(position)) + 1 if position else None
        where = f"{path}, line {line}" if line else str(path)
        hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
        raise PggitError(
            f"{where}: {error.diag.message_primary or error}.{hint} Nothing was loaded."
        ) from error
    connection.execute("reset all")  # the dump sets search_path and more for the session
