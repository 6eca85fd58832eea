"""What one training step sees: images of one level, their texts, and their children with boxes and texts."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING

from trainer.config import Level

if TYPE_CHECKING:
    import torch
    from torch import Tensor


@dataclass(frozen=True, slots=True)
class Children:
    """Panels of figures, or regions of panels: c of all images of a batch together."""

    image: Tensor
    """int64 [c]: index of the image that each lies in."""
    boxes_xyxy: Tensor
    """float32 [c, 4] in pixels of the images as they enter the model."""
    texts: Tensor
    """int64 [c, context]."""
    crops: Tensor | None
    """float32 [c, 3, px, px]; None where no loss wants them."""
    negatives: Tensor | None
    """int64 [c, 5, context]; None where no loss wants them."""
    has_negatives: Tensor | None
    """bool [c, 5]: which of them are there."""


@dataclass(frozen=True, slots=True)
class Batch:
    level: Level
    images: Tensor
    """float32 [b, 3, px, px], normalised: figures at level M, panels at P and R."""
    texts: Tensor
    """int64 [b, context]: the images' own captions."""
    children: Children
    """Of level M panels, of levels P and R regions; c may be 0 at M and P."""

    def to(self, device: torch.device) -> Batch:
        """The same on a device."""
        return self._with(lambda tensor: tensor.to(device, non_blocking=True))

    def pin_memory(self) -> Batch:
        """The same in memory from which a GPU copies while it computes; torch's DataLoader calls it."""
        return self._with(lambda tensor: tensor.pin_memory())

    def _with(self, change: Callable[[Tensor], Tensor]) -> Batch:
        there = ((field.name, getattr(self.children, field.name)) for field in fields(self.children))
        children = {name: change(tensor) for name, tensor in there if tensor is not None}
        return replace(
            self,
            images=change(self.images),
            texts=change(self.texts),
            children=replace(self.children, **children),
        )
