"""What is there in a database, and the choices of one example."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from hypothesis import strategies as st

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
        -- not those that come with a range type, whose changes pg_dump leaves out as well
        where p.prokind = 'f'
            and not exists (select from pg_depend as d where d.objid = p.oid and d.deptype = 'i')
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
        select json_agg(
            json_build_array(format('%I.%I', s.nspname, t.typname), k.conname) order by s.nspname, t.typname, k.conname
        )
        from pg_constraint as k join pg_type as t on t.oid = k.contypid join schemas as s on s.oid = t.typnamespace
        where k.contype = 'c'
    ) as domain_constraints,
    (
        select json_agg(json_build_array(r.called, k.called) order by r.called, k.called)
        from relations as r join relations as k on r.relkind = 'p' and k.relkind = 'r' and not k.relispartition
    ) as attachable,
    (
        select json_agg(json_build_array(i.inhparent::regclass::text, i.inhrelid::regclass::text) order by 1)
        from pg_inherits as i join relations as r on r.oid = i.inhrelid
        where r.relkind in ('r', 'p') and r.relispartition
    ) as partitions,
    (
        select array_agg(format('%I.%I(*)', s.nspname, p.proname) order by 1)
        from pg_proc as p join schemas as s on s.oid = p.pronamespace where p.prokind = 'a'
    ) as aggregates,
    (
        select array_agg(format('%I.%I', s.nspname, x.stxname) order by 1)
        from pg_statistic_ext as x join schemas as s on s.oid = x.stxnamespace
    ) as statistics,
    (
        select json_agg(json_build_array(r.called, u.rulename) order by r.called, u.rulename)
        from pg_rewrite as u join relations as r on r.oid = u.ev_class where u.rulename <> '_RETURN'
    ) as rules,
    (
        select array_agg(format('%I.%I', s.nspname, f.cfgname) order by 1)
        from pg_ts_config as f join schemas as s on s.oid = f.cfgnamespace
    ) as configurations,
    (
        select array_agg(format('%I.%I', s.nspname, t.typname) order by 1)
        from pg_type as t join schemas as s on s.oid = t.typnamespace where t.typtype = 'r'
    ) as ranges,
    (select array_agg(e.extname::text order by 1) from pg_extension as e where e.extname <> 'plpgsql') as extensions
"""


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


Maker = Callable[[World], str | tuple[str, ...]]
"""Makes a statement, or several that belong together."""


def literal(text: str) -> str:
    """The text in single quotes."""
    return "'" + text.replace("'", "''") + "'"
