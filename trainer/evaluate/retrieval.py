"""Retrieval between images and texts: R@k both ways, with intervals.

Texts that are the same word for word are one text of the pool (panels share captions, regions share findings): an image
finds it or not, and the text finds any of its images or not. Without repeated texts this is the usual R@k over pairs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from trainer.evaluate.intervals import Estimate, share
from trainer.retrieval import ranks_of_partners

KS = (1, 5, 10)


@dataclass(frozen=True, slots=True)
class Pairs:
    """Images (or regions) with their texts, as one model sees them."""

    images: Tensor
    """float [n, d], unit length."""
    texts: Tensor
    """float [m, d], unit length: each text once."""
    text_of: Tensor
    """int64 [n]: the text of each image."""
    articles: Sequence[str]
    """n ids of the articles that the images are from."""

    @property
    def articles_of_texts(self) -> list[str]:
        """Of a text that several articles share, the first one."""
        first: dict[int, str] = {}
        for text, article in zip(self.text_of.tolist(), self.articles, strict=True):
            first.setdefault(text, article)
        return [first[text] for text in range(len(self.texts))]


@dataclass(frozen=True, slots=True)
class Direction:
    """Queries of one kind against a pool of the other."""

    ranks: Tensor
    """int64 [queries]: how many wrong ones are as near as the best right one, or nearer."""
    articles: Sequence[str]
    pool: int
    chance: dict[int, float]
    """By k: R@k of an order drawn at random."""

    def recall(self, k: int) -> Estimate:
        """The share of queries that find a partner among the k nearest; the pool stays as it is in all draws."""
        return share(self.ranks < k, self.articles)

    @property
    def reciprocal_rank(self) -> float:
        """Mean of 1 / rank of the best partner, from 1 (MRR): 0 to 1, 0 without queries."""
        return float((1 / (self.ranks + 1.0)).mean()) if len(self.ranks) else 0.0

    @property
    def median_rank(self) -> int:
        """From 1; half of the queries find a partner among so many. 0 without queries."""
        return int(self.ranks.median()) + 1 if len(self.ranks) else 0


@dataclass(frozen=True, slots=True)
class Retrieval:
    image_to_text: Direction
    text_to_image: Direction


def retrieve(pairs: Pairs) -> Retrieval:
    """Both directions between the pairs' images and texts."""
    text_ids = torch.arange(len(pairs.texts))
    right = torch.bincount(pairs.text_of, minlength=len(pairs.texts))
    n_images, n_texts = len(pairs.images), len(pairs.texts)
    return Retrieval(
        Direction(
            ranks_of_partners(pairs.images, pairs.texts, pairs.text_of, text_ids),
            pairs.articles,
            n_texts,
            {k: min(1.0, k / n_texts) if n_texts else 0.0 for k in KS},
        ),
        Direction(
            ranks_of_partners(pairs.texts, pairs.images, text_ids, pairs.text_of),
            pairs.articles_of_texts,
            n_images,
            {k: _chance(right, n_images, k) for k in KS},
        ),
    )


def nearest(queries: Tensor, pool: Tensor, count: int, *, block: int = 1024) -> tuple[Tensor, Tensor]:
    """The nearest of the pool [m, d] to each query [n, d], nearest first: float [n, count] similarities and int64
    [n, count] rows of the pool; count at most m."""
    count = min(count, len(pool))
    similarities, rows = [torch.empty((0, count))], [torch.empty((0, count), dtype=torch.int64)]
    for first in range(0, len(queries), block):
        found = (queries[first : first + block].float() @ pool.float().T).topk(count, dim=1)
        similarities.append(found.values.cpu())
        rows.append(found.indices.cpu())
    return torch.cat(similarities), torch.cat(rows)


def _chance(right: Tensor, pool: int, k: int) -> float:
    """Mean over queries of 1 - C(pool - right, k) / C(pool, k): at least one of ``right`` among k drawn."""
    if not len(right):
        return 0.0
    missed = torch.ones(len(right), dtype=torch.float64)
    for drawn in range(min(k, pool)):
        missed *= (pool - right - drawn).clamp(min=0).double() / (pool - drawn)
    return float((1 - missed).mean())
