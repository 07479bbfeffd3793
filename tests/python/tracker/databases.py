"""Fixtures: an embedded server of the tests' own, and empty databases on it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count

import psycopg
import pytest
from pggit_audit import embedded
from psycopg import sql
from psycopg.conninfo import make_conninfo

_numbers = count(1)


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[embedded.Server]:
    folder = tmp_path_factory.mktemp("server")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PGGIT_EMBEDDED_DIR", str(folder / "pg"))
        yield embedded.ensure_running(folder)
        embedded.stop(folder)


@pytest.fixture
def empty_database(server: embedded.Server) -> Iterator[str]:
    """The conninfo of a new database, dropped afterwards; the user is a superuser."""
    name = f"empty_{next(_numbers)}"
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
        yield make_conninfo(**server.params(name))
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))
