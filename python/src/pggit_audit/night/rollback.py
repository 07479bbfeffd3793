"""The way back: v1 in place again, as it was, and the proof of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Literal

import psycopg
from psycopg import sql

from pggit_audit.errors import Refusal
from pggit_audit.night import backup as backups
from pggit_audit.night import fingerprint, rights, sessions, v1
from pggit_audit.night.context import Night
from pggit_audit.night.fingerprint import Fingerprint, Probe
from pggit_audit.night.v1 import Before

ASKED_FOR = "asked for"
"""The reason in the journal where somebody called `pggit-audit rollback`."""


@dataclass(frozen=True)
class Restored:
    """What came of a rollback.

    Attributes:
        how: whether anything had to be done, and what.
        fingerprint: of v1 now.
        matches: whether it is the one from before the cutover, or the run never held it; None where neither is known.
        differences: where it is not.
        probe: whether the tracker records.
        left: what is left over in the database.

    """

    how: Literal["never held", "in place", "renamed", "from backup"]
    fingerprint: Fingerprint
    matches: bool | None
    differences: list[str]
    probe: Probe
    left: list[str]

    def as_json(self) -> dict[str, Any]:
        return {
            "how": self.how,
            "fingerprint": self.fingerprint.digest,
            "matches": self.matches,
            "differences": self.differences,
            "tracker_records": self.probe.records,
            "left_over": self.left,
        }

    def said(self) -> str:
        """Say it in words; that v1 is as it was, only where that was checked."""
        how = {
            "never held": "v1 is in place",
            "in place": "v1 is in place",
            "renamed": "v1 is back in place",
            "from backup": "v1 is restored from the backup",
        }[self.how]
        if self.how == "never held":
            same = (
                ", and this run had not held it yet: it ended before the one transaction that does, so nothing of v1 "
                f"was changed by it. Fingerprint {self.fingerprint.digest[:12]}"
            )
        elif self.matches:
            same = f", and is as it was before: fingerprint {self.fingerprint.digest[:12]}, compared thing by thing"
        elif self.matches is None:
            same = (
                f" (fingerprint {self.fingerprint.digest[:12]}); nothing tells what it was before, so whether it is "
                "the same was not checked"
            )
        else:
            same = ", but differs from what it was before:\n  " + "\n  ".join(self.differences[:12])
        records = "records DDL again" if self.probe.records else "records no DDL"
        usual = "" if self.probe.records or not self.matches else ", as it did not before"
        lines = [
            f"{how}{same}.",
            f"Its tracker {records}{usual}: seen by one statement that was rolled back.",
        ]
        return "\n".join([*lines, *(f"Left over: {thing}" for thing in self.left)])


def roll_back(night: Night, why: str, backup: Path | None = None, *, as_it_is: bool = False) -> Restored:
    """Bring v1 back from wherever the run stands.

    Args:
        night: the run, whose journal may be empty.
        why: for the journal.
        backup: to restore from; by default v1 is renamed back where it is there, else the run's backup is taken.
        as_it_is: rename it back even where it is no longer what it was.

    Raises:
        Refusal: it must not be done; nothing was touched.
        PggitError: it cannot be told or done; the message says what stands.

    """
    from_backup = backups.read(backup) if backup is not None else None  # its checksums first of all
    if from_backup is not None and not as_it_is:
        _see_that_it_is_of(from_backup, str(night.params["dbname"]))
    with night.connect() as connection:
        where = v1.state(connection, night.names)
        before = night.before() or (from_backup.before if from_backup else None)
        if from_backup is None and where == "missing":
            from_backup = _own_backup(night)
            before = before or from_backup.before
        rights.check(connection, night.names, night.names.archive if where == "archived" else None)
        night.note("rollback", "begin", why=why, state=where, backup=str(backup or ""))
        sessions_ended = _end_sessions(night, connection)
        if from_backup is not None:
            restored = _from_backup(night, connection, from_backup, before or from_backup.before)
        elif where == "in place" and not _triggers_are_off(connection, night, before):
            restored = _look(night, connection, before)
        else:
            found, probed = v1.put_back(connection, night.names, before, as_it_is=as_it_is)
            restored = _restored(
                "renamed" if where == "archived" else "in place", night, connection, before, found, probed
            )
    night.note("rollback", "end", **restored.as_json(), sessions_ended=sessions_ended)
    return restored


def _see_that_it_is_of(backup: backups.Backup, dbname: str) -> None:
    """A backup of another database would come in whole, and pass for what was here before."""
    made_of = backup.manifest.get("database")
    if made_of != dbname:
        raise Refusal(
            f"The backup in {backup.folder} is of database {made_of} on {backup.manifest.get('host')}, and this is "
            f"database {dbname}. Nothing was touched. If it is the same one under another name: --as-it-is."
        )


def _own_backup(night: Night) -> backups.Backup:
    place = night.journal.facts("backup").get("folder")
    if not place:
        raise v1.stuck("missing", night.names)
    return backups.read(Path(place))


def _end_sessions(night: Night, connection: psycopg.Connection[Any]) -> list[int]:
    """Readers of v1 do not stand in the way; a session that waits for its tables would."""
    found = [s for s in sessions.using(connection, night.names.pggit) if s.locked and s.state != "active"]
    return sessions.end(connection, found, night.desk.say)


def _triggers_are_off(connection: psycopg.Connection[Any], night: Night, before: Before | None) -> bool:
    now = v1.event_triggers(connection, night.names.pggit)
    if before is None:
        return False
    return {t.name: t.enabled for t in now} != {t.name: t.enabled for t in before.event_triggers}


def _look(night: Night, connection: psycopg.Connection[Any], before: Before | None) -> Restored:
    """Nothing is to be done: v1 is in place. Look whether it is as it was."""
    with connection.transaction():
        found = fingerprint.take(connection, night.names.pggit)
        probed = fingerprint.probe(connection, night.names.pggit)
    # Holding v1 and journaling what it was is one transaction, and the journal of this run has none.
    never_held = before is None and night.journal.last("freeze", "begin") is not None
    return _restored("never held" if never_held else "in place", night, connection, before, found, probed)


def _from_backup(
    night: Night, connection: psycopg.Connection[Any], backup: backups.Backup, before: Before
) -> Restored:
    """Restore the backup in place of what is there, which is set aside; all of it in one transaction."""
    schema = str(backup.manifest["schema"])
    stamp = datetime.now(timezone.utc).strftime("%Y%m%d%H%M%S")
    present = [
        name
        for name in (night.names.pggit, night.names.archive)
        if connection.execute("select to_regnamespace(quote_ident(%s))", (name,)).fetchone() != (None,)
    ]
    first = backups.drop_event_triggers(
        connection, {trigger.name for trigger in before.event_triggers}, {*present, schema}
    )
    left = []
    for number, name in enumerate(present, start=1):
        aside = f"pggit_replaced_{stamp}_{number}"
        left.append(f"schema {aside} (was {name}; look at it, then drop it)")
        first += (
            sql.SQL("alter schema {} rename to {};\n")
            .format(sql.Identifier(name), sql.Identifier(aside))
            .as_string(connection)
        )
    backups.restore(backup, night.params, first, night.child("rollback"))
    with connection.transaction():
        found = fingerprint.take(connection, schema)
        probed = fingerprint.probe(connection, schema)
    restored = _restored("from backup", night, connection, before, found, probed)
    return Restored(
        restored.how, restored.fingerprint, restored.matches, restored.differences, restored.probe,
        left + restored.left,
    )  # fmt: skip


def _restored(
    how: Literal["never held", "in place", "renamed", "from backup"],
    night: Night,
    connection: psycopg.Connection[Any],
    before: Before | None,
    found: Fingerprint,
    probed: Probe,
) -> Restored:
    changed: list[str] = []
    if before is not None:
        changed = before.fingerprint.differences(found)
        if before.probe.records and not probed.records:
            changed.append(f"the tracker does not record DDL: {probed.error or 'no row came'}")
    published = connection.execute(
        "select to_regclass(%s)",
        (sql.Identifier(night.names.audit, "changes").as_string(connection),),
    ).fetchone()
    left = []
    if published != (None,):
        left.append(
            f"what the build published in {night.names.audit} and {night.names.v0}; a later cutover goes on from it"
        )
    matches = None if before is None and how != "never held" else not changed
    return Restored(how, found, matches, changed, probed, left)


def aftermath(night: Night) -> list[str]:
    """Call the hooks that bring the old application back; what went wrong with them."""
    problems = []
    journal = night.journal
    for name, condition in (
        ("undo-deploy", journal.last("deploy") is not None),
        ("start-applications", journal.last("freeze") is not None),
    ):
        if not condition or name not in night.hooks.only:  # a rehearsal stops no applications
            continue
        if name in night.hooks.present():
            result = night.hooks.call(
                name, journal.folder / "hooks.log", night.child("rollback"), step="rollback"
            )
            night.note("rollback", "note", hook=name, status=result.status, seconds=round(result.seconds, 1))
            if not result.ok:
                problems.append(result.why(name))
        else:
            night.desk.say(f"There is no hook {name}: see to it yourself ({_MEANING[name]}).")
    return problems


_MEANING = {
    "undo-deploy": "the code that calls pggit.* comes back",
    "start-applications": "the applications start again",
}
