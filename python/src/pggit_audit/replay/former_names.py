"""What the events tell of names: which tables were renamed, and what may have been renamed along without a row."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence

from pggit_audit.definitions import column_types, constraints, parse_name, quote_if_needed
from pggit_audit.replay.events import Event
from pggit_audit.rules import FORESEEN_RENAME, RENAMED_COLUMN
from pggit_audit.statements import split, unquote

RENAMES_OF_COLUMNS = {FORESEEN_RENAME.name, RENAMED_COLUMN.name}


def renamed_tables(events: Sequence[Event]) -> dict[int, str]:
    """For each event that gives a table another name, the path that it had before.

    The old path is dropped by an inferred event of the same row.
    """
    dropped: dict[int | None, list[Event]] = {}
    for event in events:
        if event.origin == "inferred" and event.object_type == "TABLE" and event.new_definition is None:
            dropped.setdefault(event.anchor_version_id, []).append(event)
    result = {}
    for i, event in enumerate(events):
        moved = event.origin == "v1" and event.change_type == "ALTER" and event.old_definition is None
        before = dropped.get(event.anchor_version_id, [])
        if len(before) > 1:
            # Another went without a row just before.
            before = [gone for gone in before if gone.key is not None and gone.key == event.key]
        if moved and event.object_type == "TABLE" and len(before) == 1:
            assert before[0].object_identity is not None
            result[i] = before[0].object_identity
    return result


def columns_of_the_old_name(
    events: Sequence[Event], renamed: Mapping[int, str]
) -> Iterator[tuple[list[int], str]]:
    """For each last record of a table that it renames, a column that has in its name what the table no longer has.

    Such a column is often renamed along, which leaves no row (FORMATS 1.7); a later record, or the live table, would
    tell. With the record's event come those of the table behind it.
    """
    since: dict[str, list[int]] = {}
    gone: list[list[int]] = []
    for i, event in enumerate(events):
        path = event.object_identity
        if event.object_type != "TABLE" or path is None:
            continue
        if event.new_definition is None:
            gone.append(since.pop(path, []))
        elif event.confirmed:
            since[path] = [i]
        elif path in since:
            since[path].append(i)
    for doubtful in gone:
        if not doubtful or doubtful[0] not in renamed:
            continue
        event = events[doubtful[0]]
        old = parse_name(renamed[doubtful[0]])[1]
        words = set(old.lower().split("_")) - set((event.object_name or "").lower().split("_"))
        for column, _ in column_types(event.new_definition or ""):
            if words & set(column.lower().split("_")):
                yield doubtful, column
                break


def constraints_of_the_old_name(
    events: Sequence[Event], renamed: Mapping[int, str]
) -> Iterator[tuple[list[int], str, str]]:
    """For each table that goes, a constraint without an index that is called after a table's old name: the events that
    have it, its name, and the old name.

    Such a constraint is often renamed along, which leaves no row (FORMATS 1.7). The live table would tell, or a text
    that takes it away. Of one with an index, its row of the drop does (`renamed_indexes`).
    """
    renames = [
        (events[i].anchor_version_id or 0, parse_name(old)[1], events[i].object_name or "")
        for i, old in renamed.items()
    ]
    given_up = {(events[i].anchor_version_id, old) for i, old in renamed.items()}
    pending: dict[str, dict[tuple[str, str], list[int]]] = defaultdict(dict)
    for i, event in enumerate(events):
        path = event.object_identity
        if event.object_type != "TABLE" or path is None or not renames:
            continue
        if i in renamed:
            pending[path] |= pending.pop(renamed[i], {})
        if event.new_definition is None:
            if (event.anchor_version_id, path) not in given_up:
                yield from ((unsure, name, old) for (name, old), unsure in pending.pop(path, {}).items())
            continue
        anchor = event.anchor_version_id or 0
        former = [(old, new) for at, old, new in renames if at <= anchor and old in event.new_definition]
        known = constraints(event.new_definition) if former else {}
        had = {
            (name, old)
            for old, new in former
            for name, body in known.items()
            if f"_{old}_" in f"_{name}_" and f"_{new}_" not in f"_{name}_"
            if body.startswith(("FOREIGN KEY", "CHECK")) and not _is_called_after_columns(name, body, old)
        }
        for key in pending[path].keys() - had:
            del pending[path][key]
        for key in had:
            pending[path].setdefault(key, []).append(i)


def foreign_keys_of_old_columns(
    events: Sequence[Event], renamed: Mapping[int, str]
) -> Iterator[tuple[list[int], str, str]]:
    """For each foreign key that goes along with the table that it refers to, and is called after what a column of its
    own was called before: the events that have it since, its name, and the column's old name.

    It may have been renamed along, which leaves no row (FORMATS 1.7), and nothing says the name with which it went.
    """
    drops = {e.v1_version_id for e in events if (e.object_type, e.change_type) == ("TABLE", "DROP")}
    columns: dict[str, dict[str, str]] = defaultdict(dict)
    pending: dict[str, dict[str, tuple[str, list[int]]]] = defaultdict(dict)
    for i, event in enumerate(events):
        path = event.object_identity
        if event.object_type != "TABLE" or path is None:
            continue
        if i in renamed:
            columns[path], pending[path] = columns.pop(renamed[i], {}), pending.pop(renamed[i], {})
        if event.new_definition is None:
            if path not in renamed.values():
                columns.pop(path, None)
                pending.pop(path, None)
            continue
        columns[path] |= dict(_columns_renamed(event))
        if not columns[path]:
            continue
        known = constraints(event.new_definition)
        for name, (old, unsure) in [*pending[path].items()]:
            if name not in known:
                del pending[path][name]
                if event.origin == "inferred" and event.anchor_version_id in drops:
                    yield unsure, name, old
        for name, body in known.items():
            former = _old_column_in(name, body, columns[path])
            if former is not None:
                pending[path].setdefault(name, (former, []))[1].append(i)


def _columns_renamed(event: Event) -> Iterator[tuple[str, str]]:
    """The new and the old name of each column that a step of the event renames."""
    for step in event.repairs:
        for statement in split(step["statement"]) if step["rule"] in RENAMES_OF_COLUMNS else ():
            words = statement.words[statement.end :]
            if words[:2] == ("rename", "column") and words[3:4] == ("to",):
                yield words[4], words[2]


def _old_column_in(name: str, body: str, columns: Mapping[str, str]) -> str | None:
    """The old name of a foreign key's column that the key is called after, and not after the new one."""
    for column in _referring_columns(body):
        old = columns.get(column)
        if old is not None and f"_{old}_" in f"_{name}_" and f"_{column}_" not in f"_{name}_":
            return old
    return None


def _referring_columns(body: str) -> list[str]:
    """The columns of a foreign key; none of another constraint."""
    found = re.match(r"FOREIGN KEY \(([^)]*)\)", body)
    return [unquote(column) for column in found[1].split(", ")] if found else []


def _is_called_after_columns(name: str, body: str, old: str) -> bool:
    """Whether a foreign key has the name that PostgreSQL gives it, and the old name in it is part of a column's."""
    columns = _referring_columns(body)
    if not columns:
        return False
    given = re.fullmatch(rf"(.*)_{re.escape('_'.join(columns))}_fkey\d*", name)
    return given is not None and f"_{old}_" not in f"_{given[1]}_"


def renamed_indexes(events: Sequence[Event]) -> dict[int, dict[str, list[int]]]:
    """For each event of a row that drops a table, the names of its indexes that were not called so any more, each with
    its events since it was made.

    v1 records the drop of an index along with its table (FORMATS 1.1), the first one under a name (1.6) that
    needs no quotes (1.4).
    """
    result: dict[int, dict[str, list[int]]] = {}
    tables = {
        e.v1_version_id: i
        for i, e in enumerate(events)
        if e.origin == "v1" and e.object_type == "TABLE" and e.change_type == "DROP"
    }
    states: dict[str, str] = {}
    since: dict[str, list[int]] = {}
    for at, event in enumerate(events):
        path, name = event.object_identity, event.object_name
        if event.object_type != "INDEX" or path is None or name is None:
            continue
        if event.origin == "v1":
            if states.get(path) != "DROP":
                states[path] = event.change_type
            is_made = event.change_type == "CREATE"
            since[path] = [at] if is_made and event.alone else [] if is_made else [*since.get(path, ()), at]
            continue
        since.setdefault(path, []).append(at)
        if event.new_definition is None and states.get(path) == "CREATE" and quote_if_needed(name) == name:
            i = tables.get(event.anchor_version_id)
            if i is not None:
                result.setdefault(i, {})[name] = since[path]
    return result
