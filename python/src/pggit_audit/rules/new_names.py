"""Between which rows a column got the name that a later record has: what uses the one name, and what the other."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from pggit_audit.definitions import column_types, parse_name
from pggit_audit.lexing import DOTTED, NAME
from pggit_audit.rules.dating import of_column
from pggit_audit.rules.placing import Interval, halfway, named_together
from pggit_audit.rules.situation import Evidence
from pggit_audit.statements import Name, unquote

_RENAMED_INDEX = re.compile(
    rf"\balter\s+index\s+(?:if\s+exists\s+)?({DOTTED})\s+rename\s+to\s+({NAME})",
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


def renamed_at(
    evidence: Evidence, table: Name, old: str, new: str, position: int, upper: int
) -> tuple[int, bool]:
    """Where a column was renamed, and whether it is before that row.

    One migration renames a column of several tables: where the same rename of others may have been at the same
    time, it was; when ids tell the moment of those, at that. Before the first text that uses the new name; where none
    does, at one end of the interval or, where the team sends renames by themselves, halfway.
    """
    history = evidence.history
    alike = list(_renames_alike(evidence, old, new))
    others = [interval_of(evidence, *other) for other in alike]
    first, last, early = interval_of(evidence, table, old, new, position, upper).narrowed(others)
    moments = [of_column(evidence, other, begin, end, new, None) for other, _, _, begin, end in alike]
    due = {m.due for m in moments if m is not None and first <= m.first and m.last <= last}
    if len(due) == 1:
        return due.pop()
    if early or first < 0:
        return last, True
    if not evidence.habits.renames_beside_others:
        return halfway(first, last), False
    end = history.session_end(first)
    if end < last and (last == len(history) or _prepares_rename(evidence, table, old, new, first)):
        return end, False
    return last, True


def _renames_alike(evidence: Evidence, old: str, new: str) -> Iterator[tuple[Name, str, str, int, int]]:
    """Tables of which one record has the column `old`, and the next one, or the live catalog, `new` instead."""
    for table, recorded in evidence.history.records.items():
        live = evidence.live.by_name.get(table)
        found = {name for name, _ in column_types(live.definition)} if live is not None else set()
        records = [(row.position, row.change_type, set(row.columns or {})) for row in recorded]
        for before, after in pairwise([*records, (len(evidence.history), "ALTER", found)]):
            if after[1] != "CREATE" and old in before[2] - after[2] and new in after[2] - before[2]:
                yield table, old, new, before[0], after[0]


def _prepares_rename(evidence: Evidence, table: Name, old: str, new: str, position: int) -> bool:
    """Whether the session of a row also changes the column, takes away the one that has the new name, or renames
    the table: who gives a table another name, as a rule renames its columns with it. Where the column itself came in
    a session before, a replacement is spread over several, and so may be its last step."""
    history = evidence.history
    begin = next((p for p in range(position, 0, -1) if history.session_end(p - 1) < position), 0)
    changed = rf"""\balter\s+(?:column\s+)?"?{re.escape(old)}(?!\w)"""
    earlier = [r for r in history.records.get(table, ()) if r.position < begin]
    if not earlier or old not in (earlier[-1].columns or {}):
        changed += rf"""|\bdrop\s+(?:column\s+)?(?:if\s+exists\s+)?"?{re.escape(new)}(?!\w)"""
    pattern = re.compile(changed, re.IGNORECASE)
    return any(
        row.name == table[1]
        and (
            pattern.search(row.text)
            or (
                row.object_type == "TABLE"
                and row.earlier_name is not None
                and row.earlier_name[1] != row.name
            )
        )
        for row in history.rows[begin : history.session_end(position) + 1]
    )
