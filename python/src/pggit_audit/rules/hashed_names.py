"""Names of constraints and indexes that are a hash, as TypeORM gives them (DefaultNamingStrategy): PK, UQ, REL, FK or
IDX, and the begin of the SHA-1 of the table's name and the names of its columns, in their order as texts. So such a
name tells of which columns it is, to whoever knows the table.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from hashlib import sha1
from itertools import combinations

from pggit_audit.statements import Name

_HASHED = re.compile(r"(?P<kind>PK|UQ|REL|FK|IDX)_(?P<hash>[0-9a-f]{26,27})")
_KEPT = 26
_MOST_COLUMNS = 3
# Of more columns than that, only two together are tried.
_WIDE = 30


def kind_of(name: str) -> str | None:
    """What a name that is a hash is of: PK, UQ, REL, FK or IDX."""
    match = _HASHED.fullmatch(name)
    return match["kind"] if match is not None else None


def columns_of(name: str, table: Name, columns: Sequence[str]) -> tuple[str, ...] | None:
    """The columns of a table that a hash is of, in their order in the table; None where it is of no three of them."""
    match = _HASHED.fullmatch(name)
    if match is None:
        return None
    return _hashes(table, tuple(columns)).get(match["hash"][:_KEPT])


@lru_cache
def _hashes(table: Name, columns: tuple[str, ...]) -> Mapping[str, tuple[str, ...]]:
    schema, bare = table
    most = _MOST_COLUMNS if len(columns) <= _WIDE else _MOST_COLUMNS - 1
    return {
        sha1(f"{called}_{'_'.join(sorted(some))}".encode(), usedforsecurity=False).hexdigest()[:_KEPT]: some
        for called in (f"{schema}_{bare}", bare)
        for count in range(1, most + 1)
        for some in combinations(columns, count)
    }
