"""Columns: renamed, added, dropped, and changed without a row."""

from __future__ import annotations

import re
from types import SimpleNamespace
from typing import Any

import pytest
from building import NOON, Scratch, index, replayed, table, tree_of
from rule_cases import DAY, Case, T, case_holds, case_holds_in_capitals

from pggit_audit.moments import Column
from pggit_audit.rules.renamed_columns import by_place, in_turn, live_places
from pggit_audit.shadow import Shadow

# Each column is renamed by a query of its own, on another day than its table's other statements.
RENAMED_SEPARATELY = [
    table(n, f"s{n % 4}", text, recorded, at=NOON + n * DAY)
    for first, text, recorded in (
        (20, "create table s{} (a integer)", "a int4"),
        (24, "alter table s{} add c integer", "b int4, c int4"),
    )
    for n in range(first, first + 4)
    for text in [text.format(n % 4)]
]
SEPARATELY = "".join(f"create table s{n} (b integer, c integer);" for n in range(4))
ANEW = "alter table t alter c drop default; alter table t drop b; alter table t add b text"

CASES = [
    Case(
        "a column added again",
        "implied_drop",
        "public.t",
        'ALTER TABLE "public"."t" DROP COLUMN "name" CASCADE;',
        [
            table(1, "t", T, "id int4, name text"),
            table(2, "t", "alter table t add column name varchar(9)", "id int4, name@3 varchar(9)"),
        ],
        "create table t (id integer, name varchar(9))",
    ),
    Case(
        "the next record has the name that a statement uses",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            index(2, "t_title", "create index t_title on t (title)"),
            table(3, "t", "alter table t add extra text", "id int4, title text, size int4, extra text"),
        ],
        "create table t (id integer, title text, size integer, extra text); create index t_title on t (title)",
        at=2,
        base="create table t (id integer, name text, size integer)",
    ),
    Case(
        "a statement drops a column that the next record no longer has",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t drop column title", "id int4"),
        ],
        "create table t (id integer)",
    ),
    Case(
        "the only column that is never named again lives, so it was not renamed",
        "stub_column",
        "public.t",
        'ALTER TABLE "public"."t" ADD COLUMN "title" text;',
        [index(2, "t_title", "create index t_title on t (title)")],
        "create table t (name text, title text); create index t_title on t (title)",
        live="create table t (name text)",
        base="create table t (name text)",
    ),
    Case(
        "the only column that is never named again",
        "renamed_column",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", "create table t (id integer, name text)"),
            index(2, "i", "create index i on t (id, title)"),
        ],
        "create table t (id integer, title text); create index i on t (id, title)",
        live="select 1",
    ),
    Case(
        "a record has another name at the same place",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [table(2, "t", "alter table t add size integer", "id int4, title text, size int4")],
        "create table t (id integer, title text, size integer)",
        base=T,
    ),
    Case(
        "a column renamed to make way for one of its name",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "old_name";',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(
                2, "t", "alter table t add column name varchar(9)", "id int4, old_name text, name varchar(9)"
            ),
        ],
        "create table t (id integer, old_name text, name varchar(9))",
    ),
    Case(
        "the live table has a column that a statement names",
        "added_column",
        "public.t",
        'ALTER TABLE "public"."t" ADD COLUMN "extra" numeric(4,1) DEFAULT 0 NOT NULL;',
        [
            table(1, "t", "create table t (id integer, name text)"),
            index(2, "i", "create index i on t (id, name, extra)"),
        ],
        "create table t (id integer, name text, extra numeric(4, 1) default 0 not null);"
        " create index i on t (id, name, extra)",
    ),
    Case(
        "a record has a column more",
        "added_column",
        "public.t",
        'ALTER TABLE "public"."t" ADD COLUMN "extra" "varchar"(9);',
        [
            table(1, "t", "create table t (id integer)", "id int4"),
            table(2, "t", "alter table t alter id set not null", "id int4!, extra varchar(9)"),
        ],
        "create table t (id integer not null, extra varchar(9))",
    ),
    Case(
        "a record lacks a column",
        "dropped_column",
        "public.t",
        'ALTER TABLE "public"."t" DROP COLUMN "name" CASCADE;',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t alter id set not null", "id int4!"),
        ],
        "create table t (id integer not null)",
    ),
    Case(
        "a record has another type",
        "changed_type",
        "public.t",
        'ALTER TABLE "public"."t" ALTER COLUMN "name" TYPE "varchar"(9) USING NULL::"varchar"(9);',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t alter id set not null", "id int4!, name varchar(9)"),
        ],
        "create table t (id integer not null, name varchar(9))",
    ),
    Case(
        "an expression takes the column for another type",
        "earlier_type",
        "public.t",
        "alter table t alter made type timestamp USING NULL, alter id type bigint USING NULL, add n int",
        [
            table(1, "t", "create table t (id integer, made text)", "id int4, made text"),
            table(
                2,
                "t",
                "alter table t alter made type timestamp using to_timestamp(made), alter id type bigint, add n int",
                "id int8, made timestamp, n int4",
            ),
        ],
        "create table t (id bigint, made timestamp, n integer)",
    ),
    Case(
        "a record is not null",
        "changed_nullability",
        "public.t",
        'ALTER TABLE "public"."t" ALTER COLUMN "name" SET NOT NULL;',
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t alter id set not null", "id int4!, name text!"),
        ],
        "create table t (id integer not null, name text not null)",
    ),
    Case(
        "a record has a default",
        "changed_default",
        "public.t",
        """ALTER TABLE "public"."t" ALTER COLUMN "name" SET DEFAULT 'x;y'::text;""",
        [
            table(1, "t", "create table t (id integer, name text)", "id int4, name text"),
            table(2, "t", "alter table t alter id set not null", "id int4!, name text ='x;y'::text"),
        ],
        "create table t (id integer not null, name text default 'x;y')",
    ),
    Case(
        "a record has lost its default",
        "changed_default",
        "public.t",
        'ALTER TABLE "public"."t" ALTER COLUMN "name" DROP DEFAULT;',
        [
            table(
                1, "t", "create table t (id integer, name text default 'a')", "id int4, name text ='a'::text"
            ),
            table(2, "t", "alter table t alter id set not null", "id int4!, name text"),
        ],
        "create table t (id integer not null, name text)",
    ),
    Case(
        "a column of which nothing is known",
        "stub_column",
        "public.t",
        'ALTER TABLE "public"."t" ADD COLUMN "lost" text;',
        [
            table(1, "t", "create table t (id integer, name text)"),
            index(2, "i", "create index i on t (lost)"),
        ],
        "create table t (id integer, name text, lost text); create index i on t (lost)",
        live="select 1",
    ),
    Case(
        "a column that was renamed, then given another type by the row",
        "renamed_column",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "state" TO "status";',
        [
            table(
                1,
                "t",
                "create table t (id integer, state varchar(9), n integer)",
                "id int4, state varchar(9), n int4",
            ),
            table(
                2, "t", "alter table t alter status type varchar(12)", "id int4, status varchar(12), n int4"
            ),
        ],
        "create table t (id integer, status varchar(12), n integer)",
        live="select 1",
    ),
    Case(
        "a column that a statement takes away under another name",
        "renamed_column",
        'public."T"',
        'ALTER TABLE "public"."T" RENAME COLUMN "a" TO "b";',
        [
            table(1, '"T"', 'create table "T" (id integer, a text)'),
            table(2, '"T"', 'alter table "T" drop column b'),
        ],
        'create table "T" (id integer)',
    ),
    Case(
        "a rename that shows in the next record: where an index is renamed likewise",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            index(2, "t_on_name", "create index t_on_name on t (name)"),
            table(3, "u2", "create table u2 ()", at=NOON + DAY),
            table(4, "u3", "create table u3 ()", at=NOON + 2 * DAY),
            index(
                5,
                "t_on_title",
                "alter index t_on_name rename to t_on_title",
                at=NOON + 3 * DAY,
                change_type="ALTER",
            ),
            table(6, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 4 * DAY),
        ],
        "create table t (id integer, title text, n integer); create index t_on_title on t (title);"
        " create table u2 (); create table u3 ()",
        at=5,
    ),
    Case(
        "a table as its first row found it, where the same text goes on to make one of its columns anew",
        "changed_type",
        "public.t",
        'ALTER TABLE "public"."t" ALTER COLUMN "b" TYPE "int4" USING NULL::"int4";',
        [
            table(1, "t", ANEW, "a text, b int4, c text"),
            table(2, "t", ANEW, "a text, c@3 text"),
            table(3, "t", ANEW, "a text, c@3 text, b@4 text"),
        ],
        "create table t (a text, b integer, c text);" + ANEW,
        at=1,
    ),
    Case(
        "a rename that shows in the next record, where each is sent by itself: halfway",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(2, 6)),
            table(6, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 7 * DAY),
            *RENAMED_SEPARATELY,
        ],
        "create table t (id integer, title text, n integer);"
        + "".join(f"create table u{n} ();" for n in range(2, 6))
        + SEPARATELY,
        at=3,
    ),
    Case(
        "a rename that shows in the next record: before it",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(2, 6)),
            table(6, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 7 * DAY),
        ],
        "create table t (id integer, title text, n integer);"
        + "".join(f"create table u{n} ();" for n in range(2, 6)),
        at=6,
    ),
    *(
        Case(
            f"a rename of a column {whose}: at the end of that session",
            "foreseen_rename",
            "public.t",
            'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
            [
                *before,
                table(3, "u3", "create table u3 ()", at=NOON + DAY),
                *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(4, 7)),
                table(
                    7, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 8 * DAY
                ),
            ],
            "create table t (id integer, title text, n integer);"
            + "".join(f"create table u{n} ();" for n in range(3, 7)),
            at=3,
        )
        for whose, before in (
            (
                "that the session before changes",
                [
                    table(1, "t", "create table t (id integer, name varchar(9))", "id int4, name varchar(9)"),
                    table(2, "t", "alter table t alter name type text", "id int4, name text", at=NOON + DAY),
                ],
            ),
            (
                "of a table that the session before renames",
                [
                    table(1, "s", T.replace(" t ", " s "), "id int4, name text"),
                    table(2, "t", "alter table s rename to t", "id int4, name text", at=NOON + DAY),
                ],
            ),
        )
    ),
    Case(
        "a rename of a column that the next record's statement takes away under its new name",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            index(2, "i", "create index i on t (title)", at=NOON + DAY),
            table(3, "t", "alter table t drop title", "id int4", at=NOON + 2 * DAY),
        ],
        "create table t (id integer)",
        at=2,
    ),
    Case(
        "a rename that only the live catalog shows: at the end of the last record's session",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(2, 6)),
        ],
        "create table t (id integer, title text);" + "".join(f"create table u{n} ();" for n in range(2, 6)),
        at=1,
    ),
    Case(
        "a rename that shows in the next record: at the first use of the new name",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            table(2, "u2", "create table u2 ()", at=NOON + DAY),
            index(3, "i", "create index i on t (title)", at=NOON + 2 * DAY),
            table(4, "u4", "create table u4 ()", at=NOON + 3 * DAY),
            table(5, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 4 * DAY),
        ],
        "create table t (id integer, title text, n integer); create index i on t (title);"
        " create table u2 (); create table u4 ()",
        at=3,
    ),
    Case(
        "the same rename shows in the records of two tables: at the same time",
        "foreseen_rename",
        "public.w",
        'ALTER TABLE "public"."w" RENAME COLUMN "name" TO "title";',
        [
            table(1, "t", T, "id int4, name text"),
            table(2, "w", "create table w (name text)", "name text"),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(3, 5)),
            table(5, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 5 * DAY),
            *(table(n, f"u{n}", f"create table u{n} ()", at=NOON + n * DAY) for n in range(6, 12)),
            *RENAMED_SEPARATELY,
        ],
        "create table t (id integer, title text, n integer); create table w (title text);"
        + "".join(f"create table u{n} ();" for n in (3, 4, *range(6, 12)))
        + SEPARATELY,
        at=3,
    ),
    Case(
        "a rename that only the live catalog shows",
        "foreseen_rename",
        "public.t",
        'ALTER TABLE "public"."t" RENAME COLUMN "name" TO "title";',
        [table(1, "t", T, "id int4, name text"), table(2, "u", "create table u ()", at=NOON + DAY)],
        "create table t (id integer, title text); create table u ()",
        at=1,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)


def test_a_rename_that_another_text_tells_of_is_not_made_twice(shadow: Shadow, scratch: Scratch) -> None:
    rename = "alter table t rename column name to title; create table u ()"
    rows = [
        table(1, "t", T, "id int4, name text"),
        table(2, "w", "create table w ()", at=NOON + DAY),
        table(3, "u", rename, at=NOON + 2 * DAY, change_type="CREATE"),
        table(4, "t", "alter table t add n integer", "id int4, title text, n int4", at=NOON + 3 * DAY),
    ]
    truth = "create table t (id integer, title text, n integer); create table u (); create table w ()"
    events, _ = replayed(shadow, rows, scratch.objects(truth))
    assert tree_of(events) == scratch.definitions(truth)
    assert [e.repairs for e in events if e.repairs] == []
    assert [e.anchor_version_id for e in events if e.object_identity == "public.t"] == [1, 3, 4]


def _columns(**types: str) -> list[dict[str, object]]:
    """Columns as the shadow has them, one after the other; `_` stands for a position that none has."""
    return [
        {"name": name, "position": place, "type": kind}
        for place, (name, kind) in enumerate(types.items(), 1)
        if not name.startswith("_")
    ]


def _record(**types: str) -> dict[str, dict[str, object]]:
    return {str(c["name"]): c for c in _columns(**types)}


@pytest.mark.parametrize(
    ("current", "record", "what"),
    [
        # a name is given on, with and without another one behind it
        (
            _columns(id="int4", a="text", b="text"),
            _record(id="int4", z="text", a="text"),
            {"a": "z", "b": "a"},
        ),
        (
            _columns(id="int4", a="text", b="int4"),
            _record(id="int4", z="text", b="int4", a="text"),
            {"a": "z"},
        ),
        # two names are swapped
        (
            _columns(id="int4", a="text", b="text"),
            _record(id="int4", b="text", a="text"),
            {"a": "b", "b": "a"},
        ),
        (_columns(a="text", b="text"), _record(b="text", a="text"), {"a": "b", "b": "a"}),
        # a column is replaced by one that takes its name, or by one that is made anew
        (_columns(id="int4", a="text", b="text"), _record(id="int4", _1="", a="text"), {"a": None, "b": "a"}),
        (_columns(id="int4", a="text", b="text"), _record(id="int4", _1="", b="text", a="text"), {"a": None}),
        # names are a guide: a plain rename, a column of which we do not know that it is gone
        (_columns(id="int4", a="text"), _record(id="int4", z="text"), {}),
        (_columns(id="int4", a="text", b="text"), _record(id="int4", _1="", a="text", b="text"), {}),
        # positions are none: most names stand elsewhere, and in no order
        (
            _columns(id="int4", a="text", b="text", c="text"),
            _record(id="int4", _1="", _2="", b="text", c="text", a="text"),
            {},
        ),
    ],
)
def test_positions_tell_columns_apart_where_names_do_not(
    current: list[dict[str, object]], record: dict[str, dict[str, object]], what: dict[str, str | None]
) -> None:
    assert by_place(current, record) == what


def test_names_that_others_keep_are_not_given() -> None:
    names = {"a": "b", "b": "kept", "c": "x", "d": "x", "e": "y"}
    done = in_turn(("s", "t"), names, {"a", "b", "c", "d", "e", "kept"})
    assert done == [
        'ALTER TABLE "s"."t" RENAME COLUMN "c" TO "x";',
        'ALTER TABLE "s"."t" RENAME COLUMN "e" TO "y";',
    ]


def test_names_that_go_round_in_a_circle_are_given_in_turn() -> None:
    done = in_turn(("s", "t"), {"a": "b", "b": "c", "c": "a"}, {"a", "b", "c"})
    assert len(done) == 4
    names = {"a": 1, "b": 2, "c": 3}
    for statement in done:
        old, new = re.findall(r'COLUMN "(.+)" TO "(.+)";', statement)[0]
        assert new not in names
        names[new] = names.pop(old)
    assert names == {"b": 1, "c": 2, "a": 3}


@pytest.mark.parametrize(
    ("dropped", "found"), [(["x"], {"id": 1, "rating": 4}), ([], {})], ids=["the same server", "a restore"]
)
def test_places_of_a_live_table_are_told_where_no_restore_closed_its_gaps(
    dropped: list[str], found: dict[str, int]
) -> None:
    """The shadow's table has lost two columns: where the live one shows no gap, its places are other ones."""
    columns = [Column("id", 1, None), Column("rating", 4 if dropped else 2, None)]
    columns += [Column(name, 2, None, dropped=True) for name in dropped]
    evidence: Any = SimpleNamespace(moments=SimpleNamespace(columns=lambda identity: columns))
    current = [{"name": "id", "position": 1}, {"name": "payload", "position": 4}]
    assert live_places(evidence, "public.bed", current) == found
