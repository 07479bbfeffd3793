"""What several test files use."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import psycopg

NAMED_BINARIES = Path(os.environ.get("PGGIT_TEST_BINARIES", "/usr/lib/postgresql/15/bin"))
"""Debian's server, where it is installed; or that of another version, by the folder of its programs."""


class Session:
    """What the functions of `pggit_audit.models` want of dbt; `said` is what they told it."""

    shadow_login = None
    project_root = Path()

    def __init__(self, params: dict[str, Any]) -> None:
        self._params = params
        self.said: list[str] = []

    def connect_params(self) -> dict[str, Any]:
        return self._params

    def info(self, text: str) -> None:
        self.said.append(text)


def execute(params: dict[str, Any], *statements: str) -> list[tuple[Any, ...]]:
    """Run statements, each committed by itself, and return the rows of the last one."""
    with psycopg.connect(**params, autocommit=True) as connection:
        for statement in statements:
            cursor = connection.execute(statement.encode())
        return cursor.fetchall() if cursor.description else []


def create_database(params: dict[str, Any], name: str = "adapter") -> str:
    """Create a database where it is not there yet, and return its name."""
    if not execute(params, f"select 1 from pg_database where datname = '{name}'"):
        execute(params, f"create database {name}")
    return name


def major_version(params: dict[str, Any]) -> int:
    with psycopg.connect(**params) as connection:
        return connection.info.server_version // 10000
