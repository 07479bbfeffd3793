"""Errors that a user can do something about."""


class PggitError(Exception):
    """A foreseeable condition.

    The message is all that the user sees, so it says what happened, to which object, what is untouched
    and what to do next. Callers print it without a stack trace.
    """
