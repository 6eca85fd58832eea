"""The loop against open_clip's own; the hierarchy with regions from one encoding of their image against crops.

All batches are made before the clock starts, so that training alone is measured. The processor's time is what the
ratios are made of: it moves little when others use the machine too.
"""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

import torch

from bench.region_ways import LEVELS
from bench.stand_ins.batches import noise_batch
from bench.training_loops import OURS, Seconds, timed_steps
from runs.hard_corpus import draw_hard_export
from trainer.machine import Machine
from trainer.presets import TINY, make_config

STEPS = 32
WARM_UP = 3  # first steps, which allocate
TURNS = 2  # of each way to read regions
SIZES = {TINY: (16, 3), "ViT-S-16": (4, 2)}
"""Model: images a batch, cycles of all levels of which the first is not counted. The first is what a CPU trains; the
second, at 224 px with most of it frozen, is to its texts as BiomedCLIP is, in a size for a CPU."""


def run() -> None:
    logging.getLogger().setLevel(logging.ERROR)  # open_clip warns of random weights
    print(f"{torch.get_num_threads()} thread(s)\n")
    _loops()
    _ways()


def _loops() -> None:
    config = make_config("flat", Machine("cpu", 8.0, 2), STEPS, TINY)
    config = replace(config, evaluate_every=STEPS, workers=0)
    batches = [noise_batch(config, "M", seed) for seed in range(4)]
    with tempfile.TemporaryDirectory() as scratch:
        export = Path(scratch) / "export"
        draw_hard_export(export, 14, 1)
        steps = timed_steps(export, Path(scratch) / "run", config, batches)
    counted = {name: found[WARM_UP : STEPS - 1] for name, found in steps.items()}
    print(f"flat, {config.model}, batches of {config.batch}, float32; {len(counted[OURS])} steps each in turns\n")
    print("| loop | CPU, ms a step (quartiles) | wall | images/s, wall | ours against it: CPU | wall |")
    print("|---|---|---|---|---|---|")
    for name, found in counted.items():
        low, middle, high = (1000 * value for value in quantiles([step.processor for step in found], n=4))
        wall_s = median(step.wall for step in found)
        ratios = [_ratio(found, counted[OURS], way) for way in (1, 0)]
        print(
            f"| {name} | {middle:.0f} ({low:.0f} to {high:.0f}) | {1000 * wall_s:.0f} | {config.batch / wall_s:.1f} "
            f"| {ratios[0]:.2f} | {ratios[1]:.2f} |"
        )


def _ratio(theirs: Sequence[Seconds], ours: Sequence[Seconds], way: int) -> float:
    """How many times as fast ours is by the wall (0) or the processor (1): the median over steps of the same turn."""
    return median(a[way] / b[way] for a, b in zip(theirs, ours, strict=True))


def _ways() -> None:
    print("\n| model | level | one encoding, s a step (CPU) | crops | times as fast | peak MB above the model's |")
    print("|---|---|---|---|---|---|")
    for model, (batch, cycles) in SIZES.items():
        found: dict[str, list[dict[str, Any]]] = {"roi": [], "crop": []}
        for _ in range(TURNS):
            for way, rows in found.items():
                rows.append(_measured(way, model, batch, cycles))
        seconds = {way: [_seconds(rows, level) for level in LEVELS] for way, rows in found.items()}
        for level, roi, crop in zip(LEVELS, seconds["roi"], seconds["crop"], strict=True):
            print(f"| {model}, {batch} images | {level} | {roi:.2f} | {crop:.2f} | {crop / roi:.2f} | |")
        roi, crop = (sum(seconds[way]) for way in ("roi", "crop"))
        memory = [f"{median(row['peak_mb'] - row['before_mb'] for row in found[way]):.0f}" for way in ("roi", "crop")]
        together = " and ".join(memory)
        print(
            f"| {model}, {batch} images | all | {roi:.2f} | {crop:.2f} | **{crop / roi:.2f}** | {together} |",
            flush=True,
        )


def _measured(way: str, model: str, batch: int, cycles: int) -> dict[str, Any]:
    command = [sys.executable, "-m", "bench.region_ways", way, model, str(batch), str(cycles)]
    done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def _seconds(rows: Sequence[dict[str, Any]], level: str) -> float:
    """Of the processor, a step: the mean over batches, which differ, of the faster of the turns."""
    turns = [[float(cpu) for _, cpu in row["seconds"][level][1:]] for row in rows]
    return float(mean(min(times) for times in zip(*turns, strict=True)))
