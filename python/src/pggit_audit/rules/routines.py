"""Routines: v1 records functions by their oid (FORMATS 1.4), their CREATE with its text, and no drop.

A routine shows in a statement that fails (`missing`, `in_the_way`), a drop in the plain CREATE of another signature
(`replaced_overloads`) or by `relations.lost_drop`. What it takes from its session: `session_settings`. What was there
before the tracker: `pre_existing`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import parse_name
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import DOTTED, QUOTED, says
from pggit_audit.rules import (
    IMPLIED_DROP,
    OLDER_FUNCTION,
    REPLACED_OVERLOAD,
    SESSION_SETTING,
)
from pggit_audit.rules.dating import as_older
from pggit_audit.rules.placing import texts_naming
from pggit_audit.rules.situation import Evidence, Failure, Repair, Situation, as_live, under_schema
from pggit_audit.statements import Name, Statement, unquote

# A text that makes a routine, or gives one its name or its schema; the name as it stands there.
_ROUTINE = re.compile(
    rf"\b(?:function|procedure|routine|aggregate)\s+(?:if\s+exists\s+)?({DOTTED})\s*\(",
    re.IGNORECASE,
)
_MAKES_ROUTINE = re.compile(r"\bcreate\b|\brename\s+to\b|\bset\s+schema\b|\bexecute\b", re.IGNORECASE)
_FROM_CURRENT = re.compile(rf"\bset\s+(?P<name>{QUOTED}|[\w.]+)\s+from\s+current\b", re.IGNORECASE)
# As PostgreSQL prints a routine's settings.
_SETTING = re.compile(r"^ SET (\S+) TO (.*)$", re.MULTILINE)


# When a statement fails ----------------------------------------------------------------------------


def called(failure: Failure) -> Name | None:
    """The routine whose call the message is about."""
    told = (n for n in failure.told if n.behind == "(" and f"{n.parts[-1]}(" in failure.message)
    return next((n.name for n in told), None)


def missing(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement calls a routine that is not there, and the live catalog has one of the name."""
    name = called(failure)
    found = []
    for full in failure.resolve(name) if name is not None else ():
        schema = full[0]
        if full not in evidence.live.routines:
            schema = evidence.history.live_schema(schema, failure.situation.position)
        there = evidence.live.routines.get((schema, full[1]), [])
        found += [as_live(under_schema(live, full[0])) for live in there]
    return found


def ambiguous(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement calls what several routines of the name fit alike: one that the live catalog lacks had gone."""
    name = called(failure)
    if name is None:
        return []
    return [
        Repair(
            IMPLIED_DROP,
            f"DROP {old.object_type} {old.object_identity};",
            f"the recorded statement ran, so its call was of one routine: {failure.message}; "
            f"the live catalog does not have {old.object_identity}",
        )
        for old in failure.situation.routines(name[1])
        if name[0] in (None, old.object_schema) and not evidence.live.has(old)
    ]


def privileged(evidence: Evidence, failure: Failure, name: Name) -> list[DatabaseObject]:
    """The live routine that a statement makes which only a superuser may run; of several, the one that is not there."""
    found = [live for full in failure.resolve(name) for live in evidence.live.routines.get(full, [])]
    missing = [o for o in found if not failure.situation.holds(o.object_identity, o.object_type)]
    return next((some for some in (found, missing) if len(some) == 1), [])


def in_the_way(failure: Failure, name: Name, why: str) -> list[Repair]:
    """Routines of the name that a statement makes; of several, the one whose signature the server repeats."""
    repeated = f"{failure.message}\n{failure.error.diag.message_hint or ''}"
    rows = failure.situation.query(
        "select p.oid::pg_catalog.regprocedure::pg_catalog.text, p.prokind from pg_catalog.pg_proc as p"
        " join pg_catalog.pg_namespace as n on n.oid operator(pg_catalog.=) p.pronamespace"
        " where p.proname operator(pg_catalog.=) %(name)s::pg_catalog.name"
        " and n.nspname operator(pg_catalog.=) any (%(schemas)s::pg_catalog.name[])",
        {"name": name[1], "schemas": [name[0]] if name[0] else list(failure.situation.schemas)},
    )
    kinds = {"a": "AGGREGATE", "p": "PROCEDURE"}
    found: list[Repair] = []
    for text, kind in rows:
        if (
            len(rows) == 1
            or text.split(".")[-1] in repeated
            or not any(t.split(".")[-1] in repeated for t, _ in rows)
        ):
            drop = f"DROP {kinds.get(kind, 'FUNCTION')} {text}"
            found += (Repair(IMPLIED_DROP, drop + ";", why), Repair(IMPLIED_DROP, drop + " CASCADE;", why))
    return found


# Beside a statement that runs ----------------------------------------------------------------------


def session_settings(evidence: Evidence, statement: Statement, schema: str, position: int) -> list[Repair]:
    """What a routine is made with where its text takes a setting from the session: v1 keeps none (FORMATS 1.13).

    The live routine of that name has what the last session had; without one, the live routine of the same schema that
    the nearest row made so has what that one's session had. Without any, the setting stays as it is here. `schema` is
    that of a name without one, `position` the row's. What is open is asked once of each setting.
    """
    if statement.action != "code" and statement.object_type not in ("FUNCTION", "PROCEDURE"):
        return []
    taken = sorted({unquote(name).lower() for name in _FROM_CURRENT.findall(statement.text)})
    if not taken:
        return []
    target = statement.targets[0] if statement.targets else (None, "")
    found = evidence.live.routines.get((target[0] or schema, target[1]), [])
    own = _settings(found[0]) if len(found) == 1 else {}
    others = [] if own else _nearest(evidence, target[0] or schema, position)
    told = [(_settings(other), other) for other in others]
    values = own or {
        name: next(value[name] for value, _ in told if name in value)
        for name in taken
        if any(name in value for value, _ in told)
    }

    def as_told(match: re.Match[str]) -> str:
        value = values.get(unquote(match["name"]).lower())
        return match[0] if value is None else f"SET {match['name']} TO {value}"

    why = "the statement takes a setting from the session, of which v1 keeps nothing"
    if own:
        why += f"; the live catalog has {found[0].object_identity} with it"
    elif values:
        like = next(other for value, other in told if values.keys() & value.keys())
        why += (
            f"; it is that of {like.object_identity}, which lives and took its own from the nearest session"
        )
    text = _FROM_CURRENT.sub(as_told, statement.text)
    asked = " and ".join(taken)
    return [Repair(SESSION_SETTING, text, why, rewrite=True, about=f"{asked} of the sessions")]


def _settings(routine: DatabaseObject) -> dict[str, str]:
    """The settings of a routine as PostgreSQL prints them, by their names in lower case."""
    head = routine.definition.split("\nAS ", 1)[0]
    return {unquote(name).lower(): value for name, value in _SETTING.findall(head)}


def _nearest(evidence: Evidence, schema: str, position: int) -> list[DatabaseObject]:
    """The live routines of a schema that recorded texts make with a setting of the session, the nearest text first."""
    found: dict[Name, int] = {}
    for row in evidence.history.rows:
        if row.object_type != "FUNCTION" or row.exclusion_reason or not _FROM_CURRENT.search(row.text):
            continue
        for made in row.statements:
            if made.verb == "CREATE" and made.targets and _FROM_CURRENT.search(made.text):
                # Its last text is the one that it lives by.
                found[made.targets[0][0] or row.object_schema, made.targets[0][1]] = row.position
    lives = [(abs(at - position), evidence.live.routines.get(name, [])) for name, at in found.items()]
    lives = [(away, some) for away, some in lives if len(some) == 1 and some[0].object_schema == schema]
    return [some[0] for _, some in sorted(lives, key=lambda found: found[0])]


def replaced_overloads(
    evidence: Evidence, situation: Situation, statement: Statement, row: HistoryRow, oids: Mapping[str, Name]
) -> Iterator[Repair]:
    """Drops of the routines that went just before a plain CREATE of their name: so a signature changes.

    The drop leaves no row (FORMATS 1.4). A second routine beside the first is as a rule made by OR REPLACE, and
    the first one shows later: by a row of its oid, in the live catalog, by what depends on it, or in a text that
    drops one of the name; or it was made in the same session. `oids`: what the oids are known to be that v1 recorded.
    """
    if (
        statement.tag not in ("CREATE FUNCTION", "CREATE PROCEDURE")
        or statement.or_replace
        or row.change_type != "CREATE"
        or _drops(evidence, statement.targets[0][1], row.position)
    ):
        return
    schema, bare = statement.targets[0]
    for old in situation.routines(bare):
        name = (old.object_schema, old.object_name)
        last = [_last_row(evidence, (row.object_schema, oid)) for oid, known in oids.items() if known == name]
        if (
            old.object_schema != (schema or situation.schemas[0])
            or evidence.live.has(old)
            or any(at >= row.position or _is_made_beside(evidence, at, row) for at in last)
        ):
            continue
        yield Repair(
            REPLACED_OVERLOAD,
            f"DROP {old.object_type} {old.object_identity};",
            f"row {row.version_id} creates another {bare} and does not say OR REPLACE; "
            "the live catalog does not have this one, and no later row is of its oid",
        )


def _is_made_beside(evidence: Evidence, last: int, row: HistoryRow) -> bool:
    """Whether a routine with its `last` row in the session of another's was there when that was made: nobody drops at
    once what he just made, unless transactions in between left no row."""
    history = evidence.history
    is_within = last >= 0 and history.session_end(last) >= row.position
    return is_within and not sum(evidence.moments.unexplained[last : row.position])


def _last_row(evidence: Evidence, name: Name) -> int:
    """Position of the last row of a routine, by v1's name of it, in whatever schema it was by then; -1 where it has
    none, as where all were published before."""
    rows = evidence.history.by_oid.get(int(name[1])) if name[1].isdecimal() else None
    return rows[-1].position if rows else evidence.history.last_row(name)


# A routine that so many sessions make and none needs later is a helper of each.
_SESSIONS = 3
_TYPE = re.compile(r"""(?:"(?:[^"]|"")*"(?!")|[^",])+""")


def goes_on(evidence: Evidence, found: DatabaseObject, position: int) -> bool:
    """Whether a routine lives on with arguments whose types have other names by now, as the live catalog has it.

    So it is where the body is the same string, no type has an old name any more, and no later text makes it anew.
    """
    bare = found.object_name.split("(", 1)[0]
    types, live = _types(found), evidence.live
    for other in live.routines.get((found.object_schema, bare), []):
        renamed = {old: new for old, new in zip(types, _types(other), strict=False) if old != new}
        names = [parse_name(old) for old in renamed]
        if not names or any(schema is None or (schema, name) in live.by_name for schema, name in names):
            continue
        if _body(found) == _body(other):
            return not _makes(evidence, bare, position + 1)
    return False


def helps_until(evidence: Evidence, found: DatabaseObject, position: int) -> tuple[int, str] | None:
    """The last row until which a routine helps a session, and why it went behind it; None where it does more."""
    until = _helps_its_own(evidence, found, position)
    if until is not None:
        return until, "its session makes it, as others do one of its name, and none after it needs it"
    until = _helps_code(evidence, found, position)
    if until is not None:
        return until, "code that no text tells of made the table in its name, and nothing after it needs it"
    return None


def _helps_its_own(evidence: Evidence, found: DatabaseObject, position: int) -> int | None:
    """The last row whose text names a routine that only helps the session that makes it, before the next one of its
    name; None where it does more.

    So it is where texts of three sessions or more make one of that name that is not there yet, no text says that it is
    replaced or dropped, and none of a later session names it.
    """
    history, bare = evidence.history, found.object_name.split("(", 1)[0]
    named = history.mentions(bare)
    if not named or history.session_end(named[0]) == history.session_end(named[-1]):
        return None
    made: list[int] = []
    for p in named:
        row = history.rows[p]
        says = [
            s
            for s in row.statements
            if s.verb in ("CREATE", "DROP")
            and s.object_type in ("FUNCTION", "PROCEDURE", "ROUTINE")
            and any(target == bare for _, target in s.targets)
        ]
        if any(s.or_replace or s.verb == "DROP" for s in says):
            return None
        if says and (row.object_type, row.change_type) == ("FUNCTION", "CREATE"):
            made.append(p)
    lives = [[p for p in named if begin <= p < end] for begin, end in pairwise([*made, len(history)])]
    sessions = [{history.session_end(p) for p in life} for life in lives]
    if any(len(each) > 1 for each in sessions) or len(set().union(*sessions)) < _SESSIONS:
        return None
    return next((life[-1] for life in lives if position in life), None)


def _helps_code(evidence: Evidence, found: DatabaseObject, position: int) -> int | None:
    """The last row of the session whose code makes or alters, and no text does, a table that is in a routine's name
    and its body: so code calls routines whose names it puts together, and drops them when they have served. None where
    no such row is behind the last text that names the routine."""
    history, bare = evidence.history, found.object_name.split("(", 1)[0]
    named = [p for p in history.mentions(bare) if p >= position]
    body = _body(found)
    for row in history.rows[history.session_end(named[-1] if named else position) + 1 :]:
        if (
            row.object_type == "TABLE"
            and row.name in bare
            and says(body, row.name)
            and not says(row.text, row.name)
            and any(s.action == "code" for s in row.statements)
        ):
            return history.session_end(row.position)
    return None


def _types(routine: DatabaseObject) -> list[str]:
    """The types of a routine's arguments, as its identity has them, of arrays those of the elements."""
    return [
        t.strip().rstrip("[]")
        for t in _TYPE.findall(routine.object_identity.split("(", 1)[1].removesuffix(")"))
    ]


def _body(routine: DatabaseObject) -> str:
    """A routine's body, if it is a string; the text of another one has the new names of all that it uses."""
    return routine.definition.partition("\nAS ")[2]


def _makes(evidence: Evidence, bare: str, position: int) -> bool:
    """Whether a text, from this row's on, makes a routine of that name."""
    return any(
        s.verb == "CREATE" and s.object_type in ("FUNCTION", "PROCEDURE") and bare in s.words
        for row in texts_naming(evidence.history, bare, since=position)
        for s in row.statements
    )


def _drops(evidence: Evidence, bare: str, position: int) -> bool:
    """Whether a text, from this row's on, drops a routine of that name."""
    return any(
        s.verb == "DROP" and s.object_type in ("FUNCTION", "PROCEDURE", "ROUTINE") and bare in s.words
        for row in texts_naming(evidence.history, bare, since=position)
        for s in row.statements
    )


# Before the tracker --------------------------------------------------------------------------------


def pre_existing(evidence: Evidence) -> list[tuple[int, Repair]]:
    """Functions of the live catalog that no recorded text makes: they were there before, for CREATE FUNCTION leaves
    a row with its text, or came while the tracker was off; with the positions by which they had.

    v1 names a function by its oid, so only the texts tell. Where one makes a function whose name it does not say,
    nobody knows which.
    """
    rows = [row for row in evidence.history.rows if not row.exclusion_reason]
    told: set[str] = set()
    for text in dict.fromkeys(row.text for row in rows):
        if _MAKES_ROUTINE.search(text):
            told |= {parse_name(name)[1] for name in _ROUTINE.findall(text)}
    for row in rows:
        if row.object_type != "FUNCTION" or row.change_type != "CREATE":
            continue
        if not _ROUTINE.search(row.text) and not re.search(
            r"\bcreate\s+extension\b", row.text, re.IGNORECASE
        ):
            return []
    older = [
        found
        for (_, bare), routines in evidence.live.routines.items()
        for found in routines
        if found.object_type == "FUNCTION" and found.definition.startswith("CREATE OR REPLACE FUNCTION ")
        if bare not in told and not _gets_name(evidence, bare)
    ]
    why = "is in the live catalog, and no recorded text makes one of that name"
    return [as_older(evidence, OLDER_FUNCTION, found, why) for found in older]


def _gets_name(evidence: Evidence, bare: str) -> bool:
    """Whether a text gives that name to something."""
    pattern = re.compile(rf'\brename\s+to\s+"?{re.escape(bare)}(?![\w$])', re.IGNORECASE)
    return any(pattern.search(row.text) for row in texts_naming(evidence.history, bare))
