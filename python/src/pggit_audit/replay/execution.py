"""One execution of the history: its rows came from one query of a client."""

from __future__ import annotations

import re
from collections import Counter, deque
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property

from pggit_audit.catalog import Key
from pggit_audit.code import straight
from pggit_audit.history import SESSION, HistoryRow
from pggit_audit.replay.code import may_commit
from pggit_audit.replay.provenance import Inferred
from pggit_audit.replay.state import ROUTINES
from pggit_audit.rules import strings
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Statement, committed, split

# Triggers that these fire may run DDL.
_CHANGES_ROWS = frozenset(("INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "COPY", "WITH"))
_MAKES_NO_OTHERS = frozenset(
    (
        "TABLE",
        "INDEX",
        "VIEW",
        "FUNCTION",
        "PROCEDURE",
        "SEQUENCE",
        "TYPE",
        "DOMAIN",
        "TRIGGER",
        "POLICY",
        "RULE",
    )
)
_LEAVES_TABLES_ALONE = frozenset(f"CREATE {kind}" for kind in ("VIEW", "FUNCTION", "PROCEDURE", "INDEX"))
_MAKES_AN_INDEX = frozenset(("UNIQUE", "PRIMARY", "EXCLUDE", "LIKE", "PARTITION", "INDEX", "TYPE", "OF"))


@dataclass
class Execution:
    """The execution at hand, and how far the walk has come in it.

    `remaining` are its rows that no statement has explained yet, in order; `rows` are all of them, `last` is the last.
    `strings` says how backslashes in strings were read (`rules.strings`).
    `waiting` is what changed and no row explains: it comes with the commit of the next row; `made` what its statements
    made beside what their rows tell. `following` are the
    statements still to come; `failures` are finding and message of each statement that could not run; `members` the
    rows of an extension's members; `left_out` those that were so from the start.
    """

    text: str
    statements: Sequence[Statement]
    remaining: deque[HistoryRow]
    last: HistoryRow
    rows: Sequence[HistoryRow]
    waiting: list[Inferred]
    strings: tuple[bool | None, list[Repair]] = (None, [])
    following: Sequence[Statement] = ()
    failures: list[tuple[str, str]] = field(default_factory=list)
    members: set[int] = field(default_factory=set)
    left_out: Sequence[HistoryRow] = ()
    made: set[Key] = field(default_factory=set)

    @classmethod
    def of(cls, rows: Sequence[HistoryRow], waiting: list[Inferred], evidence: Evidence) -> Execution:
        """The execution of these rows, of which none is left out."""
        text = next((r.change_sql for r in rows if r.change_sql and r.change_sql.strip()), "")
        if "\x00" in text:
            text = ""
        told = strings.in_force(evidence, next((r for r in rows if r.change_sql == text), rows[0]))
        sent = committed(split(text, escapes=bool(told[0])))
        statements = _that_ran([s for one in sent for s in straight(one) or (one,)], rows, evidence)
        return cls(text, statements, deque(rows), rows[-1], rows, waiting, told)

    @property
    def about(self) -> str:
        """What all is about that its text leaves open: whoever reads the text judges it."""
        return f"text of row {self.rows[0].version_id}"

    @property
    def may_have_come_again(self) -> bool:
        """Whether it explains some of the rows, and the others may be of the next one of its text: it is one
        statement that may run twice, or a text that is sent for one schema after the other."""
        if not 0 < len(self.remaining) < len(self.rows):
            return False
        first, following = self.rows[0], self.remaining[0]
        if first.object_schema != following.object_schema and _is_alike(first, following):
            return True
        return len(self.statements) == 1 and (
            self.statements[0].action == "code" or self.statements[0].or_replace
        )

    @property
    def next_row(self) -> HistoryRow | None:
        """The first row that is not explained yet, if one is left."""
        return self.remaining[0] if self.remaining else None

    @property
    def is_silent_about_the_next(self) -> bool:
        """Whether no statement that may make it names the relation of the first row that is not explained yet."""
        row = self.next_row
        return row is not None and row.object_type not in ROUTINES and row.name not in self._words

    @cached_property
    def _words(self) -> set[str]:
        return {word for s in self.statements if s.action != "ignored" for word in s.words}

    def says_schema(self, row: HistoryRow) -> bool:
        """Whether the text writes the schema before the name of the row's object, or code of it may.

        v1's name of a routine is its oid (FORMATS 1.4), and no statement has that: rows and statements are counted. The
        text says those of a schema if it writes it as often as there are rows, and so may code if the routines that
        the text makes without a schema have rows elsewhere.
        """
        schema = row.object_schema or ""
        if not row.object_name.isdigit():
            return row.says_schema or (self._code_says(schema) and not self._makes_plainly(row))
        said, recorded = self._schemas_said, self._schemas_recorded
        if schema in said and (None not in said or recorded[schema] <= said[schema]):
            return True
        elsewhere = recorded - said
        del elsewhere[schema]
        return self._code_says(schema) and elsewhere.total() >= said[None]

    def _code_says(self, schema: str) -> bool:
        """Whether code of the text has a schema's name before a dot, or as a string."""
        here = re.compile(rf"""(?<!\w)"?{re.escape(schema)}"?\s*\.|'"?{re.escape(schema)}"?'""")
        return any(schema in code and here.search(code) for code in self._code)

    @cached_property
    def _code(self) -> Sequence[str]:
        return [s.text for s in self.statements if s.action == "code"]

    def _makes_plainly(self, row: HistoryRow) -> bool:
        """Whether a statement that is no code gives an object of the row's name, or may have an index of it, without a
        schema."""
        for statement in self.statements:
            if statement.action == "code":
                continue
            names = [*statement.targets, *([statement.on] if statement.on else ())]
            if any(
                schema is None and (row.name in (bare, statement.renamed_to) or row.object_type == "INDEX")
                for schema, bare in names
            ):
                return True
        return False

    @cached_property
    def _schemas_said(self) -> Counter[str | None]:
        made = (
            s for s in self.statements if s.verb == "CREATE" and s.object_type in (*ROUTINES, "AGGREGATE")
        )
        return Counter(schema for s in made for schema, _ in s.targets)

    @cached_property
    def _schemas_recorded(self) -> Counter[str | None]:
        return Counter(
            r.object_schema for r in self.rows if r.object_name.isdigit() and r.change_type != "DROP"
        )

    def in_turn(self) -> Iterator[Statement]:
        """The statements in order; `following` goes along."""
        for i, statement in enumerate(self.statements, 1):
            self.following = self.statements[i:]
            yield statement


def may_explain(statement: Statement, row: HistoryRow) -> bool:
    """Whether a statement that is still to come may have left a row: in doubt, it may."""
    if statement.action == "ignored":
        # An owner is given by ALTER.
        return statement.verb in ("ALTER", *_CHANGES_ROWS) or row.name in statement.words
    if statement.action != "ddl" or statement.runs_query or statement.object_type not in _MAKES_NO_OTHERS:
        return True
    if not statement.leaves_rows:
        return False
    if row.change_type == "CREATE" and row.object_type in ("TABLE", "VIEW"):
        return statement.verb == "CREATE" and row.name in (bare for _, bare in statement.targets)
    if row.object_type == "TABLE" and statement.tag in _LEAVES_TABLES_ALONE:
        return False
    if row.change_type == "DROP" or row.name in statement.words:
        return True
    if row.object_type in ROUTINES:
        return statement.object_type not in ("TABLE", "INDEX", "VIEW")
    if row.object_type == "INDEX":
        # Those of keys, and of a partition, have names that no text says.
        named = statement.tag == "CREATE INDEX" and statement.targets
        return not named and not _MAKES_AN_INDEX.isdisjoint(statement.keywords)
    # Heirs change with their parents.
    return row.change_type == "ALTER" and statement.tag == "ALTER TABLE"


def executions(rows: Iterable[HistoryRow], evidence: Evidence) -> Iterable[list[HistoryRow]]:
    """The rows of each execution, in the order in which these ended.

    Where rows of other sessions lie between those of one, these come first: what they made was there for its later
    statements, and nothing that it made was there for them. Of a call or a block that ends transactions, those that
    follow begin when they do (and not when it came): they belong to it as long as its rows follow one another as
    those of a session do.
    """
    found: dict[tuple[str, int], list[HistoryRow]] = {}
    going_on: dict[tuple[str | None, str | None], tuple[str, int]] = {}
    belongs: dict[tuple[str, int], tuple[str, int]] = {}
    for row in rows:
        query = (row.change_sql, row.author)
        if row.execution not in belongs:
            before = going_on.get(query)
            if before is None or not _follows(row, found[before][-1]):
                before = row.execution
                going_on.pop(query, None)
                if may_commit(row.statements, evidence.live):
                    going_on[query] = before
            belongs[row.execution] = before
        here = belongs[row.execution]
        together = found.pop(here, [])
        together.append(row)
        found[here] = together
    return found.values()


def _is_alike(row: HistoryRow, other: HistoryRow) -> bool:
    """Whether two rows say the same of an object of their schemas; a routine is called by its oid there."""
    is_routine = row.object_type == other.object_type == "FUNCTION"
    return (row.object_type, row.change_type) == (other.object_type, other.change_type) and (
        is_routine or row.object_name == other.object_name
    )


def _follows(row: HistoryRow, other: HistoryRow) -> bool:
    """Whether a row was written behind the other, in the same sitting."""
    here, before = row.created_at, other.created_at
    return isinstance(here, datetime) and isinstance(before, datetime) and before <= here <= before + SESSION


def _that_ran(
    statements: Sequence[Statement], rows: Sequence[HistoryRow], evidence: Evidence
) -> Sequence[Statement]:
    """The statements without those of a transaction that failed, and all behind it.

    A text may end transactions itself. What a later one of them makes leaves rows, unless it failed, and with it the
    rest of the text.
    """
    start, ended = 0, False
    for i, statement in enumerate(statements, 1):
        if statement.tag in ("COMMIT", "END"):
            start, ended = i, True
        elif ended and _lacks_its_row(statement, rows, evidence):
            return statements[:start]
    return statements


def has_lost_rows(rows: Sequence[HistoryRow], evidence: Evidence) -> bool:
    """Whether rows of an execution may have been erased (FORMATS 1.12): there is a gap in the ids around."""
    every = evidence.history.rows
    here = [r for r in rows if r.position < len(every)]
    first, last = max(here[0].position - 1, 0), min(here[-1].position + 1, len(every) - 1)
    return every[last].version_id - every[first].version_id != last - first


def _lacks_its_row(statement: Statement, rows: Sequence[HistoryRow], evidence: Evidence) -> bool:
    """Whether a statement left no row although it would have.

    It makes what no row, no other text and no live object has the name of, or alters a table of whose name there is
    no row here.
    """
    kind = statement.object_type
    if (
        statement.tag == "ALTER TABLE"
        and statement.leaves_rows
        and not statement.if_exists
        and not statement.may_rename
        and statement.targets
    ):
        name = statement.targets[0][1]
        return not any(r.object_type == "TABLE" and r.name == name for r in rows) and not has_lost_rows(
            rows, evidence
        )
    if statement.verb != "CREATE" or kind not in ("TABLE", "VIEW", "INDEX") or not statement.targets:
        return False
    if (
        statement.if_exists
        or statement.runs_query
        or not {"TEMP", "TEMPORARY"}.isdisjoint(statement.keywords)
    ):
        return False
    name = statement.targets[0][1]
    if any(r.object_type == kind and r.name == name for r in rows) or any(
        bare == name for _, bare in evidence.live.by_name
    ):
        return False
    here = {r.position for r in rows}
    return all(p in here for p in evidence.history.mentions(name))
