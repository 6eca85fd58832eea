"""One box from several answers' boxes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

from curator.geometry import Box, Size, area, clip, iou

_LOOSE = 0.75  # IoU above which two boxes are the same, one of them loose; guess
_EDGE_WEIGHT = 0.1  # of a side that lies on the edge at which the picture was cut; guess
_EDGE = 0.01  # of the window's side: nearer to its edge than this is on it; guess


class Seen(NamedTuple):
    """A box that an answer gives, and the part of the figure that it saw; in the figure's frame."""

    box_xyxy: Box
    window_xyxy: Box


def corrected_box(base_xyxy: Box, seen: Sequence[Seen], n_answers: int, image_wh: Size) -> Box | None:
    """The box to which more than half of ``n_answers``, and two at least, correct a box in the same way; else None."""
    corrections = [s for s in seen if iou(s.box_xyxy, clip(base_xyxy, s.window_xyxy)) < _LOOSE]
    if not _is_majority(corrections, n_answers):
        return None
    pooled = median_box(corrections, image_wh)
    agreed = [s for s in corrections if pooled and iou(s.box_xyxy, clip(pooled, s.window_xyxy)) >= _LOOSE]
    return median_box(agreed, image_wh) if _is_majority(agreed, n_answers) else None


def _is_majority(seen: Sequence[Seen], n_answers: int) -> bool:
    return len(seen) > 1 and 2 * len(seen) > n_answers


def median_box(seen: Sequence[Seen], image_wh: Size) -> Box | None:
    """The median of each side, those on the edge of a crop counting least; None where the sides make no box."""
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
