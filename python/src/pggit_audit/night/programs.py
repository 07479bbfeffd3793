"""PostgreSQL's own programs: found in the major version that a server wants, and run to their end."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
from psycopg.conninfo import make_conninfo

from pggit_audit import programs as postgresql
from pggit_audit.errors import PggitError

NEEDED = ("pg_dump", "pg_restore", "psql")

Started = Callable[["subprocess.Popen[str]"], None]


@dataclass(frozen=True)
class Programs:
    """A folder with pg_dump, pg_restore and psql of one major version."""

    version: int
    bin: Path

    def path(self, name: str) -> str:
        return str(self.bin / name)


def find(server_version: int) -> Programs:
    """Return programs for a server: of its own major version, else of the next later one that is here.

    Looks into PGBIN, the folders of PATH, the places where packages put them, and the embedded server's wheel.

    Args:
        server_version: its major version, such as 15.

    Raises:
        PggitError: there are none that can dump such a server; pg_dump refuses one newer than itself.

    """
    found = [programs for programs in _all() if programs.version >= server_version]
    if not found:
        known = ", ".join(sorted({str(programs.version) for programs in _all()})) or "none"
        raise PggitError(
            f"There is no pg_dump of version {server_version} or later here (found: {known}), so no backup can be "
            f"made of a PostgreSQL {server_version}. Nothing was changed. Install its client programs "
            f"(postgresql-client-{server_version}), or set PGBIN to their folder."
        )
    return min(found, key=lambda programs: programs.version)


def _all() -> list[Programs]:
    folders = [Path(name) for name in (os.environ.get("PGBIN", ""), *os.get_exec_path()) if name]
    for place in postgresql.PLACES:
        folders += sorted(Path("/").glob(place.format(major="*").lstrip("/")))
    for version in postgresql.INSTALLED:
        with suppress(PggitError):
            folders.append(postgresql.installed_in(version) / "bin")
    known: dict[Path, Programs] = {}
    for folder in folders:
        resolved = folder.resolve()
        if resolved in known or not all((folder / name).exists() for name in NEEDED):
            continue
        found = _version(str(folder / "pg_dump"))
        if found:
            known[resolved] = Programs(found, folder)
    return list(known.values())


@lru_cache
def _version(program: str) -> int | None:
    """The major version of a pg_dump. Debian's in /usr/bin chooses one by the server: it says its newest."""
    try:
        said = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else None


def connection_arguments(params: Mapping[str, Any]) -> tuple[str, dict[str, str]]:
    """Return a conninfo for `--dbname`, and the environment that holds the password.

    A password on a command line could be read by everyone on the machine.
    """
    public = {name: value for name, value in params.items() if name != "password" and value is not None}
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    environment["PGCLIENTENCODING"] = "UTF8"
    if params.get("password"):
        environment["PGPASSWORD"] = str(params["password"])
    return make_conninfo(**public), environment


class ProgramFailed(PggitError):
    """A program ended with a failure; the message is its own last words."""


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    on_start: Started | None = None,
) -> str:
    """Run a program to its end and return what it printed.

    It gets a process group of its own, so that Ctrl-C reaches only the one who decides; it is ended when this is
    interrupted.

    Raises:
        ProgramFailed: it could not start, or its exit status was not 0.

    """
    name = Path(command[0]).name
    try:
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise ProgramFailed(f"{name} could not be started: {error}.") from error
    if on_start is not None:
        on_start(process)
    try:
        out, err = process.communicate()
    except BaseException:
        end_group(process.pid)
        process.wait()
        raise
    if process.returncode != 0:
        how = (
            f"signal {-process.returncode}" if process.returncode < 0 else f"exit status {process.returncode}"
        )
        said = "\n".join((err.strip() or out.strip()).splitlines()[-6:])
        raise ProgramFailed(f"{name} ended with {how}: {said or 'it said nothing'}")
    return out


def end_group(pid: int, seconds: float = 5) -> None:
    """End a process and all that it started: asked first, killed after some seconds."""
    members = list(_group(pid))
    for process in members:
        _signal(process, signal.SIGTERM)
    for process in psutil.wait_procs(members, timeout=seconds)[1]:
        _signal(process, signal.SIGKILL)


def end_leftover(pid: int, born: float) -> bool:
    """End a process that a killed command left behind; False where it is gone.

    Args:
        pid: its number, which may be another process's by now.
        born: when it was made, as `psutil.Process.create_time` says, which tells.

    """
    try:
        if abs(psutil.Process(pid).create_time() - born) > 1:
            return False
    except psutil.NoSuchProcess:
        return False
    end_group(pid)
    return True


def _group(pid: int) -> Iterator[psutil.Process]:
    try:
        leader = psutil.Process(pid)
        yield from leader.children(recursive=True)
        yield leader
    except psutil.NoSuchProcess:
        return


def _signal(process: psutil.Process, number: int) -> None:
    try:
        process.send_signal(number)
    except psutil.NoSuchProcess:
        return
