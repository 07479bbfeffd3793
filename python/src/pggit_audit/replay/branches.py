"""Branches: which comes before which, what each inherits, and which one the live catalog belongs to."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pggit_audit.history import HistoryRow


@dataclass(frozen=True)
class Plan:
    """The branches, parents before children, and the one that the live catalog belongs to.

    `parents`: of each branch its parent, and the last row's `version_id` that it shares with it; None where it has
    none.
    """

    order: Sequence[str]
    parents: Mapping[str, tuple[str | None, int | None]]
    live_branch: str


def plan_branches(branches: Iterable[Mapping[str, Any]]) -> Plan:
    """The plan for rows with `branch_name`, `parent_branch_name`, `fork_version_id`; without any, for main alone."""
    parents = {row["branch_name"]: (row["parent_branch_name"], row["fork_version_id"]) for row in branches}
    order: list[str] = []

    def visit(name: str, path: tuple[str, ...]) -> None:
        if name in order or name in path:
            return
        parent = parents.get(name, (None, None))[0]
        if parent is not None and parent in parents:
            visit(parent, (*path, name))
        order.append(name)

    for name in sorted(parents, key=lambda n: (n != "main", n)):
        visit(name, ())
    if not order:
        order.append("main")
    # The database has one schema: that of main, or of the only root where nothing is called so.
    return Plan(order, parents, "main" if "main" in order else order[0])


def inherited_rows(
    branch: str, plan: Plan, by_branch: Mapping[str, Sequence[HistoryRow]]
) -> list[HistoryRow]:
    """The rows of the branch's ancestors up to where each was left, oldest first."""
    parent, fork = plan.parents.get(branch, (None, None))
    if parent is None or fork is None:
        return []
    shared = [row for row in by_branch.get(parent, []) if row.version_id <= fork]
    return [*inherited_rows(parent, plan, by_branch), *shared]
