"""The watch: healthy after a cutover, and each tampering is found by the check that is meant to."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from nights import NAMES, Desk, begin, built_already, outcome
from project import PROJECT, Params, new_database

from pggit_audit import verdicts
from pggit_audit.cli import main
from pggit_audit.errors import PggitError
from pggit_audit.night import finish, metrics, monitor, v1
from pggit_audit.night.context import Night
from pggit_audit.night.health import Health
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.journal import Journal

NEWEST = "(select max(event_no) from pggit_audit.changes)"
AS_OWNER = "set local session_replication_role = replica;"
"""What whoever owns the tables can do: no trigger fires."""

TAMPERINGS = {
    "a change's author": (
        AS_OWNER + "update pggit_audit.changes set author = 'mallory' where v1_version_id = 60", "figures"
    ),
    "a change that is gone": (AS_OWNER + f"delete from pggit_audit.changes where event_no = {NEWEST}", "figures"),
    "a version that is gone": (
        AS_OWNER + "delete from pggit_audit.object_versions where version_number = 1 and object_name = 'books'",
        "figures",
    ),
    "an excluded row that is gone": (
        AS_OWNER + "delete from pggit_audit.excluded_history where v1_version_id = 3", "figures"
    ),
    "a current version's definition": (
        AS_OWNER + "update pggit_audit.object_versions set definition = definition || ' ' where is_current", "objects"
    ),
    "an entry of the log": (
        AS_OWNER + "update pggit_audit.compliance_log set verification_status = 'PASSED' where entry_no ="
        " (select min(entry_no) from pggit_audit.compliance_log where verification_status = 'PENDING')", "chain"
    ),
    "the log's last entry": (
        AS_OWNER + "delete from pggit_audit.compliance_log where entry_no ="
        " (select max(entry_no) from pggit_audit.compliance_log)", "chain"
    ),
    "a blob": (
        "update pggit_v0.objects set content = content || ' ' where sha = (select object_sha from pggit_v0.tree_entries"
        " join pggit_v0.commit_graph using (tree_sha) where commit_sha ="
        " (select target_sha from pggit_v0.refs where name = 'refs/heads/main') limit 1)", "shas"
    ),
    "an entry of HEAD's tree": (
        "delete from pggit_v0.tree_entries where path = 'public.books' and tree_sha = (select tree_sha from"
        " pggit_v0.commit_graph where commit_sha ="
        " (select target_sha from pggit_v0.refs where name = 'refs/heads/main'))",
        "figures",
    ),
    "a commit's message": (
        "update pggit_v0.objects set content = content || '.' where sha ="
        " (select target_sha from pggit_v0.refs where name = 'refs/heads/main')", "shas"
    ),
    "a branch moved back": (
        "update pggit_v0.refs set target_sha ="
        " (select commit_sha from pggit_v0.commit_graph order by generation limit 1) where name = 'refs/heads/main'",
        "head",
    ),
    "HEAD on a branch that is none": ("update pggit_v0.head set ref_name = 'refs/heads/nowhere'", "head"),
    "a guard that is gone": ("drop trigger changes_no_delete on pggit_audit.changes", "guards"),
    "the archive's guard": (
        "drop trigger pggit_cutover_hold on pggit_v1_archive.objects", "archive"
    ),
    "a row of the archive": (
        AS_OWNER + "alter table pggit_v1_archive.history disable trigger all; update pggit_v1_archive.history"
        " set created_by = 'mallory' where id = 60; alter table pggit_v1_archive.history enable always trigger"
        " pggit_cutover_hold", "archive"
    ),
    "the archive's guard is for some writes": (
        "drop trigger pggit_cutover_hold on pggit_v1_archive.objects; create trigger pggit_cutover_hold"
        " before insert on pggit_v1_archive.objects for each statement"
        " execute function pggit_audit_work.cutover_hold();"
        " alter table pggit_v1_archive.objects enable always trigger pggit_cutover_hold", "archive"
    ),
    "what the archive's guard does": (
        "create or replace function pggit_audit_work.cutover_hold() returns trigger language plpgsql"
        " set search_path = pg_catalog as $$ begin if tg_table_name = 'history' then raise exception 'held' using"
        " errcode = 'read_only_sql_transaction'; end if; return null; end $$", "archive"
    ),
    "the tracker turned on": ("alter event trigger pggit_tracker_drop enable", "place"),
}  # fmt: skip


@pytest.fixture
def run(published: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Journal:
    built_already(monkeypatch)
    begun = begin(published, tmp_path)
    outcome(begun, "done")
    return begun.journal


# With the run's file at hand.
OF_THE_JOURNAL = {
    "an entry is edited": "update pggit_audit_work.cutover_journal set facts = facts || '{\"x\": 1}' where entry = 2",
    "another time": "update pggit_audit_work.cutover_journal set at = at + interval '1 second' where entry = 3",
    "an entry is gone": "delete from pggit_audit_work.cutover_journal where entry = 2",
    "all are gone": "delete from pggit_audit_work.cutover_journal",
    "the table is gone": "drop table pggit_audit_work.cutover_journal",
    "an entry more": "insert into pggit_audit_work.cutover_journal select run, 9999, at, step, event, facts, by"
    " from pggit_audit_work.cutover_journal where entry = 1",
    "two change places": "update pggit_audit_work.cutover_journal set entry = case entry when 2 then -3 else -2 end"
    " where entry in (2, 3); update pggit_audit_work.cutover_journal set entry = -entry where entry < 0",
}


def test_a_journal_that_is_not_the_runs_is_found(published: Params, run: Journal) -> None:
    with psycopg.connect(**published, autocommit=True) as connection:
        for name, tampering in {"nothing": "select 1", **OF_THE_JOURNAL}.items():
            with connection.transaction(force_rollback=True):
                connection.execute(tampering.encode())
                health = monitor.look(connection, NAMES, run)
            wrong = {"journal"} if name != "nothing" else set()
            assert failed(health) == wrong, (name, [check for check in health.checks if not check.ok])


def failed(health: Health) -> set[str]:
    return {check.name for check in health.checks if not check.ok}


def test_every_tampering_is_found(published: Params, run: Journal) -> None:
    with psycopg.connect(**published, autocommit=True) as connection:
        assert monitor.look(connection, NAMES, run).healthy
        for name, (tampering, check) in TAMPERINGS.items():
            with connection.transaction(force_rollback=True):
                connection.execute(tampering.encode())
                health = monitor.look(connection, NAMES, run)
            assert check in failed(health), (name, failed(health))
        health = monitor.look(connection, NAMES, run)
        assert health.healthy, [check for check in health.checks if not check.ok]

        # a table that the server itself refuses to change is as good as guarded
        for what, identity in (("before", "default"), ("after", "full")):
            connection.execute(f"alter table pggit_audit.repairs replica identity {identity}".encode())
            connection.execute("create publication everything for all tables")
            health = monitor.look(connection, NAMES, run)
            # the publication itself is in no commit
            assert failed(health) == {"drift"}, (what, [check for check in health.checks if not check.ok])
            connection.execute("drop publication everything")

        # what only other sessions see
        connection.execute("create table public.without_a_commit (a integer)")
        health = monitor.look(connection, NAMES, run)
        assert failed(health) == {"drift"}
        found = next(check for check in health.checks if check.name == "drift")
        assert "public.without_a_commit" in found.message
        assert found.severity == "warning"


@pytest.mark.slow
def test_the_command_ends_with_1_after_each_tampering(
    published: Params, run: Journal, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As cron sees it, each in a copy of the moved database: 0 before, 1 behind."""
    monkeypatch.chdir(PROJECT)
    monkeypatch.setenv("PGGIT_NIGHT_DIR", str(run.folder.parent / "nowhere"))
    for name, (tampering, check) in {"nothing": ("select 1", ""), **TAMPERINGS}.items():
        params = new_database(published, "tampered", str(published["dbname"]))
        for variable in ("host", "port", "user", "dbname"):
            monkeypatch.setenv(f"PGGIT_STAGING_{variable.upper()}", str(params[variable]))
        with psycopg.connect(**params) as connection:
            connection.execute(tampering.encode())
        assert main(["monitor", "--json"]) == (1 if check else 0), name
        found = json.loads(capsys.readouterr().out)
        bad = {one["code"] for one in found["checks"] if not one["ok"] and one["severity"] == "blocker"}
        assert check in bad if check else not bad, (name, bad)
    execute(published, "drop database tampered with (force)")


def test_a_view_on_v1_that_followed_it_is_no_drift(
    published: Params, run: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def tree(*_: object) -> dict[str, tuple[str, str]]:
        return {
            "public.on_v1": (
                "sha",
                "CREATE VIEW public.on_v1 AS\n SELECT max(history.id) FROM pggit.history;",
            )
        }

    monkeypatch.setattr(monitor, "_tree", tree)
    with psycopg.connect(**published, autocommit=True) as connection:
        for table, is_ok in (("history", True), ("objects", False)):
            text = f"CREATE VIEW public.on_v1 AS\n SELECT max(history.id) FROM pggit_v1_archive.{table};"
            monkeypatch.setattr(monitor, "_live", lambda *_, text=text: {"public.on_v1": text})
            found = next(c for c in monitor.look(connection, NAMES, run).checks if c.name == "drift")
            assert found.ok == is_ok


def test_a_routine_of_v1s_types_that_followed_them_is_no_drift(
    published: Params, run: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    def named(schema: str) -> tuple[str, str]:
        return f"public.f({schema}.kind)", f"CREATE OR REPLACE FUNCTION public.f(k {schema}.kind) …;"

    path, text = named("pggit")
    with psycopg.connect(**published, autocommit=True) as connection:
        for content, is_ok in ((text, True), (text + " ", False), (None, False)):
            monkeypatch.setattr(monitor, "_tree", lambda *_, content=content: {path: ("sha", content)})
            monkeypatch.setattr(monitor, "_live", lambda *_: dict([named("pggit_v1_archive")]))
            found = next(c for c in monitor.look(connection, NAMES, run).checks if c.name == "drift")
            assert found.ok == is_ok, found.message


def test_slow_queries_and_late_commits_are_warnings(
    published: Params, run: Journal, monkeypatch: pytest.MonkeyPatch
) -> None:
    with psycopg.connect(**published, autocommit=True) as connection:
        with monkeypatch.context() as patch:
            patch.setattr(monitor, "MILLISECONDS", 0.0)
            assert failed(monitor.look(connection, NAMES, run)) == {"queries"}
            slow = {name: {"p50_ms": 5000.0, "p95_ms": 5000.0} for name in monitor.queries.QUERIES}
            assert monitor.look(connection, NAMES, run, slow).healthy
        connection.execute(
            "insert into pggit_v0.objects select 'c' || sha, type, size, content, now() - interval '2 days'"
            " from pggit_v0.objects where sha = (select target_sha from pggit_v0.refs where name = 'refs/heads/main');"
            "insert into pggit_v0.commit_graph select 'c' || commit_sha, array[commit_sha], tree_sha, generation + 1,"
            " author, committer, authored_at, committed_at, message from pggit_v0.commit_graph"
            " where commit_sha = (select target_sha from pggit_v0.refs where name = 'refs/heads/main');"
            "update pggit_v0.refs set target_sha = 'c' || target_sha where name = 'refs/heads/main'"
        )
        health = monitor.look(connection, NAMES, run)
        assert {"new_commits", "shas"} <= failed(health)
        assert "head" not in failed(health), "it goes back to the commit of the switch"


def test_before_the_cutover_it_is_not_healthy(published: Params) -> None:
    with psycopg.connect(**published, autocommit=True) as connection:
        assert "place" in failed(monitor.look(connection, NAMES, None))


def test_where_there_is_no_layer_one_check_says_so(tracked: Params) -> None:
    with psycopg.connect(**tracked, autocommit=True) as connection:
        health = monitor.look(connection, NAMES, None)
        (check,) = health.checks
        assert (check.name, check.ok, check.severity) == ("place", False, "blocker")
        assert "has not moved" in check.message
        # A schema that lacks what belongs in it is looked at.
        connection.execute("create schema pggit_audit")
        assert {"place", "figures", "chain"} <= failed(monitor.look(connection, NAMES, None))


def test_figures_for_prometheus(published: Params, run: Journal, tmp_path: Path) -> None:
    with psycopg.connect(**published, autocommit=True) as connection:
        health = monitor.look(connection, NAMES, run)
    file = tmp_path / "pggit.prom"
    metrics.write(health, "clinic", file)
    text = file.read_text()
    assert 'pggit_audit_healthy{database="clinic"} 1.0' in text
    assert 'pggit_audit_check_ok{check="chain",database="clinic",severity="blocker"} 1.0' in text
    assert list(tmp_path.glob("pggit.prom.*")) == []
    for check in json.loads(json.dumps(health.as_json()))["checks"]:
        assert {"ok", "figures", *verdicts.COLUMNS} == check.keys()
        assert check["object"]
    with pytest.raises(PggitError, match="could not be written"):
        metrics.write(health, "clinic", tmp_path / "nowhere" / "f.prom")


def test_the_end_of_the_window(published: Params, run: Journal) -> None:
    """The archive goes, the rows stay, and all that reads them goes on."""
    night = Night("staging", published, NAMES, run, Desk(), Hooks(None, 0, {}))
    with psycopg.connect(**published, autocommit=True) as connection:
        connection.execute("create view public.of_v1 as select id from pggit_v1_archive.history")
        with pytest.raises(PggitError, match=r"view public\.of_v1(.|\n)*--keep-archive"):
            finish.check(connection, NAMES, keep_archive=False)
        connection.execute("drop view public.of_v1")
        finish.check(connection, NAMES, keep_archive=False)
        kept = finish.finish(night, connection, keep_archive=True)
        assert kept.dropped == ""
        assert [one.object for one in kept.left_over if one.code == "archive_left"] == [
            "schema pggit_v1_archive"
        ]
        connection.execute("create schema pggit_replaced_x")
        assert v1.state(connection, NAMES) == "archived"
        done = finish.finish(night, connection, keep_archive=False)
        assert done.dropped == "pggit_v1_archive"
        assert "pggit_audit.v1_history" in done.kept
        assert {"replaced_schema_left"} <= {one.code for one in done.left_over}
        assert {one.severity for one in done.left_over} == {"info"}
        connection.execute("drop schema pggit_replaced_x")
        assert v1.state(connection, NAMES) == "missing"
        assert (Path(done.saved) / "compliance_summary.csv").is_file()
        row = connection.execute("select count(*) from pggit_audit.v1_history").fetchone()
        assert (
            row
            == connection.execute("select count(*) from pggit_audit.history_row_checks where ok").fetchone()
        )
        with pytest.raises(psycopg.errors.ReadOnlySqlTransaction):
            connection.execute("delete from pggit_audit.v1_history")
        health = monitor.look(connection, NAMES, run)
        assert failed(health) == set(), health
