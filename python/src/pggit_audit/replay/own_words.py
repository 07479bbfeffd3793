"""What a row's own statement says of its object, so that no step that was inferred before it leaves that open."""

from __future__ import annotations

from collections.abc import Sequence

from sqlglot import Token, TokenType

from pggit_audit.history import History, HistoryRow
from pggit_audit.lexing import upper
from pggit_audit.replay.state import Difference
from pggit_audit.rules import IMPLIED_DROP, OLDER_TABLE, STUB_RELATION, TABLE_FROM_COLUMNS
from pggit_audit.rules.situation import Repair
from pggit_audit.statements import Statement

GUESSED_RELATIONS = (STUB_RELATION, TABLE_FROM_COLUMNS, OLDER_TABLE)
"""Rules that make a relation of whose kind nothing is recorded: an index on a partitioned table reads otherwise."""
_ORDER = {"ASC", "DESC", "NULLS", "FIRST", "LAST"}


def left_open(
    repairs: Sequence[Repair],
    statement: Statement,
    row: HistoryRow,
    difference: Difference | None,
    replaced: bool,
    kind_is_told: bool = False,
) -> list[Repair]:
    """The steps before a statement that leave open what the object of its row is like.

    A plain CREATE says all of what it makes, and that nothing had the name (`replaced`: something had it here, and has
    its own event): only since when that was gone is open. An index on columns says no more of its table than what the
    statement does, if that is no guess (`kind_is_told`: whatever made it).
    """
    kept = list(repairs)
    if (
        statement.action != "ddl"
        or statement.verb != "CREATE"
        or statement.or_replace
        or row.change_type != "CREATE"
    ):
        return kept
    if replaced:
        kept = [r for r in kept if r.rule is not IMPLIED_DROP]
    if says_all(statement, row, difference):
        kept = [r for r in kept if r.rewrite or (r.rule in GUESSED_RELATIONS and not kind_is_told)]
    return kept


def went_with_a_view(history: History, row: HistoryRow, statement: Statement) -> bool:
    """Whether the index that a row makes went with a materialized view of the name that its statement says.

    Its row of the drop has a text that drops that one thing, without CASCADE. It is the first drop of the index's name,
    and nothing else has a row of that name in between: so the index is the same, and was on that view all the time.
    """
    rows = history.by_name.get((row.object_schema, row.name), [])
    if statement.on is None or len(rows) < 2 or rows[0].position != row.position:
        return False
    texts = rows[1].statements if rows[1].change_type == "DROP" else ()
    return (
        len(texts) == 1
        and texts[0].tag == "DROP MATERIALIZED VIEW"
        and [bare for _, bare in texts[0].targets] == [statement.on[1]]
        and "CASCADE" not in texts[0].keywords
    )


def says_all(statement: Statement, row: HistoryRow, difference: Difference | None) -> bool:
    """Whether a row is of an index that its statement names all parts of: the table, and its columns by their names.

    What an expression, a condition, a collation or an operator class reads as depends on the types of columns.
    """
    if statement.tag != "CREATE INDEX" or statement.action != "ddl" or row.object_type != "INDEX":
        return False
    made = difference.new if difference is not None and difference.old is None else None
    if made is None or (made.object_schema, made.object_name) != (row.object_schema, row.name):
        return False
    tokens = [t for t in statement.tokens if t.token_type != TokenType.SEMICOLON]
    start = next((i for i, t in enumerate(tokens) if upper(t) == "ON"), len(tokens))
    opening = next((i for i, t in enumerate(tokens) if i > start and t.token_type == TokenType.L_PAREN), None)
    if opening is None or upper(tokens[start + 1]) == "ONLY" or tokens[-1].token_type != TokenType.R_PAREN:
        return False
    return all(_is_column(part) for part in _parts(tokens[opening + 1 : -1]))


def _parts(tokens: Sequence[Token]) -> list[list[Token]]:
    """What stands between commas."""
    parts: list[list[Token]] = [[]]
    for token in tokens:
        if token.token_type == TokenType.COMMA:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts


def _is_column(part: Sequence[Token]) -> bool:
    """Whether a part of an index is a column, and at most its order."""
    if not part:
        return False
    name, *order = part
    is_name = name.token_type == TokenType.IDENTIFIER or name.text.isidentifier()
    return is_name and all(upper(t) in _ORDER for t in order)
