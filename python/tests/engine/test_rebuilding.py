"""The script of a commit in an empty database: what it makes, what is excused, and what follows where it fails."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from building import NOON, Scratch, Version, new_database
from building import definitions as read
from helpers import Session

from pggit_audit import models
from pggit_audit.catalog import INVALID, DatabaseObject
from pggit_audit.definitions import without_order
from pggit_audit.expressions import lasting, read_again
from pggit_audit.rebuilding import definitions, is_emptied, reads_alike, rebuild
from pggit_audit.replay import reconciliation
from pggit_audit.shadow import Shadow, open_shadow
from pggit_audit.trusted import Privileged

PUBLIC = "CREATE SCHEMA IF NOT EXISTS public;"
TABLE = "CREATE TABLE public.t (\n    id integer\n);"


def test_a_script_makes_what_its_tree_holds(shadow: Shadow) -> None:
    tree = {"public": PUBLIC, "public.t": TABLE}
    assert rebuild(shadow, f"{PUBLIC}\n{TABLE}", tree) == []
    assert definitions(shadow) == tree
    assert is_emptied(shadow)
    assert definitions(shadow) == {"public": PUBLIC}


def test_what_the_role_may_not_make_is_excused_and_what_needs_it(shadow: Shadow) -> None:
    """And all else is made."""
    wrapper = "CREATE ACCESS METHOD heap_of_ours TYPE TABLE HANDLER heap_tableam_handler;"
    stored = "CREATE TABLE public.stored (\n    id integer\n) USING heap_of_ours;"
    policy = "CREATE POLICY p ON public.t TO nobody_of_that_name USING (true);"
    tree = {
        "public": PUBLIC,
        "public.t": TABLE,
        "heap_of_ours": wrapper,
        "public.stored": stored,
        "p on public.t": policy,
    }
    failures = rebuild(shadow, "\n".join(tree.values()), tree)
    assert {f.path: f.is_excused for f in failures} == {
        "heap_of_ours": True,
        "public.stored": True,
        "p on public.t": True,
    }
    assert definitions(shadow) == {"public": PUBLIC, "public.t": TABLE}


def test_the_script_of_a_large_schema_is_read_all_the_same(shadow: Shadow) -> None:
    """It has more than a million characters, of which one statement cannot be run here."""
    wrapper = "CREATE ACCESS METHOD heap_of_ours TYPE TABLE HANDLER heap_tableam_handler;"
    columns = ",\n    ".join(f"1 AS {'c' * 50}_{n}" for n in range(1500))
    comment = "\nCOMMENT ON VIEW public.v{} IS 'one;\n\n two';"
    views = {
        f"public.v{n}": f"CREATE VIEW public.v{n} AS\n SELECT {columns};{comment.format(n)}"
        for n in range(12)
    }
    tree = {"public": PUBLIC, "heap_of_ours": wrapper, **views}
    failures = rebuild(shadow, "\n\n".join(tree.values()), tree)
    assert [(f.path, f.is_excused) for f in failures] == [("heap_of_ours", True)]
    assert definitions(shadow) == {"public": PUBLIC, **views}


def test_a_rule_that_returns_less_than_its_view_is_excused(shadow: Shadow) -> None:
    """Not one that fails for anything else."""
    view = "CREATE VIEW public.v AS\n SELECT id,\n    1 AS one\n   FROM public.t;"
    made = "CREATE RULE {0} AS\n    ON INSERT TO public.v DO INSTEAD  INSERT INTO public.t (id)"
    rule = f"{made}\n  VALUES (new.{{1}})\n  RETURNING t.id;"
    tree = {"public": PUBLIC, "public.t": TABLE, "public.v": view}
    tree |= {f"{name} on public.v": rule.format(name, column) for name, column in (("r", "id"), ("s", "two"))}
    failures = rebuild(shadow, "\n".join(tree.values()), tree)
    assert {f.path: f.is_excused for f in failures} == {"r on public.v": True, "s on public.v": False}


def test_the_index_of_a_key_is_excused_with_its_table(shadow: Shadow) -> None:
    method = "CREATE ACCESS METHOD heap_of_ours TYPE TABLE HANDLER heap_tableam_handler;"
    table = (
        'CREATE TABLE public."T" (\n    id integer NOT NULL\n) USING heap_of_ours;\n'
        'ALTER TABLE ONLY public."T" ADD CONSTRAINT "T_pkey" PRIMARY KEY (id);'
    )
    index = 'CREATE UNIQUE INDEX "T_pkey" ON public."T" USING btree (id);'
    tree = {"public": PUBLIC, "heap_of_ours": method, 'public."T"': table, 'public."T_pkey"': index}
    failures = rebuild(shadow, "\n".join([PUBLIC, method, table]), tree)
    assert {f.path: f.is_excused for f in failures} == {
        "heap_of_ours": True, 'public."T"': True, 'public."T_pkey"': True,
    }  # fmt: skip


def test_a_leakproof_routine_is_made_where_the_build_may_say_so(shadow: Shadow) -> None:
    """And its word in other places is no privilege."""
    function = (
        "CREATE OR REPLACE FUNCTION public.leakproof(leakproof integer)\n RETURNS boolean\n LANGUAGE sql\n"
        " IMMUTABLE LEAKPROOF\nAS $function$select leakproof > 0$function$;"
    )
    other = function.replace(" LEAKPROOF", "").replace("integer)", "bigint)")
    tree = {"public": PUBLIC, "public.leakproof(integer)": function, "public.leakproof(bigint)": other}
    assert rebuild(shadow, "\n".join(tree.values()), tree) == []
    assert definitions(shadow) == tree


def test_what_uses_a_schema_of_others_is_excused_and_what_needs_it(shadow: Shadow) -> None:
    shadow.hidden = ["pggit"]
    of_v1 = "CREATE VIEW public.versions AS\n SELECT h.version FROM pggit.get_history('public.t'::text) h(version);"
    on_it = "CREATE VIEW public.latest AS\n SELECT max(versions.version) AS max FROM public.versions;"
    wrong = "CREATE VIEW public.v AS\n SELECT pggit.x FROM public.t pggit;"
    tree = {
        "public": PUBLIC,
        "public.t": TABLE,
        "public.versions": of_v1,
        "public.latest": on_it,
        "public.v": wrong,
    }
    failures = rebuild(shadow, "\n".join(tree.values()), tree)
    assert {f.path: f.is_excused for f in failures} == {
        "public.versions": True, "public.latest": True, "public.v": False,
    }  # fmt: skip


def test_what_calls_an_altered_routine_of_an_extension_is_excused(server_version: Version) -> None:
    extension = "CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;"
    table = "CREATE TABLE public.t (\n    v public.vector(3),\n    at timestamp with time zone\n);"
    index = "CREATE INDEX i ON public.t USING btree (public.vector_norm(v));"
    wrong = "CREATE INDEX j ON public.t USING btree (date(at));"
    tree = {"public": PUBLIC, "vector": extension, "public.t": table, "public.i": index, "public.j": wrong}
    with open_shadow(server_version.params, hidden=(), live=Privileged({"vector": "public"})) as shadow:
        if not shadow.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        assert rebuild(shadow, f"{extension}\n{table}", tree) == []
        # As some extensions say of theirs: this one has none.
        shadow.run("alter function public.vector_norm(public.vector) stable")
        failures = rebuild(shadow, f"{index}\n{wrong}", tree)
    assert {f.path: f.is_excused for f in failures} == {"public.i": True, "public.j": False}


def test_an_exclusion_that_no_server_attaches_is_excused(server_version: Version) -> None:
    """An index that does not fit another one is not."""
    table = "CREATE TABLE public.{} (\n    on_day date\n){};".format
    parts = [
        table("t", " PARTITION BY RANGE (on_day)"),
        table("p", ""),
        "ALTER TABLE ONLY public.t ATTACH PARTITION public.p FOR VALUES FROM ('2024-01-01') TO ('2025-01-01');",
        "CREATE INDEX i ON ONLY public.t USING btree (on_day);",
        "CREATE INDEX i_p ON public.p USING hash (on_day);",
    ]
    exclusion = "ALTER TABLE ONLY public.{0} ADD CONSTRAINT {0}_x EXCLUDE USING btree (on_day WITH =);".format
    attached = "ALTER INDEX public.{} ATTACH PARTITION public.{};".format
    wrong, excused = attached("i", "i_p"), attached("t_x", "p_x")
    tree = {"public": PUBLIC, "public.i_p": wrong, "public.p_x": excused}
    with open_shadow(server_version.params, hidden=()) as shadow:
        assert rebuild(shadow, "\n".join(parts), tree) == []
        try:
            shadow.run(exclusion("t"))
        except psycopg.Error:
            pytest.skip("before PostgreSQL 17 no partitioned table has an exclusion constraint")
        shadow.run(exclusion("p"))
        failures = rebuild(shadow, f"{wrong}\n{excused}", tree)
    assert {f.path: f.is_excused for f in failures} == {"public.i_p": False, "public.p_x": True}


def test_an_heir_of_parents_that_store_a_column_otherwise_is_excused(shadow: Shadow) -> None:
    parents = [
        f"CREATE TABLE public.{name} (\n    doc text\n);\n"
        f"ALTER TABLE ONLY public.{name} ALTER COLUMN doc SET STORAGE {how};"
        for name, how in (("p1", "MAIN"), ("p2", "EXTERNAL"))
    ]
    heir = "CREATE TABLE public.kid () INHERITS (public.p1, public.p2);"
    tree = {"public": PUBLIC, "public.p1": parents[0], "public.p2": parents[1], "public.kid": heir}
    assert {f.path: f.is_excused for f in rebuild(shadow, "\n".join(tree.values()), tree)} == {
        "public.kid": True
    }


def test_an_heir_of_another_type_than_its_parents_is_not_excused(shadow: Shadow) -> None:
    parents = [
        f"CREATE TABLE public.{name} (\n    doc {kind}\n);"
        for name, kind in (("p1", "text"), ("p2", "integer"))
    ]
    of_two = "CREATE TABLE public.kid () INHERITS (public.p1, public.p2);"
    of_one = "CREATE TABLE public.own (\n    doc date\n) INHERITS (public.p1);"
    tree = {"public": PUBLIC, "public.p1": parents[0], "public.p2": parents[1]}
    tree |= {"public.kid": of_two, "public.own": of_one}
    assert {f.path: f.is_excused for f in rebuild(shadow, "\n".join(tree.values()), tree)} == {
        "public.kid": False,
        "public.own": False,
    }


def test_a_routine_that_an_extension_brings_again_is_excused(server_version: Version) -> None:
    """It was taken out of the extension once, and is one of its own in the tree."""
    extension = "CREATE EXTENSION IF NOT EXISTS vector WITH SCHEMA public;"
    path = "public.vector_norm(public.vector)"
    tree = {
        "public": PUBLIC,
        "vector": extension,
        path: "CREATE OR REPLACE FUNCTION public.vector_norm(vector) …",
    }
    with open_shadow(server_version.params, hidden=(), live=Privileged({"vector": "public"})) as shadow:
        if not shadow.query("select 1 from pg_available_extensions where name = 'vector'"):
            pytest.skip("the embedded server came without its one extension")
        failures = rebuild(shadow, extension, tree)
    assert {f.path: f.is_excused for f in failures} == {path: True}


def test_what_is_wrong_is_not_excused(shadow: Shadow) -> None:
    wrong = "CREATE VIEW public.v AS\n SELECT missing FROM public.t;"
    tree = {"public": PUBLIC, "public.t": TABLE, "public.v": wrong}
    (failure,) = rebuild(shadow, "\n".join(tree.values()), tree)
    assert (failure.path, failure.is_excused) == ("public.v", False)
    assert "missing" in failure.message


@pytest.mark.parametrize(
    "expression",
    [
        "a between 1 and 2 and b",
        "a between 1 and 2 and b and c between 3 and 4",
        "a not between 1 and 2 or b",
        "b and a between 1 and 2",
        "a between symmetric 2 and 1 or b or not b",
        "note = '((a) AND (b)) AND ' and a between 1 and 2 and b",
        "case when a between 1 and 2 and b then a in (1, 2) and b else (a = 1 or b) and b end",
        "(a, c) = (1, 2) and b",
        "word in ('a', 'it''s') or word not in ('(ARRAY[', ')::text[]') and b",
        "word = any (array[other, 'a'])",
        "word = any (array[other, word])",
        "word = any (array['a'::varchar(3), 'b'::varchar(3)])",
        "word = any (array[other::varchar, 'a'])",
        "array[array[word, 'x'], array[other, 'y']]::text[] <> '{}'",
        "array[1, 2]::bigint[] @> array[a]::bigint[]",
    ],
)
def test_an_expression_reads_the_same_after_each_round_trip(expression: str, scratch: Scratch) -> None:
    columns = "a integer, b boolean, c integer, note text, word varchar(20), other varchar(3)"
    script = f"create table t ({columns}, check ({expression}), d boolean default true);"
    first = scratch.definitions(script + f"create view v as select a from t where {expression};")
    again = scratch.definitions("\n".join(v for k, v in first.items() if k != "public"))
    assert again == first
    assert scratch.definitions("\n".join(v for k, v in again.items() if k != "public")) == first


@pytest.mark.parametrize(
    ("printed", "kept", "restored"),
    [
        (
            "(s = ANY ((ARRAY['a'::character varying, (b)::character varying])::text[]))",
            "(s = ANY ((ARRAY['a'::character varying, (b)::character varying]::character varying[])::text[]))",
            "(s = ANY (ARRAY[('a'::character varying)::text, ((b)::character varying)::text]))",
        ),
        (
            "(s = ANY ((ARRAY[t, u])::text[]))",
            "(s = ANY (ARRAY[(t)::text, (u)::text]))",
            "(s = ANY (ARRAY[(t)::text, (u)::text]))",
        ),
        (
            "((((a > 1) AND (a < 3)) AND (b)) AND (c))",
            "((((a > 1) AND (a < 3))::boolean AND (b))::boolean AND (c))",
            "((a > 1) AND (a < 3) AND (b) AND (c))",
        ),
        (
            'CREATE VIEW s.v AS\n SELECT "*VALUES*".column1,\n    "*VALUES*".column2 AS "b, c"\n'
            "   FROM (VALUES (1,') \"*VALUES*\";'::text)) \"*VALUES*\";\nCOMMENT ON VIEW s.v IS 'x';",
            "CREATE VIEW s.v (column1, \"b, c\") AS\n VALUES (1,') \"*VALUES*\";'::text);\nCOMMENT ON VIEW s.v IS 'x';",
            'CREATE VIEW s.v AS\n SELECT column1,\n    column2 AS "b, c"\n'
            "   FROM ( VALUES (1,') \"*VALUES*\";'::text)) \"*VALUES*\";\nCOMMENT ON VIEW s.v IS 'x';",
        ),
        (
            "(ROW(a, 'ROW(NULL::t)::t', ROW(1, NULL::text)::s.\"u v\", NULL::character(5))::s.t <> ROW(b, NULL::text))",
            "(ROW(a, 'ROW(NULL::t)::t', ROW(1, NULL)::s.\"u v\", NULL)::s.t <> ROW(b, NULL::text))",
            "(ROW(a, 'ROW(NULL::t)::t', ROW(1, NULL)::s.\"u v\", NULL)::s.t <> ROW(b, NULL::text))",
        ),
    ],
)
def test_an_expression_is_kept_as_it_is_held_and_known_when_it_was_restored(
    printed: str, kept: str, restored: str
) -> None:
    assert lasting(printed) == kept
    assert lasting(kept) == kept
    assert read_again(kept) == restored
    assert read_again(lasting(restored)) == restored


@pytest.mark.parametrize("change", [lasting, read_again])
def test_bodies_are_left_alone(change: Callable[[str], str]) -> None:
    within = "(((a = 1) AND (b = 2)) AND (c = ANY ((ARRAY['a'::character varying])::text[])))"
    body = f"AS $f$ select {within} $f$; select '{within.replace(chr(39), chr(39) * 2)}'"
    assert change(body) == body


def test_a_named_column_before_the_end_of_an_unfilled_view_is_read_at_once() -> None:
    """There is one way to read its type; 2 to the power of its length were tried."""
    column = "NULL::character varying AS " + "the_organisation_that_it_belongs_to"
    view = f"CREATE MATERIALIZED VIEW public.v AS\n SELECT {column}\n  WITH NO DATA;"
    assert lasting(view) == view
    quoted = "CREATE VIEW public.v AS\n SELECT t.x::" + '"' + 40 * '""' + '" AS b\n   FROM t\n  ORDER BY 1;'
    assert lasting(quoted) == quoted


def _execution(version: int, statement: str, name: str = "t") -> dict[str, Any]:
    return {
        "version_id": version,
        "branch_name": "main",
        "execution_no": version,
        "object_type": "TABLE",
        "object_schema": "public",
        "object_name": name,
        "change_type": statement.split()[0].upper(),
        "change_severity": None,
        "change_sql": statement,
        "change_description": None,
        "recorded_columns": None,
        "recorded_oid": None,
        "transaction_no": None,
        "created_at": NOON,
        "author": "ann",
        "exclusion_reason": None,
    }


def test_where_a_published_schema_cannot_be_rebuilt_the_walk_begins_with_the_first_row(
    server_version: Version, scratch: Scratch
) -> None:
    """Only what is new comes out, it goes on from what is published, and a finding says so."""
    published = {
        "public": PUBLIC,
        "public.t": TABLE,
        "public.odd": "CREATE TABLE public.odd (\n    id oddity\n);",
    }
    truth = "create table t (id integer, n integer)"
    live = [
        {
            name: getattr(found, name)
            for name in ("object_identity", "object_type", "object_schema", "object_name")
        }
        | {"definition": found.definition}
        for found in scratch.objects(truth)
    ]
    session = Session(server_version.params)
    events = models.replay_events(
        executions=[_execution(2, "alter table t add n integer") | {"execution_no": 1}],
        published_executions=[_execution(1, "create table t (id integer)")],
        branches=[{"branch_name": "main", "parent_branch_name": None, "fork_version_id": None}],
        bases=[
            {
                "branch_name": "main",
                "commit_sha": "c" * 64,
                "is_published": True,
                "schema_ddl": "\n".join(published.values()),
            }
        ],
        base_objects=[
            {"branch_name": "main", "object_identity": path, "object_type": "TABLE", "object_schema": "public",
             "object_name": path.removeprefix("public."), "definition": definition}
            for path, definition in published.items()
        ],
        routines=[],
        live_objects=live,
        session=session,
        shadow="target",
        hidden_schemas=(),
    )  # fmt: skip
    told = [(e["origin"], e["v1_version_id"], e["change_type"], e["object_identity"]) for e in events]
    assert told == [("v1", 2, "ALTER", "public.t"), ("inferred", None, "DROP", "public.odd")]
    assert events[0]["old_definition"] == TABLE
    assert [f["code"] for f in events[0]["findings"]] == ["replayed_from_first_row"]
    assert any("first row" in said for said in session.said)


def test_an_invalid_index_is_a_finding(server_version: Version) -> None:
    found = DatabaseObject(
        0,
        0,
        "INDEX",
        "public",
        "i",
        "public.i",
        f"{INVALID}it was not built.\n-- CREATE INDEX i ON public.t (id);",
    )
    (event,) = reconciliation("main", {}, {}, {"public.i": found})
    assert [f["code"] for f in event.findings] == ["invalid_index"]
    with new_database(server_version) as connection:
        connection.execute("create table t (id text); insert into t values ('1'), ('1')")
        with pytest.raises(Exception, match="duplicat"):
            # For the server a comment ends at a carriage return as well.
            connection.execute(
                "create unique index concurrently i on t ((id || E'\r; create table x (); --'))"
            )
        assert read(connection)["public.i"].startswith(INVALID)
        assert all(line.startswith("--") for line in read(connection)["public.i"].splitlines())


@pytest.mark.parametrize(
    ("kind", "tail"),
    [("VIEW", ""), ("MATERIALIZED VIEW", "\n  WITH NO DATA"), ("VIEW", ";\nCOMMENT ON VIEW public.v IS 'x'")],
)
def test_a_query_that_is_printed_otherwise_after_each_reading(kind: str, tail: str, shadow: Shadow) -> None:
    """The columns of a function's rows: PostgreSQL names those that there were, and adds those that came since."""
    make = "create function rows_of() returns setof t language sql as 'select * from t';"
    view = f"create {kind} v as select id from rows_of();"
    comment = "comment on view v is 'x';" if "COMMENT" in tail else ""
    shadow.run(f"create table t (id integer); {make} {view} {comment} alter table t add column n integer;")
    tree = definitions(shadow)
    assert is_emptied(shadow)
    assert (
        rebuild(
            shadow, "\n".join(tree[p] for p in ("public", "public.t", "public.rows_of()", "public.v")), tree
        )
        == []
    )
    assert definitions(shadow)["public.v"] != tree["public.v"]
    assert reads_alike(shadow, "public.v", tree["public.v"])
    other = (
        tree["public.v"]
        .replace("rows_of.id", "rows_of.id + 1 AS id")
        .replace("SELECT id", "SELECT id + 1 AS id")
    )
    assert other != tree["public.v"]
    assert not reads_alike(shadow, "public.v", other)
    assert not reads_alike(shadow, "public.v", tree["public.v"] + "\nCOMMENT ON VIEW public.v IS 'y';")


def test_inherited_columns_come_first_wherever_they_were(shadow: Shadow) -> None:
    shadow.run(
        "create table base (id integer); create table heir (x integer) inherits (base);"
        " alter table heir add column y integer; alter table base add column y integer"
    )
    # as a server before 16 has it, which cannot be told their order
    tree = {path: without_order(definition) for path, definition in definitions(shadow).items()}
    assert is_emptied(shadow)
    assert rebuild(shadow, "\n".join(tree[p] for p in ("public", "public.base", "public.heir")), tree) == []
    assert definitions(shadow)["public.heir"] != tree["public.heir"]
    assert reads_alike(shadow, "public.heir", tree["public.heir"])
    assert not reads_alike(shadow, "public.heir", tree["public.heir"].replace("x integer", "x bigint"))
    assert not reads_alike(shadow, "public.heir", tree["public.heir"].replace("    x integer,\n", ""))


def test_an_aggregate_with_a_state_of_the_servers_own_is_excused(shadow: Shadow) -> None:
    name = "public.med(double precision ORDER BY double precision)"
    make = "CREATE AGGREGATE " + name + " (\n    SFUNC = {0},\n    STYPE = {1}\n);"
    for state, excused in (("internal", True), ("nothing", False)):
        tree = {
            "public": PUBLIC,
            "public.med(double precision)": make.format("ordered_set_transition", state),
        }
        (failure,) = rebuild(shadow, "\n".join(tree.values()), tree)
        assert (failure.path, failure.is_excused) == ("public.med(double precision)", excused)


def test_what_a_restored_database_prints_otherwise_is_no_change_in_doubt() -> None:
    ours, other = (
        f"CREATE DOMAIN public.d AS text CHECK ((VALUE = ANY ({listed})));"
        for listed in (
            "(ARRAY['a'::character varying]::character varying[])::text[]",
            "ARRAY[('b'::character varying)::text]",
        )
    )
    for theirs, fidelity, rules in (
        (read_again(ours), "exact", []),
        (other, "repaired", ["reconcile"]),
    ):
        live = DatabaseObject(1247, 1, "TYPE", "public", "d", "public.d", theirs)
        (event,) = reconciliation("main", {"public.d": ours}, {}, {"public.d": live})
        assert (event.new_definition, event.fidelity) == (theirs, fidelity)
        assert [r["rule"] for r in event.repairs] == rules


CIRCLE = {
    "public.p()": "CREATE OR REPLACE FUNCTION public.p()\n RETURNS integer\n LANGUAGE sql\nBEGIN ATOMIC\n"
    " SELECT public.q() AS q;\nEND\n;",
    "public.q()": "CREATE OR REPLACE FUNCTION public.q()\n RETURNS integer\n LANGUAGE sql\nBEGIN ATOMIC\n"
    " SELECT public.p() AS p;\nEND\n;",
    "public.h(a integer DEFAULT public.h(1))": "CREATE OR REPLACE FUNCTION public.h(a integer DEFAULT public.h(1))\n"
    " RETURNS integer\n LANGUAGE sql\nAS $function$select 1$function$\n;",
}


def test_what_needs_each_other_is_excused(shadow: Shadow) -> None:
    """A history makes it by replacing one of them; no script does, and none of it may end a build."""
    tree = {"public": PUBLIC, "public.t": TABLE, **CIRCLE}
    failures = rebuild(shadow, "\n".join(tree.values()), tree)
    assert {f.path: f.is_excused for f in failures} == dict.fromkeys(CIRCLE, True)
    assert definitions(shadow) == {"public": PUBLIC, "public.t": TABLE}


def test_a_call_that_several_routines_fit_by_now_is_excused(shadow: Shadow) -> None:
    """It was of the only one when the view was made; the server prints the call alone."""
    routine = "CREATE OR REPLACE FUNCTION public.f({})\n RETURNS integer\n LANGUAGE sql\nAS $$select 1$$;"
    tree = {
        "public": PUBLIC,
        "public.f(integer)": routine.format("integer"),
        "public.f(integer,text)": routine.format("integer, text DEFAULT ''::text"),
        "public.v": "CREATE VIEW public.v AS\n SELECT public.f(1) AS f;",
    }
    failures = rebuild(shadow, "\n".join(tree.values()), tree)
    assert {f.path: f.is_excused for f in failures} == {"public.v": True}


def test_what_needs_something_that_is_not_there_is_not_excused(shadow: Shadow) -> None:
    """Neither by itself, nor where something else needs it."""
    p, needs_p = (CIRCLE[f"public.{name}()"] for name in "pq")
    tree = {"public": PUBLIC, "public.p()": p.replace("q()", "gone()"), "public.q()": needs_p}
    failures = rebuild(shadow, "\n".join(tree.values()), tree)
    assert {f.path: f.is_excused for f in failures} == {"public.p()": False, "public.q()": False}
