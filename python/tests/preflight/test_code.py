"""`preflight --code`: an application in three languages, and short texts in many more."""

from __future__ import annotations

import re
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import PROJECT, Params

from pggit_audit.night.preflight.calls import CallTable, read_seed
from pggit_audit.night.preflight.code import Scan, scan
from preflight.languages import LANGUAGES

HERE = Path(__file__).parent
TABLE = CallTable(read_seed(PROJECT))
OBJECTS = [
    "public.books",
    "public.orders",
    "public.authors",
    "public.order_summary",
    "public.legacy_settings",
    "x.y",
]

USED = [
    ("SchemaAudit.java", 11, "get_history", True),
    ("SchemaAudit.java", 16, "get_version", True),
    ("SchemaAudit.java", 26, "get_version_fast", True),
    ("SchemaAudit.java", 30, "get_version", False),
    ("history.ts", 8, "get_history", True),
    ("history.ts", 16, "get_version", True),
    ("history.ts", 23, "get_version_fast", True),
    ("history.ts", 27, "get_version", False),
    ("reports.py", 9, "get_history", True),
    ("reports.py", 11, "get_version", True),
    ("reports.py", 27, "get_version_fast", True),
    ("reports.py", 35, "get_history", True),
    ("reports.py", 36, "get_version", True),
    ("reports.py", 42, "get_history", False),
]
"""File, line, function, and whether it is rewritten: it is not where the SQL is put together."""


@pytest.fixture
def application(tmp_path: Path) -> Path:
    return Path(shutil.copytree(HERE / "application", tmp_path / "application"))


def found(of: Scan) -> list[tuple[str, int, str, bool]]:
    return [(h.file, h.line, h.use.name, h.rewritten is not None) for h in of.hits]


def test_all_of_it_is_found_and_nothing_else(application: Path) -> None:
    scanned = scan(application, TABLE)
    assert found(scanned) == USED
    assert {finding.code for finding in scanned.findings} == {"uses_v1"}


def test_what_is_certain_is_written_and_the_rest_is_left(application: Path) -> None:
    before = {path.name: path.read_text() for path in application.iterdir()}
    first = scan(application, TABLE)
    diff = list(first.diff())
    first.fix()
    left = [(file, name) for file, _, name, is_certain in USED if not is_certain]
    again = scan(application, TABLE)
    assert [(h.file, h.use.name) for h in again.hits] == left
    assert not again.changed and not list(again.diff())
    # what the diff takes out are lines with a call, what it puts in are as many without
    changed = [line for line in diff if line[0] in "+-" and not line.startswith(("+++", "---"))]
    assert all("pggit.get_" in line for line in changed if line[0] == "-")
    for path in application.iterdir():
        lines = zip(before[path.name].splitlines(), path.read_text().splitlines(), strict=True)
        assert all(old == new or "pggit.get_" in old for old, new in lines)


@pytest.fixture
def with_functions(built: Params) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(**built) as connection:
        connection.execute((HERE / "v1_functions.sql").read_bytes())
        # the recording has other times in its rows than when it was made, and v1 has one time for both
        connection.execute(
            "update pggit.objects set created_at = "
            "(select min(created_at) from pggit.history where object_id = objects.id)"
        )
        yield connection
        connection.rollback()


def test_the_new_queries_answer_as_the_old_calls(
    application: Path, with_functions: psycopg.Connection[Any]
) -> None:
    """Each statement of the application, old and new, for every object that it may be asked about."""
    statements = {(hit.statement, hit.rewritten) for hit in scan(application, TABLE).hits if hit.rewritten}
    assert len(statements) == 10
    rows = 0
    for old, new in statements:
        for name in OBJECTS:
            for limit in (1, 3, 100):
                before, after = (_answer(with_functions, text, name, limit) for text in (old, new))
                assert before == after, (old, name, limit)
                rows += sum(before.values())
    assert rows > 100


def _answer(connection: psycopg.Connection[Any], text: str, name: str, limit: int) -> Counter[str]:
    """Run a statement with its parameters, as a driver would: a name, then a limit."""
    values = iter([f"'{name}'", str(limit)])
    for pattern, value in ((r"%\(table\)s", f"'{name}'"), (r"\$1", f"'{name}'"), (r"\$2", str(limit))):
        text = re.sub(pattern, value, text)
    text = re.sub(r"\?|%s", lambda _: next(values), text)
    return Counter(str(row) for row in connection.execute(text.encode()).fetchall())


@pytest.mark.parametrize("name", LANGUAGES)
def test_strings_of_many_languages(name: str, tmp_path: Path) -> None:
    text, expected = LANGUAGES[name]
    (tmp_path / name).write_text(text)
    assert [(h.line, h.use.name, h.rewritten is not None) for h in scan(tmp_path, TABLE).hits] == expected


@pytest.mark.parametrize(
    ("encoding", "bom", "newline"),
    [
        ("utf-8", b"", "\n"),
        ("utf-8", b"\xef\xbb\xbf", "\r\n"),
        ("latin-1", b"", "\r\n"),
        ("utf-16-le", b"\xff\xfe", "\n"),
    ],
)
def test_encoding_and_line_ends_stay(encoding: str, bom: bytes, newline: str, tmp_path: Path) -> None:
    lines = ["# größer als", "q = \"select * from pggit.get_version('public.bücher') v\"", "", "r = 'é'"]
    path = tmp_path / "a.py"
    path.write_bytes(bom + newline.join(lines).encode(encoding))
    scan(tmp_path, TABLE).fix()
    raw = path.read_bytes()
    assert raw.startswith(bom)
    text = raw[len(bom) :].decode(encoding)
    kept = text.split(newline)
    assert kept[0] == lines[0] and kept[2:] == lines[2:] and "pggit_audit.changes" in kept[1]
    assert "object_identity = 'public.bücher'" in text and text.count("\n") == 3


def test_what_cannot_be_read_as_sql_is_told(tmp_path: Path) -> None:
    (tmp_path / "broken.sql").write_text("select * from pggit.get_version('public.books")
    (tmp_path / "picture.bin").write_bytes(b"\0pggit.history")
    scanned = scan(tmp_path, TABLE)
    assert [finding.code for finding in scanned.findings] == ["not_read"] and not scanned.hits
