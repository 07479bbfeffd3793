"""Whatever stands in the history, the build ends, says what was wrong, and harms nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import bad_history
import psycopg
import pytest
from bad_history import Case, Row
from helpers import execute
from project import (
    APPEND_ONLY,
    DATABASE,
    NO_TESTS,
    PUBLISHED,
    Params,
    contents,
    dbt,
    fingerprint,
    install_sources,
    new_database,
    shadows,
)

from pggit_audit import embedded

HARM = Path(bad_history.HARM)
CASES = bad_history.cases()
# Without a host it is the embedded server, where the history has no rights; a second is enough for what ends at all.
TARGET = {"dbname": DATABASE}
BUILD = ("build", "--vars", "{statement_timeout_seconds: 1}")

WHAT_BECAME_OF_IT = """
    select
        c.v1_version_id, c.fidelity,
        coalesce((select string_agg(message, '; ') from pggit_audit.findings as f where f.change_id = c.change_id), ''),
        coalesce((select string_agg(evidence, '; ') from pggit_audit.repairs as r where r.change_id = c.change_id), '')
    from pggit_audit.changes as c
    where c.v1_version_id is not null
    union all
    select v1_version_id, '', reason, '' from pggit_audit.excluded_history
"""


@dataclass
class Built:
    """The database that was built in, what dbt said, and what was there before."""

    params: Params
    folder: Path
    said: str
    team_before: list[str]
    server_before: list[Any]
    accounts: list[tuple[int, str, str, str]]


def the_server(server: embedded.Server) -> list[Any]:
    """What a statement could do harm to outside its database."""
    admin = server.params("postgres")
    return [
        (server.data / "postgresql.auto.conf").read_text(),
        execute(
            admin,
            f"select datname from pg_database where datname not in ('{DATABASE}', '{embedded.DATABASE}') order by 1",
        ),
        execute(admin, "select rolname, rolsuper, rolpassword, rolconnlimit from pg_authid order by 1"),
        execute(admin, "select * from pg_db_role_setting"),
        HARM.exists(),
    ]


@pytest.fixture(scope="module")
def built(server: embedded.Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Built]:
    HARM.unlink(missing_ok=True)
    params = new_database(server.params("postgres"), DATABASE)
    with psycopg.connect(**params) as connection:
        install_sources(connection)
        bad_history.fill(connection, CASES)
    before = fingerprint(params, "public", "pggit"), the_server(server)
    folder = tmp_path_factory.mktemp("bad_history")
    done = dbt(TARGET, folder, *BUILD)
    assert done.returncode == 0, done.stdout[-6000:]
    yield Built(params, folder, done.stdout, *before, execute(params, WHAT_BECAME_OF_IT))
    execute(server.params("postgres"), f"drop database {DATABASE} with (force)")


def test_the_gate_passes(built: Built) -> None:
    assert re.search(r"Done\. PASS=\d+ WARN=0 ERROR=0 SKIP=0", built.said)


def test_every_row_is_one_change_or_one_exclusion(built: Built) -> None:
    expected = sorted(row.version_id for case in CASES for row in case.rows)
    assert sorted(version for version, *_ in built.accounts) == expected


def test_each_row_says_what_was_wrong_with_it(built: Built) -> None:
    accounts = {version: account for version, *account in built.accounts}
    wrong = {
        f"{case.name}, row {row.version_id}": accounts[row.version_id]
        for case in CASES
        for row in case.rows
        if not is_as_expected(row, *accounts[row.version_id])
    }
    assert wrong == {}


def is_as_expected(row: Row, fidelity: str, said: str, evidence: str) -> bool:
    if row.finding is not None:
        is_said = re.search(row.finding, said) is not None
    else:
        is_said = said == "" or fidelity not in ("exact", "repaired")
    # Whoever looks at a row that is not exact is told something, and can read it.
    is_told = fidelity == "exact" or bool(said or evidence)
    return fidelity == row.fidelity and is_said and is_told and len(said) < 1000


def test_the_names_come_back_as_they_are(built: Built) -> None:
    tables = "select object_name from pggit_audit.current_objects where object_type = 'TABLE'"
    assert set(bad_history.NAMES) <= {name for (name,) in execute(built.params, tables)}


def test_the_team_s_schema_and_the_history_are_untouched(built: Built) -> None:
    assert fingerprint(built.params, "public", "pggit") == built.team_before


def test_nothing_outside_was_reached(built: Built, server: embedded.Server) -> None:
    assert the_server(server) == built.server_before
    assert shadows(built.params) == []


def test_the_next_build_goes_on_from_it(built: Built) -> None:
    """A published history that cannot be replayed twice would be the end of the audit layer."""
    before = contents(built.params, *PUBLISHED, clock=True)
    later = Row("TABLE", "after_all", "CREATE", "create table after_all (id integer)", "exact")
    later.version_id, later.at = 5000, bad_history.START
    with psycopg.connect(**built.params) as connection:
        bad_history.fill(connection, [Case("one row more", [later], "create table after_all (id integer)")])
    done = dbt(TARGET, built.folder, *BUILD, *NO_TESTS)
    assert done.returncode == 0, done.stdout[-6000:]
    assert (5000, "exact", "", "") in execute(built.params, WHAT_BECAME_OF_IT)
    after = contents(built.params, *PUBLISHED, clock=True)
    assert {name for name in APPEND_ONLY if set(before[name]) - set(after[name])} == set()
