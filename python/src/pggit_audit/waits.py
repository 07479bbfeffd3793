"""Waits for locks: none is longer than its limit, and its end says who holds what.

The server tells who blocks a session only as long as that waits. So another session looks, every few seconds, while
something runs.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from contextlib import suppress
from types import TracebackType
from typing import Any

import psycopg

from pggit_audit.terminal import shown

LIMIT = "60s"
"""How long a session of the build or of a command waits for a lock."""
SQLSTATE = "55P03"
"""lock_not_available: a wait that was over, or one that was not begun (NOWAIT)."""

# Seconds between two looks, and how much of a query is said.
_LOOK = 2.0
_SHOWN = 200

# Who may not read all statistics sees of other roles no state and no query, but their process, name and application.
_HOLDER = """
    coalesce(holder.usename::text, '?'), coalesce(holder.application_name, ''),
    to_char(holder.xact_start at time zone 'UTC', 'HH24:MI:SS'), coalesce(holder.state, ''), coalesce(holder.query, '')
"""
_WHAT = """
    case
        when locks.locktype in ('relation', 'object') and locks.database not in (
            0, (select oid from pg_database where datname = current_database())
        ) then 'something of another database'
        when locks.locktype = 'relation' then locks.relation::regclass::text
        when locks.locktype = 'object' then pg_describe_object(locks.classid, locks.objid, 0)
        when locks.locktype = 'advisory' then format('the advisory lock (%%s, %%s)', locks.classid, locks.objid)
        when locks.locktype in ('transactionid', 'tuple', 'speculative token')
            then 'a row that another transaction has written'
        else 'a ' || locks.locktype
    end
"""
# A prepared transaction blocks as process 0.
_BLOCKED = f"""
    select distinct locks.pid, locks.mode, {_WHAT}, blocker.pid, {_HOLDER}
    from pg_locks as locks
    inner join pg_stat_activity as own on own.pid = locks.pid
    cross join lateral unnest(pg_blocking_pids(locks.pid)) as blocker (pid)
    left join pg_stat_activity as holder on holder.pid = blocker.pid
    where not locks.granted and own.usename = current_user
        and (%(pid)s::integer is null or locks.pid = %(pid)s::integer)
    order by 1, 4
"""
_HOLDING = f"""
    select null::integer, locks.mode, {_WHAT}, coalesce(locks.pid, 0), {_HOLDER}
    from pg_locks as locks
    inner join pg_class as relations on relations.oid = locks.relation
    left join pg_stat_activity as holder on holder.pid = locks.pid
    where locks.granted and locks.locktype = 'relation'
        and locks.database in (0, (select oid from pg_database where datname = current_database()))
        and (locks.relation >= 16384 or locks.mode <> 'AccessShareLock')
        and relations.relkind not in ('i', 'I', 't') and relations.relpersistence <> 't'
        and (locks.pid = any (%(own)s::integer[])) is not true and locks.pid is distinct from pg_backend_pid()
    order by array_position(%(strong)s::text[], locks.mode), locks.pid, locks.relation
    limit 8
"""
# A row of a catalog is waited for where no lock of the table is held any more: there only its writer's transaction is.
_WRITING = f"""
    select null::integer, locks.mode, 'rows that it has written', locks.pid, {_HOLDER}
    from pg_locks as locks
    inner join pg_stat_activity as holder on holder.pid = locks.pid
    where locks.granted and locks.locktype = 'transactionid'
        and holder.datid in (0, (select oid from pg_database where datname = current_database()))
        and (locks.pid = any (%(own)s::integer[])) is not true and locks.pid <> pg_backend_pid()
    order by holder.xact_start, locks.pid
    limit 8
"""
_STRONG = ("AccessExclusiveLock", "ExclusiveLock", "ShareRowExclusiveLock", "ShareLock")

_Found = tuple[Any, ...]


class Watch:
    """Looks at who blocks the build's sessions while something runs.

    Args:
        opens: opens another session on the same database, of the same role, in autocommit mode.
        pid: the session that may wait; None: any of the role's.

    """

    def __init__(self, opens: Callable[[], psycopg.Connection[Any]], pid: int | None = None) -> None:
        self._opens = opens
        self._pid = pid
        self._last: list[_Found] = []
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._looks, daemon=True)

    def __enter__(self) -> Watch:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._over.set()

    def _looks(self) -> None:
        while not self._over.wait(_LOOK):
            # A server that has no room for another session is no reason to end.
            with suppress(Exception):
                session = self._opens()
                try:
                    found = session.execute(_BLOCKED.encode(), {"pid": self._pid}).fetchall()
                finally:
                    session.close()
                if found:
                    self._last = found

    def told(self) -> str:
        """Who blocked the session when it was last looked at; else who holds anything that it may have waited for."""
        if self._last:
            return "; ".join(_blocked(found) for found in self._last)
        try:
            session = self._opens()
        except Exception:
            return "who holds it cannot be told, as the server lets no other session in"
        try:
            return holding(session, [self._pid] if self._pid else [])
        except psycopg.Error as error:
            return f"who holds it cannot be told ({str(error).strip().splitlines()[0]})"
        finally:
            session.close()

    def message(self, said: str) -> str:
        """What a person has to know of a wait that was over.

        Args:
            said: the server's words for it.

        """
        return f"A lock was not to be had: {said.strip().splitlines()[0]}. {self.told()}. {_next(self._last)}"


def holding(connection: psycopg.Connection[Any], own: Sequence[int]) -> str:
    """Say who holds locks on tables, strong ones where there are any, for a wait that is over.

    Args:
        connection: another session than the one that waited.
        own: process ids of sessions to leave out.

    """
    values = {"own": list(own), "strong": list(_STRONG)}
    found = connection.execute(_HOLDING.encode(), values).fetchall()
    if not found:
        found = connection.execute(_WRITING.encode(), values).fetchall()
    strong = [row for row in found if row[1] in _STRONG]
    if not found:
        return "Nobody holds it any more"
    return "; ".join(f"{_holder(row)} holds {row[1]} on {row[2]}" for row in strong or found)


def reason(error: BaseException, opens: Callable[[], psycopg.Connection[Any]]) -> str:
    """An error's words, with who holds what where it was a wait for a lock that was over.

    Args:
        error: what was raised.
        opens: opens a session on the same database.

    """
    said = str(error).strip() or type(error).__name__
    if SQLSTATE not in (getattr(error, "sqlstate", None), getattr(error.__cause__, "sqlstate", None)):
        return said
    with suppress(psycopg.Error), opens() as session:
        return f"{said} ({holding(session, [])})"
    return said


def _blocked(found: _Found) -> str:
    _, mode, what, *_ = found
    return f"{mode} on {what} was wanted, and {_holder(found)} is in the way"


def _holder(found: _Found) -> str:
    _, _, _, pid, user, application, since, state, query = found
    if not pid:
        return "a prepared transaction (pg_prepared_xacts)"
    said = [f"user {user!r}"]
    if application:
        said.append(repr(application))
    if since:
        said.append(f"in a transaction since {since} UTC")
    if state:
        said.append(state)
    query = " ".join(shown(query).split())
    if query.startswith("<insufficient privilege>"):
        said.append("its query is shown to who has pg_read_all_stats")
    elif query:
        said.append(f"last query: {query[:_SHOWN]}{'…' if len(query) > _SHOWN else ''}")
    return f"process {pid} ({', '.join(said)})"


def _next(found: list[_Found]) -> str:
    pids = sorted({int(row[3]) for row in found if row[3]})
    if not pids:
        return "Try again when the lock is gone."
    ends = " ".join(f"select pg_terminate_backend({pid});" for pid in pids[:4])
    return f"Wait until it is done; if it hangs, end it: {ends} Then run this again."
