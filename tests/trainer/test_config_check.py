"""Configurations that no run could work with."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curator.errors import TrainingError
from trainer.config_check import check_config
from trainer.machine import Machine
from trainer.presets import PRESETS, make_config

CONFIG = make_config("zoomin", Machine("cpu", 8.0, 2), 10)


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("device", ["cpu", "cuda"])
@pytest.mark.parametrize("steps", [1, 100_000])
def test_every_preset_can_work(preset: str, device: str, steps: int) -> None:
    check_config(make_config(preset, Machine(device, 16.0, 1), steps))  # type: ignore[arg-type]


def test_all_numbers_out_of_range_are_named_at_once() -> None:
    with pytest.raises(TrainingError) as refused:
        check_config(replace(CONFIG, evaluate_every=0, lr=0.0, ema=1.0, workers=-1))
    assert str(refused.value) == (
        "the training configuration cannot work: evaluate_every is 0, expected at least 1; lr is 0.0, expected more "
        "than 0; workers is -1, expected at least 0; ema is 1.0, expected at least 0 and less than 1"
    )


def test_stages_that_make_no_plan_are_refused() -> None:
    with pytest.raises(TrainingError, match="they must be positive and make 1"):
        check_config(replace(CONFIG, stages=CONFIG.stages[:1]))
