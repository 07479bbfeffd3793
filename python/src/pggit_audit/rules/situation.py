"""What a rule is given, and what it answers.

A rule reads the evidence (v1's rows, the live catalog, the team's habits) and the situation in the shadow, and
proposes steps. It changes nothing itself: the walk takes a step, or leaves it.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Protocol

import psycopg

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.definitions import column_types, in_schema, qualified
from pggit_audit.history import History, HistoryRow
from pggit_audit.lexing import NAME
from pggit_audit.live import Live
from pggit_audit.moments import Moments
from pggit_audit.rules import FROM_LIVE_CATALOG, Rule, references
from pggit_audit.rules.naming import Naming, but_for_numbers, namings, said, told
from pggit_audit.rules.placing import Habits
from pggit_audit.rules.type_changes import TypeChanges, columns_written
from pggit_audit.rules.type_modifiers import Modifiers
from pggit_audit.rules.usual_columns import UsualColumns
from pggit_audit.statements import Name, Statement, split, unquote
from pggit_audit.v1_schema import V1Schema

Current = Sequence[Mapping[str, Any]]
"""A table's columns in the shadow, in order: name, position, type (as v1 records it), full_type, nullable, default,
generated, identity."""


@dataclass(frozen=True)
class Gone:
    """What a text of `row` drops or renames; with IF EXISTS (not `is_sure`) it need not have been there."""

    row: HistoryRow
    is_sure: bool


class Evidence:
    """All that a rule may go by beside the situation: v1's rows, the live catalog, and the team's habits.

    Args:
        rows: the history, in order of position.
        live: the live catalog's objects.
        written: rows of int_replay__catalog_rows.
        v1: v1's own schema, on which what the team made may rest.
    """

    def __init__(
        self,
        rows: Sequence[HistoryRow],
        live: Iterable[DatabaseObject],
        written: Iterable[Mapping[str, Any]] = (),
        v1: V1Schema | None = None,
    ) -> None:
        self.history = History(rows)
        self.v1 = v1 or V1Schema()
        self.live = Live(live)
        self.moments = Moments(self.history, written)

    @cached_property
    def dropped(self) -> Mapping[str, Mapping[str, Gone]]:
        """Names of indexes and constraints (by INDEX and CONSTRAINT) that a text drops or renames, and that nothing
        before it has."""
        found: dict[str, dict[str, Gone]] = {"INDEX": {}, "CONSTRAINT": {}}
        for row in self.history.rows:
            for statement in row.statements if not row.exclusion_reason else ():
                for kind, name, is_sure in _given_up_by(statement):
                    named = self.history.mentions(name)
                    if named and self.history.rows[named[0]].execution == row.execution:
                        found[kind].setdefault(name, Gone(row, is_sure))
        return found

    def columns_of(self, table: Name) -> list[str]:
        """The columns that a table has in the live catalog, or else in its first record."""
        live = self.live.by_name.get(table)
        if live is not None:
            return [column for column, _ in column_types(live.definition)]
        return next((list(r.columns) for r in self.history.by_name[table] if r.columns), [])

    @cached_property
    def made_indexes(self) -> set[str]:
        """Names of the indexes that rows create."""
        return {
            row.name
            for row in self.history.rows
            if (row.object_type, row.change_type) == ("INDEX", "CREATE") and not row.exclusion_reason
        }

    @cached_property
    def by_execution(self) -> Mapping[tuple[str, int], list[HistoryRow]]:
        """The rows of each execution, in order."""
        found: dict[tuple[str, int], list[HistoryRow]] = {}
        for row in self.history.rows:
            found.setdefault(row.execution, []).append(row)
        return found

    @cached_property
    def made_tables(self) -> Mapping[str, list[HistoryRow]]:
        """The rows that create tables, in order: by their texts, and by the names that have a number."""
        found: dict[str, list[HistoryRow]] = {}
        for row in self.history.rows:
            if (row.object_type, row.change_type) == ("TABLE", "CREATE") and not row.exclusion_reason:
                for key in {row.text, but_for_numbers(row.name)} - {"", row.name}:
                    found.setdefault(key, []).append(row)
        return found

    @cached_property
    def referred(self) -> Mapping[str, Mapping[tuple[str, str], int]]:
        """By the name of a column, what the foreign keys on such a column alone say: those of texts, as one writes.

        Each with its table's name, without a schema, and the position of the first row of such a text.
        """
        found: dict[str, dict[tuple[str, str], int]] = {}
        for row in self.history.rows:
            for statement in row.statements if not row.exclusion_reason else ():
                for column, refers in references.references(statement):
                    key = (statement.targets[0][1], refers)
                    found.setdefault(column, {}).setdefault(key, row.position)
        return found

    @cached_property
    def usual_references(self) -> Mapping[str, str]:
        """By the names of columns that refer to one thing as a rule, what that is, and what happens."""
        return references.usual(self.history.rows, self.live.by_name.values())

    @cached_property
    def way_of_keys(self) -> str:
        """How the team's foreign keys are called after both their ends."""
        return references.way_of_names(self.live.by_name.values())

    @cached_property
    def key_ends(self) -> Mapping[tuple[Name, str], Collection[tuple[Name, str]]]:
        """By tables and columns, those at the other ends of live foreign keys."""
        return references.ends(self.live.by_name.values())

    @cached_property
    def written(self) -> Mapping[str, set[str]]:
        """By the name of a column, what recorded texts that create tables say of such columns: type and NOT NULL."""
        found: dict[str, set[str]] = {}
        for row in self.history.rows:
            for statement in row.statements if not row.exclusion_reason else ():
                if statement.tag == "CREATE TABLE":
                    for name, kind in columns_written(statement):
                        found.setdefault(name, set()).add(kind)
        return found

    @cached_property
    def modifiers(self) -> Modifiers:
        """The modifiers that the types of columns have as a rule."""
        live = (
            (o.object_identity, column_types(o.definition))
            for o in self.live.by_name.values()
            if o.object_type == "TABLE"
        )
        return Modifiers(live, self.written)

    @cached_property
    def older_modifiers(self) -> Modifiers:
        """The modifiers that the types of columns had before all texts: those of older tables, before texts changed
        them."""

        def then(name: Name, definition: str) -> Iterator[tuple[str, str]]:
            for column, kind in column_types(definition):
                earlier = self.type_changes.earlier(name[1], column, kind)
                if earlier is not None:
                    yield column, earlier

        older = (
            (o.object_identity, then(name, o.definition))
            for name, o in self.live.by_name.items()
            if o.object_type == "TABLE"
            and not any(row.change_type == "CREATE" for row in self.history.by_name.get(name, ())[:1])
        )
        return Modifiers(older, otherwise=self.modifiers)

    @cached_property
    def type_changes(self) -> TypeChanges:
        """Which types texts gave to columns of which other types."""
        return TypeChanges(self.history.rows)

    @cached_property
    def usual_columns(self) -> UsualColumns:
        """What live columns are as a rule, by their shapes."""
        return UsualColumns(self.live.by_identity.values(), self.moments)

    @cached_property
    def habits(self) -> Habits:
        """What is usual in this history."""
        return Habits(self.history)


_GIVES_UP = re.compile(
    rf"\bdrop\s+constraint\s+(?P<doubt>if\s+exists\s+)?(?P<dropped>{NAME})"
    rf"|\brename\s+constraint\s+(?P<renamed>{NAME})\s+to\b"
)


def _given_up_by(statement: Statement) -> Iterator[tuple[str, str, bool]]:
    """What a statement drops or renames: INDEX or CONSTRAINT, the name, and whether it is there for certain."""
    renames = statement.tag == "ALTER INDEX" and "RENAME" in statement.keywords
    if statement.tag == "DROP INDEX" or renames:
        yield from (
            ("INDEX", bare, not statement.if_exists)
            for _, bare in statement.targets[: 1 if renames else None]
        )
    elif statement.tag == "ALTER TABLE":
        for match in _GIVES_UP.finditer(statement.folded):
            yield "CONSTRAINT", unquote(match["dropped"] or match["renamed"]), match["doubt"] is None


@dataclass(frozen=True)
class Bounds:
    """Between which rows of the history a step was: behind `not_before`, before `not_after`, by their ids.

    None: there is no such row. `committed_at` is the time itself, where the server kept it. `sure`: of what leaves no
    row, nothing but the step writes the row of the catalog that tells it, as far as the catalog shows.
    """

    not_before: int | None
    not_after: int | None
    committed_at: Any = None
    sure: bool = False


@dataclass(frozen=True)
class Repair:
    """One inferred step: a statement to run before the recorded one, and why.

    `rewrite` replaces the recorded statement instead. `alone`: cannot share a transaction with what
    follows (a new enum label may not be used in its own). `inferred`: the object whose definition
    rests on it from then on, if any. `then`: what belongs to what it makes, each taken if it fits;
    `behind`: so too, but behind what it was made for.
    `seen_until`: when the last text named what it drops. `bounds`: between which rows it was, where the rule knows.
    `about`: what else is decided with it, if a person has to: steps about the same are one cause. `made`: what it
    made, once it was taken by itself.
    """

    rule: Rule
    statement: str
    evidence: str
    rewrite: bool = False
    alone: bool = False
    inferred: Name | None = None
    then: tuple[str, ...] = ()
    behind: tuple[str, ...] = ()
    seen_until: Any = None
    bounds: Bounds | None = None
    about: str | None = None
    made: frozenset[Key] = frozenset()

    @property
    def cause(self) -> str:
        """The natural key of what a person has to judge: what rests on the step names it so."""
        return self.about or f"{self.rule.name}:{self.statement}"


def about(kind: str, name: Name) -> str:
    """What steps of one object are about that a person decides together, as those of an enum or a lost view."""
    return f"{kind.lower().replace('_', ' ')} {qualified(name)}"


def under_schema(live: DatabaseObject, schema: str | None) -> DatabaseObject:
    """A live object as it reads where its schema has another name."""
    now = live.object_schema
    if now is None or schema is None or now == schema:
        return live
    return replace(
        live,
        object_schema=schema,
        object_name=in_schema(live.object_name, now, schema),
        object_identity=in_schema(live.object_identity, now, schema),
        definition=in_schema(live.definition, now, schema),
    )


def as_live(live: DatabaseObject) -> Repair:
    """The step that makes what a statement needs as the live catalog has it, in a transaction of its own."""
    return Repair(
        FROM_LIVE_CATALOG,
        live.definition,
        f"{live.object_type} {live.object_identity} is in the live catalog",
        alone=True,
        inferred=(live.object_schema, live.object_name),
    )


@dataclass(frozen=True)
class PendingStep:
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


class Situation(Protocol):
    """What a rule may ask about the shadow at the moment that it is asked.

    `position` is that of the row at hand, `schemas` the search_path, `unmade_schemas` what else a text has in its own
    search_path and is not there, `guessed` what of it no text says. `columns` of a relation are empty where there
    is none of that name; `relation` is a table, view, sequence, index or type; `routines` are all of a name, whatever
    their schema and arguments; `holds` is whether an object of that identity and kind is there.
    """

    @property
    def position(self) -> int: ...
    @property
    def schemas(self) -> Sequence[str]: ...
    @property
    def unmade_schemas(self) -> Sequence[str]: ...
    @property
    def guessed(self) -> Set[str]: ...
    def query(self, text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
    def columns(self, name: Name) -> list[dict[str, Any]]: ...
    def relation(self, name: Name) -> DatabaseObject | None: ...
    def routines(self, bare: str) -> list[DatabaseObject]: ...
    def holds(self, identity: str, object_type: str) -> bool: ...


class Failure:
    """A failed statement, and which of its names the server's error is about (`naming`).

    `message` and `detail` are in the language of the server: nothing may be read from them but names that are known
    from elsewhere.
    """

    def __init__(self, error: psycopg.Error, statement: Statement, situation: Situation) -> None:
        self.error = error
        self.statement = statement
        self.situation = situation
        self.message = error.diag.message_primary or ""
        self.detail = error.diag.message_detail or ""

    @cached_property
    def failing(self) -> tuple[Statement, ...]:
        """What failed: the statement that a block or a routine ran, if it was in one, and the recorded one."""
        inner = split(self.error.diag.internal_query or "")
        return (*inner, *((self.statement,) if self.statement.tokens else split(self.statement.text)))

    @cached_property
    def told(self) -> list[Naming]:
        """The names of what failed that the message repeats, the likeliest first."""
        return told(self.message, (naming for s in self.failing for naming in namings(s)))

    def name(self) -> Name | None:
        """The object that the error is about: as its fields say, as the statement names it, or one that is there."""
        diag = self.error.diag
        if diag.table_name or diag.datatype_name:
            return (diag.schema_name, str(diag.table_name or diag.datatype_name))
        return self.told[0].name if self.told else self._there()

    def missing(self) -> Name | None:
        """The relation or the type that is not there, if that is what is wrong."""
        return next((n.name for n in self.told if not self.is_there(n.name)), None)

    def _there(self) -> Name | None:
        """The relation that the message repeats, where PostgreSQL chose its name, as that of an index."""
        schemas = {n.parts[-2] for s in self.failing for n in namings(s) if len(n.parts) > 1}
        rows = self.situation.query(
            "select n.nspname, c.relname from pg_catalog.pg_class as c"
            " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace"
            " where n.nspname operator(pg_catalog.=) any (%(schemas)s::pg_catalog.name[])"
            " and pg_catalog.strpos(%(message)s, c.relname::pg_catalog.text) operator(pg_catalog.>) 0",
            {"schemas": [*schemas, *self.situation.schemas], "message": self.message},
        )
        found = [(place, schema, bare) for schema, bare in rows if (place := said(self.message, bare))]
        surest = [f for f in found if f[0][0] == 0]
        return min(surest, key=lambda f: (f[0], -len(f[2])))[1:] if surest else None

    def resolve(self, name: Name) -> list[Name]:
        """The name with each schema that it may be in."""
        return [name] if name[0] else [(schema, name[1]) for schema in self.situation.schemas]

    def is_there(self, name: Name) -> bool:
        """Whether it is a relation or a type that is there."""
        return any(self.situation.relation(full) is not None for full in self.resolve(name))

    def column(self) -> str | None:
        """The column that the error is about: a message may repeat its table's name as well."""
        if self.error.diag.column_name:
            return self.error.diag.column_name
        bare = list(dict.fromkeys(naming.parts[-1] for naming in self.told))
        return next((name for name in bare if not self.is_there((None, name))), bare[0] if bare else None)

    def on_table(self, name: Name) -> str:
        """The table that a trigger, a policy or a constraint is on, as SQL text."""
        return qualified(self.statement.on or name)

    def tables(self) -> list[Name]:
        """The tables that the statement may mean, likeliest first, with their schemas."""
        candidates: list[Name] = [naming.name for naming in self.told]
        if self.statement.on:
            candidates.append(self.statement.on)
        if self.statement.object_type == "TABLE":
            candidates.extend(self.statement.targets)
        in_full = {n.parts[-2:] for s in self.failing for n in namings(s) if len(n.parts) > 1}
        schemas = [*self.situation.schemas, *(parts[0] for parts in in_full)]
        rows = self.situation.query(
            "select n.nspname, c.relname from pg_catalog.pg_class as c"
            " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace"
            " where c.relkind operator(pg_catalog.=) any ('{r,p,v,m}'::pg_catalog.\"char\"[])"
            " and n.nspname operator(pg_catalog.=) any (%(schemas)s::pg_catalog.name[])"
            " and c.relname operator(pg_catalog.=) any (%(words)s::pg_catalog.name[])",
            {"schemas": schemas, "words": list(set(self.statement.words))},
        )
        found: list[Name] = []
        for candidate in candidates:
            for full in self.resolve(candidate):
                if full not in found and self.situation.relation(full) is not None:
                    found.append(full)
        for schema, bare in rows:
            is_meant = schema in self.situation.schemas or (schema, bare) in in_full
            if is_meant and (schema, bare) not in found:
                found.append((schema, bare))
        return found
