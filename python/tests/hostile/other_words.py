# ruff: noqa: E501 (a statement is read better whole)
"""The same in other words: more places where code hides, and more that is aimed at the engine and at the server."""

from __future__ import annotations

from collections.abc import Callable

from attacks import FORBIDDEN, TAKES_ITS_PASSWORD, Attack, block, literal
from outside import BOB, CANARY, HARM


def _routine(name: str, arguments: str, returned: str, run: str, value: str, how: str = "") -> str:
    """A function that runs code and returns a value; one that is immutable calls another one for it."""
    effect = f"create function {name}_effect() returns void language plpgsql as $c$ begin {run} end $c$"
    call = f"begin perform {name}_effect(); return {value}; end"
    return f"{effect}; create function {name}({arguments}) returns {returned} language plpgsql {how} as $f${call}$f$"


def carriers(n: str) -> dict[str, Callable[[str], str]]:
    """What runs code, under names that begin with `n`: one row's text each."""
    return {
        "the end of an aggregate": lambda run: (
            _routine(f"{n}_fin", "integer", "integer", run, "$1")
            + f"; create aggregate {n}_agg (integer) (sfunc = int4pl, stype = integer, initcond = '0', finalfunc = {n}_fin);"
            f" create materialized view {n}_m as select {n}_agg(1) as x"
        ),
        "the way back of a moving aggregate": lambda run: (
            _routine(f"{n}_inv", "integer, integer", "integer", run, "$1 - $2", "immutable strict")
            + f"; create aggregate {n}_agg (integer) (sfunc = int4pl, stype = integer, initcond = '0', msfunc = int4pl,"
            f" minvfunc = {n}_inv, mstype = integer, minitcond = '0'); create materialized view {n}_m as"
            f" select {n}_agg(g) over (order by g rows between 1 preceding and current row) from generate_series(1, 9) as g"
        ),
        "how far a range is": lambda run: (
            _routine(f"{n}_diff", "integer, integer", "double precision", run, "$1 - $2", "immutable")
            + f"; create type {n}_r as range (subtype = integer, subtype_diff = {n}_diff); create table {n}_t (r {n}_r);"
            f" do $x$ declare n int; begin insert into {n}_t select {n}_r(g, g + 9) from generate_series(1, 900) as g; end $x$;"
            f" create index on {n}_t using gist (r)"
        ),
        "how values are ordered": lambda run: (
            _routine(f"{n}_cmp", "integer, integer", "integer", run, "$1 - $2", "immutable")
            + f"; create operator class {n}_ops for type integer using btree as operator 1 <, operator 2 <=, operator 3 =,"
            f" operator 4 >=, operator 5 >, function 1 {n}_cmp(integer, integer); create table {n}_t (id integer);"
            f" do $x$ declare n int; begin insert into {n}_t values (2), (1); end $x$; create index on {n}_t (id {n}_ops)"
        ),
        "a check in an array of rows": lambda run: (
            _routine(f"{n}_ok", "integer", "boolean", run, "true")
            + f"; create domain {n}_d as integer check ({n}_ok(value)); create type {n}_c as (x {n}_d);"
            f" create table {n}_t (id integer); alter table {n}_t add column y {n}_c[] default array[row(1)::{n}_c]"
        ),
        "the default of a domain": lambda run: (
            _routine(f"{n}_def", "", "integer", run, "1")
            + f"; create domain {n}_d as integer default {n}_def(); create table {n}_t (id integer);"
            f" do $x$ declare n int; begin insert into {n}_t values (1); end $x$; alter table {n}_t add column y {n}_d"
        ),
        "the bound of a partition": lambda run: (
            _routine(f"{n}_low", "", "integer", run, "1")
            + f"; create table {n}_t (id integer) partition by range (id);"
            f" create table {n}_p partition of {n}_t for values from ({n}_low()) to (100)"
        ),
        "the key of a partition": lambda run: (
            _routine(f"{n}_key", "integer", "integer", run, "$1", "immutable")
            + f"; create table {n}_t (id integer) partition by range ({n}_key(id));"
            f" create table {n}_p partition of {n}_t for values from (1) to (100);"
            f" do $x$ declare n int; begin insert into {n}_t values (5); end $x$"
        ),
        "statistics": lambda run: (
            _routine(f"{n}_told", "integer", "integer", run, "$1", "immutable")
            + f"; create table {n}_t (id integer); create statistics {n}_s on ({n}_told(id)), id from {n}_t;"
            f" do $x$ declare n int; begin insert into {n}_t select generate_series(1, 900); execute 'analyze {n}_t'; end $x$"
        ),
        "a procedure that commits": lambda run: (
            f"create procedure {n}_p() language plpgsql as $c$ begin {run} commit; {run} rollback; end $c$; call {n}_p()"
        ),
        "a procedure with settings": lambda run: (
            f"create procedure {n}_p() language plpgsql set search_path = 'evil' set role = '{BOB}' as $c$ begin {run} end $c$;"
            f" call {n}_p()"
        ),
        "a temporary function": lambda run: (
            f"create function pg_temp.{n}_f() returns integer language plpgsql as $c$ begin {run} return 1; end $c$;"
            f" create temporary table {n}_t as select pg_temp.{n}_f() as x; create table {n}_u as select * from {n}_t"
        ),
        "a condition of a trigger": lambda run: (
            _routine(f"{n}_when", "integer", "boolean", run, "true")
            + f"; create function {n}_tr() returns trigger language plpgsql as 'begin return new; end';"
            f" create table {n}_t (id integer); create trigger x before insert on {n}_t for each row when ({n}_when(new.id))"
            f" execute function {n}_tr(); do $x$ declare n int; begin insert into {n}_t values (1); end $x$"
        ),
        "a constraint that excludes": lambda run: (
            _routine(f"{n}_ex", "integer", "integer", run, "$1", "immutable")
            + f"; create table {n}_t (id integer); do $x$ declare n int; begin insert into {n}_t values (1), (2); end $x$;"
            f" alter table {n}_t add exclude (({n}_ex(id)) with =)"
        ),
        "another type for a column": lambda run: (
            _routine(f"{n}_as", "integer", "text", run, "'x'")
            + f"; create table {n}_t (id integer); do $x$ declare n int; begin insert into {n}_t values (1); end $x$;"
            f" alter table {n}_t alter column id type text using {n}_as(id)"
        ),
        "a body of statements": lambda run: (
            _routine(f"{n}_in", "", "integer", run, "1")
            + f"; create function {n}_f() returns integer language sql begin atomic select {n}_in(); end;"
            f" create table {n}_t as select {n}_f() as x"
        ),
        "a cursor that is kept": lambda run: (
            _routine(f"{n}_cur", "", "integer", run, "1")
            + f"; do $x$ declare n int; begin execute 'declare {n}_c cursor with hold for select {n}_cur() from generate_series(1, 9)';"
            " end $x$"
        ),
        "a sort": lambda run: (
            _routine(f"{n}_by", "integer", "integer", run, "$1")
            + f"; create table {n}_t as select g from generate_series(1, 3) as g order by {n}_by(g)"
        ),
        "the check of a policy": lambda run: (
            _routine(f"{n}_may", "", "boolean", run, "true")
            + f"; create table {n}_t (id integer); alter table {n}_t enable row level security, force row level security;"
            f" create policy p on {n}_t with check ({n}_may()); do $x$ declare n int; begin insert into {n}_t values (1); end $x$"
        ),
        "nested quotes and comments": lambda run: (
            "/* a /* b */ -- c */ do $_$ begin execute $q$ do $_q$ begin execute $r$ do $_r$ begin "
            f"{run} end $_r$ $r$; end $_q$ $q$; end $_$ -- $_$ /*"
        ),
        "names with marks": lambda run: (
            f'create function "{n}\u202e\u2066f"() returns integer language plpgsql as $c$ begin {run} return 1; end $c$;'
            f' create table U&"{n}\\202e\\0074" as select U&"{n}\\202e\\2066f"() as x'
        ),
    }


# What nobody may do, beside what the other list has.
MORE_FORBIDDEN = {
    "the settings of the server": "alter system reset all",
    "a module": "load 'dblink'",
    "another cluster's table": "create extension dblink; select dblink_connect('host=127.0.0.1 dbname=canary')",
    "another server": "create extension postgres_fdw; create server s foreign data wrapper postgres_fdw",
    "a file through a wrapper": "create extension file_fdw",
    "a binary file": "select pg_read_binary_file('postgresql.conf')",
    "the log": "select pg_ls_logdir(), pg_current_logfile()",
    "the write-ahead log": "select pg_ls_waldir()",
    "a file as a large object": "select lo_import('/etc/passwd')",
    "everybody's large objects": "grant all on large object 1 to public",
    "rows by a program": f"create temporary table p (x text); copy p from program 'touch {HARM}; echo 1'",
    "a table to a file": f"create temporary table q as select 1; copy q to '{HARM}' with (format csv)",
    "everything to a slot": "select pg_create_logical_replication_slot('pggit_intruder', 'test_decoding')",
    "a publication of all": "create publication pggit_intruder for all tables",
    "another log": "select pg_switch_wal(), pg_create_restore_point('x')",
    "an end": "select pg_promote(), pg_reload_conf(), pg_rotate_logfile()",
    "the clock of another": f"alter role {BOB} valid until '2000-01-01'",
    "who it is": "reset session authorization; reset role; set session authorization postgres",
    "a role for all to come": f"alter default privileges for role {BOB} grant all on tables to public",
    "the privilege to set": "grant set on parameter session_replication_role to public",
    "no triggers": "set session_replication_role = replica",
    "other catalogs": "set allow_system_table_mods = on",
    "another catalog": "create table pg_catalog.intruder (id integer)",
    "a schema of the server's": "create schema pg_intruder",
    "an access method": "create access method m type index handler bthandler",
    "a conversion": "create conversion c for 'UTF8' to 'LATIN1' from utf8_to_iso8859_1",
    "a parser": "create text search parser p (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end,"
    " lextypes = prsd_lextype)",
    "a base type": "create type b; create function b_in(cstring) returns b language internal as 'int4in'",
    "a transform": "create transform for integer language plpgsql (from sql with function lower(text))",
    "statistics of the server": "select pg_stat_reset(), pg_stat_reset_shared('wal'), pg_stat_reset_slru(null)",
    "a template": f"alter database {CANARY} is_template true",
    "all of it anew": "reindex system postgres; reindex database postgres",
    "a checkpoint": "checkpoint",
    "another's process": "select pg_cancel_backend(pid), pg_terminate_backend(pid) from pg_stat_activity"
    " where pid <> pg_backend_pid() and usename is distinct from current_user",
    "another's memory": "select pg_log_backend_memory_contexts(pid) from pg_stat_activity",
    "rows of a shared catalog": "delete from pg_db_role_setting",
    "a lock on the roles": "lock table pg_authid; lock table pg_database in exclusive mode",
    "a transaction that stays": "prepare transaction 'pggit_intruder'",
}

MORE_ENGINE = {
    "calls itself": "create function calls_itself(i int) returns int language plpgsql as"
    " $$ begin return calls_itself(i + 1); end $$; do $$ begin perform calls_itself(1); end $$",
    "is deep": "do $$ begin perform " + "(" * 3000 + "1" + ")" * 3000 + "; end $$",
    "is deep, as a check": "create table deep (id int check ("
    + "not (" * 1500
    + "id > 0"
    + ")" * 1500
    + "))",
    "has many comments": "/*" * 3000 + "*/" * 3000 + " create table many_comments (id int)",
    "is long": "create table long_one (id int) -- " + "x" * 3_000_000,
    "has many parts": ";".join(f"create table part_{i} (id int)" for i in range(400)),
    "makes many": "do $$ begin for i in 1..700 loop execute format('create table many_%s (id int primary key)', i);"
    " end loop; end $$",
    "makes many labels": "do $$ begin execute (select 'create type labels as enum (' || string_agg(quote_literal(g), ',')"
    " || ')' from generate_series(1, 5000) as g); end $$",
    "makes many columns": "do $$ begin execute (select 'create table wide (' || string_agg('c' || g || ' int', ',') || ')'"
    " from generate_series(1, 1600) as g); end $$",
    "makes a large default": "do $$ begin execute 'create table large_default (t text default '"
    " || quote_literal(repeat('x', 20000000)) || ')'; end $$",
    "makes a large comment": "do $$ begin create table large_comment (id int); execute"
    " 'comment on table large_comment is ' || quote_literal(repeat('y', 20000000)); end $$",
    "takes memory": "do $$ declare a text[]; begin loop a := a || repeat('x', 10000000); end loop; end $$",
    "takes memory at once": "create table at_once as select repeat('x', 500000000) as x from generate_series(1, 3)",
    "burns transactions": "do $$ begin loop begin create temporary table burned (id int); raise exception 'x';"
    " exception when others then null; end; end loop; end $$",
    "notifies": "do $$ begin listen everything; loop perform pg_notify('everything', repeat(random()::text, 400));"
    " end loop; end $$",
    "writes to the server's log": "do $$ begin loop raise log '%', repeat('x', 1000000); end loop; end $$",
    "warns in the server's log": "do $$ begin for i in 1..100 loop raise warning '%', repeat('x', 1000000); end loop; end $$",
    "writes the same again and again": "create table again (id int, t text); do $$ begin insert into again values (1, '');"
    " loop update again set t = repeat('x', 1000) where id = 1; end loop; end $$",
    "emits messages": "do $$ begin loop perform pg_logical_emit_message(false, 'x', repeat('x', 1000000)); end loop; end $$",
    "makes large objects": "do $$ begin for i in 1..20000 loop perform lo_create(0); end loop; end $$",
    "exports what it sees": "do $$ begin perform pg_export_snapshot(); perform pg_sleep(5); end $$",
    "hides what is asked of it": block(
        "create schema shade",
        "create function shade.pg_backend_pid() returns int language sql as 'select 1'",
        "create view shade.pg_locks as select 1 as pid, 1::oid as relation, ''::text as mode",
        "create function shade.now() returns timestamptz language sql as 'select ''-infinity''::timestamptz'",
        "set search_path = shade, pg_temp, pg_catalog",
        "alter role current_user set search_path = shade",
        "alter role current_user set default_transaction_read_only = on",
        "alter role current_user set session_preload_libraries = 'dblink'",
        "alter role current_user set statement_timeout = 1",
        "alter role current_user set event_triggers = off",
        "alter role current_user connection limit 0",
        "alter role current_user nologin",
        "alter role current_user valid until '2000-01-01'",
    ),
    "renames itself": block(
        "alter role current_user rename to innocent", "alter user session_user rename to innocent"
    ),
    "takes the schema away": "do $$ begin execute 'alter schema public rename to gone; create schema public'; end $$",
    "drops what is honest": "do $$ begin execute 'drop schema public cascade; create schema public'; end $$",
    "keeps its transaction": "do $$ begin commit; perform set_config('idle_in_transaction_session_timeout', '0', false);"
    " commit; end $$; begin",
    "is cut in a comment": "create table cut_in_a_comment (id int) /* and more",
    "is cut in a dollar quote": "do $cut$ begin perform 1; end",
    "has a zero": "do $$ begin execute 'select ''' || chr(1) || ''''; execute E'select \\'\\\\000\\''; end $$",
    "is copied in": "copy canary from stdin; 1; \\.",
    "waits for a lock": "do $$ begin lock table pg_class in access share mode; perform pg_sleep(60); end $$",
    "takes a setting when its transaction ends": "create table ends (id int); create function ends_t() returns trigger"
    " language plpgsql as $f$ begin execute 'alter role current_user set search_path = evil'; return null; end $f$;"
    " create constraint trigger t after insert on ends deferrable initially deferred for each row execute function ends_t();"
    " do $$ begin insert into ends values (1); end $$",
    "ends its session by an error": block(
        "set exit_on_error = on", "alter role current_user set exit_on_error = on"
    )
    + "; create table by_an_error (id no_such_type)",
    "ends its session by doing nothing": block(
        "set idle_session_timeout = 1", "alter role current_user set idle_session_timeout = 1"
    ),
    "says what all its transactions are": "set session characteristics as transaction read only, deferrable",
    "runs a text that a function reads": "create function told() returns tsvector language plpgsql as $f$ begin"
    " execute 'alter role current_user set search_path = evil'; return 'x'::tsvector; end $f$;"
    " create materialized view told_m as select * from ts_stat('select told()')",
    "takes a password where a view is filled": "create function filled() returns int language plpgsql as $f$ begin"
    f" {TAKES_ITS_PASSWORD} return 1; end $f$; create materialized view filled_m as select filled() as x",
}


def other_attacks(shadow: str, place: str = "w") -> list[Attack]:
    """Each forbidden statement as it is, in hiding and in some carrier; and what attacks the engine."""
    found = []
    statements = {**FORBIDDEN, **MORE_FORBIDDEN}
    kinds = list(carriers(place))
    for i, (name, statement) in enumerate(statements.items()):
        statement = statement.replace("{shadow}", shadow)
        kind = kinds[i % len(kinds)]
        run = "".join(
            f"begin execute {literal(part.strip())}; exception when others then null; end; "
            for part in ([statement] if "$" in statement else statement.split(";"))
        )
        if name in MORE_FORBIDDEN:
            found += [Attack(name, statement), Attack(f"{name}, in a block", block(statement))]
        found.append(Attack(f"{name}, in {kind}", carriers(f"{place}{i}")[kind](run)))
    return found + [Attack(name, text) for name, text in MORE_ENGINE.items()]
