"""From what a curator points at to its outline."""

from __future__ import annotations

from collections.abc import Sequence

from agents.segment.masks import Outline, outline_of
from agents.segment.segmenter import Click, Embedding, Segmenter
from curator.geometry import Box, Point, Size, area, clip

_FILLED = 0.5  # of what lies around: a click means a thing in there, not all of it. Measured: see docs/log.md
_WINDOWS = (0.08, 0.16, 0.32)  # half sides tried, as shares of the shorter side of what lies around; guess
_MARGIN = 0.04  # of a window's side: a mask that comes so near to its rim was cut off by it
_LEAST_PX = 3.0  # a mask with a shorter side is a crumb


def thing_at(
    segmenter: Segmenter,
    embedding: Embedding,
    clicks: Sequence[Click],
    box_xyxy: Box | None = None,
    within_xyxy: Box | None = None,
) -> Outline | None:
    """The outline of what clicks or a box mean; None where nothing is there.

    Segment Anything often answers a click inside a panel with the whole panel. So where ``within_xyxy`` is what the
    curator clicked into and the answer fills it, the click is asked again with small boxes around it, and the first
    answer that is whole inside its box is taken; where none is, the first answer stands.
    """
    whole = outline_of(segmenter.mask(embedding, clicks, box_xyxy), clicks)
    inner = [click.xy for click in clicks if click.inside]
    if box_xyxy is not None or within_xyxy is None or not inner:
        return whole
    if whole is not None and area(clip(whole.box_xyxy, within_xyxy)) < _FILLED * area(within_xyxy):
        return whole
    for share in _WINDOWS:
        window = _window(inner, within_xyxy, share, embedding.image_wh)
        found = outline_of(segmenter.mask(embedding, clicks, window), clicks)
        if found is not None and _is_whole(found.box_xyxy, window):
            return found
    return whole


def _window(places_xy: Sequence[Point], within_xyxy: Box, share: float, image_wh: Size) -> Box:
    half = share * min(within_xyxy[2] - within_xyxy[0], within_xyxy[3] - within_xyxy[1])
    xs, ys = zip(*places_xy, strict=True)
    window = (min(xs) - half, min(ys) - half, max(xs) + half, max(ys) + half)
    return clip(window, (0.0, 0.0, float(image_wh[0]), float(image_wh[1])))


def _is_whole(box_xyxy: Box, window_xyxy: Box) -> bool:
    width, height = window_xyxy[2] - window_xyxy[0], window_xyxy[3] - window_xyxy[1]
    rooms = [
        (box_xyxy[0] - window_xyxy[0]) / width,
        (box_xyxy[1] - window_xyxy[1]) / height,
        (window_xyxy[2] - box_xyxy[2]) / width,
        (window_xyxy[3] - box_xyxy[3]) / height,
    ]
    sides = box_xyxy[2] - box_xyxy[0], box_xyxy[3] - box_xyxy[1]
    return min(rooms) >= _MARGIN and min(sides) >= _LEAST_PX
