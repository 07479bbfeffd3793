"""Indexes: renamed, named as recorded, and gone with their tables."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, index, replayed, table
from rule_cases import DAY, Case, T, case_holds, case_holds_in_capitals

from pggit_audit.filing import in_its_schema
from pggit_audit.shadow import Shadow

CASES = [
    Case(
        "an index made again",
        "implied_drop",
        "public.i",
        'DROP INDEX "public"."i";',
        [
            table(1, "t", T),
            index(2, "i", "create index i on t (id)"),
            index(3, "i", "create index i on t (name)"),
        ],
        f"{T}; create index i on t (name)",
    ),
    Case(
        "a key whose name was taken, by what nobody knows",
        "name_as_recorded",
        "public.t",
        'ALTER INDEX "public"."t_pkey" RENAME TO "t_pkey1";',
        [
            table(1, "u", "create table u (id integer primary key)", "id int4!"),
            index(2, "u_pkey", "create table u (id integer primary key)"),
            table(
                3,
                "t",
                "create table t (id integer primary key, u_id integer references u)",
                "id int4!, u_id int4",
            ),
            index(4, "t_pkey1", "create table t (id integer primary key, u_id integer references u)"),
            table(
                5,
                "t",
                "create table t (id integer primary key, u_id integer references u)",
                "id int4!, u_id int4",
                change_type="ALTER",
            ),
        ],
        "create table u (id integer primary key);"
        " create table t (id integer constraint t_pkey1 primary key, u_id integer references u)",
        at=3,
    ),
    Case(
        "an index whose rename was erased",
        "renamed_index",
        "public.i",
        'ALTER INDEX "public"."i" RENAME TO "j";',
        [
            table(1, "t", T),
            index(2, "i", "create index i on t (id)"),
            table(3, "t", "alter table t add n integer", at=NOON + DAY),
            table(5, "t", "alter table t add m integer", at=NOON + 2 * DAY),
        ],
        "create table t (id integer, name text, n integer, m integer); create index j on t (id)",
        at=3,
    ),
    Case(
        "an index with quotes in its name leaves no row when it goes: halfway to the end",
        "unrecorded_drop",
        'public."I"',
        'DROP INDEX "public"."I";',
        [
            table(1, "t", T),
            index(2, '"I"', 'create index "I" on t (id)'),
            table(3, "u", "create table u ()", at=NOON + DAY),
            index(4, "j", "create index j on t (name)", at=NOON + 2 * DAY),
            table(5, "v", "create table v ()", at=NOON + 3 * DAY),
        ],
        f"{T}; create index j on t (name); create table u (); create table v ()",
        at=3,
    ),
    Case(
        "a table whose foreign keys and indexes were taken away went in that session",
        "unrecorded_drop",
        'public."Gone"',
        'DROP TABLE "public"."Gone";',
        [
            table(1, "t", "create table t (id integer primary key)"),
            table(2, '"Gone"', 'create table "Gone" (id integer constraint fk references t)'),
            table(3, '"Gone"', 'alter table "Gone" drop constraint fk', at=NOON + DAY),
            table(4, "u", "create table u ()", at=NOON + DAY),
            table(5, "v", "create table v ()", at=NOON + 2 * DAY),
            table(6, "w", "create table w ()", at=NOON + 3 * DAY),
        ],
        "create table t (id integer primary key); create table u (); create table v (); create table w ()",
        at=4,
    ),
]


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds(case, shadow, scratch)


@pytest.mark.parametrize("case", CASES, ids=str)
def test_rule_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    case_holds_in_capitals(case, shadow, scratch)


def test_an_index_goes_with_its_table_and_not_before(shadow: Shadow, scratch: Scratch) -> None:
    rows = [
        table(1, "t", T),
        index(2, '"I"', 'create index "I" on t (id)'),
        table(3, "u", "create table u ()", at=NOON + DAY),
        table(4, "t", "alter table t add n integer", at=NOON + 2 * DAY),
        table(5, "w", "alter table t rename to w", at=NOON + 3 * DAY),
        table(6, "w", "drop table w", at=NOON + 4 * DAY),
    ]
    events, _ = replayed(shadow, rows, scratch.objects("create table u ()"))
    (gone,) = [e for e in events if e.object_identity == 'public."I"' and e.new_definition is None]
    assert gone.anchor_version_id == 6


@pytest.mark.parametrize(
    ("on", "schema"), [('"db"."sales"."t"', "sales"), ("only sales.t", "sales"), ("t", "public")]
)
def test_an_index_with_a_quoted_name_is_in_the_schema_that_its_text_says(on: str, schema: str) -> None:
    """v1 files it under public; with the database before the schema, too."""
    assert in_its_schema(index(1, '"Mine"', f'create index "Mine" on {on} (id)')).object_schema == schema
