"""Builds in a database whose tracker goes on recording, also what the builds make."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest
from helpers import execute
from project import DATABASE, TRACKER_S_GRANTS, Params, dbt, new_database
from test_evidence import recorded

from pggit_audit import embedded

# By its head, the text is one of dbt's for this project.
IN_DISGUISE = """
    /* {"app": "dbt", "dbt_version": "1.11.0", "node_id": "model.pggit_audit.changes"} */
    create table public.in_disguise (id integer)
"""
ROWS = "select count(*), max(id) from pggit.history"


# Whatever the build and its gate make, it would be heard here.
HEARS = """
    create table public.heard (event text, tag text);
    create function public.hears() returns event_trigger language plpgsql as
        'begin insert into public.heard values (tg_event, tg_tag); end';
    create event trigger hears_begin on ddl_command_start execute function public.hears();
    create event trigger hears_end on ddl_command_end execute function public.hears();
    create event trigger hears_drop on sql_drop execute function public.hears()
"""


def build(params: Params, folder: Path) -> tuple[int, str]:
    done = dbt(params, folder, "build")
    return done.returncode, " ".join(done.stdout.split())


def test_who_may_not_be_recorded_is_refused_and_who_may_pause_the_tracker_leaves_no_row(
    tracked: Params, tmp_path: Path
) -> None:
    owner = tracked | {"user": embedded.USER}
    before = execute(owner, ROWS)
    refused = dbt(tracked, tmp_path, "run", "--select", "own_transactions")
    assert refused.returncode != 0
    assert "The tracker of pgGit v1 is at work" in refused.stdout

    # The first command makes the schema, the place for own transactions, and the event trigger of the audit schema.
    made = dbt(owner, tmp_path, "run", "--select", "own_transactions")
    assert made.returncode == 0, made.stdout[-6000:]
    assert execute(owner, "select evtname from pg_event_trigger where evtname = 'pggit_audit_keep'")
    assert execute(owner, ROWS) == before


@pytest.mark.slow
def test_a_build_leaves_no_row_or_says_so_and_the_next_one_leaves_none(
    tracked: Params, tmp_path: Path
) -> None:
    owner = tracked | {"user": embedded.USER}
    before = execute(owner, ROWS)

    status, said = build(tracked, tmp_path)
    assert status != 0
    assert "The tracker of pgGit v1 is at work" in said
    assert said.count("Nothing was changed") == 1
    assert execute(owner, ROWS) == before

    execute(owner, TRACKER_S_GRANTS)
    status, said = build(tracked, tmp_path)
    assert status == 0, said[-6000:]
    after_first = execute(owner, ROWS)
    ((rows, _),) = after_first
    ((rows_before, _),) = before
    assert f"recorded {rows - rows_before} row(s) about what this build made" in said
    assert dbt(tracked, tmp_path, "test").returncode == 0

    status, said = build(tracked, tmp_path)
    assert status == 0, said[-6000:]
    assert execute(owner, ROWS) == after_first
    reasons = "select reason, count(*) from pggit_audit.excluded_history where v1_version_id > {} group by 1"
    ((_, last),) = before
    assert execute(owner, reasons.format(last)) == [("made by a build of this project", rows - rows_before)]
    assert execute(owner, "select decision from pggit_audit.go_no_go") == [("GO",)]

    execute(owner, IN_DISGUISE)
    assert dbt(tracked, tmp_path, "test").returncode == 1
    status, said = build(tracked, tmp_path)
    assert status == 0, said[-6000:]
    assert execute(
        owner, "select origin, change_type from pggit_audit.changes where object_name = 'in_disguise'"
    ) == [("v1", "CREATE")]


@pytest.mark.slow
def test_a_superuser_s_build_leaves_none(tracked: Params, tmp_path: Path) -> None:
    owner = tracked | {"user": embedded.USER}
    execute(owner, HEARS)
    execute(owner, "alter function public.hears() owner to migration", "delete from public.heard")
    before = execute(owner, ROWS)
    status, said = build(owner, tmp_path)
    assert status == 0, said[-6000:]
    assert execute(owner, ROWS) == before
    assert execute(owner, "select * from public.heard") == []
    assert "runs code of others" not in said

    # Whose function it is may put in it what the build may do.
    execute(owner, "alter event trigger hears_end enable always")
    may_switch_off = execute(owner, "select current_setting('event_triggers', true) is not null") == [(True,)]
    said = " ".join(dbt(owner, tmp_path, "run", "--select", "own_transactions").stdout.split())
    assert ("runs code of others" in said) is not may_switch_off
    assert ("hears_end calls public.hears(), which migration owns" in said) is not may_switch_off


# What is said of each change, when it happened, and what a person judges.
SAID = (
    "select event_no, change_id, v1_version_id, commit_sha, object_identity, change_type, fidelity, new_definition"
    " from pggit_audit.changes order by 1",
    "select * from pggit_audit.repairs order by change_id, step_no",
    "select * from pggit_audit.causes order by 1",
)


def said_by(params: Params) -> list[list[tuple[object, ...]]]:
    return [execute(params, query) for query in SAID]


@pytest.mark.slow
def test_no_interval_no_exact_row_and_no_cause_depends_on_how_many_builds_there_were(
    tracked: Params, tmp_path: Path
) -> None:
    """The rows of the builds have ids of transactions between and behind those of the history, and oids."""
    owner = tracked | {"user": embedded.USER}
    execute(owner, TRACKER_S_GRANTS)
    with psycopg.connect(**owner, autocommit=True) as connection:
        recorded(connection)
    once = new_database(owner, "never_built", template=DATABASE)
    try:
        status, said = build(once | {"user": embedded.USER}, tmp_path)
        assert status == 0, said[-6000:]
        expected = said_by(once)
    finally:
        execute(owner, "drop database never_built with (force)")
    changes, repairs, causes = expected
    assert len(changes) > 10 and repairs and causes

    left = []
    for _ in range(3):
        status, said = build(tracked, tmp_path)
        assert status == 0, said[-6000:]
        assert said_by(owner) == expected
        left.append(execute(owner, ROWS))
    assert left[0] == left[1] == left[2]
    assert dbt(tracked, tmp_path, "test").returncode == 0
