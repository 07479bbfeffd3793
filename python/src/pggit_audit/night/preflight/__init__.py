"""What stands in the way of the move: who uses v1, its data, and the place. Only reads."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from pggit_audit.night.preflight.calls import CallTable, calls_of
from pggit_audit.night.preflight.findings import PREFLIGHT
from pggit_audit.night.preflight.history import HistoryCheck, check_history
from pggit_audit.night.preflight.place import check_place
from pggit_audit.night.preflight.uses import Uses, installed_calls, uses_of_v1
from pggit_audit.night.v1 import Names
from pggit_audit.verdicts import Finding


@dataclass(frozen=True)
class Preflight:
    """What was found in a database."""

    calls: CallTable
    uses: Uses
    history: HistoryCheck
    place: list[Finding]

    @property
    def findings(self) -> list[Finding]:
        return [*self.place, *self.history.findings, *self.uses.findings]


_MOVED = Finding(
    "already_moved",
    "info",
    "pgGit v1",
    "The move is done in this database: v1 is in its archive, or gone.",
    "Nothing: `pggit-audit monitor` watches what is there now.",
    PREFLIGHT,
)


def _is_moved(connection: psycopg.Connection[Any], table: CallTable) -> bool:
    found = connection.execute(
        """
        /* pggit-audit preflight */
        select
            to_regnamespace(quote_ident(%(v1)s)) is null
            and (
                to_regnamespace(quote_ident(%(archive)s)) is not null
                or to_regclass(quote_ident(%(audit)s) || '.v1_history') is not null
            )
        """,
        {"v1": table.schema, "archive": Names().archive, "audit": table.audit},
    ).fetchone()
    return bool(found and found[0])


def check(
    connection: psycopg.Connection[Any],
    table: CallTable,
    *,
    shadow: str = "target",
    rehearsed_bytes: int = 0,
) -> Preflight:
    """Look at a database of v1.

    Args:
        connection: to it; only read.
        table: v1's calls, with the names of the schemas.
        shadow: where the history runs again, `target` or `embedded`.
        rehearsed_bytes: what the build of a rehearsal added to its copy; 0 where there was none.

    """
    if _is_moved(connection, table):
        return Preflight(table, Uses([], []), HistoryCheck([], []), [_MOVED])
    place = check_place(
        connection,
        schema=table.schema,
        v0=table.v0,
        audit=table.audit,
        shadow=shadow,
        rehearsed_bytes=rehearsed_bytes,
    )
    if any(
        finding.code == "schema_missing" and finding.object == f"schema {table.schema}" for finding in place
    ):
        return Preflight(table, Uses([], []), HistoryCheck([], []), place)
    fitted = installed_calls(connection, table)
    return Preflight(fitted, uses_of_v1(connection, fitted), check_history(connection, table.schema), place)


def v1_uses(
    connection: psycopg.Connection[Any], calls: Iterable[Mapping[str, Any]], schemas: Mapping[str, str]
) -> list[dict[str, Any]]:
    """Rows of `int_preflight__uses`: what in the database uses v1.

    Args:
        calls: rows of the seed `v1_calls`.
        schemas: the names `schema` (of v1), `audit` and `v0`.
    """
    table = installed_calls(connection, CallTable(calls_of(calls), **schemas))
    return [use.as_row() for use in uses_of_v1(connection, table).uses]


def preflight_checks(
    connection: psycopg.Connection[Any],
    calls: Iterable[Mapping[str, Any]],
    schemas: Mapping[str, str],
    *,
    shadow: str,
) -> list[dict[str, str]]:
    """Rows of `int_preflight__checks`: what stands in the way of the move; arguments as of `v1_uses`."""
    table = CallTable(calls_of(calls), **schemas)
    found = check(connection, table, shadow=shadow)
    return [finding.as_json() for finding in found.findings]
