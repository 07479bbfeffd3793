"""The compliance report: one HTML file, for people who sign it and for those who read it years later."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from pggit_audit import pages
from pggit_audit.compliance.state import MOST_ENTRIES, MOST_OPEN

FIDELITIES = ("exact", "repaired", "static", "unknown")


def write(state: Mapping[str, Any], target: str, file: Path) -> Path:
    """Write the report of a `state.collect`, whole or not at all; returns its path."""
    return pages.written(file, render(state, target))


def render(state: Mapping[str, Any], target: str) -> str:
    """Return the page."""
    return pages.render(
        "compliance/report.html.j2", {"moment": _moment}, **state, target=target, kinds=_by_kind(state),
        project_version=version("pggit-audit"), most_open=MOST_OPEN, most_entries=MOST_ENTRIES,
    )  # fmt: skip


def _moment(value: Any) -> str:
    """A moment to the second, as people write it; what has none says so."""
    return "no time recorded" if value is None else str(value).replace("T", " ")[:19]


def _by_kind(state: Mapping[str, Any]) -> list[tuple[str, dict[str, int]]]:
    """By kind of object, how many changes there are of each fidelity; the sum of all comes last."""
    found: dict[str, dict[str, int]] = {}
    for row in sorted(state["fidelity"], key=lambda row: row["object_type"] or ""):
        for kind in (row["object_type"] or "unknown kind", ""):
            counts = found.setdefault(kind, dict.fromkeys(FIDELITIES, 0))
            counts[row["fidelity"]] += row["changes"]
    everything = found.pop("", dict.fromkeys(FIDELITIES, 0))
    return [*found.items(), ("all", everything)]
