"""`pggit-audit rebuild`: a commit's schema, made by nobody, compared, and kept where that is asked for."""

from __future__ import annotations

import json
from typing import Any

import psycopg
import pytest
from project import PROJECT, copied

from pggit_audit.cli import main
from pggit_audit.grounds import PREFIX

Params = dict[str, Any]


@pytest.fixture(autouse=True)
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(PROJECT)


def at(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGGIT_STAGING_PASSWORD", "")
    for name in ("host", "port", "user", "dbname"):
        monkeypatch.setenv(f"PGGIT_STAGING_{name.upper()}", str(params.get(name, 5432)))


def test_a_commit_is_rebuilt_by_nobody_and_kept_where_that_is_asked_for(
    built: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at(built, monkeypatch)
    with psycopg.connect(**built, autocommit=True) as connection:
        first = connection.execute(
            "select commit_sha from pggit_audit.changes order by event_no limit 1"
        ).fetchone()
        assert first is not None
        assert main(["rebuild", first[0][:12]]) == 0
        assert main(["rebuild", "HEAD", "--json", "--keep", "looked_at"]) == 0
        said = capsys.readouterr()
        document = json.loads(said.out[said.out.index("{") :])
        assert (document["decision"], document["faults"]) == ("rebuilt", [])
        assert main(["rebuild", "HEAD", "--keep", "looked_at"]) == 2
        assert "already" in capsys.readouterr().err
        with psycopg.connect(**{**built, "dbname": "looked_at"}) as kept:
            found = kept.execute("select tableowner from pg_tables where tablename = 'books'").fetchall()
        rights = connection.execute(
            "select rolcanlogin, rolsuper from pg_roles where rolname = 'looked_at_owner'"
        ).fetchall()
        assert (found, rights) == ([("looked_at_owner",)], [(False, False)])
        connection.execute("drop database looked_at")
        connection.execute("drop role looked_at_owner")
        left = connection.execute("select datname from pg_database where datname like %s", (f"{PREFIX}%",))
        assert left.fetchall() == []


def test_what_a_script_makes_otherwise_is_told(
    built: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with copied(built) as params:
        at(params, monkeypatch)
        with psycopg.connect(**params, autocommit=True) as connection:
            connection.execute("set session_replication_role = replica")
            connection.execute(
                "update pggit_v0.objects set content = replace(content, ' integer', ' int')"
                " where content like 'CREATE TABLE public.books (%'"
            )
        assert main(["rebuild", "HEAD"]) == 1
        said = capsys.readouterr().out
        assert "public.books" in said
        assert "DIFFERS in 1 of" in said


@pytest.mark.parametrize(
    ("commit", "told"), [("zzz", "There is no commit 'zzz'"), ("", "There is no commit")]
)
def test_a_commit_that_is_not_there_is_told(
    built: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], commit: str, told: str
) -> None:
    at(built, monkeypatch)
    assert main(["rebuild", commit]) == 2
    assert told in capsys.readouterr().err


def test_where_there_is_no_audit_layer_that_is_told(
    built: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    at({**built, "dbname": "postgres"}, monkeypatch)
    assert main(["rebuild", "HEAD"]) == 2
    assert "Run dbt build first" in capsys.readouterr().err
