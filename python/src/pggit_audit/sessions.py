"""Sessions of the build: with settings that nobody else can choose, and statements that go alone.

What a role or a database says about settings (`ALTER ROLE … SET`) holds for a session that says nothing itself.
So each session of the build says at its start what matters to it.
"""

from __future__ import annotations

import fcntl
import select
import struct
import termios
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import psycopg
from psycopg.abc import AdaptContext, Buffer
from psycopg.adapt import Loader
from psycopg.pq import ConnStatus, ExecStatus, TransactionStatus
from psycopg.pq.abc import PGresult
from psycopg.types.datetime import TimestampLoader

from pggit_audit.waits import LIMIT

PINNED: Mapping[str, str] = {
    # Nothing can be added to pg_catalog. pg_temp would come first if it were not named.
    "search_path": "pg_catalog,pg_temp",
    "local_preload_libraries": "",
    "default_transaction_isolation": "read committed",
    "default_transaction_read_only": "off",
    "default_transaction_deferrable": "off",
    "statement_timeout": "0",
    # Nothing waits for ever: see `waits`.
    "lock_timeout": LIMIT,
    "idle_in_transaction_session_timeout": "0",
    "idle_session_timeout": "0",
    # An error ends a statement, not the session.
    "exit_on_error": "off",
    "client_min_messages": "notice",
    "client_encoding": "UTF8",
    "DateStyle": "ISO,MDY",
    "IntervalStyle": "postgres",
    "timezone_abbreviations": "Default",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "xmloption": "content",
    "standard_conforming_strings": "on",
    "backslash_quote": "safe_encoding",
    "array_nulls": "on",
    "transform_null_equals": "off",
    "quote_all_identifiers": "off",
    "check_function_bodies": "on",
    # A row that a policy hides is an error, never a row less.
    "row_security": "off",
    "default_tablespace": "",
    "temp_tablespaces": "",
    "default_table_access_method": "heap",
    # Else a check of a child table is worked out when its parent is read.
    "constraint_exclusion": "off",
    # Compiling the gate's long queries takes seconds each, and saves milliseconds.
    "jit": "off",
    "plpgsql.extra_errors": "none",
    "plpgsql.extra_warnings": "none",
}
"""Settings that every session of the build begins with, whatever its role and its database say."""

# Too late for these once a session is there.
_AT_THE_START = frozenset({"local_preload_libraries"})

NEWER = (
    "select pg_catalog.set_config(newer.name, newer.value, false)"
    " from (values ('transaction_timeout', '0'), ('restrict_nonsystem_relation_kind', '')) as newer (name, value)"
    # (To ask pg_settings would print all of them, for each session.)
    " where pg_catalog.current_setting(newer.name, true) is not null"
)
"""Pins what some servers do not know, and would refuse at the start: a limit, and which kinds of relations are read."""


DEAF = (
    "select pg_catalog.set_config('event_triggers', 'off', false)"
    " where pg_catalog.current_setting('event_triggers', true) is not null"
    " and pg_catalog.current_setting('is_superuser') operator(pg_catalog.=) 'on'"
)
"""From 17 on a superuser's session fires no event trigger: somebody else's function would run with its rights."""


def options(*settings: Mapping[str, str], separator: str = " ") -> str:
    """Settings as libpq's `options`, later ones before earlier; white space in values is escaped."""
    merged: dict[str, str] = {}
    for some in settings:
        merged |= some
    return separator.join(f"-c{separator}{name}={_escaped(value)}" for name, value in merged.items())


def pinning(*settings: Mapping[str, str]) -> str:
    """A query that says the same once more, for what stands before a server and drops `options` (pgBouncer may)."""
    merged: dict[str, str] = {}
    for some in settings:
        merged |= some
    calls = (
        f"pg_catalog.set_config('{name}', '{value.replace(chr(39), chr(39) * 2)}', false)"
        for name, value in merged.items()
        if name not in _AT_THE_START
    )
    return "select " + ", ".join(calls)


def _escaped(value: str) -> str:
    return "".join("\\" + c if c == "\\" or c.isspace() else c for c in value)


def connect(
    parameters: Mapping[str, Any], settings: Mapping[str, str] | None = None, **changes: Any
) -> psycopg.Connection[Any]:
    """Opens a session in autocommit mode with the pinned settings, and with some of its own.

    Args:
        parameters: libpq keywords; options among them come first, so that nothing in them unpins a setting.
        settings: of this session, before the pinned ones.
        changes: keywords that take the place of some.

    Raises `psycopg.OperationalError` where the server does not let it in.
    """
    keywords = {**parameters, **changes}
    given = keywords.pop("options", None)
    pinned = options(PINNED, settings or {})
    keywords["options"] = f"{given} {pinned}" if given else pinned
    opened = psycopg.connect(**keywords, autocommit=True)
    opened.execute(pinning(PINNED, settings or {}).encode())
    opened.execute(NEWER.encode())
    return opened


# Seconds between two looks at a statement that runs, and that a session has to end.
_LOOK = 1.0
_ENDING = 20.0
_COPIES = (ExecStatus.COPY_IN, ExecStatus.COPY_OUT, ExecStatus.COPY_BOTH)


MOST_SAID = 32 << 20
"""Bytes that a server may answer to one statement: libpq keeps each of them several times."""


class Ended(psycopg.OperationalError):
    """A session ended in the middle of what it was asked."""


NO_ROOM = (
    psycopg.errors.InsufficientResources,
    psycopg.errors.DiskFull,
    psycopg.errors.OutOfMemory,
    psycopg.errors.IoError,
)
"""What a server says that has no room: for one statement, or for any."""


class TooMuchSaid(Ended):
    """A statement made the server say more than is listened to."""

    def __init__(self) -> None:
        super().__init__(f"the statement made the server say more than {MOST_SAID >> 20} MB")


def run(
    connection: psycopg.Connection[Any],
    statements: Sequence[bytes | tuple[bytes, list[bytes]]],
    deadline: float | None = None,
    overdue: Callable[[], None] | None = None,
    too_much: Callable[[], bool] | None = None,
) -> list[PGresult]:
    """Runs statements in one transaction, each in a message of its own: none can bring a second one along.

    They go through the extended protocol, in a pipeline, under no name. Nothing that the session holds (prepared
    statements, cursors, settings) decides what they are.

    Args:
        connection: a session in autocommit mode.
        statements: what to run, with the values of its parameters, if it has some.
        deadline: of `time.monotonic`; when it is over, `overdue` is called, each second until the session has ended.
            Some things a server does to their end (it reads nested comments in the square of their length, and EXECUTE
            does as well): then the session is left there.
        overdue: ends the session from elsewhere.
        too_much: is asked each second whether that is to be done now.

    Returns:
        The result of each statement, up to the first that failed, which is the last one then.

    Raises `Ended` where the session ended.
    """
    server = connection.pgconn
    results: list[PGresult] = []
    failed = False
    try:
        server.enter_pipeline_mode()
        for statement in statements:
            text, values = (statement, None) if isinstance(statement, bytes) else statement
            server.send_query_params(text, values)
        server.pipeline_sync()
        while True:
            result = _next_result(server, deadline, overdue, too_much)
            if result is None:
                continue
            if result.status == ExecStatus.PIPELINE_SYNC:
                break
            if not failed:
                results.append(result)
            failed = failed or result.status in (ExecStatus.FATAL_ERROR, ExecStatus.PIPELINE_ABORTED)
        server.exit_pipeline_mode()
    except psycopg.OperationalError as error:
        raise _ended(connection, error) from None
    _at_rest(connection)
    return results


def run_whole(
    connection: psycopg.Connection[Any],
    script: bytes,
    deadline: float,
    overdue: Callable[[], None],
    too_much: Callable[[], bool],
) -> None:
    """Runs a script as one query of a client: all of it, or nothing; its arguments are those of `run`.

    Raises `Ended` where the session ended, else `psycopg.Error` of the statement that failed.
    """
    server = connection.pgconn
    failed: PGresult | None = None
    try:
        server.send_query(script)
        while True:
            result = _next_result(server, deadline, overdue, too_much)
            if result is None:
                break
            if result.status == ExecStatus.FATAL_ERROR:
                failed = failed or result
    except psycopg.OperationalError as error:
        raise _ended(connection, error) from None
    _at_rest(connection)
    if failed is not None:
        raise failure(failed)


def failure(result: PGresult) -> psycopg.Error:
    """The error that a result tells of."""
    if len(result.error_message) > MOST_SAID:  # not noticed while it came
        return TooMuchSaid()
    return psycopg.errors.error_from_result(result, "utf-8")


def _at_rest(connection: psycopg.Connection[Any]) -> None:
    """Sees to it that the session is there, and in no transaction: one of its statements may have been a BEGIN, which
    stays without effect."""
    if connection.pgconn.status != ConnStatus.OK:
        raise _ended(connection)
    if connection.pgconn.transaction_status != TransactionStatus.IDLE:
        connection.execute("rollback")


def _next_result(
    server: Any,
    deadline: float | None,
    overdue: Callable[[], None] | None,
    too_much: Callable[[], bool] | None,
) -> PGresult | None:
    """The next result, once it is there. Not waited for in libpq, which would keep the interpreter from all else.

    Raises `psycopg.OperationalError` where it is that of a COPY; `TooMuchSaid`.
    """
    given_up, said = None, 0
    # Most of what is asked comes with something else: of that, nothing is looked for on the wire.
    while server.is_busy():
        unsent = server.flush()
        arrived = _arrived(server)
        server.consume_input()
        # No more than what was read: what arrives meanwhile is left out.
        said += max(0, arrived - _arrived(server))
        if said > MOST_SAID:
            if overdue is not None:
                overdue()
            raise TooMuchSaid
        if not server.is_busy():
            break
        left = _LOOK if deadline is None else max(0.0, deadline - time.monotonic())
        poll = select.poll()
        poll.register(server.socket, select.POLLIN | (select.POLLOUT if unsent else 0))
        if poll.poll(min(left, _LOOK) * 1000) or overdue is None:
            continue
        if given_up is not None and time.monotonic() > given_up:
            raise psycopg.OperationalError("its session does not end")
        if left == 0.0 or (too_much is not None and too_much()):
            overdue()
            given_up = given_up or time.monotonic() + _ENDING
            deadline, too_much = time.monotonic() + _LOOK, None  # once more, if that did not help
    result: PGresult | None = server.get_result()
    if result is not None and result.status in _COPIES:
        raise psycopg.OperationalError("COPY cannot run here")
    return result


def _arrived(server: Any) -> int:
    """Bytes that have arrived and that libpq has not read."""
    waiting: tuple[int] = struct.unpack("i", fcntl.ioctl(server.socket, termios.FIONREAD, bytes(4)))
    return waiting[0]


def _ended(connection: psycopg.Connection[Any], error: psycopg.Error | None = None) -> Ended:
    """Always the same words: they are published, and two builds must say the same."""
    connection.close()
    return error if isinstance(error, TooMuchSaid) else Ended("the session that it ran in was terminated")


class _TimeLoader(Loader):
    """Loads timestamps; one that no `datetime` can hold (infinity, before year 1, after 9999) stays text."""

    def __init__(self, oid: int, context: AdaptContext | None = None) -> None:
        super().__init__(oid, context)
        self._ordinary = TimestampLoader(oid, context)

    def load(self, data: Buffer) -> datetime | str:
        try:
            return self._ordinary.load(data)
        except psycopg.DataError:
            return bytes(data).decode()


def read_any_time(reader: AdaptContext) -> None:
    """Have a connection or cursor read every timestamp; one that no `datetime` can hold comes as text."""
    reader.adapters.register_loader("timestamp", _TimeLoader)
