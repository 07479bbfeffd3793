"""Who asks the team's queries in a copy: a role that may read there, and do nothing else anywhere.

A query names functions, operators and views that anybody with DDL rights may have made, and a read-only transaction
does not keep a superuser from programs and files (`COPY … TO PROGRAM`).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.grounds import new_name
from pggit_audit.sandbox import MadeRole
from pggit_audit.sessions import connect

_SCHEMAS = """
    select nspname::text from pg_catalog.pg_namespace
    where nspname !~ '^pg_' and nspname <> 'information_schema'
"""


@contextmanager
def nobody(
    params: dict[str, Any], admin: psycopg.Connection[Any]
) -> Iterator[psycopg.Connection[Any] | None]:
    """A session of a role that is made for it, and gone afterwards; None where it cannot be had.

    Args:
        params: libpq keywords of the copy, which is thrown away with all grants in it.
        admin: a session there, in autocommit mode.
    """
    name = new_name(admin)
    try:
        role = MadeRole(admin, name)
    except psycopg.errors.InsufficientPrivilege:
        yield None
        return
    try:
        for (schema,) in admin.execute(_SCHEMAS).fetchall():
            # A read-only transaction keeps the functions from writing, whosever rights they run with.
            for grant in (
                "usage on schema {}",
                "select on all tables in schema {}",
                "execute on all functions in schema {}",
            ):
                admin.execute(
                    sql.SQL("grant " + grant + " to {}").format(sql.Identifier(schema), sql.Identifier(name))
                )
        try:
            opened = connect({**params, "user": name, "password": role.password})
        except psycopg.OperationalError:
            yield None
            return
        with opened:
            ((user,),) = opened.execute("select session_user::text").fetchall()
            # As the team's applications have it: their queries name things without a schema.
            opened.execute(
                "select pg_catalog.set_config('search_path', 'public, pg_catalog, pg_temp', false)"
            )
            yield opened if user == name else None
    finally:
        with suppress(psycopg.Error):
            admin.execute(sql.SQL("drop owned by {}").format(sql.Identifier(name)))
        role.drop()
