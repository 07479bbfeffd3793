"""The other tests here trust `fingerprint` to notice a build that writes where it must not."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from helpers import execute
from project import Params, fingerprint, install_sources, new_database

from pggit_audit import embedded


@pytest.fixture(scope="module")
def sources(server: embedded.Server) -> Iterator[Params]:
    params = new_database(server.params("postgres"), "fingerprint")
    with psycopg.connect(**params) as connection:
        install_sources(connection)
        connection.execute("insert into pggit.branches (name) values ('main')")
        connection.execute("create function pggit.f() returns integer language sql as 'select 1'")
    yield params
    execute(server.params("postgres"), "drop database fingerprint")


@pytest.mark.parametrize(
    "statement",
    [
        "insert into pggit.branches (name) values ('other')",
        "update pggit.branches set name = name",
        "delete from pggit.branches where name = 'other'",
        "truncate pggit.history",
        "select nextval('pggit.history_id_seq')",
        "alter table pggit.history add column more text",
        "alter table pggit.history alter column sql_executed set default ''",
        "alter table pggit.history disable trigger all",
        "alter table pggit.history set (fillfactor = 50)",
        "create index on pggit.history (created_at)",
        "create view pggit.v as select 1",
        "create trigger t before insert on pggit.history execute function suppress_redundant_updates_trigger()",
        "create or replace function pggit.f() returns integer language sql as 'select 2'",
        "alter type pggit.change_type add value 'OTHER'",
        "comment on table pggit.history is 'x'",
        "grant select on pggit.history to public",
        "grant usage on schema pggit to public",
    ],
)
def test_a_write_is_noticed(sources: Params, statement: str) -> None:
    before = fingerprint(sources, "pggit")
    execute(sources, statement)
    assert fingerprint(sources, "pggit") != before


def test_upkeep_is_none(sources: Params) -> None:
    before = fingerprint(sources, "pggit")
    execute(sources, "vacuum analyze pggit.branches", "select count(*) from pggit.history")
    assert fingerprint(sources, "pggit") == before
