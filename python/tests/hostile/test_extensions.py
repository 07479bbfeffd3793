"""What only a superuser may create is made by the build, if the live database has it, and leads nowhere."""

from __future__ import annotations

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
    with open_shadow(named_server, hidden=(), live=Privileged(LIVE)) as shadow:
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


def test_what_only_a_superuser_makes_is_made_as_the_live_database_has_it_and_is_nobody_s_to_call(
    server: embedded.Server,
) -> None:
    params = server.params("hostile_live")
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        admin.execute("create database hostile_live")
        try:
            with psycopg.connect(**params) as connection:
                for text in MADE:
                    connection.execute(text.encode())
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
        finally:
            admin.execute("drop database hostile_live")
