"""What all commands have in common: how they end, where they print, what they say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from pggit_audit import dbt_runs, embedded, targets
from pggit_audit.cli import app, main
from pggit_audit.cli.common import print_findings, result, words
from pggit_audit.errors import PggitError
from pggit_audit.verdicts import Finding, blocks, in_order

ROOT = Path(__file__).parents[3]


@pytest.fixture
def in_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    for name in os.environ:
        if name.startswith(("PGGIT_STAGING_", "PGGIT_PRODUCTION_")):
            monkeypatch.delenv(name)


@pytest.mark.parametrize("arguments", [["nonsense"], ["server", "stauts"], ["load"], ["load", ".", "--nope"]])
def test_wrong_usage_ends_with_2_and_is_told_on_stderr(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert "Usage: pggit-audit" in said.err


def test_every_command_and_option_has_a_help_text(capsys: pytest.CaptureFixture[str]) -> None:
    from typer.main import get_command

    def check(command: object, path: list[str]) -> None:
        assert main([*path, "--help"]) == 0
        assert getattr(command, "help", None), path
        for parameter in command.params:  # type: ignore[attr-defined]
            assert getattr(parameter, "help", None), (path, parameter.name)
        for name, below in getattr(command, "commands", {}).items():
            check(below, [*path, name])

    check(get_command(app), [])
    assert "Traceback" not in capsys.readouterr().err


def test_json_is_one_document_on_stdout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGGIT_EMBEDDED_DIR", str(tmp_path / "pg"))
    assert main(["server", "status", "--json"]) == 0
    said = capsys.readouterr()
    assert json.loads(said.out)["running"] is False
    assert said.err == ""


ENDS_EARLY: list[tuple[list[str], int]] = [
    (["preflight", "--target", "nowhere"], 2),
    (["preflight", "--fix"], 2),
    (["preflight", "--code", "no/such/folder"], 2),
    (["rehearse"], 2),
    (["rehearse", "--from", "x", "--target", "nowhere"], 2),
    (["rehearse", "--from", "x", "--accept", "12"], 2),
    (["cutover", "--target", "nowhere", "--plan"], 2),
    (["cutover", "--window", "soon"], 2),
    (["rollback", "--target", "nowhere"], 2),
    (["finish", "--target", "nowhere"], 2),
    (["status", "--target", "nowhere"], 2),
    (["monitor", "--target", "nowhere"], 2),
    (["evidence", "collect", "--target", "nowhere", "--out", "x"], 2),
    (["rebuild", "abc", "--target", "nowhere"], 2),
    (["load", "no/such/folder"], 2),
    (["score", "no/such/folder"], 2),
    (["nonsense"], 2),
]


@pytest.mark.parametrize(
    ("arguments", "status"), ENDS_EARLY, ids=lambda a: " ".join(a) if isinstance(a, list) else ""
)
def test_json_is_one_document_also_where_the_command_ends_before_it_has_one(
    arguments: list[str], status: int, in_project: None, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([*arguments, "--json"]) == status
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["decision"] == "unknown" and found["reason"]
    assert said.err and "Traceback" not in said.err


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (
            OSError(28, "No space left on device", "report/x.csv"),
            "report/x.csv cannot be used: No space left on device",
        ),
        (PermissionError(13, "Permission denied", "x.prom"), "x.prom cannot be used: Permission denied"),
        (
            psycopg.errors.InsufficientPrivilege("permission denied for table history"),
            "permission denied for table",
        ),
    ],
)
def test_what_a_server_or_a_disk_refuses_is_said_without_a_trace(
    error: Exception, said: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> None:
        raise error

    monkeypatch.setattr(embedded, "status", refused)
    assert main(["server", "status", "--json"]) == 2
    told = capsys.readouterr()
    assert said in told.err and "pggit-audit status" in told.err
    assert said in json.loads(told.out)["reason"]


def test_the_shell_completes_commands() -> None:
    completion = {
        "_PGGIT_AUDIT_COMPLETE": "complete_bash",
        "COMP_WORDS": "pggit-audit ser",
        "COMP_CWORD": "1",
    }
    told = subprocess.run(
        [sys.executable, "-c", "from pggit_audit.cli import main; main()"],
        env={**os.environ, **completion},
        capture_output=True,
        text=True,
    )
    assert told.stdout.strip() == "server"


def test_staging_without_a_host_is_the_embedded_server(
    in_project: None, server: embedded.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "ensure_running", lambda project=None: server)
    monkeypatch.setenv("PGGIT_STAGING_DBNAME", "postgres")
    with targets.connect("staging", ROOT, autocommit=True) as connection:
        assert connection.info.host == str(server.socket_dir)
        assert connection.info.dbname == "postgres"


def test_a_target_is_read_as_dbt_reads_it(in_project: None, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(PggitError, match=r"Env var required but not provided: 'PGGIT_PRODUCTION_HOST'"):
        targets.params("production", ROOT)
    for name, value in {
        "HOST": "127.0.0.1",
        "PORT": "1",
        "USER": "u",
        "PASSWORD": "p",
        "DBNAME": "d",
    }.items():
        monkeypatch.setenv(f"PGGIT_PRODUCTION_{name}", value)
    found = targets.params("production", ROOT)
    assert (found["host"], found["port"], found["dbname"]) == ("127.0.0.1", 1, "d")
    with pytest.raises(PggitError, match=r"Target production cannot be reached(.|\n)*PGGIT_PRODUCTION_HOST"):
        targets.connect("production", ROOT)
    with pytest.raises(PggitError, match=r"does not have a target named 'nowhere'"):
        targets.connect("nowhere", ROOT)


def test_a_run_of_dbt_tells_its_steps_and_what_failed(tmp_path: Path, server: embedded.Server) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "dbt_project.yml").write_text("name: small\nversion: 1.0.0\nprofile: small\n")
    (tmp_path / "profiles.yml").write_text(
        "small: {target: t, outputs: {t: {type: pggit, dbname: postgres, schema: small, threads: 1, "
        f"host: '{server.socket_dir}', user: {embedded.USER}}}}}}}\n"
    )
    (tmp_path / "models" / "a.sql").write_text("select 1 as one")
    (tmp_path / "models" / "b.sql").write_text("select one / 0 as none from {{ ref('a') }} -- \n")
    (tmp_path / "models" / "b.yml").write_text("models: [{name: b, config: {materialized: table}}]")
    steps: list[dbt_runs.Step] = []
    found = dbt_runs.run("run", project=tmp_path, target="t", on_step=steps.append)
    assert found.status == 1 and not found.ok
    assert found.results == {"model.small.a": "success", "model.small.b": "error"}
    assert len(found.failures) == 1 and "b: " in found.failures[0] and "division by zero" in found.said()
    assert [(s.name, s.done, s.total) for s in steps] == [("a", 0, 2), ("a", 1, 2), ("b", 1, 2), ("b", 2, 2)]
    # a project that cannot be read never gets to its nodes, and what an earlier run left is not taken for it
    (tmp_path / "models" / "b.sql").write_text("{{ nonsense(")
    found = dbt_runs.run("run", project=tmp_path, target="t")
    assert found.status == 2 and not found.results and "b.sql" in found.said()
    with psycopg.connect(**server.params("postgres"), autocommit=True) as connection:
        connection.execute("drop schema small cascade")


def test_verdicts_come_worst_first_and_block_as_asked() -> None:
    warning, blocker, info = (Finding("c", s, "o", "m", "w", "d") for s in ("warning", "blocker", "info"))
    assert [f.severity for f in in_order([info, warning, blocker])] == ["blocker", "warning", "info"]
    assert blocks([warning, blocker]) and not blocks([warning, info])
    assert blocks([warning], strict=True) and not blocks([info], strict=True)
    assert Finding.of(warning.as_json()) == warning


def test_no_text_of_a_history_acts_on_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    hostile = "t\x1b[2J\x9b1A\r\u202ename\x07"
    finding = Finding("code", "warning", hostile, f"It is {hostile}.", f"Drop {hostile}.", "docs.md")
    print_findings(result(), [finding])
    words().print(f"[bold]{hostile}[/bold]")
    said = capsys.readouterr()
    for text in (said.out, said.err):
        assert "t[2J1Aname" in text
        assert not set(text) & set("\x1b\x9b\r\u202e\x07")
