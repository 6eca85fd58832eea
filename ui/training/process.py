"""The process of a run: what it says of itself in the run's folder, and whether it still lives."""

from __future__ import annotations

import json
import os
import time
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from types import TracebackType
from typing import Any, Literal

from filelock import FileLock, Timeout

from curator.errors import CuratorError, TrainingError

Phase = Literal["exporting", "starting", "training", "evaluating", "over"]
Outcome = Literal["", "finished", "early", "stopped", "failed"]
FILE, LOCK, STOP = "process.json", "process.lock", "stop.json"
_PATIENCE_S = 10.0  # workers that read ahead outlive a killed process by up to 5 s, and hold its lock as long
_BETWEEN_S = 0.5  # the page looks about once a second
_BEGINNING_S = 60.0  # guess: Python starts and takes the lock within this time on a machine that is busy


@dataclass(frozen=True, slots=True)
class Asked:
    """What was asked for, as the page shows it before the run has a configuration."""

    preset: str
    model: str
    steps: int
    verified_only: bool
    seed: int = 0
    sure: float = 0.0
    """Open proposals only from this confidence on, 0 to 1."""


@dataclass(frozen=True, slots=True)
class ProcessState:
    """``process.json``: of a run's newest process."""

    pid: int
    """0: it was started and has not said anything yet."""
    began_at: float
    """Unix time, s."""
    asked: Asked
    started_at: float
    """Of the run's first process."""
    phase: Phase = "exporting"
    spent_s: float = 0.0
    """By the run's processes before this one."""
    ended_at: float | None = None
    outcome: Outcome = ""
    """How it ended; empty while it runs, and for ever where it was killed."""
    message: str = ""
    done: int = 0
    """Of ``total`` figures or images in the phases that no log tells of."""
    total: int = 0
    device: str = ""
    """"cpu" or "cuda", once it is known."""

    def save(self, folder: Path) -> None:
        """Whole or not at all."""
        fresh = folder / f".{FILE}.{os.getpid()}"
        fresh.write_text(json.dumps(asdict(self)), encoding="utf-8")
        os.replace(fresh, folder / FILE)


def load_process(folder: Path) -> ProcessState | None:
    """What a run's newest process said last; None where none of them said anything.

    Raises:
        TrainingError: the file is not what a process wrote.
    """
    path = folder / FILE
    try:
        document = json.loads(path.read_bytes())
        asked = document.pop("asked")
        known = {item.name for item in fields(ProcessState)}
        said = {name: value for name, value in document.items() if name in known}
        return ProcessState(**said, asked=Asked(**asked))
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise TrainingError(f"{path} is not what a training process wrote ({error}); remove it") from error


def lives(folder: Path, state: ProcessState) -> bool:
    """Whether the process is there: it has its number and the run's lock.

    A number alone may have gone to another process; the lock alone may be held by what a killed process left behind.
    """
    if state.outcome:
        return False
    if not state.pid:
        return time.time() - state.began_at < _BEGINNING_S
    return _has_number(state.pid) and is_held(folder / LOCK)


def is_held(lock: Path) -> bool:
    """Whether a process holds the lock; it is let go of by the system when the process ends, however it does."""
    if not lock.is_file():
        return False
    try:
        with FileLock(lock).acquire(blocking=False):
            return False
    except Timeout:
        return True


def _has_number(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return False  # another user's: not one that we started
    return True


def ask_to_stop(folder: Path, pid: int) -> None:
    """Remembers that the process was asked to stop, for pages that did not ask."""
    (folder / STOP).write_text(json.dumps({"pid": pid}), encoding="utf-8")


def was_asked_to_stop(folder: Path, pid: int) -> bool:
    try:
        document: dict[str, Any] = json.loads((folder / STOP).read_bytes())
        return bool(document["pid"] == pid)
    except (OSError, ValueError, KeyError, TypeError):
        return False  # none, or half written: the page asks again


class RunProcess:
    """Inside, this process is the run's: it holds the run's lock and keeps ``process.json`` up to date."""

    def __init__(self, folder: Path, asked: Asked) -> None:
        self._folder = folder
        self._asked = asked
        self._said_at = 0.0

    def __enter__(self) -> RunProcess:
        """Raises TrainingError where another process has the run."""
        self._folder.mkdir(parents=True, exist_ok=True)
        self._lock = FileLock(self._folder / LOCK)
        try:
            self._lock.acquire(timeout=_PATIENCE_S)
        except Timeout as error:
            raise TrainingError(
                f"another process works on {self._folder}; wait for it, stop it, or name another folder"
            ) from error
        before = load_process(self._folder)
        self._state = ProcessState(
            os.getpid(),
            time.time(),
            self._asked,
            started_at=before.started_at if before else time.time(),
            spent_s=spent_s(self._folder, before) if before else 0.0,
        )
        self._state.save(self._folder)
        return self

    @property
    def asked(self) -> Asked:
        """What the run was asked for."""
        return self._state.asked

    def configured(self, model: str, device: str) -> None:
        """Remembers what was chosen where nothing was asked for."""
        self._state = replace(self._state, asked=replace(self.asked, model=model), device=device)
        self._state.save(self._folder)

    def enter(self, phase: Phase, done: int = 0, total: int = 0) -> None:
        """Says what it does now, as often as the page looks."""
        before, now = self._state.phase, time.monotonic()
        self._state = replace(self._state, phase=phase, done=done, total=total)
        if phase != before or now - self._said_at >= _BETWEEN_S:
            self._state.save(self._folder)
            self._said_at = now

    def end(self, outcome: Outcome, message: str = "") -> None:
        self._state = replace(
            self._state, phase="over", outcome=outcome, message=message, ended_at=time.time(), done=0, total=0
        )
        self._state.save(self._folder)

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is not None and not self._state.outcome:
            self.end("failed", str(error) if isinstance(error, CuratorError) else f"{type(error).__name__}: {error}")
        (self._folder / STOP).unlink(missing_ok=True)
        self._lock.release()


def spent_s(folder: Path, state: ProcessState, now: float | None = None) -> float:
    """Seconds that a run's processes took; of one that was killed up to the last line that it wrote.

    ``now``: of a process that lives.
    """
    if not state.pid:
        return state.spent_s
    written = [path.stat().st_mtime for name in (FILE, "metrics.jsonl") if (path := folder / name).is_file()]
    ended = now or state.ended_at or max([state.began_at, *written])
    return state.spent_s + max(0.0, ended - state.began_at)
