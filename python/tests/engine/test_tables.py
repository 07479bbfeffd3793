"""Tables that no row creates: from recorded columns, from the live catalog, older than the tracker."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, index, table, view
from rule_cases import DAY, Case, T, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow

MAY_MAKE = "do $$begin if to_regclass('t') is null then create table t (id integer); end if; end$$"

CASES = [
    Case(
        "a table made again",
        "implied_drop",
        "public.t",
        'DROP TABLE "public"."t";',
        [table(1, "t", T), table(2, "t", "create table t (other integer)")],
        "create table t (other integer)",
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
        [
            table(1, "t", "create table t (this is no SQL)", "id int4, name varchar(5)!"),
            table(2, "t", "drop table t", change_type="DROP"),
        ],
        "select 1",
        at=1,
    ),
    Case(
        "a table whose statement cannot run, and that lives",
        "from_live_catalog",
        "public.t",
        "ALTER TABLE ONLY public.t ADD CONSTRAINT t_name_key UNIQUE (name);",
        [
            table(1, "t", "create table t (this is no SQL)", "id int4, name varchar(5)!"),
            index(2, "t_name_key", "create table t (this is no SQL)"),
        ],
        "create table t (id integer, name varchar(5) not null unique)",
        at=1,
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
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)
