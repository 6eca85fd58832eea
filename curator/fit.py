"""How well a text fits a picture by a model's own bet: the right one among others."""

from __future__ import annotations

import math
from collections.abc import Sequence

ALTERNATIVES = 64
"""Texts that a node's own one stands among. Guess: training batches have 16 to 64 pairs, and more would move all fits
towards 0."""


def fit(own: float, others: Sequence[float], scale: float) -> float | None:
    """Probability, 0 to 1, that the own text is the right one: its share of the softmax over scaled cosines.

    CLIP's own reading of a batch (arXiv 2103.00020, figure 3). None where there is no other text, so nothing is known.

    >>> fit(0.5, [0.5], 10.0)
    0.5
    """
    if not len(others):
        return None
    # of the difference: exponentials of scaled cosines themselves would overflow from scale 700 on
    return 1.0 / (1.0 + sum(math.exp(min(700.0, scale * (other - own))) for other in others))
