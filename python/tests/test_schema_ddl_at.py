"""schema_ddl_at: its script rebuilds a schema in an empty database, whatever the names and dependencies."""

from __future__ import annotations

import random
import re
import shlex
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers import NAMED_BINARIES
from project import DATABASE, NO_TESTS, SAMPLE, Params, commit, dbt, install_sources, new_database
from psycopg.conninfo import make_conninfo

from pggit_audit import catalog, embedded

FUNCTIONS = ("commit_of", "schema_ddl", "schema_ddl_at")
NASTY = Path(__file__).parent / "schemas" / "nasty.sql"
EVERY_KIND = Path(__file__).parent / "schemas" / "every_kind.sql"
# The entries of pg_dump's archives that are no schema, and those that are privileges.
NO_SCHEMA = {"ENCODING", "STDSTRINGS", "SEARCHPATH", "ACL", "DEFAULT ACL"}
# All other kinds of entries that pg_dump writes of a schema, and from which version on, where not all do.
SINCE_15 = {"PUBLICATION TABLES IN SCHEMA"}
ENTRIES = {
    "ACCESS METHOD", "AGGREGATE", "CAST", "CHECK CONSTRAINT", "COLLATION", "COMMENT", "CONSTRAINT", "CONVERSION",
    "DEFAULT", "DOMAIN", "EVENT TRIGGER", "EXTENSION", "FK CONSTRAINT", "FOREIGN DATA WRAPPER", "FOREIGN TABLE",
    "FUNCTION", "INDEX", "INDEX ATTACH", "MATERIALIZED VIEW", "OPERATOR", "OPERATOR CLASS", "OPERATOR FAMILY",
    "POLICY", "PROCEDURAL LANGUAGE", "PROCEDURE", "PUBLICATION", "PUBLICATION TABLE", "PUBLICATION TABLES IN SCHEMA",
    "ROW SECURITY", "RULE",
    "SCHEMA", "SEQUENCE", "SEQUENCE OWNED BY", "SERVER", "SHELL TYPE", "STATISTICS", "SUBSCRIPTION", "TABLE",
    "TABLE ATTACH", "TEXT SEARCH CONFIGURATION", "TEXT SEARCH DICTIONARY", "TEXT SEARCH PARSER",
    "TEXT SEARCH TEMPLATE", "TRANSFORM", "TRIGGER", "TYPE", "USER MAPPING", "VIEW",
}  # fmt: skip


def _definitions(params: Params) -> dict[str, str]:
    with psycopg.connect(**params, autocommit=True) as connection:
        found = catalog.with_unique_identities(catalog.CatalogReader(connection).everything())
    return {each.object_identity: each.definition for each in found}


_loaded: dict[tuple[str, Path], dict[str, str]] = {}


def _load(params: Params, path: Path) -> dict[str, str]:
    """What the script makes in a new database on that server: the definitions of all of it."""
    key = (f"{params['host']}:{params['port']}", path)
    if key not in _loaded:
        source = new_database(params, "source")
        with psycopg.connect(**source, autocommit=True) as connection:
            connection.execute(path.read_bytes())
        _loaded[key] = _definitions(source)
    return _loaded[key]


@pytest.fixture(scope="module")
def function_text(server: embedded.Server, artifacts: Path) -> str:
    """What dbt makes of the project: a CREATE FUNCTION each."""
    params = new_database(server.params("postgres"), DATABASE)
    with psycopg.connect(**params) as connection:
        install_sources(connection)
        result = dbt(params, artifacts, "build", *NO_TESTS, "--select", *FUNCTIONS)
        assert result.returncode == 0, result.stdout
        found = [
            connection.execute("select pg_get_functiondef(%s::regproc)", (f"pggit_audit.{name}",)).fetchone()
            for name in FUNCTIONS
        ]
    return ";\n".join(str(row[0]) for row in found if row is not None)


@pytest.fixture(scope="module", params=["embedded 16", "embedded 18", "Debian 15"])
def target(request: pytest.FixtureRequest, function_text: str) -> Iterator[Params]:
    """A database with pggit_v0 and the function, on one of the servers."""
    if request.param == "Debian 15":
        server: Params = request.getfixturevalue("named_server")
    else:
        server = request.getfixturevalue("server" if request.param == "embedded 16" else "server_18").params(
            "postgres"
        )
    params = new_database(server, "versioned")
    with psycopg.connect(**params) as connection:
        install_sources(connection)
        connection.execute("create schema pggit_audit")
        connection.execute(function_text.encode())
        connection.commit()
    yield params
    with psycopg.connect(**server, autocommit=True) as admin:
        for name in ("versioned", "source", "rebuilt"):
            admin.execute(f"drop database if exists {name} with (force)".encode())


def _script(target: Params, definitions: dict[str, str]) -> str:
    with psycopg.connect(**target) as connection:
        sha = commit(connection, definitions)
        row = connection.execute("select pggit_audit.schema_ddl_at(%s)", (sha,)).fetchone()
    assert row is not None
    return str(row[0])


def _rebuild(target: Params, script: str) -> dict[str, str]:
    rebuilt = new_database(target, "rebuilt")
    with psycopg.connect(**rebuilt) as connection:
        connection.execute(script.encode())
    return _definitions(rebuilt)


@pytest.mark.parametrize("path", [SAMPLE / "live.sql", NASTY], ids=["bookshop", "nasty"])
def test_rebuilds_the_schema(target: Params, path: Path) -> None:
    definitions = _load(target, path)
    rebuilt = _rebuild(target, _script(target, definitions))
    assert rebuilt == definitions


def _adapted(text: str, server: psycopg.Connection[Any]) -> str:
    """A script without the lines that are for other servers."""
    version = server.info.server_version // 10000
    row = server.execute("select array_agg(name::text) from pg_available_extensions").fetchone()
    assert row is not None
    there = set(row[0])
    if server.execute("select from pg_collation where collprovider = 'i'").fetchone():
        there.add("icu")

    def fits(line: str) -> bool:
        marks = re.findall(r"-- (since|until|with) (\w+)(?= *$| *--)", line)
        return all(
            version >= int(what)
            if word == "since"
            else version <= int(what)
            if word == "until"
            else what in there
            for word, what in marks
        )

    return "\n".join(line for line in text.split("\n") if fits(line))


def _dumped(programs: Path, params: Params, *options: str) -> bytes:
    command = [str(programs / "pg_dump"), "-s", "-O", "-x", *options, make_conninfo(**params)]
    found = subprocess.run(command, check=True, capture_output=True).stdout
    return re.sub(rb"(?m)^\\(?:un)?restrict .*$", b"", found)


def _without_subscriptions(params: Params) -> None:
    """A database with one cannot be dropped."""
    with psycopg.connect(**params, autocommit=True) as connection:
        for action in ("alter {} disable", "alter {} set (slot_name = none)", "drop {}"):
            connection.execute(action.format("subscription aa_subscription").encode())


def test_every_kind_is_rebuilt_as_it_was(target: Params, request: pytest.FixtureRequest) -> None:
    """What pg_dump says of the rebuilt schema is what it says of the first, byte for byte."""
    which = request.node.callspec.params["target"]
    programs = NAMED_BINARIES
    if which != "Debian 15":
        programs = request.getfixturevalue("server" if which == "embedded 16" else "server_18").bin
    source = new_database(target, "source")
    with psycopg.connect(**source, autocommit=True) as connection:
        script = _adapted(EVERY_KIND.read_text(encoding="utf-8"), connection)
        options = ("-X", "-q", "-v", "ON_ERROR_STOP=1", "-f", "-", make_conninfo(**source))
        subprocess.run([str(programs / "psql"), *options], input=script, text=True, check=True)
        version = connection.info.server_version // 10000
    try:
        script = _script(target, _definitions(source))
        rebuilt = new_database(target, "rebuilt")
        with psycopg.connect(**rebuilt, autocommit=True) as connection:
            connection.execute(script.encode())
        try:
            assert _definitions(rebuilt) == _definitions(source)
            assert _dumped(programs, rebuilt) == _dumped(programs, source)
            archive = _dumped(programs, source, "-Fc")
        finally:
            _without_subscriptions(rebuilt)
    finally:
        _without_subscriptions(source)
    contents = subprocess.run(
        [str(programs / "pg_restore"), "-l"], input=archive, check=True, capture_output=True
    ).stdout.decode()
    entries = set(re.findall(r"(?m)^\d+; \d+ \d+ ([A-Z]+(?: [A-Z]+)*?)(?= -| [^A-Z]| [A-Z] )", contents))
    assert entries - NO_SCHEMA == ENTRIES - (SINCE_15 if version < 15 else set())


def test_runs_in_psql(target: Params, server: embedded.Server) -> None:
    definitions = _load(target, NASTY)
    script = _script(target, definitions)
    rebuilt = new_database(target, "rebuilt")
    program = shlex.split(server.psql_line("x"))[0]
    subprocess.run(
        [program, "-X", "-q", "-v", "ON_ERROR_STOP=1"],
        input=script,
        text=True,
        check=True,
        env={
            "PGHOST": str(rebuilt["host"]),
            "PGPORT": str(rebuilt["port"]),
            "PGUSER": str(rebuilt["user"]),
            "PGPASSWORD": str(rebuilt.get("password", "")),
            "PGDATABASE": str(rebuilt["dbname"]),
            "PGCLIENTENCODING": "UTF8",
        },
    )
    assert _definitions(rebuilt) == definitions


@pytest.mark.parametrize("seed", range(2))
def test_order_does_not_hang_on_names(target: Params, seed: int) -> None:
    """The order is told by what statements say; paths only break ties, so any paths will do."""
    definitions = _load(target, NASTY)
    paths = [str(number) for number in range(len(definitions))]
    random.Random(seed).shuffle(paths)
    script = _script(target, dict(zip(paths, definitions.values(), strict=True)))
    assert _rebuild(target, script) == definitions


def test_settings_of_the_session_come_back(target: Params) -> None:
    script = _script(target, {"public.a": "CREATE TABLE public.a (\n    id integer\n);"})
    rebuilt = new_database(target, "rebuilt")
    with psycopg.connect(**rebuilt) as connection:
        connection.execute(script.encode())
        for name in ("search_path", "check_function_bodies", "standard_conforming_strings"):
            row = connection.execute("select setting, reset_val from pg_settings where name = %s", (name,))
            assert len(set(row.fetchone() or ())) == 1


def test_hand_written_definitions(target: Params) -> None:
    """Commits made by hand in pggit_v0 need not be written as the project writes definitions."""
    definitions = {
        "public.customers": "-- it's one; table\ncreate table public.customers (id serial primary key)",
        "public.customers_pkey": "create unique index customers_pkey on public.customers (id)",
        "public.a_view": "/* a 'view'; */ create view public.a_view as select id from public.customers -- ;",
        "public.a_odd": """CREATE TABLE "public".A_Odd (t text default E'it\\'s; ' -- ;
            , n int default 1 - 2 / 3);""",
        "public.a_do": """create function public.a_do() returns int language plpgsql
            as $x$ begin return 1; end $x$""",
        "public.a_top": "create view public.a_top as select a_do from public.a_do(), public.customers;",
    }
    rebuilt = _rebuild(target, _script(target, definitions))
    assert set(definitions) - {"public.a_do"} <= set(rebuilt)
    assert "public.a_do()" in rebuilt


def test_a_chain_of_thousands(target: Params) -> None:
    count = 4000
    definitions = {"public.v0": "CREATE VIEW public.v0 AS SELECT 1 AS a;"} | {
        f"public.v{n}": f"CREATE VIEW public.v{n} AS SELECT a FROM public.v{n - 1};" for n in range(1, count)
    }
    script = _script(target, definitions)
    places = [script.index(f"CREATE VIEW public.v{n} ") for n in range(count)]
    assert places == sorted(places)


def test_empty_schema(target: Params) -> None:
    assert set(_rebuild(target, _script(target, {}))) == {"public"}


@pytest.mark.parametrize("sha", ["no such commit", None])
def test_unknown_commit(target: Params, sha: str | None) -> None:
    with psycopg.connect(**target) as connection, pytest.raises(psycopg.errors.NoDataFound) as caught:
        connection.execute("select pggit_audit.schema_ddl_at(%s)", (sha,))
    assert "There is no commit" in str(caught.value)
    assert "refs" in (caught.value.diag.message_hint or "")


def test_unclosed_quote_is_left_as_it_is(target: Params) -> None:
    script = _script(target, {"public.a": "CREATE TABLE public.a (t text DEFAULT 'oops);"})
    assert "CREATE TABLE public.a (t text DEFAULT 'oops);" in script
