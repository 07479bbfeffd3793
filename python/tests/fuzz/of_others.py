"""Statements about all else. Each makes one, or several that belong together."""

from __future__ import annotations

from fuzz.world import (
    COLUMNS,
    COMPOSITES,
    DOMAINS,
    ENUMS,
    LABELS,
    ROUTINES,
    SCHEMAS,
    SEQUENCES,
    Maker,
    World,
    literal,
)
from pggit_audit.statements import quote


def change_composite(w: World) -> str:
    change = w.one(["add attribute c date", "drop attribute if exists c", "rename attribute b to d"])
    return f"alter type {w.one('composites')} {change} cascade"


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


def create_extension(w: World) -> str:
    return f"create extension vector{w.one(['', ' schema ' + quote(w.one('schemas'))])}"


def use_extension(w: World) -> str:
    schema = w.one(["public", *map(quote, w.all("schemas"))]) if w.one("extensions") else ""
    return f"alter table {w.one('tables')['name']} add column {quote(w.one(COLUMNS))} {schema}.vector(3)"


def drop_extension(w: World) -> str:
    return f"drop extension {w.one('extensions')}{w.cascade()}"


def comment(w: World) -> str:
    table, column = w.place()
    about = w.one([f"table {table}", f"column {table}.{column}"])
    return f"comment on {about} is {w.one([literal(chr(92) + 'd; it' + chr(39) + 's'), 'null'])}"


def create_range(w: World) -> str:
    return f"create type {w.new_name(['span', 'Span 2'])} as range (subtype = {w.one(['integer', 'date'])})"


def rename_type(w: World) -> str:
    types = [*(e["name"] for e in w.all("enums")), *w.all("domains"), *w.all("composites"), *w.all("ranges")]
    change = w.one(["rename to called", f"set schema {quote(w.one('schemas'))}", "owner to bob"])
    return f"alter type {w.one(types)} {change}"


def use_composite(w: World) -> str:
    name = w.one([*w.all("composites"), *w.all("ranges")])
    return (
        f"alter table {w.one('tables')['name']} add column {quote(w.one(COLUMNS))} {name}{w.one(['', '[]'])}"
    )


def look_into_composite(w: World) -> str:
    table, column = w.place()
    what = w.one(["({0}).a as a", "row({0}, 1) as r", "array[{0}] as list", "coalesce({0}, {0}) as {0}"])
    return f"create view v_6 as select {what.format(column)} from {table} as t"


def change_domain(w: World) -> str:
    changes = (
        "set default null", "set not null", "drop not null", "add constraint long check (value is not null)",
        "add check (value is not null) not valid", "drop constraint if exists long",
    )  # fmt: skip
    return f"alter domain {w.one('domains')} {w.one(changes)}"


def rename_domain_constraint(w: World) -> str:
    domain, constraint = w.one("domain_constraints")
    change = w.one(["rename constraint {0} to called", "drop constraint {0}"])
    return f"alter domain {domain} {change.format(quote(constraint))}"


def change_function(w: World) -> str:
    changes = (
        "rename to called", f"set schema {quote(w.one('schemas'))}", "immutable", "security definer",
        "set search_path = public, pg_temp", "reset all", "cost 7", "parallel safe",
    )  # fmt: skip
    return f"alter function {w.one('functions')} {w.one(changes)}"


def create_function_of_rows(w: World) -> str:
    table, column = w.place()
    bodies = (
        "(r {0}) returns text language sql immutable as $$ select (r).{1}::text $$",
        "() returns setof {0} language sql stable as $$ select * from {0} $$",
        "() returns table (a text, n bigint) language sql as $$ select {1}::text, count(*) from {0} group by 1 $$",
        "() returns bigint language sql stable begin atomic select count({1}) from {0}; end",
        "(x {0}.{1}%type) returns text language plpgsql as $$ declare r {0}%rowtype; begin return x::text; end $$",
    )
    return f"create or replace function {w.one(['calc', 'of_rows'])}{w.one(bodies).format(table, column)}"


def create_function_of_types(w: World) -> str:
    types = [
        *(e["name"] for e in w.all("enums")),
        *w.all("domains"),
        *w.all("composites"),
        "text",
        "integer[]",
    ]
    bodies = ("language sql immutable as $$ select true $$", "language sql immutable return true")
    return f"create function {w.one(['calc', 'of_types'])}(x {w.one(types)}) returns boolean {w.one(bodies)}"


def use_function(w: World) -> str:
    table, column = w.place()
    call = w.one(["calc", "of_types", "of_rows"]) + f"({w.one([column, 'null', 't'])})"
    uses = (
        "alter table {0} add check ({2} is not null)", "create index on {0} ((({2})::text))",
        "create view v_7 as select {2} as x from {0} as t", "alter table {0} alter column {1} set default {2}",
        "create policy pol_3 on {0} using ({2} is not null)",
        "alter table {0} add column made text generated always as (({2})::text) stored",
    )  # fmt: skip
    return w.one(uses).format(table, column, call.replace("(t)", f"({table.split('.')[-1]}.*)"))


def create_aggregate(w: World) -> str:
    return f"create aggregate {w.new_name(['total', 'Total 2'])}(*) (sfunc = int8inc, stype = int8, initcond = '0')"


def drop_aggregate(w: World) -> str:
    return f"drop aggregate {w.one('aggregates')}{w.cascade()}"


def use_aggregate(w: World) -> str:
    table, _ = w.place()
    return f"create view v_8 as select {w.one('aggregates')} as n from {table}"


def create_cast(w: World) -> str:
    enum = w.one(["text", *(c for c in w.all("composites"))])
    return f"create cast ({enum} as integer[]) with inout"


def change_view(w: World) -> str:
    changes = (
        "set (security_barrier = true)", "reset (security_barrier)", f"set schema {quote(w.one('schemas'))}",
        "rename column id to key", "rename column name to called", "alter column name set default 'x'",
    )  # fmt: skip
    return f"alter view {w.one('views')} {w.one(changes)}"


def create_odd_view(w: World) -> str:
    table, column = w.place()
    kinds = (
        "create recursive view v_9 (n) as values (1) union all select n + 1 from v_9 where n < 5",
        "create view v_10 with (security_barrier) as select {1} from {0} where {1} is not null with local check option",
        "create view v_11 as with t as (select * from {0}) select t.*, row_number() over () as n from t",
        "create view v_12 as select a.{1} as x, b.* from {0} as a left join {0} as b using ({1})",
        "create view v_13 as select {1} from {0} union select {1} from {0} order by 1 limit 5",
        "create or replace view v_1 as select {1} from {0}",
        "create view v_14 as select x.{1}, y.n from {0} as x cross join lateral (select count(*) as n from {0}) as y",
        "create view v_15 (a, b) as select {1}, case when {1} is null then 'x' else 'y' end from {0}",
    )
    return w.one(kinds).format(table, column)


def change_matview(w: World) -> str:
    changes = (
        "alter materialized view {0} rename to m_3", "refresh materialized view {0}",
        "alter materialized view {0} rename column a to b", "comment on materialized view {0} is 'kept'",
        "create unique index mx_3 on {0} (a)", "create view v_16 as select * from {0}",
    )  # fmt: skip
    return w.one(changes).format(w.one("matviews"))


def change_sequence_more(w: World) -> str:
    table, column = w.place()
    changes = (
        "rename to called", f"set schema {quote(w.one('schemas'))}", f"owned by {table}.{column}", "owned by none",
        "as smallint", "restart with 50 cycle",
    )  # fmt: skip
    return f"alter sequence {w.one('sequences')} {w.one(changes)}"


def change_extension(w: World) -> str:
    return f"alter extension {w.one('extensions')} set schema {quote(w.one('schemas'))}"


def create_schema_of_parts(w: World) -> str:
    schema = w.one(SCHEMAS)
    return (
        f"create schema {quote(schema)} create table part (id integer primary key, note text)"
        " create view seen as select id from part create index on part (note)"
    )


def comment_more(w: World) -> str:
    abouts = [f"schema {quote(w.one('schemas'))}", *(f"type {e['name']}" for e in w.all("enums"))]
    abouts += [f"view {v}" for v in w.all("views")] + [f"index {i}" for i in w.all("indexes")]
    abouts += [f"function {f}" for f in w.all("functions")] + [f"sequence {s}" for s in w.all("sequences")]
    return f"comment on {w.one(abouts)} is {w.one(['$$drop table x; it is$$', 'null'])}"


def publish(w: World) -> str:
    return w.one(
        [
            f"create publication pub_1 for table {w.one('tables')['name']}",
            "create publication pub_2 for all tables with (publish = 'insert')",
            f"alter publication pub_1 add table {w.one('tables')['name']}",
            "drop publication if exists pub_1",
        ]
    )


STARTERS: tuple[Maker, ...] = (
    create_enum, create_domain, create_sequence, create_schema, create_function, create_trigger_function,
    create_composite, create_collation, create_configuration, create_extension,
)  # fmt: skip
"""What makes sense where there is no table yet."""

MAKERS: tuple[Maker, ...] = (
    *STARTERS, create_view, create_view_on_view, rebuild_view, drop_view, rename_view, create_matview,
    index_matview, drop_matview, create_procedure, drop_function, use_enum, add_label, rename_label,
    replace_enum, drop_type, change_sequence, drop_sequence, use_sequence, drop_schema, rename_schema, comment,
    change_composite, use_collation, use_configuration, create_operator, use_operator, use_extension,
    drop_extension, create_range, rename_type, use_composite, look_into_composite, change_domain,
    rename_domain_constraint, change_function, create_function_of_rows, create_function_of_types, use_function,
    create_aggregate, drop_aggregate, use_aggregate, create_cast, change_view, create_odd_view, change_matview,
    change_sequence_more, change_extension, create_schema_of_parts, comment_more, publish,
)  # fmt: skip
