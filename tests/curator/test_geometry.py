import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from curator.errors import GeometryError
from curator.geometry import Box, area, checked_box, checked_point, clip, coverage, iou, shift, suppress, union

_NUMBER = st.floats(0, 1000, allow_nan=False)


@st.composite
def boxes(draw: st.DrawFn) -> Box:
    x0, x1 = sorted((draw(_NUMBER), draw(_NUMBER)))
    y0, y1 = sorted((draw(_NUMBER), draw(_NUMBER)))
    assume(x1 - x0 > 1e-3 and y1 - y0 > 1e-3)
    return x0, y0, x1, y1


@given(boxes(), boxes())
def test_iou_is_symmetric_and_between_0_and_1(a: Box, b: Box) -> None:
    assert iou(a, b) == pytest.approx(iou(b, a))
    assert 0 <= iou(a, b) <= 1 + 1e-9


@given(boxes())
def test_a_box_overlaps_itself_wholly(a: Box) -> None:
    assert iou(a, a) == pytest.approx(1)
    assert coverage(a, a) == pytest.approx(1)


@given(boxes(), boxes())
def test_the_union_holds_both_boxes(a: Box, b: Box) -> None:
    around = union(a, b)
    assert clip(a, around) == a
    assert clip(b, around) == b


@given(boxes(), st.floats(-50, 50), st.floats(-50, 50))
def test_shifting_keeps_the_area(a: Box, dx: float, dy: float) -> None:
    assert area(shift(a, dx, dy)) == pytest.approx(area(a), rel=1e-4, abs=1e-2)


@given(st.lists(boxes(), max_size=12), st.floats(0, 1))
def test_what_suppression_keeps_does_not_overlap_and_what_it_drops_does(found: list[Box], iou_above: float) -> None:
    scores = [area(box) for box in found]
    kept = suppress(found, scores, iou_above)
    for index in range(len(found)):
        rivals = [other for other in kept if other != index and scores[other] >= scores[index]]
        overlaps = any(iou(found[index], found[other]) > iou_above for other in rivals)
        assert (index in kept) != overlaps


def test_a_box_less_than_a_pixel_outside_is_clipped() -> None:
    assert checked_box((-0.5, 0, 100.4, 50), (100, 50)) == (0, 0, 100, 50)


@pytest.mark.parametrize(
    ("box", "message"),
    [
        pytest.param((0, 0, 0, 5), "box (0, 0, 0, 5) is empty; x1 must exceed x0 and y1 exceed y0", id="no width"),
        pytest.param((9, 0, 3, 5), "box (9, 0, 3, 5) is empty; x1 must exceed x0 and y1 exceed y0", id="swapped"),
        pytest.param(
            (0, 0, 12, 5), "box (0, 0, 12, 5) leaves the image of 10 x 10 px; clip it first", id="outside the image"
        ),
        pytest.param(
            (0, 0, math.nan, 5), "box (0, 0, nan, 5) is not four finite numbers (x0, y0, x1, y1)", id="not a number"
        ),
    ],
)
def test_an_impossible_box_is_refused_with_its_values(box: Box, message: str) -> None:
    with pytest.raises(GeometryError) as caught:
        checked_box(box, (10, 10))
    assert str(caught.value) == message


def test_a_point_outside_the_image_is_refused() -> None:
    with pytest.raises(GeometryError) as caught:
        checked_point((11, 5), (10, 10))
    assert str(caught.value) == "point (11, 5) lies outside the image of 10 x 10 px"
