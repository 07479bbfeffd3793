"""The rehearsal: what it measures says no where something is wrong, and its report says why."""

from __future__ import annotations

import gzip
import io
import json
import re
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers import execute
from nights import hook
from project import PROJECT, SAMPLE, Params, copied

from pggit_audit import embedded, evidence, programs, targets
from pggit_audit.cli import main
from pggit_audit.errors import PggitError
from pggit_audit.lab import recorded
from pggit_audit.night.preflight.calls import CallTable, read_seed
from pggit_audit.night.rehearsal import dual_run, own_queries, report, restore, spot_checks, timings
from pggit_audit.night.rehearsal import own_server as own_servers
from pggit_audit.night.rehearsal.known import read_known
from pggit_audit.night.rehearsal.own_queries import OwnQuery
from pggit_audit.night.rehearsal.own_server import own_server
from pggit_audit.night.v1 import Names

NAMES = Names()


@pytest.fixture
def moved(built: Params) -> Iterator[psycopg.Connection[Any]]:
    """A session in the migrated sample, v1 in place; what a test does there is rolled back."""
    with psycopg.connect(**built) as connection:
        yield connection
        connection.rollback()


def _tampered(connection: psycopg.Connection[Any], *statements: str) -> None:
    connection.execute("set local session_replication_role = replica")
    for statement in statements:
        connection.execute(statement.encode())
    connection.execute("set local session_replication_role = origin")


# Where the copy comes from ------------------------------------------------------------------------


def test_a_dump_is_known_by_what_is_in_it(tmp_path: Path) -> None:
    (tmp_path / "custom").write_bytes(b"PGDMP\1\16")
    (tmp_path / "plain.sql").write_text("create table t ();")
    (tmp_path / "packed.sql.gz").write_bytes(gzip.compress(b"create table t ();"))
    with tarfile.open(tmp_path / "archive", "w") as archive:
        archive.addfile(tarfile.TarInfo("toc.dat"), io.BytesIO())
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "toc.dat").write_bytes(b"PGDMP")
    found = {
        name: restore.source(str(tmp_path / name)).format
        for name in ("custom", "plain.sql", "packed.sql.gz", "archive", "folder")
    }
    assert found == {
        "custom": "custom", "plain.sql": "plain", "packed.sql.gz": "plain", "archive": "tar", "folder": "directory",
    }  # fmt: skip
    assert restore.source("production_copy") == restore.Source("database", database="production_copy")


def test_what_is_no_dump_is_refused(tmp_path: Path) -> None:
    (tmp_path / "backup").mkdir()
    for name in ("pggit.dump", "manifest.json"):
        (tmp_path / "backup" / name).touch()
    (tmp_path / "empty").mkdir()
    for name, words in (
        ("backup", "of v1's schema alone"),
        ("empty", "none that pg_dump wrote"),
        ("gone.dump", "There is no"),
    ):
        with pytest.raises(PggitError, match=words):
            restore.source(str(tmp_path / name))


def test_a_plain_script_is_restored_past_its_errors(server: embedded.Server, tmp_path: Path) -> None:
    script = tmp_path / "dump.sql.gz"
    script.write_bytes(
        gzip.compress(b"create table public.t (a integer);\nalter table public.t owner to nobody_here;\n")
    )
    with restore.restored(restore.source(str(script)), server.params("postgres"), tmp_path) as (params, said):
        assert len(said) == 1 and "nobody_here" in said[0]
        with psycopg.connect(**params) as connection:
            assert restore.row_counts(connection, {"public.t": 0}) == []
            assert restore.row_counts(connection, {"public.t": 3, "public.u": 1}) == [
                "public.t has 0 rows; the manifest counts 3",
                "public.u is not in the copy; the manifest counts 1 rows",
            ]
    with psycopg.connect(**server.params("postgres")) as admin:
        left = admin.execute("select from pg_database where datname = %s", (params["dbname"],)).fetchall()
    assert left == []


@pytest.mark.parametrize("text", ["", "[]", '{"t": "many"}', "{"])
def test_a_bad_manifest(tmp_path: Path, text: str) -> None:
    (tmp_path / "m.json").write_text(text)
    with pytest.raises(PggitError, match="is no manifest"):
        restore.read_manifest(tmp_path / "m.json")


# What is measured ---------------------------------------------------------------------------------


def test_spot_checks_agree_and_are_drawn_by_their_seed(moved: psycopg.Connection[Any]) -> None:
    first = spot_checks.draw(moved, NAMES, 5)
    assert len(first) == spot_checks.COUNT
    assert [one.problems for one in first] == [[]] * len(first)
    assert spot_checks.draw(moved, NAMES, 5) == first
    assert {one.object_identity for one in spot_checks.draw(moved, NAMES, 6)} != {
        o.object_identity for o in first
    }


@pytest.mark.parametrize(
    ("tampering", "problem"),
    [
        ("update pggit_audit.changes set author = 'mallory'", "author: v1 has"),
        ("update pggit_audit.changes set committed_at = committed_at + interval '1 second'", "time: v1 has"),
        ("update pggit_audit.changes set v1_version = v1_version + 1", "v1's number: v1 has"),
        ("update pggit_audit.object_versions set definition = definition || ' '", "live catalog: it lives"),
        ("drop table public.books cascade", "live catalog: it is gone"),
    ],
)
def test_a_spot_check_says_no(moved: psycopg.Connection[Any], tampering: str, problem: str) -> None:
    _tampered(moved, tampering)
    problems = [p for one in spot_checks.draw(moved, NAMES, 1, count=1000) for p in one.problems]
    assert any(p.startswith(problem) for p in problems), problems


def compared(connection: psycopg.Connection[Any], *own: OwnQuery) -> list[dual_run.Comparison]:
    """The dual run for all objects of the sample."""
    found, left = dual_run.run(connection, NAMES, read_seed(PROJECT), read_known(PROJECT), 3, own, count=1000)
    assert left == []
    return found


V1_CONTRADICTS_ITSELF = next(k.reason for k in read_known(PROJECT) if k.v1_call == "pggit.get_version(text)")


def test_old_calls_and_new_queries_give_the_same_rows(moved: psycopg.Connection[Any]) -> None:
    found = compared(moved)
    assert {one.call.split("(")[0] for one in found} >= {"pggit.get_history", "pggit.get_version"}
    assert sum(one.rows for one in found) > 100
    assert [(one.argument, one.only_old, one.only_new) for one in found if not one.ok] == []
    # The sample's history was dated by its migrations, its objects by the recording: v1 contradicts itself there.
    assert {one.reason for one in found} == {"", V1_CONTRADICTS_ITSELF}


def test_a_known_difference_is_allowed_only_where_v1_contradicts_itself(
    moved: psycopg.Connection[Any],
) -> None:
    _tampered(
        moved,
        "update pggit.objects as o set created_at = f.created_at"
        " from (select object_id, min(created_at) as created_at from pggit.history group by 1) as f"
        " where f.object_id = o.id",
    )
    assert {one.reason for one in compared(moved)} == {""}
    _tampered(moved, "update pggit_audit.changes set committed_at = committed_at + interval '1 hour'")
    found = compared(moved)
    # all but those of which v1 has no time
    assert sum(not one.ok for one in found if "get_version(" in one.call) > 20


@pytest.mark.parametrize(
    "tampering",
    [
        "update pggit_audit.changes set author = 'mallory' where event_no = (select max(event_no) from"
        " pggit_audit.changes where v1_version_id is not null and object_type = 'TABLE')",
        "delete from pggit_audit.changes where event_no = (select max(event_no) from"
        " pggit_audit.changes where v1_version_id is not null and object_type = 'TABLE')",
        "insert into pggit_audit.changes select (jsonb_populate_record(c, jsonb_build_object('change_id',"
        " gen_random_uuid(), 'event_no', 1000000, 'v1_version_id', 1000000))).* from pggit_audit.changes as c"
        " where event_no = (select max(event_no) from pggit_audit.changes where v1_version_id is not null"
        " and object_type = 'TABLE')",
    ],
)
def test_the_dual_run_says_no(moved: psycopg.Connection[Any], tampering: str) -> None:
    _tampered(moved, tampering)
    found = compared(moved)
    assert any(not one.ok for one in found)


HERE = Path(__file__).parents[1] / "preflight"
TABLE = CallTable(read_seed(PROJECT))


@pytest.fixture
def with_functions(moved: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    moved.execute((HERE / "v1_functions.sql").read_bytes())
    moved.execute(
        "create view public.changes_of_books as select version, created_by from pggit.get_history('public.books', 9)"
    )
    return moved


def test_the_teams_own_queries_are_compared(with_functions: psycopg.Connection[Any]) -> None:
    own = own_queries.of_code([HERE / "application"], TABLE)
    own += own_queries.of_database(with_functions, TABLE)
    found, left = dual_run.run(with_functions, NAMES, read_seed(PROJECT), read_known(PROJECT), 3, own)
    assert [(one.call, one.only_old, one.only_new) for one in found if not one.ok] == []
    team = [one for one in found if one.origin == dual_run.TEAM]
    assert {one.call for one in team} == {
        "SchemaAudit.java:11", "SchemaAudit.java:16", "SchemaAudit.java:26", "history.ts:8", "history.ts:23",
        "reports.py:9", "reports.py:11", "reports.py:27", "reports.py:35", "view public.changes_of_books",
    }  # fmt: skip
    assert sum(one.rows for one in team) > 30
    reasons = {one.place: one.reason for one in left}
    assert reasons.keys() == {"SchemaAudit.java:30", "history.ts:16", "history.ts:27", "reports.py:42"}
    assert "for something else" in reasons["history.ts:16"] and "from strings" in reasons["reports.py:42"]


def test_what_the_team_would_see_otherwise_is_a_no(with_functions: psycopg.Connection[Any]) -> None:
    own = own_queries.of_database(with_functions, TABLE)
    _tampered(
        with_functions,
        "update pggit_audit.changes set author = 'mallory' where object_identity = 'public.books' and event_no ="
        " (select max(event_no) from pggit_audit.changes where object_identity = 'public.books')",
    )
    found, _ = dual_run.run(with_functions, NAMES, read_seed(PROJECT), read_known(PROJECT), 3, own)
    (one,) = (one for one in found if one.call == "view public.changes_of_books")
    assert not one.ok and "mallory" in one.only_new[0]


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("select * from pggit.get_history('public.books', 3), pg_read_file('/etc/passwd')", "pg_read_file"),
        ("select * from pggit.get_version($1) where created_by = $2", "$2 is for something else"),
        ("select * from pggit.get_version(%s) where name = %s", "%s is for something else"),
        (
            "select * from pggit.get_version('x') union all select a from public.nowhere",
            "fails on the copy itself",
        ),
        ("insert into public.t select * from pggit.get_version('x')", "no query by itself"),
    ],
)
def test_a_query_that_cannot_be_compared_says_why(
    with_functions: psycopg.Connection[Any], tmp_path: Path, query: str, reason: str
) -> None:
    (tmp_path / "q.sql").write_text(query)
    own = own_queries.of_code([tmp_path], TABLE)
    assert len(own) == 1
    _, left = dual_run.run(with_functions, NAMES, read_seed(PROJECT), read_known(PROJECT), 3, own)
    assert len(left) == 1 and reason in left[0].reason, left


def test_values_go_where_drivers_put_them() -> None:
    for text, expected in {
        "select * from pggit.get_history($1, $2::int)": "select * from pggit.get_history('it''s', 7::int)",
        "select * from pggit.get_history(%s, %s);": "select * from pggit.get_history('it''s', 7)",
        "select * from pggit.get_history(?, ?)": "select * from pggit.get_history('it''s', 7)",
        "select * from pggit.get_history(:a, :b)": "select * from pggit.get_history('it''s', 7)",
        "select * from pggit.get_history(p_limit => %(n)s, p_object_name => %(o)s) -- ?":
            "select * from pggit.get_history(p_limit => 7, p_object_name => 'it''s') -- ?",
        "select * from pggit.get_history(lower(@who), 5) h where 'a?' <> '$1'":
            "select * from pggit.get_history(lower('it''s'), 5) h where 'a?' <> '$1'",
    }.items():  # fmt: skip
        query = own_queries.OwnQuery("here", text, text)
        assert own_queries.bound(query, TABLE, {"p_object_name": "it's", "p_limit": 7}).old == expected


def test_audit_queries_are_timed_and_their_plans_looked_at(moved: psycopg.Connection[Any]) -> None:
    found = timings.measure(moved, NAMES, 11)
    assert len(found) == len({one.name for one in found}) >= 5
    assert all(0 < one.p50_ms <= one.p95_ms and one.samples > 10 for one in found)
    assert any(one.indexes for one in found)


# The report ---------------------------------------------------------------------------------------


def _document(**more: Any) -> dict[str, Any]:
    return {
        "format": 1, "decision": "GO", "reasons": [], "project_version": "1", "target": "staging", "source": "a dump",
        "seed": 1, "begun": "2024-01-01T00:00:00Z", "ended": "2024-01-01T01:00:00Z", "server_version": 16,
        "history": {"rows": 5, "max_id": 9, "digest": "ab" * 32}, "facts": {
            "database_bytes": 1, "history_bytes": 1, "restore_errors": []}, "checks": [], "timeline": [
            {"step": "build", "seconds": 61.0, "state": "done", "message": ""}], "projection": {
            "window_seconds": 21600.0, "work_seconds": 61.0, "observe_seconds": 3600.0, "rollback_seconds": 1.0,
            "total_seconds": 3662.0, "fits": True, "rests_on": "this"},
        "spot_checks": [], "dual_run": [], "not_run": [], "queries": [], "findings": [], "fidelity": [], **more,
    }  # fmt: skip


def test_the_report_stays_small_whatever_the_history(tmp_path: Path) -> None:
    one = {
        "object_identity": "public.t", "object_type": "TABLE", "v1_version_id": 1, "v1_version": 2,
        "change_type": "ALTER", "author": None, "committed_at": None, "v1_text": "x" * 3_000_000, "v1_words": None,
        "old_definition": "y" * 900_000, "new_definition": "\n".join(["z" * 50] * 20_000), "fidelity": "exact",
        "lives": True, "problems": [], "ok": True,
    }  # fmt: skip
    text, page = report.write(_document(spot_checks=[one] * 20, reasons=["r"] * 10_000), tmp_path)
    assert max(text.stat().st_size, page.stat().st_size) < report.MOST_BYTES
    assert "characters left out" in page.read_text()
    short = json.loads(text.read_text())
    assert short["left_out"] == {"reasons": 10_000 - len(short["reasons"])}
    assert f"{short['left_out']['reasons']:,} of reasons" in page.read_text()


def test_what_says_no_is_not_what_is_left_out(tmp_path: Path) -> None:
    calls = [
        {"origin": "v1's calls", "call": "f", "argument": f"a{n}", "source": "", "rows": 0, "old_ms": 0.0,
         "new_ms": 0.0, "only_old": [], "only_new": [], "reason": "", "ok": n != 3_000}
        for n in range(5_000)
    ]  # fmt: skip
    text, page = report.write(_document(dual_run=calls), tmp_path)
    short = json.loads(text.read_text())
    assert len(short["dual_run"]) + short["left_out"]["dual_run"] == 5_000
    assert [row["argument"] for row in short["dual_run"] if not row["ok"]] == ["a3000"]
    assert "a3000" in page.read_text()


def test_the_page_needs_no_network_and_runs_nothing(tmp_path: Path) -> None:
    hostile = "<script>alert(1)</script><img src=//x>"
    finding = dict.fromkeys(("code", "object", "message", "what_to_do", "docs"), hostile) | {
        "severity": "blocker"
    }
    _, page = report.write(_document(decision="NO-GO", reasons=[hostile], findings=[finding]), tmp_path)
    html = page.read_text()
    assert "<script" not in html and "<img" not in html and "&lt;script&gt;" in html
    assert "http:" not in html and "https:" not in html and "url(" not in html


# A server of its own -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def dumps(server: embedded.Server, tmp_path_factory: pytest.TempPathFactory) -> dict[str, restore.Source]:
    """A small database in each of pg_dump's formats."""
    folder = tmp_path_factory.mktemp("dumps")
    with copied(server.params("template1")) as params:
        execute(params, "create table public.books (id integer)")
        conninfo, environment = programs.connection_arguments(params)
        command = programs.find(16).path("pg_dump")
        for format in ("custom", "directory", "tar", "plain"):
            programs.run(
                [command, f"--format={format}", f"--file={folder / format}", f"--dbname={conninfo}"],
                environment,
            )
    (folder / "packed").write_bytes(gzip.compress((folder / "plain").read_bytes()))
    return {path.name: restore.source(str(path)) for path in folder.iterdir()}


def test_a_dump_says_of_which_version_it_is(dumps: dict[str, restore.Source], tmp_path: Path) -> None:
    assert len(dumps) == 5
    assert {restore.version_of(found) for found in dumps.values()} == {16}
    (tmp_path / "script.sql").write_text("create table t ();")
    with pytest.raises(PggitError, match="does not say of which PostgreSQL"):
        restore.version_of(restore.source(str(tmp_path / "script.sql")))
    with pytest.raises(PggitError, match="Make a dump of it"):
        restore.version_of(restore.Source("database", database="app"))


def test_a_rehearsal_is_led_to_a_server_of_its_own(
    dumps: dict[str, restore.Source], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PGGIT_STAGING_HOST", "db.example.org")
    with own_server("staging", PROJECT, dumps["custom"]):
        params = targets.params("staging", PROJECT)
        ((version, others),) = execute(
            params, "select current_setting('server_version_num')::int / 10000, count(*) from pg_database"
        )
        assert (version, others) == (16, 3)
    assert targets.credentials("staging", PROJECT).host == "db.example.org"
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(**params)
    monkeypatch.setattr(own_servers, "version_of", lambda found: 12)
    with (
        pytest.raises(PggitError, match="no server of that version"),
        own_server(None, PROJECT, dumps["tar"]),
    ):
        raise AssertionError("there is none")


def test_a_restore_that_may_do_harm_says_so(
    dumps: dict[str, restore.Source], server: embedded.Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = server.params("postgres")
    (careful,) = restore.hazards(dumps["custom"], params)
    assert f"as superuser {params['user']}" in careful and "--throw-away" in careful
    assert restore.hazards(restore.Source("database", database="app"), params) == []
    monkeypatch.setattr(restore, "version_of", lambda found: 15)
    assert "the dump is of PostgreSQL 15 and this server is 16" in restore.hazards(dumps["custom"], params)[1]
    with copied(server.params("template1")) as poor:
        execute(poor, "create role poor login")
        try:
            assert len(restore.hazards(dumps["custom"], {**poor, "user": "poor"})) == 1
        finally:
            execute(poor, "drop role poor")


# From end to end ----------------------------------------------------------------------------------


@pytest.fixture
def production(server: embedded.Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[Params]:
    """The sample as production has it, on a server that staging names."""
    with copied(server.params("template1")) as params:
        with psycopg.connect(**params) as connection:
            recorded.load_history(connection, SAMPLE)
        for name, value in (("HOST", params["host"]), ("PORT", params["port"]), ("USER", params["user"])):
            monkeypatch.setenv(f"PGGIT_STAGING_{name}", str(value))
        monkeypatch.setenv("PGGIT_STAGING_DBNAME", "postgres")
        monkeypatch.chdir(PROJECT)
        yield params


@pytest.mark.slow
def test_a_rehearsal_ends_go(production: Params, tmp_path: Path) -> None:
    smoke = hook(
        tmp_path / "hooks",
        "smoke-test",
        f'echo "$PGGIT_CUTOVER_DATABASE $PGGIT_CUTOVER_REHEARSAL" > {tmp_path}/s',
    )
    hook(smoke, "start-applications", f"touch {tmp_path}/never")
    ids = tmp_path / "ids.gz"
    with psycopg.connect(**production) as connection:
        evidence.write(ids, evidence.collect(connection, ("pggit",), ("pggit", "pggit_v0"))[0], {})
    arguments = ["--report", str(tmp_path), "--seed", "4", "--hooks", str(smoke), "--evidence", str(ids)]
    assert main(["rehearse", "--from", production["dbname"], *arguments]) == 0
    (results,) = (tmp_path / "runs").glob("*/dbt/run_results.json")
    assert json.loads(results.read_text())["args"]["vars"] == {"evidence": str(ids)}
    assert re.fullmatch(r"pggit_scratch_\w+ 1\n", (tmp_path / "s").read_text())
    assert not (tmp_path / "never").exists()
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["decision"] == "GO" and document["reasons"] == []
    assert all(check["ok"] for check in document["checks"])
    assert document["facts"]["built_bytes"] > 1_000_000
    for section in ("spot_checks", "dual_run", "queries", "timeline", "fidelity"):
        assert document[section], section
    with psycopg.connect(**production) as connection:
        assert connection.execute("select to_regnamespace('pggit_audit')").fetchone() == (None,)
        left = connection.execute(
            "select datname from pg_database where datname ~ '^pggit_(scratch|shadow)'"
        ).fetchall()
    assert left == []


@pytest.mark.slow
def test_a_fault_in_the_data_ends_no_go_and_is_named(production: Params, tmp_path: Path) -> None:
    with psycopg.connect(**production) as connection:
        connection.execute("update pggit.history set created_at = 'infinity' where id = 70")
        connection.execute("update pggit.history set new_version = 77 where id = 71")
    manifest = tmp_path / "rows.json"
    manifest.write_text('{"pggit.history": 131}')
    assert (
        main(
            [
                "rehearse",
                "--from",
                production["dbname"],
                "--report",
                str(tmp_path),
                "--manifest",
                str(manifest),
            ]
        )
        == 1
    )
    document = json.loads((tmp_path / "report.json").read_text())
    assert document["decision"] == "NO-GO"
    assert any(
        "pggit.history has 132 rows; the manifest counts 131" in reason for reason in document["reasons"]
    )
