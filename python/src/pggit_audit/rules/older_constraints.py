"""Constraints of a table that is older than the tracker: what each was before the recorded texts (`before_texts`), and
those that a text drops and none adds (`named_by_drops`)."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import Columns, constraints, parse_name, qualified, quote_if_needed
from pggit_audit.lexing import DOTTED, NAME, QUOTED, says
from pggit_audit.rules import OLDER_CONSTRAINT, foreign_keys
from pggit_audit.rules.column_actions import RETYPED
from pggit_audit.rules.naming import as_written, joined
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Name, Statement, quote, unquote

_DROPPED = re.compile(rf"\bdrop\s+constraint\s+(if\s+exists\s+)?({NAME})", re.IGNORECASE)
# Code that found the name in the catalog.
_DROPPED_BY_CODE = re.compile(r"\bdrop\s+constraint\s+(?:if\s+exists\s+)?(?:%[IsL]|'\s*\|\|)", re.IGNORECASE)
_KEY = re.compile(
    r"""(FOREIGN KEY|UNIQUE|PRIMARY KEY)(?: NULLS NOT DISTINCT)? \(((?:"(?:[^"]|"")*"(?!")|[^)"])*)\)"""
)
_NAMES = re.compile(rf"""(?:{QUOTED}|[^\s,"]+)""")
# Only of use where the constraint was deferred until then.
_SET_CONSTRAINTS = re.compile(r"\bset\s+constraints\s.*\simmediate\b", re.IGNORECASE | re.DOTALL)
_SECURED = re.compile(r"\benable\s+row\s+level\s+security\b", re.IGNORECASE)
# A statement that gives a table a constraint (its name, what it says), or an index.
_NAMED_PART = re.compile(
    rf"^(?:ALTER TABLE (?:ONLY )?\S.*? ADD CONSTRAINT ({QUOTED}|[\w$]+) "
    rf"|CREATE (?:UNIQUE )?INDEX ({QUOTED}|[\w$]+) ON )(.*)",
    re.DOTALL,
)


_USING_INDEX = re.compile(r"\s+(?:primary\s+key|unique)\s+using\s+index\b", re.IGNORECASE)


def before_texts(
    evidence: Evidence, table: DatabaseObject, statement: str, told: Sequence[str], required: Collection[str]
) -> list[str]:
    """What a statement of a live table was before the recorded texts: itself, or with an older name, or nothing.

    Whatever a recorded text adds was not there before it, and would be in its way. An index counts as well.
    `required`: the columns, by their names of now, that were NOT NULL before the texts.
    """
    if " ENABLE ROW LEVEL SECURITY;" in statement:
        return [] if any(_SECURED.search(text) for text in told) else [statement]
    match = _NAMED_PART.search(statement)
    if match is None:
        return [statement]
    name: str | None = unquote(match[1] or match[2])
    if match[1] and _added_without_name(match[3], table.object_name, unquote(match[1]), told):
        return []
    seen: set[str] = set()
    # Behind a rename, another may have taken the name that it gave up.
    until = len(evidence.history)
    while name is not None and name not in seen:
        seen.add(name)
        before, until = _name_before(evidence, table, name, match[3], told, until)
        if before == name:
            break
        name = before
    if name is None:
        return []
    start, end = match.span(1 if match[1] else 2)
    rest = statement[end:]
    if match[1] and _is_dropped_to_change(seen, match[3], told):
        rest = foreign_keys.earlier_action(evidence, rest, required)
    return [statement[:start] + quote_if_needed(name) + rest]


def _is_dropped_to_change(names: Collection[str], body: str, told: Sequence[str]) -> bool:
    """Whether texts take a constraint of one of these names away, and not only to change the type of its column."""
    key = _KEY.match(body)
    columns = {unquote(name) for name in _NAMES.findall(key[2])} if key is not None else set()
    for i, text in enumerate(told):
        if any(unquote(name) in names for _, name in _DROPPED.findall(text)) or (
            _DROPPED_BY_CODE.search(text) and any(says(text, name) for name in names)
        ):
            following = (unquote(c) for later in told[i : i + 2] for c in RETYPED.findall(later))
            return columns.isdisjoint(following)
    return False


def _name_before(
    evidence: Evidence, table: DatabaseObject, name: str, body: str, told: Sequence[str], until: int
) -> tuple[str | None, int]:
    """What a constraint (`body`: what it says) or an index of a live table was called before the first text that names
    it, up to a row's position, and where that text is; None where it makes it.

    Who gives a name that PostgreSQL would not, and takes it away IF EXISTS first, makes a text that can be sent again.
    """
    history = evidence.history
    rows = [
        r
        for r in history.rows_of_index((table.object_schema, table.object_name), name)
        if r.position <= until
    ]
    if rows and rows[0].change_type != "ALTER":
        return None if rows[0].change_type == "CREATE" else name, until
    here = rf'(?:"{re.escape(quote(name)[1:-1])}"|{re.escape(name)}(?!\w))'
    pattern = re.compile(
        rf"\badd\s+constraint\s+(?P<added>{here})"
        rf"|\bdrop\s+constraint\s+(?P<if_exists>if\s+exists\s+)?(?P<dropped>{here})"
        rf"|\brename\s+constraint\s+(?P<old>{NAME})\s+to\s+{here}"
        rf"|\balter\s+index\s+(?:if\s+exists\s+)?(?P<index>{DOTTED})\s+rename\s+to\s+{here}",
        re.IGNORECASE,
    )
    texts = [(r.position, r.text) for r in rows]
    texts = texts or [(_place(evidence, name, text), text) for text in told if name in text]
    found = [(p, m) for p, text in texts if p <= until for m in pattern.finditer(text)]
    for place, match in found[:1]:
        if match["added"]:
            is_replaced = body.startswith("FOREIGN KEY ") and _DROPPED_BY_CODE.search(
                match.string[: match.start()]
            )
            return name if is_replaced else None, place
        if match["dropped"]:
            following = [m for p, m in found[1:2] if p <= history.session_end(place) and m["added"]]
            is_new = match["if_exists"] and following and _is_named_by_hand(body, name)
            is_new = is_new or any(_USING_INDEX.match(m.string, m.end()) for m in following)
            return None if is_new else name, place
        return parse_name(match["old"] or match["index"])[1], place
    return name, until


def _place(evidence: Evidence, name: str, statement: str) -> int:
    """The position of the first row whose text has a statement that names something."""
    rows = evidence.history.rows
    places = evidence.history.mentions(name)
    return next((p for p in places if any(s.folded == statement for s in rows[p].statements)), 0)


def _added_without_name(body: str, table: str, name: str, told: Iterable[str]) -> bool:
    """Whether a recorded text adds such a constraint and leaves its name to PostgreSQL."""
    key = _KEY.match(body)
    if key is not None:
        # PostgreSQL gives it such a name: table_column_key, and a number behind that where it is taken.
        if key[1] != "FOREIGN KEY" and not re.search(r"_(?:key|pkey)\d*$", name):
            return False
        kind = key[1].lower().replace(" ", r"\s+")
        columns = r"\s*,\s*".join(_spelled(c) for c in _NAMES.findall(key[2]))
        pattern = rf"\badd\s+{kind}\s*(?:nulls\s+not\s+distinct\s*)?\(\s*{columns}\s*\)"
    elif body.startswith("CHECK ") and re.fullmatch(rf"{re.escape(table)}_(?:.+_)?check\d*", name):
        pattern = r"\badd\s+check\s*\("
    else:
        return False
    return any(re.search(pattern, text, re.IGNORECASE) for text in told)


def _is_named_by_hand(body: str, name: str) -> bool:
    """Whether a CHECK or a UNIQUE constraint has a name that PostgreSQL does not give, nor a tool after its kind."""
    given = {"CHECK": r"_check\d*", "UNIQUE": r"_key\d*"}.get(body.split(" ", 1)[0])
    return given is not None and re.search(given + "$", name) is None


def _spelled(column: str) -> str:
    """How a text may write a column that a definition prints so: in quotes, or without."""
    here = re.escape(column)
    return here if column.startswith('"') else f'(?:"{here}"|{here})'


def named_by_drops(
    evidence: Evidence, name: Name, columns: Columns, told: Iterable[Statement], rest: Iterable[Repair]
) -> Iterator[Repair]:
    """Constraints that a recorded text drops and none before it names, where their own name says what they were.

    PostgreSQL calls a UNIQUE constraint table_column_key. A foreign key may have the names of both its ends:
    table_column_fk_table_column, table_column_table_column_fk, or fk_table_column_table, as widely used tools write
    them. `told` are the statements that name the table, `rest` is what is known to belong to it.
    """
    history = evidence.history
    known = {unquote(m[1] or m[2]) for r in rest if (m := _NAMED_PART.search(r.statement))}
    for statement in told:
        text = statement.folded
        for if_exists, spelled in _DROPPED.findall(text):
            part, word = unquote(spelled), spelled.strip('"')
            whole = as_written(statement, part)
            both_ends = _by_both_ends(evidence, whole, name, columns)
            if if_exists and both_ends is None:
                # Proves nothing.
                continue
            rows = [history.rows[p] for p in history.mentions(word)]
            naming = [(r, s.folded) for r in rows for s in r.statements if says(s.folded, word)]
            row, first = next((n for n in naming if not _SET_CONSTRAINTS.search(n[1])), (None, None))
            if row is None or first != text or part in known:
                continue
            known.add(part)
            says_what = (
                both_ends
                or foreign_keys.said_by_hashed_name(evidence, part, name, columns)
                or _said_by_name(evidence, whole, name, columns)
            )
            if says_what is None:
                continue
            is_deferred = any(_SET_CONSTRAINTS.search(t) for _, t in naming)
            if is_deferred and says_what.startswith("FOREIGN KEY") and "deferrable" not in says_what:
                says_what += " DEFERRABLE INITIALLY DEFERRED"
            yield Repair(
                OLDER_CONSTRAINT,
                f"ALTER TABLE {qualified(name)} ADD CONSTRAINT {quote(part)} {says_what};",
                f"row {row.version_id} drops it, none added it, and its name says what it was",
                inferred=name,
            )


def _by_both_ends(evidence: Evidence, part: str, name: Name, columns: Columns) -> str | None:
    """What a foreign key called table_column_table_column_fk says; None where that may be several things, or nothing.
    It refers to a key of the other table, as far as that lives."""
    if not part.endswith("_fk") or not part.startswith(f"{name[1]}_"):
        return None
    body = part.removeprefix(f"{name[1]}_").removesuffix("_fk")
    found = []
    for other in _tables(evidence):
        for match in re.finditer(f"_{re.escape(other[1])}_", body) if other[0] == name[0] else ():
            ours, theirs = body[: match.start()], body[match.end() :]
            if ours in columns and theirs in evidence.columns_of(other) and _is_key(evidence, other, theirs):
                action = foreign_keys.usual_action(evidence, ours, bool(columns[ours].get("nullable", True)))
                refers = f"REFERENCES {qualified(other)} ({quote(theirs)}){action}"
                found.append(f"FOREIGN KEY ({quote(ours)}) {refers}")
    return found[0] if len(found) == 1 else None


def _is_key(evidence: Evidence, table: Name, column: str) -> bool:
    """Whether a column alone is a key of a table, or the table is gone."""
    live = evidence.live.table(table)
    if live is None:
        return True
    keys = {f"{kind} ({quote_if_needed(column)})" for kind in ("PRIMARY KEY", "UNIQUE")}
    return not keys.isdisjoint(constraints(live.definition).values())


def _tables(evidence: Evidence) -> Iterable[Name]:
    """The tables that live, or that rows tell of."""
    live = [n for n, o in evidence.live.by_name.items() if o.object_type == "TABLE"]
    told = [n for n, rows in evidence.history.by_name.items() if rows[0].object_type == "TABLE"]
    return dict.fromkeys([*live, *told])


def _said_by_name(evidence: Evidence, part: str, name: Name, columns: Columns) -> str | None:
    """What a constraint of a table says, by its own name; None where the name leaves it open."""
    body = part.removeprefix("fk_")
    if not body.startswith(f"{name[1]}_"):
        return None
    body = body.removeprefix(f"{name[1]}_")
    found = {
        f"UNIQUE ({', '.join(map(quote, names))})"
        for names in joined(body.removesuffix("_key"), columns)
        if body.endswith("_key")
    }
    for other in _tables(evidence):
        between = "_" if part.startswith("fk_") else "_fk_"
        ours, between, theirs = body.partition(between + other[1])
        if not between or other[0] != name[0] or (theirs and not theirs.startswith("_")):
            continue
        keys = [*joined(theirs[1:], evidence.columns_of(other))] if theirs else [()]
        for names in joined(re.sub(r"_[0-9a-f]{8}$", "", ours), columns):
            for key in keys:
                referred = f" ({', '.join(map(quote, key))})" if key else ""
                found.add(
                    f"FOREIGN KEY ({', '.join(map(quote, names))}) REFERENCES {qualified(other)}{referred}"
                )
    return found.pop() if len(found) == 1 else None
