"""The command line `pggit-audit`: one module a command, thin over the package."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import psycopg
import typer

from pggit_audit import targets
from pggit_audit.cli import evidence, lab, report, server
from pggit_audit.cli.common import CANNOT_TELL, NO, STATUSES, YES, Documents, print_json, words
from pggit_audit.cli.cutover import cutover
from pggit_audit.cli.draft import draft
from pggit_audit.cli.finish import finish
from pggit_audit.cli.load import load
from pggit_audit.cli.monitor import monitor
from pggit_audit.cli.preflight import preflight
from pggit_audit.cli.rebuild import rebuild
from pggit_audit.cli.rehearse import rehearse
from pggit_audit.cli.rollback import rollback
from pggit_audit.cli.status import status
from pggit_audit.errors import PggitError
from pggit_audit.waits import reason

app = typer.Typer(
    name="pggit-audit",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
    help="What dbt cannot do for the migration from pgGit v1 to pggit_v0.",
    epilog=STATUSES,
)
NIGHT, LOOKING, AT_HAND, MEASURING = (
    "The night of the move", "Looking at the history", "The embedded server", "Measuring",
)  # fmt: skip
for command in (preflight, rehearse, cutover, rollback, status, monitor, finish, draft):
    app.command(rich_help_panel=NIGHT)(command)
app.add_typer(evidence.app, name="evidence", rich_help_panel=NIGHT)
app.command(rich_help_panel=LOOKING)(rebuild)
app.add_typer(report.app, name="report", rich_help_panel=LOOKING)
app.add_typer(server.app, name="server", rich_help_panel=AT_HAND)
app.command(rich_help_panel=AT_HAND)(load)
app.command(rich_help_panel=MEASURING)(lab.bench)
app.command(rich_help_panel=MEASURING)(lab.score)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 yes, 1 no, 2 it could not be told, 130 interrupted."""
    asked = sys.argv[1:] if arguments is None else list(arguments)
    printed = Documents.printed
    why = None
    try:
        app(args=asked, prog_name="pggit-audit")
        status = YES
    except SystemExit as ended:  # typer's end of every command
        status = ended.code if isinstance(ended.code, int) else YES
    except PggitError as error:
        status, why = error.exit_status, str(error)
    except psycopg.Error as error:
        told = reason(error, targets.connect_again)
        status, why = CANNOT_TELL, f"The server refused something: {told}\n{_STANDS}"
    except OSError as error:
        what = f"{error.filename or 'A file'} cannot be used: {error.strerror or error}"
        status, why = CANNOT_TELL, f"{what}.\n{_STANDS}"
    if why is not None:
        words().print(f"pggit-audit: {why}", markup=False, soft_wrap=True)
    if status != YES and "--json" in asked and Documents.printed == printed:
        # a command that ended before it had its document
        decision = "refused" if status == NO else "unknown"
        print_json({"decision": decision, "reason": why or "wrong usage, or interrupted: see stderr"})
    return status


_STANDS = (
    "What the database has committed stands. Mend that, then run the command again; where a run of the night stands, "
    "pggit-audit status says."
)
