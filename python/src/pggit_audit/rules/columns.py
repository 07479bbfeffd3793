"""Columns: v1 records a table's columns with each of its rows, but no rename (FORMATS 1.7, 1.9).

It shows in the record after a statement (`disagreements`, `align`), in a statement that fails (`missing`,
`in_the_way`), or in the next record alone (`renamed_columns`). What a table had before its first row:
`without_actions`, and where v1 recorded no columns `older_columns`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    Columns,
    column_types,
    first_statement,
    ordered,
    qualified,
    same_default,
    type_text,
)
from pggit_audit.history import HistoryRow
from pggit_audit.rules import (
    ADDED_COLUMN,
    CHANGED_DEFAULT,
    CHANGED_NULLABILITY,
    CHANGED_TYPE,
    DROPPED_COLUMN,
    EARLIER_TYPE,
    IMPLIED_DROP,
    MISSING_SEQUENCE,
    RENAMED_COLUMN,
    STUB_COLUMN,
    Rule,
    constraints,
    sequences,
    type_changes,
)
from pggit_audit.rules.column_actions import Actions, added
from pggit_audit.rules.naming import said
from pggit_audit.rules.renamed_columns import (
    by_place,
    called_later,
    in_step,
    in_turn,
    live_name,
    rename,
    told_by,
)
from pggit_audit.rules.situation import Current, Evidence, Failure, Repair
from pggit_audit.statements import Name, Statement, quote, split, unquote

# After a statement: the record of its own row ------------------------------------------------------


def disagreements(columns: Columns, found: Current) -> list[str]:
    """Where a table in the shadow contradicts the recorded columns, in words; empty if nowhere."""
    wrong: list[str] = []
    names = [str(c["name"]) for c in found]
    recorded = ordered(columns)
    if names != recorded:
        wrong.append(f"columns are {', '.join(names)}; recorded {', '.join(recorded)}")
    by_name = {str(c["name"]): c for c in found}
    for name in recorded:
        if name not in by_name:
            continue
        fact, column = columns[name], by_name[name]
        if fact.get("type") != column["type"]:
            wrong.append(f"type of {name} is {column['type']}; recorded {fact.get('type')}")
        if bool(fact.get("nullable", True)) != bool(column["nullable"]):
            wrong.append(f"{name} is {'nullable' if column['nullable'] else 'not null'}; recorded otherwise")
        if not column["generated"] and not same_default(fact.get("default"), column["default"]):
            wrong.append(f"default of {name} is {column['default']}; recorded {fact.get('default')}")
    return wrong


def align(evidence: Evidence, table: Name, columns: Columns, current: Current, why: str) -> list[Repair]:
    """Steps that bring a table's columns to the recorded ones: renames, additions, removals, changes.

    Where names were given from one column to another, positions tell (`by_place`). Else a column too many and one too
    few are one column renamed if they stand at the same position with the same type, or are the only such pair of that
    type, or stand at the same position: a position is never given twice.
    """
    repairs: list[Repair] = []
    usual = evidence.modifiers.usual(columns, evidence.live.table(table))

    def step(rule: Rule, action: str) -> None:
        repairs.append(Repair(rule, f"ALTER TABLE {qualified(table)} {action};", why, inferred=table))

    current = in_step(current, columns)
    by_name = {str(c["name"]): c for c in current}
    placed = by_place(current, columns)
    for old in [name for name, new in placed.items() if new is None]:
        step(DROPPED_COLUMN, f"DROP COLUMN {quote(old)} CASCADE")
        del by_name[old]
    names = {old: new for old, new in placed.items() if new is not None}
    for statement in in_turn(told_by(table, current, next(iter(names), "")), names, {*by_name}):
        repairs.append(Repair(RENAMED_COLUMN, statement, why, inferred=table))
    by_name = {names.get(name, name): column for name, column in by_name.items()}
    extra = [n for n in by_name if n not in columns]
    missing = [n for n in ordered(columns) if n not in by_name]
    pairs: list[tuple[str, str]] = []
    for same_type, same_place in ((True, True), (True, False), (False, True)):
        for new in list(missing):
            fits = [
                old
                for old in extra
                if (not same_type or by_name[old]["type"] == columns[new].get("type"))
                and (not same_place or by_name[old]["position"] == columns[new].get("position"))
            ]
            if fits and (same_place or len(fits) == 1):
                pairs.append((fits[0], new))
                extra.remove(fits[0])
                missing.remove(new)
    for old, new in pairs:
        repairs.append(rename(table, old, new, why, current=current))
    for old in extra:
        step(DROPPED_COLUMN, f"DROP COLUMN {quote(old)} CASCADE")
    for new in missing:
        step(ADDED_COLUMN, f"ADD COLUMN {quote(new)} {type_text(str(usual[new].get('type')))}")
    renamed = {new: by_name[old] for old, new in pairs}
    for name in ordered(columns):
        fact = columns[name]
        found = renamed.get(name) or by_name.get(name)
        if found is None:
            found = {"type": fact.get("type"), "nullable": True, "default": None, "generated": False}
        if found["type"] != fact.get("type"):
            new_type = type_text(str(usual[name].get("type")))
            if found["default"] is not None:
                step(CHANGED_TYPE, f"ALTER COLUMN {quote(name)} DROP DEFAULT")
                found = {**found, "default": None}
            step(CHANGED_TYPE, f"ALTER COLUMN {quote(name)} TYPE {new_type} USING NULL::{new_type}")
        if bool(found["nullable"]) != bool(fact.get("nullable", True)):
            action = "DROP" if fact.get("nullable", True) else "SET"
            step(CHANGED_NULLABILITY, f"ALTER COLUMN {quote(name)} {action} NOT NULL")
        if not found["generated"] and not same_default(fact.get("default"), found["default"]):
            default = fact.get("default")
            sequence = sequences.behind_default(table, name, fact, found["default"], why)
            if sequence is not None:
                repairs.append(sequence)
            if sequence is None or sequence.rule is MISSING_SEQUENCE:
                action = f"SET DEFAULT {default}" if default else "DROP DEFAULT"
                step(CHANGED_DEFAULT, f"ALTER COLUMN {quote(name)} {action}")
    return repairs


# When a statement fails ----------------------------------------------------------------------------


def missing(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement names a column that the table does not have: it was renamed to it, or added, best first."""
    column = failure.column()
    if column is None:
        return []
    position = failure.situation.position
    found: list[Repair] = []
    lacking = [
        (table, current)
        for table in failure.tables()
        for current in [failure.situation.columns(table)]
        # A stub has no columns at all.
        if not any(c["name"] == column for c in current)
    ]
    for table, current in lacking:
        # Where it has another name by then, a table's record is not found under this one.
        record = evidence.history.next_record(table, position)
        row = evidence.history.later_columns(table, position)
        row = evidence.history.rows[record.position] if row is None and record.columns else row
        live = evidence.live.table(table)
        found += _renamed_back(evidence, failure, table, column, current)
        found += _renamed_meanwhile(evidence, failure, table, column, current)
        if row is not None and row.columns:
            why = f"row {row.version_id} recorded the columns"
            found += (
                repair
                for repair in align(evidence, table, row.columns, current, why)
                if repair.rule in (RENAMED_COLUMN, ADDED_COLUMN) and quote(column) in repair.statement
            )
            # A column that the statement takes away is in no later record: it is one that is too many.
            # Where names were given on, their places tell which that is.
            places = by_place(in_step(current, row.columns), row.columns)
            extra = [name for name, new in places.items() if new is None]
            extra = extra or [str(c["name"]) for c in current if str(c["name"]) not in row.columns]
            if column not in row.columns and len(extra) == 1:
                why = f"the statement names {column}; row {row.version_id} no longer has {extra[0]}"
                found.append(rename(table, extra[0], column, why, current=current))
            continue
        why = f"the live catalog has {column} in its place"
        later = called_later(evidence, table, current, position)
        found += (
            rename(table, old, new, why, current=current) for old, new in later.items() if new == column
        )
        if live is not None:
            found += _as_live(live, table, column, current, failure.statement)
        else:
            found += _of_a_view(evidence, failure, table, column, current)
    for table, current in lacking:
        relation = failure.situation.relation(table)
        if relation is not None and relation.object_type == "TABLE":
            if not current:
                found += constraints.missing_referenced(failure, table)
            found += _unheard_of(evidence, table, column, current, position, likely_type(failure, column))
    return found


def _renamed_back(
    evidence: Evidence, failure: Failure, table: Name, column: str, current: Current
) -> Iterator[Repair]:
    """The statement gives the column a name that another has: it is that one, which had given its name up meanwhile.

    Between two records only what a column is called in the end shows. At another position it would be another column.
    """
    words = failure.statement.words
    if failure.statement.tag != "ALTER TABLE" or words[-2:-1] != ("to",) or words[-3:-2] != (column,):
        return
    there = next((c for c in current if c["name"] == words[-1]), None)
    if there is not None and _stands_later(evidence, failure.situation.position, table, there):
        name = str(there["name"])
        why = f"the statement renames {column} to {name}, and {name} is where it was before"
        yield rename(table, name, column, why)


def _renamed_meanwhile(
    evidence: Evidence, failure: Failure, table: Name, column: str, current: Current
) -> Iterator[Repair]:
    """The statement makes an index on the column, and the live one of its name is on another: it is that one, which
    had given its name up meanwhile."""
    row = evidence.history.rows[failure.situation.position]
    live = evidence.live.by_name.get((table[0], unquote(row.name)))
    if failure.statement.tag != "CREATE INDEX" or live is None or live.object_type != "INDEX":
        return
    made = split(first_statement(live.definition))[0].words
    if column in made:
        return
    others = [c for c in current if c["name"] in made and c["name"] not in failure.statement.words]
    if len(others) == 1 and _stands_later(evidence, failure.situation.position, table, others[0]):
        name = str(others[0]["name"])
        why = f"the live index {row.name} has {name} where the statement names {column}, and {name} is where it was"
        yield rename(table, name, column, why)


def _stands_later(evidence: Evidence, position: int, table: Name, column: Mapping[str, Any]) -> bool:
    """Whether the next record of a table, or the live one, has a column of the shadow where it is."""
    name = str(column["name"])
    row = evidence.history.later_columns(table, position)
    live = evidence.live.table(table)
    if row is not None and row.columns:
        return bool(row.columns.get(name, {}).get("position") == column["position"])
    return live is not None and any(name == kept for kept, _ in column_types(live.definition))


def _as_live(
    live: DatabaseObject, table: Name, column: str, current: Current, statement: Statement
) -> Iterator[Repair]:
    """What the live table says of a column that is missing, where no later row records the columns."""
    line = column_line(live.definition, column)
    kept = {name for name, _ in column_types(live.definition)}
    lost = [str(c["name"]) for c in current if str(c["name"]) not in kept]
    if not line and len(lost) == 1 and statement.verb == "ALTER":
        # What the statement takes away is not there in the end; and there is one that is not.
        why = f"the statement names {column}; {live.object_identity} no longer has {lost[0]} in the live catalog"
        yield rename(table, lost[0], column, why, current=current)
    if line:
        add = f"ALTER TABLE {qualified(table)} ADD COLUMN {line};"
        why = f"{live.object_identity} has {column} in the live catalog"
        yield Repair(ADDED_COLUMN, add, why, inferred=table)


def _of_a_view(
    evidence: Evidence, failure: Failure, table: Name, column: str, current: Current
) -> Iterator[Repair]:
    """The column of a view that is printed under the missing name, as the live one has it.

    A view gets no column but by CREATE OR REPLACE, which leaves a row.
    """
    relation, live = failure.situation.relation(table), evidence.live.by_name.get(table)
    if relation is None or live is None or {relation.object_type, live.object_type} != {"VIEW"}:
        return
    names = printed_names(live)
    if len(names) != len(current) or names.count(column) != 1:
        return
    # PostgreSQL adds columns behind those of a view, and takes none away: the places tell.
    old = str(current[names.index(column)]["name"])
    if old not in names:
        yield rename(
            table, old, column, f"{live.object_identity} prints {old} as {column} in the live catalog"
        )


def of_view(failure: Failure) -> list[Repair]:
    """CREATE OR REPLACE calls a column of a view otherwise: it was renamed to that before, without a row."""
    found = []
    for view in (full for name in failure.statement.targets for full in failure.resolve(name)):
        there = [str(c["name"]) for c in failure.situation.columns(view)]
        old = [name for name in there if (place := said(failure.message, name)) and place[0] == 0]
        new = [n.parts[-1] for n in failure.told if n.parts[-1] not in there and n.parts[-1] != view[1]]
        if len(old) == 1 and len({*new}) == 1:
            why = f"the recorded CREATE OR REPLACE VIEW ran, and has {new[0]} in the place of {old[0]}"
            found.append(rename(view, old[0], new[0], why))
    return found


# What ends the list of a SELECT.
_BEHIND_LIST = {
    "FROM", "WHERE", "GROUP", "HAVING", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "ORDER", "LIMIT", "OFFSET", "FOR",
}  # fmt: skip


def printed_names(view: DatabaseObject) -> list[str]:
    """What a view's definition calls its columns: the names in front, or those of its first SELECT; none where it has
    neither."""
    statement = split(view.definition)[0]
    words, keywords = statement.words, statement.keywords
    i = keywords.index("VIEW") + 4  # behind its schema, a dot and its name
    if words[i] == "(":
        return [word for word in words[i + 1 : words.index(")", i)] if word != ","]
    i = keywords.index("AS", i) + 1
    # Other parentheses before the first SELECT are around it.
    depth, has_queries = 0, keywords[i] == "WITH"
    while i < len(words) and (depth or keywords[i] != "SELECT"):
        depth += has_queries and words[i] == "("
        depth -= has_queries and words[i] == ")"
        i += 1
    depth = 0
    names: list[str] = []
    for j in range(i + 1, len(words) + 1):
        is_over = j == len(words) or (depth == 0 and (keywords[j] in _BEHIND_LIST or words[j] in (")", ";")))
        if j > i + 1 and (is_over or (depth == 0 and words[j] == ",")):
            names.append(words[j - 1])
        if is_over:
            break
        depth += (words[j] in ("(", "[")) - (words[j] in (")", "]"))
    return names


def _unheard_of(
    evidence: Evidence, table: Name, column: str, current: Current, position: int, kind: str
) -> Iterator[Repair]:
    """A missing column that no record has; `kind` is its likely type.

    An added column would have left a row; a renamed one does not. Of those that no later text of this table names,
    and that the live one does not have, it is the only one, or nothing is known.
    """
    live = evidence.live.table(table)
    kept = {name for name, _ in column_types(live.definition)} if live is not None else set()
    unused = [
        name
        for name, has_identity in ((str(c["name"]), c["identity"]) for c in current)
        if name not in kept
        and not any(p >= position for p in evidence.history.mentions(table[1], name))
        and not has_identity
    ]
    if len(unused) == 1:
        why = f"the statement names {column}, which no row added; {unused[0]} is never named again"
        yield rename(table, unused[0], column, why, current=current)
    add = f"ALTER TABLE {qualified(table)} ADD COLUMN {quote(column)} {kind};"
    why = f"the statement names {column}, of which nothing else is known"
    yield Repair(STUB_COLUMN, add, why, inferred=table)


# The types of the columns of a name, those of named relations first.
_TYPES_OF_NAME = """
    select
        pg_catalog.format_type(a.atttypid, a.atttypmod),
        c.relname operator(pg_catalog.=) any (%(words)s::pg_catalog.name[])
    from pg_catalog.pg_attribute as a
    join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) a.attrelid
    join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace
    where
        a.attname operator(pg_catalog.=) %(column)s::pg_catalog.name and not a.attisdropped
        and c.relkind operator(pg_catalog.=) any ('{r,p,v}'::pg_catalog."char"[])
        and n.nspname operator(pg_catalog.=) any (%(schemas)s::pg_catalog.name[])
    group by 1, 2
"""


def likely_type(failure: Failure, column: str) -> str:
    """The type of a stub's column: that of the columns of its name, in the relations that the statement names or else
    in all, where there is one; else text."""
    parameters = {
        "words": list(failure.statement.words),
        "column": column,
        "schemas": list(failure.situation.schemas),
    }
    rows = failure.situation.query(_TYPES_OF_NAME, parameters)
    for types_found in ({kind for kind, named in rows if named}, {kind for kind, _ in rows}):
        if len(types_found) == 1:
            return str(types_found.pop())
    return "text"


def in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement adds a column that is there: it had been renamed, or dropped, by then."""
    column = failure.column()
    table = next(iter(failure.tables()), None)
    if column is None or table is None:
        return []
    found: list[Repair] = []
    current = failure.situation.columns(table)
    row = evidence.history.later_columns(table, failure.situation.position)
    if row is not None and row.columns:
        found += _given_up(failure.statement, table, column, current, row)
        before = {n: f for n, f in row.columns.items() if n != column}
        placed = by_place(current, before)
        names = {old: new for old, new in placed.items() if new is not None}
        if column in names and len(names) == len(placed):
            # Names were given from one column to the next.
            why = f"row {row.version_id} recorded {', '.join(names.values())} where {', '.join(names)} stand"
            steps = "\n".join(in_turn(table, names, {str(c["name"]) for c in current}))
            found.append(Repair(RENAMED_COLUMN, steps, why, inferred=table))
        taken = [str(c["name"]) for c in current if str(c["name"]) not in before]
        absent = [n for n in ordered(before) if n not in {str(c["name"]) for c in current}]
        place = next((c["position"] for c in current if c["name"] == column), None)
        if column in taken and len(absent) == 1 and before[absent[0]].get("position") in (None, place):
            why = f"row {row.version_id} recorded {absent[0]} beside the new {column}"
            found.append(rename(table, column, absent[0], why))
    elif new := live_name(evidence, table, current, column, failure.situation.position):
        found.append(rename(table, column, new, f"the live table has {new} at the place of {column}"))
    drop = f"ALTER TABLE {qualified(table)} DROP COLUMN {quote(column)} CASCADE;"
    why = f"the statement added {column}, so it was not there"
    return [*found, Repair(IMPLIED_DROP, drop, why, inferred=table)]


def _given_up(
    statement: Statement, table: Name, column: str, current: Current, row: HistoryRow
) -> Iterator[Repair]:
    """The statement gives another column the name of one that keeps its place and its name: that one had the other's
    name by then (`_renamed_back`), and what had it before was called as the next record has it at its place."""
    words = statement.words
    recorded = row.columns or {}
    places = {str(c["name"]): c["position"] for c in current}
    old = words[-3] if statement.tag == "ALTER TABLE" and words[-2:-1] == ("to",) else ""
    if old not in places or recorded.get(column, {}).get("position") != places.get(column):
        return
    for name, fact in recorded.items():
        if fact.get("position") == places[old] and name not in places:
            why = f"row {row.version_id} recorded {name} where {old} stands, and {column} at its own place"
            yield rename(table, old, name, why)


def of_another_type(failure: Failure) -> list[Repair]:
    """A statement changes the type of a column, and makes of it what cannot be made of the type that it has here."""
    text = type_changes.without_expressions(failure.statement)
    if text is None:
        return []
    why = f"the recorded statement ran, so the column was of another type by then: {failure.message}"
    return [Repair(EARLIER_TYPE, text, why, rewrite=True)]


def column_line(definition: str, column: str) -> str | None:
    """The line that defines a column in a table's definition, without its comma."""
    for line in first_statement(definition).split("\n")[1:]:
        text = line.strip().removesuffix(",")
        if text.startswith((column + " ", quote(column) + " ")):
            return re.sub(
                r"^(" + re.escape(column) + r"|" + re.escape(quote(column)) + r") ",
                lambda m: quote(column) + " ",
                text,
            )
    return None


# Before the first row of a table -------------------------------------------------------------------


def without_actions(columns: Columns, actions: Actions) -> Columns:
    """The recorded columns without what the recorded statement itself did to them: new columns are always last."""
    new_ones = added(actions)
    last = max(
        (fact.get("position") or 0 for name, fact in columns.items() if name not in new_ones), default=0
    )
    new_ones -= {
        name for name in new_ones & columns.keys() if 0 < (columns[name].get("position") or 0) < last
    }
    result = {name: dict(fact) for name, fact in columns.items() if name not in new_ones}
    for action in actions:
        fact = result.get(unquote(action["altered"] or ""))
        if fact is None:
            continue
        does, *what = str(action["what"]).split()
        if what == ["not", "null"]:
            fact["nullable"] = does == "set"
        elif what == ["default"] and does == "set":
            fact["default"] = None
    return result or columns
