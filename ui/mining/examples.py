"""Verified figures of the project, from which a model's examples are taken."""

from __future__ import annotations

import time
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

from agents.engine import load_rgb
from agents.lvlm.look import Example
from agents.lvlm.panels.examples import choose_examples
from curator.figure import Figure, FigureState, Hierarchy
from data.store.queue import QueueFilter

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from data.store import Store

_POOL = 200  # guess: enough that some are laid out alike, few enough to compare at each figure
_PICTURES = 16  # decoded and kept; guess: neighbours share their examples


class VerifiedFigures:
    """The figures that curators accepted last, as they stood when the first example was asked for: the questions of one
    run must not change while curators go on."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._picture = lru_cache(_PICTURES)(self._load)

    def nearest(self, figure: Figure, candidates: Hierarchy, n: int) -> list[Example]:
        """At most ``n`` figures nearest to this one by layout and kinds; never the figure itself."""
        pool = [pair for pair in self._pool if pair[0].image_sha256 != figure.image_sha256]
        chosen = choose_examples(candidates, figure, pool, n)
        return [Example(*pool[index], self._picture(pool[index][0].image_sha256)) for index in chosen]

    @cached_property
    def _pool(self) -> list[tuple[Figure, Hierarchy]]:
        wanted = QueueFilter(states=(FigureState.ACCEPTED,), order="number")
        now_s = time.time()
        items = self._store.queue.page(wanted, max(0, self._store.queue.count(wanted) - _POOL), _POOL, now_s)
        reviews = [self._store.reviews.load(item.figure_id, now_s).review for item in items]
        return [(review.figure, _verified(review.hierarchy)) for review in reviews]

    def _load(self, sha256: str) -> NDArray[np.uint8]:
        return load_rgb(self._store.images.web(sha256))


def _verified(hierarchy: Hierarchy) -> Hierarchy:
    return hierarchy.with_nodes(node for node in hierarchy.nodes() if node.state.verified)
