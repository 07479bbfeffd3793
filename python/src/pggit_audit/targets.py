"""The targets of the project, as profiles.yml has them: read by dbt itself, so that they mean the same."""

from __future__ import annotations

import os
from argparse import Namespace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg

from pggit_audit import embedded
from pggit_audit.errors import PggitError

if TYPE_CHECKING:
    from dbt.adapters.pggit.connections import PggitCredentials


def profiles_dir(project: Path) -> Path:
    """Return the folder whose profiles.yml dbt reads: DBT_PROFILES_DIR, the project's, or ~/.dbt."""
    configured = os.environ.get("DBT_PROFILES_DIR")
    if configured:
        return Path(configured)
    return project if (project / "profiles.yml").is_file() else Path.home() / ".dbt"


def credentials(target: str | None = None, project: Path | None = None) -> PggitCredentials:
    """Return what dbt would connect with to a target, the profile's default one where none is named.

    Raises:
        PggitError: there is no project, no such target, a variable is not set, or it is not of our adapter.

    """
    # dbt takes a second to import, and not every command needs it.
    from dbt.adapters.pggit.connections import PggitCredentials
    from dbt.config.runtime import load_profile
    from dbt.flags import set_from_args
    from dbt_common.context import set_invocation_context
    from dbt_common.exceptions import DbtBaseException

    project = (project or embedded.project_dir()).resolve()
    if not (project / "dbt_project.yml").is_file():
        raise PggitError(f"There is no dbt project at or above {project}. Change to the project.")
    set_invocation_context(os.environ)  # where env_var() looks
    set_from_args(Namespace(PROFILES_DIR=str(profiles_dir(project)), PROJECT_DIR=str(project)), None)
    try:
        profile = load_profile(str(project), {}, target_override=target)
    except DbtBaseException as error:
        raise PggitError(
            f"Target {target or '(default)'} cannot be read from {profiles_dir(project) / 'profiles.yml'}: "
            f"{str(error).strip()}\nNothing was changed."
        ) from error
    found = profile.credentials
    if not isinstance(found, PggitCredentials):
        raise PggitError(
            f"Target {profile.target_name} is of type {found.type}, and has to be of type pggit. "
            "Nothing was changed."
        )
    found.project_root = project
    found.target_name = profile.target_name
    return found


def params(target: str | None = None, project: Path | None = None) -> dict[str, Any]:
    """Return libpq's keywords for a connection to a target; the embedded server is up afterwards.

    Raises:
        PggitError: as `credentials`, or the embedded server does not start.

    """
    from dbt_common.exceptions import DbtBaseException

    try:
        found = credentials(target, project).connect_params()
    except DbtBaseException as error:
        raise PggitError(str(error).strip()) from error
    _last.update(found)
    return found


# Of the target that this process asked for last.
_last: dict[str, Any] = {}


def connect_again() -> psycopg.Connection[Any]:
    """Open one more session on the database that was asked for last, for what has to be told of it in the end.

    Raises `psycopg.OperationalError` where there is none, or the server does not let it in.
    """
    if not _last:
        raise psycopg.OperationalError("no target was asked for")
    return psycopg.connect(**_last, autocommit=True)


def connect(
    target: str | None = None, project: Path | None = None, **keywords: Any
) -> psycopg.Connection[Any]:
    """Open a connection to a target, as dbt would.

    Args:
        target: its name in profiles.yml.
        project: the project's folder, by default the one around the working directory.
        keywords: more for `psycopg.connect`: `autocommit`, `row_factory`, `application_name` …

    Raises:
        PggitError: as `params`, or the server cannot be reached or refuses.

    """
    from dbt_common.exceptions import DbtBaseException

    try:
        found = credentials(target, project)
        _last.update(found.connect_params())
        return found.connect(**keywords)
    except DbtBaseException as error:
        raise PggitError(str(error).strip()) from error
