"""When something without a row happened: intervals, the team's habits, likelihood.

The evidence gives a first and a last possible moment, seldom the moment itself. Positions are those of rows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import cached_property
from itertools import pairwise, takewhile
from math import sqrt
from typing import NamedTuple

from pggit_audit.definitions import Columns
from pggit_audit.history import History, HistoryRow
from pggit_audit.statements import Name

# One of so many is enough for a habit; fewer than so many tell of none.
_FEW = 10
_TOO_FEW = 4
_DROPS_CONSTRAINT = re.compile(r"""alter\s+table\s[^,;]+\sdrop\s+constraint\s[^,;]+;?""", re.IGNORECASE)


class Interval(NamedTuple):
    """Between which rows a change happened, and whether (`early`) it was by the last one: a text uses its result."""

    first: int
    last: int
    early: bool

    def narrowed(self, others: Iterable[Interval]) -> Interval:
        """The part of it that fits the same change elsewhere, too: one migration makes it in several tables.

        The others are taken shortest first; one that does not fit any more was made at another time.
        """
        first, last, early = self
        for other in sorted(others, key=lambda o: o.last - o.first):
            if max(first, other.first) < min(last, other.last):
                first = max(first, other.first)
                if other.last < last:
                    last, early = other.last, other.early
        return Interval(first, last, early)


class Habits:
    """What is usual in one history, as far as it shows."""

    def __init__(self, history: History) -> None:
        self._history = history

    @cached_property
    def usual_silence(self) -> float:
        """How many rows there are, on average, between two texts that name the same table; all, where none is again."""
        rows = times = 0
        for (_, name), found in self._history.by_name.items():
            named = self._history.mentions(name) if found[0].object_type == "TABLE" else []
            if named:
                rows += named[-1] - named[0]
                times += len({self._history.rows[p].execution for p in named}) - 1
        return rows / times if times else float(len(self._history))

    @cached_property
    def renames_beside_others(self) -> bool:
        """Whether the team renames columns in sessions that leave rows of the same table.

        Migrations do, as a rule, so that a rename is at one end of its interval; who sends each by itself renames
        anywhere in between. Renames between two records of one session tell which of the two it is; where there are
        hardly any, it is the rule.
        """
        within = across = 0
        for recorded in self._history.records.values():
            for before, after in pairwise(recorded):
                if after.change_type == "CREATE" or after.renames:
                    continue
                if _renamed_columns(before.columns or {}, after.columns or {}):
                    within += after.position <= self._history.session_end(before.position)
                    across += after.position > self._history.session_end(before.position)
        return within * _FEW >= within + across if within else across < _TOO_FEW

    def likely_end(self, named: Sequence[int], last: int) -> int:
        """Where what is named at these positions, and no more until the end, is as likely gone as still there.

        The longer the silence, compared with those before, the less likely (`fading`); half of that lies before the
        result. One silence of the usual length counts with its own.
        """
        times, span = self._rate(named, last)
        longest = 1 + (len(self._history) - 1 - last) / span
        half = sqrt(longest) if times == 1 else ((1 + longest ** (1 - times)) / 2) ** (1 / (1 - times))
        return last + round(span * (half - 1))

    def fading(self, named: Sequence[int], last: int) -> Callable[[int], float]:
        """How likely what is named at these positions goes right behind a row from `last` on, against other rows.

        What is named n times in S rows, at a rate that nobody knows (a gamma distribution), is silent for s more with
        the likelihood (S / (S + s))^n: it goes at s with what that loses there.
        """
        times, span = self._rate(named, last)
        return lambda position: (1 + (position - last) / span) ** -(times + 1)

    def _rate(self, named: Sequence[int], last: int) -> tuple[int, float]:
        times = len({self._history.rows[p].execution for p in named}) or 1
        return times, last - (named[0] if named else last) + self.usual_silence


def taken_apart(history: History, table: str, named: Sequence[int]) -> bool:
    """Whether the last session that names a table only takes its constraints and indexes away.

    So go migrations that drop it: first the foreign keys, then the indexes, then the table.
    """
    if not named:
        return False
    end = history.session_end(named[-1])
    here = [*takewhile(lambda p: history.session_end(p) == end, reversed(named))]
    texts = {history.rows[p].execution: history.rows[p] for p in here}
    taken = False
    for statement in (s for row in texts.values() for s in row.statements if s.mentions(table)):
        taken = statement.tag == "DROP INDEX" or bool(_DROPS_CONSTRAINT.fullmatch(statement.folded.strip()))
        if not taken:
            return False
    return taken


def texts_naming(history: History, *names: str, since: int = 0) -> Iterable[HistoryRow]:
    """A row of each text that has all of the names in it, of those from `since` on: a text may have left a thousand."""
    return {
        history.rows[p].execution: history.rows[p] for p in history.mentions(*names) if p >= since
    }.values()


def end_of(history: History, table: Name, position: int) -> int:
    """Position of the row behind `position` that drops this same table, or makes another in its place.

    The number of rows where there is none. What is recorded from there on tells nothing of this table.
    """
    ends = (row.position for row in history.later_rows(table, position) if row.change_type != "ALTER")
    return next(ends, len(history))


def halfway(first: int, last: int) -> int:
    """The middle of an interval of which nothing else is known; its last row is not part of it."""
    return (first + last - 1) // 2


def named_together(history: History, position: int, after: int, *names: str) -> bool:
    """Whether one statement of a later execution's text has all of the names in it."""
    row = history.rows[position]
    if after >= 0 and row.execution == history.rows[after].execution:
        return False
    return any(all(name in s.words for name in names) for s in row.statements)


def _renamed_columns(before: Columns, after: Columns) -> bool:
    """Whether one record has a column under another name than the record before: at its position, of its type."""
    places = {(fact.get("position"), fact.get("type")) for name, fact in before.items() if name not in after}
    return any(
        (fact.get("position"), fact.get("type")) in places
        for name, fact in after.items()
        if name not in before
    )
