"""What columns of a database are as a rule: for one that is gone, of which the catalog keeps its place and its shape.

As live columns of its name and shape are, or else as those of its shape; where the catalog tells the whole shape and no
live one has it, a type that has it. All of it is likelihood, so what rests on it is `repaired`.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    column_name,
    column_types,
    elements,
    quote_if_needed,
    with_not_null,
    without_default,
)
from pggit_audit.moments import Column, Moments, Shape

# What stands for a type where no live column has its length and alignment (pg_type.typlen, typalign).
_USUAL = {
    (1, "c"): "boolean", (2, "s"): "smallint", (4, "i"): "integer", (8, "d"): "bigint", (16, "c"): "uuid",
    (16, "d"): "interval", (12, "d"): "time with time zone", (64, "c"): "name", (-1, "i"): "text",
    (-1, "d"): "double precision[]",
}  # fmt: skip
# What a few columns tell of others only where they are more, and what is likelier until then.
_RARE = {"boolean DEFAULT true NOT NULL": "boolean DEFAULT false NOT NULL"}
_MANY = 3
# Columns to a word: a type with more has names of its own.
_FEW = 4
_WORDS = re.compile(r"[A-Z]?[^\W_A-Z]+|[A-Z]+(?![^\W_A-Z])")
# What varlena's header takes of a modifier, and what of numeric's is the scale (numeric.c).
_HEADER, _SCALE = 4, 2048


@dataclass(frozen=True)
class _Known:
    """A live column: its name, its type, the rest of its element behind the name, whether it came behind its table."""

    name: str
    kind: str
    rest: str
    is_later: bool


class UsualColumns:
    """The live columns, by their shapes."""

    def __init__(self, live: Iterable[DatabaseObject], moments: Moments) -> None:
        self._known: dict[Any, list[_Known]] = defaultdict(list)
        self.layouts: dict[str, tuple[int, str]] = {}
        for table in live:
            columns = moments.columns(table.object_identity) if table.object_type == "TABLE" else []
            by_name = {c.name: c for c in columns if not c.dropped}
            end = last_of_create(columns)
            kinds = dict(column_types(table.definition)) if by_name else {}
            for line in elements(table.definition)[1] if kinds else ():
                name = column_name(line)
                column = by_name.get(name)
                if column is None or name not in kinds:
                    continue
                self.layouts[kinds[name]] = column.layout
                known = _Known(name, kinds[name], _rest(line, name), column.place > end)
                self._known[column.layout].append(known)
                if column.shape is not None:
                    self._known[column.layout, column.shape].append(known)

    def like(self, column: Column, name: str | None, columns: Collection[Column]) -> str | None:
        """What most likely stood behind a column's name; None where nothing tells.

        Args:
            name: what it was called, where a text says it.
            columns: all of its table.
        """
        same = self._known.get((column.layout, column.shape), []) if column.shape is not None else []
        alike = self._known.get(column.layout, []) if column.shape is None else same
        named = [k for k in alike if k.name == name]
        if named:
            return _most(named)
        is_later = column.place > last_of_create(columns)
        told = None if column.shape is None else _of_shape(column.layout, column.shape)
        for group in (same, () if told else self._known.get(column.layout, ())):
            own = [k for k in group if "." not in k.kind and '"' not in k.kind]
            own = _called_alike(own, name) or own
            if own:
                kind = Counter(k.kind for k in own).most_common(1)[0][0]
                of_kind = [k for k in own if k.kind == kind]
                found = _most([k for k in of_kind if k.is_later == is_later] or of_kind)
                is_rare = found in _RARE and sum(k.rest == found for k in of_kind) < _MANY
                return _RARE[found] if is_rare else found
        return told or _USUAL.get(column.layout)

    def has_name(self, column: Column, name: str) -> bool:
        """Whether a live column of the name is as long and aligned as a column."""
        return any(k.name == name for k in self._known.get(column.layout, ()))


def last_of_create(columns: Collection[Column]) -> int:
    """The last place of the columns that a table most likely came with.

    Columns come in the order of their places. So one that was written behind what is at a later place was written again
    since, and when it came is open; the first of the others that is younger than the oldest came behind the table.
    """
    later, earliest = max((c.place for c in columns), default=0) + 1, None
    live = [(c.place, c.transaction) for c in columns if not c.dropped and c.transaction is not None]
    oldest = min((written for _, written in live), default=0)
    for place, written in sorted(live, reverse=True):
        if earliest is None or written <= earliest:
            earliest = written
            later = place if written > oldest else later
    return later - 1


def _rest(line: str, name: str) -> str:
    """An element without its name; not from which sequence it takes its values, nor what its NOT NULL is called: these
    are the table's own."""
    if "nextval(" in line:
        line = without_default(line)
    if line.endswith(" NOT NULL"):
        line = with_not_null(with_not_null(line, False), True)
    rest = line.removeprefix(quote_if_needed(name)).strip()
    kind, generated, _ = rest.partition(" GENERATED ")
    return kind if generated else rest


def _most(known: Iterable[_Known]) -> str:
    return Counter(k.rest for k in known).most_common(1)[0][0]


def _called_alike(known: Sequence[_Known], name: str | None) -> list[_Known]:
    """Those whose names have the same last word; else those of which the name is not one of their kind: a type whose
    columns nearly all end in a few words (`...At`) is not that of another."""
    if name is None:
        return []
    last = _last_word(name)
    same = [k for k in known if _last_word(k.name) == last]
    if same:
        return same
    words: dict[str, Counter[str]] = defaultdict(Counter)
    for column in known:
        words[column.kind][_last_word(column.name)] += 1
    told = {kind for kind, ends in words.items() if sum(ends.values()) >= _FEW * len(ends)}
    return [k for k in known if k.kind not in told]


def _last_word(name: str) -> str:
    """`createdAt`, `created_at`: at."""
    return _WORDS.findall(name)[-1].lower() if _WORDS.search(name) else name


def _of_shape(layout: tuple[int, str], shape: Shape) -> str | None:
    """A type of PostgreSQL's own that has a shape; None where it is one of many."""
    length, _ = layout
    if length != -1:
        return None
    kind: str | None = None
    if shape.has_collation:
        kind = f"character varying({shape.modifier - _HEADER})" if shape.modifier > _HEADER else "text"
    elif shape.storage == "m" and shape.modifier >= _HEADER:
        digits = shape.modifier - _HEADER
        kind = f"numeric({digits >> 16},{digits % _SCALE})"
    elif shape.storage == "m":
        kind = "numeric"
    elif not shape.is_array:
        kind = "jsonb"
    return f"{kind}[]" if kind and shape.is_array else kind
