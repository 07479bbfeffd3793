"""What a row creates and nothing else tells of, as what code made beside it is.

Code that makes one table for each tenant, or each month, makes them alike. Of one that is gone in the end (its month is
over), two that live tell what it was, in so far as they agree: not which rows it is for, where each has its own.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from pggit_audit.definitions import Columns, first_statement, ordered, quote_if_needed, sequence_of
from pggit_audit.history import HistoryRow
from pggit_audit.rules import FROM_LIVE_CATALOG, as_they_live
from pggit_audit.rules.naming import but_for_numbers
from pggit_audit.rules.situation import Evidence, Repair

# So many have to agree.
_ENOUGH = 2
# Of more tables than that, before it and behind it, none is looked at.
_NEAR = 50


def steps(evidence: Evidence, row: HistoryRow, why: str) -> list[Repair]:
    """What makes the table, or the index, of a row that code left, and behind that what belongs to it; nothing where
    too few live that are like it, or these do not agree.

    `why`: no statement makes it.
    """
    table = row if row.object_type == "TABLE" else _table_of(evidence, row)
    if table is None or row.change_type != "CREATE" or row.object_type not in ("TABLE", "INDEX"):
        return []
    own = _group(evidence, table)
    place = own.index(row)
    found: list[list[str]] = []
    told: list[str] = []
    for other in _others(evidence, table):
        group = _group(evidence, other)
        live = as_they_live.live_object(evidence, group[place]) if len(group) == len(own) else None
        if live is None:
            continue
        name = (group[place].object_schema, group[place].name)
        made = as_they_live.steps(evidence, group[place], name, live, why)
        # An index is no part of one of a parent's: whose partition the table was, no other tells.
        texts = [first_statement(step.statement) if row is not table else step.statement for step in made]
        found.append([_renamed(text, group, own) for text in texts])
        told.append(live.object_identity)
        if len(found) == _ENOUGH:
            break
    if len(found) < _ENOUGH or any(texts[0] != found[0][0] for texts in found):
        return []
    agreed = [text for text in found[0] if all(text in texts for texts in found)]
    says = f"row {row.version_id} created it as {' and '.join(told)} were, of which the live catalog tells; {why}"
    return [Repair(FROM_LIVE_CATALOG, text, says, inferred=(row.object_schema, row.name)) for text in agreed]


def _group(evidence: Evidence, table: HistoryRow) -> list[HistoryRow]:
    """A row that creates a table, and those of the indexes that its execution made before the next table."""
    found = [table]
    for row in evidence.history.rows[table.position + 1 :]:
        if row.execution != table.execution or (row.object_type, row.change_type) == ("TABLE", "CREATE"):
            break
        if (row.object_type, row.change_type) == ("INDEX", "CREATE"):
            found.append(row)
    return found


def _table_of(evidence: Evidence, index: HistoryRow) -> HistoryRow | None:
    """The row of the table that the execution of an index's row made last."""
    for row in reversed(evidence.history.rows[: index.position]):
        if row.execution != index.execution:
            break
        if (row.object_type, row.change_type) == ("TABLE", "CREATE"):
            return row
    return None


def _others(evidence: Evidence, table: HistoryRow) -> list[HistoryRow]:
    """Rows that create tables with the same columns, of the same text, or with names that differ in digits alone; the
    nearest first."""
    made = evidence.made_tables
    found = dict[int, HistoryRow]()
    for key in (table.text, but_for_numbers(table.name)) if table.columns else ():
        rows = made.get(key, ())
        place = bisect_left(rows, table.position, key=lambda r: r.position)
        for row in rows[max(place - _NEAR, 0) : place + _NEAR]:
            if row is not table and row.object_schema == table.object_schema:
                found[row.position] = row
    wanted = _shape(table.columns or {})
    alike = [row for row in found.values() if _shape(row.columns or {}) == wanted]
    return sorted(alike, key=lambda r: abs(r.position - table.position))


def _shape(columns: Columns) -> list[tuple[str, dict[str, object]]]:
    """Recorded columns in order, but for the names of the sequences that they count."""
    return [
        (name, {k: v for k, v in columns[name].items() if k != "default" or sequence_of(v) is None})
        for name in ordered(columns)
    ]


def _renamed(text: str, group: Sequence[HistoryRow], own: Sequence[HistoryRow]) -> str:
    """A statement on one table for another, with the names of that and of its indexes; what is called after the one is
    called after the other."""
    names = {quote_if_needed(r.name): quote_if_needed(o.name) for r, o in zip(group, own, strict=True)}
    before = quote_if_needed(group[0].name).removesuffix('"')
    after = quote_if_needed(own[0].name).removesuffix('"')
    whole = "|".join(sorted(map(re.escape, names), key=len, reverse=True))
    pattern = rf'(?<![\w$"])(?:(?P<whole>{whole})(?![\w$"])|{re.escape(before)}(?=_))'
    return re.sub(pattern, lambda m: names[m["whole"]] if m["whole"] else after, text)
