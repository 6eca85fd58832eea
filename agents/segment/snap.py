"""A box that was drawn or proposed is drawn tight around what it means, where a mask agrees with it."""

from __future__ import annotations

from collections.abc import Sequence

from agents.segment.masks import Outline
from curator.geometry import Box, coverage, intersection, iou

LEAST_IOU = 0.7  # see bench: below, masks mean another thing than the box as often as not
_LEAST_SHIFT_PX = 1.0  # what moves no edge further is not worth a curator's look
_KEPT = 0.98  # of a child's box: masks cut pixels of printed letters off


def snapped(
    box_xyxy: Box, outline: Outline | None, inside_xyxy: Sequence[Box] = (), beside_xyxy: Sequence[Box] = ()
) -> Outline | None:
    """The outline where it may take the box's place, else None: the box is left as it is.

    It may where mask and box agree, where everything of ``inside_xyxy`` (children and letters) that lay in the box
    still does, and where it does not reach further into any of ``beside_xyxy`` (boxes of the same level) than the box.
    """
    if outline is None or iou(box_xyxy, outline.box_xyxy) < LEAST_IOU:
        return None
    if all(abs(a - b) < _LEAST_SHIFT_PX for a, b in zip(box_xyxy, outline.box_xyxy, strict=True)):
        return None
    for child in inside_xyxy:
        if coverage(child, outline.box_xyxy) < min(_KEPT, coverage(child, box_xyxy)):
            return None
    for other in beside_xyxy:
        if intersection(other, outline.box_xyxy) > intersection(other, box_xyxy):
            return None
    return outline
