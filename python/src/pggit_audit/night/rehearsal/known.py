"""The differences between old calls and new queries that are allowed: the seed `known_differences`, read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.night.seeds import rows_of_seed

SEED = Path("seeds") / "known_differences.csv"


@dataclass(frozen=True)
class Known:
    """A difference that is allowed.

    Attributes:
        v1_call: the call, as in the seed `v1_calls`.
        columns: the columns that may differ, by name; `*` is all of them.
        condition: a query of one boolean, asked of v1 itself.
        reason: why, for people.

    """

    v1_call: str
    columns: frozenset[str]
    condition: str
    reason: str

    def allows(self, names: Sequence[str], old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> bool:
        """Whether nothing but the allowed columns differs: as many rows, and the same in all other columns."""
        if "*" in self.columns:
            return len(old) == len(new)
        kept = [place for place, column in enumerate(names) if column not in self.columns]
        old_rest, new_rest = (
            sorted(tuple(row[place] for place in kept) for row in rows) for rows in (old, new)
        )
        return old_rest == new_rest

    def holds(
        self, connection: psycopg.Connection[Any], pggit: str, arguments: Mapping[str, sql.Composable]
    ) -> bool:
        """Whether what allows it is so, for a call's arguments."""
        asked = sql.SQL(self.condition).format(pggit=sql.Identifier(pggit), **arguments)
        try:
            with connection.transaction():
                return connection.execute(asked).fetchone() == (True,)
        except psycopg.Error:  # an argument that means nothing by itself: a column of another table
            return False


def read_known(project: Path) -> list[Known]:
    """Read the differences from the project's seed.

    Raises:
        PggitError: the file is not there.

    """
    return [
        Known(row["v1_call"], frozenset(row["result_columns"].split(",")), row["condition"], row["reason"])
        for row in rows_of_seed(project / SEED, "differences that are allowed")
    ]
