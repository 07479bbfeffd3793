"""A server that crashes under a statement comes back, and the walk goes on."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest
from attacks import Attack
from helpers import Session
from walking import expect_honest_rows, history, replayed

from pggit_audit import cluster
from pggit_audit.replay import Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.shadow import open_shadow

TEXTS = [
    Attack("is nothing", "select 1"),
    Attack("crashes", "do $$ begin perform pg_sleep(1000); end $$"),
    Attack("is nothing either", "select 1"),
]


@contextmanager
def crashing(admin: dict[str, Any], after: float = 0) -> Iterator[None]:
    """Kills whatever sleeps, which takes all sessions of the server along, and commits that were not written yet.

    Args:
        admin: a superuser's libpq keywords.
        after: seconds that it waits before; in one all commits are written.

    """
    stop = threading.Event()

    def crash() -> None:
        while not stop.wait(0.1):
            try:
                with psycopg.connect(**admin) as connection:
                    sleeping = connection.execute(
                        "select pid from pg_stat_activity where wait_event = 'PgSleep'"
                    ).fetchall()
            except psycopg.OperationalError:
                continue
            for (pid,) in sleeping:
                time.sleep(after)
                os.kill(pid, signal.SIGKILL)
                time.sleep(1)

    killer = threading.Thread(target=crash, daemon=True)
    killer.start()
    try:
        yield
    finally:
        stop.set()
        killer.join()


@pytest.mark.slow
def test_a_crash_is_a_finding() -> None:
    texts = TEXTS[1:]
    rows = history(texts)
    with (
        cluster.throw_away_cluster(16, cluster.find(16)) as admin,
        open_shadow(admin, hidden=(), seconds=20) as shadow,
        crashing(admin, after=2),
    ):
        events = list(Replay(shadow, Evidence(rows, ()), "main").run(rows))
    expect_honest_rows(events, texts)
    (crashed,) = [e for e in events if e.v1_version_id == 1]
    assert "terminated" in str(crashed.findings)


@pytest.mark.slow
def test_a_crash_that_loses_commits_takes_the_walk_back_to_its_start() -> None:
    with cluster.throw_away_cluster(16, cluster.find(16)) as admin:
        with psycopg.connect(**admin, autocommit=True) as connection:
            # What was committed stays in memory alone for that long.
            connection.execute("alter system set wal_writer_delay = '10s'")
            connection.execute("select pg_reload_conf()")
        session = Session(admin)
        with crashing(admin):
            events = replayed(TEXTS, session)
    assert any("once more" in text and "crashed" in text for text in session.said), session.said
    told = {e["v1_version_id"]: e for e in events if e["origin"] == "v1"}
    assert [told[2 * i + 2]["new_definition"] for i in range(3)] == [
        f"CREATE TABLE public.honest_{i} (\n    id integer\n);" for i in range(3)
    ]
    assert "terminated" in str(told[3]["findings"])
