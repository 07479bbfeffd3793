"""Types and domains, of which v1 records none."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, index, table
from rule_cases import DAY, Case, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow

CASES = [
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
        'ALTER TYPE "public"."e" ADD VALUE IF NOT EXISTS \'old\';',
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
        "ALTER TYPE \"public\".\"e\" ADD VALUE IF NOT EXISTS 'two' AFTER 'one';",
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
        "ALTER TYPE \"public\".\"e\" ADD VALUE IF NOT EXISTS 'it''s one' BEFORE 'two';",
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


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)
