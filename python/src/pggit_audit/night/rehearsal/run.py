"""The rehearsal itself: the steps of the night in a copy of production, what is measured in between, GO or NO-GO."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit import targets
from pggit_audit.errors import PggitError
from pggit_audit.night import journal as journals
from pggit_audit.night import monitor, plan, rights, v1, verify
from pggit_audit.night.context import Desk, Night, Work
from pggit_audit.night.cutover import Cutover, Options, minutes
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.journal import Journal
from pggit_audit.night.plan import Plan
from pggit_audit.night.preflight.calls import CallTable, read_seed
from pggit_audit.night.preflight.uses import installed_calls
from pggit_audit.night.rehearsal import dual_run, own_queries, restore, spot_checks, timings
from pggit_audit.night.rehearsal.known import read_known
from pggit_audit.night.rehearsal.nobody import nobody
from pggit_audit.night.rehearsal.own_queries import OwnQuery
from pggit_audit.night.rollback import Restored, roll_back
from pggit_audit.night.v1 import Names
from pggit_audit.verdicts import COLUMNS, Finding

FIRST = ("freeze", "backup", "build", "verify")
THEN = ("switch", "smoke")
OBSERVE = 3600.0
"""Seconds of watching that the plan holds after the switch; a rehearsal does not wait for them."""
WINDOW = 6 * 3600.0
HOOK = 600.0
"""Seconds that the team's own smoke test may take."""
STEPS = ("restore", *FIRST, "spot_checks", "dual_run", "queries", *THEN, "rollback")


@dataclass(frozen=True)
class Check:
    """One line of the plan's checklist.

    Attributes:
        figure: what was measured, in words.

    """

    name: str
    ok: bool
    figure: str

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Asked:
    """What is to be rehearsed.

    Attributes:
        target: the target's name.
        params: libpq keywords of its database.
        project: the project's folder.
        source: where the copy comes from.
        folder: for the report, and the run's own folder.
        seed: of everything that is drawn.
        manifest: rows by table, to hold the copy against; empty without one.
        code: folders of the application's source, whose queries are compared as well.
        accept: percent of the history's rows that must be right.
        smoke_test: the team's own test of the new code, run against the copy; None without one.
        throw_away: whether the target's server is there for this rehearsal alone.
        evidence: a file of `pggit-audit evidence collect`, for a copy that lost the ids of transactions.

    """

    target: str
    params: Mapping[str, Any]
    project: Path
    source: restore.Source
    folder: Path
    seed: int
    manifest: Mapping[str, int] = field(default_factory=dict)
    code: Sequence[Path] = ()
    accept: float = 100.0
    smoke_test: Path | None = None
    throw_away: bool = False
    evidence: Path | None = None


class _No(Exception):
    """A step said no; the rest cannot be rehearsed."""


def rehearse(asked: Asked, desk: Desk) -> dict[str, Any]:
    """Rehearse the night and return the report's document (DESIGN §8).

    The copy is made beside the target's database and is gone afterwards; the target's own database is not touched.

    Raises:
        PggitError: it could not be told: no copy, a missing right.

    """
    return _Rehearsal(asked, desk).run()


class _Rehearsal:
    """One rehearsal: what is known of it so far.

    A method a part of the night, each of which adds to what is known.
    """

    def __init__(self, asked: Asked, desk: Desk) -> None:
        self.asked = asked
        self.desk = desk
        self.names: Names = plan.names(asked.project)
        self.timeline: list[dict[str, Any]] = []
        self.checks: list[Check] = []
        self.reasons: list[str] = []
        self.document: dict[str, Any] = {
            "spot_checks": [], "dual_run": [], "not_run": [], "queries": [], "findings": [], "fidelity": [],
            "facts": {}, "accuracy": {},
        }  # fmt: skip

    def run(self) -> dict[str, Any]:
        asked = self.asked
        begun = journals.now()
        with ExitStack() as copy:
            with self._timed("restore") as timed:
                if not asked.throw_away:
                    for line in restore.hazards(asked.source, asked.params):
                        self.desk.say(line)
                params, said = copy.enter_context(
                    restore.restored(
                        asked.source, asked.params, asked.folder,
                        lambda: self.desk.progress(Work("the dump is restored")),
                    )
                )  # fmt: skip
                timed["message"] = f"{asked.source}" + (f"; {len(said)} statements failed" if said else "")
            self.document["facts"]["restore_errors"] = said[:20]
            with psycopg.connect(**params, autocommit=True) as connection:
                self._copy_is_whole(connection)
                self.document["server_version"] = connection.info.server_version // 10000
                self.document["history"] = asdict(plan.history_prefix(connection, self.names.pggit))
                self._measure(connection)
            night = self._night(params)
            try:
                self._night_of(night)
            except _No:
                pass  # the check that failed has said why
            finally:
                self._back(night)
        return self._report(begun)

    # The copy

    def _copy_is_whole(self, connection: psycopg.Connection[Any]) -> None:
        where = v1.state(connection, self.names)
        if where != "in place":
            raise PggitError(
                f"In the copy, v1 is {where}: there is no schema {self.names.pggit} to move. Nothing was rehearsed. Is "
                f"{self.asked.source} a dump of the whole database, from before a cutover?"
            )
        rights.check(connection, self.names)
        wrong = restore.row_counts(connection, self.asked.manifest)
        if self.asked.manifest:
            count = len(self.asked.manifest)
            self._check(
                "restore",
                not wrong,
                f"{count - len(wrong)} of {count} tables have the manifest's rows",
                wrong,
            )

    def _measure(self, connection: psycopg.Connection[Any]) -> None:
        row = connection.execute(
            sql.SQL(
                "select pg_database_size(current_database()), pg_total_relation_size({}::regclass)"
            ).format(sql.Literal(sql.Identifier(self.names.pggit, "history").as_string(connection)))
        ).fetchone()
        assert row is not None
        self.document["facts"] |= {"database_bytes": row[0], "history_bytes": row[1]}

    def _night(self, params: dict[str, Any]) -> Night:
        """The run in the copy. dbt is led there by the variable that names the target's database."""
        variable = f"PGGIT_{self.asked.target.upper()}_DBNAME"
        environment = {variable: str(params["dbname"])}
        before = os.environ.get(variable)
        os.environ.update(environment)
        try:
            led = targets.params(self.asked.target, self.asked.project)
        finally:
            if before is None:
                del os.environ[variable]
            else:
                os.environ[variable] = before
        if led["dbname"] != params["dbname"]:
            raise PggitError(
                f"Target {self.asked.target} of profiles.yml does not take its database from {variable}, so a build "
                "would run in its own database and not in the copy. Nothing was rehearsed. Write dbname: "
                f"\"{{{{ env_var('{variable}') }}}}\" there."
            )
        journal = Journal.begin(self.asked.folder / "runs")
        journal.write("run", "begin", rehearsal=True)
        night = Night(
            self.asked.target, params, self.names, journal, self.desk, Hooks(None, HOOK, {}, only=()),
            environment=environment,
            variables={"evidence": str(self.asked.evidence.resolve())} if self.asked.evidence else {},
        )  # fmt: skip
        if self.asked.smoke_test is not None:
            facts = {**night.facts(), "rehearsal": "1"}
            night.hooks = Hooks(self.asked.smoke_test.parent, HOOK, facts, only=("smoke-test",))
        return night

    # The night

    def _night_of(self, night: Night) -> None:
        try:
            self._cutover(night, FIRST)
        finally:
            if night.journal.last("build", "end") is not None:
                self._measured(
                    night
                )  # also where the verification said no: all that is wrong is named at once
        self._cutover(night, THEN)
        with night.connect() as connection:
            health = monitor.look(connection, self.names, night.journal)
        bad = [f"{check.name}: {check.message}" for check in health.checks if not check.ok]
        serious = [check for check in health.checks if not check.ok and check.severity == "blocker"]
        self._check(
            "new_code", not serious and self._is_ok("dual_run"),
            f"{len(health.checks) - len(bad)} of {len(health.checks)} checks of the monitor pass after the switch", bad,
        )  # fmt: skip

    def _measured(self, night: Night) -> None:
        with night.connect() as connection:
            self._verified(connection)
            self._grown(connection)
            self.document["fidelity"] = self._fidelity(connection)
            with self._timed("spot_checks"):
                self._spot_checks(connection)
            with self._timed("dual_run"):
                self._dual_run(connection)
            with self._timed("queries"):
                self._queries(connection)

    def _cutover(self, night: Night, steps: tuple[str, ...]) -> None:
        made = Plan(
            target=night.target, database=str(night.params["dbname"]), server=str(night.params["host"]),
            server_version=self.document["server_version"], project_version=plan.project_version(self.asked.project),
            accept=self.asked.accept, window=WINDOW, observe=0.0, hooks=[], expected={},
            history=plan.Prefix(**self.document["history"]), report="", steps=steps,
        )  # fmt: skip
        place = (STEPS.index(steps[0]), len(STEPS))
        outcome = Cutover(night, made, Options(grace=1.0, yes=True, place=place)).run()
        self.timeline += [
            {"step": step["step"], "seconds": step["seconds"] or 0.0, "state": step["state"], "message": ""}
            for step in journals.steps(night.journal, steps)
        ]
        backup = night.journal.facts("backup")
        if steps == FIRST and backup:
            size = _size(backup["bytes"])
            self.document["facts"]["backup_bytes"] = backup["bytes"]
            self._check("backup", True, f"{size}, restored elsewhere and compared", [])
        if outcome.decision != "done":
            failed = next((s["step"] for s in self.timeline if s["state"] == "failed"), steps[0])
            name = "backfill" if steps == FIRST else "new_code"
            if failed != "verify":  # which is measured below, in words of its own
                self._check(name, False, f"the step {failed} said no", [outcome.reason])
            raise _No

    def _verified(self, connection: psycopg.Connection[Any]) -> None:
        found = verify.measure(connection, self.names)
        said, *wrong = found.said().splitlines()
        asked = self.asked.accept
        figure = said if asked == 100 else f"{said} {asked:g} % were asked for."
        enough = int(found.percent * 10) / 10
        if not found.passes(asked) and found.passes(enough) and enough >= plan.LEAST_ACCURACY:
            wrong.append(f"Where that may be so: rehearse and cut over with --accept {enough:g}.")
        self._check("backfill", found.passes(asked), figure, wrong)
        self.document["accuracy"] = found.as_json()
        rows = connection.execute(
            sql.SQL("select {} from {}").format(
                sql.SQL(", ").join(map(sql.Identifier, COLUMNS)),
                sql.Identifier(self.names.audit, "preflight_findings"),
            )
        ).fetchall()
        self.document["findings"] = [
            Finding.of(dict(zip(COLUMNS, row, strict=True))).as_json() for row in rows
        ]

    def _grown(self, connection: psycopg.Connection[Any]) -> None:
        row = connection.execute("select pg_database_size(current_database())").fetchone()
        assert row is not None
        self.document["facts"]["built_bytes"] = max(0, row[0] - self.document["facts"]["database_bytes"])

    def _fidelity(self, connection: psycopg.Connection[Any]) -> list[dict[str, Any]]:
        rows = connection.execute(
            sql.SQL(
                "select object_type, fidelity, count(*) from {} where v1_version_id is not null"
                " group by 1, 2 order by 1, 2"
            ).format(sql.Identifier(self.names.audit, "changes"))
        ).fetchall()
        return [
            {"object_type": kind, "fidelity": fidelity, "changes": count} for kind, fidelity, count in rows
        ]

    def _spot_checks(self, connection: psycopg.Connection[Any]) -> None:
        found = spot_checks.draw(connection, self.names, self.asked.seed)
        self.document["spot_checks"] = [one.as_json() for one in found]
        bad = [f"{one.object_identity}: {'; '.join(one.problems)}" for one in found if not one.ok]
        figure = f"{len(found) - len(bad)} of {len(found)} objects agree with v1's row and the live catalog"
        self._check("spot_checks", bool(found) and not bad, figure, bad)

    def _dual_run(self, connection: psycopg.Connection[Any]) -> None:
        calls = read_seed(self.asked.project)
        own = self._own_queries(connection, CallTable(
            calls, schema=self.names.pggit, audit=self.names.audit, v0=self.names.v0,
        ))  # fmt: skip
        known = read_known(self.asked.project)
        with nobody({**self.asked.params, "dbname": connection.info.dbname}, connection) as asker:
            if asker is None:
                why = "the role may not make one that can only read here (no CREATEROLE), and nobody knows who wrote it"
                own = [replace(one, reason=one.reason or why) for one in own]
            found, left = dual_run.run(
                connection, self.names, calls, known, self.asked.seed, own, asker=asker
            )
        self.document["dual_run"] = [one.as_json() for one in found]
        self.document["not_run"] = [one.as_json() for one in left]
        bad = [f"{one.call} of {one.argument}: {_rows(one)}" for one in found if not one.ok]
        allowed = sum(bool(one.reason) for one in found)
        team = {one.call for one in found if one.origin == dual_run.TEAM}
        figure = f"{len(found) - len(bad)} of {len(found)} questions get the same rows"
        figure += f", {allowed} but for a known difference" * bool(allowed)
        if own:
            figure += f"; of the team's own {len(own)} queries {len(team)} were compared"
        self._check("dual_run", bool(found) and not bad, figure, bad)

    def _own_queries(self, copy: psycopg.Connection[Any], table: CallTable) -> list[OwnQuery]:
        """The team's queries: from its source, the copy's views, and the statements that the server has counted.

        Those are counted by database: of the target's, and of the one that was copied, where it is on this server.
        """
        table = installed_calls(copy, table)
        found = own_queries.of_code(self.asked.code, table)
        found += own_queries.of_database(copy, table, ("view", "materialized view"))
        databases = {str(self.asked.params["dbname"]), self.asked.source.database or ""} - {""}
        for dbname in sorted(databases):
            params = {**self.asked.params, "dbname": dbname, "application_name": "pggit rehearsal"}
            with psycopg.connect(**params, autocommit=True) as connection:
                found += own_queries.of_database(connection, table, ("statement",))
        return found

    def _queries(self, connection: psycopg.Connection[Any]) -> None:
        found = timings.measure(connection, self.names, self.asked.seed)
        self.document["queries"] = [one.as_json() for one in found]
        slowest = max((one.p95_ms for one in found), default=0.0)
        bad = [f"{one.name}: p95 {one.p95_ms:g} ms; {one.plan}" for one in found if not one.ok]
        figure = f"{len(found)} queries, the slowest {slowest:g} ms at p95, of {timings.MOST_MS:g} ms"
        self._check("performance", bool(found) and not bad, figure, bad)

    # The way back

    def _back(self, night: Night) -> None:
        """Roll back and look whether v1 is as it was; where the cutover itself went back, look at that."""
        if night.journal.last("freeze") is None:
            self._check("rollback", False, "v1 was never frozen, so no way back was rehearsed", [])
            return
        try:
            with self._timed("rollback"):
                restored: Restored = roll_back(night, "the rehearsal ends")
        except (PggitError, psycopg.Error) as error:
            self._check("rollback", False, "v1 could not be put back", [str(error).strip()])
            return
        before = night.before()
        recorded = before is None or not before.probe.records or restored.probe.records
        wrong = list(restored.differences) + ([] if recorded else ["the tracker no longer records DDL"])
        tracker = "records DDL again" if restored.probe.records else "recorded nothing before either"
        figure = (
            f"v1 is as it was: {len(restored.fingerprint.items)} things compared, fingerprint "
            f"{restored.fingerprint.digest[:12]}; its tracker {tracker}"
        )
        matches = bool(restored.matches)
        self._check("rollback", matches and recorded, figure if matches else "v1 is not as it was", wrong)

    # Bookkeeping

    @contextmanager
    def _timed(self, step: str) -> Iterator[dict[str, Any]]:
        self.desk.step(STEPS.index(step) + 1, len(STEPS), step.replace("_", " "), None)
        entry: dict[str, Any] = {"step": step, "seconds": 0.0, "state": "failed", "message": ""}
        self.timeline.append(entry)
        begun = time.monotonic()
        try:
            yield entry
            entry["state"] = "done"
        finally:
            self.desk.progress(None)
            entry["seconds"] = round(time.monotonic() - begun, 2)

    def _check(self, name: str, ok: bool, figure: str, wrong: list[str]) -> None:
        self.checks.append(Check(name, ok, figure))
        self.desk.say(f"{'ok' if ok else 'NO'}  {figure}")
        for line in wrong[:10]:
            self.desk.say(f"    {line}")
        if not ok:
            self.reasons.append(f"{name}: {figure}" + "".join(f"\n  {line}" for line in wrong[:10]))

    def _is_ok(self, name: str) -> bool:
        return any(check.name == name and check.ok for check in self.checks)

    def _report(self, begun: str) -> dict[str, Any]:
        needed = ("backfill", "new_code", "rollback", "performance", "spot_checks", "dual_run", "backup")
        missing = [name for name in needed if not any(check.name == name for check in self.checks)]
        if missing:
            self.reasons.append(f"Not reached: {', '.join(missing)}.")
        self.checks += [Check(name, False, "not reached") for name in missing]
        goes = all(check.ok for check in self.checks)
        return {
            "format": plan.REPORT_FORMAT,
            "decision": "GO" if goes else "NO-GO",
            "reasons": list(dict.fromkeys(self.reasons)),
            "project_version": plan.project_version(self.asked.project),
            "target": self.asked.target,
            "source": str(self.asked.source),
            "seed": self.asked.seed,
            "begun": begun,
            "ended": journals.now(),
            "checks": [check.as_json() for check in self.checks],
            "timeline": self.timeline,
            "projection": _projection(self.timeline, self.document, self.asked.throw_away),
            **self.document,
        }


def _size(size: int) -> str:
    return f"{size / 1e6:,.1f} MB" if size >= 1e6 else f"{size / 1e3:,.0f} kB"


def _rows(one: dual_run.Comparison) -> str:
    return f"only v1: {one.only_old[:2]}; only new: {one.only_new[:2]}"


def _projection(
    timeline: list[dict[str, Any]], document: Mapping[str, Any], throw_away: bool
) -> dict[str, Any]:
    """What production is expected to take: the same steps, the watch, and a rollback held in reserve."""
    took = {entry["step"]: float(entry["seconds"]) for entry in timeline}
    work = sum(took.get(step, 0.0) for step in (*FIRST, *THEN))
    total = work + OBSERVE + took.get("rollback", 0.0)
    rows = document.get("history", {}).get("rows", 0)
    waits = ", which is thrown away and does not wait for its disk" if throw_away else ""
    return {
        "window_seconds": WINDOW,
        "work_seconds": round(work, 1),
        "observe_seconds": OBSERVE,
        "rollback_seconds": took.get("rollback", 0.0),
        "total_seconds": round(total, 1),
        "fits": total <= WINDOW,
        "rests_on": (
            f"The times of this copy, which has all {rows:,} rows of the history, on this server{waits}. A production "
            "server "
            f"that is half as quick would take {minutes(2 * work)} instead of {minutes(work)} for the work."
        ),
    }
