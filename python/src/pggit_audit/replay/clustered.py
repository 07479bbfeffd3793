"""Indexes of tables that are clustered: `CLUSTER t USING i` moves the mark from one to another, and leaves no row at
all, so that no row of such an index says whether it had it at its session's end.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence

from pggit_audit.lexing import QUOTED
from pggit_audit.replay.events import Event

_PART = rf"(?:{QUOTED}|[\w$]+)"
_MARKED = re.compile(rf"\nALTER TABLE ({_PART}\.{_PART}) CLUSTER ON ")
_INDEXED = re.compile(rf"CREATE (?:UNIQUE )?INDEX {_PART} ON (?:ONLY )?({_PART}\.{_PART}) USING ")


def indexes_of_clustered(
    events: Sequence[Event], renamed: Mapping[int, str]
) -> Iterator[tuple[str, list[int]]]:
    """For each table of which an index ever had the mark: its path, and the events of its indexes.

    `renamed`: for each event that gives a table another name, the one before.
    """
    tables: dict[str, list[int]] = {}
    marked: set[str] = set()
    for i, event in enumerate(events):
        if event.object_type == "INDEX" and event.new_definition is not None:
            found = _INDEXED.search(event.new_definition)
            if found is not None:
                tables.setdefault(found[1], []).append(i)
            marked.update(_MARKED.findall(event.new_definition))
    names = [(old, events[i].object_identity or "") for i, old in renamed.items()]
    while True:
        # A table that goes by another name is the same.
        more = {b for pair in names for a, b in (pair, pair[::-1]) if a in marked} - marked
        if not more:
            break
        marked |= more
    for path in sorted(marked & tables.keys()):
        yield path, tables[path]
