"""What the history may not make itself, and the build makes for it: extensions that only a superuser may create.

Never by running the recorded text: a statement of the history is only asked which extension it means, and that has to
be one of those that the live database has. What such an extension brings may lead out of the database (dblink, a
program, a file); so of its routines in C, those that may have effects are nobody's to call.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.statements import Statement, split, unquote

# Extensions put their objects where they are created, and their scripts name things there: nothing of the history's
# may be in a schema in which a script runs with the build's rights.
_FOREIGN = """
    select exists (
        select from pg_catalog.pg_proc as p
        where p.pronamespace = %(schema)s::regnamespace and not exists (
            select from pg_catalog.pg_depend as d
            where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
        union all
        select from pg_catalog.pg_operator as o
        where o.oprnamespace = %(schema)s::regnamespace and not exists (
            select from pg_catalog.pg_depend as d
            where d.classid = 'pg_catalog.pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e'
        )
    )
"""
_WITH_EFFECTS = """
    select p.oid::regprocedure::text
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_proc as p on p.oid = d.objid
    join pg_catalog.pg_language as l on l.oid = p.prolang
    where
        d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'
        and d.refobjid = (select e.oid from pg_catalog.pg_extension as e where e.extname = %(name)s)
        and d.classid = 'pg_catalog.pg_proc'::regclass and not l.lanpltrusted and l.lanname <> 'sql'
        and (p.provolatile = 'v' or p.prosecdef)
        and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
"""


class Extensions:
    """Makes, moves and drops extensions of the live database in a shadow, with the build's rights.

    Args:
        connection: a session of the build's role in the shadow, with nothing on its search_path.
        live: name and schema of each that the live database has.
    """

    def __init__(self, connection: psycopg.Connection[Any], live: Mapping[str, str]) -> None:
        self._connection = connection
        self.live = live

    def take(self, text: str, search_path: str) -> bool:
        """Does what a statement of the history says of an extension; whether it could.

        Args:
            text: a statement that the history's role may not run.
            search_path: of the history, in quotes.
        """
        parts = split(text)
        if len(parts) != 1 or parts[0].object_type != "EXTENSION" or not parts[0].targets:
            return False
        (statement,) = parts
        name = statement.targets[0][1]
        if name not in self.live:
            return False
        try:
            with self._connection.transaction():
                return self._do(statement, name, search_path)
        except psycopg.Error:
            return False

    def _do(self, statement: Statement, name: str, search_path: str) -> bool:
        if statement.verb == "CREATE":
            self._create(name, _schema(statement) or unquote(search_path.split(", ")[0]))
        elif statement.verb == "DROP":
            cascade = sql.SQL(" cascade" if "CASCADE" in statement.keywords else "")
            self._connection.execute(
                sql.SQL("drop extension if exists {}{}").format(sql.Identifier(name), cascade)
            )
        elif statement.verb == "ALTER" and (schema := _schema(statement)):
            self._move(name, schema)
        else:
            return False
        return True

    def _create(self, name: str, schema: str) -> None:
        """Makes it where nothing of the history's is, and moves it then to where it belongs."""
        identifier = sql.Identifier(name)
        place = schema
        row = self._connection.execute(
            "select n.oid::regnamespace::text from pg_catalog.pg_namespace as n where n.nspname = %s",
            (schema,),
        ).fetchone()
        if row is not None and self._connection.execute(_FOREIGN, {"schema": row[0]}).fetchone() == (True,):
            place = f"pggit_{secrets.token_hex(8)}"
            self._connection.execute(sql.SQL("create schema {}").format(sql.Identifier(place)))
        self._connection.execute(
            sql.SQL("create extension {} schema {} cascade").format(identifier, sql.Identifier(place))
        )
        for (routine,) in self._connection.execute(_WITH_EFFECTS, {"name": name}).fetchall():
            self._connection.execute(f"revoke execute on routine {routine} from public".encode())
        if place != schema:
            self._move(name, schema)
            self._connection.execute(sql.SQL("drop schema {}").format(sql.Identifier(place)))

    def _move(self, name: str, schema: str) -> None:
        self._connection.execute(
            sql.SQL("alter extension {} set schema {}").format(sql.Identifier(name), sql.Identifier(schema))
        )


def _schema(statement: Statement) -> str | None:
    """The schema that a statement names for an extension."""
    words = statement.keywords
    if "SCHEMA" not in words[:-1]:
        return None
    return statement.words[words.index("SCHEMA") + 1]
