"""The old calls and the new queries, side by side on the same history: same rows, and how long each takes."""

from __future__ import annotations

import random
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.night.preflight.calls import Call, CallTable
from pggit_audit.night.preflight.uses import installed_calls
from pggit_audit.night.rehearsal.known import Known
from pggit_audit.night.rehearsal.own_queries import OwnQuery, Unbound, acts, bound
from pggit_audit.night.v1 import Names
from pggit_audit.sessions import read_any_time

OBJECTS = 20
"""How many objects are drawn; the first and the last of v1's are among them."""
OBJECTS_OF_A_QUERY = 5
"""For how many of them each of the team's queries is run."""
LIMIT = 1000
SHOWN = 5
SECONDS = 30
"""How long one side of a comparison may take."""

Query = sql.SQL | sql.Composed
V1, TEAM = "v1's calls", "the team's queries"

# What the two calls that every v1 has say of its tables (FORMATS 1), for a copy in which the functions are not there.
_OF_TABLES = {
    "get_history": """
        select h.new_version as version, h.change_type, h.change_description, h.created_at, h.created_by
        from {pggit}.history as h join {pggit}.objects as o on o.id = h.object_id
        where o.full_name = {p_object_name} order by h.created_at desc limit {p_limit}
    """,
    "get_version": """
        select split_part(o.full_name, '.', 2) as object_name,
            split_part(o.full_name, '.', 1) as schema_name, o.version,
            o.version_major || '.' || o.version_minor || '.' || o.version_patch as version_string, o.created_at
        from {pggit}.objects as o where o.full_name = {p_object_name} and o.is_active
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
    """One question, asked the old way and the new.

    Attributes:
        origin: `v1's calls` or `the team's queries`.
        call: of v1, or the place of the query.
        argument: the object that it was asked about; empty where the query itself says it.
        source: what the old rows came from: `v1's function`, or `v1's tables` where it is not there.
        only_old, only_new: rows that the other side has not, or not as often; the first few.
        reason: why a difference is allowed; empty where it is not, or there is none.

    """

    origin: str
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


@dataclass(frozen=True)
class _Question:
    origin: str
    call: str
    argument: str
    source: str
    old: Query
    new: Query
    calls: list[tuple[Call, dict[str, sql.Composable]]] = field(default_factory=list)


class _NotRun(Exception):
    """The old way itself could not be gone."""


def run(
    connection: psycopg.Connection[Any],
    names: Names,
    calls: Sequence[Call],
    known: Sequence[Known],
    seed: int,
    own: Sequence[OwnQuery] = (),
    count: int = OBJECTS,
    asker: psycopg.Connection[Any] | None = None,
) -> tuple[list[Comparison], list[OwnQuery]]:
    """Ask v1 and the audit layer the same, in random order, and compare the rows as multisets.

    v1's own calls are asked about some objects; routines are left out: v1 knows them by an oid, the audit layer by
    their signature. Then the team's own queries.

    Args:
        connection: in autocommit mode; v1 is still in place.
        names: the schemas' names.
        calls: of v1; those are asked that a query takes the place of for certain.
        known: the differences that are allowed.
        seed: of the draw and the order.
        own: the team's queries.
        count: how many objects.
        asker: a session that may read and do nothing else (`nobody`), in which they are asked; `connection` by default.

    Returns what was compared, and the team's queries that could not be, each with its reason.

    """
    read_any_time(connection)
    if asker is not None:
        read_any_time(asker)
    table = installed_calls(connection, CallTable(calls, schema=names.pggit, audit=names.audit, v0=names.v0))
    schemas = {"pggit": sql.Identifier(names.pggit), "audit": sql.Identifier(names.audit)}
    objects = [name for (name,) in connection.execute(sql.SQL(_OBJECTS).format(**schemas)).fetchall()]
    chance = random.Random(seed)
    drawn = sorted({*objects[:1], *objects[-1:], *chance.sample(objects, min(count, len(objects)))})
    asked = [*_of_v1(connection, names, table, drawn)]
    left: list[OwnQuery] = []
    for query in own:
        if query.reason:
            left.append(query)
            continue
        try:
            asked += _of_team(
                connection, names, table, query, chance.sample(drawn, min(OBJECTS_OF_A_QUERY, len(drawn)))
            )
        except Unbound as unbound:
            left.append(replace(query, reason=str(unbound)))
    chance.shuffle(asked)
    found = []
    for question in asked:
        try:
            found.append(_compared(connection, asker or connection, names, question, known, chance))
        except _NotRun as why:
            left.append(OwnQuery(question.call, question.old.as_string(connection), "", str(why)))
    return found, left


def _of_v1(
    connection: psycopg.Connection[Any], names: Names, table: CallTable, drawn: Sequence[str]
) -> Iterator[_Question]:
    present = {
        name
        for (name,) in connection.execute(
            "select proname::text from pg_proc where pronamespace = (select oid from pg_namespace where nspname = %s)",
            (names.pggit,),
        ).fetchall()
    }
    schemas = {
        "pggit": sql.Identifier(names.pggit),
        "audit": sql.Identifier(names.audit),
        "v0": sql.Identifier(names.v0),
    }
    for call in table.calls:
        is_there = call.name in present
        if call.class_ != "rewrite" or call.kind != "function" or not (is_there or call.name in _OF_TABLES):
            continue
        for name in drawn:
            values: dict[str, sql.Composable] = {
                p.name: sql.Literal(LIMIT if p.name == "p_limit" else name) for p in call.parameters
            }
            old: Query = sql.SQL("select * from {}({})").format(
                sql.Identifier(names.pggit, call.name), sql.SQL(", ").join(values.values())
            )
            if not is_there:
                old = sql.SQL(_OF_TABLES[call.name]).format(**schemas, **values)
            new = sql.SQL(call.template).format(**schemas, **values)
            source = "v1's function" if is_there else "v1's tables"
            yield _Question(V1, call.v1_call, name, source, old, new, [(call, values)])


def _of_team(
    connection: psycopg.Connection[Any], names: Names, table: CallTable, query: OwnQuery, drawn: Sequence[str]
) -> Iterator[_Question]:
    """The query about each object, or once where it asks about none.

    Raises:
        Unbound: it cannot be run here.

    """
    with_effects = acts(connection, query.old, names.pggit)
    if with_effects:
        raise Unbound(f"it calls {', '.join(with_effects)}, which may have effects: it is not run")
    seen = set()
    for name in drawn:
        made = bound(query, table, {"p_object_name": name, "p_limit": LIMIT})
        if made.old not in seen:
            argument = name if made.old != query.old.rstrip().rstrip(";") else ""
            yield _Question(
                TEAM, query.place, argument, "v1's function", sql.SQL(made.old), sql.SQL(made.new), made.calls
            )  # fmt: skip
        seen.add(made.old)


def _compared(
    connection: psycopg.Connection[Any],
    asker: psycopg.Connection[Any],
    names: Names,
    question: _Question,
    known: Sequence[Known],
    chance: random.Random,
) -> Comparison:
    """Raises `_NotRun` where the old side itself fails."""
    sides = {"old": question.old, "new": question.new}
    found: dict[str, list[tuple[str, ...]]] = {}
    took: dict[str, float] = {}
    columns: dict[str, list[str]] = {}
    failed: dict[str, str] = {}
    for side in chance.sample(["old", "new"], 2):
        try:
            columns[side], found[side], took[side] = _rows(asker, sides[side])
        except psycopg.Error as error:
            failed[side] = error.diag.message_primary or str(error).strip()
            columns[side], found[side], took[side] = [], [], 0.0
    if "old" in failed:
        raise _NotRun(f"it fails on the copy itself: {failed['old']}")
    only_old, only_new = _differences(found["old"], found["new"])
    if "new" in failed:
        only_new = [f"the new query fails: {failed['new']}"]
    reason = ""
    if (only_old or only_new) and not failed:
        reason = next(
            (
                one.reason
                for one in known
                for call, given in question.calls
                if one.v1_call == call.v1_call and one.allows(columns["old"], found["old"], found["new"])
                if one.holds(connection, names.pggit, given)
            ),
            "",
        )
    return Comparison(
        question.origin, question.call, question.argument, question.source, len(found["old"]), took["old"],
        took["new"], only_old[:SHOWN], only_new[:SHOWN], reason,
    )  # fmt: skip


def _rows(
    connection: psycopg.Connection[Any], query: Query
) -> tuple[list[str], list[tuple[str, ...]], float]:
    """The names of the columns, the rows as text, milliseconds. It can neither write nor go on for ever."""
    with connection.transaction(force_rollback=True):
        connection.execute("set local transaction_read_only = on")
        connection.execute(f"set local statement_timeout = '{SECONDS}s'".encode())
        begun = time.perf_counter()
        cursor = connection.execute(query)
        fetched = cursor.fetchall()
        took = round((time.perf_counter() - begun) * 1000, 2)
        names = [column.name for column in cursor.description or ()]
    return names, [tuple("NULL" if v is None else str(v) for v in row) for row in fetched], took


def _differences(old: list[tuple[str, ...]], new: list[tuple[str, ...]]) -> tuple[list[str], list[str]]:
    """The rows that one side has more often than the other, as text."""
    olds, news = Counter(old), Counter(new)
    return [" | ".join(row) for row in (olds - news).elements()], [
        " | ".join(row) for row in (news - olds).elements()
    ]
