import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.fusion import elected, fused_box, fused_confidence, fused_point
from curator.geometry import Box

WEIGHTS = st.floats(0.001, 1)
BOXES = st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(41, 80), st.integers(41, 80)).map(
    lambda box: (float(box[0]), float(box[1]), float(box[2]), float(box[3]))
)


def test_boxes_that_agree_are_averaged_by_weight() -> None:
    assert fused_box([(0, 0, 10, 10), (2, 0, 12, 10)], [3, 1]) == (0.5, 0, 10.5, 10)


def test_a_box_that_lies_elsewhere_does_not_pull() -> None:
    assert fused_box([(0, 0, 10, 10), (0, 0, 10, 10), (50, 50, 60, 60)], [0.5, 0.4, 0.6]) == (0, 0, 10, 10)


@given(st.lists(st.tuples(BOXES, WEIGHTS), min_size=1, max_size=6), st.randoms())
def test_a_fused_box_lies_among_its_boxes_in_any_order(votes: list[tuple[Box, float]], random: object) -> None:
    boxes, weights = [box for box, _ in votes], [weight for _, weight in votes]
    fused = fused_box(boxes, weights)
    for side in range(4):
        assert min(box[side] for box in boxes) <= fused[side] <= max(box[side] for box in boxes)
    random.shuffle(votes)  # type: ignore[attr-defined]
    assert fused_box([box for box, _ in votes], [weight for _, weight in votes]) == fused


def test_a_point_on_the_edge_stays_on_it() -> None:
    assert fused_point([(0.1, 0.7)] * 3, [0.1, 0.7, 0.3]) == (0.1, 0.7)


@given(st.lists(WEIGHTS, min_size=1, max_size=5))
def test_agreement_lies_between_the_mean_and_independent_witnesses(weights: list[float]) -> None:
    found = fused_confidence(weights, len(weights))
    independent = 1 - math.prod(1 - weight for weight in weights)
    mean = 1 - math.prod(1 - weight for weight in weights) ** (1 / len(weights))
    assert mean - 1e-9 <= found <= independent + 1e-9


def test_who_did_not_find_it_is_against_it() -> None:
    assert fused_confidence([0.8], 1) == pytest.approx(0.8)
    assert fused_confidence([0.8], 2) == pytest.approx(0.4)


def test_votes_are_summed_and_ties_are_settled_the_same_way_always() -> None:
    assert elected([("a", 0.5), ("b", 0.3), ("b", 0.3)]) == ["b", "a"]
    assert elected([("b", 1), ("a", 1)]) == elected([("a", 1), ("b", 1)]) == ["a", "b"]
    assert elected([]) == []
