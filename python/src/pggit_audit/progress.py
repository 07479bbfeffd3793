"""How far long work is, said now and then in words, for whoever watches a log."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta

EVERY = 15.0
"""Seconds between two reports; what takes less says nothing."""


class Progress:
    """Says how far the replay of a branch is.

    Args:
        say: takes a line of text.
        what: what is worked on.
        rows: how many there are.
        clock: seconds, from wherever.

    """

    def __init__(
        self, say: Callable[[str], None], what: str, rows: int, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._say = say
        self._what = what
        self._rows = rows
        self._clock = clock
        self._began = self._said = clock()
        self._statements = 0

    def at(self, row: int) -> None:
        """A statement of the row at this place, counted from 0, was tried."""
        self._statements += 1
        now = self._clock()
        if now - self._said < EVERY:
            return
        self._said = now
        done, rows = row + 1, max(self._rows, row + 1)
        left = timedelta(seconds=round((now - self._began) * (rows - done) / done))
        self._say(
            f"{self._what}: row {done:,} of {rows:,}, {self._statements:,} statements, about {left} left"
        )
