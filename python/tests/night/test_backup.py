"""A backup brings v1 back, whole or not at all; one that is not what it was is refused before anything is touched."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest
from nights import NAMES
from project import Params

from pggit_audit import programs
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import backup as backups
from pggit_audit.night import fingerprint, scratch, v1
from pggit_audit.night.backup import Backup


@pytest.fixture(scope="module")
def made(server: object, tracked_template: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Backup]:
    """A backup of a held v1."""
    from project import new_database

    params = new_database(server.params("postgres"), "backed_up", tracked_template)  # type: ignore[attr-defined]
    folder = tmp_path_factory.mktemp("backups") / "backup"
    with psycopg.connect(**params, autocommit=True) as connection:
        before = v1.freeze(connection, NAMES, "a run", lambda before: None)
    yield backups.make(params, "pggit", before, folder)


def copied_to(made: Backup, folder: Path) -> Path:
    shutil.copytree(made.folder, folder)
    return folder


def test_it_restores_elsewhere_as_v1_was(made: Backup, tracked: Params) -> None:
    assert {path.name for path in made.folder.iterdir()} == {*backups.FILES, backups.SUMS}
    proven = backups.prove(made, tracked)
    differing = made.before.fingerprint.differences(proven)
    assert all(line.startswith("publication changes_of_v1") for line in differing), (
        "a scratch database has none"
    )
    with psycopg.connect(**tracked, autocommit=True) as connection:
        assert scratch.leftovers(connection) == []


def test_it_restores_in_place_with_its_publications(made: Backup, tracked: Params) -> None:
    with psycopg.connect(**tracked, autocommit=True) as connection:
        names = {trigger.name for trigger in made.before.event_triggers}
        first = backups.drop_event_triggers(connection, names, {"pggit"}) + "drop schema pggit cascade;"
        backups.restore(made, tracked, first)
        assert made.before.fingerprint.differences(fingerprint.take(connection, "pggit")) == []
        connection.execute("create table public.recorded (a integer)")
        row = connection.execute("select max(id) from pggit.history").fetchone()
        assert row is not None
        assert row[0] > made.before.history_rows


def test_a_restore_that_fails_leaves_what_was_there(made: Backup, tracked: Params) -> None:
    with psycopg.connect(**tracked, autocommit=True) as connection:
        before = fingerprint.take(connection, "pggit")
        with pytest.raises(PggitError, match=r'is as it was before.*\n.*schema "pggit" already exists'):
            backups.restore(made, tracked, "drop event trigger pggit_tracker_drop;")
        assert before.differences(fingerprint.take(connection, "pggit")) == []


def cut_off(folder: Path) -> None:
    with (folder / backups.DUMP).open("r+b") as file:
        file.truncate(1000)


def one_byte(folder: Path) -> None:
    content = bytearray((folder / backups.DUMP).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / backups.DUMP).write_bytes(content)


def other_triggers(folder: Path) -> None:
    with (folder / backups.BESIDE).open("a") as file:
        file.write("drop table public.books;\n")


def without_list(folder: Path) -> None:
    (folder / backups.LIST).unlink()


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (cut_off, r"pggit\.dump \(1,000 bytes\) is not what it was"),
        (one_byte, r"pggit\.dump .* is not what it was"),
        (other_triggers, r"beside\.sql .* is not what it was"),
        (without_list, r"lacks pggit\.list"),
    ],
)
def test_a_harmed_backup_is_refused(
    made: Backup, tmp_path: Path, harm: Callable[[Path], None], said: str
) -> None:
    folder = copied_to(made, tmp_path / "copy")
    harm(folder)
    with pytest.raises(Refusal, match=said):
        backups.read(folder)


def test_a_backup_that_was_rewritten_sums_and_all_does_not_pass_for_v1(
    made: Backup, tmp_path: Path, tracked: Params
) -> None:
    folder = copied_to(made, tmp_path / "copy")
    manifest = json.loads((folder / backups.MANIFEST).read_text())
    manifest["before"]["history_rows"] = 1
    items = manifest["before"]["fingerprint"]["items"]
    items['rows of "pggit"."history"'] = "1 rows 00"
    (folder / backups.MANIFEST).write_text(json.dumps(manifest))
    sums = "".join(f"{backups.sha256(folder / name)}  {name}\n" for name in backups.FILES)
    (folder / backups.SUMS).write_text(sums)
    with pytest.raises(PggitError, match="changed after it was taken"):
        backups.read(folder)


def test_what_is_no_backup(tmp_path: Path) -> None:
    with pytest.raises(PggitError, match="is no backup of v1"):
        backups.read(tmp_path)


def test_programs_are_those_of_the_server_or_later(monkeypatch: pytest.MonkeyPatch) -> None:
    assert programs.find(16).version == 16
    assert programs.find(17).version >= 17
    with pytest.raises(PggitError, match=r"no pg_dump of version 99 or later here \(found: .*16.*18"):
        programs.find(99)


def test_only_scratch_databases_are_dropped(tracked: Params) -> None:
    with psycopg.connect(**tracked, autocommit=True) as connection:
        connection.execute("create database pggit_scratch_of_mine")
        try:
            assert scratch.leftovers(connection) == []
            with pytest.raises(PggitError, match="is no scratch database"):
                scratch._drop(connection, "pggit_scratch_of_mine")
            connection.execute("create database pggit_scratch_20200101000000_0123abcd")
            assert scratch.sweep(connection) == ["pggit_scratch_20200101000000_0123abcd"]
        finally:
            connection.execute("drop database pggit_scratch_of_mine")
