"""The experiment ``runs.ablation`` at its size for a CPU."""

from __future__ import annotations

from runs import ablation


def run() -> None:
    ablation.main(["--size", "cpu"])
