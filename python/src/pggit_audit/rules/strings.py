"""How a session read backslashes in plain strings: as letters, or as escapes (standard_conforming_strings).

The texts of a session may prove it (`in_force`): they set it, or can be read in one way only. Else what is made of a
string tells (`as_meant`): the recorded default, or the live catalog. On is the setting of every server that nobody told
otherwise.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime

from pggit_audit.history import SESSION, HistoryRow
from pggit_audit.lexing import proven, unescaped
from pggit_audit.rules import SESSION_SETTING
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Statement, split


def in_force(evidence: Evidence, row: HistoryRow) -> tuple[bool | None, list[Repair]]:
    """Whether backslashes were escapes in the session of a row, as its own text or another of the session proves; and
    what makes that an inference."""
    text = row.change_sql or ""
    if "\\" not in text:
        return None, []
    if not any(s.doubtful_strings for s in split(text)) and "\\'" not in text:
        return None, []
    own = proven(text)
    if own is not None:
        return own, []
    rows = evidence.history.rows
    before = (rows[i] for i in range(row.position - 1, -1, -1))
    after = (rows[i] for i in range(row.position + 1, len(rows)))
    for others in (before, after):
        for other in _of_session(row, others):
            found = proven(other.change_sql or "")
            if found is not None:
                why = f"row {other.version_id}, of the same session, can be read with backslashes as escapes only"
                return found, [Repair(SESSION_SETTING, "", why)] if found else []
    return None, []


def _of_session(row: HistoryRow, others: Iterable[HistoryRow]) -> Iterator[HistoryRow]:
    """The rows of the author's session, going away from this one."""
    here = row
    for other in others:
        if not isinstance(here.created_at, datetime) or not isinstance(other.created_at, datetime):
            return
        if abs(other.created_at - here.created_at) > SESSION:
            return
        if other.author == row.author:
            here = other
            yield other


def as_meant(
    evidence: Evidence, statement: Statement, row: HistoryRow, told: tuple[bool | None, list[Repair]]
) -> tuple[Statement, list[Repair]]:
    """The statement as its session read it, and what makes that an inference.

    Args:
        evidence: the history and the live catalog.
        statement: as it is read by what is `told`, or with backslashes as letters where nothing is.
        row: the one that it may be of.
        told: by the texts, see `in_force`.
    """
    escapes, why = told
    doubtful = statement.doubtful_strings
    if escapes is not None:
        return statement, list(why) if "\\" in statement.text else []
    if not doubtful:
        return statement, []
    # A default is printed by the setting of its session: of two backslashes it does not tell what they are.
    made = [str(fact.get("default")) for fact in (row.columns or {}).values()]
    made = [text for text in made if "\\\\" not in text]
    made += _live_definitions(evidence, statement)
    if all(any(_holds(text, value) for text in made) for value in doubtful):
        return statement, []
    if all(any(_holds(text, unescaped(value)) for text in made) for value in doubtful):
        what = "the live catalog, or the row's record, has its strings with the backslashes taken for escapes"
        return _escaping(statement), [Repair(SESSION_SETTING, "", what)]
    what = (
        "a backslash in a string is a letter or an escape by a setting of the session, of which v1 keeps nothing; "
        "it is taken for a letter, as servers do that nobody told otherwise"
    )
    return statement, [Repair(SESSION_SETTING, "", what)]


def _escaping(statement: Statement) -> Statement:
    found = split(statement.text, escapes=True)
    return found[0] if len(found) == 1 else statement


def _live_definitions(evidence: Evidence, statement: Statement) -> list[str]:
    """Of the live objects that a statement is about."""
    names = {bare for _, bare in (*statement.targets, *((statement.on,) if statement.on else ()))}
    return [
        o.definition for o in evidence.live.by_identity.values() if o.object_name.split("(", 1)[0] in names
    ]


def _holds(text: str, value: str) -> bool:
    """Whether a definition has a string in it, in one of the ways in which PostgreSQL prints it, or as a body."""
    quoted = value.replace("'", "''")
    doubled = quoted.replace("\\", "\\\\")
    bodies = (f"${kind}${value}${kind}$" for kind in ("function", "procedure"))
    return any(form in text for form in (f"'{quoted}'", f"E'{doubled}'", *bodies))
