"""Foreign keys that are older than the tracker: what one did before a text dropped it and added it again
(`earlier_action`), and what those were that a text drops (`named_by_drops`, `said_by_hashed_name`,
`known_by_its_name_alone`)."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import NamedTuple

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    column_name,
    constraints,
    elements,
    parse_name,
    qualified,
    quote_if_needed,
)
from pggit_audit.lexing import DOTTED, NAME, QUOTED
from pggit_audit.live import Live
from pggit_audit.rules import OLDER_CONSTRAINT, hashed_names
from pggit_audit.rules.column_actions import actions_on
from pggit_audit.rules.references import references
from pggit_audit.rules.situation import Evidence, Failure, Repair
from pggit_audit.statements import MOST_BYTES, Name, quote, unquote

# As PostgreSQL prints it.
_REFERENTIAL_ACTION = re.compile(
    r" ON (?:UPDATE|DELETE) (?:CASCADE|RESTRICT|SET (?:NULL|DEFAULT)(?: \([^)]*\))?)(?=[^']*;$)"
)
_FOREIGN_KEY = re.compile(
    rf"FOREIGN KEY \((?P<column>{QUOTED}|[\w$]+)[^)]*\) REFERENCES [^()]+\([^)]*\)(?: MATCH FULL)?"
    r"""(?: ON UPDATE (?P<update>CASCADE|RESTRICT|SET NULL|SET DEFAULT))?"""
    r"""(?: ON DELETE (?P<delete>CASCADE|RESTRICT|SET NULL|SET DEFAULT))?"""
)

# One of so many is an exception.
_RARELY = 25
# table_column_hash_fk_table_column, as Django writes it; of a long one it cuts the names before and behind the hash.
_HASHED = re.compile(r"(?P<ends>.+)_(?P<rest>[0-9a-f]{8}_fk_(?P<other>.+))\Z")
_DROPS = re.compile(rf"\bdrop\s+constraint\s+(?:if\s+exists\s+)?({NAME})")
_TARGET = re.compile(r"references\s[^(]+\([^)]*\)", re.IGNORECASE)
_REFERRED = re.compile(rf"references\s+(?P<table>{DOTTED})", re.IGNORECASE)


def earlier_action(evidence: Evidence, body: str, required: Collection[str]) -> str:
    """A foreign key that a text drops and adds again, before that: as a rule its action changed.

    `required`: the columns of its table that were NOT NULL by then: a text may make both otherwise.

    Where foreign keys, of texts and live, say what happens, as a tool writes them, it said so as well: ON UPDATE
    as they all do, ON DELETE as most others on columns that may be NULL, or may not, as well; where these all say what
    it says now, as such tools do where nobody asks for more (SET NULL of what may be NULL, else RESTRICT). Else it said
    nothing.
    """
    now = _actions(body)
    if now is None or not now["delete"] or not _says_always(evidence):
        return _REFERENTIAL_ACTION.sub("", body)
    others = _live_actions(evidence)
    unsaid = sum(other.delete is None for other in others)
    if not _is_rare(unsaid, len(others)) or len({other.update for other in others}) != 1:
        return _REFERENTIAL_ACTION.sub("", body)
    is_null = unquote(now["column"]) not in required
    usual = Counter(
        o.delete for o in others if o.is_null == is_null and o.delete not in (None, now["delete"])
    )
    unasked = "SET NULL" if is_null else "RESTRICT"
    if not usual and now["delete"] == unasked:
        return _REFERENTIAL_ACTION.sub("", body)
    before = usual.most_common(1)[0][0] if usual else unasked
    return body.replace(f" ON DELETE {now['delete']}", f" ON DELETE {before}", 1)


def usual_action(evidence: Evidence, column: str, is_null: bool) -> str:
    """What a foreign key on a column did, as one writes it, in a team that always says it: as most live ones on columns
    of that name, or else on such as may be NULL, or may not."""
    others = [other for other in _live_actions(evidence) if other.delete is not None]
    named = [other for other in others if other.column == column and other.is_null == is_null]
    like = named or [other for other in others if other.is_null == is_null]
    if not like or not _says_always(evidence):
        return ""
    usual = Counter((other.update, other.delete) for other in like).most_common(1)[0][0]
    return "".join(f" ON {on} {do}" for on, do in zip(("UPDATE", "DELETE"), usual, strict=True) if do)


class _Action(NamedTuple):
    """What a live foreign key does, and on which column: its first."""

    column: str
    is_null: bool
    update: str | None
    delete: str | None


def _live_actions(evidence: Evidence) -> list[_Action]:
    found = []
    for other in evidence.live.by_name.values():
        for text in constraints(other.definition).values() if other.object_type == "TABLE" else ():
            said = _actions(text)
            if said is not None:
                column = unquote(said["column"])
                found.append(_Action(column, _may_be_null(other, column), said["update"], said["delete"]))
    return found


def _is_rare(some: int, of: int) -> bool:
    """Whether so many are exceptions of a rule: a text that somebody wrote by hand."""
    return some * _RARELY <= of


def _actions(body: str) -> re.Match[str] | None:
    """The first column, and the actions, of a foreign key as PostgreSQL prints it."""
    return _FOREIGN_KEY.search(body)


def _may_be_null(table: DatabaseObject, column: str) -> bool:
    lines = elements(table.definition)[1]
    return not any(column_name(x) == column and " NOT NULL" in x for x in lines)


def named_by_drops(
    evidence: Evidence, table: Name, columns: Collection[str], rest: Sequence[Repair]
) -> Iterator[Repair]:
    """Foreign keys that a text drops or renames and nothing before it names, where their own name and the others tell
    them.

    PostgreSQL calls one table_column_fkey, or its name is a hash (`hashed_names`); what it refers to, all others on a
    column of that name refer to (so that IF EXISTS says no less): those of texts, or else those that live. `rest` is
    what is known to belong to the table.
    """
    dropped = evidence.dropped["CONSTRAINT"]
    again = {key for gone in dropped.values() for s in gone.row.statements for key in references(s)}
    for name, gone in dropped.items():
        match = re.fullmatch(rf"{re.escape(table[1])}_(.+)_fkey", name)
        column: str | None = match[1] if match is not None else None
        if hashed_names.kind_of(name) == "FK":
            found = hashed_names.columns_of(name, table, [*columns])
            column = found[0] if found is not None and len(found) == 1 else None
        known = f" CONSTRAINT {quote_if_needed(name)} "
        if column is None or column not in columns or any(known in r.statement for r in rest):
            continue
        own = {key for s in gone.row.statements for key in references(s)}
        refers = _referred_by(evidence, table, column, again, own, gone.row.position)
        if refers is None:
            continue
        yield Repair(
            OLDER_CONSTRAINT,
            f"ALTER TABLE {qualified(table)} ADD CONSTRAINT {quote(name)} FOREIGN KEY ({quote(column)}) {refers};",
            f"row {gone.row.version_id} names it, none added it, and its name and the others on such columns tell it",
            inferred=table,
        )


def _referred_by(
    evidence: Evidence,
    table: Name,
    column: str,
    again: Collection[tuple[str, str]],
    own: Collection[tuple[str, str]],
    position: int,
) -> str | None:
    """What a foreign key on a column of a table referred to, and how: as all others on columns of that name, or of the
    one that it has since; None where these tell several things. Where the team always says what happens, those of texts
    before the row that takes it away tell it alone, if there are any.

    Where a team does not always say what happens, texts that take keys away and make some (`again`) tell nothing of
    that: as a rule, it is what they are for. Where the others differ in it, or say what the key's `own` text makes of
    it, the key did not say it.
    """
    for name in (column, _name_since(evidence, table, column)):
        keys = evidence.referred.get(name, {})
        said = {refers for _, refers in keys} or _live_on(evidence.live, name)
        told = {_bare(refers): refers for refers in said}
        before = told
        if _says_always(evidence):
            by_then = {_bare(refers): refers for (_, refers), at in keys.items() if at < position}
            before = by_then or told
        else:
            before = {bare: refers for bare, refers in told.items() if bare not in _on(name, again)}
            if len(before) != 1 or before.keys() & _on(name, own):
                before = {_target(bare): _target(refers) for bare, refers in told.items()}
        if told:
            return next(iter(before.values())) if len(before) == 1 else None
    return None


def _on(column: str, keys: Collection[tuple[str, str]]) -> set[str]:
    return {_bare(refers) for on, refers in keys if on == column}


def _bare(refers: str) -> str:
    """What a foreign key says, for comparison: names without their quotes, and what happens in one order."""
    target, _, actions = refers.replace('"', "").partition(")")
    return f"{target}) {' on '.join(sorted(actions.split(' on ')))}"


def _target(refers: str) -> str:
    """What a foreign key refers to, without what happens."""
    match = _TARGET.match(refers)
    return refers if match is None else match[0]


def _name_since(evidence: Evidence, table: Name, column: str) -> str:
    """What a text on a table calls its column that had a name."""
    rows = (evidence.history.rows[p] for p in evidence.history.mentions(table[1], column))
    texts = {row.execution: row.statements for row in rows if not row.exclusion_reason}
    actions = (a for text in texts.values() for s in text for a in actions_on([table], s))
    return next((unquote(a["new"] or "") for a in actions if unquote(a["old"] or "") == column), column)


def _says_always(evidence: Evidence) -> bool:
    """Whether the foreign keys of texts say what happens, as a tool writes them."""
    said = [" on delete " in refers.lower() for told in evidence.referred.values() for _, refers in told]
    return _is_rare(said.count(False), len(said))


def _live_on(live: Live, column: str) -> set[str]:
    """What the live foreign keys on a column of a name alone refer to, and how."""
    begins = f"FOREIGN KEY ({quote_if_needed(column)}) "
    tables = (o for o in live.by_name.values() if o.object_type == "TABLE")
    found = (body for o in tables for body in constraints(o.definition).values())
    return {body.removeprefix(begins) for body in found if body.startswith(begins)}


def said_by_hashed_name(evidence: Evidence, part: str, table: Name, columns: Collection[str]) -> str | None:
    """What a foreign key of a table says that has a name as Django writes it; None where that leaves it open.

    Names of both ends may be cut (django.db.backends.base.schema, `_create_index_name`), so what it refers to is what
    others on a column of that name refer to, if that begins as its own name says: of the same table, or else of all.
    """
    match = _HASHED.match(part)
    if match is None:
        return None
    most = (MOST_BYTES - len(match["rest"])) // 2 - 1
    own: set[str] = set()
    others: set[str] = set()
    for column in columns:
        if match["ends"] in (f"{table[1]}_{column}", f"{table[1][:most]}_{column[:most]}"):
            for other, refers in evidence.referred.get(column, ()):
                said = _REFERRED.match(refers)
                if said and _begins(match["other"], parse_name(said["table"])[1]):
                    (own if other == table[1] else others).add(f"FOREIGN KEY ({quote(column)}) {refers}")
    found = own or others
    return found.pop() if len(found) == 1 else None


def _begins(cut: str, table: str) -> bool:
    """Whether table_column, cut or not, may be that of a table."""
    return table.startswith(cut) or cut.startswith(f"{table}_")


def known_by_its_name_alone(evidence: Evidence, failure: Failure) -> list[Repair]:
    """A statement drops a constraint of a table that is older than the tracker, and nothing else tells of it.

    What it was is lost, but behind the statement it is gone: so any will do that has the name until then.
    """
    statement, found = failure.statement, list[Repair]()
    if statement.tag != "ALTER TABLE":
        return []
    dropped = {unquote(name) for name in _DROPS.findall(statement.folded)} & evidence.dropped[
        "CONSTRAINT"
    ].keys()
    for name in sorted(dropped & {naming.name[1] for naming in failure.told}):
        for table in (full for target in statement.targets[:1] for full in failure.resolve(target)):
            relation, rows = failure.situation.relation(table), evidence.history.by_name.get(table, [])
            if (
                relation is None
                or relation.object_type != "TABLE"
                or name in constraints(relation.definition)
            ):
                continue
            if not any(row.change_type == "CREATE" for row in rows):
                stub = f"ALTER TABLE {qualified(table)} ADD CONSTRAINT {quote(name)} CHECK (true) NOT VALID;"
                why = f"the statement drops {name}, of which nothing but the name is known"
                found.append(Repair(OLDER_CONSTRAINT, stub, why, inferred=table))
    return found
