"""Texture: what many pieces of a panel resemble a sign by chance, and how far one must stand out to be drawn.

Where a tissue or noise falls into hundreds of pieces, some of them are shaped like an arrow, while a drawn sign stands
apart from all of them. So the candidates of one panel are judged together, by their false discovery rate against an
empirical null (Efron 2004, "Large-scale simultaneous hypothesis testing"): the bulk of them is texture, whose log-odds
are about normal, and that says how many pieces of texture to expect above each candidate.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

_LEAST_PIECES = 20  # guess: fewer do not show what a texture is like
_UPPER_QUARTILE = 0.6745  # standard deviations above the median of a normal distribution
_LEAST_SPREAD = 0.5  # log odds; guess: pieces of one texture differ by as much
_LEAST_COUNT = 1e-6  # keeps logarithms finite


def against_texture(log_odds: Sequence[float]) -> NDArray[np.float64]:
    """Log-odds of each candidate of one panel, lowered to those that it is drawn, given how many are as good as it and
    how many pieces of texture would be; never raised, and in the given order.

    As given where fewer than 20 candidates are likelier not drawn than drawn: they do not show what the texture is
    like. Centre and spread of the texture are the median and the upper quartile, so that up to a quarter of the
    candidates may be drawn signs.
    """
    given = np.asarray(log_odds, dtype=np.float64)
    if np.count_nonzero(given < 0) < _LEAST_PIECES:
        return given
    middle, quartile = np.quantile(given, (0.5, 0.75))
    spread = max((quartile - middle) / _UPPER_QUARTILE, _LEAST_SPREAD)
    texture = np.maximum(len(given) * norm.sf((given - middle) / spread), _LEAST_COUNT)
    as_good = len(given) - np.searchsorted(np.sort(given), given)
    drawn = np.maximum(as_good - texture, _LEAST_COUNT)
    lowered: NDArray[np.float64] = np.minimum(given, np.log(drawn / texture))
    return lowered
