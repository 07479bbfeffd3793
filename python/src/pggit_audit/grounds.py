"""Where the shadow is: a database on the target's server, or on a throw-away one, and who runs the history in it.

The database belongs to the build's role; who runs the history may create in it, and no one else may enter. Its name
is a fixed prefix, its time of birth and a random part. Only a database or a role of such a name is ever dropped.
"""

from __future__ import annotations

import logging
import re
import secrets
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from datetime import datetime, timezone
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit import cluster, programs, sandbox
from pggit_audit.databases import as_its_role, create_database, locale_of, time_zone
from pggit_audit.errors import LostRole, PggitError
from pggit_audit.sandbox import SESSIONS, SETTINGS, Login, MadeRole, PreparedRole, Role, require_poor
from pggit_audit.sessions import NO_ROOM, connect
from pggit_audit.waits import reason

PREFIX = "pggit_shadow_"
NAME = re.compile(rf"^{PREFIX}\d{{14}}_[0-9a-f]{{8}}$")
# First key of the advisory lock that a shadow's maker holds while it lives ("pggs"); the second is of the name.
_LOCK = 0x70676773
# Seconds that sessions have to leave a database that is to be dropped, and that a server has to end a session.
_LEAVING = 20.0
_LETTING_GO = 2.0
_LOG = logging.getLogger(__name__)
# Whether the role may still make something in its shadow, and what it is set to.
_STANDING = (
    "select pg_catalog.has_database_privilege(%(role)s::pg_catalog.name, %(database)s, 'create')"
    " and pg_catalog.has_database_privilege(%(role)s::pg_catalog.name, %(database)s, 'connect'),"
    f" array(select array[s.database, s.setting] from ({SETTINGS}) as s)"
)

Connection = psycopg.Connection[Any]


def new_name(admin: Connection) -> str:
    """A name for a shadow and its role, by which a killed build's are known; the session has the lock of it."""
    name = f"{PREFIX}{datetime.now(timezone.utc):%Y%m%d%H%M%S}_{secrets.token_hex(4)}"
    admin.execute("select pg_catalog.pg_advisory_lock(%s, %s)", (_LOCK, _lock_key(name)))
    return name


class _Impossible(Exception):
    """A way that cannot be gone here; says why."""


class Ground:
    """The database of one shadow, on a server, with the role that runs the history in it.

    `as_nobody` and `as_build` are libpq keywords for a session there of that role, and of the build's own.
    `lacks_public`: its schema public was taken away, for the role to make one that is its own.
    """

    def __init__(
        self, admin: Connection, parameters: Mapping[str, Any], role: Role, target: Connection
    ) -> None:
        self.role = role
        self.login, self._parameters = as_its_role(admin, parameters)
        self.time_zone = time_zone(target)
        self._locale = locale_of(target)
        self.as_build = dict(self._parameters)
        self._admin = admin
        self._oid = 0
        self._is_targets_own = admin is target
        self._stands_by()

    def make(self, name: str) -> None:
        """Makes the database, open to the role alone."""
        self.name = name
        try:
            create_database(self._admin, name, self._locale)
        except (psycopg.errors.WrongObjectType, psycopg.errors.FeatureNotSupported) as error:
            # A throw-away server's machine may not have the target's locales, nor its programs ICU.
            _LOG.warning(
                "Texts are ordered otherwise in the shadow than in the target: %s", str(error).strip()
            )
            create_database(self._admin, name, self._locale.plain())
        ((self._oid,),) = self._admin.execute(
            "select oid::pg_catalog.int8 from pg_catalog.pg_database where datname operator(pg_catalog.=) %s",
            (name,),
        ).fetchall()
        self.as_build = {**self._parameters, "dbname": name}
        self.as_nobody = {**self.as_build, "user": self.role.name, "password": self.role.password}
        # which have the build's own role, where that is not the one that logs in
        self.as_nobody.pop("options", None)
        self.grant()
        with connect(self.as_build) as own:
            # In PostgreSQL 14 it is a superuser's, and open to all.
            self.lacks_public = True
            try:
                own.execute("drop schema public")
            except psycopg.errors.InsufficientPrivilege:
                self.lacks_public = False

    def _stands_by(self) -> None:
        """Opens a session that can end another where the lock table is full: it holds the locks that this takes.

        Who may end whom stands in catalogs of the whole server, of which no lock is taken without room in that table.
        """
        self._ender = connect(self._parameters)
        self._ender.execute("begin")
        for catalog in ("pg_roles", "pg_auth_members", "pg_database", "pg_db_role_setting"):
            self._ender.execute(f"select from pg_catalog.{catalog} limit 1".encode())

    def grant(self) -> None:
        """Lets the role in, and nobody else."""
        name, role = sql.Identifier(self.name), sql.Identifier(self.role.name)
        self._admin.execute(sql.SQL("revoke all on database {} from public").format(name))
        self._admin.execute(
            sql.SQL("grant connect, create, temporary on database {} to {}").format(name, role)
        )
        if self.login is not None:
            self._admin.execute(
                sql.SQL("grant connect on database {} to {}").format(name, sql.Identifier(self.login))
            )

    def come_back(self) -> None:
        """Opens the build's own session on the server anew, where the server ended it."""
        try:
            self._admin.execute("select 1")
        except psycopg.OperationalError:
            self._admin.close()
            self._admin = connect(self._parameters)
            self._say_again_that_it_lives()
            self.role.come_back(self._admin)
            self._ender.close()
            self._stands_by()

    def _say_again_that_it_lives(self) -> None:
        """Takes the lock of its name; where somebody else has that, no build sweeps the shadow either."""
        deadline = time.monotonic() + _LETTING_GO
        while time.monotonic() < deadline:  # the server may take a moment to end the old session
            query = "select pg_catalog.pg_try_advisory_lock(%s, %s)"
            if self._admin.execute(query, (_LOCK, _lock_key(self.name))).fetchone() == (True,):
                return
            time.sleep(0.1)

    def require_role(self) -> None:
        """Raises `LostRole` where the server is there, and does not let a role in that the team prepared."""
        try:
            self._admin.execute("select 1")
        except psycopg.OperationalError:
            return
        if isinstance(self.role, PreparedRole):
            raise LostRole(
                f"The history took the password of the role {self.role.name}, which runs it, and ended its sessions.\n"
                "Nothing else was changed. Give it the password back:\n"
                f"    alter role \"{self.role.name}\" password '...';\n"
                "and let the history run on a throw-away server: --vars 'shadow: throw_away'."
            )

    def restore(self) -> None:
        """Makes the role, and what it may do, what they were at first."""
        self.role.restore()
        self.grant()

    def restore_if_changed(self) -> list[str]:
        """Undoes what the role did to itself, and says what that was."""
        # It is asked after nearly every statement: at once.
        row = self._admin.execute(_STANDING, {"role": self.role.name, "database": self.name}).fetchone()
        assert row is not None
        may_work, settings = row
        changed = self.role.changes([(database, setting) for database, setting in settings])
        if changed or not may_work:
            self.restore()
        return changed

    def end_sessions(self, pid: int | None = None) -> None:
        """Ends the session of a backend's process number; without one, every session that is in the database.

        Who is no superuser may end its own sessions alone: so the role does it itself.
        """
        # No shared catalog is looked at: where a session has filled the server's lock table, no one gets at those.
        query = (
            "select pg_catalog.pg_terminate_backend(a.pid)"
            " from pg_catalog.pg_stat_get_activity(%(pid)s::pg_catalog.int4) as a"
            " where a.datid operator(pg_catalog.=) %(database)s::pg_catalog.oid"
            " and a.pid operator(pg_catalog.<>) pg_catalog.pg_backend_pid()"
        )
        values = {"database": self._oid, "pid": pid}
        if self._ender.closed:
            self._stands_by()
        try:
            with self._ender.transaction():
                # Its transaction never ends, and sees no session that began after its first look.
                self._ender.execute("select pg_catalog.pg_stat_clear_snapshot()")
                self._ender.execute(query, values)
        except psycopg.errors.InsufficientPrivilege:
            self.role.restore()
            with connect(self.as_nobody) as own:
                own.execute(query, values)

    def size(self) -> tuple[int, int, float]:
        """Bytes that the database takes on the server's disk, that the server's log has, and how full its queue is."""
        row = self._admin.execute(
            "select pg_catalog.pg_database_size(%s::pg_catalog.name),"
            " pg_catalog.pg_wal_lsn_diff(pg_catalog.pg_current_wal_insert_lsn(), '0/0')::pg_catalog.int8,"
            " pg_catalog.pg_notification_queue_usage()",
            (self.name,),
        ).fetchone()
        return (int(row[0]), int(row[1]), float(row[2])) if row else (0, 0, 0.0)

    def advisory_locks(self, pid: int) -> int:
        """How many advisory locks the session of a backend's process number holds."""
        row = self._admin.execute(
            "select pg_catalog.count(*) from pg_catalog.pg_locks"
            " where locktype operator(pg_catalog.=) 'advisory' and pid operator(pg_catalog.=) %s::pg_catalog.int4",
            (pid,),
        ).fetchone()
        return int(row[0]) if row else 0

    def keep(self, name: str) -> str:
        """Gives the database and the role that owns what is in it names of their own; returns the role's.

        Raises `PggitError` where the role or the server is not the build's to leave behind.
        """
        if not isinstance(self.role, MadeRole) or not self._is_targets_own:
            raise PggitError(
                f"The database cannot be kept as {name}: the history ran as a role that the team prepared, or on a "
                "throw-away server. It is gone again. Keeping one needs a role with CREATEDB and CREATEROLE."
            )
        owner = f"{name}_owner"
        deadline = time.monotonic() + _LEAVING
        while True:
            try:
                self._admin.execute(
                    sql.SQL("alter database {} rename to {}").format(
                        sql.Identifier(self.name), sql.Identifier(name)
                    )
                )
                break
            except psycopg.errors.ObjectInUse:
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.1)
        self._admin.execute(
            sql.SQL("alter role {} nologin password null").format(sql.Identifier(self.role.name))
        )
        self._admin.execute(
            sql.SQL("alter role {} rename to {}").format(
                sql.Identifier(self.role.name), sql.Identifier(owner)
            )
        )
        self._ender.close()
        return owner

    def drop(self) -> None:
        """Drops the database, as soon as the last session has left it; where that fails, the next build sweeps it."""
        deadline = time.monotonic() + _LEAVING
        while True:
            try:
                _drop(self._admin, self.name)
                break
            except psycopg.errors.ObjectInUse as error:
                with suppress(psycopg.Error):
                    self.end_sessions()
                    sandbox.undo_prepared(self._admin, self.as_nobody)
                if time.monotonic() > deadline:
                    _LOG.warning("%s", self._left_behind(error))
                    break
                time.sleep(0.1)
            except psycopg.Error as error:
                if self._oid and not self._admin.closed:
                    _LOG.warning("%s", self._left_behind(error))
                break
        self._ender.close()

    def _left_behind(self, error: psycopg.Error) -> str:
        said = reason(error, lambda: connect(self._parameters))
        with suppress(psycopg.Error):
            inside = self._admin.execute(
                "select pid, usename, application_name from pg_catalog.pg_stat_activity"
                " where datid operator(pg_catalog.=) %s::pg_catalog.oid",
                (self._oid,),
            ).fetchall()
            said += "".join(
                f"; process {pid} of user {user!r} ({name!r}) is in it" for pid, user, name in inside
            )
        return (
            f"The shadow database {self.name} could not be dropped, and is left behind with its role: {said}. "
            "The next build drops them, when nobody is in there any more."
        )


@contextmanager
def ground(parameters: Mapping[str, Any], login: Login | None, apart: bool = False) -> Iterator[Ground]:
    """A new database for a shadow, dropped at the end with all that was made for it.

    Args:
        parameters: libpq keywords of the build's own session on the server.
        login: a role that the team prepared for the history.
        apart: on a throw-away server, whatever the role may do on this one.

    Raises `PggitError` where there is no way in which nobody runs the history.
    """
    try:
        admin = connect(parameters)
    except psycopg.OperationalError as error:
        raise PggitError(
            f"The server for the shadow database cannot be reached: {str(error).strip()}\n"
            "Nothing was changed. Check the connection, or run with --vars 'shadow: embedded'."
        ) from None
    with admin:
        sweep(admin)
        cluster.sweep()
        name = new_name(admin)
        reasons = []
        for way in (_own_server,) if apart else (_made_role, _prepared_role, _own_server):
            with ExitStack() as stack:
                try:
                    found = way(stack, admin, parameters, login, name)
                except _Impossible as reason:
                    reasons.append(str(reason))
                    continue
                yield found
                return
        raise _no_way(admin, reasons)


def check_ground(parameters: Mapping[str, Any], login: Login | None, apart: bool = False) -> None:
    """Looks whether there will be a ground for a shadow, and makes nothing; its arguments are those of `ground`.

    Raises `PggitError` where there will be none, as far as rights and programs tell.
    """
    with connect(parameters) as admin:
        row = admin.execute(
            "select rolsuper or rolcreatedb, rolsuper or rolcreaterole from pg_catalog.pg_roles"
            " where rolname operator(pg_catalog.=) current_user"
        ).fetchone()
        may_create, may_make_roles = row or (False, False)
        reasons = []
        if may_create and may_make_roles and not apart:
            return
        if not may_create:
            reasons.append(f"the role {_who(admin)} may not create databases (no CREATEDB)")
        if not may_make_roles:
            reasons.append(f"the role {_who(admin)} may not make a role for it (no CREATEROLE)")
        if login is None:
            reasons.append("no role was prepared for it (PGGIT_STAGING_SHADOW_USER is not set)")
        elif may_create and not apart:
            require_poor(admin, login, PREFIX)
            return
        if apart:
            reasons = ["it is to run on a throw-away server (the variable shadow)"]
        major = admin.info.server_version // 10000
        if cluster.find(major) is None and major not in programs.INSTALLED:
            raise _no_way(admin, [*reasons, f"no programs of PostgreSQL {major} were found on this machine"])


def _made_role(
    stack: ExitStack, admin: Connection, parameters: Mapping[str, Any], login: Login | None, name: str
) -> Ground:
    """The target's server, and a role for this shadow alone."""
    try:
        role = MadeRole(admin, name)
    except psycopg.errors.InsufficientPrivilege:
        raise _Impossible(f"the role {_who(admin)} may not make a role for it (no CREATEROLE)") from None
    stack.callback(role.drop)
    return _made(stack, admin, parameters, role, name)


def _prepared_role(
    stack: ExitStack, admin: Connection, parameters: Mapping[str, Any], login: Login | None, name: str
) -> Ground:
    """The target's server, and a role that the team prepared."""
    if login is None:
        raise _Impossible("no role was prepared for it (PGGIT_STAGING_SHADOW_USER is not set)")
    role = PreparedRole(admin, login, PREFIX)
    found = _made(stack, admin, parameters, role, name)
    role.keep(stack.enter_context(connect(found.as_nobody)), found.as_nobody)
    # Before its own session ends, in which it gives itself back what it took.
    stack.callback(role.drop)
    return found


def _own_server(
    stack: ExitStack, admin: Connection, parameters: Mapping[str, Any], login: Login | None, name: str
) -> Ground:
    """A throw-away server of the same version, with the names of the target's roles on it, and a role there."""
    major = admin.info.server_version // 10000
    binaries = cluster.find(major)
    if binaries is None and major not in programs.INSTALLED:
        raise _Impossible(f"no programs of PostgreSQL {major} were found on this machine")
    own = stack.enter_context(cluster.throw_away_cluster(major, binaries))
    owner = stack.enter_context(connect(own))
    for (role,) in admin.execute(
        "select rolname::pg_catalog.text from pg_catalog.pg_roles"
        " where not pg_catalog.starts_with(rolname::pg_catalog.text, 'pg_')"
    ).fetchall():
        # Policies name them.
        with suppress(psycopg.errors.DuplicateObject):
            owner.execute(sql.SQL("create role {}").format(sql.Identifier(role)))
    made = MadeRole(owner, name)
    found = Ground(owner, own, made, admin)
    found.make(name)
    return found


def _made(
    stack: ExitStack, admin: Connection, parameters: Mapping[str, Any], role: Role, name: str
) -> Ground:
    found = Ground(admin, parameters, role, admin)
    found.name = name
    stack.callback(found.drop)
    try:
        found.make(name)
    except psycopg.errors.InsufficientPrivilege:
        raise _Impossible(f"the role {_who(admin)} may not create databases (no CREATEDB)") from None
    except psycopg.errors.LockNotAvailable:
        raise  # who runs this says who holds it
    except NO_ROOM as error:
        raise _Impossible(f"the server has no room for another database ({str(error).strip()})") from None
    except psycopg.OperationalError as error:
        # pg_hba.conf may name the databases that a role is let in to
        raise _Impossible(
            f"the server does not let the role {_who(admin)} in to a database of another name than the target's"
            f" ({str(error).strip().splitlines()[-1]})"
        ) from None
    try:
        with connect(found.as_nobody) as own:
            ((user,),) = own.execute("select session_user::pg_catalog.text").fetchall()
    except psycopg.OperationalError as error:
        raise _Impossible(
            f"the server does not let the role {role.name} in ({str(error).strip().splitlines()[-1]})"
        ) from None
    if user != role.name:
        raise _Impossible(
            f"a session of the role {role.name} is one of {user}: what stands before the server (a pooler) enters as "
            "another role"
        )
    return found


def _no_way(admin: Connection, reasons: list[str]) -> PggitError:
    major = admin.info.server_version // 10000
    who = _who(admin)
    return PggitError(
        "There is nobody who can run the history again without being able to do harm:\n"
        + "".join(f"  - {reason}\n" for reason in dict.fromkeys(reasons))
        + "Nothing was changed. There are three ways out:\n"
        f'  1. let the build make a role for it, as a superuser: alter role "{who}" createdb createrole;\n'
        "  2. make one yourself, and name it in PGGIT_STAGING_SHADOW_USER and PGGIT_STAGING_SHADOW_PASSWORD:\n"
        f"     create role pggit_history login noinherit password '...' connection limit {SESSIONS};\n"
        f'     alter role "{who}" createdb;\n'
        f"  3. install the programs of PostgreSQL {major} on this machine; no server of them needs to run."
    )


def _who(admin: Connection) -> str:
    row = admin.execute("select current_user::pg_catalog.text").fetchone()
    return str(row[0]) if row else "?"


def _drop(admin: Connection, name: str) -> None:
    if not NAME.match(name):
        raise PggitError(f"{name} is not the name of a shadow database: it was left alone.")
    # It waits for every session of the server, also for one that does not listen any more.
    admin.execute("set statement_timeout = '60s'")
    admin.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)))


def _lock_key(name: str) -> int:
    return int(name[-8:], 16) >> 1


def sweep(admin: Connection) -> None:
    """Drops the databases and roles that a killed build left behind: nobody is in them, and their maker is gone."""
    left = " union all ".join(
        f"select '{kind}', c.{name}::pg_catalog.text from pg_catalog.{catalog} as c"
        f" where pg_catalog.starts_with(c.{name}::pg_catalog.text, %(prefix)s) and not exists"
        f" (select from pg_catalog.pg_stat_activity as a where a.{user} operator(pg_catalog.=) c.oid)"
        for kind, catalog, name, user in (
            ("database", "pg_database", "datname", "datid"), ("role", "pg_roles", "rolname", "usesysid"),
        )
    )  # fmt: skip
    found = sorted(admin.execute(left.encode(), {"prefix": PREFIX}).fetchall())
    # Looked at behind the names: a maker takes its lock before it makes anything of the name.
    locks = admin.execute(
        "select objid::pg_catalog.int8 from pg_catalog.pg_locks where locktype operator(pg_catalog.=) 'advisory'"
        " and classid operator(pg_catalog.=) %s::pg_catalog.oid and objsubid operator(pg_catalog.=) 2",
        (_LOCK,),
    ).fetchall()
    for kind, name in found:
        if not NAME.match(name) or (_lock_key(name),) in locks:
            continue
        with suppress(psycopg.Error):
            if kind == "database":
                _drop(admin, name)
            else:
                admin.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))
