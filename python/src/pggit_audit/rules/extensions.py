"""Extensions: v1 records none (FORMATS 1.1), but each function that one brings, with the text that creates it."""

from __future__ import annotations

import re

from pggit_audit.definitions import STATEMENT
from pggit_audit.lexing import QUOTED, says
from pggit_audit.rules import OLDER_EXTENSION
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import split, unquote

_EXTENSION = re.compile(
    rf"\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?(?P<name>{QUOTED}|\w+)", re.IGNORECASE
)


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
