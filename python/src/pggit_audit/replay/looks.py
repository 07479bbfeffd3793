"""What a statement makes DDL of that the history does not have: rows, the clock, random numbers, the session.

Told by the tokens of the code in their place, strings that it may execute included. What cannot be told counts as
looked at: what is `exact` was made of nothing but the statement and the catalog.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain, pairwise
from typing import NamedTuple

from sqlglot import Token, TokenType
from sqlglot.errors import TokenError

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.code import KEEPS, always_altering, pieces, unconditional
from pggit_audit.definitions import parse_name, without_comments
from pggit_audit.history import HistoryRow
from pggit_audit.lexing import LITERALS, SHORT, TooLong, read_parts, upper
from pggit_audit.replay.code import code_of, named, reached
from pggit_audit.replay.state import Difference, State
from pggit_audit.rules import DEPENDS_ON_DATA, clock
from pggit_audit.rules.situation import Repair
from pggit_audit.statements import Statement

# Another result at another time, in another session, on another server or to somebody else; all but the words of
# the second line are calls.
_WORDS = {
    "CURRENT_CATALOG", "CURRENT_DATE", "CURRENT_TIME", "CURRENT_TIMESTAMP", "CURRENT_USER", "CURRENT_ROLE",
    "SESSION_USER", "USER", "LOCALTIME", "LOCALTIMESTAMP",
}  # fmt: skip
_CALLS = {
    "NOW", "CLOCK_TIMESTAMP", "STATEMENT_TIMESTAMP", "TRANSACTION_TIMESTAMP", "TIMEOFDAY", "AGE", "RANDOM",
    "RANDOM_NORMAL", "GEN_RANDOM_UUID", "GEN_RANDOM_BYTES", "NEXTVAL", "CURRVAL", "LASTVAL", "CURRENT_SETTING",
    "CURRENT_DATABASE", "CURRENT_QUERY", "VERSION", "SHOBJ_DESCRIPTION", "GEN_SALT", "ACLEXPLODE",
}  # fmt: skip
_CALLS_LIKE = (
    "UUID_GENERATE_V", "UUIDV", "TXID_", "PG_CURRENT_", "PG_BACKEND_PID", "INET_", "HAS_", "PG_HAS_ROLE", "PG_STAT_",
    "PG_TRY_ADVISORY_", "PG_IS_IN_", "PG_POSTMASTER_", "PG_CONF_", "TABLE_TO_XML", "SCHEMA_TO_XML", "DATABASE_TO_XML",
    "PG_SHOW_", "PG_GET_USERBYID", "PG_GET_ACL", "PG_RELATION_FILE", "PG_MY_TEMP_", "PG_TABLESPACE_", "PG_LISTENING_",
    "PG_NOTIFICATION_", "PG_EXPORT_", "PG_BLOCKING_", "PG_SAFE_", "PG_CONTROL_", "PG_LAST_", "PG_WAL", "PG_LS_",
    "PG_READ_", "PG_LOCK_", "PG_CURSOR", "PG_PREPARED_", "PG_TIMEZONE_", "PG_AVAILABLE_", "PG_CONFIG",
    "PG_SEQUENCE_LAST_",
)  # fmt: skip
# The sizes of what is stored.
_SIZES = {f"PG_{of}_SIZE" for of in ("TABLE", "RELATION", "TOTAL_RELATION", "INDEXES", "DATABASE", "COLUMN")}
# Columns and relations of the catalog that are about rows, roles, sessions or the server.
_NOT_OF_THE_SCHEMA = {
    "RELTUPLES", "RELPAGES", "LAST_VALUE", "IS_CALLED", "PG_STATS", "PG_SETTINGS", "PG_LOCKS", "PG_DATABASE",
    "PG_ROLES", "PG_AUTHID", "PG_AUTH_MEMBERS", "PG_USER", "PG_GROUP", "PG_LARGEOBJECT", "PG_STATISTIC",
    "PG_FILE_SETTINGS", "PG_PREPARED_STATEMENTS", "PG_CURSORS", "APPLICABLE_ROLES", "ENABLED_ROLES",
    "PG_STATS_EXT", "PG_STATS_EXT_EXPRS", "PG_STATISTIC_EXT_DATA", "PG_SHADOW", "PG_TABLESPACE", "PG_PREPARED_XACTS",
    "PG_DB_ROLE_SETTING", "PG_SHDEPEND", "PG_SHDESCRIPTION", "PG_SHSECLABEL", "PG_SECLABEL", "PG_SECLABELS",
    "PG_HBA_FILE_RULES", "PG_IDENT_FILE_MAPPINGS", "PG_TIMEZONE_NAMES", "PG_TIMEZONE_ABBREVS", "PG_CONFIG",
    "PG_AVAILABLE_EXTENSIONS", "PG_AVAILABLE_EXTENSION_VERSIONS", "PG_SHMEM_ALLOCATIONS",
    "PG_BACKEND_MEMORY_CONTEXTS", "PG_LARGEOBJECT_METADATA", "PG_DEFAULT_ACL", "PG_INIT_PRIVS", "PG_USER_MAPPINGS",
    "ADMINISTRABLE_ROLE_AUTHORIZATIONS", "SQL_IMPLEMENTATION_INFO", "SQL_FEATURES", "XMIN", "XMAX", "CMIN", "CMAX",
    "CTID", "RELFILENODE", "RELTABLESPACE", "REGROLE", "GRANTEE", "GRANTOR", "CATALOG_NAME",
}  # fmt: skip
# Views of what sessions did, and views and columns of rights, of owners and of the name of the database.
_NOT_OF_THE_SCHEMA_LIKE = re.compile(
    r"PG_STAT(?:IO)?_\w+|PG_REPLICATION_\w+|PG_SUBSCRIPTION\w*|"
    r"(?:REL|NSP|PRO|TYP|ATT|LAN|SRV|FDW|DEF)ACL|(?:ROLE|COLUMN|TABLE|ROUTINE|UDT|USAGE)_(?:\w+_)?"
    r"(?:GRANTS|PRIVILEGES)|(?!PG_)\w+_CATALOG|INFORMATION_SCHEMA_CATALOG_NAME|"
    r"(?:REL|NSP|PRO|TYP|LAN|SRV|FDW|OPR|OPC|OPF|COLL|CON|EXT|EVT|PUB|SUB|STX|CFG|DICT|DAT|SPC)OWNER|"
    r"(?:TABLE|VIEW|MATVIEW|SEQUENCE|SCHEMA|STATISTICS_)_?OWNER"
)
_CATALOGS = {"PG_CATALOG", "INFORMATION_SCHEMA"}
# These end in nothing that is part of a definition.
_SAYS_ONLY = {"RAISE", "GRANT", "REVOKE", "FETCH", "MOVE", "CLOSE", "NULL", "DROP"}
_HANDLES_NOTHING = {"NULL", "RAISE", "RETURN", "END", "WHEN", "GET"}
# What is temporary is none of the history's.
_MAKING = re.compile(
    r"\b(?:create(?!\s+(?:(?:local|global)\s+)?temp(?:orary)?\b)|alter|(?<!on\scommit\s)drop|execute|comment|call)\b",
    re.IGNORECASE,
)
_ALTERING = re.compile(r"\b(?:alter|cascade|execute|call)\b", re.IGNORECASE)
_AUTHORS = {"CURRENT_USER", "CURRENT_ROLE", "SESSION_USER"}
# How code learns what became of rows that it changes.
_COUNTS = {"FOUND", "ROW_COUNT", "RETURNING"}
_CHANGES_ROWS = {"INSERT", "UPDATE", "DELETE", "MERGE"}
_FIRES = {*_CHANGES_ROWS, "TRUNCATE"}
# FROM in the arguments of these is a word of their own.
_WITH_FROM = {"EXTRACT", "SUBSTRING", "TRIM", "OVERLAY", "POSITION"}
_BEHIND_FROM = {
    "WHERE", "GROUP", "ORDER", "HAVING", "LIMIT", "OFFSET", "WINDOW", "UNION", "INTERSECT", "EXCEPT", "FOR", "LOOP",
    "THEN", "INTO", "RETURNING", "SET",
}  # fmt: skip
# What code may catch and these say, the catalog tells; all other conditions may be those of rows.
_OF_THE_CATALOG = (
    "DUPLICATE_", "UNDEFINED_", "INVALID_TABLE_DEFINITION", "INVALID_SCHEMA_NAME", "DEPENDENT_OBJECTS_STILL_EXIST",
    "WRONG_OBJECT_TYPE", "INVALID_OBJECT_DEFINITION", "AMBIGUOUS_",
)  # fmt: skip
# How deep a string may stand in others.
_NESTED = 5


class _Place(NamedTuple):
    """Whether this is the definition of a routine that is called, and in how many strings it stands."""

    routine: bool
    nested: int


def looks_at_data(statement: Statement, state: State) -> Repair | None:
    """What a statement makes DDL of that the history does not have."""
    found = _Reading()
    made = unconditional(statement) if statement.tag == "DO" else None
    why: str | None
    if statement.tag in _FIRES:
        why = "what it did to rows fired triggers"
    elif made and not any(may_make(o) for o in reached(statement.text, state)):
        for part in made:
            _piece(part.tokens, part.keywords, frozenset(), found, _Place(False, 0))
        why = found.why()
    elif statement.action == "code":
        _read(statement.text, found)
        for routine in reached("\n".join(found.said), state):
            _read(code_of(routine), found, routine=True)
        why = found.why()
    else:
        bound = next(_bounds(statement.tokens), None)
        asks = next(_asks(statement.tokens[bound:]), None) if bound is not None else None
        literal = next((statement.tokens[i].text for i in clock.asked(statement)), None)
        why = (
            f"a bound asks for {asks}"
            if asks
            else f"the literal '{literal}' asks the clock"
            if literal
            else None
        )
    if why is None:
        return None
    return Repair(DEPENDS_ON_DATA, "", f"{why}: the history does not have what it found")


# A number that may be the oid of an object.
_NUMBER = re.compile(r"(?<![\w.])\d{5,10}(?![\w.])")


def has_of_the_shadow(
    statement: Statement, differences: Iterable[Difference], state: State, names: Iterable[str]
) -> Repair | None:
    """What code made of where it ran: a definition has a name or an oid that only the shadow has.

    Args:
        names: of the shadow, and of the role that runs the history there.
    """
    if statement.action != "code":
        return None
    oids: set[str] | None = None
    for found in (d.new for d in differences if d.new is not None):
        what = next((n for n in names if n in found.definition and n not in statement.text), None)
        if what is None and (numbers := set(_NUMBER.findall(found.definition))):
            oids = oids if oids is not None else {str(oid) for _, oid in state.objects}
            what = next((n for n in numbers & oids if n not in statement.text), None)
        if what is not None:
            return Repair(
                DEPENDS_ON_DATA, "", "what the code made has a name or a number of the place where it ran"
            )
    return None


def told_all_the_same(
    statement: Statement,
    matched: Iterable[tuple[HistoryRow, Difference | None]],
    others: Iterable[HistoryRow],
    state: State,
) -> set[Key]:
    """The tables of which a block says in plain sight what it did to them, whatever else it looked at.

    v1 leaves a row each time that a table is altered. So where the one row that a block left of a table is accounted
    for by the one ALTER that it runs in any case, nothing else of the block altered the table. What changes without a
    row (a foreign key that goes by CASCADE) is no line of a column; those the row has recorded.

    Args:
        others: the rows of the execution that nothing explains so far.
    """
    altering = always_altering(statement) if statement.tag == "DO" else ()
    literals = (t.text for s in altering for t in s.tokens if t.token_type in LITERALS)
    # What it runs it need not name.
    if not altering or any(map(clock.word, literals)) or any(_may_alter(o) for o in state.routines()):
        return set()
    altered = [s.targets[0][1] for s in altering]
    told = [*matched]
    names = [*(row.name for row, _ in told), *(row.name for row in others)]
    found = set()
    for row, difference in told:
        alone = altered.count(row.name) == names.count(row.name) == 1
        if not alone or not row.columns or difference is None or difference.between:
            continue
        old, new = difference.old, difference.new
        if old is not None and new is not None and old.object_type == "TABLE":
            lines = {*old.definition.split("\n")} ^ {*new.definition.split("\n")}
            if all(x.startswith("    ") and not x.startswith("    CONSTRAINT ") for x in lines):
                found.add(new.key)
    return found


def may_make(routine: DatabaseObject) -> bool:
    """Whether a routine that code calls may make something itself."""
    return _MAKING.search(_body(routine)) is not None


def fires(statement: Statement, state: State) -> bool:
    """Whether a statement changes rows of a table with a trigger whose function may make something itself."""
    if statement.tag not in _FIRES:
        return False
    words = {*statement.words}
    on_it = [
        found.definition
        for found in state.objects.values()
        if found.object_type == "TRIGGER"
        and parse_name(found.object_identity.rpartition(" on ")[2])[1] in words
    ]
    return any(may_make(o) for definition in on_it for o in named(definition, state.routines()))


@lru_cache(maxsize=4096)
def asks(definition: str) -> bool:
    """Whether a routine looks at what the history does not have."""
    found = _Reading()
    _read(without_comments(definition), found, routine=True)
    return found.why() is not None


def _may_alter(routine: DatabaseObject) -> bool:
    """Whether a routine may alter a table itself, or take something of one away."""
    return _ALTERING.search(_body(routine)) is not None


def _body(routine: DatabaseObject) -> str:
    return code_of(routine).partition("\nAS ")[2]


@dataclass
class _Reading:
    """What the code was found to do so far; `asks` has the first thing that the history does not have."""

    asks: str | None = None
    # What it says outside of what it only makes: where it may name routines that it calls.
    said: list[str] = field(default_factory=list)
    changes_rows: bool = False
    counts_rows: str | None = None
    alters: bool = False
    # A condition that it catches, and that may be one of rows.
    catches: str | None = None

    def note(self, what: str) -> None:
        self.asks = self.asks or what

    def why(self) -> str | None:
        if self.asks is None and self.changes_rows and self.counts_rows:
            return f"the code looks at rows that it changes ({self.counts_rows})"
        if self.asks is None and self.alters and self.catches:
            return f"the code goes on after an error ({self.catches})"
        return self.asks


def _read(text: str, found: _Reading, routine: bool = False, nested: int = 0) -> None:
    """Reads code, a routine's whole definition, or (`nested`) a string that the code may execute."""
    try:
        if len(text) > SHORT or nested > _NESTED:
            raise TooLong
        parts = read_parts(text, escapes=False)
    except (TokenError, TooLong, RecursionError):
        found.said.append(text)
        if nested < 2 or _may_ask(text):
            found.note("the code has a text that cannot be told apart into words")
        return
    # The conditions of rows under which a handler of the code runs, while it is read.
    handled: list[str] = []
    handles = False
    for part in parts:
        handles = handles or upper(part.tokens[0]) == "EXCEPTION"
        common = _common_names(part.tokens)
        for piece in pieces(part.tokens):
            words = [upper(t) for t in piece]
            if handles and words[0] == "WHEN":
                handled = [t.text for t in piece[1:] if not _is_of_the_catalog(t.text.upper())]
                found.catches = found.catches or (handled[0].lower() if handled else None)
            elif words[0] == "END" and words[1:] not in (["IF"], ["LOOP"], ["CASE"]):
                handled, handles = [], False
            elif handled and words[0] not in _HANDLES_NOTHING:
                found.note(f"the code goes on after an error ({found.catches})")
            _piece(piece, words, common, found, _Place(routine, nested))


def _may_ask(text: str) -> bool:
    """Whether a text that is no whole statement has any word that asks for something."""
    words = re.findall(r"\w+", text.upper())
    return any(w in ("FROM", "JOIN") or _is_asking(w, True) for w in words)


def _is_of_the_catalog(word: str) -> bool:
    return word == "OR" or word.startswith(_OF_THE_CATALOG)


def _piece(
    piece: Sequence[Token], words: Sequence[str], common: frozenset[str], found: _Reading, place: _Place
) -> None:
    """One statement of code: what it asks for, and what it says."""
    first = words[0]
    makes = first in KEEPS and not place.routine
    literals = [t for t in piece if t.token_type in LITERALS]
    if makes:
        found.alters = found.alters or first == "ALTER"
        if first == "CREATE" and not {"FUNCTION", "PROCEDURE"}.isdisjoint(words[1:4]):
            for body in literals:
                _read(body.text, found, nested=place.nested + 1)
        found.changes_rows = found.changes_rows or ("AS" in words and "VIEW" not in words[1:4])
        bound = next(_bounds(piece), len(piece))
        asks = chain(_asks(piece[bound:]), _roles(words), (t.text for t in literals if clock.word(t.text)))
        for what in asks:
            found.note(f"the code asks for {what.lower()}")
        return
    found.said.append(" ".join(t.text for t in piece if t.token_type not in LITERALS))
    if first in _SAYS_ONLY:
        return
    if first == "SHOW":
        found.note("the code asks for a setting")
    found.changes_rows = found.changes_rows or not _CHANGES_ROWS.isdisjoint(words)
    found.counts_rows = found.counts_rows or next((w.lower() for w in words if w in _COUNTS), None)
    for text in _texts(piece):
        _read(text, found, nested=place.nested + 1)
    if first in _CHANGES_ROWS:
        # What is in the rows matters where they are read.
        return
    for what in chain(_asks(piece), (t.text for t in literals if clock.word(t.text))):
        found.note(f"the code asks for {what.lower()}")
    for relation in _read_by(piece, words):
        if relation.lower() not in common:
            found.note(f"the code reads rows of {relation}")


def _texts(piece: Sequence[Token]) -> Iterator[str]:
    """The strings of a statement of code; those that it joins to one that makes something are read as that one."""
    place = 0
    while place < len(piece):
        token, before = piece[place], piece[place - 1] if place else None
        if token.token_type not in LITERALS:
            place += 1
            continue
        joint = TokenType.DPIPE
        if (
            before is not None
            and before.token_type == TokenType.L_PAREN
            and upper(piece[place - 2]) == "CONCAT"
        ):
            joint = TokenType.COMMA
        within: list[str] = []
        parts, end = [token.text], place + 1
        while before is not None and before.token_type not in (TokenType.DPIPE, TokenType.COMMA):
            if end >= len(piece) or piece[end].token_type != joint:
                break
            begin = end + 1
            end = _operand(piece, begin, joint)
            literals = [t.text for t in piece[begin:end] if t.token_type in LITERALS]
            is_text = end == begin + 1 and len(literals) == 1
            parts.append(literals[0] if is_text else "x")
            within += [] if is_text else literals
        words = re.findall(r"\w+", parts[0])
        if len(parts) > 1 and words and words[0].upper() in KEEPS:
            yield "".join(parts)
            yield from within
        else:
            yield from (t.text for t in piece[place:end] if t.token_type in LITERALS)
        place = end


def _operand(piece: Sequence[Token], begin: int, joint: TokenType) -> int:
    """Where an operand ends that begins there: before what joins the next one, or what closes them all."""
    depth = 0
    for i in range(begin, len(piece)):
        kind = piece[i].token_type
        if depth == 0 and kind in (joint, TokenType.DPIPE, TokenType.COMMA, TokenType.R_PAREN):
            return i
        depth += (kind == TokenType.L_PAREN) - (kind == TokenType.R_PAREN)
    return len(piece)


def _bounds(tokens: Sequence[Token]) -> Iterator[int]:
    """Where the bounds of a partition begin: they are worked out when it is made."""
    words = [upper(t) for t in tokens]
    return (i for i, w in enumerate(words) if w == "FOR" and words[i + 1 : i + 2] == ["VALUES"])


def _asks(tokens: Sequence[Token]) -> Iterator[str]:
    """The words that ask for what the history does not have."""
    for i, token in enumerate(tokens):
        if token.token_type in LITERALS:
            continue
        called = i + 1 < len(tokens) and tokens[i + 1].token_type == TokenType.L_PAREN
        quoted = token.token_type == TokenType.IDENTIFIER
        of_another = i > 0 and tokens[i - 1].token_type == TokenType.DOT
        word = token.text.upper()
        if _is_asking(word, called) or (word in _WORDS and not quoted and not of_another):
            yield token.text


def _is_asking(word: str, called: bool) -> bool:
    return (word in _NOT_OF_THE_SCHEMA or _NOT_OF_THE_SCHEMA_LIKE.fullmatch(word) is not None) or (
        called and (word in _CALLS or word in _SIZES or word.startswith(_CALLS_LIKE))
    )


def _roles(words: Sequence[str]) -> Iterator[str]:
    """Whoever runs it, where what is made keeps the name."""
    for before, word in pairwise(words):
        if word in _AUTHORS and before in ("TO", "AUTHORIZATION", ","):
            yield word


def _read_by(piece: Sequence[Token], words: Sequence[str]) -> Iterator[str]:
    """The relations whose rows a statement reads, but for those of the catalog; functions and subqueries are none."""
    # By the depth of parentheses: what stands before them, and whether this is the list behind a FROM.
    within, lists = [""], [False]
    for i, (token, word) in enumerate(zip(piece, words, strict=True)):
        kind = token.token_type
        listed = lists[-1]
        if kind == TokenType.L_PAREN:
            before = words[i - 1] if i else ""
            within.append(before)
            lists.append(before in ("FROM", "JOIN") or (before == "," and listed))
            if lists[-1]:
                yield from _item(piece, words, i + 1)
        elif kind == TokenType.R_PAREN and len(lists) > 1:
            within.pop()
            lists.pop()
        elif word == "FROM":
            distinct = words[i - 1 : i] == ["DISTINCT"] and words[i - 2 : i - 1] in (["IS"], ["NOT"])
            if not distinct and within[-1] not in _WITH_FROM:
                lists[-1] = True
                yield from _item(piece, words, i + 1)
        elif word == "JOIN" or (listed and kind == TokenType.COMMA):
            yield from _item(piece, words, i + 1)
        elif word.split(" ")[0] in _BEHIND_FROM or word == "SELECT":
            lists[-1] = False


def _item(piece: Sequence[Token], words: Sequence[str], at: int) -> Iterator[str]:
    """The relation that stands there in a list behind FROM, if its rows are none of the catalog's."""
    while words[at : at + 1] and words[at] in ("ONLY", "LATERAL"):
        at += 1
    if at >= len(piece):
        yield "a relation that is named elsewhere"
        return
    first = piece[at]
    if first.token_type == TokenType.L_PAREN or words[at] in ("SELECT", "VALUES", "WITH", "ROWS"):
        return
    end = at + 1
    while end + 1 < len(piece) and piece[end].token_type == TokenType.DOT:
        end += 2
    if end < len(piece) and piece[end].token_type == TokenType.L_PAREN:
        return
    name = first.text.upper()
    if name not in _CATALOGS and not (end == at + 1 and name.startswith("PG_")):
        yield ".".join(t.text for t in piece[at:end:2])


def _common_names(tokens: Sequence[Token]) -> frozenset[str]:
    """The names of common table expressions: what they read is told where they are made."""
    names = set()
    words = [upper(t) for t in tokens]
    for i, word in enumerate(words):
        if word in ("WITH", "RECURSIVE", ","):
            end = i + 2
            if words[end : end + 1] == ["("]:
                end = next((j for j in range(end, len(words)) if words[j] == ")"), end) + 1
            if words[end : end + 1] == ["AS"] and words[end + 1 : end + 2] in (
                ["("],
                ["NOT"],
                ["MATERIALIZED"],
            ):
                names.add(tokens[i + 1].text.lower())
    return frozenset(names)
