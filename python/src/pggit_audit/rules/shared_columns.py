"""Columns that a table must have because another has them: by LIKE, INHERIT and ATTACH PARTITION.

A rename of a column leaves no row (FORMATS 1.7). Of a table that is gone by its next record, there it shows.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pggit_audit.definitions import Columns, without_schemas
from pggit_audit.history import HistoryRow
from pggit_audit.rules import RENAMED_COLUMN
from pggit_audit.rules.renamed_columns import columns_since, in_turn, rename
from pggit_audit.rules.situation import Current, Evidence, Repair, Situation
from pggit_audit.statements import Name, Statement


def before(
    evidence: Evidence, situation: Situation, statement: Statement, row: HistoryRow
) -> Iterator[Repair]:
    """The renames, before a statement, of columns that it takes from another table or asks of one: by what its row
    recorded, or what a new table has called so since that transaction."""
    if row.object_type != "TABLE" or not {"LIKE", "INHERIT", "ATTACH"} & {*statement.keywords}:
        return
    table = (row.object_schema, row.name)
    is_first = _begins_with_like(statement)
    for name in _others(statement):
        other = next((n for n in _resolved(name, row, situation) if situation.columns(n)), None)
        if other is None:
            continue
        current = situation.columns(other)
        if not row.columns:
            types = {str(c["name"]): without_schemas(str(c["full_type"])) for c in current}
            recorded = (
                columns_since(evidence, table, row.position) if is_first else _in_full(situation, table)
            )
        else:
            types, recorded = {str(c["name"]): str(c["type"]) for c in current}, row.columns
        names = _by_place(types, recorded) if is_first else _by_type(types, recorded, statement)
        is_first = False
        why = f"row {row.version_id} has {', '.join(names.values())} of {other[1]} where {', '.join(names)} was left"
        if types.keys().isdisjoint(names.values()):
            yield from (rename(other, old, new, why, current=current) for old, new in names.items())
        else:
            steps = "\n".join(in_turn(other, names, {*types}))
            yield Repair(RENAMED_COLUMN, steps, why, inferred=other)


def _begins_with_like(statement: Statement) -> bool:
    """Whether the columns that a CREATE has by LIKE are its first ones: those of parents come before them."""
    keywords = statement.keywords
    first = keywords.index("(") + 1 if "(" in keywords else len(keywords)
    return (
        statement.verb == "CREATE" and "INHERITS" not in keywords and keywords[first : first + 1] == ("LIKE",)
    )


def _others(statement: Statement) -> Iterator[Name]:
    """The tables from which a CREATE has columns by LIKE, the parent to be, or the partition to be."""
    words, keywords = statement.words, statement.keywords
    for i, keyword in enumerate(keywords):
        of_create = statement.tag == "CREATE TABLE" and keyword == "LIKE" and words[i - 1] in ("(", ",")
        inherits = statement.tag == "ALTER TABLE" and keyword == "INHERIT" and keywords[i - 1] != "NO"
        attaches = statement.tag == "ALTER TABLE" and keywords[i : i + 2] == ("ATTACH", "PARTITION")
        if of_create or inherits or attaches:
            name = words[i + 1 + attaches : i + 4 + attaches]
            yield (name[0], name[2]) if name[1:2] == (".",) else (None, name[0])


def _resolved(name: Name, row: HistoryRow, situation: Situation) -> list[Name]:
    schemas = [row.object_schema, *situation.schemas] if name[0] is None else [name[0]]
    return [(schema, name[1]) for schema in schemas]


def _in_full(situation: Situation, table: Name) -> Columns:
    columns: Current = situation.columns(table)
    return {str(c["name"]): {**c, "type": without_schemas(str(c["full_type"]))} for c in columns}


def _by_place(types: Mapping[str, str], recorded: Columns) -> dict[str, str]:
    """What columns (with their types, in order) are called by those of a new table that begin with them."""
    places = {fact.get("position"): (name, fact.get("type")) for name, fact in recorded.items()}
    found = {name: places[i] for i, name in enumerate(types, 1) if i in places}
    if any(kind != types[old] for old, (_, kind) in found.items()):
        return {}
    return {old: new for old, (new, _) in found.items() if new != old}


def _by_type(types: Mapping[str, str], recorded: Columns, statement: Statement) -> dict[str, str]:
    """What columns are called that the other table has under other names: as many of the same types, in their order.

    A column that a CREATE names is its own.
    """
    said = {*statement.words} if statement.verb == "CREATE" else set()
    lost = [name for name in types if name not in recorded]
    kinds = {types[name] for name in lost}
    new = [
        name
        for name in sorted(recorded, key=lambda n: int(recorded[n].get("position") or 0))
        if name not in types and name not in said and recorded[name].get("type") in kinds
    ]
    if [types[name] for name in lost] != [recorded[name].get("type") for name in new]:
        return {}
    return dict(zip(lost, new, strict=True))
