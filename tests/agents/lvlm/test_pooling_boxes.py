"""The box of a panel, of several answers that draw it."""

from __future__ import annotations

import pytest

from agents.lvlm.panels.pooling import pool
from agents.lvlm.panels.pooling_boxes import Seen, corrected_box, pooled_box
from curator.geometry import Box, iou
from tests.agents.lvlm.poolings import BOTH, CONFIRMED, LEFT, RIGHT, TWO, WH, WHOLE, answer, boxes, seen


def test_a_wrong_correction_by_one_answer_does_not_win() -> None:
    wrong = (10.0, 10.0, 250.0, 400.0)
    for others in (1, 2):
        answers = [answer(0, seen(0, box=wrong, label="A"), seen(1, label="B"))]
        answers += [answer(1 + n, *CONFIRMED) for n in range(others)]
        assert boxes(pool(TWO, answers, WH)) == [LEFT, RIGHT]
    assert boxes(pool(TWO, answers[:1], WH)) == [LEFT, RIGHT]


def test_a_correction_by_most_answers_wins() -> None:
    right = (10.0, 10.0, 480.0, 400.0)
    corrected = (seen(0, box=right, label="A"), seen(1, label="B"))
    answers = [answer(0, *corrected), answer(1, *corrected), answer(2, *CONFIRMED)]
    assert boxes(pool(TWO, answers, WH)) == [right, RIGHT]


def test_corrections_that_mean_other_boxes_do_not_add_up() -> None:
    upper, lower = (10.0, 10.0, 480.0, 300.0), (10.0, 400.0, 480.0, 780.0)
    answers = [answer(n, seen(0, box=box, label="A"), seen(1)) for n, box in enumerate((upper, lower))]
    assert boxes(pool(TWO, answers, WH))[0] == LEFT


def test_a_box_that_only_restates_a_mark_loosely_corrects_nothing() -> None:
    loose = (0.0, 0.0, 500.0, 800.0)
    answers = [answer(n, seen(0, box=loose, label="A"), seen(1, label="B")) for n in range(3)]
    assert boxes(pool(TWO, answers, WH)) == [LEFT, RIGHT]


def test_without_candidates_each_side_is_the_median() -> None:
    given_boxes = [(10.0, 20.0, 400.0, 500.0), (14.0, 10.0, 410.0, 520.0), (12.0, 30.0, 390.0, 510.0)]
    answers = [answer(n, seen(box=box, label="A"), drawn=()) for n, box in enumerate(given_boxes)]
    assert boxes(pool((), answers, WH)) == [(12.0, 20.0, 400.0, 510.0)]


@pytest.mark.parametrize(
    "odd", [(10.0, 10.0, 250.0, 780.0), (10.0, 10.0, 990.0, 780.0)], ids=["a half", "two panels in one"]
)
def test_a_box_that_is_quite_another_does_not_move_the_median(odd: Box) -> None:
    near = (14.0, 6.0, 490.0, 784.0)
    answers = [answer(n, seen(box=box, label="A"), drawn=()) for n, box in enumerate((LEFT, odd, near))]
    assert boxes(pool((), answers, WH)) == [(12.0, 8.0, 485.0, 782.0)]


def test_a_side_on_the_edge_of_a_crop_counts_least() -> None:
    crop = (0.0, 0.0, 300.0, 800.0)
    pooled = pooled_box([Seen((10.0, 10.0, 300.0, 780.0), crop), Seen((12.0, 12.0, 480.0, 782.0), WHOLE)], WH)
    assert pooled == (11.0, 11.0, 480.0, 781.0)


def test_a_side_on_the_edge_of_the_figure_counts_in_full() -> None:
    pooled = pooled_box([Seen((0.0, 0.0, 1000.0, 800.0), WHOLE), Seen((0.0, 0.0, 900.0, 800.0), WHOLE)], WH)
    assert pooled == (0.0, 0.0, 950.0, 800.0)


def test_halves_of_one_panel_seen_in_two_crops_make_one_panel() -> None:
    left, right = (0.0, 0.0, 700.0, 800.0), (300.0, 0.0, 1000.0, 800.0)
    answers = [
        answer(0, seen(box=(10, 10, 990, 780), label="A"), drawn=()),
        answer(1, seen(box=(12, 12, 700, 780), label="A"), drawn=(), window=left),
        answer(2, seen(box=(300, 8, 988, 780), label="A"), drawn=(), window=right),
    ]
    pooled = pool((), answers, WH)
    assert len(pooled.panels) == 1
    assert iou(pooled.panels[0].box_xyxy, BOTH) > 0.98


def test_boxes_that_overlap_a_little_are_one_panel_only_under_one_letter() -> None:
    first, second = (0.0, 0.0, 400.0, 400.0), (0.0, 160.0, 400.0, 560.0)  # IoU 0.43
    same = [answer(n, seen(box=box, label="A"), drawn=()) for n, box in enumerate((first, second))]
    other = [
        answer(n, seen(box=box, label=name), drawn=()) for n, (box, name) in enumerate(((first, "A"), (second, "B")))
    ]
    assert len(pool((), same, WH).panels) == 1
    assert pool((), same, WH).dropped == ()
    pooled = pool((), other, WH)
    assert boxes(pooled) == [first]
    assert [d.reason for d in pooled.dropped] == ["outvoted by a model's box in the same place"]


def test_corrected_box_needs_two_answers() -> None:
    wrong = Seen((10.0, 10.0, 100.0, 100.0), WHOLE)
    assert corrected_box(LEFT, [wrong], 1, WH) is None
    assert corrected_box(LEFT, [wrong, wrong], 2, WH) == wrong.box_xyxy
