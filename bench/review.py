"""The experiment ``runs.review.orders`` at its size for a CPU."""

from __future__ import annotations

from runs.review import orders


def run() -> None:
    orders.main(["--size", "cpu"])
