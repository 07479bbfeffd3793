"""The rules by which lost steps are inferred: a history of a few rows for each, and what must become of it.

A case says which rule is used, in whose event it is noted, the statement that it ran, and, in plain SQL, what
is there after the last row. For every case holds: what v1 recorded is not contradicted by any event that is
`exact` or `repaired`, rows keep what v1 said of them, and each old definition is the last new one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from building import Definitions, Scratch, every_statement_can_be_rebuilt, replayed, tree_of
from sqlglot import TokenType
from sqlglot.dialects.postgres import Postgres

from pggit_audit.history import HistoryRow
from pggit_audit.replay import Event
from pggit_audit.shadow import Shadow

DAY = timedelta(days=1)


@dataclass(frozen=True)
class Case:
    """A history, the rule that it needs, and what it comes to.

    `truth`: what the last row leaves, as SQL. `live`: what the live catalog has, if that is another. `about`:
    whose event notes the repair, of the row `at` (an inferred event's anchor); None for the last row. `base`:
    what was published before the first of these rows.
    """

    what: str
    rule: str
    about: str
    statement: str
    rows: Sequence[HistoryRow]
    truth: str
    live: str | None = None
    at: int | None = None
    base: str | None = None

    def __str__(self) -> str:
        return f"{self.rule}: {self.what}"


T = "create table t (id integer, name text)"

SET_UP = (
    "create table t (id integer, name text); "
    "create function f() returns trigger language plpgsql as 'begin return new; end'; "
)

TRIGGER = "create trigger g before insert on t for each row execute function f()"


def must_hold(
    rows: Sequence[HistoryRow], events: Sequence[Event], scratch: Scratch, base: Definitions | None = None
) -> None:
    """What is true of any replay, whatever it had to infer."""
    by_id = {r.version_id: r for r in rows}
    told = [e.v1_version_id for e in events if e.origin in ("v1", "excluded")]
    assert sorted(told) == sorted(by_id)
    for i, event in enumerate(events):
        if event.origin != "v1":
            continue
        recorded = by_id[event.v1_version_id]
        assert (event.author, event.committed_at, event.change_type, event.commit_message) == (
            recorded.author, recorded.created_at, recorded.change_type, recorded.message,
        )  # fmt: skip
        if event.fidelity == "exact":
            assert event.repairs == []
        if (
            event.fidelity not in ("exact", "repaired")
            or not recorded.columns
            or event.new_definition is None
        ):
            continue
        found = scratch.recorded(tree_of(events[: i + 1], base), event.object_schema, recorded.name)
        assert list(found) == sorted(recorded.columns, key=lambda c: recorded.columns[c]["position"])
        for name, fact in recorded.columns.items():
            assert {k: found[name][k] for k in ("type", "nullable", "default")} == {
                k: fact[k] for k in ("type", "nullable", "default")
            }


def capitals(text: str) -> str:
    """The text with all that PostgreSQL reads in lower case in capitals."""
    letters = list(text)
    for token in Postgres().tokenize(text):
        written = text[token.start : token.end + 1]
        if token.token_type != TokenType.IDENTIFIER and written.upper() == token.text.upper():
            letters[token.start : token.end + 1] = written.upper()
    return "".join(letters)


def brief(events: Sequence[Event]) -> list[tuple[int | None, str, str | None, str | None]]:
    return [
        (e.anchor_version_id, e.origin, e.object_identity, e.fidelity)
        for e in events
        if e.object_type != "SCHEMA"
    ]


def case_holds(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    live = scratch.objects(case.truth if case.live is None else case.live)
    base = None
    if case.base is not None:
        shadow.run(case.base)
        base = scratch.definitions(case.base)
    events, replay = replayed(shadow, case.rows, live, base)
    at = case.at or case.rows[-1].version_id
    noted = [
        (e.object_identity, r["statement"], e.fidelity)
        for e in events
        for r in e.repairs
        if e.anchor_version_id == at and r["rule"] == case.rule
    ]
    assert any(path == case.about and text.startswith(case.statement) for path, text, _ in noted), (
        noted,
        [
            (e.anchor_version_id, e.origin, e.object_identity, e.fidelity, e.repairs, e.findings)
            for e in events
        ],
    )
    assert {fidelity for *_, fidelity in noted} == {"repaired"}
    assert tree_of(events, base) == scratch.definitions(case.truth)
    must_hold(case.rows, events, scratch, base)
    every_statement_can_be_rebuilt(case.rows, events, scratch, base)
    end = tree_of([*events, *replay.reconcile(live)], base)
    assert end == {o.object_identity: o.definition for o in live}


def case_holds_in_capitals(case: Case, shadow: Shadow, scratch: Scratch) -> None:
    live = scratch.objects(case.truth if case.live is None else case.live)
    if case.base is not None:
        shadow.run(case.base)
    base = scratch.definitions(case.base) if case.base is not None else None
    rows = [replace(row, change_sql=row.change_sql and capitals(row.change_sql)) for row in case.rows]
    events, _ = replayed(shadow, rows, live, base)
    assert tree_of(events, base) == scratch.definitions(case.truth)
    assert case.rule in {r["rule"] for e in events for r in e.repairs}
