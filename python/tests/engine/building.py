"""What the engine's tests share: reading a database, rebuilding one, and writing histories down."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pggit_audit.catalog import CatalogReader, DatabaseObject, with_unique_identities
from pggit_audit.history import HistoryRow
from pggit_audit.replay import Event, Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.shadow import Shadow
from pggit_audit.statements import split

Connection = psycopg.Connection[Any]
Definitions = dict[str, str]

NOON = datetime(2024, 2, 29, 12)
_numbers = count(1)


@dataclass(frozen=True)
class Version:
    """A server that the tests run on: its major version, a superuser's keywords, and its programs."""

    number: int
    params: dict[str, Any]
    bin: Path


@contextmanager
def new_database(version: Version) -> Iterator[Connection]:
    """A connection in autocommit mode to an empty database, dropped at the end."""
    name = f"engine_{next(_numbers)}"
    with psycopg.connect(**version.params, autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        try:
            with psycopg.connect(**{**version.params, "dbname": name}, autocommit=True) as connection:
                yield connection
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


_NAME = r'("(?:[^"]|"")*"|[^\s."]+)'
_CONSTRAINT = re.compile(
    rf"ALTER TABLE ONLY {_NAME}\.{_NAME} ADD CONSTRAINT {_NAME} (?:PRIMARY|UNIQUE|EXCLUDE)"
)
_INDEX = re.compile(rf"CREATE (?:UNIQUE )?INDEX {_NAME} ON (?:ONLY )?{_NAME}\.{_NAME} USING")


def definitions(connection: Connection) -> Definitions:
    """Every object's definition, by its path."""
    found = with_unique_identities(CatalogReader(connection, ()).everything())
    assert len({o.object_identity for o in found}) == len(found)
    return {o.object_identity: o.definition for o in found}


def _rank(statement: str) -> int:
    """Tables stand, and partitions are in place, before anything is added to them."""
    if statement.startswith("CREATE SCHEMA"):
        return 0
    if re.match(r"CREATE (?!INDEX|UNIQUE INDEX|TRIGGER|CONSTRAINT TRIGGER|POLICY)", statement):
        return 1
    return 2 if " ATTACH PARTITION " in statement and statement.startswith("ALTER TABLE") else 3


def rebuild(connection: Connection, tree: Mapping[str, str] | Iterable[str]) -> None:
    """Makes the objects of a tree in an empty database, whatever order that takes.

    `connection` is in autocommit mode. Raises the server's error on the first statement that never runs.
    """
    texts = list(tree.values()) if isinstance(tree, Mapping) else list(tree)
    # Parents before partitions: a NOT NULL constraint that has the name of its parent's could be in the way of that.
    texts.sort(key=lambda text: " ATTACH PARTITION " in text)
    statements = [s.text for text in texts for s in split(text)]
    backed = {
        f"{match[1]}.{match[3]}" for s in statements if (match := _CONSTRAINT.match(s))
    }  # the schema and name of an index that comes with its constraint
    waiting = sorted((s for s in statements if not _comes_with_constraint(s, backed)), key=_rank)
    connection.execute("set check_function_bodies = off")
    while waiting:
        failed: list[tuple[str, psycopg.Error]] = []
        for statement in waiting:
            try:
                with connection.transaction():
                    connection.execute(statement.encode())
            except psycopg.Error as error:
                failed.append((statement, error))
        if len(failed) == len(waiting):
            statement, error = failed[0]
            raise AssertionError(f"{error}\n{statement}") from error
        waiting = [statement for statement, _ in failed]


def _comes_with_constraint(statement: str, backed: set[str]) -> bool:
    match = _INDEX.match(statement)
    return match is not None and f"{match[2]}.{match[1]}" in backed


def dumped(version: Version, database: str) -> set[str]:
    """What pg_dump has to say of each object."""
    conninfo = make_conninfo(**{**version.params, "dbname": database})
    command = [str(version.bin / "pg_dump"), "--schema-only", "--no-owner", "--no-privileges", conninfo]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    entries = re.split(r"(?m)^--\n-- Name: ", re.sub(r"(?m)^\\(un)?restrict .*$", "", text))[1:]
    return {entry.strip() for entry in entries}


def row(
    version_id: int,
    object_type: str,
    name: str,
    sql_text: str | None,
    change_type: str | None = None,
    **facts: Any,
) -> HistoryRow:
    """One history row; what is not said is told by the statement, or by v1's habits."""
    schema, _, bare = name.rpartition(".")
    return HistoryRow(
        position=0,
        version_id=version_id,
        branch_name=facts.pop("branch", "main"),
        object_type=object_type,
        object_schema=facts.pop("schema", schema or "public"),
        object_name=bare,
        change_type=change_type or (sql_text or "CREATE").split()[0].upper(),
        change_severity=facts.pop("severity", None),
        change_sql=sql_text,
        columns=facts.pop("columns", None),
        created_at=facts.pop("at", NOON),
        author=facts.pop("author", "ann"),
        message=facts.pop("message", None),
        execution_no=0,
        **facts,
    )


def numbered(rows: Iterable[HistoryRow]) -> list[HistoryRow]:
    """The rows with positions, and with executions as `int_replay__executions` tells them apart."""
    found: list[HistoryRow] = []
    execution = 0
    for position, this in enumerate(rows):
        before = found[-1] if found else None
        same = (
            before is not None
            and this.change_sql is not None
            and this.change_sql == before.change_sql
            and all(
                None in (one, other) or one == other
                for one, other in ((this.created_at, before.created_at), (this.author, before.author))
            )
        )
        execution += not same
        found.append(replace(this, position=position, execution_no=execution))
    return found


def columns(text: str) -> dict[str, dict[str, Any]]:
    """What v1 recorded of a table's columns, from `id int4! =0, b@4 text`: `!` is not null, `=` a default."""
    found: dict[str, dict[str, Any]] = {}
    for place, part in enumerate(text.split(", "), 1):
        declared, _, default = part.partition(" =")
        name, kind = declared.split(" ", 1)
        name, _, position = name.partition("@")
        found[name] = {
            "type": kind.removesuffix("!"),
            "nullable": not kind.endswith("!"),
            "default": default or None,
            "position": int(position or place),
        }
    return found


class Scratch:
    """A database in which nothing stays: what a script would make there, and what v1 would record of it."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def objects(self, script: str) -> list[DatabaseObject]:
        """Every object of a database in which the script ran."""
        with self._connection.transaction(force_rollback=True):
            self._connection.execute(script.encode())
            return CatalogReader(self._connection, ()).everything()

    def definitions(self, script: str) -> Definitions:
        return {o.object_identity: o.definition for o in with_unique_identities(self.objects(script))}

    def rebuilds(self, tree: Mapping[str, str]) -> Definitions:
        """What is there after a database was rebuilt from the tree."""
        with self._connection.transaction(force_rollback=True):
            rebuild(self._connection, tree)
            return definitions(self._connection)

    def recorded(self, tree: Mapping[str, str], schema: str, table: str) -> dict[str, dict[str, Any]]:
        """v1's facts of a table's columns (FORMATS 1.9) in a database rebuilt from the tree."""
        with self._connection.transaction(force_rollback=True):
            rebuild(self._connection, tree)
            self._connection.execute("set local search_path = public")
            rows = self._connection.execute(
                "select column_name::text, udt_name || coalesce('(' || character_maximum_length || ')', ''),"
                " is_nullable = 'YES', column_default, ordinal_position"
                " from information_schema.columns where table_schema = %s and table_name = %s"
                " order by ordinal_position",
                (schema, table),
            ).fetchall()
        return {
            name: {"type": kind, "nullable": nullable, "default": default, "position": place}
            for name, kind, nullable, default, place in rows
        }


def table(version_id: int, name: str, sql: str, recorded: str | None = None, **facts: object) -> HistoryRow:
    return row(version_id, "TABLE", name, sql, columns=columns(recorded) if recorded else None, **facts)


def index(version_id: int, name: str, sql: str, **facts: object) -> HistoryRow:
    return row(version_id, "INDEX", name, sql, **facts)


def view(version_id: int, name: str, sql: str, **facts: object) -> HistoryRow:
    return row(version_id, "VIEW", name, sql, **facts)


def function(version_id: int, oid: int, sql: str, **facts: object) -> HistoryRow:
    return row(version_id, "FUNCTION", str(oid), sql, **facts)


def replayed(
    shadow: Shadow,
    rows: Sequence[HistoryRow],
    live: Sequence[DatabaseObject] = (),
    base: Definitions | None = None,
) -> tuple[list[Event], Replay]:
    """The events of a history, and who made them."""
    rows = numbered(rows)
    replay = Replay(shadow, Evidence(rows, live), "main", tree=base)
    return list(replay.run(rows)), replay


def tree_of(events: Sequence[Event], base: Definitions | None = None) -> Definitions:
    """What the events come to, by path, from what was published before them."""
    tree = dict(base or {})
    for event in events:
        if event.origin == "excluded":
            continue
        assert event.object_identity is not None
        assert event.old_definition == tree.get(event.object_identity), event.object_identity
        if event.new_definition is None:
            tree.pop(event.object_identity, None)
        else:
            tree[event.object_identity] = event.new_definition
    return tree


def of_rows(events: Sequence[Event]) -> dict[int | None, Event]:
    return {e.v1_version_id: e for e in events if e.origin == "v1"}


def rules(event: Event) -> set[str]:
    return {note["rule"] for note in event.repairs}


def codes(event: Event) -> set[str]:
    return {note["code"] for note in event.findings}


def every_statement_can_be_rebuilt(
    rows: Sequence[HistoryRow], events: Sequence[Event], scratch: Scratch, base: Definitions | None = None
) -> None:
    """The tree after each statement makes a database that reads the same.

    Between the rows of one statement there are trees that no database ever had: a table's without the index
    of its primary key.
    """
    ends = [
        a.version_id
        for a, b in zip(rows, [*rows[1:], None], strict=True)
        if b is None or a.execution_no != b.execution_no
    ]
    for end in ends:
        last = max((i for i, e in enumerate(events) if e.anchor_version_id == end), default=None)
        if last is not None:
            tree = tree_of(events[: last + 1], base)
            assert scratch.rebuilds(tree) == tree, f"commit of row {end}"
