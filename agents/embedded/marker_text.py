"""Words printed in a figure, found as rows of similar pieces: what lies in them is a letter and no marker.

No letter is read here: three pieces or more of one colour, about as high as each other, on a common top or base line
and less than a letter apart, are a word. Words read upwards (axis titles) are found in the same way.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree

from agents.embedded.marker_colors import Image
from curator.geometry import Box

_LEVELS = {"white": (190,), "black": (150,)}
_HUE_LEVELS = (80, 160)
"""Grey levels of a layer above which print lies. Guess: between its colour and what JPEG leaves of thin strokes; print
on a stain of its own colour stands out at the higher one only."""
_LEAST_PX = 4
_LEGIBLE_PX = 24  # print of a small figure is large beside it: its letters still need their pixels. Guess
_MOST_SHARE = 0.025  # of the figure's longer side; guess: larger words are titles, larger rows texture
_NEIGHBOURS = 3  # of each piece to its right: dots of i and accents may lie between two letters
LEAST_LETTERS = 3
"""Of a word: two pieces in a row are as often a pair of signs."""
_MOST_PIECES = 6000  # of a layer; more are texture, and letters could not be told apart in it
_STRAIGHT = 1.8  # a word's height over its letters' mean: rows of texture climb and fall. Guess
_LEVEL_PAIR = 1.1  # the same of two letters, which must both be capitals or digits: two blobs seldom are so alike
_FRAMED = 0.3  # guess: share of a frame's width and height that the word in it takes at least
_COVERED = 0.65  # guess: share of a sign's box that lies in a word
_NO_WORDS = np.empty((0, 5))
_TALLER = 1.7  # times a word's height: what is taller encloses the word or stands beside it


@dataclass(frozen=True, slots=True)
class Words:
    """Rows of two letters or more."""

    boxes: NDArray[np.float64]
    """Shape (n, 4), xyxy in the frame of the image."""
    letters: NDArray[np.int64]
    """How many each row has, shape (n,)."""

    @property
    def letter_px(self) -> float:
        """The height that most letters have; 0 where there are no words."""
        left, top, right, bottom = self.boxes[self.letters >= LEAST_LETTERS].T
        return float(np.median(np.minimum(right - left, bottom - top))) if len(left) else 0.0

    def within(self, box_xyxy: Box) -> Words:
        """Those that overlap a box, in the frame of the box."""
        x0, y0, x1, y1 = box_xyxy
        left, top, right, bottom = self.boxes.T
        overlap = (left < x1) & (right > x0) & (top < y1) & (bottom > y0)
        return Words(self.boxes[overlap] - np.array((x0, y0, x0, y0)), self.letters[overlap])

    def fill(self, box_xyxy: Box) -> bool:
        """The box frames a word: it holds a whole one that takes much of its width and height."""
        x0, y0, x1, y1 = box_xyxy
        left, top, right, bottom = self.boxes[self.letters >= LEAST_LETTERS].T
        inside = (left >= x0) & (right <= x1) & (top >= y0) & (bottom <= y1)
        large = (right - left >= _FRAMED * (x1 - x0)) & (bottom - top >= _FRAMED * (y1 - y0))
        return bool(np.any(inside & large))

    def hold(self, box_xyxy: Box, least_letters: int = LEAST_LETTERS) -> bool:
        """The box is a part of a word of so many letters: mostly inside one, and no larger than its letters."""
        x0, y0, x1, y1 = box_xyxy
        left, top, right, bottom = self.boxes[self.letters >= least_letters].T
        shared = np.maximum(np.minimum(right, x1) - np.maximum(left, x0), 0) * np.maximum(
            np.minimum(bottom, y1) - np.maximum(top, y0), 0
        )
        letter_px = np.minimum(right - left, bottom - top)
        inside = shared >= _COVERED * (x1 - x0) * (y1 - y0)
        return bool(np.any(inside & (max(x1 - x0, y1 - y0) <= _TALLER * letter_px)))


def find_words(layers: Mapping[str, Image], longer_px: int) -> Words:
    """The words of a figure from its colour layers (see ``marker_colors.layer``), one box a word."""
    most_px = max(_LEGIBLE_PX, _MOST_SHARE * longer_px)
    found: list[NDArray[np.float64]] = [_NO_WORDS]
    cuts = ((values, level) for name, values in layers.items() for level in _LEVELS.get(name, _HUE_LEVELS))
    for values, level in cuts:
        mask = (values >= level).astype(np.uint8)
        if not mask.any():
            continue
        _, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
        wide, high, size = (stats[1:, column] for column in (cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT, cv2.CC_STAT_AREA))
        letters = (np.maximum(wide, high) <= 2 * most_px) & (np.minimum(wide, high) <= most_px)
        letters &= (np.maximum(wide, high) >= _LEAST_PX) & (size >= 0.15 * wide * high)
        if not 2 <= np.count_nonzero(letters) <= _MOST_PIECES:
            continue
        x, y, w, h = stats[1:][letters][:, :4].T.astype(np.float64)
        boxes = np.stack([x, y, x + w, y + h], axis=1)
        found.append(_rows(boxes[(h >= _LEAST_PX) & (w <= 2 * h)]))
        found.append(_rows(boxes[(w >= _LEAST_PX) & (h <= 2 * w)][:, [1, 0, 3, 2]])[:, [1, 0, 3, 2, 4]])
    rows = np.concatenate(found)
    return Words(rows[:, :4], rows[:, 4].astype(np.int64))


def _rows(boxes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Boxes of the rows that pieces form from left to right, and how many pieces each has; shape (n, 5)."""
    if len(boxes) < 2:
        return _NO_WORDS
    x0, y0, x1, y1 = boxes.T
    high, middle = y1 - y0, (y0 + y1) / 2
    starts = np.stack([x0, middle], axis=1)
    ends = np.stack([x1, middle], axis=1)
    nearest = cKDTree(starts).query(ends, k=_NEIGHBOURS + 1, distance_upper_bound=float(high.max()))
    distance, after = (np.asarray(found).ravel() for found in nearest)
    first, near = np.repeat(np.arange(len(boxes)), _NEIGHBOURS + 1), np.isfinite(distance)
    first, second = first[near], after[near]
    larger = np.maximum(high[first], high[second])
    slack = np.maximum(1.0, 0.12 * larger)
    joined = (first != second) & (np.minimum(high[first], high[second]) >= 0.5 * larger)
    joined &= (x0[second] - x1[first] <= 0.6 * larger) & (x0[second] > x0[first])
    joined &= (np.abs(y0[first] - y0[second]) <= slack) | (np.abs(y1[first] - y1[second]) <= slack)
    graph = coo_array((np.ones(joined.sum()), (first[joined], second[joined])), shape=(len(boxes),) * 2)
    count, word = connected_components(graph, directed=False)
    rows = np.empty((count, 4))
    for column, (values, reduce) in enumerate(((x0, np.minimum), (y0, np.minimum), (x1, np.maximum), (y1, np.maximum))):
        rows[:, column] = np.inf if column < 2 else -np.inf
        reduce.at(rows[:, column], word, values)
    letters = np.bincount(word, minlength=count)
    mean_high = np.bincount(word, weights=high, minlength=count) / letters
    straight = rows[:, 3] - rows[:, 1] <= np.where(letters >= LEAST_LETTERS, _STRAIGHT, _LEVEL_PAIR) * mean_high
    kept = (letters >= 2) & straight
    return np.column_stack([rows[kept], letters[kept]])
