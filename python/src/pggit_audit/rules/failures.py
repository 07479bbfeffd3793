"""Which rule looks at which way to fail: by PostgreSQL's error code, and what its message is about.

A rule proposes steps that bring the shadow to where the real database must have been. Most reliable first: the
recorded columns of the row, the object's later rows, names and literals of the failing statement, the live catalog.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from pggit_audit.definitions import qualified
from pggit_audit.rules import (
    FROM_LIVE_CATALOG,
    IMPLIED_CASCADE,
    IMPLIED_DROP,
    attachments,
    columns,
    constraints,
    extensions,
    foreign_keys,
    others,
    relations,
    routines,
    schemas,
    sequences,
    types,
)
from pggit_audit.rules.naming import Naming
from pggit_audit.rules.situation import Evidence, Failure, Repair, Situation
from pggit_audit.statements import Name, Statement, quote, split


def proposals(
    evidence: Evidence, error: psycopg.Error, statement: Statement, situation: Situation
) -> list[Repair]:
    """Repairs that may let the statement run, best first; empty where there is no evidence."""
    rule = _BY_CODE.get(error.sqlstate or "")
    return rule(evidence, Failure(error, statement, situation)) if rule else []


def _missing_column(evidence: Evidence, failure: Failure) -> list[Repair]:
    return columns.missing(evidence, failure) + relations.wider_stub(failure)


# What has a name before which one of these stands is no type.
_NO_TYPES = {
    "AUTHORIZATION", "COLLATE", "CONFIGURATION", "CONSTRAINT", "DICTIONARY", "EXTENSION", "FAMILY", "GROUP", "INDEX",
    "LANGUAGE", "METHOD", "PARSER", "POLICY", "ROLE", "RULE", "SERVER", "TABLESPACE", "TEMPLATE", "TRIGGER", "USER",
    "USING",
}  # fmt: skip
# Statements about these name types only where one casts to them.
_CAST_IN = {"INDEX", "POLICY", "PUBLICATION", "RULE", "STATISTICS", "TRIGGER"}
# And about these, nowhere.
_WITHOUT_TYPES = {
    "ACCESS_METHOD", "COLLATION", "CONVERSION", "EVENT_TRIGGER", "EXTENSION", "LANGUAGE", "SERVER", "SUBSCRIPTION",
    "TEXT_SEARCH",
}  # fmt: skip


def _missing_object(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A type is not there, or the key of a table; what else may be missing has no row, and no evidence."""
    if constraints.referenced(failure):
        return constraints.missing_key(failure)
    if moves := extensions.moved(evidence, failure):
        return moves
    found = constraints.missing(evidence, failure) or foreign_keys.known_by_its_name_alone(evidence, failure)
    if found:
        return found
    statement = failure.statement
    if statement.object_type in ("INDEX", "TRIGGER", "POLICY", "RULE", "VIEW") and statement.verb != "CREATE":
        return []
    about = [n for n in failure.told if not n.in_string and not _is_type(failure, n.name)]
    first = [naming for naming in about if naming.parts == about[0].parts]
    found = others.missing(evidence, failure, (n for n in failure.told if not failure.is_there(n.name)))
    if found:
        return found
    if not any(_may_be_type(naming, statement) for naming in first):
        return []
    return types.missing(evidence, failure, first[0].name)


def _is_type(failure: Failure, name: Name) -> bool:
    """Whether a type of the name is there, be it that of a relation's rows; sequences and indexes have none."""
    found = (failure.situation.relation(full) for full in failure.resolve(name))
    return any(o is not None and o.object_type not in ("SEQUENCE", "INDEX") for o in found)


# Behind these, such a word is the name of a column or of an argument, and a type follows; but for reserved words.
_BEFORE_COLUMN = {"(", ",", "ADD", "COLUMN", "EXISTS", "IN", "INOUT", "OUT", "VARIADIC"}
_RESERVED = {"COLLATE", "CONSTRAINT", "GROUP", "USER"}


def _may_be_type(naming: Naming, statement: Statement) -> bool:
    """Whether a name stands where a type may stand."""
    second, first = naming.before
    is_column = second in _BEFORE_COLUMN and first not in _RESERVED
    if (first in _NO_TYPES and not is_column) or (second, first) == ("OWNER", "TO"):
        return False
    kind = statement.object_type
    return kind not in _WITHOUT_TYPES and (kind not in _CAST_IN or first in ("::", "AS"))


def _name_in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """What the statement makes is there already."""
    why = "the recorded statement ran, so what has the name was gone by then"
    statement = failure.statement
    target = statement.targets[0] if statement.targets else None
    if statement.object_type in ("TRIGGER", "POLICY", "RULE") and target:
        drop = f"DROP {statement.object_type} {quote(target[1])} ON {failure.on_table(target)};"
        return [Repair(IMPLIED_DROP, drop, why)]
    part = next((n.parts[-1] for n in failure.told if n.before[1] == "CONSTRAINT"), None)
    if part is not None and statement.tag == "ALTER TABLE" and target and failure.error.sqlstate == "42710":
        drop = f"ALTER TABLE {qualified(target)} DROP CONSTRAINT {quote(part)};"
        return [Repair(IMPLIED_DROP, drop, why)]
    attached = failure.error.sqlstate == "42710" and (statement.action == "code" or not failure.told)
    found = attachments.in_the_way(failure, why) if attached else []
    if found:
        return found
    # What a statement alters is not in its own way.
    made = target if statement.verb == "CREATE" else None
    for name in dict.fromkeys(n for n in (failure.name(), made) if n is not None):
        found += relations.in_the_way(evidence, failure, name, why)
    if statement.object_type in ("FUNCTION", "PROCEDURE", "AGGREGATE") and made:
        found += routines.in_the_way(failure, made, why)
    if statement.object_type == "SCHEMA" and made:
        found.append(schemas.in_the_way(made[1], why))
    return found


def _definition_in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """CREATE OR REPLACE cannot make this of what has the name, or there is a primary key already."""
    statement = failure.statement
    why = "the recorded CREATE OR REPLACE ran, so what had the name was gone by then"
    if not statement.targets:
        return []
    target = statement.targets[0]
    if statement.object_type in ("FUNCTION", "PROCEDURE", "AGGREGATE"):
        return routines.in_the_way(failure, target, why)
    if statement.object_type == "VIEW":
        drop = f"DROP VIEW {qualified(target)}"
        renamed = (
            [] if relations.may_be_dropped_unseen(evidence, failure, target) else columns.of_view(failure)
        )
        return renamed or [
            Repair(IMPLIED_DROP, drop + ";", why),
            Repair(IMPLIED_DROP, drop + " CASCADE;", why),
        ]
    return (
        constraints.primary_key_in_the_way(failure)
        if any(w.startswith("PRIMARY") for w in statement.keywords)
        else []
    )


def _dependents_in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A drop without CASCADE: what depends on it was gone by then."""
    text = failure.statement.text.rstrip().rstrip(";")
    if text.upper().endswith("RESTRICT"):
        text = text[: -len("RESTRICT")].rstrip()
    why = "v1 recorded the statement, so what depends on it was gone by then: "
    why += "; ".join(failure.detail.splitlines())
    handed_on = sequences.handed_on(evidence, failure)
    return [*handed_on, Repair(IMPLIED_CASCADE, text + " CASCADE", why, rewrite=True)]


# What reads columns of a table, by their names: views, then policies and triggers.
_READERS = """
    select distinct
        case
            when c.relkind operator(pg_catalog.=) 'm' then 'MATERIALIZED VIEW'
            when r.oid is not null then 'VIEW'
            when p.oid is not null then 'POLICY'
            else 'TRIGGER'
        end,
        coalesce(p.polname, t.tgname)::pg_catalog.text,
        coalesce(c.oid, p.polrelid, t.tgrelid)::pg_catalog.regclass::pg_catalog.text,
        r.oid is null
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_attribute as a
        on a.attrelid operator(pg_catalog.=) d.refobjid and a.attnum operator(pg_catalog.=) d.refobjsubid
    left join pg_catalog.pg_rewrite as r
        on d.classid operator(pg_catalog.=) 'pg_catalog.pg_rewrite'::pg_catalog.regclass::pg_catalog.oid
        and r.oid operator(pg_catalog.=) d.objid
    left join pg_catalog.pg_class as c on c.oid operator(pg_catalog.=) r.ev_class
    left join pg_catalog.pg_policy as p
        on d.classid operator(pg_catalog.=) 'pg_catalog.pg_policy'::pg_catalog.regclass::pg_catalog.oid
        and p.oid operator(pg_catalog.=) d.objid
    left join pg_catalog.pg_trigger as t
        on d.classid operator(pg_catalog.=) 'pg_catalog.pg_trigger'::pg_catalog.regclass::pg_catalog.oid
        and t.oid operator(pg_catalog.=) d.objid
    where
        d.refclassid operator(pg_catalog.=) 'pg_catalog.pg_class'::pg_catalog.regclass::pg_catalog.oid
        and d.refobjid operator(pg_catalog.=) pg_catalog.to_regclass(%(table)s)::pg_catalog.oid
        and a.attname operator(pg_catalog.=) any (%(words)s::pg_catalog.name[])
        and coalesce(r.oid, p.oid, t.oid) is not null
    order by 4, 1, 3, 2
"""


def _users_of_column_in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A view, a trigger or a policy uses the column that the statement changes."""
    if failure.statement.tag != "ALTER TABLE":
        return []
    why = f"the recorded statement ran, so nothing was in its way: {failure.detail}"
    tables = [full for name in failure.statement.targets for full in failure.resolve(name)]
    readers = [
        reader
        for table in tables
        for reader in failure.situation.query(
            _READERS, {"table": qualified(table), "words": list(failure.statement.words)}
        )
    ]
    return [
        Repair(
            IMPLIED_DROP, f"DROP {kind} {quote(name)} ON {on};" if name else f"DROP {kind} {on} CASCADE;", why
        )
        for kind, name, on, _ in readers
    ]


def _privileged(evidence: Evidence, failure: Failure) -> list[Repair]:
    """Only a superuser may make it, and the live catalog has one: the build makes that (`trusted`)."""
    statement = failure.statement
    if statement.verb != "CREATE" or not statement.targets:
        return []
    name = statement.targets[0]
    if statement.object_type in ("FUNCTION", "PROCEDURE"):
        found = routines.privileged(evidence, failure, name)
    else:
        kind = {"LANGUAGE": "PROCEDURAL LANGUAGE"}.get(
            statement.object_type, statement.object_type.replace("_", " ")
        )
        found = [o for o in evidence.live.others.get(name[1], ()) if o.object_type == kind]
    return [
        Repair(
            FROM_LIVE_CATALOG,
            split(live.definition)[0].text,
            f"only a superuser may run the statement; {live.object_identity} is in the live catalog",
            rewrite=True,
            inferred=(live.object_schema, live.object_name),
        )
        for live in found
    ]


# By SQLSTATE, see "PostgreSQL Error Codes" in PostgreSQL's documentation.
_BY_CODE: dict[str, Callable[[Evidence, Failure], list[Repair]]] = {
    "42P01": relations.missing,
    "42703": _missing_column,
    "42704": _missing_object,
    "3F000": schemas.missing,
    "42883": lambda evidence, failure: [
        *extensions.moved(evidence, failure),
        *routines.missing(evidence, failure),
        *others.missing_operator(evidence, failure),
        *columns.of_another_type(failure),
    ],
    "42725": routines.ambiguous,
    "42804": lambda _, failure: [
        *constraints.of_two_types_in_the_way(failure),
        *columns.of_another_type(failure),
    ],
    "42846": lambda evidence, failure: [
        *others.missing_cast(evidence, failure),
        *columns.of_another_type(failure),
    ],
    "22P02": types.missing_label,
    "42P07": _name_in_the_way,
    "42710": _name_in_the_way,
    "42723": _name_in_the_way,
    "42P06": _name_in_the_way,
    "42701": columns.in_the_way,
    "42P16": _definition_in_the_way,
    "42P13": _definition_in_the_way,
    "42611": _definition_in_the_way,
    "42809": lambda _, failure: relations.of_another_kind(failure),
    "2BP01": _dependents_in_the_way,
    "42501": _privileged,
    "0A000": _users_of_column_in_the_way,
    "42830": lambda _, failure: constraints.missing_key(failure),
}
