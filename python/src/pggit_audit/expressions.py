"""Expressions as PostgreSQL prints them, and as it must read them to hold the same again.

PostgreSQL does not keep all that it prints: some expressions are another tree once they have been read again, and are
then printed otherwise (ruleutils.c prints; parse_expr.c and makeAndExpr of gram.y read). Five such are known:

- `x IN ('a', 'b')` of a varchar is a list of varchar, cast to text, and printed
  `(ARRAY['a'::character varying, …])::text[]`. Read again, the parser casts each element. A cast of the list to what it
  is already keeps it away from that.
- `a BETWEEN 1 AND 2 AND b`, or a row compared with a row, is an AND within an AND, and printed so, with parentheses.
  Read again, the parser takes the first operand apart. A cast to boolean, which adds nothing, keeps it away from that.
- `SELECT 'x'` in a query within another, or in the body of a function, has a column without a name, and is printed
  `SELECT 'x'::text`. Read again, the column is called after the cast (FigureColname of parse_target.c), and printed so.
  The name that it has without one, "?column?", keeps it away from that.
- `ROW(a, b)::t` is printed `ROW(a, b, NULL)::t` once the type has got another column. Read again, the parser gives that
  NULL the column's type, and it is printed `NULL::text`. The row's own cast says as much: here, NULL stands without.
- `VALUES (1), (2)` as a view's query is printed as `SELECT "*VALUES*".column1 AS a FROM (VALUES (1), (2)) "*VALUES*"`
  where the view calls its columns otherwise. Read again, it is a query within another. With the names in front of it
  (`CREATE VIEW v (a) AS VALUES (1), (2)`) it is VALUES.

So a definition has these casts and names (`lasting`): its script makes what was there, and what that prints is the same
again. A database that was dumped and restored holds what was read again (`read_again`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator

_QUOTED = r"""'[^']*(?:''[^']*)*'(?!')|"(?:[^"]|"")*"(?!")|\$(?P<tag>\w*)\$.*?\$(?P=tag)\$"""
_TOKEN = re.compile(_QUOTED + r"|[()\[\],]", re.DOTALL)
# What format_type prints of a type of arrays, without the brackets.
# Each character fits in one way: else what does not match is tried in more ways than there is time for.
_ELEMENT_TYPE = r"""(?:"(?:[^"]|"")*"(?!")|\([0-9]+(?:,-?[0-9]+)?\)|[^\s"'(),;:\[\]]| )+?"""
_CAST_OF_LIST = re.compile(rf"\)::({_ELEMENT_TYPE}(?:\[\])+)")
_KEPT_LIST = re.compile(rf"::{_ELEMENT_TYPE}\[\](?=\)::{_ELEMENT_TYPE}\[\])")
_LIST = "(ARRAY["
_AND_OR = re.compile(r"\b(?:AND|OR)\b")
_OTHERS = re.compile(r"\b(?:AND|OR|BETWEEN|SELECT)\b")
_BOOLEAN = "::boolean"
_BEHIND = re.compile(r" (AND|OR) ")
_BEHIND_KEPT = re.compile(re.escape(_BOOLEAN) + _BEHIND.pattern)
_SELECT = "SELECT "
_NO_NAME = '"?column?"'
_OF_QUERY = re.compile(
    _QUOTED
    + r"|[()\[\],;]|\b(?:SELECT|FROM|WHERE|GROUP|HAVING|WINDOW|UNION|INTERSECT|EXCEPT|ORDER|LIMIT|OFFSET|FETCH|FOR)\b",
    re.DOTALL,
)
_NAMED = re.compile(r""" AS (?:"(?:[^"]|"")*"(?!")|\w+)$""")
_CAST_AT_END = re.compile(rf"::({_ELEMENT_TYPE})(?:\[\])*$")
_MODIFIER = re.compile(r"\([0-9]+(?:,-?[0-9]+)?\)")


def lasting(definition: str) -> str:
    """A definition as PostgreSQL prints it, made so that it is printed the same once it has been read again."""
    if _LIST in definition:
        definition = _with_lists(definition)
    if ")) AND " in definition or ")) OR " in definition:
        definition = _with_groups(definition)
    if _SELECT in definition:
        for _, end in reversed(list(_unnamed(definition))):
            definition = f"{definition[:end]} AS {_NO_NAME}{definition[end:]}"
        definition = _with_names_first(definition)
    return _with_rows(definition)


def read_again(definition: str) -> str:
    """A lasting definition as it is where what PostgreSQL printed was read again: in a database made of a dump."""
    if _LIST in definition:
        definition = _with_lists(definition, spread=True)
    if _BOOLEAN in definition:
        cut = [
            span
            for start, end in _groups(definition, _BEHIND_KEPT)
            for span in ((start, start + 1), (end, end + 1 + len(_BOOLEAN)))
        ]
        for start, end in sorted(cut, reverse=True):
            definition = definition[:start] + definition[end:]
    if _SELECT in definition:
        definition = definition.replace(f" AS {_NO_NAME}", "")
        for column_type, end in reversed(list(_unnamed(definition))):
            definition = f"{definition[:end]} AS {_called_after(column_type)}{definition[end:]}"
    return _with_rows(_within_a_query(_with_names_first(definition)))


# Lists ---------------------------------------------------------------------------------------------


def _with_lists(definition: str, *, spread: bool = False) -> str:
    """Gives each list that is cast its own type first; with `spread`, or where that is not told, casts the elements."""
    here = 0
    while (start := _next_list(definition, here)) is not None:
        here = start + len(_LIST)
        end, elements = _elements(definition, here)
        if end is None:
            continue
        kept = _KEPT_LIST.match(definition, end + 1)
        cast = _CAST_OF_LIST.match(definition, kept.end() if kept else end + 1)
        if cast is None or (kept and not spread):
            continue
        own = _common_type(elements)
        if own is not None and not spread:
            definition = f"{definition[: end + 1]}::{own}[]{definition[end + 1 :]}"
        else:
            element = cast[1][: cast[1].index("[")]
            # The casts go to the innermost elements.
            listed = ", ".join(_spread(e, element) for e in elements)
            definition = f"{definition[:start]}ARRAY[{listed}]{definition[cast.end() :]}"
            here = start
    return definition


def _next_list(definition: str, here: int) -> int | None:
    """Where the next list in parentheses begins, outside of what is quoted; `here` is outside as well."""
    if definition.find(_LIST, here) < 0:
        return None
    for token in _TOKEN.finditer(definition, here):
        if token[0] == "(" and definition.startswith(_LIST, token.start()):
            return token.start()
    return None


def _elements(definition: str, here: int, closing: str = "]") -> tuple[int | None, list[str]]:
    """Where a list that begins at `here` ends (at its bracket), and its elements."""
    depth, start, found = 0, here, list[str]()
    for token in _TOKEN.finditer(definition, here):
        if token[0] in "([":
            depth += 1
        elif token[0] in ")]" and depth:
            depth -= 1
        elif token[0] == "," and not depth:
            found.append(definition[start : token.start()].strip())
            start = token.end()
        elif token[0] == closing:
            last = definition[start : token.start()].strip()
            return token.start(), [*found, last] if last else found
        elif token[0] in ")]":
            break
    return None, []


def _spread(element: str, element_type: str) -> str:
    """An element with the cast that the parser gives it: PostgreSQL puts parentheses around all that is cast."""
    if element.startswith("ARRAY[") and element.endswith("]"):
        _, inner = _elements(element, len("ARRAY["))
        return "ARRAY[" + ", ".join(_spread(e, element_type) for e in inner) + "]"
    return f"({element})::{element_type}"


_CONSTANT = re.compile(rf"(?:E?'[^']*(?:''[^']*)*'(?!')|NULL)::(?P<type>{_ELEMENT_TYPE})", re.DOTALL)


def _common_type(elements: list[str]) -> str | None:
    """The type of the elements, if each of them says it, and none has a modifier, which a cast would take away."""
    types = {_type_of(e) for e in elements}
    found = types.pop() if len(types) == 1 else None
    return None if found is None or _MODIFIER.search(found) else found


def _type_of(element: str) -> str | None:
    if element.startswith("ARRAY[") and element.endswith("]"):
        end, inner = _elements(element, len("ARRAY["))
        return _common_type(inner) if end == len(element) - 1 else None
    if element in ("true", "false"):
        return "boolean"
    if re.fullmatch(r"[0-9]+", element):
        return "integer" if int(element) < 2**31 else "bigint" if int(element) < 2**63 else "numeric"
    if re.fullmatch(r"[0-9]+\.[0-9]*(?:e[+-]?[0-9]+)?", element):
        return "numeric"
    constant = _CONSTANT.fullmatch(element)
    if constant:
        return constant["type"]
    cast = re.fullmatch(rf"(?P<cast>\(.*\))::(?P<type>{_ELEMENT_TYPE})", element, re.DOTALL)
    return cast["type"] if cast and _is_one_group(cast["cast"]) else None


def _is_one_group(text: str) -> bool:
    """Whether the parenthesis that a text begins with ends where the text does."""
    depth = 0
    for token in _TOKEN.finditer(text):
        depth += {"(": 1, ")": -1}.get(token[0], 0)
        if depth == 0:
            return token.end() == len(text)
    return False


# Rows ----------------------------------------------------------------------------------------------

_ROW = "ROW("
_NULL = re.compile(rf"NULL::{_ELEMENT_TYPE}(?:\[\])*", re.DOTALL)
# That of a row without a type of its own would be `record`, and its columns have no other types.
_CAST_OF_ROW = re.compile(r"\)::(?!record\b)")


def _with_rows(definition: str) -> str:
    """Takes the types of NULLs away in rows that are cast to a type, which has them."""
    if _ROW not in definition or "NULL::" not in definition:
        return definition
    # Inner rows come behind the one that they are in.
    tokens = [t.end() for t in _TOKEN.finditer(definition) if t[0] == "("]
    for start in reversed([end for end in tokens if definition.startswith(_ROW, end - len(_ROW))]):
        end, elements = _elements(definition, start, ")")
        if end is not None and _CAST_OF_ROW.match(definition, end):
            listed = ", ".join("NULL" if _NULL.fullmatch(e) else e for e in elements)
            definition = definition[:start] + listed + definition[end:]
    return definition


# AND and OR ----------------------------------------------------------------------------------------


def _with_groups(definition: str) -> str:
    for end in sorted((end for _, end in _groups(definition, _BEHIND)), reverse=True):
        definition = definition[: end + 1] + _BOOLEAN + definition[end + 1 :]
    return definition


def _groups(definition: str, behind: re.Pattern[str]) -> Iterator[tuple[int, int]]:
    """Each group of an AND or OR that is the first operand of another of its kind: where its parentheses stand.

    Inner groups come before those that they are in.
    """
    opened: list[int] = []
    # The text of each open group, without what is quoted and without the groups in it.
    texts = [""]
    here = 0
    for found in _TOKEN.finditer(definition):
        texts[-1] += definition[here : found.start()]
        here = found.end()
        if found[0] == "(":
            opened.append(found.start())
            texts.append("")
        elif found[0] == ")" and opened:
            start, text = opened.pop(), texts.pop()
            operator = behind.match(definition, here)
            if (
                operator
                and definition[start - 1 : start] == "("
                and _AND_OR.search(text)
                and set(_OTHERS.findall(text)) == {operator[1]}
            ):
                yield start, found.start()


# Columns of queries --------------------------------------------------------------------------------

# The types that have another name in the catalog, or one that is a keyword, as format_type prints them.
_CATALOG_NAMES = {
    "integer": "int4", "bigint": "int8", "smallint": "int2", "real": "float4", "double precision": "float8",
    "boolean": "bool", "character varying": '"varchar"', "character": "bpchar", "bit varying": "varbit",
    "bit": '"bit"', "numeric": '"numeric"', "timestamp without time zone": '"timestamp"',
    "timestamp with time zone": "timestamptz", "time without time zone": '"time"',
    "time with time zone": "timetz", "interval": '"interval"',
}  # fmt: skip


def _called_after(column_type: str) -> str:
    """The name that the parser gives to what has none and is cast to a type."""
    name = _MODIFIER.sub("", column_type)
    return _CATALOG_NAMES.get(name) or re.split(r'\.(?=(?:"[^"]*"|\w+)$)', name)[-1]


def _unnamed(definition: str) -> Iterator[tuple[str, int]]:
    """Each column of a query within the definition that is cast and has no name: its type, and where it ends.

    PostgreSQL prints the name of all that is not a column of a table and has one.
    """
    # Where the column at hand begins, for each open bracket; None outside of a list of columns.
    starts: list[int | None] = [None]
    for token in (*_OF_QUERY.finditer(definition), None):
        word, here = (token[0], token.start()) if token else (";", len(definition))
        if word[0] in "'\"$":
            continue
        start = starts[-1]
        if start is not None and word not in "([":
            column = definition[start:here].rstrip()
            cast = None if _NAMED.search(column) else _CAST_AT_END.search(column)
            if cast:
                yield cast[1], start + len(column)
        if word in "([":
            starts.append(None)
        elif word in ")]":
            starts = starts[:-1] or [None]
        else:
            is_list = word == "SELECT" or (word == "," and start is not None)
            starts[-1] = token.end() if token and is_list else None


# Views of VALUES -----------------------------------------------------------------------------------

_NAME = r"""(?:"(?:[^"]|"")*"(?!")|[\w$]+)"""
_VIEW = rf"""(?P<create>CREATE (?:MATERIALIZED )?VIEW {_NAME}\.{_NAME})"""
_OPTIONS = r"""(?P<options>(?: USING [^\s;]+)?(?: WITH \((?:[^;'")]|'[^']*(?:''[^']*)*'(?!'))*\))?) AS\n """
_COLUMN = rf"""(?:"\*VALUES\*"\.)?\bcolumn(?P<number>[0-9]+)(?: AS (?P<name>{_NAME}))?"""
_ANY_COLUMN = re.sub(r"\?P<\w+>", "?:", _COLUMN)
_OF_VALUES = re.compile(
    rf"{_VIEW}{_OPTIONS}SELECT (?P<columns>{_ANY_COLUMN}(?:,\n    {_ANY_COLUMN})*)\n   FROM \((?=VALUES )"
)
_NAMES_FIRST = re.compile(rf"{_VIEW} \((?P<columns>{_NAME}(?:, {_NAME})*)\){_OPTIONS}(?=VALUES )")
_ALIAS = ' "*VALUES*"'
_END = re.compile(r";|\n  (?:WITH|ORDER BY) |\n (?:LIMIT|OFFSET) ")
_VALUES_END = re.compile(f"{_QUOTED}|{_END.pattern}", re.DOTALL)


def _with_names_first(definition: str) -> str:
    """A view of VALUES with the names of its columns in front of them."""
    head = _OF_VALUES.match(definition)
    end, _ = _elements(definition, head.end(), ")") if head else (None, [])
    if head is None or end is None or not _END.match(definition, end + 1 + len(_ALIAS)):
        return definition
    columns = [(int(c["number"]), c["name"]) for c in re.finditer(_COLUMN, head["columns"])]
    if [number for number, _ in columns] != list(range(1, len(columns) + 1)):
        return definition
    names = ", ".join(name or f"column{number}" for number, name in columns)
    values, rest = (
        definition[head.end() : end],
        definition[end + 1 + len(_ALIAS) :].replace(f"{_ALIAS[1:]}.", ""),
    )
    return f"{head['create']} ({names}){head['options']} AS\n {values}{rest}"


def _within_a_query(definition: str) -> str:
    """A view of VALUES as it is once its text was read again as PostgreSQL prints it (18 says less of its columns)."""
    head = _NAMES_FIRST.match(definition)
    if head is None:
        if not re.match("CREATE (?:MATERIALIZED )?VIEW ", definition):
            return definition
        return definition.replace(" FROM (VALUES ", " FROM ( VALUES ").replace('"*VALUES*".', "")
    end = next((m.start() for m in _VALUES_END.finditer(definition, head.end()) if m[0][0] in ";\n"), None)
    if end is None:
        return definition
    columns = [
        f"column{number}" + (f" AS {name}" if name != f"column{number}" else "")
        for number, name in enumerate(re.findall(_NAME, head["columns"]), 1)
    ]
    selected, values = ",\n    ".join(columns), definition[head.end() : end]
    return f"{head['create']}{head['options']} AS\n SELECT {selected}\n   FROM ( {values}){_ALIAS}{definition[end:]}"
