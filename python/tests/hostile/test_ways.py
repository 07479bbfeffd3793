"""Each way in which nobody runs the history, with the rights that the README asks for."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import psycopg
import pytest
from attacks import (
    END_ITSELF,
    END_OTHERS,
    ENGINE,
    FORBIDDEN,
    LOCKS_OUT,
    TAKES_ITS_PASSWORD,
    Attack,
    attacks,
    block,
    in_an_index,
)
from helpers import Session, execute
from other_words import other_attacks
from outside import canary, fingerprint
from walking import expect_honest_rows, replayed, walk

from pggit_audit import embedded, grounds, models, programs
from pggit_audit import shadow as shadow_module
from pggit_audit.errors import PggitError
from pggit_audit.sandbox import Login, too_rich
from pggit_audit.shadow import open_shadow

Params = dict[str, Any]
ROLES = {
    "hostile_makes": "login createdb createrole",
    "hostile_creates": "login createdb",
    "hostile_plain": "login",
    "hostile_nobody": "login noinherit connection limit 6",
    "hostile_rich": "login noinherit createdb",
}
PASSWORD = "a password"


SERVERS = [15, pytest.param(16, marks=pytest.mark.slow), pytest.param(18, marks=pytest.mark.slow)]


@pytest.fixture(scope="module", params=SERVERS)
def admin(request: pytest.FixtureRequest) -> Iterator[Params]:
    """Keywords of a superuser, on servers that ask for a password (15) and that do not."""
    if request.param == 15:
        params: Params = request.getfixturevalue("named_server")
    else:
        found: embedded.Server = request.getfixturevalue("server" if request.param == 16 else "server_18")
        params = found.params("postgres")
    with canary(params), psycopg.connect(**params, autocommit=True) as connection:
        for name, rights in ROLES.items():
            connection.execute(f"create role {name} {rights} password '{PASSWORD}'".encode())
        connection.execute('alter role hostile_nobody set search_path = public, "and more"')
        yield params
        for name in ROLES:
            connection.execute(f"drop role {name}".encode())


def without_roles(found: dict[str, list[str]], names: Sequence[str]) -> dict[str, list[str]]:
    """The same without what is said of these roles themselves."""
    kept = [line for line in found["roles"] if not line.startswith(tuple(f"('{name}'" for name in names))]
    return found | {"roles": kept}


def as_role(admin: Params, name: str) -> Params:
    return {**admin, "user": name, "password": PASSWORD}


NOBODY = Login("hostile_nobody", PASSWORD)


@pytest.mark.parametrize(
    ("builder", "login", "runs_as"),
    [
        ("hostile_makes", None, grounds.PREFIX),
        ("hostile_creates", NOBODY, "hostile_nobody"),
        ("hostile_plain", None, grounds.PREFIX),
    ],
    ids=["a role that the build makes", "a role that was prepared", "a throw-away server"],
)
@pytest.mark.parametrize(
    "attacks",
    [attacks, pytest.param(other_attacks, marks=pytest.mark.slow)],
    ids=["attacks", "in other words"],
)
def test_no_attack_reaches_anything(
    admin: Params, builder: str, login: Login | None, runs_as: str, attacks: Callable[[str], list[Attack]]
) -> None:
    params = as_role(admin, builder)
    grounds.check_ground(params, login)
    before = fingerprint(admin)
    with open_shadow(params, hidden=(), seconds=2, login=login) as shadow:
        assert shadow.role.startswith(runs_as)
        texts = attacks(shadow.name)
        # A prepared role can take its own password, and gets it back at the end.
        events = walk(shadow, texts, admin, without={"roles"} if login else set())
    expect_honest_rows(events, texts)
    own = (NOBODY.user,) if login else ()
    assert without_roles(fingerprint(admin), own) == without_roles(before, own)
    assert not execute(admin, f"select datname from pg_database where datname like '{grounds.PREFIX}%'")
    assert not execute(admin, f"select rolname from pg_roles where rolname like '{grounds.PREFIX}%'")
    psycopg.connect(**as_role(admin, NOBODY.user)).close()


SHADOWS = f"select datname from pg_database where datname like '{grounds.PREFIX}%'"


def test_who_takes_its_role_in_one_database_alone_has_it_in_the_shadow(admin: Params) -> None:
    """The role that logs in has nothing of that by itself."""
    try:
        execute(
            admin,
            "alter role hostile_plain noinherit",
            "grant hostile_makes to hostile_plain",
            f"alter role hostile_plain in database {admin['dbname']} set role = hostile_makes",
        )
        params = as_role(admin, "hostile_plain")
        grounds.check_ground(params, None)
        with open_shadow(params, hidden=(), seconds=2) as shadow:
            assert execute(admin, SHADOWS) == [(shadow.name,)]
            shadow.run("create table t ()")
            assert execute(
                {**admin, "dbname": shadow.name}, "select tableowner from pg_tables where tablename = 't'"
            ) == [(shadow.role,)]
        assert execute(admin, SHADOWS) == []
    finally:
        execute(
            admin,
            f"alter role hostile_plain in database {admin['dbname']} reset role",
            "revoke hostile_makes from hostile_plain",
            "alter role hostile_plain inherit",
        )


def test_who_is_let_in_to_one_database_alone_goes_apart(named_server: Params, admin: Params) -> None:
    if admin is not named_server:
        pytest.skip("whose pg_hba.conf is the test's own")
    ((file,),) = execute(admin, "show hba_file")
    hba = Path(file)
    before = hba.read_text()
    params = as_role(admin, "hostile_makes")
    try:
        hba.write_text(
            f"host {admin['dbname']} all all scram-sha-256\nhost all {admin['user']} all scram-sha-256\n"
        )
        execute(admin, "select pg_reload_conf()")
        with open_shadow(params, hidden=(), seconds=2) as shadow:
            assert execute(admin, SHADOWS) == []
            shadow.run("create table t ()")
    finally:
        hba.write_text(before)
        execute(admin, "select pg_reload_conf()")


FILLS = "do $$ begin perform pg_advisory_lock(i) from generate_series(1, 10000000) as i; end $$"
STAYS = """
    do $$ begin
        begin
            perform pg_advisory_lock(i) from generate_series(1, 10000000) as i;
        exception when out_of_memory then null;
        end;
        loop
            begin
                perform pg_sleep(600);
            exception when query_canceled then null;
            end;
        end loop;
    end $$
"""


def test_a_full_lock_table_ends_no_build(admin: Params) -> None:
    """It fails, or its session is ended; what it held is let go before anybody looks at what it did."""
    attacks = [Attack("fills", FILLS), Attack("stays", STAYS)]
    begun = time.monotonic()
    with open_shadow(as_role(admin, "hostile_makes"), hidden=(), seconds=60) as shadow:
        expect_honest_rows(walk(shadow, attacks, admin), attacks)
        assert execute(admin, "select count(*) < 10 from pg_locks where locktype = 'advisory'") == [(True,)]
    assert time.monotonic() - begun < 50, "the second was not waited for"


def test_apart_it_takes_nothing_of_the_servers_locks(admin: Params) -> None:
    """Where it is told to, a role that may make all goes apart; the lock table that is filled is not the target's."""
    params = as_role(admin, "hostile_makes")
    grounds.check_ground(params, None, apart=True)
    fills = Attack("fills", FILLS)
    with open_shadow(params, hidden=(), seconds=5, apart=True) as shadow:
        assert not execute(admin, f"select from pg_database where datname like '{grounds.PREFIX}%'")
        expect_honest_rows(walk(shadow, [fills], admin), [fills])
        with psycopg.connect(**admin) as connection:
            ((locks,),) = connection.execute(
                "select count(*) from pg_locks where locktype = 'advisory'"
            ).fetchall()
        assert locks <= 1, "the one that says that this build lives"


def test_a_prepared_role_is_as_it_was(admin: Params) -> None:
    """It took its own password and settings; both are given back."""
    if "password" not in admin:
        pytest.skip("a server that asks for no password cannot tell whether it is the right one")
    before = fingerprint(admin)
    takes = Attack("takes all", ENGINE["locks itself out"])
    with open_shadow(as_role(admin, "hostile_creates"), hidden=(), seconds=2, login=NOBODY) as shadow:
        expect_honest_rows(walk(shadow, [takes], admin, without={"roles"}), [takes])
    psycopg.connect(**as_role(admin, "hostile_nobody")).close()
    after = fingerprint(admin)
    assert after["settings"] == before["settings"]


@pytest.mark.parametrize("where", ["in plain sight and in a block", "where an index is built"])
def test_a_prepared_role_gets_its_password_back(admin: Params, where: str) -> None:
    """Also where it took nothing but that, which nobody but itself can see."""
    if "password" not in admin:
        pytest.skip("a server that asks for no password cannot tell whether it is the right one")
    takes = Attack("takes its password", FORBIDDEN["a password"])
    hidden = Attack("takes it in a block", block(takes.text))
    indexed = Attack("takes it where an index is built", in_an_index(TAKES_ITS_PASSWORD))
    texts = [indexed] if "index" in where else [takes, hidden]
    with open_shadow(as_role(admin, "hostile_creates"), hidden=(), seconds=2, login=NOBODY) as shadow:
        walk(shadow, texts, admin, without={"roles"})
        taken = execute(admin, "select rolpassword from pg_authid where rolname = 'hostile_nobody'")
    assert taken != execute(admin, "select rolpassword from pg_authid where rolname = 'hostile_nobody'")
    psycopg.connect(**as_role(admin, NOBODY.user)).close()


@pytest.fixture
def session(admin: Params, monkeypatch: pytest.MonkeyPatch) -> Session:
    """A build's session, with a prepared role that can be locked out; it waits a second for it."""
    if "password" not in admin:
        pytest.skip("a server that asks for no password locks nobody out")
    monkeypatch.setattr(shadow_module, "_RETURN", 1.0)
    session = Session(as_role(admin, "hostile_creates"))
    monkeypatch.setattr(session, "shadow_login", NOBODY)
    return session


def test_a_history_that_locks_its_role_out_goes_on_elsewhere(admin: Params, session: Session) -> None:
    before = fingerprint(admin)
    events = replayed([Attack("locks out", LOCKS_OUT)], session)
    try:
        assert any("alter role" in text and "throw-away" in text for text in session.said), session.said
        told = {e["v1_version_id"]: e for e in events}
        assert told[2]["new_definition"] == "CREATE TABLE public.honest_0 (\n    id integer\n);"
        assert "changed_its_role" in str([e["findings"] for e in events])
        after = fingerprint(admin)
        assert without_roles(after, [NOBODY.user]) == without_roles(before, [NOBODY.user])
        # It is not the team's any more, so the next one does not even begin there.
        with open_shadow(as_role(admin, "hostile_creates"), hidden=(), login=NOBODY) as shadow:
            assert shadow.role != NOBODY.user
    finally:
        execute(admin, f"alter role {NOBODY.user} password '{PASSWORD}'")


# What an index is built with is worked out once, by the server itself: a script runs these, and each by itself.
LOCKS_OUT_OF_A_SCRIPT = {
    "public.t": "CREATE TABLE public.t (\n    id integer\n);",
    **{
        f"public.{name}()": f"CREATE OR REPLACE FUNCTION public.{name}()\n RETURNS boolean\n LANGUAGE plpgsql\n"
        f"{how}AS $function$ begin {code} return true; end $function$\n;"
        for name, how, code in (
            ("takes", "", TAKES_ITS_PASSWORD),
            ("a", " IMMUTABLE\n", "perform public.takes();"),
            ("b", " IMMUTABLE\n", f"{END_OTHERS} {END_ITSELF}"),
        )
    },
    **{
        f"public.i_{n}": f"CREATE INDEX i_{n} ON public.t USING btree (id) WHERE public.{n}();"
        for n in ("a", "b")
    },
}


def test_a_script_that_locks_its_role_out_is_run_elsewhere(admin: Params, session: Session) -> None:
    before = fingerprint(admin)
    honest = {"public.t": LOCKS_OUT_OF_A_SCRIPT["public.t"]}
    commits = [
        {
            "commit_sha": sha,
            "object_identities": [*tree],
            "definitions": [*tree.values()],
            "schema_ddl": "\n".join(tree.values()),
        }
        for sha, tree in (("one", honest), ("two", LOCKS_OUT_OF_A_SCRIPT), ("three", honest))
    ]
    try:
        made = models.rebuilt_objects(commits=commits, session=session, shadow="target", hidden_schemas=())
        assert any("alter role" in text and "throw-away" in text for text in session.said), session.said
    finally:
        execute(admin, f"alter role {NOBODY.user} password '{PASSWORD}'")
    rows = {(row["commit_sha"], row["object_identity"]): row for row in made}
    for sha in ("one", "two", "three"):
        assert rows[sha, "public.t"]["definition"] == honest["public.t"]
    assert "terminated" in rows["two", "public.i_b"]["failure"]
    own = [NOBODY.user]
    assert without_roles(fingerprint(admin), own) == without_roles(before, own)


@pytest.mark.parametrize(
    ("login", "said"),
    [
        (None, "is not set"),
        (Login("hostile_rich", PASSWORD), "it may create databases|may create databases"),
        (Login("no_such_role", PASSWORD), "does not exist"),
    ],
)
def test_where_nobody_can_run_it_nothing_is_made(
    admin: Params, login: Login | None, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(programs, "servers", lambda major: iter(()))
    monkeypatch.setattr(programs, "INSTALLED", {})
    before = fingerprint(admin)
    params = as_role(admin, "hostile_creates")
    with pytest.raises(PggitError, match=said):
        grounds.check_ground(params, login)
    with pytest.raises(PggitError, match=said), open_shadow(params, hidden=(), login=login):
        pass
    assert fingerprint(admin) == before


def test_a_prepared_role_must_be_poor(admin: Params) -> None:
    with psycopg.connect(**admin, autocommit=True) as connection:
        assert too_rich(connection, "hostile_nobody", grounds.PREFIX) == []
        connection.execute("grant pg_read_all_data to hostile_nobody")
        connection.execute("grant connect on database canary to hostile_nobody")
        said = too_rich(connection, "hostile_nobody", grounds.PREFIX)
        connection.execute("revoke pg_read_all_data from hostile_nobody")
        connection.execute("revoke connect on database canary from hostile_nobody")
    assert said == ["is a member of pg_read_all_data", "owns, or was granted, database canary"]


@pytest.mark.parametrize("limit", [3, 7])
def test_a_prepared_role_needs_room_for_its_sessions(admin: Params, limit: int) -> None:
    """Said before anything is made, and not in the middle, in PostgreSQL's words."""
    params = as_role(admin, "hostile_creates")
    before = fingerprint(admin)
    execute(admin, f"alter role hostile_nobody connection limit {limit}")
    others = [psycopg.connect(**as_role(admin, NOBODY.user)) for _ in range(max(0, limit - 3))]
    try:
        said = f"may have {limit} sessions at a time, of which {len(others)} are taken"
        with pytest.raises(PggitError, match=said):
            grounds.check_ground(params, NOBODY)
        with pytest.raises(PggitError, match=said), open_shadow(params, hidden=(), login=NOBODY):
            pass
    finally:
        for other in others:
            other.close()
        execute(admin, "alter role hostile_nobody connection limit 6")
    assert fingerprint(admin) == before
