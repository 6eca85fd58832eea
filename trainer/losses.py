"""What a training step computes: all losses of one batch of one level."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from curator.errors import TrainingError
from trainer.batch import Batch
from trainer.config import TrainConfig, Weights
from trainer.formulas import (
    consistency_losses,
    info_nce,
    mean_of_children,
    negative_losses,
    one_way,
    one_way_among,
    same_texts,
    siglip,
)
from trainer.gather import Gather
from trainer.model import Encoded, RegionClip


@dataclass(frozen=True, slots=True)
class Losses:
    """Of one step, over the rows of all processes."""

    total: Tensor
    """Scalar with gradient: the weighted sum of the parts."""
    parts: dict[str, Tensor]
    """Each loss by name, without its weight and gradient: ``intra_M``, ``intra_P``, ``intra_R``; ``inter_image_MP``,
    ``inter_text_MP``, ``inter_image_PR``, ``inter_text_PR``; ``second_P``, ``second_R``; ``roi``, ``negatives``,
    ``contrast``, ``consistency``."""


def level_loss(model: RegionClip, batch: Batch, weights: Weights, config: TrainConfig, gather: Gather) -> Losses:
    """The weighted sum of the losses that apply at the batch's level, with gradient.

    - ``intra``: at M and P the images with their texts, at R the regions with theirs.
    - ``inter``: at M the figures with the means of their panels, at P the panels with those of their regions, images
      and texts each among themselves; images without children drop out. Means are of features before the ROI
      processor: afterwards a child knows the image that it is compared with. With a frozen text tower the text-text
      term is left out, since it has no gradient.
    - ``second``: at M the panels with their texts, at P the regions with theirs, at R the panels with theirs: one
      encoding of an image teaches two levels.
    - ``roi``: children of any level with their texts. With SigLIP's loss it takes SigLIP's form.
    - ``negatives``, ``contrast`` and ``consistency``: regions, so at P and R. ``contrast`` keeps its form under SigLIP:
      a bias on all logits would cancel.

    Every process must call it with the same weights and level, since it gathers the same rows in the same order.

    Raises:
        TrainingError: the weights leave nothing to learn at this level.
        ValueError: the batch lacks crops or negatives that a loss wants.
    """
    model.limit_logit_scale()
    step = _Step(model, batch, config, gather)
    children, level = batch.children, batch.level
    found: list[tuple[str, float, Tensor]] = []
    if weights.intra and level == "R":
        found.append(("intra_R", weights.intra, step.pairs(step.regions, step.child_texts, children.texts)))
    elif weights.intra:
        found.append((f"intra_{level}", weights.intra, step.pairs(step.images, step.texts, batch.texts)))
    if weights.inter and level != "R":
        between = "MP" if level == "M" else "PR"
        having, means = mean_of_children(step.plain_regions, children.image, len(batch.images))
        found.append((f"inter_image_{between}", weights.inter, step.pairs(step.images[having], means)))
        if not config.freeze_text:
            having, means = mean_of_children(step.child_texts, children.image, len(batch.images))
            text_loss = step.pairs(step.texts[having], means, batch.texts[having])
            found.append((f"inter_text_{between}", weights.inter, text_loss))
    if weights.second and level == "R":
        found.append(("second_P", weights.second, step.pairs(step.images, step.texts, batch.texts)))
    elif weights.second:
        below = "P" if level == "M" else "R"
        found.append((f"second_{below}", weights.second, step.pairs(step.regions, step.child_texts, children.texts)))
    if weights.roi:
        roi_loss = step.pairs(step.regions, step.child_texts, children.texts, both_ways=False)
        found.append(("roi", weights.roi, roi_loss))
    if weights.negatives and level != "M":
        found.append(("negatives", weights.negatives, step.mean(step.negative_losses())))
    if weights.contrast and level != "M":
        found.append(("contrast", weights.contrast, step.contrast()))
    if weights.consistency and level != "M":
        found.append(("consistency", weights.consistency, step.mean(step.consistency_losses())))
    if not found:
        raise TrainingError(
            f"{weights!r} leave nothing to learn at level {level!r}; change the stage's cycle or weights"
        )
    total = torch.stack([weight * loss for _, weight, loss in found]).sum()
    total = total + 0 * model.logit_scale  # a batch of no pair at all still has a gradient: zero
    return Losses(total, {name: loss.detach() for name, _, loss in found})


class _Step:
    """Features of a batch, each computed when a loss first asks for it, and comparisons over all processes."""

    def __init__(self, model: RegionClip, batch: Batch, config: TrainConfig, gather: Gather) -> None:
        self._model, self._batch, self._children, self._gather = model, batch, batch.children, gather
        self._siglip = config.loss == "siglip"

    @cached_property
    def encoded(self) -> Encoded:
        return self._model.encode_images(self._batch.images)

    @property
    def images(self) -> Tensor:
        return self.encoded.global_features

    @cached_property
    def texts(self) -> Tensor:
        return self._model.encode_texts(self._batch.texts)

    @cached_property
    def child_texts(self) -> Tensor:
        return self._model.encode_texts(self._children.texts)

    @cached_property
    def roi_features(self) -> Tensor:
        return self._model.roi_features(self.encoded, self._children.image, self._children.boxes_xyxy)

    @cached_property
    def crop_features(self) -> Tensor:
        return self._model.crop_features(self._children)

    @property
    def plain_regions(self) -> Tensor:
        return self.roi_features if self._model.regions == "roi" else self.crop_features

    @cached_property
    def regions(self) -> Tensor:
        if self._model.roi_processor is None:  # crops alone then need no encoded image
            return self.plain_regions
        return self._model.fuse(self.encoded, self._children.image, self.plain_regions)

    def pairs(self, a: Tensor, b: Tensor, tokens: Tensor | None = None, *, both_ways: bool = True) -> Tensor:
        """The run's contrastive loss of rows of all processes; ``tokens`` are the texts behind b, where it has some."""
        a, b = self._gather(a), self._gather(b)
        same = None if tokens is None else same_texts(self._gather(tokens))
        with torch.autocast(a.device.type, enabled=False):  # logits of up to 100 keep no digits in bf16
            if self._siglip:
                bias = self._model.logit_bias
                assert bias is not None  # make_model gives one
                return siglip(a, b, self._model.logit_scale, bias, same)
            compare = info_nce if both_ways else one_way
            return compare(a, b, self._model.logit_scale, same)

    def mean(self, losses: Tensor) -> Tensor:
        """Of rows [c] of all processes; 0 of none."""
        everywhere = self._gather(losses)
        return everywhere.sum() / max(len(everywhere), 1)

    @cached_property
    def negatives(self) -> tuple[Tensor, Tensor, Tensor]:
        """Of all regions one after the other: tokens int64 [m, context], features [m, d], the region of each."""
        negatives, there = self._children.negatives, self._children.has_negatives
        if negatives is None or there is None:
            raise ValueError("the batch holds no negatives of its regions, and the weights ask for them")
        tokens = negatives[there]
        return tokens, self._model.encode_texts(tokens), there.nonzero()[:, 0]

    def negative_losses(self) -> Tensor:
        _, features, region = self.negatives
        return negative_losses(self.regions, features, region)

    def contrast(self) -> Tensor:
        tokens, features, _ = self.negatives
        regions, texts, wrong = map(self._gather, (self.regions, self.child_texts, features))
        own = self._gather(self._children.texts)
        same = same_texts(torch.cat([own, self._gather(tokens)]))[: len(own)]
        with torch.autocast(regions.device.type, enabled=False):
            return one_way_among(regions, texts, wrong, self._model.logit_scale, same)

    def consistency_losses(self) -> Tensor:
        with torch.set_grad_enabled(torch.is_grad_enabled() and self._model.regions == "crop"):  # else only a teacher
            crops = self.crop_features
        return consistency_losses(self.roi_features, crops)
