"""Random migrations through the whole pipeline, judged as a case is: by the server's catalog and by pg_dump.

`make fuzz` tries as many as it is told; `make test-all` a few, always the same ones.
"""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import Any

import pytest
from casebook.judging import Judge
from casebook.pipeline import Pipeline, built
from casebook.reading import Case, Migration
from casebook.recording import Server
from fuzz.asked import fuzz
from fuzz.migrations import make_migration
from fuzz.rebuild import recording
from hypothesis import given
from hypothesis import strategies as st

from pggit_audit import embedded
from pggit_audit.errors import PggitError

CLIENTS = {"script": "script", "statement": "psql", "transaction": "psql1"}


@pytest.fixture(autouse=True)
def _nothing_is_overlooked() -> None:
    """Each statement is looked at once here: the judge compares the whole catalog after each migration."""


def told(case: Case, found: list[str]) -> str:
    """The case, ready to be made a file of python/tests/cases, and what was found."""
    sent = (f"-- @@ {' '.join([m.name, *m.words])} client={m.client}\n{m.text}" for m in case.migrations)
    return "\n".join([f"-- @server {case.server}\n{''.join(sent)}", *found])


@pytest.mark.slow
@fuzz(8)
@given(data=st.data())
def test_random_histories(
    server: embedded.Server,
    server_18: embedded.Server,
    pipeline: Pipeline,
    tmp_path_factory: pytest.TempPathFactory,
    data: Any,
) -> None:
    number, where = data.draw(st.sampled_from(((16, server), (18, server_18))))
    # So many migrations are older than the tracker.
    older = data.draw(st.integers(0, 2))
    sent: list[Migration] = []
    with recording(where) as draft:
        for _ in range(older + data.draw(st.integers(2, 6))):
            migration = make_migration(data.draw, draft.connection, tries=(4, 16))
            if migration.statements:
                draft.send(migration)
                text = "".join(f"{statement};\n" for statement in migration.statements)
                words = frozenset({"setup"} if len(sent) < older else ())
                sent.append(Migration(f"m{len(sent) + 1}", text, words, CLIENTS[migration.style]))
    if len(sent) <= older:
        return
    case = Case("random", tuple(sent), number)
    assert not (found := judged(case, where, pipeline, tmp_path_factory.mktemp("sent"))), told(case, found)


def judged(case: Case, where: embedded.Server, pipeline: Pipeline, folder: Path) -> list[str]:
    """What is wrong once the case is built: whether its tests pass, and its scripts make what was there.

    Of each statement, `test_random_migrations` asks whether an `exact` is wrong that could be known, and whether a
    change was within its interval; a case only knows what was there between migrations.
    """
    server = Server(case.server, where.params("postgres"), where.bin)
    try:
        with built(case, server, pipeline, folder, as_planned=False) as (made, build, problems):
            return [*problems, *islice(Judge(case, made, build).scripts(), 5)]
    except PggitError as error:
        return [f"the build ended: {error}"]
