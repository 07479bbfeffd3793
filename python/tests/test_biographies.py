"""Columns, constraints and their biographies: held against PostgreSQL's catalogs and against what was true."""

from __future__ import annotations

import csv
import gzip
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from project import SAMPLE, Params
from psycopg.rows import dict_row

from pggit_audit import catalog

Connection = psycopg.Connection[dict[str, Any]]
NASTY = Path(__file__).parent / "schemas" / "nasty.sql"
COLUMNS = """
    select
        format('%I.%I', nspname, relname) as "table",
        attname::text as name,
        format_type(atttypid, atttypmod) || case
            when attcollation <> typcollation then ' COLLATE ' || attcollation::regcollation else ''
        end as type,
        not attnotnull as is_nullable,
        attidentity <> '' as is_identity,
        (attislocal or relispartition) as is_local,
        (
            select format('%I.%I', nspname, sequences.relname)
            from pg_depend
            join pg_class as sequences on sequences.oid = objid
            where classid = 'pg_class'::regclass and refclassid = 'pg_class'::regclass and deptype = 'i'
                and refobjid = attrelid and refobjsubid = attnum
                and sequences.relname <> pg_class.relname || '_' || attname || '_seq'
        ) as sequence_of_another_name,
        attgenerated <> '' as is_generated,
        pg_get_expr(adbin, adrelid) as "default"
    from pg_attribute
    join pg_class on pg_class.oid = attrelid
    join pg_namespace on pg_namespace.oid = relnamespace
    join pg_type on pg_type.oid = atttypid
    left join pg_attrdef on adrelid = attrelid and adnum = attnum
    where relkind in ('r', 'p', 'f') and attnum > 0 and not attisdropped
        and nspname !~ '^pg_|^information_schema$|^pggit'
    order by 1, attnum
"""
# Partitions and heirs: what comes from above is said there.
CONSTRAINTS = """
    select format('%I.%I', nspname, relname) as "table", conname::text as name
    from pg_constraint
    join pg_class on pg_class.oid = conrelid
    join pg_namespace on pg_namespace.oid = relnamespace
    where contype in ('c', 'f', 'p', 'u', 'x') and (conislocal or relispartition)
        and not (contype = 'f' and conparentid <> 0) and nspname !~ '^pg_|^information_schema$|^pggit'
"""

Columns = dict[str, dict[str, tuple[str, bool, str | None]]]
"""By table and name: type, whether it may be null, default or how it is generated."""


@pytest.fixture
def audit(built: Params) -> Iterator[Connection]:
    """A connection to the migrated sample; what a test does there is rolled back."""
    with psycopg.connect(**built, row_factory=dict_row) as connection:
        connection.execute("set search_path = ''")
        yield connection
        connection.rollback()


def _columns(connection: Connection) -> Columns:
    """Read the catalog. An heir's definition has what it does not get from others."""
    found: Columns = {}
    for row in connection.execute(COLUMNS.encode()):
        of_table = found.setdefault(row["table"], {})
        if row["is_local"]:
            of_table[row["name"]] = (row["type"], row["is_nullable"], _how(row))
    return found


def _how(row: dict[str, Any]) -> str | None:
    if row["is_identity"]:
        return f"identity {row['sequence_of_another_name'] or ''}".strip()
    return f"generated {row['default']}" if row["is_generated"] else row["default"]


def _said(default: str | None) -> str | None:
    """A default as the views print it, in the words of `_how`."""
    if default is None or not default.startswith("GENERATED "):
        return default
    if " AS IDENTITY" in default:
        said = re.fullmatch(r"GENERATED (?:ALWAYS|BY DEFAULT) AS IDENTITY(?: \((.+)\))?", default)
        assert said, default
        sequence = re.match(r"SEQUENCE NAME (\S+)", said[1] or "")
        return f"identity {sequence[1] if sequence else ''}".strip()
    expression = (
        default.removeprefix("GENERATED ALWAYS AS (").removesuffix(" STORED").removesuffix(" VIRTUAL")
    )
    return f"generated {expression[:-1]}"


def test_elements_of_a_definition_are_those_of_the_catalog(audit: Connection, empty_database: str) -> None:
    with psycopg.connect(empty_database, row_factory=dict_row, autocommit=True) as other:
        other.execute(NASTY.read_bytes())
        other.execute("set search_path = ''")
        there = _columns(other)
        constraints = Counter((row["table"], row["name"]) for row in other.execute(CONSTRAINTS.encode()))
    with psycopg.connect(empty_database, autocommit=True) as other:
        tables = [
            found
            for found in catalog.CatalogReader(other).everything()
            if found.object_type in ("TABLE", "FOREIGN TABLE")
        ]
    assert len(tables) == len(there) > 5
    found: Columns = {table: {} for table in there}
    named: Counter[tuple[str, str]] = Counter()
    for table in tables:
        for row in audit.execute("select * from pggit_audit.table_elements(%s)", (table.definition,)):
            if row["is_constraint"]:
                named[table.object_identity, row["element_name"]] += 1
            else:
                assert row["element_name"] not in found[table.object_identity]
                found[table.object_identity][row["element_name"]] = (
                    row["column_type"], row["is_nullable"], _said(row["column_default"]),
                )  # fmt: skip
    for table, columns in there.items():
        assert list(found[table].items()) == list(columns.items()), table
    assert named == constraints, (named - constraints, constraints - named)


def _commits(audit: Connection) -> list[dict[str, Any]]:
    """The last commit of each migration, with its last event."""
    return audit.execute(
        "select distinct on (committed_at) commit_sha, committed_at, event_no, v1_version_id"
        " from pggit_audit.changes where committed_at is not null order by committed_at, event_no desc"
    ).fetchall()


def _tables_by_then(audit: Connection, event_no: int) -> dict[Any, str]:
    rows = audit.execute(
        "select distinct on (object_identity) object_id, object_identity, object_type, new_definition"
        " from pggit_audit.changes where event_no <= %s order by object_identity, event_no desc",
        (event_no,),
    )
    return {
        row["object_id"]: row["object_identity"]
        for row in rows
        if row["object_type"] == "TABLE" and row["new_definition"]
    }


def test_the_steps_of_columns_come_to_what_was_there(audit: Connection, empty_database: str) -> None:
    """What column_history tells, taken together, is at each commit what PostgreSQL makes of the commit's script; and
    what diff_between says of columns is what differs there.
    """
    steps = audit.execute("select * from pggit_audit.column_history order by event_no").fetchall()
    before, before_sha = Columns(), None
    compared = 0
    with psycopg.connect(empty_database, row_factory=dict_row) as other:
        for commit in _commits(audit):
            script = audit.execute("select pggit_audit.schema_ddl_at(%s)", (commit["commit_sha"],)).fetchone()
            assert script is not None
            other.execute(script["schema_ddl_at"].encode())
            other.execute("set local search_path = ''")
            there = _columns(other)
            other.rollback()

            told: dict[Any, dict[str, tuple[str, bool, str | None]]] = {}
            for step in steps:
                if step["event_no"] > commit["event_no"]:
                    break
                columns = told.setdefault(step["object_id"], {})
                if step["old_name"] is not None:
                    was = columns.pop(step["old_name"])
                    assert was[:2] == (step["old_type"], step["old_is_nullable"]), step
                if "dropped" not in step["what"]:
                    columns[step["column_name"]] = (
                        step["new_type"], step["new_is_nullable"], _said(step["new_default"]),
                    )  # fmt: skip
            tables = _tables_by_then(audit, commit["event_no"])
            of_tables = {tables[key]: columns for key, columns in told.items() if key in tables}
            assert of_tables.keys() == there.keys()
            for table, columns in there.items():
                assert of_tables[table] == columns, (commit, table)
            compared += len(there)

            if before_sha is not None:
                _compare_differences(audit, before_sha, commit["commit_sha"], before, there)
            before, before_sha = there, commit["commit_sha"]
    assert compared > 100


def _compare_differences(audit: Connection, old_sha: str, new_sha: str, old: Columns, new: Columns) -> None:
    rows = audit.execute(
        "select d.*, pggit_audit.object_definition_at(%s, coalesce(renamed_from, object_identity)) as old,"
        " pggit_audit.object_definition_at(%s, object_identity) as new"
        " from pggit_audit.diff_between(%s, %s) as d",
        (old_sha, new_sha, old_sha, new_sha),
    ).fetchall()
    differ = {(row["object_identity"], row["change_type"]): row for row in rows}
    assert len(differ) == len(rows)
    renamed = {row["renamed_from"] for row in rows}
    for table in (new.keys() | old.keys()) - renamed:
        made, dropped = differ.get((table, "CREATE")), differ.get((table, "DROP"))
        if made or dropped:  # both, where it is another one of the same name
            assert (made is None, dropped is None) == (table not in new, table not in old)
            continue
        row = differ.get((table, "ALTER"), {})
        was, is_now = old[row.get("renamed_from") or table], new[table]
        told: dict[str, str] = dict(
            line.split(": ", 1) for line in (row.get("column_differences") or "").splitlines()
        )
        names = {
            name: what.removeprefix("renamed from ").split(",")[0]
            if what.startswith("renamed from ")
            else None
            for name, what in told.items()
        }
        came = is_now.keys() - was.keys()
        gone = was.keys() - is_now.keys()
        other = {name for name in is_now.keys() & was.keys() if is_now[name] != was[name]}
        assert told.keys() == came | other | (gone - {*names.values()}), (table, told)
        assert {name for name in names.values() if name} <= gone
    for row in rows:
        lines = (row["line_differences"] or "").splitlines()
        there = Counter((row["old"] or "").splitlines() if row["change_type"] != "CREATE" else ())
        there.subtract(line[2:] for line in lines if line.startswith("- "))
        there.update(line[2:] for line in lines if line.startswith("+ "))
        assert min(there.values(), default=0) >= 0, row
        assert +there == Counter((row["new"] or "").splitlines() if row["change_type"] != "DROP" else ()), row


def test_blame_has_all_that_lives_and_no_more(audit: Connection) -> None:
    blame = audit.execute("select * from pggit_audit.schema_blame").fetchall()
    parts = Counter((row["part_type"], row["object_identity"], row["part_name"]) for row in blame)
    assert [part for part, count in parts.items() if count > 1] == []

    def of(kind: str) -> set[tuple[str, str]]:
        return {(identity, name) for part, identity, name in parts if part == kind}

    def there(query: str) -> set[tuple[str, str]]:
        return {(row["table"], row["name"]) for row in audit.execute(query.encode())}

    others = "nspname !~ '^pg_|^information_schema$|^pggit'"
    assert of("COLUMN") == there(COLUMNS)
    assert of("CONSTRAINT") == there(CONSTRAINTS)
    assert of("INDEX") == there(
        "select format('%I.%I', nspname, t.relname) as \"table\", i.relname::text as name from pg_index"
        " join pg_class as i on i.oid = indexrelid join pg_class as t on t.oid = indrelid"
        f" join pg_namespace on pg_namespace.oid = t.relnamespace where {others}"
    )
    assert of("TRIGGER") == there(
        "select format('%I.%I', nspname, relname) as \"table\", tgname::text as name from pg_trigger"
        " join pg_class on pg_class.oid = tgrelid join pg_namespace on pg_namespace.oid = relnamespace"
        f" where not tgisinternal and {others}"
    )
    assert of("POLICY") == there(
        "select format('%I.%I', nspname, relname) as \"table\", polname::text as name from pg_policy"
        f" join pg_class on pg_class.oid = polrelid join pg_namespace on pg_namespace.oid = relnamespace where {others}"
    )


def _quoted(name: str) -> str:
    return name if re.fullmatch("[a-z_][a-z0-9_]*", name) else f'"{name}"'


def _true_tables() -> list[tuple[int, dict[str, dict[str, Any] | None]]]:
    """By migration, the tables that changed with their columns; None for one that is gone."""
    found: dict[int, dict[str, dict[str, Any] | None]] = {}
    with gzip.open(SAMPLE / "truth.jsonl.gz", "rt", encoding="utf-8") as lines:
        for truth in map(json.loads, lines):
            if truth["type"] == "TABLE":
                columns = json.loads(truth["definition"] or "{}").get("columns")
                found.setdefault(truth["step"], {})[f"{truth['schema']}.{_quoted(truth['name'])}"] = (
                    None if columns is None else {name: facts for name, *facts in columns}
                )
    return sorted(found.items())


def test_blame_names_the_migration_that_did_it(audit: Connection) -> None:
    """Of each column whose last change v1 recorded and the replay is certain of: as the recorded truth has it."""
    last: dict[tuple[str, str], int] = {}
    now: dict[str, dict[str, Any]] = {}
    for step, tables in _true_tables():
        gone = [table for table, columns in tables.items() if columns is None]
        for table, columns in tables.items():
            # a table that comes in the step in which one with the same columns goes is that one
            new = columns is not None and not now.get(table)
            former = next((t for t in gone if new and now[t] and now[t].keys() <= columns.keys()), table)
            for name, facts in (columns or {}).items():
                if now.get(former, {}).get(name) == facts:
                    last[table, name] = last[former, name]
                else:
                    last[table, name] = step
        now |= {table: columns or {} for table, columns in tables.items()}
    with (SAMPLE / "steps.csv").open(encoding="utf-8") as lines:
        steps = list(csv.DictReader(lines))
    rows = audit.execute(
        "select b.*, c.v1_version_id from pggit_audit.schema_blame as b join pggit_audit.changes as c using (change_id)"
        " where b.part_type = 'COLUMN' and b.definition !~ 'SEQUENCE NAME' and b.fidelity = 'exact' and b.origin = 'v1'"
    ).fetchall()
    wrong, compared = [], 0
    for row in rows:
        step = next(s for s in steps if int(s["first_id"]) < row["v1_version_id"] <= int(s["last_id"]))
        true = last[row["object_identity"], row["part_name"]]
        compared += 1
        if int(step["step"]) != true:
            wrong.append((row["object_identity"], row["part_name"], row["what"], int(step["step"]), true))
    assert compared > 25
    assert not wrong, wrong
