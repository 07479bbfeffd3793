"""What people did between the rehearsal and the night, and whom they sent: with real processes, from end to end."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from places import Place, own_server, place, prepare
from project import DATABASE, readme_grants
from psycopg.conninfo import make_conninfo

from pggit_audit import cluster

__all__ = ["own_server", "place"]

pytestmark = pytest.mark.slow


def plan_of(place: Place, report: Path) -> tuple[int, str]:
    return place.run("cutover", "--plan", "--report", str(report), "--observe", "0")


def test_a_history_that_grew_since_the_rehearsal(place: Place, tmp_path: Path) -> None:
    """Rows that came since are built as well, under the digest that was confirmed before; a changed row ends it."""
    report = tmp_path / "rehearsal"
    status, said = place.run("rehearse", "--from", "night", "--report", str(report))
    assert status == 0, said
    status, said = plan_of(place, report)
    assert status == 0, said
    digest = re.findall(r"(?m)^Digest\s+(\S+)$", said)[0]
    assert "history_has_grown" not in said

    execute(place.params, "create table public.grown (id integer)")
    before = place.fingerprint()
    status, said = plan_of(place, report)
    assert status == 0 and "history_has_grown" in said and digest in said, said
    night = (
        "cutover",
        "--report",
        str(report),
        "--observe",
        "0",
        "--confirm",
        digest,
        "--yes",
        "--grace",
        "1s",
    )
    status, said = place.run(*night)
    assert status == 0, said
    grown = "select count(*) from pggit_audit.changes where object_name = 'grown' and fidelity = 'exact'"
    assert execute(place.params, grown) == [(1,)]
    assert place.run("monitor")[0] == 0
    status, said = place.run("rollback", "--yes")
    assert status == 0, said
    assert before.differences(place.fingerprint()) == []

    execute(
        place.params, "set session_replication_role = replica",
        "update pggit.history set sql_executed = sql_executed || ' ' where id = 60",
    )  # fmt: skip
    changed = place.fingerprint()
    for status, said in (plan_of(place, report), place.run(*night)):
        assert status == 1, said
        assert "it rehearsed with another history" in said and "changed since" in said
    assert place.state() == "in place"
    assert changed.differences(place.fingerprint()) == []
    assert place.records()


def test_a_role_with_too_few_rights(place: Place) -> None:
    """Each command says what it lacks before it touches anything; who does what it says gets through."""
    grants = readme_grants().replace(f"on database {DATABASE}", "on database night")
    execute(place.params, "create role migration login", grants)
    # what the README gives for builds is not enough for the night
    execute(place.params, "alter role migration nocreatedb nocreaterole")
    environment = {
        **place.environment, "PGGIT_STAGING_HOST": str(place.params["host"]), "PGGIT_STAGING_USER": "migration",
        "PGGIT_STAGING_PORT": str(place.params["port"]),
    }  # fmt: skip
    poor = Place(place.params, place.runs, environment)
    before = place.fingerprint()
    try:
        assert poor.run("preflight")[0] in (0, 1)
        for command in (
            ("rehearse", "--from", "night"),
            (
                "cutover",
                "--confirm",
                poor.digest("--observe", "0"),
                "--without-rehearsal",
                "--observe",
                "0",
                "--yes",
            ),
            ("rollback", "--yes"),
            ("monitor",),
            ("finish", "--yes"),
        ):
            status, said = poor.run(*command)
            assert status in (1, 2), (command, said)
            assert "Traceback" not in said
            assert re.search(
                "[Nn]othing was (touched|changed|rehearsed|done)|was not touched|has not moved", said
            ), (command, said)
            assert place.state() == "in place"
            assert before.differences(place.fingerprint()) == []
        for what in ("too little", "what it said", "and a superuser"):
            process = poor.begin()
            said = process.communicate(timeout=600)[0]
            if what == "and a superuser":
                break
            assert process.returncode == 2, said
            assert "Nothing was touched" in said and "may not make event triggers" in said
            assert before.differences(place.fingerprint()) == []
            remedies = re.findall(r"(?m)^      (\w.*;)$", said)
            assert bool(remedies) == (what == "too little"), said
            execute(place.params, *remedies or ["alter role migration superuser"])
        assert process.returncode == 0, said
        status, said = poor.run("rollback", "--yes")
        assert status == 0, said
        assert before.differences(place.fingerprint()) == []
    finally:
        execute(place.params, "drop owned by migration cascade")
        execute(place.params, "drop role migration")


WRITER = """
import itertools, sys, time, psycopg
numbers = itertools.count()
while True:
    try:
        with psycopg.connect(sys.argv[1], autocommit=True, application_name="the shop") as connection:
            while True:
                query = "update pggit.objects set metadata = jsonb_build_object('n', %s::int)"
                connection.execute(query, (next(numbers),))
                print("wrote", flush=True)
                time.sleep(0.02)
    except psycopg.Error as error:
        print("refused:", " ".join(str(error).split()), flush=True)
        time.sleep(0.02)
"""


def test_an_application_writes_and_reconnects_and_a_backup_is_damaged(place: Place, tmp_path: Path) -> None:
    """From the freeze on not one write arrives, however often it comes back; what is damaged is not restored."""
    log = tmp_path / "shop.log"
    with (
        log.open("w") as output,
        subprocess.Popen(
            [sys.executable, "-c", WRITER, make_conninfo(**place.params)], stdout=output, stderr=output
        ) as shop,
    ):
        try:
            process = place.begin()
            said = process.communicate(timeout=900)[0]
            lines = log.read_text().splitlines()
        finally:
            shop.kill()
    assert process.returncode == 0, said
    first = next(number for number, line in enumerate(lines) if line.startswith("refused"))
    assert lines[0] == "wrote" and first > 0
    held = [line for line in lines if "is held while its history moves" in line]
    assert len(held) > 20, lines[first:][:10]
    assert place.run("monitor")[0] == 0

    backup = next(place.runs.rglob("backup"))
    dump = backup / "pggit.dump"
    whole = dump.read_bytes()
    middle = len(whole) // 2
    for damaged in (whole[:middle], whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :]):
        dump.write_bytes(damaged)
        status, said = place.run("rollback", "--yes", "--from", str(backup))
        assert status == 1, said
        assert "is not what it was when the backup was made" in said and "Nothing was touched" in said
        assert place.state() == "archived"
        assert place.run("monitor")[0] == 0
    dump.write_bytes(whole)
    status, said = place.run("rollback", "--yes", "--from", str(backup))
    assert status == 0, said
    assert "as it was before" in said
    assert place.records()


@pytest.fixture
def with_two_phases(tmp_path: Path) -> Iterator[Place]:
    """A server that takes prepared transactions."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(cluster, "SETTINGS", {**cluster.SETTINGS, "max_prepared_transactions": "5"})
        with cluster.throw_away_cluster(16, cluster.find(16)) as server:
            execute(server, "create database night")
            params = {**server, "dbname": "night"}
            prepare(params)
            environment = {n: v for n, v in os.environ.items() if not n.startswith(("DBT_", "PGGIT_"))}
            environment |= {f"PGGIT_STAGING_{name.upper()}": str(value) for name, value in params.items()}
            environment |= {
                "PGGIT_NIGHT_DIR": str(tmp_path / "runs"), "COLUMNS": "120",
                "DBT_EXCLUDE_RESOURCE_TYPES": "test",
            }  # fmt: skip
            yield Place(params, tmp_path / "runs", environment)


def test_a_prepared_transaction_is_in_the_way(with_two_phases: Place) -> None:
    place = with_two_phases
    before = place.fingerprint()
    with psycopg.connect(**place.params, autocommit=True) as connection:
        connection.execute("begin")
        connection.execute("lock table pggit.history in row exclusive mode")
        connection.execute("prepare transaction 'forgotten in March'")
    said = place.run("preflight")[1]
    assert "forgotten in March" in said and "prepared_transaction" in said
    said = place.run("cutover", "--plan", "--without-rehearsal", "--observe", "0")[1]
    assert "forgotten in March" in said and "prepared_transaction" in said
    process = place.begin()
    said = process.communicate(timeout=600)[0]
    assert process.returncode == 1, said
    assert "forgotten in March" in said and "v1 was not touched" in said
    assert place.state() == "in place"
    assert before.differences(place.fingerprint()) == []
    execute(place.params, "rollback prepared 'forgotten in March'")
    assert place.records()
    process = place.begin()
    said = process.communicate(timeout=600)[0]
    assert process.returncode == 0, said
    assert place.run("monitor")[0] == 0
