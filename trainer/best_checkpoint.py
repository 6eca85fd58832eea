"""The best weights of a run, and models that start from them."""

from __future__ import annotations

from pathlib import Path

from curator.errors import TrainingError
from trainer.checkpoint import Checkpoint, load_checkpoint
from trainer.config import TrainConfig
from trainer.model import RegionClip
from trainer.run_folder import RunFolder


def is_run(folder: Path) -> bool:
    """Whether ``curator train`` wrote the folder."""
    files = RunFolder(folder)
    return files.best.is_file() or files.last.is_file()


def best_checkpoint(run: Path) -> Checkpoint:
    """The checkpoint that validation liked best; the last one of a run that was never validated.

    Raises:
        TrainingError: there is none, or it is unreadable.
    """
    files = RunFolder(run)
    if not is_run(run):
        raise TrainingError(f"{run} holds no checkpoint; name the folder of a run that `curator train` wrote")
    return load_checkpoint(files.best if files.best.is_file() else files.last)


def take_first_weights(model: RegionClip, config: TrainConfig) -> None:
    """Gives the model the best weights of the run that ``config`` starts from; nothing where it names none.

    Raises:
        TrainingError: that run has no checkpoint, or its model is another one.
    """
    if not config.start_from:
        return
    run = Path(config.start_from)
    found = best_checkpoint(run)
    try:
        model.load_state_dict({**found.model, **found.average})
    except RuntimeError as error:
        raise TrainingError(
            f"the run {run} trained {found.config.model!r} with other parts than this {config.model!r}; start from it "
            "with the same model, preset and LoRA rank, or leave --start-from out"
        ) from error
