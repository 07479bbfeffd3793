"""Who runs the history, and where: an identity that can do nothing elsewhere and does not outlive the shadow.

The publishing role never runs a byte of the history. In this order it is run by

1. a role that the build makes for this one shadow, where the build's role may make roles;
2. a role that the team prepared (`PGGIT_STAGING_SHADOW_USER`), if it is as poor as it has to be;
3. a role of a throw-away server of the same major version, from programs found on this machine.

A role may always change its own password, limits and settings, in every database. So what it made of itself is
noticed and undone: with the role, or from what was noted before.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.errors import PggitError
from pggit_audit.sessions import connect

# The session that runs the history, one that prints, one in which a prepared role gives itself back what it took, one
# that ends others, and for each of the first two one that is still ending.
SESSIONS = 6
_AT_ONCE = 4
LIFETIME = "3 days"
# Bytes that sorts and hashes of the history may put aside on the server's disk, where the build may limit it.
_TEMPORARY_FILES = "2GB"

# What it says and does would fill the server's log.
_LOGS_NOTHING = ("log_min_messages = 'panic'", "log_min_error_statement = 'panic'", "log_statement = 'none'")

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Login:
    """A role that the team prepared for the history, and its password."""

    user: str
    password: str


Setting = tuple[str, str]
"""A database, empty for all, and `parameter=value`."""

SETTINGS = (
    "select coalesce(d.datname::pg_catalog.text, '') as database, setting"
    " from pg_catalog.pg_db_role_setting as s"
    " join pg_catalog.pg_roles as r on r.oid operator(pg_catalog.=) s.setrole"
    " left join pg_catalog.pg_database as d on d.oid operator(pg_catalog.=) s.setdatabase"
    " cross join lateral pg_catalog.unnest(s.setconfig) as setting"
    " where r.rolname operator(pg_catalog.=) %(role)s::pg_catalog.name order by 1, 2"
)
"""A role's settings and limits."""


class Role:
    """The role that runs the history in one shadow.

    Args:
        admin: a session of the build's role, which outlives this one.
    """

    def __init__(self, admin: Connection, name: str, password: str) -> None:
        self.name = name
        self.password = password
        self._admin = admin

    def changes(self, now: list[Setting] | None = None) -> list[str]:
        """What the role has made of its settings since the beginning, in words; empty as a rule.

        Args:
            now: its settings, where they were read already.

        """
        before = self._settings
        after = _settings(self._admin, self.name) if now is None else now
        if before == after:
            return []
        gone = [f"it took away its setting {_said(s)}" for s in before if s not in after]
        return gone + [f"it gave itself the setting {_said(s)}" for s in after if s not in before]

    def come_back(self, admin: Connection) -> None:
        """Goes on with another session of the build's role, after the server was away."""
        self._admin = admin

    def _note(self) -> None:
        self._settings = _settings(self._admin, self.name)

    def restore(self) -> None:
        """Makes the role what it was at the beginning."""
        raise NotImplementedError

    def drop(self) -> None:
        """Leaves the server without it, or it as it was found."""
        raise NotImplementedError


class MadeRole(Role):
    """A role that the build made for one shadow, under the shadow's name.

    It may log in with a password that nobody knows but this process, a few sessions at a time, for some days; it is
    no superuser, member of nothing, and what everybody may do it may do as well.

    Raises `psycopg.errors.InsufficientPrivilege` where the build's role may not make it.
    """

    def __init__(self, admin: Connection, name: str) -> None:
        super().__init__(admin, name, secrets.token_hex(24))
        self._say(sql.SQL("create role"))
        # Who is a member of a role may end its sessions, also when the server has no room for a new one.
        with suppress(psycopg.Error):
            admin.execute(sql.SQL("grant {} to current_user").format(sql.Identifier(name)))
        self._limit()

    def _say(self, verb: sql.SQL) -> None:
        self._admin.execute(
            sql.SQL("{} {} login noinherit connection limit {} password {} valid until {}").format(
                verb, sql.Identifier(self.name), SESSIONS, _verifier(self._admin, self.name, self.password),
                _soon(self._admin),
            )
        )  # fmt: skip

    def _limit(self) -> None:
        """Settings that only a superuser may make; the role cannot take them back."""
        for setting in (f"temp_file_limit = '{_TEMPORARY_FILES}'", "lc_messages = 'C'", *_LOGS_NOTHING):
            with suppress(psycopg.errors.InsufficientPrivilege):
                self._admin.execute(f'alter role "{self.name}" set {setting}'.encode())
        self._note()

    def restore(self) -> None:
        self._say(sql.SQL("alter role"))
        _reset_settings(self._admin, self.name, sql.Identifier(self.name))
        self._limit()

    def drop(self) -> None:
        with suppress(psycopg.Error):  # the next build sweeps it
            self._admin.execute(f'drop role if exists "{self.name}"'.encode())


class PreparedRole(Role):
    """A role that the team prepared for the history.

    Raises `PggitError` where it may do more than it should.
    """

    def __init__(self, admin: Connection, login: Login, prefix: str) -> None:
        super().__init__(admin, login.user, login.password)
        require_poor(admin, login, prefix)
        self._note()
        self._own: Connection | None = None

    def keep(self, own: Connection, parameters: Mapping[str, Any]) -> None:
        """Takes over a session of the role, in which it gives itself back what it took, and how to open another."""
        self._own = own
        self._parameters = parameters

    def come_back(self, admin: Connection) -> None:
        super().come_back(admin)
        with suppress(psycopg.OperationalError):
            self._own = connect(self._parameters)

    def _still_has_its_password(self) -> bool:
        """Whether the server, asking for one, takes the password that the team gave it."""
        try:
            connect(self._parameters, require_auth="scram-sha-256,md5,password").close()
        except psycopg.OperationalError:
            return False
        return True

    def restore(self) -> None:
        if self._own is None:
            return
        try:
            self._give_back(self._own)
        except psycopg.OperationalError:
            # The history may have ended this session as well. Where it lets nobody in, whoever needs the role says so.
            self._own.close()
            with suppress(psycopg.OperationalError):
                self._own = connect(self._parameters)
                self._give_back(self._own)

    def _give_back(self, own: Connection) -> None:
        own.execute(
            "select 1"
        )  # a session that was ended is replaced now, as long as the password is the team's
        if self.password and not self._still_has_its_password():
            verifier = _verifier(own, self.name, self.password)
            own.execute(sql.SQL("alter role current_user password {}").format(verifier))
        if self.changes():
            _reset_settings(own, self.name, sql.SQL("current_user"))
            for database, assignment in self._settings:
                parameter, _, value = assignment.partition("=")
                place = (
                    sql.SQL(" in database {}").format(sql.Identifier(database)) if database else sql.SQL("")
                )
                # As the session has it: a list of names in quotes is none.
                own.execute("select pg_catalog.set_config(%s, %s, false)", (parameter, value))
                own.execute(
                    sql.SQL("alter role current_user{} set {} from current").format(
                        place, sql.SQL(".").join(map(sql.Identifier, parameter.split(".")))
                    )
                )

    def drop(self) -> None:
        with suppress(psycopg.Error):
            self.restore()


def require_poor(connection: Connection, login: Login, prefix: str) -> None:
    """Raises `PggitError` where a prepared role may do more than it should (`too_rich`), or has too few sessions."""
    riches = too_rich(connection, login.user, prefix)
    if riches:
        raise PggitError(
            f"The role {login.user}, which is to run the history, {'; it '.join(riches)}.\n"
            "Nothing was changed. It should be able to log in, and to do nothing else:\n"
            f"    create role \"{login.user}\" login noinherit password '...' connection limit {SESSIONS};"
        )
    _require_room(connection, login.user)


def _require_room(connection: Connection, name: str) -> None:
    row = connection.execute(
        "select rolconnlimit, (select pg_catalog.count(*) from pg_catalog.pg_stat_activity"
        "     where usesysid operator(pg_catalog.=) r.oid)"
        " from pg_catalog.pg_roles as r where rolname operator(pg_catalog.=) %s::pg_catalog.name",
        (name,),
    ).fetchone()
    limit, taken = row or (0, 0)
    if 0 <= limit < taken + _AT_ONCE:
        raise PggitError(
            f"The role {name}, which is to run the history, may have {limit} sessions at a time, of which {taken} are "
            f"taken; it needs {_AT_ONCE}, and {SESSIONS} where the history ends some.\n"
            "Nothing was changed. Wait until its other sessions are over, or let it have more:\n"
            f'    alter role "{name}" connection limit {SESSIONS + taken};'
        )


def too_rich(connection: Connection, name: str, prefix: str) -> list[str]:
    """Says what a role may do that the history must not be able to; empty where it is as poor as it has to be.

    Args:
        connection: any session on its server.
        name: the role.
        prefix: of the names of shadow databases, in which it may own what it likes.
    """
    found = connection.execute(
        "select oid, rolsuper, rolcreatedb, rolcreaterole, rolreplication, rolbypassrls, rolcanlogin"
        " from pg_catalog.pg_roles where rolname operator(pg_catalog.=) %s::pg_catalog.name",
        (name,),
    ).fetchone()
    if found is None:
        return ["does not exist"]
    oid, *rights, may_log_in = found
    names = (
        "is a superuser",
        "may create databases",
        "may create roles",
        "may replicate",
        "bypasses row security",
    )
    riches = [name for name, right in zip(names, rights, strict=True) if right]
    if not may_log_in:
        riches.append("may not log in")
    groups = connection.execute(
        "select r.rolname::pg_catalog.text from pg_catalog.pg_auth_members as m"
        " join pg_catalog.pg_roles as r on r.oid operator(pg_catalog.=) m.roleid"
        " where m.member operator(pg_catalog.=) %s::pg_catalog.oid order by 1",
        (oid,),
    ).fetchall()
    if groups:
        riches.append("is a member of " + ", ".join(group for (group,) in groups))
    elsewhere = connection.execute(
        "select distinct case when d.datname is not null then 'something in database ' || d.datname"
        " when s.classid operator(pg_catalog.=) 'pg_catalog.pg_database'::pg_catalog.regclass"
        "     then 'database ' || (select o.datname from pg_catalog.pg_database as o"
        "     where o.oid operator(pg_catalog.=) s.objid)"
        " else 'something of the whole server' end as what"
        " from pg_catalog.pg_shdepend as s"
        " left join pg_catalog.pg_database as d on d.oid operator(pg_catalog.=) s.dbid"
        " where s.refclassid operator(pg_catalog.=) 'pg_catalog.pg_authid'::pg_catalog.regclass"
        " and s.refobjid operator(pg_catalog.=) %(oid)s::pg_catalog.oid"
        " and not pg_catalog.starts_with(coalesce(d.datname, (select o.datname from pg_catalog.pg_database as o"
        "     where s.classid operator(pg_catalog.=) 'pg_catalog.pg_database'::pg_catalog.regclass"
        "     and o.oid operator(pg_catalog.=) s.objid), '')::pg_catalog.text, %(prefix)s)"
        " order by 1",
        {"oid": oid, "prefix": prefix},
    ).fetchall()
    if elsewhere:
        riches.append("owns, or was granted, " + ", ".join(what for (what,) in elsewhere))
    return riches


def undo_prepared(admin: Connection, parameters: Mapping[str, Any]) -> None:
    """Undoes the transactions that are prepared in a database: a script may leave one, which nobody drops along.

    Args:
        admin: any session on its server.
        parameters: of a session there of the role that prepared them; no other may, but a superuser.

    """
    prepared = admin.execute(
        "select gid from pg_catalog.pg_prepared_xacts where database operator(pg_catalog.=) %s",
        (parameters["dbname"],),
    ).fetchall()
    if prepared:
        with connect(parameters) as own:
            for (gid,) in prepared:
                own.execute(sql.SQL("rollback prepared {}").format(sql.Literal(gid)))


def _verifier(connection: Connection, name: str, password: str) -> sql.Literal:
    """What the server keeps of a password: the password itself never reaches it, nor its log."""
    made = connection.pgconn.encrypt_password(password.encode(), name.encode(), b"scram-sha-256")
    return sql.Literal(made.decode())


def _soon(connection: Connection) -> sql.Literal:
    row = connection.execute(
        "select (pg_catalog.now() operator(pg_catalog.+) %s::pg_catalog.interval)::pg_catalog.text",
        (LIFETIME,),
    ).fetchone()
    assert row is not None
    return sql.Literal(row[0])


def _settings(connection: Connection, name: str) -> list[Setting]:
    return connection.execute(SETTINGS, {"role": name}).fetchall()


def _said(setting: Setting) -> str:
    database, assignment = setting
    return f"{database}: {assignment}" if database else assignment


def _reset_settings(connection: Connection, name: str, role: sql.Composable) -> None:
    for database in {database for database, _ in _settings(connection, name)}:
        place = sql.SQL(" in database {}").format(sql.Identifier(database)) if database else sql.SQL("")
        connection.execute(sql.SQL("alter role {}{} reset all").format(role, place))
