"""What asks the clock, chance or the session is worked out when it runs: it gets what its row says.

Literals (`'now'`, `'today'`, `'tomorrow'`, `'yesterday'`), the bounds of a partition, and code. The time of a row is
that of its transaction, as the author's session wrote it (FORMATS 1.10), which is what they mean. Who asks is the row's
author. What no row says (numbers of transactions and processes, random ids) is made of the row's id, or of `random()`,
which the shadow seeds for each statement: so it is the same in each build.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

from sqlglot import Token, TokenType

from pggit_audit.catalog import DatabaseObject
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import SHORT, upper
from pggit_audit.rules import DEPENDS_ON_DATA
from pggit_audit.rules.other_words import (
    Cut,
    as_if,
    bodies,
    changed,
    literal,
    told_otherwise,
    with_routines,
)
from pggit_audit.rules.situation import Repair
from pggit_audit.statements import Statement

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_TYPES = {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}
_AS_TEXT = (["::", "TEXT"], ["::", "VARCHAR"], ["::", "CHARACTER VARYING"])
_KEYWORDS = {
    "CURRENT_DATE": "date", "CURRENT_TIMESTAMP": "timestamptz", "LOCALTIMESTAMP": "timestamp",
    "CURRENT_TIME": "timetz", "LOCALTIME": "time",
}  # fmt: skip
_FUNCTIONS = {"NOW", "CLOCK_TIMESTAMP", "STATEMENT_TIMESTAMP", "TRANSACTION_TIMESTAMP"}
_AUTHORS = {"CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"}
# Ids that random() can stand for, which is the same each time; numbers that the server counts.
_IDS = {"GEN_RANDOM_UUID", "UUID_GENERATE_V1", "UUID_GENERATE_V1MC", "UUID_GENERATE_V4", "UUIDV4", "UUIDV7"}
_PROCESS = "PG_BACKEND_PID"
_NUMBERS = {"TXID_CURRENT": "bigint", "PG_CURRENT_XACT_ID": "xid8", _PROCESS: "integer"}
# Code that has to do with processes means its own, not the row's number.
_OF_PROCESSES = {
    "PG_TERMINATE_BACKEND",
    "PG_CANCEL_BACKEND",
    "PG_STAT_ACTIVITY",
    "PG_LOCKS",
    "PG_BLOCKING_PIDS",
}
_LARGEST = (1 << 31) - 1
# What makes a text of its arguments. Elsewhere the author is compared, or acts: there the shadow's role counts.
_MAKES_TEXT = {"FORMAT", "CONCAT", "CONCAT_WS", "QUOTE_IDENT", "QUOTE_LITERAL"}
_RANDOM_ID = "(pg_catalog.md5(pg_catalog.random()::pg_catalog.text)::pg_catalog.uuid)"
_BYTES = "GEN_RANDOM_BYTES"
# An extension may live in any schema.
_OF_EXTENSIONS = {*_IDS, _BYTES}
# pgcrypto's own limit.
_MOST_BYTES = 1024
_ASKS = re.compile(
    rf"\b(?:{'|'.join([*_KEYWORDS, *_FUNCTIONS, *_AUTHORS, *_IDS, *_NUMBERS, _BYTES])})\b", re.IGNORECASE
)
_COMPARED = {"=", "<", ">", "<=", ">=", "<>", "!="}
# Behind these, code has a statement of its own.
_OPEN = {"BEGIN", "THEN", "ELSE", "LOOP"}
# What these make keeps its expressions as they are written.
_KEEPS = {"CREATE", "ALTER", "COMMENT"}


@dataclass(frozen=True)
class _Told:
    """What a row says of the moment at which its statement ran; None where it does not."""

    at: datetime | None
    author: str | None
    number: int


def asked(statement: Statement) -> list[int]:
    """The numbers of the tokens that ask the clock; where one is taken for text, it does not.

    One that is cast to a text asks when the expression is worked out: at once in the bounds of a partition only.
    """
    tokens, at_once = statement.tokens, "VALUES" in statement.keywords
    return [
        i
        for i, t in enumerate(tokens)
        if t.token_type == TokenType.STRING
        and word(t.text)
        and (at_once or [upper(n) for n in tokens[i + 1 : i + 3]] not in _AS_TEXT)
    ]


def word(text: str) -> str | None:
    """The word of a literal that asks the clock, if it is one."""
    said = text.strip().lower().removesuffix("()")
    return said if said == "now" or said in _DAYS else None


def as_of_row(
    statement: Statement,
    row: HistoryRow,
    routines: Iterable[DatabaseObject] = (),
    columns: Iterable[Mapping[str, Any]] = (),
) -> tuple[Repair | None, Repair | None]:
    """The statement with what its row says in place of what asks for it.

    Literals only where they are dates or times: by the statement's own words, or beside one of the `columns`.
    `routines` are those that code may call: for the while of the statement, their clock shows the time of the row.
    The second one does not know the author, for the shadow has no such role. None where nothing is asked.
    """
    if len(row.change_sql or "") > SHORT:
        return None, None
    at = row.created_at if isinstance(row.created_at, datetime) else None
    routines, columns = list(routines), list(columns)
    told = _Told(at, row.author, row.version_id)
    nobody = replace(told, author=None)
    return (
        _as_told(statement, row, told, routines, columns),
        _as_told(statement, row, nobody, routines, columns),
    )


def _as_told(
    statement: Statement,
    row: HistoryRow,
    says: _Told,
    routines: Iterable[DatabaseObject],
    columns: Iterable[Mapping[str, Any]],
) -> Repair | None:
    dated = {str(c["name"]) for c in columns if str(c["type"]).upper() in _TYPES}
    cuts = [*_literals(statement, says.at, dated)] if says.at is not None else []
    bound = next((i for i, w in enumerate(statement.keywords) if w == "FOR"), None)
    if statement.action == "code":
        cuts += _cuts(statement.tokens, says)
        cuts += bodies(statement, partial(_code_as_told, says=says))
    elif bound is not None and statement.keywords[bound + 1 : bound + 2] == ("VALUES",):
        cuts += _cuts(statement.tokens[bound:], says)
    text = told_otherwise(statement, cuts)
    if statement.action == "code" and statement.verb != "CALL":
        text = with_routines(text, [*as_if(routines, partial(_code_as_told, says=says))])
    why = f"row {row.version_id} is of {row.created_at}, which is what the statement calls now"
    if says.author is not None:
        why += f", and by {says.author}"
    return Repair(DEPENDS_ON_DATA, text, why, rewrite=True) if text != statement.text else None


def _literals(statement: Statement, at: datetime, dated: set[str]) -> Iterator[Cut]:
    dated = dated | {
        word for word, kind in zip(statement.words, statement.keywords[1:], strict=False) if kind in _TYPES
    }
    for i in asked(statement):
        if not _is_time(statement, i, dated):
            continue
        asks = word(statement.tokens[i].text) or "now"
        meant = at + timedelta(days=_DAYS.get(asks, 0))
        token = statement.tokens[i]
        yield token.start, token.end + 1, f"'{meant.date() if asks in _DAYS else meant}'"


def _is_time(statement: Statement, i: int, dated: set[str]) -> bool:
    """Whether a literal is a date or a time: cast, called so, compared with such a column, or its default."""
    around = ("", "", "", *statement.keywords, "", "")
    word = ("", "", "", *statement.words, "", "")
    _, second, first = around[i : i + 3]
    behind, next_one = around[i + 4 : i + 6]
    if first == "DEFAULT":
        return second in _TYPES or (second == "SET" and word[i] in dated)
    return (
        first in _TYPES
        or (behind == "::" and next_one in _TYPES)
        or (first in _COMPARED and word[i + 1] in dated)
        or (behind in _COMPARED and word[i + 5] in dated)
    )


def _cuts(tokens: Sequence[Token], says: _Told) -> Iterator[Cut]:
    """The calls that ask, and what they say; not within a statement that makes something of them."""
    begins, keeps = True, False
    words = [upper(t) for t in tokens]
    for i, (token, word) in enumerate(zip(tokens, words, strict=True)):
        if token.token_type == TokenType.SEMICOLON or word in _OPEN:
            begins, keeps = True, False
            continue
        keeps = keeps or (begins and word in _KEEPS)
        begins = False
        start = i
        if i > 1 and tokens[i - 1].token_type == TokenType.DOT:
            start = i - 2
            if tokens[start].text != "pg_catalog" and word not in _OF_EXTENSIONS:
                continue
        if keeps:
            continue
        if word in _AUTHORS and not _becomes_text(tokens, words, i, i):
            continue
        if word == _PROCESS and not (
            _OF_PROCESSES.isdisjoint(words)
            and (
                tokens[start - 1].token_type == TokenType.COLON_EQ
                or _becomes_text(tokens, words, start, i + 2)
            )
        ):
            continue
        called = [t.text for t in tokens[i + 1 : i + 4]]
        instead, behind = _said(word, called, says)
        if instead is not None:
            yield tokens[start].start, tokens[i + behind].end + 1, instead


def _becomes_text(tokens: Sequence[Token], words: Sequence[str], place: int, last: int) -> bool:
    """Whether the tokens of a call, from `place` to `last`, become part of a text: beside "||", or as an argument of
    what makes one."""
    if TokenType.DPIPE in {t.token_type for t in (*tokens[place - 1 : place], *tokens[last + 1 : last + 2])}:
        return True
    depth = 0
    for i in range(place - 1, 0, -1):
        kind = tokens[i].token_type
        depth += (kind == TokenType.R_PAREN) - (kind == TokenType.L_PAREN)
        if depth < 0:
            return words[i - 1] in _MAKES_TEXT
    return False


def _said(word: str, called: Sequence[str], says: _Told) -> tuple[str | None, int]:
    """What stands for a call, given the three tokens behind its name, and how many of them belong to it."""
    at = says.at
    instead, behind = None, 0
    if called[:2] == ["(", ")"]:
        behind = 2
        if word in _FUNCTIONS and at is not None:
            instead = f"('{at}'::timestamptz)"
        elif word in _IDS:
            instead = _RANDOM_ID
        elif word in _NUMBERS:
            number = says.number % _LARGEST if word == _PROCESS else says.number
            instead = f"('{number}'::{_NUMBERS[word]})"
    elif word == _BYTES and called[:1] == ["("] and called[2:] == [")"] and called[1].isdigit():
        count = min(int(called[1]), _MOST_BYTES)
        hexadecimal = (
            "(select pg_catalog.string_agg(pg_catalog.md5(pg_catalog.random()::pg_catalog.text), '')"
            f" from pg_catalog.generate_series(1, {count // 16 + 1}))"
        )
        instead, behind = f"(pg_catalog.decode(pg_catalog.left({hexadecimal}, {2 * count}), 'hex'))", 3
    elif word in _AUTHORS and says.author is not None:
        instead = f"({literal(says.author)}::name)"
    elif word in _KEYWORDS and at is not None:
        if called[:1] == ["("] and called[2:] == [")"]:
            instead, behind = f"('{_of(word, at)}'::{_KEYWORDS[word]}({called[1]}))", 3
        else:
            instead = f"('{_of(word, at)}'::{_KEYWORDS[word]})"
    return instead, behind


def _of(word: str, at: datetime) -> object:
    return at.date() if word == "CURRENT_DATE" else at.time() if word.endswith("TIME") else at


def _code_as_told(code: str, says: _Told) -> str | None:
    """The text of code with what the row says in place of what asks; None where nothing does, or it cannot be read."""
    return changed(code, lambda part: _cuts(part.tokens, says)) if _ASKS.search(code) else None
