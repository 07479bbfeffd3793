"""Sessions that one node leaves to the next: the same as new ones, and no more of them than needed at once."""

from __future__ import annotations

import multiprocessing
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from dbt.adapters.pggit import idle
from dbt.adapters.pggit.connections import PggitConnectionManager, PggitCredentials
from helpers import create_database, execute

from pggit_audit import embedded

LEFT = """
    select pg_catalog.current_setting('search_path'), pg_catalog.current_setting('lock_timeout'),
        pg_catalog.current_setting('work_mem'), pg_catalog.current_setting('DateStyle'), current_user,
        pg_catalog.to_regclass('pg_temp.left_over'), (select count(*) from pg_catalog.pg_prepared_statements),
        (select count(*) from pg_catalog.pg_locks where locktype = 'advisory' and pid = pg_catalog.pg_backend_pid()),
        (select count(*) from pg_catalog.pg_cursors where name = 'left_over'),
        (select count(*) from pg_catalog.pg_listening_channels())
"""
LEAVE = (
    "set search_path = public; set lock_timeout = '7s'; set work_mem = '5MB'; set datestyle = german; "
    "create temp table left_over (); prepare left_over as select 1; select pg_advisory_lock(5); "
    "declare left_over cursor with hold for select 1; listen left_over"
)


@pytest.fixture
def manager(server: embedded.Server) -> Iterator[PggitConnectionManager]:
    database = create_database(server.params("postgres"))
    execute(server.params(database), "do $$ begin create role someone; exception when others then end $$")
    params = server.params(database)
    credentials = PggitCredentials(
        host=str(params["host"]),
        port=params["port"],
        user=str(params["user"]),
        database=database,
        schema="public",
        role="someone",
    )
    profile = SimpleNamespace(credentials=credentials, target_name="staging", project_root=None)
    manager = PggitConnectionManager(profile, multiprocessing.get_context("spawn"))
    yield manager
    manager.cleanup_all()


def begin(manager: PggitConnectionManager, node: str) -> Any:
    return manager.set_connection_name(node).handle


def ask(handle: Any, query: str) -> Any:
    with handle.cursor() as cursor:
        cursor.execute(query)
        return cursor.fetchone() if cursor.description else None


def pid(handle: Any) -> int:
    return int(handle.info.backend_pid)


def test_the_next_node_gets_the_session_as_new(manager: PggitConnectionManager) -> None:
    first = begin(manager, "first")
    session, new = pid(first), ask(first, LEFT)
    assert new[4:] == ("someone", None, 0, 0, 0, 0)
    first.commit()
    ask(first, LEAVE)
    first.commit()
    assert ask(first, LEFT) != new
    manager.release()
    second = begin(manager, "second")
    assert pid(second) == session
    assert ask(second, LEFT) == new


def test_what_was_not_committed_is_undone(manager: PggitConnectionManager) -> None:
    ask(begin(manager, "first"), "create temp table left_over ()")
    manager.release()
    second = begin(manager, "second")
    assert not second.autocommit
    assert ask(second, "select pg_catalog.to_regclass('left_over')") == (None,)


def test_a_session_that_the_server_has_ended_is_not_given_again(manager: PggitConnectionManager) -> None:
    session = pid(begin(manager, "first"))
    manager.release()
    with manager.credentials.connect(autocommit=True, options="") as other:
        other.execute("select pg_terminate_backend(%s, 5000)", (session,))
    second = begin(manager, "second")
    assert pid(second) != session
    assert ask(second, "select 1") == (1,)


def test_a_session_that_ends_in_its_node_is_closed(manager: PggitConnectionManager) -> None:
    first = begin(manager, "first")
    with manager.credentials.connect(autocommit=True, options="") as other:
        other.execute("select pg_terminate_backend(%s, 5000)", (pid(first),))
    manager.release()
    assert first.closed
    assert ask(begin(manager, "second"), "select 1") == (1,)


def test_a_session_is_not_given_after_a_long_time(
    manager: PggitConnectionManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = begin(manager, "first")
    manager.release()
    monkeypatch.setattr(idle, "_LIFE", 0)
    assert begin(manager, "second") is not first
    assert first.closed


def test_at_the_end_none_is_left(manager: PggitConnectionManager) -> None:
    first = begin(manager, "first")
    manager.release()
    assert not first.closed
    manager.cleanup_all()
    assert first.closed
