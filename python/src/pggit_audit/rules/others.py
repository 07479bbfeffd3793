"""Collations, operators, casts, text search objects and others of which v1 keeps nothing at all, not even a name.

One shows in a statement that fails for lack of it (`missing`, `missing_operator`, `missing_cast`), and comes as the
live catalog has it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import parse_name, qualified, quote_if_needed
from pggit_audit.history import HistoryRow
from pggit_audit.rules import IMPLIED_DROP
from pggit_audit.rules.naming import Naming, said
from pggit_audit.rules.situation import Evidence, Failure, Repair, Situation, as_live
from pggit_audit.statements import Statement, quote, split

# What has another keyword before it is none of these.
_ONLY_BEHIND = {"COLLATION": ("COLLATE", "COLLATION"), "SERVER": ("SERVER",)}
_CAST = re.compile(r"\((.+) AS (.+)\)")
_RULES = """
    select r.rulename::pg_catalog.text, i.identity, pg_catalog.pg_get_ruledef(r.oid)
    from pg_catalog.pg_rewrite as r
    join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) r.ev_class
    join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) c.relnamespace
    cross join lateral pg_catalog.pg_identify_object(
        'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid, r.oid, 0
    ) as i
    where
        n.nspname operator(pg_catalog.=) %(schema)s::pg_catalog.name
        and c.relname operator(pg_catalog.=) %(view)s::pg_catalog.name
        and r.rulename operator(pg_catalog.<>) '_RETURN'::pg_catalog.name
    order by r.rulename
"""


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


def rules_in_the_way(
    evidence: Evidence, situation: Situation, statement: Statement, row: HistoryRow
) -> Iterator[Repair]:
    """The rules of a view that return its columns, and may not return all that it has once it is replaced, where
    nothing names them any more: they went before."""
    if statement.tag != "CREATE VIEW" or not statement.or_replace or row.object_type != "VIEW":
        return
    view = (row.object_schema, row.name)
    if view[1] not in (bare for _, bare in statement.targets):
        return
    for name, identity, text in situation.query(_RULES, {"schema": view[0], "view": view[1]}):
        returns = any("RETURNING" in s.keywords for s in split(text))
        is_named = any(p >= row.position for p in evidence.history.mentions(name))
        if returns and not is_named and ("RULE", identity) not in evidence.live.by_identity:
            drop = f"DROP RULE {quote(name)} ON {qualified(view)};"
            yield Repair(
                IMPLIED_DROP, drop, "the view may have more columns now than it returns, and it is not live"
            )
