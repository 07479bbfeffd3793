"""The state of the audit layer at one moment, asked in one snapshot of the database."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit.errors import PggitError

MOST_OPEN = 300
"""Open changes that are listed one by one; of all there is the count."""
MOST_ENTRIES = 500
"""Entries of persons that are listed one by one, the last ones; of all there is the count."""

_QUERIES = {
    "checks": "select description, expected, found, ok from {audit}.verification_checks order by check_no",
    "breaks": "select entry_no, problem from {audit}.compliance_log_breaks() limit 50",
    "log": """
        select count(*) as entries, min(verified_at) as first_at, max(verified_at) as last_at
        from {audit}.compliance_log
    """,
    "log_end": """
        select entry_no, entry_hash, verified_at from {audit}.compliance_log order by entry_no desc limit 1
    """,
    "summary": "select * from {audit}.compliance_summary where object_type = 'ALL'",
    "verifiers": """
        select
            verified_by, session_role,
            count(*) filter (where verification_status = 'PASSED') as passed,
            count(*) filter (where verification_status = 'FAILED') as failed,
            count(*) filter (where verification_status = 'PENDING') as pending,
            min(verified_at) as first_at, max(verified_at) as last_at
        from {audit}.compliance_log
        group by verified_by, session_role
        order by min(entry_no)
    """,
    "open_by_kind": """
        select
            object_type, fidelity, count(*) as changes,
            count(*) filter (where last_status = 'FAILED') as failed,
            count(*) filter (where change_type = 'DROP' or change_severity = 'MAJOR') as grave
        from {audit}.unverified_changes
        group by object_type, fidelity
        order by fidelity desc, object_type
    """,
    "open": """
        select
            o.event_no, o.object_type, o.object_identity, o.change_type, o.change_severity, o.author, o.committed_at,
            o.fidelity, o.last_status, o.last_verified_by, o.last_notes,
            (
                select string_agg(distinct r.rule, ', ' order by r.rule)
                from {audit}.repairs as r
                where r.change_id = o.change_id
            ) as rules,
            (
                select string_agg(f.message, '; ' order by f.finding_no)
                from {audit}.findings as f
                where f.change_id = o.change_id
            ) as findings
        from {audit}.unverified_changes as o
        order by o.last_status = 'FAILED' desc nulls last, o.fidelity = 'repaired', o.event_no
        limit {most_open}
    """,
    "entries": """
        select
            l.entry_no, l.verified_at, l.verified_by, l.session_role, l.verification_status, l.verification_notes,
            c.object_type, c.object_identity, c.change_type, c.event_no
        from {audit}.compliance_log as l
        join {audit}.changes as c on c.change_id = l.change_id
        where l.verified_by <> 'dbt build'
        order by l.entry_no desc
        limit {most_entries}
    """,
    "fidelity": """
        select object_type, fidelity, count(*) as changes from {audit}.changes group by object_type, fidelity
    """,
    "excluded": """
        select reason, count(*) as rows, min(v1_version_id) as first_id, max(v1_version_id) as last_id
        from {audit}.excluded_history
        group by reason
        order by count(*) desc, reason
    """,
    "tips": "select branch_name, commit_sha, is_head from {audit}.branch_tips order by is_head desc, branch_name",
}
_LISTED = {"log", "log_end", "summary"}


def collect(connection: psycopg.Connection[Any], audit_schema: str) -> dict[str, Any]:
    """Return the state, each of `_QUERIES` by its name, and what follows from them.

    `holds` is whether all checks agree and the log is unbroken; `reasons` says what does not. What nobody has verified
    yet is no fault: it is counted in `summary`.

    Raises:
        PggitError: there is no audit layer, or the role may not read it.

    """
    state: dict[str, Any] = {}
    values = {
        "audit": sql.Identifier(audit_schema), "most_open": sql.Literal(MOST_OPEN),
        "most_entries": sql.Literal(MOST_ENTRIES),
    }  # fmt: skip
    with connection.transaction(), connection.cursor(row_factory=dict_row) as cursor:
        cursor.execute("set transaction isolation level repeatable read, read only")
        cursor.execute("set local statement_timeout = '30min'")
        try:
            for name, query in _QUERIES.items():
                rows = cursor.execute(sql.SQL(query).format(**values)).fetchall()
                state[name] = (rows[0] if rows else None) if name in _LISTED else rows
        except (
            psycopg.errors.UndefinedTable,
            psycopg.errors.InvalidSchemaName,
            psycopg.errors.UndefinedFunction,
            psycopg.errors.UndefinedColumn,
        ) as error:
            raise PggitError(
                f"There is no audit layer of this version in schema {audit_schema}: {str(error).splitlines()[0]}. "
                "Nothing was changed. Run dbt build first."
            ) from None
        except psycopg.errors.InsufficientPrivilege as error:
            raise PggitError(
                f"The role may not read what the report is made of: {str(error).splitlines()[0]}. Nothing was changed. "
                'The README\'s "Who may read the results" has what to grant.'
            ) from None
        place = cursor.execute(
            "select current_database() as database, current_user as role, current_setting('server_version') as server"
        ).fetchone()
    reasons = list(_reasons(state))
    return {
        **state, "place": place, "holds": not reasons, "reasons": reasons,
        "made_at": datetime.now(timezone.utc).isoformat(timespec="seconds"),
    }  # fmt: skip


def _reasons(state: Mapping[str, Any]) -> Sequence[str]:
    """Why the audit layer does not hold; none where it does."""
    reasons = [
        f"{check['description']}: {check['expected']} expected, {check['found']} found"
        for check in state["checks"]
        if not check["ok"]
    ]
    reasons += [f"Entry {found['entry_no']} of the log: {found['problem']}" for found in state["breaks"]]
    if not state["checks"]:
        reasons.append("There is nothing that was checked.")
    if state["log_end"] is None:
        reasons.append("The compliance log is empty.")
    return reasons
