"""What the hierarchy teaches that figures with captions do not: all presets with the same steps and pictures.

python -m runs.learning --size cpu
"""

from __future__ import annotations

from collections.abc import Sequence

from runs.sizes import Options, options
from runs.tables import by_row, difference_table, differences, interval, score_table
from runs.trials import Result, run_trials
from trainer.presets import PRESETS

COLUMNS = {
    "figure i2t": "figure i→t",
    "figure t2i": "figure t→i",
    "panel i2t": "panel i→t",
    "panel t2i": "panel t→i",
    "box i2t": "region i→t",
    "box t2i": "region t→i",
    "box r10": "region R@10",
    "negatives": "negatives",
    "pointing": "pointing",
}
"""R@1 but where it says R@10; a region is a box in its panel's picture."""


def experiment(chosen: Options) -> list[Result]:
    """Each preset with each seed; a step of each encodes one batch of pictures at the same size.

    Crops are the papers' way and come on top: panel2patch and regionmed encode each region once more.
    """
    size = chosen.size
    trials = [trial for preset in PRESETS for trial in size.trials(preset, size.config(preset))]
    return run_trials(trials, chosen.folder, size.processes)


def verdict(results: Sequence[Result]) -> str:
    """Whether zoomin finds regions at least twice as well as flat, and figures no worse."""
    rows = by_row(results)
    zoomin, flat = rows["zoomin"], rows["flat"]
    regions = [[result.scores["box"] for result in row] for row in (zoomin, flat)]
    (found, _), (before, _) = map(interval, regions)
    worst = min(regions[0]) / max(max(regions[1]), 1e-9)
    mean, half = interval(differences(zoomin, flat, "figure"))
    return (
        f"Region R@1 of zoomin is {found / max(before, 1e-9):.1f} times that of flat (its worst seed {worst:.1f} times "
        f"flat's best); figure R@1 differs by {mean:+.1f} ± {half:.1f} points."
    )


def main(arguments: Sequence[str] | None = None) -> None:
    chosen = options(__doc__ or "", arguments)
    results = experiment(chosen)
    print(score_table(results, COLUMNS))
    print("\n" + difference_table(results, {"figure": "figure", "panel": "panel", "box": "region"}, "flat"))
    print("\n" + verdict(results))


if __name__ == "__main__":
    main()
