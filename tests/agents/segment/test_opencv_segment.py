"""Masks without weights."""

from __future__ import annotations

import numpy as np
import pytest

from agents.segment.opencv_segment import OpenCvSegmenter
from agents.segment.segmenter import Click
from curator.geometry import Box, centre
from tests.agents.segment.scenes import CELLS, cells, ellipse, mask_iou

SEGMENTER = OpenCvSegmenter()
IMAGE = cells()


@pytest.mark.parametrize("cell", CELLS)
def test_a_click_grows_to_the_edge_of_a_cell(cell: Box) -> None:
    mask = SEGMENTER.mask(SEGMENTER.embed(IMAGE), [Click(centre(cell))], None)
    assert mask_iou(mask, ellipse(cell, mask.shape)) > 0.85


@pytest.mark.parametrize("cell", CELLS)
def test_a_loose_box_is_cut_to_the_cell_in_it(cell: Box) -> None:
    loose = (cell[0] - 9, cell[1] - 6, cell[2] + 7, cell[3] + 9)
    mask = SEGMENTER.mask(SEGMENTER.embed(IMAGE), [], loose)
    assert mask_iou(mask, ellipse(cell, mask.shape)) > 0.85


def test_a_large_image_is_answered_in_its_own_frame() -> None:
    image = cells(8.0)
    cell = tuple(8 * v for v in CELLS[0])
    mask = SEGMENTER.mask(SEGMENTER.embed(image), [Click((8 * 65, 8 * 80))], None)
    assert mask.shape == image.shape[:2]
    assert mask_iou(mask, ellipse((cell[0], cell[1], cell[2], cell[3]), mask.shape)) > 0.9


def test_clicks_in_two_cells_take_both_and_an_outer_click_stops_the_growth() -> None:
    embedding = SEGMENTER.embed(IMAGE)
    places = [Click(centre(cell)) for cell in CELLS[:2]]
    both = SEGMENTER.mask(embedding, places, None)
    expected = ellipse(CELLS[0], both.shape) | ellipse(CELLS[1], both.shape)
    assert mask_iou(both, expected) > 0.85
    without = SEGMENTER.mask(embedding, [*places, Click((10, 10), inside=False)], None)
    assert not without[10, 10]
    assert mask_iou(without, expected) > 0.85


def test_an_even_image_has_nothing_to_click_at() -> None:
    even = np.full((50, 80, 3), 200, np.uint8)
    assert not SEGMENTER.mask(SEGMENTER.embed(even), [Click((40, 25))], None).any()


def test_a_box_around_everything_is_everything() -> None:
    mask = SEGMENTER.mask(SEGMENTER.embed(IMAGE), [], (0, 0, 280, 220))
    assert mask.all()


def test_the_same_box_gives_the_same_mask() -> None:
    embedding = SEGMENTER.embed(IMAGE)
    first, again = (SEGMENTER.mask(embedding, [], (30, 40, 100, 120)) for _ in range(2))
    assert (first == again).all()


@pytest.mark.parametrize("box", [(279, 219, 280, 220), (0, 0, 1, 1), (100.2, 100.2, 100.6, 100.6)])
def test_the_smallest_boxes_are_answered(box: Box) -> None:
    assert SEGMENTER.mask(SEGMENTER.embed(IMAGE), [], box).shape == (220, 280)
