"""Constraints: v1 records none of their names, and no rename of one (FORMATS 1.1, 1.7).

A key shows where a foreign key needs it (`missing_key`), a rename in the live table (`lost_renames`, with the moment).
What a table that no row creates had of them is told by `older_constraints`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import product

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    constraints,
    qualified,
    quote_if_needed,
)
from pggit_audit.lexing import says
from pggit_audit.rules import IMPLIED_DROP, MISSING_KEY, RENAMED_CONSTRAINT
from pggit_audit.rules.dating import at_moment, is_alone, within
from pggit_audit.rules.naming import SUFFIXES, as_written, default_constraint_name, said
from pggit_audit.rules.placing import end_of, halfway, texts_naming
from pggit_audit.rules.situation import Evidence, Failure, PendingStep, Repair, Situation
from pggit_audit.rules.type_changes import columns_made, columns_that_refer
from pggit_audit.statements import Name, Statement, quote, unquote

# When a statement fails ----------------------------------------------------------------------------


def missing_key(failure: Failure) -> list[Repair]:
    """The key that a foreign key refers to: of a table older than the tracker, no record has it.

    A table has one primary key, of columns that are not null; PostgreSQL gives it the name it gave it then.
    """
    words = failure.statement.words
    for table in (full for name in referenced(failure) for full in failure.resolve(name)):
        nullable = {str(c["name"]): bool(c["nullable"]) for c in failure.situation.columns(table)}
        if not nullable:
            continue
        places = [i for i, w in enumerate(words) if w == "references" and table[1] in words[i + 1 : i + 4]]
        for key in [_columns_behind(words, i) for i in places] or [()]:
            if not set(key) <= nullable.keys():
                continue
            names = key or tuple(n for n in nullable if n == "id")
            if not names:
                continue
            # There is one primary key, and it does not make room.
            unique = any(nullable[n] for n in names) or _has_primary_key(failure.situation, table)
            kinds = ("UNIQUE",) if unique else ("PRIMARY KEY", "UNIQUE")
            return [
                Repair(
                    MISSING_KEY,
                    f"ALTER TABLE {qualified(table)} ADD {kind} ({', '.join(map(quote, names))});",
                    f"the statement refers to {', '.join(names)} of {qualified(table)} by a foreign key",
                    inferred=table,
                )
                for kind in kinds
            ]
    return []


def referenced(failure: Failure) -> list[Name]:
    """The tables that a foreign key of the statement refers to, and that the error is about."""
    return [n.name for n in failure.told if n.before[1] == "REFERENCES" and failure.is_there(n.name)]


def missing_referenced(failure: Failure, table: Name) -> list[Repair]:
    """The columns that a foreign key refers to, with their key: of a stub, of which no more than the name is known.

    They have the types of the columns that refer to them.
    """
    statement = failure.statement
    there = {str(c["name"]) for c in failure.situation.columns(table)}
    for key, referring in _keys_to(statement, table[1]):
        if not key or set(key) <= there or _has_primary_key(failure.situation, table):
            continue
        kinds = {
            str(c["name"]): str(c["full_type"])
            for name in statement.targets[:1]
            for full in failure.resolve(name)
            for c in failure.situation.columns(full)
        }
        kinds |= dict(columns_made(statement))
        pairs = [(name, kinds.get(by)) for name, by in zip(key, referring, strict=False) if name not in there]
        if len(key) != len(referring) or any(kind is None for _, kind in pairs):
            continue
        actions = [f"ADD COLUMN {quote(name)} {kind}" for name, kind in pairs]
        actions.append(f"ADD PRIMARY KEY ({', '.join(map(quote, key))})")
        why = f"the statement refers to {', '.join(key)} of {qualified(table)} by a foreign key"
        return [
            Repair(MISSING_KEY, f"ALTER TABLE {qualified(table)} {', '.join(actions)};", why, inferred=table)
        ]
    return []


def _keys_to(statement: Statement, table: str) -> Iterator[tuple[Sequence[str], Sequence[str]]]:
    """The foreign keys of a statement that refer to a table: the columns there, and those that refer to them."""
    words = statement.words
    by_themselves = {column for column, _ in columns_that_refer(statement)}
    for i in (i for i, w in enumerate(words) if w == "references" and table in words[i + 1 : i + 4]):
        begin = next((j for j in range(i, 0, -1) if words[j] == "("), 0)
        if words[i - 1] == ")" and words[begin - 1].endswith("key"):
            yield _columns_behind(words, i), [w for w in words[begin + 1 : i - 1] if w != ","]
        else:
            yield _columns_behind(words, i), [w for w in reversed(words[:i]) if w in by_themselves][:1]


def _has_primary_key(situation: Situation, table: Name) -> bool:
    found = situation.relation(table)
    return found is not None and any(
        body.startswith("PRIMARY KEY ") for body in constraints(found.definition).values()
    )


def _columns_behind(words: Sequence[str], place: int) -> tuple[str, ...]:
    """The columns in the parentheses behind REFERENCES and the table's name, if there are any."""
    rest = list(words[place + 1 : place + 40])
    start = 3 if rest[1:2] == ["."] else 1
    if rest[start : start + 1] != ["("] or ")" not in rest:
        return ()
    return tuple(w for w in rest[start + 1 : rest.index(")")] if w != ",")


def primary_key_in_the_way(failure: Failure) -> list[Repair]:
    """A statement adds a primary key where there is one."""
    target = failure.statement.targets[0]
    rows = failure.situation.query(
        "select conname from pg_catalog.pg_constraint"
        " where conrelid operator(pg_catalog.=) pg_catalog.to_regclass(%(table)s)::pg_catalog.oid"
        " and contype operator(pg_catalog.=) 'p'",
        {"table": qualified(target)},
    )
    return [
        Repair(
            IMPLIED_DROP,
            f"ALTER TABLE {qualified(target)} DROP CONSTRAINT {quote(str(name))} CASCADE;",
            "the statement added a primary key, so there was none",
            inferred=target,
        )
        for (name,) in rows
    ]


_OF_TWO_TYPES = """
    select k.conrelid::pg_catalog.regclass::pg_catalog.text, k.conname
    from pg_catalog.pg_constraint as k
    where
        k.contype operator(pg_catalog.=) 'f'
        and pg_catalog.to_regclass(%(table)s)::pg_catalog.oid
            operator(pg_catalog.=) any (array[k.conrelid, k.confrelid])
"""


def of_two_types_in_the_way(failure: Failure) -> list[Repair]:
    """A foreign key would refer from a column of one type to one of another, were it still there."""
    if failure.statement.tag != "ALTER TABLE":
        return []
    why = f"the recorded statement ran, so the foreign key was not there any more: {failure.message}"
    return [
        Repair(IMPLIED_DROP, f"ALTER TABLE {table} DROP CONSTRAINT {quote(name)};", why)
        for target in failure.statement.targets
        for full in failure.resolve(target)
        for table, name in failure.situation.query(_OF_TWO_TYPES, {"table": qualified(full)})
        if said(failure.message, name)
    ]


def of_index_in_the_way(failure: Failure, index: Name, why: str) -> list[Repair]:
    """An index that belongs to a constraint goes with it only."""
    rows = failure.situation.query(
        "select k.conrelid::pg_catalog.regclass::pg_catalog.text from pg_catalog.pg_constraint as k"
        " join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) k.conindid"
        " and c.relname operator(pg_catalog.=) k.conname"
        " where c.oid operator(pg_catalog.=) pg_catalog.to_regclass(%(index)s)::pg_catalog.oid"
        " and k.contype operator(pg_catalog.=) any ('{p,u,x}'::pg_catalog.\"char\"[])",
        {"index": qualified(index)},
    )
    return [
        Repair(IMPLIED_DROP, f"ALTER TABLE {table} DROP CONSTRAINT {quote(index[1])}{cascade};", why)
        for (table,) in rows
        for cascade in ("", " CASCADE")
    ]


# Renames without a row, and their moment -----------------------------------------------------------


def lost_renames(evidence: Evidence, table: DatabaseObject, position: int) -> list[PendingStep]:
    """Renames of constraints, which leave no row: the live table has the same one under another name.

    Of a table that is renamed, those called after it follow at once. Else the new name was there by the first text
    that uses it; where none does, halfway between the last text that uses the old name and the end. `position` is -1
    for a table that is published.
    """
    history = evidence.history
    name = (table.object_schema, table.object_name)
    live = evidence.live.table(name)
    if live is None or not _keeps_its_name(evidence, name, position):
        return []
    ours, theirs = constraints(table.definition), constraints(live.definition)
    steps = []
    for old in ours.keys() - theirs.keys():
        same = [new for new in theirs.keys() - ours.keys() if theirs[new] == ours[old]]
        alike = [other for other in ours.keys() - theirs.keys() if ours[other] == ours[old]]
        if len(same) != 1 or len(alike) != 1 or (name[0], same[0]) in history.by_name:
            continue
        (new,) = same
        if any(history.rows[p].renames for p in history.mentions(old, new)):
            # A text that is recorded for another object says it: it runs when its turn comes.
            continue
        if _replaced(evidence, (name[0], old), new, position):
            continue
        rename = f"ALTER TABLE {qualified(name)} RENAME CONSTRAINT {quote(old)} TO {quote(new)};"
        written = evidence.moments.written(
            "table constraint", f"{quote_if_needed(new)} on {live.object_identity}", "pg_constraint"
        )
        moment = within(written, position - 1, len(history))
        sure = is_alone(evidence, written, name, position)
        earlier = history.rows[position].earlier_name if position >= 0 else None
        if earlier is not None and old.replace(earlier[1], name[1]) == new:
            why = f"the live catalog has {new}, and row {history.version(position)} renames the table"
            place, early = position, False
        else:
            used, used_old = history.mentions(new), history.mentions(old)
            last = max(used_old, default=position)
            place = max(used[0] if used else halfway(last, len(history)), position)
            early = bool(used) and place > position
            since = f"after {history.version(last)} " if last >= 0 else ""
            why = f"the live catalog has {new}, and no row {since}names {old}"
        step = Repair(RENAMED_CONSTRAINT, rename, why, inferred=name)
        first = None if sure else -1
        dated = (
            at_moment(evidence, step, name, moment, "constraint", first, sure) if moment is not None else None
        )
        if dated is not None and moment is not None and moment.has_own(place):
            # Its transaction has several rows: it was where it would be without an id.
            dated = replace(dated, position=place, early=early)
        steps.append(dated or PendingStep(place, name, step, early=early))
    return steps


def named_anew(evidence: Evidence, table: DatabaseObject, position: int) -> list[PendingStep]:
    """Renames of constraints along with a column or their table: a later text uses the name that PostgreSQL gives now.

    PostgreSQL calls a constraint after its table and its columns, and does not rename it with them: teams do.
    """
    history = evidence.history
    name = (table.object_schema, table.object_name)
    ours = constraints(table.definition)
    end = end_of(history, name, position)
    # A text that makes another table of its name may say the new name of that one.
    other = history.rows[end].execution if end < len(history) else None
    steps = []
    for old, body in ours.items():
        new = _default_name(name[1], body)
        if new is None or new == old or new in ours or _default_stem(old) != _default_stem(new):
            continue
        used = [p for p in history.mentions(new) if position < p < end and history.rows[p].execution != other]
        if not used or any(p >= used[0] for p in history.mentions(old)):
            continue
        if any(r.renames and says(r.text, old) for r in history.rows[position : used[0] + 1]):
            # A text that is recorded for another object says it: it runs when its turn comes.
            continue
        if _replaced(evidence, (name[0], old), new, position):
            continue
        rename = f"ALTER TABLE {qualified(name)} RENAME CONSTRAINT {quote(old)} TO {quote(new)};"
        why = f"row {history.version(used[0])} names {new}, as PostgreSQL calls it after the columns that it has now"
        steps.append(PendingStep(position, name, Repair(RENAMED_CONSTRAINT, rename, why, inferred=name)))
    return steps


def missing(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement names a constraint that is not there: one that PostgreSQL would call so was renamed to it, be it
    after a name that the table gets later.

    Or, where the statement drops, alters or validates it, the only one of its kind of the table that neither the live
    table has nor a later text names; of a table that goes, nor a row.
    """
    words = failure.statement.words
    named = {
        words[i + 1]
        for i, word in enumerate(words[:-1])
        if word == "constraint" and words[i - 1 : i] in (("drop",), ("alter",), ("rename",), ("validate",))
    }
    found: list[Repair] = []
    dropped = _dropped(words)
    for table in failure.tables() if named else ():
        relation = failure.situation.relation(table)
        ours = constraints(relation.definition) if relation is not None else {}
        later = [*evidence.history.later_rows(table, failure.situation.position)]
        called = dict.fromkeys([table[1], *(row.name for row in later if row.change_type == "ALTER")])
        for name, (old, body) in product(called, ours.items()):
            new = _default_name(name, body)
            if new is not None and new in named - ours.keys():
                rename = f"ALTER TABLE {qualified(table)} RENAME CONSTRAINT {quote(old)} TO {quote(new)};"
                why = f"the statement names {new}, as PostgreSQL calls it after the columns that it has now"
                found.append(Repair(RENAMED_CONSTRAINT, rename, why, inferred=table))
        live = evidence.live.table(table)
        if any(row.change_type != "ALTER" for row in later):
            # The table goes, and each index that it has by then leaves a row.
            schema, position, where = later[-1].object_schema, failure.situation.position, "in a later row"
            gone = [old for old in ours if evidence.history.last_row((schema, old)) < position]
        else:
            where = "in the live catalog"
            gone = [old for old in ours if live is not None and old not in constraints(live.definition)]
        if "validate" in words and relation is not None:
            gone = [old for old in gone if _is_not_valid(relation, old)]
        elif not dropped:
            gone = [old for old in gone if ours[old].startswith("FOREIGN KEY ")]
        wanted = (dropped or named) - ours.keys()
        written = {new: as_written(failure.statement, new) for new in wanted}
        wanted = {new for new in wanted if all(_may_be_called(ours[old], written[new]) for old in gone)}
        if dropped and not any(r.change_type == "CREATE" for r in evidence.history.by_name.get(table, ())):
            # What it drops is as old as the table, where the other came with a text.
            gone = [old for old in gone if not evidence.history.mentions(old)]
        if not found and len(gone) == len(wanted) == 1 and not _is_named(evidence, gone[0], failure):
            (new,) = wanted
            rename = f"ALTER TABLE {qualified(table)} RENAME CONSTRAINT {quote(gone[0])} TO {quote(new)};"
            why = f"the statement is about {new}, and of the table's such constraints only {gone[0]} is not {where}"
            found.append(Repair(RENAMED_CONSTRAINT, rename, why, inferred=table))
    return found


def _is_not_valid(table: DatabaseObject, name: str) -> bool:
    """Whether a constraint of a table is not validated."""
    head = f" ADD CONSTRAINT {quote_if_needed(name)} "
    return any(head in line and line.endswith(" NOT VALID;") for line in table.definition.split("\n"))


# How tools call them, beside PostgreSQL.
_TOLD = {
    "FOREIGN KEY": re.compile(r"_fk$|^fk_", re.IGNORECASE),
    "PRIMARY KEY": re.compile(r"_pk$|^pk_", re.IGNORECASE),
    "UNIQUE": re.compile(r"_(?:unique|uq|uk)$|^(?:uq|uk)_", re.IGNORECASE),
}


def _may_be_called(body: str, name: str) -> bool:
    """Whether a constraint may have such a name: of one that ends as PostgreSQL's own do, or is as tools write it, that
    tells the kind."""
    kinds = [kind for kind, end in SUFFIXES.items() if name.endswith(f"_{end}")]
    kinds += [kind for kind, told in _TOLD.items() if told.search(name)]
    return not kinds or body.startswith(kinds[0])


def _dropped(words: Sequence[str]) -> set[str]:
    """The constraints that a statement drops, IF EXISTS or not."""
    drops = [i + 2 for i in range(len(words) - 2) if words[i : i + 2] == ("drop", "constraint")]
    places = (i + 2 if words[i : i + 2] == ("if", "exists") else i for i in drops)
    return {words[place] for place in places if place < len(words)}


def _is_named(evidence: Evidence, name: str, failure: Failure) -> bool:
    """Whether a text from this row on has a name."""
    return any(p >= failure.situation.position for p in evidence.history.mentions(name))


_COLUMNS_OF = re.compile(
    r"""(PRIMARY KEY|UNIQUE|FOREIGN KEY)(?: NULLS NOT DISTINCT)? \(((?:[^()"]|"(?:[^"]|"")*"(?!"))*)\)"""
)


def _default_name(table: str, body: str) -> str | None:
    match = _COLUMNS_OF.match(body)
    if match is None:
        return None
    return default_constraint_name(match[1], table, [unquote(c.strip()) for c in match[2].split(", ")])


def _default_stem(name: str) -> str:
    return name.rsplit("_", 1)[-1]


def _replaced(evidence: Evidence, old: Name, new: str, position: int) -> bool:
    """Whether a later row drops the index of a constraint, or a later text adds another of the new name."""
    history = evidence.history
    if any(r.change_type == "DROP" and r.position > position for r in history.by_name.get(old, [])):
        return True
    here = rf'(?:"{re.escape(quote(new)[1:-1])}"|{re.escape(new)}(?!\w))'
    added = re.compile(rf"\bconstraint\s+{here}\s+(?:unique|primary|foreign|check|exclude)\b", re.IGNORECASE)
    return any(added.search(row.text) for row in texts_naming(history, new, since=position + 1))


def _keeps_its_name(evidence: Evidence, table: Name, position: int) -> bool:
    """Whether the table that has the name at this row has it to the end: no later row gives it to another.

    Migrations that rebuild a table make another, drop the first, and rename the new one to its name.
    """
    here = evidence.history.rows[position].execution if position >= 0 else None
    return not any(
        row.change_type != "ALTER" or (row.execution != here and row.earlier_name is not None)
        for row in evidence.history.by_name.get(table, [])
        if row.position > position and row.object_type == "TABLE"
    )
