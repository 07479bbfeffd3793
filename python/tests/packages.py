"""Where the real dbt packages are, for tests that need them: none is part of the project."""

from __future__ import annotations

import os
from pathlib import Path

from project import PROJECT


def real_package(name: str) -> Path | None:
    """Return the folder of a package, or None.

    `PGGIT_DBT_PACKAGES` names a folder that has them by their names; else it is what `dbt deps` installed, which has
    dbt_date where dbt_expectations is the real one.
    """
    if named := os.environ.get("PGGIT_DBT_PACKAGES"):
        folder = Path(named)
    else:
        folder = PROJECT / "dbt_packages"
        if not (folder / "dbt_date").is_dir():
            return None
    return folder / name if (folder / name / "dbt_project.yml").is_file() else None
