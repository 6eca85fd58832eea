"""Rectangles drawn onto a picture: thin outlines of one colour, solid or dashed, parallel to the axes.

A drawn line is a ridge: brighter, in the layer of its colour, than what lies on both sides of it. Runs of ridge pixels
whose ends agree are paired to opposite sides of a rectangle, the other two sides are then looked up. What
distinguishes a marker from texture, an inset's frame or a gutter is measured on the four sides (``Outline``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from agents.embedded.marker_colors import LAYERS, Image, color_name, layer
from curator.geometry import Box

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SEED = 30  # grey levels above both sides where a line is started; measured: 1 px white lines after JPEG keep 35
_FOLLOW = 13  # grey levels where a started line goes on (the blurred sides of a 12 px box: 15 to 40)
_MOST_SEED = 70
_BUSY = 0.12  # guess: drawn lines are at most this share of a picture; a busier texture raises the threshold
_LEAST_SIDE = 7  # px; the smallest boxes seen in print are 9 px
_MOST_RUNS = 4000  # the longest ones of a layer; more are texture
_SAMPLES = 24  # points looked at on every side
_COVERED = 0.8  # share of a side's samples that must lie on a ridge
_PAGE = 252  # grey level of blank paper; bright-field micrographs stay below (245 to 250 measured)
_ASPECT = 8  # longest to shortest side


@dataclass(frozen=True, slots=True)
class Outline:
    """A rectangle that may be drawn; the box holds the line itself. Measures are what decides (see ``probability``)."""

    box_xyxy: Box
    color: str
    dashed: bool
    covered: float
    """Share of the weakest side that lies on a ridge."""
    strength: float
    """Grey levels by which the weakest side stands out, over 255."""
    evenness: float
    """Spread of the line's values along a side over its strength: near 0 for a drawn line, near 1 for texture."""
    lone: float
    """How much weaker the ridges beside and parallel to the weakest side are, 0 (as strong: texture) to 1 (none)."""
    open_corners: float
    """Lines that go on past a corner, 0 to 8: frames and gutters do, markers do not."""
    page: float
    """Share of the pixels just inside and just outside that are blank page, 0 to 1."""
    edge: float
    """The same just outside the side where it is greatest: an inset or a gel strip ends at the page."""
    continuity: float
    """Correlation between the pixels just inside and just outside, -1 to 1: high where the picture goes on."""


def find_outlines(image_rgb: Image, line_px: int, layers: tuple[str, ...] = LAYERS) -> list[Outline]:
    """Rectangle candidates in an image or crop, in its frame, several for one drawn box; lines up to ``line_px``."""
    if min(image_rgb.shape[:2]) < 2 * _LEAST_SIDE:
        return []
    found: list[Outline] = []
    grey = cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY)
    white = layer(image_rgb, "white")
    for name in layers:
        values = layer(image_rgb, name)
        if name not in ("white", "black") and np.count_nonzero(values > 2 * _SEED) < 4 * _LEAST_SIDE:
            continue
        across = _ridge(values, line_px, horizontal=True)
        down = _ridge(values, line_px, horizontal=False)
        for gap in (2, line_px + 3):
            found.extend(_outlines(image_rgb, grey, white, values, across, down, line_px, gap))
    return found


def _ridge(values: Image, line_px: int, *, horizontal: bool) -> Image:
    shape = (1, line_px + 2) if horizontal else (line_px + 2, 1)
    return np.asarray(
        cv2.morphologyEx(values, cv2.MORPH_TOPHAT, cv2.getStructuringElement(cv2.MORPH_RECT, shape)), dtype=np.uint8
    )


def _level(ridge: Image) -> int:
    """The grey level that a share of ``_BUSY`` of the pixels exceed."""
    counts = np.bincount(ridge[::2, ::2].ravel(), minlength=256)
    return int(np.searchsorted(np.cumsum(counts), (1 - _BUSY) * counts.sum()))


def _outlines(
    image_rgb: Image, grey: Image, white: Image, values: Image, across: Image, down: Image, line_px: int, gap: int
) -> list[Outline]:
    dashed = gap > 2
    seed = max(_SEED, min(_MOST_SEED, max(_level(across), _level(down))))
    follow = seed * _FOLLOW / _SEED
    boxes = np.unique(
        np.concatenate([_paired(across, gap, seed)[:, [1, 0, 3, 2]], _paired(np.ascontiguousarray(down.T), gap, seed)]),
        axis=0,
    )
    if not len(boxes):
        return []
    if dashed:
        closing = cv2.getStructuringElement(cv2.MORPH_RECT, (gap, 1))
        across_on = cv2.morphologyEx((across > follow).astype(np.uint8), cv2.MORPH_CLOSE, closing)
        down_on = cv2.morphologyEx((down > follow).astype(np.uint8), cv2.MORPH_CLOSE, closing.T.copy())
    else:
        across_on, down_on = (across > follow).astype(np.uint8), (down > follow).astype(np.uint8)
    across_on = cv2.dilate(across_on, np.ones((3, 1), np.uint8))
    down_on = cv2.dilate(down_on, np.ones((1, 3), np.uint8))
    covered = _sides(across_on, down_on, boxes).mean(axis=2).min(axis=1)
    keep = covered >= _COVERED
    boxes, covered = boxes[keep], covered[keep]
    if not len(boxes):
        return []
    widened = cv2.dilate(across, np.ones((3, 1), np.uint8)), cv2.dilate(down, np.ones((1, 3), np.uint8))
    ridge = _sides(*widened, boxes).astype(float)
    strength = ridge.mean(axis=2)
    reach = line_px + 1
    widened_values = cv2.dilate(values, np.ones((3, 1), np.uint8)), cv2.dilate(values, np.ones((1, 3), np.uint8))
    line = _sides(*widened_values, boxes).astype(float)
    if dashed:  # only the dashes need to be even
        line = np.sort(line, axis=2)[:, :, _SAMPLES // 2 :]
    evenness = (line.std(axis=2) / np.maximum(strength, 1)).mean(axis=1)
    beside = np.mean(
        [_sides(*widened, boxes, offset).mean(axis=2) for step in (1, 2) for offset in (step * reach, -step * reach)],
        axis=0,
    )
    lone = 1 - (beside / np.maximum(strength, 1)).max(axis=1)
    corners = _open_corners(across_on, down_on, boxes)
    page, edge = _page(white, boxes, line_px)
    continuity = _continuity(grey, boxes, line_px)
    colors = _colors(image_rgb, values, boxes)
    return [
        Outline(
            (float(x0), float(y0), float(x1 + 1), float(y1 + 1)),
            color,
            dashed,
            float(covered[i]),
            float(strength[i].min() / 255),
            float(evenness[i]),
            float(lone[i]),
            float(corners[i]),
            float(page[i]),
            float(edge[i]),
            float(continuity[i]),
        )
        for i, ((x0, y0, x1, y1), color) in enumerate(zip(boxes.tolist(), colors, strict=True))
    ]


def _paired(ridge: Image, gap: int, seed: float) -> Ints:
    """Rows (first row, start, last row, end) of two horizontal runs whose ends agree, shape (n, 4)."""
    on = cv2.morphologyEx((ridge > seed).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    edges = np.diff(np.pad(on, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1] - 1
    least = _LEAST_SIDE if gap == 2 else 4 * gap
    long = ends - starts + 1 >= least
    runs = np.stack([rows, starts, ends], axis=1)[long]
    if len(runs) > _MOST_RUNS:
        runs = runs[np.argsort(runs[:, 1] - runs[:, 2], kind="stable")[:_MOST_RUNS]]
    runs = runs[np.argsort(runs[:, 1], kind="stable")]
    pairs: list[Ints] = []
    slack = 2 if gap == 2 else gap // 2
    for step in range(1, len(runs)):
        first, second = runs[:-step], runs[step:]
        near = second[:, 1] - first[:, 1] <= slack
        if not near.any():
            break
        width = first[:, 2] - first[:, 1]
        height = np.abs(second[:, 0] - first[:, 0])
        near &= (np.abs(second[:, 2] - first[:, 2]) <= slack) & (height >= least)
        near &= (height <= _ASPECT * width) & (width <= _ASPECT * height)
        a, b = first[near], second[near]
        pairs.append(
            np.stack(
                [
                    np.minimum(a[:, 0], b[:, 0]),
                    np.minimum(a[:, 1], b[:, 1]),
                    np.maximum(a[:, 0], b[:, 0]),
                    np.maximum(a[:, 2], b[:, 2]),
                ],
                axis=1,
            )
        )
    return np.concatenate(pairs).astype(np.int64) if pairs else np.empty((0, 4), np.int64)


def _sides(across: Image, down: Image, boxes: Ints, offset: int = 0) -> NDArray[np.uint8]:
    """Values at evenly spaced points of the top, bottom, left and right side, moved outward by ``offset`` px.

    Returns shape (n, 4, ``_SAMPLES``); the corners themselves are left out.
    """
    at = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    x0, y0, x1, y1 = (boxes[:, i, None] for i in range(4))
    xs = np.rint(x0 + 1 + at * (x1 - x0 - 2)).astype(np.int64)
    ys = np.rint(y0 + 1 + at * (y1 - y0 - 2)).astype(np.int64)
    height, width = across.shape
    top, bottom = np.clip(y0 - offset, 0, height - 1), np.clip(y1 + offset, 0, height - 1)
    left, right = np.clip(x0 - offset, 0, width - 1), np.clip(x1 + offset, 0, width - 1)
    return np.stack([across[top, xs], across[bottom, xs], down[ys, left], down[ys, right]], axis=1)


def _open_corners(across_on: Image, down_on: Image, boxes: Ints) -> Floats:
    """How many of the eight continuations past the corners are lines too; past the image's edge counts as one."""
    height, width = across_on.shape
    x0, y0, x1, y1 = boxes.T
    reach = np.maximum(4, np.minimum(x1 - x0, y1 - y0) // 5)
    total = np.zeros(len(boxes))
    at = (np.arange(8) + 0.5) / 8
    for y in (y0, y1):
        for start, sign in ((x0 - 2, -1), (x1 + 2, 1)):
            xs = np.rint(start[:, None] + sign * at * reach[:, None]).astype(np.int64)
            outside = (xs < 0) | (xs >= width)
            on = across_on[y[:, None], np.clip(xs, 0, width - 1)].astype(bool) | outside
            total += on.mean(axis=1) > 0.8
    for x in (x0, x1):
        for start, sign in ((y0 - 2, -1), (y1 + 2, 1)):
            ys = np.rint(start[:, None] + sign * at * reach[:, None]).astype(np.int64)
            outside = (ys < 0) | (ys >= height)
            on = down_on[np.clip(ys, 0, height - 1), x[:, None]].astype(bool) | outside
            total += on.mean(axis=1) > 0.8
    return total


def _page(least_channel: Image, boxes: Ints, line_px: int) -> tuple[Floats, Floats]:
    inside, outside = (
        (_sides(least_channel, least_channel, boxes, offset) >= _PAGE).mean(axis=2)
        for offset in (-line_px - 1, line_px + 1)
    )
    return (inside.mean(axis=1) + outside.mean(axis=1)) / 2, outside.max(axis=1)


def _continuity(grey: Image, boxes: Ints, line_px: int) -> Floats:
    smooth = cv2.blur(grey, (3, 3))
    inside = _sides(smooth, smooth, boxes, -line_px - 1).astype(float)
    outside = _sides(smooth, smooth, boxes, line_px + 1).astype(float)
    inside -= inside.mean(axis=(1, 2), keepdims=True)
    outside -= outside.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((inside**2).sum(axis=(1, 2)) * (outside**2).sum(axis=(1, 2)))
    return np.asarray((inside * outside).sum(axis=(1, 2)) / np.maximum(norm, 1e-6))


def _colors(image_rgb: Image, values: Image, boxes: Ints) -> list[str]:
    """The colour of each outline: the median over the points of its sides that have most of the layer's colour."""
    points = _sides(values, values, boxes).reshape(len(boxes), -1)
    channels = [
        _sides(*(np.ascontiguousarray(image_rgb[..., c]),) * 2, boxes).reshape(len(boxes), -1) for c in range(3)
    ]
    names = []
    for i in range(len(boxes)):
        strong = points[i] >= np.quantile(points[i], 0.6)
        names.append(color_name(np.array([np.median(channel[i][strong]) for channel in channels])))
    return names


_WEIGHTS = {
    "covered": 7.588,
    "log_strength": -0.851,
    "evenness": -1.637,
    "lone": 3.62,
    "open_corners": -0.47,
    "continuity": 0.878,
    "page": -5.048,
    "edge": -2.284,
    "log_side": 0.111,
    "dashed": -6.973,
    "dashed_lone": 7.932,
}
_BIAS = -9.408


def log_odds(outline: Outline) -> float:
    """How sure one may be that the outline was drawn to mark something, from its own measures, as log odds.

    Logistic regression (fitted) on about 100 published and 350 drawn boxes against 800 other outlines of 38 figures.
    """
    x0, y0, x1, y1 = outline.box_xyxy
    lone = max(outline.lone, -0.5)
    measures = {
        "covered": outline.covered,
        "log_strength": math.log(max(outline.strength, 0.01)),
        "evenness": min(outline.evenness, 1),
        "lone": lone,
        "open_corners": min(outline.open_corners, 6),
        "continuity": outline.continuity,
        "page": outline.page,
        "edge": outline.edge,
        "log_side": math.log(min(x1 - x0, y1 - y0)),
        "dashed": float(outline.dashed),
        "dashed_lone": lone if outline.dashed else 0,
    }
    return _BIAS + sum(weight * measures[name] for name, weight in _WEIGHTS.items())
