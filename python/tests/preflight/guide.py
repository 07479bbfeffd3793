"""The table of calls in docs/USER_GUIDE.md, made from the seed.

python python/tests/preflight/guide.py    # writes it anew
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from pathlib import Path

from pggit_audit.night.preflight.calls import Call, CallTable, read_seed

PROJECT = Path(__file__).parents[3]
GUIDE = PROJECT / "docs" / "USER_GUIDE.md"
BEGIN, END = "<!-- The calls: made from seeds/v1_calls.csv -->\n", "<!-- The end of the calls -->\n"


def blocks(calls: Iterable[Call], table: CallTable) -> str:
    """Each call with its query on lines of its own, and what to know about it."""
    return "\n".join(
        f"**`{call.signature}`** {call.note}\n\n```sql\n{_broken(table.query(call))};\n```\n"
        for call in calls
    )


def _broken(query: str) -> str:
    """A query with its clauses and columns on lines of their own."""
    query = re.sub(
        r" (from|where|and|group by|having|order by|limit) (?!event_no desc\))", r"\n\1 ", query, count=0
    )
    query = re.sub(r"\(([^()]*)\n", r"(\1 ", query)  # not within parentheses
    query = re.sub(r", (?=split_part|max|cast|\(array)", ",\n    ", query)
    return query.replace("select split_part", "select\n    split_part").replace(
        "select max", "select\n    max"
    )


def rows(calls: Iterable[Call], table: CallTable) -> str:
    """A table: a call, the query in its place, what to know about it."""
    lines = ["| v1 | in its place | |", "|---|---|---|"]
    for call in calls:
        query = f"`{table.query(call)}`" if call.template else ""
        lines.append(f"| `{call.signature}` | {query} | {call.note} |")
    return "\n".join(lines) + "\n"


def names(calls: Iterable[Call]) -> str:
    """Names alone, each once."""
    return ", ".join(f"`{name}`" for name in dict.fromkeys(call.name for call in calls)) + ".\n"


def section(project: Path = PROJECT) -> str:
    """All that stands between the marks."""
    table = CallTable(read_seed(project))

    def of(class_: str, *kinds: str) -> list[Call]:
        return [call for call in table.calls if call.class_ == class_ and call.kind in kinds]

    relations = ("table", "view")
    return "\n".join(
        [
            "### Written anew by `--fix`\n",
            blocks(of("rewrite", "function"), table),
            "### By hand: functions\n",
            rows(of("by_hand", "function"), table),
            "### By hand: tables and views\n",
            rows(of("by_hand", *relations), table),
            "### By hand: types\n",
            "The new tables have text: cast to text, or to a type of your own.\n",
            names(of("by_hand", "type")),
            "### They change v1, and have to go before the switch\n",
            names(of("writer", "function")),
            "So does every statement that writes to a table of v1.\n",
            "### They go away, and nothing takes their place\n",
            "Functions: " + names(of("goes_away", "function")),
            "Tables and views: " + names(of("goes_away", *relations)),
        ]
    )


def main() -> None:
    """Write it."""
    text = GUIDE.read_text(encoding="utf-8")
    before, _, rest = text.partition(BEGIN)
    GUIDE.write_text(
        before + BEGIN + "\n" + section() + "\n" + END + rest.partition(END)[2], encoding="utf-8"
    )


if __name__ == "__main__":
    main()
