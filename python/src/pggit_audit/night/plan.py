"""The plan of a cutover, and the digest that a person confirms it with."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import yaml
from psycopg import sql

from pggit_audit import embedded, others_code
from pggit_audit.errors import PggitError, Refusal
from pggit_audit.night import fingerprint
from pggit_audit.night.v1 import Names

DIGEST_FORMAT = 1
REPORT = "report.json"
REPORT_FORMAT = 1
REPORTS = "rehearsal"
"""The folder of the project that `rehearse` writes its report into, and others read it from."""
LEAST_ACCURACY = 95.0
"""Percent of the history's rows that the migration plan wants right at the least."""

STEPS = ("freeze", "backup", "build", "verify", "switch", "deploy", "smoke", "observe", "summary")


@dataclass(frozen=True)
class Prefix:
    """A history, or the begin of one: the rows up to an id.

    Attributes:
        rows: how many.
        max_id: the greatest id of them; 0 where there are none.
        digest: SHA-256 over the hashes of the rows, hex, whatever their order.

    """

    rows: int
    max_id: int
    digest: str


def history_key(connection: psycopg.Connection[Any], schema: str, table: str = "history") -> str:
    """Return the column that numbers v1's history: `id`, or `version_id` in the migration plan's layout."""
    row = connection.execute(
        "select attname from pg_attribute where attrelid = %s::regclass and attname in ('id', 'version_id')"
        " and not attisdropped order by attname limit 1",
        (sql.Identifier(schema, table).as_string(connection),),
    ).fetchone()
    assert row is not None
    return str(row[0])


def history_prefix(
    connection: psycopg.Connection[Any], schema: str, max_id: int | None = None, table: str = "history"
) -> Prefix:
    """Return what the history of v1 is, up to an id or all of it.

    Args:
        connection: of a role that may read it.
        schema: where v1 is.
        max_id: the greatest id that counts; all where it is None.
        table: its history's name.

    Raises `PggitError` where reading it would run code of somebody else's.
    """
    others_code.refuse(connection, [(schema, table)])
    with fingerprint.settings(connection):
        key = sql.Identifier(history_key(connection, schema, table))
        if max_id is None:
            found = connection.execute(
                sql.SQL("select coalesce(max({}), 0) from {}").format(key, sql.Identifier(schema, table))
            ).fetchone()
            assert found is not None
            max_id = int(found[0])
        condition = sql.SQL("where {} <= {}").format(key, sql.Literal(max_id))
        rows, digest = fingerprint.rows_of(connection, schema, table, condition)
    return Prefix(rows, max_id, digest)


@dataclass(frozen=True)
class Report:
    """What a cutover needs of a rehearsal's report.json.

    Attributes:
        path: of the file.
        checksum: SHA-256 of the file, hex.
        decision: `GO` or `NO-GO`.
        project_version: of the project that rehearsed.
        server_version: major version of the server that it rehearsed on.
        history: that it rehearsed with.
        seconds: how long each step took there.
        queries: for each audit query its times, `{"p50_ms": …, "p95_ms": …}`.
        accuracy: percent of the history's rows that were right there.
        backup_bytes: size of the dump of v1 there; 0 where it was not measured.
        built_bytes: what the build there added to the database; 0 where it was not measured.

    """

    path: Path
    checksum: str
    decision: str
    project_version: str
    server_version: int
    history: Prefix
    seconds: Mapping[str, float]
    queries: Mapping[str, Mapping[str, float]]
    accuracy: float = 100.0
    built_bytes: int = 0
    backup_bytes: int = 0


def read_report(folder: Path) -> Report:
    """Read the report of a rehearsal.

    Args:
        folder: with report.json, or that file.

    Raises:
        Refusal: there is none.
        PggitError: it cannot be read.

    """
    path = folder / REPORT if folder.is_dir() or folder.suffix != ".json" else folder
    try:
        text = path.read_bytes()
    except FileNotFoundError:
        raise Refusal(
            f"There is no report of a rehearsal ({path}). Nothing was changed. Rehearse first: pggit-audit rehearse "
            f"--from BACKUP --report {folder}; or go without, which the summary will say: --without-rehearsal."
        ) from None
    try:
        document = json.loads(text)
        if document["format"] != REPORT_FORMAT:
            raise PggitError(
                f"{path} is of format {document['format']}, and this version reads {REPORT_FORMAT}. Rehearse again."
            )
        return Report(
            path,
            hashlib.sha256(text).hexdigest(),
            str(document["decision"]),
            str(document["project_version"]),
            int(document["server_version"]),
            Prefix(**{name: document["history"][name] for name in ("rows", "max_id", "digest")}),
            {step["step"]: float(step["seconds"]) for step in document.get("timeline", [])},
            {query["name"]: query for query in document.get("queries", [])},
            float(document.get("accuracy", {}).get("percent", 100.0)),
            int(document.get("facts", {}).get("built_bytes", 0)),
            int(document.get("facts", {}).get("backup_bytes", 0)),
        )
    except (ValueError, KeyError, TypeError) as error:
        raise PggitError(f"{path} is no report of a rehearsal: {error!r}. Rehearse again.") from error


def refusals(
    report: Report, connection: psycopg.Connection[Any], names: Names, version: str, accept: float = 100.0
) -> list[str]:
    """Say why a rehearsal does not vouch for this cutover; empty where it does."""
    found = []
    if report.decision != "GO":
        found.append(f"the rehearsal ended {report.decision}")
    if report.accuracy < accept:
        found.append(
            f"it had {report.accuracy:g} % of the history's rows right, and {accept:g} % are asked for (--accept): "
            "the night would go back by itself"
        )
    if report.project_version != version:
        found.append(f"it rehearsed version {report.project_version} of the project, and this is {version}")
    server = connection.info.server_version // 10000
    if report.server_version != server:
        found.append(f"it rehearsed on PostgreSQL {report.server_version}, and this is {server}")
    now = history_prefix(connection, names.pggit, report.history.max_id)
    if now != report.history:
        found.append(
            f"it rehearsed with another history: {report.history.rows:,} rows up to id {report.history.max_id}, "
            f"of which here are {now.rows:,}{', changed since' if now.rows == report.history.rows else ''}"
        )
    return found


def project_version(project: Path | None = None) -> str:
    """Return the version that dbt_project.yml names."""
    return str(_project(project).get("version", ""))


def names(project: Path | None = None) -> Names:
    """Return the schemas' names, as the project's variables have them."""
    variables = _project(project).get("vars", {})
    return Names(
        pggit=variables.get("pggit_schema", "pggit"),
        v0=variables.get("pggit_v0_schema", "pggit_v0"),
        audit=variables.get("audit_schema", "pggit_audit"),
    )


def _project(project: Path | None) -> dict[str, Any]:
    path = (project or embedded.project_dir()) / "dbt_project.yml"
    try:
        return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
    except OSError as error:
        raise PggitError(f"There is no dbt project here: {error}. Change to the project.") from error


@dataclass(frozen=True)
class Plan:
    """What a cutover is going to do.

    Attributes:
        target, database, server: where.
        accept: percent of the history's rows that must be right.
        window: seconds that all may take.
        observe: seconds of watching after the switch.
        hooks: names of those that are there.
        expected: seconds that each step is expected to take, by the rehearsal; not all are known.
        history: of which the digest speaks: the rehearsal's, or the one at hand.
        report: SHA-256 of the rehearsal's report; empty without one.

    """

    target: str
    database: str
    server: str
    server_version: int
    project_version: str
    accept: float
    window: float
    observe: float
    hooks: list[str]
    expected: Mapping[str, float]
    history: Prefix
    report: str
    steps: tuple[str, ...] = field(default=STEPS)

    @property
    def digest(self) -> str:
        """The words that confirm it: the format's number and 12 hex digits of a SHA-256 over all of it."""
        text = json.dumps([DIGEST_FORMAT, self.as_json()], sort_keys=True, ensure_ascii=False)
        return f"{DIGEST_FORMAT}-{hashlib.sha256(text.encode()).hexdigest()[:12]}"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> Plan:
        """Read what `as_json` gave."""
        values = dict(document)
        return cls(**{**values, "history": Prefix(**values["history"]), "steps": tuple(values["steps"])})

    def left_after(self, step: str) -> float:
        """Seconds that are expected to be needed from a step on, the step itself included."""
        rest = self.steps[self.steps.index(step) :]
        return sum(self.observe if name == "observe" else self.expected.get(name, 0.0) for name in rest)
