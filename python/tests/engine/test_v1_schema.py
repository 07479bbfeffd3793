"""What the team made on top of v1's own schema runs in the shadow, with that schema as the live catalog has it."""

from __future__ import annotations

from collections.abc import Sequence

import psycopg
import pytest
from building import (
    Version,
    definitions,
    function,
    new_database,
    numbered,
    of_rows,
    row,
    table,
    tree_of,
    view,
)

from pggit_audit.history import HistoryRow
from pggit_audit.replay import Event, Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.sessions import connect
from pggit_audit.shadow import open_shadow
from pggit_audit.v1_schema import V1Schema, read

NAMES = ("pggit", "pggit_v1_archive")
V1 = """
    create schema pggit;
    create type pggit.kind as enum ('TABLE', 'VIEW');
    create function pggit.words(pggit.kind) returns text language sql immutable as 'select $1::text';
    create table pggit.history (id serial primary key, kind pggit.kind not null, at timestamp default now());
    create view pggit.latest as select max(id) as id, pggit.words(kind) as kind from pggit.history group by kind;
    create table pggit.note (history integer references pggit.history, said text default 'x');
"""
OURS = (
    "create view public.last as select h.id, h.kind from pggit.history as h group by h.id",
    "create view public.words as select id, pggit.words(kind) as said from pggit.history",
    "create function public.is_view(k pggit.kind) returns boolean language sql as $$ select k = 'VIEW' $$",
    "create view public.second as select id from pggit.latest where kind <> ''",
)
HISTORY = (
    table(1, "pet", "create table pet (id integer)", "id int4"),
    view(2, "last", OURS[0]),
    view(3, "words", OURS[1]),
    function(4, 41012, OURS[2]),
    view(5, "second", OURS[3]),
    function(
        6, 41013, "create function body() returns bigint language sql as 'select count(*) from pggit.history'"
    ),
)


def rebuilt(version: Version, v1: V1Schema, rows: Sequence[HistoryRow], script: str = "") -> list[Event]:
    """The events of a history, in a shadow of its own that some script comes first in."""
    rows = numbered(rows)
    with open_shadow(version.params, hidden=("pggit", "pggit_v1_archive")) as shadow:
        if script:
            v1.make("pggit_v1_archive", shadow)
            shadow.run(script)
        return list(Replay(shadow, Evidence(rows, (), v1=v1), "main").run(rows))


@pytest.mark.parametrize("place", NAMES)
def test_views_and_functions_on_v1_are_replayed(each_version: Version, place: str) -> None:
    with new_database(each_version) as live:
        live.execute(V1)
        if place != "pggit":
            live.execute(f"alter schema pggit rename to {place}")
        with connect(each_version.params, dbname=live.info.dbname) as reader:
            v1 = read(reader, NAMES)
        events = rebuilt(each_version, v1, HISTORY)
    found = of_rows(events)
    assert [found[i].fidelity for i in range(1, 7)] == ["exact", *["repaired"] * 4, "exact"]
    causes = {s["cause"] for i in range(2, 6) for s in found[i].repairs}
    assert causes == {"schema pggit"}, causes
    with new_database(each_version) as truth:
        truth.execute(V1)
        truth.execute("; ".join(["create table pet (id integer)", *OURS, str(HISTORY[-1].change_sql)]))
        wanted = {path: text for path, text in definitions(truth).items() if not path.startswith("pggit")}
    assert tree_of(events) == wanted


def test_what_the_history_makes_in_v1s_schema_is_there_already(server_version: Version) -> None:
    with new_database(server_version) as live:
        live.execute(V1)
        with connect(server_version.params, dbname=live.info.dbname) as reader:
            v1 = read(reader, NAMES)
    text = "create table pggit.note (said text); create view public.notes as select said from pggit.note"
    events = rebuilt(server_version, v1, [view(1, "last", OURS[0]), row(2, "VIEW", "notes", text)])
    assert [e.fidelity for e in of_rows(events).values()] == ["repaired", "repaired"]
    assert "FROM pggit.note" in tree_of(events)["public.notes"]


def test_both_of_its_names_may_be_used_in_one_database(server_version: Version) -> None:
    """After the switch, what was published names the archive, and texts of the history still its old name."""
    with new_database(server_version) as live:
        live.execute(V1)
        live.execute("alter schema pggit rename to pggit_v1_archive")
        with connect(server_version.params, dbname=live.info.dbname) as reader:
            v1 = read(reader, NAMES)
    published = "create view public.before as select id from pggit_v1_archive.history"
    events = rebuilt(server_version, v1, [view(1, "last", OURS[0])], published)
    tree = tree_of(events)
    assert "FROM pggit.history" in tree["public.last"]
    assert "FROM pggit_v1_archive.history" in tree["public.before"]


def test_without_v1_nothing_is_made_up(server_version: Version) -> None:
    with new_database(server_version) as live:
        with connect(server_version.params, dbname=live.info.dbname) as reader:
            v1 = read(reader, NAMES)
        assert v1 == V1Schema(None, NAMES)
        with pytest.raises(psycopg.Error):
            live.execute(OURS[0])
    event = of_rows(rebuilt(server_version, v1, [view(1, "last", OURS[1])]))[1]
    assert event.fidelity == "static"
