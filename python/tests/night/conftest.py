"""A database in which v1's tracker is at work, as the night finds it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import psycopg
import pytest
import tracker
from helpers import execute
from project import Params, copied, new_database

from pggit_audit import embedded

_numbers = count(1)

FEATURES = """
    comment on function pggit.tracker_columns(text, text) is 'what v1 keeps of a table''s columns';
    comment on event trigger pggit_tracker_ddl is 'the tracker';
    comment on column pggit.history.sql_executed is 'the whole query';
    create view pggit.latest as select max(id) as id from pggit.history;
    create type pggit.pair as (a integer, b text);
    create domain pggit.percent as numeric check (value between 0 and 100);
    create aggregate pggit.longest (text) (sfunc = textcat, stype = text, initcond = '');
    alter table pggit.commits enable row level security;
    create policy everyone on pggit.commits using (true);
    create rule quiet as on delete to pggit.latest do instead nothing;
    grant select on pggit.history to pg_monitor;
    create publication changes_of_v1 for table pggit.history;
"""
"""One of each kind that a schema may hold."""

MIGRATIONS = (
    "create table public.books (id integer primary key, title text)",
    "alter table public.books add column price numeric(8, 2)",
    "create view public.titles as select title from public.books",
    "create index on public.books (title)",
)


@pytest.fixture(scope="session")
def tracked_template(server: embedded.Server) -> str:
    params = new_database(server.params("postgres"), "tracked_template")
    with psycopg.connect(**params, autocommit=True) as connection:
        tracker.install(connection)
        connection.execute(FEATURES.encode())
        for statement in MIGRATIONS:
            connection.execute(statement.encode())
    return "tracked_template"


@pytest.fixture
def tracked(server: embedded.Server, tracked_template: str) -> Iterator[Params]:
    """libpq keywords of a new database with v1, its tracker at work, and a few recorded migrations."""
    name = f"tracked_{next(_numbers)}"
    yield new_database(server.params("postgres"), name, tracked_template)
    execute(server.params("postgres"), f"drop database {name} with (force)")


@pytest.fixture
def published(built: Params) -> Iterator[Params]:
    """libpq keywords of the migrated sample, with a tracker at work as on a night's database."""
    text = (Path(tracker.__file__).with_name("tracker.sql")).read_text(encoding="utf-8")
    with copied(built) as params:
        with psycopg.connect(**params, autocommit=True) as connection:
            connection.execute(
                "set session_replication_role = replica"
            )  # what installs it is no history here
            connection.execute(
                text.replace("insert into pggit.branches (name) values ('main');", "").encode()
            )
        yield params
