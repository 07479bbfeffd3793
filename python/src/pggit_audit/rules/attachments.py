"""Triggers and policies, which are attached to a table: v1 records neither (FORMATS 1.1).

They come from the live catalog, under the name that their table had by then (`of_live_catalog`), as soon as what they
need is there; one that a later text makes comes with that text (`is_made_later`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pggit_audit.catalog import DatabaseObject
from pggit_audit.code import statements_in
from pggit_audit.definitions import in_schema, parse_name, qualified_identity
from pggit_audit.lexing import says
from pggit_audit.rules import (
    IMPLIED_DROP,
    POLICY_FROM_LIVE_CATALOG,
    TRIGGER_FROM_LIVE_CATALOG,
    UNRECORDED_DROP,
)
from pggit_audit.rules.naming import said
from pggit_audit.rules.placing import texts_naming
from pggit_audit.rules.situation import Evidence, Failure, PendingStep, Repair
from pggit_audit.statements import quote

_TRIGGER_ROUTINE = re.compile(r"""EXECUTE (?:FUNCTION|PROCEDURE) ((?:"(?:[^"]|"")*"(?!")|[^("])+)\(""")


@dataclass(frozen=True)
class Attachment:
    """A trigger or a policy of the live catalog, under one of the names that its table had.

    The table had this one from the row at `first` on, until the row at `until`, not included. `identity` is what
    the object is called by then, `needs` the identities of what it cannot do without: its table, and the name of
    the trigger's function. `tables` are all the names that the table had.
    """

    found: DatabaseObject
    table: str
    identity: str
    statement: str
    needs: frozenset[str]
    first: int
    until: int
    tables: frozenset[str]

    @property
    def repair(self) -> Repair:
        """The step that makes it."""
        found = self.found
        return Repair(
            TRIGGER_FROM_LIVE_CATALOG if found.object_type == "TRIGGER" else POLICY_FROM_LIVE_CATALOG,
            self.statement,
            f"{found.object_identity} is in the live catalog, and what it needs is there from here on",
            inferred=(found.object_schema, found.object_name),
        )


def of_live_catalog(evidence: Evidence) -> list[Attachment]:
    """Triggers and policies of the live catalog, once for each name that their tables had."""
    history = evidence.history
    result = []
    for found in evidence.live.attached:
        attached, table = found.object_identity.removesuffix(" (policy)").split(" on ", 1)
        routine = _TRIGGER_ROUTINE.search(found.definition)
        on = (found.object_schema, parse_name(table)[1])
        names = [*history.names(evidence.live.table_or_view(on), on)]
        for name, first, until in names:
            before = table if name == names[0][0] else qualified_identity(*name)
            statement = _on_another_table(found, table, before)
            called = [routine[1]] if routine else []
            if routine:
                schema = parse_name(routine[1])[0]
                then = history.schema_at(schema, until - 1)
                if schema and then and then != schema:
                    called = [in_schema(routine[1], schema, then)]
                    statement = statement.replace(f" {routine[1]}(", f" {called[0]}(", 1)
            result.append(
                Attachment(
                    found,
                    before,
                    found.object_identity if before == table else f"{attached} on {before}",
                    statement,
                    frozenset({before, *called}),
                    first,
                    until,
                    frozenset(bare for (_, bare), _, _ in names),
                )
            )
    return result


def _on_another_table(attached: DatabaseObject, table: str, other: str) -> str:
    """The definition of a trigger or a policy on `other` instead of `table`; both are identities."""
    text = attached.definition.replace(f" ON {table}", f" ON {other}", 1)
    text = text.replace(f"\nALTER TABLE {table} ", f"\nALTER TABLE {other} ", 1)
    comment = rf"(\nCOMMENT ON (?:TRIGGER|POLICY) .* ON ){re.escape(table)} IS "
    return re.sub(comment, lambda m: f"{m[1]}{other} IS ", text, count=1)


def is_made_later(evidence: Evidence, attachment: Attachment, position: int) -> bool:
    """Whether a text after this row makes it, or gives it its name: it comes when its turn comes."""
    history = evidence.history
    name, kind = attachment.found.object_name, attachment.found.object_type
    return any(
        (s.renamed_to == name if s.tag == f"ALTER {kind}" else s.tag == f"CREATE {kind}" and name in s.words)
        and table in s.words
        for table in attachment.tables
        for row in texts_naming(history, table, since=position + 1)
        if says(row.text, name)
        for recorded in row.statements
        for s in (recorded, *(statements_in(recorded.text) if recorded.action == "code" else ()))
    )


def drop(found: DatabaseObject) -> str:
    """The statement that takes a trigger or a policy from its table."""
    table = found.object_identity.removesuffix(" (policy)").split(" on ", 1)[1]
    return f"DROP {found.object_type} {quote(found.object_name)} ON {table};"


def lost_drop(evidence: Evidence, found: DatabaseObject, position: int) -> PendingStep | None:
    """When a trigger or a policy that a text just made was dropped, if its table lives and has it no more.

    No row tells of it, but a text may: then it goes with that text.
    """
    history = evidence.history
    bare, schema = found.object_name, found.object_schema
    own, table = found.object_identity.removesuffix(" (policy)").split(" on ", 1)
    name = (schema, parse_name(table)[1])
    if name not in history.by_name:
        return None
    tables = {name}
    for row in history.later_rows(name, position):
        if row.change_type != "ALTER":
            return None
        name = (row.object_schema, row.name)
        tables.add(name)
    lives = {f"{own} on {qualified_identity(*t)}" for t in tables}
    if evidence.live.table(name) is None or any(
        o.object_type == found.object_type and o.object_identity.removesuffix(" (policy)") in lives
        for o in evidence.live.attached
    ):
        return None
    if _goes_with_its_routine(evidence, found, position):
        return None
    named = [p for p in history.mentions(bare) if position <= p] or [position]
    end = history.session_end(named[-1])
    due, transactions = evidence.moments.likelier(
        end,
        max(history.next_session(named[-1]), evidence.habits.likely_end(named, end)),
        evidence.habits.fading(named, end),
    )
    if due <= named[-1] and not transactions:
        return None
    why = f"it is not in the live catalog, and no row after {history.version(named[-1])} names it"
    if transactions:
        why += f"; behind row {history.version(due)}, {transactions} transactions left no row"
    step = Repair(UNRECORDED_DROP, drop(found), why, about=f"gone without a row: {found.object_type.lower()}")
    return PendingStep(due, (schema, bare), step)


# What is attached to a table and has a name of its own there.
_ATTACHED = """
    select 'TRIGGER', tgname::pg_catalog.text, tgrelid::pg_catalog.regclass::pg_catalog.text
    from pg_catalog.pg_trigger
    where not tgisinternal
    union all
    select 'POLICY', polname::pg_catalog.text, polrelid::pg_catalog.regclass::pg_catalog.text
    from pg_catalog.pg_policy
    union all
    select 'RULE', rulename::pg_catalog.text, ev_class::pg_catalog.regclass::pg_catalog.text
    from pg_catalog.pg_rewrite
    where rulename operator(pg_catalog.<>) '_RETURN'
    union all
    select 'CONSTRAINT', conname::pg_catalog.text, conrelid::pg_catalog.regclass::pg_catalog.text
    from pg_catalog.pg_constraint
    where conrelid operator(pg_catalog.<>) 0
"""


def in_the_way(failure: Failure, why: str) -> list[Repair]:
    """Code makes what its table has already: the message repeats both names."""
    found = [
        (kind, name, table)
        for kind, name, table in failure.situation.query(_ATTACHED, {})
        if said(failure.message, name) and said(failure.message, parse_name(table)[1])
    ]
    return [
        Repair(
            IMPLIED_DROP,
            f"ALTER TABLE {table} DROP CONSTRAINT {quote(name)};"
            if kind == "CONSTRAINT"
            else f"DROP {kind} {quote(name)} ON {table};",
            why,
        )
        for kind, name, table in found
    ]


def _goes_with_its_routine(evidence: Evidence, found: DatabaseObject, position: int) -> bool:
    """Whether a text from this row on drops the routine of a trigger with all that depends on it."""
    routine = _TRIGGER_ROUTINE.search(found.definition)
    if routine is None:
        return False
    name = parse_name(routine[1])[1]
    return any(
        s.verb == "DROP"
        and s.object_type in ("FUNCTION", "ROUTINE")
        and "CASCADE" in s.keywords
        and any(target.split("(", 1)[0] == name for _, target in s.targets)
        for p in evidence.history.mentions(name)
        if p >= position
        for s in evidence.history.rows[p].statements
    )
