"""Fixtures of the engine's tests: servers of each version, and one shadow for all histories."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from building import Scratch, Version, new_database
from helpers import NAMED_BINARIES, major_version

from pggit_audit import embedded
from pggit_audit.shadow import Shadow, open_shadow


@pytest.fixture(scope="session")
def server_version(server: embedded.Server) -> Version:
    return Version(16, server.params("postgres"), server.bin)


@pytest.fixture(scope="session", params=[16, 18, 15])
def each_version(request: pytest.FixtureRequest) -> Version:
    """Each server that the tests run on in turn: embedded 16 and 18, and Debian's 15 where it is there."""
    if request.param == 15:
        named: dict[str, Any] = request.getfixturevalue("named_server")
        return Version(major_version(named), named, NAMED_BINARIES)
    found: embedded.Server = request.getfixturevalue("server" if request.param == 16 else "server_18")
    return Version(request.param, found.params("postgres"), found.bin)


@pytest.fixture(params=[16, 18])
def new_shadow(request: pytest.FixtureRequest) -> Iterator[tuple[Shadow, Version]]:
    """A shadow of its own on each embedded server in turn, and that server."""
    found: embedded.Server = request.getfixturevalue("server" if request.param == 16 else "server_18")
    version = Version(request.param, found.params("postgres"), found.bin)
    with open_shadow(version.params, hidden=()) as shadow:
        yield shadow, version


@pytest.fixture(scope="module")
def _one_shadow(server: embedded.Server) -> Iterator[Shadow]:
    with open_shadow(server.params("postgres"), hidden=()) as shadow:
        yield shadow


@pytest.fixture
def shadow(_one_shadow: Shadow) -> Shadow:
    """A shadow that is as good as new: one database for all tests of a module, emptied before each."""
    _one_shadow.end_execution()
    _one_shadow.run("drop owned by current_user cascade")
    _one_shadow.after_code()
    _one_shadow.run("create schema public; comment on schema public is 'standard public schema'")
    return _one_shadow


@pytest.fixture(scope="session")
def scratch(server_version: Version) -> Iterator[Scratch]:
    """Where a test asks what a script would have made."""
    with new_database(server_version) as connection:
        yield Scratch(connection)
