"""Sessions that a node of dbt no longer needs, kept for the next one.

dbt-postgres opens a session for each node and closes it. A server needs longer to start one, and to read its catalogs
into memory once more, than many a node takes.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from threading import Lock
from typing import Any

import psycopg2  # type: ignore[import-untyped]

# Seconds after which a session is not used again: what stands between us and the server may have forgotten it.
_LIFE = 60.0


class IdleSessions:
    """Sessions of one target, which any thread may put back and take."""

    def __init__(self) -> None:
        self._sessions: list[tuple[float, Any]] = []
        self._lock = Lock()

    def keep(self, handle: Any) -> None:
        """Take in a session, and undo what was set, made, locked or begun in it and not committed.

        Args:
            handle: a psycopg2 connection. One that the server has ended, or that cannot be emptied, is closed.

        """
        try:
            handle.rollback()
            _outside_transactions(handle, ["discard all"])
        except psycopg2.Error:
            _close(handle)
            return
        with self._lock:
            self._sessions.append((time.monotonic(), handle))

    def take(self, beginning: Sequence[str]) -> Any | None:
        """Return a session that is again as one just opened, or None if there is none left.

        Args:
            beginning: the statements that make an emptied one so.

        """
        while True:
            with self._lock:
                if not self._sessions:
                    return None
                since, handle = self._sessions.pop()
            if time.monotonic() - since < _LIFE:
                with suppress(psycopg2.Error):
                    _outside_transactions(handle, beginning)
                    return handle
            _close(handle)

    def close(self) -> None:
        """Close what nobody uses."""
        with self._lock:
            sessions, self._sessions = self._sessions, []
        for _, handle in sessions:
            _close(handle)


def _outside_transactions(handle: Any, statements: Sequence[str]) -> None:
    autocommit = handle.autocommit
    handle.autocommit = True
    with handle.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    handle.autocommit = autocommit


def _close(handle: Any) -> None:
    with suppress(psycopg2.Error):
        handle.close()
