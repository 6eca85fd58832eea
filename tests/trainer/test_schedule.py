"""Which level, weights and rate each step has."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from curator.errors import TrainingError
from trainer.config import Stage, TrainConfig, Weights
from trainer.machine import Machine
from trainer.presets import make_config
from trainer.schedule import levels_of, phase_at, stage_ends

ONE = TrainConfig("p", (Stage("all", 1.0, ("M", "P", "R"), Weights()),), "curator-tiny", 100, 4, 64, 1.0, 0.0, 10)
TWO = replace(ONE, stages=(Stage("a", 0.3, ("M",), Weights()), Stage("b", 0.7, ("P", "R"), Weights(roi=2), 0.1)))


def test_the_rate_rises_linearly_and_falls_by_half_a_cosine() -> None:
    rates = [phase_at(ONE, step).lr for step in range(100)]
    assert rates[:10] == pytest.approx([(step + 1) / 10 for step in range(10)])
    assert rates[10:] == pytest.approx([0.5 * (1 + math.cos(math.pi * step / 90)) for step in range(90)])


def test_without_warm_up_the_first_step_has_the_full_rate() -> None:
    assert phase_at(replace(ONE, warmup_steps=0), 0).lr == 1.0


def test_levels_take_turns_within_a_stage() -> None:
    assert "".join(phase_at(ONE, step).level for step in range(7)) == "MPRMPRM"
    assert "".join(phase_at(TWO, step).level for step in range(28, 34)) == "MMPRPR"


def test_each_stage_has_its_share_its_weights_and_a_cosine_of_its_own() -> None:
    assert stage_ends(TWO) == (30, 100)
    assert phase_at(TWO, 29).stage.name == "a"
    assert phase_at(TWO, 29).lr < 0.02
    assert phase_at(TWO, 30).lr == pytest.approx(0.1)
    assert phase_at(TWO, 30).stage.weights.roi == 2
    assert phase_at(TWO, 99).lr < 0.001


@pytest.mark.parametrize("steps", [1, 2, 7, 1000])
@pytest.mark.parametrize("preset", ["zoomin", "panel2patch", "regionmed", "flat"])
def test_every_step_of_every_preset_has_a_phase_with_a_positive_rate(preset: str, steps: int) -> None:
    config = make_config(preset, Machine("cpu", 8.0, 2), steps)
    assert all(phase_at(config, step).lr > 0 for step in range(steps))
    assert stage_ends(config)[-1] == steps


def test_the_levels_of_a_run_are_named_coarse_to_fine() -> None:
    assert levels_of(replace(TWO, stages=TWO.stages[::-1])) == ("M", "P", "R")
    assert levels_of(make_config("flat", Machine("cpu", 8.0, 2), 10)) == ("M",)


def test_shares_that_do_not_make_one_are_refused() -> None:
    with pytest.raises(TrainingError, match=r"shares are \[0\.5\], together 0\.5; they must be positive and make 1"):
        phase_at(replace(ONE, stages=(replace(ONE.stages[0], share=0.5),)), 0)


def test_a_stage_without_a_level_is_refused() -> None:
    with pytest.raises(TrainingError, match=r"stages \['all'\] name no level"):
        phase_at(replace(ONE, stages=(replace(ONE.stages[0], cycle=()),)), 0)
