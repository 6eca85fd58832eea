"""The audit sample: a twentieth of all figures that a person reviews whatever any model says of them.

Only such figures can tell how good the ones are that nobody looked at. Membership is a hash of the figure's id: it is
the same for ever, whoever asks, and has nothing to do with what the figure shows. They are reviewed in the order of
that hash, never by how doubtful they are, so that those reviewed so far are at any time a plain random sample.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARE = 0.05
"""Of all figures; asked for."""
SEED = 0


def place_of(figure_id: str, seed: int = SEED) -> float:
    """Where the figure stands in the drawing, 0 to 1: uniform, and independent of anything but its id."""
    return float(places_of([figure_id], seed)[0])


def places_of(figure_ids: Sequence[str], seed: int = SEED) -> NDArray[np.float64]:
    """``place_of`` of many figures [n], in a third of the time."""
    begin = f"audit:{seed}:"
    digests = b"".join([hashlib.sha256((begin + figure_id).encode()).digest() for figure_id in figure_ids])
    return np.frombuffer(digests, ">u8")[::4] / 2.0**64


def in_audit(figure_id: str, seed: int = SEED, share: float = SHARE) -> bool:
    """Whether the figure belongs to the sample; it stays so however many figures come."""
    return place_of(figure_id, seed) < share


@dataclass(frozen=True, slots=True)
class AuditFigure:
    """A figure of the sample that a person has reviewed, and how right its proposals were."""

    figure_id: str
    confidence: float
    """Of the figure before anybody reviewed it, 0 to 1."""
    panels: int
    """That were proposed."""
    wrong: int
    """Panels that the person changed (box, label or kind), rejected or had to add; at most ``panels``, so that it is a
    share of them."""


@dataclass(frozen=True, slots=True)
class Statement:
    """Which share of panels is right, with an interval that covers it in ``level`` of all draws of the sample."""

    right: float
    low: float
    high: float
    level: float
    figures: int
    panels: int
    design_effect: float
    """How many times more panels it takes than if each had been drawn alone: wrong ones come together in figures."""

    @property
    def margin(self) -> float:
        """Half the interval's width, to the wider side."""
        return max(self.right - self.low, self.high - self.right)

    def __str__(self) -> str:
        return f"{self.right:.1%} ± {self.margin:.1%} ({self.figures:,} figures, {self.panels:,} panels)"


def statement(sample: Sequence[AuditFigure], level: float = 0.95) -> Statement | None:
    """The share of right panels and its interval; None where fewer than two figures with panels were reviewed.

    Fay and Feuer's interval (1997, Statistics in Medicine 16) of the rarer of right and wrong, with whole figures as
    the events: a gamma distribution of the share's mean and variance, to which for the upper end one more figure is
    added as large as those that one may not have seen. It holds also where few figures hold most errors, or none was
    found yet (docs/active_learning.md).
    """
    sizes = np.array([figure.panels for figure in sample if figure.panels], np.float64)
    wrong = np.array([figure.wrong for figure in sample if figure.panels], np.float64)
    if len(sizes) < 2:
        return None
    panels = float(sizes.sum())
    right = 1 - float(wrong.sum()) / panels
    if right < 0.5:
        low, high = _share_interval(sizes, sizes - wrong, level)
    else:
        few, many = _share_interval(sizes, wrong, level)
        low, high = 1 - many, 1 - few
    return Statement(right, low, high, level, len(sizes), int(panels), round(_design_effect(sizes, wrong), 3))


def _design_effect(sizes: NDArray[np.float64], wrong: NDArray[np.float64]) -> float:
    """Variance of the share when figures are drawn, over that when panels are; at least 1. Where nothing tells it, as
    if a figure's panels were all right or all wrong together."""
    share = wrong.sum() / sizes.sum()
    if share in (0.0, 1.0):
        return float((sizes**2).sum() / sizes.sum())
    return float(max(_variance(sizes, wrong) / (share * (1 - share) / sizes.sum()), 1.0))


def _variance(sizes: NDArray[np.float64], counted: NDArray[np.float64]) -> float:
    """Of the share of all panels that is counted, when figures are drawn: a ratio of two sums, by linearisation."""
    figures, panels = len(sizes), sizes.sum()
    return float(figures / (figures - 1) * ((counted - counted.sum() / panels * sizes) ** 2).sum() / panels**2)


def _share_interval(sizes: NDArray[np.float64], counted: NDArray[np.float64], level: float) -> tuple[float, float]:
    """Of the share of all panels that is counted, given each figure's panels and those of them that count."""
    from scipy.stats import gamma  # slow to import, and only needed here

    panels = sizes.sum()
    share = counted.sum() / panels
    # panels of a figure hardly ever differ more than those of different ones: where they seem to, it is by chance
    variance = max(_variance(sizes, counted), share * (1 - share) / panels)
    # how many panels a wrong one's figure has, if large figures go wrong more often, as they do, in proportion to their
    # size, and all of it is wrong; or the most that were seen to count in one
    unseen = max((sizes**3).sum() / (sizes**2).sum(), counted.max()) / panels
    tail = (1 - level) / 2
    low = _gamma_quantile(gamma.ppf, tail, share, variance) if share > 0 else 0.0
    return low, min(_gamma_quantile(gamma.ppf, 1 - tail, share + unseen, variance + unseen**2), 1.0)


def _gamma_quantile(ppf: Callable[..., float], at: float, mean: float, variance: float) -> float:
    """Of the gamma distribution of this mean and variance; the mean itself where it does not vary."""
    return float(ppf(at, mean**2 / variance, scale=variance / mean)) if variance > 0 else float(mean)
