"""Checkpoints: all that a run needs to go on as if it had never stopped, in one file."""

from __future__ import annotations

import os
import random
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from curator.errors import TrainingError
from trainer.config import Level, TrainConfig
from trainer.config_json import config_from_json, config_to_json

_FORMAT = 1


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a run stands."""

    accumulate: int
    """Micro-batches a step by now: memory may have run out since the start."""
    step: int = 0
    """Steps done."""
    taken: dict[Level, int] = field(default_factory=dict)
    """Batches of each level."""
    evaluated_step: int = -1
    """After which the last evaluation was."""
    best_score: float = -1.0
    """Of validation; below any that there can be until the first evaluation."""
    best_step: int = 0
    worse_since: int = 0
    """Evaluations since the best one."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    config: TrainConfig
    snapshot: dict[str, Any]
    """What the run was trained on (trainer/snapshot.py)."""
    progress: Progress
    model: dict[str, Tensor]
    average: dict[str, Tensor]
    """Averaged weights by name; empty where ``config.ema`` is 0."""
    optimizer: dict[str, Any]
    """Empty in one that is not to go on from."""
    rng: list[dict[str, Any]]
    """Of each process: see ``rng_state``. Empty like the optimiser."""


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Writes the file whole or not at all: a process killed meanwhile leaves the one before.

    Raises:
        TrainingError: it cannot be written, such as for want of room; the one before is as it was.
    """
    document = {item.name: getattr(checkpoint, item.name) for item in fields(checkpoint)}
    document["config"] = config_to_json(checkpoint.config)
    document["progress"] = asdict(checkpoint.progress)
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.fresh")
    try:
        with fresh.open("wb") as file:
            torch.save({"format": _FORMAT, **document}, file)
            file.flush()
            os.fsync(file.fileno())
    except (OSError, RuntimeError) as error:  # of a full disk torch makes a RuntimeError about positions
        fresh.unlink(missing_ok=True)
        reason = error.__context__ if isinstance(error.__context__, OSError) else error
        raise TrainingError(
            f"{path} could not be written ({reason}); see that its disk has room, then go on with --resume"
        ) from error
    os.replace(fresh, path)


def load_checkpoint(path: Path) -> Checkpoint:
    """What ``save_checkpoint`` wrote; tensors on the CPU. No code inside the file is run.

    Raises:
        TrainingError: there is no such file, it is no checkpoint, or one of another format.
    """
    if not path.is_file():
        raise TrainingError(f"{path} does not exist; the run has no checkpoint there yet: start it without --resume")
    try:
        document = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever the damage leads to: RuntimeError, UnpicklingError, KeyError ...
        raise TrainingError(f"{path} cannot be read as a checkpoint ({error}); take another of the run's") from error
    found = document.pop("format", None) if isinstance(document, dict) else None
    if found != _FORMAT:
        raise TrainingError(f"{path} has format {found!r}, expected {_FORMAT}; it was not written by this version")
    document["config"] = config_from_json(document["config"])
    document["progress"] = Progress(**document["progress"])
    return Checkpoint(**document)


def rng_state() -> dict[str, Any]:
    """This process's random states: Python's, NumPy's, torch's, and of its GPU."""
    numpy: Any = np.random.get_state(legacy=False)
    numpy["state"]["key"] = torch.from_numpy(numpy["state"]["key"].astype(np.int64))  # which checkpoints can hold
    return {
        "python": random.getstate(),
        "numpy": numpy,
        "torch": torch.get_rng_state(),
        "cuda": torch.cuda.get_rng_state() if torch.cuda.is_available() else None,
    }


def restore_rng(state: dict[str, Any]) -> None:
    """Sets what ``rng_state`` gave."""
    random.setstate(state["python"])
    keys = state["numpy"]["state"]["key"].numpy().astype(np.uint32)
    np.random.set_state({**state["numpy"], "state": {**state["numpy"]["state"], "key": keys}})
    torch.set_rng_state(state["torch"])
    if state["cuda"] is not None and torch.cuda.is_available():
        torch.cuda.set_rng_state(state["cuda"])
