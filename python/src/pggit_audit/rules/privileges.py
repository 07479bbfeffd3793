"""Statements and code as somebody may run them who has no privileges.

The shadow's server may lack the roles of the history, and who runs it there is no superuser: a block that grants at its
end would leave nothing of what it made. What no definition has is left out, where code has it as a statement of its own
or executes it as one: roles, privileges, owners, other settings than those that count, files, the database as a whole.
A schema is made for nobody else. TRIGGER ALL becomes TRIGGER USER: those of foreign keys are no objects of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sqlglot import Token, TokenType

from pggit_audit.code import pieces
from pggit_audit.lexing import QUOTED, Part, upper
from pggit_audit.rules.other_words import Cut, bodies, changed, told_otherwise
from pggit_audit.statements import Statement, split, without_owner

_GIVES = {"GRANT": "TO", "REVOKE": "FROM"}
# What code calls for its effect, which only a superuser may; of settings, this one.
_CALLS = {"PG_RELOAD_CONF", "PG_TERMINATE_BACKEND", "PG_CANCEL_BACKEND", "PG_STAT_RESET", "PG_ROTATE_LOGFILE"}
_SETS = "session_replication_role"
# What a text that code executes begins with: the tokens of one such statement, and nothing behind it.
_TABLE = r"alter[[:space:]]+table[[:space:]]+(?:if[[:space:]]+exists[[:space:]]+)?(?:only[[:space:]]+)?"
_WORD = rf"(?:{QUOTED}|[[:alnum:]_.])+"
_ENDS = "[[:space:]]*;?[[:space:]]*$"
_SAID = (
    r"^[[:space:]]*(?:grant|revoke|copy|load|reassign|drop[[:space:]]+owned|alter[[:space:]]+default[[:space:]]+privileges"
    r"|(?:create|alter|drop)[[:space:]]+(?:role|user|group)|alter[[:space:]]+(?:system|database)"
    r"|set[[:space:]]+(?:(?:local|session)[[:space:]]+)?"
    rf"(?:role|session[[:space:]]+authorization|{_SETS})"
    r"|alter[[:space:]]+(?:materialized[[:space:]]+)?[[:alpha:]]+[[:space:]]+(?:if[[:space:]]+exists[[:space:]]+)?"
    rf"{_WORD}(?:[[:space:]]*[(][^()]*[)])?[[:space:]]+owner[[:space:]]+to"
    rf")[[:space:]=][^;]*{_ENDS}"
)
_TRIGGERS = "(?:enable|disable)[[:space:]]+trigger[[:space:]]+"
_SCHEMA = "create[[:space:]]+schema[[:space:]]+(?:if[[:space:]]+not[[:space:]]+exists[[:space:]]+)?"
# And what it is in other words: patterns, and what stands there instead.
_OTHERWISE = (
    (f"^([[:space:]]*{_TABLE}{_WORD}[[:space:]]+{_TRIGGERS})all({_ENDS})", "user"),
    (f"^([[:space:]]*{_SCHEMA}{_WORD})[[:space:]]+authorization[[:space:]]+{_WORD}({_ENDS})", ""),
)
# A word of it in a comment costs nothing: what code changed otherwise was seen.
_OWNER = re.compile(r"\bowner\s+to\b", re.IGNORECASE)


def without(statement: Statement) -> Statement:
    """The statement in such words; itself, where it says nothing of the kind."""
    text = told_otherwise(statement, [*bodies(statement, left_out), *_every_trigger(statement)])
    return split(text)[0] if text != statement.text else statement


def left_out(code: str) -> str | None:
    """The code in such words; None where it says nothing of the kind, or cannot be read."""
    return changed(code, _cuts)


def changes_owners(codes: Iterable[str]) -> bool:
    """Whether code gives something to another owner, or executes a text that does."""
    return any(_OWNER.search(code) for code in codes)


def _cuts(part: Part) -> Iterator[Cut]:
    first = part.tokens[0].start
    for piece in pieces(part.tokens):
        start, end = piece[0].start, piece[-1].end + 1
        if upper(piece[0]) == "EXECUTE" and len(piece) > 1:
            last = next(_behind_expression(piece), len(piece)) - 1
            start, end = piece[1].start, piece[last].end + 1
            yield start, end, _unless_said(part.text[start - first : end - first])
            continue
        text = part.text[start - first : end - first]
        if (plain := without_owner(text)) != text:
            yield start, end, plain
            continue
        for statement in split(text)[:1]:
            if _is_in_no_definition(statement):
                yield start, end, "NULL"
            else:
                yield from ((a + start, b + start, other) for a, b, other in _every_trigger(statement))


def _behind_expression(tokens: Sequence[Token]) -> Iterator[int]:
    """Where an expression is at its end: at what takes its result, or gives it values."""
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 0 and upper(token) in ("INTO", "USING"):
            yield i


def _every_trigger(statement: Statement) -> Iterator[Cut]:
    words = statement.keywords if statement.tag == "ALTER TABLE" else ()
    for i, token in enumerate(statement.tokens[: len(words)]):
        if words[i] == "ALL" and words[i - 1] == "TRIGGER" and words[i - 2] in ("ENABLE", "DISABLE"):
            yield token.start, token.end + 1, "USER"


def _is_in_no_definition(statement: Statement) -> bool:
    words = statement.keywords
    if len(words) == 1 or "END" in words:
        # It stands behind THEN or ELSE of an expression.
        return False
    if statement.tag in _GIVES:
        return _GIVES[statement.tag] in words
    if statement.tag == "PERFORM":
        called = words[3 if words[1:2] == ("PG_CATALOG",) else 1 :][:1]
        return bool(_CALLS.intersection(called)) or (called == ("SET_CONFIG",) and _SETS in statement.words)
    no_definition = statement.action == "refused" or statement.tag == "ALTER DEFAULT PRIVILEGES"
    return no_definition or (statement.action == "ignored" and statement.verb in ("SET", "ALTER"))


def _unless_said(expression: str) -> str:
    """An expression of a text to execute: of nothing, where the text is such a statement, or in such words."""
    text = "pggit_said.pggit_text"
    other = text
    for pattern, instead in _OTHERWISE:
        other = f"pg_catalog.regexp_replace({other}, '{pattern}', E'\\\\1{instead}\\\\2', 'i')"
    return (
        f"(select case when {text} operator(pg_catalog.~*) '{_SAID}' then 'select' else {other} end"
        f" from (select ({expression})::pg_catalog.text offset 0) as pggit_said (pggit_text))"
    )
