"""Views, materialized views and other relations: made again, dropped, or known by their name only."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, function, index, table, view
from rule_cases import DAY, SET_UP, TRIGGER, Case, T, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow

CASES = [
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
        "what depends on a dropped table went before it",
        "implied_cascade",
        "public.v",
        "drop table t CASCADE",
        [table(1, "t", T), view(2, "v", "create view v as select id from t"), table(3, "t", "drop table t")],
        "select 1",
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
        # a working name: it went at once before
        at=3,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)
