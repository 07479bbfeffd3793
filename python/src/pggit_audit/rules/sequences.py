"""Sequences: v1 records none of them (FORMATS 1.1), only the defaults that take their values.

A sequence shows in a statement that fails (`missing`), in a recorded default (`behind_default`), and in the rename of
its table, along with which it is renamed (`lost_renames`). Those of older tables: `own_of_columns`. The end of one that
is no column's: `unused`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace
from typing import Any

from sqlglot.tokens import TokenType

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    Columns,
    first_statement,
    parse_name,
    qualified,
    qualified_identity,
    quote_if_needed,
    sequence_of,
    sequences_of,
)
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import QUOTED, RENAMED_TABLE
from pggit_audit.rules import (
    FROM_LIVE_CATALOG,
    IMPLIED_DROP,
    MISSING_SEQUENCE,
    RENAMED_SEQUENCE,
    UNRECORDED_DROP,
    former_tables,
)
from pggit_audit.rules.dating import at_moment, within
from pggit_audit.rules.situation import Current, Evidence, Failure, PendingStep, Repair, Situation, about
from pggit_audit.statements import Name, Statement, folded, quote, unquote

# The column that owns a live sequence.
_PART = rf"(?:{QUOTED}|[\w$]+)"
_OWNED_BY = re.compile(rf" OWNED BY (?P<table>{_PART}\.{_PART})\.(?P<column>{_PART});")
# The column of a printed table, and its default.
_TAKES = re.compile(rf"^    ({_PART}) .*?DEFAULT (nextval\('(?:[^']|'')+'(?!')::regclass\))", re.MULTILINE)
_BEGINS_COLUMN = ("(", ",")
# What may stand between ADD or ALTER and the column.
_BEFORE_COLUMN = ("COLUMN", "IF", "NOT", "EXISTS")
# Sequences of tables, with the columns of other tables, or other columns, that take their next value.
_TAKEN_BY_OTHERS = """
    select sn.nspname, s.relname, tn.nspname, t.relname, a.attname
    from pg_catalog.pg_depend as o
    join pg_catalog.pg_class as s on s.oid operator(pg_catalog.=) o.objid
    join pg_catalog.pg_namespace as sn on sn.oid operator(pg_catalog.=) s.relnamespace
    join pg_catalog.pg_depend as d
        on d.refobjid operator(pg_catalog.=) s.oid
        and d.classid operator(pg_catalog.=) 'pg_catalog.pg_attrdef'::pg_catalog.regclass::pg_catalog.oid
    join pg_catalog.pg_attrdef as f on f.oid operator(pg_catalog.=) d.objid
    join pg_catalog.pg_attribute as a
        on a.attrelid operator(pg_catalog.=) f.adrelid and a.attnum operator(pg_catalog.=) f.adnum
    join pg_catalog.pg_class as t on t.oid operator(pg_catalog.=) f.adrelid
    join pg_catalog.pg_namespace as tn on tn.oid operator(pg_catalog.=) t.relnamespace
    where
        o.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        and o.deptype operator(pg_catalog.=) 'a'
        and s.relkind operator(pg_catalog.=) 'S'
        and o.refobjid operator(pg_catalog.=) any (
            select pg_catalog.to_regclass(x)::pg_catalog.oid from pg_catalog.unnest(%(tables)s::pg_catalog.text[]) as x
        )
        and (
            f.adrelid operator(pg_catalog.<>) o.refobjid or f.adnum operator(pg_catalog.<>) o.refobjsubid
        )
    order by t.oid, a.attnum
"""
_OF_COLUMN = """
    select n.nspname, s.relname
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_class as s on s.oid operator(pg_catalog.=) d.objid
    join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) s.relnamespace
    join pg_catalog.pg_attribute as a
        on a.attrelid operator(pg_catalog.=) d.refobjid and a.attnum operator(pg_catalog.=) d.refobjsubid
    where
        d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        and d.deptype operator(pg_catalog.=) any ('{a,i}'::pg_catalog.char[])
        and s.relkind operator(pg_catalog.=) 'S'
        and d.refobjid operator(pg_catalog.=) pg_catalog.to_regclass(%(table)s)::pg_catalog.oid
        and a.attname operator(pg_catalog.=) %(column)s::pg_catalog.name
"""
# What takes the values of a sequence, and the column whose it is.
_NEEDED = """
    select from pg_catalog.pg_depend as d
    where
        d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        and (
            d.refobjid operator(pg_catalog.=) %(sequence)s::pg_catalog.oid
            or d.classid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
            and d.objid operator(pg_catalog.=) %(sequence)s::pg_catalog.oid
        )
"""
SERIALS = {"int2": "smallint", "int4": "integer"}
"""The types of sequences that SERIAL makes, by that of the column as v1 records it; else bigint."""


def missing(evidence: Evidence, failure: Failure, name: Name) -> Repair | None:
    """A statement takes the next value of a sequence that is not there, or alters it."""
    full, statement = failure.resolve(name)[0], failure.statement
    altered = statement.tag == "ALTER SEQUENCE" and name[1] in (bare for _, bare in statement.targets)
    taken = re.compile(r"nextval\s*\(\s*'[^']*" + re.escape(name[1]), re.IGNORECASE)
    asked = any(taken.search(each.folded) for each in failure.failing)
    if not asked and not altered:
        return None
    why = f"the statement {'alters' if altered else 'asks for the next value of'} {name[1]}"
    make = Repair(MISSING_SEQUENCE, f"CREATE SEQUENCE {qualified(full)};", why, alone=True, inferred=full)
    given = _given_to(statement, name[1])
    if given is None:
        return make
    table, position = failure.resolve(statement.targets[0])[0], failure.situation.position
    found = _called_now(evidence, failure.situation, table, given)
    owner = f"ALTER SEQUENCE {qualified(full)} OWNED BY {qualified(table)}.{quote(given)};"
    if found is not None:
        return replace(
            make,
            rule=FROM_LIVE_CATALOG,
            statement=first_statement(found.definition).replace(found.object_identity, qualified(full), 1),
            evidence=f"{why}, and the live catalog has {found.object_identity} for that column",
            behind=(owner,) if _OWNED_BY.search(found.definition) else (),
        )
    if name[1] != f"{table[1]}_{given}_seq" or any(
        s.tag == "DROP SEQUENCE" and name[1] in (bare for _, bare in s.targets)
        for later in evidence.history.mentions(name[1])
        if later > position
        for s in evidence.history.rows[later].statements
    ):
        return make
    kinds = {c["name"]: SERIALS.get(str(c["type"])) for c in failure.situation.columns(table)}
    kind = f" AS {kinds[given]}" if kinds.get(given) else ""
    return replace(make, statement=f"CREATE SEQUENCE {qualified(full)}{kind};", behind=(owner,))


def _given_to(statement: Statement, sequence: str) -> str | None:
    """The column of a table to which CREATE TABLE or ALTER TABLE gives the next value of a sequence as its default."""
    if statement.tag not in ("CREATE TABLE", "ALTER TABLE"):
        return None
    inside, depth = int(statement.verb == "CREATE"), 0
    words, keywords, column = statement.words, statement.keywords, ""
    for i, token in enumerate(statement.tokens[:-2]):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        acts = i >= statement.end and keywords[i] in ("ADD", "ALTER")
        if depth == inside and (token.text in _BEGINS_COLUMN if inside else acts):
            rest = range(i + 1, len(words))
            column = next((words[n] for n in rest if keywords[n] not in _BEFORE_COLUMN), "")
        taken = statement.tokens[i + 2]
        is_taken = keywords[i] == "NEXTVAL" and taken.token_type == TokenType.STRING
        if is_taken and parse_name(folded(taken.text))[1] == sequence:
            return column
    return None


def _called_now(evidence: Evidence, situation: Situation, table: Name, column: str) -> DatabaseObject | None:
    """The live sequence of a column's default, which came to its name later: no text gives it to a column."""
    history = evidence.history
    first = next((r for r in history.by_name.get(table, ()) if r.position >= situation.position), None)
    live = former_tables.as_it_ended(evidence, first) if first is not None else None
    if live is None:
        return None
    taken = {column: s for column, default in _defaults(live).items() if (s := sequence_of(default))}
    now = taken.get(column) or (next(iter(taken.values())) if len(taken) == 1 else None)
    full = (now[0] or live.object_schema, now[1]) if now is not None else None
    found = evidence.live.by_name.get(full) if full is not None else None
    if (
        full is None
        or found is None
        or found.object_type != "SEQUENCE"
        or situation.relation(full) is not None
    ):
        return None
    texts = (s for at in history.mentions(full[1]) for s in history.rows[at].statements)
    return found if all(_given_to(s, full[1]) is None for s in texts) else None


def _defaults(live: DatabaseObject) -> dict[str, str]:
    """The defaults of a live table's columns that take the next value of a sequence."""
    return {unquote(column): default for column, default in _TAKES.findall(live.definition)}


def is_now(
    evidence: Evidence, there: Iterable[DatabaseObject], found: DatabaseObject, live: DatabaseObject
) -> bool:
    """Whether a column takes the next value of a sequence where in the end it takes that of a live one."""
    before, after = ((o.object_schema, o.object_name) for o in (found, live))
    for table in there:
        if table.object_type != "TABLE" or found.object_name not in table.definition:
            continue
        ended = evidence.live.table((table.object_schema, table.object_name))
        defaults = _defaults(ended) if ended is not None else {}
        if any(
            sequence_of(default) == before and sequence_of(defaults.get(column)) == after
            for column, default in _defaults(table).items()
        ):
            return True
    return False


def moved(evidence: Evidence, failure: Failure, name: Name) -> Iterator[Repair]:
    """A missing sequence that is there in another schema, or as its column's own, where the live catalog does not have
    it: it was moved, or renamed."""
    rows = failure.situation.query(
        "select n.nspname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relkind = 'S' and c.relname = %(name)s and n.nspname <> %(schema)s",
        {"name": name[1], "schema": name[0]},
    )
    live = evidence.live.by_name.get(name)
    if len(rows) == 1 and live is not None and live.object_type == "SEQUENCE":
        old = (str(rows[0][0]), name[1])
        if name[0] is not None and old not in evidence.live.by_name:
            statement = f"ALTER SEQUENCE {qualified(old)} SET SCHEMA {quote(name[0])};"
            why = f"the statement names {qualified(name)}, and the live catalog has it there only"
            yield Repair(RENAMED_SEQUENCE, statement, why, alone=True, inferred=name)
    owned = _OWNED_BY.search(live.definition) if live is not None and live.object_type == "SEQUENCE" else None
    if owned is None or rows:
        return
    its_own = failure.situation.query(
        _OF_COLUMN, {"table": owned["table"], "column": unquote(owned["column"])}
    )
    for schema, bare in its_own if len(its_own) == 1 else ():
        old = (str(schema), str(bare))
        if old[0] == name[0] and old not in evidence.live.by_name:
            why = f"the live catalog has {qualified(name)} as the sequence of {owned['column']}, which this one is"
            yield replace(_rename(old, name[1], why, name), alone=True)


def handed_on(evidence: Evidence, failure: Failure) -> Iterator[Repair]:
    """Sequences of what a drop without CASCADE takes away, from which other columns take their default: by then it was
    whose the live catalog says, or of the first of these."""
    tables = [qualified(full) for name in failure.statement.targets for full in failure.resolve(name)]
    rows = failure.situation.query(_TAKEN_BY_OTHERS, {"tables": tables})
    takers: dict[Name, list[tuple[str, str, str]]] = {}
    for schema, bare, *column in rows:
        takers.setdefault((schema, bare), []).append((column[0], column[1], column[2]))
    for name, columns in takers.items():
        live = evidence.live.by_name.get(name)
        owned = _OWNED_BY.search(live.definition) if live is not None else None
        of_live = (owned["table"], unquote(owned["column"])) if owned is not None else None
        of_these = [c for c in columns if (qualified_identity(*c[:2]), c[2]) == of_live] or columns
        owner = f"{qualified(of_these[0][:2])}.{quote(of_these[0][2])}"
        why = f"the drop ran without CASCADE, and {owner} takes the next value of {qualified(name)}"
        owner = "NONE" if live is not None and owned is None else owner
        yield Repair(
            RENAMED_SEQUENCE, f"ALTER SEQUENCE {qualified(name)} OWNED BY {owner};", why, inferred=name
        )


def before_identity(
    evidence: Evidence, situation: Situation, statement: Statement, row: HistoryRow
) -> Iterator[Repair]:
    """The drop of a column's own sequence just before the column becomes an identity column.

    DROP SEQUENCE leaves no row. The new sequence takes the name; else it would have a numbered one, and the old one
    would still be there.
    """
    words = statement.words
    if (
        statement.tag != "ALTER TABLE"
        or not statement.targets
        or "identity" not in words
        or "add" not in words
    ):
        return
    schema, bare = statement.targets[0]
    table = (schema or row.object_schema or situation.schemas[0], bare)
    for column in situation.columns(table):
        name = str(column["name"])
        sequence = (table[0], f"{bare}_{name}_seq")
        found = situation.relation(sequence)
        if name not in words or column["default"] or found is None or found.object_type != "SEQUENCE":
            continue
        if (
            sequence in evidence.live.by_name
            or f" OWNED BY {qualified_identity(*table)}.{quote_if_needed(name)};" not in found.definition
        ):
            continue
        why = (
            f"{name} becomes an identity column, and the live catalog does not have the sequence that it had"
        )
        for cascade in ("", " CASCADE"):
            if situation.relation(sequence) is not None:
                yield Repair(IMPLIED_DROP, f"DROP SEQUENCE {qualified(sequence)}{cascade};", why)


def behind_default(
    table: Name, column: str, fact: Mapping[str, Any], found: str | None, why: str
) -> Repair | None:
    """The sequence of a recorded default, where the shadow's default (`found`) has none, or one of another name.

    Once that one is renamed, the default is as recorded.
    """
    before, after = sequence_of(found), sequence_of(fact.get("default"))
    if after is None:
        return None
    if before is None:
        sequence = (after[0] or table[0], after[1])
        kind = SERIALS.get(str(fact.get("type")), "bigint")
        owner = f"{qualified(table)}.{quote(column)}"
        make = f"CREATE SEQUENCE IF NOT EXISTS {qualified(sequence)} AS {kind} OWNED BY {owner};"
        return Repair(MISSING_SEQUENCE, make, why, inferred=sequence)
    return _rename(before, after[1], why, (before[0] or table[0], after[1]))


def own_of_columns(evidence: Evidence, table: Name, before: Columns, known: Collection[str]) -> Iterator[str]:
    """What makes the sequences of columns that nothing live tells of as SERIAL makes them: of the column's type, and
    its own."""
    for column, fact in before.items():
        sequence = sequence_of(fact.get("default")) if column not in known else None
        # PostgreSQL numbers a name that is taken.
        if sequence is not None and re.fullmatch(re.escape(f"{table[1]}_{column}_seq") + r"\d*", sequence[1]):
            full = (sequence[0] or table[0], sequence[1])
            if full not in evidence.live.by_name:
                kind = SERIALS.get(str(fact.get("type")), "bigint")
                owner = f"{qualified(table)}.{quote(column)}"
                yield f"ALTER SEQUENCE {qualified(full)} AS {kind} OWNED BY {owner};"


def unused(
    evidence: Evidence,
    situation: Situation,
    row: HistoryRow,
    before: DatabaseObject | None,
    after: DatabaseObject | None,
) -> Iterator[PendingStep]:
    """The end of sequences that are no column's, whose values a table took `before` a row, and none does `after` it, if
    that was their end: no later session names them, in a text or in a default. In the same session."""
    history = evidence.history
    taken, left = (sequences_of(side.definition) if side else set() for side in (before, after))
    for name in sorted(taken - left):
        found = situation.relation(name)
        if found is None or found.object_type != "SEQUENCE" or evidence.live.has(found):
            continue
        last = history.session_end(row.position)
        named = [p for p in history.mentions(name[1]) if p >= row.position]
        facts = (f for r in history.rows[last + 1 :] for f in (r.columns or {}).values())
        if (
            any(p > last for p in named)
            or any(name[1] in str(fact.get("default")) for fact in facts)
            or situation.query(_NEEDED, {"sequence": found.objid})
        ):
            continue
        why = f"row {row.version_id} takes its last use away, and it is not in the live catalog"
        drop = Repair(
            UNRECORDED_DROP, f"DROP SEQUENCE {qualified(name)};", why, about=about("SEQUENCE", name)
        )
        yield PendingStep(max(named, default=row.position), name, drop, key=found.key)


def lost_renames(evidence: Evidence, table: Name, current: Current, position: int) -> list[PendingStep]:
    """Sequences that are renamed along with their table, just behind its rename."""
    history = evidence.history
    row = history.rows[position]
    if not any(unquote(new) == table[1] for _, new in RENAMED_TABLE.findall(row.text)):
        return []
    later = history.next_record(table, position)
    if later.ended:
        return []
    live = evidence.live.by_name.get(later.table)
    defaults = _defaults(live) if live is not None and later.columns is None else {}
    steps = []
    for column in current:
        name = str(column["name"])
        if later.columns is not None:
            default = later.columns.get(name, {}).get("default")
            source = f"row {history.version(later.position)}"
        else:
            default, source = defaults.get(name), "the live catalog"
        before, after = sequence_of(column["default"]), sequence_of(default)
        if before is None or after is None or before[1] == after[1]:
            continue
        old = (before[0] or table[0], before[1])
        why = f"{source} has {after[1]}, and row {row.version_id} renames the table"
        step = _rename(old, after[1], why, (old[0], after[1]))
        moment = within(
            evidence.moments.written("sequence", qualified_identity(old[0], after[1]), "pg_class"),
            position - 1,
            len(history),
        )
        dated = (
            at_moment(evidence, step, old, moment, "sequence", -1, sure=False) if moment is not None else None
        )
        steps.append(dated or PendingStep(position, old, step))
    return steps


def _rename(old: Name, new: str, why: str, renamed: Name) -> Repair:
    statement = f"ALTER SEQUENCE {qualified(old)} RENAME TO {quote(new)};"
    return Repair(RENAMED_SEQUENCE, statement, why, inferred=renamed)
