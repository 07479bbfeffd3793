"""Fixtures for all tests of this folder: servers of the tests' own, and empty databases on them."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from casebook.pipeline import Pipeline, compiled
from helpers import NAMED_BINARIES
from project import artifacts, built, tracked
from tracker.databases import empty_database, server

from pggit_audit import embedded
from pggit_audit.catalog import CatalogReader, Key, Writes, anywhere

__all__ = ["artifacts", "built", "empty_database", "named_server", "server", "server_18", "tracked"]

pytest_plugins = ["dbt.tests.fixtures.project"]


@pytest.fixture(autouse=True)
def _nothing_is_overlooked(monkeypatch: pytest.MonkeyPatch) -> None:
    """After each statement of each test, the short look at the catalog finds what a look at all of it finds."""
    touched, vanished = CatalogReader.touched, CatalogReader.vanished

    def both_touched(self: CatalogReader, horizon: int, writes: Writes) -> tuple[dict[Key, str], int]:
        found, new_horizon = touched(self, horizon, writes)
        assert found == touched(self, horizon, replace(anywhere(), deleted=writes.deleted))[0]
        return found, new_horizon

    def both_vanished(self: CatalogReader, keys: Iterable[Key], writes: Writes) -> set[Key]:
        found = vanished(self, keys, writes)
        assert found == vanished(self, keys, anywhere())
        return found

    monkeypatch.setattr(CatalogReader, "touched", both_touched)
    monkeypatch.setattr(CatalogReader, "vanished", both_vanished)


@pytest.fixture(scope="session")
def pipeline(server: embedded.Server, artifacts: Path) -> Pipeline:
    """The SQL of the project, compiled once for all small histories."""
    return compiled(server.params("postgres"), artifacts)


@pytest.fixture(scope="session")
def server_18() -> Iterator[embedded.Server]:
    """An embedded PostgreSQL 18, beside the session's own of the default version."""
    with tempfile.TemporaryDirectory(prefix="pggit-test-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # for the user that root runs the server as
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGGIT_EMBEDDED_DIR", str(folder / "pg"))
            patch.setenv("PGGIT_EMBEDDED_VERSION", "18")
            found = embedded.ensure_running(folder)
        with psycopg.connect(**found.params("postgres"), autocommit=True) as admin:
            admin.execute("alter system set autovacuum = off")
            admin.execute("select pg_reload_conf()")
        yield found
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("PGGIT_EMBEDDED_DIR", str(folder / "pg"))
            patch.setenv("PGGIT_EMBEDDED_VERSION", "18")
            embedded.stop(folder)


@pytest.fixture(scope="session")
def named_server() -> Iterator[dict[str, Any]]:
    """Debian's PostgreSQL 15, or another, on a TCP port with a password: libpq keywords of a superuser."""
    if not (NAMED_BINARIES / "initdb").exists():
        pytest.skip(f"there is no PostgreSQL in {NAMED_BINARIES}")
    folder = Path(tempfile.mkdtemp(prefix="pggit-test-"))
    folder.chmod(0o755)
    data = folder / "data"
    data.mkdir()
    who: dict[str, Any] = {}
    if os.geteuid() == 0:
        shutil.chown(data, "postgres", "postgres")
        who = {"user": "postgres", "group": "postgres", "extra_groups": []}
    password = folder / "password"
    password.write_text("a secret")
    password.chmod(0o644)

    def run(program: str, *arguments: str) -> None:
        command = [str(NAMED_BINARIES / program), "-D", str(data), *arguments]
        subprocess.run(command, check=True, cwd=data, stdout=subprocess.DEVNULL, **who)

    run("initdb", "-A", "scram-sha-256", "-U", "owner", f"--pwfile={password}", "-E", "UTF8", "--locale=C")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    options = f"-h 127.0.0.1 -p {port} -k '' -c timezone=UTC -c fsync=off -c autovacuum=off"
    run("pg_ctl", "-w", "-l", str(data / "log"), "-o", options, "start")
    yield {"host": "127.0.0.1", "port": port, "user": "owner", "password": "a secret", "dbname": "postgres"}
    run("pg_ctl", "-m", "immediate", "stop")
    shutil.rmtree(folder)
