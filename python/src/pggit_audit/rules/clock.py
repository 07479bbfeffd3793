"""What asks the clock is worked out when it runs: it gets the time of its row.

Literals (`'now'`, `'today'`, `'tomorrow'`, `'yesterday'`), the bounds of a partition, and code. The time of a row is
that of its transaction, as the author's session wrote it (FORMATS 1.10), which is what they mean.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any

from sqlglot import Token, TokenType
from sqlglot.errors import TokenError

from pggit_audit.catalog import DatabaseObject
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import TooLong, read_parts, upper
from pggit_audit.rules import DEPENDS_ON_DATA
from pggit_audit.rules.situation import Repair
from pggit_audit.statements import Statement, split

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_TYPES = {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}
_KEYWORDS = {
    "CURRENT_DATE": "date", "CURRENT_TIMESTAMP": "timestamptz", "LOCALTIMESTAMP": "timestamp",
    "CURRENT_TIME": "timetz", "LOCALTIME": "time",
}  # fmt: skip
_FUNCTIONS = {"NOW", "CLOCK_TIMESTAMP", "STATEMENT_TIMESTAMP", "TRANSACTION_TIMESTAMP"}
_ASKS = re.compile(rf"\b(?:{'|'.join([*_KEYWORDS, *_FUNCTIONS])})\b", re.IGNORECASE)
_COMPARED = {"=", "<", ">", "<=", ">=", "<>", "!="}
# Behind these, code has a statement of its own.
_OPEN = {"BEGIN", "THEN", "ELSE", "LOOP"}
# What these make keeps its expressions as they are written.
_KEEPS = {"CREATE", "ALTER", "COMMENT"}
# Of longer texts not every character is read, and tokens do not tell their places.
_MOST = 50_000

Cut = tuple[int, int, str]


def asked(statement: Statement) -> list[int]:
    """The numbers of the tokens that ask the clock; where one is taken for text, it does not."""
    return [i for i, t in enumerate(statement.tokens) if t.token_type == TokenType.STRING and _word(t.text)]


def _word(text: str) -> str | None:
    word = text.strip().lower().removesuffix("()")
    return word if word == "now" or word in _DAYS else None


def as_of_row(
    statement: Statement,
    row: HistoryRow,
    routines: Iterable[DatabaseObject] = (),
    columns: Iterable[Mapping[str, Any]] = (),
) -> list[Repair]:
    """The statement with the time of its row in place of what asks for it.

    Literals only where they are dates or times: by the statement's own words, or beside one of the `columns`.
    `routines` are those that code may call: for the while of the statement, their clock shows the time of the row.
    """
    if not isinstance(row.created_at, datetime) or len(row.change_sql or "") > _MOST:
        return []
    dated = {str(c["name"]) for c in columns if str(c["type"]).upper() in _TYPES}
    cuts = [*_literals(statement, row.created_at, dated)]
    bound = next((i for i, w in enumerate(statement.keywords) if w == "FOR"), None)
    if statement.action == "code":
        cuts += _cuts(statement.tokens, row.created_at)
        cuts += _bodies(statement, row.created_at)
    elif bound is not None and statement.keywords[bound + 1 : bound + 2] == ("VALUES",):
        cuts += _cuts(statement.tokens[bound:], row.created_at)
    start = statement.tokens[0].start if statement.tokens else 0
    text = _applied(statement.text, [(a - start, b - start, told) for a, b, told in cuts])
    if statement.action == "code" and statement.verb != "CALL":
        text = _with_routines(text, [*_as_if(routines, row.created_at)])
    why = f"row {row.version_id} is of {row.created_at}, which is what the statement calls now"
    return [Repair(DEPENDS_ON_DATA, text, why, rewrite=True)] if text != statement.text else []


def _literals(statement: Statement, at: datetime, dated: set[str]) -> Iterator[Cut]:
    dated = dated | {
        word for word, kind in zip(statement.words, statement.keywords[1:], strict=False) if kind in _TYPES
    }
    for i in asked(statement):
        if not _is_time(statement, i, dated):
            continue
        word = _word(statement.tokens[i].text) or "now"
        meant = at + timedelta(days=_DAYS.get(word, 0))
        token = statement.tokens[i]
        yield token.start, token.end + 1, f"'{meant.date() if word in _DAYS else meant}'"


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


def _cuts(tokens: Sequence[Token], at: datetime) -> Iterator[Cut]:
    """The calls that ask the clock, and what they say; not within a statement that makes something of them."""
    begins, keeps = True, False
    words = [upper(t) for t in tokens]
    for i, (token, word) in enumerate(zip(tokens, words, strict=True)):
        if token.token_type == TokenType.SEMICOLON or word in _OPEN:
            begins, keeps = True, False
            continue
        keeps = keeps or (begins and word in _KEEPS)
        begins = False
        qualified = words[i - 1 : i] == ["."] or (i > 0 and tokens[i - 1].token_type == TokenType.DOT)
        if keeps or qualified:
            continue
        called = [t.text for t in tokens[i + 1 : i + 4]]
        if word in _FUNCTIONS and called[:2] == ["(", ")"]:
            yield token.start, tokens[i + 2].end + 1, f"('{at}'::timestamptz)"
        elif word in _KEYWORDS and called[:1] == ["("] and called[2:] == [")"]:
            yield token.start, tokens[i + 3].end + 1, f"('{_of(word, at)}'::{_KEYWORDS[word]}({called[1]}))"
        elif word in _KEYWORDS:
            yield token.start, token.end + 1, f"('{_of(word, at)}'::{_KEYWORDS[word]})"


def _of(word: str, at: datetime) -> object:
    return at.date() if word == "CURRENT_DATE" else at.time() if word.endswith("TIME") else at


def _bodies(statement: Statement, at: datetime) -> Iterator[Cut]:
    """The body of a DO block, with the time in place of the calls that ask for it."""
    start = statement.tokens[0].start
    for token in statement.tokens if statement.tag == "DO" else ():
        if token.token_type == TokenType.STRING:
            told = _told(token.text, at)
            written = _literal(told or "")
        elif token.token_type == TokenType.HEREDOC_STRING:
            mark = statement.text[token.start - start :].split("$", 2)[1]
            told = _told(token.text, at)
            written = f"${mark}${told}${mark}$"
        else:
            continue
        if told is not None:
            yield token.start, token.end + 1, written


def _told(code: str, at: datetime) -> str | None:
    """The text of code with the time in place of what asks for it; None where nothing does, or it cannot be read."""
    if len(code) > _MOST or not _ASKS.search(code):
        return None
    with suppress(TokenError, TooLong, RecursionError):
        told = _applied(code, [c for part in read_parts(code, escapes=False) for c in _cuts(part.tokens, at)])
        return told if told != code else None
    return None


def _applied(text: str, cuts: Iterable[Cut]) -> str:
    for start, end, instead in sorted(cuts, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def _as_if(routines: Iterable[DatabaseObject], at: datetime) -> Iterator[tuple[str, str]]:
    """The routines that ask the clock: how they are made with the time of the row, and as they are."""
    for routine in routines:
        made = split(routine.definition)[0].text
        body = re.search(r"\nAS (\$[^$]*\$)", made)
        if body is None:
            continue
        start, end = body.end(), made.rfind(body[1])
        told = _told(made[start:end], at)
        if told is not None:
            again = re.sub(r"^CREATE (?!OR )", "CREATE OR REPLACE ", made[:start])
            yield again + told + made[end:], again + made[start:]


def _with_routines(text: str, routines: Sequence[tuple[str, str]]) -> str:
    """One statement that runs a text while routines are other ones."""
    if not routines:
        return text
    steps = [*(then for then, _ in routines), text, *(now for _, now in routines)]
    body = "\n".join(f"EXECUTE {_literal(step)};" for step in steps)
    return f"DO {_literal(f'BEGIN {body} END')}"


def _literal(text: str) -> str:
    escaped = text.replace("'", "''")
    return f"'{escaped}'" if "\\" not in text else "E'" + escaped.replace("\\", "\\\\") + "'"
