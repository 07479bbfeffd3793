"""Objects of which v1 records nothing, when the ids of transactions tell their moment (FORMATS 3).

What the live catalog has of them was made by the transaction that wrote its rows (`of_live_catalog`), each label of an
enum by its own (`labels_by`). A moment is the latest that it may have been, so nothing that it places is `exact`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import constraints, parse_name, qualified, without_comments
from pggit_audit.live import indexed_table
from pggit_audit.moments import Label, Moment
from pggit_audit.rules import (
    DROPPED_COLUMN,
    FROM_LIVE_CATALOG,
    MISSING_LABEL,
    POLICY_FROM_LIVE_CATALOG,
    TRIGGER_FROM_LIVE_CATALOG,
    TYPE_FROM_LIVE_CATALOG,
    dropped_columns,
)
from pggit_audit.rules.dating import (
    bounds,
    came,
    identify,
    kind_of,
    labels_by,
    last_written,
    literal_of,
    made_at,
    moment_of,
    told,
    written_again,
)
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Name, quote

# In this order, where several are of one moment: each may need those before it.
_KINDS = {
    "SCHEMA": FROM_LIVE_CATALOG,
    "TYPE": TYPE_FROM_LIVE_CATALOG,
    "COLLATION": FROM_LIVE_CATALOG,
    "SEQUENCE": FROM_LIVE_CATALOG,
    "PROCEDURE": FROM_LIVE_CATALOG,
    "AGGREGATE": FROM_LIVE_CATALOG,
    "MATERIALIZED_VIEW": FROM_LIVE_CATALOG,
    "INDEX": FROM_LIVE_CATALOG,
    "RULE": FROM_LIVE_CATALOG,
    "STATISTICS": FROM_LIVE_CATALOG,
    "TEXT SEARCH DICTIONARY": FROM_LIVE_CATALOG,
    "TEXT SEARCH CONFIGURATION": FROM_LIVE_CATALOG,
    "TRIGGER": TRIGGER_FROM_LIVE_CATALOG,
    "POLICY": POLICY_FROM_LIVE_CATALOG,
}


@dataclass(frozen=True)
class Dated:
    """A step whose moment is known: an object of the live catalog comes, or (`label`) an enum gets a label, or
    (`column`) a table loses a column that no text names."""

    found: DatabaseObject
    moment: Moment
    repair: Repair
    label: str | None = None
    # The label is older than its row: it had another name.
    is_renamed: bool = False
    column: str | None = None
    # It comes where nothing of its name is: what a text made is changed later.
    only_new: bool = False


def of_live_catalog(evidence: Evidence, is_published: bool) -> list[Dated]:
    """Every object of the live catalog, and every label, that came behind the first row, in their order.

    `is_published`: what was there before the first row is; what the live catalog has beside that came since.
    """
    result: list[tuple[tuple[int, int, int], Dated]] = []
    for found in evidence.live.by_identity.values():
        if found.object_type == "TABLE" and evidence.moments:
            ends = _ends(evidence, found)
            result += [((step.moment.due[0], len(_KINDS), i), step) for i, step in enumerate(ends)]
        if kind_of(found) not in _KINDS or not _is_of_no_row(evidence, found):
            continue
        if found.object_type == "SCHEMA" and not is_published:
            # It comes when it is needed: it may have had another name, or be another one of the name.
            continue
        moment = moment_of(evidence, found)
        if moment is None:
            continue
        # A type of before the first row comes when it is needed, or with all that no text names.
        is_there = (
            found.object_type == "TYPE" and moment.first < 0 and moment.own is None and not is_published
        )
        for i, step in enumerate(
            _labels(evidence, found, moment) if is_there else _steps(evidence, found, moment, is_published)
        ):
            order = (step.moment.due[0], [*_KINDS].index(kind_of(found)), i)
            result.append((order, step))
    return [step for _, step in sorted(result, key=lambda r: r[0])]


def _is_of_no_row(evidence: Evidence, found: DatabaseObject) -> bool:
    """Whether nothing else brings an object: no row of it, nor a column that its sequence belongs to."""
    if found.object_type == "INDEX":
        table = evidence.live.by_name.get(indexed_table(found))
        if table is None or evidence.history.is_recorded(name_of(found)):
            return False
        # It comes with its view, if it is older; so it does with a table, but where the tracker was off.
        return table.object_type == "MATERIALIZED_VIEW" or _came_untold(evidence, found, table)
    return " OWNED BY " not in found.definition


def _came_untold(evidence: Evidence, index: DatabaseObject, table: DatabaseObject) -> bool:
    """Whether the ids tell that an index of a recorded table was made while no row was written of it."""
    oids = {row["facts"].get("oid") for row in evidence.moments.rows_of(*identify(index))} - {None}
    return (
        bool(oids)
        and not any(int(oid) in evidence.history.by_oid for oid in oids)
        and evidence.history.is_recorded(name_of(table))
        and index.object_name not in constraints(table.definition)
        and made_at(evidence, index) > 0
    )


def _ends(evidence: Evidence, table: DatabaseObject) -> Iterator[Dated]:
    name = name_of(table)
    rows = evidence.history.by_name.get(name)
    if rows and rows[0].change_type == "CREATE":
        # Its statements say which columns it had.
        return
    for gone in dropped_columns.unnamed(evidence, table):
        when = dropped_columns.when(evidence, gone)
        drop = f"ALTER TABLE {qualified(name)} DROP COLUMN {quote(gone.name)};"
        why = f"the live table has no column at place {gone.place}: it went {told(when)}"
        repair = Repair(DROPPED_COLUMN, drop, why, inferred=name, bounds=when, about=last_written("column"))
        yield Dated(table, gone.moment, repair, column=gone.name)


def _steps(evidence: Evidence, found: DatabaseObject, moment: Moment, is_published: bool) -> Iterator[Dated]:
    again = written_again(evidence, found, moment)
    is_as_said = again is not None and _is_said(evidence, found, moment)
    yield replace(_as_it_is(evidence, found, moment), only_new=is_as_said)
    if again is not None:
        yield _as_it_is(evidence, found, again)
    yield from _labels(evidence, found, moment, is_published)


def _is_said(evidence: Evidence, found: DatabaseObject, moment: Moment) -> bool:
    """Whether a text of the moment at which an object was made names it: what is there then is as that says."""
    named = evidence.history.mentions(parse_name(found.object_name.split(" on ", 1)[0])[1])
    return any(moment.first <= p <= moment.last for p in named)


def _as_it_is(evidence: Evidence, found: DatabaseObject, moment: Moment) -> Dated:
    statement = without_comments(found.definition)
    if found.object_type == "TYPE":
        statement = (
            labels_by(evidence, found, lambda m: (m.first, m.last) == (moment.first, moment.last))[0]
            or statement
        )
    repair = Repair(
        _KINDS[kind_of(found)],
        statement,
        f"{found.object_identity} is in the live catalog, whose row of it was written"
        f" {told(bounds(evidence, moment))}",
        inferred=name_of(found),
        bounds=came(evidence, moment),
        about=last_written(found.object_type),
    )
    return Dated(found, moment, repair)


def _labels(
    evidence: Evidence, found: DatabaseObject, moment: Moment, is_published: bool = False
) -> Iterator[Dated]:
    """The labels that an enum got behind the moment at which it came; where in its order, the enum of then tells.

    All of them where it is published: it has those of before.
    """
    if found.object_type != "TYPE":
        return
    name = name_of(found)
    labels = evidence.moments.labels(found.object_identity)
    written = [label.moment for label in labels if label.moment]
    if is_published and evidence.moments.was_there("type", found.object_identity):
        later = [label for label in labels if label.moment]
    elif len(written) < len(labels):
        return
    else:
        # A type's own row that is younger than those of its labels was written again: another name, as a rule.
        is_again = all(m.last <= moment.first for m in written)
        first = min(written, key=lambda m: (m.first, m.last)) if is_again and written else moment
        later = [
            x for x in labels if x.moment and (x.moment.first, x.moment.last) != (first.first, first.last)
        ]
    for label in later:
        assert label.moment is not None
        when = bounds(evidence, label.moment)
        literal = literal_of(label.text)
        add = f"ALTER TYPE {qualified(name)} ADD VALUE IF NOT EXISTS {literal};"
        why = f"the live enum has {literal}, whose row was written {told(when)}"
        yield Dated(
            found,
            label.moment,
            Repair(
                MISSING_LABEL, add, why, alone=True, inferred=name, bounds=when, about=last_written("type")
            ),
            label.text,
            is_renamed=_is_older(label, label.moment),
        )


def labels_of_then(evidence: Evidence, step: Dated, have: Sequence[str]) -> list[str]:
    """The labels of a live enum that are no younger than a step, or are in `have`, in their order."""
    found = evidence.moments.labels(step.found.object_identity)
    return [x.text for x in found if x.text in have or _is_older(x, step.moment)]


def _is_older(label: Label, moment: Moment) -> bool:
    """Whether the oid of a label was given before a moment."""
    return label.made is not None and label.made[1] <= moment.first


def name_of(found: DatabaseObject) -> Name:
    """Schema and name."""
    return (found.object_schema, found.object_name)
