"""Reads code: the statements within a DO block, a routine's body, or a string that is executed."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import NamedTuple

from sqlglot import Token, TokenType
from sqlglot.errors import TokenError

from pggit_audit.lexing import LITERALS, SHORT, Part, TooLong, read_parts, upper
from pggit_audit.statements import Statement, split

# Statements that do the same whether a client sends them or a block runs them.
_RUNS = {
    "CREATE", "ALTER", "DROP", "COMMENT", "SET", "RESET", "GRANT", "REVOKE", "SECURITY", "INSERT", "UPDATE", "DELETE",
    "MERGE", "TRUNCATE", "LOCK", "ANALYZE", "REFRESH",
}  # fmt: skip
_MAKES = {"CREATE", "ALTER", "DROP", "COMMENT"}
# With these, not all of a block need run, or what it runs is told elsewhere.
_MAY_DO_ELSE = {"CALL", "RETURN", "EXCEPTION", "CASE", "ROLLBACK", "ELSIF", "ELSEIF", "WHEN"}
_ALTERS = re.compile(r"\b(?:alter|cascade)\b", re.IGNORECASE)
_ASKS = {"SELECT", "PERFORM", "GET"}
_LEVELS = {"DEBUG", "LOG", "INFO", "NOTICE", "WARNING"}
KEEPS = {"CREATE", "ALTER", "COMMENT"}
"""What these make keeps its expressions as they are written, and its structure comes from no row."""

# Behind these, code has a statement of its own.
_OPEN = {"BEGIN", "THEN", "ELSE", "LOOP", "EXCEPTION", "DECLARE"}
# Words that open it only where they begin a statement.
_OPEN_FIRST = {"EXCEPTION", "DECLARE"}
_DEPTH = {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}


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
        for part in read_parts(text, escapes=False) if len(text) <= SHORT else ():
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
    parts = _body(block)
    if not parts:
        return ()
    first, *rest = parts
    if upper(first.tokens[0]) != "BEGIN" or not rest or [upper(t) for t in rest.pop().tokens] != ["END"]:
        return ()
    if len(first.tokens) == 1:
        return ()
    found: list[Statement] = []
    for part in (_behind(first, 1), *rest):
        run = _plain(part)
        if run is None:
            return ()
        found += run
    return tuple(found)


def _behind(part: Part, ahead: int) -> Part:
    """What stands behind so many tokens of a part."""
    tokens = part.tokens[ahead:]
    return Part(part.text[tokens[0].start - part.tokens[0].start :] if tokens else "", tokens)


def _plain(part: Part) -> tuple[Statement, ...] | None:
    """The statements that a statement of code is, or executes in plain sight, none where it only says something; None
    where it may be anything else."""
    word, behind = upper(part.tokens[0]), part.tokens[1:]
    run: tuple[Statement, ...] = ()
    if word == "EXECUTE" and len(behind) == 1 and behind[0].token_type in LITERALS:
        run = split(behind[0].text)
    elif word in _RUNS:
        run = split(part.text)
    if run and all(upper(each.tokens[0]) in _RUNS for each in run):
        return run
    return () if word == "NULL" or (word == "RAISE" and _only_says(behind)) else None


class Branch(NamedTuple):
    """What code runs one after the other: in any case, or on one condition."""

    on_condition: bool
    statements: tuple[Statement, ...]


@lru_cache(maxsize=256)
def branches(code: str) -> tuple[Branch, ...]:
    """What a body of PL/pgSQL runs in any case and on each of its conditions, in order; empty where it may do anything
    else.

    Beside that it asks and works out: a branch runs to its end, or not at all. Nothing is done in a loop, in a handler,
    on one condition within another, or ELSE, and nothing ends the code before its end.
    """
    found: list[tuple[bool, list[Statement]]] = [(False, [])]
    depth, ended = 0, False
    try:
        parts = read_parts(code, escapes=False) if len(code) <= SHORT else []
    except (TokenError, TooLong, RecursionError):
        return ()
    for each in parts:
        part = each
        while part.tokens:
            word, ahead = upper(part.tokens[0]), None
            if ended:
                return ()
            if not depth:
                ahead = _first(part.tokens, "BEGIN")
            elif word == "IF" and depth == 1:
                ahead = _first(part.tokens, "THEN")
                if ahead is None:
                    return ()
                found.append((True, []))
            elif word == "END":
                words = [upper(t) for t in part.tokens]
                if words != (["END", "IF"] if depth > 1 else ["END"]):
                    return ()
                if depth > 1:
                    found.append((False, []))
                depth -= 1
                ended = not depth
            else:
                run = _plain(part)
                if run is None and not _only_asks(part.tokens):
                    return ()
                found[-1][1].extend(run or ())
            if ahead is None:
                break
            depth += 1
            part = _behind(part, ahead)
    return tuple(Branch(on, tuple(made)) for on, made in found) if ended else ()


def _only_asks(tokens: Sequence[Token]) -> bool:
    """Whether a statement of code only asks or works something out; what it calls is not told here."""
    assigns = len(tokens) > 1 and tokens[1].text in (":=", "=")
    return (upper(tokens[0]) in _ASKS or assigns) and not _may_execute(tokens)


def _only_says(tokens: Sequence[Token]) -> bool:
    """Whether what stands behind RAISE ends nothing, and calls nothing."""
    is_call = any(t.token_type == TokenType.L_PAREN for t in tokens)
    return bool(tokens) and upper(tokens[0]) in _LEVELS and not is_call


def body_of(block: Statement) -> str:
    """The code of a DO block of PL/pgSQL; empty where it cannot be read."""
    literals = [t for t in block.tokens if t.token_type in LITERALS]
    others = [t.text.upper() for t in block.tokens if t.token_type not in LITERALS]
    if (
        block.tag != "DO"
        or others not in (["DO"], ["DO", "LANGUAGE", "PLPGSQL"])
        or len(literals) != 1
        or literals[0].token_type not in (TokenType.HEREDOC_STRING, TokenType.STRING)
        or len(literals[0].text) > SHORT
        or "\\" in literals[0].text
    ):
        return ""
    return literals[0].text


def body_in(definition: str) -> tuple[int, int] | None:
    """From where to where the body of a routine stands in its definition, if it is a string."""
    found = re.search(r"\nAS (\$[^$]*\$)", definition)
    return (found.end(), definition.rfind(found[1])) if found is not None else None


def _body(block: Statement) -> list[Part]:
    """What stands between the semicolons of a DO block of PL/pgSQL; empty where it cannot be read."""
    with suppress(TokenError, TooLong, RecursionError):
        return read_parts(body_of(block), escapes=False)
    return []


class _PlainSight(NamedTuple):
    """What a block makes in plain sight, and the pieces of code beside it, with what opens a loop or a condition."""

    made: tuple[Statement, ...]
    beside: tuple[tuple[Token, ...], ...]


@lru_cache(maxsize=256)
def _in_plain_sight(block: Statement) -> _PlainSight | None:
    """Reads a DO block of which nothing that it makes in plain sight stands in a condition, a loop or a handler, and
    which nothing ends before its end; None where it may be otherwise."""
    made: list[Statement] = []
    beside: list[tuple[Token, ...]] = []
    depth = 0
    declares = False
    for part in (parts := _body(block)):
        tokens = part.tokens
        while tokens:
            word = upper(tokens[0])
            ahead: int | None = 1
            if declares or word == "DECLARE":
                ahead = _first(tokens, "BEGIN")
                declares = ahead is None
                if declares:
                    break
                depth += 1
            elif word in ("BEGIN", "LOOP"):
                depth += 1
            elif word in ("FOR", "FOREACH", "WHILE", "IF"):
                depth += 1
                ahead = _first(tokens, "THEN" if word == "IF" else "LOOP")
            elif word in _MAKES:
                if depth != 1:
                    return None
                made += split(part.text[tokens[0].start - part.tokens[0].start :])
                break
            elif word != "ELSE":
                depth -= word == "END"
                if word in _MAY_DO_ELSE or tokens[0].text == "<<":
                    return None
                ahead = len(tokens)
            if ahead is None:
                return None
            beside.append(tokens[:ahead])
            tokens = tokens[ahead:]
    return _PlainSight(tuple(made), tuple(beside)) if parts and not depth else None


@lru_cache(maxsize=256)
def unconditional(block: Statement) -> tuple[Statement, ...] | None:
    """What a DO block makes, where it says all of that in plain sight and does it whatever rows it reads and changes.

    Nothing of it is executed from a string or stands in a condition, a loop or a handler, and nothing ends the block
    before its end. None where it may be otherwise. What routines do that it calls is not told here.
    """
    seen = _in_plain_sight(block)
    if seen is None or any(_may_execute(piece) for piece in seen.beside):
        return None
    # What leaves a row was done; what comes behind a COMMIT and leaves none may have failed.
    commits = any(upper(piece[0]) == "COMMIT" for piece in seen.beside)
    return None if commits and not all(s.leaves_rows for s in seen.made) else seen.made


def always_altering(block: Statement) -> tuple[Statement, ...]:
    """The statements of a DO block that alter tables in plain sight, and that it runs whatever rows it reads.

    Empty where something may end the block before its end, where it makes something in plain sight on a condition or in
    a loop, or where a string says ALTER, or CASCADE: that may change a table without a row of it. What routines do that
    it calls is not told here.
    """
    seen = _in_plain_sight(block)
    literals = (t.text for part in _body(block) for t in part.tokens if t.token_type in LITERALS)
    if seen is None or any(map(_ALTERS.search, literals)):
        return ()
    return tuple(s for s in seen.made if s.tag == "ALTER TABLE" and s.targets)


def _may_execute(tokens: Sequence[Token]) -> bool:
    """Whether a piece of code may execute a string that makes something, or has one that something else may execute."""
    return any(
        not _MAKES.isdisjoint(t.text.upper().split()) if t.token_type in LITERALS else upper(t) == "EXECUTE"
        for t in tokens
    )


def _first(tokens: Sequence[Token], word: str) -> int | None:
    """Where code goes on behind the first of a word that is in no parentheses; None where that cannot be told."""
    depth = 0
    for i, token in enumerate(tokens):
        depth += _DEPTH.get(token.token_type, 0)
        if not depth and upper(token) == "CASE":
            return None
        if not depth and upper(token) == word:
            return i + 1
    return None


def _made(code: str) -> Iterator[Statement]:
    with suppress(TokenError, TooLong, RecursionError):
        for part in read_parts(code, escapes=False):
            for piece in pieces(part.tokens):
                if upper(piece[0]) in KEEPS:
                    yield from split(code[piece[0].start : piece[-1].end + 1])
