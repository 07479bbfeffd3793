"""What the script of a commit makes in an empty database, and what of it this server or role cannot make."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence, Set
from contextlib import suppress
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

import psycopg

from pggit_audit.catalog import with_unique_identities
from pggit_audit.definitions import elements, in_parts, parse_name
from pggit_audit.lexing import in_lengths
from pggit_audit.shadow import Shadow
from pggit_audit.statements import Name, Statement, split

# The role may not, the server was built without it, its files are not there: insufficient_privilege,
# feature_not_supported, undefined_file.
_ELSEWHERE = {"42501", "0A000", "58P01"}
# Several routines fit a call alike: the server prints no casts that say which one. pg_dump's script ends there, too.
_AMBIGUOUS = "42725"
# An heir, and a parent or two of them, do not fit one another.
_MISMATCH = "42804"
# Whether parents store a column otherwise (one of them since their heir was made), and have no other difference: the
# server makes no such heir anew, and pg_dump's script ends there, too.
_STORED_OTHERWISE = """
    with parents as (
        select a.*
        from pg_catalog.pg_attribute as a
        join pg_catalog.pg_class as c on c.oid = a.attrelid
        join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
        join unnest(%(schemas)s::text[], %(names)s::text[]) as p (nspname, relname)
            on p.nspname = n.nspname and p.relname = c.relname
        where a.attnum > 0 and not a.attisdropped
    )
    select
        bool_or((a.attstorage, a.attcompression) <> (b.attstorage, b.attcompression))
        and bool_and((a.atttypid, a.atttypmod, a.attcollation) = (b.atttypid, b.atttypmod, b.attcollation))
    from parents as a
    join parents as b on b.attname = a.attname
"""
# An expression may not call what is not IMMUTABLE.
_INVALID_DEFINITION = "42P17"
# Routines of extensions that an expression may not call, and that a team may have altered so that it could.
_NOT_IMMUTABLE = """
    select distinct p.proname::text
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_depend as d
        on d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
    where p.provolatile <> 'i'
"""
_MEMBERS = """
    select i.identity
    from pg_catalog.pg_depend as d
    cross join lateral pg_catalog.pg_identify_object(d.classid, d.objid, 0) as i
    where d.classid = 'pg_catalog.pg_proc'::regclass and d.deptype = 'e'
"""
# Indexes of exclusion constraints: PostgreSQL 17 and 18 make them on partitioned tables, and attach none. pg_dump's
# script ends there, too.
_OF_EXCLUSIONS = """
    select n.nspname::text, c.relname::text
    from pg_catalog.pg_index as i
    join pg_catalog.pg_class as c on c.oid = i.indexrelid
    join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
    where i.indisexclusion
"""
# A schema, relation, routine, type or object that is not there.
_MISSING = {"3F000", "42P01", "42883", "42704"}
_ROUTINES = ("CREATE OR REPLACE FUNCTION ", "CREATE OR REPLACE PROCEDURE ")
_NAMES_ROLES = ("CREATE POLICY", "CREATE USER MAPPING")
_INDEXES = ("CREATE INDEX ", "CREATE UNIQUE INDEX ")
# What the script may say of an index, and the definition does not.
_IF_MISSING = re.compile(r"(INDEX) IF NOT EXISTS ", re.IGNORECASE)


@dataclass(frozen=True)
class Failure:
    """A statement of a script that did not run.

    `path`: the object whose definition it is of, where that can be told. `is_excused`: it is the server, or the role
    that the script ran as, that cannot run it; or it uses a schema that is no part of the team's (a view on v1's own
    tables); or it needs what that is so of.
    """

    statement: str
    message: str
    path: str | None = None
    is_excused: bool = False


def rebuild(shadow: Shadow, script: str, tree: Mapping[str, str]) -> list[Failure]:
    """Runs the script of a tree (definitions by path) in an empty shadow; what of it did not run.

    Raises `PggitError` where the shadow is gone.
    """
    try:
        shadow.run_script(script)
    except psycopg.Error:
        # All of it is undone. One by one, what the role may not do is passed by, or done by the build.
        failed: list[tuple[Statement, psycopg.Error]] = []
        for statement in read_script(script):
            try:
                shadow.run(statement.text)
            except psycopg.Error as error:
                failed.append((statement, error))
        _leave(shadow)
        return [*_judged(shadow, failed, tree), *_brought(shadow, tree)]
    _leave(shadow)
    return list(_brought(shadow, tree))


def read_script(script: str) -> Iterator[Statement]:
    """The statements of a script, in order, however long it is."""
    return (statement for text in in_lengths(script) for statement in split(text))


def _leave(shadow: Shadow) -> None:
    """Nothing reaches the next script, nor what is read now."""
    shadow.end_execution()
    shadow.role_again()


@dataclass(frozen=True)
class Fault:
    """An object that a script does not make as its tree has it, what is wrong, and whether that is excused."""

    path: str | None
    message: str
    is_excused: bool = False


def faults(shadow: Shadow, script: str, tree: Mapping[str, str], coming: Collection[str] = ()) -> list[Fault]:
    """Runs the script of a tree in an empty shadow; what it does not make as the tree has it, by path.

    Args:
        coming: paths that later commits of the same statement have: a table's commit comes before its key's index.

    Raises `PggitError` where the shadow is gone.
    """
    failures = rebuild(shadow, script, tree)
    found = {"public": "", **definitions(shadow)}
    result = [Fault(f.path, f"{f.message}: {f.statement}", f.is_excused) for f in failures]
    told = {f.path for f in failures}
    for path in sorted(tree.keys() | found.keys()):
        wanted, made = tree.get(path), found.get(path)
        if path in told or wanted == made or (path == "public" and wanted is None):
            continue
        if wanted is None and path in coming:
            result.append(
                Fault(path, "It comes with its statement; its row is one of the next commits.", True)
            )
        elif wanted is None:
            result.append(Fault(path, "The script makes it, and the commit does not have it."))
        elif made is None and not split(wanted):
            result.append(Fault(path, f"Of it only a text is known, which is no statement: {wanted}", True))
        elif made is None:
            result.append(Fault(path, "The script does not make it."))
        elif not reads_alike(shadow, path, wanted):
            result.append(Fault(path, f"The script makes something else of it: {made}"))
    return result


def rebuilt_rows(
    commit_sha: str,
    found: Mapping[str, str],
    failures: Sequence[Failure],
    alike: Set[str],
    columns: Mapping[str, Any],
) -> Iterator[dict[str, Any]]:
    """Rows of `int_git__rebuilt_objects` of one commit: what its script made, and what of it did not run."""
    failed: dict[str | None, Failure] = {}
    for failure in failures:
        # What is not excused counts, whatever else is wrong with the object.
        if failure.path is not None and (failure.path not in failed or not failure.is_excused):
            failed[failure.path] = failure
    paths: list[str | None] = [*sorted({*found, *(path for path in failed if path is not None)})]
    rows: list[tuple[str | None, Failure | None]] = [(path, failed.get(path)) for path in paths]
    for path, wrong in [*rows, *((None, f) for f in failures if f.path is None)]:
        yield {
            "commit_sha": commit_sha,
            "object_identity": path,
            "definition": found.get(path) if path is not None else None,
            "failed_statement": wrong.statement if wrong else None,
            "failure": wrong.message if wrong else None,
            "is_excused": wrong.is_excused if wrong else False,
            "reads_alike": path in alike,
            "columns": columns.get(path) if path is not None else None,
        }


def is_emptied(shadow: Shadow) -> bool:
    """Takes all away that a script made; whether the shadow is as good as new. A new one takes a second."""
    with suppress(psycopg.Error):
        shadow.run("drop owned by current_user cascade")
        shadow.after_code()
        shadow.run("create schema if not exists public")
        shadow.run("comment on schema public is 'standard public schema'")
        return definitions(shadow) == {"public": "CREATE SCHEMA IF NOT EXISTS public;"}
    return False


def definitions(shadow: Shadow) -> dict[str, str]:
    """What is there now, by path."""
    return {o.object_identity: o.definition for o in with_unique_identities(shadow.reader.everything())}


_QUERY = re.compile(r"CREATE MATERIALIZED VIEW ([^;]*?) AS\n(.*)\n  WITH NO DATA;", re.DOTALL)
_READING = "pggit_reading"


def reads_alike(shadow: Shadow, path: str, definition: str) -> bool:
    """Whether what is there is what the server makes of this definition as well: a view, a routine, or a table's heir.

    PostgreSQL prints some queries otherwise each time that it reads them (columns of a function that returns the rows
    of a table, once that has got another column). Then the text of a tree is not what its script leaves, and both mean
    the same: that is the case where the server, given either of them, ends with one definition. And it puts the columns
    that a table inherits first, wherever they were: where a definition cannot tell their order (up to PostgreSQL 15),
    the same columns stand in another one.
    """
    found = definitions(shadow).get(path, "")
    (before, first, rest), (other_before, made, other_rest) = in_parts(definition), in_parts(found)
    if (before, rest) != (other_before, other_rest):
        return False
    if made.startswith("CREATE TABLE ") and " INHERITS (" in made:
        (head, columns, *more), (other_head, others, *other_more) = elements(first), elements(made)
        return head == other_head and sorted(columns) == sorted(others) and more == other_more
    if made.startswith("CREATE VIEW "):
        return _made_of(shadow, first.replace("CREATE VIEW ", "CREATE OR REPLACE VIEW ", 1), path) == found
    if made.startswith(_ROUTINES):
        return _made_of(shadow, first, path) == found
    own, other = _QUERY.fullmatch(first), _QUERY.fullmatch(made)
    if own is None or other is None or own[1] != other[1]:
        return False
    texts = [
        _made_of(shadow, f"CREATE OR REPLACE VIEW public.{_READING} AS\n{q};", f"public.{_READING}")
        for q in (own[2], other[2])
    ]
    return texts[0] is not None and texts[0] == texts[1]


def _made_of(shadow: Shadow, statement: str, path: str) -> str | None:
    """The definition of what a statement makes; None where it does not run."""
    try:
        shadow.run(statement)
    except psycopg.Error:
        return None
    return definitions(shadow).get(path)


def _judged(
    shadow: Shadow, failed: list[tuple[Statement, psycopg.Error]], tree: Mapping[str, str]
) -> list[Failure]:
    roles = {str(name) for (name,) in shadow.query("select rolname::text from pg_catalog.pg_roles")}
    altered = {str(name) for (name,) in shadow.query(_NOT_IMMUTABLE)}
    exclusions = {(str(schema), str(name)) for schema, name in shadow.query(_OF_EXCLUSIONS)}
    result = []
    in_circles = _in_circles(failed, tree)
    # Names of objects that cannot be there.
    missing: set[str] = set()
    for number, (statement, error) in enumerate(failed):
        failure = Failure(
            statement.text, (error.diag.message_primary or str(error)).strip(), _path_of(statement.text, tree)
        )
        needed = altered & _called(statement) if error.sqlstate == _INVALID_DEFINITION else set()
        if needed:
            told = f"{failure.message}; of an extension, and altered where this was made: {', '.join(sorted(needed))}"
            failure = replace(failure, message=told)
        if (
            error.sqlstate in _ELSEWHERE
            or error.sqlstate == _AMBIGUOUS
            or _keeps_internal(statement)
            or (error.sqlstate == _MISMATCH and _has_parents_stored_otherwise(shadow, statement))
            or needed
            or (error.sqlstate == _INVALID_DEFINITION and _attached_to(statement) in exclusions)
            or (error.sqlstate == _INVALID_DEFINITION and _returns_less_than_its_view(statement))
            or (error.sqlstate in _MISSING and _is_in(shadow.hidden, statement))
            or (error.sqlstate == "42704" and not _roles_of(statement) <= roles)
            or not missing.isdisjoint(statement.words)
            or number in in_circles
        ):
            failure = replace(failure, is_excused=True)
            if failure.path is not None and statement.verb == "CREATE":
                missing.add(_name_of(failure.path)[1])
        result.append(failure)
        # An index of a constraint is an object of its own in the tree, and has no statement of its own in the script.
        result += [replace(failure, path=path) for path in _indexes_of_constraint(statement, tree)]
    return result


def _brought(shadow: Shadow, tree: Mapping[str, str]) -> Iterator[Failure]:
    """The routines of a tree that are an extension's once it is made: one that was taken out of it, as a rule.

    The extension brings them all the same, and stands for them. pg_dump's script makes them twice, and ends there.
    """
    for (path,) in shadow.query(_MEMBERS):
        if path in tree:
            yield Failure(tree[path], "An extension brings a routine of this name.", path, is_excused=True)


def _name_of(path: str) -> Name:
    return parse_name(re.split(r"\(| on | USING ", path, maxsplit=1)[0])


def _in_circles(failed: Sequence[tuple[Statement, psycopg.Error]], tree: Mapping[str, str]) -> set[int]:
    """The failures for want of each other: an object needs another one, and that in turn the first (CREATE OR REPLACE).

    No order of whole definitions makes these, and pg_dump has none either. Definitions say names with their schemas;
    an object's own stands in its statement anyway.
    """
    names: dict[int, Name] = {}
    mentions: dict[int, list[Name]] = {}
    for number, (statement, error) in enumerate(failed):
        path = _path_of(statement.text, tree) if error.sqlstate in _MISSING else None
        if path is not None and statement.verb == "CREATE":
            name, words = _name_of(path), statement.words
            named: list[Name] = [
                (a, c) for a, b, c in zip(words, words[1:], words[2:], strict=False) if b == "."
            ]
            if name in named:
                named.remove(name)
                names[number], mentions[number] = name, named
    while True:
        waiting = set(names.values())
        held_by_none = {number for number in names if waiting.isdisjoint(mentions[number])}
        if not held_by_none:
            return set(names)
        names = {number: name for number, name in names.items() if number not in held_by_none}


def _indexes_of_constraint(statement: Statement, tree: Mapping[str, str]) -> list[str]:
    """The paths of the indexes that a statement would have made with a constraint."""
    words = statement.words
    if statement.tag != "ALTER TABLE" or not statement.targets:
        return []
    schema, _ = statement.targets[0]
    named = {
        (schema, words[i + 2]) for i in range(len(words) - 2) if words[i : i + 2] == ("add", "constraint")
    }
    return [
        path
        for path, definition in tree.items()
        if named and definition.startswith(_INDEXES) and parse_name(path) in named
    ]


def _keeps_internal(statement: Statement) -> bool:
    """Whether it is an aggregate with a state of type `internal`, which nobody but a superuser may make.

    The server says it with the code of any wrong definition.
    """
    words = statement.words
    return statement.tag == "CREATE AGGREGATE" and any(
        words[i : i + 3] in (("stype", "=", "internal"), ("mstype", "=", "internal"))
        for i in range(len(words))
    )


def _returns_less_than_its_view(statement: Statement) -> bool:
    """Whether it is a rule that returns columns: where its view got another one since, the server keeps the rule, and
    makes none anew. pg_dump's script ends there, too."""
    return statement.tag == "CREATE RULE" and "RETURNING" in statement.keywords


def _attached_to(statement: Statement) -> Name | None:
    """The index that a statement attaches another one to."""
    attaches = statement.tag == "ALTER INDEX" and "ATTACH" in statement.keywords and statement.targets
    return statement.targets[0] if attaches else None


def _has_parents_stored_otherwise(shadow: Shadow, statement: Statement) -> bool:
    """Whether a statement makes an heir, and two of its parents store a column otherwise."""
    if statement.tag != "CREATE TABLE" or "INHERITS" not in statement.keywords:
        return False
    # ( schema . name , schema . name )
    words = statement.words[statement.keywords.index("INHERITS") + 2 :]
    names = {"schemas": list(words[: words.index(")") : 4]), "names": list(words[2 : words.index(")") : 4])}
    return bool(shadow.query(_STORED_OTHERWISE, names)[0][0])


def _called(statement: Statement) -> set[str]:
    """The names in front of a parenthesis."""
    return {name for name, after in pairwise(statement.words) if after == "("}


def _is_in(schemas: Sequence[str], statement: Statement) -> bool:
    """Tell whether a statement names something in one of some schemas."""
    return any(word in schemas and after == "." for word, after in pairwise(statement.words))


def _path_of(text: str, tree: Mapping[str, str]) -> str | None:
    bare = _IF_MISSING.sub(r"\1 ", text).strip().rstrip(";")
    if bare.startswith(_ROUTINES):
        # It may come without its body first.
        bare = bare.split("\n", 1)[0] + "\n"
    return next((path for path, definition in tree.items() if bare in definition), None)


def _roles_of(statement: Statement) -> set[str]:
    """The roles that a policy or a user mapping is for."""
    if statement.tag not in _NAMES_ROLES:
        return set()
    after = "to" if statement.tag == "CREATE POLICY" else "for"
    words = list(statement.words)
    names = words[words.index(after) + 1 :] if after in words else []
    end = next((i for i, w in enumerate(names) if w in ("using", "with", "server")), len(names))
    return set(names[:end]) - {",", "public", "current_user", "session_user", "current_role", ";"}
