"""Every case file: recorded, built, and compared with what was true after each of its migrations."""

from __future__ import annotations

import re
import time
from importlib import resources
from itertools import islice
from pathlib import Path

import pytest
from casebook.judging import Judge
from casebook.pipeline import Pipeline, building, built
from casebook.reading import FOLDER, KNOWN_FAILURES, known_failures, paths, read
from casebook.recording import Recording, Server, record
from helpers import NAMED_BINARIES, execute, major_version
from project import dbt

from pggit_audit import embedded, models
from pggit_audit.errors import PggitError

FAILING = known_failures(KNOWN_FAILURES.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _nothing_is_overlooked() -> None:
    """Each statement is looked at once here: the judge compares the whole catalog after each migration."""


def server_of(number: int, request: pytest.FixtureRequest) -> Server:
    if number == 15:
        # not before this case: the fixture skips where Debian's PostgreSQL is not there
        named = request.getfixturevalue("named_server")
        return Server(major_version(named), named, NAMED_BINARIES)
    found: embedded.Server = request.getfixturevalue("server" if number == 16 else "server_18")
    return Server(number, found.params("postgres"), found.bin)


ALWAYS = 4
"""One case of so many runs in `make test`, which has a quarter of an hour; all of them in `make test-all`."""


def case_parameters() -> list[object]:
    found = []
    for number, path in enumerate(paths()):
        reason = FAILING.get(path.stem)
        marks = [pytest.mark.xfail(reason=reason, strict=True, raises=AssertionError)] if reason else []
        if reason or number % ALWAYS:
            marks.append(pytest.mark.slow)
        found.append(pytest.param(path, None, id=path.stem, marks=marks))
        also = [
            pytest.param(path, c, id=f"{path.stem}, {c}", marks=pytest.mark.slow) for c in read(path).also
        ]
        found += also
    return found


@pytest.mark.parametrize(("path", "client"), case_parameters())
def test_case(
    path: Path, client: str | None, pipeline: Pipeline, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    case = read(path, client)
    steps: list[str] = []
    try:
        with built(case, server_of(case.server, request), pipeline, tmp_path) as (made, build, problems):
            found = Judge(case, made, build).problems()
            # Where a failure is known, the first that is wrong is enough.
            problems += islice(found, 0 if problems else 1) if case.name in FAILING else found
            steps = build.trace
    except PggitError as error:
        problems = [f"the build ended: {error}"]
    assert not problems, "\n".join([*problems, "The replay, step by step:", *steps])


@pytest.mark.slow
@pytest.mark.parametrize("name", ["partitions"])
def test_the_pipeline_is_the_build(
    name: str, pipeline: Pipeline, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """dbt itself, with the tracker at work, publishes to the letter what the cases are judged by."""
    case, server = read(FOLDER / f"{name}.sql"), server_of(16, request)
    assert any("build" in migration.words for migration in case.migrations)
    server.make_roles()
    with server.roles_of_its_own(), server.new_database() as database:
        made, target = Recording(server, database), server.to(database)
        with building(pipeline, made) as build:

            def both() -> None:
                if not execute(target, "select to_regnamespace('pggit_v0')")[0][0]:
                    execute(
                        target, (resources.files("pggit_audit") / "sql" / "pggit_v0.sql").read_text("utf-8")
                    )
                assert build.run() == []
                done = dbt(target, tmp_path, "build")
                assert done.returncode == 0, done.stdout[-6000:]

            assert record(case, made, tmp_path, both) == []
            both()
            columns = (
                "event_no, change_id, v1_version_id, commit_sha, object_identity, fidelity, new_definition"
            )
            query = f"select {columns} from pggit_audit.changes order by event_no"
            published = execute(target, query)
            assert len(published) > 10
            assert published == [tuple(row.values()) for row in build.rows(query)]


def long_history() -> str:
    """A history with expressions of thousands of operands, and of many hundreds of parentheses."""
    alternatives = " or ".join(f"id = {i}" for i in range(5000))
    nested = "(" * 1500 + "id > 0" + ")" * 1500
    return f"""\
-- @strict
-- @@ a client=script
create table t (id int primary key, note text, check ({alternatives}));
-- @@ b
create view v as select id from t where {alternatives};
create index t_nested on t (({"(" * 150}id{" + 1)" * 150}));
-- @@ c client=script
create view w as select {" || ".join(["note"] * 3000)} as n, case when {nested} then 1 end as c from t;
alter table t add column more int default {"+".join(["1"] * 2000)};
-- @@ build
-- @@ d
alter table t rename column note to remark;
create function f() returns boolean language sql as 'select {alternatives} from t';
"""


@pytest.mark.slow
def test_long_expressions(pipeline: Pipeline, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    path = tmp_path / "history.sql"
    path.write_text(long_history())
    case = read(path)
    with built(case, server_of(16, request), pipeline, tmp_path) as (made, build, problems):
        found = [problem[:2000] for problem in (*problems, *Judge(case, made, build).problems())]
    assert found == []


SETTINGS = {
    "TimeZone": "Pacific/Kiritimati",
    "DateStyle": "German",
    "IntervalStyle": "iso_8601",
    "extra_float_digits": "0",
    "quote_all_identifiers": "on",
    "bytea_output": "escape",
    "search_path": "pg_catalog",
}
"""What a database or a role may have set, and no definition depends on."""
TWICE = ("clock_literals", "clock_names", "lexing", "partitions", "role_guard", "y1_", "z5_")


@pytest.mark.slow
@pytest.mark.parametrize("path", [p for p in paths() if p.stem.startswith(TWICE)], ids=lambda p: p.stem)
def test_a_build_on_another_day_gives_the_same_commits(
    path: Path, pipeline: Pipeline, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    """And so does one whose sessions begin with other settings."""
    server = server_of(16, request)
    case = read(path)
    query = "select v1_version_id, object_identity, commit_sha, fidelity from pggit_audit.changes order by event_no"
    server.make_roles()
    with server.roles_of_its_own(), server.new_database() as database:
        made = Recording(server, database)
        built_once: list[list[dict[str, object]]] = []
        with building(pipeline, made) as build:
            assert record(case, made, tmp_path, lambda: None) == []
            assert build.run() == []
            built_once.append(build.rows(query))
        for name, value in SETTINGS.items():
            execute(server.to(database), f"alter database \"{database}\" set {name} = '{value}'")
        time.sleep(1.1)
        with building(pipeline, made) as build:
            assert build.run() == []
            built_once.append(build.rows(query))
    assert len(built_once[0]) > 2
    assert built_once[0] == built_once[1]


def test_every_known_failure_is_a_case() -> None:
    assert set(FAILING) <= {path.stem for path in paths()}


# A judge that sees nothing would pass everything ------------------------------------------------------

HISTORY = """\
-- @strict
-- @noextra
-- @events public.t = CREATE ALTER
-- @after select count(*) = 2 from pggit_audit.changes where origin = 'v1'
-- @@ first
create type mood as enum ('sad');
create table t (id int);
-- @@ second
alter table t add column n int;
"""
FIRST = "type = 'blob' and content like 'CREATE TABLE%' and content not like '%n integer%'"
SECOND = "type = 'blob' and content like 'CREATE TABLE%n integer%'"
LAST_CHANGE = "v1_version_id = (select max(v1_version_id) from pggit_audit.changes)"
FAULTS = {
    "none": "select",
    "exact, but wrong, after second": f"update pggit_audit.changes set new_definition = 'x' where {LAST_CHANGE}",
    "HEAD: TABLE public t": f"update pggit_v0.objects set content = replace(content, 'n int', 'm int') where {SECOND}",
    "HEAD: its script does not run": f"update pggit_v0.objects set content = 'create nonsense' where {SECOND}",
    "after first: the script of its commit does not run": (
        f"update pggit_v0.objects set content = 'create nonsense' where {FIRST}"
    ),
    "after first: TABLE public t": (
        f"update pggit_v0.objects set content = replace(content, 'id int', 'di int') where {FIRST}"
    ),
    "after first: never there: TABLE public u": (
        f"update pggit_v0.objects set content = replace(content, '.t', '.u') where {FIRST}"
    ),
    "the evidence decides, but: {'unknown': 1}": (
        f"update pggit_audit.changes set fidelity = 'unknown' where {LAST_CHANGE}"
    ),
    "CREATE public.mood (type_from_live_catalog): stated between": (
        "update pggit_audit.repairs set not_before_version_id = (select max(v1_version_id) from pggit_audit.changes)"
    ),
    "events of public.t: CREATE DROP": f"update pggit_audit.changes set change_type = 'DROP' where {LAST_CHANGE}",
    "not true after the build": f"delete from pggit_audit.changes where {LAST_CHANGE}",
    "the history has no changes": "delete from pggit_audit.changes",
    "extract_changes_between_commits, 0 to 1": "update pggit_v0.tree_entries set path = path || '.' || path",
}


@pytest.mark.parametrize("fault", FAULTS)
def test_the_judge_sees(
    fault: str, pipeline: Pipeline, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "history.sql"
    path.write_text(HISTORY)
    case = read(path)
    with built(case, server_of(16, request), pipeline, tmp_path) as (made, build, problems):
        assert problems == []
        build.connection.execute("set local session_replication_role = replica")
        build.connection.execute(FAULTS[fault].encode())
        found = list(Judge(case, made, build).problems())
    assert found == [] if fault == "none" else any(problem.startswith(fault) for problem in found), found


def test_the_gate_of_a_build_is_heard(
    pipeline: Pipeline, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    path = tmp_path / "history.sql"
    path.write_text(HISTORY)
    with built(read(path), server_of(16, request), pipeline, tmp_path) as (_made, build, _problems):
        replay = models.replay_events
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(models, "replay_events", lambda **tables: replay(**tables)[:-1])
            build.connection.rollback()
            problems = build.run()
    assert any("every_history_row_is_a_change_or_excluded_once" in problem for problem in problems), problems


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("-- @bold\n-- @@ a\nselect 1;\n", "unknown directive @bold"),
        ("-- @@ a strange\nselect 1;\n", "unknown word strange"),
        ("-- @@ a client=fax\nselect 1;\n", "unknown word fax"),
        ("select 1;\n-- @@ a\nselect 1;\n", "must begin with"),
        ("-- only a comment\n", "must begin with"),
        ("-- @also fax\n-- @@ a\nselect 1;\n", "unknown client"),
    ],
)
def test_what_the_format_does_not_know_is_refused(text: str, said: str, tmp_path: Path) -> None:
    path = tmp_path / "history.sql"
    path.write_text(text)
    with pytest.raises(ValueError, match=re.escape(said)):
        read(path)


def test_what_the_format_knows(tmp_path: Path) -> None:
    path = tmp_path / "history.sql"
    path.write_text(
        "-- @server 18\n-- @nohead\n-- @clock\n-- @also script\n-- @erase delete from pggit.history\n"
        "-- @@ older setup\ncreate table a ();\n-- @@ build\n"
        "-- @@ c client=psql1 author=bob stop=0 expect_error\nselect 1;\n"
    )
    case = read(path)
    older, build, c = case.migrations
    assert (case.server, case.nohead, case.strict, case.erase) == (
        18,
        True,
        False,
        ("delete from pggit.history",),
    )
    assert (older.words, older.text, build.words) == ({"setup"}, "create table a ();\n", {"build"})
    assert (case.clock, case.also, case.erase) == (True, ("script",), ("delete from pggit.history",))
    assert [m.client for m in read(path, "script").migrations] == ["script"] * 3
    assert (c.client, c.author, c.stop, c.words) == ("psql1", "bob", False, {"expect_error"})
