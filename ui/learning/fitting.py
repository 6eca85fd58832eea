"""Which nodes' texts a model doubts: each is asked for among others, by the embeddings that are there already."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from curator.fit import ALTERNATIVES, fit
from data.embeddings import Embeddings, IndexedBy
from data.store.findable import FindableLevel

_DIGITS = 4
"""Kept of a fit: less than the rounding of the embeddings moves it."""


def fits_of(embeddings: Embeddings, model: IndexedBy) -> Iterator[tuple[str, dict[str, float]]]:
    """Each indexed figure with the fits of its nodes that have a text.

    A text stands among other texts of its level: first those of its own figure, which are what it would be mixed up
    with, then a few of the project. Which few is told by the texts' hashes alone: the same project gives the same fits.
    """
    pools: dict[FindableLevel, dict[str, NDArray[np.float32]]] = {
        level: _pool(embeddings, model, level) for level in ("panel", "region")
    }
    for figure in embeddings.figures(model.fingerprint):
        found: dict[str, float] = {}
        for node, image, text in zip(figure.nodes, figure.images, figure.texts, strict=True):
            if not node.text_key:
                continue
            beside = {
                other.text_key: feature
                for other, feature in zip(figure.nodes, figure.texts, strict=True)
                if other.level == node.level and other.text_key
            }
            others = beside | {key: feature for key, feature in pools[node.level].items() if key not in beside}
            others.pop(node.text_key)
            features = list(others.values())[:ALTERNATIVES]
            cosines = (np.array(features) @ image).tolist() if features else []
            if (probability := fit(float(text @ image), cosines, model.scale)) is not None:
                found[node.id] = round(probability, _DIGITS)
        yield figure.figure_id, found


def _pool(embeddings: Embeddings, model: IndexedBy, level: FindableLevel) -> dict[str, NDArray[np.float32]]:
    """The project's texts of the level whose hashes are the lowest: one more than are needed, since one may be the
    node's own."""
    pool: dict[str, NDArray[np.float32]] = {}
    for figure in embeddings.figures(model.fingerprint):
        pool |= {
            node.text_key: feature
            for node, feature in zip(figure.nodes, figure.texts, strict=True)
            if node.level == level and node.text_key
        }
        pool = dict(sorted(pool.items())[: ALTERNATIVES + 1])
    return pool
