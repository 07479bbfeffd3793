"""A server that crashes under a statement comes back, and the walk goes on."""

from __future__ import annotations

import os
import signal
import threading
import time

import psycopg
import pytest
from attacks import Attack
from walking import expect_honest_rows, history

from pggit_audit import cluster
from pggit_audit.replay import Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.shadow import open_shadow


@pytest.mark.slow
def test_a_crash_is_a_finding() -> None:
    texts = [
        Attack("crashes", "do $$ begin perform pg_sleep(1000); end $$"),
        Attack("is nothing", "select 1"),
    ]
    rows = history(texts)
    with (
        cluster.throw_away_cluster(16, cluster.find(16)) as admin,
        open_shadow(admin, hidden=(), seconds=20) as shadow,
    ):
        stop = threading.Event()

        def crash() -> None:
            """Kills whatever sleeps, which takes all sessions of the server along."""
            while not stop.wait(0.3):
                try:
                    with psycopg.connect(**admin) as connection:
                        sleeping = connection.execute(
                            "select pid from pg_stat_activity where wait_event = 'PgSleep'"
                        ).fetchall()
                except psycopg.OperationalError:
                    continue
                for (pid,) in sleeping:
                    os.kill(pid, signal.SIGKILL)
                    time.sleep(1)

        killer = threading.Thread(target=crash, daemon=True)
        killer.start()
        events = list(Replay(shadow, Evidence(rows, ()), "main").run(rows))
        stop.set()
        killer.join()
    expect_honest_rows(events, texts)
    (crashed,) = [e for e in events if e.v1_version_id == 1]
    assert "terminated" in str(crashed.findings)
