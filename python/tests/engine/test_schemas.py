"""Schemas and extensions."""

from __future__ import annotations

import pytest
from building import Scratch, Version, function, of_rows, replayed, rules, table, tree_of
from rule_cases import Case, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow, open_shadow

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
    rows = [table(2, "t", texts[0], "v vector"), table(3, "t", texts[1], "v vector, n int4")]
    if not makes:
        rows.insert(0, function(1, 100, texts[0]))
    truth = "create extension vector; create table t (v vector(3), n integer)"
    with open_shadow(server_version.params, hidden=(), extensions={"vector": "public"}) as own:
        if not own.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        live = scratch.objects(truth)
        events, replay = replayed(own, rows, live)
        assert not list(replay.reconcile(live))
    assert tree_of(events) == scratch.definitions(truth)
    noted = [(e.anchor_version_id, e.object_identity) for e in events if "older_extension" in rules(e)]
    assert noted == ([(2, "vector")] if makes else [])
    assert {e.fidelity for e in of_rows(events).values()} == {"exact"}
