"""The experiment ``runs.learning`` at its size for a CPU."""

from __future__ import annotations

from runs import learning


def run() -> None:
    learning.main(["--size", "cpu"])
