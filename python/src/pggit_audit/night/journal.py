"""The journal of a run: what was begun, what ended, who did it; a file first, and a table where one can be.

A run has a folder, `cutover/TARGET-DATABASE/RUN/` in the project (`PGGIT_NIGHT_DIR` names another place for
`cutover`), with `journal.jsonl`, the backup, the rehearsal's report and the logs. Each line of the journal is one
entry, on the disk before the next thing is done:

    {"format": 1, "entry": 7, "at": "…Z", "run": "…", "step": "backup", "event": "begin", "facts": {…}, "by": {…}}

Events are `begin`, `end`, `failed`, `note` of a step; the step `run` begins and ends the whole.
"""

from __future__ import annotations

import errno
import fcntl
import getpass
import json
import os
import re
import secrets
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.types.json import Jsonb

from pggit_audit import embedded
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import own

FORMAT = 1
FILE = "journal.jsonl"
TABLE = "cutover_journal"
STAMP = "%Y%m%dT%H%M%SZ"
"""The begin of a run's name: when it was begun, in UTC; the names are in the order of the runs."""
LOCK = (0x70676769, 2)
"""The keys of the advisory lock that a run holds: "pggi", cutover. The build's is "pggi", 1."""

Event = Literal["begin", "end", "failed", "note"]


@dataclass(frozen=True)
class Holder:
    """Who runs a command: on which host, as which process and user, since when (UTC)."""

    host: str
    pid: int
    user: str
    since: str

    @classmethod
    def me(cls) -> Holder:
        try:
            user = getpass.getuser()
        except (KeyError, OSError):  # a container's user without a name
            user = str(os.getuid())
        return cls(socket.gethostname(), os.getpid(), user, now())

    def __str__(self) -> str:
        return f"{self.user} on {self.host} (process {self.pid}, since {self.since})"


@dataclass(frozen=True)
class Entry:
    """One line of a journal."""

    entry: int
    at: str
    run: str
    step: str
    event: Event
    facts: dict[str, Any]
    by: dict[str, Any]
    format: int = FORMAT


@dataclass
class Journal:
    """The journal of one run.

    Attributes:
        folder: the run's.
        run: the run's id, the folder's name.
        entries: all so far.

    """

    folder: Path
    run: str
    entries: list[Entry] = field(default_factory=list)
    by: Holder = field(default_factory=Holder.me)

    @classmethod
    def begin(cls, home: Path) -> Journal:
        """Begin a run in a folder of its own below `home`: behind all others there, whatever the clock says now."""
        moment = datetime.now(timezone.utc)
        newest = max((path.parent.name for path in home.glob("*/" + FILE)), default="")
        if newest[: len(f"{moment:{STAMP}}")] >= f"{moment:{STAMP}}":
            with suppress(ValueError):  # a folder that somebody named
                last = datetime.strptime(newest.split("-")[0], STAMP).replace(tzinfo=timezone.utc)
                moment = last + timedelta(seconds=1)
        run = f"{moment:{STAMP}}-{secrets.token_hex(2)}"
        folder = home / run
        folder.mkdir(parents=True, mode=0o700)
        return cls(folder, run)

    @classmethod
    def open(cls, folder: Path) -> Journal:
        """Read a run's journal, and go on with it. A last line that was cut off never happened.

        Raises:
            PggitError: a line in the middle cannot be read, or is of another format.

        """
        path = folder / FILE
        lines = path.read_bytes().split(b"\n") if path.exists() else []
        entries = []
        whole = 0
        for number, line in enumerate(lines[:-1], start=1):  # what follows the last newline was cut off
            try:
                document = json.loads(line)
                if document["format"] != FORMAT:
                    raise PggitError(
                        f"{path}, line {number} is of format {document['format']}, and this version reads {FORMAT}. "
                        "Nothing was changed. Use the version of the project that began the run."
                    )
                entries.append(Entry(**document))
            except (ValueError, TypeError, KeyError) as error:
                raise PggitError(
                    f"{path}, line {number} cannot be read ({error}). Nothing was changed. What the database itself "
                    "says is enough to go back: move the folder away, then pggit-audit rollback."
                ) from error
            whole += len(line) + 1
        if path.exists() and whole < path.stat().st_size:
            os.truncate(path, whole)
        return cls(folder, folder.name, entries)

    def write(self, step: str, event: Event, **facts: Any) -> Entry:
        """Add an entry; it is on the disk when this returns.

        Raises:
            OSError: it cannot be written, and nothing of it is left.

        """
        entry = Entry(len(self.entries) + 1, now(), self.run, step, event, facts, asdict(self.by))
        line = json.dumps(asdict(entry), ensure_ascii=False, default=str) + "\n"
        with (self.folder / FILE).open("ab", buffering=0) as file:
            size = file.tell()
            try:
                if file.write(line.encode()) < len(line.encode()):
                    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), file.name)
                os.fsync(file.fileno())
            except OSError:
                file.truncate(size)
                raise
        self.entries.append(entry)
        return entry

    def last(self, step: str, event: Event | None = None) -> Entry | None:
        """Return the newest entry of a step, of one event or any."""
        for entry in reversed(self.entries):
            if entry.step == step and event in (None, entry.event):
                return entry
        return None

    def facts(self, step: str, event: Event = "end") -> dict[str, Any]:
        """Return the facts of a step's newest entry of an event; empty where there is none."""
        found = self.last(step, event)
        return found.facts if found else {}

    @property
    def is_over(self) -> bool:
        """Whether the run came to an end: done, rolled back, or stopped with nothing changed."""
        found = self.last("run")
        return found is not None and found.event == "end"

    def save_to(self, connection: psycopg.Connection[Any], schema: str) -> None:
        """Copy the entries into the table, made where it is not there; those that it has are left alone."""
        table = sql.Identifier(schema, TABLE)
        present = connection.execute("select to_regclass(%s)", (table.as_string(connection),)).fetchone()
        if present == (None,):
            own.note(connection, schema)
        connection.execute(
            sql.SQL(
                "create table if not exists {} (run text, entry integer, at timestamptz not null, step text not null,"
                " event text not null, facts jsonb not null, by jsonb not null, primary key (run, entry))"
            ).format(table)
        )
        row = connection.execute(
            sql.SQL("select coalesce(max(entry), 0) from {} where run = %s").format(table), (self.run,)
        ).fetchone()
        assert row is not None
        for e in self.entries:
            if e.entry > row[0]:
                connection.execute(
                    sql.SQL("insert into {} values (%s, %s, %s, %s, %s, %s, %s)").format(table),
                    (e.run, e.entry, e.at, e.step, e.event, Jsonb(_plain(e.facts)), Jsonb(e.by)),
                )

    def differences(self, connection: psycopg.Connection[Any], schema: str) -> list[str]:
        """Say where the table's entries of this run are not the file's; it may lack the last ones, but not all."""
        table = sql.Identifier(schema, TABLE)
        known = connection.execute("select to_regclass(%s)", (table.as_string(connection),)).fetchone()
        if known == (None,):
            return ["it is gone"]
        rows = connection.execute(
            sql.SQL("select entry, at, step, event, facts, by from {} where run = %s order by entry").format(
                table
            ),
            (self.run,),
        ).fetchall()
        written = [
            (
                e.entry,
                datetime.fromisoformat(e.at.replace("Z", "+00:00")),
                e.step,
                e.event,
                _plain(e.facts),
                e.by,
            )
            for e in self.entries
        ]
        if not rows or len(rows) > len(written):
            return [f"it has {len(rows)} entries of the run, and the file {len(written)}"]
        return [
            f"entry {wanted[0]} ({wanted[2]}, {wanted[3]}) is another one, or missing"
            for found, wanted in zip(rows, written, strict=False)
            if found != wanted
        ]


def from_database(connection: psycopg.Connection[Any], schema: str, folder: Path) -> Journal | None:
    """Return the journal of the newest run as the table has it, or None. `folder` need not exist."""
    table = sql.Identifier(schema, TABLE)
    known = connection.execute("select to_regclass(%s)", (table.as_string(connection),)).fetchone()
    if known == (None,):
        return None
    rows = connection.execute(
        sql.SQL(
            "select entry, at, run, step, event, facts, by from {table} where run = ("
            # by the transactions that wrote it: clocks jump, and those of two machines differ
            "select run from {table} order by age(xmin), at desc, run desc limit 1) order by entry"
        ).format(table=table)
    ).fetchall()
    entries = [Entry(row[0], row[1].isoformat(), *row[2:]) for row in rows]
    return Journal(folder / entries[0].run, entries[0].run, entries) if entries else None


def home(target: str, database: str, project: Path | None = None) -> Path:
    """Return the folder of all runs against one target's database."""
    place = os.environ.get("PGGIT_NIGHT_DIR", "").strip()
    base = Path(place).expanduser() if place else (project or embedded.project_dir()) / "cutover"
    return base / re.sub(r"[^\w.-]", "_", f"{target}-{database}")


def latest(folder: Path) -> Journal | None:
    """Return the journal of the newest run below `home`, or None."""
    runs = sorted(path for path in folder.glob("*/" + FILE))
    return Journal.open(runs[-1].parent) if runs else None


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the runs of one target against a second operator on this machine.

    Raises:
        Refusal: somebody holds them; says who and where.

    """
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = folder / "lock"
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            file.seek(0)
            raise Refusal(_busy(file.read().strip(), folder)) from None
        file.truncate(0)
        file.write(str(Holder.me()))
        file.flush()
        try:
            yield
        finally:
            with suppress(OSError):
                file.truncate(0)


def lease(params: Mapping[str, Any], run: str) -> psycopg.Connection[Any]:
    """Hold the database against a second operator anywhere; the server frees it when this process ends.

    Raises:
        Refusal: somebody holds it; says who and where.

    """
    name = f"pggit cutover {run} by {Holder.me().user}@{socket.gethostname().split('.')[0]} pid {os.getpid()}"
    connection = psycopg.connect(**{**params, "application_name": name[:63]}, autocommit=True)
    for setting in ("idle_session_timeout = 0", "tcp_keepalives_idle = 60", "tcp_keepalives_count = 3"):
        connection.execute(f"set {setting}".encode())
    row = connection.execute("select pg_try_advisory_lock(%s, %s)", LOCK).fetchone()
    if row and row[0]:
        return connection
    holder = connection.execute(
        "select a.pid, a.usename, a.application_name, coalesce(host(a.client_addr), 'this machine'),"
        " date_trunc('second', a.backend_start) from pg_locks as l join pg_stat_activity as a using (pid)"
        " where l.locktype = 'advisory' and l.granted and l.objsubid = 2 and l.classid = %s and l.objid = %s"
        " and l.database = (select oid from pg_database where datname = current_database())",
        LOCK,
    ).fetchone()
    connection.close()
    pid, user, application, address, since = holder or ("?", "?", "somebody who has just ended", "?", "?")
    raise Refusal(
        f"Database {params.get('dbname')} is in a run already: {application}, from {address} as {user}, since {since} "
        f"(server process {pid}). Nothing was changed. Talk to whoever it is; if that session is dead, end it: "
        f"select pg_terminate_backend({pid});"
    )


def _busy(holder: str, folder: Path) -> str:
    return (
        f"A run is under way in {folder}, held by {holder or 'another process'}. Nothing was changed. "
        "See where it stands: pggit-audit status."
    )


def now() -> str:
    """Return the time as the journal writes it: UTC, with seconds and milliseconds."""
    return datetime.now(timezone.utc).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _plain(facts: Mapping[str, Any]) -> Any:
    return json.loads(json.dumps(facts, ensure_ascii=False, default=str).replace("\\u0000", ""))


def steps(journal: Journal, names: Sequence[str]) -> list[dict[str, Any]]:
    """Return where each step stands: `to do`, `under way`, `done` or `failed`, with seconds and time."""
    found = []
    for name in names:
        entry = next((e for e in reversed(journal.entries) if e.step == name and e.event != "note"), None)
        state = {None: "to do", "begin": "under way", "end": "done", "failed": "failed"}[
            entry.event if entry else None
        ]
        seconds = entry.facts.get("seconds") if entry else None
        found.append({"step": name, "state": state, "seconds": seconds, "at": entry.at if entry else None})
    return found
