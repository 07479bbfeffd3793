"""Temporary tables that go at the end of their transaction.

A text may be one transaction, and in the shadow each of its statements is one of its own: a table made ON COMMIT DROP
would be gone before the next statement, which would then find a lasting one of the name. So it stays until the
transaction of the text ends.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from sqlglot import Token

from pggit_audit.code import pieces
from pggit_audit.lexing import Part, upper
from pggit_audit.rules.other_words import Cut, bodies, changed, told_otherwise
from pggit_audit.statements import Name, Statement, quote, split

_GOES = re.compile(r"\bon\s+commit\s+drop\b", re.IGNORECASE)
_TEMPORARY = {"TEMP", "TEMPORARY"}
# A block that ends transactions itself makes such a table anew in each.
_COMMITS = re.compile(r"\bcommit\s*;", re.IGNORECASE)


def kept(statement: Statement) -> tuple[Statement, list[str]]:
    """The statement with such tables left to whoever ends its transaction, also those of a block; what drops them."""
    if not _GOES.search(statement.text):
        return statement, []
    tables: list[Name] = []

    def stay(tokens: Sequence[Token], text: str) -> Iterator[Cut]:
        words = [upper(t) for t in tokens]
        ends = [i for i in range(2, len(words)) if words[i - 2 : i + 1] == ["ON", "COMMIT", "DROP"]]
        if words[:1] == ["CREATE"] and not _TEMPORARY.isdisjoint(words) and ends:
            tables.extend(made.targets[0] for made in split(text)[:1] if made.targets)
            yield tokens[ends[0]].start, tokens[ends[0]].end + 1, "PRESERVE ROWS"

    def stay_in_code(part: Part) -> Iterator[Cut]:
        first = part.tokens[0].start
        for piece in pieces(part.tokens):
            yield from stay(piece, part.text[piece[0].start - first : piece[-1].end + 1 - first])

    def of_code(code: str) -> str | None:
        return None if _COMMITS.search(code) else changed(code, stay_in_code)

    cuts = [*stay(statement.tokens, statement.text), *bodies(statement, of_code)]
    dropped = [f"DROP TABLE IF EXISTS pg_temp.{quote(name)} CASCADE" for _, name in tables]
    return (split(told_otherwise(statement, cuts))[0] if cuts else statement), dropped
