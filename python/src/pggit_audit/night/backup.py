"""The backup of v1: a dump, what a schema's dump leaves out, and the proof that both restore.

A backup is a folder:

    pggit.dump      pg_dump's custom format, of the schema alone
    pggit.list      what of it is to be restored: all but the triggers of the hold (`pg_restore --use-list`)
    beside.sql      what a schema's dump leaves out: event triggers, membership in publications
    manifest.json   when, of which database and server, the fingerprint and the history's rows
    SHA256SUMS      of the files above, as `sha256sum --check` reads it
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import secrets
import shutil
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit import programs
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import fingerprint
from pggit_audit.night.fingerprint import HOLD, Fingerprint
from pggit_audit.night.scratch import scratch_database
from pggit_audit.night.v1 import Before, EventTrigger, event_triggers

FORMAT = 1
DUMP, LIST, BESIDE, MANIFEST, SUMS = "pggit.dump", "pggit.list", "beside.sql", "manifest.json", "SHA256SUMS"
FILES = (DUMP, LIST, BESIDE, MANIFEST)
BLOCK = 1 << 20


@dataclass(frozen=True)
class Backup:
    """A backup whose checksums hold.

    Attributes:
        folder: where it lies.
        before: what v1 was when it was made.
        manifest: manifest.json.

    """

    folder: Path
    before: Before
    manifest: Mapping[str, Any]

    @property
    def size(self) -> int:
        """Bytes of the dump."""
        return (self.folder / DUMP).stat().st_size

    @property
    def checksum(self) -> str:
        """SHA-256 of SHA256SUMS, hex: one word for all its files."""
        return sha256(self.folder / SUMS)


def make(
    params: Mapping[str, Any],
    schema: str,
    before: Before,
    folder: Path,
    on_start: programs.Started | None = None,
    on_bytes: Callable[[int], None] | None = None,
) -> Backup:
    """Back v1 up into a new folder, which gets its name when all of it is there and on the disk.

    Args:
        params: libpq keywords of the database.
        schema: v1's.
        before: what v1 was when it was frozen.
        folder: the backup's; must not exist.
        on_start: called with each program that is started.
        on_bytes: called now and then with the size of the dump so far.

    Raises:
        PggitError: no program for the server, no room on the disk, or pg_dump failed. No half of a backup is left.

    """
    unfinished = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.unfinished")
    try:
        for left in folder.parent.glob(f"{folder.name}.*.unfinished"):
            shutil.rmtree(left, ignore_errors=True)
        unfinished.mkdir(parents=True, mode=0o700)
        with psycopg.connect(**params, autocommit=True) as connection:
            version = connection.info.server_version
            manifest = _manifest(connection, schema, before)
            beside = _beside(connection, schema, before.event_triggers)
        tools = programs.find(version // 10000)
        manifest["pg_dump"] = tools.version
        conninfo, environment = programs.connection_arguments(params)
        dump = [tools.path("pg_dump"), "--format=custom", "--schema", _pattern(schema), "--lock-wait-timeout=60s",
                f"--file={unfinished / DUMP}", f"--dbname={conninfo}"]  # fmt: skip
        programs.run(
            dump, environment, on_start, lambda: on_bytes(_size(unfinished / DUMP)) if on_bytes else None
        )
        listing = programs.run([tools.path("pg_restore"), "--list", str(unfinished / DUMP)], environment)
        (unfinished / LIST).write_text(_without_hold(listing), encoding="utf-8")
        (unfinished / BESIDE).write_text(beside, encoding="utf-8")
        (unfinished / MANIFEST).write_text(
            json.dumps(manifest, indent=1, ensure_ascii=False), encoding="utf-8"
        )
        sums = "".join(f"{sha256(unfinished / name)}  {name}\n" for name in FILES)
        (unfinished / SUMS).write_text(sums, encoding="utf-8")
        for name in (*FILES, SUMS):
            _sync(unfinished / name)
        unfinished.rename(folder)
        _sync(folder.parent)
    except (programs.ProgramFailed, OSError) as error:
        raise PggitError(
            f"The backup could not be made in {folder.parent}: {error}\n"
            f"{_room(folder.parent)} Nothing was kept of it."
        ) from error
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
    return read(folder)


def read(place: Path) -> Backup:
    """Open a backup and check its checksums.

    Args:
        place: the folder, or a file in it.

    Raises:
        PggitError: there is no backup.
        Refusal: a file is missing, cut off or changed; nothing was touched.

    """
    folder = place.parent if place.is_file() else place
    sums = folder / SUMS
    if not sums.is_file():
        raise PggitError(
            f"{folder} is no backup of v1: it has no file {SUMS}. Nothing was touched. Name the folder that the "
            "cutover made: its path is in the journal, and pggit-audit status says it."
        )
    lines = [line.split("  ", 1) for line in sums.read_text(encoding="utf-8", errors="replace").splitlines()]
    wanted = {words[1]: words[0] for words in lines if len(words) == 2}
    for name in FILES:
        file = folder / name
        if not file.is_file():
            raise Refusal(
                f"The backup in {folder} lacks {name}. Nothing was touched. Use another copy of it."
            )
        if sha256(file) != wanted.get(name):
            raise Refusal(
                f"{file} ({file.stat().st_size:,} bytes) is not what it was when the backup was made: its SHA-256 "
                f"is not the one in {SUMS}. It was cut off or changed. Nothing was touched. Use another copy of it."
            )
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        if manifest["format"] != FORMAT:
            raise PggitError(
                f"The backup in {folder} is of format {manifest['format']}, and this version reads {FORMAT}. "
                "Nothing was touched. Use the version of the project that made it."
            )
        return Backup(folder, Before.of_json(manifest["before"]), manifest)
    except (ValueError, KeyError, TypeError) as error:
        raise PggitError(
            f"{folder / MANIFEST} does not say what a backup's does ({error!r}). Nothing was touched. Use another copy "
            "of the folder."
        ) from error


def restore(
    backup: Backup,
    params: Mapping[str, Any],
    first: str = "",
    on_start: programs.Started | None = None,
    on_wait: programs.Waiting | None = None,
) -> None:
    """Restore v1 into a database, its event triggers too; all of it or nothing, in one transaction.

    Args:
        backup: whose checksums hold.
        params: libpq keywords of the database, which has no such schema (or `first` takes it away).
        first: SQL to run in the same transaction, before all else.
        on_start: called with each program that is started.
        on_wait: called now and then while it works.

    Raises:
        PggitError: it could not be restored; the database is as it was.

    """
    with psycopg.connect(**params, autocommit=True) as connection:
        tools = programs.find(connection.info.server_version // 10000)
        known = {name for (name,) in connection.execute("select name from pg_settings").fetchall()}
    conninfo, environment = programs.connection_arguments(params)
    folder = Path(_temporary(backup.folder))
    try:
        script = folder / "script.sql"
        programs.run(
            [tools.path("pg_restore"), f"--use-list={backup.folder / LIST}", f"--file={script}",
             str(backup.folder / DUMP)],
            environment, on_start, on_wait,
        )  # fmt: skip
        _drop_unknown_settings(script, known)
        (folder / "first.sql").write_text(first, encoding="utf-8")
        programs.run(
            [tools.path("psql"), "--no-psqlrc", "--quiet", "--single-transaction", "--set=ON_ERROR_STOP=1",
             f"--dbname={conninfo}", "-f", str(folder / "first.sql"), "-f", str(script), "-f",
             str(backup.folder / BESIDE)],
            environment, on_start, on_wait,
        )  # fmt: skip
    except programs.ProgramFailed as error:
        raise PggitError(
            f"The backup in {backup.folder} could not be restored into {params.get('dbname')}, which is as it was "
            f"before.\n{error}"
        ) from error
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def prove(
    backup: Backup,
    params: Mapping[str, Any],
    on_start: programs.Started | None = None,
    on_wait: programs.Waiting | None = None,
) -> Fingerprint:
    """Restore a backup in a scratch database beside the one it was made of, and compare: v1 comes back as it was.

    Returns the fingerprint of what was restored.

    Raises:
        Refusal: what came back differs, or its tracker does not record as v1's did.
        PggitError: no scratch database can be had, or the backup does not restore.

    """
    schema = str(backup.manifest["schema"])
    with scratch_database(params) as scratch:
        _extensions(params, scratch)
        restore(backup, scratch, on_start=on_start, on_wait=on_wait)
        with psycopg.connect(**scratch) as connection:
            found = fingerprint.take(connection, schema)
            probed = fingerprint.probe(connection, schema)
    # a scratch database publishes nothing
    changed = _carried(backup.before.fingerprint).differences(_carried(found))
    if backup.before.probe.records and not probed.records:
        changed.append(f"the restored tracker does not record DDL: {probed.error or 'no row came'}")
    if changed:
        raise Refusal(
            f"The backup in {backup.folder} restores, but not as v1 was:\n  " + "\n  ".join(changed[:12])
        )
    return found


def sha256(file: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    hashed = hashlib.sha256()
    with file.open("rb") as stream:
        while block := stream.read(BLOCK):
            hashed.update(block)
    return hashed.hexdigest()


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _carried(found: Fingerprint) -> Fingerprint:
    return found.without("publication ")


def _manifest(connection: psycopg.Connection[Any], schema: str, before: Before) -> dict[str, Any]:
    info = connection.info
    return {
        "format": FORMAT,
        "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
        "server_version": info.parameter_status("server_version"),
        "host": info.host,
        "database": info.dbname,
        "schema": schema,
        "before": before.as_json(),
    }


def _beside(connection: psycopg.Connection[Any], schema: str, triggers: list[EventTrigger]) -> str:
    """Return SQL for what belongs to v1 and is in no dump of its schema."""
    lines = [
        "-- What a dump of the schema leaves out. Run it after pg_restore, as a superuser.",
        "-- Memberships in publications are told only where the publications are.",
    ]
    publications = connection.execute(
        "select pubname::text, relname::text from pg_publication_rel as r join pg_publication as p on r.prpubid = p.oid"
        " join pg_class as c on r.prrelid = c.oid join pg_namespace as n on c.relnamespace = n.oid"
        " where nspname = %s order by 1, 2",
        (schema,),
    ).fetchall()
    for publication, table in publications:
        add = sql.SQL("alter publication {} add table {}").format(
            sql.Identifier(publication), sql.Identifier(schema, table)
        )
        known = sql.SQL("if exists (select from pg_publication where pubname = {}) then {}; end if").format(
            sql.Literal(publication), add
        )
        block = sql.SQL("begin {}; end").format(known).as_string(connection)
        lines.append(f"do {sql.Literal(block).as_string(connection)};")
    for trigger in triggers:
        lines += [f"{statement.as_string(connection)};" for statement in trigger.statements(schema)]
    return "\n".join(lines) + "\n"


def drop_event_triggers(connection: psycopg.Connection[Any], names: set[str], schemas: set[str]) -> str:
    """Return SQL that drops the tracker's event triggers wherever their function is, before they are made anew."""
    present = {trigger.name for schema in schemas for trigger in event_triggers(connection, schema)}
    return "".join(
        sql.SQL("drop event trigger if exists {};\n").format(sql.Identifier(name)).as_string(connection)
        for name in sorted(names | present)
    )


def _without_hold(listing: str) -> str:
    """The list of a dump's contents without the triggers that the cutover itself put there."""
    kept = [line for line in listing.splitlines() if not re.search(rf" TRIGGER \S+ .*\b{HOLD}\b", line)]
    return "\n".join(kept) + "\n"


def _extensions(source: Mapping[str, Any], scratch: Mapping[str, Any]) -> None:
    """Give a scratch database the extensions of the real one: v1's columns and functions may need them."""
    with psycopg.connect(**source, autocommit=True) as connection:
        rows = connection.execute(
            "select extname, nspname from pg_extension as e join pg_namespace as n on e.extnamespace = n.oid"
            " where extname <> 'plpgsql'"
        ).fetchall()
    with psycopg.connect(**scratch, autocommit=True) as connection:
        for name, schema in rows:
            with suppress(psycopg.Error):  # one that v1 needs is missed by the restore, which says so
                connection.execute(sql.SQL("create schema if not exists {}").format(sql.Identifier(schema)))
                connection.execute(
                    sql.SQL("create extension if not exists {} schema {} cascade").format(
                        sql.Identifier(name), sql.Identifier(schema)
                    )
                )


def _drop_unknown_settings(script: Path, known: set[str]) -> None:
    """Take out settings that a later pg_restore sets and this server does not know."""
    rewritten = script.with_suffix(".new")
    with script.open("rb") as old, rewritten.open("wb") as new:
        for number, line in enumerate(old):
            # they stand at the very top, before anything of the user's
            setting = re.match(rb"SET (\w+) = [^;]*;$", line.rstrip()) if number < 40 else None
            if setting and setting[1].decode() not in known:
                continue
            new.write(line)
    rewritten.replace(script)


def _pattern(schema: str) -> str:
    """A pattern for pg_dump that matches this schema and no other."""
    return '"' + schema.replace('"', '""') + '"'


def _temporary(folder: Path) -> str:
    made = folder.with_name(f"{folder.name}.{secrets.token_hex(4)}.restore")
    made.mkdir(mode=0o700)
    return str(made)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _room(folder: Path) -> str:
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return ""
    return f"{free // (1 << 20):,} MB are free on that disk."
