"""The nearest of many features to one: exact, by inner product."""

from __future__ import annotations

from typing import Any, TypeAlias

import faiss as faiss_module
import numpy as np
from numpy.typing import NDArray

Features: TypeAlias = NDArray[np.float32]
"""[n, d], rows of unit length."""

faiss: Any = faiss_module  # its stubs describe the C++ signatures, not those of its Python methods


class Nearest:
    """An index over n features, which it keeps; 4 bytes a number. Safe to share among threads."""

    def __init__(self, features: Features) -> None:
        self._index = faiss.IndexFlatIP(features.shape[1])
        self._index.add(np.ascontiguousarray(features))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def feature(self, row: int) -> NDArray[np.float32]:
        """float32 [d]."""
        found: NDArray[np.float32] = self._index.reconstruct(row)
        return found

    def search(
        self, query: NDArray[np.float32], count: int, allowed: NDArray[np.bool_]
    ) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
        """The nearest to a query [d] among the rows that are ``allowed`` [n]: cosines and rows, nearest first, of equal
        ones the lower row first. At most ``count``, and as many as there are."""
        count = min(count, int(allowed.sum()))
        if count == 0:
            return np.zeros(0, np.float32), np.zeros(0, np.int64)
        chosen = faiss.IDSelectorBitmap(np.packbits(allowed, bitorder="little"))
        params = None if allowed.all() else faiss.SearchParameters(sel=chosen)
        scores, rows = self._index.search(query.reshape(1, -1), count, params=params)
        order = np.lexsort((rows[0], -scores[0]))
        return scores[0][order], rows[0][order]
