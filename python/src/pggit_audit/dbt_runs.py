"""dbt, run as a process of its own, and what its structured log says on the way."""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pggit_audit import embedded
from pggit_audit.targets import profiles_dir

FAILED = frozenset({"error", "fail", "runtime error"})
"""The statuses of dbt's results that end a run with a failure."""


@dataclass(frozen=True)
class Step:
    """Where a run stands: `done` of `total` nodes; `name` is the last one that began or ended."""

    name: str
    done: int
    total: int
    seconds: float
    seconds_left: float | None
    """What is left, judged by what these nodes took the last time; None while nothing is known."""


@dataclass
class Run:
    """One run of dbt.

    Attributes:
        arguments: dbt's, from the command on.
        status: dbt's exit status: 0 all is well, 1 something failed, 2 it did not come to run.
        seconds: how long it took.
        results: the status of each node by its unique id, of those that ran.
        failures: the messages of what failed, in dbt's words.
        errors: what dbt said as an error besides.
        tests: the SQL of each data test that failed, by its name: its rows are what is wrong.
        invocation_id: dbt's own name for the run.
        target: the folder with its artifacts, manifest.json and run_results.json.

    """

    arguments: Sequence[str]
    target: Path
    status: int = 0
    seconds: float = 0.0
    results: dict[str, str] = field(default_factory=dict)
    failures: list[str] = field(default_factory=list)
    errors: list[str] = field(default_factory=list)
    tests: dict[str, str] = field(default_factory=dict)
    invocation_id: str = ""

    @property
    def ok(self) -> bool:
        return self.status == 0

    def said(self, most: int = 10) -> str:
        """Return why it failed, for people: what failed, or else what dbt said."""
        lines = self.failures or self.errors
        more = [f"… and {len(lines) - most} more"] if len(lines) > most else []
        return "\n".join([*lines[:most], *more])


def run(
    *arguments: str,
    target: str | None = None,
    variables: Mapping[str, Any] | None = None,
    project: Path | None = None,
    target_path: Path | None = None,
    environment: Mapping[str, str] | None = None,
    on_step: Callable[[Step], None] | None = None,
    on_start: Callable[[subprocess.Popen[str]], None] | None = None,
) -> Run:
    """Run a command of dbt to its end: `run("build", "--select", "tag:x", target="production")`.

    Args:
        arguments: dbt's command and options.
        target: the target's name.
        variables: for `--vars`.
        project: the project's folder, by default the one around the working directory.
        target_path: where dbt writes its artifacts, by default the project's `target`.
        environment: variables on top of this process's.
        on_step: called at each node's begin and end.
        on_start: called with the process when it runs, for whoever may have to end it.

    """
    project = (project or embedded.project_dir()).resolve()
    artifacts = target_path or project / "target"
    known = _seconds_of_last_run(artifacts) or _seconds_of_last_run(project / "target")
    # Python would warn that the module has been imported by the time it runs.
    python = [sys.executable, "-W", "ignore::RuntimeWarning", "-m", "dbt.cli.main"]
    command = [
        *python, "--log-format", "json", "--log-level", "info", "--no-use-colors", *arguments,
        "--project-dir", str(project), "--profiles-dir", str(profiles_dir(project)),
        "--target-path", str(artifacts),
        *(("--target", target) if target else ()),
        *(("--vars", json.dumps(variables)) if variables else ()),
    ]  # fmt: skip
    begun = time.monotonic()
    found = Run(arguments, artifacts)
    progress = _Progress(known, begun)
    with subprocess.Popen(
        command,
        cwd=project,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        errors="replace",
        start_new_session=True,  # Ctrl-C is for the one who decides, not for dbt
    ) as process:
        if on_start is not None:
            on_start(process)
        try:
            assert process.stdout is not None
            for event in _events(process.stdout, found):
                step = progress.after(event)
                if step is not None and on_step is not None:
                    on_step(step)
                _note(event, found)
            process.wait()
        except BaseException:
            process.terminate()
            raise
    found.status = process.returncode
    found.seconds = time.monotonic() - begun
    _read_results(found)
    return found


def _events(lines: Iterator[str] | Any, found: Run) -> Iterator[dict[str, Any]]:
    """The events of dbt's log; a line that is none (a crash of Python) is told as an error."""
    for line in lines:
        try:
            event = json.loads(line)
            event["info"]["name"]
        except (ValueError, TypeError, KeyError):
            if line.strip():
                found.errors.append(line.rstrip())
            continue
        yield event


def _note(event: dict[str, Any], found: Run) -> None:
    info = event["info"]
    found.invocation_id = info.get("invocation_id", "")
    if info["level"] == "error":
        found.errors.append(str(info.get("msg", "")).rstrip())


def _read_results(found: Run) -> None:
    """Read what became of each node; what an earlier run left is none of ours."""
    artifact = _artifact(found.target)
    if artifact.get("metadata", {}).get("invocation_id") != found.invocation_id:
        return
    for result in artifact["results"]:
        node, status = result["unique_id"], result["status"]
        found.results[node] = status
        if status in FAILED:
            told = " ".join(str(result.get("message") or "").split())
            found.failures.append(f"{_name(node)}: {told}")
            if status == "fail" and result.get("compiled_code"):
                found.tests[_name(node)] = str(result["compiled_code"])


def _name(node: str) -> str:
    """`test.pggit_audit.log_is_whole.0c1d` is log_is_whole."""
    return node.split(".")[2] if node.count(".") > 1 else node


def _artifact(artifacts: Path) -> dict[str, Any]:
    try:
        found = json.loads((artifacts / "run_results.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


class _Progress:
    """Counts the nodes of a run and judges what is left of it."""

    def __init__(self, known: Mapping[str, float], begun: float) -> None:
        self.known = known
        self.begun = begun
        self.total = 0
        self.finished: list[str] = []

    def after(self, event: dict[str, Any]) -> Step | None:
        data = event.get("data") or {}
        if not ("index" in data and "total" in data and "node_info" in data):
            return None  # no line about a node
        node = data["node_info"]
        if str(node.get("unique_id", "")).startswith("operation."):
            return None  # a hook, which is counted by itself
        self.total = int(data["total"])
        if event["info"]["name"] != "LogStartLine":
            self.finished.append(node.get("unique_id", ""))
        seconds = time.monotonic() - self.begun
        done = len(self.finished)
        return Step(node.get("node_name", ""), done, self.total, seconds, self._left(seconds, done))

    def _left(self, seconds: float, done: int) -> float | None:
        if not self.total or not done:
            return None
        usual = statistics.fmean(self.known.values()) if self.known else 1.0
        worked = sum(self.known.get(node, usual) for node in self.finished)
        to_come = [took for node, took in self.known.items() if node not in self.finished]
        left = (statistics.fmean(to_come) if to_come else usual) * (self.total - done)
        return max(0.0, seconds * left / worked) if worked > 0 else None


def _seconds_of_last_run(artifacts: Path) -> dict[str, float]:
    """What each node took in the run whose results lie in a folder; empty where there are none."""
    results = _artifact(artifacts).get("results", [])
    return {result["unique_id"]: float(result["execution_time"]) for result in results}
