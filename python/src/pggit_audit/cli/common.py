"""What the commands share: their options, what they print where, and how they end."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console, ConsoleOptions, RenderableType
from rich.padding import Padding
from rich.segment import Segment
from rich.style import Style
from rich.text import Text

from pggit_audit.errors import PggitError
from pggit_audit.night.plan import LEAST_ACCURACY
from pggit_audit.terminal import OBEYED
from pggit_audit.verdicts import SEVERITIES, Finding, in_order

YES, NO, CANNOT_TELL = 0, 1, 2
"""The exit statuses: it is so (or done); it is not so (or refused); it could not be told."""

STATUSES = "Exit status: 0 yes, 1 no, 2 it could not be told (wrong usage, no connection, missing right)."

FLAG = ""
"""The metavar of an option that takes no value: typer would print `<bool>`."""

Target = Annotated[
    str | None,
    typer.Option(
        "--target",
        "-t",
        metavar="NAME",
        help="The target of profiles.yml: staging (the default) or production.",
        show_default=False,
    ),
]

Json = Annotated[
    bool,
    typer.Option(
        "--json", metavar=FLAG, help="Print one JSON document, and all words on stderr.", show_default=False
    ),
]

Code = Annotated[
    list[Path] | None,
    typer.Option(
        "--code",
        metavar="DIR",
        help="The application's source, in any language: its own uses and queries of v1 are looked at as well. May be "
        "repeated.",
        show_default=False,
    ),
]

Accept = Annotated[
    float,
    typer.Option(
        "--accept",
        metavar="PERCENT",
        min=LEAST_ACCURACY,
        max=100,
        help="The share of history rows that must pass every check: the same for the rehearsal and for the cutover, "
        "which goes back by itself below it.",
    ),
]


def sources(code: Sequence[Path] | None) -> Sequence[Path]:
    """Return what `--code` names, all of which is there.

    Raises:
        PggitError: a folder is not.

    """
    for path in code or ():
        if not path.exists():
            raise PggitError(
                f"There is no {path}. Nothing was read. Name the folder of the application's source."
            )
    return code or ()


STYLES = {"blocker": "bold red", "warning": "yellow", "info": "cyan"}


_LEFT_OUT = dict.fromkeys(OBEYED)


class _Terminal(Console):
    """A console on which no text that it is given acts: names and statements of a history are anybody's.

    What a terminal would obey takes no room in a line. It is left out, and the text that it was in stands reversed.
    """

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterator[Segment]:
        for segment in super().render(renderable, options):
            text = segment.text.translate(_LEFT_OUT)
            if segment.control or text == segment.text:
                yield segment
            else:
                yield Segment(text, Style.chain(segment.style or Style(), Style(reverse=True)))


def words() -> Console:
    """Return where words go that are no result: progress, remarks."""
    return _Terminal(stderr=True, highlight=False)


def result() -> Console:
    """Return where the result goes."""
    return _Terminal(highlight=False)


def print_json(document: Mapping[str, Any]) -> None:
    """Print the one document of `--json`. Times and the like become text."""
    Documents.printed += 1
    print(json.dumps(document, indent=2, ensure_ascii=False, default=str))


class Documents:
    """How many documents this process has printed, for the end of a command that ends before it has one."""

    printed = 0


def end(status: int) -> None:
    """End the command with an exit status."""
    sys.stdout.flush()
    raise typer.Exit(status)


def print_findings(console: Console, findings: Sequence[Finding]) -> None:
    """Print verdicts, the worst first, those of one code together: what it is about, what was found, what to do."""
    for (severity, code, docs), group in groupby(in_order(findings), lambda f: (f.severity, f.code, f.docs)):
        members = list(group)
        console.print(
            Text.assemble(
                (severity, STYLES[severity]),
                f"  {code}",
                (f"  {len(members)} times" if len(members) > 1 else "", "dim"),
                (f"  docs/{docs}" if docs else "", "dim"),
            )
        )
        for said, same in _alike(members):
            for name in same:
                console.print(Padding(Text(name, "bold"), (0, 0, 0, 2), expand=False))
            console.print(Padding(Text(said[0]), (0, 0, 0, 4), expand=False))
            console.print(Padding(Text(f"→ {said[1]}"), (0, 0, 0, 4), expand=False))
        console.print()


def _alike(findings: Sequence[Finding]) -> list[tuple[tuple[str, str], list[str]]]:
    """Put the objects together that the same is said of, in the order of the first of each."""
    said: dict[tuple[str, str], list[str]] = {}
    for finding in findings:
        said.setdefault((finding.message, finding.what_to_do), []).append(finding.object)
    return list(said.items())


def count_of(findings: Sequence[Finding]) -> str:
    """Say how many there are of each severity: `1 blocker, 12 warnings`."""
    counts = {s: sum(f.severity == s for f in findings) for s in SEVERITIES}
    names = {"blocker": "blocker", "warning": "warning", "info": "remark"}
    said = [f"{n} {names[s]}{'' if n == 1 else 's'}" for s, n in counts.items() if n]
    return ", ".join(said) or "nothing found"
