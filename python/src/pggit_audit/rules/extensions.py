"""Extensions: v1 records none (FORMATS 1.1), but each function that one brings, with the text that creates it.

One that was there before the tracker: `pre_existing`. That one was moved shows in a statement that fails (`moved`).
"""

from __future__ import annotations

import re

from pggit_audit.definitions import STATEMENT, quote_if_needed
from pggit_audit.lexing import NAME, says
from pggit_audit.rules import MOVED_EXTENSION, OLDER_EXTENSION
from pggit_audit.rules.situation import Evidence, Failure, Repair
from pggit_audit.statements import quote, split, unquote

_EXTENSION = re.compile(rf"\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?(?P<name>{NAME})", re.IGNORECASE)


def pre_existing(evidence: Evidence) -> list[Repair]:
    """Extensions of the live catalog that were there before the first row: the functions that one brings would
    have left rows, with the text that creates it.

    CASCADE creates others whose names the text does not say. Where a text makes the schema, it was not there yet.
    """
    rows = evidence.history.rows
    texts = dict.fromkeys(r.text for r in rows)
    makers = [text for text in texts if _EXTENSION.search(text)]
    created = [s for text in makers for s in split(text) if _EXTENSION.search(s.folded)]
    brought = {r.text for r in rows if r.object_type == "FUNCTION" and r.change_type == "CREATE"}
    if any("cascade" in s.words for s in created):
        return []
    steps = []
    known: set[str] = set()
    for extension in evidence.live.by_identity.values():
        if extension.object_type != "EXTENSION":
            continue
        makes_schema = re.compile(
            rf'\bcreate\s+schema\s+(?:if\s+not\s+exists\s+)?"?{re.escape(extension.object_schema or "")}(?!\w)',
            re.IGNORECASE,
        )
        # Those that it requires come first.
        for statement in STATEMENT.findall(extension.definition):
            match = _EXTENSION.search(statement)
            if match is None or statement.strip() in known:
                continue
            known.add(statement.strip())
            name = unquote(match["name"])
            if (
                any(says(text, name) for text in makers if text in brought)
                or any(name in s.words and not s.if_exists for s in created)
                or any(makes_schema.search(text) for text in texts)
            ):
                continue
            why = f"the live catalog has the extension {name}, and no row tells of a function that it brought"
            steps.append(Repair(OLDER_EXTENSION, statement.strip(), why))
    return steps


# The extensions that brought types, routines or operator classes of a name, and may be moved.
_BROUGHT = """
    with named (classid, objid) as (
        select t.tableoid, t.oid from pg_catalog.pg_type as t
        where t.typname operator(pg_catalog.=) %(name)s::pg_catalog.name
        union all
        select p.tableoid, p.oid from pg_catalog.pg_proc as p
        where p.proname operator(pg_catalog.=) %(name)s::pg_catalog.name
        union all
        select c.tableoid, c.oid from pg_catalog.pg_opclass as c
        where c.opcname operator(pg_catalog.=) %(name)s::pg_catalog.name
    )
    select e.extname::pg_catalog.text
    from named as m
    join pg_catalog.pg_depend as d
        on d.classid operator(pg_catalog.=) m.classid and d.objid operator(pg_catalog.=) m.objid
    join pg_catalog.pg_extension as e on e.oid operator(pg_catalog.=) d.refobjid
    join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) e.extnamespace
    where
        d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_extension'::pg_catalog.regclass::pg_catalog.oid
        and d.deptype operator(pg_catalog.=) 'e' and e.extrelocatable
        and n.nspname operator(pg_catalog.<>) %(schema)s::pg_catalog.name
    group by 1
    order by 1
"""


def moved(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement names something in a schema, and an extension brought one of its name to another.

    Where it names no schema, one of its search_path that the live extension is in.
    """
    for naming in failure.told:
        schema, bare = naming.name
        for place in (schema,) if schema is not None else failure.situation.schemas:
            if not failure.situation.holds(quote_if_needed(place), "SCHEMA"):
                continue
            found = [
                extension
                for (extension,) in failure.situation.query(_BROUGHT, {"schema": place, "name": bare})
                if schema is not None or _lives_in(evidence, extension, place)
            ]
            if found:
                return [
                    Repair(
                        MOVED_EXTENSION,
                        f"ALTER EXTENSION {quote(extension)} SET SCHEMA {quote(place)};",
                        f"the statement names {bare} in {place}, and the extension {extension} brought it",
                        alone=True,
                        about=f"extension {extension}",
                    )
                    for extension in found
                ]
    return []


def _lives_in(evidence: Evidence, extension: str, schema: str) -> bool:
    return any(
        o.object_type == "EXTENSION" and (o.object_name, o.object_schema) == (extension, schema)
        for o in evidence.live.by_identity.values()
    )
