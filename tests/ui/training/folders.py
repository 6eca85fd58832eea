"""Folders of runs as processes leave them, without a process."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from trainer.config_json import config_to_json
from trainer.machine import Machine
from trainer.metrics import MetricsLog
from trainer.presets import make_config
from trainer.run_folder import RunFolder
from ui.training.process import Asked, Outcome, Phase, ProcessState

ASKED = Asked("zoomin", "curator-tiny", 40, True)
BEGAN_AT = 1_000_000.0
NOBODY = 2**22 + 5
"""A number that no process has: above Linux's highest."""
RECALL = {"M": {"a2b_r1": 0.5, "b2a_r1": 0.25, "a2b_r10": 1.0, "b2a_r10": 1.0, "pool_a": 8.0, "pool_b": 8.0}}


def process_state(pid: int = NOBODY, phase: Phase = "training", outcome: Outcome = "", **more: Any) -> ProcessState:
    values: dict[str, Any] = {"asked": ASKED, "began_at": BEGAN_AT, "started_at": BEGAN_AT}
    return ProcessState(pid, phase=phase, outcome=outcome, **(values | more))


def make_run(folder: Path, state: ProcessState | None, steps: int = 0, end: str = "", evaluate_every: int = 4) -> Path:
    """A run of so many steps, by the process of ``state``; ``end``: the reason of its log's last line."""
    folder.mkdir(parents=True)
    if state:
        state.save(folder)
    if steps:
        files = RunFolder(folder)
        files.config.write_text(config_to_json(make_config("zoomin", Machine("cpu", 8.0, 2), 40)), encoding="utf-8")
        write_lines(files.metrics, steps, end, evaluate_every, state.pid if state else os.getpid())
        (folder / "snapshot.json").write_text(json.dumps({"verified_only": True, "pairs": pairs()}), encoding="utf-8")
    return folder


def pairs() -> dict[str, dict[str, int]]:
    return {
        "train": {"M": 40, "P": 120, "R": 60},
        "val": {"M": 8, "P": 24, "R": 12},
        "test": {"M": 8, "P": 24, "R": 12},
    }


def write_lines(path: Path, steps: int, end: str, evaluate_every: int, pid: int, levels: Sequence[str] = "MPR") -> None:
    """Scores rise up to the last evaluation but one."""
    log = MetricsLog(path)
    log.write("start", 0, pid=pid, at=BEGAN_AT, steps=40, world=1, parameters=1, trained=1)
    last = steps // evaluate_every * evaluate_every
    for step in range(steps + 1):
        if step:
            level = levels[step % len(levels)]
            log.write("step", step, level=level, loss=2.0 / step, parts={f"intra_{level}": 1.0}, seconds=0.5)
        if step % evaluate_every == 0:
            best = 0 < step < last or step == last == evaluate_every
            log.write("evaluation", step, levels=RECALL, score=step / 100, best=best)
    if end:
        log.write("end", steps, reason=end, **({"message": "no figure"} if end == "failed" else {}))
    log.close()
