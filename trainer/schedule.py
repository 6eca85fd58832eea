"""What happens at step n: the stage, its level and weights, the learning rate."""

from __future__ import annotations

import math
from dataclasses import dataclass

from curator.errors import TrainingError
from trainer.config import Level, Stage, TrainConfig


@dataclass(frozen=True, slots=True)
class Phase:
    """One step of the plan."""

    stage: Stage
    level: Level
    lr: float


def phase_at(config: TrainConfig, step: int) -> Phase:
    """The phase of ``step``, counted from 0 to ``config.steps - 1``.

    The learning rate is ``lr * stage.lr_factor``, raised linearly over the run's first ``warmup_steps`` and lowered by
    a half cosine to 0 at the stage's end. Each stage has a cosine of its own since RegionMed-CLIP's stages have rates
    of their own; with one stage this is the usual schedule (Panel2Patch: 1,000 steps of warm-up, then cosine).

    Raises:
        TrainingError: the stages' shares do not make 1, or a stage has no level.
    """
    ends = stage_ends(config)
    index = next(index for index, end in enumerate(ends) if step < end)
    stage, first, end = config.stages[index], ends[index - 1] if index else 0, ends[index]
    decays_from = max(first, min(config.warmup_steps, end))
    warm = min(1.0, (step + 1) / config.warmup_steps) if config.warmup_steps else 1.0
    done = max(0, step - decays_from) / max(1, end - decays_from)
    return Phase(
        stage=stage,
        level=stage.cycle[(step - first) % len(stage.cycle)],
        lr=config.lr * stage.lr_factor * warm * 0.5 * (1 + math.cos(math.pi * done)),
    )


def stage_ends(config: TrainConfig) -> tuple[int, ...]:
    """For each stage the step before which it ends; the last is ``config.steps``."""
    total = sum(stage.share for stage in config.stages)
    if not math.isclose(total, 1.0, abs_tol=1e-6) or any(stage.share < 0 for stage in config.stages):
        shares = [stage.share for stage in config.stages]
        raise TrainingError(f"the stages' shares are {shares!r}, together {total:g}; they must be positive and make 1")
    if nameless := [stage.name for stage in config.stages if not stage.cycle]:
        raise TrainingError(f"stages {nameless!r} name no level; `cycle` needs at least one of 'M', 'P', 'R'")
    done, ends = 0.0, []
    for stage in config.stages:
        done += stage.share
        ends.append(round(config.steps * done))
    return tuple(ends)


def levels_of(config: TrainConfig) -> tuple[Level, ...]:
    """The levels that the run trains on, coarse to fine."""
    named = {level for stage in config.stages if stage.share for level in stage.cycle}
    return tuple(level for level in ("M", "P", "R") if level in named)
