"""`pggit-audit evidence`: what the production server still knows, and a restored copy does not."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from pggit_audit import evidence
from pggit_audit.cli.common import NO, YES, Json, Target, end, print_json, words
from pggit_audit.cli.desk import server_losses
from pggit_audit.dated_catalog import DatedCatalog
from pggit_audit.night import plan
from pggit_audit.night.context import database
from pggit_audit.sessions import connect

app = typer.Typer(
    no_args_is_help=True, help="What the production server still knows of when things happened."
)


@app.callback()
def _group() -> None:
    """Keep `collect` a command of its own."""


@app.command()
def collect(
    out: Annotated[
        Path, typer.Option("--out", metavar="FILE", help="Where to write it; packed where it ends with .gz.")
    ],
    target: Target = None,
    as_json: Json = False,
) -> None:
    """Read the ids of the transactions that wrote the history and the catalog: on the server that made them.

    Reads only, in seconds; the role needs to read v1's tables, and nothing else. A copy that pg_restore made has lost
    the ids: build it with --vars 'evidence: FILE'. Exit status: 0 written; 1 the ids say nothing, and nothing was
    written; 2 it could not be told.
    """
    _, params = database(target)
    names = plan.names()
    with server_losses(lambda: "Nothing was written."), connect(params) as connection:
        found, history = evidence.collect(
            connection,
            (names.pggit, names.archive),
            (names.pggit, names.archive, names.v0, names.audit, names.work),
        )
        about = {
            "database": connection.info.dbname,
            "server_version": connection.info.server_version,
            "collected_at": evidence.now(connection),
        }
    judged = DatedCatalog(found, history)
    rows = len(found.history) + len(found.catalog)
    dated = sum(judged.written(row)[1] is None for row in found.catalog)
    usable = bool(judged.order) and dated > 0
    why = judged.refused or "the catalog was written anew since the last row of the history"
    if usable:
        evidence.write(out, found, about)
    if as_json:
        print_json(
            {
                "rows": rows,
                "usable": usable,
                "history_rows": len(found.history),
                "catalog_rows": len(found.catalog),
                "dated": dated,
                "why_not": None if usable else why,
                "file": str(out) if usable else None,
            }
        )
    elif usable:
        words().print(
            f"{out} has the transactions of {len(found.history)} history rows and of {len(found.catalog)} rows of the "
            f"catalog, {dated} of which it dates.\nBuild the copy with it: dbt build --vars 'evidence: {out}'",
            markup=False, soft_wrap=True,
        )  # fmt: skip
    else:
        words().print(
            f"The ids of this server say nothing of when things happened: {why}. Nothing was written.\n"
            "Collect it where the history was recorded, or from a physical copy of that server.",
            markup=False, soft_wrap=True,
        )  # fmt: skip
    end(YES if usable else NO)
