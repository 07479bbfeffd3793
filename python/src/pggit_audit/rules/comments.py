"""Comments: v1 records none (FORMATS 1.1).

They come from the live catalog, under the name that their object had by then (`of_live_catalog`), as soon as what they
are on is there; one that a later text makes comes with that text (`is_made_later`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from pggit_audit.definitions import parse_name, qualified_identity
from pggit_audit.rules import COMMENT_FROM_LIVE_CATALOG
from pggit_audit.rules.situation import Evidence, Repair

COMMENT = re.compile(r"\nCOMMENT ON (?:[^;']|'(?:[^']|'')*')+;")
"""A comment, as a definition has it behind its statement."""
_COMMENTS = re.compile(rf"(?:{COMMENT.pattern})+\Z")
_COMMENT_ON = re.compile(r"COMMENT ON (?:MATERIALIZED VIEW|\w+) ")


@dataclass(frozen=True)
class Comment:
    """A comment of the live catalog, under one of the names that its object's table had.

    `text` is the statement up to the comment itself; `about` the name of what it is on, and `names` are those that its
    object had. It had this one from the row at `first` on, until the row at `until`, not included.
    """

    text: str
    statement: str
    about: str
    names: frozenset[str]
    first: int
    until: int

    @property
    def repair(self) -> Repair:
        """The step that makes it."""
        why = f"the live catalog has this comment, and {self.about} is there from here on"
        return Repair(COMMENT_FROM_LIVE_CATALOG, self.statement, why)


def of_live_catalog(evidence: Evidence) -> dict[tuple[str, str], list[Comment]]:
    """The comments of the live catalog, by kind and identity of their object, under each name that it had."""
    history = evidence.history
    result: dict[tuple[str, str], list[Comment]] = {}
    for (kind, identity), found in evidence.live.by_identity.items():
        tail = _COMMENTS.search(found.definition)
        statements = [m[0].lstrip() for m in COMMENT.finditer(tail[0])] if tail is not None else []
        names = [*history.names(kind, (found.object_schema, found.object_name))] if statements else []
        bare = frozenset(name.split("(", 1)[0] for (_, name), _, _ in names)
        for name, first, until in names:
            before = identity if until == len(history) else qualified_identity(*name)
            for statement in statements:
                text, what = statement.split(" IS ", 1)
                about = _COMMENT_ON.sub("", text).split(" ON ", 1)[0].split("(", 1)[0]
                text = text.replace(identity, before, 1)
                result.setdefault((kind, before), []).append(
                    Comment(f"{text} IS ", f"{text} IS {what}", parse_name(about)[1], bare, first, until)
                )
    return result


def is_made_later(evidence: Evidence, comment: Comment, position: int) -> bool:
    """Whether a text after this row makes the comment, or another for the same: it comes when its turn comes."""
    history = evidence.history
    return any(
        s.verb == "COMMENT" and comment.about in s.words and not comment.names.isdisjoint(s.words)
        for p in history.mentions(comment.about)
        if p > position and "comment" in history.rows[p].text.lower()
        for s in history.rows[p].statements
    )
