"""What the ids of transactions say of a step that left no row (FORMATS 3): between which rows it was.

The transaction that last wrote a row of the catalog is the latest moment of what it holds. Where it lies between the
rows that a rule has found already, it is the moment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import first_statement, parse_name
from pggit_audit.history import HistoryRow
from pggit_audit.moments import Label, Moment
from pggit_audit.rules import Rule
from pggit_audit.rules.situation import Bounds, Evidence, PendingStep, Repair, about, under_schema
from pggit_audit.statements import Name

_NAMED_IN = {
    "SCHEMA": "pg_namespace",
    "TYPE": "pg_type", "SEQUENCE": "pg_class", "PROCEDURE": "pg_proc", "MATERIALIZED_VIEW": "pg_class",
    "TRIGGER": "pg_trigger", "POLICY": "pg_policy", "AGGREGATE": "pg_proc", "COLLATION": "pg_collation",
    "STATISTICS": "pg_statistic_ext",
    "TEXT SEARCH CONFIGURATION": "pg_ts_config", "TEXT SEARCH DICTIONARY": "pg_ts_dict",
}  # fmt: skip

_KINDS = {"STATISTICS": "statistics object", "AGGREGATE": "aggregate"}
"""What `pg_identify_object` calls them."""


def bounds(evidence: Evidence, moment: Moment, sure: bool = False) -> Bounds:
    """A moment in the ids of the history's rows."""
    rows = evidence.history.rows
    return Bounds(
        rows[moment.first].version_id if moment.first >= 0 else None,
        rows[moment.last].version_id if moment.last < len(rows) else None,
        committed_at=moment.committed_at,
        sure=sure,
    )


def came(evidence: Evidence, moment: Moment) -> Bounds:
    """Between which rows there came an object of a kind that v1 does not record, given when its row was last written.

    A GRANT, a replacement, a DROP and a CREATE left no row either: one of its name may have been there all the time.
    """
    return replace(bounds(evidence, moment), not_before=None, committed_at=None)


def within(moment: Moment | None, first: int, last: int) -> Moment | None:
    """The part of a moment between two rows, at which it is not; None where it lies before or behind."""
    if moment is None or moment.last <= first or moment.first >= last:
        return None
    own = moment.own if moment.own is not None and first <= moment.own < last else None
    return moment._replace(first=max(first, moment.first), last=min(last, moment.last), own=own)


LAST_WRITTEN = "last written: "


def last_written(kind: str) -> str:
    """What steps of one kind are about whose moment is that of the last write: whether there was none before."""
    return f"{LAST_WRITTEN}{kind.lower().replace('_', ' ')}"


def at_moment(
    evidence: Evidence, step: Repair, name: Name, moment: Moment, kind: str, first: int | None, sure: bool
) -> PendingStep | None:
    """A step of what has a name, at the moment that the catalog's row tells; None where that is behind the last row.

    `kind`: of what the row is. `first`: where something else may have written it since, the position behind which the
    step was all the same, -1 where none is known; else None. `sure`: see `Bounds`.
    """
    when = bounds(evidence, moment, sure)
    place, early = moment.due
    if place >= len(evidence.history):
        return None
    why = f"{step.evidence}; the catalog's row of it was written {told(when)}"
    if first is not None:
        since = evidence.history.version(first) if first >= 0 else None
        when = replace(when, not_before=since, committed_at=None)
    dated = replace(step, evidence=why, bounds=when, about=last_written(kind))
    return PendingStep(place, name, dated, early=early)


def of_column(
    evidence: Evidence, table: Name, first: int, last: int, name: str, place: int | None
) -> Moment | None:
    """When a column of a table was last written, if that was between two rows; by its place, else by its name.

    None where it is gone: its row was last written when it went.
    """
    identity = evidence.moments.table(table, first)
    if identity is None:
        return None
    oid = evidence.history.oid_of("TABLE", table, first)
    for column in evidence.moments.columns(identity):
        if column.place == place if place is not None else column.name == name:
            moment = None if column.dropped else column.moment
            if moment is None or may_write_others(evidence, moment, oid):
                return None
            return within(moment, first, last)
    return None


def is_only_renamed(
    evidence: Evidence,
    table: Name,
    position: int,
    name: str,
    column: Mapping[str, Any],
    rights: Collection[bool | None] = (False,),
) -> bool:
    """Whether nothing but a rename behind a row's own transaction wrote a live column last.

    It has the name at the place of `column`, as the shadow has that, and what else writes a column's row and leaves no
    row of its table did not: rights on it alone, a default that goes by CASCADE, an ALTER of a parent or an ATTACH,
    and a rewrite of the table (VACUUM FULL, CLUSTER) where the row has a default for the rows of before. `rights`: what
    may be known of rights on the column alone.
    """
    identity = evidence.moments.table(table, position)
    if identity is None:
        return False
    found = next((c for c in evidence.moments.columns(identity) if c.place == column["position"]), None)
    return (
        found is not None
        and found.name == name
        and found.granted in rights
        and found.has_default == (column["default"] is not None or column["generated"])
        and is_alone(evidence, found.moment, table, position)
        and (
            evidence.moments.was_rewritten(identity) is False
            or _came_without_default(evidence, table, position, found.place)
        )
    )


def is_alone(evidence: Evidence, moment: Moment | None, table: Name, position: int) -> bool:
    """Whether a transaction is for certain behind that of the row at a position, and altered no other table: that may
    be a parent, which alters a table without a row of it. Nor may it have given a column of this one another type."""
    if moment is None or not is_behind(moment, position):
        return False
    oid = evidence.history.oid_of("TABLE", table, position)
    own = _tables_altered(evidence, moment)
    return all(oid is not None and r.oid == oid and not _may_change_types(r) for r in own)


def _tables_altered(evidence: Evidence, moment: Moment) -> list[HistoryRow]:
    """The rows of a transaction that alter tables."""
    if moment.own is None or moment.began is None:
        return []
    own = evidence.history.rows[moment.began : moment.own + 1]
    return [r for r in own if r.object_type == "TABLE" and r.change_type == "ALTER"]


def may_write_others(evidence: Evidence, moment: Moment, oid: int | None) -> bool:
    """Whether a transaction may have written the row of a column of a table (by its oid) for another column's sake."""
    return any(r.oid == oid and _may_change_types(r) for r in _tables_altered(evidence, moment))


def _may_change_types(row: HistoryRow) -> bool:
    """Whether a row's text may give a column another type: PostgreSQL 15 then writes the rows of all columns behind it
    again, too, and any version makes constraints on it anew."""
    return any(
        s.action in ("code", "unreadable") or (s.tag == "ALTER TABLE" and "TYPE" in s.keywords)
        for s in row.statements
    )


def _came_without_default(evidence: Evidence, table: Name, position: int, place: int) -> bool:
    """Whether the records of a table tell that the column at a place came with the table, or without a default."""
    oid = evidence.history.oid_of("TABLE", table, position)
    rows = evidence.history.by_oid.get(oid, ()) if oid is not None else ()
    records = [r for r in rows if r.object_type == "TABLE" and r.columns and r.position <= position]
    if not records or records[0].change_type != "CREATE":
        return False
    first = next(
        ((r, f) for r in records for f in (r.columns or {}).values() if f.get("position") == place), None
    )
    return first is not None and (first[0] is records[0] or first[1].get("default") is None)


def is_behind(moment: Moment | None, position: int) -> bool:
    """Whether a transaction is for certain behind that of the row at a position."""
    return moment is not None and moment.first >= position


def is_called_as_now(evidence: Evidence, name: Name, position: int) -> bool:
    """Whether a live type that the row at a position names has its name since before the row, for certain: nothing
    has written it behind the row's transaction."""
    found = evidence.live.by_name.get(name)
    if found is None or found.object_type != "TYPE":
        return False
    moment = evidence.moments.written("type", found.object_identity, "pg_type")
    return moment is not None and (moment.last <= position or moment.has_own(position))


def has_its_labels(evidence: Evidence, name: Name, definition: str, position: int) -> bool:
    """Whether a definition that was made at a position has of a live enum no more than its name and labels, which
    nothing has written since before the row, for certain."""
    found = evidence.live.by_name.get(name)
    if (
        found is None
        or " AS ENUM (" not in found.definition
        or not is_called_as_now(evidence, name, position)
    ):
        return False
    used = re.findall(rf"'([^']*(?:''[^']*)*)'::{re.escape(found.object_identity)}(?![\w\"$])", definition)
    moments = {label.text: label.moment for label in evidence.moments.labels(found.object_identity)}
    written = [moments.get(label.replace("''", "'")) for label in used]
    return all(moment is not None and moment.last <= position for moment in written)


def told(when: Bounds) -> str:
    """The bounds in words."""
    if when.not_before is None:
        return f"before row {when.not_after}"
    if when.not_after is None:
        return f"behind row {when.not_before}"
    return f"between the rows {when.not_before} and {when.not_after}"


def labels_by(
    evidence: Evidence, found: DatabaseObject, had: Callable[[Moment], bool]
) -> tuple[str | None, list[Label]]:
    """How an enum of the live catalog is made with those labels whose moment it `had` had, and the other labels.

    None where the ids of transactions do not tell, or leave none.
    """
    labels = evidence.moments.labels(found.object_identity)
    if " AS ENUM (" not in found.definition or any(x.moment is None for x in labels):
        return None, []
    later = [x for x in labels if x.moment is not None and not had(x.moment)]
    first = [literal_of(x.text) for x in labels if x not in later]
    if not first:
        return None, []
    head = first_statement(found.definition).split(" AS ENUM (", 1)[0]
    return f"{head} AS ENUM (\n    " + ",\n    ".join(first) + "\n);", later


def about_type(name: Name) -> str:
    """What steps of one enum, and of those that took its name, are about."""
    return about("type", name)


def literal_of(label: str) -> str:
    """A label as SQL text."""
    return "'" + label.replace("'", "''") + "'"


def kind_of(found: DatabaseObject) -> str:
    """The kind of an object; aggregates leave no row, as other functions do."""
    return "AGGREGATE" if found.definition.startswith("CREATE AGGREGATE ") else found.object_type


def identify(found: DatabaseObject) -> tuple[str, str]:
    """Kind and identity as `pg_identify_object` says them."""
    kind = _KINDS.get(kind_of(found)) or found.object_type.lower().replace("_", " ")
    return kind, found.object_identity.removesuffix(" (policy)")


def moment_of(evidence: Evidence, found: DatabaseObject) -> Moment | None:
    """When an object of the live catalog came, as far as it had its name by then."""
    kind, identity = identify(found)
    if found.object_type == "RULE":
        # Its row is one of its table's, or its view's.
        table = identity.split(" on ", 1)[1]
        written = [
            evidence.moments.written(k, table, "pg_rewrite", found.object_name) for k in ("table", "view")
        ]
        return written[0] or written[1]
    made = evidence.moments.made(kind, identity)
    if made is not None and found.object_type in ("TRIGGER", "POLICY") and _made_again(evidence, found, made):
        return None
    if made is not None and any(
        new == found.object_schema and position > made.first
        for _, new, position in evidence.history.schema_renames_in_texts
    ):
        # It came under the name that its schema had by then.
        return None
    named = evidence.moments.written(kind, identity, _NAMED_IN.get(kind_of(found), ""))
    if made is None or named is None or made.last >= named.last:
        return made
    # Something wrote the row that has its name later: a GRANT, or a rename.
    if _named_by_text(evidence, found):
        return named
    # The tracker's own texts have many a word.
    rows = evidence.history.rows
    mentions = evidence.history.mentions(found.object_name.split("(", 1)[0])
    return made if any(p <= named.first and not rows[p].exclusion_reason for p in mentions) else named


def written_again(evidence: Evidence, found: DatabaseObject, made: Moment) -> Moment | None:
    """When a trigger, a policy or the columns of a materialized view were last written, if that was behind the moment
    at which it was made: ALTER and CREATE OR REPLACE change it in its place."""
    written: list[Moment | None] = []
    if found.object_type in ("TRIGGER", "POLICY"):
        written = [evidence.moments.written(*identify(found), _NAMED_IN[found.object_type])]
    elif found.object_type == "MATERIALIZED_VIEW":
        written = [column.moment for column in evidence.moments.columns(found.object_identity)]
    later = [moment for moment in written if moment is not None and moment.due > made.due]
    return max(later, key=lambda moment: moment.due, default=None)


def _named_by_text(evidence: Evidence, found: DatabaseObject) -> bool:
    """Whether a recorded text gives an object the name or the schema that it has."""
    rows = evidence.history.rows
    bare = found.object_name.split("(", 1)[0]
    return any(
        s.renamed_to == bare or (s.moved_to == found.object_schema and any(n == bare for _, n in s.targets))
        for p in evidence.history.mentions(bare)
        for s in rows[p].statements
    )


def _made_again(evidence: Evidence, found: DatabaseObject, made: Moment) -> bool:
    """Whether the transaction that made a trigger or a policy also changed a column of its table, or may have: so one
    that reads it is dropped and made again around that."""
    table = parse_name(found.object_identity.removesuffix(" (policy)").split(" on ", 1)[1])[1]
    if made.own is None or made.began is None:
        return False
    rows = evidence.history.rows[made.began : made.own + 1]
    return any(
        r.object_type == "TABLE"
        and r.change_type == "ALTER"
        and r.name == table
        and _may_change_a_column(evidence, r)
        for r in rows
    )


def _may_change_a_column(evidence: Evidence, row: HistoryRow) -> bool:
    """Whether a row's table may have a column less than before it, or one of another type; new ones do not count."""
    before = [
        r.columns
        for r in evidence.history.by_oid.get(row.oid or 0, ())
        if r.position < row.position and r.columns
    ]
    if not before or not row.columns:
        return True
    return any(row.columns.get(name, {}).get("type") != fact.get("type") for name, fact in before[-1].items())


def made_at(evidence: Evidence, found: DatabaseObject) -> int:
    """The position by which a live object that left no row had been made: at the start, unless the ids tell that the
    tracker was off when it came."""
    kind, identity = identify(found)
    made = evidence.moments.made(kind, identity)
    if kind in ("function", "procedure"):
        # It has one row of the catalog alone, which a GRANT writes again.
        bounds_of_oid = evidence.moments.given(kind, identity)
        made = made if bounds_of_oid is not None and bounds_of_oid[0] >= 0 else None
    rows = evidence.history.rows
    return 0 if made is None or all(r.exclusion_reason for r in rows[: made.last]) else made.last


def is_recorded_elsewhere(evidence: Evidence, found: DatabaseObject) -> bool:
    """Whether rows tell of a live relation under the name that its schema had, as its oid says."""
    oid = evidence.moments.oid(found.object_identity)
    return oid is not None and any(not r.exclusion_reason for r in evidence.history.by_oid.get(oid, ()))


def as_older(evidence: Evidence, rule: Rule, found: DatabaseObject, why: str) -> tuple[int, Repair]:
    """The step that makes a live object that left no row, under the name that its schema had when it was made, and the
    position by which that was (`made_at`)."""
    at = made_at(evidence, found)
    then = under_schema(found, evidence.history.schema_at(found.object_schema, at))
    why = f"{found.object_identity} {why}"
    return at, Repair(rule, then.definition, why, inferred=(then.object_schema, then.object_name))


def made_by(evidence: Evidence, found: DatabaseObject, position: int) -> Bounds | None:
    """Between which rows an object of the live catalog was made that a statement needs, if it was there by then."""
    moment = moment_of(evidence, found)
    return None if moment is None or moment.first >= position else came(evidence, moment)
