from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from curator.calibration import (
    Calibration,
    Source,
    Tally,
    calibrated,
    calibration_error,
    cross_validated,
    fit,
    reliability,
)
from curator.figure import Hierarchy, Marker, MarkerKind, Panel, Provenance

TALLIES = st.lists(
    st.tuples(st.floats(0, 1), st.integers(1, 50), st.integers(0, 50)).map(
        lambda drawn: Tally(drawn[0], drawn[1], min(drawn[1], drawn[2]))
    ),
    max_size=30,
)


def overconfident(count: int, seed: int = 0) -> list[Tally]:
    """Decisions of an agent that says c and is right c cubed of the times."""
    random = np.random.default_rng(seed)
    raw = random.random(count).round(3)
    right = random.random(count) < raw**3
    return [Tally(float(c), 1, int(r), n % 5) for n, (c, r) in enumerate(zip(raw, right, strict=True))]


@settings(deadline=None)  # the first example imports scipy
@given(st.floats(0, 1))
def test_without_decisions_the_agent_is_taken_at_its_word(confidence: float) -> None:
    assert fit([])(confidence) == pytest.approx(confidence, abs=1e-12)
    assert Calibration()(confidence) == pytest.approx(confidence)


@settings(deadline=None)
@given(TALLIES)
def test_a_calibration_rises_and_stays_a_probability(tallies: list[Tally]) -> None:
    found = [fit(tallies)(confidence) for confidence in np.linspace(0, 1, 101)]
    assert all(0 <= low <= high <= 1 for low, high in pairwise(found))


def test_one_decision_moves_little_and_many_decide() -> None:
    assert fit([Tally(0.9, 1, 0)])(0.9) == pytest.approx(0.65, abs=0.05)
    assert fit([Tally(0.9, 1000, 300)])(0.9) == pytest.approx(0.3, abs=0.01)


def test_what_an_overconfident_agent_says_is_corrected_on_figures_it_was_not_fitted_on() -> None:
    learned = fit(overconfident(2000))
    for confidence in (0.2, 0.5, 0.8):
        assert learned(confidence) == pytest.approx(confidence**3, abs=0.08)
    fresh = overconfident(2000, seed=1)
    before = calibration_error(reliability(fresh))
    after = calibration_error(reliability(replace(tally, confidence=learned(tally.confidence)) for tally in fresh))
    assert before > 0.2
    assert after < 0.05


def test_cross_validation_measures_no_fold_with_itself() -> None:
    lone = [Tally(0.9, 100, 0, fold=0)]
    assert cross_validated(lone)[0].confidence == pytest.approx(0.9)
    both = cross_validated([*lone, Tally(0.9, 100, 100, fold=1)])
    assert [round(tally.confidence) for tally in both] == [1, 0]


def test_order_and_grouping_of_decisions_do_not_matter() -> None:
    grouped = fit([Tally(0.7, 3, 2), Tally(0.2, 1, 0)])
    single = fit([Tally(0.2, 1, 0), Tally(0.7, 1, 0), Tally(0.7, 1, 1), Tally(0.7, 1, 1)])
    assert grouped == single


def test_each_source_is_calibrated_apart_and_the_raw_confidence_kept() -> None:
    said = Provenance("lvlm", "1", "", 0.8, "Qwen2.5-VL")
    panel = Panel("p1", (0, 0, 9, 9), said, "A")
    other = Panel("p2", (0, 0, 9, 9), replace(said, model="Qwen3-VL"))
    silent = Panel("p3", (0, 0, 9, 9), replace(said, confidence=None))
    marker = Marker("m4", "p1", MarkerKind.ARROW, (0, 0, 9, 9), said)
    hierarchy = Hierarchy((panel, other, silent), (marker,))
    half = {Source("panel", "lvlm", "Qwen2.5-VL"): Calibration((0, 1), (0, 0.5))}
    found = calibrated(hierarchy, half)
    assert found == replace(
        hierarchy,
        panels=(replace(panel, provenance=replace(said, confidence=0.4, raw_confidence=0.8)), other, silent),
    )
    assert calibrated(found, half) == found


def test_bins_hold_their_share_and_the_error_is_weighted_by_number() -> None:
    bins = reliability([Tally(0.9, 2, 1), Tally(1.0, 2, 2), Tally(0.3, 1, 1)])
    assert [(round(found.expected, 9), found.count, found.right) for found in bins] == [(0.3, 1, 1), (0.95, 4, 3)]
    assert calibration_error(bins) == pytest.approx((1 * 0.7 + 4 * 0.2) / 5)
    assert calibration_error([]) == 0
