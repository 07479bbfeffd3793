"""`pggit-audit preflight`: what stands in the way of the move."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import psycopg
import typer
from psycopg import sql
from psycopg.rows import dict_row
from rich.syntax import Syntax
from rich.text import Text

from pggit_audit import embedded, targets
from pggit_audit.cli.common import (
    FLAG,
    NO,
    YES,
    Code,
    Json,
    Target,
    count_of,
    end,
    print_findings,
    print_json,
    result,
    sources,
    words,
)
from pggit_audit.errors import PggitError
from pggit_audit.night import plan
from pggit_audit.night import preflight as checks
from pggit_audit.night.preflight.calls import CallTable, read_seed
from pggit_audit.night.preflight.code import Scan, scan
from pggit_audit.verdicts import COLUMNS, Finding, blocks, in_order
from pggit_audit.waits import reason


def preflight(
    target: Target = None,
    code: Code = None,
    fix: Annotated[
        bool,
        typer.Option(
            "--fix",
            metavar=FLAG,
            help="Rewrite what is certain in the files below --code, after a unified diff of it.",
            show_default=False,
        ),
    ] = False,
    strict: Annotated[
        bool, typer.Option("--strict", metavar=FLAG, help="Warnings block as well.", show_default=False)
    ] = False,
    as_json: Json = False,
) -> None:
    """Say what stands in the way of the move: who uses v1, what is wrong with its data, and the place.

    The database is only read. Exit status: 0 ready (warnings are listed); 1 blocked; 2 it could not be told.
    """
    if fix and not code:
        raise PggitError("--fix rewrites the files below --code DIR, and none is named. Nothing was changed.")
    folders = sources(code)
    project = embedded.project_dir()
    names = plan.names(project)
    table = CallTable(read_seed(project), schema=names.pggit, audit=names.audit, v0=names.v0)
    with targets.connect(target, project) as connection:
        connection.read_only = True
        connection.execute("set application_name = 'pggit preflight'")
        with _readable(connection):
            found = checks.check(connection, table, rehearsed_bytes=_rehearsed(project / plan.REPORTS))
            built = _of_the_build(connection, names.audit)
    scans = [scan(folder, found.calls) for folder in folders]
    left = _fixed(scans, found.calls, as_json) if fix else scans
    findings = in_order([*found.findings, *built, *(f for s in left for f in s.findings)])
    blocked = blocks(findings, strict=strict)
    if as_json:
        print_json(
            {
                "decision": "blocked" if blocked else "ready",
                "findings": [finding.as_json() for finding in findings],
                "calls": [hit.as_json() for s in scans for hit in s.hits],
                "uses": [use.as_row() for use in found.uses.uses],
                "history": found.history.profile,
            }
        )
    else:
        _show(found, findings, scans, blocked)
    end(NO if blocked else YES)


def _rehearsed(folder: Path) -> int:
    """What the build of the rehearsal at hand added to its copy, in bytes; 0 where there is none."""
    try:
        return plan.read_report(folder).built_bytes
    except PggitError:
        return 0


class _readable:
    """Turn what the server refuses into a message."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._name = connection.info.dbname

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, psycopg.errors.InsufficientPrivilege):
            raise PggitError(
                f"Database {self._name} cannot be looked at: {error.diag.message_primary}. Nothing was changed. "
                "Grant the role of this target what it lacks, or look as the owner of v1."
            ) from error
        if isinstance(error, psycopg.Error):
            told = reason(error, targets.connect_again)
            raise PggitError(
                f"Database {self._name} cannot be looked at: {told}\nNothing was changed."
            ) from error


def _of_the_build(connection: psycopg.Connection[Any], audit: str) -> list[Finding]:
    """Return what the last build found in what it made; nothing where there was none."""
    there = connection.execute(
        "select count(*) from pg_attribute where attrelid = to_regclass(%s) and attname = any(%s)",
        (f"{sql.Identifier(audit).as_string(connection)}.preflight_findings", list(COLUMNS)),
    ).fetchone()
    if there is None or there[0] < len(COLUMNS):
        return []
    columns = sql.SQL(", ").join(map(sql.Identifier, COLUMNS))
    query = sql.SQL(
        "select {0} from {1}.preflight_findings except all select {0} from {2}.int_preflight__checks"
    )
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            query.format(columns, *map(sql.Identifier, (audit, f"{audit}_work")))
        ).fetchall()
    return [Finding.of(row) for row in rows]


def _fixed(scans: list[Scan], table: CallTable, as_json: bool) -> list[Scan]:
    """Show the diff, write the files, and look again at what is left."""
    console = words() if as_json else result()
    for found in scans:
        diff = "".join(line if line.endswith("\n") else f"{line}\n" for line in found.diff())
        if not console.is_terminal:
            console.file.write(diff)  # to the letter, for patch and review
        elif diff:
            console.print(
                Syntax(diff, "diff", theme="ansi_light", word_wrap=True, background_color="default")
            )
        found.fix()
        console.print(f"{len(found.changed)} file(s) below {found.folder} rewritten.", markup=False)
    return [scan(found.folder, table) for found in scans]


def _show(found: checks.Preflight, findings: list[Finding], scans: list[Scan], blocked: bool) -> None:
    console = result()
    print_findings(console, findings)
    totals: dict[str, list[dict[str, Any]]] = {}
    for row in found.history.profile:
        totals.setdefault(row["dimension"], []).append(row)
    kinds = ", ".join(f"{row['rows']:,} {row['value'] or 'of no kind'}" for row in totals.get("kind", []))
    months = [row["value"] for row in totals.get("month", []) if row["value"]]
    rows = sum(row["rows"] for row in totals.get("kind", []))
    if rows:
        console.print(
            f"History: {rows:,} rows ({kinds}); "
            f"{months[0] + ' to ' + months[-1] if months else 'no times'}; "
            f"{len(totals.get('author', []))} authors, {len(totals.get('branch', []))} branches",
            markup=False,
        )
    for each in scans:
        certain = sum(hit.rewritten is not None for hit in each.hits)
        console.print(
            f"Code below {each.folder}: {len(each.hits)} uses of v1, of which {certain} can be rewritten for certain",
            markup=False,
        )
    decision = ("BLOCKED", "bold red") if blocked else ("READY", "bold green")
    console.print(Text.assemble(decision, f"  {count_of(findings)}"))
