"""The rights that the night needs, asked for before anything is touched."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg import sql

from pggit_audit.errors import PggitError
from pggit_audit.night.v1 import EventTrigger, Names, event_triggers

_LACKING = """
    with space as (select * from pg_namespace where nspname = %(schema)s)
    select format('schema %%I belongs to %%s', nspname, nspowner::regrole),
        format('grant %%s to %%I;', nspowner::regrole, current_user)
    from space where not pg_has_role(nspowner, 'usage')
    union all
    select format('role %%I may not make schemas in database %%I', current_user, current_database()),
        format('grant create on database %%I to %%I;', current_database(), current_user)
    where not has_database_privilege(current_database(), 'create')
    union all
    select format('role %%I may not make databases, and the backup is proven in one', current_user),
        format('alter role %%I createdb;', current_user)
    from pg_roles where rolname = current_user and not (rolsuper or rolcreatedb)
    union all
    select format('role %%I may not end other sessions', current_user),
        format('grant pg_signal_backend to %%I;', current_user)
    where not (
        pg_has_role('pg_signal_backend', 'usage') or (select rolsuper from pg_roles where rolname = current_user)
    )
    union all
    select format('%%s tables and sequences of %%I belong to %%s', count(*), nspname, relowner::regrole),
        format('grant %%s to %%I;', relowner::regrole, current_user)
    from pg_class join space on relnamespace = space.oid
    where relkind in ('r', 'p', 'S') and not pg_has_role(relowner, 'usage')
    group by nspname, relowner
"""


def check(connection: psycopg.Connection[Any], names: Names, schema: str | None = None) -> None:
    """See that the role may do all that a cutover and a rollback do.

    Args:
        connection: to the target.
        names: the schemas' names.
        schema: where v1 is now, by default in place.

    Raises:
        PggitError: it may not; says what it lacks, and the statement that gives it. Nothing was touched.

    """
    schema = schema or names.pggit
    lacking = connection.execute(_LACKING, {"schema": schema}).fetchall()
    owned = {
        name
        for (name,) in connection.execute(
            "select evtname::text from pg_event_trigger where pg_has_role(evtowner, 'usage')"
        ).fetchall()
    }
    triggers = event_triggers(connection, schema)
    if triggers and not _may_make(connection, triggers[0], schema):
        lacking.append((
            f"role {connection.info.user} may not make event triggers, and the backup is proven with them",
            "connect as a superuser (PGGIT_STAGING_USER, PGGIT_PRODUCTION_USER)",
        ))  # fmt: skip
    for trigger in triggers:
        if trigger.name not in owned:
            lacking.append((
                f"event trigger {trigger.name} belongs to {trigger.owner}, and only its owner or a superuser may "
                "turn it off and on",
                f"connect as {trigger.owner} or another superuser (PGGIT_STAGING_USER, PGGIT_PRODUCTION_USER)",
            ))  # fmt: skip
    if lacking:
        seen = list(dict.fromkeys(lacking))
        raise PggitError(
            f"Role {connection.info.user} may not do what this needs. Nothing was touched.\n"
            + "\n".join(f"  {what}\n      {remedy}" for what, remedy in seen)
        )


def _may_make(connection: psycopg.Connection[Any], like: EventTrigger, schema: str) -> bool:
    """Tell whether the role may make event triggers: a superuser may, and whom a managed service lets.

    It is tried, and taken back: no event trigger fires for that.
    """
    probe = sql.SQL("create event trigger pggit_audit_probe on ddl_command_end execute function {}()").format(
        sql.Identifier(schema, like.function)
    )
    try:
        with connection.transaction(force_rollback=True):
            connection.execute(probe)
    except psycopg.errors.InsufficientPrivilege:
        return False
    return True
