"""Hard negatives: does a region prefer its own text to sentences with one attribute changed (RegionMed-CLIP's)?"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True, slots=True)
class HardNegatives:
    """Outcomes of n regions that have negatives."""

    hits: Tensor
    """bool [n]: its own text is nearer than every negative of its."""
    articles: Sequence[str]
    chance: float


def prefer(
    regions: Tensor, texts: Tensor, negatives: Tensor, region_of: Tensor, articles: Sequence[str]
) -> HardNegatives:
    """Of all regions that have a negative, which prefer their own text; a tie is not preferred.

    Args:
        regions: float [n, d], unit length.
        texts: float [n, d], unit length: their own texts.
        negatives: float [m, d], unit length: of all regions, in any order.
        region_of: int64 [m]: the region of each negative.
        articles: n ids.
    """
    own = (regions * texts).sum(1)
    other = (regions[region_of] * negatives).sum(1)
    strongest = torch.full_like(own, -torch.inf).scatter_reduce(0, region_of, other, "amax")
    count = torch.bincount(region_of, minlength=len(regions))
    having = count > 0
    chance = float((1 / (count[having] + 1)).mean()) if bool(having.any()) else 0.0
    kept = [article for article, has in zip(articles, having.tolist(), strict=True) if has]
    return HardNegatives((own > strongest)[having], kept, chance)
