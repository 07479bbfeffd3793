"""The judge: rebuilds scripts in empty databases, reads them with the truth's own queries, and compares.

Where the server prints a definition otherwise than the one that the truth was read on, the truth's own text is run on
the same server and read back: what then prints the same is the same. Nothing is compared more loosely than that.
"""

from __future__ import annotations

import json
import os
import queue
import secrets
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.errors import PggitError
from pggit_audit.expressions import lasting
from pggit_audit.lab.truth import Definitions, Key, Pair
from pggit_audit.statements import quote

PROBE = "pggit_score_probe"


REBUILDS_PER_DATABASE = 40  # rolled back rebuilds leave dead rows in the catalog, and reading slows down


Connection = psycopg.Connection[Any]


@cache
def _catalog_query() -> bytes:
    return resources.files(__package__).joinpath("truth.sql").read_bytes()


@dataclass
class Catalog:
    """A schema in the truth's words."""

    definitions: Definitions
    members: set[Key]
    keys: dict[str, Key]

    @classmethod
    def read(cls, connection: Connection, most: int | None = None) -> Catalog:
        """Reads all of it; `connection` has the default search_path.

        Args:
            most: bytes of a name; what is longer is cut.
        """
        rows = connection.execute(_catalog_query()).fetchall()
        keys = [(row[0], row[1], row[2].encode()[:most].decode(errors="ignore")) for row in rows]
        return cls(
            {key: row[3] for key, row in zip(keys, rows, strict=True)},
            {key for key, row in zip(keys, rows, strict=True) if row[5]},
            {row[4]: key for key, row in zip(keys, rows, strict=True)},
        )


@dataclass
class Verdict:
    """A schema compared with the truth: how many objects of each kind were compared, and which differ."""

    compared: set[Key]
    wrong: dict[Key, Pair]
    keys: dict[str, Key] = field(default_factory=dict)
    error: str | None = None


def _facts(definition: str) -> tuple[Any, Any]:
    table = json.loads(definition)
    return table["columns"] or [], sorted(table["constraints"] or [])


def _same_text(kind: str, true: str, rebuilt: str) -> bool:
    return true == rebuilt or (kind == "TABLE" and _facts(true) == _facts(rebuilt))


class Judge:
    """Rebuilds scripts in scratch databases of one server, and compares; safe for several threads.

    Args:
        conninfo: a role that may create databases. The database that it names is only connected to.
        most: bytes of a name in the truth, if it cuts them.
        unread: kinds of types that the truth does not have (pg_type.typtype).
    """

    def __init__(
        self,
        conninfo: str,
        workers: int | None = None,
        most: int | None = None,
        unread: frozenset[str] = frozenset(),
    ) -> None:
        self._conninfo = conninfo
        self._most = most
        self._unread = unread
        self._workers = workers or min(4, os.cpu_count() or 1)
        self._printed_alike: dict[tuple[Key, str, str], bool] = {}

    def judge(self, cases: Sequence[tuple[str, Sequence[Definitions]]]) -> list[list[Verdict]]:
        """A verdict for each script and each truth that it is to be compared with."""
        todo: queue.SimpleQueue[int] = queue.SimpleQueue()
        for number in range(len(cases)):
            todo.put(number)
        done: dict[int, list[Verdict]] = {}

        def work(_: int) -> None:
            while not todo.empty():
                with self._scratch_database() as scratch:
                    for _ in range(REBUILDS_PER_DATABASE):
                        try:
                            number = todo.get_nowait()
                        except queue.Empty:
                            return
                        done[number] = self._examine(scratch, *cases[number])

        with ThreadPoolExecutor(self._workers) as pool:
            list(pool.map(work, range(self._workers)))
        return [done[number] for number in range(len(cases))]

    @contextmanager
    def _scratch_database(self) -> Iterator[Connection]:
        name = f"pggit_score_{secrets.token_hex(6)}"
        with psycopg.connect(self._conninfo, autocommit=True) as admin:
            try:
                admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
            except psycopg.errors.InsufficientPrivilege:
                raise PggitError(
                    f"The role {admin.info.user} may not create the scratch databases that scoring needs. "
                    f"Nothing was changed. Grant it: ALTER ROLE {admin.info.user} CREATEDB;"
                ) from None
            try:
                with psycopg.connect(self._conninfo, dbname=name) as connection:
                    yield connection
                    connection.rollback()
            finally:
                admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    def _examine(self, connection: Connection, script: str, truths: Sequence[Definitions]) -> list[Verdict]:
        error = None
        catalog = Catalog({}, set(), {})
        connection.execute("set local client_min_messages = error")
        # pg_dump writes in UTC, as did the truth: time zones show in defaults and partition bounds
        connection.execute("set local timezone = 'UTC'")
        try:
            connection.execute(script.encode())
        except psycopg.Error as problem:
            connection.rollback()
            error = _failure(script, problem)
        else:
            connection.execute(
                'set local search_path = "$user", public; set local check_function_bodies = off'
            )
            catalog = Catalog.read(connection, self._most)
        verdicts = [self._compare(connection, catalog, truth, error) for truth in truths]
        connection.rollback()
        return verdicts

    def _compare(
        self, connection: Connection, catalog: Catalog, truth: Definitions, error: str | None
    ) -> Verdict:
        rebuilt = catalog.definitions
        unread = {k for k, text in rebuilt.items() if k[0] == "TYPE" and text in self._unread}
        compared = set(truth) | (set(rebuilt) - catalog.members - unread)
        wrong: dict[Key, Pair] = {}
        for key in sorted(compared):
            pair = truth.get(key), rebuilt.get(key)
            if pair[0] is None or pair[1] is None or not self._same(connection, key, pair[0], pair[1]):
                wrong[key] = pair
        return Verdict(compared, wrong, catalog.keys, error)

    def _same(self, connection: Connection, key: Key, true: str, rebuilt: str) -> bool:
        if _same_text(key[0], true, rebuilt):
            return True
        question = (key, true, rebuilt)
        if question not in self._printed_alike:
            self._printed_alike[question] = any(
                _same_text(key[0], printed, rebuilt)
                for printed in (_as_this_server_prints(connection, key, text) for text in _to_run(key, true))
                if printed is not None
            )
        return self._printed_alike[question]


def _failure(script: str, problem: psycopg.Error) -> str:
    position = int(problem.diag.statement_position or 0)
    if not position:
        context = problem.diag.context
        return f"{problem.diag.message_primary or problem}" + (f" ({context})" if context else "")
    start = script.rfind("\n", 0, position - 1) + 1
    line = script[start:].split("\n", 1)[0]
    return (
        f"line {script.count(chr(10), 0, position - 1) + 1}: {problem.diag.message_primary}: {line.strip()}"
    )


def _to_run(key: Key, true: str) -> Iterator[str]:
    """The truth's definition, and as it must be read to be printed as it was, where that is another text."""
    yield true
    if key[0] != "TABLE" and lasting(true) != true:
        yield lasting(true)


def _as_this_server_prints(connection: Connection, key: Key, true: str) -> str | None:
    """The truth's definition, run where the rebuilt objects are, and read back; None where it cannot run.

    What it makes is rolled back. The new object stands in a schema of its own where it can, and else takes
    the name of the rebuilt one.
    """
    make = {
        "TABLE": _make_table,
        "VIEW": _make_view,
        "MATERIALIZED_VIEW": _make_view,
        "INDEX": _make_index,
        "TRIGGER": _make_trigger,
        "FUNCTION": _make_function,
    }.get(key[0])
    if make is None:
        return None
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(f"create schema {PROBE}")
            made = make(connection, key, true)
            only = _catalog_query() + b" where (f.type, f.schema, f.name) = (%s, %s, %s)"
            row = connection.execute(only, made).fetchone()
    except psycopg.Error:
        return None
    return row[3] if row else None


def _make_table(connection: Connection, key: Key, true: str) -> Key:
    columns, constraints = _facts(true)
    lines = []
    for name, data_type, not_null, default, identity, generated in columns:
        line = f"{quote(name)} {data_type}"
        if generated:
            line += f" generated always as ({default}) {'virtual' if generated == 'v' else 'stored'}"
        elif identity:
            line += f" generated {'always' if identity == 'a' else 'by default'} as identity"
        elif default is not None:
            line += f" default {default}"
        lines.append(line + (" not null" if not_null else ""))
    table = f"{PROBE}.{quote(key[2])}"
    connection.execute(f"create table {table} ({', '.join(lines)})".encode())
    for name, definition in sorted(constraints, key=lambda c: c[1].startswith("FOREIGN KEY")):
        connection.execute(f"alter table {table} add constraint {quote(name)} {definition}".encode())
    return ("TABLE", PROBE, key[2])


def _make_view(connection: Connection, key: Key, true: str) -> Key:
    connection.execute(f"create view {PROBE}.{quote(key[2])} as {true}".encode())
    return ("VIEW", PROBE, key[2])


def _make_index(connection: Connection, key: Key, true: str) -> Key:
    connection.execute(f"alter index {quote(key[1])}.{quote(key[2])} rename to {PROBE}".encode())
    connection.execute(true.encode())
    return key


def _make_trigger(connection: Connection, key: Key, true: str) -> Key:
    row = connection.execute(
        "select c.relname, t.tgname from pg_trigger as t"
        " join pg_class as c on c.oid = t.tgrelid join pg_namespace as n on n.oid = c.relnamespace"
        " where n.nspname = %s and c.relname || '.' || t.tgname = %s",
        key[1:],
    ).fetchone()
    assert row is not None
    connection.execute(
        f"alter trigger {quote(row[1])} on {quote(key[1])}.{quote(row[0])} rename to {PROBE}".encode()
    )
    connection.execute(true.encode())
    return key


def _make_function(connection: Connection, key: Key, true: str) -> Key:
    connection.execute(true.encode())
    return key
