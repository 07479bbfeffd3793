"""The walk through the history: every statement runs again in the shadow, in the order of its rows.

PostgreSQL is the interpreter. After each statement the objects that it touched are read again, and the
difference is handed out to the rows that v1 recorded for it; what no row explains becomes an inferred
event of the same commit.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import Any

import psycopg

from pggit_audit.catalog import (
    DatabaseObject,
    Key,
    with_unique_identities,
)
from pggit_audit.definitions import (
    column_types,
    create_table,
    parse_name,
    qualified,
    qualified_identity,
    quote_if_needed,
)
from pggit_audit.evidence import Evidence, Foreseen, HistoryRow, Repair, disagreements
from pggit_audit.older import Older, OlderTable
from pggit_audit.repairs import Repairs, rename_type, towards
from pggit_audit.shadow import Shadow
from pggit_audit.statements import (
    Name,
    Statement,
    committed,
    leaves_the_database,
    quote,
    reaches_outside,
    split,
)

RECONCILE_MESSAGE = "Reconcile with the live catalog"
# How many inferred steps one statement may need before it counts as beyond repair.
_MOST_ATTEMPTS = 25
# How far inferred steps may need others in turn.
_DEEPEST = 8
_NOT_FOUND = re.compile(r'(?:relation|type) "(.+)" does not exist')
_BUILT_IN = (
    "select from pg_catalog.pg_type where typname = %(name)s and typnamespace = 'pg_catalog'::regnamespace"
)
# What depends on a type, but for its own array: the column of a default, or else no column.
_USERS_OF_TYPE = (
    "select n.nspname, c.relname, a.attname from pg_depend as d"
    " left join pg_attrdef as f on d.classid = 'pg_attrdef'::regclass and f.oid = d.objid"
    " left join pg_attribute as a on a.attrelid = f.adrelid and a.attnum = f.adnum"
    " left join pg_class as c on c.oid = f.adrelid left join pg_namespace as n on n.oid = c.relnamespace"
    " where d.refclassid = 'pg_type'::regclass and d.refobjid = %(type)s and d.deptype = 'n'"
)
# Characters of the server's message that a finding repeats.
_MOST_SAID = 300


@dataclass(frozen=True)
class Event:
    """One event of the rebuilt history; the columns of `int_replay__events` (all but `event_seq`)."""

    origin: str
    v1_version_id: int | None
    anchor_version_id: int | None
    branch_name: str
    object_schema: str | None
    object_name: str | None
    object_type: str | None
    object_identity: str | None
    change_type: str
    change_severity: str | None
    old_definition: str | None
    new_definition: str | None
    author: str | None
    committed_at: Any
    commit_message: str | None
    fidelity: str | None
    exclusion_reason: str | None = None
    repairs: list[dict[str, str]] = field(default_factory=list)
    findings: list[dict[str, str]] = field(default_factory=list)
    # For `doubted`, no columns of the model: whether recorded columns agree with the definition; when the last text
    # named what is dropped without a row.
    confirmed: bool = False
    seen_until: Any = None

    def row(self) -> dict[str, Any]:
        """The event by the model's columns."""
        return {
            name: value for name, value in self.__dict__.items() if name not in ("confirmed", "seen_until")
        }


@dataclass
class Difference:
    """One object (by its path in the tree) before and after; one of the two may be missing."""

    path: str
    old: DatabaseObject | None
    new: DatabaseObject | None
    taken: bool = False

    @property
    def object(self) -> DatabaseObject:
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def replaced(self) -> bool:
        """Whether it is another object that has the path now."""
        return self.old is not None and self.new is not None and self.old.key != self.new.key

    @property
    def change_type(self) -> str:
        return "CREATE" if self.old is None else "DROP" if self.new is None else "ALTER"


def _kind_of(found: DatabaseObject) -> str:
    return "FUNCTION" if found.object_type == "PROCEDURE" else found.object_type


class State:
    """The objects of the shadow as last read, by key and by path.

    A path is the object's identity; where two kinds share one, the later kind carries its kind
    behind it (`with_unique_identities`).
    """

    def __init__(self, objects: Iterable[DatabaseObject]) -> None:
        self.objects: dict[Key, DatabaseObject] = {}
        self._holders: dict[str, set[Key]] = {}
        self._names: dict[Name, set[Key]] = {}
        self._bare: dict[str, set[Key]] = {}
        for found in objects:
            self._put(found)

    def _put(self, found: DatabaseObject) -> None:
        self.objects[found.key] = found
        self._holders.setdefault(found.object_identity, set()).add(found.key)
        self._names.setdefault((found.object_schema, found.object_name), set()).add(found.key)
        self._bare.setdefault(found.object_name.split("(", 1)[0], set()).add(found.key)

    def _take(self, key: Key) -> None:
        found = self.objects.pop(key)
        self._holders[found.object_identity].discard(key)
        self._names[(found.object_schema, found.object_name)].discard(key)
        self._bare[found.object_name.split("(", 1)[0]].discard(key)

    def _paths(self, identities: Iterable[str]) -> dict[str, DatabaseObject]:
        result: dict[str, DatabaseObject] = {}
        for identity in identities:
            holders = [self.objects[k] for k in self._holders.get(identity, ())]
            result.update({o.object_identity: o for o in with_unique_identities(holders)})
        return result

    def update(self, read: Iterable[DatabaseObject], gone: Iterable[Key]) -> list[Difference]:
        """Takes in what was read again and what no longer exists; what differs, by path."""
        read = list(read)
        gone = [k for k in gone if k in self.objects]
        changed = [o for o in read if self.objects.get(o.key) != o]
        identities = {o.object_identity for o in changed}
        identities |= {self.objects[k].object_identity for k in gone}
        identities |= {self.objects[o.key].object_identity for o in changed if o.key in self.objects}
        before = self._paths(identities)
        for key in gone:
            self._take(key)
        for found in changed:
            if found.key in self.objects:
                self._take(found.key)
            self._put(found)
        after = self._paths(identities)
        differences = []
        for path in sorted(before.keys() | after.keys()):
            old, new = before.get(path), after.get(path)
            if old != new:
                differences.append(Difference(path, old, new))
        return differences

    def naming(self, keys: Iterable[Key]) -> dict[Key, str]:
        """The objects (with their kinds) whose definition names one of `keys`, as they were last read."""
        names = []
        for key in keys:
            found = self.objects.get(key)
            if found is not None and found.object_type not in ("INDEX", "TRIGGER", "POLICY", "SCHEMA"):
                names.append(re.escape(found.object_identity.split("(", 1)[0]))
        if not names:
            return {}
        pattern = re.compile("|".join(names))
        return {
            key: _kind_of(o)
            for key, o in self.objects.items()
            if o.object_type not in ("FUNCTION", "PROCEDURE") and pattern.search(o.definition)
        }

    def relation(self, name: Name) -> DatabaseObject | None:
        """The table, view, sequence, index or type of that name."""
        for key in self._names.get(name, ()):
            if self.objects[key].object_type not in ("TRIGGER", "POLICY", "SCHEMA", "FUNCTION", "PROCEDURE"):
                return self.objects[key]
        return None

    def schemas_of(self, bare: str) -> set[str]:
        """The schemas that have a table, view, sequence or type of that name."""
        found = (self.objects[key] for key in self._bare.get(bare, ()))
        kinds = ("TABLE", "VIEW", "MATERIALIZED_VIEW", "SEQUENCE", "TYPE")
        return {o.object_schema for o in found if o.object_type in kinds}

    def about(self, statement: Statement) -> dict[Key, str]:
        """The objects (with their kinds) that a statement names; all there are where it does not say."""
        # An extension is part of its schema's definition.
        if statement.action == "code" or not statement.targets or statement.object_type == "EXTENSION":
            return self.kinds()
        # Of `schema.table.column` the last two parts are kept: a column's table is in the first.
        names = {part for target in (*statement.targets, statement.on or ()) for part in target if part}
        found = set().union(*(self._bare.get(name, set()) for name in names))
        return {k: _kind_of(self.objects[k]) for k in found}

    def kinds(self) -> dict[Key, str]:
        """Every object with its kind."""
        return {key: _kind_of(o) for key, o in self.objects.items()}

    def keys(self, name: Name) -> set[Key]:
        """The objects of that schema and name, of any kind."""
        return self._names.get(name, set())

    def holds(self, identity: str, object_type: str | None = None) -> bool:
        """Whether an object of that identity (and kind) is there."""
        kinds = {self.objects[k].object_type for k in self._holders.get(identity, ())}
        return bool(kinds) if object_type is None else object_type in kinds

    def holds_routine(self, qualified_name: str) -> bool:
        """Whether a routine of that name is there, whatever its arguments."""
        return any(i.startswith(qualified_name + "(") and keys for i, keys in self._holders.items())

    def secured(self, identity: str) -> bool:
        """Whether a table has row security."""
        return any(
            "\nALTER TABLE " + identity + " ENABLE ROW LEVEL SECURITY;" in self.objects[k].definition
            for k in self._holders.get(identity, ())
        )

    def routines(self, bare: str) -> list[DatabaseObject]:
        return [
            o
            for o in self.objects.values()
            if o.object_type in ("FUNCTION", "PROCEDURE") and o.object_name.split("(", 1)[0] == bare
        ]

    def by_path(self) -> dict[str, DatabaseObject]:
        return {o.object_identity: o for o in with_unique_identities(list(self.objects.values()))}


@dataclass
class _Outcome:
    """What running one statement came to."""

    ran: bool
    repairs: list[Repair]
    differences: list[Difference]
    error: psycopg.Error | None = None


class Replay:
    """Replays one branch in one shadow.

    Args:
        shadow: an open shadow database, empty but for what the branch starts from.
        evidence: what is known beyond the statement at hand.
        branch_name: for the events.
        routine_oids: v1's names of routines (their oids at home) that are known already, with
            schema and `name(types)`.
        tree: definitions by path that the branch starts from, if they were published; else they are
            read from the shadow.
    """

    def __init__(
        self,
        shadow: Shadow,
        evidence: Evidence,
        branch_name: str,
        routine_oids: Mapping[str, Name] | None = None,
        tree: Mapping[str, str] | None = None,
    ) -> None:
        self._shadow = shadow
        self._evidence = evidence
        older = Older(evidence)
        self._repairs = Repairs(evidence, older)
        self._branch = branch_name
        self._state = State(shadow.reader.everything())
        # What the emitted events come to: the tree at the last commit, by path.
        self._tree: dict[str, str] = dict(tree or {})
        # An empty database is no empty tree: the schema public is in it, and an event has to say so.
        self._opening = [
            Difference(path, None, found) for path, found in self._state.by_path().items() if tree is None
        ]
        self._older = deque(older.tables() if tree is None else ())
        self._older_functions = older.functions() if tree is None else []
        self._older_views = older.views() if tree is None else []
        self._older_extensions = older.extensions() if tree is None else []
        # Tables' columns as `columns` read them, until something touches the table.
        self._columns: dict[Key, list[dict[str, Any]]] = {}
        self._foreseen: list[Foreseen] = []
        # What just came or changed, for `_attachments` and `_comments`.
        self._fresh: dict[Key, DatabaseObject] = {}
        # What executions changed of which every row was left out: it comes with the next row that is not.
        self._carried: list[tuple[Difference, list[Repair]]] = []
        # What rests on an inferred step, and since which row; what but its comments does not.
        self._inferred: dict[Key, int] = {}
        self._commented: dict[Key, int] = {}
        self._version = 0
        self._depth = 0
        self._horizon = shadow.reader.horizon()
        shadow.writes()
        self._routines: dict[str, Name] = dict(routine_oids or {})
        # Of the execution at hand: finding and message of each statement that could not run; those still to come;
        # the rows of an extension's members; whether its own text changed settings.
        self._failures: list[tuple[str, str]] = []
        self._members: set[int] = set()
        self._settings_changed = False
        self._following: Sequence[Statement] = ()
        self.position = 0
        self.schemas: Sequence[str] = ("public",)
        self.last_version_id: int | None = None

    # Situation: what evidence may ask ----------------------------------------------------------

    @property
    def sandboxed(self) -> bool:
        return self._shadow.sandboxed

    def query(self, text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]:
        return self._shadow.query(text, parameters)

    def relation(self, name: Name) -> DatabaseObject | None:
        return self._state.relation(name)

    def columns(self, name: Name) -> list[dict[str, Any]]:
        found = self._state.relation(name)
        if found is None:
            return []
        if found.key not in self._columns:
            self._columns[found.key] = self._shadow.columns(found.objid)
        return self._columns[found.key]

    # The walk ----------------------------------------------------------------------------------

    def run(self, rows: Sequence[HistoryRow], from_position: int = 0) -> Iterator[Event]:
        """Events of `rows`, execution by execution; those before `from_position` are not handed out."""
        for _, group in groupby(rows, key=lambda r: r.execution):
            execution = list(group)
            for event in self._chained(self._opened(self._execution(execution), execution)):
                if execution[0].position >= from_position:
                    yield event
            self.last_version_id = execution[-1].version_id

    def _opened(self, events: Iterable[Event], rows: Sequence[HistoryRow]) -> Iterator[Event]:
        """What the database began with comes with the first row that is not left out."""
        for event in events:
            if self._opening and event.origin != "excluded":
                opening, self._opening = self._opening, []
                anchor = next(r for r in rows if r.version_id == event.anchor_version_id)
                yield from self._inferred_events([(d, []) for d in opening], anchor)
            yield event

    def _chained(self, events: Iterable[Event]) -> Iterator[Event]:
        """Each event's old definition is what the events before it left at its path."""
        for event in self._without_survivors(events):
            if event.object_identity is None:
                yield event
                continue
            old = self._tree.get(event.object_identity)
            if event.origin == "inferred" and old == event.new_definition:
                continue
            if event.new_definition is None:
                self._tree.pop(event.object_identity, None)
            else:
                self._tree[event.object_identity] = event.new_definition
            if event.origin == "inferred":
                change = "CREATE" if old is None else "DROP" if event.new_definition is None else "ALTER"
                event = replace(event, change_type=change)
            yield replace(event, old_definition=old)

    def _without_survivors(self, events: Iterable[Event]) -> Iterator[Event]:
        """A recorded drop leaves nothing: what is there all the same was made anew, by whatever it was."""
        for event in events:
            if event.origin != "v1" or event.change_type != "DROP" or event.new_definition is None:
                yield event
                continue
            yield replace(event, new_definition=None)
            note = {
                "rule": "made_anew",
                "statement": "",
                "evidence": f"row {event.v1_version_id} drops it, and it is there behind the statement",
            }
            yield replace(
                event, origin="inferred", v1_version_id=None, change_type="CREATE", change_severity=None,
                fidelity="repaired", repairs=[note], findings=[],
            )  # fmt: skip

    def _execution(self, rows: list[HistoryRow]) -> Iterator[Event]:
        pending = deque(r for r in rows if r.exclusion_reason is None)
        for row in rows:
            if row.exclusion_reason is not None:
                yield self._excluded(row, row.exclusion_reason)
        if not pending:
            return
        text = next((r.change_sql for r in rows if r.change_sql and r.change_sql.strip()), "")
        if "\x00" in text:
            text = ""
        statements = committed(split(text))
        waiting, self._carried = [*self._carried, *self._due(pending[0])], []
        self._failures.clear()
        self._members.clear()
        last: HistoryRow = pending[-1]
        self._settings_changed = False
        for i, statement in enumerate(statements, 1):
            self._following = statements[i:]
            if statement.action == "unreadable":
                self._failures.append(("unreadable_text", statement.tag))
                continue
            if statement.action in ("ignored", "refused"):
                yield from self._not_run(statement, pending)
                continue
            if statement.action == "code" and not self._makes_ddl(statement):
                continue
            self._set_schemas(pending[0] if pending else last, statement)
            self.position = (pending[0] if pending else last).position
            self._version = (pending[0] if pending else last).version_id
            if statement.action == "setting":
                self._settings_changed = self._setting(statement) or self._settings_changed
                continue
            yield from self._statement(statement, pending, waiting)
            if statement.action == "code":
                self._shadow.set_limits()
        if self._settings_changed:
            self._shadow.reset_settings()
        if re.search("temp", text, re.IGNORECASE):
            self._shadow.end_session()
        for row in pending:
            yield from self._unexplained(row, text, statements)
        waiting += self._take_foreseen(last)
        waiting += self._from_live_catalog()
        told = [r for r in rows if r.exclusion_reason is None and r.version_id not in self._members]
        if told:
            yield from self._inferred_events(waiting, told[-1])
        else:
            # A row that is left out has no commit.
            self._carried = waiting

    def _take_foreseen(self, row: HistoryRow, early: bool = False) -> list[tuple[Difference, list[Repair]]]:
        """Takes the steps without a row that are due before or after this one."""
        result: list[tuple[Difference, list[Repair]]] = []
        self.position, self._version = row.position, row.version_id
        again = True
        while again:
            again = False
            for step in [s for s in self._foreseen if s.position <= row.position and s.early >= early]:
                exists = self._state.relation(step.name) is not None or self._exists(step.name)
                self._foreseen.remove(step)
                same = self._state.objects.get(step.key) if step.key is not None else None
                if step.key is not None and (
                    same is None or (same.object_schema, same.object_name) != step.name
                ):
                    continue
                needed = self._needed_until(step.name) if exists and step.waits else -1
                if needed > row.position:
                    self._foreseen.append(replace(step, position=needed))
                    continue
                error = self._try([step.repair.statement])[1] if exists else None
                if error is not None and step.waits and _only_foreign_keys(error):
                    # They may have gone by CASCADE, of which v1 records nothing; the live catalog has none of them.
                    cascade = step.repair.statement.removesuffix(";") + " CASCADE;"
                    step = replace(step, repair=replace(step.repair, statement=cascade))
                    error = self._try([cascade])[1]
                if error is not None and step.waits and error.sqlstate == "2BP01":
                    later = row.position + 2**step.tries
                    self._foreseen.append(replace(step, position=later, tries=step.tries + 1))
                    continue
                if exists and error is None:
                    again = True
                    result.extend(self._without_row(step.repair))
        return result

    def _from_live_catalog(self) -> list[tuple[Difference, list[Repair]]]:
        """What the live catalog has, no row tells of, and belongs to what just came or changed."""
        result: list[tuple[Difference, list[Repair]]] = []
        fresh, self._fresh = self._fresh, {}
        names = {
            o.object_identity.split(" on ", 1)[1]
            if o.object_type in ("TRIGGER", "POLICY")
            else o.object_identity.split("(", 1)[0]
            for o in fresh.values()
        }
        if names:
            result += self._attachments(names)
        for key in [*fresh, *(self._fresh.keys() - fresh.keys())]:
            result += self._comments(key)
        self._fresh = {}
        return result

    def _attachments(self, fresh: set[str]) -> list[tuple[Difference, list[Repair]]]:
        """Triggers and policies of the live catalog, as soon as what they hang on is there.

        v1 records neither. A trigger comes with its function, a policy with the table's row security:
        so far the evidence goes back.
        """
        result: list[tuple[Difference, list[Repair]]] = []
        for attachment in self._evidence.attachments:
            found, table = attachment.found, attachment.table
            if not fresh & attachment.needs or not attachment.first <= self.position < attachment.until:
                continue
            if self._state.holds(attachment.identity, found.object_type):
                continue
            if not all(self._state.holds(n) or self._state.holds_routine(n) for n in attachment.needs):
                continue
            if found.object_type == "POLICY" and not self._state.secured(table):
                continue
            if self._evidence.is_made_later(attachment, self.position):
                continue
            repair = Repair(
                f"{found.object_type.lower()}_from_live_catalog",
                attachment.statement,
                f"{found.object_identity} is in the live catalog, and what it needs is there from here on",
                inferred=(found.object_schema, found.object_name),
            )
            if self._try([attachment.statement])[1] is None:
                result.extend(self._without_row(repair))
        return result

    def _comments(self, key: Key) -> list[tuple[Difference, list[Repair]]]:
        """An object's comments in the live catalog, as soon as what they are on is there: v1 records none."""
        found = self._state.objects.get(key)
        if found is None:
            return []
        repairs = []
        for comment in self._evidence.comments.get((found.object_type, found.object_identity), ()):
            if f"\n{comment.text}" in found.definition or comment.about not in found.definition:
                continue
            if not comment.first <= self.position < comment.until:
                continue
            if self._evidence.is_commented_later(comment, self.position):
                continue
            if self._try([comment.statement])[1] is None:
                why = f"the live catalog has this comment, and {comment.about} is there from here on"
                repairs.append(Repair("comment_from_live_catalog", comment.statement, why))
        if repairs:
            self._commented.setdefault(key, self._version)
        return [(d, repairs) for d in (self._observe(*(r.statement for r in repairs)) if repairs else ())]

    def _without_row(self, repair: Repair) -> list[tuple[Difference, list[Repair]]]:
        """What a step that no row tells of just changed: none of it is as written in any row."""
        differences = self._observe(repair.statement)
        self._note_inferred([repair])
        return [(d, [replace(repair, inferred=None)]) for d in differences]

    def _needed_until(self, name: Name) -> int:
        """Position of the last row of anything that names the object: until then it was there."""
        naming = [self._state.objects[k] for k in self._state.naming(self._state.keys(name))]
        # A foreign key proves nothing: it may have gone by CASCADE.
        proofs = [o for o in naming if o.object_type != "TABLE" or _DESCENDS.search(o.definition)]
        names = [(o.object_schema, o.object_name) for o in proofs]
        return max((self._evidence.last_row(n) for n in names if n != name), default=-1)

    def _due(self, row: HistoryRow) -> list[tuple[Difference, list[Repair]]]:
        """What evidence says had happened by this row although no row tells of it."""
        result: list[tuple[Difference, list[Repair]]] = []
        self.position, self._version = row.position, row.version_id
        extensions, self._older_extensions = self._older_extensions, []
        for repair in extensions:
            outcome = self._alone(repair)
            if outcome is not None:
                result.extend((d, [*outcome.repairs, repair]) for d in outcome.differences)
        made = []
        while self._older and self._older[0].position <= row.position:
            older = self._older.popleft()
            outcome = self._make_older(older) if self._state.relation(older.name) is None else None
            if outcome is not None:
                made.append((older, outcome))
        result.extend(self._make_older_functions())
        rest = [(step, outcome) for older, outcome in made for step in older.rest]
        for step, outcome in sorted(rest, key=lambda r: " FOREIGN KEY " in r[0].statement):
            # Foreign keys when all the others are there; what does not fit now comes later or never.
            if self._try([step.statement])[1] is None:
                outcome.repairs.append(step)
        for change in self._observe() if rest else ():
            # Of a table, or of what belongs to it: its index, its sequence.
            about = [o for older, o in made if change.path == qualified_identity(*older.name)] or [
                o for older, o in made if qualified_identity(*older.name) in change.object.definition
            ]
            _combine((about or [made[-1][1]])[0].differences, [change])
        for _, outcome in made:
            self._note_inferred(outcome.repairs)
            result.extend((d, _steps_of(d, outcome.repairs)) for d in outcome.differences)
        for found in self._older_views:
            repair = Repair(
                "older_view", found.definition, f"{found.object_identity} is in the live catalog and never left a row",
                inferred=(found.object_schema, found.object_name),
            )  # fmt: skip
            known = self._state.relation((found.object_schema, found.object_name))
            if known is None and self._try([found.definition])[1] is None:
                result.extend(self._without_row(repair))
        self._older_views = []
        result.extend(self._take_foreseen(row, early=True))
        return result

    def _make_older(self, older: OlderTable) -> _Outcome | None:
        """Makes a table that was there before, with the columns that its first row found."""
        outcome = self._alone(older.make)
        if outcome is None:
            return None
        repairs = list(outcome.repairs)
        if older.columns:
            for step in towards(older.name, older.columns, self.columns(older.name), older.make.evidence):
                # A column too many is one that its first statement takes away.
                if step.rule != "dropped_column" and self._try([step.statement])[1] is None:
                    repairs.append(step)
            _combine(outcome.differences, self._observe(*(r.statement for r in repairs)))
        return replace(outcome, repairs=[*repairs, older.make])

    def _make_older_functions(self) -> list[tuple[Difference, list[Repair]]]:
        """Makes the functions that were there before the first row, in whatever order they need each other."""
        result: list[tuple[Difference, list[Repair]]] = []
        waiting, self._older_functions = self._older_functions, []
        again = True
        while again:
            again = False
            for found in list(waiting):
                name = (found.object_schema, found.object_name)
                repair = Repair(
                    "older_function", found.definition,
                    f"{found.object_identity} is in the live catalog, and no recorded text makes one of that name",
                    inferred=name,
                )  # fmt: skip
                if self._exists(name):
                    waiting.remove(found)
                    continue
                outcome = self._with_its_types(repair)
                if outcome is not None:
                    again = True
                    waiting.remove(found)
                    steps = [*outcome.repairs, repair]
                    self._note_inferred(steps)
                    result.extend((d, _steps_of(d, steps)) for d in outcome.differences)
        return result

    def _with_its_types(self, repair: Repair) -> _Outcome | None:
        """Takes a step; types that it needs come first, if the live catalog has them."""
        error = self._try([repair.statement])[1]
        if error is None:
            return _Outcome(True, [], self._observe(repair.statement))
        proposals = self._repairs.for_error(error, Statement(repair.statement, "ddl"), self)
        if proposals and proposals[0].rule == "type_from_live_catalog":
            return self._alone(repair)
        return None

    def _expect_renames(self, row: HistoryRow, name: Name, difference: Difference | None) -> None:
        """Notes types that, by the next record of this table, have taken another one's name."""
        old = difference.old if difference else None
        types = column_types(old.definition) if old else []
        # PostgreSQL's own types have no schema in a definition.
        before = {c: parse_name(t)[1] for c, t in types if parse_name(t)[0]}
        for column, fact in (row.columns or {}).items():
            type_name = (name[0], str(fact.get("type")))
            found = self._state.relation(type_name)
            if found is None or found.object_type != "TYPE":
                continue
            later = self._evidence.later_type(name, column, row.position, before.get(column))
            if later is None or later[0] == type_name[1] or any(f.name == type_name for f in self._foreseen):
                continue
            if self._shadow.query(_BUILT_IN, {"name": later[0].split("(", 1)[0]}):
                # Another type of the column, by a text that spells it in another way.
                continue
            step = rename_type(type_name, later[0], later[1])
            early = before.get(column) == type_name[1] and self._state.relation((name[0], later[0])) is None
            if early:
                # The row did not set it, so nothing says that the new name was meant by then.
                place = self._evidence.first_sign_of_type(later[0], row.position)
            else:
                place = self._evidence.last_mention(type_name[1], row.position)
            self._foreseen.append(Foreseen(place, type_name, step, early=early, key=found.key))

    def _setting(self, statement: Statement) -> bool:
        try:
            self.schemas = tuple(self._shadow.set(statement.text)) or ("public",)
        except psycopg.Error:
            return False
        return True

    def _set_schemas(self, row: HistoryRow, statement: Statement) -> None:
        """Reads unqualified names in the schema that the row's object turned out to be in (FORMATS 1.13)."""
        if self._settings_changed:
            return
        schema = row.object_schema or "public"
        named = any(target[0] for target in statement.targets) or bool(statement.on and statement.on[0])
        # Where the text says the schema itself, it tells nothing of the search_path.
        order = ("public", schema) if named or row.says_schema else (schema, "public")
        self.schemas = tuple(dict.fromkeys(order))
        self._shadow.search_path(*self.schemas)

    def _makes_ddl(self, statement: Statement) -> bool:
        """A DO block may; a query or a call only through a routine of the team's own."""
        if statement.tag == "DO":
            return True
        return any(
            statement.calls(o.object_name.split("(", 1)[0])
            for o in self._state.objects.values()
            if o.object_type in ("FUNCTION", "PROCEDURE")
        )

    def _refused_call(self, statement: Statement) -> str | None:
        """The routine through which the statement would reach outside the database, if any."""
        for found in self._state.objects.values():
            if (
                found.object_type in ("FUNCTION", "PROCEDURE")
                and leaves_the_database(found.definition)
                and statement.mentions(found.object_name.split("(", 1)[0])
            ):
                return found.object_identity
        return None

    # One statement -----------------------------------------------------------------------------

    def _statement(
        self,
        statement: Statement,
        pending: deque[HistoryRow],
        waiting: list[tuple[Difference, list[Repair]]],
    ) -> Iterator[Event]:
        runs_code = statement.action == "code" or statement.runs_query
        if runs_code and (routine := self._refused_call(statement)):
            yield from self._not_run(replace(statement, action="refused"), pending, routine)
            return
        if pending:
            waiting.extend(self._own_schema(statement, pending[0]))
            waiting.extend(self._replaced_overloads(statement, pending[0]))
        outcome = self._attempt(statement, pending[0] if pending else None)
        if not outcome.ran:
            yield from self._failed(statement, pending, outcome, waiting)
            return
        self._name_as_recorded(statement, pending, outcome)
        matched = self._match(statement, pending, outcome.differences)
        fixes = self._towards_recorded(matched, outcome)
        if statement.tag == "CREATE EXTENSION":
            yield from self._extension_members(pending)
        others = [d for d in outcome.differences if not d.taken]
        repairs = outcome.repairs + fixes
        if not matched:
            waiting.extend((d, repairs) for d in others)
            self._note_inferred(repairs)
            return
        belongs = self._belonging(others, matched)
        self._note_inferred(repairs)
        if any(r.rule == "session_setting" for r in repairs):
            keys = (d.new.key for _, d in matched if d is not None and d.new is not None)
            self._inferred.update(dict.fromkeys(keys, self._version))
        for i, (row, difference) in enumerate(matched):
            dropped = difference.path if difference is not None and difference.new is None else None
            early = [(d, repairs) for d in belongs.get(i, ()) if d.path != dropped]
            if i == 0:
                early = waiting + early
                waiting.clear()
            row_repairs = (
                repairs if i == 0 else [r for r in repairs if r.inferred == (row.object_schema, row.name)]
            )
            if statement.action == "code":
                row_repairs = [*row_repairs, *self._part_of_more(i, matched, pending)]
            dropped_first = (
                difference is not None
                and difference.old is not None
                and difference.new is not None
                and row.change_type == "CREATE"
                and any(r.rule == "implied_drop" for r in repairs)
            )
            if dropped_first:
                assert difference is not None
                gone = Difference(difference.path, difference.old, None)
                difference = Difference(difference.path, None, difference.new, taken=True)
                early.append((gone, repairs))
            yield from self._inferred_events(early, row)
            yield self._row_event(row, difference, row_repairs)
            made_anew = [(d, repairs) for d in belongs.get(i, ()) if d.path == dropped]
            yield from self._inferred_events(made_anew, row)
            self._foresee(row, difference)
        for other in others:
            self._foresee(matched[0][0], other)

    def _name_as_recorded(
        self, statement: Statement, pending: Sequence[HistoryRow], outcome: _Outcome
    ) -> None:
        """Gives an index the name that PostgreSQL gave it, with a number where something unknown has the plain one.

        The index of a key without a name of its own is called after its table, t_pkey; else t_pkey1.
        """
        rows = {r.name: r for r in pending if r.object_type == "INDEX" and r.change_type == "CREATE"}
        made = [
            d.new for d in outcome.differences if d.old is None and d.new and d.new.object_type == "INDEX"
        ]
        known = {o.object_name for o in made} | set(statement.words)
        for found in made:
            if found.object_name in rows or found.object_name in statement.words:
                continue
            names = [n for n in rows if n not in known and _unnumbered(n) == _unnumbered(found.object_name)]
            if len(names) != 1 or rows[names[0]].object_schema != found.object_schema:
                continue
            repair = Repair(
                "name_as_recorded",
                f"ALTER INDEX {qualified((found.object_schema, found.object_name))} RENAME TO {quote(names[0])};",
                f"row {rows[names[0]].version_id} recorded it under this name: the other was taken",
            )
            if self._try([repair.statement])[1] is None:
                outcome.repairs.append(repair)
                _combine(outcome.differences, self._observe(repair.statement))

    def _part_of_more(
        self,
        i: int,
        matched: Sequence[tuple[HistoryRow, Difference | None]],
        pending: Sequence[HistoryRow],
    ) -> Iterator[Repair]:
        """Why a row of code does not tell what there was by then: later rows are of the same code, or may be."""
        row, difference = matched[i]
        rows = [
            m for m, d in matched if difference is not None and d is not None and d.path == difference.path
        ]
        if len(rows) < 2:
            return
        if row is not rows[-1]:
            why = f"row {rows[-1].version_id} is of the same code"
        elif any(_about(r)[:3] == _about(row)[:3] for r in pending):
            return
        elif any(s.action == "code" and s.mentions(row.name) for s in self._following):
            why = f"more code follows that names {row.name}"
        else:
            return
        yield Repair("rows_of_code", "", f"{why}: what had happened by this row is not told")

    def _own_schema(self, statement: Statement, row: HistoryRow) -> list[tuple[Difference, list[Repair]]]:
        """Makes the schema that a row's object came to be in, where the statement leaves it to the search_path.

        v1 records no schema, and PostgreSQL passes by one that is not there: the object would come to be in the next.
        """
        schema = row.object_schema
        target = statement.on or next(iter(statement.targets), None)
        if (
            schema is None
            or self.schemas[0] != schema
            or statement.verb != "CREATE"
            or target is None
            or target[0] is not None
            or row.name not in (statement.targets[0][1] if statement.targets else None, target[1])
            or self._state.holds(quote_if_needed(schema), "SCHEMA")
        ):
            return []
        repair = Repair(
            "missing_schema",
            f"CREATE SCHEMA {quote(schema)};",
            f"row {row.version_id} recorded {row.name} in it",
        )
        return self._without_row(repair) if self._try([repair.statement])[1] is None else []

    def _unused_types(self, row: HistoryRow, difference: Difference) -> list[Foreseen]:
        """The end of types that a table used before, and no column does any more.

        A default may still name the type: where the next record of its table has a default less, CASCADE took it.
        """
        before, after = (
            {parse_name(t.removesuffix("[]")) for _, t in column_types(side.definition)} if side else set()
            for side in (difference.old, difference.new)
        )
        steps = []
        for name in sorted(n for n in before - after if n[0]):
            found = self._state.relation(name)
            if found is None or found.object_type != "TYPE":
                continue
            step = self._evidence.foresee_type_end(found, row.position)
            if step is None or any(f.key == found.key for f in self._foreseen):
                continue
            users = self._shadow.query(_USERS_OF_TYPE, {"type": found.objid})
            if not all(self._loses_default((schema, table), column, row) for schema, table, column in users):
                continue
            if users:
                drop = f"DROP TYPE {qualified(name)} CASCADE;"
                step = replace(step, repair=replace(step.repair, statement=drop, inferred=users[0][:2]))
            steps.append(step)
        return steps

    def _loses_default(self, table: Name, column: str | None, row: HistoryRow) -> bool:
        later = self._evidence.later_columns(table, row.position + 1)
        return (
            later is not None and (later.columns or {}).get(str(column), {"default": ""})["default"] is None
        )

    def _replaced_overloads(
        self, statement: Statement, row: HistoryRow
    ) -> list[tuple[Difference, list[Repair]]]:
        """Drops the routines that went just before a plain CREATE of their name: so a signature changes.

        The drop leaves no row (FORMATS 1.4). A second routine beside the first is as a rule made by OR REPLACE, and
        the first one shows later: by a row of its oid, in the live catalog, by what depends on it, or in a text that
        drops one of the name.
        """
        if (
            statement.tag not in ("CREATE FUNCTION", "CREATE PROCEDURE")
            or statement.or_replace
            or row.change_type != "CREATE"
            or self._evidence.drops_routine(statement.targets[0][1], row.position)
        ):
            return []
        schema, bare = statement.targets[0]
        result = []
        for old in self._state.routines(bare):
            name = (old.object_schema, old.object_name)
            oids = [oid for oid, known in self._routines.items() if known == name]
            if (
                old.object_schema != (schema or self.schemas[0])
                or (old.object_type, old.object_identity) in self._evidence.live_by_identity
                or any(self._evidence.last_row((row.object_schema, oid)) >= row.position for oid in oids)
            ):
                continue
            repair = Repair(
                "replaced_overload",
                f"DROP {old.object_type} {old.object_identity};",
                f"row {row.version_id} creates another {bare} and does not say OR REPLACE; "
                "the live catalog does not have this one, and no later row is of its oid",
            )
            if self._try([repair.statement])[1] is None:
                result.extend(self._without_row(repair))
        return result

    def _foresee(self, row: HistoryRow, difference: Difference | None) -> None:
        """Looks ahead for what will happen to the object without a row."""
        if difference is not None and difference.object.object_type == "TABLE":
            self._foreseen += self._unused_types(row, difference)
        if difference is None or difference.new is None:
            return
        found = difference.new
        if difference.old is None:
            rename = None
            if found.object_type == "INDEX":
                rename = self._evidence.renamed_index(found, row.position)
            step = rename or self._evidence.foresee_end(found, row.position)
            if step is not None:
                self._foreseen.append(replace(step, key=found.key))
        if found.object_type == "TABLE":
            name = (found.object_schema, found.object_name)
            steps = self._evidence.foresee_columns(name, self.columns(name), row.position)
            steps += self._evidence.foresee_sequences(name, self.columns(name), row.position)
            steps += self._evidence.foresee_constraints(found, row.position)
            self._foreseen = [f for f in self._foreseen if f.name != name or f.waits] + steps

    def _attempt(self, statement: Statement, row: HistoryRow | None) -> _Outcome:
        """Runs a statement with as many repairs as it takes; all of it, or nothing."""
        repairs: list[Repair] = []
        done: list[Repair] = []
        tried: set[str] = set()
        text = statement.text
        if row is not None and statement.verb == "CREATE" and statement.if_exists and statement.targets:
            # v1 recorded a CREATE, so IF NOT EXISTS found nothing.
            for schema, bare in statement.targets:
                found = self._state.relation((schema or self.schemas[0], bare))
                if found is not None and row.change_type == "CREATE" and row.name == bare:
                    kind = found.object_type.replace("_", " ")
                    repairs.append(
                        Repair(
                            "implied_drop",
                            f"DROP {kind} {qualified((found.object_schema, found.object_name))} CASCADE;",
                            "the recorded CREATE … IF NOT EXISTS ran, so there was none",
                        )
                    )
        if row is not None and not self._settings_changed:
            repairs += self._evidence.settings_of_session(statement, self.schemas[0])
        error: psycopg.Error | None = None
        differences: list[Difference] = []
        for _ in range(_MOST_ATTEMPTS):
            script = [r.statement for r in repairs if not r.rewrite]
            main = next((r.statement for r in reversed(repairs) if r.rewrite), text)
            if script:
                main = main if main != text else statement.without_concurrently()
            index, error = self._try([*script, main])
            if error is None:
                _combine(differences, self._observe(*script, statement if main == text else main))
                return _Outcome(True, done + repairs, differences)
            if error.sqlstate == "40P01" or isinstance(error, psycopg.errors.QueryCanceled):
                break
            failing = statement if index == len(script) else (split(script[index]) or (statement,))[0]
            if self._look_elsewhere(error):
                continue
            proposals = [p for p in self._repairs.for_error(error, failing, self) if p.statement not in tried]
            if not proposals:
                if index < len(script):
                    # The step itself cannot be taken: without it, the next best may.
                    del repairs[[i for i, r in enumerate(repairs) if not r.rewrite][index]]
                    continue
                break
            proposal = proposals[0]
            tried.add(proposal.statement)
            if proposal.alone:
                alone = self._alone(proposal)
                if alone is not None:
                    done += [*alone.repairs, proposal]
                    _combine(differences, alone.differences)
                    fitting = [s for s in proposal.then if self._try([s])[1] is None]
                    done += [replace(proposal, statement=s) for s in fitting]
                    if fitting:
                        _combine(differences, self._observe(*fitting))
            elif proposal.rewrite and index < len(script):
                # It is an inferred step that needs other words, not the recorded statement.
                place = [i for i, r in enumerate(repairs) if not r.rewrite][index]
                repairs[place] = replace(repairs[place], statement=proposal.statement)
            else:
                places = [i for i, r in enumerate(repairs) if not r.rewrite]
                repairs.insert(places[index] if index < len(places) else len(repairs), proposal)
        return _Outcome(False, done, differences, error)

    def _look_elsewhere(self, error: psycopg.Error) -> bool:
        """Adds a schema to the search_path, where a name that is nowhere else was not found (FORMATS 1.13)."""
        match = _NOT_FOUND.match(error.diag.message_primary or "")
        if match is None or error.sqlstate not in ("42P01", "42704"):
            return False
        schema, bare = parse_name(match[1])
        if schema is not None or any(self._evidence.has_rows((s, bare)) for s in self.schemas):
            return False
        elsewhere = self._state.schemas_of(bare) - set(self.schemas)
        if len(elsewhere) != 1:
            return False
        self.schemas = (*self.schemas, *elsewhere)
        self._shadow.search_path(*self.schemas)
        return True

    def _alone(self, repair: Repair) -> _Outcome | None:
        """Takes a step by itself; what that came to, or None where it cannot be taken.

        A step may need others first: a table its types, a view its tables.
        """
        if self._depth > _DEEPEST:
            return None
        self._depth += 1
        try:
            first = (split(repair.statement) or (Statement(repair.statement, "ddl"),))[0]
            outcome = self._attempt(replace(first, text=repair.statement), None)
        finally:
            self._depth -= 1
        return outcome if outcome.ran else None

    def _try(self, script: list[str]) -> tuple[int, psycopg.Error | None]:
        """Runs a script in one transaction; the index of the statement that failed, and its error."""
        for i, statement in enumerate(script):
            # Evidence is as untrusted as the history: a recorded default may hold a statement of its own.
            if reaches_outside(statement) and any(
                s.action in ("refused", "unreadable") for s in split(statement)
            ):
                return i, psycopg.errors.InsufficientPrivilege("it would reach outside the shadow database")
        try:
            self._shadow.run(*script)
        except psycopg.Error as error:
            return self._shadow.failed_at, error
        return len(script), None

    def _observe(self, *done: str | Statement) -> list[Difference]:
        """Reads again what these statements changed; what differs, by path.

        What is only deleted (a foreign key, a comment) leaves no row of its time in the catalog: where
        something is gone, what the statements name is read in any case, and all there is where they do not say.
        """
        reader = self._shadow.reader
        writes = self._shadow.writes()
        touched, self._horizon = reader.touched(self._horizon, writes)
        statements = [s for step in done for s in (split(step) if isinstance(step, str) else (step,))]
        may_rename = any(s.may_rename for s in statements)
        if may_rename and "SCHEMA" in touched.values():
            # The name of everything in a schema changes with its own.
            touched |= self._state.kinds()
        elif may_rename and touched:
            touched |= reader.dependents(touched)
        gone = reader.vanished(self._state.objects, writes)
        if writes.leave_no_trace:
            for statement in statements:
                touched |= self._state.about(statement)
            if any("cascade" in s.words for s in statements):
                # CASCADE takes foreign keys and parents from others along.
                touched |= self._state.naming([*gone, *touched])
        for key in touched:
            self._columns.pop(key, None)
        differences = self._state.update(
            reader.some({k: v for k, v in touched.items() if k not in gone}), gone
        )
        self._fresh.update((d.object.key, d.object) for d in differences)
        return differences

    # Rows and what they did --------------------------------------------------------------------

    def _match(
        self, statement: Statement, pending: deque[HistoryRow], differences: list[Difference]
    ) -> list[tuple[HistoryRow, Difference | None]]:
        """Takes from the front of `pending` the rows that this statement explains."""
        matched: list[tuple[HistoryRow, Difference | None]] = []
        while pending:
            row = pending[0]
            if not statement.leaves_rows and row.change_type in ("CREATE", "ALTER", "DROP"):
                break
            difference = self._difference_of(row, statement, differences, matched, pending)
            if (
                difference is None
                and not self._names_target(row, statement, matched)
                and not self._is_second_row_of_view(statement, matched, pending)
            ):
                break
            if difference is not None:
                difference.taken = True
            matched.append((row, difference))
            pending.popleft()
        return _separate_foreign_keys(matched)

    def _difference_of(
        self,
        row: HistoryRow,
        statement: Statement,
        differences: list[Difference],
        matched: list[tuple[HistoryRow, Difference | None]],
        pending: Sequence[HistoryRow],
    ) -> Difference | None:
        for difference in differences:
            found = difference.object
            if not _same_type(row.object_type, found.object_type):
                continue
            if row.object_schema is not None and row.object_schema != found.object_schema:
                continue
            if row.object_type in ("FUNCTION", "PROCEDURE"):
                if difference.taken or difference.new is None:
                    continue
                known = self._routines.get(row.object_name)
                name = (found.object_schema, found.object_name)
                if row.object_name.isdigit():
                    if known is not None and known != name and self._exists(known):
                        continue
                    self._routines[row.object_name] = name
                elif found.object_name.split("(", 1)[0] != row.name.split("(", 1)[0]:
                    continue
            elif row.name != found.object_name:
                continue
            if (row.change_type == "DROP") != (difference.new is None):
                if row.change_type != "DROP" or not difference.replaced or difference.taken:
                    continue
                # The statement made another of that name, as where a constraint is dropped and added again.
                differences.append(Difference(difference.path, None, difference.new))
                difference.new = None
            if difference.taken:
                # One statement leaves a second row only for the foreign keys of a table it created.
                before = [m for m, d in matched if d is difference]
                if not (
                    (
                        statement.action == "code"
                        and self._more_than_follow(row, pending)
                        and not self._was_done_before(row, matched, pending)
                    )
                    or (len(before) == 1 and before[0].change_type == "CREATE" and row.change_type == "ALTER"
                        and " FOREIGN KEY " in (found.definition if difference.new else ""))
                ):  # fmt: skip
                    continue
            return difference
        return None

    def _exists(self, name: Name) -> bool:
        return any(
            (o.object_schema, o.object_name) == name for o in self._state.routines(name[1].split("(", 1)[0])
        )

    def _names_target(
        self,
        row: HistoryRow,
        statement: Statement,
        matched: list[tuple[HistoryRow, Difference | None]],
    ) -> bool:
        """Whether the statement is about the row's object, although nothing about it changed."""
        kind = statement.object_type
        same = _same_type(row.object_type, kind) or (kind == "AGGREGATE" and row.object_type == "FUNCTION")
        if not same or statement.verb != row.change_type:
            return False
        if any(m.object_name == row.object_name and m.change_type == row.change_type for m, _ in matched):
            return False
        if row.object_type in ("FUNCTION", "PROCEDURE") and row.object_name.isdigit():
            if matched:
                # One statement makes one routine, and leaves one row.
                return False
            known = self._routines.get(row.object_name)
            candidates = [
                o
                for _, bare in statement.targets
                for o in self._state.routines(bare)
                if row.object_schema in (None, o.object_schema)
            ]
            if known is None and len(candidates) == 1:
                self._routines[row.object_name] = (candidates[0].object_schema, candidates[0].object_name)
                return True
            return known is not None and any((o.object_schema, o.object_name) == known for o in candidates)
        names = [bare for _, bare in statement.targets]
        words = statement.words
        if statement.verb == "ALTER" and "to" in words:
            names += [words[i + 1] for i, w in enumerate(words[:-1]) if w == "to"]
        return row.name in names or row.name.split("(", 1)[0] in names

    def _is_second_row_of_view(
        self,
        statement: Statement,
        matched: list[tuple[HistoryRow, Difference | None]],
        pending: deque[HistoryRow],
    ) -> bool:
        """A view replaced by one of more columns leaves two rows: PostgreSQL adds the columns first.

        Of how many it had, nothing is left by now; but there are more rows than statements that make it.
        """
        if statement.tag != "CREATE VIEW" or not statement.or_replace or len(matched) != 1:
            return False
        return _about(pending[0]) == _about(matched[0][0]) and self._more_than_follow(pending[0], pending)

    def _more_than_follow(self, row: HistoryRow, pending: Sequence[HistoryRow]) -> bool:
        """Whether more rows are like this one than the text's following statements leave for certain."""
        statements = sum(
            s.verb == row.change_type
            and s.leaves_rows
            and not (s.if_exists and s.verb != "ALTER")
            and _same_type(row.object_type, s.object_type)
            and any(bare == row.name for _, bare in s.targets)
            for s in self._following
        )
        return sum(_about(r) == _about(row) for r in pending) > statements

    def _was_done_before(
        self,
        row: HistoryRow,
        matched: Sequence[tuple[HistoryRow, Difference | None]],
        pending: Sequence[HistoryRow],
    ) -> bool:
        """Whether a table's records say that the code had done its work by the row before: this one is another's."""
        name = self._table_name(row)
        if row.object_type != "TABLE" or name is None:
            return False
        current = self.columns(name)

        def agrees(other: HistoryRow) -> bool:
            return bool(other.columns) and not disagreements(other.columns or {}, current)

        before = [m for m, _ in matched if _about(m)[:3] == _about(row)[:3]]
        return agrees(before[-1]) and not any(agrees(r) for r in pending if _about(r) == _about(row))

    def _towards_recorded(
        self, matched: list[tuple[HistoryRow, Difference | None]], outcome: _Outcome
    ) -> list[Repair]:
        """After the statement: brings tables to the columns that their last row recorded."""
        fixes: list[Repair] = []
        final = {row.name: (row, d) for row, d in matched if row.object_type == "TABLE" and row.columns}
        for row, difference in final.values():
            name = self._table_name(row)
            if name is None or row.columns is None:
                continue
            current = self.columns(name)
            if row.change_type == "ALTER":
                self._expect_renames(row, name, difference)
            if not disagreements(row.columns, current):
                continue
            for column in current:
                # A type that took another's name, rather than a column that changed its type.
                recorded = str(row.columns.get(str(column["name"]), {}).get("type", column["type"]))
                if recorded != column["type"] and self._state.relation((name[0], str(column["type"]))):
                    rename = rename_type((name[0], str(column["type"])), recorded, f"row {row.version_id}")
                    if self._try([rename.statement])[1] is None:
                        fixes.append(rename)
                        _merge(outcome.differences, self._observe(rename.statement), matched)
                        current = self.columns(name)
            steps = towards(name, row.columns, current, f"row {row.version_id} recorded the columns")
            taken: list[Repair] = []
            for step in steps:
                # Each by itself: a default that cannot be set must not undo a column's new name.
                if self._try([step.statement])[1] is None:
                    taken.append(step)
            if taken:
                later = self._observe(*(r.statement for r in taken))
                _merge(outcome.differences, later, matched)
                fixes.extend(taken)
        return fixes

    def _table_name(self, row: HistoryRow) -> Name | None:
        if row.object_schema is not None:
            return (row.object_schema, row.name)
        for schema in self.schemas:
            if self._state.relation((schema, row.name)) is not None:
                return (schema, row.name)
        return None

    def _belonging(
        self, others: list[Difference], matched: list[tuple[HistoryRow, Difference | None]]
    ) -> dict[int, list[Difference]]:
        """By the index of the matched row: what no row explains, with the row whose object it names.

        A sequence made for the second table of a statement comes with that table: an earlier commit
        could not be rebuilt with it.
        """
        result: dict[int, list[Difference]] = {}
        first: dict[str, int] = {}
        for i, (_, difference) in enumerate(matched):
            if difference is not None:
                first.setdefault(difference.path, i)
        for other in others:
            text = other.object.definition
            named = [
                i
                for path, i in first.items()
                if path in text and re.search(rf'(?<![\w"]){re.escape(path)}(?![\w"])', text)
            ] or [0]
            result.setdefault(min(named) if other.new is None else max(named), []).append(other)
        return result

    def _extension_members(self, pending: deque[HistoryRow]) -> Iterator[Event]:
        """v1 recorded each member function of a created extension; the extension stands for them."""
        while pending and pending[0].object_type in ("FUNCTION", "PROCEDURE"):
            row = pending.popleft()
            self._members.add(row.version_id)
            yield self._excluded(row, "member of a created extension")

    # Events ------------------------------------------------------------------------------------

    def _row_event(self, row: HistoryRow, difference: Difference | None, repairs: list[Repair]) -> Event:
        notes: list[dict[str, str]] = []
        confirmed = False
        if difference is None:
            found = self._current(row)
            old = new = found
        else:
            found, old, new = difference.object, difference.old, difference.new
        if found is None:
            return self._without_object(
                row, "unknown", row.change_sql, "the statement ran, and left no such object"
            )
        path = difference.path if difference else self._path(found)
        steps = [_repair_note(r) for r in repairs]
        fidelity = "repaired" if steps else "exact"
        if fidelity == "exact" and new is not None:
            rests_on = self._rests_on(new)
            if rests_on is not None:
                fidelity = "repaired"
                steps = [{"rule": "rests_on_inferred", "statement": "", "evidence": rests_on}]
        if not row.facts_readable:
            fidelity = "unknown"
            notes.append(
                {"code": "unreadable_facts", "message": "the recorded columns are not what v1 records"}
            )
        if row.object_type == "TABLE" and row.columns and row.change_type != "DROP":
            wrong = disagreements(row.columns, self.columns((found.object_schema, found.object_name)))
            confirmed = not wrong
            if wrong:
                fidelity = "unknown"
                notes.append({"code": "contradicts_recorded_columns", "message": "; ".join(wrong)})
        return Event(
            "v1", row.version_id, row.version_id, self._branch, found.object_schema, found.object_name,
            found.object_type if _same_type(row.object_type, found.object_type) else row.object_type,
            path, row.change_type, row.change_severity,
            old.definition if old else None, new.definition if new else None,
            row.author, row.created_at, row.message, fidelity, None, steps, notes, confirmed,
        )  # fmt: skip

    def _path(self, found: DatabaseObject) -> str:
        return next(p for p, o in self._state._paths([found.object_identity]).items() if o.key == found.key)

    def _current(self, row: HistoryRow) -> DatabaseObject | None:
        if row.object_type in ("FUNCTION", "PROCEDURE"):
            known = self._routines.get(row.object_name)
            if known is None:
                return None
            return next(
                (
                    o
                    for o in self._state.routines(known[1].split("(", 1)[0])
                    if (o.object_schema, o.object_name) == known
                ),
                None,
            )
        name = self._table_name(row)
        return self._state.relation(name) if name else None

    def _rests_on(self, found: DatabaseObject) -> str | None:
        """Why the object's definition is no plain record: it, or what it reads from, was inferred."""
        if found.key in self._inferred:
            return f"{found.object_identity} was inferred at row {self._inferred[found.key]}"
        if found.key in self._commented:
            return f"a comment on {found.object_identity} was inferred at row {self._commented[found.key]}"
        if found.object_type not in ("TABLE", "VIEW", "MATERIALIZED_VIEW", "INDEX"):
            return None
        for key, version in self._inferred.items():
            other = self._state.objects.get(key)
            if other is None:
                continue
            named = other.object_identity
            if found.object_type == "TABLE":
                if other.object_type != "INDEX":
                    continue
                # the constraint that it belongs to is called as the index is
                named = f" ADD CONSTRAINT {quote_if_needed(other.object_name)} "
            if named in found.definition:
                return f"{other.object_identity} was inferred at row {version}"
        return None

    def _note_inferred(self, repairs: list[Repair]) -> None:
        for repair in repairs:
            if repair.inferred is not None:
                schema, bare = repair.inferred
                for key in self._state.keys((schema or self.schemas[0], bare)):
                    self._inferred.setdefault(key, self._version)
        for key in [k for k in self._inferred if k not in self._state.objects]:
            del self._inferred[key]

    def _inferred_events(
        self, differences: Iterable[tuple[Difference, list[Repair]]], anchor: HistoryRow
    ) -> Iterator[Event]:
        for difference, repairs in differences:
            found = difference.object
            name = (found.object_schema, found.object_name)
            about = [r for r in repairs if r.inferred == name or r.inferred is None]
            if difference.new is None:
                # Which of the steps took it away, nobody can tell.
                about = about or repairs
            rests_on = self._rests_on(difference.new) if difference.new and not about else None
            notes = [_repair_note(r) for r in about]
            if rests_on is not None:
                notes = [{"rule": "rests_on_inferred", "statement": "", "evidence": rests_on}]
            yield Event(
                "inferred", None, anchor.version_id, self._branch, found.object_schema, found.object_name,
                found.object_type, difference.path, difference.change_type, None,
                difference.old.definition if difference.old else None,
                difference.new.definition if difference.new else None,
                anchor.author, anchor.created_at, anchor.message,
                "repaired" if notes else "exact", None, notes, [],
                seen_until=next((r.seen_until for r in about if difference.new is None), None),
            )  # fmt: skip

    def _excluded(self, row: HistoryRow, reason: str) -> Event:
        return Event(
            "excluded", row.version_id, row.version_id, self._branch, row.object_schema, row.name, row.object_type,
            None, row.change_type, row.change_severity, None, None, row.author, row.created_at, row.message,
            None, reason,
        )  # fmt: skip

    def _not_run(
        self, statement: Statement, pending: deque[HistoryRow], through: str | None = None
    ) -> Iterator[Event]:
        """Rows of a statement that does not run: nothing about them changes (privileges, owners), or
        it was refused."""
        while pending and self._names_target(pending[0], statement, []):
            row = pending.popleft()
            if statement.action == "ignored":
                yield self._row_event(row, None, [])
            else:
                yield self._refused(row, statement, through)
        if statement.action == "refused" and statement.tag in ("DO", "SELECT", "CALL", "WITH", "VALUES"):
            while pending:
                yield self._refused(pending.popleft(), statement, through)

    def _refused(self, row: HistoryRow, statement: Statement, through: str | None) -> Event:
        why = f"through {through}" if through else f"as a {statement.tag} statement"
        return self._without_object(
            row,
            "static",
            statement.text,
            f"it would reach outside the shadow database, {why}",
            "refused_statement",
        )

    def _failed(
        self,
        statement: Statement,
        pending: deque[HistoryRow],
        outcome: _Outcome,
        waiting: list[tuple[Difference, list[Repair]]],
    ) -> Iterator[Event]:
        """Rows of a statement that could not run, whatever was tried."""
        error = outcome.error
        code = "statement_failed"
        why = f"the statement could not run: {_message(error)}"
        if isinstance(error, psycopg.errors.QueryCanceled):
            code = "statement_timeout"
            why = f"the statement did not end within {self._shadow.seconds:g} s"
        self._failures.append((code, why))
        first = True
        matched: list[tuple[HistoryRow, Difference | None]] = []
        while pending and self._names_target(pending[0], statement, matched):
            row = pending.popleft()
            matched.append((row, None))
            if first:
                before = [*waiting, *((d, outcome.repairs) for d in outcome.differences)]
                waiting.clear()
                yield from self._inferred_events(before, row)
                first = False
            if row.object_type == "TABLE" and row.columns and row.change_type != "DROP":
                event = self._from_columns(row, why)
                if event is not None:
                    yield from event
                    continue
            yield self._without_object(row, "static", statement.text, why, code)
        if first:
            waiting.extend((d, outcome.repairs) for d in outcome.differences)

    def _from_columns(self, row: HistoryRow, why: str) -> list[Event] | None:
        """The table of a failed statement, brought to its recorded columns."""
        assert row.columns is not None
        name = self._table_name(row) or (row.object_schema or self.schemas[0], row.name)
        evidence = f"row {row.version_id} recorded the columns; {why}"
        repairs: list[Repair] = []
        differences: list[Difference] = []
        if self._state.relation(name) is None:
            build = Repair("table_from_columns", create_table(name, row.columns), evidence, inferred=name)
            table = Statement(build.statement, "ddl", "CREATE TABLE", (name,))
            outcome = self._attempt(table, None)
            if not outcome.ran:
                return None
            repairs, differences = [*outcome.repairs, build], outcome.differences
        steps = []
        for step in towards(name, row.columns, self.columns(name), evidence):
            if self._try([step.statement])[1] is None:
                steps.append(step)
        _combine(differences, self._observe(*(r.statement for r in steps)))
        repairs += steps
        own = next((d for d in differences if (d.object.object_schema, d.object.object_name) == name), None)
        self._note_inferred(repairs or [Repair("table_from_columns", "", evidence, inferred=name)])
        notes = repairs or [Repair("statement_failed", "", evidence, inferred=name)]
        return [
            *self._inferred_events([(d, repairs) for d in differences if d is not own], row),
            self._row_event(row, own, notes),
        ]

    def _unexplained(self, row: HistoryRow, text: str, statements: Sequence[Statement]) -> Iterator[Event]:
        """A row that no statement of its execution accounts for."""
        if not text.strip():
            why = "the row has no SQL text"
        elif not statements:
            why = "the row's SQL text holds no statement"
        else:
            why = "no statement of the recorded text explains it"
        code = "unexplained_row"
        if self._failures:
            # A block or a call names no object: it may have been the one, and it failed.
            code, why = self._failures[0]
        if row.object_type == "TABLE" and row.columns and row.change_type != "DROP":
            events = self._from_columns(row, why)
            if events is not None:
                yield from events
                return
        current = self._current(row)
        if row.change_type == "DROP" and current is not None:
            kind = current.object_type.replace("_", " ")
            drop = Repair(
                "recorded_drop",
                f"DROP {kind} {qualified((current.object_schema, current.object_name))} CASCADE;",
                f"row {row.version_id} recorded the drop",
            )
            outcome = self._attempt(Statement(drop.statement, "ddl", f"DROP {kind}"), None)
            if outcome.ran:
                own = next(
                    (d for d in outcome.differences if d.old is not None and d.old.key == current.key), None
                )
                yield from self._inferred_events(
                    [(d, [drop]) for d in outcome.differences if d is not own], row
                )
                yield self._row_event(row, own, [drop])
                return
        if current is not None:
            note = Repair("unexplained_row", "", f"{why}; {current.object_identity} stands as it was")
            event = self._row_event(row, None, [note])
            yield replace(
                event,
                fidelity="unknown",
                findings=[*event.findings, {"code": code, "message": why}],
            )
            return
        yield self._without_object(row, "static" if text.strip() else "unknown", text, why, code)

    def _without_object(
        self, row: HistoryRow, fidelity: str, text: str | None, why: str, code: str = "no_such_object"
    ) -> Event:
        """The event of a row whose object is not in the shadow: the statement's own text stands for it."""
        name = row.name
        schema = row.object_schema or self.schemas[0]
        current = self._current(row)
        identity = self._path(current) if current else qualified_identity(schema, name)
        new: str | None = None
        if row.change_type != "DROP":
            new = current.definition if current is not None else _as_definition(text)
        if fidelity == "static" and (current is not None or row.change_type == "DROP"):
            fidelity = "unknown"
        return Event(
            "v1", row.version_id, row.version_id, self._branch, schema,
            current.object_name if current else name, row.object_type, identity, row.change_type,
            row.change_severity, None, new, row.author, row.created_at, row.message, fidelity, None, [],
            [{"code": code, "message": why}],
        )  # fmt: skip

    # The end -----------------------------------------------------------------------------------

    def reconcile(self, live: Iterable[DatabaseObject]) -> Iterator[Event]:
        """The events that make the tree at HEAD equal the live schema exactly."""
        ours = self._state.by_path()
        theirs = {o.object_identity: o for o in with_unique_identities(list(live))}
        yield from self._chained(reconciliation(self._branch, self._tree, ours, theirs))


def reconciliation(
    branch_name: str,
    tree: Mapping[str, str],
    ours: Mapping[str, DatabaseObject],
    theirs: Mapping[str, DatabaseObject],
) -> Iterator[Event]:
    """One inferred event for each path where a tree (path: definition) differs from the live catalog."""
    for path in sorted(tree.keys() | theirs.keys()):
        new = theirs.get(path)
        if new is not None and tree.get(path) == new.definition:
            continue
        found = new or ours.get(path)
        schema, name = (found.object_schema, found.object_name) if found else parse_name(path)
        kind = found.object_type if found else _kind_in_text(tree[path], name)
        change = "CREATE" if path not in tree else "DROP" if new is None else "ALTER"
        note = {
            "rule": "reconcile",
            "statement": "",
            "evidence": f"the live catalog {'has it so' if new else 'does not have it'}",
        }
        yield Event(
            "inferred", None, None, branch_name, schema, name, kind, path,
            change, None, tree.get(path), new.definition if new else None, None, None, RECONCILE_MESSAGE,
            "repaired", None, [note], [],
        )  # fmt: skip


_DESCENDS = re.compile(r"\n\) INHERITS \(|\nALTER TABLE ONLY [^;]* ATTACH PARTITION ")
_DEPENDS = re.compile(r"constraint .+ on table .+ depends on (?:table|index) .+")


def _only_foreign_keys(error: psycopg.Error) -> bool:
    """Whether nothing but foreign keys of other tables is in the way of a drop."""
    detail = (error.diag.message_detail or "").splitlines()
    return error.sqlstate == "2BP01" and bool(detail) and all(_DEPENDS.fullmatch(line) for line in detail)


def _kind_in_text(text: str, name: str) -> str:
    """The kind of object that a statement's own text, which stood for a definition, makes under that name."""
    recorded = re.sub(f"(?m)^{_AS_RECORDED}", "", text.split("\n", 1)[-1])
    made = [s for s in split(recorded) if s.verb == "CREATE"]
    named = [s for s in made if any(target[1] == name for target in s.targets)]
    return next((s.object_type for s in (*named, *made)), "TABLE")


def _message(error: psycopg.Error | None) -> str:
    """What the server said, in so far as a person reads it: it may quote a whole statement."""
    said = (error.diag.message_primary or str(error) if error else None) or "nobody said why"
    return said if len(said) <= _MOST_SAID else said[:_MOST_SAID] + "…"


# Stands before each line of a text that is no definition: whoever runs the schema of a commit passes it by.
_AS_RECORDED = "-- "


def _as_definition(text: str | None) -> str:
    stripped = (text or "").replace("\x00", "").strip()
    if not stripped:
        return _AS_RECORDED + "No SQL text was recorded."
    return "\n".join(
        _AS_RECORDED + line
        for line in ("It could not run. As it was recorded:", *re.split(r"\r\n|\r|\n", stripped))
    )


def _steps_of(difference: Difference, repairs: Sequence[Repair]) -> list[Repair]:
    """Of the steps that made an older table and what belongs to it, those that name what differs."""
    name = difference.object.object_name
    return [replace(r, inferred=None) for r in repairs if name in r.statement or name in r.evidence]


def _repair_note(repair: Repair) -> dict[str, str]:
    return {"rule": repair.rule, "statement": repair.statement, "evidence": repair.evidence}


def _unnumbered(name: str) -> str:
    return name.rstrip("0123456789")


def _about(row: HistoryRow) -> tuple[str | None, ...]:
    return row.object_type, row.object_schema, row.object_name, row.change_type


def _same_type(recorded: str, found: str) -> bool:
    families = ({"FUNCTION", "PROCEDURE"}, {"TABLE", "PARTITION"}, {"VIEW", "MATERIALIZED_VIEW"})
    return recorded == found or any(recorded in f and found in f for f in families)


_TEXT = r"""(?:[^;'"]|'(?:[^']|'')*'|"(?:[^"]|"")*")+"""
_FOREIGN_KEY = re.compile(rf"\nALTER TABLE {_TEXT} FOREIGN KEY {_TEXT};")


def _separate_foreign_keys(
    matched: list[tuple[HistoryRow, Difference | None]],
) -> list[tuple[HistoryRow, Difference | None]]:
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
            result[later[0]] = (matched[later[0]][0], Difference(difference.path, bare, difference.new, True))
            for j in later[1:]:
                result[j] = (matched[j][0], Difference(difference.path, difference.new, difference.new, True))
        else:
            for j in later:
                result[j] = (matched[j][0], Difference(difference.path, difference.new, difference.new, True))
    return result


def _combine(differences: list[Difference], later: list[Difference]) -> None:
    """Adds what changed next to what changed before, object by object."""
    for change in later:
        same = next((d for d in differences if d.path == change.path), None)
        if same is None:
            differences.append(change)
            continue
        same.new = change.new
        if same.old is None and same.new is None:
            differences.remove(same)


def _merge(
    differences: list[Difference],
    later: list[Difference],
    matched: list[tuple[HistoryRow, Difference | None]],
) -> None:
    """Adds what changed after the statement to what changed by it, object by object, row by row."""
    for change in later:
        last = next(
            (i for i in reversed(range(len(matched))) if (d := matched[i][1]) and d.path == change.path), None
        )
        if last is not None:
            row, difference = matched[last]
            assert difference is not None
            left = Difference(change.path, difference.old, change.new, True)
            # Made by the statement, and gone again by what had to follow: nothing is left of it.
            matched[last] = (row, left if left.old or left.new else None)
            continue
        unmatched = next(
            (
                i
                for i, (row, d) in enumerate(matched)
                if d is None
                and row.name == change.object.object_name
                and _same_type(row.object_type, change.object.object_type)
            ),
            None,
        )
        if unmatched is not None:
            matched[unmatched] = (matched[unmatched][0], _taken(change))
            continue
        free = [d for d in differences if not d.taken]
        _combine(free, [change])
        differences[:] = [d for d in differences if d.taken] + free


def _taken(difference: Difference) -> Difference:
    return Difference(difference.path, difference.old, difference.new, True)
