"""Whatever a team's migrations do, the rebuilt history keeps its promises.

`make fuzz FUZZ_EXAMPLES=1000` tries as many random histories; CI tries a few, always the same ones.
"""

from __future__ import annotations

from typing import Any

import pytest
from fuzz.asked import fuzz
from fuzz.cases import CASES, DECIDED, OLDER
from fuzz.migrations import Migration, make_migration
from fuzz.rebuild import fidelities, outside, problems, rebuild, recording, tell
from hypothesis import event, given
from hypothesis import strategies as st

from pggit_audit import embedded


@fuzz(25)
@given(data=st.data())
def test_random_migrations(server: embedded.Server, server_18: embedded.Server, data: Any) -> None:
    where = data.draw(st.sampled_from((server, server_18)))
    older: list[Migration] = []
    if data.draw(st.booleans()):
        with recording(where) as draft:
            for _ in range(data.draw(st.integers(1, 3))):
                draft.send(make_migration(data.draw, draft.connection, tries=(4, 16)))
            older = draft.migrations
    with recording(where, older) as made:
        for _ in range(data.draw(st.integers(1, 6))):
            made.send(make_migration(data.draw, made.connection))
        # With the ids of transactions, as on a physical copy, or without.
        events = rebuild(made, with_ids=data.draw(st.booleans()))
        found = [*problems(made, events), *outside(made, events)]
        assert not found, tell(made, found)
        for fidelity in fidelities(events):
            event(fidelity)


@pytest.mark.parametrize("name", CASES)
def test_a_failure_of_the_past(server: embedded.Server, name: str) -> None:
    with recording(server, OLDER.get(name, ())) as made:
        for migration in CASES[name]:
            made.send(migration)
        assert made.refused == []
        events = rebuild(made)
        found = [*problems(made, events), *outside(made, events)]
        assert not found, tell(made, found)
        assert name not in DECIDED or set(fidelities(events)) == {"exact"}
