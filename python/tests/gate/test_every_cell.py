"""The gate, asked for everything: whatever is changed in what was published, a test notices it that is about it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from corruptions import REFUSED, Stage

pytestmark = pytest.mark.slow

ABOUT: dict[str, dict[str, list[str]]] = yaml.safe_load(
    Path(__file__).with_name("every_cell.yml").read_text("utf-8")
)
"""By table, and column of it, or `rows`: the tests that may name what is done there."""

# Of v1's own tables: what the changes rest on. The rest of them is v1's state, which goes on changing.
TRAIL = {"history": None, "objects": {"id", "object_type", "schema_name", "object_name", "branch_name"}}

COLUMNS = """
    select
        nspname::text, relname::text, attname::text, format_type(atttypid, null), typtype = 'e'
    from pg_attribute
    inner join pg_class on attrelid = pg_class.oid
    inner join pg_namespace on relnamespace = pg_namespace.oid
    inner join pg_type on atttypid = pg_type.oid
    where
        (
            nspname in ('pggit', 'pggit_audit', 'pggit_v0')
            or nspname = 'pggit_audit_work' and relname in (select table_name from pggit_audit_work.published_tables)
        )
        and relkind = 'r' and attnum > 0 and not attisdropped and attgenerated = ''
    order by 1, 2, attnum
"""
OTHER = {
    "bigint": "coalesce({0}, 0) + 1",
    "bigint[]": "array_append({0}, 1)",
    "boolean": "not coalesce({0}, false)",
    "integer": "coalesce({0}, 0) + 1",
    "jsonb": "coalesce({0}, '{{}}') || '{{\"x\": 1}}'",
    "text": "concat({0}, ' ')",
    "text[]": "array_append({0}, 'x')",
    "timestamp with time zone": "coalesce({0} + interval '1 microsecond', now())",
    "uuid": "gen_random_uuid()",
    "timestamp without time zone": "coalesce({0} + interval '1 microsecond', localtimestamp)",
    "character varying": "concat({0}, ' ')",
}
"""Another value of a type, of a column or of nothing."""

RELATIONS = """
    select pg_class.oid::regclass::text, relkind, pg_class.oid::text
    from pg_class
    where relnamespace in ('pggit_audit'::regnamespace, 'pggit_audit_work'::regnamespace) and relkind in ('r', 'v')
    order by 1
"""

ROUTINES = """
    select oid::text from pg_proc
    where pronamespace in ('pggit_audit'::regnamespace, 'pggit_audit_work'::regnamespace)
    order by oid::regprocedure::text
"""
PUBLISHED = """
    select oid from pg_class where relnamespace = 'pggit_audit'::regnamespace and relkind = 'r'
"""
NOT_NULL = f"""
    select attrelid::regclass::text, quote_ident(attname) from pg_attribute
    where attrelid in ({PUBLISHED}) and attnum > 0 and attnotnull and not exists (
        select from pg_index where indrelid = attrelid and indisprimary and attnum = any (indkey)
    )
"""
OTHER_ROLE = "(select oid from pg_roles where rolname = 'pg_monitor')"
# A branch of the team's own may be renamed and deleted.
OURS = {
    "pggit_v0.refs": "exists (select from pggit_audit.changes where commit_sha = target_sha and backfilled_from_v1)"
}
# What no test names: the act as it begins, and how often.
UNNAMED = {
    # the history goes on, and the team makes branches of its own
    "insert into pggit.history": 1,
    "insert into pggit_v0.refs": 2,
}


def bare(name: str) -> str:
    """A test's name without which side of the publication it looks at."""
    return name.removesuffix("_after_publication").removesuffix("_before_publication")


class Sweep:
    """Changes one thing after the other, and keeps what no test noticed, and what the wrong ones did."""

    def __init__(self, stage: Stage) -> None:
        self.stage = stage
        self.unnoticed: list[str] = []
        self.by_others: list[tuple[str, set[str]]] = []
        self.noticed = 0

    def change(self, statement: str) -> None:
        """Change something; what a constraint refuses counts as noticed, and what changes no row not at all."""
        self._count(statement, self.stage.is_noticed(statement))

    def change_of(self, table: str, column: str, statement: str) -> None:
        """Change a column of a table, or `rows`, and see by which tests that is noticed."""
        found = self.stage.noticing(statement)
        self._count(statement, found if found is None else bool(found))
        about = {*ABOUT[table][column], REFUSED}
        names = {bare(name) for name in found or ()}
        if not names <= about:
            self.by_others.append((" ".join(statement.split()), names - about))

    def _count(self, statement: str, found: bool | None) -> None:
        if found:
            self.noticed += 1
        elif found is not None:
            self.unnoticed.append(" ".join(statement.split()))


@pytest.fixture
def sweep(after: Stage) -> Iterator[Sweep]:
    yield Sweep(after)


def tables(stage: Stage) -> dict[str, list[tuple[str, str]]]:
    """The columns of each table that is published, or that changes rest on, with another value for each."""
    found: dict[str, list[tuple[str, str]]] = {}
    for schema, table, column, type_name, is_enum in stage.rows(COLUMNS):
        kept = TRAIL.get(table, set()) if schema == "pggit" else None
        if kept is None or column in kept:
            name = f'"{column}"'
            other = (
                f"(select each from unnest(enum_range(null::{type_name})) as each"
                f" where each is distinct from {name} limit 1)"
                if is_enum
                else OTHER[type_name].format(name)
            )
            found.setdefault(f"{schema}.{table}", []).append((name, other))
    return found


def test_each_column_says_which_tests_are_about_it(sweep: Sweep) -> None:
    found = {
        table: {"rows", *(name.strip('"') for name, _ in columns)}
        for table, columns in tables(sweep.stage).items()
        if sweep.stage.rows(f"select from {table} limit 1")
    }
    assert {table: set(columns) for table, columns in ABOUT.items()} == found
    about = {name for columns in ABOUT.values() for names in columns.values() for name in names}
    assert about <= {bare(name) for name in sweep.stage.names}


@pytest.mark.parametrize("table", ABOUT)
def test_every_cell_and_row(sweep: Sweep, table: str) -> None:
    """What is done to a table is named by tests that are about that, and by no other."""
    columns = tables(sweep.stage)[table]
    ours = OURS.get(table, "true")
    ((count,),) = sweep.stage.rows(f"select count(*) from {table} where {ours}")
    places = dict.fromkeys((0, count // 2, count - 1))
    rows = [f"(select ctid from {table} where {ours} order by ctid limit 1 offset {n})" for n in places]
    named = ", ".join(column for column, _ in columns)
    for row in rows:
        sweep.change_of(table, "rows", f"delete from {table} where ctid = {row}")
        sweep.change_of(
            table, "rows", f"insert into {table} ({named}) select {named} from {table} where ctid = {row}"
        )
        # Under a key of its own; where more than one column is the key, the first of them will do.
        _, another = columns[0]
        others = ", ".join([another, *(column for column, _ in columns[1:])])
        sweep.change_of(
            table, "rows", f"insert into {table} ({named}) select {others} from {table} where ctid = {row}"
        )
        for column, other in columns:
            sweep.change_of(
                table, column.strip('"'), f"update {table} set {column} = {other} where ctid = {row}"
            )
    both = f"({rows[0]}, {rows[-1]})"
    for column, _ in columns:
        sweep.change_of(
            table,
            column.strip('"'),
            f"update {table} as one set {column} = other.{column} from {table} as other"
            f" where one.ctid in {both} and other.ctid in {both} and one.ctid <> other.ctid"
            f" and one.{column} is distinct from other.{column}",
        )
    unnamed = Counter(
        next((begin for begin in UNNAMED if act.startswith(begin)), act) for act in sweep.unnoticed
    )
    assert sweep.by_others == []
    assert unnamed == {begin: times for begin, times in UNNAMED.items() if f" {table}" in begin}
    assert sweep.noticed >= len(columns)


def test_every_view_and_function(sweep: Sweep) -> None:
    for name, kind, oid in sweep.stage.rows(RELATIONS):
        if kind == "v":
            ((definition,),) = sweep.stage.rows(f"select pg_get_viewdef({oid})")
            sweep.change(
                f"create or replace view {name} as select * from ({definition.rstrip(';')}) as it where false"
            )
            sweep.change(f"update pg_class set relowner = {OTHER_ROLE} where oid = {oid}")
            sweep.change(f"update pg_class set reloptions = '{{security_invoker=true}}' where oid = {oid}")
    for (oid,) in sweep.stage.rows(ROUTINES):
        for setting in (
            "prosrc = prosrc || ' '", "proconfig = '{search_path=public}'", "proconfig = null",
            "prosecdef = not prosecdef", f"proowner = {OTHER_ROLE}",
            "provolatile = case provolatile when 'i' then 's' else 'i' end", "proisstrict = not proisstrict",
        ):  # fmt: skip
            column, value = setting.split(" = ", 1)
            sweep.change(
                f"update pg_proc set {setting} where oid = {oid} and {column} is distinct from {value}"
            )
        # what others may run with its owner's rights; the rest everybody may run, with their own
        sweep.change(f"update pg_proc set proacl = '{{=X/postgres}}' where oid = {oid} and prosecdef")
    assert sweep.unnoticed == []
    assert sweep.noticed > 100


def test_every_guard(sweep: Sweep) -> None:
    for (oid,) in sweep.stage.rows(
        f"select oid::text from pg_trigger where tgrelid in ({PUBLISHED}) and not tgisinternal"
    ):
        sweep.change(f"update pg_trigger set tgenabled = 'D' where oid = {oid}")
        sweep.change(f"delete from pg_trigger where oid = {oid}")
        sweep.change(f"update pg_trigger set tgtype = tgtype # 4 where oid = {oid}")
    for table, name in sweep.stage.rows(
        "select conrelid::regclass::text, quote_ident(conname) from pg_constraint"
        f" where conrelid in ({PUBLISHED})"
    ):
        sweep.change(f"alter table {table} drop constraint {name} cascade")
    for (name,) in sweep.stage.rows(
        f"select indexrelid::regclass::text from pg_index where indrelid in ({PUBLISHED})"
        " and not exists (select from pg_constraint where conindid = indexrelid)"
    ):
        sweep.change(f"drop index {name}")
    for table, column in sweep.stage.rows(NOT_NULL):
        sweep.change(f"alter table {table} alter {column} drop not null")
    for (table,) in sweep.stage.rows(f"select oid::regclass::text from pg_class where oid in ({PUBLISHED})"):
        sweep.change(f"update pg_class set relowner = {OTHER_ROLE} where oid = '{table}'::regclass")
        sweep.change(f"create rule nothing as on insert to {table} do instead nothing")
        sweep.change(f"alter table {table} enable row level security")
        sweep.change(f"grant insert on {table} to public")
    assert sweep.unnoticed == []
    assert sweep.noticed > 100
