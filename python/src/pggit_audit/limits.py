"""What one statement of the history may take of the server: disk, the write-ahead log, notifications, locks, time."""

from __future__ import annotations

import math
import re
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg

from pggit_audit.errors import PggitError
from pggit_audit.grounds import Ground
from pggit_audit.sessions import NO_ROOM

MOST_BYTES = 2 << 30
"""By which one statement may make the shadow grow."""
MOST_TOGETHER = 4 * MOST_BYTES
"""That the shadow may have of all statements together, where one that takes a moment makes it grow."""
MOST_LOG = 2 * MOST_BYTES
"""Bytes by which the write-ahead log may grow meanwhile, beside what others write."""
MOST_QUEUE = 0.1
"""The part that it may take of what others have left free in the server's queue of notifications."""
MOST_LOCKS = 1000
"""Advisory locks that it may hold: the server's lock table is everybody's."""

# Seconds that a statement waits for a lock.
_LOCKED = 10.0
LEAST = 1.0
"""Seconds that any statement may take, and from which on one is slow."""


class Patience:
    """How long each statement of a history may take, and all that are slow together.

    Args:
        seconds: of one statement.
        together: of those that are slow; when they are over, each may take `LEAST` seconds.

    """

    def __init__(self, seconds: float, together: float = math.inf) -> None:
        self._seconds = seconds
        self._left = together

    @property
    def is_used_up(self) -> bool:
        """Whether the slow ones have taken what they may."""
        return self._left <= 0

    @property
    def seconds(self) -> float:
        """How long the next statement may take."""
        return min(self._seconds, LEAST) if self.is_used_up else self._seconds

    def told(self, seconds: float) -> str:
        """How long a statement might take, and why no longer."""
        why = ", which is all that the slow ones before it left (slow_statements_minutes)"
        return f"{seconds:g} s{why if seconds < self._seconds else ''}"

    def spend(self, seconds: float) -> None:
        """Note how long a statement took."""
        if seconds > LEAST:
            self._left -= seconds


_OPERATORS = re.compile(r"[-~!@#^&|`?+*/%<>=]{100,}")
# Characters that the server may read for comments within comments: about a second's worth.
_MOST_READ = 200_000_000


def takes_long_to_read(text: str) -> bool:
    """Whether the server would read a text so long that nothing can end it: it asks for no interrupt meanwhile.

    Behind each sign that opens a comment it reads all that may be an operator, and goes back.
    """
    return sum(run[0].count("/*") * len(run[0]) for run in _OPERATORS.finditer(text)) > _MOST_READ


class TooLarge(psycopg.errors.DiskFull):
    """A statement wrote more than one may, and its session had to be ended."""


def _together() -> TooLarge:
    return TooLarge(f"all statements together wrote more than {MOST_TOGETHER >> 20} MB")


class TooManyLocks(psycopg.errors.OutOfMemory):
    """A statement held more advisory locks than one may, and its session had to be ended."""


class TooMuchOfTheServers(TooLarge):
    """It took too much of what is the whole server's, or others did: PostgreSQL says only how much is taken."""


# Little of what honest statements take: some locks, and 16 MB, which are undone.
_LITTLE = (
    b"select pg_catalog.pg_advisory_xact_lock_shared(1885824883, n) from pg_catalog.generate_series(1, 60) as n",
    b"create temporary table room as select n, n as m from pg_catalog.generate_series(1, 400000) as n",
)


def require_room(session: psycopg.Connection[Any], error: psycopg.Error) -> None:
    """Looks whether it is the statement that asked for too much, or the server has nothing left for anybody.

    Args:
        session: one in the shadow that the history cannot reach.
        error: what the statement failed of.

    Raises `PggitError` where it has not: what fails for that reason says nothing of the history.
    """
    try:
        with session.transaction(force_rollback=True):
            for query in _LITTLE:
                session.execute(query)
    except NO_ROOM as still:
        raise PggitError(
            f"The server that the history runs on has no room left: {str(error).strip().splitlines()[0]}\n"
            f"({str(still).strip().splitlines()[0]}, the build was told as well.)\n"
            "Nothing was published, for what fails so would be said of the history. Make room (its disk, or its table"
            " of locks) and run the build again; or let the history run on a throw-away server, whose data are on"
            " the disk of this machine: --vars 'shadow: throw_away'."
        ) from None
    except psycopg.OperationalError:
        return  # the session is gone: who reads next is told so


# Seconds of statements after which one looks at the size of the shadow; by which one may make it grow when it is too
# much, and how it is undone where it does.
_UNSEEN = 1.0
_A_LITTLE = 1 << 20
_GUARD = (
    "select 1 operator(pg_catalog./) (pg_catalog.pg_database_size(pg_catalog.current_database())"
    " operator(pg_catalog.<) {most})::pg_catalog.int4"
)
# Seconds for which one looks at what others write, and how much more they may write at another time.
_BESIDE = 2.0
_MORE = 2.0


# What these return is worked out, and thrown away by the server: nobody reads it.
RETURNING = ("select", "with", "values", "table", "(")
_UNREAD = "explain (analyze, costs off, timing off, summary off) "


def unread(text: str) -> bytes:
    """A statement as it is sent: rows that it returns come to nobody."""
    first = text.lstrip()[:7].lower()
    return (_UNREAD + text if first.startswith(RETURNING) else text).encode()


@dataclass(frozen=True)
class Beside:
    """What others take of the server while nothing of the history runs.

    `log`: bytes a second that the write-ahead log grows by; `queue`: how full the queue of notifications is, and
    `notified` by how much it grows in a second.
    """

    log: float
    queue: float
    notified: float

    def room(self, seconds: float) -> tuple[float, float]:
        """Bytes that they may write in that time, and the part of the queue that they may fill."""
        elapsed = _MORE * seconds
        return self.log * elapsed, self.queue + self.notified * elapsed


def beside(ground: Ground, seconds: float = _BESIDE) -> Beside:
    """Looks twice at what others take, that many seconds apart.

    Raises `psycopg.Error`.
    """
    _, log, queue = ground.size()
    if not seconds:
        return Beside(0.0, queue, 0.0)
    time.sleep(seconds)
    _, last_log, last_queue = ground.size()
    notified = max(0.0, last_queue - queue) / seconds
    return Beside((last_log - log) / seconds, last_queue, notified)


def of_session(seconds: float) -> dict[str, str]:
    """The settings by which the server ends what takes longer, or waits for a lock."""
    limits = {"statement_timeout": seconds, "lock_timeout": _LOCKED}
    return {name: str(max(1, round(value * 1000))) for name, value in limits.items()}


class Growth:
    """How large the shadow has become by statements that each end before anybody looks.

    It is looked at once in a second of what runs. From where that is more than all may have, a statement that makes it
    grow by more than a little is undone by a guard that is sent behind it.
    """

    def __init__(self, ground: Ground) -> None:
        self._ground = ground
        self._unseen = 0.0
        self._is_too_much = False

    def spend(self, seconds: float) -> None:
        """Note how long a statement took."""
        self._unseen += seconds
        if self._unseen > _UNSEEN:
            self._unseen = 0.0
            with suppress(psycopg.Error):
                self._is_too_much = self._ground.size()[0] > MOST_TOGETHER

    def guard(self) -> list[bytes]:
        """What fails where the statement before it, in one transaction, makes the shadow grow; nothing while it may."""
        if not self._is_too_much:
            return []
        return [_GUARD.format(most=self._ground.size()[0] + _A_LITTLE).encode()]

    def why(self, error: psycopg.Error, is_guards: bool) -> psycopg.Error:
        """What a statement before a guard failed of; `is_guards`: only the guard did.

        Code that ends its transaction cannot be undone by a guard, and is not let.
        """
        if is_guards or (
            self._is_too_much and isinstance(error, psycopg.errors.InvalidTransactionTermination)
        ):
            return _together()
        return error


class Limits:
    """What was there when a statement was first looked at.

    Args:
        ground: where it runs.
        others: what others took before.

    """

    def __init__(self, ground: Ground, others: Beside) -> None:
        self._ground = ground
        self._others = others
        self._since = time.monotonic()
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
        others_log, others_queue = self._others.room(time.monotonic() - self._since)
        if size - first_size > MOST_BYTES:
            return TooLarge(f"the statement wrote more than {MOST_BYTES >> 20} MB")
        if size > MOST_TOGETHER and size > first_size:
            return _together()
        if log - first_log > MOST_LOG + others_log:
            return TooMuchOfTheServers(
                f"the server's log grew by more than {MOST_LOG >> 20} MB while the statement ran"
            )
        if queue - others_queue > MOST_QUEUE * (1 - others_queue):
            return TooMuchOfTheServers("the statement filled the server's queue of notifications")
        return None
