"""Whether what must not change is refused: tried for real, in transactions that are rolled back."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.night.v1 import Names

LOCK_TIMEOUT = "2s"

CHANGED = {
    "changes": "author",
    "compliance_log": "verification_status",
    "object_versions": "definition",
    "excluded_history": "reason",
    "repairs": "statement",
    "findings": "message",
}
"""The guarded tables, with a column of each that nobody may change."""


class Busy(Exception):
    """A table is locked: whether it refuses could not be told."""


def open_doors(connection: psycopg.Connection[Any], names: Names) -> list[str]:
    """Return what was not refused, as `UPDATE on pggit_audit.changes`; empty where all is as it must be.

    Each statement is tried on one row. Where a table has none, a guard that looks at rows cannot be seen to work, and
    only those that look at statements are tried.

    Raises:
        Busy: a table is locked by others.

    """
    with connection.transaction(force_rollback=True):  # one for all: the server counts what is rolled back
        return _tried(connection, names)


def _tried(connection: psycopg.Connection[Any], names: Names) -> list[str]:
    found = []
    for table, column in CHANGED.items():
        relation = sql.Identifier(names.audit, table)
        one = sql.SQL("where ctid = (select ctid from {} limit 1)").format(relation)
        tries = [
            ("UPDATE", sql.SQL("update {0} set {1} = {1} {2}").format(relation, sql.Identifier(column), one)),
            ("DELETE", sql.SQL("delete from {} {}").format(relation, one)),
            ("TRUNCATE", sql.SQL("truncate {} cascade").format(relation)),
        ]
        if _is_empty(connection, relation):
            tries = tries[2:]
        found += [
            f"{what} on {names.audit}.{table}" for what, query in tries if not _refused(connection, query)
        ]
    return found


def _is_empty(connection: psycopg.Connection[Any], relation: sql.Identifier) -> bool:
    return connection.execute(sql.SQL("select from {} limit 1").format(relation)).fetchone() is None


def writable(connection: psycopg.Connection[Any], schema: str, table: str) -> bool:
    """Tell whether a row of an archived table could be deleted."""
    query = sql.SQL("delete from {} where false").format(sql.Identifier(schema, table))
    return not _refused(connection, query)


def _refused(connection: psycopg.Connection[Any], query: sql.Composed) -> bool:
    """Try a statement and take it back; whether a trigger refused it."""
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("select set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
            connection.execute(query)
    except (
        psycopg.errors.RestrictViolation,
        psycopg.errors.ReadOnlySqlTransaction,
        psycopg.errors.RaiseException,
    ):
        return True
    except psycopg.errors.InsufficientPrivilege:
        return True  # not even the right to try
    except psycopg.errors.ObjectNotInPrerequisiteState:
        return True  # a publication has the table, and it has no replica identity: the server itself refuses
    except psycopg.errors.LockNotAvailable as error:
        raise Busy(str(error)) from error
    return False
