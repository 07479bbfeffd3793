"""How right the rebuilt history is: read from the models, so that dbt and the command line say the same."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit.night.v1 import Names

OF_ROWS = {
    "history_rows", "authors", "times", "change_types", "severities", "identities", "null_authors", "null_times",
    "blobs", "commits", "logged",
}  # fmt: skip
"""Checks of verification_checks that say of single rows what history_row_checks says: the accuracy counts those."""

NOT_REPLAYED = ("static", "unknown")
"""The fidelities of changes that were not replayed: they count as wrong until a person has verified them."""
SHOWN = 12
MOST_TESTS = 5
MOST_ROWS = 3
MOST_CHARACTERS = 80


@dataclass(frozen=True)
class Accuracy:
    """What the verification found.

    Attributes:
        rows: rows of the history.
        right: those that pass every check on rows, and were replayed, or verified by a person.
        failed: how many rows fail each check.
        others: sentences on what fails besides; none of it is a matter of percent.
        not_replayed: the objects of rows whose definition is only their own text, or is not known; the first few.

    """

    rows: int
    right: int
    failed: Mapping[str, int]
    others: list[str]
    not_replayed: list[str] = field(default_factory=list)

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
        if self.not_replayed:
            more = " …" if len(self.not_replayed) == SHOWN else ""
            lines.append(f"  not replayed: {'; '.join(self.not_replayed)}{more}")
        return "\n".join([*lines, *(f"  {line}" for line in self.others)])

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "percent": self.percent}


def failing_rows(connection: psycopg.Connection[Any], tests: Mapping[str, str]) -> list[str]:
    """Return what failed tests found, as text: the first few rows of each, with the columns that have a value.

    Args:
        connection: to the target, in autocommit mode.
        tests: SQL by name, as dbt compiled it.

    """
    lines = []
    for name, query in list(tests.items())[:MOST_TESTS]:
        lines.append(f"What {name} found:")
        try:
            with (
                connection.transaction(force_rollback=True),
                connection.cursor(row_factory=dict_row) as cursor,
            ):
                rows = cursor.execute(
                    f"select * from ({query}\n) as failing limit {MOST_ROWS}".encode()
                ).fetchall()
        except psycopg.Error as error:
            lines.append(f"  it cannot be asked again: {error.diag.message_primary or error}")
            continue
        for row in rows:
            told = ", ".join(f"{key} {_short(value)}" for key, value in row.items() if value is not None)
            lines.append(f"  {told}")
    return lines


def _short(value: Any) -> str:
    text = " ".join(str(value).split())
    return text if len(text) <= MOST_CHARACTERS else f"{text[:MOST_CHARACTERS]}…"


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
            sql.SQL(
                "select object, message from {} where severity = 'blocker' and code <> all (%s) order by 1, 2"
            ).format(table("preflight_findings")),
            (list(NOT_REPLAYED),),
        ).fetchall()
    ]
    only_text = connection.execute(
        sql.SQL(
            "select c.v1_version_id, c.object_type, c.object_identity, c.fidelity, r.ok from {} as c"
            " join {} as r on r.v1_version_id = c.v1_version_id"
            " where c.fidelity = any (%s) and not c.verified order by c.event_no"
        ).format(table("changes"), table("history_row_checks")),
        (list(NOT_REPLAYED),),
    ).fetchall()
    named = [f"{kind} {thing}, row {number} ({fidelity})" for number, kind, thing, fidelity, _ in only_text]
    right = row[1] - sum(ok for *_, ok in only_text)
    return Accuracy(row[0], right, dict(failed), others, named[:SHOWN])
