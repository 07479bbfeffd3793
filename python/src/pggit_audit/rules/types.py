"""Types: v1 records none of them (FORMATS 1.1), only their names as types of columns; of a domain, its base (1.9).

A type shows in a statement that fails (`missing`, `missing_label`), a rename as `renamed_types` says, a drop in
the row that takes its last use away (`unused`). Older than a tracker that came late: `pre_existing`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Sequence
from dataclasses import replace
from itertools import pairwise

from sqlglot import TokenType

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    STATEMENT,
    column_types,
    domain_base,
    first_statement,
    in_schema,
    parse_name,
    printed_type,
    qualified,
    type_text,
    without_comments,
)
from pggit_audit.history import HistoryRow
from pggit_audit.rules import (
    MISSING_DOMAIN,
    MISSING_ENUM,
    MISSING_LABEL,
    TYPE_FROM_LIVE_CATALOG,
    UNUSED_TYPE,
    renamed_types,
)
from pggit_audit.rules.dating import (
    about_type,
    bounds,
    is_called_as_now,
    labels_by,
    last_written,
    literal_of,
    made_by,
    moment_of,
)
from pggit_audit.rules.naming import forms, said
from pggit_audit.rules.situation import Bounds, Evidence, Failure, PendingStep, Repair, Situation
from pggit_audit.statements import Name, unquote

# What depends on a type, but for its own array: the column of a default, or else no column.
_USERS = (
    "select n.nspname, c.relname, a.attname from pg_catalog.pg_depend as d"
    " left join pg_catalog.pg_attrdef as f"
    " on d.classid operator(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid"
    " and f.oid operator(pg_catalog.=) d.objid"
    " left join pg_catalog.pg_attribute as a"
    " on a.attrelid operator(pg_catalog.=) f.adrelid and a.attnum operator(pg_catalog.=) f.adnum"
    " left join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) f.adrelid"
    " left join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace"
    " where d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_type'::pg_catalog.regclass::pg_catalog.oid"
    " and d.refobjid operator(pg_catalog.=) %(type)s::pg_catalog.oid and d.deptype operator(pg_catalog.=) 'n'"
)


# A domain's base is recorded in its place, and no enum is called so.
_IS_BUILT_IN = (
    "select from pg_catalog.pg_type where typname operator(pg_catalog.=) %(name)s::pg_catalog.name"
    " and typnamespace operator(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace"
)

# A type that is to take another's name is made so many rows before it is used, at most.
_SOON = 25


_MODIFIERS = re.compile(r"\(\d+(?:,-?\d+)?\)")


# When a statement fails ----------------------------------------------------------------------------


def missing(evidence: Evidence, failure: Failure, name: Name) -> list[Repair]:
    """A statement names a type that is not there: it is in the live catalog, or was a domain, or an enum."""
    found: list[Repair] = []
    live = evidence.live.types
    if (
        name[1][:1] == "_"
        and all(full[1] != name[1] for full in live)
        and not evidence.history.mentions(name[1])
    ):
        # As v1 records an array (FORMATS 1.9), which comes with its elements' type.
        name = (name[0], name[1][1:])
    known = failure.resolve(name)
    is_elsewhere = not any(full in live for full in known) and name[0] is None
    if is_elsewhere:
        # The search_path that it was found through is not recorded (FORMATS 1.13); or it moved there since.
        elsewhere = [full for full in live if full[1] == name[1]]
        known = elsewhere if len(elsewhere) == 1 else known
    recorded = sorted(_recorded(evidence, name[1], failure))
    # Where the statement renames it, the live catalog may have it under the new name; under the old is another.
    renames = dict(renamed_types.RENAMED.findall(failure.statement.folded))
    after = next((unquote(n) for old, n in renames.items() if parse_name(old)[1] == name[1]), name[1])
    for full in known:
        schema = full[0]
        if schema is not None and (schema, after) not in live:
            schema = evidence.history.live_schema(schema, failure.situation.position)
        here = live.get((schema, after))
        if here is not None and len(recorded) == 1 and _is_another(here, (name[1], after), *recorded):
            # It has been made anew since: of another kind, or over another base.
            made = _over(here, *recorded)
            if made is not None and schema == full[0]:
                made = made.replace(f" {here.object_identity} AS ", f" {qualified(full)} AS ", 1)
                why = f"the domain is in the live catalog, and the row recorded {recorded[0]}"
                found.append(Repair(MISSING_DOMAIN, made, why, alone=True, inferred=full))
        elif here is not None:
            made = _as_of(evidence, here, failure.situation.position)
            if schema and full[0] and schema != full[0]:
                made = in_schema(made, schema, full[0])
            if after != full[1]:
                made = made.replace(f" {here.object_identity} AS ", f" {qualified(full)} AS ", 1)
            why = f"TYPE {here.object_identity} is in the live catalog"
            when = made_by(evidence, here, failure.situation.position) if after == full[1] else None
            # It may have come there since.
            unsaid = is_elsewhere or (name[0] is None and full[0] in failure.situation.guessed)
            if unsaid and not is_called_as_now(evidence, full, failure.situation.position):
                when = None
            between = Bounds(None, None) if unsaid and when is None else when
            # What of a domain calls a function is in statements of their own.
            rest = STATEMENT.findall(without_comments(here.definition))[1:] if (schema, after) == full else []
            found.append(
                Repair(
                    TYPE_FROM_LIVE_CATALOG, made, why, alone=True, inferred=(full[0], after),
                    then=tuple(statement.strip() for statement in rest), bounds=between,
                    about=last_written("type") if when is not None else about_type((full[0], after)),
                )
            )  # fmt: skip
    full = failure.resolve(name)[0]
    base = next((b for b in recorded if b != name[1]), None)
    found = [
        *(step for there in known for step in renamed_types.moved(evidence, failure, there)),
        *renamed_types.renamed_by_now(failure, known, evidence.history.rows[failure.situation.position]),
        *found,
    ]
    taken_over = (
        None
        if found or (base is not None and failure.situation.query(_IS_BUILT_IN, {"name": base}))
        else _made_by_then(evidence, failure)
        or _name_to_come(evidence, failure, name)
        or renamed_types.name_of_now(evidence, failure, name)
    )
    if taken_over is not None:
        full = (name[0] or taken_over.object_schema, name[1])
        made = _as_of(evidence, taken_over, failure.situation.position)
        made = made.replace(f" {taken_over.object_identity} AS ", f" {qualified(full)} AS ", 1)
        why = f"{taken_over.object_identity} of the live catalog took the name of another"
        about = about_type((taken_over.object_schema, taken_over.object_name))
        found.append(Repair(TYPE_FROM_LIVE_CATALOG, made, why, alone=True, inferred=full, about=about))
        full = failure.resolve(name)[0]
    if base is not None:
        make = f"CREATE DOMAIN {qualified(full)} AS {type_text(base)};"
        why = f"the statement gives a column the type {name[1]}, and the row recorded {base}"
        found.append(Repair(MISSING_DOMAIN, make, why, alone=True, inferred=full))
    make = f"CREATE TYPE {qualified(full)} AS ENUM ();"
    why = f"the statement names the type {name[1]}, of which nothing else is known"
    return [
        *found,
        Repair(MISSING_ENUM, make, why, alone=True, inferred=(full[0], after), about=about_type(full)),
    ]


def _as_of(evidence: Evidence, live: DatabaseObject, position: int) -> str:
    """How a live type is made as it was before a row: an enum without the labels that were added later.

    Where all of them were, the live enum has replaced the one of the row, which as a rule had what this one began
    with.
    """
    made, _ = labels_by(evidence, live, lambda moment: moment.first < position)
    if made is None:
        moments = [label.moment for label in evidence.moments.labels(live.object_identity)]
        first = min(((m.first, m.last) for m in moments if m is not None), default=None)
        made, _ = labels_by(evidence, live, lambda moment: (moment.first, moment.last) == first)
    return made or first_statement(live.definition)


def _recorded(evidence: Evidence, type_name: str, failure: Failure) -> set[str]:
    """What the rows of the failing statement's execution recorded for a column that it gives that type.

    v1 records a domain's base type, and any other type under its own name (FORMATS 1.9).
    """
    words = failure.statement.words
    rows = evidence.history.rows[failure.situation.position :]
    recorded: dict[str, set[str]] = {}
    for row in rows:
        if row.execution != rows[0].execution:
            break
        if row.name in words:
            for column, fact in (row.columns or {}).items():
                recorded.setdefault(column, set()).add(str(fact.get("type")))
    for i, word in enumerate(words):
        if word != type_name:
            continue
        before = words[: i - 2] if words[i - 1 : i] == (".",) else words[:i]
        if before[-3:] == ("set", "data", "type"):
            before = before[:-3]
        elif before[-1:] == ("type",):
            before = before[:-1]
        types = {t for t in recorded.get(before[-1], ()) if not t.startswith("_")} if before else None
        if types:
            return types
    return set()


def _is_another(live: DatabaseObject, names: Collection[str], recorded: str) -> bool:
    """Whether a column of a type of these names would not be recorded so, if it were the type that is live."""
    base = domain_base(live.definition)
    if recorded in names:
        return base is not None
    printed = printed_type(recorded)
    # What the domain below a domain is called may have changed since.
    return printed is not None and (base is None or not _is_recorded_as(base, printed))


def _is_recorded_as(base: str, printed: str) -> bool:
    """Whether the record has that of a domain's base: of modifiers, only the lengths of strings."""
    return base == printed if base.startswith("character") else _MODIFIERS.sub("", base) == printed


def _over(live: DatabaseObject, recorded: str) -> str | None:
    """The live domain as it would be over the base that was recorded; None of any other type."""
    base, printed = domain_base(live.definition), printed_type(recorded)
    if base is None or printed is None:
        return None
    return first_statement(live.definition).replace(f" AS {base}", f" AS {printed}", 1)


def _made_by_then(evidence: Evidence, failure: Failure) -> DatabaseObject | None:
    """The live enum whose labels were written before the row, and its name behind it: it had another name by then.

    So it had if the row's own transaction made it, while another had its name.
    """
    situation = failure.situation
    position = situation.position
    found = []
    for live in evidence.live.by_name.values():
        if live.object_type != "TYPE" or " AS ENUM (" not in live.definition:
            continue
        named = evidence.moments.written("type", live.object_identity, "pg_type")
        moments = [label.moment for label in evidence.moments.labels(live.object_identity)]
        if named is None or named.passed(position, early=True):
            continue
        its_own = named.has_own(position) and situation.relation((live.object_schema, live.object_name))
        if any(
            m is not None
            and (m.has_own(position) if its_own else m.first < position and position - m.last <= _SOON)
            for m in moments
        ):
            found.append(live)
    return found[0] if len(found) == 1 else None


def _name_to_come(evidence: Evidence, failure: Failure, name: Name) -> DatabaseObject | None:
    """The live enum that a new type is to become, which a statement gives to a column: the column has a type of that
    name before the statement, and in the end. So an enum is replaced: the new one takes the old one's name.
    """
    statement = failure.statement
    column = renamed_types.given_type(statement.words, name[1])
    if statement.tag != "ALTER TABLE" or column is None:
        return None
    for table in (full for target in statement.targets for full in failure.resolve(target)):
        live = evidence.live.table(table)
        now = next((str(c["type"]) for c in failure.situation.columns(table) if c["name"] == column), None)
        kept = dict(column_types(live.definition)).get(column) if live is not None else None
        if kept is not None and parse_name(kept)[1] == now:
            found = evidence.live.by_name.get(parse_name(kept))
            return found if found is not None and " AS ENUM (" in found.definition else None
    return None


def missing_label(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement uses a label that the enum does not have; its place is that in the live enum."""
    name, label = _enum_told(failure), _label_told(failure)
    if name is None or label is None:
        return []
    live = evidence.live.by_name
    have = [
        str(r[0])
        for r in failure.situation.query(
            "select enumlabel from pg_catalog.pg_enum where enumtypid operator(pg_catalog.=)"
            " %(type)s::pg_catalog.regtype::pg_catalog.oid order by enumsortorder",
            {"type": qualified(name)},
        )
    ]
    literal = literal_of(label)
    place = label_place(label, enum_labels(live[name].definition) if name in live else [], have)
    return [
        Repair(
            MISSING_LABEL,
            f"ALTER TYPE {qualified(name)} ADD VALUE IF NOT EXISTS {literal}{place};",
            f"the statement uses the label {literal}",
            alone=True,
            inferred=name,
            about=about_type(name),
        )
    ]


def label_place(label: str, labels: Sequence[str], have: Collection[str]) -> str:
    """Where a label belongs in an enum that has some of the labels of the live one: behind the one before it, as far as
    they are there; empty where that is not known."""
    if label not in labels:
        return ""
    place = labels.index(label)
    before = [x for x in labels[:place] if x in have]
    after = [x for x in labels[place + 1 :] if x in have]
    if before:
        return f" AFTER {literal_of(before[-1])}"
    return f" BEFORE {literal_of(after[0])}" if after else ""


def label_before(label: str, labels: Sequence[str], have: Sequence[str]) -> str | None:
    """What a label of the live enum is called in one that has others, by the order of those between the same two that
    both have; None where there are none, so that it is new, and no name where they are not as many."""
    kept = [x for x in have if x in labels]

    def between(those: Sequence[str]) -> list[Sequence[str]]:
        ends = [-1, *(those.index(x) for x in kept), len(those)]
        return [those[first + 1 : last] for first, last in pairwise(ends)]

    for now, before in zip(between(labels), between(have), strict=True):
        if label in now and before:
            return before[now.index(label)] if len(now) == len(before) else ""
    return None


def _enum_told(failure: Failure) -> Name | None:
    """The enum that the error is about: as the server prints its name, with its schema or without."""
    enums = failure.situation.query(
        "select n.nspname, t.typname from pg_catalog.pg_type as t"
        " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) t.typnamespace"
        " where t.typtype operator(pg_catalog.=) 'e'",
        {},
    )
    schemas = [*failure.situation.schemas]
    found = [
        (place, -len(form), schemas.index(schema) if schema in schemas else len(schemas), schema, bare)
        for schema, bare in enums
        for form in forms((schema, bare))
        if (place := said(failure.message, form))
    ]
    return min(found)[3:] if found else None


def _label_told(failure: Failure) -> str | None:
    """The label that the error is about: a string of the statement, or a part of one that is an array."""
    strings = [t.text for s in failure.failing for t in s.tokens if t.token_type == TokenType.STRING]
    parts = [part.strip().strip('"') for text in strings for part in text.strip("{} ").split(",")]
    found = [
        (place, -len(text), text)
        for text in (*strings, *parts)
        if text and (place := said(failure.message, text))
    ]
    return min(found)[2] if found else None


def enum_labels(definition: str) -> list[str]:
    """The labels of an enum's definition, in order; empty for any other type."""
    if " AS ENUM (" not in definition:
        return []
    body = first_statement(definition).split(" AS ENUM (", 1)[1]
    return [label.replace("''", "'") for label in re.findall(r"'([^']*(?:''[^']*)*)'", body)]


# The end -------------------------------------------------------------------------------------------


def unused(
    evidence: Evidence,
    situation: Situation,
    row: HistoryRow,
    before: DatabaseObject | None,
    after: DatabaseObject | None,
) -> Iterator[PendingStep]:
    """The end of types that a table used `before` a row, and no column does `after` it, if that was their end.

    In the same session. A default may still name the type: where the next record of its table has a default less,
    CASCADE took it.
    """
    types_before, types_after = (
        {t.removesuffix("[]") for _, t in column_types(side.definition)} if side else set()
        for side in (before, after)
    )
    for name in sorted(n for n in map(parse_name, types_before - types_after) if n[0]):
        found = situation.relation(name)
        if found is None or found.object_type != "TYPE":
            continue
        step = _end(evidence, found, row.position)
        if step is None:
            continue
        users = situation.query(_USERS, {"type": found.objid})
        if not all(_loses_default(evidence, (schema, table), column, row) for schema, table, column in users):
            continue
        if users:
            drop = f"DROP TYPE {qualified(name)} CASCADE;"
            step = replace(step, repair=replace(step.repair, statement=drop, inferred=users[0][:2]))
        yield step


def _end(evidence: Evidence, found: DatabaseObject, position: int) -> PendingStep | None:
    """When a type went whose last use a row took away, if that was its end: no later session names it, or one has
    columns of its name that no text gives it, so that another type took the name."""
    history = evidence.history
    name = (found.object_schema, found.object_name)
    last = history.session_end(position)
    now = evidence.live.by_name.get(name)
    if now is not None and now.object_type == "TYPE":
        bases = domain_base(found.definition), domain_base(now.definition)
        if bases[0] == bases[1] or any(
            s.tag in ("DROP TYPE", "DROP DOMAIN") and name[1] in (n for _, n in s.targets)
            for p in history.mentions(name[1])
            if p >= position
            for s in history.rows[p].statements
        ):
            return None
        why = f"row {history.version(position)} takes its last use away, and the live catalog has another of its name"
        step = Repair(UNUSED_TYPE, f"DROP TYPE {qualified(name)};", why)
        return PendingStep(position, name, step, key=found.key)
    told = next((p for p in history.mentions(name[1]) if p > last), None)
    if told is not None and told <= _shown(evidence, name[1], last):
        return None
    why = f"row {history.version(position)} takes its last use away, and it is not in the live catalog"
    step = Repair(UNUSED_TYPE, f"DROP TYPE {qualified(name)};", why)
    return PendingStep(renamed_types.last_mention(evidence, name[1], position), name, step, key=found.key)


def _shown(evidence: Evidence, type_name: str, position: int) -> int:
    """The first row behind one that has a type of a name for its columns; the end of the history if none has."""
    rows = evidence.history.rows[position + 1 :]
    return next(
        (r.position for r in rows if any(f.get("type") == type_name for f in (r.columns or {}).values())),
        len(evidence.history),
    )


def _loses_default(evidence: Evidence, table: Name, column: str | None, row: HistoryRow) -> bool:
    later = evidence.history.later_columns(table, row.position + 1)
    return later is not None and (later.columns or {}).get(str(column), {"default": ""})["default"] is None


# Before the tracker --------------------------------------------------------------------------------


def pre_existing(evidence: Evidence, came_late: bool) -> list[Repair]:
    """Types of the live catalog that no recorded text names, and that were there before the first row.

    What made such a type left no row and no text beside it. The ids of transactions tell that it is older; without
    them, it was as a rule where the tracker `came_late`, and nothing is certain.
    """
    found: list[Repair] = []
    for name, live in evidence.live.by_name.items():
        if live.object_type != "TYPE" or evidence.history.mentions(live.object_name):
            continue
        moment = moment_of(evidence, live)
        if not came_late if moment is None else moment.first >= 0 or moment.own is not None:
            continue
        why = f"TYPE {live.object_identity} is in the live catalog, and no recorded text names it"
        when = Bounds(None, None) if moment is None else bounds(evidence, moment)
        found.append(
            Repair(
                TYPE_FROM_LIVE_CATALOG,
                _as_of(evidence, live, 0),
                why,
                inferred=name,
                bounds=when,
                about=about_type(name),
            )
        )
    return found
