"""What a text sets for its session, and what for one transaction alone."""

from __future__ import annotations

from pggit_audit.statements import Statement, split


def is_local(statement: Statement) -> bool:
    """Whether a setting is for its transaction alone: `SET LOCAL …`, `select set_config(…, true)`."""
    if statement.keywords[0] == "SET":
        return statement.keywords[1:2] == ("LOCAL",)
    return statement.words[0] == "select" and statement.words[-3:] == (",", "true", ")")


def for_session(text: str) -> str:
    """A setting of the history as one that lasts: a text may be one transaction, and its statements are not."""
    (parsed,) = split(text)
    if not is_local(parsed):
        return text
    is_set = parsed.keywords[0] == "SET"
    local = parsed.tokens[1 if is_set else -2]
    start = parsed.tokens[0].start
    return text[: local.start - start] + ("" if is_set else "false") + text[local.end + 1 - start :]


def ends_transaction(statement: Statement) -> bool:
    """Whether the statement ends its transaction, and with it all that was set for that alone."""
    if statement.tag in ("ROLLBACK", "ABORT"):
        return "TO" not in statement.keywords and "PREPARED" not in statement.keywords
    return statement.tag in ("COMMIT", "END") and "PREPARED" not in statement.keywords
