"""A history in which everything is wrong that can be wrong with one, row by row.

Each case is what stands in `pggit.history` for one object or statement, what the live database has of it,
and what the build has to say about each of its rows: the fidelity, and a pattern that the finding has to
match (None: there is nothing to say). An excluded row has no fidelity; its reason is the finding.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import psycopg

TEN_MEGABYTES = 10_000_000
SLEEP = "perform pg_sleep(3600);"  # longer than any test waits
HARM = f"/tmp/pggit-was-here-{os.getpid()}"  # the file that whatever reaches outside would make
START = datetime(2024, 1, 1, 9)


@dataclass
class Row:
    """A row of pggit.history with its object, and what has to become of it."""

    object_type: str
    object_name: str
    change_type: str
    sql: str | None
    fidelity: str
    finding: str | None = None
    schema: str = "public"
    metadata: Any = None
    author: str | None = "ann"
    at: Any = START
    version_id: int = 0


@dataclass
class Case:
    """Rows that belong together, and the SQL that makes what the live database has of them."""

    name: str
    rows: list[Row]
    live: str = ""


def columns(*names: str) -> dict[str, Any]:
    """Return what v1 records of a table of integers."""
    facts = {
        n: {"type": "int4", "nullable": True, "default": None, "position": i} for i, n in enumerate(names, 1)
    }
    return {"oid": "1", "columns": facts}


def table(name: str, text: str | None, fidelity: str, finding: str | None = None, **more: Any) -> Row:
    return Row("TABLE", name, "CREATE", text, fidelity, finding, **more)


def altered(name: str, text: str, *names: str) -> Row:
    """Return a later row of a table, which then has the columns of those names."""
    return Row("TABLE", name, "ALTER", text, "exact", metadata=columns(*names))


def harmless(name: str) -> Case:
    """Return a plain table: what was wrong before it must not have spoilt anything for it."""
    text = f"create table {name} (id integer)"
    return Case(f"plain table {name}", [table(name, text, "exact", metadata=columns("id"))], text)


def identifier(label: str) -> str:
    return label.replace(",", "").replace(" ", "_")


# Names --------------------------------------------------------------------------------------------

NAMES = [
    'say "hello"',
    "o'clock",
    "a.b.c",
    "C:\\temp\\new",
    "100%s %(name)s %d",
    "two\nlines",
    "🦉 owl",
    "$$ $1 $body$",
    "{{ this }} {% if %} {# #}",
    "100644 x|y|",
    "; drop table x; --",
    "f(integer)",
    "/* never closed",
    " ",
    "SELECT",
    "Ångström\u00a0\u2028é",
    "é" * 31,
]


def quote(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def names() -> Iterator[Case]:
    for name in NAMES:
        index = quote("i" + name[:60])
        literal = "'" + name.replace("'", "''") + "'"
        text = f"create table {quote(name)} (id integer, {quote(name[::-1])} text default {literal})"
        and_index = f"create index {index} on {quote(name)} (id)"
        yield Case(
            f"name {name!r}",
            [table(quote(name), text, "exact"), Row("INDEX", index, "CREATE", and_index, "exact")],
            f"{text}; {and_index}",
        )
    too_long = f"create table {'t' * 100} (id integer)"
    yield Case("name of 100 letters, which PostgreSQL cuts", [table("t" * 63, too_long, "exact")], too_long)
    quotes = quote('"' * 60)
    text, altered = f"create table {quotes} (id integer)", f"alter table {quotes} add column n integer"
    yield Case(
        "name of nothing but quotes, in which a pattern may get lost",
        [table(quotes, text, "exact"), Row("TABLE", quotes, "ALTER", altered, "exact")],
        f"{text}; {altered}",
    )
    text = "create table n (id integer)"
    yield Case("name longer than any", [table("n" * 1900, text, "static", "no statement")])
    yield Case(
        "name that no index can hold", [table("n" * 2500, text, "", "no object has a name of that length")]
    )
    yield Case("no name", [table("", text, "", "does not say what was changed")])


def broken_lines() -> Iterator[Case]:
    """Yield a table whose columns and constraints PostgreSQL prints over several lines."""
    text = (
        "create table graded (a integer default case when now() > '2020-01-01' then 1 else 2 end not null,"
        " b integer generated always as (case when a > 1 then case a when 2 then 3 else 4 end end) stored,"
        " c integer, check (case when a > 1 then c > 0 else case when b = 3 then true else c is null end end))"
    )
    facts = columns("a", "b", "c")
    facts["columns"]["a"] |= {
        "nullable": False,
        "default": "\nCASE\n    WHEN (now() > '2020-01-01 00:00:00+00'::timestamp with time zone) THEN 1\n"
        "    ELSE 2\nEND",
    }
    yield Case(
        "definitions with lines broken by CASE", [table("graded", text, "exact", metadata=facts)], text
    )


# Texts --------------------------------------------------------------------------------------------

NO_STATEMENT = {"null": None, "empty": "", "blank": " \n\t ", "a comment": "-- nothing\n/* here */"}

UNPARSABLE = {
    "a typing error": "create tabel {} (id integer)",
    "cut off": "create table {} (id integer, name text default 'it was",
    "another dialect": "CREATE TABLE `{}` (`id` INT AUTO_INCREMENT) ENGINE=InnoDB;",
    "psql's own": "\\i /etc/passwd\n\\! touch " + HARM + "\n\\copy {} from program 'id'",
    "an open dollar quote": "create function {}() returns text language sql as $a$ select '$b$ ",
    "an impossible character": "create table {} (id text default E'\\x00')",
}


def texts() -> Iterator[Case]:
    """Yield texts that are long, empty, or no SQL."""
    line = "-- a line of a body that somebody generated\n"
    body = line * (TEN_MEGABYTES // len(line))
    big = f"create function big() returns integer language plpgsql as $$ begin\n{body}return 1; end $$"
    yield Case("ten megabytes of body", [Row("FUNCTION", "41000", "CREATE", big, "exact")], big)
    text = "create table rubbish (id integer)"
    rubbish = "lorem ipsum 'dolor' (sit) amet; "
    rubbish = f"{text}; {rubbish * (TEN_MEGABYTES // len(rubbish))}"
    yield Case(
        "ten megabytes of rubbish", [table("rubbish", rubbish, "repaired", metadata=columns("id"))], text
    )
    open_quote = "create table open_quote (id integer default '" + "x" * TEN_MEGABYTES
    yield Case("ten megabytes of an open quote", [table("open_quote", open_quote, "static", "unterminated")])
    yield harmless("after_rubbish")
    for label, nothing in NO_STATEMENT.items():
        name = f"text_{identifier(label)}"
        yield Case(
            f"text is {label}, columns recorded",
            [table(name, nothing, "repaired", metadata=columns("id", "other"))],
            f"create table {name} (id integer, other integer)",
        )
        fidelity = "static" if (nothing or "").strip() else "unknown"
        yield Case(
            f"text is {label}, nothing recorded",
            [table(f"{name}_bare", nothing, fidelity, "no SQL text|no statement")],
        )
    for label, unparsable in UNPARSABLE.items():
        name = f"bad_{identifier(label)}".replace("'", "")
        yield Case(f"text is {label}", [table(name, unparsable.format(name), "static", "could not run")])
    text = "create function bad() returns text language no_such as 'x'"
    yield Case("a routine that is not", [Row("FUNCTION", "41001", "CREATE", text, "static", "no_such")])
    yield harmless("after_unparsable")


# Dangers ------------------------------------------------------------------------------------------

TIME = "did not end within|statement timeout"
DENIED = "permission denied"
# What a DO block does besides making the row's table, and the finding; what hides from a reader of the text, the
# sandbox stops.
DANGERS = {
    "sleeps": (SLEEP, TIME),
    "sleeps on when it is woken": (
        f"loop begin {SLEEP} exception when query_canceled then null; end; end loop;",
        TIME,
    ),
    "takes its time limit away": (
        f"perform set_config('statement_timeout', '0', false); {SLEEP}",
        TIME,
    ),
    "runs a program": (f"copy {{}} from program 'touch {HARM}';", None),
    "runs a program in hiding": (
        f"execute 'co' || 'py {{}} from pro' || 'gram ''touch {HARM}''';",
        None,
    ),
    "reads a file": ("perform pg_read_file('/etc/passwd');", DENIED),
    "alters the system in hiding": ("execute 'alter sys' || 'tem set work_mem = 9999';", "from a function"),
    "makes a role in hiding": ("execute 'cre' || 'ate role pggit_intruder superuser';", None),
    "drops a database in hiding": ("execute 'drop data' || 'base postgres';", "from a function"),
    "calls another server": ("perform dblink_connect('host=192.0.2.1');", "does not exist"),
    "ends its session": ("perform pg_terminate_backend(pg_backend_pid());", "terminat"),
    "ends its session in hiding": (
        "execute 'select pg_term' || 'inate_backend(pg_backend_pid())';",
        "terminat",
    ),
    "ends all sessions in hiding": (
        "execute 'select pg_term' || 'inate_backend(pid) from pg_stat_activity"
        " where datname = current_database() order by pid <> pg_backend_pid()';",
        "terminat",
    ),
    "fills the stack": ("execute 'select ' || repeat('(', 1000000);", "stack|memory"),
}

FUNCTIONS = [
    ("endless", "create table if not exists by_endless (id integer); perform endless();", "stack depth"),
    (
        "outside",
        f"create table by_outside (id text); copy by_outside from program 'touch {HARM}';",
        None,
    ),
    ("nap", f"create table by_nap (id integer); {SLEEP}", TIME),
]

REFUSED = {
    "copy to a program": f"copy (select 1) to program 'touch {HARM}'",
    "subscription": "create subscription s connection 'host=192.0.2.1' publication p",
    "system": "alter system set work_mem = '1GB'",
    "database": "drop database postgres",
    "role": "drop role postgres",
    "tablespace": "create tablespace t location '/tmp'",
    "event trigger": "create event trigger t on ddl_command_end execute function f()",
}


def dangers() -> Iterator[Case]:
    """Yield statements that must not do here what they would do there."""
    for label, (code, finding) in DANGERS.items():
        name = f"danger_{identifier(label)}"
        text = f"do $$ begin create table {name} (id integer); {code.format(name)} end $$"
        # What no definition has, and is left out where it may not be done, keeps nothing else from being made.
        row = table(name, text, "static" if finding else "repaired", finding)
        yield Case(f"a statement {label}", [row])
        yield harmless(f"after_{name}")
    for label, refused in REFUSED.items():
        name = f"after_{identifier(label)}"
        text = f"create table {name} (id integer)"
        # The row's own statement follows the refused one in the same text.
        row = table(name, f"{refused}; {text}", "exact", metadata=columns("id"))
        yield Case(f"a refused {label}", [row], text)
    for oid, (name, code, finding) in enumerate(FUNCTIONS, 41002):
        text = (
            f"create function {name}() returns void language plpgsql as $$ begin"
            f" perform set_config('statement_timeout', '0', false); {code} end $$"
        )
        function = Row("FUNCTION", str(oid), "CREATE", text, "exact")
        call = table(f"by_{name}", f"select {name}()", "static" if finding else "repaired", finding)
        yield Case(f"a function of before: {name}", [function, call], text)
    yield harmless("after_functions")


def end_of_the_world() -> Case:
    """Return what drops everything; it comes early, so that the history goes on after it as it did there."""
    script = "drop owned by current_user cascade; drop schema public cascade; create schema public"
    return Case(
        "drops everything",
        [
            # Its transaction may have renamed the column, which leaves no row.
            table("last_of_all", "create table last_of_all (id integer)", "repaired", metadata=columns("id")),
            Row("TABLE", "last_of_all", "DROP", script, "exact"),
            *harmless("after_the_end").rows,
        ],
        "create table after_the_end (id integer)",
    )


# Sessions -----------------------------------------------------------------------------------------


def sessions() -> Iterator[Case]:
    """Yield what a session did to itself, and must not do to the next."""
    script = (
        "begin; create table kept (id integer); savepoint s; create table undone (id integer);"
        " rollback to s; commit"
    )
    yield Case("a script that rolls back", [table("kept", script, "exact")], "create table kept (id integer)")
    yield Case(
        "a temporary table before a lasting one",
        [
            table(
                "shadowed", "create temporary table shadowed (t text)", "", "temporary", schema="pg_temp_3"
            ),
            *harmless("shadowed").rows,
            altered("shadowed", "alter table shadowed add column more integer", "id", "more"),
        ],
        "create table shadowed (id integer, more integer)",
    )
    script = "create temp table covered (t text); create table uncovered (id integer)"
    yield Case(
        "a temporary table over a lasting one",
        [
            *harmless("covered").rows,
            table("uncovered", script, "exact", metadata=columns("id")),
            altered("covered", "alter table covered add column more integer", "id", "more"),
        ],
        "create table covered (id integer, more integer); create table uncovered (id integer)",
    )
    script = (
        "create role nobody_here; create table owned (id integer); grant all on owned to nobody_here;"
        " alter table owned owner to nobody_here; set role nobody_here;"
        " alter default privileges grant all on tables to nobody_here"
    )
    yield Case(
        "privileges and owners",
        [
            table("owned", script, "exact", metadata=columns("id")),
            altered("owned", "alter table owned owner to nobody_here", "id"),
        ],
        "create table owned (id integer)",
    )
    script = "create extension no_such_extension; create table with_extension (id integer)"
    yield Case(
        "an extension that the server does not have",
        [table("with_extension", script, "exact")],
        "create table with_extension (id integer)",
    )


# Facts --------------------------------------------------------------------------------------------

WHO_AND_WHEN: dict[str, dict[str, Any]] = {
    "nobody, at no time": {"author": None, "at": None},
    "time going backwards": {"at": datetime(2019, 1, 1)},
    "time of the far past": {"at": datetime(1, 1, 1)},
    "time before there were years": {"at": "4000-01-01 BC"},
    "time of the far future": {"at": "20000-12-31 23:59:59.999999"},
    "time without end": {"at": "infinity"},
    "time without beginning": {"at": "-infinity"},
    "author of two lines": {"author": "O'Brien <o@b>\ncommitter evil 0 +0000\\"},
    "author of no name": {"author": ""},
}
INJECTION = {
    "columns": columns("id")["columns"]
    | {"x": {"type": "int4", "default": f"1); copy (select 1) to program 'touch {HARM}'; --"}}
}
METADATA: dict[str, tuple[Any, bool]] = {  # and whether it agrees with a table of one integer
    "a list": ([], True),
    "a text": ("text", True),
    "an oid beyond": ({"oid": "9" * 20, "columns": {}}, True),
    "columns a list": ({"columns": ["id"]}, False),
    "columns of null": ({"columns": {"id": None}}, False),
    "columns with odd facts": (
        {"columns": {"id": {"type": 4, "nullable": "perhaps", "default": {}, "position": "first"}}},
        False,
    ),
    "columns with nothing known": ({"columns": {"id": {}}}, False),
    "an injection": (INJECTION, False),
}


def facts() -> Iterator[Case]:
    """Yield columns of a history row that hold what they should not."""
    for label, who_and_when in WHO_AND_WHEN.items():
        name = f"by_{identifier(label)}"
        text = f"create table {name} (id integer)"
        yield Case(label, [table(name, text, "exact", **who_and_when)], text)
    for label, (metadata, agrees) in METADATA.items():
        name = f"facts_{identifier(label)}"
        text = f"create table {name} (id integer)"
        said = ("exact",) if agrees else ("unknown", "recorded")
        yield Case(f"metadata is {label}", [table(name, text, *said, metadata=metadata)], text)
    yield Case(
        "metadata is all there is, and an injection",
        [table("injected", None, "unknown", "no SQL text", metadata=INJECTION)],
    )
    yield Case(
        "change types that no DDL has",
        [
            *harmless("commented").rows,
            # Whether the backslash was a letter, nothing under that name tells.
            Row("TABLE", "commented", "COMMENT", "comment on table commented is '100% \\ fine'", "repaired"),
            Row("TABLE", "renamed", "RENAME", "alter table commented rename to renamed", "repaired"),
            Row("TABLE", "renamed", "BRANCH", None, "", "branch operation"),
            Row("TABLE", "renamed", "MERGE", "-- merged", "", "branch operation"),
            Row("TABLE", "renamed", "CONFLICT_RESOLVED", "", "", "branch operation"),
            Row("BRANCH", "feature", "CREATE", None, "unknown", "no SQL text"),
        ],
        "create table renamed (id integer); comment on table renamed is '100% \\ fine'",
    )
    yield Case(
        "drops of what never was",
        [
            Row("TABLE", "never", "DROP", "drop table never", "unknown", "does not exist"),
            Row("VIEW", "never_seen", "DROP", None, "unknown", "no SQL text"),
            Row(
                "VIEW",
                "of_never",
                "ALTER",
                "alter view of_never rename to nothing",
                "unknown",
                "left no such object",
            ),
        ],
    )


def cases() -> list[Case]:
    """Return all cases, their rows numbered and dated in this order, with a gap before the last ones."""
    first = Case(
        "the very first row: nobody, at no time",
        # What drops everything comes behind it, and no other row says that its column kept its name.
        [table("very_first", "create table very_first (id integer)", "repaired", author=None, at=None)],
    )
    found = [
        first,
        end_of_the_world(),
        *names(),
        *broken_lines(),
        *texts(),
        *dangers(),
        *sessions(),
        *facts(),
    ]
    for version, row in enumerate((row for case in found for row in case.rows), 1):
        row.version_id = version if version < 100 else version + 1000
        if row.at is START:
            row.at = START + timedelta(minutes=7 * version)
    return found


def fill(connection: psycopg.Connection[Any], cases: list[Case]) -> None:
    """Make the live schema, and write the rows into `pggit`."""
    connection.execute("set check_function_bodies = off")
    for case in cases:
        if case.live:
            connection.execute(case.live.encode())
    connection.execute("reset all")
    connection.execute("insert into pggit.branches (name) values ('main') on conflict do nothing")
    for case in cases:
        for row in case.rows:
            connection.execute(
                """
                with object as (
                    insert into pggit.objects (object_type, schema_name, object_name) values (%s, %s, %s)
                    on conflict (object_type, schema_name, object_name, branch_name)
                        do update set version = pggit.objects.version + 1
                    returning id
                )
                insert into pggit.history (
                    id, object_id, change_type, change_severity, new_metadata, change_description, sql_executed,
                    created_at, created_by
                )
                select %s, id, %s, 'MINOR', %s, %s, %s, %s::text::timestamp, %s from object
                """,
                (
                    row.object_type, row.schema, row.object_name, row.version_id, row.change_type,
                    None if row.metadata is None else json.dumps(row.metadata),
                    None if row.change_type == "RENAME" else f"{case.name}: \\ 'said'\nso 🦉 %s",
                    row.sql, None if row.at is None else str(row.at), row.author,
                ),
            )  # fmt: skip
