"""What each loss, level and stage of zoomin contributes: the preset without it, all else equal.

python -m runs.ablation --size cpu
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from runs.sizes import Options, options
from runs.tables import difference_table, score_table
from runs.trials import Result, run_trials
from trainer.config import Level, Stage, TrainConfig

COLUMNS = {"figure": "figure", "panel": "panel", "box": "region", "region": "cut-out region", "negatives": "negatives"}


def without_level(config: TrainConfig, level: Level) -> TrainConfig:
    """Its steps go to the other levels."""
    stages = tuple(replace(stage, cycle=tuple(one for one in stage.cycle if one != level)) for stage in config.stages)
    kept = tuple(stage for stage in stages if stage.cycle)
    total = sum(stage.share for stage in kept)
    return replace(config, stages=tuple(replace(stage, share=stage.share / total) for stage in kept))


def with_weights(config: TrainConfig, **weights: float) -> TrainConfig:
    """Each stage with these weights instead of its own."""
    return replace(
        config, stages=tuple(replace(stage, weights=replace(stage.weights, **weights)) for stage in config.stages)
    )


def one_stage(config: TrainConfig) -> TrainConfig:
    """The last stage from the first step on."""
    return replace(config, stages=(replace(config.stages[-1], share=1.0),))
