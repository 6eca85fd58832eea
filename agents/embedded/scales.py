"""The embedded agent at several scales, as one: what all of them find is surer, what only one finds is doubted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING

from agents.embedded.agent import EmbeddedAgent
from curator.consensus import consensus
from curator.figure import Figure, Hierarchy, Marker, Node, Panel
from curator.geometry import Box, Point, Size, area, clip
from curator.settings import MiningSettings

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

SCALES = (0.7, 1.0, 1.4)
"""Guess: letters and gutters that are read wrongly at one scale are often read rightly at a third less or more."""


class ScaledAgent:
    """Proposes by the consensus of the embedded agent's readings of the figure at ``SCALES``."""

    name = "embedded-scales"
    version = EmbeddedAgent.version
    signature = f"{name} {version}"

    def __init__(self, settings: MiningSettings) -> None:
        self._agent = EmbeddedAgent(settings)

    def propose(self, figure: Figure, image_rgb: NDArray[np.uint8]) -> Hierarchy:
        """The figure's hierarchy; ``image_rgb`` is [H, W, 3] in the frame of the boxes."""
        readings = [self._at(scale, figure, image_rgb) for scale in SCALES]
        found = consensus(readings, figure.image_wh)
        return found.with_nodes(
            replace(node, provenance=replace(node.provenance, agent=self.name, version=self.version))
            for node in found.nodes()
        )

    def _at(self, scale: float, figure: Figure, image_rgb: NDArray[np.uint8]) -> Hierarchy:
        import cv2
        import numpy as np

        if scale == 1.0:
            return self._agent.propose(figure, image_rgb)
        width, height = (max(1, round(side * scale)) for side in figure.image_wh)
        # the usual choices: averages when it gets smaller, smooth curves when it gets larger
        how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        resized = np.asarray(cv2.resize(image_rgb, (width, height), interpolation=how), np.uint8)
        found = self._agent.propose(replace(figure, image_wh=(width, height)), resized)
        return found.with_nodes(_rescaled(found.nodes(), (width, height), figure.image_wh))


def _rescaled(nodes: Iterable[Node], from_wh: Size, to_wh: Size) -> list[Node]:
    """The nodes in the frame of an image of another size; what vanishes at its edge is left out with what it held."""
    x, y = to_wh[0] / from_wh[0], to_wh[1] / from_wh[1]
    frame = (0.0, 0.0, float(to_wh[0]), float(to_wh[1]))

    def box(box_xyxy: Box) -> Box:
        x0, y0, x1, y1 = box_xyxy
        return clip((x0 * x, y0 * y, x1 * x, y1 * y), frame)

    def point(point_xy: Point) -> Point:
        return min(point_xy[0] * x, frame[2]), min(point_xy[1] * y, frame[3])

    found: list[Node] = []
    for node in nodes:
        moved: Node = replace(node, box_xyxy=box(node.box_xyxy))
        if isinstance(moved, Panel):
            label_box = moved.label_box_xyxy
            moved = replace(moved, label_box_xyxy=box(label_box) if label_box else None)
        elif isinstance(moved, Marker) and moved.tip_xy is not None:
            moved = replace(moved, tip_xy=point(moved.tip_xy))
        if area(moved.box_xyxy) > 0:
            found.append(moved)
    return found
