"""How long a figure's review takes: a line through what reviews took, which starts from a guess."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

COLUMNS = ("figure", "words", "panels", "markers", "regions", "wrong", "lacking")
"""What a review is told by: 1, the words of the caption, the nodes of each level, how many of them were wrong
(rejected, moved, named otherwise), and how many had to be drawn."""
_PRIOR_S = np.array([3.0, 0.1, 1.0, 0.8, 0.8, 4.0, 12.0])
"""Seconds for each. Guess: to open a figure; a word, of which less than half are read (238 words a minute, Brysbaert
2019); to look at a node; to mend one by a few keys; to draw one and give it its words."""
_PRIOR_WEIGHT = 20.0
"""Reviews that the guess counts for. Guess: after 20 the project's own times say more."""
_LONGEST_QUANTILE = 0.95
"""Reviews that took longer than nearly all were interrupted."""
_SHORTEST_S = 1.0
"""No figure is reviewed faster; it also keeps rates finite."""


@dataclass(frozen=True, slots=True)
class ReviewTime:
    """Seconds for each of ``COLUMNS``."""

    weights_s: tuple[float, ...] = tuple(_PRIOR_S)
    reviews: int = 0
    """That it was fitted on."""

    @classmethod
    def fit(cls, features: NDArray[np.float64], seconds: NDArray[np.float64]) -> ReviewTime:
        """From reviews: features [n, columns] as ``COLUMNS``, seconds [n].

        Least squares, pulled towards the guess as if ``_PRIOR_WEIGHT`` average reviews had taken just that; no weight
        below a tenth of its guess, since nothing is free.
        """
        if not len(seconds):
            return cls()
        kept = np.minimum(seconds, np.quantile(seconds, _LONGEST_QUANTILE))
        scale = (features**2).mean(axis=0)
        pull = np.diag(_PRIOR_WEIGHT * np.maximum(scale, 1e-3))
        fitted = np.linalg.solve(features.T @ features + pull, features.T @ kept + pull @ _PRIOR_S)
        return cls(tuple(np.maximum(fitted, 0.1 * _PRIOR_S).tolist()), len(seconds))

    def seconds(self, features: NDArray[np.float64]) -> NDArray[np.float64]:
        """Expected seconds [n] of figures with features [n, columns] as ``COLUMNS``."""
        found: NDArray[np.float64] = np.maximum(features @ np.array(self.weights_s), _SHORTEST_S)
        return found
