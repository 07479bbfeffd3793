"""The report of a rehearsal: report.json for programs, report.html for people (one file, no network)."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pggit_audit import pages
from pggit_audit.night.cutover import minutes
from pggit_audit.night.plan import REPORT
from pggit_audit.night.rehearsal.dual_run import TEAM, V1

HTML = "report.html"
FIDELITIES = ("exact", "repaired", "static", "unknown")
MOST_CHARACTERS = 12_000
"""Of one text; what was left out is said behind it."""
MOST_ROWS = 1_000
"""Of one list; of what was left out `left_out` has the number, by the list's name."""
MOST_BYTES = 5_000_000
TRIED = ((MOST_CHARACTERS, MOST_ROWS), (2_000, 500), (500, 200), (200, 50), (100, 10))
"""Characters of a text and rows of a list, the first that is small enough."""


def write(document: Mapping[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write both files into a folder, each whole or not at all; returns their paths.

    Both stay under 5 MB, whatever the history: long texts and long lists are cut, and say what was left out.
    """
    for characters, rows in TRIED:
        short = shortened(document, characters, rows)
        text = json.dumps(short, indent=1, ensure_ascii=False, default=str)
        page = render(short)
        if max(len(text.encode()), len(page.encode())) < MOST_BYTES:
            break
    return pages.written(folder / REPORT, text), pages.written(folder / HTML, page)


def render(document: Mapping[str, Any]) -> str:
    """Return the page."""
    kinds = _by_kind(document["fidelity"])
    return pages.render(
        "night/rehearsal/report.html.j2", {"minutes": minutes, "diff": _diff},
        **document, kinds=kinds, totals=_totals(kinds), calls=_by_call(document["dual_run"], V1),
        team=_by_call(document["dual_run"], TEAM), window=_window(document["projection"]),
        longest=max([step["seconds"] for step in document["timeline"]] or [1]) or 1,
    )  # fmt: skip


def shortened(document: Mapping[str, Any], characters: int, rows: int) -> dict[str, Any]:
    """Return a document with its long texts and lists cut; a text says so itself, `left_out` counts rows by list.

    In a list, what differs or says no comes first, so that it is not what is cut.
    """
    left_out = {}
    short = {}
    for name, value in document.items():
        if isinstance(value, list) and len(value) > rows and name != "timeline":
            left_out[name] = len(value) - rows
            value = sorted(value, key=_says_no, reverse=True)[:rows]
        short[name] = _cut(value, characters)
    return {**short, "left_out": left_out}


def _says_no(row: Any) -> bool:
    return isinstance(row, Mapping) and (row.get("ok") is False or row.get("severity") == "blocker")


def _cut(value: Any, characters: int) -> Any:
    if isinstance(value, str) and len(value) > characters:
        return f"{value[:characters]}\n… {len(value) - characters:,} characters left out"
    if isinstance(value, Mapping):
        return {name: _cut(inner, characters) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_cut(inner, characters) for inner in value]
    return value


def _diff(one: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The lines of a definition, each with what became of it: `same`, `gone` or `new`."""
    old, new = ((one[name] or "").splitlines() for name in ("old_definition", "new_definition"))
    kinds = {" ": "same", "-": "gone", "+": "new"}
    return [(kinds[line[0]], line[2:]) for line in difflib.ndiff(old, new) if line[0] in kinds]


def _by_kind(rows: Sequence[Mapping[str, Any]]) -> list[tuple[str, dict[str, int], int]]:
    """Fidelity by kind of object: the counts, and their sum."""
    found: dict[str, dict[str, int]] = {}
    for row in rows:
        found.setdefault(row["object_type"], {})[row["fidelity"]] = row["changes"]
    return [(kind, counts, sum(counts.values())) for kind, counts in sorted(found.items())]


def _totals(kinds: Sequence[tuple[str, dict[str, int], int]]) -> tuple[dict[str, int], int]:
    """The counts of all kinds together."""
    counts = {name: sum(own.get(name, 0) for _, own, _ in kinds) for name in FIDELITIES}
    return counts, sum(counts.values())


def _window(projection: Mapping[str, Any]) -> list[tuple[str, float, float]]:
    """The parts of the window: name, seconds, and share of it in percent; what is left over comes last."""
    whole = max(projection["window_seconds"], projection["total_seconds"]) or 1
    parts = [
        ("work", projection["work_seconds"]),
        ("watching", projection["observe_seconds"]),
        ("kept for a rollback", projection["rollback_seconds"]),
        ("left over", max(0.0, projection["window_seconds"] - projection["total_seconds"])),
    ]
    return [(name, seconds, round(100 * seconds / whole, 2)) for name, seconds in parts]


def _by_call(rows: Sequence[Mapping[str, Any]], origin: str) -> list[dict[str, Any]]:
    """The dual run of one origin by call: how many objects, how many differ, and the middle of the times."""
    found = []
    rows = [row for row in rows if row["origin"] == origin]
    for call in dict.fromkeys(sorted(row["call"] for row in rows)):
        own = [row for row in rows if row["call"] == call]
        found.append({
            "call": call, "source": own[0]["source"], "objects": len(own), "differ": [r for r in own if not r["ok"]],
            "known": [r for r in own if r["reason"]], "rows": sum(r["rows"] for r in own),
            "old_ms": sorted(r["old_ms"] for r in own)[len(own) // 2],
            "new_ms": sorted(r["new_ms"] for r in own)[len(own) // 2],
        })  # fmt: skip
    return found
