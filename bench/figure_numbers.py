"""How many panels published figures have, how many regions their panels, and how long the words of each are.

Counted once in hand-made truth (``shared/truth``), so that batches are the same where it is absent;
``tests/bench/test_figure_numbers.py`` counts again where it is there.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

PANELS = {
    1: 3799, 2: 2172, 3: 1091, 4: 1061, 5: 351, 6: 538, 7: 132, 8: 172, 9: 86, 10: 54, 11: 30, 12: 62, 13: 18, 14: 15,
    15: 15, 16: 7, 17: 5, 18: 15, 19: 2, 20: 3, 21: 4, 22: 3, 24: 3, 25: 1, 27: 1, 28: 1, 49: 1,
}  # fmt: skip
"""Figures by the number of their panels: 9,642 published layouts."""
REGIONS = {0: 152, 1: 7, 2: 7, 3: 6, 4: 3, 5: 2, 6: 3, 8: 5, 12: 1, 17: 1, 19: 1, 20: 1, 24: 1, 25: 1}
"""Panels by the number of markers in them, each of which gives a region: 39 published figures."""
FIGURE_TOKENS = {46: 1, 72: 1, 75: 1, 77: 31}
"""Captions of those figures by their length in tokens, CLIP's, start and end among them; cut at its context of 77."""
PANEL_TOKENS = {16: 5, 24: 14, 32: 15, 40: 15, 48: 4, 56: 6, 64: 10, 72: 10, 77: 95}
"""Panels' own parts of them, lengths rounded up to eights."""
REGION_TOKENS = {9: 18, 12: 8, 15: 1, 21: 8, 22: 14, 24: 8, 28: 1, 32: 2, 46: 1, 71: 6, 75: 3, 77: 6}
"""The clauses that explain their markers."""
NEGATIVE_TOKENS = {15: 1}
"""Guess: negatives are single sentences of a finding; those figures have none."""


def drawn(known: Mapping[int, int], count: int, rng: np.random.Generator, *, least: int = 0) -> NDArray[np.int64]:
    """[count] numbers, drawn at random as often as they are known, among those of ``least`` or more."""
    numbers = np.array([number for number in known if number >= least], np.int64)
    weights = np.array([known[int(number)] for number in numbers], np.float64)
    return rng.choice(numbers, count, p=weights / weights.sum())
