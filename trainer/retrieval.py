"""Retrieval: how often the partner of a feature is among the k nearest of the pool."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor


def recall(
    a_features: Tensor, b_features: Tensor, ks: Sequence[int] = (1, 5, 10), partner: Tensor | None = None
) -> dict[str, float]:
    """R@k of both directions between rows of ``a`` [n, d] and of ``b`` [m, d], unit length.

    Row i of ``a`` belongs to row ``partner[i]`` (int64 [n]) of ``b``, by default row i. Several may belong to one, as
    images to a text that they share: then ``b`` finds any of them or none.

    Returns:
        ``a2b_r1``, ``b2a_r1`` ... as shares from 0 to 1; ``pool_a`` and ``pool_b``, n and m: chance is about k / pool.
    """
    rows = torch.arange(len(b_features), device=b_features.device)
    partner = rows if partner is None else partner.to(rows.device)
    found = {"pool_a": float(len(a_features)), "pool_b": float(len(b_features))}
    for name, ranks in (
        ("a2b", ranks_of_partners(a_features, b_features, partner, rows)),
        ("b2a", ranks_of_partners(b_features, a_features, rows, partner)),
    ):
        found |= {f"{name}_r{k}": (ranks < k).float().mean().item() if len(ranks) else 0.0 for k in ks}
    return found


def ranks_of_partners(
    queries: Tensor,
    pool: Tensor,
    query_ids: Tensor | None = None,
    pool_ids: Tensor | None = None,
    *,
    block: int = 1024,
) -> Tensor:
    """int64 [n]: how many others of the pool are as near to query i as its own partner, or nearer.

    The partner is row i of the pool, or, where ids are given, the nearest row of the same id; other rows of that id are
    no others. Ties count against the model: one that gives the same feature to everything finds nothing. ``block``
    queries at a time, so that a pool of 100,000 needs 0.4 GB and not 40.

    Args:
        queries: float [n, d], unit length.
        pool: float [m, d], unit length.
        query_ids: int64 [n], each of which is in the pool.
        pool_ids: int64 [m].
    """
    if query_ids is None or pool_ids is None:
        query_ids, pool_ids = torch.arange(len(queries)), torch.arange(len(pool))
    query_ids, pool_ids = query_ids.to(queries.device), pool_ids.to(queries.device)
    ranks = [torch.empty(0, dtype=torch.int64)]
    for first in range(0, len(queries), block):
        similarity = queries[first : first + block].float() @ pool.float().T
        partner = query_ids[first : first + block].unsqueeze(1) == pool_ids
        best = similarity.masked_fill(~partner, -torch.inf).amax(1, keepdim=True)
        ranks.append(((similarity >= best) & ~partner).sum(1).cpu())
    return torch.cat(ranks)
