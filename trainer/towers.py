"""Image towers of open_clip as one shape: a feature map, and the head that makes a feature of its cells.

A region's feature is what the tower's own head makes of the cells in its box, so that it lies among the features of
whole images: the mean where the tower takes a mean, the tower's attention where it attends. A tower that reads a class
token has no such head for cells; the mean of the normalised cells takes the token's place, and training has to bring
the two together (RoI-text and consistency losses).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import torch
from torch import Tensor, nn

from curator.errors import ModelError


class Tower(Protocol):
    """An image tower."""

    attends: bool
    """The head attends over cells and wants as many as an image has; else one, their mean, is enough."""
    channels: int
    """Of the feature map."""
    blocks: Sequence[nn.Module]
    """From input to output: what "the last n blocks" counts."""
    tail: Sequence[nn.Module | nn.Parameter]
    """What comes after the blocks: last norm, pooling, projection."""

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        """Features [b, d], not normalised, and the feature map [b, channels, h, w] of images [b, 3, px, px]."""

    def head(self, cells: Tensor) -> Tensor:
        """Features [c, d], not normalised, of cells [c, channels, h, w] cut from feature maps."""


def tower_of(visual: nn.Module) -> Tower:
    """The tower that an open_clip model's ``visual`` is.

    Raises:
        ModelError: a kind that gives no feature map.
    """
    from open_clip.modified_resnet import ModifiedResNet
    from open_clip.timm_model import TimmModel
    from open_clip.transformer import VisionTransformer

    if isinstance(visual, VisionTransformer) and visual.attn_pool is None:
        return _Transformer(visual)
    if isinstance(visual, ModifiedResNet):
        return _ResNet(visual)
    if isinstance(visual, TimmModel):
        return _Timm(visual)
    raise ModelError(
        f"the image tower {type(visual).__name__!r} gives no feature map to cut regions from; open_clip's vision "
        "transformers without attentional pooling, its ResNets and timm's models do"
    )


class _Transformer:
    """open_clip's own vision transformer, pooled by class token or by mean."""

    attends = False

    def __init__(self, visual: Any) -> None:
        self._visual = visual
        self.channels = int(visual.proj.shape[0])
        self.blocks: Sequence[nn.Module] = list(visual.transformer.resblocks)
        self.tail: Sequence[nn.Module | nn.Parameter] = [visual.ln_post, visual.proj]

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        norm_first = not self._visual.final_ln_after_pool
        found = self._visual.forward_intermediates(images, indices=1, normalize_intermediates=norm_first)
        return found["image_features"], found["image_intermediates"][0]

    def head(self, cells: Tensor) -> Tensor:
        pooled = cells.mean((2, 3))
        if self._visual.final_ln_after_pool:
            pooled = self._visual.ln_post(pooled)
        features: Tensor = pooled @ self._visual.proj
        return features


class _ResNet:
    """open_clip's ResNet, pooled by attention: RegionCLIP's way of RoI features (arXiv 2112.09106)."""

    attends = True

    def __init__(self, visual: Any) -> None:
        self._visual = visual
        self.channels = int(visual.attnpool.c_proj.in_features)
        self.blocks: Sequence[nn.Module] = [visual.layer1, visual.layer2, visual.layer3, visual.layer4]
        self.tail: Sequence[nn.Module | nn.Parameter] = [visual.attnpool]

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        found = self._visual.forward_intermediates(images, indices=1)
        return found["image_features"], found["image_intermediates"][0]

    def head(self, cells: Tensor) -> Tensor:
        features: Tensor = self._visual.attnpool(cells)
        return features


class _Timm:
    """A timm model: tokens, or maps with channels first or last; any pooling that timm or open_clip gives it."""

    def __init__(self, visual: Any) -> None:
        self._visual, self._trunk = visual, visual.trunk
        self._tokens = hasattr(self._trunk, "num_prefix_tokens")  # timm's mark of a transformer; others give maps
        self._prefix = int(self._trunk.num_prefix_tokens) if self._tokens else 0
        self._channels_last = getattr(self._trunk, "output_fmt", None) == "NHWC"
        self.attends = getattr(self._trunk, "attn_pool", None) is not None or hasattr(visual.head, "pool")
        self.channels = int(self._trunk.num_features)
        self.blocks: Sequence[nn.Module] = _timm_blocks(self._trunk)
        tail = (getattr(self._trunk, name, None) for name in ("norm", "norm_pre", "fc_norm", "attn_pool", "head"))
        self.tail: Sequence[nn.Module | nn.Parameter] = [*(part for part in tail if part is not None), visual.head]

    def encode(self, images: Tensor) -> tuple[Tensor, Tensor]:
        found = self._trunk.forward_features(images)
        return self._features(found), self._to_map(found)

    def head(self, cells: Tensor) -> Tensor:
        return self._features(self._from_map(cells))

    def _features(self, found: Tensor) -> Tensor:
        features: Tensor = self._visual.head(self._trunk.forward_head(found))
        return features

    def _to_map(self, found: Tensor) -> Tensor:
        if self._tokens:
            height, width = self._trunk.patch_embed.grid_size
            return found[:, self._prefix :].transpose(1, 2).reshape(len(found), -1, height, width)
        return found.permute(0, 3, 1, 2) if self._channels_last else found

    def _from_map(self, cells: Tensor) -> Tensor:
        if not self._tokens:
            return cells.permute(0, 2, 3, 1) if self._channels_last else cells
        tokens = cells.flatten(2).transpose(1, 2)
        prefix = tokens.mean(1, keepdim=True).expand(-1, self._prefix, -1)  # in the class token's place
        return torch.cat([prefix, tokens], dim=1)


def _timm_blocks(trunk: Any) -> list[nn.Module]:
    """timm's names: ``blocks`` of transformers, ``stages`` or ``layers`` of hierarchies, ``layer1`` ... of ResNets."""
    for name in ("blocks", "stages", "layers"):
        if hasattr(trunk, name):
            return list(getattr(trunk, name))
    return [getattr(trunk, f"layer{number}") for number in range(1, 5) if hasattr(trunk, f"layer{number}")]
