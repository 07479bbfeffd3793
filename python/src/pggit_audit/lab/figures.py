"""The figures of a score, and how they are told."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from pggit_audit.lab.intervals import Intervals
from pggit_audit.lab.truth import KINDS, TRACKED, Key


@dataclass
class Figure:
    """So many right of so many."""

    right: int = 0
    of: int = 0

    def count(self, right: bool) -> None:
        """Adds one."""
        self.right += right
        self.of += 1

    @property
    def percent(self) -> float:
        """100 where there was nothing to get wrong."""
        return 100.0 * self.right / self.of if self.of else 100.0

    def __add__(self, other: Figure) -> Figure:
        return Figure(self.right + other.right, self.of + other.of)

    def __str__(self) -> str:
        shown = f"{self.percent:.1f}"
        return (
            f"{'99.9' if shown == '100.0' and self.right < self.of else shown:>5} %  {self.right}/{self.of}"
        )


Figures = dict[str, Figure]


def _sum(figures: Figures, kinds: Iterable[str]) -> Figure:
    return sum((figures[kind] for kind in kinds if kind in figures), Figure())


@dataclass(frozen=True)
class Miss:
    """One object that is wrong after one step (or at HEAD), with what should be and what is."""

    where: str
    key: Key
    true: str | None
    rebuilt: str | None


@dataclass
class Score:
    """All figures of one history."""

    rows: Figures = field(default_factory=lambda: defaultdict(Figure))
    steps: Figures = field(default_factory=lambda: defaultdict(Figure))
    head: Figures = field(default_factory=lambda: defaultdict(Figure))
    fidelity: dict[str, Counter[str]] = field(default_factory=lambda: defaultdict(Counter))
    wrong_rows: list[Miss] = field(default_factory=list)
    wrong_steps: list[Miss] = field(default_factory=list)
    wrong_head: list[Miss] = field(default_factory=list)
    wrong_exact: list[Miss] = field(default_factory=list)
    unaccounted: list[int] = field(default_factory=list)
    failures: list[tuple[str, str]] = field(default_factory=list)
    intervals: Intervals = field(default_factory=Intervals)
    certain: Figure = field(default_factory=Figure)
    untold: Figure = field(default_factory=Figure)
    causes: int = 0

    def summary(self) -> dict[str, Any]:
        """The figures for a file that other programs read."""

        def table(figures: Figures) -> dict[str, Any]:
            return {
                kind: {"right": figure.right, "of": figure.of, "percent": round(figure.percent, 3)}
                for kind, figure in [
                    *((k, figures[k]) for k in KINDS if k in figures),
                    ("tracked kinds", _sum(figures, TRACKED)),
                    ("all kinds", _sum(figures, KINDS)),
                ]
            }

        return {
            "rows": table(self.rows),
            "steps": table(self.steps),
            "head": table(self.head),
            "fidelity": {name: dict(counts) for name, counts in sorted(self.fidelity.items())},
            "exact_but_wrong": len(self.wrong_exact),
            "unaccounted_rows": self.unaccounted,
            "intervals": self.intervals.summary(),
            "certain": {
                "rows": self.certain.right,
                "of": self.certain.of,
                "percent": round(self.certain.percent, 3),
            },
            "causes": self.causes,
            "untold": {"misses": self.untold.right, "of": self.untold.of},
            "failed_rebuilds": [{"at": where, "error": error} for where, error in self.failures],
        }


def show(score: Score, most: int) -> None:
    """Lists what is wrong, `most` of each figure."""
    groups = (
        ("rows, wrong", score.wrong_rows),
        ("exact, but wrong", score.wrong_exact),
        ("HEAD, wrong", score.wrong_head),
        # A miss stays until something repairs it: the first step that has it is the one to look at.
        ("steps, newly wrong", _first_of_each(score.wrong_steps)),
    )
    for title, misses in groups:
        print(f"== {title}: {len(misses)}")
        for miss in misses[:most]:
            print(f"-- {miss.where}: {miss.key[0]} {miss.key[1]}.{miss.key[2]}")
            print(f"   true:    {miss.true if miss.true is not None else '(not there)'}")
            print(f"   rebuilt: {miss.rebuilt if miss.rebuilt is not None else '(not there)'}")
        if len(misses) > most:
            print(f"   … and {len(misses) - most} more (--show-max)")


def _first_of_each(misses: Sequence[Miss]) -> list[Miss]:
    seen: set[tuple[Key, str | None, str | None]] = set()
    first = []
    for miss in misses:
        what = (miss.key, miss.true, miss.rebuilt)
        if what not in seen:
            seen.add(what)
            first.append(miss)
    return first


def print_figures(history: str, score: Score, seconds: float) -> None:
    """The table of figures."""
    print(f"{history}, scored in {seconds:.0f} s")
    for where, error in score.failures[:5]:
        print(f"  the script of {where} does not run: {error}")
    if len(score.failures) > 5:
        print(f"  … and {len(score.failures) - 5} more scripts that do not run")
    if score.unaccounted:
        print(f"  history rows in neither changes nor excluded_history: {score.unaccounted[:10]}")
    print(f"  {'':<20}{'rows':<22}{'steps':<26}HEAD")
    for title, kinds in (
        *((kind, (kind,)) for kind in KINDS if kind in score.steps),
        ("kinds v1 tracks", TRACKED),
        ("all kinds", KINDS),
    ):
        rows = str(_sum(score.rows, kinds)) if set(kinds) & set(score.rows) else ""
        print(f"  {title:<20}{rows:<22}{_sum(score.steps, kinds)!s:<26}{_sum(score.head, kinds)}")
    print("  fidelity            changes  checked    wrong")
    for name, counts in sorted(score.fidelity.items()):
        print(f"  {name:<20}{counts['changes']:>7}{counts['checked']:>9}{counts['wrong']:>9}")
    print(f"  exact, but wrong: {len(score.wrong_exact)}")
    print(f"  rows of v1 that are exact: {score.certain}")
    print(f"  causes to judge: {score.causes}")
    print(
        f"  misses at a step: {score.untold.of}; of {score.untold.right} nothing recorded has all names and labels"
    )
    told = score.intervals.summary()
    print(
        f"  moments outside their interval: {told['outside']} of {told['checked']}; "
        f"the intervals are {told['median_commits']} commits wide at the median"
    )
    for line in score.intervals.outside[:10]:
        print(f"    {line}")
