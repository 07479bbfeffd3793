"""v1 held, put away and put back: nobody writes it meanwhile, and it comes back as it was."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from helpers import execute
from nights import NAMES
from project import Params

from pggit_audit import waits
from pggit_audit.errors import Refusal
from pggit_audit.night import fingerprint, finish, sessions, v1
from pggit_audit.night.v1 import Before


@pytest.fixture
def connection(tracked: Params) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**tracked, application_name="pggit cutover test", autocommit=True) as opened:
        yield opened


def held(connection: psycopg.Connection) -> Before:
    return v1.freeze(connection, NAMES, "a run", lambda before: None)


WRITES = (
    "insert into pggit.branches (name) values ('late')",
    "update pggit.objects set version = 99 where false",
    "delete from pggit.history",
    "truncate pggit.history",
    "copy pggit.branches (name) from program 'echo late'",
    "set session_replication_role = replica; delete from pggit.history",
)


def test_nobody_writes_while_it_is_held_and_it_comes_back_as_it_was(connection: psycopg.Connection) -> None:
    before = fingerprint.take(connection, "pggit")
    frozen = held(connection)
    assert frozen.fingerprint == before
    assert frozen.probe.records
    assert v1.state(connection, NAMES) == "held"
    for write in WRITES:
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction, match="is held while its history moves"):
            connection.execute(write.encode())
        connection.execute("set session_replication_role = origin")
    connection.execute("create table public.unrecorded (a integer)")  # the tracker is off, and does not fail
    connection.execute("drop table public.unrecorded")
    assert v1.held_differences(connection, NAMES, frozen) == []
    v1.switch(connection, NAMES, frozen)
    assert v1.state(connection, NAMES) == "archived"
    with pytest.raises(psycopg.errors.ReadOnlySqlTransaction, match="is an archive and read-only"):
        connection.execute("delete from pggit_v1_archive.history")
    v1.switch(connection, NAMES, frozen)  # again: nothing is left to do
    found, probed = v1.put_back(connection, NAMES, frozen)
    assert before.differences(found) == []
    assert before.differences(fingerprint.take(connection, "pggit")) == []
    assert probed.records
    connection.execute("create table public.recorded (a integer)")
    row = connection.execute("select object_id from pggit.history order by id desc limit 1").fetchone()
    assert row is not None
    assert connection.execute("select to_regproc('pggit_audit_work.cutover_hold')").fetchone() == (None,)


@pytest.mark.parametrize(
    ("tampering", "said"),
    [
        (
            "delete from pggit_v1_archive.history where id = (select max(id) from pggit_v1_archive.history)",
            "rows of",
        ),
        ("alter function pggit_v1_archive.tracker_columns(text, text) volatile", "tracker_columns"),
        ("alter sequence pggit_v1_archive.history_id_seq restart 9", "history_id_seq"),
        ("drop event trigger pggit_tracker_drop", None),
    ],
)
def test_what_is_no_longer_as_it_was_is_not_put_back_unasked(
    connection: psycopg.Connection, tampering: str, said: str | None
) -> None:
    frozen = held(connection)
    v1.switch(connection, NAMES, frozen)
    execute_unheld(connection, tampering)
    if said is None:  # an event trigger that is gone is made anew
        v1.put_back(connection, NAMES, frozen)
        return
    with pytest.raises(Refusal, match=said):
        v1.put_back(connection, NAMES, frozen)
    assert v1.state(connection, NAMES) == "archived", "nothing was changed"
    assert v1.unheld(connection, NAMES, NAMES.archive) == []
    v1.put_back(connection, NAMES, frozen, as_it_is=True)
    assert v1.state(connection, NAMES) == "in place"


def execute_unheld(connection: psycopg.Connection, statement: str) -> None:
    connection.execute("alter table pggit_v1_archive.history disable trigger pggit_cutover_hold")
    connection.execute(statement.encode())
    connection.execute("alter table pggit_v1_archive.history enable always trigger pggit_cutover_hold")


def test_a_hold_that_somebody_took_away_stops_the_switch(connection: psycopg.Connection) -> None:
    frozen = held(connection)
    connection.execute("drop trigger pggit_cutover_hold on pggit.objects")
    with pytest.raises(Refusal, match=r"hold is gone from pggit\.objects"):
        v1.switch(connection, NAMES, frozen)
    connection.execute("alter table pggit.history disable trigger pggit_cutover_hold")
    assert v1.unheld(connection, NAMES, NAMES.pggit) == ["history", "objects"]
    assert v1.state(connection, NAMES) == "held"


def test_v1_twice_is_left_to_a_person(connection: psycopg.Connection) -> None:
    frozen = held(connection)
    v1.switch(connection, NAMES, frozen)
    connection.execute("create schema pggit")
    with pytest.raises(Refusal, match="both a schema pggit and a schema pggit_v1_archive"):
        v1.put_back(connection, NAMES, frozen)


def test_sessions_that_use_v1_are_named_and_ended(connection: psycopg.Connection, tracked: Params) -> None:
    with (
        psycopg.connect(**tracked, application_name="writer") as writer,
        psycopg.connect(**tracked, application_name="reader", autocommit=True) as reader,
        psycopg.connect(**tracked, application_name="bystander", autocommit=True) as bystander,
    ):
        writer.execute("insert into pggit.branches (name) values ('not committed')")
        reader.execute("select count(*) from pggit.history /* pggit.objects */")
        bystander.execute("select 'pggit.history' -- pggit.history")
        found = {s.application_name: s for s in sessions.using(connection, "pggit")}
        assert found.keys() == {"writer", "reader"}
        assert found["writer"].locked == ["branches"]
        said: list[str] = []
        ended = sessions.wait_and_end(connection, "pggit", 0.1, said.append, poll=0.02)
        assert len(ended) == 2
        assert "writer as postgres" in "\n".join(said)
        with pytest.raises(psycopg.OperationalError):
            writer.execute("select 1")
        bystander.execute("select 1")
    assert held(connection).history_rows > 0


def test_an_application_that_reconnects_and_writes_is_refused(
    connection: psycopg.Connection, tracked: Params
) -> None:
    stop, refused, written = threading.Event(), threading.Event(), []

    def application() -> None:
        while not stop.is_set():
            try:
                with psycopg.connect(**tracked, application_name="app", autocommit=True) as own:
                    row = own.execute(
                        "insert into pggit.branches (name) values (gen_random_uuid()) returning id"
                    )
                    written.append(row.fetchone())
            except (psycopg.errors.ReadOnlySqlTransaction, psycopg.errors.UndefinedTable):
                refused.set()
            except psycopg.OperationalError:
                continue  # its session was ended: it connects again

    thread = threading.Thread(target=application)
    thread.start()
    try:
        sessions.wait_and_end(connection, "pggit", 0.2, lambda line: None)
        frozen = held(connection)
        assert refused.wait(10)
        count = len(written)
        v1.switch(connection, NAMES, frozen)
        assert len(written) == count
    finally:
        stop.set()
        thread.join()
    v1.put_back(connection, NAMES, frozen)
    assert execute(tracked, "select count(*) from pggit.branches") == [(1 + count,)]


def _put_away(connection: psycopg.Connection) -> Before:
    frozen = held(connection)
    v1.switch(connection, NAMES, frozen)
    return frozen


WAITS: dict[
    str, tuple[Callable[[psycopg.Connection], object], Callable[[psycopg.Connection, Any], object], str, str]
] = {
    "freezes": (lambda _: None, lambda c, _: held(c), "in place", "lock table pggit.history"),
    "freezes, while somebody writes": (
        lambda _: None,
        lambda c, _: held(c),
        "in place",
        "update pggit.branches set name = 'late'",
    ),
    "switches": (
        held,
        lambda c, before: v1.switch(c, NAMES, before),
        "held",
        "lock table pggit.objects in access exclusive mode",
    ),
    "switches, while its schema is altered": (
        held,
        lambda c, before: v1.switch(c, NAMES, before),
        "held",
        "alter schema pggit owner to pg_monitor",
    ),
    "puts back": (
        _put_away,
        lambda c, before: v1.put_back(c, NAMES, before),
        "archived",
        "lock table pggit_v1_archive.branches",
    ),
    "puts back, while somebody reads": (
        _put_away,
        lambda c, before: v1.put_back(c, NAMES, before),
        "archived",
        "select * from pggit_v1_archive.history",
    ),
    "puts back, while event triggers are altered": (
        _put_away,
        lambda c, before: v1.put_back(c, NAMES, before),
        "archived",
        "alter event trigger pggit_tracker_drop enable",
    ),
    "ends": (
        lambda c: (_put_away(c), c.execute("create schema pggit_audit")),
        lambda c, _: finish._drop(c, NAMES),
        "archived",
        "select * from pggit_v1_archive.history",
    ),
}


@pytest.mark.parametrize("name", WAITS)
def test_each_step_waits_for_others_no_longer_than_it_says(
    connection: psycopg.Connection, tracked: Params, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    """Whoever is in the way is named, and nothing of the step is done."""
    prepare, step, state, holds = WAITS[name]
    before = prepare(connection)
    monkeypatch.setattr(v1, "LOCK_TIMEOUT", "1s")
    connection.execute("set lock_timeout = '1s'")
    was = fingerprint.take(connection, NAMES.archive if state == "archived" else NAMES.pggit)
    with psycopg.connect(**tracked, application_name="somebody's tool") as other:
        other.execute(holds.encode())
        with pytest.raises(psycopg.errors.LockNotAvailable) as caught:
            step(connection, before)
        said = waits.reason(caught.value, lambda: psycopg.connect(**tracked, autocommit=True))
        assert f"process {other.info.backend_pid} (user" in said
        assert "somebody's tool" in said
        other.rollback()
    assert v1.state(connection, NAMES) == state
    now = fingerprint.take(connection, NAMES.archive if state == "archived" else NAMES.pggit)
    assert was.differences(now) == []
    step(connection, before)  # and then it goes on
