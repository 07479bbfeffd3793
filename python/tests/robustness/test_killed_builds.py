"""A build may be killed anywhere: the next one ends where an undisturbed one would have."""

from __future__ import annotations

import os
import random
import re
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from project import (
    APPEND_ONLY,
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


LATER = (Path(__file__).parents[1] / "gate" / "later.sql").read_text(encoding="utf-8")
RELATIONS = """
    select c.oid::regclass::text from pg_class as c
    where relnamespace = 'pggit_audit'::regnamespace and relkind in ('r', 'v') and relname !~ '__dbt_'
    order by 1
"""
LEFT_BEHIND = "select rolname::text from pg_roles where starts_with(rolname, 'pggit_shadow_')"


@pytest.fixture
def own_server() -> Iterator[Callable[[], embedded.Server]]:
    """A server that may be stopped in the middle of things; called, it starts again."""
    with tempfile.TemporaryDirectory(prefix="pggit-test-") as name, pytest.MonkeyPatch.context() as patch:
        folder = Path(name)
        folder.chmod(0o755)  # for the user that root runs the server as
        patch.setenv("PGGIT_EMBEDDED_DIR", str(folder / "pg"))
        yield lambda: embedded.ensure_running(folder)
        embedded.stop(folder)


def client_killed(params: Params, build: subprocess.Popen[str]) -> None:
    killed(build)


def backends_ended(params: Params, build: subprocess.Popen[str]) -> None:
    """All sessions of the build; what is left of it then ends by itself."""
    others = "select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type"
    execute(params, f"{others} = 'client backend'")
    build.communicate(timeout=300)


def server_stopped(params: Params, build: subprocess.Popen[str]) -> None:
    """As `pg_ctl stop -m immediate` does it: no session can tidy up."""
    ((data,),) = execute(params, "show data_directory")
    os.kill(int((Path(data) / "postmaster.pid").read_text().split()[0]), signal.SIGQUIT)
    build.communicate(timeout=300)


@pytest.mark.slow
def test_what_is_published_stays_whatever_ends_the_next_build(
    own_server: Callable[[], embedded.Server], tmp_path: Path
) -> None:
    seed = random.randrange(1 << 32)
    print(f"seed {seed}")  # pytest shows it when the test fails
    chance = random.Random(seed)
    params = new_database(own_server().params("postgres"), DATABASE)
    with psycopg.connect(**params) as connection:
        recorded.load_history(connection, SAMPLE)
    assert dbt(params, tmp_path, *BUILD).returncode == 0
    execute(params, LATER)
    undisturbed = new_database(params, "undisturbed", template=DATABASE)
    relations = execute(params, RELATIONS)
    ways = [client_killed, backends_ended, server_stopped]
    for number in range(10):
        before = contents(params, *PUBLISHED, clock=True)
        build = started(params, tmp_path, *BUILD)
        begun = rf" {chance.randrange(1, 90)} of \d+ START"
        read_until(build, begun)
        time.sleep(chance.random())
        way = ways[number % 3]
        way(params, build)
        own_server()
        after = contents(params, *PUBLISHED, clock=True)
        gone = {name for name in APPEND_ONLY if not set(before[name]) <= set(after[name])}
        assert gone == set(), (begun, way.__name__)
        missing = set(relations) - set(execute(params, RELATIONS))
        assert missing == set(), (begun, way.__name__)
        for (relation,) in relations:
            execute(params, f"select count(*) from {relation}")
    done = dbt(params, tmp_path, *BUILD)
    assert done.returncode == 0, done.stdout[-6000:]
    found = contents(params, *PUBLISHED)
    assert shadows(params) == []
    assert execute(params, LEFT_BEHIND) == []
    execute(params | {"dbname": "postgres"}, f"drop database {DATABASE} with (force)")
    whole = new_database(undisturbed, DATABASE, template="undisturbed")
    assert dbt(whole, tmp_path, *BUILD).returncode == 0
    assert differences(contents(whole, *PUBLISHED), found) == {}
