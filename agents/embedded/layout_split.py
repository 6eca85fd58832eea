"""Panels without letters: cuts by gutters alone, as many as the caption promises or as the images show."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from agents.embedded.layout_ink import Axis, Ink, Rect

_CUTS = 6  # gutters tried for one rectangle, widest first
_SMALLEST = 0.03  # of the figure's area; 1 % of the panels of compound figures are smaller (measured)
_REACH = 14  # most parts that are searched for; 0.3 % of figures without letters have more (measured)


class Gutter(NamedTuple):
    """A straight cut before column (axis 0) or row (axis 1) ``at``, and its score in nats."""

    score: float
    axis: Axis
    at: int


@dataclass(frozen=True, slots=True)
class Split:
    """Parts of a rectangle in reading order; ``score`` in nats, higher is better."""

    score: float
    parts: tuple[Rect, ...]


def gutters(ink: Ink, rect: Rect, most: int = _CUTS) -> list[Gutter]:
    """The best straight cuts through a rectangle, best first: empty strips, then edges where images touch."""
    found: list[Gutter] = []
    axes: tuple[Axis, Axis] = (0, 1)
    unit = 0.008 * max(ink.frame.width, ink.frame.height)  # the median gap (measured on 9,642 figures)
    for axis in axes:
        severed = ink.severed(rect, axis)
        empty = ink.profile(rect, axis) == 0
        length = rect.height if axis == 0 else rect.width
        margin = max(2, round(0.05 * len(severed)))
        for first, last in runs(severed <= 0.02 * length):
            middle = (first + last) // 2
            if not margin <= middle < len(severed) - margin:
                continue
            width = int(empty[first:last].sum())
            cost = 6.0 * float(severed[first:last].min()) / max(1, length)
            found.append(Gutter(math.log((width + 0.5) / unit) - cost, axis, rect[axis] + middle))
    found.sort(key=lambda g: (-g.score, g.axis, g.at))
    return found[:most]


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
        for gutter in gutters(ink, here):
            one, two = (ink.trim(side) for side in here.halves(gutter.axis, gutter.at))
            if one is None or two is None:
                continue
            for k in range(1, parts):
                first = solve(one, k)
                second = solve(two, parts - k) if first is not None else None
                if first is not None and second is not None:
                    yield Split(gutter.score + first.score + second.score, first.parts + second.parts)

    return solve(rect, min(n, _REACH))


def runs(flags: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Half-open runs of true values."""
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flags, [False])).astype(np.int8)))
    return [(int(a), int(b)) for a, b in zip(edges[::2], edges[1::2], strict=True)]
