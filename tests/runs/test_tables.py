"""Tables of trials: means over seeds, and differences seed by seed."""

from __future__ import annotations

import math

import pytest

from runs.corpora import Corpus
from runs.tables import difference_table, interval, score_table
from runs.trials import Result, Trial
from trainer.machine import Machine
from trainer.presets import make_config

CONFIG = make_config("flat", Machine("cpu", 8.0, 2), 1)


def a_result(row: str, seed: int, box: float) -> Result:
    from dataclasses import replace

    trial = Trial(row, replace(CONFIG, seed=seed), Corpus(4, 0), Corpus(4, 1))
    return Result(trial, {"box": box}, 10.0 + seed)


RESULTS = [
    *(a_result("flat", seed, box) for seed, box in ((0, 2.0), (1, 4.0), (2, 6.0))),
    *(a_result("zoomin", seed, box) for seed, box in ((2, 26.0), (0, 22.0), (1, 24.0))),
]


def test_an_interval_is_students_over_the_seeds() -> None:
    mean, half = interval([2.0, 4.0, 6.0])
    assert mean == 4.0
    assert half == pytest.approx(4.303 * 2 / math.sqrt(3), rel=1e-3)
    assert interval([3.0]) == (3.0, math.inf)


def test_scores_stand_with_their_intervals_row_by_row() -> None:
    assert score_table(RESULTS, {"box": "region"}).splitlines() == [
        "|  | region | seconds |",
        "| --- | --- | --- |",
        "| flat | 4.0 ± 5.0 | 11 |",
        "| zoomin | 24.0 ± 5.0 | 11 |",
    ]


def test_differences_are_taken_seed_by_seed_whatever_their_order() -> None:
    assert difference_table(RESULTS, {"box": "region"}, "flat").splitlines() == [
        "| less flat | region |",
        "| --- | --- |",
        "| zoomin | **+20.0 ± 0.0** |",
    ]


def test_a_difference_that_may_be_chance_is_not_bold() -> None:
    noisy = [*RESULTS[:3], *(a_result("same", seed, box) for seed, box in ((0, 9.0), (1, 1.0), (2, 6.0)))]
    assert difference_table(noisy, {"box": "region"}, "flat").splitlines()[-1] == "| same | +1.3 ± 12.7 |"
