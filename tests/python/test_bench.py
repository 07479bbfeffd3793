"""What the bench reads off a build, and its yardstick."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import psycopg
import pytest
from tracker import install, send

from pggit_audit import bench, embedded
from pggit_audit.errors import PggitError


def node(path: str, kind: str = "model", **more: object) -> dict[str, object]:
    return {"resource_type": kind, "name": Path(path).stem, "original_file_path": path, **more}


def test_a_test_counts_for_the_layer_of_what_it_tests(tmp_path: Path) -> None:
    replay = node("models/intermediate/replay/int_replay__events.py")
    objects = node("models/marts/publish/pggit_v0__objects.sql", alias="objects", schema="pggit_v0")
    work = node("models/intermediate/git/objects.sql", alias="objects", schema="pggit_audit_work")
    nodes = {
        "model.replay": replay,
        "model.objects": objects,
        "model.work": work,
        "test.replay": node(
            "tests/singular/t.sql", "test", depends_on={"nodes": ["source.x", "model.replay"]}
        ),
        "test.nothing": node("tests/singular/u.sql", "test", depends_on={"nodes": []}),
    }
    results = [{"unique_id": name, "execution_time": 1.5, "status": "pass"} for name in nodes]
    (tmp_path / "manifest.json").write_text(json.dumps({"nodes": nodes}))
    (tmp_path / "run_results.json").write_text(json.dumps({"results": results}))
    found = {n.name: (n.layer, n.is_test, n.publishes) for n in bench.read_nodes(tmp_path)}
    assert found == {
        "int_replay__events": ("replay", False, False),
        "pggit_v0__objects": ("publish", False, True),
        "objects": ("git", False, False),
        "t": ("replay", True, False),
        "u": ("other", True, False),
    }


def test_the_yardstick_runs_each_query_once(server: embedded.Server) -> None:
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        admin.execute(f"create database {bench.DATABASE} template template0".encode())
    with psycopg.connect(**server.params(bench.DATABASE), autocommit=True) as connection:
        install(connection)
        connection.execute("truncate pggit.history, pggit.objects cascade")
        script = ("create table a (id integer primary key)", "create table b (id integer primary key)")
        send(connection, script, "script")  # four rows, one execution of two statements
        send(connection, ["drop table b"], "statement")
        send(connection, ["alter table a add column x text"], "statement")
        send(connection, ["alter table a drop column x"], "statement")
        wrong = "update pggit.history set sql_executed = 'alter table nowhere add y int' where {}"
        connection.execute(wrong.format("change_description like '%Removed column%'").encode())
        connection.execute("update pggit.history set sql_executed = null where change_type = 'DROP'")
        kept = connection.execute("select count(*) from pggit.history").fetchone()
    assert kept == (8,)
    seconds, statements, failed = bench.raw_execution(server)
    assert (statements, failed) == (4, 1)
    assert seconds > 0
    with psycopg.connect(**server.params(bench.RAW_DATABASE), autocommit=True) as connection:
        columns = connection.execute(
            "select table_name, count(*)::int from information_schema.columns"
            " where table_schema = 'public' group by table_name order by table_name"
        ).fetchall()
    assert columns == [("a", 2), ("b", 1)]


def test_a_failed_build_says_what_dbt_said(tmp_path: Path) -> None:
    output = "10:00 1 of 2 ERROR model x\n10:01 Completed with 1 error:\n10:01 relation y does not exist\n"
    build = bench.Build("", 1, output, 1.0, 0, tmp_path)
    with pytest.raises(PggitError) as caught:
        build.check()
    assert str(caught.value).splitlines()[1:] == output.splitlines()[1:]


def test_outside_a_project_nothing_is_built(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = argparse.Namespace(directory=tmp_path, granularity="version", embedded_version="16")
    with pytest.raises(PggitError, match="no dbt project"), bench.built(arguments):
        pass
