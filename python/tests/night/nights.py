"""Nights in one process: a run whose dbt is said to have built, for what does not depend on a build."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import Params

from pggit_audit import dbt_runs
from pggit_audit.night import plan
from pggit_audit.night.context import Choice, Night, Work
from pggit_audit.night.cutover import Cutover, Options, Outcome
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.journal import Journal
from pggit_audit.night.plan import Plan
from pggit_audit.night.v1 import Names

NAMES = Names()


class Desk:
    """Remembers what the operator was shown, and answers as it was told."""

    def __init__(self, *answers: Choice) -> None:
        self.firm = False
        self.lines: list[str] = []
        self.asked: list[str] = []
        self.works: list[Work] = []
        self.answers = list(answers)

    def step(self, number: int, total: int, name: str, expected: float | None) -> None:
        self.lines.append(f"{number}/{total} {name}")

    def say(self, text: str) -> None:
        self.lines.append(text)

    def progress(self, step: dbt_runs.Step | Work | None) -> None:
        self.works += [step] if isinstance(step, Work) else []

    def ask(self, question: str) -> Choice:
        self.asked.append(question)
        return self.answers.pop(0) if self.answers else "go on"

    @property
    def said(self) -> str:
        return "\n".join(self.lines)


def begin(
    params: Params, home: Path, desk: Desk | None = None, hooks: Path | None = None, **changed: Any
) -> Cutover:
    """Begin a run; `changed` are fields of its plan, or of its options."""
    options = {name: changed.pop(name) for name in ("grace", "hold_file", "yes") if name in changed}
    hook_seconds = changed.pop("hook_seconds", 10.0)
    with psycopg.connect(**params, autocommit=True) as connection:
        history = plan.history_prefix(connection, "pggit")
        version = connection.info.server_version // 10000
    made = Plan(
        **{
            "target": "staging", "database": params["dbname"], "server": "here", "server_version": version,
            "project_version": "0", "accept": 100.0, "window": 600.0, "observe": 0.0, "hooks": [],
            "expected": {"rollback": 1.0}, "history": history, "report": "", **changed,
        }
    )  # fmt: skip
    journal = Journal.begin(home)
    night = Night(
        "staging", params, NAMES, journal, desk or Desk(), Hooks(hooks, hook_seconds, {"run": journal.run})
    )
    journal.write("run", "begin", plan=made.as_json(), digest=made.digest)
    return Cutover(night, made, Options(**{"grace": 0.2, "yes": desk is None, **options}))


def again(run: Cutover, **options: Any) -> Cutover:
    """Take a run up again, as another process would: from its journal's file."""
    journal = Journal.open(run.journal.folder)
    night = run.night
    taken = Night(night.target, night.params, night.names, journal, Desk(), night.hooks)
    return Cutover(
        taken, Plan.of_json(journal.facts("run", "begin")["plan"]), Options(yes=True, grace=0.2, **options)
    )


def built_already(monkeypatch: pytest.MonkeyPatch, status: int = 0, *failures: str) -> None:
    """Let dbt have run: with an exit status, and with what failed."""

    def run(*arguments: str, target_path: Path, **_: Any) -> dbt_runs.Run:
        return dbt_runs.Run(arguments, target_path, status=status, failures=list(failures))

    monkeypatch.setattr(dbt_runs, "run", run)


def interrupted_at(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, error: BaseException) -> None:
    """Let a function end with an error, once it has done its work."""
    original: Callable[..., Any] = getattr(owner, name)

    def then_fail(*arguments: Any, **keywords: Any) -> Any:
        original(*arguments, **keywords)
        monkeypatch.setattr(owner, name, original)
        raise error

    monkeypatch.setattr(owner, name, then_fail)


def hook(folder: Path, name: str, script: str) -> Path:
    """Write a hook; the folder."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    path.chmod(0o755)
    return folder


def outcome(run: Cutover, decision: str) -> Outcome:
    """Run it, and see that it ends so."""
    found = run.run()
    assert found.decision == decision, (found, run.night.desk.said)  # type: ignore[attr-defined]
    return found


def process_of(pid: int) -> bool:
    """Tell whether a process is alive."""
    return subprocess.run(["kill", "-0", str(pid)], capture_output=True).returncode == 0
