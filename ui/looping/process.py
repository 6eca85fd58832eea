"""The process of `curator loop` that the page starts: it outlives the page, and ends when it is asked to."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from curator.errors import LoopError
from ui.looping.loop import LOCK, PID

OUTPUT: Final = "loop.out"
_TAIL_BYTES: Final = 4096


class LoopProcess:
    """At most one a project, whoever started it. Safe to call from several threads."""

    def __init__(self, project: Path) -> None:
        self._project = project
        self._lock = threading.RLock()
        self._started: subprocess.Popen[bytes] | None = None

    def start(self, *options: str) -> None:
        """Starts `curator loop` with the options.

        Raises:
            LoopError: one is going on.
        """
        with self._lock:
            if self.running:
                raise LoopError("the loop is going on already; wait for it or stop it")
            with (self._project / OUTPUT).open("wb") as output:
                process = subprocess.Popen(
                    [sys.executable, "-m", "ui", "--project", str(self._project), "loop", *options],
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    start_new_session=True,
                )
            self._started = process
            # takes its end, which would else stay in the system's table
            threading.Thread(target=process.wait, name="loop", daemon=True).start()

    def stop(self) -> None:
        """Asks it to end; what is under way keeps what it has done, and goes on when the loop is started again.

        Raises:
            LoopError: it is not going on.
        """
        with self._lock:
            pid = self._started.pid if self._started and self._started.poll() is None else self._pid()
            if not self.running or pid is None:
                raise LoopError("the loop is not going on")
            try:
                os.kill(pid, signal.SIGTERM)
            except ProcessLookupError as error:
                raise LoopError("the loop has just ended") from error

    @property
    def running(self) -> bool:
        """Whether a process goes round: the system releases the lock of one that dies. One that we started does so
        before it has the lock, too."""
        lock = FileLock(self._project / LOCK)
        with self._lock:  # two that look at once would each take the other for the loop
            if self._started and self._started.poll() is None:
                return True
            try:
                with lock.acquire(blocking=False):
                    return False
            except Timeout:
                return True

    def said(self) -> str:
        """The last lines that the process printed."""
        path = self._project / OUTPUT
        if not path.is_file():
            return ""
        return path.read_bytes()[-_TAIL_BYTES:].decode("utf-8", "replace")

    def _pid(self) -> int | None:
        try:
            return int((self._project / PID).read_text())
        except (FileNotFoundError, ValueError):
            return None
