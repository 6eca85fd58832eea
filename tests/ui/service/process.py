"""`curator serve` as a process of its own, for tests."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from typing import Any

from data.store import Store

START_S = 300  # the framework alone takes ten seconds to import on two busy cores
END_S = 120  # only ever spent where a test fails


class Service:
    """A process that serves, and the lines it has logged."""

    def __init__(self, command: Sequence[str], environment: dict[str, str]) -> None:
        self.process = subprocess.Popen(
            [sys.executable, *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        self.lines: list[str] = []
        self.url = ""
        self._changed = threading.Condition()
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        listening = self.wait_for(lambda line: line["event"] == "listening")
        self.url = str(listening["url"]).rstrip("/")

    def _read(self) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            with self._changed:
                self.lines.append(line)
                self._changed.notify_all()
        with self._changed:
            self._changed.notify_all()

    @property
    def logged(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.lines]

    def wait_for(self, fits: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        """The first line that fits, once it is there."""

        def found() -> dict[str, Any] | None:
            return next((line for line in self.logged if fits(line)), None)

        with self._changed:
            self._changed.wait_for(lambda: found() is not None or not self._reader.is_alive(), START_S)
            line = found()
        assert line is not None, (self.lines, self.process.poll() is not None and self.process.stderr.read())  # type: ignore[union-attr]
        return line

    def end(self, number: int = signal.SIGTERM) -> int:
        """Its exit status."""
        self.process.send_signal(number)
        return self.wait()

    def wait(self) -> int:
        try:
            return self.process.wait(END_S)
        finally:
            self._reader.join(END_S)


def environment(**more: str) -> dict[str, str]:
    return {**os.environ, "OMP_NUM_THREADS": "1", **more}


def curator(store: Store, *options: str) -> list[str]:
    return ["-m", "ui", "--project", str(store.project), "serve", "--port", "0", "--no-mine", "--no-assess", *options]
