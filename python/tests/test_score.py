"""The score is 100 % for what is true, and falls by exactly what is wrong."""

from __future__ import annotations

import json
import re
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg
import pytest
from project import Params, new_database
from psycopg.conninfo import make_conninfo
from tracker import history, install, last_id, sample, send

from pggit_audit import embedded
from pggit_audit.errors import PggitError
from pggit_audit.lab import bench, figures, intervals, judge, score, told, truth


@dataclass(frozen=True)
class Faithful:
    """A rebuilt history without a mistake: each step's script is a dump of the database as it was."""

    conninfo: str
    steps: list[truth.Step]
    true: dict[int, truth.Definitions]
    rows: list[truth.RecordedRow]
    rebuilt: score.Rebuilt

    def at(self, number: int) -> Faithful:
        """Only one step, which is HEAD then."""
        (step,) = (s for s in self.steps if s.number == number)
        return replace(self, steps=[step], rebuilt=replace(self.rebuilt, head=f"commit {number}"))

    def with_script(self, number: int, old: str, new: str) -> Faithful:
        """With one passage of a script replaced."""
        name = f"commit {number}"
        script = self.rebuilt.scripts[name]
        assert script.count(old) == 1
        scripts = {**self.rebuilt.scripts, name: script.replace(old, new)}
        return replace(self, rebuilt=replace(self.rebuilt, scripts=scripts))

    def score(self) -> figures.Score:
        comparing = judge.Judge(self.conninfo)
        return score.evaluate(self.steps, self.true, self.rows, self.rebuilt, comparing)


@pytest.fixture(scope="module")
def faithful(server: embedded.Server) -> Faithful:
    steps = truth.read_steps(sample.SAMPLE)
    rows = truth.read_rows(sample.SAMPLE)
    changes: list[score.Change] = []
    scripts: dict[str, str] = {}
    database = new_database(server.params("postgres"), "scored")
    dump = [server.bin / "pg_dump", "--schema-only", "--no-owner", "--no-acl", "--exclude-schema=pggit"]
    with psycopg.connect(**database, autocommit=True) as connection:
        connection.execute(sample.OLDER_THAN_THE_TRACKER.encode())
        install(connection)
        start = last_id(connection)
        for step, migration in zip(steps, sample.migrations(), strict=True):
            before = last_id(connection)
            send(connection, migration.queries, migration.style, migration.author)
            commit = f"commit {step.number}"
            for row in history(connection, before):
                version = row["id"] - start + sample.FIRST_ROW - 1
                name = row["object_name"]
                if row["object_type"] == "FUNCTION":
                    identity = connection.execute(
                        "select (pg_identify_object('pg_proc'::regclass, %s, 0)).identity", (int(name),)
                    ).fetchone()
                    assert identity is not None
                    name = identity[0].split(".", 1)[1]
                changes.append(
                    score.Change(
                        version,
                        "v1",
                        version,
                        commit,
                        row["object_type"],
                        row["schema_name"],
                        name.strip('"'),
                        f"{row['schema_name']}.{name}",
                        row["change_type"],
                        "exact",
                        None,
                    )
                )
            done = subprocess.run(
                [*dump, make_conninfo(**database)],
                check=True,
                capture_output=True,
                text=True,
            )
            # without psql's commands, and without the tracker's own event triggers
            scripts[commit] = re.sub(r"(?m)^\\.*$|^CREATE EVENT TRIGGER[^;]*;", "", done.stdout)
    excluded = {r.version_id: "of the tracker" for r in rows if r.version_id < sample.FIRST_ROW}
    changes = [c for c in changes if c.v1_version_id not in sample.ERASED]
    return Faithful(
        make_conninfo(**server.params("postgres")),
        steps,
        truth.read_truth(sample.SAMPLE, steps),
        rows,
        score.Rebuilt(changes, excluded, f"commit {steps[-1].number}", scripts),
    )


def test_the_truth_scores_100_percent(faithful: Faithful) -> None:
    found = faithful.score()
    assert found.failures == []
    assert (found.wrong_steps, found.wrong_rows, found.wrong_head, found.wrong_exact) == ([], [], [], [])
    assert found.unaccounted == []
    summary = found.summary()
    assert summary["rows"]["all kinds"]["of"] >= 80
    assert summary["steps"]["all kinds"]["of"] > 1000
    assert summary["head"]["all kinds"] == {"right": 68, "of": 68, "percent": 100.0}
    assert summary["fidelity"]["exact"]["checked"] >= 80


@pytest.mark.parametrize("cut", [False, True])
def test_a_truth_may_cut_long_names(server: embedded.Server, cut: bool) -> None:
    """As one does that was read through PostgreSQL's type `name`; a function's is long by its arguments."""
    script = (
        "create function f(a_long_name integer, another_long_name text, and_one_more text) returns integer"
        " language sql as 'select 1'; create function g() returns integer language sql as 'select 1';"
    )
    name = "f(a_long_name integer, another_long_name text, and_one_more text)"
    true: dict[truth.Key, str] = {}
    with psycopg.connect(**new_database(server.params("postgres"), "cut")) as connection:
        connection.execute(script.encode())
        true = judge.Catalog.read(connection).definitions
    assert {key[2] for key in true} == {name, "g()"}
    if cut:
        true = {(kind, schema, found[:63]): text for (kind, schema, found), text in true.items()}
    comparing = judge.Judge(make_conninfo(**server.params("postgres")), most=truth.longest_name({1: true}))
    ((verdict,),) = comparing.judge([(script, [true])])
    assert (len(verdict.compared), verdict.wrong) == (2, {})


@pytest.mark.parametrize(("others", "counts"), [("", False), ("create type v as (n integer);", True)])
def test_a_truth_may_know_no_types_but_enums_and_domains(
    server: embedded.Server, others: str, counts: bool
) -> None:
    """One that has a composite type or a range was read with them: there, what it lacks is too much."""
    script = f"create type mood as enum ('good'); create type span as range (subtype = float8); {others}"
    with psycopg.connect(**new_database(server.params("postgres"), "types")) as connection:
        connection.execute(script.encode())
        true = judge.Catalog.read(connection).definitions
    true = {k: text for k, text in true.items() if k[0] == "TYPE" and k[2] in ("mood", "v")}
    assert len(true) == 1 + counts
    unread = truth.unread_types({0: true})
    ((verdict,),) = judge.Judge(make_conninfo(**server.params("postgres")), unread=unread).judge(
        [(script, [true])]
    )
    assert (verdict.error, set(verdict.wrong)) == (
        None,
        {("TYPE", "public", "span")} if counts else set(),
    )


def test_a_truth_of_another_version_may_not_print_the_same_twice(server: embedded.Server) -> None:
    """PostgreSQL 15 prints a view's columns with their relation, where 16 does not; what it says is the same."""
    script = (
        "create table t (id integer); create view v as with e as"
        """ (select id, 'a' as kind from t union all select id, 'b' from t) select e.id, e.kind from e;"""
    )
    other = """  WITH e AS (
         SELECT t.id,
            'a'::text AS kind
           FROM t
        UNION ALL
         SELECT t.id,
            'b'::text
           FROM t
        )
 SELECT e.id,
    e.kind
   FROM e;"""
    with psycopg.connect(**new_database(server.params("postgres"), "prints")) as connection:
        connection.execute(script.encode())
        true = judge.Catalog.read(connection).definitions
    view = ("VIEW", "public", "v")
    comparing = judge.Judge(make_conninfo(**server.params("postgres")))
    wrong = [
        set(verdict.wrong)
        for text in (other, other.replace("'b'", "'c'"))
        for ((verdict,),) in [comparing.judge([(script, [{**true, view: text}])])]
    ]
    assert wrong == [set(), {view}]


def keys(misses: list[figures.Miss]) -> list[truth.Key]:
    return [miss.key for miss in misses]


AUTHOR_INDEX = ("INDEX", "public", "books_author_idx")


def test_a_missing_object_is_wrong_in_every_figure(faithful: Faithful) -> None:
    create = "CREATE INDEX books_author_idx ON public.books USING btree (author_id);"
    found = faithful.at(0).with_script(0, create, "").score()
    for misses in (found.wrong_rows, found.wrong_steps, found.wrong_head, found.wrong_exact):
        assert keys(misses) == [AUTHOR_INDEX]
        assert (misses[0].true, misses[0].rebuilt) == (create[:-1], None)
    assert str(found.steps["INDEX"]) == " 80.0 %  4/5"


def test_an_object_too_much_is_wrong(faithful: Faithful) -> None:
    extra = "CREATE TABLE public.extra (); CREATE INDEX books_author_idx ON"
    found = faithful.at(0).with_script(0, "CREATE INDEX books_author_idx ON", extra).score()
    assert keys(found.wrong_steps) == [("TABLE", "public", "extra")]
    assert (found.steps["TABLE"].right, found.steps["TABLE"].of) == (4, 5)
    assert found.wrong_rows == [] and found.wrong_exact == []


@pytest.mark.parametrize(
    ("step", "old", "new", "wrong"),
    [
        (0, "name text NOT NULL", "name text", ("TABLE", "public", "authors")),
        (0, "price numeric(10,2) DEFAULT 0", "price numeric(10,2)", ("TABLE", "public", "books")),
        (0, "price numeric(10,2) DEFAULT", "price numeric(10,3) DEFAULT", ("TABLE", "public", "books")),
        (0, "(price >= (0)::numeric)", "(price > (0)::numeric)", ("TABLE", "public", "books")),
        (6, "INCREMENT BY 10", "INCREMENT BY 11", ("SEQUENCE", "public", "shelf_number")),
        (3, "    'paid',\n", "", ("TYPE", "public", "order_status")),
        (
            3,
            "SELECT id,\n    customer_id,",
            "SELECT id,\n    id + 1 as customer_id,",
            ("VIEW", "public", "order_summary"),
        ),
        (3, "STABLE", "VOLATILE", ("FUNCTION", "public", "order_total(p_order bigint)")),
        (8, "AFTER UPDATE OF price ON", "AFTER UPDATE ON", ("TRIGGER", "public", "books.books_price_audit")),
        (10, "sum(i.quantity)", "max(i.quantity)", ("MATERIALIZED_VIEW", "public", "bestsellers")),
        (7, "published_on DESC NULLS LAST", "published_on DESC", ("INDEX", "public", "books_published_idx")),
    ],
)
def test_one_difference_is_one_miss(
    faithful: Faithful, step: int, old: str, new: str, wrong: truth.Key
) -> None:
    found = faithful.at(step).with_script(step, old, new).score()
    assert found.failures == []
    assert keys(found.wrong_steps) == [wrong]
    assert keys(found.wrong_exact) == (
        [wrong] if wrong[0] in truth.TRACKED and wrong in keys(found.wrong_rows) else []
    )


def test_a_script_that_does_not_run_gets_nothing_right(faithful: Faithful) -> None:
    found = (
        faithful.at(0)
        .with_script(0, "CREATE INDEX books_author_idx ON", "CREATE INDEX x ON nowhere; --")
        .score()
    )
    assert {where for where, _ in found.failures} == {"step 0 2023-01-09_001_catalogue.sql", "HEAD"}
    assert all("nowhere" in error for _, error in found.failures)
    assert all(
        figure.right == 0 for figures in (found.rows, found.steps, found.head) for figure in figures.values()
    )


def test_a_row_without_a_change_is_wrong_and_unaccounted(faithful: Faithful) -> None:
    (lost,) = (
        c for c in faithful.rebuilt.changes if c.object_name == "books_author_idx" and c.v1_version_id == 36
    )
    changes = [c for c in faithful.rebuilt.changes if c is not lost]
    found = replace(faithful.at(0), rebuilt=replace(faithful.at(0).rebuilt, changes=changes)).score()
    assert found.unaccounted == [36]
    assert keys(found.wrong_rows) == [AUTHOR_INDEX]
    assert found.wrong_steps == []


def test_a_function_known_only_by_its_oid_is_wrong(faithful: Faithful) -> None:
    changes = [
        replace(c, object_name="41012", object_identity="public.41012", fidelity="unknown")
        if c.v1_version_id == 47
        else c
        for c in faithful.rebuilt.changes
    ]
    found = replace(faithful.at(3), rebuilt=replace(faithful.at(3).rebuilt, changes=changes)).score()
    assert keys(found.wrong_rows) == [("FUNCTION", "public", "41012")]


def test_what_a_wrong_change_claims_decides_whether_it_counts_as_exact(faithful: Faithful) -> None:
    create = "CREATE INDEX books_author_idx ON public.books USING btree (author_id);"
    broken = faithful.at(0).with_script(0, create, "")
    changes = [replace(c, fidelity="repaired") for c in broken.rebuilt.changes]
    found = replace(broken, rebuilt=replace(broken.rebuilt, changes=changes)).score()
    assert found.wrong_exact == []
    assert found.fidelity["repaired"]["wrong"] == 1


def test_a_history_without_a_truth_is_refused(tmp_path: Path) -> None:
    (tmp_path / "steps.csv").write_text("step,file,author,at,first_id,last_id\n0,a.sql,me,2024-01-01,0,1\n")
    steps = truth.read_steps(tmp_path)
    with pytest.raises(PggitError, match=r"neither truth\.jsonl nor truth\.jsonl\.gz"):
        truth.read_truth(tmp_path, steps)


def test_constraint_triggers_and_temporary_objects_are_no_part_of_a_table_or_a_schema(
    tmp_path: Path, server: embedded.Server
) -> None:
    """A truth that counts constraint triggers among the constraints, read while a session had a temporary table."""
    script = (
        "create table t (id int primary key); create function f() returns trigger language plpgsql as 'begin end';"
        " create constraint trigger late after insert on t deferrable for each row execute function f();"
        " create table only_triggers (id int);"
        " create constraint trigger late after insert on only_triggers for each row execute function f();"
    )
    with psycopg.connect(**new_database(server.params("postgres"), "triggers")) as connection:
        connection.execute(script.encode())
        found = judge.Catalog.read(connection).definitions
    lines = []
    for (kind, schema, name), text in found.items():
        definition = text
        if kind == "TABLE":
            facts = json.loads(text)
            facts["constraints"] = [*(facts["constraints"] or []), ["late", "TRIGGER DEFERRABLE"]]
            definition = json.dumps(facts)
        lines.append({"step": 0, "type": kind, "schema": schema, "name": name, "definition": definition})
    index = "CREATE UNIQUE INDEX pg_toast_1_index ON pg_toast_temp_3.pg_toast_1 USING btree (chunk_id)"
    lines.append({**lines[0], "type": "INDEX", "schema": "pg_toast_temp_3", "name": "x", "definition": index})
    (tmp_path / "truth.jsonl").write_text("".join(f"{json.dumps(line)}\n" for line in lines))
    true = truth.read_truth(tmp_path, [truth.Step(0, "a.sql", 0, 1)])[0]
    comparing = judge.Judge(make_conninfo(**server.params("postgres")))
    ((verdict,), (without,)) = comparing.judge(
        [
            (script, [true]),
            (
                script.replace(
                    "constraint trigger late after insert on t ", "trigger late before update on t "
                ).replace("deferrable for", "for"),
                [true],
            ),
        ]
    )
    assert (verdict.error, verdict.wrong) == (None, {})
    assert set(without.wrong) == {("TRIGGER", "public", "t.late")}


@pytest.mark.parametrize(
    ("kind", "name", "definition", "lost"),
    [
        ("TABLE", "t", '{"columns": [["id", "integer"], ["n", "text"]], "constraints": null}', False),
        ("TABLE", "t", '{"columns": [["id", "integer"], ["lost", "text"]], "constraints": null}', True),
        ("TABLE", "t", '{"columns": [["id", "mood"]], "constraints": null}', True),
        ("TABLE", "t", '{"columns": null, "constraints": [["lost", "CHECK (id > 0)"]]}', True),
        ("TABLE", "lost", '{"columns": null, "constraints": null}', True),
        ("INDEX", "t_n", "CREATE UNIQUE INDEX t_n ON public.t USING btree (n DESC)", False),
        ("INDEX", "t_n", "CREATE UNIQUE INDEX t_n ON public.t USING btree (lost)", True),
        ("TYPE", "kind", "a,b", False),
        ("TYPE", "kind", "a,c", True),
        ("FUNCTION", "f(x integer)", "create function whatever it says", False),
        ("TABLE", "never_there", None, False),
    ],
)
def test_what_no_row_and_no_text_has_was_lost(
    kind: str, name: str, definition: str | None, lost: bool, tmp_path: Path
) -> None:
    """Words of texts, of recorded columns, of objects' names and of the live schema."""
    (tmp_path / "history.csv").write_text(
        "id,sql_executed,old_metadata,new_metadata\n"
        "1,alter table t add check (id > 0); select 'a',,\n"
        '2,,"{""columns"": {""n"": {}}}",\n'
        "3,create index on t,,f\n"
    )
    (tmp_path / "objects.csv").write_text("id,object_name\n1,t_n\n")
    (tmp_path / "live.sql").write_text("CREATE TYPE kind AS ENUM ('b');\n")
    miss = figures.Miss("step 0", (kind, "public", name), definition, None)
    assert told.untold([miss], told.recorded_words(tmp_path)) == figures.Figure(int(lost), 1)


def test_a_row_that_is_left_out_is_no_wrong_row(faithful: Faithful) -> None:
    """A member of an extension: no change tells of it, and no script makes it by itself."""
    whole = faithful.at(3)
    (made,) = (c for c in whole.rebuilt.changes if c.v1_version_id == 47)
    assert made.object_type == "FUNCTION"
    changes = [c for c in whole.rebuilt.changes if c is not made]
    excluded = {**whole.rebuilt.excluded, 47: "member of a created extension"}
    found = replace(whole, rebuilt=replace(whole.rebuilt, changes=changes, excluded=excluded)).score()
    assert (found.wrong_rows, found.unaccounted) == ([], [])
    assert found.rows["FUNCTION"].of == whole.score().rows["FUNCTION"].of - 1


def test_a_table_that_is_left_out_is_a_wrong_row(faithful: Faithful) -> None:
    whole = faithful.at(0)
    (lost,) = (c for c in whole.rebuilt.changes if c.object_name == "books_author_idx")
    changes = [c for c in whole.rebuilt.changes if c is not lost]
    excluded = {**whole.rebuilt.excluded, 36: "member of a created extension"}
    found = replace(whole, rebuilt=replace(whole.rebuilt, changes=changes, excluded=excluded)).score()
    assert keys(found.wrong_rows) == [AUTHOR_INDEX]


def _with_a_late_drop(faithful: Faithful) -> Faithful:
    """Step 0 has one index more than was true, which an inferred change before the next row drops."""
    whole = replace(faithful, steps=faithful.steps[:2], rebuilt=replace(faithful.rebuilt, head="commit 1"))
    extra = "CREATE INDEX late ON public.authors USING btree (name); CREATE INDEX books_author_idx ON"
    whole = whole.with_script(0, "CREATE INDEX books_author_idx ON", extra)
    first = next(c for c in whole.rebuilt.changes if c.commit_sha == "commit 1")
    dropped = replace(
        first, event_no=first.event_no - 1, origin="inferred", v1_version_id=None, object_type="INDEX",
        object_schema="public", object_name="late", object_identity="public.late", change_type="DROP",
        fidelity="repaired", new_definition=None,
    )  # fmt: skip
    place = whole.rebuilt.changes.index(first)
    changes = [*whole.rebuilt.changes[:place], dropped, *whole.rebuilt.changes[place:]]
    return replace(whole, rebuilt=replace(whole.rebuilt, changes=changes))


def test_no_row_tells_on_which_side_of_a_step_s_end_a_statement_was(faithful: Faithful) -> None:
    found = _with_a_late_drop(faithful).score()
    assert found.wrong_steps == []


def test_what_the_next_commit_does_not_put_right_is_wrong(faithful: Faithful) -> None:
    broken = _with_a_late_drop(faithful)
    still_there = "CREATE INDEX late ON public.authors USING btree (name); CREATE INDEX books_author_idx ON"
    broken = broken.with_script(1, "CREATE INDEX books_author_idx ON", still_there)
    assert ("INDEX", "public", "late") in keys(broken.score().wrong_steps)


def test_what_another_row_drops_later_is_wrong(faithful: Faithful) -> None:
    """Without an inferred change before the next row, the step's end is the commit of its last row."""
    broken = _with_a_late_drop(faithful)
    changes = [c for c in broken.rebuilt.changes if c.object_name != "late"]
    broken = replace(broken, rebuilt=replace(broken.rebuilt, changes=changes))
    assert keys(broken.score().wrong_steps) == [("INDEX", "public", "late")]


def test_a_build_is_read(built: Params) -> None:
    steps = truth.read_steps(sample.SAMPLE)
    with psycopg.connect(**built, autocommit=True) as connection:
        rebuilt = score.Rebuilt.read(connection, "pggit_audit", steps)
    rows = {row.version_id for row in truth.read_rows(sample.SAMPLE)}
    assert {c.v1_version_id for c in rebuilt.changes if c.origin == "v1"} | rebuilt.excluded.keys() == rows
    assert set(rebuilt.excluded.values()) == {"object of the tracker itself"}
    assert rebuilt.head in rebuilt.scripts and len(rebuilt.scripts) > len(steps) / 2


def scored(dsn: str) -> None:
    score.run(
        bench.History(sample.SAMPLE, "version", "16"),
        dsn=dsn, audit_schema="pggit_audit", show_max=None, json_file=None,
    )  # fmt: skip


def test_a_database_without_a_build_is_refused(empty_database: str) -> None:
    with pytest.raises(PggitError, match="no complete build in the schema pggit_audit"):
        scored(empty_database)


def test_a_server_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(PggitError, match="cannot be reached"):
        scored(f"host={tmp_path} dbname=x")


def test_what_is_older_than_the_tracker_was_made_before_its_first_row() -> None:
    steps = [truth.Step(0, "a", 10, 12), truth.Step(1, "b", 12, 14)]
    mood = ("TYPE", "public", "mood")
    told = {-1: {mood: "sad,glad"}, 0: {mood: "sad,glad"}, 1: {mood: "sad,glad"}}
    made = "CREATE TYPE public.mood AS ENUM (\n    'sad',\n    'glad'\n);"
    before, behind = (
        intervals.Stated(mood, "CREATE", None, made, *bounds) for bounds in ((None, 11), (12, 13))
    )
    found = intervals.compare([before, behind], steps, told, [11, 12, 13, 14])
    assert found.checked == 2
    assert [line.split(": ", 1)[1] for line in found.outside] == [
        "stated between the rows 12 and 13, true in what is older than the tracker"
    ]
