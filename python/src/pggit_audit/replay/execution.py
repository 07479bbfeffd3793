"""One execution of the history: its rows came from one query of a client."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from pggit_audit.history import HistoryRow
from pggit_audit.replay.provenance import Inferred
from pggit_audit.statements import Statement, committed, split


@dataclass
class Execution:
    """The execution at hand, and how far the walk has come in it.

    `remaining` are its rows that no statement has explained yet, in order; `rows` are all of them, `last` is the last.
    `waiting` is what changed and no row explains: it comes with the commit of the next row. `following` are the
    statements still to come; `failures` are finding and message of each statement that could not run; `members` the
    rows of an extension's members.
    """

    text: str
    statements: Sequence[Statement]
    remaining: deque[HistoryRow]
    last: HistoryRow
    rows: Sequence[HistoryRow]
    waiting: list[Inferred]
    following: Sequence[Statement] = ()
    failures: list[tuple[str, str]] = field(default_factory=list)
    members: set[int] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Sequence[HistoryRow], waiting: list[Inferred]) -> Execution:
        """The execution of these rows, of which none is left out."""
        text = next((r.change_sql for r in rows if r.change_sql and r.change_sql.strip()), "")
        if "\x00" in text:
            text = ""
        return cls(text, committed(split(text)), deque(rows), rows[-1], rows, waiting)

    @property
    def next_row(self) -> HistoryRow | None:
        """The first row that is not explained yet, if one is left."""
        return self.remaining[0] if self.remaining else None

    def in_turn(self) -> Iterator[Statement]:
        """The statements in order; `following` goes along."""
        for i, statement in enumerate(self.statements, 1):
            self.following = self.statements[i:]
            yield statement
