"""The sessions that use v1: found, waited for, ended."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import psycopg
from psycopg.rows import class_row
from sqlglot import tokenize
from sqlglot.errors import SqlglotError
from sqlglot.tokens import TokenType

from pggit_audit.errors import PggitError

OURS = "pggit "
"""How the application names of the project's own sessions begin."""


@dataclass(frozen=True)
class Session:
    """A session that uses v1, and how one knows.

    Attributes:
        locked: the tables of v1 that it has locks on; empty where only its last query names v1.

    """

    pid: int
    usename: str | None
    application_name: str
    address: str
    state: str | None
    query: str
    locked: list[str]

    def __str__(self) -> str:
        why = f"has locks on {', '.join(self.locked)}" if self.locked else "its last query names it"
        name = self.application_name or "(no name)"
        return f"{self.pid}: {name} as {self.usename} from {self.address}, {self.state or '?'}, {why}"


def using(connection: psycopg.Connection[Any], schema: str) -> list[Session]:
    """Return the other sessions of this database that have locks in a schema, or whose last query names it."""
    with connection.cursor(row_factory=class_row(Session)) as cursor:
        found = cursor.execute(
            """
            select
                a.pid, a.usename, a.application_name, a.state, coalesce(a.query, '') as query,
                coalesce(host(a.client_addr), 'this machine') as address,
                array(
                    select distinct c.relname::text
                    from pg_locks as l join pg_class as c on l.relation = c.oid
                    join pg_namespace as n on c.relnamespace = n.oid
                    where l.pid = a.pid and l.database = a.datid and n.nspname = %s
                        and c.relkind in ('r', 'p', 'v', 'm')
                    order by 1
                ) as locked
            from pg_stat_activity as a
            where a.datname = current_database() and a.pid <> pg_backend_pid() and a.backend_type = 'client backend'
                and not starts_with(a.application_name, %s)
            order by a.pid
            """,
            (schema, OURS),
        ).fetchall()
    return [session for session in found if session.locked or _names(session.query, schema)]


def _names(query: str, schema: str) -> bool:
    """Tell whether a query has the schema's name before a dot. A string or a comment is no name."""
    if schema not in query.casefold():
        return False
    try:
        tokens = tokenize(query, read="postgres")
    except SqlglotError:  # cut off in the middle: the server keeps a kilobyte of it
        return True
    return any(
        token.token_type in (TokenType.VAR, TokenType.IDENTIFIER)
        and token.text.casefold() == schema
        and after.token_type is TokenType.DOT
        for token, after in pairwise(tokens)
    )


def prepared(connection: psycopg.Connection[Any], schema: str) -> list[str]:
    """Return the prepared transactions that have locks in a schema; no one can end them but who knows them."""
    rows = connection.execute(
        """
        select distinct x.gid
        from pg_prepared_xacts as x
        -- it holds the lock of its own id, and what else has that virtual id is its, before a restart and after
        join pg_locks as own
            on own.locktype = 'transactionid' and own.transactionid = x.transaction and own.granted
        join pg_locks as l on l.virtualtransaction = own.virtualtransaction and l.pid is null
        join pg_class as c on l.relation = c.oid
        join pg_namespace as n on c.relnamespace = n.oid
        where x.database = current_database() and n.nspname = %s
        order by 1
        """,
        (schema,),
    ).fetchall()
    return [gid for (gid,) in rows]


def wait_and_end(
    connection: psycopg.Connection[Any],
    schema: str,
    grace: float,
    say: Callable[[str], None],
    poll: float = 0.5,
) -> list[int]:
    """Give the sessions that use v1 time to end by themselves, then end them.

    Args:
        grace: seconds that they get.
        say: gets lines for the operator.
        poll: seconds between looks.

    Returns the process numbers of those that were ended.

    Raises:
        PggitError: the role may not end a session.

    """
    found = using(connection, schema)
    if not found:
        return []
    say(
        f"{len(found)} session{'s' if len(found) > 1 else ''} use v1; they have {grace:.0f} s to end by themselves:"
    )
    for session in found:
        say(f"  {session}")
    deadline = time.monotonic() + grace
    while found and time.monotonic() < deadline:
        time.sleep(min(poll, grace))
        found = using(connection, schema)
    return end(connection, found, say)


def end(connection: psycopg.Connection[Any], found: list[Session], say: Callable[[str], None]) -> list[int]:
    """End sessions; their process numbers. Raises as `wait_and_end`."""
    ended = []
    for session in found:
        try:
            connection.execute("select pg_terminate_backend(%s)", (session.pid,))
        except psycopg.errors.InsufficientPrivilege as error:
            raise PggitError(
                f"Role {connection.info.user} may not end the session {session}: {error.diag.message_primary}. "
                "End it yourself, or as a superuser: "
                f'grant pg_signal_backend to "{connection.info.user}";'
            ) from error
        ended.append(session.pid)
        say(f"  ended {session.pid}")
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline and ended:
        row = connection.execute(
            "select count(*) from pg_stat_activity where pid = any (%s)", (ended,)
        ).fetchone()
        if row == (0,):
            break
        time.sleep(0.1)
    return ended
