"""The report of a rehearsal: report.json for programs, report.html for people (one file, no network)."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from pggit_audit.night.cutover import minutes
from pggit_audit.night.plan import REPORT

HTML = "report.html"
MOST_CHARACTERS = 12_000
"""Of one text; what was left out is said behind it."""
MOST_ROWS = 200
"""Of one list in the page; report.json has the counts of all."""
MOST_BYTES = 5_000_000
TRIED = (MOST_CHARACTERS, 2_000, 200)


def write(document: Mapping[str, Any], folder: Path) -> tuple[Path, Path]:
    """Write both files into a folder, each whole or not at all; returns their paths.

    Both stay under 5 MB, whatever the history: long texts and long lists are cut, and say what was left out.
    """
    folder.mkdir(parents=True, exist_ok=True)
    for most in TRIED:
        short = _shortened(document, most)
        text = json.dumps(short, indent=1, ensure_ascii=False, default=str)
        page = render(short)
        if max(len(text.encode()), len(page.encode())) < MOST_BYTES:
            break
    return _written(folder / REPORT, text), _written(folder / HTML, page)


def render(document: Mapping[str, Any]) -> str:
    """Return the page."""
    environment = Environment(
        loader=PackageLoader(__package__, ""), autoescape=True, undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True,
    )  # fmt: skip
    environment.filters.update(minutes=minutes, diff=_diff, number=lambda value: f"{value:,}")
    return environment.get_template("report.html.j2").render(
        document, kinds=_by_kind(document["fidelity"]), calls=_by_call(document["dual_run"])
    )


def _written(path: Path, text: str) -> Path:
    fresh = path.with_suffix(path.suffix + ".new")
    fresh.write_text(text, encoding="utf-8")
    fresh.replace(path)
    return path


def _shortened(value: Any, most: int) -> Any:
    if isinstance(value, str) and len(value) > most:
        return f"{value[:most]}\n… {len(value) - most:,} characters left out"
    if isinstance(value, Mapping):
        return {name: _shortened(inner, most) for name, inner in value.items()}
    if isinstance(value, Sequence) and not isinstance(value, str):
        return [_shortened(inner, most) for inner in value[:MOST_ROWS]]
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


def _by_call(rows: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The dual run by call: how many objects, how many differ, and the middle of the times."""
    found = []
    for call in sorted({row["call"] for row in rows}):
        own = [row for row in rows if row["call"] == call]
        found.append({
            "call": call, "source": own[0]["source"], "objects": len(own), "differ": [r for r in own if not r["ok"]],
            "known": [r for r in own if r["reason"]], "rows": sum(r["rows"] for r in own),
            "old_ms": sorted(r["old_ms"] for r in own)[len(own) // 2],
            "new_ms": sorted(r["new_ms"] for r in own)[len(own) // 2],
        })  # fmt: skip
    return found
