"""Every wait for a lock has a limit, and its end says who holds what; nothing is half done.

Each wait is real: another session holds something that a build, or a command, wants. The limit is lowered, so that none
takes a minute.
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from dbt.cli.main import dbtRunner
from helpers import execute
from project import NO_TESTS, PROJECT, PUBLISHED, Params, contents, copied, differences, shadows

from pggit_audit import embedded, grounds, sessions
from pggit_audit.cli import main
from pggit_audit.night import monitor
from pggit_audit.shadow import open_shadow

LATER = (Path(__file__).parents[1] / "gate" / "later.sql").read_text(encoding="utf-8")
pytestmark = pytest.mark.slow

HOLDER = "somebody's tool"


@dataclass(frozen=True)
class Wait:
    """What another session holds in its transaction, what is built meanwhile, and what is said of the wait.

    Attributes:
        name: of the wait.
        held: statements of the other session.
        selected: the models that are built.
        said: a pattern for what was wanted.
        before: what makes the build want it.

    """

    name: str
    held: str
    selected: str
    said: str
    before: Sequence[str] = ()


def _published(schema: str, table: str, mode: str = "exclusive", model: str | None = None) -> Wait:
    name = f"{schema}.{table}"
    model = model or (f"pggit_v0__{table}" if schema == "pggit_v0" else table)
    return Wait(
        f"{name} in {mode}",
        f"lock table {name} in {mode} mode",
        model,
        rf"Lock on {re.escape(name)} was wanted",
    )


WAITS = [
    Wait(
        "v1's history",
        "lock table pggit.history",
        "int_replay__executions",
        r"Lock on pggit\.history was wanted",
    ),
    Wait(
        "v1's objects",
        "lock table pggit.objects",
        "int_replay__executions",
        r"Lock on pggit\.objects was wanted",
    ),
    Wait(
        "the table of the build lock",
        "lock table pggit_audit_work.own_transactions in exclusive mode",
        "changes",
        r"RowShareLock on pggit_audit_work\.own_transactions was wanted",
    ),
    *(
        _published("pggit_audit", name)
        for name in (
            "changes",
            "repairs",
            "excluded_history",
            "object_versions",
            "compliance_log",
            "verification_summary",
        )
    ),
    *(_published("pggit_v0", name) for name in ("objects", "tree_entries", "commit_graph", "refs", "head")),
    Wait(
        "a table that is vacuumed",
        "lock table pggit_v0.tree_entries in share update exclusive mode",
        "pggit_v0__tree_entries",
        r"ShareUpdateExclusiveLock on pggit_v0\.tree_entries was wanted",
    ),
    Wait(
        "a view that somebody reads, and that gets another text",
        "select * from pggit_audit.unverified_changes",
        "unverified_changes",
        r"AccessExclusiveLock on pggit_audit\.unverified_changes was wanted",
        [
            "do $$ begin execute 'create or replace view pggit_audit.unverified_changes as '"
            " || rtrim(pg_get_viewdef('pggit_audit.unverified_changes'::regclass), ';') || ' limit 3'; end $$"
        ],
    ),
    Wait(
        "a table that somebody writes to, and that gets a guard",
        "update pggit_audit.changes set verified = verified where false",
        "changes",
        r"Lock on pggit_audit\.changes was wanted",
        ["drop trigger changes_no_delete on pggit_audit.changes"],
    ),
    Wait(
        "the chain of the log",
        "lock table pggit_audit_work.compliance_anchors in exclusive mode",
        "compliance_log",
        r"Another session writes to the compliance log.*Lock on pggit_audit_work\.compliance_anchors was wanted",
        [
            "set session_replication_role = replica",
            "delete from pggit_audit.compliance_log where entry_no = ("
            "select max(entry_no) from pggit_audit.compliance_log)",
        ],
    ),
    *(
        Wait(
            f"{name} of the server",
            f"lock table {name} in exclusive mode",
            "+int_replay__events",
            f"Lock on {name} was wanted",
            [LATER],
        )
        for name in ("pg_authid", "pg_database")
    ),
]


@contextmanager
def holding(params: Params, statements: str) -> Iterator[int]:
    """Another session that holds something; its process."""
    with psycopg.connect(**params | {"application_name": HOLDER}) as other:
        other.execute(statements.encode())
        yield other.info.backend_pid
        other.rollback()


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    """Waits that are over soon."""
    monkeypatch.setitem(sessions.PINNED, "lock_timeout", "5s")  # type: ignore[arg-type]


def as_target(params: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    """A database as the target `staging` of this process."""
    for name in [name for name in os.environ if name.startswith(("DBT_", "PGGIT_STAGING_"))]:
        monkeypatch.delenv(name)
    for name in ("host", "port", "user", "password", "dbname"):
        if name in params:
            monkeypatch.setenv(f"PGGIT_STAGING_{name.upper()}", str(params[name]))


def build(params: Params, folder: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[bool, str]:
    """Build in this process; whether it succeeded, and what it said."""
    as_target(params, monkeypatch)
    said: list[str] = []
    runner = dbtRunner(
        callbacks=[lambda event: said.append(event.info.msg) if event.info.level != "debug" else None]
    )
    options = ["--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT)]
    options += ["--target-path", str(folder / "target"), "--log-path", str(folder / "logs"), "--quiet"]
    done = runner.invoke(["build", *options, *NO_TESTS, *arguments])
    return done.success, " ".join(" ".join([*said, str(done.exception or "")]).split())


@pytest.mark.parametrize("wait", WAITS, ids=[wait.name for wait in WAITS])
def test_a_build_says_who_holds_what(
    built: Params, artifacts: Path, monkeypatch: pytest.MonkeyPatch, wait: Wait
) -> None:
    with copied(built) as params:
        execute(params, "select 1", *wait.before)
        before = contents(params, *PUBLISHED, clock=True)
        with holding(params, wait.held) as pid:
            succeeded, said = build(params, artifacts, monkeypatch, "--select", wait.selected)
        assert not succeeded, said[-3000:]
        assert re.search(wait.said, said), said[-3000:]
        who = rf"process {pid} \(user '{params['user']}', \"{HOLDER}\", in a transaction since"
        assert re.search(who, said), said[-3000:]
        assert f"last query: {wait.held[:100]}" in said
        assert differences(before, contents(params, *PUBLISHED, clock=True)) == {}
        assert shadows(params) == []


@pytest.mark.parametrize(
    ("arguments", "held"),
    [
        (("monitor",), "pggit_audit.changes"),
        (("monitor",), "pggit_v0.refs"),
        (("preflight", "--json"), "pggit.history"),
        (("report", "compliance", "--out", "{folder}/report.html"), "pggit_audit.compliance_log"),
        (("rebuild", "HEAD"), "pggit_v0.commit_graph"),
    ],
    ids=str,
)
def test_a_command_says_who_holds_what(
    built: Params,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    held: str,
) -> None:
    with copied(built) as params:
        before = contents(params, *PUBLISHED, clock=True)
        as_target(params, monkeypatch)
        monkeypatch.setattr(monitor, "LOCK_TIMEOUT", "2s")
        monkeypatch.setenv("PGGIT_NIGHT_DIR", str(tmp_path))
        monkeypatch.chdir(PROJECT)
        with holding(params, f"lock table {held}") as pid:
            status = main([each.format(folder=tmp_path) for each in arguments])
        said = " ".join("".join(capfd.readouterr()).split())
        assert status != 0, said
        assert f"process {pid} (user '{params['user']}'" in said, said
        assert held in said
        assert differences(before, contents(params, *PUBLISHED, clock=True)) == {}


def test_a_shadow_that_somebody_is_in_is_left_behind_with_a_word(
    server: embedded.Server, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A superuser's session, which the build's role may not end; the next build drops it."""
    monkeypatch.setattr(grounds, "_LEAVING", 1.0)
    admin = server.params("postgres")
    execute(admin, "create role hostile_builder login createdb createrole")
    builder = admin | {"user": "hostile_builder"}
    try:
        with open_shadow(builder, hidden=()) as shadow:
            inside = psycopg.connect(**admin | {"dbname": shadow.name, "application_name": HOLDER})
        assert f"The shadow database {shadow.name} could not be dropped" in caplog.text
        assert f"process {inside.info.backend_pid} of user 'postgres' (\"{HOLDER}\") is in it" in caplog.text
        inside.close()
        with open_shadow(builder, hidden=()) as another:
            assert shadows(admin) == [another.name]
        assert shadows(admin) == []
    finally:
        execute(admin, "drop role hostile_builder")


def test_a_shadow_comes_back_whoever_has_the_lock_of_its_name(server: embedded.Server) -> None:
    admin = server.params("postgres")
    with open_shadow(admin, hidden=()) as shadow, psycopg.connect(**admin, autocommit=True) as other:
        shadow.run("create table kept (id integer)")
        key = int(shadow.name[-8:], 16) >> 1
        execute(
            admin,
            "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
            f" and classid = {0x70676773} and objid = {key}",
        )
        while not other.execute(f"select pg_try_advisory_lock({0x70676773}, {key})").fetchall()[0][0]:
            pass
        begun = time.monotonic()
        shadow._ground.come_back()
        assert time.monotonic() - begun < 10
        assert [name for name in shadows(admin) if name == shadow.name]
        shadow.run("create table more (id integer)")
    assert shadows(admin) == []
