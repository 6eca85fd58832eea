"""Shares and means with 95 % bootstrap intervals that draw whole articles.

Panels of one figure, and regions of one panel, are right or wrong together: drawing them one by one makes intervals
that are too narrow (tests/trainer/evaluate/test_intervals.py shows by how much). So articles are drawn, with all they
hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

DRAWS = 2000
"""Guess: the ends of an interval then move by about 0.1 of its width between seeds."""
_SEED = 0
_BLOCK = 2**22  # weights drawn at a time: 32 MB
_TAIL = 0.025


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean over n values of so many articles."""

    value: float
    n: int
    articles: int
    interval: tuple[float, float] | None
    """95 %; None where fewer than two articles leave nothing to draw from."""

    @property
    def excludes_zero(self) -> bool:
        """Of a difference: whether it is more than chance."""
        return self.interval is not None and (self.interval[0] > 0 or self.interval[1] < 0)


def estimate(values: Tensor, articles: Sequence[str]) -> Estimate:
    """``share`` of bool, ``mean`` of float values."""
    return share(values, articles) if values.dtype == torch.bool else mean(values, articles)


def share(hits: Tensor, articles: Sequence[str]) -> Estimate:
    """The share of True in ``hits``, bool [n], whose rows belong to ``articles`` (n ids).

    Where all are alike the bootstrap would give an interval of no width; there it is the exact one of so many articles
    (Clopper and Pearson 1934), of which each counts as one trial.
    """
    found = mean(hits.float(), articles)
    if found.interval is None or found.value not in (0.0, 1.0):
        return found
    reach = 1 - _TAIL ** (1 / found.articles)
    interval = (0.0, reach) if found.value == 0 else (1 - reach, 1.0)
    return Estimate(found.value, found.n, found.articles, interval)


def mean(values: Tensor, articles: Sequence[str]) -> Estimate:
    """The mean of ``values``, float [n]: percentile bootstrap over articles, always with the same draws.

    A difference between two models on the same items is the mean of the items' differences: give those.
    """
    n = len(values)
    _, group = np.unique(np.asarray(articles, dtype=str), return_inverse=True)
    if n == 0:
        return Estimate(0.0, 0, 0, None)
    plain = values.double().cpu().numpy()
    sums = np.bincount(group, weights=plain).astype(np.float64)
    counts = np.bincount(group).astype(np.float64)
    value = float(plain.mean())
    if len(sums) < 2:
        return Estimate(value, n, len(sums), None)
    means = _drawn_means(sums, counts)
    low, high = np.quantile(means, (_TAIL, 1 - _TAIL))
    return Estimate(value, n, len(sums), (float(low), float(high)))


def _drawn_means(sums: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    groups = len(sums)
    rng = np.random.default_rng(_SEED)
    block = max(1, _BLOCK // groups)
    means = []
    for first in range(0, DRAWS, block):
        times = rng.multinomial(groups, np.full(groups, 1 / groups), size=min(block, DRAWS - first))
        means.append((times @ sums) / (times @ counts))
    return np.concatenate(means)
