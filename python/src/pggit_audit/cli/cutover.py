"""`pggit-audit cutover`: the move of one database, from the plan to the summary."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from rich.console import Console
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from pggit_audit import embedded, others_code
from pggit_audit.cli.common import FLAG, Accept, Json, Target, end, print_findings, print_json, result, words
from pggit_audit.cli.desk import Terminal, seconds, server_losses
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import hazards, plan, v1
from pggit_audit.night import journal as journals
from pggit_audit.night.context import Night, database
from pggit_audit.night.cutover import Cutover, Options, Outcome, check_before, minutes
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.journal import Journal
from pggit_audit.night.plan import REPORTS, STEPS, Plan, Report
from pggit_audit.verdicts import Finding

MOMENT = "SPAN"


@dataclass(frozen=True)
class Asked:
    """What the command line asked for; times in seconds."""

    hooks: Hooks
    accept: float
    window: float
    observe: float
    report: Path
    without_rehearsal: bool
    confirm: str | None
    yes: bool


def cutover(
    target: Target = None,
    only_plan: Annotated[
        bool,
        typer.Option(
            "--plan",
            metavar=FLAG,
            help="Print the plan and its digest, and change nothing.",
            show_default=False,
        ),
    ] = False,
    confirm: Annotated[
        str | None,
        typer.Option(
            "--confirm", metavar="DIGEST", help="The plan's digest; else it is asked for.", show_default=False
        ),
    ] = None,
    accept: Accept = 100.0,
    hooks: Annotated[
        Path | None,
        typer.Option(
            "--hooks", metavar="DIR", help="Your programs for the moments of the night.", show_default=False
        ),
    ] = None,
    hook_timeout: Annotated[
        str, typer.Option("--hook-timeout", metavar=MOMENT, help="How long a hook may take.")
    ] = "10m",
    window: Annotated[
        str,
        typer.Option("--window", metavar=MOMENT, help="How long all of it may take, a rollback included."),
    ] = "6h",
    observe: Annotated[
        str, typer.Option("--observe", metavar=MOMENT, help="How long to watch after the switch.")
    ] = "60m",
    grace: Annotated[
        str,
        typer.Option(
            "--grace", metavar=MOMENT, help="How long sessions that use v1 get to end by themselves."
        ),
    ] = "30s",
    hold_before_switch: Annotated[
        Path | None,
        typer.Option(
            "--hold-before-switch", metavar="FILE", help="Wait with the switch while this file exists."
        ),
    ] = None,
    report: Annotated[
        Path | None,
        typer.Option(
            "--report", metavar="DIR", help="Where the rehearsal's report.json is.", show_default=REPORTS
        ),
    ] = None,
    without_rehearsal: Annotated[
        bool,
        typer.Option(
            "--without-rehearsal",
            metavar=FLAG,
            help="Go on without a report that says GO.",
            show_default=False,
        ),
    ] = False,
    resume: Annotated[
        bool,
        typer.Option(
            "--resume",
            metavar=FLAG,
            help="Go on with the run that was stopped or killed.",
            show_default=False,
        ),
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes",
            metavar=FLAG,
            help="Go on at every decision point; what has no hook is done already.",
            show_default=False,
        ),
    ] = False,
    as_json: Json = False,
) -> None:
    """Move the database to pggit_v0: freeze, back up, build, verify, switch, watch; or go back by itself.

    Exit status: 0 done; 1 stopped, and v1 is as it was; 2 wrong usage, a missing right, or a run in between.
    """
    name, params = database(target)
    home = journals.home(name, str(params["dbname"]))
    asked = Asked(
        hooks=Hooks(hooks, seconds(hook_timeout), {}),
        accept=accept,
        window=seconds(window),
        observe=seconds(observe),
        report=report or embedded.project_dir() / REPORTS,
        without_rehearsal=without_rehearsal,
        confirm=confirm,
        yes=yes,
    )
    with server_losses(lambda: "Nothing was changed by this command. See pggit-audit status."):
        if only_plan:
            made, found, refused = _plan(name, params, asked)
            if as_json:
                print_json({
                    "decision": "refused" if refused else "planned", "digest": made.digest, "plan": made.as_json(),
                    "hazards": [finding.as_json() for finding in found], "reasons": list(refused),
                })  # fmt: skip
            else:
                _show(result(), made, found, refused)
            end(1 if refused else 0)
        with journals.held(home):
            terminal = Terminal()
            if resume:
                night, made = _taken_up(name, params, home, terminal)
            else:
                night, made = _begun(name, params, home, terminal, asked)
            with closing(journals.lease(params, night.journal.run)), terminal.listening():
                if resume:
                    night.end_leftovers()
                outcome = Cutover(night, made, Options(seconds(grace), hold_before_switch, yes)).run()
    _told(night, made, outcome, as_json)
    end(outcome.exit_status)


def _plan(name: str, params: dict[str, Any], asked: Asked) -> tuple[Plan, list[Finding], list[str]]:
    """The plan, its hazards, and why it must not be carried out."""
    project = embedded.project_dir()
    names, version = plan.names(project), plan.project_version(project)
    refused: list[str] = []
    rehearsed: Report | None = None
    with psycopg.connect(**params, autocommit=True) as connection:
        others_code.refuse(connection, [(names.v0, table) for table in others_code.SHARED])
        where = v1.state(connection, names)
        if where in ("both", "missing"):
            raise v1.stuck(where, names)
        if where != "in place":
            raise Refusal(
                f"v1 in database {params['dbname']} is {where} already, by an earlier run. Nothing was changed. Go on "
                "with that run: pggit-audit cutover --resume; or go back: pggit-audit rollback."
            )
        try:
            rehearsed = plan.read_report(asked.report)
            refused = plan.refusals(rehearsed, connection, names, version, asked.accept)
        except Refusal as missing:
            refused = [str(missing)]
        if asked.without_rehearsal:
            rehearsed, refused = (None, []) if refused else (rehearsed, [])
        history = rehearsed.history if rehearsed else plan.history_prefix(connection, names.pggit)
        found = hazards.of(connection, names, rehearsed, asked.hooks)
        made = Plan(
            target=name,
            database=str(params["dbname"]),
            server=f"{params['host']}:{params.get('port', '')}",
            server_version=connection.info.server_version // 10000,
            project_version=version,
            accept=asked.accept,
            window=asked.window,
            observe=asked.observe,
            hooks=asked.hooks.present(),
            expected=dict(rehearsed.seconds) if rehearsed else {},
            history=history,
            report=rehearsed.checksum if rehearsed else "",
        )
    return made, found, refused


def _begun(
    name: str, params: dict[str, Any], home: Path, terminal: Terminal, asked: Asked
) -> tuple[Night, Plan]:
    """Begin a run: everything that can be said before anything is touched is said here."""
    check_before(Night(name, params, plan.names(), Journal(home / "none", "none"), terminal, asked.hooks))
    _forget_what_never_began(home)
    made, found, refused = _plan(name, params, asked)
    _show(words(), made, found, refused)
    if refused:
        reasons = " ".join(f"{reason[:1].upper()}{reason[1:].rstrip('.')}." for reason in refused)
        raise Refusal(f"Nothing was changed. {reasons}")
    if not asked.yes and not sys.stdin.isatty():
        raise PggitError(
            "There is no terminal to ask at, whether to switch for one. Nothing was changed. Pass --yes to go on at "
            "every decision point; a hook that is there still decides."
        )
    _confirmed(made, asked.confirm)
    journal = Journal.begin(home)
    night = Night(name, params, plan.names(), journal, terminal, asked.hooks)
    if made.report:
        shutil.copy2(asked.report / plan.REPORT, journal.folder / plan.REPORT)
    journal.write(
        "run", "begin", plan=made.as_json(), digest=made.digest, rehearsed=bool(made.report),
        hooks=str(asked.hooks.folder.resolve()) if asked.hooks.folder else "",
        hook_seconds=asked.hooks.seconds,
    )  # fmt: skip
    return _with_facts(night, made), made


def _taken_up(name: str, params: dict[str, Any], home: Path, terminal: Terminal) -> tuple[Night, Plan]:
    """Take up the newest run, with the plan that was confirmed."""
    journal = journals.latest(home)
    if journal is None or journal.is_over or journal.last("run", "begin") is None:
        with psycopg.connect(**params, autocommit=True) as connection:
            elsewhere = journals.from_database(connection, plan.names().work, home)
        if (
            elsewhere is not None
            and not elsewhere.is_over
            and (journal is None or elsewhere.run != journal.run)
        ):
            by = elsewhere.entries[-1].by
            raise Refusal(
                f"Run {elsewhere.run} was begun by {by.get('user')} on {by.get('host')}, where its folder is, with the "
                "backup. Nothing was changed. Resume it there; or go back from here: pggit-audit rollback."
            )
        raise Refusal(
            "There is no run to go on with. Nothing was changed. Begin one: pggit-audit cutover --plan."
        )
    if journal.last("rollback") is not None:
        raise Refusal(
            f"Run {journal.run} has begun to roll back. Nothing was changed. Let it: pggit-audit rollback; "
            "then begin anew."
        )
    facts = journal.facts("run", "begin")
    folder = Path(facts["hooks"]) if facts.get("hooks") else None
    try:
        made = Plan.of_json(facts["plan"])
    except (KeyError, TypeError, ValueError) as error:
        raise PggitError(
            f"The journal of run {journal.run} does not say its plan ({error!r}). Nothing was changed. Go back: "
            "pggit-audit rollback."
        ) from error
    night = Night(
        name, params, plan.names(), journal, terminal, Hooks(folder, float(facts["hook_seconds"]), {})
    )
    with night.connect() as connection:
        where = v1.state(connection, night.names)
    if where == "in place" and journal.last("freeze", "end") is not None:
        raise Refusal(
            f"Run {journal.run} had frozen v1, and now v1 is in place and open: somebody brought it back. Nothing was "
            "changed. See pggit-audit rollback, then begin anew."
        )
    terminal.say(f"Run {journal.run} goes on.")
    journal.write("run", "note", resumed=True)
    return _with_facts(night, made), made


def _with_facts(night: Night, made: Plan) -> Night:
    """Give the hooks what they may want to know."""
    night.hooks = Hooks(night.hooks.folder, night.hooks.seconds, {**night.facts(), "digest": made.digest})
    return night


def _forget_what_never_began(home: Path) -> None:
    """A run that was killed before it froze v1 (which is in place, as was checked) is over."""
    journal = journals.latest(home)
    if journal is not None and not journal.is_over and journal.last("freeze", "end") is None:
        journal.write("run", "end", decision="stopped", why="it never froze v1")


def _confirmed(made: Plan, confirm: str | None) -> None:
    if confirm is None:
        if not sys.stdin.isatty():
            raise PggitError(
                f"The plan was not confirmed. Nothing was changed. Read it, then: --confirm {made.digest}"
            )
        confirm = input(f"Type the digest ({made.digest}) to begin: ").strip()
    if confirm != made.digest:
        raise Refusal(
            f"{confirm} is not the digest of this plan, which is {made.digest}: the plan, the project, the rehearsal "
            "or the history is another than the one that was confirmed. Nothing was changed. Read the plan: --plan."
        )


def _show(console: Console, made: Plan, found: Sequence[Finding], refused: Sequence[str]) -> None:
    facts = Table.grid(padding=(0, 2))
    for label, value in (
        (
            "Database",
            f"{made.database} on {made.server}, PostgreSQL {made.server_version}, target {made.target}",
        ),
        ("History", f"{made.history.rows:,} rows up to id {made.history.max_id}"),
        (
            "Rehearsal",
            f"report {made.report[:12]}" if made.report else "none: nothing is known of how long it takes",
        ),
        ("Accept", f"{made.accept:g} % of the history's rows right, or back"),
        ("Window", f"{minutes(made.window)}, of which {minutes(made.observe)} are for watching"),
        ("Hooks", ", ".join(made.hooks) or "none: you are asked instead"),
    ):
        facts.add_row(Text(label, style="bold"), Text(value))
    console.print(Panel(facts, title="Cutover", title_align="left", expand=False))
    steps = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in ("step", "what happens", "expected"):
        steps.add_column(heading)
    for step in made.steps:
        took = made.observe if step == "observe" else made.expected.get(step)
        steps.add_row(step, MEANING[step], minutes(took) if took is not None else "?")
    console.print(steps)
    if found:
        console.print()
        print_findings(console, found)
    for reason in refused:
        console.print(Text(f"Refused: {reason}", style="bold red"), soft_wrap=True)
    console.print(Text.assemble("\nDigest  ", (made.digest, "bold")))


MEANING = {
    "freeze": "applications stop, v1's event triggers go off, no one can write v1",
    "backup": "pg_dump of v1, restored in a scratch database and compared",
    "build": "dbt build: the history is rebuilt, tested, published",
    "verify": "the share of rows that pass every check",
    "switch": "pggit becomes pggit_v1_archive, read-only",
    "deploy": "the new code goes live",
    "smoke": "the new code is tried",
    "observe": "applications start; the monitor's checks each minute",
    "summary": "what was done, how long it took",
}
assert tuple(MEANING) == STEPS


def _told(night: Night, made: Plan, outcome: Outcome, as_json: bool) -> None:
    journal = night.journal
    steps = journals.steps(journal, made.steps)
    if as_json:
        print_json({
            "decision": outcome.decision, "reason": outcome.reason, "run": journal.run, "digest": made.digest,
            "rehearsed": bool(made.report), "steps": steps, "folder": str(journal.folder),
            "restored": outcome.restored.as_json() if outcome.restored else None, "problems": outcome.problems,
        })  # fmt: skip
        return
    console = result()
    style = {"done": "bold green", "rolled back": "bold yellow", "stopped": "bold red"}[outcome.decision]
    console.print()
    console.print(Text(outcome.decision.upper(), style=style))
    console.print(Text(outcome.reason), soft_wrap=True)
    if outcome.restored is not None:
        console.print(Text(outcome.restored.said()), soft_wrap=True)
    for problem in outcome.problems:
        console.print(Text(problem, style="yellow"), soft_wrap=True)
    if not made.report:
        console.print(Text("There was no rehearsal for this run.", style="yellow"))
    console.print(steps_table(steps))
    console.print(Text(f"Journal, backup and logs: {journal.folder}"), soft_wrap=True)
    if outcome.decision == "done":
        console.print("Watch it: pggit-audit monitor. Back, until pggit-audit finish: pggit-audit rollback.")


def steps_table(steps: Sequence[dict[str, Any]]) -> Table:
    """Return the steps of a run as a table: each with its state and how long it took."""
    styles = {"done": "green", "failed": "bold red", "under way": "yellow", "to do": "dim"}
    table = Table(box=None, padding=(0, 2), header_style="dim")
    for heading in ("step", "state", "took", "at (UTC)"):
        table.add_column(heading)
    for step in steps:
        took = minutes(step["seconds"]) if step["seconds"] is not None else ""
        table.add_row(
            step["step"],
            Text(step["state"], styles[step["state"]]),
            took,
            (step["at"] or "")[:19].replace("T", " "),
        )
    return table
