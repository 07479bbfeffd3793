"""Minimised failures of the past, by what was wrong: the engine has to keep its promises on each of them."""

from __future__ import annotations

from fuzz.migrations import Migration

CASES: dict[str, list[Migration]] = {
    "a dropped primary key leaves its table": [
        Migration("statement", ("create table parcel (id integer primary key)",)),
        Migration("statement", ("alter table parcel drop constraint parcel_pkey",)),
    ],
    "a dropped primary key of a quoted table, whose index leaves no row": [
        Migration("statement", ('create table "Mixed" (id integer primary key, note text)',)),
        Migration("statement", ('alter table "Mixed" drop constraint "Mixed_pkey" cascade',)),
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
}
