"""Statements about tables and what belongs to them. Each makes one, or several that belong together."""

from __future__ import annotations

from fuzz.world import COLUMNS, RELATIONS, Maker, World, literal
from pggit_audit.statements import quote


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


def create_trigger(w: World) -> str:
    when = w.one(["before insert", "after update"])
    table, function = w.one("tables")["name"], w.one("trigger_functions")
    return f"create trigger trg_{w.number(2)} {when} on {table} for each row execute function {function}()"


def drop_trigger(w: World) -> str:
    table, trigger = w.with_some("triggers")
    return f"drop trigger {trigger} on {table}"


def create_statistics(w: World) -> str:
    table = w.one([t for t in w.all("tables") if len(t["columns"] or []) > 1])
    one, two = (quote(c["name"]) for c in table["columns"][:2])
    return f"create statistics {w.new_name(['st_1', 'St 2'])} (dependencies) on {one}, {two} from {table['name']}"


def create_rule(w: World) -> str:
    commands = w.one(["nothing", "(select 1; select 2)"])
    return f"create rule rule_{w.number(2)} as on delete to {w.one('tables')['name']} do instead {commands}"


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


def create_like(w: World) -> str:
    what = w.one(["all", "defaults including constraints", "indexes", "identity including generated"])
    return f"create table {w.new_name(RELATIONS)} (like {w.one('tables')['name']} including {what})"


def swap_tables(w: World) -> tuple[str, ...]:
    table = w.one("tables")
    name, old = table["name"], quote(table["bare"] + "_old")
    made = f"create table {name} (like {quote(table['schema'])}.{old} including all)"
    return f"alter table {name} rename to {old}", made, f"drop table {quote(table['schema'])}.{old}"


def create_partition(w: World) -> str:
    parent = w.one([t for t in w.all("tables") if t["partitioned"]])["name"]
    year = 2030 + w.number(3)
    bounds = w.one(["default", f"for values from ('{year}-01-01') to ('{year}-07-01')"])
    return f"create table {w.new_name(['part_3', 'Part 4'])} partition of {parent} {bounds}"


def create_listed(w: World) -> str:
    how = w.one(["list (kind)", "hash (id)", "range (id, kind)", "list ((lower(kind)))"])
    return (
        f"create table {w.new_name(RELATIONS)} (id integer not null, kind text, at date) partition by {how}"
    )


def detach_partition(w: World) -> str:
    parent, child = w.one("partitions")
    return f"alter table {parent} detach partition {child}"


def attach_partition(w: World) -> str:
    parent, child = w.one("attachable")
    year = 2040 + w.number(3)
    return (
        f"alter table {parent} attach partition {child} for values from ('{year}-01-01') to ('{year}-07-01')"
    )


def change_table(w: World) -> str:
    changes = (
        "set unlogged", "set logged", "set (fillfactor = 70)", "reset (fillfactor)", "replica identity full",
        "replica identity nothing", "disable trigger all", "set with oids", "owner to alice", "cluster on ix_1",
    )  # fmt: skip
    return f"alter table {w.one('tables')['name']} {w.one(changes)}"


def change_several(w: World) -> str:
    table, column = w.place()
    one, two = (quote(name) for name in [*w.some(COLUMNS, 2), "more"][:2])
    return (
        f"alter table {table} add column {w.definition_of(one)}, alter column {column} set not null,"
        f" add constraint {quote('both of')} check ({column} is not null or {one} is not null), add column {two} text"
    )


def drop_several(w: World) -> str:
    names = w.some([t["name"] for t in w.all("tables")] or ["nothing"], 3)
    return f"drop table if exists {', '.join(names)}, not_there{w.cascade()}"


def add_generated(w: World) -> str:
    table, column = w.place()
    name = quote(w.one(["made", "Made 2"]))
    return f"alter table {table} add column {name} text generated always as (upper({column}::text)) stored"


def drop_expression(w: World) -> str:
    return f"alter table {w.one('tables')['name']} alter column made drop expression if exists"


def change_identity(w: World) -> str:
    table, column = w.place()
    changes = (
        "add generated always as identity", "add generated by default as identity (start 100 cache 5)",
        "drop identity if exists", "set generated by default", "set increment by 5", "set storage external",
        "set compression pglz", "set default 5", "set (n_distinct = 5)",
    )  # fmt: skip
    return f"alter table {table} alter column {column} {w.one(changes)}"


def add_exclusion(w: World) -> str:
    # From 17 on partitioned tables may have one, and no script makes it anew (FIDELITY).
    found = w.one([t for t in w.all("tables") if not t["partitioned"]])
    table, column = found["name"], w.column_of(found)
    more = w.one(["", " where (true)", " deferrable initially deferred"])
    return f"alter table {table} add {w.one(['', 'constraint excl_1 '])}exclude using btree ({column} with =){more}"


def add_key(w: World) -> str:
    table, column = w.place()
    kinds = (
        "unique nulls not distinct ({0})", "unique ({0}) include ({0})", "unique ({0}) deferrable",
        "unique using index ix_1", "primary key using index ix_3", "check ({0} is not null) no inherit",
    )  # fmt: skip
    return f"alter table {table} add {w.one(['', 'constraint rule_5 '])}{w.one(kinds).format(column)}"


def change_constraint(w: World) -> str:
    table, constraint = w.with_some("constraints")
    changes = ("validate constraint {0}", "alter constraint {0} deferrable initially deferred")
    return f"alter table {table} {w.one(changes).format(constraint)}"


def create_trigger_of_more(w: World) -> str:
    table, column = w.place()
    kinds = (
        ("trigger trg_3 before update of {1} on {0} for each row when (old.* is distinct from new.*)", ""),
        ("constraint trigger trg_4 after insert on {0} deferrable initially deferred for each row", ""),
        (
            "trigger trg_5 after update on {0} referencing old table as o new table as n for each statement",
            "",
        ),
        ("or replace trigger trg_1 before insert on {0} for each row", "'a', 'b''c'"),
    )
    kind, arguments = w.one(kinds)
    function = f"{w.one('trigger_functions')}({arguments})"
    return f"create {kind.format(table, column)} execute function {function}"


def change_trigger(w: World) -> str:
    table, trigger = w.with_some("triggers")
    changes = (
        "alter trigger {1} on {0} rename to called", "alter table {0} disable trigger {1}",
        "alter table {0} enable always trigger {1}", "comment on trigger {1} on {0} is 'said'",
    )  # fmt: skip
    return w.one(changes).format(table, trigger)


def create_odd_index(w: World) -> str:
    table, column = w.place()
    kinds = (
        "create index concurrently if not exists ix_5 on {0} ({1})", "create index on {0} using hash ({1})",
        "create unique index ix_6 on {0} ({1}) include ({1})", "create index on {0} ({1} text_pattern_ops)",
        "create index ix_7 on only {0} ({1})",
        "create index on {0} (coalesce({1}::text, ''), {1}) with (fillfactor = 60)",
        "create index if not exists ix_1 on {0} (lower({1}::text)) where {1} is not null",
    )  # fmt: skip
    return w.one(kinds).format(table, column)


def change_index(w: World) -> str:
    changes = ("set (fillfactor = 80)", "alter column 1 set statistics 200", "rename to ix_8")
    return f"alter index {w.one('indexes')} {w.one(changes)}"


def change_policy(w: World) -> str:
    table, policy = w.with_some("policies")
    changes = ("rename to called", "using (false)", "to alice", "with check (true)")
    return f"alter policy {policy} on {table} {w.one(changes)}"


def change_rule(w: World) -> str:
    table, rule = w.one("rules")
    changes = (
        "drop rule {1} on {0}", "alter rule {1} on {0} rename to called", "alter table {0} disable rule {1}",
    )  # fmt: skip
    return w.one(changes).format(table, quote(rule))


def change_statistics(w: World) -> str:
    changes = (
        "drop statistics {0}", "alter statistics {0} rename to called", "alter statistics {0} set statistics 50",
    )  # fmt: skip
    return w.one(changes).format(w.one("statistics"))


def create_in_path(w: World) -> tuple[str, ...]:
    schema = quote(w.one("schemas"))
    create = f"create table {quote(w.one(RELATIONS))} (id integer primary key, {w.new_column()})"
    return f"set search_path to {schema}, public", create, "reset search_path"


def change_in_block(w: World) -> str:
    table, column = w.place()
    bodies = (
        "if exists (select from {0}) then alter table {0} add z integer; else alter table {0} add y integer; end if;",
        "for i in 1..2 loop execute format('alter table {0} add column c%s integer', i); end loop;",
        "alter table {0} rename column {1} to other; alter table {0} rename column other to {1};",
        "begin alter table {0} drop gone; exception when others then alter table {0} add saved text; end;",
        "perform 1; create table if not exists from_block (id integer); create index on from_block (id);",
    )
    return f"do $do$ begin {w.one(bodies).format(table, column)} end $do$"


def insert_row(w: World) -> str:
    return f"insert into {w.one('tables')['name']} default values"


STARTERS: tuple[Maker, ...] = (
    create_table, create_table_as, create_partitions, create_table_in_block,
)  # fmt: skip
"""What makes sense where there is no table yet."""

MAKERS: tuple[Maker, ...] = (
    *STARTERS, drop_table, recreate_table, rename_table, move_table, add_column, drop_column, rename_column,
    change_type, change_column, change_twice, add_constraint, add_reference, drop_constraint,
    rename_constraint, create_index, drop_index, rename_index, create_trigger, drop_trigger, create_policy,
    drop_policy, secure_table, insert_row, create_heir, disinherit, inherit, create_typed_table, untype_table,
    create_statistics, create_rule, name_not_null, create_virtual, create_like, swap_tables, create_partition,
    create_listed, detach_partition, attach_partition, change_table, change_several, drop_several,
    add_generated, drop_expression, change_identity, add_exclusion, add_key, change_constraint,
    create_trigger_of_more, change_trigger, create_odd_index, change_index, change_policy, change_rule,
    change_statistics, create_in_path, change_in_block,
)  # fmt: skip
