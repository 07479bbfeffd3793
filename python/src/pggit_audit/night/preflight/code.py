"""`preflight --code`: what application source uses of v1, and its rewriting."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from sqlglot.errors import TokenError

from pggit_audit.errors import PggitError
from pggit_audit.night.preflight.calls import Call, CallTable
from pggit_audit.night.preflight.findings import finding_of_use, unread
from pggit_audit.night.preflight.rewrite import Edit, Use, apply, find_uses
from pggit_audit.night.preflight.source import SourceFile, SqlText, line_of, source_files, sql_texts
from pggit_audit.night.preflight.tokens import is_sql
from pggit_audit.verdicts import Finding


@dataclass(frozen=True)
class Hit:
    """A use of v1 in a file.

    Attributes:
        file: its path, relative to the folder that was asked for.
        line: from 1.
        call: as it is written there.
        use: what it is.
        statement: the statement that it is in.
        rewritten: the statement as it will be, None where it is left alone.

    """

    file: str
    line: int
    call: str
    use: Use
    statement: str
    rewritten: str | None

    def as_json(self) -> dict[str, Any]:
        """Return what `calls[]` of the command line has."""
        call = self.use.call
        return {
            "file": self.file,
            "line": self.line,
            "call": self.call,
            "v1_call": call.v1_call if call else None,
            "class": self.use.class_,
            "statement": self.statement,
            "rewritten": self.rewritten,
            "reason": self.use.reason or None,
            "note": call.note if call else None,
        }


@dataclass(frozen=True)
class Scan:
    """What was found in a folder: uses, the files that would change with their new text, what was not read."""

    folder: Path
    hits: list[Hit]
    changed: list[tuple[SourceFile, str]]
    findings: list[Finding]

    def diff(self) -> Iterator[str]:
        """Return the lines of a unified diff of all files that would change."""
        for source, text in self.changed:
            name = _relative(source.path, self.folder)
            yield from difflib.unified_diff(
                source.text.splitlines(True), text.splitlines(True), f"a/{name}", f"b/{name}"
            )

    def fix(self) -> None:
        """Write the files that change, each in its encoding and with its line ends.

        Raises:
            PggitError: a file cannot be written; those before it are.

        """
        for source, text in self.changed:
            try:
                source.path.write_bytes(source.encoded(text))
            except OSError as error:
                raise PggitError(
                    f"{source.path} cannot be written: {error.strerror}. Files before it in the diff are rewritten, "
                    "this one and those behind it are as they were. Run it again when it can be."
                ) from error


def scan(folder: Path, table: CallTable) -> Scan:
    """Look for uses of v1 in all source files at or below a folder.

    Raises:
        PggitError: there is no such folder.

    """
    if not folder.exists():
        raise PggitError(
            f"There is no {folder}. Nothing was read. Name the folder of the application's source."
        )
    found = Scan(folder, [], [], [])
    for path in source_files(folder):
        try:
            source = SourceFile.read(path)
        except OSError as error:
            found.findings.append(unread(_relative(path, folder), error.strerror or str(error)))
            continue
        if source is not None and table.schema.lower() in source.text.lower():
            _scan_file(source, folder, table, found)
    return found


def _scan_file(source: SourceFile, folder: Path, table: CallTable, found: Scan) -> None:
    name = _relative(source.path, folder)
    try:
        hits, edits = hits_of(source, name, table)
    except TokenError:
        found.findings.append(unread(name, "a quote or comment in it is not closed"))
        return
    found.hits.extend(hits)
    found.findings.extend(
        finding_of_use(f"{name}:{h.line}", h.use, table, h.rewritten, in_a_file=True) for h in hits
    )
    if edits:
        found.changed.append((source, apply(source.text, edits)))


def hits_of(source: SourceFile, name: str, table: CallTable) -> tuple[list[Hit], list[Edit]]:
    """Return what a source uses of v1, and what to change in it.

    Raises:
        sqlglot.errors.TokenError: it is SQL, and ends within a quote or a comment.

    """
    hits: list[Hit] = []
    edits: list[Edit] = []
    for text in sql_texts(source) or ():
        if table.schema.lower() not in text.sql.lower():
            continue
        uses = []
        for use in _uses(text, table):
            wanted = [] if text.is_built else _in_source(text, use)
            reason = "it is put together from strings" if text.is_built else use.reason
            if use.edits and not wanted and not text.is_built:
                reason = "it goes on in another string"
            uses.append(replace(use, edits=use.edits if wanted else (), reason=reason))
            edits += wanted
        for use in uses:
            start, end = use.span
            hits.append(
                Hit(
                    name,
                    line_of(source.text, text.places[start][0]),
                    text.sql[start:end],
                    use,
                    text.sql[slice(*use.statement)],
                    _statement(text, use, uses) if use.edits else None,
                )
            )
    return hits, edits


def _uses(text: SqlText, table: CallTable) -> list[Use]:
    if not text.is_file and not is_sql(text.sql):
        return _named(text, table)
    try:
        return find_uses(text.sql, table)
    except TokenError:
        if text.is_file:
            raise
        # "... name = '" + name + "'": with its quote closed it can be read, and nothing of it is certain
        text.is_built = True
        return find_uses(text.sql + "'", table)


def _named(text: SqlText, table: CallTable) -> list[Use]:
    """A string that is nothing but the name of something of v1, for a library to call or read."""
    schema, _, called = text.sql.strip().partition(".")
    if schema.strip('"') != table.schema or not called:
        return []
    called = called.strip('"')
    functions = table.functions(called)
    call: Call | None = functions[0] if functions else table.relation(called)
    if call is None:
        return []
    span = (0, len(text.sql))
    return [Use(called, call.kind, call.class_, span, span, (), "it goes by its name", call)]


def _in_source(text: SqlText, use: Use) -> list[Edit]:
    """The edits of a use as edits of the source; none where one of them cannot be made there."""
    made = []
    for edit in use.edits:
        place = text.place(*edit.span)
        pieces = [p if isinstance(p, str) else text.place(*p) for p in edit.pieces]
        if place is None or any(p is None for p in pieces):
            return []
        made.append(Edit(place, tuple(p for p in pieces if p is not None)))
    return made


def _statement(text: SqlText, use: Use, uses: Sequence[Use]) -> str:
    """The statement of a use as it will be, with all that is certain in it."""
    start, end = use.statement
    moved = [
        Edit(
            (edit.span[0] - start, edit.span[1] - start),
            tuple(p if isinstance(p, str) else (p[0] - start, p[1] - start) for p in edit.pieces),
        )
        for other in uses
        if other.statement == use.statement
        for edit in other.edits
    ]
    return apply(text.sql[start:end], moved)


def _relative(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder)) if path != folder else path.name
