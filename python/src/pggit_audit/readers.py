"""The sessions that read a shadow: what the history did there, seen from where it cannot reach."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import psycopg
from psycopg.pq.abc import PGresult
from psycopg.rows import dict_row

from pggit_audit.catalog import CatalogReader, Writes, anywhere, column_query, watched
from pggit_audit.errors import PggitError
from pggit_audit.grounds import NAME, Ground
from pggit_audit.sessions import connect

# Seconds that reading the catalog of a large schema may take, and that a statement waits for a lock.
_READING = 600
_LOCKED = 10
# What the transaction at hand wrote in each catalog, and what it locks other than under a lock that leaves a
# definition as it is. They are asked in the session of the history, the only one that can say it: so each is sent
# anew, under no name, and what it names is in pg_catalog, to which nobody can add.
_COUNTS = (
    "select pg_catalog.pg_stat_get_xact_tuples_inserted(c), pg_catalog.pg_stat_get_xact_tuples_updated(c),"
    " pg_catalog.pg_stat_get_xact_tuples_deleted(c), pg_catalog.now()"
    " from pg_catalog.unnest('{{{oids}}}'::pg_catalog.oid[]) as t (c)"
)
# A lock on 0: when it ends, a constraint trigger may write, or the query of a cursor that outlives it, where nobody can
# count that any more.
LOCKS = (
    b"select relation from pg_catalog.pg_locks"
    b" where pid operator(pg_catalog.=) pg_catalog.pg_backend_pid() and relation is not null"
    b" and mode operator(pg_catalog.<>) all (array['AccessShareLock', 'RowShareLock', 'RowExclusiveLock'])"
    b" union all select 0 from pg_catalog.pg_constraint where contype operator(pg_catalog.=) 't' and condeferrable"
    b" union all select 0 from pg_catalog.pg_cursors where is_holdable"
)
"""What the transaction at hand locks, for `written`."""
# Where a role's settings are, and what it may do in a database.
_OF_ROLES = ("pg_db_role_setting", "pg_database")


class Readers:
    """Two sessions in a shadow that run no text of the history.

    `observer` is one of the build's role, `reader` reads definitions through it. Another one prints what PostgreSQL
    prints by the search_path: there, names are the history's, so it has the rights of nobody.
    """

    def __init__(self, ground: Ground, hidden: Sequence[str]) -> None:
        self._ground = ground
        self._hidden = hidden
        self._open()

    def _open(self) -> None:
        settings = {
            "statement_timeout": f"{_READING}s",
            "lock_timeout": f"{_LOCKED}s",
            "client_min_messages": "error",
            "TimeZone": "UTC",
            # The catalog queries are long, and the same each time: planning them anew costs more than running them.
            "plan_cache_mode": "force_generic_plan",
            # They are planned while the catalogs are nearly empty, when reading all of one seems cheap.
            "enable_seqscan": "off",
        }
        self.observer = connect(
            self._ground.as_build, settings, application_name="pggit-audit replay, reader"
        )
        require_shadow(self.observer, self._ground)
        self.open_printer()
        self.reader = CatalogReader(self.observer, self._hidden)

    def open_printer(self) -> None:
        """Opens the printing session, or another one in the place of one that was ended."""
        settings = {"statement_timeout": f"{_READING}s", "TimeZone": "UTC"}
        self._printer = connect(
            self._ground.as_nobody, settings, application_name="pggit-audit replay, reader"
        )
        self._path = ""
        require_shadow(self._printer, self._ground, self._ground.role.name)

    def close(self) -> None:
        """Ends the sessions."""
        self.observer.close()
        self._printer.close()

    def look_again(self) -> bool:
        """Opens new sessions where the server was away, for a crash ends them all; whether it was.

        Raises `psycopg.OperationalError` where it is not back yet.
        """
        try:
            self.observer.execute("select 1")
        except psycopg.OperationalError:
            self.close()
            self._open()
            return True
        return False

    def printing(self, path: str) -> psycopg.Connection[Any]:
        """The printing session, under a search_path: names of schemas, as the setting has them.

        Raises `psycopg.OperationalError` where the history has ended it: it is of its own role.
        """
        if self._path != path:
            self._printer.execute("select pg_catalog.set_config('search_path', %s, false)", (path,))
            self._path = path
        return self._printer

    def is_printer_ended(self) -> bool:
        """Whether the printing session was found to be ended."""
        return bool(self._printer.closed)


def columns(session: psycopg.Connection[Any], oid: int) -> list[dict[str, Any]]:
    """A table's columns in the terms of v1's metadata (see `column_query`), under the session's search_path."""
    with session.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(column_query().encode(), (oid,), prepare=True).fetchall()


def require_shadow(session: psycopg.Connection[Any], ground: Ground, role: str | None = None) -> None:
    """Looks where a session really is, and as whom, if that matters: a pooler may lead elsewhere.

    Raises `PggitError` where it is not in the shadow, or of another role.
    """
    database, user = session.execute(
        "select pg_catalog.current_database()::pg_catalog.text, session_user::pg_catalog.text"
    ).fetchall()[0]
    if not NAME.match(database) or database != ground.name:
        raise PggitError(
            f"The replay is connected to the database {database}, which is not its shadow. "
            "Nothing was run. Check the connection settings for a pooler that redirects databases."
        )
    if role is not None and user != role:
        raise PggitError(
            f"The session that is to run the history as the role {role} is one of the role {user}. "
            "Nothing was run. Connect to the server itself: a pooler may give all its sessions one user."
        )


def counts(reader: CatalogReader) -> bytes:
    """The query for what the transaction at hand has written by now, to be asked twice: for `written`."""
    oids = reader.oids([*watched(), *_OF_ROLES])
    return _COUNTS.format(oids=",".join(str(oid) for oid in oids)).encode()


def written(before: PGresult, after: PGresult, locks: PGresult) -> Writes:
    """The catalogs whose counts rose between two looks, and the relations that are locked."""
    relations = frozenset(int(locks.get_value(row, 0) or 0) for row in range(locks.ntuples))
    if 0 in relations or _rose(before, after, 0, 3):
        # A transaction ended between them, and let go of its locks; or it writes when it ends.
        return anywhere()
    kinds: list[frozenset[str]] = [
        frozenset(name for row, name in enumerate(watched()) if _rose(before, after, row, column))
        for column in range(3)
    ]
    return Writes(kinds[0], kinds[1], kinds[2], relations)


def role_written(before: PGresult, after: PGresult, writes: Writes) -> bool:
    """Whether what a role may do, or its settings, may have been written between two looks, which came to `writes`."""
    rows = range(len(watched()), len(watched()) + len(_OF_ROLES))
    return writes.relations is None or any(
        _rose(before, after, row, column) for row in rows for column in range(3)
    )


def _rose(before: PGresult, after: PGresult, row: int, column: int) -> bool:
    return before.get_value(row, column) != after.get_value(row, column)
