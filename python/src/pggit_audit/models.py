"""What the project's Python models call: rows in, rows out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

import psycopg

from pggit_audit import embedded
from pggit_audit.catalog import CatalogReader, DatabaseObject, with_unique_identities
from pggit_audit.errors import PggitError
from pggit_audit.grounds import live_extensions
from pggit_audit.history import HistoryRow
from pggit_audit.replay import Event, Observer, Replay, mark_uncertain, reconciliation
from pggit_audit.replay.branches import inherited_rows, plan_branches
from pggit_audit.rules.situation import Evidence
from pggit_audit.sandbox import Login
from pggit_audit.sessions import connect
from pggit_audit.shadow import open_shadow
from pggit_audit.statements import Name

Row = Mapping[str, Any]


class Session(Protocol):
    """What the adapter hands a model (see `dbt.adapters.pggit.python_models`)."""

    def connect_params(self) -> dict[str, Any]: ...
    def info(self, text: str) -> None: ...
    @property
    def project_root(self) -> Any: ...
    @property
    def shadow_login(self) -> Login | None: ...


def live_objects(
    connection: psycopg.Connection[Any], hidden_schemas: Sequence[str]
) -> Iterator[dict[str, Any]]:
    """Rows of `int_replay__live_objects`: one for each versioned object of the database."""
    connection.execute("set TimeZone to 'UTC'")
    connection.execute("set DateStyle to 'ISO, MDY'")
    connection.execute("set IntervalStyle to 'postgres'")
    for found in with_unique_identities(CatalogReader(connection, hidden_schemas).everything()):
        yield {
            "object_identity": found.object_identity,
            "object_type": found.object_type,
            "object_schema": found.object_schema,
            "object_name": found.object_name,
            "definition": found.definition,
        }


def replay_events(
    *,
    executions: Iterable[Row],
    branches: Iterable[Row],
    bases: Iterable[Row],
    base_objects: Iterable[Row],
    routines: Iterable[Row],
    live_objects: Iterable[Row],
    session: Session,
    shadow: str,
    hidden_schemas: Sequence[str],
    statement_timeout_seconds: float = 30,
    observe: Observer | None = None,
) -> list[dict[str, Any]]:
    """Rows of `int_replay__events`, from rows of the models that the arguments are named for.

    A list, not a generator: dropping a database waits for every session of the server to say that it has
    let go of it, and one that is in the middle of a COPY (the adapter's, taking in these rows) says nothing.

    Args:
        shadow: `target` for a new database on the target's server, `embedded` for one on the embedded.
        hidden_schemas: schemas that are no part of the team's.
        statement_timeout_seconds: how long a statement of the history may take.
        observe: is told of each statement that was tried.

    Raises `PggitError` where no shadow can be had.
    """
    by_branch = _history(executions)
    live = [_database_object(row) for row in live_objects]
    plan = plan_branches(branches)
    base = {row["branch_name"]: row for row in bases}
    trees: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in base_objects:
        trees[row["branch_name"]][row["object_identity"]] = row
    known: dict[str, dict[str, Name]] = defaultdict(dict)
    for row in routines:
        known[row["branch_name"]][row["recorded_name"]] = (row["object_schema"], row["object_name"])
    place = _place(session, shadow)
    result: list[dict[str, Any]] = []
    for branch in plan.order:
        own = by_branch.get(branch, [])
        start = base.get(branch)
        if not own and start is not None:
            # Nothing new to replay: what the live catalog has become since is all there is to say.
            events: Iterable[Event] = (
                _drift(branch, trees[branch], live) if branch == plan.live_branch else ()
            )
        else:
            # what its ancestors got since the commit that it starts from, or since the beginning
            inherited = (
                [] if start is not None and start["is_published"] else inherited_rows(branch, plan, by_branch)
            )
            events = _replayed(
                branch, inherited, own, start, trees[branch], known[branch], live,
                branch == plan.live_branch, place, hidden_schemas, statement_timeout_seconds, observe,
            )  # fmt: skip
        before = len(result)
        try:
            found = list(events)
        except psycopg.OperationalError as error:
            raise PggitError(
                f"The replay of branch {branch} lost its shadow database: {str(error).strip()}\n"
                "Nothing was published. Look into the server's log, then run the build again."
            ) from None
        for event in mark_uncertain(found):
            result.append({"event_seq": len(result) + 1, **event.row()})
        session.info(f"Replayed branch {branch}: {len(own)} history rows, {len(result) - before} events")
    return result


def _replayed(
    branch: str,
    inherited: list[HistoryRow],
    own: list[HistoryRow],
    start: Row | None,
    tree: Mapping[str, Row],
    known: Mapping[str, Name],
    live: list[DatabaseObject],
    is_live: bool,
    place: _Place,
    hidden_schemas: Sequence[str],
    seconds: float,
    observe: Observer | None,
) -> Iterator[Event]:
    rows = [replace(row, position=i) for i, row in enumerate([*inherited, *own])]
    with open_shadow(
        place.parameters,
        hidden=hidden_schemas,
        seconds=seconds,
        login=place.login,
        extensions=place.extensions,
    ) as shadow:
        if start is not None and start["schema_ddl"]:
            shadow.rebuild(start["schema_ddl"], start["commit_sha"])
        replay = Replay(
            shadow, Evidence(rows, live), branch, known,
            None if start is None else {path: row["definition"] for path, row in tree.items()}, observe,
        )  # fmt: skip
        yield from replay.run(rows, from_position=len(inherited))
        if is_live:
            yield from replay.reconcile(live)


def _drift(branch: str, tree: Mapping[str, Row], live: list[DatabaseObject]) -> Iterator[Event]:
    definitions = {path: row["definition"] for path, row in tree.items()}
    ours = {path: _database_object({**row, "object_identity": path}) for path, row in tree.items()}
    theirs = {found.object_identity: found for found in live}
    yield from reconciliation(branch, definitions, ours, theirs)


def _history(executions: Iterable[Row]) -> dict[str, list[HistoryRow]]:
    by_branch: dict[str, list[HistoryRow]] = defaultdict(list)
    for row in sorted(executions, key=lambda r: int(r["version_id"])):
        columns = row["recorded_columns"]
        readable = _readable(columns)
        by_branch[row["branch_name"]].append(
            HistoryRow(
                position=0,
                version_id=row["version_id"],
                branch_name=row["branch_name"],
                object_type=row["object_type"] or "",
                object_schema=row["object_schema"],
                object_name=row["object_name"] or "",
                change_type=row["change_type"],
                change_severity=row["change_severity"],
                change_sql=row["change_sql"],
                columns=columns if readable and columns else None,
                facts_readable=readable,
                created_at=row["created_at"],
                author=row["author"],
                message=row["change_description"],
                execution_no=int(row["execution_no"]),
                exclusion_reason=row["exclusion_reason"],
                oid=row["recorded_oid"],
            )
        )
    return by_branch


def _readable(columns: Any) -> bool:
    """Whether recorded columns are as v1 records them; nobody checked them on their way here."""
    return columns is None or (
        isinstance(columns, dict)
        and all(
            isinstance(fact, dict)
            and isinstance(fact.get("type"), str)
            and isinstance(fact.get("default"), str | None)
            and isinstance(fact.get("position"), int | None)
            for fact in columns.values()
        )
    )


def _database_object(row: Row) -> DatabaseObject:
    return DatabaseObject(
        classid=0,
        objid=0,
        object_type=row["object_type"],
        object_schema=row["object_schema"],
        object_name=row["object_name"],
        object_identity=row["object_identity"],
        definition=row["definition"],
    )


@dataclass(frozen=True)
class _Place:
    """The server for the shadow, and the role that the team prepared.

    `extensions` are those of the live database, where the server is another one.
    """

    parameters: dict[str, Any]
    login: Login | None = None
    extensions: Mapping[str, str] | None = None


def _place(session: Session, shadow: str) -> _Place:
    if shadow == "target":
        return _Place(session.connect_params(), session.shadow_login)
    if shadow == "embedded":
        with connect(session.connect_params()) as live:
            extensions = live_extensions(live)
        return _Place(embedded.ensure_running(session.project_root).params("postgres"), None, extensions)
    raise PggitError(
        f"The variable shadow is {shadow!r}; it is either 'target' or 'embedded'. Nothing was changed."
    )
