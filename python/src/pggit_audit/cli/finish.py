"""`pggit-audit finish`: the end of the rollback window."""

from __future__ import annotations

import sys
from contextlib import closing
from typing import Annotated

import psycopg
import typer
from rich.text import Text

from pggit_audit.cli.common import FLAG, YES, Json, Target, end, print_findings, print_json, result
from pggit_audit.cli.desk import Terminal, server_losses
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import finish as ending
from pggit_audit.night import journal as journals
from pggit_audit.night import plan
from pggit_audit.night.context import Night, database
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.journal import Journal


def finish(
    target: Target = None,
    keep_archive: Annotated[
        bool,
        typer.Option(
            "--keep-archive",
            metavar=FLAG,
            help="Leave the archive; only save the reports and list what is left over.",
            show_default=False,
        ),
    ] = False,
    yes: Annotated[
        bool, typer.Option("--yes", metavar=FLAG, help="Do not ask twice.", show_default=False)
    ] = False,
    as_json: Json = False,
) -> None:
    """End the rollback window: save the reports, drop the archive of v1, list what is left over.

    The rows that v1 recorded stay, in tables v1_* beside the results: `dbt test` goes on comparing with them.
    Exit status: 0 done; 1 refused, and nothing was changed.
    """
    name, params = database(target)
    home = journals.home(name, str(params["dbname"]))
    terminal = Terminal()
    with (
        server_losses(lambda: "What was committed stands; run this again when the server is back."),
        journals.held(home),
    ):
        journal = journals.latest(home) or Journal.begin(home)
        night = Night(name, params, plan.names(), journal, terminal, Hooks(None, 0, {}))
        with (
            closing(journals.lease(params, journal.run)),
            psycopg.connect(**params, autocommit=True) as connection,
        ):
            ending.check(connection, night.names, keep_archive=keep_archive)
            if not yes and not keep_archive:
                _ask_twice(night.names.archive, str(params["dbname"]))
            done = ending.finish(night, connection, keep_archive=keep_archive)
    if as_json:
        print_json(done.as_json())
        end(YES)
    console = result()
    console.print(Text("FINISHED", style="bold green"))
    console.print(Text(done.said()), soft_wrap=True)
    if done.left_over:
        console.print("\nLeft over:")
        print_findings(console, done.left_over)
    end(YES)


def _ask_twice(archive: str, dbname: str) -> None:
    if not sys.stdin.isatty():
        raise PggitError(
            "There is no terminal to ask at. Nothing was changed. Pass --yes, or --keep-archive."
        )
    if (
        input(f"After this, v1 in {dbname} cannot be renamed back; only the backup is left. Go on? [y/N] ")
        .strip()
        .lower()
        != "y"
    ):
        raise Refusal("Nothing was changed.")
    if input(f"Type the name of the schema that is dropped ({archive}): ").strip() != archive:
        raise Refusal("That is not its name. Nothing was changed.")
