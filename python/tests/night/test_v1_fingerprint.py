"""A fingerprint notices whatever changes in v1, and nothing else; a probe leaves no trace."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from helpers import execute
from project import Params

from pggit_audit.errors import PggitError
from pggit_audit.night import fingerprint
from pggit_audit.night.fingerprint import Fingerprint


@pytest.fixture
def connection(tracked: Params) -> Iterator[psycopg.Connection]:
    with psycopg.connect(**tracked, autocommit=True) as opened:
        yield opened


# each in a database that the one before has changed; in the end nothing of the first fingerprint is left unproven
CHANGES = {
    "insert into pggit.branches (id, name) values (70, 'other')": 'rows of "pggit"."branches": 1 rows before, 2',
    "update pggit.history set created_by = 'mallory' where id = (select max(id) from pggit.history)": "rows of",
    "update pggit.history set created_by = null where id = (select min(id) from pggit.history)": "rows of",
    "select nextval('pggit.history_id_seq')": 'value of sequence "pggit"."history_id_seq": at ',
    "alter table pggit.history add column more text": "table pggit.history has changed",
    "alter table pggit.history alter column sql_executed set default ''": "table pggit.history has changed",
    "alter sequence pggit.history_id_seq increment 2": "sequence pggit.history_id_seq has changed",
    "create index early on pggit.history (created_at)": "index pggit.early is new",
    "create view pggit.v as select 1 as one": "view pggit.v is new",
    "create or replace view pggit.latest as select max(id) + 0 as id from pggit.history": "view pggit.latest has",
    "alter function pggit.tracker_columns(text, text) volatile": "function pggit.tracker_columns(",
    "alter type pggit.change_type add value 'OTHER'": "type pggit.change_type has changed",
    "alter domain pggit.percent set not null": "type pggit.percent has changed",
    "alter type pggit.pair add attribute c date": "composite type pggit.pair has changed",
    "alter event trigger pggit_tracker_ddl disable": "event trigger pggit_tracker_ddl has changed",
    "alter event trigger pggit_tracker_drop enable always": "event trigger pggit_tracker_drop has changed",
    "comment on event trigger pggit_tracker_ddl is 'x'": "comment on event trigger pggit_tracker_ddl has changed",
    "comment on table pggit.history is 'x'": "comment on table pggit.history is new",
    "comment on column pggit.history.sql_executed is null": "is gone",
    "grant delete on pggit.objects to public": "table pggit.objects: rights has changed",
    "grant usage on schema pggit to pg_monitor": "schema pggit: rights has changed",
    "alter policy everyone on pggit.commits using (false)": "policy everyone on pggit.commits has changed",
    "alter table pggit.commits force row level security": "table pggit.commits has changed",
    "drop rule quiet on pggit.latest": "rule quiet on pggit.latest is gone",
    "create trigger t before insert on pggit.history execute function suppress_redundant_updates_trigger()":
        "trigger t on pggit.history is new",
    "alter table pggit.history disable trigger t": "trigger t on pggit.history has changed",
    "alter table pggit.branches add check (id > 0) not valid": "table constraint branches_id_check",
    "alter table pggit.branches validate constraint branches_id_check": "table constraint branches_id_check",
    "create statistics pggit.s on id, name from pggit.branches": "statistics object pggit.s is new",
    "alter publication changes_of_v1 drop table pggit.history": "publication changes_of_v1",
    "alter default privileges in schema pggit grant select on tables to public": "default rights of",
}  # fmt: skip


def test_every_change_is_noticed_and_named(connection: psycopg.Connection) -> None:
    connection.execute("alter event trigger pggit_tracker_ddl disable")
    before = fingerprint.take(connection, "pggit")
    for statement, said in CHANGES.items():
        if statement.endswith("pggit_tracker_ddl disable"):
            statement = statement.replace("disable", "enable")
        connection.execute(statement.encode())
        after = fingerprint.take(connection, "pggit")
        assert after.digest != before.digest, statement
        assert any(said in line for line in before.differences(after)), (statement, before.differences(after))
        if statement.startswith("alter event trigger pggit_tracker_ddl"):
            connection.execute("alter event trigger pggit_tracker_ddl disable")
            after = fingerprint.take(connection, "pggit")
        before = after


def test_upkeep_and_a_rename_there_and_back_are_no_change(connection: psycopg.Connection) -> None:
    connection.execute("alter event trigger pggit_tracker_ddl disable")
    before = fingerprint.take(connection, "pggit")
    for statement in (
        "vacuum (full, analyze) pggit.history",
        "update pggit.history set id = id",  # rows move, and stay the same
        "alter schema pggit rename to elsewhere",
        "alter schema elsewhere rename to pggit",
        "set search_path = pggit, public",
        "set timezone = 'Asia/Kolkata'",
        "set datestyle = 'German'",
    ):
        connection.execute(statement.encode())
    assert before.differences(fingerprint.take(connection, "pggit")) == []
    assert connection.execute("show timezone").fetchone() == ("Asia/Kolkata",), "the session's settings stay"


def test_equal_rows_are_counted(connection: psycopg.Connection) -> None:
    connection.execute("alter event trigger pggit_tracker_ddl disable")
    connection.execute("create table pggit.twice (a text); insert into pggit.twice values ('x'), ('x')")
    two = fingerprint.rows_of(connection, "pggit", "twice")
    connection.execute("insert into pggit.twice values ('x'), ('x')")
    assert fingerprint.rows_of(connection, "pggit", "twice") != two


def test_json_there_and_back(connection: psycopg.Connection) -> None:
    taken = fingerprint.take(connection, "pggit")
    document = taken.as_json()
    assert Fingerprint.of_json(document) == taken
    document["items"]["rows of nothing"] = "0 rows"
    with pytest.raises(PggitError, match="changed after it was taken"):
        Fingerprint.of_json(document)
    with pytest.raises(PggitError, match="format 2"):
        Fingerprint.of_json({**document, "format": 2})


def test_no_such_schema(connection: psycopg.Connection) -> None:
    with pytest.raises(PggitError, match="no schema nothing_here"):
        fingerprint.take(connection, "nothing_here")


def test_the_probe_sees_the_tracker_record_and_leaves_no_trace(connection: psycopg.Connection) -> None:
    before = fingerprint.take(connection, "pggit")
    with connection.transaction():
        assert fingerprint.probe(connection, "pggit").records
    assert before.differences(fingerprint.take(connection, "pggit")) == []
    # a statement of one's own would have moved the sequences, even rolled back
    with connection.transaction(force_rollback=True):
        connection.execute("create table public.t (a integer)")
    assert before.differences(fingerprint.take(connection, "pggit")) != []


@pytest.mark.parametrize(
    ("statement", "error"),
    [
        ("alter event trigger pggit_tracker_ddl disable", ""),
        ("alter table pggit.history rename column change_description to words", "change_description"),
    ],
)
def test_the_probe_sees_a_tracker_that_does_not_record(tracked: Params, statement: str, error: str) -> None:
    execute(tracked, "alter event trigger pggit_tracker_drop disable")
    with psycopg.connect(**tracked, autocommit=True) as connection:
        connection.execute("alter event trigger pggit_tracker_ddl disable")
        connection.execute(statement.encode())
        if error:
            connection.execute("alter event trigger pggit_tracker_ddl enable")
        with connection.transaction():
            probed = fingerprint.probe(connection, "pggit")
    assert not probed.records
    assert error in probed.error
