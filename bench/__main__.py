"""Runs the named benchmarks, or all."""

from __future__ import annotations

import sys
from importlib import import_module

PARTS = (
    "start",
    "captions",
    "accuracy",
    "calibration",
    "demo",
    "queue",
    "ranking",
    "search",
    "page",
    "segment",
    "oracle",
    "remining",
    "published",
    "overhead",
    "resume",
    "keeping",
    "load",
    "loading",
    "training_speed",
    "learning",
    "ablation",
    "noise",
    "review",
    "guarantee",
)


def main() -> None:
    wanted = sys.argv[1:] or PARTS
    unknown = sorted(set(wanted) - set(PARTS))
    if unknown:
        sys.exit(f"unknown benchmarks {unknown!r}; expected some of {PARTS!r}")
    for part in wanted:
        print(f"\n## {part}", flush=True)
        import_module(f"bench.{part}").run()


if __name__ == "__main__":
    main()
