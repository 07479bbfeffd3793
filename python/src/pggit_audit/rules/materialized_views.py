"""Materialized views that are made beside another one, and take its name: v1 records neither, only their indexes.

An index is on what its view is called in the end: in the live catalog, or in the text that drops the view with it.
"""

from __future__ import annotations

from collections.abc import Iterator

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import first_statement, qualified, qualified_identity
from pggit_audit.history import HistoryRow
from pggit_audit.rules import FROM_LIVE_CATALOG
from pggit_audit.rules.situation import Evidence, Failure, PendingStep, Repair, about
from pggit_audit.statements import Name, Statement, quote, split

_KIND, _DROP = "materialized view", "DROP MATERIALIZED VIEW"


def under_its_former_name(evidence: Evidence, failure: Failure, name: Name) -> Iterator[Repair]:
    """The live view that an index is on, made under the name that the statement has of it."""
    row = evidence.history.rows[failure.situation.position]
    index = _live_index(evidence, row) if _makes(failure.statement, row) else None
    live = _view_of(evidence, index) if index is not None else None
    if live is None or live.object_name == name[1] or failure.statement.on != name:
        return
    then = (live.object_schema, name[1])
    make = first_statement(live.definition).replace(live.object_identity, qualified_identity(*then), 1)
    why = f"the index of row {row.version_id} is on {live.object_identity} in the live catalog"
    yield Repair(FROM_LIVE_CATALOG, make, why, alone=True, inferred=then, about=about(_KIND, then))


def lost_rename(evidence: Evidence, index: DatabaseObject, row: HistoryRow) -> PendingStep | None:
    """When the view that an index was just made on took its name: behind the last text of that session that has its
    former one, or drops what had the name."""
    (made, *_), history = split(index.definition), evidence.history
    if not _makes(made, row) or made.on is None:
        return None
    found = _called_in_the_end(evidence, row)
    if found is None or found[0][1] == made.on[1]:
        return None
    (_, name), why = found
    then = (index.object_schema, made.on[1])
    drops = (p for p in history.mentions(name) if _drops(history.rows[p], name))
    end = history.session_end(row.position)
    last = max(p for p in (row.position, *history.mentions(then[1]), *drops) if p <= end)
    now = (index.object_schema, name)
    rename = (
        f"DROP MATERIALIZED VIEW IF EXISTS {qualified(now)} CASCADE;\n"
        f"ALTER MATERIALIZED VIEW {qualified(then)} RENAME TO {quote(name)};"
    )
    return PendingStep(
        last, then, Repair(FROM_LIVE_CATALOG, rename, why, inferred=now, about=about(_KIND, then))
    )


def _makes(statement: Statement, row: HistoryRow) -> bool:
    is_made = statement.tag == "CREATE INDEX" and (row.object_type, row.change_type) == ("INDEX", "CREATE")
    return is_made and row.name in (name for _, name in statement.targets)


def _called_in_the_end(evidence: Evidence, row: HistoryRow) -> tuple[Name, str] | None:
    """What the materialized view of an index is called in the end, and what tells."""
    rows = evidence.history.by_name.get((row.object_schema, row.name), ())
    later = next((r for r in rows if r.position > row.position and r.change_type != "ALTER"), None)
    if later is not None and later.change_type == "DROP":
        names = [s.targets[0] for s in later.statements if s.tag == _DROP and len(s.targets) == 1]
        why = f"the index of row {row.version_id} went with what row {later.version_id} drops"
        return (names[0], why) if len(names) == 1 else None
    index = _live_index(evidence, row)
    live = _view_of(evidence, index) if index is not None else None
    if live is None:
        return None
    why = f"the index of row {row.version_id} is on {live.object_identity} in the live catalog"
    return (live.object_schema, live.object_name), why


def _drops(row: HistoryRow, name: str) -> bool:
    return any(s.tag == _DROP and name in (bare for _, bare in s.targets) for s in row.statements)


def _live_index(evidence: Evidence, row: HistoryRow) -> DatabaseObject | None:
    """The live index of a row, by its oid; where none is known, the one of the name that was made last."""
    found: DatabaseObject | None = None
    if row.oid is not None and evidence.moments:
        found = evidence.live.by_identity.get(("INDEX", evidence.moments.index(row.oid) or ""))
    elif evidence.history.last_row((row.object_schema, row.name)) == row.position:
        found = evidence.live.by_name.get((row.object_schema, row.name))
    return found if found is not None and found.object_type == "INDEX" else None


def _view_of(evidence: Evidence, index: DatabaseObject) -> DatabaseObject | None:
    on = split(index.definition)[0].on
    live = evidence.live.by_name.get(on) if on is not None else None
    return live if live is not None and live.object_type == "MATERIALIZED_VIEW" else None
