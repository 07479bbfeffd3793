"""Runs dbt on this project, as a user would, against a server of the tests."""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
import pytest
import yaml
from helpers import execute
from psycopg import sql
from tracker import install

from pggit_audit import embedded
from pggit_audit.lab import recorded

Params = dict[str, Any]
PROJECT = Path(__file__).parents[2]
SAMPLE = PROJECT / "sample" / "bookshop"
DATABASE = "migrated"
"""The one name of databases that dbt builds in."""


SECONDS = 900  # no command may take longer
NO_TESTS = ("--exclude-resource-type", "test")

# What the tracker needs of whoever makes something, as it writes with their rights.
TRACKER_S_GRANTS = """
    grant insert, update on pggit.objects, pggit.history to migration;
    grant usage on all sequences in schema pggit to migration;
"""

PUBLISHED = ("pggit_audit", "pggit_v0")
"""The schemas with the results."""

APPEND_ONLY = {
    *(f"pggit_audit.{name}" for name in ("changes", "compliance_log", "repairs", "findings")),
    *(f"pggit_v0.{name}" for name in ("objects", "tree_entries", "commit_graph")),
    "pggit_audit.excluded_history",
}
"""What is published there never changes."""

# What differs between databases that were built alike: when, and what hashes that.
CLOCK = {
    ("compliance_log", "verified_at"),
    ("compliance_log", "previous_hash"),
    ("compliance_log", "entry_hash"),
    ("compliance_log", "source_digest"),  # recorded facts have oids
    ("verification_summary", "checked_at"),
    ("go_no_go", "checked_at"),
    ("objects", "created_at"),
}


def dbt(
    params: Mapping[str, Any], folder: Path, *arguments: str, project: Path = PROJECT
) -> subprocess.CompletedProcess[str]:
    """Run dbt with the database of `params` as its target; output and exit status are the caller's to judge.

    Args:
        params: libpq keywords of the target; without a host it is the embedded server.
        folder: where dbt leaves its artifacts and logs.
        arguments: command and options.
        project: the folder with the project.

    """
    process = started(params, folder, *arguments, project=project)
    try:
        stdout, stderr = process.communicate(timeout=SECONDS)
    except subprocess.TimeoutExpired:
        killed(process)
        raise
    return subprocess.CompletedProcess(process.args, process.returncode, stdout, stderr)


def started(
    params: Mapping[str, Any], folder: Path, *arguments: str, project: Path = PROJECT
) -> subprocess.Popen[str]:
    """Start dbt as `dbt` does, in a process group of its own."""
    environment = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("DBT_", "PGGIT_STAGING_", "PGGIT_PRODUCTION_"))
    }
    environment |= {
        f"PGGIT_STAGING_{name.upper()}": str(params[name])
        for name in ("host", "port", "user", "password", "dbname")
        if name in params
    }
    environment |= {
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "PYTHONUNBUFFERED": "1",
    }
    command = [str(Path(sys.executable).with_name("dbt")), "--no-use-colors", *arguments]
    return subprocess.Popen(
        command, cwd=project, env=environment, text=True, start_new_session=True,
        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    )  # fmt: skip


def read_until(process: subprocess.Popen[str], pattern: str) -> str:
    """Read what a command says up to the line that matches, and return it."""
    assert process.stdout is not None
    said = []
    for line in process.stdout:
        said.append(line)
        if re.search(pattern, line):
            return "".join(said)
    raise AssertionError(f"It ended without saying {pattern}:\n{''.join(said)[-6000:]}")


def killed(process: subprocess.Popen[str]) -> str:
    """Kill a command with all its threads and children, so that nothing of it can tidy up; its last words."""
    os.killpg(process.pid, signal.SIGKILL)
    return process.communicate(timeout=60)[0]


COPIED = (
    "dbt_project.yml",
    "profiles.yml",
    "models",
    "macros",
    "functions",
    "seeds",
    "tests",
    "docs",
    "sample",
)


def copy_of_project(folder: Path) -> Path:
    """Copy what dbt reads of the project, but for its packages, into a new folder, which a test may change."""
    folder.mkdir()
    for name in COPIED:
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, folder / name)
    return folder


def change_settings(project: Path, changes: dict[str, Any]) -> None:
    """Merge settings into the dbt_project.yml of a copy."""
    path = project / "dbt_project.yml"
    settings = _merged(yaml.safe_load(path.read_text(encoding="utf-8")), changes)
    path.write_text(yaml.safe_dump(settings, sort_keys=False), encoding="utf-8")


def _merged(one: dict[str, Any], other: dict[str, Any]) -> dict[str, Any]:
    return one | {
        key: _merged(one[key], value) if isinstance(value, dict) and key in one else value
        for key, value in other.items()
    }


def readme_grants() -> str:
    """Return what the README says that the role `migration` needs, for the database of the tests."""
    text = (PROJECT / "README.md").read_text(encoding="utf-8")
    found = re.search(r"The role needs no more than this:\n\n```sql\n(.*?)```", text, re.DOTALL)
    assert found
    return found[1].replace("on database staging", f"on database {DATABASE}")


def install_sources(connection: psycopg.Connection[Any]) -> None:
    """Make the empty tables of pgGit v1 and pggit_v0."""
    for name in ("pggit_v1.sql", "pggit_v0.sql"):
        connection.execute((resources.files("pggit_audit") / "sql" / name).read_bytes())
    connection.commit()


def commit(connection: psycopg.Connection[Any], definitions: Mapping[str, str]) -> str:
    """Store definitions by path as a root commit in pggit_v0, and return its SHA.

    Only the blobs are content-addressed as FORMATS says: nothing here recomputes a tree.
    """

    def sha(kind: str, content: str) -> str:
        return hashlib.sha256(f"{kind} {len(content)}:{content}".encode()).hexdigest()

    blobs = {path: sha("blob", content) for path, content in definitions.items()}
    tree = sha("tree", repr(sorted(blobs.items())))
    root = sha("commit", tree)
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into pggit_v0.objects (sha, type, size, content) values (%s, %s, %s, %s)"
            " on conflict do nothing",
            [
                *((blobs[path], "blob", len(content), content) for path, content in definitions.items()),
                (tree, "tree", 0, ""),
                (root, "commit", 0, ""),
            ],
        )
        cursor.executemany(
            "insert into pggit_v0.tree_entries values (%s, %s, '100644', %s) on conflict do nothing",
            [(tree, path, blob) for path, blob in blobs.items()],
        )
        cursor.execute(
            "insert into pggit_v0.commit_graph values (%s, '{}', %s, 0, 'a', 'a', now(), now(), 'm')"
            " on conflict do nothing",
            (root, tree),
        )
    connection.commit()
    return root


@pytest.fixture(scope="session")
def artifacts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where dbt leaves its artifacts. Shared: what was parsed once for a database's name is not parsed anew."""
    return tmp_path_factory.mktemp("artifacts")


@pytest.fixture(scope="session")
def built(server: embedded.Server, artifacts: Path) -> Params:
    """The sample, migrated by `dbt build`: libpq keywords. Not to be changed; see `copied`."""
    with _the_database(server.params("postgres"), "template0") as params:
        with psycopg.connect(**params) as connection:
            recorded.load_history(connection, SAMPLE)
        result = dbt(params, artifacts, "build")
        assert result.returncode == 0, result.stdout[-6000:]
        return new_database(params, "built", template=DATABASE)


@pytest.fixture
def tracked(server: embedded.Server) -> Iterator[Params]:
    """A database with a tracker at work, as the README's role, which the tracker has no grants for yet."""
    params = new_database(server.params("postgres"), DATABASE)
    with psycopg.connect(**params, autocommit=True) as connection:
        connection.execute("set timezone = 'UTC'")
        install_sources(connection)
        connection.execute("drop schema pggit cascade")
        install(connection)
        connection.execute("revoke insert, update on all tables in schema pggit from public")
        connection.execute("create role migration login")
        connection.execute(readme_grants().encode())
        connection.execute("create table public.books (id integer primary key, title text)")
        connection.execute("create view public.titles as select title from public.books")
    yield params | {"user": "migration"}
    execute(server.params("postgres"), f"drop database {DATABASE} with (force)", "drop role migration")


@contextmanager
def copied(params: Params) -> Iterator[Params]:
    """A copy of a database, for a test to change."""
    with _the_database(params, params["dbname"]) as copy:
        yield copy


@contextmanager
def _the_database(params: Params, template: str) -> Iterator[Params]:
    yield new_database(params, DATABASE, template)
    with psycopg.connect(**params | {"dbname": "postgres"}, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(DATABASE)))


def new_database(params: Params, name: str, template: str = "template0") -> Params:
    """Make a database, in place of one of that name; its libpq keywords."""
    with psycopg.connect(**params | {"dbname": "postgres"}, autocommit=True) as admin:
        admin.execute(sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(name)))
        admin.execute(
            sql.SQL("create database {} template {}").format(sql.Identifier(name), sql.Identifier(template))
        )
    return params | {"dbname": name}


# What a database holds ----------------------------------------------------------------------------


def contents(params: Params, *schemas: str, clock: bool = False) -> dict[str, list[str]]:
    """Return every row of every table of the schemas, as text, sorted.

    Args:
        params: libpq keywords.
        schemas: their names.
        clock: with the columns that differ between databases built alike.

    """
    found: dict[str, list[str]] = {}
    with psycopg.connect(**params, autocommit=True) as connection:
        relations = connection.execute(
            "select n.nspname, c.relname, array_agg(a.attname::text order by a.attnum)"
            " from pg_class as c join pg_namespace as n on c.relnamespace = n.oid"
            " join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped"
            " where n.nspname = any (%s) and c.relkind in ('r', 'p') group by 1, 2",
            (list(schemas),),
        ).fetchall()
        for schema, name, columns in relations:
            kept = [sql.Identifier(c) for c in columns if clock or (name, c) not in CLOCK]
            query = sql.SQL("select (row({}))::text from {} order by 1").format(
                sql.SQL(", ").join(kept), sql.Identifier(schema, name)
            )
            found[f"{schema}.{name}"] = [row for (row,) in connection.execute(query)]
    return found


def differences(before: dict[str, list[str]], after: dict[str, list[str]]) -> dict[str, tuple[Any, ...]]:
    """Say where two databases' contents differ: how many rows gone, how many new, and a few of both."""
    found = {}
    for name in sorted(before.keys() | after.keys()):
        old, new = before.get(name, []), after.get(name, [])
        if old != new:
            gone, come = sorted(set(old) - set(new)), sorted(set(new) - set(old))
            found[name] = (len(gone), len(come), [text[:300] for text in gone[:2] + come[:2]])
    return found


def fingerprint(params: Params, *schemas: str) -> list[str]:
    """Return what any write to the schemas would change: their catalog rows, and each row with who wrote it.

    The catalog goes without what vacuum, analyze and autovacuum keep there.
    """
    with psycopg.connect(**params, autocommit=True) as connection:
        catalog = connection.execute(FINGERPRINT.encode(), {"schemas": list(schemas)}).fetchall()
        tables = connection.execute(
            "select oid::regclass::text, relkind from pg_class"
            " where relnamespace = any (%s::regnamespace[]) and relkind in ('r', 'S')",
            (list(schemas),),
        ).fetchall()
        state = {"r": "xmin, ctid, md5(t::text)", "S": "last_value, is_called"}
        rows = [
            (f"{name} {row}",)
            for name, kind in tables
            for (row,) in connection.execute(
                f"select concat_ws(' ', {state[kind]}) from {name} as t".encode()
            )
        ]
    return sorted(line for (line,) in catalog + rows)


FINGERPRINT = """
    with relations as (select * from pg_class where relnamespace = any (%(schemas)s::regnamespace[])),
    routines as (select * from pg_proc where pronamespace = any (%(schemas)s::regnamespace[]))
    select 'schema ' || n.*::text from pg_namespace as n where oid = any (%(schemas)s::regnamespace[])
    union all
    select concat_ws(' ', 'relation', oid::regclass, relkind, relfilenode, relowner::regrole, relacl, reloptions)
    from relations
    union all
    select concat_ws(' ', 'column', r.oid::regclass, attnum, attname, atttypid::regtype, atttypmod, attnotnull, attacl)
    from relations as r join pg_attribute as a on r.oid = a.attrelid
    union all
    select concat_ws(' ', 'default', r.oid::regclass, d.adnum, pg_get_expr(d.adbin, d.adrelid))
    from relations as r join pg_attrdef as d on r.oid = d.adrelid
    union all
    select 'routine ' || r.*::text from routines as r
    union all
    select concat_ws(' ', 'constraint', conrelid::regclass, conname, pg_get_constraintdef(oid))
    from pg_constraint where connamespace = any (%(schemas)s::regnamespace[])
    union all
    select concat_ws(' ', 'type', oid::regtype, typtype, typacl, (
        select array_agg(e) from pg_enum as e where enumtypid = t.oid
    ))
    from pg_type as t where typnamespace = any (%(schemas)s::regnamespace[])
    union all
    select concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
    from relations as r join pg_trigger as t on r.oid = t.tgrelid
    union all
    select concat_ws(' ', 'comment', d.objoid, d.objsubid, d.description)
    from pg_description as d
    where objoid in (select oid from relations union all select oid from routines)
"""


def shadows(params: Params) -> list[str]:
    """Return the names of the shadow databases on the server."""
    names = execute(params, "select datname from pg_database where starts_with(datname, 'pggit_shadow_')")
    return [name for (name,) in names]
