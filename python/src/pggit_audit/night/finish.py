"""The end of the rollback window: what v1 was goes, the rows that it recorded stay."""

from __future__ import annotations

import csv
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.errors import Refusal
from pggit_audit.night import scratch, v1
from pggit_audit.night.context import Night
from pggit_audit.night.plan import history_prefix
from pggit_audit.night.v1 import Names
from pggit_audit.verdicts import Finding

KEPT = ("branches", "objects", "commits", "history", "history_archive", "system_events")
"""v1's tables that the project reads; where they are there, they stay, as v1_NAME beside the results."""

REPORTED = (
    "verification_summary",
    "go_no_go",
    "compliance_summary",
    "fidelity_summary",
    "preflight_findings",
)


@dataclass(frozen=True)
class Finished:
    """What `finish` did.

    Attributes:
        dropped: the schema that is gone; empty where it was left.
        kept: the tables that v1's rows are in now.
        saved: the folder with the reports.
        left_over: what somebody has to see to.

    """

    dropped: str
    kept: list[str]
    saved: str
    left_over: list[Finding]

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def said(self) -> str:
        """Say it in words."""
        gone = (
            f"Schema {self.dropped} is dropped; v1's rows are in {', '.join(self.kept)}."
            if self.dropped
            else "The archive was left where it is, and pggit-audit rollback still works."
        )
        return f"{gone}\nReports: {self.saved}"


def check(connection: psycopg.Connection[Any], names: Names, *, keep_archive: bool) -> None:
    """See that there is an archive, and, where it is to be dropped, that nothing but this project depends on it.

    Raises:
        Refusal: there is none, or something would be dropped with it. Nothing was changed.

    """
    where = v1.state(connection, names)
    if where in ("both", "missing"):
        raise v1.stuck(where, names)
    if where != "archived":
        raise Refusal(
            f"v1 in database {connection.info.dbname} is {where}, not archived: there is nothing to finish. "
            "Nothing was changed."
        )
    others = [] if keep_archive else _dependents(connection, names)
    if others:
        raise Refusal(
            f"These depend on {names.archive}, and would be dropped with it:\n"
            + "\n".join(f"  {kind} {identity}" for kind, identity in others[:12])
            + "\nNothing was changed. Rewrite or drop them first, or keep the archive: --keep-archive."
        )


def finish(night: Night, connection: psycopg.Connection[Any], *, keep_archive: bool) -> Finished:
    """Save the reports, then drop the archive but for the rows that were recorded, all or nothing."""
    names = night.names
    folder = night.journal.folder / "finish"
    _save_reports(connection, names, folder)
    kept: list[str] = []
    night.journal.write("finish", "begin", keep_archive=keep_archive)
    if not keep_archive:
        kept = _drop(connection, names)
    left = _left_over(connection, names)
    night.journal.write("finish", "end", kept=kept, left_over=[finding.object for finding in left])
    return Finished("" if keep_archive else names.archive, kept, str(folder), left)


def _drop(connection: psycopg.Connection[Any], names: Names) -> list[str]:
    kept = []
    with connection.transaction():
        before = history_prefix(connection, names.archive)
        present = {
            name
            for (name,) in connection.execute(
                "select relname::text from pg_class where relnamespace = quote_ident(%s)::regnamespace"
                " and relkind in ('r', 'p')",
                (names.archive,),
            ).fetchall()
        }
        # their types go with them: an enum that a column has cannot be dropped
        for (name,) in connection.execute(
            "select distinct t.typname::text from pg_attribute as a join pg_class as c on a.attrelid = c.oid"
            " join pg_type as t on a.atttypid = t.oid where c.relnamespace = quote_ident(%(s)s)::regnamespace"
            " and t.typnamespace = c.relnamespace and c.relname = any (%(kept)s) and t.typtype in ('e', 'd')"
            " and c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped",
            {"s": names.archive, "kept": list(KEPT)},
        ).fetchall():
            connection.execute(
                sql.SQL("alter type {} set schema {}").format(
                    sql.Identifier(names.archive, name), sql.Identifier(names.audit)
                )
            )
            connection.execute(
                sql.SQL("alter type {} rename to {}").format(
                    sql.Identifier(names.audit, name), sql.Identifier(f"v1_{name}")
                )
            )
        for name in KEPT:
            if name not in present:
                continue
            new = sql.Identifier(f"v1_{name}")
            table = sql.Identifier(names.archive, name)
            connection.execute(sql.SQL("alter table {} rename to {}").format(table, new))
            moved = sql.Identifier(names.archive, f"v1_{name}")
            connection.execute(
                sql.SQL("alter table {} set schema {}").format(moved, sql.Identifier(names.audit))
            )
            kept.append(f"{names.audit}.v1_{name}")
        after = history_prefix(connection, names.audit, before.max_id, table="v1_history")
        if after != before:
            raise Refusal("v1's history is not the same after it was moved. Nothing was changed.")
        for trigger in v1.event_triggers(connection, names.archive):
            connection.execute(sql.SQL("drop event trigger {}").format(sql.Identifier(trigger.name)))
        connection.execute(sql.SQL("drop schema {} cascade").format(sql.Identifier(names.archive)))
    return kept


def _dependents(connection: psycopg.Connection[Any], names: Names) -> list[tuple[str, str]]:
    """What is not in the archive, and would go with it."""
    rows = connection.execute(
        """
        with recursive
        members as (
            select 'pg_class'::regclass::oid as catalog, oid from pg_class where relnamespace = %(space)s::regnamespace
            union all
            select 'pg_proc'::regclass, oid from pg_proc where pronamespace = %(space)s::regnamespace
            union all
            select 'pg_type'::regclass, oid from pg_type where typnamespace = %(space)s::regnamespace
        ),
        reached as (
            select d.classid, d.objid
            from pg_depend as d join members as m on d.refclassid = m.catalog and d.refobjid = m.oid
            where d.deptype in ('n', 'a')
            union
            select d.classid, d.objid
            from pg_depend as d join reached as r on d.refclassid = r.classid and d.refobjid = r.objid
            where d.deptype in ('i', 'a')
        ),
        owners as (
            -- what is a part of a relation is in the schema of that
            select r.classid, r.objid, case r.classid
                when 'pg_rewrite'::regclass then (select ev_class from pg_rewrite where oid = r.objid)
                when 'pg_trigger'::regclass then (select tgrelid from pg_trigger where oid = r.objid)
                when 'pg_attrdef'::regclass then (select adrelid from pg_attrdef where oid = r.objid)
                when 'pg_constraint'::regclass then (select conrelid from pg_constraint where oid = r.objid)
                when 'pg_policy'::regclass then (select polrelid from pg_policy where oid = r.objid)
            end as relation
            from reached as r
            -- a relation's row type, arrays, and a foreign key's own triggers come and go with what they are of
            where not exists (
                select from pg_type as t left join pg_class as c on t.typrelid = c.oid
                where r.classid = 'pg_type'::regclass and t.oid = r.objid
                    and (t.typcategory = 'A' or c.relkind <> 'c')
            )
            and not exists (
                select from pg_trigger where r.classid = 'pg_trigger'::regclass and oid = r.objid and tgisinternal
            )
        )
        select distinct i.type, i.identity
        from owners as o
        left join pg_class as c on o.relation = c.oid
        left join pg_namespace as n on c.relnamespace = n.oid
        cross join lateral pg_identify_object(
            case when o.classid = 'pg_rewrite'::regclass then 'pg_class'::regclass::oid else o.classid end,
            case when o.classid = 'pg_rewrite'::regclass then o.relation else o.objid end, 0
        ) as i
        where coalesce(i.schema, n.nspname, '') not in (%(archive)s, %(work)s, %(audit)s, 'pg_toast')
            and i.type not in ('event trigger', 'toast table')
        order by 2
        """,
        {
            "archive": names.archive,
            "space": sql.Identifier(names.archive).as_string(connection),
            "work": names.work,
            "audit": names.audit,
        },
    ).fetchall()
    return [(kind, identity) for kind, identity in rows]


def _save_reports(connection: psycopg.Connection[Any], names: Names, folder: Path) -> None:
    folder.mkdir(exist_ok=True, mode=0o700)
    for table in REPORTED:
        cursor = connection.execute(sql.SQL("select * from {}").format(sql.Identifier(names.audit, table)))
        assert cursor.description is not None
        with (folder / f"{table}.csv").open("w", encoding="utf-8", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(column.name for column in cursor.description)
            writer.writerows(cursor)
    prefix = history_prefix(connection, names.archive)
    (folder / "history.json").write_text(json.dumps(asdict(prefix), indent=1), encoding="utf-8")


DOCS = "CUTOVER_PROCEDURE.md#left-over"

_LEFT: tuple[tuple[str, str, str, str], ...] = (
    (
        "shadow_database_left",
        "select 'database ' || datname from pg_database where starts_with(datname, 'pggit_shadow_') order by 1",
        "It is of a build that was killed.",
        "Nothing: the next build drops it once it is a day old.",
    ),
    (
        "role_left",
        "select 'role ' || rolname from pg_roles where starts_with(rolname, 'pggit_') order by 1",
        "It was made for shadow databases.",
        "Drop it when no build runs any more: drop role, with its name.",
    ),
    (
        "event_trigger_left",
        "select 'event trigger ' || evtname from pg_event_trigger where starts_with(evtname, 'pggit') order by 1",
        "It is not v1's: those went with the archive.",
        "Leave pggit_audit_keep, which refuses that the audit schemas are dropped; look at any other.",
    ),
    (
        "replaced_schema_left",
        "select 'schema ' || nspname from pg_namespace where starts_with(nspname, 'pggit_replaced_') order by 1",
        "A rollback from the backup set it aside.",
        "Look whether anything in it is needed, then: drop schema, with its name, cascade.",
    ),
)
"""What may be left: code, the query of its names, what it is, what to do."""


def _left_over(connection: psycopg.Connection[Any], names: Names) -> list[Finding]:
    found = [
        Finding(
            "scratch_database_left", "info", f"database {name}", "A backup was tried in it.",
            "Nothing: it is dropped by the next command that needs one, once it is a day old.", DOCS,
        )
        for name in scratch.leftovers(connection)
    ]  # fmt: skip
    for code, query, message, what_to_do in _LEFT:
        for (thing,) in connection.execute(query.encode()).fetchall():
            found.append(Finding(code, "info", thing, message, what_to_do, DOCS))
    if v1.state(connection, names) == "archived":
        found.append(
            Finding(
                "archive_left", "info", f"schema {names.archive}", "v1 is in it, read-only, and can be brought back.",
                "When nobody wants to go back any more: pggit-audit finish, without --keep-archive.", DOCS,
            )
        )  # fmt: skip
    return found
