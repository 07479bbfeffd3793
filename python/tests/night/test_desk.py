"""The operator's terminal: questions, Ctrl-C, signals, spans of time."""

from __future__ import annotations

import builtins
import os
import signal
import sys
import time
from collections.abc import Iterator

import pytest
import typer

from pggit_audit.cli.desk import Terminal, seconds
from pggit_audit.night.context import RollBack, StopHere
from pggit_audit.night.cutover import minutes


@pytest.fixture
def answers(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """What is typed at a terminal."""
    typed: list[str] = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(builtins, "input", lambda prompt="": typed.pop(0))
    yield typed
    assert typed == []


def pressed(number: int = signal.SIGINT) -> None:
    os.kill(os.getpid(), number)
    time.sleep(0.01)  # the handler runs between two bytecodes


def test_ctrl_c_asks_and_what_was_begun_goes_on(
    answers: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with Terminal().listening():
        answers += ["what?", "g"]
        pressed()
    assert "r  roll back" in capsys.readouterr().err


@pytest.mark.parametrize(("answer", "error"), [("r", RollBack), ("s", StopHere)])
def test_ctrl_c_goes_back_or_stops(answers: list[str], answer: str, error: type[Exception]) -> None:
    answers.append(answer)
    with pytest.raises(error), Terminal().listening():
        pressed()


def test_other_signals_stop_in_order_but_never_a_rollback(capsys: pytest.CaptureFixture[str]) -> None:
    before = signal.getsignal(signal.SIGTERM)
    for number in (signal.SIGTERM, signal.SIGHUP):
        with pytest.raises(StopHere, match=signal.Signals(number).name), Terminal().listening():
            pressed(number)
    terminal = Terminal()
    terminal.firm = True
    with terminal.listening():
        pressed()
        pressed(signal.SIGTERM)
    assert "The rollback goes on" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGTERM) is before


def test_without_a_terminal_a_question_stops(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: False, raising=False)
    with pytest.raises(StopHere, match=r"no terminal to answer: Switch now\?"):
        Terminal().ask("Switch now?")


def test_spans_of_time() -> None:
    assert [seconds(text) for text in ("90", "90s", "60m", "6h", "0", "1.5h")] == [
        90,
        90,
        3600,
        21600,
        0,
        5400,
    ]
    with pytest.raises(typer.BadParameter):
        seconds("six hours")
    assert [minutes(value) for value in (45, 720, 3900, 7200, -1)] == [
        "45 s",
        "12 min",
        "65 min",
        "2 h 00 min",
        "nothing",
    ]
