"""Where a similarity map points, on maps that are made by hand."""

from __future__ import annotations

import pytest
import torch

from trainer.evaluate.grounding import Phrase, ground, grow, peak, pointed_box, similarity_map

PX = 80


def a_map(row: int, column: int, cells: int = 8) -> torch.Tensor:
    """One cell of 10 x 10 pixels stands out."""
    similarity = torch.zeros(cells, cells)
    similarity[row, column] = 1.0
    return similarity


def test_a_map_is_the_cosine_with_each_cell() -> None:
    cells = torch.nn.functional.normalize(torch.randn(2, 3, 5, generator=torch.Generator().manual_seed(0)), dim=-1)
    found = similarity_map(cells, cells[1, 2])
    assert float(found[1, 2]) == pytest.approx(1.0)
    assert float(found[0, 1]) == pytest.approx(float(cells[0, 1] @ cells[1, 2]))


def test_the_peak_is_the_middle_of_the_cell_that_stands_out() -> None:
    assert peak(grow(a_map(2, 5), PX)) == pytest.approx((55.0, 25.0), abs=0.5)


def test_a_map_without_relief_points_at_the_middle_and_at_all() -> None:
    flat = grow(torch.zeros(8, 8), PX)
    assert peak(flat) == (40.0, 40.0)
    assert pointed_box(flat) == (0.0, 0.0, 80.0, 80.0)


def test_only_the_part_that_holds_the_highest_point_counts() -> None:
    similarity = a_map(1, 1) + 0.9 * a_map(6, 6)
    x0, y0, x1, y1 = pointed_box(grow(similarity, PX))
    assert (x0 + x1) / 2 == (y0 + y1) / 2 == 15.0
    assert 8 <= x1 - x0 <= 14


@pytest.mark.parametrize(
    ("box", "hit"), [((50, 20, 60, 30), True), ((20, 50, 30, 60), False)], ids=["on it", "mirrored"]
)
def test_the_pointing_game_is_won_inside_the_box(box: tuple[float, float, float, float], hit: bool) -> None:
    found = ground([Phrase(a_map(2, 5), (box,), "a")], PX)
    assert found.points.tolist() == [hit]
    assert (float(found.ious[0]) > 0.5) == hit
    assert found.chance == pytest.approx(100 / 6400)


def test_a_phrase_that_is_true_of_two_places_may_point_at_either() -> None:
    boxes = ((0.0, 0.0, 10.0, 10.0), (50.0, 20.0, 60.0, 30.0))
    found = ground([Phrase(a_map(2, 5), boxes, "a"), Phrase(a_map(7, 7), boxes, "b")], PX)
    assert found.points.tolist() == [True, False]
    assert found.articles == ["a", "b"]
    assert found.chance == pytest.approx(200 / 6400)


def test_no_phrase_is_no_error() -> None:
    assert len(ground([], PX).points) == 0
