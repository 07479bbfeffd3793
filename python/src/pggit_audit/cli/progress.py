"""The bar that long work shows: the step, what is done of how much, and the time left."""

from __future__ import annotations

from datetime import timedelta

from rich.progress import BarColumn, MofNCompleteColumn, Progress, ProgressColumn, SpinnerColumn, TextColumn
from rich.progress import Task as Bar
from rich.table import Column
from rich.text import Text

from pggit_audit.cli.common import words


class _Left(ProgressColumn):
    """The time left as the work itself judges it, and the time since the begin before it can."""

    def render(self, task: Bar) -> Text:
        left = task.fields.get("left")
        if left is not None:
            return Text(f"{timedelta(seconds=round(left))} left")
        return Text(f"{timedelta(seconds=round(task.elapsed or 0))} so far")


class _Done(MofNCompleteColumn):
    """What is done of how much; nothing where the work does not count."""

    def render(self, task: Bar) -> Text:
        return super().render(task) if task.total is not None or task.completed else Text("")


def bar() -> Progress:
    """Return a progress bar on stderr; a task takes the field `left`, in seconds or None."""
    return Progress(
        SpinnerColumn(),
        TextColumn("{task.description}", table_column=Column(no_wrap=True, ratio=1)),
        BarColumn(bar_width=20),
        _Done(),
        _Left(),
        console=words(),
        transient=True,
        expand=True,
    )
