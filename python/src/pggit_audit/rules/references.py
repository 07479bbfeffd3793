"""What columns refer to, in texts and live: of each, and as a rule."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import column_types, constraints, parse_name
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import DOTTED, NAME, QUOTED
from pggit_audit.rules.type_changes import columns_that_refer, columns_written
from pggit_audit.statements import Name, Statement, cut, unquote

_REFERS = re.compile(
    rf"\bforeign\s+key\s*\(\s*({NAME})\s*\)\s*(references\s[^(,;]+\([^)]*\)[^,;)]*)", re.IGNORECASE
)
# As PostgreSQL prints it.
_KEY_OF_ONE = re.compile(rf"FOREIGN KEY \(({QUOTED}|[\w$]+)\) REFERENCES ({DOTTED})\(({QUOTED}|[\w$]+)\)")
# As `_plain` writes it: the table, its columns if they are named, and what happens.
_PARTS = re.compile(
    rf"references (?P<table>{DOTTED})(?P<key>(?:\([^)]*\))?)(?P<happens>(?:\s.*)?)",
    re.IGNORECASE | re.DOTALL,
)
_WAYS = (
    "{table}_{column}_fkey",
    "{table}_{column}_{other}_{key}_fk",
    "{table}_{column}_fk",
    "fk_{table}_{column}",
    "FK_{table}_{column}",
)
MANY = 3
"""Of so many tables one learns what the team does."""
MOST = 0.8
"""And so large a part of those that may do it does."""


def references(statement: Statement) -> Iterator[tuple[str, str]]:
    """The foreign keys on one column each that a statement makes: the column, and what it refers to, as one writes."""
    for column, refers in _REFERS.findall(statement.folded) if statement.targets else ():
        yield unquote(column), _plain(refers)


def ends(live: Iterable[DatabaseObject]) -> dict[tuple[Name, str], set[tuple[Name, str]]]:
    """By tables and columns, those at the other ends of live foreign keys on one column."""
    found: dict[tuple[Name, str], set[tuple[Name, str]]] = {}
    for table in live:
        for body in constraints(table.definition).values() if table.object_type == "TABLE" else ():
            match = _KEY_OF_ONE.match(body)
            if match is not None:
                ours: Name = (table.object_schema, table.object_name)
                pair = (ours, unquote(match[1])), (parse_name(match[2]), unquote(match[3]))
                found.setdefault(pair[0], set()).add(pair[1])
                found.setdefault(pair[1], set()).add(pair[0])
    return found


def usual(rows: Iterable[HistoryRow], live: Iterable[DatabaseObject]) -> dict[str, str]:
    """By the names of columns that refer to one thing in four of five tables that have one, three at least, what that
    is, and what happens there as a rule; without that where it differs, if not all say it."""
    said: dict[str, dict[str, str]] = {}
    having: dict[str, set[str]] = {}
    for row in rows:
        for s in row.statements if not row.exclusion_reason else ():
            if s.tag not in ("CREATE TABLE", "ALTER TABLE") or not s.targets:
                continue
            table = s.targets[0][1]
            for column, _ in columns_written(s) if s.tag == "CREATE TABLE" else ():
                having.setdefault(column, set()).add(table)
            for column, refers in (*references(s), *columns_that_refer(s)):
                said.setdefault(column, {}).setdefault(table, _plain(refers))
    for other in live:
        if other.object_type == "TABLE":
            for column, _ in column_types(other.definition):
                having.setdefault(column, set()).add(other.object_name)
            for body in constraints(other.definition).values():
                for column, refers in _REFERS.findall(body):
                    said.setdefault(unquote(column), {}).setdefault(other.object_name, _plain(refers))
    found = {
        column: _most([*told.values()], MOST * len(having.get(column, set()) | told.keys()))
        for column, told in said.items()
        if len(told) >= MANY
    }
    return {column: refers for column, refers in found.items() if refers is not None}


def way_of_names(live: Iterable[DatabaseObject]) -> str:
    """How most live foreign keys on one column are called after both their ends; if none is, as PostgreSQL does it."""
    found: Counter[str] = Counter()
    for table in live:
        for name, body in constraints(table.definition).items() if table.object_type == "TABLE" else ():
            match = _KEY_OF_ONE.match(body)
            if match is not None:
                column, other, key = unquote(match[1]), parse_name(match[2])[1], unquote(match[3])
                found.update(
                    way for way in _WAYS if _called(way, table.object_name, column, other, key) == name
                )
    return found.most_common(1)[0][0] if found else _WAYS[0]


def name_of(way: str, table: str, column: str, refers: str) -> str:
    """What a foreign key is called that says so much, in one of the ways."""
    match = _PARTS.fullmatch(refers)
    if match is None or not match["key"]:
        return _called(_WAYS[0], table, column)
    return _called(way, table, column, parse_name(match["table"])[1], unquote(match["key"][1:-1]))


def _called(way: str, table: str, column: str, other: str = "", key: str = "") -> str:
    return cut(way.format(table=table, column=column, other=other, key=key))


def _most(told: Sequence[str], least: float) -> str | None:
    """What so many refer to, at the least, and what happens as most of them say it; without that where they differ in
    it and not all say it. Where one names no column, it means that of the others."""
    parts = [match for refers in told if (match := _PARTS.fullmatch(refers)) is not None]
    named = {_bare(m["table"]): _bare(m["key"]) for m in parts if m["key"]}
    targets = [(_bare(m["table"]), _bare(m["key"]) or named.get(_bare(m["table"]), "")) for m in parts]
    target, times = Counter(targets).most_common(1)[0] if targets else (None, 0)
    if times < least:
        return None
    same = [m for m, to in zip(parts, targets, strict=True) if to == target]
    spelled = next((m for m in same if m["key"]), same[0])
    refers = f"references {spelled['table']}{spelled['key']}"
    happens = Counter(m["happens"].lower() for m in same)
    if len(happens) > 1 and not all(" on delete " in each for each in happens):
        return refers
    usual = happens.most_common(1)[0][0]
    return refers + next(m["happens"] for m in same if m["happens"].lower() == usual)


def _bare(spelled: str) -> str:
    return spelled.replace('"', "")


def _plain(refers: str) -> str:
    """What a foreign key refers to, as one compares it."""
    text = re.sub(r"\s*([()])\s*", r"\1", " ".join(refers.split())).replace(")", ") ").strip()
    return re.sub(r"^references (?:public\.)?", "references ", text, flags=re.IGNORECASE)
