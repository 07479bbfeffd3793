"""Which rule looks at which way to fail: by PostgreSQL's error code, and what its message is about.

A rule proposes steps that bring the shadow to where the real database must have been. Most reliable first: the
recorded columns of the row, the object's later rows, names and literals of the failing statement, the live catalog.
"""

from __future__ import annotations

import re
from collections.abc import Callable

import psycopg

from pggit_audit.definitions import qualified
from pggit_audit.rules import (
    IMPLIED_CASCADE,
    IMPLIED_DROP,
    attachments,
    columns,
    constraints,
    relations,
    routines,
    schemas,
    types,
)
from pggit_audit.rules.situation import Evidence, Failure, Repair, Situation
from pggit_audit.statements import Statement, quote


def proposals(
    evidence: Evidence, error: psycopg.Error, statement: Statement, situation: Situation
) -> list[Repair]:
    """Repairs that may let the statement run, best first; empty where there is no evidence."""
    rule = _BY_CODE.get(error.sqlstate or "")
    return rule(evidence, Failure(error, statement, situation)) if rule else []


def _missing_column(evidence: Evidence, failure: Failure) -> list[Repair]:
    return columns.missing(evidence, failure) + relations.wider_stub(failure)


def _missing_object(evidence: Evidence, failure: Failure) -> list[Repair]:
    message = failure.message
    if message.startswith("there is no primary key"):
        return constraints.missing_key(failure)
    if message.startswith(("role ", "index ", "constraint ", "trigger ", "policy ", "view ")):
        return []
    return types.missing(evidence, failure)


def _name_in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """What the statement makes is there already."""
    why = "the recorded statement ran, so what has the name was gone by then"
    message, statement = failure.message, failure.statement
    match = re.match(r'(trigger|policy|constraint|rule) "(.*?)" for (?:relation|table) "(.*?)"', message)
    if match:
        kind, table = match[1].upper(), failure.on_table(match[3])
        action = (
            f"ALTER TABLE {table} DROP CONSTRAINT {quote(match[2])};"
            if kind == "CONSTRAINT"
            else f"DROP {kind} {quote(match[2])} ON {table};"
        )
        return [Repair(IMPLIED_DROP, action, why)]
    found: list[Repair] = []
    # What a statement alters is not in its own way.
    target = statement.targets[0] if statement.targets and statement.verb == "CREATE" else None
    for name in (n for n in (failure.name(), target) if n is not None):
        found += relations.in_the_way(evidence, failure, name, why)
    if statement.object_type in ("FUNCTION", "PROCEDURE", "AGGREGATE") and target:
        signature = re.match(r"function (.*) already exists|function \"(.*?)\"", message)
        found += routines.in_the_way(failure, target, why, signature and signature[1])
    if statement.object_type == "SCHEMA" and target:
        found.append(schemas.in_the_way(target[1], why))
    return found


def _definition_in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """CREATE OR REPLACE cannot make this of what has the name, or there is a primary key already."""
    statement = failure.statement
    why = "the recorded CREATE OR REPLACE ran, so what had the name was gone by then"
    if not statement.targets:
        return []
    target = statement.targets[0]
    if statement.object_type in ("FUNCTION", "PROCEDURE", "AGGREGATE"):
        hint = re.search(r"DROP \w+ (.*) first", failure.error.diag.message_hint or "")
        return routines.in_the_way(failure, target, why, hint and hint[1])
    if statement.object_type == "VIEW":
        drop = f"DROP VIEW {qualified(target)}"
        return [Repair(IMPLIED_DROP, drop + ";", why), Repair(IMPLIED_DROP, drop + " CASCADE;", why)]
    return constraints.primary_key_in_the_way(failure) if "primary key" in failure.message else []


def _dependents_in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A drop without CASCADE: what depends on it was gone by then."""
    text = failure.statement.text.rstrip().rstrip(";")
    text = re.sub(r"\s+RESTRICT$", "", text, flags=re.IGNORECASE)
    why = "v1 recorded the statement, so what depends on it was gone by then: "
    why += "; ".join(failure.detail.splitlines())
    return [Repair(IMPLIED_CASCADE, text + " CASCADE", why, rewrite=True)]


def _users_of_column_in_the_way(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A view, a trigger or a policy uses the column that the statement changes."""
    match = re.search(r"on (materialized view|view) (.+?) depends on", failure.detail)
    if match is None:
        return attachments.in_the_way(failure)
    drop = f"DROP {match[1].upper()} {match[2]} CASCADE;"
    why = f"the recorded statement ran, so nothing was in its way: {failure.detail}"
    return [Repair(IMPLIED_DROP, drop, why)]


# By SQLSTATE, see "PostgreSQL Error Codes" in PostgreSQL's documentation.
_BY_CODE: dict[str, Callable[[Evidence, Failure], list[Repair]]] = {
    "42P01": relations.missing,
    "42703": _missing_column,
    "42704": _missing_object,
    "3F000": schemas.missing,
    "42883": routines.missing,
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
    "0A000": _users_of_column_in_the_way,
    "42830": lambda _, failure: constraints.missing_key(failure),
}
