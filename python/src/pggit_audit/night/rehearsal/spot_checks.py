"""Objects drawn at random: v1's own words beside the definition that was rebuilt from them."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit import models
from pggit_audit.night import monitor, plan
from pggit_audit.night.v1 import Names
from pggit_audit.sessions import read_any_time

COUNT = 20

_CHANGES = """
    select distinct on (c.object_identity)
        c.object_identity, c.object_type, c.v1_version_id, c.v1_version, c.change_type, c.author, c.committed_at,
        c.fidelity, c.old_definition, c.new_definition,
        current_object.definition as current_definition,
        {facts}
    from {audit}.changes as c
    join {pggit}.history as h on h.{key} = c.v1_version_id
    left join {audit}.current_objects as current_object
        on current_object.object_identity = c.object_identity and current_object.branch_name = c.branch_name
    where c.object_identity = any(%s)
    order by c.object_identity, c.event_no desc
"""


# The two layouts of v1: its own, and that of the migration plan.
_FACTS = {
    "id": """
        h.sql_executed as v1_text, h.change_description as v1_words, h.change_type::text as v1_change_type,
        h.created_by as v1_author, h.created_at as v1_time, h.new_version as v1_number
    """,
    "version_id": """
        h.change_sql as v1_text, null as v1_words, h.change_type::text as v1_change_type,
        h.author as v1_author, h.created_at as v1_time, c.v1_version as v1_number
    """,
}


@dataclass(frozen=True)
class SpotCheck:
    """One object: the last row that v1 has of it, and what was made of it.

    Attributes:
        problems: where the two contradict each other, or the live catalog; empty where they agree.

    """

    object_identity: str
    object_type: str
    v1_version_id: int
    v1_version: int | None
    change_type: str
    author: str | None
    committed_at: str | None
    v1_text: str | None
    v1_words: str | None
    old_definition: str | None
    new_definition: str | None
    fidelity: str
    lives: bool
    problems: list[str]

    @property
    def ok(self) -> bool:
        return not self.problems

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}


def draw(connection: psycopg.Connection[Any], names: Names, seed: int, count: int = COUNT) -> list[SpotCheck]:
    """Draw objects of v1's history and check each.

    What v1 recorded as a fact (who, when, what kind of change, its own number) has to be as v1 has it; an object that
    lives has to be, at the end, what the live catalog says now.

    Args:
        connection: in autocommit mode.
        names: the schemas' names; v1 is still in place.
        seed: of the draw: the same history and seed give the same objects.
        count: how many, where there are as many.

    """
    read_any_time(connection)
    known = connection.execute(
        sql.SQL(
            "select distinct object_identity from {}.changes where v1_version_id is not null order by object_identity"
        ).format(sql.Identifier(names.audit))
    ).fetchall()
    chosen = random.Random(seed).sample([name for (name,) in known], min(count, len(known)))
    hidden = monitor.hidden_schemas(connection, names)
    with connection.transaction():
        live = {row["object_identity"]: row["definition"] for row in models.live_objects(connection, hidden)}
    key = plan.history_key(connection, names.pggit)
    query = sql.SQL(_CHANGES).format(
        audit=sql.Identifier(names.audit), pggit=sql.Identifier(names.pggit), key=sql.Identifier(key),
        facts=sql.SQL(_FACTS[key]),
    )  # fmt: skip
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(query, (chosen,)).fetchall()
    return [_check(row, live.get(row["object_identity"])) for row in rows]


def _check(row: dict[str, Any], live: str | None) -> SpotCheck:
    pairs: Sequence[tuple[str, Any, Any]] = (
        ("author", row["v1_author"], row["author"]),
        ("time", row["v1_time"], row["committed_at"]),
        ("kind of change", row["v1_change_type"], row["change_type"]),
        ("v1's number", row["v1_number"], row["v1_version"]),
    )
    problems = [f"{what}: v1 has {old}, the audit layer has {new}" for what, old, new in pairs if old != new]
    if row["current_definition"] != live:
        what = (
            "it lives, and the audit layer has it otherwise"
            if live
            else "it is gone, and the audit layer has it"
        )
        problems.append(f"live catalog: {what}")
    return SpotCheck(
        row["object_identity"], row["object_type"], row["v1_version_id"], row["v1_version"], row["change_type"],
        row["author"], str(row["committed_at"]) if row["committed_at"] else None, row["v1_text"], row["v1_words"],
        row["old_definition"], row["new_definition"], row["fidelity"], live is not None, problems,
    )  # fmt: skip
