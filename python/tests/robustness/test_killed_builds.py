"""A build may be killed anywhere: the next one ends where an undisturbed one would have."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from project import (
    DATABASE,
    NO_TESTS,
    PUBLISHED,
    SAMPLE,
    Params,
    contents,
    dbt,
    differences,
    killed,
    new_database,
    read_until,
    shadows,
    started,
)

from pggit_audit import embedded
from pggit_audit.lab import recorded

BUILD = ("build", *NO_TESTS)

Unbuilt = Callable[[], Params]


@pytest.fixture(scope="module")
def unbuilt(server: embedded.Server) -> Iterator[Unbuilt]:
    """Makes a database with the sample, not migrated yet."""
    loaded = new_database(server.params("postgres"), "loaded")
    with psycopg.connect(**loaded) as connection:
        recorded.load_history(connection, SAMPLE)
    yield lambda: new_database(loaded, DATABASE, "loaded")
    execute(server.params("postgres"), f"drop database {DATABASE} with (force)", "drop database loaded")


def kill_a_build(params: Params, artifacts: Path, begun: str, seconds: float = 0) -> None:
    """Kill a build some time after dbt has said that it begins with a model."""
    process = started(params, artifacts, *BUILD)
    read_until(process, begun)
    time.sleep(seconds)
    killed(process)


def assert_the_next_build_ends_as_a_clean_one(params: Params, built: Params, artifacts: Path) -> None:
    done = dbt(params, artifacts, *BUILD)
    assert done.returncode == 0, done.stdout[-6000:]
    assert differences(contents(built, *PUBLISHED), contents(params, *PUBLISHED)) == {}
    assert shadows(params) == []


@pytest.mark.parametrize(
    "model",
    [
        "pggit_audit.changes",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in (
                "int_replay__live_objects",
                "int_replay__events",
                "int_git__trees",
                "pggit_v0.objects",
                "pggit_v0.commit_graph",
                "compliance_log",
                "pggit_v0.refs",
                "object_versions",
            )
        ),
    ],
)
def test_killed_when_a_model_begins(unbuilt: Unbuilt, built: Params, artifacts: Path, model: str) -> None:
    params = unbuilt()
    kill_a_build(params, artifacts, rf"START .*\b{re.escape(model)} ")
    assert_the_next_build_ends_as_a_clean_one(params, built, artifacts)


@pytest.mark.slow
def test_killed_again_and_again(unbuilt: Unbuilt, built: Params, artifacts: Path) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # pytest shows it when the test fails
    chance = random.Random(seed)
    params = unbuilt()
    for _ in range(4):
        kill_a_build(params, artifacts, rf" {chance.randrange(1, 60)} of \d+ ", chance.random())
    assert_the_next_build_ends_as_a_clean_one(params, built, artifacts)
