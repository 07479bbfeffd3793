"""v1's data: how much history there is, what is wrong with it, and when nothing was recorded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit import others_code
from pggit_audit.errors import PggitError
from pggit_audit.night.preflight.findings import PREFLIGHT
from pggit_audit.verdicts import Finding, Severity

Connection = psycopg.Connection[Any]

# Either layout as one: id, object (what v1 counts as one), kind, branch, change_type, sql, author, at
_INSTALLED = """
    select
        h.id, h.object_id::text as object, o.object_type::text as kind,
        concat_ws('.', o.schema_name, o.object_name) as name,
        coalesce(b.name, o.branch_name, 'main') as branch, h.change_type::text as change_type, h.sql_executed as sql,
        h.created_by as author, h.created_at::timestamp as at, h.archived
    from (
        select id, object_id, branch_id, change_type, sql_executed, created_by, created_at, false as archived
        from {schema}.history
        {archive}
    ) as h
    left join {schema}.objects as o on h.object_id = o.id
    left join {schema}.branches as b on h.branch_id = b.id
"""
_ARCHIVE = """
        union all
        select id, object_id, branch_id, change_type, sql_executed, created_by, created_at, true
        from {schema}.history_archive as a
        where not exists (select from {schema}.history as kept where kept.id = a.id)
"""
_SKETCHED = """
    select
        version_id as id, object_type || ' ' || object_name as object, object_type::text as kind,
        object_name::text as name, 'main' as branch, change_type::text as change_type, change_sql as sql,
        author::text as author, created_at::timestamp as at, false as archived
    from {schema}.history
"""

_FACTS = """
    with
    history as ({history}),
    placed as (
        select
            history.*,
            lag(change_type) over (partition by object order by id) as change_before,
            row_number() over (partition by object order by id) as place
        from history
    )
    select
        count(*) as rows,
        count(*) filter (where archived) as archived,
        count(*) filter (where author is null) as no_author,
        count(*) filter (where at is null) as no_time,
        count(*) filter (where at > localtimestamp + interval '1 day') as future_time,
        count(*) filter (where coalesce(btrim(sql), '') = '') as no_statement,
        coalesce(max(id) - min(id) + 1 - count(*), 0) as missing_ids,
        count(*) filter (where place = 1 and change_type not in ('CREATE', 'DROP')) as no_create,
        count(*) filter (where change_type = 'CREATE' and change_before in ('CREATE', 'ALTER')) as several_creates,
        count(*) filter (where change_type = 'DROP' and coalesce(change_before, 'DROP') = 'DROP') as drop_before_create,
        min(name) filter (where place = 1 and change_type not in ('CREATE', 'DROP')) as no_create_example,
        min(name) filter (where change_type = 'CREATE' and change_before in ('CREATE', 'ALTER'))
            as several_creates_example,
        min(name) filter (where change_type = 'DROP' and coalesce(change_before, 'DROP') = 'DROP')
            as drop_before_create_example
    from placed
"""

_PROFILE = """
    with history as ({history})
    select dimension, value, count(*) as rows
    from history
    cross join lateral (
        values ('kind', kind), ('month', to_char(at, 'YYYY-MM')), ('author', author), ('branch', branch)
    ) as facts (dimension, value)
    group by dimension, value
    order by dimension, value
"""

_PAUSES = """
    select
        (e.created_at at time zone 'UTC')::timestamp as begins,
        (
            select min(r.created_at at time zone 'UTC')::timestamp from {schema}.system_events as r
            where
                r.event_type in ('tracking_resumed', 'emergency_enable')
                and (r.created_at, r.event_id) > (e.created_at, e.event_id)
        ) as ends,
        e.event_type as event
    from {schema}.system_events as e
    where e.event_type in ('tracking_paused', 'emergency_disable')
    order by e.created_at, e.event_id
"""

_SOURCES = ("history", "history_archive", "objects", "branches", "system_events")
"""What the project reads of v1."""

_SAID: dict[str, tuple[Severity, str, str]] = {
    "no_author": (
        "warning",
        "{} row(s) of the history have no author.",
        "Nothing: changes keep the NULL, commits say unknown.",
    ),
    "no_time": (
        "warning",
        "{} row(s) of the history have no time.",
        "Nothing: changes keep the NULL, commits take the time of the row before.",
    ),
    "future_time": (
        "warning",
        "{} row(s) of the history lie in the future.",
        "Look at the clock of the server: the times are kept as they are.",
    ),
    "no_statement": (
        "warning",
        "{} row(s) of the history have no statement, so what they did is inferred.",
        "Look at them in least_certain_changes.",
    ),
    "missing_ids": (
        "info",
        "{} id(s) are missing from the history: rows that were erased with their object, or never committed.",
        "Nothing: what the missing rows did is inferred where something else tells of it.",
    ),
    "no_create": (
        "info",
        "{} object(s) have no CREATE, such as {}: they are older than the tracker, or were renamed.",
        "Nothing: their first definition is inferred.",
    ),
    "several_creates": (
        "info",
        "{} row(s) create what was there already, such as {}: v1 lost the drop between, or it was replaced.",
        "Nothing: what v1 lost is inferred.",
    ),
    "drop_before_create": (
        "info",
        "{} row(s) drop what no row had created, such as {}.",
        "Nothing: what was dropped is inferred, or stays unknown.",
    ),
    "archived_history": (
        "info",
        "{} row(s) lie in history_archive, where v1's cleanup_old_data() moved them.",
        "Nothing: they are read as the history that they are.",
    ),
}


@dataclass(frozen=True)
class HistoryCheck:
    """The verdicts on the history, and its rows by kind, month, author and branch: dimension, value, rows."""

    findings: list[Finding]
    profile: list[dict[str, Any]]


def check_history(connection: Connection, schema: str) -> HistoryCheck:
    """Look at the data of v1.

    Args:
        connection: to its database; only read.
        schema: where v1 is installed.

    Raises:
        PggitError: the role may not read the history, or that would run code of somebody else's.

    """
    tables = _tables(connection, schema)
    others_code.refuse(connection, [(schema, table) for table in {*_SOURCES, *tables}])
    if "history" not in tables:
        raise PggitError(
            f"Role {connection.info.user} may not read {schema}.history, or it is not there. Nothing was changed. "
            f'As its owner: grant select on all tables in schema {schema} to "{connection.info.user}";'
        )
    history = _sql(_SKETCHED, schema)
    if "object_id" in tables["history"]:
        archive = _sql(_ARCHIVE, schema) if "history_archive" in tables else sql.SQL("")
        history = _sql(_INSTALLED, schema, archive=archive)
    with connection.cursor(row_factory=dict_row) as cursor:
        facts = cursor.execute(_sql(_FACTS, schema, history=history)).fetchone() or {}
        profile = cursor.execute(_sql(_PROFILE, schema, history=history)).fetchall()
        facts["archived_history"] = facts["archived"]
        findings = [
            _finding(code, f"{schema}.history", facts[code], facts.get(f"{code}_example"))
            for code in _SAID
            if facts[code]
        ]
        if not facts["rows"]:
            findings.append(
                Finding(
                    "no_history",
                    "blocker",
                    f"{schema}.history",
                    "The history has no rows.",
                    "Check that this is the database that the tracker was at work in.",
                    PREFLIGHT,
                )
            )
        if "system_events" in tables:
            pauses = cursor.execute(_sql(_PAUSES, schema)).fetchall()
            findings += [_pause(f"{schema}.system_events", row) for row in pauses]
        findings += _tracker(cursor, schema) + _kept_out(cursor, schema)
        findings += _other_rows(cursor, schema, tables)
    return HistoryCheck(findings, profile)


def _sql(text: str, schema: str, **parts: sql.Composable) -> sql.Composed:
    return sql.SQL(text).format(schema=sql.Identifier(schema), **parts)


def _tables(connection: Connection, schema: str) -> dict[str, list[str]]:
    rows = connection.execute(
        """
        /* pggit-audit preflight */
        select c.relname::text, array_agg(a.attname::text)
        from pg_class as c
        inner join pg_attribute as a on c.oid = a.attrelid and a.attnum > 0 and not a.attisdropped
        where
            c.relnamespace = (select oid from pg_namespace where nspname = %s)
            -- the views of v1 itself have no rows of their own; but somebody may have put one in the place of a source
            and (c.relkind in ('r', 'p') or c.relkind in ('v', 'm', 'f') and c.relname = any (%s))
            and has_table_privilege(c.oid, 'select')
        group by c.relname
        """,
        (schema, list(_SOURCES)),
    ).fetchall()
    return dict(rows)


def _finding(code: str, name: str, number: int, example: str | None) -> Finding:
    severity, message, advice = _SAID[code]
    return Finding(code, severity, name, message.format(number, example), advice, PREFLIGHT)


def _pause(name: str, row: dict[str, Any]) -> Finding:
    how = "stopped in an emergency" if row["event"] == "emergency_disable" else "paused"
    until = f"until {row['ends']:%Y-%m-%d %H:%M} UTC" if row["ends"] else "and was not resumed since"
    return Finding(
        "tracker_paused",
        "warning",
        name,
        f"The tracker was {how} at {row['begins']:%Y-%m-%d %H:%M} UTC {until}: what changed in between left no row.",
        "Have somebody judge what the build inferred for that time (unverified_changes).",
        PREFLIGHT,
    )


def _tracker(cursor: psycopg.Cursor[dict[str, Any]], schema: str) -> list[Finding]:
    rows = cursor.execute(
        """
        /* pggit-audit preflight */
        select e.evtname::text as name, e.evtenabled::text as enabled
        from pg_event_trigger as e
        inner join pg_proc as p on e.evtfoid = p.oid
        where
            p.pronamespace = (select oid from pg_namespace where nspname = %s)
            and e.evtevent in ('ddl_command_end', 'sql_drop')
        order by e.evtname
        """,
        (schema,),
    ).fetchall()
    # One that fires for replicas alone (R) fires in no session of the team's.
    off = [row["name"] for row in rows if row["enabled"] not in ("O", "A")]
    if rows and not off:
        return []
    if off and len(off) < len(rows):
        what = (
            f"The tracker is not wholly at work. Of its event triggers, these are disabled: {', '.join(off)}."
        )
    elif off:
        what = f"The tracker is not at work. Its event triggers are disabled: {', '.join(off)}."
    else:
        what = "The tracker is not at work. It has no event triggers here."
    return [
        Finding(
            "tracker_off",
            "warning" if off else "info",
            schema,
            f"{what} What changes now leaves no row{' of its kind' if 0 < len(off) < len(rows) else ''}.",
            "Nothing, where that is meant; else enable them. What left no row is inferred from the live catalog.",
            PREFLIGHT,
        )
    ]


def _kept_out(cursor: psycopg.Cursor[dict[str, Any]], schema: str) -> list[Finding]:
    """What may keep rows from getting into the history, or change them on their way: v1 has none of it."""
    rows = cursor.execute(
        """
        /* pggit-audit preflight */
        with history as (
            select c.oid, c.relrowsecurity
            from pg_class as c
            inner join pg_namespace as n on c.relnamespace = n.oid
            where n.nspname = %(schema)s and c.relname = 'history' and c.relkind in ('r', 'p')
        )
        -- a trigger for each row (1) that comes before (2) it is inserted (4)
        select 'trigger ' || quote_ident(t.tgname) as what
        from history inner join pg_trigger as t on t.tgrelid = history.oid
        where not t.tgisinternal and t.tgtype & 7 = 7 and t.tgenabled in ('O', 'A')
        union all
        select 'rule ' || quote_ident(r.rulename)
        from history inner join pg_rewrite as r on r.ev_class = history.oid
        where r.ev_type = '3' and r.ev_enabled in ('O', 'A')
        union all
        select 'row security' from history where relrowsecurity
        order by 1
        """,
        {"schema": schema},
    ).fetchall()
    if not rows:
        return []
    names = ", ".join(row["what"] for row in rows)
    return [
        Finding(
            "kept_out",
            "warning",
            f"{schema}.history",
            f"v1 makes none of this, and it may keep rows out of the history, or change them on their way: {names}.",
            "Look at who made that, and since when. What left no row is inferred from the live catalog.",
            PREFLIGHT,
        )
    ]


def _other_rows(
    cursor: psycopg.Cursor[dict[str, Any]], schema: str, tables: dict[str, list[str]]
) -> list[Finding]:
    """Tables of v1 with rows that are no history: they stay in the archive of v1, and are not moved."""
    others = sorted(set(tables) - set(_SOURCES))
    filled = []
    for table in others:
        found = cursor.execute(
            sql.SQL("select exists (select from {}.{}) as has_rows").format(
                sql.Identifier(schema), sql.Identifier(table)
            )
        ).fetchone()
        if found and found["has_rows"]:
            filled.append(table)
    findings = [
        Finding(
            "function_tracking",
            "warning",
            f"{schema}.{table}",
            "It has rows of its own: numbers and notes that track_function() left, which no history row has.",
            "Keep what you need of it before v1's archive is dropped: definitions are moved, these are not.",
            PREFLIGHT,
        )
        for table in filled
        if table in ("function_versions", "function_signatures")
    ]
    rest = [table for table in filled if table not in ("function_versions", "function_signatures")]
    if rest:
        findings.append(
            Finding(
                "not_moved",
                "info",
                schema,
                f"Tables with rows that are no history, and are not moved: {', '.join(rest)}.",
                "Nothing now: they stay in v1's archive until `pggit-audit finish` drops it.",
                PREFLIGHT,
            )
        )
    return findings
