"""What a history must not change: everything on its server outside of its shadow, and files of the server's user."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

HARM = Path(f"/tmp/pggit-was-here-{os.getpid()}")
"""The file that whatever reaches the server's files would make. Others' tests, beside these, make theirs."""
CANARY, ODD = "canary", "odd: name=of\na database"
BOB, SECRET = "bob", "a secret of bob's"
PREFIX = "pggit_shadow_"

Params = Mapping[str, Any]

# Shadows come and go; all else that the databases of a server share, whole.
SHARED = {
    "databases": "select datname, datdba, encoding, datallowconn, datconnlimit, datacl::text, dattablespace"
    " from pg_database where not starts_with(datname, '{prefix}')",
    "roles": "select rolname, rolsuper, rolinherit, rolcreaterole, rolcreatedb, rolcanlogin, rolreplication,"
    " rolbypassrls, rolconnlimit, rolpassword, rolvaliduntil from pg_authid where not starts_with(rolname, '{prefix}')",
    "members": "select roleid::regrole::text, member::regrole::text, admin_option from pg_auth_members"
    " where not starts_with(roleid::regrole::text, '{prefix}')",
    "settings": "select setdatabase, setrole, setconfig from pg_db_role_setting as s where not exists"
    " (select from pg_roles as r where r.oid = s.setrole and starts_with(r.rolname, '{prefix}'))",
    "tablespaces": "select spcname, spcowner, spcacl::text, spcoptions from pg_tablespace",
    "comments": "select objoid, classoid, description from pg_shdescription",
    "labels": "select objoid, classoid, label from pg_shseclabel",
    "owners and grants": "select d.datname, s.classid, s.objid, s.objsubid, s.refobjid, s.deptype"
    " from pg_shdepend as s join pg_database as d on d.oid = s.dbid"
    " where s.refclassid = 'pg_authid'::regclass and not starts_with(d.datname, '{prefix}')",
    "replication": "select slot_name from pg_replication_slots",
    "subscriptions": "select subname from pg_subscription",
    "origins": "select roname from pg_replication_origin",
}
CANARY_S = {
    "rows": "select * from public.kept order by 1",
    "relations": "select oid, relname, relowner, relacl::text, xmin::text from pg_class where oid >= 16384",
    "routines": "select oid, proname, xmin::text from pg_proc where oid >= 16384 or xmin::text <> '1'",
    "schemas": "select nspname, nspowner, nspacl::text from pg_namespace where nspname !~ '^pg_(temp|toast_temp)'",
    "large objects": "select oid from pg_largeobject_metadata",
}


@contextmanager
def canary(admin: Params) -> Iterator[None]:
    """A database beside the shadow, with rows, and with rights of a role that the histories name."""
    with psycopg.connect(**admin, autocommit=True) as connection:
        connection.execute(f"drop database if exists {CANARY} with (force)".encode())
        connection.execute(f"drop role if exists {BOB}".encode())
        connection.execute(f"create database {CANARY} template template0".encode())
        connection.execute(
            sql.SQL("create role {} login password {}").format(sql.Identifier(BOB), sql.Literal(SECRET))
        )
        connection.execute(f"grant create on database {CANARY} to {BOB}".encode())
        with psycopg.connect(**{**admin, "dbname": CANARY}, autocommit=True) as inside:
            inside.execute("create table kept (id integer, word text)")
            inside.execute("insert into kept values (1, 'one'), (2, 'two')")
            inside.execute(f"grant all on kept to {BOB}, public".encode())
            inside.execute("grant create on schema public to public")
        # A name in which a reader of settings may get lost.
        connection.execute(f'drop database if exists "{ODD}"'.encode())
        connection.execute(f'create database "{ODD}" template template0'.encode())
        HARM.unlink(missing_ok=True)
        try:
            yield
        finally:
            connection.execute(f"drop database {CANARY} with (force)".encode())
            connection.execute(f'drop database "{ODD}"'.encode())
            connection.execute(f"drop role {BOB}".encode())
            HARM.unlink(missing_ok=True)


def fingerprint(admin: Params) -> dict[str, list[str]]:
    """What is outside of every shadow, by kind, in words that two of them can be compared by."""
    found: dict[str, list[str]] = {}
    with psycopg.connect(**admin) as connection:
        for what, query in SHARED.items():
            rows = connection.execute(query.format(prefix=PREFIX).encode()).fetchall()
            found[what] = sorted(map(repr, rows))
        row = connection.execute("select current_setting('data_directory')").fetchone()
    with psycopg.connect(**{**admin, "dbname": CANARY}) as connection:
        for what, query in CANARY_S.items():
            found[f"canary's {what}"] = sorted(map(repr, connection.execute(query.encode()).fetchall()))
    data = Path(row[0] if row else "/nowhere")
    for name in ("postgresql.auto.conf", "postgresql.conf", "pg_hba.conf", "pg_ident.conf"):
        file = data / name
        found[name] = [hashlib.sha256(file.read_bytes()).hexdigest()] if file.exists() else []
    ours = ("server.log", "log", "postmaster.pid", "postmaster.opts", "build.pid", "core")
    found["files"] = sorted(p.name for p in data.iterdir() if p.name not in ours and ".s.PGSQL" not in p.name)
    found["harm"] = [str(HARM)] if HARM.exists() else []
    return found


def changed(
    before: dict[str, list[str]], after: dict[str, list[str]]
) -> dict[str, tuple[list[str], list[str]]]:
    """What differs, by kind: what is gone, and what is new."""
    return {
        what: (
            [line for line in before[what] if line not in after[what]],
            [line for line in after[what] if line not in before[what]],
        )
        for what in before
        if before[what] != after[what]
    }
