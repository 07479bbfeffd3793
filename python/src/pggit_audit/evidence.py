"""What v1 lost, inferred from what it kept.

A rule looks at one way in which a statement of the history fails, or at one recorded fact that the
shadow disagrees with, and proposes repairs: statements that bring the shadow to where the real
database must have been. Most reliable first: the recorded columns of the row, the object's later
rows, names and literals of the failing statement, the live catalog.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import pairwise
from typing import Any, Protocol

import psycopg

from pggit_audit.catalog import DatabaseObject
from pggit_audit.statements import Name, Statement, quote, split, unquote

Columns = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class HistoryRow:
    """One row of v1's history, as staging gives it (FORMATS 1).

    `columns`: the table's recorded columns right after the statement, by name, or None where the row
    has none. `position` is the row's place in the order of the replay, from 0. `oid` is the object's,
    where v1 recorded it: oids grow, so it tells what was created before what.
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

    @property
    def name(self) -> str:
        """The object's real name, without v1's quotes."""
        return unquote(self.object_name)


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


class Situation(Protocol):
    """What a rule may ask about the shadow at the moment of the failure."""

    @property
    def position(self) -> int: ...
    @property
    def schemas(self) -> Sequence[str]: ...
    def query(self, text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
    def columns(self, name: Name) -> list[dict[str, Any]]: ...
    def relation(self, name: Name) -> DatabaseObject | None: ...
    @property
    def sandboxed(self) -> bool: ...


def qualified(name: Name) -> str:
    """A name as SQL text."""
    schema, bare = name
    return f"{quote(schema)}.{quote(bare)}" if schema else quote(bare)


def quote_if_needed(name: str) -> str:
    """A name as PostgreSQL prints it, but for reserved words."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_$]*", name) else quote(name)


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


@dataclass(frozen=True)
class Foreseen:
    """A step that no row tells of, and when it is due: after the execution that holds `position`, or,
    if `early`, before it.

    `name` has to exist by then. `waits`: what depends on it may have to go first, so it is tried again,
    less and less often; `tries` counts.
    """

    position: int
    name: Name
    repair: Repair
    early: bool = False
    waits: bool = False
    tries: int = 0


@dataclass(frozen=True)
class OlderTable:
    """A table that was there before its first row: where it enters, and how it is made."""

    name: Name
    row: HistoryRow
    position: int
    columns: Columns
    statements: list[str]

    @property
    def why(self) -> str:
        return f"row {self.row.version_id} altered the table, and none created it"


# Statements of one author's sitting follow one another faster than this.
_SESSION = timedelta(minutes=1)
_WORD = re.compile(r"\w+")


class Evidence:
    """Everything that the history and the live catalog say about objects, ready to be asked.

    Args:
        rows: the history, in order of position.
        live: the live catalog's objects.
    """

    def __init__(self, rows: Sequence[HistoryRow], live: Iterable[DatabaseObject]) -> None:
        self._rows = rows
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
        for found in live:
            self.live_by_identity[(found.object_type, found.object_identity)] = found
            if found.object_type in ("FUNCTION", "PROCEDURE"):
                bare = found.object_name.split("(", 1)[0]
                self.live_routines.setdefault((found.object_schema, bare), []).append(found)
            elif found.object_type not in ("TRIGGER", "POLICY", "SCHEMA"):
                self.live[(found.object_schema, found.object_name)] = found
        self._rules: dict[str, Callable[[_Failure], list[Repair]]] = {
            "42P01": self._missing_relation,
            "42703": self._missing_column,
            "42704": self._missing_object,
            "3F000": self._missing_schema,
            "42883": self._missing_function,
            "22P02": self._missing_label,
            "42P07": self._implied_drop,
            "42710": self._implied_drop,
            "42723": self._implied_drop,
            "42P06": self._implied_drop,
            "42701": self._column_in_the_way,
            "42P16": self._definition_in_the_way,
            "42P13": self._definition_in_the_way,
            "42611": self._definition_in_the_way,
            "42809": self._wrong_kind,
            "2BP01": self._gone_dependents,
            "0A000": self._views_in_the_way,
        }

    # What is known -----------------------------------------------------------------------------

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
        for row in self._rows[position : end if end > position else None]:
            if (row.change_sql and type_name in row.change_sql) or any(
                fact.get("type") == type_name for fact in (row.columns or {}).values()
            ):
                last = row.position
        return last

    def later_type(self, table: Name, column: str, position: int) -> tuple[str, HistoryRow] | None:
        """What the next row after `position` recorded as the column's type, unless its own statement set it."""
        row = self.later_columns(table, position + 1)
        if row is None or row.columns is None or column not in row.columns:
            return None
        recorded = str(row.columns[column].get("type"))
        if row.change_sql and recorded in row.change_sql:
            return None
        return recorded, row

    def mentions(self, *names: str) -> list[int]:
        """Positions of the rows whose text has all of these names in it."""
        found: list[int] | None = None
        for name in names:
            words = _WORD.findall(name)
            if words == [name]:
                here = self._mentions.get(name, [])
            else:
                here = [r.position for r in self._rows if name in (r.change_sql or "") or name == r.name]
            found = here if found is None else sorted(set(found) & set(here))
        return found or []

    def foresee_end(self, found: DatabaseObject, position: int) -> Foreseen | None:
        """When an object that just appeared was dropped, if no row says so although it is gone.

        v1 records no drop of a routine, of a quoted name, or of anything for the second time (FORMATS 1.4
        to 1.6). The earliest point that the evidence supports is behind the last text that names it.
        """
        name = (found.object_schema, found.object_name)
        kind = found.object_type
        if kind not in ("TABLE", "VIEW", "MATERIALIZED_VIEW", "INDEX", "FUNCTION", "PROCEDURE"):
            return None
        if (kind, found.object_identity) in self.live_by_identity:
            return None
        bare = name[1].split("(", 1)[0] if kind in ("FUNCTION", "PROCEDURE") else name[1]
        later = [r for r in self._events.get(name, []) if r.position > position]
        created = next((r for r in later if r.change_type == "CREATE"), None)
        if any(r.change_type == "DROP" and (created is None or r.position < created.position) for r in later):
            return None
        if created is not None and kind != "TABLE":
            # Made anew by the statement after the one that dropped it, as a rule: it is dropped by then.
            return None
        end = created.position if created else len(self._rows)
        named = [p for p in self.mentions(bare) if position <= p < end]
        last = named[-1] if named else position
        if created is not None:
            due = (last + created.position - 1) // 2
        else:
            due = self._next_session(last)
        if due <= last:
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
            if any(self._renames(p) for p in self.mentions(table[1], old, match) if position < p < upper):
                # A text that is recorded for another object says it: it runs when its turn comes.
                continue
            used = [
                p
                for p in self.mentions(table[1], match)
                if position < p < upper and self._one_statement_names(p, position, table[1], match)
            ]
            last_old = [p for p in self.mentions(table[1], old) if position <= p < upper]
            place = used[0] if used else ((last_old[-1] if last_old else position) + upper - 1) // 2
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
                    early=bool(used),
                )
            )
        return steps

    def _later_rows(self, table: Name, position: int) -> Iterator[HistoryRow]:
        """The rows of a table after `position`, on under the name that a row gives it (FORMATS 1.7)."""
        while True:
            rename = next(
                (
                    r
                    for p in self.mentions(table[1])
                    if p > position and (r := self._rows[p]).object_type == "TABLE" and r.name != table[1]
                    if any(
                        parse_name(old)[1] == table[1] and unquote(new) == r.name
                        for old, new in _RENAMED_TABLE.findall(r.change_sql or "")
                    )
                ),
                None,
            )
            for row in self._events.get(table, []):
                if position < row.position < (rename.position if rename else len(self._rows)):
                    yield row
            if rename is None:
                return
            yield rename
            table, position = (rename.object_schema, rename.name), rename.position

    def _one_statement_names(self, position: int, after: int, *names: str) -> bool:
        """Whether one statement of a later execution's text has all of the names in it."""
        row, first = self._rows[position], self._rows[after]
        if (row.branch_name, row.execution_no) == (first.branch_name, first.execution_no):
            return False
        return any(all(name in s.words for name in names) for s in split(row.change_sql or ""))

    def _renames(self, position: int) -> bool:
        return "rename" in (self._rows[position].change_sql or "").lower()

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
            return len(self._rows), None, "", ""
        lines = column_types(live.definition)
        return (
            len(self._rows),
            {name: (None, i, kind) for i, (name, kind) in enumerate(lines)},
            "\n".join(texts),
            "the live catalog",
        )

    def _next_session(self, position: int) -> int:
        """The first row of the next session after this row's; `position` itself where there is none.

        Whoever made the object in one session did not drop it in the same, unless a row says so.
        """
        here = self._rows[position]
        for row in self._rows[position + 1 :]:
            if here.created_at is None:
                here = row
            elif row.created_at is not None and abs(row.created_at - here.created_at) > _SESSION:
                return row.position
        return position

    def last_row(self, name: Name) -> int:
        """Position of the last row of an object; -1 where it has none."""
        rows = self._events.get(name)
        return rows[-1].position if rows else -1

    def _version(self, position: int) -> int:
        return self._rows[min(position, len(self._rows) - 1)].version_id

    def older_tables(self) -> list[OlderTable]:
        """Tables that were there before their first row: older than the tracker, or made by a statement
        that v1 does not record (CREATE TABLE AS)."""
        found = []
        for name, rows in self._events.items():
            first = rows[0]
            if first.object_type != "TABLE" or first.change_type != "ALTER" or not first.columns:
                continue
            if first.exclusion_reason or re.search(r"\brename\s+to\b", first.change_sql or "", re.IGNORECASE):
                continue
            live = self.live.get(name)
            columns = before_statement(first.columns, first.change_sql or "", first.name)
            statements = [create_table(name, columns)]
            if live is not None and live.object_type == "TABLE":
                statements = _STATEMENT.findall(live.definition)
            found.append(OlderTable(name, first, self._born(first), columns, statements))
        return sorted(found, key=lambda t: (t.position, t.row.version_id))

    def _born(self, row: HistoryRow) -> int:
        """The first position by which an object of a later oid had been created; the row's own at the latest."""
        if row.oid is None:
            return 0
        for other in self._rows[: row.position]:
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
        for other, live in self.live.items():
            if live.object_type != "INDEX" or other in self._events or other[0] != name[0]:
                continue
            if live.definition.replace(f" {quote_if_needed(live.object_name)} ON ", " ? ON ", 1) != text:
                continue
            for before, after in pairwise(self._rows[position:]):
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

    # Failures ----------------------------------------------------------------------------------

    def for_error(self, error: psycopg.Error, statement: Statement, situation: Situation) -> list[Repair]:
        """Repairs that may let the statement run, best first; empty where there is no evidence."""
        rule = self._rules.get(error.sqlstate or "")
        if rule is None:
            return []
        return rule(_Failure(error, statement, situation))

    def _resolve(self, name: Name, situation: Situation) -> list[Name]:
        """The name with each schema that it may be in."""
        if name[0]:
            return [name]
        return [(schema, name[1]) for schema in situation.schemas]

    def _missing_relation(self, failure: _Failure) -> list[Repair]:
        name = failure.name()
        if name is None:
            return []
        found = self._not_yet_renamed(name, failure)
        for full in self._resolve(name, failure.situation):
            row = self.later_columns(full, failure.situation.position)
            if row is not None and row.columns:
                found.append(
                    Repair(
                        "table_from_columns",
                        create_table(full, row.columns),
                        f"row {row.version_id} recorded these columns of {qualified(full)}",
                        alone=True,
                        inferred=full,
                    )
                )
        for full in self._resolve(name, failure.situation):
            live = self.live.get(full)
            if live is not None and live.object_type in ("TABLE", "VIEW", "MATERIALIZED_VIEW", "SEQUENCE"):
                found.append(
                    Repair(
                        "from_live_catalog",
                        first_statement(live.definition),
                        f"{live.object_type} {live.object_identity} is in the live catalog",
                        alone=True,
                        inferred=full,
                    )
                )
        full = self._resolve(name, failure.situation)[0]
        if re.search(r"nextval\s*\(\s*'[^']*" + re.escape(name[1]), failure.statement.text):
            found.append(
                Repair(
                    "missing_sequence",
                    f"CREATE SEQUENCE {qualified(full)};",
                    f"the statement asks for the next value of {name[1]}",
                    alone=True,
                    inferred=full,
                )
            )
        elif failure.statement.verb != "DROP" and not failure.statement.if_exists:
            found.append(
                Repair(
                    "stub_relation",
                    stub(full, self.has_rows(full)),
                    f"the statement names {qualified(full)}, of which nothing else is known",
                    alone=True,
                    inferred=full,
                )
            )
        return found

    def _not_yet_renamed(self, name: Name, failure: _Failure) -> list[Repair]:
        """A definition of the live catalog names a table as it is called now; it had another name then."""
        for row in self._rows[failure.situation.position :]:
            match = _RENAMED_TABLE.search(row.change_sql or "")
            if match is None or unquote(match[2]) != name[1] or row.name != name[1]:
                continue
            old = parse_name(match[1])
            for full in self._resolve(old, failure.situation):
                if failure.situation.relation(full) is not None:
                    pattern = re.escape(quote_if_needed(name[1]))
                    text = re.sub(
                        rf'(?<![\w"]){pattern}(?![\w"])', lambda m: quote(full[1]), failure.statement.text
                    )
                    if text != failure.statement.text:
                        why = f"row {row.version_id} renamed {full[1]} to {name[1]}, later"
                        return [Repair("not_yet_renamed", text, why, rewrite=True)]
        return []

    def _missing_column(self, failure: _Failure) -> list[Repair]:
        column = failure.column()
        if column is None:
            return []
        situation = failure.situation
        found: list[Repair] = []
        for table in failure.tables():
            current = situation.columns(table)
            if not current or any(c["name"] == column for c in current):
                continue
            row = self.later_columns(table, situation.position)
            live = self.live.get(table)
            if row is not None and row.columns:
                for repair in towards(
                    table, row.columns, current, f"row {row.version_id} recorded the columns"
                ):
                    if (
                        repair.rule in ("renamed_column", "added_column")
                        and quote(column) in repair.statement
                    ):
                        found.append(repair)
                # A column that the statement takes away is in no later record: it is one that is too many.
                extra = [str(c["name"]) for c in current if str(c["name"]) not in row.columns]
                if column not in row.columns and len(extra) == 1:
                    found.append(
                        Repair(
                            "renamed_column",
                            f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(extra[0])} TO {quote(column)};",
                            f"the statement names {column}; row {row.version_id} no longer has {extra[0]}",
                            inferred=table,
                        )
                    )
            elif live is not None and live.object_type == "TABLE":
                line = column_line(live.definition, column)
                if line:
                    found.append(
                        Repair(
                            "added_column",
                            f"ALTER TABLE {qualified(table)} ADD COLUMN {line};",
                            f"{live.object_identity} has {column} in the live catalog",
                            inferred=table,
                        )
                    )
        for table in failure.tables():
            current = situation.columns(table)
            relation = situation.relation(table)
            if current and not any(c["name"] == column for c in current):
                if relation is not None and relation.object_type == "TABLE":
                    # An added column would have left a row; a renamed one does not. Of those that no later
                    # text of this table names, it is the only one, or nothing is known.
                    unused = [
                        str(c["name"])
                        for c in current
                        if not any(p >= situation.position for p in self.mentions(table[1], str(c["name"])))
                        and not c["identity"]
                    ]
                    if len(unused) == 1:
                        found.append(
                            Repair(
                                "renamed_column",
                                f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(unused[0])} TO {quote(column)};",
                                f"the statement names {column}, which no row added; {unused[0]} is never named again",
                                inferred=table,
                            )
                        )
                    found.append(
                        Repair(
                            "stub_column",
                            f"ALTER TABLE {qualified(table)} ADD COLUMN {quote(column)} text;",
                            f"the statement names {column}, of which nothing else is known",
                            inferred=table,
                        )
                    )
        for table in failure.tables():
            relation = situation.relation(table)
            if (
                relation is not None
                and relation.object_type == "MATERIALIZED_VIEW"
                and "Stub:" in relation.definition
            ):
                names = [str(c["name"]) for c in situation.columns(table)] + [column]
                found.append(
                    Repair(
                        "stub_relation",
                        f"DROP MATERIALIZED VIEW {qualified(table)};\n" + stub(table, False, names),
                        f"the statement names {column} of {qualified(table)}, of which nothing else is known",
                        alone=True,
                        inferred=table,
                    )
                )
        return found

    def _missing_object(self, failure: _Failure) -> list[Repair]:
        message = failure.message
        if message.startswith("role ") and failure.situation.sandboxed:
            return []
        if message.startswith("type ") or "type" in message.split('"')[0]:
            return self._missing_type(failure)
        if message.startswith(("index ", "constraint ", "trigger ", "policy ", "view ")):
            return []
        return self._missing_type(failure)

    def _missing_type(self, failure: _Failure) -> list[Repair]:
        name = failure.name()
        if name is None:
            return []
        name = (name[0], name[1].removesuffix("[]"))
        found: list[Repair] = []
        for full in self._resolve(name, failure.situation):
            live = self.live.get(full)
            if live is not None and live.object_type == "TYPE":
                found.append(
                    Repair(
                        "type_from_live_catalog",
                        first_statement(live.definition),
                        f"TYPE {live.object_identity} is in the live catalog",
                        alone=True,
                        inferred=full,
                    )
                )
        full = self._resolve(name, failure.situation)[0]
        found.append(
            Repair(
                "missing_enum",
                f"CREATE TYPE {qualified(full)} AS ENUM ();",
                f"the statement names the type {name[1]}, of which nothing else is known",
                alone=True,
                inferred=full,
            )
        )
        return found

    def _missing_label(self, failure: _Failure) -> list[Repair]:
        match = re.search(r'enum (.+?): "(.*)"$', failure.message, re.DOTALL)
        if match is None:
            return []
        type_name, label = match[1], match[2]
        literal = "'" + label.replace("'", "''") + "'"
        place = ""
        for full in self._resolve(parse_name(type_name), failure.situation):
            labels = enum_labels(self.live[full].definition) if full in self.live else []
            if label in labels:
                have = [
                    str(r[0])
                    for r in failure.situation.query(
                        "select enumlabel from pg_enum where enumtypid = %(type)s::regtype order by enumsortorder",
                        {"type": type_name},
                    )
                ]
                after = [x for x in labels[: labels.index(label)] if x in have]
                before = [x for x in labels[labels.index(label) + 1 :] if x in have]
                neighbour = after[-1] if after else before[0] if before else None
                if neighbour is not None:
                    place = (" AFTER " if after else " BEFORE ") + "'" + neighbour.replace("'", "''") + "'"
                break
        return [
            Repair(
                "missing_label",
                f"ALTER TYPE {type_name} ADD VALUE IF NOT EXISTS {literal}{place};",
                f"the statement uses the label {literal}",
                alone=True,
                inferred=self._resolve(parse_name(type_name), failure.situation)[0],
            )
        ]

    def _missing_schema(self, failure: _Failure) -> list[Repair]:
        match = re.search(r'"(.*)"', failure.message, re.DOTALL)
        if match is None:
            return []
        return [
            Repair(
                "missing_schema",
                f"CREATE SCHEMA IF NOT EXISTS {quote(match[1])};",
                f"the statement names the schema {match[1]}",
                alone=True,
            )
        ]

    def _missing_function(self, failure: _Failure) -> list[Repair]:
        found: list[Repair] = []
        match = re.match(r"(?:function|procedure|aggregate) (.+?)\(", failure.message)
        if match is None:
            return []
        name = parse_name(match[1])
        for full in self._resolve(name, failure.situation):
            for live in self.live_routines.get(full, []):
                found.append(
                    Repair(
                        "from_live_catalog",
                        live.definition,
                        f"{live.object_type} {live.object_identity} is in the live catalog",
                        alone=True,
                        inferred=(live.object_schema, live.object_name),
                    )
                )
        return found

    def _implied_drop(self, failure: _Failure) -> list[Repair]:
        why = "the recorded CREATE ran, so what has the name was gone by then"
        message, statement = failure.message, failure.statement
        match = re.match(r'(trigger|policy|constraint|rule) "(.*?)" for (?:relation|table) "(.*?)"', message)
        if match:
            kind, name, table = match[1].upper(), quote(match[2]), failure.on_table(match[3])
            action = (
                f"ALTER TABLE {table} DROP CONSTRAINT {name};"
                if kind == "CONSTRAINT"
                else f"DROP {kind} {name} ON {table};"
            )
            return [Repair("implied_drop", action, why)]
        found: list[Repair] = []
        hint = statement.targets[0] if statement.targets else None
        names = [n for n in (failure.name(), hint) if n is not None]
        for name in names:
            for full in self._resolve(name, failure.situation):
                relation = failure.situation.relation(full)
                if relation is not None and relation.object_type == "TYPE":
                    found.extend(self.renamed_type(full, failure.situation))
                if relation is not None:
                    drop = f"DROP {relation.object_type.replace('_', ' ')} {qualified(full)}"
                    found.append(Repair("implied_drop", drop + ";", why))
                    found.append(Repair("implied_drop", drop + " CASCADE;", why))
        if statement.object_type in ("FUNCTION", "PROCEDURE", "AGGREGATE") and hint:
            signature = re.match(r"function (.*) already exists|function \"(.*?)\"", message)
            found.extend(self._drop_routines(failure, hint, why, signature and signature[1]))
        if statement.object_type == "SCHEMA" and hint:
            found.append(Repair("implied_drop", f"DROP SCHEMA {quote(hint[1])} CASCADE;", why))
        return found

    def renamed_type(self, name: Name, situation: Situation) -> list[Repair]:
        """A type whose columns all have another type's name in their next record was renamed to it."""
        users = situation.query(
            "select n.nspname, c.relname, a.attname from pg_attribute as a join pg_class as c on c.oid = a.attrelid"
            " join pg_namespace as n on n.oid = c.relnamespace join pg_type as t on t.oid = a.atttypid"
            " where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and t.typname = %(name)s"
            " and t.typnamespace = to_regnamespace(quote_ident(%(schema)s))",
            {"name": name[1], "schema": name[0] or situation.schemas[0]},
        )
        recorded: set[str] = set()
        rows: set[int] = set()
        for schema, table, column in users:
            row = self.later_columns((schema, table), situation.position)
            if row is not None and row.columns and column in row.columns:
                recorded.add(str(row.columns[column].get("type")))
                rows.add(row.version_id)
        if len(recorded) == 1 and name[1] not in recorded:
            return [rename_type(name, recorded.pop(), rows)]
        # A type that is made, used, and given another's name each time, as migrations of enums go: the
        # recorded texts that do it again tell the name.
        for row in self._rows:
            for old, new in _RENAMED_TYPE.findall(row.change_sql or ""):
                if parse_name(old)[1] == name[1]:
                    return [rename_type(name, unquote(new), [row.version_id])]
        return []

    def _drop_routines(
        self, failure: _Failure, name: Name, why: str, signature: str | None = None
    ) -> list[Repair]:
        rows = failure.situation.query(
            "select p.oid::regprocedure::text, p.prokind from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace"
            " where p.proname = %(name)s and n.nspname = any(%(schemas)s)",
            {"name": name[1], "schemas": [name[0]] if name[0] else list(failure.situation.schemas)},
        )
        kinds = {"a": "AGGREGATE", "p": "PROCEDURE"}
        found: list[Repair] = []
        for text, kind in rows:
            if signature is None or len(rows) == 1 or text.endswith(signature):
                drop = f"DROP {kinds.get(kind, 'FUNCTION')} {text}"
                found.append(Repair("implied_drop", drop + ";", why))
                found.append(Repair("implied_drop", drop + " CASCADE;", why))
        return found

    def _column_in_the_way(self, failure: _Failure) -> list[Repair]:
        column = failure.column()
        table = failure.table()
        if column is None or table is None:
            return []
        found: list[Repair] = []
        current = failure.situation.columns(table)
        row = self.later_columns(table, failure.situation.position)
        if row is not None and row.columns:
            before = {n: f for n, f in row.columns.items() if n != column}
            taken = [str(c["name"]) for c in current if str(c["name"]) not in before]
            missing = [n for n in ordered(before) if n not in {str(c["name"]) for c in current}]
            if column in taken and len(missing) == 1:
                found.append(
                    Repair(
                        "renamed_column",
                        f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(column)} TO {quote(missing[0])};",
                        f"row {row.version_id} recorded {missing[0]} beside the new {column}",
                        inferred=table,
                    )
                )
        found.append(
            Repair(
                "implied_drop",
                f"ALTER TABLE {qualified(table)} DROP COLUMN {quote(column)} CASCADE;",
                f"the statement added {column}, so it was not there",
                inferred=table,
            )
        )
        return found

    def _definition_in_the_way(self, failure: _Failure) -> list[Repair]:
        statement = failure.statement
        why = "the recorded CREATE OR REPLACE ran, so what had the name was gone by then"
        if not statement.targets:
            return []
        target = statement.targets[0]
        if statement.object_type in ("FUNCTION", "PROCEDURE", "AGGREGATE"):
            hint = re.search(r"DROP \w+ (.*) first", failure.error.diag.message_hint or "")
            return self._drop_routines(failure, target, why, hint and hint[1])
        if statement.object_type == "VIEW":
            return [
                Repair("implied_drop", f"DROP VIEW {qualified(target)};", why),
                Repair("implied_drop", f"DROP VIEW {qualified(target)} CASCADE;", why),
            ]
        if "primary key" in failure.message:
            rows = failure.situation.query(
                "select conname from pg_constraint where conrelid = to_regclass(%(table)s) and contype = 'p'",
                {"table": qualified(target)},
            )
            return [
                Repair(
                    "implied_drop",
                    f"ALTER TABLE {qualified(target)} DROP CONSTRAINT {quote(str(name))} CASCADE;",
                    "the statement added a primary key, so there was none",
                    inferred=target,
                )
                for (name,) in rows
            ]
        return []

    def _wrong_kind(self, failure: _Failure) -> list[Repair]:
        statement = failure.statement
        if not statement.targets:
            return []
        found: list[Repair] = []
        for full in self._resolve(statement.targets[0], failure.situation):
            relation = failure.situation.relation(full)
            if relation is not None and statement.verb == "CREATE":
                found.append(
                    Repair(
                        "implied_drop",
                        f"DROP {relation.object_type.replace('_', ' ')} {qualified(full)} CASCADE;",
                        "the recorded CREATE ran, so what has the name was gone by then",
                    )
                )
        return found

    def _gone_dependents(self, failure: _Failure) -> list[Repair]:
        text = failure.statement.text.rstrip().rstrip(";")
        text = re.sub(r"\s+RESTRICT$", "", text, flags=re.IGNORECASE)
        return [
            Repair(
                "implied_cascade",
                text + " CASCADE",
                "v1 recorded the statement, so what depends on it was gone by then: "
                + "; ".join((failure.error.diag.message_detail or "").splitlines()),
                rewrite=True,
            )
        ]

    def _views_in_the_way(self, failure: _Failure) -> list[Repair]:
        detail = failure.error.diag.message_detail or ""
        match = re.search(r"on (materialized view|view) (.+?) depends on", detail)
        if match is None:
            match = re.search(r"(policy|trigger) (.+?) on table (.+?) depends on", detail)
            if match is None:
                return []
            return [
                Repair(
                    "implied_drop",
                    f"DROP {match[1].upper()} {quote(match[2])} ON {match[3]};",
                    f"the recorded statement ran, so nothing was in its way: {detail}",
                )
            ]
        drop = f"DROP {match[1].upper()} {match[2]} CASCADE;"
        return [
            Repair("implied_drop", drop, f"the recorded statement ran, so nothing was in its way: {detail}")
        ]


class _Failure:
    """A failed statement with the names that PostgreSQL's message gives."""

    def __init__(self, error: psycopg.Error, statement: Statement, situation: Situation) -> None:
        self.error = error
        self.statement = statement
        self.situation = situation
        self.message = error.diag.message_primary or ""

    def name(self) -> Name | None:
        """The object that the message names."""
        match = re.search(r'"(.*?)"(?: (?:already|does|for|of)|$)', self.message, re.DOTALL)
        return parse_name(match[1]) if match else None

    def column(self) -> str | None:
        quoted = re.match(r'column "(.*?)" (?:of|does|named|referenced|specified)', self.message)
        if quoted:
            return quoted[1]
        bare = re.match(r"column (.+) does not exist", self.message)
        if bare:
            return parse_name(bare[1])[1]
        return None

    def on_table(self, name: str) -> str:
        return qualified(self.statement.on) if self.statement.on else qualified(parse_name(name))

    def table(self) -> Name | None:
        """The table that the message or the statement is about, with its schema."""
        tables = self.tables()
        return tables[0] if tables else None

    def tables(self) -> list[Name]:
        """The tables that the statement may mean, likeliest first, with their schemas."""
        candidates: list[Name] = []
        match = re.search(r'of relation "(.*?)"', self.message)
        if match:
            candidates.append((None, match[1]))
        if self.statement.on:
            candidates.append(self.statement.on)
        if self.statement.object_type == "TABLE":
            candidates.extend(self.statement.targets)
        rows = self.situation.query(
            "select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p', 'v', 'm') and n.nspname = any(%(schemas)s) and c.relname = any(%(words)s)",
            {"schemas": list(self.situation.schemas), "words": list(set(self.statement.words))},
        )
        found: list[Name] = []
        for schema, bare in candidates:
            for full in [(schema, bare)] if schema else [(s, bare) for s in self.situation.schemas]:
                if full not in found and self.situation.relation(full) is not None:
                    found.append(full)
        for schema, bare in rows:
            if (schema, bare) not in found:
                found.append((schema, bare))
        return found


def parse_name(text: str) -> Name:
    """`schema.name`, `"Name"`, `name` as PostgreSQL's messages print them; a message quotes once more."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', text)
    names = [quoted.replace('""', '"') if quoted else bare for quoted, bare in parts]
    if not names:
        return (None, text)
    return (names[-2] if len(names) > 1 else None, names[-1])


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


def stub(name: Name, tracked: bool, columns: Sequence[str] = ()) -> str:
    """A relation of which only the name is known, and says so in its comment.

    v1 records tables and views, so a relation that never left a row is a materialized view.
    """
    kind = "TABLE" if tracked else "MATERIALIZED VIEW"
    if tracked:
        body = f"CREATE TABLE {qualified(name)} (" + ", ".join(f"{quote(c)} text" for c in columns) + ");"
    else:
        chosen = ", ".join(f"NULL::text AS {quote(c)}" for c in columns)
        body = f"CREATE MATERIALIZED VIEW {qualified(name)} AS SELECT {chosen} WITH NO DATA;"
    return body + f"\nCOMMENT ON {kind} {qualified(name)} IS 'Stub: its definition is lost.';"


def towards(table: Name, columns: Columns, current: Sequence[Mapping[str, Any]], why: str) -> list[Repair]:
    """Steps that bring a table's columns to the recorded ones: renames, additions, removals, changes.

    A column too many and one too few are one column renamed if they stand at the same position with
    the same type, or are the only such pair of that type.
    """
    text = qualified(table)
    repairs: list[Repair] = []

    def step(rule: str, action: str, evidence: str = "") -> None:
        repairs.append(Repair(rule, f"ALTER TABLE {text} {action};", evidence or why, inferred=table))

    by_name = {str(c["name"]): c for c in current}
    extra = [n for n in by_name if n not in columns]
    missing = [n for n in ordered(columns) if n not in by_name]
    pairs: list[tuple[str, str]] = []
    for same_place in (True, False):
        for new in list(missing):
            fits = [
                old
                for old in extra
                if by_name[old]["type"] == columns[new].get("type")
                and (not same_place or by_name[old]["position"] == columns[new].get("position"))
            ]
            if fits and (same_place or len(fits) == 1):
                pairs.append((fits[0], new))
                extra.remove(fits[0])
                missing.remove(new)
    for old, new in pairs:
        step("renamed_column", f"RENAME COLUMN {quote(old)} TO {quote(new)}")
    for old in extra:
        step("dropped_column", f"DROP COLUMN {quote(old)} CASCADE")
    for new in missing:
        fact = columns[new]
        step("added_column", f"ADD COLUMN {quote(new)} {type_text(str(fact.get('type')))}")
    renamed = {new: by_name[old] for old, new in pairs}
    for name in ordered(columns):
        fact = columns[name]
        found = renamed.get(name) or by_name.get(name)
        if found is None:
            found = {"type": fact.get("type"), "nullable": True, "default": None, "generated": False}
        if found["type"] != fact.get("type"):
            new_type = type_text(str(fact.get("type")))
            if found["default"] is not None:
                step("changed_type", f"ALTER COLUMN {quote(name)} DROP DEFAULT")
                found = {**found, "default": None}
            step("changed_type", f"ALTER COLUMN {quote(name)} TYPE {new_type} USING NULL::{new_type}")
        if bool(found["nullable"]) != bool(fact.get("nullable", True)):
            step(
                "changed_nullability",
                f"ALTER COLUMN {quote(name)} {'DROP' if fact.get('nullable', True) else 'SET'} NOT NULL",
            )
        if not found["generated"] and not same_default(fact.get("default"), found["default"]):
            default = fact.get("default")
            step(
                "changed_default",
                f"ALTER COLUMN {quote(name)} " + (f"SET DEFAULT {default}" if default else "DROP DEFAULT"),
            )
    return repairs


def rename_type(name: Name, new_name: str, rows: Iterable[int]) -> Repair:
    """The step by which a type took another's name, that other one being gone by then."""
    new = (name[0], new_name)
    return Repair(
        "renamed_type",
        f"DROP TYPE IF EXISTS {qualified(new)};\nALTER TYPE {qualified(name)} RENAME TO {quote(new_name)};",
        f"rows {', '.join(str(r) for r in sorted(rows))} recorded {new_name} for its columns",
        inferred=new,
    )


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


_RENAMED_TABLE = re.compile(
    r"""\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?((?:"(?:[^"]|"")+"|[\w.])+)\s+rename\s+to\s+("(?:[^"]|"")+"|\w+)""",
    re.IGNORECASE,
)
_RENAMED_TYPE = re.compile(
    r"""\balter\s+type\s+((?:"(?:[^"]|"")+"|[\w.])+)\s+rename\s+to\s+("(?:[^"]|"")+"|\w+)""", re.IGNORECASE
)


_STATEMENT = re.compile(r"""(?:[^;'"]|'(?:[^']|'')*'|"(?:[^"]|"")*")+;""")


def first_statement(definition: str) -> str:
    """The CREATE statement of a definition, without what completes it (constraints, comments)."""
    match = _STATEMENT.match(definition)
    return match[0] if match else definition


def column_types(definition: str) -> list[tuple[str, str]]:
    """The columns of a table's definition, in order, each with its type as PostgreSQL prints it."""
    found = []
    for line in first_statement(definition).split("\n")[1:]:
        match = re.match(
            r"""    ("(?:[^"]|"")*"|[a-z_][\w$]*) (.+?)(?: COLLATE .*| DEFAULT .*| GENERATED .*| NOT NULL.*| CONSTRAINT .*)?,?$""",
            line,
        )
        if match and match[1] != "CONSTRAINT":
            found.append((unquote(match[1]), match[2]))
    return found


def _same_column(column: Mapping[str, Any], place: int, fact: tuple[int | None, int, str]) -> bool:
    attnum, where, kind = fact
    if attnum is not None:
        return bool(column["position"] == attnum and column["type"] == kind)
    return where == place and _without_schemas(kind) == _without_schemas(str(column["full_type"]))


def enum_labels(definition: str) -> list[str]:
    """The labels of an enum's definition, in order; empty for any other type."""
    if " AS ENUM (" not in definition:
        return []
    body = first_statement(definition).split(" AS ENUM (", 1)[1]
    return [label.replace("''", "'") for label in re.findall(r"'((?:[^']|'')*)'", body)]


def column_line(definition: str, column: str) -> str | None:
    """The line that defines a column in a table's definition, without its comma."""
    for line in first_statement(definition).split("\n")[1:]:
        text = line.strip().removesuffix(",")
        if text.startswith((column + " ", quote(column) + " ")):
            return re.sub(
                r"^(" + re.escape(column) + r"|" + re.escape(quote(column)) + r") ",
                lambda m: quote(column) + " ",
                text,
            )
    return None
