"""The rewriter's cases: what a text of SQL becomes, or why it stays. [H], [V] and [F] stand for the templates."""

from __future__ import annotations

CERTAIN = {
    "in FROM": (
        "select * from pggit.get_history('public.books')",
        "select * from ([H:'public.books', 10]) as get_history",
    ),
    "an alias": (
        "select h.version from pggit.get_history('public.books', 3) h where h.version > 1",
        "select h.version from ([H:'public.books', 3]) h where h.version > 1",
    ),
    "AS and other names of the columns": (
        "select a from pggit.get_history('public.books', 3) as h (a, b) order by a",
        "select a from ([H:'public.books', 3]) as h (a, b) order by a",
    ),
    "named arguments, in another order": (
        "select * from pggit.get_history(p_limit => 2, p_object_name => 'public.books') as h",
        "select * from ([H:'public.books', 2]) as h",
    ),
    "the older sign for named arguments": (
        "select * from pggit.get_history('public.books', p_limit := 2) as h",
        "select * from ([H:'public.books', 2]) as h",
    ),
    "numbered parameters": (
        "select * from pggit.get_history($1, $2) h",
        "select * from ([H:$1, $2]) h",
    ),
    "numbered parameters in another order": (
        "select * from pggit.get_history(p_limit => $1, p_object_name => $2) h",
        "select * from ([H:$2, $1]) h",
    ),
    "question marks": ("select * from pggit.get_version(?) v", "select * from ([V:?]) v"),
    "parameters of psycopg": (
        "select * from pggit.get_history(%s, %s) h",
        "select * from ([H:%s, %s]) h",
    ),
    "named parameters of psycopg": (
        "select * from pggit.get_version(%(name)s) v",
        "select * from ([V:%(name)s]) v",
    ),
    "named parameters with a colon": (
        "select * from pggit.get_history(p_limit => :n, p_object_name => :name) h",
        "select * from ([H::name, :n]) h",
    ),
    "a cast and a concatenation": (
        "select * from pggit.get_version('public.' || $1::text) v",
        "select * from ([V:('public.' || $1::text)]) v",
    ),
    "quoted names and capitals": (
        "select * from \"pggit\".\"get_version\"('public.books') v, PGGIT.Get_Version('public.orders') w",
        "select * from ([V:'public.books']) v, ([V:'public.orders']) w",
    ),
    "after a join": (
        "select * from app.t join pggit.get_version('public.books') v on true",
        "select * from app.t join ([V:'public.books']) v on true",
    ),
    "a column of another item needs LATERAL": (
        "select * from app.t, pggit.get_version(t.name) v where t.id = 1",
        "select * from app.t, lateral ([V:t.name]) v where t.id = 1",
    ),
    "where LATERAL is there already": (
        "select * from app.t cross join lateral pggit.get_version(t.name) as v",
        "select * from app.t cross join lateral ([V:t.name]) as v",
    ),
    "in a CTE": (
        "with h as (select * from pggit.get_history('public.books')) select count(*) from h",
        "with h as (select * from ([H:'public.books', 10]) as get_history) select count(*) from h",
    ),
    "in a subquery": (
        "select 1 where exists (select from pggit.get_version_fast('public.books'))",
        "select 1 where exists (select from ([F:'public.books']) as get_version_fast)",
    ),
    "in an UPDATE's FROM": (
        "update app.t set n = v.version from pggit.get_version('public.books') v where id = 1",
        "update app.t set n = v.version from ([V:'public.books']) v where id = 1",
    ),
    "a column in a SELECT without FROM": (
        "select (pggit.get_version('public.books')).version_string as latest",
        "select get_version.version_string as latest from ([V:'public.books']) as get_version",
    ),
    "all columns in a SELECT without FROM": (
        "select 1 as one, (pggit.get_version('public.books')).*;",
        "select 1 as one, get_version.* from ([V:'public.books']) as get_version;",
    ),
    "a whole row in a SELECT without FROM": (
        "select pggit.get_version('public.books')",
        "select get_version from ([V:'public.books']) as get_version",
    ),
    "two in one statement": (
        "select * from pggit.get_version('public.books') a, pggit.get_version_fast('public.books') b",
        "select * from ([V:'public.books']) a, ([F:'public.books']) b",
    ),
    "a loop of a function, and its variable": (
        "do $$ begin for r in select * from pggit.get_history(v_name, 5) loop null; end loop; end $$",
        "do $$ begin for r in select * from ([H:v_name, 5]) as get_history loop null; end loop; end $$",
    ),
    "comments stay": (
        "select * /* pggit.get_version('x') */ from pggit.get_version('public.books') -- pggit.history",
        "select * /* pggit.get_version('x') */ from ([V:'public.books']) as get_version -- pggit.history",
    ),
}
"""Text, and what it becomes."""

LEFT = {
    "select * from pggit.get_history(p_limit => ?, p_object_name => ?)": "would change their order",
    "select * from pggit.get_history(p_limit => %s, p_object_name => %s)": "would change their order",
    "select * from pggit.get_version(object_name)": "the name object_name",
    "select * from pggit.get_version('public.41012')": "by its oid",
    "select * from pggit.get_version()": "it has no p_object_name",
    "select * from pggit.get_version('a', 'b')": "are not those of the function",
    "select * from pggit.get_version(p_name => 'a')": "are not those of the function",
    "select * from pggit.get_version(variadic array['a'])": "are not those of the function",
    "select * from pggit.get_version(pggit.version())": "uses v1 itself",
    "select t.id, (pggit.get_version(t.name)).version from app.t": "move it to FROM",
    "select (pggit.get_version('a.b')).version, (pggit.get_version('a.b')).version_string": "several functions",
    "select count(pggit.get_version('a.b'))": "not an item of FROM",
    "select * from rows from (pggit.get_version('a.b')) v": "not an item of FROM",
    "select * from pggit.get_version('a.b') with ordinality": "WITH ORDINALITY",
    "perform pggit.get_version('a.b')": "not an item of FROM",
    "call pggit.get_version('a.b')": "not an item of FROM",
    "select extract(year from pggit.get_version('a.b'))": "not an item of FROM",
    "select 1 is distinct from pggit.get_version('a.b')": "not an item of FROM",
    "select * from pggit.get_version('a.b'": "not closed",
    "do $$ begin execute 'select * from pggit.get_version(' || quote_literal(x) || ')'; end $$": "from strings",
    "select format('select * from pggit.get_version(%L)', x)": "from strings",
}
"""Text that stays as it is, and the reason given."""

OTHERS = {
    "select * from pggit.history h join pggit.objects o on h.object_id = o.id": [
        ("history", "by_hand"),
        ("objects", "by_hand"),
    ],
    "insert into pggit.history (id) values (1)": [("history", "writer")],
    "update pggit.objects set version = 1": [("objects", "writer")],
    "delete from only pggit.history": [("history", "writer")],
    "truncate table pggit.history": [("history", "writer")],
    "copy pggit.history from stdin": [("history", "writer")],
    "copy pggit.history (id) to stdout": [("history", "by_hand")],
    "merge into pggit.objects o using x on true when matched then delete": [("objects", "writer")],
    "drop function pggit.get_version(text)": [("get_version", "writer")],
    "create or replace view pggit.mine as select 1": [("mine", "writer")],
    "select pggit.pause_tracking(), pggit.version()": [("pause_tracking", "writer"), ("version", "by_hand")],
    "select pggit.prometheus_metrics()": [("prometheus_metrics", "goes_away")],
    "select pggit.of_our_own(1) from pggit.our_table": [
        ("of_our_own", "unknown_call"),
        ("our_table", "unknown_call"),
    ],
    "select 'TABLE'::pggit.object_type, cast(x as pggit.change_type)": [
        ("object_type", "by_hand"),
        ("change_type", "by_hand"),
    ],
    "select 'pggit.history'::regclass": [("history", "by_hand")],
    "create table app.x (id integer references pggit.objects (id))": [("objects", "by_hand")],
    "select * from pggit.history h for update of h": [("history", "by_hand")],
}
"""Text, and what it uses: name and class of each."""

NOTHING = [
    "select 1 -- pggit.get_version('x')",
    "select /* pggit.history */ 'pggit.history is no more', 'we read pggit.get_version() daily'",
    "select pggit.title from books as pggit where pggit.id = 1",
    "select other.pggit.history from other",
    "select mypggit.history('x'), pggit_audit.history()",
    "comment on view v is 'from pggit.history'",
]
"""Text that uses nothing of v1, though it looks like it."""
