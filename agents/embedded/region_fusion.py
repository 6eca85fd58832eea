"""Marker boxes and text boxes become one set of regions (Panel2Patch, stage II)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import chain

from curator.geometry import Box, Point, centre, clip, suppress
from curator.settings import MiningSettings


@dataclass(frozen=True, slots=True)
class Candidate:
    """A region before fusion, from a marker, a clause's words, or (after fusion) both."""

    box_xyxy: Box
    clause: int | None
    """Index of the pointer it answers to; None where no pointer speaks of it."""
    marker: int | None
    """Index of the marker it came from."""
    confidence: float
    fixed: bool = False
    """Its box is the region's extent already (a drawn box or circle, a target that was outlined): it is not dilated."""
    text: int | None = None
    """Index of the text box it came from."""


def fuse(
    markers: Sequence[Candidate], texts: Sequence[Candidate], panel_xyxy: Box, settings: MiningSettings
) -> list[Candidate]:
    """The panel's regions, best first.

    A text box stays when its centre is within ``tau`` of the centre of a marker box, and takes that marker over; a
    text box of a pointer for which the panel shows no marker stays too, since nothing could confirm it. A marker box
    that no text box took over is dilated around its centre unless it is ``fixed``. Non-maximum suppression on the
    union.
    """
    diagonal = math.hypot(panel_xyxy[2] - panel_xyxy[0], panel_xyxy[3] - panel_xyxy[1])
    shown = {marker.clause for marker in markers if marker.clause is not None}
    kept: list[Candidate] = []
    taken: set[int | None] = set()
    for text in texts:
        nearest = min(markers, key=lambda marker: _distance(marker.box_xyxy, text.box_xyxy), default=None)
        if nearest is not None and _distance(nearest.box_xyxy, text.box_xyxy) <= settings.tau * diagonal:
            taken.add(nearest.marker)
            sure = max(text.confidence, nearest.confidence)
            kept.append(replace(text, marker=nearest.marker, confidence=sure))
        elif text.clause is not None and text.clause not in shown:
            kept.append(text)
    alone = (marker for marker in markers if marker.marker not in taken)
    union = list(chain(kept, (_dilated(marker, panel_xyxy, settings.dilation * diagonal) for marker in alone)))
    order = suppress([c.box_xyxy for c in union], [c.confidence for c in union], settings.nms_iou)
    return [union[index] for index in order]


def window(centre_xy: Point, half_side: float, frame_xyxy: Box) -> Box:
    """The square around a point, clipped to the frame; may be empty where the point is far outside."""
    x, y = centre_xy
    return clip((x - half_side, y - half_side, x + half_side, y + half_side), frame_xyxy)


def _dilated(marker: Candidate, panel_xyxy: Box, half_side: float) -> Candidate:
    if marker.fixed:
        return marker
    x0, y0, x1, y1 = marker.box_xyxy
    x, y = centre(marker.box_xyxy)
    half_width, half_height = max(half_side, (x1 - x0) / 2), max(half_side, (y1 - y0) / 2)
    box = clip((x - half_width, y - half_height, x + half_width, y + half_height), panel_xyxy)
    return replace(marker, box_xyxy=box)


def _distance(first_xyxy: Box, second_xyxy: Box) -> float:
    return math.dist(centre(first_xyxy), centre(second_xyxy))
