"""The team's own queries that call v1: from its source and its database, with values in place of their parameters."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from sqlglot import Token, TokenType
from sqlglot.errors import TokenError

from pggit_audit.night.preflight.calls import Call, CallTable
from pggit_audit.night.preflight.code import Hit, scan
from pggit_audit.night.preflight.rewrite import arguments
from pggit_audit.night.preflight.tokens import name, tokenize, word
from pggit_audit.night.preflight.uses import uses_of_v1

QUERIES = ("view", "materialized view", "statement")
"""The kinds of objects in a database whose text is a query that can be run by itself."""
_VERBS = ("SELECT", "WITH", "VALUES", "TABLE", "(")


@dataclass(frozen=True)
class OwnQuery:
    """A query of the team's that calls v1.

    Attributes:
        place: a file with its line, or an object of the database.
        old: as it is.
        new: as `--fix` writes it; empty where that is not certain.
        reason: why it cannot be compared; empty where it can.

    """

    place: str
    old: str
    new: str
    reason: str = ""

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Bound:
    """A query with values in it, old and new, and the calls that it makes with their arguments as SQL."""

    old: str
    new: str
    calls: list[tuple[Call, dict[str, sql.Composable]]]


class Unbound(Exception):
    """Why a query has no values for its parameters; the message says it."""


def of_code(folders: Iterable[Path], table: CallTable) -> list[OwnQuery]:
    """Return the queries of an application's source. Raises as `scan`."""
    found = []
    for folder in folders:
        hits = scan(folder, table).hits
        for (file, statement), group in groupby(hits, lambda hit: (hit.file, hit.statement)):
            found.append(_of_hits(f"{file}:{{}}", statement, list(group)))
    return found


def of_database(
    connection: psycopg.Connection[Any], table: CallTable, kinds: Sequence[str] = QUERIES
) -> list[OwnQuery]:
    """Return the queries of views, and the statements that pg_stat_statements has counted."""
    uses = [use for use in uses_of_v1(connection, table).uses if use.object_type in kinds and use.statement]
    found = []
    for (thing, statement), group in groupby(uses, lambda use: (use.object, use.statement)):
        members = list(group)
        kind = "" if members[0].object_type == "statement" else f"{members[0].object_type} "
        new, reason = _whole([(use.rewritten, use.use.reason, use.use.class_) for use in members])
        found.append(OwnQuery(f"{kind}{thing}", statement, new, reason or _no_query(statement)))
    return found


def _of_hits(place: str, statement: str, hits: list[Hit]) -> OwnQuery:
    new, reason = _whole([(hit.rewritten, hit.use.reason, hit.use.class_) for hit in hits])
    return OwnQuery(place.format(hits[0].line), statement, new, reason or _no_query(statement))


def _whole(parts: Sequence[tuple[str | None, str, str]]) -> tuple[str, str]:
    """The new statement where all its calls are rewritten; else why not."""
    for rewritten, reason, class_ in parts:
        if rewritten is None:
            return "", reason or f"it is {class_.replace('_', ' ')}: no query takes its place for certain"
    return parts[0][0] or "", ""


def _no_query(statement: str) -> str:
    try:
        first = word(tokenize(statement), 0)
    except TokenError:
        first = ""
    return "" if first in _VERBS else "it is no query by itself"


def bound(query: OwnQuery, table: CallTable, values: Mapping[str, Any]) -> Bound:
    """Put values in place of a query's parameters.

    A parameter of the query gets the value of the v1 call's parameter that it is handed to.

    Args:
        query: one that can be compared.
        table: v1's calls.
        values: by the names of v1's parameters: an object's name, a limit.

    Raises:
        Unbound: a parameter of it is for something else.

    """
    calls = arguments(query.old, table)
    by_key: dict[str, str] = {}
    for start, end, key in placeholders(query.old):
        owner = next(
            (
                parameter
                for _, given in calls
                for parameter, place in given.items()
                if not isinstance(place, str) and place[0] <= start and end <= place[1]
            ),
            None,
        )
        if owner is None or owner not in values:
            raise Unbound(f"its parameter {query.old[start:end]} is for something else than a call of v1")
        literal = _literal(values[owner])
        if by_key.setdefault(key, literal) != literal:
            raise Unbound(f"its parameter {query.old[start:end]} is for several things at once")
    old = _filled(query.old, by_key)
    made: list[tuple[Call, dict[str, sql.Composable]]] = [
        (call, {n: sql.SQL(p if isinstance(p, str) else old[slice(*p)]) for n, p in given.items()})
        for call, given in arguments(old, table)
    ]
    return Bound(old, _filled(query.new, by_key), made)


def _literal(value: Any) -> str:
    return str(value) if isinstance(value, int) else "'" + str(value).replace("'", "''") + "'"


def _filled(text: str, by_key: Mapping[str, str]) -> str:
    for start, end, key in reversed(placeholders(text)):
        text = text[:start] + by_key[key] + text[end:]
    return text.rstrip().rstrip(";")


def placeholders(text: str) -> list[tuple[int, int, str]]:
    """Return where a driver puts values in: `$1`, `%s`, `%(name)s`, `:name`, `@name`, `?`, each with what names it."""
    tokens = tokenize(text)
    found: list[tuple[int, int, str]] = []
    for i, token in enumerate(tokens):
        last = i
        if token.token_type == TokenType.PLACEHOLDER:
            key = ""
        elif token.token_type in (TokenType.PARAMETER, TokenType.COLON) and _touch(tokens, i, 1):
            last, key = i + 1, tokens[i + 1].text
        elif token.token_type == TokenType.MOD and word(tokens, i + 1) == "(" and word(tokens, i + 4) == "S":
            last, key = i + 4, tokens[i + 2].text
        elif (
            token.token_type == TokenType.MOD
            and word(tokens, i + 1) in ("S", "B", "T")
            and _touch(tokens, i, 1)
        ):
            last, key = i + 1, ""
        else:
            continue
        found.append((token.start, tokens[last].end + 1, key or f"number {len(found)}"))
    return found


def _touch(tokens: Sequence[Token], i: int, count: int) -> bool:
    return i + count < len(tokens) and tokens[i + count].start == tokens[i].end + 1


def acts(connection: psycopg.Connection[Any], query: str, schema: str) -> list[str]:
    """Return the functions that a query calls and that may have effects: nobody knows who wrote it.

    The server's catalog says which are volatile. v1's own are asked for; what they write, a read-only transaction
    refuses.
    """
    tokens = tokenize(query)
    called = {
        found
        for i, _ in enumerate(tokens)
        if word(tokens, i + 1) == "("
        and (found := name(tokens, i)) is not None
        and not (word(tokens, i - 1) == "." and name(tokens, i - 2) == schema)
    }
    rows = connection.execute(
        "select distinct proname::text from pg_catalog.pg_proc"
        " where proname = any (%s) and provolatile = 'v' order by 1",
        (list(called),),
    ).fetchall()
    return [proname for (proname,) in rows]
