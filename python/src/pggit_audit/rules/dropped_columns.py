"""Columns that a live table has no more: its catalog keeps their places, lengths, alignments, and when each went.

v1 records no columns of a table with a quoted name (FORMATS 1.9). So of such a table that is older than the tracker, a
column that is gone by now is in nothing else, but for its name where a text drops it. All that is brought back so is
`repaired`: its type is no more than the usual one of its length and alignment, and so is whether it was NOT NULL.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import column_name, column_types, elements, parse_name
from pggit_audit.history import HistoryRow
from pggit_audit.moments import Column, Moment
from pggit_audit.rules import older_columns
from pggit_audit.rules.column_actions import Action, Actions, actions_on, name_before, taken_away
from pggit_audit.rules.dating import bounds, identify, may_write_others, told
from pggit_audit.rules.situation import Bounds, Evidence
from pggit_audit.statements import quote, unquote

# How long and aligned an enum is (typecmds.c).
_ENUM = (4, "i")


@dataclass(frozen=True)
class Dropped:
    """A column that was there when a table entered: its place, its element, when it went.

    `name` is what it was called, if a text says so (`is_named`); else one that nobody takes for a column's. Where the
    same moment wrote a live column of the table, or may have changed the type of one, it `may_be_older`: a table that
    is written anew shows that.
    """

    place: int
    name: str
    kind: str
    moment: Moment
    is_named: bool
    may_be_older: bool = False

    @property
    def line(self) -> str:
        """Its element of CREATE TABLE."""
        return f"{quote(self.name)} {self.kind}"

    def comment(self, table: str) -> str | None:
        """The statement that says what it is, where its name does not."""
        if self.is_named:
            return None
        what = "No text names this column: its catalog has its place, length and alignment, and when it went."
        return f"COMMENT ON COLUMN {table}.{quote(self.name)} IS '{what}';"


def with_dropped(
    evidence: Evidence, table: DatabaseObject, lines: Sequence[tuple[str, str]], position: int
) -> tuple[list[str], list[Dropped]]:
    """The elements of a table's columns, with those that went at `position` or later, each at its place; and these.

    Args:
        lines: of the live table, but for what recorded texts add: what the column is called now, and its element.
        position: where the table enters.
    """
    kind, identity = identify(table)
    known = {c.name: c for c in evidence.moments.columns(identity)}
    plain = [line for _, line in lines]
    if kind != "table" or not lines or any(now not in known for now, _ in lines):
        return plain, []
    if not any(c.dropped for c in known.values()):
        return plain, []
    last = max(known[now].place for now, _ in lines)
    found = [*_gone(evidence, table, [*known.values()], last, position)]
    # Where another has its name by now, the one that went was there.
    taken = {d.name for d in found if d.is_named}
    lines = [(now, line) for now, line in lines if column_name(line) not in taken]
    there = {column_name(line) for _, line in lines}
    back = [d for d in found if d.name not in there]
    by_place = {known[now].place: line for now, line in lines} | {d.place: d.line for d in back}
    return [by_place[place] for place in sorted(by_place)], back


def are_told(evidence: Evidence, table: DatabaseObject, position: int) -> bool:
    """Whether it is known what each column was called that a live table lost at `position` or later: then no other was
    there."""
    columns = evidence.moments.columns(identify(table)[1])
    gone = [c for c in columns if c.dropped and (c.moment is None or _went(c.moment) >= position)]
    if not gone:
        # A restored catalog has no columns that went.
        return any(c.dropped or c.moment is not None for c in columns)
    groups: dict[Moment, list[Column]] = defaultdict(list)
    for column in gone:
        if column.moment is None:
            return False
        groups[column.moment].append(column)
    each = [
        (row, action)
        for row, statement, names in older_columns.statements_on(evidence, table)
        for action in actions_on(names, statement)
    ]
    return all(is_named for _, (is_named, _) in _with_names(groups, _named_by_drops(table, each), {}))


def unnamed(evidence: Evidence, table: DatabaseObject) -> list[Dropped]:
    """Of those that may be brought back to a live table, the ones that no text names: no statement takes them away."""
    columns = evidence.moments.columns(identify(table)[1])
    last = max((c.place for c in columns), default=0)
    return [d for d in _gone(evidence, table, columns, last, 0) if not d.is_named]


def taken_by(evidence: Evidence, table: DatabaseObject, row: HistoryRow) -> dict[int, str]:
    """The columns that a row's transaction took from a live table, as far as texts name them: place and element."""
    columns = evidence.moments.columns(identify(table)[1])
    last = max((c.place for c in columns), default=0)
    return {
        d.place: d.line
        for d in _gone(evidence, table, columns, last, row.position)
        if d.is_named and d.moment.began is not None and d.moment.began <= row.position
    }


def _gone(
    evidence: Evidence,
    table: DatabaseObject,
    columns: Sequence[Column],
    last: int,
    position: int,
) -> Iterator[Dropped]:
    """What went at a position or later and was there before all recorded texts, as far as texts and places tell.

    `last`: the place of the last column that was there; what has no name and a later one may be of a text.
    """
    oid = evidence.moments.oid(identify(table)[1])
    groups: dict[Moment, list[Column]] = defaultdict(list)
    for column in columns:
        if column.dropped and column.moment is not None and _went(column.moment) >= position:
            groups[column.moment].append(column)
    statements = older_columns.statements_on(evidence, table) if groups else []
    each = [(row, action) for row, s, names in statements for action in actions_on(names, s)]
    places = _recorded_places(evidence, table)
    for column, (is_named, name) in _with_names(groups, _named_by_drops(table, each), places):
        moment = column.moment
        assert moment is not None
        may_be_older = any(c.moment == moment for c in columns if not c.dropped) or may_write_others(
            evidence, moment, oid
        )
        if not is_named:
            name = f"(dropped column {column.place})"
            kind = evidence.usual_columns.like(column, None, columns)
        elif name is not None:
            kind = _as_told(evidence, table, name, column, columns)
            if kind is not None and any(_may_be_null(s.words, name) for _, s, _ in statements):
                kind = kind.removesuffix(" NOT NULL")
            if kind is not None:
                line = older_columns.before_set(f"{quote(name)} {kind}", name, [action for _, action in each])
                kind = line.removeprefix(quote(name)).strip()
        else:
            kind = None
        # What may have gone at any time may have been gone when the table entered.
        is_there = is_named or (column.place < last and not may_be_older)
        if kind is not None and name is not None and is_there:
            yield Dropped(column.place, name, kind, moment, is_named, may_be_older)


_Named = tuple[bool, str | None]
"""Whether texts tell which column it was, and what it was called before all texts: None where a text had added it."""


def _with_names(
    groups: Mapping[Moment, Sequence[Column]],
    names: Sequence[tuple[int, str | None]],
    places: Mapping[str, int],
) -> Iterator[tuple[Column, _Named]]:
    """Each column with its name: as many went at one moment as the texts of that moment name, at the `places` that
    were recorded, else in their order.

    Where a table is written anew (ALTER COLUMN TYPE), so are the catalog's rows of columns that came with a default, of
    those that had gone before as well: then what is left of the names belongs to what is left of the columns. Those
    that texts added stand behind all that were there.
    """
    left: list[Column] = []
    given: set[int] = set()
    latest = -1
    for moment, columns in groups.items():
        went = _went(moment)
        began = moment.own if moment.began is None else moment.began
        here = [i for i, (at, _) in enumerate(names) if began is not None and began <= at <= went]
        if len(here) == len(columns):
            given.update(here)
            yield from _paired(columns, [names[i][1] for i in here], places)
        else:
            left.extend(columns)
            latest = max(latest, went)
    rest = [name for i, (at, name) in enumerate(names) if i not in given and at <= latest]
    if len(rest) == len(left):
        yield from _paired(left, rest, places)
    else:
        yield from ((column, (False, None)) for column in left)


def _went(moment: Moment) -> int:
    """The last position at which it went."""
    return moment.first if moment.own is None else moment.own


def _paired(
    columns: Sequence[Column], names: Sequence[str | None], places: Mapping[str, int]
) -> Iterator[tuple[Column, _Named]]:
    at = {places[name]: name for name in names if name is not None and name in places}
    there = {column.place: column for column in columns}
    recorded = {there[place]: name for place, name in at.items() if place in there}
    yield from ((column, (True, name)) for column, name in recorded.items())
    older = sorted(names, key=lambda name: name is None)
    for name in recorded.values():
        older.remove(name)
    others = sorted((c for c in columns if c not in recorded), key=lambda c: c.place)
    yield from ((column, (True, name)) for column, name in zip(others, older, strict=True))


def _recorded_places(evidence: Evidence, table: DatabaseObject) -> dict[str, int]:
    """Where the first records of a table have its columns."""
    rows = evidence.history.records.get((table.object_schema, table.object_name), ())
    facts = [
        (name, fact.get("position")) for row in reversed(rows) for name, fact in (row.columns or {}).items()
    ]
    return {name: place for name, place in facts if place is not None}


def _as_told(
    evidence: Evidence, table: DatabaseObject, name: str, column: Column, columns: Sequence[Column]
) -> str | None:
    """What most likely stood behind a name: as live columns of the name have it, or else texts that create tables, if
    these are alike and the type is as long and aligned."""
    usual = evidence.usual_columns
    written = evidence.written.get(name, set())
    kind = usual.like(column, name, columns)
    if len(written) == 1 and not usual.has_name(column, name):
        (told,) = written
        kind = told if usual.layouts.get(told.removesuffix(" NOT NULL")) == column.layout else kind
    elif not written and not usual.has_name(column, name):
        kind = _element_of(evidence, table, name, column) or kind
    return kind


def _element_of(evidence: Evidence, table: DatabaseObject, name: str, column: Column) -> str | None:
    """The type of the elements of the table's column that has the name by now, if they are as long and aligned."""
    line = next((x for x in elements(table.definition)[1] if column_name(x) == name), "")
    kind, is_array, _ = dict(column_types(table.definition)).get(name, "").partition("[]")
    found = evidence.live.by_name.get(parse_name(kind)) if is_array else None
    is_enum = found is not None and " AS ENUM (" in found.definition
    layout = _ENUM if is_enum else evidence.usual_columns.layouts.get(kind)
    if not is_array or layout != column.layout:
        return None
    return kind + (" NOT NULL" if line.endswith(" NOT NULL") else "")


def _may_be_null(words: Sequence[str], name: str) -> bool:
    """Whether a statement asks if a column is null: who asks knows that it may be."""
    return any(
        words[i + 1 : i + 3] == ("is", "null") or words[i + 1 : i + 4] == ("is", "not", "null")
        for i, word in enumerate(words)
        if word == name
    )


def _named_by_drops(
    table: DatabaseObject, each: Sequence[tuple[HistoryRow, Action]]
) -> list[tuple[int, str | None]]:
    """For each column that a recorded text takes from a table: the row's position, and what the column was called
    before all texts; None where a text had added it. `each`: what texts do to its columns, in order."""
    found: list[tuple[int, str | None]] = []
    actions: list[Action] = []
    live = {name for name, _ in column_types(table.definition)}
    for i, (row, action) in enumerate(each):
        name = taken_away(action)
        if name is not None:
            # What lives, and no later text makes, was not dropped.
            remains = name in live and not any(
                unquote(later[n] or "") == name for _, later in each[i:] for n in ("added", "new")
            )
            if not remains and not _is_gone(name, actions):
                found.append((row.position, name_before(name, actions)))
        actions.append(action)
    return found


def _is_gone(name: str, actions: Actions) -> bool:
    """Whether the last of the actions on a column of that name took it away: then IF EXISTS finds none."""
    for action in reversed(actions):
        if any(action[n] and unquote(action[n] or "") == name for n in ("added", "new")):
            return False
        if any(action[n] and unquote(action[n] or "") == name for n in ("dropped", "old")):
            return True
    return False


def why(evidence: Evidence, back: Sequence[Dropped]) -> str:
    """What tells of them, in words."""
    if not back:
        return ""
    each = ", ".join(f"{d.name} ({told(when(evidence, d))})" for d in back)
    return f"; its catalog has places, lengths and alignments of what went since: {each}"


def when(evidence: Evidence, gone: Dropped) -> Bounds:
    """Between which rows it went."""
    found = bounds(evidence, gone.moment)
    return replace(found, not_before=None) if gone.may_be_older else found
