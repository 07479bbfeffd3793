"""The objects of the shadow as they were last read, and how one reading differs from the one before."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from pggit_audit.catalog import RELATIONS, DatabaseObject, Key, with_unique_identities
from pggit_audit.statements import Name

ROUTINES = ("FUNCTION", "PROCEDURE")


@dataclass
class Difference:
    """One object (by its path in the tree) before and after; one of the two may be missing.

    `taken`: a row of the history explains it. `between`: so it was by a row of code, and no more behind the code.
    """

    path: str
    old: DatabaseObject | None
    new: DatabaseObject | None
    taken: bool = False
    between: bool = False

    @property
    def object(self) -> DatabaseObject:
        found = self.new or self.old
        assert found is not None
        return found

    @property
    def replaced(self) -> bool:
        """Whether it is another object that has the path now."""
        return self.old is not None and self.new is not None and self.old.key != self.new.key

    @property
    def change_type(self) -> str:
        return "CREATE" if self.old is None else "DROP" if self.new is None else "ALTER"


def routines_as_made(differences: list[Difference]) -> None:
    """Brings new routines into the order in which they were made, as their oids tell: a row of one says no name."""
    places = [
        i for i, d in enumerate(differences) if d.change_type == "CREATE" and d.object.object_type in ROUTINES
    ]
    made = sorted((differences[i] for i in places), key=lambda d: d.object.key[1])
    for i, difference in zip(places, made, strict=True):
        differences[i] = difference


class State:
    """The objects of the shadow as last read, by key, by path and by name.

    A path is the object's identity; where two kinds share one, the later kind carries its kind
    behind it (`with_unique_identities`). An index of many small look-ups: each is a method, because only they
    know how the index is kept.
    """

    def __init__(self, objects: Iterable[DatabaseObject]) -> None:
        self.objects: dict[Key, DatabaseObject] = {}
        self._holders: dict[str, set[Key]] = {}
        self._names: dict[Name, set[Key]] = {}
        self._bare: dict[str, set[Key]] = {}
        self._routines: dict[Key, DatabaseObject] = {}
        self.of_session: list[DatabaseObject] = []
        """The routines in the session's own schema (pg_temp), of which nothing else is told."""
        for found in objects:
            self._put(found)

    def _put(self, found: DatabaseObject) -> None:
        self.objects[found.key] = found
        self._holders.setdefault(found.object_identity, set()).add(found.key)
        self._names.setdefault((found.object_schema, found.object_name), set()).add(found.key)
        self._bare.setdefault(bare_name(found), set()).add(found.key)
        if found.object_type in ROUTINES:
            self._routines[found.key] = found

    def _take(self, key: Key) -> None:
        found = self.objects.pop(key)
        self._holders[found.object_identity].discard(key)
        self._names[(found.object_schema, found.object_name)].discard(key)
        self._bare[bare_name(found)].discard(key)
        self._routines.pop(key, None)

    def update(self, read: Iterable[DatabaseObject], gone: Iterable[Key]) -> list[Difference]:
        """Takes in what was read again and what no longer exists; what differs, by path."""
        read = list(read)
        gone = [k for k in gone if k in self.objects]
        changed = [o for o in read if self.objects.get(o.key) != o]
        identities = {o.object_identity for o in changed}
        identities |= {self.objects[k].object_identity for k in gone}
        identities |= {self.objects[o.key].object_identity for o in changed if o.key in self.objects}
        before = self._paths(identities)
        for key in gone:
            self._take(key)
        for found in changed:
            if found.key in self.objects:
                self._take(found.key)
            self._put(found)
        after = self._paths(identities)
        differences = []
        for path in sorted(before.keys() | after.keys()):
            old, new = before.get(path), after.get(path)
            if old != new:
                differences.append(Difference(path, old, new))
        return differences

    def _paths(self, identities: Iterable[str]) -> dict[str, DatabaseObject]:
        result: dict[str, DatabaseObject] = {}
        for identity in identities:
            result.update({o.object_identity: o for o in with_unique_identities(self.holders(identity))})
        return result

    def path(self, found: DatabaseObject) -> str:
        """The path of an object that is there."""
        return next(p for p, o in self._paths([found.object_identity]).items() if o.key == found.key)

    def as_it_is(self, difference: Difference) -> Difference | None:
        """A difference with what there is by now of what it left; None where that is gone again."""
        if difference.new is None:
            return difference
        now = self.objects.get(difference.new.key)
        return replace(difference, new=now, path=self.path(now)) if now is not None else None

    def by_path(self) -> dict[str, DatabaseObject]:
        return {o.object_identity: o for o in with_unique_identities(list(self.objects.values()))}

    def holders(self, identity: str) -> list[DatabaseObject]:
        """The objects of that identity: as a rule one, else of different kinds."""
        return [self.objects[k] for k in self._holders.get(identity, ())]

    def holds(self, identity: str, object_type: str | None = None) -> bool:
        """Whether an object of that identity (and kind) is there."""
        kinds = {o.object_type for o in self.holders(identity)}
        return bool(kinds) if object_type is None else object_type in kinds

    def relation(self, name: Name) -> DatabaseObject | None:
        """The table, view, sequence, index or type of that name."""
        for key in self._names.get(name, ()):
            if self.objects[key].object_type in RELATIONS:
                return self.objects[key]
        return None

    def routine(self, name: Name) -> DatabaseObject | None:
        """The routine of that schema and `name(argument types)`."""
        bare = name[1].split("(", 1)[0]
        return next((o for o in self.routines(bare) if (o.object_schema, o.object_name) == name), None)

    def routines(self, bare: str | None = None) -> list[DatabaseObject]:
        """The team's routines of that name, whatever their schema and arguments; without a name, all of them, those
        of the session too."""
        if bare is None:
            return [*self._routines.values(), *self.of_session]
        return [o for o in self._routines.values() if bare_name(o) == bare]

    def holds_routine(self, qualified_name: str) -> bool:
        """Whether a routine of that name is there, whatever its arguments."""
        return any(i.startswith(qualified_name + "(") and keys for i, keys in self._holders.items())

    def keys(self, name: Name) -> set[Key]:
        """The objects of that schema and name, of any kind."""
        return self._names.get(name, set())

    def called(self, bare: Iterable[str]) -> list[DatabaseObject]:
        """The objects of one of these names, whatever their schema, kind and arguments."""
        found = set().union(*(self._bare.get(name, set()) for name in bare))
        return [self.objects[k] for k in found]

    def kinds(self) -> dict[Key, str]:
        """Every object with its kind, as the catalog reader wants it."""
        return {key: o.kind for key, o in self.objects.items()}


def bare_name(found: DatabaseObject) -> str:
    """The object's name without the arguments of a routine."""
    return found.object_name.split("(", 1)[0]


def combine(differences: list[Difference], later: Iterable[Difference]) -> None:
    """Adds what changed next to what changed before, object by object."""
    for change in later:
        same = next((d for d in differences if d.path == change.path), None)
        if same is None:
            differences.append(change)
            continue
        same.new = change.new
        if same.old is None and same.new is None:
            differences.remove(same)
