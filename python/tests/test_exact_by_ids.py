"""What the ids of transactions prove of the rows around a rename that left none."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from fuzz import rebuild
from tracker import ClientStyle, send

from pggit_audit import embedded

PET = "create table pet (id int primary key, owner text, born date)"
ADD = "alter table pet add column noise text"
RENAME = "alter table pet rename owner to keeper"
VIEW = "create view kept as select id from pet"
DROP = "alter table pet drop column born"

Migrations = Sequence[tuple[Sequence[str], ClientStyle]]


def told(server: embedded.Server, migrations: Migrations, with_ids: bool = True) -> dict[str, list[str]]:
    """The fidelity of the events of rows, by the object's name, in order."""
    with rebuild.recording(server) as made:
        for statements, style in migrations:
            send(made.connection, statements, style)
        found: dict[str, list[str]] = {}
        for event in rebuild.rebuild(made, with_ids=with_ids):
            if event["origin"] == "v1":
                found.setdefault(event["object_name"], []).append(event["fidelity"])
    return found


@pytest.mark.parametrize(
    ("migrations", "fidelity"),
    [
        ([([PET], "statement"), ([ADD], "statement"), ([RENAME], "statement")], ["exact", "exact"]),
        ([([PET], "statement"), ([ADD, RENAME], "transaction")], ["exact", "repaired"]),
        (
            [
                ([PET], "statement"),
                ([ADD, RENAME], "transaction"),
                (["grant select (keeper) on pet to public"], "statement"),
            ],
            ["exact", "repaired"],
        ),
        (
            [
                ([PET], "statement"),
                ([f"{ADD} default 'none'", "alter table pet rename noise to sound"], "transaction"),
                (["vacuum full pet"], "statement"),
            ],
            ["exact", "repaired"],
        ),
        (
            [
                ([PET], "statement"),
                ([ADD, "alter table pet rename noise to sound"], "transaction"),
                (["vacuum full pet"], "statement"),
            ],
            ["exact", "repaired"],
        ),
        ([([PET], "statement"), (["vacuum full pet"], "statement"), ([RENAME], "statement")], ["exact"]),
        (
            [
                (["create function named() returns text language sql as $$select 'x'$$"], "statement"),
                ([PET.replace("owner text", "owner text default named()")], "statement"),
                ([ADD, RENAME], "transaction"),
                (["drop function named() cascade"], "statement"),
            ],
            ["exact", "repaired"],
        ),
        (
            [
                ([PET.replace(" primary key", " not null")], "statement"),
                ([ADD, RENAME], "transaction"),
                (
                    [
                        "create table pets (id int not null, keeper text, born date, noise text)"
                        " partition by range (born)"
                    ],
                    "statement",
                ),
                (["alter table pets attach partition pet default"], "statement"),
            ],
            ["exact", "repaired"],
        ),
        (
            [
                ([PET.replace(" primary key", " not null")], "statement"),
                ([ADD, RENAME], "transaction"),
                (
                    [
                        "create table pets (id int not null, keeper text, born date, noise text)"
                        " partition by range (born)"
                    ],
                    "statement",
                ),
                (["alter table pets attach partition pet default"], "statement"),
                (["alter table pets detach partition pet"], "statement"),
            ],
            ["exact", "repaired"],
        ),
    ],
    ids=[
        "by itself",
        "in the row's own transaction",
        "there, and its column written again by a GRANT",
        "there, and the default of older rows written out by VACUUM FULL",
        "there, and VACUUM FULL has nothing to write out",
        "by itself, behind VACUUM FULL",
        "there, and its default gone with a function",
        "there, and its table attached",
        "there, and its table attached and detached",
    ],
)
def test_a_row_before_a_rename_is_exact_where_the_rename_came_after_its_transaction(
    server: embedded.Server, migrations: Migrations, fidelity: list[str]
) -> None:
    # Behind the rename a view, so that something goes on.
    behind: Migrations = [([VIEW], "statement")]
    assert told(server, [*migrations, *behind])["pet"] == fidelity
    assert told(server, [*migrations, *behind], with_ids=False)["pet"][-1] == "repaired"


def test_what_reads_a_table_behind_its_rename_is_exact_where_the_ids_tell_that(
    server: embedded.Server,
) -> None:
    migrations: Migrations = [
        ([PET], "statement"),
        ([RENAME], "statement"),
        ([VIEW], "statement"),
        ([DROP], "statement"),
    ]
    assert told(server, migrations) == {
        "pet": ["exact", "exact"], "pet_pkey": ["exact"], "kept": ["exact"],
    }  # fmt: skip


@pytest.mark.parametrize(
    ("make", "drop"),
    [
        (
            "create trigger stamped before update on pet for each row execute function stamp()",
            "drop trigger stamped on pet",
        ),
        ("create materialized view stamped as select id from pet", "drop materialized view stamped"),
        ("create policy stamped on pet using (id > 0)", "drop policy stamped on pet"),
    ],
    ids=["trigger", "materialized view", "policy"],
)
def test_what_is_dropped_and_made_again_may_have_been_there_before(
    server: embedded.Server, make: str, drop: str
) -> None:
    """Its row of the catalog is that of the last one, and only the first made a difference."""
    migrations: Migrations = [
        ([PET, "alter table pet enable row level security"], "statement"),
        (
            ["create function stamp() returns trigger language plpgsql as $$begin return new; end$$"],
            "statement",
        ),
        ([make], "statement"),
        ([ADD], "statement"),
        ([drop, make], "transaction"),
        ([VIEW], "statement"),
    ]
    with rebuild.recording(server) as made:
        for statements, style in migrations:
            send(made.connection, statements, style)
        events = rebuild.rebuild(made, with_ids=True)
    ((made_by_id),) = [e for e in events if "stamped" in (e["object_identity"] or "")]
    (step,) = [r for r in made_by_id["repairs"] if r["statement"]]
    assert step["not_before"] is None
    last = max(e["v1_version_id"] for e in events if e["object_name"] == "kept" and e["v1_version_id"])
    assert step["not_after"] is not None and step["not_after"] <= last


MOOD = "create type mood as enum ('sad', 'ok')"
TABLE = "create table diary (id int primary key, mood mood not null)"
SEEN = "create view gloomy as select id from diary where mood = 'sad'"
INDEX = "create index gloomy_idx on diary (id) where mood = 'sad'"
PAIR = "create type pair as (a int, b int)"
SUM = "create function total(p pair) returns int language sql as 'select p.a + p.b'"


@pytest.mark.parametrize(
    ("migrations", "name", "fidelity"),
    [
        ([([MOOD], "statement"), ([TABLE], "statement"), ([SEEN], "statement")], "gloomy", "exact"),
        ([([MOOD], "statement"), ([TABLE], "statement"), ([INDEX], "statement")], "gloomy_idx", "exact"),
        # The enum was called otherwise by then, or its label was; or another took its name.
        (
            [
                ([MOOD, TABLE], "statement"),
                ([SEEN], "statement"),
                (["alter type mood rename to feeling"], "statement"),
            ],
            "gloomy",
            "repaired",
        ),
        (
            [
                ([MOOD, TABLE], "statement"),
                ([SEEN, "alter type mood rename value 'sad' to 'low'"], "transaction"),
                (["alter type mood add value 'sad'"], "statement"),
            ],
            "gloomy",
            "repaired",
        ),
        (
            [
                ([MOOD, TABLE], "statement"),
                ([SEEN], "statement"),
                (["drop view gloomy"], "statement"),
                (
                    [
                        "alter type mood rename to old",
                        MOOD,
                        "alter table diary alter column mood type mood using mood::text::mood",
                        "drop type old",
                    ],
                    "statement",
                ),
            ],
            "gloomy",
            "repaired",
        ),
        ([([PAIR], "statement"), ([SUM], "statement")], "total(public.pair)", "exact"),
        ([([PAIR, SUM], "transaction")], "total(public.pair)", "exact"),
        (
            [
                ([PAIR], "statement"),
                ([SUM], "statement"),
                (["alter type pair rename to two"], "statement"),
            ],
            "total(public.pair)",
            "repaired",
        ),
    ],
)
def test_what_has_of_a_type_only_its_name_and_labels(
    server: embedded.Server, migrations: Migrations, name: str, fidelity: str
) -> None:
    assert told(server, migrations)[name][0] == fidelity


@pytest.mark.parametrize(
    "migrations", [[([MOOD], "statement"), ([TABLE], "statement"), ([SEEN], "statement")]]
)
def test_nothing_proves_it_without_ids(server: embedded.Server, migrations: Migrations) -> None:
    assert told(server, migrations, with_ids=False)["gloomy"] == ["repaired"]


KENNEL = 'create table "Kennel" (id int primary key, owner text)'
KENNEL_ADD = 'alter table "Kennel" add column {} text'
KENNEL_RENAME = 'alter table "Kennel" rename owner to keeper'
GRANT = 'grant select (keeper) on "Kennel" to public'


@pytest.mark.parametrize(
    ("migrations", "fidelity"),
    [
        ([([KENNEL_ADD.format("noise"), KENNEL_RENAME], "transaction")], ["repaired", "repaired", "exact"]),
        (
            [
                ([KENNEL_RENAME], "statement"),
                ([KENNEL_ADD.format("noise")], "statement"),
                ([GRANT], "statement"),
            ],
            ["repaired", "repaired", "exact"],
        ),
        (
            [
                ([KENNEL_RENAME], "statement"),
                ([KENNEL_ADD.format("noise"), KENNEL_ADD.format("food"), GRANT], "transaction"),
            ],
            ["repaired", "repaired", "repaired", "exact"],
        ),
    ],
    ids=["in a row's transaction", "and a GRANT behind a row", "and a GRANT in a row's transaction"],
)
def test_rows_behind_the_last_write_of_a_renamed_column_are_exact(
    server: embedded.Server, migrations: Migrations, fidelity: list[str]
) -> None:
    """No row has the columns of a table with a quoted name: only ids tell that they were called so by then."""
    behind: Migrations = [
        ([KENNEL_ADD.format("toy")], "statement"),
        (['create view fed as select id, keeper from "Kennel"'], "statement"),
    ]
    made: Migrations = [([KENNEL], "statement"), *migrations, *behind]
    found = told(server, made)
    assert (found["Kennel"], found["fed"]) == (fidelity, ["exact"])
    assert {*told(server, made, with_ids=False)["Kennel"]} == {"repaired"}


# Code that looks at rows: nothing but what lives says what it made.
BY_ROWS = """do $$ begin
    if not exists (select from pet where owner is not null) then
        create table note (id int primary key, owner text, born date);
        create index note_owner on note (owner);
        create index note_born on note (born) where owner is not null;
    else
        raise notice 'pets have owners';
    end if;
end $$"""
ROW = "insert into pet values (1)"
NAMED_BY_ROWS = """do $$ declare n integer := (select count(*) from pet); begin
    execute format('create table note_%s (id int primary key, owner text)', n);
end $$"""
CURRENT = "create function seen() returns text language sql set search_path from current as 'select 1::text'"


@pytest.mark.parametrize(
    ("later", "fidelity"), [([], "exact"), (["alter function seen() cost 7"], "repaired")]
)
def test_what_lives_proves_the_setting_of_a_function(
    server: embedded.Server, later: Sequence[str], fidelity: str
) -> None:
    sent: Migrations = [(["set search_path = public, pg_catalog", CURRENT, *later], "statement")]
    assert told(server, sent)["seen()"][0] == fidelity
    assert told(server, sent, with_ids=False)["seen()"][0] == "repaired"


@pytest.mark.parametrize(
    ("later", "fidelity"),
    [
        ([], {"note": "exact", "note_pkey": "exact", "note_owner": "exact", "note_born": "repaired"}),
        # The names of its columns are the table's.
        (
            ["alter table note rename born to birth", "grant select (owner) on note to public"],
            {"note": "repaired", "note_pkey": "exact", "note_owner": "repaired", "note_born": "repaired"},
        ),
        (["alter index note_owner set (fillfactor = 50)"], {"note": "exact", "note_pkey": "exact"}),
    ],
)
def test_what_lives_proves_what_code_made(
    server: embedded.Server, later: Sequence[str], fidelity: dict[str, str]
) -> None:
    sent: Migrations = [([PET, ROW], "statement"), ([BY_ROWS], "statement"), (later, "statement")]
    found = told(server, sent)
    assert {name: found[name][0] for name in fidelity} == fidelity
    without = told(server, sent, with_ids=False)
    assert {without[name][0] for name in fidelity} == {"repaired"}


@pytest.mark.parametrize(
    ("later", "table"), [([], "exact"), (["alter table note_1 rename owner to keeper"], "repaired")]
)
def test_what_lives_proves_what_code_made_under_names_of_rows(
    server: embedded.Server, later: Sequence[str], table: str
) -> None:
    """The shadow has no rows, so the code makes note_0 there; the recorded name is given by a step."""
    found = told(server, [([PET, ROW], "statement"), ([NAMED_BY_ROWS], "statement"), (later, "statement")])
    assert (found["note_1"][0], found["note_1_pkey"][0]) == (table, "exact")
