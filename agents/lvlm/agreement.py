"""How much surer two readers make each other: one rule for captions, markers and regions."""

from __future__ import annotations

import math

_STEP = 4.0  # guess: readers as good as the embedded agent (right three times in four) multiply the odds so
_SUREST = 0.99  # guess: taken for what is said to be certain, whose odds have no end


def weighed(confidence: float, agreement: float) -> float:
    """The confidence after another reader looked: its odds times 4 to the power of ``agreement``.

    ``agreement`` is 1 where the other reader says the same, 0 where it says nothing, -1 where it contradicts.
    """
    sure = min(max(confidence, 0.0), _SUREST)
    odds = sure / (1 - sure) * math.pow(_STEP, max(-1.0, min(1.0, agreement)))
    return odds / (1 + odds)
