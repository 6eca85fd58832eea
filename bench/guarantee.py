"""The experiment ``runs.review.promises`` at its size for a CPU."""

from __future__ import annotations

from runs.review import promises


def run() -> None:
    promises.main(["--size", "cpu"])
