"""What the live catalog has is made where tables and columns had other names.

Its definitions name them as they are called in the end. So they are called that for a moment, and PostgreSQL writes the
names of their time into what is made meanwhile.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import qualified, quote_if_needed, without_comments
from pggit_audit.lexing import says
from pggit_audit.replay.provenance import Inferred, Provenance
from pggit_audit.replay.situation import Situation
from pggit_audit.rules.renamed_columns import ASIDE, called_later, in_turn
from pggit_audit.rules.situation import Evidence, Repair
from pggit_audit.statements import Name, quote, split


class AsCalledNow:
    """Takes steps whose statements are of the live catalog."""

    def __init__(self, situation: Situation, evidence: Evidence, provenance: Provenance) -> None:
        self._situation = situation
        self._evidence = evidence
        self._provenance = provenance
        self._live: dict[str, list[DatabaseObject]] = {}
        for found in evidence.live.by_name.values():
            if found.object_type == "TABLE":
                self._live.setdefault(found.object_name, []).append(found)

    def take(self, repair: Repair) -> list[Inferred] | None:
        """What a step changed; None where it cannot be taken."""
        before, after = self._renames(repair.statement)
        if before and self._situation.run([*before, repair.statement, *after])[1] is None:
            differences = self._situation.observe(repair.statement)
            made = next((d.new for d in differences if d.old is None and d.new is not None), None)
            if made is not None:
                repair = replace(repair, statement=without_comments(made.definition))
            if differences:
                self._provenance.note([repair])
            return [(d, [replace(repair, inferred=None)]) for d in differences]
        return self._provenance.of_step(repair) if self._situation.runs(repair.statement) else None

    def runs(self, statement: str) -> bool:
        """Whether a statement can be taken where what it names has another name by now, and was."""
        before, after = self._renames(statement)
        return bool(before) and self._situation.run([*before, statement, *after])[1] is None

    def names(self, table: Name) -> dict[str, str]:
        """What the columns of a table that are called otherwise in the end will be called, by their names of now."""
        situation = self._situation
        return called_later(self._evidence, table, situation.columns(table), self._since(table))

    def _since(self, table: Name) -> int:
        """The position of the row at hand; -1 where a table that is older than the tracker has had no row by then."""
        position = self._situation.position
        return position if self._evidence.history.oid_of("TABLE", table, position) is not None else -1

    def _renames(self, statement: str) -> tuple[list[str], list[str]]:
        """The statements that give tables and columns their later names, and those that take them back."""
        before: list[str] = []
        after: list[str] = []
        for now, later in self._tables(statement):
            if now != later:
                before.append(f"ALTER TABLE {qualified(now)} RENAME TO {quote(later[1])};")
            names = self.names(now)
            if any(says(statement, quote_if_needed(new)) for new in names.values()):
                there = {str(c["name"]) for c in self._situation.columns(now)}
                # What has such a name now, and is gone by then.
                in_the_way = sorted((there - names.keys()) & {*names.values()})
                names |= {old: ASIDE.format(-1 - i) for i, old in enumerate(in_the_way)}
                before += in_turn(later, names, there)
                back = {new: old for old, new in names.items()}
                after += in_turn(later, back, (there - names.keys()) | back.keys())
            if now != later:
                after.append(f"ALTER TABLE {qualified(later)} RENAME TO {quote(now[1])};")
        return before, after

    def _tables(self, statement: str) -> Iterator[tuple[Name, Name]]:
        """The tables that a statement names, as they are called now, and in the end."""
        evidence, situation = self._evidence, self._situation
        words = {word for part in split(statement) for word in part.words}
        for found in (o for word in words for o in self._live.get(word, ())):
            later = (found.object_schema, found.object_name)
            for now, _, _ in evidence.history.names(evidence.live.table_or_view(later), later):
                identity = evidence.moments.table(now, self._since(now))
                if identity == found.object_identity and situation.relation(now) is not None:
                    if now[0] == later[0]:
                        yield now, later
                    break
