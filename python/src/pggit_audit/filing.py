"""Where v1's rows belong: their positions, and the schema of an index that v1 filed elsewhere."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from pggit_audit.history import BUILDS_OWN, HistoryRow


def placed(rows: Iterable[HistoryRow]) -> list[HistoryRow]:
    """The rows of one replay with their positions; what a build made has that of the row behind it.

    So no interval, no halfway and no habit of the team's depends on how many builds there were.
    """
    result: list[HistoryRow] = []
    position = 0
    for row in rows:
        result.append(replace(row, position=position))
        position += row.exclusion_reason != BUILDS_OWN
    return result


def in_its_schema(row: HistoryRow) -> HistoryRow:
    """A row of an index that v1 filed under public for its quoted name, in the schema of its table or of its own name,
    if the text says that."""
    if row.schema_is_told:
        return row
    found = set()
    for statement in row.statements:
        naming = row.name in statement.words
        for schema, _ in (*statement.targets, *((statement.on,) if statement.on else ())):
            found.add((naming, schema))
    naming_it = {schema for naming, schema in found if naming} or {schema for _, schema in found}
    schema = naming_it.pop() if len(naming_it) == 1 else None
    return replace(row, object_schema=schema) if schema else row
