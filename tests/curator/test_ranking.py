"""Ranking: strategies over one table, the audit sample between them, and the reason in words."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from curator.audit_sample import in_audit, place_of
from curator.figure import PanelKind
from curator.ranking import AUDIT_EVERY, KINDS, STRATEGIES, FigureTable, rank, why

GEL, PLOT = (1 << KINDS.index(kind) for kind in (PanelKind.GEL, PanelKind.PLOT))


def table(count: int, seed: int = 0, audit: bool = False) -> FigureTable:
    rng = np.random.default_rng(seed)
    figure_ids = [f"PMC{number}:fig1" for number in range(count)]
    vectors = rng.standard_normal((count, 16), np.float32)
    return FigureTable(
        figure_ids,
        np.arange(count),
        rng.gamma(1.0, 1.0, count),
        5 + 20 * rng.random(count),
        rng.random(count),
        rng.random(count),
        rng.integers(1, 2 ** len(KINDS), count),
        rng.integers(0, 5, count),
        np.array([audit and in_audit(figure_id) for figure_id in figure_ids], np.bool_),
        vectors / np.linalg.norm(vectors, axis=1, keepdims=True),
        np.zeros((5, len(KINDS)), np.int64),
    )


@pytest.mark.parametrize("name", STRATEGIES)
def test_every_strategy_gives_each_figure_one_place_and_the_same_for_the_same_seed(name: str) -> None:
    figures = table(300, audit=True)
    order = rank(figures, STRATEGIES[name], seed=3)
    assert sorted(order.tolist()) == list(range(300))
    assert order.tolist() == rank(figures, STRATEGIES[name], seed=3).tolist()


@pytest.mark.parametrize("name", STRATEGIES)
def test_an_empty_project_has_an_empty_order(name: str) -> None:
    assert rank(table(0), STRATEGIES[name]).tolist() == []


def test_every_twentieth_place_is_the_samples_and_no_other_in_the_order_of_its_hash() -> None:
    figures = table(2000, audit=True)
    order = rank(figures, STRATEGIES["errors_per_second"])
    places = np.flatnonzero(figures.audit[order])
    assert len(places) > 80
    others = len(figures) - len(places)
    regular = [place for place in places if place < others]
    assert regular == [AUDIT_EVERY * k - 1 for k in range(1, len(regular) + 1)]
    drawn = [place_of(figures.figure_ids[row]) for row in order[places]]
    assert drawn == sorted(drawn)


def test_errors_per_second_finds_the_most_in_any_time() -> None:
    figures = table(200)
    found = {}
    for name in ("errors_per_second", "random", "fifo", "least_confident"):
        order = rank(figures, STRATEGIES[name])
        done = np.cumsum(figures.seconds[order]) <= 600
        found[name] = figures.expected_errors[order][done].sum()
    assert max(found, key=lambda name: found[name]) == "errors_per_second"
    assert found["errors_per_second"] > 2 * found["random"]


def test_the_default_keeps_to_the_rate_and_lets_a_copy_wait() -> None:
    figures = replace(table(4), expected_errors=np.array([5.0, 4.9, 4.0, 0.5]), seconds=np.full(4, 10.0))
    one, other, third = np.eye(16, dtype=np.float32)[:3]
    figures = replace(figures, kinds=np.full(4, GEL), journals=np.zeros(4, np.int64))
    copies = replace(figures, vectors=np.array([one, one, other, third]))
    assert rank(copies, STRATEGIES["default"]).tolist() == [0, 2, 1, 3]
    unlike = replace(figures, vectors=np.eye(16, dtype=np.float32)[:4])
    assert rank(unlike, STRATEGIES["default"]).tolist() == [0, 1, 2, 3]


def test_what_is_like_a_reviewed_figure_waits_too() -> None:
    one, other = np.eye(16, dtype=np.float32)[:2]
    figures = replace(
        table(2),
        expected_errors=np.array([1.05, 1.0]),
        seconds=np.ones(2),
        kinds=np.full(2, GEL),
        journals=np.zeros(2, np.int64),
        vectors=np.array([one, other]),
        covered_vectors=one[None],
    )
    assert rank(figures, STRATEGIES["default"]).tolist() == [1, 0]


def test_figures_without_an_embedding_are_not_taken_for_copies_of_each_other() -> None:
    vectors = np.eye(16, dtype=np.float32)[:4]
    vectors[1:3] = 0
    figures = replace(table(4), expected_errors=np.array([4.0, 3, 2, 1]), seconds=np.ones(4), vectors=vectors)
    figures = replace(figures, kinds=np.full(4, GEL), journals=np.zeros(4, np.int64))
    assert rank(figures, STRATEGIES["default"]).tolist() == [0, 1, 2, 3]


def test_diverse_takes_one_of_each_group_before_a_second() -> None:
    groups = np.repeat(np.eye(16, dtype=np.float32)[:5], 4, axis=0)
    order = rank(replace(table(20), vectors=groups), STRATEGIES["diverse"])
    assert sorted(row // 4 for row in order[:5].tolist()) == [0, 1, 2, 3, 4]


def test_coverage_takes_a_kind_that_nobody_has_reviewed_before_one_that_was() -> None:
    covered = np.zeros((5, len(KINDS)), np.int64)
    covered[0, KINDS.index(PanelKind.PLOT)] = 50
    figures = replace(table(40), kinds=np.array([PLOT] * 39 + [GEL]), journals=np.zeros(40, np.int64), covered=covered)
    assert rank(figures, STRATEGIES["coverage"])[0] == 39


def test_vectors_may_be_read_for_the_front_alone() -> None:
    figures = table(3000)
    asked = []

    def read(
        rows: np.ndarray[tuple[int, ...], np.dtype[np.int64]],
    ) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
        asked.append(len(rows))
        assert isinstance(figures.vectors, np.ndarray)
        return figures.vectors[rows]

    lazily = rank(replace(figures, vectors=read), STRATEGIES["default"])
    assert lazily.tolist() == rank(figures, STRATEGIES["default"]).tolist()
    assert asked == [1024]


def test_the_reason_is_told_in_numbers() -> None:
    covered = np.zeros((2, len(KINDS)), np.int64)
    covered[0, KINDS.index(PanelKind.PLOT)] = 3
    figures = replace(
        table(3),
        expected_errors=np.array([2.11, 1.0, 0.04]),
        seconds=np.array([14.2, 9, 5]),
        disagreement=np.array([0.5, 0.0, 0.0]),
        kinds=np.array([GEL | PLOT, PLOT, GEL]),
        journals=np.array([0, 0, 1]),
        covered=covered,
    )
    assert [why(figures, 0, "panel C"), why(figures, 1), why(figures, 2)] == [
        "about 2.1 errors in 14 s; agents disagree, panel C is least sure; no gel of its journal reviewed yet",
        "about 1.0 error in 9 s",
        "about 0.0 errors in 5 s; no figure of its journal reviewed yet",
    ]
    assert why(replace(figures, nameless=1), 2) == "about 0.0 errors in 5 s"


def test_nothing_tells_a_figure_of_the_audit_sample_from_others() -> None:
    figures = table(2)
    audited = replace(figures, audit=np.array([True, True]))
    assert [why(figures, row) for row in range(2)] == [why(audited, row) for row in range(2)]
