"""How fast the audit layer answers when there are a million changes. A command, not a test.

    python python/tests/million_changes.py [--changes 1000000]

Fills the audit tables of a copy of the migrated sample (as `dbt build` would, triggers and all), then prints
how long the queries take that the design promises in less than 100 ms, and a `dbt build` with nothing new.
Needs some gigabytes of disk for the embedded server, in a temporary folder.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

import psycopg
from project import DATABASE, NO_TESTS, SAMPLE, dbt, new_database

from pggit_audit import embedded
from pggit_audit.lab import recorded

FILL = """
    insert into pggit_audit.changes (
        change_id, event_no, origin, v1_version_id, commit_sha, parent_commit_sha, branch_name, object_schema,
        object_name, object_type, object_identity, change_type, change_severity, old_definition, new_definition,
        author, committed_at, commit_message, backfilled_from_v1, verified, fidelity
    )
    select
        md5('filler:' || n)::uuid, last.event_no + n, 'v0', null, last.commit_sha, null, 'main', 'filler',
        't' || n %% 4000, 'TABLE', 'filler.t' || n %% 4000,
        case when n <= 4000 then 'CREATE' else 'ALTER' end, 'MINOR',
        case when n > 4000 then 'CREATE TABLE filler.t' || n %% 4000 || ' (c' || n - 4000 || ' integer);' end,
        'CREATE TABLE filler.t' || n %% 4000 || ' (c' || n || ' integer);',
        'filler', timestamp '2000-01-01' + n * interval '10 minutes', 'filler', false, false,
        case when n %% 10 = 0 then 'repaired' else 'exact' end
    from generate_series(1, %(changes)s) as n
    cross join (select event_no, commit_sha from pggit_audit.changes order by event_no desc limit 1) as last
"""

QUERIES = {
    "one object's history": "select * from object_history where object_identity = 'filler.t7' order by event_no",
    "the same, by name": "select * from object_history where object_schema = 'filler' and object_name = 't7'",
    "a version by number": "select * from object_versions where object_identity = 'filler.t7' and version_number = 9",
    "a day": "select * from changes where committed_at >= '2005-05-05' and committed_at < '2005-05-06'",
    "a commit": "select * from changes where commit_sha = (select min(commit_sha) from pggit_v0.commit_graph)",
    "the last 30 days": "select * from recent_changes",
    "entries about a change": "select * from compliance_log where change_id = md5('filler:1')::uuid",
}


def main() -> None:
    """Run as a command."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--changes", type=int, default=1_000_000, help="rows to add to changes")
    changes = parser.parse_args().changes
    with tempfile.TemporaryDirectory(prefix="pggit-million-") as name:
        folder = Path(name)
        folder.chmod(0o755)  # for the user that root runs the server as
        os.environ["PGGIT_EMBEDDED_DIR"] = str(folder / "pg")
        server = embedded.ensure_running(folder)
        try:
            measure(server, folder, changes)
        finally:
            embedded.stop(folder)


def measure(server: embedded.Server, folder: Path, changes: int) -> None:
    """Print the seconds of each step."""
    params = new_database(server.params("postgres"), DATABASE)
    with psycopg.connect(**params) as connection:
        recorded.load_history(connection, SAMPLE)
    build(params, folder, "first build")
    with psycopg.connect(**params, autocommit=True) as connection:
        with timed(f"{changes:,} rows into changes"):
            connection.execute(FILL.encode(), {"changes": changes})
        connection.execute("vacuum analyze pggit_audit.changes")
    build(params, folder, "their versions and log entries", "--select", "object_versions", "compliance_log")
    with psycopg.connect(**params, autocommit=True) as connection:
        connection.execute("vacuum analyze")
        connection.execute("set search_path = pggit_audit")
        for what, query in QUERIES.items():
            connection.execute(query.encode()).fetchall()
            with timed(what):
                rows = len(connection.execute(query.encode()).fetchall())
            print(f"        {rows} rows")
        with timed("the whole chain of the log, recomputed"):
            connection.execute("select count(*) from compliance_log_breaks()")
    build(params, folder, "a build with nothing new")


class timed:
    """Print how long the block takes."""

    def __init__(self, what: str) -> None:
        self.what = what

    def __enter__(self) -> None:
        self.start = time.perf_counter()

    def __exit__(self, *_: object) -> None:
        print(f"{time.perf_counter() - self.start:10.3f} s  {self.what}", flush=True)


def build(params: dict[str, object], folder: Path, what: str, *arguments: str) -> None:
    """Run `dbt build` without tests, which has to succeed."""
    with timed(what):
        result = dbt(params, folder, "build", *NO_TESTS, *arguments)
    if result.returncode:
        raise SystemExit(result.stdout)


if __name__ == "__main__":
    main()
