"""How fast runs of this machine went, read off their logs: the ground of estimates and of the time that is left."""

from __future__ import annotations

import time
from collections import defaultdict
from statistics import mean, median
from typing import Any

from curator.errors import TrainingError
from trainer.config import TrainConfig
from trainer.config_json import config_from_json
from trainer.estimate import DataShape, Measured, estimate
from trainer.machine import Machine
from trainer.run_folder import RunFolder
from ui.training.metrics import RunMetrics
from ui.training.runs import Run, Runs

_ENOUGH = 5  # steps of a level; the first ones load and warm up
_SAME = ("model", "batch", "image_px", "preset")


def measured_on(runs: Runs, config: TrainConfig, machine: Machine) -> Measured | None:
    """What the steps of the newest run took that is like ``config``; None where there is none yet."""
    for run in runs.listed():
        document = runs.config(run.name)
        if any(document.get(name) != getattr(config, name) for name in _SAME):
            continue
        if (process := runs.process(run.name)) and process.device not in ("", machine.device):
            continue
        found = measured_in(run.name, runs.metrics(run.name))
        if found.step_s:
            return found
    return None


def measured_in(name: str, metrics: RunMetrics) -> Measured:
    """Medians of a run's steps; levels with few steps are left out."""
    by_level: defaultdict[str, list[float]] = defaultdict(list)
    for line in metrics.steps:
        by_level[line["level"]].append(line["seconds"])
    took = [line["seconds"] for line in metrics.evaluations if "seconds" in line]
    return Measured(
        name,
        {level: median(seconds) for level, seconds in by_level.items() if len(seconds) >= _ENOUGH},
        mean(took) if took else None,
    )


def seconds_left(runs: Runs, run: Run, machine: Machine) -> float | None:
    """Of a run that trains, up to its report; None while nothing is known."""
    if run.state != "training":
        return None
    try:
        config = config_from_json(RunFolder(runs.path(run.name)).config.read_text(encoding="utf-8"))
    except (OSError, TrainingError):
        return None
    metrics = runs.metrics(run.name)
    data = _shape(runs.snapshot(run.name))
    if data is None or run.step >= config.steps:
        return None
    found = estimate(config, machine, data, measured_in(run.name, metrics), done=max(run.step, 1))
    since = time.time() - RunFolder(runs.path(run.name)).metrics.stat().st_mtime
    return max(0.0, found.seconds - since)


def _shape(snapshot: dict[str, Any] | None) -> DataShape | None:
    if snapshot is None or "pairs" not in snapshot:
        return None
    pairs = snapshot["pairs"]
    return DataShape({level: {split: pairs[split][level] for split in pairs} for level in "MPR"})
