"""The command line `pggit-audit`."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from pathlib import Path

import psycopg
from psycopg import sql

from pggit_audit import embedded
from pggit_audit.errors import PggitError
from pggit_audit.lab import bench, recorded, score

Command = Callable[[argparse.Namespace], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command. Returns the exit status: 0 done, 1 a foreseeable failure, 2 a wrong call."""
    parsed = _parser().parse_args(arguments)
    command: Command = parsed.command
    try:
        command(parsed)
    except PggitError as error:
        print(f"pggit-audit: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="pggit-audit", description="What dbt cannot do for the migration.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    _add_server(commands)
    _add_load(commands)
    bench.add_command(commands)
    score.add_command(commands)
    return parser


def _add_server(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    server = commands.add_parser("server", help="the embedded PostgreSQL of this project")
    actions = server.add_subparsers(required=True, metavar="ACTION")
    for name, command, text in (
        ("start", _server_start, "start it; the first start loads the sample history"),
        ("stop", _server_stop, "stop it, cutting off open sessions"),
        ("status", _server_status, "say whether it runs, and where its data is"),
        ("psql-line", _server_psql_line, "print the shell line that opens psql on it"),
        ("reset", _server_reset, "stop it and delete its data"),
    ):
        action = actions.add_parser(name, help=text)
        action.set_defaults(command=command)
        if name in ("start", "psql-line"):
            action.add_argument("--dbname", default=embedded.DATABASE, help="default: %(default)s")


def _add_load(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    load = commands.add_parser("load", help="load a recorded history into the embedded server")
    load.set_defaults(command=_load)
    load.add_argument(
        "directory", type=Path, metavar="DIR", help="history.csv.gz, objects.csv.gz, live.sql …"
    )
    load.add_argument("--dbname", required=True, help="the database; created if it is not there")


def _server_start(arguments: argparse.Namespace) -> None:
    server = embedded.ensure_running()
    print(f"PostgreSQL {server.version} is running.\n{server.psql_line(arguments.dbname)}")


def _server_stop(arguments: argparse.Namespace) -> None:
    print("Stopped." if embedded.stop() else "It was not running.")


def _server_status(arguments: argparse.Namespace) -> None:
    server, pid = embedded.status()
    state = f"running (process {pid})" if pid else "not running"
    print(f"PostgreSQL {server.version}: {state}\nData: {server.data}\nSocket: {server.socket_dir}")


def _server_psql_line(arguments: argparse.Namespace) -> None:
    print(embedded.locate().psql_line(arguments.dbname))


def _server_reset(arguments: argparse.Namespace) -> None:
    server = embedded.reset()
    print(f"{server.data} is gone; the next start begins with the sample history.")


def _load(arguments: argparse.Namespace) -> None:
    server = embedded.ensure_running()
    name = arguments.dbname
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        known = admin.execute("select 1 from pg_database where datname = %s", (name,)).fetchone()
        if not known:
            admin.execute(sql.SQL("create database {}").format(sql.Identifier(name)))
    with psycopg.connect(**server.params(name)) as connection:
        recorded.load_history(connection, arguments.directory)
    print(f"{arguments.directory} is loaded.\n{server.psql_line(name)}")
