"""Servers, encodings and poolers that a build cannot go on: said in words, and nothing is made."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from helpers import execute
from project import DATABASE, SAMPLE, Params, dbt, new_database, shadows

from pggit_audit import cluster, embedded
from pggit_audit.lab import recorded

pytestmark = pytest.mark.slow
PGBOUNCER = shutil.which("pgbouncer", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
SCHEMAS = "select nspname::text from pg_namespace where nspname !~ '^pg_|^information_schema$' order by 1"


def refused(params: Params, folder: Path, *arguments: str) -> str:
    """What a build says that ends before anything is made, on one line."""
    before = execute(params, SCHEMAS)
    done = dbt(params, folder, "build", *arguments)
    said = " ".join((done.stdout + done.stderr).split())
    assert done.returncode != 0, said
    assert "Traceback" not in said
    assert execute(params, SCHEMAS) == before
    assert shadows(params) == []
    return said


def test_an_encoding_without_meaning(server: embedded.Server, tmp_path: Path) -> None:
    params = server.params("postgres")
    execute(params, "create database ascii encoding 'SQL_ASCII' template template0")
    try:
        there = params | {"dbname": "ascii"}
        with psycopg.connect(**there, client_encoding="utf8") as connection:
            recorded.load_history(connection, SAMPLE)
        said = refused(there, tmp_path)
        assert "The encoding of database ascii is SQL_ASCII" in said
        assert "created with encoding UTF8" in said
    finally:
        execute(params, "drop database ascii with (force)")


def test_too_few_locks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(cluster.SETTINGS, "max_locks_per_transaction", "10")
    with cluster.throw_away_cluster(16, cluster.find(16)) as params:
        with psycopg.connect(**params, autocommit=True) as connection:
            recorded.load_history(connection, SAMPLE)
            for i in range(250):
                connection.execute(f"create table t{i} ()".encode())
        said = refused(params, tmp_path)
    assert "The server has room for 200 locks" in said
    assert "Raise max_locks_per_transaction to" in said


@contextmanager
def pooler(server: Params, folder: Path, mode: str, database: str) -> Iterator[Params]:
    """pgBouncer before a server; `database` is what its configuration adds to the server's place."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    folder.chmod(0o755)
    users = folder / "users.txt"
    users.write_text(f'"{server["user"]}" "{server["password"]}"\n')
    settings = folder / "pgbouncer.ini"
    settings.write_text(
        f"[databases]\n* = host={server['host']} port={server['port']} {database}\n[pgbouncer]\n"
        f"listen_addr = 127.0.0.1\nlisten_port = {port}\nauth_type = {'any' if database else 'scram-sha-256'}\n"
        f"auth_file = {users}\npool_mode = {mode}\ndefault_pool_size = 30\n"
        "ignore_startup_parameters = extra_float_digits,options\n"
    )
    who = {"user": "postgres", "group": "postgres", "extra_groups": []} if os.geteuid() == 0 else {}
    assert PGBOUNCER is not None
    process = subprocess.Popen([PGBOUNCER, "-q", str(settings)], **who)  # type: ignore[call-overload]
    there = server | {"port": port}
    try:
        for _ in range(100):
            try:
                psycopg.connect(**there, autocommit=True).close()
                break
            except psycopg.OperationalError:
                time.sleep(0.1)
        yield there
    finally:
        process.terminate()
        process.wait()


# Found before PostgreSQL's own by whoever looks where the database says.
TRAP = f"""
    create table public.called (name text);
    create function public.lower(text) returns text language plpgsql as
    $$ begin insert into public.called values ('lower'); return pg_catalog.lower($1); end $$;
    create function public.to_regclass(text) returns regclass language plpgsql as
    $$ begin insert into public.called values ('to_regclass'); return pg_catalog.to_regclass($1); end $$;
    alter database {DATABASE} set search_path = public, pg_catalog
"""


@pytest.mark.skipif(PGBOUNCER is None, reason="pgBouncer is not installed")
@pytest.mark.parametrize(
    ("mode", "database", "said"),
    [
        ("transaction", "", "gives each transaction another session of the server"),
        ("statement", "", "with pool_mode = statement. A build needs sessions of its own"),
        # It drops what the build's sessions say at their start, so they say it again.
        # It does not know the role that the build makes; or each of its sessions is one of the publishing role,
        # whoever comes. Then the history runs on a throw-away server.
        ("session", "", None),
        ("session", "user={user} password='{password}'", None),
    ],
)
def test_a_pooler(
    named_server: Params,
    tmp_path_factory: pytest.TempPathFactory,
    mode: str,
    database: str,
    said: str | None,
) -> None:
    params = new_database(named_server, DATABASE)
    with psycopg.connect(**params) as connection:
        recorded.load_history(connection, SAMPLE)
        connection.execute(TRAP.encode())
    folder = Path("/var/tmp") / tmp_path_factory.mktemp("pooler").name
    folder.mkdir()
    try:
        with pooler(params, folder, mode, database.format(**named_server)) as there:
            done = dbt(there, tmp_path_factory.mktemp("target"), "build")
        words = " ".join((done.stdout + done.stderr).split())
        assert "Traceback" not in words
        assert (done.returncode == 0) == (said is None), words[-3000:]
        if said is not None:
            assert said in words
            assert execute(params, "select to_regclass('pggit_audit.changes')::text") == [(None,)]
        else:
            assert execute(params, "select count(*) from public.called") == [(0,)]
        assert shadows(params) == []
    finally:
        shutil.rmtree(folder)
        execute(named_server, f"drop database {DATABASE} with (force)")
