"""Between which rows a column got the name that a later record has: what uses the one name, and what the other."""

from __future__ import annotations

import re
from collections.abc import Iterator

from pggit_audit.definitions import parse_name
from pggit_audit.lexing import QUOTED
from pggit_audit.rules.placing import Interval, named_together
from pggit_audit.rules.situation import Evidence
from pggit_audit.statements import Name, unquote

_RENAMED_INDEX = re.compile(
    rf"\balter\s+index\s+(?:if\s+exists\s+)?((?:{QUOTED}|[\w.])+)\s+rename\s+to\s+({QUOTED}|\w+)",
    re.IGNORECASE,
)


def interval_of(evidence: Evidence, table: Name, old: str, new: str, position: int, upper: int) -> Interval:
    """Between which positions a column was renamed; the last is the first use of the new name, if there is one."""
    used, used_old = (
        [
            p
            for p in evidence.history.mentions(table[1], column)
            if position < p < upper and named_together(evidence.history, p, position, table[1], column)
        ]
        for column in (new, old)
    )
    used = sorted(
        {
            *used,
            *_indexes_renamed_along(evidence, old, new, position, upper),
            *_taken_over(evidence, table, new, old, position, upper),
        }
    )
    if used:
        return Interval(position, used[0], True)
    used_old = sorted({*used_old, *_taken_over(evidence, table, old, new, position, upper)})
    return Interval(used_old[-1] if used_old else position, upper, False)


def _taken_over(
    evidence: Evidence, table: Name, column: str, other: str, position: int, upper: int
) -> list[int]:
    """Positions of the rows in between of tables that have a column of this name, and none of the other, from the table
    that their text names (`LIKE`, `INHERITS`, `PARTITION OF`): it does not name the column."""
    rows = [evidence.history.rows[p] for p in evidence.history.mentions(table[1]) if position < p < upper]
    return [
        row.position
        for row in rows
        if row.change_type == "CREATE"
        and row.columns
        and column in row.columns
        and other not in row.columns
        and not any(column in s.words for s in row.statements)
    ]


def _indexes_renamed_along(
    evidence: Evidence, old: str, new: str, position: int, upper: int
) -> Iterator[int]:
    """Positions of the rows in between that rename an index as the column was renamed that it is called after."""
    for row in evidence.history.rows[position + 1 : upper]:
        if row.object_type == "INDEX" and new in row.name:
            for before, after in _RENAMED_INDEX.findall(row.text):
                renamed = re.sub(
                    rf"(?<![^_\W]){re.escape(old)}(?![^_\W])", lambda _: new, parse_name(before)[1]
                )
                if unquote(after) == row.name == renamed:
                    yield row.position
