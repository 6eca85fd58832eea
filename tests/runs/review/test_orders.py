"""What an order of review is worth: curves, and sessions through the store."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from bench.stand_ins.curators import SimulatedCurator
from curator.figure import FigureState, Hierarchy
from data.store import Store
from runs.review.corpora import Truths
from runs.review.orders import LOOPED, Outcome, session, summary, table, verdict
from runs.review.project import fill
from runs.review.sessions import Curve, by_ingest, looped, review_all

pytestmark = pytest.mark.process

FIGURES = 10
SEED = 71


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("drawn")
    list(Truths(FIGURES, SEED).articles(folder))
    return folder


def test_a_curve_says_what_was_mended_by_when() -> None:
    curve = Curve(np.array([10.0, 10.0, 20.0]), np.array([3, 0, 1]))
    assert [curve.mended_at(share) for share in (0.0, 0.125, 0.25, 0.5, 0.75, 1.0)] == [0, 0.375, 0.75, 0.75, 0.875, 1]
    assert curve.area() == pytest.approx(0.25 * 0.375 + 0.25 * 0.75 + 0.5 * 0.875)
    assert curve.in_order([2, 1, 0]).mended_at(0.5) == 0.25
    assert curve.in_order([1, 2, 0]).area() < curve.area()


def test_where_nothing_is_wrong_every_order_is_as_good() -> None:
    curve = Curve(np.array([5.0, 5.0]), np.array([0, 0]))
    assert (curve.mended_at(0.2), curve.area()) == (1.0, 0.5)


def test_a_session_mends_everything_in_any_order(drawn: Path) -> None:
    outcome = session(SEED, lambda store, seed: fill(store, Truths(FIGURES, seed), drawn, seed), every=4)
    assert next(iter(outcome.curves)) == "random"
    assert {*LOOPED, "first in, first out", "who knows the errors"} <= set(outcome.curves)
    every = [curve for curves in outcome.curves.values() for curve in curves]
    assert len({(int(curve.mended.sum()), round(float(curve.seconds.sum()), 3)) for curve in every}) == 1
    assert every[0].mended.sum() > 2
    best = outcome.mended("who knows the errors", 0.2)
    assert all(outcome.mended(order, 0.2) <= best + 1e-9 for order in outcome.curves)
    assert outcome.wrong_left("default", 1.0) == 0
    assert outcome.an_hour("default", 1.0) == pytest.approx(
        3600 * float(every[0].mended.sum()) / float(every[0].seconds.sum())
    )


def test_a_curator_stops_when_the_time_is_over(drawn: Path, tmp_path: Path) -> None:
    store = Store(tmp_path)
    known: dict[str, Hierarchy] = fill(store, Truths(FIGURES, SEED), drawn, SEED)
    curator = SimulatedCurator(known)
    whole, _ = by_ingest(store, curator, known)
    works = looped(store, curator, "default", 3, seconds=float(whole.seconds.sum()) / 2)
    spent = [work.seconds for work in works]
    assert sum(spent[:-1]) < whole.seconds.sum() / 2 <= sum(spent)
    assert store.queue.states()[FigureState.ACCEPTED] == len(works)
    left = [known_id for known_id in known if store.reviews.load(known_id, 0.0).review.state == FigureState.PROPOSED]
    assert len(review_all(store, curator, left)) == FIGURES - len(works)
    store.close()


def an_outcome(default: float) -> Outcome:
    """Of two figures; the default order comes to ``default`` of the errors in the first fifth of the time."""
    fair = Curve(np.array([20.0, 80.0]), np.array([2, 8]))
    good = Curve(np.array([20.0, 80.0]), np.array([round(10 * default), 10 - round(10 * default)]))
    return Outcome(
        {"random": [fair], "first in, first out": [fair], "default": [good], "who knows the errors": [good]}, 20
    )


def test_the_table_and_the_verdict_have_means_and_intervals_over_seeds() -> None:
    outcomes = [an_outcome(0.5), an_outcome(0.6), an_outcome(0.7)]
    lines = table(outcomes).splitlines()
    assert lines[0] == (
        "| order | mended at 10% | mended at 20% | mended at 50% | errors an hour | times random | area | nodes wrong |"
    )
    assert lines[4] == (
        "| default | 30.0 ± 12.4 % | 60.0 ± 24.8 % | 75.0 ± 15.5 % | 1080 ± 447 | 3.00 ± 1.24 | 0.70 ± 0.12 | "
        "20.0 ± 12.4 % |"
    )
    assert verdict(outcomes) == (
        "In the first 20% of the time the default order mends 3.00 ± 1.24 times as many errors as a random one; "
        "whoever knew the errors beforehand would mend 3.00 times as many."
    )
    assert summary(outcomes) == (
        "3 seeds of 2 figures: 20 nodes, 10 errors, 0% of the figures without any, 80% of them in the "
        "worst fifth; 0.0 h to review all"
    )
