"""The verdicts of the preflight: their codes, and what they say about a use of v1."""

from __future__ import annotations

from pggit_audit.night.preflight.calls import CallTable, Class
from pggit_audit.night.preflight.rewrite import Use
from pggit_audit.verdicts import Finding, Severity

GUIDE = "USER_GUIDE.md#old-calls-new-queries"
PREFLIGHT = "USER_GUIDE.md#preflight"

_SEVERITY: dict[Class, Severity] = {
    "rewrite": "warning",
    "by_hand": "warning",
    "writer": "blocker",
    "goes_away": "warning",
    "unknown_call": "warning",
}
_CODE: dict[Class, str] = {
    "rewrite": "uses_v1",
    "by_hand": "uses_v1",
    "writer": "writes_v1",
    "goes_away": "uses_v1",
    "unknown_call": "unknown_call",
}


def finding_of_use(
    place: str, use: Use, table: CallTable, rewritten: str | None, *, in_a_file: bool = False
) -> Finding:
    """Return the verdict on a use of v1.

    Args:
        place: where it is: a file with its line, or an object of the database.
        use: what it is.
        table: v1's calls.
        rewritten: the statement as it will be, where that is certain.
        in_a_file: whether `--fix` can write it.

    """
    called = f"{table.schema}.{use.name}" + ("()" if use.kind == "function" else "")
    message = {
        "rewrite": f"It uses {called}, which goes away with v1.",
        "by_hand": f"It uses {called}, which goes away with v1.",
        "goes_away": f"It uses {called}, which goes away with v1, and nothing takes its place.",
        "writer": f"It changes v1: {called}. The switch would break it, and the history goes on until it stops.",
        "unknown_call": f"It uses {called}, which is none of v1's own calls as this project knows them.",
    }[use.class_]
    return Finding(
        _CODE[use.class_],
        _SEVERITY[use.class_],
        place,
        message,
        _advice(use, table, rewritten, in_a_file),
        GUIDE,
    )


def _advice(use: Use, table: CallTable, rewritten: str | None, in_a_file: bool) -> str:
    call = use.call
    if use.class_ == "writer":
        return (call.note if call and call.class_ == "writer" else "") or "Take it out before the switch."
    if use.class_ == "unknown_call" or call is None:
        return "Find out who made it and what it does; it goes away with the schema."
    if rewritten is not None:
        return "--fix writes the query that takes its place." if in_a_file else f"Write instead: {rewritten}"
    if use.class_ == "rewrite":
        return f"By hand, for {use.reason}: the guide has the query that takes its place."
    if not call.template or call.kind == "type":
        return call.note
    return f"By hand: {table.query(call)} -- {call.note}"


def unread(place: str, why: str) -> Finding:
    """Return the verdict on a source that names v1 and could not be read."""
    return Finding(
        "not_read",
        "warning",
        place,
        f"It names v1's schema, and could not be read as SQL: {why}.",
        "Look at it yourself.",
        PREFLIGHT,
    )
