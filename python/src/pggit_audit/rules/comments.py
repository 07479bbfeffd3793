"""Comments: v1 records none (FORMATS 1.1).

They come from the live catalog, under the name that their object had by then (`of_live_catalog`), as soon as what they
are on is there; one that a later text makes comes with that text (`is_made_later`).
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    COMMENT,
    COMMENTS,
    in_schema,
    parse_name,
    qualified_identity,
    quote_if_needed,
)
from pggit_audit.moments import Moment
from pggit_audit.rules import COMMENT_FROM_LIVE_CATALOG
from pggit_audit.rules.dating import bounds, last_written, told
from pggit_audit.rules.placing import texts_naming
from pggit_audit.rules.situation import Bounds, Evidence, Repair

_COMMENT_ON = re.compile(r"COMMENT ON (?:MATERIALIZED VIEW|\w+) ")


@dataclass(frozen=True)
class Comment:
    """A comment of the live catalog, under one of the names that its object's table had.

    `text` is the statement up to the comment itself; `about` the name of what it is on, and `names` are those that its
    object had. It had this one from the row at `first` on, until the row at `until`, not included. `moment` is when
    the comment was written, where the ids of transactions tell.
    """

    text: str
    statement: str
    about: str
    names: frozenset[str]
    first: int
    until: int
    moment: Moment | None = None
    bounds: Bounds | None = None

    def on_column(self, name: str) -> Comment:
        """The comment, if it is on a column, under the name that this had by then."""
        begin = "COMMENT ON COLUMN "
        own = f".{quote_if_needed(self.about)} IS "
        if not self.text.startswith(begin) or not self.text.endswith(own):
            return self
        text = f"{self.text.removesuffix(own)}.{quote_if_needed(name)} IS "
        return replace(self, text=text, statement=text + self.statement.removeprefix(self.text), about=name)

    @property
    def repair(self) -> Repair:
        """The step that makes it."""
        why = f"the live catalog has this comment, and {self.about} is there from here on"
        if self.bounds is not None:
            why = f"the live catalog has this comment, whose row was written {told(self.bounds)}"
        together = last_written("comment") if self.bounds is not None else None
        return Repair(COMMENT_FROM_LIVE_CATALOG, self.statement, why, bounds=self.bounds, about=together)


def of_live_catalog(evidence: Evidence) -> dict[tuple[str, str], list[Comment]]:
    """The comments of the live catalog, by kind and identity of their object, under each name that it had."""
    history = evidence.history
    result: dict[tuple[str, str], list[Comment]] = {}
    for (kind, identity), found in evidence.live.by_identity.items():
        tail = COMMENTS.search(found.definition)
        statements = [m[0].lstrip() for m in COMMENT.finditer(tail[0])] if tail is not None else []
        names = [*history.names(kind, (found.object_schema, found.object_name))] if statements else []
        bare = frozenset(name.split("(", 1)[0] for (_, name), _, _ in names)
        for name, first, until in names:
            before = identity
            if name[1] != found.object_name:
                before = qualified_identity(*name)
            elif name[0] and found.object_schema and name[0] != found.object_schema:
                before = in_schema(identity, found.object_schema, name[0])
            for statement in statements:
                text, what = statement.split(" IS ", 1)
                moment = _written(evidence, found, text)
                if identity in text or not name[0] or not found.object_schema:
                    text = text.replace(identity, before, 1)
                else:
                    # It names a routine's arguments, too.
                    text = in_schema(text, found.object_schema, name[0])
                about = _COMMENT_ON.sub("", text).split(" ON ", 1)[0].split("(", 1)[0]
                result.setdefault((kind, before), []).append(
                    Comment(
                        f"{text} IS ",
                        f"{text} IS {what}",
                        parse_name(about)[1],
                        bare,
                        first,
                        until,
                        moment,
                        bounds(evidence, moment) if moment is not None else None,
                    )
                )
    return result


def _written(evidence: Evidence, found: DatabaseObject, text: str) -> Moment | None:
    """When the live comment that a text begins with was written."""
    kind, identity = found.object_type.lower().replace("_", " "), found.object_identity
    on = _COMMENT_ON.sub("", text)
    part: str | None = None
    if text.startswith("COMMENT ON COLUMN "):
        part = parse_name(on.removeprefix(f"{identity}."))[1]
    elif text.startswith("COMMENT ON SEQUENCE "):
        # An identity's is in the definition of its table.
        kind, identity = "sequence", on
    elif " ON " in on:
        # Of a constraint: the catalog knows it by itself.
        kind, identity = f"{kind} constraint", on
    return evidence.moments.written(kind, identity.removesuffix(" (policy)"), "pg_description", part)


def is_made_later(evidence: Evidence, comment: Comment, position: int) -> bool:
    """Whether a text after this row makes the comment, or another for the same: it comes when its turn comes."""
    history = evidence.history
    # What is on the object itself is on it under each of its names.
    about = comment.names if comment.about in comment.names else {comment.about}
    return any(
        s.verb == "COMMENT" and not about.isdisjoint(s.words) and not comment.names.isdisjoint(s.words)
        for name in about
        for row in texts_naming(history, name, since=position + 1)
        if "comment" in row.text.lower()
        for s in row.statements
    )
