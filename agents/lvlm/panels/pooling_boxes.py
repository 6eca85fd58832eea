"""One box from several answers' boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from curator.geometry import Box, Size, area, clip, iou

_LOOSE = 0.75  # IoU above which two boxes are the same, one of them loose; guess
_EDGE_WEIGHT = 0.1  # of a side that lies on the edge at which the picture was cut; guess
_EDGE = 0.03  # of the window's side: nearer to its edge than this is on it; guess: so loose are a model's boxes


class Seen(NamedTuple):
    """A box that an answer gives, and the part of the figure that it saw; in the figure's frame."""

    box_xyxy: Box
    window_xyxy: Box


def corrected_box(base_xyxy: Box, seen: Sequence[Seen], n_answers: int, image_wh: Size) -> Box | None:
    """The box to which more than half of ``n_answers``, and two at least, correct a box in the same way; else None."""
    corrections = [s for s in seen if iou(s.box_xyxy, clip(base_xyxy, s.window_xyxy)) < _LOOSE]
    alike = _most_alike(corrections)
    return _medians(alike, image_wh) if len(alike) > 1 and 2 * len(alike) > n_answers else None


def pooled_box(seen: Sequence[Seen], image_wh: Size) -> Box | None:
    """The median of each side of the boxes that most agree on, sides on the edge of a crop counting least.

    None where there are no boxes, or the sides make none.
    """
    return _medians(_most_alike(seen), image_wh)


def _most_alike(seen: Sequence[Seen]) -> list[Seen]:
    """The box that overlaps the others best, and those that are the same but for loose edges: a half of a panel or two
    panels in one box are far from the median, yet would move it where answers are few."""
    if not seen:
        return []
    centre = max(
        seen, key=lambda s: (round(math.fsum(likeness(s, other) for other in seen), 6), area(s.window_xyxy), s)
    )
    return [s for s in seen if likeness(centre, s) >= _LOOSE]


def likeness(one: Seen, other: Seen) -> float:
    """IoU of two boxes, as far as both answers could see them."""
    return iou(clip(one.box_xyxy, other.window_xyxy), clip(other.box_xyxy, one.window_xyxy))


def _medians(seen: Sequence[Seen], image_wh: Size) -> Box | None:
    if not seen:
        return None
    image = (0.0, 0.0, float(image_wh[0]), float(image_wh[1]))
    sides: list[float] = []
    for side in range(4):
        weights = [
            _EDGE_WEIGHT if window[side] != image[side] and _on_edge(box, window, side) else 1.0 for box, window in seen
        ]
        sides.append(_median([s.box_xyxy[side] for s in seen], weights))
    x0, y0, x1, y1 = sides
    return (x0, y0, x1, y1) if area((x0, y0, x1, y1)) > 0 else None


def _on_edge(box_xyxy: Box, window_xyxy: Box, side: int) -> bool:
    length = window_xyxy[side % 2 + 2] - window_xyxy[side % 2]
    return abs(box_xyxy[side] - window_xyxy[side]) <= _EDGE * length


def _median(values: Sequence[float], weights: Sequence[float]) -> float:
    """The weighted median, halfway between two values where each side has half of the weight."""
    ordered = sorted(zip(values, weights, strict=True))
    half, before = sum(weights) / 2, 0.0
    for index, (value, weight) in enumerate(ordered):
        before += weight
        if index + 1 < len(ordered) and math.isclose(before, half):
            return (value + ordered[index + 1][0]) / 2
        if before > half:
            return value
    return ordered[-1][0]
