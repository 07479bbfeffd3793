"""`pggit-audit load`: a recorded history into the embedded server."""

from __future__ import annotations

from typing import Annotated

import psycopg
import typer
from psycopg import sql

from pggit_audit import embedded
from pggit_audit.cli.common import Json, print_json
from pggit_audit.cli.lab import Directory
from pggit_audit.lab import recorded


def load(
    directory: Directory,
    dbname: Annotated[
        str,
        typer.Option("--dbname", metavar="NAME", help="The database; created if it is not there."),
    ],
    as_json: Json = False,
) -> None:
    """Load a recorded history into the embedded server. Build it with PGGIT_STAGING_DBNAME=NAME."""
    server = embedded.ensure_running()
    with psycopg.connect(**server.params("postgres"), autocommit=True) as admin:
        known = admin.execute("select 1 from pg_database where datname = %s", (dbname,)).fetchone()
        if not known:
            admin.execute(sql.SQL("create database {}").format(sql.Identifier(dbname)))
    with psycopg.connect(**server.params(dbname)) as connection:
        recorded.load_history(connection, directory)
    if as_json:
        print_json({"loaded": directory, "dbname": dbname})
    else:
        print(f"{directory} is loaded.\n{server.psql_line(dbname)}")
