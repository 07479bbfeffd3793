"""`pggit-audit report`: what others read and sign, as one file."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.text import Text

from pggit_audit import targets
from pggit_audit.cli.common import NO, YES, Json, Target, end, print_json, result
from pggit_audit.cli.desk import server_losses
from pggit_audit.compliance import report
from pggit_audit.compliance.state import collect
from pggit_audit.night import plan

app = typer.Typer(no_args_is_help=True, help="What others read and sign, as one file.")


@app.callback()
def _group() -> None:
    """Keep `compliance` a command of its own, as long as it is the only one."""


@app.command()
def compliance(
    target: Target = None,
    file: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the page goes.")] = Path(
        "compliance.html"
    ),
    as_json: Json = False,
) -> None:
    """Write what compliance signs: what was verified by whom, what is open, that nothing was lost, the chain's state.

    One HTML file without network, for screen and paper. Nothing is changed; any role can that may read the results.
    Exit status: 0 all holds; 1 something does not (the page says what); 2 it could not be told.
    """
    name = targets.credentials(target).target_name
    with (
        server_losses(lambda: "Nothing was written."),
        targets.connect(target, autocommit=True, application_name="pggit-audit report") as connection,
    ):
        state = collect(connection, plan.names().audit)
    page = report.write(state, name, file)
    if as_json:
        print_json({**state, "report": str(page)})
        end(YES if state["holds"] else NO)
    console = result()
    summary = state["summary"]
    console.print(
        Text("HOLDS", "bold green") if state["holds"] else Text("DOES NOT HOLD", "bold red"),
        f"{summary['verified']} of {summary['changes']} changes verified, {state['log']['entries']} log entries.",
    )
    for reason in state["reasons"]:
        console.print(Text(reason, "red"), soft_wrap=True)
    console.print(Text(f"Report: {page.resolve()}"), soft_wrap=True)
    end(YES if state["holds"] else NO)
