"""Faults of a real night: processes are killed, the server too, disks are full. Then it goes on, or back.

Each test runs the command line, dbt and a server of its own as processes.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg
import pytest
from helpers import execute
from nights import hook
from places import SECONDS, Place, begun, own_server, place, prepare
from project import PROJECT

from pggit_audit import embedded, programs
from pggit_audit.programs import SYSTEM_USER

__all__ = ["own_server", "place"]

pytestmark = pytest.mark.slow


def test_done_and_back(place: Place) -> None:
    before = place.fingerprint()
    status, said = place.run("cutover", "--confirm", "1-wrong", "--without-rehearsal", "--yes")
    assert status == 1
    assert "is not the digest of this plan" in said
    assert place.run("cutover", "--yes")[0] == 1, "no rehearsal"
    process = place.begin()
    said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 0, said
    assert "There was no rehearsal for this run." in said
    assert place.run("monitor")[0] == 0
    status, said = place.run("status", "--json")
    assert json.loads(said)["state"] == "done"
    assert place.run("cutover", "--plan", "--without-rehearsal")[0] == 1, "it has moved"
    status, said = place.run("rollback", "--yes")
    assert status == 0, said
    assert "is as it was before" in said
    assert before.differences(place.fingerprint()) == []
    assert place.records()
    assert place.run("monitor")[0] == 1


@pytest.mark.parametrize("step", ["freeze", "backup", "build", "verify", "switch", "smoke", "observe"])
def test_the_command_line_is_killed(place: Place, step: str) -> None:
    before = place.fingerprint()
    for goes_on in (False, True):
        more = ("--hold-before-switch", str(place.runs.parent / "hold")) if step == "switch" else ()
        if more:
            (place.runs.parent / "hold").touch()
        # Without a hook the smoke test is over in a moment: what follows it keeps the run from having ended by then.
        plan = ("--observe", {"observe": "60s", "smoke": "10s"}.get(step, "0"))
        process = place.begin(*more, plan=plan)
        place.wait_for(begun(step), process)
        time.sleep({"build": 3.0, "observe": 2.0, "smoke": 0.0, "freeze": 0.0}.get(step, 0.3))
        process.kill()
        process.communicate(timeout=60)
        if goes_on:
            (place.runs.parent / "hold").unlink(missing_ok=True)
            status, said = place.run("cutover", "--resume", "--yes", "--grace", "1s")
            assert status == 0, said
            assert place.state() == "archived"
            assert place.run("monitor")[0] == 0
        status, said = place.run("rollback", "--yes")
        assert status == 0, said
        assert before.differences(place.fingerprint()) == []
        assert place.records()


def test_dbt_is_killed_and_begun_once_more(place: Place) -> None:
    process = place.begin()
    place.wait_for(lambda j: any(e.step == "build" and "process" in e.facts for e in j.entries), process)
    time.sleep(4)
    found = place._copy_of_the_journal()
    assert found is not None
    pid = next(int(e.facts["process"]) for e in found.entries if e.step == "build" and "process" in e.facts)
    os.killpg(pid, signal.SIGKILL)
    said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 0, said
    assert "It is begun once more." in said


@pytest.mark.parametrize("step", ["build", "observe"])
def test_the_server_is_restarted(place: Place, own_server: embedded.Server, step: str) -> None:
    """In order, as a DBA or a package's update does it: sessions are cut off, nothing is lost."""
    before = place.fingerprint()
    process = place.begin(plan=("--observe", "20s" if step == "observe" else "0"))
    place.wait_for(begun(step), process)
    time.sleep({"build": 5.0, "observe": 1.0}[step])
    embedded.stop(place.runs)
    embedded.ensure_running(place.runs)
    said = process.communicate(timeout=SECONDS)[0]
    assert "Traceback" not in said, said
    assert process.returncode == 0, said
    assert place.run("monitor")[0] == 0
    assert place.run("rollback", "--yes")[0] == 0
    assert before.differences(place.fingerprint()) == []
    assert place.records()


@pytest.mark.parametrize("step", ["backup", "build", "switch", "observe"])
def test_the_server_is_killed(place: Place, own_server: embedded.Server, step: str) -> None:
    before = place.fingerprint()
    hold = place.runs.parent / "hold"
    if step == "switch":
        hold.touch()
    process = place.begin(
        "--hold-before-switch", str(hold), plan=("--observe", "60s" if step == "observe" else "0")
    )
    place.wait_for(begun(step), process)
    time.sleep({"build": 5.0, "observe": 1.0}.get(step, 0.2))
    running = own_server.process()
    assert running is not None
    members = [running, *running.children(recursive=True)]
    for member in members:
        with pytest.MonkeyPatch.context():
            try:
                member.kill()
            except psutil.NoSuchProcess:
                continue
    hold.unlink(missing_ok=True)
    said = process.communicate(timeout=SECONDS)[0]
    assert "Traceback" not in said, said
    assert process.returncode in (0, 1, 2), said
    if process.returncode == 2:
        assert "pggit-audit rollback" in said
    embedded.ensure_running(place.runs)
    if process.returncode != 0:
        status, said = place.run("rollback", "--yes")
        assert status == 0, said
        assert before.differences(place.fingerprint()) == []
        assert place.records()
        process = place.begin()  # running again ends well
        said = process.communicate(timeout=SECONDS)[0]
        assert process.returncode == 0, said
    assert place.run("monitor")[0] == 0


@contextmanager
def small_disk(folder: Path, size: str, owner: str | None = None) -> Iterator[Path]:
    """A file system of a size, where the machine lets us make one."""
    folder.mkdir(exist_ok=True)
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={size},mode=0777", "tmpfs", str(folder)],
        capture_output=True,
        text=True,
    )
    if made.returncode != 0:
        pytest.skip(f"a small disk needs the right to mount one: {made.stderr.strip()}")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], capture_output=True)


def test_a_full_disk_is_noticed_before_anything_begins(place: Place, tmp_path: Path) -> None:
    before = place.fingerprint()
    with small_disk(tmp_path / "small", "64k") as disk:
        small = Place(
            place.params, disk / "runs", {**place.environment, "PGGIT_NIGHT_DIR": str(disk / "runs")}
        )
        process = small.begin()
        said = process.communicate(timeout=SECONDS)[0]
        assert process.returncode == 2, said
        assert "Traceback" not in said
        assert "is full. Nothing was changed." in said
    assert before.differences(place.fingerprint()) == []
    assert place.records()


def test_the_disk_is_full_under_the_backup(place: Place, tmp_path: Path) -> None:
    """And under the journal with it: what cannot be written down is undone all the same."""
    before = place.fingerprint()
    with small_disk(tmp_path / "small", "4m") as disk:
        small = Place(
            place.params, disk / "runs", {**place.environment, "PGGIT_NIGHT_DIR": str(disk / "runs")}
        )
        hooks = hook(tmp_path / "hooks", "stop-applications", f"cat /dev/zero > '{disk}/filler'; true")
        process = small.begin(plan=("--observe", "0", "--hooks", str(hooks)))
        said = process.communicate(timeout=SECONDS)[0]
        assert process.returncode == 1, said
        assert "Traceback" not in said
        assert "No space left on device" in said
    assert before.differences(place.fingerprint()) == []
    assert place.records()


def test_the_servers_disk_is_full_under_the_build(place: Place, own_server: embedded.Server) -> None:
    """The database lies on a disk with little room; once it has more, v1 comes back, and it runs to its end."""
    before = place.fingerprint()
    ((size,),) = execute(place.params, "select pg_database_size('night')")
    with small_disk(own_server.home.parent / "small", f"{size // 1024 + 2048}k") as disk:
        data = disk / "space"
        data.mkdir()
        if os.geteuid() == 0:
            shutil.chown(data, SYSTEM_USER, SYSTEM_USER)
        admin = own_server.params("postgres")
        execute(
            admin, f"create tablespace small location '{data}'", "alter database night set tablespace small"
        )
        try:
            process = place.begin()
            said = process.communicate(timeout=SECONDS)[0]
            assert process.returncode in (1, 2), said
            assert "No space left on device" in said
            subprocess.run(["mount", "-o", "remount,size=1g", str(disk)], check=True, capture_output=True)
            assert place.run("rollback", "--yes")[0] == 0
            assert before.differences(place.fingerprint()) == []
            assert place.records()
            process = place.begin()
            said = process.communicate(timeout=SECONDS)[0]
            assert process.returncode == 0, said
        finally:
            execute(admin, "drop database night with (force)", "drop tablespace small")


def test_a_second_operator_while_a_hook_hangs(place: Place, tmp_path: Path) -> None:
    before = place.fingerprint()
    hooks = hook(tmp_path / "hooks", "stop-applications", "sleep 600")
    plan = ("--observe", "0", "--hooks", str(hooks))
    process = place.begin("--hook-timeout", "15m", plan=plan)
    place.wait_for(lambda j: any("process" in e.facts for e in j.entries), process)
    for command in (("cutover", "--resume", "--yes"), ("rollback", "--yes")):
        status, said = place.run(*command)
        assert status == 1, said
        assert "A run is under way" in said
        assert f"process {process.pid}" in said
    elsewhere = Place(
        place.params, tmp_path / "b", {**place.environment, "PGGIT_NIGHT_DIR": str(tmp_path / "b")}
    )
    status, said = elsewhere.run("cutover", "--confirm", elsewhere.digest(), "--without-rehearsal", "--yes")
    assert status == 1, said
    assert f"pid {process.pid}" in said
    found = place._copy_of_the_journal()
    assert found is not None
    os.killpg(next(int(e.facts["process"]) for e in found.entries if "process" in e.facts), signal.SIGKILL)
    said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 1, said
    assert "stop-applications was killed by signal 9" in said
    assert "v1 was not touched" in said
    assert before.differences(place.fingerprint()) == []


def test_signals_stop_in_order(place: Place) -> None:
    before = place.fingerprint()
    process = place.begin()
    place.wait_for(begun("build"), process)
    time.sleep(3)
    process.terminate()
    said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 2, said
    assert "Stopped by SIGTERM" in said
    assert "stands at build" in said
    assert [
        p for p in psutil.process_iter(["cmdline"]) if str(place.runs) in " ".join(p.info["cmdline"] or [])
    ] == []
    assert place.state() == "held"
    assert place.run("rollback", "--yes")[0] == 0
    assert before.differences(place.fingerprint()) == []


def test_in_a_debian_server(named_server: dict[str, Any], tmp_path: Path) -> None:
    """A server on TCP with a password, and Debian's own pg_dump."""
    execute(named_server, "create database night")
    params = {**named_server, "dbname": "night"}
    prepare(params)
    environment = {name: v for name, v in os.environ.items() if not name.startswith(("DBT_", "PGGIT_"))}
    environment |= {f"PGGIT_STAGING_{name.upper()}": str(value) for name, value in params.items()}
    environment |= {"PGGIT_NIGHT_DIR": str(tmp_path / "runs"), "COLUMNS": "120"}
    place = Place(params, tmp_path / "runs", environment)
    before = place.fingerprint()
    process = place.begin()
    said = process.communicate(timeout=SECONDS)[0]
    assert process.returncode == 0, said
    assert "a secret" not in said
    assert all(
        "a secret" not in f.read_text(errors="replace") for f in (tmp_path / "runs").rglob("*") if f.is_file()
    )
    assert place.run("monitor")[0] == 0
    status, said = place.run("rollback", "--yes")
    assert status == 0, said
    assert before.differences(place.fingerprint()) == []
    assert place.records()
    backup = next((tmp_path / "runs").rglob("backup"))
    execute(params, "drop schema pggit cascade")
    status, said = place.run("rollback", "--yes", "--from", str(backup))
    assert status == 0, said
    assert before.differences(place.fingerprint()) == []


def test_the_documents_from_the_first_command_to_the_last(
    named_server: dict[str, Any], tmp_path: Path
) -> None:
    """Every command of the night in CUTOVER_PROCEDURE and ROLLBACK, as it stands there, against production."""
    from test_documents import blocks

    name = "procedure"
    execute(named_server, f"create database {name}")
    params = {**named_server, "dbname": name}
    prepare(params)
    hooks = tmp_path / "hooks"
    for moment in (
        "stop-applications",
        "deploy",
        "smoke-test",
        "start-applications",
        "undo-deploy",
        "notify",
    ):
        hook(hooks, moment, "true")
    environment = {name: v for name, v in os.environ.items() if not name.startswith(("DBT_", "PGGIT_"))}
    environment |= {f"PGGIT_PRODUCTION_{key.upper()}": str(value) for key, value in params.items()}
    environment |= {"PGGIT_NIGHT_DIR": str(tmp_path / "cutover"), "COLUMNS": "120"}
    place = Place(params, tmp_path / "cutover", environment)
    before = place.fingerprint()
    lines = [
        line.strip()
        for document in ("CUTOVER_PROCEDURE.md", "ROLLBACK.md")
        for block in blocks(document, "sh")
        for line in block.splitlines()
        if line.strip().startswith("pggit-audit ")
    ]
    preflight, rehearse, plan, cutover, watch, finish, draft, rollback, restore = lines
    dump = tmp_path / "backup-of-production.dump"
    conninfo, variables_of_psql = programs.connection_arguments(params)
    with psycopg.connect(**params) as connection:
        pg_dump = programs.find(connection.info.server_version // 10000).path("pg_dump")
    programs.run([pg_dump, "-Fc", "-f", str(dump), conninfo], variables_of_psql)
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "app.sql").write_text("select * from pggit.get_history('public.books', 3);")

    def run(line: str, *more: str, expected: int = 0) -> str:
        text = line.replace("--hooks hooks", f"--hooks {hooks}").replace("--observe 60m", "--observe 1s")
        text = text.replace("--code src", f"--code {tmp_path}/src").replace(f" {dump.name} ", f" {dump} ")
        text = text.replace("--report rehearsal", f"--report {tmp_path}/rehearsal")
        text = text.replace("/var/lib/node_exporter", str(tmp_path))
        text = text.replace("--out lessons-learned.md", f"--out {tmp_path}/lessons-learned.md")
        for variable, value in variables.items():
            text = text.replace(variable, value)
        status, said = place.run(*text.split()[1:], *more)
        assert status == expected, (text, said)
        return said

    variables: dict[str, str] = {}

    def confirmed(*rehearsed: str) -> None:
        said = run(plan, *rehearsed, "--observe", "1s")
        variables["$DIGEST"] = re.findall(r"(?m)^Digest\s+(\S+)$", said)[0]
        run(cutover, *rehearsed, "--yes")
        variables["cutover/production-app/$RUN"] = str(
            max((tmp_path / "cutover").glob("*/*/journal.jsonl")).parent
        )

    assert "READY" in run(preflight)
    assert "\nGO\n" in run(rehearse)
    report = ("--report", str(tmp_path / "rehearsal"))
    confirmed(*report)
    run(watch)
    assert (tmp_path / "pggit.prom").is_file()
    run(rollback)
    assert before.differences(place.fingerprint()) == []
    confirmed(*report)
    run(restore)
    assert before.differences(place.fingerprint()) == []
    with psycopg.connect(**params, autocommit=True) as connection:
        for (schema,) in connection.execute(
            "select nspname from pg_namespace where starts_with(nspname, 'pggit_replaced_')"
        ).fetchall():
            connection.execute(f"alter event trigger pggit_tracker_drop disable; drop schema {schema} cascade;"
                               " alter event trigger pggit_tracker_drop enable".encode())  # fmt: skip
    confirmed(*report)
    run(finish, "--yes")
    run(watch)
    run(draft)
    assert "| finish | " in (tmp_path / "lessons-learned.md").read_text()
    done = subprocess.run(
        [str(Path(sys.executable).with_name("dbt")), "build", "--target", "production",
         "--target-path", str(tmp_path / "target"), "--log-path", str(tmp_path / "logs")],
        cwd=PROJECT, env=environment, capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout[-4000:]
