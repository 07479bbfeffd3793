"""Where the adapter's test projects run: a database of their own on the session's embedded server."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest
from helpers import create_database

from pggit_audit import embedded


@pytest.fixture(scope="class")
def dbt_profile_target(server: embedded.Server) -> dict[str, Any]:
    database = create_database(server.params("postgres"))
    return {"type": "pggit", "threads": 2, "dbname": database, "user": embedded.USER}


@pytest.fixture(scope="session", autouse=True)
def no_settings_of_ours() -> Iterator[None]:
    """dbt's suite looks for target and logs in the project."""
    with pytest.MonkeyPatch.context() as patch:
        for name in [name for name in os.environ if name.startswith("DBT_")]:
            patch.delenv(name)
        yield


@pytest.fixture(scope="class")
def logs_dir(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """dbt's own fixture writes into the folder of the tests."""
    folder = str(tmp_path_factory.mktemp("logs"))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DBT_LOG_PATH", folder)
        yield folder
