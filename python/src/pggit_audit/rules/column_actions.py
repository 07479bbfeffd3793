"""What texts do to the columns of tables: ADD, DROP, RENAME and ALTER COLUMN, in ALTER TABLE or in code that has it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence

from pggit_audit.definitions import parse_name
from pggit_audit.lexing import DOTTED, NAME
from pggit_audit.rules.type_changes import restated
from pggit_audit.statements import Name, Statement, folded, unquote

_ACTION = re.compile(
    rf"\badd\s+(?:column\s+)?(?P<if_missing>if\s+not\s+exists\s+)?(?P<added>{NAME})"
    rf"|\bdrop\s+(?:column\s+)?(?P<if_there>if\s+exists\s+)?(?P<dropped>{NAME})"
    rf"|\brename\s+(?:column\s+)?(?P<old>{NAME})\s+to\s+(?P<new>{NAME})"
    rf"|\balter\s+(?:column\s+)?(?P<altered>{NAME})\s+"
    r"(?P<what>(?:set|drop)\s+(?:not\s+null|default)\b|add\s+generated\b)"
)
RETYPED = re.compile(rf"\balter\s+(?:column\s+)?({NAME})\s+(?:set\s+data\s+)?type\b", re.IGNORECASE)
"""A change of a column's type: the column."""
_ALTERS = re.compile(
    rf"\balter\s+table\s+(?:if\s+exists\s+)?(?:only\s+)?(?P<table>{DOTTED})(?P<actions>[^;]*)"
)
_ALTERS_ANY = re.compile(r"\balter\s+table\b[^;]*")
# What ALTER TABLE may drop that is no column.
_NO_COLUMNS = {"constraint", "default", "expression", "identity", "not"}

Action = Mapping[str, str | None]
Actions = Sequence[Action]
"""What texts do to the columns of a table, in order: the groups of `_ACTION`."""


def added(actions: Iterable[Action]) -> set[str]:
    """The columns that actions add."""
    return {unquote(name) for action in actions if (name := action["added"]) is not None}


def taken_away(action: Action) -> str | None:
    """The column that an action takes away."""
    spelled = action["dropped"]
    return None if spelled is None or spelled in _NO_COLUMNS else unquote(spelled)


def actions_of(statement: Statement) -> Iterator[Action]:
    """What a statement does to the columns of any table: by itself, or in code (which may put its ALTER TABLE
    together). A NOT NULL that is only said again is nothing that it does."""
    if statement.tag == "ALTER TABLE":
        again = restated(statement)
        for match in _ACTION.finditer(statement.folded):
            is_set = match["altered"] and match["what"].split() == ["set", "not", "null"]
            if not (is_set and unquote(match["altered"]) in again):
                yield match.groupdict()
    for body in _bodies(statement):
        for altered in _ALTERS_ANY.findall(body):
            yield from (match.groupdict() for match in _ACTION.finditer(altered))


def actions_on(names: Collection[Name], statement: Statement) -> Iterator[Action]:
    """What a statement does to the columns of a table that has these names: by itself, or as code, which may look first
    whether it must."""
    if statement.tag == "ALTER TABLE":
        if is_on(names, statement):
            yield from actions_of(statement)
        return
    for body in _bodies(statement):
        for altered in _ALTERS.finditer(body):
            if _means(names, *parse_name(altered["table"])):
                yield from (
                    {**match.groupdict(), "if_missing": "code"}
                    for match in _ACTION.finditer(altered["actions"])
                )


def _bodies(statement: Statement) -> Iterator[str]:
    """The bodies of a statement that is code, folded."""
    yield from (folded(t.text) for t in statement.tokens if statement.action == "code" and ";" in t.text)


def is_on(names: Collection[Name], statement: Statement) -> bool:
    """Whether a statement is on a table that has these names."""
    return any(_means(names, *target) for target in statement.targets)


def _means(names: Collection[Name], schema: str | None, bare: str) -> bool:
    return any(bare == name[1] and schema in (None, name[0]) for name in names)


def name_before(name: str, actions: Actions) -> str | None:
    """What the column that has a name behind all actions was called before them; None where one adds it."""
    for i, action in reversed([*enumerate(actions)]):
        came, old, new = (unquote(action[n] or "") for n in ("added", "old", "new"))
        if came == name:
            return None
        if new == name:
            return name_before(old, actions[:i])
    return name
