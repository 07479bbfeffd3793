"""A tracker that records DDL as pgGit v1 does, for tests, and clients that send migrations to it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

ClientStyle = Literal["script", "statement", "transaction"]
STYLES: tuple[ClientStyle, ...] = ("script", "statement", "transaction")

HISTORY = """
    select
        h.id, o.object_type::text, o.schema_name, o.object_name,
        h.change_type::text, h.change_severity::text, h.old_version, h.new_version,
        h.old_metadata, h.new_metadata, h.change_description, h.sql_executed, h.created_at, h.created_by
    from pggit.history as h
    join pggit.objects as o on o.id = h.object_id
    where h.id > %s
    order by h.id
"""


def install(connection: psycopg.Connection[Any]) -> None:
    """Creates v1's tables and the tracker; `connection` is a superuser's, in autocommit mode."""
    tables = resources.files("pggit_audit").joinpath("sql/pggit_v1.sql").read_text(encoding="utf-8")
    connection.execute(tables.encode())
    connection.execute(Path(__file__).with_name("tracker.sql").read_bytes())


def last_id(connection: psycopg.Connection[Any]) -> int:
    """The id of the newest history row, 0 when there is none."""
    row = connection.execute("select coalesce(max(id), 0) from pggit.history").fetchone()
    assert row is not None
    return int(row[0])


def history(connection: psycopg.Connection[Any], after: int = 0) -> list[dict[str, Any]]:
    """The recorded rows with an id above `after`, oldest first, with their object's name and type."""
    with connection.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(HISTORY, (after,)).fetchall()


@contextmanager
def acting_as(connection: psycopg.Connection[Any], author: str | None) -> Iterator[None]:
    """Runs the block as `author`, a superuser role that is made when it is missing."""
    if author is None:
        yield
        return
    role = sql.Identifier(author)
    if not connection.execute("select 1 from pg_roles where rolname = %s", (author,)).fetchone():
        connection.execute(sql.SQL("create role {} superuser").format(role))
    connection.execute(sql.SQL("set role {}").format(role))
    try:
        yield
    finally:
        connection.execute("reset role")


def send(
    connection: psycopg.Connection[Any],
    statements: Sequence[str],
    style: ClientStyle,
    author: str | None = None,
) -> None:
    """Sends one migration: as one query, or a query each, or that inside BEGIN and COMMIT.

    `connection` is in autocommit mode, so `script` is one implicit transaction and `statement` has one
    each. Raises what the server raises; only then a `transaction` is rolled back, as is a `script`.
    """
    with acting_as(connection, author):
        if style == "script":
            connection.execute(";\n".join(statements).encode())
        elif style == "statement":
            for statement in statements:
                connection.execute(statement.encode())
        else:
            with connection.transaction():
                for statement in statements:
                    connection.execute(statement.encode())
