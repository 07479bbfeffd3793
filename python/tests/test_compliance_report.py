"""The compliance report: what it says, on whose word, and that it says no where something does not hold."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import Params, copied

from pggit_audit.cli import main
from pggit_audit.compliance import report
from pggit_audit.compliance.state import collect
from pggit_audit.errors import PggitError

README = Path(__file__).parents[2] / "README.md"
Connection = psycopg.Connection[Any]


@pytest.fixture
def database(built: Params) -> Iterator[Params]:
    """A copy of the migrated sample, in which a person passed two changes and failed one."""
    with copied(built) as params:
        with psycopg.connect(**params) as connection:
            connection.execute(
                "select pggit_audit.verify_change(change_id, 'ann', 'seen in <staging> & compared')"
                " from (select * from pggit_audit.unverified_changes order by event_no limit 2) as two"
            )
            connection.execute(
                "select pggit_audit.verify_change(change_id, 'ben', 'another default', 'FAILED')"
                " from (select * from pggit_audit.unverified_changes order by event_no limit 1) as one"
            )
        yield params


@pytest.fixture
def connection(database: Params) -> Iterator[Connection]:
    with psycopg.connect(**database, autocommit=True) as connection:
        yield connection


class _Text(HTMLParser):
    """Takes the text of a page, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.text = ""
        self.loads: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.loads += [str(v) for k, v in attrs if k in ("src", "href")]

    def handle_data(self, data: str) -> None:
        self.text += data


def _read(page: str) -> str:
    found = _Text()
    found.feed(page)
    assert found.loads == []
    assert "url(" not in page and "@import" not in page
    return re.sub(r"\s+", " ", found.text)


def test_it_says_what_holds_who_verified_and_what_is_open(connection: Connection) -> None:
    state = collect(connection, "pggit_audit")
    assert (state["holds"], state["reasons"]) == (True, [])
    text = _read(report.render(state, "staging"))
    counts = connection.execute(
        "select count(*), count(*) filter (where verified) from pggit_audit.changes"
    ).fetchone()
    assert counts is not None
    assert f"{counts[1]} of {counts[0]} changes are verified" in text
    assert "ann" in text and "seen in <staging> & compared" in text
    assert "failed by ben: another default" in text
    (last,) = connection.execute(
        "select entry_hash from pggit_audit.compliance_log order by entry_no desc limit 1"
    ).fetchone() or ("",)
    assert last and last in text
    # the build is no person
    assert [row["verified_by"] for row in state["entries"]] == ["ben", "ann", "ann"]


def test_a_reader_can_make_it(database: Params) -> None:
    section = README.read_text("utf-8").split("## Who may read the results", 1)[1].split("```")[1]
    with psycopg.connect(**database, autocommit=True) as connection:
        connection.execute("drop role if exists reader")
        connection.execute(section.removeprefix("sql\n").replace("for role migration ", "").encode())
        connection.execute("set role reader")
        assert collect(connection, "pggit_audit")["holds"]
        connection.execute("reset role; drop owned by reader; drop role reader")


@pytest.mark.parametrize(
    ("tampering", "reason"),
    [
        ("update pggit_audit.compliance_log set verified_by = 'x' where entry_no = 5", "Entry 5 of the log"),
        ("delete from pggit_audit.changes where v1_version_id = 50", "Rows of pggit.history"),
        (
            "update pggit_audit.changes set author = 'x' where v1_version_id = 50",
            "the author that v1 recorded",
        ),
    ],
)
def test_it_says_no_where_something_does_not_hold(database: Params, tampering: str, reason: str) -> None:
    with psycopg.connect(**database, autocommit=True) as connection:
        connection.execute("set session_replication_role = replica")
        connection.execute(tampering.encode())
        state = collect(connection, "pggit_audit")
    assert not state["holds"]
    text = _read(report.render(state, "staging"))
    assert "Does not hold" in text and reason in text


def test_without_an_audit_layer_it_says_so(connection: Connection) -> None:
    with pytest.raises(PggitError, match="Run dbt build first"):
        collect(connection, "public")


def test_the_command(
    database: Params, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, key in (("HOST", "host"), ("PORT", "port"), ("USER", "user"), ("DBNAME", "dbname")):
        monkeypatch.setenv(f"PGGIT_STAGING_{name}", str(database.get(key, "")))
    monkeypatch.chdir(README.parent)
    page = tmp_path / "new folder" / "signed.html"
    assert main(["report", "compliance", "--out", str(page), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["report"] == str(page)
    assert "Complete and unbroken" in _read(page.read_text("utf-8"))
    assert list(page.parent.iterdir()) == [page]
