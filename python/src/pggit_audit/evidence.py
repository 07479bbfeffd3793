"""What is known of the past: the facts that v1 recorded, the live catalog, and what they foretell.

v1's log is lossy, and much of what it lost shows in what it kept: in the columns that a later row
recorded, in the names that a later text uses, in what the live catalog has or no longer has.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property
from itertools import pairwise, takewhile
from typing import Any

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.statements import Name, quote, split, unquote

Columns = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class HistoryRow:
    """One row of v1's history, as staging gives it (FORMATS 1).

    `columns`: the table's recorded columns right after the statement, by name, or None where the row
    has none, or (not `facts_readable`) none that v1 would have written. `position` is the row's place in
    the order of the replay, from 0. `oid` is the object's, where v1 recorded it: oids grow, so it tells
    what was created before what.
    """

    position: int
    version_id: int
    branch_name: str
    object_type: str
    object_schema: str | None
    object_name: str
    change_type: str
    change_severity: str | None
    change_sql: str | None
    columns: Columns | None
    created_at: Any
    author: str | None
    message: str | None
    execution_no: int
    exclusion_reason: str | None = None
    oid: int | None = None
    facts_readable: bool = True

    @property
    def name(self) -> str:
        """The object's real name, without v1's quotes."""
        return unquote(self.object_name)

    @cached_property
    def says_schema(self) -> bool:
        """Whether the text writes the schema before the name of the row's object."""
        text, schema = self.change_sql or "", self.object_schema or ""
        if schema not in text:
            return False
        pattern = rf'(?<!\w)"?{re.escape(schema)}"?\s*\.\s*"?{re.escape(self.name)}(?!\w)'
        return re.search(pattern, text) is not None


@dataclass(frozen=True)
class Repair:
    """One inferred step: a statement to run before the recorded one, and why.

    `rewrite` replaces the recorded statement instead. `alone`: cannot share a transaction with what
    follows (a new enum label may not be used in its own). `inferred`: the object whose definition
    rests on it from then on, if any.
    """

    rule: str
    statement: str
    evidence: str
    rewrite: bool = False
    alone: bool = False
    inferred: Name | None = None


@dataclass(frozen=True)
class Foreseen:
    """A step that no row tells of, and when it is due: after the execution that holds `position`, or,
    if `early`, before it.

    `name` has to exist by then, and be the object `key` where that is known: another may have taken the
    name. `waits`: what depends on it may have to go first, so it is tried again, less and less often;
    `tries` counts.
    """

    position: int
    name: Name
    repair: Repair
    early: bool = False
    waits: bool = False
    tries: int = 0
    key: Key | None = None


@dataclass(frozen=True)
class OlderTable:
    """A table that was there before its first row, if it ever left one: where it enters, and how it is made.

    `columns` are those that its first row found.
    """

    name: Name
    position: int
    why: str
    columns: Columns
    statements: list[str]


_TRIGGER_ROUTINE = re.compile(r"""EXECUTE (?:FUNCTION|PROCEDURE) ((?:"(?:[^"]|"")*"|[^("])+)\(""")
# Statements of one author's sitting follow one another faster than this.
_SESSION = timedelta(minutes=1)
# Kinds that lead a life of their own; a view comes and goes with a table's columns.
_LASTING = ("TABLE", "FUNCTION", "PROCEDURE")
_WORD = re.compile(r"\w+")


class Evidence:
    """Everything that the history and the live catalog say about objects, ready to be asked.

    Args:
        rows: the history, in order of position.
        live: the live catalog's objects.
    """

    def __init__(self, rows: Sequence[HistoryRow], live: Iterable[DatabaseObject]) -> None:
        self.rows = rows
        self._mentions: dict[str, list[int]] = {}
        text: str | None = None
        words: set[str] = set()
        for row in rows:
            if row.change_sql != text:
                text = row.change_sql
                words = set(_WORD.findall(text or ""))
            for word in words | {row.name}:
                self._mentions.setdefault(word, []).append(row.position)
        self._columns: dict[Name, list[tuple[int, HistoryRow]]] = {}
        self._events: dict[Name, list[HistoryRow]] = {}
        for row in rows:
            key = (row.object_schema, row.name)
            self._events.setdefault(key, []).append(row)
            if row.columns:
                self._columns.setdefault(key, []).append((row.position, row))
        self.live: dict[Name, DatabaseObject] = {}
        self.live_routines: dict[Name, list[DatabaseObject]] = {}
        self.live_by_identity: dict[tuple[str, str], DatabaseObject] = {}
        # Triggers and policies, each with the identities of what it cannot do without: its table, and
        # the name of the trigger's function.
        self.attachments: list[tuple[DatabaseObject, set[str]]] = []
        for found in live:
            self.live_by_identity[(found.object_type, found.object_identity)] = found
            if found.object_type in ("FUNCTION", "PROCEDURE"):
                bare = found.object_name.split("(", 1)[0]
                self.live_routines.setdefault((found.object_schema, bare), []).append(found)
            elif found.object_type in ("TRIGGER", "POLICY"):
                needs = {found.object_identity.removesuffix(" (policy)").split(" on ", 1)[1]}
                routine = _TRIGGER_ROUTINE.search(found.definition)
                self.attachments.append((found, needs | {routine[1]} if routine else needs))
            elif found.object_type != "SCHEMA":
                self.live[(found.object_schema, found.object_name)] = found

    def later_columns(self, name: Name, position: int) -> HistoryRow | None:
        """The next row, from `position` on, that recorded the columns of this same table.

        A CREATE in between speaks of another table of that name, unless it is the row at `position`.
        """
        recorded = self._columns.get(name, [])
        i = bisect_left(recorded, position, key=lambda r: r[0])
        if i == len(recorded):
            return None
        row = recorded[i][1]
        if row.change_type == "CREATE" and row.position > position:
            return None
        return row

    def has_rows(self, name: Name) -> bool:
        return name in self._events

    def last_mention(self, type_name: str, position: int) -> int:
        """Position of the last row of this row's session that names a type in its text or its columns."""
        last = position
        end = self._next_session(position)
        for row in self.rows[position : end if end > position else None]:
            if _says(row.change_sql or "", type_name) or any(
                fact.get("type") == type_name for fact in (row.columns or {}).values()
            ):
                last = row.position
        return last

    def later_type(
        self, table: Name, column: str, position: int, before: str | None
    ) -> tuple[str, str] | None:
        """What a column's type, just set by a row, is called by its next record; and which record that is.

        None where the next record's own statement set it. Without a later record: the name of the type
        that it had `before`, if the live catalog has a type of that name and none of the new one. So go
        migrations that replace an enum: a new one takes the column, then the old one's name.
        """
        here = str((self.rows[position].columns or {}).get(column, {}).get("type"))
        row = self.later_columns(table, position + 1)
        if row is not None and row.columns and column in row.columns:
            recorded = str(row.columns[column].get("type"))
            text = row.change_sql or ""
            made_anew = re.search(rf'create\s+type\s+"?{re.escape(here)}"?\s', text, re.IGNORECASE)
            if recorded == here and before and before != here and made_anew:
                # The record is of a second type of the name: the first had given it up by then.
                return before, f"row {row.version_id}, which makes {here} anew,"
            if _says(text, recorded):
                return None
            return recorded, f"row {row.version_id}"
        kinds = {n: self.live.get((table[0], n)) for n in (here, before or "")}
        old = kinds[before or ""]
        if (
            before
            and before != here
            and kinds[here] is None
            and old is not None
            and old.object_type == "TYPE"
        ):
            return before, "the live catalog"
        return None

    def mentions(self, *names: str) -> list[int]:
        """Positions of the rows whose text has all of these names in it."""
        found: list[int] | None = None
        for name in names:
            words = _WORD.findall(name)
            if words == [name]:
                here = self._mentions.get(name, [])
            else:
                here = [r.position for r in self.rows if name in (r.change_sql or "") or name == r.name]
            found = here if found is None else sorted(set(found) & set(here))
        return found or []

    def foresee_end(self, found: DatabaseObject, position: int) -> Foreseen | None:
        """When an object that just appeared was dropped, if no row says so although it is gone.

        v1 records no drop of a routine, of a quoted name, or of anything for the second time (FORMATS 1.4
        to 1.6). The first moment that the evidence allows is in the session after the last text that names it,
        the last one is the end, or the row that makes it anew: halfway is the least wrong. A view goes at
        once, an index when its table is touched next, or with it.
        """
        name = (found.object_schema, found.object_name)
        kind = found.object_type
        if kind not in ("TABLE", "VIEW", "MATERIALIZED_VIEW", "INDEX", "FUNCTION", "PROCEDURE"):
            return None
        bare = name[1].split("(", 1)[0] if kind in ("FUNCTION", "PROCEDURE") else name[1]
        later = [r for r in self._events.get(name, []) if r.position > position]
        created = next((r for r in later if r.change_type == "CREATE"), None)
        if (kind, found.object_identity) in self.live_by_identity:
            return None
        if any(r.change_type == "DROP" and (created is None or r.position < created.position) for r in later):
            return None
        end = created.position if created else len(self.rows)
        named = [p for p in self.mentions(bare) if position <= p < end]
        last = named[-1] if named else position
        halfway = (last + end - 1) // 2
        apart = kind == "TABLE" and created is None and self._taken_apart(bare, named)
        if created is not None:
            if kind != "TABLE":
                # Made anew by the statement after the one that dropped it, as a rule: it is dropped by then.
                return None
            due = halfway
        elif kind == "INDEX" and self._goes_along(found, last):
            return None
        elif apart:
            due = self._session_end(last)
        else:
            due = self._next_session(last)
            if due > last and kind == "INDEX":
                due = self._table_touched(found, due) or due
            elif due > last and kind in _LASTING:
                due = max(due, halfway)
        if due <= last and not apart:
            return None
        identity = found.object_identity if kind in ("FUNCTION", "PROCEDURE") else qualified(name)
        return Foreseen(
            due,
            name,
            Repair(
                "unrecorded_drop",
                f"DROP {kind.replace('_', ' ')} {identity};",
                f"it is not in the live catalog, no row drops it, and no row after {self._version(last)} names it",
            ),
            waits=True,
        )

    def _goes_along(self, index: DatabaseObject, position: int) -> bool:
        """Whether an index that is gone in the end went with its table: nothing tells that it had gone before."""
        table = _indexed(index)
        for row in self._later_rows(table, position):
            table = (row.object_schema, row.name)
            if row.change_type == "DROP":
                return True
        return table not in self.live

    def _table_touched(self, index: DatabaseObject, position: int) -> int | None:
        """The first row, from `position` on, of an index's table or of another index of it.

        Who drops an index, as a rule changes something else of its table as well.
        """
        table = _indexed(index)
        rows = [*self._later_rows(table, position - 1)]
        names = {table, *((row.object_schema, row.name) for row in rows)}
        touched = [p for name in names for p in self._index_rows.get(name, ()) if p >= position]
        return min((*touched, *(row.position for row in rows)), default=None)

    @cached_property
    def _index_rows(self) -> dict[Name, list[int]]:
        """The positions of the rows of a table's indexes, by the table that their texts say they are on."""
        tables: dict[Name, Name] = {}
        found: dict[Name, list[int]] = {}
        for row in self.rows:
            if row.object_type != "INDEX":
                continue
            name = (row.object_schema, row.name)
            for made in split(row.change_sql or "") if row.change_type == "CREATE" else ():
                if made.tag == "CREATE INDEX" and made.on and any(t[1] == row.name for t in made.targets):
                    tables[name] = (made.on[0] or row.object_schema, made.on[1])
            if name in tables:
                found.setdefault(tables[name], []).append(row.position)
        return found

    def foresee_columns(
        self, table: Name, current: Sequence[Mapping[str, Any]], position: int
    ) -> list[Foreseen]:
        """Renames of columns between a table's row and its next record, of which v1 keeps no trace.

        A column keeps its position and type when it is renamed (FORMATS 1.7, 1.9). The new name was there
        by the first text that uses it; where none does, halfway between the last text that uses the old
        name and the record.
        """
        upper, facts, text, source = self._next_record(table, position)
        if facts is None:
            return []
        gone = {str(c["name"]) for c in current} - facts.keys() - {unquote(n) for n in _DROPPED.findall(text)}
        new = [n for n in facts if n not in {str(c["name"]) for c in current}]
        new = [n for n in new if n not in {unquote(a) for a in _ADDED.findall(text)}]
        places = {str(c["name"]): i for i, c in enumerate(c for c in current)}
        steps = []
        for old in sorted(gone, key=lambda n: places[n]):
            column = current[places[old]]
            match = next((n for n in new if _same_column(column, places[old], facts[n])), None)
            if match is None:
                continue
            new.remove(match)
            if any(self._renames(p) for p in self.mentions(table[1], old, match) if position < p <= upper):
                # A text that is recorded for another object says it: it runs when its turn comes.
                continue
            place, early = self._renamed_at(table, old, match, position, upper)
            if place < position:
                continue
            steps.append(
                Foreseen(
                    place,
                    table,
                    Repair(
                        "foreseen_rename",
                        f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(old)} TO {quote(match)};",
                        f"{source} has {match} where row {self._version(position)} left {old}",
                        inferred=table,
                    ),
                    early=early,
                )
            )
        return steps

    def _renamed_at(self, table: Name, old: str, new: str, position: int, upper: int) -> tuple[int, bool]:
        """Where a column was renamed, and whether it is before that row.

        One migration renames a column of several tables: where the same rename of others may have been at the same
        time, it was.
        """
        first, last, early = self._rename_bounds(table, old, new, position, upper)
        others = [self._rename_bounds(*other) for other in self._renames_alike(old, new)]
        for after, before, used in sorted(others, key=lambda b: b[1] - b[0]):
            if max(first, after) < min(last, before):
                first = max(first, after)
                if before < last:
                    last, early = before, used
        return (last if early else (first + last - 1) // 2), early

    def _rename_bounds(
        self, table: Name, old: str, new: str, position: int, upper: int
    ) -> tuple[int, int, bool]:
        """Between which positions a column was renamed, and whether it was before the last, a use of the new name."""
        used, used_old = (
            [
                p
                for p in self.mentions(table[1], column)
                if position < p < upper and self._one_statement_names(p, position, table[1], column)
            ]
            for column in (new, old)
        )
        used = sorted({*used, *self._renamed_along(old, new, position, upper)})
        if used:
            return position, used[0], True
        return (used_old[-1] if used_old else position), upper, False

    def _renames_alike(self, old: str, new: str) -> Iterator[tuple[Name, str, str, int, int]]:
        """Tables of which one record has the column `old`, and the next one, or the live catalog, `new` instead."""
        for table, recorded in self._columns.items():
            live = self.live.get(table)
            found = {name for name, _ in column_types(live.definition)} if live is not None else set()
            records = [(position, row.change_type, set(row.columns or {})) for position, row in recorded]
            for before, after in pairwise([*records, (len(self.rows), "ALTER", found)]):
                if after[1] != "CREATE" and old in before[2] - after[2] and new in after[2] - before[2]:
                    yield table, old, new, before[0], after[0]

    def foresee_sequences(
        self, table: Name, current: Sequence[Mapping[str, Any]], position: int
    ) -> list[Foreseen]:
        """Sequences that are renamed along with their table, just behind its rename: v1 records none (FORMATS 1.1)."""
        row = self.rows[position]
        if not any(unquote(new) == table[1] for _, new in RENAMED_TABLE.findall(row.change_sql or "")):
            return []
        later = next((r for r in self._later_rows(table, position) if r.columns), None)
        live = self.live.get(table)
        steps = []
        for column in current:
            name = str(column["name"])
            if later is not None:
                default = (later.columns or {}).get(name, {}).get("default")
                source = f"row {later.version_id}"
            else:
                match = re.search(
                    rf"^    {re.escape(quote_if_needed(name))} .*?DEFAULT (nextval\('(?:[^']|'')+'::regclass\))",
                    live.definition if live is not None else "",
                    re.MULTILINE,
                )
                default, source = (match[1] if match else None), "the live catalog"
            before, after = sequence_of(column["default"]), sequence_of(default)
            if before is None or after is None or before[1] == after[1]:
                continue
            old = (before[0] or table[0], before[1])
            step = Repair(
                "renamed_sequence",
                f"ALTER SEQUENCE {qualified(old)} RENAME TO {quote(after[1])};",
                f"{source} has {after[1]}, and row {row.version_id} renames the table",
                inferred=(old[0], after[1]),
            )
            steps.append(Foreseen(position, old, step))
        return steps

    def foresee_constraints(self, table: DatabaseObject, position: int) -> list[Foreseen]:
        """Renames of constraints, which leave no row: the live table has the same one under another name.

        The new name was there by the first text that uses it; where none does, halfway between the last text that
        uses the old name and the end. What is called after its table is renamed along with it.
        """
        name = (table.object_schema, table.object_name)
        renamed = RENAMED_TABLE.findall(self.rows[position].change_sql or "")
        before = [parse_name(old)[1] for old, new in renamed if unquote(new) == name[1]]
        live = self.live.get(name)
        if live is None or live.object_type != "TABLE":
            return []
        ours, theirs = constraints(table.definition), constraints(live.definition)
        steps = []
        for old in ours.keys() - theirs.keys():
            same = [new for new in theirs.keys() - ours.keys() if theirs[new] == ours[old]]
            alike = [other for other in ours.keys() - theirs.keys() if ours[other] == ours[old]]
            if len(same) != 1 or len(alike) != 1 or (name[0], same[0]) in self._events:
                continue
            (new,) = same
            if any(self._renames(p) for p in self.mentions(old, new)):
                # A text that is recorded for another object says it: it runs when its turn comes.
                continue
            used, used_old = self.mentions(new), self.mentions(old)
            last = max(used_old, default=position)
            place = used[0] if used else (last + len(self.rows) - 1) // 2
            if any(
                old.startswith(table_name) and old.replace(table_name, name[1], 1) == new
                for table_name in before
            ):
                used, place = [], position
            step = Repair(
                "renamed_constraint",
                f"ALTER TABLE {qualified(name)} RENAME CONSTRAINT {quote(old)} TO {quote(new)};",
                f"the live catalog has {new}, and no row after {self._version(last)} names {old}",
                inferred=name,
            )
            steps.append(Foreseen(max(place, position), name, step, early=bool(used) and place > position))
        return steps

    def _renamed_along(self, old: str, new: str, position: int, upper: int) -> list[int]:
        """Positions of the rows in between that rename an index as the column was renamed that it is called after."""
        return [
            row.position
            for row in self.rows[position + 1 : upper]
            if row.object_type == "INDEX" and new in row.name
            if any(
                unquote(after) == row.name
                and re.sub(rf"(?<![^_\W]){re.escape(old)}(?![^_\W])", lambda _: new, parse_name(before)[1])
                == row.name
                for before, after in _RENAMED_INDEX.findall(row.change_sql or "")
            )
        ]

    def _later_rows(self, table: Name, position: int) -> Iterator[HistoryRow]:
        """The rows of a table after `position`, on under the name that a row gives it (FORMATS 1.7)."""
        while True:
            rename = next(
                (
                    r
                    for p in self.mentions(table[1])
                    if p > position and (r := self.rows[p]).object_type == "TABLE" and r.name != table[1]
                    if any(
                        parse_name(old)[1] == table[1] and unquote(new) == r.name
                        for old, new in RENAMED_TABLE.findall(r.change_sql or "")
                    )
                ),
                None,
            )
            for row in self._events.get(table, []):
                if position < row.position < (rename.position if rename else len(self.rows)):
                    yield row
            if rename is None:
                return
            yield rename
            table, position = (rename.object_schema, rename.name), rename.position

    def _one_statement_names(self, position: int, after: int, *names: str) -> bool:
        """Whether one statement of a later execution's text has all of the names in it."""
        row, first = self.rows[position], self.rows[after]
        if (row.branch_name, row.execution_no) == (first.branch_name, first.execution_no):
            return False
        return any(all(name in s.words for name in names) for s in split(row.change_sql or ""))

    def _renames(self, position: int) -> bool:
        return "rename" in (self.rows[position].change_sql or "").lower()

    def _next_record(
        self, table: Name, position: int
    ) -> tuple[int, dict[str, tuple[int | None, int, str]] | None, str, str]:
        """The next record of a table's columns: its position, `name: (attnum, place, type)`, the text of the
        rows up to it, and what it is."""
        texts: list[str] = []
        for row in self._later_rows(table, position):
            if row.change_type != "ALTER":
                return row.position, None, "", ""
            table = (row.object_schema, row.name)
            texts.append(row.change_sql or "")
            if row.columns:
                names = ordered(row.columns)
                facts = {
                    n: (row.columns[n].get("position"), names.index(n), str(row.columns[n].get("type")))
                    for n in names
                }
                return row.position, facts, "\n".join(texts), f"row {row.version_id}"
        live = self.live.get(table)
        if live is None or live.object_type != "TABLE":
            return len(self.rows), None, "", ""
        lines = column_types(live.definition)
        return (
            len(self.rows),
            {name: (None, i, kind) for i, (name, kind) in enumerate(lines)},
            "\n".join(texts),
            "the live catalog",
        )

    def _next_session(self, position: int) -> int:
        """The first row of the next session after this row's; `position` itself where there is none.

        Whoever made the object in one session did not drop it in the same, unless a row says so.
        """
        here = self.rows[position]
        for row in self.rows[position + 1 :]:
            if not isinstance(here.created_at, datetime):
                here = row
            elif isinstance(row.created_at, datetime) and abs(row.created_at - here.created_at) > _SESSION:
                return row.position
        return position

    def _session_end(self, position: int) -> int:
        """The last row of this row's session."""
        following = self._next_session(position)
        return following - 1 if following > position else len(self.rows) - 1

    def _taken_apart(self, table: str, named: Sequence[int]) -> bool:
        """Whether the last session that names a table only takes its constraints and indexes away.

        So go migrations that drop it: first the foreign keys, then the indexes, then the table.
        """
        if not named:
            return False
        end = self._session_end(named[-1])
        here = [*takewhile(lambda p: self._session_end(p) == end, reversed(named))]
        statements = [s for p in here for s in split(self.rows[p].change_sql or "") if s.mentions(table)]
        return bool(statements) and all(
            s.tag == "DROP INDEX" or _DROPS_CONSTRAINT.fullmatch(s.text.strip()) for s in statements
        )

    def foresee_type_end(self, found: DatabaseObject, position: int) -> Foreseen | None:
        """When a type went whose last use a row took away, if that was its end: in the same session.

        v1 records nothing of types (FORMATS 1.1).
        """
        name = (found.object_schema, found.object_name)
        last = self._session_end(position)
        later = self.rows[last + 1 :]
        if (
            (found.object_type, found.object_identity) in self.live_by_identity
            or any(p > last for p in self.mentions(name[1]))
            or any(fact.get("type") == name[1] for row in later for fact in (row.columns or {}).values())
        ):
            return None
        step = Repair(
            "unused_type",
            f"DROP TYPE {qualified(name)};",
            f"row {self._version(position)} takes its last use away, and it is not in the live catalog",
        )
        return Foreseen(self.last_mention(name[1], position), name, step, key=found.key)

    def last_row(self, name: Name) -> int:
        """Position of the last row of an object; -1 where it has none."""
        rows = self._events.get(name)
        return rows[-1].position if rows else -1

    def _version(self, position: int) -> int:
        return self.rows[min(position, len(self.rows) - 1)].version_id

    def older_tables(self) -> list[OlderTable]:
        """Tables that were there before their first row: older than the tracker, or made by a statement
        that v1 does not record (CREATE TABLE AS)."""
        found = []
        for name, rows in self._events.items():
            first = rows[0]
            if first.object_type != "TABLE" or first.change_type != "ALTER" or not first.columns:
                continue
            if first.exclusion_reason or self._had_another_name(first):
                continue
            live = self.live.get(name)
            columns = before_statement(first.columns, first.change_sql or "", first.name)
            statements = [create_table(name, columns)]
            if live is not None and live.object_type == "TABLE":
                statements = self._all_of(live)
            why = f"row {first.version_id} altered the table, and none created it"
            found.append(
                (
                    self._born(first),
                    first.version_id,
                    OlderTable(name, self._born(first), why, columns, statements),
                )
            )
        for name, live in self.live.items():
            if live.object_type != "TABLE" or name in self._events or self._is_made(name):
                continue
            # CREATE TABLE AS leaves no row either, but an index does.
            indexes = self._without_rows(live)
            if indexes and len(indexes) == len(self._indexes(live)):
                why = (
                    f"{live.object_identity} and its index {indexes[0].object_name} are in the live catalog, "
                    "and no row created either"
                )
                found.append((0, 0, OlderTable(name, 0, why, {}, self._all_of(live))))
        return [table for *_, table in sorted(found, key=lambda f: (f[0], f[1], f[2].name))]

    def _had_another_name(self, row: HistoryRow) -> bool:
        """Whether the row's own text gave the table its name, or its schema."""
        text = row.change_sql or ""
        return re.search(r"\brename\s+to\b", text, re.IGNORECASE) is not None or any(
            parse_name(old)[1] == row.name and unquote(schema) == row.object_schema
            for old, schema in _MOVED_TABLE.findall(text)
        )

    def _is_made(self, name: Name) -> bool:
        """Whether a recorded text makes an object of that name, or may."""
        return any(
            s.action == "code" or (s.verb == "CREATE" and any(target[1] == name[1] for target in s.targets))
            for p in self.mentions(name[1])
            for s in split(self.rows[p].change_sql or "")
            if s.mentions(name[1])
        )

    def _indexes(self, table: DatabaseObject) -> list[DatabaseObject]:
        on = re.compile(rf" ON (?:ONLY )?{re.escape(table.object_identity)} USING ")
        return [o for o in self.live.values() if o.object_type == "INDEX" and on.search(o.definition)]

    def _without_rows(self, table: DatabaseObject) -> list[DatabaseObject]:
        """The indexes of a live table that no row tells of."""
        return [o for o in self._indexes(table) if (o.object_schema, o.object_name) not in self._events]

    def _all_of(self, table: DatabaseObject) -> list[str]:
        """A live table's definition by statement, with what belongs to it and left no row."""
        owned = f" OWNED BY {table.object_identity}."
        return [
            *map(str.strip, _STATEMENT.findall(table.definition)),
            *(first_statement(o.definition) for o in self._without_rows(table)),
            *(
                statement.strip()
                for o in self.live.values()
                if o.object_type == "SEQUENCE" and owned in o.definition
                for statement in _STATEMENT.findall(o.definition)[1:]
            ),
        ]

    def _born(self, row: HistoryRow) -> int:
        """The first position by which an object of a later oid had been created; the row's own at the latest."""
        if row.oid is None:
            return 0
        for other in self.rows[: row.position]:
            if other.oid is not None and other.change_type == "CREATE" and other.oid > row.oid:
                return other.position
        return row.position

    def renamed_index(self, found: DatabaseObject, position: int) -> Foreseen | None:
        """The rename of an index whose row was erased.

        The live catalog has the same index under a name that never left a row, and lacks this one. A
        gap in the ids is where rows were erased (FORMATS 1.12).
        """
        name = (found.object_schema, found.object_name)
        if name in self.live or any(r.position > position for r in self._events.get(name, [])):
            return None
        text = found.definition.replace(f" {quote_if_needed(found.object_name)} ON ", " ? ON ", 1)
        same = [
            (other, live)
            for other, live in self.live.items()
            if live.object_type == "INDEX" and other not in self._events and other[0] == name[0]
            if live.definition.replace(f" {quote_if_needed(live.object_name)} ON ", " ? ON ", 1) == text
        ]
        if len(same) != 1:
            # Of two, nothing tells which one it was.
            return None
        ((other, live),) = same
        if any(self._renames(p) for p in self.mentions(name[1], other[1]) if p >= position):
            # A text that is recorded for another object says it: it runs when its turn comes.
            return None
        for before, after in pairwise(self.rows[position:]):
            if after.version_id - before.version_id > 1:
                step = Repair(
                    "renamed_index",
                    f"ALTER INDEX {qualified(name)} RENAME TO {quote(live.object_name)};",
                    f"the live catalog has it as {live.object_identity}, which never left a row; "
                    f"rows between {before.version_id} and {after.version_id} were erased",
                    inferred=other,
                )
                return Foreseen(before.position, name, step)
        return None

    def older_views(self) -> list[DatabaseObject]:
        """Views of the live catalog that never left a row: v1 records views, so they were there before it."""
        return [
            found
            for name, found in self.live.items()
            if found.object_type == "VIEW" and name not in self._events
        ]


def _says(text: str, name: str) -> bool:
    """Whether a text has the name in it, and not as a part of a longer one."""
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def qualified(name: Name) -> str:
    """A name as SQL text."""
    schema, bare = name
    return f"{quote(schema)}.{quote(bare)}" if schema else quote(bare)


def quote_if_needed(name: str) -> str:
    """A name as PostgreSQL prints it, but for reserved words."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else quote(name)


def parse_name(text: str) -> Name:
    """`schema.name`, `"Name"`, `name` as PostgreSQL's messages print them; a message quotes once more."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', text)
    names = [quoted.replace('""', '"') if quoted else bare for quoted, bare in parts]
    if not names:
        return (None, text)
    return (names[-2] if len(names) > 1 else None, names[-1])


def type_text(udt: str) -> str:
    """v1's name of a column's type as SQL: `varchar(13)`, `_text`, `State_9` (FORMATS 1.9)."""
    match = re.fullmatch(r"(.*?)(\(\d+\))?", udt, re.DOTALL)
    assert match is not None
    return quote(match[1]) + (match[2] or "")


_DEFAULT_NOISE = re.compile(r'\b(?:public|pg_catalog)\.|(?<![\w"])"([a-z_][a-z0-9_]*)"')


def same_default(recorded: str | None, found: str | None) -> bool:
    """Whether two defaults are the same, however much of a schema the search_path let them print."""
    if recorded == found:
        return True
    if recorded is None or found is None:
        return False

    def plain(text: str) -> str:
        return _DEFAULT_NOISE.sub(lambda m: m[1] or "", text)

    return plain(recorded) == plain(found) or _without_schemas(recorded) == _without_schemas(found)


def _without_schemas(text: str) -> str:
    return re.sub(r'(?:"[^"]+"|[A-Za-z_]\w*)\.(?=["A-Za-z_])', "", text)


def ordered(columns: Columns) -> list[str]:
    """The names of recorded columns, in the order of their positions."""
    return sorted(columns, key=lambda c: columns[c].get("position") or 0)


def disagreements(columns: Columns, found: Sequence[Mapping[str, Any]]) -> list[str]:
    """Where a table in the shadow contradicts the recorded columns, in words; empty if nowhere."""
    wrong: list[str] = []
    names = [str(c["name"]) for c in found]
    recorded = ordered(columns)
    if names != recorded:
        wrong.append(f"columns are {', '.join(names)}; recorded {', '.join(recorded)}")
    by_name = {str(c["name"]): c for c in found}
    for name in recorded:
        if name not in by_name:
            continue
        fact, column = columns[name], by_name[name]
        if fact.get("type") != column["type"]:
            wrong.append(f"type of {name} is {column['type']}; recorded {fact.get('type')}")
        if bool(fact.get("nullable", True)) != bool(column["nullable"]):
            wrong.append(f"{name} is {'nullable' if column['nullable'] else 'not null'}; recorded otherwise")
        if not column["generated"] and not same_default(fact.get("default"), column["default"]):
            wrong.append(f"default of {name} is {column['default']}; recorded {fact.get('default')}")
    return wrong


def create_table(name: Name, columns: Columns) -> str:
    """A table of the recorded columns; its constraints are not known."""
    lines = []
    for column in ordered(columns):
        fact = columns[column]
        default = fact.get("default")
        lines.append(
            f"    {quote(column)} {type_text(str(fact.get('type')))}"
            + (f" DEFAULT {default}" if default and not str(default).startswith("nextval(") else "")
            + ("" if fact.get("nullable", True) else " NOT NULL")
        )
    return f"CREATE TABLE {qualified(name)} (\n" + ",\n".join(lines) + "\n);"


_DROPPED = re.compile(r"""\bdrop\s+(?:column\s+)?(?:if\s+exists\s+)?("(?:[^"]|"")+"|\w+)""", re.IGNORECASE)
_ADDED = re.compile(r"""\badd\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?("(?:[^"]|"")+"|\w+)""", re.IGNORECASE)
_SET = re.compile(
    r"""\balter\s+(?:column\s+)?("(?:[^"]|"")+"|\w+)\s+(set\s+not\s+null|drop\s+not\s+null|set\s+default)""",
    re.IGNORECASE,
)


def before_statement(columns: Columns, text: str, table: str) -> Columns:
    """The recorded columns without what the recorded statement itself did to them."""
    if table not in text:
        return columns
    result = {name: dict(fact) for name, fact in columns.items()}
    for name in _ADDED.findall(text):
        result.pop(unquote(name), None)
    for name, action in _SET.findall(text):
        fact = result.get(unquote(name))
        if fact is None:
            continue
        words = " ".join(action.lower().split())
        if words == "set default":
            fact["default"] = None
        else:
            fact["nullable"] = words == "set not null"
    return result or columns


RENAMED_TABLE = re.compile(
    r"""\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?((?:"(?:[^"]|"")+"|[\w.])+)\s+rename\s+to\s+("(?:[^"]|"")+"|\w+)""",
    re.IGNORECASE,
)


_NEXTVAL = re.compile(r"nextval\('((?:[^']|'')+)'::regclass\)")


def sequence_of(default: str | None) -> Name | None:
    """The sequence that a default takes its value from, if it is nothing else."""
    match = _NEXTVAL.fullmatch(default or "")
    return parse_name(match[1].replace("''", "'")) if match else None


_CONSTRAINT = re.compile(
    r"""^(?:    |ALTER TABLE (?:ONLY )?\S.* ADD )CONSTRAINT ("(?:[^"]|"")+"|[\w$]+) (.+?)(?: NOT VALID)?[,;]?$""",
    re.MULTILINE,
)


def constraints(definition: str) -> dict[str, str]:
    """The constraints of a table's definition by name: the first line of what each says."""
    return {unquote(name): body for name, body in _CONSTRAINT.findall(definition)}


_RENAMED_INDEX = re.compile(
    r"""\balter\s+index\s+(?:if\s+exists\s+)?((?:"(?:[^"]|"")+"|[\w.])+)\s+rename\s+to\s+("(?:[^"]|"")+"|\w+)""",
    re.IGNORECASE,
)
_MOVED_TABLE = re.compile(
    r"""\balter\s+table\s+(?:if\s+exists\s+)?((?:"(?:[^"]|"")+"|[\w.])+)\s+set\s+schema\s+("(?:[^"]|"")+"|\w+)""",
    re.IGNORECASE,
)


_DROPS_CONSTRAINT = re.compile(r"""alter\s+table\s[^,;]+\sdrop\s+constraint\s[^,;]+;?""", re.IGNORECASE)
_INDEXED = re.compile(r""" ON (?:ONLY )?((?:"(?:[^"]|"")+"|[\w$.])+) USING """)


def _indexed(index: DatabaseObject) -> Name:
    """The table that an index is on."""
    match = _INDEXED.search(index.definition)
    assert match is not None
    return parse_name(match[1])


_STATEMENT = re.compile(r"""(?:[^;'"]|'(?:[^']|'')*'|"(?:[^"]|"")*")+;""")


def first_statement(definition: str) -> str:
    """The CREATE statement of a definition, without what completes it (constraints, comments)."""
    match = _STATEMENT.match(definition)
    return match[0] if match else definition


_COLUMN_LINE = re.compile(
    r"""    ("(?:[^"]|"")*"|[a-z_][\w$]*) (.+?)"""
    r"""(?: COLLATE .*| DEFAULT .*| GENERATED .*| NOT NULL.*| CONSTRAINT .*)?,?$"""
)


def column_types(definition: str) -> list[tuple[str, str]]:
    """The columns of a table's definition, in order, each with its type as PostgreSQL prints it."""
    found = []
    for line in first_statement(definition).split("\n")[1:]:
        match = _COLUMN_LINE.match(line)
        if match and match[1] != "CONSTRAINT":
            found.append((unquote(match[1]), match[2]))
    return found


def _same_column(column: Mapping[str, Any], place: int, fact: tuple[int | None, int, str]) -> bool:
    attnum, where, kind = fact
    if attnum is not None:
        return bool(column["position"] == attnum and column["type"] == kind)
    return where == place and _without_schemas(kind) == _without_schemas(str(column["full_type"]))
