"""Errors that a user can do something about."""


class PggitError(Exception):
    """A foreseeable condition, because of which something could not be told or done.

    The message is all that the user sees, so it says what happened, to which object, what is untouched
    and what to do next. Callers print it without a stack trace.
    """

    exit_status = 2
    """What the command line ends with."""


class Refusal(PggitError):
    """What was asked was looked at, and the answer is no: it is not so, or must not be done."""

    exit_status = 1


class LostRole(PggitError):
    """A role that the team prepared for the history was locked out by it: it changed the password."""


class LostCommits(PggitError):
    """The server of the shadow crashed, and what had been done there just before is gone."""
