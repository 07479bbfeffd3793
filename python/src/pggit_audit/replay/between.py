"""The rows of code that gives names away: what they say of states that were there in between, and are no more.

Code runs as a whole. Where it makes a table beside another, drops that one and renames the new one, its rows tell of
each step, and the recorded oids tell which object a row means. What ran in the shadow is the end; what was there by a
row is the same object under the name, and with the columns, of that row.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    Columns,
    column_name,
    column_types,
    elements,
    in_parts,
    ordered,
    printed_type,
    qualified_identity,
    quote_if_needed,
    table_of,
    type_of,
    with_not_null,
    with_type,
    without_default,
)
from pggit_audit.history import HistoryRow
from pggit_audit.replay.identities import same_type
from pggit_audit.replay.state import ROUTINES, Difference
from pggit_audit.rules import ROWS_OF_CODE
from pggit_audit.rules.situation import Repair

Match = tuple[HistoryRow, Difference | None]
_Place = tuple[str, str | None, str]
_KINDS = ("TABLE", "VIEW", "INDEX")
# Defaults in which nothing is looked up in a schema of the team's.
_PRINTED_DEFAULT = re.compile(
    r"-?[\d.]+|true|false|now\(\)|CURRENT_\w+"
    r"|'[^']*(?:''[^']*)*'::(?:text|jsonb?|date|uuid|numeric|character varying|interval)"
)


def changes_hands(rows: Sequence[HistoryRow]) -> bool:
    """Whether a name or an object changes in between: a drop, an oid under two names, or with other columns, or such as
    are otherwise in one row than in the other."""
    names: dict[int, str] = {}
    columns: dict[int, dict[str, tuple[Any, ...]]] = {}
    for row in rows:
        if row.object_type not in _KINDS:
            continue
        if row.change_type == "DROP" or (
            row.oid is not None and names.setdefault(row.oid, row.name) != row.name
        ):
            return True
        had = {
            name: (bool(fact.get("nullable", True)), *_typed(fact))
            for name, fact in (row.columns or {}).items()
        }
        if row.oid is not None and had and columns.setdefault(row.oid, had) != had:
            return True
    return False


class Between:
    """Hands the rows of one block of code to what it left, by their oids.

    Args:
        rows: those that may be the block's, in order.
        differences: what it changed.
        earlier: by oid, where the object was by its last row before these.
        is_about: whether a row of a routine speaks of what changed.
    """

    def __init__(
        self,
        rows: Sequence[HistoryRow],
        differences: Sequence[Difference],
        earlier: Mapping[int, HistoryRow],
        is_about: Callable[[HistoryRow, Difference], bool],
    ) -> None:
        self._rows = rows
        self._differences = differences
        self._earlier = earlier
        self._is_about = is_about
        self._standing: dict[_Place, DatabaseObject] = {}
        self._where: dict[int, _Place] = {}
        self._gone: set[str] = set()
        # By oid, the columns of its last row that is told.
        self._told: dict[int, Columns] = {}
        self.matched: list[Match] = []
        self.vanished: dict[int, Difference] = {}

    def tell(self) -> bool:
        """Explains all of the rows, in `matched`, with what went before each in `vanished`; False where it cannot."""
        for i, row in enumerate(self._rows):
            if row.object_type in ROUTINES:
                self.matched.append((row, self._routine(row)))
                continue
            if row.object_type not in _KINDS:
                return False
            told = self._dropped(row) if row.change_type == "DROP" else self._there(i, row)
            if told is None:
                return False
            self.matched.append((row, told))
        for difference in self._differences:
            if _place_of(difference.object) in self._standing:
                difference.taken = True
            elif difference.path in self._gone and difference.new is not None:
                # It was made again, without a row, as the index of a key is.
                difference.old = None
            elif difference.path in self._gone:
                difference.taken = True
        return True

    def _routine(self, row: HistoryRow) -> Difference | None:
        """What a row of a routine tells of; nothing where the code made it again as it was."""
        found = next((d for d in self._differences if not d.taken and self._is_about(row, d)), None)
        if found is not None:
            found.taken = True
        return found

    def _dropped(self, row: HistoryRow) -> Difference | None:
        place = _place(row)
        found = self._standing.pop(place, None) or self._before(place)
        if found is None:
            return None
        path = qualified_identity(row.object_schema, row.name)
        self._gone.add(path)
        return Difference(path, found, None, True)

    def _there(self, i: int, row: HistoryRow) -> Difference | None:
        if row.oid is None:
            return None
        last = max(j for j, r in enumerate(self._rows) if r.oid == row.oid and r.change_type != "DROP")
        end = _place(self._rows[last])
        drops = [
            j for j, r in enumerate(self._rows) if j > last and r.change_type == "DROP" and _place(r) == end
        ]
        place, path = _place(row), qualified_identity(row.object_schema, row.name)
        found = self._after(end) if not drops else None
        is_left = found is not None
        before = self._where.get(row.oid)
        if before is None and row.oid in self._earlier:
            before = _place(self._earlier[row.oid])
        if found is None and before is not None:
            found = self._standing.get(before) or self._before(before)
        if found is None:
            found, is_left = self._after(end), True
        if found is None:
            return None
        if before is not None and before != place:
            old = self._standing.pop(before, None) or self._before(before)
            if old is not None:
                gone = qualified_identity(before[1], before[2])
                self._gone.add(gone)
                self.vanished[i] = Difference(gone, old, None, True)
        between = i != last or bool(drops)
        if between:
            found = _renamed(found, row)
            if row.object_type == "TABLE" and row.columns:
                told = [r.columns for r in self._rows[: last + 1] if r.oid == row.oid and r.columns]
                left = told[-1] if is_left else self._told.get(row.oid, {})
                self._told[row.oid] = row.columns
                definition = _with_columns(found.definition, row.columns, left, *self._before_code(row.oid))
                if definition is None:
                    return None
                found = replace(found, definition=definition)
        old = self._standing.get(place)
        self._standing[place] = found
        self._where[row.oid] = place
        return Difference(path, old, found, True, between)

    def _before_code(self, oid: int) -> tuple[list[str], Columns]:
        """How the columns of a table were before the code: as elements of its definition, and as recorded."""
        earlier = self._earlier.get(oid)
        old = self._before(_place(earlier)) if earlier is not None else None
        if earlier is None or old is None:
            return [], {}
        return elements(old.definition)[1], earlier.columns or {}

    def _after(self, place: _Place) -> DatabaseObject | None:
        return next(
            (d.new for d in self._differences if d.new is not None and _place_of(d.new) == place), None
        )

    def _before(self, place: _Place) -> DatabaseObject | None:
        return next(
            (
                d.old
                for d in self._differences
                if d.old is not None and _place_of(d.old) == place and d.path not in self._gone
            ),
            None,
        )


def in_between(row: HistoryRow) -> Repair:
    """Why a row of code is told by what the code left: it ran as a whole."""
    return Repair(
        ROWS_OF_CODE, "", f"by row {row.version_id} the code had not ended: the object is that of its oid"
    )


def _place(row: HistoryRow) -> _Place:
    return row.object_type, row.object_schema, row.name


def _place_of(found: DatabaseObject) -> _Place:
    kind = next((k for k in _KINDS if same_type(k, found.object_type)), found.object_type)
    return kind, found.object_schema, found.object_name


def _renamed(found: DatabaseObject, row: HistoryRow) -> DatabaseObject:
    """The object under the name that it had by a row."""
    if (found.object_schema, found.object_name) == (row.object_schema, row.name):
        return found
    identity = qualified_identity(row.object_schema, row.name)
    if found.object_type == "INDEX":
        now, then = f" INDEX {found.object_name} ON ", f" INDEX {identity.rsplit('.', 1)[-1]} ON "
        definition = found.definition.replace(now, then, 1)
    else:
        pattern = rf'(?<![\w"]){re.escape(found.object_identity)}(?![\w"$])'
        definition = re.sub(pattern, lambda _: identity, found.definition)
    return replace(found, object_name=row.name, object_identity=identity, definition=definition)


def _typed(fact: Mapping[str, Any]) -> tuple[Any, Any]:
    return fact.get("type"), fact.get("default")


def _with_columns(
    definition: str, columns: Columns, left: Columns, older: Sequence[str], earlier: Columns
) -> str | None:
    """The definition of a table with the columns that a row recorded, in so far as it does not have them; None where
    nothing says how one is written.

    `left`: what a row recorded of the columns that it has; `older` and `earlier`: the columns as they were before.
    """
    kept = [name for name, _ in column_types(definition)]
    if not kept:
        return definition
    head, lines, checks, tail = elements(definition)
    now, then = ({column_name(line): line for line in some} for some in (lines, older))
    body = []
    for name in ordered(columns):
        states = [(now.get(name), left.get(name)), (then.get(name), earlier.get(name))]
        body.append(
            _as_recorded(name, columns[name], [(line, fact) for line, fact in states if line is not None])
        )
    if body == lines:
        return definition
    if None in body:
        return None
    lost = set(kept) - set(columns)
    before, _, rest = in_parts(definition)
    if any(
        re.search(rf'(?<!\w)"?{re.escape(name)}"?(?!\w)', part) for name in lost for part in (*checks, rest)
    ):
        rest, checks = "", []
    return before + table_of(head, [*filter(None, body), *checks], tail) + rest


def _as_recorded(
    name: str, fact: Mapping[str, Any], known: Sequence[tuple[str, Mapping[str, Any] | None]]
) -> str | None:
    """A column as a row recorded it, given how it was written at other times and what was recorded then."""
    is_not_null = not fact.get("nullable", True)
    for line, other in known:
        if other is None or _typed(other) == _typed(fact):
            return with_not_null(line, is_not_null)
    udt, default = _typed(fact)
    kind = next(
        (type_of(line) for line, other in known if other and other.get("type") == udt), printed_type(str(udt))
    )
    source = next((line for line, other in known if other and other.get("default") == default), None)
    if kind is None or (
        source is None and default is not None and _PRINTED_DEFAULT.fullmatch(default) is None
    ):
        return None
    if source is None:
        source = without_default(known[0][0]) if known else f"{quote_if_needed(name)} {kind}"
        source = with_not_null(source, False) + (f" DEFAULT {default}" if default is not None else "")
    return with_not_null(with_type(source, kind), is_not_null)
