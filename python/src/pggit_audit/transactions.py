"""The ids of transactions, in the order in which the history's rows were written (FORMATS 3).

A row of PostgreSQL's catalog carries in `xmin` the transaction that last wrote it, as a row of the history does. A
statement and the row that the tracker wrote for it share one id, so what left no row lies between two that did. The
ids have 32 bits and wrap; the rows, in the order of their own ids, tell how often.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import accumulate, groupby
from typing import Any

WRAP = 1 << 32
"""So many transactions later an id comes again."""
FIRST_NORMAL = 3
"""PostgreSQL's FirstNormalTransactionId: smaller ones are no transactions."""
# Rows of transactions that overlapped lie next to one another; one that is further off was written again later.
_OVERLAP = 50
# Of so many rows all but one must be in order; else the ids are not those that the tracker's rows were written with.
_TRUSTED = 10


@dataclass(frozen=True)
class Written:
    """One row of the history, and the transaction that wrote it.

    `xid` is the low half of the id; None where it is unknown. `created_at` is the transaction's start. `nests`: its
    text may run parts of the transaction under ids of their own (a savepoint, a block that catches errors).
    """

    version_id: int
    xid: int | None
    created_at: Any = None
    nests: bool = False


@dataclass(frozen=True)
class Between:
    """Where a transaction lies in the history: behind the row `not_before`, before the row `not_after`.

    `within` is the last row that the transaction itself wrote, if it wrote any, `began` the first. None for
    `not_before` or `not_after`: before the first row, behind the last. `is_nearer_before`: fewer transactions lie
    between the row before and it than between it and the row behind: as a rule it is of the sitting of that one. Not
    `certain`: the id wrapped, and may be of an older transaction as well.
    """

    not_before: int | None
    not_after: int | None
    began: int | None = None
    within: int | None = None
    certain: bool = True
    is_nearer_before: bool = False


class Order:
    """The history's rows in the order of their transactions.

    Args:
        rows: in the order of their ids.
        next_xid: the server's next transaction with its epoch (64 bits), if it is known.

    `full`: the id of each row's transaction with an epoch that is counted from the first row's, by the row's id; only
    rows that can be trusted. `restored`: how many rows share a transaction with rows of other times, as
    after pg_restore; `restored_until`: the last of them, where the rows up to it are such, so that a restore wrote the
    whole, and what is behind it was recorded since. `out_of_order`: how many have an id that their place does not
    allow, because somebody wrote them again. Where those are too many, no row is trusted.
    """

    def __init__(self, rows: Sequence[Written], next_xid: int | None = None) -> None:
        shared = _restored(rows)
        self.restored = len(shared)
        self.restored_until = max(shared, default=None)
        if self.restored_until is not None:
            head = [r for r in rows if r.version_id <= self.restored_until and r.xid is not None]
            if (len(head) - len(shared)) * _TRUSTED > len(head):
                # Some rows in between were written again.
                self.restored_until = None
        usable = [
            r for r in rows if r.xid is not None and r.xid >= FIRST_NORMAL and r.version_id not in shared
        ]
        numbers = _unwrapped([r.xid for r in usable if r.xid is not None])
        heads = _heads(usable, numbers)
        kept = _in_order(heads)
        self.out_of_order = _out_of_order(usable, numbers, kept)
        if self.out_of_order * _TRUSTED > len(numbers):
            kept = []
        near = _near(heads, kept)
        self.full = {usable[i].version_id: numbers[i] for i in near}
        self._ids = [usable[i].version_id for i in near]
        values = [numbers[i] for i in near]
        self._spans = _spans([usable[i] for i in near], values)
        # So that what overlaps is no bound: all rows up to one are older, all from one on are newer.
        self._highest = list(accumulate(values, max))
        self._lowest = list(reversed(list(accumulate(reversed(values), min))))
        self._rows: dict[int, list[int]] = {}
        for version, number in zip(self._ids, values, strict=True):
            self._rows.setdefault(number, []).append(version)
        self._newest = self._highest[-1] if values else 0
        self._next, self._oldest = self._newest + WRAP // 2, FIRST_NORMAL
        if next_xid is not None and values:
            self._next = self._newest + (next_xid - self._newest) % WRAP
            self._oldest = FIRST_NORMAL - (next_xid - self._next)

    def __bool__(self) -> bool:
        return bool(self._ids)

    def number(self, xid: int) -> int | None:
        """The id with its epoch: the newest that is not in the future; None where there is none."""
        if not self._ids or xid < FIRST_NORMAL:
            return None
        number = self._next - (self._next - xid) % WRAP
        return number if number >= self._oldest else None

    def between(self, xid: int) -> Between | None:
        """Where a transaction lies; None where its id says nothing."""
        number = self.number(xid)
        if number is None:
            return None
        older = number - WRAP
        if older >= max(self._oldest, min(self._highest[0], self._lowest[0])):
            # It may be of two moments within the history.
            return None
        before = bisect_left(self._highest, number) - 1
        after = bisect_right(self._lowest, number)
        own = self._rows.get(number, ())
        since = number - self._highest[before] if before >= 0 else None
        until = self._lowest[after] - number if after < len(self._ids) else None
        began, within = (own[0], own[-1]) if own else (None, None)
        for here in (bisect_left(self._ids, began),) if began is not None else (before, after):
            if 0 <= here < len(self._ids) and (span := self._spans[here]) is not None:
                # It may be a part of that transaction, which may lie anywhere in it.
                before, after = min(before, span[0] - 1), max(after, span[1] + 1)
                began, within = (self._ids[span[0]], self._ids[span[1]]) if own else (None, None)
        return Between(
            self._ids[before] if before >= 0 else None,
            self._ids[after] if after < len(self._ids) else None,
            began,
            within,
            certain=older < self._oldest,
            is_nearer_before=since is not None and until is not None and since < until,
        )

    def begin(self, version: int) -> int | None:
        """The smallest id, with its epoch, that the transaction of a row may have written with."""
        here = bisect_left(self._ids, version)
        if version not in self.full:
            return None
        span = self._spans[here]
        if span is None:
            return self.full[version]
        return self._highest[span[0] - 1] + 1 if span[0] else self.full[version] - WRAP // 2


def _spans(rows: Sequence[Written], numbers: Sequence[int]) -> list[tuple[int, int] | None]:
    """For each row, the first and the last of its transaction, where that may have run parts under ids of their own;
    else None.

    These are greater than its own id, whichever of the two wrote last. Its rows have one time, or one id.
    """
    found: list[tuple[int, int] | None] = []
    for here in _together(rows, numbers):
        found += [(here[0], here[-1]) if _may_nest(rows, numbers, here) else None for _ in here]
    return found


def _heads(rows: Sequence[Written], numbers: Sequence[int]) -> list[int]:
    """For each row the smallest id of its transaction, where that may have run parts under ids of their own; else its
    own. A part's is greater than that of a later row of the transaction itself: this is no wrong order."""
    found: list[int] = []
    for here in _together(rows, numbers):
        least = min(numbers[i] for i in here)
        found += [least if _may_nest(rows, numbers, here) else numbers[i] for i in here]
    return found


def _together(rows: Sequence[Written], numbers: Sequence[int]) -> Iterator[list[int]]:
    """The places of neighbours that have one time, or where it is not known one id."""
    for _, group in groupby(range(len(rows)), key=lambda i: rows[i].created_at or numbers[i]):
        yield [*group]


def _out_of_order(rows: Sequence[Written], numbers: Sequence[int], kept: Sequence[int]) -> int:
    """How many rows have an id that their place does not allow: not those of a transaction of which others have that
    id in its place, with rows of another one between them."""
    in_place = {(rows[i].created_at, numbers[i]) for i in kept if _is_told_exactly(rows[i].created_at)}
    others = {*range(len(rows))}.difference(kept)
    return sum((rows[i].created_at, numbers[i]) not in in_place for i in others)


def _may_nest(rows: Sequence[Written], numbers: Sequence[int], here: Sequence[int]) -> bool:
    """Whether rows of one time are of a transaction that ran parts under ids of their own, as far as they tell."""
    at = rows[here[0]].created_at
    return any(rows[i].nests for i in here) or (_is_told_exactly(at) and len({numbers[i] for i in here}) > 1)


def _is_told_exactly(at: Any) -> bool:
    """Whether a time is as exact as the server's: then it is of one transaction, for no two begin at one moment.

    To microseconds, as `replay_executions` has it: a copy may have cut them off.
    """
    return isinstance(at, datetime) and at.microsecond % 1000 != 0


def _restored(rows: Iterable[Written]) -> set[int]:
    """The rows, by their ids, that one transaction wrote along with rows of other times: a restore did, no tracker.

    Only neighbours count: an id comes again when the ids have wrapped.
    """
    found: set[int] = set()
    for _, group in groupby((r for r in rows if r.xid is not None), key=lambda r: r.xid):
        same = list(group)
        if len({r.created_at for r in same if isinstance(r.created_at, datetime)}) > 1:
            found |= {r.version_id for r in same}
    return found


def _unwrapped(xids: Sequence[int]) -> list[int]:
    """The ids with an epoch: from each row to the next it is the shorter way."""
    result: list[int] = []
    for xid in xids:
        last = result[-1] if result else xid
        result.append(last + (xid - last + WRAP // 2) % WRAP - WRAP // 2)
    return result


def _in_order(numbers: Sequence[int]) -> list[int]:
    """The places of a longest part of the numbers that does not fall (patience sorting)."""
    ends: list[int] = []
    places: list[int] = []
    before: list[int] = []
    for i, number in enumerate(numbers):
        pile = bisect_right(ends, number)
        before.append(places[pile - 1] if pile else -1)
        if pile == len(ends):
            ends.append(number)
            places.append(i)
        else:
            ends[pile], places[pile] = number, i
    result = []
    at = places[-1] if places else -1
    while at >= 0:
        result.append(at)
        at = before[at]
    return result[::-1]


def _near(numbers: Sequence[int], kept: Sequence[int]) -> list[int]:
    """The places of `kept`, and of those that are not far from where they belong among them."""
    if not kept:
        return []
    values = [numbers[i] for i in kept]
    chosen = set(kept)
    result = []
    for i, number in enumerate(numbers):
        if i in chosen:
            result.append(i)
            continue
        here = bisect_left(kept, i)
        first, last = bisect_left(values, number), bisect_right(values, number)
        if first - _OVERLAP <= here <= last + _OVERLAP:
            result.append(i)
    return result
