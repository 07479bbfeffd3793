"""SQL as tokens with their places, and what stands around a token: PostgreSQL's, read by sqlglot."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Token, TokenType
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import TokenError


class _Tokenizer(Postgres.Tokenizer):
    COMMANDS = set()  # the rest of DO and CALL is read as well


def tokenize(sql: str) -> list[Token]:
    """Return the tokens of a text, comments left out; `start` and `end` are offsets of characters.

    Raises:
        sqlglot.errors.TokenError: a quote or comment is not closed.

    """
    return _Tokenizer(dialect=Postgres()).tokenize(sql)


STRINGS = {
    TokenType.STRING, TokenType.HEREDOC_STRING, TokenType.BYTE_STRING, TokenType.NATIONAL_STRING,
    TokenType.RAW_STRING, TokenType.UNICODE_STRING,
}  # fmt: skip

_CLAUSES = {
    "SELECT", "FROM", "JOIN", "ON", "USING", "WHERE", "HAVING", "RETURNING", "SET", "VALUES", "LIMIT", "OFFSET",
    "WINDOW", "BY", "UPDATE", "INTO", "LATERAL", "INSERT", "DELETE", "MERGE", "PERFORM", "CALL", "EXECUTE",
    "RETURN", "UNION", "INTERSECT", "EXCEPT",
}  # fmt: skip
_STATEMENT_BEGINS = {"BEGIN", "THEN", "LOOP", "ELSE", "DECLARE"}


def word(tokens: Sequence[Token], i: int) -> str:
    """Return a token as an upper-case word; empty outside, for quoted names and for strings."""
    if not 0 <= i < len(tokens) or tokens[i].token_type in STRINGS | {TokenType.IDENTIFIER}:
        return ""
    return tokens[i].text.upper()


def name(tokens: Sequence[Token], i: int) -> str | None:
    """Return a token as a name, folded as PostgreSQL folds it; None where it can be none."""
    if not 0 <= i < len(tokens) or tokens[i].token_type in STRINGS:
        return None
    token = tokens[i]
    if token.token_type == TokenType.IDENTIFIER:
        return token.text
    return token.text.lower() if token.text.isidentifier() else None


def closing(tokens: Sequence[Token], i: int) -> int | None:
    """Return the place of the parenthesis that closes the one at `i`."""
    depth = 0
    for j in range(i, len(tokens)):
        depth += (tokens[j].token_type == TokenType.L_PAREN) - (tokens[j].token_type == TokenType.R_PAREN)
        if not depth:
            return j
    return None


def before(tokens: Sequence[Token], i: int) -> tuple[str, int]:
    """Return the clause word that governs place `i`, and its own place; empty and the place of what ends it.

    Parentheses that close before `i` are passed over; one that opens ends the search, as a semicolon does.
    """
    depth = 0
    for j in range(i - 1, -1, -1):
        kind = tokens[j].token_type
        if kind == TokenType.R_PAREN:
            depth += 1
        elif kind == TokenType.L_PAREN:
            depth -= 1
            if depth < 0:
                return "", j
        elif not depth:
            found = word(tokens, j)
            if kind == TokenType.SEMICOLON or found in _STATEMENT_BEGINS:
                return "", j
            if found in _CLAUSES and not (found == "FROM" and word(tokens, j - 1) == "DISTINCT"):
                return found, j
    return "", -1


def is_from_item(tokens: Sequence[Token], i: int) -> bool:
    """Tell whether what begins at `i` is an item of a FROM clause."""
    last = word(tokens, i - 1)
    if last == "LATERAL":
        return is_from_item(tokens, i - 1)
    if last not in ("FROM", "JOIN", ","):
        return False
    clause, at = before(tokens, i)
    while clause in ("ON", "USING", "JOIN", "LATERAL"):
        clause, at = before(tokens, at)
    if clause != "FROM":
        return False
    # FROM also stands in extract(), substring() and trim(), and after DELETE
    return before(tokens, at)[0] in ("SELECT", "SET", "INTO", "UPDATE")


def statement(tokens: Sequence[Token], i: int) -> tuple[int, int]:
    """Return first and last place of the statement that place `i` is in: between semicolons."""
    first = last = i
    while first > 0 and tokens[first - 1].token_type != TokenType.SEMICOLON:
        first -= 1
    while last + 1 < len(tokens) and tokens[last + 1].token_type != TokenType.SEMICOLON:
        last += 1
    return first, last


VERBS = frozenset(
    {
        "SELECT", "WITH", "INSERT", "UPDATE", "DELETE", "MERGE", "CALL", "PERFORM", "EXPLAIN", "TRUNCATE", "COPY",
        "CREATE", "ALTER", "DROP", "GRANT", "REVOKE", "COMMENT", "DO", "DECLARE", "REFRESH", "LOCK", "VALUES",
        "TABLE", "PREPARE", "EXECUTE", "BEGIN", "SET", "ANALYZE", "VACUUM", "RETURN",
    }
)  # fmt: skip
_MIDDLES = frozenset(
    {"FROM", "JOIN", "LEFT", "RIGHT", "FULL", "INNER", "CROSS", "WHERE", "AND", "OR", "ON", "UNION", "USING"}
)


def is_sql(text: str, is_part: bool = True) -> bool:
    """Tell whether a string is SQL: it begins with a verb, or is a call all by itself.

    Args:
        text: the string.
        is_part: whether it may be the middle of a query as well, and begin with a clause.

    """
    try:
        tokens = tokenize(text)
    except TokenError:
        words = text.split(None, 1)
        return bool(words) and words[0].upper() in VERBS
    i = 0
    while i < len(tokens) and word(tokens, i) in ("(", "{", "?", "=", ";"):
        i += 1
    if word(tokens, i) in (VERBS | _MIDDLES if is_part else VERBS):
        return True
    is_call = name(tokens, i) is not None and word(tokens, i + 1) == "." and word(tokens, i + 3) == "("
    if not is_call:
        return False
    end = closing(tokens, i + 3)
    return end is not None and all(
        word(tokens, j) in ("}", ")", ";", "") for j in range(end + 1, len(tokens))
    )
