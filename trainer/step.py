"""The loss and gradient of one batch, in as many parts as memory asks for."""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch

from curator.errors import TrainingError
from trainer.losses import level_loss
from trainer.micro_batches import InParts

if TYPE_CHECKING:
    from trainer.batch import Batch
    from trainer.config import TrainConfig, Weights
    from trainer.distributed import Group
    from trainer.gather import Gather
    from trainer.losses import Losses
    from trainer.model import RegionClip
    from trainer.run_folder import RunFolder


def accumulate_gradients(
    model: RegionClip,
    batch: Batch,
    weights: Weights,
    config: TrainConfig,
    gather: Gather,
    group: Group,
    folder: RunFolder,
    parts: int,
) -> tuple[Losses, int]:
    """Adds the batch's gradients to the model's and returns its losses, and the number of parts that fitted.

    Where memory runs out the batch is done again in twice as many parts; the gradient stays the same
    (``trainer.micro_batches``).

    Raises:
        TrainingError: memory ran out with one image a part, or in one process of several, where the others already
            wait for its features.
    """
    while True:
        losses = _try(model, batch, weights, config, gather, group.device, parts)
        if losses is not None:
            return losses, parts
        model.zero_grad(set_to_none=True)
        if group.device.type == "cuda":
            torch.cuda.empty_cache()
        if parts >= len(batch.images):
            raise TrainingError(
                f"memory ran out at level {batch.level!r} with one image at a time of {len(batch.images)}; take fewer "
                f"regions_an_image, a smaller model or image_px, or set grad_checkpointing"
            )
        parts = min(2 * parts, len(batch.images))
        if group.world > 1:
            folder.keep_parts(parts)
            raise TrainingError(
                f"memory ran out in process {group.rank} of {group.world} at level {batch.level!r}; started again with "
                f"--resume (torchrun --max-restarts does so) the run goes on with each step in {parts} parts"
            )


def _try(
    model: RegionClip,
    batch: Batch,
    weights: Weights,
    config: TrainConfig,
    gather: Gather,
    device: torch.device,
    parts: int,
) -> Losses | None:
    """The losses, or None where memory ran out. On return nothing of a failed attempt is referred to any more."""
    try:
        with autocast(config, device):
            losses = level_loss(InParts(model, parts) if parts > 1 else model, batch, weights, config, gather)
        torch.autograd.backward(losses.total)
    except RuntimeError as error:
        if not _is_out_of_memory(error):
            raise
        return None
    return losses


def autocast(config: TrainConfig, device: torch.device) -> torch.autocast:
    """bf16 where it is asked for, or where the GPU has it and nothing is asked for; else float32."""
    by_itself = config.precision == "auto" and device.type == "cuda" and torch.cuda.is_bf16_supported()
    return torch.autocast(device.type, torch.bfloat16, enabled=by_itself or config.precision == "bf16")


def _is_out_of_memory(error: RuntimeError) -> bool:
    """torch has a class of its own for GPUs; its CPU allocator raises a plain RuntimeError."""
    return isinstance(error, torch.OutOfMemoryError) or "can't allocate memory" in str(error)
