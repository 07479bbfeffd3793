"""The place: server, rights, disk, and who else is there."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import psycopg
from psycopg.rows import dict_row

from pggit_audit.night.preflight.findings import PREFLIGHT
from pggit_audit.verdicts import Finding, Severity

Connection = psycopg.Connection[Any]
Cursor = psycopg.Cursor[dict[str, Any]]

OLDEST, NEWEST = 14, 18
LONG = "5 minutes"  # a transaction that is open longer holds the switch up
KEEPER = "pggit_audit_keep"
"""The event trigger that refuses dropping the audit schemas; made by the build where the role may."""

_SERVER = """
    /* pggit-audit preflight */
    select
        current_setting('server_version') as version,
        current_setting('server_version_num')::integer / 10000 as major,
        pg_is_in_recovery() as is_standby,
        current_user::text as role,
        current_database()::text as database,
        (select rolsuper from pg_roles where rolname = current_user) as is_superuser,
        (select rolsuper or rolcreatedb from pg_roles where rolname = current_user) as may_create_database,
        has_database_privilege(current_database(), 'create') as may_create_schema,
        pg_encoding_to_char((select encoding from pg_database where datname = current_database())) as encoding,
        case when pg_has_role('pg_read_all_settings', 'usage') then current_setting('data_directory') end as data,
        inet_server_addr() is null as is_local,
        pg_database_size(current_database()) as database_bytes
"""
_SCHEMAS = """
    /* pggit-audit preflight */
    select
        n.nspname::text as name,
        has_schema_privilege(n.oid, 'usage') as usable,
        coalesce(sum(pg_total_relation_size(c.oid)) filter (where c.relkind in ('r', 'p', 'm')), 0)::bigint as bytes,
        array_agg(c.relname::text) filter (
            where c.relkind in ('r', 'p') and not has_table_privilege(c.oid, 'select')
        ) as unreadable,
        array_agg(c.relname::text) filter (
            where c.relkind in ('r', 'p') and not (
                has_table_privilege(c.oid, 'insert') and has_table_privilege(c.oid, 'select')
            )
        ) as unwritable
    from pg_namespace as n
    left join pg_class as c on n.oid = c.relnamespace
    where n.nspname = any(%s)
    group by n.oid, n.nspname
"""
_UPSTREAM_S_OWN = """
    /* pggit-audit preflight */
    select c.relname::text as name
    from pg_class as c
    inner join pg_namespace as n on c.relnamespace = n.oid
    where
        n.nspname = %s and c.relname in ('changes', 'object_versions', 'compliance_log')
        -- ours have numbers that upstream's do not
        and not exists (
            select from pg_attribute as a
            where a.attrelid = c.oid and a.attname in ('event_no', 'object_identity', 'entry_no')
        )
    order by 1
"""
_SESSIONS = """
    /* pggit-audit preflight */
    select distinct a.pid, a.usename::text as role, a.application_name as program, 'uses a table of v1' as why
    from pg_locks as l
    inner join pg_class as c on l.relation = c.oid
    inner join pg_stat_activity as a on l.pid = a.pid
    where
        l.database = (select oid from pg_database where datname = current_database())
        and c.relnamespace = (select oid from pg_namespace where nspname = %(schema)s)
        and a.pid <> pg_backend_pid() and a.application_name !~ '^(dbt$|pggit)'
    union
    select a.pid, a.usename::text, a.application_name, 'has a transaction open since ' || a.xact_start::timestamp(0)
    from pg_stat_activity as a
    where
        a.datname = current_database() and a.backend_type = 'client backend' and a.pid <> pg_backend_pid()
        and a.xact_start < now() - %(long)s::interval and a.application_name !~ '^(dbt$|pggit)'
    order by 1
"""
_WAYS = {
    "prepared_transaction": (
        "blocker",
        "select gid as name from pg_prepared_xacts where database = current_database() order by 1",
        "A prepared transaction is open: it holds its locks until somebody ends it.",
        "End it: commit prepared or rollback prepared, with its name.",
    ),
    "logical_slot": (
        "warning",
        "select slot_name::text as name from pg_replication_slots where database = current_database() order by 1",
        "A logical replication slot of this database carries what the build and the switch write to its consumer.",
        "Tell who reads it, or leave the audit schemas out of its publication.",
    ),
    "publication_of_all": (
        "warning",
        "select pubname::text as name from pg_publication where puballtables order by 1",
        "A publication of all tables takes in the audit tables as well, and the switch of v1.",
        "Name its tables or schemas instead, or prepare the subscribers.",
    ),
    "publication_of_v1": (
        "warning",
        # by dependencies: the catalog of such publications is there from 15 on
        "select distinct p.pubname::text as name from pg_depend as d"
        " join pg_depend as o on o.classid = d.classid and o.objid = d.objid"
        " join pg_publication as p on o.refclassid = 'pg_publication'::regclass and o.refobjid = p.oid"
        " join pg_namespace as n on d.refclassid = 'pg_namespace'::regclass and d.refobjid = n.oid"
        " where n.nspname = %(schema)s order by 1",
        "A publication of all tables in v1's schema follows it into the archive, and subscribers look for the old one.",
        "Tell who subscribes to it, or drop it before the night.",
    ),
}
_EXTENSIONS = """
    /* pggit-audit preflight */
    select e.extname::text as name
    from pg_extension as e
    left join pg_available_extension_versions as v on e.extname = v.name and e.extversion = v.version
    where e.extname <> 'plpgsql' and not coalesce(v.trusted, false)
    order by 1
"""


def check_place(
    connection: Connection,
    *,
    schema: str,
    v0: str,
    audit: str,
    shadow: str = "target",
    rehearsed_bytes: int = 0,
) -> list[Finding]:
    """Look at the database and its server.

    Args:
        connection: to the database of v1; only read.
        schema: where v1 is installed.
        v0: where pggit_v0 is installed.
        audit: the schema of the results.
        shadow: where the history runs again, `target` or `embedded`.
        rehearsed_bytes: what the build of a rehearsal added to its copy; 0 where there was none.

    """
    with connection.cursor(row_factory=dict_row) as cursor:
        server = cursor.execute(_SERVER).fetchone() or {}
        sizes = {r["name"]: r for r in cursor.execute(_SCHEMAS, ([schema, v0, audit, f"{audit}_work"],))}
        return [
            *_server(server, shadow, cursor),
            *_rights(server, sizes, schema, v0, shadow),
            *_disk(server, sizes, schema, v0, audit, rehearsed_bytes),
            *_neighbours(cursor, schema),
            *_audit_schema(cursor, server, sizes, audit),
        ]


def _is(code: str, severity: str, name: str, message: str, what_to_do: str) -> Finding:
    return Finding.of(
        {
            "code": code,
            "severity": severity,
            "object": name,
            "message": message,
            "what_to_do": what_to_do,
            "docs": PREFLIGHT,
        }
    )


def _server(server: dict[str, Any], shadow: str, cursor: Cursor) -> list[Finding]:
    found = []
    name = f"server of database {server['database']}"
    if server["major"] < OLDEST:
        found.append(
            _is(
                "server_too_old",
                "blocker",
                name,
                f"It is PostgreSQL {server['version']}; {OLDEST} is the oldest supported.",
                "Upgrade it, or migrate a copy of the database on a newer server.",
            )
        )
    elif server["major"] > NEWEST:
        found.append(
            _is(
                "server_untested",
                "warning",
                name,
                f"It is PostgreSQL {server['version']}; {NEWEST} is the newest that this project was tested on.",
                "Rehearse on that version before the night.",
            )
        )
    if server["is_standby"]:
        found.append(
            _is(
                "standby",
                "blocker",
                name,
                "It is a standby, which takes no changes.",
                "Connect to its primary.",
            )
        )
    if server["encoding"] not in ("UTF8", "SQL_ASCII"):
        found.append(
            _is(
                "encoding",
                "info",
                f"database {server['database']}",
                f"Its encoding is {server['encoding']}; definitions are hashed as UTF-8.",
                "Nothing: the server converts them.",
            )
        )
    elif server["encoding"] == "SQL_ASCII":
        found.append(
            _is(
                "encoding",
                "warning",
                f"database {server['database']}",
                "Its encoding is SQL_ASCII, which means none: text beyond ASCII cannot be hashed for certain.",
                "Look for such text in names, comments and defaults before the night.",
            )
        )
    if not server["is_superuser"] and shadow == "target":
        found += [
            _is(
                "extension_needs_superuser",
                "warning",
                f"extension {row['name']}",
                "Only a superuser may create it, so it will be missing where the history runs again.",
                "Have its owner make it in template1, or run the build as a superuser.",
            )
            for row in cursor.execute(_EXTENSIONS).fetchall()
        ]
    return found


def _rights(
    server: dict[str, Any], schemas: dict[str, dict[str, Any]], schema: str, v0: str, shadow: str
) -> list[Finding]:
    role = f"role {server['role']}"
    found = []
    for wanted in (schema, v0):
        there = schemas.get(wanted)
        if there is None:
            found.append(
                _is(
                    "schema_missing",
                    "blocker",
                    f"schema {wanted}",
                    f"There is no such schema in database {server['database']}.",
                    "Check the database of the target; pggit_v0 is made by upstream's file of that name.",
                )
            )
        elif not there["usable"] or there["unreadable"]:
            found.append(
                _is(
                    "right_missing",
                    "blocker",
                    role,
                    f"It may not read schema {wanted}"
                    + (f": {', '.join(sorted(there['unreadable']))}." if there["unreadable"] else "."),
                    f'As the owner: grant usage on schema {wanted} to "{server["role"]}"; '
                    f'grant select on all tables in schema {wanted} to "{server["role"]}";',
                )
            )
        elif wanted == v0 and there["unwritable"]:
            found.append(
                _is(
                    "right_missing",
                    "blocker",
                    role,
                    f"It may not write to schema {v0}: {', '.join(sorted(there['unwritable']))}.",
                    f'As the owner: grant select, insert, update on all tables in schema {v0} to "{server["role"]}";',
                )
            )
    if shadow == "target" and not server["may_create_database"]:
        found.append(
            _is(
                "right_missing",
                "blocker",
                role,
                "It may not create databases, and the history runs again in a database of its own.",
                f"As a superuser: alter role \"{server['role']}\" createdb; or build with --vars 'shadow: throw_away'.",
            )
        )
    if not server["may_create_schema"]:
        found.append(
            _is(
                "right_missing",
                "blocker",
                role,
                f"It may not create schemas in database {server['database']}.",
                f'As the owner: grant create on database "{server["database"]}" to "{server["role"]}";',
            )
        )
    if not server["is_superuser"]:
        found.append(
            _is(
                "no_superuser",
                "warning",
                role,
                "It is no superuser: it can neither stop the tracker's event triggers nor make one.",
                "Build with it; run cutover, rollback and finish as a superuser.",
            )
        )
    return found


def _disk(
    server: dict[str, Any],
    schemas: dict[str, dict[str, Any]],
    schema: str,
    v0: str,
    audit: str,
    rehearsed: int,
) -> list[Finding]:
    """Measured where it was built here already, or in a rehearsal; else judged from the size of the history."""
    built = sum(schemas[name]["bytes"] for name in (audit, f"{audit}_work") if name in schemas)
    history = schemas[schema]["bytes"] if schema in schemas else 0
    measured = built + (schemas[v0]["bytes"] if v0 in schemas else 0)
    # a build beside a build, and the backup of v1; without one, what the recorded histories took
    if built:
        needed, rests_on = 2 * measured + history, "as the build in this database took"
    elif rehearsed:
        # the copy was built in beside its own backup, and half as much again is for what comes since
        needed, rests_on = rehearsed * 3 // 2 + history, "as the rehearsal took"
    else:
        needed, rests_on = 60 * history + 200_000_000, "as recorded histories took, by their size"
    name = f"disk of database {server['database']}"
    directory = Path(server["data"]) if server["data"] else None
    if directory is None or not server["is_local"] or not _is_there(directory):
        return [
            _is(
                "disk_unknown",
                "info",
                name,
                f"The move needs about {_size(needed)}, {rests_on}; how much is free cannot be told from here.",
                "Look at the server: df -h on its data directory.",
            )
        ]
    free = shutil.disk_usage(directory).free
    if free >= needed:
        return []
    severity: Severity = "blocker" if built or rehearsed else "warning"
    return [
        _is(
            "disk_full",
            severity,
            name,
            f"The move needs about {_size(needed)}, {rests_on}; {_size(free)} are free.",
            "Make room before the night.",
        )
    ]


def _is_there(directory: Path) -> bool:
    try:
        return directory.is_dir()
    except OSError:
        return False


def _size(number: int) -> str:
    return f"{number / 1e9:.1f} GB" if number >= 1e9 else f"{number / 1e6:.0f} MB"


def _neighbours(cursor: Cursor, schema: str) -> list[Finding]:
    found = [
        _is(
            "session_in_the_way",
            "warning",
            f"session {row['pid']}",
            f"{row['role']} ({row['program'] or 'no name given'}) {row['why']}.",
            "End it before the night, or let the cutover end it.",
        )
        for row in cursor.execute(_SESSIONS, {"schema": schema, "long": LONG}).fetchall()
    ]
    for code, (severity, query, message, advice) in _WAYS.items():
        rows = cursor.execute(f"/* pggit-audit preflight */ {query}".encode(), {"schema": schema}).fetchall()
        found += [
            _is(code, severity, f"{code.replace('_', ' ')} {row['name']}", message, advice) for row in rows
        ]
    return found


def _audit_schema(
    cursor: Cursor, server: dict[str, Any], schemas: dict[str, dict[str, Any]], audit: str
) -> list[Finding]:
    theirs = [row["name"] for row in cursor.execute(_UPSTREAM_S_OWN, (audit,)).fetchall()]
    if theirs:
        return [
            _is(
                "audit_schema_taken",
                "blocker",
                f"schema {audit}",
                f"It is upstream's own: its {', '.join(theirs)} have no columns of this project.",
                "Choose another name for the results: --vars 'audit_schema: pggit_audit_v1'.",
            )
        ]
    if audit != "pggit_audit" or audit not in schemas:
        return []
    keeps = cursor.execute(
        "select from pg_event_trigger where evtname = %s and evtenabled <> 'D'", (KEEPER,)
    ).fetchone()
    if keeps is not None:
        return []
    return [
        _is(
            "installer_would_drop_us",
            "warning",
            f"schema {audit}",
            "Upstream's installer renames a schema of this name, and when it is run again drops it; nothing refuses "
            "that here.",
            "Never run it again here; or build once as a superuser, who makes an event trigger that refuses.",
        )
    ]
