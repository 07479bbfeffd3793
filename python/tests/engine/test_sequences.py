"""Sequences, of which v1 records none."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, table
from rule_cases import DAY, Case, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow

CASES = [
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
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)
