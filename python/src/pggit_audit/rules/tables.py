"""Tables that no row creates: older than the tracker, or made without a row (CREATE TABLE AS).

Such a table begins as its first row found it, with what the live catalog knows of it and no recorded text adds
(`pre_existing`). A live table that a statement needs is made in the same way (`as_live`).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    STATEMENT,
    Columns,
    column_name,
    column_of,
    column_types,
    constraints,
    elements,
    first_statement,
    in_parts,
    ordered,
    parse_name,
    qualified,
    table_of,
    type_text,
    with_columns,
    with_type,
    without_default,
    without_order,
)
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import DOTTED, says
from pggit_audit.rules import (
    OLDER_TABLE,
    column_actions,
    columns,
    dropped_columns,
    foreign_keys,
    former_tables,
    indexes,
    older_columns,
    older_constraints,
    sequences,
    usual_parts,
)
from pggit_audit.rules.column_actions import Action
from pggit_audit.rules.dating import is_recorded_elsewhere, made_at
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Name, Statement, quote, unquote

# PostgreSQL allows no more; a recorded position beyond it is none.
_MOST_COLUMNS = 1600
# Code that may make a table without leaving a row, under a name that stands in it; INSERT INTO does not.
_MAY_MAKE = re.compile(r"\b(?:insert|merge)\s+into\b|\b(create|into|execute)\b", re.IGNORECASE)

# A statement that makes an index of a partition part of one of its parent.
ATTACHES_INDEX = re.compile(rf"ALTER INDEX (?P<parent>{DOTTED}) ATTACH PARTITION ")


@dataclass(frozen=True)
class PreExistingTable:
    """A table that was there before its first row, if it ever left one: where it enters, and how it is made.

    `columns` are those that its first row found; empty where they are as in the live catalog. `rest`: what belongs
    to it, each taken if it fits by then.
    """

    name: Name
    position: int
    columns: Columns
    make: Repair
    rest: list[Repair]


def pre_existing(evidence: Evidence) -> list[PreExistingTable]:
    """Tables that were there before their first row, in the order in which they enter."""
    live, history = evidence.live, evidence.history
    found: list[tuple[int, PreExistingTable]] = []
    for rows in history.by_name.values():
        table = _before_row(evidence, rows[0])
        if table is not None:
            found.append((rows[0].version_id, table))
    for name, now in live.by_name.items():
        if now.object_type != "TABLE" or history.is_recorded(name) or is_recorded_elsewhere(evidence, now):
            continue
        is_older = _is_older(evidence, now)
        if _is_made(evidence, name) and not is_older:
            continue
        more = _more_than_a_query_makes(evidence, now)
        if more is not None or is_older:
            has = f"has {more} in the live catalog" if more is not None else "is older than the first row"
            why = f"{now.object_identity} {has}, and no row created {'either' if more is not None else 'it'}"
            born = made_at(evidence, now)
            made = as_live(evidence, now, born)
            table = _table(name, born, {}, why + made.why, made.make, made.rest)
            there = [column for column, _ in column_types(made.make)]
            table.rest.extend(indexes.named_by_drops(evidence, name, there))
            found.append((0, table))
    # From PostgreSQL 18 on NOT NULL has a name. A part says the one that its parent gave it; the parent says none
    # that is as usual, and gets another one if the part is there first.
    return [
        table for _, table in sorted(found, key=lambda f: (f[1].position, _is_part(f[1]), f[0], f[1].name))
    ]


def _is_part(table: PreExistingTable) -> bool:
    statements = [table.make.statement, *(step.statement for step in table.rest)]
    return any(" INHERITS (" in s or older_columns.ATTACHED.match(s) for s in statements)


def _before_row(evidence: Evidence, first: HistoryRow) -> PreExistingTable | None:
    """The table that the first row of a name alters, if none created it."""
    if first.object_type != "TABLE" or first.change_type != "ALTER" or first.exclusion_reason:
        return None
    if first.oid is not None and any(
        r.change_type == "CREATE" and r.execution == first.execution
        for r in evidence.history.by_oid[first.oid]
    ):
        # An event trigger of the team's altered it before the row of its statement was written.
        return None
    name = (first.object_schema, first.name)
    live = former_tables.as_it_ended(evidence, first)
    why = f"row {first.version_id} altered the table, and none created it"
    renamed = former_tables.had_another_name(evidence, first, _about(evidence, first))
    if renamed:
        earlier = first.earlier_name
        if earlier is None or former_tables.is_known_by(evidence, earlier, first):
            return None
        name = earlier
    if _is_made_by(first, name):
        return None
    if not first.columns:
        # v1 records none of a table with a quoted name.
        if live is None or (renamed and _is_made(evidence, name, first.position)):
            return None
        born = _born(evidence, first, name)
        as_now = as_live(evidence, live, born)
        why += "; it is in the live catalog" + as_now.why
        make, rest = as_now.make, as_now.rest
        make, *rest = former_tables.called(evidence, live, name, make, *rest)
        table = _table(name, born, {}, why, make, rest)
        there = [column for column, _ in column_types(make)]
        table.rest.extend(indexes.named_by_drops(evidence, name, there))
        table.rest.extend(foreign_keys.named_by_drops(evidence, name, there, [*table.rest]))
        return table
    before = columns.without_actions(first.columns, _actions_of(evidence, first))
    before = older_columns.before_renames(evidence, first, name, before, _about(evidence, first))
    before = older_columns.before_its_parents_got(evidence, live, first, before)
    made = _as_it_was(evidence, name, first, before, live)
    found = {c: fact for c, fact in before.items() if c not in _retyped_by(evidence, name, first)}
    born = _born(evidence, first, name)
    table = _table(name, born, found, why, *made)
    statements = _statements_of(evidence, name, live, first)
    told = [statement for statement, _ in statements]
    there = [column for column, _ in column_types(table.make.statement)]
    table.rest.extend(older_constraints.named_by_drops(evidence, name, before, told, table.rest))
    table.rest.extend(foreign_keys.named_by_drops(evidence, name, there, [*table.rest]))
    table.rest.extend(indexes.named_by_drops(evidence, name, there))
    changes = [s for s, names in statements if s.tag == "ALTER TABLE" and column_actions.is_on(names, s)]
    known = [step.statement for step in table.rest]
    # A query gives the table that it makes no keys.
    usual = usual_parts.foreign_keys(evidence, name, there, known, changes) if born <= 0 else ()
    table.rest.extend(Repair(OLDER_TABLE, text, why, inferred=name) for text in usual)
    return table


def _table(
    name: Name, position: int, before: Columns, why: str, statement: str, rest: Sequence[str]
) -> PreExistingTable:
    make, *others = (Repair(OLDER_TABLE, text, why, inferred=name) for text in (statement, *rest))
    return PreExistingTable(name, position, before, make, others)


# Whether it was there, and since when --------------------------------------------------------------


def _more_than_a_query_makes(evidence: Evidence, table: DatabaseObject) -> str | None:
    """What a live table without rows has that CREATE TABLE AS gives none, and that leaves a row when it is added.

    CREATE TABLE AS leaves no row; columns that may not be null, or have a default, it does not make.
    """
    indexes = evidence.live.indexes_of(table)
    untold = [o for o in indexes if (o.object_schema, o.object_name) not in evidence.history.by_name]
    if untold:
        return f"its index {untold[0].object_name}"
    names = constraints(table.definition)
    if names and not indexes:
        return f"its constraint {min(names)}"
    for line in elements(table.definition)[1]:
        if re.search(r" (?:NOT NULL|DEFAULT |GENERATED )", line):
            return "a column: " + line
    return None


def _is_older(evidence: Evidence, table: DatabaseObject) -> bool:
    """Whether the ids tell that a live table was there before the first row of the team's."""
    made = evidence.moments.made("table", table.object_identity)
    return made is not None and all(r.exclusion_reason for r in evidence.history.rows[: made.last])


def _is_made(evidence: Evidence, name: Name, until: int | None = None) -> bool:
    """Whether a recorded text (of a row up to position `until`) makes a table of that name, or may."""
    named = evidence.history.mentions(name[1])
    rows = (evidence.history.rows[p] for p in named if until is None or p <= until)
    return any(
        (s.verb == "CREATE" and any(t[1] == name[1] and t[0] in (None, name[0]) for t in s.targets))
        or (s.action == "code" and any(m[1] for m in _MAY_MAKE.finditer(s.folded)))
        for row in rows
        if not row.exclusion_reason
        for s in row.statements
        if s.mentions(name[1])
    )


def _is_made_by(row: HistoryRow, name: Name) -> bool:
    """Whether the text of a row names a table first where it makes it by a query: then it was not there before."""
    first = next((s for s in row.statements if s.mentions(name[1])), None)
    return (
        first is not None
        and (first.tag, first.runs_query, first.if_exists) == ("CREATE TABLE", True, False)
        and any(t[1] == name[1] and t[0] in (None, name[0]) for t in first.targets)
    )


def _born(evidence: Evidence, row: HistoryRow, name: Name) -> int:
    """The first position by which an altered table had been made, though no row created it.

    At the start, unless its oid is larger than that of what a row created: then it was made after that, and before
    what has a larger one; with its own row at the latest, as where no oid tells and a text makes it, or may,
    or where a text before the row makes it by a query.
    """
    named = (evidence.history.rows[p] for p in evidence.history.mentions(name[1]) if p < row.position)
    if any(_is_made_by(other, name) for other in named if not other.exclusion_reason):
        return row.position
    made = _is_made(evidence, (row.object_schema, row.name))
    later = False
    for other in evidence.history.rows[: row.position] if row.oid is not None else ():
        if other.oid is None or other.change_type != "CREATE" or other.exclusion_reason:
            continue
        if row.oid is not None and other.oid > row.oid:
            return other.position if later else 0
        # CREATE OR REPLACE keeps the oid of what was there.
        later = later or other.object_type in ("TABLE", "INDEX")
    return row.position if later or made else 0


# What the texts say of it --------------------------------------------------------------------------


def _actions_of(evidence: Evidence, first: HistoryRow) -> list[Action]:
    """What the text of a table's first row does to its columns."""
    return [action for s in _about(evidence, first) for action in column_actions.actions_of(s)]


def _about(evidence: Evidence, row: HistoryRow) -> Sequence[Statement]:
    """The statements of the text that name the table of its first row; all of it where none does.

    Where the text left several rows of the table, what follows the first statement that leaves any came later.
    """
    names = {row.name, *(row.earlier_name or ())[1:]}
    about = [
        s
        for s in row.statements
        if names.intersection(s.words) or (s.action == "code" and any(says(s.text, name) for name in names))
    ]
    if any(
        r.execution == row.execution and r is not row
        for r in evidence.history.by_name[row.object_schema, row.name]
    ):
        own = (
            i
            for i, s in enumerate(about)
            if s.action == "code"
            or (s.tag == "ALTER TABLE" and s.leaves_rows and any(t[1] in names for t in s.targets))
        )
        about = about[: next(own, len(about)) + 1]
    return about or row.statements


# How it is made ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class AsLive:
    """How a live table is made: the statement, those for what belongs to it, and what else tells of it, in words."""

    make: str
    rest: list[str]
    why: str = ""


def as_live(evidence: Evidence, table: DatabaseObject, position: int | None = None) -> AsLive:
    """How a live table is made, but for what recorded texts add.

    Where it is made at a `position`, with the columns that went since, as far as its catalog tells, or else texts.
    """
    _, create, _ = in_parts(definition := without_order(table.definition))
    head, lines, _, tail = elements(create)
    name = table.object_identity
    statements = older_columns.statements_on(evidence, table)
    told = [s.folded for _, s, _ in statements]
    actions = [action for _, s, names in statements for action in column_actions.actions_on(names, s)]
    known = older_columns.before_actions(lines, actions)
    if position is not None:
        known = older_columns.with_types_before(evidence, table, known)
    renamed = older_columns.older_names(lines, actions)
    before, by, key = tail.partition(" PARTITION BY ")
    tail = before + by + with_columns(key, renamed)
    back: list[dropped_columns.Dropped] = []
    lines = [line for _, line in known]
    if position is not None:
        lines, back = dropped_columns.with_dropped(evidence, table, known, position)
        # One that no text names may be any of those that only texts tell.
        if all(d.is_named for d in back) and not dropped_columns.are_told(evidence, table, position):
            lines += older_columns.gone(evidence, lines, actions)
    if any(re.search(r"\bset\s*\(", text, re.IGNORECASE) for text in told):
        tail = re.sub(r" WITH \((?:[^']|'[^']*(?:''[^']*)*'(?!'))*\);$", ";", tail)
    parts = [*_own_indexes(evidence, table)]
    required = {now for now, line in known if " NOT NULL" in line}
    added = [
        *_without_attach(evidence, table, belongings(table)),
        # That of a constraint comes with it.
        *(first_statement(o.definition) for o in parts if o.object_name not in constraints(definition)),
        *(
            s.strip()
            for o in parts
            for s in STATEMENT.findall(o.definition)
            if ATTACHES_INDEX.match(s.strip())
        ),
    ]
    complete = [
        *(
            former_tables.referring(evidence, with_columns(s, renamed), position or 0)
            for text in added
            for s in older_constraints.before_texts(evidence, table, text, told, required)
        ),
        *(
            statement.strip()
            for o in evidence.live.sequences_of(table)
            for statement in STATEMENT.findall(o.definition)[1:]
        ),
        *(comment for d in back if (comment := d.comment(name)) is not None),
    ]
    return AsLive(table_of(head, lines, tail), complete, dropped_columns.why(evidence, back))


def as_created(
    evidence: Evidence, row: HistoryRow, name: Name, table: DatabaseObject
) -> tuple[str, list[str]]:
    """How a live table is made as the row that creates it has it, and what belongs to it.

    No index that has a row of its own, but for those of keys, which come with the table.
    """
    if row.columns:
        make, rest = _as_it_was(evidence, name, row, row.columns, table)
    else:
        # v1 records none of a table with a quoted name.
        as_now = as_live(evidence, table, row.position)
        make, *rest = former_tables.called(evidence, table, name, as_now.make, *as_now.rest)
    indexes_too = {
        r.name
        for r in evidence.by_execution[row.execution]
        if r.position > row.position and (r.object_type, r.change_type) == ("INDEX", "CREATE")
    }
    keys = [s for s in belongings(table) if constraints(s).keys() & indexes_too]
    return make, [*former_tables.called(evidence, table, name, *keys), *rest]


def belongings(table: DatabaseObject) -> Iterator[str]:
    """The statements that give a table what its definition has beside its columns: checks, then keys and all else."""
    _, create, rest = in_parts(without_order(table.definition))
    yield from (f"ALTER TABLE {table.object_identity} ADD {check};" for check in elements(create)[2])
    yield from map(str.strip, STATEMENT.findall(rest))


def _without_attach(evidence: Evidence, table: DatabaseObject, statements: Iterable[str]) -> Iterator[str]:
    """The statements of a live table's definition, but for that which makes it a partition where a text does."""
    name: Name = (table.object_schema, table.object_name)
    for statement in statements:
        if not older_columns.ATTACHED.match(statement) or older_columns.attached_at(evidence, name) < 0:
            yield statement


def _own_indexes(evidence: Evidence, table: DatabaseObject) -> Iterator[DatabaseObject]:
    """The indexes of a live table, but for those that a partition gets with one that a row made of its parent."""
    for index in evidence.live.indexes_of(table):
        parts = (ATTACHES_INDEX.match(s.strip()) for s in STATEMENT.findall(index.definition))
        attached = next(filter(None, parts), None)
        rows = evidence.history.by_name.get(parse_name(attached["parent"]), ()) if attached else ()
        if not any(row.change_type == "CREATE" for row in rows):
            yield index


def _as_it_was(
    evidence: Evidence, name: Name, first: HistoryRow, before: Columns, live: DatabaseObject | None
) -> tuple[str, list[str]]:
    """How a table is made as its first row found it, and what belongs to it.

    Names, order and positions of the columns are as recorded: a position that none has was one that is gone.
    What v1 does not record (a type's modifiers, identity, collation) is as in the live catalog.
    """
    known: dict[str, str] = {}
    earlier = older_columns.types_before(evidence, _statements_of(evidence, name, live, first))
    said = {column: t.kind for column, t in earlier.items()}
    usual = evidence.older_modifiers.usual(before, live, said)
    head, tail, rest = f"CREATE TABLE {qualified(name)} (", ");", list[str]()
    if live is not None:
        as_now = as_live(evidence, live)
        statement, rest = as_now.make, as_now.rest
        head, lines, _, tail = elements(statement)
        known = {column_name(line): line for line in (*elements(live.definition)[1], *lines)}
        texts = [s.folded for _, s, _ in older_columns.statements_on(evidence, live)]
        retyped = {unquote(c) for text in texts for c in column_actions.RETYPED.findall(text)}
        for changed in retyped & known.keys() & before.keys():
            # A text gave it the type that it has now; its default is of that type.
            known[changed] = (
                column_of(changed, usual[changed])
                if without_default(known[changed]) != known[changed]
                else with_type(known[changed], type_text(str(usual[changed].get("type"))))
            )
        head, *rest = former_tables.called(evidence, live, name, head, *rest)
        known = dict(zip(known, former_tables.called(evidence, live, name, *known.values()), strict=True))
    retyped_here = _retyped_by(evidence, name, first)
    for changed in retyped_here.keys() & before.keys():
        line = known.get(changed) or column_of(changed, usual[changed])
        known[changed] = older_columns.with_type_told(line, retyped_here[changed])
    by_place, gaps = _places(evidence, first, before)
    taken = _taken(evidence, live, first, before, by_place, gaps)
    gone = {p: quote(f"........pg.dropped.{p}........") for p in gaps if p not in taken}
    body = []
    for place in sorted({*by_place, *gone, *taken}):
        column = by_place.get(place)
        if column is not None:
            body.append(known.get(column) or column_of(column, usual[column]))
        else:
            body.append(taken.get(place) or f"{gone[place]} integer")
    rest = [*rest, *sequences.own_of_columns(evidence, name, before, known)]
    rest += usual_parts.key(evidence, name, before, rest, live)
    statement = table_of(head, body, tail)
    if gone:
        drops = ", ".join(f"DROP COLUMN {c}" for c in gone.values())
        statement += f"\nALTER TABLE {qualified(name)} {drops};"
    return statement, rest


def _statements_of(
    evidence: Evidence, name: Name, live: DatabaseObject | None, first: HistoryRow
) -> list[tuple[Statement, Sequence[Name]]]:
    """The recorded statements on a table, with the names that it has by then."""
    if live is not None:
        found = older_columns.statements_on(evidence, live)
    else:
        called = former_tables.names_since(evidence, first, name)
        found = older_columns.statements_naming(evidence, called)
    return [(statement, names) for _, statement, names in found]


def _retyped_by(evidence: Evidence, name: Name, first: HistoryRow) -> dict[str, older_columns.Earlier]:
    """The columns of a table whose types the text of its first row changes: what it records is behind that."""
    names = [name, (first.object_schema, first.name)]
    return older_columns.types_before(evidence, [(s, names) for s in _about(evidence, first)])


def _places(evidence: Evidence, first: HistoryRow, before: Columns) -> tuple[dict[int, str], list[int]]:
    """The columns that the first row found and left, by position, and the positions of those that were gone by then."""
    by_place = {before[c].get("position") or i: c for i, c in enumerate(ordered(before), 1)}
    added = [p for f in (first.columns or {}).values() if (p := f.get("position") or 0) not in by_place]
    end = min((p for p in added if p > max(by_place)), default=max(by_place) + 1)
    return by_place, [p for p in range(1, end) if p not in by_place] if end <= _MOST_COLUMNS else []


def _taken(
    evidence: Evidence,
    live: DatabaseObject | None,
    first: HistoryRow,
    before: Columns,
    by_place: Collection[int],
    gaps: Sequence[int],
) -> dict[int, str]:
    """The columns that the text of the first row takes away: the place of each, and its element.

    The live table's catalog tells their places; else they have the ones that no column has, if these are as many, or
    stand behind all others, if there is none.
    """
    actions = _actions_of(evidence, first)
    names = [name for a in actions if (name := column_actions.taken_away(a)) and name not in before]
    if live is not None:
        told = dropped_columns.taken_by(evidence, live, first)
        told = {place: line for place, line in told.items() if place not in by_place}
        if told and {column_name(line) for line in told.values()} == {*names}:
            return told
    if any(a["if_there"] for a in actions) or len(gaps) not in (0, len(names)):
        return {}
    end = max(by_place, default=0) + 1
    behind = range(end, end + len(names))
    lines = [older_columns.like_others(evidence, name) or f"{quote(name)} text" for name in names]
    return dict(zip(gaps or behind, lines, strict=True))
