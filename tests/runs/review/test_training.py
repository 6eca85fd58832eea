"""Whether an order of review makes a better model: what is trained on what, and how orders are compared."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from runs.review import training
from runs.review.reviewed import RANDOM, ReviewedCorpus
from runs.sizes import SIZES, TRAIN_SEED
from runs.trials import Result, Trial

SIZE = replace(SIZES["cpu"], seeds=3)
BETTER = {"default, 20% of the time, sure ones": 4.0, "default, 50% of the time, all open": 1.0}
"""Points that the default order is better by, on the mean of seeds."""


@pytest.fixture
def untrained(monkeypatch: pytest.MonkeyPatch) -> None:
    """Scores are made up: seeds differ by much, and what an order gains by a little less with each seed."""

    def run_trials(wanted: Sequence[Trial], folder: Path, processes: int) -> list[Result]:
        scores = [10.0 * trial.config.seed + BETTER.get(trial.row, 0.0) * (2 - trial.config.seed) for trial in wanted]
        return [
            Result(trial, dict.fromkeys(training.COLUMNS, score), 1.0)
            for trial, score in zip(wanted, scores, strict=True)
        ]

    monkeypatch.setattr(training, "run_trials", run_trials)
    monkeypatch.setattr(ReviewedCorpus, "hours", lambda corpus: corpus.seed - TRAIN_SEED + 1.0)


def test_both_orders_of_a_seed_have_the_same_figures_errors_time_and_first_weights() -> None:
    wanted = training.trials(SIZE)
    assert [trial.config.seed for trial in wanted] == [0] * 11 + [1] * 11 + [2] * 11
    for seed in range(3):
        of_seed = {trial.row: trial for trial in wanted if trial.config.seed == seed}
        assert len({(trial.config, trial.score_on) for trial in of_seed.values()}) == 1
        assert {trial.train_on.seed for trial in of_seed.values()} == {TRAIN_SEED + seed}
        for title, one, other in training.pairs():
            without = title.partition(" less ")[2]
            changed: dict[str, Any] = {"order": RANDOM} if "random" in without else {}
            if "all open" in without:
                changed["sure"] = 0.0
            first, second = of_seed[one].train_on, of_seed[other].train_on
            assert isinstance(first, ReviewedCorpus)
            assert first != second == replace(first, **changed)
    assert not {trial.train_on.seed for trial in wanted} & {trial.score_on.seed for trial in wanted}


def test_every_step_sees_regions() -> None:
    config = training.config(SIZE)
    assert config.steps == SIZE.steps // 2 == config.evaluate_every
    assert [stage.cycle for stage in config.stages] == [("R",)]


@pytest.mark.usefixtures("untrained")
def test_orders_are_compared_seed_by_seed(capsys: pytest.CaptureFixture[str]) -> None:
    training.main(["--seeds", "3"])
    hours, scores, pairs = capsys.readouterr().out.split("\n\n")
    assert hours == "3 seeds; all reviews take 2.0 h"
    assert len(scores.splitlines()) == 2 + 11
    lines = pairs.splitlines()
    assert "| 20% of the time, sure ones: default less random | +4.0 ± 9.9 | +4.0 ± 9.9 | +4.0 ± 9.9 |" in lines
    assert "| 50% of the time, all open: default less random | +1.0 ± 2.5 | +1.0 ± 2.5 | +1.0 ± 2.5 |" in lines
    assert "| default, 50% of the time: sure ones less all open | -1.0 ± 2.5 | -1.0 ± 2.5 | -1.0 ± 2.5 |" in lines
    assert "| random, 50% of the time: sure ones less all open" + " | +0.0 ± 0.0" * 3 + " |" in lines
    assert lines[-1].startswith("| 50% of the time: default, sure ones less random, all open | ")
    assert len(lines) == 2 + 4 + 5 + 2
