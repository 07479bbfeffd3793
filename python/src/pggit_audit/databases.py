"""Databases beside the target: like it, and entered by the same role, also where that is not the one that logs in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import psycopg
from psycopg import sql

from pggit_audit.sessions import options

Connection = psycopg.Connection[Any]


def as_its_role(admin: Connection, parameters: Mapping[str, Any]) -> tuple[str | None, dict[str, Any]]:
    """How to enter another database of a session's server as the role that it has.

    The role may be set for the one database alone (ALTER ROLE ... IN DATABASE ... SET role).

    Returns:
        The role that logs in, where it is another one, and libpq keywords.

    """
    ((role, login),) = admin.execute(
        "select current_user::pg_catalog.text, session_user::pg_catalog.text"
    ).fetchall()
    if role == login:
        return None, dict(parameters)
    given = parameters.get("options")
    own = options({"role": role})
    return login, {**parameters, "options": f"{given} {own}" if given else own}


def time_zone(admin: Connection) -> str:
    """The zone that sessions have there."""
    row = admin.execute("select pg_catalog.current_setting('TimeZone')").fetchone()
    return str(row[0]) if row else "UTC"


class Locale(NamedTuple):
    """How a database reads and orders texts.

    `provider`: who does: c, the system's library; i, ICU; b, PostgreSQL itself (from 17 on). The latter two go by a
    name of their own, `name`, and ICU by `rules` beside it.
    """

    encoding: str
    collate: str
    ctype: str
    provider: str = "c"
    name: str | None = None
    rules: str | None = None

    def plain(self) -> Locale:
        """The one that every server has."""
        return Locale(self.encoding, "C", "C")


_OF_PROVIDER = {
    "c": "locale_provider libc",
    "i": "locale_provider icu icu_locale {name}",
    "b": "locale_provider builtin builtin_locale {name}",
}


def locale_of(admin: Connection) -> Locale:
    """That of the session's database."""
    row = admin.execute(
        "select pg_catalog.pg_encoding_to_char(d.encoding), d.datcollate, d.datctype,"
        # columns of 15, 16 and 17
        " coalesce(j operator(pg_catalog.->>) 'datlocprovider', 'c'),"
        " coalesce(j operator(pg_catalog.->>) 'datlocale', j operator(pg_catalog.->>) 'daticulocale'),"
        " j operator(pg_catalog.->>) 'daticurules'"
        " from pg_catalog.pg_database as d cross join lateral pg_catalog.to_jsonb(d) as j"
        " where d.datname operator(pg_catalog.=) pg_catalog.current_database()"
    ).fetchone()
    assert row is not None
    return Locale(*row)


def create_database(admin: Connection, name: str, locale: Locale) -> None:
    """Make an empty database of that locale, whatever the server's own is."""
    text = "create database {} template template0 encoding {} lc_collate {} lc_ctype {}"
    values: list[sql.Composable] = [
        sql.Identifier(name), sql.Literal(locale.encoding), sql.Literal(locale.collate), sql.Literal(locale.ctype)
    ]  # fmt: skip
    named = {"name": sql.Literal(locale.name)}
    if admin.info.server_version >= 150000:
        text += f" {_OF_PROVIDER[locale.provider]}"
        if locale.rules is not None:
            text += " icu_rules {rules}"
            named["rules"] = sql.Literal(locale.rules)
    admin.execute(sql.SQL(text).format(*values, **named))
