"""What long work says of itself: seldom, and with the time that is left."""

from __future__ import annotations

from pggit_audit.progress import EVERY, Progress


def test_it_says_rows_statements_and_the_time_left() -> None:
    said: list[str] = []
    now = 100.0
    progress = Progress(said.append, "Replaying branch main", 1200, lambda: now)
    progress.at(0)
    assert said == []
    now += EVERY
    for row in (10, 299):
        progress.at(row)
    now += EVERY
    progress.at(299)
    assert said == [
        "Replaying branch main: row 11 of 1,200, 2 statements, about 0:27:01 left",
        "Replaying branch main: row 300 of 1,200, 4 statements, about 0:01:30 left",
    ]


def test_more_rows_than_it_was_told_are_no_negative_time() -> None:
    said: list[str] = []
    times = iter((0.0, EVERY))
    progress = Progress(said.append, "Replaying branch main", 2, lambda: next(times))
    progress.at(4)
    assert said == ["Replaying branch main: row 5 of 5, 1 statements, about 0:00:00 left"]
