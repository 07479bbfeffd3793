"""The project's seeds, as the night reads them: without a database."""

from __future__ import annotations

import csv
from pathlib import Path

from pggit_audit.errors import PggitError


def rows_of_seed(path: Path, what: str) -> list[dict[str, str]]:
    """Return the rows of a seed by their columns.

    Args:
        path: the file.
        what: it is, for the message.

    Raises:
        PggitError: the file is not there.

    """
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            return list(csv.DictReader(lines))
    except FileNotFoundError:
        raise PggitError(
            f"There is no {path}, the table of {what}. Nothing was read. Change to the dbt project."
        ) from None
