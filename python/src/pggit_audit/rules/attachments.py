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
from pggit_audit.rules import IMPLIED_DROP, POLICY_FROM_LIVE_CATALOG, TRIGGER_FROM_LIVE_CATALOG
from pggit_audit.rules.naming import said
from pggit_audit.rules.placing import texts_naming
from pggit_audit.rules.situation import Evidence, Failure, Repair
from pggit_audit.statements import quote

_TRIGGER_ROUTINE = re.compile(r"""EXECUTE (?:FUNCTION|PROCEDURE) ((?:"(?:[^"]|"")*"|[^("])+)\(""")


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
        names = [*history.names("TABLE", (found.object_schema, parse_name(table)[1]))]
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
