"""What type columns had before a text gave them another one: of a table with a quoted name v1 records none
(FORMATS 1.9)."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from pggit_audit.history import HistoryRow
from pggit_audit.statements import Statement

# What may stand behind a column's type.
_BEHIND_TYPE = {
    "NOT", "NULL", "DEFAULT", "CONSTRAINT", "PRIMARY KEY", "UNIQUE", "REFERENCES", "CHECK", "GENERATED", "COLLATE",
    "USING",
}  # fmt: skip
_NO_COLUMN = {"CONSTRAINT", "PRIMARY KEY", "UNIQUE", "FOREIGN KEY", "CHECK", "EXCLUDE", "LIKE"}
# PostgreSQL's own functions of an array (pg_proc.proargtypes).
_OF_ARRAYS = {
    "array_dims", "array_length", "array_lower", "array_ndims", "array_position", "array_to_json", "array_to_string",
    "array_upper", "cardinality", "unnest",
}  # fmt: skip
# And what others of its own take as their first argument: a number of seconds or a text, a text, bytes.
_OF_NUMBERS = {"to_timestamp"}
_OF_TEXTS = {
    "btrim", "decode", "initcap", "lower", "ltrim", "regexp_replace", "regexp_split_to_array", "replace", "rtrim",
    "split_part", "string_to_array", "to_date", "to_number", "to_timestamp", "trim", "upper",
}  # fmt: skip
_MOMENT = re.compile(r"timestamp(?P<tz>tz)?\s*(?P<digits>\(\d\))?(?P<zone>\s+with(?:out)?\s+time\s+zone)?")


class TypeChanges:
    """The types that recorded texts gave to columns of which texts say what they had before."""

    def __init__(self, rows: Iterable[HistoryRow]) -> None:
        self._of_name: dict[tuple[str, str], set[str]] = defaultdict(set)
        self._of_all: dict[str, set[str]] = defaultdict(set)
        self._first: dict[tuple[str, str], tuple[str, str | None]] = {}
        types: dict[tuple[str, str], str] = {}
        seen: set[tuple[str, int]] = set()
        for row in rows:
            if row.exclusion_reason or row.execution in seen:
                continue
            seen.add(row.execution)
            for statement in row.statements:
                self._read(statement, types)

    def _read(self, statement: Statement, types: dict[tuple[str, str], str]) -> None:
        if not statement.targets:
            return
        table = statement.targets[0][1]
        if statement.tag == "CREATE TABLE":
            for name, kind in columns_written(statement):
                types[table, name] = kind.removesuffix(" NOT NULL")
        for name, kind in _added(statement):
            types[table, name] = kind
        for name, kind in retyped(statement):
            before = types.get((table, name))
            self._first.setdefault((table, name), (kind, before))
            if before is not None and before != kind:
                self._of_name[name, kind].add(before)
                self._of_all[kind].add(before)
            types[table, name] = kind

    def earlier(self, table: str, name: str, kind: str) -> str | None:
        """The type that a live column had before all texts: `kind`, unless one changed it; None where that is open."""
        if (table, name) not in self._first:
            return kind
        changed, before = self._first[table, name]
        return before or self.before(name, changed)

    def before(self, name: str, kind: str) -> str | None:
        """The type that a column of this name most likely had when a text gave it the type `kind`.

        That which other columns of the name had when a text gave them this one, or else all columns that texts gave
        this one; where texts tell of none, a moment was one without a time zone, or with, and a bigint or a smallint an
        integer.
        """
        for found in (self._of_name.get((name, kind), ()), self._of_all.get(kind, ())):
            if len(found) == 1:
                return next(iter(found))
            if found:
                return None
        match = _MOMENT.fullmatch(kind)
        if match is None:
            return "integer" if kind in ("bigint", "int8", "smallint", "int2") else None
        has_zone = match["tz"] or (match["zone"] or "").split()[:1] == ["with"]
        return ("timestamp" if has_zone else "timestamptz") + (match["digits"] or "")


def retyped(statement: Statement) -> Iterator[tuple[str, str]]:
    """The columns whose type an ALTER TABLE changes: the name of each, and the type that it gets, as one writes it."""
    for column, begin, end in _retyping(statement):
        yield column, _type(statement, begin, end)


def restated(statement: Statement) -> set[str]:
    """The columns whose NOT NULL an ALTER TABLE says again behind the change of their type, as what changes a column in
    other databases does: it does not tell what becomes of a null."""
    changed, found = set[str](), set[str]()
    for begin, end in _actions(statement):
        at = begin + (2 if statement.keywords[begin + 1 : begin + 2] == ("COLUMN",) else 1)
        if statement.keywords[begin] != "ALTER" or at >= end:
            continue
        column, does = statement.words[at], statement.keywords[at + 1 : end]
        if does[:1] == ("TYPE",) or does[:3] == ("SET", "DATA", "TYPE"):
            if "USING" not in does:
                changed.add(column)
        elif does == ("SET", "NOT", "NULL"):
            found |= {column} & changed
    return found


def said_by_using(statement: Statement) -> Iterator[tuple[str, str]]:
    """The columns of which an ALTER TABLE that changes their types says what they were: the name of each, and the type
    that it had.

    An array, or none, if its elements, or it as one, are of the new type; what a function of PostgreSQL's own takes.
    """
    for column, begin, end in _retyping(statement):
        using = next((i for i in range(begin + 1, end) if statement.keywords[i] == "USING"), end)
        behind = [word for word in statement.words[using + 1 : end] if word != "("]
        kind = _type(statement, begin, using)
        if kind.endswith("]"):
            if behind[:3] == ["array", "[", column]:
                yield column, kind.removesuffix("[]")
        elif behind[:2] == [column, "["] or (behind[1:2] == [column] and behind[0] in _OF_ARRAYS):
            yield column, f"{kind}[]"
        elif (taken := _taken(statement.words[using:end], column)) is not None:
            yield column, taken


def _taken(words: Sequence[str], column: str) -> str | None:
    """What type a function that gets a column by itself says that it has."""
    for i in range(1, len(words) - 2):
        if words[i] == "(" and words[i + 1] == column:
            name, behind = words[i - 1], words[i + 2]
            if name in _OF_NUMBERS and behind == ")":
                return "integer"
            if name in _OF_TEXTS and (behind == "," or name not in _OF_NUMBERS):
                return "text"
    return None


def without_expressions(statement: Statement) -> str | None:
    """An ALTER TABLE that changes the types of columns, for a table without rows: whatever these had before; None
    where it changes none."""
    first = statement.tokens[0].start if statement.tokens else 0
    text, until = "", 0
    for _, begin, end in _retyping(statement):
        using = next((i for i in range(begin + 1, end) if statement.keywords[i] == "USING"), end)
        text += statement.text[until : statement.tokens[using - 1].end + 1 - first] + " USING NULL"
        until = statement.tokens[end - 1].end + 1 - first
    return text + statement.text[until:] if until else None


def _retyping(statement: Statement) -> Iterator[tuple[str, int, int]]:
    """The columns whose type an ALTER TABLE changes: the name of each, where its type begins, where the action ends."""
    for begin, end in _actions(statement):
        words = statement.keywords[begin:end]
        if words[0] != "ALTER":
            continue
        at = begin + (2 if words[1:2] == ("COLUMN",) else 1)
        kind = at + (3 if statement.keywords[at + 1 : at + 3] == ("SET", "DATA") else 1)
        if statement.keywords[kind : kind + 1] == ("TYPE",) and kind + 1 < end:
            yield statement.words[at], kind + 1, end


def _added(statement: Statement) -> Iterator[tuple[str, str]]:
    """The columns that an ALTER TABLE adds, with their types; not where one may have been there."""
    for begin, end in _actions(statement):
        words = statement.keywords[begin:end]
        at = begin + (2 if words[1:2] == ("COLUMN",) else 1)
        # A text may break off.
        if words[0] == "ADD" and at + 1 < end and statement.keywords[at] not in {"IF", *_NO_COLUMN}:
            yield statement.words[at], _type(statement, at + 1, end)


def _actions(statement: Statement) -> Iterator[tuple[int, int]]:
    """Where the actions of an ALTER TABLE stand: from the first token to before the one behind the last."""
    if statement.tag != "ALTER TABLE":
        return
    verbs = (i for i, k in enumerate(statement.keywords) if k in ("ADD", "ALTER", "DROP") and i > 1)
    begin = next(verbs, None)
    depth = 0
    for i, word in enumerate(statement.words):
        depth += (word == "(") - (word == ")")
        if begin is not None and i > begin and depth == 0 and word in (",", ";"):
            yield begin, i
            begin = i + 1
    if begin is not None and begin < len(statement.words):
        yield begin, len(statement.words)


def _type(statement: Statement, begin: int, end: int) -> str:
    """The type that stands there, as one writes it."""
    keywords = statement.keywords[begin:end]
    behind = next((n for n, k in enumerate(keywords) if n and k in _BEHIND_TYPE), len(keywords))
    return _text(statement, begin, begin + behind)


def _text(statement: Statement, begin: int, end: int) -> str:
    first = statement.tokens[0].start
    text = statement.text[statement.tokens[begin].start - first : statement.tokens[end - 1].end + 1 - first]
    return text if '"' in text else text.lower()


def columns_written(statement: Statement) -> Iterator[tuple[str, str]]:
    """The columns in the parentheses of a CREATE TABLE: the name of each, and its type with NOT NULL."""
    for begin, end in _elements(statement):
        keywords = statement.keywords[begin:end]
        behind = next((n for n, k in enumerate(keywords) if k in _BEHIND_TYPE), len(keywords))
        if behind > 1 and keywords[0] not in _NO_COLUMN:
            kind = _text(statement, begin + 1, begin + behind)
            required = ("NOT", "NULL") in pairwise(keywords)
            yield statement.words[begin], kind + (" NOT NULL" if required else "")


def columns_made(statement: Statement) -> Iterator[tuple[str, str]]:
    """The columns that a CREATE TABLE or an ALTER TABLE makes: the name of each, and its type, as one writes it."""
    if statement.tag == "CREATE TABLE":
        yield from ((name, kind.removesuffix(" NOT NULL")) for name, kind in columns_written(statement))
    yield from _added(statement)


def columns_that_refer(statement: Statement) -> Iterator[tuple[str, str]]:
    """The columns that a CREATE TABLE or an ALTER TABLE makes and that refer to something by themselves: the name of
    each, and to what, as one writes."""
    places = list(_elements(statement)) if statement.tag == "CREATE TABLE" else []
    for begin, end in _actions(statement):
        at = begin + (2 if statement.keywords[begin + 1 : begin + 2] == ("COLUMN",) else 1)
        if statement.keywords[begin] == "ADD" and at + 1 < end and statement.keywords[at] != "IF":
            places.append((at, end))
    for begin, end in places:
        keywords = statement.keywords[:end]
        if keywords[begin] in _NO_COLUMN or "REFERENCES" not in keywords[begin:]:
            continue
        refers = begin + keywords[begin:].index("REFERENCES")
        behind = (
            i for i in range(refers + 2, end) if keywords[i] in _BEHIND_TYPE and keywords[i - 1] != "SET"
        )
        yield statement.words[begin], _text(statement, refers, next(behind, end))


def _elements(statement: Statement) -> Iterator[tuple[int, int]]:
    """Where the elements of a CREATE TABLE stand: from the first token to before the one behind the last."""
    depth, begin = 0, None
    for i, word in enumerate(statement.words):
        if word == "(" and depth == 0 and begin is not None:
            return
        depth += (word == "(") - (word == ")")
        if begin is None:
            begin = i + 1 if depth == 1 else None
        elif depth == 0 or (depth == 1 and word == ","):
            if i > begin:
                yield begin, i
            begin = i + 1
            if depth == 0:
                return
