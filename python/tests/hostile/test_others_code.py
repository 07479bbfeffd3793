"""Whoever owns a table that the build reads cannot act as the build by that."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from helpers import execute

from pggit_audit import embedded, others_code
from pggit_audit.errors import PggitError
from pggit_audit.sessions import connect

Params = dict[str, Any]

PLACE = """
    create schema v1 authorization other;
    create table v1.marks (who text);
    grant insert on v1.marks to public;
    grant usage on schema v1 to public;
    set role other;
    create function v1.acts() returns boolean language plpgsql immutable as
        'begin perform v1.marks_it(); return true; end';
    create function v1.marks_it() returns void language plpgsql security invoker as
        'begin insert into v1.marks values (current_user); exception when others then null; end';
    create function v1.of_one(anyelement) returns boolean language sql immutable as 'select v1.acts()';
    create domain v1.checked as integer check (v1.acts());
    create type v1.mood as enum ('glad');
    create function v1.as_text(v1.mood) returns text language plpgsql as 'begin perform v1.acts(); return null; end';
    create table v1.history (id integer, mood v1.mood default 'glad');
    insert into v1.history values (1)
"""
READS = b"select id, mood::pg_catalog.text, history::pg_catalog.text from v1.history where id operator(pg_catalog.>) 0"
ASIDE = "alter table v1.history rename to aside; create view v1.history as select * from v1.aside"
WAYS = {
    "an index": "create index on v1.history ((v1.acts()))",
    "what is in a part of an index": "create index on v1.history (id) where v1.acts()",
    "statistics": "create statistics v1.s on (v1.acts()), id from v1.history",
    "a cast": "create cast (v1.mood as text) with function v1.as_text(v1.mood)",
    "a cast of a domain of a domain": "create cast (v1.mood as text) with function v1.as_text(v1.mood);"
    " create domain v1.better as v1.mood; create domain v1.best as v1.better;"
    " alter table v1.history alter mood drop default, alter mood type v1.best using 'glad'",
    "a cast of its rows": "create function v1.row_as_text(v1.history) returns text language plpgsql as"
    " 'begin perform v1.acts(); return null; end';"
    " create cast (v1.history as text) with function v1.row_as_text(v1.history)",
    "a view": f"{ASIDE} where v1.acts()",
    "a view's domain": f"{ASIDE} where id::v1.checked > 0",
    "a domain of a view's domain": f"create domain v1.further as v1.checked; {ASIDE} where id::v1.further > 0",
    "a domain in what a view makes of a text": "create type v1.pair as (a v1.checked);"
    f" {ASIDE} where ('(' || id::text || ')')::v1.pair is not null",
    "a domain in an array of a view's": f"{ASIDE} where ('{{' || id::text || '}}')::v1.checked[] is not null",
    "a view's operator": "create operator v1.~~~ (function = v1.of_one, rightarg = anyelement);"
    f" {ASIDE} where operator(v1.~~~) id",
    "a view behind a view": "create view v1.between as select v1.acts() as it;"
    f" {ASIDE} where exists (select from v1.between where it)",
    "an index behind a view": f"{ASIDE}; create index on v1.aside ((v1.acts()))",
    "an index of a child": "create table v1.child () inherits (v1.history); create index on v1.child ((v1.acts()))",
    "what PostgreSQL itself brings": f"{ASIDE} where"
    " exists (select from ts_stat('select to_tsvector(''a'') where v1.acts()'))",
}
HONEST = {
    "nothing": "select",
    "what a superuser made": "reset role; create function v1.fine(integer) returns integer language sql immutable as"
    " 'select 1'; create index on v1.history (v1.fine(id))",
    "what PostgreSQL brings": "create index on v1.history (abs(id)) where id > 0",
    "a view that gives columns other names": "alter table v1.history rename to aside; create view v1.history as"
    " select abs(id) as id, coalesce(mood, 'glad') as mood from v1.aside where id = any ('{1,2}')",
    "a superuser's view": f"reset role; {ASIDE} where now() > '2000-01-01'",
}


@pytest.fixture(scope="module")
def place(server: embedded.Server) -> Iterator[Params]:
    admin = server.params("postgres")
    execute(admin, "create database others", "create role other")
    params = {**admin, "dbname": "others"}
    yield params
    execute(admin, "drop database others with (force)", "drop role other")


@pytest.fixture
def made(place: Params, request: pytest.FixtureRequest) -> Iterator[psycopg.Connection[Any]]:
    """A superuser's session, where another one has made all that: what it worked out itself, it keeps."""
    execute(place, f"{PLACE}; {request.param}; reset role; delete from v1.marks")
    with connect(place) as session:
        yield session
    execute(place, "drop schema v1 cascade")


def marks(session: psycopg.Connection[Any]) -> list[Any]:
    return session.execute("select who from v1.marks").fetchall()


@pytest.mark.parametrize("made", WAYS.values(), ids=WAYS, indirect=True)
def test_reading_runs_nothing_of_others(made: psycopg.Connection[Any]) -> None:
    with pytest.raises(PggitError, match=r"which other owns|which may have effects"):
        others_code.refuse(made, [("v1", "nowhere"), ("v1", "history")])
    assert marks(made) == []
    made.execute(READS)
    assert marks(made) != [], "this way leads nowhere"


@pytest.mark.parametrize("made", HONEST.values(), ids=HONEST, indirect=True)
def test_what_is_honest_is_read(made: psycopg.Connection[Any]) -> None:
    others_code.refuse(made, [("v1", "history")])
    made.execute(READS)


@pytest.mark.parametrize(
    "made",
    ["create table v1.child (check (v1.acts())) inherits (v1.history)"],
    ids=["a check"],
    indirect=True,
)
def test_a_check_of_a_child_is_not_worked_out(made: psycopg.Connection[Any]) -> None:
    made.execute(READS)
    assert marks(made) == []
    made.execute("set constraint_exclusion = partition")
    made.execute(READS)
    assert marks(made) != []
