"""What stays uncertain: events that were replayed as written, and that a later event may contradict."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from pggit_audit.definitions import COMMENT, without_schemas
from pggit_audit.history import SESSION
from pggit_audit.lexing import QUOTED
from pggit_audit.replay.clustered import indexes_of_clustered
from pggit_audit.replay.events import Event, cause_of, note
from pggit_audit.replay.former_names import (
    RENAMES_OF_COLUMNS,
    columns_of_the_old_name,
    constraints_of_the_old_name,
    foreign_keys_of_old_columns,
    renamed_indexes,
    renamed_tables,
)
from pggit_audit.replay.sittings import Sittings
from pggit_audit.rules import (
    COMMENT_FROM_LIVE_CATALOG,
    IN_DOUBT,
    RECONCILE,
    RENAMED_CONSTRAINT,
    RENAMED_SEQUENCE,
    RULES,
    UNRECORDED_DROP,
)

_UNRECORDED_PART = re.compile(
    r" GENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY(?: \([^)]*\))?|\(\d+(?:,\d+)?\)| COLLATE \S+"
    rf"| CONSTRAINT (?:{QUOTED}|\S+)(?= NOT NULL)|(?<= NOT NULL) NO INHERIT"
)
# What rows are about whose transaction may have gone on, of a table that goes: one judgement on how clients send.
_WENT_ON = "the transaction went on"
_NAME = re.compile(rf"(?:{QUOTED}|[a-z_][\w$]*)\.(?:{QUOTED}|[a-z_][\w$]*)")
_INHERITS = re.compile(r"\) INHERITS \(|\nALTER TABLE ONLY [^;]* INHERIT ")
_CASTS_DOUBT = {rule.name for rule in RULES if rule.casts_doubt}
# What a client may have sent behind a CREATE in its transaction, and no record of columns speaks against; as what else
# no row records of a table.
_RENAMES_OF_PARTS = {RENAMED_CONSTRAINT.name, RENAMED_SEQUENCE.name}
# What brings comments that no text makes.
_SHOWS_COMMENTS = {COMMENT_FROM_LIVE_CATALOG.name, RECONCILE.name}
# Of all other kinds v1 leaves no row (FORMATS 1.1): what an event of theirs goes on from, nobody recorded.
_RECORDED = {None, "SCHEMA", "TABLE", "INDEX", "VIEW", "FUNCTION", "PROCEDURE"}


@dataclass(frozen=True)
class Pause:
    """When v1's tracker was off, from its begin to before its end; None: it did not go on since."""

    began_at: datetime
    ended_at: datetime | None

    def __str__(self) -> str:
        until = f"until {self.ended_at:%Y-%m-%d %H:%M}" if self.ended_at else "and did not go on since"
        return f"the tracker was off from {self.began_at:%Y-%m-%d %H:%M} {until}, and what changed then left no row"


def mark_uncertain(events: Sequence[Event], pauses: Sequence[Pause] = ()) -> list[Event]:
    """The events of one branch, with what a later event makes uncertain no longer `exact`.

    A change that left no row happened somewhere between the last event that a record confirms and the
    one that shows it. What lies between and rests on no record may already have been otherwise. A record
    of columns confirms columns; nothing in v1 confirms a constraint. Of what was there when the tracker was off, only
    a new definition says what it is.
    """
    renamed = renamed_tables(events)
    given_up = {(events[i].anchor_version_id, old) for i, old in renamed.items()}
    given_up |= {(e.anchor_version_id, e.renamed_from) for e in events if e.renamed_from is not None}
    marked = _Marked(events, given_up)
    lost = renamed_indexes(marked.events)
    for i, event in enumerate(marked.events):
        path = event.object_identity
        if path is None:
            continue
        if i in renamed:
            marked.moves(renamed[i], path)
        elif event.renamed_from is not None:
            marked.moves(event.renamed_from, path)
        if i in lost:
            marked.lost_indexes(path, event, lost[i])
        marked.ends_or_stands(i, path, event)
        marked.shows_a_loss(i, path, event)
        marked.comes_again(i, path, event)
        marked.goes_on(i, path, event)
        goes_on = event.change_type == "ALTER" or event.renamed_from is not None
        if goes_on and event.object_type not in _RECORDED:
            kind = (event.object_type or "").replace("_", " ").lower()
            marked.mark([i], f"v1 records no change of a {kind}", f"no rows: {kind}")
    for unsure, column in columns_of_the_old_name(marked.events, renamed):
        marked.mark(
            unsure,
            f"row {marked.events[unsure[0]].v1_version_id} renames the table, and no later row says whether {column}, "
            "called after the old name, was renamed along",
        )
    for unsure, constraint, old in constraints_of_the_old_name(marked.events, renamed):
        marked.mark(
            unsure,
            f"{old} was renamed, the table goes, and nothing says whether {constraint}, called after the old name, was "
            "renamed along",
        )
    for unsure, key, old in foreign_keys_of_old_columns(marked.events, renamed):
        marked.mark(
            unsure,
            f"the column {old} was renamed, {key} goes along with the table that it refers to, and nothing says "
            "whether it was renamed along",
        )
    for table, unsure in indexes_of_clustered(marked.events, renamed):
        marked.mark(
            unsure,
            f"{table} is clustered, and no row tells when CLUSTER moved the mark to another index",
            "no rows: cluster",
        )
    for gone, naming in _may_mean_another(marked.events):
        identity = marked.events[gone].object_identity
        marked.mark(naming, f"{identity} shares its name with another, and no row tells of its drop")
    marked.cast_doubt(pauses)
    return marked.events


class _Marked:
    """The events as they are gone through, and by path which of them nothing confirms so far, by their index."""

    def __init__(self, events: Sequence[Event], given_up: Collection[tuple[int | None, str]]) -> None:
        self.events = list(events)
        # Row and path where a table only goes on under another.
        self._given_up = given_up
        # Since the last record of the object's columns, and since it was made.
        self._since_record: dict[str, list[int]] = {}
        self._since_create: dict[str, list[int]] = {}
        # The row of a table's CREATE, where its transaction may have gone on, and no record lies behind it.
        self._made_alone: dict[str, int] = {}
        # The same for the names of its constraints, and for its sequences: no record confirms them.
        self._parts_made_alone: dict[str, int] = {}
        # All since it came, but the row of its CREATE.
        self._since_it_came: dict[str, list[int]] = {}
        # The last event of a row, of the objects that are there.
        self._last: dict[str, int] = {}
        # The rows of views that have its columns written out, since its last record.
        self._expanded: dict[str, list[int]] = {}
        # When each row was.
        self._times = {
            e.v1_version_id: e.committed_at
            for e in events
            if e.v1_version_id is not None and isinstance(e.committed_at, datetime)
        }
        self._sittings = Sittings(events, self._times)
        # The last event that makes or drops what is there, and those of the reconciliation.
        self._last_made: dict[str, int] = {}
        self._reconciled: set[str] = set()
        for i, event in enumerate(events):
            if event.object_identity is not None and event.change_type in ("CREATE", "DROP"):
                self._last_made[event.object_identity] = i
            if event.object_identity is not None and any(r["rule"] == RECONCILE.name for r in event.repairs):
                self._reconciled.add(event.object_identity)

    def mark(self, which: Iterable[int], why: str, cause: str | None = None) -> None:
        told = note(IN_DOUBT, f"{why}; it may have come before this", cause=cause)
        for i in which:
            event = self.events[i]
            # What is in doubt for several reasons rests on each of them.
            if event.fidelity in ("exact", "repaired") and told not in event.repairs:
                self.events[i] = replace(event, fidelity="repaired", repairs=[*event.repairs, told])

    def cast_doubt(self, pauses: Sequence[Pause]) -> None:
        """What falls into a pause is not exact, nor what goes on from what was there in one."""
        to_come = sorted(pauses, key=lambda pause: pause.began_at)
        off: Pause | None = None
        made_since: set[str] = set()
        for i, event in enumerate(self.events):
            at = event.committed_at
            while to_come and isinstance(at, datetime) and at >= to_come[0].began_at:
                off, made_since = to_come.pop(0), set()
            path = event.object_identity
            if off is None or path is None or event.fidelity != "exact":
                continue
            is_off = isinstance(at, datetime) and (off.ended_at is None or at < off.ended_at)
            if event.change_type == "CREATE" and event.origin == "v1":
                made_since.add(path)
            if is_off or path not in made_since:
                told = note(IN_DOUBT, str(off), cause=str(off))
                self.events[i] = replace(event, fidelity="repaired", repairs=[*event.repairs, told])

    def moves(self, old: str, path: str) -> None:
        """The object has another path from here on."""
        for since in (self._since_record, self._since_create, self._since_it_came):
            since[path] = since.pop(old, [])
        for alone in (self._made_alone, self._parts_made_alone):
            if old in alone:
                alone[path] = alone.pop(old)

    def lost_indexes(self, path: str, event: Event, indexes: Mapping[str, Iterable[int]]) -> None:
        """The event drops a table whose indexes have no row of their drop."""
        *_, last = indexes
        cause = f"row {event.v1_version_id} drops the table, and no row its index"
        self.mark(self._since_create.pop(path, []), f"{cause} {last}: the index was renamed without a row")
        for index, unsure in indexes.items():
            self.mark(unsure, f"{cause} {index}: it was renamed without a row", f"{IN_DOUBT.name}:{path}")

    def ends_or_stands(self, i: int, path: str, event: Event) -> None:
        """A drop without a row may have come right behind the object's last event; no later record is of what goes."""
        if event.new_definition is None:
            last = self._last.pop(path, None)
            if last is not None and self._may_have_gone_on(last, path, event):
                self.mark(
                    [last],
                    "the table goes, and no later record says what its columns were called at this transaction's end",
                    _WENT_ON,
                )
            if last is not None and _may_be_of_its_session(event, self.events[last]):
                drop = next((r for r in event.repairs if r["rule"] == UNRECORDED_DROP.name), None)
                cause = cause_of(drop, path) if drop is not None else None
                self.mark([last], "it was dropped without a row, and no later session names it", cause)
        elif event.origin == "v1":
            self._last[path] = i

    def _may_have_gone_on(self, last: int, path: str, drop: Event) -> bool:
        """Whether a table's columns may have had other names by the end of its last row's transaction.

        A rename leaves no row. Where a text has nothing but the statement, the client may have sent more.
        """
        before = self.events[last]
        return (
            before.object_type == "TABLE"
            and before.alone
            and before.committed_at != drop.committed_at
            and (drop.anchor_version_id, path) not in self._given_up
        )

    def shows_a_loss(self, i: int, path: str, event: Event) -> None:
        """What an inferred step changed may have been so since the last event that a record confirms.

        No row tells of a comment: one that shows late may have been there all the time.
        """
        # One that only rests on something inferred is its text's.
        is_shown = any(r["rule"] in _SHOWS_COMMENTS for r in event.repairs)
        if event.origin == "inferred" and is_shown and _gains_comment(event):
            shown = next((r for r in event.repairs if r["rule"] == COMMENT_FROM_LIVE_CATALOG.name), None)
            at_the_end = self._sittings.of_the_end(path) if shown is None else ()
            self.mark(
                [
                    *self._since_it_came.get(path, []),
                    *self._commented_along(path, event, shown),
                    *at_the_end,
                ],
                "a comment of the live catalog shows later, and no row tells",
                cause_of(shown, path) if shown is not None else None,
            )
        shows = next((r for r in event.repairs if r["rule"] in _CASTS_DOUBT), None)
        if shows is None:
            return
        columns, rest = changed_lines(event.old_definition, event.new_definition)
        rest = rest and not only_renames_columns(event)
        unsure = set(self._since_record.pop(path, [])) if columns or rest else set()
        if columns and event.new_definition is not None and path in self._made_alone:
            unsure.add(self._made_alone[path])
        made = self._parts_made_alone.get(path)
        if made is not None and event.new_definition is not None:
            was_there = rest and not _lost(event).isdisjoint(_said(self.events[made].new_definition))
            if was_there or shows["rule"] in _RENAMES_OF_PARTS:
                unsure.add(made)
        if rest or _loses_comment(event):
            unsure |= set(self._since_create.pop(path, []))
        behind = _behind(event)
        if behind is not None:
            unsure = {i for i in unsure if (self.events[i].anchor_version_id or behind + 1) > behind}
        for alone in (self._made_alone, self._parts_made_alone):
            if alone.get(path) in unsure:
                del alone[path]
        unsure |= self._having_columns_of(path, behind or 0)
        unsure |= {*self._sittings.shown_by(i, behind or 0)}
        where = f"row {event.anchor_version_id}" if event.anchor_version_id else "the live catalog"
        self.mark(unsure, f"{where} shows a change that left no row ({shows['rule']})", cause_of(shows, path))

    def comes_again(self, i: int, path: str, event: Event) -> None:
        """What was dropped is there again, and no row makes it: it may have been so since its drop."""
        if event.old_definition is None and event.new_definition is not None:
            shown = next((r for r in event.repairs if r["statement"]), None)
            cause = cause_of(shown, path) if shown is not None else None
            self.mark(self._sittings.made_anew(i), "it is there again, and no row made it", cause)

    def _having_columns_of(self, path: str, behind: int) -> set[int]:
        """The rows of views that have written out the columns of what changed, with those of other views of these.

        A view that lives as it was made tells which columns there were.
        """
        found: set[int] = set()
        for i in self._expanded.pop(path, []):
            other = self.events[i].object_identity
            assert other is not None
            lives = self._last_made.get(other) == i and other not in self._reconciled
            if not lives and (self.events[i].anchor_version_id or 0) > behind:
                found |= {i} | self._having_columns_of(other, behind)
        return found

    def _commented_along(self, path: str, event: Event, shown: Mapping[str, Any] | None) -> list[int]:
        """The object's last row, if a comment that shows later may be of the same sitting, as far as ids tell.

        One that comes within the row's transaction is there by its end.
        """
        last = self._last.get(path)
        told = shown.get("not_before") if shown is not None else None
        if last is None or told is None:
            return []
        at = self.events[last].committed_at
        if isinstance(at, datetime) and at == self._times.get(event.anchor_version_id or 0):
            return []
        if told <= (self.events[last].v1_version_id or 0):
            # Nothing lies between: whatever the clocks say.
            return [last]
        behind = self._times.get(told)
        return [last] if isinstance(at, datetime) and behind is not None and behind - at <= SESSION else []

    def goes_on(self, i: int, path: str, event: Event) -> None:
        """What the event leaves to be confirmed by later ones."""
        self._sittings.goes_on(i)
        if event.confirmed or (event.origin == "v1" and event.change_type == "CREATE"):
            self._expanded.pop(path, None)
        if event.expands and event.new_definition is not None:
            for read in {*_NAME.findall(event.new_definition)} - {path}:
                self._expanded.setdefault(read, []).append(i)
        if event.new_definition is None:
            if (event.anchor_version_id, path) not in self._given_up:
                self._since_it_came.pop(path, None)
        elif not (
            event.of_create
            if event.change_type == "ALTER"
            else event.origin == "v1" and event.change_type == "CREATE" and event.old_definition is None
        ):
            # What a CREATE has just made has no comment.
            self._since_it_came.setdefault(path, []).append(i)
        if event.origin == "v1" and event.change_type == "CREATE":
            # Right at that moment; but what it inherits may have changed in its transaction.
            heir = _INHERITS.search(event.new_definition or "") is not None
            made = [i] if event.fidelity == "exact" and heir else []
            self._since_record[path], self._since_create[path] = [*made], [*made]
            self._made_alone.pop(path, None)
            self._parts_made_alone.pop(path, None)
            if event.object_type == "TABLE" and event.alone:
                self._made_alone[path] = i
                self._parts_made_alone.update({path: i, **dict(self._sequences_of(i))})
        elif (
            event.fidelity == "exact"
            and event.new_definition is not None
            # The index of a key that an ALTER adds has no row, so nothing says its name.
            and (event.change_type == "ALTER" or event.object_type == "INDEX")
        ):
            self._since_create.setdefault(path, []).append(i)
            if event.confirmed:
                self._made_alone.pop(path, None)
                # Right at that moment; but it stands for its transaction, which may have gone on.
                self._since_record[path] = [i]
            else:
                self._since_record.setdefault(path, []).append(i)

    def _sequences_of(self, i: int) -> Iterator[tuple[str, int]]:
        """The sequences that came with a table's CREATE, by path."""
        for j in range(i - 1, -1, -1):
            event = self.events[j]
            if event.anchor_version_id != self.events[i].anchor_version_id:
                return
            if event.object_type == "SEQUENCE" and event.change_type == "CREATE" and event.object_identity:
                yield event.object_identity, j


def _behind(event: Event) -> int | None:
    """The last row behind which all that an event shows was, where the ids of transactions say so; else None."""
    showing = [r for r in event.repairs if r["rule"] in _CASTS_DOUBT]
    told = [r["not_before"] for r in showing if r.get("sure") and r["not_before"] is not None]
    return min(told) if told and len(told) == len(showing) else None


def _gains_comment(event: Event) -> bool:
    """Whether an object that was there has a comment that it had not, or another one."""
    old, new = ({*COMMENT.findall(text or "")} for text in (event.old_definition, event.new_definition))
    return bool(new - old) and event.old_definition is not None


def _loses_comment(event: Event) -> bool:
    """Whether a comment is gone or another one: nothing tells since when."""
    old, new = ({*COMMENT.findall(text or "")} for text in (event.old_definition, event.new_definition))
    return bool(old - new) and event.new_definition is not None


def _may_be_of_its_session(drop: Event, event: Event) -> bool:
    """Whether a drop without a row may have been in the session of the object's last event."""
    rules = {r["rule"] for r in drop.repairs}
    if (
        UNRECORDED_DROP.name in rules
        and isinstance(drop.seen_until, datetime)
        and isinstance(event.committed_at, datetime)
    ):
        return drop.seen_until - event.committed_at <= SESSION
    return not rules.isdisjoint((UNRECORDED_DROP.name, RECONCILE.name))


def _may_mean_another(events: Sequence[Event]) -> Iterator[tuple[int, list[int]]]:
    """For each event that drops one of two of a name without a row: the events whose definition names them.

    From the last sign of it on, once both are there, a call (or another schema's name, through the search_path) may
    mean the one or the other. Nobody knows when it went, so neither does what comes behind its drop.
    """
    lives: dict[tuple[bool, str], dict[str, list[int]]] = {}
    drops: list[tuple[tuple[bool, str], str, int, int]] = []
    for i, event in enumerate(events):
        path, name = event.object_identity, event.object_name
        if path is None or name is None or event.object_type in ("SCHEMA", "INDEX", "TRIGGER", "POLICY"):
            continue
        routine = event.object_type in ("FUNCTION", "PROCEDURE")
        key = (routine, name.split("(", 1)[0] if routine else name)
        same = lives.setdefault(key, {})
        if event.new_definition is not None:
            same.setdefault(path, []).append(i)
        elif event.origin == "inferred" and any(r["rule"] in _CASTS_DOUBT for r in event.repairs):
            drops.append((key, path, same[path][-1] if path in same else 0, i))
    for key, path, last, gone in drops:
        paths = lives[key]
        others = [seen[0] for other, seen in paths.items() if other != path]
        if not others:
            continue
        anew = next((i for i in paths.get(path, ()) if i > gone), len(events))
        names = "|".join(re.escape(p.split("(", 1)[0]) for p in {path, *paths})
        pattern = re.compile(rf'(?<![\w".])(?:{names})' + (r"\(" if key[0] else r'(?![\w"(])'))
        doubtful: list[int] = []
        carried: set[str] = set()
        for i in range(max(last, min(others)) + 1, anew):
            event = events[i]
            if event.object_identity is None or event.object_identity in paths:
                continue
            old, new = (_lines(d, pattern) for d in (event.old_definition, event.new_definition))
            # What named it before there were two means that one still.
            if new - old or (new and event.object_identity in carried):
                carried.add(event.object_identity)
                doubtful.append(i)
        yield gone, doubtful


def _lines(definition: str | None, pattern: re.Pattern[str]) -> set[str]:
    """The lines of a definition in which a name was looked up: those of a body are only when it is called."""
    return {line for line in (definition or "").split("\nAS $", 1)[0].split("\n") if pattern.search(line)}


def changed_lines(old: str | None, new: str | None) -> tuple[bool, bool]:
    """Whether two definitions differ in columns, and whether in anything else but comments."""

    def parts(definition: str | None) -> tuple[set[str], set[str]]:
        lines = _said(definition)
        columns = {
            line for line in lines if line.startswith("    ") and not line.startswith("    CONSTRAINT ")
        }
        return columns, lines - columns

    (old_columns, old_rest), (new_columns, new_rest) = parts(old), parts(new)
    changed = old_columns != new_columns
    # What v1 does not record of a column (identity, modifiers, whose sequence) no record confirms.
    before, after = (
        {*map(_as_recorded, lines)} for lines in (old_columns - new_columns, new_columns - old_columns)
    )
    return changed, old_rest != new_rest or not before.isdisjoint(after)


def _lost(event: Event) -> set[str]:
    """The lines that an event takes from a definition."""
    return _said(event.old_definition) - _said(event.new_definition)


def _said(definition: str | None) -> set[str]:
    return {line.rstrip(",") for line in (_structure(definition) or "").split("\n")}


def only_renames_columns(event: Event) -> bool:
    """Whether all that changed of a table is what its columns are called: its constraints say it with them, so that
    records of its columns are records of these as well."""
    showing = {r["rule"] for r in event.repairs if r["rule"] in _CASTS_DOUBT}
    columns, _ = changed_lines(event.old_definition, event.new_definition)
    return bool(showing) and showing <= RENAMES_OF_COLUMNS and columns and event.object_type == "TABLE"


def _as_recorded(line: str) -> str:
    """What v1 records of a column's line: no schemas, no identity, no modifiers of a type."""
    return without_schemas(_UNRECORDED_PART.sub("", line))


def _structure(definition: str | None) -> str | None:
    """A definition without its comments."""
    return None if definition is None else COMMENT.sub("", definition)
