"""Schemas: v1 records none (FORMATS 1.1), nor the search_path that a statement ran with (1.13).

A schema shows in a statement that fails (`missing`, `in_the_way`), or in the schema that a row's object came to be in
(`of_row`). A rename shows where an object keeps its oid and has its next row in another schema.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import replace

import psycopg

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import parse_name, quote_if_needed
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import says
from pggit_audit.rules import FROM_LIVE_CATALOG, IMPLIED_DROP, MISSING_SCHEMA, RENAMED_SCHEMA
from pggit_audit.rules.naming import Naming, namings, told
from pggit_audit.rules.situation import Bounds, Evidence, Failure, Repair, Situation
from pggit_audit.statements import Statement, quote

MISSING = {"3F000", "42P01", "42883", "42704"}
"""A schema, a relation, a routine, or a type is not there."""
_NONE_SELECTED = "3F000"
"""Beside a schema that is named: none of the search_path is there."""
_THERE = {"42P07", "42710", "42723"}


def missing(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement names a schema that is not there: another one has become it, or it was made."""
    statement = failure.statement
    if (
        statement.tag == "ALTER SCHEMA"
        and statement.renamed_to
        and failure.situation.holds(quote_if_needed(statement.renamed_to), "SCHEMA")
    ):
        # It has the new name already.
        return []
    candidates = [n for s in failure.failing for n in namings(s)]
    names = [n._replace(parts=n.parts[-2:-1]) for n in candidates if len(n.parts) > 1]
    names += [n for n in candidates if len(n.parts) == 1]
    # Code may put the statement together that names it.
    found = told(failure.message, names) or told(failure.message, _known(evidence))
    for (name,) in dict.fromkeys(n.parts for n in found):
        if not failure.situation.holds(quote_if_needed(name), "SCHEMA"):
            make = f"CREATE SCHEMA IF NOT EXISTS {quote(name)};"
            made = Repair(MISSING_SCHEMA, make, f"the statement names the schema {name}", alone=True)
            return [*_renamed(evidence, failure.situation, name), made]
    if failure.error.sqlstate == _NONE_SELECTED:
        why = "the text looks names up in it, and made something there"
        return [
            Repair(MISSING_SCHEMA, f"CREATE SCHEMA {quote(name)};", why, alone=True)
            for name in failure.situation.unmade_schemas
        ]
    return []


def _known(evidence: Evidence) -> Iterator[Naming]:
    """The schemas that rows are of, or the live catalog has."""
    recorded = {row.object_schema for row in evidence.history.rows} - {None}
    live = {o.object_name for (kind, _), o in evidence.live.by_identity.items() if kind == "SCHEMA"}
    for name in sorted({*map(str, recorded), *live}):
        yield Naming((name,), ("", ""), "", True, True)


def _renamed(evidence: Evidence, situation: Situation, schema: str) -> Iterator[Repair]:
    """The rename by which a schema came to its name, as the oids of what is in it say."""
    history = evidence.history
    if situation.holds(quote_if_needed(schema), "SCHEMA"):
        return
    for rename in history.schema_renames:
        if rename.new != schema or not rename.first < situation.position <= rename.last:
            continue
        if situation.holds(quote_if_needed(rename.old), "SCHEMA"):
            why = (
                f"row {history.version(rename.last)} has in {schema} the oid that "
                f"row {history.version(rename.first)} has in {rename.old}"
            )
            yield Repair(RENAMED_SCHEMA, _rename(rename.old, schema), why, alone=True)
            return


def by_its_id(
    evidence: Evidence,
    situation: Situation,
    came: Repair,
    name: str,
    published: Collection[DatabaseObject],
) -> Repair | None:
    """The rename by which a schema came to the name that it has in the end, when its row of the catalog was written
    (`came`): oids tell later that there was one, or it is the only one that is not live of what is `published`, and has
    in the end what was in that."""
    history, position = evidence.history, situation.position
    shown = [r for r in history.schema_renames if name in (r.old, r.new)]
    texts = {(old, new) for old, new, _ in history.schema_renames_in_texts}
    if len(shown) == 1 and shown[0].new == name and shown[0].first < position <= shown[0].last:
        (rename,) = shown
        old, not_before = rename.old, history.version(rename.first)
        why = f"row {history.version(rename.last)} has in it the oid that row {not_before} has in {old}"
    else:
        gone = {o.object_name for o in published if o.object_type == "SCHEMA" and not evidence.live.has(o)}
        if shown or len(gone) != 1 or not _has_what_was_in(evidence, published, min(gone), name):
            return None
        (old,), not_before = gone, None
        why = f"{old} is not there any more, and what was in it is in {name}"
    is_free = situation.holds(quote_if_needed(old), "SCHEMA") and not situation.holds(
        quote_if_needed(name), "SCHEMA"
    )
    if (old, name) in texts or not is_free or came.bounds is None:
        return None
    return replace(
        came,
        rule=RENAMED_SCHEMA,
        statement=_rename(old, name),
        evidence=f"{came.evidence}; {why}",
        alone=True,
        inferred=None,
        bounds=replace(came.bounds, not_before=not_before),
    )


def _has_what_was_in(evidence: Evidence, published: Collection[DatabaseObject], old: str, new: str) -> bool:
    """Whether a live schema has a table or a view of one that is published, and no row makes it there."""
    return any(
        o.object_schema == old
        and o.object_type in ("TABLE", "VIEW")
        and (found := evidence.live.by_name.get((new, o.object_name))) is not None
        and found.object_type == o.object_type
        and all(r.change_type != "CREATE" for r in evidence.history.by_name.get((new, o.object_name), ()))
        for o in published
    )


def _took_over(
    evidence: Evidence, situation: Situation, schema: str, taken: Mapping[str, int]
) -> Iterator[Repair]:
    """The renames by which a schema gave its name to another, and took a third one, or the other's (they swap).

    Where nothing tells which, what was in it is in the schema where the live catalog has it, or went.
    """
    history = evidence.history
    for rename in history.schema_renames:
        if rename.new != schema or rename.last != situation.position:
            continue
        if rename.first < taken.get(_rename(rename.old, schema), -1):
            continue
        away = next((r for r in history.schema_renames if r.old == schema and r.last >= rename.last), None)
        texts = (s for row in history.rows[rename.first + 1 : rename.last + 1] for s in row.statements)
        if not all(situation.holds(quote_if_needed(name), "SCHEMA") for name in (schema, rename.old)) or any(
            s.tag == "ALTER SCHEMA" and s.renamed_to == schema for s in texts
        ):
            continue
        if away is None and any(
            r.old == schema and rename.first < r.last < rename.last for r in history.schema_renames
        ):
            # That was with the row that showed the other rename.
            continue
        places = {away.new} if away is not None else _live_places(evidence, schema, situation.position)
        if places is None or len(places) > 1:
            continue
        given = next(iter(places), None)
        swap = given == rename.old
        if not swap and given is not None and situation.holds(quote_if_needed(given), "SCHEMA"):
            continue
        why = (
            f"row {history.version(rename.last)} has in {schema} the oid that row {history.version(rename.first)} "
            f"or one before has in {rename.old}, and what was in {schema} "
        )
        if given is None:
            yield replace(in_the_way(schema, f"{why}is nowhere in the live catalog"), alone=True)
            steps = [(rename.old, schema)]
        else:
            aside = f"{schema[:40]}_given_up" if swap else given
            steps = [(schema, aside), (rename.old, schema), *([(aside, given)] if swap else [])]
        why += f"goes on in {given}" if given is not None else "went"
        for old, new in steps:
            # Each a step of its own: what has a name in between is seen.
            yield Repair(RENAMED_SCHEMA, _rename(old, new), why, alone=True)
        return


def _rename(old: str, new: str) -> str:
    return f"ALTER SCHEMA {quote(old)} RENAME TO {quote(new)};"


def _gave_up_its_name(evidence: Evidence, situation: Situation, schema: str) -> Iterator[Repair]:
    """The rename by which a schema made room for another one of its name: the oids of what was in it are elsewhere."""
    history, position = evidence.history, situation.position
    shown = next(
        (r for r in history.schema_renames if r.old == schema and r.first < position <= r.last), None
    )
    if shown is not None:
        new: str | None = shown.new
        before, after = history.version(shown.first), history.version(shown.last)
        why = f"row {after} has in {new} the oid that row {before} has in it"
    else:
        last = [history.by_oid[r.oid][-1] for r in history.rows[:position] if r.oid is not None]
        oids = {
            r.oid for r in last if r.object_schema == schema and r.position < position and r.oid is not None
        }
        places = _live_schemas(evidence, oids)
        new = places.pop() if len(places) == 1 else None
        why = f"what was in it is in {new} in the live catalog"
    if new is not None and new != schema and not situation.holds(quote_if_needed(new), "SCHEMA"):
        yield Repair(
            RENAMED_SCHEMA, _rename(schema, new), f"another schema {schema} was made, and {why}", alone=True
        )


def _of_another(
    evidence: Evidence, situation: Situation, statement: Statement, row: HistoryRow
) -> Iterator[Repair]:
    """The rename of a schema, where a statement makes another one of its name, or a row what is in it already."""
    made = statement.targets[0] if statement.verb == "CREATE" and statement.targets else None
    if made is None or statement.or_replace:
        return
    if statement.tag == "CREATE SCHEMA":
        if not statement.if_exists and situation.holds(quote_if_needed(made[1]), "SCHEMA"):
            yield from _gave_up_its_name(evidence, situation, made[1])
        return
    schema, name = row.object_schema, (row.object_schema, row.name)
    if (
        schema is None
        or row.change_type != "CREATE"
        or row.name != made[1]
        or situation.relation(name) is None
    ):
        return
    if evidence.history.oid_of(row.object_type, name, row.position - 1) in (None, row.oid):
        return
    for rename in _gave_up_its_name(evidence, situation, schema):
        yield rename
        yield Repair(MISSING_SCHEMA, f"CREATE SCHEMA {quote(schema)};", rename.evidence, alone=True)


def _live_places(evidence: Evidence, schema: str, position: int) -> set[str | None] | None:
    """The other schemas in which the live catalog has what was in one by then; None where no oid tells."""
    if not evidence.moments:
        return None
    rows = evidence.history.rows[:position]
    oids = {r.oid for r in rows if r.object_schema == schema and r.oid is not None}
    return _live_schemas(evidence, oids) - {schema}


def _live_schemas(evidence: Evidence, oids: Iterable[int]) -> set[str | None]:
    """The schemas in which the live catalog has the relations of oids."""
    found = (evidence.moments.identity(oid) for oid in oids)
    return {parse_name(identity)[0] for identity in found if identity is not None}


def v1_as_live(evidence: Evidence, statement: Statement) -> list[Repair]:
    """What a statement rests on that uses v1's own schema: of that, only what it is now is known."""
    return [
        Repair(
            FROM_LIVE_CATALOG,
            f"CREATE SCHEMA {quote_if_needed(name)};",
            f"the statement names something in {name}, which is v1's own: no row is replayed of it, and it is here as "
            "the live catalog has it",
            about=f"schema {quote_if_needed(name)}",
        )
        for name in evidence.v1.named_by(statement)
    ]


def makes_what_v1_has(evidence: Evidence, error: psycopg.Error, statement: Statement) -> bool:
    """Whether a statement makes something in v1's own schema that is there already, as it is live."""
    made = {schema for schema, _ in statement.targets} & {*evidence.v1.named_by(statement)}
    return error.sqlstate in _THERE and statement.verb == "CREATE" and bool(made)


def of_older(evidence: Evidence, schema: str) -> Repair:
    """The schema of what was there before the tracker: under its name by the first row of something in it, if any."""
    why = f"something in {schema} was there before the tracker"
    shown = next((r.version_id for r in evidence.history.rows if r.object_schema == schema), None)
    return Repair(MISSING_SCHEMA, f"CREATE SCHEMA {quote(schema)};", why, bounds=Bounds(None, shown))


def in_the_way(name: str, why: str) -> Repair:
    """A statement makes a schema that is there."""
    return Repair(IMPLIED_DROP, f"DROP SCHEMA {quote(name)} CASCADE;", why)


def of_row(
    evidence: Evidence,
    situation: Situation,
    statement: Statement,
    row: HistoryRow,
    taken: Mapping[str, int],
) -> Iterator[Repair]:
    """The schema that a row's object came to be in, where the statement leaves it to the search_path.

    v1 records no schema, and PostgreSQL passes by one that is not there: the object would come to be in the next.
    `taken`: the renames that were taken before, and at which row.
    """
    schema = row.object_schema
    if schema is not None and statement.tag != "ALTER SCHEMA":
        renames = (
            [*_renamed(evidence, situation, schema)]
            or [*_took_over(evidence, situation, schema, taken)]
            or [*_of_another(evidence, situation, statement, row)]
        )
        if renames:
            yield from renames
            return
    if schema is not None and schema in situation.unmade_schemas:
        # The text itself says where names are looked up, and at its row the schema was there.
        makers = (s for s in row.statements if s.tag in ("CREATE SCHEMA", "ALTER SCHEMA", "DO"))
        if not any(says(s.folded, schema) for s in makers):
            make = f"CREATE SCHEMA {quote(schema)};"
            yield Repair(MISSING_SCHEMA, make, f"row {row.version_id} recorded an object in it")
        return
    if schema is None or situation.schemas[0] != schema:
        return
    made = statement.targets[0] if statement.targets else None
    target = statement.on or made
    if statement.tag == "DO":
        if says(statement.folded, schema):
            # It may make the schema itself.
            return
    elif statement.verb != "CREATE" or target is None or target[0] is not None:
        return
    elif row.object_type == "FUNCTION":
        # v1 calls it by its oid.
        if statement.object_type != "FUNCTION":
            return
    elif row.name not in (made[1] if made else None, target[1]):
        return
    if situation.holds(quote_if_needed(schema), "SCHEMA"):
        return
    make = f"CREATE SCHEMA {quote(schema)};"
    yield Repair(MISSING_SCHEMA, make, f"row {row.version_id} recorded an object in it")
