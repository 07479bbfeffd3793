"""What the history may not make itself, and the build makes for it: only a superuser may, and the live database has it.

Never by running the recorded text. Of an extension, a statement of the history is only asked which one it means. A
routine in an untrusted language, a language, a foreign-data wrapper, a server, an access method or an operator class
is made by the text that the live catalog has of it. What they bring may lead out of the database (dblink, a program, a
file): so of an extension's routines in C, those that may have effects are nobody's to call, and of the others none is;
an extension's wrapper loses its handler, without which no foreign table can be read, and whoever likes may have one.
Schemas are taken into a publication by their names alone: nothing of the history's runs for that. LEAKPROOF is said of
a routine once the history's role has made it without that word.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import sql
from sqlglot.tokens import Token, TokenType

from pggit_audit.catalog import CatalogReader
from pggit_audit.sessions import connect
from pggit_audit.statements import Statement, split, unquote

# Extensions put their objects where they are created, and their scripts name things there: nothing of the history's
# may be in a schema in which a script runs with the build's rights.
_FOREIGN = """
    select exists (
        select from pg_catalog.pg_proc as p
        where p.pronamespace = %(schema)s::regnamespace and not exists (
            select from pg_catalog.pg_depend as d
            where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
        union all
        select from pg_catalog.pg_operator as o
        where o.oprnamespace = %(schema)s::regnamespace and not exists (
            select from pg_catalog.pg_depend as d
            where d.classid = 'pg_catalog.pg_operator'::regclass and d.objid = o.oid and d.deptype = 'e'
        )
        union all
        select from pg_catalog.pg_type as t
        where t.typnamespace = %(schema)s::regnamespace and t.typowner not in (10, current_user::regrole) and exists (
            select from pg_catalog.pg_type as q
            where
                q.typname = t.typname and q.typowner in (10, current_user::regrole)
                and q.typnamespace <> 'pg_catalog'::regnamespace
        )
    )
"""
# A script also names things under the path of the extensions that it requires, and so do theirs, where these are made
# with it. Some have a schema of their own, whatever a statement says.
_NEEDED = """
    with recursive needed as (
        select a.name, v.requires, v.schema
        from pg_catalog.pg_available_extensions as a
        join pg_catalog.pg_available_extension_versions as v on v.name = a.name and v.version = a.default_version
        where a.name = %(name)s
        union
        select a.name, v.requires, v.schema
        from needed as n
        join pg_catalog.pg_available_extensions as a on a.name = any (n.requires)
        join pg_catalog.pg_available_extension_versions as v on v.name = a.name and v.version = a.default_version
    )
"""
_OWN_SCHEMAS = f"""{_NEEDED}
    select n.oid::regnamespace::text
    from needed
    join pg_catalog.pg_namespace as n on n.nspname = needed.schema
    where n.nspname <> 'pg_catalog' and not exists (select from pg_catalog.pg_extension where extname = needed.name)
"""
_IN_ITS_WAY = f"""{_NEEDED},

    places as (
        select e.extnamespace as oid
        from needed
        join pg_catalog.pg_extension as e on e.extname = any (needed.requires)
    )

    select exists (
        select from pg_catalog.pg_proc as p
        where
            p.pronamespace in (select oid from places) and p.proowner not in (10, current_user::regrole)
            and exists (
                select from pg_catalog.pg_proc as q
                where q.proname = p.proname and q.proowner in (10, current_user::regrole)
            )
        union all
        select from pg_catalog.pg_operator as o
        where
            o.oprnamespace in (select oid from places) and o.oprowner not in (10, current_user::regrole)
            and exists (
                select from pg_catalog.pg_operator as q
                where q.oprname = o.oprname and q.oprowner in (10, current_user::regrole)
            )
        union all
        select from pg_catalog.pg_type as t
        where
            t.typnamespace in (select oid from places) and t.typowner not in (10, current_user::regrole)
            and exists (
                select from pg_catalog.pg_type as q
                where
                    q.typname = t.typname and q.typowner in (10, current_user::regrole)
                    and q.typnamespace <> 'pg_catalog'::regnamespace
            )
    )
"""
_WITH_EFFECTS = """
    select p.oid::regprocedure::text
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_proc as p on p.oid = d.objid
    join pg_catalog.pg_language as l on l.oid = p.prolang
    where
        d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'
        and d.refobjid = (select e.oid from pg_catalog.pg_extension as e where e.extname = %(name)s)
        and d.classid = 'pg_catalog.pg_proc'::regclass and not l.lanpltrusted and l.lanname <> 'sql'
        and (p.provolatile = 'v' or p.prosecdef)
        and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
"""
# A foreign table takes what its wrapper's functions read, write and check: servers, programs, files.
_WRAPPERS = """
    select w.fdwname::text
    from pg_catalog.pg_depend as d
    join pg_catalog.pg_foreign_data_wrapper as w on w.oid = d.objid
    where
        d.refclassid = 'pg_catalog.pg_extension'::regclass and d.deptype = 'e'
        and d.classid = 'pg_catalog.pg_foreign_data_wrapper'::regclass
        and (w.fdwhandler <> 0 or w.fdwvalidator <> 0)
"""
_LEADS_NOWHERE = """
    select exists (
        select from pg_catalog.pg_foreign_server as s
        join pg_catalog.pg_foreign_data_wrapper as w on w.oid = s.srvfdw
        where s.srvname = %(name)s and w.fdwhandler = 0 and w.fdwvalidator = 0
    )
"""

# What runs with the rights of whoever makes a language, a wrapper, or something of them: their functions. One of the
# history's own must not be among them: of nothing, of (oid), or of (text[], oid).
_RUNS_FOR_ITS_MAKER = """
    select exists (
        select from pg_catalog.pg_proc as p
        where
            p.proname = any (%(names)s) and p.proowner not in (10, current_user::regrole)
            and pg_catalog.array_to_string(p.proargtypes, ' ') in ('', '26', '1009 26')
    )
"""
# A routine that was the history's before it got the live catalog's body has kept its owner, and what was made of it.
# PostgreSQL asks nobody's rights where it calls the function of a trigger, a type or an operator class.
_STILL_CALLED = """
    select exists (
        select from pg_catalog.pg_depend as d
        where
            d.refclassid = 'pg_catalog.pg_proc'::regclass and d.refobjid = %(oid)s
            and d.classid not in ('pg_catalog.pg_rewrite'::regclass, 'pg_catalog.pg_attrdef'::regclass)
    )
"""

# What only a superuser makes, and how the live catalog says it.
_PRIVILEGED = """
    select pg_catalog.pg_get_functiondef(p.oid)
    from pg_catalog.pg_proc as p
    join pg_catalog.pg_language as l on l.oid = p.prolang
    where
        not l.lanpltrusted and l.lanname <> 'sql' and p.prokind in ('f', 'p') and p.oid >= 16384
        and not exists (
            select from pg_catalog.pg_depend as d
            where d.classid = 'pg_catalog.pg_proc'::regclass and d.objid = p.oid and d.deptype = 'e'
        )
"""
_ROUTINES = (
    "CREATE FUNCTION", "ALTER FUNCTION", "CREATE PROCEDURE", "ALTER PROCEDURE", "ALTER ROUTINE",
)  # fmt: skip
ALTERS_ROUTINE = ("ALTER FUNCTION", "ALTER PROCEDURE", "ALTER ROUTINE")
# A routine that an extension brought, by its name and types as a statement says them.
MEMBER = """
    select p.oid::pg_catalog.int8
    from pg_catalog.pg_proc as p
    where
        p.oid operator(pg_catalog.=) coalesce(
            pg_catalog.to_regprocedure(%(name)s)::pg_catalog.oid, pg_catalog.to_regproc(%(name)s)::pg_catalog.oid
        )
        and exists (
            select from pg_catalog.pg_depend as d
            where
                d.classid operator(pg_catalog.=) 'pg_catalog.pg_proc'::pg_catalog.regclass::pg_catalog.oid
                and d.objid operator(pg_catalog.=) p.oid
                and d.deptype operator(pg_catalog.=) 'e'
        )
"""
# What may be said of such a routine without its doing anything else than before.
_TRAITS = (
    ("IMMUTABLE",), ("STABLE",), ("VOLATILE",), ("STRICT",), ("CALLED", "ON", "NULL", "INPUT"),
    ("RETURNS", "NULL", "ON", "NULL", "INPUT"), ("PARALLEL", "SAFE"), ("PARALLEL", "RESTRICTED"),
    ("PARALLEL", "UNSAFE"),
)  # fmt: skip
# What stands before the word where it is a name, or denied.
_NO_LEAKPROOF = ("NOT", "FUNCTION", "ROUTINE", "RETURNS", "SETOF", "LANGUAGE", "TO", "=", ".", ",")
_KINDS = (
    "PROCEDURAL LANGUAGE", "FOREIGN DATA WRAPPER", "SERVER", "ACCESS METHOD", "OPERATOR FAMILY", "OPERATOR CLASS",
)  # fmt: skip


@dataclass(frozen=True)
class Privileged:
    """What the live database has that only a superuser may make.

    `extensions`: name and schema of each. `definitions`: of routines in untrusted languages, of languages,
    foreign-data wrappers, servers (without options), access methods and operator classes, each as one statement without
    its semicolon.
    """

    extensions: Mapping[str, str] = field(default_factory=dict)
    definitions: frozenset[str] = frozenset()


def privileged(parameters: Mapping[str, Any]) -> Privileged:
    """What the database has that libpq's keywords lead to, and that only a superuser may make."""
    with connect(parameters) as connection:
        extensions = connection.execute(
            "select e.extname::text, n.nspname::text from pg_catalog.pg_extension as e"
            " join pg_catalog.pg_namespace as n on n.oid = e.extnamespace"
        ).fetchall()
        routines = [text for (text,) in connection.execute(_PRIVILEGED).fetchall()]
        others = [found.definition for found in CatalogReader(connection, ()).of_kinds(_KINDS)]
    return Privileged(dict(extensions), frozenset(_bare(text) for text in [*routines, *others]))


def _bare(definition: str) -> str:
    """The first statement of a definition, which a comment may follow."""
    return (split(definition) or [Statement(definition, "ddl")])[0].text.rstrip().rstrip(";").rstrip()


class Trusted:
    """Makes what the live database has in a shadow, with the build's rights; moves and drops the extensions there.

    Args:
        connection: a session of the build's role in the shadow, with nothing on its search_path.
        live: what the live database has.
    """

    def __init__(self, connection: psycopg.Connection[Any], live: Privileged) -> None:
        self._connection = connection
        self.live = live

    def take(self, text: str, search_path: str) -> bool:
        """Does what a statement says of an extension, or makes what it defines as the live database does.

        Args:
            text: a statement that the history's role may not run.
            search_path: of the history, in quotes.

        Returns:
            Whether it could.

        Raises `psycopg.Error` where a definition of the live database cannot be made.
        """
        parts = split(text)
        if len(parts) == 1 and _bare(text) in self.live.definitions:
            # What is missing to it is told, and may be found.
            with self._connection.transaction():
                return self._define(_bare(text))
        try:
            with self._connection.transaction():
                if len(parts) == 1 and parts[0].object_type in ("EXTENSION", "LANGUAGE") and parts[0].targets:
                    name = parts[0].targets[0][1]
                    may = name in self.live.extensions or self._is_here(parts[0], name)
                    return may and self._do(parts[0], name, search_path)
                if len(parts) == 1 and parts[0].tag == "ALTER PUBLICATION" and parts[0].targets:
                    return self._publish(parts[0])
                if len(parts) == 1 and parts[0].tag in ALTERS_ROUTINE and parts[0].targets:
                    return self._alter_member(parts[0], search_path)
        except psycopg.Error:
            pass
        return False

    def without_leakproof(self, text: str) -> str | None:
        """A statement with a routine that is not LEAKPROOF where it has one that is; None where it says nothing of it.

        Also None where the build's role is no superuser, and may not say it either.
        """
        parts = split(text)
        if len(parts) != 1 or parts[0].tag not in _ROUTINES or not parts[0].targets:
            return None
        place = _leakproof(parts[0])
        if place is None:
            return None
        row = self._connection.execute("select pg_catalog.current_setting('is_superuser')").fetchone()
        if row != ("on",):
            return None
        start = place.start - parts[0].tokens[0].start
        return f"{parts[0].text[:start]}NOT {parts[0].text[start:]}"

    def make_leakproof(self, text: str) -> None:
        """Says it of the routine that a statement has just made or altered: no code of the history's runs for it."""
        (statement,) = split(text)
        row = self._connection.execute(
            "select p.oid::regprocedure::text from pg_catalog.pg_proc as p"
            " where p.proname = %s and p.oid >= 16384 order by pg_catalog.age(p.xmin) limit 1",
            (statement.targets[0][1].split("(", 1)[0],),
        ).fetchone()
        if row is not None:
            self._connection.execute(f"alter routine {row[0]} leakproof".encode())

    def _alter_member(self, statement: Statement, search_path: str) -> bool:
        """Says of an extension's routine what an expression may need that calls it (IMMUTABLE); it does the same.

        Returns whether the statement says that, and no more.
        """
        self._connection.execute("select pg_catalog.set_config('search_path', %s, true)", (search_path,))
        found = self._connection.execute(MEMBER, {"name": signature(statement)}).fetchone()
        traits = _traits(statement.keywords[statement.end :])
        if found is None or not traits:
            return False
        self._connection.execute("select pg_catalog.set_config('search_path', '', true)")
        row = self._connection.execute("select %s::oid::regprocedure::text", found).fetchone() or ("",)
        self._connection.execute(f"alter routine {row[0]} {traits}".encode())
        return True

    def _publish(self, statement: Statement) -> bool:
        """Takes schemas into a publication, or out of it; whether the statement says that, and no more."""
        act, *said = statement.keywords[statement.end : statement.end + 4]
        if act not in ("ADD", "DROP") or said != ["TABLES", "IN", "SCHEMA"]:
            return False
        others = statement.words[statement.end + 4 :]
        names = others[::2]
        if not names or not {*others[1::2]} <= {",", ";"}:
            return False
        self._connection.execute(
            sql.SQL("alter publication {} {} tables in schema {}").format(
                sql.Identifier(statement.targets[0][1]),
                sql.SQL("add" if act == "ADD" else "drop"),
                sql.SQL(", ").join(map(sql.Identifier, names)),
            )
        )
        return True

    def _define(self, definition: str) -> bool:
        """Makes what the live catalog says; a routine is nobody's to call, not even as a trigger's.

        Returns whether it could. It may not where it would call a function of the history's, or leave a routine to it.
        """
        (statement,) = split(definition)
        if not statement.tag.endswith(("FUNCTION", "PROCEDURE", "SERVER")):
            found = self._connection.execute(_RUNS_FOR_ITS_MAKER, {"names": [*statement.words]}).fetchone()
            if found == (True,):
                return False
        # Perl runs code while it compiles.
        self._connection.execute("set local check_function_bodies = off")
        self._connection.execute(definition.encode())
        if statement.tag == "CREATE SERVER":
            name = statement.targets[0][1]
            if self._connection.execute(_LEADS_NOWHERE, {"name": name}).fetchone() == (True,):
                grant = sql.SQL("grant usage on foreign server {} to public")
                self._connection.execute(grant.format(sql.Identifier(name)))
        made = self._connection.execute(
            "select p.oid::regprocedure::text, p.oid::int8, p.proowner = current_user::regrole"
            " from pg_catalog.pg_proc as p where p.xmin = pg_catalog.pg_current_xact_id()::xid"
        ).fetchall()
        for routine, oid, is_own in made:
            if not is_own:
                if self._connection.execute(_STILL_CALLED, {"oid": oid}).fetchone() == (True,):
                    raise psycopg.errors.InsufficientPrivilege(
                        f"{routine} was made by the history, and is still called for what the history made of it"
                    )
                self._connection.execute(f"alter routine {routine} owner to current_user".encode())
            self._connection.execute(f"revoke execute on routine {routine} from public".encode())
        return True

    def _is_here(self, statement: Statement, name: str) -> bool:
        """Whether a statement is of an extension that the history's role could make: its parts are not that role's."""
        row = self._connection.execute(
            "select exists (select from pg_catalog.pg_extension where extname = %s)", (name,)
        ).fetchone()
        return statement.verb in ("ALTER", "DROP") and row == (True,)

    def _do(self, statement: Statement, name: str, search_path: str) -> bool:
        if statement.verb == "CREATE":
            own = self._connection.execute(_OWN_SCHEMAS, {"name": name}).fetchall()
            if any(self._is_foreign(schema) for (schema,) in own):
                return False
            if self._connection.execute(_IN_ITS_WAY, {"name": name}).fetchone() == (True,):
                return False
            self._create(name, _schema(statement) or unquote(search_path.split(", ")[0]))
        elif statement.verb == "DROP":
            cascade = sql.SQL(" cascade" if "CASCADE" in statement.keywords else "")
            self._connection.execute(
                sql.SQL("drop extension if exists {}{}").format(sql.Identifier(name), cascade)
            )
        elif statement.verb == "ALTER" and (schema := _schema(statement)):
            self._move(name, schema)
        else:
            return False
        return True

    def _is_foreign(self, schema: str) -> bool:
        """Whether there is anything of the history's in a schema that a script might take for what it names."""
        return self._connection.execute(_FOREIGN, {"schema": schema}).fetchone() == (True,)

    def _create(self, name: str, schema: str) -> None:
        """Makes it where nothing of the history's is, and moves it then to where it belongs."""
        identifier = sql.Identifier(name)
        place = schema
        row = self._connection.execute(
            "select n.oid::regnamespace::text from pg_catalog.pg_namespace as n where n.nspname = %s",
            (schema,),
        ).fetchone()
        if row is not None and self._is_foreign(row[0]):
            place = f"pggit_{secrets.token_hex(8)}"
            self._connection.execute(sql.SQL("create schema {}").format(sql.Identifier(place)))
        self._connection.execute(
            sql.SQL("create extension {} schema {} cascade").format(identifier, sql.Identifier(place))
        )
        for (routine,) in self._connection.execute(_WITH_EFFECTS, {"name": name}).fetchall():
            self._connection.execute(f"revoke execute on routine {routine} from public".encode())
        self._cut_off_wrappers()
        if place != schema:
            self._move(name, schema)
            self._connection.execute(sql.SQL("drop schema {}").format(sql.Identifier(place)))

    def _cut_off_wrappers(self) -> None:
        """Extensions' wrappers lead nowhere: those of what this one required, too."""
        for (wrapper,) in self._connection.execute(_WRAPPERS).fetchall():
            cut = sql.SQL("alter foreign data wrapper {} no handler no validator")
            self._connection.execute(cut.format(sql.Identifier(wrapper)))

    def _move(self, name: str, schema: str) -> None:
        self._connection.execute(
            sql.SQL("alter extension {} set schema {}").format(sql.Identifier(name), sql.Identifier(schema))
        )


def signature(statement: Statement) -> str:
    """The name of a routine as an ALTER has it, with its types if it says them."""
    first, name, last = (statement.tokens[i] for i in (0, 2, statement.end - 1))
    return statement.text[name.start - first.start : last.end - first.start + 1]


def _traits(words: Sequence[str]) -> str:
    """What an ALTER FUNCTION says of a routine; nothing where it says anything else as well."""
    said: list[str] = []
    left = tuple(word for word in words if word != ";")
    while left:
        trait = next((t for t in _TRAITS if left[: len(t)] == t), None)
        if trait is None:
            return ""
        said += trait
        left = left[len(trait) :]
    return " ".join(said)


def _leakproof(statement: Statement) -> Token | None:
    """The word, where it stands for itself: not in parentheses, no name, and not denied."""
    depth = 0
    for i, token in enumerate(statement.tokens):
        depth += {TokenType.L_PAREN: 1, TokenType.R_PAREN: -1}.get(token.token_type, 0)
        before = statement.keywords[i - 1] if i else ""
        if depth == 0 and statement.keywords[i] == "LEAKPROOF" and before not in _NO_LEAKPROOF:
            return token
    return None


def _schema(statement: Statement) -> str | None:
    """The schema that a statement names for an extension."""
    words = statement.keywords
    if "SCHEMA" not in words[:-1]:
        return None
    return statement.words[words.index("SCHEMA") + 1]
