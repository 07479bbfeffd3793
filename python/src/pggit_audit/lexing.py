"""Reads a text as PostgreSQL does: literals and code, tokens, and where each statement ends.

sqlglot's PostgreSQL tokenizer does the reading: quoting, dollar quotes, nested comments. Nothing here needs a parse.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import ClassVar, NamedTuple

from sqlglot import Token, TokenType
from sqlglot.dialects.postgres import Postgres
from sqlglot.errors import TokenError

QUOTED = r'"(?:[^"]|"")+"(?!")'
"""The pattern of a quoted identifier. What follows may not be a quote: a text of many would be tried in many ways."""
NAME = rf"{QUOTED}|\w+(?:\$\w+(?![\w$]))*(?:\$(?![\w$]))?"
"""The pattern of an identifier in a text: a dollar may be in it, but not the ones that end the string it stands in."""
DOTTED = rf"(?:{QUOTED}|[\w$.])+"
"""The pattern of a name that may have its schema before it, where more of the statement follows."""
_RENAMED = rf"\s+(?:if\s+exists\s+)?(?:only\s+)?({DOTTED})\s+rename\s+to\s+({NAME})"
RENAMED_TABLE = re.compile(rf"\balter\s+table{_RENAMED}", re.IGNORECASE)
"""A text that renames a table: the old name, which may have its schema before it, and the new one."""
RENAMED_VIEW = re.compile(rf"\balter\s+(?:view|table){_RENAMED}", re.IGNORECASE)
"""The same of a view."""
LITERALS = frozenset(
    {
        TokenType.STRING,
        TokenType.BYTE_STRING,
        TokenType.UNICODE_STRING,
        TokenType.NATIONAL_STRING,
        TokenType.HEREDOC_STRING,
        TokenType.BIT_STRING,
        TokenType.HEX_STRING,
    }
)
"""Tokens that are values, whatever is in them."""

SHORT = 50_000
"""Characters of a text that is read to the last; in a longer one, tokens do not tell their places."""
# Characters of a literal that is left as it is, and of code (a text without its long literals) that is still read:
# reading takes a second and forty megabytes a million.
_SHORT_LITERAL = 1_000
_MOST_CODE = 5_000_000


class TooLong(ValueError):
    """The text has more than five million characters, even without its strings and bodies."""


class Part(NamedTuple):
    """One statement of a text, as a session reads it in which standard_conforming_strings is on."""

    text: str
    tokens: tuple[Token, ...]


def upper(token: Token) -> str:
    """A token in capitals; nothing for quoted names and literals, which are no keywords."""
    is_text = token.token_type == TokenType.IDENTIFIER or token.token_type in LITERALS
    return "" if is_text else token.text.upper()


OPENING = re.compile(r"""--|/\*|(?<![\w$])[eE]'|'|"|(?<![\w$])\$(?:[^\W\d]\w*)?\$""")
_COMMENT_MARK = re.compile(r"/\*|\*/")
_QUOTES = {mark: re.compile(f"{mark}+") for mark in "'\""}
_ESCAPED_STRING_END = re.compile(r"[^'\\]*(?:\\.[^'\\]*)*'", re.DOTALL)


def _without_long_literals(text: str) -> tuple[str, list[tuple[int, int]]]:
    """The text with long strings, bodies and comments shortened, and where that was done.

    Reading them costs a hundred times what skipping them does. Each cut is its place in the result, and how
    many characters are missing up to there.
    """
    kept: list[str] = []
    cuts: list[tuple[int, int]] = []
    here = length = 0
    found = OPENING.search(text)
    while found:
        start, end = found.end(), closing(text, found)
        if end - start > _SHORT_LITERAL:
            kept.append(text[here:start] + "x")
            length += start - here + 1
            here = end
            cuts.append((length, here - length))
        found = OPENING.search(text, past(text, found, end))
    kept.append(text[here:])
    return "".join(kept), cuts


def closing(text: str, opening: re.Match[str]) -> int:
    """Where a literal's content ends; the text's end where it never does."""
    mark, start = opening[0], opening.end()
    if mark == "/*":
        depth = 1
        for inner in _COMMENT_MARK.finditer(text, start):
            depth += 1 if inner[0] == "/*" else -1
            if depth == 0:
                return inner.start()
        return len(text)
    if mark in ("e'", "E'"):
        match = _ESCAPED_STRING_END.match(text, start)
        return match.end() - 1 if match else len(text)
    if mark in _QUOTES:
        # What is doubled is one of its own characters.
        ends = (run.end() for run in _QUOTES[mark].finditer(text, start) if len(run[0]) % 2)
        return next(ends, len(text) + 1) - 1
    end = text.find("\n" if mark == "--" else mark, start)
    return end if end >= 0 else len(text)


def past(text: str, opening: re.Match[str], end: int) -> int:
    """Where code goes on behind a literal whose content ends at `end`."""
    mark = opening[0]
    return min(len(text), end + (2 if mark == "/*" else 1 if mark[-1] in "'\"-" else len(mark)))


def in_lengths(text: str) -> Iterator[str]:
    """A long text in pieces of whole statements, each up to a semicolon in no literal with an empty line behind it.

    Reading a text takes more than its length is longer; what stands in parentheses or in a body of SQL has no empty
    lines as PostgreSQL prints it.
    """
    begin = here = 0
    while True:
        found = OPENING.search(text, here)
        end = found.start() if found else len(text)
        while (at := text.find(";\n\n", max(here, begin + SHORT), end)) >= 0:
            yield text[begin : at + 1]
            begin = at + 1
        if found is None:
            break
        here = past(text, found, closing(text, found))
    yield text[begin:]


_UNICODE_NAME = re.compile(r'(?<![\w$])[uU]&"')
_UESCAPE = re.compile(r"""\s*\buescape\s*'([^0-9a-fA-F+'"\s])'""", re.IGNORECASE)


def plain_names(text: str) -> str:
    """The text with its names in Unicode escapes (`U&"d\\0061ta"`, UESCAPE) as quoted ones, each at its place.

    The text keeps its length: a name without escapes is never longer. One that PostgreSQL refuses stays as it is.
    """
    if _UNICODE_NAME.search(text) is None:
        return text
    parts: list[str] = []
    here = 0
    found = OPENING.search(text)
    while found:
        end = closing(text, found)
        behind = past(text, found, end)
        start = found.start() - 2
        if start >= 0 and _UNICODE_NAME.match(text, start):
            escape = _UESCAPE.match(text, behind)
            name = _without_unicode_escapes(text[found.end() : end], escape[1] if escape else "\\")
            if name and "\0" not in name:
                behind = escape.end() if escape else behind
                parts += (text[here:start], f'"{name}"'.rjust(behind - start))
                here = behind
        found = OPENING.search(text, behind)
    return "".join([*parts, text[here:]])


def _without_unicode_escapes(name: str, mark: str) -> str | None:
    """What stands between the quotes of a name, without its escapes; None where one is wrong."""
    said = re.escape(mark)
    digits = rf"{said}(?:({said})|([0-9a-fA-F]{{4}})|\+([0-9a-fA-F]{{6}}))"
    if re.sub(digits, "", name).count(mark):
        return None

    def meant(match: re.Match[str]) -> str:
        letter = mark if match[1] else chr(int(match[2] or match[3], 16))
        return '""' if letter == '"' else letter

    with suppress(ValueError, OverflowError):
        # Two escapes may be the halves of one character.
        return re.sub(digits, meant, name).encode("utf-16", "surrogatepass").decode("utf-16")
    return None


class _Plain(Postgres):
    """PostgreSQL, read to the end: sqlglot takes what stands behind CALL, RESET and others for one string."""

    class Tokenizer(Postgres.Tokenizer):
        COMMANDS: ClassVar[set[TokenType]] = set()


class _Escaping(_Plain):
    """PostgreSQL with standard_conforming_strings off: a backslash in any string is an escape."""

    class Tokenizer(_Plain.Tokenizer):
        STRING_ESCAPES: ClassVar = ["'", "\\"]


def read_parts(text: str, escapes: bool) -> list[Part]:
    """The statements of a text, without the semicolons between them.

    Args:
        text: what a client sent.
        escapes: whether a backslash in a plain string is an escape at its beginning (standard_conforming_strings is
            off); a SET or RESET in it changes that.

    Raises `TooLong`; `TokenError` where a string, a comment or a quoted name has no end.
    """
    text = plain_names(text)
    code, cuts = (text, ()) if len(text) <= SHORT else _without_long_literals(text)
    if len(code) > _MOST_CODE:
        raise TooLong(TooLong.__doc__)

    def place(i: int) -> int:
        """The place in the text of a place in the code."""
        before = bisect_right(cuts, (i, len(text)))
        return i + cuts[before - 1][1] if before else i

    return [
        _standard(text, place(end), tokens, place)
        if escaping
        else Part(text[place(tokens[0].start) : place(end)], tuple(tokens))
        for tokens, end, escaping in _read(code, escapes)
    ]


def _standard(text: str, end: int, tokens: Sequence[Token], place: Callable[[int], int]) -> Part:
    """A statement in which backslashes are escapes, with an E before the strings that have one."""
    written: list[str] = []
    here = place(tokens[0].start)
    for token in tokens:
        start = place(token.start)
        if token.token_type == TokenType.STRING and "\\" in text[start : place(token.end + 1)]:
            written += (text[here:start], "E")
            here = start
    standard = "".join([*written, text[here:end]])
    return read_parts(standard, escapes=False)[0] if written else Part(standard, tuple(tokens))


@lru_cache(maxsize=1024)
def proven(text: str) -> bool | None:
    """Whether a backslash in a plain string is an escape by the end of a text; None where the text does not prove it.

    It sets that itself, or it can be read in one way only.
    """
    if "\\" not in text and "standard_conforming_strings" not in text.lower():
        return None
    code = text if len(text) <= SHORT else _without_long_literals(text)[0]
    ways = {}
    for way in (False, True):
        with suppress(TokenError, RecursionError):
            ways[way] = _read(code, way)
    said = [told for found in ways.values() for tokens, *_ in found if (told := _escapes(tokens)) is not None]
    if said:
        return said[-1]
    return next(iter(ways)) if len(ways) == 1 else None


def unescaped(value: str) -> str:
    """What a plain string is, given what it is without escapes, where its backslashes are some."""
    with suppress(TokenError):
        literal = "E'" + value.replace("'", "''") + "'"
        return "".join(token.text for token in _tokens(literal, 0, escapes=False))
    return value


def _read(code: str, escapes: bool) -> list[tuple[list[Token], int, bool]]:
    """The tokens of each statement, where its text ends, and how its strings were read.

    How a string is read may change within the text, by a SET of it.
    """
    found: list[tuple[list[Token], int, bool]] = []
    here = 0
    for switch in _SWITCH.finditer(code):
        with suppress(TokenError):
            before = code[: switch.end()]
            first = list(_statements(before, _tokens(before, here, escapes)))
            if first and _escapes(first[-1][0]) not in (None, escapes):
                found += [(*part, escapes) for part in first]
                escapes, here = not escapes, switch.end()
    return found + [(*part, escapes) for part in _statements(code, _tokens(code, here, escapes))]


_SWITCH = re.compile(r"standard_conforming_strings[^;]*;", re.IGNORECASE)


def _tokens(code: str, here: int, escapes: bool) -> list[Token]:
    dialect = _Escaping() if escapes else _Plain()
    return dialect.tokenize(" " * here + code[here:])


def _escapes(part: Sequence[Token]) -> bool | None:
    """Whether backslashes in strings are escapes behind this statement; None where it does not say."""
    words = [t.text.upper() for t in part if t.text.upper() not in ("LOCAL", "SESSION")]
    if words[:2] == ["RESET", "STANDARD_CONFORMING_STRINGS"]:
        return False
    if words[:2] != ["SET", "STANDARD_CONFORMING_STRINGS"] or len(words) != 4:
        return None
    return words[3] in ("OFF", "FALSE", "NO", "0")


def _statements(text: str, tokens: Sequence[Token]) -> Iterator[tuple[list[Token], int]]:
    """The tokens of each statement, and where its text ends, as psql tells statements apart.

    A semicolon within parentheses (the commands of a rule) or a body between BEGIN ATOMIC and its END ends none.
    """
    part: list[Token] = []
    atomic = depth = 0
    for token in tokens:
        word = upper(token)
        if part and word == "ATOMIC" and upper(part[-1]) == "BEGIN":
            atomic = 1
        elif atomic and word == "CASE":
            atomic += 1
        elif atomic and word == "END":
            atomic -= 1
        depth = max(0, depth + {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0))
        if token.token_type == TokenType.SEMICOLON and not atomic and not depth:
            if part:
                yield part, token.start
            part = []
        else:
            part.append(token)
    if part:
        # A trailing comment is no part of the statement, but the last token's end is not always
        # where its text ends (a DO block's is not): so the text up to its end is kept whole.
        yield part, len(text.rstrip())


def says(text: str, name: str) -> bool:
    """Whether a text has the name in it, and not as a part of a longer one."""
    return name in text and re.search(rf"(?<!\w){re.escape(name)}(?!\w)", text) is not None
