"""Retrieval: how often the partner of a feature is among the k nearest of the pool."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def recall(a_features: Tensor, b_features: Tensor, ks: Sequence[int] = (1, 5, 10)) -> dict[str, float]:
    """R@k of both directions between pairs: row i of ``a`` [n, d] belongs to row i of ``b`` [n, d], unit length.

    Returns:
        ``a2b_r1``, ``b2a_r1`` ... as shares from 0 to 1, and ``pool``, the n of the pairs: chance is k / n.
    """
    found: dict[str, float] = {"pool": float(len(a_features))}
    for name, queries, pool in (("a2b", a_features, b_features), ("b2a", b_features, a_features)):
        ranks = ranks_of_partners(queries, pool)
        for k in ks:
            found[f"{name}_r{k}"] = (ranks < k).float().mean().item() if len(ranks) else 0.0
    return found


def ranks_of_partners(queries: Tensor, pool: Tensor, *, block: int = 1024) -> Tensor:
    """int64 [n]: how many others of the pool are as near to query i as its own partner, row i, or nearer.

    Ties count against the model: one that gives the same feature to everything finds nothing. ``block`` queries at a
    time, so that a pool of 100,000 needs 0.4 GB and not 40.
    """
    ranks = [torch.empty(0, dtype=torch.int64)]
    for first in range(0, len(queries), block):
        similarity = queries[first : first + block].float() @ pool.float().T
        rows = torch.arange(len(similarity))
        own = similarity[rows, first + rows].unsqueeze(1)
        ranks.append(((similarity >= own).sum(1) - 1).cpu())
    return torch.cat(ranks)
