"""The commands of the night against what a hostile hour brings: each ends with its status, its words and no trace."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers import execute
from nights import NAMES, begin, built_already, hook
from project import PROJECT, Params

from pggit_audit.cli import main
from pggit_audit.errors import Refusal
from pggit_audit.night import backup as backups
from pggit_audit.night import fingerprint, finish, v1, verify
from pggit_audit.night import journal as journals
from pggit_audit.night.context import RollBack
from pggit_audit.night.fingerprint import Probe
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.journal import Journal
from pggit_audit.night.v1 import Before

Told = Callable[..., tuple[int, dict[str, Any], str]]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    return tmp_path / "runs"


@pytest.fixture
def told(
    tracked: Params, runs: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    """Runs a command with `--json` against the tracked database: its status, its document, and its words."""
    monkeypatch.chdir(PROJECT)
    for name, value in {
        "HOST": tracked["host"], "PORT": tracked.get("port", ""), "USER": tracked["user"], "PASSWORD": "",
        "DBNAME": tracked["dbname"],
    }.items():  # fmt: skip
        monkeypatch.setenv(f"PGGIT_PRODUCTION_{name}", str(value))
    monkeypatch.setenv("PGGIT_NIGHT_DIR", str(runs))

    def command(*arguments: str) -> tuple[int, dict[str, Any], str]:
        capsys.readouterr()
        status = main([*arguments, "--target", "production", "--json"])
        said = capsys.readouterr()
        assert "Traceback" not in said.err
        return status, json.loads(said.out), said.err

    return command


def home(tracked: Params) -> Path:
    return journals.home("production", str(tracked["dbname"]))


def frozen(tracked: Params, run: Journal, *, switched: bool = False) -> v1.Before:
    """Freeze v1 as a run does, and journal it."""
    run.write("run", "begin", plan={}, digest="d")
    with psycopg.connect(**tracked, autocommit=True) as connection:
        before = v1.freeze(
            connection,
            NAMES,
            run.run,
            lambda found: run.write("freeze", "note", before=found.as_json()) and None,
        )
        run.write("freeze", "end")
        if switched:
            v1.switch(connection, NAMES, before)
    return before


def state(tracked: Params) -> str:
    with psycopg.connect(**tracked, autocommit=True) as connection:
        return v1.state(connection, NAMES)


def rewritten(place: Path, **changed: str) -> None:
    """Change what a backup's manifest says, and its sums with it."""
    manifest = place / backups.MANIFEST
    manifest.write_text(json.dumps(json.loads(manifest.read_text("utf-8")) | changed), encoding="utf-8")
    sums = "".join(f"{backups.sha256(place / name)}  {name}\n" for name in backups.FILES)
    (place / backups.SUMS).write_text(sums, encoding="utf-8")


def test_there_is_nothing_to_bring_back_where_no_run_was(told: Told) -> None:
    status, document, said = told("rollback")
    assert (status, document["decision"]) == (1, "refused")
    assert "no run is known" in said and "production" in said


def test_a_rollback_that_was_done_is_done(told: Told, tracked: Params, runs: Path) -> None:
    frozen(tracked, Journal.begin(home(tracked)), switched=True)
    status, document, _ = told("rollback", "--yes")
    assert (status, document["decision"], document["matches"]) == (0, "restored", True)
    again, same, _ = told("rollback", "--yes")
    assert (again, same["fingerprint"]) == (0, document["fingerprint"])
    assert "rolled it back" in same["reason"]
    shutil.rmtree(runs)  # on another machine
    status, document, _ = told("rollback", "--yes")
    assert (status, document["decision"], document["matches"]) == (0, "restored", True)


@pytest.mark.parametrize("harm", ["removed", "garbled", "of another version"])
def test_a_journal_that_is_lost_or_garbled(told: Told, tracked: Params, runs: Path, harm: str) -> None:
    run = Journal.begin(home(tracked))
    frozen(tracked, run, switched=True)
    file = run.folder / journals.FILE
    if harm == "removed":
        file.unlink()
    elif harm == "garbled":
        file.write_bytes(b"\x00\xff nonsense\n" + file.read_bytes())
    else:
        file.write_text(
            file.read_text(encoding="utf-8").replace('"format": 1', '"format": 99'), encoding="utf-8"
        )
    for command in ("status", "monitor", "rollback", "finish", "cutover"):
        status, _, said = told(command, *(["--resume"] if command == "cutover" else []))
        assert status in (1, 2), (command, said)
        if harm != "removed":
            assert "cannot be read" in said or "is of format 99" in said
    if harm == "removed":
        return
    # as the message says
    shutil.move(run.folder, runs / "aside")
    status, document, said = told("rollback", "--yes")
    assert state(tracked) == "in place", said
    assert (status, document["decision"]) in ((0, "restored"), (2, "restored"))


@pytest.mark.parametrize(
    "kind", ["none", "empty folder", "file", "empty file", "of another database", "nonsense with sums"]
)
def test_what_is_no_backup_is_refused_and_nothing_touched(
    told: Told, tracked: Params, tmp_path: Path, kind: str
) -> None:
    frozen(tracked, Journal.begin(home(tracked)), switched=True)
    place = tmp_path / "backup"
    if kind == "empty folder":
        place.mkdir()
    elif kind == "file":
        place.write_bytes(b"PGDMP not really")
    elif kind == "empty file":
        place.touch()
    elif kind == "of another database":
        with psycopg.connect(**tracked, autocommit=True) as connection:
            found = Before(fingerprint.take(connection, NAMES.archive), Probe(False, 0), [], 0)
        backups.make(tracked, NAMES.archive, found, place)
        rewritten(place, database="production_of_last_year")
    elif kind == "nonsense with sums":
        place.mkdir()
        for name in backups.FILES:
            (place / name).write_text("{}", encoding="utf-8")
        rewritten(place)
    status, document, said = told("rollback", "--yes", "--from", str(place))
    assert status in (1, 2) and document["reason"], said
    assert str(place if place.is_dir() else place.parent) in said
    assert state(tracked) == "archived"


@pytest.mark.parametrize("kind", ["none", "folder", "empty file", "text"])
def test_what_is_no_dump_is_not_rehearsed(told: Told, tmp_path: Path, kind: str) -> None:
    place = tmp_path / "production.dump"
    if kind == "folder":
        place.mkdir()
    elif kind == "empty file":
        place.touch()
    elif kind == "text":
        place.write_text("select 1;\n", encoding="utf-8")
    status, document, said = told("rehearse", "--from", str(place), "--report", str(tmp_path / "report"))
    assert status in (1, 2) and document["reason"], said


def test_runs_are_in_their_order_whatever_the_clock_says(tmp_path: Path) -> None:
    ahead = tmp_path / "29990101T000000Z-ffff"
    ahead.mkdir()
    (ahead / journals.FILE).touch()
    names = []
    for _ in range(3):
        run = Journal.begin(tmp_path)
        run.write("run", "begin")
        names.append(run.run)
    assert names == sorted(names) and names[0] > ahead.name
    newest = journals.latest(tmp_path)
    assert newest is not None and newest.run == names[-1]


def test_an_entry_that_cannot_be_written_leaves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Journal.begin(tmp_path)
    run.write("run", "begin")

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("os.fsync", full)
        with pytest.raises(OSError, match="No space left"):
            run.write("freeze", "begin")
    run.write("run", "end", decision="stopped")
    found = Journal.open(run.folder)
    assert [(e.entry, e.step, e.event) for e in found.entries] == [(1, "run", "begin"), (2, "run", "end")]


def test_a_log_that_cannot_be_written_keeps_no_hook_from_being_called(tmp_path: Path) -> None:
    hook(tmp_path / "hooks", "start-applications", f"touch {tmp_path / 'started'}")
    found = Hooks(tmp_path / "hooks", 10, {}).call("start-applications", tmp_path / "no place" / "hooks.log")
    assert found.ok and (tmp_path / "started").exists()


def test_nothing_keeps_v1_from_coming_back(
    tracked: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The disk of the journal is full from the switch on."""
    before = fingerprint_of(tracked)
    built_already(monkeypatch)
    run = begin(tracked, tmp_path / "runs")

    def full(*_: object) -> None:
        monkeypatch.setattr("os.fsync", lambda _: refuse())
        raise RollBack("something is wrong")

    def refuse() -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(verify, "measure", full)
    found = run.run()
    assert (found.decision, found.untouched) == ("rolled back", True), found
    assert "goes on without it" in run.night.desk.said  # type: ignore[attr-defined]
    assert before.differences(fingerprint_of(tracked)) == []


def fingerprint_of(tracked: Params) -> fingerprint.Fingerprint:
    with psycopg.connect(**tracked, autocommit=True) as connection:
        return fingerprint.take(connection, "pggit")


def test_what_depends_on_the_archive_keeps_it_from_being_dropped_and_is_named_once(
    tracked: Params, tmp_path: Path
) -> None:
    frozen(tracked, Journal.begin(tmp_path), switched=True)
    execute(
        tracked,
        "create function pggit_v1_archive.longest_of() returns text language sql as 'select 1::text'",
        "create function pggit_v1_archive.told() returns trigger language plpgsql as 'begin return new; end'",
        "alter publication changes_of_v1 drop table pggit_v1_archive.history",
        "create view public.newest as select max(id) as id from pggit_v1_archive.history",
        "create type public.both as (one pggit_v1_archive.pair, n integer)",
        "create function public.half(p pggit_v1_archive.pair) returns integer language sql as 'select 1'",
        "create table public.note (id integer references pggit_v1_archive.history, check (id > 0),"
        " at text default pggit_v1_archive.longest_of())",
        "create trigger told before insert on public.note for each row execute function pggit_v1_archive.told()",
        "create policy seen on public.note using (id < pggit_v1_archive.longest_of()::integer)",
    )
    with psycopg.connect(**tracked, autocommit=True) as connection:
        finish.check(connection, NAMES, keep_archive=True)
        with pytest.raises(Refusal) as refused:
            finish.check(connection, NAMES, keep_archive=False)
    named = [line.strip() for line in str(refused.value).splitlines() if line.startswith("  ")]
    assert sorted(named) == [
        'composite type public."both"', "default value for public.note.at",
        "function public.half(pggit_v1_archive.pair)", "policy seen on public.note",
        "table constraint note_id_fkey on public.note", "trigger told on public.note", "view public.newest",
    ]  # fmt: skip


def test_an_archive_that_is_there_already(told: Told, tracked: Params) -> None:
    execute(tracked, "create schema pggit_v1_archive")
    for command in (
        ("cutover", "--plan", "--without-rehearsal"), ("cutover", "--without-rehearsal", "--yes"), ("rollback",),
        ("finish", "--yes"),
    ):  # fmt: skip
        status, document, said = told(*command)
        assert (status, document["decision"]) == (1, "refused"), (command, said)
        assert "both a schema pggit and a schema pggit_v1_archive" in said


def test_the_answer_goes_where_a_pipe_takes_it(told: Told, capsys: pytest.CaptureFixture[str]) -> None:
    """`cutover --plan > plan.txt` has the digest; only progress and remarks go to stderr."""
    digest = told("cutover", "--plan", "--without-rehearsal")[1]["digest"]
    for command, answer in (
        (("cutover", "--plan", "--without-rehearsal"), f"Digest  {digest}"),
        (("status",), "There is no run against production"),
        (("monitor",), "NOT HEALTHY"),
    ):
        main([*command, "--target", "production"])
        said = capsys.readouterr()
        assert answer in said.out, said
        assert said.err == ""


def test_a_password_or_a_database_that_is_not_right(
    told: Told, tracked: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGGIT_PRODUCTION_DBNAME", "no_such_database")
    for command in ("preflight", "cutover", "rollback", "monitor", "finish"):
        status, document, said = told(command)
        assert (status, document["decision"]) == (2, "unknown"), (command, said)
        assert "no_such_database" in said
