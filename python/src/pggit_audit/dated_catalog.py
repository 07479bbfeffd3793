"""Between which rows of the history each row of the catalog was last written, and what its id is worth."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from pggit_audit.evidence import CatalogRow, Collected, iso
from pggit_audit.transactions import FIRST_NORMAL, WRAP, Between, Order, Written

# Of so many recorded tables, one may contradict.
_MOST_CONTRADICTIONS = 10
# What pg_upgrade keeps the oids of.
_KEPT = ("pg_class", "pg_type", "pg_enum")

# What runs parts of a transaction under ids of their own; the routines that a text names as such, and what it calls.
# (A name is looked for at its beginning only: a text may be one word of millions of letters.)
_NESTS = re.compile(r"\b(?:savepoint|exception)\b", re.IGNORECASE)
_ROUTINE = re.compile(r'\b(?:function|procedure)\s+(?:"?\w+"?\s*\.\s*)?"?(\w+)', re.IGNORECASE)
_CALLED = re.compile(r'(?<!\w)(\w+)"?\s*\(')

Row = Mapping[str, Any]


# What they are worth -------------------------------------------------------------------------------


class DatedCatalog:
    """What the ids of a source are worth for a history.

    Args:
        found: the ids.
        history: rows of stg_pggit__history, in the order of their ids.

    `order`: the history in the order of its transactions, empty where nothing is to be trusted. `refused`: why not.
    `anew`: the last row before the catalog was written anew, whose ids then say nothing of what was before.
    """

    def __init__(self, found: Collected, history: Sequence[Row]) -> None:
        self.found = found
        self.refused = _of_another_history(found, history)
        known = found.history if self.refused is None else {}
        rows = [
            Written(int(r["version_id"]), known.get(int(r["version_id"])), r["created_at"], nests)
            for r, nests in zip(history, _nesting(history), strict=True)
        ]
        self.order = Order(rows, found.next_xid)
        self.anew: int | None = None
        self._above: int | None = None
        if self.refused is None and known and not self.order:
            self.refused = (
                "the history's rows share transactions with rows of other times, as after pg_restore"
                if self.order.restored
                else "the history's rows were written again since, and not in their order"
            )
        if self.refused is None:
            self._compare(history)
        if self.refused is not None:
            self.order = Order([])
        self._oids = _oid_order(found, history)
        # The last row before which each object was not there, as far as its oid tells.
        self._made: dict[tuple[str, str], int] = {}
        for each in found.catalog:
            made, _ = self.made(each)
            if made is not None and each.part is None:
                self._made[each.object_type, each.object_identity] = made

    def _compare(self, history: Sequence[Row]) -> None:
        """The recorded tables against the catalog's rows of them."""
        written = self._numbers_of_tables()
        first: dict[int, int] = {}
        last: dict[int, int] = {}
        for row in history:
            oid, number = recorded_oid(row), self.order.full.get(int(row["version_id"]))
            if row["object_type"] != "TABLE" or oid not in written or number is None:
                continue
            if row["change_type"] == "CREATE":
                first.setdefault(oid, self.order.begin(int(row["version_id"])) or number)
            last[oid] = number
        # Nothing of a table is older than it: not its columns either, whatever was altered since.
        wrong = [oid for oid, number in first.items() if min(written[oid]) < number]
        if len(wrong) * _MOST_CONTRADICTIONS > len(first):
            self.refused = (
                f"{len(wrong)} of {len(first)} tables have columns older than the row of their CREATE"
            )
            return
        newest = max(self.order.full.values(), default=0)
        numbers = [n for row in self.found.catalog if (n := self.order.number(row.xid)) is not None]
        above, anew = self._anew(written, last)
        if anew is None and numbers and min(numbers) <= newest and self._shares_none():
            self.refused = (
                "no row of the catalog shares a transaction with one of the history: these were written again"
            )
            return
        if self.order.restored_until is not None:
            # The catalog was restored with those rows; what was recorded since is dated by what was recorded since.
            self.anew = self.order.restored_until
            behind = [n for v, n in self.order.full.items() if v > self.anew]
            self._above = min(behind, default=newest + 1) - 1
            return
        if numbers and min(numbers) > newest:
            self._above = max(numbers)
            self.anew = max(self.order.full)
            return
        self._above, self.anew = above, anew

    def _anew(
        self, written: Mapping[int, Sequence[int]], last: Mapping[int, int]
    ) -> tuple[int | None, int | None]:
        """Where half of the tables that were there were written anew behind their last rows.

        Up to which transaction, and behind which row; by the numbers of each table's rows in the catalog, and of its
        last row in the history.
        """
        above: int | None = None
        anew: int | None = None
        later: Counter[int | None] = Counter()
        for oid, number in last.items():
            oldest = min(written[oid])
            if oldest > number:
                later[self._gap(oldest)] += 1
        for gap, tables in later.items():
            before = sum(number <= self.order.full.get(gap or -1, 0) for number in last.values())
            if tables * 2 >= before and gap is not None:
                following = [n for v, n in self.order.full.items() if v > gap]
                newest = max(self.order.full.values(), default=0)
                above = max(above or 0, min(following, default=newest + (1 << 31)) - 1)
                anew = max(anew or 0, gap)
        return above, anew

    def _shares_none(self) -> bool:
        """Whether no statement's id stands in the catalog. The tracker's rows have it; of what it made, some lives."""
        ids = {xid for version, xid in self.found.history.items() if version in self.order.full}
        return ids.isdisjoint(row.xid for row in self.found.catalog)

    def _gap(self, number: int) -> int | None:
        """The last row that was written before a transaction."""
        before = [v for v, n in self.order.full.items() if n < number]
        return max(before, default=None)

    def _numbers_of_tables(self) -> dict[int, list[int]]:
        """All ids, with their epochs, of each table's rows in the catalog, by its oid."""
        oids = {
            row.object_identity: int(row.facts["oid"])
            for row in self.found.catalog
            if row.catalog == "pg_class" and row.object_type == "table" and "oid" in row.facts
        }
        numbers: dict[int, list[int]] = {}
        for row in self.found.catalog:
            number = self.order.number(row.xid)
            if row.object_type == "table" and row.object_identity in oids and number is not None:
                numbers.setdefault(oids[row.object_identity], []).append(number)
        return numbers

    def written(self, row: CatalogRow) -> tuple[Between | None, str | None]:
        """When a row of the catalog was last written; or why its id does not say."""
        if not self.order:
            return None, self.refused or "the history has no ids"
        here = self.found.here
        if here is not None and row.place not in here and not row.facts.get("dropped"):
            return None, "the database has them no more: what they are of was changed behind the file"
        number = self.order.number(row.xid)
        if number is not None and self._above is not None and number <= self._above:
            return None, f"pg_restore or pg_upgrade wrote the catalog anew behind row {self.anew}"
        between = self.order.between(row.xid)
        if between is None:
            if row.xid < FIRST_NORMAL:
                return None, "they came with the server, before its first transaction"
            return None, "the ids wrapped, and these may be of several moments"
        if not between.certain and number is not None:
            made = self._made.get((row.object_type, row.object_identity))
            if made is not None and self.order.full.get(made, 0) > number - WRAP:
                # The object is younger than the older transaction of the id.
                between = replace(between, certain=True)
        return (
            between,
            None if between.certain else "the ids wrapped, and these may be of an older transaction",
        )

    def made(self, row: CatalogRow) -> tuple[int | None, int | None]:
        """The last history row whose object was made before it, the first whose was made after it, by their oids."""
        if (
            self.refused is not None
            or "oid" not in row.facts
            or (self.anew is not None and row.catalog not in _KEPT)
        ):
            return None, None
        oids, versions = self._oids
        at = bisect_left(oids, int(row.facts["oid"]))
        if at < len(oids) and oids[at] == row.facts["oid"]:
            return versions[at], versions[at]
        return (versions[at - 1] if at else None), (versions[at] if at < len(oids) else None)


def _nesting(history: Sequence[Row]) -> Iterator[bool]:
    """For each row, whether its text may run parts of the transaction under ids of their own.

    A savepoint does, code that catches errors, and what calls a routine of a text that has such code.
    """
    catching: set[str] = set()
    nesting: set[str] = set()
    calls: dict[str, set[str]] = {}
    for row in history:
        text = row["change_sql"] or ""
        is_new = text not in calls
        if is_new:
            calls[text] = {name.lower() for name in _CALLED.findall(text)}
        if text not in nesting and (
            (is_new and _NESTS.search(text) is not None) or not catching.isdisjoint(calls[text])
        ):
            nesting.add(text)
            catching |= {name.lower() for name in _ROUTINE.findall(text)}
        yield text in nesting


def recorded_oid(row: Row) -> int | None:
    """The oid that a history row recorded of its object."""
    told = (row["new_metadata"] or {}).get("oid") if isinstance(row["new_metadata"], dict) else None
    return int(told) if isinstance(told, str | int) and str(told).isdigit() else None


def _of_another_history(found: Collected, history: Sequence[Row]) -> str | None:
    """Why the ids are not of this history; None where nothing speaks against it."""
    if not found.history:
        return "it has no ids of history rows"
    own = {int(row["version_id"]): row for row in history}
    common = own.keys() & found.history.keys()
    if own and not common:
        return "it has no row of this history"
    for version in sorted(common & found.times.keys()):
        created_at, told = own[version]["created_at"], found.times[version]
        if told is not None and isinstance(created_at, datetime) and iso(created_at) != told:
            return f"row {version} is of {created_at.isoformat()} here, and of {told} there"
    return None


def _oid_order(found: Collected, history: Sequence[Row]) -> tuple[list[int], list[int]]:
    """The oids of what history rows created, and the ids of those rows, both growing; empty where oids do not grow.

    They wrap at 2^32 and are of one server: where the recorded tables have other oids now, nothing follows from them.
    """
    live = {
        row.facts["oid"]
        for row in found.catalog
        if row.catalog == "pg_class" and row.object_type == "table" and "oid" in row.facts
    }
    made: list[tuple[int, int]] = []
    seen: set[int] = set()
    tables: set[int] = set()
    for row in history:
        oid = recorded_oid(row)
        if oid is None or row["object_type"] not in ("TABLE", "INDEX"):
            continue
        if row["change_type"] == "CREATE" and oid not in seen:
            made.append((oid, int(row["version_id"])))
        seen.add(oid)
        if row["object_type"] == "TABLE":
            tables.add(oid)
    kept: list[tuple[int, int]] = []
    highest = 0
    falls = 0
    for oid, version in made:
        if oid < highest:
            falls += 1
            continue
        highest = oid
        kept.append((oid, version))
    if falls * _MOST_CONTRADICTIONS > len(made) or not live & tables:
        return [], []
    return [oid for oid, _ in kept], [version for _, version in kept]


# Rows of the models --------------------------------------------------------------------------------


def transactions(found: Collected, history: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Rows of `int_replay__transactions`: one for each row of the history."""
    judged = DatedCatalog(found, history)
    for row in history:
        version = int(row["version_id"])
        xid = found.history.get(version)
        number = judged.order.full.get(version)
        why = judged.refused
        if why is None and number is None:
            why = "no id is known" if xid is None else "the row was written again, or by a restore"
        yield {
            "version_id": version,
            "transaction_id": xid,
            "transaction_no": number,
            "source": found.source,
            "is_file": found.is_file,
            "why_not": why,
        }


def catalog(found: Collected, history: Sequence[Row]) -> Iterator[dict[str, Any]]:
    """Rows of `int_replay__catalog_rows`: one for each row of the catalog, between rows that no build made itself."""
    judged = DatedCatalog(found, [row for row in history if not row.get("is_made_by_a_build")])
    for row in found.catalog:
        between, why = judged.written(row)
        made = judged.made(row)
        yield {
            "catalog": row.catalog,
            "object_type": row.object_type,
            "object_identity": row.object_identity,
            "part": row.part,
            "transaction_id": row.xid,
            "facts": dict(row.facts),
            "committed_at": row.committed_at,
            "is_dated": between is not None,
            "is_certain": between.certain if between else False,
            "is_nearer_before": between.is_nearer_before if between else False,
            "written_not_before": between.not_before if between else None,
            "written_not_after": between.not_after if between else None,
            "written_from": between.began if between else None,
            "written_with": between.within if between else None,
            "made_not_before": made[0],
            "made_not_after": made[1],
            "source": found.source,
            "why_not": why,
        }
