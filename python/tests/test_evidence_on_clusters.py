"""The ids of transactions on real clusters: wrapped around, frozen, upgraded, and with the times of commits."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import DATABASE, NO_TESTS, Params, dbt, new_database
from psycopg.rows import dict_row
from test_evidence import HIDDEN, Connection, of_rows, recorded
from tracker import install, send

from pggit_audit import cluster, evidence, programs
from pggit_audit.dated_catalog import DatedCatalog, catalog

pytestmark = pytest.mark.slow

XIDS_PER_SEGMENT = 1 << 20
"""A file of pg_xact has so many transactions, two bits each."""


@dataclass(frozen=True)
class Scratch:
    """A cluster that can be stopped, reset and upgraded; its programs, its data, and who runs it."""

    binaries: Path
    data: Path

    def run(self, program: str, *arguments: str, check: bool = True) -> str:
        done = programs.run_as_server(
            [str(self.binaries / program), *arguments], self.data.parent, programs.account(), {}
        )
        assert not check or done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    @property
    def params(self) -> Params:
        return {"host": str(self.data), "port": 5432, "user": "postgres", "dbname": "postgres"}

    @contextmanager
    def running(self, **settings: str) -> Iterator[Params]:
        options = {"listen_addresses": "", "unix_socket_directories": str(self.data), "port": "5432", "fsync": "off",
                   "autovacuum": "off", **settings}  # fmt: skip
        words = " ".join(f"-c {name}={value or chr(39) * 2}" for name, value in options.items())
        self.run(
            "pg_ctl", "-D", str(self.data), "-w", "-l", str(self.data.parent / "log"), "-o", words, "start"
        )
        try:
            yield self.params
        finally:
            self.run("pg_ctl", "-D", str(self.data), "-w", "-m", "fast", "stop")

    def next_xid(self, xid: int) -> None:
        """Goes on with this id; all rows have to be frozen, and it may be two thousand million on at most."""
        segment = self.data / "pg_xact" / f"{xid // XIDS_PER_SEGMENT:04X}"
        if not segment.exists():
            segment.write_bytes(bytes(XIDS_PER_SEGMENT // 4))
            user = programs.account()
            if user is not None:
                os.chown(segment, user.pw_uid, user.pw_gid)
        self.run("pg_resetwal", "--next-transaction-id", str(xid), "-D", str(self.data))


@contextmanager
def scratch(major: int, *options: str) -> Iterator[Scratch]:
    """A new cluster of this version, gone afterwards; the test is skipped where there is none."""
    binaries = cluster.find(major)
    if binaries is None:
        pytest.skip(f"no PostgreSQL {major} that an unprivileged user may run")
    with tempfile.TemporaryDirectory(prefix="pggit-test-") as name:
        folder = Path(name)
        user = programs.account()
        if user is not None:
            os.chown(folder, user.pw_uid, user.pw_gid)
        folder.chmod(0o755)
        made = Scratch(binaries, folder / "data")
        made.run("initdb", "--auth=trust", "--encoding=UTF8", "--locale=C", "--username=postgres", "--no-sync",
                 *options, "-D", str(made.data))  # fmt: skip
        yield made


def tracked(params: Params) -> Connection:
    """A connection to a new database with a tracker."""
    connection = psycopg.connect(**new_database(params, DATABASE), autocommit=True)
    install(connection)
    connection.execute((resources.files("pggit_audit") / "sql" / "pggit_v0.sql").read_bytes())
    return connection


def freeze(params: Params) -> None:
    with psycopg.connect(**params, autocommit=True) as admin:
        admin.execute("update pg_database set datallowconn = true where datname = 'template0'")
        for (name,) in admin.execute("select datname from pg_database").fetchall():
            with psycopg.connect(**params | {"dbname": name}, autocommit=True) as each:
                each.execute("vacuum freeze")


def burn(connection: Connection, transactions: int) -> None:
    """Takes so many ids."""
    connection.execute(
        f"do $$ begin for i in 1..{transactions} loop perform pg_current_xact_id(); commit; end loop; end $$".encode()
    )


def collected(connection: Connection) -> tuple[DatedCatalog, list[dict[str, Any]]]:
    found, history = evidence.collect(connection, ("pggit",), HIDDEN)
    return DatedCatalog(found, history), list(catalog(found, history))


def lie(rows: list[dict[str, Any]], ids: dict[str, tuple[int, int]]) -> None:
    """What the migrations of `recorded` wrote lies between the rows that it lay between."""
    index, toy = ids["toy_pet_idx"][0], ids["toy"][1]
    truth = {
        ("pet", "keeper", "pg_attribute"): (index - 1, index),
        ("mood", "sad", "pg_enum"): (index - 1, index),
        ("mood", None, "pg_type"): (index - 1, index),
        ("mood", "happy", "pg_enum"): (index, toy),
        ("pet", None, "pg_description"): (index, toy),
    }
    for what, between in truth.items():
        row = of_rows(rows, *what)
        assert row["is_certain"], what
        assert (row["written_not_before"], row["written_not_after"]) == between, what


def test_ids_wrap_around_within_a_history() -> None:
    with scratch(16) as made:
        for xid in (2_000_000_000, 4_000_000_000, (1 << 32) - 1_500):
            with made.running() as params:
                freeze(params)
            made.next_xid(xid)
        with made.running() as params, tracked(params) as connection:
            send(connection, ["create table first (id int primary key)"], "statement")
            burn(connection, 2_500)
            ids = recorded(connection)
            judged, rows = collected(connection)
            xids = [x for _, x in sorted(judged.found.history.items())]
            assert max(xids) > 4_294_000_000 and min(xids) < 5_000, "they did not wrap"
            numbers = [judged.order.full[v] for v in sorted(judged.order.full)]
            assert numbers == sorted(numbers) and len(numbers) == len(xids)
            lie(rows, ids)
            # And once more, frozen: the hint goes with the row, the id stays.
            connection.execute("vacuum freeze")
            lie(collected(connection)[1], ids)


@pytest.mark.parametrize(("old", "new"), [(15, 16), (15, 18), (16, 18)])
def test_pg_upgrade_leaves_ids_that_say_nothing_of_before(old: int, new: int) -> None:
    """It keeps the rows of v1's tables, with their ids, and writes the catalog anew; what comes then is dated."""
    plain = ("--no-data-checksums",) if new >= 18 else ()
    with scratch(old) as before, scratch(new, *plain) as after:
        with before.running() as params, tracked(params) as connection:
            ids = recorded(connection)
            lie(collected(connection)[1], ids)
        said = after.run(
            "pg_upgrade", "-b", str(before.binaries), "-B", str(after.binaries), "-d", str(before.data),
            "-D", str(after.data), "-U", "postgres", "-s", str(after.data.parent),
            check=before.binaries.is_relative_to(programs.installed_in(16).parent),
        )  # fmt: skip
        if "Upgrade Complete" not in said:
            # A distribution's own server may dump what no other one takes.
            pytest.skip(f"pg_upgrade from this PostgreSQL {old} to {new} fails: {said.strip()[-300:]}")
        with after.running() as params:
            connection = psycopg.connect(**params | {"dbname": DATABASE}, autocommit=True)
            with connection:
                judged, rows = collected(connection)
                assert judged.order and judged.anew == max(judged.order.full)
                assert [row["part"] for row in rows if row["is_dated"]] == []
                send(connection, ["create table leash (id int primary key)"], "statement")
                send(connection, ["alter type mood add value 'wild'"], "statement")
                send(connection, ["alter table leash add column mood mood"], "statement")
                rows = collected(connection)[1]
                label = of_rows(rows, "mood", "wild", "pg_enum")
                leash = [
                    of_rows(rows, "leash", part, "pg_attribute")["written_with"] for part in ("id", "mood")
                ]
                assert label["is_certain"]
                assert leash[0] <= label["written_not_before"] < label["written_not_after"] <= leash[1]
                dated = {(r["object_identity"], r["part"]) for r in rows if r["is_dated"]}
                assert all("leash" in identity or part == "wild" for identity, part in dated), dated


def repairs_of(params: Params, pattern: str) -> Sequence[dict[str, Any]]:
    with psycopg.connect(**params, row_factory=dict_row) as connection:
        return connection.execute(
            "select rule, statement, not_before, not_after from pggit_audit.repairs where statement ~ %s",
            (pattern,),
        ).fetchall()


def test_the_time_itself_where_the_server_kept_it(artifacts: Path) -> None:
    with scratch(16) as made, made.running(track_commit_timestamp="on") as params:
        with tracked(params) as connection:
            recorded(connection)
            rows = collected(connection)[1]
            happy = of_rows(rows, "mood", "happy", "pg_enum")["committed_at"]
            keeper = of_rows(rows, "pet", "keeper", "pg_attribute")["committed_at"]
            assert keeper < happy
            assert all(row["committed_at"] for row in rows if row["written_not_before"] is not None)
        params = params | {"dbname": DATABASE}
        done = dbt(params, artifacts, "build", *NO_TESTS)
        assert done.returncode == 0, done.stdout[-6000:]
        for pattern, moment in (("ADD VALUE.*happy", happy), ("RENAME COLUMN.*keeper", keeper)):
            steps = repairs_of(params, pattern)
            assert steps, pattern
            assert {(s["not_before"], s["not_after"]) for s in steps} == {(moment, moment)}, pattern
