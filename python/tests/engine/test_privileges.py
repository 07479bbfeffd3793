"""Code without what it says of roles and privileges."""

from __future__ import annotations

import re

import pytest

from pggit_audit.rules.privileges import left_out, without
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
        "begin raise notice 'grant'; perform revoke(1); end",
        "begin create policy p on t to r; end",
    ],
)
def test_what_says_nothing_of_them_stays(code: str) -> None:
    assert left_out(code) is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("grant select on t to r", True),
        ("\n REVOKE ALL ON t FROM r;\n", True),
        ("alter function a.f(int, text) owner to r", True),
        ('alter table if exists "owner to x" owner to "a b"', True),
        ("create user r login", True),
        ("grant select on t to r; create table a (id int)", False),
        ("alter table t add c int, owner to r", False),
        ("alter table t rename owner to other", False),
        ("create table grant_ (id int)", False),
        ("alter table t alter owner to_ type text", False),
        ("set search_path to a", False),
    ],
)
def test_what_code_executes_is_left_out_where_it_is_nothing_else(text: str, said: bool) -> None:
    other = left_out("begin execute command into a using b; end") or ""
    expression, pattern = other[len("begin execute ") :], re.search(r"~\*\) '(.*?)' then 'select'", other)
    assert expression.endswith(" into a using b; end")
    assert pattern is not None
    ours = re.sub(r"\[\[:space:\]\]", r"\\s", pattern[1]).replace("[[:alnum:]_.]", r"[\w.]")
    assert bool(re.search(ours.replace("[[:alpha:]]", "[a-z]"), text, re.IGNORECASE)) is said


def test_a_block_keeps_the_marks_of_its_body() -> None:
    (block,) = split("do language plpgsql $do$ begin grant a to b; end $do$")
    assert without(block).text == "do language plpgsql $do$ begin NULL; end $do$"
    (other,) = split("do 'begin grant a to b; perform ''x''; end'")
    assert without(other).text == "do 'begin NULL; perform ''x''; end'"
