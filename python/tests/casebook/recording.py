"""Sends the migrations of a case to a tracked database, and keeps what its catalog said after each."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.conninfo import make_conninfo
from tracker import install, last_id

from casebook.reading import AUTHORS, Case, Migration
from pggit_audit import models

HIDDEN = ("pggit", "pggit_v0", "pggit_audit", "pggit_audit_work")
FIRST_DAY = datetime(2021, 1, 4, 9)
DAYS_BETWEEN = 3

Definitions = dict[str, str]
Dump = dict[tuple[str, str, str], str]
"""What pg_dump prints of each object, by type, schema and name."""

_numbers = count(1)


# What a database has beside what every new one has.
_CATALOGS = (
    "pg_class", "pg_proc", "pg_type", "pg_namespace", "pg_extension", "pg_event_trigger", "pg_collation", "pg_am",
    "pg_language", "pg_cast", "pg_transform", "pg_conversion", "pg_operator", "pg_opclass", "pg_opfamily",
    "pg_foreign_data_wrapper", "pg_foreign_server", "pg_user_mapping", "pg_publication", "pg_subscription",
    "pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template", "pg_statistic_ext",
)  # fmt: skip
_LEFT_OVER = " union all ".join(f"select '{name}' from {name} where oid >= 16384" for name in _CATALOGS)

# No definition has the options of these: there may be passwords in them.
_SECRETIVE = ("SERVER", "USER MAPPING")


@dataclass
class Server:
    """A server for cases: its major version, a superuser's libpq keywords without a database, its programs.

    The user can log in without a password from here, or has the one among the keywords.
    """

    number: int
    params: dict[str, Any]
    bin: Path
    _scratch: str | None = None

    def to(self, database: str) -> dict[str, Any]:
        return {**self.params, "dbname": database}

    @contextmanager
    def new_database(self) -> Iterator[str]:
        """The name of an empty database, dropped at the end."""
        name = f"case_{next(_numbers)}"
        with psycopg.connect(**self.to("postgres"), autocommit=True) as admin:
            admin.execute(sql.SQL("create database {} template template0").format(sql.Identifier(name)))
            try:
                yield name
            finally:
                admin.execute(sql.SQL("drop database {} with (force)").format(sql.Identifier(name)))

    @contextmanager
    def scratch(self) -> Iterator[psycopg.Connection[Any]]:
        """A connection, in autocommit mode, to an empty database that is emptied at the end.

        One for all cases, because it takes a while to make one.
        """
        if self._scratch is None:
            self._scratch = f"scratch_{next(_numbers)}"
            with psycopg.connect(**self.to("postgres"), autocommit=True) as admin:
                create = sql.SQL("create database {} template template0")
                admin.execute(create.format(sql.Identifier(self._scratch)))
        with psycopg.connect(**self.to(self._scratch), autocommit=True) as connection:
            try:
                connection.execute("set role rebuilder")
                yield connection
            finally:
                connection.execute("reset role")
                connection.execute("reset all")
                connection.execute("drop owned by rebuilder cascade")
                connection.execute("comment on schema public is 'standard public schema'")
                if connection.execute(_LEFT_OVER.encode()).fetchone() is not None:
                    self._scratch = None

    def make_roles(self) -> None:
        """Makes those who send migrations, and the one who rebuilds, where they are not there yet."""
        with psycopg.connect(**self.to("postgres"), autocommit=True) as admin:
            for role in (*AUTHORS, "rebuilder"):
                if not admin.execute("select 1 from pg_roles where rolname = %s", (role,)).fetchone():
                    create = sql.SQL("create role {} superuser login password {}")
                    admin.execute(create.format(sql.Identifier(role), sql.Literal("a secret")))

    @contextmanager
    def roles_of_its_own(self) -> Iterator[None]:
        """Drops the roles that a case made, once its databases are gone."""
        with psycopg.connect(**self.to("postgres"), autocommit=True) as admin:
            before = {name for (name,) in admin.execute("select rolname from pg_roles")}
            yield
            for (name,) in admin.execute("select rolname from pg_roles").fetchall():
                if name not in before and not name.startswith("pggit_"):
                    admin.execute(sql.SQL("drop role {}").format(sql.Identifier(name)))

    def run(self, program: str, *arguments: str, user: str | None = None) -> subprocess.CompletedProcess[str]:
        """Runs one of the server's programs; status and output are the caller's to judge."""
        params = {**self.params, **({"user": user, "password": "a secret"} if user else {})}
        environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
        environment |= {
            "PGHOST": str(params["host"]),
            "PGPORT": str(params["port"]),
            "PGUSER": params["user"],
        }
        environment |= {"PGPASSWORD": params.get("password", ""), "PGOPTIONS": "-c timezone=UTC"}
        environment |= {"PGCLIENTENCODING": "UTF8"}
        command = [str(self.bin / program), *arguments]
        return subprocess.run(command, env=environment, capture_output=True, text=True)

    def dump(self, database: str) -> Dump:
        """What pg_dump says of each object there, without owners and grants, and without the tracker."""
        hidden = [f"--exclude-schema={name}" for name in HIDDEN]
        options = ("--schema-only", "--no-owner", "--no-privileges", *hidden)
        done = self.run("pg_dump", *options, "--dbname", make_conninfo(dbname=database))
        assert done.returncode == 0, done.stderr
        text = re.sub(r"(?m)^\\(un)?restrict .*$", "", done.stdout)
        parts = re.split(r"(?m)^--\n-- Name: (.*?); Type: (.*?); Schema: (.*?); Owner: .*\n--\n", text)
        found: Dump = {}
        for name, kind, schema, body in zip(parts[1::4], parts[2::4], parts[3::4], parts[4::4], strict=True):
            if (kind == "SCHEMA" and name in HIDDEN) or (
                kind == "EVENT TRIGGER" and name.startswith("pggit_")
            ):
                continue
            key = (kind, schema, name)
            while key in found:
                key = (kind, schema, key[2] + "+")
            found[key] = re.sub(r"(?m)^SET .*;$|^--.*$", "", body).strip()
            if kind in _SECRETIVE:
                found[key] = re.sub(r" OPTIONS \(\n.*?\n\);$", ";", found[key], flags=re.S)
        return found


@dataclass(frozen=True)
class Step:
    """One migration: the history rows that it left (`first_id` excluded, `last_id` included), and the truth then.

    `dump` is None where nothing will be compared with it.
    """

    name: str
    first_id: int
    last_id: int
    objects: Definitions
    dump: Dump | None


@dataclass
class Recording:
    """A database with a tracker, and what was true in it."""

    server: Server
    database: str
    steps: list[Step] = field(default_factory=list)
    xids: dict[int, int] = field(default_factory=dict)
    """The transaction that wrote each history row, before its time was set."""
    older: Definitions = field(default_factory=dict)
    """What was there before the tracker."""

    def objects(self) -> Definitions:
        """All definitions of the live catalog, by identity."""
        with psycopg.connect(**self.server.to(self.database), autocommit=True) as connection:
            return {
                row["object_identity"]: row["definition"] for row in models.live_objects(connection, HIDDEN)
            }


def record(case: Case, made: Recording, folder: Path, build: Callable[[], None]) -> list[str]:
    """Runs all migrations of the case; calls `build` where one is asked for.

    Returns in words what did not go as the case says: an unexpected error, or none where one is expected.
    """
    found = []
    sent = [m for m in case.migrations if not m.words & {"setup", "build"}]
    with psycopg.connect(**made.server.to(made.database), autocommit=True) as connection:
        tracked = False
        for migration in case.migrations:
            if "setup" in migration.words:
                assert not tracked, "what was there before the tracker comes first"
                connection.execute(migration.text.encode())
                continue
            if not tracked:
                made.older = made.objects()
                install(connection)
                tracked = True
            if "build" in migration.words:
                build()
                continue
            before = last_id(connection)
            number = len(made.steps)
            author = migration.author or AUTHORS[number % len(AUTHORS)]
            error = _send(made, migration, author, folder)
            if (error is not None) != ("expect_error" in migration.words):
                found.append(
                    f"migration {migration.name}: {error or 'an error is expected, and there was none'}"
                )
            after = last_id(connection)
            made.xids |= connection.execute(
                "select id, xmin::text::bigint from pggit.history where id > %s", (before,)
            ).fetchall()
            if not case.clock:
                connection.execute(
                    "update pggit.history as h set created_at = %s + (h.created_at - o.opened_at)"
                    " from (select min(created_at) as opened_at from pggit.history where id > %s and id <= %s) as o"
                    " where h.id > %s and h.id <= %s",
                    (FIRST_DAY + timedelta(days=DAYS_BETWEEN * number), before, after, before, after),
                )
            dump = case.strict or case.noextra or migration is sent[-1]
            made.steps.append(
                Step(
                    migration.name, before, after, made.objects(),
                    made.server.dump(made.database) if dump else None,
                )
            )  # fmt: skip
        for statement in case.erase:
            connection.execute(statement.encode())
    return found


def _send(made: Recording, migration: Migration, author: str, folder: Path) -> str | None:
    """Sends it as its client does; what the client was told when it went wrong."""
    if migration.client == "sessions":
        return _send_side_by_side(made, migration)
    if migration.client == "script":
        who = {"user": author, "password": "a secret"}
        with psycopg.connect(**{**made.server.to(made.database), **who}, autocommit=True) as connection:
            try:
                connection.execute(migration.text.encode())
            except psycopg.Error as error:
                return str(error).splitlines()[0]
        return None
    file = folder / "migration.sql"
    file.write_bytes(migration.text.encode())
    options = ["-X", "-q", "-v", f"ON_ERROR_STOP={int(migration.stop)}", "-d", made.database, "-f", str(file)]
    options += ["-1"] if migration.client == "psql1" else []
    done = made.server.run("psql", *options, user=author)
    return done.stderr.strip()[:400] if done.returncode or "ERROR" in done.stderr else None


def _send_side_by_side(made: Recording, migration: Migration) -> str | None:
    """Sends what is behind each `-- > SESSION` over that session's own connection, which stays open to the end."""
    parts = re.split(r"^-- > (\w+)( script)?\n", migration.text, flags=re.M)[1:]
    sessions: dict[str, psycopg.Connection[Any]] = {}
    pending: list[Future[Any]] = []
    with ExitStack() as closing, ThreadPoolExecutor() as threads:
        for name, script, text in zip(parts[::3], parts[1::3], parts[2::3], strict=True):
            if name not in sessions:
                who = {"user": name.rstrip("0123456789"), "password": "a secret"}
                session = psycopg.connect(**{**made.server.to(made.database), **who}, autocommit=True)
                sessions[name] = closing.enter_context(session)
            execute = sessions[name].execute
            if script:
                pending.append(threads.submit(execute, text.encode()))
                time.sleep(0.2)
                continue
            for statement in re.split(r"(?<=;)\n", text):
                if statement.strip():
                    try:
                        execute(statement.encode())
                    except psycopg.Error as error:
                        return str(error).splitlines()[0]
        for each in pending:
            each.result()
    return None
