"""The list of the replay's modules in docs/ARCHITECTURE.md is the folder, from the top down: no import points up."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pggit_audit

PACKAGE = Path(pggit_audit.__file__).parent
DOCUMENT = Path(__file__).parents[2] / "docs" / "ARCHITECTURE.md"
LONGEST = 500


def listed() -> list[str]:
    """The modules of `replay/` as the document lists them."""
    section = DOCUMENT.read_text("utf-8").split("\n`replay/`, from the top down", 1)[1]
    table = section.split("|---|---|\n", 1)[1].split("\n\n", 1)[0]
    return [name for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])]


def imported(module: Path) -> set[str]:
    """The modules of `replay/` that one of them imports."""
    tree = ast.parse(module.read_text("utf-8"))
    names = [n.module for n in ast.walk(tree) if isinstance(n, ast.ImportFrom) and n.module]
    assert not any(isinstance(n, ast.ImportFrom) and n.level for n in ast.walk(tree))
    return {m[1] for name in names if (m := re.fullmatch(r"pggit_audit\.replay\.(\w+)", name))}


def test_the_list_is_the_folder() -> None:
    names = listed()
    assert len(names) == len(set(names))
    assert set(names) == {m.stem for m in (PACKAGE / "replay").glob("*.py")} - {"__init__"}


def test_no_import_points_up() -> None:
    names = listed()
    up = {
        (name, other)
        for name in names
        for other in imported(PACKAGE / "replay" / f"{name}.py")
        if names.index(other) <= names.index(name)
    }
    assert up == set()


def test_only_the_doors_import_the_replay() -> None:
    folders = ("rules/*.py", "*.py")
    importing = {
        m.stem for f in folders for m in PACKAGE.glob(f) if "from pggit_audit.replay" in m.read_text("utf-8")
    }
    assert importing == {"models"}


def test_no_module_of_the_engine_is_long() -> None:
    modules = [m for folder in ("replay", "rules") for m in (PACKAGE / folder).glob("*.py")]
    assert {m.name: n for m in modules if (n := len(m.read_text("utf-8").splitlines())) > LONGEST} == {}
