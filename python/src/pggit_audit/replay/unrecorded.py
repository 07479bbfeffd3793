"""What changed in the shadow without the row that v1 would have left: it did not happen, and is taken back.

v1 leaves a row for every CREATE and ALTER of a table, a view, an index and a function, and for the first DROP of a
table, a view and an index (FORMATS 1.1, 1.6). Where a statement finds in the shadow what it did not find at home (IF
EXISTS under another search_path, code that looks at data), no row tells of what it does here.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import column_types, constraints, qualified, quote_if_needed
from pggit_audit.history import HistoryRow
from pggit_audit.replay.code import code_of, reached
from pggit_audit.replay.execution import Execution, has_lost_rows
from pggit_audit.replay.identities import same_type
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import ROUTINES, Difference, combine
from pggit_audit.rules.situation import Evidence
from pggit_audit.statements import Name, Statement, quote, split

_DROPS_RECORDED = ("TABLE", "VIEW", "INDEX")
# What CREATE makes in the first schema of the search_path.
_IN_SCHEMAS = {"TABLE", "VIEW", "MATERIALIZED_VIEW", "SEQUENCE", "TYPE", "DOMAIN", "AGGREGATE", *ROUTINES}
# A statement of code that makes a table and leaves no row.
_TABLE_OF_QUERY = re.compile(r"\btable\b[^;]*\bas\b|\binto\b|\bexecute\b", re.IGNORECASE)
_ATTACHED = re.compile(r" ATTACH PARTITION |\) INHERITS \(|\nALTER TABLE ONLY [^;]* INHERIT ")


class Unrecorded:
    """Finds what no row tells of although it would have left one, and takes it back."""

    def __init__(self, situation: Situation, evidence: Evidence) -> None:
        self._situation = situation
        self._evidence = evidence

    def found_nothing(self, statement: Statement, execution: Execution) -> bool:
        """Whether a statement with IF EXISTS found nothing at home: it would have left a row, and did not."""
        if (
            not statement.if_exists
            or statement.verb not in ("DROP", "ALTER")
            or has_lost_rows(execution.rows, self._evidence)
        ):
            return False
        kind = statement.object_type
        found = [
            o
            for schema, bare in statement.targets
            for s in ([schema] if schema else self._situation.schemas)
            if (o := self._situation.relation((s, bare))) is not None and same_type(kind, o.object_type)
        ]
        if not found or kind not in _DROPS_RECORDED:
            return False
        if statement.verb == "ALTER":
            names = {o.object_name for o in found}
            return statement.leaves_rows and not any(
                same_type(r.object_type, kind) and (r.name in names or statement.may_rename)
                for r in execution.remaining
            )
        return all(self._drop_leaves_row(o) and not _is_told(o, True, execution.remaining) for o in found)

    def is_left_out(self, statement: Statement, execution: Execution) -> bool:
        """Whether a statement is about something in a schema that is not followed: rows that are left out tell of it.

        The shadow has no such schema, and would make it in the next one of the search_path.
        """
        rows = [r for r in execution.left_out if not (r.object_schema or "").startswith("pg_temp")]
        if (
            not rows
            or not statement.targets
            or any(s for s, _ in [*statement.targets, statement.on or (None, "")])
        ):
            return False
        kind, (_, name) = statement.object_type, statement.targets[0]
        path = self._situation.unmade_schemas
        if any(
            same_type(r.object_type, kind) and (r.object_type in ROUTINES or r.name == name)
            for r in execution.remaining
        ):
            return False
        return any(
            same_type(r.object_type, kind)
            and (r.object_schema in path or (r.name == name and not statement.runs_query))
            and (r.name == name or kind in ROUTINES)
            for r in rows
        ) or (
            statement.verb == "CREATE" and kind in _IN_SCHEMAS and any(r.object_schema in path for r in rows)
        )

    def contradicted(
        self, statement: Statement, differences: Sequence[Difference], execution: Execution
    ) -> list[Difference]:
        """Of what code changed, what would have left a row; nothing where rows were lost."""
        if statement.action != "code" or has_lost_rows(execution.rows, self._evidence):
            return []
        return [d for d in differences if not d.taken and self._would_leave_row(statement, d, execution)]

    def take_back(self, wrong: Sequence[Difference], differences: list[Difference]) -> bool:
        """Brings what is contradicted back to what it was; whether that could be done."""
        drops = [s for d in wrong if d.new is not None for s in _without(d)]
        made = [
            s.text
            for d in sorted(wrong, key=lambda d: d.object.object_type == "INDEX")
            if d.old is not None and (d.new is None or d.replaced or d.new.object_type != "TABLE")
            for s in split(d.old.definition)
        ]
        # What was made last may need what was made first.
        script = [*reversed(drops), *made]
        if not script or self._situation.run(script)[1] is not None:
            return False
        combine(differences, self._situation.observe(*script))
        differences[:] = [d for d in differences if not _is_as_before(d)]
        return True

    def _would_leave_row(self, statement: Statement, difference: Difference, execution: Execution) -> bool:
        old, new = difference.old, difference.new
        # Which block of code left which row is not told: any of the execution's may be this one's.
        rows = execution.rows
        if new is None:
            if old is not None and old.key in self._situation.state.objects:
                # It has another name.
                return False
            return old is not None and self._drop_leaves_row(old) and not _is_told(old, True, rows)
        if _is_told(new, False, rows) or (self._evidence.live.has(new) and old is None):
            return False
        if new.object_type == "FUNCTION":
            return old is None or old.definition != new.definition
        if new.object_type == "VIEW":
            return old is None or difference.replaced
        if new.object_type == "INDEX":
            return (old is None or difference.replaced) and not self._comes_with_another(new)
        if new.object_type != "TABLE" or _ATTACHED.search(new.definition):
            return False
        if old is None:
            code = (statement.folded, *map(code_of, reached(statement.text, self._situation.state)))
            return not any(map(_TABLE_OF_QUERY.search, code)) or bool(
                re.search(r" NOT NULL| DEFAULT | CONSTRAINT | GENERATED ", new.definition)
            )
        columns = [len(column_types(side.definition)) for side in (old, new)]
        parts = [len(constraints(side.definition)) for side in (old, new)]
        return columns[0] < columns[1] or parts[0] < parts[1]

    def _comes_with_another(self, index: DatabaseObject) -> bool:
        """Whether an index comes with a constraint, or with the index of a partitioned table."""
        if " ATTACH PARTITION " in index.definition:
            return True
        named = f" ADD CONSTRAINT {quote_if_needed(index.object_name)} "
        return any(
            o.object_type == "TABLE" and o.object_schema == index.object_schema and named in o.definition
            for o in self._situation.state.objects.values()
        )

    def _drop_leaves_row(self, found: DatabaseObject) -> bool:
        """Whether v1 would have recorded the drop: the first of an object that it knows, by a name without quotes."""
        if (
            found.object_type not in _DROPS_RECORDED
            or quote_if_needed(found.object_name) != found.object_name
        ):
            return False
        position = self._situation.position
        known = self._evidence.history.by_name.get((found.object_schema, found.object_name), [])
        before = [r for r in known if r.position < position and same_type(r.object_type, found.object_type)]
        return bool(before) and all(r.change_type != "DROP" for r in before)


def _is_told(found: DatabaseObject, dropped: bool, rows: Iterable[HistoryRow]) -> bool:
    """Whether one of the rows may speak of the object; of a function, whose name is an oid, any may."""
    return any(
        (r.change_type == "DROP") == dropped
        and same_type(r.object_type, found.object_type)
        and (r.object_type in ROUTINES or r.name == found.object_name)
        for r in rows
    )


def _without(difference: Difference) -> Iterator[str]:
    """The statements that take away what came."""
    old, new = difference.old, difference.new
    assert new is not None
    name: Name = (new.object_schema, new.object_name)
    kind = new.object_type.replace("_", " ")
    if old is None or difference.replaced or new.object_type != "TABLE":
        yield f"DROP {kind} {new.object_identity if new.object_type in ROUTINES else qualified(name)} CASCADE;"
        return
    had = {column for column, _ in column_types(old.definition)}
    for part in constraints(new.definition).keys() - constraints(old.definition).keys():
        yield f"ALTER TABLE {qualified(name)} DROP CONSTRAINT IF EXISTS {quote(part)};"
    for column, _ in column_types(new.definition):
        if column not in had:
            yield f"ALTER TABLE {qualified(name)} DROP COLUMN {quote(column)} CASCADE;"


def _is_as_before(difference: Difference) -> bool:
    old, new = difference.old, difference.new
    return old is not None and new is not None and old.definition == new.definition and not difference.taken
