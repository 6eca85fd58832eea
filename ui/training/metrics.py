"""A run's log as the page shows it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer.metrics import read_metrics

MOST_POINTS = 2000
"""Of the loss curve; guess: more than any screen has pixels to draw them."""

Line = dict[str, Any]


@dataclass(frozen=True, slots=True)
class RunMetrics:
    lines: tuple[Line, ...]

    @property
    def steps(self) -> list[Line]:
        return [line for line in self.lines if line["kind"] == "step"]

    @property
    def evaluations(self) -> list[Line]:
        return [line for line in self.lines if line["kind"] == "evaluation"]

    @property
    def step(self) -> int:
        """Steps done."""
        return int(self.lines[-1]["step"]) if self.lines else 0

    @property
    def begun(self) -> Line | None:
        """The newest line that a process began with."""
        return next((line for line in reversed(self.lines) if line["kind"] in ("start", "resume")), None)

    @property
    def end(self) -> Line | None:
        """The last line, where it says how the run ended."""
        return self.lines[-1] if self.lines and self.lines[-1]["kind"] == "end" else None

    @property
    def best(self) -> Line | None:
        """The evaluation that validation liked best, after the first step."""
        return next((line for line in reversed(self.evaluations) if line["best"]), None)

    def loss(self, after_step: int) -> list[list[Any]]:
        """[step, level, loss, parts] of later steps; of very many every n-th of each level."""
        by_level: defaultdict[str, list[Line]] = defaultdict(list)
        for line in self.steps:
            if line["step"] > after_step:
                by_level[line["level"]].append(line)
        kept = [line for lines in by_level.values() for line in _thinned(lines, MOST_POINTS // len(by_level))]
        kept.sort(key=lambda line: int(line["step"]))
        return [[line["step"], line["level"], line["loss"], line["parts"]] for line in kept]

    def retrieval(self, after_step: int) -> list[list[Any]]:
        """[step, {level: recall}] of later evaluations."""
        return [[line["step"], line["levels"]] for line in self.evaluations if line["step"] > after_step]


def _thinned(lines: Sequence[Line], most: int) -> Sequence[Line]:
    """The newest is always among them."""
    every = -(-len(lines) // most)
    return lines[::-1][::every][::-1] if every > 1 else lines


class MetricsFiles:
    """Logs of runs, each read again only when it has changed."""

    def __init__(self) -> None:
        self._read: dict[Path, tuple[tuple[int, int], RunMetrics]] = {}

    def of(self, path: Path) -> RunMetrics:
        """Raises TrainingError where the log is broken."""
        if not path.is_file():
            return RunMetrics(())
        stat = path.stat()
        mark = (stat.st_mtime_ns, stat.st_size)
        known = self._read.get(path)
        if known is None or known[0] != mark:
            known = (mark, RunMetrics(tuple(read_metrics(path))))
            self._read[path] = known
        return known[1]
