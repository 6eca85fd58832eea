"""Time and memory of a run before it starts."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import replace

import pytest

from trainer.config import TrainConfig
from trainer.estimate import DataShape, Measured, estimate
from trainer.machine import Machine
from trainer.model_size import model_size
from trainer.presets import BIOMEDCLIP, PRESETS, TINY, make_config
from trainer.schedule import phase_at

CPU, GPU = Machine("cpu", 16.0, 2), Machine("cuda", 80.0, 16)
DATA = DataShape(
    {
        "M": {"train": 52, "val": 8, "test": 4},
        "P": {"train": 146, "val": 28, "test": 16},
        "R": {"train": 64, "val": 26, "test": 21},
    }
)


def config(preset: str = "zoomin", steps: int = 200, machine: Machine = CPU, model: str = TINY) -> TrainConfig:
    return make_config(preset, machine, steps, model)


def test_nothing_heavy_is_loaded_for_an_estimate() -> None:
    code = "import sys, trainer.estimate, trainer.presets; print({'torch', 'open_clip'} & set(sys.modules))"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout == "set()\n"


@pytest.mark.parametrize("preset", PRESETS)
def test_more_steps_take_longer_and_no_more_memory(preset: str) -> None:
    short, long = (estimate(config(preset, steps), CPU, DATA) for steps in (100, 1000))
    assert long.seconds > 2 * short.seconds
    assert long.memory_gb == short.memory_gb


def test_every_level_is_counted_as_often_as_the_run_trains_on_it() -> None:
    second_each = Measured("a", {"M": 1.0, "P": 1.0, "R": 1.0}, evaluation_s=0.0)
    short = estimate(config(steps=200), CPU, DATA, second_each)
    long = estimate(config(steps=10_200), CPU, DATA, second_each)
    assert long.seconds - short.seconds == pytest.approx(10_000)
    nought = Measured("a", {"M": 0.0, "P": 0.0, "R": 0.0}, evaluation_s=0.0)
    only_figures = Measured("a", {"M": 1.0, "P": 0.0, "R": 0.0}, evaluation_s=0.0)
    figures = sum(phase_at(config(steps=10_200), step).level == "M" for step in range(10_200))
    found = (
        estimate(config(steps=10_200), CPU, DATA, only_figures).seconds - estimate(config(), CPU, DATA, nought).seconds
    )
    assert found == pytest.approx(figures, rel=0.01)


def test_measured_steps_stand_for_counted_ones_and_scale_levels_that_were_not_reached() -> None:
    counted = estimate(config(), CPU, DATA)
    measured = estimate(config(), CPU, DATA, Measured("zoomin-1", {"M": 3 * counted.step_s["M"]}))
    assert measured.step_s == pytest.approx({level: 3 * seconds for level, seconds in counted.step_s.items()})
    assert (counted.basis, measured.basis) == ("estimated", "measured on this machine in run zoomin-1")


def test_what_is_done_is_not_counted_again() -> None:
    second_each = Measured("a", {"M": 1.0, "P": 1.0, "R": 1.0}, evaluation_s=10.0)
    left = [estimate(config(), CPU, DATA, second_each, done=done).seconds for done in (150, 190, 200)]
    assert left[0] - left[1] == pytest.approx(40 + 4 * 10)
    assert left[1] - left[2] == pytest.approx(10 + 10)


def test_crops_cost_what_they_add_and_frozen_texts_save() -> None:
    plain = estimate(config(), CPU, DATA).step_s
    assert estimate(replace(config(), regions="crop"), CPU, DATA).step_s["R"] > plain["R"]
    assert estimate(replace(config(), freeze_text=True), CPU, DATA).step_s["M"] < plain["M"]


def test_a_larger_model_on_a_gpu_needs_more_memory_and_fewer_seconds_than_on_a_cpu() -> None:
    on_gpu = estimate(config(machine=GPU, model=BIOMEDCLIP), GPU, DATA)
    on_cpu = estimate(config(model=BIOMEDCLIP), CPU, DATA)
    tiny = estimate(config(), CPU, DATA)
    assert on_gpu.step_s["P"] * 20 < on_cpu.step_s["P"]
    assert on_cpu.memory_gb > 2 * tiny.memory_gb


def test_sizes_are_those_of_the_models() -> None:
    assert model_size(TINY, 96).parameters == pytest.approx(14_179_393, rel=0.01)
    assert model_size("ViT-B-16", 224).parameters == pytest.approx(149_620_737, rel=0.01)
    assert model_size(BIOMEDCLIP, 224).parameters == pytest.approx(195_900_000, rel=0.05)
    assert [model_size(name, 224).is_exact for name in ("ViT-B-16", "RN50", "no-such-model")] == [True, False, False]
