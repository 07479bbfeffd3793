"""The gate: whatever is corrupted, exactly the tests fail that are to notice it, and none fails where nothing is.

The two lists hold, for each data test of the project, a corruption that it finds. The first tests run the tests
that dbt compiled on corruptions that are undone again; the last ones go through dbt itself.
"""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from bookshop import Bookshop, published, results
from corruptions import Corruption, Stage, corrupt, read_corruptions
from project import copied, dbt, differences

HERE = Path(__file__).parent
BEFORE = read_corruptions(HERE / "before_publication.yml")
AFTER = read_corruptions(HERE / "after_publication.yml")
# Without touching a row: only these two can tell.
GUARDS = read_corruptions(HERE / "guards.yml")
LOOK_AT_GUARDS = {"audit_tables_keep_their_guards", "what_people_read_is_what_the_project_makes"}


def test_nothing_fails_where_nothing_is_wrong(before: Stage, after: Stage) -> None:
    assert before.failing() == set()
    assert after.failing() == set()


def test_nothing_fails_in_a_restored_copy(after: Stage) -> None:
    """Each view is read again from what PostgreSQL prints of it, as pg_restore does: some print otherwise then."""
    printed = (
        "select oid::regclass::text, pg_get_viewdef(oid) from pg_class where relkind = 'v'"
        " and relnamespace::regnamespace::text in ('pggit_audit', 'pggit_audit_work') order by oid"
    )
    again = ";\n".join(
        f"create or replace view {name} as {text.rstrip(';')}" for name, text in after.rows(printed)
    )
    assert after.failing(again, LOOK_AT_GUARDS) == set()


@pytest.mark.parametrize("corruption", BEFORE, ids=lambda each: each.name)
def test_noticed_before_publication(before: Stage, corruption: Corruption) -> None:
    assert before.failing(corruption.sql) == corruption.fails


@pytest.mark.parametrize("corruption", AFTER, ids=lambda each: each.name)
def test_noticed_after_publication(after: Stage, corruption: Corruption) -> None:
    assert after.failing(corruption.sql) == corruption.fails


@pytest.mark.parametrize("corruption", GUARDS, ids=lambda each: each.name)
def test_noticed_of_the_guards(after: Stage, corruption: Corruption) -> None:
    assert after.failing(corruption.sql, LOOK_AT_GUARDS) == corruption.fails


def test_noticed_where_the_server_lets_all_sessions_pass_triggers(bookshop: Bookshop) -> None:
    """As ALTER SYSTEM does: then every session begins so, and no role or database says anything."""
    options = "-c session_replication_role=replica"
    with psycopg.connect(**bookshop.before, options=options) as connection:
        found = Stage(connection, bookshop.tests).failing("", LOOK_AT_GUARDS)
    assert found == {"audit_tables_keep_their_guards"}


@pytest.mark.slow
@pytest.mark.parametrize("corruption", GUARDS, ids=lambda each: each.name)
def test_noticed_of_the_guards_alone(after: Stage, corruption: Corruption) -> None:
    assert after.failing(corruption.sql) == corruption.fails


def test_every_data_test_finds_a_corruption(bookshop: Bookshop) -> None:
    assert set().union(*(each.fails for each in BEFORE + AFTER)) == set(bookshop.tests)


def test_every_test_before_publication_stops_it(bookshop: Bookshop) -> None:
    decided = {name for name in bookshop.tests if bookshop.refused[name] != "skipped"}
    assert set().union(*(each.fails for each in BEFORE)) == decided


def test_where_several_tests_fail_the_list_says_why() -> None:
    assert [
        each.name for each in BEFORE + AFTER + GUARDS if (len(each.fails) > 1) != (each.why is not None)
    ] == []


def test_a_test_that_fails_stops_the_build(bookshop: Bookshop) -> None:
    """Nothing that comes after it runs, and what was published stays as it was, byte by byte."""
    statuses = bookshop.refused
    assert {name for name, status in statuses.items() if status in ("fail", "error")} == {
        "stored_object_is_the_same"
    }
    assert {status for name, status in statuses.items() if name.endswith("_before_publication")} == {"pass"}
    assert {
        statuses[name]
        for name in ("changes", "object_versions", "compliance_log", "go_no_go", *_published_to_v0())
    } == {"skipped"}
    assert differences(*bookshop.published) == {}
    assert bookshop.relations[0] == bookshop.relations[1]
    assert {"current_objects", "go_no_go", "object_history"} <= dict(bookshop.relations[0]).keys()


def test_the_build_after_mending_ends_as_if_nothing_had_happened(bookshop: Bookshop) -> None:
    assert differences(bookshop.undisturbed, published(bookshop.after)) == {}


def test_a_build_runs_all_that_there_is_but_unit_tests(bookshop: Bookshop) -> None:
    assert bookshop.left_out == {"unit_test"}


def test_dbt_test_names_what_is_wrong(bookshop: Bookshop, artifacts: Path) -> None:
    corruption = next(each for each in AFTER if each.name == "another author")
    with copied(bookshop.after) as params:
        with psycopg.connect(**params) as connection:
            corrupt(connection, corruption.sql)
        test = dbt(params, artifacts, "test")
    assert test.returncode == 1
    found = results(artifacts)
    assert {name for name, result in found.items() if result["status"] == "fail"} == corruption.fails
    assert all(name in test.stdout for name in corruption.fails)
    assert "\\x1b[2Jsomebody" in test.stdout
    assert "\x1b[2J" not in test.stdout  # which would clear the terminal


@pytest.mark.slow
def test_the_next_build_heals_nothing_silently(bookshop: Bookshop, artifacts: Path) -> None:
    """What was tampered with is found by its test before the next build, and still is after it."""
    names = {
        "a row that is left out is lost on both sides",
        "the last entry is lost, and what it verified is taken back",
        "an object is said to be stored earlier",
        "a branch points at an earlier commit",
        "the note of where a build left a branch is lost",
        "a version is lost",
        "there is no HEAD",
        "a current version is not current",
        "a row is put into v1's past",
        "the checks are said to be younger than they are",
        "a view that the gate reads through is another one",
        "what refuses to drop the schema refuses nothing",
        "a seed gives another reason",
    }
    done = [each for each in AFTER + GUARDS if each.name in names]
    assert len(done) == len(names)
    with copied(bookshop.after) as params:
        with psycopg.connect(**params) as connection:
            for corruption in done:
                corrupt(connection, corruption.sql)
        build = dbt(params, artifacts, "build")
        dbt(params, artifacts, "test")
    # What follows from the changes is put back, for a killed build leaves such gaps: but not in silence.
    assert "are gone: object_versions: 1;" in build.stdout
    assert "head of pggit_v0: 1. This build" in build.stdout
    assert "1 of them were put in under ids that v1 had passed" in build.stdout
    assert "is_current of 1 row(s) of object_versions is not what builds left there" in build.stdout
    assert "rows of verification_summary that no build wrote: " in build.stdout
    assert (
        "The view pggit_audit_work.stg_pggit__branches was not as this version of the project makes it"
        in build.stdout
    )
    assert "is missing, disabled or another one. This build makes it anew" in build.stdout
    assert "The rows of seed pggit_audit_work.known_differences were not those of its file" in build.stdout
    found = {name for name, result in results(artifacts).items() if result["status"] == "fail"}
    assert {
        "the_log_covers_the_source",
        "the_log_ends_where_it_was_anchored",
        "stored_objects_are_as_old_as_they_were",
        "refs_point_at_the_ends_of_chains",
        "moves_of_refs_are_those_of_builds",
    } <= found


def _published_to_v0() -> list[str]:
    return [f"pggit_v0__{table}" for table in ("objects", "tree_entries", "commit_graph", "refs", "head")]
