"""Places where a night runs as processes of its own: a server, a database with v1 at work, the command line."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
import tracker
from helpers import execute
from nights import NAMES
from project import PROJECT, SAMPLE, Params

from pggit_audit import embedded
from pggit_audit.lab import recorded
from pggit_audit.night import fingerprint, journal, v1
from pggit_audit.night.fingerprint import Fingerprint

SECONDS = 900


@dataclass
class Place:
    """A database with v1 at work, where its runs are journaled, and what the command line needs."""

    params: Params
    runs: Path
    environment: dict[str, str]
    earlier: frozenset[Path] = frozenset()

    def journals(self) -> frozenset[Path]:
        return frozenset(self.runs.glob("*/*/" + journal.FILE))

    def start(self, *arguments: str) -> subprocess.Popen[str]:
        return subprocess.Popen(
            [str(Path(sys.executable).with_name("pggit-audit")), *arguments],
            cwd=PROJECT, env=self.environment, text=True, start_new_session=True, stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip

    def run(self, *arguments: str) -> tuple[int, str]:
        process = self.start(*arguments)
        said = process.communicate(timeout=SECONDS)[0]
        return process.returncode, said

    def digest(self, *arguments: str) -> str:
        status, said = self.run("cutover", "--plan", "--without-rehearsal", *arguments)
        assert status == 0, said
        found = re.search(r"^Digest\s+(\S+)$", said, re.M)
        assert found, said
        return found[1]

    def begin(self, *more: str, plan: tuple[str, ...] = ("--observe", "0")) -> subprocess.Popen[str]:
        """Begin a cutover that asks nothing."""
        self.earlier = self.journals()
        arguments = ("--without-rehearsal", *plan, "--yes", "--grace", "1s", *more)
        return self.start("cutover", "--confirm", self.digest(*plan), *arguments)

    def wait_for(self, condition: Callable[[journal.Journal], bool], process: subprocess.Popen[str]) -> None:
        """Wait until the journal says so; the run is still under way then."""
        deadline = time.monotonic() + SECONDS
        while time.monotonic() < deadline:
            # read only: the journal is somebody else's
            found = self._copy_of_the_journal()
            if found is not None and condition(found):
                return
            assert process.poll() is None, process.communicate()[0]
            time.sleep(0.05)
        raise AssertionError("it took too long")

    def _copy_of_the_journal(self) -> journal.Journal | None:
        files = sorted(self.journals() - self.earlier)
        if not files:
            return None
        copy = self.runs.parent / "copy"
        copy.mkdir(exist_ok=True)
        shutil.copy(files[-1], copy / journal.FILE)
        return journal.Journal.open(copy)

    def fingerprint(self) -> Fingerprint:
        with psycopg.connect(**self.params, autocommit=True) as connection:
            return fingerprint.take(connection, "pggit")

    def state(self) -> str:
        with psycopg.connect(**self.params, autocommit=True) as connection:
            return v1.state(connection, NAMES)

    def records(self) -> bool:
        with psycopg.connect(**self.params) as connection:
            return fingerprint.probe(connection, "pggit").records


def prepare(params: Params) -> None:
    """Load the sample, and set a tracker to work on it."""
    with psycopg.connect(**params) as connection:
        recorded.load_history(connection, SAMPLE)
    with psycopg.connect(**params, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        text = Path(tracker.__file__).with_name("tracker.sql").read_text(encoding="utf-8")
        connection.execute(text.replace("insert into pggit.branches (name) values ('main');", "").encode())


@contextmanager
def a_place(tmp_path: Path, server: embedded.Server, dbname: str = "night") -> Iterator[Place]:
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("DBT_", "PGGIT_STAGING_"))
    }
    environment |= {
        "PGGIT_EMBEDDED_DIR": str(server.home), "PGGIT_STAGING_DBNAME": dbname, "COLUMNS": "120",
        "DBT_EXCLUDE_RESOURCE_TYPES": "test",  # the gate takes half of the time, and has tests of its own
        "PGGIT_NIGHT_DIR": str(tmp_path / "runs"), "PYTHONUNBUFFERED": "1",
    }  # fmt: skip
    params = server.params("postgres")
    execute(params, f"drop database if exists {dbname} with (force)", f"create database {dbname}")
    params = server.params(dbname)
    prepare(params)
    yield Place(params, tmp_path / "runs", environment)


@pytest.fixture(scope="module")
def own_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    """A server that may be killed."""
    folder = tmp_path_factory.mktemp("pggit-night")
    for parent in (folder, folder.parent):
        parent.chmod(0o755)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGGIT_EMBEDDED_DIR", str(folder / "pg"))
        server = embedded.ensure_running(folder)
        yield server
        embedded.stop(folder)


@pytest.fixture
def place(tmp_path: Path, own_server: embedded.Server) -> Iterator[Place]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGGIT_EMBEDDED_DIR", str(own_server.home))
        embedded.ensure_running(tmp_path)
        with a_place(tmp_path, own_server) as found:
            yield found


def begun(step: str) -> Callable[[journal.Journal], bool]:
    """Tell of a journal whether a step has begun."""
    return lambda found: found.last(step, "begin") is not None
