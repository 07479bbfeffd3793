"""A throw-away server: a PostgreSQL of a given version that is there for one replay, and gone with it.

It listens on a Unix socket only, in a folder that only its user can enter, and asks even there for a password
that nobody but this process knows. Where root builds, it is run by an unprivileged user.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import shutil
import signal
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil
import psycopg

from pggit_audit import programs
from pggit_audit.errors import PggitError

PREFIX = "pggit-cluster-"
_CLOCKS_DIFFER = 3600.0  # seconds
USER = "postgres"
PORT = 5432  # names the socket file; nothing listens on TCP
START_SECONDS = 60
# Nothing here outlives the build, so nothing needs to reach the disk. A whole schema may go in one transaction.
SETTINGS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "max_connections": "20",
    "max_locks_per_transaction": "512",
    "max_parallel_workers_per_gather": "0",
    "lc_messages": "C",
    "jit": "off",
}


def find(major: int) -> Path | None:
    """Return the folder of programs of this major version that an unprivileged user may run, if there is one."""
    user = programs.account()
    for place in programs.servers(major):
        if programs.is_plain(place) and (user is None or programs.open_to_all(place)):
            return place
    return None


@contextmanager
def throw_away_cluster(major: int, binaries: Path | None) -> Iterator[dict[str, Any]]:
    """Run a new server, and yield libpq keywords of its superuser; afterwards there is nothing left of it.

    Args:
        major: the version, for messages.
        binaries: the folder of its programs; None: the wheel's, which are copied to where its user can reach them.

    Raises `PggitError` where it cannot be made or does not start.
    """
    sweep()
    user = programs.account()
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_temporary()))
    try:
        (folder / "build.pid").write_text(str(os.getpid()))
        if binaries is None:
            folder.chmod(0o711)
            programs.copy_installed(major, folder / "programs")
            binaries = folder / "programs" / programs.WHEEL / programs.INSTALLED[major] / "bin"
        data = folder / "data"
        data.mkdir(mode=0o700)
        folder.chmod(0o711)
        if user is not None:
            os.chown(data, user.pw_uid, user.pw_gid)
        password = secrets.token_hex(16)
        secret = data.with_name("password")
        secret.touch(mode=0o600)
        if user is not None:
            os.chown(secret, user.pw_uid, user.pw_gid)
        secret.write_text(password)
        command = [
            str(binaries / "initdb"), "--auth=scram-sha-256", "--encoding=UTF8", "--locale=C", f"--username={USER}",
            f"--pwfile={secret}", "--no-instructions", "--no-sync", "-D", str(data),
        ]  # fmt: skip
        done = programs.run_as_server(command, data, user, {})
        secret.unlink()
        if done.returncode != 0:
            raise PggitError(
                f"A throw-away PostgreSQL {major} for the history could not be made in {folder}:\n"
                f"{done.stderr.strip()}\nNothing was changed. Check that its disk has 100 MB free."
            )
        log = data / "server.log"
        settings = {**SETTINGS, "unix_socket_directories": str(data), "port": str(PORT)}
        arguments = [f"--{name}={value}" for name, value in settings.items()]
        programs.run_as_server(
            # A shell in between, so that the server is nobody's child; arguments, so that no path is parsed.
            ["/bin/sh", "-c", '"$@" < /dev/null > "$LOG" 2>&1 &', "sh", str(binaries / "postgres"), "-D", str(data),
             *arguments],
            data, user, {"LOG": str(log)},
        )  # fmt: skip
        parameters = {
            "host": str(data),
            "port": PORT,
            "user": USER,
            "password": password,
            "dbname": "postgres",
        }
        _await(parameters, major, log)
        yield parameters
    finally:
        _remove(folder)


def _await(parameters: dict[str, Any], major: int, log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        try:
            psycopg.connect(**parameters, connect_timeout=5).close()
        except psycopg.OperationalError:
            time.sleep(0.05)
        else:
            return
    said = log.read_text(errors="replace")[-1000:] if log.exists() else ""
    raise PggitError(
        f"A throw-away PostgreSQL {major} for the history did not start. Its log ends:\n{said}\nNothing was changed."
    )


def _temporary() -> str:
    """A folder that other users can pass through, where root builds; paths of sockets must be short."""
    if os.geteuid() != 0:
        return tempfile.gettempdir()
    found = Path(tempfile.gettempdir())
    return str(found if programs.open_to_all(found) else "/var/tmp")


def _postmaster(data: Path) -> psutil.Process | None:
    with contextlib.suppress(OSError, ValueError, IndexError, psutil.Error):
        process = psutil.Process(int((data / "postmaster.pid").read_text().splitlines()[0]))
        if "postgres" in process.name() and Path(process.cwd()) == data:
            return process
    return None


def _remove(folder: Path) -> None:
    """Stops the server of a folder at once, and deletes the folder."""
    data = folder / "data"
    process = _postmaster(data)
    if process is not None:
        with contextlib.suppress(psutil.Error):
            process.send_signal(signal.SIGQUIT)
        with contextlib.suppress(psutil.Error):
            process.wait(timeout=10)
    # Also what outlived a killed postmaster.
    left = []
    for other in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if "postgres" in other.name() and Path(other.cwd()) == data:
                other.kill()
                left.append(other)
    psutil.wait_procs(left, timeout=10)
    shutil.rmtree(folder, ignore_errors=True)


def sweep() -> None:
    """Removes clusters whose build was killed; the server of one goes on until then."""
    for folder in Path(_temporary()).glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError, ValueError):
            if folder.lstat().st_uid == os.geteuid() and not folder.is_symlink():
                note = folder / "build.pid"
                if not _is_alive(int(note.read_text()), note.stat().st_mtime):
                    _remove(folder)


def _is_alive(maker: int, noted_at: float) -> bool:
    """Whether the process is there that noted its number then; another one may have that number by now.

    Clocks are set, so one that seems to be a little younger than its note may have written it.
    """
    try:
        return psutil.Process(maker).create_time() <= noted_at + _CLOCKS_DIFFER
    except psutil.NoSuchProcess:
        return False
    except psutil.Error:
        return True
