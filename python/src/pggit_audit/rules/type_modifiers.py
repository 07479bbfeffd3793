"""The modifiers of types that v1 does not record: the precision of numbers and of moments (FORMATS 1.9)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import Columns, column_types

# As PostgreSQL prints them, and as texts write them.
_MODIFIED = re.compile(
    r"(?:(?P<number>numeric|decimal|dec)|(?P<moment>timestamp|time)(?P<zone>tz)?)\s*"
    r"(?P<modifier>\(\s*-?\d+\s*(?:,\s*-?\d+\s*)?\))?\s*(?:(?P<with>with|without)\s+time\s+zone)?(?:\s+not\s+null)?"
)

_Counts = Mapping[str, Counter[str]]
"""By v1's name of a type, how many columns have which modifier; '' is none."""


class Modifiers:
    """What the columns of a type have as a rule: those of the same name first, then those of the table, then all."""

    def __init__(self, live: Iterable[DatabaseObject], written: Mapping[str, Set[str]]) -> None:
        """`written`: by the name of a column, the types that recorded texts give to such columns."""
        self._of_name: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._of_table: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._of_all: dict[str, Counter[str]] = defaultdict(Counter)
        for table in live:
            for name, kind in column_types(table.definition) if table.object_type == "TABLE" else ():
                base, modifier = _parts(kind)
                if base:
                    for counts in (self._of_name[name], self._of_table[table.object_identity], self._of_all):
                        counts[base][modifier] += 1
        for name, kinds in written.items():
            for base, modifier in map(_parts, kinds):
                if base:
                    self._of_name[name][base][modifier] += 1

    def usual(self, columns: Columns, table: DatabaseObject | None = None) -> Columns:
        """Recorded columns with the modifiers that their types are likely to have; `table` is the live one."""
        of_table = self._of_table.get(table.object_identity, {}) if table is not None else {}
        return {
            name: {**fact, "type": self._most(name, str(fact.get("type")), of_table)}
            for name, fact in columns.items()
        }

    def _most(self, name: str, kind: str, of_table: _Counts) -> str:
        for counts in (self._of_name.get(name, {}), of_table, self._of_all):
            found = counts.get(kind)
            if found:
                modifier, number = found.most_common(1)[0]
                if 2 * number > found.total():
                    return kind + modifier
        return kind


def _parts(kind: str) -> tuple[str, str]:
    """v1's name of a type, and its modifier; '' where it is none of these types."""
    match = _MODIFIED.fullmatch(kind.lower())
    if match is None:
        return "", ""
    has_zone = bool(match["zone"]) or match["with"] == "with"
    base = "numeric" if match["number"] else match["moment"] + ("tz" if has_zone else "")
    return base, re.sub(r"\s", "", match["modifier"] or "")
