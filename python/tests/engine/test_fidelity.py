"""What is exact, what is repaired, and what a later event puts in doubt."""

from __future__ import annotations

from dataclasses import replace

import pytest
from building import (
    NOON,
    Scratch,
    codes,
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
from rule_cases import DAY, T, brief, must_hold

from pggit_audit.history import HistoryRow
from pggit_audit.replay import Pause, mark_uncertain
from pggit_audit.replay.events import note
from pggit_audit.replay.uncertain import changed_lines
from pggit_audit.rules import COMMENT_FROM_LIVE_CATALOG
from pggit_audit.rules.situation import Bounds
from pggit_audit.shadow import Shadow

TWICE = "do $$ begin if true then alter table t add a integer; alter table t add b integer; end if; end $$"
ONCE = "do $$ begin if true then alter table t add c integer; end if; end $$"
STRAIGHT = "do $$ begin alter table t add a integer; alter table t add b integer; end $$"


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


@pytest.mark.parametrize(
    ("text", "recorded", "told"),
    [
        (TWICE, ["id int4, a int4", "id int4, a int4, b int4"], ["repaired", "exact"]),
        (TWICE, [None, None], ["repaired", "exact"]),
        (
            f"{TWICE}; {ONCE}",
            ["id int4, a int4", "id int4, a int4, b int4", "id int4, a int4, b int4, c int4"],
            ["repaired", "exact", "exact"],
        ),
        (f"{TWICE}; {ONCE}", [None, None, None], ["repaired", "repaired", "repaired"]),
        (f"{TWICE}; alter table t add c integer", [None, None, None], ["repaired", "exact", "exact"]),
        (f"{STRAIGHT}; alter table t add c integer", [None, None, None], ["exact", "exact", "exact"]),
    ],
    ids=[
        "a block",
        "without columns",
        "two blocks",
        "two blocks without columns",
        "and a statement",
        "straight",
    ],
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


def test_the_rows_of_a_block_have_the_columns_that_each_recorded(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", "create table t (id integer)", "id int4"),
        table(2, "t", TWICE, "id int4, a int4", change_type="ALTER"),
        table(3, "t", TWICE, "id int4, a int4, b int4", change_type="ALTER"),
    ]
    events, _ = replayed(shadow, rows, scratch.objects(f"create table t (id integer); {TWICE}"))
    told = of_rows(events)
    for n, columns_ in ((2, "id integer, a integer"), (3, "id integer, a integer, b integer")):
        true = scratch.definitions(f"create table t ({columns_})")
        assert told[n].new_definition == true["public.t"]


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
    # The transaction of the first row may have gone on: its text is that statement alone.
    assert {v: e.fidelity for v, e in told.items()} == {
        1: "repaired",
        2: "repaired",
        3: "exact",
        4: "repaired",
    }
    assert rules(told[1]) == rules(told[2]) == {"in_doubt"}
    assert rules(told[4]) == {"dropped_column"}


def test_what_was_made_in_the_session_of_a_rename_is_in_doubt(shadow: Shadow, scratch: Scratch) -> None:
    """An index and a view name the column; their session may have gone on with its rename, an earlier one did not."""
    rows = [
        table(1, "t", "create table t (id integer, a text)", "id int4, a text", change_type="CREATE"),
        index(2, "early", "create index early on t (a)", change_type="CREATE"),
        index(3, "late", "create index late on t (a)", at=NOON + DAY, change_type="CREATE"),
        view(4, "v", "create view v as select a from t", at=NOON + DAY, change_type="CREATE"),
        table(5, "t", "alter table t add n integer", "id int4, b text, n int4", at=NOON + 2 * DAY),
    ]
    truth = (
        "create table t (id integer, b text, n integer); create view v as select b as a from t;"
        " create index early on t (b); create index late on t (b)"
    )
    told = of_rows(mark_uncertain(replayed(shadow, rows, scratch.objects(truth))[0]))
    assert {v: e.fidelity for v, e in told.items() if v in (2, 3, 4)} == {
        2: "exact",
        3: "repaired",
        4: "repaired",
    }
    assert rules(told[3]) == {"in_doubt"}


NEXT = NOON + DAY
LATER = NOON + 2 * DAY
BODY = "returns integer language sql as 'select 1'"


@pytest.mark.parametrize(
    ("rows", "live", "doubtful"),
    [
        (
            [
                table(1, "t", "create table t (id integer, m pair)", "id int4, m pair"),
                function(2, 100, f"create function early(pair) {BODY}"),
                function(3, 101, f"create function f(pair) {BODY}", at=NEXT),
                table(4, "t", "alter table t add n integer", "id int4, m couple, n int4", at=LATER),
            ],
            "create type couple as (x integer); create table t (id integer, m couple, n integer);"
            f" create function early(couple) {BODY}; create function f(couple) {BODY}",
            {3},
        ),
        (
            [
                table(1, "t", "create table t (id integer, a text)", "id int4, a text"),
                index(2, "i", "create index i on t (a)", at=NEXT, change_type="CREATE"),
                view(3, "v", "create view v as select a from t", at=NEXT, change_type="CREATE"),
                view(4, "w", "create view w as select id from t", at=NEXT, change_type="CREATE"),
                index(5, "i", "drop index i", at=NEXT + DAY, change_type="DROP"),
                view(6, "v", "drop view v", at=NEXT + DAY, change_type="DROP"),
                view(7, "w", "drop view w", at=NEXT + DAY, change_type="DROP"),
                table(8, "t", "alter table t add n integer", "id int4, b text, n int4", at=LATER + DAY),
            ],
            "create table t (id integer, b text, n integer)",
            {2, 3},
        ),
        (
            [
                function(1, 100, f"create function f() {BODY}"),
                function(2, 101, f"create function g() {BODY}"),
                view(3, "v", "create view v as select g() as n", at=NEXT, change_type="CREATE"),
                view(4, "v", "drop view v", at=LATER, change_type="DROP"),
                function(5, 102, f"create function f() {BODY}", at=LATER + DAY),
                function(6, 103, f"create function g() {BODY}", at=LATER + DAY),
            ],
            f"create function f() {BODY}; create function g() {BODY}",
            {1},
        ),
    ],
    ids=[
        "its type is renamed",
        "what names the column is gone before that shows",
        "made anew, a drop leaves no row",
    ],
)
def test_what_a_session_may_have_changed_behind_its_last_row_is_in_doubt(
    rows: list[HistoryRow], live: str, doubtful: set[int], shadow: Shadow, scratch: Scratch
) -> None:
    """Unless a later session names it as it was."""
    told = of_rows(mark_uncertain(replayed(shadow, rows, scratch.objects(live))[0]))
    of_tables = {v for v, e in told.items() if e.object_type == "TABLE"}
    assert {v for v, e in told.items() if e.fidelity != "exact"} - of_tables == doubtful
    assert all(rules(told[v]) == {"in_doubt"} for v in doubtful)


@pytest.mark.parametrize(
    ("old", "new", "no_record_confirms"),
    [
        (("id int GENERATED ALWAYS AS IDENTITY NOT NULL", "n int"), ("id int NOT NULL", "n int"), True),
        (("id int GENERATED ALWAYS AS IDENTITY NOT NULL", "n int"), ("id int NOT NULL", "m int"), True),
        (("price numeric(8,2)", "n int"), ("price numeric(9,2)", "n int", "more int"), True),
        (("id int NOT NULL", "n int"), ("id int NOT NULL", "m int"), False),
        (("id int NOT NULL",), ("id int NOT NULL", "n int GENERATED ALWAYS AS IDENTITY NOT NULL"), False),
    ],
)
def test_what_no_record_of_a_column_confirms_is_seen_beside_what_one_does(
    old: tuple[str, ...], new: tuple[str, ...], no_record_confirms: bool
) -> None:
    before, after = (
        "CREATE TABLE public.t (\n    " + ",\n    ".join(columns) + "\n);" for columns in (old, new)
    )
    assert changed_lines(before, after) == (True, no_record_confirms)


@pytest.mark.parametrize(("behind", "told"), [(1, "repaired"), (2, "repaired"), (3, "exact")])
def test_a_comment_that_may_be_of_the_sitting_of_a_row_puts_it_in_doubt_whatever_the_clocks_say(
    behind: int, told: str, shadow: Shadow, scratch: Scratch
) -> None:
    rows = [
        table(1, "u", "create table u ()", at=NOON + 2000 * DAY),
        function(2, 100, "create function f() returns integer language sql as 'select 1'"),
        table(3, "w", "create table w ()", at=NOON + 2 * DAY),
    ]
    truth = (
        "create table u (); create table w (); create function f() returns integer language sql as 'select 1'"
    )
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    made = of_rows(events)[2]
    comment = note(
        COMMENT_FROM_LIVE_CATALOG, "the live catalog has it", bounds=Bounds(not_before=behind, not_after=None)
    )
    shown = replace(
        made,
        origin="inferred",
        v1_version_id=None,
        anchor_version_id=3,
        change_type="ALTER",
        old_definition=made.new_definition,
        new_definition=f"{made.new_definition}\nCOMMENT ON FUNCTION public.f() IS 'one';",
        fidelity="repaired",
        repairs=[comment],
    )
    assert of_rows(mark_uncertain([*events, shown]))[2].fidelity == told


def test_what_was_there_when_the_tracker_was_off_is_in_doubt_until_it_is_made_anew(
    shadow: Shadow, scratch: Scratch
) -> None:
    view_of_t = "create view v as select id from t"
    rows = [
        table(1, "t", "create table t (id integer)", "id int4"),
        view(2, "v", view_of_t),
        table(3, "w", "create table w ()", at=NOON + 2 * DAY),  # while it was off
        table(4, "t", "alter table t add a integer", "id int4, a int4", at=NOON + 4 * DAY),
        view(5, "v", "drop view v", change_type="DROP", at=NOON + 4 * DAY),
        view(6, "v", view_of_t, at=NOON + 5 * DAY),
        table(7, "u", "create table u ()", at=NOON + 5 * DAY),
        table(8, "u", "alter table u add a integer", "a int4", at=NOON + 6 * DAY),
        table(9, "t", "alter table t add b integer", "id int4, a int4, b int4", at=NOON + 6 * DAY),
    ]
    tables = (
        "create table t (id integer, a integer, b integer); create table w (); create table u (a integer)"
    )
    truth = f"{tables}; {view_of_t}"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    assert {e.fidelity for e in of_rows(mark_uncertain(events)).values()} == {"exact"}
    told = of_rows(mark_uncertain(events, [Pause(NOON + DAY, NOON + 3 * DAY)]))
    assert {v for v, e in told.items() if e.fidelity == "repaired"} == {3, 4, 5, 9}
    assert "the tracker was off from" in told[9].repairs[-1]["evidence"]
    told = of_rows(mark_uncertain(events, [Pause(NOON + DAY, None)]))
    assert {v for v, e in told.items() if e.fidelity == "exact"} == {1, 2}


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
    # The last record before a drop: nothing tells what the columns were called behind it, in its own transaction.
    last = {3} if "record" in rows_after else set()
    assert {v for v, e in told.items() if e.fidelity != "exact"} - {2} == last


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


@pytest.mark.parametrize(
    ("drop", "on", "fidelity"),
    [
        ("drop materialized view m", "m (id)", "exact"),
        ("drop materialized view m cascade", "m (id)", "repaired"),
        ("drop materialized view other", "m (id)", "repaired"),
        ("drop index m_id", "m (id)", "repaired"),
        ("drop materialized view m; drop index m_id", "m (id)", "repaired"),
        ("drop materialized view m", "m (lower(id))", "repaired"),
    ],
)
def test_an_index_that_goes_with_a_materialized_view_was_on_one(
    drop: str, on: str, fidelity: str, shadow: Shadow, scratch: Scratch
) -> None:
    """A partitioned table that is older than the tracker may have had it otherwise: such an index reads otherwise."""
    rows = [
        table(1, "u", "create table u ()"),
        index(2, "m_id", f"create unique index m_id on {on}", at=NOON + DAY),
        row(3, "INDEX", "m_id", drop, "DROP", at=NOON + 2 * DAY),
    ]
    told = of_rows(mark_uncertain(replayed(shadow, rows, scratch.objects("create table u ()"))[0]))
    assert told[2].fidelity == fidelity


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
