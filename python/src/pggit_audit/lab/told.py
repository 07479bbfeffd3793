"""What nothing recorded can tell: the share of a score's misses that no replay could have got right.

v1 keeps no columns of tables with quoted names, and a tracker that came late saw no CREATE. A definition with a word in
it (a name, a label, a type) that no row, no text and nothing at the end has was lost for good.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

from pggit_audit.lab.figures import Figure, Miss
from pggit_audit.lab.truth import read_texts

_WORD = re.compile(r"\w+")


def untold(misses: Sequence[Miss], recorded: frozenset[str]) -> Figure:
    """How many misses are of a definition with a word that nothing recorded has, of all misses.

    A lower bound: where all words are known, nothing may tell that they belong together, or since when.
    What was rebuilt although it was not there counts among all.
    """
    figure = Figure()
    known: dict[tuple[str, str, str | None], bool] = {}
    for miss in misses:
        question = (miss.key[0], miss.key[2], miss.true)
        if question not in known:
            known[question] = miss.true is not None and not _words(miss) <= recorded
        figure.count(known[question])
    return figure


def recorded_words(directory: Path) -> frozenset[str]:
    """Every word of the history's texts, of its recorded columns, and of the schema that it ended with."""
    return frozenset(word for text in read_texts(directory) for word in _WORD.findall(text))


def _words(miss: Miss) -> set[str]:
    """The words of a true definition, and of its object's name; of a function only those of its name."""
    kind, _, name = miss.key
    if kind == "FUNCTION":
        return {*_WORD.findall(name.split("(")[0])}
    definition = miss.true or ""
    if kind == "TABLE":
        facts = json.loads(definition)
        columns = [f"{column} {data_type}" for column, data_type, *_ in facts["columns"] or []]
        definition = " ".join([*columns, *(constraint for constraint, _ in facts["constraints"] or [])])
    elif kind not in ("INDEX", "TYPE") or (kind == "TYPE" and definition in _KINDS_OF_TYPES):
        definition = ""
    return {*_WORD.findall(name), *_WORD.findall(definition)} - _PRINTED


# What a truth has for a type that is no enum: pg_type.typtype.
_KINDS_OF_TYPES = ("c", "d", "m", "r")
# Words of the server's own in what it prints, which a text need not have.
_PRINTED = frozenset(
    {"CREATE", "UNIQUE", "INDEX", "ON", "ONLY", "USING", "btree", "public", "WHERE", "AND", "OR", "NOT", "NULL",
     "IS", "DESC", "NULLS", "FIRST", "LAST", "INCLUDE", "WITH", "text", "integer", "bigint", "smallint", "boolean",
     "timestamp", "without", "with", "time", "zone", "character", "varying", "double", "precision", "numeric"}
)  # fmt: skip
