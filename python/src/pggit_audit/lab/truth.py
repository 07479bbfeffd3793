"""A recorded history's own account: its migrations, its rows, and what was true after each migration."""

from __future__ import annotations

import csv
import gzip
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, cast

from pggit_audit.errors import PggitError

TRACKED = ("TABLE", "VIEW", "INDEX", "FUNCTION")
"""The kinds that v1 leaves rows for."""

KINDS = (*TRACKED, "MATERIALIZED_VIEW", "TRIGGER", "TYPE", "SEQUENCE")
"""The kinds that the truth knows."""


TRACKER_SCHEMAS = ("pggit", "pggit_v0")
_TEMPORARY = ("pg_temp_", "pg_toast_temp_")
_NAME = 63  # bytes of PostgreSQL's type `name`

Key = tuple[str, str, str]
Definitions = dict[Key, str]
"""Definition by (type, schema, name), all three as the truth writes them."""

Pair = tuple[str | None, str | None]
"""What is true and what was rebuilt; None: not there."""


@dataclass(frozen=True)
class Step:
    """One migration: it left the history rows with ids above `first_id`, up to `last_id`."""

    number: int
    file: str
    first_id: int
    last_id: int


def _open(directory: Path, name: str) -> IO[str]:
    plain, packed = directory / name, directory / f"{name}.gz"
    if plain.is_file():
        return plain.open(encoding="utf-8", newline="")
    if packed.is_file():
        return cast("IO[str]", gzip.open(packed, "rt", encoding="utf-8", newline=""))
    raise PggitError(
        f"{directory} cannot be scored: it has neither {name} nor {name}.gz. Nothing was built. "
        "A history without truth.jsonl.gz can be measured with `pggit-audit bench`."
    )


def read_steps(directory: Path) -> list[Step]:
    """The migrations, in order."""
    with _open(directory, "steps.csv") as lines:
        return [
            Step(int(row["step"]), row["file"], int(row["first_id"]), int(row["last_id"]))
            for row in csv.DictReader(lines)
        ]


def read_truth(directory: Path, steps: Sequence[Step]) -> dict[int, Definitions]:
    """All that was there after each step, by the step's number; at -1 what is older than the tracker.

    Without what is no part of a schema, or told elsewhere: the temporary objects of a session that was still
    connected, and constraint triggers among the constraints of their tables (they are TRIGGERs).
    """
    written: dict[int, list[tuple[Key, str | None]]] = defaultdict(list)
    with _open(directory, "truth.jsonl") as lines:
        for line in lines:
            row = json.loads(line)
            if row["schema"].startswith(_TEMPORARY):
                continue
            definition = _without_triggers(row["definition"]) if row["type"] == "TABLE" else row["definition"]
            written[row["step"]].append(((row["type"], row["schema"], row["name"]), definition))
    present: Definitions = {}
    after: dict[int, Definitions] = {}
    numbers = {step.number for step in steps}
    for number in sorted(numbers | set(written)):
        for key, definition in written[number]:
            if definition is None:
                present.pop(key, None)
            else:
                present[key] = definition
        if number in numbers or number == -1:
            after[number] = dict(present)
    return after


def _without_triggers(table: str | None) -> str | None:
    facts = json.loads(table) if table else {}
    kept = [c for c in facts.get("constraints") or [] if c[1].split(" ")[0] != "TRIGGER"]
    if len(kept) == len(facts.get("constraints") or []):
        return table
    return json.dumps({**facts, "constraints": kept or None})


@dataclass(frozen=True)
class RecordedRow:
    """One history row, with its object's name as v1 wrote it."""

    version_id: int
    object_type: str
    object_schema: str
    object_name: str


def read_rows(directory: Path) -> list[RecordedRow]:
    """The history, by id."""
    csv.field_size_limit(1 << 30)  # a text may have megabytes
    with _open(directory, "objects.csv") as lines:
        objects = {row["id"]: row for row in csv.DictReader(lines)}
    with _open(directory, "history.csv") as lines:
        rows = [(int(row["id"]), objects[row["object_id"]]) for row in csv.DictReader(lines)]
    return [
        RecordedRow(number, o["object_type"], o["schema_name"], o["object_name"])
        for number, o in sorted(rows, key=lambda r: r[0])
    ]


def read_texts(directory: Path) -> Iterator[str]:
    """All that was recorded: the rows' texts and columns, the names of their objects, the schema at the end."""
    csv.field_size_limit(1 << 30)
    with _open(directory, "history.csv") as lines:
        for row in csv.DictReader(lines):
            yield from (row["sql_executed"], row["old_metadata"], row["new_metadata"])
    with _open(directory, "objects.csv") as lines:
        yield from (row["object_name"] for row in csv.DictReader(lines))
    with _open(directory, "live.sql") as lines:
        yield from lines


def longest_name(truth: Mapping[int, Definitions]) -> int | None:
    """The most bytes of a name, where the truth was read through a type that cuts names at so many; else None.

    A function's name has its arguments behind it, and may be as long as it likes.
    """
    longest = max((len(key[2].encode()) for found in truth.values() for key in found), default=0)
    return longest if longest == _NAME else None


def unread_types(truth: Mapping[int, Definitions]) -> frozenset[str]:
    """The kinds of types that a truth was read without: all but enums and domains, where it has none of them ever."""
    kinds = frozenset({"c", "m", "r"})
    known = {text for found in truth.values() for (kind, *_), text in found.items() if kind == "TYPE"}
    return frozenset() if kinds & known else kinds
