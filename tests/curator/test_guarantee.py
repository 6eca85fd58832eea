"""What accepting without a person promises: kept in as many draws as it says, and no threshold where it cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from curator.audit_sample import AuditFigure
from curator.guarantee import DELTA, guarantee

Draw = tuple[NDArray[np.float64], NDArray[np.int64], NDArray[np.int64]]


def draw(rng: np.random.Generator, count: int) -> Draw:
    """Confidences, sizes and wrong panels of figures whose confidence is their panels' mean rate of being right."""
    confidences = rng.beta(3, 0.4, count)
    sizes = np.minimum(rng.geometric(0.3, count), 8)
    rates = rng.beta(np.maximum(3 * (1 - confidences), 1e-9), np.maximum(3 * confidences, 1e-9))
    return confidences, sizes, rng.binomial(sizes, rates)


def sample_of(drawn: Draw) -> list[AuditFigure]:
    return [
        AuditFigure(str(n), float(confidence), int(size), int(wrong))
        for n, (confidence, size, wrong) in enumerate(zip(*drawn, strict=True))
    ]


def test_of_what_is_accepted_no_more_is_wrong_than_asked_in_as_many_draws_as_promised() -> None:
    rng = np.random.default_rng(0)
    confidences, sizes, wrong = draw(rng, 300_000)
    broken = made = 0
    for _ in range(100):
        found = guarantee(sample_of(draw(rng, 800)), confidences[:1000], 0.05, max_panels=8)
        if found.threshold is not None:
            accepted = confidences >= found.threshold
            made += 1
            broken += wrong[accepted].sum() > 0.05 * sizes[accepted].sum()
    assert made > 60
    assert broken <= 100 * DELTA + 3 * np.sqrt(100 * DELTA)


def test_where_confidence_says_nothing_a_promise_that_cannot_be_kept_is_hardly_ever_made() -> None:
    rng = np.random.default_rng(1)
    made = 0
    for _ in range(100):
        _, sizes, _ = draw(rng, 800)
        useless = (rng.random(800), sizes, rng.binomial(sizes, 0.06))
        made += guarantee(sample_of(useless), rng.random(1000), 0.05, max_panels=8).threshold is not None
    assert made <= 100 * DELTA + 3 * np.sqrt(100 * DELTA)


@pytest.mark.parametrize("together", [False, True], ids=["panel by panel", "whole figures"])
def test_also_where_only_small_figures_are_accepted_a_promise_that_cannot_be_kept_is_hardly_ever_made(
    together: bool,
) -> None:
    rng = np.random.default_rng(4)
    made = 0
    for _ in range(100):
        sizes = np.minimum(rng.geometric(0.3, 300), 12)
        wrong = sizes * (rng.random(300) < 0.055) if together else rng.binomial(sizes, 0.055)
        open_panels = np.minimum(rng.geometric(0.3, 1000), 12)
        found = guarantee(sample_of((rng.random(300), sizes, wrong)), rng.random(1000), 0.05, open_panels=open_panels)
        assert found.max_panels < 12
        made += found.threshold is not None
    assert made <= 100 * DELTA + 3 * np.sqrt(100 * DELTA)


def test_of_a_small_sample_only_small_figures_are_accepted_and_of_a_large_one_all() -> None:
    rng = np.random.default_rng(5)
    open_panels = np.minimum(rng.geometric(0.4, 1000), 12)

    def clean(count: int) -> list[AuditFigure]:
        sizes = np.minimum(rng.geometric(0.4, count), 12)
        return sample_of((rng.random(count), sizes, 0 * sizes))

    assert guarantee(clean(350), rng.random(1000), 0.02).threshold is None
    small = guarantee(clean(350), rng.random(1000), 0.02, open_panels=open_panels)
    assert small.threshold is not None
    assert small.max_panels < 6
    assert guarantee(clean(5000), rng.random(1000), 0.02, open_panels=open_panels).max_panels == 12


def test_the_share_of_a_figure_s_panels_accepted_and_wrong_is_on_average_what_was_asked() -> None:
    rng = np.random.default_rng(2)
    confidences, sizes, wrong = draw(rng, 300_000)
    losses = []
    for _ in range(300):
        found = guarantee(sample_of(draw(rng, 150)), confidences[:1000], 0.05, "all", max_panels=8)
        assert found.threshold is not None
        losses.append((wrong / sizes)[confidences >= found.threshold].sum() / len(confidences))
    assert np.mean(losses) <= 0.05 + 2 * np.std(losses) / np.sqrt(300)
    assert np.mean(losses) > 0.03  # it is no promise of nothing


@pytest.mark.parametrize("promised", ["accepted", "all"])
def test_a_small_sample_accepts_nothing_and_says_how_many_more_it_takes(promised: str) -> None:
    clean = [AuditFigure(str(n), 0.99, 4, 0) for n in range(10)]
    found = guarantee(clean, np.full(100, 0.9), 0.02, promised)  # type: ignore[arg-type]
    assert found.threshold is None
    assert found.more_reviews is not None
    assert found.more_reviews > 30
    assert "10 figures of the audit sample were reviewed" in found.text
    enough = [AuditFigure(str(n), 0.99, 4, 0) for n in range(10 + found.more_reviews)]
    assert guarantee(enough, np.full(100, 0.9), 0.02, promised).threshold is not None  # type: ignore[arg-type]


@pytest.mark.parametrize("promised", ["accepted", "all"])
def test_a_reason_that_is_about_small_figures_alone_says_so(promised: str) -> None:
    sample = [AuditFigure(str(n), 0.99, 1 if n < 4 else 40, 0) for n in range(300)]
    found = guarantee(sample, np.full(100, 0.9), 0.02, promised, max_panels=1)  # type: ignore[arg-type]
    assert found.text.startswith("4 figures of the audit sample of at most 1 panel were reviewed; ")


def test_nothing_reviewed_promises_nothing() -> None:
    assert guarantee([], np.zeros(0), 0.02).threshold is None
    assert guarantee([], np.zeros(0), 0.02, "all").threshold is None


def test_where_the_surest_are_wrong_too_more_reviews_would_not_help() -> None:
    bad = [AuditFigure(str(n), n / 500, 4, 2) for n in range(500)]
    found = guarantee(bad, np.arange(100) / 100, 0.02)
    assert found.threshold is None
    assert found.more_reviews is None
    assert "more reviews would not bring a promise of 2.0%" in found.text
    assert guarantee(bad, np.arange(100) / 100, 0.02, "all").accepted_figures <= 20


def test_where_no_reviewed_figure_is_as_sure_as_those_that_wait_it_says_so_and_how_many_as_sure_it_takes() -> None:
    less_sure = [AuditFigure(str(n), 0.5, 4, 0) for n in range(500)]
    waiting = 0.9 + np.arange(100) / 1000
    found = guarantee(less_sure, waiting, 0.02)
    assert found.threshold is None
    assert found.more_reviews is not None
    assert found.text == (
        "500 figures of the audit sample were reviewed; none of them is as sure as any figure that could be accepted, "
        f"so that they tell nothing of those: a promise of 2.0% takes about {found.more_reviews:,} more reviews of "
        "figures as sure"
    )
    as_sure = [AuditFigure(f"more {n}", 0.995, 4, 0) for n in range(found.more_reviews)]
    assert guarantee(less_sure + as_sure, waiting, 0.02).threshold is not None


def test_near_misses_say_about_how_many_more_reviews_it_takes() -> None:
    rng = np.random.default_rng(3)
    sample = [AuditFigure(str(n), float(rng.random()), 4, int(n % 20 == 0)) for n in range(450)]
    found = guarantee(sample, rng.random(1000), 0.02)
    assert found.threshold is None
    assert found.more_reviews is not None
    assert "more reviews to promise 2.0%" in found.text


def test_figures_of_many_panels_are_no_part_of_it() -> None:
    many = [AuditFigure(str(n), 0.99, 40, 0) for n in range(5000)]
    assert guarantee(many, np.full(100, 0.9), 0.02).sample_figures == 0


def test_the_promise_says_what_it_is_a_share_of() -> None:
    clean = [AuditFigure(str(n), 0.99, 4, 0) for n in range(600)]
    assert guarantee(clean, np.full(100, 0.9), 0.02).text == (
        "of the panels accepted this way at most 2.0% are wrong; such a promise holds in 90% of cases"
    )
    assert guarantee(clean, np.full(100, 0.9), 0.02, "all").text == (
        "at most 2.0% of a figure's panels are accepted and wrong, on average over all figures"
    )
