"""Which pictures of a figure a model is shown: the whole first, then parts of it at other scales."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np

from curator.geometry import Box, Size, centre, clip, coverage, union

_MARGIN = 0.02, 0.08  # of the figure's sides, kept around what a crop is made for; guess
_LONG = 1.4  # aspect from which on a group is cut across its longer side; guess: groups stay compact
_SHARE = 0.6  # of the candidates that one of two crops holds, so that each is in one at least; guess
_FREE_SIDE = 0.6, 0.9  # of the figure's sides that a crop without candidates measures; guess
_SCALES = 0.8, 1.0  # of the longer side that a picture would have, after the first; guess: letters stay legible
_WHOLE = 0.98  # of a box that lies in a window which shows it whole: a rounded pixel is no cut

_Rng: TypeAlias = np.random.Generator


@dataclass(frozen=True, slots=True)
class PlannedView:
    """One picture to show."""

    window_xyxy: Box
    """In the figure's frame; whole pixels."""
    drawn: tuple[int, ...]
    """Indices of the candidates that are drawn as marks; all lie in the window whole."""
    max_side_px: int
    """Longer side of the picture at most."""

    def shows(self, box_xyxy: Box) -> bool:
        """Whether the box lies in the window, not cut by its edge."""
        return coverage(box_xyxy, self.window_xyxy) >= _WHOLE


def plan_views(
    figure_id: str,
    image_wh: Size,
    boxes_xyxy: Sequence[Box],
    sureness: Sequence[float],
    *,
    views: int,
    marks_a_view: int,
    max_side_px: int,
    seed: int,
) -> list[PlannedView]:
    """The pictures in which a figure is shown, ``views`` of them or more; the same arguments give the same plan.

    The first is the whole figure. Up to ``marks_a_view`` candidates, it has all of them as marks, and of the crops that
    follow each two together have all of them again. Above, it has those of which the embedded agent is least sure, and
    the rest of the plan goes through the figure ``views - 1`` times (at least once) in crops of up to ``marks_a_view``
    neighbours each, grouped anew each time. No crop cuts a candidate of its own. Without candidates the crops are of
    random size, in a random corner and then in the opposite one.

    Args:
        boxes_xyxy: the candidates, in the figure's frame; may be empty.
        sureness: one number for each candidate, the least sure one the least.
        max_side_px: longer side of a picture at most; those after the first are a little smaller than they could be.
    """
    digest = hashlib.sha256(f"{seed}/{figure_id}".encode()).digest()
    rng = np.random.default_rng(int.from_bytes(digest[:8], "big"))
    whole = (0.0, 0.0, float(image_wh[0]), float(image_wh[1]))
    everything = tuple(range(len(boxes_xyxy)))
    if len(boxes_xyxy) > marks_a_view:
        unsure = sorted(everything, key=lambda index: (sureness[index], index))[:marks_a_view]
        plan = [PlannedView(whole, tuple(sorted(unsure)), max_side_px)]
        for _ in range(max(1, views - 1)):
            groups = _groups(everything, boxes_xyxy, marks_a_view, rng)
            plan += [_crop(group, boxes_xyxy, marks_a_view, image_wh, max_side_px, rng) for group in groups]
        return plan
    plan = [PlannedView(whole, everything, max_side_px)]
    right = low = False
    while len(plan) < views:
        if not boxes_xyxy:
            right, low = (rng.random() < 0.5, rng.random() < 0.5) if len(plan) % 2 else (not right, not low)
            plan.append(_scaled(_corner_window(right, low, image_wh, rng), (), max_side_px, rng))
            continue
        for group in _halves(everything, boxes_xyxy, rng)[: views - len(plan)]:
            plan.append(_crop(group, boxes_xyxy, marks_a_view, image_wh, max_side_px, rng))
    return plan


def _groups(members: tuple[int, ...], boxes: Sequence[Box], most: int, rng: _Rng) -> list[tuple[int, ...]]:
    """The members in groups of neighbours, each of ``most`` at most, cut in two until they are small enough."""
    if len(members) <= most:
        return [members]
    parts = math.ceil(len(members) / most)
    x0, y0, x1, y1 = union(*(boxes[index] for index in members))
    aspect = (x1 - x0) / (y1 - y0)
    axis = int(aspect < 1) if max(aspect, 1 / aspect) > _LONG else int(rng.integers(2))
    order = sorted(members, key=lambda index: (centre(boxes[index])[axis], centre(boxes[index])[1 - axis], index))
    share = rng.integers(math.ceil(parts / 3), 2 * parts // 3 + 1) / parts  # thirds and halves: no long strips
    at = min(max(1, round(share * len(order))), len(order) - 1)
    return _groups(tuple(order[:at]), boxes, most, rng) + _groups(tuple(order[at:]), boxes, most, rng)


def _halves(members: tuple[int, ...], boxes: Sequence[Box], rng: _Rng) -> list[tuple[int, ...]]:
    """Two overlapping groups of neighbours along a random direction, together all members."""
    angle = rng.random() * math.pi
    count = math.ceil(_SHARE * len(members))

    def along(index: int) -> tuple[float, int]:
        x, y = centre(boxes[index])
        return math.cos(angle) * x + math.sin(angle) * y, index

    order = sorted(members, key=along)
    return [tuple(order[:count]), tuple(order[-count:])]


def _crop(
    group: tuple[int, ...], boxes: Sequence[Box], most: int, image_wh: Size, max_side_px: int, rng: _Rng
) -> PlannedView:
    """Around the group with a random margin; who else lies in it whole is drawn too, unless that makes too many."""
    x0, y0, x1, y1 = union(*(boxes[index] for index in group))
    left, top, right, low = (float(rng.uniform(*_MARGIN)) * side for side in image_wh * 2)
    window = _whole_pixels((x0 - left, y0 - top, x1 + right, y1 + low), image_wh)
    inside = tuple(index for index, box in enumerate(boxes) if coverage(box, window) >= _WHOLE)
    drawn = inside if len(inside) <= most else tuple(sorted(group))
    return _scaled(window, drawn, max_side_px, rng)


def _corner_window(right: bool, low: bool, image_wh: Size, rng: _Rng) -> Box:
    """A random part with one corner of the figure: elsewhere a crop cuts every panel at the figure's edges, and most
    panels are."""
    width, height = (float(rng.uniform(*_FREE_SIDE)) * side for side in image_wh)
    x, y = (image_wh[0] - width) * right, (image_wh[1] - height) * low
    return _whole_pixels((x, y, x + width, y + height), image_wh)


def _whole_pixels(box_xyxy: Box, image_wh: Size) -> Box:
    x0, y0, x1, y1 = clip(box_xyxy, (0.0, 0.0, float(image_wh[0]), float(image_wh[1])))
    return float(math.floor(x0)), float(math.floor(y0)), float(math.ceil(x1)), float(math.ceil(y1))


def _scaled(window_xyxy: Box, drawn: tuple[int, ...], max_side_px: int, rng: _Rng) -> PlannedView:
    longer = max(window_xyxy[2] - window_xyxy[0], window_xyxy[3] - window_xyxy[1])
    return PlannedView(window_xyxy, drawn, max(1, round(float(rng.uniform(*_SCALES)) * min(longer, max_side_px))))
