"""What cannot work is said before anything is touched, in words that a person can act upon."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from project import (
    DATABASE,
    NO_TESTS,
    SAMPLE,
    Params,
    copied,
    dbt,
    fingerprint,
    new_database,
    readme_grants,
    shadows,
)

from pggit_audit import embedded
from pggit_audit.lab import recorded
from pggit_audit.night import v1
from pggit_audit.night.journal import Journal

SCHEMAS = "select nspname::text from pg_namespace where nspname !~ '^pg_|^information_schema$' order by 1"
# pgGit 0.2's own schema of that name
ANOTHER_S = """
    create schema pggit_audit;
    create table pggit_audit.changes (change_id uuid primary key, commit_sha text, diff text);
    grant all on schema pggit_audit to migration;
"""


@pytest.fixture(scope="module")
def loaded(server: embedded.Server) -> Iterator[Params]:
    """The sample, not migrated yet, and the role `migration`, which has no rights."""
    params = new_database(server.params("postgres"), "loaded")
    with psycopg.connect(**params) as connection:
        recorded.load_history(connection, SAMPLE)
    execute(params, "create role migration login")
    yield params
    execute(server.params("postgres"), "drop database loaded with (force)", "drop role migration")


@pytest.fixture
def owner(loaded: Params) -> Iterator[Params]:
    """A copy of it with the rights that the README grants: libpq keywords of the owner."""
    params = new_database(loaded, DATABASE, "loaded")
    execute(params, readme_grants())
    yield params
    execute(loaded, f"drop database {DATABASE} with (force)")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """For the artifacts of the role: dbt parses anew when the user is another."""
    return tmp_path_factory.mktemp("refusals")


def build(owner: Params, folder: Path, *arguments: str) -> tuple[int, str]:
    """Build as the role; the exit status, and what dbt said, on one line."""
    done = dbt(owner | {"user": "migration"}, folder, "build", *arguments)
    return done.returncode, " ".join((done.stdout + done.stderr).split())


def state(owner: Params) -> list[object]:
    return [
        execute(owner, SCHEMAS),
        fingerprint(owner, *(name for (name,) in execute(owner, SCHEMAS))),
        shadows(owner),
    ]


# For each obstacle what is said of it, and what to do.
OBSTACLES = {
    "no pggit": (
        "drop schema pggit cascade",
        f"There is no schema pggit in database {DATABASE}",
        "name the schema in the variables pggit_schema",
    ),
    "another system's pggit_audit": (
        ANOTHER_S,
        "Schema pggit_audit is another system's: its changes has no column",
        "dbt build --vars 'audit_schema: ",
    ),
}
MORE_OBSTACLES = {
    "a database that is read-only by default": (
        f"alter database {DATABASE} set default_transaction_read_only = on",
        f"Sessions in database {DATABASE} are read-only",
        "set default_transaction_read_only = off",
    ),
    "backslashes that escape": (
        f"alter database {DATABASE} set standard_conforming_strings = off",
        f"standard_conforming_strings is off for database {DATABASE}",
        "set standard_conforming_strings = on",
    ),
    "triggers that do not fire": (
        f"alter database {DATABASE} set session_replication_role = replica",
        f"In sessions in database {DATABASE} triggers do not fire",
        "set session_replication_role = origin",
    ),
    "no temporary files": (
        f"alter database {DATABASE} set temp_file_limit = '5MB'",
        f"Sessions in database {DATABASE} may write 5 MB of temporary files",
        "set temp_file_limit = -1",
    ),
    "casts that nobody asks for": (
        "create cast (bigint as text) with inout as implicit",
        "become texts without being asked (bigint as text)",
        "drop cast (bigint as text)",
    ),
    "code of somebody else's in what is read": (
        "create function public.acts() returns int language sql immutable as 'select 1';"
        " do $$ begin create role other; exception when duplicate_object then null; end $$;"
        " alter function public.acts() owner to other; create index acting on pggit.objects ((public.acts()))",
        "pggit.objects: index pggit.acting calls public.acts(), which other owns",
        "or let migration or a superuser own the routine",
    ),
    "rows that a policy hides": (
        "alter table pggit.objects enable row level security",
        "Row security hides rows of pggit.objects from role migration",
        "alter table pggit.objects disable row level security",
    ),
    "a view of what nobody may read": (
        "alter table pggit.history rename to all_history; create view pggit.history as select * from pggit.all_history;"
        " do $$ begin create role other; exception when duplicate_object then null; end $$;"
        " grant usage, create on schema pggit to other; alter view pggit.history owner to other;"
        " grant select on pggit.history to migration",
        "pggit.history is a view, and what lies behind it cannot be read: permission denied for table all_history",
        "Grant that to the view's owner",
    ),
    "a view to publish to": (
        "alter table pggit_v0.refs rename to all_refs; create view pggit_v0.refs as select * from pggit_v0.all_refs;"
        " grant all on pggit_v0.refs to migration",
        "these are no tables, so that nothing can be published there: refs",
        "name the schema that has them in the variable pggit_v0_schema",
    ),
    "no temporary tables": (
        f"revoke temporary on database {DATABASE} from public",
        "may not make temporary tables",
        f'grant temporary on database "{DATABASE}"',
    ),
    "too few connections": (
        f"alter database {DATABASE} connection limit 6",
        "A build with 4 threads takes 13 connections",
        "dbt build --threads 1",
    ),
    "no look into pggit": (
        "revoke usage on schema pggit from migration",
        "may not look into schema pggit",
        "grant usage on schema pggit",
    ),
    "no history to read": (
        "revoke select on pggit.history from migration",
        "may not read pggit.history",
        "grant select on all tables in schema pggit",
    ),
    "no writing to refs": (
        "revoke insert on pggit_v0.refs from migration",
        "it lacks insert on refs",
        "grant insert, update on all tables in schema pggit_v0",
    ),
    "no right to make schemas": (
        f"revoke create on database {DATABASE} from migration",
        "may not create the schema",
        f'grant create on database "{DATABASE}"',
    ),
    "a function in the schema for the results": (
        "create schema pggit_audit; create function pggit_audit.count_books() returns int language sql as 'select 1';"
        " grant all on schema pggit_audit to migration",
        "Schema pggit_audit is another system's: it holds function pggit_audit.count_books()",
        "dbt build --vars 'audit_schema: ",
    ),
    "no pggit_v0": (
        "drop schema pggit_v0 cascade",
        f"There is no schema pggit_v0 in database {DATABASE}",
        "pggit_v0_schema",
    ),
}


@pytest.mark.parametrize(
    "which", [*OBSTACLES, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE_OBSTACLES)]
)
def test_refused(owner: Params, folder: Path, which: str) -> None:
    obstacle, said, what_to_do = (OBSTACLES | MORE_OBSTACLES)[which]
    execute(owner, obstacle)
    before = state(owner)
    status, message = build(owner, folder)
    assert status != 0
    assert said in message
    assert what_to_do in message
    assert message.count("Nothing was changed") == 1
    assert not re.search(r"Traceback|File \"|> in macro|called by", message)
    assert state(owner) == before


def test_the_journal_of_a_night_is_no_other_systems(owner: Params, folder: Path) -> None:
    """The freeze writes it, and holds v1, before there was any build."""
    with psycopg.connect(**owner, autocommit=True) as connection:
        run = Journal.begin(folder / "runs")
        v1.freeze(connection, v1.Names(), run.run, lambda _: run.save_to(connection, "pggit_audit_work"))
    # What only has the name of it is not the night's.
    execute(owner, "alter table pggit_audit_work.cutover_journal rename to kept")
    execute(owner, "create table pggit_audit_work.cutover_journal (run text)")
    options = ("build", "--select", "object_kinds", "--exclude-resource-type", "test")
    done = dbt(owner, folder, *options)
    assert done.returncode != 0
    said = "is another system's: it holds table pggit_audit_work.cutover_journal"
    assert said in " ".join(done.stdout.split()), done.stdout[-6000:]
    execute(owner, "drop table pggit_audit_work.cutover_journal")
    # Nor is what somebody has made of it.
    done = dbt(owner, folder, *options)
    assert "is another system's: it holds table pggit_audit_work.kept" in " ".join(done.stdout.split())
    execute(owner, "drop table pggit_audit_work.kept")
    done = dbt(owner, folder, *options)
    assert done.returncode == 0, done.stdout[-6000:]
    assert "guards" not in done.stdout
    guarded = "select count(*) from pg_trigger where tgrelid = 'pggit_audit_work.own_transactions'::regclass"
    assert execute(owner, guarded) != [(0,)]


@pytest.mark.parametrize(
    "name", ['the "shop"', *(pytest.param(name, marks=pytest.mark.slow) for name in ("the shop's", "100%"))]
)
def test_a_database_of_which_dbt_cannot_write_the_name(loaded: Params, folder: Path, name: str) -> None:
    said = " ".join(dbt(loaded | {"dbname": name}, folder, "build").stdout.split())
    assert f"The name of database {name!r} has" in said
    assert said.count("Nothing was changed") == 1
    assert "Traceback" not in said


@pytest.mark.slow
def test_without_createdb_on_the_embedded_server(owner: Params, folder: Path) -> None:
    execute(owner, "alter role migration nocreatedb")
    before = fingerprint(owner, "pggit", "public")
    status, message = build(owner, folder, "--vars", "shadow: embedded")
    assert status == 0, message[-6000:]
    assert fingerprint(owner, "pggit", "public") == before


@pytest.mark.slow
def test_the_gate_where_nothing_can_be_made(built: Params, folder: Path) -> None:
    """An auditor's role, which only reads; a standby is refused in the same place."""
    schemas = "pggit, pggit_v0, pggit_audit, pggit_audit_work"
    with copied(built) as params:
        execute(
            params,
            "create role auditor login",
            f"grant usage on schema {schemas} to auditor",
            f"grant select on all tables in schema {schemas} to auditor",
            f"revoke temporary on database {DATABASE} from public",
        )
        try:
            done = dbt(params | {"user": "auditor"}, folder, "test")
            said = " ".join(done.stdout.split())
            assert done.returncode != 0
            assert "Role auditor may not make temporary tables" in said, said[-3000:]
            assert "audit_tables_keep_their_guards, what_people_read_is_what_the_project_makes." in said
            assert "dbt test --selector tests_that_only_read" in said
            assert not re.search(r"Traceback|START test", said)
            done = dbt(params | {"user": "auditor"}, folder, "test", "--selector", "tests_that_only_read")
            assert done.returncode == 0, done.stdout[-3000:]
        finally:
            execute(params, "drop owned by auditor", "drop role auditor")


@pytest.mark.slow
def test_beside_another_system_s_pggit_audit(owner: Params, folder: Path) -> None:
    execute(owner, ANOTHER_S)
    before = fingerprint(owner, "pggit", "public", "pggit_audit")
    status, message = build(owner, folder, "--vars", "audit_schema: other")
    assert status == 0, message[-6000:]
    assert fingerprint(owner, "pggit", "public", "pggit_audit") == before
    assert execute(owner, "select count(*) > 100 from other.changes") == [(True,)]


@pytest.mark.slow
@pytest.mark.parametrize("name", ["compliance_log", "ref_moves", "own_transactions", "published_tables"])
def test_a_dropped_table_is_not_made_anew_without_a_word(built: Params, folder: Path, name: str) -> None:
    with copied(built) as params:
        ((relation,),) = execute(params, f"select oid::regclass::text from pg_class where relname = '{name}'")
        execute(params, f"drop table {relation} cascade")
        before = fingerprint(params, "pggit", "pggit_v0", "pggit_audit", "pggit_audit_work")
        done = dbt(params, folder, "build", *NO_TESTS)
        said = " ".join(done.stdout.split())
        assert done.returncode != 0
        assert f"Table {relation} is gone, in which builds have published since 20" in said, said[-3000:]
        assert "Nothing was changed." in said
        assert f"--vars '{{made_anew: [{name}]}}'" in said
        after = fingerprint(params, "pggit", "pggit_v0", "pggit_audit", "pggit_audit_work")
        assert after == before
        done = dbt(params, folder, "build", *NO_TESTS, "--vars", f"made_anew: [{name}]")
        said = " ".join(done.stdout.split())
        assert f"{relation} is made anew, as the variable made_anew says" in said, said[-3000:]
        assert done.returncode == 0, said[-3000:]
