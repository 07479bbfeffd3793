"""What the project's Python models call: rows in, rows out."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass, replace
from typing import Any, Protocol

import psycopg

from pggit_audit import dated_catalog, embedded, evidence
from pggit_audit.catalog import CatalogReader, DatabaseObject, with_unique_identities
from pggit_audit.errors import LostCommits, LostRole, PggitError
from pggit_audit.filing import in_its_schema, placed
from pggit_audit.history import BUILDS_OWN, HistoryRow
from pggit_audit.limits import Patience
from pggit_audit.progress import Progress
from pggit_audit.rebuilding import definitions, is_emptied, read_script, reads_alike, rebuild, rebuilt_rows
from pggit_audit.replay import (
    Event,
    Observer,
    Outcome,
    Pause,
    Replay,
    bounded,
    mark_uncertain,
    proven_by_live,
    reconciliation,
)
from pggit_audit.replay.branches import inherited_rows, plan_branches
from pggit_audit.rules.situation import Evidence
from pggit_audit.sandbox import Login
from pggit_audit.sessions import connect
from pggit_audit.shadow import Shadow, open_shadow
from pggit_audit.statements import Name, Statement
from pggit_audit.trusted import Privileged, privileged
from pggit_audit.v1_schema import V1Schema
from pggit_audit.v1_schema import read as read_v1_schema

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


def transactions(**asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of `int_replay__transactions`, for what `_ids` takes. Raises as that."""
    yield from dated_catalog.transactions(*_ids(**asked))


def catalog_rows(**asked: Any) -> Iterator[dict[str, Any]]:
    """Rows of `int_replay__catalog_rows`, for what `_ids` takes. Raises as that."""
    yield from dated_catalog.catalog(*_ids(**asked))


def _ids(
    *,
    history: Iterable[Row],
    session: Session,
    evidence_file: str | None,
    schemas: Sequence[str],
    hidden_schemas: Sequence[str],
) -> tuple[evidence.Collected, list[Row]]:
    """The ids of transactions, and the history in the order of its own ids.

    Args:
        history: rows of stg_pggit__history.
        evidence_file: what `pggit-audit evidence collect` wrote, if the build names it.
        schemas: where v1 may be, likeliest first.
        hidden_schemas: schemas that are no part of the team's.

    Raises `PggitError` where the file cannot be read.
    """
    rows = sorted(history, key=lambda r: int(r["version_id"]))
    with connect(session.connect_params()) as connection:
        found = evidence.read(connection, rows, file=evidence_file, schemas=schemas, hidden=hidden_schemas)
    return found, rows


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
    slow_statements_minutes: float = 60,
    v1_schemas: Sequence[str] = (),
    published_executions: Iterable[Row] = (),
    pauses: Iterable[Row] = (),
    catalog_rows: Iterable[Row] = (),
    observe: Observer | None = None,
) -> list[dict[str, Any]]:
    """Rows of `int_replay__events`, from rows of the models that the arguments are named for.

    A list, not a generator: dropping a database waits for every session of the server to say that it has
    let go of it, and one that is in the middle of a COPY (the adapter's, taking in these rows) says nothing.

    Args:
        shadow: `target` for a new database on the target's server, `throw_away` for one on a server of the same version
            that is made for it, `embedded` for one on the embedded.
        hidden_schemas: schemas that are no part of the team's.
        statement_timeout_seconds: how long a statement of the history may take.
        slow_statements_minutes: how long those may take together that take over a second.
        v1_schemas: where v1 may be, likeliest first: what the team made on top of it finds it in the shadow.
        published_executions: the rows of the history that are published; read only where a branch's published schema
            cannot be rebuilt, so that its walk begins with the first row.
        pauses: when v1's tracker was off.
        catalog_rows: when the rows of the live catalog were last written, as far as the ids of transactions tell.
        observe: is told of each statement that was tried.

    Raises `PggitError` where no shadow can be had.
    """
    by_branch = _history(executions)
    live = [_database_object(row) for row in live_objects]
    written = list(catalog_rows)
    plan = plan_branches(branches)
    base = {row["branch_name"]: row for row in bases}
    trees: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in base_objects:
        trees[row["branch_name"]][row["object_identity"]] = row
    known: dict[str, dict[str, Name]] = defaultdict(dict)
    for row in routines:
        known[row["branch_name"]][row["recorded_name"]] = (row["object_schema"], row["object_name"])
    place = _place(session, shadow)
    off = [Pause(row["began_at"], row["ended_at"]) for row in pauses]
    v1 = _v1_schema(session, v1_schemas)

    def past(branch: str, own: int) -> tuple[list[HistoryRow], list[HistoryRow]]:
        """All rows that a branch rests on before its `own` last ones, published ones among them, and those."""
        # Both count their executions from 1.
        every = {name: list(rows) for name, rows in _history(published_executions).items()}
        published = len(every.get(branch, []))
        for name, rows in by_branch.items():
            last = max((row.execution_no for row in every.get(name, ())), default=0)
            every.setdefault(name, []).extend(
                replace(row, execution_no=row.execution_no + last) for row in rows
            )
        rows = every[branch]
        return [*inherited_rows(branch, plan, every), *rows[:published]], rows[-own:]

    patience = Patience(statement_timeout_seconds, 60 * slow_statements_minutes)
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
            branch_replay = _Branch(
                branch, trees[branch], live, branch == plan.live_branch, place, hidden_schemas,
                patience,
                _telling(observe, Progress(session.info, f"Replaying branch {branch}", len(inherited) + len(own))),
                written, v1,
            )  # fmt: skip
            events = branch_replay.walked(inherited, own, start, known[branch], past, session)
        before = len(result)
        try:
            found = list(events)
        except psycopg.OperationalError as error:
            raise PggitError(
                f"The replay of branch {branch} lost its shadow database: {str(error).strip()}\n"
                "Nothing was published. Look into the server's log, then run the build again."
            ) from None
        found = mark_uncertain(bounded(found), off)
        if branch == plan.live_branch and not off:
            found = proven_by_live(found, live, written)
        for event in found:
            result.append({"event_seq": len(result) + 1, **event.row()})
        session.info(f"Replayed branch {branch}: {len(own)} history rows, {len(result) - before} events")
    return result


def _telling(observe: Observer | None, progress: Progress) -> Observer:
    """An observer that reports progress, and passes on what it is told."""

    def told(row: HistoryRow, statement: Statement, outcome: Outcome) -> None:
        progress.at(row.position)
        if observe is not None:
            observe(row, statement, outcome)

    return told


class _NotRebuilt(Exception):
    """The script of the commit that a branch starts from does not run; the message says what of it."""


@dataclass(frozen=True)
class _Branch:
    """How one branch is replayed. `tree`: what it starts from, by path."""

    name: str
    tree: Mapping[str, Row]
    live: list[DatabaseObject]
    is_live: bool
    place: _Place
    hidden_schemas: Sequence[str]
    patience: Patience
    observe: Observer | None
    written: Sequence[Row]
    v1: V1Schema
    is_durable: bool = False

    def walked(
        self,
        inherited: list[HistoryRow],
        own: list[HistoryRow],
        start: Row | None,
        known: Mapping[str, Name],
        past: Callable[[str, int], tuple[list[HistoryRow], list[HistoryRow]]],
        session: Session,
    ) -> list[Event]:
        """Events of its own rows; again where the server crashed, and from the first row where nothing else goes."""
        try:
            try:
                return list(self.events(inherited, own, start, known))
            except _NotRebuilt as error:
                session.info(f"Branch {self.name} is replayed from its first row: {error}")
                return list(self.events_from_first_row(*past(self.name, len(own)), str(error)))
        except LostCommits as error:
            if self.is_durable:
                raise
            # It may be the history that makes it crash. Nothing is lost by that the second time.
            session.info(f"Branch {self.name} is replayed once more: {str(error).splitlines()[0]}")
            return replace(self, is_durable=True).walked(inherited, own, start, known, past, session)
        except LostRole as error:
            session.info(f"{error}\nBranch {self.name} is replayed on a throw-away server.")
            apart = replace(self, place=replace(self.place, apart=True))
            events = apart.walked(inherited, own, start, known, past, session)
            first = next((i for i, event in enumerate(events) if event.origin != "excluded"), None)
            if first is not None:
                note = {"code": "changed_its_role", "message": str(error).splitlines()[0]}
                events[first] = replace(events[first], findings=[*events[first].findings, note])
            return events

    def events(
        self,
        inherited: list[HistoryRow],
        own: list[HistoryRow],
        start: Row | None,
        known: Mapping[str, Name],
    ) -> Iterator[Event]:
        """Events of its own rows, from what is published of it, or of what it was forked from.

        Raises `_NotRebuilt` before the first event.
        """
        rows = placed([*inherited, *own])
        definitions = {path: row["definition"] for path, row in self.tree.items()}
        with self._shadow() as shadow:
            if start is not None and start["schema_ddl"]:
                self._with_v1(shadow, start["schema_ddl"])
                failures = rebuild(shadow, start["schema_ddl"], definitions)
                wrong = next((f for f in failures if not f.is_excused), None)
                if wrong is not None:
                    raise _NotRebuilt(
                        f"the script of the published commit {start['commit_sha']} does not run: {wrong.message}"
                    )
            replay = Replay(
                shadow, Evidence(_the_teams(rows), self.live, self.written, self.v1), self.name, known,
                None if start is None else definitions, self.observe,
            )  # fmt: skip
            for _ in replay.run(rows[: len(inherited)]):
                pass
            yield from replay.run(rows[len(inherited) :])
            if self.is_live:
                yield from replay.reconcile(self.live, _objects(self.tree))

    def events_from_first_row(
        self, before: list[HistoryRow], own: list[HistoryRow], why: str
    ) -> Iterator[Event]:
        """The same where that cannot be rebuilt: all rows run again, and what is published stays as it is."""
        rows = placed([*before, *own])
        note = {
            "code": "replayed_from_first_row",
            "message": f"{why}; so the history ran again from its first row",
        }
        with self._shadow() as shadow:
            replay = Replay(shadow, Evidence(_the_teams(rows), self.live, self.written, self.v1), self.name)
            for _ in replay.run(rows[: len(before)]):
                pass
            replay.go_on_from({path: row["definition"] for path, row in self.tree.items()})
            for event in replay.run(rows[len(before) :]):
                notes = [note] if note and event.origin != "excluded" else []
                note = {} if notes else note
                yield replace(event, findings=[*event.findings, *notes])
            if self.is_live:
                yield from replay.reconcile(self.live, _objects(self.tree))

    def _with_v1(self, shadow: Shadow, script: str) -> None:
        """Make v1's own schema where a script names something in it."""
        for name in dict.fromkeys(n for one in read_script(script) for n in self.v1.named_by(one)):
            self.v1.make(name, shadow)

    def _shadow(self) -> AbstractContextManager[Shadow]:
        return open_shadow(
            self.place.parameters,
            hidden=self.hidden_schemas,
            seconds=self.patience,
            login=self.place.login,
            live=self.place.live,
            is_durable=self.is_durable,
            apart=self.place.apart,
        )


def rebuilt_objects(
    *,
    commits: Iterable[Row],
    session: Session,
    shadow: str,
    hidden_schemas: Sequence[str],
    statement_timeout_seconds: float = 30,
) -> list[dict[str, Any]]:
    """Rows of `int_git__rebuilt_objects`: what the script of each commit makes, each in an empty database.

    A list, for the reason that `replay_events` gives, and with its arguments.

    Raises `PggitError` where no shadow can be had.
    """
    result: list[dict[str, Any]] = []
    place = _place(session, shadow)
    with ExitStack() as stack:
        scratch: Shadow | None = None

        def rebuilt(commit: Row) -> list[dict[str, Any]]:
            nonlocal scratch
            if scratch is None or not is_emptied(scratch):
                stack.close()
                scratch = stack.enter_context(
                    open_shadow(
                        place.parameters, hidden=hidden_schemas, seconds=statement_timeout_seconds,
                        login=place.login, live=place.live, apart=place.apart,
                    )
                )  # fmt: skip
            tree = dict(zip(commit["object_identities"], commit["definitions"], strict=True))
            failures = rebuild(scratch, commit["schema_ddl"], tree)
            found, columns = definitions(scratch), scratch.reader.table_columns()
            otherwise = [p for p in found.keys() & tree.keys() if found[p] != tree[p]]
            alike = {path for path in otherwise if reads_alike(scratch, path, tree[path])}
            session.info(f"Ran the script of commit {commit['commit_sha'][:8]}: {len(found)} objects")
            return list(rebuilt_rows(commit["commit_sha"], found, failures, alike, columns))

        for commit in commits:
            try:
                result += rebuilt(commit)
            except LostRole as error:
                session.info(f"{error}\nThe scripts of commits are run on a throw-away server.")
                stack.close()
                scratch, place = None, replace(place, apart=True)
                result += rebuilt(commit)
    return result


def _drift(branch: str, tree: Mapping[str, Row], live: list[DatabaseObject]) -> Iterator[Event]:
    definitions = {path: row["definition"] for path, row in tree.items()}
    theirs = {found.object_identity: found for found in live}
    yield from reconciliation(branch, definitions, _objects(tree), theirs)


def _objects(tree: Mapping[str, Row]) -> dict[str, DatabaseObject]:
    """The objects of a tree, in so far as it is known what they are."""
    return {
        path: _database_object({**row, "object_identity": path})
        for path, row in tree.items()
        if row["object_type"]
    }


def _history(executions: Iterable[Row]) -> dict[str, list[HistoryRow]]:
    by_branch: dict[str, list[HistoryRow]] = defaultdict(list)
    for row in sorted(executions, key=lambda r: int(r["version_id"])):
        columns = row["recorded_columns"]
        readable = _readable(columns)
        found = HistoryRow(
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
            transaction_no=row["transaction_no"],
        )
        by_branch[row["branch_name"]].append(in_its_schema(found))
    return by_branch


def _the_teams(rows: Iterable[HistoryRow]) -> list[HistoryRow]:
    """The rows that no build made itself: these are evidence."""
    return [row for row in rows if row.exclusion_reason != BUILDS_OWN]


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
    """The server for the shadow, what is live that only a superuser may make, and the role that the team prepared.

    `apart`: the shadow is on a throw-away server of the same version.
    """

    parameters: dict[str, Any]
    live: Privileged
    login: Login | None = None
    apart: bool = False


def _v1_schema(session: Session, schemas: Sequence[str]) -> V1Schema:
    if not schemas:
        return V1Schema()
    with connect(session.connect_params()) as connection:
        return read_v1_schema(connection, schemas)


def _place(session: Session, shadow: str) -> _Place:
    if shadow not in ("target", "embedded", "throw_away"):
        raise PggitError(
            f"The variable shadow is {shadow!r}; it is one of 'target', 'throw_away', 'embedded'. Nothing was changed."
        )
    target = session.connect_params()
    live = privileged(target)
    if shadow == "target":
        return _Place(target, live, session.shadow_login)
    if shadow == "throw_away":
        return _Place(target, live, apart=True)
    return _Place(embedded.ensure_running(session.project_root).params("postgres"), live)
