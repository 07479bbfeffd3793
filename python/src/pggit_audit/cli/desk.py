"""The operator's terminal during the night: steps, questions at decision points, Ctrl-C."""

from __future__ import annotations

import re
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

import psycopg
import typer
from rich.progress import Progress, TaskID
from rich.text import Text

from pggit_audit import dbt_runs, targets
from pggit_audit.cli.common import words
from pggit_audit.cli.progress import bar
from pggit_audit.errors import PggitError
from pggit_audit.night.context import Choice, RollBack, StopHere, Work
from pggit_audit.night.cutover import minutes
from pggit_audit.waits import reason

CHOICES: dict[str, Choice] = {"g": "go on", "r": "roll back", "s": "stop here"}
_UNITS = {"": 1, "s": 1, "m": 60, "h": 3600}


def _megabytes(size: int | None) -> int:
    return round((size or 0) / 1e6)


class Terminal:
    """A `night.context.Desk` on stderr.

    Attributes:
        firm: while True, Ctrl-C is put off: a rollback goes to its end.

    """

    def __init__(self) -> None:
        self.console = words()
        self.firm = False
        self._bar: Progress | None = None
        self._task: TaskID | None = None

    def step(self, number: int, total: int, name: str, expected: float | None) -> None:
        usual = f"  {minutes(expected)} in the rehearsal" if expected is not None else ""
        self.console.print()
        self.console.print(Text.assemble((f"{number}/{total} {name}", "bold"), (usual, "dim")))

    def say(self, text: str) -> None:
        for line in text.splitlines():
            self.console.print(Text("    " + line), soft_wrap=True)

    def progress(self, step: dbt_runs.Step | Work | None) -> None:
        if step is None:
            self._end_bar()
            return
        if not self.console.is_terminal:
            return
        if self._bar is None:
            self._bar = bar()
            self._bar.start()
            self._task = self._bar.add_task("", total=None, left=None)
        assert self._task is not None
        if isinstance(step, Work):
            self._bar.update(
                self._task, description=step.name, completed=_megabytes(step.written), left=None,
                total=_megabytes(step.expected) if step.expected else None,
            )  # fmt: skip
            return
        self._bar.update(
            self._task, description=f"dbt build: {step.name}", completed=step.done, total=step.total or None,
            left=step.seconds_left,
        )  # fmt: skip

    def _end_bar(self) -> None:
        if self._bar is not None:
            self._bar.stop()
            self._bar = None

    def ask(self, question: str) -> Choice:
        """Ask until one of the three is answered.

        Raises:
            StopHere: there is nobody to ask.

        """
        self._end_bar()
        if not sys.stdin.isatty():
            raise StopHere(f"There is no terminal to answer: {question} (Put a hook there, or pass --yes.)")
        while True:
            self.console.print(Text.assemble((f"    {question}", "bold yellow")))
            self.console.print("    g  go on      r  roll back      s  stop here")
            try:
                answer = input("    > ").strip().lower()[:1]
            except EOFError:
                raise StopHere("The terminal is gone.") from None
            if answer in CHOICES:
                return CHOICES[answer]

    @contextmanager
    def listening(self) -> Iterator[None]:
        """Let Ctrl-C ask what to do, and a signal that ends the process stop the run in order."""

        def interrupted(number: int, frame: FrameType | None) -> None:
            if self.firm:
                self.say("The rollback goes on; it does not take long.")
                return
            if number != signal.SIGINT or not sys.stdin.isatty():
                raise StopHere(f"Stopped by {signal.Signals(number).name}.")
            signal.signal(signal.SIGINT, again)
            try:
                choice = self.ask("Interrupted; what was begun goes on meanwhile. What now?")
            finally:
                signal.signal(signal.SIGINT, interrupted)
            if choice == "roll back":
                raise RollBack("The operator interrupted it.")
            if choice == "stop here":
                raise StopHere("The operator interrupted it.")

        def again(number: int, frame: FrameType | None) -> None:
            raise StopHere("Interrupted twice.")

        signals = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]
        before: list[Any] = [signal.signal(number, interrupted) for number in signals]
        try:
            yield
        finally:
            for number, handler in zip(signals, before, strict=True):
                signal.signal(number, handler)


def seconds(text: str) -> float:
    """Read a span of time: `90`, `90s`, `60m`, `6h`."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([smh]?)", text.strip().lower())
    if not found:
        raise typer.BadParameter(f"{text!r} is no span of time; write 90s, 60m or 6h")
    return float(found[1]) * _UNITS[found[2]]


@contextmanager
def server_losses(what_stands: Callable[[], str]) -> Iterator[None]:
    """Turn a lost connection into words."""
    try:
        yield
    except psycopg.OperationalError as error:
        told = reason(error, targets.connect_again)
        raise PggitError(f"{_what_it_is(error)}: {told}\n{what_stands()}") from error


def _what_it_is(error: psycopg.OperationalError) -> str:
    """What an error is, by its SQLSTATE: classes 08 and 57 are of connections; libpq's own have none."""
    if error.sqlstate is None or error.sqlstate.startswith(("08", "57")):
        return "The server cannot be reached"
    return f"The server refused something (SQLSTATE {error.sqlstate})"
