"""Several processes as one run: started by ``torchrun``, which sets RANK, WORLD_SIZE and LOCAL_RANK."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch.nn import Parameter

_BUCKET = 25 * 2**20 // 4
"""Gradients sent together: 25 MB of float32, as torch's own data parallel sends."""

_PATIENCE = timedelta(hours=1)
"""For the others to come; guess: the first process checks the hashes of all files of the export while they wait."""


@dataclass(frozen=True, slots=True)
class Group:
    """The processes of a run, as one of them sees them; alone it is a group of one and sends nothing."""

    rank: int
    world: int
    device: torch.device

    @property
    def is_first(self) -> bool:
        """Whether this process writes the run's files."""
        return self.rank == 0

    def sums(self, values: Sequence[float]) -> list[float]:
        """Each value summed over all processes."""
        if self.world == 1:
            return list(values)
        summed = torch.tensor(values, dtype=torch.float64, device=self.device)
        dist.all_reduce(summed)
        return [float(value) for value in summed]

    def gathered(self, value: Any) -> list[Any]:
        """The value of every process, by rank."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        dist.all_gather_object(values, value)
        return values

    def wait(self) -> None:
        """Until all processes are here."""
        if self.world > 1:
            dist.barrier()

    def average_gradients(self, parameters: Sequence[Parameter]) -> None:
        """Each gradient becomes its mean over the processes; where only some have one, the others count as 0.

        After the backward pass and not during it, as torch's data parallel does it: a step's graph differs between
        processes (one may have no region), and is computed again where memory runs out.
        """
        if self.world == 1:
            return
        has = torch.tensor([float(item.grad is not None) for item in parameters], device=self.device)
        dist.all_reduce(has)
        used = [item for item, holders in zip(parameters, has.tolist(), strict=True) if holders]
        for item in used:
            if item.grad is None:
                item.grad = torch.zeros_like(item)
        for bucket in _buckets(used):
            flat = torch.cat([_grad(item).reshape(-1) for item in bucket])
            dist.all_reduce(flat)
            flat /= self.world
            for item, mean in zip(bucket, torch.split(flat, [item.numel() for item in bucket]), strict=True):
                _grad(item).copy_(mean.view_as(item))


@contextmanager
def joined() -> Iterator[Group]:
    """Joins the run's processes, nccl between GPUs and gloo between CPUs, and leaves them at the end."""
    world = int(os.environ.get("WORLD_SIZE", "1"))
    has_gpu = torch.cuda.is_available()
    device = torch.device("cuda", int(os.environ.get("LOCAL_RANK", "0"))) if has_gpu else torch.device("cpu")
    if has_gpu:
        torch.cuda.set_device(device)
    if world == 1:
        yield Group(0, 1, device)
        return
    dist.init_process_group("nccl" if has_gpu else "gloo", timeout=_PATIENCE)
    try:
        yield Group(dist.get_rank(), world, device)
    finally:
        dist.destroy_process_group()


def _buckets(parameters: Sequence[Parameter]) -> Iterator[list[Parameter]]:
    bucket: list[Parameter] = []
    for item in parameters:
        if bucket and (
            sum(other.numel() for other in bucket) + item.numel() > _BUCKET or item.dtype != bucket[0].dtype
        ):
            yield bucket
            bucket = []
        bucket.append(item)
    if bucket:
        yield bucket


def _grad(item: Parameter) -> torch.Tensor:
    assert item.grad is not None
    return item.grad
