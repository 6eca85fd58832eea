"""Trials are kept once they have ended, and a set of them goes on where it was interrupted."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("open_clip", reason="training needs 'make models'")

import trainer.train as training
from runs import trials as module
from runs.corpora import Corpus
from runs.trials import Trial, run_trials, with_seeds
from tests.trainer.small_runs import small_config

SMALL, SCORED = Corpus(10, 1), Corpus(4, 2)


def a_trial(row: str = "zoomin", **changes: Any) -> Trial:
    return Trial(row, small_config(**{"steps": 2, "evaluate_every": 2, **changes}), SMALL, SCORED)


@pytest.fixture
def rows(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Of the trials that are run from now on; none trains, and the second one is interrupted the first time."""
    found: list[str] = []

    def run(trial: Trial, folder: Path) -> None:
        found.append(trial.row)
        if len(found) == 2:
            raise KeyboardInterrupt
        path = module._kept(folder, trial)
        path.write_text(json.dumps({"scores": {"box": float(len(found))}, "seconds": 1.0}))

    monkeypatch.setattr(module, "_run", run)
    return found


def test_a_set_that_was_interrupted_goes_on_with_what_has_not_ended(tmp_path: Path, rows: list[str]) -> None:
    wanted = [a_trial(f"seed {seed}", seed=seed) for seed in range(3)]
    with pytest.raises(KeyboardInterrupt):
        run_trials(wanted, tmp_path)
    results = run_trials(wanted, tmp_path)
    assert rows == ["seed 0", "seed 1", "seed 1", "seed 2"]
    assert [result.trial for result in results] == wanted
    assert [result.scores["box"] for result in results] == [1.0, 3.0, 4.0]


def test_rows_that_mean_the_same_share_one_training(tmp_path: Path, rows: list[str]) -> None:
    results = run_trials([a_trial("zoomin"), a_trial("0 % wrong")], tmp_path)
    assert rows == ["zoomin"]
    assert [(result.trial.row, result.scores["box"]) for result in results] == [("zoomin", 1.0), ("0 % wrong", 1.0)]


def test_a_trial_is_scored_and_an_interrupted_one_goes_on_from_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trial, train, kinds = a_trial(), training.train, list[str]()
    (whole,) = run_trials([trial], tmp_path / "whole")
    assert {"figure", "panel", "region", "box", "box i2t", "negatives", "pointing"} <= set(whole.scores)
    assert all(0 <= value <= 100 for value in whole.scores.values())
    assert whole.seconds > 0
    assert not list((tmp_path / "whole").glob("run-*"))

    def killed_at_its_end(*arguments: Any, **how: Any) -> None:
        train(*arguments, **how)
        raise KeyboardInterrupt

    def noted(*arguments: Any, **how: Any) -> Any:
        return train(*arguments, **how, report=lambda line: kinds.append(line["kind"]))

    monkeypatch.setattr(training, "train", killed_at_its_end)
    with pytest.raises(KeyboardInterrupt):
        run_trials([trial], tmp_path)
    monkeypatch.setattr(training, "train", noted)
    (resumed,) = run_trials([trial], tmp_path)
    assert "resume" in kinds
    assert "step" not in kinds
    assert resumed.scores == whole.scores


def test_seeds_configurations_and_corpora_make_different_trials() -> None:
    trial = a_trial()
    changed = [
        *with_seeds(trial, (0, 1)),
        replace(trial, config=replace(trial.config, lr=1.0)),
        replace(trial, train_on=replace(SMALL, wrong_boxes=0.4)),
        replace(trial, score_on=replace(SCORED, seed=3)),
    ]
    assert len({trial.key for trial in changed}) == len(changed)
    assert replace(trial, row="another").key == trial.key


@pytest.mark.process
def test_several_processes_give_the_scores_of_one(tmp_path: Path) -> None:
    config = small_config(steps=1, evaluate_every=1, model="curator-tiny", image_px=32)
    both = with_seeds(Trial("zoomin", config, SMALL, SCORED), (0, 1))
    together = run_trials(both, tmp_path / "together", processes=2)
    module._take_one_thread()
    (alone,) = run_trials(both[1:], tmp_path / "alone")
    assert alone.scores == pytest.approx(together[1].scores, abs=1e-3)
    assert [result.trial for result in together] == both
