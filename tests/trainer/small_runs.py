"""Runs that take a second: a drawn export of a few figures, a model of two thin layers; also as a process of its own.

python -m tests.trainer.small_runs EXPORT RUN CONFIG.json [--resume] [--kill-at STEP]
"""

from __future__ import annotations

import os
import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from runs.hard_corpus import draw_hard_export
from tests.trainer.models import SIZES_PX
from trainer.config import TrainConfig
from trainer.config_json import config_from_json
from trainer.machine import Machine
from trainer.metrics import read_metrics
from trainer.presets import make_config
from trainer.run_folder import RunFolder
from trainer.train import Outcome, train

MODEL = "small-vit-mean"


def draw_small_export(folder: Path, seed: int = 1, figures: int = 14) -> Path:
    """Figures of three panels; some of them in each split."""
    draw_hard_export(folder, figures, seed)
    return folder


def small_config(steps: int = 9, preset: str = "zoomin", **changes: Any) -> TrainConfig:
    """A preset on the small model."""
    config = make_config(preset, Machine("cpu", 8.0, 2), steps)
    small = replace(config, model=MODEL, image_px=SIZES_PX[MODEL], batch=4, lr=3e-3, workers=0, evaluate_every=3)
    return replace(small, **changes)


def small_train(export: Path, run: Path, config: TrainConfig, **how: Any) -> Outcome:
    """``train`` on one thread: the same numbers on every number of cores."""
    torch.set_num_threads(1)
    return train(export, run, config, **how)


def numbers_of(run: Path) -> list[dict[str, Any]]:
    """The steps and evaluations of a run, without what differs from run to run."""
    kept = [line for line in read_metrics(RunFolder(run).metrics) if line["kind"] in ("step", "evaluation")]
    return [{name: value for name, value in line.items() if name != "seconds"} for line in kept]


def losses_of(run: Path) -> list[float]:
    return [line["loss"] for line in numbers_of(run) if line["kind"] == "step"]


def main(arguments: list[str]) -> None:
    export, run, config, *flags = arguments
    kill_at = int(flags[flags.index("--kill-at") + 1]) if "--kill-at" in flags else None

    def report(line: dict[str, Any]) -> None:
        if line["kind"] == "step" and line["step"] == kill_at:
            os.kill(os.getpid(), signal.SIGKILL)

    config_ = config_from_json(Path(config).read_text(encoding="utf-8"))
    small_train(Path(export), Path(run), config_, resume="--resume" in flags, report=report)


if __name__ == "__main__":
    main(sys.argv[1:])
