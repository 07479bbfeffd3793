"""The rules by which lost steps are inferred: a history of a few rows for each, and what must become of it.

A case says which rule is used, in whose event it is noted, the statement that it ran, and, in plain SQL, what
is there after the last row. For every case holds: what v1 recorded is not contradicted by any event that is
`exact` or `repaired`, rows keep what v1 said of them, and each old definition is the last new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from building import (
    NOON,
    Definitions,
    Scratch,
    Version,
    codes,
    columns,
    every_statement_can_be_rebuilt,
    function,
    index,
    of_rows,
    replayed,
    row,
    rules,
    table,
    tree_of,
    view,
)
from sqlglot import TokenType
from sqlglot.dialects.postgres import Postgres

from pggit_audit.history import HistoryRow
from pggit_audit.replay import Event, mark_uncertain
from pggit_audit.rules import RULES
from pggit_audit.shadow import Shadow, open_shadow

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A history, the rule that it needs, and what it comes to.

    `truth`: what the last row leaves, as SQL. `live`: what the live catalog has, if that is another. `about`:
    whose event notes the repair, of the row `at` (an inferred event's anchor); None for the last row. `base`:
    what was published before the first of these rows.
    """

    what: str
    rule: str
    about: str
    statement: str
    rows: Sequence[HistoryRow]
    truth: str
    live: str | None = None
    at: int | None = None
    base: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


T = "create table t (id integer, name text)"
# Each column is renamed by a query of its own, on another day than its table's other statements.
RENAMED_SEPARATELY = [
    table(n, f"s{n % 4}", text, recorded, at=NOON + n * DAY)
    for first, text, recorded in (
        (20, "create table s{} (a integer)", "a int4"),
        (24, "alter table s{} add c integer", "b int4, c int4"),
    )
    for n in range(first, first + 4)
    for text in [text.format(n % 4)]
]
SEPARATELY = "".join(f"create table s{n} (b integer, c integer);" for n in range(4))
SET_UP = (
    "create table t (id integer, name text); "
    "create function f() returns trigger language plpgsql as 'begin return new; end'; "
)
TRIGGER = "create trigger g before insert on t for each row execute function f()"
COMMENTING = "language plpgsql as $$begin\nCOMMENT ON TABLE t IS 'x';\nend$$"

IMPLIED_DROPS = [
    Case(
        "a table made again",
        "implied_drop",
        "public.t",
        'DROP TABLE "public"."t";',
        [table(1, "t", T), table(2, "t", "create table t (other integer)")],
        "create table t (other integer)",
    ),
    Case(
        "IF NOT EXISTS that was recorded found nothing",
        "implied_drop",
        "public.t",
        'DROP TABLE "public"."t" CASCADE;',
        [table(1, "t", T), table(2, "t", "create table if not exists t (other integer)")],
        "create table t (other integer)",
    ),
    Case(
        "a view made again",
        "implied_drop",
        "public.v",
        'DROP VIEW "public"."v";',
        [view(1, "v", "create view v as select 1 as one"), view(2, "v", "create view v as select 2 as two")],
        "create view v as select 2 as two",
    ),
    Case(
        "a view replaced by one with fewer columns",
        "implied_drop",
        "public.v",
        'DROP VIEW "v";',
        [
            view(1, "v", "create view v as select 1 as one, 2 as two"),
            view(2, "v", "create or replace view v as select 2 as two"),
        ],
        "create view v as select 2 as two",
    ),
    Case(
        "an index made again",
        "implied_drop",
        "public.i",
        'DROP INDEX "public"."i";',
        [
            table(1, "t", T),
            index(2, "i", "create index i on t (id)"),
            index(3, "i", "create index i on t (name)"),
        ],
        f"{T}; create index i on t (name)",
    ),
    Case(
        "a function that returns something else",
        "implied_drop",
        "public.f(integer)",
        "DROP FUNCTION f(integer);",
        [
            function(
                1, 100, "create or replace function f(integer) returns integer language sql as 'select 1'"
            ),
            function(
                2, 101, "create or replace function f(integer) returns text language sql as 'select ''a'''"
            ),
        ],
        "create function f(integer) returns text language sql as 'select ''a'''",
    ),
    Case(
        "a function made again",
        "implied_drop",
        "public.f(integer)",
        "DROP FUNCTION f(integer);",
        [
            function(1, 100, "create function f(integer) returns integer language sql as 'select 1'"),
            function(2, 101, "create function f(integer) returns integer language sql as 'select 2'"),
        ],
        "create function f(integer) returns integer language sql as 'select 2'",
    ),
    Case(
        "a procedure made again",
        "implied_drop",
        "public.p(integer)",
        "DROP PROCEDURE p(integer);",
        [
            table(
                1,
                "t",
                "create procedure p(integer) language sql as 'select 1'; create table t ()",
                change_type="CREATE",
            ),
            table(
                2,
                "u",
                "create procedure p(integer) language sql as 'select 2'; create table u ()",
                change_type="CREATE",
            ),
        ],
        "create table t (); create table u (); create procedure p(integer) language sql as 'select 2'",
    ),
    Case(
        "an aggregate made again",
        "implied_drop",
        "public.a(integer)",
        "DROP AGGREGATE a(integer);",
        [
            table(
                1,
                "t",
                "create aggregate a(integer) (sfunc = int4pl, stype = integer); create table t ()",
                change_type="CREATE",
            ),
            table(
                2,
                "u",
                "create aggregate a(integer) (sfunc = int4mul, stype = integer); create table u ()",
                change_type="CREATE",
            ),
        ],
        "create table t (); create table u (); create aggregate a(integer) (sfunc = int4mul, stype = integer)",
    ),
    Case(
        "a trigger made again",
        "implied_drop",
        "g on public.t",
        'DROP TRIGGER "g" ON "t";',
        [
            table(1, "t", SET_UP + TRIGGER, change_type="CREATE"),
            function(2, 100, SET_UP + TRIGGER),
            table(3, "u", TRIGGER.replace("insert", "update") + "; create table u ()", change_type="CREATE"),
        ],
        SET_UP + "create table u (); " + TRIGGER.replace("insert", "update"),
    ),
    Case(
        "a policy made again",
        "implied_drop",
        "p on public.t",
        'DROP POLICY "p" ON "t";',
        [
            table(1, "t", f"{T}; create policy p on t", change_type="CREATE"),
            table(2, "u", "create policy p on t using (id > 1); create table u ()", change_type="CREATE"),
        ],
        f"{T}; create table u (); create policy p on t using (id > 1)",
    ),
    Case(
        "a constraint added again",
        "implied_drop",
        "public.t",
        'ALTER TABLE "t" DROP CONSTRAINT "c";',
        [
            table(1, "t", "create table t (id integer, constraint c check (id > 1))"),
            table(2, "t", "alter table t add constraint c check (id > 2)"),
        ],
        "create table t (id integer, constraint c check (id > 2))",
    ),
    Case(
        "a second primary key",
        "implied_drop",
        "public.t",
        'ALTER TABLE "t" DROP CONSTRAINT "t_pkey" CASCADE;',
        [
            table(1, "t", "create table t (id integer primary key, other integer not null)"),
            index(2, "t_pkey", "create table t (id integer primary key, other integer not null)"),
            table(3, "t", "alter table t add primary key (other)"),
        ],
        "create table t (id integer not null, other integer primary key)",
    ),
    Case(
        "a schema made again",
        "implied_drop",
        "s.t",
        'DROP SCHEMA "s" CASCADE;',
        [
            table(1, "s.t", "create schema s; create table s.t ()", change_type="CREATE"),
            table(2, "s.u", "create schema s; create table s.u ()", change_type="CREATE"),
        ],
        "create schema s; create table s.u ()",
    ),
    Case(
        "a type made again",
        "implied_drop",
        "public.e",
        'DROP TYPE "public"."e";',
        [
            table(1, "t", "create type e as enum ('a'); create table t ()", change_type="CREATE"),
            table(2, "u", "create type e as enum ('b'); create table u ()", change_type="CREATE"),
        ],
        "create type e as enum ('b'); create table t (); create table u ()",
    ),
    Case(
        "a sequence made again",
        "implied_drop",
        "public.s",
        'DROP SEQUENCE "public"."s";',
        [
            table(1, "t", "create sequence s; create table t ()", change_type="CREATE"),
            table(2, "u", "create sequence s increment by 2; create table u ()", change_type="CREATE"),
        ],
        "create sequence s increment by 2; create table t (); create table u ()",
    ),
    Case(
        "a view where a table was",
        "implied_drop",
        "public.t",
        'DROP TABLE "public"."t" CASCADE;',
        [table(1, "t", T), view(2, "t", "create or replace view t as select 1 as one")],
        "create view t as select 1 as one",
    ),
    Case(
        "a view in the way of a column's new type",
        "implied_drop",
        "public.v",
        "DROP VIEW v CASCADE;",
        [
            table(1, "t", T, "id int4, name text"),
            view(2, "v", "create view v as select id from t"),
            table(3, "t", "alter table t alter id type bigint", "id int8, name text"),
        ],
        "create table t (id bigint, name text)",
    ),
    Case(
        "a policy in the way of a column's new type",
        "implied_drop",
        "p on public.t",
        'DROP POLICY "p" ON t;',
        [
            table(
                1,
                "t",
                f"{T}; create policy p on t using (id > 1)",
                "id int4, name text",
                change_type="CREATE",
            ),
            table(2, "t", "alter table t alter id type bigint", "id int8, name text"),
        ],
        "create table t (id bigint, name text)",
    ),
    Case(
        "a trigger in the way of a column's new type",
        "implied_drop",
        "g on public.t",
        'DROP TRIGGER "g" ON t;',
        [
            table(
                1,
                "t",
                SET_UP + TRIGGER.replace("insert", "update of id"),
                "id int4, name text",
                change_type="CREATE",
            ),
            function(2, 100, SET_UP + TRIGGER.replace("insert", "update of id")),
            table(3, "t", "alter table t alter id type bigint", "id int8, name text"),
        ],
        SET_UP.replace("id integer", "id bigint"),
    ),
    Case(
        "a column added again",
        "implied_drop",
        "public.t",
        'ALTER TABLE "public"."t" DROP COLUMN "name" CASCADE;',
        [
            table(1, "t", T, "id int4, name text"),
            table(2, "t", "alter table t add column name varchar(9)", "id int4, name@3 varchar(9)"),
        ],
        "create table t (id integer, name varchar(9))",
    ),
    Case(
        "what depends on a dropped table went before it",
        "implied_cascade",
        "public.v",
        "drop table t CASCADE",
        [table(1, "t", T), view(2, "v", "create view v as select id from t"), table(3, "t", "drop table t")],
        "select 1",
    ),
]

COLUMNS = [
    Case(
        "the next record has the name that a statement uses",
        "renamed_column",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            index(2, "t_title", "create index t_title on t (title)"),
            table(3, "t", "alter table t add extra text", "id int4, title text, size int4, extra text"),
        ],
        "create table t (id integer, title text, size integer, extra text); create index t_title on t (title)",
        at=2,
        base="create table t (id integer, name text, size integer)",
    ),
    Case(
        "a statement drops a column that the next record no longer has",
        "renamed_column",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t drop column title", "id int4"),
        ],
        "create table t (id integer)",
    ),
    Case(
        "the only column that is never named again",
        "renamed_column",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", "create table t (id integer, name text)"),
            index(2, "i", "create index i on t (id, title)"),
        ],
        "create table t (id integer, title text); create index i on t (id, title)",
        live="select 1",
    ),
    Case(
        "a record has another name at the same place",
        "renamed_column",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [table(2, "t", "alter table t add size integer", "id int4, title text, size int4")],
        "create table t (id integer, title text, size integer)",
        base=T,
    ),
    Case(
        "a column renamed to make way for one of its name",
        "renamed_column",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "old_name";',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(
                2, "t", "alter table t add column name varchar(9)", "id int4, old_name text, name varchar(9)"
            ),
        ],
        "create table t (id integer, old_name text, name varchar(9))",
    ),
    Case(
        "the live table has a column that a statement names",
        "added_column",
        "public.t",
        'ALTER TABLE "public"."t" ADD COLUMN "extra" numeric(4,1) DEFAULT 0 NOT NULL;',
        [
            table(1, "t", "create table t (id integer, name text)"),
            index(2, "i", "create index i on t (id, name, extra)"),
        ],
        "create table t (id integer, name text, extra numeric(4, 1) default 0 not null);"
        " create index i on t (id, name, extra)",
    ),
    Case(
        "a record has a column more",
        "added_column",
        "public.t",
        'ALTER TABLE "public"."t" ADD COLUMN "extra" "varchar"(9);',
        [
            table(1, "t", "create table t (id integer)", "id int4"),
            table(2, "t", "alter table t alter id set not null", "id int4!, extra varchar(9)"),
        ],
        "create table t (id integer not null, extra varchar(9))",
    ),
    Case(
        "a record lacks a column",
        "dropped_column",
        "public.t",
        'ALTER TABLE "public"."t" DROP COLUMN "name" CASCADE;',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t alter id set not null", "id int4!"),
        ],
        "create table t (id integer not null)",
    ),
    Case(
        "a record has another type",
        "changed_type",
        "public.t",
        'ALTER TABLE "public"."t" ALTER COLUMN "name" TYPE "varchar"(9) USING NULL::"varchar"(9);',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t alter id set not null", "id int4!, name varchar(9)"),
        ],
        "create table t (id integer not null, name varchar(9))",
    ),
    Case(
        "a record is not null",
        "changed_nullability",
        "public.t",
        'ALTER TABLE "public"."t" ALTER COLUMN "name" SET NOT NULL;',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t alter id set not null", "id int4!, name text!"),
        ],
        "create table t (id integer not null, name text not null)",
    ),
    Case(
        "a record has a default",
        "changed_default",
        "public.t",
        """ALTER TABLE "public"."t" ALTER COLUMN "name" SET DEFAULT 'x;y'::text;""",
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t alter id set not null", "id int4!, name text ='x;y'::text"),
        ],
        "create table t (id integer not null, name text default 'x;y')",
    ),
    Case(
        "a record has lost its default",
        "changed_default",
        "public.t",
        'ALTER TABLE "public"."t" ALTER COLUMN "name" DROP DEFAULT;',
        [
            table(
                1, "t", "create table t (id integer, name text default 'a')", "id int4, name text ='a'::text"
            ),
            table(2, "t", "alter table t alter id set not null", "id int4!, name text"),
        ],
        "create table t (id integer not null, name text)",
    ),
    Case(
        "a column of which nothing is known",
        "stub_column",
        "public.t",
        'ALTER TABLE "public"."t" ADD COLUMN "lost" text;',
        [
            table(1, "t", "create table t (id integer, name text)"),
            index(2, "i", "create index i on t (lost)"),
        ],
        "create table t (id integer, name text, lost text); create index i on t (lost)",
        live="select 1",
    ),
]

TYPES = [
    Case(
        "a type of whose column v1 recorded another is a domain over that",
        "missing_domain",
        "public.d",
        'CREATE DOMAIN "public"."d" AS "varchar"(34);',
        [table(1, "t", "create table t (iban d not null)", "iban varchar(34)!")],
        "create domain d as varchar(34); create table t (iban d not null)",
        live="select 1",
    ),
    Case(
        "a column that takes a domain later",
        "missing_domain",
        "public.d",
        'CREATE DOMAIN "public"."d" AS "numeric";',
        [
            table(1, "t", "create table t (n numeric)", "n numeric"),
            table(2, "t", "alter table t alter n set data type d", "n numeric"),
        ],
        "create domain d as numeric; create table t (n d)",
        live="select 1",
    ),
    Case(
        "an enum, with its default as a label",
        "missing_enum",
        "public.e",
        'CREATE TYPE "public"."e" AS ENUM ();',
        [table(1, "t", "create table t (id integer, e e default 'new')")],
        "create type e as enum ('new'); create table t (id integer, e e default 'new')",
        live="select 1",
    ),
    Case(
        "labels in the order in which statements use them",
        "missing_label",
        "public.e",
        "ALTER TYPE e ADD VALUE IF NOT EXISTS 'old';",
        [
            table(1, "t", "create table t (id integer, e e default 'new')"),
            index(2, "i", "create index i on t (id) where e = 'old'"),
        ],
        "create type e as enum ('new', 'old'); create table t (id integer, e e default 'new');"
        " create index i on t (id) where e = 'old'",
        live="select 1",
    ),
    Case(
        "a label between those that the live type has it between",
        "missing_label",
        "public.e",
        "ALTER TYPE e ADD VALUE IF NOT EXISTS 'two' AFTER 'one';",
        [
            table(
                1, "t", "create type e as enum ('one', 'three'); create table t (e e)", change_type="CREATE"
            ),
            index(2, "i", "create index i on t (e) where e = 'two'"),
        ],
        "create type e as enum ('one', 'two', 'three'); create table t (e e);"
        " create index i on t (e) where e = 'two'",
    ),
    Case(
        "a label before the first that the live type has",
        "missing_label",
        "public.e",
        "ALTER TYPE e ADD VALUE IF NOT EXISTS 'it''s one' BEFORE 'two';",
        [
            table(1, "t", "create type e as enum ('two'); create table t (e e)", change_type="CREATE"),
            index(2, "i", "create index i on t (e) where e = 'it''s one'"),
        ],
        "create type e as enum ('it''s one', 'two'); create table t (e e);"
        " create index i on t (e) where e = 'it''s one'",
    ),
    Case(
        "an enum from the live catalog",
        "type_from_live_catalog",
        "public.e",
        "CREATE TYPE public.e AS ENUM (\n    'a;b',\n    'c'\n);",
        [table(1, "t", "create table t (e e)")],
        "create type e as enum ('a;b', 'c'); create table t (e e)",
    ),
    Case(
        "a domain from the live catalog",
        "type_from_live_catalog",
        "public.d",
        "CREATE DOMAIN public.d AS integer\n    CONSTRAINT positive CHECK ((VALUE > 0));",
        [table(1, "t", "create table t (d d[])")],
        "create domain d as integer constraint positive check (value > 0); create table t (d d[])",
    ),
    Case(
        "a composite type from the live catalog, which needs another",
        "type_from_live_catalog",
        "public.inner_type",
        "CREATE TYPE public.inner_type AS ENUM (\n    'a'\n);",
        [table(1, "t", "create table t (c outer_type)")],
        "create type inner_type as enum ('a'); create type outer_type as (i inner_type, n integer);"
        " create table t (c outer_type)",
    ),
    Case(
        "a type made again, whose columns are of a renamed one by their next record",
        "renamed_type",
        "public.e_old",
        'DROP TYPE IF EXISTS "public"."e_old";\nALTER TYPE "public"."e" RENAME TO "e_old";',
        [
            table(1, "t", "create type e as enum ('a'); create table t (e e)", "e e", change_type="CREATE"),
            table(
                2, "u", "create type e as enum ('a', 'b'); create table u (e e)", "e e", change_type="CREATE"
            ),
            table(3, "t", "alter table t add n integer", "e e_old, n int4"),
        ],
        "create type e_old as enum ('a'); create type e as enum ('a', 'b'); create table t (e e_old, n integer);"
        " create table u (e e)",
        at=2,
    ),
    Case(
        "a type of another name in the record of its column",
        "renamed_type",
        "public.mood",
        'DROP TYPE IF EXISTS "public"."mood";\nALTER TYPE "public"."e" RENAME TO "mood";',
        [
            table(1, "t", "create type e as enum ('a'); create table t (e e)", "e e", change_type="CREATE"),
            table(2, "t", "alter table t add n integer", "e mood, n int4"),
        ],
        "create type mood as enum ('a'); create table t (e mood, n integer)",
    ),
]

MAY_MAKE = "do $$begin if to_regclass('t') is null then create table t (id integer); end if; end$$"
ANEW = "alter table t alter c drop default; alter table t drop b; alter table t add b text"

RELATIONS = [
    Case(
        "a key that a foreign key refers to, of a table that is older and gone",
        "missing_key",
        "public.t",
        'ALTER TABLE "public"."t" ADD PRIMARY KEY ("id");',
        [
            table(1, "t", "alter table t add n integer", "id int4!, n int4"),
            table(2, "u", "create table u (t_id integer, foreign key (t_id) references t (id))", "t_id int4"),
        ],
        "create table t (id integer primary key, n integer);"
        " create table u (t_id integer, foreign key (t_id) references t (id))",
        live="select 1",
    ),
    Case(
        "a unique key that a foreign key refers to",
        "missing_key",
        "public.t",
        'ALTER TABLE "public"."t" ADD UNIQUE ("a", "b");',
        [
            table(1, "t", "alter table t add n integer", "a int4, b int4, n int4"),
            table(
                2, "u", "create table u (x integer, y integer, foreign key (x, y) references public.t (a, b))"
            ),
        ],
        "create table t (a integer, b integer, n integer, unique (a, b));"
        " create table u (x integer, y integer, foreign key (x, y) references public.t (a, b))",
        live="select 1",
    ),
    Case(
        "the sequence of a recorded default",
        "missing_sequence",
        "public.t",
        'CREATE SEQUENCE IF NOT EXISTS "public"."t_id_seq" AS integer OWNED BY "public"."t"."id";',
        [table(1, "t", "create tabel t ()", "id int4! =nextval('t_id_seq'::regclass)")],
        "create table t (id serial)",
        live="select 1",
    ),
    Case(
        "a sequence that a default asks",
        "missing_sequence",
        "public.s",
        'CREATE SEQUENCE "public"."s";',
        [table(1, "t", "create table t (id integer default nextval('s'))")],
        "create sequence s; create table t (id integer default nextval('s'))",
        live="select 1",
    ),
    Case(
        "a sequence from the live catalog",
        "from_live_catalog",
        "public.s",
        "CREATE SEQUENCE public.s AS smallint START WITH 5 INCREMENT BY 1 MINVALUE 1 MAXVALUE 32767 CACHE 1;",
        [table(1, "t", "create table t (id integer default nextval('s'))")],
        "create sequence s as smallint start 5; create table t (id integer default nextval('s'))",
    ),
    Case(
        "a schema",
        "missing_schema",
        '"Shop"',
        'CREATE SCHEMA IF NOT EXISTS "Shop";',
        [table(1, "t", 'create table "Shop".t (id integer)', schema="Shop")],
        'create schema "Shop"; create table "Shop".t (id integer)',
    ),
    Case(
        "a function from the live catalog",
        "from_live_catalog",
        "public.f(integer)",
        "CREATE OR REPLACE FUNCTION public.f(a integer)\n RETURNS integer\n LANGUAGE sql\n IMMUTABLE\n"
        "AS $function$select a$function$;",
        [table(1, "t", T), index(2, "i", "create index i on t (f(id))")],
        f"{T}; create function f(a integer) returns integer language sql immutable as 'select a';"
        " create index i on t (f(id))",
        base="",
    ),
    Case(
        "a table from the live catalog",
        "from_live_catalog",
        "public.older",
        "CREATE TABLE public.older (\n    id integer,\n    note text\n);",
        [view(1, "v", "create view v as select note from older")],
        "create table older (id integer, note text); create view v as select note from older",
    ),
    Case(
        "a materialized view from the live catalog",
        "from_live_catalog",
        "public.m",
        "CREATE MATERIALIZED VIEW public.m AS\n SELECT id\n   FROM public.t\n  WITH NO DATA;",
        [table(1, "t", T), index(2, "i", "create index i on m (id)")],
        f"{T}; create materialized view m as select id from t; create index i on m (id)",
    ),
    Case(
        "a materialized view that is gone, with the columns that are named",
        "stub_relation",
        "public.m",
        'DROP MATERIALIZED VIEW "public"."m";\n'
        'CREATE MATERIALIZED VIEW "public"."m" AS SELECT NULL::text AS "a" WITH NO DATA;\n'
        'COMMENT ON MATERIALIZED VIEW "public"."m" IS \'Stub: its definition is lost.\';',
        [index(1, "i", "create index i on m (a)")],
        "create materialized view m as select null::text as a with no data;"
        " comment on materialized view m is 'Stub: its definition is lost.'; create index i on m (a)",
        live="select 1",
    ),
    Case(
        "a tracked table of which no columns are known",
        "stub_relation",
        "public.t",
        'CREATE TABLE "public"."t" ();\nCOMMENT ON TABLE "public"."t" IS \'Stub: its definition is lost.\';',
        [
            view(1, "v", "create view v as select 1 as one from t"),
            table(2, "t", "alter table t add a integer"),
        ],
        "create table t (a integer); comment on table t is 'Stub: its definition is lost.';"
        " create view v as select 1 as one from t",
        live="select 1",
        at=1,
    ),
    Case(
        "a table from the columns of a later row",
        "table_from_columns",
        "public.t",
        'CREATE TABLE "public"."t" (\n    "id" "int4" NOT NULL,\n    "tags" "_text" DEFAULT \'{}\'::text[]\n);',
        [
            view(1, "v", "create view v as select tags from t"),
            table(2, "t", "alter table t alter id set not null", "id int4!, tags _text ='{}'::text[]"),
        ],
        "create table t (id integer not null, tags text[] default '{}'); create view v as select tags from t",
        live="select 1",
        at=1,
        base="",
    ),
    Case(
        "a table whose statement cannot run",
        "table_from_columns",
        "public.t",
        'CREATE TABLE "public"."t" (\n    "id" "int4",\n    "name" "varchar"(5) NOT NULL\n);',
        [table(1, "t", "create table t (this is no SQL)", "id int4, name varchar(5)!")],
        "create table t (id integer, name varchar(5) not null)",
    ),
    Case(
        "a table that never left a row, nor did its index",
        "older_table",
        "public.older",
        "CREATE TABLE public.older (\n    id integer NOT NULL\n);",
        [table(1, "t", T)],
        f"{T}; create table older (id integer primary key)",
        at=1,
    ),
    Case(
        "two tables that never left a row, one with a foreign key to the other, and an index",
        "older_table",
        "public.a",
        "ALTER TABLE ONLY public.a ADD CONSTRAINT a_b_fkey FOREIGN KEY (b) REFERENCES public.b(id);",
        [table(1, "t", T)],
        f"{T}; create table b (id serial primary key); create table a (id integer primary key, b integer references b);"
        " create index a_b on a (b)",
        at=1,
    ),
    Case(
        "a sequence that was renamed",
        "renamed_sequence",
        "public.t",
        'ALTER SEQUENCE "t_id_seq" RENAME TO "t_ids";',
        [
            table(1, "t", "create table t (id serial)", "id int4! =nextval('t_id_seq'::regclass)"),
            table(2, "t", "alter table t add n integer", "id int4! =nextval('t_ids'::regclass), n int4"),
        ],
        "create table t (id serial, n integer); alter sequence t_id_seq rename to t_ids",
        live="select 1",
    ),
    Case(
        "a sequence that was renamed along with its table",
        "renamed_sequence",
        "public.t_id_seq",
        'ALTER SEQUENCE "public"."s_id_seq" RENAME TO "t_id_seq";',
        [
            table(1, "s", "create table s (id serial)", "id int4! =nextval('s_id_seq'::regclass)"),
            table(
                2, "t", "alter table s rename to t", "id int4! =nextval('s_id_seq'::regclass)", at=NOON + DAY
            ),
            table(3, "u", "create table u ()", at=NOON + 2 * DAY),
            table(
                4,
                "t",
                "alter table t add n integer",
                "id int4! =nextval('t_id_seq'::regclass), n int4",
                at=NOON + 3 * DAY,
            ),
        ],
        "create table t (id serial, n integer); create table u ()",
        at=2,
    ),
    Case(
        "a constraint that was renamed: halfway between the last text with its old name and the end",
        "renamed_constraint",
        "public.t",
        'ALTER TABLE "public"."t" RENAME CONSTRAINT "sane" TO "t_sane";',
        [
            table(1, "t", "create table t (id integer constraint sane check (id > 0))"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(2, 6)),
        ],
        "create table t (id integer constraint t_sane check (id > 0));"
        + "".join(f"create table u{n} ();" for n in range(2, 6)),
        at=3,
    ),
    Case(
        "a constraint that was renamed: before the first text with its new name",
        "renamed_constraint",
        "public.t",
        'ALTER TABLE "public"."t" RENAME CONSTRAINT "sane" TO "t_sane";',
        [
            table(1, "t", "create table t (id integer, n integer)"),
            table(2, "t", "alter table t add constraint sane check (id > 0) not valid", at=NOON + DAY),
            table(3, "w", "create table w ()", at=NOON + 2 * DAY),
            table(4, "t", "alter table t validate constraint t_sane", at=NOON + 3 * DAY),
        ],
        "create table t (id integer constraint t_sane check (id > 0), n integer); create table w ()",
        at=4,
    ),
    Case(
        "a column that was renamed, then given another type by the row",
        "renamed_column",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "state" TO "status";',
        [
            table(
                1,
                "t",
                "create table t (id integer, state varchar(9), n integer)",
                "id int4, state varchar(9), n int4",
            ),
            table(
                2, "t", "alter table t alter status type varchar(12)", "id int4, status varchar(12), n int4"
            ),
        ],
        "create table t (id integer, status varchar(12), n integer)",
        live="select 1",
    ),
    Case(
        "a column that a statement takes away under another name",
        "renamed_column",
        'public."T"',
        'ALTER TABLE "public"."T" RENAME COLUMN "a" TO "b";',
        [
            table(1, '"T"', 'create table "T" (id integer, a text)'),
            table(2, '"T"', 'alter table "T" drop column b'),
        ],
        'create table "T" (id integer)',
    ),
    Case(
        "a rename that shows in the next record: where an index is renamed likewise",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            index(2, "t_on_name", "create index t_on_name on t (name)"),
            table(3, "u2", "create table u2 ()", at=NOON + DAY),
            table(4, "u3", "create table u3 ()", at=NOON + 2 * DAY),
            index(
                5,
                "t_on_title",
                "alter index t_on_name rename to t_on_title",
                at=NOON + 3 * DAY,
                change_type="ALTER",
            ),
            table(6, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 4 * DAY),
        ],
        "create table t (id integer, title text, n integer); create index t_on_title on t (title);"
        " create table u2 (); create table u3 ()",
        at=5,
    ),
    Case(
        "a table that is older than the tracker, as the live catalog has it",
        "older_table",
        "public.t",
        "CREATE TABLE public.t (\n    id integer NOT NULL\n);",
        [table(1, "t", "alter table t add name text", "id int4!, name text")],
        "create table t (id integer primary key, name text)",
    ),
    Case(
        "a column that gets the type later which the live catalog has",
        "older_table",
        "public.t",
        'CREATE TABLE public.t (\n    id integer NOT NULL,\n    path "text" NOT NULL\n);',
        [
            table(1, "t", "alter table t add name text", "id int4!, path text!, name text"),
            table(2, "t", "alter table t alter path type paths", "id int4!, path text!, name text"),
        ],
        "create domain paths as text; create table t (id integer primary key, path paths not null, name text)",
        at=1,
    ),
    Case(
        "a foreign key that a text drops and adds again, with an action",
        "older_table",
        "public.t",
        "ALTER TABLE ONLY public.t ADD CONSTRAINT t_u_id_fkey FOREIGN KEY (u_id) REFERENCES public.u(id);",
        [
            table(1, "t", "alter table t add n text", "u_id int4, n text"),
            *(
                table(
                    n,
                    "t",
                    "alter table t drop constraint t_u_id_fkey; alter table t add constraint t_u_id_fkey"
                    " foreign key (u_id) references u on update cascade on delete set null",
                    "u_id int4, n text",
                )
                for n in (2, 3)
            ),
        ],
        "create table u (id integer primary key);"
        " create table t (u_id integer references u on update cascade on delete set null, n text)",
        at=1,
    ),
    Case(
        "a key whose name was taken, by what nobody knows",
        "name_as_recorded",
        "public.t",
        'ALTER INDEX "public"."t_pkey" RENAME TO "t_pkey1";',
        [
            table(1, "u", "create table u (id integer primary key)", "id int4!"),
            index(2, "u_pkey", "create table u (id integer primary key)"),
            table(
                3,
                "t",
                "create table t (id integer primary key, u_id integer references u)",
                "id int4!, u_id int4",
            ),
            index(4, "t_pkey1", "create table t (id integer primary key, u_id integer references u)"),
            table(
                5,
                "t",
                "create table t (id integer primary key, u_id integer references u)",
                "id int4!, u_id int4",
                change_type="ALTER",
            ),
        ],
        "create table u (id integer primary key);"
        " create table t (id integer constraint t_pkey1 primary key, u_id integer references u)",
        at=3,
    ),
    Case(
        "a table with a quoted name: without what texts add, under the names that its columns had",
        "older_table",
        'public."Ts"',
        'CREATE TABLE public."Ts" (\n    id integer NOT NULL,\n    "was" text,\n    u_id integer\n);',
        [
            table(1, '"Ts"', 'alter table "Ts" add column "userName" text, add n integer'),
            table(2, '"Ts"', 'alter table "Ts" rename was to is_now'),
            table(3, '"Ts"', 'alter table "Ts" rename n to m'),
            table(4, '"Ts"', 'alter table "Ts" add if not exists u_id integer, add if not exists z integer'),
        ],
        'create table "Us" (id integer primary key);'
        ' create table "Ts" (id integer primary key, is_now text, u_id integer references "Us");'
        ' alter table "Ts" add column "userName" text, add m integer, add z integer',
        at=1,
    ),
    Case(
        "a unique constraint of an older table that a text drops",
        "older_constraint",
        "public.t",
        'ALTER TABLE "public"."t" ADD CONSTRAINT "t_name_of_it_id_key" UNIQUE ("name_of_it", "id");',
        [
            table(1, "t", "alter table t add n text", "id int4!, name_of_it text, n text"),
            table(
                2,
                "t",
                "alter table t drop constraint t_name_of_it_id_key",
                "id int4!, name_of_it text, n text",
            ),
        ],
        "create table t (id integer primary key, name_of_it text, n text)",
        at=1,
    ),
    Case(
        "a deferred foreign key of an older table that a text drops, with both its ends in its name",
        "older_constraint",
        "public.t",
        'ALTER TABLE "public"."t" ADD CONSTRAINT "t_u_id_0a1b2c3d_fk_u_id" FOREIGN KEY ("u_id")'
        ' REFERENCES "public"."u" ("id") DEFERRABLE INITIALLY DEFERRED;',
        [
            table(1, "t", "alter table t add n text", "u_id int4, n text"),
            table(
                2,
                "t",
                "set constraints t_u_id_0a1b2c3d_fk_u_id immediate;"
                " alter table t drop constraint t_u_id_0a1b2c3d_fk_u_id",
                "u_id int4, n text",
            ),
        ],
        "create table u (id integer primary key); create table t (u_id integer, n text)",
        at=1,
    ),
    Case(
        "a foreign key of an older table that a text drops, with the tables in its name",
        "older_constraint",
        "public.t",
        'ALTER TABLE "public"."t" ADD CONSTRAINT "fk_t_u_id_u" FOREIGN KEY ("u_id") REFERENCES "public"."u";',
        [
            table(1, "t", "alter table t add n text", "u_id int4, n text"),
            table(2, "t", "alter table t drop constraint FK_T_U_ID_U", "u_id int4, n text"),
        ],
        "create table u (id integer primary key); create table t (u_id integer, n text)",
        at=1,
    ),
    Case(
        "a setting that a function took from its session, as the live catalog has it",
        "session_setting",
        "public.f()",
        "create function f() returns void language sql SET search_path TO 'shop', 'pg_temp' as ''",
        [
            function(
                1, 100, "create function f() returns void language sql set search_path from current as ''"
            )
        ],
        "create function f() returns void language sql set search_path to shop, pg_temp as ''",
    ),
    Case(
        "a setting that a function took from a session of which nothing is left",
        "session_setting",
        "public.f()",
        "create function f() returns void language sql set DateStyle from current as ''",
        [
            function(
                1, 100, "create function f() returns void language sql set DateStyle from current as ''"
            ),
            function(2, 100, "alter function f() cost 5"),
        ],
        "create function f() returns void language sql cost 5 set DateStyle to 'ISO, MDY' as ''",
        live="select 1",
        at=1,
    ),
    Case(
        "a table as its first row found it, where the same text goes on to make one of its columns anew",
        "changed_type",
        "public.t",
        'ALTER TABLE "public"."t" ALTER COLUMN "b" TYPE "int4" USING NULL::"int4";',
        [
            table(1, "t", ANEW, "a text, b int4, c text"),
            table(2, "t", ANEW, "a text, c@3 text"),
            table(3, "t", ANEW, "a text, c@3 text, b@4 text"),
        ],
        "create table t (a text, b integer, c text);" + ANEW,
        at=1,
    ),
    Case(
        "a table with an oid before that of the first that was made is older, whatever a block of code may make",
        "older_table",
        "public.t",
        "CREATE TABLE public.t (\n    id integer NOT NULL\n);",
        [
            table(1, "u", "create table u (t_id integer references t)", "t_id int4", oid=100),
            table(
                2,
                "t",
                f"{MAY_MAKE}; alter table t add n text",
                "id int4!, n text",
                oid=50,
                change_type="ALTER",
            ),
        ],
        "create table t (id integer primary key, n text); create table u (t_id integer references t)",
        at=1,
    ),
    Case(
        "a block of code that only fills a table does not make it",
        "older_table",
        "public.t",
        "CREATE TABLE public.t (\n    id integer NOT NULL\n);",
        [
            table(1, "u", "create table u (n integer)", "n int4"),
            table(
                2,
                "t",
                "do $$begin insert into t values (1); end$$; alter table t add n text",
                "id int4!, n text",
                change_type="ALTER",
            ),
        ],
        "create table u (n integer); create table t (id integer primary key, n text)",
        at=1,
    ),
    Case(
        "a table made without a row comes before what has a later oid",
        "older_table",
        "public.t",
        'CREATE TABLE "public"."t" (\n    "id" "int4"\n);',
        [
            table(1, "u", "create table u (id integer)", "id int4", oid=100),
            table(2, "w", "create table w (id integer)", "id int4", oid=102),
            table(3, "t", "alter table t add name text", "id int4, name text", oid=101),
        ],
        "create table u (id integer); create table w (id integer); create table t (id integer, name text)",
        live="select 1",
        at=2,
    ),
    Case(
        "a table whose columns were dropped before, with those that its first row found, in their places",
        "older_table",
        "public.t",
        'CREATE TABLE public.t (\n    "........pg.dropped.1........" integer,\n    "b" "int4",\n    a numeric(5,2),\n'
        '    "........pg.dropped.4........" integer\n);\n'
        'ALTER TABLE "public"."t" DROP COLUMN "........pg.dropped.1........",'
        ' DROP COLUMN "........pg.dropped.4........";',
        [
            table(1, "t", "alter table t add c integer", "b@2 int4, a@3 numeric, c@5 int4"),
            table(2, "t", "alter table t drop column b", "a@3 numeric, c@5 int4", at=NOON + DAY),
        ],
        "create table t (a numeric(5,2), c integer)",
        at=1,
    ),
    Case(
        "a table of which the first text takes a column",
        "older_table",
        "public.t",
        'CREATE TABLE public.t (\n    a integer,\n    "b" text,\n    c integer\n);',
        [table(1, "t", "alter table t drop column b", "a@1 int4, c@3 int4")],
        "create table t (a integer, c integer)",
    ),
    Case(
        "a table with an index of its own and one of a row",
        "older_table",
        "public.t",
        "ALTER TABLE ONLY public.t ADD CONSTRAINT t_pkey PRIMARY KEY (id);",
        [index(1, "i", "create index i on t (name)")],
        "create table t (id integer primary key, name text); create index i on t (name)",
    ),
    Case(
        "a table that no query makes so",
        "older_table",
        "public.u",
        "CREATE TABLE public.u (\n    id integer DEFAULT 0\n);",
        [table(1, "t", T)],
        f"{T}; create table u (id integer default 0)",
    ),
    Case(
        "a table of whose name a text makes another, in another schema",
        "older_table",
        "public.older",
        "CREATE TABLE public.older (\n    id integer NOT NULL\n);",
        [
            table(1, "t", T),
            table(
                2,
                "s.older",
                "create schema s; create table s.older ()",
                change_type="CREATE",
            ),
        ],
        f"{T}; create table older (id integer primary key); create schema s; create table s.older ()",
        at=1,
    ),
    Case(
        "a table that a query reads, which writes into another",
        "older_table",
        "public.older",
        "CREATE TABLE public.older (\n    id integer NOT NULL\n);",
        [
            table(1, "t", T),
            table(
                2,
                "u",
                "with o as (select id from older), i as (insert into t (id) select id from o) select 1;"
                " create table u ()",
                change_type="CREATE",
                at=NOON + DAY,
            ),
        ],
        f"{T}; create table older (id integer primary key); create table u ()",
        at=1,
    ),
    Case(
        "a table that a later one refers to, altered after that",
        "older_table",
        "public.older",
        "ALTER TABLE ONLY public.older ADD CONSTRAINT older_pkey PRIMARY KEY (id);",
        [
            table(
                1, "t", "create table t (older_id integer references older (id))", "older_id int4", oid=102
            ),
            table(2, "older", "alter table older add name text", "id int4!, name text", oid=101),
        ],
        "create table older (id integer primary key, name text);"
        " create table t (older_id integer references older (id))",
        at=1,
    ),
    Case(
        "constraints that later texts add, name or take away",
        "older_table",
        "public.t",
        "ALTER TABLE ONLY public.t ADD CONSTRAINT first FOREIGN KEY (b) REFERENCES public.u(id);",
        [
            table(1, "t", "alter table t add constraint late check (a > 0)", "id int4!, a int4, b int4"),
            table(2, "t", "alter table t add foreign key (a) references u (id)", "id int4!, a int4, b int4"),
            table(3, "t", "alter table t add check (b > 0)", "id int4!, a int4, b int4"),
            table(
                4,
                "t",
                "alter table t rename constraint first to second; alter table t enable row level security",
                "id int4!, a int4, b int4",
                change_type="ALTER",
            ),
            table(
                5,
                "t",
                "alter table t drop constraint t_id_key, add constraint t_id_key unique (id)",
                "id int4!, a int4, b int4",
            ),
        ],
        "create table u (id integer primary key);"
        " create table t (id integer not null unique, a integer references u, b integer constraint second references u,"
        " constraint late check (a > 0), check (b > 0)); alter table t enable row level security",
        at=1,
    ),
    Case(
        "a table that its first row renames",
        "older_table",
        "public.old_name",
        'ALTER TABLE ONLY "public"."old_name" ADD CONSTRAINT old_name_pkey PRIMARY KEY (id);',
        [
            table(1, "t", "alter table old_name rename to t", "id int4!"),
            table(2, "t", "alter table t add name text", "id int4!, name text", at=NOON + DAY),
        ],
        "create table t (id integer constraint old_name_pkey primary key, name text)",
        at=1,
    ),
    Case(
        "a function that no text makes",
        "older_function",
        "public.f()",
        "CREATE OR REPLACE FUNCTION public.f()",
        [table(1, "t", T), function(2, 7, "create function h() returns integer language sql as 'select 1'")],
        f"{SET_UP}; create function h() returns integer language sql as 'select 1'",
        at=1,
    ),
    Case(
        "a function that no text makes, with a type of the live catalog",
        "older_function",
        "public.f(public.e)",
        "CREATE OR REPLACE FUNCTION public.f(a public.e)",
        [table(1, "t", T)],
        f"{T}; create type e as enum ('x'); create function f(a e) returns e language sql as 'select a'",
        at=1,
    ),
    Case(
        "a trigger comes with its table, where the function is older",
        "trigger_from_live_catalog",
        "g on public.t",
        "CREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();",
        [table(1, "u", "create table u ()"), table(2, "t", T), table(3, "w", "create table w ()")],
        f"{SET_UP}{TRIGGER}; create table u (); create table w ()",
        at=2,
    ),
    Case(
        "a view that never left a row",
        "older_view",
        "public.v",
        "CREATE VIEW public.v AS\n SELECT 1 AS one;",
        [table(1, "t", T)],
        f"{T}; create view v as select 1 as one",
    ),
    Case(
        "a live definition names a table as it is called only later",
        "not_yet_renamed",
        "public.v",
        'CREATE VIEW public.v AS\n SELECT id\n   FROM public."old_name";',
        [
            table(1, "old_name", "create table old_name (id integer)", "id int4"),
            view(2, "w", "create view w as select id from v"),
            table(3, "new_name", "alter table old_name rename to new_name", "id int4"),
        ],
        "create table new_name (id integer); create view v as select id from new_name;"
        " create view w as select id from v",
        at=2,
    ),
]

F_OF_INTEGER = "create function f(integer) returns boolean language sql as 'select true'"
F_OF_BIGINT = "create function f(bigint) returns boolean language sql as 'select true'"

LOOKING_AHEAD = [
    Case(
        "a constraint that is called after its table, and follows it",
        "renamed_constraint",
        "public.label",
        'ALTER TABLE "public"."label" RENAME CONSTRAINT "tag_n" TO "label_n";',
        [
            table(1, "tag", "create table tag (n integer constraint tag_n check (n > 0))", "n int4"),
            table(2, "label", "alter table tag rename to label", "n int4", at=NOON + DAY),
            table(3, "u", "create table u ()", at=NOON + 2 * DAY),
            table(4, "w", "create table w ()", at=NOON + 3 * DAY),
        ],
        "create table label (n integer constraint label_n check (n > 0)); create table u (); create table w ()",
        at=2,
    ),
    Case(
        "an index whose rename was erased",
        "renamed_index",
        "public.i",
        'ALTER INDEX "public"."i" RENAME TO "j";',
        [
            table(1, "t", T),
            index(2, "i", "create index i on t (id)"),
            table(3, "t", "alter table t add n integer", at=NOON + DAY),
            table(5, "t", "alter table t add m integer", at=NOON + 2 * DAY),
        ],
        "create table t (id integer, name text, n integer, m integer); create index j on t (id)",
        at=3,
    ),
    Case(
        "a rename that shows in the next record, where each is sent by itself: halfway",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(2, 6)),
            table(6, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 7 * DAY),
            *RENAMED_SEPARATELY,
        ],
        "create table t (id integer, title text, n integer);"
        + "".join(f"create table u{n} ();" for n in range(2, 6))
        + SEPARATELY,
        at=3,
    ),
    Case(
        "a rename that shows in the next record: before it",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(2, 6)),
            table(6, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 7 * DAY),
        ],
        "create table t (id integer, title text, n integer);"
        + "".join(f"create table u{n} ();" for n in range(2, 6)),
        at=6,
    ),
    *(
        Case(
            f"a rename of a column {whose}: at the end of that session",
            "foreseen_rename",
            "public.t",
            'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
            [
                *before,
                table(3, "u3", "create table u3 ()", at=NOON + DAY),
                *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(4, 7)),
                table(
                    7, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 8 * DAY
                ),
            ],
            "create table t (id integer, title text, n integer);"
            + "".join(f"create table u{n} ();" for n in range(3, 7)),
            at=3,
        )
        for whose, before in (
            (
                "that the session before changes",
                [
                    table(1, "t", "create table t (id integer, name varchar(9))", "id int4, name varchar(9)"),
                    table(2, "t", "alter table t alter name type text", "id int4, name text", at=NOON + DAY),
                ],
            ),
            (
                "of a table that the session before renames",
                [
                    table(1, "s", T.replace(" t ", " s "), "id int4, name text"),
                    table(2, "t", "alter table s rename to t", "id int4, name text", at=NOON + DAY),
                ],
            ),
        )
    ),
    Case(
        "a rename of a column that the next record's statement takes away under its new name",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            index(2, "i", "create index i on t (title)", at=NOON + DAY),
            table(3, "t", "alter table t drop title", "id int4", at=NOON + 2 * DAY),
        ],
        "create table t (id integer)",
        at=2,
    ),
    Case(
        "a rename that only the live catalog shows: at the end of the last record's session",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(2, 6)),
        ],
        "create table t (id integer, title text);" + "".join(f"create table u{n} ();" for n in range(2, 6)),
        at=1,
    ),
    Case(
        "a rename that shows in the next record: at the first use of the new name",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            table(2, "u2", "create table u2 ()", at=NOON + DAY),
            index(3, "i", "create index i on t (title)", at=NOON + 2 * DAY),
            table(4, "u4", "create table u4 ()", at=NOON + 3 * DAY),
            table(5, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 4 * DAY),
        ],
        "create table t (id integer, title text, n integer); create index i on t (title);"
        " create table u2 (); create table u4 ()",
        at=3,
    ),
    Case(
        "the same rename shows in the records of two tables: at the same time",
        "foreseen_rename",
        "public.w",
        'ALTER TABLE "public"."w" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            table(2, "w", "create table w (name text)", "name text"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(3, 5)),
            table(5, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 5 * DAY),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(6, 12)),
            *RENAMED_SEPARATELY,
        ],
        "create table t (id integer, title text, n integer); create table w (title text);"
        + "".join(f"create table u{n} ();" for n in (3, 4, *range(6, 12)))
        + SEPARATELY,
        at=3,
    ),
    Case(
        "a constraint that is called after its table: renamed along with it",
        "renamed_constraint",
        "public.w",
        'ALTER TABLE "public"."w" RENAME CONSTRAINT "t_pkey" TO "w_pkey";',
        [
            table(1, "t", "create table t (id integer primary key)", "id int4!"),
            table(2, "w", "alter table t rename to w", "id int4!", at=NOON + DAY),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(3, 7)),
        ],
        "create table w (id integer primary key);" + "".join(f"create table u{n} ();" for n in range(3, 7)),
        at=2,
    ),
    Case(
        "a rename that only the live catalog shows",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [table(1, "t", T, "id int4, name text"), table(2, "u", "create table u ()", at=NOON + DAY)],
        "create table t (id integer, title text); create table u ()",
        at=1,
    ),
    Case(
        "a table that was named in every session, and then no more: soon",
        "unrecorded_drop",
        'public."Gone"',
        'DROP TABLE "public"."Gone";',
        [
            table(1, '"Gone"', 'create table "Gone" (id integer)'),
            *(
                table(n, '"Gone"', f'alter table "Gone" add n{n} integer', at=NOON + n * DAY)
                for n in range(2, 6)
            ),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(6, 26)),
        ],
        "".join(f"create table u{n} ();" for n in range(6, 26)),
        at=6,
    ),
    Case(
        "a table that went with another's foreign key, which only CASCADE takes along",
        "unrecorded_drop",
        'public."Gone"',
        'DROP TABLE "public"."Gone" CASCADE;',
        [
            table(1, '"Gone"', 'create table "Gone" (id integer primary key)'),
            table(2, "t", 'create table t (id integer references "Gone")', "id int4", at=NOON + DAY),
            *(
                table(n, "t", f"alter table t alter id set default {n}", f"id int4 ={n}", at=NOON + n * DAY)
                for n in range(3, 8)
            ),
        ],
        "create table t (id integer default 7)",
        at=3,
    ),
    Case(
        "a table with quotes in its name leaves no row when it goes: halfway",
        "unrecorded_drop",
        'public."Gone"',
        'DROP TABLE "public"."Gone";',
        [
            table(1, '"Gone"', 'create table "Gone" (id integer)'),
            table(2, "t", T, at=NOON + DAY),
            table(3, "u", "create table u ()", at=NOON + 2 * DAY),
            table(4, "v", "create table v ()", at=NOON + 3 * DAY),
            table(5, "w", "create table w ()", at=NOON + 4 * DAY),
        ],
        f"{T}; create table u (); create table v (); create table w ()",
        at=3,
    ),
    Case(
        "a routine leaves no row when it goes",
        "unrecorded_drop",
        "public.f(integer)",
        "DROP FUNCTION public.f(integer);",
        [
            function(1, 100, "create function f(integer) returns integer language sql as 'select 1'"),
            table(2, "t", T, at=NOON + DAY),
            index(3, "i", "create index i on t (id) where name <> 'f'", at=NOON + 2 * DAY),
            table(4, "u", "create table u ()", at=NOON + 3 * DAY),
        ],
        f"{T}; create index i on t (id) where name <> 'f'; create table u ()",
        at=4,
    ),
    Case(
        "a routine of a long session: halfway from its end",
        "unrecorded_drop",
        "public.f(integer)",
        "DROP FUNCTION public.f(integer);",
        [
            function(1, 100, "create function f(integer) returns integer language sql as 'select 1'"),
            *(table(n, f"u{n}", f"create table u{n} ()") for n in range(2, 30)),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(30, 40)),
        ],
        "".join(f"create table u{n} ();" for n in range(2, 40)),
        at=34,
    ),
    Case(
        "an index with quotes in its name leaves no row when it goes: with the next change of its table",
        "unrecorded_drop",
        'public."I"',
        'DROP INDEX "public"."I";',
        [
            table(1, "t", T),
            index(2, '"I"', 'create index "I" on t (id)'),
            table(3, "u", "create table u ()", at=NOON + DAY),
            index(4, "j", "create index j on t (name)", at=NOON + 2 * DAY),
            table(5, "v", "create table v ()", at=NOON + 3 * DAY),
        ],
        f"{T}; create index j on t (name); create table u (); create table v ()",
        at=4,
    ),
    Case(
        "a routine that a plain CREATE follows, with another signature",
        "replaced_overload",
        "public.f(integer)",
        "DROP FUNCTION public.f(integer);",
        [
            table(1, "t", T),
            function(2, 100, F_OF_INTEGER),
            function(3, 101, F_OF_BIGINT, at=NOON + DAY),
            table(4, "t", "alter table t add check (f(id))", at=NOON + 2 * DAY),
        ],
        f"{F_OF_BIGINT}; {T}; alter table t add check (f(id))",
        at=3,
    ),
    Case(
        "a table whose foreign keys and indexes were taken away went in that session",
        "unrecorded_drop",
        'public."Gone"',
        'DROP TABLE "public"."Gone";',
        [
            table(1, "t", "create table t (id integer primary key)"),
            table(2, '"Gone"', 'create table "Gone" (id integer constraint fk references t)'),
            table(3, '"Gone"', 'alter table "Gone" drop constraint fk', at=NOON + DAY),
            table(4, "u", "create table u ()", at=NOON + DAY),
            table(5, "v", "create table v ()", at=NOON + 2 * DAY),
            table(6, "w", "create table w ()", at=NOON + 3 * DAY),
        ],
        "create table t (id integer primary key); create table u (); create table v (); create table w ()",
        at=4,
    ),
    Case(
        "a type that nothing uses any more, with the default that the next record lacks",
        "unused_type",
        "public.e",
        'DROP TYPE "public"."e" CASCADE;',
        [
            table(1, "t", "create type e as enum ('a'); create table t (k e default 'a')", "k e ='a'::e"),
            table(2, "t", "alter table t alter k type text using k::text", at=NOON + DAY),
            table(3, "t", "alter table t add n integer", "k text, n int4", at=NOON + 2 * DAY),
        ],
        "create table t (k text, n integer)",
        at=2,
    ),
    Case(
        "the second drop leaves no row",
        "unrecorded_drop",
        "public.t",
        'DROP TABLE "public"."t";',
        [
            table(1, "t", T),
            table(2, "t", "drop table t"),
            table(3, "t", "create table t (n integer)"),
            table(4, "u", "create table u ()", at=NOON + DAY),
        ],
        "create table u ()",
    ),
    Case(
        "a type that no statement before the next record touches: at the first sign of its new name",
        "renamed_type",
        "public.mood",
        'DROP TYPE IF EXISTS "public"."mood";\nALTER TYPE "public"."e" RENAME TO "mood";',
        [
            table(1, "t", "create type e as enum ('a'); create table t (e e)", "e e", change_type="CREATE"),
            table(2, "t", "alter table t add n integer", "e e, n int4", at=NOON + DAY),
            table(3, "u", "create table u ()", at=NOON + 2 * DAY),
            table(4, "w", "create table w (m mood)", "m mood", at=NOON + 3 * DAY),
            table(5, "t", "alter table t add o integer", "e mood, n int4, o int4", at=NOON + 4 * DAY),
        ],
        "create type mood as enum ('a'); create table t (e mood, n integer, o integer); create table u ();"
        " create table w (m mood)",
        at=4,
    ),
    Case(
        "a type that takes another's name by the next record of its column",
        "renamed_type",
        "public.e",
        'DROP TYPE IF EXISTS "public"."e";\nALTER TYPE "public"."e_new" RENAME TO "e";',
        [
            table(1, "t", "create type e as enum ('a'); create table t (e e)", "e e", change_type="CREATE"),
            table(
                2,
                "t",
                "create type e_new as enum ('b'); alter table t alter e type e_new using null",
                "e e_new",
                change_type="ALTER",
                at=NOON + DAY,
            ),
            table(3, "t", "alter table t add n integer", "e e, n int4", at=NOON + 2 * DAY),
        ],
        "create type e as enum ('b'); create table t (e e, n integer)",
        at=2,
    ),
]

ATTACHED = [
    Case(
        "a trigger comes with its function",
        "trigger_from_live_catalog",
        "g on public.t",
        "CREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();",
        [
            table(1, "t", T),
            function(
                2, 100, "create function f() returns trigger language plpgsql as 'begin return new; end'"
            ),
            table(3, "u", "create table u ()"),
        ],
        SET_UP + TRIGGER + "; create table u ()",
        at=2,
    ),
    Case(
        "a trigger comes with its function, under the name that its table had by then",
        "trigger_from_live_catalog",
        'g on public."Old"',
        'CREATE TRIGGER g BEFORE INSERT ON public."Old" FOR EACH ROW EXECUTE FUNCTION public.f();\n'
        'ALTER TABLE public."Old" DISABLE TRIGGER g;\n'
        "COMMENT ON TRIGGER g ON public.\"Old\" IS 'not ON public.t';",
        [
            table(1, '"Old"', 'create table "Old" (id integer, name text)'),
            function(
                2, 100, "create function f() returns trigger language plpgsql as 'begin return new; end'"
            ),
            table(3, "t", 'alter table "Old" rename to t', change_type="ALTER"),
            table(4, "u", "create table u ()"),
        ],
        f"{SET_UP}{TRIGGER}; alter table t disable trigger g; comment on trigger g on t is 'not ON public.t'; "
        "create table u ()",
        at=2,
    ),
    Case(
        "a table that had the name before another was renamed to it has no trigger of that one's",
        "trigger_from_live_catalog",
        "g on public.old",
        "CREATE TRIGGER g BEFORE INSERT ON public.old FOR EACH ROW EXECUTE FUNCTION public.f();",
        [
            function(
                1, 100, "create function f() returns trigger language plpgsql as 'begin return new; end'"
            ),
            table(2, "t", T),
            table(3, "t", "drop table t", change_type="DROP"),
            table(4, "old", "create table old (id integer, name text)"),
            table(5, "t", "alter table old rename to t", change_type="ALTER"),
        ],
        f"{SET_UP}{TRIGGER}",
        at=4,
    ),
    Case(
        "a comment comes with its table",
        "comment_from_live_catalog",
        "public.t",
        "COMMENT ON TABLE public.t IS E'it''s; a \\\\ t';",
        [table(1, "t", T), table(2, "u", "create table u ()")],
        f"{T}; comment on table t is 'it''s; a \\ t'; create table u ()",
        at=1,
    ),
    Case(
        "a column's comment comes with the column, under the name that its table had by then",
        "comment_from_live_catalog",
        'public."Old"',
        "COMMENT ON COLUMN public.\"Old\".more IS 'on public.t';",
        [
            table(1, '"Old"', 'create table "Old" (id integer)'),
            table(2, '"Old"', 'alter table "Old" add more integer', change_type="ALTER"),
            table(3, "t", 'alter table "Old" rename to t', change_type="ALTER"),
        ],
        "create table t (id integer, more integer); comment on column t.more is 'on public.t'",
        at=2,
    ),
    Case(
        "a comment that a text makes comes with the text, another at once",
        "comment_from_live_catalog",
        "public.t",
        "COMMENT ON COLUMN public.t.name IS 'a name';",
        [
            table(1, "t", T),
            table(
                2, "u", "create table u (); comment on table t is 'made'; comment on column t.id is 'made'"
            ),
        ],
        f"{T}; create table u (); comment on table t is 'made'; comment on column t.id is 'made'; "
        "comment on column t.name is 'a name'",
        at=1,
    ),
    Case(
        "a comment in a function's body is none on the function",
        "comment_from_live_catalog",
        "public.f()",
        "COMMENT ON FUNCTION public.f() IS 'told';",
        [function(1, 7, f"create function f() returns void {COMMENTING}")],
        f"create function f() returns void {COMMENTING}; comment on function f() is 'told'",
        at=1,
    ),
    Case(
        "a policy comes with its table's row security",
        "policy_from_live_catalog",
        "p on public.t",
        "CREATE POLICY p ON public.t USING ((id > 1));",
        [
            table(1, "t", T),
            table(2, "t", "alter table t enable row level security"),
            table(3, "u", "create table u ()"),
        ],
        f"{T}; alter table t enable row level security; create policy p on t using (id > 1); create table u ()",
        at=2,
    ),
]

CASES = [*IMPLIED_DROPS, *COLUMNS, *TYPES, *RELATIONS, *LOOKING_AHEAD, *ATTACHED]


def must_hold(
    rows: Sequence[HistoryRow], events: Sequence[Event], scratch: Scratch, base: Definitions | None = None
) -> None:
    """What is true of any replay, whatever it had to infer."""
    by_id = {r.version_id: r for r in rows}
    told = [e.v1_version_id for e in events if e.origin in ("v1", "excluded")]
    assert sorted(told) == sorted(by_id)
    for i, event in enumerate(events):
        if event.origin != "v1":
            continue
        recorded = by_id[event.v1_version_id]
        assert (event.author, event.committed_at, event.change_type, event.commit_message) == (
            recorded.author, recorded.created_at, recorded.change_type, recorded.message,
        )  # fmt: skip
        if event.fidelity == "exact":
            assert event.repairs == []
        if (
            event.fidelity not in ("exact", "repaired")
            or not recorded.columns
            or event.new_definition is None
        ):
            continue
        found = scratch.recorded(tree_of(events[: i + 1], base), event.object_schema, recorded.name)
        assert list(found) == sorted(recorded.columns, key=lambda c: recorded.columns[c]["position"])
        for name, fact in recorded.columns.items():
            assert {k: found[name][k] for k in ("type", "nullable", "default")} == {
                k: fact[k] for k in ("type", "nullable", "default")
            }


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    live = scratch.objects(case.truth if case.live is None else case.live)
    base = None
    if case.base is not None:
        shadow.run(case.base)
        base = scratch.definitions(case.base)
    events, replay = replayed(shadow, case.rows, live, base)
    at = case.at or case.rows[-1].version_id
    noted = [
        (e.object_identity, r["statement"], e.fidelity)
        for e in events
        for r in e.repairs
        if e.anchor_version_id == at and r["rule"] == case.rule
    ]
    assert any(path == case.about and text.startswith(case.statement) for path, text, _ in noted), (
        noted,
        [
            (e.anchor_version_id, e.origin, e.object_identity, e.fidelity, e.repairs, e.findings)
            for e in events
        ],
    )
    assert {fidelity for *_, fidelity in noted} == {"repaired"}
    assert tree_of(events, base) == scratch.definitions(case.truth)
    must_hold(case.rows, events, scratch, base)
    every_statement_can_be_rebuilt(case.rows, events, scratch, base)
    end = tree_of([*events, *replay.reconcile(live)], base)
    assert end == {o.object_identity: o.definition for o in live}


def capitals(text: str) -> str:
    """The text with all that PostgreSQL reads in lower case in capitals."""
    letters = list(text)
    for token in Postgres().tokenize(text):
        written = text[token.start : token.end + 1]
        if token.token_type != TokenType.IDENTIFIER and written.upper() == token.text.upper():
            letters[token.start : token.end + 1] = written.upper()
    return "".join(letters)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    live = scratch.objects(case.truth if case.live is None else case.live)
    if case.base is not None:
        shadow.run(case.base)
    base = scratch.definitions(case.base) if case.base is not None else None
    rows = [replace(row, change_sql=row.change_sql and capitals(row.change_sql)) for row in case.rows]
    events, _ = replayed(shadow, rows, live, base)
    assert tree_of(events, base) == scratch.definitions(case.truth)
    assert case.rule in {r["rule"] for e in events for r in e.repairs}


# Rules without a statement of their own, or for rows that nothing explains: each has a test below.
TESTED_BELOW = {
    "in_doubt",
    "made_anew",
    "older_extension",
    "reconcile",
    "recorded_drop",
    "rests_on_inferred",
    "rows_of_code",
    "statement_failed",
    "unexplained_row",
}


def test_every_rule_has_a_test() -> None:
    assert {rule.name for rule in RULES} == {case.rule for case in CASES} | TESTED_BELOW


def brief(events: Sequence[Event]) -> list[tuple[int | None, str, str | None, str | None]]:
    return [
        (e.anchor_version_id, e.origin, e.object_identity, e.fidelity)
        for e in events
        if e.object_type != "SCHEMA"
    ]


def test_what_is_replayed_as_written_is_exact_and_repairs_nothing(shadow: Shadow, scratch: Scratch) -> None:
    create = "create table t (id integer primary key, name text)"
    rows = [
        table(1, "t", create, "id int4!, name text"),
        index(2, "t_pkey", create),
        view(3, "v", "create view v as select name from t", at=NOON + DAY),
        function(4, 100, "create function f(t) returns text language sql as 'select $1.name'", at=NOON + DAY),
        table(5, "u", "alter table t rename to u", "id int4!, name text", at=NOON + 2 * DAY),
    ]
    truth = (
        "create table u (id integer constraint t_pkey primary key, name text); create view v as select name from u;"
        " create function f(u) returns text language sql as 'select $1.name'"
    )
    live = scratch.objects(truth)
    events, replay = replayed(shadow, rows, live)
    assert {e.fidelity for e in events} == {"exact"}
    assert [e for e in events if e.repairs] == []
    assert tree_of(events) == scratch.definitions(truth)
    assert list(replay.reconcile(live)) == []
    must_hold(rows, events, scratch)


def test_a_rename_that_another_text_tells_of_is_not_made_twice(shadow: Shadow, scratch: Scratch) -> None:
    rename = "alter table t rename column name to title; create table u ()"
    rows = [
        table(1, "t", T, "id int4, name text"),
        table(2, "w", "create table w ()", at=NOON + DAY),
        table(3, "u", rename, at=NOON + 2 * DAY, change_type="CREATE"),
        table(4, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 3 * DAY),
    ]
    truth = "create table t (id integer, title text, n integer); create table u (); create table w ()"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    assert tree_of(events) == scratch.definitions(truth)
    assert [e.repairs for e in events if e.repairs] == []
    assert [e.anchor_version_id for e in events if e.object_identity == "public.t"] == [1, 3, 4]


def test_a_constraint_of_the_table_that_takes_the_name_is_not_foreseen(
    shadow: Shadow, scratch: Scratch
) -> None:
    rows = [
        table(1, "t", "create table t (n integer, check (n > 0))", "n int4"),
        table(2, "u", "create table u ()", at=NOON + DAY),
        table(3, "t_new", "create table t_new (n integer, check (n > 0))", "n int4", at=NOON + 2 * DAY),
        table(4, "t", "drop table t", at=NOON + 2 * DAY, change_type="DROP"),
        table(5, "t", "alter table t_new rename to t", "n int4", at=NOON + 2 * DAY),
    ]
    truth = "create table t (n integer constraint t_new_n_check check (n > 0)); create table u ()"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    assert tree_of(events) == scratch.definitions(truth)
    assert [e.repairs for e in events if e.repairs] == []


def test_what_a_text_drops_before_it_fails_goes_first(shadow: Shadow, scratch: Scratch) -> None:
    text = "create index i on t (id); drop view v; create view v as select nothing_of_the_kind(id) from t"
    rows = [
        table(1, "t", T, "id int4, name text"),
        view(2, "v", "create view v as select id from t"),
        index(3, "i", text),
        view(4, "v", text, change_type="CREATE"),
    ]
    live = scratch.objects(f"{T}; create index i on t (id); create view v as select id + 1 as id from t")
    events, replay = replayed(shadow, rows, live)
    assert [(e.origin, e.change_type, e.fidelity) for e in events if e.anchor_version_id == 4] == [
        ("inferred", "DROP", "exact"),
        ("v1", "CREATE", "static"),
    ]
    end = tree_of([*events, *replay.reconcile(live)])
    assert end == {o.object_identity: o.definition for o in live}


TWICE = "do $$ begin alter table t add a integer; alter table t add b integer; end $$"
ONCE = "do $$ begin alter table t add c integer; end $$"


@pytest.mark.parametrize(
    ("text", "recorded", "told"),
    [
        (TWICE, ["id int4, a int4", "id int4, a int4, b int4"], ["unknown", "exact"]),
        (TWICE, [None, None], ["repaired", "exact"]),
        (
            f"{TWICE}; {ONCE}",
            ["id int4, a int4", "id int4, a int4, b int4", "id int4, a int4, b int4, c int4"],
            ["unknown", "exact", "exact"],
        ),
        (f"{TWICE}; {ONCE}", [None, None, None], ["repaired", "repaired", "repaired"]),
        (f"{TWICE}; alter table t add c integer", [None, None, None], ["repaired", "exact", "exact"]),
    ],
    ids=["a block", "without columns", "two blocks", "two blocks without columns", "and a statement"],
)
def test_of_the_rows_of_a_block_only_the_last_can_be_exact(
    text: str, recorded: list[str | None], told: list[str], shadow: Shadow, scratch: Scratch
) -> None:
    rows = [table(1, "t", "create table t (id integer)", "id int4")]
    rows += [table(n, "t", text, columns_, change_type="ALTER") for n, columns_ in enumerate(recorded, 2)]
    truth = f"create table t (id integer); {text}"
    events, replay = replayed(shadow, rows, scratch.objects(truth))
    assert not list(replay.reconcile(scratch.objects(truth)))
    assert tree_of(events) == scratch.definitions(truth)
    assert [of_rows(events)[n].fidelity for n in range(2, 2 + len(told))] == told


def test_a_constraint_that_another_replaces_is_not_renamed(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", "create table t (a integer constraint a_unique unique, b integer)", "a int4, b int4"),
        index(2, "a_unique", "create table t (a integer constraint a_unique unique, b integer)"),
        table(3, "t", "alter table t add c integer", "a int4, b int4, c int4", at=NOON + DAY),
        table(4, "t", "alter table t add constraint b_unique unique (b)", "a int4, b int4, c int4"),
        index(5, "a_unique", "alter table t drop a", change_type="DROP"),
        table(6, "t", "alter table t drop a", "b int4, c int4", change_type="ALTER"),
        table(7, "t", "alter table t add d integer", "a int4, c int4, d int4", at=NOON + 2 * DAY),
    ]
    truth = (
        "create table t (x integer, b integer, c integer); alter table t add constraint b_unique unique (b);"
    )
    truth += "alter table t drop x; alter table t rename b to a; alter table t add d integer"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    assert tree_of(events) == scratch.definitions(truth)
    assert {r for e in events for r in rules(e) if r.endswith("constraint")} == set()


def test_an_index_goes_with_its_table_and_not_before(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", T),
        index(2, '"I"', 'create index "I" on t (id)'),
        table(3, "u", "create table u ()", at=NOON + DAY),
        table(4, "t", "alter table t add n integer", at=NOON + 2 * DAY),
        table(5, "w", "alter table t rename to w", at=NOON + 3 * DAY),
        table(6, "w", "drop table w", at=NOON + 4 * DAY),
    ]
    events, _ = replayed(shadow, rows, scratch.objects("create table u ()"))
    (gone,) = [e for e in events if e.object_identity == 'public."I"' and e.new_definition is None]
    assert gone.anchor_version_id == 6


def test_a_call_that_may_mean_a_routine_that_went_is_in_doubt(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", T),
        function(2, 100, F_OF_INTEGER),
        view(3, "v", "create view v as select f(id) from t"),
        function(4, 101, F_OF_BIGINT.replace("create", "create or replace"), at=NOON + DAY),
        table(5, "t", "alter table t add check (f(id))", at=NOON + DAY),
        table(6, "t", "alter table t add n integer", at=NOON + DAY),
        view(7, "v", "drop view v", at=NOON + DAY),
    ]
    live = scratch.objects(f"{F_OF_BIGINT}; {T}; alter table t add n integer, add check (f(id))")
    events, replay = replayed(shadow, rows, live)
    events = mark_uncertain([*events, *replay.reconcile(live)])
    told = {e.v1_version_id: [r["rule"] for r in e.repairs] for e in events if e.origin == "v1"}
    assert {n: said for n, said in told.items() if said} == {n: ["in_doubt"] for n in (2, 5, 6)}


def test_a_routine_of_a_later_row_stays_beside_another_of_its_name(shadow: Shadow, scratch: Scratch) -> None:
    again = F_OF_INTEGER.replace("create", "create or replace")
    rows = [
        function(1, 100, F_OF_INTEGER),
        function(2, 101, F_OF_BIGINT, at=NOON + DAY),
        function(3, 100, again, at=NOON + 2 * DAY),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(F_OF_BIGINT))
    assert {e.object_identity for e in events if e.v1_version_id == 2} == {"public.f(bigint)"}
    assert not [e for e in events if e.anchor_version_id == 2 and e.origin == "inferred"]


@pytest.mark.parametrize(
    ("texts", "makes"),
    [
        (["create table t (v vector(3))", "alter table t add n integer"], True),
        (
            [
                "create table t (v vector(3))",
                "create extension if not exists vector; alter table t add n int",
            ],
            True,
        ),
        (["create extension vector; create table t (v vector(3))", "alter table t add n integer"], False),
    ],
    ids=["no text", "if not exists", "a text"],
)
def test_an_extension_that_brought_no_row_is_older(
    texts: list[str], makes: bool, server_version: Version, scratch: Scratch
) -> None:
    rows = [table(2, "t", texts[0], "v vector"), table(3, "t", texts[1], "v vector, n int4")]
    if not makes:
        rows.insert(0, function(1, 100, texts[0]))
    truth = "create extension vector; create table t (v vector(3), n integer)"
    # Not as the role of the sandbox: it may not create this one.
    with open_shadow(server_version.params, sandbox=False, hidden=()) as own:
        if not own.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        live = scratch.objects(truth)
        events, replay = replayed(own, rows, live)
        assert not list(replay.reconcile(live))
    assert tree_of(events) == scratch.definitions(truth)
    noted = [(e.anchor_version_id, e.object_identity) for e in events if "older_extension" in rules(e)]
    assert noted == ([(2, "public")] if makes else [])
    assert {e.fidelity for e in of_rows(events).values()} == {"exact"}


def test_a_setting_that_the_text_itself_changed_is_no_guess(shadow: Shadow, scratch: Scratch) -> None:
    make = "create function f() returns void language sql set DateStyle from current as ''"
    text = f"set DateStyle to 'German'; {make}"
    events, _ = replayed(shadow, [function(1, 100, text)], scratch.objects(text))
    assert of_rows(events)[1].fidelity == "exact"
    assert "German" in tree_of(events)["public.f()"]


def test_what_reads_from_an_inferred_object_is_no_plain_record(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", "create table t (this is no SQL)", "id int4"),
        view(2, "v", "create view v as select id from t"),
        table(3, "u", "create table u (id integer)"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects("select 1"))
    assert brief(events) == [
        (1, "v1", "public.t", "repaired"),
        (2, "v1", "public.v", "repaired"),
        (3, "v1", "public.u", "exact"),
    ]
    assert rules(of_rows(events)[2]) == {"rests_on_inferred"}


def test_rows_between_the_last_record_and_a_loss_are_in_doubt(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", T, "id int4, name text"),
        table(2, "t", "alter table t add constraint c check (id > 0)", at=NOON + DAY),
        table(3, "u", "create table u ()", at=NOON + DAY),
        table(4, "t", "alter table t add n integer", "id int4, n int4", at=NOON + 2 * DAY),
    ]
    truth = "create table t (id integer constraint c check (id > 0), n integer); create table u ()"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    told = of_rows(mark_uncertain(events))
    assert {v: e.fidelity for v, e in told.items()} == {1: "exact", 2: "repaired", 3: "exact", 4: "repaired"}
    assert rules(told[2]) == {"in_doubt"}
    assert rules(told[4]) == {"dropped_column"}


@pytest.mark.parametrize(
    ("rows_after", "fidelity"), [(("drop",), "repaired"), (("record", "drop"), "exact"), ((), "exact")]
)
def test_a_column_called_after_its_table_s_old_name_is_in_doubt(
    shadow: Shadow, scratch: Scratch, rows_after: tuple[str, ...], fidelity: str
) -> None:
    """It may have been renamed along with the table; a later record, or the live table, would tell."""
    more = {
        "record": table(
            3, "flow_notice", "alter table flow_notice add n int", "id int4, alert_id int4, n int4"
        ),
        "drop": row(4, "TABLE", "flow_notice", "drop table flow_notice", "DROP", at=NOON + 2 * DAY),
    }
    create = "create table flow_alert (id integer, alert_id integer)"
    rename = "alter table flow_alert rename to flow_notice"
    rows = [
        table(1, "flow_alert", create, "id int4, alert_id int4"),
        table(2, "flow_notice", rename, "id int4, alert_id int4", at=NOON + DAY),
        *(more[name] for name in rows_after),
    ]
    live = "select 1" if rows_after else f"{create}; {rename}"
    told = of_rows(mark_uncertain(replayed(shadow, rows, scratch.objects(live))[0]))
    assert told[2].fidelity == fidelity
    assert {e.fidelity for v, e in told.items() if v != 2} == {"exact"}


def test_what_may_have_gone_in_its_own_session_is_in_doubt(shadow: Shadow, scratch: Scratch) -> None:
    """v1 records no drop of a routine: it may have been behind its last text, unless a later session names it."""
    body = "returns integer language sql as 'select 1'"
    rows = [
        function(1, 100, f"create function f() {body}"),
        function(2, 101, f"create function g() {body}"),
        view(3, "v", "create view v as select g() as n", at=NOON + DAY),
        row(4, "VIEW", "v", "drop view v", "DROP", at=NOON + 2 * DAY),
        *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(5, 9)),
    ]
    live = scratch.objects("".join(f"create table u{n} ();" for n in range(5, 9)))
    told = of_rows(mark_uncertain(replayed(shadow, rows, live)[0]))
    assert (told[1].fidelity, rules(told[1])) == ("repaired", {"in_doubt"})
    assert {e.fidelity for v, e in told.items() if v != 1} == {"exact"}


def test_a_record_is_believed_before_the_live_catalog(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        view(1, "v", "create view v as select id from t"),
        table(2, "t", "alter table t add n integer", "id int8!, n int4"),
    ]
    live = scratch.objects("create table t (id text, other text, n integer)")
    events, _ = replayed(shadow, rows, live, {})
    assert (
        tree_of(events)["public.t"] == "CREATE TABLE public.t (\n    id bigint NOT NULL,\n    n integer\n);"
    )
    must_hold(rows, events, scratch)


@pytest.mark.parametrize(
    "recorded",
    ["id no_such_type, name text", "id int4, name text =no_such_function()", "id int4, name text ='open"],
)
def test_a_record_that_cannot_be_met_is_said_to_be_contradicted(
    shadow: Shadow, scratch: Scratch, recorded: str
) -> None:
    rows = [table(1, "t", T, recorded), index(2, "i", "create index i on t (name)")]
    told = of_rows(replayed(shadow, rows, scratch.objects("select 1"))[0])
    assert told[1].fidelity == "unknown"
    assert codes(told[1]) == {"contradicts_recorded_columns"}
    assert told[2].fidelity != "unknown"


@pytest.mark.parametrize(
    "sql", [None, "", "  \n", "-- nothing", "create tabel t (id integer)", "'", "a\x00b", ";;"]
)
def test_a_row_without_a_statement_that_runs(shadow: Shadow, scratch: Scratch, sql: str | None) -> None:
    """The recorded columns are all that is known; where there are none, the row's own text stands for it."""
    rows = [
        row(1, "TABLE", "t", sql, "CREATE", columns=columns("id int4!, name text")),
        row(2, "VIEW", "v", sql, "CREATE", at=NOON + DAY),
        table(3, "u", "create table u (id integer)"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects("select 1"))
    told = of_rows(events)
    assert told[1].new_definition == "CREATE TABLE public.t (\n    id integer NOT NULL,\n    name text\n);"
    assert (told[1].fidelity, rules(told[1])) == ("repaired", {"table_from_columns"})
    assert told[2].fidelity in ("static", "unknown")
    assert codes(told[2]) <= {"unexplained_row", "statement_failed"} and told[2].findings
    assert told[2].new_definition is not None and "\x00" not in told[2].new_definition
    assert told[3].fidelity == "exact"
    must_hold(rows, events, scratch)


def test_a_statement_that_fails_leaves_what_was_there(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", T, "id int4, name text"),
        table(2, "t", "alter table t alter id frobnicate", "id int4, name text", at=NOON + DAY),
        table(3, "t", "alter table t alter id frobnicate twice", at=NOON + 2 * DAY),
    ]
    told = of_rows(replayed(shadow, rows, scratch.objects(T))[0])
    assert (told[2].fidelity, rules(told[2])) == ("repaired", {"statement_failed"})
    assert told[2].new_definition == told[1].new_definition
    assert (told[3].fidelity, codes(told[3])) == ("unknown", {"statement_failed"})
    assert told[3].new_definition == told[1].new_definition


def test_a_drop_without_its_text_drops_all_the_same(shadow: Shadow) -> None:
    rows = [
        table(1, "t", T),
        view(2, "v", "create view v as select id from t"),
        row(3, "TABLE", "t", None, "DROP", at=NOON + DAY),
    ]
    events, _ = replayed(shadow, rows)
    assert tree_of(events).keys() == {"public"}
    last = {e.object_identity: e for e in events if e.anchor_version_id == 3}
    assert last.keys() == {"public.t", "public.v"}
    assert {rule for e in last.values() for rule in rules(e)} == {"recorded_drop"}
    assert {e.fidelity for e in last.values()} == {"repaired"}


def test_what_is_there_behind_its_drop_was_made_anew(shadow: Shadow, scratch: Scratch) -> None:
    """A row that says so, of an index that its constraint holds: a drop leaves no definition all the same."""
    create = "create table t (id integer primary key)"
    rows = [
        table(1, "t", create, "id int4!"),
        index(2, "t_pkey", create),
        row(3, "INDEX", "t_pkey", None, "DROP", at=NOON + DAY),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(create))
    told = of_rows(events)
    assert (told[3].change_type, told[3].new_definition, told[3].fidelity) == ("DROP", None, "unknown")
    (anew,) = (e for e in events if rules(e) == {"made_anew"})
    assert (anew.anchor_version_id, anew.change_type, anew.old_definition) == (3, "CREATE", None)
    assert anew.new_definition == told[2].new_definition
    must_hold(rows, events, scratch)


def test_a_row_that_its_text_does_not_explain(shadow: Shadow, scratch: Scratch) -> None:
    create = "create view v as select 1 as one"
    rows = [view(1, "v", create), row(2, "VIEW", "v", "select 1", "ALTER", at=NOON + DAY)]
    told = of_rows(replayed(shadow, rows, scratch.objects(create))[0])
    assert told[2].fidelity == "unknown"
    assert (rules(told[2]), codes(told[2])) == ({"unexplained_row"}, {"unexplained_row"})
    assert told[2].new_definition == told[1].new_definition


REFUSED = [
    "copy (select 1) to program 'id > /tmp/x'",
    "do $$ begin execute 'copy t from program ''id'''; end $$",
    "select pg_read_file('/etc/passwd')",
    "create subscription s connection 'host=example' publication p",
    "alter system set fsync = off",
    "drop database postgres",
    "create role somebody superuser",
    "create table t as select pg_read_file('/etc/passwd')",
]


@pytest.mark.parametrize("sql", REFUSED)
def test_what_reaches_outside_is_a_finding_and_never_runs(
    shadow: Shadow, scratch: Scratch, monkeypatch: pytest.MonkeyPatch, sql: str
) -> None:
    ran: list[str] = []
    run = shadow.run
    monkeypatch.setattr(shadow, "run", lambda *texts: (ran.extend(texts), run(*texts))[1])
    rows = [row(1, "TABLE", "t", sql, "CREATE"), table(2, "u", "create table u ()")]
    told = of_rows(replayed(shadow, rows, scratch.objects("create table u ()"))[0])
    assert ran == ["create table u ()"]
    assert told[1].fidelity in ("static", "unknown")
    assert codes(told[1]) <= {"refused_statement", "unexplained_row"} and told[1].findings
    assert told[2].fidelity == "exact"


def test_a_routine_that_reaches_outside_exists_and_is_not_called(shadow: Shadow, scratch: Scratch) -> None:
    make = (
        "create function leak() returns void language plpgsql as"
        " $$ begin create table t (id integer); perform pg_read_file('x'); end $$"
    )
    rows = [function(1, 100, make), row(2, "TABLE", "t", "select leak()", "CREATE", at=NOON + DAY)]
    told = of_rows(replayed(shadow, rows, scratch.objects(make))[0])
    assert told[1].fidelity == "exact"
    assert (told[2].fidelity, codes(told[2])) == ("static", {"refused_statement"})
    assert "public.leak()" in told[2].findings[0]["message"]


def test_a_statement_without_end_is_a_finding_and_the_replay_goes_on(
    shadow: Shadow, scratch: Scratch
) -> None:
    shadow.query("select set_config('statement_timeout', '300ms', false)")
    endless = "create table t as select 1 as id from pg_sleep(60)"
    rows = [table(1, "t", endless), table(2, "u", "create table u ()")]
    told = of_rows(replayed(shadow, rows, scratch.objects("create table u ()"))[0])
    assert (told[1].fidelity, codes(told[1])) == ("static", {"statement_timeout"})
    assert told[1].new_definition == f"-- It could not run. As it was recorded:\n-- {endless}"
    assert told[2].fidelity == "exact"


def test_what_no_row_explains_is_reconciled_at_the_end(shadow: Shadow, scratch: Scratch) -> None:
    truth = "create table t (id integer, name text); alter table t replica identity full; create sequence s"
    events, replay = replayed(shadow, [table(1, "t", T)], scratch.objects(truth))
    left = list(replay.reconcile(scratch.objects(truth)))
    assert [(e.change_type, e.object_identity, e.object_type) for e in left] == [
        ("CREATE", "public.s", "SEQUENCE"),
        ("ALTER", "public.t", "TABLE"),
    ]
    assert {(e.v1_version_id, e.anchor_version_id, e.author, e.committed_at) for e in left} == {(None,) * 4}
    assert {e.commit_message for e in left} == {"Reconcile with the live catalog"}
    assert {rule for e in left for rule in rules(e)} == {"reconcile"}
    assert tree_of([*events, *left]) == scratch.definitions(truth)
