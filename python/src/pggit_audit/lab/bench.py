"""Builds a recorded history on an embedded server of its own, and measures the build.

Everything happens in a temporary folder that is gone afterwards. The times are dbt's own, from
run_results.json. The yardstick is the raw execution: the statements that the replay ran, the recorded ones
and the inferred steps between them, run three times more, each in an empty database on the same server, with
nobody reading what they change; the middle time counts. The ratios of one run say more than its seconds, which
depend on the machine.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg.conninfo import make_conninfo

from pggit_audit import embedded, statements
from pggit_audit.errors import PggitError
from pggit_audit.lab import recorded

DATABASE = "measured"
RAW_DATABASE = "measured_raw"
LAYERS = ("staging", "replay", "git", "native", "changes", "audit", "publish", "migration")
PUBLISHED = ("objects", "tree_entries", "commit_graph")
"""The tables of pggit_v0 whose rows are counted."""

EXECUTIONS = """
    select
        change_sql,
        array(
            select r.statement
            from pggit_audit.repairs as r
            where r.v1_version_id between e.first_id and e.last_id and r.statement <> ''
            group by r.statement
            order by min(r.v1_version_id), min(r.step_no)
        )
    from (
        select execution_no, min(change_sql) as change_sql, min(version_id) as first_id, max(version_id) as last_id
        from pggit_audit_work.int_replay__executions
        where exclusion_reason is null
        group by execution_no
    ) as e
    order by execution_no
"""


@dataclass(frozen=True)
class Build:
    """One `dbt build` of a history; the server that it ran on is still up."""

    conninfo: str
    status: int
    output: str
    seconds: float
    max_rss_bytes: int
    target: Path

    def check(self) -> None:
        """Raises PggitError, with the end of dbt's output, where the build failed."""
        if self.status != 0:
            lines = self.output.rstrip().splitlines()
            summary = [i for i, line in enumerate(lines) if "Completed with" in line]
            told = "\n".join(lines[summary[-1] :] if summary else lines[-30:])
            raise PggitError(f"`dbt build` of this history ended with status {self.status}:\n{told}")


@dataclass(frozen=True)
class History:
    """A recorded history, and how it is to be built.

    Attributes:
        directory: with history.csv.gz, objects.csv.gz, live.sql …
        granularity: what becomes one commit, `version` or `transaction`.
        embedded_version: the embedded server's major version.
        with_ids: use the recorded ids of transactions, as on a physical copy.

    """

    directory: Path
    granularity: str = "version"
    embedded_version: str = "16"
    with_ids: bool = True


@contextmanager
def built(history: History) -> Iterator[Build]:
    """Loads and builds a history; its server and files last as long as the block.

    Args:
        history: which, and how.
    """
    project = embedded.project_dir()
    if not (project / "dbt_project.yml").is_file():
        raise PggitError(
            f"There is no dbt project at or above {project}. Nothing was built. Change to the project."
        )
    with tempfile.TemporaryDirectory(prefix="pggit-bench-") as folder:
        work = Path(folder)
        work.chmod(0o755)  # for the user that root runs the server as
        kept = {name: os.environ.get(name) for name in ("PGGIT_EMBEDDED_DIR", "PGGIT_EMBEDDED_VERSION")}
        os.environ["PGGIT_EMBEDDED_DIR"] = str(work / "pg")
        os.environ["PGGIT_EMBEDDED_VERSION"] = history.embedded_version
        try:
            server = embedded.ensure_running(work)
            try:
                yield _build(server, project, work, history)
            finally:
                embedded.stop(work)
        finally:
            for name, value in kept.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _build(server: embedded.Server, project: Path, work: Path, history: History) -> Build:
    _create_database(server, DATABASE)
    with psycopg.connect(**server.params(DATABASE)) as connection:
        recorded.load_history(connection, history.directory, with_ids=history.with_ids)
    environment = {
        **os.environ,
        "PGGIT_STAGING_HOST": str(server.socket_dir),
        "PGGIT_STAGING_PORT": str(embedded.PORT),
        "PGGIT_STAGING_USER": embedded.USER,
        "PGGIT_STAGING_PASSWORD": "",
        "PGGIT_STAGING_DBNAME": DATABASE,
    }
    command = [
        sys.executable, "-m", "dbt.cli.main", "--no-use-colors", "--log-path", str(work / "logs"),
        "build", "--target", "staging", "--project-dir", str(project), "--profiles-dir", str(project),
        "--target-path", str(work / "target"),
        "--vars", json.dumps({"commit_granularity": history.granularity}),
    ]  # fmt: skip
    output = work / "output"
    begun = time.monotonic()
    with output.open("w") as stream:
        process = subprocess.Popen(command, cwd=project, env=environment, stdout=stream, stderr=stream)
        # wait4, for the memory of this child alone
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return Build(
        make_conninfo(**server.params(DATABASE)),
        process.returncode,
        output.read_text(errors="replace"),
        time.monotonic() - begun,
        usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024),
        work / "target",
    )


def _create_database(server: embedded.Server, name: str) -> None:
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {name} template template0".encode())


# Measuring


@dataclass(frozen=True)
class Node:
    """One model or test of a run."""

    layer: str
    name: str
    is_test: bool
    publishes: bool
    seconds: float
    status: str


def read_nodes(target: Path) -> list[Node]:
    """The nodes of the run whose artifacts are in `target`, with their layers."""
    manifest = json.loads((target / "manifest.json").read_text(encoding="utf-8"))
    results = json.loads((target / "run_results.json").read_text(encoding="utf-8"))["results"]
    known = {**manifest["nodes"], **manifest.get("unit_tests", {}), **manifest.get("functions", {})}
    nodes = []
    for result in results:
        node = known.get(result["unique_id"], {})
        is_test = node.get("resource_type") in ("test", "unit_test")
        about = (
            [known[i] for i in node.get("depends_on", {}).get("nodes", []) if i in known]
            if is_test
            else [node]
        )
        nodes.append(
            Node(
                _layer(about[-1]) if about else "other",
                node.get("name", result["unique_id"]),
                is_test,
                not is_test and node.get("alias") in PUBLISHED and node.get("schema") == "pggit_v0",
                float(result["execution_time"]),
                result["status"],
            )
        )
    return nodes


def _layer(node: dict[str, Any]) -> str:
    folders = Path(node.get("original_file_path", "")).parts
    return next((layer for layer in LAYERS if layer in folders), "other")


@dataclass(frozen=True)
class Raw:
    """The raw execution: the seconds of each time, the statements, and how many of them failed."""

    seconds: Sequence[float]
    statements: int
    failed: int


def raw_execution(server: embedded.Server, times: int = 3) -> Raw:
    """Runs, in a new database each time, what the replay ran.

    The inferred steps of an execution come before its text, as most do; those that cannot be taken yet, behind it.
    """
    with psycopg.connect(**server.params(DATABASE)) as connection:
        executions = connection.execute(EXECUTIONS.encode()).fetchall()
    scripts = [
        (steps, [s.text for s in statements.split(text or "") if s.action != "refused"])
        for text, steps in executions
    ]
    runs = [_run_scripts(server, scripts) for _ in range(times)]
    return Raw([r[0] for r in runs], sum(len(steps) + len(script) for steps, script in scripts), runs[0][1])


def _run_scripts(
    server: embedded.Server, scripts: Sequence[tuple[list[str], list[str]]]
) -> tuple[float, int]:
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        admin.execute(f"drop database if exists {RAW_DATABASE}".encode())
    _create_database(server, RAW_DATABASE)
    with psycopg.connect(**server.params(RAW_DATABASE), autocommit=True) as connection:

        def run(script: Sequence[str]) -> list[str]:
            """Runs each statement; those that failed."""
            failed = []
            for statement in script:
                try:
                    connection.execute(statement.encode())
                except psycopg.Error:
                    failed.append(statement)
            return failed

        failed = 0
        begun = time.monotonic()
        for steps, recorded_statements in scripts:
            not_yet = run(steps)
            failed += len(run(recorded_statements))
            failed += len(run(not_yet))
        return time.monotonic() - begun, failed


def measure(build: Build) -> dict[str, Any]:
    """All figures of one build; seconds unless the name says otherwise."""
    nodes = read_nodes(build.target)
    models: dict[str, float] = defaultdict(float)
    tests: dict[str, float] = defaultdict(float)
    for node in nodes:
        (tests if node.is_test else models)[node.layer] += node.seconds
    replay = sum(n.seconds for n in nodes if n.name == "int_replay__events")
    publishing = sum(n.seconds for n in nodes if n.publishes)
    with psycopg.connect(build.conninfo) as connection:
        rows = {
            name: connection.execute(f"select count(*) from pggit_v0.{name}".encode()).fetchone()
            for name in PUBLISHED
        }
        history = connection.execute("select count(*) from pggit.history").fetchone()
    published = sum(row[0] for row in rows.values() if row)
    raw = raw_execution(embedded.locate())
    raw_seconds = statistics.median(raw.seconds)
    return {
        "history_rows": history[0] if history else 0,
        "build_seconds": build.seconds,
        "models_seconds": {layer: models[layer] for layer in (*LAYERS, "other") if layer in models},
        "tests_seconds": {layer: tests[layer] for layer in (*LAYERS, "other") if layer in tests},
        "replay_seconds": replay,
        "raw_seconds": raw_seconds,
        "raw_seconds_each": raw.seconds,
        "raw_statements": raw.statements,
        "raw_statements_failed": raw.failed,
        "replay_to_raw": replay / raw_seconds,
        "build_to_raw": build.seconds / raw_seconds,
        "published_rows": published,
        "published_rows_per_second": published / publishing if publishing else None,
        "python_max_rss_mb": build.max_rss_bytes / 1e6,
    }


# Printing


def run(history: History, *, as_json: bool) -> None:
    """Builds, measures and prints."""
    with built(history) as build:
        build.check()
        figures = measure(build)
    figures = {
        "history": history.directory.resolve().name,
        "granularity": history.granularity,
        "postgresql": int(history.embedded_version),
        **figures,
    }
    if as_json:
        print(json.dumps(figures, indent=2))
    else:
        _print(figures)


def _print(figures: dict[str, Any]) -> None:
    print(
        f"{figures['history']}: {figures['history_rows']} history rows, commits by {figures['granularity']}, "
        f"PostgreSQL {figures['postgresql']}"
    )
    print(f"  {'layer':<12}{'models':>9}{'tests':>9}   seconds, nodes added up")
    for layer in (*LAYERS, "other"):
        model, test = figures["models_seconds"].get(layer), figures["tests_seconds"].get(layer)
        if model is not None or test is not None:
            print(f"  {layer:<12}{model or 0:>9.2f}{test or 0:>9.2f}")
    each = ", ".join(f"{seconds:.2f}" for seconds in sorted(figures["raw_seconds_each"]))
    print(f"  whole build        {figures['build_seconds']:>9.2f} s, dbt's start included")
    print(
        f"  raw execution      {figures['raw_seconds']:>9.2f} s (the middle of {each}), "
        f"{figures['raw_statements']} statements, {figures['raw_statements_failed']} failed"
    )
    print(f"  replay             {figures['replay_seconds']:>9.2f} s")
    print(f"  replay / raw       {figures['replay_to_raw']:>9.2f}")
    print(f"  whole build / raw  {figures['build_to_raw']:>9.2f}")
    rate = figures["published_rows_per_second"]
    print(f"  into pggit_v0      {figures['published_rows']:>9} rows, {rate or 0:.0f} a second")
    print(f"  Python's memory    {figures['python_max_rss_mb']:>9.0f} MB at most")
