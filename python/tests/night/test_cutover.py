"""The steps of a night, where dbt has built already: each can say no, be stopped, be taken up again."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from nights import NAMES, Desk, again, begin, built_already, hook, interrupted_at, outcome
from project import Params

from pggit_audit import programs
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import cutover as cutovers
from pggit_audit.night import fingerprint, journal, monitor, rights, v1, verify
from pggit_audit.night import plan as plans
from pggit_audit.night.context import StopHere
from pggit_audit.night.fingerprint import Fingerprint
from pggit_audit.night.rollback import roll_back


@pytest.fixture
def before(published: Params) -> Fingerprint:
    with psycopg.connect(**published, autocommit=True) as connection:
        return fingerprint.take(connection, "pggit")


def as_before(params: Params, before: Fingerprint) -> None:
    """v1 is in place, as it was, and records."""
    with psycopg.connect(**params, autocommit=True) as connection:
        assert v1.state(connection, NAMES) == "in place"
        assert before.differences(fingerprint.take(connection, "pggit")) == []
        with connection.transaction():
            assert fingerprint.probe(connection, "pggit").records


def state(params: Params) -> str:
    with psycopg.connect(**params, autocommit=True) as connection:
        return v1.state(connection, NAMES)


def test_from_the_freeze_to_the_summary_and_back(
    published: Params, before: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_already(monkeypatch)
    monkeypatch.setattr(programs, "LOOK", 0.001)
    log = tmp_path / "called"
    hooks = tmp_path / "hooks"
    for name in ("stop-applications", "deploy", "smoke-test", "start-applications", "undo-deploy", "notify"):
        hook(hooks, name, f'echo "$PGGIT_CUTOVER_HOOK $PGGIT_CUTOVER_RUN $PGGIT_CUTOVER_MESSAGE" >> {log}')
    run = begin(published, tmp_path / "runs", hooks=hooks)
    assert outcome(run, "done").exit_status == 0
    assert state(published) == "archived"
    called = [line.split()[0] for line in log.read_text().splitlines()]
    assert called == [
        "notify", "stop-applications", "notify", "deploy", "smoke-test", "start-applications", "notify"
    ]  # fmt: skip
    assert run.journal.run in log.read_text()
    works = run.night.desk.works  # type: ignore[attr-defined]
    assert {work.name for work in works} == {
        "pg_dump writes (MB)", "the backup is restored in a scratch database"
    }  # fmt: skip
    assert max(work.written or 0 for work in works) > 1_000
    steps = journal.steps(run.journal, run.plan.steps)
    assert {step["state"] for step in steps} == {"done"}
    with psycopg.connect(**published, autocommit=True) as connection:
        saved = journal.from_database(connection, NAMES.work, tmp_path)
        assert saved is not None
        assert [e.step for e in saved.entries] == [e.step for e in run.journal.entries][: len(saved.entries)]
        health = monitor.look(connection, NAMES, run.journal)
        assert health.healthy, health
    restored = roll_back(run.night, "asked for")
    assert restored.matches
    assert restored.how == "renamed"
    as_before(published, before)


@pytest.mark.parametrize(
    "where",
    [
        "held",
        "switched",
        *(
            pytest.param(name, marks=pytest.mark.slow)
            for name in ("freeze", "backup", "proven", "verify", "observed")
        ),
    ],
)
def test_stopped_anywhere_it_goes_on_or_back(
    published: Params, before: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A kill leaves what a step had committed, and no entry of its end: so does an error that nobody catches."""
    built_already(monkeypatch)
    places = {
        "freeze": (cutovers.sessions, "wait_and_end"),
        "held": (cutovers.v1, "freeze"),
        "backup": (cutovers.backups, "make"),
        "proven": (cutovers.backups, "prove"),
        "verify": (verify, "measure"),
        "switched": (cutovers.v1, "switch"),
        "observed": (monitor, "look"),
    }
    for goes_on in (True, False):
        run = begin(published, tmp_path / f"runs {goes_on}")
        with monkeypatch.context() as patch:
            interrupted_at(patch, *places[where], SystemExit("killed"))
            with pytest.raises(SystemExit):
                run.run()
        taken = again(run)
        if goes_on:
            outcome(taken, "done")
            assert state(published) == "archived"
        elif where == "freeze":
            continue  # nothing was held yet
        assert roll_back(taken.night, "test").matches
        as_before(published, before)


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (
            "update pggit_audit.changes set author = 'mallory' where v1_version_id = 60",
            "1 rows fail the check author",
        ),
        ("delete from pggit_audit.compliance_log where entry_no = 5", "log_chain"),
        ("update pggit_v0.objects set content = content || ' ' where type = 'blob'", "fail the check blob"),
    ],
)
def test_what_did_not_arrive_unharmed_goes_back_by_itself(
    published: Params,
    before: Fingerprint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    harm: str,
    said: str,
) -> None:
    built_already(monkeypatch)
    execute(published, "set session_replication_role = replica; " + harm)
    run = begin(published, tmp_path)
    found = outcome(run, "rolled back")
    assert found.exit_status == 1
    assert said in found.reason
    as_before(published, before)
    # one row of 132 is less than the 5 % that may be given away; a broken log is no matter of percent
    with psycopg.connect(**published, autocommit=True) as connection:
        assert verify.measure(connection, NAMES).passes(95.0) == ("author" in said)


def test_a_test_that_failed_says_what_it_found(published: Params) -> None:
    tests = {
        "no_mallory": "select 7 as version_id, 'mallory' as author, null as nothing",
        "gone": "select * from pggit_audit.nowhere",
    }
    with psycopg.connect(**published, autocommit=True) as connection:
        assert verify.failing_rows(connection, tests) == [
            "What no_mallory found:", "  version_id 7, author mallory",
            "What gone found:", '  it cannot be asked again: relation "pggit_audit.nowhere" does not exist',
        ]  # fmt: skip


def test_a_build_that_fails_goes_back(
    published: Params, before: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_already(monkeypatch, 1, "chains_are_unbroken: Got 3 results")
    run = begin(published, tmp_path)
    found = outcome(run, "rolled back")
    assert "chains_are_unbroken: Got 3 results" in found.reason
    assert run.night.desk.firm, "Ctrl-C does not stop a rollback"
    as_before(published, before)


@pytest.mark.parametrize(
    ("name", "step"), [("stop-applications", "freeze"), ("deploy", "deploy"), ("smoke-test", "smoke")]
)
def test_a_hook_that_says_no_or_hangs_goes_back(
    published: Params,
    before: Fingerprint,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    step: str,
) -> None:
    built_already(monkeypatch)
    for script, said in (
        ("echo 'not today'; exit 3", "exit status 3. It said:\nnot today"),
        ("sleep 60 & wait", "did not end"),
    ):
        hooks = hook(tmp_path / "hooks", name, script)
        hook(hooks, "undo-deploy", f"touch {tmp_path}/undone")
        run = begin(published, tmp_path / script[:4], hooks=hooks, hook_seconds=0.5)
        begun = time.monotonic()
        found = outcome(run, "stopped" if step == "freeze" else "rolled back")
        assert time.monotonic() - begun < 60
        assert said in found.reason
        assert (tmp_path / "undone").exists() == (step != "freeze")
        assert found.exit_status == 1
        as_before(published, before)


def test_a_window_that_is_too_short_goes_back(
    published: Params, before: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_already(monkeypatch)
    run = begin(published, tmp_path, window=60.0, expected={"rollback": 5.0, "build": 300.0})
    found = outcome(run, "stopped")
    assert "window of 60 s" in found.reason
    assert found.untouched
    file = tmp_path / "wait"
    file.touch()

    class Late(Desk):
        """The window is over once it waits."""

        def say(self, text: str) -> None:
            super().say(text)
            if text.startswith("Waiting with the switch"):
                run.plan = replace(run.plan, window=0.0)

    run = begin(published, tmp_path / "b", desk=Late(), hold_file=file)
    assert "before switch" in outcome(run, "rolled back").reason
    as_before(published, before)


def test_the_operator_decides(
    published: Params, before: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_already(monkeypatch)
    found = outcome(begin(published, tmp_path / "a", Desk("stop here")), "stopped")
    assert found.exit_status == 1
    assert "v1 was not touched" in found.reason
    run = begin(published, tmp_path / "c", Desk("go on", "stop here"))
    found = outcome(run, "stopped")
    assert found.exit_status == 2
    assert "pggit-audit rollback" in found.reason
    assert roll_back(run.night, "test").matches
    desk = Desk("go on", "roll back")
    found = outcome(begin(published, tmp_path / "b", desk), "rolled back")
    assert "Switch now?" in desk.asked[-1]
    as_before(published, before)


def test_a_signal_stops_in_order(published: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    built_already(monkeypatch)
    run = begin(published, tmp_path)
    with monkeypatch.context() as patch:
        interrupted_at(patch, cutovers.backups, "make", StopHere("Stopped by SIGTERM."))
        found = outcome(run, "stopped")
    assert "stands at backup" in found.reason
    assert state(published) == "held"
    outcome(again(run), "done")
    assert roll_back(run.night, "test").matches


def test_ended_within_the_freeze_before_v1_was_held(
    published: Params, before: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The journal says that the freeze began, and nothing of what v1 was: no such transaction was committed."""
    run = begin(published, tmp_path)
    with monkeypatch.context() as patch:
        interrupted_at(patch, v1, "_hold", StopHere("Stopped by SIGTERM."))
        outcome(run, "stopped")
    restored = roll_back(run.night, "asked for")
    assert (restored.how, restored.matches) == ("never held", True)
    assert "had not held it yet" in restored.said()
    assert "compared" not in restored.said()
    as_before(published, before)

    stranger = again(run)
    stranger.night.journal = journal.Journal.begin(tmp_path / "other machine")
    assert roll_back(stranger.night, "by somebody who knows no run").matches is None


def test_without_the_journal_the_database_and_the_backup_are_enough(
    published: Params, before: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_already(monkeypatch)
    run = begin(published, tmp_path / "runs")
    outcome(run, "done")
    stranger = again(run)
    stranger.night.journal = journal.Journal.begin(tmp_path / "other machine")
    assert roll_back(stranger.night, "by somebody else").matches
    as_before(published, before)

    run = begin(published, tmp_path / "again")
    outcome(run, "done")
    backup = tmp_path / "again" / run.journal.run / "backup"
    execute(
        published, "drop table pggit_audit_work.cutover_journal", "drop schema pggit_v1_archive cascade",
        "drop function pggit_audit_work.cutover_hold",
    )  # fmt: skip
    stranger.night.journal = journal.Journal.begin(tmp_path / "third machine")
    with pytest.raises(Refusal, match="neither a schema pggit nor a schema pggit_v1_archive"):
        roll_back(stranger.night, "from nothing")
    restored = roll_back(stranger.night, "from the backup", backup)
    assert restored.how == "from backup"
    assert restored.matches
    as_before(published, before)


def test_a_backup_takes_the_place_of_what_is_there(
    published: Params, before: Fingerprint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    built_already(monkeypatch)
    run = begin(published, tmp_path)
    outcome(run, "done")
    execute(
        published,
        "set session_replication_role = replica; alter table pggit_v1_archive.history disable trigger all;"
        " delete from pggit_v1_archive.history where id > 100",
    )
    with pytest.raises(Refusal, match=r"rows before, .* rows now(.|\n)*rollback --from BACKUP"):
        roll_back(run.night, "renamed")
    restored = roll_back(run.night, "from the backup", run.journal.folder / "backup")
    assert restored.matches
    assert any(line.startswith("schema pggit_replaced_") for line in restored.left)
    as_before(published, before)


def test_a_second_operator_is_told_who_and_where(published: Params, tmp_path: Path) -> None:
    with (
        journal.held(tmp_path),
        pytest.raises(Refusal, match=r"held by .* \(process \d+, since "),
        journal.held(tmp_path),
    ):
        pass
    lease = journal.lease(published, "a-run")
    with pytest.raises(
        Refusal, match=r"in a run already: pggit cutover a-run by .* pid \d+.*pg_terminate_backend"
    ):
        journal.lease(published, "another")
    lease.close()
    journal.lease(published, "another").close()


def test_a_role_with_too_few_rights_is_told_what_it_lacks(
    published: Params, before: Fingerprint, tmp_path: Path
) -> None:
    execute(published, "drop role if exists poor", "create role poor login", "grant pg_monitor to poor")
    try:
        run = begin(published, tmp_path)
        run.night.params = published | {"user": "poor"}
        with pytest.raises(PggitError) as told:
            cutovers.check_before(run.night)
        assert told.value.exit_status == 2
        for words in (
            "Nothing was touched", "schema pggit belongs to postgres", "event trigger pggit_tracker_ddl belongs to",
            "alter role poor createdb;", "grant pg_signal_backend to poor;", "may not make schemas",
            "role poor may not make event triggers",
        ):  # fmt: skip
            assert words in str(told.value)
        as_before(published, before)
        with psycopg.connect(**published) as connection:
            rights.check(connection, NAMES)
    finally:
        execute(published, "drop owned by poor", "drop role poor")


def test_a_history_that_grew_continues_the_rehearsed_one_and_one_that_changed_does_not(
    published: Params, tmp_path: Path
) -> None:
    with psycopg.connect(**published, autocommit=True) as connection:
        rehearsed = plans.history_prefix(connection, "pggit")
        report = plans.Report(
            tmp_path, "", "GO", "1", connection.info.server_version // 10000, rehearsed, {}, {}
        )
        assert plans.refusals(report, connection, NAMES, "1") == []
        connection.execute("create table public.grown (a integer)")
        assert plans.history_prefix(connection, "pggit").rows == rehearsed.rows + 1
        assert plans.refusals(report, connection, NAMES, "1") == []
        assert "version 1 of the project" in plans.refusals(report, connection, NAMES, "2")[0]
        for field, value, said in (
            ("decision", "NO-GO", "ended NO-GO"),
            ("server_version", 9, "on PostgreSQL 9"),
        ):
            other = plans.Report(**{**report.__dict__, field: value})
            assert said in plans.refusals(other, connection, NAMES, "1")[0]
        connection.execute("update pggit.history set created_by = 'mallory' where id = 40")
        assert "changed since" in plans.refusals(report, connection, NAMES, "1")[0]
        connection.execute("delete from pggit.history where id = 40")
        assert f"of which here are {rehearsed.rows - 1}" in plans.refusals(report, connection, NAMES, "1")[0]


def test_the_digest_covers_the_plan(published: Params, tmp_path: Path) -> None:
    made = begin(published, tmp_path).plan
    assert plans.Plan.of_json(made.as_json()).digest == made.digest
    for field, value in (
        ("accept", 96.0),
        ("report", "00"),
        ("project_version", "2"),
        ("server_version", 18),
    ):
        assert plans.Plan.of_json({**made.as_json(), field: value}).digest != made.digest
    assert made.digest.startswith(f"{plans.DIGEST_FORMAT}-")


def test_a_line_of_the_journal_that_was_cut_off_never_happened(tmp_path: Path) -> None:
    written = journal.Journal.begin(tmp_path)
    written.write("run", "begin", plan={})
    written.write("freeze", "begin")
    with (written.folder / journal.FILE).open("ab") as file:
        file.write(b'{"format": 1, "entry": 3, "at"')
    found = journal.Journal.open(written.folder)
    assert [entry.step for entry in found.entries] == ["run", "freeze"]
    found.write("freeze", "end")
    assert [e.event for e in journal.Journal.open(written.folder).entries] == ["begin", "begin", "end"]
    (written.folder / journal.FILE).write_text("what\n")
    with pytest.raises(PggitError, match="line 1 cannot be read"):
        journal.Journal.open(written.folder)


@pytest.fixture
def sleeper() -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"], text=True)
    yield process
    process.kill()
    process.wait()


def test_what_a_killed_command_left_running_is_ended(
    published: Params, tmp_path: Path, sleeper: subprocess.Popen[str]
) -> None:
    run = begin(published, tmp_path)
    run.night.child("build")(sleeper)
    desk = Desk()
    run.night.desk = desk
    run.night.end_leftovers()
    assert sleeper.wait(10) is not None
    assert f"process {sleeper.pid}" in desk.said
