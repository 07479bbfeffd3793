"""`pggit-audit status`: where a run stands, from its journal alone."""

from __future__ import annotations

from rich.text import Text

from pggit_audit import targets
from pggit_audit.cli.common import NO, YES, Json, Target, end, print_json, result
from pggit_audit.cli.cutover import steps_table
from pggit_audit.night import journal as journals
from pggit_audit.night.journal import Journal
from pggit_audit.night.plan import STEPS


def status(target: Target = None, as_json: Json = False) -> None:
    """Say where the newest run stands, from its journal alone: no database is asked.

    Exit status: 0 there is a run; 1 there is none here.
    """
    found = targets.credentials(target)
    home = journals.home(found.target_name, found.database)
    journal = journals.latest(home)
    if journal is None:
        if as_json:
            print_json({"run": None, "step": None, "steps": []})
        else:
            result().print(
                f"There is no run against {found.target_name}, database {found.database}, in {home}."
            )
        end(NO)
        return
    behind = [step for step in ("rollback", "finish") if journal.last(step) is not None]
    steps = journals.steps(journal, (*STEPS, *behind))
    step, what = _stands(journal, steps)
    by = journal.entries[-1].by
    if as_json:
        print_json({
            "run": journal.run, "step": step, "state": what, "steps": steps, "folder": str(journal.folder),
            "backup": journal.facts("backup").get("folder"), "by": by, "at": journal.entries[-1].at,
        })  # fmt: skip
        end(YES)
    console = result()
    console.print(Text.assemble(("Run ", ""), (journal.run, "bold"), f": {what}"), soft_wrap=True)
    console.print(steps_table(steps))
    failed = next((e for e in reversed(journal.entries) if e.event == "failed"), None)
    if failed is not None:
        console.print(Text(f"{failed.step}: {failed.facts.get('why')}", style="yellow"), soft_wrap=True)
    console.print(
        f"Last entry {journal.entries[-1].at} by {by.get('user')} on {by.get('host')}, process {by.get('pid')}.",
        soft_wrap=True,
    )
    if journal.facts("backup").get("folder"):
        console.print(f"Backup: {journal.facts('backup')['folder']}", soft_wrap=True)
    end(YES)


def _stands(journal: Journal, steps: list[dict[str, object]]) -> tuple[str | None, str]:
    over = journal.last("run", "end")
    if over is not None and journal.is_over:
        return None, str(over.facts.get("decision"))
    if journal.last("rollback") is not None:
        return "rollback", "rolling back, not at its end: pggit-audit rollback"
    current = next((str(s["step"]) for s in steps if s["state"] in ("under way", "failed")), None)
    current = current or next((str(s["step"]) for s in steps if s["state"] == "to do"), None)
    return (
        current,
        f"at {current}; if nobody works on it: pggit-audit cutover --resume, or pggit-audit rollback",
    )
