"""A database beside the target orders texts as the target does, whoever orders them there."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest
from helpers import execute

from pggit_audit import embedded
from pggit_audit.databases import locale_of
from pggit_audit.shadow import open_shadow

# What only some orders of texts let be: in that of C every capital comes first.
BOUNDS = "create table t (x text) partition by range (x); create table u partition of t for values from ('a') to ('B')"
MAKES = {
    "i": "locale_provider icu icu_locale 'en-US'",
    "r": "locale_provider icu icu_locale 'en-US' icu_rules '&b < a < B'",
    "c": "locale_provider libc",
    "b": "locale_provider builtin builtin_locale 'C.UTF-8'",
}


@pytest.fixture
def target(
    request: pytest.FixtureRequest, named_server: dict[str, Any], server_18: embedded.Server
) -> Iterator[dict[str, Any]]:
    admin = server_18.params("postgres") if request.param == "b" else named_server
    with psycopg.connect(**admin) as connection:
        if request.param == "r" and connection.info.server_version < 160000:
            pytest.skip("rules of ICU's own came with 16")
    execute(
        admin,
        f"create database ordered template template0 lc_collate 'C' lc_ctype 'C' {MAKES[request.param]}",
    )
    try:
        yield {**admin, "dbname": "ordered"}
    finally:
        execute(admin, "drop database ordered with (force)")


@pytest.mark.parametrize(
    ("target", "fits"), [("i", True), ("r", True), ("c", False), ("b", False)], indirect=["target"]
)
def test_the_shadow_orders_texts_as_the_target(target: dict[str, Any], fits: bool) -> None:
    with psycopg.connect(**target) as connection:
        wanted = locale_of(connection)
    with open_shadow(target, hidden=(), seconds=5) as shadow:
        with psycopg.connect(**{**target, "dbname": shadow.name}) as connection:
            assert locale_of(connection) == wanted
        if fits:
            shadow.run(BOUNDS)
        else:
            with pytest.raises(psycopg.errors.InvalidObjectDefinition):
                shadow.run(BOUNDS)
