"""What is attached to a table: triggers and policies."""

from __future__ import annotations

import pytest
from building import Scratch, function, table
from rule_cases import SET_UP, TRIGGER, Case, T, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow

CASES = [
    Case(
        "a trigger made again",
        "implied_drop",
        "g on public.t",
        'DROP TRIGGER "g" ON "t";',
        [
            table(1, "t", SET_UP + TRIGGER, change_type="CREATE"),
            function(2, 100, SET_UP + TRIGGER),
            table(3, "u", TRIGGER.replace("insert", "update") + "; create table u ()", change_type="CREATE"),
        ],
        SET_UP + "create table u (); " + TRIGGER.replace("insert", "update"),
    ),
    Case(
        "a policy made again",
        "implied_drop",
        "p on public.t",
        'DROP POLICY "p" ON "t";',
        [
            table(1, "t", f"{T}; create policy p on t", change_type="CREATE"),
            table(2, "u", "create policy p on t using (id > 1); create table u ()", change_type="CREATE"),
        ],
        f"{T}; create table u (); create policy p on t using (id > 1)",
    ),
    Case(
        "a trigger comes with its table, where the function is older",
        "trigger_from_live_catalog",
        "g on public.t",
        "CREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();",
        [table(1, "u", "create table u ()"), table(2, "t", T), table(3, "w", "create table w ()")],
        f"{SET_UP}{TRIGGER}; create table u (); create table w ()",
        at=2,
    ),
    Case(
        "a trigger comes with its function",
        "trigger_from_live_catalog",
        "g on public.t",
        "CREATE TRIGGER g BEFORE INSERT ON public.t FOR EACH ROW EXECUTE FUNCTION public.f();",
        [
            table(1, "t", T),
            function(
                2, 100, "create function f() returns trigger language plpgsql as 'begin return new; end'"
            ),
            table(3, "u", "create table u ()"),
        ],
        SET_UP + TRIGGER + "; create table u ()",
        at=2,
    ),
    Case(
        "a trigger comes with its function, under the name that its table had by then",
        "trigger_from_live_catalog",
        'g on public."Old"',
        'CREATE TRIGGER g BEFORE INSERT ON public."Old" FOR EACH ROW EXECUTE FUNCTION public.f();\n'
        'ALTER TABLE public."Old" DISABLE TRIGGER g;\n'
        "COMMENT ON TRIGGER g ON public.\"Old\" IS 'not ON public.t';",
        [
            table(1, '"Old"', 'create table "Old" (id integer, name text)'),
            function(
                2, 100, "create function f() returns trigger language plpgsql as 'begin return new; end'"
            ),
            table(3, "t", 'alter table "Old" rename to t', change_type="ALTER"),
            table(4, "u", "create table u ()"),
        ],
        f"{SET_UP}{TRIGGER}; alter table t disable trigger g; comment on trigger g on t is 'not ON public.t'; "
        "create table u ()",
        at=2,
    ),
    Case(
        "a table that had the name before another was renamed to it has no trigger of that one's",
        "trigger_from_live_catalog",
        "g on public.old",
        "CREATE TRIGGER g BEFORE INSERT ON public.old FOR EACH ROW EXECUTE FUNCTION public.f();",
        [
            function(
                1, 100, "create function f() returns trigger language plpgsql as 'begin return new; end'"
            ),
            table(2, "t", T),
            table(3, "t", "drop table t", change_type="DROP"),
            table(4, "old", "create table old (id integer, name text)"),
            table(5, "t", "alter table old rename to t", change_type="ALTER"),
        ],
        f"{SET_UP}{TRIGGER}",
        at=4,
    ),
    Case(
        "a policy comes with its table's row security",
        "policy_from_live_catalog",
        "p on public.t",
        "CREATE POLICY p ON public.t USING ((id > 1));",
        [
            table(1, "t", T),
            table(2, "t", "alter table t enable row level security"),
            table(3, "u", "create table u ()"),
        ],
        f"{T}; alter table t enable row level security; create policy p on t using (id > 1); create table u ()",
        at=2,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)
