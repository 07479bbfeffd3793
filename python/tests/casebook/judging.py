"""What must hold of a case once it is built. The judge is the server: its catalog, and pg_dump.

Of every case:

- the build succeeds, and the tests that guard the publication pass;
- the script of each migration's last commit runs in an empty database;
- that of HEAD makes the live schema, as pg_dump prints both (owners and grants aside);
- no change that says `exact` is wrong: where it was the last one of its object in a migration, its definition is the
  catalog's at that moment;
- what is inferred happened between the rows that `repairs` says;
- between two migrations whose trees are right, `extract_changes_between_commits` says what the catalog says.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import psycopg

from casebook.pipeline import Build
from casebook.reading import Case
from casebook.recording import HIDDEN, Definitions, Dump, Recording, Server, Step
from pggit_audit import models

RELATIONS_AND_FUNCTIONS = {"TABLE", "VIEW", "MATERIALIZED VIEW", "INDEX", "FUNCTION"}
CHANGES = """
    select event_no, origin, v1_version_id, commit_sha, object_identity, change_type, fidelity, new_definition
    from pggit_audit.changes
    order by event_no
"""
INFERRED = """
    select object_identity, change_type, old_definition, new_definition,
        max(not_before_version_id) as not_before, min(not_after_version_id) as not_after,
        string_agg(distinct rule, ', ') as rules
    from pggit_audit.changes
    inner join pggit_audit.repairs using (change_id)
    where origin = 'inferred' and statement is not null and rule <> 'comment_from_live_catalog'
    group by event_no, object_identity, change_type, old_definition, new_definition
    order by event_no
"""
MOST_SHOWN = 12


class Judge:
    """Compares what was built of a recording with what was recorded."""

    def __init__(self, case: Case, made: Recording, build: Build) -> None:
        self._case = case
        self._made = made
        self._build = build
        self._changes = build.rows(CHANGES)

    def problems(self) -> Iterator[str]:
        """All that is wrong, in words."""
        if not self._changes:
            yield "the history has no changes"
            return
        yield from self.scripts()
        yield from self._wrong_exact()
        yield from self._outside()
        yield from self._directives()

    def scripts(self) -> Iterator[str]:
        """What is wrong with the scripts of commits, and with what is said to lie between them."""
        if not self._changes:
            return
        right: dict[int, bool] = {}
        commits: dict[int, str] = {}
        for number, step in enumerate(self._made.steps):
            sha = self._commit_at(step)
            if sha is None:
                continue
            commits[number] = sha
            compare = step.dump is not None and number < len(self._made.steps) - 1
            error, rebuilt, dump = _rebuilt(self._made.server, self._script(sha), compare)
            right[number] = rebuilt == step.objects
            if error:
                yield f"after {step.name}: the script of its commit does not run: {error}"
            elif compare:
                yield from self._step(step, dump)
        yield from self._head()
        yield from self._extracted(commits, right)

    def _commit_at(self, step: Step) -> str | None:
        """The commit of the last history row by then."""
        rows = [
            c for c in self._changes if c["v1_version_id"] is not None and c["v1_version_id"] <= step.last_id
        ]
        return rows[-1]["commit_sha"] if rows else None

    def _script(self, sha: str) -> str:
        row = self._build.connection.execute("select pggit_audit.schema_ddl_at(%s)", (sha,)).fetchone()
        assert row is not None
        return str(row[0])

    def _step(self, step: Step, rebuilt: Dump) -> Iterator[str]:
        found = _different(step.dump or {}, rebuilt)
        if self._case.strict and step.last_id > step.first_id:
            yield from (f"after {step.name}: {what}" for what in _told(found))
        if self._case.noextra:
            more = [k for k, (true, _) in found.items() if true is None and k[0] in RELATIONS_AND_FUNCTIONS]
            yield from (f"after {step.name}: never there: {' '.join(key)}" for key in more)

    def _head(self) -> Iterator[str]:
        live = self._made.steps[-1].dump
        assert live is not None
        error, _, rebuilt = _rebuilt(self._made.server, self._script(self._changes[-1]["commit_sha"]), True)
        if error:
            yield f"HEAD: its script does not run: {error}"
            return
        if not self._case.nohead:
            yield from (f"HEAD: {what}" for what in _told(_different(live, rebuilt)))

    def _wrong_exact(self) -> Iterator[str]:
        for step in self._made.steps:
            commits = {
                c["commit_sha"]
                for c in self._changes
                if c["v1_version_id"] is not None and step.first_id < c["v1_version_id"] <= step.last_id
            }
            last = {c["object_identity"]: c for c in self._changes if c["commit_sha"] in commits}
            for identity, change in last.items():
                if change["fidelity"] == "exact" and step.objects.get(identity) != change["new_definition"]:
                    yield (
                        f"exact, but wrong, after {step.name}: {change['origin']} {change['change_type']} {identity}\n"
                        f"    true:    {step.objects.get(identity)!r}\n    claimed: {change['new_definition']!r}"
                    )

    def _outside(self) -> Iterator[str]:
        """Inferred changes that were, in a migration, but in none within the interval that is stated for them."""
        steps = self._made.steps
        truth = [self._made.older, *(step.objects for step in steps)]
        for change in self._build.rows(INFERRED):
            path, first, last = change["object_identity"], change["not_before"], change["not_after"]
            shown = [
                step
                for step, (before, after) in zip(steps, pairwise(truth), strict=True)
                if _shows(change, before.get(path), after.get(path))
            ]
            if change["change_type"] == "DROP" and last is not None:
                # Each time that it went is a drop; the one is meant behind which no row of it comes before `last`.
                shown = [step for step in shown if step.first_id < last][-1:]
            older = change["change_type"] == "CREATE" and path in self._made.older
            fits = any((first or 0) <= s.last_id and (last is None or last > s.first_id) for s in shown)
            if shown and not fits and not (older and first is None):
                yield (
                    f"{change['change_type']} {path} ({change['rules']}): stated between the rows {first} and {last},"
                    f" true in {shown[-1].name}, rows {shown[-1].first_id} to {shown[-1].last_id}"
                )
            elif older and not shown and first is not None:
                yield f"CREATE {path} ({change['rules']}): stated behind row {first}, and older than the tracker"

    def _extracted(self, commits: dict[int, str], right: dict[int, bool]) -> Iterator[str]:
        numbers = sorted(commits)
        for old, new in pairwise(numbers):
            if not (right[old] and right[new]) or commits[old] == commits[new]:
                continue
            before, after = self._made.steps[old].objects, self._made.steps[new].objects
            want = {
                (path, "CREATE" if path not in before else "DROP" if path not in after else "ALTER")
                for path in before.keys() | after.keys()
                if before.get(path) != after.get(path)
            }
            query = (
                "select object_identity, change_type from pggit_audit.extract_changes_between_commits(%s, %s)"
            )
            got = set(self._build.connection.execute(query, (commits[old], commits[new])).fetchall())
            if got != want:
                yield (
                    f"extract_changes_between_commits, {old} to {new}:"
                    f" missing {sorted(want - got)}, too many {sorted(got - want)}"
                )

    def _directives(self) -> Iterator[str]:
        weak = Counter(c["fidelity"] for c in self._changes if c["fidelity"] in ("static", "unknown"))
        if self._case.strict and weak:
            yield f"the evidence decides, but: {dict(weak)}"
        for identity, want in self._case.events.items():
            got = " ".join(c["change_type"] for c in self._changes if c["object_identity"] == identity)
            if got != want:
                yield f"events of {identity}: {got}, not {want}"
        for query in self._case.after:
            row: Any = self._build.connection.execute(query.encode()).fetchone()
            if not (row and row[0]):
                yield f"not true after the build: {query}"


def _rebuilt(server: Server, script: str, dumped: bool) -> tuple[str | None, Definitions, Dump]:
    """Runs a script in an empty database: the error, if any; the definitions of what it makes; pg_dump's if asked."""
    with server.scratch() as connection:
        try:
            connection.execute(script.encode())
        except psycopg.Error as error:
            return str(error), {}, {}
        made = {row["object_identity"]: row["definition"] for row in models.live_objects(connection, HIDDEN)}
        return None, made, server.dump(connection.info.dbname) if dumped else {}


def _shows(change: Mapping[str, Any], before: str | None, after: str | None) -> bool:
    """Whether a migration from one definition to another shows an inferred change: all lines that it takes away and
    brings."""
    if change["change_type"] == "CREATE":
        return before is None and after is not None
    if change["change_type"] == "DROP":
        return before is not None and after is None
    if before is None or after is None:
        return False
    old, new = set(change["old_definition"].splitlines()), set(change["new_definition"].splitlines())
    true_old, true_new = set(before.splitlines()), set(after.splitlines())
    return old != new and old - new <= true_old - true_new and new - old <= true_new - true_old


def _different(true: Dump, rebuilt: Dump) -> dict[tuple[str, str, str], tuple[str | None, str | None]]:
    keys = sorted(true.keys() | rebuilt.keys())
    return {key: pair for key in keys if (pair := (true.get(key), rebuilt.get(key)))[0] != pair[1]}


def _told(found: dict[tuple[str, str, str], tuple[str | None, str | None]]) -> Iterator[str]:
    for number, (key, (true, rebuilt)) in enumerate(found.items()):
        if number == MOST_SHOWN:
            yield f"and {len(found) - MOST_SHOWN} more"
            return
        yield f"{' '.join(key)}\n    true:    {true}\n    rebuilt: {rebuilt}"
