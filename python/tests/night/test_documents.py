"""What the documents of the night tell people to run, runs."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from pathlib import Path

import psycopg
import pytest
from nights import NAMES
from project import PROJECT, Params
from psycopg.conninfo import make_conninfo
from typer.main import get_command

from pggit_audit import programs
from pggit_audit.cli import app
from pggit_audit.night import backup as backups
from pggit_audit.night import fingerprint, hooks, v1

SPOKEN_OF = {"CHANGELOG.md"}
"""Documents that name commands, and tell nobody to run them."""
DOCUMENTS = sorted(
    {path.name for path in (*(PROJECT / "docs").glob("*.md"), *PROJECT.glob("*.md"))} - SPOKEN_OF
)


def text_of(document: str) -> str:
    folder = PROJECT / "docs" if (PROJECT / "docs" / document).exists() else PROJECT
    return (folder / document).read_text(encoding="utf-8")


def blocks(document: str, language: str) -> list[str]:
    text = text_of(document)
    return [re.sub(r"(?m)^   ", "", block) for block in re.findall(rf"```{language}\n(.*?)```", text, re.S)]


def commands(document: str) -> list[str]:
    """Every call of the command line, in blocks and in tables."""
    inline = re.findall(r"`(pggit-audit [a-z][^`]*)`", text_of(document))
    lines = [line.strip() for block in blocks(document, "(?:sh)?") for line in block.splitlines()]
    return [line for line in (*lines, *inline) if line.startswith("pggit-audit ")]


@pytest.mark.parametrize("document", DOCUMENTS)
def test_every_command_is_one(document: str) -> None:
    for line in commands(document):
        command, (name, *arguments) = get_command(app), shlex.split(line)
        while subcommands := getattr(command, "commands", None):
            name, *arguments = arguments
            command = subcommands[name]
        if arguments:  # else it is spoken of, and not to be typed
            command.make_context(name, arguments)


def test_the_commands_are_found() -> None:
    found = {document: len(commands(document)) for document in DOCUMENTS}
    for document in ("CUTOVER_PROCEDURE.md", "ROLLBACK.md", "USER_GUIDE.md", "README.md", "SECURITY.md"):
        assert found[document], found


def test_every_hook_and_hazard_is_documented() -> None:
    text = (PROJECT / "docs" / "CUTOVER_PROCEDURE.md").read_text(encoding="utf-8")
    for moment in hooks.MOMENTS:
        assert f"| `{moment}` |" in text
    source = (PROJECT / "python/src/pggit_audit/night/hazards.py").read_text(encoding="utf-8")
    codes = re.findall(r'hazard\(\s*"(\w+)"', source)
    assert len(codes) > 5
    for code in codes:
        assert f"| `{code}` |" in text
    source = (PROJECT / "python/src/pggit_audit/night/finish.py").read_text(encoding="utf-8")
    left = set(re.findall(r'"(\w+_left)"', source))
    assert len(left) > 4 and all(f"`{code}`" in text for code in left)


def test_the_sql_by_hand_brings_v1_back(tracked: Params) -> None:
    (script,) = blocks("ROLLBACK.md", "sql")
    with psycopg.connect(**tracked, autocommit=True) as connection:
        frozen = v1.freeze(connection, NAMES, "a run", lambda before: None)
        v1.switch(connection, NAMES, frozen)
        connection.execute(script.encode())
        assert frozen.fingerprint.differences(fingerprint.take(connection, "pggit")) == []


def test_the_backup_restores_by_hand(tracked: Params, tmp_path: Path) -> None:
    script = next(block for block in blocks("ROLLBACK.md", "sh") if "pg_restore" in block)
    with psycopg.connect(**tracked, autocommit=True) as connection:
        frozen = v1.freeze(connection, NAMES, "a run", lambda before: None)
        backup = backups.make(tracked, "pggit", frozen, tmp_path / "backup")
        connection.execute("drop schema pggit cascade")
        tools = programs.find(connection.info.server_version // 10000)
        environment = {
            **os.environ, "PATH": f"{tools.bin}:{os.environ['PATH']}", "DATABASE": make_conninfo(**tracked)
        }  # fmt: skip
        subprocess.run(
            ["sh", "-e", "-c", script], cwd=backup.folder, env=environment, check=True, capture_output=True
        )
        assert frozen.fingerprint.differences(fingerprint.take(connection, "pggit")) == []
