"""Marker boxes and text boxes become one set of regions (Panel2Patch, stage II)."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum
from itertools import chain

from curator.geometry import Box, Point, centre, clip, iou, suppress
from curator.settings import MiningSettings

_SAME = 0.3
"""IoU from which a text box and an outline are one region. Measured on 53 drawn regions, boxes off by a tenth
to a third of their size: mean F1 is 0.41 so, and 0.32 where text boxes replace outlines."""


class Extent(Enum):
    """What the box of a marker candidate tells of its region."""

    PLACE = "where it is, not how large"
    OUTLINE = "its outline, as well as it could be told"
    DRAWN = "its outline as the author drew it: a box, a circle"


@dataclass(frozen=True, slots=True)
class Candidate:
    """A region before fusion, from a marker, a clause's words, or (after fusion) both."""

    box_xyxy: Box
    clause: int | None
    """Index of the pointer it answers to; None where no pointer speaks of it."""
    marker: int | None
    """Index of the marker it came from."""
    confidence: float
    extent: Extent = Extent.PLACE
    text: int | None = None
    """Index of the text box it came from."""


def fuse(
    markers: Sequence[Candidate], texts: Sequence[Candidate], panel_xyxy: Box, settings: MiningSettings
) -> list[Candidate]:
    """The panel's regions, best first.

    A text box stays when its centre is within ``tau`` of the centre of a marker box; a text box of a pointer for which
    the panel shows no marker stays too, since nothing could confirm it. It takes over a marker whose box is a mere
    place. With a marker whose box is an outline it is one region where both overlap or answer to one pointer: the mean
    of overlapping boxes, else the marker's, always a drawn one's; where they do not, both stay. A place that no text
    box took over is dilated around its centre. Non-maximum suppression on the union.
    """
    diagonal = math.hypot(panel_xyxy[2] - panel_xyxy[0], panel_xyxy[3] - panel_xyxy[1])
    shown = {marker.clause for marker in markers if marker.clause is not None}
    kept: list[Candidate] = []
    taken: set[int | None] = set()
    for text in texts:
        nearest = min(markers, key=lambda marker: _distance(marker.box_xyxy, text.box_xyxy), default=None)
        if nearest is not None and _distance(nearest.box_xyxy, text.box_xyxy) <= settings.tau * diagonal:
            merged = _merged(nearest, text)
            kept.append(merged or text)
            if merged:
                taken.add(nearest.marker)
        elif text.clause is not None and text.clause not in shown:
            kept.append(text)
    alone = (marker for marker in markers if marker.marker not in taken)
    union = list(chain(kept, (_dilated(marker, panel_xyxy, settings.dilation * diagonal) for marker in alone)))
    order = suppress([c.box_xyxy for c in union], [c.confidence for c in union], settings.nms_iou)
    return [union[index] for index in order]


def _merged(marker: Candidate, text: Candidate) -> Candidate | None:
    """The region that both are; None where the text box is another one."""
    overlaps = iou(marker.box_xyxy, text.box_xyxy) >= _SAME
    one_pointer = text.clause is not None and text.clause == marker.clause
    box = text.box_xyxy
    if marker.extent is not Extent.PLACE:
        if not overlaps and not one_pointer:
            return None
        box = marker.box_xyxy
        if overlaps and marker.extent is Extent.OUTLINE:
            box = _mean(marker.box_xyxy, text.box_xyxy)
    sure = max(text.confidence, marker.confidence)
    return replace(text, box_xyxy=box, marker=marker.marker, confidence=sure, extent=marker.extent)


def _mean(first_xyxy: Box, second_xyxy: Box) -> Box:
    x0, y0, x1, y1 = ((one + other) / 2 for one, other in zip(first_xyxy, second_xyxy, strict=True))
    return x0, y0, x1, y1


def window(centre_xy: Point, half_side: float, frame_xyxy: Box) -> Box:
    """The square around a point, clipped to the frame; may be empty where the point is far outside."""
    x, y = centre_xy
    return clip((x - half_side, y - half_side, x + half_side, y + half_side), frame_xyxy)


def _dilated(marker: Candidate, panel_xyxy: Box, half_side: float) -> Candidate:
    if marker.extent is not Extent.PLACE:
        return marker
    x0, y0, x1, y1 = marker.box_xyxy
    x, y = centre(marker.box_xyxy)
    half_width, half_height = max(half_side, (x1 - x0) / 2), max(half_side, (y1 - y0) / 2)
    box = clip((x - half_width, y - half_height, x + half_width, y + half_height), panel_xyxy)
    return replace(marker, box_xyxy=box)


def _distance(first_xyxy: Box, second_xyxy: Box) -> float:
    return math.dist(centre(first_xyxy), centre(second_xyxy))
