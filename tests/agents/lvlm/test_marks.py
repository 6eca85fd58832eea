"""Marks hide as little as they can, and stand out from whatever lies beneath."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.lvlm.marks.colors import CONTRAST, color_for, contrast, ink_on
from agents.lvlm.marks.drawing import Rgb, draw_marks
from agents.lvlm.marks.places import Places
from curator.geometry import Box, coverage, intersection

STEADY = settings(deadline=None, derandomize=True)
GREY = 120
channels = st.integers(0, 255)


def _sheet(width: int = 600, height: int = 400) -> Rgb:
    return np.full((height, width, 3), GREY, np.uint8)


def _changed(before: Rgb, after: Rgb) -> Rgb:
    return np.asarray((before != after).any(axis=2))


def _part(values: Rgb, box: Box) -> Rgb:
    x0, y0, x1, y1 = (int(value) for value in box)
    return values[y0:y1, x0:x1]


def test_the_picture_given_is_left_as_it_is() -> None:
    rgb = _sheet()
    out = draw_marks(rgb, [(50, 50, 300, 300)], [1])
    assert (rgb == GREY).all()
    assert out.shape == rgb.shape
    assert _changed(rgb, out).any()


def test_without_marks_the_picture_is_the_same() -> None:
    rgb = _sheet()
    out = draw_marks(rgb, [], [])
    assert out is not rgb
    assert (out == rgb).all()


def test_equal_marks_give_equal_pixels() -> None:
    boxes = [(20.0, 20.0, 300.0, 380.0), (310.0, 20.0, 590.0, 380.0)]
    assert (draw_marks(_sheet(), boxes, [1, 2]) == draw_marks(_sheet(), boxes[::-1], [2, 1])).all()


def test_numbers_are_told_apart() -> None:
    box = (50.0, 50.0, 300.0, 300.0)
    pictures = [draw_marks(_sheet(), [box], [number]).tobytes() for number in range(1, 31)]
    assert len(set(pictures)) == 30


def test_an_outline_runs_around_its_box_and_not_over_it() -> None:
    box = (50.0, 60.0, 300.0, 260.0)
    changed = _changed(_sheet(), draw_marks(_sheet(), [box], [1]))
    assert changed[59, 50:300].all()
    assert changed[260, 50:300].all()
    assert changed[60:260, 49].all()
    assert changed[60:260, 300].all()
    assert not changed[60:80, 50:300].any()


def test_an_outline_at_the_edge_of_the_picture_is_still_drawn() -> None:
    changed = _changed(_sheet(), draw_marks(_sheet(), [(0, 0, 600, 400)], [1]))
    assert changed[0].all()
    assert changed[-1].all()
    assert changed[:, 0].all()
    assert changed[:, -1].all()


@pytest.mark.parametrize(
    "letter",
    [(50.0, 50.0, 80.0, 80.0), (150.0, 130.0, 220.0, 200.0), (20.0, 120.0, 80.0, 160.0)],
    ids=["in the corner", "in the middle", "across the outline"],
)
def test_no_line_and_no_number_hides_a_printed_letter(letter: Box) -> None:
    rgb = _sheet()
    changed = _changed(rgb, draw_marks(rgb, [(50, 50, 300, 300)], [1], [letter]))
    assert changed.any()
    assert not _part(changed, letter).any()


def test_a_number_lies_deep_in_its_box() -> None:
    rgb = _sheet()
    changed = _changed(rgb, draw_marks(rgb, [(100, 100, 400, 300)], [1]))
    rows, columns = np.nonzero(changed[110:290, 110:390])
    assert 50 < columns.mean() < 230
    assert 50 < rows.mean() < 130


def test_a_number_lies_where_its_box_is_plainest() -> None:
    rgb = _sheet()
    rng = np.random.default_rng(0)
    rgb[:, :250] = rng.integers(0, 255, (400, 250, 3), np.uint8)
    places = Places(rgb, [(0.0, 0.0, 600.0, 400.0)], [])
    badge = places.inside(0, (20, 20))
    assert badge is not None
    assert badge[0] >= 250


def test_the_number_of_a_large_box_is_not_written_into_a_small_one_inside() -> None:
    small, large = (150.0, 100.0, 450.0, 300.0), (10.0, 10.0, 590.0, 390.0)
    places = Places(_sheet(), [small, large], [])
    first, second = places.inside(0, (24, 24)), places.inside(1, (24, 24))
    assert first is not None
    assert second is not None
    assert coverage(first, small) == 1
    assert coverage(second, large) == 1
    assert intersection(second, small) == 0


def test_a_box_without_room_inside_has_none() -> None:
    assert Places(_sheet(), [(100.0, 100.0, 125.0, 125.0)], []).inside(0, (24, 24)) is None


def test_numbers_beside_small_boxes_hide_neither_boxes_nor_each_other() -> None:
    boxes = [(200.0 + 14 * k, 200.0, 210.0 + 14 * k, 210.0) for k in range(8)]
    places = Places(_sheet(), boxes, [(180.0, 160.0, 330.0, 190.0)])
    badges = [places.beside(index, (18, 18)) for index in range(8)]
    for index, badge in enumerate(badges):
        assert all(intersection(badge, box) == 0 for box in boxes)
        assert all(intersection(badge, other) == 0 for other in badges[:index])
        assert intersection(badge, (180.0, 160.0, 330.0, 190.0)) == 0
        assert coverage(badge, (0.0, 0.0, 600.0, 400.0)) == 1
        assert np.hypot(badge[0] - boxes[index][0], badge[1] - boxes[index][1]) < 100


@pytest.mark.parametrize(
    "box",
    [(300.0, 200.0, 310.0, 210.0), (0.0, 0.0, 10.0, 10.0), (590.0, 390.0, 600.0, 400.0)],
    ids=["in the middle", "first corner", "last corner"],
)
def test_what_a_mark_of_10_px_encloses_stays_seen(box: Box) -> None:
    rgb = _sheet()
    changed = _changed(rgb, draw_marks(rgb, [box], [12]))
    assert not _part(changed, (box[0] + 2, box[1] + 2, box[2] - 2, box[3] - 2)).any()
    assert changed.sum() > 18 * 18  # its number, beside it


def test_a_badge_without_any_room_still_lies_in_the_picture() -> None:
    rgb = _sheet(40, 30)
    badge = Places(rgb, [(0.0, 0.0, 40.0, 30.0)], [(0.0, 0.0, 40.0, 30.0)]).beside(0, (18, 18))
    assert coverage(badge, (0.0, 0.0, 40.0, 30.0)) == 1


def test_boxes_outside_of_the_picture_are_not_drawn() -> None:
    rgb = _sheet()
    assert not _changed(rgb, draw_marks(rgb, [(700, 100, 800, 200), (100, 100, 100, 200)], [1, 2])).any()


@STEADY
@given(channels, channels, channels)
def test_digits_stand_out_from_any_badge(red: int, green: int, blue: int) -> None:
    assert contrast(ink_on((red, green, blue)), (red, green, blue)) >= CONTRAST


@STEADY
@given(channels, channels, channels, st.lists(st.tuples(channels, channels, channels), max_size=3))
def test_marks_stand_out_from_any_plain_ground(
    red: int, green: int, blue: int, used: list[tuple[int, int, int]]
) -> None:
    beneath = np.full((9, 3), (red, green, blue), np.uint8)
    for first in [None, *used]:
        assert contrast(color_for(beneath, used, first), (red, green, blue)) >= CONTRAST


@pytest.mark.parametrize(
    ("ink", "ground", "ratio"), [(0, 255, 21.0), (255, 0, 21.0), (119, 255, 4.48), (255, 255, 1.0)]
)
def test_contrast_is_that_of_the_standard(ink: int, ground: int, ratio: float) -> None:
    assert contrast((ink, ink, ink), (ground, ground, ground)) == pytest.approx(ratio, abs=0.01)


def test_neighbours_get_other_colours() -> None:
    white = np.full((9, 3), 255, np.uint8)
    first = color_for(white, [])
    assert color_for(white, [first]) != first


@settings(STEADY, max_examples=40)
@given(
    st.tuples(st.integers(28, 200), st.integers(28, 200)),
    st.lists(st.tuples(*[st.floats(-20, 220)] * 4), max_size=8),
    st.lists(st.tuples(*[st.floats(-20, 220)] * 4), max_size=3),
)
def test_any_boxes_can_be_drawn(wh: tuple[int, int], boxes: list[Box], letters: list[Box]) -> None:
    rgb = np.random.default_rng(1).integers(0, 255, (wh[1], wh[0], 3), np.uint8)
    out = draw_marks(rgb, boxes, list(range(1, len(boxes) + 1)), letters)
    assert out.shape == rgb.shape
