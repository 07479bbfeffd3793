"""Functions, procedures and aggregates: replaced, older than the tracker, and gone without a row."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, function, index, of_rows, replayed, table, tree_of, view
from rule_cases import DAY, SET_UP, Case, T, case_holds, case_holds_in_capitals

from pggit_audit.replay import mark_uncertain
from pggit_audit.shadow import Shadow

F_OF_INTEGER = "create function f(integer) returns boolean language sql as 'select true'"
F_OF_BIGINT = "create function f(bigint) returns boolean language sql as 'select true'"

CASES = [
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
        "a call that another of the name fits alike, which is gone",
        "implied_drop",
        "public.f(integer)",
        "DROP FUNCTION public.f(integer);",
        [
            function(1, 100, "create function f(integer) returns integer language sql as 'select 1'"),
            function(
                2,
                101,
                "create or replace function f(integer, text default '') returns integer language sql as 'select 2'",
            ),
            table(3, "t", "create table t (n integer default f(1))", change_type="CREATE"),
        ],
        "create function f(integer, text default '') returns integer language sql as 'select 2';"
        " create table t (n integer default f(1))",
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
        "a setting that a function took from its session, as what lives took it from the nearest",
        "session_setting",
        "public.f()",
        "create function f() returns void language sql SET DateStyle TO 'German' as ''",
        [
            function(
                1, 100, "create function f() returns void language sql set DateStyle from current as ''"
            ),
            function(
                2, 101, "create function g() returns void language sql set DateStyle from current as ''"
            ),
            function(
                3,
                102,
                "create function h() returns void language sql set DateStyle from current as ''",
                at=NOON + DAY,
            ),
            function(4, 100, "alter function f() cost 5", at=NOON + 2 * DAY),
        ],
        "create function f() returns void language sql cost 5 set DateStyle to 'German' as '';"
        " create function g() returns void language sql set DateStyle to 'German' as '';"
        " create function h() returns void language sql set DateStyle to 'SQL' as '';",
        live="create function g() returns void language sql set DateStyle to 'German' as '';"
        " create function h() returns void language sql set DateStyle to 'SQL' as '';",
        at=1,
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
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)


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
    told = {e.v1_version_id: {r["rule"] for r in e.repairs} for e in events if e.origin == "v1"}
    assert {n: said for n, said in told.items() if said} == {n: {"in_doubt"} for n in (2, 5, 6)}


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


def test_a_setting_that_the_text_itself_changed_is_no_guess(shadow: Shadow, scratch: Scratch) -> None:
    make = "create function f() returns void language sql set DateStyle from current as ''"
    text = f"set DateStyle to 'German'; {make}"
    events, _ = replayed(shadow, [function(1, 100, text)], scratch.objects(text))
    assert of_rows(events)[1].fidelity == "exact"
    assert "German" in tree_of(events)["public.f()"]
