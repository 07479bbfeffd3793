"""What a look at a moved database says: one check after the other, in the shape of verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pggit_audit.verdicts import Severity

DOCS = "CUTOVER_PROCEDURE.md#afterwards"
ABOUT = {
    "place": "pggit_v1_archive", "archive": "pggit_v1_archive", "journal": "cutover_journal",
    "guards": "pggit_audit", "chain": "compliance_log",
    "figures": "verification_checks", "head": "pggit_v0.head", "shas": "pggit_v0.objects", "objects": "object_versions",
    "drift": "live catalog", "new_commits": "pggit_v0.commit_graph", "queries": "pggit_audit",
    "errors": "pg_stat_database",
}  # fmt: skip
"""What each check is about."""


@dataclass(frozen=True)
class Check:
    """One thing that was looked at.

    Attributes:
        name: in one word.
        ok: whether it is as it must be.
        severity: how bad it is where it is not.
        message: what was found.
        what_to_do: where it is not ok.
        figures: numbers, for graphs.

    """

    name: str
    ok: bool
    severity: Severity
    message: str
    what_to_do: str = ""
    figures: Mapping[str, float] = field(default_factory=dict)

    def as_json(self) -> dict[str, Any]:
        """Return it in the shape of a verdict, with `ok` and the figures beside."""
        return {
            "code": self.name,
            "ok": self.ok,
            "severity": self.severity,
            "object": ABOUT.get(self.name, ""),
            "message": self.message,
            "what_to_do": self.what_to_do,
            "docs": DOCS,
            "figures": dict(self.figures),
        }


@dataclass(frozen=True)
class Health:
    """All checks of one look."""

    checks: list[Check]
    seconds: float

    @property
    def healthy(self) -> bool:
        return all(check.ok for check in self.checks)

    def as_json(self) -> dict[str, Any]:
        return {
            "healthy": self.healthy,
            "seconds": round(self.seconds, 2),
            "checks": [check.as_json() for check in self.checks],
        }
