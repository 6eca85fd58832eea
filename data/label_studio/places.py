"""Boxes, outlines and points: from the frame to Label Studio's percent of the image and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from curator.errors import GeometryError
from curator.geometry import Box, Point, Size, area, clip

SAME_PX = 0.05  # guess: below what a hand can move at the largest zoom, above what rounding leaves
_FULL = 100.0  # percent


@dataclass(frozen=True, slots=True)
class Place:
    """Where a node lies: its box, and its outline where it has one."""

    box_xyxy: Box
    polygon_xy: tuple[Point, ...] = ()

    def same(self, other: Place) -> bool:
        """Whether nobody can have moved the one to the other: all coordinates within ``SAME_PX``.

        An outline decides alone: Label Studio does not hold the box beside it.
        """
        if len(self.polygon_xy) != len(other.polygon_xy):
            return False
        if self.polygon_xy:
            return all(near(a, b) for a, b in zip(self.polygon_xy, other.polygon_xy, strict=True))
        return near(self.box_xyxy, other.box_xyxy)


def near(a: Sequence[float], b: Sequence[float]) -> bool:
    """Whether all coordinates are within ``SAME_PX``."""
    return all(abs(x - y) <= SAME_PX for x, y in zip(a, b, strict=True))


def rectangle_value(box_xyxy: Box, image_wh: Size) -> dict[str, Any]:
    """``x``, ``y``, ``width``, ``height`` in percent of the image, from the top left; ``rotation`` 0."""
    x0, y0, x1, y1 = box_xyxy
    width, height = image_wh
    return {
        "x": x0 / width * _FULL,
        "y": y0 / height * _FULL,
        "width": (x1 - x0) / width * _FULL,
        "height": (y1 - y0) / height * _FULL,
        "rotation": 0,
    }


def polygon_value(polygon_xy: Sequence[Point], image_wh: Size) -> dict[str, Any]:
    """``points`` in percent of the image; ``closed``."""
    width, height = image_wh
    return {"points": [[x / width * _FULL, y / height * _FULL] for x, y in polygon_xy], "closed": True}


def point_value(point_xy: Point, image_wh: Size) -> dict[str, Any]:
    """``x``, ``y`` in percent of the image, and the ``width`` that the point is drawn with."""
    return {"x": point_xy[0] / image_wh[0] * _FULL, "y": point_xy[1] / image_wh[1] * _FULL, "width": 0.5}


def rectangle_place(value: Mapping[str, Any], image_wh: Size) -> Place:
    """The part of a rectangle inside the image; a rotated one is the outline of its corners and the box around it.

    Label Studio turns a rectangle clockwise, in degrees, around its top left corner.

    Raises:
        GeometryError: a number is missing or not finite, or nothing lies inside the image.
    """
    width, height = image_wh
    left, top = _number(value, "x") * width / _FULL, _number(value, "y") * height / _FULL
    across, down = _number(value, "width") * width / _FULL, _number(value, "height") * height / _FULL
    rotation = _number(value, "rotation") if value.get("rotation") is not None else 0.0
    if rotation % 360 == 0:
        return Place(_inside((left, top, left + across, top + down), image_wh))
    cos, sin = math.cos(math.radians(rotation)), math.sin(math.radians(rotation))
    corners = [
        (left + u * cos - v * sin, top + u * sin + v * cos) for u, v in ((0, 0), (across, 0), (across, down), (0, down))
    ]
    return _outlined(corners, image_wh)


def polygon_place(value: Mapping[str, Any], image_wh: Size) -> Place:
    """A polygon with the box tight around it, corners beyond the image drawn to its edge.

    Raises:
        GeometryError: fewer than three points, not pairs of finite numbers, or nothing lies inside the image.
    """
    points = value.get("points")
    if not isinstance(points, list) or len(points) < 3:
        raise GeometryError(f"the outline {points!r} is no polygon; expected at least three points")
    return _outlined([_scaled(point, image_wh) for point in points], image_wh)


def point_place(value: Mapping[str, Any], image_wh: Size) -> Point:
    """A key point, drawn to the image's edge where it lies beyond.

    Raises:
        GeometryError: a number is missing or not finite.
    """
    return _drawn_in(_scaled((_number(value, "x"), _number(value, "y")), image_wh), image_wh)


def _scaled(point: Any, image_wh: Size) -> Point:
    if not isinstance(point, Sequence) or len(point) != 2 or not all(_finite(v) for v in point):
        raise GeometryError(f"point {point!r} is not two finite numbers (x, y in percent)")
    return point[0] * image_wh[0] / _FULL, point[1] * image_wh[1] / _FULL


def _number(value: Mapping[str, Any], name: str) -> float:
    number = value.get(name)
    if not _finite(number):
        raise GeometryError(f"{name} is {number!r}; expected a finite number in percent of the image")
    return float(number)  # type: ignore[arg-type]


def _finite(value: object) -> bool:
    """A number whose pixels are finite too: 1e300 percent is not."""
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e9


def _outlined(corners: Sequence[Point], image_wh: Size) -> Place:
    polygon = tuple(_drawn_in(corner, image_wh) for corner in corners)
    xs, ys = [x for x, _ in polygon], [y for _, y in polygon]
    return Place(_inside((min(xs), min(ys), max(xs), max(ys)), image_wh), polygon)


def _drawn_in(point_xy: Point, image_wh: Size) -> Point:
    return min(max(point_xy[0], 0.0), float(image_wh[0])), min(max(point_xy[1], 0.0), float(image_wh[1]))


def _inside(box_xyxy: Box, image_wh: Size) -> Box:
    """The box's part in the image."""
    inside = clip(box_xyxy, (0.0, 0.0, float(image_wh[0]), float(image_wh[1])))
    if area(inside) <= 0:
        raise GeometryError(f"the box {box_xyxy!r} is empty in the image of {image_wh[0]} x {image_wh[1]} px")
    return inside
