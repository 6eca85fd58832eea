"""Arrangement: how the boxes of one level lie in the figure and to each other."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING

from curator.figure import Figure, Node, Panel

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_ALIGNED_SHARE = 0.25  # of a panel's side: an edge that far from all others is not in line with any. Guess


class Arrangement:
    """The boxes of one level of the figure; arrays in the order of ``nodes``."""

    def __init__(self, nodes: Sequence[Node], figure: Figure) -> None:
        import numpy as np

        self.nodes = nodes
        self.place = {node.id: row for row, node in enumerate(nodes)}
        self.boxes = boxes_of(nodes)
        sides = np.maximum(self.boxes[:, 2:] - self.boxes[:, :2], 1e-6)
        self._areas = sides.prod(axis=1)
        self._image_area = figure.image_wh[0] * figure.image_wh[1]
        sizes, shapes = np.log(self._areas) / math.log(4), np.log(sides[:, 0] / sides[:, 1]) / math.log(4)
        self.odd_sizes = np.minimum(np.abs(sizes - np.median(sizes)), 2.0)
        self.odd_shapes = np.minimum(np.abs(shapes - np.median(shapes)), 2.0)
        self.smallness = -np.log10(self._areas / self._image_area) / 4
        self._sides = sides

    @cached_property
    def covered(self) -> float:
        """Share of the image, 0 to 1; what overlaps counts twice."""
        return min(float(self._areas.sum()) / self._image_area, 1.0)

    @cached_property
    def labels(self) -> Counter[str | None]:
        return Counter(letter_of(node) for node in self.nodes)

    @cached_property
    def overlapped(self) -> NDArray[np.float64]:
        import numpy as np

        shared = _shared(self.boxes, self.boxes)
        np.fill_diagonal(shared, 0.0)
        smaller = np.minimum(self._areas[:, None], self._areas[None, :])
        found: NDArray[np.float64] = (shared / smaller).max(axis=1)
        return found

    @cached_property
    def unaligned(self) -> NDArray[np.float64]:
        import numpy as np

        if len(self.nodes) < 2:
            return np.zeros(len(self.nodes))
        distances = np.abs(self.boxes[:, None, :] - self.boxes[None, :, :])
        distances[range(len(self.nodes)), range(len(self.nodes))] = np.inf
        share = distances.min(axis=1) / np.tile(self._sides, 2)
        found: NDArray[np.float64] = np.minimum(share / _ALIGNED_SHARE, 1.0).mean(axis=1)
        return found


def out_of_order(panels: Sequence[Panel]) -> dict[str, float]:
    """Of each panel with a letter, by its id: a half for each neighbour in the alphabet on its wrong side; the next one
    lies to the right or below."""
    lettered = sorted((panel for panel in panels if panel.label), key=lambda panel: _rank(panel.label or ""))
    found = {panel.id: 0.0 for panel in lettered}
    for first, second in pairwise(lettered):
        (x0, y0, x1, y1), (u0, v0, u1, v1) = first.box_xyxy, second.box_xyxy
        to_the_right, below = u0 + u1 > x0 + x1 and u0 >= (x0 + x1) / 2, v0 + v1 > y0 + y1 and v0 >= (y0 + y1) / 2
        if not to_the_right and not below:
            found[first.id] += 0.5
            found[second.id] += 0.5
    return found


def letter_of(node: Node) -> str | None:
    """A panel's label whatever its case; None of other levels."""
    return node.label.casefold() if isinstance(node, Panel) and node.label else None


def boxes_of(nodes: Sequence[Node]) -> NDArray[np.float64]:
    """Shape (nodes, 4), xyxy."""
    import numpy as np

    return np.array([node.box_xyxy for node in nodes], dtype=np.float64)


def _shared(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    import numpy as np

    low, high = np.maximum(a[:, None, :2], b[None, :, :2]), np.minimum(a[:, None, 2:], b[None, :, 2:])
    found: NDArray[np.float64] = np.maximum(high - low, 0.0).prod(axis=2)
    return found


def ious(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    shared = _shared(a, b)
    areas_a, areas_b = ((boxes[:, 2:] - boxes[:, :2]).prod(axis=1) for boxes in (a, b))
    found: NDArray[np.float64] = shared / (areas_a[:, None] + areas_b[None, :] - shared)
    return found


def _rank(label: str) -> tuple[int, str]:
    return len(label), label.casefold()
