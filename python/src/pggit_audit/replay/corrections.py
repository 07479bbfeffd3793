"""Steps right before and right behind a statement that did run, where its rows say more than its text."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import chain

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import qualified, quote_if_needed
from pggit_audit.evidence import Evidence, HistoryRow, Repair, disagreements
from pggit_audit.repairs import rename_type, towards
from pggit_audit.replay.attempt import Outcome
from pggit_audit.replay.execution import Execution
from pggit_audit.replay.identities import Identities
from pggit_audit.replay.matching import Match, merge
from pggit_audit.replay.pending import PendingSteps
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import combine
from pggit_audit.statements import Name, Statement, quote


class Corrections:
    """Brings the shadow to what a statement's rows recorded, where the statement alone does not."""

    def __init__(
        self,
        situation: Situation,
        evidence: Evidence,
        identities: Identities,
        pending: PendingSteps,
        provenance: Provenance,
    ) -> None:
        self._situation = situation
        self._evidence = evidence
        self._identities = identities
        self._pending = pending
        self._provenance = provenance

    def before(self, statement: Statement, row: HistoryRow) -> list[Inferred]:
        """Takes what must have happened between the row before and this one."""
        result: list[Inferred] = []
        steps = chain(
            missing_schema(self._situation, statement, row),
            replaced_overloads(self._situation, self._evidence, self._identities, statement, row),
        )
        for step in steps:
            if self._situation.runs(step.statement):
                result += self._provenance.of_step(step)
        return result

    def name_as_recorded(self, statement: Statement, execution: Execution, outcome: Outcome) -> None:
        """Right behind the statement: gives what it made the names that its rows have."""
        made = [d.new for d in outcome.differences if d.old is None and d.new is not None]
        for step in numbered_index_names(statement, execution.remaining, made):
            if self._situation.runs(step.statement):
                outcome.repairs.append(step)
                combine(outcome.differences, self._situation.observe(step.statement))

    def align_columns(self, matched: list[Match], outcome: Outcome) -> list[Repair]:
        """Behind the statement: brings tables to the columns that their last row recorded."""
        fixes: list[Repair] = []
        last = {row.name: (row, d) for row, d in matched if row.object_type == "TABLE" and row.columns}
        for row, difference in last.values():
            name = self._identities.relation_name(row)
            if name is None or row.columns is None:
                continue
            if row.change_type == "ALTER":
                self._pending.expect_renamed_types(row, name, difference)
            if not disagreements(row.columns, self._situation.columns(name)):
                continue
            for step in types_under_new_names(self._situation, name, row):
                if self._situation.runs(step.statement):
                    fixes.append(step)
                    merge(outcome.differences, self._situation.observe(step.statement), matched)
            why = f"row {row.version_id} recorded the columns"
            taken = [
                step
                for step in towards(name, row.columns, self._situation.columns(name), why)
                # Each by itself: a default that cannot be set must not undo a column's new name.
                if self._situation.runs(step.statement)
            ]
            if taken:
                changed = self._situation.observe(*(step.statement for step in taken))
                merge(outcome.differences, changed, matched)
                fixes += taken
        return fixes


def missing_schema(situation: Situation, statement: Statement, row: HistoryRow) -> Iterator[Repair]:
    """The schema that a row's object came to be in, where the statement leaves it to the search_path.

    v1 records no schema, and PostgreSQL passes by one that is not there: the object would come to be in the next.
    """
    schema = row.object_schema
    if schema is None or situation.schemas[0] != schema or statement.verb != "CREATE":
        return
    made = statement.targets[0] if statement.targets else None
    target = statement.on or made
    if target is None or target[0] is not None:
        return
    if row.name not in (made[1] if made else None, target[1]):
        return
    if situation.state.holds(quote_if_needed(schema), "SCHEMA"):
        return
    yield Repair(
        "missing_schema",
        f"CREATE SCHEMA {quote(schema)};",
        f"row {row.version_id} recorded {row.name} in it",
    )


def replaced_overloads(
    situation: Situation, evidence: Evidence, identities: Identities, statement: Statement, row: HistoryRow
) -> Iterator[Repair]:
    """The end of the routines that went just before a plain CREATE of their name: so a signature changes.

    The drop leaves no row (FORMATS 1.4). A second routine beside the first is as a rule made by OR REPLACE, and
    the first one shows later: by a row of its oid, in the live catalog, by what depends on it, or in a text that
    drops one of the name.
    """
    if statement.tag not in ("CREATE FUNCTION", "CREATE PROCEDURE") or statement.or_replace:
        return
    schema, bare = statement.targets[0]
    if row.change_type != "CREATE" or evidence.drops_routine(bare, row.position):
        return
    for old in situation.state.routines(bare):
        oids = identities.oids((old.object_schema, old.object_name))
        if (
            old.object_schema != (schema or situation.schemas[0])
            or (old.object_type, old.object_identity) in evidence.live_by_identity
            or any(evidence.last_row((row.object_schema, oid)) >= row.position for oid in oids)
        ):
            continue
        yield Repair(
            "replaced_overload",
            f"DROP {old.object_type} {old.object_identity};",
            f"row {row.version_id} creates another {bare} and does not say OR REPLACE; "
            "the live catalog does not have this one, and no later row is of its oid",
        )


def numbered_index_names(
    statement: Statement, rows: Iterable[HistoryRow], made: Iterable[DatabaseObject]
) -> Iterator[Repair]:
    """The names that PostgreSQL gave indexes, with a number where something unknown has the plain one.

    The index of a key without a name of its own is called after its table, t_pkey; else t_pkey1.
    """
    recorded = {r.name: r for r in rows if r.object_type == "INDEX" and r.change_type == "CREATE"}
    indexes = [o for o in made if o.object_type == "INDEX"]
    known = {o.object_name for o in indexes} | set(statement.words)
    for found in indexes:
        if found.object_name in recorded or found.object_name in statement.words:
            continue
        plain = _unnumbered(found.object_name)
        names = [n for n in recorded if n not in known and _unnumbered(n) == plain]
        if len(names) != 1 or recorded[names[0]].object_schema != found.object_schema:
            continue
        yield Repair(
            "name_as_recorded",
            f"ALTER INDEX {qualified((found.object_schema, found.object_name))} RENAME TO {quote(names[0])};",
            f"row {recorded[names[0]].version_id} recorded it under this name: the other was taken",
        )


def _unnumbered(name: str) -> str:
    return name.rstrip("0123456789")


def types_under_new_names(situation: Situation, name: Name, row: HistoryRow) -> Iterator[Repair]:
    """Types of a table's columns that took another's name, rather than columns that changed their type."""
    for column in situation.columns(name):
        found = str(column["type"])
        recorded = str((row.columns or {}).get(str(column["name"]), {}).get("type", found))
        if recorded != found and situation.relation((name[0], found)):
            yield rename_type((name[0], found), recorded, f"row {row.version_id}")
