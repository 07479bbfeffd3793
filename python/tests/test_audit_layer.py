"""The audit layer in the database: what it refuses, what its functions say, and how it takes in native commits."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from helpers import execute
from project import Params, copied, dbt
from psycopg.rows import dict_row

from pggit_audit import catalog

Connection = psycopg.Connection[dict[str, Any]]


@pytest.fixture
def audit(built: Params) -> Iterator[Connection]:
    """A connection to the migrated sample; what a test does there is rolled back."""
    with psycopg.connect(**built, row_factory=dict_row) as connection:
        yield connection
        connection.rollback()


def _value(connection: Connection, query: str, *parameters: object) -> Any:
    row = connection.execute(query.encode(), parameters).fetchone()
    assert row is not None
    (value,) = row.values()
    return value


# What is refused ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("statement", "message"),
    [
        ("update changes set author = 'somebody else'", "append-only"),
        ("update changes set author = author", "append-only"),
        ("update changes set verified = false where verified", "append-only"),
        ("update changes set verified = true, author = 'x' where not verified", "append-only"),
        ("delete from changes", "append-only"),
        ("truncate changes cascade", "append-only"),
        ("update object_versions set definition = ''", "append-only"),
        ("delete from object_versions", "append-only"),
        ("truncate object_versions", "append-only"),
        ("update compliance_log set verification_status = 'PASSED'", "Compliance log is immutable"),
        ("update compliance_log set verified_by = 'x' where false", "Compliance log is immutable"),
        ("delete from compliance_log", "Compliance log is immutable"),
        ("truncate compliance_log", "Compliance log is immutable"),
        ("update repairs set rule = 'x'", "append-only"),
        ("delete from repairs", "append-only"),
        ("truncate repairs", "append-only"),
        ("update findings set code = 'x'", "append-only"),
        ("truncate findings", "append-only"),
        ("update excluded_history set reason = 'x'", "append-only"),
        ("delete from excluded_history", "append-only"),
        ("truncate excluded_history", "append-only"),
    ],
)
def test_the_database_refuses(audit: Connection, statement: str, message: str) -> None:
    audit.execute("set search_path = pggit_audit")
    with pytest.raises(psycopg.errors.RestrictViolation, match=message) as caught:
        audit.execute(statement.encode())
    assert "Nothing was changed" in (caught.value.diag.message_detail or "")


def test_leftovers_of_a_killed_build_may_go(audit: Connection) -> None:
    audit.execute("insert into pggit_audit.repairs values (gen_random_uuid(), 1, 1, 'rule', 's', 'e')")
    deleted = audit.execute(
        "delete from pggit_audit.repairs where change_id not in (select change_id from pggit_audit.changes)"
    )
    assert deleted.rowcount == 1


def test_a_change_is_not_logged_under_an_unknown_status(audit: Connection) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        audit.execute(
            "select pggit_audit.verify_change(change_id, 'ann', null, 'FINE') from pggit_audit.changes limit 1"
        )


def test_the_log_is_written_through_verify_change_alone(audit: Connection) -> None:
    """Whoever has all rights: a build says so by the transaction that it notes."""
    with pytest.raises(psycopg.errors.RestrictViolation, match=r"through verify_change\(\) alone"):
        audit.execute(
            "insert into pggit_audit.compliance_log (change_id, verified_by, verification_status)"
            " select change_id, 'ann', 'PASSED' from pggit_audit.changes limit 1"
        )


# Verification -------------------------------------------------------------------------------------


def test_verify_change(audit: Connection) -> None:
    change = _value(audit, "select change_id from pggit_audit.unverified_changes order by event_no limit 1")
    last = _value(audit, "select max(entry_no) from pggit_audit.compliance_log")
    log_id = _value(audit, "select pggit_audit.verify_change(%s, 'ann', 'compared; with the ticket')", change)
    entry = audit.execute("select * from pggit_audit.compliance_log where log_id = %s", (log_id,)).fetchone()
    assert entry is not None
    assert (entry["entry_no"], entry["verification_status"]) == (last + 1, "PASSED")
    assert (entry["verified_by"], entry["verification_notes"]) == ("ann", "compared; with the ticket")
    assert _value(audit, "select verified from pggit_audit.changes where change_id = %s", change)
    assert (
        _value(audit, "select count(*) from pggit_audit.unverified_changes where change_id = %s", change) == 0
    )
    assert _value(audit, "select count(*) from pggit_audit.compliance_log_breaks()") == 0


def test_verify_cause_settles_what_rests_on_it_alone(audit: Connection) -> None:
    """A change passes when all of its causes are judged, and not before."""
    waiting = (
        "select cause_id, changes, changes_waiting from pggit_audit.causes order by changes desc, cause_id"
    )
    causes = audit.execute(waiting).fetchall()
    assert causes and all(c["changes_waiting"] == c["changes"] > 0 for c in causes)
    assert _value(audit, "select causes_to_judge from pggit_audit.go_no_go") == len(causes)
    entries = _value(audit, "select count(*) from pggit_audit.compliance_log")
    several = "select count(distinct cause_id) from pggit_audit.repairs where change_id = %s"
    for cause in causes:
        passed = _value(audit, "select pggit_audit.verify_cause(%s, 'ann', 'ticket 7')", cause["cause_id"])
        rows = audit.execute(
            "select c.change_id, c.verified from pggit_audit.changes as c where exists (select from"
            " pggit_audit.repairs as r where r.change_id = c.change_id and r.cause_id = %s)",
            (cause["cause_id"],),
        ).fetchall()
        assert passed <= len(rows) == cause["changes"]
        assert all(row["verified"] for row in rows if _value(audit, several, row["change_id"]) == 1)
    assert _value(audit, "select sum(changes_waiting) from pggit_audit.causes") == 0
    assert _value(audit, "select count(*) from pggit_audit.causes where judged_by = 'ann'") == len(causes)
    assert _value(audit, "select causes_to_judge from pggit_audit.go_no_go") == 0
    assert _value(audit, "select count(*) from pggit_audit.compliance_log") > entries + len(causes) - 1
    assert _value(audit, "select count(*) from pggit_audit.compliance_log_breaks()") == 0
    assert _value(
        audit,
        "select count(distinct cause_id) from pggit_audit.compliance_log where verified_by = 'ann'",
    ) == len(causes)
    # What is settled is settled: nothing more is logged.
    assert _value(audit, "select pggit_audit.verify_cause(%s, 'bob')", causes[0]["cause_id"]) == 0


def test_a_cause_wants_a_name_and_has_to_be_one(audit: Connection) -> None:
    cause = _value(audit, "select cause_id from pggit_audit.causes limit 1")
    for arguments, error in (
        ((cause, " "), psycopg.errors.InvalidParameterValue),
        ((None, "ann"), psycopg.errors.NoDataFound),
    ):
        with pytest.raises(error), audit.transaction():
            audit.execute("select pggit_audit.verify_cause(%s, %s)", arguments)


def test_inferred_steps_say_between_which_rows_they_were(audit: Connection) -> None:
    rows = audit.execute(
        "select r.*, c.v1_version_id as own from pggit_audit.repairs as r join pggit_audit.changes as c"
        " using (change_id) where r.statement <> ''"
    ).fetchall()
    assert rows and all(
        r["not_before_version_id"] is None
        or r["not_after_version_id"] is None
        or r["not_before_version_id"] < r["not_after_version_id"]
        for r in rows
    )
    assert any(r["not_before"] is not None and r["not_after"] is not None for r in rows)
    assert all(r["cause_id"] is not None for r in rows)


def test_who_verifies_needs_the_function_alone_and_cannot_choose_who_it_was(
    audit: Connection,
) -> None:
    change = _value(audit, "select change_id from pggit_audit.unverified_changes limit 1")
    for statement in (
        "create role clerk",
        "create role auditor",
        "grant auditor to clerk",
        "grant usage on schema pggit_audit to clerk, auditor",
        "set session authorization clerk",
    ):
        audit.execute(statement.encode())
    with pytest.raises(psycopg.errors.InsufficientPrivilege), audit.transaction():
        _value(audit, "select pggit_audit.verify_change(%s, 'the boss')", change)
    audit.execute("reset session authorization")
    audit.execute(
        "grant execute on function pggit_audit.verify_change(uuid, text, text, text) to clerk, auditor"
    )
    audit.execute("set session authorization clerk")
    # neither a search_path of their own nor a temporary namesake is looked at
    audit.execute("create temporary table compliance_anchors (entry_no bigint, entry_hash text)")
    audit.execute("set search_path = pg_temp, pggit_audit")
    log_id = _value(audit, "select pggit_audit.verify_change(%s, 'the boss')", change)
    audit.execute("set role auditor")
    as_auditor = _value(audit, "select pggit_audit.verify_change(%s, 'the boss')", change)
    audit.execute("reset session authorization")
    entries = audit.execute(
        "select session_role, effective_role, verified_by from pggit_audit.compliance_log"
        " where log_id = any(%s) order by entry_no",
        ([log_id, as_auditor],),
    ).fetchall()
    assert [tuple(entry.values()) for entry in entries] == [
        ("clerk", "clerk", "the boss"),
        ("clerk", "auditor", "the boss"),
    ]
    assert _value(audit, "select count(*) from pggit_audit.compliance_log_breaks()") == 0


def test_only_passed_entries_verify(audit: Connection) -> None:
    change = _value(audit, "select change_id from pggit_audit.unverified_changes limit 1")
    for status in ("FAILED", "PENDING"):
        audit.execute("select pggit_audit.verify_change(%s, 'ann', null, %s)", (change, status))
    assert not _value(audit, "select verified from pggit_audit.changes where change_id = %s", change)
    assert (
        _value(audit, "select last_status from pggit_audit.unverified_changes where change_id = %s", change)
        == "PENDING"
    )


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ("gen_random_uuid(), 'ann'", psycopg.errors.NoDataFound),
        ("null, 'ann'", psycopg.errors.NoDataFound),
        (
            "(select change_id from pggit_audit.changes limit 1), ' '",
            psycopg.errors.InvalidParameterValue,
        ),
    ],
)
def test_verify_change_says_what_is_wrong(
    audit: Connection, arguments: str, error: type[psycopg.Error]
) -> None:
    with pytest.raises(error, match="Nothing was logged"):
        audit.execute(f"select pggit_audit.verify_change({arguments})".encode())


def test_entries_hash_alike_whatever_the_session(built: Params) -> None:
    """The hash must not depend on how a session prints times."""
    with psycopg.connect(**built) as connection:
        connection.execute(
            "set timezone = 'Asia/Kolkata'; set datestyle = 'German'; set extra_float_digits = 0"
        )
        assert connection.execute("select * from pggit_audit.compliance_log_breaks()").fetchall() == []


@pytest.mark.parametrize(
    ("tampering", "problem"),
    [
        ("update compliance_log set verification_notes = 'x' where entry_no = 3", "was changed"),
        ("update compliance_log set verified_at = verified_at + '1 us' where entry_no = 3", "was changed"),
        ("delete from compliance_log where entry_no = 3", "Entries 3 to 3 are missing"),
        ("delete from compliance_log where entry_no = 1", "Entries 1 to 1 are missing"),
        ("update compliance_log set entry_hash = repeat('0', 64) where entry_no = 3", "is not the one"),
    ],
)
def test_tampering_behind_the_triggers_is_found(audit: Connection, tampering: str, problem: str) -> None:
    audit.execute("set local session_replication_role = replica; set local search_path = pggit_audit")
    audit.execute(tampering.encode())
    found = audit.execute("select problem from compliance_log_breaks()").fetchall()
    assert any(problem in row["problem"] for row in found)


# Commits and definitions --------------------------------------------------------------------------


def test_differences_of_neighbouring_commits_are_the_changes(audit: Connection) -> None:
    """Over the whole history, the difference of a commit and its parent is what changes says of the commit."""
    commits = audit.execute(
        "select distinct commit_sha, parent_commit_sha from pggit_audit.changes where origin <> 'v0'"
    ).fetchall()
    for commit in commits:
        found = audit.execute(
            "select object_identity, object_schema, object_name, object_type, old_definition, new_definition"
            " from pggit_audit.extract_changes_between_commits(%s, %s)",
            (commit["parent_commit_sha"], commit["commit_sha"]),
        ).fetchall()
        # a commit may change an object more than once, or not at all in the end
        expected = audit.execute(
            "select object_identity, object_schema, object_name, object_type, first_old as old_definition,"
            " last_new as new_definition from ("
            " select distinct on (object_identity) *,"
            " first_value(old_definition) over (partition by object_identity order by event_no) as first_old,"
            " last_value(new_definition) over (partition by object_identity order by event_no"
            " rows between unbounded preceding and unbounded following) as last_new"
            " from pggit_audit.changes where commit_sha = %s order by object_identity, event_no desc) as c"
            " where first_old is distinct from last_new",
            (commit["commit_sha"],),
        ).fetchall()
        assert sorted(map(repr, found)) == sorted(map(repr, expected))


def test_differences_of_distant_commits(audit: Connection) -> None:
    first, last = (
        _value(audit, f"select commit_sha from pggit_audit.changes order by event_no {way} limit 1")
        for way in ("", "desc")
    )
    forth = audit.execute(
        "select * from pggit_audit.extract_changes_between_commits(%s, %s)", (first, last)
    ).fetchall()
    back = audit.execute(
        "select * from pggit_audit.extract_changes_between_commits(%s, %s)", (last, first)
    ).fetchall()
    opposite = {"CREATE": "DROP", "DROP": "CREATE", "ALTER": "ALTER"}
    assert {
        (r["object_identity"], opposite[r["change_type"]], r["new_definition"], r["old_definition"])
        for r in back
    } == {(r["object_identity"], r["change_type"], r["old_definition"], r["new_definition"]) for r in forth}
    same = audit.execute(
        "select * from pggit_audit.extract_changes_between_commits(%s, %s)", (last, last)
    ).fetchall()
    assert same == []


@pytest.mark.parametrize("arguments", ["'none', 'none'", "null, 'none'", "null, null"])
def test_differences_of_unknown_commits(audit: Connection, arguments: str) -> None:
    with pytest.raises(psycopg.errors.NoDataFound, match="There is no commit"):
        audit.execute(f"select pggit_audit.extract_changes_between_commits({arguments})".encode())


def test_a_short_sha_is_as_good_as_the_whole(audit: Connection) -> None:
    sha = _value(audit, "select max(commit_sha) from pggit_v0.commit_graph")
    assert _value(audit, "select pggit_audit.commit_of(left(%s, 12))", sha) == sha
    short, whole = (_value(audit, "select pggit_audit.schema_ddl_at(%s)", name) for name in (sha[:12], sha))
    assert short.split("\n", 1)[1] == whole.split("\n", 1)[1]


@pytest.mark.parametrize("name", ["null", "''", "'abc'", "'main'", "'ABCDEF'", "'0000000000'", "'%'"])
def test_a_short_sha_of_nothing(audit: Connection, name: str) -> None:
    with pytest.raises(psycopg.errors.NoDataFound, match="There is no commit"):
        audit.execute(f"select pggit_audit.commit_of({name})".encode())


def test_a_short_sha_of_two_commits(audit: Connection) -> None:
    audit.execute(
        "insert into pggit_v0.objects (sha, type, size, content)"
        " select left(commit_sha, 63) || case right(commit_sha, 1) when '0' then '1' else '0' end, 'commit', 1, 'x'"
        " from (select max(commit_sha) as commit_sha from pggit_v0.commit_graph) as last"
    )
    sha = _value(audit, "select max(commit_sha) from pggit_v0.commit_graph")
    audit.execute(
        "insert into pggit_v0.commit_graph select o.sha, g.parent_shas, g.tree_sha, g.generation, g.author,"
        " g.committer, g.authored_at, g.committed_at, g.message from pggit_v0.commit_graph as g"
        " join pggit_v0.objects as o on left(o.sha, 63) = left(g.commit_sha, 63) and o.sha <> g.commit_sha"
    )
    assert _value(audit, "select pggit_audit.commit_of(%s)", sha) == sha
    with pytest.raises(psycopg.errors.CardinalityViolation, match="More than one commit begins with"):
        audit.execute("select pggit_audit.commit_of(left(%s, 63))", (sha,))


def test_commit_at_every_recorded_moment(audit: Connection) -> None:
    changes = audit.execute(
        "select branch_name, committed_at, commit_sha, event_no from pggit_audit.changes"
        " where committed_at is not null order by event_no"
    ).fetchall()
    assert {c["branch_name"] for c in changes} == {"main"}
    for moment in {c["committed_at"] for c in changes}:
        last = [c["commit_sha"] for c in changes if c["committed_at"] <= moment][-1]
        assert _value(audit, "select pggit_audit.commit_at(%s)", moment) == last
    before = min(c["committed_at"] for c in changes) - timedelta(microseconds=1)
    assert _value(audit, "select pggit_audit.commit_at(%s)", before) is None
    assert _value(audit, "select pggit_audit.commit_at('infinity', 'main')") == changes[-1]["commit_sha"]


def test_commit_at_on_a_branch(audit: Connection) -> None:
    # A branch that left main at its third change, a year later.
    audit.execute(
        "insert into pggit_audit.changes (change_id, event_no, origin, commit_sha, parent_commit_sha, branch_name,"
        " object_identity, change_type, committed_at, backfilled_from_v1, verified, fidelity, object_id)"
        " select gen_random_uuid(), 1000000, 'v0', repeat('f', 64), commit_sha, 'side', 'public.x', 'CREATE',"
        " committed_at + interval '1 year', false, false, 'exact', object_id"
        " from pggit_audit.changes where event_no = 3"
    )
    fork = audit.execute(
        "select commit_sha, committed_at from pggit_audit.changes where event_no = 3"
    ).fetchone()
    assert fork is not None
    later = fork["committed_at"] + timedelta(days=364)
    assert _value(audit, "select pggit_audit.commit_at(%s, 'side')", later) == fork["commit_sha"]
    assert _value(audit, "select pggit_audit.commit_at(%s, 'main')", later) != fork["commit_sha"]
    much_later = fork["committed_at"] + timedelta(days=366)
    assert _value(audit, "select pggit_audit.commit_at(%s, 'side')", much_later) == "f" * 64


def test_commit_at_says_what_is_wrong(audit: Connection) -> None:
    with pytest.raises(psycopg.errors.NoDataFound, match="There is no branch 'nowhere'"):
        audit.execute("select pggit_audit.commit_at(now()::timestamp, 'nowhere')")
    audit.rollback()
    with pytest.raises(psycopg.errors.NullValueNotAllowed, match="at no moment"):
        audit.execute("select pggit_audit.commit_at(null)")


def test_object_definition_at(audit: Connection) -> None:
    changes = audit.execute(
        "select distinct on (commit_sha, object_identity) commit_sha, object_identity, new_definition"
        " from pggit_audit.changes order by commit_sha, object_identity, event_no desc"
    ).fetchall()
    for change in changes:
        found = _value(
            audit,
            "select pggit_audit.object_definition_at(%s, %s)",
            change["commit_sha"],
            change["object_identity"],
        )
        assert found == change["new_definition"]


@pytest.mark.parametrize(
    ("sha", "identity", "message"),
    [
        ("'none'", "'public.books'", "There is no commit"),
        ("(select max(commit_sha) from pggit_audit.changes)", "'public.nothing'", "No change has ever named"),
        ("(select max(commit_sha) from pggit_audit.changes)", "null", "No change has ever named"),
    ],
)
def test_object_definition_at_says_what_is_wrong(
    audit: Connection, sha: str, identity: str, message: str
) -> None:
    with pytest.raises(psycopg.errors.NoDataFound, match=message):
        audit.execute(f"select pggit_audit.object_definition_at({sha}, {identity})".encode())


def test_schema_at_head_is_the_live_schema(audit: Connection, built: Params, empty_database: str) -> None:
    """From the published commit, by the published function, into an empty database: the team's schema."""
    script = _value(
        audit, "select pggit_audit.schema_ddl_at(commit_sha) from pggit_audit.branch_tips where is_head"
    )
    with psycopg.connect(empty_database, autocommit=True) as rebuilt:
        rebuilt.execute(script.encode())
        found = {o.object_identity: o.definition for o in catalog.CatalogReader(rebuilt).everything()}
    with psycopg.connect(**built, autocommit=True) as live:
        expected = {o.object_identity: o.definition for o in catalog.CatalogReader(live).everything()}
    assert found == expected


def test_functions_are_made_anew_under_what_depends_on_them(built: Params, artifacts: Path) -> None:
    with copied(built) as params:
        with psycopg.connect(**params) as connection:
            connection.execute(
                "create view public.a_report as select * from pggit_audit.compliance_log_breaks()"
            )
        result = dbt(params, artifacts, "build", "--select", "resource_type:function")
        assert result.returncode == 0, result.stdout
        with psycopg.connect(**params) as connection:
            assert connection.execute("select * from public.a_report").fetchall() == []


# Native commits -----------------------------------------------------------------------------------

NATIVE_COMMIT = """
    with head as (select * from pggit_audit.branch_tips where is_head),
    blob as (
        select 'blob' as type, d.path, d.content,
            encode(sha256(convert_to('blob ' || length(d.content) || ':' || d.content, 'UTF8')), 'hex') as sha
        from (values
            ('public.legacy_settings', 'CREATE TABLE public.legacy_settings (key text, more text);'),
            ('public.native', 'CREATE TABLE public.native (id integer);')
        ) as d (path, content)
    ),
    entries as (
        select e.path, coalesce(b.sha, e.object_sha) as object_sha
        from head join pggit_v0.tree_entries as e on e.tree_sha = head.tree_sha
        left join blob as b on b.path = e.path
        where e.path <> 'public.legacy_view'
        union
        select path, sha from blob
    ),
    raw as (
        select string_agg('100644 ' || path || '|' || object_sha || '|', '' order by path) as raw from entries
    ),
    tree as (
        select encode(sha256(convert_to('tree ' || length(raw) || ':' || raw, 'UTF8')), 'hex') as sha,
            length(raw) as size, encode(convert_to(raw, 'UTF8'), 'base64') as content
        from raw
    ),
    text as (
        select 'tree ' || tree.sha || e'\\nparent ' || head.commit_sha || e'\\nauthor zoe <zoe@pggit> 1750000000 +0000'
            || e'\\ncommitter zoe <zoe@pggit> 1750000000 +0000\\n\\nBy hand' as content
        from tree, head
    ),
    commit as (
        select encode(sha256(convert_to('commit ' || length(content) || ':' || content, 'UTF8')), 'hex') as sha, content
        from text
    ),
    stored as (
        insert into pggit_v0.objects (sha, type, size, content)
        select sha, type, length(content), content from blob
        union all select sha, 'tree', size, content from tree
        union all select sha, 'commit', length(content), content from commit
        returning sha
    ),
    listed as (
        insert into pggit_v0.tree_entries select tree.sha, entries.path, '100644', entries.object_sha from tree, entries
    ),
    graphed as (
        insert into pggit_v0.commit_graph
        select commit.sha, array[head.commit_sha], tree.sha, g.generation + 1, 'zoe <zoe@pggit>', 'zoe <zoe@pggit>',
            to_timestamp(1750000000) at time zone 'UTC', to_timestamp(1750000000) at time zone 'UTC', 'By hand'
        from commit, tree, head join pggit_v0.commit_graph as g on g.commit_sha = head.commit_sha
    )
    update pggit_v0.refs set target_sha = commit.sha from commit, stored where refs.name = 'refs/heads/main'
"""


def test_a_database_of_an_earlier_version_gets_the_new_columns(built: Params, artifacts: Path) -> None:
    """Every row keeps its id and all that it had; the columns are filled, and guarded like the others."""
    tables = ("changes", "object_versions")
    log = "select to_jsonb(l) from pggit_audit.compliance_log as l order by entry_no"

    def rows(connection: psycopg.Connection[Any]) -> dict[str, list[Any]]:
        return {
            table: connection.execute(
                f"select to_jsonb(t) from pggit_audit.{table} as t order by change_id".encode()
            ).fetchall()
            for table in tables
        }

    with copied(built) as params:
        with psycopg.connect(**params) as connection:
            before, entries = rows(connection), connection.execute(log).fetchall()
            connection.execute("alter table pggit_audit.compliance_log drop column cause_id cascade")
            connection.execute(
                "alter table pggit_audit.changes drop column v1_version cascade,"
                " drop column v1_version_string cascade, drop column object_id cascade"
            )
            connection.execute(
                "alter table pggit_audit.object_versions drop column v1_version cascade, drop column object_id cascade"
            )
        run = dbt(params, artifacts, "run", "--select", "models/marts/audit")
        assert run.returncode == 0, run.stdout[-3000:]
        with psycopg.connect(**params) as connection:
            after = rows(connection)
            # What was written before the log could name a cause is hashed as it was.
            assert connection.execute(log).fetchall() == entries
            assert connection.execute("select * from pggit_audit.compliance_log_breaks()").fetchall() == []
            with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
                connection.execute("update pggit_audit.compliance_log set cause_id = log_id")
            # the one object of which definitions alone do not tell that it is another one under an old name
            taken_over = [
                new
                for table in tables
                for (old,), (new,) in zip(before[table], after[table], strict=True)
                if old != new and {**old, "object_id": None} == {**new, "object_id": None}
            ]
            assert {row["object_identity"] for row in taken_over} == {"public.order_status"}
            for table in tables:
                assert len(before[table]) == len(after[table])
                assert sum(old != new for old, new in zip(before[table], after[table], strict=True)) == 1
            for table in tables:
                with pytest.raises(psycopg.errors.RestrictViolation), connection.transaction():
                    connection.execute(f"update pggit_audit.{table} set v1_version = 1".encode())


def test_rows_whose_entries_have_no_digest_are_told(audit: Connection) -> None:
    query = "select object, message from pggit_audit.preflight_findings where code = 'source_not_covered'"
    assert audit.execute(query.encode()).fetchall() == []
    audit.execute("set local session_replication_role = replica")
    # as an earlier version of the project left them
    audit.execute(
        "update pggit_audit.compliance_log set source_digest = null where v1_version_id between 3 and 60"
    )
    (found,) = audit.execute(query.encode()).fetchall()
    assert found["object"] == "rows 3 to 60 of the history"
    assert found["message"].startswith("58 published row(s)")


def test_v1_counts_as_its_own_functions_do(audit: Connection) -> None:
    """The plan's check: the n-th version that v1 knows is the definition after its row of that number."""
    audit.execute("set local search_path = pggit_audit")
    numbers = audit.execute(
        "select v1_version, v1_version_string, change_type from object_history"
        " where object_identity = 'public.books' and origin = 'v1' order by event_no"
    ).fetchall()
    assert [tuple(row.values()) for row in numbers] == [
        (2, "1.1.0", "CREATE"),
        (3, "1.2.0", "ALTER"),
        (4, "1.3.0", "ALTER"),
        (5, "2.0.0", "ALTER"),
        (6, "3.0.0", "ALTER"),
        (7, "4.0.0", "ALTER"),
    ]
    fifth = _value(
        audit,
        "select definition from object_versions where object_identity = 'public.books' and v1_version = 5",
    )
    assert fifth == _value(audit, "select new_definition from changes where v1_version_id = 68")


def test_native_commits_become_changes(built: Params, artifacts: Path) -> None:
    """After the migration the audit layer goes on: commits that others make in pggit_v0 are taken in."""
    with copied(built) as params:
        with psycopg.connect(**params) as connection:
            before = connection.execute("select count(*), max(event_no) from pggit_audit.changes").fetchone()
            connection.execute("alter table pggit_v0.tree_entries disable trigger all")
            connection.execute("alter table pggit_v0.refs disable trigger all")
            connection.execute("alter table pggit_v0.commit_graph disable trigger all")
            connection.execute(NATIVE_COMMIT.encode())
        result = dbt(params, artifacts, "build")
        assert result.returncode == 0, result.stdout[-4000:]
        with psycopg.connect(**params, row_factory=dict_row) as audit:
            new = audit.execute(
                "select * from pggit_audit.changes where origin = 'v0' order by object_identity"
            ).fetchall()
            assert [(r["change_type"], r["object_identity"], r["object_type"]) for r in new] == [
                ("ALTER", "public.legacy_settings", "TABLE"),
                ("DROP", "public.legacy_view", "VIEW"),
                ("CREATE", "public.native", "TABLE"),
            ]
            assert before is not None
            assert _value(audit, "select count(*) from pggit_audit.changes") == before[0] + 3
            for row in new:
                assert (row["author"], row["verified"], row["fidelity"]) == ("zoe", True, "exact")
                assert (row["branch_name"], row["backfilled_from_v1"]) == ("main", False)
            current = audit.execute(
                "select object_identity, version_number, last_author from pggit_audit.current_objects"
                " where object_identity in"
                " ('public.legacy_settings', 'public.legacy_view', 'public.native', 'public.books') order by 1"
            ).fetchall()
            assert [r["object_identity"] for r in current] == [
                "public.books",
                "public.legacy_settings",
                "public.native",
            ]
            assert current[1]["last_author"] == "zoe"
            assert current[1]["version_number"] > 1
        # with one, the server lets nobody update or delete in a table without a replica identity
        execute(params, "create publication everything for all tables")
        again = dbt(params, artifacts, "build")
        assert again.returncode == 0, again.stdout[-4000:]


# Speed --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (
            "select * from changes where object_identity = 'public.books' order by event_no",
            ["object_identity", "event_no"],
        ),
        (
            "select * from object_history where object_identity = 'public.books' order by event_no",
            ["object_identity", "event_no"],
        ),
        (
            "select * from object_history where object_schema = 'public' and object_name = 'books'",
            ["object_schema", "object_name"],
        ),
        (
            "select * from changes where committed_at between '2023-03-01' and '2023-03-31'",
            ["committed_at"],
        ),
        ("select * from recent_changes", ["committed_at"]),
        ("select * from changes where commit_sha = 'abc'", ["commit_sha"]),
        (
            "select * from object_versions where object_identity = 'public.books' and version_number = 2",
            ["object_identity", "version_number"],
        ),
        (
            "select * from compliance_log where change_id = '00000000-0000-0000-0000-000000000000'",
            ["change_id", "entry_no"],
        ),
    ],
)
def test_an_index_serves_the_query(audit: Connection, query: str, index: list[str]) -> None:
    """On a small table the planner would rather read it all; what it can use shows when it may not."""
    audit.execute("set local search_path = pggit_audit; set local enable_seqscan = off")
    plan = _value(audit, f"explain (format json) {query}")
    used = {node["Index Name"] for node in _nodes(plan[0]["Plan"]) if "Index Name" in node}
    columns = audit.execute(
        "select i.indexrelid::regclass::text as name, (select array_agg(a.attname::text order by k.place)"
        " from unnest(i.indkey::smallint[]) with ordinality as k (attnum, place)"
        " join pg_attribute as a on a.attrelid = i.indrelid and a.attnum = k.attnum) as columns"
        " from pg_index as i join pg_class as c on c.oid = i.indexrelid where c.relname = any(%s)",
        (list(used),),
    ).fetchall()
    assert index in [row["columns"] for row in columns], plan


def _nodes(node: dict[str, Any]) -> Iterator[dict[str, Any]]:
    yield node
    for child in node.get("Plans", []):
        yield from _nodes(child)


# Who reads it -------------------------------------------------------------------------------------

README = Path(__file__).parents[2] / "README.md"
CALLS = (
    "commit_of(left((select max(commit_sha) from pggit_audit.changes), 10))",
    "commit_at(localtimestamp)",
    "schema_ddl(array['public'], array['CREATE SCHEMA public;'])",
    "schema_ddl_at((select commit_sha from pggit_audit.changes order by event_no desc limit 1))",
    "object_definition_at(commit_at(localtimestamp), 'public.books')",
    "extract_changes_between_commits(null, commit_at(localtimestamp))",
    "compliance_log_breaks()",
    "table_elements('create table t (i int)')",
    "column_changes('create table t (i int)', 'create table t (i bigint)')",
    "line_changes('a', 'b')",
    "element_blame((select object_id from changes limit 1), 'main', 'create table t (i int)')",
    "diff_between(null, commit_at(localtimestamp))",
)


def test_a_reader_needs_what_the_readme_says(audit: Connection) -> None:
    """With the README's grants, and nothing else, every relation can be read and every reading function called."""
    section = README.read_text().split("## Who may read the results", 1)[1].split("```")[1]
    grants = section.removeprefix("sql\n").replace("for role migration ", "")
    audit.execute(grants.encode())
    relations = audit.execute(
        "select relname from pg_class where relkind in ('r', 'v') and relnamespace = 'pggit_audit'::regnamespace"
    ).fetchall()
    functions = audit.execute(
        "select proname from pg_proc where pronamespace = 'pggit_audit'::regnamespace"
        " and prorettype <> 'trigger'::regtype and provolatile <> 'v'"
    ).fetchall()
    assert {f["proname"] for f in functions} == {call.split("(", 1)[0] for call in CALLS}
    audit.execute("set local role reader")
    audit.execute("set local search_path = pggit_audit")
    for relation in relations:
        audit.execute(f"select * from {relation['relname']} limit 1".encode())
    for call in CALLS:
        assert audit.execute(f"select * from {call}".encode()).description
    with pytest.raises(psycopg.errors.InsufficientPrivilege), audit.transaction():
        audit.execute("insert into findings select * from findings")


def test_five_questions_are_one_query_each(audit: Connection) -> None:
    """As the overview asks them, and as the README's reader."""
    overview = (README.parent / "docs" / "overview.md").read_text(encoding="utf-8")
    queries = [part.split("```")[0] for part in overview.split("```sql\n")[1:]]
    section = README.read_text().split("## Who may read the results", 1)[1].split("```")[1]
    audit.execute(section.removeprefix("sql\n").replace("for role migration ", "").encode())
    audit.execute("set local role reader")
    who, day, breaking, lost, between = (audit.execute(query.encode()).fetchall() for query in queries)

    assert [row["object_identity"] for row in who][:1] == ["public.price_changes"]
    assert "public.price_changes" in [row["renamed_from"] for row in who]
    assert {row["change_type"] for row in who} == {"CREATE", "ALTER"}
    assert "CREATE TABLE public.books" in day[0]["schema_ddl_at"]
    assert {row["change_type"] for row in breaking} >= {"DROP"}
    assert not [row for row in breaking if row["object_identity"] == "public.books_author_idx"]
    assert len(lost) > 10 and all(row["ok"] for row in lost)
    changed = {row["object_identity"]: row for row in between}
    assert changed["public.price_log"]["renamed_from"] == "public.price_changes"
    assert "changed_by: added, text" in changed["public.price_log"]["column_differences"]
    assert "joined_at: renamed from joined" in changed["public.customers"]["column_differences"]
    assert "+     deleted_at timestamp with time zone" in changed["public.customers"]["line_differences"]


def test_descriptions_are_in_the_database(audit: Connection) -> None:
    bare = audit.execute(
        "select relname as name, attname as part from pg_class"
        " join pg_attribute on attrelid = pg_class.oid and attnum > 0 and not attisdropped"
        " where relkind in ('r', 'v') and relnamespace = 'pggit_audit'::regnamespace"
        " and (obj_description(pg_class.oid, 'pg_class') is null or col_description(pg_class.oid, attnum) is null)"
        " union all select proname, null from pg_proc where pronamespace = 'pggit_audit'::regnamespace"
        " and prorettype <> 'trigger'::regtype and obj_description(oid, 'pg_proc') is null"
    ).fetchall()
    assert bare == []
