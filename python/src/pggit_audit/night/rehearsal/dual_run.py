"""The old calls and the new queries, side by side on the same history: same rows, and how long each takes."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.night.preflight.calls import Call
from pggit_audit.night.v1 import Names
from pggit_audit.sessions import read_any_time

OBJECTS = 20
"""How many objects are drawn; the first and the last of v1's are among them."""
LIMIT = 1000
SHOWN = 5


@dataclass(frozen=True)
class Known:
    """A difference that is allowed.

    Attributes:
        reason: why, for people.
        columns: the places of the columns that may differ, from 0.
        condition: SQL that is true of v1 itself for an object of which it is allowed.

    """

    reason: str
    columns: frozenset[int]
    condition: str


KNOWN = {
    "get_version": Known(
        "v1 contradicts itself: pggit.objects has another time for the object than its first row in pggit.history, "
        "which the audit layer follows.",
        frozenset({4}),
        """
        select exists (
            select from {pggit}.objects as o where o.full_name = %(p_object_name)s and o.created_at is distinct from
                (select min(h.created_at) from {pggit}.history as h where h.object_id = o.id)
        )
        """,
    ),
    "get_version_fast": Known(
        "v1 shows what its cache held at the last refresh_cache().", frozenset({0, 1, 2, 3}), "select true"
    ),
}
"""By call. Everything else that differs is a NO."""

# What the two calls that every v1 has say of its tables (FORMATS 1), for a copy in which the functions are not there.
_OF_TABLES = {
    "get_history": """
        select h.new_version, h.change_type, h.change_description, h.created_at, h.created_by
        from {pggit}.history as h join {pggit}.objects as o on o.id = h.object_id
        where o.full_name = %(p_object_name)s order by h.created_at desc limit %(p_limit)s
    """,
    "get_version": """
        select split_part(o.full_name, '.', 2), split_part(o.full_name, '.', 1), o.version,
            o.version_major || '.' || o.version_minor || '.' || o.version_patch, o.created_at
        from {pggit}.objects as o where o.full_name = %(p_object_name)s and o.is_active
    """,
}

_OBJECTS = """
    select o.full_name from {pggit}.objects as o
    where o.object_type::text in ('TABLE', 'VIEW', 'INDEX')
        and exists (
            select from {audit}.changes as c where c.object_identity = o.full_name and c.v1_version_id is not null
        )
        and not exists (
            select from {audit}.excluded_history as e join {pggit}.history as h on h.id = e.v1_version_id
            where h.object_id = o.id
        )
        and 1 = (select count(*) from {pggit}.objects as same where same.full_name = o.full_name)
    order by o.id
"""


@dataclass(frozen=True)
class Comparison:
    """One call for one object, old and new.

    Attributes:
        source: what the old rows came from: `v1's function`, or `v1's tables` where it is not there.
        only_old, only_new: rows that the other side has not, or not as often; the first few.
        reason: why a difference is allowed; empty where it is not, or there is none.

    """

    call: str
    argument: str
    source: str
    rows: int
    old_ms: float
    new_ms: float
    only_old: list[str]
    only_new: list[str]
    reason: str

    @property
    def ok(self) -> bool:
        return not (self.only_old or self.only_new) or bool(self.reason)

    def as_json(self) -> dict[str, Any]:
        return {**asdict(self), "ok": self.ok}


def run(
    connection: psycopg.Connection[Any], names: Names, calls: Sequence[Call], seed: int, count: int = OBJECTS
) -> list[Comparison]:
    """Ask v1 and the audit layer the same of some objects, in random order, and compare the rows as multisets.

    Routines are left out: v1 knows them by an oid, the audit layer by their signature.

    Args:
        connection: in autocommit mode; v1 is still in place.
        names: the schemas' names.
        calls: of v1; those are asked that a query takes the place of for certain.
        seed: of the draw and the order.
        count: how many objects.

    """
    read_any_time(connection)
    present = {
        name
        for (name,) in connection.execute(
            "select proname::text from pg_proc where pronamespace = (select oid from pg_namespace where nspname = %s)",
            (names.pggit,),
        ).fetchall()
    }
    schemas = {"pggit": sql.Identifier(names.pggit), "audit": sql.Identifier(names.audit)}
    objects = [name for (name,) in connection.execute(sql.SQL(_OBJECTS).format(**schemas)).fetchall()]
    chance = random.Random(seed)
    drawn = {*objects[:1], *objects[-1:], *chance.sample(objects, min(count, len(objects)))}
    asked = [
        (call, name)
        for call in calls
        if call.class_ == "rewrite" and call.kind == "function"
        if call.name in present or call.name in _OF_TABLES
        for name in sorted(drawn)
    ]
    chance.shuffle(asked)
    return [_compared(connection, names, call, name, call.name in present, chance) for call, name in asked]


def _compared(
    connection: psycopg.Connection[Any],
    names: Names,
    call: Call,
    argument: str,
    is_there: bool,
    chance: random.Random,
) -> Comparison:
    values = {p.name: LIMIT if p.name == "p_limit" else argument for p in call.parameters}
    schemas = {"pggit": sql.Identifier(names.pggit), "audit": sql.Identifier(names.audit)}
    if is_there:
        arguments = sql.SQL(", ").join(sql.Placeholder(name) for name in values)
        old = sql.SQL("select * from {}({})").format(sql.Identifier(names.pggit, call.name), arguments)
    else:
        old = sql.SQL(_OF_TABLES[call.name]).format(**schemas)
    new = sql.SQL(call.template).format(
        audit=schemas["audit"],
        v0=sql.Identifier(names.v0),
        **{name: sql.Placeholder(name) for name in values},
    )
    sides = {"old": old, "new": new}
    found: dict[str, list[tuple[str, ...]]] = {}
    took: dict[str, float] = {}
    for side in chance.sample(["old", "new"], 2):
        begun = time.perf_counter()
        rows = connection.execute(sides[side], values).fetchall()
        took[side] = round((time.perf_counter() - begun) * 1000, 2)
        found[side] = [tuple("NULL" if value is None else str(value) for value in row) for row in rows]
    only_old, only_new = _differences(found["old"], found["new"])
    reason = ""
    known = KNOWN.get(call.name)
    if known is not None and (only_old or only_new) and _is_known(connection, known, found, schemas, values):
        reason = known.reason
    return Comparison(
        call.v1_call, argument, "v1's function" if is_there else "v1's tables", len(found["old"]),
        took["old"], took["new"], only_old[:SHOWN], only_new[:SHOWN], reason,
    )  # fmt: skip


def _differences(old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> tuple[list[str], list[str]]:
    """The rows that one side has more often than the other, as text."""
    olds, news = Counter(old), Counter(new)
    return [" | ".join(row) for row in (olds - news).elements()], [
        " | ".join(row) for row in (news - olds).elements()
    ]


def _is_known(
    connection: psycopg.Connection[Any],
    known: Known,
    found: Mapping[str, list[tuple[str, ...]]],
    schemas: Mapping[str, sql.Identifier],
    values: Mapping[str, Any],
) -> bool:
    """Whether nothing but the allowed columns differs, and what allows it is so."""
    kept = {
        side: [tuple(value for place, value in enumerate(row) if place not in known.columns) for row in rows]
        for side, rows in found.items()
    }
    if _differences(kept["old"], kept["new"]) != ([], []):
        return False
    return connection.execute(sql.SQL(known.condition).format(**schemas), values).fetchone() == (True,)
