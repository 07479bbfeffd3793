"""`pggit-audit bench` and `score`: measuring a build of a recorded history."""

from __future__ import annotations

from enum import Enum
from pathlib import Path
from typing import Annotated

import typer

from pggit_audit.cli.common import FLAG, Json
from pggit_audit.lab import bench as measuring
from pggit_audit.lab import score as scoring

Directory = Annotated[
    Path, typer.Argument(metavar="DIR", help="A recorded history: history.csv.gz, objects.csv.gz, live.sql …")
]


class Granularity(str, Enum):
    """What becomes one commit."""

    version = "version"
    transaction = "transaction"


class Version(str, Enum):
    """The major versions of the embedded server."""

    v16 = "16"
    v18 = "18"


OneCommit = Annotated[Granularity, typer.Option("--granularity", help="What becomes one commit.")]
Embedded = Annotated[Version, typer.Option("--embedded-version", help="The embedded server's version.")]
WithoutIds = Annotated[
    bool,
    typer.Option(
        "--without-ids",
        metavar=FLAG,
        help="Leave the recorded ids of transactions aside, as after pg_restore.",
        show_default=False,
    ),
]


def bench(
    directory: Directory,
    granularity: OneCommit = Granularity.version,
    embedded_version: Embedded = Version.v16,
    without_ids: WithoutIds = False,
    as_json: Json = False,
) -> None:
    """Build a recorded history and say what took how long."""
    history = measuring.History(directory, granularity.value, embedded_version.value, not without_ids)
    measuring.run(history, as_json=as_json)


def score(
    directory: Directory,
    granularity: OneCommit = Granularity.version,
    embedded_version: Embedded = Version.v16,
    without_ids: WithoutIds = False,
    dsn: Annotated[
        str | None,
        typer.Option(
            metavar="CONNINFO", help="A database where this history is built already; nothing is built."
        ),
    ] = None,
    audit_schema: Annotated[str, typer.Option(metavar="NAME", help="Where its results are.")] = "pggit_audit",
    show: Annotated[
        bool, typer.Option("--show", metavar=FLAG, help="List what is wrong, with both definitions.")
    ] = False,
    show_max: Annotated[int, typer.Option(metavar="N", help="How many of each figure.")] = 20,
    trace: Annotated[
        bool,
        typer.Option(
            "--trace",
            metavar=FLAG,
            help="Print the replay, step by step: row, statement, repairs, what changed.",
        ),
    ] = False,
    json_file: Annotated[
        Path | None, typer.Option("--json", metavar="FILE", help="Write the figures to FILE.")
    ] = None,
) -> None:
    """Build a recorded history and compare it with its truth."""
    scoring.run(
        measuring.History(directory, granularity.value, embedded_version.value, not without_ids),
        dsn=dsn,
        audit_schema=audit_schema,
        show_max=show_max if show else None,
        json_file=json_file,
        tell_steps=trace,
    )
