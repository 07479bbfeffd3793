"""A copy of production, brought into a scratch database: from a dump of any format, or from a database at hand."""

from __future__ import annotations

import gzip
import json
import os
import re
import shutil
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Literal, cast

import psycopg
from psycopg import sql

from pggit_audit import programs
from pggit_audit.errors import PggitError
from pggit_audit.night.backup import DUMP, MANIFEST
from pggit_audit.night.scratch import scratch_database

Format = Literal["custom", "directory", "tar", "plain", "database"]

MAGIC = b"PGDMP"
"""The first bytes of pg_dump's custom format, and of the table of contents of its directory format."""


HEAD = 4096
"""Bytes at the front of a script in which pg_dump says what it dumped."""


@dataclass(frozen=True)
class Source:
    """Where the copy comes from.

    Attributes:
        path: the dump; None where it is a database.
        database: its name, where it is one on the target's server.
        format: pg_dump's, or `database`.

    """

    format: Format
    path: Path | None = None
    database: str | None = None

    def __str__(self) -> str:
        return f"database {self.database}" if self.database else f"{self.path} ({self.format} format)"


def source(given: str) -> Source:
    """Say what a dump is, by what is in it; a name of no file is a database.

    Raises:
        PggitError: it is a backup of v1's schema alone, or nothing that pg_dump writes.

    """
    path = Path(given)
    if not path.exists():
        if "/" in given or path.suffix:
            raise PggitError(
                f"There is no {given}. Nothing was changed. Name a dump, or a database of the server."
            )
        return Source("database", database=given)
    if path.is_dir():
        if (path / DUMP).is_file() and (path / MANIFEST).is_file():
            raise PggitError(
                f"{path} is a cutover's backup, of v1's schema alone. A rehearsal needs the whole database: the live "
                "schema is what the rebuilt history is compared with. Nothing was changed."
            )
        if (path / "toc.dat").is_file() or (path / "toc.dat.gz").is_file():
            return Source("directory", path)
        raise PggitError(f"{path} is a folder, and none that pg_dump wrote. Nothing was changed.")
    with path.open("rb") as file:
        if file.read(len(MAGIC)) == MAGIC:
            return Source("custom", path)
    if tarfile.is_tarfile(path):
        return Source("tar", path)
    return Source("plain", path)


def version_of(found: Source) -> int:
    """Return the major version of the server that a dump was made of.

    Raises:
        PggitError: it is no dump, or does not say so.

    """
    if found.path is None:
        raise PggitError(
            f"{found} is on the target's server, and no dump: it cannot be brought to another one. Nothing was "
            f"changed. Make a dump of it: pg_dump -Fc -f production.dump {found.database}"
        )
    if found.format == "plain":
        with _opened(found.path) as script:
            head = script.read(HEAD).decode("utf-8", "replace")
    else:
        head = "\n".join(_entries(found))
    said = re.search(r"^(?:--|;) +Dumped from database version:? (\d+)", head, re.M)
    if said is None:
        raise PggitError(
            f"{found.path} does not say of which PostgreSQL it was dumped, as pg_dump's own files do at their head. "
            "Nothing was changed. Is it the whole file?"
        )
    return int(said[1])


def hazards(found: Source, params: Mapping[str, Any]) -> list[str]:
    """Say what a restore into the server of `params` may do besides, and what the copy is not good for there."""
    if found.path is None:
        return []
    with psycopg.connect(**params) as connection:
        here = connection.info.server_version // 10000
        ((role, everything),) = connection.execute(
            "select rolname::text, rolsuper from pg_catalog.pg_roles where rolname = current_user"
        ).fetchall()
    said = []
    if everything:
        said.append(
            f"Careful: code in the dump (checks, generated columns, indexes, the tracker itself) runs as superuser "
            f"{role} on {params['host']}. Where someone who made it is not to be trusted with that server, stop here "
            "(Ctrl-C) and rehearse with --throw-away."
        )
    with suppress(PggitError):  # a script need not say of which version it is
        of = version_of(found)
        if of != here:
            said.append(
                f"Careful: the dump is of PostgreSQL {of} and this server is {here}. A cutover wants a rehearsal on "
                "production's version: name a staging server of that version, or rehearse with --throw-away."
            )
    return said


def _entries(found: Source) -> list[str]:
    """An archive's table of contents, as `pg_restore --list` prints it."""
    command = [programs.newest().path("pg_restore"), "--list", str(found.path)]
    try:
        return programs.run(command, {**os.environ, "LC_ALL": "C"}).splitlines()
    except programs.ProgramFailed as error:
        raise PggitError(f"The dump {found.path} cannot be read: {error}\nNothing was changed.") from error


@contextmanager
def restored(
    found: Source, params: Mapping[str, Any], folder: Path, on_wait: programs.Waiting | None = None
) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Bring the copy into a scratch database beside the one of `params`, dropped at the end.

    Yields libpq keywords, and what the server said while a plain script ran (such a script goes on behind an error:
    roles that production has and staging has not are named in every one of them).

    Args:
        found: where it comes from.
        params: libpq keywords of the target.
        folder: for what is unpacked on the way.
        on_wait: called now and then while it works.

    Raises:
        PggitError: it cannot be restored; nothing is left of it.

    """
    with ExitStack() as stack:
        try:
            scratch = stack.enter_context(scratch_database(params, found.database))
        except PggitError as error:
            raise PggitError(f"{error}\nNothing was rehearsed, and nothing was changed.") from error
        said = _restore(found, scratch, folder, on_wait) if found.path is not None else []
        yield scratch, said


def _restore(
    found: Source, scratch: Mapping[str, Any], folder: Path, on_wait: programs.Waiting | None
) -> list[str]:
    with psycopg.connect(**scratch) as connection:
        tools = programs.find(connection.info.server_version // 10000)
    conninfo, environment = programs.connection_arguments(scratch)
    try:
        if found.format != "plain":
            programs.run(
                [tools.path("pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error",
                 f"--dbname={conninfo}", str(found.path)],
                environment, on_wait=on_wait,
            )  # fmt: skip
            return []
        return _run_script(tools.path("psql"), _unpacked(found.path, folder), conninfo, environment, on_wait)
    except programs.ProgramFailed as error:
        raise PggitError(
            f"The dump {found.path} does not restore here, so nothing was rehearsed. The scratch database is gone.\n"
            f"{error}{_missing_extensions(found, scratch)}"
        ) from error


def _missing_extensions(found: Source, scratch: Mapping[str, Any]) -> str:
    """Name the extensions of an archive that the server does not have, and what to do about them."""
    if found.format == "plain":
        return ""
    entries = [line.split("; ", 1)[1].split() for line in _entries(found) if "; " in line and line[0] != ";"]
    wanted = {words[4] for words in entries if words[2:4] == ["EXTENSION", "-"]}
    with psycopg.connect(**scratch) as connection:
        rows = connection.execute("select name::text from pg_catalog.pg_available_extensions").fetchall()
    missing = sorted(wanted - {name for (name,) in rows})
    if not missing:
        return ""
    return (
        f"\nThis server does not have {', '.join(missing)}. Install it there, or rehearse with --throw-away "
        "by programs of this machine."
    )


def _run_script(
    psql: str, script: Path, conninfo: str, environment: Mapping[str, str], on_wait: programs.Waiting | None
) -> list[str]:
    """Run a plain dump past its errors, and return them."""
    command = [
        psql,
        "--no-psqlrc",
        "--quiet",
        "--output=/dev/null",
        f"--dbname={conninfo}",
        "-f",
        str(script),
    ]
    done = programs.ended(command, environment, on_wait=on_wait)
    said = [line for line in done.err.splitlines() if "ERROR:" in line or "FATAL:" in line]
    if done.status != 0:
        raise programs.ProgramFailed(f"psql ended with exit status {done.status}: {' '.join(said[-3:])}")
    return said


def _unpacked(path: Path | None, folder: Path) -> Path:
    assert path is not None
    if not _is_packed(path):
        return path
    script = folder / "dump.sql"
    with gzip.open(path) as packed, script.open("wb") as plain:
        shutil.copyfileobj(packed, plain)
    return script


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(2) == b"\x1f\x8b"


def _opened(path: Path) -> BinaryIO:
    return cast("BinaryIO", gzip.open(path) if _is_packed(path) else path.open("rb"))


def row_counts(connection: psycopg.Connection[Any], manifest: Mapping[str, int]) -> list[str]:
    """Compare tables with the counts of a manifest, `{"schema.table": rows}`; what differs, a sentence each."""
    found = []
    for name, expected in manifest.items():
        schema, _, table = name.rpartition(".")
        relation = sql.Identifier(schema or "public", table)
        try:
            with connection.transaction():
                row = connection.execute(sql.SQL("select count(*) from {}").format(relation)).fetchone()
        except psycopg.errors.UndefinedTable:
            found.append(f"{name} is not in the copy; the manifest counts {expected:,} rows")
            continue
        assert row is not None
        if row[0] != expected:
            found.append(f"{name} has {row[0]:,} rows; the manifest counts {expected:,}")
    return found


def read_manifest(path: Path) -> dict[str, int]:
    """Read a manifest: a JSON object of `"schema.table": rows`.

    Raises:
        PggitError: it is none.

    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
        return {str(name): int(rows) for name, rows in document.items()}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise PggitError(
            f'{path} is no manifest: {error}. It is a JSON object such as {{"public.orders": 1200}}. '
            "Nothing was changed."
        ) from error
