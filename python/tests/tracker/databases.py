"""Fixtures: an embedded server of the tests' own, and empty databases on it."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import make_conninfo

from pggit_audit import embedded

_numbers = count(1)


@pytest.fixture(scope="session")
def server() -> Iterator[embedded.Server]:
    with tempfile.TemporaryDirectory(prefix="pggit-test-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        folder.chmod(0o755)  # for the user that root runs the server as
        patch.setenv("PGGIT_EMBEDDED_DIR", str(folder / "pg"))
        running = embedded.ensure_running(folder)
        with psycopg.connect(**running.params("postgres"), autocommit=True) as admin:
            # Nothing here is to outlive a power cut, and databases are made by the hundred.
            admin.execute("alter system set fsync = off")
            # It takes ids of transactions at moments of its own, and the distance between two says which is nearer.
            admin.execute("alter system set autovacuum = off")
            admin.execute("select pg_reload_conf()")
        yield running
        embedded.stop(folder)


@pytest.fixture
def empty_database(server: embedded.Server) -> Iterator[str]:
    """The conninfo of a new database, dropped afterwards; the user is a superuser."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        yield make_conninfo(**server.params(name))
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
