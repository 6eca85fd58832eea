"""The batch that gave no finite loss or gradient, kept for who looks for the reason."""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path

import torch

from curator.errors import TrainingError
from trainer.batch import Batch
from trainer.losses import Losses


def save_bad_batch(path: Path, batch: Batch, losses: Losses, norm: float, step: int, place: str) -> TrainingError:
    """Writes the batch as it entered the model, and returns the error that ends the run.

    ``torch.load(path)`` gives ``step``, ``place``, the losses' ``parts``, and ``batch`` as a dict of the fields of
    ``trainer.batch.Batch``. ``place`` names the batch: with the run's configuration and export it is always the same.
    """
    parts = {name: float(part) for name, part in losses.parts.items()}
    torch.save({"step": step, "place": place, "parts": parts, "batch": asdict(batch.to(torch.device("cpu")))}, path)
    bad = ", ".join(f"{name} {value}" for name, value in parts.items() if not math.isfinite(value))
    what = f"the loss is {losses.total.item()} ({bad or 'its parts are finite'})"
    if math.isfinite(losses.total.item()):
        what = f"the loss is finite and the norm of its gradient is {norm}"
    return TrainingError(
        f"step {step + 1}: {what} on {place}; the weights were not changed by it. The batch is saved as {path}: "
        f"look at its images and texts; else begin again with a lower lr, or with precision 'fp32'"
    )
