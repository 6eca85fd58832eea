"""Verified figures of the project, from which a model's examples are taken."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import cache, cached_property, lru_cache
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
from numpy.typing import NDArray

from agents.engine import load_rgb
from agents.lvlm.look import Example
from agents.lvlm.panels.examples import choose_examples
from curator.figure import Figure, FigureState, Hierarchy, State
from data.embeddings import Embeddings
from data.store.queue import QueueFilter

if TYPE_CHECKING:
    from data.store import Store

_POOL = 200  # figures without an index; guess: some are laid out alike, and they can be compared at each figure
_INDEXED = 5000  # figures with one, whose means take some megabytes; guess
_NEAR = 4  # neighbours among which each example is chosen; guess: all look alike, and some are laid out alike too
_PICTURES = 16  # decoded and kept; guess: neighbours share their examples

_Pair: TypeAlias = tuple[Figure, Hierarchy]


class VerifiedFigures:
    """The figures that curators had accepted when the first example was asked for, each as it stood when it was first
    looked at: the questions of one run must not change while curators go on. Safe to share among threads."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._embeddings = Embeddings(store.project)
        self._picture = lru_cache(_PICTURES)(self._load)
        self._pair = cache(self._read)

    def nearest(self, figure: Figure, candidates: Hierarchy, n: int) -> list[Example]:
        """At most ``n`` figures nearest to this one, never the figure itself.

        Where the model in use has made an index with this figure in it, they are chosen among its neighbours there, the
        figures whose pictures look like its own; else among those that were ingested last. Of these, by layout and
        kinds.

        Raises:
            StoreError: the index is broken.
        """
        ids = self._neighbours(figure.id)[: _NEAR * n] or self._accepted[-_POOL:]
        pool = [pair for pair in map(self._pair, ids) if pair[0].image_sha256 != figure.image_sha256]
        chosen = choose_examples(candidates, figure, pool, n)
        return [Example(*pool[index], self._picture(pool[index][0].image_sha256)) for index in chosen]

    def _neighbours(self, figure_id: str) -> list[str]:
        """Accepted figures that are in the index, those first that look most like this one; none where this one is not
        in it."""
        if not self._fingerprint:
            return []
        own = self._embeddings.means(self._fingerprint, [figure_id]).get(figure_id)
        if own is None:
            return []
        likeness = {other: float(mean @ own) for other, mean in self._means.items() if other != figure_id}
        return sorted(likeness, key=lambda other: (-likeness[other], other))

    @cached_property
    def _fingerprint(self) -> str:
        """Of the model in use; empty where there is none."""
        model = self._embeddings.in_use()
        return model.fingerprint if model else ""

    @cached_property
    def _means(self) -> Mapping[str, NDArray[np.float32]]:
        return self._embeddings.means(self._fingerprint, self._accepted[-_INDEXED:])

    @cached_property
    def _accepted(self) -> Sequence[str]:
        """In order of ingest."""
        return self._store.queue.ids(QueueFilter(states=(FigureState.ACCEPTED,), order="number"))

    def _read(self, figure_id: str) -> _Pair:
        review = self._store.reviews.load(figure_id, time.time()).review
        return review.figure, _decided(review.hierarchy)

    def _load(self, sha256: str) -> NDArray[np.uint8]:
        return load_rgb(self._store.images.web(sha256))


def _decided(hierarchy: Hierarchy) -> Hierarchy:
    """Without open proposals; what a person rejected shows a model what is none."""
    return hierarchy.with_nodes(node for node in hierarchy.nodes() if node.state != State.PROPOSED)
