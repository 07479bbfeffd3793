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
from math import sqrt
from typing import Any

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.definitions import (
    Columns,
    column_types,
    constraints,
    ordered,
    parse_name,
    qualified,
    qualified_identity,
    quote_if_needed,
    same_default,
    sequence_of,
    without_schemas,
)
from pggit_audit.statements import Name, Statement, folded, quote, split, unquote


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

    @cached_property
    def text(self) -> str:
        """The recorded text as PostgreSQL reads it (`folded`); empty where there is none."""
        return folded(self.change_sql or "")

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements of the recorded text."""
        return split(self.change_sql or "")

    def names_type(self, type_name: str) -> bool:
        """Whether the row's text or its columns name a type."""
        return says(self.text, type_name) or any(
            fact.get("type") == type_name for fact in (self.columns or {}).values()
        )

    @property
    def name(self) -> str:
        """The object's real name, without v1's quotes."""
        return unquote(self.object_name)

    @property
    def execution(self) -> tuple[str, int]:
        """The client's query that left the row."""
        return (self.branch_name, self.execution_no)

    @cached_property
    def says_schema(self) -> bool:
        """Whether the text writes the schema before the name of the row's object."""
        text, schema = self.text, self.object_schema or ""
        if schema not in text:
            return False
        pattern = rf'(?<!\w)"?{re.escape(schema)}"?\s*\.\s*"?{re.escape(self.name)}(?!\w)'
        return re.search(pattern, text) is not None


@dataclass(frozen=True)
class Repair:
    """One inferred step: a statement to run before the recorded one, and why.

    `rewrite` replaces the recorded statement instead. `alone`: cannot share a transaction with what
    follows (a new enum label may not be used in its own). `inferred`: the object whose definition
    rests on it from then on, if any. `then`: what belongs to what it makes, each taken if it fits.
    `seen_until`: when the last text named what it drops.
    """

    rule: str
    statement: str
    evidence: str
    rewrite: bool = False
    alone: bool = False
    inferred: Name | None = None
    then: tuple[str, ...] = ()
    seen_until: Any = None


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


@dataclass(frozen=True)
class Comment:
    """A comment of the live catalog, under one of the names that its object's table had.

    `text` is the statement up to the comment itself; `about` the name of what it is on, and `names` are those that its
    object had. It had this one from the row at `first` on, until the row at `until`, not included.
    """

    text: str
    statement: str
    about: str
    names: frozenset[str]
    first: int
    until: int


COMMENT = re.compile(r"\nCOMMENT ON (?:[^;']|'(?:[^']|'')*')+;")
"""A comment, as a definition has it behind its statement."""
_COMMENTS = re.compile(rf"(?:{COMMENT.pattern})+\Z")
_COMMENT_ON = re.compile(r"COMMENT ON (?:MATERIALIZED VIEW|\w+) ")
_TRIGGER_ROUTINE = re.compile(r"""EXECUTE (?:FUNCTION|PROCEDURE) ((?:"(?:[^"]|"")*"|[^("])+)\(""")
# Statements of one author's sitting follow one another faster than this.
SESSION = timedelta(minutes=1)
# One of so many is enough for a habit; fewer than so many tell of none.
_FEW = 10
_TOO_FEW = 4
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
                words = set(_WORD.findall(row.text))
            for word in words | {row.name}:
                self._mentions.setdefault(word, []).append(row.position)
        self._columns: dict[Name, list[tuple[int, HistoryRow]]] = {}
        self.events: dict[Name, list[HistoryRow]] = {}
        for row in rows:
            key = (row.object_schema, row.name)
            self.events.setdefault(key, []).append(row)
            if row.columns:
                self._columns.setdefault(key, []).append((row.position, row))
        self.live: dict[Name, DatabaseObject] = {}
        self.live_routines: dict[Name, list[DatabaseObject]] = {}
        self.live_by_identity: dict[tuple[str, str], DatabaseObject] = {}
        self._attached: list[DatabaseObject] = []
        for found in live:
            self.live_by_identity[(found.object_type, found.object_identity)] = found
            if found.object_type in ("FUNCTION", "PROCEDURE"):
                bare = found.object_name.split("(", 1)[0]
                self.live_routines.setdefault((found.object_schema, bare), []).append(found)
            elif found.object_type in ("TRIGGER", "POLICY"):
                self._attached.append(found)
            elif found.object_type != "SCHEMA":
                self.live[(found.object_schema, found.object_name)] = found

    @cached_property
    def attachments(self) -> list[Attachment]:
        """Triggers and policies of the live catalog, once for each name that their tables had."""
        result = []
        for found in self._attached:
            attached, table = found.object_identity.removesuffix(" (policy)").split(" on ", 1)
            routine = _TRIGGER_ROUTINE.search(found.definition)
            names = [*self._names("TABLE", (found.object_schema, parse_name(table)[1]))]
            for name, first, until in names:
                older = table if until == len(self.rows) else qualified_identity(*name)
                result.append(
                    Attachment(
                        found,
                        older,
                        found.object_identity if older == table else f"{attached} on {older}",
                        _on_another_table(found, table, older),
                        frozenset({older, routine[1]} if routine else {older}),
                        first,
                        until,
                        frozenset(bare for (_, bare), _, _ in names),
                    )
                )
        return result

    @cached_property
    def comments(self) -> dict[tuple[str, str], list[Comment]]:
        """The comments of the live catalog, by kind and identity of their object, under each name that it had."""
        result: dict[tuple[str, str], list[Comment]] = {}
        for (kind, identity), found in self.live_by_identity.items():
            tail = _COMMENTS.search(found.definition)
            statements = [m[0].lstrip() for m in COMMENT.finditer(tail[0])] if tail is not None else []
            names = [*self._names(kind, (found.object_schema, found.object_name))] if statements else []
            bare = frozenset(name.split("(", 1)[0] for (_, name), _, _ in names)
            for name, first, until in names:
                older = identity if until == len(self.rows) else qualified_identity(*name)
                for statement in statements:
                    text, what = statement.split(" IS ", 1)
                    about = _COMMENT_ON.sub("", text).split(" ON ", 1)[0].split("(", 1)[0]
                    text = text.replace(identity, older, 1)
                    result.setdefault((kind, older), []).append(
                        Comment(f"{text} IS ", f"{text} IS {what}", parse_name(about)[1], bare, first, until)
                    )
        return result

    def is_commented_later(self, comment: Comment, position: int) -> bool:
        """Whether a text after this row makes the comment, or another for the same: it comes when its turn comes."""
        return any(
            s.verb == "COMMENT" and comment.about in s.words and not comment.names.isdisjoint(s.words)
            for p in self.mentions(comment.about)
            if p > position and "comment" in self.rows[p].text.lower()
            for s in self.rows[p].statements
        )

    def _names(self, kind: str, name: Name) -> Iterator[tuple[Name, int, int]]:
        """What a live object was called, newest first: since which row's position, and until which one's."""
        until = len(self.rows)
        while True:
            older: Name | None = None
            first = 0
            for row in reversed(self.events.get(name, [])):
                if row.position >= until or row.object_type != kind:
                    continue
                older = self.earlier_name(row)
                if row.change_type in ("CREATE", "DROP") or older is not None:
                    first = row.position
                    break
            yield name, first, until
            if older is None:
                return
            name, until = older, first

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
        return name in self.events

    def last_mention(self, type_name: str, position: int) -> int:
        """Position of the last row of this row's session that names a type in its text or its columns."""
        last = position
        end = self._next_session(position)
        for row in self.rows[position : end if end > position else None]:
            if row.names_type(type_name):
                last = row.position
        return last

    def first_sign_of_type(self, type_name: str, position: int) -> int:
        """Position of the first row behind this one that names a type in its text or its columns; the end, if none."""
        later = (row.position for row in self.rows[position + 1 :] if row.names_type(type_name))
        return next(later, len(self.rows))

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
            text = row.text
            made_anew = row.execution != self.rows[position].execution and re.search(
                rf'create\s+type\s+"?{re.escape(here)}"?\s', text, re.IGNORECASE
            )
            if recorded == here and before and before != here and made_anew:
                # The record is of a second type of the name: the first had given it up by then.
                return before, f"row {row.version_id}, which makes {here} anew,"
            if says(text, recorded):
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
                here = [r.position for r in self.rows if name in r.text or name == r.name]
            found = here if found is None else sorted(set(found) & set(here))
        return found or []

    def foresee_end(self, found: DatabaseObject, position: int) -> Foreseen | None:
        """When an object that just appeared was dropped, if no row says so although it is gone.

        v1 records no drop of a routine, of a quoted name, or of anything for the second time (FORMATS 1.4
        to 1.6). The first moment that the evidence allows is in the session after the last text that names it,
        the last one is the end. A view goes at once, an index when its table is touched next, or with it.
        """
        name = (found.object_schema, found.object_name)
        kind = found.object_type
        if kind not in ("TABLE", "VIEW", "MATERIALIZED_VIEW", "INDEX", "FUNCTION", "PROCEDURE"):
            return None
        bare = name[1].split("(", 1)[0] if kind in ("FUNCTION", "PROCEDURE") else name[1]
        if (kind, found.object_identity) in self.live_by_identity:
            return None
        if any(
            r.position > position and r.change_type in ("CREATE", "DROP") for r in self.events.get(name, [])
        ):
            # A row drops it; or it is made anew by the statement after the one that dropped it, as a rule.
            return None
        named = [p for p in self.mentions(bare) if position <= p]
        last = named[-1] if named else position
        likely = self._likely_end(named, self._session_end(last))
        apart = kind == "TABLE" and self._taken_apart(bare, named)
        if kind == "INDEX" and self._goes_along(found, last):
            return None
        if apart:
            due = self._session_end(last)
        else:
            due = self._next_session(last)
            if due > last and kind == "INDEX":
                due = self._table_touched(found, due) or due
            elif due > last and kind in _LASTING:
                due = max(due, likely)
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
                seen_until=self.rows[last].created_at,
            ),
            waits=True,
        )

    def _likely_end(self, named: Sequence[int], last: int) -> int:
        """Where what is named at these positions, and no more until the end, is as likely gone as still there.

        The longer the silence, compared with those before, the less likely. What is named n times in S rows, at a rate
        that nobody knows (a gamma distribution), is silent for s more with the likelihood (S / (S + s))^n; half of that
        lies before the result. One silence of the usual length counts with its own.
        """
        times = len({self.rows[p].execution for p in named}) or 1
        span = last - (named[0] if named else last) + self._usual_silence
        longest = 1 + (len(self.rows) - 1 - last) / span
        half = sqrt(longest) if times == 1 else ((1 + longest ** (1 - times)) / 2) ** (1 / (1 - times))
        return last + round(span * (half - 1))

    @cached_property
    def _usual_silence(self) -> float:
        """How many rows there are, on average, between two texts that name the same table; all, where none is again."""
        rows = times = 0
        for (_, name), found in self.events.items():
            if found[0].object_type == "TABLE":
                named = self.mentions(name)
                rows += named[-1] - named[0]
                times += len({self.rows[p].execution for p in named}) - 1
        return rows / times if times else float(len(self.rows))

    def drops_routine(self, bare: str, position: int) -> bool:
        """Whether a text, from this row's on, drops a routine of that name."""
        return any(
            s.verb == "DROP" and s.object_type in ("FUNCTION", "PROCEDURE", "ROUTINE") and bare in s.words
            for p in self.mentions(bare)
            if p >= position
            for s in self.rows[p].statements
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
            for made in row.statements if row.change_type == "CREATE" else ():
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
        gone = {str(c["name"]) for c in current} - facts.keys() - {unquote(n) for n in DROPPED.findall(text)}
        new = [n for n in facts if n not in {str(c["name"]) for c in current}]
        added = {unquote(a) for a in ADDED.findall(text)}
        new = [n for n in new if n not in added]
        taken = {unquote(n) for n in _TAKEN_COLUMN.findall(text)} - added - {str(c["name"]) for c in current}
        places = {str(c["name"]): i for i, c in enumerate(c for c in current)}
        steps = []
        for old in sorted(gone, key=lambda n: places[n]):
            column = current[places[old]]
            match = next((n for n in new if _same_column(column, places[old], facts[n])), None)
            shown = f"{source} has {match}"
            if match is None and upper < len(self.rows) and len(gone) == len(taken) == 1 and not new:
                # The statement of the record took it away, under its new name.
                (match,) = taken
                shown = f"{source} no longer has {match}, which no row added,"
            elif match is None:
                continue
            else:
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
                        f"{shown} where row {self._version(position)} left {old}",
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
        if early or not self._renames_beside_others:
            return (last if early else (first + last - 1) // 2), early
        if last == len(self.rows) or self._prepares_rename(table, old, new, first):
            return self._session_end(first), False
        return last, True

    @cached_property
    def _renames_beside_others(self) -> bool:
        """Whether the team renames columns in sessions that leave rows of the same table.

        Migrations do, as a rule, so that a rename is at one end of its interval; who sends each by itself renames
        anywhere in between. Renames between two records of one session tell which of the two it is; where there are
        hardly any, it is the rule.
        """
        within = across = 0
        for recorded in self._columns.values():
            for (before, row), (after, later) in pairwise(recorded):
                if later.change_type == "CREATE" or self._renames(after):
                    continue
                if _renamed_columns(row.columns or {}, later.columns or {}):
                    within += after <= self._session_end(before)
                    across += after > self._session_end(before)
        return within * _FEW >= within + across if within else across < _TOO_FEW

    def _prepares_rename(self, table: Name, old: str, new: str, position: int) -> bool:
        """Whether the session of a row also changes the column, takes away the one that has the new name, or renames
        the table: who gives a table another name, as a rule renames its columns with it."""
        pattern = re.compile(
            rf"""\balter\s+(?:column\s+)?"?{re.escape(old)}(?!\w)|\bdrop\s+(?:column\s+)?(?:if\s+exists\s+)?"?{re.escape(new)}(?!\w)""",
            re.IGNORECASE,
        )
        begin = next((p for p in range(position, 0, -1) if self._session_end(p - 1) < position), 0)
        return any(
            row.name == table[1]
            and (pattern.search(row.text) or (row.object_type == "TABLE" and self.earlier_name(row)))
            for row in self.rows[begin : self._session_end(position) + 1]
        )

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
        if not any(unquote(new) == table[1] for _, new in RENAMED_TABLE.findall(row.text)):
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

        Of a table that is renamed, those called after it follow at once. Else the new name was there by the first text
        that uses it; where none does, halfway between the last text that uses the old name and the end.
        """
        name = (table.object_schema, table.object_name)
        live = self.live.get(name)
        if live is None or live.object_type != "TABLE" or not self._keeps_its_name(name, position):
            return []
        ours, theirs = constraints(table.definition), constraints(live.definition)
        steps = []
        for old in ours.keys() - theirs.keys():
            same = [new for new in theirs.keys() - ours.keys() if theirs[new] == ours[old]]
            alike = [other for other in ours.keys() - theirs.keys() if ours[other] == ours[old]]
            if len(same) != 1 or len(alike) != 1 or (name[0], same[0]) in self.events:
                continue
            (new,) = same
            if any(self._renames(p) for p in self.mentions(old, new)):
                # A text that is recorded for another object says it: it runs when its turn comes.
                continue
            if self._replaced((name[0], old), new, position):
                continue
            earlier = self.earlier_name(self.rows[position])
            if earlier is not None and old.replace(earlier[1], name[1]) == new:
                step = Repair(
                    "renamed_constraint",
                    f"ALTER TABLE {qualified(name)} RENAME CONSTRAINT {quote(old)} TO {quote(new)};",
                    f"the live catalog has {new}, and row {self._version(position)} renames the table",
                    inferred=name,
                )
                steps.append(Foreseen(position, name, step))
                continue
            used, used_old = self.mentions(new), self.mentions(old)
            last = max(used_old, default=position)
            place = used[0] if used else (last + len(self.rows) - 1) // 2
            step = Repair(
                "renamed_constraint",
                f"ALTER TABLE {qualified(name)} RENAME CONSTRAINT {quote(old)} TO {quote(new)};",
                f"the live catalog has {new}, and no row after {self._version(last)} names {old}",
                inferred=name,
            )
            steps.append(Foreseen(max(place, position), name, step, early=bool(used) and place > position))
        return steps

    def _replaced(self, old: Name, new: str, position: int) -> bool:
        """Whether a later row drops the index of a constraint, or a later text adds another of the new name."""
        if any(r.change_type == "DROP" and r.position > position for r in self.events.get(old, [])):
            return True
        here = rf'(?:"{re.escape(quote(new)[1:-1])}"|{re.escape(new)}(?!\w))'
        added = re.compile(
            rf"\bconstraint\s+{here}\s+(?:unique|primary|foreign|check|exclude)\b", re.IGNORECASE
        )
        return any(added.search(self.rows[p].text) for p in self.mentions(new) if p > position)

    def _keeps_its_name(self, table: Name, position: int) -> bool:
        """Whether the table that has the name at this row has it to the end: no later row gives it to another.

        Migrations that rebuild a table make another, drop the first, and rename the new one to its name.
        """
        here = self.rows[position].execution
        return not any(
            row.change_type != "ALTER" or (row.execution != here and self.earlier_name(row) is not None)
            for row in self.events.get(table, [])
            if row.position > position and row.object_type == "TABLE"
        )

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
                for before, after in _RENAMED_INDEX.findall(row.text)
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
                        for old, new in RENAMED_TABLE.findall(r.text)
                    )
                ),
                None,
            )
            for row in self.events.get(table, []):
                if position < row.position < (rename.position if rename else len(self.rows)):
                    yield row
            if rename is None:
                return
            yield rename
            table, position = (rename.object_schema, rename.name), rename.position

    def _one_statement_names(self, position: int, after: int, *names: str) -> bool:
        """Whether one statement of a later execution's text has all of the names in it."""
        row, first = self.rows[position], self.rows[after]
        if row.execution == first.execution:
            return False
        return any(all(name in s.words for name in names) for s in row.statements)

    def _renames(self, position: int) -> bool:
        return "rename" in self.rows[position].text.lower()

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
            texts.append(row.text)
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
            elif isinstance(row.created_at, datetime) and abs(row.created_at - here.created_at) > SESSION:
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
        statements = [s for p in here for s in self.rows[p].statements if s.mentions(table)]
        return bool(statements) and all(
            s.tag == "DROP INDEX" or _DROPS_CONSTRAINT.fullmatch(s.folded.strip()) for s in statements
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
        rows = self.events.get(name)
        return rows[-1].position if rows else -1

    def _version(self, position: int) -> int:
        return self.rows[min(position, len(self.rows) - 1)].version_id

    def earlier_name(self, row: HistoryRow) -> Name | None:
        """What the table was called that the row's own text renames."""
        for old, new in RENAMED_TABLE.findall(row.text):
            if unquote(new) == row.name:
                return (row.object_schema, parse_name(old)[1])
        return None

    def renamed_index(self, found: DatabaseObject, position: int) -> Foreseen | None:
        """The rename of an index whose row was erased.

        The live catalog has the same index under a name that never left a row, and lacks this one. A
        gap in the ids is where rows were erased (FORMATS 1.12).
        """
        name = (found.object_schema, found.object_name)
        if name in self.live or any(r.position > position for r in self.events.get(name, [])):
            return None
        text = found.definition.replace(f" {quote_if_needed(found.object_name)} ON ", " ? ON ", 1)
        same = [
            (other, live)
            for other, live in self.live.items()
            if live.object_type == "INDEX" and other not in self.events and other[0] == name[0]
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

    def settings_of_session(self, statement: Statement, schema: str) -> list[Repair]:
        """What a routine is made with where its text takes a setting from the session: v1 keeps none (FORMATS 1.13).

        The live routine of that name has what the last session had; without one, the setting stays as it is here.
        """
        if statement.action != "code" and statement.object_type not in ("FUNCTION", "PROCEDURE"):
            return []
        if not _FROM_CURRENT.search(statement.text):
            return []
        target = statement.targets[0] if statement.targets else (None, "")
        found = self.live_routines.get((target[0] or schema, target[1]), [])
        settings = dict(_SETTING.findall(found[0].definition.split("\nAS ", 1)[0])) if len(found) == 1 else {}
        known = {name.lower(): value for name, value in settings.items()}

        def as_live(match: re.Match[str]) -> str:
            value = known.get(unquote(match["name"]).lower())
            return match[0] if value is None else f"SET {match['name']} TO {value}"

        why = "the statement takes a setting from the session, of which v1 keeps nothing" + (
            f"; the live catalog has {found[0].object_identity} with it" if known else ""
        )
        text = _FROM_CURRENT.sub(as_live, statement.text)
        return [Repair("session_setting", text, why, rewrite=True)]

    def is_made_later(self, attachment: Attachment, position: int) -> bool:
        """Whether a text after this row makes a live trigger: it comes when its turn comes."""
        name = attachment.found.object_name
        return attachment.found.object_type == "TRIGGER" and any(
            s.tag == "CREATE TRIGGER" and name in s.words and table in s.words
            for table in attachment.tables
            for p in self.mentions(table)
            if p > position and says(self.rows[p].text, name)
            for s in self.rows[p].statements
        )


def _on_another_table(attached: DatabaseObject, table: str, other: str) -> str:
    """The definition of a trigger or a policy on `other` instead of `table`; both are identities."""
    text = attached.definition.replace(f" ON {table}", f" ON {other}", 1)
    text = text.replace(f"\nALTER TABLE {table} ", f"\nALTER TABLE {other} ", 1)
    comment = rf"(\nCOMMENT ON (?:TRIGGER|POLICY) .* ON ){re.escape(table)} IS "
    return re.sub(comment, lambda m: f"{m[1]}{other} IS ", text, count=1)


def says(text: str, name: str) -> bool:
    """Whether a text has the name in it, and not as a part of a longer one."""
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None


def is_target(name: str, statement: Statement) -> bool:
    """Whether a statement makes, changes or drops something of that name, in whatever schema."""
    return any(target[1] == name for target in statement.targets)


def renames_to(text: str, name: str) -> bool:
    """Whether a text gives that name to something."""
    return re.search(rf'\brename\s+to\s+"?{re.escape(name)}(?![\w$])', text, re.IGNORECASE) is not None


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


DROPPED = re.compile(r"""\bdrop\s+(?:column\s+)?(?:if\s+exists\s+)?("(?:[^"]|"")+"|\w+)""", re.IGNORECASE)
_TAKEN_COLUMN = re.compile(
    r"""\bdrop\s+(?:column\s+(?:if\s+exists\s+)?)?(?!(?:column|constraint|not|default|identity|expression|if)\b)"""
    r"""("(?:[^"]|"")+"|\w+)""",
    re.IGNORECASE,
)
ADDED = re.compile(r"""\badd\s+(?:column\s+)?(?:if\s+not\s+exists\s+)?("(?:[^"]|"")+"|\w+)""", re.IGNORECASE)
RENAMED_TABLE = re.compile(
    r"""\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?((?:"(?:[^"]|"")+"|[\w.])+)\s+rename\s+to\s+("(?:[^"]|"")+"|\w+)""",
    re.IGNORECASE,
)


_RENAMED_INDEX = re.compile(
    r"""\balter\s+index\s+(?:if\s+exists\s+)?((?:"(?:[^"]|"")+"|[\w.])+)\s+rename\s+to\s+("(?:[^"]|"")+"|\w+)""",
    re.IGNORECASE,
)
_DROPS_CONSTRAINT = re.compile(r"""alter\s+table\s[^,;]+\sdrop\s+constraint\s[^,;]+;?""", re.IGNORECASE)
_INDEXED = re.compile(r""" ON (?:ONLY )?((?:"(?:[^"]|"")+"|[\w$.])+) USING """)


def _indexed(index: DatabaseObject) -> Name:
    """The table that an index is on."""
    match = _INDEXED.search(index.definition)
    assert match is not None
    return parse_name(match[1])


_FROM_CURRENT = re.compile(r"""\bset\s+(?P<name>"(?:[^"]|"")+"|[\w.]+)\s+from\s+current\b""", re.IGNORECASE)
# As PostgreSQL prints a routine's settings.
_SETTING = re.compile(r"^ SET (\S+) TO (.*)$", re.MULTILINE)


def _renamed_columns(before: Columns, after: Columns) -> bool:
    """Whether one record has a column under another name than the record before: at its position, of its type."""
    places = {(fact.get("position"), fact.get("type")) for name, fact in before.items() if name not in after}
    return any(
        (fact.get("position"), fact.get("type")) in places
        for name, fact in after.items()
        if name not in before
    )


def _same_column(column: Mapping[str, Any], place: int, fact: tuple[int | None, int, str]) -> bool:
    attnum, where, kind = fact
    if attnum is not None:
        return bool(column["position"] == attnum and column["type"] == kind)
    return where == place and without_schemas(kind) == without_schemas(str(column["full_type"]))
