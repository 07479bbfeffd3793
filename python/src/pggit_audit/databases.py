"""Databases beside the target: like it, and entered by the same role, also where that is not the one that logs in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

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


def locale_of(admin: Connection) -> tuple[str, str, str]:
    """Encoding, collation and character classes of the database."""
    row = admin.execute(
        "select pg_catalog.pg_encoding_to_char(encoding), datcollate, datctype from pg_catalog.pg_database"
        " where datname operator(pg_catalog.=) pg_catalog.current_database()"
    ).fetchone()
    assert row is not None
    return (row[0], row[1], row[2])


def create_database(admin: Connection, name: str, locale: tuple[str, str, str]) -> None:
    """Make an empty database of that encoding, collation and character classes."""
    admin.execute(
        sql.SQL("create database {} template template0 encoding {} lc_collate {} lc_ctype {}").format(
            sql.Identifier(name), *map(sql.Literal, locale)
        )
    )
