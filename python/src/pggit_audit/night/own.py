"""What the night makes in the schema of the work tables: noted where the builds note what they make."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

TABLE = "own_transactions"
"""The builds' table, as models/intermediate/own has it; the first build gives it its guards."""


def note(connection: psycopg.Connection[Any], schema: str) -> None:
    """Note the transaction at hand, in which the night makes something; by such notes a build knows what is ours.

    Args:
        connection: in a transaction.
        schema: of the work tables; made where it is not there, and so is the table.

    """
    table = sql.Identifier(schema, TABLE)
    connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
    connection.execute(
        sql.SQL(
            "create table if not exists {} (transaction_id bigint primary key, purpose text not null,"
            " noted_by text not null, began_at timestamp not null)"
        ).format(table)
    )
    connection.execute(
        sql.SQL(
            "insert into {} (transaction_id, purpose, noted_by, began_at)"
            " values (pg_current_xact_id()::text::bigint, 'night', current_user, localtimestamp)"
            " on conflict (transaction_id) do nothing"
        ).format(table)
    )
