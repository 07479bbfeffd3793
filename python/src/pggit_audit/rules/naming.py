"""Which names of a failed statement the server's error is about, whatever language its messages are in.

A message is a sentence of a language that we do not choose, with names in it that the server repeats. So a name is
never cut out of a sentence: it comes from the statement's own tokens (or from the catalog), and the message only tells
which of them it is about.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlglot import TokenType

from pggit_audit.definitions import parse_name, quote_if_needed
from pggit_audit.lexing import QUOTED
from pggit_audit.statements import MOST_BYTES, Name, Statement, cut, folded

# As PostgreSQL's translations quote names; some put a space between mark and name.
_MARKS = "\"'«»\u2039\u203a„“”\u2018\u2019\u201a「」"
_SPACES = "\u00a0\u202f "
_WORD = re.compile(r"[^\W\d][\w$]*\Z")
_NAME_IN_STRING = re.compile(rf"(?:(?:{QUOTED}|[^\W\d][\w$]*)\s*\.\s*)*(?:{QUOTED}|[^\W\d][\w$]*)")

_NUMBER = re.compile(r"[0-9]+")

SUFFIXES = {"PRIMARY KEY": "pkey", "UNIQUE": "key", "FOREIGN KEY": "fkey", "CHECK": "check"}
"""How PostgreSQL ends the names that it gives, by the kind of constraint."""


class Naming(NamedTuple):
    """A name as a statement has it: its parts, the keywords before it (none where a quoted name or a string stands
    there), what follows it, and whether it stands in a string, or (not `plain`) may be a keyword."""

    parts: tuple[str, ...]
    before: tuple[str, str]
    behind: str
    in_string: bool
    plain: bool

    @property
    def name(self) -> Name:
        """The last part, with the one before as its schema."""
        return (self.parts[-2] if len(self.parts) > 1 else None, self.parts[-1])


def namings(statement: Statement) -> Iterator[Naming]:
    """All that may be a name in a statement, in its order; names in strings, too, as in `nextval('s.t')`."""
    tokens, words, keywords = statement.tokens, statement.words, statement.keywords
    i = 0
    while i < len(tokens):
        before = (keywords[i - 2] if i > 1 else "", keywords[i - 1] if i else "")
        behind = words[i + 1] if i + 1 < len(words) else ""
        kind = tokens[i].token_type
        if kind == TokenType.STRING:
            text = folded(tokens[i].text).strip()
            if _NAME_IN_STRING.fullmatch(text):
                schema, bare = parse_name(text)
                yield Naming((schema, bare) if schema else (bare,), before, behind, True, True)
            i += 1
            continue
        if kind != TokenType.IDENTIFIER and not _WORD.match(words[i]):
            i += 1
            continue
        parts = [words[i]]
        plain = kind in (TokenType.IDENTIFIER, TokenType.VAR)
        while i + 2 < len(tokens) and tokens[i + 1].token_type == TokenType.DOT:
            parts.append(words[i + 2])
            i += 2
        i += 1
        behind = words[i] if i < len(words) else ""
        yield Naming(tuple(map(cut, parts)), before, behind, False, plain or len(parts) > 1)


def default_constraint_name(kind: str, table: str, columns: Sequence[str]) -> str | None:
    """The name that PostgreSQL gives to a constraint (ChooseConstraintName), where it needs not be shortened.

    `kind` is PRIMARY KEY, UNIQUE or FOREIGN KEY.
    """
    name = "_".join((table, *(() if kind == "PRIMARY KEY" else columns), SUFFIXES[kind]))
    return name if len(name.encode()) <= MOST_BYTES else None


def said(message: str, name: str) -> tuple[int, int] | None:
    """Whether a message repeats a name: how surely (0 within quotation marks, 1 between blanks), and where first."""
    best = None
    for match in re.finditer(re.escape(name), message):
        left, right = message[: match.start()], message[match.end() :]
        if (
            left.rstrip(_SPACES)[-1:] in _MARKS
            and right.lstrip(_SPACES)[:1] in _MARKS
            and left.strip()
            and right
        ):
            return 0, match.start()
        if not re.search(r"[\w$.]\Z", left) and not re.match(r"[\w$]|\.\w", right):
            best = best or (1, match.start())
    return best


def forms(parts: tuple[str, ...]) -> Iterator[str]:
    """How the server may print a name, the longest first: with what stands before it or without, quoted or not."""
    for start in range(len(parts)):
        rest = parts[start:]
        yield ".".join(rest)
        yield ".".join(quote_if_needed(part) for part in rest)


def told(message: str, candidates: Iterable[Naming]) -> list[Naming]:
    """Those that a message repeats, in its order, of two at one place the longer first.

    Where it has any of them in quotation marks, only those; else what stands there as a word of its own and is no
    keyword: the name of a type, of a routine, or of a column behind its table's.
    """
    found: dict[tuple[str, ...], tuple[tuple[int, int, int], list[Naming]]] = {}
    for naming in candidates:
        if naming.parts in found:
            found[naming.parts][1].append(naming)
            continue
        places = [(*place, -len(form)) for form in forms(naming.parts) if (place := said(message, form))]
        if places and (naming.plain or min(places)[0] == 0):
            found[naming.parts] = (min(places), [naming])
    surest = min((place[0] for place, _ in found.values()), default=0)
    best = [(place, same) for place, same in found.values() if place[0] == surest]
    return [naming for _, same in sorted(best, key=lambda f: f[0]) for naming in same]


def without_database(statement: Statement, message: str) -> str | None:
    """The statement without the database before the schema of the name that a message repeats; None where it has none.

    Such a name is always of the database that it was run in, which has another name here.
    """
    tokens, words = statement.tokens, statement.words
    cuts: list[tuple[int, int]] = []
    i = 0
    while i < len(tokens):
        end = i
        while end + 2 < len(tokens) and tokens[end + 1].token_type == TokenType.DOT:
            end += 2
        if end - i >= 4 and said(message, ".".join(words[i : end + 1 : 2])):
            cuts.append((tokens[i].start, tokens[i + 2].start))
        i = end + 1
    text, first = statement.text, tokens[0].start if tokens else 0
    for start, end in reversed(cuts):
        text = text[: start - first] + text[end - first :]
    return text if cuts else None


def joined(text: str, names: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The ways to read a text as some of the names, one after the other with "_" between them."""
    for name in names:
        if text == name:
            yield (name,)
        elif text.startswith(f"{name}_"):
            rest = [n for n in names if n != name]
            yield from ((name, *others) for others in joined(text.removeprefix(f"{name}_"), rest))


def as_written(statement: Statement, name: str) -> str:
    """A name as a statement writes it: of a long one, the server keeps the begin."""
    if len(name) < MOST_BYTES - 3:
        return name
    return next((t.text for t in statement.tokens if cut(t.text) == name), name)


def but_for_numbers(name: str) -> str:
    """A name with a mark for each number in it: what code counts, or calls after a month, has that in common."""
    return _NUMBER.sub("#", name)
