"""Code in other words: the body of a block, and of the routines that it calls, for the while that it runs."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress

from sqlglot import TokenType
from sqlglot.errors import TokenError

from pggit_audit.catalog import DatabaseObject
from pggit_audit.code import body_in
from pggit_audit.lexing import SHORT, Part, TooLong, read_parts
from pggit_audit.statements import Statement, split

Cut = tuple[int, int, str]
"""From where to where, in characters of a text, and what stands there instead."""
Change = Callable[[str], "str | None"]
"""Code in other words; None where it stays as it is."""


def applied(text: str, cuts: Iterable[Cut]) -> str:
    """The text with its cuts, which do not overlap."""
    for start, end, instead in sorted(cuts, reverse=True):
        text = text[:start] + instead + text[end:]
    return text


def told_otherwise(statement: Statement, cuts: Iterable[Cut]) -> str:
    """The text of a statement with cuts whose places are those of its tokens."""
    start = statement.tokens[0].start if statement.tokens else 0
    return applied(statement.text, [(a - start, b - start, instead) for a, b, instead in cuts])


def changed(code: str, cuts: Callable[[Part], Iterable[Cut]]) -> str | None:
    """Code with the cuts of each of its parts; None where there are none, or it cannot be read."""
    if len(code) > SHORT:
        return None
    with suppress(TokenError, TooLong, RecursionError):
        other = applied(code, [cut for part in read_parts(code, escapes=False) for cut in cuts(part)])
        return other if other != code else None
    return None


def bodies(statement: Statement, change: Change) -> Iterator[Cut]:
    """The body of a DO block in other words; places are those of its tokens."""
    start = statement.tokens[0].start if statement.tokens else 0
    for token in statement.tokens if statement.tag == "DO" else ():
        if token.token_type == TokenType.STRING:
            other = change(token.text)
            written = literal(other or "")
        elif token.token_type == TokenType.HEREDOC_STRING:
            mark = statement.text[token.start - start :].split("$", 2)[1]
            other = change(token.text)
            written = f"${mark}${other}${mark}$"
        else:
            continue
        if other is not None:
            yield token.start, token.end + 1, written


def as_if(routines: Iterable[DatabaseObject], change: Change) -> Iterator[tuple[str, str]]:
    """The routines that are otherwise then: how they are made in other words, and as they are."""
    for routine in routines:
        made = split(routine.definition)[0].text
        body = body_in(made)
        if body is None:
            continue
        start, end = body
        other = change(made[start:end])
        if other is not None:
            again = re.sub(r"^CREATE (?!OR )", "CREATE OR REPLACE ", made[:start])
            yield again + other + made[end:], again + made[start:]


def with_routines(text: str, routines: Sequence[tuple[str, str]]) -> str:
    """One statement that runs a text while routines are other ones."""
    if not routines:
        return text
    steps = [*(then for then, _ in routines), text, *(now for _, now in routines)]
    body = "\n".join(f"EXECUTE {literal(step)};" for step in steps)
    return f"DO {literal(f'BEGIN {body} END')}"


def literal(text: str) -> str:
    """A text as a string that is read so whatever standard_conforming_strings says."""
    escaped = text.replace("'", "''")
    return f"'{escaped}'" if "\\" not in text else "E'" + escaped.replace("\\", "\\\\") + "'"
