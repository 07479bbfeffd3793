"""Recorded histories load as they were recorded, or not at all."""

from __future__ import annotations

import csv
import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers import execute
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit import embedded
from pggit_audit.cli import main
from pggit_audit.errors import PggitError
from pggit_audit.lab import recorded

SAMPLE = Path(__file__).parents[2] / "sample" / "bookshop"
KINDS = """
    select relkind, count(*)::integer
    from pg_class
    where relnamespace in ('public'::regnamespace, 'billing'::regnamespace)
    group by relkind
"""

BROKEN = "\ncreate table public.broken (a nothing);\n"


@pytest.fixture
def connection(empty_database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(empty_database) as opened:
        yield opened


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A copy of the sample that a test may spoil, unpacked."""
    folder = tmp_path / "history"
    folder.mkdir()
    for path in SAMPLE.iterdir():
        if path.suffix == ".gz":
            (folder / path.stem).write_bytes(gzip.decompress(path.read_bytes()))
        elif path.is_file():
            shutil.copy(path, folder)
    return folder


def recorded_rows(path: Path) -> list[dict[str, str | None]]:
    """Read a CSV as PostgreSQL does, but for the difference of NULL and ''."""
    with path.open(newline="", encoding="utf-8") as lines:
        return [{name: value or None for name, value in row.items()} for row in csv.DictReader(lines)]


@pytest.mark.parametrize("table", recorded.TABLES)
def test_every_field_is_as_recorded(connection: psycopg.Connection[Any], copied: Path, table: str) -> None:
    recorded.load_history(connection, copied)
    expected = recorded_rows(copied / f"{table}.csv")
    assert expected or table == "commits"
    columns = list(expected[0]) if expected else ["id"]
    query = sql.SQL("select {} from {} order by id + 0").format(
        sql.SQL(", ").join(
            sql.SQL("nullif({0}::text, '') as {0}").format(sql.Identifier(name)) for name in columns
        ),
        sql.Identifier("pggit", table),
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        found = cursor.execute(query).fetchall()
    booleans = {"t": "true", "f": "false"}
    for row in expected:
        if "is_active" in row:
            row["is_active"] = booleans[row["is_active"] or ""]
    assert found == sorted(expected, key=lambda row: int(row["id"] or 0))


def test_null_and_empty_text_stay_apart(connection: psycopg.Connection[Any], copied: Path) -> None:
    path = copied / "history.csv"
    lines = path.read_text().splitlines()
    assert lines[1].endswith(",postgres")
    lines[1] = lines[1].removesuffix("postgres") + '""'
    lines[2] = lines[2].removesuffix("postgres")
    path.write_text("\n".join(lines) + "\n")
    recorded.load_history(connection, copied)
    found = connection.execute("select created_by from pggit.history where id < 3 order by id").fetchall()
    assert found == [("",), (None,)]


def test_the_live_schema_and_the_session_are_whole(connection: psycopg.Connection[Any]) -> None:
    before = connection.execute("select current_setting('search_path')").fetchall()
    recorded.load_history(connection, SAMPLE)
    text = (SAMPLE / "live.sql").read_text()
    kinds = dict(connection.execute(KINDS).fetchall())
    assert kinds["r"] == text.count("\nCREATE TABLE ") - text.count("PARTITION BY")
    assert kinds["p"] == text.count("PARTITION BY") > 0
    assert kinds["v"] == text.count("\nCREATE VIEW ") > 0
    assert kinds["m"] == text.count("\nCREATE MATERIALIZED VIEW ") > 0
    assert connection.execute("select current_setting('search_path')").fetchall() == before
    assert connection.execute("select count(*) from pg_event_trigger").fetchall() == [(0,)]
    assert connection.execute("select count(*) from pg_trigger where tgrelid::regclass::text like 'pggit%' "
                              "and not tgisinternal").fetchall() == [(0,)]  # fmt: skip


def test_the_next_id_follows_the_recorded_ones(connection: psycopg.Connection[Any]) -> None:
    recorded.load_history(connection, SAMPLE)
    row = connection.execute(
        "insert into pggit.history (object_id, change_type, change_severity) "
        "select object_id, 'ALTER', 'MINOR' from pggit.history where id = 1 "
        "returning id > (select max(id) from pggit.history), old_version"
    ).fetchone()
    assert row == (True, None)
    first = connection.execute(
        "insert into pggit.commits (hash, branch_id) values ('first', 1) returning id"
    ).fetchone()
    assert first == (1,)


def test_psql_commands_of_newer_dumps(connection: psycopg.Connection[Any], copied: Path) -> None:
    live = copied / "live.sql"
    live.write_text("\\restrict abc\n" + live.read_text() + "\\unrestrict abc\n")
    recorded.load_history(connection, copied)


@pytest.mark.parametrize(
    ("name", "change", "expected"),
    [
        ("objects.csv", lambda text: None, "is not a recorded history: it has neither objects.csv nor"),
        ("history.csv", lambda text: text.replace("change_type", "kind", 1), r"has no column kind"),
        ("history.csv", lambda text: "", r"pggit.history has no column \(empty file\)"),
        (
            "history.csv",
            lambda text: text.replace(",CREATE,", ",MAKE,", 1),
            r'"MAKE" \(COPY load_history, line 1,',
        ),
        (
            "objects.csv",
            lambda text: text[: text.index("\n20,") + 1],
            "history.csv: insert or update on table",
        ),
        ("live.sql", lambda text: text + BROKEN, r'live.sql, line 948: type "nothing" does not exist'),
    ],
)
def test_a_spoilt_history_loads_nothing(
    connection: psycopg.Connection[Any], copied: Path, name: str, change: Any, expected: str
) -> None:
    path = copied / name
    text = change(path.read_text())
    if text is None:
        path.unlink()
    else:
        path.write_text(text)
    with pytest.raises(PggitError, match=expected + r"(.|\n)*Nothing was loaded\."):
        recorded.load_history(connection, copied)
    connection.rollback()
    schemas = "select count(*) from pg_namespace where nspname in ('pggit', 'pggit_v0', 'billing')"
    assert connection.execute(schemas).fetchone() == (0,)


def test_a_database_that_has_one_already(connection: psycopg.Connection[Any]) -> None:
    recorded.load_history(connection, SAMPLE)
    with pytest.raises(PggitError, match=r"has a schema pggit and pggit_v0 already. Nothing was loaded"):
        recorded.load_history(connection, SAMPLE)


def test_the_command_line(server: embedded.Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["load", str(SAMPLE), "--dbname", 'a "new" one']) == 0
    assert "is loaded." in capsys.readouterr().out
    params = server.params('a "new" one')
    assert execute(params, "select count(*) from pggit.history") == [(132,)]
    assert main(["load", str(SAMPLE), "--dbname", 'a "new" one']) == 1
    said = capsys.readouterr().err
    assert said.startswith('pggit-audit: Database a "new" one has a schema pggit and pggit_v0 already.')
    execute(server.params("postgres"), 'drop database "a ""new"" one" with (force)')
