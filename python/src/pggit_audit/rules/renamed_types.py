"""Types that have another name than before: of a rename, v1 has only the names of columns' types (FORMATS 1.9).

A rename shows in the next record of the type's columns (`expected_renames`, `under_new_names`), or in a statement that
fails for lack of the new name, or of the old one (`renamed_by_now`, `name_of_now`, `in_the_way`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import column_types, first_statement, parse_name, qualified
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import DOTTED, NAME, says
from pggit_audit.rules import RENAMED_TYPE
from pggit_audit.rules.dating import about_type
from pggit_audit.rules.situation import Evidence, Failure, PendingStep, Repair, Situation
from pggit_audit.statements import Name, quote, unquote

RENAMED = re.compile(
    rf"\balter\s+type\s+({DOTTED})\s+rename\s+to\s+({NAME})",
    re.IGNORECASE,
)
_BUILT_IN = (
    "select from pg_catalog.pg_type where typname operator(pg_catalog.=) %(name)s::pg_catalog.name"
    " and typnamespace operator(pg_catalog.=) 'pg_catalog'::pg_catalog.regnamespace::pg_catalog.oid"
)


# When a statement fails ----------------------------------------------------------------------------


def renamed_by_now(failure: Failure, known: Sequence[Name], row: HistoryRow) -> Iterator[Repair]:
    """The type of another name that a column has which the statement leaves alone, and whose row recorded this name.

    ALTER COLUMN TYPE would have left a row of its own.
    """
    statement = failure.statement
    if statement.tag != "ALTER TABLE":
        return
    for table in (full for target in statement.targets for full in failure.resolve(target)):
        for column in failure.situation.columns(table) if table[1] == row.name else ():
            name, found = str(column["name"]), str(column["type"])
            recorded = str((row.columns or {}).get(name, {}).get("type", found))
            full = next((k for k in known if k[1] == recorded), None)
            if full is None or recorded == found or name in statement.words:
                continue
            if failure.situation.relation((full[0], found)) is not None:
                yield rename((full[0], found), recorded, f"row {row.version_id}")
                return


# The types of a name, in whatever schema.
_OF_NAME = """
    select n.nspname::pg_catalog.text
    from pg_catalog.pg_type as t
    join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) t.typnamespace
    where t.typname operator(pg_catalog.=) %(name)s::pg_catalog.name
"""


def moved(evidence: Evidence, failure: Failure, name: Name) -> Iterator[Repair]:
    """The type that the live catalog has in the schema where it is missing, and not in the one where it is."""
    live = evidence.live.types.get(name)
    if live is None or name[0] is None:
        return
    schemas = [schema for (schema,) in failure.situation.query(_OF_NAME, {"name": name[1]})]
    found = [
        here
        for schema in schemas
        if (schema, name[1]) not in evidence.live.types
        and (here := failure.situation.relation((schema, name[1]))) is not None
        and here.object_type == "TYPE"
        and first_statement(here.definition).replace(here.object_identity, live.object_identity, 1)
        == first_statement(live.definition)
    ]
    if len(found) == 1:
        statement = f"ALTER TYPE {qualified((found[0].object_schema, name[1]))} SET SCHEMA {quote(name[0])};"
        why = f"the live catalog has {live.object_identity}, and {found[0].object_identity} no more, which is the same"
        yield Repair(RENAMED_TYPE, statement, why, alone=True, inferred=name)


def name_of_now(evidence: Evidence, failure: Failure, name: Name) -> DatabaseObject | None:
    """The live type that a later record, or the live table, has for a column that a statement gives this type.

    So it was renamed, where no text in between gives the column that type.
    """
    statement, position = failure.statement, failure.situation.position
    if statement.object_type != "TABLE" or name[1] not in statement.words:
        return None
    rows = evidence.history.rows
    for table in (full for target in statement.targets for full in failure.resolve(target)):
        for column, now, until in _later_types(evidence, table, position):
            if now == name[1] or not _gives(statement.words, column, name[1]):
                continue
            found = evidence.live.by_name.get((name[0] or table[0], now))
            if found is None or found.object_type != "TYPE":
                continue
            if not any(given_type(s.words, now) for r in rows[position + 1 : until] for s in r.statements):
                return found
    return None


def _later_types(evidence: Evidence, table: Name, position: int) -> Iterator[tuple[str, str, int]]:
    """What later records of a table, and at last the live one, call its columns' types; and the row behind each."""
    history = evidence.history
    row = history.later_columns(table, position + 1)
    while row is not None:
        for column, fact in (row.columns or {}).items():
            yield column, str(fact.get("type")), row.position + 1
        row = history.later_columns(table, row.position + 1)
    live = evidence.live.table(table)
    for column, text in column_types(live.definition) if live is not None else ():
        yield column, parse_name(text)[1], len(history)


def _gives(words: Sequence[str], column: str, type_name: str) -> bool:
    """Whether a type stands right behind a column in a statement."""
    return any(
        words[i + 1 : i + 2] == (type_name,) or words[i + 2 : i + 4] == (".", type_name)
        for i, word in enumerate(words)
        if word == column
    )


def given_type(words: Sequence[str], type_name: str) -> str | None:
    """The column that a statement gives a type of that name."""
    for i, word in enumerate(words):
        before = words[: i - 2] if words[i - 1 : i] == (".",) else words[:i]
        if word == type_name and before[-1:] == ("type",):
            before = before[:-3] if before[-3:] == ("set", "data", "type") else before[:-1]
            return before[-1] if before else None
    return None


# Renames, and their moment -------------------------------------------------------------------------


def rename(name: Name, new_name: str, source: str) -> Repair:
    """The step by which a type took another's name, that other one being gone by then."""
    new = (name[0], new_name)
    return Repair(
        RENAMED_TYPE,
        f"DROP TYPE IF EXISTS {qualified(new)};\nALTER TYPE {qualified(name)} RENAME TO {quote(new_name)};",
        f"{source} has {new_name} for its columns",
        inferred=new,
        about=about_type(new),
    )


def in_the_way(evidence: Evidence, name: Name, situation: Situation) -> list[Repair]:
    """A type whose columns all have another type's name in their next record was renamed to it."""
    history = evidence.history
    users = situation.query(
        "select n.nspname, c.relname, a.attname from pg_catalog.pg_attribute as a"
        " join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) a.attrelid"
        " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace"
        " join pg_catalog.pg_type as t on t.oid operator(pg_catalog.=) a.atttypid"
        " join pg_catalog.pg_namespace as s on s.oid operator(pg_catalog.=) t.typnamespace"
        " where c.relkind operator(pg_catalog.=) any ('{r,p}'::pg_catalog.\"char\"[])"
        " and a.attnum operator(pg_catalog.>) 0 and not a.attisdropped"
        " and t.typname operator(pg_catalog.=) %(name)s::pg_catalog.name"
        " and s.nspname operator(pg_catalog.=) %(schema)s::pg_catalog.name",
        {"name": name[1], "schema": name[0] or situation.schemas[0]},
    )
    recorded: set[str] = set()
    rows: set[int] = set()
    for schema, table, column in users:
        row = history.later_columns((schema, table), situation.position)
        if row is not None and row.columns and column in row.columns:
            recorded.add(str(row.columns[column].get("type")))
            rows.add(row.version_id)
    if len(recorded) == 1 and name[1] not in recorded:
        return [rename(name, recorded.pop(), f"row {min(rows)}")]
    # A type that is made, used, and given another's name each time, as migrations of enums go: the
    # recorded texts that do it again tell the name.
    for row in history.rows:
        for old, new in RENAMED.findall(row.text):
            if parse_name(old)[1] == name[1]:
                return [rename(name, unquote(new), f"the text of row {row.version_id}")]
    return []


def under_new_names(situation: Situation, table: Name, row: HistoryRow) -> Iterator[Repair]:
    """Types of a table's columns that took another's name by a row, rather than columns that changed their type."""
    for column in situation.columns(table):
        found = str(column["type"])
        recorded = str((row.columns or {}).get(str(column["name"]), {}).get("type", found))
        if recorded != found and situation.relation((table[0], found)):
            yield rename((table[0], found), recorded, f"row {row.version_id}")


def expected_renames(
    evidence: Evidence, situation: Situation, table: Name, row: HistoryRow, before: DatabaseObject | None
) -> Iterator[PendingStep]:
    """Types that, by the next record of this table, have taken another one's name. `before`: the table before the row.

    Behind the last text of the row's session that names the type; before the first sign of the new name, if the row
    did not set the type, so that nothing says that the new name was meant by then, or if that is the passing one of the
    two: the live catalog has the old one alone, for what took it over.
    """
    history, live = evidence.history, evidence.live.types
    types = column_types(before.definition) if before else ()
    # PostgreSQL's own types have no schema in a definition.
    types_before = {c: parse_name(t)[1] for c, t in types if parse_name(t)[0]}
    for column, fact in (row.columns or {}).items():
        name = (table[0], str(fact.get("type")))
        found = situation.relation(name)
        if found is None or found.object_type != "TYPE":
            continue
        later = _later_type(evidence, table, column, row, types_before.get(column))
        if later is None or later[0] == name[1]:
            continue
        if situation.query(_BUILT_IN, {"name": later[0].split("(", 1)[0]}):
            # Another type of the column, by a text that spells it in another way.
            continue
        new = (name[0], later[0])
        is_passing = name in live and new not in live
        if row.change_type == "CREATE" and not is_passing:
            # Whether it was renamed is left to the row that shows it.
            continue
        early = is_passing or (types_before.get(column) == name[1] and situation.relation(new) is None)
        if early:
            naming = next((r for r in history.rows[row.position + 1 :] if _names(r, later[0])), None)
            if naming is not None and _renames(naming, name[1], later[0]):
                # Its own text does it, when its turn comes.
                continue
            place = (
                _replaced_by(evidence, situation, name, row, naming) if naming is not None else len(history)
            )
        else:
            place = last_mention(evidence, name[1], row.position)
        yield PendingStep(place, name, rename(name, *later), early=early, key=found.key)


def _replaced_by(
    evidence: Evidence, situation: Situation, name: Name, here: HistoryRow, naming: HistoryRow
) -> int:
    """Position of the first row behind one that, in the session of the one that shows a type under another name, gives
    a column the type that it has by now: it is another one of the name. If there is none, of the one that shows it."""
    for row in evidence.history.rows[here.position + 1 : naming.position]:
        if evidence.history.session_end(row.position) < naming.position:
            continue
        for statement in row.statements:
            column = given_type(statement.words, name[1])
            if column is not None and _type_by(evidence, situation, row, column) == name[1]:
                return row.position
    return naming.position


def _type_by(evidence: Evidence, situation: Situation, row: HistoryRow, column: str) -> str | None:
    """The type that a column of a row's table has by then: as the record before says, or as it is now."""
    table = (row.object_schema, row.name)
    for earlier in reversed(evidence.history.by_name[table]):
        if earlier.position < row.position and column in (earlier.columns or {}):
            return str((earlier.columns or {})[column].get("type"))
    return next((str(c["type"]) for c in situation.columns(table) if c["name"] == column), None)


def _later_type(
    evidence: Evidence, table: Name, column: str, here: HistoryRow, before: str | None
) -> tuple[str, str] | None:
    """What a column's type, just set by a row, is called by its next record; and which record that is.

    None where the next record's own statement set it. Without a later record: the name of the type
    that it had `before`, if the live catalog has a type of that name and none of the new one. So go
    migrations that replace an enum: a new one takes the column, then the old one's name.
    """
    now = str((here.columns or {}).get(column, {}).get("type"))
    row = evidence.history.later_columns(table, here.position + 1)
    if row is not None and row.columns and column in row.columns:
        recorded = str(row.columns[column].get("type"))
        made_anew = row.execution != here.execution and re.search(
            rf'create\s+type\s+"?{re.escape(now)}"?\s', row.text, re.IGNORECASE
        )
        if recorded == now and before and before != now and made_anew:
            # The record is of a second type of the name: the first had given it up by then.
            return before, f"row {row.version_id}, which makes {now} anew,"
        if says(row.text, recorded):
            return None
        return recorded, f"row {row.version_id}"
    live = evidence.live.by_name
    old = live.get((table[0], before or ""))
    if (
        before
        and before != now
        and live.get((table[0], now)) is None
        and old is not None
        and old.object_type == "TYPE"
    ):
        return before, "the live catalog"
    return None


def last_mention(evidence: Evidence, type_name: str, position: int) -> int:
    """Position of the last row of this row's session that names a type in its text or its columns."""
    history = evidence.history
    end = history.next_session(position)
    rows = history.rows[position : end if end > position else None]
    return max((row.position for row in rows if _names(row, type_name)), default=position)


def _names(row: HistoryRow, type_name: str) -> bool:
    """Whether the row's text or its columns name a type."""
    return says(row.text, type_name) or any(
        fact.get("type") == type_name for fact in (row.columns or {}).values()
    )


def _renames(row: HistoryRow, old: str, new: str) -> bool:
    """Whether the row's text gives a type another name."""
    return any(
        s.renamed_to == new
        and s.tag in ("ALTER TYPE", "ALTER DOMAIN")
        and any(n == old for _, n in s.targets)
        for s in row.statements
    )
