"""Finds what a text of SQL uses of pgGit v1, and writes anew what is certain. A text in, a text or the reason out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from sqlglot import Token, TokenType
from sqlglot.errors import TokenError

from pggit_audit.night.preflight.calls import Call, CallTable, Class, Parameter
from pggit_audit.night.preflight.tokens import (
    STRINGS,
    before,
    closing,
    is_from_item,
    is_sql,
    name,
    statement,
    tokenize,
    word,
)

CHANGES_COLUMNS = frozenset(
    {
        "change_id", "event_no", "origin", "v1_version_id", "v1_version", "v1_version_string", "object_id",
        "commit_sha", "parent_commit_sha", "branch_name", "object_schema", "object_name", "object_type",
        "object_identity", "change_type", "change_severity", "old_definition", "new_definition", "author",
        "committed_at", "commit_message", "backfilled_from_v1", "verified", "fidelity",
    }
)  # fmt: skip
"""A bare name in an argument would mean one of these once it stands in the new query."""

Span = tuple[int, int]
Piece = str | Span
"""What a new text is made of: text of the template, or a part of the old text (from, to), kept to the letter."""


@dataclass(frozen=True)
class Edit:
    """A part of the old text, and what takes its place."""

    span: Span
    pieces: tuple[Piece, ...]

    def text(self, old: str) -> str:
        return "".join(p if isinstance(p, str) else old[p[0] : p[1]] for p in self.pieces)


@dataclass(frozen=True)
class Use:
    """One use of something of v1.

    Attributes:
        name: what it uses, without the schema.
        kind: `function`, `table`, `view`, `type`, or `object` where only its schema is known.
        class_: what becomes of it.
        span: where the name, or the whole call, stands in the text.
        statement: where its statement stands.
        edits: what to change, where that is certain; all of them or none.
        reason: why it is not certain.
        call: the entry of the table.

    """

    name: str
    kind: str
    class_: Class
    span: Span
    statement: Span
    edits: tuple[Edit, ...] = ()
    reason: str = ""
    call: Call | None = None


@dataclass(frozen=True)
class Rewritten:
    """A text after its rewriting, and what it used before."""

    sql: str
    uses: tuple[Use, ...] = field(default=())


def rewrite(sql: str, table: CallTable) -> Rewritten:
    """Write a text of SQL anew where that is certain; the rest of it stays to the letter.

    Raises:
        sqlglot.errors.TokenError: the text ends within a quote or a comment.

    """
    uses = find_uses(sql, table)
    return Rewritten(apply(sql, [edit for use in uses for edit in use.edits]), tuple(uses))


def apply(sql: str, edits: Sequence[Edit]) -> str:
    """Return a text with its edits made; they do not overlap."""
    for edit in sorted(edits, key=lambda e: e.span, reverse=True):
        sql = sql[: edit.span[0]] + edit.text(sql) + sql[edit.span[1] :]
    return sql


def find_uses(sql: str, table: CallTable, *, bodies: bool = True) -> list[Use]:
    """Return what a text of SQL uses of v1, in the order of its places.

    Args:
        sql: one statement or many, or a part of one.
        table: v1's calls.
        bodies: whether what is in dollar quotes after AS or DO is read as SQL as well.

    Raises:
        sqlglot.errors.TokenError: the text ends within a quote or a comment.

    """
    found = list(_uses(sql, 0, table, bodies))
    # two edits of one statement may not meet
    seen: list[Span] = []
    for use in found:
        seen += [edit.span for edit in use.edits]
    overlapping = {a for a in seen for b in seen if a != b and a[0] < b[1] and b[0] < a[1]}
    return [
        _left(use, "it stands within another call") if overlapping & {e.span for e in use.edits} else use
        for use in sorted(found, key=lambda use: use.span)
    ]


def arguments(sql: str, table: CallTable) -> list[tuple[Call, dict[str, Span | str]]]:
    """Return the calls of a text that a query takes the place of, each with its arguments by parameter.

    An argument is its place in the text, or the default where it is left out. Calls within strings are not looked at.
    """
    tokens = tokenize(sql)
    found: list[tuple[Call, dict[str, Span | str]]] = []
    for i, _ in enumerate(tokens):
        if name(tokens, i) != table.schema or word(tokens, i + 1) != "." or word(tokens, i - 1) == ".":
            continue
        calls = [c for c in table.functions(name(tokens, i + 2) or "") if c.class_ == "rewrite"]
        end = closing(tokens, i + 3) if word(tokens, i + 3) == "(" else None
        if calls and end is not None:
            found.append((calls[0], _Reference(sql, 0, tokens, i, table).given(calls[0], end)))
    return found


def _left(use: Use, reason: str) -> Use:
    return Use(use.name, use.kind, use.class_, use.span, use.statement, (), reason, use.call)


def _uses(sql: str, offset: int, table: CallTable, bodies: bool) -> Iterator[Use]:
    tokens = tokenize(sql)
    for i, token in enumerate(tokens):
        if token.token_type in STRINGS:
            yield from _in_string(sql, offset, tokens, i, table, bodies)
        elif name(tokens, i) == table.schema and word(tokens, i + 1) == "." and word(tokens, i - 1) != ".":
            use = _Reference(sql, offset, tokens, i, table).use()
            if use is not None:
                yield use


def _in_string(
    sql: str, offset: int, tokens: Sequence[Token], i: int, table: CallTable, bodies: bool
) -> Iterator[Use]:
    """What a string within SQL uses: a routine's body is SQL itself, another string is put together to be run."""
    token = tokens[i]
    if table.schema not in token.text.lower():
        return
    raw = sql[token.start : token.end + 1]
    at = raw.find(token.text)
    is_body = word(tokens, i - 1) in ("AS", "DO") or (
        word(tokens, i - 2) == "LANGUAGE" and word(tokens, i - 3) == "DO"
    )
    first, last = statement(tokens, i)
    place = (offset + tokens[first].start, offset + tokens[last].end + 1)
    try:
        if bodies and is_body and at >= 0:
            yield from _uses(token.text, offset + token.start + at, table, bodies)
            return
        is_part = word(tokens, i - 1) == "||" or word(tokens, i + 1) == "||"
        inner = list(_uses(token.text, 0, table, bodies)) if is_sql(token.text, is_part) else []
    except TokenError:  # half a statement
        inner = []
    for use in inner:
        span = (offset + token.start, offset + token.end + 1)
        yield Use(
            use.name, use.kind, use.class_, span, place, (), "it is put together from strings", use.call
        )
    if not inner:
        parts = token.text.strip().split(".")
        entry = table.relation(parts[-1]) if parts[:-1] == [table.schema] else None
        if entry is not None and word(tokens, i + 1) == "::" and word(tokens, i + 2).startswith("REG"):
            span = (offset + token.start, offset + token.end + 1)
            yield Use(entry.name, entry.kind, entry.class_, span, place, (), "it goes by its name", entry)


class _Reference:
    """A name of the schema of v1 at a place of a statement.

    A method for each form that a use can have there: all look at the same tokens around it.
    """

    def __init__(self, sql: str, offset: int, tokens: Sequence[Token], i: int, table: CallTable) -> None:
        self.sql, self.offset, self.tokens, self.i, self.table = sql, offset, tokens, i, table
        self.last = word(tokens, i - 1)

    def use(self) -> Use | None:
        called = name(self.tokens, self.i + 2)
        if called is None:
            return None
        is_called = word(self.tokens, self.i + 3) == "("
        functions = self.table.functions(called)
        relation = self.table.relation(called)
        if is_called and not (relation and not functions) and not self._names_a_relation():
            return self._call(called, functions)
        if word(self.tokens, self.i + 3) == ".":
            return None  # a column, with its table in front, which stands in FROM as well
        if self._is_changed():
            return self._of(called, relation, "writer")
        if self._is_read(relation):
            if functions and not relation:
                return self._of(called, functions[0], functions[0].class_)
            return self._of(called, relation, relation.class_ if relation else "unknown_call")
        return None

    def _names_a_relation(self) -> bool:
        return self.last in ("INTO", "REFERENCES", "TABLE", "COPY", "ON", "TRUNCATE", "ONLY")

    def _is_changed(self) -> bool:
        last, second = self.last, word(self.tokens, self.i - 2)
        if last == "ONLY":
            last, second = second, word(self.tokens, self.i - 3)
        if last == "FROM":
            return second == "DELETE"
        if last == "INTO":
            return second in ("INSERT", "MERGE")
        if last == "UPDATE":
            return second not in ("FOR", "KEY", "DO")
        if last in ("TRUNCATE", "COPY"):
            return not (last == "COPY" and self._copies_out())
        if last == "TABLE":
            return second in ("TRUNCATE", "ALTER", "DROP", "LOCK")
        return last in ("VIEW", "FUNCTION", "PROCEDURE", "TYPE", "TRIGGER", "INDEX") and second in (
            "ALTER", "DROP", "CREATE", "REPLACE",
        )  # fmt: skip

    def _copies_out(self) -> bool:
        end = closing(self.tokens, self.i + 3) if word(self.tokens, self.i + 3) == "(" else self.i + 2
        return end is not None and word(self.tokens, end + 1) == "TO"

    def _is_read(self, relation: Call | None) -> bool:
        """Whether a relation or type stands here, and not a column of a table that is called like the schema."""
        if self.last in (
            "FROM",
            "JOIN",
            "TABLE",
            "REFERENCES",
            "ON",
            "ONLY",
            "COPY",
            "USING",
            "INTO",
            "UPDATE",
        ):
            return True
        if self.last in ("::", "AS") or word(self.tokens, self.i + 3) == "%":
            return relation is not None
        if self.last in ("FUNCTION", "PROCEDURE", "VIEW", "TYPE", "LIKE", "OF", "RETURNS", "SETOF"):
            return True
        if self.last == ",":
            return is_from_item(self.tokens, self.i) or (relation is not None and relation.kind == "type")
        return relation is not None and relation.kind == "type"

    def _span(self, first: int, last: int) -> Span:
        return self.offset + self.tokens[first].start, self.offset + self.tokens[last].end + 1

    def _statement(self) -> Span:
        return self._span(*statement(self.tokens, self.i))

    def _of(self, called: str, call: Call | None, class_: Class) -> Use:
        kind = call.kind if call else "object"
        return Use(called, kind, class_, self._span(self.i, self.i + 2), self._statement(), call=call)

    def _call(self, called: str, functions: Sequence[Call]) -> Use:
        end = closing(self.tokens, self.i + 3)
        span = self._span(self.i, self.i + 2 if end is None else end)
        place = self._statement()
        if not functions:
            return Use(called, "function", "unknown_call", span, place)
        if self.last in ("FUNCTION", "PROCEDURE") and word(self.tokens, self.i - 2) != "EXECUTE":
            changed = word(self.tokens, self.i - 2) in ("CREATE", "REPLACE", "ALTER", "DROP")
            return Use(called, "function", "writer" if changed else "by_hand", span, place, call=functions[0])
        rewritten = [call for call in functions if call.class_ == "rewrite"]
        if not rewritten:
            ours = _best(functions, self._arguments(end) if end is not None else [])
            return Use(called, "function", ours.class_, span, place, call=ours)
        try:
            edits = self._edits(rewritten[0], end)
        except _Uncertain as uncertain:
            return Use(called, "function", "rewrite", span, place, (), str(uncertain), rewritten[0])
        return Use(called, "function", "rewrite", span, place, edits, "", rewritten[0])

    # What takes the place of a call

    def _edits(self, call: Call, end: int | None) -> tuple[Edit, ...]:
        if end is None:
            raise _Uncertain("its parenthesis is not closed")
        query = self._query(call, end)
        alias = call.name
        if is_from_item(self.tokens, self.i):
            following = word(self.tokens, end + 1)
            if following == "WITH" and word(self.tokens, end + 2) == "ORDINALITY":
                raise _Uncertain("WITH ORDINALITY numbers the rows of a function only")
            lateral = "lateral " if self.last in ("JOIN", ",") and self._names(end) else ""
            named = "" if self._has_alias(end + 1) else f" as {alias}"
            return (Edit(self._span(self.i, end), (f"{lateral}(", *query, f"){named}")),)
        return self._in_select(query, alias, end)

    def _in_select(self, query: tuple[Piece, ...], alias: str, end: int) -> tuple[Edit, ...]:
        """A call in the list of a SELECT that has no FROM: there it is the same as in FROM."""
        first, last = self.i, end
        if word(self.tokens, first - 1) == "(" and word(self.tokens, last + 1) == ")":
            first, last = first - 1, last + 1
            if word(self.tokens, last + 1) != ".":
                raise _Uncertain("it is not an item of FROM")
        if word(self.tokens, first - 1) not in ("SELECT", ","):
            raise _Uncertain("it is not an item of FROM")
        clause, at = before(self.tokens, first)
        if clause != "SELECT":
            raise _Uncertain("it is not an item of FROM")
        stop = self._end_of_list(at + 1)
        others = [
            j
            for j in range(at + 1, stop)
            if name(self.tokens, j) == self.table.schema and word(self.tokens, j + 1) == "." and j != self.i
        ]
        if others:
            raise _Uncertain("several functions that return rows are in one SELECT")
        appended = self.offset + self.tokens[stop - 1].end + 1
        return (
            Edit(self._span(first, last), (alias,)),
            Edit((appended, appended), (" from (", *query, f") as {alias}")),
        )

    def _end_of_list(self, i: int) -> int:
        """The place behind the list of a SELECT that has nothing else."""
        depth = 0
        for j in range(i, len(self.tokens)):
            kind = self.tokens[j].token_type
            if not depth and (
                kind in (TokenType.R_PAREN, TokenType.SEMICOLON) or word(self.tokens, j) == "UNION"
            ):
                return j
            depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
            if not depth and word(self.tokens, j) in _AFTER_FROM | {"FROM"}:
                raise _Uncertain("it is in the list of a SELECT: move it to FROM")
        return len(self.tokens)

    def _has_alias(self, i: int) -> bool:
        if i >= len(self.tokens):
            return False
        if self.tokens[i].token_type == TokenType.IDENTIFIER or word(self.tokens, i) == "AS":
            return True
        return name(self.tokens, i) is not None and word(self.tokens, i) not in _AFTER_FROM

    def _query(self, call: Call, end: int) -> tuple[Piece, ...]:
        given = self._given(call.parameters, self._arguments(end))
        pieces: list[Piece] = []
        rest = self.table.query(call)
        used: list[int] = []
        while "{" in rest:
            text, _, rest = rest.partition("{")
            parameter, _, rest = rest.partition("}")
            pieces.append(text)
            value = given[parameter]
            if isinstance(value, str):
                pieces.append(value)
            else:
                used.append(value[0])
                pieces += self._argument(parameter, *value)
        if used != sorted(used) and any(self._is_positional(j) for j in range(self.i, end)):
            raise _Uncertain("its parameters would change their order")
        return (*pieces, rest)

    def given(self, call: Call, end: int) -> dict[str, Span | str]:
        """The arguments by parameter, as places of the text or as defaults."""
        try:
            given = self._given(call.parameters, self._arguments(end))
        except _Uncertain:
            return {}
        return {n: v if isinstance(v, str) else self._span(*v) for n, v in given.items()}

    def _arguments(self, end: int) -> list[Span]:
        """First and last token of each argument."""
        spans, depth, first = [], 0, self.i + 4
        for j in range(self.i + 4, end + 1):
            kind = self.tokens[j].token_type
            if not depth and (j == end or kind == TokenType.COMMA):
                if j > first:
                    spans.append((first, j - 1))
                first = j + 1
            depth += (kind in _OPEN) - (kind in _CLOSE)
        return spans

    def _given(self, parameters: Sequence[Parameter], arguments: Sequence[Span]) -> dict[str, Span | str]:
        given: dict[str, Span | str] = {}
        names = [parameter.name for parameter in parameters]
        for n, (first, last) in enumerate(arguments):
            if word(self.tokens, first + 1) in ("=>", ":="):
                parameter = name(self.tokens, first)
                first += 2
            else:
                parameter = names[n] if n < len(names) else None
            if parameter is None or parameter not in names or parameter in given or first > last:
                raise _Uncertain("its arguments are not those of the function")
            given[parameter] = (first, last)
        for missing in parameters:
            if missing.name not in given:
                if missing.default is None:
                    raise _Uncertain(f"it has no {missing.name}")
                given[missing.name] = missing.default
        return given

    def _argument(self, parameter: str, first: int, last: int) -> list[Piece]:
        if word(self.tokens, first) in ("VARIADIC", "*", "DISTINCT"):
            raise _Uncertain("its arguments are not those of the function")
        for j in range(first, last + 1):
            if name(self.tokens, j) == self.table.schema and word(self.tokens, j + 1) == ".":
                raise _Uncertain("an argument uses v1 itself")
        for bare in self._bare_names(first, last):
            if bare in CHANGES_COLUMNS:
                raise _Uncertain(f"the name {bare} in its arguments would mean a column of changes")
        token = self.tokens[first]
        if first == last and token.token_type == TokenType.STRING and token.text.rpartition(".")[2].isdigit():
            raise _Uncertain("it names a routine by its oid: give the signature, as object_identity has it")
        span = self._span(first, last)
        is_simple = last - first < 3 or word(self.tokens, first) == "%" or word(self.tokens, last) == ")"
        return [span] if is_simple else ["(", span, ")"]

    def _names(self, end: int) -> list[str]:
        """Names in the arguments that may be columns of other items of FROM."""
        return [
            n for first, last in self._arguments(end) for n in self._bare_names(first, last, qualified=True)
        ]

    def _bare_names(self, first: int, last: int, qualified: bool = False) -> list[str]:
        found = []
        for j in range(first, last + 1):
            this, previous, following = (
                name(self.tokens, j),
                word(self.tokens, j - 1),
                word(self.tokens, j + 1),
            )
            if this is None or following == "(" or following in ("=>", ":="):
                continue
            if previous in (":", "%", "$", "@", "::", "#") or (
                previous == "(" and word(self.tokens, j - 2) == "%"
            ):
                continue
            if (
                (previous == ")" and this == "s")
                or previous == "."
                or this in ("null", "true", "false", "as")
            ):
                continue
            if following == "." and not qualified:
                continue
            found.append(this)
        return found

    def _is_positional(self, j: int) -> bool:
        if word(self.tokens, j) == "?":
            return True
        return word(self.tokens, j) == "%" and word(self.tokens, j + 1) in ("S", "B", "T")


class _Uncertain(Exception):
    """Why a call is left as it is."""


def _best(functions: Sequence[Call], arguments: Sequence[Span]) -> Call:
    """The one of several functions of a name that takes as many arguments; a writer where that decides nothing."""
    fitting = [
        call
        for call in functions
        if sum(p.default is None for p in call.parameters) <= len(arguments) <= len(call.parameters)
    ] or list(functions)
    return next((call for call in fitting if call.class_ == "writer"), fitting[0])


_OPEN = {TokenType.L_PAREN, TokenType.L_BRACKET, TokenType.L_BRACE}
_CLOSE = {TokenType.R_PAREN, TokenType.R_BRACKET, TokenType.R_BRACE}
_AFTER_FROM = {
    "WHERE", "GROUP", "ORDER", "LIMIT", "OFFSET", "FETCH", "FOR", "UNION", "INTERSECT", "EXCEPT", "JOIN", "LEFT",
    "RIGHT", "FULL", "INNER", "CROSS", "NATURAL", "ON", "USING", "HAVING", "WINDOW", "RETURNING", "LOOP", "INTO",
    "SET", "TABLESAMPLE", "WITH", "LATERAL", "THEN", "WHEN",
}  # fmt: skip
