"""Mining beside the page, in a process of its own, so that the page answers while figures are mined."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

if TYPE_CHECKING:
    from ui.cli import Project


@contextmanager
def background_mining(project: Project, stop_s: float | None = None) -> Iterator[None]:
    """Runs `curator mine` while the block runs, where figures wait; one process leaves a core to the page.

    What is mined when it is stopped stays mined; ``stop_s``: how long the figure under way may take then. Its failures
    are listed by `curator status --problems`.
    """
    if not project.store.reviews.to_mine():
        yield
        return
    command = [sys.executable, "-m", "ui", "--project", str(project.folder), "mine", "--workers", "1", "--json"]
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
    # the server hands SIGTERM on when it has shut down; by default that would end us before the miner
    if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
        signal.signal(signal.SIGTERM, _exit)
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(stop_s)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _exit(signum: int, frame: object) -> NoReturn:
    sys.exit(128 + signum)
