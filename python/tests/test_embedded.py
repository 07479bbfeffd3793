"""The embedded server: one for all processes, and up again after any crash."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from helpers import execute

from pggit_audit import embedded, programs
from pggit_audit.cli import main
from pggit_audit.errors import PggitError

ROOT = Path(__file__).parents[2]
SAMPLE_ROWS = "select count(*) from pggit.history"

Start = Callable[[Path], embedded.Server]


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may enter, in which nothing runs."""
    with tempfile.TemporaryDirectory(prefix="pggit-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.fixture
def start(monkeypatch: pytest.MonkeyPatch) -> Iterator[Start]:
    """Start the server of a project folder; all of them are stopped and deleted afterwards."""
    started = []

    def run(project: Path) -> embedded.Server:
        started.append((project, dict(os.environ)))
        return embedded.ensure_running(project)

    monkeypatch.delenv("PGGIT_EMBEDDED_DIR", raising=False)
    monkeypatch.delenv("PGGIT_EMBEDDED_VERSION", raising=False)
    yield run
    for project, environment in started:
        with pytest.MonkeyPatch.context() as patch:
            for name in ("PGGIT_EMBEDDED_DIR", "PGGIT_EMBEDDED_VERSION"):
                if name in environment:
                    patch.setenv(name, environment[name])
                else:
                    patch.delenv(name, raising=False)
            home = embedded.reset(project).home
            if home.parent == Path("/var/tmp"):
                shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def project(folder: Path) -> Path:
    """A project with the sample history."""
    (folder / "sample").symlink_to(ROOT / "sample")
    (folder / "dbt_project.yml").touch()
    return folder


def process(server: embedded.Server) -> psutil.Process:
    found = server.process()
    assert found is not None
    return found


def test_the_first_start_loads_the_sample_once(project: Path, start: Start) -> None:
    server = start(project)
    assert server.home == project.resolve() / ".pggit"
    sample = server.params(embedded.DATABASE)
    assert execute(sample, SAMPLE_ROWS) == [(132,)]
    assert execute(sample, "select count(*) from pggit_v0.objects") == [(0,)]
    execute(sample, "delete from pggit.history where id > 100")
    left = execute(sample, SAMPLE_ROWS)
    assert embedded.stop(project)
    start(project)
    assert execute(sample, SAMPLE_ROWS) == left
    assert execute(sample, "show timezone") == [("UTC",)]
    assert execute(sample, "select datcollate, encoding from pg_database where datname = 'bookshop'") == [
        ("C", 6)
    ]


def test_only_its_owner_can_reach_it(folder: Path, start: Start) -> None:
    server = start(folder)
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert execute(server.params("postgres"), "show listen_addresses") == [("",)]


def test_many_processes_at_once_get_one_server(project: Path, start: Start) -> None:
    call = "from pathlib import Path; from pggit_audit import embedded; import sys; "
    call += "print(embedded.ensure_running(Path(sys.argv[1])).process().pid)"

    def another(_: int) -> str:
        done = subprocess.run([sys.executable, "-c", call, str(project)], capture_output=True, text=True)
        assert done.stderr == ""
        return done.stdout

    with ThreadPoolExecutor(4) as pool:
        pids = set(pool.map(another, range(4)))
    assert pids == {f"{process(start(project)).pid}\n"}


def test_a_killed_server_comes_back(project: Path, start: Start) -> None:
    server = start(project)
    execute(server.params(embedded.DATABASE), "create table kept as select 1 as one", "checkpoint")
    with psycopg.connect(**server.params("postgres"), autocommit=True) as busy:
        # A backend that works does not notice that its postmaster is gone, and holds the shared memory.
        work = threading.Thread(target=_work_until_cut_off, args=(busy,))
        work.start()
        _wait(lambda: execute(server.params("postgres"), WORKING) == [(1,)])
        os.kill(process(server).pid, signal.SIGKILL)
        _wait(lambda: server.process() is None)
        assert (server.data / "postmaster.pid").exists()
        assert start(project).process() is not None
        work.join()
    assert execute(server.params(embedded.DATABASE), "select one from kept") == [(1,)]


WORKING = (
    "select count(*) from pg_stat_activity where query like '%generate_series%' and pid <> pg_backend_pid()"
)


def _work_until_cut_off(connection: psycopg.Connection[Any]) -> None:
    with pytest.raises(psycopg.OperationalError):
        connection.execute("select count(*) from generate_series(1, 100000000000)")


def _wait(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_a_process_number_that_another_program_got_is_not_the_server(folder: Path, start: Start) -> None:
    server = start(folder)
    pid_file = (server.data / "postmaster.pid").read_text()
    embedded.stop(folder)
    (server.data / "postmaster.pid").write_text(pid_file.replace(pid_file.split()[0], str(os.getpid()), 1))
    assert server.process() is None
    assert process(start(folder)).pid != os.getpid()


def test_what_an_interrupted_first_start_left_is_begun_anew(project: Path, start: Start) -> None:
    server = embedded.locate(project)
    unfinished = server.home / "16.new"
    unfinished.mkdir(parents=True)
    (unfinished / "PG_VERSION").write_text("16\n")
    start(project)
    assert not unfinished.exists()

    admin = server.params("postgres")
    execute(admin, "drop database bookshop", "create database bookshop_loading")
    execute(server.params("bookshop_loading"), "create schema pggit")
    embedded.stop(project)
    start(project)
    assert execute(server.params("bookshop"), SAMPLE_ROWS) == [(132,)]
    assert execute(admin, "select count(*) from pg_database where datname like 'bookshop%'") == [(1,)]


def test_a_long_path_keeps_its_socket_elsewhere(folder: Path, start: Start) -> None:
    deep = folder / "/".join(["a folder with a rather long name"] * 4)
    deep.mkdir(parents=True)
    server = start(deep)
    assert server.socket_dir.parent == Path("/tmp")
    assert stat.S_IMODE(server.socket_dir.stat().st_mode) == 0o700
    assert execute(server.params("postgres"), "select 1") == [(1,)]
    embedded.reset(deep)
    assert not server.socket_dir.exists()


def test_a_taken_socket_folder_is_refused(folder: Path, start: Start) -> None:
    deep = folder / "/".join(["a folder with a rather long name"] * 4)
    deep.mkdir(parents=True)
    taken = embedded.locate(deep).socket_dir
    taken.symlink_to(folder)
    try:
        with pytest.raises(PggitError, match="belongs to somebody else") as refused:
            start(deep)
        assert "PGGIT_EMBEDDED_DIR" in str(refused.value)
    finally:
        taken.unlink()


@pytest.mark.parametrize("name", ['it\'s a "path"', "back\\slash $HOME `x`", "comma, and % ä 🐘"])
def test_odd_characters_in_the_path(folder: Path, start: Start, name: str) -> None:
    (folder / name).mkdir()
    server = start(folder / name)
    assert execute(server.params("postgres"), "select 1") == [(1,)]
    assert subprocess.run([server.bin / "psql", "-V"], capture_output=True).returncode == 0


def test_binaries_that_a_shell_could_not_name_are_copied(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where the virtual environment lies in such a folder.
    name = 'a "path" with $HOME, `x` and \\'
    wheel = folder / name / programs.WHEEL
    shutil.copytree(programs.installed_in(16), wheel / "pginstall", symlinks=True)
    libraries = programs.installed_in(16).parent.with_name(f"{programs.WHEEL}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, wheel.with_name(libraries.name))
    monkeypatch.setattr(programs, "installed_in", lambda version: wheel / "pginstall")
    project = folder / name / "project"
    project.mkdir()
    server = start(project)
    assert wheel not in server.bin.parents
    assert not {'"', "`", "$", "\\"} & set(str(server.bin))
    assert execute(server.params("postgres"), "select 1") == [(1,)]


def test_a_moved_project_keeps_its_data(project: Path, folder: Path, start: Start) -> None:
    inner = folder / "inner"
    inner.mkdir()
    execute(start(inner).params("postgres"), "create table kept as select 1 as one")
    moved = inner.rename(folder / "moved")
    server = start(moved)
    assert server.home == moved.resolve() / ".pggit"
    assert execute(server.params("postgres"), "select one from kept") == [(1,)]


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_in_a_closed_folder_uses_a_reachable_one(folder: Path, start: Start) -> None:
    closed = folder / "closed"
    closed.mkdir(mode=0o700)
    server = start(closed)
    assert server.home.parent == Path("/var/tmp")
    assert execute(server.params("postgres"), "select 1") == [(1,)]
    assert stat.S_IMODE(closed.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root runs the server as another user")
def test_root_copies_binaries_that_the_server_user_cannot_reach(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    # As where the virtual environment lies below a home of mode 700.
    monkeypatch.setattr(programs, "binaries_open_to_all", lambda binaries: False)
    server = start(folder)
    assert server.home in server.bin.parents
    assert execute(server.params("postgres"), "select 1") == [(1,)]
    assert "PostgreSQL" in subprocess.run([server.bin / "psql", "-V"], capture_output=True, text=True).stdout


def test_a_folder_that_cannot_be_made(folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "file").touch()
    monkeypatch.setenv("PGGIT_EMBEDDED_DIR", str(folder / "file" / "pg"))
    with pytest.raises(PggitError, match=r"cannot be used: Not a directory. Nothing was started"):
        embedded.ensure_running(folder)


def test_a_version_that_does_not_exist(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGGIT_EMBEDDED_VERSION", "9")
    with pytest.raises(PggitError, match=r"PGGIT_EMBEDDED_VERSION is '9'; .* exists as 16 or 18"):
        embedded.locate(folder)


def test_a_damaged_server_shows_its_log(folder: Path, start: Start) -> None:
    server = start(folder)
    embedded.stop(folder)
    (server.data / "global" / "pg_control").unlink()
    with pytest.raises(
        PggitError, match=r"did not start(.|\n)*could not find the database system(.|\n)*reset"
    ):
        start(folder)


def test_the_command_line(
    project: Path, start: Start, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def said(*arguments: str) -> str:
        assert main(["server", *arguments]) == 0
        return capsys.readouterr().out

    (project / "models").mkdir()
    monkeypatch.chdir(project / "models")  # any folder of the project will do
    assert "not running" in said("status")
    assert said("stop") == "It was not running.\n"
    assert "PostgreSQL 16 is running." in said("start")
    server = start(project)
    assert f"running (process {process(server).pid})" in said("status")
    line = said("psql-line").strip()
    counted = subprocess.run(f'{line} -Atc "{SAMPLE_ROWS}"', shell=True, capture_output=True, text=True)
    assert counted.stdout == "132\n"
    assert said("stop") == "Stopped.\n"
    assert server.process() is None
    said("reset")
    assert not server.data.exists()


def test_both_versions_stand_side_by_side(
    folder: Path, start: Start, monkeypatch: pytest.MonkeyPatch
) -> None:
    older = start(folder)
    monkeypatch.setenv("PGGIT_EMBEDDED_VERSION", "18")
    newer = start(folder)
    versions = [execute(s.params("postgres"), "show server_version_num")[0][0][:2] for s in (older, newer)]
    assert versions == ["16", "18"]
