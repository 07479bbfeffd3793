"""Who uses v1 within the database: what PostgreSQL knows to depend on it, and what its texts name."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib import resources
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import dict_row
from sqlglot.errors import TokenError

from pggit_audit.night.preflight.calls import Call, CallTable
from pggit_audit.night.preflight.code import Hit, hits_of
from pggit_audit.night.preflight.findings import finding_of_use, unread
from pggit_audit.night.preflight.rewrite import Use
from pggit_audit.night.preflight.source import SourceFile
from pggit_audit.night.preflight.tokens import tokenize, word
from pggit_audit.verdicts import Finding

Connection = psycopg.Connection[Any]

SHOWN = 70
"""Characters of a statement that are shown of it; its number alone tells nobody which it is."""

UPSTREAM = ("pggit_branches", "pggit_storage", "pggit_errors", "pggit_migration")
"""Schemas that v1's installer makes besides its own."""

_SUFFIX = {
    "plpython3u": ".py",
    "plpythonu": ".py",
    "plperl": ".pl",
    "plperlu": ".pl",
    "pltcl": ".tcl",
    "plv8": ".js",
}
"""The languages of routines whose text is no SQL."""

_FUNCTIONS = """
    /* pggit-audit preflight */
    select
        format('%%s.%%s(%%s)', %(schema)s::text, p.proname, (
            select string_agg(format_type(types.oid, null), ', ' order by types.place)
            from unnest(p.proargtypes) with ordinality as types (oid, place)
        )) as v1_call,
        pg_get_function_result(p.oid) as result
    from pg_proc as p
    where p.pronamespace = (select oid from pg_namespace where nspname = %(schema)s)
"""
_STATEMENTS = """
    /* pggit-audit preflight */
    select queryid::text as name, query as text, calls
    from {} as s
    where
        s.dbid = (select oid from pg_database where datname = current_database())
        and s.toplevel
        and position(%(schema)s in lower(s.query)) > 0
        -- not what a build and this look read themselves
        and position('"app": "dbt"' in s.query) = 0
        and position('pggit-audit preflight' in s.query) = 0
    order by s.calls desc
"""
_JOBS = """
    /* pggit-audit preflight */
    select jobid::text as name, command as text, null::bigint as calls
    from cron.job
    where database = current_database() and position(%(schema)s in lower(command)) > 0
    order by jobid
"""


@dataclass(frozen=True)
class DatabaseUse:
    """A use of v1 within the database.

    Attributes:
        object_type: the kind of object, in PostgreSQL's words; `cron job` and `statement` besides.
        object: its identity.
        found_by: `dependency` or `text`.
        part: the part of the object whose text it is in.
        line: the line of that text, from 1.
        call: as it is written there.
        use: what it is.
        rewritten: the statement as it will be, None where that is not certain.
        statement: as it is; empty where a dependency is all that is known.

    """

    object_type: str
    object: str
    found_by: str
    part: str | None
    line: int | None
    call: str
    use: Use
    rewritten: str | None
    statement: str = ""

    def as_row(self) -> dict[str, Any]:
        """Return a row of the model `int_preflight__uses`."""
        call = self.use.call
        return {
            "object_type": self.object_type,
            "object": self.object,
            "found_by": self.found_by,
            "part": self.part,
            "line": self.line,
            "call": self.call,
            "v1_call": call.v1_call if call else None,
            "class": self.use.class_,
            "rewritten": self.rewritten,
            "reason": self.use.reason or None,
            "note": call.note if call else None,
        }


@dataclass(frozen=True)
class Uses:
    """What uses v1 in a database, and the verdicts on it."""

    uses: list[DatabaseUse]
    findings: list[Finding]


def installed_calls(connection: Connection, table: CallTable) -> CallTable:
    """Return the table of calls as far as it fits the functions that are installed."""
    rows = connection.execute(_FUNCTIONS.encode(), {"schema": table.schema}).fetchall()
    return table.as_installed(dict(rows))


def uses_of_v1(connection: Connection, table: CallTable) -> Uses:
    """Look for everything outside v1's schema that uses it.

    Args:
        connection: to the database of v1; only read.
        table: v1's calls, as installed.

    """
    hidden = [table.schema, table.v0, table.audit, f"{table.audit}_work", *UPSTREAM]
    values = {"schema": table.schema, "hidden": hidden}
    found = Uses([], [])
    with connection.cursor(row_factory=dict_row) as cursor:
        texts = cursor.execute(_query("uses.sql"), values).fetchall()
        for row in texts:
            _read(found, table, row["object_type"], row["object"], row["part"], row["language"], row["text"])
        known = {(use.object, use.use.name) for use in found.uses}
        for row in cursor.execute(_query("dependencies.sql"), values).fetchall():
            if (row["object"], row["name"]) not in known:
                _depends(found, table, row)
        for kind, row in _run_statements(cursor, values):
            name = f"{kind} {row['name']}"
            if row["calls"]:
                name += (
                    f", run {row['calls']} times: {textwrap.shorten(row['text'], SHOWN, placeholder=' …')}"
                )
            _read(found, table, kind, name, None, "sql", row["text"])
    return found


def _query(name: str) -> bytes:
    return resources.files("pggit_audit.night.preflight").joinpath(name).read_bytes()


def _read(
    found: Uses, table: CallTable, object_type: str, name: str, part: str | None, language: str, text: str
) -> None:
    if object_type == "statement" and _defines(text):
        return  # somebody installed v1, or what uses it; what is there now is looked at itself
    suffix = _SUFFIX.get(language, ".sql")
    try:
        hits: Sequence[Hit] = hits_of(SourceFile(Path(f"body{suffix}"), text, "utf-8"), name, table)[0]
    except TokenError:
        found.findings.append(unread(name, "a quote or comment in it is not closed"))
        return
    for hit in hits:
        found.uses.append(
            DatabaseUse(
                object_type, name, "text", part, hit.line, hit.call, hit.use, hit.rewritten, hit.statement
            )
        )
        place = name if part in (None, "query") or hit.line == 1 else f"{name}, line {hit.line}"
        finding = finding_of_use(place, hit.use, table, hit.rewritten)
        if object_type == "statement" and finding.severity == "blocker":
            # it was run; whether it still is, the count does not say
            advice = (
                "Find out who runs it and take it out; select pg_stat_statements_reset(); then look again."
            )
            finding = replace(finding, severity="warning", what_to_do=advice)
        found.findings.append(finding)


def _defines(text: str) -> bool:
    try:
        tokens = tokenize(text)
    except TokenError:
        return False
    return word(tokens, 0) in ("CREATE", "ALTER", "DROP", "COMMENT", "GRANT", "REVOKE")


def _depends(found: Uses, table: CallTable, row: dict[str, Any]) -> None:
    functions = table.functions(row["name"]) if row["kind"] == "function" else []
    call: Call | None = functions[0] if functions else table.relation(row["name"])
    kind = row["kind"]
    class_ = call.class_ if call else "unknown_call"
    if class_ == "rewrite":
        class_ = "by_hand"  # where and how, a dependency does not tell
    use = Use(row["name"], kind, class_, (0, 0), (0, 0), (), "", call)
    called = f"{table.schema}.{row['name']}"
    found.uses.append(
        DatabaseUse(row["object_type"], row["object"], "dependency", None, None, called, use, None)
    )
    found.findings.append(finding_of_use(row["object"], use, table, None))


def _run_statements(
    cursor: psycopg.Cursor[dict[str, Any]], values: dict[str, Any]
) -> Iterator[tuple[str, Any]]:
    """Jobs of pg_cron, and statements that pg_stat_statements has counted, where the role may read them."""
    cursor.execute(
        """
        /* pggit-audit preflight */
        select
            (
                select format('%I.%I', n.nspname, c.relname)
                from pg_class as c
                inner join pg_namespace as n on c.relnamespace = n.oid
                inner join pg_extension as e on n.oid = e.extnamespace
                where
                    e.extname = 'pg_stat_statements' and c.relname = 'pg_stat_statements'
                    and has_schema_privilege(n.oid, 'usage') and has_table_privilege(c.oid, 'select')
            ) as statements,
            exists (
                select from pg_class as c
                inner join pg_namespace as n on c.relnamespace = n.oid
                where
                    n.nspname = 'cron' and c.relname = 'job' and has_schema_privilege(n.oid, 'usage')
                    and has_table_privilege(c.oid, 'select')
                    -- a table of the team's own may have that name, with other columns
                    and (
                        select count(*) from pg_attribute as a
                        inner join pg_type as t on a.atttypid = t.oid
                        where
                            a.attrelid = c.oid and not a.attisdropped
                            and (a.attname = 'jobid' or a.attname in ('command', 'database') and t.typcategory = 'S')
                    ) = 3
            ) as has_jobs
        """.replace("%I", "%%I").encode(),
        {},
    )
    places = cursor.fetchone() or {}
    if places["has_jobs"]:
        for row in cursor.execute(_JOBS.encode(), values).fetchall():
            yield "cron job", row
    if places["statements"]:
        query = sql.SQL(_STATEMENTS).format(sql.SQL(places["statements"]))
        rows: list[dict[str, Any]] = []
        with suppress(psycopg.errors.ObjectNotInPrerequisiteState), cursor.connection.transaction():
            rows = cursor.execute(query, values).fetchall()  # where the server has its library loaded
        for row in rows:
            yield "statement", row
