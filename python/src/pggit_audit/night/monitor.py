"""The watch after the cutover: is the layer whole, fast, and in step with the database."""

from __future__ import annotations

import base64
import hashlib
import random
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit import waits
from pggit_audit.definitions import quote_if_needed
from pggit_audit.models import live_objects
from pggit_audit.night import journal as journals
from pggit_audit.night import probes, queries, v1, verify
from pggit_audit.night.health import Check, Health
from pggit_audit.night.journal import Journal
from pggit_audit.night.plan import Prefix, history_prefix
from pggit_audit.night.v1 import Names
from pggit_audit.verdicts import Severity

LOCK_TIMEOUT = "10s"
"""How long a look waits for a lock: what cannot be looked at is told of, and no verdict."""

MILLISECONDS = 100.0
"""What an audit query may take where no baseline is known, or where that was quicker."""
SLOWER = 3.0  # times the rehearsal's p95
RUNS = 9  # of each query, on changes chosen at random; the middle one counts
OBJECTS = 10
"""How many objects a look compares word for word, chosen at random."""
SHAS = 1000
"""How many stored trees a look hashes anew, chosen at random; blobs and commits are all hashed."""
LATE_COMMITS = 24.0  # hours that a new commit may wait for a build
ROLLED_BACK = 5.0  # percent of transactions since the cutover


@dataclass(frozen=True)
class Head:
    """Where pggit_v0's HEAD points. `problem` says why it points nowhere."""

    name: str = ""
    commit: str = ""
    tree: str = ""
    problem: str = ""


def head(connection: psycopg.Connection[Any], names: Names) -> Head:
    """Follow HEAD to its commit and tree."""
    row = connection.execute(
        sql.SQL(
            "select head.ref_name, coalesce(refs.target_sha, head.direct_sha), commits.tree_sha,"
            " exists (select from {v0}.objects as o where o.sha = commits.tree_sha and o.type = 'tree')"
            " from {v0}.head as head left join {v0}.refs as refs on refs.name = head.ref_name"
            " left join {v0}.commit_graph as commits on commits.commit_sha = coalesce(refs.target_sha, head.direct_sha)"
        ).format(v0=sql.Identifier(names.v0))
    ).fetchone()
    if row is None:
        return Head(problem=f"{names.v0}.head is empty")
    name, commit, tree, stored = row
    if commit is None:
        return Head(name, problem=f"HEAD names {name}, and there is no such ref")
    if not stored:
        return Head(name, commit, tree or "", f"the tree of commit {commit[:12]} is not stored")
    return Head(name, commit, tree)


def counters(connection: psycopg.Connection[Any]) -> dict[str, float]:
    """Return what pg_stat_database counts of errors in this database."""
    row = connection.execute(
        "select xact_commit, xact_rollback, deadlocks, conflicts, sessions_fatal, sessions_abandoned,"
        " coalesce(checksum_failures, 0), coalesce(extract(epoch from stats_reset), 0)"
        " from pg_stat_database where datname = current_database()"
    ).fetchone()
    assert row is not None
    keys = (
        "commits",
        "rollbacks",
        "deadlocks",
        "conflicts",
        "fatal",
        "abandoned",
        "checksum_failures",
        "reset",
    )
    return {key: float(value) for key, value in zip(keys, row, strict=True)}


def look(
    connection: psycopg.Connection[Any],
    names: Names,
    journal: Journal | None,
    baseline: Mapping[str, Mapping[str, float]] | None = None,
    seed: int | None = None,
) -> Health:
    """Look at everything once.

    Args:
        connection: to the database, in autocommit mode; what is tried is rolled back.
        names: the schemas' names.
        journal: of the run that moved this database; without it, what it wrote down is not compared.
        baseline: times of the queries in the rehearsal: for each p50_ms and p95_ms.
        seed: of what is chosen at random.

    """
    begun = time.monotonic()
    chance = random.Random(seed)
    facts = journal.facts("switch") if journal else {}
    looks: dict[str, tuple[Severity, Callable[[], Check]]] = {
        "place": ("blocker", lambda: _place(connection, names)),
        "archive": ("blocker", lambda: _archive(connection, names, facts)),
        "journal": ("blocker", lambda: _journal(connection, names, journal)),
        "guards": ("blocker", lambda: _guards(connection, names)),
        "chain": ("blocker", lambda: _chain(connection, names)),
        "figures": ("blocker", lambda: _figures(connection, names)),
        "head": ("blocker", lambda: _head(connection, names, facts)),
        "shas": ("blocker", lambda: _shas(connection, names)),
        "objects": ("blocker", lambda: _objects(connection, names, chance)),
        "drift": ("warning", lambda: _drift(connection, names)),
        "new_commits": ("warning", lambda: _new_commits(connection, names)),
        "queries": ("warning", lambda: _queries(connection, names, baseline or {}, chance)),
        "errors": ("warning", lambda: _errors(connection, facts)),
    }
    checks = []
    connection.execute("select set_config('lock_timeout', %s, false)", (LOCK_TIMEOUT,))
    for name, (severity, check) in looks.items():
        try:
            checks.append(check())
            if name == "place" and not checks[0].ok and not _is_there(connection, names):
                break
        except (probes.Busy, psycopg.errors.LockNotAvailable) as busy:
            why = waits.reason(busy, lambda: _beside(connection))
            checks.append(Check(name, False, "warning", f"It could not be told: {why}", "Look again later."))
        except psycopg.Error as error:
            if connection.closed:
                raise  # no server is no verdict
            message = error.diag.message_primary or str(error)
            checks.append(
                Check(
                    name,
                    False,
                    severity,
                    f"It could not be looked at: {message}",
                    "See that the table is there.",
                )
            )
    return Health(checks, time.monotonic() - begun)


def _place(connection: psycopg.Connection[Any], names: Names) -> Check:
    where = v1.state(connection, names)
    finished = connection.execute(
        "select to_regclass(%s)", (sql.Identifier(names.audit, "v1_history").as_string(connection),)
    ).fetchone() != (None,)
    on = [t.name for t in v1.event_triggers(connection, names.archive) if t.enabled != "D"]
    if on:
        return Check(
            "place", False, "blocker", f"The archived tracker's event triggers are on: {', '.join(on)}.",
            "Turn them off: alter event trigger NAME disable; every DDL statement would fail.",
        )  # fmt: skip
    if where == "archived" or (where == "missing" and finished):
        return Check(
            "place",
            True,
            "blocker",
            f"v1 is {'archived' if where == 'archived' else 'gone, its rows are kept'}.",
        )
    return Check(
        "place", False, "blocker", f"v1 is {where}: this database has not moved, or was moved back.",
        "See pggit-audit status.",
    )  # fmt: skip


def _is_there(connection: psycopg.Connection[Any], names: Names) -> bool:
    """Whether there is anything to look at: the audit layer, or an archive. v1 itself may bring pggit_v0."""
    found = connection.execute(
        "select from pg_namespace where nspname = any(%s)", ([names.audit, names.archive],)
    )
    return found.fetchone() is not None


def _archive(connection: psycopg.Connection[Any], names: Names, facts: Mapping[str, Any]) -> Check:
    if v1.state(connection, names) != "archived":
        return Check("archive", True, "blocker", "There is no archive to look at.")
    wrong = [f"{names.archive}.{t} can be written" for t in v1.unheld(connection, names, names.archive)]
    if not wrong and probes.writable(connection, names.archive, "history"):
        wrong.append(f"{names.archive}.history can be written")
    if "history" in facts:
        then, now = Prefix(**facts["history"]), history_prefix(connection, names.archive)
        if now != then:
            wrong.append(
                f"its history has {now.rows:,} rows, had {then.rows:,} at the switch, and is not the same"
            )
    if wrong:
        return Check(
            "archive", False, "blocker", f"The archive of v1 is not as it was left: {'; '.join(wrong)}.",
            "Compare it with the backup; its rows are what the layer is proven against.",
        )  # fmt: skip
    return Check(
        "archive", True, "blocker", "The archive is read-only, and its history is that of the switch."
    )


def _journal(connection: psycopg.Connection[Any], names: Names, journal: Journal | None) -> Check:
    """The table of the journal against the file, which is written first: the table may lack the last entries."""
    if journal is None or not (journal.folder / journals.FILE).is_file():
        return Check(
            "journal", True, "blocker", "There is no file of the run's journal to compare its table with."
        )
    wrong = journal.differences(connection, names.work)
    if wrong:
        return Check(
            "journal", False, "blocker",
            f"The table {names.work}.{journals.TABLE} is not what the run wrote: {wrong[0]}.",
            "The file is what counts. Find out who changed the table; a way back without the file would go by it.",
        )  # fmt: skip
    return Check("journal", True, "blocker", "The journal's table says what its file says.")


def _guards(connection: psycopg.Connection[Any], names: Names) -> Check:
    opened = probes.open_doors(connection, names)
    if opened:
        return Check(
            "guards", False, "blocker", f"Not refused: {', '.join(opened)} (tried, and rolled back).",
            "dbt build makes the guards anew. Then find out who took them away, and what was changed meanwhile.",
        )  # fmt: skip
    return Check("guards", True, "blocker", "UPDATE, DELETE and TRUNCATE are refused on every guarded table.")


def _chain(connection: psycopg.Connection[Any], names: Names) -> Check:
    rows = connection.execute(
        sql.SQL("select entry_no, problem from {}.compliance_log_breaks() order by 1").format(
            sql.Identifier(names.audit)
        )
    ).fetchall()
    # a log that was cut off at its end is whole in itself: its trigger leaves anchors elsewhere
    rows += connection.execute(
        sql.SQL(
            "select a.entry_no, 'it was written, and is not there as it was' from {work}.compliance_anchors as a"
            " where not exists (select from {audit}.compliance_log as l"
            " where l.entry_no = a.entry_no and l.entry_hash = a.entry_hash) order by 1"
        ).format(work=sql.Identifier(names.work), audit=sql.Identifier(names.audit))
    ).fetchall()
    if rows:
        return Check(
            "chain", False, "blocker", f"The compliance log is broken at {len(rows)} places, the first at entry "
            f"{rows[0][0]}: {rows[0][1]}",
            "Treat it as tampering: keep the database as it is, and compare with a backup.",
        )  # fmt: skip
    return Check("chain", True, "blocker", "Every entry of the compliance log has its hash and its place.")


def _figures(connection: psycopg.Connection[Any], names: Names) -> Check:
    found = verify.measure(connection, names, findings=False)
    figures = {"rows": float(found.rows), "percent": found.percent}
    if found.percent < 100 or found.others:
        return Check(
            "figures", False, "blocker", " ".join(found.said().split()),
            "Run dbt build, then dbt test; what stays red was changed behind the layer's back.", figures,
        )  # fmt: skip
    return Check("figures", True, "blocker", found.said(), figures=figures)


def _head(connection: psycopg.Connection[Any], names: Names, facts: Mapping[str, Any]) -> Check:
    now = head(connection, names)
    problem = now.problem
    begin = facts.get("commit")
    if not problem and begin and not _reaches(connection, names, now.commit, begin):
        problem = f"{now.name}, {now.commit[:12]}, does not go back to the commit of the switch, {begin[:12]}"
    if problem:
        return Check(
            "head", False, "blocker", f"HEAD is wrong: {problem}.",
            "Set the ref back to a commit that continues the migrated history.",
        )  # fmt: skip
    return Check("head", True, "blocker", f"HEAD is {now.name} at {now.commit[:12]}.")


def _reaches(connection: psycopg.Connection[Any], names: Names, commit: str, ancestor: str) -> bool:
    row = connection.execute(
        sql.SQL(
            "with recursive walk as (select %(commit)s::text as sha union select unnest(g.parent_shas) from walk"
            " join {v0}.commit_graph as g on g.commit_sha = walk.sha where walk.sha <> %(ancestor)s)"
            " select exists (select from walk where sha = %(ancestor)s)"
        ).format(v0=sql.Identifier(names.v0)),
        {"commit": commit, "ancestor": ancestor},
    ).fetchone()
    return bool(row and row[0])


def _shas(connection: psycopg.Connection[Any], names: Names) -> Check:
    """Hash stored objects anew: what HEAD's tree holds, the commit, and a share of all trees."""
    now = head(connection, names)
    rows = connection.execute(
        sql.SQL(
            """
            select sha, type, content from {v0}.objects where sha in (
                select %(commit)s union all select %(tree)s
                union all select object_sha from {v0}.tree_entries where tree_sha = %(tree)s
            )
            union
            (select sha, type, content from {v0}.objects where type = 'tree' order by random() limit %(limit)s)
            """
        ).format(v0=sql.Identifier(names.v0)),
        {"commit": now.commit, "tree": now.tree, "limit": SHAS},
    ).fetchall()
    wrong = [sha for sha, kind, content in rows if sha != object_sha(kind, content)]
    if wrong:
        return Check(
            "shas", False, "blocker", f"{len(wrong)} of {len(rows):,} stored objects are not what their SHA says, "
            f"such as {wrong[0][:12]}.", "Restore those objects from a backup of pggit_v0.",
        )  # fmt: skip
    return Check("shas", True, "blocker", f"{len(rows):,} stored objects hash to their names.")


def object_sha(kind: str, content: str) -> str:
    """Return pggit_v0's SHA of an object (see FORMATS): of its type, its length in characters, its content."""
    text = base64.b64decode(content).decode() if kind == "tree" else content
    return hashlib.sha256(f"{kind} {len(text)}:{text}".encode()).hexdigest()


def hidden_schemas(connection: psycopg.Connection[Any], names: Names) -> list[str]:
    """Return the schemas that the last build read the live catalog without."""
    rows = connection.execute(
        sql.SQL("select schema_name from {}").format(sql.Identifier(names.work, "int_replay__hidden_schemas"))
    ).fetchall()
    return [name for (name,) in rows]


def _beside(connection: psycopg.Connection[Any]) -> psycopg.Connection[Any]:
    """Open another session like this one."""
    return psycopg.connect(connection.info.dsn, password=connection.info.password, autocommit=True)


def _live(connection: psycopg.Connection[Any], names: Names) -> dict[str, str]:
    hidden = hidden_schemas(connection, names)
    with _beside(connection) as reader:
        return {row["object_identity"]: row["definition"] for row in live_objects(reader, hidden)}


def _tree(connection: psycopg.Connection[Any], names: Names, tree: str) -> dict[str, tuple[str, str | None]]:
    rows = connection.execute(
        sql.SQL(
            "select e.path, e.object_sha, o.content from {v0}.tree_entries as e"
            " left join {v0}.objects as o on o.sha = e.object_sha where e.tree_sha = %s"
        ).format(v0=sql.Identifier(names.v0)),
        (tree,),
    ).fetchall()
    return {path: (sha, content) for path, sha, content in rows}


def _objects(connection: psycopg.Connection[Any], names: Names, chance: random.Random) -> Check:
    """Compare objects of HEAD, chosen at random, with the layer's current version, word for word."""
    tree = _tree(connection, names, head(connection, names).tree)
    chosen = chance.sample(sorted(tree), min(OBJECTS, len(tree)))
    current = dict(
        connection.execute(
            sql.SQL(
                "select object_identity, definition from {}.object_versions"
                " where is_current and object_identity = any (%s)"
            ).format(sql.Identifier(names.audit)),
            (chosen,),
        ).fetchall()
    )
    wrong = []
    for path in chosen:
        sha, content = tree[path]
        if content is None or object_sha("blob", content) != sha:
            wrong.append(f"{path}: its blob is gone or not what its SHA says")
        elif current.get(path) != content:
            wrong.append(f"{path}: its current version is not what HEAD holds")
    if wrong:
        return Check(
            "objects", False, "blocker", f"{len(wrong)} of {len(chosen)} objects: {'; '.join(wrong[:3])}.",
            "Run dbt build; if that does not help, compare object_versions with a backup.",
        )  # fmt: skip
    return Check(
        "objects", True, "blocker", f"{len(chosen)} objects of HEAD, chosen at random, agree with the layer."
    )


def _drift(connection: psycopg.Connection[Any], names: Names) -> Check:
    tree = {
        path: content or ""  # a blob that is gone is nothing like what is live
        for path, (_, content) in _tree(connection, names, head(connection, names).tree).items()
    }
    live = _live(connection, names)
    # what uses v1 follows it into the archive: PostgreSQL prints it otherwise (the types of a routine's arguments in
    # its very identity), and nobody changed it
    archive, home = (f"{quote_if_needed(schema)}." for schema in (names.archive, names.pggit))
    before = {path.replace(archive, home): text.replace(archive, home) for path, text in tree.items()}
    now = {path.replace(archive, home): text.replace(archive, home) for path, text in live.items()}
    differing = sorted(path for path in before.keys() | now.keys() if before.get(path) != now.get(path))
    figures = {"objects": float(len(differing))}
    if differing:
        shown = ", ".join(differing[:5]) + (" …" if len(differing) > 5 else "")
        return Check(
            "drift", False, "warning", f"{len(differing)} objects differ between HEAD and the live catalog: {shown}.",
            "Somebody changed the schema without a commit: commit it in pggit_v0, or run dbt build, which infers it.",
            figures,
        )  # fmt: skip
    return Check(
        "drift", True, "warning", f"HEAD is the live catalog: {len(live):,} objects.", figures=figures
    )


def _new_commits(connection: psycopg.Connection[Any], names: Names) -> Check:
    row = connection.execute(
        sql.SQL(
            """
            with recursive reached as (
                select target_sha as sha from {v0}.refs where type = 'branch'
                union
                select unnest(g.parent_shas) from reached join {v0}.commit_graph as g on g.commit_sha = reached.sha
                where not exists (select from {audit}.changes as c where c.commit_sha = reached.sha)
            )
            select count(*), coalesce(max(extract(epoch from now() - o.created_at::timestamptz)) / 3600, 0)
            from reached join {v0}.objects as o on o.sha = reached.sha
            where not exists (select from {audit}.changes as c where c.commit_sha = reached.sha)
            """
        ).format(v0=sql.Identifier(names.v0), audit=sql.Identifier(names.audit))
    ).fetchone()
    assert row is not None
    count, hours = int(row[0]), float(row[1])
    figures = {"commits": float(count)}
    if count and hours > LATE_COMMITS:
        return Check(
            "new_commits", False, "warning", f"{count} commits are not in the layer yet, the oldest for {hours:.0f} h.",
            "Run dbt build.", figures,
        )  # fmt: skip
    return Check("new_commits", True, "warning", f"{count} commits wait for the next build.", figures=figures)


def _queries(
    connection: psycopg.Connection[Any],
    names: Names,
    baseline: Mapping[str, Mapping[str, float]],
    chance: random.Random,
) -> Check:
    events = queries.picks(connection, names, chance.uniform(-1, 1), RUNS)
    figures, slow = {}, []
    for name in queries.QUERIES:
        took = queries.summary(queries.milliseconds(connection, names, name, events) or [0.0])["p50_ms"]
        figures[name] = took
        allowed = max(MILLISECONDS, SLOWER * baseline.get(name, {}).get("p95_ms", 0.0))
        if took > allowed:
            slow.append(f"{name} takes {took:.0f} ms, and {allowed:.0f} ms are allowed")
    if slow:
        return Check(
            "queries", False, "warning", "; ".join(slow) + ".",
            "Analyze the tables of the layer, and see that their indexes are there: dbt build makes them.", figures,
        )  # fmt: skip
    slowest = max(figures, key=lambda name: figures[name])
    known = "" if baseline else " No rehearsal's times are known to compare with."
    return Check(
        "queries", True, "warning",
        f"{len(figures)} audit queries, the slowest {slowest} at {figures[slowest]:g} ms.{known}", figures=figures,
    )  # fmt: skip


def _errors(connection: psycopg.Connection[Any], facts: Mapping[str, Any]) -> Check:
    then, now = facts.get("counters"), counters(connection)
    if not then:
        return Check("errors", True, "warning", "No figures from the cutover are known to compare with.")
    if now["reset"] != then["reset"] or any(now[key] < then[key] for key in now):  # a crash resets them, too
        return Check("errors", True, "warning", "The server's statistics were reset since the cutover.")
    since = {key: now[key] - then[key] for key in now if key != "reset"}
    total = since["commits"] + since["rollbacks"]
    share = 100 * since["rollbacks"] / total if total else 0.0
    before = 100 * then["rollbacks"] / max(then["commits"] + then["rollbacks"], 1)
    figures = {**since, "rolled_back_percent": round(share, 2)}
    bad = [f"{since[key]:.0f} {what}" for key, what in (
        ("checksum_failures", "checksum failures"), ("deadlocks", "deadlocks"),
        ("fatal", "sessions ended by fatal errors"),
    ) if since[key] > 0]  # fmt: skip
    if total > 1000 and share > max(ROLLED_BACK, 3 * before):
        bad.append(f"{share:.1f} % of {total:,.0f} transactions rolled back ({before:.1f} % before)")
    if bad:
        severity: Severity = "blocker" if since["checksum_failures"] else "warning"
        return Check(
            "errors",
            False,
            severity,
            f"Since the cutover: {', '.join(bad)}.",
            "Look into the server's log.",
            figures,
        )
    return Check("errors", True, "warning", f"{total:,.0f} transactions since the cutover, {share:.1f} % rolled back.",
                 figures=figures)  # fmt: skip
