"""`pggit-audit server`: the embedded PostgreSQL of this project."""

from __future__ import annotations

from typing import Annotated

import typer

from pggit_audit import embedded
from pggit_audit.cli.common import Json, print_json

app = typer.Typer(
    no_args_is_help=True,
    help="The embedded PostgreSQL of this project: it stays up between commands until you stop it.",
)

Database = Annotated[str, typer.Option("--dbname", metavar="NAME", help="The database.")]


@app.command()
def start(dbname: Database = embedded.DATABASE, as_json: Json = False) -> None:
    """Start it; the first start loads the sample history."""
    server = embedded.ensure_running()
    if as_json:
        _print_status()
    else:
        print(f"PostgreSQL {server.version} is running.\n{server.psql_line(dbname)}")


@app.command()
def stop(as_json: Json = False) -> None:
    """Stop it, cutting off open sessions."""
    stopped = embedded.stop()
    if as_json:
        print_json({"stopped": stopped})
    else:
        print("Stopped." if stopped else "It was not running.")


@app.command()
def status(as_json: Json = False) -> None:
    """Say whether it runs, and where its data is."""
    if as_json:
        _print_status()
        return
    server, pid = embedded.status()
    state = f"running (process {pid})" if pid else "not running"
    print(f"PostgreSQL {server.version}: {state}\nData: {server.data}\nSocket: {server.socket_dir}")


@app.command()
def psql_line(dbname: Database = embedded.DATABASE) -> None:
    """Print the shell line that opens psql on it."""
    print(embedded.locate().psql_line(dbname))


@app.command()
def reset(as_json: Json = False) -> None:
    """Stop it and delete its data; the next start loads the sample again."""
    server = embedded.reset()
    if as_json:
        print_json({"deleted": server.data})
    else:
        print(f"{server.data} is gone; the next start begins with the sample history.")


def _print_status() -> None:
    server, pid = embedded.status()
    print_json(
        {
            "version": server.version,
            "running": pid is not None,
            "pid": pid,
            "data": server.data,
            "socket": server.socket_dir,
        }
    )
