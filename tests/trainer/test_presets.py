"""The curricula: the papers' numbers on a GPU, a size that ends in minutes on a CPU."""

from __future__ import annotations

from dataclasses import fields

import pytest

from curator.errors import TrainingError
from trainer.config import TrainConfig
from trainer.config_json import config_from_json, config_to_json
from trainer.machine import Machine, this_machine
from trainer.presets import PRESETS, make_config

GPU = Machine("cuda", 80.0, 16)
CPU = Machine("cpu", 8.0, 2)


def test_panel2patch_has_the_papers_numbers() -> None:
    config = make_config("panel2patch", GPU, 20_000)
    assert (config.lr, config.weight_decay, config.betas, config.warmup_steps) == (1e-5, 0.05, (0.9, 0.95), 1000)
    assert (config.batch, config.freeze_text, config.unlocked_blocks) == (40, True, 5)
    assert config.stages[0].cycle == ("M", "P", "R")


def test_regionmed_has_the_papers_numbers() -> None:
    config = make_config("regionmed", GPU, 2_600)
    rates = [round(config.lr * stage.lr_factor, 7) for stage in config.stages]
    assert rates == [1e-4, 2e-4, 2e-4, 3e-5]
    assert [round(stage.share * 26) for stage in config.stages] == [2, 8, 8, 8]
    assert (config.batch, config.temperature, config.weight_decay, config.clip_norm) == (16, 0.07, 0.02, 0.5)
    assert (config.image_px, config.roi_processor, config.regions) == (224, True, "crop")


def test_without_a_model_a_gpu_trains_one_with_weights_and_a_cpu_the_tiny_one() -> None:
    assert make_config("zoomin", GPU, 10).model.startswith("hf-hub:microsoft/BiomedCLIP")
    assert make_config("zoomin", CPU, 10).model == "curator-tiny"
    assert make_config("zoomin", CPU, 10, "local-dir:mine").model == "local-dir:mine"


def test_flat_and_zoomin_differ_in_the_curriculum_alone() -> None:
    flat, zoomin = (make_config(name, CPU, 100) for name in ("flat", "zoomin"))
    names = {field.name for field in fields(TrainConfig) if getattr(flat, field.name) != getattr(zoomin, field.name)}
    assert names == {"preset", "stages"}


@pytest.mark.parametrize("preset", sorted(PRESETS))
def test_on_a_cpu_a_preset_trains_all_of_the_tiny_model(preset: str) -> None:
    config = make_config(preset, CPU, 100)
    assert (config.model, config.image_px, config.freeze_text, config.unlocked_blocks) == ("curator-tiny", 96, False, 0)
    assert config.lr == 3e-4


@pytest.mark.parametrize("preset", sorted(PRESETS))
@pytest.mark.parametrize("machine", [CPU, GPU, this_machine()], ids=["cpu", "gpu", "this"])
def test_a_configuration_survives_the_way_through_json(preset: str, machine: Machine) -> None:
    config = make_config(preset, machine, 100)
    assert config_from_json(config_to_json(config)) == config


def test_a_configuration_with_an_unknown_key_is_refused_by_name() -> None:
    text = config_to_json(make_config("zoomin", CPU, 10)).replace('"roi": 0.0', '"roy": 0.0')
    with pytest.raises(TrainingError, match=r"stages\.0\.weights\.roy: Unexpected keyword argument"):
        config_from_json(text)


def test_an_unknown_preset_is_refused_with_those_there_are() -> None:
    with pytest.raises(TrainingError, match=r"'zoom' is unknown; expected one of \['flat', 'panel2patch', 'regionmed'"):
        make_config("zoom", CPU, 10)


def test_a_run_without_steps_is_refused() -> None:
    with pytest.raises(TrainingError, match="steps is 0; expected at least 1"):
        make_config("flat", CPU, 0)
