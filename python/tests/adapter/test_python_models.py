"""Python models: what goes in comes out, and what is wrong is named with its model and line."""

from __future__ import annotations

from typing import Any

import pytest
from dbt.tests.util import run_dbt, run_dbt_and_capture, write_file


def schema(model: str, **columns: str | None) -> str:
    """Return a model's YAML; a column of type None gets no data_type."""
    lines = ["version: 2", "models:", f"  - name: {model}", "    columns:"]
    for name, data_type in columns.items():
        lines.append(f"      - name: {name}")
        if data_type:
            lines.append(f"        data_type: {data_type}")
    return "\n".join(lines)


def failure(project: Any, code: str, **columns: str | None) -> str:
    """Run one wrong model and return what dbt says, with its line breaks as spaces."""
    write_file(code, project.project_root, "models", "wrong.py")
    write_file(schema("wrong", **(columns or {"id": "integer", "label": "text"})), "models", "wrong.yml")
    results, output = run_dbt_and_capture(["run", "--select", "wrong"], expect_pass=False)
    assert "Traceback" not in output
    assert project.run_sql("select to_regclass('{schema}.wrong') is null", fetch="one")[0]
    assert project.run_sql("select to_regclass('{schema}.wrong__dbt_tmp') is null", fetch="one")[0]
    message: str = results[0].message
    assert "wrong (models/wrong.py)" in message
    return " ".join(message.split())


COPIED = """
import datetime
import decimal
import uuid


def model(dbt, session):
    dbt.config(materialized="table")
    return rows(dbt)


def rows(dbt):
    for row in dbt.ref("texts"):
        yield {
            "id": row["id"],
            "body": row["body"],
            "document": None if row["body"] is None else {row["body"]: [1, 2.5, True, None, {}]},
            "labels": [row["body"], "", "a,b", '{"', "null"],
            "at": datetime.datetime(2024, 2, 29, 23, 59, 59, 999999),
            "amount": decimal.Decimal("12345678901234567890.000000001"),
            "key": uuid.UUID(int=row["id"]),
            "raw": b"\\\\x00\\x00",
            "even": row["id"] % 2 == 0,
        }
"""
COPIED_COLUMNS = {
    "id": "integer",
    "body": "text",
    "document": "jsonb",
    "labels": "text[]",
    "at": "timestamp without time zone",
    "amount": "numeric(30, 9)",
    "key": "uuid",
    "raw": "bytea",
    "even": "boolean",
}
TEXTS = r"""
select *
from (
    values
        (1, 'plain'), (2, ''), (3, null), (4, E'back\\slash \\N \\. \\t'), (5, E'line\nbreak\r\ttab'),
        (6, 'elephant 🐘 é'), (7, '"quoted" ''single'' %s {x} $1'),
        (8, repeat('0123456789', 1048576)), (9, '\N'),
        (10, ' trailing ')
) as texts (id, body)
"""


class TestValues:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {
            "texts.sql": TEXTS,
            "copied.py": COPIED,
            "copied.yml": schema("copied", **COPIED_COLUMNS),
            "downstream.sql": "select count(*) as total from {{ ref('copied') }}",
        }

    def test_every_value_comes_out_as_it_went_in(self, project: Any) -> None:
        run_dbt(["run"])
        different = project.run_sql(
            """
            select t.id
            from {schema}.texts as t
            full join {schema}.copied as c on t.id = c.id
            where (c.body, c.labels, c.at, c.amount, c.key, c.raw, c.even) is distinct from (
                t.body,
                array[t.body, '', 'a,b', '{{"', 'null'],
                timestamp '2024-02-29 23:59:59.999999',
                12345678901234567890.000000001,
                lpad(to_hex(t.id), 32, '0')::uuid,
                decode('5c78303000', 'hex'),
                t.id % 2 = 0
            )
            or t.body is not null and c.document is distinct from
                jsonb_build_object(coalesce(t.body, ''), '[1, 2.5, true, null, {{}}]'::jsonb)
            or (c.document is null) <> (t.body is null)
            """,
            fetch="all",
        )
        assert different == []
        assert project.run_sql("select total from {schema}.downstream", fetch="one")[0] == 10
        assert project.run_sql("select max(length(body)) from {schema}.copied", fetch="one")[0] == 10485760

    def test_the_columns_are_those_of_the_yaml_in_its_order(self, project: Any) -> None:
        found = project.run_sql(
            "select attname, format_type(atttypid, atttypmod) from pg_attribute "
            "where attrelid = '{schema}.copied'::regclass and attnum > 0 order by attnum",
            fetch="all",
        )
        assert dict(found) == COPIED_COLUMNS | {"amount": "numeric(30,9)"}
        assert [name for name, _ in found] == list(COPIED_COLUMNS)


TABLE = """
def model(dbt, session):
    dbt.config(materialized="table", indexes=[{"columns": ["id"], "unique": True}])
    with session.connect() as connection:
        database = connection.execute("select current_database()").fetchone()[0]
    if database != dbt.this.database or session.connect_params()["dbname"] != database:
        raise ValueError("another database")
    session.info("a line of information")
    session.warn("a line of warning")
    source = dbt.source("given", "numbers")
    first = next(iter(source))
    return ({"id": row["id"], "label": source.relation} for row in source if row >= first)
"""
SOURCES = """
version: 2
sources:
  - name: given
    schema: "{{ target.schema }}"
    tables:
      - name: numbers
"""


class TestTable:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {
            "built.py": TABLE.replace("row >= first", "row['id'] >= first['id']"),
            "built.yml": schema("built", id="integer", label="text"),
            "given.yml": SOURCES,
        }

    def test_a_failed_build_leaves_the_table_as_it_was(self, project: Any) -> None:
        project.run_sql("create table {schema}.numbers as select g as id from generate_series(1, 1000) as g")
        _, output = run_dbt_and_capture(["run"])
        assert "a line of information" in output
        assert "a line of warning" in output
        seen = "select count(*), sum(id), min(label), count(distinct label) from {schema}.built"
        before = project.run_sql(seen, fetch="one")
        assert before == (1000, 500500, f'"{project.database}"."{project.test_schema}"."numbers"', 1)
        index = "select indisunique from pg_index where indrelid = '{schema}.built'::regclass"
        assert project.run_sql(index, fetch="all") == [(True,)]

        project.run_sql("insert into {schema}.numbers values (1)")
        results = run_dbt(["run"], expect_pass=False)
        assert "could not create unique index" in results[0].message
        assert project.run_sql(seen, fetch="one") == before

        project.run_sql("delete from {schema}.numbers where id <= 10")
        run_dbt(["run"])
        assert project.run_sql(seen, fetch="one")[:2] == (990, 500445)
        tables = (
            "select relname from pg_class where relnamespace = '{schema}'::regnamespace and relkind = 'r'"
        )
        assert sorted(project.run_sql(tables, fetch="all")) == [("built",), ("numbers",)]

    def test_a_view_of_that_name_is_replaced(self, project: Any) -> None:
        project.run_sql("drop table {schema}.built")
        project.run_sql("create view {schema}.built as select 1 as one")
        run_dbt(["run"])
        assert project.run_sql("select count(*) from {schema}.built", fetch="one")[0] == 990


INCREMENTAL = """
def model(dbt, session):
    dbt.config(materialized="incremental"KEY)
    return [
        {"id": row["id"], "label": f"{row['label']} {dbt.is_incremental}"} for row in dbt.ref("given")
    ]
"""
GIVEN = "select id, '{{ var('label') }}' as label from generate_series({{ var('first') }}, 3) as id"


class TestIncremental:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        columns = {"id": "integer", "label": "text"}
        return {
            "given.sql": GIVEN,
            "appended.py": INCREMENTAL.replace("KEY", ""),
            "appended.yml": schema("appended", **columns),
            "merged.py": INCREMENTAL.replace("KEY", ', unique_key="id"'),
            "merged.yml": schema("merged", **columns),
        }

    def test_append_and_delete_insert(self, project: Any) -> None:
        def rows(model: str) -> list[tuple[Any, ...]]:
            query = f"select id, label from {{schema}}.{model} order by id, label"
            return list(project.run_sql(query, fetch="all"))

        run_dbt(["run", "--vars", "{label: a, first: 1}"])
        first = [(1, "a False"), (2, "a False"), (3, "a False")]
        assert rows("appended") == rows("merged") == first
        run_dbt(["run", "--vars", "{label: b, first: 3}"])
        assert rows("appended") == [*first, (3, "b True")]
        assert rows("merged") == [*first[:2], (3, "b True")]
        run_dbt(["run", "--full-refresh", "--vars", "{label: c, first: 3}"])
        assert rows("appended") == rows("merged") == [(3, "c False")]
        tables = (
            "select relname from pg_class where relnamespace = '{schema}'::regnamespace and relkind = 'r'"
        )
        assert sorted(project.run_sql(tables, fetch="all")) == [("appended",), ("merged",)]


def returning(text: str) -> str:
    return f"def model(dbt, session):\n    return {text}\n"


GENERATOR = """
def model(dbt, session):
    return rows()


def rows():
    yield {"id": 1, "label": "a"}
    yield SECOND
"""


class TestErrors:
    @pytest.fixture(scope="class")
    def models(self) -> dict[str, str]:
        return {"empty.py": returning("[]"), "empty.yml": schema("empty", id="integer")}

    def test_no_rows_make_an_empty_table(self, project: Any) -> None:
        run_dbt(["run", "--select", "empty"])
        assert project.run_sql("select count(id) from {schema}.empty", fetch="one")[0] == 0

    @pytest.mark.parametrize(
        ("row", "expected"),
        [
            ('{"id": "two", "label": ""}', 'row 2, column id: invalid input syntax for type integer: "two"'),
            ('{"id": 2}', "row 2: it has no key 'label', a column of models/wrong.yml, line 3"),
            (
                '{"id": 2, "label": "", "more": 1}',
                "row 2: it has the key 'more', no column of models/wrong.yml, line 3",
            ),
            ('{"id": 2, "label": "\\x00"}', "row 2, column label: the text has a NUL character (\\x00)"),
            ('{"id": 2, "label": {}}', "row 2, column label: the type text cannot hold a dict"),
            ('{"id": 2, "label": "\\ud800"}', "row 2, column label: 'utf-8' codec can't encode"),
            ("[2]", "row 2: it is a list, not a dict"),
        ],
    )
    def test_a_wrong_row(self, project: Any, row: str, expected: str) -> None:
        message = failure(project, GENERATOR.replace("SECOND", row))
        assert f"wrong: {expected}" in message
        assert message.endswith("(made at models/wrong.py, line 8)")

    @pytest.mark.parametrize(
        ("column_type", "value", "expected"),
        [
            ("jsonb", '{"a": ["\\x00"]}', "row 1, column label: the text has a NUL character (\\x00)"),
            ("jsonb", "{1, 2}", "row 1, column label: Object of type set is not JSON serializable"),
            ("jsonb", 'float("nan")', "row 1, column label: Out of range float values are not JSON"),
            (
                "timestamp(3)",
                "session.now",
                "row 1, column label: the type timestamp(3) would drop the time zone",
            ),
        ],
    )
    def test_a_value_that_its_type_cannot_hold(
        self, project: Any, column_type: str, value: str, expected: str
    ) -> None:
        now = "import datetime; session.now = datetime.datetime.now(datetime.timezone.utc)"
        code = f'def model(dbt, session):\n    {now}\n    return [{{"id": 1, "label": {value}}}]\n'
        message = failure(project, code, id="integer", label=column_type)
        assert f"wrong: {expected}" in message
        assert message.endswith("(made at models/wrong.py, line 3)")

    def test_a_wrong_row_among_many(self, project: Any) -> None:
        code = (
            "def model(dbt, session):\n    return rows()\n\n\ndef rows():\n    for number in range(5000):\n"
        )
        code += (
            '        yield {"id": number if number != 2999 else "x" * 1000, "label": "many"}\n    yield {}\n'
        )
        message = failure(project, code)
        assert 'wrong: row 3000, column id: invalid input syntax for type integer: "xxx' in message
        assert message.endswith("(made at models/wrong.py, line 7)")
        assert len(message) < 800

    def test_a_model_may_drop_a_database_between_rows(self, project: Any) -> None:
        code = """
def model(dbt, session):
    return rows(session)


def rows(session):
    admin = session.connect(autocommit=True)
    admin.execute("set statement_timeout = '10s'")
    admin.execute("create database short_lived")
    yield {"id": 1}
    yield {"id": 2}
    admin.execute("drop database short_lived")
"""
        write_file(code, project.project_root, "models", "dropping.py")
        write_file(schema("dropping", id="integer"), project.project_root, "models", "dropping.yml")
        run_dbt(["run", "--select", "dropping"])
        assert project.run_sql("select count(*) from {schema}.dropping", fetch="one")[0] == 2

    def test_json_text_that_only_looks_like_a_nul(self, project: Any) -> None:
        write_file(returning('[{"label": "\\\\u0000"}]'), "models", "wrong.py")
        write_file(schema("wrong", label="jsonb"), "models", "wrong.yml")
        run_dbt(["run", "--select", "wrong"])
        found = project.run_sql("select label #>> '{{}}' from {schema}.wrong", fetch="one")[0]
        assert found == "\\u0000"
        project.run_sql("drop table {schema}.wrong")

    def test_a_wrong_type(self, project: Any) -> None:
        message = failure(project, returning("[]"), id="integer", label="tixt")
        expected = (
            "column label has data_type 'tixt' in models/wrong.yml, line 7: type \"tixt\" does not exist"
        )
        assert expected in message

    def test_a_missing_type(self, project: Any) -> None:
        message = failure(project, returning("[]"), id="integer", label=None)
        assert "wrong: models/wrong.yml, line 7 gives no data_type for column label" in message

    @pytest.mark.parametrize(
        ("code", "expected"),
        [
            (
                returning('{}["x"]'),
                "wrong: KeyError: 'x' models/wrong.py, line 2: return {}[\"x\"]",
            ),
            (
                GENERATOR.replace("SECOND", "1 / 0"),
                "wrong: ZeroDivisionError: division by zero models/wrong.py, line 8: yield 1 / 0",
            ),
            (
                "from pggit_audit.lab import recorded\n\n\n" + returning("recorded.load_history(None, None)"),
                "wrong: TypeError: unsupported operand type(s) for /: 'NoneType' and 'str' "
                "models/wrong.py, line 5: return recorded.load_history(None, None) "
                "pggit_audit/lab/recorded.py, line ",
            ),
            (
                "import nothing_of_that_name\n\n\n" + returning("[]"),
                "wrong: ModuleNotFoundError: No module named 'nothing_of_that_name' "
                "models/wrong.py, line 1: import nothing_of_that_name",
            ),
            (
                returning("print()"),
                "wrong: models/wrong.py, line 2, returns None. A model has to return an iterable of dicts",
            ),
            (
                returning('session.connect().execute("select * from nothing")'),
                'wrong: UndefinedTable: relation "nothing" does not exist',
            ),
        ],
    )
    def test_an_exception(self, project: Any, code: str, expected: str) -> None:
        assert expected in failure(project, code)

    def test_a_foreseen_condition_is_told_as_it_is(self, project: Any) -> None:
        code = "from pggit_audit.errors import PggitError\n\n\ndef model(dbt, session):\n"
        code += '    if dbt:\n        raise PggitError("Grant CREATEDB.")\n    return []\n'
        assert failure(project, code).endswith("(models/wrong.py) Grant CREATEDB.")
