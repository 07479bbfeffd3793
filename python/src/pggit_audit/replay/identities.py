"""Which object of the shadow a row speaks of: v1 records no schema for sure, and routines by their oid."""

from __future__ import annotations

from collections.abc import Mapping

from pggit_audit.catalog import DatabaseObject, Key
from pggit_audit.history import HistoryRow
from pggit_audit.replay.situation import Situation
from pggit_audit.replay.state import ROUTINES
from pggit_audit.statements import Name


class Identities:
    """The objects that rows speak of.

    Args:
        situation: where names are looked up.
        routine_oids: v1's names of routines (their oids at home) that are known already, with schema and
            `name(types)`.
    """

    def __init__(self, situation: Situation, routine_oids: Mapping[str, Name] | None = None) -> None:
        self._situation = situation
        self._routines: dict[str, tuple[Name, Key | None]] = {}
        for oid, name in (routine_oids or {}).items():
            self.know_routine(oid, name)

    def know_routine(self, oid: str, name: Name) -> None:
        """From now on, this is the routine that v1 recorded under an oid."""
        found = self._situation.state.routine(name)
        self._routines[oid] = (name, found.key if found else None)

    def routine_name(self, oid: str) -> Name | None:
        """Schema and `name(types)` of the routine that v1 recorded under an oid, as it is called by now."""
        if oid not in self._routines:
            return None
        name, key = self._routines[oid]
        found = self._situation.state.objects.get(key) if key is not None else None
        return name if found is None else (found.object_schema, found.object_name)

    @property
    def routines(self) -> dict[str, Name]:
        """The names of all routines that are known by an oid."""
        return {oid: name for oid in self._routines if (name := self.routine_name(oid)) is not None}

    def current(self, row: HistoryRow) -> DatabaseObject | None:
        """The row's object as it stands, if it is there."""
        if row.object_type in ROUTINES:
            known = self.routine_name(row.object_name)
            return None if known is None else self._situation.state.routine(known)
        name = self.relation_name(row)
        return self._situation.relation(name) if name else None

    def relation_name(self, row: HistoryRow) -> Name | None:
        """Schema and name of the row's relation, unless the row has no schema and it is nowhere."""
        if row.object_schema is not None:
            name = (row.object_schema, row.name)
            if row.schema_is_told or self._situation.relation(name) is not None:
                return name
            called = [o for o in self._situation.state.called([row.name]) if o.object_type == "INDEX"]
            return (called[0].object_schema, row.name) if len(called) == 1 else name
        for schema in self._situation.schemas:
            if self._situation.relation((schema, row.name)) is not None:
                return (schema, row.name)
        return None

    def oids(self, name: Name) -> list[str]:
        """v1's names of one routine."""
        return [oid for oid, known in self.routines.items() if known == name]


def same_type(recorded: str, found: str) -> bool:
    """Whether a recorded kind may stand for this one: v1 does not tell all kinds apart."""
    families = (set(ROUTINES), {"TABLE", "PARTITION"}, {"VIEW", "MATERIALIZED_VIEW"})
    return recorded == found or any(recorded in f and found in f for f in families)


def about(row: HistoryRow) -> tuple[str | None, ...]:
    """What a row is about, and what it says happened to it; rows of one statement may share it."""
    return row.object_type, row.object_schema, row.object_name, row.change_type
