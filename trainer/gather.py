"""Rows of all processes together, with a gradient that equals one process's on the whole batch.

How it comes out right: every process computes the same loss, over all rows. The gradient of that loss in a process's
own rows reaches only its own weights, so it counts ``world`` times here, and the mean over processes that
data-parallel training takes of all gradients then is the gradient of the loss. What every process holds alike (the
temperature) gets the same gradient everywhere, and the mean leaves it. Nothing is sent on the way back.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

import torch
import torch.distributed as dist
from torch import Tensor

Gather: TypeAlias = Callable[[Tensor], Tensor]
"""[n, ...] of this process -> [sum of n, ...] of all processes, in the order of their ranks; n may differ and be 0."""


def alone(rows: Tensor) -> Tensor:
    """The rows of the only process there is."""
    return rows


def make_gather() -> Gather:
    """Across processes where torch.distributed runs with more than one, else ``alone``."""
    many = dist.is_available() and dist.is_initialized() and dist.get_world_size() > 1
    return across_processes if many else alone


def across_processes(rows: Tensor) -> Tensor:
    """All processes' rows [sum of n, ...]; every process must call it equally often, also with no row.

    Gradients of all processes must be averaged afterwards, as DistributedDataParallel does; see the module.
    """
    sizes = [torch.zeros(1, dtype=torch.int64, device=rows.device) for _ in range(dist.get_world_size())]
    dist.all_gather(sizes, torch.tensor([len(rows)], device=rows.device))
    return _Across.apply(rows, [int(size) for size in sizes])  # type: ignore[no-any-return]


class _Across(torch.autograd.Function):
    @staticmethod
    def forward(ctx: Any, rows: Tensor, sizes: list[int]) -> Tensor:
        ctx.sizes = sizes
        longest = max(sizes)
        mine = rows.new_zeros((longest, *rows.shape[1:]))  # all_gather wants equal shapes
        mine[: len(rows)] = rows
        found = [torch.empty_like(mine) for _ in sizes]
        dist.all_gather(found, mine)
        return torch.cat([part[:size] for part, size in zip(found, sizes, strict=True)])

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> tuple[Tensor, None]:
        (gradient,) = gradients
        rank, sizes = dist.get_rank(), ctx.sizes
        first = sum(sizes[:rank])
        return gradient[first : first + sizes[rank]] * len(sizes), None
