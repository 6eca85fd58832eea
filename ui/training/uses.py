"""Taking a run's model for search and confidence: a process that indexes the project with it."""

from __future__ import annotations

import fcntl
import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

from curator.errors import StoreError, TrainingError
from data.embeddings import Embeddings
from trainer.run_folder import RunFolder
from ui.training.runs import Runs

LOG = "index.log"
"""In the run's folder: what `curator index --json` prints. The process holds the system's lock on it while it lives."""
_TAIL_BYTES = 4096
_LONGEST = 500  # characters of a message


class Uses:
    """Which run's model the project searches with, and how far indexing with another is."""

    def __init__(self, project: Path, runs: Runs) -> None:
        self._project = project
        self._runs = runs
        self._embeddings = Embeddings(project)
        self._lock = threading.Lock()

    def in_use(self) -> str | None:
        """The run whose model made the embeddings that are searched; None where it is none of this project's."""
        try:
            model = self._embeddings.in_use()
        except StoreError:
            return None  # the Search tab says what is wrong with the file
        place = Path(model.place) if model else None
        return place.name if place and place.parent == self._runs.folder.resolve() else None

    def start(self, name: str) -> None:
        """Starts to index the project with a run's best model; searches use what they used before until it is done.

        Raises:
            TrainingError: there is no such run, it has no model yet, or indexing is going on.
        """
        with self._lock:
            path = self._runs.path(name)
            if self._runs.run(name).is_alive:
                raise TrainingError(f"run {name!r} is going on; use its model when it is done, or stop it")
            if not RunFolder(path).best.is_file() and not RunFolder(path).last.is_file():
                raise TrainingError(f"run {name!r} has no model yet; resume it")
            if others := [run.name for run in self._runs.listed() if _is_written(self._runs.path(run.name) / LOG)]:
                raise TrainingError(f"the project is being indexed with run {others[0]!r}; wait until it is done")
            command = [sys.executable, "-m", "ui", "--project", str(self._project), "index"]
            with (path / LOG).open("wb") as log:
                fcntl.flock(log, fcntl.LOCK_EX)  # goes on with the process, which has the file as its output
                process = subprocess.Popen(
                    [*command, "--model", str(path), "--json"],
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            threading.Thread(target=process.wait, name=f"index {name}", daemon=True).start()

    def progress(self, name: str) -> dict[str, Any] | None:
        """``state`` (indexing, ready, failed), ``done`` and ``total`` figures, ``message``; None: never asked for."""
        log = self._runs.path(name) / LOG
        if not log.is_file():
            return None
        lives = _is_written(log)  # before it is read: the last line is then there
        tail = _tail(log)
        said = [found for line in tail if (found := _line(line))]
        last = said[-1] if said else {}
        message = ""
        if not lives and "nodes" not in last:
            told = [line for line in tail if _line(line) is None]
            message = " ".join(told)[-_LONGEST:] or "its process was killed; use the model again to go on"
        elif last.get("failed"):
            message = f"{last['failed']} figures could not be indexed; see {log}"
        return {
            "state": "indexing" if lives else "ready" if "nodes" in last else "failed",
            "done": last.get("done", 0),
            "total": last.get("total", 0),
            "message": message,
        }


def _is_written(log: Path) -> bool:
    """Whether a process has the log as its output."""
    if not log.is_file():
        return False
    with log.open("rb") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


def _tail(log: Path) -> list[str]:
    with log.open("rb") as file:
        file.seek(0, 2)
        file.seek(max(0, file.tell() - _TAIL_BYTES))
        return [line for line in file.read().decode("utf-8", "replace").splitlines() if line.strip()]


def _line(line: str) -> dict[str, Any] | None:
    """A line of the progress; None where it is anything else."""
    try:
        found = json.loads(line)
    except ValueError:
        return None
    return found if isinstance(found, dict) and "done" in found else None
