"""Measures the rebuilt definitions of a recorded history against what was true after each migration.

For each step of `steps.csv` the schema is rebuilt from `schema_ddl_at(commit)` in an empty database, read
with the truth's own queries (`truth.sql`) and compared with `truth.jsonl.gz`. Three figures, by kind:

- rows: the objects that v1 recorded an event for since the step before;
- steps: every object at every step, what is missing and what is there too much counting alike;
- HEAD: every object of the last commit.

And the one that matters most: changes of fidelity `exact` that are wrong.

The truth was read on PostgreSQL 15. Where another version prints a definition differently, the truth's own
text is run on the same server and read back: what then prints the same is the same. Nothing is compared
more loosely than that.
"""

from __future__ import annotations

import csv
import gzip
import json
import os
import queue
import re
import secrets
import time
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from pathlib import Path
from typing import IO, Any, cast

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit.errors import PggitError
from pggit_audit.lab import bench
from pggit_audit.statements import quote, unquote

TRACKED = ("TABLE", "VIEW", "INDEX", "FUNCTION")
"""The kinds that v1 leaves rows for."""

KINDS = (*TRACKED, "MATERIALIZED_VIEW", "TRIGGER", "TYPE", "SEQUENCE")
"""The kinds that the truth knows."""

TRACKER_SCHEMAS = ("pggit", "pggit_v0")
PROBE = "pggit_score_probe"
_NAME = 63  # bytes of PostgreSQL's type `name`
REBUILDS_PER_DATABASE = 40  # rolled back rebuilds leave dead rows in the catalog, and reading slows down

Connection = psycopg.Connection[Any]
Key = tuple[str, str, str]
Definitions = dict[Key, str]
"""Definition by (type, schema, name), all three as the truth writes them."""

Pair = tuple[str | None, str | None]
"""What is true and what was rebuilt; None: not there."""


# What was true


@dataclass(frozen=True)
class Step:
    """One migration: it left the history rows with ids above `first_id`, up to `last_id`."""

    number: int
    file: str
    first_id: int
    last_id: int


def _open(directory: Path, name: str) -> IO[str]:
    plain, packed = directory / name, directory / f"{name}.gz"
    if plain.is_file():
        return plain.open(encoding="utf-8", newline="")
    if packed.is_file():
        return cast("IO[str]", gzip.open(packed, "rt", encoding="utf-8", newline=""))
    raise PggitError(
        f"{directory} cannot be scored: it has neither {name} nor {name}.gz. Nothing was built. "
        "A history without truth.jsonl.gz can be measured with `pggit-audit bench`."
    )


def read_steps(directory: Path) -> list[Step]:
    """The migrations, in order."""
    with _open(directory, "steps.csv") as lines:
        return [
            Step(int(row["step"]), row["file"], int(row["first_id"]), int(row["last_id"]))
            for row in csv.DictReader(lines)
        ]


def read_truth(directory: Path, steps: Sequence[Step]) -> dict[int, Definitions]:
    """All that was there after each step, by the step's number."""
    written: dict[int, list[tuple[Key, str | None]]] = defaultdict(list)
    with _open(directory, "truth.jsonl") as lines:
        for line in lines:
            row = json.loads(line)
            written[row["step"]].append(((row["type"], row["schema"], row["name"]), row["definition"]))
    present: Definitions = {}
    after: dict[int, Definitions] = {}
    numbers = {step.number for step in steps}
    for number in sorted(numbers | set(written)):
        for key, definition in written[number]:
            if definition is None:
                present.pop(key, None)
            else:
                present[key] = definition
        if number in numbers:
            after[number] = dict(present)
    return after


@dataclass(frozen=True)
class RecordedRow:
    """One history row, with its object's name as v1 wrote it."""

    version_id: int
    object_type: str
    object_schema: str
    object_name: str


def read_rows(directory: Path) -> list[RecordedRow]:
    """The history, by id."""
    csv.field_size_limit(1 << 30)  # a text may have megabytes
    with _open(directory, "objects.csv") as lines:
        objects = {row["id"]: row for row in csv.DictReader(lines)}
    with _open(directory, "history.csv") as lines:
        rows = [(int(row["id"]), objects[row["object_id"]]) for row in csv.DictReader(lines)]
    return [
        RecordedRow(number, o["object_type"], o["schema_name"], o["object_name"])
        for number, o in sorted(rows, key=lambda r: r[0])
    ]


# What was rebuilt


@dataclass(frozen=True)
class Change:
    """One row of pggit_audit.changes."""

    event_no: int
    origin: str
    v1_version_id: int | None
    commit_sha: str
    object_type: str
    object_schema: str | None
    object_name: str
    object_identity: str
    change_type: str
    fidelity: str
    new_definition: str | None


@dataclass
class Rebuilt:
    """What a build made of a history: read from its database."""

    changes: list[Change]
    excluded: set[int]
    head: str | None
    scripts: dict[str, str]

    @classmethod
    def read(cls, connection: Connection, audit: str, steps: Sequence[Step]) -> Rebuilt:
        """Reads changes, HEAD and the scripts of all commits that a step ends with."""
        schema = sql.Identifier(audit)
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                sql.SQL(
                    "select event_no, origin, v1_version_id, commit_sha, object_type, object_schema,"
                    " object_name, object_identity, change_type, fidelity, new_definition"
                    " from {}.changes where origin in ('v1', 'inferred') order by event_no"
                ).format(schema)
            ).fetchall()
        excluded = connection.execute(
            sql.SQL("select v1_version_id from {}.excluded_history").format(schema)
        ).fetchall()
        head = connection.execute(
            "select target_sha from pggit_v0.refs where name in ('refs/heads/v1/main', 'refs/heads/main')"
            " order by name desc limit 1"
        ).fetchone()
        rebuilt = cls([Change(**row) for row in rows], {row[0] for row in excluded}, head and head[0], {})
        wanted = {rebuilt.commit_at(step) for step in steps} | {rebuilt.head}
        query = sql.SQL("select {}.schema_ddl_at(%s)").format(schema)
        for commit in sorted(sha for sha in wanted if sha):
            row = connection.execute(query, (commit,)).fetchone()
            rebuilt.scripts[commit] = row[0] if row and row[0] else ""
        return rebuilt

    def commit_at(self, step: Step) -> str | None:
        """The commit of the last recorded change up to the end of a step; None before the first."""
        by_then = [c for c in self.changes if c.v1_version_id is not None and c.v1_version_id <= step.last_id]
        return by_then[-1].commit_sha if by_then else None


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


def longest_name(truth: Mapping[int, Definitions]) -> int | None:
    """The most bytes of a name, where the truth was read through a type that cuts names at so many; else None.

    A function's name has its arguments behind it, and may be as long as it likes.
    """
    longest = max((len(key[2].encode()) for found in truth.values() for key in found), default=0)
    return longest if longest == _NAME else None


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
    """

    def __init__(self, conninfo: str, workers: int | None = None, most: int | None = None) -> None:
        self._conninfo = conninfo
        self._most = most
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
        compared = set(truth) | (set(rebuilt) - catalog.members)
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
            printed = _as_this_server_prints(connection, key, true)
            self._printed_alike[question] = printed is not None and _same_text(key[0], printed, rebuilt)
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


# The figures


@dataclass
class Figure:
    """So many right of so many."""

    right: int = 0
    of: int = 0

    def count(self, right: bool) -> None:
        """Adds one."""
        self.right += right
        self.of += 1

    @property
    def percent(self) -> float:
        """100 where there was nothing to get wrong."""
        return 100.0 * self.right / self.of if self.of else 100.0

    def __add__(self, other: Figure) -> Figure:
        return Figure(self.right + other.right, self.of + other.of)

    def __str__(self) -> str:
        shown = f"{self.percent:.1f}"
        return (
            f"{'99.9' if shown == '100.0' and self.right < self.of else shown:>5} %  {self.right}/{self.of}"
        )


Figures = dict[str, Figure]


def _sum(figures: Figures, kinds: Iterable[str]) -> Figure:
    return sum((figures[kind] for kind in kinds if kind in figures), Figure())


@dataclass(frozen=True)
class Miss:
    """One object that is wrong after one step (or at HEAD), with what should be and what is."""

    where: str
    key: Key
    true: str | None
    rebuilt: str | None


@dataclass
class Score:
    """All figures of one history."""

    rows: Figures = field(default_factory=lambda: defaultdict(Figure))
    steps: Figures = field(default_factory=lambda: defaultdict(Figure))
    head: Figures = field(default_factory=lambda: defaultdict(Figure))
    fidelity: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    wrong_rows: list[Miss] = field(default_factory=list)
    wrong_steps: list[Miss] = field(default_factory=list)
    wrong_head: list[Miss] = field(default_factory=list)
    wrong_exact: list[Miss] = field(default_factory=list)
    unaccounted: list[int] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """The figures for a file that other programs read."""

        def table(figures: Figures) -> dict[str, Any]:
            return {
                kind: {"right": figure.right, "of": figure.of, "percent": round(figure.percent, 3)}
                for kind, figure in [
                    *((k, figures[k]) for k in KINDS if k in figures),
                    ("tracked kinds", _sum(figures, TRACKED)),
                    ("all kinds", _sum(figures, KINDS)),
                ]
            }

        return {
            "rows": table(self.rows),
            "steps": table(self.steps),
            "head": table(self.head),
            "fidelity": {name: dict(counts) for name, counts in sorted(self.fidelity.items())},
            "exact_but_wrong": len(self.wrong_exact),
            "unaccounted_rows": self.unaccounted,
            "failed_rebuilds": [{"at": where, "error": error} for where, error in self.failures],
        }


class Names:
    """Finds the truth's name of what `changes` and v1 name in their own ways."""

    def __init__(self, truth: Mapping[int, Definitions], verdicts: Mapping[int, Verdict]) -> None:
        self._verdicts = verdicts
        self._anywhere: dict[str, Key] = {}
        self._schemas: dict[tuple[str, str], set[str]] = defaultdict(set)
        for verdict in verdicts.values():
            self._anywhere.update(verdict.keys)
        for definitions in truth.values():
            for kind, schema, name in definitions:
                self._schemas[kind, name].add(schema)

    def of_change(self, change: Change, step: int) -> Key | None:
        """None where the truth has no such kind, or nobody knows the routine's argument names."""
        identity = change.object_identity
        key = self._verdicts[step].keys.get(identity) or self._anywhere.get(identity)
        if key is not None:
            return key
        if change.object_type not in KINDS or change.object_type == "FUNCTION":
            return None
        name = change.object_name
        if change.object_type == "TRIGGER":
            match = re.fullmatch(r"(.+) on (.+)", identity)
            name = ".".join(unquote(_last_part(part)) for part in reversed(match.groups())) if match else name
        return (change.object_type, change.object_schema or "", name)

    def of_row(self, row: RecordedRow) -> Key:
        """A table's, view's or index's: v1 keeps the quotes, and puts a quoted index into public."""
        name = unquote(_last_part(row.object_name))
        schemas = self._schemas[row.object_type, name]
        schema = row.object_schema
        if schema not in schemas and len(schemas) == 1:
            (schema,) = schemas
        return (row.object_type, schema, name)


def _last_part(name: str) -> str:
    parts = re.findall(r'"(?:[^"]|"")*"|[^.]+', name)
    return parts[-1] if parts else name


def evaluate(
    steps: Sequence[Step],
    truth: Mapping[int, Definitions],
    rows: Sequence[RecordedRow],
    rebuilt: Rebuilt,
    judge: Judge,
) -> Score:
    """Rebuilds what each step ended with, and counts."""
    waiting: dict[str | None, list[Step | None]] = defaultdict(list)
    for step in steps:
        waiting[rebuilt.commit_at(step)].append(step)
    waiting[rebuilt.head].append(None)  # HEAD, to be compared with the last step's truth
    last = steps[-1].number
    cases = [
        (rebuilt.scripts[commit] if commit else "", [truth[s.number if s else last] for s in at])
        for commit, at in waiting.items()
    ]
    verdicts: dict[int, Verdict] = {}
    head: Verdict | None = None
    for at, judged in zip(waiting.values(), judge.judge(cases), strict=True):
        for step_or_head, verdict in zip(at, judged, strict=True):
            if step_or_head is None:
                head = verdict
            else:
                verdicts[step_or_head.number] = verdict
    assert head is not None

    score = Score()
    for step in steps:
        _count(
            verdicts[step.number], f"step {step.number} {step.file}", score.steps, score.wrong_steps, score
        )
    _count(head, "HEAD", score.head, score.wrong_head, score)
    names = Names(truth, verdicts)
    _count_rows(score, steps, truth, rows, rebuilt, verdicts, names)
    _count_fidelity(score, steps, truth, rebuilt, verdicts, names)
    return score


def _count(verdict: Verdict, where: str, figures: Figures, misses: list[Miss], score: Score) -> None:
    for key in verdict.compared:
        figures[key[0]].count(key not in verdict.wrong)
    misses.extend(Miss(where, key, *pair) for key, pair in verdict.wrong.items())
    if verdict.error:
        score.failures.append((where, verdict.error))


def _count_rows(
    score: Score,
    steps: Sequence[Step],
    truth: Mapping[int, Definitions],
    rows: Sequence[RecordedRow],
    rebuilt: Rebuilt,
    verdicts: Mapping[int, Verdict],
    names: Names,
) -> None:
    by_version = {c.v1_version_id: c for c in rebuilt.changes if c.v1_version_id is not None}
    score.unaccounted = [
        r.version_id for r in rows if r.version_id not in by_version.keys() | rebuilt.excluded
    ]
    for step in steps:
        verdict = verdicts[step.number]
        where = f"step {step.number} {step.file}"
        touched: dict[Key, bool] = {}
        for row in rows:
            if not step.first_id < row.version_id <= step.last_id or row.object_schema in TRACKER_SCHEMAS:
                continue
            change = by_version.get(row.version_id)
            if row.object_type == "FUNCTION":
                key = names.of_change(change, step.number) if change else None
                if key is None:
                    # Only its number is known, or a name that no catalog had: right if nothing misses it.
                    name = change.object_name.split("(")[0] if change else row.object_name
                    key = ("FUNCTION", row.object_schema, name)
                    known = change is not None and not name.isdigit()
                    touched[key] = known and not _missing_routine(key, verdict)
                    continue
            else:
                key = names.of_row(row)
            touched[key] = key not in verdict.wrong and change is not None
        for key, right in touched.items():
            score.rows[key[0]].count(right)
            if not right:
                pair = verdict.wrong.get(key, (truth[step.number].get(key), None))
                score.wrong_rows.append(Miss(where, key, *pair))


def _missing_routine(key: Key, verdict: Verdict) -> bool:
    return any(
        wrong[:2] == key[:2] and wrong[2].split("(")[0] == key[2] and rebuilt is None
        for wrong, (_, rebuilt) in verdict.wrong.items()
    )


def _count_fidelity(
    score: Score,
    steps: Sequence[Step],
    truth: Mapping[int, Definitions],
    rebuilt: Rebuilt,
    verdicts: Mapping[int, Verdict],
    names: Names,
) -> None:
    """A change can be checked where it was the last one of its object within a step."""
    of_commit: dict[str, int] = {}
    for change in rebuilt.changes:
        if change.v1_version_id is not None:
            of_commit.setdefault(change.commit_sha, change.v1_version_id)
    last_of: dict[tuple[int, str], Change] = {}
    for change in rebuilt.changes:
        score.fidelity[change.fidelity]["changes"] += 1
        version = of_commit.get(change.commit_sha)
        number = next((s.number for s in steps if version and s.first_id < version <= s.last_id), None)
        if number is not None:
            last_of[number, change.object_identity] = change
    files = {step.number: step.file for step in steps}
    for (number, _), change in last_of.items():
        verdict = verdicts[number]
        key = names.of_change(change, number)
        if key is None and change.object_type in KINDS:
            key = (change.object_type, change.object_schema or "", change.object_name.split("(")[0])
            wrong = _missing_routine(key, verdict)
        elif key is None:
            continue
        else:
            wrong = key in verdict.wrong
        counts = score.fidelity[change.fidelity]
        counts["checked"] += 1
        counts["wrong"] += wrong
        if wrong and change.fidelity == "exact":
            pair = verdict.wrong.get(key, (truth[number].get(key), change.new_definition))
            where = f"step {number} {files[number]}, event {change.event_no} ({change.change_type})"
            score.wrong_exact.append(Miss(where, key, *pair))


# The command line


def run(
    history: bench.History,
    *,
    dsn: str | None,
    audit_schema: str,
    show_max: int | None,
    json_file: Path | None,
) -> None:
    """Builds, scores and prints.

    Args:
        history: what to build, and whose truth to compare with.
        dsn: a database where it is built already; nothing is built.
        audit_schema: where its results are in that database.
        show_max: how many wrong ones of each figure to list; None lists none.
        json_file: where to write the figures.
    """
    directory = history.directory
    steps = read_steps(directory)
    truth = read_truth(directory, steps)
    rows = read_rows(directory)
    if not steps:
        raise PggitError(f"{directory} has no steps to score. Nothing was built.")
    if dsn:
        score, seconds = _score(dsn, audit_schema, steps, truth, rows)
    else:
        # Unit tests are about the models, not about this history.
        with bench.built(history, "--exclude-resource-type", "unit_test") as build:
            build.check()
            score, seconds = _score(build.conninfo, audit_schema, steps, truth, rows)
    summary = {"history": directory.resolve().name, **score.summary()}
    if json_file:
        json_file.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    if show_max is not None:
        _show(score, show_max)
    _print(summary["history"], score, seconds)


def _score(
    conninfo: str,
    audit: str,
    steps: Sequence[Step],
    truth: Mapping[int, Definitions],
    rows: Sequence[RecordedRow],
) -> tuple[Score, float]:
    begun = time.monotonic()
    try:
        with psycopg.connect(conninfo, autocommit=True) as connection:
            rebuilt = Rebuilt.read(connection, audit, steps)
    except psycopg.OperationalError as error:
        raise PggitError(f"The database to be scored cannot be reached: {str(error).strip()}") from None
    except (psycopg.errors.UndefinedTable, psycopg.errors.UndefinedFunction) as error:
        raise PggitError(
            f"The database to be scored has no complete build in the schema {audit}: "
            f"{error.diag.message_primary}. Nothing was changed. Run `dbt build` there, or leave --dsn away."
        ) from None
    judge = Judge(conninfo, most=longest_name(truth))
    return evaluate(steps, truth, rows, rebuilt, judge), time.monotonic() - begun


def _show(score: Score, most: int) -> None:
    groups = (
        ("rows, wrong", score.wrong_rows),
        ("exact, but wrong", score.wrong_exact),
        ("HEAD, wrong", score.wrong_head),
        # A miss stays until something repairs it: the first step that has it is the one to look at.
        ("steps, newly wrong", _first_of_each(score.wrong_steps)),
    )
    for title, misses in groups:
        print(f"== {title}: {len(misses)}")
        for miss in misses[:most]:
            print(f"-- {miss.where}: {miss.key[0]} {miss.key[1]}.{miss.key[2]}")
            print(f"   true:    {miss.true if miss.true is not None else '(not there)'}")
            print(f"   rebuilt: {miss.rebuilt if miss.rebuilt is not None else '(not there)'}")
        if len(misses) > most:
            print(f"   … and {len(misses) - most} more (--show-max)")


def _first_of_each(misses: Sequence[Miss]) -> list[Miss]:
    seen: set[tuple[Key, str | None, str | None]] = set()
    first = []
    for miss in misses:
        what = (miss.key, miss.true, miss.rebuilt)
        if what not in seen:
            seen.add(what)
            first.append(miss)
    return first


def _print(history: str, score: Score, seconds: float) -> None:
    print(f"{history}, scored in {seconds:.0f} s")
    for where, error in score.failures[:5]:
        print(f"  the script of {where} does not run: {error}")
    if len(score.failures) > 5:
        print(f"  … and {len(score.failures) - 5} more scripts that do not run")
    if score.unaccounted:
        print(f"  history rows in neither changes nor excluded_history: {score.unaccounted[:10]}")
    print(f"  {'':<20}{'rows':<22}{'steps':<26}HEAD")
    for title, kinds in (
        *((kind, (kind,)) for kind in KINDS if kind in score.steps),
        ("kinds v1 tracks", TRACKED),
        ("all kinds", KINDS),
    ):
        rows = str(_sum(score.rows, kinds)) if set(kinds) & set(score.rows) else ""
        print(f"  {title:<20}{rows:<22}{_sum(score.steps, kinds)!s:<26}{_sum(score.head, kinds)}")
    print("  fidelity            changes  checked    wrong")
    for name, counts in sorted(score.fidelity.items()):
        print(f"  {name:<20}{counts['changes']:>7}{counts['checked']:>9}{counts['wrong']:>9}")
    print(f"  exact, but wrong: {len(score.wrong_exact)}")
