"""The data of v1, and the place."""

from __future__ import annotations

from collections.abc import Callable
from importlib import resources
from typing import Any

import psycopg
import pytest
from project import PROJECT

from pggit_audit import cluster
from pggit_audit.errors import PggitError
from pggit_audit.night.preflight import check, place
from pggit_audit.night.preflight.calls import CallTable, read_seed
from pggit_audit.night.preflight.history import check_history
from pggit_audit.night.preflight.place import check_place
from pggit_audit.verdicts import Finding

TABLE = CallTable(read_seed(PROJECT))
Connection = psycopg.Connection[Any]

OBJECT = (
    "insert into pggit.branches (name) values ('main');"
    "insert into pggit.objects (id, object_type, schema_name, object_name) values (1, 'TABLE', 'public', 't');"
)
ROW = (
    "insert into pggit.history (id, object_id, change_type, change_severity, sql_executed, created_at, created_by)"
    " values ({}, 1, '{}', 'MINOR', {}, {}, {});"
)


def row(number: int, change: str, sql: str = "'x'", at: str = "'2024-01-01'", by: str = "'ann'") -> str:
    return ROW.format(number, change, sql, at, by)


DATA = {
    "no_history": "",
    "no_author": row(1, "CREATE", by="null"),
    "no_time": row(1, "CREATE", at="null"),
    "future_time": row(1, "CREATE", at="localtimestamp + interval '2 days'"),
    "no_statement": row(1, "CREATE", sql="' '"),
    "missing_ids": row(1, "CREATE") + row(3, "ALTER"),
    "no_create": row(1, "ALTER"),
    "several_creates": row(1, "CREATE") + row(2, "ALTER") + row(3, "CREATE"),
    "drop_before_create": row(1, "DROP") + row(2, "CREATE"),
    "archived_history": (
        "create table pggit.history_archive (like pggit.history including all);"
        + row(2, "ALTER")
        + row(1, "CREATE").replace("pggit.history", "pggit.history_archive")
    ),
    "tracker_paused": (
        "create table pggit.system_events (event_id serial, event_type text, event_data jsonb,"
        " created_at timestamptz default now());"
        "insert into pggit.system_events (event_type, created_at) values"
        " ('tracking_paused', '2024-01-01 10:00Z'), ('tracking_resumed', '2024-01-01 12:00Z'),"
        " ('emergency_disable', '2024-02-01 10:00Z');" + row(1, "CREATE")
    ),
    "function_tracking": (
        "create table pggit.function_versions (id integer); insert into pggit.function_versions values (1);"
        + row(1, "CREATE")
    ),
    "kept_out": row(1, "CREATE") + "create rule nothing as on insert to pggit.history do instead nothing",
    "not_moved": "create table pggit.notes (id integer); insert into pggit.notes values (1);"
    + row(1, "CREATE"),
}


@pytest.mark.parametrize("code", DATA)
def test_what_is_wrong_with_the_data_is_named(v1: Connection, code: str) -> None:
    v1.execute((OBJECT + DATA[code]).encode())
    found = check_history(v1, "pggit").findings
    assert {finding.code for finding in found} == {code, "tracker_off"}


def test_intervals_without_a_tracker_have_their_ends(v1: Connection) -> None:
    v1.execute((OBJECT + DATA["tracker_paused"]).encode())
    said = [f.message for f in check_history(v1, "pggit").findings if f.code == "tracker_paused"]
    assert len(said) == 2
    assert "paused at 2024-01-01 10:00 UTC until 2024-01-01 12:00 UTC" in said[0]
    assert "stopped in an emergency at 2024-02-01 10:00 UTC and was not resumed since" in said[1]


def test_a_tracker_at_work_and_one_that_is_switched_off(v1: Connection) -> None:
    v1.execute((OBJECT + row(1, "CREATE")).encode())
    v1.execute(
        "create function pggit.noticed() returns event_trigger language plpgsql as 'begin end';"
        "create event trigger pggit_ddl_trigger on ddl_command_end execute function pggit.noticed()"
    )
    assert check_history(v1, "pggit").findings == []
    for how in ("disable", "enable replica"):
        v1.execute(f"alter event trigger pggit_ddl_trigger {how}")
        assert [(f.code, f.severity) for f in check_history(v1, "pggit").findings] == [
            ("tracker_off", "warning")
        ]
    v1.execute("create event trigger pggit_drop_trigger on sql_drop execute function pggit.noticed()")
    (found,) = check_history(v1, "pggit").findings
    assert (
        "not wholly at work. Of its event triggers, these are disabled: pggit_ddl_trigger." in found.message
    )


def test_a_table_beside_the_history_is_not_read_where_that_runs_code_of_others(v1: Connection) -> None:
    v1.execute((OBJECT + DATA["not_moved"]).encode())
    v1.execute(
        "create role another; create function pggit.acts() returns integer immutable language sql as 'select 1';"
        " alter function pggit.acts() owner to another; create index acting on pggit.notes ((pggit.acts()))"
    )
    with pytest.raises(PggitError, match=r"index pggit\.acting calls pggit\.acts\(\), which another owns"):
        check_history(v1, "pggit")


def test_a_view_in_the_place_of_the_history_is_read(v1: Connection) -> None:
    v1.execute((OBJECT + row(1, "CREATE")).encode())
    profile = check_history(v1, "pggit").profile
    v1.execute(
        "alter table pggit.history rename to all_history; create view pggit.history as select * from pggit.all_history"
    )
    assert check_history(v1, "pggit").profile == profile


EATS = "on pggit.history for each row execute function pggit.eats()"


@pytest.mark.parametrize(
    ("made", "named"),
    [
        (f"create trigger one before insert {EATS}", "trigger one"),
        ("create rule nothing as on insert to pggit.history do instead nothing", "rule nothing"),
        ("alter table pggit.history enable row level security", "row security"),
        (f"create trigger later after insert {EATS}", None),
        (f"create trigger guard before delete {EATS}", None),
        ("create trigger held before insert on pggit.history execute function pggit.eats()", None),
    ],
)  # fmt: skip
def test_what_keeps_rows_out_of_the_history_is_named(v1: Connection, made: str, named: str | None) -> None:
    v1.execute((OBJECT + row(1, "CREATE")).encode())
    v1.execute(
        "create function pggit.eats() returns trigger language plpgsql as 'begin return null; end';" + made
    )
    said = [f.message.rsplit(": ", 1)[1] for f in check_history(v1, "pggit").findings if f.code == "kept_out"]
    assert said == ([f"{named}."] if named else [])


def test_the_profile_adds_up_over_the_archive(v1: Connection) -> None:
    v1.execute((OBJECT + DATA["archived_history"]).encode())
    profile = check_history(v1, "pggit").profile
    for dimension in ("kind", "month", "author", "branch"):
        assert [r["rows"] for r in profile if r["dimension"] == dimension] == [2]


def look(connection: Connection, **more: Any) -> list[Finding]:
    return check_place(connection, schema="pggit", v0="pggit_v0", audit="pggit_audit", **more)


def codes(connection: Connection, **more: Any) -> dict[str, str]:
    return {f.code: f.severity for f in look(connection, **more)}


def test_nothing_is_in_the_way_of_an_empty_place(v1: Connection) -> None:
    assert codes(v1) in ({}, {"disk_full": "warning"})


PLACES: dict[str, tuple[str, str, str]] = {
    "a publication of all tables": (
        "create publication everything for all tables",
        "publication_of_all",
        "warning",
    ),
    "upstream's own schema": (
        "create schema pggit_audit; create table pggit_audit.changes (change_id uuid, commit_sha text)",
        "audit_schema_taken",
        "blocker",
    ),
    "ours, and nothing keeps it": (
        "create schema pggit_audit; create table pggit_audit.changes (event_no bigint, object_identity text)",
        "installer_would_drop_us",
        "warning",
    ),
    "no pggit_v0": ("drop schema pggit_v0 cascade", "schema_missing", "blocker"),
    "a poor role": (
        "create role poor_one; grant usage on schema pggit, pggit_v0 to poor_one; set local role poor_one",
        "right_missing",
        "blocker",
    ),
    "a role that reads and makes no databases": (
        "create role no_maker; grant usage on schema pggit, pggit_v0 to no_maker;"
        "grant select on all tables in schema pggit to no_maker; grant create on database preflight to no_maker;"
        "grant all on all tables in schema pggit_v0 to no_maker; set local role no_maker",
        "right_missing",
        "blocker",
    ),
}


@pytest.mark.parametrize("name", PLACES)
def test_what_is_wrong_with_the_place_is_named(v1: Connection, name: str) -> None:
    before = codes(v1)
    statements, code, severity = PLACES[name]
    assert code not in before
    v1.execute(statements.encode())
    assert codes(v1)[code] == severity


def test_the_role_needs_no_more_than_the_readme_says(v1: Connection) -> None:
    v1.execute(PLACES["a role that reads and makes no databases"][0].encode())
    assert "right_missing" not in codes(v1, shadow="embedded")


def test_who_would_notice_the_switch_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Replication slots, publications of v1's schema and prepared transactions, on a server that has them."""
    binaries = cluster.find(15)
    if binaries is None:
        pytest.skip("no PostgreSQL 15 with contrib is installed")
    more = {"wal_level": "logical", "max_prepared_transactions": "2", "max_replication_slots": "2"}
    monkeypatch.setattr(cluster, "SETTINGS", {**cluster.SETTINGS, **more})
    with (
        cluster.throw_away_cluster(15, binaries) as server,
        psycopg.connect(**server, autocommit=True) as own,
    ):
        for name in ("pggit_v1.sql", "pggit_v0.sql"):
            own.execute(resources.files("pggit_audit").joinpath("sql", name).read_bytes())
        wanted = {"logical_slot", "publication_of_v1", "prepared_transaction"}
        assert not wanted & codes(own).keys()
        own.execute("select pg_create_logical_replication_slot('reader', 'test_decoding')")
        own.execute("create publication of_v1 for tables in schema pggit")
        own.execute("create publication of_others for tables in schema public")
        own.execute("begin; lock table pggit.history in share mode; prepare transaction 'left open'")
        found = {f.code: f for f in check_place(own, schema="pggit", v0="pggit_v0", audit="pggit_audit")}
        assert {code: found[code].severity for code in wanted & found.keys()} == {
            "logical_slot": "warning", "publication_of_v1": "warning", "prepared_transaction": "blocker",
        }  # fmt: skip
        assert (
            "reader" in found["logical_slot"].object and "left open" in found["prepared_transaction"].object
        )
        assert found["publication_of_v1"].object == "publication of v1 of_v1"
        own.execute("rollback prepared 'left open'")


def test_a_session_in_the_way_is_named(v1: Connection) -> None:
    v1.commit()
    with psycopg.connect(v1.info.dsn, application_name="the shop") as other:
        other.execute("select count(*) from pggit.history")
        found = [f for f in look(v1) if f.code == "session_in_the_way"]
        assert [f.object for f in found] == [f"session {other.info.backend_pid}"]
        assert "the shop" in found[0].message


def test_the_disk_is_measured(v1: Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    usage: Callable[[Any], Any] = lambda _: type("Usage", (), {"free": 1_000_000})  # noqa: E731
    monkeypatch.setattr(place.shutil, "disk_usage", usage)
    monkeypatch.setattr(place, "_is_there", lambda _: True)
    assert codes(v1)["disk_full"] == "warning"
    (finding,) = (f for f in look(v1, rehearsed_bytes=2_000_000) if f.code == "disk_full")
    assert finding.severity == "blocker" and "3 MB, as the rehearsal took; 1 MB are free" in finding.message
    monkeypatch.setattr(place, "_is_there", lambda _: False)
    assert codes(v1)["disk_unknown"] == "info"


def test_all_of_it_in_one_look(v1: Connection) -> None:
    v1.execute((OBJECT + row(1, "CREATE")).encode())
    found = check(v1, TABLE)
    assert {f.code for f in found.findings} <= {"tracker_off", "disk_full"}
    v1.execute("alter schema pggit rename to pggit_v1_archive")
    assert [f.code for f in check(v1, TABLE).findings] == ["already_moved"]
    v1.execute("alter schema pggit_v1_archive rename to elsewhere")
    assert "schema_missing" in {f.code for f in check(v1, TABLE).findings}
