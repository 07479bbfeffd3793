"""Constraints: renamed, older than the tracker, or in the way of what a row says."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, index, replayed, rules, table, tree_of
from rule_cases import DAY, Case, case_holds, case_holds_in_capitals

from pggit_audit.shadow import Shadow

CASES = [
    Case(
        "a constraint added again",
        "implied_drop",
        "public.t",
        'ALTER TABLE "t" DROP CONSTRAINT "c";',
        [
            table(1, "t", "create table t (id integer, constraint c check (id > 1))"),
            table(2, "t", "alter table t add constraint c check (id > 2)"),
        ],
        "create table t (id integer, constraint c check (id > 2))",
    ),
    Case(
        "a second primary key",
        "implied_drop",
        "public.t",
        'ALTER TABLE "t" DROP CONSTRAINT "t_pkey" CASCADE;',
        [
            table(1, "t", "create table t (id integer primary key, other integer not null)"),
            index(2, "t_pkey", "create table t (id integer primary key, other integer not null)"),
            table(3, "t", "alter table t add primary key (other)"),
        ],
        "create table t (id integer not null, other integer primary key)",
    ),
    Case(
        "a key that a foreign key refers to, of a table that is older and gone",
        "missing_key",
        "public.t",
        'ALTER TABLE "public"."t" ADD PRIMARY KEY ("id");',
        [
            table(1, "t", "alter table t add n integer", "id int4!, n int4"),
            table(2, "u", "create table u (t_id integer, foreign key (t_id) references t (id))", "t_id int4"),
        ],
        "create table t (id integer primary key, n integer);"
        " create table u (t_id integer, foreign key (t_id) references t (id))",
        live="select 1",
    ),
    Case(
        "a unique key that a foreign key refers to",
        "missing_key",
        "public.t",
        'ALTER TABLE "public"."t" ADD UNIQUE ("a", "b");',
        [
            table(1, "t", "alter table t add n integer", "a int4, b int4, n int4"),
            table(
                2, "u", "create table u (x integer, y integer, foreign key (x, y) references public.t (a, b))"
            ),
        ],
        "create table t (a integer, b integer, n integer, unique (a, b));"
        " create table u (x integer, y integer, foreign key (x, y) references public.t (a, b))",
        live="select 1",
    ),
    Case(
        "a constraint that was renamed: halfway between the last text with its old name and the end",
        "renamed_constraint",
        "public.t",
        'ALTER TABLE "public"."t" RENAME CONSTRAINT "sane" TO "t_sane";',
        [
            table(1, "t", "create table t (id integer constraint sane check (id > 0))"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(2, 6)),
        ],
        "create table t (id integer constraint t_sane check (id > 0));"
        + "".join(f"create table u{n} ();" for n in range(2, 6)),
        at=3,
    ),
    Case(
        "a constraint that was renamed: before the first text with its new name",
        "renamed_constraint",
        "public.t",
        'ALTER TABLE "public"."t" RENAME CONSTRAINT "sane" TO "t_sane";',
        [
            table(1, "t", "create table t (id integer, n integer)"),
            table(2, "t", "alter table t add constraint sane check (id > 0) not valid", at=NOON + DAY),
            table(3, "w", "create table w ()", at=NOON + 2 * DAY),
            table(4, "t", "alter table t validate constraint t_sane", at=NOON + 3 * DAY),
        ],
        "create table t (id integer constraint t_sane check (id > 0), n integer); create table w ()",
        at=4,
    ),
    Case(
        "a unique constraint of an older table that a text drops",
        "older_constraint",
        "public.t",
        'ALTER TABLE "public"."t" ADD CONSTRAINT "t_name_of_it_id_key" UNIQUE ("name_of_it", "id");',
        [
            table(1, "t", "alter table t add n text", "id int4!, name_of_it text, n text"),
            table(
                2,
                "t",
                "alter table t drop constraint t_name_of_it_id_key",
                "id int4!, name_of_it text, n text",
            ),
        ],
        "create table t (id integer primary key, name_of_it text, n text)",
        at=1,
    ),
    Case(
        "a deferred foreign key of an older table that a text drops, with both its ends in its name",
        "older_constraint",
        "public.t",
        'ALTER TABLE "public"."t" ADD CONSTRAINT "t_u_id_0a1b2c3d_fk_u_id" FOREIGN KEY ("u_id")'
        ' REFERENCES "public"."u" ("id") DEFERRABLE INITIALLY DEFERRED;',
        [
            table(1, "t", "alter table t add n text", "u_id int4, n text"),
            table(
                2,
                "t",
                "set constraints t_u_id_0a1b2c3d_fk_u_id immediate;"
                " alter table t drop constraint t_u_id_0a1b2c3d_fk_u_id",
                "u_id int4, n text",
            ),
        ],
        "create table u (id integer primary key); create table t (u_id integer, n text)",
        at=1,
    ),
    Case(
        "a foreign key of an older table that a text drops, with the tables in its name",
        "older_constraint",
        "public.t",
        'ALTER TABLE "public"."t" ADD CONSTRAINT "fk_t_u_id_u" FOREIGN KEY ("u_id") REFERENCES "public"."u";',
        [
            table(1, "t", "alter table t add n text", "u_id int4, n text"),
            table(2, "t", "alter table t drop constraint FK_T_U_ID_U", "u_id int4, n text"),
        ],
        "create table u (id integer primary key); create table t (u_id integer, n text)",
        at=1,
    ),
    Case(
        "a constraint that is called after its table, and follows it",
        "renamed_constraint",
        "public.label",
        'ALTER TABLE "public"."label" RENAME CONSTRAINT "tag_n" TO "label_n";',
        [
            table(1, "tag", "create table tag (n integer constraint tag_n check (n > 0))", "n int4"),
            table(2, "label", "alter table tag rename to label", "n int4", at=NOON + DAY),
            table(3, "u", "create table u ()", at=NOON + 2 * DAY),
            table(4, "w", "create table w ()", at=NOON + 3 * DAY),
        ],
        "create table label (n integer constraint label_n check (n > 0)); create table u (); create table w ()",
        at=2,
    ),
    Case(
        "a constraint that a text drops by a name that nothing has: the one that is gone in the end",
        "renamed_constraint",
        "public.t",
        'ALTER TABLE "public"."t" RENAME CONSTRAINT "once" TO "single";',
        [
            table(
                1,
                "t",
                "create table t (n integer constraint above check (n > 0), constraint once unique (n))",
                "n int4",
            ),
            index(
                2,
                "once",
                "create table t (n integer constraint above check (n > 0), constraint once unique (n))",
            ),
            table(3, "t", "alter table t drop constraint single", "n int4", at=NOON + DAY),
            table(4, "t", "alter table t add m integer", "n int4, m int4", at=NOON + 2 * DAY),
        ],
        "create table t (n integer constraint above check (n > 0), m integer)",
        at=3,
    ),
    Case(
        "a constraint that is called after its table: renamed along with it",
        "renamed_constraint",
        "public.w",
        'ALTER TABLE "public"."w" RENAME CONSTRAINT "t_pkey" TO "w_pkey";',
        [
            table(1, "t", "create table t (id integer primary key)", "id int4!"),
            table(2, "w", "alter table t rename to w", "id int4!", at=NOON + DAY),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(3, 7)),
        ],
        "create table w (id integer primary key);" + "".join(f"create table u{n} ();" for n in range(3, 7)),
        at=2,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)


def test_a_constraint_of_the_table_that_takes_the_name_is_not_foreseen(
    shadow: Shadow, scratch: Scratch
) -> None:
    rows = [
        table(1, "t", "create table t (n integer, check (n > 0))", "n int4"),
        table(2, "u", "create table u ()", at=NOON + DAY),
        table(3, "t_new", "create table t_new (n integer, check (n > 0))", "n int4", at=NOON + 2 * DAY),
        table(4, "t", "drop table t", at=NOON + 2 * DAY, change_type="DROP"),
        table(5, "t", "alter table t_new rename to t", "n int4", at=NOON + 2 * DAY),
    ]
    truth = "create table t (n integer constraint t_new_n_check check (n > 0)); create table u ()"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    assert tree_of(events) == scratch.definitions(truth)
    assert [e.repairs for e in events if e.repairs] == []


def test_a_constraint_that_another_replaces_is_not_renamed(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", "create table t (a integer constraint a_unique unique, b integer)", "a int4, b int4"),
        index(2, "a_unique", "create table t (a integer constraint a_unique unique, b integer)"),
        table(3, "t", "alter table t add c integer", "a int4, b int4, c int4", at=NOON + DAY),
        table(4, "t", "alter table t add constraint b_unique unique (b)", "a int4, b int4, c int4"),
        index(5, "a_unique", "alter table t drop a", change_type="DROP"),
        table(6, "t", "alter table t drop a", "b int4, c int4", change_type="ALTER"),
        table(7, "t", "alter table t add d integer", "a int4, c int4, d int4", at=NOON + 2 * DAY),
    ]
    truth = (
        "create table t (x integer, b integer, c integer); alter table t add constraint b_unique unique (b);"
    )
    truth += "alter table t drop x; alter table t rename b to a; alter table t add d integer"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    assert tree_of(events) == scratch.definitions(truth)
    assert {r for e in events for r in rules(e) if r.endswith("constraint")} == set()
