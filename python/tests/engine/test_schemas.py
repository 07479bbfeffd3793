"""Schemas and extensions."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, Version, function, of_rows, replayed, row, rules, table, tree_of
from rule_cases import DAY, Case, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow, open_shadow
from pggit_audit.trusted import Privileged

F = "create function f() returns integer language sql as 'select 1'"

CASES = [
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
        "a schema",
        "missing_schema",
        '"Shop"',
        'CREATE SCHEMA IF NOT EXISTS "Shop";',
        [table(1, "t", 'create table "Shop".t (id integer)', schema="Shop")],
        'create schema "Shop"; create table "Shop".t (id integer)',
    ),
    Case(
        "a schema with all that is in it",
        "renamed_schema",
        "store.t",
        'ALTER SCHEMA "shop" RENAME TO "store";',
        [
            table(1, "shop.t", "create table shop.t (id integer)", "id int4", oid=20001),
            table(2, "shop.u", "create table shop.u (id integer)", "id int4", oid=20002),
            function(3, 20003, F.replace(" f()", " shop.f()"), schema="shop"),
            table(4, "w", "create table w ()", at=NOON + DAY),
            table(
                5,
                "store.t",
                "alter table store.t add n integer",
                "id int4, n int4",
                oid=20001,
                at=NOON + 2 * DAY,
            ),
        ],
        "create schema store; create table store.t (id integer, n integer); create table store.u (id integer); "
        "create function store.f() returns integer language sql as 'select 1'; create table w ()",
    ),
    Case(
        "a schema, by what moved out of it",
        "renamed_schema",
        "public.f()",
        'ALTER SCHEMA "shop" RENAME TO "store";',
        [
            table(1, "shop.t", "create table shop.t ()", oid=20001),
            row(2, "FUNCTION", "20003", F.replace(" f()", " shop.f()"), schema="shop", oid=20003),
            row(3, "FUNCTION", "20003", "alter function store.f() set schema public", oid=20003),
            table(4, "store.t", "alter table store.t add n integer", "n int4", oid=20001),
        ],
        f"create schema store; create table store.t (n integer); {F}",
        at=3,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)


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
    rows = [
        table(2, "t", texts[0], "v vector"),
        table(3, "t", texts[1], "v vector, n int4", change_type="ALTER"),
    ]
    if not makes:
        rows.insert(0, function(1, 100, texts[0]))
    truth = "create extension vector; create table t (v vector(3), n integer)"
    with open_shadow(server_version.params, hidden=(), live=Privileged({"vector": "public"})) as own:
        if not own.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        live = scratch.objects(truth)
        events, replay = replayed(own, rows, live)
        assert not list(replay.reconcile(live))
    assert tree_of(events) == scratch.definitions(truth)
    noted = [(e.anchor_version_id, e.object_identity) for e in events if "older_extension" in rules(e)]
    assert noted == ([(2, "vector")] if makes else [])
    assert {e.fidelity for e in of_rows(events).values()} == {"exact"}


def test_nothing_is_said_to_be_gone_where_no_ids_tell(shadow: Shadow, scratch: Scratch) -> None:
    """A schema takes another's name; where that went is in no row, and without ids the live catalog does not tell."""
    rows = [
        table(1, "shop.t", "create table shop.t (a integer)", "a int4", oid=20001),
        table(2, "next.t", "create table next.t (b integer)", "b int4", oid=20002),
        table(3, "shop.t", "alter table shop.t add c integer", "b int4, c int4", oid=20002),
    ]
    live = scratch.objects(
        "create schema shop; create table shop.t (b integer, c integer); create schema old; create table old.t (a int)"
    )
    events, replay = replayed(shadow, rows, live)
    end = [*events, *replay.reconcile(live)]
    assert tree_of(end) == {o.object_identity: o.definition for o in live}
    assert not [r for e in events for r in e.repairs if "is nowhere in the live catalog" in r["evidence"]]
