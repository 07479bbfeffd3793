"""Rows whose statement is missing, fails, is refused, or does not explain them."""

from __future__ import annotations

import pytest
from building import (
    NOON,
    Scratch,
    codes,
    columns,
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
from rule_cases import DAY, T, must_hold

from pggit_audit.limits import Patience
from pggit_audit.shadow import Shadow

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
        # as it is in the end
        ("v1", "CREATE", "repaired"),
    ]
    end = tree_of([*events, *replay.reconcile(live)])
    assert end == {o.object_identity: o.definition for o in live}


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


@pytest.mark.parametrize("sql", REFUSED)
def test_what_reaches_outside_is_a_finding(shadow: Shadow, scratch: Scratch, sql: str) -> None:
    rows = [row(1, "TABLE", "t", sql, "CREATE"), table(2, "u", "create table u ()")]
    told = of_rows(replayed(shadow, rows, scratch.objects("create table u ()"))[0])
    assert told[1].fidelity in ("static", "unknown")
    assert codes(told[1]) <= {"statement_failed", "refused_statement", "unexplained_row"} and told[1].findings
    assert told[2].fidelity == "exact"


def test_slow_statements_have_a_limit_together(shadow: Shadow, scratch: Scratch) -> None:
    """When it is over, each statement may take a second still, in all executions that follow."""
    shadow.patience = Patience(60, together=1)
    slow = "do $$ begin perform pg_sleep(1.2); create table {} (); end $$"
    rows = [table(i, name, slow.format(name), at=NOON + i * DAY) for i, name in enumerate("abc", 1)]
    rows.append(table(4, "u", "create table u ()", at=NOON + 4 * DAY))
    told = of_rows(replayed(shadow, rows, scratch.objects(slow.format("a") + "; create table u ()"))[0])
    assert [told[i].fidelity for i in range(1, 5)] == ["exact", "static", "static", "exact"]
    assert told[2].findings == told[3].findings
    assert told[2].findings[0]["message"] == (
        "the statement did not end within 1 s, which is all that the slow ones before it left"
        " (slow_statements_minutes)"
    )


def test_a_routine_that_would_reach_outside_exists_and_cannot(shadow: Shadow, scratch: Scratch) -> None:
    make = (
        "create function leak() returns void language plpgsql as"
        " $$ begin create table t (id integer); perform pg_read_file('x'); end $$"
    )
    rows = [function(1, 100, make), row(2, "TABLE", "t", "select leak()", "CREATE", at=NOON + DAY)]
    told = of_rows(replayed(shadow, rows, scratch.objects(make))[0])
    assert told[1].fidelity == "exact"
    assert (told[2].fidelity, codes(told[2])) == ("static", {"statement_failed"})
    assert "permission denied for function pg_read_file" in told[2].findings[0]["message"]


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
