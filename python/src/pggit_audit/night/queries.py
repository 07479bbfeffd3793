"""The audit queries that must be quick: those that the tables' indexes are made for."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.night.v1 import Names
from pggit_audit.sessions import read_any_time

QUERIES = {
    "history_of_an_object": """
        select event_no, change_type, author, committed_at from {audit}.object_history
        where object_identity = (select object_identity from pick) order by event_no
    """,
    "version_by_number": """
        select definition from {audit}.object_versions
        where object_schema = (select object_schema from pick) and object_name = (select object_name from pick)
            and version_number = 1
    """,
    "changes_of_a_month": """
        select count(*) from {audit}.changes
        where committed_at >= (select committed_at from pick)
            and committed_at < (select committed_at from pick) + interval '30 days'
    """,
    "changes_of_a_commit": """
        select object_identity, change_type from {audit}.changes where commit_sha = (select commit_sha from pick)
    """,
    "definition_at_a_commit": """
        select {audit}.object_definition_at((select commit_sha from pick), (select object_identity from pick))
    """,
}
"""By name: SQL, in which `pick` is one change. `rehearse` and `monitor` time the same."""

_PICK = "with pick as (select * from {audit}.changes where event_no = %(event_no)s) "


def picks(connection: psycopg.Connection[Any], names: Names, seed: float, count: int) -> list[int]:
    """Choose changes at random, by their event_no.

    Args:
        seed: between -1 and 1, for PostgreSQL's `setseed`.
        count: how many at the most.

    """
    connection.execute("select setseed(%s)", (seed,))
    rows = connection.execute(
        sql.SQL(
            "select event_no from {0}.changes where committed_at is not null and event_no in ("
            "select ceil(random() * (select max(event_no) from {0}.changes))::bigint from generate_series(1, %s))"
        ).format(sql.Identifier(names.audit)),
        (count * 2,),
    ).fetchall()
    return [event_no for (event_no,) in rows][:count]


def query(names: Names, name: str) -> sql.Composed:
    """Return one of the queries, for the change whose number is the parameter `event_no`."""
    return sql.SQL(_PICK + QUERIES[name]).format(audit=sql.Identifier(names.audit))


def milliseconds(
    connection: psycopg.Connection[Any], names: Names, name: str, events: list[int]
) -> list[float]:
    """Time one query, once for each of the picked changes: milliseconds, as the client sees them."""
    read_any_time(connection)
    asked = query(names, name)
    found = []
    for event_no in events:
        begun = time.perf_counter()
        connection.execute(asked, {"event_no": event_no}).fetchall()
        found.append((time.perf_counter() - begun) * 1000)
    return found


def summary(times: list[float]) -> Mapping[str, float]:
    """Return p50 and p95 of times in milliseconds."""
    ordered = sorted(times)
    return {
        "p50_ms": round(statistics.median(ordered), 2),
        "p95_ms": round(ordered[min(len(ordered) - 1, int(len(ordered) * 0.95))], 2),
    }
