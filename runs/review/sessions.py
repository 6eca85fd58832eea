"""One curator works through a project in one order: what was mended by when."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from bench.stand_ins.curators import SimulatedCurator, Work
from curator.figure import Hierarchy
from data.store import Store
from ui.learning.assessing import assess_waiting, fit_now
from ui.learning.ranking import rerank

WHO = "simulated"
_NOW = 0.0  # nobody else is there: leases never matter


@dataclass(frozen=True, slots=True)
class Curve:
    """Of each figure in the order of review, what it cost and gave."""

    seconds: NDArray[np.float64]
    mended: NDArray[np.int64]

    def mended_at(self, share: float) -> float:
        """Share of all errors that is mended after this share of all seconds; a figure that is half done gives half.

        1 where there is nothing to mend.
        """
        if not self.mended.any():
            return 1.0
        spent = np.concatenate([[0.0], np.cumsum(self.seconds)])
        gained = np.concatenate([[0.0], np.cumsum(self.mended)])
        return float(np.interp(share * spent[-1], spent, gained) / gained[-1])

    def area(self) -> float:
        """Under the curve of errors mended over effort, both 0 to 1: 0.5 for any order that knows nothing."""
        if not self.mended.any():
            return 0.5
        spent = np.concatenate([[0.0], np.cumsum(self.seconds)]) / self.seconds.sum()
        gained = np.concatenate([[0.0], np.cumsum(self.mended)]) / self.mended.sum()
        return float(np.trapezoid(gained, spent))

    def in_order(self, order: Sequence[int] | NDArray[np.int64]) -> Curve:
        """The same figures in another order: what a figure costs and gives does not depend on when it comes."""
        chosen = np.asarray(order)
        return Curve(self.seconds[chosen], self.mended[chosen])


def by_ingest(store: Store, curator: SimulatedCurator, known: Mapping[str, Hierarchy]) -> tuple[Curve, list[float]]:
    """First in, first out, without deciding anything; and how sure the agents are of each figure."""
    works, sure = [], []
    for figure_id in known:
        stored = store.reviews.load(figure_id, _NOW)
        works.append(curator.review(stored))
        sure.append(0.0 if stored.confidence is None else stored.confidence)
    return curve_of(works), sure


def looped(store: Store, curator: SimulatedCurator, strategy: str, every: int, seconds: float = math.inf) -> list[Work]:
    """Reviews everything, or until ``seconds`` are spent; the assessor learns and the queue is ordered again after
    ``every`` figures. All goes through the store, as the page does it.
    """
    works: list[Work] = []
    while True:
        for _ in assess_waiting(store):
            pass
        rerank(store, strategy)
        batch = [figure_id for figure_id, _ in store.ranks.ordered(every)]
        works += review_all(store, curator, batch, seconds - sum(work.seconds for work in works))
        if not batch or sum(work.seconds for work in works) >= seconds:
            return works
        fit_now(store)


def review_all(
    store: Store, curator: SimulatedCurator, figure_ids: Iterable[str], seconds: float = math.inf
) -> list[Work]:
    """Reviews figures in this order, until ``seconds`` are spent; the last one is finished."""
    works: list[Work] = []
    for figure_id in figure_ids:
        if seconds <= 0:
            break
        stored = store.reviews.load(figure_id, _NOW)
        works.append(curator.review(stored))
        store.reviews.decide(figure_id, stored.revision, works[-1].commands, WHO, _NOW, works[-1].seconds)
        seconds -= works[-1].seconds
    return works


def curve_of(works: Sequence[Work]) -> Curve:
    return Curve(np.array([work.seconds for work in works]), np.array([work.errors_mended for work in works]))
