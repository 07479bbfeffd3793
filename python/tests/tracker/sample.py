"""The sample history: its migrations, and what its README says was done to it afterwards."""

from __future__ import annotations

import csv
import gzip
import re
from dataclasses import dataclass
from pathlib import Path

from pggit_audit import statements
from tracker import ClientStyle

SAMPLE = Path(__file__).parents[3] / "sample" / "bookshop"
FIRST_ROW = 30
"""The id of the first row that a migration left; the tracker's installation left those before."""

ERASED = {102}
NO_AUTHOR = {56, 57}
NO_TIMESTAMP = {74}

OLDER_THAN_THE_TRACKER = """
    create table legacy_settings (key text primary key, value text);
    create table legacy_cache (k text, v bytea, at timestamptz default now());
    create view legacy_view as select key from legacy_settings;
"""


@dataclass(frozen=True)
class Migration:
    """What one client sent, as whom."""

    queries: list[str]
    style: ClientStyle
    author: str


def migrations(folder: Path = SAMPLE) -> list[Migration]:
    """The migrations in order; the clients that separate statements keep the comments before each."""
    found = []
    for path in sorted((folder / "migrations").glob("*.sql")):
        text = path.read_text(encoding="utf-8")
        header = dict(re.findall(r"^-- (client|author): (\w+)$", text, re.MULTILINE))
        whole = header["client"] == "script"
        found.append(Migration([text] if whole else _separate(text), header["client"], header["author"]))
    return found


def _separate(text: str) -> list[str]:
    found = []
    end = 0
    for statement in statements.split(text):
        start, end = end, text.index(statement.text, end) + len(statement.text)
        found.append(text[start:end].lstrip(";").strip())
    return found


def recorded_rows(folder: Path = SAMPLE) -> list[dict[str, str]]:
    """The rows that the migrations left, each with its object, as they stand in the CSV files."""

    def table(name: str) -> list[dict[str, str]]:
        with gzip.open(folder / f"{name}.csv.gz", "rt", encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    objects = {row["id"]: row for row in table("objects")}
    return [objects[row["object_id"]] | row for row in table("history") if int(row["id"]) >= FIRST_ROW]
