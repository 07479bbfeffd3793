"""Columns that no statement adds: code made them of rows that are lost, or the tracker was off."""

from __future__ import annotations

from collections.abc import Iterator

from pggit_audit.definitions import Columns, ordered, qualified, type_text
from pggit_audit.history import HistoryRow
from pggit_audit.rules import ADDED_COLUMN
from pggit_audit.rules.columns import column_line
from pggit_audit.rules.situation import Current, Evidence, Repair, Situation
from pggit_audit.statements import Name, Statement, quote


def by_record(
    evidence: Evidence, table: Name, columns: Columns, current: Current, why: str
) -> Iterator[Repair]:
    """The columns that a record has more than the table, in their order: as the live table has them, for an identity, a
    collation, what a column is generated from are in no record; or where a statement names one, as recorded.

    None where others are gone, of which one may have got a name.
    """
    names = {str(c["name"]) for c in current}
    live = evidence.live.table(table)
    if not names < columns.keys():
        return
    usual = evidence.modifiers.usual(columns, live)
    for name in (n for n in ordered(columns) if n not in names):
        line = None
        if live is not None and not _is_said(evidence, table[1], name):
            line = column_line(live.definition, name)
        line = line or f"{quote(name)} {type_text(str(usual[name].get('type')))}"
        yield Repair(ADDED_COLUMN, f"ALTER TABLE {qualified(table)} ADD COLUMN {line};", why, inferred=table)


def _is_said(evidence: Evidence, table: str, column: str) -> bool:
    """Whether a statement names a table and a column."""
    rows = (evidence.history.rows[p] for p in evidence.history.mentions(table, column))
    return any({table, column} <= {*s.words} for row in rows for s in row.statements)


def before(
    evidence: Evidence, situation: Situation, statement: Statement, row: HistoryRow
) -> Iterator[Repair]:
    """The columns that the table of a row had by then, where its statement adds some behind them.

    By their places in the record: one that is given is never given again.
    """
    if statement.tag != "ALTER TABLE" or row.object_type != "TABLE" or not row.columns:
        return
    name = (row.object_schema, row.name)
    current = situation.columns(name)
    names = {str(c["name"]) for c in current}
    new = [n for n in ordered(row.columns) if n not in names]
    first = next((i for i, n in enumerate(new) if n in statement.words), 0)
    if first and current:
        columns = {n: fact for n, fact in row.columns.items() if n in names or n in new[:first]}
        yield from by_record(evidence, name, columns, current, f"row {row.version_id} recorded the columns")
