"""What every command of the night works with, and how it talks to the one who runs it."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, Protocol

import psutil
import psycopg

from pggit_audit import dbt_runs, programs, targets
from pggit_audit.night import journal as journals
from pggit_audit.night import v1
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.journal import Holder, Journal
from pggit_audit.night.v1 import Before, Names

Choice = Literal["go on", "roll back", "stop here"]


@dataclass(frozen=True)
class Work:
    """What a program does that says nothing itself.

    Attributes:
        name: of what it does.
        written: bytes so far; None where that tells nothing.
        expected: bytes that it is expected to write; None where nobody knows.

    """

    name: str
    written: int | None = None
    expected: int | None = None


class RollBack(Exception):
    """The night is to go back: the message is the reason, for people."""


class StopHere(Exception):
    """The operator, or a signal, stops the command where it is."""


class Desk(Protocol):
    """The operator's terminal.

    Attributes:
        firm: while True, nothing interrupts: a rollback goes to its end.

    """

    firm: bool

    def step(self, number: int, total: int, name: str, expected: float | None) -> None:
        """Tell that a step begins, and what it took in the rehearsal (seconds)."""

    def say(self, text: str) -> None:
        """Show lines."""

    def progress(self, step: dbt_runs.Step | Work | None) -> None:
        """Show where dbt or another program stands; None ends the bar."""

    def ask(self, question: str) -> Choice:
        """Ask at a decision point, or answer as `--yes` says."""


@dataclass
class Night:
    """One run of the night, or what is left of one.

    Attributes:
        target: name of the target.
        params: libpq keywords of its database.
        names: the schemas' names.
        journal: of the run.
        desk: the operator's terminal.
        hooks: the team's programs.
        environment: variables that dbt gets on top of this process's.
        variables: of the project, for dbt's `--vars`.

    """

    target: str
    params: Mapping[str, Any]
    names: Names
    journal: Journal
    desk: Desk
    hooks: Hooks
    environment: Mapping[str, str] = field(default_factory=dict)
    variables: Mapping[str, Any] = field(default_factory=dict)

    def connect(self, **keywords: Any) -> psycopg.Connection[Any]:
        """Open a session of the run's own, in autocommit mode."""
        named = {**self.params, "application_name": f"pggit cutover {self.journal.run}", **keywords}
        return psycopg.connect(**named, autocommit=True)

    def facts(self) -> dict[str, str]:
        """Return what hooks are told of the run, in `PGGIT_CUTOVER_*`."""
        return {
            "run": self.journal.run, "target": self.target, "database": str(self.params["dbname"]),
            "host": str(self.params["host"]), "port": str(self.params.get("port", "")),
            "user": str(self.params.get("user", "")), "folder": str(self.journal.folder),
            "archive": self.names.archive, "audit_schema": self.names.audit,
        }  # fmt: skip

    def wake(self) -> None:
        """Start the server again where it is the embedded one; any other comes back by itself."""
        if targets.credentials(self.target).is_embedded:
            targets.params(self.target)

    def note(self, step: str, event: journals.Event, **facts: Any) -> None:
        """Write to the journal: the file, and the table where the database is there and is ours to write.

        Raises:
            OSError: the file cannot be written. On the way back that is only said: nothing keeps v1 from coming back.

        """
        self._write(step, event, facts)
        self.save()

    def _write(self, step: str, event: journals.Event, facts: Mapping[str, Any]) -> None:
        try:
            self.journal.write(step, event, **facts)
        except OSError as error:
            if not self.desk.firm and event != "failed":
                raise
            self.desk.say(f"The journal cannot be written ({error}); the way back goes on without it.")

    def save(self) -> None:
        """Bring the table up to the file. Not before the freeze: v1 would record the table's creation."""
        if not self.journal.facts("freeze", "note"):
            return
        try:
            with self.connect(connect_timeout=5) as connection, connection.transaction():
                if v1.state(connection, self.names) in ("held", "archived"):
                    self.journal.save_to(connection, self.names.work)
        except psycopg.Error:
            return  # the file has it all

    def child(self, step: str) -> programs.Started:
        """Return what journals a child process, for whoever takes over if this one is killed."""

        def started(process: subprocess.Popen[str]) -> None:
            born, program = _born(process.pid), Path(_program(process)).name
            self._write(step, "note", {"process": process.pid, "born": born, "program": program})

        return started

    def end_leftovers(self) -> None:
        """End what a killed command of this run left running on this machine."""
        here = Holder.me().host
        for entry in self.journal.entries:
            pid, born = entry.facts.get("process"), entry.facts.get("born")
            if pid and born and entry.by.get("host") == here and programs.end_leftover(int(pid), float(born)):
                self.desk.say(f"Ended {entry.facts.get('program')} (process {pid}), left over from before.")

    def before(self) -> Before | None:
        """Return what v1 was before the run, from the journal's file, else from its table."""
        facts = self.journal.facts("freeze", "note")
        for entry in self.journal.entries:
            if "before" in entry.facts:
                facts = entry.facts
        if "before" not in facts:
            with self.connect() as connection:
                found = journals.from_database(connection, self.names.work, self.journal.folder.parent)
            for entry in found.entries if found else []:
                if "before" in entry.facts:
                    facts = entry.facts
        return Before.of_json(facts["before"]) if "before" in facts else None


def _born(pid: int) -> float:
    try:
        return psutil.Process(pid).create_time()
    except psutil.NoSuchProcess:
        return 0.0


def _program(process: subprocess.Popen[str]) -> str:
    arguments = process.args
    return str(arguments[0] if isinstance(arguments, list) else arguments)


def database(target: str | None) -> tuple[str, dict[str, Any]]:
    """Return a target's real name and libpq's keywords for its database, to which a connection was opened once.

    So a wrong target is told in dbt's words, before anything else. Raises as `targets.connect`.
    """
    with closing(targets.connect(target)):
        found = targets.credentials(target)
    return found.target_name, targets.params(target)
