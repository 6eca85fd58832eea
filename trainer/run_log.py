"""What a run tells: to metrics.jsonl, to TensorBoard, and to who started it."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, TypeAlias

from torch.utils.tensorboard import SummaryWriter

from trainer.metrics import MetricsLog

Report: TypeAlias = Callable[[dict[str, Any]], None]


class RunLog:
    """Writes the lines that ``trainer.metrics`` lists; of several processes the first one's alone does."""

    def __init__(self, metrics: Path, tensorboard: Path, report: Report, step: int, *, writes: bool) -> None:
        """``step``: steps that the run has done so far; curves past it were lost with the process that drew them."""
        self.step = step
        self._report = report
        self._metrics = MetricsLog(metrics) if writes else None
        self._curves = SummaryWriter(str(tensorboard), purge_step=step + 1) if writes else None

    def write(self, kind: str, step: int, **values: Any) -> None:
        self.step = step
        if self._metrics is None or self._curves is None:
            return
        if kind in ("start", "resume"):
            values = {"pid": os.getpid(), "at": time.time(), **values}
        self._metrics.write(kind, step, **values)
        if kind in ("step", "evaluation"):
            for name, value in _numbers(values):
                self._curves.add_scalar(f"{kind}/{name}", value, step)
        self._report({"kind": kind, "step": step, **values})

    def close(self) -> None:
        if self._metrics is not None and self._curves is not None:
            self._metrics.close()
            self._curves.close()


def _numbers(values: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, float]]:
    for name, value in values.items():
        match value:
            case dict():
                yield from _numbers(value, f"{prefix}{name}/")
            case bool() | int() | float():
                yield f"{prefix}{name}", float(value)
