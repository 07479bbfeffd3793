"""The shadow at one row of the history: what may be asked of it, what runs in it, and what that changed."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from hashlib import sha256
from typing import Any

import psycopg

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.definitions import quote_if_needed
from pggit_audit.errors import LostCommits
from pggit_audit.history import HistoryRow
from pggit_audit.replay.state import ROUTINES, Difference, State
from pggit_audit.rules import until_commit
from pggit_audit.settings import is_local
from pggit_audit.shadow import Shadow
from pggit_audit.statements import Name, Statement, split

_OF_SESSION = """
select p.tableoid::pg_catalog.int8, p.oid::pg_catalog.int8,
    case when p.prokind operator(pg_catalog.=) 'p' then 'PROCEDURE' else 'FUNCTION' end, 'pg_temp',
    pg_catalog.concat(p.proname, '(', pg_catalog.oidvectortypes(p.proargtypes), ')'),
    (pg_catalog.pg_identify_object(p.tableoid, p.oid, 0)).identity, pg_catalog.pg_get_functiondef(p.oid)
from pg_catalog.pg_proc as p
join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) p.pronamespace
where n.nspname operator(pg_catalog.~) '^pg_temp_' and p.prokind operator(pg_catalog.<>) 'a'
order by p.oid
"""

# How a text sets the time zone.
_ZONE = {"TIMEZONE", "ZONE"}
_MAY_PASS_BY = re.compile(r"\bif\s+(?:not\s+)?exists\b", re.IGNORECASE)


class Situation:
    """The shadow as it stands, and which row the walk is at. What rules ask, they ask here.

    Args:
        shadow: an open shadow database.

    `position` and `version_id` are those of the row at hand, `schemas` the search_path in which its names are
    read, `sets_schemas` whether the text of its execution itself changed settings, `sets_zone` whether the time zone.
    `unmade_schemas` are those that such a text looks names up in, and that are not there.
    `state` holds the objects as last read; only `observe` changes it.

    A dozen small methods, because the shadow, its search_path and what was read of it have to stay in step.
    """

    def __init__(self, shadow: Shadow) -> None:
        self.shadow = shadow
        self.state = State(shadow.reader.everything())
        self.position = 0
        self.version_id = 0
        self._times = 0
        self._path: Sequence[str] = ("public",)
        # What of the search_path no text says.
        self._guessed: Set[str] = frozenset()
        self._unmade: Set[str] = frozenset()
        self.sets_schemas = False
        self.sets_zone = False
        self.begin_session()
        self._horizon = shadow.reader.horizon()
        shadow.writes()
        # Tables' columns as `columns` read them, until something touches the table.
        self._columns: dict[Key, list[dict[str, Any]]] = {}
        self._fresh: dict[Key, DatabaseObject] = {}

    def at(self, row: HistoryRow) -> None:
        """The walk comes to a row, or to the next statement of it: random numbers are others, the same each time."""
        self._times = self._times + 1 if row.version_id == self.version_id else 0
        self.position, self.version_id = row.position, row.version_id
        self.shadow.seed = _seed(f"{row.version_id} {self._times}")

    # What a rule may ask

    @property
    def schemas(self) -> Sequence[str]:
        unmade = self.unmade_schemas
        return tuple(name for name in self._path if name not in unmade) or ("public",)

    @property
    def guessed(self) -> Set[str]:
        return self._guessed

    @property
    def unmade_schemas(self) -> Sequence[str]:
        made = self.state.holds
        return [n for n in self._path if n in self._unmade and not made(quote_if_needed(n), "SCHEMA")]

    def query(self, text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self.shadow.query(text, parameters)

    def relation(self, name: Name) -> DatabaseObject | None:
        return self.state.relation(name)

    def routines(self, bare: str) -> list[DatabaseObject]:
        return self.state.routines(bare)

    def holds(self, identity: str, object_type: str) -> bool:
        return self.state.holds(identity, object_type)

    def columns(self, name: Name) -> list[dict[str, Any]]:
        """The columns of a relation, in v1's terms; empty where there is none of that name."""
        found = self.state.relation(name)
        if found is None:
            return []
        if found.key not in self._columns:
            self._columns[found.key] = self.shadow.columns(found.objid)
        return self._columns[found.key]

    # In which schemas names are read

    def read_names_as(self, row: HistoryRow, statement: Statement, says_schema: bool) -> None:
        """Reads unqualified names in the schema that the row's object turned out to be in (FORMATS 1.13).

        `says_schema`: the text writes it before the object's name.
        """
        if self.sets_schemas:
            return
        schema = row.object_schema or "public"
        named = any(target[0] for target in statement.targets) or bool(statement.on and statement.on[0])
        # Where the text says the schema itself, it tells nothing of the search_path.
        says = named or says_schema
        order: tuple[str, ...] = ("public", schema) if says else (schema, "public")
        passes_by = statement.if_exists or (
            statement.action == "code" and _MAY_PASS_BY.search(statement.text)
        )
        if says and not named and passes_by:
            # IF EXISTS passes by what is in another schema, and nothing fails.
            order = ("public",)
        self._path, self._unmade, self._guessed = tuple(dict.fromkeys(order)), frozenset(), frozenset()
        self.shadow.search_path(*self._path)

    def take_setting(self, statement: Statement) -> None:
        """Runs a SET of the history; from then on its execution says itself where names are read."""
        try:
            path, there = self.shadow.set(statement.text)
        except psycopg.Error:
            return
        self._path, self._unmade, self._guessed = path, {*path} - there, frozenset()
        self.sets_schemas = True
        self.sets_zone = self.sets_zone or not _ZONE.isdisjoint(statement.keywords)
        if is_local(statement):
            self._has_local = True
        else:
            self._lasting.append(statement)

    def begin_session(self) -> None:
        """Forgets what the session before had set."""
        self.sets_schemas = self.sets_zone = self._has_local = False
        self._lasting: list[Statement] = []
        self._until_commit: list[str] = []
        self.state.of_session.clear()

    def until_commit(self, statement: Statement) -> Statement:
        """The statement with the temporary tables kept until its text ends the transaction."""
        kept, dropped = until_commit.kept(statement)
        self._until_commit += dropped
        return kept

    def end_transaction(self) -> None:
        """Undoes what was set and made for the transaction alone that the text ends here."""
        for drop in self._until_commit:
            self.runs(drop)
        self._until_commit.clear()
        if self._has_local:
            lasting = self._lasting
            self.shadow.end_execution(settings_only=True)
            self.begin_session()
            for statement in lasting:
                self.take_setting(statement)

    def read_routines_of_session(self, statement: Statement) -> None:
        """Reads the routines in the session's own schema, if code may call one: they are in no other reading."""
        if statement.action == "code" and "pg_temp" in statement.text.lower():
            self.state.of_session[:] = [DatabaseObject(*found) for found in self.query(_OF_SESSION, {})]

    def look_elsewhere(self, schema: str) -> None:
        """Adds a schema at the end of the search_path, of which nothing tells that it was in it."""
        self._guessed = {*self._guessed, schema}
        self._path = (*self._path, schema)
        self.shadow.search_path(*self._path)

    # What runs, and what it changed

    def run(self, script: Sequence[str]) -> tuple[int, psycopg.Error | None]:
        """Runs a script in one transaction; the index of the statement that failed, and its error."""
        try:
            self.shadow.run(*script)
        except psycopg.Error as error:
            return self.shadow.failed_at, error
        finally:
            if self.shadow.was_away:
                self._find_again()
        return len(script), None

    def _find_again(self) -> None:
        """Looks whether the shadow is as it was last read, after its server crashed.

        Raises `LostCommits` where it is not: it may have lost what was done just before.
        """
        self.shadow.was_away = False
        found = {o.key: o for o in self.shadow.reader.everything()}
        lost = [o.object_identity for key, o in self.state.objects.items() if found.get(key) != o]
        if lost:
            raise LostCommits(
                f"The server of the shadow database crashed, and lost what was done just before ({lost[0]}).\n"
                "Nothing was published. Look into the server's log for why it crashed, then run the build again."
            )

    def runs(self, statement: str) -> bool:
        """Runs one statement in a transaction of its own; whether it could."""
        return self.run([statement])[1] is None

    def observe(self, *done: str | Statement) -> list[Difference]:
        """Reads again what these statements changed; what differs, by path.

        What is only deleted (a foreign key, a comment) leaves no row of its time in the catalog: where
        something is gone, what the statements name is read in any case, and what is locked; all there is where nothing
        says which.
        """
        reader = self.shadow.reader
        writes = self.shadow.writes()
        touched, self._horizon = reader.touched(self._horizon, writes)
        altered = [k for k, kind in touched.items() if kind in ("TABLE", "TYPE") and k in self.state.objects]
        statements = [s for step in done for s in (split(step) if isinstance(step, str) else (step,))]
        may_rename = any(s.may_rename for s in statements)
        if may_rename and "SCHEMA" in touched.values():
            # The name of everything in a schema changes with its own.
            touched |= self.state.kinds()
        elif may_rename and touched:
            touched |= reader.dependents(touched)
        # An index has rows of its own there, and its table is written as well.
        is_index = bool(statements) and all(s.tag == "CREATE INDEX" for s in statements)
        if altered and not is_index and "pg_attribute" in writes.inserted | writes.updated:
            touched |= reader.dependents(altered, "users_of_rows")
        gone = reader.vanished(self.state.objects, writes)
        if writes.leave_no_trace or any("extension" in s.text.lower() for s in statements):
            # DEPENDS ON EXTENSION is in no row of the object either.
            for statement in statements:
                touched |= _named_by(statement, self.state)
            # CASCADE takes foreign keys and parents from others along, which it locks.
            locked = writes.relations or frozenset()
            touched |= {k: o.kind for k, o in self.state.objects.items() if k[1] in locked}
            if any("cascade" in s.words for s in statements):
                touched |= {o.key: o.kind for o in naming(self.state, [*gone, *touched])}
                if writes.relations is None:
                    touched |= self.state.kinds()
        if "TYPE" in touched.values():
            # Of a domain over a domain, columns have the name of the inner one.
            self._columns.clear()
        for key in touched:
            self._columns.pop(key, None)
        differences = self.state.update(
            reader.some({k: v for k, v in touched.items() if k not in gone}), gone
        )
        self._fresh.update((d.object.key, d.object) for d in differences)
        return differences

    def fresh(self) -> dict[Key, DatabaseObject]:
        """What came or changed since this was last asked, also what is gone again."""
        fresh, self._fresh = self._fresh, {}
        return fresh


def _seed(text: str) -> float:
    """A number between -1 and 1 that depends on nothing but the text."""
    return int.from_bytes(sha256(text.encode()).digest()[:6], "big") / (1 << 47) - 1


def naming(state: State, keys: Iterable[Key]) -> list[DatabaseObject]:
    """The objects whose definition names one of `keys`, as they were last read."""
    names = []
    for key in keys:
        found = state.objects.get(key)
        if found is not None and found.object_type not in ("INDEX", "TRIGGER", "POLICY", "SCHEMA"):
            names.append(re.escape(found.object_identity.split("(", 1)[0]))
    if not names:
        return []
    pattern = re.compile("|".join(names))
    return [
        o for o in state.objects.values() if o.object_type not in ROUTINES and pattern.search(o.definition)
    ]


def _named_by(statement: Statement, state: State) -> dict[Key, str]:
    """The objects (with their kinds) that a statement names; all there are where it does not say."""
    # An extension is part of its schema's definition.
    if statement.action == "code" or not statement.targets or statement.object_type == "EXTENSION":
        return state.kinds()
    # Of `schema.table.column` the last two parts are kept: a column's table is in the first.
    names = {part for target in (*statement.targets, statement.on or ()) for part in target if part}
    return {o.key: o.kind for o in state.called(names)}
