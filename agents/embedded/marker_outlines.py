"""Rectangles drawn onto a picture: thin outlines of one colour, solid or dashed, parallel to the axes.

A drawn line is a ridge: brighter, in the layer of its colour, than what lies on both sides of it. Runs of ridge pixels
whose ends agree are paired to opposite sides of a rectangle, the other two sides are then looked up. What
distinguishes a marker from texture, an inset's frame or a gutter is measured on the four sides (``Outline``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from agents.embedded.marker_colors import NEAR_PAGE, PAGE, Image, color_name
from curator.geometry import Box

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]

_SEED = 30  # grey levels above both sides where a line is started; measured: 1 px white lines after JPEG keep 35
_FOLLOW = 13  # grey levels where a started line goes on (the blurred sides of a 12 px box: 15 to 40)
_MOST_SEED = 70
_BUSY = 0.12  # guess: drawn lines are at most this share of a picture; a busier texture raises the threshold
_MOST_RUNS = 4000  # the longest ones of a layer; more are texture
_SOLID_GAP = 1  # px, a closing that changes nothing: solid lines are unbroken
_SAMPLES = 24  # points looked at on every side
_COVERED = 0.8  # share of a side's samples that must lie on a ridge
_FAINT, _FAINTER = 0.22, 2.3
"""Below this strength an outline is as often the walls of a few cells, by so many log odds a factor of e. Measured on
71 published and 460 false outlines, most of them of drawn tissue; nine in ten true ones are stronger than 0.17."""
_ASPECT = 8  # longest to shortest side


@dataclass(frozen=True, slots=True)
class Outline:
    """A rectangle that may be drawn; the box holds the line itself."""

    box_xyxy: Box
    color: str
    dashed: bool
    log_odds: float
    """Of being drawn to mark something, judged by the outline alone (see ``Measures``)."""


@dataclass(frozen=True, slots=True)
class Measures:
    """What tells drawn outlines from texture, gutters and frames; one value a candidate, shape (n,) each."""

    covered: Floats
    """Share of the weakest side that lies on a ridge."""
    strength: Floats
    """Grey levels by which the weakest side stands out, over 255."""
    evenness: Floats
    """Spread of the line's values along a side over its strength: near 0 for a drawn line, near 1 for texture."""
    lone: Floats
    """How much weaker the ridges beside and parallel to the weakest side are, 0 (as strong: texture) to 1 (none)."""
    open_corners: Floats
    """Lines that go on past a corner, 0 to 8: frames and gutters do, markers do not."""
    page: Floats
    """Share of blank page in and around the box, 0 to 1: letters stand on it."""
    edge: Floats
    """Share of blank page just outside the side where it is greatest: an inset or a gel strip ends at the page."""
    continuity: Floats
    """Correlation between the pixels just inside and just outside, -1 to 1: high where the picture goes on."""
    size: Floats
    """The shorter side over the least one."""
    dashed: bool

    def log_odds(self) -> Floats:
        """How sure one may be that each outline marks something.

        Logistic regression with a unit Gaussian prior on its weights, fitted on 102 published boxes against 580 other
        outlines of 39 figures. Below twice the least size a box is judged as if it had that size: on 59 further
        figures, most without any box, the smallest outlines were the false ones.
        """
        lone = np.maximum(self.lone, -0.5)
        return np.asarray(
            -17.29
            + 18.87 * self.covered
            - 0.78 * np.log(np.maximum(self.strength, 0.01))
            + _FAINTER * np.log(np.clip(self.strength / _FAINT, 0.01, 1))
            - 4.32 * np.minimum(self.evenness, 1)
            + 1.64 * lone
            - 0.73 * np.minimum(self.open_corners, 6)
            + 0.66 * self.continuity
            - 16.41 * self.page
            - 7.39 * self.edge
            - 0.89 * np.log(np.maximum(self.size, 2))
            + (3.42 * lone - 4.51 if self.dashed else 0)
        )


def find_outlines(
    image_rgb: Image, layers: Mapping[str, Image], line_px: int, least_px: int, least_log_odds: float
) -> list[Outline]:
    """Rectangles drawn in an image or crop, in its frame; one drawn box may be found several times.

    ``layers`` are all colour layers of the same image.

    Lines are up to ``line_px`` thick, sides at least ``least_px`` long.
    """
    if min(image_rgb.shape[:2]) < 2 * least_px:
        return []
    found: list[Outline] = []
    surroundings = _Surroundings.of(image_rgb, layers["white"], line_px)
    for name, values in layers.items():
        if name not in ("white", "black") and np.count_nonzero(values > 2 * _SEED) < 4 * least_px:
            continue
        ridges = _Ridges.of(values, line_px)
        for gap in (_SOLID_GAP, (line_px + 3) | 1):
            boxes, measures = _measured(values, ridges, surroundings, line_px, least_px, gap)
            log_odds = measures.log_odds()
            for index in np.nonzero(log_odds >= least_log_odds)[0].tolist():
                x0, y0, x1, y1 = (float(v) for v in boxes[index])
                color = _color(image_rgb, values, boxes[index : index + 1])
                found.append(Outline((x0, y0, x1 + 1, y1 + 1), color, measures.dashed, float(log_odds[index])))
    return found


class _Surroundings(NamedTuple):
    grey: Image
    """Smoothed, so that noise does not break the correlation across a line."""
    white: Image
    blank: Image
    """1 where the page shows; drawn white lines are too thin to count."""

    @classmethod
    def of(cls, image_rgb: Image, white: Image, line_px: int) -> _Surroundings:
        kernel = np.ones((line_px + 1 + line_px % 2,) * 2, np.uint8)
        blank = cv2.morphologyEx((white >= NEAR_PAGE).astype(np.uint8), cv2.MORPH_OPEN, kernel)
        return cls(cv2.blur(cv2.cvtColor(image_rgb, cv2.COLOR_RGB2GRAY), (3, 3)), white, blank)


class _Ridges(NamedTuple):
    """Grey levels by which a pixel exceeds what lies above and below (``across``), left and right (``down``)."""

    across: Image
    down: Image

    @classmethod
    def of(cls, values: Image, line_px: int) -> _Ridges:
        wider_px = line_px + 2 + (line_px + 1) % 2  # odd: OpenCV shifts an opening by an even kernel
        return cls(
            *(
                cv2.morphologyEx(values, cv2.MORPH_TOPHAT, np.ones(shape, np.uint8))
                for shape in ((wider_px, 1), (1, wider_px))
            )
        )

    def seed(self) -> float:
        """The grey level where lines start: higher in a busy texture, where weak lines could not be told apart."""
        return max(_SEED, min(_MOST_SEED, *(_level(ridge) for ridge in self)))

    def widened(self) -> _Ridges:
        """The greatest value among a pixel and its neighbours across the line, so that a side may lie 1 px off."""
        return _Ridges(*_widened(self.across, self.down))


def _widened(across: Image, down: Image) -> tuple[Image, Image]:
    return cv2.dilate(across, np.ones((3, 1), np.uint8)), cv2.dilate(down, np.ones((1, 3), np.uint8))


def _level(ridge: Image) -> int:
    """The grey level that a share of ``_BUSY`` of the pixels exceed."""
    counts = np.bincount(ridge[::2, ::2].ravel(), minlength=256)
    return int(np.searchsorted(np.cumsum(counts), (1 - _BUSY) * counts.sum()))


def _measured(
    values: Image, ridges: _Ridges, surroundings: _Surroundings, line_px: int, least_px: int, gap: int
) -> tuple[Ints, Measures]:
    """Candidate boxes (first and last line pixel, xyxy, shape (n, 4)) whose four sides lie on ridges, measured."""
    dashed = gap != _SOLID_GAP
    seed = ridges.seed()
    across_pairs = _paired(ridges.across, gap, seed, least_px)[:, [1, 0, 3, 2]]
    down_pairs = _paired(np.ascontiguousarray(ridges.down.T), gap, seed, least_px)
    boxes = np.unique(np.concatenate([across_pairs, down_pairs]), axis=0)
    follow = seed * _FOLLOW / _SEED
    on: list[Image] = [(ridge > follow).astype(np.uint8) for ridge in ridges]
    if dashed:
        on = [
            cv2.morphologyEx(mask, cv2.MORPH_CLOSE, np.ones(shape, np.uint8))
            for mask, shape in zip(on, ((1, gap), (gap, 1)), strict=True)
        ]
    across_on, down_on = _widened(*on)
    boxes = np.unique(_snapped(across_on, down_on, boxes, line_px), axis=0)
    covered = _sides(across_on, down_on, boxes).mean(axis=2).min(axis=1)
    boxes, covered = boxes[covered >= _COVERED], covered[covered >= _COVERED]
    wide = ridges.widened()
    strength = _sides(*wide, boxes).astype(float).mean(axis=2)
    line = _sides(*_widened(values, values), boxes).astype(float)
    if dashed:  # only the dashes need to be even
        line = np.sort(line, axis=2)[:, :, _SAMPLES // 2 :]
    beside = np.mean(
        [_sides(*wide, boxes, step * (line_px + 1)).mean(axis=2) for step in (1, 2, -1, -2)],
        axis=0,
    )
    return boxes, Measures(
        covered=covered,
        strength=strength.min(axis=1) / 255,
        evenness=(line.std(axis=2) / np.maximum(strength, 1)).mean(axis=1),
        lone=1 - (beside / np.maximum(strength, 1)).max(axis=1),
        open_corners=_open_corners(across_on, down_on, boxes),
        page=_page(surroundings.blank, boxes),
        edge=_edge(surroundings.white, boxes, line_px),
        continuity=_continuity(surroundings.grey, boxes, line_px),
        size=(np.minimum(boxes[:, 2] - boxes[:, 0], boxes[:, 3] - boxes[:, 1]) + 1) / least_px,
        dashed=dashed,
    )


def _paired(ridge: Image, gap: int, seed: float, least_px: int) -> Ints:
    """Rows (first row, start, last row, end) of two horizontal runs whose ends agree, shape (n, 4)."""
    on = cv2.morphologyEx((ridge > seed).astype(np.uint8), cv2.MORPH_CLOSE, np.ones((1, gap), np.uint8))
    edges = np.diff(np.pad(on, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    rows, starts = np.nonzero(edges == 1)
    ends = np.nonzero(edges == -1)[1] - 1
    least = least_px if gap == _SOLID_GAP else max(least_px, 4 * gap)
    long = ends - starts + 1 >= least
    runs = np.stack([rows, starts, ends], axis=1)[long]
    if len(runs) > _MOST_RUNS:
        runs = runs[np.argsort(runs[:, 1] - runs[:, 2], kind="stable")[:_MOST_RUNS]]
    runs = runs[np.argsort(runs[:, 1], kind="stable")]
    pairs: list[Ints] = []
    slack = 2 if gap == _SOLID_GAP else gap // 2
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


def _snapped(across_on: Image, down_on: Image, boxes: Ints, line_px: int) -> Ints:
    """Each side moved outward, by at most a line's thickness, to where most of it lies on a line.

    A run ends where it meets the line that crosses it, which is no ridge in its direction.
    """
    height, width = across_on.shape
    covered = np.stack(
        [_sides(across_on, down_on, boxes, offset).mean(axis=2) for offset in range(line_px + 1)], axis=2
    )
    outward = covered.argmax(axis=2)  # of equals the least
    top, bottom, left, right = outward.T
    x0, y0, x1, y1 = boxes.T
    return np.stack(
        [
            np.maximum(x0 - left, 0),
            np.maximum(y0 - top, 0),
            np.minimum(x1 + right, width - 1),
            np.minimum(y1 + bottom, height - 1),
        ],
        axis=1,
    )


def _sides(across: Image, down: Image, boxes: Ints, offset: int = 0) -> Image:
    """Values at evenly spaced points of the top, bottom, left and right side, moved outward by ``offset`` px.

    Returns shape (n, 4, ``_SAMPLES``) and the channels, where there are some; the corners themselves are left out.
    """
    at = (np.arange(_SAMPLES) + 0.5) / _SAMPLES
    x0, y0, x1, y1 = (boxes[:, i, None] for i in range(4))
    xs = np.rint(x0 + 1 + at * (x1 - x0 - 2)).astype(np.int64)
    ys = np.rint(y0 + 1 + at * (y1 - y0 - 2)).astype(np.int64)
    height, width = across.shape[:2]
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


def _page(blank: Image, boxes: Ints) -> Floats:
    """Share of blank page in the box, grown by half its size on every side."""
    height, width = blank.shape
    total = cv2.integral(blank, sdepth=cv2.CV_32S)
    x0, y0, x1, y1 = boxes.T
    grow_x, grow_y = (x1 - x0) // 2 + 1, (y1 - y0) // 2 + 1
    left, right = np.maximum(x0 - grow_x, 0), np.minimum(x1 + grow_x, width)
    top, bottom = np.maximum(y0 - grow_y, 0), np.minimum(y1 + grow_y, height)
    inside = total[bottom, right] - total[top, right] - total[bottom, left] + total[top, left]
    return np.asarray(inside / np.maximum((right - left) * (bottom - top), 1))


def _edge(white: Image, boxes: Ints, line_px: int) -> Floats:
    outside = _sides(white, white, boxes, 2 * line_px + 2)  # beyond the halo that JPEG puts around lines
    return np.asarray((outside >= PAGE).mean(axis=2).max(axis=1))


def _continuity(smooth: Image, boxes: Ints, line_px: int) -> Floats:
    inside = _sides(smooth, smooth, boxes, -line_px - 1).astype(float)
    outside = _sides(smooth, smooth, boxes, line_px + 1).astype(float)
    inside -= inside.mean(axis=(1, 2), keepdims=True)
    outside -= outside.mean(axis=(1, 2), keepdims=True)
    norm = np.sqrt((inside**2).sum(axis=(1, 2)) * (outside**2).sum(axis=(1, 2)))
    return np.asarray((inside * outside).sum(axis=(1, 2)) / np.maximum(norm, 1e-6))


def _color(image_rgb: Image, values: Image, box: Ints) -> str:
    """The colour of one outline: the median over the points of its sides that have most of the layer's colour."""
    points = _sides(values, values, box).ravel()
    strong = points >= np.quantile(points, 0.6)
    return color_name(np.median(_sides(image_rgb, image_rgb, box).reshape(-1, 3)[strong], axis=0))
