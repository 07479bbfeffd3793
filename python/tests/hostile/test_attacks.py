"""No history changes anything outside of its shadow, and none ends the walk."""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attacks import CARRIERS, FORBIDDEN, SPELLINGS, Attack, attacks, generated, literal, named_apart
from other_words import carriers
from outside import CANARY, canary, changed, fingerprint
from walking import expect_honest_rows, history, walk

from pggit_audit import cluster, embedded, grounds, limits, sessions
from pggit_audit import shadow as shadow_module
from pggit_audit.errors import PggitError
from pggit_audit.grounds import Ground
from pggit_audit.replay import Replay
from pggit_audit.rules.situation import Evidence
from pggit_audit.shadow import open_shadow

Params = dict[str, Any]
SECONDS = 2


@pytest.fixture(scope="module")
def admin(server: embedded.Server) -> Iterator[Params]:
    params = server.params("postgres")
    with canary(params):
        yield params


def test_no_attack_changes_anything_outside(admin: Params) -> None:
    with open_shadow(admin, hidden=(), seconds=SECONDS) as shadow:
        texts = attacks(shadow.name)
        events = walk(shadow, texts, admin)
    expect_honest_rows(events, texts)
    told = {e.v1_version_id: e for e in events if e.origin == "v1"}
    by_name = {attack.name: told[2 * i + 1] for i, attack in enumerate(texts)}
    changed_its_role = {name for name, e in by_name.items() if "changed_its_role" in str(e.findings)}
    assert {
        "a setting of its role, in a block",
        "takes a setting, where an index is built",
    } <= changed_its_role
    assert "pggit_intruder" not in str(fingerprint(admin))


@pytest.mark.slow
def test_what_it_says_is_in_no_log_of_the_server(admin: Params) -> None:
    """Where a superuser builds, who alone may see to that."""
    says = Attack("says", "do $$ begin raise log 'said %', 1; raise warning 'said %', 2; end $$")
    with open_shadow(admin, hidden=(), seconds=SECONDS) as shadow:
        walk(shadow, [says], admin)
        ((settings,),) = shadow.query(
            "select pg_catalog.current_setting('log_min_messages') || pg_catalog.current_setting('log_statement')"
        )
    assert settings == "panicnone"


def test_what_fills_the_disk_is_ended_and_gives_it_back(
    admin: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MOST_BYTES", 20 << 20)
    fills = Attack(
        "fills the disk",
        "create table big (t text); do $$ begin loop"
        " insert into big select repeat('x', 1000) from generate_series(1, 10000); end loop; end $$",
    )
    with open_shadow(admin, hidden=(), seconds=60) as shadow:
        events = walk(shadow, [fills], admin)
        sizes = shadow.query("select pg_catalog.pg_database_size(pg_catalog.current_database())")
    expect_honest_rows(events, [fills])
    assert "wrote more than 20 MB" in str([e.findings for e in events if e.v1_version_id == 1])
    assert sizes[0][0] < 20 << 20


@pytest.mark.slow
def test_what_fills_the_disk_bit_by_bit_is_ended(admin: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_TOGETHER", 40 << 20)
    # Each stays within what one may write; the last one takes long enough to be looked at twice.
    part = "create table part_{i} as select repeat('x', 1000) as t from generate_series(1, 12000)"
    parts = [Attack(f"part {i}", part.replace("{i}", str(i))) for i in range(3)]
    grows = "do $$ begin for i in 1..40 loop insert into part_0 select repeat('x', 1000) from generate_series(1, 1000);"
    parts.append(Attack("the last", f"{grows} perform pg_sleep(0.2); end loop; end $$"))
    with open_shadow(admin, hidden=(), seconds=60) as shadow:
        events = walk(shadow, parts, admin)
    expect_honest_rows(events, parts)
    assert "together wrote more than 40 MB" in str([e.findings for e in events if e.v1_version_id == 7])


def test_what_fills_the_disk_faster_than_anybody_looks_is_undone(
    admin: Params, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each ends within a moment. What makes the shadow no larger goes on as before."""
    monkeypatch.setattr(limits, "MOST_TOGETHER", 30 << 20)
    monkeypatch.setattr(limits, "_UNSEEN", 0.0)
    rows = "select repeat('x', 1000) as t from generate_series(1, 10000)"
    parts = [
        Attack("a table", f"create table part_0 as {rows}"),
        Attack("another one", f"create table part_1 as {rows}"),
        Attack("a third", f"create table part_2 as {rows}"),
        Attack("a block", f"do $$ begin create table part_3 as {rows}; end $$"),
        Attack("a block that commits", f"do $$ begin create table part_4 as {rows}; commit; end $$"),
        Attack("an honest block", "do $$ begin create table part_5 (id integer); end $$"),
        Attack("what wants no company", "create index concurrently part_0_t on part_0 (length(t))"),
    ]
    with open_shadow(admin, hidden=(), seconds=60) as shadow:
        events = walk(shadow, parts, admin)
        tables = shadow.query("select relname from pg_catalog.pg_class where relname like 'part%' order by 1")
        sizes = shadow.query("select pg_catalog.pg_database_size(pg_catalog.current_database())")
    expect_honest_rows(events, parts)
    assert [name for (name,) in tables] == ["part_0", "part_0_t", "part_1", "part_5"]
    said = {e.v1_version_id for e in events if "together wrote more than 30 MB" in str(e.findings)}
    assert said == {5, 7, 9}
    assert sizes[0][0] < 40 << 20


@pytest.mark.slow
def test_where_the_server_has_no_room_nothing_is_said_of_the_history(admin: Params) -> None:
    """Who says that there is none ends no walk; where there is none, an honest row is not one that could not run."""
    says = Attack("says so", "do $$ begin raise exception 'the disk is full' using errcode = '53100'; end $$")
    takes = "select count(pg_advisory_lock(n)) from generate_series(1, 1000000) as n"
    holds = Attack("takes all", f"do $$ begin execute {literal(takes)}; end $$")
    with (
        cluster.throw_away_cluster(16, cluster.find(16)) as own,
        open_shadow(own, hidden=(), seconds=60) as shadow,
    ):
        texts = [says, holds]
        rows = history(texts)
        events = list(Replay(shadow, Evidence(rows, ()), "main").run(rows))
        expect_honest_rows(events, texts)
        with psycopg.connect(**own, autocommit=True) as other:
            with pytest.raises(psycopg.errors.OutOfMemory):
                other.execute(takes.encode())
            with pytest.raises(PggitError, match="no room left"):
                shadow.run("create table fine (id integer)")
            other.execute("select pg_advisory_unlock_all()")
        shadow.run("create table fine (id integer)")


@pytest.mark.slow
@pytest.mark.skipif(os.geteuid() != 0, reason="only root can make a small disk")
def test_where_the_disk_is_full_nothing_is_said_of_the_history(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small = Path(tempfile.mkdtemp(prefix="pggit-small-"))
    mounted = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=160m", "tmpfs", str(small)], check=False)
    if mounted.returncode:
        small.rmdir()
        pytest.skip("no disk can be mounted here")
    try:
        small.chmod(0o1777)
        monkeypatch.setattr(tempfile, "tempdir", str(small))
        with cluster.throw_away_cluster(16, cluster.find(16)) as own:
            monkeypatch.undo()
            with open_shadow(own, hidden=(), seconds=60) as shadow:
                (small / "filler").write_bytes(bytes(shutil.disk_usage(small).free - (6 << 20)))
                with pytest.raises(PggitError, match="No space left on device"):
                    for i in range(500):
                        shadow.run(f"create table fine_{i} (id integer primary key, t text unique)")
                (small / "filler").unlink()
                shadow.run("create table fine (id integer)")
    finally:
        subprocess.run(["umount", str(small)], check=True)
        small.rmdir()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "create table again (t text); do $$ begin insert into again values (''); loop"
            " update again set t = repeat(random()::text, 100); end loop; end $$",
            "log grew by more than 20 MB",
            marks=pytest.mark.slow,
        ),
        (
            "do $$ begin loop perform pg_logical_emit_message(false, 'x', repeat('x', 100000)); end loop; end $$",
            "log grew by more than 20 MB",
        ),
        (
            "do $$ begin execute 'listen all_of_it'; for i in 1..3000 loop"
            " perform pg_notify('all_of_it', repeat('x', 7000) || i); end loop; commit; perform pg_sleep(60); end $$",
            "queue of notifications",
        ),
    ],
    ids=["rows", "messages", "notifications"],
)
def test_what_fills_the_servers_log_or_queue_is_ended(
    admin: Params, monkeypatch: pytest.MonkeyPatch, text: str, said: str
) -> None:
    monkeypatch.setattr(limits, "MOST_LOG", 20 << 20)
    monkeypatch.setattr(limits, "MOST_QUEUE", 0.001)
    fills = Attack("fills", text)
    with open_shadow(admin, hidden=(), seconds=60) as shadow:
        events = walk(shadow, [fills], admin)
    expect_honest_rows(events, [fills])
    assert said in str([e.findings for e in events if e.v1_version_id == 1])


@pytest.mark.parametrize(
    "text",
    [
        "do $$ begin raise exception '%', repeat('x', 3000000); end $$",
        "do $$ begin raise exception 'x' using hint = repeat('x', 3000000); end $$",
        "do $$ begin set client_min_messages = notice; for i in 1..30 loop"
        " raise notice '%', repeat('x', 100000); end loop; end $$",
    ],
    ids=["an error", "a hint", "notices"],
)
def test_who_says_too_much_is_not_listened_to(
    admin: Params, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """What a client is told it keeps in memory, several times."""
    monkeypatch.setattr(sessions, "MOST_SAID", 1 << 20)
    says = Attack("says too much", text)
    with open_shadow(admin, hidden=(), seconds=SECONDS) as shadow:
        events = walk(shadow, [says], admin)
    expect_honest_rows(events, [says])
    assert "say more than 1 MB" in str([e.findings for e in events if e.v1_version_id == 1])


WRITES = "select pg_logical_emit_message(false, 'x', repeat('x', 1000000))"
NOTIFIES = "select pg_notify('many', repeat('x', 7000) || i) from generate_series(1, 300) as i"


@contextmanager
def neighbour(admin: Params, text: str, seconds: float, pause: float) -> Iterator[None]:
    """Somebody on the same server, in another database, who does something again and again."""
    stop = threading.Event()

    def works() -> None:
        until = time.monotonic() + seconds
        with psycopg.connect(**{**admin, "dbname": CANARY}, autocommit=True) as session:
            session.execute("listen many")
            session.execute("begin; select 1")  # as long as it lasts, nothing leaves the queue
            with psycopg.connect(**{**admin, "dbname": CANARY}, autocommit=True) as other:
                while time.monotonic() < until and not stop.wait(pause):
                    other.execute(text.encode())
            stop.wait()

    thread = threading.Thread(target=works, daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "seconds", "pause"),
    [(WRITES, 4, 0.02), (WRITES, 60, 0.2), (NOTIFIES, 4, 0.1)],
    ids=["a burst", "all the time", "notifications"],
)
def test_an_honest_statement_is_not_ended_for_what_others_write(
    admin: Params, monkeypatch: pytest.MonkeyPatch, text: str, seconds: float, pause: float
) -> None:
    monkeypatch.setattr(limits, "MOST_LOG", 20 << 20)
    monkeypatch.setattr(limits, "MOST_QUEUE", 0.001)
    ended = []
    monkeypatch.setattr(
        Ground,
        "end_sessions",
        lambda self, pid=None, ends=Ground.end_sessions: (ended.append(pid), ends(self, pid)),
    )
    row = Attack("takes its time", "do $$ begin create table slow (id integer); perform pg_sleep(8); end $$")
    with open_shadow(admin, hidden=(), seconds=60) as shadow, neighbour(admin, text, seconds, pause):
        events = walk(shadow, [row], admin, without={"canary's relations"})
    assert any(ended), "nothing was tried"
    expect_honest_rows(events, [row])
    assert [e.findings for e in events if e.v1_version_id == 1] == [[]]


def test_whatever_catches_its_cancellation_is_ended(admin: Params, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not only the first of a walk, and also where it sleeps when its statement is over."""
    monkeypatch.setattr(shadow_module, "_GRACE", 0.5)
    sleeps = (
        "do $$ begin for i in 1..2 loop begin perform pg_sleep(30);"
        " exception when query_canceled then null; end; end loop; end $$"
    )
    query = "select pg_sleep(1) from generate_series(1, 30)"
    at_its_end = f"do $$ begin execute 'declare kept cursor with hold for {query}'; end $$"
    texts = [Attack("one", sleeps), Attack("two", sleeps), Attack("three", at_its_end)]
    with open_shadow(admin, hidden=(), seconds=0.5) as shadow:
        events = walk(shadow, texts, admin)
    expect_honest_rows(events, texts)
    told = {e.v1_version_id: e for e in events}
    assert [[f["code"] for f in told[i].findings] for i in (1, 3, 5)] == [["statement_timeout"]] * 3


@pytest.mark.slow
def test_whatever_does_not_end_at_all_is_left_behind(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """PostgreSQL reads comments within comments in the square of their length, and asks for nothing meanwhile."""
    monkeypatch.setattr(shadow_module, "_GRACE", 0.5)
    monkeypatch.setattr(sessions, "_ENDING", 2.0)
    monkeypatch.setattr(grounds, "_LEAVING", 1.0)
    texts = [
        Attack("in plain sight", "create table read_long (id integer) " + "/*" * 300_000),
        Attack("in hiding", "do $$ begin execute repeat('/*', 300000); end $$"),
    ]
    rows = history(texts)
    with cluster.throw_away_cluster(16, cluster.find(16)) as admin:
        with open_shadow(admin, hidden=(), seconds=0.5) as shadow:
            events = list(Replay(shadow, Evidence(rows, ()), "main").run(rows))
        expect_honest_rows(events, texts)
        assert "could not be dropped" in caplog.text
        told = {e.v1_version_id: e for e in events}
        assert "too long" in str(told[1].findings)
        assert "statement_timeout" in str(told[3].findings)


# What nobody may make leaves nothing to run.
NEVER_RUNS = {"an event trigger", "how values are ordered", "a procedure with settings"}


def test_whatever_carries_an_attack_runs_it(admin: Params) -> None:
    """By a mark in the shadow: an attack that is not carried out proves nothing."""
    r = random.Random(1)

    def leaves(mark: str) -> str:
        return f"insert into public.marks values ('{mark}')"

    carried = [
        Attack(name, named_apart(carry(f"execute {literal(leaves(name))};"), place))
        for place, (name, carry) in enumerate(CARRIERS.items())
    ]
    spelt = [
        Attack(name, f"do $c$ declare n int; begin {spell(leaves(name), r)} end $c$")
        for name, spell in SPELLINGS.items()
    ]
    carried += [
        Attack(name, carry(f"execute {literal(leaves(name))};"))
        for place, name in enumerate(carriers("o"))
        for carry in (carriers(f"o{place}")[name],)
    ]
    with open_shadow(admin, hidden=(), seconds=SECONDS) as shadow:
        shadow.run("create table public.marks (mark text)")
        walk(shadow, carried + spelt, admin)
        marks = {mark for (mark,) in shadow.query("select pg_catalog.lower(mark) from public.marks")}
    assert marks == {attack.name for attack in carried + spelt} - NEVER_RUNS


AT_ITS_END = {
    "a trigger": "create table waiting (id integer); create function at_the_end() returns trigger language plpgsql as"
    " $f$ begin {acts}; return null; end $f$;"
    " create constraint trigger t after insert on waiting deferrable initially deferred"
    " for each row execute function at_the_end();"
    " create function fills() returns integer language plpgsql as"
    " $f$ begin insert into waiting values (1); return 1; end $f$;"
    " create table filled as select fills() as x",
    "a cursor": "create function at_the_end() returns integer language plpgsql as $f$ begin {acts}; return 1; end $f$;"
    " create function opens() returns integer language plpgsql as"
    " $f$ begin execute 'declare kept cursor with hold for select at_the_end()'; return 1; end $f$;"
    " create table filled as select opens() as x",
}


@pytest.mark.parametrize("way", AT_ITS_END)
def test_what_a_transaction_does_at_its_end_is_seen(admin: Params, way: str) -> None:
    """Behind the last look that its own session can take at what it wrote."""
    acts = (
        "execute 'create table late (id integer)';"
        " execute format('alter role %I set work_mem = ''1MB''', current_user)"
    )
    waits = Attack("waits for the end", AT_ITS_END[way].replace("{acts}", acts))
    with open_shadow(admin, hidden=(), seconds=SECONDS) as shadow:
        events = walk(shadow, [waits], admin)
    expect_honest_rows(events, [waits])
    assert "CREATE TABLE public.late (\n    id integer\n);" in [e.new_definition for e in events]
    assert "changed_its_role" in str([e.findings for e in events])


def test_generated_attacks(admin: Params) -> None:
    r = random.Random(20240101)
    with open_shadow(admin, hidden=(), seconds=SECONDS) as shadow:
        walk(shadow, [generated(r, shadow.name, i) for i in range(60)], admin)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(20))
def test_many_generated_attacks(admin: Params, seed: int) -> None:
    r = random.Random(seed)
    with open_shadow(admin, hidden=(), seconds=SECONDS) as shadow:
        walk(shadow, [generated(r, shadow.name, i) for i in range(150)], admin)


# Of these a superuser either leaves nothing outside, or they fail for another reason on a server of the tests.
LEAVES_NOTHING = {
    "a setting of its database", "a name for its database", "another role", "another session", "a label", "a reload",
    "a file that is read", "a folder", "a library", "a function in C", "a language", "a subscription",
    "an event trigger", "passwords", "membership in itself", "statistics of all",
    "a function of PostgreSQL's", "what bob owns",
    "a function of the server's", "the catalog", "membership", "membership in a role of the server",
}  # fmt: skip


def _folder_of(admin: Params) -> Path:
    """An empty folder of the server's user, in the one that its socket is in."""
    parent = Path(admin["host"])
    folder = parent / "space"
    folder.mkdir(mode=0o700, exist_ok=True)
    os.chown(folder, parent.stat().st_uid, parent.stat().st_gid)
    return folder


@pytest.mark.slow
def test_the_fingerprint_sees_what_a_superuser_could_do() -> None:
    """Each of these changes it where nothing stands in the way: a test that cannot fail proves nothing."""
    unseen = set()
    for name, statement in FORBIDDEN.items():
        if name in LEAVES_NOTHING:
            continue
        with cluster.throw_away_cluster(16, cluster.find(16)) as admin, canary(admin):
            with psycopg.connect(**admin, autocommit=True) as connection:
                before = fingerprint(admin)
                # A folder that is the server's own, for the one who would put a tablespace into another's.
                connection.execute(statement.replace("'/tmp'", f"'{_folder_of(admin)}'").encode())
            if name == "no database":
                with pytest.raises(psycopg.OperationalError):
                    fingerprint(admin)
                with psycopg.connect(**admin, autocommit=True) as connection:
                    connection.execute(f"create database {CANARY}".encode())
            elif name == "a password":
                with pytest.raises(psycopg.OperationalError, match="password"):
                    fingerprint(admin)
                admin["password"] = "mine"
            elif changed(before, fingerprint(admin)) == {}:
                unseen.add(name)
    assert unseen == set()
