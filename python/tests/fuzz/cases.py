"""Minimised failures of the past, by what was wrong: the engine has to keep its promises on each of them."""

from __future__ import annotations

from fuzz.migrations import Migration

CASES: dict[str, list[Migration]] = {
    "a type that left no row is renamed, and another takes its name": [
        Migration(
            "statement", ("create type mood as enum ('new')", "create table account (id integer, n integer)")
        ),
        Migration(
            "script",
            (
                "alter table account alter column id set not null",
                "alter type mood rename to mood_old",
                "create type mood as enum ('again', 'new')",
                "alter table account drop column id",
            ),
        ),
    ],
    "a block makes a quoted table, which leaves no columns, and the same text changes it": [
        Migration(
            "script",
            (
                """do $$ begin create table "Mixed" (id integer primary key, note text); end $$""",
                'alter table "Mixed" add column name integer',
                'alter table "Mixed" set schema public',
                'alter table "Mixed" drop constraint "Mixed_pkey"',
            ),
        ),
    ],
    "a sequence of another schema, gone in the end, is the default of a partitioned table's new column": [
        Migration("statement", ('create sequence public."Numbers" increment by 2', "create schema shop")),
        Migration(
            "script",
            (
                "create table shop.parcel (made_on date, n integer) partition by range (made_on)",
                "create table part_1 partition of shop.parcel for values from ('2024-01-01') to ('2024-02-01')",
                """alter table shop.parcel add column "name" bigint default nextval('public."Numbers"')""",
                "drop table shop.parcel cascade",
            ),
        ),
        Migration("script", ('drop sequence public."Numbers" cascade', "create table last (id integer)")),
    ],
    "a column that cannot be added as written is added to the partitions too": [
        Migration("statement", ("create type mood as enum ('x')", "create schema shop")),
        Migration(
            "script",
            (
                "create table shop.parcel (made_on date, n integer) partition by range (made_on)",
                "create table part_1 partition of shop.parcel for values from ('2024-01-01') to ('2024-02-01')",
                "alter table shop.parcel add column m mood default 'x'::mood",
                "drop table shop.parcel cascade",
            ),
        ),
        Migration("script", ("drop type mood cascade", "create table last (id integer)")),
    ],
    "a dropped primary key leaves its table": [
        Migration("statement", ("create table parcel (id integer primary key)",)),
        Migration("statement", ("alter table parcel drop constraint parcel_pkey",)),
    ],
    "a dropped primary key of a quoted table, whose index leaves no row": [
        Migration("statement", ('create table "Mixed" (id integer primary key, note text)',)),
        Migration("statement", ('alter table "Mixed" drop constraint "Mixed_pkey" cascade',)),
    ],
    "a primary key dropped and added again by one statement": [
        Migration("statement", ("create table parcel (a integer, b integer, primary key (a, b))",)),
        Migration(
            "statement",
            (
                "alter table parcel add column c integer not null, drop constraint parcel_pkey,"
                " add constraint parcel_pkey primary key (a)",
            ),
        ),
        Migration(
            "script",
            (
                "create table other (id integer)",
                "alter table parcel drop constraint parcel_pkey, add constraint parcel_pkey primary key (a, c)",
                "alter table parcel drop column b",
            ),
        ),
    ],
    "an index dropped and made again by one block": [
        Migration(
            "statement", ("create table parcel (a integer, b integer)", "create index i on parcel (a)")
        ),
        Migration(
            "statement",
            ("do $$ begin drop index i; create index i on parcel (b); drop index i; end $$",),
        ),
        Migration(
            "statement",
            ("do $$ begin create index i on parcel (b); drop index i; create index i on parcel (a); end $$",),
        ),
    ],
    "commands that leave no row, between those of one text that do": [
        Migration(
            "script",
            (
                "create type mood as enum ('a', 'b')",
                "create table parcel (id integer primary key, x integer, m mood default 'a')",
                "create view seen as select id, x from parcel",
            ),
        ),
        Migration(
            "script",
            (
                "alter table parcel add column p integer",
                "comment on column parcel.p is 'first'",
                "alter table parcel add column q integer",
                "comment on column parcel.q is 'second'",
            ),
        ),
        Migration("script", ("alter table parcel rename x to y", "alter table parcel add column z integer")),
        Migration(
            "script",
            (
                "alter type mood rename to mood_old",
                "create type mood as enum ('a', 'b', 'c')",
                "alter table parcel alter column m drop default",
                "alter table parcel alter column m type mood using m::text::mood",
                "alter table parcel alter column m set default 'c'",
                "drop type mood_old",
            ),
        ),
        Migration(
            "script",
            (
                "alter table parcel rename constraint parcel_pkey to parcel_pk",
                "alter view seen rename column x to seen_x",
                "alter table parcel add column w integer",
                "alter table parcel alter column w set not null",
            ),
        ),
        Migration(
            "script",
            (
                "create function f() returns trigger language plpgsql as 'begin return new; end'",
                "create trigger tr before insert on parcel for each row execute function f()",
                "alter table parcel enable row level security",
                "create policy pol on parcel using (true)",
                "alter table parcel add column extra text",
                "alter table parcel rename to parcels",
            ),
        ),
    ],
    "a view replaced by one of more columns": [
        Migration(
            "script",
            (
                "create table parcel (id integer, a integer, b integer)",
                "create view seen as select id from parcel",
                "create or replace view seen as select id, a from parcel",
                "create or replace view seen as select id, a from parcel where a > 1",
                "create or replace view seen as select id, a, b from parcel",
            ),
        ),
        Migration(
            "statement",
            ("create or replace view seen as select id, a, b, a + b as c from parcel", "drop view seen"),
        ),
    ],
    "a dropped check, unique and foreign key": [
        Migration(
            "statement",
            (
                "create table a (id integer primary key, b integer unique, check (b > 0))",
                "create table c (a_id integer references a (id), constraint x exclude (a_id with =))",
                "alter table a drop constraint a_b_key",
                "alter table a drop constraint a_b_check",
                "alter table c drop constraint c_a_id_fkey",
                "alter table c drop constraint x",
            ),
        ),
    ],
    "one block that makes tables in two schemas, one of them through the search path": [
        Migration(
            "statement",
            (
                "create schema shop",
                "do $$ begin create table shop.account (n integer);"
                " execute 'create table part_1 (n integer)'; end $$",
            ),
        ),
    ],
    "partitions in another schema than their parent": [
        Migration(
            "script",
            (
                'create schema "Back Office"',
                'do $$ begin create table "Back Office".account (m int, n int) partition by range (m);'
                ' create table part_1 partition of "Back Office".account for values from (1) to (2); end $$',
                'alter table "Back Office".account add column x text, drop column n cascade',
            ),
        ),
    ],
    "an index on a column whose type only the later rows tell": [
        Migration(
            "statement",
            (
                "create table parcel as select 1 as id, 'x'::text as name",
                "create unique index on parcel ((id::text))",
                "alter table parcel rename to account",
            ),
        ),
    ],
    "a renamed constraint, then another change of its table": [
        Migration("statement", ("create table tag (n bigint, constraint positive check (n > 0))",)),
        Migration("statement", ("alter table tag rename constraint positive to above_zero",)),
        Migration("statement", ("alter table tag disable row level security",)),
    ],
    "a renamed primary key, long after its table": [
        Migration("statement", ("create table account (id integer primary key)",)),
        Migration("statement", ("create table parcel (n integer)",)),
        Migration("statement", ("alter table account rename constraint account_pkey to main_key",)),
        Migration("statement", ("create table tag (n integer)",)),
    ],
    "what a script made is renamed in it, without a row": [
        Migration(
            "statement",
            (
                'drop table if exists "order"',
                'create table "order" (id integer primary key)',
                'alter table "order" rename constraint order_pkey to rule_4',
            ),
        ),
    ],
    "a column renamed without a row, then a view of all columns": [
        Migration("statement", ("create table account (made_on date, n integer)",)),
        Migration("statement", ("alter table account rename column made_on to state",)),
        Migration("statement", ("create view v_1 as select * from account",)),
    ],
    "a renamed constraint, and then its table is renamed": [
        Migration(
            "statement",
            (
                "create table tag (id integer primary key, note text)",
                "alter table tag rename constraint tag_pkey to rule_4",
                "alter table tag enable row level security",
                "alter table tag rename to parcel",
            ),
        ),
    ],
    "an unqualified name beside a qualified one is in public": [
        Migration(
            "script",
            (
                "create schema shop",
                "create sequence numbers",
                "do $$ begin execute 'create table shop.parcel (id integer primary key)'; end $$",
            ),
        ),
    ],
    "the index of a dropped table leaves no row: it had been renamed": [
        Migration(
            "statement",
            (
                "create table tag (id integer primary key, note text)",
                "alter table tag rename constraint tag_pkey to rule_4",
                "alter table tag enable row level security",
                "drop table tag",
            ),
        ),
    ],
    "a text of the table's next row renames its primary key": [
        Migration("script", ("create table tag (id integer primary key, note text)",)),
        Migration(
            "script",
            (
                "alter table tag add check (id is not null)",
                "alter table tag rename constraint tag_pkey to rule_4",
            ),
        ),
    ],
    "a schema in quotes stands before the name, and says nothing of the search_path": [
        Migration(
            "script",
            (
                'create schema "Back Office"',
                "create table account (id integer primary key)",
                'do $do$ begin create table "Back Office".account (n integer) partition by range (n);'
                ' create table part_1 partition of "Back Office".account for values from (1) to (2); end $do$',
                'create table "Back Office".visit (id integer primary key)',
                'alter table "Back Office".visit add note text',
            ),
        ),
        Migration("statement", ('drop table "Back Office".visit',)),
    ],
    "of two indexes alike, nothing tells which one a renamed one became": [
        Migration(
            "statement",
            (
                "do $$ begin execute 'create table account (id integer primary key, note text)'; end $$",
                "alter table account rename constraint account_pkey to rule_4",
                "alter table account drop column note",
            ),
        ),
        Migration("script", ("alter table account add unique (id)",)),
    ],
    "an index comes and goes within one text": [
        Migration(
            "script",
            (
                "do $$ begin execute 'create table account (id integer primary key, note text)'; end $$",
                "alter table account rename constraint account_pkey to rule_4",
                "create policy pol_1 on account",
                "alter table account drop column id",
            ),
        ),
        Migration("script", ("alter table account add unique (note)",)),
    ],
    "a domain whose text is in no row, dropped again": [
        Migration("script", ("create domain d_iban as varchar(34)",)),
        Migration(
            "script",
            (
                "create table p (id bigint primary key)",
                "create table a (iban d_iban not null, p bigint references p)",
            ),
        ),
        Migration("statement", ("alter table a alter column iban type varchar(34)", "drop domain d_iban")),
    ],
    "an enum that takes the place of a text, and is replaced": [
        Migration("statement", ("create table en (id integer, st varchar(12) not null)",)),
        Migration(
            "transaction",
            (
                "create type st as enum ('new', 'done')",
                "alter table en alter column st type st using st::st",
            ),
        ),
        Migration(
            "script",
            (
                "alter type st rename to st_old",
                "create type st as enum ('draft', 'new', 'done')",
                "alter table en alter column st type st using st::text::st",
                "drop type st_old",
            ),
        ),
        Migration("statement", ("alter table en add column a integer",)),
        Migration("statement", ("alter table en add column b integer",)),
    ],
    "a table that moves to another schema, then takes another name": [
        Migration("statement", ("create table p (id integer primary key)", "create schema archive")),
        Migration("statement", ("alter table p set schema archive",)),
        Migration("statement", ("alter table archive.p rename to p_old",)),
    ],
    "names of two schemas, through a search path that nobody recorded": [
        Migration(
            "script",
            (
                "create schema core",
                "create schema ledger",
                "create table core.account (id bigint primary key)",
                "create domain core.d_code as varchar(10)",
            ),
        ),
        Migration(
            "transaction",
            (
                "set search_path to ledger, core, public",
                "create table gl (code d_code primary key, parent varchar(10) references gl (code))",
                "create table posting (id bigint primary key, account_id bigint references account (id))",
                "set search_path to default",
            ),
        ),
    ],
    "a schema that no row tells of, found through the search path": [
        Migration("statement", ("create schema ledger", "create domain ledger.d_code as varchar(10)")),
        Migration(
            "transaction",
            (
                "set search_path to ledger, public",
                "create table gl (code d_code primary key, parent varchar(10) references gl (code))",
                "create index gl_parent on gl (parent)",
                "set search_path to default",
            ),
        ),
    ],
    "two routines of one name in one text": [
        Migration(
            "script",
            (
                "create function f(a integer, b integer) returns integer language sql as 'select a + b'",
                "create function f(a integer) returns integer language sql as 'select f(a, 1)'",
            ),
        ),
    ],
    "an overload replaced beside another that was there, and a second routine in its text": [
        Migration(
            "statement", ("create function f(a integer, b text) returns integer language sql as 'select 1'",)
        ),
        Migration(
            "script",
            (
                "create or replace function f(a integer) returns integer language sql as 'select 2'",
                "create or replace function g(a integer) returns integer language sql as 'select 3'",
            ),
        ),
        Migration(
            "script",
            (
                "create or replace function g(a integer) returns integer language sql as 'select 4'",
                "create or replace function f(a integer, b text) returns integer language sql as 'select 5'",
            ),
        ),
    ],
    "a routine dropped without a row, and another of its name made": [
        Migration(
            "statement",
            (
                "create table t (id varchar(21) primary key)",
                "create function f(id varchar(21), n integer) returns boolean language sql as 'select true'",
                "create table u (id varchar(21), constraint c check (f(id, 1)))",
            ),
        ),
        Migration(
            "statement",
            (
                "alter table u drop constraint c",
                "drop function f",
                "create function f(id varchar(21), variadic n integer[]) returns boolean language sql"
                " as 'select true'",
                "alter table u add constraint c check (f(id, 1))",
                "alter table u add column n integer",
            ),
        ),
        Migration("statement", ("create table w (id varchar(21), check (f(id, 1, 2)))",)),
    ],
    "a routine beside another of its name, which a later text drops": [
        Migration("script", ("create function f(n integer) returns boolean language sql as 'select true'",)),
        Migration("script", ("create function f(n text) returns boolean language sql as 'select true'",)),
        Migration("script", ("drop function if exists f(integer)", "create table t (n text, check (f(n)))")),
    ],
    "one of two routines of a name dropped without a row, between two checks that call it": [
        Migration(
            "statement",
            (
                "create function f(n integer) returns boolean language sql as 'select true'",
                "create or replace function f(n bigint) returns boolean language sql as 'select true'",
                "create table t (n integer, check (f(n)))",
                "alter table t drop constraint t_n_check",
                "drop function f(integer)",
                "create table u (n integer, check (f(n)))",
            ),
        ),
    ],
    "a text renames the column that the record behind it has under its new name": [
        Migration(
            "script",
            ("create table gl (code varchar(10) primary key, parent varchar(10) references gl (code))",),
        ),
        Migration(
            "script",
            (
                "alter table gl rename column parent to parent_gl",
                "alter table gl add column depth smallint not null default 0",
                "create view v as select parent_gl from gl",
            ),
        ),
    ],
    "quoted names in a schema of their own": [
        Migration("script", ("create schema ledger",)),
        Migration(
            "script",
            (
                'create table ledger."Import" ("Id" integer generated always as identity primary key)',
                'create index "Imp_ix" on ledger."Import" ("Id")',
            ),
        ),
        Migration("script", ('drop table ledger."Import"',)),
        Migration("script", ("create table after_it (id integer)",)),
    ],
    "a partition that had an identity of its own": [
        Migration(
            "statement",
            (
                "create table tr (id bigint generated by default as identity, at date not null)"
                " partition by range (at)",
                "create table tr_1 (like tr including all)",
                "alter table tr attach partition tr_1 for values from ('2027-01-01') to ('2028-01-01')",
            ),
        ),
    ],
    "tables that queries made, altered after others, and with a key to one": [
        Migration("statement", ("create table account (id integer)",)),
        Migration("statement", ("create table parcel as select 1 as id, 'x'::text as name, 2 as n",)),
        Migration("statement", ("create table tag (id integer)",)),
        Migration("statement", ("create table visit as select 1 as a, 2 as b, 3 as c",)),
        Migration("statement", ("alter table parcel add primary key (id)",)),
        Migration(
            "statement",
            (
                "create table part_of (parcel_id integer references parcel)",
                "alter table visit drop column a",
                "alter table visit rename to call",
                "alter table parcel drop column name, add column note text not null default ''",
            ),
        ),
    ],
    "a function of a name that a block puts together, and its trigger": [
        Migration("statement", ("create table account (id integer)",)),
        Migration(
            "statement",
            (
                "do $$ begin execute 'create function ' || 'stamp' || '() returns trigger language plpgsql as '"
                " || quote_literal('begin return new; end'); end $$",
                "create trigger g before insert on account for each row execute function stamp()",
                "alter table account add column n integer",
            ),
        ),
    ],
    "a trigger that is made by a text, long after its function and table": [
        Migration(
            "statement",
            (
                "create function stamp() returns trigger language plpgsql as 'begin return new; end'",
                "create table account (id integer)",
                "create table tag (id integer)",
            ),
        ),
        Migration(
            "script",
            (
                "create trigger g before insert on account for each row execute function stamp()",
                "alter table account add column n integer",
            ),
        ),
    ],
    "constraints that are renamed with their table": [
        Migration(
            "statement",
            (
                "create table tag (id integer primary key, n integer, constraint tag_n check (n > 0))",
                "create table account (id integer)",
                "alter table tag rename to label",
                "alter table label rename constraint tag_pkey to label_pkey",
                "alter table label rename constraint tag_n to label_n",
                "alter table account add column n integer",
            ),
        ),
    ],
    "what nobody can know: a renamed constraint of a table that is gone": [
        Migration(
            "statement",
            (
                "create table tag (n integer constraint positive check (n > 0))",
                "alter table tag rename constraint positive to rule_4",
                "alter table tag enable row level security",
                "drop table tag",
            ),
        ),
    ],
    "functions made behind an extension, and a block that makes none": [
        Migration(
            "script",
            (
                "create extension vector",
                "create or replace function touch() returns integer language sql as 'select 3'",
                "create or replace function touch() returns integer language sql as 'select 1'",
                "do $$ begin create table account (made_on date, n integer); end $$",
            ),
        ),
    ],
    "what has no schema before the rename of a table that has one": [
        Migration(
            "script",
            (
                "create schema shop",
                "create table shop.parcel (id integer)",
                "create procedure proc_1(n integer) language sql as 'select 1'",
                "alter table shop.parcel rename to account",
            ),
        ),
    ],
    "a key is renamed, and another gets the name that it had": [
        Migration("script", ("create table account (id integer primary key, name integer)",)),
        Migration("statement", ("alter table account rename constraint account_pkey to rule_4",)),
        Migration(
            "statement",
            (
                'alter table account rename to "a.b"',
                "create table account (id serial primary key, state integer)",
            ),
        ),
        Migration("transaction", ('drop table "a.b"',)),
        Migration("transaction", ("alter table account add column n integer",)),
    ],
    "a table of a query, without a row of its own, loses all columns in the same text": [
        Migration(
            "script",
            (
                "create table account (made_on date)",
                'select made_on into "order" from account',
                'alter table "order" drop column made_on',
                'create table parcel () inherits ("order")',
            ),
        ),
    ],
    "what is older than the tracker is in a schema that is renamed without a row": [
        Migration(
            "transaction",
            (
                'drop table shop."order"',
                "create function shop.calc() returns integer language sql as 'select 3'",
                "alter schema shop rename to moved",
            ),
        ),
    ],
}

OLDER: dict[str, list[Migration]] = {
    "what is older than the tracker is in a schema that is renamed without a row": [
        Migration(
            "script",
            (
                "create schema shop create table part (id integer) create view seen as select id from part"
                ' create table "order" (n integer)',
            ),
        ),
    ],
}
"""What was there before the tracker, of those cases in which anything was."""

DECIDED = {
    "a routine beside another of its name, which a later text drops",
    "a primary key dropped and added again by one statement",
    "commands that leave no row, between those of one text that do",
    "a view replaced by one of more columns",
    "an overload replaced beside another that was there, and a second routine in its text",
    "functions made behind an extension, and a block that makes none",
}
"""The cases in which the history leaves nothing open: every row is exact."""
