"""Percent of the image and pixels."""

from __future__ import annotations

from random import Random

import pytest

from curator.errors import GeometryError
from data.label_studio.places import (
    Place,
    point_place,
    point_value,
    polygon_place,
    polygon_value,
    rectangle_place,
    rectangle_value,
)
from tests.data.label_studio.hierarchies import box, point

SIZES = [(613, 407), (1, 1), (7, 30011), (4096, 2160)]
FIRST_SIZE = SIZES[0]


@pytest.mark.parametrize("image_wh", SIZES)
def test_a_hundred_trips_stay_within_a_millionth_of_a_pixel(image_wh: tuple[int, int]) -> None:
    dice = Random(3)
    for _ in range(50):
        x0, y0, x1, y1 = box(dice)
        fit = image_wh[0] / FIRST_SIZE[0], image_wh[1] / FIRST_SIZE[1]
        start = (x0 * fit[0], y0 * fit[1], x1 * fit[0], y1 * fit[1])
        there = start
        for _ in range(100):
            there = rectangle_place(rectangle_value(there, image_wh), image_wh).box_xyxy
        assert there == pytest.approx(start, rel=0, abs=1e-6)


def test_points_and_outlines_come_back() -> None:
    dice = Random(4)
    outline = tuple(point(dice) for _ in range(5))
    assert polygon_place(polygon_value(outline, FIRST_SIZE), FIRST_SIZE).same(Place((0, 0, 1, 1), outline))
    assert point_place(point_value(outline[0], FIRST_SIZE), FIRST_SIZE) == pytest.approx(outline[0])


def test_a_rectangle_turns_clockwise_around_its_top_left_corner() -> None:
    value = {"x": 50, "y": 50, "width": 10, "height": 20, "rotation": 90}
    place = rectangle_place(value, (200, 100))
    assert place.box_xyxy == pytest.approx((80, 50, 100, 70))
    assert place.polygon_xy[1] == pytest.approx((100, 70))


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ({"x": 1, "y": 1, "width": 5}, "height is None; expected a finite number in percent of the image"),
        ({"x": "1", "y": 1, "width": 5, "height": 5}, "x is '1'; expected a finite number in percent of the image"),
        ({"x": float("nan"), "y": 1, "width": 5, "height": 5}, "x is nan; expected a finite number"),
        ({"x": 101, "y": 1, "width": 5, "height": 5}, "is empty in the image of 613 x 407 px"),
    ],
)
def test_a_rectangle_that_is_none_is_refused(value: dict[str, object], message: str) -> None:
    with pytest.raises(GeometryError, match=message):
        rectangle_place(value, FIRST_SIZE)


@pytest.mark.parametrize("points", [None, [], [[1, 1], [2, 2]], [[1, 1], [2, 2], [3]], [[1, 1], [2, 2], ["a", 1]]])
def test_an_outline_that_is_none_is_refused(points: object) -> None:
    with pytest.raises(GeometryError):
        polygon_place({"points": points}, FIRST_SIZE)
