"""What rests on an inferred step, and so is no plain record."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from itertools import chain

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.definitions import quote_if_needed
from pggit_audit.history import History, HistoryRow
from pggit_audit.replay.own_words import GUESSED_RELATIONS
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import Difference
from pggit_audit.rules import FORESEEN_RENAME, RENAMED_COLUMN, TYPE_FROM_LIVE_CATALOG
from pggit_audit.rules.dating import has_its_labels, is_called_as_now, last_written
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Name, Statement

Inferred = tuple[Difference, list[Repair]]
"""A difference that no row explains, and the steps that it may come from."""
# Kinds that v1 has no rows of, and that definitions name with their schema.
_WITHOUT_ROWS = {"TYPE", "SEQUENCE", "MATERIALIZED_VIEW", "COLLATION", "FOREIGN TABLE"}


class Provenance:
    """Remembers which objects rest on an inferred step, and since which row."""

    def __init__(self, situation: Situation, evidence: Evidence) -> None:
        self._situation = situation
        self._evidence = evidence
        self._inferred: dict[Key, int] = {}
        # What contradicts its record, and since which row.
        self._contradicted: dict[Key, int] = {}
        # What a row tells of and no statement explains: it stands as it was, and nobody knows what the row changed.
        self._unexplained: dict[Key, int] = {}
        # Of these, nothing but a comment was inferred.
        self._commented: dict[Key, int] = {}
        # The position from which on nothing but the live comment can have been there, where ids of transactions tell.
        self._commented_until: dict[Key, int | None] = {}
        # Of these, nothing but names of columns was inferred, which a later record confirms; and the row from which on
        # the columns cannot have been called otherwise, where ids of transactions tell.
        self._renamed: dict[Key, int | None] = {}
        # Of these relations, nothing tells whether they were tables, partitioned ones, or others.
        self._guessed: set[Key] = set()
        # What leaves no rows and was found through a search_path that no text says: since which row, and from which
        # position on a text names its schema.
        self._elsewhere: dict[Key, tuple[int, int]] = {}
        self._in_full: dict[Name, int] = {}
        # The step that each rests on.
        self._causes: dict[Key, str] = {}

    def note(self, repairs: Sequence[Repair]) -> None:
        """The objects that these steps name rest on them from this row on."""
        state = self._situation.state
        for repair in repairs:
            if repair.inferred is not None and not _is_settled(repair):
                schema, bare = repair.inferred
                named = state.keys((schema or self._situation.schemas[0], bare))
                # The statement may have given it another name.
                for key in {*named, *(k for k in repair.made if k in state.objects)}:
                    if repair.rule not in (FORESEEN_RENAME, RENAMED_COLUMN):
                        self._renamed.pop(key, None)
                    elif key not in self._inferred or key in self._renamed:
                        self._renamed[key] = _later(self._renamed.get(key, 0), _last_written(repair))
                    if repair.rule in GUESSED_RELATIONS:
                        self._guessed.add(key)
                    self._inferred.setdefault(key, self._situation.version_id)
                    self._causes.setdefault(key, repair.cause)
        for key in [k for k in self._inferred if k not in state.objects]:
            self._forget(key)

    def _forget(self, key: Key) -> None:
        self._inferred.pop(key, None)
        self._causes.pop(key, None)
        self._renamed.pop(key, None)
        self._guessed.discard(key)

    def note_elsewhere(self, statement: Statement) -> None:
        """What a statement names without a schema, and was found where no text says that it was looked for, may have
        been in another by then, if it leaves no rows: nothing tells where it moves."""
        for schema in self._situation.guessed:
            for word in {*statement.words}:
                name = (schema, word)
                for key in self._situation.state.keys(name) - self._elsewhere.keys():
                    if self._situation.state.objects[key].object_type not in _WITHOUT_ROWS:
                        continue
                    if name not in self._in_full:
                        self._in_full[name] = _named_in_full(self._evidence.history, name)
                    until, position = self._in_full[name], self._situation.position
                    if position < until and not is_called_as_now(self._evidence, name, position):
                        self._elsewhere[key] = (self._situation.version_id, until)

    def note_again(self, keys: Iterable[Key], cause: str) -> None:
        """These objects rest on an inferred step from this row on, whatever was before."""
        for key in keys:
            self._forget(key)
            self._inferred[key], self._causes[key] = self._situation.version_id, cause

    def note_comment(self, key: Key, cause: str, until: int | None) -> None:
        """A comment of the object rests on an inferred step from this row on, if not from an earlier one.

        `until`: the first position behind the transaction that last wrote it; from there on it is as it is in the end.
        """
        self._commented_until[key] = _later(self._commented_until.get(key, until), until)
        self._commented.setdefault(key, self._situation.version_id)
        self._causes.setdefault(key, cause)

    def note_record(self, key: Key) -> None:
        """A row recorded the object's columns as they are: whatever a column was called before, it is called so now."""
        if key in self._renamed:
            self._forget(key)

    def note_contradiction(self, key: Key, stands: bool) -> None:
        """An object is not as its row recorded it, from this row on; or it is again."""
        if stands:
            self._contradicted.setdefault(key, self._situation.version_id)
        else:
            self._contradicted.pop(key, None)

    def note_unexplained(self, key: Key) -> None:
        """Nobody knows what the row at hand changed of an object: what goes on from it is no plain record."""
        self._unexplained.setdefault(key, self._situation.version_id)

    def is_guess(self, name: Name, kind_is_told: bool) -> bool:
        """Whether of a relation not even the kind is certain, or it is not as its row recorded it."""
        doubtful = self._contradicted.keys() | self._unexplained.keys()
        doubtful |= set() if kind_is_told else self._guessed
        return not doubtful.isdisjoint(self._situation.state.keys(name))

    def lives(self, name: Name) -> bool:
        """Whether the table that has a name at this row is in the live catalog, by its oid: what it is, it was then."""
        return self._evidence.moments.table(name, self._situation.position) is not None

    def of_step(self, repair: Repair) -> list[Inferred]:
        """What a step that no row tells of just changed: none of it is as written in any row."""
        differences = self._situation.observe(repair.statement)
        self.note([repair])
        return [(d, [replace(repair, inferred=None)]) for d in differences]

    def rests_on(self, found: DatabaseObject) -> tuple[str, str | None] | None:
        """Why the definition is no plain record: it, or what it reads from, was inferred; and by which step."""
        cause = self._causes.get(found.key)
        if found.key in self._inferred and not self._is_as_in_the_end(found.key):
            return f"{found.object_identity} was inferred at row {self._inferred[found.key]}", cause
        settled = self._commented_until.get(found.key)
        if found.key in self._commented and (settled is None or self._situation.position < settled):
            why = f"a comment on {found.object_identity} was inferred at row {self._commented[found.key]}"
            return why, cause
        if found.key in self._unexplained:
            return (
                f"what row {self._unexplained[found.key]} changed of {found.object_identity} is not told",
                cause,
            )
        for key, (version, until) in self._elsewhere.items():
            other = self._situation.state.objects.get(key)
            if other is None or key == found.key or self._situation.position >= until:
                continue
            if _names(found.definition, other.object_identity):
                why = f"{other.object_identity} was found at row {version} in a schema that the text does not say"
                return why, self._causes.get(key)
        if found.object_type not in ("TABLE", "VIEW", "MATERIALIZED_VIEW", "INDEX"):
            return None
        for key, version in chain(self._inferred.items(), self._contradicted.items()):
            if key == found.key:
                continue
            other = self._situation.state.objects.get(key)
            if other is None or (key not in self._contradicted and self._is_as_in_the_end(key)):
                continue
            named = other.object_identity
            if found.object_type == "TABLE":
                if other.object_type != "INDEX":
                    continue
                # The constraint that it belongs to is called as the index is.
                named = f"ADD CONSTRAINT {quote_if_needed(other.object_name)}"
            if _names(found.definition, named) and not self._has_its_labels(found, other):
                return f"{other.object_identity} was inferred at row {version}", self._causes.get(key)
        return None

    def _is_as_in_the_end(self, key: Key) -> bool:
        """Whether all that was inferred of an object are names that its columns have in the end, and nothing wrote
        these behind the transaction of an earlier row: whatever they were called before, they are called so now."""
        settled = self._renamed.get(key)
        return settled is not None and self._situation.version_id >= settled

    def _has_its_labels(self, found: DatabaseObject, other: DatabaseObject) -> bool:
        """Whether a definition has of an enum what the ids of transactions prove of it."""
        name = (other.object_schema, other.object_name)
        return (
            found.object_type in ("VIEW", "INDEX")
            and other.object_type == "TYPE"
            and other.object_schema == found.object_schema
            and has_its_labels(self._evidence, name, found.definition, self._situation.position)
        )

    def leaves_nothing_open(self, repair: Repair, row: HistoryRow, new: DatabaseObject | None) -> bool:
        """Whether a step before a row leaves nothing of its object open: of a type of its own schema that has its name
        since, and of an enum's labels, it has no more than its statement says."""
        if repair.rule is not TYPE_FROM_LIVE_CATALOG or repair.inferred is None or new is None:
            return False
        if repair.inferred[0] != new.object_schema:
            return False
        if new.object_type in ("VIEW", "INDEX"):
            return has_its_labels(self._evidence, repair.inferred, new.definition, row.position)
        head, body, _ = new.definition.partition("\nAS $")
        return (
            new.object_type in ("FUNCTION", "PROCEDURE")
            and bool(body)
            and " DEFAULT " not in head
            and is_called_as_now(self._evidence, repair.inferred, row.position)
        )


def _named_in_full(history: History, name: Name) -> int:
    """The first position whose text names something with its schema; behind all of them, where none does."""
    schema, bare = name
    for position in history.mentions(str(schema), bare):
        for statement in history.rows[position].statements:
            words = statement.words
            if any(words[i : i + 3] == (schema, ".", bare) for i, word in enumerate(words) if word == schema):
                return position
    return len(history.rows)


def _is_settled(repair: Repair) -> bool:
    """Whether nothing behind the step is open: the ids say that what it renames was never written again."""
    return repair.rule is FORESEEN_RENAME and repair.bounds is not None and repair.bounds.sure


def _last_written(repair: Repair) -> int | None:
    """The first row behind the transaction that last wrote the column which a step renames, where an id dates that."""
    if repair.about != last_written("column") or repair.bounds is None:
        return None
    return repair.bounds.not_after


def _later(one: int | None, other: int | None) -> int | None:
    """The later of two rows, or positions; None where one of them is not known."""
    return None if one is None or other is None else max(one, other)


def _names(definition: str, named: str) -> bool:
    """Whether a definition has the name, and not only one that begins or ends like it."""
    if named not in definition:
        return False
    return re.search(rf'(?<![\w".$]){re.escape(named)}(?![\w"$])', definition) is not None
