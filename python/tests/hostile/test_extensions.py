"""What only a superuser may create is made by the build, if the live database has it, and leads nowhere."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from pggit_audit.shadow import Shadow, open_shadow

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
    with open_shadow(named_server, hidden=(), extensions=LIVE) as shadow:
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
