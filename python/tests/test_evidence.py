"""The ids of transactions: what they tell on the server that recorded the history, and when they are not trusted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import dict_row
from tracker import install, send

from pggit_audit import evidence
from pggit_audit.dated_catalog import DatedCatalog, catalog, transactions
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.history import History, HistoryRow
from pggit_audit.moments import Moments
from pggit_audit.transactions import WRAP, Order, Written

DAY = datetime(2024, 1, 1)
HIDDEN = ("pggit", "pggit_v0", "pggit_audit", "pggit_audit_work")
Connection = psycopg.Connection[Any]


def written(*xids: int | None, days: bool = True) -> list[Written]:
    """Rows with the ids 10, 20, 30 …, each of a day of its own or all of one."""
    return [
        Written(10 * i, xid, DAY + timedelta(days=i if days else 0)) for i, xid in enumerate(xids, start=1)
    ]


# The order of transactions


def test_what_left_no_row_lies_between_two_that_did() -> None:
    order = Order(written(100, 105, 110))
    found = order.between(107)
    assert found is not None
    assert (found.not_before, found.not_after, found.within) == (20, 30, None)
    own = order.between(105)
    assert own is not None
    assert (own.not_before, own.not_after, own.began, own.within) == (10, 30, 20, 20)
    before, after = order.between(99), order.between(111)
    assert before is not None and (before.not_before, before.not_after) == (None, 10)
    assert after is not None and (after.not_before, after.not_after) == (30, None)


def test_a_part_of_a_transaction_under_an_id_of_its_own_lies_anywhere_in_it() -> None:
    # The second and third row are of one transaction, whose text catches errors: 105 is its own id.
    rows = [
        Written(10 * i, xid, DAY + timedelta(days=day), nests=day == 2)
        for i, (xid, day) in enumerate([(100, 1), (105, 2), (105, 2), (110, 3)], start=1)
    ]
    part, own, other = (Order(rows).between(xid) for xid in (107, 105, 102))
    assert part is not None and (part.not_before, part.not_after, part.within) == (10, 40, None)
    assert own is not None and (own.not_before, own.not_after, own.began, own.within) == (10, 40, 20, 30)
    # Where all that was recorded is of parts, its own id is a smaller one.
    assert other is not None and (other.not_before, other.not_after) == (10, 40)
    assert Order(rows).begin(20) == 101
    # Behind a transaction that runs no parts, it is another one.
    behind = Order(rows).between(112)
    assert behind is not None and (behind.not_before, behind.not_after) == (40, None)


def test_a_part_before_its_transaction_is_not_out_of_order() -> None:
    # Each day's text catches errors in its first half: a part's id is greater than that of the rest.
    rows = [
        Written(2 * day + rest, 100 + 10 * day + 1 - rest, DAY + timedelta(days=day), nests=True)
        for day in range(3)
        for rest in range(2)
    ]
    order = Order(rows)
    assert order and order.out_of_order == 0 and len(order.full) == len(rows)
    # Without such texts, somebody wrote rows again.
    assert not Order([replace(row, nests=False) for row in rows])


@pytest.mark.parametrize(("called", "behind"), [("f", 10), ("g", 20)])
def test_what_calls_code_that_catches_errors_may_run_parts_of_its_transaction(
    called: str, behind: int
) -> None:
    texts = [
        "create function f() returns void language plpgsql as 'begin perform 1; exception when others then null; end'",
        f"select {called}()",
        "create view v as select 1",
    ]
    rows = [
        {"version_id": 10 * i, "created_at": DAY + timedelta(days=i), "object_type": "VIEW", "change_type": "CREATE",
         "new_metadata": None, "change_sql": text}
        for i, text in enumerate(texts, start=1)
    ]  # fmt: skip
    label = evidence.CatalogRow("pg_enum", "type", "public.mood", "calm", 107, {})
    view = evidence.CatalogRow("pg_class", "view", "public.v", None, 110, {})
    found = evidence.Collected("x", {10: 100, 20: 105, 30: 110}, [label, view], 120)
    assert next(row["written_not_before"] for row in catalog(found, rows)) == behind


def test_rows_of_one_moment_and_of_several_ids_are_of_one_transaction() -> None:
    at = DAY + timedelta(microseconds=7)
    order = Order([Written(10, 100, DAY), Written(20, 105, at), Written(30, 106, at), Written(40, 110, DAY)])
    for xid in (103, 105, 106, 108):
        found = order.between(xid)
        assert found is not None and (found.not_before, found.not_after) == (10, 40)


def test_ids_wrap() -> None:
    order = Order(written(WRAP - 10, WRAP - 2, 4, 12), next_xid=(7 << 32) + 20)
    between = {xid: order.between(xid) for xid in (WRAP - 5, 8, 15)}
    assert [(b.not_before, b.not_after) for b in between.values() if b is not None] == [
        (10, 20), (30, 40), (40, None),
    ]  # fmt: skip
    # Four thousand million transactions before the first row there was one with the same id.
    assert not any(b.certain for b in between.values() if b is not None)
    assert order.full[40] - order.full[10] == 22


def test_an_id_of_two_moments_within_the_history_says_nothing() -> None:
    third = WRAP // 3
    order = Order(written(100, third, 2 * third, 100, third), next_xid=(1 << 32) + third + 50)
    assert order.between(third + 10) is None
    assert order.between(2 * third) is not None


def test_a_transaction_that_wrote_rows_of_several_times_was_a_restore() -> None:
    order = Order(written(50, 50, 50))
    assert not order and order.restored == 3
    later = Order(written(50, 50, 60, 70))
    found = later.between(65)
    assert found is not None and (found.not_before, found.not_after) == (30, 40)


def test_a_row_that_was_written_again_is_no_bound() -> None:
    order = Order(written(*range(100, 400), 999, *range(401, 700)))
    assert order.out_of_order == 1
    assert order.full.get(3010) is None
    found = order.between(500)
    assert found is not None and (found.not_before, found.within, found.not_after) == (4000, 4010, 4020)


def test_overlapping_transactions_bound_nothing_between_them() -> None:
    order = Order(written(100, 120, 110, 130, *range(140, 200)))
    found = order.between(115)
    assert found is not None
    assert (found.not_before, found.not_after) == (10, 40)


def test_sessions_at_work_at_the_same_time_are_not_out_of_order() -> None:
    times = [DAY + timedelta(minutes=i, microseconds=7) for i in range(20)]
    rows = [
        Written(10 * i + place, 100 + 2 * i + other, times[i + 10 * other])
        for i in range(10)
        for place, other in enumerate((0, 1, 0, 1))
    ]
    order = Order(rows)
    assert order.out_of_order == 0 and len(order.full) == len(rows)
    found = order.between(104)
    assert found is not None and (found.began, found.within) == (20, 22)
    assert not Order([Written(row.version_id, row.xid, DAY) for row in rows])


def test_ids_out_of_order_are_not_trusted() -> None:
    assert not Order(written(*[100, 90, 80, 70, 60, 50, 40, 30]))


# On the server that made the history


@pytest.fixture
def tracked(empty_database: str) -> Iterator[Connection]:
    with psycopg.connect(empty_database, autocommit=True) as connection:
        install(connection)
        yield connection


MIGRATIONS = (
    ["create table pet (id int primary key, owner text, born date)"],
    ["create table toy (id int primary key, pet int references pet)"],
    ["alter table pet rename owner to keeper", "create type mood as enum ('sad', 'ok')"],
    ["create index on toy (pet)"],
    ["alter type mood add value 'happy'", "comment on table pet is 'dear'"],
    ["alter table toy add column mood mood"],
)


def recorded(connection: Connection) -> dict[str, tuple[int, int]]:
    """Sends the migrations; the first and last id of the rows of each object."""
    for migration in MIGRATIONS:
        send(connection, migration, "statement")
    rows = connection.execute(
        "select o.object_name, min(h.id), max(h.id) from pggit.history as h"
        " join pggit.objects as o on o.id = h.object_id group by 1"
    ).fetchall()
    return {name: (first, last) for name, first, last in rows}


def of_rows(rows: list[dict[str, Any]], name: str, part: str | None, catalog_name: str) -> dict[str, Any]:
    return next(
        r
        for r in rows
        if (r["object_identity"], r["part"], r["catalog"]) == (f"public.{name}", part, catalog_name)
    )


def test_each_row_of_the_catalog_lies_where_it_was_written(tracked: Connection) -> None:
    ids = recorded(tracked)
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    rows = list(catalog(found, history))
    assert all(r["is_dated"] and r["is_certain"] for r in rows if r["object_identity"] != "public")
    index = ids["toy_pet_idx"][0]

    def between(*what: Any) -> tuple[int | None, int | None]:
        row = of_rows(rows, *what)
        return row["written_not_before"], row["written_not_after"]

    assert between("pet", "keeper", "pg_attribute") == (index - 1, index)
    assert between("mood", "sad", "pg_enum") == (index - 1, index)
    assert between("mood", "happy", "pg_enum") == (index, ids["toy"][1])
    assert between("pet", None, "pg_description") == (index, ids["toy"][1])
    assert of_rows(rows, "toy", "mood", "pg_attribute")["written_with"] == ids["toy"][1]
    made = of_rows(rows, "mood", None, "pg_type")
    assert made["made_not_before"] is not None and made["made_not_after"] == index


def test_grants_and_freezing_change_no_order(tracked: Connection) -> None:
    ids = recorded(tracked)
    tracked.execute("grant select (keeper) on pet to public")
    for table in ("pg_catalog.pg_attribute", "pg_catalog.pg_class", "pg_catalog.pg_enum", "pggit.history"):
        tracked.execute(f"vacuum freeze {table}".encode())
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    rows = list(catalog(found, history))
    # A grant writes the column's row again: it is later, and never earlier.
    keeper = of_rows(rows, "pet", "keeper", "pg_attribute")
    assert (keeper["written_not_before"], keeper["written_not_after"]) == (ids["toy"][1], None)
    happy = of_rows(rows, "mood", "happy", "pg_enum")
    assert happy["written_not_after"] == ids["toy"][1]


def test_no_right_is_needed_but_to_read_v1(tracked: Connection) -> None:
    recorded(tracked)
    tracked.execute("drop role if exists evidence_reader")
    tracked.execute("create role evidence_reader")
    tracked.execute("revoke all on schema pggit from public")
    tracked.execute("revoke all on all tables in schema pggit from public")
    tracked.execute("set role evidence_reader")
    with pytest.raises(Refusal, match="may not read"):
        evidence.collect(tracked, ("pggit",), HIDDEN)
    tracked.execute("reset role")
    tracked.execute("grant usage on schema pggit to evidence_reader")
    tracked.execute("grant select on all tables in schema pggit to evidence_reader")
    tracked.execute("set role evidence_reader")
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    assert DatedCatalog(found, history).order
    tracked.execute("reset role")
    tracked.execute("drop owned by evidence_reader")
    tracked.execute("drop role evidence_reader")


# A copy


def test_the_file_says_the_same_as_the_server(tracked: Connection, tmp_path: Path) -> None:
    recorded(tracked)
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    for name in ("e.jsonl", "e.jsonl.gz"):
        evidence.write(tmp_path / name, found, {"database": "x"})
        again = evidence.from_file(tmp_path / name)
        assert again.is_file and not found.is_file
        here, there = (
            [{k: v for k, v in row.items() if k != "source"} for row in catalog(each, history)]
            for each in (found, again)
        )
        assert here == there and any(row["is_dated"] for row in here)


def test_a_file_of_another_history_is_not_used(tracked: Connection, tmp_path: Path) -> None:
    recorded(tracked)
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    history[3] = {**history[3], "created_at": history[3]["created_at"] + timedelta(seconds=1)}
    rows = list(catalog(found, history))
    assert {row["why_not"] for row in rows if row["is_dated"]} == set()
    assert all("of" in row["why_not"] for row in rows)
    assert {row["transaction_no"] for row in transactions(found, history)} == {None}


def test_what_changed_behind_the_file_is_not_dated_by_it(tracked: Connection, tmp_path: Path) -> None:
    """The file has the column under the name that it had, and says nothing of when it got the one that it has now."""
    recorded(tracked)
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    path = tmp_path / "e.jsonl"
    evidence.write(path, found, {})
    tracked.execute("alter table pet rename keeper to guardian")
    tracked.execute("alter type mood rename value 'happy' to 'glad'")
    tracked.execute("drop table toy")
    read = evidence.read(tracked, history, file=str(path), schemas=("pggit",), hidden=HIDDEN)
    rows = list(catalog(read, history))
    stale = {r["part"] or r["object_identity"] for r in rows if not r["is_dated"]}
    assert {"keeper", "happy", "public.toy", "public.toy_pet_idx"} <= stale
    assert stale.isdisjoint({"born", "sad", "public.pet", "public.mood"})
    assert {r["why_not"] for r in rows if not r["is_dated"] and r["object_identity"] != "public"} == {
        "the database has them no more: what they are of was changed behind the file"
    }


def test_a_file_that_lacks_its_end_is_an_error(tracked: Connection, tmp_path: Path) -> None:
    recorded(tracked)
    found, _ = evidence.collect(tracked, ("pggit",), HIDDEN)
    path = tmp_path / "e.jsonl"
    evidence.write(path, found, {})
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    path.write_text("".join(lines[:-1]), encoding="utf-8")
    with pytest.raises(PggitError, match=f"{len(lines) - 2} of the {len(lines) - 1} rows"):
        evidence.from_file(path)


def test_ids_that_wrapped_date_what_is_younger_than_they_were_before(tracked: Connection) -> None:
    """A server of many years: an id may be of four thousand million transactions ago, unless the oid is younger."""
    ids = recorded(tracked)
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    assert found.next_xid is not None
    old = evidence.CatalogRow("pg_class", "table", "public.old", None, 900, {"oid": 12})
    long = evidence.Collected("x", found.history, [*found.catalog, old], found.next_xid + 3 * WRAP)
    rows = list(catalog(long, history))
    index = of_rows(rows, "toy_pet_idx", None, "pg_class")
    assert (index["is_dated"], index["is_certain"], index["written_with"]) == (
        True,
        True,
        ids["toy_pet_idx"][1],
    )
    keeper = of_rows(rows, "pet", "keeper", "pg_attribute")
    assert keeper["is_certain"]
    older = of_rows(rows, "old", None, "pg_class")
    assert not older["is_certain"] and "older transaction" in older["why_not"]


def test_a_broken_file_is_an_error_in_words(tmp_path: Path) -> None:
    for text in ("", "{}\n", '{"format": "pggit-audit evidence 1", "next_xid": 5}\n{"history"', "\x00"):
        path = tmp_path / "broken"
        path.write_text(text, encoding="utf-8")
        with pytest.raises(PggitError, match="is no file of evidence"):
            evidence.from_file(path)
    with pytest.raises(PggitError, match="No such file"):
        evidence.from_file(tmp_path / "nowhere")


def test_after_a_restore_nothing_is_dated(tracked: Connection) -> None:
    recorded(tracked)
    with tracked.transaction():
        tracked.execute("create table kept as select * from pggit.history")
        tracked.execute("update pggit.history set change_description = change_description")
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    judged = DatedCatalog(found, history)
    assert not judged.order and judged.refused is not None and "pg_restore" in judged.refused


def created(kind: str, number: int) -> list[dict[str, Any]]:
    """So many rows of CREATEs, one a day."""
    return [
        {"version_id": i, "created_at": DAY + timedelta(days=i), "object_type": kind, "change_type": "CREATE",
         "new_metadata": None, "change_sql": "select 1"}
        for i in range(1, number + 1)
    ]  # fmt: skip


def test_a_restored_history_that_goes_on_is_dated_from_there_on() -> None:
    """The tracker of the copy records with ids of its own: they say nothing of what the restore wrote."""
    rows = created("VIEW", 25)
    xids = {i: 700 if i <= 20 else 800 + i for i in range(1, 26)}

    def label(xid: int) -> evidence.CatalogRow:
        return evidence.CatalogRow("pg_enum", "type", "public.mood", str(xid), xid, {"oid": xid})

    found = evidence.Collected("x", xids, [label(690), label(710), label(822)], 900)
    judged = DatedCatalog(found, rows)
    assert judged.order and judged.anew == 20
    why = [(row["is_dated"], row["why_not"]) for row in catalog(found, rows)]
    again = (False, "pg_restore or pg_upgrade wrote the catalog anew behind row 20")
    assert why == [again, again, (True, None)]
    # Rows in the middle that somebody wrote again at once are no restore.
    xids = {i: 900 if 10 <= i <= 12 else 800 + i for i in range(1, 26)}
    found = evidence.Collected("x", xids, [label(805)], 950)
    assert DatedCatalog(found, rows).anew is None
    assert [row["written_with"] for row in catalog(found, rows)] == [5]


def test_a_catalog_that_was_written_anew_says_nothing_of_before(tracked: Connection) -> None:
    """As pg_upgrade leaves it: the rows of v1's tables as they were, all of the catalog new; then it goes on."""
    recorded(tracked)
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    newest = max(found.history.values())
    anew = [evidence.CatalogRow(**{**row.__dict__, "xid": newest + 5}) for row in found.catalog]
    rows = list(catalog(evidence.Collected("x", found.history, anew, found.next_xid), history))
    assert not any(row["is_dated"] for row in rows)
    later = {"version_id": history[-1]["version_id"] + 1, "created_at": DAY + timedelta(days=9000)}
    gone_on = [*history, {**history[-1], **later, "new_metadata": None}]
    xids = {**found.history, later["version_id"]: newest + 10}
    label = evidence.CatalogRow("pg_enum", "type", "public.mood", "new", newest + 12, {"oid": 99999})
    altered = evidence.CatalogRow("pg_attribute", "table column", "public.pet", "born", newest + 10, {})
    rows = list(catalog(evidence.Collected("x", xids, [*anew, altered, label], None), gone_on))
    assert [row["part"] for row in rows if row["is_dated"]] == ["born", "new"]


def test_rows_that_were_written_again_alone_date_nothing() -> None:
    """Each in a transaction of its own, and in their order: but none of the catalog's rows is of one of those."""
    rows = created("INDEX", 3)
    column = evidence.CatalogRow("pg_attribute", "table column", "public.pet", "born", 115, {})
    index = evidence.CatalogRow("pg_class", "index", "public.pet_born", None, 119, {})
    for xids, is_dated in (({1: 110, 2: 119, 3: 130}, True), ({1: 110, 2: 120, 3: 130}, False)):
        found = evidence.Collected("x", xids, [column, index], 140)
        assert [row["is_dated"] for row in catalog(found, rows)] == [is_dated] * 2


def test_rows_of_v1_that_were_written_again_are_reported(tracked: Connection) -> None:
    """Each by itself, so that no transaction shows a restore; but columns are older than the rows of their tables'
    CREATE, though each table was altered since."""
    recorded(tracked)
    for (version,) in tracked.execute("select id from pggit.history order by id").fetchall():
        tracked.execute("update pggit.history set commit_hash = null where id = %s", (version,))
    for schema, table in tracked.execute(
        "select schemaname, tablename from pg_tables where schemaname not in ('pg_catalog', 'information_schema')"
        " and schemaname not like 'pggit%%'"
    ).fetchall():
        tracked.execute(
            sql.SQL("alter table {} add column since_then int").format(sql.Identifier(schema, table))
        )
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    judged = DatedCatalog(found, history)
    assert not judged.order and judged.refused is not None and "CREATE" in judged.refused


# Positions


def test_moments_are_positions_of_the_replay(tracked: Connection) -> None:
    ids = recorded(tracked)
    found, history = evidence.collect(tracked, ("pggit",), HIDDEN)
    rows = [
        HistoryRow(
            i, row["version_id"], "main", row["object_type"], "public", "x", row["change_type"], None, "", None,
            row["created_at"], None, None, i,
        )
        for i, row in enumerate(r for r in history if r["version_id"] >= ids["pet"][0])
    ]  # fmt: skip
    moments = Moments(History(rows), catalog(found, history))
    label = next(x for x in moments.labels("public.mood") if x.text == "happy")
    assert label.moment is not None and label.moment.alone
    # It was sent right behind the index, and a comment came between it and the column.
    place, early = label.moment.due
    assert not early and rows[place].version_id == ids["toy_pet_idx"][0]
    assert not label.moment.passed(place, early=True) and label.moment.passed(place, early=False)
    assert not any(label.moment.spans(position) for position in range(len(rows)))
    wide = label.moment._replace(last=place + 3)
    assert [position for position in range(len(rows) + 3) if wide.spans(position)] == [place + 1, place + 2]
    assert not wide._replace(own=place + 1).spans(place + 2)
    farther = label.moment._replace(nearer=False)
    assert farther.due == (place + 1, True)
    assert not farther.passed(place, early=False) and farther.passed(place + 1, early=True)
    made = moments.made("type", "public.mood")
    assert made is not None and made.last <= label.moment.first


def test_the_command_writes_what_the_build_reads(
    tracked: Connection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from pggit_audit.cli import main

    recorded(tracked)
    info = conninfo_to_dict(make_conninfo(**tracked.info.get_parameters()))
    for name, value in (("HOST", "host"), ("PORT", "port"), ("USER", "user"), ("DBNAME", "dbname")):
        monkeypatch.setenv(f"PGGIT_STAGING_{name}", str(info.get(value) or "5432"))
    monkeypatch.setenv("PGGIT_STAGING_PASSWORD", "")
    out = tmp_path / "evidence.jsonl.gz"
    assert main(["evidence", "collect", "--out", str(out), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert said["usable"] and said["rows"] == said["history_rows"] + said["catalog_rows"]
    assert len(evidence.from_file(out).catalog) == said["catalog_rows"]
    tracked.execute("update pggit.history set change_description = change_description")
    assert main(["evidence", "collect", "--out", str(tmp_path / "none"), "--json"]) == 1
    assert not json.loads(capsys.readouterr().out)["usable"] and not (tmp_path / "none").exists()


def test_the_tables_of_a_recorded_history_come_first(tracked: Connection) -> None:
    recorded(tracked)
    tracked.execute("create table pggit.history_xids (id bigint, xid bigint)")
    tracked.execute(
        "create table pggit.catalog_xids (catalog text, object_type text, object_identity text, part text,"
        " xid bigint, facts jsonb)"
    )
    tracked.execute("insert into pggit.history_xids select id, xmin::text::bigint from pggit.history")
    with tracked.cursor(row_factory=dict_row) as cursor:
        history = cursor.execute(
            "select id as version_id, xmin::text::bigint as transaction_id, created_at from pggit.history"
        ).fetchall()
    found = evidence.read(tracked, history, file=None, schemas=("pggit",), hidden=HIDDEN)
    assert "history_xids" in found.source and len(found.history) == len(history) and not found.catalog
