"""The whole build of a small history without dbt: the SQL that dbt compiled once, run anew for each history.

dbt takes seconds to start and one connection per thread; a case has a dozen rows. So a database is built once, of an
empty history, and every model and test is compiled against that. Each history then fills it within one transaction
that is rolled back: the models in their order, the replay among them, and the tests that guard the publication.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import psycopg
from helpers import Session
from project import DATABASE, NO_TESTS, Params, dbt, install_sources, new_database
from psycopg import sql
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from casebook.reading import Case
from casebook.recording import HIDDEN, Recording, Server, record
from pggit_audit import dated_catalog, evidence, models
from pggit_audit.lab.trace import TABLES, Trace
from pggit_audit.sessions import connect, read_any_time

SOURCES = ("branches", "objects", "history")
FOLDERS = {
    ("intermediate", "replay"), ("intermediate", "git"), ("intermediate", "native"), ("intermediate", "changes"),
    ("marts", "audit"), ("marts", "publish"),
}  # fmt: skip
"""Of models/: what leads from a history to what is published. The rest looks at the database, or at all of this."""

NOTE = """
    insert into pggit_audit_work.own_transactions (transaction_id, purpose, noted_by, began_at)
    values (pg_current_xact_id()::text::bigint, 'build', current_user, localtimestamp) on conflict do nothing
"""
"""The compliance log takes entries of builds from transactions that say that they are one."""

Row = dict[str, Any]


@dataclass(frozen=True)
class Model:
    """A model that is a table, as dbt compiled it; `keys` where it only grows."""

    name: str
    relation: str
    code: str
    keys: tuple[str, ...] | None
    is_python: bool


@dataclass
class Pipeline:
    """The compiled models in their order, and the tests that run before anything is published, by name."""

    params: Params
    models: Sequence[Model]
    gate: dict[str, str]
    columns: dict[str, sql.Composed] = field(default_factory=dict)
    connection: psycopg.Connection[Any] | None = None
    """One for all histories: what the server planned once it need not plan again."""


def compiled(params: Params, artifacts: Path) -> Pipeline:
    """Builds the project in a new database of that server, without any history, and compiles all of it."""
    target = new_database(params, DATABASE)
    with psycopg.connect(**target) as connection:
        install_sources(connection)
    # The second time, what is published is a table, as in every build but the first.
    for command in (("build", *NO_TESTS), ("compile",)):
        done = dbt(target, artifacts, *command)
        assert done.returncode == 0, done.stdout[-6000:]
    target = new_database(params, "pipeline", DATABASE)
    manifest = json.loads((artifacts / "target" / "manifest.json").read_text(encoding="utf-8"))
    nodes = manifest["nodes"]
    order = TopologicalSorter({key: node["depends_on"].get("nodes", []) for key, node in nodes.items()})
    found = []
    for key in order.static_order():
        node = nodes.get(key)
        if (
            node
            and node["resource_type"] == "model"
            and node["config"]["materialized"] in ("table", "append_only")
            and tuple(node["fqn"][1:3]) in FOLDERS
        ):
            keys = node["config"].get("unique_key")
            found.append(
                Model(
                    node["name"],
                    _here(node["relation_name"]),
                    _here(node["compiled_code"]),
                    tuple([keys] if isinstance(keys, str) else keys) if keys else None,
                    node["language"] == "python",
                )
            )
    gate = {
        node["name"]: _here(node["compiled_code"])
        for node in nodes.values()
        if node["resource_type"] == "test"
        # not the tests of what is published: they are those of the work tables once more
        and (node.get("attached_node") or "").split(".")[-1].startswith("int_")
        and tuple(nodes[node["attached_node"]]["fqn"][1:3]) in FOLDERS
    }
    assert len(gate) > 50 and len(found) > 20
    _emptied(target, found)
    return Pipeline(target, found, gate)


def _emptied(target: Params, found: Sequence[Model]) -> None:
    """Takes away what the build of no history published: the schema public, which a first build does not start from."""
    with psycopg.connect(**target) as connection:
        connection.execute("set session_replication_role = replica")  # past the guards
        for model in found:
            connection.execute(f"delete from {model.relation}".encode())
        left = connection.execute("select count(*) from pggit_audit.changes").fetchone()
        assert left == (0,)


def _here(text: str) -> str:
    """The copy of the database has another name."""
    return text.replace(f'"{DATABASE}".', "")


class Build:
    """The builds of one recording, one after the other; `connection` is in a transaction."""

    def __init__(self, pipeline: Pipeline, connection: psycopg.Connection[Any], made: Recording) -> None:
        self._pipeline = pipeline
        self.connection = connection
        self._made = made
        self.trace: list[str] = []
        """What the replays did, step by step."""
        self._python: dict[str, Callable[[], list[Row]]] = {
            "int_replay__transactions": lambda: self._ids(dated_catalog.transactions),
            "int_replay__catalog_rows": lambda: self._ids(dated_catalog.catalog),
            "int_replay__live_objects": self._live_objects,
            "int_replay__events": self._events,
            "int_git__rebuilt_objects": self._rebuilt_objects,
        }

    def run(self) -> list[str]:
        """One build. The names of the tests that fail, with how many rows each, and the first of them."""
        self._load_history()
        self.connection.execute(NOTE.encode())
        for model in self._pipeline.models:
            if model.keys is None:
                self.connection.execute(f"delete from {model.relation}".encode())
            if model.is_python:
                # what the preflight looks at is no part of a case
                made = self._python.get(model.name)
                self._insert(model, made() if made else [])
            else:
                self._fill(model)
        failed = []
        for name, code in self._pipeline.gate.items():
            rows = self.rows(f"select * from ({code}) as failing")
            if rows:
                failed.append(f"the gate's {name}: {len(rows)} rows, the first {rows[0]}")
        return failed

    def _load_history(self) -> None:
        """Brings v1's tables to what the tracker has by now."""
        for table in reversed(SOURCES):
            self.connection.execute(sql.SQL("delete from {}").format(sql.Identifier("pggit", table)))
        with connect(self._made.server.to(self._made.database)) as source:
            for table in SOURCES:
                names = source.execute(
                    "select attname from pg_attribute where attrelid = %s::regclass and attnum > 0"
                    " and not attisdropped and attgenerated = ''",
                    (f"pggit.{table}",),
                ).fetchall()
                columns = sql.SQL(", ").join(sql.Identifier(name) for (name,) in names)
                out = sql.SQL("copy (select {} from {} order by id) to stdout")
                into = sql.SQL("copy {} ({}) from stdin")
                relation = sql.Identifier("pggit", table)
                with (
                    source.cursor().copy(out.format(columns, relation)) as rows,
                    self.connection.cursor().copy(into.format(relation, columns)) as target,
                ):
                    for data in rows:
                        target.write(data)

    def _live_objects(self) -> list[Row]:
        with connect(self._made.server.to(self._made.database)) as reader:
            return list(models.live_objects(reader, HIDDEN))

    def _ids(self, rows_of: Callable[[evidence.Collected, list[Row]], Iterator[Row]]) -> list[Row]:
        """Rows of what the recording's own server knows of transactions: this is a copy of its rows."""
        history = self.rows("select * from pggit_audit_work.stg_pggit__history order by version_id")
        with connect(self._made.server.to(self._made.database)) as reader:
            catalog = list(evidence.catalog_rows(reader, HIDDEN))
        return list(rows_of(evidence.Collected("the recording", self._made.xids, catalog), history))

    def _events(self) -> list[Row]:
        tables = {
            argument: self.rows(f"select * from pggit_audit_work.{name}") for argument, name in TABLES.items()
        }
        trace = Trace()
        replay: Callable[..., list[Row]] = models.replay_events
        events = replay(
            **tables,
            session=Session(self._made.server.to(self._made.database)),
            shadow="target",
            v1_schemas=("pggit",),
            hidden_schemas=HIDDEN,
            observe=trace.record,
        )
        self.trace += trace.lines(events, tables["executions"])
        return events

    def _rebuilt_objects(self) -> list[Row]:
        return models.rebuilt_objects(
            commits=self.rows("select * from pggit_audit_work.int_git__sampled_commits"),
            session=Session(self._made.server.to(self._made.database)),
            shadow="target",
            hidden_schemas=HIDDEN,
        )

    def rows(self, query: str) -> list[Row]:
        with self.connection.cursor(row_factory=dict_row) as cursor:
            return cursor.execute(query.encode()).fetchall()

    def _insert(self, model: Model, rows: list[Row]) -> None:
        names = [
            c.name
            for c in self.connection.execute(f"select * from {model.relation} limit 0".encode()).description
            or ()
        ]
        insert = sql.SQL("insert into {} values ({})").format(
            sql.SQL(model.relation), sql.SQL(", ").join([sql.Placeholder()] * len(names))
        )
        with self.connection.cursor() as cursor:
            cursor.executemany(
                insert,
                [[Jsonb(v) if isinstance(v := row[n], dict | list) else v for n in names] for row in rows],
            )

    def _fill(self, model: Model) -> None:
        columns = self._pipeline.columns.get(model.name)
        if columns is None:
            cursor = self.connection.execute(f"select * from ({model.code}) as q limit 0".encode())
            columns = sql.SQL(", ").join(sql.Identifier(c.name) for c in cursor.description or ())
            self._pipeline.columns[model.name] = columns
        query = sql.SQL("insert into {} ({}) select {} from ({}) as new_rows").format(
            sql.SQL(model.relation), columns, columns, sql.SQL(model.code)
        )
        if model.keys:
            same = [sql.SQL("present.{0} = new_rows.{0}").format(sql.Identifier(key)) for key in model.keys]
            query += sql.SQL(
                " where not exists (select from {} as present where {}) on conflict do nothing"
            ).format(sql.SQL(model.relation), sql.SQL(" and ").join(same))
        self.connection.execute(query)


@contextmanager
def building(pipeline: Pipeline, made: Recording) -> Iterator[Build]:
    """Builds of a recording, of which nothing stays."""
    if pipeline.connection is None:
        pipeline.connection = psycopg.connect(**pipeline.params, prepare_threshold=1)
        read_any_time(pipeline.connection)
    try:
        yield Build(pipeline, pipeline.connection, made)
    finally:
        pipeline.connection.rollback()


@contextmanager
def built(
    case: Case, server: Server, pipeline: Pipeline, folder: Path, as_planned: bool = True
) -> Iterator[tuple[Recording, Build, list[str]]]:
    """The case, recorded and built, and what went wrong so far; nothing of it stays.

    `as_planned`: each of its migrations must end as the case says.
    """
    server.make_roles()
    problems: list[str] = []
    with server.roles_of_its_own(), server.new_database() as database:
        made = Recording(server, database)
        with building(pipeline, made) as build:
            unplanned = record(case, made, folder, lambda: problems.extend(build.run()))
            assert not (as_planned and unplanned), f"it cannot be recorded: {unplanned}"
            problems += build.run()
            yield made, build, problems
