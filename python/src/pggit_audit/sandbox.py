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
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.errors import PggitError

# The session that runs the history, one that ends while another is opened, and one to spare.
SESSIONS = 3
LIFETIME = "3 days"
# Bytes that sorts and hashes of the history may put aside on the server's disk, where the build may limit it.
_TEMPORARY_FILES = "2GB"

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Login:
    """A role that the team prepared for the history, and its password."""

    user: str
    password: str


class Role:
    """The role that runs the history in one shadow: one that the build made."""

    def __init__(self, admin: Connection, name: str) -> None:
        self.name = name
        self.password = secrets.token_hex(24)
        self._admin = admin
        self._verifier = _verifier(admin, name, self.password)
        admin.execute(
            sql.SQL("create role {} login noinherit connection limit {} password {} valid until {}").format(
                sql.Identifier(name), SESSIONS, self._verifier, _soon(admin)
            )
        )
        self._settings = self._limit()

    def _limit(self) -> list[str]:
        """Settings that only a superuser may make; the role cannot take them back."""
        for setting in (f"temp_file_limit = '{_TEMPORARY_FILES}'", "lc_messages = 'C'"):
            with suppress(psycopg.errors.InsufficientPrivilege):
                self._admin.execute(
                    sql.SQL("alter role {} set {}").format(sql.Identifier(self.name), sql.SQL(setting))
                )
        return _settings(self._admin, self.name)

    def restore(self) -> list[str]:
        """Makes the role what it was at first; returns what it had made of itself."""
        changed = _changed(self._settings, _settings(self._admin, self.name))
        name = sql.Identifier(self.name)
        self._admin.execute(
            sql.SQL("alter role {} login connection limit {} password {} valid until {}").format(
                name, SESSIONS, self._verifier, _soon(self._admin)
            )
        )
        _reset_settings(self._admin, self.name)
        self._settings = self._limit()
        return changed

    def drop(self) -> None:
        """Drops the role; where that fails, the next build sweeps it."""
        with suppress(psycopg.Error):
            self._admin.execute(sql.SQL("drop role if exists {}").format(sql.Identifier(self.name)))


class PreparedRole(Role):
    """The role that runs the history in one shadow: one that the team prepared.

    Raises `PggitError` where it may do more than it should.
    """

    def __init__(self, admin: Connection, login: Login, prefix: str) -> None:
        self.name = login.user
        self.password = login.password
        self._admin = admin
        riches = too_rich(admin, login.user, prefix)
        if riches:
            raise PggitError(
                f"The role {login.user}, which is to run the history, {'; it '.join(riches)}.\n"
                "Nothing was changed. It should be able to log in, and to do nothing else:\n"
                f"    create role \"{login.user}\" login noinherit password '...' connection limit {SESSIONS};"
            )
        self._settings = _settings(admin, login.user)
        self._own: Connection | None = None

    def keep(self, own: Connection) -> None:
        """Takes over a session of the role, in which it can give itself its password back."""
        self._own = own
        self._verifier = _verifier(own, self.name, self.password)

    def restore(self) -> list[str]:
        """Gives the role its password and its settings back; returns what it had made of itself."""
        changed = _changed(self._settings, _settings(self._admin, self.name))
        own = self._own
        if own is None:
            return changed
        with suppress(psycopg.Error):
            if self.password:
                own.execute(sql.SQL("alter role current_user password {}").format(self._verifier))
            if changed:
                _reset_settings(own, self.name)
                for setting in self._settings:
                    database, _, assignment = setting.partition(": ")
                    parameter, _, value = assignment.partition("=")
                    where = (
                        sql.SQL(" in database {}").format(sql.Identifier(database))
                        if database
                        else sql.SQL("")
                    )
                    own.execute(
                        sql.SQL("alter role current_user{} set {} = {}").format(
                            where, sql.Identifier(*parameter.split(".")), sql.Literal(value)
                        )
                    )
        return changed

    def drop(self) -> None:
        """Leaves the role as it was found."""
        self.restore()
        if self._own is not None:
            self._own.close()


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


def _settings(connection: Connection, name: str) -> list[str]:
    """The role's settings and limits, one a line: `database: parameter=value`, the database empty for all."""
    rows = connection.execute(
        "select coalesce(d.datname::pg_catalog.text, '') || ': ' || setting"
        " from pg_catalog.pg_db_role_setting as s"
        " join pg_catalog.pg_roles as r on r.oid operator(pg_catalog.=) s.setrole"
        " left join pg_catalog.pg_database as d on d.oid operator(pg_catalog.=) s.setdatabase"
        " cross join lateral pg_catalog.unnest(s.setconfig) as setting"
        " where r.rolname operator(pg_catalog.=) %s::pg_catalog.name order by 1",
        (name,),
    ).fetchall()
    return [setting for (setting,) in rows]


def _changed(before: list[str], after: list[str]) -> list[str]:
    gone = [f"took away its setting {s.removeprefix(': ')}" for s in before if s not in after]
    return gone + [f"gave itself the setting {s.removeprefix(': ')}" for s in after if s not in before]


def _reset_settings(connection: Connection, name: str) -> None:
    databases = {setting.partition(": ")[0] for setting in _settings(connection, name)}
    for database in databases:
        where = sql.SQL(" in database {}").format(sql.Identifier(database)) if database else sql.SQL("")
        connection.execute(sql.SQL("alter role {}{} reset all").format(sql.Identifier(name), where))
