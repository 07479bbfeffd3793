"""Makes up migrations against a real database: each statement fits what is there when it is to run.

A migration is tried out in a transaction that is rolled back, statement by statement, so that the next
statement is made for the schema that the ones before it leave. What the server refuses is left out.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from hypothesis import strategies as st
from psycopg.rows import dict_row
from tracker import STYLES, ClientStyle

from fuzz import of_others, of_tables
from fuzz.world import WORLD, Draw, NothingThere, World


@dataclass(frozen=True)
class Migration:
    """What one client sends."""

    style: ClientStyle
    statements: tuple[str, ...]


STARTERS = of_tables.STARTERS + of_others.STARTERS
MAKERS = of_tables.MAKERS + of_others.MAKERS


def make_migration(
    draw: Draw, connection: psycopg.Connection[Any], tries: tuple[int, int] = (1, 8)
) -> Migration:
    """A migration of statements that fit the database, of so many that were tried; nothing of it stays there."""
    style = draw(st.sampled_from(STYLES))
    kept: list[str] = []
    with connection.transaction(force_rollback=True):
        for _ in range(draw(st.integers(*tries))):
            with connection.cursor(row_factory=dict_row) as cursor:
                there = cursor.execute(WORLD.encode()).fetchone()
            assert there is not None
            world = World(draw, there)
            maker = draw(st.sampled_from(MAKERS if world.all("tables") else STARTERS))
            try:
                made = maker(world)
                for statement in (made,) if isinstance(made, str) else made:
                    with connection.transaction():
                        connection.execute(statement.encode())
                    kept.append(statement)
            except NothingThere:
                continue
            except psycopg.Error:
                if connection.broken:
                    raise
    return Migration(style, tuple(kept))
