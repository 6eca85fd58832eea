"""The machine that a run is made for."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Literal


@dataclass(frozen=True, slots=True)
class Machine:
    device: Literal["cpu", "cuda"]
    memory_gb: float
    """Of one device; on a CPU all that the system has."""
    cores: int
    """That this process may use."""


def this_machine() -> Machine:
    """The machine that this process runs on; of several GPUs the first."""
    import torch

    if torch.cuda.is_available():
        return Machine("cuda", torch.cuda.get_device_properties(0).total_memory / 2**30, _cores())
    return without_gpu()


def without_gpu() -> Machine:
    """This machine as one that trains on its CPU; needs no torch."""
    return Machine("cpu", os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, _cores())


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
