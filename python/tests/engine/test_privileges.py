"""Code without what it says of roles and privileges."""

from __future__ import annotations

import pytest
from building import of_rows, replayed, rules, table

from pggit_audit.rules.privileges import left_out, without
from pggit_audit.shadow import Shadow
from pggit_audit.statements import split


@pytest.mark.parametrize(
    ("code", "expected"),
    [
        ("begin grant select on t to r; create table a (id int); end", "begin NULL; create table a (id int); end"),
        ("begin if x then revoke all on t from r; else create role r; end if; end",
         "begin if x then NULL; else NULL; end if; end"),
        ("begin alter table t owner to r; alter table t add c int, owner to r; end",
         "begin NULL; alter table t add c int, owner to r; end"),
        ("begin alter default privileges grant select on tables to r; set local role r; reset role; end",
         "begin NULL; NULL; reset role; end"),
        ("begin set session authorization r; alter role r set work_mem to 1; drop user r; end",
         "begin NULL; NULL; NULL; end"),
        ("begin create schema a authorization r; create schema authorization r; end",
         'begin create schema a ; create schema "r"; end'),
    ],
)  # fmt: skip
def test_what_code_says_of_roles_is_left_out(code: str, expected: str) -> None:
    assert left_out(code) == expected


@pytest.mark.parametrize(
    "code",
    [
        "begin create table grants (id int); insert into grants values (1); end",
        "begin x := case when a then revoke else b end; end",
        "declare owner text; begin owner := 'grant select on t to r'; end",
        "begin alter table t rename column owner to role; set local search_path = a; end",
        "begin x := case when a then load else copy end; perform set_config('search_path', 'a', true); end",
        "begin raise notice 'grant'; perform revoke(1); end",
        "begin create policy p on t to r; end",
    ],
)
def test_what_says_nothing_of_them_stays(code: str) -> None:
    assert left_out(code) is None


_KEPT = [
    "grant select on t to r; create table a (id int)",
    "alter table t add c int, owner to r",
    "alter table t rename owner to other",
    "create table grant_ (id int)",
    "alter table t alter owner to_ type text",
    "set search_path to a",
    "alter table t disable trigger all_of_them",
]
_SAID = [
    "grant select on t to r",
    "\n REVOKE ALL ON t FROM r;\n",
    "alter function a.f(int, text) owner to r",
    'alter table if exists "owner to x" owner to "a b"',
    "create user r login",
    "set session_replication_role='replica'",
    "alter database d set work_mem to 1;",
]
_OTHER = [
    ('alter table only a."b c" DISABLE TRIGGER ALL;', 'alter table only a."b c" DISABLE TRIGGER user;'),
    ("alter table t enable trigger all", "alter table t enable trigger user"),
    ('create schema if not exists "a b" authorization r', 'create schema if not exists "a b"'),
    ("create schema authorization r", "create schema authorization r"),
]


@pytest.mark.parametrize(
    ("text", "then"), [*((t, t) for t in _KEPT), *((t, "select") for t in _SAID), *_OTHER]
)
def test_what_code_executes_is_left_out_where_it_is_nothing_else(
    shadow: Shadow, text: str, then: str
) -> None:
    other = left_out("begin execute command into a using b; end") or ""
    expression = other.removeprefix("begin execute ").removesuffix(" into a using b; end")
    rows = shadow.query(
        f"select {expression} as text from (values (%(command)s)) as t (command)", {"command": text}
    )
    assert [*rows] == [(then,)]


def test_a_block_keeps_the_marks_of_its_body() -> None:
    (block,) = split("do language plpgsql $do$ begin grant a to b; end $do$")
    assert without(block).text == "do language plpgsql $do$ begin NULL; end $do$"
    (other,) = split("do 'begin grant a to b; perform ''x''; end'")
    assert without(other).text == "do 'begin NULL; perform ''x''; end'"


@pytest.mark.parametrize(
    ("code", "told"),
    [
        ("create role nobody_at_all; create table t (id integer)", {"without_privileges"}),
        ("execute 'grant all on schema public to ' || 'nobody_at_all'; create table t (id integer)",
         {"without_privileges"}),
        ("if true then create table t (id integer); grant select on t to public; end if", set()),
    ],
)  # fmt: skip
def test_what_is_made_without_what_needs_privileges_says_so(
    shadow: Shadow, code: str, told: set[str]
) -> None:
    """Not where the shadow may do it."""
    rows = [table(1, "t", f"do $$ declare x integer; begin {code}; end $$")]
    events, _ = replayed(shadow, rows)
    event = of_rows(events)[1]
    assert event.new_definition == "CREATE TABLE public.t (\n    id integer\n);"
    assert (event.fidelity, rules(event)) == ("repaired" if told else "exact", told)
