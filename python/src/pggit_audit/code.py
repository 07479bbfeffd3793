"""Reads code: the statements within a DO block, a routine's body, or a string that is executed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache

from sqlglot import Token, TokenType
from sqlglot.errors import TokenError

from pggit_audit.lexing import LITERALS, Part, TooLong, read_parts, upper
from pggit_audit.statements import Statement, split

# Statements that do the same whether a client sends them or a block runs them.
_RUNS = {
    "CREATE", "ALTER", "DROP", "COMMENT", "SET", "RESET", "GRANT", "REVOKE", "SECURITY", "INSERT", "UPDATE", "DELETE",
    "MERGE", "TRUNCATE", "LOCK", "ANALYZE", "REFRESH",
}  # fmt: skip
_LEVELS = {"DEBUG", "LOG", "INFO", "NOTICE", "WARNING"}
KEEPS = {"CREATE", "ALTER", "COMMENT"}
"""What these make keeps its expressions as they are written, and its structure comes from no row."""

# Behind these, code has a statement of its own.
_OPEN = {"BEGIN", "THEN", "ELSE", "LOOP", "EXCEPTION", "DECLARE"}
# Words that open it only where they begin a statement.
_OPEN_FIRST = {"EXCEPTION", "DECLARE"}
_DEPTH = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}
# Of longer code not every character is read, and tokens do not tell their places.
_MOST = 50_000


def pieces(tokens: Sequence[Token]) -> Iterator[list[Token]]:
    """The statements of code within a part of it: `if … then`, and what stands behind that."""
    piece: list[Token] = []
    depth = cases = 0
    for token in tokens:
        word = upper(token)
        depth += _DEPTH.get(token.token_type, 0)
        if piece and upper(piece[0]) in KEEPS:
            cases += {"CASE": 1, "END": -1}.get(word, 0) if cases or word == "CASE" else 0
        opens = word in _OPEN and (word not in _OPEN_FIRST or not piece) and not depth and not cases
        if opens or token.token_type == TokenType.SEMICOLON:
            if piece:
                yield piece
            piece, cases = [], 0
        else:
            piece.append(token)
    if piece:
        yield piece


@lru_cache(maxsize=256)
def statements_in(text: str) -> tuple[Statement, ...]:
    """What the code in the literals of a text creates, alters or comments on in plain sight; dynamic SQL, too."""
    found: list[Statement] = []
    with suppress(TokenError, TooLong, RecursionError):
        for part in read_parts(text, escapes=False) if len(text) <= _MOST else ():
            for literal in (t.text for t in part.tokens if t.token_type in LITERALS):
                found += _made(literal)
                found += statements_in(literal)
    return tuple(found)


@lru_cache(maxsize=256)
def straight(block: Statement) -> tuple[Statement, ...]:
    """The statements of a DO block that does nothing but run them in their order; empty where it may do anything else.

    Nothing of it is declared, worked out, tried or done on a condition, and no query runs in it: a client that sends
    the statements does the same. Statements that change rows go, and what the block only says.
    """
    literals = [t for t in block.tokens if t.token_type in LITERALS]
    others = [t.text.upper() for t in block.tokens if t.token_type not in LITERALS]
    if (
        block.tag != "DO"
        or others not in (["DO"], ["DO", "LANGUAGE", "PLPGSQL"])
        or len(literals) != 1
        or literals[0].token_type not in (TokenType.HEREDOC_STRING, TokenType.STRING)
        or len(literals[0].text) > _MOST
        or "\\" in literals[0].text
    ):
        return ()
    try:
        first, *rest = read_parts(literals[0].text, escapes=False)
    except (TokenError, TooLong, RecursionError, ValueError):
        return ()
    if upper(first.tokens[0]) != "BEGIN" or not rest or [upper(t) for t in rest.pop().tokens] != ["END"]:
        return ()
    if len(first.tokens) == 1:
        return ()
    start = first.tokens[1].start - first.tokens[0].start
    found: list[Statement] = []
    for part in (Part(first.text[start:], first.tokens[1:]), *rest):
        word, behind = upper(part.tokens[0]), part.tokens[1:]
        if word == "EXECUTE" and len(behind) == 1 and behind[0].token_type in LITERALS:
            found += split(behind[0].text)
        elif word in _RUNS:
            found += split(part.text)
        elif word != "NULL" and not (word == "RAISE" and _only_says(behind)):
            return ()
    return tuple(found)


def _only_says(tokens: Sequence[Token]) -> bool:
    """Whether what stands behind RAISE ends nothing, and calls nothing."""
    is_call = any(t.token_type == TokenType.L_PAREN for t in tokens)
    return bool(tokens) and upper(tokens[0]) in _LEVELS and not is_call


def _made(code: str) -> Iterator[Statement]:
    with suppress(TokenError, TooLong, RecursionError):
        for part in read_parts(code, escapes=False):
            for piece in pieces(part.tokens):
                if upper(piece[0]) in KEEPS:
                    yield from split(code[piece[0].start : piece[-1].end + 1])
