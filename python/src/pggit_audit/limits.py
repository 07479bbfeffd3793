"""What one statement of the history may take of the server: disk, the write-ahead log, notifications, locks."""

from __future__ import annotations

import psycopg

from pggit_audit.grounds import Ground

MOST_BYTES = 2 << 30
"""By which one statement may make the shadow grow."""
MOST_LOG = 2 * MOST_BYTES
"""Bytes by which the write-ahead log may grow meanwhile; it is the whole server's, and others write to it as well."""
MOST_QUEUE = 0.1
"""The part of the server's queue of notifications that may be full."""
MOST_LOCKS = 1000
"""Advisory locks that it may hold: the server's lock table is everybody's."""


class TooLarge(psycopg.errors.DiskFull):
    """A statement wrote more than one may, and its session had to be ended."""


class TooManyLocks(psycopg.errors.OutOfMemory):
    """A statement held more advisory locks than one may, and its session had to be ended."""


class Limits:
    """What was there when a statement was first looked at.

    Args:
        ground: where it runs.

    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._first: tuple[int, int] | None = None

    def passed(self, pid: int) -> psycopg.Error | None:
        """Says which limit the statement has passed, if any; where the server cannot be asked now, none.

        Args:
            pid: the process number of its backend.

        """
        try:
            if self._ground.advisory_locks(pid) > MOST_LOCKS:
                return TooManyLocks(f"the statement held more than {MOST_LOCKS} advisory locks")
            size, log, queue = self._ground.size()
        except psycopg.Error:
            return None
        first_size, first_log = self._first = self._first or (size, log)
        if size - first_size > MOST_BYTES:
            return TooLarge(f"the statement wrote more than {MOST_BYTES >> 20} MB")
        if log - first_log > MOST_LOG:
            return TooLarge(f"the server's log grew by more than {MOST_LOG >> 20} MB while the statement ran")
        if queue > MOST_QUEUE:
            return TooLarge("the statement filled the server's queue of notifications")
        return None
