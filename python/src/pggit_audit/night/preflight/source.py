"""Application source in any language: its strings, as Pygments tells them apart, read as SQL."""

from __future__ import annotations

import codecs
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pygments.lexer import Lexer
from pygments.lexers import find_lexer_class_for_filename, guess_lexer
from pygments.token import Token
from pygments.util import ClassNotFound

_Kind = Any
"""A kind of token; `kind in String` asks whether it is one of strings, which no type checker knows."""
_TOKEN: Any = Token
Comment, Name, Operator, Punctuation, Text = (
    _TOKEN.Comment, _TOKEN.Name, _TOKEN.Operator, _TOKEN.Punctuation, _TOKEN.Text,
)  # fmt: skip
Literal, String = _TOKEN.Literal, _TOKEN.Literal.String

MOST_BYTES = 5_000_000
SQL_SUFFIXES = frozenset({".sql", ".psql", ".pgsql", ".ddl", ".plpgsql"})
SKIPPED = frozenset(
    {".git", ".hg", ".svn", "node_modules", "__pycache__", ".venv", "venv", ".tox", "target", "dist"}
)
_PROSE = frozenset({"Text only", "Markdown", "reStructuredText", "Text output", "Diff", "TeX"})
_PRINTF = frozenset({"Python", "Cython"})
"""Where a driver takes %s for a parameter; elsewhere it is printf's, and the SQL is put together."""

_OPENING = re.compile(r"""(?P<prefix>[A-Za-z@$]{0,3}?)(?P<hash>#*)(?P<quote>\"{3}|'{3}|"|'|`)""")
# What a language, or a call of its format function, puts its own values in for: never SQL's.
_HOLE = re.compile(r"[$#]\{|\{[^{}'\"]*\}|\$[A-Za-z_]\w*(?![\w$])|\\\(")
_JOINS = frozenset({"+", ".", "..", "||", "<>", "&", "++", "%", "^", "//"})
_CONCATENATES = frozenset({"PHP", "Perl", "Perl6"})
"""Where a dot joins strings."""
_SHELLS = frozenset({"Bash", "Docker", "Fish", "Tcsh", "PowerShell", "Perl"})
"""Where $1 is an argument of the script."""
_DATA = frozenset(
    {"YAML", "YAML+Jinja", "TOML", "Properties", "INI", "Docker Compose", "XML", "HTML", "XSLT"}
)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", "b": "\b", "f": "\f"}


@dataclass(frozen=True)
class SourceFile:
    """A text file, with what it takes to write it back to the byte."""

    path: Path
    text: str
    encoding: str
    bom: bytes = b""

    @classmethod
    def read(cls, path: Path) -> SourceFile | None:
        """Read a file; None where it is no text."""
        raw = path.read_bytes()
        for mark, encoding in (
            (codecs.BOM_UTF8, "utf-8"),
            (codecs.BOM_UTF16_LE, "utf-16-le"),
            (codecs.BOM_UTF16_BE, "utf-16-be"),
        ):
            if raw.startswith(mark):
                try:
                    return cls(path, raw[len(mark) :].decode(encoding), encoding, mark)
                except UnicodeDecodeError:
                    return None
        if b"\0" in raw[:8192]:
            return None
        try:
            return cls(path, raw.decode("utf-8"), "utf-8")
        except UnicodeDecodeError:
            # every byte is a character of it, so that all of them come back as they were
            return cls(path, raw.decode("latin-1"), "latin-1")

    def encoded(self, text: str) -> bytes:
        """Return another text as bytes in this file's manner."""
        return self.bom + text.encode(self.encoding)


@dataclass
class SqlText:
    """Text of a source that may be SQL: a string, several that are joined, or a file of SQL.

    Attributes:
        sql: what the program sees of it, escapes resolved.
        places: where in the source each of its characters begins and ends.
        breaks: offsets in `sql` where another string of the source begins.
        is_built: whether something else than literals is put into it.

    """

    sql: str = ""
    places: list[tuple[int, int]] = field(default_factory=list)
    breaks: list[int] = field(default_factory=list)
    is_built: bool = False
    is_file: bool = False

    def add(self, sql: str, places: Sequence[tuple[int, int]]) -> None:
        if self.sql:
            self.breaks.append(len(self.sql))
        self.sql += sql
        self.places += places

    def place(self, start: int, end: int) -> tuple[int, int] | None:
        """Return where a part stands in the source; None where it goes on in another string."""
        if any(start < at < end for at in self.breaks):
            return None
        if start == end:  # behind what is before
            return (self.places[start - 1][1],) * 2 if start else None
        return self.places[start][0], self.places[end - 1][1]


def source_files(folder: Path) -> Iterator[Path]:
    """Return the files at or below a folder, in order, but for those of tools and of other projects' packages."""
    if folder.is_file():
        yield folder
        return
    for path in sorted(folder.iterdir()):
        if path.is_symlink():
            continue
        if path.is_dir():
            if path.name not in SKIPPED:
                yield from source_files(path)
        elif path.is_file() and path.stat().st_size <= MOST_BYTES:
            yield path


def lexer_of(path: Path, text: str) -> Lexer | None:
    """Return the lexer of a file's language; None where no language is known, or it is prose."""
    try:
        found = find_lexer_class_for_filename(path.name, text)
        lexer = found() if found else guess_lexer(text) if text.startswith("#!") else None
    except ClassNotFound:
        return None
    return None if lexer is None or lexer.name in _PROSE else lexer


def line_of(text: str, offset: int) -> int:
    """Return the line, from 1, that an offset is on."""
    return text.count("\n", 0, offset) + 1


def sql_texts(source: SourceFile) -> list[SqlText] | None:
    """Return what of a source may be SQL; None where its language is not known."""
    text = source.text
    if source.path.suffix.lower() in SQL_SUFFIXES:
        whole = SqlText(is_file=True)
        whole.add(text, _as_written(0, len(text)))
        return [whole]
    lexer = lexer_of(source.path, text)
    if lexer is None:
        return None
    # some lexers know no carriage returns; a blank in its place keeps the offsets
    tokens = list(lexer.get_tokens_unprocessed(text.replace("\r\n", " \n")))
    return list(_joined(_regions(tokens, text, lexer), tokens, text, lexer.name))


@dataclass
class _Region:
    """A string of the source: its tokens' span, and whether code stands within it."""

    start: int
    end: int
    is_built: bool = False
    prefix: str = ""


_Tokens = Sequence[tuple[int, _Kind, str]]


def _is_string(kind: _Kind, lexer: str) -> bool:
    if kind in String:
        return not any(kind in other for other in (String.Doc, String.Regex, String.Symbol, String.Delimiter))
    if lexer in ("XML", "HTML", "XSLT"):
        return kind in Text and kind is not Text.Whitespace
    return lexer in _DATA and (kind in Literal or kind is Name.Constant)


def _regions(tokens: _Tokens, text: str, lexer: Lexer) -> Iterator[_Region]:
    """Strings of tokens that touch; code between an opening and a closing brace of a string belongs to it."""
    current: _Region | None = None
    holes = 0
    is_fstring = False
    for at, kind, value in tokens:
        end = at + len(value)
        if current is not None and holes:
            current.end = end
            if kind in String.Interpol:
                holes += _braces(value)
            continue
        if not _is_string(kind, lexer.name):
            if current is not None and lexer.name in _DATA and not value.strip():
                continue  # words and lines of one value
            if current is not None:
                yield current
            current, is_fstring = None, False
            continue
        if current is None:
            current = _Region(at, end)
        current.end = end
        if kind in String.Affix:
            is_fstring = is_fstring or "f" in value.lower()
        if kind in String.Interpol and (
            value.rstrip().endswith(("${", "#{", "$(", "\\(")) or (is_fstring and value == "{")
        ):
            current.is_built = True
            holes = _braces(value)
    if current is not None:
        yield current


def _braces(value: str) -> int:
    return sum(value.count(c) for c in "{(") - sum(value.count(c) for c in "})")


def _joined(regions: Iterator[_Region], tokens: _Tokens, text: str, language: str) -> Iterator[SqlText]:
    starts = [at for at, _, _ in tokens]
    current: SqlText | None = None
    end = 0
    for region in regions:
        before = _significant(tokens, bisect_right(starts, region.start) - 2, -1)
        between = text[end : region.start]
        follows = current is not None and _only_joins(tokens, starts, end, region.start)
        if not follows:
            if current is not None:
                yield _finished(current, tokens, starts, end, language)
            current = SqlText()
            # what stands before a joining operator is no string of this text
            current.is_built = before in _JOINS - {".", "%", "&"} and between != ""
        assert current is not None
        current.add(*_content(text, region))
        current.is_built |= region.is_built
        end = region.end
    if current is not None:
        yield _finished(current, tokens, starts, end, language)


def _finished(found: SqlText, tokens: _Tokens, starts: Sequence[int], end: int, language: str) -> SqlText:
    i = bisect_right(starts, end - 1)
    after = _significant(tokens, i, 1)
    joined = _JOINS - {"&"} if language in _CONCATENATES else _JOINS - {".", "&"}
    formatted = after == "." and _word_after(tokens, i) in (
        "format",
        "format_map",
        "formatted",
        "replace",
        "join",
    )
    printf = language not in _PRINTF and re.search(r"%[-+0-9.]*[sdifqv]", found.sql) is not None
    shell = language in _SHELLS and re.search(r"\$[0-9@*]", found.sql) is not None
    found.is_built |= shell or after in joined or formatted or printf or _HOLE.search(found.sql) is not None
    return found


def _significant(tokens: _Tokens, i: int, step: int) -> str:
    while 0 <= i < len(tokens):
        _, kind, value = tokens[i]
        if value.strip() and kind not in Comment:
            return value.strip() if kind in Operator or kind in Punctuation else "" if kind in String else "a"
        i += step
    return ""


def _word_after(tokens: _Tokens, i: int) -> str:
    words = [value for _, kind, value in tokens[i : i + 6] if kind in Name]
    return words[0] if words else ""


def _only_joins(tokens: _Tokens, starts: Sequence[int], start: int, end: int) -> bool:
    """Whether two strings are one: nothing, or one joining operator, stands between them."""
    first, last = bisect_right(starts, start - 1), bisect_right(starts, end - 1)
    left = [value.strip() for _, kind, value in tokens[first:last] if value.strip() and kind not in Comment]
    left = [value for value in left if value != "\\"]
    return left in ([], ["+"], ["."], [".."], ["||"], ["<>"], ["&"], ["++"])


def _as_written(start: int, end: int) -> list[tuple[int, int]]:
    return [(i, i + 1) for i in range(start, end)]


def _content(text: str, region: _Region) -> tuple[str, list[tuple[int, int]]]:
    """A string's value as the program sees it, with the place of each character."""
    raw = text[region.start : region.end]
    opened = _OPENING.match(raw)
    if opened is None:
        heredoc = re.match(r"<<[-~]?\S+\r?\n", raw)
        start = region.start + (heredoc.end() if heredoc else 0)
        end = region.start + raw.rstrip().rfind("\n") if heredoc else region.end
        return text[start:end], _as_written(start, end)
    closing = opened["quote"] + opened["hash"]
    is_closed = raw.endswith(closing) and len(raw) >= opened.end() + len(closing)
    region.is_built |= not is_closed  # code of the language goes on in it
    start, end = region.start + opened.end(), region.end - (len(closing) if is_closed else 0)
    if set(opened["prefix"].lower()) & {"r", "@"}:
        return text[start:end], _as_written(start, end)
    value: list[str] = []
    places: list[tuple[int, int]] = []
    i = start
    while i < end:
        character, step = text[i], 1
        if character == "\\" and i + 1 < end:
            following = text[i + 1]
            if following in "\r\n":
                i += 3 if text.startswith("\r\n", i + 1) else 2
                continue
            if following in _ESCAPES or following in "\\\"'`$":
                character, step = _ESCAPES.get(following, following), 2
        value.append(character)
        places.append((i, i + step))
        i += step
    return "".join(value), places
