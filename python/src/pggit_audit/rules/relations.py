"""Relations: tables, views and materialized views; v1 records the first two, and of each name one drop (FORMATS 1.6).

A lost one shows in a statement that fails (`missing`, `wider_stub`, `in_the_way`, `of_another_kind`), a lost drop in
the live catalog (`lost_drop`, with the moment; routines and indexes as well). Views that were there before the
tracker: `pre_existing_views`; tables: `tables`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise, takewhile

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    STATEMENT,
    create_table,
    first_statement,
    in_schema,
    parse_name,
    qualified,
    qualified_identity,
    quote_if_needed,
)
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import RENAMED_TABLE
from pggit_audit.live import indexed_table
from pggit_audit.rules import (
    FROM_LIVE_CATALOG,
    IMPLIED_DROP,
    NAME_AS_RECORDED,
    NOT_YET_RENAMED,
    OLDER_VIEW,
    STUB_RELATION,
    TABLE_FROM_COLUMNS,
    UNRECORDED_DROP,
    columns,
    constraints,
    former_tables,
    indexes,
    materialized_views,
    renamed_types,
    routines,
    sequences,
    tables,
)
from pggit_audit.rules.dating import as_older, is_recorded_elsewhere, last_written, made_by
from pggit_audit.rules.naming import but_for_numbers
from pggit_audit.rules.placing import halfway, taken_apart
from pggit_audit.rules.situation import Evidence, Failure, PendingStep, Repair, about
from pggit_audit.statements import Name, Statement, quote, unquote

# Kinds that lead a life of their own; a view comes and goes with a table's columns.
_LASTING = ("TABLE", "FUNCTION", "PROCEDURE")
_TABLES = ("TABLE", "FOREIGN TABLE")


# When a statement fails ----------------------------------------------------------------------------


def missing(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement names a relation that is not there; what it was, best known first."""
    name = failure.missing()
    if name is None:
        return []
    found = [*_renamed_by_statement(evidence, name, failure), *_not_yet_renamed(evidence, name, failure)]
    found += [r for full in failure.resolve(name) for r in sequences.moved(evidence, failure, full)]
    for full in failure.resolve(name):
        row = evidence.history.later_columns(full, failure.situation.position)
        if row is not None and row.columns:
            why = f"row {row.version_id} recorded these columns of {qualified(full)}"
            make = create_table(full, evidence.modifiers.usual(row.columns))
            found.append(Repair(TABLE_FROM_COLUMNS, make, why, alone=True, inferred=full))
    found += materialized_views.under_its_former_name(evidence, failure, name)
    for full in failure.resolve(name):
        schema = full[0]
        if full not in evidence.live.by_name:
            schema = evidence.history.live_schema(schema, failure.situation.position)
        live = evidence.live.by_name.get((schema, full[1]))
        if live is None and (live := former_tables.moved_sequence(evidence, full)) is not None:
            schema = live.object_schema
        if live is not None and _is_another(live, failure.statement):
            continue
        if live is not None and live.object_type in (*_TABLES, "VIEW", "MATERIALIZED_VIEW", "SEQUENCE"):
            make, rest = first_statement(live.definition), list[str]()
            why = f"{live.object_type} {live.object_identity} is in the live catalog"
            if live.object_type in _TABLES:
                as_now = tables.as_live(evidence, live, failure.situation.position)
                make, rest, why = as_now.make, as_now.rest, why + as_now.why
            elif live.object_type == "SEQUENCE":
                rest = [statement.strip() for statement in STATEMENT.findall(live.definition)[1:]]
            if schema and full[0] and schema != full[0]:
                make = in_schema(make, schema, full[0])
                rest = [in_schema(statement, schema, full[0]) for statement in rest]
            # The last write of a foreign table may be of its options, or of its name.
            recorded = live.object_type in (*_TABLES, "VIEW")
            when = None if recorded else made_by(evidence, live, failure.situation.position)
            found.append(
                Repair(
                    FROM_LIVE_CATALOG, make, why, alone=True, inferred=full, bounds=when,
                    # Whose column a sequence is can be said once the table is there.
                    then=tuple(rest) if live.object_type != "SEQUENCE" else (),
                    behind=tuple(rest) if live.object_type == "SEQUENCE" else (),
                    about=last_written(live.object_type) if when is not None
                    else about(live.object_type, full) if live.object_type == "MATERIALIZED_VIEW" else None,
                )
            )  # fmt: skip
    sequence = sequences.missing(evidence, failure, name)
    if sequence is not None:
        found.append(sequence)
    elif failure.statement.verb != "DROP":
        full = failure.resolve(name)[0]
        why = f"the statement names {qualified(full)}, of which nothing else is known"
        kind = _kind_of_stub(evidence, failure, full)
        # A partition that is detached needs its parent's columns, and is none any more.
        detached = any(n.before == ("DETACH", "PARTITION") for n in failure.told if n.name == name)
        if kind is not None and not detached:
            found.append(
                Repair(
                    STUB_RELATION, _stub(full, kind), why, alone=True, inferred=full, about=about(kind, full)
                )
            )
    return found


def _is_another(live: DatabaseObject, statement: Statement) -> bool:
    """Whether a live materialized view is not the one that an index is made on: that had a column which this lacks."""
    if live.object_type != "MATERIALIZED_VIEW" or statement.tag != "CREATE INDEX":
        return False
    names, words, depth = columns.printed_names(live), (*statement.words, ""), 0
    for i, word in enumerate(words[:-1]):
        depth += (word == "(") - (word == ")")
        begins = depth == 1 and word in ("(", ",") and words[i + 1] != "("
        if begins and names and words[i + 1] not in names and words[i + 2 : i + 3] not in (("(",), (".",)):
            return True
        if word == ")" and depth == 0:
            break
    return False


def _renamed_by_statement(evidence: Evidence, name: Name, failure: Failure) -> Iterator[Repair]:
    """What the statement renames, made without a row: the row of the rename has a table's columns; the live catalog
    what leaves no row at all."""
    new = failure.statement.renamed_to
    live = evidence.live.by_name.get((failure.resolve(name)[0][0], new)) if new is not None else None
    kind = failure.statement.object_type
    if live is not None and live.object_type == kind and kind in ("SEQUENCE", "MATERIALIZED_VIEW"):
        full = (live.object_schema, name[1])
        make = first_statement(live.definition).replace(live.object_identity, qualified_identity(*full), 1)
        why = f"the live catalog has it as {live.object_name}, and the statement calls it that"
        yield Repair(FROM_LIVE_CATALOG, make, why, alone=True, inferred=full)
    match = RENAMED_TABLE.search(failure.statement.folded)
    if match is None or parse_name(match[1])[1] != name[1]:
        return
    rows = evidence.history.rows[failure.situation.position :]
    for row in takewhile(lambda r: r.execution == rows[0].execution, rows):
        if row.object_type == "TABLE" and row.name == unquote(match[2]) and row.columns:
            full = (row.object_schema, name[1])
            why = f"row {row.version_id} recorded these columns of it, as {row.name}"
            live = evidence.live.table((row.object_schema, row.name))
            make = create_table(full, evidence.modifiers.usual(row.columns, live))
            yield Repair(TABLE_FROM_COLUMNS, make, why, alone=True, inferred=full)
            return


def _not_yet_renamed(evidence: Evidence, name: Name, failure: Failure) -> list[Repair]:
    """A definition of the live catalog names a table as it is called now; it had another name then."""
    history = evidence.history
    for row in history.rows[failure.situation.position :]:
        if row.name != name[1]:
            continue
        before = [parse_name(old) for old, new in RENAMED_TABLE.findall(row.text) if unquote(new) == name[1]]
        if not before:
            continue
        older = [full for old in before for full in failure.resolve(old)]
        # It may have been renamed more than once since.
        older += [n for n, _, _ in history.names("TABLE", (row.object_schema, name[1])) if n[1] != name[1]]
        for full in older:
            if failure.situation.relation(full) is not None:
                pattern = re.escape(quote_if_needed(name[1]))
                parts = re.split(rf'(?<![\w"]){pattern}(?![\w"])', failure.statement.text)
                text = quote(full[1]).join(parts)
                if text != failure.statement.text:
                    why = f"row {row.version_id} renamed it to {name[1]}, later: it was {full[1]}"
                    return [Repair(NOT_YET_RENAMED, text, why, rewrite=True)]
    return []


def _kind_of_stub(evidence: Evidence, failure: Failure, name: Name) -> str | None:
    """What a relation is of which only the name is known, None where it is an index or a foreign table.

    As its rows say, else the statement that names it, else any other text that can name one kind only. v1 records
    tables and views, so what never left a row, and no text speaks of as either, is a materialized view.
    """
    history = evidence.history
    kinds = {row.object_type for row in history.by_name.get(name, ())}
    if kinds:
        return "TABLE" if "TABLE" in kinds else "VIEW" if "VIEW" in kinds else None
    kind = failure.statement.object_type
    # What a foreign table is made of, its server, nothing tells.
    if (kind == "INDEX" and failure.statement.verb != "CREATE") or kind == "FOREIGN_TABLE":
        return None
    told = (s for p in history.mentions(name[1]) for s in history.rows[p].statements if s.mentions(name[1]))
    kinds_told = (_kind_told(statement, name) for statement in (failure.statement, *told))
    return next((kind for kind in kinds_told if kind is not None), "MATERIALIZED VIEW")


def _kind_told(statement: Statement, name: Name) -> str | None:
    """What a statement can only mean by a name: a foreign key refers to a table, DROP says the kind."""
    words = statement.words
    if statement.object_type in ("TABLE", "VIEW", "MATERIALIZED_VIEW") and any(
        bare == name[1] and schema in (None, name[0]) for schema, bare in statement.targets
    ):
        return statement.object_type.replace("_", " ")
    for i, word in enumerate(statement.keywords):
        if word == "REFERENCES" and (
            words[i + 1 : i + 2] == (name[1],) or words[i + 1 : i + 4] == (name[0], ".", name[1])
        ):
            return "TABLE"
    return None


def _end(kind: str, name: Name) -> str:
    """What drops without a row of what had one name are about: each time, when it went."""
    return f"end of {about(kind, name)}"


def _stub(name: Name, kind: str, known: Sequence[tuple[str, str]] = ()) -> str:
    """A relation of which only the name is known, as its comment says. `known` are its columns, with their types."""
    if kind == "TABLE":
        body = f"CREATE TABLE {qualified(name)} (" + ", ".join(f"{quote(c)} {t}" for c, t in known) + ");"
    else:
        chosen = ", ".join(f"NULL::{t} AS {quote(c)}" for c, t in known)
        body = f"CREATE {kind} {qualified(name)} AS SELECT {chosen}"
        body += " WITH NO DATA;" if kind == "MATERIALIZED VIEW" else ";"
    return body + f"\nCOMMENT ON {kind} {qualified(name)} IS 'Stub: its definition is lost.';"


# What indexes a relation has.
_INDEXES = """
    select pg_catalog.pg_get_indexdef(indexrelid) from pg_catalog.pg_index
    where indrelid operator(pg_catalog.=) %(oid)s::pg_catalog.oid
    order by indexrelid
"""


def wider_stub(failure: Failure) -> list[Repair]:
    """A statement names a column of a stub: the stub is made again with one column more, and its indexes with it."""
    column = failure.column()
    found: list[Repair] = []
    for table in failure.tables() if column is not None else ():
        relation = failure.situation.relation(table)
        if (
            relation is not None
            and relation.object_type in ("VIEW", "MATERIALIZED_VIEW")
            and "Stub:" in relation.definition
        ):
            known = [(str(c["name"]), str(c["full_type"])) for c in failure.situation.columns(table)]
            known.append((str(column), columns.likely_type(failure, str(column))))
            kind = relation.object_type.replace("_", " ")
            make = f"DROP {kind} {qualified(table)};\n{_stub(table, kind, known)}"
            for (index,) in failure.situation.query(_INDEXES, {"oid": relation.objid}):
                make += f"\n{index};"
            why = f"the statement names {column} of {qualified(table)}, of which nothing else is known"
            found.append(
                Repair(STUB_RELATION, make, why, alone=True, inferred=table, about=about(kind, table))
            )
    return found


def in_the_way(evidence: Evidence, failure: Failure, name: Name, why: str) -> list[Repair]:
    """A statement makes something under a name that a relation, an index or a type has."""
    found: list[Repair] = []
    for full in failure.resolve(name):
        relation = failure.situation.relation(full)
        if relation is None:
            continue
        if relation.object_type == "TYPE":
            found += renamed_types.in_the_way(evidence, full, failure.situation)
        if relation.object_type == "INDEX":
            found += constraints.of_index_in_the_way(failure, full, why)
        drop = f"DROP {relation.object_type.replace('_', ' ')} {qualified(full)}"
        end = _end(relation.object_type, full)
        found += (Repair(IMPLIED_DROP, f"{drop}{cascade};", why, about=end) for cascade in ("", " CASCADE"))
    return found


def may_be_dropped_unseen(evidence: Evidence, failure: Failure, name: Name) -> bool:
    """Whether a relation may have gone without a row: v1 records the first drop under a plain name (FORMATS 1.4,
    1.6)."""
    before = evidence.history.rows[: failure.situation.position]
    return quote_if_needed(name[1]) != name[1] or any(
        row.change_type == "DROP" and row.name == name[1] for row in before
    )


def of_another_kind(failure: Failure) -> list[Repair]:
    """A statement makes a relation where one of another kind has the name."""
    statement = failure.statement
    if not statement.targets or statement.verb != "CREATE":
        return []
    return [
        Repair(
            IMPLIED_DROP,
            f"DROP {relation.object_type.replace('_', ' ')} {qualified(full)} CASCADE;",
            "the recorded CREATE ran, so what has the name was gone by then",
        )
        for full in failure.resolve(statement.targets[0])
        if (relation := failure.situation.relation(full)) is not None
    ]


# Under the names of the rows -----------------------------------------------------------------------


def as_recorded(rows: Iterable[HistoryRow], made: Sequence[DatabaseObject]) -> Iterator[Repair]:
    """Gives what code made the names that its rows have: it may name things after the clock, or a number of its own.

    In order, where as many rows of a kind are left over as objects that no row names; else (the rows of later code
    are among them) those whose names differ in their digits alone.
    """
    told = [r for r in rows if r.change_type != "DROP"]
    tables: dict[Name, HistoryRow] = {}
    for kind in ("TABLE", "VIEW", "INDEX"):
        recorded = [r for r in told if r.object_type == kind and r.change_type == "CREATE"]
        names = {r.name for r in told if r.object_type == kind}
        found = [o for o in made if o.object_type == kind]
        left = sorted((o for o in found if o.object_name not in names), key=lambda o: o.objid)
        unknown = [r for r in recorded if all(o.object_name != r.name for o in found)]
        pairs = [(o, r) for o, r in _paired(left, unknown) if o.object_schema == r.object_schema]
        if kind == "INDEX":
            yield from _called_after_tables([o for o in left if o not in [p for p, _ in pairs]], tables)
        for relation, row in pairs:
            name = (relation.object_schema, relation.object_name)
            if kind == "TABLE":
                tables[name] = row
            yield Repair(
                NAME_AS_RECORDED,
                f"ALTER {kind} {qualified(name)} RENAME TO {quote(row.name)};",
                f"row {row.version_id} recorded it under this name",
                inferred=(relation.object_schema, row.name),
            )


def _called_after_tables(
    indexes: Iterable[DatabaseObject], tables: Mapping[Name, HistoryRow]
) -> Iterator[Repair]:
    """Indexes without rows, as partitions get with those of their parents, called after tables that get other names."""
    for index in indexes:
        table = indexed_table(index)
        row = tables.get(table)
        if row is None or not index.object_name.startswith(f"{table[1]}_"):
            continue
        name = row.name + index.object_name.removeprefix(table[1])
        yield Repair(
            NAME_AS_RECORDED,
            f"ALTER INDEX {qualified((index.object_schema, index.object_name))} RENAME TO {quote(name)};",
            f"row {row.version_id} recorded another name of its table, after which it is called",
            inferred=(index.object_schema, name),
        )


def _paired(
    made: Sequence[DatabaseObject], rows: Sequence[HistoryRow]
) -> Iterator[tuple[DatabaseObject, HistoryRow]]:
    if len(made) == len(rows):
        yield from zip(made, rows, strict=True)
        return
    waiting = list(rows)
    for relation in made:
        shape = but_for_numbers(relation.object_name)
        row = next((r for r in waiting if but_for_numbers(r.name) == shape != r.name), None)
        if row is not None:
            waiting.remove(row)
            yield relation, row


# The end without a row, and its moment -------------------------------------------------------------


def lost_drop(evidence: Evidence, found: DatabaseObject, position: int) -> PendingStep | None:
    """When an object that just appeared was dropped, if no row says so although it is gone.

    v1 records no drop of a routine, of a quoted name, or of anything for the second time (FORMATS 1.4
    to 1.6). The first moment that the evidence allows is in the session after the last text that names it,
    the last one is the end. A view goes at once, an index when its table is touched next, or with it, or (with a
    quoted name) halfway.
    """
    history = evidence.history
    name = (found.object_schema, found.object_name)
    kind = found.object_type
    if kind not in ("TABLE", "VIEW", "MATERIALIZED_VIEW", "INDEX", "FUNCTION", "PROCEDURE"):
        return None
    routine = kind in ("FUNCTION", "PROCEDURE")
    if evidence.live.has(found) or _goes_on(evidence, found, position):
        return None
    if history.ends_with_its_text(found.object_schema, position):
        return None
    if routine and routines.goes_on(evidence, found, position):
        return None
    helped = routines.helps_until(evidence, found, position) if routine else None
    if helped is not None:
        until, why = helped
        drop = f"DROP {kind} {found.object_identity};"
        seen = history.rows[until].created_at
        step = Repair(UNRECORDED_DROP, drop, why, seen_until=seen, about=_end(kind, name))
        return PendingStep(until, name, step, waits=True)
    if any(
        r.position > position and r.change_type in ("CREATE", "DROP") for r in history.by_name.get(name, [])
    ):
        # A row drops it; or it is made anew by the statement after the one that dropped it, as a rule.
        return None
    bare = name[1].split("(", 1)[0] if routine else name[1]
    named = [p for p in history.mentions(bare) if position <= p]
    last = named[-1] if named else position
    if kind == "INDEX":
        last = max(last, indexes.needed_until(evidence, found, position))
    if kind == "INDEX" and (
        indexes.went_with_table(evidence, found, last) or indexes.went_with_column(evidence, found, last)
    ):
        return None
    working = kind == "TABLE" and _went_at_once_before(evidence, name, position)
    if working:
        # Later texts speak of the next one.
        last = position
    transactions = 0
    apart = working or (kind == "TABLE" and taken_apart(history, bare, named))
    if apart:
        due = history.session_end(last)
    else:
        due = history.next_session(last)
        if due > last and kind == "INDEX" and quote_if_needed(name[1]) != name[1]:
            # v1 records no drop of such a name at all, so that it tells nothing that there is no row.
            due = max(due, halfway(last, len(history)))
        elif due > last and kind == "INDEX":
            due = indexes.table_touched(evidence, found, due) or due
        elif due > last and kind in _LASTING:
            end = history.session_end(last)
            due = max(due, evidence.habits.likely_end(named, end))
            due, transactions = evidence.moments.likelier(end, due, evidence.habits.fading(named, end))
    if due <= last and not apart and not transactions:
        return None
    drop = f"DROP {kind.replace('_', ' ')} {found.object_identity if routine else qualified(name)};"
    why = f"it is not in the live catalog, no row drops it, and no row after {history.version(last)} names it"
    if transactions:
        why += f"; behind row {history.version(due)}, {transactions} transactions left no row"
    # Of a materialized view v1 records nothing: that it was there is as open as when it went.
    together = about(kind, name) if kind == "MATERIALIZED_VIEW" else _end(kind, name)
    seen = history.rows[last].created_at
    step = Repair(UNRECORDED_DROP, drop, why, seen_until=seen, about=together)
    if transactions:
        # Of which session they are, that of the row or of the next one, is open.
        return PendingStep(due + 1, name, step, early=True, waits=True)
    return PendingStep(due, name, step, waits=True)


def _went_at_once_before(evidence: Evidence, name: Name, position: int) -> bool:
    """Whether the name is a working name: a table had it before, and was dropped in the session in which it got it."""
    history = evidence.history
    rows = [r for r in history.by_name.get(name, []) if r.position < position]
    return any(
        after.change_type == "DROP" and after.position <= history.session_end(before.position)
        for before, after in pairwise(rows)
    )


def _goes_on(evidence: Evidence, found: DatabaseObject, position: int) -> bool:
    """Whether an object lives on in another schema or (code may rename what its text does not name) under another name:
    by a later row of its oid; or in another schema, as the live catalog has it.
    """
    history, name = evidence.history, (found.object_schema, found.object_name)
    oid = history.oid_of(found.object_type, name, position)
    if oid is not None and any(
        r.position > position and r.change_type != "DROP" and (r.object_schema, r.name) != name
        for r in history.by_oid[oid]
    ):
        return True
    others = history.later_names(found.object_schema, position) - {found.object_schema}
    return any(evidence.live.has(_in_schema(found, schema)) for schema in others if schema is not None)


def _in_schema(found: DatabaseObject, schema: str) -> DatabaseObject:
    """The object, in so far as its name tells, in another schema."""
    identity = found.object_identity.removeprefix(quote_if_needed(found.object_schema or ""))
    return replace(found, object_schema=schema, object_identity=quote_if_needed(schema) + identity)


# Before the tracker --------------------------------------------------------------------------------


def pre_existing_views(evidence: Evidence) -> list[tuple[int, Repair]]:
    """Views of the live catalog that never left a row: v1 records views, so they were there before it, or came while it
    was off; with the positions by which they had."""
    return [
        as_older(evidence, OLDER_VIEW, found, "is in the live catalog and never left a row")
        for name, found in evidence.live.by_name.items()
        if found.object_type == "VIEW" and not evidence.history.is_recorded(name)
        if not is_recorded_elsewhere(evidence, found)
    ]
