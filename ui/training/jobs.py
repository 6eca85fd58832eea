"""Processes that train: started in a session of their own, so that they outlive the page."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path

from curator.errors import TrainingError
from ui.training.process import (
    Asked,
    ProcessState,
    ask_to_stop,
    load_process,
    spent_s,
    was_asked_to_stop,
)
from ui.training.requests import PlanRequest
from ui.training.runs import LOG, Runs


class TrainingJobs:
    """Starts and stops the processes of runs. Safe to call from several threads."""

    def __init__(self, project: Path, runs: Runs) -> None:
        self._project = project
        self._runs = runs
        self._lock = threading.Lock()

    def start(self, request: PlanRequest, model: str) -> str:
        """Starts a run and gives its name.

        Raises:
            TrainingError: a run is going on, or one has this name.
        """
        with self._lock:
            self._refuse_second()
            name = request.name or self._runs.free_name(request.preset)
            path = self._runs.folder / name
            try:
                path.mkdir(parents=True)
            except FileExistsError as error:
                raise TrainingError(f"there is a run {name!r} already; choose another name") from error
            asked = Asked(request.preset, model, request.steps, request.verified_only, request.seed, request.sure)
            now = time.time()
            self._spawn(path, ProcessState(0, now, asked, now), resume=False)
            return name

    def resume(self, name: str) -> None:
        """Goes on with a run that was stopped, failed or was killed; writes the report that one lacks.

        Raises:
            TrainingError: there is no such run, it is going on, or another is.
        """
        with self._lock:
            if self._runs.run(name).is_alive:
                raise TrainingError(f"run {name!r} is going on")
            self._refuse_second()
            path = self._runs.path(name)
            before = load_process(path)
            if before is None:
                raise TrainingError(
                    f"run {name!r} was started on a given export; go on with `curator train EXPORT -o {path} --resume`"
                )
            again = ProcessState(0, time.time(), before.asked, before.started_at, spent_s=spent_s(path, before))
            self._spawn(path, again, resume=True)

    def stop(self, name: str) -> None:
        """Asks the run's process to end after its step; what it has learned is saved.

        Raises:
            TrainingError: it is not going on.
        """
        path = self._runs.path(name)
        process = load_process(path)
        if process is None or not self._runs.run(name).is_alive:
            raise TrainingError(f"run {name!r} is not going on")
        if not process.pid:
            raise TrainingError(f"run {name!r} is just starting; stop it in a moment")
        ask_to_stop(path, process.pid)
        try:
            os.kill(process.pid, signal.SIGTERM)
        except ProcessLookupError as error:
            raise TrainingError(f"run {name!r} has just ended") from error

    def _refuse_second(self) -> None:
        going_on = [run.name for run in self._runs.listed() if run.is_alive]
        if going_on:
            raise TrainingError(f"run {going_on[0]!r} is going on, and two at once only slow each other; stop it first")

    def _spawn(self, path: Path, state: ProcessState, *, resume: bool) -> None:
        asked = state.asked
        state.save(path)
        command = [sys.executable, "-m", "ui", "--project", str(self._project), "train", "-o", str(path), "--report"]
        command += ["--preset", asked.preset, "--model", asked.model, "--steps", str(asked.steps)]
        command += ["--seed", str(asked.seed), *([] if asked.verified_only else ["--unverified"])]
        command += ["--sure", str(asked.sure)] if asked.sure else []
        command += ["--resume"] if resume else []
        with (path / LOG).open("ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        threading.Thread(target=_await, args=(process, path), name=f"run {path.name}", daemon=True).start()


def _await(process: subprocess.Popen[bytes], path: Path) -> None:
    """Takes the process's end, which would else stay in the system's table, and says what it did not get to say."""
    code = process.wait()
    state = load_process(path) if path.is_dir() else None
    if state is None or state.outcome or state.pid not in (0, process.pid):
        return
    if was_asked_to_stop(path, process.pid):
        replace(state, outcome="stopped", ended_at=time.time()).save(path)
    elif not state.pid:
        message = f"its process ended with code {code} before it began; see {LOG}"
        replace(state, pid=process.pid, outcome="failed", ended_at=time.time(), message=message).save(path)
