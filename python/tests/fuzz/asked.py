"""How many random histories are tried: FUZZ_EXAMPLES, ever others; else a few, always the same."""

from __future__ import annotations

import os

from hypothesis import HealthCheck, Phase, settings

ASKED = os.environ.get("FUZZ_EXAMPLES", "")


def fuzz(examples: int) -> settings:
    """The settings of a property; `examples` where no number is asked for."""
    return settings(
        max_examples=int(ASKED or examples),
        derandomize=not ASKED,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        phases=(Phase.generate, Phase.shrink) if ASKED else (Phase.generate,),
        print_blob=False,
    )
