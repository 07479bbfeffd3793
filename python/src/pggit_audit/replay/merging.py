"""What changed behind a statement, to bring it to its rows, is what the statement changed: row by row."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from pggit_audit.replay.identities import same_type
from pggit_audit.replay.matching import Match, separate_foreign_keys
from pggit_audit.replay.state import Difference, combine


def merge(differences: list[Difference], later: Sequence[Difference], matched: list[Match]) -> None:
    """Adds what changed after the statement to what changed by it, object by object, row by row."""
    for change in later:
        rows = _rows_of_one_create(matched, change.path)
        made = matched[rows[0]][1] if rows else None
        if made is not None:
            # Each of them has what mends the table.
            whole = Difference(change.path, made.old, change.new, True)
            for i in rows:
                matched[i] = (matched[i][0], whole)
            matched[:] = separate_foreign_keys(matched)
            continue
        last = next(
            (i for i in reversed(range(len(matched))) if (d := matched[i][1]) and d.path == change.path), None
        )
        if last is not None:
            row, difference = matched[last]
            assert difference is not None
            left = Difference(change.path, difference.old, change.new, True)
            # Made by the statement, and gone again by what had to follow: nothing is left of it.
            matched[last] = (row, left if left.old or left.new else None)
            continue
        unmatched = next(
            (
                i
                for i, (row, d) in enumerate(matched)
                if d is None
                and row.name == change.object.object_name
                and same_type(row.object_type, change.object.object_type)
            ),
            None,
        )
        if unmatched is not None:
            matched[unmatched] = (matched[unmatched][0], replace(change, taken=True))
            continue
        free = [d for d in differences if not d.taken]
        combine(free, [change])
        differences[:] = [d for d in differences if d.taken] + free


def _rows_of_one_create(matched: Sequence[Match], path: str) -> list[int]:
    """The rows that one CREATE TABLE left of its table (FORMATS 1.3), where the last recorded no other columns."""
    here = [i for i, (_, d) in enumerate(matched) if d is not None and d.path == path]
    rows = [matched[i][0] for i in here]
    is_one = len(rows) > 1 and rows[0].change_type == "CREATE" and rows[0].columns == rows[-1].columns
    return here if is_one and all(row.change_type == "ALTER" for row in rows[1:]) else []
