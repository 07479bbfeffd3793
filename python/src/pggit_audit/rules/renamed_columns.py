"""Which column is which: a rename of a column leaves no row (FORMATS 1.7), but a column keeps its position (1.9).

Between a table's columns and a record of them: `by_place`. Renames between two records, with their moment:
`lost_renames`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Set
from typing import Any

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import Columns, column_types, ordered, qualified, without_schemas
from pggit_audit.history import HistoryRow
from pggit_audit.moments import Moment
from pggit_audit.rules import FORESEEN_RENAME, RENAMED_COLUMN, Rule
from pggit_audit.rules.column_actions import actions_of, actions_on, added, name_before, taken_away
from pggit_audit.rules.dating import at_moment, is_only_renamed, of_column, within
from pggit_audit.rules.new_names import renamed_at
from pggit_audit.rules.situation import Current, Evidence, PendingStep, Repair
from pggit_audit.statements import Name, quote

ASIDE = "........pg.renamed.{}........"  # is a column called while another is given its own name
# So many columns do not take one another's names and keep their distances.
_SEVERAL = 2


def rename(
    table: Name, old: str, new: str, why: str, rule: Rule = RENAMED_COLUMN, current: Current = ()
) -> Repair:
    """The step that gives a column another name: in the table that says it, as far as its `current` columns tell."""
    table = told_by(table, current, old)
    statement = f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(old)} TO {quote(new)};"
    return Repair(rule, statement, why, inferred=table)


def told_by(table: Name, current: Current, column: str) -> Name:
    """The table that a column is renamed in: of an inherited one, that from which its heirs have it."""
    parents = (c.get("inherited_from") for c in current if c["name"] == column)
    schema, name = next((parent for parent in parents if parent), table)
    return schema, name


# By their places -----------------------------------------------------------------------------------


def in_step(current: Current, columns: Columns) -> Current:
    """A table's columns as read in the shadow, with the positions that the record counts by.

    A stub that comes and goes takes a position of its own. So where all columns that both have stand as many positions
    further on, from one of them on, all behind the one before do.
    """
    both = [c for c in current if str(c["name"]) in columns and columns[str(c["name"])].get("position")]
    off = [int(c["position"]) - int(columns[str(c["name"])]["position"]) for c in both]
    moved = sum(1 for o in off if o)
    if moved < _SEVERAL or off[-1] <= 0 or off != [0] * (len(off) - moved) + [off[-1]] * moved:
        return current
    stands = max((int(c["position"]) for c in both[: len(both) - moved]), default=0)
    return [
        {**c, "position": int(c["position"]) - off[-1]} if int(c["position"]) > stands else c for c in current
    ]


def by_place(current: Current, columns: Columns) -> dict[str, str | None]:
    """What became of columns whose names are no guide, because a name was given to another: the name that the record
    has at such a column's position, with its type; None where it has none there, so that the column is gone.

    Empty where names are a guide: where each that both have stands where it stood, or all are shifted, in their order:
    then columns are gone of which nothing is known.
    """
    recorded = {fact.get("position"): name for name, fact in columns.items()}
    places = {str(c["name"]): c["position"] for c in current}
    common = [name for name in places if name in columns]
    moved = {name for name in common if columns[name].get("position") != places[name]}
    if not moved or None in recorded:
        return {}
    there = [columns[name]["position"] for name in common]
    in_order = there == sorted(there)
    at_its_place: dict[str, str] = {}
    for column in current:
        name, new = str(column["name"]), recorded.get(column["position"])
        if new is not None and new != name and columns[new].get("type") == column["type"]:
            at_its_place[name] = new
    result: dict[str, str | None] = {}
    for name in places:
        new = at_its_place.get(name)
        if not in_order and (new is not None or name in moved):
            result[name] = new
        elif new in moved and name not in columns:
            # The column of that name gave it up, or is gone.
            result[name] = new
            before = at_its_place.get(str(new))
            result.setdefault(str(new), before if before not in places else None)
    # Where most names stand elsewhere, the positions of the two may be out of step, unless each is accounted for.
    accounted = not in_order and None not in result.values() and moved <= result.keys()
    return result if accounted or len(moved) * 2 <= len(common) else {}


def in_turn(table: Name, names: Mapping[str, str], taken: set[str]) -> list[str]:
    """Renames of columns (new names by old ones) one after the other, so that each name is free when it is given.

    `taken` are the names of all columns before. A name that another column keeps, or is given, is not given; where
    names go round in a circle, one column is put aside meanwhile.
    """
    first = {new: old for old, new in [*names.items()][::-1]}
    left, taken = {old: new for old, new in names.items() if first[new] == old}, set(taken)
    while kept := [old for old, new in left.items() if new in taken - left.keys()]:
        left = {old: new for old, new in left.items() if old not in kept}
    done: list[str] = []
    while left:
        old = next((old for old, new in left.items() if new not in taken), "") or next(iter(left))
        new = left.pop(old)
        if new in taken:
            aside = ASIDE.format(len(done))
            left[aside], new = new, aside
        taken = taken - {old} | {new}
        done.append(rename(table, old, new, "").statement)
    return done


# Between two records: renames without a trace, and their moment ------------------------------------


def lost_renames(
    evidence: Evidence, table: Name, current: Current, position: int, ran: Set[str] = frozenset()
) -> list[PendingStep]:
    """Renames of columns between a table's row and its next record, of which v1 keeps no trace.

    A column keeps its position and type when it is renamed (FORMATS 1.7, 1.9). `position` is -1 for a table that is
    published, of which a record is needed. `ran`: renames of code that ran.
    """
    history = evidence.history
    record = history.next_record(table, position)
    upper = record.position
    actions = [action for statement in record.statements for action in actions_of(statement)]
    # A text of several rows stands there as often.
    called = [name for name, *_ in history.names("TABLE", record.table)]
    said = [
        action for statement in dict.fromkeys(record.statements) for action in actions_on(called, statement)
    ]
    facts: dict[str, tuple[int | None, int, str]]
    if record.columns is not None:
        facts = {
            name: (record.columns[name].get("position"), i, str(record.columns[name].get("type")))
            for i, name in enumerate(ordered(record.columns))
        }
        source = f"row {history.version(upper)}"
    else:
        live = (
            None if record.ended else evidence.live.table(record.table) or _by_oid(evidence, table, position)
        )
        if live is None:
            return []
        there = live_places(evidence, live.object_identity, current)
        facts = {
            name: (there.get(name), i, kind) for i, (name, kind) in enumerate(column_types(live.definition))
        }
        source = "the live catalog"
    current = in_step(current, record.columns or {})
    places = {str(c["name"]): i for i, c in enumerate(current)}
    new_ones = added(actions)
    dropped = {name for action in actions if (name := taken_away(action)) is not None}
    taken = dropped - new_ones - places.keys()
    recorded = record.columns or {}
    names = _given_on(current, recorded, taken)
    if record.columns is None:
        recorded, names = _given_on_in_the_end(evidence, table, current, position, taken)
    taken -= set(names.values())
    # What is added again stands behind all others: the one that had its name has another.
    elsewhere = {
        str(c["name"])
        for c in current
        if c["name"] in new_ones and facts.get(str(c["name"]), (None,))[0] not in (None, c["position"])
    }
    gone = (places.keys() - facts.keys() | elsewhere) - dropped
    gone -= names.keys()
    new = [n for n in facts if n not in places and n not in new_ones and n not in names.values()]
    steps = [*_given_on_at(evidence, table, names, places.keys(), recorded, position, upper)]
    lost = {o for o in gone if not any(_same_column(current[places[o]], places[o], facts[n]) for n in new)}
    together = _alike(lost, taken)
    for old in sorted(gone, key=lambda n: places[n]):
        column = current[places[old]]
        match = next((n for n in new if _same_column(column, places[old], facts[n])), None)
        said_by = upper
        shown = f"{source} has {match}"
        if match is None and upper < len(history) and len(gone) == len(taken) == 1 and not new:
            # The statement of the record took it away, under its new name.
            (match,) = taken
            shown = f"{source} no longer has {match}, which no row added,"
        elif match is None and upper < len(history) and old in together:
            match = together[old]
            shown = f"{source} no longer has {match}, which no row added and most is like it,"
        elif match is None and upper == len(history) and old in new_ones and len(gone) == len(taken) == 1:
            # By then it was called so: its name is free again for another.
            (match,) = taken
            upper = _taken_away_at(evidence, table, match, position)
            said_by = upper - 1
            shown = f"row {history.version(upper)} takes {match} away, which no row added, and {old} is added again"
        elif match is None:
            continue
        else:
            new.remove(match)
        then = name_before(match, said) or match
        why = f"{shown} where {_who_left(evidence, position)} left {old}"
        if then != match:
            why += f", and a text says that it was {then} before"
        step = rename(table, old, then, why, FORESEEN_RENAME, current)
        said_at = (p for name in {match, then} for p in history.mentions(table[1], old, name))
        later = (history.rows[p] for p in said_at if position < p <= said_by)
        to_come = any(_will_rename(row, history.rows[position]) for row in later)
        if then == old or (to_come and step.statement not in ran):
            # A text says it, maybe one that is recorded for another object: it runs in its turn.
            continue
        attnum = facts[match][0] if match in facts and said_by == upper else column["position"]
        # Where a text gave it its last name, that is what wrote it last.
        moment = of_column(evidence, table, position, upper, match, attnum) if then == match else None
        sure = is_only_renamed(evidence, table, position, match, column) and _stands(
            column, (record.columns or {}).get(match)
        )
        # No rights are seen, but they may be unknown: no reason to doubt when the rename was, but to call it proven.
        alone = is_only_renamed(evidence, table, position, match, column, rights=(False, None))
        first = None if alone else position if history.rows[position].columns else -1
        placed = (
            at_moment(evidence, step, table, moment, "column", first, sure) if moment is not None else None
        )
        if placed is not None:
            steps.append(placed)
            continue
        place, early = renamed_at(evidence, table, old, then, position, upper)
        if place < position:
            continue
        steps.append(PendingStep(place, table, step, early=early))
    return steps


def _will_rename(row: HistoryRow, at_hand: HistoryRow) -> bool:
    """Whether the text of a later row is still to give something another name. Code ran as a whole."""
    return row.renames and (
        row.execution != at_hand.execution or any(statement.action != "code" for statement in row.statements)
    )


def lost_renames_of_view(
    evidence: Evidence, view: Name, current: Current, position: int
) -> Iterator[PendingStep]:
    """Renames of a view's columns behind its row, whose moments ids tell: a view keeps its columns and their places,
    and no record has them."""
    identity = evidence.moments.table(view, position, "VIEW")
    columns = evidence.moments.columns(identity) if identity is not None else ()
    names = {int(c["position"]): str(c["name"]) for c in current}
    for column in columns:
        old = names.get(column.place)
        moment = within(column.moment, position, len(evidence.history))
        if old is None or old == column.name or moment is None or column.name in names.values():
            continue
        step = rename(view, old, column.name, f"{identity} has {column.name} in its place", FORESEEN_RENAME)
        placed = at_moment(evidence, step, view, moment, "column", position, sure=False)
        if placed is not None:
            yield placed


def _taken_away_at(evidence: Evidence, table: Name, column: str, position: int) -> int:
    """The first row of a table behind a position whose text takes a column away; the end where there is none."""
    for row in evidence.history.later_rows(table, position):
        if any(column in map(taken_away, actions_of(statement)) for statement in row.statements):
            return row.position
    return len(evidence.history)


def _alike(gone: Collection[str], taken: Collection[str]) -> dict[str, str]:
    """Which of as many columns that a statement takes away under new names is which: by the words of their names.

    Empty where that is not told of each.
    """
    found = {}
    for old in gone if len(gone) == len(taken) else ():
        words = set(old.lower().split("_"))
        common = {name: len(words & set(name.lower().split("_"))) for name in taken}
        best = [name for name in taken if common[name] == max(common.values())]
        if len(best) != 1 or not common[best[0]]:
            return {}
        found[old] = best[0]
    return found if len({*found.values()}) == len(found) else {}


def _given_on(current: Current, columns: Columns, taken: Collection[str]) -> dict[str, str]:
    """Renames (new names by old ones) after which another column has the name that one gave up.

    `taken`: the names of columns that were not there, which the statement of the record takes away.
    """
    placed = by_place(current, columns)
    gone = {name for name, new in placed.items() if new is None}
    if len(gone) == len(taken) == 1 and not gone.isdisjoint(placed.values()):
        # That one column went under the one name.
        placed |= dict(zip(gone, taken, strict=True))
        gone.clear()
    names = {old: new for old, new in placed.items() if new is not None and new not in gone}
    present = {str(c["name"]) for c in current}
    return {old: new for old, new in names.items() if old in columns or new in present}


def _given_on_in_the_end(
    evidence: Evidence, table: Name, current: Current, position: int, taken: Collection[str]
) -> tuple[Columns, dict[str, str]]:
    """Renames (new names by old ones) of a live table's columns behind a row where another column has, or gets, the
    name that one gives up, and the places of those that live: the ids tell that they have been called so since.
    `taken`: the names of columns that were not there, which texts take away.

    None where the shadow counts otherwise: where a column that nothing has written since has another name, or one that
    would be called otherwise is of another type.
    """
    identity = evidence.moments.table(table, position)
    live = {c.place: c for c in evidence.moments.columns(identity) if not c.dropped} if identity else {}
    places = {str(c["name"]): int(c["position"]) for c in current}
    renamed = {old: live[place] for old, place in places.items() if place in live and live[place].name != old}
    if any(within(c.moment, position, len(evidence.history)) is None for c in renamed.values()):
        return {}, {}
    types = {str(c["name"]): without_schemas(str(c["full_type"])) for c in current}
    known = _live_columns(evidence, table, position)
    if any(known.get(c.name, {}).get("type", types[old]) != types[old] for old, c in renamed.items()):
        return {}, {}
    names = {old: column.name for old, column in renamed.items()}
    left = [new for new in names.values() if new in places and new not in names]
    free = names.keys() - names.values()
    if len(left) == len(free) == 1 and places[left[0]] not in live:
        # It is gone by the end, under a name that a text says; else it took the one that is free.
        (names[left[0]],) = taken if len(taken) == 1 else free
    if names.keys().isdisjoint({*names.values(), *(c.name for c in live.values())}):
        return {}, {}
    return {column.name: {"position": column.place} for column in renamed.values()}, names


def _given_on_at(
    evidence: Evidence,
    table: Name,
    names: Mapping[str, str],
    taken: Collection[str],
    recorded: Columns,
    position: int,
    upper: int,
) -> Iterator[PendingStep]:
    """The step of renames that hang together; its moment is theirs, if ids tell one, else that of a name which was new.

    `recorded`: the columns of the record that shows them, or those of the live table.
    """
    history = evidence.history
    # What a text says that is recorded for another object runs when its turn comes.
    names = {
        old: new
        for old, new in names.items()
        if not any(
            history.rows[p].renames for p in history.mentions(table[1], old, new) if position < p <= upper
        )
    }
    if not names or any(new in taken and new not in names for new in names.values()):
        return
    source = f"row {history.version(upper)}" if upper < len(history) else "the live catalog"
    why = f"{source} has {', '.join(names.values())} where {_who_left(evidence, position)} left "
    why += ", ".join(names)
    when = {
        old: of_column(evidence, table, position, upper, new, recorded.get(new, {}).get("position"))
        for old, new in names.items()
        if upper < len(history) or new in recorded
    }
    first = position if history.rows[position].columns else -1
    turns = _one_by_one(names, when, taken)
    for old, moment in turns:
        each = rename(table, old, names[old], why, FORESEEN_RENAME)
        dated = at_moment(evidence, each, table, moment, "column", first, sure=False)
        if dated is not None:
            yield dated
    if turns:
        return
    statement = "\n".join(in_turn(table, names, set(taken)))
    step = Repair(FORESEEN_RENAME, statement, why, inferred=table)
    moments = {*when.values()}
    together = moments.pop() if len(moments) == 1 else None
    placed = at_moment(evidence, step, table, together, "column", first, sure=False) if together else None
    if placed is not None:
        yield placed
        return
    place, early = upper, True
    for old, new in names.items():
        if new not in taken:
            place, early = renamed_at(evidence, table, old, new, position, upper)
            break
    if place >= position:
        yield PendingStep(place, table, step, early=early)


def _one_by_one(
    names: Mapping[str, str], when: Mapping[str, Moment | None], taken: Collection[str]
) -> list[tuple[str, Moment]]:
    """Columns that got their names (by the old ones) one after the other, and when, in that order; empty where ids tell
    no more than one moment, or a name was not free by then: then there were others in between."""
    left = {old: (moment.due[0], not moment.due[1]) for old, moment in when.items() if moment is not None}
    if left.keys() != names.keys() or len({*left.values()}) == 1:
        return []
    there, turns = {*taken}, []
    while left:
        now = [old for old, due in left.items() if due == min(left.values())]
        old = next((old for old in now if names[old] not in there), None)
        moment = when[old] if old is not None else None
        if old is None or moment is None:
            return []
        del left[old]
        there = there - {old} | {names[old]}
        turns.append((old, moment))
    return turns


def _stands(column: Mapping[str, Any], recorded: Mapping[str, Any] | None) -> bool:
    """Whether nothing but its name changed, as far as a record tells: a default that goes by CASCADE leaves no row."""
    return recorded is None or (
        (column["default"] is None) == (recorded.get("default") is None)
        and column["nullable"] == recorded.get("nullable")
    )


def _same_column(column: Mapping[str, Any], place: int, fact: tuple[int | None, int, str]) -> bool:
    """Whether a column is that of a record, or of a live table, which has the whole of its type."""
    attnum, where, kind = fact
    whole = without_schemas(kind) == without_schemas(str(column["full_type"]))
    if attnum is not None:
        return bool(column["position"] == attnum and (whole or column["type"] == kind))
    return where == place and whole


def live_places(evidence: Evidence, identity: str, current: Current) -> dict[str, int]:
    """The places of a live table's columns, as its catalog counts them; empty where it is not known, or the shadow
    counts otherwise, or a restore has closed the gaps of columns that went: then only the order tells."""
    columns = evidence.moments.columns(identity)
    places = {c.name: c.place for c in columns if not c.dropped}
    shadow = {str(c["name"]): int(c["position"]) for c in current}
    gaps = max(shadow.values(), default=0) > len(shadow)
    if gaps and not any(c.dropped for c in columns):
        return {}
    return places if all(places[n] == shadow[n] for n in places.keys() & shadow.keys()) else {}


def _by_oid(evidence: Evidence, table: Name, position: int) -> DatabaseObject | None:
    """The live table that one is whose schema has another name since."""
    return evidence.live.by_identity.get(("TABLE", evidence.moments.table(table, position) or ""))


def _who_left(evidence: Evidence, position: int) -> str:
    return f"row {evidence.history.version(position)}" if position >= 0 else "what is published"


def columns_since(evidence: Evidence, table: Name, position: int) -> dict[str, dict[str, Any]]:
    """The columns that the table of the row at a position has had under these names since its transaction, with places
    and types; empty where the ids do not tell it of one."""
    identity = evidence.moments.table(table, position)
    live = _live_columns(evidence, table, position)
    found = evidence.moments.columns(identity) if identity is not None else []
    since = {c.name for c in found if c.moment is not None and c.moment.has_own(position)}
    return {name: fact for name, fact in live.items() if name in since}


def live_name(evidence: Evidence, table: Name, current: Current, column: str, position: int) -> str | None:
    """What a column is called in the end which has a name that another has there: told by its place and its type."""
    columns = _live_columns(evidence, table, position)
    here = next((c for c in current if c["name"] == column), None)
    if here is None or columns.get(column, {}).get("position") in (None, here["position"]):
        return None
    kind = without_schemas(str(here["full_type"]))
    there = {str(c["name"]) for c in current}
    fact = {"position": here["position"], "type": kind}
    return next((name for name, found in columns.items() if found == fact and name not in there), None)


def called_later(evidence: Evidence, table: Name, current: Current, position: int) -> dict[str, str]:
    """What those columns of a live table are called in the end that are called otherwise at a position, by their names
    there; told by their places and types, where the catalog's places are known."""
    columns = _live_columns(evidence, table, position)
    typed = [{**c, "type": without_schemas(str(c["full_type"]))} for c in current]
    names = {old: new for old, new in by_place(typed, columns).items() if new is not None}
    there = {str(c["name"]) for c in current}
    at_place = {fact["position"]: name for name, fact in columns.items()}
    for column in typed:
        old, new = str(column["name"]), at_place.get(column["position"])
        if new is None or new in there or old in columns or new in names.values():
            continue
        if columns[new]["type"] == column["type"]:
            names.setdefault(old, new)
    return names


def _live_columns(evidence: Evidence, table: Name, position: int) -> dict[str, dict[str, Any]]:
    """The columns in the end of the table that has a name at a position, with places and types, as far as known."""
    identity = evidence.moments.table(table, position)
    live = evidence.live.by_identity.get(("TABLE", identity)) if identity is not None else None
    if identity is None or live is None:
        return {}
    kinds = {name: without_schemas(kind) for name, kind in column_types(live.definition)}
    return {
        c.name: {"position": c.place, "type": kinds[c.name]}
        for c in evidence.moments.columns(identity)
        if not c.dropped and c.name in kinds
    }
