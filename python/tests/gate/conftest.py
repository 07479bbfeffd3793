"""Fixtures of the gate's tests: the two states of the bookshop that are corrupted, once for all tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from bookshop import Bookshop, rebuild
from corruptions import Stage
from project import Params, new_database


@pytest.fixture(scope="session")
def bookshop(built: Params, artifacts: Path) -> Bookshop:
    return rebuild(built, artifacts)


@pytest.fixture(scope="session")
def before(bookshop: Bookshop) -> Iterator[Stage]:
    """The state in which the gate decides, and the tests that it had."""
    gate = {name: text for name, text in bookshop.tests.items() if bookshop.refused[name] != "skipped"}
    with psycopg.connect(**bookshop.before) as connection:
        yield Stage(connection, gate)


@pytest.fixture(scope="session")
def after(bookshop: Bookshop) -> Iterator[Stage]:
    """What was published, and all tests."""
    # a copy: while a session is connected, a database cannot be copied
    params = new_database(bookshop.after, "gate_noticed", template=bookshop.after["dbname"])
    with psycopg.connect(**params) as connection:
        yield Stage(connection, bookshop.tests)
