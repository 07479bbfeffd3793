"""What a session reads by its time zone and DateStyle, and what any session reads alike."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from pggit_audit.rules.dates import read_by_session
from pggit_audit.statements import split

MADE = "CREATE TABLE public.t (\n    CONSTRAINT c CHECK ((at > '2020-01-01 00:00:00+00'::timestamp with time zone))\n);"
DAY = "CREATE TABLE public.t (\n    CONSTRAINT c CHECK ((day > '2024-02-01'::date))\n);"
ADD = "alter table t add constraint c check (at > {})"


def read(
    text: str, new: str, live: str = "", default: str = "", sets_zone: bool = False, old: str = ""
) -> Any:
    evidence = SimpleNamespace(live=SimpleNamespace(by_identity={1: SimpleNamespace(definition=live)}))
    row = SimpleNamespace(columns={"at": {"default": default}})
    return read_by_session(evidence, split(text)[0], row, old or None, new, sets_zone)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("text", "new"),
    [
        (ADD.format("'2020-01-01'"), MADE),
        (ADD.format("'2020-01-01 00:00'"), MADE),
        (ADD.format("timestamptz 'Jan 1 2020'"), MADE),
        (ADD.format("'20200101'"), MADE),
        ("do $$ begin execute 'alter table t add check (at > ''2020-01-01'')'; end $$", MADE),
        ("alter table t add check (day > '01/02/2024')", DAY),
    ],
)
def test_what_another_session_reads_otherwise(text: str, new: str) -> None:
    assert read(text, new) is not None
    # unless the object lives, and has the same
    assert read(text, new, live=new) is None


@pytest.mark.parametrize(
    "literal",
    ["'2020-01-01 00:00:00+00'", "'2020-01-01T02:00:00+02'", "'2020-01-01 00:00Z'", "'2020-01-01 0:00 UTC'"],
)
def test_a_moment_with_its_zone_is_certain(literal: str) -> None:
    assert read(ADD.format(literal), MADE) is None


def test_what_the_text_the_record_or_the_definition_before_tells_is_certain() -> None:
    text = ADD.format("'2020-01-01'")
    assert read(text, MADE, sets_zone=True) is None
    assert read(text, MADE, default="'2020-01-01 00:00:00+00'::timestamp with time zone") is None
    assert read(text, MADE, old=MADE) is None
    assert read("alter table t add check (day > '2024-02-01')", DAY) is None


def test_another_object_that_lives_tells_nothing() -> None:
    assert read(ADD.format("'2020-01-01'"), MADE, live=MADE.replace("public.t", "public.u")) is not None
