"""Measures the rebuilt definitions of a recorded history against what was true after each migration.

For each step of `steps.csv` the schema is rebuilt from `schema_ddl_at(commit)` in an empty database, read
with the truth's own queries (`truth.sql`) and compared with `truth.jsonl.gz`. Three figures, by kind:

- rows: the objects that v1 recorded an event for since the step before;
- steps: every object at every step, what is missing and what is there too much counting alike;
- HEAD: every object of the last commit.

And the one that matters most: changes of fidelity `exact` that are wrong.

`truth` is what a history brings, `judge` compares, `figures` count, `told` says what nothing recorded has.
"""

from __future__ import annotations

import json
import re
import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit.errors import PggitError
from pggit_audit.lab import bench, figures, trace
from pggit_audit.lab.figures import Figures, Miss, Score
from pggit_audit.lab.intervals import Stated, compare
from pggit_audit.lab.judge import Judge, Verdict
from pggit_audit.lab.told import recorded_words, untold
from pggit_audit.lab.truth import (
    KINDS,
    TRACKER_SCHEMAS,
    Definitions,
    Key,
    RecordedRow,
    Step,
    longest_name,
    read_rows,
    read_steps,
    read_truth,
    unread_types,
)
from pggit_audit.rules import COMMENT_FROM_LIVE_CATALOG
from pggit_audit.statements import unquote

Connection = psycopg.Connection[Any]


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
    old_definition: str | None = None
    steps: Sequence[Mapping[str, Any]] = ()


@dataclass
class Rebuilt:
    """What a build made of a history: read from its database."""

    changes: list[Change]
    excluded: dict[int, str]
    head: str | None
    scripts: dict[str, str]
    causes: int = 0

    @classmethod
    def read(cls, connection: Connection, audit: str, steps: Sequence[Step]) -> Rebuilt:
        """Reads changes, HEAD and the scripts of all commits that a step ends with."""
        schema = sql.Identifier(audit)
        with connection.cursor(row_factory=dict_row) as cursor:
            rows = cursor.execute(
                sql.SQL(
                    "select event_no, origin, v1_version_id, commit_sha, object_type, object_schema,"
                    " object_name, object_identity, change_type, fidelity, new_definition, old_definition,"
                    " coalesce((select jsonb_agg(to_jsonb(r) order by step_no) from {}.repairs as r"
                    " where r.change_id = changes.change_id), '[]') as steps"
                    " from {}.changes where origin in ('v1', 'inferred') order by event_no"
                ).format(schema, schema)
            ).fetchall()
        excluded = connection.execute(
            sql.SQL("select v1_version_id, reason from {}.excluded_history").format(schema)
        ).fetchall()
        head = connection.execute(
            "select target_sha from pggit_v0.refs where name in ('refs/heads/v1/main', 'refs/heads/main')"
            " order by name desc limit 1"
        ).fetchone()
        causes = connection.execute(sql.SQL("select count(*) from {}.causes").format(schema)).fetchone()
        rebuilt = cls(
            [Change(**row) for row in rows], dict(excluded), head and head[0], {}, causes[0] if causes else 0
        )
        wanted = {rebuilt.commit_at(step) for step in steps} | {rebuilt.head}
        wanted |= {behind[0] for step in steps if (behind := rebuilt.behind(step))}
        query = sql.SQL("select {}.schema_ddl_at(%s)").format(schema)
        for commit in sorted(sha for sha in wanted if sha):
            row = connection.execute(query, (commit,)).fetchone()
            rebuilt.scripts[commit] = row[0] if row and row[0] else ""
        return rebuilt

    def commit_at(self, step: Step) -> str | None:
        """The commit of the last recorded change up to the end of a step; None before the first."""
        by_then = [c for c in self.changes if c.v1_version_id is not None and c.v1_version_id <= step.last_id]
        return by_then[-1].commit_sha if by_then else None

    def behind(self, step: Step) -> tuple[str, list[Change]] | None:
        """What the rebuilt history has between the last row of a step and the next row, if anything.

        Nobody can tell from the rows on which side of the step's end a statement without a row was. The commit
        of the next row, and its inferred changes before that row.
        """
        rows = [c for c in self.changes if c.v1_version_id is not None and c.v1_version_id > step.last_id]
        if not rows:
            return None
        found = [
            c for c in self.changes if c.commit_sha == rows[0].commit_sha and c.event_no < rows[0].event_no
        ]
        return (rows[0].commit_sha, found) if found and found[0].commit_sha != self.commit_at(step) else None


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
        return self.of_kind(change)

    def of_kind(self, change: Change) -> Key | None:
        """By the change's own words alone; None where that does not tell."""
        if change.object_type not in KINDS or change.object_type == "FUNCTION":
            return None
        identity = change.object_identity
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
    parts = re.findall(r'"(?:[^"]|"")*"(?!")|[^.]+', name)
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
    moved = [(step, *behind) for step in steps if (behind := rebuilt.behind(step))]
    cases = [
        *(
            (rebuilt.scripts[commit] if commit else "", [truth[s.number if s else last] for s in at])
            for commit, at in waiting.items()
        ),
        *((rebuilt.scripts[commit], [truth[step.number]]) for step, commit, _ in moved),
    ]
    judged = judge.judge(cases)
    verdicts: dict[int, Verdict] = {}
    head: Verdict | None = None
    for at, found in zip(waiting.values(), judged[: len(waiting)], strict=True):
        for step_or_head, verdict in zip(at, found, strict=True):
            if step_or_head is None:
                head = verdict
            else:
                verdicts[step_or_head.number] = verdict
    assert head is not None
    names = Names(truth, verdicts)
    for (step, _, changes), (later,) in zip(moved, judged[len(waiting) :], strict=True):
        for change in changes:
            key = later.keys.get(change.object_identity) or names.of_change(change, step.number)
            if key is not None and key not in later.wrong and not later.error:
                verdicts[step.number].wrong.pop(key, None)

    score = Score()
    for step in steps:
        _count(
            verdicts[step.number], f"step {step.number} {step.file}", score.steps, score.wrong_steps, score
        )
    _count(head, "HEAD", score.head, score.wrong_head, score)
    _count_rows(score, steps, truth, rows, rebuilt, verdicts, names)
    _count_fidelity(score, steps, truth, rebuilt, verdicts, names)
    for change in rebuilt.changes:
        if change.origin == "v1":
            score.certain.count(change.fidelity == "exact")
    score.causes = rebuilt.causes
    score.intervals = compare(_stated(rebuilt, names), steps, truth, [r.version_id for r in rows])
    return score


def _stated(rebuilt: Rebuilt, names: Names) -> Iterator[Stated]:
    """The inferred changes that the truth can show, with the intervals of their steps."""
    for change in rebuilt.changes:
        # The truth has no comments.
        steps = [s for s in change.steps if s["statement"] and s["rule"] != COMMENT_FROM_LIVE_CATALOG.name]
        key = names.of_kind(change)
        if change.origin != "inferred" or not steps or key is None:
            continue
        yield Stated(
            key,
            change.change_type,
            change.old_definition,
            change.new_definition,
            max((s["not_before_version_id"] for s in steps if s["not_before_version_id"]), default=None),
            min((s["not_after_version_id"] for s in steps if s["not_after_version_id"]), default=None),
            steps[0]["rule"],
        )


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
        r.version_id for r in rows if r.version_id not in by_version.keys() | rebuilt.excluded.keys()
    ]
    for step in steps:
        verdict = verdicts[step.number]
        where = f"step {step.number} {step.file}"
        touched: dict[Key, bool] = {}
        for row in rows:
            if not step.first_id < row.version_id <= step.last_id or row.object_schema in TRACKER_SCHEMAS:
                continue
            change = by_version.get(row.version_id)
            if row.version_id in rebuilt.excluded and _rightly_left_out(row, truth[step.number], names):
                continue
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


def _rightly_left_out(row: RecordedRow, truth: Definitions, names: Names) -> bool:
    """Whether the row is of nothing that a schema has by itself: a member of an extension, a temporary object.

    v1 calls a function by its oid, so that nobody can look for it; if it was no member, the step misses it.
    """
    return row.object_type == "FUNCTION" or names.of_row(row) not in truth


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
    tell_steps: bool = False,
) -> None:
    """Builds, scores and prints.

    Args:
        history: what to build, and whose truth to compare with.
        dsn: a database where it is built already; nothing is built.
        audit_schema: where its results are in that database.
        show_max: how many wrong ones of each figure to list; None lists none.
        json_file: where to write the figures.
        tell_steps: print the replay first, step by step; also of a build that its tests ended.
    """
    directory = history.directory
    steps = read_steps(directory)
    truth = read_truth(directory, steps)
    rows = read_rows(directory)
    if not steps:
        raise PggitError(f"{directory} has no steps to score. Nothing was built.")
    if dsn:
        if tell_steps:
            print(*trace.of_build(dsn, audit_schema), sep="\n")
        score, seconds = _score(dsn, audit_schema, steps, truth, rows)
    else:
        with bench.built(history) as build:
            if tell_steps:
                print(*trace.of_build(build.conninfo, audit_schema), sep="\n")
            build.check()
            score, seconds = _score(build.conninfo, audit_schema, steps, truth, rows)
    score.untold = untold(score.wrong_steps, recorded_words(directory))
    summary = {"history": directory.resolve().name, **score.summary()}
    if json_file:
        json_file.write_text(json.dumps(summary, indent=2) + "\n", encoding="utf-8")
    if show_max is not None:
        figures.show(score, show_max)
    figures.print_figures(summary["history"], score, seconds)


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
    judge = Judge(conninfo, most=longest_name(truth), unread=unread_types(truth))
    return evaluate(steps, truth, rows, rebuilt, judge), time.monotonic() - begun
