"""Definitions are complete, and what is read after one statement is all that changed by it."""

from __future__ import annotations

import re
from pathlib import Path

import psycopg
import pytest
from building import Definitions, Version, definitions, dumped, new_database, numbered, rebuild, row

from pggit_audit.catalog import CatalogReader, _sections, with_unique_identities
from pggit_audit.replay import Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.shadow import Shadow
from pggit_audit.statements import split

FOLDER = Path(__file__).parent
EVERY_FEATURE = (FOLDER / "every_feature.sql").read_text(encoding="utf-8")
CHANGES_BASE = (FOLDER / "changes_base.sql").read_text(encoding="utf-8")
CHANGES = (FOLDER / "changes.sql").read_text(encoding="utf-8").split("\n", 1)[1].split("\n--\n")

UNTIL_16 = """
create table shop.identities (id bigint generated always as identity (increment by 3), day date)
partition by range (day);
create table shop.identities_1 partition of shop.identities for values from ('2020-01-01') to ('2021-01-01');
create table shop.identities_2 (like shop.identities including all);
alter table shop.identities attach partition shop.identities_2 for values from ('2021-01-01') to ('2022-01-01');
"""
SINCE_17 = """
create table shop.identities (id integer generated always as identity (increment by 3), day date)
partition by range (day);
create table shop.identities_1 partition of shop.identities for values from ('2020-01-01') to ('2021-01-01');
"""
SINCE_18 = """
create table shop.modern (
    id integer constraint has_id not null no inherit,
    a integer,
    b integer generated always as (a * 2) virtual,
    c integer generated always as (a * 3),
    d integer,
    constraint only_said check (a > 1) not enforced
);
alter table shop.modern add constraint d_later not null d not valid;
alter table shop.modern add constraint to_item foreign key (a) references shop.items not enforced;
comment on constraint has_id on shop.modern is 'named';
create table shop.stays (
    room int4range, during daterange, note text, constraint stays_key primary key (room, during without overlaps)
);
create table shop.uses (
    room int4range, during daterange, at daterange,
    constraint within foreign key (room, period during) references shop.stays (room, period during),
    constraint alone unique (room, at without overlaps)
);
"""

NASTY = [
    'a "quoted" name',
    "it's",
    "dots.in.it",
    "back\\slash",
    "100%",
    "%s %I %(oids)s",
    "new\nline",
    "tab\tand space ",
    "😀",
    "MixedCase",
    "select",
    "table",
    "order",
    "; drop table x; --",
    "/* no comment",
    "$$",
    "$1",
    "{only:c.oid}",
    "DEFAULT 1 NOT NULL",
    "ümläut",
    "1digit",
    "a,b(c)",
    "[]",
]


def run(connection: psycopg.Connection, script: str) -> None:
    for statement in split(script):
        connection.execute(statement.text.encode())


def differences(true: Definitions, found: Definitions) -> list[str]:
    return [
        f"{path}\n  true:  {true.get(path)}\n  found: {found.get(path)}"
        for path in sorted(true.keys() | found.keys())
        if true.get(path) != found.get(path)
    ]


def test_every_feature_survives_a_rebuild(each_version: Version) -> None:
    if each_version.number < 15:
        pytest.skip(
            "the script has what came with 15; test_every_kind_is_rebuilt_as_it_was goes further back"
        )
    script = EVERY_FEATURE
    script += SINCE_17 if each_version.number >= 17 else UNTIL_16
    script += SINCE_18 if each_version.number >= 18 else ""
    with new_database(each_version) as first, new_database(each_version) as second:
        run(first, script)
        true = definitions(first)
        rebuild(second, true)
        assert differences(true, definitions(second)) == []
        # A definition that leaves something out would be equal to itself: pg_dump reads without our queries.
        one, two = (dumped(each_version, c.info.dbname) for c in (first, second))
        assert (sorted(one - two), sorted(two - one)) == ([], [])
        assert len(one) > 150


def test_every_class_that_something_may_rest_on_is_looked_through(each_version: Version) -> None:
    """What rests on an object is found by its class as well, for the server's index begins with that."""
    listed = set(re.findall(r"'(pg_\w+)'::regclass", _sections()["query", "of_any_class"]))
    with new_database(each_version) as database:
        run(database, EVERY_FEATURE + (SINCE_17 if each_version.number >= 17 else UNTIL_16))
        found = database.execute("select distinct refclassid::regclass::text from pg_catalog.pg_depend")
        assert {name for (name,) in found} <= listed


def test_nasty_names_survive_a_rebuild(each_version: Version) -> None:
    with new_database(each_version) as first, new_database(each_version) as second:
        for name in NASTY:
            first.execute(nasty(name).encode())
        true = definitions(first)
        assert len(true) == 1 + len(NASTY) * 13
        rebuild(second, true)
        assert differences(true, definitions(second)) == []


def nasty(name: str) -> str:
    """A script that makes an object of each kind with this name, its literals and its comments too."""
    i = '"' + name.replace('"', '""') + '"'
    s = "E'" + name.replace("\\", "\\\\").replace("'", "''") + "'"
    type_name, part, domain = (i[:-1] + f' {kind}"' for kind in ("enum", "part", "domain"))
    return f"""
        create schema {i};
        comment on schema {i} is {s};
        set search_path = {i};
        create type {type_name} as enum ({s}, 'x');
        comment on type {type_name} is {s};
        create domain {domain} as text collate "C" default {s} constraint {i} check (value <> {s});
        comment on constraint {i} on domain {domain} is {s};
        create table {i} (
            {i} text default {s} not null constraint "c" check ({i} <> {s}),
            "other" {type_name} default {s},
            "third" {domain},
            constraint {i[:-1]} key" unique ({i})
        ) partition by list ({i});
        comment on column {i}.{i} is {s};
        comment on constraint {i[:-1]} key" on {i} is {s};
        create table {part} partition of {i} for values in ({s});
        create function {i} (inout {i} text default {s}, {type_name} text default null)
        language sql as $body$ select {s} $body$;
        comment on function {i} is {s};
        create function {i[:-1]} act" () returns trigger language plpgsql as 'begin return new; end';
        create view {i[:-1]} view" as select {i}, {s} as "literal" from {i} where {i} <> {s};
        comment on view {i[:-1]} view" is {s};
        create index {i[:-1]} index" on {part} ({i}) where {i} <> {s};
        create trigger {i} before insert on {i} for each row execute function {i[:-1]} act" ({s});
        create policy {i[:-1]} policy" on {i} using ({i} = {s});
        reset search_path;
    """


def test_a_query_that_could_not_be_prepared_is_prepared_the_next_time(server_version: Version) -> None:
    with new_database(server_version) as connection:
        reader = CatalogReader(connection, ())
        reader.everything()
        with connection.transaction(force_rollback=True):
            with pytest.raises(psycopg.errors.DivisionByZero):
                connection.execute("select 1 / 0")
            with pytest.raises(psycopg.errors.InFailedSqlTransaction):
                reader.everything()
        assert reader.everything()


def test_what_is_prepared_outlives_other_work_of_the_session(server_version: Version) -> None:
    with new_database(server_version) as connection:
        reader = CatalogReader(connection, ())
        for _ in range(2):
            found = reader.everything()
        for n in range(9):
            connection.execute("select %s::int", (n,))
        connection.execute("drop table if exists there_is_none")
        assert reader.everything() == found


@pytest.mark.parametrize("script", [EVERY_FEATURE, "".join(nasty(n) for n in NASTY)], ids=["every", "nasty"])
def test_an_identity_is_what_postgresql_calls_the_object(server_version: Version, script: str) -> None:
    with new_database(server_version) as connection:
        connection.execute(script.encode())
        found = CatalogReader(connection, ()).everything()
        theirs = connection.execute(
            "select array_agg((pg_identify_object(c, o, 0)).identity order by n)"
            " from unnest(%s::oid[], %s::oid[]) with ordinality as k (c, o, n)",
            ([o.classid for o in found], [o.objid for o in found]),
        ).fetchone()
        assert theirs is not None
        assert [o.object_identity for o in found] == theirs[0]
        kinds = {o.object_type for o in found}
        assert len(kinds) >= 8


def test_what_shares_an_identity_carries_its_kind(server_version: Version) -> None:
    with new_database(server_version) as connection:
        run(
            connection,
            """
            create table t (id integer);
            create function f() returns trigger language plpgsql as 'begin return new; end';
            create trigger same before insert on t for each row execute function f();
            create policy same on t;
            create type t_id as enum ('a');
            create index t_id on t (id);
            """,
        )
        found = definitions(connection)
        assert re.match("CREATE TRIGGER", found["same on public.t"])
        assert re.match("CREATE POLICY", found["same on public.t (policy)"])
        assert re.match("CREATE TYPE", found["public.t_id"])
        assert re.match("CREATE INDEX", found["public.t_id (index)"])


def test_what_is_read_after_each_statement_is_all_that_changed(new_shadow: tuple[Shadow, Version]) -> None:
    """The tree that the events come to is the whole catalog, after every single statement."""
    shadow, version = new_shadow
    shadow.run(CHANGES_BASE)
    rows = numbered(
        row(i, "TABLE", f"marker_{i}", f"{statement};\ncreate table marker_{i} ();", "CREATE")
        for i, statement in enumerate(CHANGES, 1)
    )
    replay = Replay(shadow, Evidence(rows, ()), "main")
    tree: Definitions = {}
    wrong = []
    for this in rows:
        for event in replay.run([this]):
            assert event.object_identity is not None
            if event.new_definition is None:
                tree.pop(event.object_identity, None)
            else:
                tree[event.object_identity] = event.new_definition
        full = {o.object_identity: o.definition for o in with_unique_identities(shadow.reader.everything())}
        found = differences(full, tree)
        wrong += [f"after {this.change_sql}: {text}" for text in found]
        tree = full
    assert not wrong, "\n".join(wrong)
    with new_database(version) as connection:
        connection.execute(CHANGES_BASE.encode())
        for statement in CHANGES:
            connection.execute(statement.encode())
        true = definitions(connection)
    left = {path: text for path, text in tree.items() if not path.startswith("public.marker_")}
    assert differences(true, left) == []
