"""The public calls of pgGit v1, and what becomes of each: the seed `v1_calls`, read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Literal, get_args

from pggit_audit.night.seeds import rows_of_seed

Class = Literal["rewrite", "by_hand", "writer", "goes_away", "unknown_call"]
"""`rewrite`: a query takes its place, for certain. `by_hand`: a query does, and a person has to fit it in.
`writer`: it changes v1. `goes_away`: nothing takes its place. `unknown_call`: the table does not know it."""

CLASSES: tuple[Class, ...] = get_args(Class)
SEED = Path("seeds") / "v1_calls.csv"


@dataclass(frozen=True)
class Parameter:
    """A parameter of a function: its name, and its default as SQL, None where it has none."""

    name: str
    default: str | None


@dataclass(frozen=True)
class Call:
    """A function, table, view or type of the schema of v1.

    Attributes:
        v1_call: its identity, `pggit.name(argument types)` or `pggit.name`.
        kind: `function`, `table`, `view` or `type`.
        signature: a function's name and parameters.
        class_: what becomes of it.
        template: the query that takes its place, with `{audit}`, `{v0}` and the parameters' names in braces.
        note: what a person should know about that, one sentence or two.
        result: a function's result as PostgreSQL prints it, where the template stands for that only.

    """

    v1_call: str
    kind: str
    signature: str
    class_: Class
    template: str
    note: str
    result: str

    @property
    def name(self) -> str:
        return self.signature.partition("(")[0]

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        inside = self.signature.partition("(")[2].removesuffix(")")
        return tuple(_parameter(text) for text in _split(inside))


def _parameter(text: str) -> Parameter:
    declared, _, default = text.partition(" DEFAULT ")
    return Parameter(declared.split()[0], default or None)


def _split(text: str) -> list[str]:
    """Split at the commas that no parenthesis, bracket or quote is around."""
    parts, depth, quoted = [""], 0, False
    for character in text:
        quoted ^= character == "'"
        depth += 0 if quoted else (character in "([{") - (character in ")]}")
        if character == "," and not depth and not quoted:
            parts.append("")
        else:
            parts[-1] += character
    return [part.strip() for part in parts if part.strip()]


class CallTable:
    """The calls, by name.

    Args:
        calls: as the seed has them.
        schema: where v1 is installed.
        audit: the schema of the audit layer, for templates.
        v0: the schema of pggit_v0, for templates.

    """

    def __init__(
        self,
        calls: Iterable[Call],
        *,
        schema: str = "pggit",
        audit: str = "pggit_audit",
        v0: str = "pggit_v0",
    ) -> None:
        self.calls = tuple(calls)
        self.schema, self.audit, self.v0 = schema, audit, v0
        self._by_name: dict[str, list[Call]] = defaultdict(list)
        for call in self.calls:
            self._by_name[call.name].append(call)

    def functions(self, name: str) -> Sequence[Call]:
        """Return the functions of a name."""
        return [call for call in self._by_name.get(name, ()) if call.kind == "function"]

    def relation(self, name: str) -> Call | None:
        """Return the table, view or type of a name."""
        return next((call for call in self._by_name.get(name, ()) if call.kind != "function"), None)

    def query(self, call: Call) -> str:
        """Return a template for people: the schemas filled in, the parameters left in braces."""
        return call.template.replace("{audit}", self.audit).replace("{v0}", self.v0)

    def as_installed(self, results: Mapping[str, str]) -> CallTable:
        """Return the table for a database whose own functions are known.

        Args:
            results: the result of each function of the schema, by its v1_call, as PostgreSQL prints them.

        """

        def fitted(call: Call) -> Call:
            result = results.get(call.v1_call)
            if call.class_ != "rewrite" or result is None or result == call.result:
                return call
            note = f"In this database it returns {result}, which the query does not: fit it in by hand."
            return replace(call, class_="by_hand", note=note)

        return CallTable(map(fitted, self.calls), schema=self.schema, audit=self.audit, v0=self.v0)


def calls_of(rows: Iterable[Mapping[str, Any]]) -> list[Call]:
    """Return the calls of the seed's rows."""
    return [
        Call(
            row["v1_call"],
            row["kind"],
            row["signature"],
            row["class"],
            row["template"] or "",
            row["note"] or "",
            row["result"] or "",
        )
        for row in rows
    ]


def read_seed(project: Path) -> list[Call]:
    """Read the calls from the project's seed.

    Raises:
        PggitError: the file is not there.

    """
    return calls_of(rows_of_seed(project / SEED, "v1's calls"))
