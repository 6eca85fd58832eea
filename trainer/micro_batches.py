"""A step in less memory: the same loss and gradient, encoded in parts.

A contrastive loss compares every pair of the batch, so the losses of small batches do not add up to that of the whole.
Here the features of the whole batch are made part by part without keeping activations, the loss is taken over all of
them, and on the way back each part is encoded again (GradCache, arXiv 2101.06983; here by torch's own checkpointing).
It costs one more forward pass; activations take the memory of one part. Towers with batch normalisation see the
statistics of parts; transformers have none.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.utils.checkpoint import checkpoint

from trainer.model import Encoded, RegionClip

T = TypeVar("T")


class InParts(RegionClip):
    """The same model with the same weights, which encodes what it is given in ``parts``."""

    def __init__(self, model: RegionClip, parts: int) -> None:
        nn.Module.__init__(self)
        self.__dict__.update(model.__dict__)
        self.parts = parts

    def encode_images(self, images: Tensor) -> Encoded:
        encoded = self._in_parts(super().encode_images, images)
        return Encoded(
            torch.cat([part.global_features for part in encoded]),
            torch.cat([part.feature_map for part in encoded]),
            encoded[0].image_wh,
        )

    def encode_texts(self, tokens: Tensor) -> Tensor:
        return torch.cat(self._in_parts(super().encode_texts, tokens))

    def roi_features(self, encoded: Encoded, image: Tensor, boxes_xyxy: Tensor) -> Tensor:
        features = super().roi_features
        return torch.cat(self._in_parts(lambda at, boxes: features(encoded, at, boxes), image, boxes_xyxy))

    def _in_parts(self, encode: Callable[..., T], *rows: Tensor) -> list[T]:
        parts = zip(*(tensor.chunk(self.parts) for tensor in rows), strict=True)
        return [checkpoint(encode, *part, use_reentrant=False) for part in parts]
