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

from curator.geometry import Box

Gray: TypeAlias = NDArray[np.uint8]
Ints: TypeAlias = NDArray[np.int64]
Floats: TypeAlias = NDArray[np.float64]

_DARK_CUTS = (64, 112, 160, 208)
_LIGHT_CUTS = (240, 208, 160, 96)
"""Grey values that separate ink from ground; a guess: 48 apart, so that ink 60 away from its ground meets one."""
_MIN_HEIGHT_PX, _MAX_HEIGHT_PX = 7, 72
"""At working size; real letters are 8-60 px high there (method notes: median 20 px)."""
_LINK_GAP = 0.22
"""Gap between two characters of one word, in heights: measured 0.05-0.15 in sans fonts; a space is 0.3 or more."""
_MAX_RUN = 5
"""Characters in the longest label with its brackets: "(iii)"."""
FAR = 9.0
"""Gap (in heights) from which neighbours no longer matter."""


@dataclass(frozen=True, slots=True)
class Glyphs:
    """One glyph run: the shape of a possible panel letter and how it stands."""

    box_xyxy: Box
    height_px: float
    """Of the tallest character that is no bracket."""
    dark: bool
    """Darker than its ground."""
    contrast: float
    """Median grey distance between ink and ground, 0 to 255."""
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
    crop: Gray
    """The run alone, dark on white, other components erased."""


def find_glyphs(gray: Gray) -> list[Glyphs]:
    """All runs of one to five characters that may be a panel letter; the best cut of each place only.

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
    n, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    if n <= 1:
        return []
    x, y, w, h, ink = (stats[1:, i].astype(np.int64) for i in range(5))
    index = np.arange(1, n)
    # Dots of i and j, full stops and brackets are kept as partners; only letter-sized shapes can be letters.
    small = (h <= _MAX_HEIGHT_PX) & (w <= 1.6 * _MAX_HEIGHT_PX) & (ink >= 3) & (w <= 6 * h)
    x, y, w, h, ink, index = (a[small] for a in (x, y, w, h, ink, index))
    letter_like = (h >= _MIN_HEIGHT_PX) & (w <= 1.7 * h) & (w >= 0.1 * h) & (ink >= 0.1 * w * h)
    if not letter_like.any():
        return []
    gap_left, gap_right, word = _neighbours(x, y, w, h, letter_like)
    sizes = np.bincount(word)
    order = np.argsort(word, kind="stable")
    starts = np.concatenate(([0], np.cumsum(sizes)))
    runs: list[Glyphs] = []
    for k in np.flatnonzero((sizes >= 1) & (sizes <= _MAX_RUN)):
        members = order[starts[k] : starts[k + 1]]
        if not letter_like[members].any():
            continue
        run = _run(gray, labels, index[members], x[members], y[members], w[members], h[members], cut, dark)
        if run is not None:
            lefts, rights = gap_left[members], gap_right[members]
            runs.append(_with_gaps(run, float(lefts.min()), float(rights.min())))
    return runs


def _with_gaps(run: Glyphs, left: float, right: float) -> Glyphs:
    from dataclasses import replace

    return replace(run, gap_left=left, gap_right=right)


def _neighbours(x: Ints, y: Ints, w: Ints, h: Ints, letter_like: NDArray[np.bool_]) -> tuple[Floats, Floats, Ints]:
    """Gap to the next character on the left and right (outside the own run), and each component's run number."""
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    n = len(x)
    middle = y + h / 2
    by_y = np.argsort(middle, kind="stable")
    sorted_middle = middle[by_y]
    low = np.searchsorted(sorted_middle, middle - 0.75 * h)
    high = np.searchsorted(sorted_middle, middle + 0.75 * h)
    counts = high - low
    first = np.repeat(np.arange(n), counts)
    offset = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
    second = by_y[np.repeat(low, counts) + offset]
    keep = (first != second) & letter_like[first]
    first, second = first[keep], second[keep]
    gap = np.maximum(x[second] - (x[first] + w[first]), x[first] - (x[second] + w[second]))
    tall, other = h[first], h[second]
    overlap = np.minimum(y[first] + tall, y[second] + other) - np.maximum(y[first], y[second])
    on_line = overlap > 0.4 * np.minimum(tall, other)
    alike = (other > 0.55 * tall) & (other < 1.8 * tall) & letter_like[second]
    # a character of the same word; a full stop sits at the foot, the dot of an i above the stem
    linked = on_line & alike & (gap <= np.maximum(_LINK_GAP * np.maximum(tall, other), 1.5))
    foot = (y[second] + other <= y[first] + tall * 1.15) & (y[second] >= y[first] + 0.65 * tall)
    stop = foot & (w[second] <= 0.45 * tall) & (other <= 0.4 * tall) & (gap > 0) & (gap <= 0.3 * tall)
    stop &= x[second] > x[first]
    above = (y[second] + other <= y[first] + 1) & (y[second] >= y[first] - 0.6 * tall)
    dot = above & (w[first] <= 0.6 * tall) & (w[second] <= 0.5 * tall) & (other <= 0.45 * tall) & (gap <= 0)
    joined = linked | stop | dot
    graph = coo_matrix((np.ones(int(joined.sum())), (first[joined], second[joined])), shape=(n, n))
    _, word = connected_components(graph, directed=False)
    word = word.astype(np.int64)
    near = on_line & alike & (word[first] != word[second]) & (gap < FAR * tall)
    gap_left, gap_right = np.full(n, FAR), np.full(n, FAR)
    ratio = np.maximum(gap, 0) / tall
    to_left = near & (x[second] < x[first])
    to_right = near & (x[second] > x[first])
    np.minimum.at(gap_left, first[to_left], ratio[to_left])
    np.minimum.at(gap_right, first[to_right], ratio[to_right])
    return gap_left, gap_right, word


def _run(
    gray: Gray, labels: NDArray[np.int32], index: Ints, x: Ints, y: Ints, w: Ints, h: Ints, cut: int, dark: bool
) -> Glyphs | None:
    x0, y0, x1, y1 = int(x.min()), int(y.min()), int((x + w).max()), int((y + h).max())
    tallest = int(h.max())
    if y1 - y0 > 1.7 * tallest or x1 - x0 > 3.2 * tallest:
        return None
    margin = max(3, round(0.25 * tallest))
    top, bottom = max(0, y0 - margin), min(gray.shape[0], y1 + margin)
    left, right = max(0, x0 - margin), min(gray.shape[1], x1 + margin)
    window = gray[top:bottom, left:right]
    own = np.isin(labels[top:bottom, left:right], index)
    ink = window[own]
    near = cv2.dilate(own.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=max(1, tallest // 12)) > 0
    ring = cv2.dilate(near.astype(np.uint8), np.ones((3, 3), np.uint8), iterations=2) > 0
    ground = window[ring & ~near]
    if ground.size < 4:
        return None
    ink_level, ground_level = float(np.median(ink)), float(np.median(ground))
    contrast = (ground_level - ink_level) if dark else (ink_level - ground_level)
    if contrast < 40:
        return None
    span = np.clip((window.astype(np.float32) - ink_level) / (ground_level - ink_level), 0, 1)
    span[~near] = 1
    return Glyphs(
        box_xyxy=(x0, y0, x1, y1),
        height_px=float(tallest),
        dark=dark,
        contrast=contrast,
        ink_spread=float(ink.std()),
        ground_spread=float(ground.std()),
        stroke=float(own.sum()) / ((x1 - x0) * (y1 - y0)),
        parts=len(index),
        gap_left=FAR,
        gap_right=FAR,
        crop=(span * 255).astype(np.uint8),
    )


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
    ax0, ay0, ax1, ay1 = a.box_xyxy
    bx0, by0, bx1, by1 = b.box_xyxy
    shared = max(0.0, min(ax1, bx1) - max(ax0, bx0)) * max(0.0, min(ay1, by1) - max(ay0, by0))
    smaller = min((ax1 - ax0) * (ay1 - ay0), (bx1 - bx0) * (by1 - by0))
    return shared > 0.5 * smaller and a.dark == b.dark
