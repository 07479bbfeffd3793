"""What people write to each other about the night, as far as its journal can say it: the rest is left as holes.

A hole is a word in capitals between asterisks, `*NAMES*`, which Markdown shows in italics.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any, Literal, get_args

from jinja2 import Environment, PackageLoader, StrictUndefined

from pggit_audit.night import journal as journals
from pggit_audit.night.cutover import minutes
from pggit_audit.night.journal import Entry, Journal
from pggit_audit.night.plan import STEPS
from pggit_audit.night.rollback import ASKED_FOR

Kind = Literal["announcement", "lessons-learned"]
KINDS: tuple[Kind, ...] = get_args(Kind)
MUCH_LONGER = 1.5
"""How many times the rehearsed time a step takes to be worth a question."""


def announcement(journal: Journal | None, database: str) -> str:
    """Return what to tell the team: that the night comes, is under way, is done, stopped, or was rolled back."""
    end = journal.last("run", "end") if journal is not None else None
    if journal is None:
        return _filled("announcement_before", {"database": database})
    facts = _facts(journal, database)
    if end is None:
        return _filled("announcement_under_way", facts)
    decision = "done" if end.facts["decision"] == "done" else "rolled_back"
    if journal.last("rollback", "end") is not None:
        decision = "rolled_back"
    if decision == "rolled_back" and journal.last("freeze", "end") is None:
        decision = "not_begun"
    return _filled(f"announcement_{decision}", facts)


def lessons_learned(journal: Journal, database: str) -> str:
    """Return the notes for the talk afterwards: what happened, what was otherwise than rehearsed, questions."""
    return _filled("lessons_learned", _facts(journal, database))


def _filled(name: str, facts: Mapping[str, Any]) -> str:
    environment = Environment(
        loader=PackageLoader("pggit_audit.night", "templates"), undefined=StrictUndefined, trim_blocks=True,
        lstrip_blocks=True, keep_trailing_newline=True, autoescape=False,
    )  # fmt: skip
    environment.filters.update(minutes=minutes, number=lambda value: f"{value:,}", clock=_clock)
    return environment.get_template(f"{name}.md.j2").render(facts)


def _facts(journal: Journal, database: str) -> dict[str, Any]:
    begin = journal.last("run", "begin")
    plan = begin.facts.get("plan", {}) if begin else {}
    first, last = journal.entries[0], journal.entries[-1]
    return {
        "database": database,
        "run": journal.run,
        "first": first.at,
        "ends_by": _later(first.at, plan.get("window", 0.0)),
        "last": last.at,
        "by": sorted({f"{e.by.get('user')} on {e.by.get('host')}" for e in journal.entries}),
        "outcome": _outcome(journal),
        "why": _why(journal),
        "plan": plan,
        "digest": begin.facts.get("digest", "") if begin else "",
        "rehearsed": bool(begin and begin.facts.get("rehearsed")),
        "steps": _steps(journal, plan),
        "step": next((e.step for e in reversed(journal.entries) if e.step in STEPS), "freeze"),
        "accuracy": journal.facts("verify").get("accuracy", {}),
        "backup": journal.facts("backup"),
        "switch": journal.facts("switch"),
        "started": _moment(journal, "observe", "begin"),
        "rolled_back": _moment(journal, "rollback", "end"),
        "surprises": _surprises(journal, plan),
    }


def _outcome(journal: Journal) -> str:
    if journal.last("rollback", "end") is not None:
        return "rolled back"
    end = journal.last("run", "end")
    return str(end.facts["decision"]) if end is not None else "not at its end"


def _why(journal: Journal) -> str:
    for entry in (journal.last("rollback", "begin"), journal.last("run", "end")):
        if entry is not None and entry.facts.get("why"):
            why = str(entry.facts["why"]).strip()
            return "*REASON*" if why == ASKED_FOR else why
    return ""


def _moment(journal: Journal, step: str, event: journals.Event) -> str:
    found = journal.last(step, event)
    return found.at if found is not None else ""


def _steps(journal: Journal, plan: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each step that was begun: when, how long it took, and how long it was expected to take (seconds)."""
    expected = dict(plan.get("expected", {}))
    found = []
    for step in [*journals.steps(journal, (*plan.get("steps", STEPS), "rollback", "finish"))]:
        if step["state"] == "to do":
            continue
        begun = journal.last(step["step"], "begin")
        seconds = step["seconds"]
        if seconds is None and begun is not None and step["state"] != "under way":
            seconds = (_time(step["at"]) - _time(begun.at)).total_seconds()
        found.append({
            **step, "begun": begun.at if begun else step["at"], "seconds": seconds,
            "expected": plan.get("observe") if step["step"] == "observe" else expected.get(step["step"]),
        })  # fmt: skip
    return found


def _surprises(journal: Journal, plan: Mapping[str, Any]) -> list[str]:
    """What was otherwise than planned, a sentence each, in the order of the night."""
    found = [(entry, text) for entry in journal.entries if (text := _surprise(entry))]
    sentences = [f"{_clock(entry.at)} UTC, {entry.step}: {text}" for entry, text in found]
    for step in _steps(journal, plan):
        took, expected = step["seconds"], step["expected"]
        if took and expected and took > MUCH_LONGER * expected and took - expected > 60:
            sentences.append(
                f"{step['step']} took {minutes(took)}; in the rehearsal it was {minutes(expected)}."
            )
    return sentences


def _surprise(entry: Entry) -> str:
    facts = entry.facts
    if entry.event == "failed":
        return f"failed: {str(facts.get('why', '')).strip()}"
    if facts.get("resumed"):
        return "the run was taken up again after it had been stopped or killed."
    if facts.get("stopped_at"):
        return f"stopped at {facts['stopped_at']}: {facts.get('why', '')}"
    if facts.get("ended"):
        return f"{len(facts['ended'])} session(s) that used v1 had to be ended."
    if int(facts.get("attempts", 1)) > 1:
        return "dbt was cut off and begun once more."
    if facts.get("warnings"):
        return f"the watch ended with {facts['warnings']} warning(s)."
    if facts.get("hook") and facts.get("status", 0) != 0:
        return f"the hook {facts['hook']} ended with {facts['status']}."
    return ""


def _time(at: str) -> datetime:
    return datetime.fromisoformat(at.replace("Z", "+00:00"))


def _clock(at: str) -> str:
    """`23:48`, of a time as the journal writes it (UTC)."""
    return f"{_time(at):%H:%M}" if at else "*TIME*"


def _later(at: str, seconds: float) -> str:
    return (_time(at) + timedelta(seconds=seconds)).isoformat()
