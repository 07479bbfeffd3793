"""The replay: from v1's rows to events with full definitions. `walk` is where to begin reading."""

from pggit_audit.replay.attempt import Outcome
from pggit_audit.replay.events import Event
from pggit_audit.replay.intervals import bounded
from pggit_audit.replay.proven import proven_by_live
from pggit_audit.replay.tree import reconciliation
from pggit_audit.replay.uncertain import Pause, mark_uncertain
from pggit_audit.replay.walk import Observer, Replay

__all__ = [
    "Event",
    "Observer",
    "Outcome",
    "Pause",
    "Replay",
    "bounded",
    "mark_uncertain",
    "proven_by_live",
    "reconciliation",
]
