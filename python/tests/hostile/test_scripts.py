"""The script of a commit is the history's as well: what it runs is bounded, and leaves nothing behind."""

from __future__ import annotations

import time

import psycopg
import pytest
from attacks import in_an_index

from pggit_audit import cluster, embedded, limits
from pggit_audit import shadow as shadow_module
from pggit_audit.rebuilding import rebuild
from pggit_audit.shadow import open_shadow

# Code that was harmless while the history ran (it looked at what was there then) and is not where a commit is made.
CATCHES = "begin perform pg_sleep(3600); exception when query_canceled then null; end;"
FILLS = (
    "for i in 1..500 loop"
    " insert into public.filled select repeat('x', 1000) from generate_series(1, 1000); end loop;"
)
HONEST = "create table public.honest (id integer);"


@pytest.mark.parametrize(
    ("run", "said"),
    [(f"loop {CATCHES} end loop;", "caught its cancellation"), (FILLS, "wrote more than 20 MB")],
    ids=["never ends", "fills the disk"],
)
def test_a_script_is_ended_where_its_code_is_not(
    server: embedded.Server, monkeypatch: pytest.MonkeyPatch, run: str, said: str
) -> None:
    monkeypatch.setattr(shadow_module, "_GRACE", 0.5)
    monkeypatch.setattr(limits, "MOST_BYTES", 20 << 20)
    made = f"create table public.filled (t text); {in_an_index(run)}; {HONEST}"
    begun = time.monotonic()
    with open_shadow(server.params("postgres"), hidden=(), seconds=3) as shadow:
        shadow.search_path("public")
        failures = rebuild(shadow, f"set search_path = public; {made}", {})
        there = shadow.query("select from pg_catalog.pg_class where relname operator(pg_catalog.=) 'honest'")
    assert [f.statement.split(" (")[0] for f in failures] == ["create index on carried"]
    assert said in failures[0].message
    assert len(there) == 1, "and all else is made"
    assert time.monotonic() - begun < 60


def test_a_copy_in_a_script_ends_nothing(server: embedded.Server) -> None:
    """A commit of pggit_v0's own may have any text."""
    script = f"copy (select 1) to stdout; {HONEST} copy public.honest from stdin;"
    with open_shadow(server.params("postgres"), hidden=(), seconds=3) as shadow:
        failures = rebuild(shadow, script, {})
        there = shadow.query("select from pg_catalog.pg_class where relname operator(pg_catalog.=) 'honest'")
    assert len(failures) == 2
    assert len(there) == 1


@pytest.mark.slow
def test_a_transaction_that_a_script_prepares_keeps_no_shadow(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where the server has room for some; it would hold its locks, and its database, until a DBA comes."""
    monkeypatch.setitem(cluster.SETTINGS, "max_prepared_transactions", "5")
    with cluster.throw_away_cluster(16, cluster.find(16)) as admin:
        with open_shadow(admin, hidden=(), seconds=3) as shadow:
            rebuild(shadow, f"begin; {HONEST} prepare transaction 'stays'; commit;", {})
            prepared = shadow.query("select gid::text from pg_catalog.pg_prepared_xacts")
        assert prepared == [("stays",)]
        with psycopg.connect(**admin) as connection:
            left = connection.execute("select from pg_database where starts_with(datname, 'pggit_shadow_')")
            assert left.fetchall() == []
    assert "could not be dropped" not in caplog.text
