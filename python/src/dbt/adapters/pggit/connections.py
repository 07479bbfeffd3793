"""Connections: dbt-postgres's own, to a named server or to the embedded one."""

from __future__ import annotations

import getpass
import os
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, cast

import psycopg
import psycopg2  # type: ignore[import-untyped]
from dbt.adapters.contracts.connection import Connection, ConnectionState
from dbt.adapters.exceptions import FailedToConnectError
from dbt.adapters.pggit.idle import IdleSessions
from dbt.adapters.postgres.connections import PostgresConnectionManager, PostgresCredentials
from dbt_common.exceptions import DbtRuntimeError
from dbt_common.helper_types import Port
from psycopg2.extensions import STATUS_BEGIN, TRANSACTION_STATUS_IDLE  # type: ignore[import-untyped]

from pggit_audit import embedded, others_code
from pggit_audit.errors import PggitError
from pggit_audit.grounds import check_ground
from pggit_audit.sandbox import Login
from pggit_audit.sessions import DEAF, NEWER, PINNED, options, pinning
from pggit_audit.terminal import shown
from pggit_audit.waits import SQLSTATE, Watch

PORT = Port(embedded.PORT)
LOCK = (0x70676769, 1)  # the two keys of the advisory lock: "pggi", build


class Refused(DbtRuntimeError):
    """What a person has to act upon, and no list of the macros that found it out; names in it are anybody's."""

    def __init__(self, msg: str, node: Any = None) -> None:
        super().__init__(shown(msg), node)

    def add_node(self, node: Any = None) -> None:
        pass

    def process_stack(self) -> list[str]:
        return []


@dataclass
class PggitCredentials(PostgresCredentials):
    """A profile's output. An empty host means the embedded server of the project.

    `shadow_user` and `shadow_password` are of a role that the team prepared for running the history again. A
    `search_path` has no effect: it is always pg_catalog, so that no name is found where others may put one.
    """

    host: str = ""
    user: str = ""
    port: Port = PORT
    password: str = ""
    shadow_user: str = ""
    shadow_password: str = ""

    def __post_init__(self) -> None:
        # Not profile fields: the connection manager sets them.
        self.project_root: Path | None = None
        self.target_name = "target"

    @property
    def type(self) -> str:
        return "pggit"

    @property
    def unique_field(self) -> str:
        return self.host or "embedded"

    @property
    def is_embedded(self) -> bool:
        return not self.host

    @property
    def shadow_login(self) -> Login | None:
        return Login(self.shadow_user, self.shadow_password) if self.shadow_user else None

    def start_embedded(self) -> embedded.Server:
        """Start the embedded server if it is not up; its errors become dbt's."""
        try:
            return embedded.ensure_running(self.project_root)
        except PggitError as error:
            raise DbtRuntimeError(str(error)) from error

    def connect_params(self) -> dict[str, Any]:
        """Return libpq keywords for a connection like dbt's own."""
        if self.is_embedded:
            params = self.start_embedded().params(self.database)
        else:
            self.require_names()
            params = {
                "host": self.host,
                "port": self.port,
                "user": self.user,
                "password": self.password,
                "dbname": self.database,
                "keepalives_idle": self.keepalives_idle or None,
                "sslmode": self.sslmode,
                "sslcert": self.sslcert,
                "sslkey": self.sslkey,
                "sslrootcert": self.sslrootcert,
            }
        role = {"role": self.role} if self.role else {}
        params |= {
            "connect_timeout": self.connect_timeout,
            "application_name": self.application_name,
            "options": options(role, PINNED),
        }
        return {name: value for name, value in params.items() if value is not None}

    def require_names(self) -> None:
        """Raise an error where a server is named and no role: libpq would try the name of whoever builds.

        Likewise where dbt could not write the name of the database.
        """
        if not self.is_embedded and not self.user:
            prefix = f"PGGIT_{self.target_name.upper()}_"
            raise DbtRuntimeError(
                f"{prefix}HOST is {self.host!r}, and {prefix}USER is not set. Nothing was changed. "
                "Name the role that the build runs as; README says what it has to be granted."
            )
        if odd := sorted(set(self.database) & set("\"'%")):
            raise DbtRuntimeError(
                f"The name of database {self.database!r} has {' and '.join(odd)} in it, which dbt does not quote. "
                "Nothing was changed. Rename it, or build in a copy: create database NAME template ..."
            )

    def connect(self, **keywords: Any) -> psycopg.Connection[Any]:
        """Open a psycopg connection like dbt's own.

        Raises:
            DbtRuntimeError: the server cannot be reached or refuses; says which one.

        """
        try:
            opened = psycopg.connect(**{**self.connect_params(), **keywords})
        except psycopg.OperationalError as error:
            raise DbtRuntimeError(self.unreachable(str(error).strip())) from error
        opened.execute(_LIMITS.encode())
        if not opened.autocommit:
            opened.commit()
        return opened

    def as_set(self, setting: str) -> str:
        """Return the value that server, database and role give a setting, which the build's sessions pin."""
        others = {name: value for name, value in PINNED.items() if name != setting}
        params = {**self.connect_params(), "options": options(others)}
        with psycopg.connect(**params) as connection:
            found = connection.execute("select pg_catalog.current_setting(%s)", (setting,)).fetchone()
        assert found is not None
        return str(found[0])

    def unreachable(self, reason: str) -> str:
        """Describe a failed connection: to what, why, and which settings to look at."""
        if self.is_embedded:
            server = embedded.locate(self.project_root)
            return (
                f"The embedded PostgreSQL in {server.home} refuses database {self.database!r}: {reason}\n"
                "Nothing was changed. `pggit-audit load DIR --dbname NAME` makes a database from a recorded "
                f"history; without PGGIT_STAGING_DBNAME it is the sample, {embedded.DATABASE!r}."
            )
        prefix = f"PGGIT_{self.target_name.upper()}_"
        if "unsupported startup parameter" in reason:
            reason += (
                "\nA pooler (pgBouncer) stands before the server, and hands out sessions for a transaction each. "
                "A build needs sessions of its own: name the server itself."
            )
        return (
            f"Target {self.target_name} cannot be reached: database {self.database!r} on "
            f"{self.host}:{self.port} as {self.user!r}.\n{reason}\n"
            f"Nothing was changed. Check {prefix}HOST, _PORT, _USER, _PASSWORD and _DBNAME, "
            "then try `dbt debug`."
        )


class PggitConnectionManager(PostgresConnectionManager):
    """dbt-postgres's connections, with the embedded server and the build lock."""

    TYPE = "pggit"

    def __init__(self, profile: Any, mp_context: Any) -> None:
        super().__init__(profile, mp_context)  # type: ignore[no-untyped-call]
        root = getattr(profile, "project_root", None)
        profile.credentials.project_root = Path(root) if root else None
        profile.credentials.target_name = profile.target_name
        self._build_lock: psycopg.Connection[Any] | None = None
        self._idle = IdleSessions()

    def open(self, connection: Connection) -> Connection:  # type: ignore[override]
        """Give a connection a session: one that another node has left, or a new one."""
        credentials = cast("PggitCredentials", connection.credentials)
        role = [f"set role {credentials.role}"] if credentials.role else []
        handle = self._idle.take([*role, _LIMITS])
        if handle is None:
            return self._open_anew(connection, credentials)
        connection.handle = handle
        connection.state = ConnectionState.OPEN
        return connection

    def release(self) -> None:
        """Keep the session of a node that has ended for the next one."""
        connection = self.get_if_exists()
        if connection is not None and connection.state == ConnectionState.OPEN:
            if connection.transaction_open:
                self._rollback(connection)
            self._idle.keep(connection.handle)
            connection.handle = None
            connection.state = ConnectionState.CLOSED
        super().release()

    def _open_anew(self, connection: Connection, credentials: PggitCredentials) -> Connection:
        credentials.require_names()
        if credentials.is_embedded:
            credentials.start_embedded()
        try:
            opened: Connection = super().open(connection)  # type: ignore[no-untyped-call]
        except FailedToConnectError as error:
            raise FailedToConnectError(credentials.unreachable(error.msg.strip())) from error
        try:
            with opened.handle.cursor() as cursor:
                cursor.execute(_LIMITS)
            opened.handle.commit()
        except psycopg2.OperationalError as error:
            raise FailedToConnectError(
                credentials.unreachable(
                    f"{str(error).strip()}\nThe session was ended at its first transaction, as by a pooler (pgBouncer) "
                    "with pool_mode = statement. A build needs sessions of its own: name the server itself."
                )
            ) from error
        return opened

    @contextmanager
    def exception_handler(self, sql: str) -> Iterator[None]:
        present = self.get_if_exists()
        handle = present.handle if present is not None and present.state == "open" else None
        pid = handle.info.backend_pid if handle is not None else None
        with Watch(self.connect_anew, pid) as watch:
            try:
                with super().exception_handler(sql):
                    yield
            except DbtRuntimeError as error:
                if getattr(error.__cause__, "pgcode", None) == SQLSTATE:
                    raise Refused(_waited(watch, str(error.__cause__))) from error
                raise

    def ensure_transaction(self) -> None:
        """See to it that what follows, up to the next commit, is one transaction.

        dbt-postgres never says BEGIN, since psycopg2 does before the first statement; but it says COMMIT as a
        statement, of which psycopg2 does not learn: after the first one, each statement is a transaction of its own.
        """
        connection = self.get_thread_connection()
        handle = connection.handle
        if handle.info.transaction_status == TRANSACTION_STATUS_IDLE and handle.status == STATUS_BEGIN:
            self.add_query("begin", auto_begin=False)
        connection.transaction_open = True

    def commit(self) -> Any:
        self._check_build_lock()
        return super().commit()  # type: ignore[no-untyped-call]

    @classmethod
    def get_credentials(cls, credentials: PggitCredentials) -> PggitCredentials:
        """Return what psycopg2 connects with: pinned settings, and the socket's folder in place of an empty host."""
        # dbt-postgres hands over no settings but this one, as it stands but for its spaces; the server takes any white
        # space for the end of one.
        others = [f"{name}={value}" for name, value in PINNED.items() if name != "search_path"]
        pinned = "\t-c\t".join([PINNED["search_path"], *others])
        if not credentials.is_embedded:
            return credentials.replace(search_path=pinned)
        server = embedded.locate(credentials.project_root)
        return credentials.replace(
            host=str(server.socket_dir), port=embedded.PORT, user=embedded.USER, search_path=pinned
        )

    def acquire_build_lock(self, table: str | None = None) -> None:
        """Take the build lock of the target database, once for this command.

        It lies on a connection of its own, so the server frees it when this process ends, however it ends.

        Args:
            table: a table with a row to lock, as SQL; who may only read cannot do that. Without one it is an
                advisory lock, which anyone can take.

        Raises:
            Refused: another build holds it.

        """
        if self._build_lock is not None:
            return
        credentials = self.credentials
        connection = credentials.connect(application_name=_build_name(), keepalives_idle=30)
        # The session idles for the whole build, and must not outlive a machine that dies.
        for setting in ("tcp_keepalives_idle = 60", "tcp_keepalives_count = 3"):
            connection.execute(f"set {setting}".encode())
        connection.commit()
        try:
            if table is None:
                is_ours = _scalar(connection, "select pg_try_advisory_lock(%s, %s)", LOCK)
            else:
                # NOWAIT is for the row alone
                with Watch(self.connect_anew, connection.info.backend_pid) as watch:
                    try:
                        connection.execute(f"lock table {table} in row share mode".encode())
                    except psycopg.errors.LockNotAvailable as error:
                        raise Refused(f"{watch.message(str(error))}\nNothing was changed.") from error
                # in a transaction that stays open as long as the build
                row = connection.execute(f"select 1 from {table} limit 1 for update nowait".encode())
                if row.fetchone() is None:
                    raise Refused(
                        f"{table} is empty. Each build notes its transactions there, and holds a row of it as its "
                        "lock, so somebody has emptied it. Nothing was changed. Bring its rows back from a backup."
                    )
                is_ours = True
        except psycopg.errors.LockNotAvailable:
            connection.rollback()
            is_ours = False
        if is_ours:
            self._build_lock = connection
            return
        holder = connection.execute(*_encoded(_holder(table))).fetchone()
        connection.close()
        pid, user, name = holder or ("?", "?", "just finished")
        raise Refused(
            f"Another build is running in database {credentials.database!r}: {name} "
            f"(server process {pid}, user {user!r}).\n"
            "Nothing was changed. Wait until it is done; if it hangs, end it: "
            f"select pg_terminate_backend({pid});"
        )

    def check_shadow(self, apart: bool) -> None:
        """Look whether the history can run again on the target's server, or on one of its version.

        Args:
            apart: on a server of its version alone.

        Raises:
            Refused: it cannot; says what would help.

        """
        credentials = self.credentials
        try:
            check_ground(credentials.connect_params(), credentials.shadow_login, apart)
        except PggitError as error:
            raise Refused(str(error)) from error

    def refuse_others_code(self, tables: Sequence[tuple[str, str]]) -> None:
        """Look whether reading one of these (schema, name) runs code of somebody else's.

        Raises:
            Refused: it does; says whose, and where.

        """
        with self.connect_anew() as connection:
            try:
                others_code.refuse(connection, tables)
            except PggitError as error:
                raise Refused(str(error)) from error

    @property
    def credentials(self) -> PggitCredentials:
        return cast("PggitCredentials", self.profile.credentials)

    def connect_anew(self) -> psycopg.Connection[Any]:
        """Open a connection to the target beside dbt's own, in autocommit mode."""
        return self.credentials.connect(autocommit=True)

    def refuse_pooled_connections(self) -> None:
        """Look whether a connection is a session: a pooler may give each transaction another one.

        Raises:
            Refused: pgBouncer, or another such, in transaction or statement mode.

        """
        credentials = self.credentials
        with credentials.connect() as first, credentials.connect() as second:
            try:
                # What the first one lets go of at its commit, the second one gets, where they share.
                ours = _scalar(first, "select pg_backend_pid()", ())
                first.commit()
                theirs = _scalar(second, "select pg_backend_pid()", ())
                again = _scalar(first, "select pg_backend_pid()", ())
                shared = theirs == ours or again != ours
            except psycopg.errors.DatabaseError:  # no transaction at all, in statement mode
                shared = True
        if shared:
            raise Refused(
                f"{credentials.host}:{credentials.port} is a connection pooler that gives each transaction another "
                "session of the server (pgBouncer's pool_mode transaction or statement). A build needs sessions of its "
                "own. Nothing was changed. Connect to the server itself, or to a pool with pool_mode = session."
            )

    def _check_build_lock(self) -> None:
        """Look whether the build still holds its lock, where it has taken it.

        Raises:
            Refused: the session is gone, and another build may have begun.

        """
        if self._build_lock is None:
            return
        try:
            self._build_lock.execute("select 1")
        except psycopg.Error as error:
            raise Refused(
                f"The session that held the build lock was ended: {str(error).strip()}\n"
                "Nothing more is written by this build, as another one may have begun. "
                "What was published before stays as it was; run the build again."
            ) from error

    def release_build_lock(self) -> None:
        """Give the build lock back, if this command holds it."""
        if self._build_lock is not None:
            self._build_lock.close()
            self._build_lock = None

    def cleanup_all(self) -> None:
        self.release_build_lock()
        super().cleanup_all()
        self._idle.close()


def _waited(watch: Watch, said: str) -> str:
    """Say of a wait that was over who held what."""
    return f"{watch.message(said)}\nWhat was published stays as it was."


def _holder(table: str | None) -> tuple[str, list[Any]]:
    """Return a query for who holds the build lock (pid, user, application), and its parameters."""
    select = (
        "select activity.pid, activity.usename, activity.application_name from pg_locks as locks "
        "inner join pg_stat_activity as activity on locks.pid = activity.pid "
        "where locks.granted and locks.database = (select oid from pg_database where datname = current_database()) "
    )
    if table is None:
        return select + "and locktype = 'advisory' and objsubid = 2 and classid = %s and objid = %s", list(
            LOCK
        )
    return select + (
        "and locks.relation = to_regclass(%s) and locks.mode = 'RowShareLock' and locks.pid <> pg_backend_pid()"
    ), [table]


# What pins settings once more, in one message: each node begins with it.
_LIMITS = f"{pinning(PINNED)}; {NEWER}; {DEAF}"


def _encoded(query: tuple[str, list[Any]]) -> tuple[bytes, list[Any]]:
    return query[0].encode(), query[1]


def _build_name() -> str:
    """Say who builds since when; shown to a second build, and within the 63 bytes of an application name."""
    since = datetime.now(timezone.utc).strftime("%Y-%m-%d %H:%MZ")
    host = socket.gethostname().split(".")[0]
    return f"pggit build since {since} by {_user()}@{host} pid {os.getpid()}"


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return str(os.getuid())


def _scalar(connection: psycopg.Connection[Any], query: str, parameters: tuple[Any, ...]) -> Any:
    row = connection.execute(query, parameters).fetchone()
    return row[0] if row else None
