"""A copy of production, brought into a scratch database: from a dump of any format, or from a database at hand."""

from __future__ import annotations

import gzip
import json
import subprocess
import tarfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql

from pggit_audit import programs
from pggit_audit.errors import PggitError
from pggit_audit.night.backup import DUMP, MANIFEST
from pggit_audit.night.scratch import scratch_database

Format = Literal["custom", "directory", "tar", "plain", "database"]

MAGIC = b"PGDMP"
"""The first bytes of pg_dump's custom format, and of the table of contents of its directory format."""


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


@contextmanager
def restored(
    found: Source, params: Mapping[str, Any], folder: Path
) -> Iterator[tuple[dict[str, Any], list[str]]]:
    """Bring the copy into a scratch database beside the one of `params`, dropped at the end.

    Yields libpq keywords, and what the server said while a plain script ran (such a script goes on behind an error:
    roles that production has and staging has not are named in every one of them).

    Args:
        found: where it comes from.
        params: libpq keywords of the target.
        folder: for what is unpacked on the way.

    Raises:
        PggitError: it cannot be restored; nothing is left of it.

    """
    with scratch_database(params, found.database) as scratch:
        said = _restore(found, scratch, folder) if found.path is not None else []
        yield scratch, said


def _restore(found: Source, scratch: Mapping[str, Any], folder: Path) -> list[str]:
    with psycopg.connect(**scratch) as connection:
        tools = programs.find(connection.info.server_version // 10000)
    conninfo, environment = programs.connection_arguments(scratch)
    try:
        if found.format != "plain":
            programs.run(
                [tools.path("pg_restore"), "--no-owner", "--no-privileges", "--exit-on-error",
                 f"--dbname={conninfo}", str(found.path)],
                environment,
            )  # fmt: skip
            return []
        return _run_script(tools.path("psql"), _unpacked(found.path, folder), conninfo, environment)
    except programs.ProgramFailed as error:
        raise PggitError(
            f"The dump {found.path} does not restore here, so nothing was rehearsed. The scratch database is gone.\n"
            f"{error}"
        ) from error


def _run_script(psql: str, script: Path, conninfo: str, environment: Mapping[str, str]) -> list[str]:
    """Run a plain dump past its errors, and return them."""
    done = subprocess.run(
        [psql, "--no-psqlrc", "--quiet", f"--dbname={conninfo}", "-f", str(script)],
        env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True, errors="replace",
    )  # fmt: skip
    said = [line for line in done.stderr.splitlines() if "ERROR:" in line or "FATAL:" in line]
    if done.returncode != 0:
        raise programs.ProgramFailed(f"psql ended with exit status {done.returncode}: {' '.join(said[-3:])}")
    return said


def _unpacked(path: Path | None, folder: Path) -> Path:
    assert path is not None
    with path.open("rb") as file:
        if file.read(2) != b"\x1f\x8b":
            return path
    script = folder / "dump.sql"
    with gzip.open(path) as packed, script.open("wb") as plain:
        while block := packed.read(1 << 20):
            plain.write(block)
    return script


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
