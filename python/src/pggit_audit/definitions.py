"""Names and definitions as text: what a definition says of a table, and how to write it anew."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import Any

from pggit_audit.lexing import QUOTED
from pggit_audit.statements import Name, quote, unquote

Columns = Mapping[str, Mapping[str, Any]]

COMMENT = re.compile(r"\nCOMMENT ON (?!;)[^;']*(?:'[^']*(?:''[^']*)*'(?!')[^;']*)*;")
"""A comment, as a definition has it behind its statement."""
COMMENTS = re.compile(rf"(?:{COMMENT.pattern})+\Z")
"""All of them."""


def without_comments(definition: str) -> str:
    """A definition without the comments behind it."""
    return COMMENTS.sub("", definition)


def qualified(name: Name) -> str:
    """A name as SQL text."""
    schema, bare = name
    return f"{quote(schema)}.{quote(bare)}" if schema else quote(bare)


# What is a keyword, and not an unreserved one, in each of the versions (src/include/parser/kwlist.h).
KEYWORDS = frozenset(
    re.findall(
        r"\w+",
        """
        all analyse analyze and any array as asc asymmetric authorization between bigint binary bit boolean both
        case cast char character check coalesce collate collation column concurrently constraint create cross
        current_catalog current_date current_role current_schema current_time current_timestamp current_user dec
        decimal default deferrable desc distinct do else end except exists extract false fetch float for foreign
        freeze from full grant greatest group grouping having ilike in initially inner inout int integer intersect
        interval into is isnull join lateral leading least left like limit localtime localtimestamp national natural
        nchar none normalize not notnull null nullif numeric offset on only or order out outer overlaps overlay
        placing position precision primary real references returning right row select session_user setof similar
        smallint some substring symmetric table tablesample then time timestamp to trailing treat trim true union
        unique user using values varchar variadic verbose when where window with xmlattributes xmlconcat xmlelement
        xmlexists xmlforest xmlnamespaces xmlparse xmlpi xmlroot xmlserialize xmltable
        """,
    )
)


def quote_if_needed(name: str) -> str:
    """A name as PostgreSQL prints it."""
    return name if re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in KEYWORDS else quote(name)


def qualified_identity(schema: str | None, name: str) -> str:
    """The identity of a relation that need not exist, as PostgreSQL would print it."""
    return f"{quote_if_needed(schema or 'public')}.{quote_if_needed(name)}"


def in_schema(text: str, schema: str, other: str) -> str:
    """An identity, or the beginning of a statement, with names of a schema as they are in another."""
    pattern = rf'(?<![\w"$.]){re.escape(quote_if_needed(schema))}\.'
    return re.sub(pattern, lambda _: f"{quote_if_needed(other)}.", text)


def parse_name(text: str) -> Name:
    """`schema.name`, `"Name"`, `name` as PostgreSQL's messages print them; a message quotes once more."""
    parts = re.findall(r'"((?:[^"]|"")*)"|([^."]+)', text)
    names = [quoted.replace('""', '"') if quoted else bare for quoted, bare in parts]
    if not names:
        return (None, text)
    return (names[-2] if len(names) > 1 else None, names[-1])


def type_text(udt: str) -> str:
    """v1's name of a column's type as SQL: `varchar(13)`, `_text`, `State_9` (FORMATS 1.9)."""
    match = re.fullmatch(r"(.*?)(\(\d+(?:,\d+)?\))?", udt, re.DOTALL)
    assert match is not None
    return quote(match[1]) + (match[2] or "")


# How PostgreSQL prints its own types that the catalog calls otherwise.
_PRINTED = {
    "int2": "smallint", "int4": "integer", "int8": "bigint", "float4": "real", "float8": "double precision",
    "bool": "boolean", "varchar": "character varying", "bpchar": "character", "varbit": "bit varying",
    "timestamp": "timestamp without time zone", "timestamptz": "timestamp with time zone",
    "time": "time without time zone", "timetz": "time with time zone",
    **{name: name for name in ("text", "numeric", "date", "json", "jsonb", "uuid", "bytea", "inet", "interval")},
}  # fmt: skip


def printed_type(udt: str) -> str | None:
    """The same as PostgreSQL prints it, if it is one of the usual types of its own."""
    match = re.fullmatch(r"(_?)(\w+)(\(\d+\))?", udt)
    if match is None or match[2] not in _PRINTED:
        return None
    return _PRINTED[match[2]] + (match[3] or "") + ("[]" if match[1] else "")


_DEFAULT_NOISE = re.compile(r'\b(?:public|pg_catalog)\.|(?<![\w"])"([a-z_][a-z0-9_]*)"')


def same_default(recorded: str | None, found: str | None) -> bool:
    """Whether two defaults are the same, however much of a schema the search_path let them print."""
    if recorded == found:
        return True
    if recorded is None or found is None:
        return False

    def plain(text: str) -> str:
        return _DEFAULT_NOISE.sub(lambda m: m[1] or "", text)

    return plain(recorded) == plain(found) or without_schemas(recorded) == without_schemas(found)


def without_schemas(text: str) -> str:
    """An expression or a type without the schemas before its names."""
    return re.sub(r'(?:"[^"]+"|[A-Za-z_]\w*)\.(?=["A-Za-z_])', "", text)


def ordered(columns: Columns) -> list[str]:
    """The names of recorded columns, in the order of their positions."""
    return sorted(columns, key=lambda c: columns[c].get("position") or 0)


def create_table(name: Name, columns: Columns) -> str:
    """A table of the recorded columns; its constraints are not known."""
    lines = []
    for column in ordered(columns):
        fact = columns[column]
        default = fact.get("default")
        lines.append(
            f"    {quote(column)} {type_text(str(fact.get('type')))}"
            + (f" DEFAULT {default}" if default and not str(default).startswith("nextval(") else "")
            + ("" if fact.get("nullable", True) else " NOT NULL")
        )
    return f"CREATE TABLE {qualified(name)} (\n" + ",\n".join(lines) + "\n);"


def column_of(name: str, fact: Mapping[str, Any]) -> str:
    """A column as recorded."""
    default = fact.get("default")
    return (
        f"{quote(name)} {type_text(str(fact.get('type')))}"
        + (f" DEFAULT {default}" if default else "")
        + ("" if fact.get("nullable", True) else " NOT NULL")
    )


_NEXTVAL = re.compile(r"\bnextval\('((?:[^']|'')+)'::regclass\)")


def sequence_of(default: str | None) -> Name | None:
    """The sequence that a default takes its value from, if it is nothing else."""
    return next(iter(sequences_of(default))) if default and _NEXTVAL.fullmatch(default) else None


def sequences_of(definition: str) -> set[Name]:
    """The sequences that a definition takes values from."""
    return {parse_name(text.replace("''", "'")) for text in _NEXTVAL.findall(definition)}


_CONSTRAINT = re.compile(
    rf"^(?:    |ALTER TABLE (?:ONLY )?\S.* ADD )CONSTRAINT ({QUOTED}|[\w$]+) (.+?)(?: NOT VALID)?[,;]?$",
    re.MULTILINE,
)


def constraints(definition: str) -> dict[str, str]:
    """The constraints of a table's definition by name: the first line of what each says."""
    return {unquote(name): body for name, body in _CONSTRAINT.findall(definition)}


# What is plain comes in one step: for each character of a group PostgreSQL's longest values would take a hundred bytes.
STATEMENT = re.compile(r"""(?!;)[^;'"]*(?:(?:'[^']*(?:''[^']*)*'(?!')|"[^"]*(?:""[^"]*)*"(?!"))[^;'"]*)*;""")


# A table that is another's parent while that is made, so that its columns come in their order.
_PARENT_FIRST = re.compile(rf"CREATE TABLE {STATEMENT.pattern}\n(?=CREATE (?:UNLOGGED |FOREIGN )?TABLE )")
_PARENT_GOES = re.compile(r"\nALTER TABLE ONLY \S[^;\n]* NO INHERIT [^;\n]*;\nDROP TABLE [^;\n]*;")


def in_parts(definition: str) -> tuple[str, str, str]:
    """A definition in three: what its CREATE statement needs before it, that statement, and what completes it.

    There is something before it only of a table that inherits, in a second parent that goes again.
    """
    before = _PARENT_FIRST.match(definition)
    start = before.end() if before else 0
    match = STATEMENT.match(definition, start)
    end = match.end() if match else len(definition)
    return definition[:start], definition[start:end], definition[end:]


def first_statement(definition: str) -> str:
    """The CREATE statement of a definition, without what completes it (constraints, comments)."""
    return in_parts(definition)[1]


def without_order(definition: str) -> str:
    """A table's definition without the parent that only tells the order of the columns."""
    before, create, rest = in_parts(definition)
    if not before:
        return definition
    name = before.removeprefix("CREATE TABLE ").split(" (\n", 1)[0]
    return create.replace(f" INHERITS ({name}, ", " INHERITS (", 1) + _PARENT_GOES.sub("", rest, count=1)


_COLUMN_LINE = re.compile(
    r"""    ("(?:[^"]|"")*"(?!")|[a-z_][\w$]*) (.+?)"""
    r"""(?: COLLATE .*| DEFAULT .*| GENERATED .*| NOT NULL.*| CONSTRAINT .*)?,?$"""
)


@lru_cache(maxsize=1024)
def column_types(definition: str) -> tuple[tuple[str, str], ...]:
    """The columns of a table's definition, in order, each with its type as PostgreSQL prints it."""
    found = []
    for line in first_statement(definition).split("\n")[1:]:
        match = _COLUMN_LINE.match(line)
        if match and match[1] != "CONSTRAINT":
            found.append((unquote(match[1]), match[2]))
    return tuple(found)


def domain_base(definition: str) -> str | None:
    """What a domain's definition says it is over, as PostgreSQL prints it; None of any other type."""
    _, made, base = first_statement(definition).partition(" AS ")
    if not definition.startswith("CREATE DOMAIN ") or not made:
        return None
    return type_of(f"d {base.splitlines()[0].removesuffix(';')}")


def type_of(line: str) -> str | None:
    """The type that a column's element says."""
    match = _COLUMN_LINE.match(f"    {line}")
    return None if match is None else match[2]


def with_type(line: str, kind: str) -> str:
    """A column's element with another type, as `type_text` or PostgreSQL writes it."""
    match = _COLUMN_LINE.match(f"    {line}")
    return line if match is None else line[: match.start(2) - 4] + kind + line[match.end(2) - 4 :]


# That of GENERATED BY DEFAULT AS IDENTITY is none.
_DEFAULT = re.compile(
    r"""(?<! GENERATED BY) DEFAULT (?:'[^']*(?:''[^']*)*'(?!')|"(?:[^"]|"")*"(?!")|(?! NOT NULL\Z).)*""",
    re.DOTALL,
)


def without_default(line: str) -> str:
    """A column's element without its default; one that is generated, or an identity, has none."""
    kind = _COLUMN_LINE.match(f"    {line}")
    start = kind.end(2) - 4 if kind is not None else len(line)
    return line[:start] + _DEFAULT.sub("", line[start:], count=1)


_IDENTITY = re.compile(
    r""" GENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY(?: \((?:[^"()]|"(?:[^"]|"")*"(?!"))*\))?"""
)


def without_identity(line: str) -> str:
    """A column's element as it is where the column takes its values from no sequence of its own."""
    return _IDENTITY.sub("", line, count=1)


# Since 18 it may have a name.
_NOT_NULL = re.compile(r"""(?: CONSTRAINT (?:"(?:[^"]|"")*"(?!")|[a-z_][\w$]*))? NOT NULL\Z""")


def with_not_null(line: str, is_not_null: bool) -> str:
    """A column's element with NOT NULL, under the name that it has, or without."""
    if not is_not_null:
        return _NOT_NULL.sub("", line)
    return line if line.endswith(" NOT NULL") else f"{line} NOT NULL"


_PIECE = re.compile(r"""'[^']*(?:''[^']*)*'(?!')|"(?:[^"]|"")*"(?!")|[\w$]+|::|\s+|.""", re.DOTALL)


def with_columns(statement: str, names: Mapping[str, str]) -> str:
    """A constraint or an index with other names of its own table's columns: those in its parentheses.

    What a foreign key refers to are columns of another table.
    """
    pieces = _PIECE.findall(statement)
    depth = 0
    for i, piece in enumerate(pieces):
        depth += (piece == "(") - (piece == ")")
        if piece == "REFERENCES" and depth == 0:
            break
        others = [p for p in pieces[i + 1 : i + 3] if not p.isspace()]
        is_column = depth and pieces[i - 1] not in ("::", ".") and others[:1] not in (["("], ["."])
        if (
            is_column
            and (piece[0] == '"' or piece[0].isalpha() or piece[0] == "_")
            and unquote(piece) in names
        ):
            pieces[i] = quote_if_needed(names[unquote(piece)])
    return "".join(pieces)


# Up to the first column: there may be a new line in a name, too.
_HEAD = re.compile(r"""(?:[^"(]|"(?:[^"]|"")*"(?!"))*\(\n""")
_GOES_ON = re.compile(r" *(?:WHEN|ELSE|CASE|END)\b")


def elements(definition: str) -> tuple[str, list[str], list[str], str]:
    """The CREATE TABLE of a definition: what is before the columns, each of them, each check, what is behind them."""
    statement = first_statement(definition)
    match = _HEAD.match(statement)
    if match is None:
        # Of a typed table it says the type alone.
        head, opening, tail = statement.removesuffix(";").partition("(")
        return head + opening, [], [], tail + ";"
    head, lines = match[0].removesuffix("\n"), statement[match.end() :].split("\n")
    parts: list[str] = []
    open_ended = False
    for line in lines[:-1]:
        if open_ended or not line.startswith("    ") or _GOES_ON.match(line):
            # A literal goes on, or a CASE.
            parts[-1] += "\n" + line
        else:
            parts.append(line.removeprefix("    "))
        open_ended = parts[-1].count("'") % 2 == 1
    parts = [part.removesuffix(",") for part in parts]
    checks = [part for part in parts if part.startswith("CONSTRAINT ")]
    return head, [part for part in parts if part not in checks], checks, lines[-1]


def lists_columns(definition: str) -> bool:
    """Whether it is a table's, with a list of columns that `elements` can take apart."""
    return re.match(r"CREATE (?:UNLOGGED |FOREIGN )?TABLE [^;]*\(\n", first_statement(definition)) is not None


def table_of(head: str, columns: Iterable[str], tail: str) -> str:
    """The CREATE TABLE of which these are the elements."""
    body = ",".join(f"\n    {column}" for column in columns)
    return head + (body + "\n" if body else "") + tail


def column_name(line: str) -> str:
    """The name that a column's element begins with."""
    match = re.match(r"""("(?:[^"]|"")*"(?!")|[^\s"]+) """, line)
    return unquote(match[1]) if match else ""
