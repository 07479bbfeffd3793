"""`pggit-audit preflight` as it is called, and the guide's table of calls."""

from __future__ import annotations

import json
import re
import shlex
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import PROJECT, Params, copied

from pggit_audit.cli import main
from pggit_audit.night.preflight.calls import CallTable, read_seed
from preflight import guide

HERE = Path(__file__).parent


@pytest.fixture
def migrated(built: Params, monkeypatch: pytest.MonkeyPatch) -> Iterator[Params]:
    """The migrated sample as the target staging."""
    with copied(built) as params:
        for name, key in {"HOST": "host", "PORT": "port", "USER": "user", "DBNAME": "dbname"}.items():
            monkeypatch.setenv(f"PGGIT_STAGING_{name}", str(params[key]))
        monkeypatch.chdir(PROJECT)
        yield params


@pytest.fixture
def application(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "application", tmp_path / "src"))


def document(arguments: list[str], status: int, capsys: pytest.CaptureFixture[str]) -> dict[str, Any]:
    assert main(["preflight", "--json", *arguments]) == status
    found: dict[str, Any] = json.loads(capsys.readouterr().out)
    return found


def test_ready_with_warnings_then_blocked(migrated: Params, capsys: pytest.CaptureFixture[str]) -> None:
    found = document([], 0, capsys)
    assert found["decision"] == "ready" and found["calls"] == [] and found["uses"] == []
    codes = {(finding["code"], finding["severity"]) for finding in found["findings"]}
    # of the history, and of the build
    assert {("no_author", "warning"), ("repaired", "warning"), ("missing_ids", "info")} <= codes
    assert {tuple(finding) for finding in found["findings"]} == {
        ("code", "severity", "object", "message", "what_to_do", "docs")
    }
    assert sum(row["rows"] for row in found["history"] if row["dimension"] == "kind") == 132
    assert document(["--strict"], 1, capsys)["decision"] == "blocked"
    with psycopg.connect(**migrated) as connection:
        connection.execute(
            "create procedure public.forget() language sql as 'delete from pggit.history where id < 0'"
        )
    found = document([], 1, capsys)
    assert [f["object"] for f in found["findings"] if f["severity"] == "blocker"] == ["public.forget()"]
    assert [(use["v1_call"], use["class"]) for use in found["uses"]] == [("pggit.history", "writer")]


def test_code_is_scanned_shown_and_fixed(
    migrated: Params, application: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    calls = document(["--code", str(application)], 0, capsys)["calls"]
    assert len(calls) == 14 and sum(call["rewritten"] is not None for call in calls) == 11
    assert {"file", "line", "call", "class", "rewritten"} <= set(calls[0])
    before = (application / "reports.py").read_text()
    assert main(["preflight", "--code", str(application)]) == 0
    said = capsys.readouterr().out
    assert "reports.py:9" in said and "READY" in said and (application / "reports.py").read_text() == before
    assert main(["preflight", "--code", str(application), "--fix"]) == 0
    said = capsys.readouterr().out
    assert "+++ b/reports.py" in said and "3 file(s)" in said
    assert '\n-LATEST = "select version_string from pggit.get_version(%(table)s) as v"\n+LATEST = ' in said
    assert "pggit_audit.changes" in (application / "reports.py").read_text()
    found = document(["--code", str(application), "--fix"], 0, capsys)
    assert all(call["rewritten"] is None for call in found["calls"]) and len(found["calls"]) == 3


def test_what_could_not_be_told(
    migrated: Params, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["preflight", "--fix"]) == 2
    assert "--code DIR" in capsys.readouterr().err
    assert main(["preflight", "--code", "/nowhere"]) == 2
    assert "There is no /nowhere" in capsys.readouterr().err
    monkeypatch.setenv("PGGIT_STAGING_DBNAME", "nowhere")
    assert main(["preflight", "--json"]) == 2
    said = capsys.readouterr()
    assert json.loads(said.out)["decision"] == "unknown"
    assert "cannot be reached" in said.err and "Traceback" not in said.err


# The guide


def test_the_guide_has_the_table_of_calls() -> None:
    text = guide.GUIDE.read_text(encoding="utf-8")
    inside = text.partition(guide.BEGIN)[2].partition(guide.END)[0]
    assert inside.strip() == guide.section().strip(), "python python/tests/preflight/guide.py writes it anew"


def test_the_queries_of_the_guide_run(built: Params) -> None:
    text = guide.GUIDE.read_text(encoding="utf-8")
    queries = [*re.findall(r"```sql\n(.*?)```", text, re.DOTALL), *re.findall(r"\| `(select .*?)` \|", text)]
    assert len(queries) > 30
    with psycopg.connect(**built) as connection:
        connection.execute((HERE / "v0_functions.sql").read_bytes())
        for query in queries:
            filled = re.sub(r"\{p_(limit|version)\}", "5", query)
            filled = re.sub(r"\{p_(from|to)\}", "localtimestamp", filled)
            connection.execute(re.sub(r"\{\w+\}", "'public.books'", filled).encode())
        connection.rollback()


def test_a_branch_is_made_committed_to_and_merged_as_the_guide_says(built: Params) -> None:
    text = (
        guide.GUIDE.read_text(encoding="utf-8")
        .partition("## Branching after the move")[2]
        .partition("\n## ")[0]
    )
    blocks = re.findall(r"```sql\n(.*?)```", text, re.DOTALL)
    where, branch, commit, differences, script, conflicts, merge = blocks

    def rows(query: str) -> list[Any]:
        return connection.execute(query.encode()).fetchall()

    def tree(ref: str) -> dict[str, str]:
        return dict(rows(
            "select path, object_sha from pggit_v0.tree_entries join pggit_v0.commit_graph using (tree_sha)"
            f" join pggit_v0.refs on target_sha = commit_sha where name = '{ref}'"
        ))  # fmt: skip

    with psycopg.connect(**built) as connection:
        connection.execute((HERE / "v0_functions.sql").read_bytes())
        before = tree("refs/heads/main")
        assert any(is_head for *_, is_head in rows(where))
        rows(branch)
        rows(commit)
        assert rows(differences) == [("public.shelves", "add")]
        assert "CREATE TABLE public.shelves" in rows(script)[0][0]
        # main goes on meanwhile, and drops a table
        on_main = commit.replace("refs/heads/shelves", "refs/heads/main").partition("    union all")
        dropped = (
            on_main[0].replace("'public.shelves'", "'public.books'")
            + ")\n"
            + on_main[2].partition("\n)\n")[2]
        )
        rows(dropped)
        assert rows(conflicts) == []
        rows(merge)
        merged = tree("refs/heads/main")
        assert merged.keys() == before.keys() - {"public.books"} | {"public.shelves"}
        assert all(merged[path] == before[path] for path in merged if path != "public.shelves")
        # both change one table, each its own way
        for ref in ("main", "shelves"):
            rows(
                commit.replace("refs/heads/shelves", f"refs/heads/{ref}").replace(
                    "id integer", f"{ref} integer"
                )
            )
        assert rows(conflicts) == [("public.shelves", "modify", "modify")]
        connection.rollback()


def test_the_commands_of_the_guide_run(
    migrated: Params, application: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    commands = re.findall(
        r"^pggit-audit (preflight .*)$", guide.GUIDE.read_text(encoding="utf-8"), re.MULTILINE
    )
    assert len(commands) == 4
    for command in commands:
        words = [str(application) if word == "src" else word for word in shlex.split(command)]
        assert main(words) == (1 if "--strict" in words else 0), command


def test_every_code_is_in_the_guide() -> None:
    sources = (PROJECT / "python" / "src" / "pggit_audit" / "night" / "preflight").glob("*.py")
    codes = set()
    for source in sources:
        text = source.read_text(encoding="utf-8")
        codes |= set(re.findall(r'(?:_is|Finding)\(\s*"(\w+)"', text))
        codes |= set(re.findall(r'^    "(\w+)": \(\n?\s*"(?:info|warning|blocker)"', text, re.MULTILINE))
    text = guide.GUIDE.read_text(encoding="utf-8")
    assert len(codes) > 20 and not {code for code in codes if f"`{code}`" not in text}


def test_the_anchors_of_verdicts_are_in_the_guide() -> None:
    headings = re.findall(r"^#+ (.*)$", guide.GUIDE.read_text(encoding="utf-8"), re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", heading).lower().replace(" ", "-") for heading in headings}
    assert {"preflight", "old-calls-new-queries"} <= anchors


def test_the_seed_is_what_the_guide_was_made_from() -> None:
    assert CallTable(read_seed(PROJECT)).functions("get_history")[0].parameters[1].default == "10"
