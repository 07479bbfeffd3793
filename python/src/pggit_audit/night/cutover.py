"""The cutover: step by step from v1 to pggit_v0, and back by itself where a step says no.

A step is journaled before it begins and when it has ended. Each can be begun again after a kill: what stands in the
database decides what is still to do. Before each step stands a decision point: the time that is left must hold the
rest and a rollback.
"""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import psycopg

from pggit_audit import dbt_runs, programs, waits
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import backup as backups
from pggit_audit.night import monitor, rights, sessions, v1, verify
from pggit_audit.night.context import Night, RollBack, StopHere, Work
from pggit_audit.night.plan import Plan, history_prefix, read_report
from pggit_audit.night.rollback import Restored, aftermath, roll_back

Decision = Literal["done", "rolled back", "stopped"]

ROLLBACK_SECONDS = 120.0
"""What a rollback is held to take where no rehearsal measured it."""
BUILDS = 2  # a build that dies (killed, or its connection lost) is begun once more; one that fails is not
LOCK_ATTEMPTS = 4
OBSERVE_EVERY = 60.0


@dataclass
class Outcome:
    """How a run ended.

    Attributes:
        decision: `done`; `rolled back`: v1 is as it was; `stopped`: see the reason.
        reason: in words.
        untouched: whether v1 was never touched, or is as it was, and that was checked.
        restored: of a rollback.
        problems: what went wrong besides.

    """

    decision: Decision
    reason: str
    untouched: bool = False
    restored: Restored | None = None
    problems: list[str] = field(default_factory=list)

    @property
    def exit_status(self) -> int:
        """0 done; 1 stopped, and v1 is as it was; 2 in between."""
        if self.decision == "done":
            return 0
        return 1 if self.untouched else 2


@dataclass(frozen=True)
class Options:
    """What the operator asked for, beside the plan.

    Attributes:
        grace: seconds that sessions get to end by themselves.
        hold_file: the switch waits while this file exists.
        yes: go on at decision points, and take a missing hook's work as done.
        place: where these steps stand in a longer run: how many come before them, and how many there are in all.

    """

    grace: float = 30.0
    hold_file: Path | None = None
    yes: bool = False
    place: tuple[int, int] | None = None


class Cutover:
    """One run, begun or taken up again.

    A method a step, and one for each thing that steps share: the run is one state, and any step may be the first.
    """

    def __init__(self, night: Night, plan: Plan, options: Options) -> None:
        self.night = night
        self.plan = plan
        self.options = options
        self.journal = night.journal
        self._since = time.monotonic()

    def run(self) -> Outcome:
        """Go through the steps that are not done yet. Foreseeable failures end in a rollback, never in an exception."""
        steps: dict[str, Callable[[], dict[str, Any]]] = {
            "freeze": self._freeze,
            "backup": self._backup,
            "build": self._build,
            "verify": self._verify,
            "switch": self._switch,
            "deploy": lambda: self._hook("deploy", "Deploy the new code now. Is it deployed?"),
            "smoke": lambda: self._hook("smoke-test", "Test the new code now. Does it work?"),
            "observe": self._observe,
            "summary": self._summary,
        }
        name = "freeze"
        try:
            self._notify(f"cutover {self.journal.run} of {self.plan.database} begins")
            before, total = self.options.place or (0, len(self.plan.steps))
            for number, name in enumerate(self.plan.steps, start=before + 1):
                if self._is_done(name):
                    continue
                self._decision_point(name)
                self.night.desk.step(number, total, name, self.plan.expected.get(name))
                self.night.note(name, "begin")
                begun = time.monotonic()
                facts = steps[name]()
                self.night.note(name, "end", **facts, seconds=round(time.monotonic() - begun, 2))
        except StopHere as stopped:
            return self._stopped(name, str(stopped))
        except (RollBack, PggitError, psycopg.Error, OSError) as error:
            why = waits.reason(error, self.night.connect)
            self.night.note(name, "failed", why=why)
            return self._back(name, why)
        problems = self._notify(f"cutover {self.journal.run} of {self.plan.database} is done")
        try:
            self.night.note("run", "end", decision="done")
        except OSError as error:
            problems = [*problems, f"The journal's last entry could not be written: {error}"]
        return Outcome("done", f"{self.plan.database} has moved to {self.night.names.v0}.", problems=problems)

    def _is_done(self, step: str) -> bool:
        return self.journal.last(step, "end") is not None

    def _elapsed(self) -> float:
        begin = self.journal.last("run", "begin")
        assert begin is not None
        by_clock = datetime.now(timezone.utc) - datetime.fromisoformat(begin.at.replace("Z", "+00:00"))
        # a clock that is set back gives nobody more time
        return max(by_clock.total_seconds(), time.monotonic() - self._since)

    def _decision_point(self, step: str) -> None:
        """See that the time that is left holds the rest and a rollback."""
        if step == "summary":
            return
        left = self.plan.window - self._elapsed()
        need = self.plan.left_after(step) + self.plan.expected.get("rollback", ROLLBACK_SECONDS)
        if left < need:
            raise RollBack(
                f"The window of {minutes(self.plan.window)} has {minutes(left)} left before {step}; the rest and a "
                f"rollback are expected to take {minutes(need)}."
            )

    # The steps

    def _freeze(self) -> dict[str, Any]:
        names = self.night.names
        with self.night.connect() as connection:
            if v1.state(connection, names) == "held" and self.night.before() is not None:
                self.night.desk.say("v1 is held already.")
                return {"ended": []}
            prepared = sessions.prepared(connection, names.pggit)
            if prepared:
                raise Refusal(
                    f"Prepared transactions have locks on {names.pggit}: {', '.join(prepared)}. Whoever prepared them "
                    "must end them: commit prepared or rollback prepared."
                )
            self._call(
                "stop-applications",
                "Stop the applications that write to this database now. Have they stopped?",
            )
            ended = sessions.wait_and_end(connection, names.pggit, self.options.grace, self.night.desk.say)
            before = self._hold(connection, ended)
        self.night.desk.say(
            f"v1 is held: {before.history_rows:,} history rows, fingerprint {before.fingerprint.digest[:12]}, "
            f"{len(before.event_triggers)} event triggers off."
        )
        if not before.event_triggers:
            self.night.desk.say("No event trigger of v1 is there: nothing was recording DDL.")
        return {"ended": ended, "history_rows": before.history_rows, "fingerprint": before.fingerprint.digest}

    def _hold(self, connection: psycopg.Connection[Any], ended: list[int]) -> v1.Before:
        def keep(before: v1.Before) -> None:
            self.journal.write("freeze", "note", before=before.as_json())
            self.journal.save_to(connection, self.night.names.work)

        for attempt in range(LOCK_ATTEMPTS):
            try:
                return v1.freeze(connection, self.night.names, self.journal.run, keep)
            except psycopg.errors.LockNotAvailable:
                if attempt == LOCK_ATTEMPTS - 1:
                    raise
                found = sessions.using(connection, self.night.names.pggit)
                ended += sessions.end(connection, found, self.night.desk.say)
        raise AssertionError("unreachable")

    def _backup(self) -> dict[str, Any]:
        before = self._known_before()
        folder = self.journal.folder / "backup"
        if folder.exists():
            backup = backups.read(folder)  # made, and killed before it was proven
        else:
            expected = self._rehearsed_bytes()
            with self._working():
                backup = backups.make(
                    self.night.params, self.night.names.pggit, before, folder, self.night.child("backup"),
                    lambda size: self.night.desk.progress(Work("pg_dump writes (MB)", size, expected)),
                )  # fmt: skip
        with self.night.connect() as connection:
            changed = v1.held_differences(connection, self.night.names, before)
        if changed:
            raise Refusal("v1 changed while it was held:\n  " + "\n  ".join(changed[:12]))
        with self._working():
            proven = backups.prove(
                backup, self.night.params, self.night.child("backup"),
                lambda: self.night.desk.progress(Work("the backup is restored in a scratch database")),
            )  # fmt: skip
        self.night.desk.say(
            f"{backup.folder}: {backup.size / 1e6:,.1f} MB, restored in a scratch database and compared: "
            f"{len(proven.items)} things, all as they are here."
        )
        return {"folder": str(backup.folder), "bytes": backup.size, "sha256": backup.checksum}

    def _rehearsed_bytes(self) -> int | None:
        """How large the rehearsal's backup was; None where there was no rehearsal."""
        return read_report(self.journal.folder).backup_bytes or None if self.plan.report else None

    @contextmanager
    def _working(self) -> Iterator[None]:
        try:
            yield
        finally:
            self.night.desk.progress(None)

    def _build(self) -> dict[str, Any]:
        for attempt in range(1, BUILDS + 1):
            with self._working():
                run = dbt_runs.run(
                    "build", target=self.night.target, variables=self.night.variables,
                    target_path=self.journal.folder / "dbt",
                    environment={**self.night.environment, "DBT_LOG_PATH": str(self.journal.folder / "dbt")},
                    on_step=self.night.desk.progress, on_start=self.night.child("build"),
                )  # fmt: skip
            if run.ok:
                break
            died = run.status < 0 or _lost_connection(run)
            if not died or attempt == BUILDS:
                raise RollBack("\n".join([
                    f"dbt build failed (exit status {run.status}); its log is {run.target / 'dbt.log'}:",
                    run.said(), *self._failing_rows(run),
                ]))  # fmt: skip
            self.night.desk.say(
                f"dbt was cut off ({run.said(1) or f'signal {-run.status}'}). It is begun once more."
            )
            self._wait_for_server()
        statuses = list(run.results.values())
        self.night.desk.say(f"dbt build: {len(statuses)} nodes, all passed, in {minutes(run.seconds)}.")
        return {"nodes": len(statuses), "attempts": attempt}

    def _failing_rows(self, run: dbt_runs.Run) -> list[str]:
        try:
            with self.night.connect() as connection:
                return verify.failing_rows(connection, run.tests)
        except psycopg.Error:
            return []  # what dbt said has to do

    def _wait_for_server(self, seconds: float = 60) -> None:
        deadline = time.monotonic() + seconds
        while True:
            try:
                self.night.wake()
                self.night.connect(connect_timeout=5).close()
                return
            except psycopg.OperationalError:
                if time.monotonic() > deadline:
                    raise
                time.sleep(1)

    def _verify(self) -> dict[str, Any]:
        with self.night.connect() as connection:
            found = verify.measure(connection, self.night.names)
        self.night.desk.say(found.said())
        if not found.passes(self.plan.accept):
            raise RollBack(f"The verification says no; {self.plan.accept:g} % was asked for.\n{found.said()}")
        return {"accuracy": found.as_json()}

    def _switch(self) -> dict[str, Any]:
        names = self.night.names
        self._wait_for_file()
        with self.night.connect() as connection:
            if v1.state(connection, names) != "archived":
                self._ask("v1 is about to be put away. Switch now?")
            ref = monitor.head(connection, names)
            if ref.problem:
                raise Refusal(f"pggit_v0 is not ready for the switch: {ref.problem}")
            v1.switch(connection, names, self._known_before())
            errors = monitor.counters(connection)
            history = history_prefix(connection, names.archive)
        self.night.desk.say(
            f"Schema {names.pggit} is {names.archive} now, read-only. HEAD of {names.v0} is {ref.name}, "
            f"commit {ref.commit[:12]}."
        )
        self._notify(f"{self.plan.database} has switched; v1 is {names.archive}")
        return {"head": ref.name, "commit": ref.commit, "counters": errors, "history": asdict(history)}

    def _wait_for_file(self) -> None:
        file = self.options.hold_file
        if file is None or not file.exists():
            return
        self.night.desk.say(f"Waiting with the switch while {file} exists.")
        while file.exists():
            self._decision_point("switch")
            time.sleep(0.5)

    def _hook(self, name: str, question: str) -> dict[str, Any]:
        return self._call(name, question)

    def _observe(self) -> dict[str, Any]:
        result = self._call("start-applications", "Start the applications now. Have they started?")
        begun, looks, warnings = time.monotonic(), 0, 0
        while True:
            try:
                with self.night.connect() as connection:
                    health = monitor.look(connection, self.night.names, self.journal)
            except psycopg.OperationalError as error:
                self.night.desk.say(f"The server is away ({str(error).strip()}); waiting for it.")
                self._wait_for_server()
                continue
            looks += 1
            bad = [check for check in health.checks if not check.ok]
            warnings = len([check for check in bad if check.severity != "blocker"])
            for check in bad:
                self.night.desk.say(f"{check.severity} {check.name}: {check.message}")
            critical = [check for check in bad if check.severity == "blocker"]
            if critical:
                raise RollBack(
                    "The watch after the switch found what must not be:\n  "
                    + "\n  ".join(f"{check.name}: {check.message}" for check in critical)
                )
            left = self.plan.observe - (time.monotonic() - begun)
            if left <= 0:
                return {**result, "looks": looks, "warnings": warnings}
            time.sleep(min(left, OBSERVE_EVERY))

    def _summary(self) -> dict[str, Any]:
        return {"elapsed": round(self._elapsed(), 1)}

    # Hooks and questions

    def _call(self, name: str, question: str) -> dict[str, Any]:
        """Call a hook, or have the operator do its work."""
        if name not in self.night.hooks.present():
            self._ask(question)
            return {}
        self.night.desk.say(f"Hook {name} …")
        result = self.night.hooks.call(
            name, self.journal.folder / "hooks.log", self.night.child("hook"), step=name
        )
        if not result.ok:
            raise RollBack(result.why(name))
        return {"hook": name, "hook_seconds": round(result.seconds, 1)}

    def _ask(self, question: str) -> None:
        choice = "go on" if self.options.yes else self.night.desk.ask(question)
        if choice == "roll back":
            raise RollBack(f"The operator said no to: {question}")
        if choice == "stop here":
            raise StopHere(f"The operator stopped at: {question}")

    def _notify(self, message: str) -> list[str]:
        """Tell the team; that it cannot be told is no reason to go back."""
        if "notify" not in self.night.hooks.present():
            return []
        result = self.night.hooks.call(
            "notify", self.journal.folder / "hooks.log", self.night.child("hook"), message=message
        )
        if result.ok:
            return []
        self.night.desk.say(result.why("notify"))
        return [result.why("notify")]

    # Ends

    def _known_before(self) -> v1.Before:
        before = self.night.before()
        if before is None:
            raise PggitError("The journal does not say what v1 was before the freeze.")
        return before

    def _is_untouched(self) -> bool:
        """Tell whether nothing was done to v1: no hold is in the database, and none was journaled."""
        if any("before" in entry.facts for entry in self.journal.entries):
            return False
        with self.night.connect() as connection:
            return v1.state(connection, self.night.names) == "in place"

    def _stopped(self, step: str, why: str) -> Outcome:
        try:
            self.night.note("run", "note", stopped_at=step, why=why)
            if self._is_untouched():
                self.night.note("run", "end", decision="stopped")
                return Outcome("stopped", f"{why} v1 was not touched.", untouched=True)
        except (psycopg.Error, OSError) as error:
            why = f"{why} ({str(error).strip()})"
        return Outcome(
            "stopped",
            f"{why} Run {self.journal.run} stands at {step}. Go on: pggit-audit cutover --resume; or go back: "
            "pggit-audit rollback.",
        )

    def _back(self, step: str, why: str) -> Outcome:
        try:
            self.night.desk.firm = True
            if self._is_untouched():
                problems = aftermath(self.night)
                self.night.note("run", "end", decision="stopped", why=why)
                return Outcome("stopped", f"{why}\nv1 was not touched.", untouched=True, problems=problems)
            self.night.desk.say(f"{why}\nRolling back.")
            self._wait_for_server()
            restored = roll_back(self.night, why)
            problems = aftermath(self.night)
        except (PggitError, psycopg.Error, OSError) as error:
            told = waits.reason(error, self.night.connect)
            self.night.note("rollback", "failed", why=told)
            self._notify(f"cutover {self.journal.run}: {step} failed, and so did the rollback")
            return Outcome(
                "stopped",
                f"{step} failed: {why}\nThe rollback could not be done: {told}\n"
                "What was committed stands: pggit-audit status shows it. Once the cause is gone: pggit-audit rollback.",
            )
        self.night.note("run", "end", decision="rolled back", why=why)
        problems += self._notify(f"cutover {self.journal.run} was rolled back at {step}")
        return Outcome(
            "rolled back",
            f"{step}: {why}",
            untouched=bool(restored.matches),
            restored=restored,
            problems=problems,
        )


def check_before(night: Night) -> None:
    """See that the run can be begun at all.

    Raises:
        Refusal: v1 is not in place, or is held by an earlier run.
        PggitError: the role lacks a right, a hook cannot be called, no pg_dump is here. Nothing was touched.

    """
    night.hooks.check()
    with night.connect() as connection:
        where = v1.state(connection, night.names)
        if where in ("both", "missing"):
            raise v1.stuck(where, night.names)
        if where != "in place":
            raise Refusal(
                f"v1 in database {connection.info.dbname} is {where} already, by an earlier run. Nothing was changed. "
                "Go on with that run: pggit-audit cutover --resume; or go back: pggit-audit rollback."
            )
        rights.check(connection, night.names)
        programs.find(connection.info.server_version // 10000)
    free = shutil.disk_usage(
        night.journal.folder.parent if night.journal.folder.parent.exists() else Path()
    ).free
    if free < 1 << 20:
        raise PggitError(f"The disk of {night.journal.folder.parent} is full. Nothing was changed.")


def _lost_connection(run: dbt_runs.Run) -> bool:
    """Tell whether a build failed because the server went away, by the words that libpq has for it."""
    signs = (
        "server closed the connection",
        "connection to server",
        "terminating connection",
        "SSL connection has been closed",
    )
    return any(sign in line for line in [*run.failures, *run.errors] for sign in signs)


def minutes(seconds: float) -> str:
    """Say a span of time: `45 s`, `12 min`, `1 h 05 min`."""
    if seconds < 0:
        return "nothing"
    if 0 < seconds < 1:
        return "under 1 s"
    if seconds < 100:
        return f"{seconds:.0f} s"
    whole = round(seconds / 60)
    return f"{whole} min" if whole < 100 else f"{whole // 60} h {whole % 60:02d} min"
