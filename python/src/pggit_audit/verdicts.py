"""The one shape of a verdict: in models, on the command line, in JSON and in reports."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, Literal, get_args

Severity = Literal["blocker", "warning", "info"]

SEVERITIES: tuple[Severity, ...] = get_args(Severity)
"""The severities, the worst first."""

COLUMNS = ("code", "severity", "object", "message", "what_to_do", "docs")
"""The columns of a verdict in a table, which are the keys in JSON."""


@dataclass(frozen=True)
class Finding:
    """One verdict.

    Attributes:
        code: what it is, in one word that programs can rely on.
        severity: `blocker`, `warning` or `info`.
        object: what it is about: an object of the database, a file with its line, a setting.
        message: what was found, in a sentence.
        what_to_do: the next step, in a sentence.
        docs: where more is said: a file below `docs/`, with an anchor.

    """

    code: str
    severity: Severity
    object: str
    message: str
    what_to_do: str
    docs: str

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> Finding:
        """Return the verdict that a row of a table, or an object of JSON, has in the columns of that name."""
        return cls(**{name: row[name] for name in COLUMNS})

    def as_json(self) -> dict[str, str]:
        """Return its keys and values, in the order of the columns."""
        return asdict(self)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Return verdicts with the worst first; equals by code and object, numbers in it by their size."""

    def place(finding: Finding) -> tuple[object, ...]:
        parts = [
            (0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.split(r"(\d+)", finding.object) if p
        ]
        return SEVERITIES.index(finding.severity), finding.code, parts, finding.message

    return sorted(findings, key=place)


def blocks(findings: Iterable[Finding], *, strict: bool = False) -> bool:
    """Tell whether one of them stands in the way; with `strict`, a warning does as well."""
    blocking = {"blocker", "warning"} if strict else {"blocker"}
    return any(finding.severity in blocking for finding in findings)
