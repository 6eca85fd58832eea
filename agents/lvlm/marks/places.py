"""Where the number of a mark is written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import cv2
import numpy as np

from curator.geometry import Box, Size

if TYPE_CHECKING:
    from numpy.typing import NDArray

_WORK_SIDE_PX = 400  # longer side of the picture in which places are sought; guess: a tenth of a badge, in 1 ms
_DEEP = 0.7  # share of the greatest distance to the edge at which a place still plainly belongs to its box; guess
_FAR = 0.02  # how much busier a place may be for lying one badge's height nearer to its box; guess


class Places:
    """Finds places for numbers, one after the other, each clear of those before.

    Works in a smaller copy of the picture. Small boxes are to be asked for first: they have the fewest places.
    """

    def __init__(self, rgb: NDArray[np.uint8], boxes_xyxy: Sequence[Box], keep_clear_xyxy: Sequence[Box]) -> None:
        """Boxes by size, the smallest first; all in pixels of ``rgb`` [height, width, 3]."""
        height, width = rgb.shape[:2]
        self._wh: Size = (width, height)
        self._scale = min(1.0, _WORK_SIDE_PX / max(width, height))
        self._small_wh: Size = (max(1, round(width * self._scale)), max(1, round(height * self._scale)))
        gray = cv2.cvtColor(cv2.resize(rgb, self._small_wh, interpolation=cv2.INTER_LINEAR), cv2.COLOR_RGB2GRAY)
        self._busy = np.asarray(np.abs(cv2.Laplacian(gray, cv2.CV_32F)) / 255, np.float32)
        self._boxes = [self._small(box) for box in boxes_xyxy]
        self._covered = np.zeros(gray.shape, np.uint8)
        for box in keep_clear_xyxy:
            self._cover(self._covered, self._small(box))

    def inside(self, index: int, badge_wh: Size) -> Box | None:
        """Deep inside the box and outside of smaller ones, where the picture is plainest; None without room.

        "Deep" is told by the distance transform of the box, a pixel of edge added all around, less all that is covered
        (microsoft/SoM puts the number where it is greatest): at least 0.7 of the greatest value.
        """
        x0, y0, x1, y1 = self._boxes[index]
        free = self._covered[y0:y1, x0:x1] == 0
        for other in self._boxes[:index]:
            left, top, right, bottom = other
            free[max(0, top - y0) : max(0, bottom - y0), max(0, left - x0) : max(0, right - x0)] = False
        padded = np.pad(free.astype(np.uint8), 1)
        depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
        need = float(np.hypot(*badge_wh)) * self._scale / 2
        if depth.size == 0 or depth.max() < need + 1:
            return None
        deep = depth >= max(_DEEP * depth.max(), min(need + 1, depth.max()))
        busy = self._beneath(self._busy, badge_wh)[y0:y1, x0:x1]
        rows, columns = np.nonzero(deep)
        best = np.lexsort((columns, rows, -depth[rows, columns], np.round(busy[rows, columns], 3)))[0]
        return self._taken((x0 + int(columns[best]), y0 + int(rows[best])), badge_wh)

    def beside(self, index: int, badge_wh: Size) -> Box:
        """As near to the box as there is room outside of all boxes; covers least where there is none."""
        boxes = self._covered.copy()
        for box in self._boxes:
            self._cover(boxes, box)
        (width, height) = self._small_wh
        half_w, half_h = (size * self._scale / 2 for size in badge_wh)
        covered = np.round(self._beneath(np.asarray(boxes, np.float32), badge_wh, grown=1), 3)
        busy = self._beneath(self._busy, badge_wh)
        x0, y0, x1, y1 = self._boxes[index]
        xs, ys = np.arange(width) + 0.5, np.arange(height) + 0.5
        gap_x = np.maximum(0, np.maximum(x0 - xs - half_w, xs - x1 - half_w))
        gap_y = np.maximum(0, np.maximum(y0 - ys - half_h, ys - y1 - half_h))
        far = np.hypot(gap_x[None, :], gap_y[:, None]) / (2 * half_h)
        leaves = ((xs < half_w) | (xs > width - half_w))[None, :] | ((ys < half_h) | (ys > height - half_h))[:, None]
        cost = covered * 1e4 + leaves * 1e6 + _FAR * far + busy
        row, column = np.unravel_index(int(np.argmin(cost)), cost.shape)
        return self._taken((int(column), int(row)), badge_wh)

    def _taken(self, small_xy: tuple[int, int], badge_wh: Size) -> Box:
        """The badge around a pixel of the small copy, in the picture and inside of it; covered from now on."""
        width, height = self._wh
        wide, high = badge_wh
        x = min(max((small_xy[0] + 0.5) / self._scale, wide / 2), max(wide / 2, width - wide / 2))
        y = min(max((small_xy[1] + 0.5) / self._scale, high / 2), max(high / 2, height - high / 2))
        left, top = float(round(x - wide / 2)), float(round(y - high / 2))
        badge = (left, top, left + wide, top + high)
        self._cover(self._covered, self._small(badge))
        return badge

    def _beneath(self, values: NDArray[np.float32], badge_wh: Size, grown: int = 0) -> NDArray[np.float32]:
        """For each pixel the mean of the values beneath a badge around it."""
        wide, high = (max(1, int(np.ceil(size * self._scale)) + 2 * grown) for size in badge_wh)
        return np.asarray(cv2.blur(values, (wide | 1, high | 1), borderType=cv2.BORDER_REPLICATE), np.float32)

    def _small(self, box_xyxy: Box) -> tuple[int, int, int, int]:
        x0, y0, x1, y1 = (value * self._scale for value in box_xyxy)
        return int(np.floor(x0)), int(np.floor(y0)), int(np.ceil(x1)), int(np.ceil(y1))

    @staticmethod
    def _cover(mask: NDArray[np.uint8], box: tuple[int, int, int, int]) -> None:
        x0, y0, x1, y1 = box
        mask[max(0, y0) : max(0, y1), max(0, x0) : max(0, x1)] = 1
