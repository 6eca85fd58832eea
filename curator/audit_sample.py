"""The audit sample: a twentieth of all figures that a person reviews whatever any model says of them.

Only such figures can tell how good the ones are that nobody looked at. Membership is a hash of the figure's id: it is
the same for ever, whoever asks, and has nothing to do with what the figure shows. They are reviewed in the order of
that hash, never by how doubtful they are, so that those reviewed so far are at any time a plain random sample.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SHARE = 0.05
"""Of all figures; asked for."""
SEED = 0


def place_of(figure_id: str, seed: int = SEED) -> float:
    """Where the figure stands in the drawing, 0 to 1: uniform, and independent of anything but its id."""
    digest = hashlib.sha256(f"audit:{seed}:{figure_id}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64


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

    Wilson's interval, with Student's quantile, on the effective number of panels: their number divided by the design
    effect of drawing whole figures (Korn and Graubard 1998 do so with Clopper and Pearson's interval). A bootstrap of
    figures would say "100 % ± 0 %" wherever nothing wrong was found yet; Wilson's does not.
    """
    from scipy.stats import t as student_t  # slow to import, and only needed here

    sizes = np.array([figure.panels for figure in sample if figure.panels], np.float64)
    wrong = np.array([figure.wrong for figure in sample if figure.panels], np.float64)
    count = len(sizes)
    if count < 2:
        return None
    panels = float(sizes.sum())
    right = 1 - float(wrong.sum()) / panels
    effect = _design_effect(sizes, wrong)
    effective = panels / effect
    quantile = float(student_t.ppf((1 + level) / 2, count - 1))
    spread = quantile**2 / effective
    middle = (right + spread / 2) / (1 + spread)
    half = quantile / (1 + spread) * math.sqrt(right * (1 - right) / effective + spread / (4 * effective))
    return Statement(
        right, max(middle - half, 0.0), min(middle + half, 1.0), level, count, int(panels), round(effect, 3)
    )


def _design_effect(sizes: NDArray[np.float64], wrong: NDArray[np.float64]) -> float:
    """Variance of the share when figures are drawn, over that when panels are; at least 1.

    The share is a ratio of two sums, its variance by linearisation. Where all panels are right, or all wrong, nothing
    tells it: the worst case is taken, in which a figure's panels are all right or all wrong together.
    """
    panels, count = sizes.sum(), len(sizes)
    worst = float((sizes**2).sum() / panels)
    share = wrong.sum() / panels
    if share in (0.0, 1.0):
        return worst
    by_figure = count / (count - 1) * ((wrong - share * sizes) ** 2).sum() / panels**2
    return float(np.clip(by_figure / (share * (1 - share) / panels), 1.0, worst))
