"""Numbers of a configuration that no run could work with, refused before anything is made."""

from __future__ import annotations

from collections.abc import Callable

from curator.errors import TrainingError
from trainer.config import TrainConfig
from trainer.schedule import stage_ends

_RULES: tuple[tuple[str, Callable[[float], bool], tuple[str, ...]], ...] = (
    (
        "at least 1",
        lambda value: value >= 1,
        ("steps", "batch", "image_px", "accumulate", "evaluate_every", "regions_an_image"),
    ),
    ("more than 0", lambda value: value > 0, ("lr", "clip_norm", "temperature")),
    (
        "at least 0",
        lambda value: value >= 0,
        ("weight_decay", "warmup_steps", "unlocked_blocks", "lora_rank", "workers", "patience"),
    ),
    ("at least 0 and less than 1", lambda value: 0 <= value < 1, ("ema",)),
)


def check_config(config: TrainConfig) -> None:
    """Nothing where a run can begin.

    Raises:
        TrainingError: a number is out of range (all of them are named), or the stages do not make a plan.
    """
    faults = [
        f"{name} is {getattr(config, name)!r}, expected {expected}"
        for expected, holds, names in _RULES
        for name in names
        if not holds(getattr(config, name))
    ]
    if faults:
        raise TrainingError(f"the training configuration cannot work: {'; '.join(faults)}")
    stage_ends(config)
