"""What only a superuser may create is made by the build, if the live database has it, and leads nowhere."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import psycopg
import pytest

from pggit_audit import embedded
from pggit_audit.shadow import Shadow, open_shadow
from pggit_audit.trusted import Privileged, privileged

LIVE = {"dblink": "public", "postgres_fdw": "public", "pageinspect": "ext"}


def denied(shadow: Shadow, text: str) -> str:
    with pytest.raises(psycopg.errors.InsufficientPrivilege) as caught:
        shadow.run(text)
    return str(caught.value)


def test_extensions_of_the_live_database_are_there_and_lead_nowhere(named_server: dict[str, Any]) -> None:
    with psycopg.connect(**named_server) as connection:
        found = connection.execute(
            "select name from pg_available_extensions where name = any(%s)", ([*LIVE],)
        )
        if len(found.fetchall()) < len(LIVE):
            pytest.skip("the server came without contrib")
    server = "CREATE SERVER far FOREIGN DATA WRAPPER postgres_fdw"
    with open_shadow(named_server, hidden=(), live=Privileged(LIVE, frozenset({server}))) as shadow:
        shadow.search_path("public")
        for text in (
            "create extension dblink",
            "create extension postgres_fdw",
            "create schema ext",
            # A script that runs with the build's rights meets nothing of the history's.
            "create function ext.format(text, text) returns text language sql as 'select null::text'",
            "create extension pageinspect with schema ext",
            "alter extension pageinspect set schema public",
        ):
            shadow.run(text)
        assert "adminpack" in denied(shadow, "create extension adminpack")
        shadow.run("alter role current_user password 'mine'")
        login = "'dbname=postgres user=' || current_user || ' password=mine'"
        call = f"select * from dblink({login}, 'select 1') as t (i int)"
        assert "function dblink" in denied(shadow, call)
        assert "function dblink_connect" in denied(shadow, "select dblink_connect('c', 'dbname=postgres')")
        assert "foreign-data wrapper" in denied(shadow, "create server s foreign data wrapper postgres_fdw")
        # A server of the live database may have foreign tables, of which none is read, whatever it is given.
        denied(shadow, server + " options (host '/tmp')")
        shadow.run(server)
        shadow.run(
            f"create user mapping for current_user server far options (user '{shadow.role}', password 'mine')"
        )
        shadow.run("create foreign table f (i int) server far options (table_name 'pg_class')")
        for text in ("create table read as select * from f", "insert into f values (1)", "analyze f"):
            with pytest.raises(psycopg.errors.ObjectNotInPrerequisiteState, match="has no handler"):
                shadow.run(text)
        denied(shadow, "alter foreign data wrapper postgres_fdw handler postgres_fdw_handler")
        denied(shadow, "alter server far options (host '/tmp')")
        # What names them can be made: only what they do is nobody's.
        shadow.run("create view v as select * from dblink('x', 'y') as t (i int)")
        shadow.run("drop extension dblink cascade")
        rows = shadow.query("select extname::text from pg_catalog.pg_extension order by extname")
        assert [name for (name,) in rows] == ["pageinspect", "plpgsql", "postgres_fdw"]


MADE = (
    "create function public.low(text) returns text language internal strict immutable as 'lower'",
    "create function public.handle() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler'",
    "create language own handler public.handle",
    "create function public.effect(text) returns text language own as 'begin return $1; end'",
    "create function public.acts() returns trigger language own as 'begin return new; end'",
)


@contextmanager
def live_database(server: embedded.Server, *made: str) -> Iterator[dict[str, Any]]:
    """A database in which a superuser made something; its keywords."""
    params = server.params("hostile_live")
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        admin.execute("create database hostile_live")
        try:
            with psycopg.connect(**params) as connection:
                for text in made:
                    connection.execute(text.encode())
            yield params
        finally:
            admin.execute("drop database hostile_live")


def test_what_only_a_superuser_makes_is_made_as_the_live_database_has_it_and_is_nobody_s_to_call(
    server: embedded.Server,
) -> None:
    with live_database(server, *MADE) as params:
        live = privileged(params)
        assert len(live.definitions) == len(MADE)
        with open_shadow(params, hidden=()) as shadow:
            shadow.search_path("public")
            for text in MADE[:2]:
                denied(shadow, text)
            order = (
                "public.handle(",
                "PROCEDURAL LANGUAGE own",
                "public.low(",
                "public.effect(",
                "public.acts(",
            )
            for part in order:
                shadow.run(next(text for text in live.definitions if part in text))
            shadow.run("create table t (a text)")
            assert "function low" in denied(shadow, "select public.low('A')")
            assert "function effect" in denied(shadow, "select public.effect('A')")
            assert "acts" in denied(
                shadow, "create trigger acts before insert on t execute function public.acts()"
            )
            assert "language own" in denied(
                shadow, "create function mine() returns int language own as 'begin return 1; end'"
            )


TRICKED = (
    "create function public.handle() returns language_handler language c as '$libdir/plpgsql', 'plpgsql_call_handler'",
    "create function public.looks(oid) returns void language c strict as '$libdir/plpgsql', 'plpgsql_validator'",
    "create language own handler public.handle validator public.looks",
    "create function public.judges(text[], oid) returns boolean language internal as 'postgresql_fdw_validator'",
    "create foreign data wrapper own validator public.judges",
    "create function public.low(text) returns text language internal strict immutable as 'lower'",
    "create function public.acts() returns trigger language c as '$libdir/plpgsql', 'plpgsql_call_handler'",
)
MARKS = "begin insert into public.marks values (current_user);"


def test_what_it_makes_for_the_history_calls_nothing_of_the_history(server: embedded.Server) -> None:
    """A language and a wrapper have functions that run when they are made; the history's may have their names."""
    with live_database(server, *TRICKED) as params, open_shadow(params, hidden=()) as shadow:
        live = privileged(params).definitions
        shadow.search_path("public")
        for text in (
            "create table public.marks (who text)",
            f"create function public.looks(oid) returns void language plpgsql as $$ {MARKS} end $$",
            "create function public.judges(text[], oid) returns boolean language plpgsql as"
            f" $$ {MARKS} return true; end $$",
        ):
            shadow.run(text)
        shadow.run(next(text for text in live if "public.handle(" in text))
        for named in ("PROCEDURAL LANGUAGE own", "DATA WRAPPER own"):
            denied(shadow, next(text for text in live if named in text))
        assert shadow.query("select who from public.marks") == []
        # As soon as the build's own are in their place, they are made.
        for named in ("FUNCTION public.looks(", "FUNCTION public.judges(", "LANGUAGE own", "WRAPPER own"):
            shadow.run(next(text for text in live if named in text))
        assert shadow.query("select who from public.marks") == []


def test_a_routine_that_was_the_history_s_is_not_its_any_more(server: embedded.Server) -> None:
    """Who replaces a routine leaves it to its owner, and a trigger calls it whatever it may."""
    with live_database(server, *TRICKED) as params, open_shadow(params, hidden=()) as shadow:
        low, acts = (
            next(text for text in privileged(params).definitions if named in text)
            for named in ("public.low(", "public.acts(")
        )
        for text in (
            "create function public.low(text) returns text language sql immutable as 'select $1'",
            "grant execute on function public.low to public",
            "create view public.v as select public.low('A')",
            low,
            "create table public.t (a text)",
            "create function public.acts() returns trigger language plpgsql as 'begin return new; end'",
            "create trigger acts before insert on public.t for each row execute function public.acts()",
        ):
            shadow.run(text)
        assert "function low" in denied(shadow, "do $$ begin perform public.low('A'); end $$")
        assert "function low" in denied(shadow, "do $$ begin perform * from public.v; end $$")
        denied(shadow, low.replace("lower", "upper"))
        denied(shadow, acts)


def test_a_script_finds_nothing_of_the_history_s_where_what_it_requires_is(
    named_server: dict[str, Any],
) -> None:
    with psycopg.connect(**named_server) as connection:
        found = connection.execute("select from pg_available_extensions where name = 'earthdistance'")
        if found.fetchone() is None:
            pytest.skip("the server came without contrib")
    live = Privileged({"cube": "public", "earthdistance": "ext"})
    create = "create extension earthdistance with schema ext"
    with open_shadow(named_server, hidden=(), live=live) as shadow:
        for text in (
            "create schema ext",
            "create extension cube with schema public",
            "create function public.honest(integer) returns text language sql as 'select null::text'",
            "create function public.lower(integer) returns text language sql as 'select null::text'",
        ):
            shadow.run(text)
        assert not shadow.trusted.take(create, "public")
        shadow.run("drop function public.lower(integer)")
        assert shadow.trusted.take(create, "public")


# Scripts that a superuser runs, with names that something of the history's may have as well.
CHAIN = {
    "chain_low": ("", "create type low as (a integer); create function made(integer) returns low language sql as"
                  " 'select row($1)::low';"),
    "chain_middle": ("requires = 'chain_low'", "create view middle as select (made(1)).a;"
                     " create table filled as select upper(1::smallint::text) as x, made(1::smallint);"),
    "chain_high": ("requires = 'chain_middle'", "create table high (id integer);"),
    "chain_own": ("schema = chain_place", "create function own(integer) returns integer language sql as 'select 1';"
                  " create table owned as select own(1::smallint);"),
    "chain_typed": ("requires = 'chain_low'", "create table typed as select row(1)::low as x;"),
}  # fmt: skip


@pytest.fixture
def chain(server_18: embedded.Server) -> Iterator[dict[str, Any]]:
    """A server with extensions that need each other; keywords of a superuser."""
    params = server_18.params("postgres")
    folder = Path(params["host"]) / "extension"
    folder.mkdir(mode=0o755, exist_ok=True)
    for name, (control, script) in CHAIN.items():
        (folder / f"{name}.control").write_text(f"default_version = '1'\nrelocatable = false\n{control}\n")
        (folder / f"{name}--1.sql").write_text(script)
    with psycopg.connect(**params, autocommit=True) as admin:
        admin.execute(f"alter system set extension_control_path = '$system:{folder.parent}'".encode())
        admin.execute("select pg_reload_conf()")
        yield params
        admin.execute("alter system reset extension_control_path")
        admin.execute("select pg_reload_conf()")
    shutil.rmtree(folder)


# No transaction that is undone takes it back.
MAKES_A_MARK = "begin perform nextval('public.marks');"
TRICKS = {
    # A name of what the one in the middle requires, where that is; a better fit for what its script calls.
    "behind what it requires": (
        "chain_high",
        f"create function public.made(smallint) returns integer language plpgsql as $$ {MAKES_A_MARK} return 1; end $$",
    ),
    "in a schema of its own": (
        "chain_own",
        "create schema chain_place; create function chain_place.own(smallint) returns integer language plpgsql as"
        f" $$ {MAKES_A_MARK} return 1; end $$",
    ),
    "a type": (
        "chain_typed",
        "create function public.checks(integer) returns boolean language plpgsql as"
        f" $$ {MAKES_A_MARK} return true; end $$;"
        " create domain ext.d as integer check (public.checks(value)); create type ext.low as (a ext.d)",
    ),
}


@pytest.mark.parametrize("how", TRICKS)
def test_a_script_takes_nothing_of_the_history_s_for_another_s(chain: dict[str, Any], how: str) -> None:
    name, trick = TRICKS[how]
    live = Privileged(dict.fromkeys(CHAIN, "public"))
    with open_shadow(chain, hidden=(), live=live) as shadow:
        shadow.search_path("public")
        for text in (
            "create sequence public.marks",
            "create schema ext",
            "create extension chain_low",
        ):
            shadow.run(text)
        shadow.run(trick)
        with suppress(psycopg.Error):
            shadow.run(f"create extension {name}" + (" schema ext" if name == "chain_typed" else ""))
        assert shadow.query("select is_called from public.marks") == [(False,)]


@pytest.mark.parametrize("name", ["chain_high", "chain_own", "chain_typed"])
def test_without_such_a_thing_it_is_made(chain: dict[str, Any], name: str) -> None:
    live = Privileged(dict.fromkeys(CHAIN, "public"))
    with open_shadow(chain, hidden=(), live=live) as shadow:
        shadow.search_path("public")
        shadow.run(f"create extension {name}")
        assert shadow.query(f"select from pg_catalog.pg_extension where extname = '{name}'") == [()]
