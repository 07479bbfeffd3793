"""What the plan of a cutover warns of, by name."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.night import sessions, v1
from pggit_audit.night.hooks import Hooks
from pggit_audit.night.plan import Report
from pggit_audit.night.v1 import Names
from pggit_audit.verdicts import Finding

DOCS = "CUTOVER_PROCEDURE.md#hazards"


def of(
    connection: psycopg.Connection[Any], names: Names, report: Report | None, hooks: Hooks
) -> list[Finding]:
    """Return what is going to hurt, or may."""
    found: list[Finding] = []

    def hazard(code: str, severity: Any, thing: str, message: str, what_to_do: str) -> None:
        found.append(Finding(code, severity, thing, message, what_to_do, DOCS))

    if report is None:
        hazard(
            "no_rehearsal", "warning", "rehearsal", "No rehearsal says that this works, or how long it takes.",
            "Rehearse on a copy of this database: pggit-audit rehearse --from BACKUP.",
        )  # fmt: skip
    else:
        grown = _rows(connection, names) - report.history.rows
        if grown:
            hazard(
                "history_has_grown", "info", f"{names.pggit}.history", f"{grown:,} rows came since the rehearsal.",
                "Nothing: what was rehearsed is the begin of it, unchanged.",
            )  # fmt: skip
    for gid in sessions.prepared(connection, names.pggit):
        hazard(
            "prepared_transaction", "blocker", gid, "A prepared transaction has locks on v1.",
            "Whoever prepared it must end it: commit prepared or rollback prepared.",
        )  # fmt: skip
    using = sessions.using(connection, names.pggit)
    if using:
        hazard(
            "sessions_end", "warning", f"{len(using)} sessions", "They use v1 now, and are ended at the freeze: "
            + "; ".join(str(session) for session in using[:3]) + (" …" if len(using) > 3 else ""),
            "Stop the applications first, by hand or by the hook stop-applications.",
        )  # fmt: skip
    triggers = [trigger.name for trigger in v1.event_triggers(connection, names.pggit)]
    if triggers:
        hazard(
            "tracker_goes_off", "info", ", ".join(triggers), "DDL after the freeze is recorded by no one.",
            "Change no schema during the night; what is changed all the same comes in as inferred.",
        )  # fmt: skip
    else:
        hazard(
            "no_tracker", "warning", names.pggit, "No event trigger of v1 is there: nothing records DDL now.",
            "See whether that is so on purpose (a copy, a loaded history).",
        )  # fmt: skip
    for kind, identity in _dependents(connection, names):
        hazard(
            "depends_on_v1", "warning", identity, f"This {kind} reads v1, and goes on with the archive.",
            "Rewrite it before the archive is dropped: pggit-audit preflight.",
        )  # fmt: skip
    for name in hooks.strangers():
        hazard(
            "unknown_hook", "warning", name, "No moment of the night has this name: it is never called.",
            "Name it for its moment, or take it out of the folder.",
        )  # fmt: skip
    return found


def _rows(connection: psycopg.Connection[Any], names: Names) -> int:
    row = connection.execute(
        sql.SQL("select count(*) from {}").format(sql.Identifier(names.pggit, "history"))
    ).fetchone()
    assert row is not None
    return int(row[0])


def _dependents(connection: psycopg.Connection[Any], names: Names) -> list[tuple[str, str]]:
    """Views and the like outside v1 and the project that depend on something in v1."""
    rows = connection.execute(
        """
        select distinct identified.type, identified.identity
        from pg_depend as d
        join pg_rewrite as r on d.classid = 'pg_rewrite'::regclass and d.objid = r.oid
        join pg_class as c on r.ev_class = c.oid
        join pg_class as used on d.refclassid = 'pg_class'::regclass and d.refobjid = used.oid
        cross join lateral pg_identify_object('pg_class'::regclass, c.oid, 0) as identified
        where used.relnamespace = (select oid from pg_namespace where nspname = %(pggit)s)
            and c.relnamespace not in (select oid from pg_namespace where nspname in (%(pggit)s, %(work)s, %(audit)s))
        order by 2
        """,
        {"pggit": names.pggit, "work": names.work, "audit": names.audit},
    ).fetchall()
    return [(kind, identity) for kind, identity in rows]
