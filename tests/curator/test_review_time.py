"""How long a review takes."""

from __future__ import annotations

import numpy as np
import pytest

from curator.review_time import ReviewTime


def reviews(count: int, weights: list[float]) -> tuple[np.ndarray, np.ndarray]:  # type: ignore[type-arg]
    rng = np.random.default_rng(0)
    features = np.column_stack([np.ones(count), rng.integers(1, 9, (count, 6))]).astype(np.float64)
    return features, features @ np.array(weights)


def test_before_any_review_a_guess_grows_with_words_nodes_and_errors_most_with_those_to_draw() -> None:
    figures = [
        [1, 0, 1, 0, 0, 0, 0],
        [1, 90, 1, 0, 0, 0, 0],
        [1, 90, 8, 4, 4, 0, 0],
        [1, 90, 8, 4, 4, 3, 0],
        [1, 90, 8, 4, 4, 0, 3],
    ]
    seconds = ReviewTime().seconds(np.array(figures, np.float64))
    assert seconds[0] > 0
    assert (np.diff(seconds) > 0).all()


def test_many_reviews_outweigh_the_guess() -> None:
    features, seconds = reviews(2000, [20, 2, 5, 3, 2, 1, 6])
    fitted = ReviewTime.fit(features, seconds)
    assert fitted.reviews == 2000
    assert fitted.seconds(features) == pytest.approx(seconds, rel=0.1)


def test_one_review_hardly_moves_it() -> None:
    features, seconds = reviews(1, [200, 20, 50, 30, 20, 10, 60])
    before, after = ReviewTime().seconds(features)[0], ReviewTime.fit(features, seconds)
    assert before < after.seconds(features)[0] < 0.3 * seconds[0]


def test_a_figure_that_was_left_open_over_lunch_counts_for_little() -> None:
    features, seconds = reviews(100, [20, 2, 5, 3, 2, 1, 6])
    left = seconds.copy()
    left[:3] = 3600
    assert ReviewTime.fit(features, left).seconds(features).mean() < 1.1 * seconds.mean()


def test_no_reviews_give_the_guess() -> None:
    assert ReviewTime.fit(np.zeros((0, 7)), np.zeros(0)) == ReviewTime()
