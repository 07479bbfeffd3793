"""Which name an error is about: told without a word of the language that the server speaks."""

from __future__ import annotations

import pytest
from building import NOON, Scratch, replayed, table
from rule_cases import DAY

from pggit_audit.definitions import quote_if_needed
from pggit_audit.rules.naming import Naming, namings, said, told
from pggit_audit.shadow import Shadow
from pggit_audit.statements import split


def names(text: str) -> list[Naming]:
    return [naming for statement in split(text) for naming in namings(statement)]


@pytest.mark.parametrize(
    ("message", "text", "name"),
    [
        ('relation "state" does not exist', "alter table state add type text", (None, "state")),
        ("Relation »state« gibt es nicht", "alter table state add type text", (None, "state")),
        ("la relation « state » est introuvable", "alter table state add la text", (None, "state")),
        ("この“state”がありません", "alter table state add x text", (None, "state")),
        ("no existe la relación «s.t»", "create view v as select no from s.t", ("s", "t")),
        # the server prints no schema, the statement has it
        ('relation "t" already exists', "create table s.t (a integer)", ("s", "t")),
        # names without marks: of types, routines and columns
        ("type state does not exist", "create function f(a state) returns state return a", (None, "state")),
        ("column p.does does not exist", "create view v as select p.does from p", ("p", "does")),
        (
            "Funktion f(integer) gibt es nicht",
            "create trigger t after insert on f execute function f(1)",
            (None, "f"),
        ),
        # longer names first, quotes and dots in names, names in strings
        ('relation "a b" does not exist', 'alter table a add b int; drop table "a b"', (None, "a b")),
        ('relation "x".y" does not exist', 'drop table "x"".y"', (None, 'x".y')),
        ('relation "s.q" does not exist', "select nextval('s.q'::regclass)", ("s", "q")),
        ("relation «q» does not exist", "alter table t alter a set default nextval('q')", (None, "q")),
        # cut as PostgreSQL cuts it
        (f'relation "{"n" * 63}" does not exist', f"drop table {'n' * 70}", (None, "n" * 63)),
    ],
)
def test_the_name_that_a_message_repeats_is_one_of_the_statement(
    message: str, text: str, name: tuple[str | None, str]
) -> None:
    assert told(message, names(text))[0].name == name


def test_what_the_statement_does_not_name_is_no_name() -> None:
    assert told('relation "other" does not exist', names("drop table t")) == []
    assert said('relation "other" does not exist', "the") is None


def test_a_sentence_with_two_names_makes_no_third(shadow: Shadow, scratch: Scratch) -> None:
    """A partition that was attached without a row: the server says that the one is no partition of the other."""
    rows = [
        table(1, "p", "create table p (a integer) partition by list (a)", "a int4", change_type="CREATE"),
        table(2, "q", "create table q (a integer)", "a int4", at=NOON + DAY, change_type="CREATE"),
        table(3, "p", "alter table p detach partition q", "a int4", at=NOON + 2 * DAY),
    ]
    live = scratch.objects("create table p (a integer) partition by list (a); create table q (a integer)")
    events, _ = replayed(shadow, rows, live)
    assert {e.object_identity for e in events} == {"public", "public.p", "public.q"}
    assert events[-1].fidelity == "repaired"


def test_what_needs_quotes_is_what_the_server_quotes(shadow: Shadow) -> None:
    """Of its keywords, those that it prints in quotes: a later version has a few more of them."""
    words = [w for (w,) in shadow.query("select word from pg_catalog.pg_get_keywords()")]
    names = [*words, "a$b", "_a1", "1a", "A", "ä", 'x"y']
    printed = dict(
        shadow.query("select n, quote_ident(n) from unnest(%(names)s::text[]) as n", {"names": names})
    )
    ours = {n for n in names if quote_if_needed(n) != n}
    theirs = {n for n, text in printed.items() if text != n}
    assert ours <= theirs
    assert {n for n in theirs - ours if not n.startswith(("json", "merge_", "system_"))} == set()
