"""How right the rebuilt history is: read from the models, so that dbt and the command line say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.night.v1 import Names

OF_ROWS = {
    "history_rows", "authors", "times", "change_types", "severities", "identities", "null_authors", "null_times",
    "blobs", "commits", "logged",
}  # fmt: skip
"""Checks of verification_checks that say of single rows what history_row_checks says: the accuracy counts those."""


@dataclass(frozen=True)
class Accuracy:
    """What the verification found.

    Attributes:
        rows: rows of the history.
        right: those that pass every check on rows.
        failed: how many rows fail each check.
        others: sentences on what fails besides; none of it is a matter of percent.

    """

    rows: int
    right: int
    failed: Mapping[str, int]
    others: list[str]

    @property
    def percent(self) -> float:
        """The share of right rows in percent, rounded down: 100 only where all are."""
        return 100.0 if self.rows == self.right else int(self.right / self.rows * 10000) / 100

    def passes(self, accept: float) -> bool:
        """Tell whether that is enough.

        Args:
            accept: percent of the rows that have to be right.

        """
        return self.percent >= accept and not self.others

    def said(self) -> str:
        """Say it in words."""
        lines = [f"{self.right:,} of {self.rows:,} history rows pass every check: {self.percent:g} %."]
        lines += [f"  {count:,} rows fail the check {name}" for name, count in sorted(self.failed.items())]
        return "\n".join([*lines, *(f"  {line}" for line in self.others)])

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "percent": self.percent}


def measure(connection: psycopg.Connection[Any], names: Names, *, findings: bool = True) -> Accuracy:
    """Look at what is published now.

    Args:
        connection: to the target.
        names: the schemas' names.
        findings: whether blockers that the build found before the move count.

    """

    def table(name: str) -> sql.Identifier:
        return sql.Identifier(names.audit, name)

    row = connection.execute(
        sql.SQL("select count(*), count(*) filter (where ok) from {}").format(table("history_row_checks"))
    ).fetchone()
    assert row is not None
    failed = connection.execute(
        sql.SQL("select c, count(*) from {}, unnest(failed_checks) as c where not ok group by c").format(
            table("history_row_checks")
        )
    ).fetchall()
    others = [
        f"Check {name}: expected {expected}, found {found}. {description}"
        for name, expected, found, description in connection.execute(
            sql.SQL(
                "select check_name, expected, found, description from {} where ok is not true order by check_no"
            ).format(table("verification_checks"))
        ).fetchall()
        if name not in OF_ROWS
    ]
    if not findings:
        return Accuracy(row[0], row[1], dict(failed), others)
    others += [
        f"{thing}: {message}"
        for thing, message in connection.execute(
            sql.SQL("select object, message from {} where severity = 'blocker' order by 1, 2").format(
                table("preflight_findings")
            )
        ).fetchall()
    ]
    return Accuracy(row[0], row[1], dict(failed), others)
