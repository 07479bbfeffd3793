"""What people are told about a night: filled from its journal, with holes where the journal knows nothing."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from project import PROJECT

from pggit_audit.cli import main
from pggit_audit.night import drafts
from pggit_audit.night.journal import Journal
from pggit_audit.night.plan import STEPS
from pggit_audit.night.rollback import ASKED_FOR

PLAN = {
    "window": 21600.0,
    "observe": 3600.0,
    "steps": list(STEPS),
    "expected": {"build": 600.0, "verify": 1.0},
}
ACCURACY = {"rows": 1118, "right": 1118, "percent": 100.0}


def a_run(folder: Path, *entries: tuple[str, str, dict[str, object]]) -> Journal:
    journal = Journal.begin(folder)
    journal.write("run", "begin", plan=PLAN, digest="1-abc", rehearsed=True)
    for step, event, facts in entries:
        journal.write(step, event, **facts)  # type: ignore[arg-type]
    return journal


MOVED = (
    ("freeze", "begin", {}),
    ("freeze", "end", {"ended": [7, 8], "seconds": 3.0}),
    ("backup", "end", {"folder": "run/backup", "bytes": 2_000_000, "seconds": 1.0}),
    ("build", "begin", {}),
    ("run", "note", {"resumed": True}),
    ("build", "end", {"attempts": 2, "seconds": 1800.0}),
    ("verify", "end", {"accuracy": ACCURACY, "seconds": 1.0}),
    ("switch", "end", {"head": "refs/heads/main", "commit": "ab" * 32, "seconds": 0.2}),
    ("observe", "begin", {}),
    ("observe", "end", {"warnings": 1, "seconds": 3600.0}),
)
BACK = (
    ("rollback", "begin", {"why": "The hook smoke-test ended with exit status 3.\nno books"}),
    ("rollback", "end", {}),
)


def test_each_turn_has_its_announcement(tmp_path: Path) -> None:
    assert drafts.announcement(None, "clinic").startswith("**Tonight: clinic moves.**")
    under_way = a_run(tmp_path, *MOVED[:4])
    assert "at the step build" in drafts.announcement(under_way, "clinic")
    done = a_run(tmp_path, *MOVED, ("run", "end", {"decision": "done"}))
    said = drafts.announcement(done, "clinic")
    assert said.startswith(
        "**Done: clinic has moved.** 1,118 history rows, 1,118 of them right in every check (100 %)"
    )
    back = a_run(tmp_path, *MOVED[:8], *BACK, ("run", "end", {"decision": "rolled back", "why": "x"}))
    assert "> The hook smoke-test ended with exit status 3.\n> no books\n" in drafts.announcement(
        back, "clinic"
    )
    later = a_run(tmp_path, *MOVED, ("run", "end", {"decision": "done"}), ("rollback", "begin", {"why": ASKED_FOR}),
                  ("rollback", "end", {}), ("run", "end", {"decision": "rolled back", "why": ASKED_FOR}))  # fmt: skip
    assert "> *REASON*\n" in drafts.announcement(later, "clinic")
    stopped = a_run(tmp_path, ("freeze", "begin", {}), ("freeze", "failed", {"why": "no"}),
                    ("run", "end", {"decision": "stopped", "why": "no"}))  # fmt: skip
    assert drafts.announcement(stopped, "clinic").startswith("**Not tonight: clinic was not touched.**")


def test_lessons_learned_has_what_was_otherwise_than_planned(tmp_path: Path) -> None:
    text = drafts.lessons_learned(a_run(tmp_path, *MOVED, ("run", "end", {"decision": "done"})), "clinic")
    for words in (
        "| outcome | done |", "1-abc, rehearsed", "| build | ", "| 30 min | 10 min | done |",
        "2 session(s) that used v1 had to be ended", "dbt was cut off and begun once more", "taken up again",
        "the watch ended with 1 warning(s)", "build took 30 min; in the rehearsal it was 10 min",
    ):  # fmt: skip
        assert words in text, (words, text)
    quiet = a_run(tmp_path, ("freeze", "begin", {}), ("freeze", "end", {"seconds": 1.0}))
    assert "Nothing, as far as the journal knows." in drafts.lessons_learned(quiet, "clinic")


def test_the_command_writes_and_overwrites_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PGGIT_NIGHT_DIR", str(tmp_path))
    for name, value in {"HOST": "nowhere.invalid", "USER": "u", "PASSWORD": "p", "DBNAME": "clinic"}.items():
        monkeypatch.setenv(f"PGGIT_STAGING_{name}", value)
    monkeypatch.chdir(PROJECT)
    assert main(["draft", "lessons-learned"]) == 1
    assert "nothing to learn from" in capsys.readouterr().err
    a_run(tmp_path / "staging-clinic", *MOVED)
    file = tmp_path / "notes.md"
    assert main(["draft", "lessons-learned", "--out", str(file)]) == 0
    assert file.read_text().startswith("# Lessons learned: the move of clinic")
    file.write_text("our notes")
    assert main(["draft", "lessons-learned", "--out", str(file)]) == 1
    assert file.read_text() == "our notes"
    capsys.readouterr()
    assert main(["draft", "announcement", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["kind"] == "announcement"


def test_the_procedure_shows_the_announcements() -> None:
    """As they are with nothing known: the same text, in two places."""
    document = (PROJECT / "docs" / "CUTOVER_PROCEDURE.md").read_text(encoding="utf-8")
    quoted = re.sub(r"(?m)^> ", "", document)
    assert drafts.announcement(None, "*DATABASE*").strip() in quoted
    for kind in ("under way", "done", "rolled back", "not begun"):
        assert kind in document
    for name, words in (("done", "and we can go back until *DATE*"), ("rolled_back", "A new date follows.")):
        folder = PROJECT / "python" / "src" / "pggit_audit" / "night" / "templates"
        assert words in (folder / f"announcement_{name}.md.j2").read_text() and words in quoted
