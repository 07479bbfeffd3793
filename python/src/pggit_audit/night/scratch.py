"""Scratch databases: made to try something in, and gone afterwards.

Their name is a fixed prefix, the time of birth and a random part. Only a database of such a name is ever dropped.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta, timezone
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.databases import create_database, locale_of
from pggit_audit.errors import PggitError

PREFIX = "pggit_scratch_"
ORPHAN = timedelta(days=1)
_NAME = re.compile(rf"^{PREFIX}(\d{{14}})_[0-9a-f]{{8}}$")


@contextmanager
def scratch_database(params: Mapping[str, Any], template: str | None = None) -> Iterator[dict[str, Any]]:
    """Make a database beside the one of `params`, with its encoding and locale; yields libpq keywords.

    It is empty, or a copy of the database `template`, file by file. It is dropped at the end. Those that a killed
    command left are dropped at the begin, once they are a day old and nobody is in them.

    Raises:
        PggitError: the role may not create databases, or the server has no room.

    """
    now = datetime.now(timezone.utc)
    name = f"{PREFIX}{now:%Y%m%d%H%M%S}_{secrets.token_hex(4)}"
    with psycopg.connect(**params, autocommit=True) as admin:
        sweep(admin)
        try:
            _create(admin, name, template)
        except psycopg.Error as error:
            raise PggitError(
                f"A scratch database could not be made beside {params.get('dbname')}: "
                f"{error.diag.message_primary or error}. It is needed to try what a backup holds. "
                f"{_advice(error, admin, template)}"
            ) from error
    try:
        yield {**params, "dbname": name}
    finally:
        with suppress(psycopg.OperationalError), psycopg.connect(**params, autocommit=True) as admin:
            _drop(admin, name)


def _advice(error: psycopg.Error, admin: psycopg.Connection[Any], template: str | None) -> str:
    if isinstance(error, psycopg.errors.ObjectInUse):
        return f"Sessions are connected to {template}: end them, or restore a dump of it instead."
    if isinstance(error, psycopg.errors.InvalidCatalogName):
        return "Name a database that is there, or the file of a dump."
    return f'As a superuser: alter role "{admin.info.user}" createdb;'


def sweep(admin: psycopg.Connection[Any]) -> list[str]:
    """Drop scratch databases that are a day old and that nobody uses; their names."""
    dropped = []
    for name in leftovers(admin):
        born = datetime.strptime(_NAME.match(name)[1], "%Y%m%d%H%M%S")  # type: ignore[index]
        if datetime.now(timezone.utc) - born.replace(tzinfo=timezone.utc) > ORPHAN:
            with suppress(psycopg.Error):
                _drop(admin, name, force=False)
                dropped.append(name)
    return dropped


def leftovers(admin: psycopg.Connection[Any]) -> list[str]:
    """Return the names of all scratch databases on the server that the role may drop."""
    rows = admin.execute(
        "select datname from pg_database where starts_with(datname, %s) and pg_has_role(datdba, 'usage')",
        (PREFIX,),
    ).fetchall()
    return sorted(name for (name,) in rows if _NAME.match(name))


def _create(admin: psycopg.Connection[Any], name: str, template: str | None) -> None:
    if template is None:
        create_database(admin, name, locale_of(admin))
        return
    copy = sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
    admin.execute(copy)


def _drop(admin: psycopg.Connection[Any], name: str, force: bool = True) -> None:
    if not _NAME.match(name):
        raise PggitError(f"{name} is no scratch database. It was left alone.")
    how = sql.SQL(" with (force)") if force else sql.SQL("")
    admin.execute(sql.SQL("drop database if exists {}").format(sql.Identifier(name)) + how)
