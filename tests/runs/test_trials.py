"""Trials are kept once they have ended, and a set of them goes on where it was interrupted."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("open_clip", reason="training needs 'make models'")

from runs import trials as module  # noqa: E402
from runs.corpora import Corpus  # noqa: E402
from runs.trials import Trial, run_trials, with_seeds  # noqa: E402
from tests.trainer.small_runs import small_config  # noqa: E402

SMALL, SCORED = Corpus(14, 1), Corpus(6, 2)


def a_trial(row: str = "zoomin", **changes: Any) -> Trial:
    return Trial(row, small_config(steps=2, evaluate_every=2, **changes), SMALL, SCORED)


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The rows that are trained from now on."""
    rows: list[str] = []
    run = module._run

    def noted(trial: Trial, folder: Path) -> None:
        rows.append(trial.row)
        run(trial, folder)

    monkeypatch.setattr(module, "_run", noted)
    return rows


def test_a_trial_that_has_ended_is_not_trained_again(tmp_path: Path, trained: list[str]) -> None:
    first, other = a_trial(), a_trial("flat", preset="flat")
    (before,) = run_trials([first], tmp_path)
    both = run_trials([other, first], tmp_path)
    assert trained == ["zoomin", "flat"]
    assert [result.trial for result in both] == [other, first]
    assert both[1] == before
    assert before.seconds > 0
    assert {"figure", "panel", "region", "box", "box i2t", "negatives", "pointing"} <= set(before.scores)
    assert not list(tmp_path.glob("run-*"))


def test_rows_that_mean_the_same_share_one_training(tmp_path: Path, trained: list[str]) -> None:
    one, two = run_trials([a_trial("zoomin"), a_trial("0 % wrong")], tmp_path)
    assert trained == ["zoomin"]
    assert one.scores == two.scores
    assert (one.trial.row, two.trial.row) == ("zoomin", "0 % wrong")


def test_after_a_failure_those_that_ended_are_kept(
    tmp_path: Path, trained: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    noted, wanted = module._run, [a_trial(f"seed {seed}", seed=seed) for seed in range(3)]

    def fails_once(trial: Trial, folder: Path) -> None:
        if trial == wanted[1] and "seed 1" not in trained:
            trained.append("seed 1")
            raise KeyboardInterrupt
        noted(trial, folder)

    monkeypatch.setattr(module, "_run", fails_once)
    with pytest.raises(KeyboardInterrupt):
        run_trials(wanted, tmp_path)
    run_trials(wanted, tmp_path)
    assert trained == ["seed 0", "seed 1", "seed 1", "seed 2"]


def test_an_interrupted_training_goes_on_from_its_checkpoint_with_the_same_scores(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import trainer.train

    trial, train = a_trial(), trainer.train.train
    (whole,) = run_trials([trial], tmp_path / "whole")

    def interrupted(export: Path, run: Path, config: Any, **how: Any) -> Any:
        train(export, run, config, **how)
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer.train, "train", interrupted)
    with pytest.raises(KeyboardInterrupt):
        run_trials([trial], tmp_path)
    monkeypatch.setattr(trainer.train, "train", train)
    began: list[str] = []
    monkeypatch.setattr(
        trainer.train,
        "train",
        lambda *args, **how: train(*args, **how, report=lambda line: began.append(line["kind"])),
    )
    (found,) = run_trials([trial], tmp_path)
    assert "resume" in began
    assert "step" not in began
    assert found.scores == whole.scores


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
    config = small_config(steps=2, evaluate_every=2, model="curator-tiny", image_px=32)
    wanted = with_seeds(Trial("zoomin", config, SMALL, SCORED), (0, 1))
    alone, together = (run_trials(wanted, tmp_path / str(n), processes=n) for n in (1, 2))
    for one, two in zip(alone, together, strict=True):
        assert one.scores == pytest.approx(two.scores, abs=1e-3)
