"""What changes as a run goes on: weights, optimiser, average, progress; into a checkpoint and out of it."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from torch.nn import Parameter
from torch.optim import AdamW

from trainer.average import Average
from trainer.checkpoint import Checkpoint, Progress, restore_rng, rng_state, save_checkpoint
from trainer.config import TrainConfig
from trainer.distributed import Group
from trainer.model import RegionClip
from trainer.optimizer import make_optimizer, trained_weights


@dataclass(slots=True)
class State:
    model: RegionClip
    weights: list[Parameter]
    """Those that are trained."""
    optimizer: AdamW
    average: Average | None
    progress: Progress

    def averaged(self) -> AbstractContextManager[None]:
        """Inside, the model has the averaged weights, where the run keeps an average."""
        return self.average.in_place_of(self.model) if self.average else nullcontext()

    def save(
        self, path: Path, config: TrainConfig, snapshot: dict[str, Any], group: Group, *, to_go_on: bool = True
    ) -> None:
        """Writes a checkpoint; all processes must call it, the first one writes.

        Without ``to_go_on`` only what the model is: a third of the size, since AdamW keeps two numbers a weight.
        """
        rng = group.gathered(rng_state()) if to_go_on else []
        if group.is_first:
            averaged = self.average.weights if self.average else {}
            moments = self.optimizer.state_dict() if to_go_on else {}
            saved = Checkpoint(config, snapshot, self.progress, self.model.state_dict(), averaged, moments, rng)
            save_checkpoint(path, saved)


def begin(model: RegionClip, config: TrainConfig) -> State:
    """The state before the first step."""
    average = Average(model, config.ema) if config.ema else None
    return State(model, trained_weights(model), make_optimizer(model, config), average, Progress(config.accumulate))


def restore(state: State, saved: Checkpoint, group: Group) -> None:
    """Brings a state that has just begun, and this process's random numbers, to where the checkpoint stands."""
    state.model.load_state_dict(saved.model)
    state.optimizer.load_state_dict(saved.optimizer)
    state.progress = saved.progress
    if state.average:
        state.average.load(saved.average)
    restore_rng(saved.rng[group.rank])


def with_score(progress: Progress, score: float | None) -> Progress:
    """The progress after an evaluation; None where there was nothing to evaluate on, and the newest counts as best.

    That of the start model is a point of the curve, and not a candidate for the best.
    """
    done = replace(progress, evaluated_step=progress.step)
    if progress.step == 0:
        return done
    if score is None or score > progress.best_score:
        return replace(done, best_score=score or 0.0, best_step=progress.step, worse_since=0)
    return replace(done, worse_since=progress.worse_since + 1)
