"""`pggit-audit monitor`: the watch after the cutover, for people and for cron."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.table import Table
from rich.text import Text

from pggit_audit import others_code
from pggit_audit.cli.common import NO, STYLES, YES, Json, Target, end, print_json, result
from pggit_audit.cli.desk import server_losses
from pggit_audit.errors import PggitError
from pggit_audit.night import journal as journals
from pggit_audit.night import metrics, plan
from pggit_audit.night import monitor as watch
from pggit_audit.night.context import database
from pggit_audit.night.health import Health
from pggit_audit.night.journal import Journal


def monitor(
    target: Target = None,
    prometheus: Annotated[
        Path | None,
        typer.Option(
            "--prometheus", metavar="FILE", help="Write the figures there as well, for a textfile collector."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Look once whether the moved database is whole, quick and in step with its catalog.

    What is tried is rolled back. Exit status: 0 healthy; 1 not; 2 it could not be looked at.
    """
    name, params = database(target)
    names = plan.names()
    home = journals.home(name, str(params["dbname"]))
    journal = journals.latest(home)
    with (
        server_losses(lambda: "Nothing was looked at."),
        psycopg.connect(**params, autocommit=True) as connection,
    ):
        if journal is None or not journal.facts("switch"):
            journal = journals.from_database(connection, names.work, home) or journal
        others_code.refuse(connection, [(names.v0, table) for table in others_code.SHARED])
        health = watch.look(connection, names, journal, _baseline(journal))
    if as_json:
        print_json(health.as_json())
    else:
        _show(health)
    if prometheus is not None:
        metrics.write(health, str(params["dbname"]), prometheus)
    end(YES if health.healthy else NO)


def _baseline(journal: Journal | None) -> dict[str, dict[str, float]]:
    """The times of the rehearsal, from the report that the run kept."""
    if journal is None or not (journal.folder / plan.REPORT).is_file():
        return {}
    try:
        report = plan.read_report(journal.folder)
    except PggitError:
        return {}
    return {name: dict(times) for name, times in report.queries.items()}


def _show(health: Health) -> None:
    console = result()
    table = Table(box=None, padding=(0, 2), show_header=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for check in health.checks:
        mark = Text("ok", "green") if check.ok else Text(check.severity, STYLES[check.severity])
        message = Text(check.message)
        if not check.ok and check.what_to_do:
            message.append("\n" + check.what_to_do, "dim")
        table.add_row(mark, check.name, message)
    console.print(table)
    bad = sum(not check.ok for check in health.checks)
    summary = (
        Text("HEALTHY", "bold green")
        if health.healthy
        else Text(f"NOT HEALTHY: {bad} of {len(health.checks)}", "bold red")
    )
    console.print(summary, Text(f"in {health.seconds:.1f} s", "dim"))
