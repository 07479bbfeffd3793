"""Literals that ask the clock, `'now'`, `'today'`, `'tomorrow'`, `'yesterday'`: worked out when their statement runs.

The time of its row is that of its transaction, which is what they mean (FORMATS 1.10).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlglot import TokenType

from pggit_audit.history import HistoryRow
from pggit_audit.rules import DEPENDS_ON_DATA
from pggit_audit.rules.situation import Repair
from pggit_audit.statements import Statement

_DAYS = {"yesterday": -1, "today": 0, "tomorrow": 1}
_TYPES = {"DATE", "TIMESTAMP", "TIMESTAMPTZ"}


def asked(statement: Statement) -> list[int]:
    """The numbers of the tokens that ask the clock; where one is taken for text, it does not."""
    return [i for i, t in enumerate(statement.tokens) if t.token_type == TokenType.STRING and _word(t.text)]


def _word(text: str) -> str | None:
    word = text.strip().lower().removesuffix("()")
    return word if word == "now" or word in _DAYS else None


def as_of_row(statement: Statement, row: HistoryRow) -> list[Repair]:
    """The statement with the time of its row in place of those literals that are dates or times, as it says itself."""
    if not isinstance(row.created_at, datetime):
        return []
    keywords, text = statement.keywords, statement.text
    start = statement.tokens[0].start if statement.tokens else 0
    for i in reversed(asked(statement)):
        cast = i + 2 < len(keywords) and keywords[i + 1] == "::" and keywords[i + 2] in _TYPES
        if not cast and (i == 0 or keywords[i - 1] not in _TYPES):
            continue
        word = _word(statement.tokens[i].text) or "now"
        meant = row.created_at + timedelta(days=_DAYS.get(word, 0))
        value = str(meant.date() if word in _DAYS else meant)
        token = statement.tokens[i]
        text = f"{text[: token.start - start]}'{value}'{text[token.end + 1 - start :]}"
    why = f"row {row.version_id} is of {row.created_at}, which is what the statement calls now"
    return [Repair(DEPENDS_ON_DATA, text, why, rewrite=True)] if text != statement.text else []
