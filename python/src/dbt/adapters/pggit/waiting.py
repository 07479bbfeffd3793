"""How long a session of a build waits for a lock, and who holds it."""

from __future__ import annotations

from typing import Any

import psycopg

LOCK_TIMEOUT = "60s"

HOLDERS = """
    select
        activity.pid, coalesce(activity.usename, ''), coalesce(activity.application_name, ''),
        string_agg(distinct locks.mode || ' on ' || locks.relation::regclass::text, ', ')
    from pg_catalog.pg_locks as locks
    inner join pg_catalog.pg_stat_activity as activity on locks.pid = activity.pid
    inner join pg_catalog.pg_class as relations on locks.relation = relations.oid
    where
        locks.granted
        and locks.mode in ('ExclusiveLock', 'AccessExclusiveLock', 'ShareRowExclusiveLock', 'ShareLock')
        and locks.database = (select oid from pg_catalog.pg_database where datname = current_database())
        and relations.relnamespace >= 16384
        and locks.pid <> pg_backend_pid()
        and locks.pid <> all (%s)
    group by activity.pid, activity.usename, activity.application_name
    order by activity.pid
"""


def holders(connection: psycopg.Connection[Any], own: list[int]) -> str:
    """Say which other sessions hold strong locks on tables of this database, with how to end them.

    Args:
        connection: another session than the one that waited.
        own: process ids of the build's own sessions, which are left out.

    """
    found = [
        f"process {pid}, user {user!r}{f', {name!r}' if name else ''}, holds {what}"
        for pid, user, name, what in connection.execute(HOLDERS.encode(), (own,))
    ]
    if not found:
        return "Nobody holds it any more."
    return (
        "; ".join(found)
        + ". Wait until it is done; if it hangs, end it: select pg_terminate_backend(PROCESS);"
    )
