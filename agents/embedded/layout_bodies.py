"""Figures without letters that hold several plots, pictures or drawings side by side.

81 % of 4,652 figures without letters are one panel; of the others 89 % have panels of equal width or height (measured).
So the evidence asked for is strict: every part between gutters has one body that fills it (an axis frame with its
curves, a picture, a round map), and the bodies stand in line and are alike.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import cv2
import numpy as np

from agents.embedded.layout_ink import Axis, Ink, Rect
from agents.embedded.layout_split import gutters, image_of

_MOST = 6  # parts; 90 % of the figures of several panels without letters have no more (measured)
_SPAN = 0.55  # of its part's width and height that a body spans (guess: titles and axis labels take the rest)
_DENSE = 0.25  # share of ink from which the crowded middle of a part is taken for a picture (guess)
_ALIKE = 1.06  # ratio of the widths, or heights, of bodies in line (guess)
_NARROWEST = 0.45  # of the widest body: colour bars and histograms at a plot's margin are narrower (guess)
_LONGEST = 4.0  # width to height from which bodies above one another are the strips of one picture (guess)
_SMALLEST = 0.03  # of the figure's area; 1 % of the panels of compound figures are smaller (measured)
_FILLED = 0.4  # share of the figure that the bodies fill (guess)
_GAP = 0.01  # of the figure's longer side that the bodies stand apart (guess: the facets of one plot are nearer)
_AXIS = 0.015  # of the figure's longer side that numbers and title of an axis take at least (guess)
_JOINED = 0.006  # of the figure's longer side between pieces of one body (guess)
_WORK = 60  # rectangles looked at, before the figure counts as one panel
_AXES: Final[tuple[Axis, Axis]] = (0, 1)


class _Part(NamedTuple):
    rect: Rect
    body: Rect


class Bodies(NamedTuple):
    """Parts of a figure without letters."""

    parts: tuple[Rect, ...]
    """One for each panel; only the whole where it is not plain that there are several."""
    found: int
    """Bodies between the gutters, be they panels or not; 0 where some part has none."""


def split_bodies(ink: Ink, rect: Rect) -> Bodies:
    """The parts of a rectangle, one for each body, where the bodies are the panels of the figure."""
    parts = _Divider(ink).divide(rect)
    if parts is None:
        return Bodies((rect,), 0)
    return Bodies(tuple(part.rect for part in parts) if _are_panels(ink, rect, parts) else (rect,), len(parts))


def _are_panels(ink: Ink, rect: Rect, parts: Sequence[_Part]) -> bool:
    if not 2 <= len(parts) <= _MOST:
        return False
    side = max(ink.frame.width, ink.frame.height)
    bodies, rects = [part.body for part in parts], [part.rect for part in parts]
    if sum(body.area for body in bodies) < _FILLED * rect.area or min(b.area for b in bodies) < _SMALLEST * rect.area:
        return False
    if _strips(bodies):
        return False
    if any(_alike(bodies, axis) for axis in _AXES):
        return not any(_shares_axis(parts, axis, side) for axis in _AXES)
    return any(_alike(rects, axis) for axis in _AXES)


class _Divider:
    """Cuts one figure along its gutters; counts its work, so that no figure costs much."""

    def __init__(self, ink: Ink) -> None:
        self.ink = ink
        self.work = _WORK
        self.reach = max(1, round(_JOINED * max(ink.frame.width, ink.frame.height)))
        close = np.ones((2 * self.reach + 1, 2 * self.reach + 1), np.uint8)
        mask = cv2.morphologyEx(ink.mask.astype(np.uint8), cv2.MORPH_CLOSE, close)
        stats = cv2.connectedComponentsWithStats(mask, connectivity=8)[2][1:]
        self.joined = np.concatenate((stats[:, :2], stats[:, :2] + stats[:, 2:4]), axis=1)
        """[N, 4] boxes xyxy of ink that lies together: rings of dashes, curves beside their axes."""

    def divide(self, here: Rect) -> list[_Part] | None:
        """Parts with one body each; None where there is one without."""
        self.work -= 1
        body = self.body(here)
        if body is not None:
            return [_Part(here, body)]
        gap = _GAP * max(self.ink.frame.width, self.ink.frame.height)
        for gutter in gutters(self.ink, here):
            if gutter.width < gap or self.work <= 0:
                continue
            one, two = (self.ink.trim(side) for side in here.halves(gutter.axis, gutter.at))
            first = None if one is None else self.divide(one)
            second = None if two is None or first is None else self.divide(two)
            if first is not None and second is not None:
                return first + second
        return None

    def body(self, here: Rect) -> Rect | None:
        """The component that spans most of the rectangle, else its picture; None where there is none."""
        for boxes in (self.ink.components, self.joined):
            spans = (
                (boxes[:, 0] >= here.x0 - self.reach)
                & (boxes[:, 1] >= here.y0 - self.reach)
                & (boxes[:, 2] <= here.x1 + self.reach)
                & (boxes[:, 3] <= here.y1 + self.reach)
                & (boxes[:, 2] - boxes[:, 0] >= _SPAN * here.width)
                & (boxes[:, 3] - boxes[:, 1] >= _SPAN * here.height)
            )
            found = boxes[spans]
            if len(found):
                areas = (found[:, 2] - found[:, 0]) * (found[:, 3] - found[:, 1])
                return Rect(*(int(value) for value in found[int(areas.argmax())])).within(here)
        image = image_of(self.ink, here)
        if min(image.width / here.width, image.height / here.height) < _SPAN:
            return None
        dense = float(np.sum(self.ink.profile(image, 0))) >= _DENSE * image.area
        return image if dense and not any(g.width for g in gutters(self.ink, image)) else None


def _alike(bodies: Sequence[Rect], axis: Axis) -> bool:
    """Bodies in rows of one height (axis 0) or columns of one width (axis 1), and not too unlike the other way."""
    same = [body.height if axis == 0 else body.width for body in bodies]
    other = [body.width if axis == 0 else body.height for body in bodies]
    return max(same) <= _ALIKE * min(same) and min(other) >= _NARROWEST * max(other)


def _strips(bodies: Sequence[Rect]) -> bool:
    return min(b.width for b in bodies) > _LONGEST * min(b.height for b in bodies)


def _shares_axis(parts: Sequence[_Part], axis: Axis, side: int) -> bool:
    """Only the first column (axis 0) or last row (axis 1) has numbers beside its body: facets of one plot."""
    places = [part.body[axis] if axis == 0 else -part.body[axis + 2] for part in parts]
    room = [part.body.x0 - part.rect.x0 if axis == 0 else part.rect.y1 - part.body.y1 for part in parts]
    outer = [r for place, r in zip(places, room, strict=True) if place - min(places) < 0.02 * side]
    inner = [r for place, r in zip(places, room, strict=True) if place - min(places) >= 0.02 * side]
    return bool(inner) and min(outer) >= _AXIS * side > max(inner)
