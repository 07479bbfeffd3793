"""Runs Python models in the dbt process and copies their rows into a table.

A model is `def model(dbt, session)` and returns an iterable of dicts, one for each row, best a generator:
rows go to the server in batches while the model makes them. The table's columns and types are those of the
model's YAML, in its order.

- `dbt.ref(...)`, `dbt.source(...)`: an iterable of dicts, read through a server-side cursor; its `.relation`
  is the quoted name. All of them see one snapshot of the database.
- `session.connect()`, `session.connect_params()`: a connection to the target, and how to make one.
- `session.info(text)`, `session.warn(text)`: lines for dbt's log.

Values: None is NULL and '' is ''; json and jsonb columns take any Python object that JSON can hold. A timestamp
that no `datetime` can hold (infinity, a year before 1 or after 9999) comes as text, and goes as text.
"""

from __future__ import annotations

import ast
import json
import linecache
import re
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from threading import Lock
from types import GeneratorType
from typing import Any

import psycopg
import yaml
from dbt.adapters.base import PythonJobHelper
from dbt.adapters.events.logging import AdapterLogger
from dbt.adapters.pggit.connections import PggitCredentials
from dbt_common.exceptions import DbtRuntimeError
from psycopg import sql
from psycopg.adapt import Transformer
from psycopg.rows import dict_row

import pggit_audit
from pggit_audit.errors import PggitError
from pggit_audit.sandbox import Login
from pggit_audit.sessions import read_any_time
from pggit_audit.waits import Watch

logger = AdapterLogger("pggit")

FETCH = 50  # rows at a time: a row may hold megabytes
BATCH_ROWS = 1000
BATCH_CHARACTERS = 4_000_000
SHOWN = 500  # characters of a server's message, which may quote a whole value
NUL = "the text has a NUL character (\\x00), which PostgreSQL cannot hold"
PACKAGE = Path(pggit_audit.__file__).parent
# Of two threads that make trees at once, CPython 3.11 counts the depth together, and ends one with a SystemError.
_PARSING = Lock()

Connection = psycopg.Connection[Any]


class Session:
    """What a model gets as `session`."""

    def __init__(self, credentials: PggitCredentials, stack: ExitStack) -> None:
        self._credentials = credentials
        self._stack = stack
        self._reader: Connection | None = None

    def connect(self, autocommit: bool = False) -> Connection:
        """Open a connection to the target database. It is closed when the model ends."""
        connection = self._credentials.connect(autocommit=autocommit)
        self._stack.callback(connection.close)
        return connection

    def connect_params(self) -> dict[str, Any]:
        """Return libpq keywords for a connection to the target database."""
        return self._credentials.connect_params()

    @property
    def shadow_login(self) -> Login | None:
        """The role that the team prepared for running the history, if there is one."""
        return self._credentials.shadow_login

    @property
    def project_root(self) -> Path | None:
        """The project's folder, by which the embedded server is found."""
        return self._credentials.project_root

    def info(self, text: str) -> None:
        """Write a line to dbt's log and to the screen."""
        logger.info(text)

    def warn(self, text: str) -> None:
        """Write a warning to dbt's log and to the screen."""
        logger.warning(text)

    def rows(self, relation: str) -> Rows:
        """Return the rows of a relation; this is what `dbt.ref` and `dbt.source` return."""
        return Rows(self, _text(relation))

    def reader(self) -> Connection:
        """Return the connection that all of a model's inputs are read on: one snapshot for all."""
        if self._reader is None:
            self._reader = self.connect()
            self._reader.isolation_level = psycopg.IsolationLevel.REPEATABLE_READ
            self._reader.read_only = True
            read_any_time(self._reader)
        return self._reader


class Rows:
    """An input of a model. Each iteration reads it anew."""

    def __init__(self, session: Session, relation: str) -> None:
        self._session = session
        self.relation = relation

    def __str__(self) -> str:
        return self.relation

    def __iter__(self) -> Iterator[dict[str, Any]]:
        with self._session.reader().cursor(name=f"input_{id(self)}", row_factory=dict_row) as cursor:
            cursor.itersize = FETCH
            # The relation is dbt's own quoted name.
            yield from cursor.execute(f"select * from {self.relation}".encode())


@dataclass(frozen=True)
class Column:
    """One column of a model's YAML."""

    name: str
    type: str

    @property
    def is_json(self) -> bool:
        return self.type.strip().lower() in ("json", "jsonb")

    @property
    def is_plain_timestamp(self) -> bool:
        return re.fullmatch(r"timestamp(\(\d\))?( without time zone)?", self.type.strip().lower()) is not None


@dataclass
class Row:
    """One row on its way: its number counted from 1, the file and line that made it, its values."""

    number: int
    place: tuple[str, int | None]
    values: list[Any] = field(default_factory=list)


class LocalPythonJob(PythonJobHelper):
    """One run of one Python model."""

    def __init__(self, parsed_model: dict[str, Any], credential: PggitCredentials) -> None:
        self._credentials = credential
        self._name: str = parsed_model["name"]
        self._path: str = parsed_model["original_file_path"]
        self._columns: dict[str, dict[str, Any]] = parsed_model["columns"]
        self._yaml: str | None = parsed_model.get("patch_path")

    def submit(self, compiled_code: str) -> int:
        """Run the model, fill its table and return the number of rows.

        The table is created and filled in one transaction: it is there in full, or not at all.

        Raises:
            DbtRuntimeError: the model or one of its rows is wrong; says where.

        """
        columns = self._typed_columns()
        compiled_code = self._leading_lines() + compiled_code
        self._return_line = _return_line(compiled_code)
        linecache.cache[self._path] = (len(compiled_code), None, compiled_code.splitlines(True), self._path)
        with ExitStack() as stack:
            # The model opens sessions of its own, here and in its shadow.
            watch = stack.enter_context(Watch(lambda: self._credentials.connect(autocommit=True)))
            session = Session(self._credentials, stack)
            writer = self._credentials.connect()
            stack.callback(writer.close)
            namespace: dict[str, Any] = {"__name__": f"dbt_model_{self._name}", "__file__": self._path}
            try:
                exec(compile(compiled_code, self._path, "exec"), namespace)
                target = namespace["pggit_target"]
                rows = namespace["model"](namespace["dbtObj"](session.rows), session)
                relation = _text(target["relation"])
                for statement in target["first"]:
                    writer.execute(_text(statement).encode())
                if target["emptied"]:
                    writer.execute(_text(target["emptied"]).encode())
                else:
                    if target["stale"]:  # left by a build that failed between filling it and swapping it in
                        writer.execute(f"drop {target['stale']} {relation} cascade".encode())
                    self._create(writer, relation, columns, target["unlogged"])
                count = self._copy(writer, relation, columns, self._iterator(rows))
                writer.commit()
            except DbtRuntimeError:
                raise
            except PggitError as error:
                raise DbtRuntimeError(str(error)) from error
            except psycopg.errors.LockNotAvailable as error:
                raise DbtRuntimeError(
                    f"{watch.message(str(error))}\nWhat was published stays as it was."
                ) from error
            except Exception as error:
                logger.debug(traceback.format_exc())
                raise DbtRuntimeError(self._describe(error)) from error
        return count

    def _leading_lines(self) -> str:
        """Return the blank lines that dbt cut off the file's head, so that line numbers are the file's."""
        try:
            text = (Path(self._credentials.project_root or ".") / self._path).read_text()
        except OSError:  # a model of another package
            return ""
        return "\n" * text[: len(text) - len(text.lstrip())].count("\n")

    # The YAML

    def _typed_columns(self) -> list[Column]:
        missing = [name for name, column in self._columns.items() if not column.get("data_type")]
        if missing or not self._columns:
            what = f"no data_type for column {', '.join(missing)}" if missing else "no columns for this model"
            raise DbtRuntimeError(
                f"{self._name}: {self._yaml_place(missing[0] if missing else None)} gives {what}. "
                "A Python model's table is made from its YAML: every column needs its data_type."
            )
        return [Column(name, column["data_type"]) for name, column in self._columns.items()]

    def _yaml_place(self, column: str | None) -> str:
        """Return `file, line N` of a column in the model's YAML, as near as can be told."""
        if not self._yaml:
            return "its YAML file (there is none)"
        path = self._yaml.split("://")[-1]
        line = _yaml_line(Path(self._credentials.project_root or ".") / path, self._name, column)
        return f"{path}, line {line}" if line else path

    # The table

    def _create(self, writer: Connection, relation: str, columns: list[Column], unlogged: bool) -> None:
        for column in columns:
            try:
                writer.execute(f"select null::{column.type} limit 0".encode())
            except psycopg.Error as error:
                raise DbtRuntimeError(
                    f"{self._name}: column {column.name} has data_type {column.type!r} in "
                    f"{self._yaml_place(column.name)}: {error.diag.message_primary}."
                ) from error
        definitions = ", ".join(f"{sql.Identifier(c.name).as_string(writer)} {c.type}" for c in columns)
        kind = "unlogged table" if unlogged else "table"
        writer.execute(f"create {kind} {relation} ({definitions})".encode())

    def _copy(self, writer: Connection, relation: str, columns: list[Column], rows: Iterator[Any]) -> int:
        """Copy the rows in batches.

        No COPY is open while the model works. A backend that waits within one for its client does not answer
        the server's barriers, and a model that drops a database would wait for that answer forever.
        """
        names = sql.SQL(", ").join(sql.Identifier(column.name) for column in columns)
        command = f"copy {relation} ({names.as_string(writer)}) from stdin".encode()
        count = size = 0
        batch: list[Row] = []
        for count, given in enumerate(rows, start=1):
            row = Row(count, self._place(rows))
            row.values = self._values(given, row, columns)
            batch.append(row)
            size += sum(len(value) for value in row.values if isinstance(value, (str, bytes)))
            if len(batch) == BATCH_ROWS or size > BATCH_CHARACTERS:
                self._copy_batch(writer, command, columns, batch)
                batch, size = [], 0
        self._copy_batch(writer, command, columns, batch)
        writer.execute(f"analyze {relation}".encode())
        return count

    def _copy_batch(
        self, writer: Connection, command: bytes, columns: list[Column], batch: list[Row]
    ) -> None:
        try:
            with writer.cursor() as cursor, cursor.copy(command) as stream:
                for row in batch:
                    try:
                        stream.write_row(row.values)
                    except (psycopg.ProgrammingError, psycopg.DataError, UnicodeError) as error:
                        self._blame(writer, row, columns, error)
                        raise
        except psycopg.Error as error:
            context = re.search(r"line (\d+)(?:, column ([^:]+))?", error.diag.context or "")
            if context is None:
                raise
            row = batch[int(context[1]) - 1]
            message = (error.diag.message_primary or str(error))[:SHOWN]
            raise self._wrong(row, message, context[2]) from error

    # The rows

    def _iterator(self, rows: Any) -> Iterator[Any]:
        if isinstance(rows, Iterable) and not isinstance(rows, (str, bytes, Mapping)):
            return iter(rows)
        what = "None" if rows is None else f"a {type(rows).__name__}"
        raise DbtRuntimeError(
            f"{self._name}: {self._path}, line {self._return_line}, returns {what}. "
            "A model has to return an iterable of dicts (an empty one for an empty table)."
        )

    def _values(self, given: Any, row: Row, columns: list[Column]) -> list[Any]:
        if not isinstance(given, Mapping):
            raise self._wrong(row, f"it is a {type(given).__name__}, not a dict")
        values = []
        for column in columns:
            if column.name not in given:
                raise self._wrong(row, f"it has no key {column.name!r}, a column of {self._yaml_place(None)}")
            value = given[column.name]
            if column.is_json and value is not None:
                value = self._json(value, row, column)
            elif column.is_plain_timestamp and isinstance(value, datetime) and value.tzinfo is not None:
                what = f"the type {column.type} would drop the time zone of this value"
                raise self._wrong(row, what, column.name)
            values.append(value)
        if len(given) != len(columns):
            extra = ", ".join(repr(key) for key in given if key not in {column.name for column in columns})
            raise self._wrong(row, f"it has the key {extra}, no column of {self._yaml_place(None)}")
        return values

    def _json(self, value: Any, row: Row, column: Column) -> str:
        try:
            text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise self._wrong(row, str(error), column.name) from error
        if "\\u0000" in text and _holds_nul(value):
            raise self._wrong(row, NUL, column.name)
        return text

    def _blame(self, writer: Connection, row: Row, columns: list[Column], error: Exception) -> None:
        """Raise an error that names the column whose value cannot be sent."""
        for column, value in zip(columns, row.values, strict=True):
            if _holds_nul(value):
                raise self._wrong(row, NUL, column.name) from error
            try:
                Transformer(writer).as_literal(value)
            except psycopg.ProgrammingError:
                what = f"the type {column.type} cannot hold a {type(value).__name__}"
                raise self._wrong(row, what, column.name) from error
            except (psycopg.Error, UnicodeError) as reason:
                raise self._wrong(row, str(reason)[:SHOWN], column.name) from error

    def _wrong(self, row: Row, what: str, column: str | None = None) -> DbtRuntimeError:
        """Return the error for a wrong row: which one, which column, what, and where it was made."""
        place = f"row {row.number}, column {column}" if column else f"row {row.number}"
        file, line = row.place
        return DbtRuntimeError(f"{self._name}: {place}: {what} (made at {_short(file)}, line {line})")

    def _place(self, rows: Iterator[Any]) -> tuple[str, int | None]:
        """Return file and line where the generator stands, else those of the model's return."""
        inner: Any = rows
        while isinstance(inner, GeneratorType) and isinstance(inner.gi_yieldfrom, GeneratorType):
            inner = inner.gi_yieldfrom
        if isinstance(inner, GeneratorType) and inner.gi_frame is not None:
            return inner.gi_code.co_filename, inner.gi_frame.f_lineno
        return self._path, self._return_line

    def _describe(self, error: Exception) -> str:
        """Say what went wrong in the model's code, and on which lines of the model and of the package."""
        frames = [
            frame
            for frame in traceback.extract_tb(error.__traceback__)
            if frame.filename == self._path or PACKAGE in Path(frame.filename).parents
        ]
        shown = [frame for frame in frames if frame.filename == self._path][-1:]
        shown += [frame for frame in frames[-1:] if frame not in shown]
        where = [f"{_short(frame.filename)}, line {frame.lineno}: {frame.line}" for frame in shown]
        if isinstance(error, SyntaxError):
            where = [f"{self._path}, line {error.lineno}: {(error.text or '').strip()}"]
        return "\n".join([f"{self._name}: {type(error).__name__}: {str(error)[:SHOWN]}", *where])


def _return_line(code: str) -> int | None:
    """Find the line of model()'s return; dbt allows one only."""
    try:
        with _PARSING:
            tree = ast.parse(code)
    except SyntaxError:
        return None
    functions = (n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name == "model")
    returns = (n for function in functions for n in ast.walk(function) if isinstance(n, ast.Return))
    return next((n.lineno for n in returns), None)


def _yaml_line(path: Path, model: str, column: str | None) -> int | None:
    """Find the line of a model, or of one of its columns, in a YAML file."""
    try:
        root = yaml.compose(path.read_text())
    except (OSError, yaml.YAMLError):
        return None
    node = _named(_child(root, "models"), model)
    if column is not None:
        node = _named(_child(node, "columns"), column) or node
    return node.start_mark.line + 1 if node is not None else None


def _child(node: yaml.Node | None, key: str) -> yaml.Node | None:
    if not isinstance(node, yaml.MappingNode):
        return None
    return next((value for name, value in node.value if name.value == key), None)


def _named(node: yaml.Node | None, name: str) -> yaml.Node | None:
    """Return the entry of a YAML list whose `name` it is."""
    if not isinstance(node, yaml.SequenceNode):
        return None
    entries = ((entry, _child(entry, "name")) for entry in node.value)
    return next((entry for entry, label in entries if label is not None and label.value == name), None)


def _holds_nul(value: Any) -> bool:
    if isinstance(value, str):
        return "\x00" in value
    if isinstance(value, Mapping):
        return any(_holds_nul(part) for pair in value.items() for part in pair)
    if isinstance(value, (list, tuple)):
        return any(_holds_nul(part) for part in value)
    return False


def _short(filename: str) -> str:
    path = Path(filename)
    return str(path.relative_to(PACKAGE.parent)) if PACKAGE in path.parents else filename


def _text(escaped: str) -> str:
    """Join the surrogate pairs that JSON's escapes leave in a Python literal outside the basic plane."""
    return escaped.encode("utf-16", "surrogatepass").decode("utf-16")
