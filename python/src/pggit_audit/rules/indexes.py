"""Indexes: v1 records them by name; a row of one can be erased, and a drop is recorded once for a name (FORMATS 1.6).

An erased rename: `erased_rename`. When an index went whose drop left no row: `went_with_table`, `went_with_column`,
`table_touched`.
A name that PostgreSQL chose: `as_recorded`, `free_for_key`, `given_up`. Older than the tracker, and gone:
`named_by_drops`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import pairwise, takewhile

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import Columns, constraints, qualified, quote_if_needed
from pggit_audit.history import HistoryRow
from pggit_audit.live import indexed_table
from pggit_audit.rules import (
    IMPLIED_DROP,
    NAME_AS_RECORDED,
    OLDER_CONSTRAINT,
    RENAMED_CONSTRAINT,
    RENAMED_INDEX,
    hashed_names,
)
from pggit_audit.rules.column_actions import actions_of, taken_away
from pggit_audit.rules.naming import default_constraint_name, joined
from pggit_audit.rules.placing import end_of
from pggit_audit.rules.situation import Evidence, Gone, PendingStep, Repair, Situation
from pggit_audit.statements import Name, Statement, quote, split, unquote


def erased_rename(evidence: Evidence, found: DatabaseObject, position: int) -> PendingStep | None:
    """The rename of an index whose row was erased.

    The live catalog has the same index under a name that never left a row, and lacks this one. A
    gap in the ids is where rows were erased (FORMATS 1.12).
    """
    history, live = evidence.history, evidence.live.by_name
    name = (found.object_schema, found.object_name)
    if name in live or any(r.position > position for r in history.by_name.get(name, [])):
        return None
    text = _without_name(found)
    same = [
        (other, index)
        for other, index in live.items()
        if index.object_type == "INDEX" and other not in history.by_name and other[0] == name[0]
        if _without_name(index) == text
    ]
    if len(same) != 1:
        # Of two, nothing tells which one it was.
        return None
    ((other, index),) = same
    if any(history.rows[p].renames for p in history.mentions(name[1], other[1]) if p >= position):
        # A text that is recorded for another object says it: it runs when its turn comes.
        return None
    for before, after in pairwise(history.rows[position:]):
        if after.version_id - before.version_id > 1:
            step = Repair(
                RENAMED_INDEX,
                f"ALTER INDEX {qualified(name)} RENAME TO {quote(index.object_name)};",
                f"the live catalog has it as {index.object_identity}, which never left a row; "
                f"rows between {before.version_id} and {after.version_id} were erased",
                inferred=other,
            )
            return PendingStep(before.position, name, step)
    return None


def _without_name(index: DatabaseObject) -> str:
    return index.definition.replace(f" {quote_if_needed(index.object_name)} ON ", " ? ON ", 1)


def went_with_table(evidence: Evidence, index: DatabaseObject, position: int) -> bool:
    """Whether an index that is gone in the end went with its table, or to another schema with it: nothing tells that it
    had gone before."""
    table = indexed_table(index)
    for row in evidence.history.later_rows(table, position):
        table = (row.object_schema, row.name)
        if row.change_type in ("CREATE", "DROP"):
            # What is made under its name says that it had gone.
            return True
    live = evidence.live.by_name
    return table not in live or (table[0] != index.object_schema and (table[0], index.object_name) in live)


def went_with_column(evidence: Evidence, index: DatabaseObject, position: int) -> bool:
    """Whether a later text takes a column away that an index is on, whatever that is called by then: nothing tells that
    it had gone before."""
    (made,) = split(index.definition)[:1]
    names = set(made.words[made.words.index("using") :])
    table = indexed_table(index)
    end = end_of(evidence.history, table, position)
    records = [r for r in evidence.history.records.get(table, ()) if r.position <= position]
    before: Columns = (records[-1].columns or {}) if records else {}
    places = {fact.get("position") for name, fact in before.items() if name in names} - {None}
    read: tuple[str, int] | None = None
    for row in takewhile(lambda r: r.position < end, evidence.history.later_rows(table, position)):
        for statement in row.statements if row.execution != read else ():
            if statement.tag != "ALTER TABLE" or all(bare != row.name for _, bare in statement.targets):
                continue
            for action in actions_of(statement):
                if taken_away(action) in names:
                    return True
                if action["old"] is not None and unquote(action["old"]) in names:
                    names = names - {unquote(action["old"])} | {unquote(action["new"] or "")}
        read = row.execution
        if places and row.columns:
            there = {name for name, fact in row.columns.items() if fact.get("position") in places}
            names = names - row.columns.keys() | there
    return False


def needed_until(evidence: Evidence, index: DatabaseObject, position: int) -> int:
    """The last row, from `position` on, whose text makes a foreign key that a unique index serves; else `position`."""
    match = re.search(r" USING btree \(([^()]*)\)", index.definition)
    if match is None or not index.definition.startswith("CREATE UNIQUE INDEX "):
        return position
    names = [unquote(c.strip()) for c in match[1].split(",")]
    table = indexed_table(index)[1]
    history = evidence.history
    end = end_of(history, indexed_table(index), position)
    return max(
        (
            p
            for p in history.mentions(table, *names)
            if position < p < end and any(_refers(s.words, table, names) for s in history.rows[p].statements)
        ),
        default=position,
    )


def _refers(words: Sequence[str], table: str, columns: Sequence[str]) -> bool:
    """Whether a foreign key of a statement refers to these columns of a table."""
    for i, word in enumerate(words):
        if word == "references" and table in words[i + 1 : i + 4]:
            behind = words[i + 1 : i + 2 * len(columns) + 5]
            if "(" in behind and sorted(
                w
                for w in words[i + 2 + behind.index("(") : i + 1 + 2 * len(columns) + behind.index("(")]
                if w != ","
            ) == sorted(columns):
                return True
    return False


def table_touched(evidence: Evidence, index: DatabaseObject, position: int) -> int | None:
    """The first row, from `position` on, of an index's table or of another index of it.

    Who drops an index, as a rule changes something else of its table as well.
    """
    table = indexed_table(index)
    rows = [*evidence.history.later_rows(table, position - 1)]
    names = {table, *((row.object_schema, row.name) for row in rows)}
    touched = [p for name in names for p in evidence.history.index_rows.get(name, ()) if p >= position]
    return min((*touched, *(row.position for row in rows)), default=None)


def as_recorded(
    statement: Statement, rows: Iterable[HistoryRow], made: Sequence[DatabaseObject]
) -> Iterator[Repair]:
    """Gives an index the name that PostgreSQL gave it, with a number where something unknown has the plain one.

    The index of a key without a name of its own is called after its table, t_pkey; else t_pkey1. `rows` are those that
    are to be explained, `made` is what the statement made.
    """
    for found, row in _called_otherwise(statement, rows, made):
        yield Repair(
            NAME_AS_RECORDED,
            f"ALTER INDEX {qualified((found.object_schema, found.object_name))} RENAME TO {quote(row.name)};",
            f"row {row.version_id} recorded it under this name: the other was taken",
        )


def _called_otherwise(
    statement: Statement, rows: Iterable[HistoryRow], made: Sequence[DatabaseObject]
) -> Iterator[tuple[DatabaseObject, HistoryRow]]:
    """The indexes that have another number behind their names than their rows, each with its row."""
    made = [o for o in made if o.object_type == "INDEX"]
    recorded = {r.name: r for r in rows if r.object_type == "INDEX" and r.change_type == "CREATE"}
    known = {o.object_name for o in made} | set(statement.words)
    for found in made:
        if found.object_name in recorded or found.object_name in statement.words:
            continue
        names = [n for n in recorded if n not in known and _unnumbered(n) == _unnumbered(found.object_name)]
        if len(names) == 1 and recorded[names[0]].object_schema == found.object_schema:
            yield found, recorded[names[0]]


def given_up(
    situation: Situation,
    statement: Statement,
    rows: Iterable[HistoryRow],
    made: Sequence[DatabaseObject],
) -> Iterator[Repair]:
    """The rename of a key whose name was given to one that a statement made, as the row of that says.

    The rename of a constraint leaves no row, and nobody knows its new name.
    """
    for _, row in _called_otherwise(statement, rows, made):
        index = situation.relation((row.object_schema, row.name))
        if index is None or index.object_type != "INDEX":
            continue
        table = situation.relation(indexed_table(index))
        if table is None or row.name not in constraints(table.definition):
            continue
        name = (table.object_schema, table.object_name)
        new = f"(once {row.name})"
        yield Repair(
            RENAMED_CONSTRAINT,
            f"ALTER TABLE {qualified(name)} RENAME CONSTRAINT {quote(row.name)} TO {quote(new)};",
            f"row {row.version_id} recorded another index under this name",
            inferred=name,
        )


def free_for_key(
    evidence: Evidence, situation: Situation, statement: Statement, row: HistoryRow
) -> Iterator[Repair]:
    """The drop of an index that has the name that PostgreSQL gives to a key which a statement adds without a name.

    Else the key would have a numbered name. v1 records the first drop of a name alone (FORMATS 1.6), and none of a
    quoted one: where it has one, or cannot have, or where the live key has the name, and nothing has the numbered one,
    the index had gone.
    """
    if statement.tag != "ALTER TABLE" or not statement.targets:
        return
    schema = row.object_schema or "public"
    for name in _names_of_keys(statement):
        index = situation.relation((schema, name))
        if index is None or index.object_type != "INDEX" or quote_if_needed(name) in statement.words:
            continue
        table = situation.relation(indexed_table(index))
        if table is None or name in constraints(table.definition):
            continue
        rows = evidence.history.by_name.get((schema, name), [])
        dropped = any(r.change_type == "DROP" and r.position < row.position for r in rows)
        # What an earlier build published has no rows here: in the end, the key is called so.
        live = evidence.live.table(indexed_table(index))
        dropped = dropped or (live is not None and name in constraints(live.definition))
        numbered = f"{name}1"
        if (
            not (dropped or quote_if_needed(name) != name)
            or (schema, numbered) in evidence.live.by_name
            or evidence.history.mentions(numbered)
        ):
            continue
        yield Repair(
            IMPLIED_DROP,
            f"DROP INDEX {qualified((schema, name))};",
            f"row {row.version_id} adds a key that PostgreSQL calls {name}, and nothing has the name {numbered}",
            inferred=(schema, name),
        )


def _names_of_keys(statement: Statement) -> Iterator[str]:
    """The names that PostgreSQL gives to the keys that a statement adds without one, where it does not shorten them."""
    table = statement.targets[0][1]
    words = statement.words
    for i, keyword in enumerate(statement.keywords):
        if keyword != "ADD":
            continue
        if statement.keywords[i + 1 : i + 2] == ("PRIMARY KEY",):
            name = default_constraint_name("PRIMARY KEY", table, [])
        elif statement.keywords[i + 1 : i + 2] == ("UNIQUE",) and words[i + 2 : i + 3] == ("(",):
            end = words.index(")", i) if ")" in words[i:] else i + 3
            name = default_constraint_name("UNIQUE", table, [w for w in words[i + 3 : end] if w != ","])
        else:
            continue
        if name is not None:
            yield name


def _unnumbered(name: str) -> str:
    return name.rstrip("0123456789")


# Of a table that no row creates --------------------------------------------------------------------


def named_by_drops(evidence: Evidence, table: Name, columns: Collection[str]) -> Iterator[Repair]:
    """Indexes that a recorded text drops or renames and nothing before it names, where their own name says what they
    were, or the same text makes another in its place.

    As PostgreSQL and several tools name them: table_column_idx, and table_column_key where it is unique. With IF EXISTS
    one was there where another table had one on such columns that is called so. Or a name is a hash (`hashed_names`),
    as that of a key, too.
    """
    yield from _with_hashed_names(evidence, table, columns)
    for name, gone in evidence.dropped["INDEX"].items():
        before = _before_made_again(gone, table, name) if gone.is_sure else None
        if before is not None:
            why = f"row {gone.row.version_id} drops it and makes it again, so it was another"
            yield Repair(OLDER_CONSTRAINT, before, why, inferred=table)
            continue
        match = re.fullmatch(rf"{re.escape(table[1])}_(.+)_(idx|key)", name)
        found = [*joined(match[1], columns)] if match is not None else []
        if match is None or len(found) != 1 or (table[0], name) in evidence.live.by_name:
            continue
        if not gone.is_sure and not any(n.endswith(f"_{match[1]}_{match[2]}") for n in evidence.made_indexes):
            continue
        kind = "UNIQUE INDEX" if match[2] == "key" else "INDEX"
        yield Repair(
            OLDER_CONSTRAINT,
            f"CREATE {kind} {quote(name)} ON {qualified(table)} ({', '.join(map(quote, found[0]))});",
            f"row {gone.row.version_id} names it, none made it, and its name says what it was",
            inferred=table,
        )


def _with_hashed_names(evidence: Evidence, table: Name, columns: Collection[str]) -> Iterator[Repair]:
    """Keys and indexes that a text drops or renames, with names that are a hash of the table's and its columns'."""
    for name, gone in (*evidence.dropped["INDEX"].items(), *evidence.dropped["CONSTRAINT"].items()):
        kind = hashed_names.kind_of(name)
        if kind in (None, "FK") or not gone.is_sure or (table[0], name) in evidence.live.by_name:
            continue
        found = hashed_names.columns_of(name, table, [*columns])
        if found is None:
            continue
        listed = f"({', '.join(map(quote, found))})"
        make = f"ALTER TABLE {qualified(table)} ADD CONSTRAINT {quote(name)} "
        make += f"PRIMARY KEY {listed};" if kind == "PK" else f"UNIQUE {listed};"
        if kind == "IDX":
            make = f"CREATE INDEX {quote(name)} ON {qualified(table)} {listed};"
        why = f"row {gone.row.version_id} names it, none made it, and its name is the hash of its table and columns"
        yield Repair(OLDER_CONSTRAINT, make, why, inferred=table)


def _before_made_again(gone: Gone, table: Name, name: str) -> str | None:
    """What an index was that a text drops and makes again under its name: the same without its condition, or the way in
    which it is stored; None where it has neither."""
    for made in gone.row.statements:
        if made.tag != "CREATE INDEX" or made.on is None or [bare for _, bare in made.targets] != [name]:
            continue
        if made.on[1] != table[1] or made.on[0] not in (None, table[0]) or "(" not in made.words:
            continue
        keywords, opening = made.keywords, made.words.index("(")
        begin = keywords.index("USING") if "USING" in keywords[:opening] else opening
        end = keywords.index("WHERE") if "WHERE" in keywords else len(keywords)
        if end == len(keywords):
            if made.words[begin + 1 : opening] in ((), ("btree",)):
                return None
            begin = opening
        first = made.tokens[0].start
        rest = made.text[made.tokens[begin].start - first : made.tokens[end - 1].end + 1 - first]
        kind = "UNIQUE INDEX" if "UNIQUE" in keywords[:opening] else "INDEX"
        return f"CREATE {kind} {quote(name)} ON {qualified(table)} {rest};"
    return None
