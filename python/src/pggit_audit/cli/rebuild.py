"""`pggit-audit rebuild`: the schema of a commit, made anew by nobody, and compared with the commit."""

from __future__ import annotations

from typing import Annotated

import psycopg
import typer
from psycopg import sql
from rich.padding import Padding
from rich.text import Text

from pggit_audit import others_code, rebuilding, targets
from pggit_audit.cli.common import NO, STYLES, YES, Json, Target, end, print_json, result, words
from pggit_audit.cli.desk import server_losses
from pggit_audit.errors import LostRole, PggitError
from pggit_audit.night import plan
from pggit_audit.night.context import database
from pggit_audit.night.monitor import hidden_schemas
from pggit_audit.night.v1 import Names
from pggit_audit.sessions import connect
from pggit_audit.shadow import open_shadow


def rebuild(
    commit: Annotated[
        str,
        typer.Argument(
            metavar="COMMIT",
            help="The commit's SHA, or four or more of its first characters; HEAD for the last.",
        ),
    ],
    target: Target = None,
    keep: Annotated[
        str | None,
        typer.Option(
            metavar="DATABASE", help="Leave what was made as a new database of this name, to look at."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Run the script of a commit in a database of its own, as a role that may do nothing else, and compare.

    The script holds code of the history's authors. Exit status: 0 what it makes is what the commit says; 1 it is not;
    2 it could not be told.
    """
    _, params = database(target)
    names = plan.names()
    with server_losses(lambda: "Nothing was made."), connect(params) as connection:
        others_code.refuse(connection, [(names.v0, table) for table in others_code.SHARED])
        sha, script, tree, coming = _commit(connection, names, commit)
        hidden = hidden_schemas(connection, names)
        if keep is not None:
            _require_free(connection, keep)
    login = targets.credentials(target).shadow_login
    try:
        with open_shadow(params, hidden=hidden, login=login) as shadow:
            faults = rebuilding.faults(shadow, script, tree, coming)
    except LostRole as error:
        words().print(f"{error}\nThe script is run on a throw-away server.", markup=False, soft_wrap=True)
        with open_shadow(params, hidden=hidden, apart=True) as shadow:
            faults = rebuilding.faults(shadow, script, tree, coming)
    owner = None
    if keep is not None:
        # Comparing leaves traces.
        with open_shadow(params, hidden=hidden, login=login) as shadow:
            rebuilding.rebuild(shadow, script, tree)
            owner = shadow.keep(keep)
    differs = [fault for fault in faults if not fault.is_excused]
    if as_json:
        print_json(
            {
                "commit": sha,
                "objects": len(tree),
                "decision": "differs" if differs else "rebuilt",
                "faults": [fault.__dict__ for fault in faults],
                "database": keep,
                "owner": owner,
            }
        )
    else:
        _show(sha, len(tree), faults)
    if owner is not None:
        words().print(
            f"It is in the database {keep}, and belongs to the role {owner}, as which nobody can log in. Its "
            "functions, views and indexes are code of the history's authors: do not call or refresh them as a "
            "superuser.\n"
            f'When you are done: drop database "{keep}"; drop role "{owner}";',
            markup=False,
            soft_wrap=True,
        )
    end(NO if differs else YES)


def _commit(
    connection: psycopg.Connection[tuple[object, ...]], names: Names, commit: str
) -> tuple[str, str, dict[str, str], set[str]]:
    """The SHA of a commit, its script, its tree (definitions by path), and what else its statement makes.

    Raises `PggitError` where there is none, or no audit layer.
    """
    audit, v0 = sql.Identifier(names.audit), sql.Identifier(names.v0)
    try:
        if commit == "HEAD":
            row = connection.execute(
                sql.SQL(
                    "select coalesce(h.direct_sha, r.target_sha)::text"
                    " from {0}.head as h left join {0}.refs as r on r.name = h.ref_name"
                ).format(v0)
            ).fetchone()
            if row is None or row[0] is None:
                raise PggitError("HEAD points at no branch. Give the SHA of a commit. Nothing was made.")
            commit = str(row[0])
        row = connection.execute(
            sql.SQL("select {0}.commit_of(%(sha)s), {0}.schema_ddl_at({0}.commit_of(%(sha)s))").format(audit),
            {"sha": commit},
        ).fetchone()
        assert row is not None
        entries = connection.execute(
            sql.SQL(
                "select object_identity, new_definition from {}.extract_changes_between_commits(null, %s)"
            ).format(audit),
            (row[0],),
        ).fetchall()
        coming = connection.execute(
            sql.SQL(
                "select later.object_identity from {0}.changes as own join {0}.changes as later"
                " on own.branch_name = later.branch_name and own.committed_at = later.committed_at"
                " and own.event_no < later.event_no where own.commit_sha = %s"
            ).format(audit),
            (row[0],),
        ).fetchall()
    except (
        psycopg.errors.UndefinedFunction,
        psycopg.errors.UndefinedTable,
        psycopg.errors.InvalidSchemaName,
    ):
        raise PggitError(
            f"There is no audit layer in the database {connection.info.dbname}: its functions are missing.\n"
            "Nothing was made. Run dbt build first, or name another --target."
        ) from None
    except (psycopg.errors.NoDataFound, psycopg.errors.CardinalityViolation) as error:
        hint = f" {error.diag.message_hint}" if error.diag.message_hint else ""
        raise PggitError(f"{error.diag.message_primary}{hint} Nothing was made.") from None
    tree = {str(path): str(definition) for path, definition in entries}
    return str(row[0]), str(row[1]), tree, {str(path) for (path,) in coming}


def _require_free(connection: psycopg.Connection[tuple[object, ...]], name: str) -> None:
    if connection.execute(
        "select 1 from pg_database where datname = %s union all select 1 from pg_roles where rolname = %s",
        (name, f"{name}_owner"),
    ).fetchone():
        raise PggitError(
            f"There is a database {name} or a role {name}_owner already. Nothing was made. Choose another name."
        )


def _show(sha: str, objects: int, faults: list[rebuilding.Fault]) -> None:
    console = result()
    for fault in faults:
        style = STYLES["warning"] if fault.is_excused else STYLES["blocker"]
        console.print(Text.assemble((fault.path or "?", style)))
        console.print(Padding(Text(fault.message), (0, 0, 0, 4), expand=False))
    wrong = sum(not fault.is_excused for fault in faults)
    excused = len(faults) - wrong
    verdict = (
        Text(f"DIFFERS in {wrong} of {objects} objects", "bold red")
        if wrong
        else Text(f"REBUILT, {objects} objects as the commit has them", "bold green")
    )
    left = Text(f"; {excused} excused, as said" if excused else "", "yellow")
    console.print(Text(f"Commit {sha}: "), verdict, left, sep="", soft_wrap=True)
