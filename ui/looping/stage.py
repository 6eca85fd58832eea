"""``python -m ui.looping.stage LOCK ARGUMENTS``: the command ``curator`` as a stage of the loop.

It ends when the loop is gone, however that went: one that was killed can neither read what the stage prints nor hand a
signal on.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from filelock import FileLock, Timeout

from ui.cli import main

_ENDING_S: Final = 60.0
"""As long as a stage may take to end whose loop was killed: figures under way, a step and its checkpoint. Guess."""


def run(lock: Path, arguments: Sequence[str]) -> None:
    """Runs the command while the standard input is open; waits before that for the stage of a loop that was killed.

    Raises:
        SystemExit: always, with the command's code.
    """
    end_with_input()
    try:
        with FileLock(lock).acquire(timeout=_ENDING_S):
            main(args=list(arguments), prog_name="curator")
    except Timeout:
        sys.exit(f"the stage of a loop that was killed has not ended in {_ENDING_S:g} s (it holds {lock})")


def end_with_input() -> None:
    """Asks this process to end, as SIGTERM does, once its standard input is at the end: the system closes the other end
    of the pipe with the process that holds it."""
    # not by sys.stdin, whose lock a worker that is forked off meanwhile would wait for
    standard_input = sys.stdin.fileno()

    def wait_for_end() -> None:
        while os.read(standard_input, 1):
            pass
        # to the process, not to this thread: the main thread is to be woken by it
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=wait_for_end, name="loop is gone", daemon=True).start()


if __name__ == "__main__":
    run(Path(sys.argv[1]), sys.argv[2:])
