"""Random histories, with the ids of transactions, on clusters that wrap, freeze, are restored and upgraded."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import psycopg
import pytest
from fuzz.migrations import Migration, make_migration
from fuzz.rebuild import Recording, collected, outside, problems, rebuild, recording, tell
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from project import DATABASE
from test_evidence_on_clusters import Scratch, burn, freeze, scratch, tracked

from pggit_audit import evidence

pytestmark = pytest.mark.slow

EXAMPLES = 4
WRAP = 1 << 32


class Place:
    """A cluster's databases, by name."""

    def __init__(self, cluster: Scratch) -> None:
        self.cluster = cluster

    def params(self, dbname: str) -> dict[str, Any]:
        return self.cluster.params | {"dbname": dbname}


def each(example: Callable[[Any], None]) -> None:
    """Runs it with some random data, always the same."""

    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate,),
        database=None,
    )
    @given(data=st.data())
    def run(data: Any) -> None:
        example(data.draw)

    run()


def migrate(draw: Any, made: Recording) -> None:
    for _ in range(draw(st.integers(2, 4))):
        made.send(make_migration(draw, made.connection))


def keeps_its_promises(made: Recording, brought: evidence.Collected | None = None) -> list[dict[str, Any]]:
    """The events with the ids: none is exact and wrong, none lies outside its interval."""
    events = rebuild(made, with_ids=True, brought=brought)
    found = [*problems(made, events), *outside(made, events)]
    assert not found, tell(made, found)
    return events


def said(events: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
    return [(e["object_identity"], e["change_type"], e["fidelity"], e["new_definition"]) for e in events]


def test_ids_that_wrap_and_are_frozen_within_random_histories() -> None:
    def example(draw: Any) -> None:
        with scratch(16) as cluster:
            for xid in (2_000_000_000, 4_000_000_000, WRAP - 3_000):
                with cluster.running() as params:
                    freeze(params)
                cluster.next_xid(xid)
            with cluster.running(), recording(Place(cluster)) as made:
                migrate(draw, made)
                burn(made.connection, 4_000)
                made.send(Migration("statement", ("create table wrapped (id integer)",)))
                migrate(draw, made)
                xids = collected(made)[0].history.values()
                assert max(xids) > WRAP // 2 > min(xids), "they did not wrap"
                events = keeps_its_promises(made)
                made.connection.execute("vacuum freeze")
                assert said(keeps_its_promises(made)) == said(events)

    each(example)


def test_random_histories_that_were_restored_with_a_file_of_the_ids_and_without(tmp_path: Path) -> None:
    with scratch(16) as cluster, cluster.running():

        def example(draw: Any) -> None:
            with recording(Place(cluster)) as made:
                migrate(draw, made)
                events = keeps_its_promises(made)
                file = tmp_path / "evidence.jsonl.gz"
                evidence.write(file, collected(made)[0], {})
                restored = restore(cluster, made)
                # A restore writes all ids anew, and nothing may be made of those.
                assert {e["fidelity"] for e in keeps_its_promises(restored)} <= {
                    e["fidelity"] for e in rebuild(made)
                }
                assert said(rebuild(restored, with_ids=True)) == said(rebuild(restored))
                assert said(keeps_its_promises(restored, evidence.from_file(file))) == said(events)
                migrate(draw, restored)
                keeps_its_promises(restored)
                keeps_its_promises(restored, evidence.from_file(file))
                restored.connection.close()

        each(example)


def restore(cluster: Scratch, made: Recording) -> Recording:
    """The same recording in a database that pg_restore made."""
    name, dump = f"{made.database}_restored", cluster.data.parent / f"{made.database}.dump"
    place = ("-h", str(cluster.data), "-p", "5432", "-U", "postgres")
    cluster.run("pg_dump", *place, "-Fc", "-f", str(dump), "-d", made.database)
    cluster.run("createdb", *place, "-T", "template0", name)
    cluster.run("pg_restore", *place, "-d", name, "--exit-on-error", str(dump))
    connection = psycopg.connect(**made.server.params(name), autocommit=True)
    return Recording(
        made.server, name, connection, [*made.migrations], [*made.moments], [*made.refused], [*made.rowless]
    )


def test_random_histories_that_go_on_behind_pg_upgrade() -> None:
    def example(draw: Any) -> None:
        with scratch(16) as before, scratch(16) as after:
            with before.running(), tracked(before.params) as connection:
                made = Recording(Place(before), DATABASE, connection)
                migrate(draw, made)
                keeps_its_promises(made)
            after.run(
                "pg_upgrade", "-b", str(before.binaries), "-B", str(after.binaries), "-d", str(before.data),
                "-D", str(after.data), "-U", "postgres", "-s", str(after.data.parent), "--no-sync",
            )  # fmt: skip
            with after.running():
                made.server = Place(after)
                made.connection = psycopg.connect(**made.server.params(made.database), autocommit=True)
                keeps_its_promises(made)
                migrate(draw, made)
                keeps_its_promises(made)
                made.connection.close()

    each(example)
