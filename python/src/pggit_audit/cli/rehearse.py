"""`pggit-audit rehearse`: the whole night on a copy of production, and GO or NO-GO with evidence."""

from __future__ import annotations

import secrets
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from pggit_audit import embedded
from pggit_audit.cli.common import (
    FLAG,
    NO,
    YES,
    Accept,
    Code,
    Json,
    Target,
    end,
    print_json,
    result,
    sources,
    words,
)
from pggit_audit.cli.desk import Terminal, server_losses
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import plan
from pggit_audit.night.context import database
from pggit_audit.night.cutover import minutes
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.rehearsal import report, restore, run
from pggit_audit.night.rehearsal.own_server import own_server


def rehearse(
    backup: Annotated[
        str,
        typer.Option(
            "--from",
            metavar="BACKUP",
            help="A dump of production's whole database (any format of pg_dump), or the name of a database.",
        ),
    ],
    target: Target = None,
    folder: Annotated[
        Path | None,
        typer.Option("--report", metavar="DIR", help="Where the report goes.", show_default=plan.REPORTS),
    ] = None,
    seed: Annotated[
        int | None,
        typer.Option("--seed", metavar="N", help="Of all that is drawn at random.", show_default="a new one"),
    ] = None,
    hooks: Annotated[
        Path | None,
        typer.Option(
            "--hooks",
            metavar="DIR",
            help="The cutover's hooks: of these the smoke-test is run, against the copy.",
            show_default=False,
        ),
    ] = None,
    manifest: Annotated[
        Path | None,
        typer.Option(
            "--manifest",
            metavar="FILE",
            help='Rows of production\'s tables, to hold the copy against: {"schema.table": rows}.',
            show_default=False,
        ),
    ] = None,
    evidence: Annotated[
        Path | None,
        typer.Option(
            "--evidence",
            metavar="FILE",
            exists=True,
            dir_okay=False,
            help="The ids of transactions, which a dump loses: a file of pggit-audit evidence collect.",
            show_default=False,
        ),
    ] = None,
    code: Code = None,
    accept: Accept = 100.0,
    throw_away: Annotated[
        bool,
        typer.Option(
            "--throw-away",
            metavar=FLAG,
            help="Rehearse on a server of its own, of the dump's version, by programs of this machine; no staging "
            "server is needed, and nothing is left of it.",
            show_default=False,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Rehearse the night on a copy: restore, freeze, back up, build, verify, compare, switch, and all the way back.

    The copy is a scratch database beside the target's, which is not touched. Exit status: 0 GO; 1 NO-GO; 2 it could
    not be told.
    """
    source = restore.source(backup)
    folders = sources(code)
    project = embedded.project_dir()
    place = folder or project / plan.REPORTS
    terminal = Terminal()
    with (
        server_losses(lambda: "The rehearsal ended there; production was not touched."),
        terminal.listening(),
        own_server(target, project, source) if throw_away else nullcontext(),
    ):
        name, params = database(target)
        if name == "production":
            raise Refusal(
                "A rehearsal makes a copy and builds in it: not on the server of production. Nothing was changed. "
                "Restore a dump of production on staging (pggit-audit rehearse --target staging --from DUMP), or on a "
                "server of this machine, with --throw-away."
            )
        place.mkdir(parents=True, exist_ok=True)
        asked = run.Asked(
            target=name,
            params=params,
            project=project,
            source=source,
            folder=place,
            seed=seed if seed is not None else secrets.randbelow(1_000_000),
            manifest=restore.read_manifest(manifest) if manifest else {},
            code=folders,
            accept=accept,
            smoke_test=_smoke_test(hooks),
            throw_away=throw_away,
            evidence=evidence,
        )
        document = run.rehearse(asked, terminal)
    goes = document["decision"] == "GO"
    try:
        text, page = report.write(document, place)
    except OSError as error:
        figures = "\n".join(
            f"  {c['name']}: {'yes' if c['ok'] else 'NO'}, {c['figure']}" for c in document["checks"]
        )
        raise PggitError(
            f"The rehearsal ended {document['decision']}, and its report could not be written to {place}: {error}\n"
            f"{figures}\nA cutover wants the report: make room, or name another --report, and rehearse again."
        ) from error
    if as_json:
        print_json({**document, "report": str(page)})
        end(YES if goes else NO)
    console = result()
    table = Table(box=None, padding=(0, 2), show_header=False)
    for check in document["checks"]:
        mark = Text("yes", "green") if check["ok"] else Text("NO", "bold red")
        table.add_row(mark, check["name"].replace("_", " "), Text(check["figure"]))
    console.print()
    console.print(Text(document["decision"], style="bold green" if goes else "bold red"))
    console.print(table)
    for reason in [] if goes else document["reasons"]:
        console.print(Text(reason, "red"), soft_wrap=True)
    if goes:
        expected = document["projection"]["total_seconds"]
        console.print(f"Production is expected to take {minutes(expected)}, the hour of watching included.")
    console.print(Text(f"Report: {page}"), soft_wrap=True)
    words().print(Text(f"For the cutover: {text}", "dim"), soft_wrap=True)
    end(YES if goes else NO)


def _smoke_test(hooks: Path | None) -> Path | None:
    """The hook of that name, which has to be there and executable where a folder is named."""
    if hooks is None:
        return None
    Hooks(hooks, 0, {}).check()
    path = hooks / "smoke-test"
    if not path.is_file():
        raise PggitError(f"There is no {path}. Nothing was rehearsed. Put it there, or leave --hooks away.")
    return path
