"""Makes up migrations against a real database: each statement fits what is there when it is to run.

A migration is tried out in a transaction that is rolled back, statement by statement, so that the next
statement is made for the schema that the ones before it leave. What the server refuses is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from hypothesis import strategies as st
from psycopg.rows import dict_row
from tracker import STYLES, ClientStyle

from pggit_audit.statements import quote

Draw = Callable[[st.SearchStrategy[Any]], Any]

# Few names, so that they come again after a drop; some need quotes, one is a keyword, one has a dot.
RELATIONS = ("account", "parcel", "Mixed", "order", "a.b", "tag")
COLUMNS = ("id", "name", "Qty", "price", "state", "made_on", "user")
ROUTINES = ("calc", "Label")
ENUMS = ("mood", "Grade")
DOMAINS = ("code",)
SEQUENCES = ("counter", "Numbers")
SCHEMAS = ("shop", "Back Office")
COMPOSITES = ("pair_1", "Pair 2")
COLUMN_TYPES = (
    "integer", "bigint", "text", "varchar(20)", "numeric(10,2)", "boolean", "date", "timestamptz", "text[]",
    "jsonb", "uuid",
)  # fmt: skip
LABELS = ("new", "open", "it's", "done", "old")
DEFAULTS = {
    "integer": "0", "bigint": "7", "text": "'a\\b;c'", "varchar(20)": "''", "numeric(10,2)": "1.5",
    "boolean": "false", "date": "current_date", "timestamptz": "now()", "text[]": "'{}'", "jsonb": "'{}'",
    "uuid": "gen_random_uuid()",
}  # fmt: skip

WORLD = """
with
schemas as (
    select n.oid, n.nspname from pg_namespace as n
    where n.nspname !~ '^pg_' and n.nspname not in ('information_schema', 'pggit')
),
relations as (
    select c.*, format('%I.%I', s.nspname, c.relname) as called, s.nspname
    from pg_class as c join schemas as s on s.oid = c.relnamespace
)
select
    (select array_agg(s.nspname::text order by s.nspname) from schemas as s) as schemas,
    (
        select json_agg(json_build_object(
            'name', r.called, 'schema', r.nspname, 'bare', r.relname, 'partitioned', r.relkind = 'p',
            'columns', (
                select json_agg(
                    json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                    order by a.attnum
                )
                from pg_attribute as a where a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
            ),
            'key', (
                select json_build_object('name', a.attname, 'type', format_type(a.atttypid, a.atttypmod))
                from pg_index as i join pg_attribute as a on a.attrelid = r.oid and a.attnum = i.indkey[0]
                where i.indrelid = r.oid and i.indisprimary and i.indnkeyatts = 1
            ),
            'constraints', (
                select json_agg(k.conname order by k.conname) from pg_constraint as k where k.conrelid = r.oid
            ),
            'triggers', (
                select json_agg(t.tgname order by t.tgname) from pg_trigger as t
                where t.tgrelid = r.oid and not t.tgisinternal
            ),
            'policies', (
                select json_agg(p.polname order by p.polname) from pg_policy as p where p.polrelid = r.oid
            )
        ) order by r.called)
        from relations as r where r.relkind in ('r', 'p') and not r.relispartition
    ) as tables,
    (select array_agg(r.called order by r.called) from relations as r where r.relkind = 'v') as views,
    (select array_agg(r.called order by r.called) from relations as r where r.relkind = 'm') as matviews,
    (
        select array_agg(r.called order by r.called) from relations as r
        where r.relkind in ('i', 'I') and not r.relispartition
            and not exists (select from pg_constraint as k where k.conindid = r.oid)
    ) as indexes,
    (
        select array_agg(r.called order by r.called) from relations as r
        where r.relkind = 'S'
            and not exists (select from pg_depend as d where d.objid = r.oid and d.deptype in ('a', 'i'))
    ) as sequences,
    (
        select array_agg(p.oid::regprocedure::text order by 1)
        from pg_proc as p join schemas as s on s.oid = p.pronamespace
        where p.prokind = 'f'
    ) as functions,
    (
        select array_agg(format('%I.%I', s.nspname, p.proname) order by 1)
        from pg_proc as p join schemas as s on s.oid = p.pronamespace
        where p.prorettype = 'trigger'::regtype
    ) as trigger_functions,
    (
        select json_agg(json_build_object(
            'name', format('%I.%I', s.nspname, t.typname), 'bare', t.typname,
            'labels', (
                select json_agg(e.enumlabel order by e.enumsortorder)
                from pg_enum as e where e.enumtypid = t.oid
            )
        ) order by s.nspname, t.typname)
        from pg_type as t join schemas as s on s.oid = t.typnamespace where t.typtype = 'e'
    ) as enums,
    (
        select array_agg(format('%I.%I', s.nspname, t.typname) order by 1)
        from pg_type as t join schemas as s on s.oid = t.typnamespace where t.typtype = 'd'
    ) as domains,
    (
        select array_agg(format('%I.%I', s.nspname, t.typname) order by 1)
        from pg_type as t join schemas as s on s.oid = t.typnamespace join pg_class as c on c.oid = t.typrelid
        where c.relkind = 'c'
    ) as composites,
    (
        select json_agg(json_build_array(i.inhrelid::regclass::text, i.inhparent::regclass::text) order by 1)
        from pg_inherits as i join relations as r on r.oid = i.inhrelid where r.relkind = 'r' and not r.relispartition
    ) as heirs,
    (
        select array_agg(format('%I.%I', s.nspname, l.collname) order by 1)
        from pg_collation as l join schemas as s on s.oid = l.collnamespace
    ) as collations,
    (
        select array_agg(format('%I.%I', s.nspname, f.cfgname) order by 1)
        from pg_ts_config as f join schemas as s on s.oid = f.cfgnamespace
    ) as configurations,
    (select array_agg(e.extname::text order by 1) from pg_extension as e where e.extname <> 'plpgsql') as extensions
"""


@dataclass(frozen=True)
class Migration:
    """What one client sends."""

    style: ClientStyle
    statements: tuple[str, ...]


class NothingThere(Exception):
    """There is nothing that a statement of this kind could be about."""


class World:
    """What is there now, and the choices of one example."""

    def __init__(self, draw: Draw, there: dict[str, Any]) -> None:
        self.draw = draw
        self._there = there

    def all(self, kind: str) -> list[Any]:
        """All `tables`, `views` … as the query above gives them."""
        return self._there[kind] or []

    def one(self, of: str | Sequence[Any]) -> Any:
        """One of these, or of that kind. The first of a list is the simplest."""
        choices = self.all(of) if isinstance(of, str) else list(of)
        if not choices:
            raise NothingThere
        return self.draw(st.sampled_from(choices))

    def number(self, most: int) -> int:
        """From 1 to `most`."""
        return int(self.draw(st.integers(1, most)))

    def some(self, of: Sequence[str], most: int) -> list[str]:
        """One to `most` of these, without doubles."""
        found: list[str] = self.draw(st.lists(st.sampled_from(of), min_size=1, max_size=most, unique=True))
        return found

    def new_name(self, names: Sequence[str]) -> str:
        """A name to create under, at times with a schema."""
        name = quote(self.one(names))
        schema = self.one(["", *self.all("schemas")])
        return f"{quote(schema)}.{name}" if schema else name

    def column_of(self, table: dict[str, Any]) -> str:
        return quote(self.one(table["columns"] or [])["name"])

    def place(self) -> tuple[str, str]:
        """A table and one of its columns."""
        table = self.one("tables")
        return table["name"], self.column_of(table)

    def with_some(self, kind: str) -> tuple[str, str]:
        """A table, and one of its constraints, triggers or policies."""
        table = self.one([t for t in self.all("tables") if t[kind]])
        return table["name"], quote(self.one(table[kind]))

    def reference(self) -> tuple[str, str]:
        """A table with a primary key of one column, and the type of that."""
        table = self.one([t for t in self.all("tables") if t["key"]])
        return table["name"], table["key"]["type"]

    def enum(self) -> Any:
        return self.one("enums")

    def type(self) -> str:
        enums = [e["name"] for e in self.all("enums")]
        return str(self.one([*COLUMN_TYPES, *enums, *self.all("domains")]))

    def new_column(self) -> str:
        return self.definition_of(quote(self.one(COLUMNS)))

    def definition_of(self, name: str) -> str:
        data_type = self.type()
        default = self.one(["", f" default {DEFAULTS[data_type]}"]) if data_type in DEFAULTS else ""
        return f"{name} {data_type}{default}{self.one(['', '', ' not null'])}"

    def other_schema(self) -> str:
        return quote(self.one([s for s in self.all("schemas") if s != "public"]))

    def cascade(self) -> str:
        return str(self.one(["", " cascade"]))


def literal(text: str) -> str:
    """The text in single quotes."""
    return "'" + text.replace("'", "''") + "'"


# Each makes one statement, or several that belong together.


def create_table(w: World) -> str:
    names = [quote(name) for name in w.some(COLUMNS[1:], 3)]
    parts = [w.definition_of(name) for name in names]
    keys = ("id integer", "id serial", "id bigint generated always as identity")
    if key := w.one([*keys, ""]):
        parts.insert(0, f"{key} primary key")
    extra = w.one(["", "check", "unique", "reference", "generated"])
    if extra == "check":
        parts.append(f'constraint "it is" check ({names[0]} is not null)')
    elif extra == "unique":
        parts.append(f"unique ({', '.join(names)})")
    elif extra == "generated":
        parts.append("made text generated always as (upper('x')) stored")
    elif extra == "reference":
        other, key_type = w.reference()
        parts.append(f"ref {key_type} references {other} on delete cascade")
    return f"create table {w.new_name(RELATIONS)} ({', '.join(parts)})"


def create_partitions(w: World) -> str:
    name = w.new_name(RELATIONS[:2])
    return (
        f"do $do$ begin create table {name} (made_on date, n integer) partition by range (made_on);"
        " for m in 1..2 loop"
        f" execute format('create table %I partition of {name} for values from (%L) to (%L)',"
        " 'part_' || m, make_date(2024, m, 1), make_date(2024, m + 1, 1)); end loop; end $do$"
    )


def create_table_as(w: World) -> str:
    if not w.all("tables"):
        return f"create table {w.new_name(RELATIONS)} as select 1 as id, 'x'::text as name"
    table, column = w.place()
    if w.one([True, False]):
        return f"select {column} into {w.new_name(RELATIONS)} from {table}"
    return f"create table {w.new_name(RELATIONS)} as select {column} from {table}"


def create_table_in_block(w: World) -> str:
    create = f"create table {w.new_name(RELATIONS)} (id integer primary key, note text)"
    return f"do $$ begin execute {literal(create)}; end $$"


def create_heir(w: World) -> str:
    body = w.one(["", w.new_column(), f"{w.new_column()}, note text default 'own'"])
    return f"create table {w.new_name(RELATIONS)} ({body}) inherits ({w.one('tables')['name']})"


def disinherit(w: World) -> str:
    child, parent = w.one("heirs")
    return f"alter table {child} no inherit {parent}"


def inherit(w: World) -> tuple[str, ...]:
    child, parent = w.one("heirs")
    return f"alter table {child} no inherit {parent}", f"alter table {child} inherit {parent}"


def create_typed_table(w: World) -> str:
    options = w.one(["", " (a with options not null)", " (b default 'x', primary key (a))"])
    return f"create table {w.new_name(RELATIONS)} of {w.one('composites')}{options}"


def untype_table(w: World) -> str:
    return f"alter table {w.one('tables')['name']} not of"


def change_composite(w: World) -> str:
    change = w.one(["add attribute c date", "drop attribute if exists c", "rename attribute b to d"])
    return f"alter type {w.one('composites')} {change} cascade"


def drop_table(w: World) -> str:
    return f"drop table {w.one('tables')['name']}{w.cascade()}"


def recreate_table(w: World) -> tuple[str, ...]:
    name = w.one("tables")["name"]
    return f"drop table {name} cascade", f"create table {name} (id integer primary key, {w.new_column()})"


def rename_table(w: World) -> str:
    return f"alter table {w.one('tables')['name']} rename to {quote(w.one(RELATIONS))}"


def move_table(w: World) -> str:
    return f"alter table {w.one('tables')['name']} set schema {quote(w.one('schemas'))}"


def add_column(w: World) -> str:
    return f"alter table {w.one('tables')['name']} add column {w.new_column()}"


def drop_column(w: World) -> str:
    table, column = w.place()
    return f"alter table {table} drop column {column}{w.cascade()}"


def rename_column(w: World) -> str:
    table, column = w.place()
    return f"alter table {table} rename column {column} to {quote(w.one(COLUMNS))}"


def change_type(w: World) -> str:
    table, column = w.place()
    data_type = w.type()
    return f"alter table {table} alter column {column} type {data_type} using {column}::text::{data_type}"


def change_column(w: World) -> str:
    table, column = w.place()
    changes = ("set not null", "drop not null", "drop default", "set default null", "set statistics 50")
    return f"alter table {table} alter column {column} {w.one(changes)}"


def change_twice(w: World) -> str:
    table, column = w.place()
    return f"alter table {table} add column {w.new_column()}, drop column {column}"


def add_constraint(w: World) -> str:
    table, column = w.place()
    name = w.one(["", f"constraint rule_{w.number(3)} "])
    kinds = (
        "check ({0} is not null)",
        "check ({0} is not null) not valid",
        "unique ({0})",
        "primary key ({0})",
    )
    return f"alter table {table} add {name}{w.one(kinds).format(column)}"


def add_reference(w: World) -> str:
    table, column = w.place()
    other, _ = w.reference()
    return f"alter table {table} add foreign key ({column}) references {other}"


def drop_constraint(w: World) -> str:
    table, constraint = w.with_some("constraints")
    return f"alter table {table} drop constraint {constraint}{w.cascade()}"


def rename_constraint(w: World) -> str:
    table, constraint = w.with_some("constraints")
    return f"alter table {table} rename constraint {constraint} to rule_4"


def create_index(w: World) -> str:
    table, column = w.place()
    kinds = ("({0})", "({0} desc nulls last)", "(({0}::text))", "({0}) where {0} is not null")
    name = w.one(["", "ix_1", '"Ix 2"', "ix_3"])
    return f"create {w.one(['', 'unique '])}index {name} on {table} {w.one(kinds).format(column)}"


def drop_index(w: World) -> str:
    return f"drop index {w.one('indexes')}"


def rename_index(w: World) -> str:
    return f"alter index {w.one('indexes')} rename to {w.one(['ix_1', quote('Ix 2'), 'ix_4'])}"


def create_view(w: World) -> str:
    table, column = w.place()
    name = w.one(["v_1", '"V 2"', *w.all("views")])
    what = w.one(["{0}", "*", "count(*) as n, max({0}::text) as {0}"]).format(column)
    return f"create {w.one(['', 'or replace '])}view {name} as select {what} from {table}"


def create_view_on_view(w: World) -> str:
    return f"create view v_3 as select * from {w.one('views')}"


def rebuild_view(w: World) -> tuple[str, ...]:
    view = w.one("views")
    table, column = w.place()
    return f"drop view {view}", f"create view {view} as select {column} from {table}"


def drop_view(w: World) -> str:
    return f"drop view {w.one('views')}{w.cascade()}"


def rename_view(w: World) -> str:
    return f"alter view {w.one('views')} rename to {w.one(['v_1', 'v_4'])}"


def create_matview(w: World) -> str:
    table, column = w.place()
    return f"create materialized view m_{w.number(2)} as select {column} as a from {table}"


def index_matview(w: World) -> str:
    return f"create index mx_{w.number(2)} on {w.one('matviews')} (a)"


def drop_matview(w: World) -> str:
    return f"drop materialized view {w.one('matviews')}"


def create_function(w: World) -> str:
    name = w.new_name(ROUTINES)
    arguments = w.one(["", "n integer", "n integer, m text default 'x'"])
    body = w.one(["select 1", "select 2 -- it's; \\d", "select 3"])
    return (
        f"create {w.one(['', 'or replace '])}function {name}({arguments}) returns integer"
        f" language sql {w.one(['', 'stable', 'immutable'])} as $body${body}$body$"
    )


def create_procedure(w: World) -> str:
    return f"create or replace procedure proc_1(n integer) language sql as 'select {w.number(3)}'"


def create_trigger_function(w: World) -> str:
    body = f"begin /* {w.number(3)} */ return new; end"
    return f"create or replace function touch() returns trigger language plpgsql as '{body}'"


def drop_function(w: World) -> str:
    return f"drop function {w.one('functions')}{w.cascade()}"


def create_trigger(w: World) -> str:
    when = w.one(["before insert", "after update"])
    table, function = w.one("tables")["name"], w.one("trigger_functions")
    return f"create trigger trg_{w.number(2)} {when} on {table} for each row execute function {function}()"


def drop_trigger(w: World) -> str:
    table, trigger = w.with_some("triggers")
    return f"drop trigger {trigger} on {table}"


def create_enum(w: World) -> str:
    labels = ", ".join(literal(label) for label in w.some(LABELS, 3))
    return f"create type {w.new_name(ENUMS)} as enum ({labels})"


def use_enum(w: World) -> str:
    return f"alter table {w.one('tables')['name']} add column {quote(w.one(COLUMNS))} {w.enum()['name']}"


def add_label(w: World) -> str:
    return f"alter type {w.enum()['name']} add value if not exists {literal(w.one(LABELS))}"


def rename_label(w: World) -> str:
    enum = w.enum()
    return f"alter type {enum['name']} rename value {literal(w.one(enum['labels'] or []))} to 'renamed'"


def replace_enum(w: World) -> tuple[str, ...]:
    enum = w.enum()
    create = f"create type {enum['name']} as enum ('again', 'new')"
    if w.one([True, False]):
        return f"drop type {enum['name']} cascade", create
    return f"alter type {enum['name']} rename to {quote(enum['bare'] + '_old')}", create


def drop_type(w: World) -> str:
    enums = [e["name"] for e in w.all("enums")]
    return f"drop type {w.one([*enums, *w.all('domains')])}{w.cascade()}"


def create_domain(w: World) -> str:
    return f"create domain {w.new_name(DOMAINS)} as {w.one(['text', 'integer'])} check (value is not null)"


def create_composite(w: World) -> str:
    return f"create type {w.new_name(COMPOSITES)} as (a integer, b text)"


def create_sequence(w: World) -> str:
    return f"create sequence {w.new_name(SEQUENCES)} increment by {w.number(3)}"


def change_sequence(w: World) -> str:
    return f"alter sequence {w.one('sequences')} increment by 9"


def drop_sequence(w: World) -> str:
    return f"drop sequence {w.one('sequences')}{w.cascade()}"


def use_sequence(w: World) -> str:
    table, sequence = w.one("tables")["name"], literal(w.one("sequences"))
    return f"alter table {table} add column {quote(w.one(COLUMNS))} bigint default nextval({sequence})"


def create_schema(w: World) -> str:
    return f"create schema {quote(w.one(SCHEMAS))}"


def drop_schema(w: World) -> str:
    return f"drop schema {w.other_schema()} cascade"


def rename_schema(w: World) -> str:
    return f"alter schema {w.other_schema()} rename to moved"


def create_collation(w: World) -> str:
    return f"create collation {w.new_name(['plain', 'Sorted'])} from {quote('C')}"


def use_collation(w: World) -> str:
    table, collation = w.one("tables")["name"], w.one("collations")
    return f"alter table {table} add column {quote(w.one(COLUMNS))} text collate {collation}"


def create_configuration(w: World) -> str:
    return f"create text search configuration {w.new_name(['words', 'Words 2'])} (copy = simple)"


def use_configuration(w: World) -> str:
    table, column = w.place()
    return (
        f"create index on {table} using gin (to_tsvector({literal(w.one('configurations'))}, {column}::text))"
    )


def create_operator(w: World) -> tuple[str, ...]:
    schema = quote(w.one("schemas"))
    function = f"create function {schema}.same(a integer, b integer) returns boolean"
    function += " language sql immutable as 'select true'"
    return (
        function,
        f"create operator {schema}.=== (leftarg = integer, rightarg = integer, function = {schema}.same)",
    )


def use_operator(w: World) -> str:
    table, column = w.place()
    schema = quote(w.one("schemas"))
    return f"create view v_5 as select {column} from {table} where {column} operator({schema}.===) 1"


def create_statistics(w: World) -> str:
    table = w.one([t for t in w.all("tables") if len(t["columns"] or []) > 1])
    one, two = (quote(c["name"]) for c in table["columns"][:2])
    return f"create statistics {w.new_name(['st_1', 'St 2'])} (dependencies) on {one}, {two} from {table['name']}"


def create_rule(w: World) -> str:
    commands = w.one(["nothing", "(select 1; select 2)"])
    return f"create rule rule_{w.number(2)} as on delete to {w.one('tables')['name']} do instead {commands}"


def create_extension(w: World) -> str:
    return f"create extension vector{w.one(['', ' schema ' + quote(w.one('schemas'))])}"


def use_extension(w: World) -> str:
    schema = w.one(["public", *map(quote, w.all("schemas"))]) if w.one("extensions") else ""
    return f"alter table {w.one('tables')['name']} add column {quote(w.one(COLUMNS))} {schema}.vector(3)"


def drop_extension(w: World) -> str:
    return f"drop extension {w.one('extensions')}{w.cascade()}"


def name_not_null(w: World) -> str:
    """A constraint of its own since PostgreSQL 18; refused before."""
    table, column = w.place()
    more = w.one(["", " not valid", " no inherit"])
    return f"alter table {table} add constraint {w.one(['given', quote('Given 2')])} not null {column}{more}"


def create_virtual(w: World) -> str:
    """Since PostgreSQL 18; refused before."""
    table, column = w.place()
    return f"alter table {table} add column twice text generated always as ({column}::text || 'x') virtual"


def create_policy(w: World) -> str:
    return f"create policy pol_{w.number(2)} on {w.one('tables')['name']} using (current_user <> 'x')"


def drop_policy(w: World) -> str:
    table, policy = w.with_some("policies")
    return f"drop policy {policy} on {table}"


def secure_table(w: World) -> str:
    return f"alter table {w.one('tables')['name']} {w.one(['enable', 'disable', 'force'])} row level security"


def comment(w: World) -> str:
    table, column = w.place()
    about = w.one([f"table {table}", f"column {table}.{column}"])
    return f"comment on {about} is {w.one([literal(chr(92) + 'd; it' + chr(39) + 's'), 'null'])}"


def insert_row(w: World) -> str:
    return f"insert into {w.one('tables')['name']} default values"


Maker = Callable[[World], str | tuple[str, ...]]

STARTERS: tuple[Maker, ...] = (
    create_table, create_table_as, create_partitions, create_table_in_block, create_enum, create_domain,
    create_sequence, create_schema, create_function, create_trigger_function, create_composite, create_collation,
    create_configuration, create_extension,
)  # fmt: skip
"""What makes sense where there is no table yet."""

MAKERS: tuple[Maker, ...] = (
    *STARTERS, drop_table, recreate_table, rename_table, move_table, add_column, drop_column, rename_column,
    change_type, change_column, change_twice, add_constraint, add_reference, drop_constraint,
    rename_constraint, create_index, drop_index, rename_index, create_view, create_view_on_view, rebuild_view,
    drop_view, rename_view, create_matview, index_matview, drop_matview, create_procedure, drop_function,
    create_trigger, drop_trigger, use_enum, add_label, rename_label, replace_enum, drop_type,
    change_sequence, drop_sequence, use_sequence, drop_schema, rename_schema,
    create_policy, drop_policy, secure_table, comment, insert_row, create_heir, disinherit, inherit,
    create_typed_table, untype_table, change_composite, use_collation, use_configuration, create_operator,
    use_operator, create_statistics, create_rule, use_extension, drop_extension, name_not_null, create_virtual,
)  # fmt: skip


def make_migration(draw: Draw, connection: psycopg.Connection[Any]) -> Migration:
    """A migration of up to eight statements that fit the database; nothing of it stays there."""
    style = draw(st.sampled_from(STYLES))
    kept: list[str] = []
    with connection.transaction(force_rollback=True):
        for _ in range(draw(st.integers(1, 8))):
            with connection.cursor(row_factory=dict_row) as cursor:
                there = cursor.execute(WORLD.encode()).fetchone()
            assert there is not None
            world = World(draw, there)
            maker = draw(st.sampled_from(MAKERS if world.all("tables") else STARTERS))
            try:
                made = maker(world)
                for statement in (made,) if isinstance(made, str) else made:
                    with connection.transaction():
                        connection.execute(statement.encode())
                    kept.append(statement)
            except NothingThere:
                continue
            except psycopg.Error:
                if connection.broken:
                    raise
    return Migration(style, tuple(kept))
