"""pgGit v1's schema during the night: where it stands, holding it, putting it away and back.

Each step here is one transaction, so that a command that is killed leaves either the state before or the state after.
What stands in the catalog decides, not a journal:

    in place   schema pggit, its tables open to writers
    held       schema pggit; a trigger on each table refuses every write, the tracker's event triggers are off
    archived   schema pggit_v1_archive, read-only by the same triggers; no schema pggit
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import psycopg
from psycopg import sql
from psycopg.rows import dict_row

from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import fingerprint, own
from pggit_audit.night import journal as journals
from pggit_audit.night.fingerprint import HOLD, Fingerprint, Probe

State = Literal["in place", "held", "archived", "both", "missing"]

HOLD_FUNCTION = "cutover_hold"
# pg_trigger.tgtype: before each statement that inserts, deletes, updates or truncates.
_EVERY_WRITE = 2 | 4 | 8 | 16 | 32
LOCK_TIMEOUT = "15s"
ENABLE = {"O": "enable", "D": "disable", "R": "enable replica", "A": "enable always"}


@dataclass(frozen=True)
class Names:
    """What the schemas are called here (the project's variables may say otherwise)."""

    pggit: str = "pggit"
    archive: str = "pggit_v1_archive"
    v0: str = "pggit_v0"
    audit: str = "pggit_audit"

    @property
    def work(self) -> str:
        """The schema of the work tables; the cutover's own table and function lie there, out of history's sight."""
        return self.audit + "_work"


@dataclass(frozen=True)
class EventTrigger:
    """One of the tracker's event triggers, as it was before the cutover.

    Attributes:
        enabled: pg_event_trigger's letter: O, D, R or A.

    """

    name: str
    event: str
    tags: list[str] | None
    function: str
    enabled: str
    owner: str
    comment: str | None

    def statements(self, schema: str) -> list[sql.Composed]:
        """Return what makes it anew, on the function of that name in a schema."""
        name = sql.Identifier(self.name)
        tags: sql.Composable = sql.SQL("")
        if self.tags:
            tags = sql.SQL(" when tag in ({})").format(sql.SQL(", ").join(map(sql.Literal, self.tags)))
        made = [
            sql.SQL("create event trigger {} on {}{} execute function {}()").format(
                name, sql.Identifier(self.event), tags, sql.Identifier(schema, self.function)
            ),
            sql.SQL("alter event trigger {} owner to {}").format(name, sql.Identifier(self.owner)),
            self.switched(),
        ]
        if self.comment is not None:
            made.append(sql.SQL("comment on event trigger {} is {}").format(name, sql.Literal(self.comment)))
        return made

    def switched(self, to: str | None = None) -> sql.Composed:
        """Return the statement that enables or disables it: as it was, or as the letter says."""
        how = sql.SQL(ENABLE[to or self.enabled])
        return sql.SQL("alter event trigger {} {}").format(sql.Identifier(self.name), how)

    def as_json(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class Before:
    """What v1 was before the night touched it: all that a way back is measured against."""

    fingerprint: Fingerprint
    probe: Probe
    event_triggers: list[EventTrigger]
    history_rows: int

    def as_json(self) -> dict[str, Any]:
        return {
            "fingerprint": self.fingerprint.as_json(),
            "probe": self.probe.as_json(),
            "event_triggers": [trigger.as_json() for trigger in self.event_triggers],
            "history_rows": self.history_rows,
        }

    @classmethod
    def of_json(cls, document: dict[str, Any]) -> Before:
        """Read what `as_json` wrote; raises as `Fingerprint.of_json`."""
        return cls(
            Fingerprint.of_json(document["fingerprint"]),
            Probe(**document["probe"]),
            [EventTrigger(**trigger) for trigger in document["event_triggers"]],
            int(document["history_rows"]),
        )


def state(connection: psycopg.Connection[Any], names: Names) -> State:
    """Say where v1 stands, by the catalog alone."""
    row = connection.execute(
        """
        select
            exists (select from pg_namespace where nspname = %(pggit)s),
            exists (select from pg_namespace where nspname = %(archive)s),
            exists (
                select from pg_trigger as t join pg_class as c on t.tgrelid = c.oid
                join pg_namespace as n on c.relnamespace = n.oid
                where n.nspname = %(pggit)s and t.tgname = %(hold)s
            )
        """,
        {"pggit": names.pggit, "archive": names.archive, "hold": HOLD},
    ).fetchone()
    assert row is not None
    in_place, archived, held = row
    if in_place and archived:
        return "both"
    if archived:
        return "archived"
    if not in_place:
        return "missing"
    return "held" if held else "in place"


def event_triggers(connection: psycopg.Connection[Any], schema: str) -> list[EventTrigger]:
    """Return the event triggers that call a function of a schema: the tracker's."""
    with connection.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            """
            select
                evtname::text as name, evtevent::text as event, evttags as tags, proname::text as function,
                evtenabled::text as enabled, pg_get_userbyid(evtowner)::text as owner,
                obj_description(e.oid, 'pg_event_trigger') as comment
            from pg_event_trigger as e
            join pg_proc as p on e.evtfoid = p.oid
            join pg_namespace as n on p.pronamespace = n.oid
            where n.nspname = %s
            order by evtname
            """,
            (schema,),
        ).fetchall()
    return [EventTrigger(**row) for row in rows]


def freeze(
    connection: psycopg.Connection[Any], names: Names, run: str, keep: Callable[[Before], None]
) -> Before:
    """Hold v1: its fingerprint is taken, its event triggers go off, and no one can write it; all or nothing.

    Args:
        connection: of a role that owns v1 and may alter its event triggers; in autocommit mode.
        names: the schemas' names.
        run: the run's id, for the message that a writer gets.
        keep: called in the transaction with what v1 was, for the journal: nothing is held that is not journaled.

    Raises:
        psycopg.errors.LockNotAvailable: a session has v1's tables locked; see `sessions`.

    """
    with connection.transaction():
        _set_timeout(connection)
        fingerprint.lock(connection, names.pggit)
        tracker = event_triggers(connection, names.pggit)
        found = fingerprint.take(connection, names.pggit)
        probed = fingerprint.probe(connection, names.pggit)
        rows = connection.execute(
            sql.SQL("select count(*) from {}").format(sql.Identifier(names.pggit, "history"))
        ).fetchone()
        assert rows is not None
        for trigger in tracker:
            connection.execute(trigger.switched("D"))
        _hold(connection, names, run)
        before = Before(found, probed, tracker, int(rows[0]))
        keep(before)
        return before


def _hold_body(connection: psycopg.Connection[Any], names: Names, run: str) -> str:
    body = sql.SQL(
        """
        begin
            if tg_table_schema = {archive} then
                raise exception '%.% is an archive and read-only', tg_table_schema, tg_table_name using
                    errcode = 'read_only_sql_transaction',
                    hint = {archived};
            end if;
            raise exception '%.% is held while its history moves to {v0}', tg_table_schema, tg_table_name using
                errcode = 'read_only_sql_transaction',
                hint = {held};
        end
        """
    ).format(
        archive=sql.Literal(names.archive),
        v0=sql.SQL(names.v0.replace("%", "%%").replace("'", "''")),
        archived=sql.Literal(f"The history goes on in {names.v0}. Run {run} moved it."),
        held=sql.Literal(f"Try again after the cutover (run {run}). What ends it: pggit-audit rollback."),
    )
    return body.as_string(connection)


def _hold(connection: psycopg.Connection[Any], names: Names, run: str) -> None:
    """Make the triggers. They fire for whoever writes, replication and superusers too."""
    function = sql.Identifier(names.work, HOLD_FUNCTION)
    own.note(connection, names.work)
    connection.execute(
        sql.SQL(
            "create or replace function {}() returns trigger language plpgsql set search_path = pg_catalog as {}"
        ).format(function, sql.Literal(_hold_body(connection, names, run)))
    )
    for table in _tables(connection, names.pggit):
        connection.execute(
            sql.SQL(
                "create trigger {hold} before insert or update or delete or truncate on {table} "
                "for each statement execute function {function}(); "
                "alter table {table} enable always trigger {hold}"
            ).format(hold=sql.Identifier(HOLD), table=sql.Identifier(names.pggit, table), function=function)
        )


def _tables(connection: psycopg.Connection[Any], schema: str, hold: bool = False) -> list[str]:
    """Names of the tables of a schema; with `hold`, of those that are held."""
    rows = connection.execute(
        "select relname::text from pg_class as c join pg_namespace as n on c.relnamespace = n.oid"
        " where nspname = %s and relkind in ('r', 'p') and (not %s or exists"
        " (select from pg_trigger where tgrelid = c.oid and tgname = %s)) order by relname",
        (schema, hold, HOLD),
    ).fetchall()
    return [name for (name,) in rows]


def unheld(connection: psycopg.Connection[Any], names: Names, schema: str) -> list[str]:
    """Return the tables of a schema that the hold does not guard, or no longer as it was made."""
    journal = sql.Identifier(names.work, journals.TABLE)
    known = connection.execute("select to_regclass(%s)", (journal.as_string(connection),)).fetchone()
    runs: list[tuple[str]] = []
    if known != (None,):
        runs = connection.execute(sql.SQL("select distinct run from {}").format(journal)).fetchall()
    rows = connection.execute(
        "select relname::text from pg_class as c join pg_namespace as n on c.relnamespace = n.oid"
        " where nspname = %(schema)s and relkind in ('r', 'p') and not exists (select from pg_trigger as t"
        " join pg_proc as p on t.tgfoid = p.oid join pg_namespace as s on p.pronamespace = s.oid"
        " where tgrelid = c.oid and tgname = %(trigger)s and tgenabled = 'A' and tgtype = %(type)s and tgqual is null"
        " and tgattr = ''::int2vector and s.nspname = %(work)s and proname = %(function)s"
        " and proconfig = array['search_path=pg_catalog'] and not prosecdef and not proisstrict"
        " and (cardinality(%(bodies)s::text[]) = 0 or prosrc = any (%(bodies)s::text[]))) order by relname",
        {
            "schema": schema, "trigger": HOLD, "type": _EVERY_WRITE, "work": names.work, "function": HOLD_FUNCTION,
            "bodies": [_hold_body(connection, names, run) for (run,) in runs],
        },
    ).fetchall()  # fmt: skip
    return [name for (name,) in rows]


def switch(connection: psycopg.Connection[Any], names: Names, before: Before) -> None:
    """Put v1 away: renamed to the archive, in which the hold goes on, event triggers off.

    Raises:
        Refusal: v1 is not what it was when it was frozen, or something stands in the way; nothing was changed.

    """
    with connection.transaction():
        _set_timeout(connection)
        where = state(connection, names)
        if where == "archived":
            return
        if where != "held":
            raise Refusal(f"v1 is {where}, not held: the switch was not made, and nothing was changed.")
        open_tables = unheld(connection, names, names.pggit)
        if open_tables:
            raise Refusal(
                f"The hold is gone from {names.pggit}.{', '.join(open_tables)}: somebody took it away, and may "
                "have written there. The switch was not made. Roll back, and begin anew."
            )
        changed = held_differences(connection, names, before)
        if changed:
            raise Refusal(
                "v1 has changed since it was frozen, so the switch was not made:\n" + _listed(changed)
            )
        connection.execute(
            sql.SQL("alter schema {} rename to {}").format(
                sql.Identifier(names.pggit), sql.Identifier(names.archive)
            )
        )


def held_differences(connection: psycopg.Connection[Any], names: Names, before: Before) -> list[str]:
    """Say in what v1, while it is held, differs from what it was: nothing but the event triggers' state may."""
    now = fingerprint.take(connection, names.pggit, with_hold=False)
    return before.fingerprint.without("event trigger ").differences(now.without("event trigger "))


def put_back(
    connection: psycopg.Connection[Any], names: Names, before: Before | None, *, as_it_is: bool = False
) -> tuple[Fingerprint, Probe]:
    """Put v1 back in place: the archive renamed, the hold taken away, the event triggers as they were; all or nothing.

    Before that is committed, v1 is compared with what it was, and one DDL statement that is rolled back shows whether
    the tracker records as it did.

    Args:
        before: what v1 was; None where nothing tells, and then the event triggers are enabled.
        as_it_is: put it back even where it differs.

    Raises:
        Refusal: v1 differs from what it was, or there is nothing to put back. Nothing was changed.

    """
    with connection.transaction():
        _set_timeout(connection)
        where = state(connection, names)
        if where in ("both", "missing"):
            raise Refusal(f"Nothing was changed. {_stuck(where, names)}")
        if where == "archived":
            connection.execute(
                sql.SQL("alter schema {} rename to {}").format(
                    sql.Identifier(names.archive), sql.Identifier(names.pggit)
                )
            )
        # off until all is done: the tracker would record what is done here
        for trigger in event_triggers(connection, names.pggit):
            connection.execute(trigger.switched("D"))
        fingerprint.lock(connection, names.pggit)
        for table in _tables(connection, names.pggit, hold=True):
            connection.execute(
                sql.SQL("drop trigger {} on {}").format(
                    sql.Identifier(HOLD), sql.Identifier(names.pggit, table)
                )
            )
        connection.execute(
            sql.SQL("drop function if exists {}()").format(sql.Identifier(names.work, HOLD_FUNCTION))
        )
        _enable(connection, names, before)
        found = fingerprint.take(connection, names.pggit)
        probed = fingerprint.probe(connection, names.pggit)
        if before is not None and not as_it_is:
            changed = before.fingerprint.differences(found)
            if before.probe.records and not probed.records:
                changed.append(f"the tracker does not record DDL: {probed.error or 'no row came'}")
            if changed:
                raise Refusal(
                    "v1 is not what it was before the cutover:\n"
                    + _listed(changed)
                    + "\nNothing was changed. Take the backup: pggit-audit rollback --from BACKUP; or put v1 back as "
                    "it is now: pggit-audit rollback --as-it-is."
                )
    return found, probed


def _enable(connection: psycopg.Connection[Any], names: Names, before: Before | None) -> None:
    """Give the event triggers the state that they had; one that is gone is made anew."""
    present = {trigger.name: trigger for trigger in event_triggers(connection, names.pggit)}
    if before is None:
        for trigger in present.values():
            connection.execute(trigger.switched("O"))
        return
    for trigger in before.event_triggers:
        if trigger.name in present:
            connection.execute(trigger.switched())
        else:
            for statement in trigger.statements(names.pggit):
                connection.execute(statement)


def _stuck(where: State, names: Names) -> str:
    if where == "both":
        return (
            f"There are both a schema {names.pggit} and a schema {names.archive}: somebody installed v1 again, or "
            f"restored it. Rename or drop the one that is not wanted, then run this again."
        )
    return (
        f"There is neither a schema {names.pggit} nor a schema {names.archive} in database. "
        "Restore v1 from the backup: pggit-audit rollback --from BACKUP."
    )


def stuck(where: State, names: Names) -> PggitError:
    """Return the refusal for a place where v1 is found twice, or not at all."""
    return Refusal(f"Nothing was changed. {_stuck(where, names)}")


def _listed(lines: Sequence[str], most: int = 12) -> str:
    more = [f"  … and {len(lines) - most} more"] if len(lines) > most else []
    return "\n".join([*(f"  {line}" for line in lines[:most]), *more])


def _set_timeout(connection: psycopg.Connection[Any]) -> None:
    connection.execute("select set_config('lock_timeout', %s, true)", (LOCK_TIMEOUT,))
