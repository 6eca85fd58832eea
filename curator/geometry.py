"""Boxes and points in one frame: pixels of the original image, origin top-left, xyxy, half-open, floats."""

from __future__ import annotations

import math
from typing import TypeAlias

from curator.errors import GeometryError

Box: TypeAlias = tuple[float, float, float, float]
"""(x0, y0, x1, y1) in pixels of the original image; x1 and y1 are the first pixels outside."""
Point: TypeAlias = tuple[float, float]
"""(x, y) in pixels of the original image."""
Size: TypeAlias = tuple[int, int]
"""(width, height) in pixels."""


def checked_box(box_xyxy: Box, image_wh: Size) -> Box:
    """The box as floats, clipped to the image where it reaches past an edge by less than one pixel.

    Raises:
        GeometryError: not four finite numbers, empty, or outside the image.
    """
    if len(box_xyxy) != 4 or not all(math.isfinite(v) for v in box_xyxy):
        raise GeometryError(f"box {box_xyxy!r} is not four finite numbers (x0, y0, x1, y1)")
    x0, y0, x1, y1 = (float(v) for v in box_xyxy)
    width, height = image_wh
    if x0 < -1 or y0 < -1 or x1 > width + 1 or y1 > height + 1:
        raise GeometryError(f"box {box_xyxy!r} leaves the image of {width} x {height} px; clip it first")
    clipped = clip((x0, y0, x1, y1), (0.0, 0.0, float(width), float(height)))
    if area(clipped) <= 0:
        raise GeometryError(f"box {box_xyxy!r} is empty; x1 must exceed x0 and y1 exceed y0")
    return clipped


def checked_point(point_xy: Point, image_wh: Size) -> Point:
    """The point as floats.

    Raises:
        GeometryError: not two finite numbers, or outside the image.
    """
    if len(point_xy) != 2 or not all(math.isfinite(v) for v in point_xy):
        raise GeometryError(f"point {point_xy!r} is not two finite numbers (x, y)")
    x, y = (float(v) for v in point_xy)
    if not (0 <= x <= image_wh[0] and 0 <= y <= image_wh[1]):
        raise GeometryError(f"point {point_xy!r} lies outside the image of {image_wh[0]} x {image_wh[1]} px")
    return x, y


def area(box_xyxy: Box) -> float:
    """Area in square pixels; 0 for an empty box."""
    x0, y0, x1, y1 = box_xyxy
    return max(0.0, x1 - x0) * max(0.0, y1 - y0)


def centre(box_xyxy: Box) -> Point:
    x0, y0, x1, y1 = box_xyxy
    return (x0 + x1) / 2, (y0 + y1) / 2


def intersection(a_xyxy: Box, b_xyxy: Box) -> float:
    """Area shared by two boxes, in square pixels."""
    return area(clip(a_xyxy, b_xyxy))


def iou(a_xyxy: Box, b_xyxy: Box) -> float:
    """Intersection over union, 0 to 1."""
    shared = intersection(a_xyxy, b_xyxy)
    return shared / (area(a_xyxy) + area(b_xyxy) - shared) if shared else 0.0


def coverage(inner_xyxy: Box, outer_xyxy: Box) -> float:
    """The share of ``inner`` that lies in ``outer``, 0 to 1."""
    inner = area(inner_xyxy)
    return intersection(inner_xyxy, outer_xyxy) / inner if inner else 0.0


def clip(box_xyxy: Box, frame_xyxy: Box) -> Box:
    """The part of the box inside the frame; may be empty (see ``area``)."""
    return (
        max(box_xyxy[0], frame_xyxy[0]),
        max(box_xyxy[1], frame_xyxy[1]),
        min(box_xyxy[2], frame_xyxy[2]),
        min(box_xyxy[3], frame_xyxy[3]),
    )


def union(*boxes_xyxy: Box) -> Box:
    """The smallest box around all given boxes (at least one)."""
    x0s, y0s, x1s, y1s = zip(*boxes_xyxy, strict=True)
    return min(x0s), min(y0s), max(x1s), max(y1s)


def shift(box_xyxy: Box, dx: float, dy: float) -> Box:
    x0, y0, x1, y1 = box_xyxy
    return x0 + dx, y0 + dy, x1 + dx, y1 + dy


def contains_point(box_xyxy: Box, point_xy: Point) -> bool:
    x0, y0, x1, y1 = box_xyxy
    return x0 <= point_xy[0] <= x1 and y0 <= point_xy[1] <= y1


def suppress(boxes_xyxy: list[Box], scores: list[float], iou_above: float) -> list[int]:
    """Indices kept by greedy non-maximum suppression, best score first (ties: lower index first)."""
    kept: list[int] = []
    for index in sorted(range(len(boxes_xyxy)), key=lambda i: (-scores[i], i)):
        if all(iou(boxes_xyxy[index], boxes_xyxy[other]) <= iou_above for other in kept):
            kept.append(index)
    return kept
