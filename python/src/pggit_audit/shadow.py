"""The shadow database: where the history runs again.

A new database on a server of the target's version (see `grounds`). One session runs the history, as a role that may
do nothing elsewhere; another reads the catalog, as the build's own role, where the history cannot reach it.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any, TypeVar

import psycopg
from psycopg.pq import ExecStatus
from psycopg.pq.abc import PGresult

from pggit_audit import limits, sessions
from pggit_audit.catalog import Writes, anywhere
from pggit_audit.errors import PggitError
from pggit_audit.grounds import Ground, ground
from pggit_audit.limits import Limits, Patience, TooMuchOfTheServers, beside, takes_long_to_read
from pggit_audit.readers import LOCKS, Readers, columns, counts, require_shadow, role_written, written
from pggit_audit.sandbox import Login
from pggit_audit.sessions import Ended, TooMuchSaid, connect, failure, pinning, run, run_whole
from pggit_audit.settings import for_session
from pggit_audit.statements import is_several, split, without_owner
from pggit_audit.trusted import Privileged, Trusted, privileged

# Seconds that a canceled statement has to end, and that a server has to come back.
_GRACE, _RETURN = 5.0, 60.0
# Characters of a script that may take as long as one statement: the server runs them in a few seconds.
_SCRIPT = 250_000
_LET_GO = b"select pg_catalog.pg_advisory_unlock_all()"
_SEED = "select pg_catalog.setseed({seed!r})"
_SEARCHED = (
    b"select pg_catalog.current_setting('search_path'), null"
    b" union all select null, pg_catalog.unnest(pg_catalog.current_schemas(false))"
)
# One name of a search_path, in quotes or without.
_LISTED = r'"((?:[^"]|"")+)"|([^\s,"]+)'
_SEARCH_PATH = b"select pg_catalog.set_config('search_path', $1, false)"
# These may end a transaction themselves, which PostgreSQL forbids where others share it.
_MAY_COMMIT = ("do", "call")

_Row = TypeVar("_Row")


class Hung(psycopg.errors.QueryCanceled):
    """A statement went on when its time was over, and its session had to be ended."""


# InternalError_: a session that used an extension's functions cannot drop it ("cache lookup failed"); another one can.
_OTHERWISE = (
    psycopg.errors.InsufficientPrivilege,
    psycopg.errors.UndefinedObject,
    psycopg.errors.InternalError_,
)


class Shadow:
    """A shadow database: what runs in it, and what that changed.

    Args:
        found: where it is, and who runs the history there.
        hidden: schemas to leave out of what is read.
        seconds: how long a statement may take (the last one, then), or also how long slow ones may together.
        live: what the live database has that only a superuser may make.
        is_durable: whether each commit waits until a crash of the server cannot undo it.

    `hidden` are those schemas; `role` is who runs the history; `was_away` says that the server crashed and came back,
    and may have lost the last moments; `failed_at` is the number of the statement, of those last run, that failed.
    `seed` is what random() begins with in each run of a script, between -1 and 1: each build makes the same.

    It has many small methods: what a session was told, what ran in it and how it ended is one state.
    """

    def __init__(
        self,
        found: Ground,
        hidden: Sequence[str],
        seconds: float | Patience,
        live: Privileged,
        is_durable: bool = False,
    ) -> None:
        self.name = found.name
        self.role = found.role.name
        self.patience = seconds if isinstance(seconds, Patience) else Patience(seconds)
        self.seconds = self.patience.seconds
        self.failed_at = 0
        self.seed = 0.0
        self.was_away = False
        self._is_durable = is_durable
        self._ground = found
        self.hidden = hidden
        self._wanted_path = self._path = ""
        self._is_overdue = False
        self._others = beside(found, 0.0)
        self._growth = limits.Growth(found)
        self._took_too_much: psycopg.Error | None = None
        self._has_let_go = False
        self._writes = Writes()
        self._role_is_as_seen = False
        self._open_runner()
        self._readers = Readers(found, hidden)
        self._look_at_readers(live)
        if found.lacks_public:
            self._runner.execute("create schema public; comment on schema public is 'standard public schema'")

    # Sessions ----------------------------------------------------------------------------------

    def _open_runner(self) -> None:
        settings = {
            "search_path": '"$user",public',
            **limits.of_session(self.seconds),
            "idle_in_transaction_session_timeout": "10min",
            # The history's rows are its own.
            "row_security": "on",
            # As in a restore: what bodies name may come later in the history.
            "check_function_bodies": "off",
            "client_min_messages": "error",
            "synchronous_commit": "on" if self._is_durable else "off",
            "TimeZone": self._ground.time_zone,
        }
        self._runner = connect(self._ground.as_nobody, settings, application_name="pggit-audit replay")
        require_shadow(self._runner, self._ground, self.role)
        self._path = ""

    def close(self) -> None:
        """Ends all sessions."""
        self._runner.close()
        self._readers.close()

    def keep(self, name: str) -> str:
        """Leaves the database to its finder, under another name; returns who owns what is in it, and cannot log in.

        Raises `PggitError` where the role that ran there is not the build's to leave behind.
        """
        self.close()
        return self._ground.keep(name)

    def _reopen(self) -> None:
        """A new session for the history, whatever became of its role, of the one before, and of the server."""
        self._runner.close()
        self._again(self._open_runner)

    def _again(self, opens: Callable[[], None]) -> None:
        """Opens a session of the role that runs the history, until the server lets it in.

        Raises `PggitError` where it does not come back.
        """
        deadline = time.monotonic() + _RETURN
        while True:
            try:
                self._ground.come_back()
                self._ground.restore()
                opens()
                self._look_again()
            except psycopg.errors.LockNotAvailable:
                raise  # who runs this says who holds it
            except psycopg.OperationalError as error:
                # The old session may still be ending; or the server is coming back.
                if time.monotonic() > deadline:
                    self._ground.require_role()
                    raise self._lost(error) from None
                time.sleep(0.2)
            else:
                return

    def _look_at_readers(self, live: Privileged) -> None:
        self.reader = self._readers.reader
        self.trusted = Trusted(self._readers.observer, live)
        self._counts = counts(self.reader)

    def _look_again(self) -> None:
        """New sessions for the readers, where the server was away."""
        if self._readers.look_again():
            self._look_at_readers(self.trusted.live)
            self.was_away = True

    def _lost(self, error: psycopg.Error) -> PggitError:
        return PggitError(
            f"The shadow database {self.name} cannot be reached any more: {str(error).strip()}\n"
            "Nothing was published. Look into the server's log, then run the build again."
        )

    # What holds for an execution ---------------------------------------------------------------

    def search_path(self, *schemas: str) -> None:
        """Says in which schemas the statements to come look names up."""
        self._wanted_path = ", ".join('"' + s.replace('"', '""') + '"' for s in schemas)

    def set(self, statement: str) -> tuple[list[str], set[str]]:
        """Runs a SET of the history; the schemas in which names are then looked up, and those that are there by now.

        Raises `psycopg.Error`.
        """
        self._send([*self._prelude(), for_session(statement).encode()])
        *_, schemas = self._send([_SEARCHED])
        rows = range(schemas.ntuples)
        (listed, _), *there = [[(schemas.get_value(i, j) or b"").decode() for j in (0, 1)] for i in rows]
        found = (q.replace('""', '"') or bare.lower() for q, bare in re.findall(_LISTED, listed))
        names = [name for name in found if name != "$user"]
        self.search_path(*names)
        self._path = self._wanted_path
        return names, {name for _, name in there}

    def after_code(self) -> list[dict[str, str]]:
        """Undoes what a statement, of which nobody can tell what it does, made of the session's limits and its role.

        Returns findings about the role.
        """
        self._limit()
        return self.role_again()

    def _limit(self) -> None:
        with suppress(psycopg.Error):
            self._send([pinning(limits.of_session(self.seconds)).encode()])

    def role_again(self) -> list[dict[str, str]]:
        """Undoes what statements made of their role, wherever code hid: PostgreSQL runs functions to build an index.

        Returns findings.
        """
        if self._role_is_as_seen:
            return []
        changes = self._ground.restore_if_changed()
        self._role_is_as_seen = not changes
        return [{"code": "changed_its_role", "message": "; ".join(changes)}] if changes else []

    def end_execution(self, settings_only: bool = False) -> None:
        """Nothing of a session reaches the next execution: no setting, temporary object, lock or prepared statement;
        with `settings_only`, no setting reaches its next transaction."""
        try:
            self._send([b"reset all" if settings_only else b"discard all"])
        except psycopg.Error:
            self._reopen()
        self._path = ""
        if self.patience.is_used_up:
            self._limit()

    # What runs ---------------------------------------------------------------------------------

    def run(self, *statements: str) -> None:
        """Runs the statements as one transaction: all of them, or none.

        Raises `psycopg.Error` of the statement that failed, the one at `failed_at`, also where it canceled
        itself or ended its own session; `PggitError` where the shadow is gone.
        """
        # Definitions are scripts; a recorded statement is one.
        script = [(i, part) for i, text in enumerate(statements) for part in _parts(text)]
        if any(takes_long_to_read(part) for _, part in script):
            raise psycopg.errors.ProgramLimitExceeded("the server would read its comments for too long")
        self._has_let_go = False
        if self.seconds != self.patience.seconds:
            self.seconds = self.patience.seconds
            self._limit()
        try:
            self._run_to_its_end(script)
        finally:
            self.patience.spend(took := time.monotonic() - self._began)
            self._growth.spend(took)
            # A transaction's end leaves advisory locks; who looks at what it did needs room for locks as well.
            if not self._has_let_go:
                with suppress(psycopg.Error):
                    self._send([_LET_GO])

    def _run_to_its_end(self, script: Sequence[tuple[int, str]], once_more: bool = True) -> None:
        try:
            self._run(script)
        except Ended as error:
            if self._took_too_much is not None:
                reason = self._took_too_much
                self._give_back()
                if not once_more or not isinstance(reason, TooMuchOfTheServers):
                    raise reason from None
                # Others may have taken it. Now it is known how much they take.
                with suppress(psycopg.Error):
                    self._others = beside(self._ground)
                self._run_to_its_end(script, once_more=False)
                return
            if self._is_overdue or isinstance(error, TooMuchSaid):
                self._reopen()
                hung = Hung("the statement caught its cancellation")
                raise (error if isinstance(error, TooMuchSaid) else hung) from None
            # Whose doing was it? A statement that ends itself does so again.
            self._reopen()
            try:
                self._run(script)
            except Ended:
                self._reopen()
                raise
        except sessions.NO_ROOM as error:
            with suppress(psycopg.Error):  # it may hold what there is none left of
                self._send([_LET_GO])
            limits.require_room(self._readers.observer, error)
            if not once_more or isinstance(error, limits.TooLarge):
                raise
            self._run_to_its_end(script, once_more=False)
        except psycopg.errors.QueryCanceled:
            if time.monotonic() - self._began >= self.seconds * 0.9:
                raise
            self._run(script)

    def _give_back(self) -> None:
        """Goes on behind a statement that took too much."""
        self._reopen()
        # What was undone keeps its place on the disk until then.
        with suppress(psycopg.Error):
            self._send([b"vacuum"])

    def _run(self, script: Sequence[tuple[int, str]]) -> None:
        self.failed_at = 0
        self._began = time.monotonic()
        if len(script) == 1 and script[0][1][:4].lower().startswith(_MAY_COMMIT):
            self._run_alone(script[0][1])
            return
        prelude = [*self._prelude(*(text for _, text in script)), self._counts]
        texts = [limits.unread(text) for _, text in script]
        asked = [self._counts, LOCKS, *self._growth.guard(), _LET_GO]
        results = self._send([*prelude, *texts, *asked], checked=False)
        failed = len(results) - 1 - len(prelude)
        if results[-1].status == ExecStatus.TUPLES_OK and failed == len(texts) + len(asked) - 1:
            self._path = self._wanted_path
            self._has_let_go = True
            before, (after, locks) = results[len(prelude) - 1], results[-len(asked) :][:2]
            writes = written(before, after, locks)
            self._writes |= writes
            self._role_is_as_seen &= not role_written(before, after, writes)
            return
        if failed == len(texts) + 2 < len(asked) + len(texts) - 1:
            raise self._growth.why(failure(results[-1]), True)
        if failed < 0 or failed >= len(texts):
            # What is asked beside them failed: a statement may have set limits that nothing keeps.
            self._run_one_by_one(script)
            return
        self.failed_at, text = script[failed]
        error = failure(results[-1])
        if isinstance(error, psycopg.errors.ActiveSqlTransaction) and len(script) == 1:
            # It wants no company.
            self._run_alone(text)
        elif isinstance(error, _OTHERWISE):
            self._run_otherwise(script, failed, error)
        else:
            raise error

    def _run_otherwise(self, script: Sequence[tuple[int, str]], failed: int, error: psycopg.Error) -> None:
        """Runs a script with what its role may not do left out, or done by the build itself."""
        number, text = script[failed]
        plain = without_owner(text)
        if plain != text:
            self._run([*script[:failed], (number, plain), *script[failed + 1 :]])
        elif self.trusted.take(text, self._wanted_path):
            self._writes = anywhere()
            self._run([*script[:failed], *script[failed + 1 :]])
        elif (leaky := self.trusted.without_leakproof(text)) is not None:
            self._run([*script[:failed], (number, leaky), *script[failed + 1 :]])
            self.trusted.make_leakproof(leaky)
            self._writes = anywhere()
        else:
            raise error

    def _run_one_by_one(self, script: Sequence[tuple[int, str]]) -> None:
        for self.failed_at, text in script:
            self._run_alone(text)

    def _run_alone(self, text: str) -> None:
        self._writes, self._role_is_as_seen = anywhere(), False
        if prelude := self._prelude(text):
            self._send(prelude)
        self._path = self._wanted_path
        *ran, last = self._send([limits.unread(text), *self._growth.guard()], checked=False)
        if last.status != ExecStatus.FATAL_ERROR:
            return
        error = failure(last)
        if isinstance(error, psycopg.errors.ActiveSqlTransaction) and self._growth.guard():
            self._send([limits.unread(text)])
            return
        raise self._growth.why(error, bool(ran))

    def _prelude(self, *texts: str) -> list[Any]:
        """What the session needs to be told before it runs these."""
        told: list[Any] = (
            [] if self._path == self._wanted_path else [(_SEARCH_PATH, [self._wanted_path.encode()])]
        )
        if any(_may_call(text) for text in texts):
            told.append(_SEED.format(seed=self.seed).encode())
        return told

    def _send(self, statements: Sequence[Any], checked: bool = True) -> list[PGresult]:
        """The results; raises what the last one says, where it is `checked`."""
        deadline = self._watched(self.seconds * len(statements))
        results = run(self._runner, statements, deadline, self._end_overdue, self._takes_too_much)
        if checked and results and results[-1].status == ExecStatus.FATAL_ERROR:
            raise failure(results[-1])
        return results

    def _watched(self, seconds: float) -> float:
        """Looks from now on at what the server is asked to do; returns until when it may take."""
        self._is_overdue, self._took_too_much = False, None
        self._limits = Limits(self._ground, self._others)
        return time.monotonic() + seconds + _GRACE

    def _takes_too_much(self) -> bool:
        self._took_too_much = self._limits.passed(self._runner.info.backend_pid)
        return self._took_too_much is not None

    def _end_overdue(self) -> None:
        """A statement can catch the server's cancellation, but not the end of its session."""
        self._is_overdue = True
        try:
            self._ground.end_sessions(self._runner.info.backend_pid)
        except psycopg.Error:
            # A server that has no room for another session still takes a cancellation.
            with suppress(psycopg.Error):
                self._runner.cancel()

    def writes(self) -> Writes:
        """Where the statements wrote that ran since the last call."""
        writes, self._writes = self._writes, Writes()
        return writes

    def run_script(self, script: str) -> None:
        """Runs a script as one query of a client: all of it, or nothing. It may change settings.

        Raises `psycopg.Error`, also where it took too much, or longer than a script of its length may.
        """
        self._writes, self._role_is_as_seen = anywhere(), False
        deadline = self._watched(self.seconds * (1 + len(script) / _SCRIPT))
        try:
            run_whole(self._runner, script.encode(), deadline, self._end_overdue, self._takes_too_much)
        except Ended:
            self._reopen()
            raise

    # What is read ------------------------------------------------------------------------------

    def query(self, text: str, parameters: Mapping[str, Any] | None = None) -> list[tuple[Any, ...]]:
        """Rows of a query in which all names are qualified, read under the statements' search_path."""
        return self._printed(lambda session: session.execute(text.encode(), parameters).fetchall())

    def columns(self, oid: int) -> list[dict[str, Any]]:
        """A table's columns in the terms of v1's metadata (see `column_query`), under the statements' search_path."""
        return self._printed(lambda session: columns(session, oid))

    def _printed(self, ask: Callable[[psycopg.Connection[Any]], list[_Row]]) -> list[_Row]:
        """What the printing session says; another one says it where the history has ended that one."""
        try:
            return ask(self._readers.printing(self._wanted_path))
        except psycopg.OperationalError:
            if not self._readers.is_printer_ended():
                raise
            self._again(self._readers.open_printer)
            return ask(self._readers.printing(self._wanted_path))


def _parts(text: str) -> list[str]:
    """The statements of a script; one that may not be one is sent as it is."""
    if not is_several(text):
        return [text]
    return [statement.text for statement in split(text)] or [text]


def _may_call(text: str) -> bool:
    """Whether a statement may ask for random numbers: as code, or by name."""
    return text.lstrip()[:7].lower().startswith((*_MAY_COMMIT, *limits.RETURNING)) or "random" in text.lower()


@contextmanager
def open_shadow(
    parameters: Mapping[str, Any],
    *,
    hidden: Sequence[str],
    seconds: float | Patience = 30,
    login: Login | None = None,
    live: Privileged | None = None,
    is_durable: bool = False,
    apart: bool = False,
) -> Iterator[Shadow]:
    """A new shadow database, dropped at the end.

    Args:
        parameters: psycopg's connection keywords for the server; its database stays untouched.
        hidden: schemas to leave out of what is read.
        seconds: how long a statement of the history may take; or that, and how long slow ones may together.
        login: a role that the team prepared for the history.
        live: what the live database has that only a superuser may make; None: it is the database of `parameters`.
        is_durable: whether each commit waits until a crash of the server cannot undo it; that takes time.
        apart: on a throw-away server, whatever the build's role may do on this one.

    Raises `PggitError` where nobody can run the history safely.
    """
    with ground(parameters, login, apart) as found:
        shadow = Shadow(found, hidden, seconds, privileged(parameters) if live is None else live, is_durable)
        try:
            yield shadow
        finally:
            shadow.close()
