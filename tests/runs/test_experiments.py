"""The experiments as scripts: what they train, and what they print."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from types import ModuleType

import pytest

from runs import ablation, learning, noise
from runs.sizes import SIZES
from runs.tables import LEVELS
from runs.trials import Result, Trial
from trainer.presets import PRESETS

SCORES = {"flat": 2.0, "zoomin": 9.0}
"""Of regions; every seed is one better than the one before."""


@pytest.fixture
def trials(monkeypatch: pytest.MonkeyPatch) -> list[Trial]:
    """Those of the experiment that is run next; none is trained."""
    found: list[Trial] = []

    def run_trials(wanted: Sequence[Trial], folder: Path, processes: int) -> list[Result]:
        found.extend(wanted)
        names = {**learning.COLUMNS, **LEVELS}
        return [
            Result(trial, dict.fromkeys(names, SCORES.get(trial.row, 1.0) + trial.config.seed), 1.0) for trial in wanted
        ]

    for module in (learning, ablation, noise):
        monkeypatch.setattr(module, "run_trials", run_trials)
    return found


@pytest.mark.parametrize("module", [learning, ablation, noise], ids=["learning", "ablation", "noise"])
@pytest.mark.parametrize("size", sorted(SIZES))
def test_every_row_has_the_same_seeds_steps_and_pictures_and_a_line_in_the_table(
    module: ModuleType, size: str, trials: list[Trial], capsys: pytest.CaptureFixture[str]
) -> None:
    module.main(["--size", size])
    rows = list(dict.fromkeys(trial.row for trial in trials))
    seeds = [[trial.config.seed for trial in trials if trial.row == row] for row in rows]
    assert seeds == [[0, 1, 2]] * len(rows)
    assert len({(trial.config.steps, trial.config.evaluate_every, trial.score_on) for trial in trials}) == 1
    table = capsys.readouterr().out.split("\n\n")[0].splitlines()
    assert [line.split(" | ")[0].removeprefix("| ") for line in table[2:]] == rows


def test_learning_says_how_zoomin_compares_with_flat(trials: list[Trial], capsys: pytest.CaptureFixture[str]) -> None:
    learning.main([])
    assert {trial.row for trial in trials} == set(PRESETS)
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Region R@1 of zoomin is 3.3 times that of flat (its worst seed 2.2 times flat's best); "
        "figure R@1 differs by +7.0 ± 0.0 points."
    )


def test_noise_trains_zoomin_alone_and_scores_it_on_right_boxes(trials: list[Trial]) -> None:
    noise.main([])
    assert {trial.config.preset for trial in trials} == {"zoomin"}
    assert {trial.score_on.wrong_boxes for trial in trials} == {0.0}
    assert {trial.train_on.wrong_boxes for trial in trials} == {0.0, 0.1, 0.2, 0.4}


def test_steps_seeds_and_processes_can_be_named(trials: list[Trial]) -> None:
    learning.main(["--steps", "5", "--seeds", "1"])
    assert {(trial.config.steps, trial.config.seed) for trial in trials} == {(5, 0)}
    assert {trial.train_on.figures for trial in trials} == {SIZES["cpu"].figures}
