"""`pggit-audit draft`: what to write to the team, as far as the journal can say it."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from pggit_audit import targets
from pggit_audit.cli.common import YES, Json, Target, end, print_json, words
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import drafts
from pggit_audit.night import journal as journals


class Kind(str, Enum):
    """What is written."""

    announcement = "announcement"
    lessons_learned = "lessons-learned"


def draft(
    kind: Annotated[Kind, typer.Argument(help="What to write.", show_default=False)],
    target: Target = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "--out", metavar="FILE", help="Write it there, where no file is yet.", show_default=False
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Write what the team is told, or the notes for the talk afterwards, from the newest run's journal: Markdown.

    What the journal cannot know is left in capitals between asterisks. No database is asked. Exit status: 0 written;
    1 there is no run to learn from, or the file is there already.
    """
    found = targets.credentials(target)
    home = journals.home(found.target_name, found.database)
    journal = journals.latest(home)
    if kind is Kind.announcement:
        text = drafts.announcement(journal, found.database)
    elif journal is None:
        raise Refusal(
            f"There is no run against {found.target_name}, database {found.database}, in {home}: nothing to learn from."
        )
    else:
        text = drafts.lessons_learned(journal, found.database)
    if out is not None:
        try:
            with out.open("x", encoding="utf-8") as file:
                file.write(text)
        except FileExistsError:
            raise Refusal(
                f"{out} is there already, and may have somebody's notes in it. It was left alone."
            ) from None
        except OSError as error:
            raise PggitError(f"{out} could not be written: {error.strerror}.") from error
        words().print(f"Written: {out}", soft_wrap=True, markup=False)
    if as_json:
        print_json({"kind": kind.value, "run": journal.run if journal else None, "text": text})
    elif out is None:
        print(text, end="")
    end(YES)
