"""`pggit-audit rollback`: v1 comes back, and is proven to be what it was."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path
from typing import Annotated

import psycopg
import typer
from rich.text import Text

from pggit_audit.cli.common import CANNOT_TELL, FLAG, YES, Json, Target, end, print_json, result
from pggit_audit.cli.desk import Terminal, server_losses
from pggit_audit.errors import Refusal
from pggit_audit.night import journal as journals
from pggit_audit.night import plan, v1
from pggit_audit.night.context import Night, database
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.journal import Journal
from pggit_audit.night.rollback import ASKED_FOR, Restored, aftermath, roll_back


def rollback(
    target: Target = None,
    backup: Annotated[
        Path | None,
        typer.Option(
            "--from",
            metavar="BACKUP",
            show_default=False,
            help="Restore this backup, even where v1 could be renamed back; what is there is set aside.",
        ),
    ] = None,
    as_it_is: Annotated[
        bool,
        typer.Option(
            "--as-it-is",
            metavar=FLAG,
            help="Put v1 back even if it is not what it was, or the backup is of another database.",
            show_default=False,
        ),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", metavar=FLAG, help="Do not ask.", show_default=False)] = False,
    as_json: Json = False,
) -> None:
    """Bring v1 back, from any point of a cutover, with or without its journal.

    It is renamed back where the archive is there, else restored from the backup, whose checksums come first.
    Exit status: 0 v1 is back, and as it was; 1 refused, and nothing was touched (there was no run, for one); 2 it
    could not be told.
    """
    name, params = database(target)
    home = journals.home(name, str(params["dbname"]))
    terminal = Terminal()
    with (
        server_losses(lambda: "What was committed stands; run this again when the server is back."),
        journals.held(home),
    ):
        journal = journals.latest(home)
        names = plan.names()
        with psycopg.connect(**params, autocommit=True) as connection:
            where = v1.state(connection, names)
            known = journal or journals.from_database(connection, names.work, home)
        if backup is None and where == "in place" and (known is None or _is_back(known)):
            _nothing_is_to_do(known, name, str(params["dbname"]), names, as_json)
        if journal is None or (journal.is_over and _is_back(journal)):
            journal = Journal.begin(home)
        facts = journal.facts("run", "begin")
        hooks = Hooks(
            Path(facts["hooks"]) if facts.get("hooks") else None, float(facts.get("hook_seconds", 600)), {}
        )
        night = Night(name, params, names, journal, terminal, hooks)
        with closing(journals.lease(params, journal.run)), terminal.listening():
            if not yes and terminal.console.is_terminal:
                choice = terminal.ask(
                    f"v1 in {params['dbname']} is {where}. Bring it back (go on), or leave it (stop here)?"
                )
                if choice == "stop here":
                    raise Refusal("Nothing was touched.")
            terminal.firm = True
            night.end_leftovers()
            restored = roll_back(night, ASKED_FOR, backup, as_it_is=as_it_is)
            problems = aftermath(night)
            night.note("run", "end", decision="rolled back", why=ASKED_FOR)
    _told(restored, problems, as_json)
    end({True: YES, None: CANNOT_TELL, False: CANNOT_TELL}[restored.matches])


def _is_back(journal: Journal) -> bool:
    """Whether the newest run left v1 in place: rolled back, or never frozen."""
    last = journal.last("run", "end")
    return last is not None and last.facts.get("decision") != "done"


def _nothing_is_to_do(
    journal: Journal | None, target: str, dbname: str, names: v1.Names, as_json: bool
) -> None:
    """End with yes where the newest run has left v1 in place; where there was no run, nothing can come back.

    Raises:
        Refusal: no run is known: most likely it is another database that was meant.

    """
    last = journal.last("run", "end") if journal is not None else None
    if journal is None or last is None:
        raise Refusal(
            f"There is nothing to bring back: v1 ({names.pggit}) is in place in {dbname}, open to writers, and no run "
            f"is known that touched it. Nothing was changed. See that {target} is the target that you mean: "
            "pggit-audit status; or restore a backup of it: --from BACKUP."
        )
    ended = "rolled it back" if last.facts.get("decision") == "rolled back" else "ended before it touched it"
    why = f"run {journal.run} {ended}, at {last.at[:19].replace('T', ' ')} UTC"
    fingerprint = journal.facts("rollback").get("fingerprint")
    if as_json:
        print_json({"decision": "restored", "reason": f"nothing to do: {why}", "fingerprint": fingerprint})
    else:
        result().print(
            f"v1 ({names.pggit}) is in place in {dbname}, and open to writers: {why}. Nothing was done now.",
            soft_wrap=True,
        )
    end(YES)


def _told(restored: Restored, problems: list[str], as_json: bool) -> None:
    if as_json:
        print_json({"decision": "restored", **restored.as_json(), "problems": problems})
        return
    console = result()
    console.print(Text("v1 IS BACK", style="bold green" if restored.matches else "bold yellow"))
    console.print(Text(restored.said()), soft_wrap=True)
    for problem in problems:
        console.print(Text(problem, style="yellow"), soft_wrap=True)
