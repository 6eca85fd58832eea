"""A figure is shown whole, then in parts that cut no candidate; the same figure always in the same way."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.lvlm.panels.view_plan import PlannedView, plan_views
from curator.geometry import Box, area, coverage, intersection, union

WH = (1600, 1200)
WHOLE = (0.0, 0.0, 1600.0, 1200.0)


def _grid(columns: int, rows: int) -> list[Box]:
    wide, high = WH[0] / columns, WH[1] / rows
    return [
        (column * wide + 8, row * high + 8, (column + 1) * wide - 8, (row + 1) * high - 8)
        for row in range(rows)
        for column in range(columns)
    ]


def _plan(
    boxes: list[Box],
    *,
    views: int = 3,
    marks: int = 5,
    seed: int = 0,
    figure_id: str = "f1",
    sureness: list[float] | None = None,
) -> list[PlannedView]:
    return plan_views(
        figure_id,
        WH,
        boxes,
        sureness or [0.9] * len(boxes),
        views=views,
        marks_a_view=marks,
        max_side_px=1000,
        seed=seed,
    )


@st.composite
def _layouts(draw: st.DrawFn) -> list[Box]:
    boxes: list[Box] = []
    for _ in range(draw(st.integers(0, 24))):
        x, y = draw(st.integers(0, 1500)), draw(st.integers(0, 1100))
        wide, high = draw(st.integers(20, 600)), draw(st.integers(20, 600))
        boxes.append((float(x), float(y), float(min(x + wide, 1600)), float(min(y + high, 1200))))
    return boxes


@settings(deadline=None, derandomize=True)
@given(_layouts(), st.integers(1, 6), st.integers(1, 7), st.integers(0, 3))
def test_every_plan_keeps_its_promises(boxes: list[Box], views: int, marks: int, seed: int) -> None:
    plan = _plan(boxes, views=views, marks=marks, seed=seed)
    assert len(plan) >= views
    assert plan[0].window_xyxy == WHOLE
    assert {index for view in plan for index in view.drawn} == set(range(len(boxes)))
    for view in plan:
        assert len(view.drawn) <= marks
        assert coverage(view.window_xyxy, WHOLE) == 1
        assert all(value == int(value) for value in view.window_xyxy)
        assert all(view.shows(boxes[index]) for index in view.drawn)
        assert view.max_side_px <= 1000


def test_the_plan_depends_on_the_figure_and_the_seed_alone() -> None:
    boxes = _grid(2, 2)
    assert _plan(boxes) == _plan(boxes)
    assert _plan(boxes) != _plan(boxes, seed=1)
    assert _plan(boxes) != _plan(boxes, figure_id="f2")


def test_the_first_picture_has_all_marks_where_they_are_few() -> None:
    plan = _plan(_grid(2, 2))
    assert plan[0] == PlannedView(WHOLE, (0, 1, 2, 3), 1000)
    assert len(plan) == 3


def test_two_crops_together_show_all_marks() -> None:
    for seed in range(20):
        first, second = _plan(_grid(2, 2), seed=seed)[1:]
        assert set(first.drawn) | set(second.drawn) == {0, 1, 2, 3}


def test_crops_show_less_at_a_greater_scale() -> None:
    plans = [_plan(_grid(5, 1), seed=seed) for seed in range(20)]
    assert any(len(view.drawn) < 5 for plan in plans for view in plan[1:])


def test_of_many_candidates_the_first_picture_asks_about_the_least_sure() -> None:
    plan = _plan(_grid(5, 4), sureness=[0.5 if index in (3, 7, 11, 12, 19) else 0.9 for index in range(20)])
    assert plan[0].drawn == (3, 7, 11, 12, 19)


@pytest.mark.parametrize("views", [1, 2, 3, 5])
def test_crops_of_a_dense_figure_ask_about_each_candidate_once_a_round(views: int) -> None:
    crops = _plan(_grid(6, 5), views=views)[1:]
    for index in range(30):
        assert sum(index in view.drawn for view in crops) >= max(1, views - 1)
    assert len(crops) <= 10 * max(1, views - 1)  # of 30 candidates in groups of 5, no group of fewer than 3


def test_rounds_group_a_dense_figure_anew() -> None:
    crops = [view.drawn for view in _plan(_grid(6, 5), views=3)[1:]]
    half = len(crops) // 2
    assert set(crops[:half]) != set(crops[half:])


def test_crops_of_a_dense_figure_hold_neighbours() -> None:
    for view in _plan(_grid(6, 5))[1:]:
        x0, y0, x1, y1 = view.window_xyxy
        assert (x1 - x0) * (y1 - y0) < 0.6 * WH[0] * WH[1]


def test_without_candidates_two_crops_together_show_the_figure_s_sides() -> None:
    windows = set()
    for seed in range(10):
        first, second = (view.window_xyxy for view in _plan([], seed=seed)[1:])
        windows |= {first, second}
        assert union(first, second) == WHOLE
        assert intersection(first, second) > 0
    assert len(windows) == 20
    assert all(0.36 <= area(window) / area(WHOLE) <= 0.83 for window in windows)


def test_small_figures_too_are_shown_at_several_scales() -> None:
    plan = plan_views("f1", (500, 300), [(5, 5, 495, 295)], [0.9], views=4, marks_a_view=5, max_side_px=1568, seed=0)
    assert len({view.max_side_px for view in plan}) == 4
    assert all(390 <= view.max_side_px <= 500 for view in plan[1:])
