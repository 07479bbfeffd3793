"""What a rule is given, and what it answers.

A rule reads the evidence (v1's rows, the live catalog, the team's habits) and the situation in the shadow, and
proposes steps. It changes nothing itself: the walk takes a step, or leaves it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Protocol

import psycopg

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.definitions import parse_name, qualified
from pggit_audit.history import History, HistoryRow
from pggit_audit.live import Live
from pggit_audit.rules import Rule
from pggit_audit.rules.placing import Habits
from pggit_audit.statements import Name, Statement

Current = Sequence[Mapping[str, Any]]
"""A table's columns in the shadow, in order: name, position, type (as v1 records it), full_type, nullable, default,
generated, identity."""


class Evidence:
    """All that a rule may go by beside the situation: v1's rows, the live catalog, and the team's habits.

    Args:
        rows: the history, in order of position.
        live: the live catalog's objects.
    """

    def __init__(self, rows: Sequence[HistoryRow], live: Iterable[DatabaseObject]) -> None:
        self.history = History(rows)
        self.live = Live(live)

    @cached_property
    def habits(self) -> Habits:
        """What is usual in this history."""
        return Habits(self.history)


@dataclass(frozen=True)
class Repair:
    """One inferred step: a statement to run before the recorded one, and why.

    `rewrite` replaces the recorded statement instead. `alone`: cannot share a transaction with what
    follows (a new enum label may not be used in its own). `inferred`: the object whose definition
    rests on it from then on, if any. `then`: what belongs to what it makes, each taken if it fits.
    `seen_until`: when the last text named what it drops.
    """

    rule: Rule
    statement: str
    evidence: str
    rewrite: bool = False
    alone: bool = False
    inferred: Name | None = None
    then: tuple[str, ...] = ()
    seen_until: Any = None


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

    `position` is that of the row at hand, `schemas` the search_path. `columns` of a relation are empty where there
    is none of that name; `relation` is a table, view, sequence, index or type; `routines` are all of a name, whatever
    their schema and arguments; `holds` is whether an object of that identity and kind is there.
    """

    @property
    def position(self) -> int: ...
    @property
    def schemas(self) -> Sequence[str]: ...
    def query(self, text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
    def columns(self, name: Name) -> list[dict[str, Any]]: ...
    def relation(self, name: Name) -> DatabaseObject | None: ...
    def routines(self, bare: str) -> list[DatabaseObject]: ...
    def holds(self, identity: str, object_type: str) -> bool: ...


class Failure:
    """A failed statement with the names that PostgreSQL's message gives."""

    def __init__(self, error: psycopg.Error, statement: Statement, situation: Situation) -> None:
        self.error = error
        self.statement = statement
        self.situation = situation
        self.message = error.diag.message_primary or ""
        self.detail = error.diag.message_detail or ""

    def name(self) -> Name | None:
        """The object that the message names."""
        match = re.search(r'"(.*?)"(?: (?:already|does|for|of)|$)', self.message, re.DOTALL)
        # Of the types of a routine's arguments it quotes no name.
        match = match or re.match(r"type (\S+) does not exist", self.message)
        return parse_name(match[1]) if match else None

    def resolve(self, name: Name) -> list[Name]:
        """The name with each schema that it may be in."""
        return [name] if name[0] else [(schema, name[1]) for schema in self.situation.schemas]

    def column(self) -> str | None:
        """The column that the message names."""
        quoted = re.match(r'column "(.*?)" (?:of|does|named|referenced|specified)', self.message)
        if quoted:
            return quoted[1]
        bare = re.match(r"column (.+) does not exist", self.message)
        if bare:
            return parse_name(bare[1])[1]
        return None

    def on_table(self, name: str) -> str:
        """The table that a trigger, a policy or a constraint is on, as SQL text."""
        return qualified(self.statement.on) if self.statement.on else qualified(parse_name(name))

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
            "select n.nspname, c.relname from pg_catalog.pg_class as c"
            " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace"
            " where c.relkind operator(pg_catalog.=) any ('{r,p,v,m}'::pg_catalog.\"char\"[])"
            " and n.nspname operator(pg_catalog.=) any (%(schemas)s::pg_catalog.name[])"
            " and c.relname operator(pg_catalog.=) any (%(words)s::pg_catalog.name[])",
            {"schemas": list(self.situation.schemas), "words": list(set(self.statement.words))},
        )
        found: list[Name] = []
        for candidate in candidates:
            for full in self.resolve(candidate):
                if full not in found and self.situation.relation(full) is not None:
                    found.append(full)
        for schema, bare in rows:
            if (schema, bare) not in found:
                found.append((schema, bare))
        return found
