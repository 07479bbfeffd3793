"""When what the live catalog has was last written, and made, in positions of the history (FORMATS 3).

The transaction that last wrote a row of the catalog is the latest moment of a change. It need not be the moment
itself: GRANT, a rewrite, a later change of the same row write it again.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate, pairwise
from math import sqrt
from statistics import median_low
from typing import Any, NamedTuple

from pggit_audit.definitions import qualified_identity
from pggit_audit.history import History, HistoryRow
from pggit_audit.statements import Name

Row = Mapping[str, Any]

Layout = tuple[int, str]
"""A type's length in bytes (-1: it varies) and its alignment, as pg_attribute keeps them."""


class Shape(NamedTuple):
    """What else pg_attribute keeps of a column's type when the column is gone: its modifier (-1: none), whether it is
    written as an array, whether it has a collation, how it is stored."""

    modifier: int
    is_array: bool
    has_collation: bool
    storage: str


# More transactions than these in most sessions are the database's daily work.
_QUIET = 10
# What an index that is built, or dropped, beside the database's work takes before the transaction that leaves its row.
_BESIDE = 2
# So many times as many as things that went without a row: most of them are drops.
_HARDLY_MORE = 2

_RELATIONS = ("table", "foreign table", "view", "materialized view", "composite type")


class Moment(NamedTuple):
    """A transaction's place among the rows: behind the one at `first`, before the one at `last`.

    `began` and `own` are its first and last own rows, None where it left none. `nearer`: it is of the sitting of the
    row at `first`, as a rule, else of that at `last`. `committed_at` in UTC, where the server kept it.
    """

    first: int
    last: int
    began: int | None = None
    own: int | None = None
    committed_at: Any = None
    nearer: bool = False

    @property
    def alone(self) -> bool:
        """Whether no row of the history is of its time: it is exactly between two."""
        return self.last == self.first + 1

    def passed(self, position: int, early: bool) -> bool:
        """Whether it is over before (`early`) or behind the row at a position."""
        place, before = self.due
        return position > place or (position == place and (before or not early))

    def has_own(self, position: int) -> bool:
        """Whether the row at a position is one of its own."""
        return self.began is not None and self.own is not None and self.began <= position <= self.own

    def spans(self, position: int) -> bool:
        """Whether nothing tells on which side of the row at a position it is: the ids of some rows are not known."""
        return self.own is None and self.first < position < self.last

    @property
    def due(self) -> tuple[int, bool]:
        """Where a step of it is taken: behind its own last row, or the one before, or (`early`) before the next one."""
        if self.own is not None:
            return self.own, False
        return (self.first, False) if self.nearer and self.alone and self.first >= 0 else (self.last, True)


@dataclass(frozen=True)
class Column:
    """A column of a live relation; `place` is its attnum. A dropped one has PostgreSQL's own name of it. `granted`:
    whether there are rights on it alone, None where nothing tells. `transaction`: the one that last wrote it."""

    name: str
    place: int
    moment: Moment | None
    granted: bool | None = None
    has_default: bool = False
    dropped: bool = False
    layout: Layout = (0, "")
    shape: Shape | None = None
    transaction: int | None = None


@dataclass(frozen=True)
class Label:
    """A label of a live enum. `made`: between which positions its oid was given, None where no oid tells."""

    text: str
    order: float
    moment: Moment | None
    made: tuple[int, int] | None


class Moments:
    """What the ids of transactions and the oids tell of the live catalog; empty where none are known.

    Args:
        history: the rows of this replay.
        written: rows of int_replay__catalog_rows.
    """

    def __init__(self, history: History, written: Iterable[Row]) -> None:
        self._versions = [row.version_id for row in history.rows]
        self._history = history
        self._rows: dict[tuple[str, str], list[Row]] = {}
        self._tables: dict[int, str] = {}
        self._routines: dict[int, str] = {}
        self._indexes: dict[int, str] = {}
        for row in written:
            self._rows.setdefault((row["object_type"], row["object_identity"]), []).append(row)
            if row["catalog"] == "pg_class" and row["object_type"] in _RELATIONS and "oid" in row["facts"]:
                self._tables[int(row["facts"]["oid"])] = row["object_identity"]
            elif row["catalog"] == "pg_class" and row["object_type"] == "index" and "oid" in row["facts"]:
                self._indexes[int(row["facts"]["oid"])] = row["object_identity"]
            elif row["catalog"] == "pg_proc" and "oid" in row["facts"]:
                self._routines[int(row["facts"]["oid"])] = row["object_identity"]

    def __bool__(self) -> bool:
        return bool(self._rows)

    # Positions

    def _moment(self, row: Row) -> Moment | None:
        if not row["is_dated"] or not row["is_certain"]:
            return None
        began = self._at(row["written_from"])
        own = self._until(row["written_with"]) if row["written_with"] is not None else None
        if own is not None and (began is None or own < began):
            # Its rows are of another branch, or published before.
            began = own = None
        return Moment(
            self._until(row["written_not_before"]),
            self._from(row["written_not_after"]),
            began,
            own,
            row["committed_at"],
            row["is_nearer_before"],
        )

    def _until(self, version: int | None) -> int:
        """The position of a row, or of the last one before it."""
        return -1 if version is None else bisect_right(self._versions, version) - 1

    def _from(self, version: int | None) -> int:
        """The position of a row, or of the first one behind it."""
        return len(self._versions) if version is None else bisect_left(self._versions, version)

    def _at(self, version: int | None) -> int | None:
        return None if version is None else self._from(version)

    # What is asked

    @cached_property
    def unexplained(self) -> Sequence[int]:
        """How many transactions there were behind each row, and before the next one, that no row tells of.

        Neither the history nor the live catalog has them: drops, where nothing else goes on in the database. Those that
        every session, or the row's own statement, brings along are not counted. Empty where nothing is known, or most
        sessions bring many.
        """
        rows = self._history.rows
        known = [set[int]() for _ in rows]
        for row in (row for found in self._rows.values() for row in found):
            moment = self._moment(row)
            if moment is not None and moment.own is None and moment.alone and moment.first >= 0:
                known[moment.first].add(row["transaction_id"])
        counts = [
            max(0, after.transaction_no - before.transaction_no - 1 - len(known[i]) - _of_its_own(after))
            if before.transaction_no is not None and after.transaction_no is not None
            else 0
            for i, (before, after) in enumerate(pairwise(rows))
        ]
        ends = [i for i in range(len(counts)) if self._history.session_end(i) == i]
        usual = median_low([counts[i] for i in ends]) if ends else 0
        if not self or usual > _QUIET:
            return []
        return [max(0, count - usual) if i in {*ends} else count for i, count in enumerate(counts)]

    @cached_property
    def went(self) -> int:
        """How many tables, views and functions that rows create the live catalog does not have, and that nothing drops,
        neither a row nor a text."""
        there = {
            int(row["facts"]["oid"])
            for found in self._rows.values()
            for row in found
            if "oid" in row["facts"]
        }
        gone = [
            rows[-1]
            for oid, rows in self._history.by_oid.items()
            if oid not in there and rows[-1].change_type != "DROP" and not rows[-1].exclusion_reason
        ]
        texts = {row.execution: row for row in self._history.rows}.values()
        drops = [(row.position, s) for row in texts for s in row.statements if s.verb == "DROP"]
        # v1 names a routine by its oid (FORMATS 1.4), so they are only counted.
        routines = sum(row.object_type == "FUNCTION" for row in gone)
        dropped = sum(len(s.targets) for _, s in drops if s.object_type in ("FUNCTION", "ROUTINE"))
        return max(0, routines - dropped) + sum(
            row.object_type in ("TABLE", "VIEW")
            and not any(
                at > row.position
                and s.object_type == row.object_type
                and row.name in (t[1] for t in s.targets)
                for at, s in drops
            )
            for row in gone
        )

    def likelier(self, first: int, likely: int, fading: Callable[[int], float]) -> tuple[int, int]:
        """Behind which row something went without one, given where it would go behind the row at `first`, and how
        likely behind each row from there on, for all that rows tell; and how many transactions there were.

        What leaves no row is among the transactions that no row tells of. The more there are, the likelier, but no more
        of them are drops than things went without a row: the others changed rows of the team's. Twice as far off is
        half as likely. Where there are hardly more than things that went, most are drops, also right behind the row:
        then it is the middle of what is likely so. `likely` and 0 where there are none.
        """

        def likelihood(position: int) -> float:
            ratio = (position - first + 1) / max(1, likely - first + 1)
            return sqrt(1 + min(self.unexplained[position], self.went)) * min(ratio, 1 / ratio)

        some = [i for i in range(first, len(self.unexplained)) if self.unexplained[i]]
        if some and self._are_mostly_drops:
            weights = [*accumulate(self.unexplained[i] * fading(i) for i in some)]
            best: int | None = some[bisect_left(weights, weights[-1] / 2)]
        else:
            best = max((i for i in some if i > first), key=likelihood, default=None)
        return (likely, 0) if best is None else (best, self.unexplained[best])

    @cached_property
    def _are_mostly_drops(self) -> bool:
        """Whether hardly more transactions left no row, from the team's first on, than things went without one."""
        begun = next((row.position for row in self._history.rows if not row.exclusion_reason), 0)
        return sum(self.unexplained[begun:]) <= _HARDLY_MORE * self.went

    def rows_of(self, kind: str, identity: str) -> list[Row]:
        """The catalog's rows of an object, by its kind and identity as `pg_identify_object` says them."""
        return self._rows.get((kind, identity), [])

    def written(self, kind: str, identity: str, catalog: str, part: str | None = None) -> Moment | None:
        """When one row of the catalog was last written."""
        for row in self.rows_of(kind, identity):
            if row["catalog"] == catalog and row["part"] == part:
                return self._moment(row)
        return None

    def was_there(self, kind: str, identity: str) -> bool:
        """Whether a live object was there before all rows of this replay: one of the catalog's rows of it was written
        before a row that is published."""
        return any(
            row["is_dated"] and row["is_certain"] and version is not None and self._until(version) < 0
            for row in self.rows_of(kind, identity)
            for version in (row["written_with"], row["written_not_after"])
        )

    def made(self, kind: str, identity: str) -> Moment | None:
        """When an object was made: by then its oldest row was written, and by then its oid was given."""
        found = [
            m
            for row in self.rows_of(kind, identity)
            if row["catalog"] != "pg_description" and (m := self._moment(row)) is not None
        ]
        bounds = self.given(kind, identity)
        if not found:
            return None
        first = min(found, key=lambda m: (m.last, m.first))
        if bounds is None or bounds[1] >= first.last or bounds[1] > first.first + 1:
            return first
        # Each of its rows was written again since; the oid was given between those of recorded objects.
        return Moment(*bounds)

    def given(self, kind: str, identity: str) -> tuple[int, int] | None:
        """Between which positions an object's oid was given."""
        return next(
            (
                self._made(row)
                for row in self.rows_of(kind, identity)
                if row["part"] is None and "oid" in row["facts"]
            ),
            None,
        )

    def _made(self, row: Row) -> tuple[int, int] | None:
        before, after = row["made_not_before"], row["made_not_after"]
        if before is None and after is None:
            return None
        return self._until(before), self._from(after)

    def table(self, name: Name, position: int, kind: str = "TABLE") -> str | None:
        """The live identity of the table, or view, that has a name at a position, told by its oid.

        Of one that is published (-1), its next row has the oid; without a row it keeps its name.
        """
        oid = self._history.oid_of(kind, name, position)
        if position < 0:
            first = next(self._history.later_rows(name, position), None)
            if first is None:
                identity = qualified_identity(*name)
                return identity if self.was_there(kind.lower(), identity) else None
            is_it = first.change_type == "ALTER" and first.object_type == kind
            is_another = first.name == name[1] and first.earlier_name not in (None, name)
            oid = first.oid if is_it and not is_another else None
        return self.identity(oid) if oid is not None else None

    def routine(self, oid: str) -> str | None:
        """The live identity of the routine of an oid, which is its name for v1."""
        return self._routines.get(int(oid)) if oid.isdecimal() else None

    def identity(self, oid: int) -> str | None:
        """The live relation that has an oid."""
        return self._tables.get(oid)

    def index(self, oid: int) -> str | None:
        """The live index that has an oid."""
        return self._indexes.get(oid)

    def oid(self, identity: str) -> int | None:
        """The oid of a live relation."""
        return self._oids.get(identity)

    @cached_property
    def _oids(self) -> dict[str, int]:
        return {identity: oid for oid, identity in reversed(self._tables.items())}

    def columns(self, identity: str) -> list[Column]:
        """The columns that a live relation has and had, by their places."""
        rows = [row for kind in _RELATIONS for row in self.rows_of(kind, identity)]
        defaults = {row["part"] for row in rows if row["catalog"] == "pg_attrdef"}
        found = [
            Column(
                row["part"],
                int(row["facts"]["attnum"]),
                self._moment(row),
                row["facts"].get("granted"),
                row["part"] in defaults,
                bool(row["facts"].get("dropped")),
                (int(row["facts"].get("attlen", 0)), str(row["facts"].get("attalign", ""))),
                _shape(row["facts"]),
                row.get("transaction_id"),
            )
            for row in rows
            if row["catalog"] == "pg_attribute"
        ]
        return sorted(found, key=lambda c: c.place)

    def was_rewritten(self, identity: str) -> bool | None:
        """Whether a live table is in another file than it was made in; None where nothing tells."""
        rows = (row for kind in _RELATIONS for row in self.rows_of(kind, identity))
        return next((r["facts"].get("rewritten") for r in rows if r["catalog"] == "pg_class"), None)

    def labels(self, identity: str) -> list[Label]:
        """The labels of a live enum, in order."""
        found = [
            Label(row["part"], float(row["facts"]["enumsortorder"]), self._moment(row), self._made(row))
            for row in self.rows_of("type", identity)
            if row["catalog"] == "pg_enum"
        ]
        return sorted(found, key=lambda label: label.order)


def _of_its_own(row: HistoryRow) -> int:
    """How many transactions a row's statement took before the one that wrote the row."""
    beside = len(row.statements) == 1 and "CONCURRENTLY" in row.statements[0].keywords
    return _BESIDE if beside else 0


def _shape(facts: Mapping[str, Any]) -> Shape | None:
    """None of a recorded history, or a file, that does not have it."""
    if "attstorage" not in facts:
        return None
    return Shape(
        int(facts["atttypmod"]), bool(facts["attndims"]), bool(facts["collated"]), str(facts["attstorage"])
    )
