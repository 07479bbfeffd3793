"""Says what each statement of a client's query text is, and what it names.

Nothing here needs a full parse (see `lexing`), so a statement that sqlglot has no grammar for is as good as any other.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from io import StringIO
from string import ascii_lowercase, ascii_uppercase
from typing import Literal

from sqlglot import Token, TokenType
from sqlglot.errors import TokenError

from pggit_audit.lexing import OPENING, SHORT, TooLong, closing, past, plain_names, read_parts, upper

Action = Literal["ddl", "code", "setting", "ignored", "refused", "unreadable"]

# Kinds that are no part of one database, or lead out of it.
_CLUSTER_WIDE = {"DATABASE", "ROLE", "USER", "GROUP", "TABLESPACE", "SUBSCRIPTION", "SYSTEM"}
# Commands that touch what several databases share without naming it, or lead to files.
_OUTSIDE = {"COPY", "LOAD", "IMPORT", "REASSIGN"}
_MODIFIERS = {
    "GLOBAL", "LOCAL", "TEMP", "TEMPORARY", "UNLOGGED", "UNIQUE", "RECURSIVE", "CONSTRAINT", "TRUSTED",
    "PROCEDURAL", "DEFAULT",
}  # fmt: skip
_DATA = {"INSERT", "UPDATE", "DELETE", "MERGE", "TRUNCATE", "TABLE", "EXPLAIN", "ANALYZE", "VACUUM", "REINDEX",
         "CLUSTER", "CHECKPOINT", "LISTEN", "NOTIFY", "UNLISTEN", "FETCH", "MOVE", "DECLARE", "CLOSE", "LOCK",
         "SHOW", "DISCARD", "DEALLOCATE", "PREPARE", "EXECUTE", "REFRESH"}  # fmt: skip
_TRANSACTION = {"BEGIN", "START", "COMMIT", "END", "ROLLBACK", "ABORT", "SAVEPOINT", "RELEASE"}
# Settings that change what a later statement means; time limits are not the history's to set. What changes how
# strings are read is heard where they are read (`lexing`).
_SETTINGS = {"SEARCH_PATH", "TIMEZONE", "TIME", "DATESTYLE", "INTERVALSTYLE",
             "XMLOPTION", "DEFAULT_TABLE_ACCESS_METHOD", "SCHEMA"}  # fmt: skip
# Who owns an object, and who may use it, is no part of its definition.
_PRIVILEGES = {"GRANT", "REVOKE", "SECURITY"}
_ROUTINES = {"FUNCTION", "PROCEDURE", "AGGREGATE", "ROUTINE"}

# CREATE SCHEMA may have others in it, CREATE EXTENSION has members, and both ALTERs may drop.
_RECORDED = {
    *(f"{verb} {kind}" for verb in ("CREATE", "ALTER") for kind in ("TABLE", "VIEW", "INDEX", "FUNCTION", "EXTENSION")),
    "CREATE SCHEMA",
}  # fmt: skip

Name = tuple[str | None, str]


@dataclass(frozen=True)
class Statement:
    """One statement of a query text.

    `action`: `ddl` and `code` (a DO block, a call, a query that may call a function that makes DDL)
    may run in the shadow; `setting` is a SET; `ignored` changes no definition (data, privileges,
    transaction control); `refused` reaches outside the database; `unreadable` is a text that cannot be told
    apart into statements, so nobody knows what it would do.
    `tag` is the command as PostgreSQL would name it (`CREATE TABLE`), without modifiers.
    `targets` are the names it creates, alters or drops, `on` the table that an index, trigger or
    policy belongs to; a name is (schema or None, name), case folded as PostgreSQL folds it.
    `end` is the place of the first token behind these names.
    """

    text: str
    action: Action
    tag: str = ""
    targets: tuple[Name, ...] = ()
    on: Name | None = None
    or_replace: bool = False
    if_exists: bool = False
    tokens: tuple[Token, ...] = field(default=(), repr=False, compare=False)
    end: int = field(default=0, repr=False, compare=False)

    @property
    def doubtful_strings(self) -> list[str]:
        """Its plain strings with a backslash: a setting says whether that is an escape, and it is taken for none."""
        plain = (TokenType.STRING, TokenType.NATIONAL_STRING)
        return [t.text for t in self.tokens if t.token_type in plain and "\\" in t.text]

    @cached_property
    def folded(self) -> str:
        """The text as PostgreSQL reads it, see `folded`."""
        return folded(self.text)

    @cached_property
    def words(self) -> tuple[str, ...]:
        """Every token's text: quoted names as they are, all else in lower case."""
        return tuple(_fold(t) for t in self.tokens)

    @cached_property
    def keywords(self) -> tuple[str, ...]:
        """Every token in capitals; of quoted names and strings, which are no keywords, nothing."""
        return tuple(upper(t) for t in self.tokens)

    @property
    def object_type(self) -> str:
        """The kind of object in the tag: `CREATE MATERIALIZED VIEW` gives `MATERIALIZED_VIEW`."""
        return "_".join(self.tag.split()[1:])

    @property
    def verb(self) -> str:
        return self.tag.split(" ", 1)[0] if self.tag else ""

    @cached_property
    def renamed_to(self) -> str | None:
        """The new name that an ALTER gives what it is about (not a part of that)."""
        return self.words[self.end + 2] if self._action[:-1] == ("RENAME", "TO") else None

    @property
    def _action(self) -> tuple[str, ...]:
        """The first keywords of what an ALTER does, behind the names."""
        return self.keywords[self.end : self.end + 3] if self.verb == "ALTER" else ()

    @cached_property
    def moved_to(self) -> str | None:
        """The schema to which an ALTER moves what it is about."""
        if self.verb != "ALTER":
            return None
        triples = zip(self.keywords, self.keywords[1:], self.words[2:], strict=False)
        return next((name for first, second, name in triples if (first, second) == ("SET", "SCHEMA")), None)

    @cached_property
    def may_rename(self) -> bool:
        """True where the text of other objects may change with it."""
        if self.action == "code" or not self.tag:
            return True
        return self.verb == "ALTER" and ("rename" in self.words or "schema" in self.words)

    @property
    def runs_query(self) -> bool:
        """Whether DDL runs a query as well, and with it the functions that it calls."""
        if self.tag not in ("CREATE TABLE", "CREATE MATERIALIZED VIEW"):
            return False
        depth = 0
        for token in self.tokens:
            depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
            if depth == 0 and upper(token) in ("AS", "INTO"):
                return True
        return False

    @cached_property
    def leaves_rows(self) -> bool:
        """Whether v1 records the command, or what it drops along (FORMATS 1.1, 1.7)."""
        if self.action == "code" or self.runs_query or self.verb in ("DROP", ""):
            return True
        renames_part = self._action[:1] == ("RENAME",) and self.renamed_to is None
        return self.tag in _RECORDED and not (renames_part and self.object_type in ("TABLE", "VIEW"))

    def mentions(self, name: str) -> bool:
        """Whether `name` (unquoted) occurs as a token, or inside a string or a body."""
        return name in self.words or name in self.text

    def calls(self, name: str) -> bool:
        """Whether a function of that name is called in plain sight."""
        words = self.words
        return any(w == name and words[i + 1 : i + 2] == ("(",) for i, w in enumerate(words))

    def without_concurrently(self) -> str:
        """The same statement for use inside a transaction block."""
        for token in self.tokens:
            if upper(token) == "CONCURRENTLY":
                start = token.start - self.tokens[0].start
                return self.text[:start] + self.text[start + len("CONCURRENTLY") :]
        return self.text


def without_owner(text: str) -> str:
    """A statement as somebody may run it who is nobody: for no other owner, and in no tablespace.

    Neither is part of a definition. The text itself where it names none, or is several statements.
    """
    parts = split(text)
    if len(parts) != 1:
        return text
    (statement,) = parts
    text, words = statement.text, statement.keywords
    start = statement.tokens[0].start if statement.tokens else 0
    cuts: list[tuple[int, int, str]] = []
    depth = 0
    for i, token in enumerate(statement.tokens[:-1]):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        owner = statement.tokens[i + 1]
        end = owner.end + 1
        if statement.tag == "CREATE SCHEMA" and words[i] == "AUTHORIZATION" and i < 8:
            name = quote(_fold(owner)) if i == 2 or words[i - 1] == "EXISTS" else ""
            cuts.append((token.start - start, end - start, name))
            break
        with_index = words[i - 2 : i] == ("USING", "INDEX")
        if statement.verb == "CREATE" and words[i] == "TABLESPACE" and (with_index or depth == 0):
            first = statement.tokens[i - 2] if with_index else token
            cuts.append((first.start - start, end - start, ""))
    for begin, end, instead in reversed(cuts):
        text = text[:begin] + instead + text[end:]
    return text


# PostgreSQL folds these letters alone, in the encodings in which one letter may be several bytes (UTF-8 is one).
_LOWER = str.maketrans(ascii_uppercase, ascii_lowercase)

MOST_BYTES = 63
# A word that may have more bytes: a letter has four at most.
_LONG = re.compile(r"\w{16,}")


@lru_cache(maxsize=16)
def folded(text: str) -> str:
    """The text as PostgreSQL reads it: without comments, and all but quoted names, strings and bodies in lower case."""
    text = plain_names(text)
    # A list of the parts takes fifty times the text.
    parts, here, found = StringIO(), 0, OPENING.search(text)
    while found:
        start, end = here, closing(text, found)
        here = past(text, found, end)
        literal = " " if found[0] in ("--", "/*") else text[found.start() : here]
        if found[0] == '"' and len(literal) > 16 and end < len(text):
            literal = quote(cut(unquote(literal)))
        parts.write(_LONG.sub(lambda m: cut(m[0]), text[start : found.start()].translate(_LOWER)) + literal)
        found = OPENING.search(text, here)
    parts.write(_LONG.sub(lambda m: cut(m[0]), text[here:].translate(_LOWER)))
    return parts.getvalue()


def _fold(token: Token) -> str:
    if token.token_type == TokenType.STRING:
        return token.text.translate(_LOWER)
    return cut(token.text if token.token_type == TokenType.IDENTIFIER else token.text.translate(_LOWER))


def cut(name: str) -> str:
    """A name as PostgreSQL keeps it: no more than 63 bytes, and no part of a character (NAMEDATALEN)."""
    if len(name) < 16:
        return name
    return name.encode()[:MOST_BYTES].decode(errors="ignore")


def quote(name: str) -> str:
    """An identifier in double quotes: always valid, whatever is in it."""
    return '"' + name.replace('"', '""') + '"'


def unquote(name: str) -> str:
    """The real name behind one that may carry its quotes, as in v1's `object_name`."""
    if len(name) > 1 and name[0] == '"' == name[-1]:
        return name[1:-1].replace('""', '"')
    return name


def is_several(text: str) -> bool:
    """Whether a text may be more than one statement: a semicolon stands outside of its literals, and not at its end."""
    here = 0
    found = OPENING.search(text)
    while found:
        if ";" in text[here : found.start()]:
            return True
        here = past(text, found, closing(text, found))
        found = OPENING.search(text, here)
    return ";" in text[here:].rstrip().rstrip(";")


def split(text: str, escapes: bool = False) -> tuple[Statement, ...]:
    """The statements of a query text, in order; a text that cannot be read is one statement.

    PostgreSQL then says itself what is wrong with it. Semicolons inside strings, comments, quoted
    names, parentheses, dollar-quoted and `BEGIN ATOMIC` bodies separate nothing.

    Args:
        text: what a client sent.
        escapes: whether a backslash in a plain string is an escape at its beginning. A text that can be read in one
            way only is read in that way.
    """
    # Of short texts, more are kept.
    return _split_short(text, escapes) if len(text) <= SHORT else _split_long(text, escapes)


@lru_cache(maxsize=1024)
def _split_short(text: str, escapes: bool) -> tuple[Statement, ...]:
    return _split(text, escapes)


@lru_cache(maxsize=16)
def _split_long(text: str, escapes: bool) -> tuple[Statement, ...]:
    return _split(text, escapes)


def _split(text: str, escapes: bool) -> tuple[Statement, ...]:
    stripped = text.strip()
    for way in (escapes, not escapes):
        try:
            return tuple(_classify(part.text, part.tokens) for part in read_parts(text, way))
        except TooLong as error:
            return (Statement(stripped, "unreadable", tag=str(error)),)
        except (TokenError, RecursionError):
            continue
    return (Statement(stripped, "ddl", tag=""),) if stripped else ()


def committed(statements: Sequence[Statement]) -> list[Statement]:
    """The statements without those that a ROLLBACK of the same text undid: with what came before its BEGIN, too."""
    result: list[Statement] = []
    start = 0
    savepoints: dict[str, int] = {}
    for statement in statements:
        words = statement.words
        if statement.tag == "SAVEPOINT" and len(words) > 1:
            savepoints[words[1]] = len(result)
        elif statement.tag in ("ROLLBACK", "ABORT") and "prepared" not in words:
            del result[savepoints.get(words[-1], start) if "to" in words else start :]
        elif statement.tag in ("COMMIT", "END"):
            start = len(result)
            savepoints.clear()
        result.append(statement)
    return result


def _names(tokens: tuple[Token, ...], i: int) -> tuple[list[Name], int]:
    """The comma-separated list of names that starts at token i, and where it ends."""
    found: list[Name] = []
    while i < len(tokens):
        parts: list[str] = []
        while i < len(tokens):
            parts.append(_fold(tokens[i]))
            i += 1
            if i < len(tokens) and tokens[i].token_type == TokenType.DOT:
                i += 1
                continue
            break
        if parts:
            found.append((parts[-2] if len(parts) > 1 else None, parts[-1]))
        if i < len(tokens) and tokens[i].token_type == TokenType.L_PAREN:
            depth = 0
            while i < len(tokens):
                depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(tokens[i].token_type, 0)
                i += 1
                if depth == 0:
                    break
        if i < len(tokens) and tokens[i].token_type == TokenType.COMMA:
            i += 1
            continue
        break
    return found, i


def _on(tokens: tuple[Token, ...], i: int) -> Name | None:
    """The name after the first ON from token i, without ONLY."""
    for j in range(i, len(tokens) - 1):
        if upper(tokens[j]) == "ON":
            j += 1
            if upper(tokens[j]) == "ONLY" and j + 1 < len(tokens):
                j += 1
            names, _ = _names(tokens[j:][:5], 0)
            return names[0] if names else None
    return None


def _classify(text: str, tokens: tuple[Token, ...]) -> Statement:
    capitals = [upper(t) for t in tokens[:12]]
    first = capitals[0]
    if first in _TRANSACTION or first in _DATA or first in _PRIVILEGES or first == "":
        return Statement(text, "ignored", tag=first, tokens=tokens)
    if first in ("SET", "RESET"):
        name = next((w for w in capitals[1:] if w not in ("LOCAL", "SESSION")), "")
        is_meant = name in _SETTINGS or (first, name) == ("RESET", "ALL")
        return Statement(text, "setting" if is_meant else "ignored", tag=first, tokens=tokens)
    if first == "SELECT" and _configured(tokens) in _SETTINGS:
        return Statement(text, "setting", tag="SET", tokens=tokens)
    if first in _OUTSIDE or capitals[:2] == ["DROP", "OWNED"]:
        return Statement(text, "refused", tag=first if first in _OUTSIDE else "DROP OWNED", tokens=tokens)
    if first in ("DO", "CALL", "SELECT", "WITH", "VALUES", "("):
        if first in ("SELECT", "WITH") and _selects_into(tokens):
            return Statement(text, "ddl", tag="CREATE TABLE", tokens=tokens, targets=_into_target(tokens))
        return Statement(text, "code", tag=first, tokens=tokens)
    if first == "COMMENT":
        return _comment(text, tokens)
    if capitals[:2] == ["ALTER", "DEFAULT"]:
        return Statement(text, "ignored", tag="ALTER DEFAULT PRIVILEGES", tokens=tokens)
    if first not in ("CREATE", "ALTER", "DROP"):
        return Statement(text, "ddl", tag=first, tokens=tokens)
    return _definition(text, tokens, first)


def _configured(tokens: tuple[Token, ...]) -> str:
    """The setting that a query sets, `select [pg_catalog.]set_config('NAME', …)` being all that it does."""
    i = 3 if [upper(t) for t in tokens[1:3]] == ["PG_CATALOG", "."] else 1
    is_call = [upper(t) for t in tokens[i : i + 2]] == ["SET_CONFIG", "("]
    ends = [j for j, t in enumerate(tokens) if t.token_type == TokenType.R_PAREN]
    return tokens[i + 2].text.upper() if is_call and len(tokens) > i + 2 and ends == [len(tokens) - 1] else ""


_TWO_WORDS = {("MATERIALIZED", "VIEW"), ("FOREIGN", "TABLE"), ("EVENT", "TRIGGER"), ("ACCESS", "METHOD")}


def _definition(text: str, tokens: tuple[Token, ...], verb: str) -> Statement:
    i = 1
    or_replace = False
    if [upper(t) for t in tokens[1:3]] == ["OR", "REPLACE"]:
        or_replace = True
        i = 3
    modifiers: set[str] = set()
    while i < len(tokens) - 1 and upper(tokens[i]) in _MODIFIERS:
        modifiers.add(upper(tokens[i]))
        i += 1
    kind, i = _kind(tokens, i)
    if kind in _CLUSTER_WIDE:
        return Statement(text, "refused", tag=f"{verb} {kind}", tokens=tokens)
    if_exists = False
    on: Name | None = None
    end = 0
    while i < len(tokens) and upper(tokens[i]) in ("CONCURRENTLY", "IF", "NOT", "EXISTS", "ONLY"):
        if_exists = if_exists or upper(tokens[i]) == "EXISTS"
        i += 1
    targets: tuple[Name, ...] = ()
    if kind == "INDEX" and verb == "CREATE":
        on = _on(tokens, i)
        if i < len(tokens) and upper(tokens[i]) != "ON":
            targets = tuple(_names(tokens, i)[0][:1])
            # An index lives in its table's schema; its own name never has one.
            targets = tuple((on[0] if on else None, name) for _, name in targets)
    elif kind in ("TRIGGER", "POLICY", "RULE"):
        names, end = _names(tokens, i)
        targets, on = tuple(names[:1]), _on(tokens, end)
        end = _names(tokens, end + 1)[1]
    elif kind == "SCHEMA" and verb == "CREATE" and i < len(tokens) and upper(tokens[i]) == "AUTHORIZATION":
        targets = tuple(_names(tokens, i + 1)[0][:1])
    else:
        names, end = _names(tokens, i)
        targets = tuple(names if verb == "DROP" else names[:1])
    # ALTER TABLE name *, ALTER OPERATOR CLASS name USING method
    end += {"*": 1, "USING": 2}.get("".join(upper(t) for t in tokens[end : end + 1]), 0)
    action: Action = "ignored" if verb == "ALTER" and _only_changes_owner(tokens) else "ddl"
    return Statement(text, action, f"{verb} {kind}", targets, on, or_replace, if_exists, tokens, end)


def _kind(tokens: tuple[Token, ...], i: int) -> tuple[str, int]:
    """The kind of object whose words begin at `i`, and where its name begins."""
    words = [upper(t) for t in tokens[i : i + 3]] + ["", "", ""]
    if words[:2] == ["PROCEDURAL", "LANGUAGE"]:
        return "LANGUAGE", i + 2
    kind, i = words[0], i + 1
    if tuple(words[:2]) in _TWO_WORDS:
        return f"{kind} {words[1]}", i + 1
    if words[:2] == ["FOREIGN", "DATA"]:
        return "FOREIGN DATA WRAPPER", i + 2
    if kind == "TEXT" and words[1] == "SEARCH":
        return "TEXT SEARCH", i + 2
    if kind == "OPERATOR" and words[1] in ("CLASS", "FAMILY"):
        return kind, i + 1
    return kind, i


def _only_changes_owner(tokens: tuple[Token, ...]) -> bool:
    """OWNER TO at the end, and nothing else: neither another action before it, nor a rename of what is called owner."""
    if [upper(t) for t in tokens[-3:-1]] != ["OWNER", "TO"] or len(tokens) < 6:
        return False
    if upper(tokens[-4]) in ("RENAME", "COLUMN", "ATTRIBUTE", "CONSTRAINT", "VALUE"):
        return False
    depth = 0
    for token in tokens:
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth == 0 and token.token_type == TokenType.COMMA:
            return False
    return True


def _comment(text: str, tokens: tuple[Token, ...]) -> Statement:
    kind, i = _kind(tokens, 2)
    if kind in _CLUSTER_WIDE:
        return Statement(text, "ignored", tag=f"COMMENT {kind}", tokens=tokens)
    if kind in ("CAST", "TRANSFORM", "OPERATOR", "LARGE"):
        # no name, or none that is a word
        return Statement(text, "ddl", f"COMMENT {kind}", tokens=tokens)
    names, end = _names(tokens, i)
    on = None
    behind = [upper(t) for t in tokens[end : end + 3]]
    if kind == "CONSTRAINT" and behind[:2] == ["ON", "DOMAIN"] and behind[2:] != ["IS"]:
        on = next(iter(_names(tokens[end + 2 :][:5], 0)[0]), None)
    elif kind in ("TRIGGER", "POLICY", "CONSTRAINT", "RULE"):
        on = _on(tokens, end)
    return Statement(text, "ddl", f"COMMENT {kind}", tuple(names[:1]), on, tokens=tokens)


def _selects_into(tokens: tuple[Token, ...]) -> bool:
    return bool(_into_target(tokens))


def _into_target(tokens: tuple[Token, ...]) -> tuple[Name, ...]:
    depth = 0
    for i, token in enumerate(tokens):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        if depth == 0 and upper(token) == "INTO" and (i == 0 or upper(tokens[i - 1]) != "INSERT"):
            j = i + 1
            while j < len(tokens) and upper(tokens[j]) in ("TEMP", "TEMPORARY", "UNLOGGED", "TABLE"):
                j += 1
            return tuple(_names(tokens, j)[0][:1])
        if depth == 0 and upper(token) in ("INSERT", "UPDATE", "DELETE", "MERGE"):
            return ()
    return ()
