"""Comments."""

from __future__ import annotations

import pytest
from building import Scratch, function, table
from rule_cases import Case, T, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow

COMMENTING = "language plpgsql as $$begin\nCOMMENT ON TABLE t IS 'x';\nend$$"

CASES = [
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
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)
