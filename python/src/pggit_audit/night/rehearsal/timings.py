"""How quick the audit queries are, and whether the indexes that they were made for serve them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.night import queries
from pggit_audit.night.v1 import Names

SAMPLES = 40
MOST_MS = 100.0
"""What a query may take: the plan's promise, at the 95th percentile."""
SMALL_PAGES = 32
"""A table of fewer pages is read whole by every planner that is right in its mind: no index is missed."""


@dataclass(frozen=True)
class Timing:
    """One audit query.

    Attributes:
        p50_ms, p95_ms: milliseconds as the client sees them.
        indexes: those that its plan uses, as table and columns.
        plan: in words.
        ok: quick enough, and no large table is read whole.

    """

    name: str
    p50_ms: float
    p95_ms: float
    samples: int
    indexes: list[str]
    plan: str
    ok: bool

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


def measure(connection: psycopg.Connection[Any], names: Names, seed: int) -> list[Timing]:
    """Time each audit query on changes drawn at random, and look at its plan."""
    events = queries.picks(connection, names, (seed % 2000) / 1000 - 1, SAMPLES)
    return [_timing(connection, names, name, events) for name in queries.QUERIES] if events else []


def _timing(connection: psycopg.Connection[Any], names: Names, name: str, events: list[int]) -> Timing:
    times = queries.milliseconds(connection, names, name, events)
    summary = queries.summary(times)
    explained = connection.execute(
        sql.SQL("explain (format json) ") + queries.query(names, name), {"event_no": events[0]}
    ).fetchone()
    assert explained is not None
    nodes = list(_nodes(explained[0][0]["Plan"]))
    indexes = _described(
        connection, names, {str(node["Index Name"]) for node in nodes if "Index Name" in node}
    )
    whole = {str(node["Relation Name"]) for node in nodes if node["Node Type"] == "Seq Scan"}
    large = sorted(table for table in whole if _pages(connection, names, table) >= SMALL_PAGES)
    if large:
        plan = f"reads {', '.join(large)} whole"
    elif indexes:
        plan = "by index"
    else:
        plan = "inside a function, or the tables are so small that they are read whole"
    return Timing(
        name, summary["p50_ms"], summary["p95_ms"], len(times), indexes, plan,
        summary["p95_ms"] < MOST_MS and not large,
    )  # fmt: skip


def _nodes(plan: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield plan
    for inner in plan.get("Plans", ()):
        yield from _nodes(inner)


def _described(connection: psycopg.Connection[Any], names: Names, indexes: set[str]) -> list[str]:
    """Say what indexes are on, `changes (object_identity, event_no)`: their own names are dbt's, and say nothing."""
    rows = connection.execute(
        "select distinct t.relname || ' ' || regexp_replace(pg_get_indexdef(c.oid), '^.* USING \\w+ ', '')"
        " from pg_class as c join pg_index as i on i.indexrelid = c.oid join pg_class as t on t.oid = i.indrelid"
        " join pg_namespace as n on n.oid = c.relnamespace"
        " where c.relname = any (%s) and n.nspname in (%s, %s) order by 1",
        (list(indexes), names.audit, names.v0),
    ).fetchall()
    return [text for (text,) in rows]


def _pages(connection: psycopg.Connection[Any], names: Names, table: str) -> int:
    row = connection.execute(
        "select coalesce(max(relpages), 0) from pg_class join pg_namespace as n on relnamespace = n.oid"
        " where relname = %s and nspname in (%s, %s)",
        (table, names.audit, names.v0),
    ).fetchone()
    assert row is not None
    return int(row[0])
