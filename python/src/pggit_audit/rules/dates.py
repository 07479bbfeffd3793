"""Dates and times in literals: PostgreSQL reads them by the time zone and the DateStyle of the session.

What is stored is the moment. v1 keeps neither setting, so a moment that a text writes without its zone, or a date whose
day and month may be either, is known only where the live object has it, or the text itself sets them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from sqlglot import TokenType
from sqlglot.errors import TokenError

from pggit_audit.code import statements_in
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import TooLong, read_parts
from pggit_audit.rules import SESSION_SETTING
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Statement

# As the catalog prints a moment, or a time of day with its zone: the reader's session is in UTC.
_MOMENT = re.compile(r"(?:(?P<date>\d{4,}-\d\d-\d\d) )?\d\d:\d\d:\d\d(?:\.\d+)?\+00(?: BC)?\Z")
_DATE = re.compile(r"(?P<date>\d{4,}-\d\d-\d\d)(?: .*)?\Z")
# Few definitions have either: the others need not be read token by token.
_ANYWHERE = re.compile(r"\d{4}-\d\d-\d\d|\d:\d\d:\d\d")
# As texts write dates and times; a zone behind the time; a date whose order DateStyle says.
_WRITTEN = re.compile(r"\s*(?:\d{1,4}[-/. ]\w{1,4}[-/. ,]+\d{1,4}|\d{8}\b|\w{3,9} \d|\d\d?:\d\d)")
_WITH_ZONE = re.compile(r"\d:?\d\d(?:\.\d+)?\s*(?:z|[+-]\d\d?(?::?\d\d)?|utc|gmt)\s*\Z", re.IGNORECASE)
_TIME = re.compile(r"\d\d?:\d\d")
_EITHER_WAY = re.compile(r"\s*\d\d?[-/.]\d\d?[-/.]\d{2,4}\b")


def read_by_session(
    evidence: Evidence,
    statement: Statement,
    row: HistoryRow,
    old: str | None,
    new: str | None,
    sets_zone: bool,
) -> Repair | None:
    """What a definition has of a literal that another session reads as another moment; None where nothing does.

    Args:
        evidence: for the live object.
        statement: the one that made the definition of the other.
        row: its row; a default that the row recorded in the same words was read in the same way.
        old: the definition before, if any.
        new: the definition behind it, as a session in UTC prints it.
        sets_zone: whether the statement's text sets the time zone itself.
    """
    if new is None or not _ANYWHERE.search(new) or not any(c.isdigit() for c in statement.text):
        return None
    moments = [m for m in _strings(new) if _DATE.match(m) or _MOMENT.match(m)]
    moments = [m for m in moments if f"'{m}'" not in (old or "") and f"'{m}'" not in statement.text]
    recorded = [str(fact.get("default")) for fact in (row.columns or {}).values()]
    moments = [m for m in moments if not any(f"'{m}'" in text for text in recorded)]
    if not moments or _lives(evidence, moments, new):
        return None
    written = [text for text in _written(statement) if _WRITTEN.match(text)]
    if not sets_zone and any(_MOMENT.match(m) for m in moments):
        without = [t for t in written if not (_TIME.search(t) and _WITH_ZONE.search(t))]
        if without:
            return _open(without[0], "the time zone")
    either = [t for t in written if _EITHER_WAY.match(t)]
    return _open(either[0], "the DateStyle") if either else None


def _open(literal: str, setting: str) -> Repair:
    why = (
        f"'{literal}' means another moment by {setting} of another session, of which v1 keeps nothing; it is read as "
        "by a server that nobody told otherwise"
    )
    return Repair(SESSION_SETTING, "", why, about=f"{setting} of the sessions")


def _lives(evidence: Evidence, moments: list[str], new: str) -> bool:
    """Whether the live object of a definition has the same moments."""
    head = _head(new)
    return any(
        _head(o.definition) == head and all(f"'{m}'" in o.definition for m in moments)
        for o in evidence.live.by_identity.values()
        if f"'{moments[0]}'" in o.definition
    )


def _head(definition: str) -> str:
    """What a definition makes: its first line, up to its parenthesis."""
    return definition.split("\n", 1)[0].split("(", 1)[0]


def _written(statement: Statement) -> Iterator[str]:
    """The strings of a statement, and of the code in it."""
    yield from _strings(statement.text)
    if statement.action == "code":
        for body in _strings(statement.text):
            yield from _strings(body)
        for made in statements_in(statement.text):
            yield from _strings(made.text)


@lru_cache(maxsize=64)
def _strings(text: str) -> tuple[str, ...]:
    try:
        parts = read_parts(text, escapes=False)
    except (TokenError, TooLong, RecursionError):
        return ()
    kinds = (TokenType.STRING, TokenType.HEREDOC_STRING)
    return tuple(t.text for part in parts for t in part.tokens if t.token_type in kinds)
