"""Letter-like shapes of a figure, before anything is read: connected components that stand alone like a printed letter.

A figure is cut at several grey values, in both polarities, so that black letters on white, white letters on
micrographs and grey letters on either leave a clean component in at least one cut. Components that follow each other
on a line are one *glyph run* ("(a)", "A.", "iv"); longer runs are words and are dropped.

Coordinates are pixels of the image handed in (``letters`` brings figures to one working size first).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

import cv2
import numpy as np
from numpy.typing import NDArray

from curator.geometry import Box, iou

Gray: TypeAlias = NDArray[np.uint8]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_DARK_CUTS = (64, 112, 160, 208)
_LIGHT_CUTS = (240, 208, 160, 96)
"""Grey values that separate ink from ground; a guess: 48 apart, so that ink 60 away from its ground meets one."""
_MIN_CONTRAST = 40
"""Grey distance below which print could not be read in the article either (guess)."""
_MIN_HEIGHT_PX, _MAX_HEIGHT_PX = 7, 72
"""At working size; real letters are 8-60 px high there (method notes: median 20 px)."""
_LINK_GAP = 0.22
"""Gap between two characters of one word, in heights: measured 0.05-0.15 in sans fonts; a space is 0.3 or more."""
_MAX_RUN = 6
"""Characters in the longest label with its brackets: "(viii)"; dots and stops do not count."""
_SAME_PLACE_IOU = 0.7
"""Cuts that agree this well found the same shape; others may be a letter and a broken piece of it."""
_ON_LINE = 0.6
"""Share of the lower character's height that two of one line have in common: at least an x-height of 0.7 (Arial)."""
_ALIKE = 2.1
"""Heights of characters of one line differ by less: brackets are 1.75-1.95 times as high as an x (measured)."""
_LEFT_GAP = 0.3
"""Nothing stands closer than this (in heights) on the left of a panel letter."""
_CROWD = 8000
"""Shapes in one cut: pages of dense print have about 2,000, and the pairs of more would not fit into memory."""
FAR = 9.0
"""Gap (in heights) from which neighbours no longer matter."""


_SQUARE = [np.ones((2 * r + 1, 2 * r + 1), np.uint8) for r in range(_MAX_HEIGHT_PX // 12 + 1)]
"""Structuring elements by radius."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One glyph run: the shape of a possible panel letter and how it stands."""

    box_xyxy: Box
    height_px: float
    """Of the tallest character; brackets count."""
    dark: bool
    """Darker than its ground."""
    ink_level: float
    ground_level: float
    """Mean grey values of the ink and of the ground around it, 0 to 255."""
    ink_spread: float
    """Standard deviation of the ink's grey values: small for print, large for texture."""
    ground_spread: float
    """Standard deviation of the grey values around it."""
    stroke: float
    """Share of the run's box that is ink."""
    parts: int
    gap_left: float
    gap_right: float
    """Distance to the next character-like component on the same line, in heights, at most ``FAR``."""
    gap_above: float
    gap_below: float
    """The same in the same column: lines of text and text that runs upwards."""
    window: Gray
    """The grey image around the run (a view)."""
    near: Gray
    """UInt8, as large as the window: 1 where a pixel belongs to the run or touches it."""

    @property
    def gaps(self) -> tuple[float, float, float, float]:
        """Left, right, above, below."""
        return self.gap_left, self.gap_right, self.gap_above, self.gap_below

    @property
    def contrast(self) -> float:
        """Grey distance between ink and ground, 0 to 255."""
        return abs(self.ground_level - self.ink_level)

    def crop(self, *, alone: bool = True) -> Gray:
        """The run, dark on white; ``alone``: all else erased, faint strokes of its own included."""
        span = (self.window.astype(np.float32) - self.ink_level) / (self.ground_level - self.ink_level)
        if alone:
            span[self.near == 0] = 1
        return (np.clip(span, 0, 1) * 255).astype(np.uint8)


def find_glyphs(gray: Gray) -> list[Glyphs]:
    """All runs of one to six characters that may be a panel letter; of cuts that found the same shape, the best.

    Args:
        gray: UInt8[H, W], at working size.
    """
    found: list[Glyphs] = []
    for cut in _DARK_CUTS:
        found.extend(_runs_of_cut(gray, cut, dark=True))
    for cut in _LIGHT_CUTS:
        found.extend(_runs_of_cut(gray, cut, dark=False))
    return _best_of_each_place(found)


def _runs_of_cut(gray: Gray, cut: int, *, dark: bool) -> list[Glyphs]:
    mask = (gray < cut) if dark else (gray > cut)
    n, numbers, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    labels: NDArray[np.int32] = np.asarray(numbers, np.int32)
    index: Ints = np.arange(1, n)
    x, y, w, h, ink = (np.asarray(stats[1:, i], np.int64) for i in range(5))
    # Dots of i and j, full stops and brackets are kept as partners; only letter-sized shapes can be letters.
    small = (h <= _MAX_HEIGHT_PX) & (w <= 1.6 * _MAX_HEIGHT_PX) & (ink >= 3) & (w <= 6 * h)
    x, y, w, h, ink, index = x[small], y[small], w[small], h[small], ink[small], index[small]
    letter_like = (h >= _MIN_HEIGHT_PX) & (w <= 1.7 * h) & (w >= 0.1 * h) & (ink >= 0.1 * w * h)
    if len(x) > _CROWD:  # specks are left out; where letter-like shapes alone are as many, this cut shows texture
        x, y, w, h, index = x[letter_like], y[letter_like], w[letter_like], h[letter_like], index[letter_like]
        letter_like = letter_like[letter_like]
    if not 0 < len(x) <= _CROWD or not letter_like.any():
        return []
    line, column = _lines(x, y, w, h, letter_like), _lines(y, x, h, w, letter_like)
    word = _words(line, column, y, w, h)
    gaps = np.stack((*_gaps(line, h, word), *_gaps(column, h, word)))
    sizes = np.bincount(word)
    characters = np.bincount(word, weights=letter_like)
    order = np.argsort(word, kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes)))
    corners = np.stack((x, y, x + w, y + h))
    runs: list[Glyphs] = []
    for k in np.flatnonzero((characters >= 1) & (characters <= _MAX_RUN)):
        members = order[starts[k] : starts[k + 1]]
        if gaps[0, members].min() < _LEFT_GAP:
            continue
        around = gaps[:, members].min(axis=1)
        run = _measured(gray, labels, index[members], corners[:, members], around, dark=dark)
        if run is not None:
            runs.append(run)
    return runs


@dataclass(frozen=True, slots=True)
class _Line:
    """Ordered pairs of components on one line: ``gap`` and ``ahead`` are seen from ``first``."""

    first: Ints
    second: Ints
    gap: Floats
    """Pixels between them along the line; negative where they overlap."""
    alike: NDArray[np.bool_]
    """Both have the size of characters of one text."""
    ahead: NDArray[np.bool_]
    """``second`` comes later on the line."""


def _lines(start: Ints, across: Ints, length: Ints, size: Ints, letter_like: NDArray[np.bool_]) -> _Line:
    """Pairs whose extents across the line overlap; ``start``, ``length`` run along it, ``across``, ``size`` across."""
    middle = across + size / 2
    by_middle = np.argsort(middle, kind="stable")
    ordered = middle[by_middle]
    low = np.searchsorted(ordered, middle - 0.75 * size)
    counts = np.searchsorted(ordered, middle + 0.75 * size) - low
    counts[~letter_like] = 0
    first = np.repeat(np.arange(len(start)), counts)
    nth = np.arange(int(counts.sum())) - np.repeat(np.cumsum(counts) - counts, counts)
    second = by_middle[np.repeat(low, counts) + nth]
    own, other = size[first], size[second]
    gap = np.maximum(start[second] - (start[first] + length[first]), start[first] - (start[second] + length[second]))
    overlap = np.minimum(across[first] + own, across[second] + other) - np.maximum(across[first], across[second])
    keep = (first != second) & (overlap > _ON_LINE * np.minimum(own, other)) & (gap < FAR * own)
    first, second, gap = first[keep], second[keep], gap[keep]
    ratio = size[second] / size[first]
    return _Line(
        first=first,
        second=second,
        gap=gap.astype(np.float64),
        alike=(ratio > 1 / _ALIKE) & (ratio < _ALIKE) & letter_like[second],
        ahead=start[second] > start[first],
    )


def _words(line: _Line, column: _Line, y: Ints, w: Ints, h: Ints) -> Ints:
    """Number of the run that each component belongs to: characters, full stops at their foot, dots above their stem."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    first, second = line.first, line.second
    tall, other = h[first], h[second]
    character = line.alike & (line.gap <= np.maximum(_LINK_GAP * np.maximum(tall, other), 1.5))
    small = (w[second] <= 0.5 * tall) & (other <= 0.45 * tall)
    bottom = y[second] + other
    stop = small & line.ahead & (line.gap <= 0.3 * tall) & (y[second] >= y[first] + 0.65 * tall)
    stop &= bottom <= y[first] + 1.15 * tall
    joined = character | stop
    stem, above = column.first, column.second
    dot = ~column.ahead & (w[stem] <= 0.6 * h[stem]) & (h[above] <= 0.45 * h[stem]) & (w[above] <= 0.5 * h[stem])
    dot &= column.gap <= 0.4 * h[stem]
    ends = np.concatenate((first[joined], stem[dot])), np.concatenate((second[joined], above[dot]))
    graph = coo_matrix((np.ones(len(ends[0])), ends), shape=(len(y), len(y)))
    return np.asarray(connected_components(graph, directed=False)[1], np.int64)


def _gaps(line: _Line, size: Ints, word: Ints) -> tuple[Floats, Floats]:
    """Distance to the nearest alike component of another run, before and after, in sizes, at most ``FAR``."""
    before: Floats = np.full(len(size), FAR)
    after: Floats = np.full(len(size), FAR)
    near = line.alike & (word[line.first] != word[line.second])
    ratio = np.maximum(line.gap, 0) / size[line.first]
    np.minimum.at(before, line.first[near & ~line.ahead], ratio[near & ~line.ahead])
    np.minimum.at(after, line.first[near & line.ahead], ratio[near & line.ahead])
    return before, after


def _measured(
    gray: Gray,
    labels: NDArray[np.int32],
    index: Ints,
    corners: Ints,
    around: Floats,
    *,
    dark: bool,
) -> Glyphs | None:
    """The run of the components ``index`` (corners: Int[4, parts] xyxy), or None where it is no print."""
    x0, y0 = int(corners[0].min()), int(corners[1].min())
    x1, y1 = int(corners[2].max()), int(corners[3].max())
    tallest = int((corners[3] - corners[1]).max())
    if y1 - y0 > 1.7 * tallest or x1 - x0 > 3.2 * tallest:
        return None
    margin = max(3, round(0.25 * tallest))
    top, bottom = max(0, y0 - margin), min(gray.shape[0], y1 + margin)
    left, right = max(0, x0 - margin), min(gray.shape[1], x1 + margin)
    window, numbers = gray[top:bottom, left:right], labels[top:bottom, left:right]
    own = numbers == index[0]
    for other in index[1:]:
        own |= numbers == other
    ink = own.astype(np.uint8)
    near = np.asarray(cv2.dilate(ink, _SQUARE[max(1, tallest // 12)]), np.uint8)
    ring = np.asarray(cv2.dilate(near, _SQUARE[2]) - near, np.uint8)
    ink_level, ink_spread = _mean_and_spread(window, ink)
    ground_level, ground_spread = _mean_and_spread(window, ring)
    contrast = (ground_level - ink_level) if dark else (ink_level - ground_level)
    if contrast < _MIN_CONTRAST:
        return None
    return Glyphs(
        box_xyxy=(x0, y0, x1, y1),
        height_px=float(tallest),
        dark=dark,
        ink_level=ink_level,
        ground_level=ground_level,
        ink_spread=ink_spread,
        ground_spread=ground_spread,
        stroke=float(ink.sum()) / ((x1 - x0) * (y1 - y0)),
        parts=len(index),
        gap_left=float(around[0]),
        gap_right=float(around[1]),
        gap_above=float(around[2]),
        gap_below=float(around[3]),
        window=window,
        near=near,
    )


def _mean_and_spread(window: Gray, mask: Gray) -> tuple[float, float]:
    mean, spread = cv2.meanStdDev(window, mask=mask)
    return float(mean[0, 0]), float(spread[0, 0])


def _best_of_each_place(found: list[Glyphs]) -> list[Glyphs]:
    """One run for each place: that of the clearest cut (printed ink is even, and far from its ground)."""
    kept: list[Glyphs] = []
    taken: dict[tuple[int, int], list[Glyphs]] = {}
    for run in sorted(found, key=lambda g: g.ink_spread + 0.5 * g.ground_spread - g.contrast):
        x0, y0, x1, y1 = run.box_xyxy
        cell = int((x0 + x1) / 2) // 16, int((y0 + y1) / 2) // 16
        around = [g for dx in (-1, 0, 1) for dy in (-1, 0, 1) for g in taken.get((cell[0] + dx, cell[1] + dy), ())]
        if any(_same_place(run, other) for other in around):
            continue
        taken.setdefault(cell, []).append(run)
        kept.append(run)
    return kept


def _same_place(a: Glyphs, b: Glyphs) -> bool:
    return a.dark == b.dark and iou(a.box_xyxy, b.box_xyxy) > _SAME_PLACE_IOU
