"""How long the command line takes to answer, against the interpreter alone."""

from __future__ import annotations

import subprocess
import sys
import time
from statistics import median

RUNS = 7


def run() -> None:
    bare = _seconds([sys.executable, "-c", "pass"])
    answer = _seconds([sys.executable, "-m", "ui", "--help"])
    print(f"curator --help: median {answer:.3f} s; python -c pass: {bare:.3f} s; ratio {answer / bare:.1f}")


def _seconds(command: list[str]) -> float:
    times = []
    for _ in range(RUNS + 1):
        started = time.perf_counter()
        subprocess.run(command, check=True, capture_output=True)
        times.append(time.perf_counter() - started)
    return median(times[1:])
