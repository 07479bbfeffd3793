"""The format of a case. One file is one history.

    -- what the history is about
    -- @strict
    -- @@ first
    create table t (id int);
    -- @@ second client=script author=bob
    alter table t add column n int;

`-- @@ NAME [word …] [key=value …]` starts a migration:

- `setup`: it ran before the tracker was there.
- `build`: no migration, but a build between two of them.
- `expect_error`: the client must see an error.
- `client=psql` (the default: each statement by itself), `psql1` (the same in one transaction), `script` (the whole
  text as one query), `sessions` (several at once: a line `-- > ROLE` says whose session the statements behind it
  are of, of which each ends with its line; each session stays open to the end of the migration).
- `author=ROLE`: else alice, bob and deploy_bot take turns.
- `stop=0`: psql goes on after an error.

What must hold of every case is said in `judging`; these directives ask for more, or for less:

- `-- @server 18`: needs that version. `-- @server 15`: needs Debian's, for its ICU or its contrib modules.
- `-- @strict`: the evidence decides, so that the schema is right after every migration that left a row, and nothing is
  static or unknown.
- `-- @noextra`: no relation and no function appears that never was.
- `-- @events IDENTITY = CREATE ALTER …`: exactly these changes of that object.
- `-- @clock`: rows keep the times at which they were recorded; else each migration gets a day of its own.
- `-- @also CLIENT`: the history is built once more, with all of it sent by that client.
- `-- @nohead`: HEAD need not be as the live schema.
- `-- @erase SQL`: runs when all is recorded.
- `-- @after SQL`: is true after the last build, over the published tables.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from pathlib import Path

FOLDER = Path(__file__).parents[1] / "cases"
KNOWN_FAILURES = FOLDER / "KNOWN_FAILURES"
AUTHORS = ("alice", "bob", "deploy_bot")
WORDS = {"setup", "build", "expect_error"}
CLIENTS = {"psql", "psql1", "script", "sessions"}


@dataclass(frozen=True)
class Migration:
    """What one client sent, or what happened instead of one."""

    name: str
    text: str
    words: frozenset[str] = frozenset()
    client: str = "psql"
    author: str | None = None
    stop: bool = True


@dataclass(frozen=True)
class Case:
    """One file."""

    name: str
    migrations: tuple[Migration, ...]
    server: int = 16
    strict: bool = False
    noextra: bool = False
    nohead: bool = False
    clock: bool = False
    also: tuple[str, ...] = ()
    events: dict[str, str] = field(default_factory=dict)
    erase: tuple[str, ...] = ()
    after: tuple[str, ...] = ()


def read(path: Path, client: str | None = None) -> Case:
    """Reads a file; `client` sends all of it, if given.

    Raises ValueError for what the format does not know, so that no directive is overlooked.
    """
    # as bytes: a case may be about line ends
    text = path.read_bytes().decode()
    opening, *parts = re.split(r"^-- @@[ \t]*(.*)\n", text, flags=re.M)
    migrations = [_migration(head, body) for head, body in zip(parts[::2], parts[1::2], strict=True)]
    if not migrations or re.search(r"^\s*(?!--)\S", opening, re.M):
        raise ValueError(f"{path.name}: it must begin with comments and then `-- @@ NAME`")
    facts: dict[str, list[str]] = {}
    for name, value in re.findall(r"^-- @(\w+)[ \t]*(.*?)\r?$", text, re.M):
        facts.setdefault(name, []).append(value)
    if client is not None:
        migrations = [replace(m, client=client) for m in migrations]
    unknown = facts.keys() - {
        "server", "strict", "noextra", "nohead", "clock", "also", "events", "erase", "after"
    }  # fmt: skip
    if unknown:
        raise ValueError(f"{path.name}: unknown directive @{', @'.join(sorted(unknown))}")
    if not {*facts.get("also", [])} <= CLIENTS:
        raise ValueError(f"{path.name}: @also {', '.join(facts['also'])}: unknown client")
    return Case(
        path.stem,
        tuple(migrations),
        int(facts.get("server", ["16"])[0]),
        *(name in facts for name in ("strict", "noextra", "nohead", "clock")),
        also=tuple(facts.get("also", [])),
        events=dict(value.split(" = ", 1) for value in facts.get("events", [])),
        erase=tuple(facts.get("erase", [])),
        after=tuple(facts.get("after", [])),
    )


def _migration(head: str, body: str) -> Migration:
    name, *given = head.split() or [""]
    if name in WORDS or "=" in name:
        given.insert(0, name)
    words = frozenset(w for w in given if "=" not in w)
    options = dict(w.split("=", 1) for w in given if "=" in w)
    unknown = {*(words - WORDS), *(options.keys() - {"client", "author", "stop"})}
    client = options.get("client", "psql")
    if unknown or client not in CLIENTS:
        raise ValueError(f"`-- @@ {head}`: unknown word {', '.join(sorted(unknown)) or client}")
    return Migration(
        name, body.strip() + "\n", words, client, options.get("author"), options.get("stop", "1") == "1"
    )


def known_failures(text: str) -> dict[str, str]:
    """The reason for each case that fails today: lines `NAME: reason`, `#` before remarks."""
    lines = [line.strip() for line in text.splitlines() if line.strip() and not line.startswith("#")]
    found = dict(line.split(": ", 1) for line in lines)
    if len(found) != len(lines):
        raise ValueError("a case is listed twice")
    return found


def paths() -> Iterable[Path]:
    """All case files, in the order of their names."""
    return sorted(FOLDER.glob("*.sql"))
