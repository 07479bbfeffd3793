"""Repairs: what lets a statement run that the real database ran, and the shadow cannot.

A rule looks at one way in which a statement of the history fails, and proposes steps that bring the
shadow to where the real database must have been. Most reliable first: the recorded columns of the row,
the object's later rows, names and literals of the failing statement, the live catalog.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

import psycopg

from pggit_audit.catalog import DatabaseObject
from pggit_audit.definitions import (
    Columns,
    column_types,
    create_table,
    first_statement,
    ordered,
    parse_name,
    qualified,
    quote_if_needed,
    same_default,
    sequence_of,
    type_text,
)
from pggit_audit.evidence import RENAMED_TABLE, Evidence, Repair
from pggit_audit.older import Older
from pggit_audit.statements import Name, Statement, quote, unquote


class Situation(Protocol):
    """What a rule may ask about the shadow at the moment of the failure."""

    @property
    def position(self) -> int: ...
    @property
    def schemas(self) -> Sequence[str]: ...
    def query(self, text: str, parameters: Mapping[str, Any]) -> list[tuple[Any, ...]]: ...
    def columns(self, name: Name) -> list[dict[str, Any]]: ...
    def relation(self, name: Name) -> DatabaseObject | None: ...
    @property
    def sandboxed(self) -> bool: ...


_RENAMED_TYPE = re.compile(
    r"""\balter\s+type\s+((?:"(?:[^"]|"")+"|[\w.])+)\s+rename\s+to\s+("(?:[^"]|"")+"|\w+)""", re.IGNORECASE
)


class Repairs:
    """The rules: each looks at one way to fail, by PostgreSQL's error code, and proposes steps."""

    def __init__(self, evidence: Evidence, older: Older) -> None:
        self._evidence = evidence
        self._older = older
        self._rules: dict[str, Callable[[_Failure], list[Repair]]] = {
            "42P01": self._missing_relation,
            "42703": self._missing_column,
            "42704": self._missing_object,
            "3F000": self._missing_schema,
            "42883": self._missing_function,
            "22P02": self._missing_label,
            "42P07": self._implied_drop,
            "42710": self._implied_drop,
            "42723": self._implied_drop,
            "42P06": self._implied_drop,
            "42701": self._column_in_the_way,
            "42P16": self._definition_in_the_way,
            "42P13": self._definition_in_the_way,
            "42611": self._definition_in_the_way,
            "42809": self._wrong_kind,
            "2BP01": self._gone_dependents,
            "0A000": self._views_in_the_way,
            "42830": self._missing_key,
        }

    def for_error(self, error: psycopg.Error, statement: Statement, situation: Situation) -> list[Repair]:
        """Repairs that may let the statement run, best first; empty where there is no evidence."""
        rule = self._rules.get(error.sqlstate or "")
        if rule is None:
            return []
        return rule(_Failure(error, statement, situation))

    def _resolve(self, name: Name, situation: Situation) -> list[Name]:
        """The name with each schema that it may be in."""
        if name[0]:
            return [name]
        return [(schema, name[1]) for schema in situation.schemas]

    def _missing_relation(self, failure: _Failure) -> list[Repair]:
        name = failure.name()
        if name is None:
            return []
        found = self._not_yet_renamed(name, failure)
        for full in self._resolve(name, failure.situation):
            row = self._evidence.later_columns(full, failure.situation.position)
            if row is not None and row.columns:
                found.append(
                    Repair(
                        "table_from_columns",
                        create_table(full, row.columns),
                        f"row {row.version_id} recorded these columns of {qualified(full)}",
                        alone=True,
                        inferred=full,
                    )
                )
        for full in self._resolve(name, failure.situation):
            live = self._evidence.live.get(full)
            if live is not None and live.object_type in ("TABLE", "VIEW", "MATERIALIZED_VIEW", "SEQUENCE"):
                statement, rest = first_statement(live.definition), list[str]()
                if live.object_type == "TABLE":
                    statement, rest = self._older.as_live(live)
                found.append(
                    Repair(
                        "from_live_catalog",
                        statement,
                        f"{live.object_type} {live.object_identity} is in the live catalog",
                        alone=True,
                        inferred=full,
                        then=tuple(rest),
                    )
                )
        full = self._resolve(name, failure.situation)[0]
        if re.search(r"nextval\s*\(\s*'[^']*" + re.escape(name[1]), failure.statement.folded):
            found.append(
                Repair(
                    "missing_sequence",
                    f"CREATE SEQUENCE {qualified(full)};",
                    f"the statement asks for the next value of {name[1]}",
                    alone=True,
                    inferred=full,
                )
            )
        elif failure.statement.verb != "DROP" and not failure.statement.if_exists:
            found.append(
                Repair(
                    "stub_relation",
                    stub(full, self._evidence.has_rows(full)),
                    f"the statement names {qualified(full)}, of which nothing else is known",
                    alone=True,
                    inferred=full,
                )
            )
        return found

    def _not_yet_renamed(self, name: Name, failure: _Failure) -> list[Repair]:
        """A definition of the live catalog names a table as it is called now; it had another name then."""
        for row in self._evidence.rows[failure.situation.position :]:
            match = RENAMED_TABLE.search(row.text)
            if match is None or unquote(match[2]) != name[1] or row.name != name[1]:
                continue
            old = parse_name(match[1])
            for full in self._resolve(old, failure.situation):
                if failure.situation.relation(full) is not None:
                    pattern = re.escape(quote_if_needed(name[1]))
                    parts = re.split(rf'(?<![\w"]){pattern}(?![\w"])', failure.statement.text)
                    text = quote(full[1]).join(parts)
                    if text != failure.statement.text:
                        why = f"row {row.version_id} renamed {full[1]} to {name[1]}, later"
                        return [Repair("not_yet_renamed", text, why, rewrite=True)]
        return []

    def _missing_column(self, failure: _Failure) -> list[Repair]:
        column = failure.column()
        if column is None:
            return []
        situation = failure.situation
        found: list[Repair] = []
        for table in failure.tables():
            current = situation.columns(table)
            if not current or any(c["name"] == column for c in current):
                continue
            row = self._evidence.later_columns(table, situation.position)
            live = self._evidence.live.get(table)
            if row is not None and row.columns:
                for repair in towards(
                    table, row.columns, current, f"row {row.version_id} recorded the columns"
                ):
                    if (
                        repair.rule in ("renamed_column", "added_column")
                        and quote(column) in repair.statement
                    ):
                        found.append(repair)
                # A column that the statement takes away is in no later record: it is one that is too many.
                extra = [str(c["name"]) for c in current if str(c["name"]) not in row.columns]
                if column not in row.columns and len(extra) == 1:
                    found.append(
                        Repair(
                            "renamed_column",
                            f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(extra[0])} TO {quote(column)};",
                            f"the statement names {column}; row {row.version_id} no longer has {extra[0]}",
                            inferred=table,
                        )
                    )
            elif live is not None and live.object_type == "TABLE":
                line = column_line(live.definition, column)
                kept = {name for name, _ in column_types(live.definition)}
                lost = [str(c["name"]) for c in current if str(c["name"]) not in kept]
                if not line and len(lost) == 1 and failure.statement.verb == "ALTER":
                    # What the statement takes away is not there in the end; and there is one that is not.
                    found.append(
                        Repair(
                            "renamed_column",
                            f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(lost[0])} TO {quote(column)};",
                            f"the statement names {column}; {live.object_identity} no longer has {lost[0]} "
                            "in the live catalog",
                            inferred=table,
                        )
                    )
                if line:
                    found.append(
                        Repair(
                            "added_column",
                            f"ALTER TABLE {qualified(table)} ADD COLUMN {line};",
                            f"{live.object_identity} has {column} in the live catalog",
                            inferred=table,
                        )
                    )
        for table in failure.tables():
            current = situation.columns(table)
            relation = situation.relation(table)
            missing = current and not any(c["name"] == column for c in current)
            if missing and relation is not None and relation.object_type == "TABLE":
                # An added column would have left a row; a renamed one does not. Of those that no later
                # text of this table names, it is the only one, or nothing is known.
                unused = [
                    str(c["name"])
                    for c in current
                    if not any(
                        p >= situation.position for p in self._evidence.mentions(table[1], str(c["name"]))
                    )
                    and not c["identity"]
                ]
                if len(unused) == 1:
                    found.append(
                        Repair(
                            "renamed_column",
                            f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(unused[0])} TO {quote(column)};",
                            f"the statement names {column}, which no row added; {unused[0]} is never named again",
                            inferred=table,
                        )
                    )
                found.append(
                    Repair(
                        "stub_column",
                        f"ALTER TABLE {qualified(table)} ADD COLUMN {quote(column)} text;",
                        f"the statement names {column}, of which nothing else is known",
                        inferred=table,
                    )
                )
        for table in failure.tables():
            relation = situation.relation(table)
            if (
                relation is not None
                and relation.object_type == "MATERIALIZED_VIEW"
                and "Stub:" in relation.definition
            ):
                names = [str(c["name"]) for c in situation.columns(table)] + [column]
                found.append(
                    Repair(
                        "stub_relation",
                        f"DROP MATERIALIZED VIEW {qualified(table)};\n" + stub(table, False, names),
                        f"the statement names {column} of {qualified(table)}, of which nothing else is known",
                        alone=True,
                        inferred=table,
                    )
                )
        return found

    def _missing_object(self, failure: _Failure) -> list[Repair]:
        message = failure.message
        if message.startswith("role ") and failure.situation.sandboxed:
            return []
        if message.startswith("there is no primary key"):
            return self._missing_key(failure)
        if message.startswith("type ") or "type" in message.split('"')[0]:
            return self._missing_type(failure)
        if message.startswith(("index ", "constraint ", "trigger ", "policy ", "view ")):
            return []
        return self._missing_type(failure)

    def _missing_type(self, failure: _Failure) -> list[Repair]:
        name = failure.name()
        if name is None:
            return []
        name = (name[0], name[1].removesuffix("[]"))
        found: list[Repair] = []
        known = self._resolve(name, failure.situation)
        if not any(full in self._evidence.live for full in known) and name[0] is None:
            # The search_path that it was found through is not recorded (FORMATS 1.13).
            elsewhere = [full for full in self._evidence.live if full[1] == name[1]]
            known = elsewhere if len(elsewhere) == 1 else known
        # Where the statement renames it, the live catalog may have it under the new name; under the old is another.
        renames = dict(_RENAMED_TYPE.findall(failure.statement.folded))
        after = next((unquote(n) for old, n in renames.items() if parse_name(old)[1] == name[1]), name[1])
        for full in known:
            live = self._evidence.live.get((full[0], after))
            if live is not None and live.object_type == "TYPE":
                made = first_statement(live.definition)
                if after != full[1]:
                    made = made.replace(f" {live.object_identity} AS ", f" {qualified(full)} AS ", 1)
                found.append(
                    Repair(
                        "type_from_live_catalog",
                        made,
                        f"TYPE {live.object_identity} is in the live catalog",
                        alone=True,
                        inferred=(full[0], after),
                    )
                )
        full = self._resolve(name, failure.situation)[0]
        base = self._recorded_base(name[1], failure)
        if base is not None:
            found.append(
                Repair(
                    "missing_domain",
                    f"CREATE DOMAIN {qualified(full)} AS {type_text(base)};",
                    f"the statement gives a column the type {name[1]}, and the row recorded {base}",
                    alone=True,
                    inferred=full,
                )
            )
        found.append(
            Repair(
                "missing_enum",
                f"CREATE TYPE {qualified(full)} AS ENUM ();",
                f"the statement names the type {name[1]}, of which nothing else is known",
                alone=True,
                inferred=(full[0], after),
            )
        )
        return found

    def _recorded_base(self, type_name: str, failure: _Failure) -> str | None:
        """What the failing statement's row recorded for a column of that type, if it is called otherwise.

        v1 records a domain's base type, and any other type under its own name (FORMATS 1.9).
        """
        words = failure.statement.words
        here = self._evidence.rows[failure.situation.position]
        recorded: dict[str, str] = {}
        for row in self._evidence.rows[failure.situation.position :]:
            if row.execution != here.execution:
                break
            if row.name in words:
                recorded.update({n: str(fact.get("type")) for n, fact in (row.columns or {}).items()})
        for i, word in enumerate(words):
            if word != type_name:
                continue
            before = words[: i - 2] if words[i - 1 : i] == (".",) else words[:i]
            if before[-3:] == ("set", "data", "type"):
                before = before[:-3]
            elif before[-1:] == ("type",):
                before = before[:-1]
            base = recorded.get(before[-1]) if before else None
            if base is not None and base != type_name and not base.startswith("_"):
                return base
        return None

    def _missing_label(self, failure: _Failure) -> list[Repair]:
        match = re.search(r'enum (.+?): "(.*)"$', failure.message, re.DOTALL)
        if match is None:
            return []
        type_name, label = match[1], match[2]
        literal = "'" + label.replace("'", "''") + "'"
        place = ""
        for full in self._resolve(parse_name(type_name), failure.situation):
            labels = enum_labels(self._evidence.live[full].definition) if full in self._evidence.live else []
            if label in labels:
                have = [
                    str(r[0])
                    for r in failure.situation.query(
                        "select enumlabel from pg_enum where enumtypid = %(type)s::regtype order by enumsortorder",
                        {"type": type_name},
                    )
                ]
                after = [x for x in labels[: labels.index(label)] if x in have]
                before = [x for x in labels[labels.index(label) + 1 :] if x in have]
                neighbour = after[-1] if after else before[0] if before else None
                if neighbour is not None:
                    place = (" AFTER " if after else " BEFORE ") + "'" + neighbour.replace("'", "''") + "'"
                break
        return [
            Repair(
                "missing_label",
                f"ALTER TYPE {type_name} ADD VALUE IF NOT EXISTS {literal}{place};",
                f"the statement uses the label {literal}",
                alone=True,
                inferred=self._resolve(parse_name(type_name), failure.situation)[0],
            )
        ]

    def _missing_schema(self, failure: _Failure) -> list[Repair]:
        match = re.search(r'"(.*)"', failure.message, re.DOTALL)
        if match is None:
            return []
        return [
            Repair(
                "missing_schema",
                f"CREATE SCHEMA IF NOT EXISTS {quote(match[1])};",
                f"the statement names the schema {match[1]}",
                alone=True,
            )
        ]

    def _missing_function(self, failure: _Failure) -> list[Repair]:
        found: list[Repair] = []
        match = re.match(r"(?:function|procedure|aggregate) (.+?)\(", failure.message)
        if match is None:
            return []
        name = parse_name(match[1])
        for full in self._resolve(name, failure.situation):
            for live in self._evidence.live_routines.get(full, []):
                found.append(
                    Repair(
                        "from_live_catalog",
                        live.definition,
                        f"{live.object_type} {live.object_identity} is in the live catalog",
                        alone=True,
                        inferred=(live.object_schema, live.object_name),
                    )
                )
        return found

    def _implied_drop(self, failure: _Failure) -> list[Repair]:
        why = "the recorded statement ran, so what has the name was gone by then"
        message, statement = failure.message, failure.statement
        match = re.match(r'(trigger|policy|constraint|rule) "(.*?)" for (?:relation|table) "(.*?)"', message)
        if match:
            kind, table = match[1].upper(), failure.on_table(match[3])
            action = (
                f"ALTER TABLE {table} DROP CONSTRAINT {quote(match[2])};"
                if kind == "CONSTRAINT"
                else f"DROP {kind} {quote(match[2])} ON {table};"
            )
            return [Repair("implied_drop", action, why)]
        found: list[Repair] = []
        # What a statement alters is not in its own way.
        hint = statement.targets[0] if statement.targets and statement.verb == "CREATE" else None
        names = [n for n in (failure.name(), hint) if n is not None]
        for name in names:
            for full in self._resolve(name, failure.situation):
                relation = failure.situation.relation(full)
                if relation is not None and relation.object_type == "TYPE":
                    found.extend(self.renamed_type(full, failure.situation))
                if relation is not None and relation.object_type == "INDEX":
                    found.extend(self._constraint_of_index(full, failure.situation, why))
                if relation is not None:
                    drop = f"DROP {relation.object_type.replace('_', ' ')} {qualified(full)}"
                    found.append(Repair("implied_drop", drop + ";", why))
                    found.append(Repair("implied_drop", drop + " CASCADE;", why))
        if statement.object_type in ("FUNCTION", "PROCEDURE", "AGGREGATE") and hint:
            signature = re.match(r"function (.*) already exists|function \"(.*?)\"", message)
            found.extend(self._drop_routines(failure, hint, why, signature and signature[1]))
        if statement.object_type == "SCHEMA" and hint:
            found.append(Repair("implied_drop", f"DROP SCHEMA {quote(hint[1])} CASCADE;", why))
        return found

    def _constraint_of_index(self, name: Name, situation: Situation, why: str) -> list[Repair]:
        """An index that belongs to a constraint goes with it only."""
        rows = situation.query(
            "select k.conrelid::regclass::text from pg_constraint as k"
            " join pg_class as c on c.oid = k.conindid and c.relname = k.conname"
            " where c.oid = to_regclass(%(index)s) and k.contype in ('p', 'u', 'x')",
            {"index": qualified(name)},
        )
        return [
            Repair("implied_drop", f"ALTER TABLE {table} DROP CONSTRAINT {quote(name[1])}{cascade};", why)
            for (table,) in rows
            for cascade in ("", " CASCADE")
        ]

    def renamed_type(self, name: Name, situation: Situation) -> list[Repair]:
        """A type whose columns all have another type's name in their next record was renamed to it."""
        users = situation.query(
            "select n.nspname, c.relname, a.attname from pg_attribute as a join pg_class as c on c.oid = a.attrelid"
            " join pg_namespace as n on n.oid = c.relnamespace join pg_type as t on t.oid = a.atttypid"
            " where c.relkind in ('r', 'p') and a.attnum > 0 and not a.attisdropped and t.typname = %(name)s"
            " and t.typnamespace = to_regnamespace(quote_ident(%(schema)s))",
            {"name": name[1], "schema": name[0] or situation.schemas[0]},
        )
        recorded: set[str] = set()
        rows: set[int] = set()
        for schema, table, column in users:
            row = self._evidence.later_columns((schema, table), situation.position)
            if row is not None and row.columns and column in row.columns:
                recorded.add(str(row.columns[column].get("type")))
                rows.add(row.version_id)
        if len(recorded) == 1 and name[1] not in recorded:
            return [rename_type(name, recorded.pop(), f"row {min(rows)}")]
        # A type that is made, used, and given another's name each time, as migrations of enums go: the
        # recorded texts that do it again tell the name.
        for row in self._evidence.rows:
            for old, new in _RENAMED_TYPE.findall(row.text):
                if parse_name(old)[1] == name[1]:
                    return [rename_type(name, unquote(new), f"the text of row {row.version_id}")]
        return []

    def _drop_routines(
        self, failure: _Failure, name: Name, why: str, signature: str | None = None
    ) -> list[Repair]:
        rows = failure.situation.query(
            "select p.oid::regprocedure::text, p.prokind"
            " from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace"
            " where p.proname = %(name)s and n.nspname = any(%(schemas)s)",
            {"name": name[1], "schemas": [name[0]] if name[0] else list(failure.situation.schemas)},
        )
        kinds = {"a": "AGGREGATE", "p": "PROCEDURE"}
        found: list[Repair] = []
        for text, kind in rows:
            if signature is None or len(rows) == 1 or text.endswith(signature):
                drop = f"DROP {kinds.get(kind, 'FUNCTION')} {text}"
                found.append(Repair("implied_drop", drop + ";", why))
                found.append(Repair("implied_drop", drop + " CASCADE;", why))
        return found

    def _missing_key(self, failure: _Failure) -> list[Repair]:
        """The key that a foreign key refers to: of a table older than the tracker, no record has it.

        A table has one primary key, of columns that are not null; PostgreSQL gives it the name it gave it then.
        """
        match = re.search(r'referenced table "(.*)"', failure.message, re.DOTALL)
        if match is None:
            return []
        words = failure.statement.words
        for table in self._resolve((None, match[1]), failure.situation):
            nullable = {str(c["name"]): bool(c["nullable"]) for c in failure.situation.columns(table)}
            if not nullable:
                continue
            places = [
                i for i, w in enumerate(words) if w == "references" and table[1] in words[i + 1 : i + 4]
            ]
            for key in [_columns_behind(words, i) for i in places] or [()]:
                if not set(key) <= nullable.keys():
                    continue
                names = key or tuple(n for n in nullable if n == "id")
                if not names:
                    continue
                kinds = ("UNIQUE",) if any(nullable[n] for n in names) else ("PRIMARY KEY", "UNIQUE")
                return [
                    Repair(
                        "missing_key",
                        f"ALTER TABLE {qualified(table)} ADD {kind} ({', '.join(map(quote, names))});",
                        f"the statement refers to {', '.join(names)} of {qualified(table)} by a foreign key",
                        inferred=table,
                    )
                    for kind in kinds
                ]
        return []

    def _column_in_the_way(self, failure: _Failure) -> list[Repair]:
        column = failure.column()
        table = failure.table()
        if column is None or table is None:
            return []
        found: list[Repair] = []
        current = failure.situation.columns(table)
        row = self._evidence.later_columns(table, failure.situation.position)
        if row is not None and row.columns:
            before = {n: f for n, f in row.columns.items() if n != column}
            taken = [str(c["name"]) for c in current if str(c["name"]) not in before]
            missing = [n for n in ordered(before) if n not in {str(c["name"]) for c in current}]
            if column in taken and len(missing) == 1:
                found.append(
                    Repair(
                        "renamed_column",
                        f"ALTER TABLE {qualified(table)} RENAME COLUMN {quote(column)} TO {quote(missing[0])};",
                        f"row {row.version_id} recorded {missing[0]} beside the new {column}",
                        inferred=table,
                    )
                )
        found.append(
            Repair(
                "implied_drop",
                f"ALTER TABLE {qualified(table)} DROP COLUMN {quote(column)} CASCADE;",
                f"the statement added {column}, so it was not there",
                inferred=table,
            )
        )
        return found

    def _definition_in_the_way(self, failure: _Failure) -> list[Repair]:
        statement = failure.statement
        why = "the recorded CREATE OR REPLACE ran, so what had the name was gone by then"
        if not statement.targets:
            return []
        target = statement.targets[0]
        if statement.object_type in ("FUNCTION", "PROCEDURE", "AGGREGATE"):
            hint = re.search(r"DROP \w+ (.*) first", failure.error.diag.message_hint or "")
            return self._drop_routines(failure, target, why, hint and hint[1])
        if statement.object_type == "VIEW":
            return [
                Repair("implied_drop", f"DROP VIEW {qualified(target)};", why),
                Repair("implied_drop", f"DROP VIEW {qualified(target)} CASCADE;", why),
            ]
        if "primary key" in failure.message:
            rows = failure.situation.query(
                "select conname from pg_constraint where conrelid = to_regclass(%(table)s) and contype = 'p'",
                {"table": qualified(target)},
            )
            return [
                Repair(
                    "implied_drop",
                    f"ALTER TABLE {qualified(target)} DROP CONSTRAINT {quote(str(name))} CASCADE;",
                    "the statement added a primary key, so there was none",
                    inferred=target,
                )
                for (name,) in rows
            ]
        return []

    def _wrong_kind(self, failure: _Failure) -> list[Repair]:
        statement = failure.statement
        if not statement.targets:
            return []
        found: list[Repair] = []
        for full in self._resolve(statement.targets[0], failure.situation):
            relation = failure.situation.relation(full)
            if relation is not None and statement.verb == "CREATE":
                found.append(
                    Repair(
                        "implied_drop",
                        f"DROP {relation.object_type.replace('_', ' ')} {qualified(full)} CASCADE;",
                        "the recorded CREATE ran, so what has the name was gone by then",
                    )
                )
        return found

    def _gone_dependents(self, failure: _Failure) -> list[Repair]:
        text = failure.statement.text.rstrip().rstrip(";")
        text = re.sub(r"\s+RESTRICT$", "", text, flags=re.IGNORECASE)
        return [
            Repair(
                "implied_cascade",
                text + " CASCADE",
                "v1 recorded the statement, so what depends on it was gone by then: "
                + "; ".join((failure.error.diag.message_detail or "").splitlines()),
                rewrite=True,
            )
        ]

    def _views_in_the_way(self, failure: _Failure) -> list[Repair]:
        detail = failure.error.diag.message_detail or ""
        match = re.search(r"on (materialized view|view) (.+?) depends on", detail)
        if match is None:
            match = re.search(r"(policy|trigger) (.+?) on table (.+?) depends on", detail)
            if match is None:
                return []
            return [
                Repair(
                    "implied_drop",
                    f"DROP {match[1].upper()} {quote(match[2])} ON {match[3]};",
                    f"the recorded statement ran, so nothing was in its way: {detail}",
                )
            ]
        drop = f"DROP {match[1].upper()} {match[2]} CASCADE;"
        return [
            Repair("implied_drop", drop, f"the recorded statement ran, so nothing was in its way: {detail}")
        ]


class _Failure:
    """A failed statement with the names that PostgreSQL's message gives."""

    def __init__(self, error: psycopg.Error, statement: Statement, situation: Situation) -> None:
        self.error = error
        self.statement = statement
        self.situation = situation
        self.message = error.diag.message_primary or ""

    def name(self) -> Name | None:
        """The object that the message names."""
        match = re.search(r'"(.*?)"(?: (?:already|does|for|of)|$)', self.message, re.DOTALL)
        # Of the types of a routine's arguments it quotes no name.
        match = match or re.match(r"type (\S+) does not exist", self.message)
        return parse_name(match[1]) if match else None

    def column(self) -> str | None:
        quoted = re.match(r'column "(.*?)" (?:of|does|named|referenced|specified)', self.message)
        if quoted:
            return quoted[1]
        bare = re.match(r"column (.+) does not exist", self.message)
        if bare:
            return parse_name(bare[1])[1]
        return None

    def on_table(self, name: str) -> str:
        return qualified(self.statement.on) if self.statement.on else qualified(parse_name(name))

    def table(self) -> Name | None:
        """The table that the message or the statement is about, with its schema."""
        tables = self.tables()
        return tables[0] if tables else None

    def tables(self) -> list[Name]:
        """The tables that the statement may mean, likeliest first, with their schemas."""
        candidates: list[Name] = []
        match = re.search(r'of relation "(.*?)"', self.message)
        if match:
            candidates.append((None, match[1]))
        if self.statement.on:
            candidates.append(self.statement.on)
        if self.statement.object_type == "TABLE":
            candidates.extend(self.statement.targets)
        rows = self.situation.query(
            "select n.nspname, c.relname from pg_class as c join pg_namespace as n on n.oid = c.relnamespace"
            " where c.relkind in ('r', 'p', 'v', 'm') and n.nspname = any(%(schemas)s) and c.relname = any(%(words)s)",
            {"schemas": list(self.situation.schemas), "words": list(set(self.statement.words))},
        )
        found: list[Name] = []
        for schema, bare in candidates:
            for full in [(schema, bare)] if schema else [(s, bare) for s in self.situation.schemas]:
                if full not in found and self.situation.relation(full) is not None:
                    found.append(full)
        for schema, bare in rows:
            if (schema, bare) not in found:
                found.append((schema, bare))
        return found


def stub(name: Name, tracked: bool, columns: Sequence[str] = ()) -> str:
    """A relation of which only the name is known, and says so in its comment.

    v1 records tables and views, so a relation that never left a row is a materialized view.
    """
    kind = "TABLE" if tracked else "MATERIALIZED VIEW"
    if tracked:
        body = f"CREATE TABLE {qualified(name)} (" + ", ".join(f"{quote(c)} text" for c in columns) + ");"
    else:
        chosen = ", ".join(f"NULL::text AS {quote(c)}" for c in columns)
        body = f"CREATE MATERIALIZED VIEW {qualified(name)} AS SELECT {chosen} WITH NO DATA;"
    return body + f"\nCOMMENT ON {kind} {qualified(name)} IS 'Stub: its definition is lost.';"


def towards(table: Name, columns: Columns, current: Sequence[Mapping[str, Any]], why: str) -> list[Repair]:
    """Steps that bring a table's columns to the recorded ones: renames, additions, removals, changes.

    A column too many and one too few are one column renamed if they stand at the same position with
    the same type, or are the only such pair of that type, or stand at the same position: a position is never
    given twice.
    """
    text = qualified(table)
    repairs: list[Repair] = []

    def step(rule: str, action: str, evidence: str = "") -> None:
        repairs.append(Repair(rule, f"ALTER TABLE {text} {action};", evidence or why, inferred=table))

    by_name = {str(c["name"]): c for c in current}
    extra = [n for n in by_name if n not in columns]
    missing = [n for n in ordered(columns) if n not in by_name]
    pairs: list[tuple[str, str]] = []
    for same_type, same_place in ((True, True), (True, False), (False, True)):
        for new in list(missing):
            fits = [
                old
                for old in extra
                if (not same_type or by_name[old]["type"] == columns[new].get("type"))
                and (not same_place or by_name[old]["position"] == columns[new].get("position"))
            ]
            if fits and (same_place or len(fits) == 1):
                pairs.append((fits[0], new))
                extra.remove(fits[0])
                missing.remove(new)
    for old, new in pairs:
        step("renamed_column", f"RENAME COLUMN {quote(old)} TO {quote(new)}")
    for old in extra:
        step("dropped_column", f"DROP COLUMN {quote(old)} CASCADE")
    for new in missing:
        fact = columns[new]
        step("added_column", f"ADD COLUMN {quote(new)} {type_text(str(fact.get('type')))}")
    renamed = {new: by_name[old] for old, new in pairs}
    for name in ordered(columns):
        fact = columns[name]
        found = renamed.get(name) or by_name.get(name)
        if found is None:
            found = {"type": fact.get("type"), "nullable": True, "default": None, "generated": False}
        if found["type"] != fact.get("type"):
            new_type = type_text(str(fact.get("type")))
            if found["default"] is not None:
                step("changed_type", f"ALTER COLUMN {quote(name)} DROP DEFAULT")
                found = {**found, "default": None}
            step("changed_type", f"ALTER COLUMN {quote(name)} TYPE {new_type} USING NULL::{new_type}")
        if bool(found["nullable"]) != bool(fact.get("nullable", True)):
            step(
                "changed_nullability",
                f"ALTER COLUMN {quote(name)} {'DROP' if fact.get('nullable', True) else 'SET'} NOT NULL",
            )
        if not found["generated"] and not same_default(fact.get("default"), found["default"]):
            default = fact.get("default")
            before, after = sequence_of(found["default"]), sequence_of(default)
            if before is None and after is not None:
                sequence = (after[0] or table[0], after[1])
                kind = _INTEGERS.get(str(fact.get("type")), "bigint")
                make = f"CREATE SEQUENCE IF NOT EXISTS {qualified(sequence)} AS {kind} OWNED BY {text}.{quote(name)};"
                repairs.append(Repair("missing_sequence", make, why, inferred=sequence))
            if before is not None and after is not None:
                repairs.append(
                    Repair(
                        "renamed_sequence",
                        f"ALTER SEQUENCE {qualified(before)} RENAME TO {quote(after[1])};",
                        why,
                        inferred=(before[0] or table[0], after[1]),
                    )
                )
                continue
            step(
                "changed_default",
                f"ALTER COLUMN {quote(name)} " + (f"SET DEFAULT {default}" if default else "DROP DEFAULT"),
            )
    return repairs


_INTEGERS = {"int2": "smallint", "int4": "integer"}


def _columns_behind(words: Sequence[str], place: int) -> tuple[str, ...]:
    """The columns in the parentheses behind REFERENCES and the table's name, if there are any."""
    rest = list(words[place + 1 : place + 40])
    start = 3 if rest[1:2] == ["."] else 1
    if rest[start : start + 1] != ["("] or ")" not in rest:
        return ()
    return tuple(w for w in rest[start + 1 : rest.index(")")] if w != ",")


def rename_type(name: Name, new_name: str, source: str) -> Repair:
    """The step by which a type took another's name, that other one being gone by then."""
    new = (name[0], new_name)
    return Repair(
        "renamed_type",
        f"DROP TYPE IF EXISTS {qualified(new)};\nALTER TYPE {qualified(name)} RENAME TO {quote(new_name)};",
        f"{source} has {new_name} for its columns",
        inferred=new,
    )


def enum_labels(definition: str) -> list[str]:
    """The labels of an enum's definition, in order; empty for any other type."""
    if " AS ENUM (" not in definition:
        return []
    body = first_statement(definition).split(" AS ENUM (", 1)[1]
    return [label.replace("''", "'") for label in re.findall(r"'((?:[^']|'')*)'", body)]


def column_line(definition: str, column: str) -> str | None:
    """The line that defines a column in a table's definition, without its comma."""
    for line in first_statement(definition).split("\n")[1:]:
        text = line.strip().removesuffix(",")
        if text.startswith((column + " ", quote(column) + " ")):
            return re.sub(
                r"^(" + re.escape(column) + r"|" + re.escape(quote(column)) + r") ",
                lambda m: quote(column) + " ",
                text,
            )
    return None
