"""The audit sample: who is in it, and what it says of all others."""

from __future__ import annotations

import numpy as np
import pytest

from curator.audit_sample import SHARE, AuditFigure, in_audit, place_of, places_of, statement


def draw(rng: np.random.Generator, figures: int, wrong: float) -> list[AuditFigure]:
    """Figures whose panels go wrong together: each figure has its own rate, with ``wrong`` as its mean."""
    sizes = np.minimum(rng.geometric(0.25, figures), 12)
    found = rng.binomial(sizes, rng.beta(2 * wrong, 2 * (1 - wrong), figures))
    return [AuditFigure("", 0.5, int(size), int(bad)) for size, bad in zip(sizes, found, strict=True)]


def test_a_twentieth_is_in_the_sample_and_stays_in_it() -> None:
    drawn = [figure_id for figure_id in (f"PMC{n}:f" for n in range(20_000)) if in_audit(figure_id)]
    assert len(drawn) == pytest.approx(20_000 * SHARE, rel=0.1)
    assert all(in_audit(figure_id) for figure_id in drawn)
    assert {figure_id for figure_id in drawn if in_audit(figure_id, seed=1)} != set(drawn)


def test_nothing_is_said_before_two_figures() -> None:
    assert statement([]) is None
    assert statement([AuditFigure("a", 0.5, 4, 0), AuditFigure("b", 0.5, 0, 0)]) is None


def test_a_sample_without_errors_does_not_claim_that_there_are_none() -> None:
    made = statement([AuditFigure(str(n), 0.9, 5, 0) for n in range(40)])
    assert made is not None
    assert made.right == 1
    assert 0.8 < made.low < 0.95
    assert made.design_effect == 5  # nothing tells how errors come together: as if all panels of a figure did


def test_errors_that_come_together_widen_the_interval() -> None:
    together = statement([AuditFigure(str(n), 0.9, 10, 10 if n < 5 else 0) for n in range(50)])
    apart = statement([AuditFigure(str(n), 0.9, 10, 1) for n in range(50)])
    assert together is not None
    assert apart is not None
    assert together.right == apart.right == 0.9
    assert together.margin > 1.5 * apart.margin


def test_the_sentence_gives_share_margin_and_numbers() -> None:
    made = statement([AuditFigure(str(n), 0.9, 4, int(n < 5)) for n in range(100)])
    assert made is not None
    assert str(made) == f"98.8% ± {made.margin:.1%} (100 figures, 400 panels)"


@pytest.mark.parametrize("wrong", [0.03, 0.15])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(wrong: float) -> None:
    rng = np.random.default_rng(5)
    made = [statement(draw(rng, 80, wrong)) for _ in range(300)]
    covered = [one is not None and one.low <= 1 - wrong <= one.high for one in made]
    assert np.mean(covered) >= 0.94


@pytest.mark.parametrize("figures", [100, 300])
def test_the_interval_covers_the_truth_where_few_large_figures_hold_all_errors(figures: int) -> None:
    rng = np.random.default_rng(6)
    sizes = np.minimum(rng.geometric(0.3, 50_000), 12)
    wrong = np.where((sizes >= 8) & (rng.random(50_000) < 0.3), sizes, 0)
    truth = 1 - wrong.sum() / sizes.sum()
    covered = []
    for _ in range(300):
        drawn = rng.integers(50_000, size=figures)
        made = statement([AuditFigure("", 0.5, int(sizes[one]), int(wrong[one])) for one in drawn])
        covered.append(made is not None and made.low <= truth <= made.high)
    assert np.mean(covered) >= 0.94


def test_the_rarer_of_right_and_wrong_is_counted_so_that_both_ends_mirror() -> None:
    wrong = statement([AuditFigure(str(n), 0.9, 4, int(n < 5)) for n in range(100)])
    right = statement([AuditFigure(str(n), 0.9, 4, 4 - int(n < 5)) for n in range(100)])
    assert wrong is not None
    assert right is not None
    assert (right.low, right.high) == pytest.approx((1 - wrong.high, 1 - wrong.low))


def test_places_of_many_are_those_of_each() -> None:
    ids = [f"PMC{n}:f" for n in range(50)]
    assert places_of(ids).tolist() == [place_of(figure_id) for figure_id in ids]
    assert places_of([]).tolist() == []
