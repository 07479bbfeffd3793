"""Records migrations, rebuilds them, and says where the rebuilt history is not what was true."""

from __future__ import annotations

import re
import secrets
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import psycopg
from helpers import Session
from psycopg import sql
from tracker import history, install, last_id, send

from fuzz.migrations import Migration
from pggit_audit import evidence, models
from pggit_audit.dated_catalog import catalog, transactions

TRACKER_SCHEMAS = ("pggit", "pggit_v0", "pggit_audit", "pggit_audit_work")
TEMPLATE = "recorded_template"

Definitions = dict[str, str]


@dataclass(frozen=True)
class Moment:
    """The places in the history of the rows that one statement left, and what the catalog said after it.

    And after each of the statements up to the next that left a row: no row tells those apart.
    """

    rows: range
    truths: list[Definitions]


class Server(Protocol):
    """Where a database is: how one of a name is reached."""

    def params(self, dbname: str) -> dict[str, Any]: ...


@dataclass
class Recording:
    """A tracked database, and what its catalog said after each statement."""

    server: Server
    database: str
    connection: psycopg.Connection[Any]
    older: Sequence[Migration] = ()
    """What was there before the tracker came."""
    migrations: list[Migration] = field(default_factory=list)
    moments: list[Moment] = field(default_factory=list)
    began: list[Definitions] = field(default_factory=list)
    """What the catalog said before the first row: at first, and after each statement."""
    refused: list[str] = field(default_factory=list)
    rowless: list[tuple[int, int]] = field(default_factory=list)
    """The statements that left no row: which migration, which statement of it."""

    def send(self, migration: Migration) -> None:
        """Sends it as its client does; what the server refuses is history too: it left no rows.

        A script cannot be looked at between its statements. So each migration runs once before, statement
        by statement, in a transaction that is rolled back; its rows are counted, and the catalog is read.
        """
        self.began = self.began or [self._truth()]
        expected = self._rehearse(migration)
        before = len(history(self.connection))
        try:
            send(self.connection, migration.statements, migration.style)
        except psycopg.Error:
            self.connection.rollback()
        self.migrations.append(migration)
        if before + sum(count for count, *_ in expected) == len(history(self.connection)):
            for number, truth, left_out in expected:
                if left_out:
                    # What comes with rows that are left out comes with the commit of the row before.
                    before += number
                    self._last_truths().append(truth)
                elif number:
                    self.moments.append(Moment(range(before, before + number), [truth]))
                    before += number
                else:
                    self._last_truths().append(truth)
        else:
            # It ran otherwise than at the rehearsal: nothing is known from the moment before on.
            del self.moments[-1:]

    def _last_truths(self) -> list[Definitions]:
        return self.moments[-1].truths if self.moments else self.began

    def _rehearse(self, migration: Migration) -> list[tuple[int, Definitions, bool]]:
        """Of each statement, how many rows it leaves, what is true then, and whether its rows are those of members."""
        found = []
        with self.connection.transaction(force_rollback=True):
            for place, statement in enumerate(migration.statements):
                before = last_id(self.connection)
                try:
                    with self.connection.transaction():
                        self.connection.execute(statement.encode())
                except psycopg.Error:
                    self.refused.append(statement)
                    continue
                rows = len(history(self.connection, before))
                if not rows:
                    self.rowless.append((len(self.migrations), place))
                found.append((rows, self._truth(), statement.startswith("create extension")))
        return found

    def _truth(self) -> Definitions:
        """What the catalog says now; the session goes on with its search_path."""
        path = self.connection.execute("select current_setting('search_path')").fetchone()
        truth = _definitions(self.connection)
        self.connection.execute("select set_config('search_path', %s, false)", path)
        return truth

    def evidence(self) -> tuple[Any, ...]:
        """All that is left of what happened: the history, without numbers, and the live schema."""
        told = ("object_type", "schema_name", "change_type", "change_severity", "sql_executed")
        rows = []
        for row in history(self.connection):
            named = row["object_name"] if row["object_type"] != "FUNCTION" else None
            columns = (row["new_metadata"] or {}).get("columns")
            rows.append((named, columns, *(row[column] for column in told)))
        return rows, _definitions(self.connection)

    def live(self) -> list[dict[str, Any]]:
        """What is there now, as `int_replay__live_objects` has it."""
        with psycopg.connect(**self.server.params(self.database), autocommit=True) as reader:
            return list(models.live_objects(reader, TRACKER_SCHEMAS))


def _definitions(connection: psycopg.Connection[Any]) -> Definitions:
    return {
        row["object_identity"]: row["definition"] for row in models.live_objects(connection, TRACKER_SCHEMAS)
    }


@contextmanager
def recording(server: Server, older: Sequence[Migration] = ()) -> Iterator[Recording]:
    """A new database with a tracker in it, which came behind the migrations `older`."""
    name = f"tracked_{secrets.token_hex(6)}"
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        if not admin.execute("select 1 from pg_database where datname = %s", (TEMPLATE,)).fetchone():
            admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(TEMPLATE)))
            with psycopg.connect(**server.params(TEMPLATE), autocommit=True) as connection:
                install(connection)
        create = sql.SQL("create database {} template {}")
        template = "template0" if older else TEMPLATE
        admin.execute(create.format(sql.Identifier(name), sql.Identifier(template)))
        try:
            if older:
                _grow(server.params(name), older)
            with psycopg.connect(**server.params(name), autocommit=True) as connection:
                yield Recording(server, name, connection, older)
        finally:
            admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))


def _grow(params: dict[str, Any], older: Sequence[Migration]) -> None:
    """Sends what came before the tracker, and then the tracker, which finds it there."""
    with psycopg.connect(**params, autocommit=True) as connection:
        for migration in older:
            with suppress(psycopg.Error):
                send(connection, migration.statements, migration.style)
    with psycopg.connect(**params, autocommit=True) as connection:
        install(connection)


def _parts(name: str) -> tuple[str | None, str]:
    """Schema, where it stands in quotes before the name, and name; as staging splits them."""
    found = re.fullmatch(r'"((?:[^"]|"")+)"\.(.+)', name, re.DOTALL)
    return (found[1].replace('""', '"'), found[2]) if found else (None, name)


def executions(rows: Sequence[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Rows of `int_replay__executions`, from rows of the history."""
    number = 0
    before: dict[str, Any] | None = None
    for row in rows:
        one_query = before and all(row[c] == before[c] for c in ("sql_executed", "created_at", "created_by"))
        number += not one_query
        before = row
        parts = _parts(row["object_name"])
        yield {
            "version_id": row["id"],
            "branch_name": "main",
            "execution_no": number,
            "object_type": row["object_type"],
            "object_schema": parts[0] or row["schema_name"],
            "object_name": parts[1],
            "change_type": row["change_type"],
            "change_severity": row["change_severity"],
            "change_sql": row["sql_executed"],
            "change_description": row["change_description"],
            "recorded_columns": (row["new_metadata"] or {}).get("columns"),
            "recorded_oid": int(row["new_metadata"]["oid"]) if row["new_metadata"] else None,
            "transaction_no": row["transaction_no"],
            "created_at": row["created_at"],
            "author": row["created_by"],
            "exclusion_reason": (
                "object of the tracker itself" if row["schema_name"] in TRACKER_SCHEMAS else None
            ),
        }


def rebuild(
    made: Recording, with_ids: bool = False, brought: evidence.Collected | None = None
) -> list[dict[str, Any]]:
    """The events of the whole recording; with what its server knows of transactions, or as after pg_restore.

    With `brought`, what another server knew, as a build has it of a file.
    """
    numbers: dict[int, int | None] = {}
    catalog_rows: list[dict[str, Any]] = []
    if with_ids:
        found, rows = collected(made)
        if brought is not None:
            found = replace(brought, here=frozenset(row.place for row in found.catalog))
        numbers = {row["version_id"]: row["transaction_no"] for row in transactions(found, rows)}
        catalog_rows = list(catalog(found, rows))
    told = ({**row, "transaction_no": numbers.get(row["id"])} for row in history(made.connection))
    return list(
        models.replay_events(
            executions=executions(list(told)),
            branches=[{"branch_name": "main", "parent_branch_name": None, "fork_version_id": None}],
            bases=[],
            base_objects=[],
            routines=[],
            live_objects=made.live(),
            session=Session(made.server.params(made.database)),
            shadow="target",
            hidden_schemas=TRACKER_SCHEMAS,
            catalog_rows=catalog_rows,
        )
    )


def collected(made: Recording) -> tuple[evidence.Collected, list[dict[str, Any]]]:
    """The ids of its server, and the rows that they are of."""
    with psycopg.connect(**made.server.params(made.database), autocommit=True) as reader:
        return evidence.collect(reader, ("pggit",), TRACKER_SCHEMAS)


def outside(made: Recording, events: Sequence[dict[str, Any]]) -> list[str]:
    """The inferred creations and drops that the truth has, at no moment of the interval that is stated for them."""
    versions = [row["id"] for row in history(made.connection)]
    seen: list[tuple[int, int, Definitions, Definitions]] = []
    # What is older than the tracker came before all rows.
    before: Definitions | None = {} if made.older else None
    last = 0
    moments = [Moment(range(0), made.began), *made.moments] if versions else []
    for number, moment in enumerate(moments):
        rows = [versions[i] for i in moment.rows]
        following = [versions[m.rows[0]] - 1 for m in moments[number + 1 : number + 2]] or versions[-1:]
        for place, truth in enumerate(moment.truths):
            # Behind the last row of what was looked at before. The first is with its own last row at the latest; the
            # others left no row, or rows that are left out, before those of the next.
            if before is not None:
                seen.append((last, [0, *rows][-1] if place == 0 else following[0], before, truth))
            before, last = truth, rows[-1] if rows else last
    found = []
    for event in events:
        steps = [r for r in event["repairs"] if r["statement"] and "not_before" in r]
        if event["origin"] != "inferred" or not steps or event["change_type"] == "ALTER":
            continue
        path, comes = event["object_identity"], event["change_type"] == "CREATE"
        true = [(a, b) for a, b, old, new in seen if (path in new) == comes and (path in old) != comes]
        lower = max((r["not_before"] for r in steps if r["not_before"] is not None), default=0)
        upper = min((r["not_after"] for r in steps if r["not_after"] is not None), default=None)
        if true and not any(lower <= b and (upper is None or upper > a) for a, b in true):
            found.append(
                f"event {event['event_seq']} ({event['change_type']} {path}) lies between {lower} and {upper}, "
                f"and was true behind and with one of {true}: {steps}"
            )
    return found


def problems(made: Recording, events: Sequence[dict[str, Any]]) -> list[str]:
    """What must never be: in words, empty where all is well.

    A row that is exact and wrong is none where nobody could know better: where the same history and the
    same live schema would be left if a statement without a row had never run, and the row was right then.
    """
    found = [*_lost_rows(made, events), *_broken_chains(events), *_wrong_head(made, events)]
    wrong = _wrong_exact(made, events)
    if wrong:
        for other in _other_worlds(made):
            also = _wrong_exact(other, events)
            wrong = {number: what for number, what in wrong.items() if number in also}
    return [*found, *wrong.values()]


def _other_worlds(made: Recording) -> Iterator[Recording]:
    """Recordings that differ from this one in nothing that is left, though a statement did not run."""
    left = made.evidence()
    # Those before the tracker left no row either: their migrations have the numbers below zero.
    older = [(n, i) for n, m in enumerate(made.older, -len(made.older)) for i in range(len(m.statements))]
    unnoticed: set[tuple[int, int]] = set()
    for left_out in [*({place} for place in (*older, *made.rowless)), unnoticed]:
        if left_out is unnoticed and len(unnoticed) < 2:
            continue
        kept = [
            Migration(m.style, tuple(s for i, s in enumerate(m.statements) if (number, i) not in left_out))
            for number, m in enumerate((*made.older, *made.migrations), -len(made.older))
        ]
        with recording(made.server, kept[: len(made.older)]) as other:
            for migration in kept[len(made.older) :]:
                other.send(migration)
            if not other.refused and other.evidence() == left:
                unnoticed |= left_out
                yield other


def _lost_rows(made: Recording, events: Sequence[dict[str, Any]]) -> Iterator[str]:
    told = Counter(e["v1_version_id"] for e in events if e["origin"] in ("v1", "excluded"))
    for row in history(made.connection):
        if told.pop(row["id"], 0) != 1:
            yield f"history row {row['id']} ({row['sql_executed']}) is not in the events exactly once"
    for version in told:
        yield f"an event is of history row {version}, which there is not"


def _broken_chains(events: Sequence[dict[str, Any]]) -> Iterator[str]:
    tree: Definitions = {}
    for event in events:
        path = event["object_identity"]
        if event["origin"] == "excluded" or path is None:
            continue
        if event["old_definition"] != tree.get(path):
            yield (
                f"event {event['event_seq']} on {path}: old definition is {event['old_definition']!r},"
                f" before it was {tree.get(path)!r}"
            )
        if event["change_type"] == "DROP" and event["new_definition"] is not None:
            yield f"event {event['event_seq']} drops {path} and leaves {event['new_definition']!r}"
        _apply(tree, event)


def _wrong_exact(made: Recording, events: Sequence[dict[str, Any]]) -> dict[int, str]:
    """The last event of an object among those of one statement says what the object was after it.

    In words, by the number of the event.
    """
    # Ids differ from recording to recording, the order of the rows does not.
    versions = sorted(e["v1_version_id"] for e in events if e["origin"] in ("v1", "excluded"))
    places = {version: place for place, version in enumerate(versions)}
    anchored: dict[int, list[dict[str, Any]]] = defaultdict(list)
    for event in events:
        if event["anchor_version_id"] is not None and event["object_identity"] is not None:
            anchored[places[event["anchor_version_id"]]].append(event)
    found = {}
    for moment in made.moments:
        last = {event["object_identity"]: event for place in moment.rows for event in anchored[place]}
        for path, event in last.items():
            if event["fidelity"] != "exact":
                continue
            # A row tells of its own statement. What is inferred may be of those that left no row.
            true = [truth.get(path) for truth in moment.truths[: 1 if event["origin"] == "v1" else None]]
            claimed = event["new_definition"]
            if _comparable(claimed) not in map(_comparable, true):
                found[event["event_seq"]] = (
                    f"{event['origin']} event {event['event_seq']} of row {event['anchor_version_id']}"
                    f" ({event['change_type']} {path}) is exact, but wrong:\n"
                    f"  true:    {true[0]!r}\n  claimed: {claimed!r}"
                )
    return found


def _wrong_head(made: Recording, events: Sequence[dict[str, Any]]) -> Iterator[str]:
    tree: Definitions = {}
    for event in events:
        if event["origin"] != "excluded" and event["object_identity"] is not None:
            _apply(tree, event)
    live = {row["object_identity"]: row["definition"] for row in made.live()}
    for path in sorted(tree.keys() | live.keys()):
        if tree.get(path) != live.get(path):
            yield f"HEAD of {path}:\n  true:    {live.get(path)!r}\n  claimed: {tree.get(path)!r}"


def _apply(tree: Definitions, event: dict[str, Any]) -> None:
    if event["new_definition"] is None:
        tree.pop(event["object_identity"], None)
    else:
        tree[event["object_identity"]] = event["new_definition"]


def _comparable(definition: str | None) -> str | None:
    """Without comments: they leave no row, so that no history can know them in time."""
    return definition and re.sub(r"(?ms)^COMMENT ON .*?;$\n?", "", definition).rstrip()


def tell(made: Recording, found: Sequence[str]) -> str:
    """The migrations, ready to be made a regression case of, and what was found."""
    lines = []
    for name, migrations in (("older", made.older), ("migrations", made.migrations)):
        sent = (f"    Migration({m.style!r}, {m.statements!r})," for m in migrations)
        lines += [f"{name} = [", *sent, "]"]
    return "\n".join([*lines, *found])


def fidelities(events: Sequence[dict[str, Any]]) -> Counter[str]:
    """How many rows of the history ended as what."""
    return Counter(str(e["fidelity"]) for e in events if e["origin"] == "v1")
