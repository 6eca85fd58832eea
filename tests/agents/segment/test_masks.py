"""Masks to tight boxes and outlines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from agents.segment.masks import Outline, outline_of
from agents.segment.segmenter import Click
from curator.geometry import Box
from tests.agents.segment.scenes import ellipse, mask_iou


def rectangles(*boxes: tuple[int, int, int, int], shape: tuple[int, int] = (60, 80)) -> NDArray[np.bool_]:
    mask = np.zeros(shape, np.bool_)
    for x0, y0, x1, y1 in boxes:
        mask[y0:y1, x0:x1] = True
    return mask


def drawn(outline: Outline, shape: tuple[int, ...]) -> NDArray[np.bool_]:
    """The polygon's pixels, drawn at eight times the size so that edges between pixels count."""
    large = np.zeros((shape[0] * 8, shape[1] * 8), np.uint8)
    corners = np.round(np.array(outline.polygon_xy) * 8 - 0.5).astype(np.int32)
    cv2.fillPoly(large, [corners], 1)
    return cv2.resize(large, shape[::-1], interpolation=cv2.INTER_AREA).astype(np.float32) >= 0.5


def bounds(outline: Outline) -> Box:
    xs, ys = zip(*outline.polygon_xy, strict=True)
    return min(xs), min(ys), max(xs), max(ys)


def test_a_box_is_tight_and_half_open_and_the_polygon_has_the_same() -> None:
    outline = outline_of(rectangles((10, 20, 31, 25)))
    assert outline is not None
    assert outline.box_xyxy == (10, 20, 31, 25)
    assert set(outline.polygon_xy) == {(10, 20), (31, 20), (31, 25), (10, 25)}


def test_the_largest_part_is_meant_where_none_was_clicked() -> None:
    outline = outline_of(rectangles((0, 0, 5, 5), (20, 20, 40, 40), (50, 0, 55, 9)))
    assert outline is not None
    assert outline.box_xyxy == (20, 20, 40, 40)


def test_the_clicked_part_is_meant_however_small() -> None:
    mask = rectangles((0, 0, 5, 5), (20, 20, 40, 40), (50, 0, 55, 9))
    outline = outline_of(mask, [Click((52.5, 3.2)), Click((30, 30), inside=False)])
    assert outline is not None
    assert outline.box_xyxy == (50, 0, 55, 9)


def test_clicks_in_several_parts_join_them_in_one_outline() -> None:
    mask = rectangles((0, 0, 5, 5), (20, 20, 40, 40), (50, 0, 55, 9))
    outline = outline_of(mask, [Click((2, 2)), Click((30, 30))])
    assert outline is not None
    assert outline.box_xyxy == bounds(outline) == (0, 0, 40, 40)


@pytest.mark.parametrize("place", [(70.0, 50.0), (-3.0, 4.0), (900.0, 4.0)], ids=["beside", "left", "right"])
def test_a_click_beside_all_parts_means_the_largest(place: tuple[float, float]) -> None:
    outline = outline_of(rectangles((0, 0, 5, 5), (20, 20, 40, 40)), [Click(place)])
    assert outline is not None
    assert outline.box_xyxy == (20, 20, 40, 40)


def test_an_empty_mask_has_no_outline() -> None:
    assert outline_of(np.zeros((4, 4), np.bool_)) is None


@pytest.mark.parametrize("box", [(3, 3, 4, 4), (3, 3, 9, 4), (5, 2, 6, 9)], ids=["pixel", "row", "column"])
def test_what_is_one_pixel_thin_has_its_box_as_outline(box: tuple[int, int, int, int]) -> None:
    outline = outline_of(rectangles(box))
    assert outline is not None
    assert outline.box_xyxy == bounds(outline) == box
    assert len(outline.polygon_xy) == 4


def test_a_polygon_follows_a_round_thing_with_few_corners() -> None:
    mask = ellipse((13, 8, 67, 49), (60, 80))
    outline = outline_of(mask)
    assert outline is not None
    assert 8 <= len(outline.polygon_xy) <= 32
    assert mask_iou(drawn(outline, mask.shape), mask) > 0.95


def test_a_ragged_thing_keeps_a_bounded_number_of_corners() -> None:
    angles = np.linspace(0, 2 * np.pi, 4000)
    radius = 300 + 120 * np.sin(angles * 90)
    points = np.stack((radius * np.cos(angles) + 450, radius * np.sin(angles) + 450), 1)
    mask = np.zeros((900, 900), np.uint8)
    cv2.fillPoly(mask, [points.astype(np.int32)], 1)
    outline = outline_of(mask.astype(np.bool_))
    assert outline is not None
    assert 3 <= len(outline.polygon_xy) <= 64


@given(st.lists(st.tuples(*[st.integers(0, 30)] * 4), min_size=1, max_size=6))
def test_any_polygon_has_at_least_three_corners_and_its_box_as_bounds(boxes: list[tuple[int, int, int, int]]) -> None:
    outline = outline_of(rectangles(*[(x, y, x + w + 1, y + h + 1) for x, y, w, h in boxes]))
    assert outline is not None
    assert bounds(outline) == outline.box_xyxy
    assert len(outline.polygon_xy) >= 3
