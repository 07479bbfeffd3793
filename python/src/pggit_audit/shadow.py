"""The shadow database: where the history runs again.

A new database on a server of the target's version. Its name is a fixed prefix, its time of birth and
a random part; only a database of such a name is ever dropped, and only one of such a name is ever
written to.
"""

from __future__ import annotations

import re
import secrets
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit.catalog import CatalogReader, Writes, anywhere, column_query, watched
from pggit_audit.errors import PggitError

PREFIX = "pggit_shadow_"
_NAME = re.compile(rf"^{PREFIX}\d{{14}}_[0-9a-f]{{8}}$")
# Without superuser rights PostgreSQL itself keeps the history away from files and programs.
SANDBOX_ROLE = "pggit_shadow"
# First key of the advisory lock that a shadow's maker holds while it lives ("pggs"); the second is of the name.
_LOCK = 0x70676773
# Seconds that a canceled statement has to end, and that reading the catalog of a large schema may take.
_GRACE = 5.0
_READING = 600.0
_LOCKED = 10.0
# What the transaction at hand wrote in each catalog, and whether the server counts at all; and what it locks, other
# than under a lock that leaves a definition as it is. They are prepared: to be read only once, and because a quote may
# be missing in the text that they stand behind. The history's search_path may put others before PostgreSQL's.
_PREPARED = """
prepare pggit_counts as
select
    array[{inserted}], array[{updated}], array[{deleted}],
    pg_catalog.pg_current_xact_id()::pg_catalog.text,
    pg_catalog.current_setting('track_counts');
prepare pggit_locks as
select pg_catalog.array_agg(relation::pg_catalog.int8)
from pg_catalog.pg_locks
where
    pid operator(pg_catalog.=) pg_catalog.pg_backend_pid() and relation is not null
    and mode operator(pg_catalog.<>) all (array['AccessShareLock', 'RowShareLock', 'RowExclusiveLock']);
prepare pggit_columns (pg_catalog.oid) as
{columns}
"""
_COUNT = "pg_catalog.pg_stat_get_xact_tuples_{what}({oid})"
# These may end a transaction themselves, which PostgreSQL forbids where others share it.
_MAY_COMMIT = re.compile(r"(?:do|call)\b", re.IGNORECASE)


class Hung(psycopg.errors.QueryCanceled):
    """A statement went on when its time was over, and its session had to be ended."""


class Shadow:
    """A shadow database with two sessions: one that runs statements, one that reads the catalog.

    Two, because statements want the team's search_path and the reader wants none.

    Args:
        open_runner, open_observer: how to open them; a statement may end its own session.
        terminate: ends the session of a backend's process number.
        seconds: how long a statement may take.
    """

    def __init__(
        self,
        open_runner: Callable[[], psycopg.Connection[Any]],
        open_observer: Callable[[], psycopg.Connection[Any]],
        terminate: Callable[[int], None],
        name: str,
        hidden: Sequence[str],
        sandboxed: bool,
        seconds: float,
    ) -> None:
        self.name = name
        self.sandboxed = sandboxed
        self.failed_at = 0
        self._open_runner = open_runner
        self._open_observer = open_observer
        self._terminate = terminate
        self._hidden = hidden
        self.seconds = seconds
        self._deadline: float | None = None
        self._hung = False
        self._writes = Writes()
        self._closed = threading.Event()
        self._open()
        self._watch = threading.Thread(target=self._end_what_hangs, daemon=True)
        self._watch.start()

    def _open(self) -> None:
        self._runner = self._open_runner()
        self._observer = self._open_observer()
        self._search_path: tuple[str, ...] = ()
        self.reader = CatalogReader(self._observer, self._hidden)
        self._assert_shadow()
        self._prepare()

    def _prepare(self) -> None:
        """Prepares what is asked after each statement, anew where the history took it away."""
        counts = {
            what: ",".join(_COUNT.format(what=what, oid=oid) for oid in self.reader.oids(watched()))
            for what in ("inserted", "updated", "deleted")
        }
        script = _PREPARED.format(**counts, columns=column_query())
        self._runner.execute(("deallocate all;" + script).encode())

    def close(self) -> None:
        """Ends both sessions."""
        self._closed.set()
        self._watch.join()
        self._runner.close()
        self._observer.close()

    def _end_what_hangs(self) -> None:
        """A statement can catch the server's cancellation, but not the end of its session."""
        while not self._closed.wait(0.5):
            if self._deadline is not None and time.monotonic() > self._deadline:
                self._hung, self._deadline = True, None
                with suppress(psycopg.Error):
                    self._terminate(self._runner.info.backend_pid)

    def _assert_shadow(self) -> None:
        row = self._runner.execute("select current_database()").fetchone()
        if row is None or not _NAME.match(str(row[0])) or row[0] != self.name:
            raise PggitError(
                f"The replay is connected to the database {row[0] if row else '?'}, which is not its shadow. "
                "Nothing was run. Check the connection settings for a pooler that redirects databases."
            )

    def search_path(self, *schemas: str) -> None:
        """Sets the search_path of the session that runs statements."""
        if schemas != self._search_path:
            path = ", ".join('"' + s.replace('"', '""') + '"' for s in schemas)
            self._runner.execute("select set_config('search_path', %s, false)", (path,))
            self._search_path = schemas

    def set(self, statement: str) -> list[str]:
        """Runs a SET of the history; the schemas in which names are then looked up.

        Raises `psycopg.Error`.
        """
        self._runner.execute(statement.encode())
        self._search_path = ()
        row = self._runner.execute("select current_schemas(false)::text[]").fetchone()
        return list(row[0]) if row else []

    def reset_settings(self) -> None:
        """Back to the settings that the session began with (time limits among them)."""
        self._runner.execute("reset all")
        self._search_path = ()

    def run(self, *statements: str) -> None:
        """Runs the statements as one transaction: all of them, or none.

        Raises `psycopg.Error` of the statement that failed, the one at `failed_at`, also where it canceled
        itself or ended its own session; `PggitError` where something else did.
        """
        try:
            self._run(statements)
        except psycopg.OperationalError as error:
            if not self._runner.closed and not self._canceled_early(error):
                raise
            if self._hung:
                self._reopen(error)
                raise Hung("the statement caught its cancellation") from None
            # Whose doing was it? A statement that ends itself does so again.
            if not self._does_so_again(error, statements):
                raise self._lost(error) from None
            raise
        finally:
            self._deadline = None

    def _canceled_early(self, error: psycopg.Error) -> bool:
        took = time.monotonic() - self._began
        return isinstance(error, psycopg.errors.QueryCanceled) and took < self.seconds

    def _does_so_again(self, error: psycopg.Error, statements: Sequence[str]) -> bool:
        path = self._search_path
        if self._runner.closed:
            self._reopen(error)
        self.search_path(*path)
        try:
            self._run(statements)
        except psycopg.OperationalError as again:
            if self._runner.closed:
                self._reopen(again)
                return True
            return self._canceled_early(again)
        except psycopg.Error:
            pass
        return False

    def _run(self, statements: Sequence[str]) -> None:
        self.failed_at = 0
        self._hung = False
        self._began = time.monotonic()
        self._deadline = self._began + self.seconds * len(statements) + _GRACE
        if len(statements) > 1:
            try:
                self._run_together(statements)
            except psycopg.errors.InvalidSqlStatementName:
                # The history has let go of all that was prepared.
                self._prepare()
                self._run_together(statements)
        elif _MAY_COMMIT.match(statements[0]):
            self._run_alone(statements[0])
        else:
            try:
                # One text is one transaction, in which no count starts anew.
                before, *_, after, locks = self._execute(
                    f"execute pggit_counts;\n{statements[0]}\n;execute pggit_counts; execute pggit_locks"
                )
            except (psycopg.errors.ActiveSqlTransaction, psycopg.errors.SyntaxError):
                # It wants no company; or it is said to be wrong where it is only unfinished.
                self._run_alone(statements[0])
            except psycopg.errors.InvalidSqlStatementName:
                self._prepare()
                self._run_alone(statements[0])
            else:
                self._writes |= self._written(before, after, locks)

    def _run_together(self, statements: Sequence[str]) -> None:
        with self._runner.transaction():
            (before,) = self._execute("execute pggit_counts")
            for self.failed_at, statement in enumerate(statements):
                self._execute(statement)
            after, locks = self._execute("execute pggit_counts; execute pggit_locks")
        self._writes |= self._written(before, after, locks)

    def _execute(self, text: str) -> list[tuple[Any, ...]]:
        """The first row of each statement that has any."""
        cursor = self._runner.execute(text.encode(), prepare=False)
        return [result.fetchone() or () for result in cursor.results() if result.description]

    def _run_alone(self, statement: str) -> None:
        self._writes = anywhere()
        self._runner.execute(statement.encode(), prepare=False)

    def _written(self, before: tuple[Any, ...], after: tuple[Any, ...], locks: tuple[Any, ...]) -> Writes:
        *before_counts, before_transaction, before_counting = before
        *after_counts, after_transaction, after_counting = after
        if before_transaction != after_transaction or not before_counting == after_counting == "on":
            # The text ended its transaction and let go of its locks, or nobody counted all the time.
            return anywhere()
        inserted, updated, deleted = (
            frozenset(name for name, b, a in zip(watched(), *counts, strict=True) if a != b)
            for counts in zip(before_counts, after_counts, strict=True)
        )
        return Writes(inserted, updated, deleted, frozenset(locks[0] or ()))

    def writes(self) -> Writes:
        """Where the statements wrote that ran since the last call."""
        writes, self._writes = self._writes, Writes()
        return writes

    def _reopen(self, error: psycopg.Error) -> None:
        self._runner.close()
        self._observer.close()
        try:
            self._open()
        except psycopg.Error:
            raise self._lost(error) from None

    def _lost(self, error: psycopg.Error) -> PggitError:
        return PggitError(
            f"Something else ended the session in the shadow database {self.name}: {str(error).strip()}\n"
            "Nothing was published. Look into the server's log, then run the build again."
        )

    def rebuild(self, script: str, commit_sha: str) -> None:
        """Brings the empty shadow to a published schema.

        Raises `PggitError` where the script does not run.
        """
        try:
            self._runner.execute(script.encode())
        except psycopg.Error as error:
            raise PggitError(
                f"The schema of the published commit {commit_sha} cannot be rebuilt in the shadow database: "
                f"{(error.diag.message_primary or str(error)).strip()}\n"
                "Nothing was changed. The server may lack an extension or a role that it had when the commit "
                "was published."
            ) from None
        self.reset_settings()

    def set_limits(self) -> None:
        """Sets the time limits anew, whatever a function of the history made of them."""
        limits = {"statement_timeout": self.seconds, "lock_timeout": _LOCKED}
        script = "; ".join(f"set {name} = {_milliseconds(value)}" for name, value in limits.items())
        self._runner.execute(script.encode())

    def end_session(self) -> None:
        """What a session takes with it when it ends: temporary tables, which hide lasting ones."""
        self._runner.execute("discard temp")

    def query(self, text: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query, read under the search_path of the statements."""
        return self._runner.execute(text.encode(), parameters, prepare=False).fetchall()

    def columns(self, oid: int) -> list[dict[str, Any]]:
        """A table's columns in the terms of v1's metadata (see `column_query`), under that search_path as well."""
        query = f"execute pggit_columns ({int(oid)})".encode()
        with self._runner.cursor(row_factory=dict_row) as cursor:
            try:
                cursor.execute(query, prepare=False)
            except psycopg.errors.InvalidSqlStatementName:
                self._prepare()
                cursor.execute(query, prepare=False)
            return cursor.fetchall()


def _connect(parameters: Mapping[str, Any], **changes: Any) -> psycopg.Connection[Any]:
    return psycopg.connect(**{**parameters, **changes}, autocommit=True)


def _milliseconds(seconds: float) -> int:
    return max(1, round(seconds * 1000))


def _options(timezone_name: str, seconds: float) -> str:
    """Settings that a session starts with, so that RESET ALL in the history comes back to them.

    Bodies are not checked, as in a restore: what they name may come later in the history.
    """
    settings = {
        "statement_timeout": str(_milliseconds(seconds)),
        "lock_timeout": str(_milliseconds(_LOCKED)),
        "idle_in_transaction_session_timeout": "10min",
        "synchronous_commit": "off",
        "check_function_bodies": "off",
        "client_min_messages": "error",
        "DateStyle": "ISO,MDY",
        "IntervalStyle": "postgres",
        "TimeZone": timezone_name,
        # The catalog queries are long, and the same each time: planning them anew costs more than running them.
        "plan_cache_mode": "force_generic_plan",
        # They are planned while the catalogs are nearly empty, when reading all of one seems cheap.
        "enable_seqscan": "off",
        "jit": "off",
    }
    return " ".join(f"-c {name}={value}" for name, value in settings.items())


@contextmanager
def open_shadow(
    parameters: Mapping[str, Any], *, sandbox: bool, hidden: Sequence[str], seconds: float = 30
) -> Iterator[Shadow]:
    """A new shadow database, dropped at the end.

    Args:
        parameters: psycopg's connection keywords for the server; its database stays untouched.
        sandbox: run the history as a role without rights beyond this database. True where the server
            is the embedded one; a role is never created on somebody else's server.
        hidden: schemas to leave out of what is read.
        seconds: how long a statement of the history may take.

    Raises `PggitError` where the server or a privilege is missing.
    """
    try:
        admin = _connect(parameters)
    except psycopg.OperationalError as error:
        raise PggitError(
            f"The server for the shadow database cannot be reached: {str(error).strip()}\n"
            "Nothing was changed. Check the connection, or run with --vars 'shadow: embedded'."
        ) from None
    with admin:
        _sweep(admin)
        name = f"{PREFIX}{datetime.now(timezone.utc):%Y%m%d%H%M%S}_{secrets.token_hex(4)}"
        admin.execute("select pg_advisory_lock(%s, %s)", (_LOCK, _lock_key(name)))
        owner = _sandbox_role(admin) if sandbox else None
        _create(admin, name, owner)
        session = {"dbname": name, "application_name": "pggit-audit replay"}
        if owner:
            session["user"] = owner
        try:
            row = admin.execute("select current_setting('TimeZone')").fetchone()
            assert row is not None
            runner = {**session, "options": _options(row[0], seconds)}
            observer = {**session, "options": _options("UTC", _READING)}
            shadow = Shadow(
                lambda: _connect(parameters, **runner),
                lambda: _connect(parameters, **observer),
                lambda pid: _terminate(admin, pid),
                name, hidden, owner is not None, seconds,
            )  # fmt: skip
            try:
                yield shadow
            finally:
                shadow.close()
        finally:
            _drop(admin, name)


def _terminate(admin: psycopg.Connection[Any], pid: int) -> None:
    admin.execute("select pg_terminate_backend(%s)", (pid,))


def _create(admin: psycopg.Connection[Any], name: str, owner: str | None) -> None:
    row = admin.execute(
        "select pg_encoding_to_char(encoding), datcollate, datctype from pg_database where datname = current_database()"
    ).fetchone()
    assert row is not None
    statement = sql.SQL("create database {} template template0 encoding {} lc_collate {} lc_ctype {}").format(
        sql.Identifier(name), *(sql.Literal(value) for value in row)
    )
    if owner:
        statement += sql.SQL(" owner {}").format(sql.Identifier(owner))
    try:
        admin.execute(statement)
    except psycopg.errors.InsufficientPrivilege:
        role = admin.execute("select current_user").fetchone()
        raise PggitError(
            f"The role {role[0] if role else '?'} may not create the shadow database that the replay runs in. "
            "Nothing was changed.\n"
            f"Either grant it (as a superuser): ALTER ROLE {role[0] if role else '...'} CREATEDB;\n"
            "or replay on the embedded server: dbt build --vars 'shadow: embedded'."
        ) from None


def _sandbox_role(admin: psycopg.Connection[Any]) -> str:
    if not admin.execute("select from pg_roles where rolname = %s", (SANDBOX_ROLE,)).fetchone():
        with suppress(psycopg.errors.DuplicateObject, psycopg.errors.UniqueViolation):
            admin.execute(sql.SQL("create role {} login").format(sql.Identifier(SANDBOX_ROLE)))
    return SANDBOX_ROLE


def _drop(admin: psycopg.Connection[Any], name: str) -> None:
    if not _NAME.match(name):
        raise PggitError(f"{name} is not the name of a shadow database: it was left alone.")
    with suppress(psycopg.OperationalError):
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))


def _lock_key(name: str) -> int:
    return int(name[-8:], 16) >> 1


def _sweep(admin: psycopg.Connection[Any]) -> None:
    """Drops shadows that a killed build left behind: nobody is in them, and whoever made them is gone."""
    rows = admin.execute(
        "select datname from pg_database as d where starts_with(datname, %s)"
        " and not exists (select from pg_stat_activity as a where a.datid = d.oid)",
        (PREFIX,),
    ).fetchall()
    locks = admin.execute(
        "select objid::bigint from pg_locks where locktype = 'advisory' and classid = %s and objsubid = 2",
        (_LOCK,),
    ).fetchall()
    for (name,) in rows:
        if _NAME.match(name) and (_lock_key(name),) not in locks:
            with suppress(psycopg.Error):
                _drop(admin, name)
