"""Whether the true moment of each inferred change lies within the interval that the build states for it."""

from __future__ import annotations

import json
import statistics
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from pggit_audit.definitions import column_types
from pggit_audit.lab.truth import Definitions, Key, Step
from pggit_audit.rules.types import enum_labels


@dataclass(frozen=True)
class Stated:
    """An inferred change of an object, and the interval that is stated for it, in ids of rows; None: no such row."""

    key: Key
    change_type: str
    old_definition: str | None
    new_definition: str | None
    not_before: int | None
    not_after: int | None
    what: str = ""


@dataclass
class Intervals:
    """How many could be compared with the truth, which of them lie outside, and how many commits each is wide."""

    checked: int = 0
    outside: list[str] = field(default_factory=list)
    widths: list[int] = field(default_factory=list)

    def summary(self) -> dict[str, Any]:
        """For a file that other programs read."""
        return {
            "checked": self.checked,
            "outside": len(self.outside),
            "median_commits": statistics.median(self.widths) if self.widths else None,
        }


def compare(
    stated: Iterable[Stated], steps: Sequence[Step], truth: Mapping[int, Definitions], versions: Sequence[int]
) -> Intervals:
    """Compares intervals with the steps at which the truth changes.

    A step stands for all moments behind the row before its first and before the row behind its last. What begins and
    ends within one step does not show in the truth, and is not counted.

    Args:
        stated: the changes.
        steps: in order.
        truth: what was there after each step; at -1, before the first of all.
        versions: the ids of all history rows, in order.
    """
    result = Intervals()
    older = truth.get(-1, {})
    for change in stated:
        moments = [
            step
            for before, step in zip([None, *steps], steps, strict=False)
            if _shows(change, truth[before.number] if before else older, truth[step.number])
        ]
        if change.change_type == "DROP" and change.not_after is not None:
            # Of several drops it is the last one before the row that shows it, unless the object was there until then.
            behind = next((i for i, s in enumerate(steps) if s.last_id >= change.not_after), len(steps) - 1)
            if behind and change.key in truth[steps[behind - 1].number]:
                moments = [steps[behind]]
            else:
                moments = [s for s in moments if s.first_id < change.not_after][-1:]
        is_older = change.change_type == "CREATE" and change.key in older
        if not moments and not is_older:
            continue
        result.checked += 1
        lower, upper = change.not_before or 0, change.not_after
        result.widths.append(
            (bisect_left(versions, upper) if upper is not None else len(versions))
            - bisect_right(versions, lower)
            + 1
        )
        fits = any(lower <= s.last_id and (upper is None or upper > s.first_id) for s in moments)
        if not fits and not (is_older and lower <= steps[0].first_id):
            told = moments[-1].file if moments else "what is older than the tracker"
            result.outside.append(
                f"{change.change_type} {'.'.join(change.key)} ({change.what}): stated between the rows "
                f"{change.not_before} and {change.not_after}, true in {told}"
            )
    return result


def _shows(change: Stated, before: Definitions, after: Definitions) -> bool:
    """Whether a step shows the change."""
    old, new = before.get(change.key), after.get(change.key)
    if change.change_type == "DROP":
        return old is not None and new is None
    if change.change_type == "CREATE":
        return new is not None and old is None
    if old is None or new is None or old == new:
        return False
    gone, come = _parts_changed(change)
    names_old, names_new = _parts(change.key[0], old), _parts(change.key[0], new)
    return bool(gone or come) and gone <= names_old - names_new and come <= names_new - names_old


def _parts_changed(change: Stated) -> tuple[set[str], set[str]]:
    """The columns or labels that the change takes away and brings; empty where it is about something else."""
    if change.key[0] == "TABLE":
        old, new = (
            {column for column, _ in column_types(text or "")}
            for text in (change.old_definition, change.new_definition)
        )
    elif change.key[0] == "TYPE":
        old, new = ({*enum_labels(text or "")} for text in (change.old_definition, change.new_definition))
    else:
        return set(), set()
    return old - new, new - old


def _parts(kind: str, true: str) -> set[str]:
    if kind == "TABLE":
        return {column[0] for column in json.loads(true)["columns"] or []}
    return set(true.split(","))
