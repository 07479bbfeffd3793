"""The rewriter: a text of SQL in, a text or the reason out."""

from __future__ import annotations

import re

import pytest
from project import PROJECT

from pggit_audit.night.preflight.calls import CLASSES, CallTable, read_seed
from pggit_audit.night.preflight.rewrite import rewrite
from preflight.cases import CERTAIN, LEFT, NOTHING, OTHERS

TABLE = CallTable(read_seed(PROJECT))
LETTERS = {"H": "get_history", "V": "get_version", "F": "get_version_fast"}


def written_out(text: str) -> str:
    """Put the templates in for `[H:name, limit]` and its like."""

    def query(found: re.Match[str]) -> str:
        call = TABLE.functions(LETTERS[found[1]])[0]
        values = re.split(r", (?=[^,]+$)", found[2]) if len(call.parameters) > 1 else [found[2]]
        template = TABLE.query(call)
        for parameter, value in zip(call.parameters, values, strict=True):
            template = template.replace(f"{{{parameter.name}}}", value)
        return template

    return re.sub(r"\[([HVF]):(.*?)\](?=\))", query, text)


@pytest.mark.parametrize("name", CERTAIN)
def test_what_is_certain_is_written_anew_once(name: str) -> None:
    before, after = CERTAIN[name]
    done = rewrite(before, TABLE)
    assert done.sql == written_out(after)
    assert {use.class_ for use in done.uses} == {"rewrite"} and not any(use.reason for use in done.uses)
    again = rewrite(done.sql, TABLE)
    assert again.sql == done.sql and not again.uses


@pytest.mark.parametrize("text", LEFT)
def test_what_is_not_certain_stays_with_a_reason(text: str) -> None:
    done = rewrite(text, TABLE)
    assert done.sql == text
    assert LEFT[text] in next(use.reason for use in done.uses if use.class_ == "rewrite")


@pytest.mark.parametrize("text", OTHERS)
def test_other_uses_are_told_by_their_class(text: str) -> None:
    done = rewrite(text, TABLE)
    assert done.sql == text
    assert [(use.name, use.class_) for use in done.uses] == OTHERS[text]


@pytest.mark.parametrize("text", NOTHING)
def test_a_name_out_of_its_place_is_no_use(text: str) -> None:
    assert not rewrite(text, TABLE).uses


def test_the_table_is_whole() -> None:
    assert {call.class_ for call in TABLE.calls} == set(CLASSES) - {"unknown_call"}
    for call in TABLE.calls:
        assert call.note, call.v1_call
        assert call.class_ != "rewrite" or (call.template and call.result), call.v1_call
        if call.class_ == "rewrite":
            # so that it fits into a string of any language, and takes a driver's parameters for its own
            assert not re.search(r"['\"`\\%?:$\n]", call.template), call.v1_call


def test_a_function_of_another_result_is_left_to_a_person() -> None:
    other = TABLE.as_installed({"pggit.get_version(text)": "TABLE(major integer, minor integer)"})
    done = rewrite("select * from pggit.get_version('public.books')", other)
    assert [use.class_ for use in done.uses] == ["by_hand"]
    same = TABLE.as_installed({call.v1_call: call.result for call in TABLE.calls})
    assert [use.class_ for use in rewrite("select * from pggit.get_version('a')", same).uses] == ["rewrite"]
