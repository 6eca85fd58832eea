"""From which confidence on figures can be accepted without a person, and what that promises.

Two promises can be asked for. They differ in what the error rate is a share of.

``accepted``: of the panels accepted this way, at most that share is wrong, with probability ``1 - delta`` over the
draw of the audit sample. This ratio need not fall as the threshold rises, and what is accepted need not be drawn at
all, so that conformal risk control says nothing of it; thresholds are tested one after the other instead (fixed
sequence testing of Learn then Test, Angelopoulos et al. 2021, arXiv 2110.01052).

``all``: the share of a figure's panels that is accepted and wrong is at most that in expectation, over the draw of the
sample and the next figure, accepted or not; where large figures go wrong more often, of all panels together it is a
little more. This loss falls as the threshold rises: conformal risk control (Angelopoulos et
al. 2022, arXiv 2208.02814). It takes fewer reviews, and allows more errors among what is accepted.

Both hold for figures that are drawn like the sample, assessed by what was not fitted on the sample.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from curator.audit_sample import AuditFigure

Promised = Literal["accepted", "all"]
PROMISES: tuple[Promised, ...] = get_args(Promised)
DELTA = 0.1
"""Probability with which the promise ``accepted`` may fail. The usual choice."""
MAX_PANELS = 12
"""Figures of more panels always go to a person: one could spoil a small sample, and the test has to reckon with it.
Guess: few figures have more."""

_SHARES = np.arange(1, 41) / 40
"""Shares of the open figures that are tried as what is accepted: thresholds are their quantiles, which tell nothing of
the labels."""
_START = 2.0
"""Times the fewest figures with which a test can pass: so many the first threshold shall accept of the sample. With the
fewest a single error would be one too many, and end the sequence."""
_START_SHARE = 0.6
_START_LEAST = 1.3
"""Where the sample has not so many, the first threshold shall accept this share of it, but ``_START_LEAST`` times the
fewest at least. These three, ``_ROOM`` and ``_SURE`` promised most on three kinds of figures with 200 to 2,000 reviews
(docs/log.md); whatever they are, what is promised holds."""
_ROOM = 1.75
_SURE = 0.55
"""Up to how many panels a figure may have is chosen so that the sample has ``_ROOM`` times the fewest figures if
``_SURE`` of them are accepted. One large figure can be all wrong, which the test has to reckon with: the fewer figures
were reviewed, the smaller are those that can be told of."""
_BETS = np.array([0.5, 0.95])
_BET_WEIGHTS = np.array([0.3, 0.7])
"""Parts of the highest stake (see ``_p_value``), and of the capital that are put on each. A high one wins fast where
nearly all is right, a low one survives errors. Guess."""


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A threshold with its promise, or why there is none."""

    promised: Promised
    error_rate: float
    delta: float | None
    """None where the promise is one in expectation."""
    threshold: float | None
    """Figures of this confidence or more can be accepted; None: no figure can."""
    sample_figures: int
    """Reviewed figures of the audit sample that it rests on."""
    accepted_figures: int
    """Of them, those from the threshold on."""
    accepted_panels: int
    accepted_wrong: int
    reason: str = ""
    """Why there is no threshold."""
    more_reviews: int | None = None
    """About how many more figures of the sample would have to be reviewed; None where more would not help."""
    max_panels: int = MAX_PANELS
    """Figures of more panels go to a person."""

    @property
    def text(self) -> str:
        """What is promised, or why nothing is, in one sentence."""
        if self.threshold is None:
            return self.reason
        if self.promised == "accepted":
            return (
                f"of the panels accepted this way at most {self.error_rate:.1%} are wrong; such a promise holds in "
                f"{1 - (self.delta or 0):.0%} of cases"
            )
        return f"at most {self.error_rate:.1%} of a figure's panels are accepted and wrong, on average over all figures"


def guarantee(
    sample: Sequence[AuditFigure],
    open_confidences: NDArray[np.float64],
    error_rate: float,
    promised: Promised = "accepted",
    delta: float = DELTA,
    max_panels: int = MAX_PANELS,
    open_panels: NDArray[np.int64] | None = None,
) -> Guarantee:
    """The lowest threshold for which the promise can be made.

    ``open_confidences``: of the figures that wait and are not of the sample; only used to choose which thresholds are
    tried. ``open_panels``: how many panels each has, by which ``accepted`` may choose a lower ``max_panels`` of its
    own, before it looks at what was right. ``error_rate`` and ``delta`` lie between 0 and 1.
    """
    usable = [figure for figure in sample if 0 < figure.panels <= max_panels]
    if promised == "all":
        return replace(_of_all(usable, error_rate, _named(usable, sample, max_panels)), max_panels=max_panels)
    if open_panels is not None and len(open_panels):
        max_panels = _most_panels(len(usable), open_panels, error_rate, delta, max_panels)
        usable = [figure for figure in usable if figure.panels <= max_panels]
        open_confidences = open_confidences[open_panels <= max_panels]
    named = _named(usable, sample, max_panels)
    return replace(_of_accepted(usable, open_confidences, error_rate, delta, max_panels, named), max_panels=max_panels)


def _named(usable: Sequence[AuditFigure], sample: Sequence[AuditFigure], max_panels: int) -> str:
    """What a reason calls the figures that it is about: of the sample, or of those in it that are small enough."""
    size = f" of at most {max_panels} panel{'s' if max_panels > 1 else ''}" if len(usable) < len(sample) else ""
    return f"{len(usable):,} figures of the audit sample{size}"


def _most_panels(count: int, open_panels: NDArray[np.int64], error_rate: float, delta: float, max_panels: int) -> int:
    """How large figures may be; where the sample is too small for any, the size for which it is least so.

    Nothing but the number of reviewed figures and the sizes of those that wait decides, so that the promise holds as if
    it had been fixed before.
    """
    nearest = (0.0, max_panels)
    for most in range(max_panels, 0, -1):
        small = open_panels <= most
        if not small.any():
            break
        fewest = _fewest(float(open_panels[small].mean()), error_rate, delta, most)
        room = _SURE * count * float(small.mean()) / fewest
        if room >= _ROOM:
            return most
        nearest = max(nearest, (room, most))
    return nearest[1]


def _of_accepted(
    sample: Sequence[AuditFigure],
    open_confidences: NDArray[np.float64],
    error_rate: float,
    delta: float,
    max_panels: int,
    named: str,
) -> Guarantee:
    confidences, sizes, wrong = _columns(sample)
    count = len(sample)
    fewest = _fewest(float(sizes.mean()) if count else 1.0, error_rate, delta, max_panels)
    if not len(open_confidences):
        reason = "no figure waits that could be accepted"
        return Guarantee("accepted", error_rate, delta, None, count, 0, 0, 0, reason)
    if count < fewest:
        return Guarantee(
            "accepted", error_rate, delta, None, count, 0, 0, 0,
            f"{named} were reviewed; even if all their panels were right, a promise of {error_rate:.1%} takes about "
            f"{fewest:,}",
            fewest - count,
        )  # fmt: skip
    thresholds = np.quantile(open_confidences, 1 - _SHARES, method="lower")
    expected = count * (open_confidences[None, :] >= thresholds[:, None]).mean(axis=1)
    start = min(_START * fewest, max(_START_SHARE * count, _START_LEAST * fewest))
    first = min(int(np.searchsorted(expected, start)), len(thresholds) - 1)
    passed = None
    for threshold in thresholds[first:].tolist():
        in_it = confidences >= threshold
        if _p_value(sizes[in_it], wrong[in_it], error_rate, max_panels) > delta:
            break
        passed = threshold
    if passed is None:
        reason, more = _why_none(confidences, sizes, wrong, thresholds.tolist(), error_rate, delta, max_panels, named)
        return Guarantee("accepted", error_rate, delta, None, count, 0, 0, 0, reason, more)
    in_it = confidences >= passed
    return Guarantee(
        "accepted", error_rate, delta, passed, count,
        int(in_it.sum()), int(sizes[in_it].sum()), int(wrong[in_it].sum()),
    )  # fmt: skip


def _p_value(sizes: NDArray[np.float64], wrong: NDArray[np.float64], error_rate: float, max_panels: int) -> float:
    """Valid p-value, for any number of figures, of "more than ``error_rate`` of the panels of such figures are wrong".

    Of each figure ``wrong - error_rate * size`` is then positive on average. Somebody who bets against that, with
    stakes fixed before, multiplies a capital of 1 by a factor of mean 1 at most with each figure; one over what the
    capital became is a p-value (Markov; Waudby-Smith and Ramdas 2024, arXiv 2010.09686). Whole figures are bet on, so
    that it does not matter how panels of one figure go wrong together.
    """
    stakes = _BETS / ((1 - error_rate) * max_panels)
    excess = wrong - error_rate * sizes
    capital = _BET_WEIGHTS @ np.exp(np.log1p(-stakes[:, None] * excess[None, :]).sum(axis=1))
    return min(1.0, 1 / float(capital))


def _fewest(mean_size: float, error_rate: float, delta: float, max_panels: int) -> int:
    """Figures with which the test passes if nothing in them is wrong."""
    growth = np.log1p(_BETS * error_rate * mean_size / ((1 - error_rate) * max_panels))
    low, high = 0, 1
    while _BET_WEIGHTS @ np.exp(high * growth) < 1 / delta:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        enough = _BET_WEIGHTS @ np.exp(middle * growth) >= 1 / delta
        low, high = (low, middle) if enough else (middle, high)
    return high


def _why_none(
    confidences: NDArray[np.float64],
    sizes: NDArray[np.float64],
    wrong: NDArray[np.float64],
    thresholds: Sequence[float],
    error_rate: float,
    delta: float,
    max_panels: int,
    named: str,
) -> tuple[str, int | None]:
    """Which threshold came nearest, and how many more reviews it would take if all goes on as so far."""
    count = len(confidences)
    if confidences.max() < min(thresholds):
        more = _fewest(float(sizes.mean()), error_rate, delta, max_panels)
        return (
            f"{named} were reviewed; none of them is as sure as any figure that could be accepted, so that they tell "
            f"nothing of those: a promise of {error_rate:.1%} takes about {more:,} more reviews of figures as sure",
            more,
        )
    stakes = _BETS / ((1 - error_rate) * max_panels)
    best: tuple[float, float, float] | None = None  # reviews in all, wrong share, threshold
    for threshold in thresholds:
        in_it = confidences >= threshold
        if not in_it.any():
            continue
        excess = wrong[in_it] - error_rate * sizes[in_it]
        growth = np.log1p(-stakes[:, None] * excess[None, :]).mean(axis=1)
        if growth.max() <= 0:
            continue
        won = int(growth.argmax())
        needed = math.log(1 / (delta * _BET_WEIGHTS[won])) / float(growth[won]) / float(in_it.mean())
        if best is None or needed < best[0]:
            best = (needed, float(wrong[in_it].sum() / sizes[in_it].sum()), threshold)
    if best is None:
        share = float(wrong.sum() / sizes.sum())
        return (
            f"{named} were reviewed; {share:.1%} of their panels are wrong, and too many also at high confidence: more "
            f"reviews would not bring a promise of {error_rate:.1%}, better proposals would",
            None,
        )
    needed, share, threshold = best
    more = max(math.ceil(needed) - count, 1)
    return (
        f"{named} were reviewed; from a confidence of {threshold:.2f} on {share:.1%} of their panels are wrong, and "
        f"that takes about {more:,} more reviews to promise {error_rate:.1%}",
        more,
    )


def _of_all(sample: Sequence[AuditFigure], error_rate: float, named: str) -> Guarantee:
    confidences, sizes, wrong = _columns(sample)
    count = len(sample)
    # the bound on the next figure's loss is 1: all its panels wrong
    budget = error_rate * (count + 1) - 1
    if budget < 0:
        fewest = math.ceil(1 / error_rate) - 1
        return Guarantee(
            "all", error_rate, None, None, count, 0, 0, 0,
            f"{named} were reviewed; a promise of {error_rate:.1%} takes {fewest:,}",
            fewest - count,
        )  # fmt: skip
    losses = wrong / sizes
    # from the surest on, as long as the sum of losses stays within the budget; equal confidences stand together
    levels = np.unique(confidences)[::-1]
    sums = np.array([losses[confidences >= level].sum() for level in levels])
    over = np.flatnonzero(sums > budget)
    threshold = float(np.nextafter(levels[over[0]], 2.0)) if len(over) else 0.0
    in_it = confidences >= threshold
    if not in_it.any():
        return Guarantee(
            "all", error_rate, None, None, count, 0, 0, 0,
            f"{named} were reviewed; the surest of them are wrong too often to promise {error_rate:.1%}",
        )  # fmt: skip
    return Guarantee(
        "all", error_rate, None, threshold, count,
        int(in_it.sum()), int(sizes[in_it].sum()), int(wrong[in_it].sum()),
    )  # fmt: skip


def _columns(
    sample: Sequence[AuditFigure],
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Confidences, sizes, and wrong panels."""
    return (
        np.array([figure.confidence for figure in sample], np.float64),
        np.array([figure.panels for figure in sample], np.float64),
        np.array([figure.wrong for figure in sample], np.float64),
    )
