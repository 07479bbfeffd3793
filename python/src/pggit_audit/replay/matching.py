"""Which row explains which difference.

A statement's rows follow one another in v1's log. Each takes the difference that is about its object; what no row
takes changed without one.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    STATEMENT,
    Columns,
    column_name,
    elements,
    in_parts,
    lists_columns,
    ordered,
    table_of,
)
from pggit_audit.history import History, HistoryRow
from pggit_audit.lexing import says
from pggit_audit.replay.between import Between, changes_hands
from pggit_audit.replay.execution import Execution
from pggit_audit.replay.identities import Identities, about, same_type
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import ROUTINES, Difference, bare_name
from pggit_audit.rules import IMPLIED_DROP, ROWS_OF_CODE
from pggit_audit.rules.columns import disagreements
from pggit_audit.rules.situation import Repair
from pggit_audit.statements import Statement

_SEQUENCES = {
    "generated", "identity", "increment", "start", "restart", "minvalue", "maxvalue", "cache", "cycle",
    "serial", "bigserial", "smallserial", "serial2", "serial4", "serial8",
}  # fmt: skip
"""Words of ALTER TABLE that make, alter or drop the sequence of a column."""

Match = tuple[HistoryRow, Difference | None]
"""A row and what it explains; None where nothing changed, and the statement was about the row's object all the same."""


_TEMPORARY = """
    select from pg_catalog.pg_class
    where
        relname operator(pg_catalog.=) any (%(names)s::pg_catalog.name[])
        and relpersistence operator(pg_catalog.=) 't'::pg_catalog."char"
"""


class Matching:
    """Hands out what a statement changed to the rows that v1 recorded for it.

    A method for each way in which a row can tell of a change; what one row takes, none after it gets.
    """

    def __init__(self, situation: Situation, identities: Identities, history: History) -> None:
        self._situation = situation
        self._identities = identities
        self._history = history
        # By the index of the row before which it went: what code renamed away, as the last match told.
        self.vanished: dict[int, Difference] = {}

    def match(self, statement: Statement, execution: Execution, differences: list[Difference]) -> list[Match]:
        """Takes from the front of the remaining rows those that this statement explains."""
        matched: list[Match] = []
        rows = execution.remaining
        self.vanished = {}
        told = self._by_oids(statement, execution, differences)
        if told is not None:
            return told
        while rows:
            row = rows[0]
            no_row = not statement.leaves_rows and row.change_type in ("CREATE", "ALTER", "DROP")
            # What a query fills has no row of its own.
            is_filled = statement.runs_query and row.name in (name for _, name in statement.targets)
            if (
                no_row
                or is_filled
                or self._is_of_a_temporary(statement, execution)
                or (statement.action == "code" and self._is_of_what_follows(row, execution))
            ):
                break
            if (
                row.object_type not in ROUTINES
                and statement.renamed_to not in (None, row.name)
                and row.name not in (name for _, name in statement.targets)
            ):
                # What else reads otherwise by the new name has no row of that.
                break
            difference = self._difference_of(row, statement, execution, differences, matched)
            if (
                difference is None
                and not self.names_target(row, statement, matched)
                and not _is_second_row_of_view(statement, execution, matched)
                and not (
                    statement.action == "code"
                    and (
                        matched
                        or says(statement.text, row.name)
                        or self._tells_of_the_code(execution, differences)
                    )
                    and self._changes_nothing(row, execution)
                )
                and not (
                    _is_in_parts(statement) and matched and self._is_another_part(row, matched, execution)
                )
            ):
                break
            if difference is not None:
                difference.taken = True
            matched.append((row, difference))
            rows.popleft()
        return separate_foreign_keys(_told_by_columns(matched))

    def _is_of_a_temporary(self, statement: Statement, execution: Execution) -> bool:
        """Whether a statement alters a temporary relation of its text, which hides a lasting one of its name."""
        if statement.verb != "ALTER" or not any(
            not {"TEMP", "TEMPORARY"}.isdisjoint(s.keywords) for s in execution.statements
        ):
            return False
        names = [bare for schema, bare in statement.targets if schema is None]
        return bool(names and self._situation.query(_TEMPORARY, {"names": names}))

    def _is_of_what_follows(self, row: HistoryRow, execution: Execution) -> bool:
        """Whether a row of a table is not of the code at hand: its columns are not those that the code left, and a
        statement that follows alters the table.

        Code renames columns without a row.
        """
        name = self._identities.relation_name(row)
        if row.object_type != "TABLE" or row.change_type != "ALTER" or not row.columns or name is None:
            return False
        return (
            any(
                s.tag == "ALTER TABLE" and s.leaves_rows and any(bare == row.name for _, bare in s.targets)
                for s in execution.following
            )
            and not _more_than_follow(row, execution)
            and bool(disagreements(row.columns, self._situation.columns(name)))
        )

    def _tells_of_the_code(self, execution: Execution, differences: Sequence[Difference]) -> bool:
        """Whether a row behind the next one is of a relation that the code at hand changed: the next is then of the
        code as well."""
        behind = [r for r in execution.remaining if r.object_type not in ROUTINES][1:]
        return any(not d.taken and self._is_about(r, d) for r in behind for d in differences)

    def _changes_nothing(self, row: HistoryRow, execution: Execution) -> bool:
        """Whether code may have left a row of a table of which it changed nothing, as it does of one that gets a
        partition: the table is as recorded, and no statement that follows leaves the row. Or of a routine that it
        made again as it was."""
        if row.object_type == "FUNCTION":
            known = self._identities.routine_name(row.object_name)
            stands = known is not None and self._situation.state.routine(known) is not None
            return stands and not any(s.object_type == "FUNCTION" for s in execution.following)
        name = self._identities.relation_name(row)
        if row.object_type != "TABLE" or row.change_type != "ALTER" or not row.columns or name is None:
            return False
        current = self._situation.columns(name)
        return bool(current) and not disagreements(row.columns, current) and _more_than_follow(row, execution)

    def _is_another_part(self, row: HistoryRow, matched: Sequence[Match], execution: Execution) -> bool:
        """Whether a statement that runs in parts left this row too: the table is as recorded, if its columns are."""
        name = self._identities.relation_name(row)
        if about(row) != about(matched[-1][0]) or not _more_than_follow(row, execution):
            return False
        return not row.columns or (
            name is not None and not disagreements(row.columns, self._situation.columns(name))
        )

    def _by_oids(
        self, statement: Statement, execution: Execution, differences: list[Difference]
    ) -> list[Match] | None:
        """The rows of code that gives names away; None where it does not, or the rows do not tell."""
        rows = list(execution.remaining)
        if statement.action != "code" or any(s.leaves_rows for s in execution.following if s.action == "ddl"):
            return None
        if not changes_hands(rows):
            return None
        story = Between(rows, differences, self._earlier(rows), self._is_about)
        taken = [d.taken for d in differences]
        if not story.tell():
            for difference, was in zip(differences, taken, strict=True):
                difference.taken = was
            return None
        execution.remaining.clear()
        self.vanished = story.vanished
        return story.matched

    def _earlier(self, rows: Sequence[HistoryRow]) -> dict[int, HistoryRow]:
        """By oid, the last row of what these rows are about before them."""
        found = {}
        for row in rows:
            before = [r for r in self._history.by_oid.get(row.oid or -1, ()) if r.position < rows[0].position]
            if before:
                found[before[-1].oid or -1] = before[-1]
        return found

    def _difference_of(
        self,
        row: HistoryRow,
        statement: Statement,
        execution: Execution,
        differences: list[Difference],
        matched: Sequence[Match],
    ) -> Difference | None:
        for difference in differences:
            if not self._is_about(row, difference):
                continue
            if (row.change_type == "DROP") == (difference.new is None):
                if difference.taken and not self._may_leave_another(
                    row, difference, statement, execution, matched, differences
                ):
                    continue
                return difference
            if row.change_type == "DROP" and difference.replaced and not difference.taken:
                # The statement made another of that name, as where a constraint is dropped and added again.
                differences.append(Difference(difference.path, None, difference.new))
                difference.new = None
                return difference
        return None

    def _is_about(self, row: HistoryRow, difference: Difference) -> bool:
        """Whether the row speaks of the object that changed."""
        found = difference.object
        if not same_type(row.object_type, found.object_type):
            return False
        told = row.object_schema if row.schema_is_told else None
        if told is not None and told != found.object_schema:
            return False
        if row.object_type in ROUTINES:
            return self._is_about_routine(row, difference)
        return row.name == found.object_name

    def _is_about_routine(self, row: HistoryRow, difference: Difference) -> bool:
        """Where v1 recorded its oid, the routine is from now on known by that."""
        found = difference.object
        if difference.taken or difference.new is None:
            return False
        if not row.object_name.isdigit():
            return bare_name(found) == row.name.split("(", 1)[0]
        known = self._identities.routine_name(row.object_name)
        name = (found.object_schema, found.object_name)
        if known is not None and known != name and self._situation.state.routine(known) is not None:
            return False
        self._identities.know_routine(row.object_name, name)
        return True

    def _may_leave_another(
        self,
        row: HistoryRow,
        difference: Difference,
        statement: Statement,
        execution: Execution,
        matched: Sequence[Match],
        differences: Sequence[Difference],
    ) -> bool:
        """Whether a difference that a row took may have left this row as well.

        Code may change an object more than once. A statement leaves a second row only for the foreign keys of a
        table that it created, and before those of its indexes where their columns come from a type or another table,
        and were nullable there; or for both.
        """
        if (
            statement.action == "code"
            and _more_than_follow(row, execution)
            and not self._was_done_before(row, execution, matched)
        ):
            return True
        before = [m for m, d in matched if d is difference]
        if (
            {"like", "including"} <= {*statement.words}
            and about(before[0])[:3] == about(row)[:3]
            and _more_than_follow(row, execution)
        ):
            # What a table takes over from another is added afterwards, a row for each LIKE.
            return True
        if before[0].change_type != "CREATE" or row.change_type != "ALTER" or difference.new is None:
            return False
        refers = " FOREIGN KEY " in difference.new.definition
        if len(before) == 2:
            # The foreign keys come last: an index behind the second row says that this was not theirs.
            last = matched[-1][0]
            is_index = (last.object_type, last.change_type) == ("INDEX", "CREATE")
            return refers and is_index and statement.action != "code"
        return len(before) == 1 and (refers or self._index_follows(execution, differences))

    def _index_follows(self, execution: Execution, differences: Sequence[Difference]) -> bool:
        """Whether the row behind the next one is of an index that the statement made."""
        following = execution.remaining[1] if len(execution.remaining) > 1 else None
        return (
            following is not None
            and (following.object_type, following.change_type) == ("INDEX", "CREATE")
            and any(d.new is not None and not d.taken and self._is_about(following, d) for d in differences)
        )

    def _was_done_before(self, row: HistoryRow, execution: Execution, matched: Sequence[Match]) -> bool:
        """Whether a table's records say that the code had done its work by the row before: this one is another's."""
        name = self._identities.relation_name(row)
        if row.object_type != "TABLE" or name is None:
            return False
        current = self._situation.columns(name)

        def agrees(other: HistoryRow) -> bool:
            return bool(other.columns) and not disagreements(other.columns or {}, current)

        before = [m for m, _ in matched if about(m)[:3] == about(row)[:3]]
        return agrees(before[-1]) and not any(
            agrees(r) for r in execution.remaining if about(r) == about(row)
        )

    def names_target(self, row: HistoryRow, statement: Statement, matched: Sequence[Match]) -> bool:
        """Whether the statement is about the row's object, although nothing about it changed."""
        kind = statement.object_type
        # ALTER TABLE takes a view, or an index, as well; so pg_dump gives a view its owner.
        others = {"AGGREGATE": ("FUNCTION",), "TABLE": ("VIEW", "INDEX")}.get(kind, ())
        same = same_type(row.object_type, kind) or row.object_type in others
        if not same or statement.verb != row.change_type:
            return False
        if any(m.object_name == row.object_name and m.change_type == row.change_type for m, _ in matched):
            return False
        if row.object_type in ROUTINES and row.object_name.isdigit():
            # One statement makes one routine, and leaves one row.
            return not matched and self._names_routine(row, statement)
        if statement.if_exists and not self._may_mean(row, statement):
            return False
        names = [bare for _, bare in statement.targets]
        words = statement.words
        if statement.renamed_to in [m.name for m, _ in matched]:
            # The row of the rename has been found, under the new name; one of the old name is of another object.
            names = []
        elif statement.verb == "ALTER" and "to" in words:
            names += [words[i + 1] for i, w in enumerate(words[:-1]) if w == "to"]
        return row.name in names or row.name.split("(", 1)[0] in names

    def _may_mean(self, row: HistoryRow, statement: Statement) -> bool:
        """Whether one of the names of the statement leads to the row's schema; IF EXISTS passes by all others."""
        return row.object_schema is None or any(
            row.object_schema in ((schema,) if schema else self._situation.schemas)
            for schema, _ in statement.targets
        )

    def _names_routine(self, row: HistoryRow, statement: Statement) -> bool:
        known = self._identities.routine_name(row.object_name)
        candidates = [
            o
            for _, bare in statement.targets
            for o in self._situation.state.routines(bare)
            if row.object_schema in (None, o.object_schema)
        ]
        if known is None and len(candidates) == 1:
            found = candidates[0]
            self._identities.know_routine(row.object_name, (found.object_schema, found.object_name))
            return True
        return known is not None and any((o.object_schema, o.object_name) == known for o in candidates)


def rows_of_code(i: int, matched: Sequence[Match], execution: Execution) -> Iterator[Repair]:
    """Why a row of code does not tell what there was by then: later rows are of the same code, or may be."""
    row, difference = matched[i]
    if difference is None:
        yield Repair(ROWS_OF_CODE, "", "the code leaves the row, and nothing that it changed tells of it")
    rows = [m for m, d in matched if difference is not None and d is not None and d.path == difference.path]
    if len(rows) < 2:
        return
    if row is not rows[-1]:
        why = f"row {rows[-1].version_id} is of the same code"
    elif any(about(r)[:3] == about(row)[:3] for r in execution.remaining):
        return
    elif any(s.action == "code" and s.mentions(row.name) for s in execution.following):
        why = f"more code follows that names {row.name}"
    else:
        return
    yield Repair(ROWS_OF_CODE, "", f"{why}: what had happened by this row is not told")


def implied_drops(matched: list[Match], repairs: Sequence[Repair]) -> dict[int, Difference]:
    """Takes apart what was dropped first, so that a recorded CREATE … IF NOT EXISTS could make it anew.

    Its row keeps the new object; the old one's end is handed back, by the index of the row.
    """
    result: dict[int, Difference] = {}
    if not any(r.rule is IMPLIED_DROP for r in repairs):
        return result
    for i, (row, difference) in enumerate(matched):
        if difference is None or row.change_type != "CREATE":
            continue
        if difference.old is not None and difference.new is not None:
            result[i] = Difference(difference.path, difference.old, None)
            matched[i] = (row, Difference(difference.path, None, difference.new, taken=True))
    return result


def _is_second_row_of_view(statement: Statement, execution: Execution, matched: Sequence[Match]) -> bool:
    """A view replaced by one of more columns leaves two rows: PostgreSQL adds the columns first.

    Of how many it had, nothing is left by now; but there are more rows than statements that make it.
    """
    if statement.tag != "CREATE VIEW" or not statement.or_replace or len(matched) != 1:
        return False
    row = execution.remaining[0]
    return about(row) == about(matched[0][0]) and _more_than_follow(row, execution)


def _is_in_parts(statement: Statement) -> bool:
    """Whether PostgreSQL runs an ALTER TABLE in parts, each of which leaves a row: what it does to sequences of columns
    stands between them."""
    return statement.tag == "ALTER TABLE" and not _SEQUENCES.isdisjoint(statement.words)


def _more_than_follow(row: HistoryRow, execution: Execution) -> bool:
    """Whether more rows are like this one than the text's following statements leave for certain."""
    statements = sum(
        s.verb == row.change_type
        and s.leaves_rows
        and not (s.if_exists and s.verb != "ALTER")
        and same_type(row.object_type, s.object_type)
        and any(bare == row.name for _, bare in s.targets)
        for s in execution.following
    )
    return sum(about(r) == about(row) for r in execution.remaining) > statements


_TEXT = STATEMENT.pattern.removesuffix(";")
_FOREIGN_KEY = re.compile(rf"\nALTER TABLE {_TEXT} FOREIGN KEY {_TEXT};")


def separate_foreign_keys(matched: list[Match]) -> list[Match]:
    """Tells the rows of one CREATE TABLE apart: PostgreSQL adds the foreign keys afterwards.

    The CREATE row gets the table without them, the ALTER row adds them (FORMATS 1.3).
    """
    result = list(matched)
    for i, (row, difference) in enumerate(matched):
        later = [
            j for j in range(i + 1, len(matched)) if difference is not None and matched[j][1] is difference
        ]
        if difference is None or not later:
            continue
        if row.change_type == "CREATE" and difference.new is not None:
            bare = replace(difference.new, definition=_FOREIGN_KEY.sub("", difference.new.definition))
            result[i] = (row, Difference(difference.path, difference.old, bare, True))
            last = later.pop()
            result[last] = (matched[last][0], Difference(difference.path, bare, difference.new, True))
            standing: DatabaseObject | None = bare
        else:
            standing = difference.new
        for j in later:
            result[j] = (matched[j][0], Difference(difference.path, standing, standing, True))
    return result


def _told_by_columns(matched: list[Match]) -> list[Match]:
    """Tells the rows of a table apart that are of one block of code, by the columns that each recorded.

    Where the rows only add columns, the table of a row is the last one without those that came later.
    """
    result = list(matched)
    for path in {d.path for row, d in matched if d is not None and row.object_type == "TABLE"}:
        here = [i for i, (_, d) in enumerate(matched) if d is not None and d.path == path]
        difference = matched[here[-1]][1]
        if len(here) < 2 or difference is None or any(matched[i][1] is not difference for i in here):
            continue
        old = difference.old
        parts = [_with_columns(difference.new, matched[i][0].columns) for i in here]
        if any(part is None for part in parts) or all(part == difference.new for part in parts):
            continue
        for i, new in zip(here, parts, strict=True):
            result[i] = (matched[i][0], Difference(path, old, new, True))
            old = new
    return result


def _with_columns(table: DatabaseObject | None, columns: Columns | None) -> DatabaseObject | None:
    """A table with no other columns than these; None where it does not have them all, or needs others."""
    if table is None or not columns or not lists_columns(table.definition):
        return None
    before, _, rest = in_parts(table.definition)
    head, lines, checks, tail = elements(table.definition)
    kept = [line for line in lines if column_name(line) in columns]
    more = {column_name(line) for line in lines} - columns.keys()
    if [column_name(line) for line in kept] != ordered(columns):
        return None
    if any(says(text, name) for name in more for text in (*kept, *checks, tail, rest)):
        return None
    return replace(table, definition=before + table_of(head, [*kept, *checks], tail) + rest)
