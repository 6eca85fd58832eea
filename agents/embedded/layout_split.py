"""Panels without letters: cuts by gutters alone, as many as the caption promises or as the images show."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.embedded.layout_ink import Axis, Ink, Rect

_CUTS = 6  # gutters tried for one rectangle, widest first
_PATIENCE = 250  # rectangles searched with all gutters, before only the best gutter is followed
_SEVERED = 0.02  # share of a cut's line that may be ink (guess)
_SMALLEST = 0.03  # of the figure's area; 1 % of the panels of compound figures are smaller (measured)
_REACH = 14  # most parts that are searched for; 2 % of figures without letters have more (measured)


_MOST_IMAGES = (
    8  # guess: more images without letters are one panel's grid; 92 % of such figures have no more (measured)
)
_FILLED = 0.6  # share of the figure that its images fill where they are its panels (guess)
_STRIP = 2.5  # width to height from which pictures are the strips of one blot (guess)
_SOLID = 0.8  # share of a picture's box that differs from the paper (guess; plots reach 0.3)


class Gutter(NamedTuple):
    """A straight cut before column (axis 0) or row (axis 1) ``at``, and its score in nats."""

    score: float
    axis: Axis
    at: int
    width: int
    """Of the empty strip, in pixels of the reduced copy; 0 for an edge."""


@dataclass(frozen=True, slots=True)
class Split:
    """Parts of a rectangle in reading order; ``score`` in nats, higher is better."""

    score: float
    parts: tuple[Rect, ...]


def gutters(ink: Ink, rect: Rect, most: int = _CUTS, severed_share: float = _SEVERED) -> list[Gutter]:
    """The best straight cuts through a rectangle, best first: empty strips, then edges where images touch.

    A cut severs at most ``severed_share`` of its line.
    """
    found: list[Gutter] = []
    axes: tuple[Axis, Axis] = (0, 1)
    unit = 0.008 * max(ink.frame.width, ink.frame.height)  # the median gap (measured on 9,642 figures)
    for axis in axes:
        severed = ink.severed(rect, axis)
        empty = ink.profile(rect, axis) == 0
        length = rect.height if axis == 0 else rect.width
        margin = max(2, round(0.05 * len(severed)))
        for first, last in runs(severed <= severed_share * length):
            middle = (first + last) // 2
            if not margin <= middle < len(severed) - margin:
                continue
            width = int(empty[first:last].sum())
            cost = 6.0 * float(severed[first:last].min()) / max(1, length)
            found.append(Gutter(math.log((width + 0.5) / unit) - cost, axis, rect[axis] + middle, width))
    found.sort(key=lambda g: (-g.score, g.axis, g.at))
    return found[:most]


def split_images(ink: Ink, rect: Rect) -> tuple[Rect, ...]:
    """One part for each image, where the rectangle holds two to eight images side by side; else only itself.

    Of 4,652 figures without letters 81 % are one panel, and of the others 89 % have panels of equal width or height
    (measured): so only blocks of picture of equal width or height, which fill most of it, are panels of their own.
    """
    blocks: list[Rect] = []
    parts: list[Rect] = []

    def divide(here: Rect) -> None:
        for gutter in gutters(ink, here):
            if not gutter.width:  # an edge inside a picture looks just like two that touch
                continue
            one, two = (ink.trim(side) for side in here.halves(gutter.axis, gutter.at))
            if one is not None and two is not None and _holds_image(ink, one) and _holds_image(ink, two):
                divide(one)
                divide(two)
                return
        parts.append(here)
        blocks.append(image_of(ink, here))

    divide(rect)
    if not 2 <= len(parts) <= _MOST_IMAGES:
        return (rect,)
    widths, heights = [b.width for b in blocks], [b.height for b in blocks]
    if min(heights) * _STRIP < min(widths):
        return (rect,)
    alike = max(widths) < 1.1 * min(widths) or max(heights) < 1.1 * min(heights)
    filled = sum(b.width * b.height for b in blocks) / (rect.width * rect.height)
    return tuple(parts) if alike and filled > _FILLED else (rect,)


def split_into(ink: Ink, rect: Rect, n: int) -> Split | None:
    """The best way to cut a rectangle into ``n`` parts (at most 14); None where its gutters do not allow it."""
    solved: dict[tuple[Rect, int], Split | None] = {}
    smallest = _SMALLEST * rect.width * rect.height
    even = rect.width * rect.height / n

    def solve(here: Rect, parts: int) -> Split | None:
        if here.width * here.height < parts * smallest:
            return None
        if parts == 1:
            # guess: a part that is e times larger or smaller than an even share costs half a nat
            return Split(-0.5 * abs(math.log(here.width * here.height / even)), (here,))
        key = here, parts
        if key not in solved:
            solved[key] = max(divided(here, parts), key=lambda s: s.score, default=None)
        return solved[key]

    def divided(here: Rect, parts: int) -> Iterator[Split]:
        for gutter in gutters(ink, here, _CUTS if len(solved) < _PATIENCE else 1):
            one, two = (ink.trim(side) for side in here.halves(gutter.axis, gutter.at))
            if one is None or two is None:
                continue
            for k in range(1, parts):
                first = solve(one, k)
                second = solve(two, parts - k) if first is not None else None
                if first is not None and second is not None:
                    yield Split(gutter.score + first.score + second.score, first.parts + second.parts)

    found = solve(rect, min(n, _REACH))
    return None if found is None else Split(found.score, tuple(in_reading_order(found.parts)))


def in_reading_order(rects: Sequence[Rect]) -> list[Rect]:
    """Rows from top to bottom, each from left to right; a row is what begins above the middle of its first."""
    rest = sorted(rects, key=lambda rect: (rect.y0, rect.x0))
    out: list[Rect] = []
    while rest:
        middle = (rest[0].y0 + rest[0].y1) / 2
        row = [rect for rect in rest if rect.y0 < middle]
        rest = [rect for rect in rest if rect.y0 >= middle]
        out.extend(sorted(row, key=lambda rect: rect.x0))
    return out


def image_of(ink: Ink, rect: Rect) -> Rect:
    """The rectangle without rims that are mostly paper: axis labels, titles and letters beside a picture."""
    columns = ink.profile(rect, 0) > 0.5 * rect.height
    inner = rect
    if columns.any():
        inside = np.flatnonzero(columns)
        inner = inner._replace(x0=rect.x0 + int(inside[0]), x1=rect.x0 + int(inside[-1]) + 1)
    rows = ink.profile(inner, 1) > 0.5 * inner.width
    if rows.any():
        inside = np.flatnonzero(rows)
        inner = inner._replace(y0=rect.y0 + int(inside[0]), y1=rect.y0 + int(inside[-1]) + 1)
    return inner


def _holds_image(ink: Ink, rect: Rect) -> bool:
    inner = image_of(ink, rect)
    frame = ink.frame
    if inner.width * inner.height < _SMALLEST * frame.width * frame.height:
        return False
    return float(ink.profile(inner, 0).sum()) >= _SOLID * inner.width * inner.height


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
