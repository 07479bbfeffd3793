"""What is done to the data, and the tests that fail then: the gate run outside dbt, on what dbt compiled."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql

REFUSED = "refused"
"""What a constraint does not let be done, in place of the name of a test."""


@dataclass(frozen=True)
class Corruption:
    """What is done to the data, the tests that fail then (these, and no other), and why not just one."""

    name: str
    sql: str
    fails: frozenset[str]
    why: str | None


def read_corruptions(path: Path) -> list[Corruption]:
    """Read a list of corruptions; `sql` is one statement or several, `fails` one test or several."""
    found = []
    for entry in yaml.safe_load(path.read_text(encoding="utf-8")):
        fails = entry.pop("fails")
        names = [fails] if isinstance(fails, str) else fails
        found.append(
            Corruption(entry.pop("corruption"), entry.pop("sql"), frozenset(names), entry.pop("why", None))
        )
        assert not entry, f"{path.name}: {found[-1].name} has more than it may: {list(entry)}"
    return found


class Stage:
    """A state of the bookshop's database, and the tests that look at it.

    Args:
        connection: a superuser's; every corruption is undone.
        tests: SQL by name, compiled for whatever database; a test fails where it returns a row.

    """

    def __init__(self, connection: psycopg.Connection[Any], tests: Mapping[str, str]) -> None:
        self._connection = connection
        self._tests = {name: re.sub(r'"\w+"\.("\w+"\."\w+")', r"\1", text) for name, text in tests.items()}
        self._noticed_last: list[str] = []

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        """Return what a query finds where nothing is corrupted."""
        with self._connection.transaction():
            return self._connection.execute(query.encode()).fetchall()

    @property
    def names(self) -> Collection[str]:
        """The tests."""
        return self._tests.keys()

    def is_noticed(self, statement: str) -> bool | None:
        """Say whether a test fails after this statement, or a constraint refuses it; nothing if no row changes."""
        known = self._noticed_last
        names = [*known, *(name for name in self._tests if name not in known)]
        found = self._found_after(statement, names, once=True)
        # What noticed the last change will notice the next one as well, most times.
        if found and found != {REFUSED}:
            self._noticed_last = [*found, *(name for name in known if name not in found)]
        return found if found is None else bool(found)

    def noticing(self, statement: str) -> set[str] | None:
        """Return the tests that fail after this statement, or REFUSED by a constraint; nothing if no row changes."""
        return self._found_after(statement, self._tests, once=False)

    def _found_after(self, statement: str, names: Iterable[str], once: bool) -> set[str] | None:
        found: set[str] = set()
        try:
            with self._connection.transaction(force_rollback=True):
                self._connection.execute("set local session_replication_role = replica")
                if self._connection.execute(statement.encode()).rowcount == 0:
                    return None
                for name in names:
                    if self._fails(self._tests[name]):
                        found.add(name)
                        if once:
                            break
        except (
            psycopg.errors.IntegrityError,
            psycopg.errors.DependentObjectsStillExist,
            psycopg.errors.InsufficientPrivilege,  # a test cannot read what is another's now
        ):
            return {REFUSED}
        return found

    def failing(self, corruption: str = "", asked: Collection[str] | None = None) -> set[str]:
        """Return the tests that fail after this SQL, of those that are asked, or of all."""
        with self._connection.transaction(force_rollback=True):
            corrupt(self._connection, corruption)
            return {
                name
                for name, text in self._tests.items()
                if (asked is None or name in asked) and self._fails(text)
            }

    def _fails(self, text: str) -> bool:
        found = self._connection.execute(f"select exists (\n{text}\n)".encode()).fetchone()
        assert found is not None
        return bool(found[0])


def corrupt(connection: psycopg.Connection[Any], statements: str) -> None:
    """Run statements in the open transaction, as one who gets past triggers and foreign keys."""
    connection.execute("set local session_replication_role = replica")
    connection.execute("set local search_path = pggit_audit_work, pggit_audit")
    for statement in filter(None, map(str.strip, statements.split(";\n"))):
        _thaw(connection, statement)
        done = connection.execute(statement.encode())
        assert done.rowcount != 0, f"nothing is corrupted by: {statement}"
    connection.execute("set local search_path to default")


def _thaw(connection: psycopg.Connection[Any], statement: str) -> None:
    """Make a table of the view that a statement writes to: a model that is a view can be wrong as well."""
    written = re.match(r"(?:update|insert into|delete from) ([\w.]+)", statement)
    if written is None:
        return
    view = connection.execute(
        "select nspname, relname from pg_class join pg_namespace on relnamespace = pg_namespace.oid "
        "where pg_class.oid = %s::regclass and relkind = 'v'",
        (written[1],),
    ).fetchone()
    if view is not None:
        names = [sql.Identifier(name) for name in (*view, f"{view[1]} as it was")]
        connection.execute(sql.SQL("alter view {}.{} rename to {}").format(*names))
        connection.execute(sql.SQL("create table {0}.{1} as select * from {0}.{2}").format(*names))
