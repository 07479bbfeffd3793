"""A database of v1 with rows of its own, for checks that only read."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import new_database

from pggit_audit import embedded

HERE = Path(__file__).parent


@pytest.fixture
def v1(server: embedded.Server) -> Iterator[psycopg.Connection[Any]]:
    """v1 as it is installed, with some of its functions and no history; what a test does there is rolled back."""
    params = new_database(server.params("postgres"), "preflight")
    with psycopg.connect(**params) as connection:
        for name in ("pggit_v1.sql", "pggit_v0.sql"):
            connection.execute(resources.files("pggit_audit").joinpath("sql", name).read_bytes())
        connection.execute((HERE / "v1_functions.sql").read_bytes())
        yield connection
        connection.rollback()
