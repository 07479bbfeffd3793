"""Code that a statement runs and does not name: behind a trigger, a rule, a policy, a default, a type, an operator.

Such code may make something of what the history does not have, which is then `exact` for nobody. Told by names: what
names a routine leads to it, and what names that in turn.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from pggit_audit.catalog import DatabaseObject
from pggit_audit.replay.code import code_of, named
from pggit_audit.replay.looks import asks, may_make
from pggit_audit.replay.state import ROUTINES, Difference, State, bare_name
from pggit_audit.rules import DEPENDS_ON_DATA
from pggit_audit.rules.situation import Repair
from pggit_audit.statements import Statement

# What belongs to relations or types that it names: these lead to it.
_ATTACHED = {"TRIGGER", "RULE", "POLICY", "INDEX", "STATISTICS", "CAST", "OPERATOR CLASS"}
# What a change of rows or a query runs, and DDL on the relation does not.
_WITH_ROWS = {"TRIGGER", "RULE", "POLICY"}
# What code calls without a word of it.
_UNSAID = {"OPERATOR", "CAST", "TYPE"}
_LED_TO = {"TABLE", "VIEW", "MATERIALIZED_VIEW", "TYPE"}
# DDL that runs expressions of what it is about, beside what runs a query; ALTER TABLE where one of these is in it.
_RUNS_EXPRESSIONS = {"CREATE INDEX", "ALTER DOMAIN"}
_OF_ROWS = {"ADD", "TYPE", "VALIDATE", "ATTACH", "LOGGED", "UNLOGGED", "ACCESS", "TABLESPACE", "EXPRESSION"}
_PARENT = re.compile(r"\bATTACH PARTITION\b|\bINHERITS\b|\bON (?:DELETE|UPDATE) (?:CASCADE|SET)\b")
_EXECUTES = re.compile(r"\bexecute\b", re.IGNORECASE)
_TOGETHER = re.compile(r"\bexecute\b(?!\s*(?:'|function|procedure))|\|\||\bformat\b|\bconcat", re.IGNORECASE)


def runs_what_looks(statement: Statement, differences: Sequence[Difference], state: State) -> Repair | None:
    """What a statement may have run, without a name of it, that makes something of what the history does not have."""
    is_code = statement.action == "code" or statement.runs_query
    if not differences or not (is_code or _runs_expressions(statement)):
        return None
    # What the statement dropped was there when it ran.
    gone = [d.old for d in differences if d.old is not None]
    routines = [*state.routines(), *(o for o in gone if o.object_type in ROUTINES)]
    askers = [r for r in routines if asks(r.definition)]
    if not askers:
        return None
    makers = [r for r in routines if may_make(r) and (r in askers or named(code_of(r), askers))]
    objects = [*state.objects.values(), *gone]
    found: list[DatabaseObject] = []
    if makers:
        left_out = frozenset[str]() if is_code else _WITH_ROWS
        led = _leading([o for o in objects if o.object_type not in left_out], makers)
        if statement.action == "code":
            # What it names is read as its own (`looks`).
            led -= {bare_name(o) for o in makers}
        is_found = _puts_together(statement) or _says(statement.text, led)
        found = makers if is_found else []
    if not found and is_code:
        led = _leading([o for o in objects if o.object_type in _UNSAID], askers)
        found = askers if _says(statement.text, led - {bare_name(o) for o in askers}) else []
    if not found:
        return None
    which = min(o.object_identity for o in found)
    why = f"it may run code without naming it ({which}) that looks at what the history does not have"
    return Repair(DEPENDS_ON_DATA, "", why)


def _runs_expressions(statement: Statement) -> bool:
    """Whether DDL runs an expression: of each row, or for the bound of a partition."""
    if statement.tag == "ALTER TABLE":
        return not _OF_ROWS.isdisjoint(statement.keywords)
    has_bound = statement.tag == "CREATE TABLE" and "VALUES" in statement.keywords
    return has_bound or statement.tag in _RUNS_EXPRESSIONS


def _puts_together(statement: Statement) -> bool:
    """Whether code executes what does not stand in it as it is: a text put together, or taken from elsewhere."""
    text = statement.text if statement.action == "code" else ""
    return _EXECUTES.search(text) is not None and _TOGETHER.search(text) is not None


@lru_cache(maxsize=4096)
def _words(definition: str) -> frozenset[str]:
    return frozenset(re.findall(r"\w+", definition))


def _leading(objects: Iterable[DatabaseObject], routines: Iterable[DatabaseObject]) -> set[str]:
    """The names that lead to routines: their own, and those of all that names one of these."""
    objects = [o for o in objects if o.object_type not in ("SCHEMA", "EXTENSION")]
    can_be_led = {bare_name(o) for o in objects if o.object_type in _LED_TO}
    led = {bare_name(r) for r in routines}
    waiting = [(o, code_of(o)) for o in objects]
    while True:
        signs = _signs(led)
        further = [
            (o, code)
            for o, code in waiting
            if not led.isdisjoint(_words(code)) or any(s in code for s in signs)
        ]
        if not further:
            return led
        waiting = [told for told in waiting if told not in further]
        for found, code in further:
            led.add(bare_name(found))
            # A routine that makes such a table is no part of it.
            is_parent = found.object_type not in ROUTINES and _PARENT.search(code)
            if found.object_type in _ATTACHED or is_parent:
                led |= can_be_led & _words(code)


def _signs(names: Iterable[str]) -> set[str]:
    """Those that are no words: operators, and names in quotes."""
    return {name for name in names if re.fullmatch(r"\w+", name) is None}


def _says(text: str, names: Collection[str]) -> bool:
    """Whether a text has one of the names in it."""
    signs = _signs(names)
    lower = text.lower()
    return not _words(lower).isdisjoint(n.lower() for n in names if n not in signs) or any(
        s in text for s in signs
    )
