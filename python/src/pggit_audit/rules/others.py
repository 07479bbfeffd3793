"""Collations, operators, casts, text search objects and others of which v1 keeps nothing at all, not even a name.

One shows in a statement that fails for lack of it (`missing`, `missing_operator`, `missing_cast`), and comes as the
live catalog has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import parse_name, quote_if_needed
from pggit_audit.rules.naming import Naming, said
from pggit_audit.rules.situation import Evidence, Failure, Repair, as_live

# What has another keyword before it is none of these.
_ONLY_BEHIND = {"COLLATION": ("COLLATE", "COLLATION"), "SERVER": ("SERVER",)}
_CAST = re.compile(r"\((.+) AS (.+)\)")


def missing(evidence: Evidence, failure: Failure, named: Iterable[Naming]) -> list[Repair]:
    """Objects that a statement names and that are not there; in strings, too: `to_tsvector('simple', …)`."""
    found: list[DatabaseObject] = []
    for naming in named:
        for schema, bare in failure.resolve(naming.name):
            for live in evidence.live.others.get(bare, ()):
                before = _ONLY_BEHIND.get(live.object_type)
                if live.object_schema in (None, schema) and (before is None or naming.before[1] in before):
                    found.append(live)
    return _from_live(failure, found)


def missing_operator(evidence: Evidence, failure: Failure) -> list[Repair]:
    """Operators of the name that the server repeats, those on the search_path first."""
    schemas = list(failure.situation.schemas)
    found = []
    for live in (live for same in evidence.live.others.values() for live in same):
        bare = live.object_name.split("(", 1)[0]
        names = (bare, f"{quote_if_needed(live.object_schema or '')}.{bare}")
        if (
            live.object_type == "OPERATOR"
            and any(said(failure.message, name) for name in names)
            and any(bare in s.text for s in failure.failing)
        ):
            found.append(live)
    found.sort(key=lambda o: schemas.index(o.object_schema) if o.object_schema in schemas else len(schemas))
    return _from_live(failure, found)


def missing_cast(evidence: Evidence, failure: Failure) -> list[Repair]:
    """Casts between types that the server repeats."""
    found = []
    for same in evidence.live.others.values():
        for live in same:
            match = _CAST.fullmatch(live.object_name) if live.object_type == "CAST" else None
            if match is not None and all(said(failure.message, parse_name(t)[1]) for t in match.groups()):
                found.append(live)
    return _from_live(failure, found)


def _from_live(failure: Failure, found: Iterable[DatabaseObject]) -> list[Repair]:
    return [
        as_live(live) for live in found if not failure.situation.holds(live.object_identity, live.object_type)
    ]
