"""Time and memory of the hierarchy's steps with regions read one way, in a process of its own.

python -m bench.region_ways roi|crop MODEL BATCH CYCLES: a JSON object on the last line.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from bench.stand_ins.batches import noise_batch
from trainer.config import Level
from trainer.distributed import Group
from trainer.gather import alone
from trainer.machine import Machine
from trainer.model import make_model
from trainer.optimizer import clip_gradients, make_optimizer, trained_weights
from trainer.presets import make_config
from trainer.run_folder import RunFolder
from trainer.step import accumulate_gradients

LEVELS: tuple[Level, ...] = ("M", "P", "R")


def measured(regions: str, model_name: str, batch_size: int, cycles: int) -> dict[str, Any]:
    """Seconds of each step, ``{level: [[wall, processor], ...]}``, and peak memory in MB, before and after the steps.

    Steps are those of ``zoomin``'s last stage, on batches as ``noise_batch`` makes them.
    """
    config = make_config("zoomin", Machine("cpu", 8.0, 2), 100, model_name)
    config = replace(config, regions="roi" if regions == "roi" else "crop", batch=batch_size)
    model, _, _ = make_model(config)
    model.train()
    weights, optimizer = trained_weights(model), make_optimizer(model, config)
    group = Group(0, 1, torch.device("cpu"))
    before_mb = _peak_mb()
    seconds: dict[str, list[list[float]]] = {level: [] for level in LEVELS}
    with tempfile.TemporaryDirectory() as folder:
        for cycle in range(cycles):
            for level in LEVELS:
                batch = noise_batch(config, level, cycle)
                wall, processor = time.perf_counter(), time.process_time()
                accumulate_gradients(
                    model, batch, config.stages[-1].weights, config, alone, group, RunFolder(Path(folder)), 1
                )
                clip_gradients(weights, config.clip_norm)
                optimizer.step()
                optimizer.zero_grad(set_to_none=True)
                seconds[level].append([time.perf_counter() - wall, time.process_time() - processor])
    return {"seconds": seconds, "before_mb": before_mb, "peak_mb": _peak_mb()}


def _peak_mb() -> float:
    """Linux only; ``getrusage`` would count what the process that started this one had, too."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) / 1024


if __name__ == "__main__":
    ways, name, size, count = sys.argv[1:]
    print(json.dumps(measured(ways, name, int(size), int(count))))
