"""What a row creates and no text tells of, as the live catalog has it.

Code makes things of what the history does not have: the rows of a table, what COPY brought, what a setting said. Where
such a thing is there in the end, and no row says that it was made anew or went meanwhile, the live catalog tells what
it is; what texts changed of a table since is taken back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import constraints, qualified, quote_if_needed, without_comments
from pggit_audit.history import HistoryRow
from pggit_audit.rules import FROM_LIVE_CATALOG, tables
from pggit_audit.rules.situation import Evidence, Repair, under_schema
from pggit_audit.statements import Name

_ROUTINES = ("FUNCTION", "PROCEDURE")


def live_object(evidence: Evidence, row: HistoryRow) -> DatabaseObject | None:
    """The object of the live catalog that a row creates; None where a later row makes or drops it, or what has its
    name."""
    if row.change_type != "CREATE":
        return None
    history = evidence.history
    if row.object_type in _ROUTINES:
        # v1's name of a routine is its oid (FORMATS 1.4)
        identity = evidence.moments.routine(row.object_name)
        if identity is None or _is_made_or_dropped(history.by_name[row.object_schema, row.name], row):
            return None
        return next(
            filter(None, (evidence.live.by_identity.get((kind, identity)) for kind in _ROUTINES)), None
        )
    own = history.by_oid[row.oid] if row.oid is not None else [row]
    name = (own[-1].object_schema, own[-1].name)
    if _is_made_or_dropped(own, row) or _is_made_or_dropped(history.by_name[name], own[-1]):
        return None
    found = evidence.live.by_name.get(name)
    if found is None or found.object_type != row.object_type:
        return None
    oid = evidence.moments.oid(found.object_identity)
    return found if None in (oid, row.oid) or oid == row.oid else None


def _is_made_or_dropped(rows: Iterable[HistoryRow], since: HistoryRow) -> bool:
    """Whether one of the rows behind a row makes or drops what they are about."""
    return any(r.change_type in ("CREATE", "DROP") for r in rows if r.position > since.position)


def steps(evidence: Evidence, row: HistoryRow, name: Name, found: DatabaseObject, why: str) -> list[Repair]:
    """What makes the live object of a row, and behind that what belongs to it, each taken if it fits.

    `why`: no statement makes it.
    """
    told = f"row {row.version_id} created what the live catalog has as {found.object_identity}; {why}"
    if found.object_type in _ROUTINES:
        name = (name[0], found.object_name)
    if found.object_type == "TABLE":
        make, rest = tables.as_created(evidence, row, name, found)
        texts = [make, *rest]
    else:
        then = under_schema(found, evidence.history.schema_at(found.object_schema, row.position))
        texts = [without_comments(then.definition)]
        if found.object_type not in _ROUTINES and then.object_name != name[1]:
            now, before = (
                (f" {quote_if_needed(then.object_name)} ON ", f" {quote_if_needed(name[1])} ON ")
                if found.object_type == "INDEX"
                else (then.object_identity, qualified(name))
            )
            texts = [texts[0].replace(now, before, 1)]
    return [Repair(FROM_LIVE_CATALOG, text, told, inferred=name) for text in texts]


def constraints_made(
    evidence: Evidence, row: HistoryRow, name: Name, known: Collection[str], why: str
) -> Iterator[Repair]:
    """What gives a table the constraints that, as the catalog says, it got in the transaction of a row, which v1 does
    not record. Not those that it has by then (`known`).

    `why`: no statement makes them.
    """
    identity = evidence.moments.table(name, row.position)
    live = evidence.live.by_identity.get(("TABLE", identity)) if identity is not None else None
    for text in tables.belongings(live) if live is not None else ():
        for constraint in constraints(text).keys() - known:
            part = f"{quote_if_needed(constraint)} on {identity}"
            moment = evidence.moments.written("table constraint", part, "pg_constraint")
            if moment is not None and moment.has_own(row.position):
                told = (
                    f"the live catalog has {part}, which the transaction of row {row.version_id} wrote; {why}"
                )
                yield Repair(FROM_LIVE_CATALOG, text, told, inferred=name)
