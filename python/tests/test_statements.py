"""Splitting and classifying a client's query text."""

from __future__ import annotations

import tracemalloc

import pytest

from pggit_audit.code import branches, straight
from pggit_audit.lexing import plain_names, proven, unescaped
from pggit_audit.statements import folded, split, unquote, without_owner


@pytest.mark.parametrize(
    ("text", "parts"),
    [
        ("create table a(x int); create table b(y int);", ["create table a(x int)", "create table b(y int)"]),
        (r"select 'C:\'; select 2", [r"select 'C:\'", "select 2"]),
        (r"select E'a\';b'; select 2", [r"select E'a\';b'", "select 2"]),
        ('create table "a;b"(x int); select 1', ['create table "a;b"(x int)', "select 1"]),
        ("/* a; /* b; */ c; */ select 1; -- d; e\nselect 2", ["select 1", "select 2"]),
        ("create function f() returns int language sql as $x$ select 1; $x$; select 2",
         ["create function f() returns int language sql as $x$ select 1; $x$", "select 2"]),
        ("do $$ begin perform 1; end $$; select 2", ["do $$ begin perform 1; end $$", "select 2"]),
        ("create function f() returns int begin atomic select case when true then 1 end; select 2; end; select 3",
         ["create function f() returns int begin atomic select case when true then 1 end; select 2; end", "select 3"]),
        ("create function f() returns int begin atomic; select 1; end",
         ["create function f() returns int begin atomic; select 1; end"]),
        ("create view \"Ünï😀\" as select '😀;'; select 1", ["create view \"Ünï😀\" as select '😀;'", "select 1"]),
        ("select 'never closed ; drop table x", ["select 'never closed ; drop table x"]),
        ("", []),
        (" ;; -- nothing\n", []),
    ],
)  # fmt: skip
def test_semicolons_separate_only_statements(text: str, parts: list[str]) -> None:
    assert [s.text for s in split(text)] == parts


@pytest.mark.parametrize(
    ("text", "tag", "targets", "on"),
    [
        ("CREATE TABLE IF NOT EXISTS s.T (x int)", "CREATE TABLE", (("s", "t"),), None),
        ('create temp table "T"(x int)', "CREATE TABLE", ((None, "T"),), None),
        ("create unique index concurrently i on only s.t (x)", "CREATE INDEX", (("s", "i"),), ("s", "t")),
        ("create index on t (x)", "CREATE INDEX", (), (None, "t")),
        ("create or replace view v as select 1", "CREATE VIEW", ((None, "v"),), None),
        ("create materialized view if not exists m as select 1", "CREATE MATERIALIZED VIEW", ((None, "m"),), None),
        ("drop function f(int, text), s.g() cascade", "DROP FUNCTION", ((None, "f"), ("s", "g")), None),
        ("alter table if exists only a.b rename to c", "ALTER TABLE", (("a", "b"),), None),
        ("create constraint trigger g after insert on t for each row execute function f()",
         "CREATE TRIGGER", ((None, "g"),), (None, "t")),
        ("create policy p on s.t using (true)", "CREATE POLICY", ((None, "p"),), ("s", "t")),
        ("select 1 as x into temp n from t", "CREATE TABLE", ((None, "n"),), None),
        ("comment on column s.t.c is 'x'", "COMMENT COLUMN", (("t", "c"),), None),
    ],
)  # fmt: skip
def test_a_statement_names_what_it_is_about(
    text: str, tag: str, targets: tuple[object, ...], on: object
) -> None:
    (statement,) = split(text)
    assert (statement.action, statement.tag, statement.targets, statement.on) == ("ddl", tag, targets, on)


@pytest.mark.parametrize(
    ("text", "action"),
    [
        ("insert into t values (1)", "ignored"),
        ("grant select on t to u", "ignored"),
        ("alter default privileges grant select on tables to u", "ignored"),
        ("alter table t owner to u", "ignored"),
        ("begin", "ignored"),
        ("set statement_timeout = 0", "ignored"),
        ("set role admin", "ignored"),
        ("set session authorization admin", "ignored"),
        ("set search_path to s", "setting"),
        ("set local search_path = s, public", "setting"),
        ("select pg_catalog.set_config('search_path', '', false)", "setting"),
        ("copy t from program 'ls'", "refused"),
        ("create database d", "refused"),
        ("drop role r", "refused"),
        ("alter system set x = 1", "refused"),
        ("create subscription s connection '' publication p", "refused"),
        ("create server s foreign data wrapper w", "ddl"),
        ("drop owned by current_user", "refused"),
        ("reassign owned by a to b", "refused"),
        ("alter user u set work_mem = 1", "refused"),
        ("create foreign data wrapper w", "ddl"),
        ("alter table t rename owner to keeper", "ddl"),
        ("alter table t rename column owner to keeper", "ddl"),
        ('alter table t rename column "owner" to keeper', "ddl"),
        ("alter type c rename attribute owner to person", "ddl"),
        ("alter domain d rename constraint owner to c", "ddl"),
        ("alter table owner owner to owner", "ignored"),
        ("alter function f(int, text) owner to current_user", "ignored"),
        ("alter table t owner to u, add column c int", "ddl"),
        ("create table copy (load int, copy text, owner int)", "ddl"),
        ("create table t as select copy, load from reassign", "ddl"),
        ("-- copy, load, drop owned\ncreate table t ()", "ddl"),
        ("do $$ begin create table copy (load int); end $$", "code"),
        ("reset all", "setting"),
        ("reset search_path", "setting"),
        ("select set_config('statement_timeout', 'search_path', false)", "code"),
        ("create function f() returns text language sql as 'select pg_read_file(''x'')'", "ddl"),
        ("do $$ begin create table t(); end $$", "code"),
        ("select add_site('x')", "code"),
        ("call p()", "code"),
    ],
)
def test_only_what_stays_in_the_database_may_run(text: str, action: str) -> None:
    (statement,) = split(text)
    assert statement.action == action


def test_concurrently_is_taken_out_only_as_a_keyword() -> None:
    (statement,) = split("""create index concurrently "concurrently" on t ((x || 'concurrently'))""")
    assert statement.without_concurrently() == """create index  "concurrently" on t ((x || 'concurrently'))"""


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ('alter table U&"d\\0061ta" drop a', "data"),
        ("alter table u&\"d!0061t!!a\" UESCAPE '!' drop a", "dat!a"),
        ('alter table U&"\\D83D\\DE01" drop a', "\U0001f601"),
        ('alter table U&"\\+01F600" drop a', "\U0001f600"),
        ('alter table U&"a\\0022""b" drop a', 'a""b'),
        ('alter table "U&""d\\0061" drop a', 'U&"d\\0061'),
    ],
)
def test_names_in_unicode_escapes_are_read_in_their_place(text: str, name: str) -> None:
    (statement,) = split(text)
    assert statement.targets == ((None, name),)
    assert len(statement.text) == len(text)


@pytest.mark.parametrize("name", ['U&"\\D83D"', 'U&"\\zz"', 'U&"\\0000"', 'U&"\\+110000"'])
def test_names_that_postgresql_refuses_stay_as_they_are(name: str) -> None:
    assert plain_names(f"drop table {name}") == f"drop table {name}"


def test_names_lose_their_quotes_and_nothing_else() -> None:
    assert [unquote(n) for n in ('"Reviews"', 'a"b', '"a""b"', "plain", '"')] == [
        "Reviews",
        'a"b',
        'a"b',
        "plain",
        '"',
    ]


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ('ALTER TABLE "Mixed" ADD Total Int', 'alter table "Mixed" add total int'),
        ("SELECT 'It''s', E'A\\'B', X", "select 'It''s', E'A\\'B', x"),
        ("DO $Body$ BEGIN; $Body$ LANGUAGE PLPGSQL", "do $Body$ BEGIN; $Body$ language plpgsql"),
        ("DROP TABLE A -- DROP TABLE B\n, C", "drop table a  , c"),
        ('/* A /* B */ \'C */ DROP TABLE "--"', '  drop table "--"'),
        ("CREATE TABLE ÄRZTE (Ö Text)", "create table Ärzte (Ö text)"),
        ("SELECT 'Open", "select 'Open"),
        ("SELECT 'Open''", "select 'Open''"),
        ("SELECT A, ''B", "select a, ''b"),
        (f'DROP TABLE "{"A" * 40}""{"B" * 40}"', f'drop table "{"A" * 40}""{"B" * 22}"'),
    ],
)
def test_texts_are_read_as_postgresql_reads_them(text: str, read: str) -> None:
    assert folded(text) == read


@pytest.mark.parametrize("text", ["select '" + "''" * 200_000 + "'", "select 'a' " * 40_000])
def test_many_literals_take_no_more_memory_than_a_few_times_the_text(text: str) -> None:
    tracemalloc.start()
    try:
        assert folded(text) == text
        assert tracemalloc.get_traced_memory()[1] < 12 * len(text)
    finally:
        tracemalloc.stop()


def test_backslashes_are_read_as_the_text_itself_sets_them() -> None:
    text = r"""set standard_conforming_strings = off; create table a (t text default 'it\'s; x');
        set standard_conforming_strings to on; create table b (t text default 'c:\'); create table c ()"""
    assert [s.text.split("\n")[0][:16].strip() for s in split(text)] == [
        "set standard_con", "create table a (", "set standard_con", "create table b (", "create table c (",
    ]  # fmt: skip
    assert len(split(r"create table a (t text default 'c:\'); create table b (t text default 'x')")) == 2


def test_a_text_that_can_be_read_in_one_way_only_is_read_so() -> None:
    (one,) = split(r"create table a (t text default 'it\'s; x', u text default 'y')")
    assert one.text == r"create table a (t text default E'it\'s; x', u text default 'y')"
    assert [s.text for s in split(r"select 'a\\b'; select '\d'", escapes=True)] == [
        r"select E'a\\b'",
        r"select E'\d'",
    ]
    assert split(r"select '\d'", escapes=True)[0].doubtful_strings == []
    assert split(r"select '\d', E'\d', $$\d$$, 'd'")[0].doubtful_strings == [r"\d"]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (r"select 'it\'s'", True),
        (r"select 'c:\'", False),
        (r"select '\d'", None),
        ("set standard_conforming_strings = off", True),
        ("set standard_conforming_strings = off; reset standard_conforming_strings", False),
        ("select 'standard_conforming_strings = off;'", None),
    ],
)
def test_what_a_text_proves_of_how_strings_are_read(text: str, found: bool | None) -> None:
    assert proven(text) is found


@pytest.mark.parametrize("value", [r"\d", r"a\\b", r"\x41\101", "plain"])
def test_a_string_with_its_escapes_read(value: str) -> None:
    assert unescaped(value) == {r"\d": "d", r"a\\b": r"a\b", r"\x41\101": "AA", "plain": "plain"}[value]


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("create schema authorization bob", 'create schema "bob"'),
        ("create schema s authorization bob", "create schema s "),
        ("create schema if not exists authorization bob", 'create schema if not exists "bob"'),
        ("create table t (tablespace int) tablespace fast", "create table t (tablespace int) "),
        ("create table t (a int primary key using index tablespace fast)", "create table t (a int primary key )"),
        ("create table t (tablespace int)", "create table t (tablespace int)"),
    ],
)  # fmt: skip
def test_owners_and_tablespaces_are_nobody_s(text: str, plain: str) -> None:
    assert without_owner(text) == plain


@pytest.mark.parametrize(
    ("block", "runs"),
    [
        (
            "begin create table t (id int); insert into t values (1); end",
            ["create table t (id int)", "insert into t values (1)"],
        ),
        (
            "begin execute 'create table t (id int); drop table u'; null; end",
            ["create table t (id int)", "drop table u"],
        ),
        (
            "begin raise notice 'made'; execute $a$comment on table t is ';'$a$; end",
            ["comment on table t is ';'"],
        ),
        # what else runs, or may not, is for PostgreSQL
        ("begin execute 'declare c cursor with hold for select 1'; end", []),
        ("begin create table t (id int); execute 'select f()'; end", []),
        ("begin create table t (id int); perform f(); end", []),
        ("begin create table t (id int); execute 'drop table ' || 't'; end", []),
        ("begin raise exception 'no'; create table t (id int); end", []),
        ("declare n int; begin create table t (id int); end", []),
        ("begin if true then create table t (id int); end if; end", []),
        ("begin create table t (id int); exception when others then null; end", []),
    ],
)
def test_a_block_that_only_runs_its_statements_is_these(block: str, runs: list[str]) -> None:
    (statement,) = split(f"do $b$ {block} $b$")
    assert [each.text for each in straight(statement)] == runs


@pytest.mark.parametrize(
    ("code", "runs"),
    [
        (
            "declare n int := 1; begin select 1 into n; n := n + 1; if n = 2 then execute 'create table t ()';"
            " update v set n = 2; raise notice 'at %', n; end if; drop table u; end;",
            [(False, []), (True, ["create table t ()", "update v set n = 2"]), (False, ["drop table u"])],
        ),
        ("begin if a then create table t (); else create table u (); end if; end", []),
        ("begin if a then if b then create table t (); end if; end if; end", []),
        ("begin if a then return; end if; create table t (); end", []),
        ("begin for i in 1..2 loop create table t (); end loop; end", []),
        ("begin if a then begin create table t (); exception when others then null; end; end if; end", []),
        ("begin if a then raise exception 'no'; end if; create table t (); end", []),
        ("begin if a then execute format('create table %I ()', b); end if; end", []),
        ("begin if a then select f('create table t ()') into b; end if; end", []),
        ("begin if case when a then b end then create table t (); end if; end", []),
        ("begin call f(); if a then create table t (); end if; end", []),
    ],
)
def test_code_that_runs_each_branch_to_its_end_or_not_at_all(
    code: str, runs: list[tuple[bool, list[str]]]
) -> None:
    assert [(part.on_condition, [s.text for s in part.statements]) for part in branches(code)] == runs


def test_a_text_of_more_than_a_million_characters_is_read() -> None:
    text = "CREATE TABLE t (a int);\n" + "INSERT INTO t VALUES (1);\n" * 50_000
    found = split(text)
    assert (len(text) > 1_000_000, len(found), found[0].tag) == (True, 50_001, "CREATE TABLE")
