"""A mask becomes a tight box and an outline in the figure's frame."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np

from curator.geometry import Box, Point

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from agents.segment.segmenter import Click

_TOLERANCE = 0.004  # of the box's diagonal: below what one sees at the size at which a box is reviewed; by eye
_LEAST_TOLERANCE_PX = 0.7  # less follows the steps of single pixels
_MOST_CORNERS = 64  # guess: enough for a lobed cell; keeps a hierarchy's document small


@dataclass(frozen=True, slots=True)
class Outline:
    """What a mask says of a thing: its tight box and a polygon whose own tight box is the same."""

    box_xyxy: Box
    polygon_xy: tuple[Point, ...]


def outline_of(mask: NDArray[np.bool_], clicks: Sequence[Click] = ()) -> Outline | None:
    """The outline of the clicked parts of a mask [height, width], or of its largest part; None where it is empty.

    Parts that no click named are left out: masks of textured images have crumbs. Holes are filled.
    """
    window = _window(mask)
    if window is None:
        return None
    left, top, right, bottom = window
    part = _chosen_parts(mask[top:bottom, left:right], [(x - left, y - top) for x, y in _places(clicks)])
    inner = _window(part)
    assert inner is not None, "a part of a mask that is not empty has pixels"
    box = (float(left + inner[0]), float(top + inner[1]), float(left + inner[2]), float(top + inner[3]))
    return Outline(box, _polygon(part[inner[1] : inner[3], inner[0] : inner[2]], box))


def _places(clicks: Sequence[Click]) -> list[Point]:
    return [click.xy for click in clicks if click.inside]


def _window(mask: NDArray[np.bool_]) -> tuple[int, int, int, int] | None:
    """The tight window (x0, y0, x1, y1) of a mask."""
    rows = np.flatnonzero(mask.any(axis=1))
    if not rows.size:
        return None
    columns = np.flatnonzero(mask[rows[0] : rows[-1] + 1].any(axis=0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1


def _chosen_parts(mask: NDArray[np.bool_], places_xy: Sequence[Point]) -> NDArray[np.bool_]:
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if count == 2:
        return mask
    height, width = mask.shape
    under = {
        int(labels[int(y), int(x)]) for x, y in places_xy if 0 <= int(x) < width and 0 <= int(y) < height and y >= 0
    } - {0}
    chosen = sorted(under) or [1 + int(np.argmax(stats[1:, cv2.CC_STAT_AREA]))]
    return np.isin(labels, chosen)


def _polygon(part: NDArray[np.bool_], box_xyxy: Box) -> tuple[Point, ...]:
    """Corners around a tight mask, stretched by half a pixel from pixel centres to their outer edges."""
    contours, _ = cv2.findContours(part.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    # several parts, where several were clicked, have one outline: that around all of them
    contour = contours[0] if len(contours) == 1 else cv2.convexHull(np.concatenate(list(contours)))
    width, height = part.shape[1], part.shape[0]
    tolerance = max(_LEAST_TOLERANCE_PX, _TOLERANCE * float(np.hypot(width, height)))
    corners = contour
    while len(corners := cv2.approxPolyDP(contour, tolerance, closed=True)) > _MOST_CORNERS:
        tolerance *= 1.5
    points = corners[:, 0, :].astype(np.float64)
    low, high = points.min(axis=0), points.max(axis=0)
    if len(points) < 3 or (high <= low).any():
        x0, y0, x1, y1 = box_xyxy
        return (x0, y0), (x1, y0), (x1, y1), (x0, y1)
    stretched = (points - low) / (high - low) * (width, height) + box_xyxy[:2]
    return tuple((round(float(x), 1), round(float(y), 1)) for x, y in stretched)
