"""Keys of tables that are older than the tracker, which are gone in the end and which no text names: as the team gives
them to such columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    Columns,
    column_name,
    column_types,
    constraints,
    elements,
    ordered,
    qualified,
    quote_if_needed,
    sequence_of,
)
from pggit_audit.rules.references import MANY, MOST, name_of, references
from pggit_audit.rules.situation import Evidence
from pggit_audit.rules.type_changes import retyped
from pggit_audit.statements import Name, Statement, quote

# A key may lead from one of these to another.
_NUMBERS = {"bigint", "int8", "integer", "int", "int4", "smallint", "int2"}


def key(
    evidence: Evidence, table: Name, before: Columns, known: Iterable[str], live: DatabaseObject | None
) -> Iterator[str]:
    """The primary key of a table of which no key is `known`: of its first column, or of the one that a sequence counts.
    One that lives without it, and still has the column, had it only where a text takes it away.

    Where of the live tables of its schema that begin with a column of that name, or count it, four in five have theirs
    of that alone, under a name as PostgreSQL gives one (after a former name, too). Those whose keys texts take away do
    not count. Where a text takes it away, and makes one unique index on columns that may not be NULL, it was on these.
    """
    name = f"{table[1]}_pkey"
    named = evidence.history.mentions(name) and name not in evidence.dropped["CONSTRAINT"]
    if not before or named or any(" PRIMARY KEY " in statement for statement in known):
        return
    counted = {column for column, fact in before.items() if sequence_of(fact.get("default"))}
    stays = set[str]()
    if live is not None and name not in evidence.dropped["CONSTRAINT"]:
        stays = {column for column, _ in column_types(live.definition)}
    replaced = _replaced(evidence, table, name, before)
    if replaced is not None:
        yield f"ALTER TABLE {qualified(table)} ADD CONSTRAINT {quote(name)} PRIMARY KEY ({replaced});"
        return
    keys = _keys(evidence, table[0])
    for column in dict.fromkeys((ordered(before)[0], *sorted(counted))):
        says = f"PRIMARY KEY ({quote_if_needed(column)})"
        others = keys.get(column, [])
        alike = sum(own == [(True, says)] for own in others)
        if (
            column not in stays
            and not before[column].get("nullable", True)
            and alike >= max(MANY, len(others) * MOST)
        ):
            yield f"ALTER TABLE {qualified(table)} ADD CONSTRAINT {quote(name)} {says};"
            return


def _replaced(evidence: Evidence, table: Name, key: str, before: Columns) -> str | None:
    """The columns of the one unique index that a text makes on a table of which it takes the key away."""
    gone = evidence.dropped["CONSTRAINT"].get(key)
    made = [
        s
        for s in (gone.row.statements if gone is not None else ())
        if s.tag == "CREATE INDEX" and "UNIQUE" in s.keywords[:2] and s.on is not None and s.on[1] == table[1]
    ]
    if len(made) != 1 or "(" not in made[0].words or made[0].words[-1] != ")":
        return None
    inner = made[0].words[made[0].words.index("(") + 1 : -1]
    names, between = inner[::2], set(inner[1::2])
    if between - {","} or any(n not in before or before[n].get("nullable", True) for n in names):
        return None
    return ", ".join(map(quote, names))


def _keys(evidence: Evidence, schema: str | None) -> Mapping[str, list[list[tuple[bool, str]]]]:
    """By the names of columns that begin live tables, or that sequences count, the keys of these tables: whether each
    has a name as PostgreSQL gives one, and what it says."""
    found: dict[str, list[list[tuple[bool, str]]]] = {}
    for name, other in evidence.live.by_name.items():
        if other.object_type != "TABLE" or name[0] != schema:
            continue
        known = constraints(other.definition)
        own = {part: body for part, body in known.items() if body.startswith("PRIMARY KEY")}
        if own.keys() & evidence.dropped["CONSTRAINT"].keys():
            continue
        lines = elements(other.definition)[1]
        likely = [*lines[:1], *(line for line in lines[1:] if " DEFAULT nextval(" in line)]
        for column in map(column_name, likely):
            found.setdefault(column, []).append(
                [(part.endswith("_pkey"), body) for part, body in own.items()]
            )
    return found


def foreign_keys(
    evidence: Evidence,
    table: Name,
    columns: Collection[str],
    known: Collection[str],
    changes: Collection[Statement],
) -> Iterator[str]:
    """The foreign keys on columns of a table that it has not any more, where four of five tables, of texts and live,
    and three or more, with a column of such a name refer to one thing with it. Their names are as most live ones are.

    A column to which a text gives a key had none, nor one whose type changes alone, unless a text takes one away that
    is called after the column: then it had that one.

    Args:
        known: statements of what belongs to the table.
        changes: the texts' ALTER TABLE statements on it, under whatever name.
    """
    live = evidence.live.by_name.get(table)
    there = {column for column, _ in column_types(live.definition)} if live is not None else set()
    given = {column for s in changes for column, _ in references(s)}
    given |= {column for s in changes for column, kind in retyped(s) if kind not in _NUMBERS}
    gone = [n for n in evidence.dropped["CONSTRAINT"] if any(s.mentions(n) for s in changes)]
    for column in columns:
        own = next((name for name in gone if name.endswith(f"_{column}_fkey")), None)
        if column in given and own is None:
            continue
        begins = f"FOREIGN KEY ({quote_if_needed(column)})"
        if column in there or any(begins in s or f"FOREIGN KEY ({quote(column)})" in s for s in known):
            continue
        refers = evidence.usual_references.get(column)
        if refers is not None:
            name = quote(own or name_of(evidence.way_of_keys, table[1], column, refers))
            yield f"ALTER TABLE {qualified(table)} ADD CONSTRAINT {name} FOREIGN KEY ({quote(column)}) {refers};"
