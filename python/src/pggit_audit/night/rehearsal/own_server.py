"""A server for one rehearsal: of the dump's own version, by programs of this machine, and gone with it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from pggit_audit import cluster, programs, targets
from pggit_audit.errors import PggitError
from pggit_audit.night.rehearsal.restore import Source, version_of

DBNAME = "postgres"


@contextmanager
def own_server(target: str | None, project: Path, source: Source) -> Iterator[None]:
    """Lead a target to a throw-away server, by the variables that its profile reads.

    Args:
        target: the target's name; None: the default one.
        project: the project's folder.
        source: a dump.

    Raises:
        PggitError: the source is a database, no programs of its version are here, or the profile does not read them.

    """
    major = version_of(source)
    binaries = cluster.find(major)
    if binaries is None and major not in programs.INSTALLED:
        raise PggitError(
            f"{source} is of PostgreSQL {major}, and this machine has no server of that version. Nothing was "
            f"rehearsed. Install it (postgresql-{major}; nothing needs to run), or leave --throw-away out and name a "
            "staging server of that version."
        )
    name = targets.credentials(target, project).target_name
    with cluster.throw_away_cluster(major, binaries) as params:
        keywords = {key: str(params[key]) for key in ("host", "port", "user", "password")}
        with _variables(name, {**keywords, "dbname": DBNAME, "shadow_user": "", "shadow_password": ""}):
            led = targets.params(name, project)
            if any(str(led.get(key)) != value for key, value in keywords.items()):
                raise PggitError(
                    f"Target {name} of profiles.yml does not take its server from PGGIT_{name.upper()}_HOST, _PORT, "
                    "_USER and _PASSWORD, so it cannot be led to a throw-away one. Nothing was rehearsed. Read them "
                    "there, as the project's own profiles.yml does."
                )
            yield


@contextmanager
def _variables(target: str, values: Mapping[str, str]) -> Iterator[None]:
    named = {f"PGGIT_{target.upper()}_{name.upper()}": value for name, value in values.items()}
    kept = {name: os.environ.get(name) for name in named}
    os.environ.update(named)
    try:
        yield
    finally:
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
