"""A build calls nothing that somebody put into the target, whatever role and database say about settings."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from project import DATABASE, SAMPLE, Params, dbt, fingerprint, new_database, readme_grants

from pggit_audit import embedded
from pggit_audit.lab import recorded

pytestmark = pytest.mark.slow

# Each notes that it was called, and by whom. What PostgreSQL has of that name takes other types, or would win only if
# pg_catalog came first.
NOTES = "create table public.calls (what text, who text); grant all on public.calls to public"
FUNCTIONS = [
    "lower(text) returns text", "upper(text) returns text", "length(text) returns integer", "md5(text) returns text",
    "sha256(bytea) returns bytea", "encode(bytea, text) returns text", "convert_to(text, text) returns bytea",
    "format(text, text) returns text", "format(text, name) returns text", "concat(text, text) returns text",
    "btrim(text) returns text", "left(text, integer) returns text", "replace(text, text, text) returns text",
    "split_part(text, text, integer) returns text", "starts_with(text, text) returns boolean",
    "starts_with(name, text) returns boolean", "quote_ident(text) returns text", "quote_ident(name) returns text",
    "quote_literal(text) returns text", "to_jsonb(record) returns jsonb", "to_json(record) returns json",
    "now() returns timestamptz", "clock_timestamp() returns timestamptz", "current_setting(text) returns text",
    "set_config(text, text, boolean) returns text", "pg_get_expr(pg_node_tree, oid) returns text",
    "pg_advisory_xact_lock(integer, integer) returns void", "pg_try_advisory_lock(integer, integer) returns boolean",
    "array_length(text[], integer) returns integer", "cardinality(text[]) returns integer",
    "regexp_replace(text, text, text, text) returns text", "regexp_match(text, text) returns text[]",
    "date_trunc(text, timestamp) returns timestamp", "int4(bigint) returns integer",
    "gen_random_uuid() returns uuid",
]  # fmt: skip
OPERATORS = {
    "=": (
        "text, text", "name, text", "text, name", "oid, oid", "uuid, uuid", "bigint, bigint", "integer, bigint",
        "bigint, integer",
    ),
    "<>": ("text, text", "name, text", "name, name", "integer, integer"),
    "<": ("text, text", "bigint, bigint", "bigint, integer"),
    ">": ("bigint, integer", "integer, integer", "timestamp, timestamp"),
    "||": ("text, text", "text, integer", "text, bigint", "name, text", "text, name", "text, bytea"),
    "~": ("text, text", "name, text"),
    "+": ("bigint, integer", "bigint, bigint"),
    "->": ("jsonb, text", "json, text"),
}  # fmt: skip
RESULTS = {"||": "text", "+": "bigint", "->": "jsonb"}
# What a role and a database may say for every session that does not say it itself.
SETTINGS = {
    "search_path": "public, pg_catalog", "DateStyle": "'German'", "IntervalStyle": "'sql_standard'",
    "statement_timeout": "'20ms'", "lock_timeout": "'20ms'", "idle_in_transaction_session_timeout": "'20ms'",
    "idle_session_timeout": "'20ms'", "bytea_output": "'escape'", "quote_all_identifiers": "on",
    "extra_float_digits": "-5", "check_function_bodies": "off", "default_transaction_isolation": "'serializable'",
    "client_encoding": "'LATIN1'", "row_security": "on", "transform_null_equals": "on", "xmloption": "'document'",
    "array_nulls": "off", "plpgsql.extra_errors": "'all'", "enable_hashjoin": "off", "enable_nestloop": "off",
    "exit_on_error": "on", "plan_cache_mode": "force_generic_plan",
    "restrict_nonsystem_relation_kind": "'view, foreign-table'", "parallel_setup_cost": "0", "parallel_tuple_cost": "0",
    "min_parallel_table_scan_size": "0", "debug_parallel_query": "on",
    "work_mem": "'64kB'", "from_collapse_limit": "1", "join_collapse_limit": "1", "TimeZone": "'Pacific/Chatham'",
}  # fmt: skip


def overloads() -> Iterator[str]:
    for signature in FUNCTIONS:
        what = signature.replace("'", "''")
        returned = "" if signature.endswith("void") else " null"
        yield (
            f"create function public.{signature} language plpgsql as $$ begin"
            f" insert into public.calls values ('{what}', current_user); return{returned}; end $$"
        )
    for operator, arguments in OPERATORS.items():
        for i, pair in enumerate(arguments):
            name, result = f"hostile_{ord(operator[0])}_{len(operator)}_{i}", RESULTS.get(operator, "boolean")
            left, right = pair.split(", ")
            yield (
                f"create function public.{name}({pair}) returns {result} language plpgsql as $$ begin"
                f" insert into public.calls values ('{operator} {pair}', current_user); return null; end $$"
            )
            yield f"create operator public.{operator} (leftarg = {left}, rightarg = {right}, function = public.{name})"


@pytest.fixture
def target(server: embedded.Server) -> Iterator[Params]:
    """The sample, not migrated, with the README's role, and overloads of what PostgreSQL has."""
    params = new_database(server.params("postgres"), DATABASE)
    with psycopg.connect(**params) as connection:
        recorded.load_history(connection, SAMPLE)
    execute(params, "create role migration login", readme_grants(), NOTES)
    for statement in overloads():
        execute(params, statement)
    for name, value in SETTINGS.items():
        execute(params, f"alter role migration in database {DATABASE} set {name} = {value}")
    yield params
    execute(server.params("postgres"), f"drop database {DATABASE} with (force)", "drop role migration")


def test_nothing_of_theirs_is_ever_called(target: Params, tmp_path: Path) -> None:
    before = fingerprint(target, "pggit")
    for command in ("build", "test"):
        done = dbt(target | {"user": "migration"}, tmp_path, command)
        assert done.returncode == 0, done.stdout[-6000:]
        assert execute(target, "select what, who, count(*) from public.calls group by 1, 2 order by 1") == []
    assert fingerprint(target, "pggit") == before
    # However rows are joined, the log's entries are numbered in the order of the changes.
    places = execute(
        target,
        "select c.event_no from pggit_audit.compliance_log as l join pggit_audit.changes as c using (change_id)"
        " order by l.entry_no",
    )
    assert places == sorted(places)
    assert len(places) > 100


def test_the_overloads_are_found_where_the_path_says_so(target: Params) -> None:
    """What proves nothing was called would prove nothing if nothing of it could be."""
    with psycopg.connect(**target, options="-c search_path=public,pg_catalog") as connection:
        connection.execute("select lower('X'), 'a'::text || 'b'::text, sha256('x'::bytea)")
        row = connection.execute("select pg_catalog.count(*) from public.calls").fetchone()
    assert row == (3,)
