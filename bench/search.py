"""Search among 100,000 embeddings: exact by faiss against plain NumPy, with the filters that a page asks for."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from data.embeddings import Embeddings, IndexedBy, IndexedFigure, IndexedNode
from data.nearest import Nearest

NODES, DIM = 100_000, 192
"""As many features as curator-tiny makes of 30,000 figures."""
NODES_A_FIGURE = 5
WRITTEN = 4_000
"""Figures in a file."""
COUNT = 24
RUNS = 60
SHARES = (1.0, 0.3, 0.01)
"""Of the nodes that a filter leaves: all, one kind, what few people verified so far."""


def run() -> None:
    features = _unit(NODES)
    nearest = Nearest(features)
    queries = _unit(RUNS, seed=1)
    for share in SHARES:
        allowed = np.random.default_rng(2).random(NODES) < share if share < 1 else np.ones(NODES, np.bool_)
        plain = [partial(_plain, features, query, allowed) for query in queries]
        ours = [partial(nearest.search, query, COUNT, allowed) for query in queries]
        for expected, found in zip(plain[:5], ours[:5], strict=True):
            assert np.allclose(expected(), found()[0], atol=1e-5)
        (base_p50, base_p95), (p50, p95) = _quantiles(plain), _quantiles(ours)
        print(
            f"{share:.0%} of {NODES:,} x {DIM}, {COUNT} nearest: faiss p50 {p50:.1f} ms, p95 {p95:.1f} ms; "
            f"NumPy (baseline) p50 {base_p50:.1f} ms, p95 {base_p95:.1f} ms; ratio {base_p50 / p50:.1f}"
        )
    _file(features)


def _file(features: NDArray[np.float32]) -> None:
    """What the file costs: writing a figure, reading all."""
    model = IndexedBy("drawn", "drawn", "drawn", DIM, 14.3)
    with tempfile.TemporaryDirectory() as folder:
        embeddings = Embeddings(Path(folder))
        embeddings.begin(model)
        figures = [_figure(features, first) for first in range(0, WRITTEN * NODES_A_FIGURE, NODES_A_FIGURE)]
        began = time.perf_counter()
        with embeddings.held_open():
            for figure in figures:
                embeddings.save(model.fingerprint, figure)
        written = time.perf_counter() - began
        began = time.perf_counter()
        read = np.concatenate([figure.images for figure in embeddings.figures(model.fingerprint)])
        Nearest(read)
        seconds = time.perf_counter() - began
        size = embeddings.path.stat().st_size / 2**20
        print(
            f"embeddings.db of {WRITTEN:,} figures with {NODES_A_FIGURE} nodes: {written / WRITTEN * 1000:.2f} ms a "
            f"figure written, {size:.0f} MB; read and ready in {seconds:.2f} s"
        )


def _figure(features: NDArray[np.float32], first: int) -> IndexedFigure:
    some = features[first : first + NODES_A_FIGURE]
    nodes = tuple(IndexedNode(f"p{number}", "panel", "k" * 32, "t" * 32) for number in range(len(some)))
    return IndexedFigure(f"a:{first:06}", 1, nodes, some, some)


def _plain(
    features: NDArray[np.float32], query: NDArray[np.float32], allowed: NDArray[np.bool_]
) -> NDArray[np.float32]:
    """Cosines of the nearest, the way one writes it first: all products, then a partial sort."""
    cosines = np.where(allowed, features @ query, -np.inf)
    return np.sort(cosines[np.argpartition(cosines, -COUNT)[-COUNT:]])[::-1]


def _quantiles(asks: Sequence[Callable[[], object]]) -> tuple[float, float]:
    """Milliseconds, p50 and p95."""
    times = sorted(_ms(ask) for ask in asks)
    return times[len(times) // 2], times[int(0.95 * len(times))]


def _ms(ask: Callable[[], object]) -> float:
    began = time.perf_counter()
    ask()
    return 1000 * (time.perf_counter() - began)


def _unit(rows: int, seed: int = 0) -> NDArray[np.float32]:
    features = np.random.default_rng(seed).standard_normal((rows, DIM), np.float32)
    found: NDArray[np.float32] = features / np.linalg.norm(features, axis=1, keepdims=True)
    return found
