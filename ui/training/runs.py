"""The runs of a project, as their folders tell of them."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal

from curator.errors import TrainingError
from trainer.run_folder import RunFolder
from ui.training.metrics import MetricsFiles, RunMetrics
from ui.training.process import (
    Asked,
    ProcessState,
    is_held,
    lives,
    load_process,
    spent_s,
    was_asked_to_stop,
)

State = Literal[
    "exporting", "starting", "training", "evaluating", "stopping", "stopped", "finished", "early", "failed", "killed"
]
"""``killed``: its process is gone and did not say why; resuming goes on from the last checkpoint."""
ALIVE: frozenset[State] = frozenset({"exporting", "starting", "training", "evaluating", "stopping"})
DATA, REPORT, LOG = "data", "report", "process.log"
PAGE = "index.html"


@dataclass(frozen=True, slots=True)
class Run:
    """One run at one moment."""

    name: str
    state: State
    asked: Asked
    step: int
    """Steps done."""
    started_at: str
    """ISO 8601, UTC."""
    seconds: float
    """That its processes took."""
    score: float | None
    """Of the best evaluation after the first step."""
    best_step: int
    message: str
    done: int = 0
    """Of ``total`` figures or images, while it exports or evaluates."""
    total: int = 0

    @property
    def is_alive(self) -> bool:
        return self.state in ALIVE


class Runs:
    """Folder ``runs`` of a project. Nothing is kept in memory but logs that were read: a new page knows as much."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._metrics = MetricsFiles()

    def path(self, name: str) -> Path:
        """The folder of a run that there is.

        Raises:
            TrainingError: there is none of this name.
        """
        path = self.folder / name
        if not name or Path(name).name != name or name.startswith(".") or not path.is_dir():
            raise TrainingError(f"there is no run {name!r} in {self.folder}; reload the page")
        return path

    def listed(self) -> list[Run]:
        """All runs, newest first."""
        found = [run for path in self._folders() if (run := self._run(path)) is not None]
        return sorted(found, key=lambda run: run.started_at, reverse=True)

    def run(self, name: str) -> Run:
        """Raises TrainingError where there is none of this name."""
        run = self._run(self.path(name))
        if run is None:
            raise TrainingError(f"{self.folder / name} holds no run; remove the folder or train into another")
        return run

    def metrics(self, name: str) -> RunMetrics:
        """A broken log is an empty one here: the run's message says so."""
        return self._of(self.path(name))[0]

    def process(self, name: str) -> ProcessState | None:
        return load_process(self.path(name))

    def config(self, name: str) -> dict[str, Any]:
        """``config.json``; empty before the run has one."""
        return _document(RunFolder(self.path(name)).config) or {}

    def snapshot(self, name: str) -> dict[str, Any] | None:
        return _document(self.path(name) / "snapshot.json")

    def log_tail(self, name: str, lines: int = 20) -> str:
        """The last lines that the process wrote; the run's log of lines is not among them."""
        path = self.path(name) / LOG
        return "\n".join(_tail(path).splitlines()[-lines:]) if path.is_file() else ""

    def free_name(self, preset: str) -> str:
        """``zoomin-1``, ``zoomin-2`` ...: the first after all that there are."""
        numbers = [
            int(tail)
            for path in self._folders()
            if (tail := path.name.removeprefix(f"{preset}-")) != path.name and tail.isascii() and tail.isdigit()
        ]
        return f"{preset}-{max(numbers, default=0) + 1}"

    def remove(self, name: str) -> None:
        """Removes the folder; what other runs and the project have stays as it is.

        Raises:
            TrainingError: there is no such run, or its process lives.
        """
        path = self.path(name)
        if self.run(name).is_alive:
            raise TrainingError(f"run {name!r} is still going on; stop it first")
        shutil.rmtree(path)

    def _folders(self) -> Iterator[Path]:
        if self.folder.is_dir():
            yield from (path for path in self.folder.iterdir() if path.is_dir() and not path.name.startswith("."))

    def _run(self, path: Path) -> Run | None:
        """None: neither the page nor ``curator train`` made the folder."""
        metrics, fault = self._of(path)
        try:
            process = load_process(path)
        except TrainingError as error:  # it must not hide the other runs
            process, fault = None, str(error)
        if process is None and not metrics.lines and not fault:
            return None
        state, message = _state(path, process, metrics)
        config = _document(RunFolder(path).config)
        began = metrics.lines[0].get("at") if metrics.lines else None
        best = metrics.best
        return Run(
            path.name,
            state,
            process.asked if process and not config else _configured(config or {}, process, path),
            metrics.step,
            datetime.fromtimestamp(_first(path, began, process), UTC).isoformat(timespec="seconds"),
            _seconds(path, state, process, metrics),
            best["score"] if best else None,
            best["step"] if best else 0,
            message or fault,
            process.done if process else 0,
            process.total if process else 0,
        )

    def _of(self, path: Path) -> tuple[RunMetrics, str]:
        try:
            return self._metrics.of(RunFolder(path).metrics), ""
        except TrainingError as error:
            return RunMetrics(()), str(error)


def _state(path: Path, process: ProcessState | None, metrics: RunMetrics) -> tuple[State, str]:
    begun, end = metrics.begun, metrics.end
    if process is None:  # `curator train EXPORT` of an older version
        if is_held(path / "train.lock"):
            return "training", ""
        return (end["reason"], end.get("message", "")) if end else ("killed", "")
    if lives(path, process):
        if was_asked_to_stop(path, process.pid):
            return "stopping", ""
        # the process of the log's newest lines is this one: it no longer starts
        if process.phase == "starting" and begun is not None and begun["pid"] == process.pid:
            return "training", ""
        return process.phase if process.phase != "over" else "evaluating", ""
    if process.outcome:
        return process.outcome, process.message
    if was_asked_to_stop(path, process.pid):
        return "stopped", ""
    if end is not None and begun is not None and begun["pid"] == process.pid:
        return end["reason"], end.get("message", "") or "the process ended before it wrote its report"
    return "killed", ""


def _configured(config: dict[str, Any], process: ProcessState | None, path: Path) -> Asked:
    asked = process.asked if process else None
    snapshot = _document(path / "snapshot.json") or {}
    return Asked(
        config.get("preset", "?"),
        config.get("model", "?"),
        config.get("steps", 0),
        asked.verified_only if asked else bool(snapshot.get("verified_only", False)),
        config.get("seed", 0),
        asked.sure if asked else 0.0,
    )


def _first(path: Path, began: float | None, process: ProcessState | None) -> float:
    """When the run was started, Unix time."""
    return process.started_at if process else began or path.stat().st_mtime


def _seconds(path: Path, state: State, process: ProcessState | None, metrics: RunMetrics) -> float:
    if process is not None:
        return spent_s(path, process, time.time() if state in ALIVE else None)
    return float(sum(line["seconds"] for line in metrics.steps))


def _document(path: Path) -> dict[str, Any] | None:
    """A JSON object of a file; None where there is none, or none that can be read."""
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) else None


def _tail(path: Path, most: int = 8192) -> str:
    with path.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - most))
        return file.read().decode("utf-8", "replace")
