"""v1's rows and what they say: recorded columns, names in texts, sessions, the next record of a table.

v1's log is lossy (FORMATS 1), and much of what it lost shows in what it kept. This module only reads; what
follows from it is the business of `rules`.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property
from itertools import chain, islice, pairwise, takewhile
from typing import Any

from pggit_audit.definitions import Columns, parse_name
from pggit_audit.lexing import RENAMED_TABLE, RENAMED_VIEW, says
from pggit_audit.statements import Name, Statement, folded, split, unquote

SESSION = timedelta(minutes=1)
"""Statements of one author's sitting follow one another faster than this."""

_INDEXING = {"CREATE TABLE", "ALTER TABLE", "CREATE INDEX"}
_MOVES = re.compile(r"\bset\s+schema\b", re.IGNORECASE)
_WORD = re.compile(r"\w+")


BUILDS_OWN = "made by a build of this project"
TRACKERS_OWN = "object of the tracker itself"
"""Why such rows are left out (macros/exclusion_reason.sql)."""


@dataclass(frozen=True)
class HistoryRow:
    """One row of v1's history, as staging gives it (FORMATS 1).

    `columns`: the table's recorded columns right after the statement, by name, or None where the row
    has none, or (not `facts_readable`) none that v1 would have written. `position` is the row's place in
    the order of the replay, from 0; what a build made itself has no place of its own. `oid` is the object's,
    where v1 recorded it: oids grow, so it tells what was created before what. `transaction_no`: the transaction that
    wrote the row, in their order; None where its id is unknown.
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
    transaction_no: int | None = None

    @cached_property
    def text(self) -> str:
        """The recorded text as PostgreSQL reads it (`folded`); empty where there is none."""
        return folded(self.change_sql or "")

    @property
    def statements(self) -> tuple[Statement, ...]:
        """The statements of the recorded text."""
        return split(self.change_sql or "")

    @property
    def name(self) -> str:
        """The object's real name, without v1's quotes."""
        return unquote(self.object_name)

    @property
    def schema_is_told(self) -> bool:
        """Whether `object_schema` can be trusted: v1 files an index with a quoted name under public."""
        return (self.object_type, self.object_schema) != ("INDEX", "public") or self.object_name[:1] != '"'

    @property
    def execution(self) -> tuple[str, int]:
        """The client's query that left the row."""
        return (self.branch_name, self.execution_no)

    @property
    def renames(self) -> bool:
        """Whether the text may give something another name."""
        return "rename" in self.text.lower()

    @cached_property
    def earlier_name(self) -> Name | None:
        """What the table or view was called that the row's own text renames, or moves from a schema that it says."""
        for old, new in (RENAMED_VIEW if self.object_type == "VIEW" else RENAMED_TABLE).findall(self.text):
            if unquote(new) == self.name:
                return (self.object_schema, parse_name(old)[1])
        schema = self.moves[0].targets[0][0] if self.moves else None
        return (schema, self.name) if schema not in (None, self.object_schema) else None

    @cached_property
    def moves(self) -> list[Statement]:
        """The statements of the text that move the table to the row's schema."""
        return [
            s
            for s in (self.statements if _MOVES.search(self.text) else ())
            if s.tag == "ALTER TABLE" and s.moved_to == self.object_schema
            if any(bare == self.name for _, bare in s.targets[:1])
        ]

    @cached_property
    def says_schema(self) -> bool:
        """Whether the text writes the schema before the name of the row's object, which is no routine."""
        text, schema = self.text, self.object_schema or ""
        if schema not in text:
            return False
        if any(s.moved_to == schema and any(t[1] == self.name for t in s.targets) for s in self.statements):
            return True
        if any(s.renamed_to == self.name and any(t[0] == schema for t in s.targets) for s in self.statements):
            return True
        if self.object_type == "INDEX" and not says(text, self.name):
            # That of a key, or one that PostgreSQL named: it is where its table is.
            tables = [
                t for s in self.statements if s.tag in _INDEXING for t in ([s.on] if s.on else s.targets)
            ]
            named = [t[0] for t in tables]
            return schema in named and None not in named
        pattern = rf'(?<!\w)"?{re.escape(schema)}"?\s*\.\s*"?{re.escape(self.name)}(?!\w)'
        return re.search(pattern, text) is not None


@dataclass(frozen=True)
class Record:
    """How far a table's rows lead to its next record of columns.

    `columns` are None where no row records any: then `position` is that of the row that is no ALTER, or (not
    `ended`) the end of the history. `table` is the name that the table has by then, and `statements` those of the
    rows up to there.
    """

    table: Name
    position: int
    columns: Columns | None
    statements: tuple[Statement, ...]
    ended: bool


@dataclass(frozen=True)
class SchemaRename:
    """A schema that was renamed without a row: an oid has rows in `old` up to `first`, in `new` from `last` on."""

    old: str
    new: str
    first: int
    last: int


class History:
    """The rows of one replay, in order of position, ready to be asked.

    `by_name`: an object's rows. `by_oid`: those of one recorded oid. `records`: those rows of a table that recorded
    its columns. A method for each question that rules ask, since only they know how the rows are indexed.
    """

    def __init__(self, rows: Sequence[HistoryRow]) -> None:
        self.rows = rows
        self.by_name: dict[Name, list[HistoryRow]] = {}
        self.by_oid: dict[int, list[HistoryRow]] = {}
        self.records: dict[Name, list[HistoryRow]] = {}
        self._mentions: dict[str, list[int]] = {}
        self._next_sessions: dict[tuple[str, int], int | None] = {}
        # The tracker begins with the files that install it, which have many a word in them.
        own = sum(1 for _ in takewhile(lambda row: row.exclusion_reason == TRACKERS_OWN, rows))
        self._speaking = rows[own:]
        text: str | None = None
        words: set[str] = set()
        for i, row in enumerate(rows):
            if row.change_sql != text:
                text = row.change_sql
                words = set(_WORD.findall(row.text))
            for word in words | {row.name} if i >= own else ():
                self._mentions.setdefault(word, []).append(row.position)
            key = (row.object_schema, row.name)
            self.by_name.setdefault(key, []).append(row)
            if row.oid is not None:
                self.by_oid.setdefault(row.oid, []).append(row)
            if row.columns:
                self.records.setdefault(key, []).append(row)

    def __len__(self) -> int:
        return len(self.rows)

    def mentions(self, *names: str) -> list[int]:
        """Positions of the rows whose text has all of these names, but for those of the tracker's installation."""
        found: list[int] | None = None
        for name in names:
            spelled = name.replace('"', '""')
            if _WORD.fullmatch(name):
                here = self._mentions.get(name, [])
            else:
                here = [r.position for r in self._speaking if spelled in r.text or name == r.name]
            found = here if found is None else sorted(set(found) & set(here))
        return found or []

    def version(self, position: int) -> int:
        """The id of the row at a position; of the last row behind the end."""
        return self.rows[min(position, len(self.rows) - 1)].version_id

    def last_row(self, name: Name) -> int:
        """Position of the last row of an object; -1 where it has none."""
        rows = self.by_name.get(name)
        return rows[-1].position if rows else -1

    def later_columns(self, name: Name, position: int) -> HistoryRow | None:
        """The next row, from `position` on, that recorded the columns of this same table.

        A CREATE in between speaks of another table of that name, unless it is the row at `position`.
        """
        recorded = self.records.get(name, [])
        i = bisect_left(recorded, position, key=lambda r: r.position)
        if i == len(recorded):
            return None
        row = recorded[i]
        if row.change_type == "CREATE" and row.position > position:
            return None
        return row

    def later_rows(self, table: Name, position: int) -> Iterator[HistoryRow]:
        """The rows of a table after `position`, on under the name that a row gives it (FORMATS 1.7)."""
        while True:
            renames = self._renames_of.get(table[1], [])
            rename = next(
                (
                    r
                    for p in renames[bisect_right(renames, position) :]
                    if ((r := self.rows[p]).object_schema, r.name) != table and p in self.mentions(table[1])
                    if self._may_be(r, table, position)
                ),
                None,
            )
            for row in self.by_name.get(table, []):
                if position < row.position < (rename.position if rename else len(self.rows)):
                    yield row
            if rename is None:
                return
            yield rename
            table, position = (rename.object_schema, rename.name), rename.position

    @cached_property
    def _renames_of(self) -> dict[str, list[int]]:
        """Where a table takes another name or schema, by the name it had: the row has the new one, its text both."""
        found: dict[str, list[int]] = {}
        former: dict[str, set[str]] = {}
        text: str | None = None
        for row in self.rows:
            if row.change_sql != text:
                text, former = row.change_sql, {}
                for old, new in RENAMED_TABLE.findall(row.text):
                    former.setdefault(unquote(new), set()).add(parse_name(old)[1])
            moved = {row.name} if row.object_type == "TABLE" and row.moves else set()
            for name in moved | former.get(row.name, set()) if row.object_type == "TABLE" else ():
                found.setdefault(name, []).append(row.position)
        return found

    def _may_be(self, row: HistoryRow, table: Name, position: int) -> bool:
        """Whether a row under another name may be of the table that has this name at a position.

        Its oid tells where v1 recorded both; else its schema, which a rename of the table leaves as it is.
        """
        oid = self.oid_of("TABLE", table, position)
        if oid is not None and row.oid is not None:
            return oid == row.oid
        if any(s.targets[0] == table for s in row.moves):
            return True
        schema = row.object_schema
        return schema in (None, table[0]) or table[0] in self.former_schemas.get(schema or "", ())

    def next_record(self, table: Name, position: int) -> Record:
        """The next record of a table's columns after `position`."""
        statements: list[Statement] = []
        oid = self.oid_of("TABLE", table, position)
        for row in self.later_rows(table, position):
            # What has its name by then is another table, which had another one before.
            taken = row.oid and oid not in (None, row.oid) and self.by_oid[row.oid][0].name != row.name
            if taken or row.change_type != "ALTER":
                return Record(table, row.position, None, (), ended=True)
            table = (row.object_schema, row.name)
            statements += row.statements
            if row.columns:
                return Record(table, row.position, row.columns, tuple(statements), ended=False)
        return Record(table, len(self.rows), None, tuple(statements), ended=False)

    def names(self, kind: str, name: Name) -> Iterator[tuple[Name, int, int]]:
        """What a live object was called, newest first: since which row's position, and until which one's."""
        until = len(self.rows)
        while True:
            older: Name | None = None
            first = 0
            for row in reversed(self.by_name.get(name, [])):
                if row.position >= until or row.object_type != kind:
                    continue
                older = row.earlier_name
                if row.change_type in ("CREATE", "DROP") or older is not None:
                    first = row.position
                    break
            moved = self._schema_before(name[0], first, until) if older is None else None
            if moved is not None:
                older, first = (moved[0], name[1]), moved[1]
            yield name, first, until
            if older is None:
                return
            name, until = older, first

    def rows_of_index(self, table: Name, index: str) -> list[HistoryRow]:
        """The rows of an index of a live table, in whatever schema both were."""
        schemas = {name[0] for name, _, _ in self.names("TABLE", table)}
        found = (r for schema in schemas for r in self.by_name.get((schema, index), ()))
        return sorted((r for r in found if r.object_type == "INDEX"), key=lambda r: r.position)

    def _schema_before(self, schema: str | None, first: int, until: int) -> tuple[str, int] | None:
        """What a schema was called before its last rename between two rows, and from which row on it has its name."""
        found = [(at, old) for old, new, at in self._schema_moves if new == schema and first < at < until]
        return (max(found)[1], max(found)[0]) if found else None

    def schema_at(self, schema: str | None, position: int) -> str | None:
        """What a live schema was called behind this row."""
        until = len(self.rows)
        while (before := self._schema_before(schema, position, until)) is not None:
            schema, until = before
        return schema

    def live_schema(self, schema: str | None, position: int) -> str | None:
        """What becomes of a schema that has this name at this row."""
        for old, new, at in self._schema_moves:
            if at >= position and old == schema:
                schema, position = new, at
        return schema

    @cached_property
    def _schema_moves(self) -> list[tuple[str, str, int]]:
        """Old and new name of each rename of a schema, and the row that shows it first, in their order."""
        texts = self.schema_renames_in_texts
        shown = [
            (r.old, r.new, r.last)
            for r in self.schema_renames
            if not any((old, new) == (r.old, r.new) and r.first < at <= r.last for old, new, at in texts)
        ]
        return sorted([*texts, *shown], key=lambda move: move[2])

    @cached_property
    def schema_renames(self) -> list[SchemaRename]:
        """Renames of schemas: an object has its oid in another schema, and no text moved it there."""
        found: list[SchemaRename] = []
        told = ([r for r in rows if r.schema_is_told] for rows in self.by_oid.values())
        for before, after in chain.from_iterable(map(pairwise, told)):
            old, new = before.object_schema, after.object_schema
            if old is None or new is None or old == new or before.object_type != after.object_type:
                continue
            made = after.change_type == "CREATE" and after.object_type not in ("FUNCTION", "PROCEDURE")
            # An index moves along with its table, by whose row.
            since = before.position if after.object_type == "INDEX" else after.position - 1
            moving = self.rows[since + 1 : after.position + 1]
            if made or any(r.object_schema == new and _MOVES.search(r.text) for r in moving):
                continue
            rename = SchemaRename(old, new, before.position, after.position)
            for known in found:
                if (
                    (known.old, known.new) == (old, new)
                    and known.first < rename.last
                    and rename.first < known.last
                ):
                    found.remove(known)
                    first, last = max(known.first, rename.first), min(known.last, rename.last)
                    rename = SchemaRename(old, new, first, last)
                    break
            found.append(rename)
        # Where another schema had the new name and gave it up, that came first.
        return sorted(
            (
                replace(
                    r, first=max([r.first, *(g.first for g in found if g.old == r.new and g.first < r.last)])
                )
                for r in found
            ),
            key=lambda r: r.last,
        )

    @cached_property
    def former_schemas(self) -> dict[str, set[str]]:
        """What each schema was called before, as texts or oids say; of several renames, all the names."""
        found: dict[str, set[str]] = {}
        for old, new in [
            *((r.old, r.new) for r in self.schema_renames),
            *(r[:2] for r in self.schema_renames_in_texts),
        ]:
            found.setdefault(new, set()).add(old)
        for _ in found:
            for names in found.values():
                names |= {older for name in [*names] for older in found.get(name, ())}
        return found

    @cached_property
    def schema_renames_in_texts(self) -> list[tuple[str, str, int]]:
        """Old name, new name and row of each ALTER SCHEMA … RENAME that a recorded text has."""
        return [
            (s.targets[0][1], s.renamed_to, row.position)
            for row in self.rows
            if "schema" in row.text.lower()
            for s in row.statements
            if s.tag == "ALTER SCHEMA" and s.renamed_to and s.targets
        ]

    @cached_property
    def schema_drops_in_texts(self) -> list[tuple[str, int]]:
        """Name and row of each schema that a recorded text drops with all that is in it."""
        return [
            (name, row.position)
            for row in self.rows
            if "schema" in row.text.lower()
            for s in row.statements
            if s.tag == "DROP SCHEMA" and "cascade" in s.words
            for _, name in s.targets
        ]

    def ends_with_its_text(self, schema: str | None, position: int) -> bool:
        """Whether a text behind this row drops a schema and all in it, under the name that it has by then."""
        names = self.later_names(schema, position)
        return any(name in names and at > position for name, at in self.schema_drops_in_texts)

    def later_names(self, schema: str | None, position: int) -> set[str | None]:
        """A schema's name at this row, and those that texts and oids give it behind the row."""
        names = {schema}
        renames = [*self.schema_renames_in_texts, *((r.old, r.new, r.last) for r in self.schema_renames)]
        for old, new, at in sorted(renames, key=lambda r: r[2]):
            if at > position and old in names:
                names.add(new)
        return names

    def is_recorded(self, name: Name) -> bool:
        """Whether a relation ever left a row, under one of the names of its schema."""
        schemas = (name[0], *self.former_schemas.get(name[0] or "", ()))
        return any((schema, name[1]) in self.by_name for schema in schemas)

    def oid_of(self, kind: str, name: Name, position: int) -> int | None:
        """The oid that v1 recorded of what had a name by this row."""
        rows = self.by_name.get(name, [])
        return next((r.oid for r in reversed(rows) if r.position <= position and r.object_type == kind), None)

    def next_session(self, position: int) -> int:
        """The first row of the next session after this row's; `position` itself where there is none.

        Whoever made the object in one session did not drop it in the same, unless a row says so.
        """
        execution = self.rows[position].execution
        if execution not in self._next_sessions:
            self._next_sessions[execution] = self._next_session(position)
        return self._next_sessions[execution] or position

    def _next_session(self, position: int) -> int | None:
        here = self.rows[position]
        for row in islice(self.rows, position + 1, None):
            if not isinstance(here.created_at, datetime):
                here = row
            elif isinstance(row.created_at, datetime) and abs(row.created_at - here.created_at) > SESSION:
                return row.position
        return None

    def session_end(self, position: int) -> int:
        """The last row of this row's session."""
        following = self.next_session(position)
        return following - 1 if following > position else len(self.rows) - 1

    @cached_property
    def index_rows(self) -> dict[Name, list[int]]:
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
