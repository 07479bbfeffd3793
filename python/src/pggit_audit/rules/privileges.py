"""Code without what it says of roles and privileges, which are no part of a definition.

The shadow's server may lack the roles, and the role that runs the history may make none: a block that grants at its end
would leave nothing of what it made. What makes, changes or drops a role, gives or takes privileges or ownership, or
acts as another role is left out, where code has it as a statement of its own, or executes it as one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence

from sqlglot import Token, TokenType

from pggit_audit.code import pieces
from pggit_audit.lexing import QUOTED, Part, upper
from pggit_audit.rules.other_words import Cut, applied, bodies, changed
from pggit_audit.statements import Statement, split

_ROLES = {"ROLE", "USER", "GROUP"}
_GIVES = {"GRANT": "TO", "REVOKE": "FROM"}
_ACTS = (("ROLE",), ("LOCAL", "ROLE"), ("SESSION", "ROLE"), ("SESSION", "AUTHORIZATION"))
# What a text that code executes begins with: the tokens of one such statement, and nothing behind it.
_WORD = rf"(?:{QUOTED}|[[:alnum:]_.])+"
_SAID = (
    r"^[[:space:]]*(?:grant|revoke|alter[[:space:]]+default[[:space:]]+privileges"
    r"|(?:create|alter|drop)[[:space:]]+(?:role|user|group)|set[[:space:]]+(?:(?:local|session)[[:space:]]+)?role"
    r"|alter[[:space:]]+(?:materialized[[:space:]]+)?[[:alpha:]]+[[:space:]]+(?:if[[:space:]]+exists[[:space:]]+)?"
    rf"{_WORD}(?:[[:space:]]*[(][^()]*[)])?[[:space:]]+owner[[:space:]]+to"
    r")[[:space:]][^;]*;?[[:space:]]*$"
)
# A word of it in a comment costs nothing: what code changed otherwise was seen.
_OWNER = re.compile(r"\bowner\s+to\b", re.IGNORECASE)


def without(statement: Statement) -> Statement:
    """A block without such statements; any other statement as it is."""
    start = statement.tokens[0].start if statement.tokens else 0
    text = applied(
        statement.text, [(a - start, b - start, other) for a, b, other in bodies(statement, left_out)]
    )
    return split(text)[0] if text != statement.text else statement


def left_out(code: str) -> str | None:
    """The code without such statements; None where it has none, or cannot be read."""
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
        elif _is_of_roles(split(part.text[start - first : end - first])[0]):
            yield start, end, "NULL"


def _behind_expression(tokens: Sequence[Token]) -> Iterator[int]:
    """Where an expression is at its end: at what takes its result, or gives it values."""
    depth = 0
    for i, token in enumerate(tokens):
        depth += (token.token_type == TokenType.L_PAREN) - (token.token_type == TokenType.R_PAREN)
        if depth == 0 and upper(token) in ("INTO", "USING"):
            yield i


def _is_of_roles(statement: Statement) -> bool:
    words = statement.keywords
    if statement.tag in _GIVES:
        return _GIVES[statement.tag] in words
    if statement.tag == "SET":
        return any(words[1 : 1 + len(acts)] == acts for acts in _ACTS)
    of_roles = statement.verb in ("CREATE", "ALTER", "DROP") and statement.object_type in _ROLES
    return of_roles or (statement.verb == "ALTER" and statement.action == "ignored")


def _unless_said(expression: str) -> str:
    """An expression of a text to execute: of nothing, where the text is such a statement."""
    return (
        f"(select case when pggit_said.pggit_text operator(pg_catalog.~*) '{_SAID}' then 'select'"
        f" else pggit_said.pggit_text end from (select ({expression})::pg_catalog.text offset 0)"
        " as pggit_said (pggit_text))"
    )
