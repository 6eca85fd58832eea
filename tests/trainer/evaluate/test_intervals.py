"""Intervals hold what they promise, when what is right together is drawn together."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from trainer.evaluate.intervals import Estimate, estimate, mean, share

RATE, ARTICLES, EACH = 0.3, 60, 5


def draw_world(seed: int) -> tuple[torch.Tensor, list[str]]:
    """Hits of 60 articles of five items; an article's items mostly share their fate, the mean over articles is RATE."""
    rng = np.random.default_rng(seed)
    of_article = rng.random(ARTICLES) < RATE
    alone = rng.random((ARTICLES, EACH)) < RATE
    follows = rng.random((ARTICLES, EACH)) < 0.8
    hits = np.where(follows, of_article[:, None], alone)
    return torch.from_numpy(hits.reshape(-1)), [str(index // EACH) for index in range(ARTICLES * EACH)]


def coverage(worlds: int, *, by_article: bool) -> float:
    """How often the interval holds the true rate."""
    held = 0
    for seed in range(worlds):
        hits, articles = draw_world(seed)
        found = share(hits, articles if by_article else [str(index) for index in range(len(hits))])
        assert found.interval is not None
        held += found.interval[0] <= RATE <= found.interval[1]
    return held / worlds


def test_intervals_over_articles_hold_the_truth_as_often_as_they_say() -> None:
    assert 0.90 <= coverage(100, by_article=True) <= 0.99


def test_intervals_over_single_items_would_promise_too_much() -> None:
    assert coverage(30, by_article=False) < 0.8


def test_the_mean_is_over_items_and_every_draw_is_the_same() -> None:
    values, articles = torch.tensor([1.0, 0.0, 0.0, 0.5]), ["a", "a", "b", "c"]
    found = mean(values, articles)
    assert (found.value, found.n, found.articles) == (0.375, 4, 3)
    assert found == mean(values, articles)
    assert found.interval == (0.0, 0.5)


def test_the_order_of_items_does_not_count() -> None:
    hits, articles = draw_world(0)
    order = np.random.default_rng(1).permutation(len(hits))
    assert share(hits[torch.from_numpy(order)], [articles[index] for index in order]) == share(hits, articles)


@pytest.mark.parametrize(("hit", "interval"), [(False, (0.0, 0.3085)), (True, (0.6915, 1.0))], ids=["none", "all"])
def test_all_alike_still_leaves_room_for_doubt(hit: bool, interval: tuple[float, float]) -> None:
    """Clopper and Pearson for 0 and 10 of 10 trials: 0 to 30.85 %, and the mirror of it."""
    found = share(torch.full((30,), hit), [str(index % 10) for index in range(30)])
    assert found.interval == pytest.approx(interval, abs=1e-4)


def test_one_article_gives_no_interval_and_no_item_no_error() -> None:
    assert share(torch.tensor([True, False]), ["a", "a"]) == Estimate(0.5, 2, 1, None)
    assert mean(torch.empty(0), []) == Estimate(0.0, 0, 0, None)


def test_a_gain_is_sure_where_its_interval_leaves_out_zero() -> None:
    each = [str(index) for index in range(40)]
    assert estimate(torch.tensor([1.0, 0.0, 0.0, 0.0]).repeat(10), each).excludes_zero
    assert not estimate(torch.tensor([1.0, -1.0, 0.0, 0.0]).repeat(10), each).excludes_zero
    assert not Estimate(0.5, 1, 1, None).excludes_zero
