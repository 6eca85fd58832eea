"""Classification of whole images: by their likeness to class prompts, and by a linear classifier from few examples."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional

from trainer.evaluate.linear import fit

SHOTS = (1, 2, 4, 8, 16)
"""Examples a class, as CLIP (arXiv 2103.00020, figure 6) draws them."""
DRAWS = 5
"""Few-shot accuracies depend on which examples are drawn: their mean over so many draws. Guess."""
_STRENGTH = 10.0
"""sklearn's C: the penalty is 1 / (C n). CLIP's sweep over C is not affordable with one example. Guess."""


@dataclass(frozen=True, slots=True)
class ZeroShot:
    hits: Tensor
    """bool [n]"""
    balanced: float
    """The mean over the classes of each one's accuracy."""


@dataclass(frozen=True, slots=True)
class FewShot:
    shots: int
    hits: Tensor
    """float [n]: of each held-out image, in what share of the draws it is classified right."""


def class_features(prompts: list[Tensor]) -> Tensor:
    """float [classes, d], unit length: the mean of each class's prompts, [p, d] of unit length."""
    return torch.stack([functional.normalize(texts.mean(0), dim=0) for texts in prompts])


def zero_shot(images: Tensor, labels: Tensor, classes: Tensor) -> ZeroShot:
    """Each image [n, d] goes to the nearest class [c, d]; where several are equally near the image counts as wrong."""
    similarity = images @ classes.T
    own = similarity.gather(1, labels.unsqueeze(1))
    hits = (similarity >= own).sum(1) == 1
    return ZeroShot(hits, _balanced(hits, labels, len(classes)))


def few_shot(images: Tensor, labels: Tensor, held_out: Tensor, classes: int) -> list[FewShot]:
    """Linear classifiers learned from 1, 2, 4 ... examples a class, as far as every class has so many.

    Args:
        images: float [n, d], unit length.
        labels: int64 [n].
        held_out: bool [n]: what is classified; examples are drawn, with fixed seeds, from the rest.
        classes: how many there are.
    """
    rest = [((labels == label) & ~held_out).nonzero().squeeze(1) for label in range(classes)]
    most = min(len(rows) for rows in rest)
    found = []
    for shots in (shots for shots in SHOTS if shots <= most):
        right = torch.zeros(int(held_out.sum()), dtype=torch.float64)
        for draw in range(DRAWS):
            generator = torch.Generator().manual_seed(draw)
            chosen = torch.cat([rows[torch.randperm(len(rows), generator=generator)[:shots]] for rows in rest])
            linear = fit(images[chosen], labels[chosen], classes, 1 / (_STRENGTH * len(chosen)))
            right += linear.logits(images[held_out]).argmax(1) == labels[held_out]
        found.append(FewShot(shots, right / DRAWS))
    return found


def _balanced(hits: Tensor, classes: Tensor, count: int) -> float:
    """The mean over ``count`` classes of the share of ``hits`` in each; classes without an item do not count."""
    of_class = torch.bincount(classes, minlength=count)
    right = torch.bincount(classes, weights=hits.double(), minlength=count)
    present = of_class > 0
    return float((right[present] / of_class[present]).mean()) if bool(present.any()) else 0.0
