"""When a mask's box may take the place of a box."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.segment.masks import Outline
from agents.segment.snap import PANEL_IOU, THING_IOU, snapped
from curator.geometry import Box, coverage, intersection, iou

BOX = (10.0, 10.0, 110.0, 110.0)


def outlined(box: Box) -> Outline:
    return Outline(box, ((box[0], box[1]), (box[2], box[1]), (box[2], box[3])))


def test_a_mask_that_agrees_takes_the_boxs_place() -> None:
    outline = outlined((14, 12, 108, 109))
    assert snapped(BOX, outline, PANEL_IOU) is outline


@pytest.mark.parametrize(
    "outline",
    [None, outlined((10, 10, 60, 60)), outlined((0, 0, 200, 200)), outlined((300, 0, 400, 100))],
    ids=["nothing", "a-part", "the-whole", "elsewhere"],
)
def test_a_mask_of_something_else_leaves_the_box(outline: Outline | None) -> None:
    assert snapped(BOX, outline, PANEL_IOU) is None


def test_what_changes_no_edge_by_a_pixel_leaves_the_box() -> None:
    assert snapped(BOX, outlined((10.5, 10.2, 109.5, 110)), PANEL_IOU) is None


def test_a_letter_or_child_that_would_be_cut_off_leaves_the_box() -> None:
    tighter = outlined((16, 10, 110, 110))
    assert snapped(BOX, tighter, PANEL_IOU, inside_xyxy=[(11, 11, 20, 20)]) is None
    assert snapped(BOX, tighter, PANEL_IOU, inside_xyxy=[(30, 11, 40, 20)]) is tighter


def test_a_child_that_lay_outside_before_does_not_count() -> None:
    tighter = outlined((16, 10, 110, 110))
    assert snapped(BOX, tighter, PANEL_IOU, inside_xyxy=[(100, 100, 150, 150)]) is tighter


def test_a_box_does_not_reach_further_into_its_neighbour() -> None:
    wider = outlined((10, 10, 116, 110))
    assert snapped(BOX, wider, PANEL_IOU, beside_xyxy=[(112, 10, 200, 110)]) is None
    assert snapped(BOX, wider, PANEL_IOU, beside_xyxy=[(120, 10, 200, 110)]) is wider


_SIDE = st.integers(0, 60)
_BOXES = st.builds(lambda x, y, w, h: (float(x), float(y), float(x + w + 1), float(y + h + 1)), *[_SIDE] * 4)


@given(_BOXES, _BOXES, st.lists(_BOXES, max_size=3), st.lists(_BOXES, max_size=3))
def test_a_snapped_box_agrees_cuts_nothing_off_and_reaches_into_nothing(
    box: Box, other: Box, inside: list[Box], beside: list[Box]
) -> None:
    outline = snapped(box, outlined(other), THING_IOU, inside, beside)
    if outline is None:
        return
    assert iou(box, outline.box_xyxy) >= THING_IOU
    assert all(coverage(child, outline.box_xyxy) >= min(0.98, coverage(child, box)) for child in inside)
    assert all(intersection(one, outline.box_xyxy) <= intersection(one, box) for one in beside)
