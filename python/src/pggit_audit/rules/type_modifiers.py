"""The modifiers of types that v1 does not record: the precision of numbers and of moments (FORMATS 1.9)."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Set
from typing import Any

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import Columns

# As PostgreSQL prints them, and as texts write them.
_MODIFIED = re.compile(
    r"(?:(?P<number>numeric|decimal|dec)|(?P<moment>timestamp|time)(?P<zone>tz)?)\s*"
    r"(?P<modifier>\(\s*-?\d+\s*(?:,\s*-?\d+\s*)?\))?\s*(?:(?P<with>with|without)\s+time\s+zone)?(?:\s+not\s+null)?"
)

# A moment with it is as precise as one without a modifier.
_MOST_PRECISE = "(6)"


class Modifiers:
    """What the columns of a type have as a rule: those of the same name first, then those of the table, then all."""

    def __init__(
        self,
        tables: Iterable[tuple[str, Iterable[tuple[str, str]]]],
        written: Mapping[str, Set[str]] | None = None,
        otherwise: Modifiers | None = None,
    ) -> None:
        """`tables`: the columns of each, by its identity. `written`: by the name of a column, the types that recorded
        texts give to such columns. `otherwise`: what counts where these tell nothing."""
        self._otherwise = otherwise
        # By v1's name of a type, how many columns have which modifier; '' is none.
        self._of_name: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._of_table: dict[str, dict[str, Counter[str]]] = defaultdict(lambda: defaultdict(Counter))
        self._of_all: dict[str, Counter[str]] = defaultdict(Counter)
        for table, columns in tables:
            for name, kind in columns:
                base, modifier = _parts(kind)
                if base:
                    for counts in (self._of_name[name], self._of_table[table], self._of_all):
                        counts[base][modifier] += 1
        for name, kinds in (written or {}).items():
            for base, modifier in map(_parts, kinds):
                if base:
                    self._of_name[name][base][modifier] += 1

    def usual(
        self, columns: Columns, table: DatabaseObject | None = None, told: Mapping[str, str] | None = None
    ) -> Columns:
        """Recorded columns with the modifiers that their types are likely to have; `table` is the live one.

        `told`: types that columns had as texts say, or as those had that became the same.
        """
        identity = table.object_identity if table is not None else ""
        known = {name: _parts(kind) for name, kind in (told or {}).items()}
        found: dict[str, dict[str, Any]] = {}
        for name, fact in columns.items():
            kind = str(fact.get("type"))
            base, modifier = known.get(name, ("", ""))
            # Without a modifier, PostgreSQL keeps no default of NULL.
            has_one = str(fact.get("default")).startswith("NULL::")
            more: str | None = modifier
            if base != kind or (has_one and not modifier):
                more = self._most(name, kind, identity, has_one)
            if has_one and not more and _MODIFIED.fullmatch(kind.lower()) and kind != "numeric":
                more = _MOST_PRECISE
            found[name] = {**fact, "type": kind + (more or "")}
        return found

    def _most(self, name: str, kind: str, table: str, has_one: bool) -> str | None:
        """The modifier that most such columns have, or of those that have one; None where nothing tells."""
        for counts in (self._of_name.get(name, {}), self._of_table.get(table, {}), self._of_all):
            found = Counter({m: n for m, n in counts.get(kind, Counter()).items() if m or not has_one})
            if found:
                modifier, number = found.most_common(1)[0]
                if 2 * number > found.total():
                    return modifier
        return self._otherwise._most(name, kind, table, has_one) if self._otherwise is not None else None


def _parts(kind: str) -> tuple[str, str]:
    """v1's name of a type, and its modifier; '' where it is none of these types."""
    match = _MODIFIED.fullmatch(kind.lower())
    if match is None:
        return "", ""
    has_zone = bool(match["zone"]) or match["with"] == "with"
    base = "numeric" if match["number"] else match["moment"] + ("tz" if has_zone else "")
    return base, re.sub(r"\s", "", match["modifier"] or "")
