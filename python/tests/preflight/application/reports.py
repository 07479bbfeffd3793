"""What changed in the schema, for the weekly mail. It asks pggit.get_history('public.books') and the like."""

import logging

log = logging.getLogger(__name__)

HISTORY = """
    select version, change_type, created_by  -- pggit.get_version('not this') is only a comment
    from pggit.get_history(%s, %s)
"""
LATEST = "select version_string from pggit.get_version(%(table)s) as v"


def history(connection, table, limit=20):
    log.info("reading pggit.get_history() of %s", table)
    return connection.execute(HISTORY, (table, limit)).fetchall()


def latest(connection, table):
    # pggit.get_version_fast('public.books') was too stale here
    return connection.execute(LATEST, {"table": table}).fetchone()


def changed_often(connection):
    return connection.execute(
        "with recent as ("
        "  select r.version, r.change_count from pggit.get_version_fast('public.orders') r"
        ") "
        "select * from recent where change_count > 1"
    ).fetchall()


def both(connection):
    query = (
        "select h.*, v.version as latest from pggit.get_history(p_object_name => 'public.books') as h, "
        "pggit.get_version('public.books') v"
    )
    return connection.execute(query).fetchall()


def anything(connection, function, table):
    return connection.execute(f"select * from pggit.get_history({table!r}, {function})").fetchall()
