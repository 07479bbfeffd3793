"""Types that took another's name, or came to their end, without a row: shown by the columns that use them."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from pggit_audit.catalog import Key
from pggit_audit.definitions import column_types, parse_name, qualified
from pggit_audit.evidence import Evidence, Foreseen, HistoryRow
from pggit_audit.repairs import rename_type
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import Difference
from pggit_audit.statements import Name

_BUILT_IN = (
    "select from pg_catalog.pg_type where typname = %(name)s and typnamespace = 'pg_catalog'::regnamespace"
)
# What depends on a type, but for its own array: the column of a default, or else no column.
_USERS_OF_TYPE = (
    "select n.nspname, c.relname, a.attname from pg_depend as d"
    " left join pg_attrdef as f on d.classid = 'pg_attrdef'::regclass and f.oid = d.objid"
    " left join pg_attribute as a on a.attrelid = f.adrelid and a.attnum = f.adnum"
    " left join pg_class as c on c.oid = f.adrelid left join pg_namespace as n on n.oid = c.relnamespace"
    " where d.refclassid = 'pg_type'::regclass and d.refobjid = %(type)s and d.deptype = 'n'"
)


def expected_renames(
    situation: Situation,
    evidence: Evidence,
    row: HistoryRow,
    name: Name,
    difference: Difference | None,
    expected: Collection[Name],
) -> list[Foreseen]:
    """Renames of types that, by the next record of this table, have taken another one's name.

    `expected` are the names for which a step is pending already.
    """
    steps: list[Foreseen] = []
    taken = set(expected)
    old = difference.old if difference else None
    types = column_types(old.definition) if old else []
    # PostgreSQL's own types have no schema in a definition.
    before = {c: parse_name(t)[1] for c, t in types if parse_name(t)[0]}
    for column, fact in (row.columns or {}).items():
        type_name = (name[0], str(fact.get("type")))
        found = situation.relation(type_name)
        if found is None or found.object_type != "TYPE":
            continue
        later = evidence.later_type(name, column, row.position, before.get(column))
        if later is None or later[0] == type_name[1] or type_name in taken:
            continue
        if situation.query(_BUILT_IN, {"name": later[0].split("(", 1)[0]}):
            # Another type of the column, by a text that spells it in another way.
            continue
        step = rename_type(type_name, later[0], later[1])
        early = before.get(column) == type_name[1] and situation.relation((name[0], later[0])) is None
        if early:
            # The row did not set it, so nothing says that the new name was meant by then.
            place = evidence.first_sign_of_type(later[0], row.position)
        else:
            place = evidence.last_mention(type_name[1], row.position)
        steps.append(Foreseen(place, type_name, step, early=early, key=found.key))
        taken.add(type_name)
    return steps


def unused_types(
    situation: Situation,
    evidence: Evidence,
    row: HistoryRow,
    difference: Difference,
    expected: Collection[Key | None],
) -> list[Foreseen]:
    """The end of types that a table used before, and no column does any more.

    A default may still name the type: where the next record of its table has a default less, CASCADE took it.
    `expected` are the objects for which a step is pending already.
    """
    before, after = (
        {parse_name(t.removesuffix("[]")) for _, t in column_types(side.definition)} if side else set()
        for side in (difference.old, difference.new)
    )
    steps = []
    for name in sorted(n for n in before - after if n[0]):
        found = situation.relation(name)
        if found is None or found.object_type != "TYPE":
            continue
        step = evidence.foresee_type_end(found, row.position)
        if step is None or found.key in expected:
            continue
        users = situation.query(_USERS_OF_TYPE, {"type": found.objid})
        if not all(_loses_default(evidence, (schema, table), column, row) for schema, table, column in users):
            continue
        if users:
            drop = f"DROP TYPE {qualified(name)} CASCADE;"
            step = replace(step, repair=replace(step.repair, statement=drop, inferred=users[0][:2]))
        steps.append(step)
    return steps


def _loses_default(evidence: Evidence, table: Name, column: str | None, row: HistoryRow) -> bool:
    later = evidence.later_columns(table, row.position + 1)
    return later is not None and (later.columns or {}).get(str(column), {"default": ""})["default"] is None
