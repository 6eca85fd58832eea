"""The experiment ``runs.noise`` at its size for a CPU."""

from __future__ import annotations

from runs import noise


def run() -> None:
    noise.main(["--size", "cpu"])
