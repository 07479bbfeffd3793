"""What the bench reads off a build, and its yardstick."""

from __future__ import annotations

import json
from pathlib import Path

import psycopg
import pytest
from project import new_database

from pggit_audit import embedded
from pggit_audit.errors import PggitError
from pggit_audit.lab import bench


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


def test_the_yardstick_runs_what_the_replay_ran(server: embedded.Server) -> None:
    database = new_database(server.params("postgres"), bench.DATABASE)
    both = "create table a (id integer primary key); create table b (id integer primary key)"
    executions = [
        (1, 1, both),
        (1, 2, both),
        (2, 3, "alter table a add e mood"),
        (3, 4, "drop table nowhere"),
        (4, 5, None),
    ]
    repairs = [
        (3, 2, "create type mood as enum ()"),
        (3, 1, "create type missing as enum ()"),
        (3, 3, "alter table a alter e set default 'fine'"),  # before its column is there
        (3, 4, "alter type mood add value 'fine'"),
        (3, 5, ""),
    ]
    with psycopg.connect(**database) as connection:
        connection.execute(
            """
            create schema pggit_audit;
            create schema pggit_audit_work;
            create table pggit_audit_work.int_replay__executions
                (execution_no integer, version_id integer, change_sql text, exclusion_reason text);
            create table pggit_audit.repairs (v1_version_id integer, step_no integer, statement text);
            insert into pggit_audit_work.int_replay__executions values (0, 0, 'create table tracker ()', 'its own')
            """
        )
        with connection.cursor() as cursor:
            cursor.executemany(
                "insert into pggit_audit_work.int_replay__executions values (%s, %s, %s)", executions
            )
            cursor.executemany("insert into pggit_audit.repairs values (%s, %s, %s)", repairs)
    raw = bench.raw_execution(server)
    assert (raw.statements, raw.failed) == (8, 1)
    assert len(raw.seconds) == 3 and min(raw.seconds) > 0
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
    with pytest.raises(PggitError, match="no dbt project"), bench.built(bench.History(tmp_path)):
        pass
