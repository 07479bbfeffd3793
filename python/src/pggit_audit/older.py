"""What was there before the tracker, or came without a row that it should have left: where it enters, and how.

Tables begin as their first row found them, with what the live catalog knows of them and no recorded text adds.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    STATEMENT,
    Columns,
    column_name,
    column_of,
    column_types,
    constraints,
    elements,
    first_statement,
    ordered,
    parse_name,
    qualified,
    quote_if_needed,
    table_of,
    type_text,
    with_type,
)
from pggit_audit.evidence import (
    ADDED,
    DROPPED,
    Evidence,
    HistoryRow,
    Repair,
    is_target,
    renames_to,
    says,
)
from pggit_audit.statements import Name, Statement, quote, split, unquote


@dataclass(frozen=True)
class OlderTable:
    """A table that was there before its first row, if it ever left one: where it enters, and how it is made.

    `columns` are those that its first row found. `rest`: what belongs to it, each taken if it fits by then.
    """

    name: Name
    position: int
    columns: Columns
    make: Repair
    rest: list[Repair]


class Older:
    """The objects that are older than what the history tells of them."""

    def __init__(self, evidence: Evidence) -> None:
        self._evidence = evidence

    def tables(self) -> list[OlderTable]:
        """Tables that were there before their first row: older than the tracker, or made by a statement
        that v1 does not record (CREATE TABLE AS)."""
        found = []
        for name, rows in self._evidence.events.items():
            first = rows[0]
            if first.object_type != "TABLE" or first.change_type != "ALTER" or first.exclusion_reason:
                continue
            live = self._evidence.live.get(name)
            if not first.columns:
                # v1 records none of a table with a quoted name.
                if live is not None and live.object_type == "TABLE" and not self._had_another_name(first):
                    why = f"row {first.version_id} altered the table, and none created it; it is in the live catalog"
                    table = self._table(name, self._born(first), why, *self.as_live(live))
                    found.append((first.version_id, table))
                continue
            if self._had_another_name(first):
                earlier = self._evidence.earlier_name(first)
                if earlier is None or earlier in self._evidence.events:
                    continue
                name = earlier
            columns = _before_statement(first.columns, self._about(first), first.name)
            why = f"row {first.version_id} altered the table, and none created it"
            table = self._table(name, self._born(first), why, *self._as_it_was(name, first, columns, live))
            table.rest.extend(self._dropped_constraints(name, columns, table))
            found.append((first.version_id, replace(table, columns=columns)))
        for name, live in self._evidence.live.items():
            if live.object_type != "TABLE" or name in self._evidence.events or self._is_made(name):
                continue
            more = self._more_than_a_query_makes(live)
            if more is not None:
                why = f"{live.object_identity} has {more} in the live catalog, and no row created either"
                found.append((0, self._table(name, 0, why, *self.as_live(live))))
        return [table for _, table in sorted(found, key=lambda f: (f[1].position, f[0], f[1].name))]

    @staticmethod
    def _table(name: Name, position: int, why: str, statement: str, rest: Sequence[str]) -> OlderTable:
        make, *others = (Repair("older_table", text, why, inferred=name) for text in (statement, *rest))
        return OlderTable(name, position, {}, make, others)

    def _more_than_a_query_makes(self, table: DatabaseObject) -> str | None:
        """What a live table without rows has that CREATE TABLE AS gives none, and that leaves a row when it is added.

        CREATE TABLE AS leaves no row; columns that may not be null, or have a default, it does not make.
        """
        indexes = self._without_rows(table)
        if indexes:
            return f"its index {indexes[0].object_name}"
        names = constraints(table.definition)
        if names and not self._indexes(table):
            return f"its constraint {min(names)}"
        for line in elements(table.definition)[1]:
            if re.search(r" (?:NOT NULL|DEFAULT |GENERATED )", line):
                return "a column: " + line
        return None

    def _had_another_name(self, row: HistoryRow) -> bool:
        """Whether the table came to its name, or its schema, by the row's own text, or by a change without a row."""
        text = row.text
        if row.oid is not None and any(
            r.oid == row.oid and r.object_type == "TABLE" for r in self._evidence.rows[: row.position]
        ):
            return True
        return re.search(r"\brename\s+to\b", self._about(row), re.IGNORECASE) is not None or any(
            parse_name(old)[1] == row.name and unquote(schema) == row.object_schema
            for old, schema in _MOVED_TABLE.findall(text)
        )

    def _is_made(self, name: Name) -> bool:
        """Whether a recorded text makes a table of that name, or may."""
        return any(
            (s.verb == "CREATE" and any(t[1] == name[1] and t[0] in (None, name[0]) for t in s.targets))
            or (s.action == "code" and any(m[1] for m in _MAY_MAKE.finditer(s.folded)))
            for p in self._evidence.mentions(name[1])
            if not self._evidence.rows[p].exclusion_reason
            for s in self._evidence.rows[p].statements
            if s.mentions(name[1])
        )

    def _indexes(self, table: DatabaseObject) -> list[DatabaseObject]:
        on = re.compile(rf" ON (?:ONLY )?{re.escape(table.object_identity)} USING ")
        return [
            o for o in self._evidence.live.values() if o.object_type == "INDEX" and on.search(o.definition)
        ]

    def _without_rows(self, table: DatabaseObject) -> list[DatabaseObject]:
        """The indexes of a live table that no row tells of."""
        return [
            o for o in self._indexes(table) if (o.object_schema, o.object_name) not in self._evidence.events
        ]

    def _about(self, row: HistoryRow) -> str:
        """The statements of the text that name the table of its first row; all of it where none does.

        Where the text left several rows of the table, what follows the first statement that leaves any came later.
        """
        text = row.text
        about = [s for s in row.statements if row.name in s.words]
        if any(
            r.execution == row.execution and r is not row
            for r in self._evidence.events[row.object_schema, row.name]
        ):
            own = (
                i
                for i, s in enumerate(about)
                if s.action == "code" or (s.tag == "ALTER TABLE" and s.leaves_rows and is_target(row.name, s))
            )
            about = about[: next(own, len(about)) + 1]
        return "\n".join(s.folded for s in about) or text

    def _statements_on(self, table: str) -> list[Statement]:
        """The recorded statements that name a table, in order."""
        found: dict[tuple[str, int], list[Statement]] = {}
        for row in (self._evidence.rows[p] for p in self._evidence.mentions(table)):
            if not row.exclusion_reason:
                found[row.execution] = [s for s in row.statements if says(s.folded, table)]
        return [statement for statements in found.values() for statement in statements]

    def as_live(self, table: DatabaseObject) -> tuple[str, list[str]]:
        """How a live table is made, and the statements for what belongs to it, but for what recorded texts add."""
        head, columns, checks, tail = elements(table.definition)
        name = table.object_identity
        statements = self._statements_on(table.object_name)
        told = [s.folded for s in statements]
        columns = self._before_actions(table, columns, statements)
        if any(re.search(r"\bset\s*\(", text, re.IGNORECASE) for text in told):
            tail = re.sub(r" WITH \((?:[^']|'(?:[^']|'')*')*\);$", ";", tail)
        added = [
            *(f"ALTER TABLE {name} ADD {check};" for check in checks),
            *map(str.strip, STATEMENT.findall(table.definition)[1:]),
            *(first_statement(o.definition) for o in self._indexes(table)),
        ]
        owned = f" OWNED BY {name}."
        return table_of(head, columns, tail), [
            *(statement for text in added for statement in self._before_texts(table, text, told)),
            *(
                statement.strip()
                for o in self._evidence.live.values()
                if o.object_type == "SEQUENCE" and owned in o.definition
                for statement in STATEMENT.findall(o.definition)[1:]
            ),
        ]

    def _before_actions(
        self, table: DatabaseObject, lines: Sequence[str], statements: Sequence[Statement]
    ) -> list[str]:
        """The columns of a live table without those that recorded texts add, under the names that they had before."""
        actions = [
            match
            for s in statements
            if s.tag == "ALTER TABLE" and s.targets and s.targets[0][1] == table.object_name
            if s.targets[0][0] in (None, table.object_schema)
            for match in _COLUMN_ACTION.finditer(s.folded)
        ]
        found: list[str] = []
        # When the columns behind the one at hand came: new ones are always last. -1 is before all actions.
        earliest = len(actions)
        for line in reversed(lines):
            now = column_name(line)
            before = _column_before(now, actions)
            if before is None:
                came = next((i for i, a in enumerate(actions) if unquote(a["added"] or "") == now), None)
                if came is None:
                    # Added under another name.
                    continue
                if came <= earliest or not actions[came]["if_missing"]:
                    earliest = min(earliest, came)
                    continue
                # ADD COLUMN IF NOT EXISTS found it there.
                before = now
            earliest = -1
            found.append(line if before == now else line.replace(quote_if_needed(now), quote(before), 1))
        return found[::-1]

    def _before_texts(self, table: DatabaseObject, statement: str, told: Sequence[str]) -> list[str]:
        """What a statement of a live table was before the recorded texts: itself, or with an older name, or nothing.

        Whatever a recorded text adds was not there before it, and would be in its way.
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
        while name is not None and name not in seen:
            seen.add(name)
            before = self._name_before((table.object_schema, name), told)
            if before == name:
                break
            name = before
        if name is None:
            return []
        start, end = match.span(1 if match[1] else 2)
        rest = statement[end:]
        if match[1] and any(
            unquote(n) == name for text in told for _, n in _DROPPED_CONSTRAINT.findall(text)
        ):
            # A foreign key is dropped and added again because something about it changes: as a rule its action.
            rest = _REFERENTIAL_ACTION.sub("", rest)
        return [statement[:start] + quote_if_needed(name) + rest]

    def _name_before(self, name: Name, told: Sequence[str]) -> str | None:
        """What a constraint or an index was called before the first text that names it; None where that makes it."""
        rows = [r for r in self._evidence.events.get(name, []) if r.object_type == "INDEX"]
        if rows and rows[0].change_type != "ALTER":
            return None if rows[0].change_type == "CREATE" else name[1]
        here = rf'(?:"{re.escape(quote(name[1])[1:-1])}"|{re.escape(name[1])}(?!\w))'
        pattern = re.compile(
            rf"\badd\s+constraint\s+(?P<added>{here})|\bdrop\s+constraint\s+(?:if\s+exists\s+)?(?P<dropped>{here})"
            rf'|\brename\s+constraint\s+(?P<old>"(?:[^"]|"")+"|\w+)\s+to\s+{here}'
            rf'|\balter\s+index\s+(?:if\s+exists\s+)?(?P<index>(?:"(?:[^"]|"")+"|[\w.])+)\s+rename\s+to\s+{here}',
            re.IGNORECASE,
        )
        texts = [r.text for r in rows] or [text for text in told if name[1] in text]
        for match in (m for text in texts if (m := pattern.search(text))):
            if match["added"]:
                return None
            if match["dropped"]:
                return name[1]
            return parse_name(match["old"] or match["index"])[1]
        return name[1]

    def _as_it_was(
        self, name: Name, first: HistoryRow, columns: Columns, live: DatabaseObject | None
    ) -> tuple[str, list[str]]:
        """How an older table is made as its first row found it, and what belongs to it.

        Names, order and positions of the columns are as recorded: a position that none has was one that is gone.
        What v1 does not record (a type's modifiers, identity, collation) is as in the live catalog.
        """
        known: dict[str, str] = {}
        retyped = {unquote(c) for s in self._statements_on(name[1]) for c in _RETYPED.findall(s.folded)}
        head, tail, rest = f"CREATE TABLE {qualified(name)} (", ");", list[str]()
        if live is not None and live.object_type == "TABLE":
            statement, rest = self.as_live(live)
            head, lines, _, tail = elements(statement)
            known = {column_name(line): line for line in (*elements(live.definition)[1], *lines)}
            for changed in retyped & known.keys() & columns.keys():
                # A text gave it the type that it has now.
                known[changed] = with_type(known[changed], type_text(str(columns[changed].get("type"))))
            if name != (live.object_schema, live.object_name):
                now, then = re.compile(rf"{re.escape(live.object_identity)}(?![\w$])"), qualified(name)
                head, *rest = (now.sub(lambda _: then, text) for text in (head, *rest))
        by_place = {columns[c].get("position") or i: c for i, c in enumerate(ordered(columns), 1)}
        added = [f.get("position") or 0 for c, f in (first.columns or {}).items() if c not in columns]
        end = min((p for p in added if p > max(by_place)), default=max(by_place) + 1)
        gaps = [p for p in range(1, end) if p not in by_place] if end <= _MOST_COLUMNS else []
        dropped = [unquote(c) for c in DROPPED.findall(self._about(first)) if c.lower() != "constraint"]
        dropped = [c for c in dropped if c not in columns]
        if len(gaps) == len(dropped) == 1:
            # The statement took it away: its name and place are known, its type is not.
            by_place[gaps.pop()] = dropped[0]
        gone = {p: quote(f"........pg.dropped.{p}........") for p in gaps}
        body = []
        for place in sorted({*by_place, *gone}):
            column = by_place.get(place)
            if column is None:
                body.append(f"{gone[place]} integer")
            elif column in columns:
                body.append(known.get(column) or column_of(column, columns[column]))
            else:
                body.append(f"{quote(column)} text")
        statement = table_of(head, body, tail)
        if gone:
            drops = ", ".join(f"DROP COLUMN {c}" for c in gone.values())
            statement += f"\nALTER TABLE {qualified(name)} {drops};"
        return statement, rest

    def _dropped_constraints(self, name: Name, columns: Columns, table: OlderTable) -> Iterator[Repair]:
        """Constraints that a recorded text drops and none before it names, where their own name says what they were.

        PostgreSQL calls a UNIQUE constraint table_column_key. A foreign key may have the names of both its ends:
        table_column_fk_table_column, or fk_table_column_table, as two widely used tools write them.
        """
        known = {unquote(m[1] or m[2]) for r in table.rest if (m := _NAMED_PART.search(r.statement))}
        for text in (s.folded for s in self._statements_on(name[1])):
            for if_exists, spelled in _DROPPED_CONSTRAINT.findall(text):
                if if_exists:
                    # Proves nothing.
                    continue
                part, word = unquote(spelled), spelled.strip('"')
                rows = [self._evidence.rows[p] for p in self._evidence.mentions(word)]
                naming = [(r, s.folded) for r in rows for s in r.statements if says(s.folded, word)]
                row, first = next((n for n in naming if not _SET_CONSTRAINTS.search(n[1])), (None, None))
                if row is None or first != text or part in known:
                    continue
                known.add(part)
                says_what = self._constraint_of_name(part, name, columns)
                if says_what is None:
                    continue
                if says_what.startswith("FOREIGN KEY") and any(_SET_CONSTRAINTS.search(t) for _, t in naming):
                    says_what += " DEFERRABLE INITIALLY DEFERRED"
                yield Repair(
                    "older_constraint",
                    f"ALTER TABLE {qualified(name)} ADD CONSTRAINT {quote(part)} {says_what};",
                    f"row {row.version_id} drops it, none added it, and its name says what it was",
                    inferred=name,
                )

    def _constraint_of_name(self, part: str, name: Name, columns: Columns) -> str | None:
        """What a constraint of a table says, by its own name; None where the name leaves it open."""
        body = part.removeprefix("fk_")
        if not body.startswith(f"{name[1]}_"):
            return None
        body = body.removeprefix(f"{name[1]}_")
        found = {
            f"UNIQUE ({', '.join(map(quote, names))})"
            for names in _joined(body.removesuffix("_key"), columns)
            if body.endswith("_key")
        }
        tables = [n for n, o in self._evidence.live.items() if o.object_type == "TABLE"]
        tables += [n for n, rows in self._evidence.events.items() if rows[0].object_type == "TABLE"]
        for other in dict.fromkeys(tables):
            between = "_" if part.startswith("fk_") else "_fk_"
            ours, between, theirs = body.partition(between + other[1])
            if not between or other[0] != name[0] or (theirs and not theirs.startswith("_")):
                continue
            keys = [*_joined(theirs[1:], self._columns_of(other))] if theirs else [()]
            for names in _joined(re.sub(r"_[0-9a-f]{8}$", "", ours), columns):
                for key in keys:
                    referred = f" ({', '.join(map(quote, key))})" if key else ""
                    found.add(
                        f"FOREIGN KEY ({', '.join(map(quote, names))}) REFERENCES {qualified(other)}{referred}"
                    )
        return found.pop() if len(found) == 1 else None

    def _columns_of(self, table: Name) -> list[str]:
        live = self._evidence.live.get(table)
        if live is not None:
            return [column for column, _ in column_types(live.definition)]
        return next((list(r.columns) for r in self._evidence.events[table] if r.columns), [])

    def _born(self, row: HistoryRow) -> int:
        """The first position by which an altered table had been made, though no row created it.

        At the start, unless its oid is larger than that of what a row created: then it was made after that, and before
        what has a larger one; with its own row at the latest, as where no oid tells and a text makes it, or may.
        """
        made = self._is_made((row.object_schema, row.name))
        later = False
        for other in self._evidence.rows[: row.position] if row.oid is not None else ():
            if other.oid is None or other.change_type != "CREATE" or other.exclusion_reason:
                continue
            if row.oid is not None and other.oid > row.oid:
                return other.position if later else 0
            # CREATE OR REPLACE keeps the oid of what was there.
            later = later or other.object_type in ("TABLE", "INDEX")
        return row.position if later or made else 0

    def functions(self) -> list[DatabaseObject]:
        """Functions of the live catalog that no recorded text makes: they were there before, for CREATE FUNCTION leaves
        a row with its text.

        v1 names a function by its oid, so only the texts tell. Where one makes a function whose name it does not say,
        nobody knows which.
        """
        told: set[str] = set()
        for text in dict.fromkeys(r.text for r in self._evidence.rows if not r.exclusion_reason):
            told |= (
                {parse_name(name)[1] for name in _ROUTINE.findall(text)}
                if _MAKES_ROUTINE.search(text)
                else set()
            )
        for row in self._evidence.rows:
            if row.object_type != "FUNCTION" or row.exclusion_reason or row.change_type != "CREATE":
                continue
            text = row.text
            if not _ROUTINE.search(text) and not re.search(r"\bcreate\s+extension\b", text, re.IGNORECASE):
                return []
        return [
            found
            for (_, bare), routines in self._evidence.live_routines.items()
            for found in routines
            if found.object_type == "FUNCTION" and found.definition.startswith("CREATE OR REPLACE FUNCTION ")
            if bare not in told
            if not any(renames_to(self._evidence.rows[p].text, bare) for p in self._evidence.mentions(bare))
        ]

    def extensions(self) -> list[Repair]:
        """Extensions of the live catalog that were there before the first row: the functions that one brings would
        have left rows, with the text that creates it.

        CASCADE creates others whose names the text does not say. Where a text makes the schema, it was not there yet.
        """
        texts = dict.fromkeys(r.text for r in self._evidence.rows)
        makers = [text for text in texts if _EXTENSION.search(text)]
        created = [s for text in makers for s in split(text) if _EXTENSION.search(s.folded)]
        brought = {
            r.text for r in self._evidence.rows if r.object_type == "FUNCTION" and r.change_type == "CREATE"
        }
        if any("cascade" in s.words for s in created):
            return []
        steps = []
        for schema in self._evidence.live_by_identity.values():
            if schema.object_type != "SCHEMA":
                continue
            makes_schema = re.compile(
                rf'\bcreate\s+schema\s+(?:if\s+not\s+exists\s+)?"?{re.escape(schema.object_name)}(?!\w)',
                re.IGNORECASE,
            )
            for statement in STATEMENT.findall(schema.definition):
                match = _EXTENSION.search(statement)
                if match is None:
                    continue
                name = unquote(match["name"])
                if (
                    any(says(text, name) for text in makers if text in brought)
                    or any(name in s.words and not s.if_exists for s in created)
                    or any(makes_schema.search(text) for text in texts)
                ):
                    continue
                why = f"the live catalog has the extension {name}, and no row tells of a function that it brought"
                steps.append(Repair("older_extension", statement.strip(), why))
        return steps

    def views(self) -> list[DatabaseObject]:
        """Views of the live catalog that never left a row: v1 records views, so they were there before it."""
        return [
            found
            for name, found in self._evidence.live.items()
            if found.object_type == "VIEW" and name not in self._evidence.events
        ]


_MOVED_TABLE = re.compile(
    r"""\balter\s+table\s+(?:if\s+exists\s+)?((?:"(?:[^"]|"")+"|[\w.])+)\s+set\s+schema\s+("(?:[^"]|"")+"|\w+)""",
    re.IGNORECASE,
)
# PostgreSQL allows no more; a recorded position beyond it is none.
_MOST_COLUMNS = 1600
# Code that may make a table without leaving a row, under a name that stands in it; INSERT INTO does not.
_MAY_MAKE = re.compile(r"\b(?:insert|merge)\s+into\b|\b(create|into|execute)\b", re.IGNORECASE)
_COLUMN_ACTION = re.compile(
    r"""\badd\s+(?:column\s+)?(?P<if_missing>if\s+not\s+exists\s+)?(?P<added>"(?:[^"]|"")+"|\w+)"""
    r"""|\bdrop\s+(?:column\s+)?(?:if\s+exists\s+)?(?P<dropped>"(?:[^"]|"")+"|\w+)"""
    r"""|\brename\s+(?:column\s+)?(?P<old>"(?:[^"]|"")+"|\w+)\s+to\s+(?P<new>"(?:[^"]|"")+"|\w+)"""
)
_RETYPED = re.compile(
    r"""\balter\s+(?:column\s+)?("(?:[^"]|"")+"|\w+)\s+(?:set\s+data\s+)?type\b""", re.IGNORECASE
)
# As PostgreSQL prints it.
_REFERENTIAL_ACTION = re.compile(
    r" ON (?:UPDATE|DELETE) (?:CASCADE|RESTRICT|SET (?:NULL|DEFAULT)(?: \([^)]*\))?)(?=[^']*;$)"
)
_DROPPED_CONSTRAINT = re.compile(
    r"""\bdrop\s+constraint\s+(if\s+exists\s+)?("(?:[^"]|"")+"|\w+)""", re.IGNORECASE
)
# Only of use where the constraint was deferred until then.
_SET_CONSTRAINTS = re.compile(r"\bset\s+constraints\s.*\simmediate\b", re.IGNORECASE | re.DOTALL)
_SECURED = re.compile(r"\benable\s+row\s+level\s+security\b", re.IGNORECASE)
# A statement that gives a table a constraint (its name, what it says), or an index.
_NAMED_PART = re.compile(
    r"""^(?:ALTER TABLE (?:ONLY )?\S.*? ADD CONSTRAINT ("(?:[^"]|"")+"|[\w$]+) """
    r"""|CREATE (?:UNIQUE )?INDEX ("(?:[^"]|"")+"|[\w$]+) ON )(.*)""",
    re.DOTALL,
)
_EXTENSION = re.compile(
    r"""\bcreate\s+extension\s+(?:if\s+not\s+exists\s+)?(?P<name>"(?:[^"]|"")+"|\w+)""", re.IGNORECASE
)
# A text that makes a routine, or gives one its name or its schema; the name as it stands there.
_ROUTINE = re.compile(
    r"""\b(?:function|procedure|routine|aggregate)\s+(?:if\s+exists\s+)?((?:"(?:[^"]|"")+"|[\w$.])+)\s*\(""",
    re.IGNORECASE,
)
_MAKES_ROUTINE = re.compile(r"\bcreate\b|\brename\s+to\b|\bset\s+schema\b|\bexecute\b", re.IGNORECASE)
_SET = re.compile(
    r"""\balter\s+(?:column\s+)?("(?:[^"]|"")+"|\w+)\s+(set\s+not\s+null|drop\s+not\s+null|set\s+default)""",
    re.IGNORECASE,
)


def _before_statement(columns: Columns, text: str, table: str) -> Columns:
    """The recorded columns without what the recorded statement itself did to them."""
    if table not in text:
        return columns
    result = {name: dict(fact) for name, fact in columns.items()}
    for name in ADDED.findall(text):
        result.pop(unquote(name), None)
    for name, action in _SET.findall(text):
        fact = result.get(unquote(name))
        if fact is None:
            continue
        words = " ".join(action.lower().split())
        if words == "set default":
            fact["default"] = None
        else:
            fact["nullable"] = words == "set not null"
    return result or columns


def _column_before(name: str, actions: Sequence[re.Match[str]]) -> str | None:
    """What a column was called before the first of the actions; None where one adds it."""
    for i, action in enumerate(actions):
        added, dropped, old, new = (unquote(action[n] or "") for n in ("added", "dropped", "old", "new"))
        if added == name:
            return None
        if dropped == name or old == name:
            return name
        if new == name:
            return _column_before(old, actions[:i])
    return name


def _joined(text: str, names: Collection[str]) -> Iterator[tuple[str, ...]]:
    """The ways to read a text as some of the names, one after the other with "_" between them."""
    for name in names:
        if text == name:
            yield (name,)
        elif text.startswith(f"{name}_"):
            rest = [n for n in names if n != name]
            yield from ((name, *others) for others in _joined(text.removeprefix(f"{name}_"), rest))


def _added_without_name(body: str, table: str, name: str, told: Iterable[str]) -> bool:
    """Whether a recorded text adds such a constraint and leaves its name to PostgreSQL."""
    key = re.match(r"FOREIGN KEY \(([^)]*)\)", body)
    if key is not None:
        columns = r"\s*,\s*".join(re.escape(c.strip()) for c in key[1].split(","))
        pattern = rf"\badd\s+foreign\s+key\s*\(\s*{columns}\s*\)"
    elif body.startswith("CHECK ") and re.fullmatch(rf"{re.escape(table)}_(?:.+_)?check\d*", name):
        pattern = r"\badd\s+check\s*\("
    else:
        return False
    return any(re.search(pattern, text, re.IGNORECASE) for text in told)
