"""The fingerprint of a schema: everything that is in it, as names and hashes that can be compared.

Two schemas with the same fingerprint have the same tables with the same rows, the same values of sequences, the
same routines, types, views, triggers, event triggers (and whether they are enabled), rights and comments. What
differs by nature between a database and its copy is left out: oids, transaction ids, statistics, the order of rows.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import resources
from typing import Any

import psycopg
from psycopg import sql

from pggit_audit import others_code
from pggit_audit.errors import PggitError

FORMAT = 1
"""Raised whenever the same schema would get another fingerprint."""

HOLD = "pggit_cutover_hold"
"""The name of the triggers that hold v1 against writers during a cutover (see `night.v1`)."""

# Text of values must not depend on who asks.
SETTINGS = {
    "search_path": "pg_catalog",
    "TimeZone": "UTC",
    "DateStyle": "ISO, MDY",
    "IntervalStyle": "postgres",
    "extra_float_digits": "1",
    "bytea_output": "hex",
    "quote_all_identifiers": "off",
    "row_security": "off",  # rows that a policy hides are an error, not missing
}

# Hashes of rows, sorted, then hashed; in 256 parts, because no value may be larger than a gigabyte.
_ROWS = """
    select coalesce(sum(part.rows), 0)::bigint,
        encode(sha256(coalesce(string_agg(part.hash, '' order by part.no), '')), 'hex')
    from (
        select get_byte(row_hash, 0) as no, count(*) as rows,
            sha256(string_agg(row_hash, '' order by row_hash)) as hash
        from (select sha256(convert_to(t::text, 'UTF8')) as row_hash from {source} as t {condition}) as hashed
        group by 1
    ) as part
"""

_TABLES = """
    select relname, relkind::text from pg_class
    where relnamespace = %s::regnamespace and relkind in ('r', 'm', 'S') and (relkind <> 'm' or relispopulated)
    order by relname
"""


@dataclass(frozen=True)
class Fingerprint:
    """What a schema is, thing by thing.

    Attributes:
        items: for each thing its state: a hash, or for tables `N rows HASH` and for sequences `at N`.

    """

    items: Mapping[str, str]

    @property
    def digest(self) -> str:
        """One SHA-256 for all of it, hex; covers the format's number."""
        lines = [FORMAT, sorted(self.items.items())]
        return hashlib.sha256(json.dumps(lines, ensure_ascii=False).encode()).hexdigest()

    def without(self, *beginnings: str) -> Fingerprint:
        """Return it without the items whose name has one of these beginnings, such as `publication `."""
        return Fingerprint(
            {name: state for name, state in self.items.items() if not name.startswith(beginnings)}
        )

    def as_json(self) -> dict[str, Any]:
        return {"format": FORMAT, "digest": self.digest, "items": dict(self.items)}

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> Fingerprint:
        """Read what `as_json` wrote.

        Raises:
            PggitError: it is of another format, or its digest is not that of its items.

        """
        if document.get("format") != FORMAT:
            raise PggitError(
                f"The fingerprint is of format {document.get('format')}, and this version writes {FORMAT}: "
                "they cannot be compared. Compare with the version of the project that took it."
            )
        found = cls(dict(document["items"]))
        if found.digest != document.get("digest"):
            raise PggitError("The fingerprint was changed after it was taken: its digest does not fit.")
        return found

    def differences(self, other: Fingerprint) -> list[str]:
        """Say in which things `other` differs from this one, a line each; empty where they are alike."""
        found = []
        for name in sorted(self.items.keys() | other.items.keys()):
            before, after = self.items.get(name), other.items.get(name)
            if before == after:
                continue
            if after is None:
                found.append(f"{name} is gone")
            elif before is None:
                found.append(f"{name} is new")
            elif _is_counted(before) and before.split()[:2] != after.split()[:2]:
                found.append(f"{name}: {_shown(before)} before, {_shown(after)} now")
            else:
                found.append(f"{name} has changed")
        return found


def _is_counted(state: str) -> bool:
    return " " in state


def _shown(state: str) -> str:
    return " ".join(state.split()[:2])


def take(connection: psycopg.Connection[Any], schema: str, *, with_hold: bool = True) -> Fingerprint:
    """Take the fingerprint of a schema, in one snapshot where the caller's transaction gives one.

    Args:
        connection: of a role that may read all of it; its settings are as before afterwards.
        schema: its name.
        with_hold: False to look past the triggers that a cutover holds v1 with.

    Raises:
        PggitError: there is no such schema, or the role may not read all of it.

    """
    query = (resources.files(__package__) / "fingerprint.sql").read_bytes()
    items: dict[str, str] = {}
    with settings(connection):
        if connection.execute("select to_regnamespace(quote_ident(%s))", (schema,)).fetchone() == (None,):
            raise PggitError(f"There is no schema {schema} in database {connection.info.dbname}.")
        try:
            for what, facts in connection.execute(query, {"schema": schema}).fetchall():
                if with_hold or not what.startswith(f"trigger {HOLD} on "):
                    _add(items, what, hashlib.sha256(facts.encode()).hexdigest())
            found = connection.execute(_TABLES, (sql.Identifier(schema).as_string(),)).fetchall()
            others_code.refuse(connection, [(schema, name) for name, _ in found])
            for name, kind in found:
                relation = sql.Identifier(schema, name).as_string()
                if kind == "S":
                    _add(items, f"value of sequence {relation}", _sequence(connection, schema, name))
                else:
                    rows, digest = rows_of(connection, schema, name)
                    _add(items, f"rows of {relation}", f"{rows} rows {digest}")
        except psycopg.errors.InsufficientPrivilege as error:
            raise PggitError(
                f"Role {connection.info.user} may not read all of schema {schema}: "
                f"{error.diag.message_primary}. It needs the rights of the schema's owner."
            ) from error
    return Fingerprint(items)


def rows_of(
    connection: psycopg.Connection[Any], schema: str, table: str, condition: sql.Composable | None = None
) -> tuple[int, str]:
    """Count a table's rows and hash them, whatever their order: `(rows, SHA-256 hex)`.

    Args:
        connection: with the settings of `settings`.
        schema: of the table.
        table: its name; what inherits from it is not in it.
        condition: a WHERE clause on the alias `t`, for some of the rows.

    """
    query = sql.SQL(_ROWS).format(
        source=sql.SQL("only ") + sql.Identifier(schema, table) if _is_table(connection, schema, table)
        else sql.Identifier(schema, table),
        condition=condition or sql.SQL(""),
    )  # fmt: skip
    row = connection.execute(query).fetchone()
    assert row is not None
    return int(row[0]), str(row[1])


def _is_table(connection: psycopg.Connection[Any], schema: str, table: str) -> bool:
    found = connection.execute(
        "select relkind = 'r' from pg_class where oid = %s::regclass",
        (sql.Identifier(schema, table).as_string(),),
    ).fetchone()
    return bool(found and found[0])


def _sequence(connection: psycopg.Connection[Any], schema: str, name: str) -> str:
    found = connection.execute(
        sql.SQL("select last_value, is_called from {}").format(sql.Identifier(schema, name))
    ).fetchone()
    assert found is not None
    return f"at {found[0]}{'' if found[1] else ' (not used)'}"


def _add(items: dict[str, str], what: str, state: str) -> None:
    """Things of one name (overloads never are, grants of two grantors may be) are told apart by a number."""
    name, number = what, 1
    while name in items:
        number += 1
        name = f"{what} ({number})"
    items[name] = state


@contextmanager
def settings(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Set what the text of values depends on, and put it back afterwards."""
    names = list(SETTINGS)
    before = connection.execute(
        "select array_agg(current_setting(name) order by no) from unnest(%s::text[]) with ordinality as s (name, no)",
        (names,),
    ).fetchone()
    assert before is not None
    _set(connection, SETTINGS.items())
    try:
        yield
    finally:
        if connection.info.transaction_status != psycopg.pq.TransactionStatus.INERROR:
            _set(connection, zip(names, before[0], strict=True))


def _set(connection: psycopg.Connection[Any], values: Iterable[tuple[str, str]]) -> None:
    for name, value in values:
        connection.execute("select pg_catalog.set_config(%s, %s, false)", (name, value))


# Whether the tracker records ----------------------------------------------------------------------


@dataclass(frozen=True)
class Probe:
    """What came of one DDL statement.

    Attributes:
        records: whether the tracker left a row for it.
        rows: how many.
        error: what the server said where the statement failed; the tracker itself may be what fails.

    """

    records: bool
    rows: int
    error: str = ""

    def as_json(self) -> dict[str, Any]:
        return {"records": self.records, "rows": self.rows, "error": self.error}


def probe(connection: psycopg.Connection[Any], schema: str) -> Probe:
    """See whether v1's tracker records: one CREATE TABLE, rolled back at once.

    A sequence does not go back with a transaction, so v1's advance by what the tracker took from them. Here they are
    put back, while no one else can write: all of v1's tables are locked, and an INSERT takes its number only
    after its lock. So the fingerprint after a probe is the one before it.

    Args:
        connection: in a transaction, in which the locks stay until its end; the role may write v1.
        schema: v1's.

    """
    table = f"pggit_probe_{secrets.token_hex(4)}"
    lock(connection, schema)
    sequences = _sequences(connection, schema)
    before = _count(connection, schema)
    home = _home(connection, table)
    error = ""
    with connection.transaction(force_rollback=True):
        try:
            with connection.transaction():
                if home == table:
                    connection.execute(sql.SQL("create schema {}").format(sql.Identifier(home)))
                connection.execute(
                    sql.SQL("create table {} (probe integer)").format(sql.Identifier(home, table))
                )
                rows = _count(connection, schema) - before
        except psycopg.Error as failure:
            rows, error = 0, failure.diag.message_primary or str(failure)
    for identifier, value, used in sequences:
        name = identifier.as_string(connection)
        connection.execute(
            sql.SQL(
                "select pg_catalog.setval(%s::regclass, %s, %s) from {} where (last_value, is_called) <> (%s, %s)"
            ).format(identifier),
            (name, value, used, value, used),
        )
    return Probe(rows > 0, rows, error)


def lock(connection: psycopg.Connection[Any], schema: str) -> None:
    """Lock the tables of a schema against writers until the transaction ends; readers go on."""
    tables = [
        sql.Identifier(schema, name)
        for (name,) in connection.execute(
            "select relname from pg_class where relnamespace = (select oid from pg_namespace where nspname = %s)"
            " and relkind in ('r', 'p') order by relname",
            (schema,),
        ).fetchall()
    ]
    if tables:
        connection.execute(
            sql.SQL("lock table {} in share row exclusive mode").format(sql.SQL(", ").join(tables))
        )


def _home(connection: psycopg.Connection[Any], fallback: str) -> str:
    """A schema for the probe's table: public, where there is one to write to."""
    row = connection.execute(
        "select coalesce(has_schema_privilege(oid, 'create'), false) from pg_namespace where nspname = 'public'"
    ).fetchone()
    return "public" if row and row[0] else fallback


def _sequences(connection: psycopg.Connection[Any], schema: str) -> list[tuple[sql.Identifier, int, bool]]:
    found = []
    for (name,) in connection.execute(
        "select relname from pg_class where relnamespace = (select oid from pg_namespace where nspname = %s)"
        " and relkind = 'S'",
        (schema,),
    ).fetchall():
        identifier = sql.Identifier(schema, name)
        row = connection.execute(
            sql.SQL("select last_value, is_called from {}").format(identifier)
        ).fetchone()
        assert row is not None
        found.append((identifier, int(row[0]), bool(row[1])))
    return found


def _count(connection: psycopg.Connection[Any], schema: str) -> int:
    row = connection.execute(
        sql.SQL("select count(*) from {}").format(sql.Identifier(schema, "history"))
    ).fetchone()
    assert row is not None
    return int(row[0])
