"""What each loss and level of zoomin contributes: the preset with one thing changed, the same steps and pictures.

python -m runs.ablation --size cpu
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from runs.sizes import Options, options
from runs.tables import LEVELS, difference_table, score_table
from runs.trials import Result, run_trials
from trainer.config import Level, TrainConfig


def with_weights(**weights: float) -> Callable[[TrainConfig], TrainConfig]:
    """Each stage with these weights instead of its own."""

    def changed(config: TrainConfig) -> TrainConfig:
        stages = (replace(stage, weights=replace(stage.weights, **weights)) for stage in config.stages)
        return replace(config, stages=tuple(stages))

    return changed


def without_levels(*levels: Level) -> Callable[[TrainConfig], TrainConfig]:
    """Their steps go to the other levels of the stage, the steps of a stage without others to the other stages."""

    def changed(config: TrainConfig) -> TrainConfig:
        stages = [
            replace(stage, cycle=tuple(level for level in stage.cycle if level not in levels))
            for stage in config.stages
        ]
        kept = [stage for stage in stages if stage.cycle]
        total = sum(stage.share for stage in kept)
        return replace(config, stages=tuple(replace(stage, share=stage.share / total) for stage in kept))

    return changed


def one_stage(config: TrainConfig) -> TrainConfig:
    """The last stage from the first step on."""
    return replace(config, stages=(replace(config.stages[-1], share=1.0),))


ROWS: dict[str, Callable[[TrainConfig], TrainConfig]] = {
    "zoomin": lambda config: config,
    "without intra (images with captions)": with_weights(intra=0.0),
    "without the second level": with_weights(second=0.0),
    "L_roi for the second level": with_weights(second=0.0, roi=1.0),
    "without level M": without_levels("M"),
    "without levels P and R": without_levels("P", "R"),
    "one stage": one_stage,
    "with inter": with_weights(inter=1.0),
    "with L_neg": with_weights(negatives=0.1),
    "with contrast": with_weights(contrast=1.0),
}


def experiment(chosen: Options) -> list[Result]:
    """Each row with each seed."""
    size = chosen.size
    zoomin = size.config("zoomin")
    trials = [trial for row, change in ROWS.items() for trial in size.trials(row, change(zoomin))]
    return run_trials(trials, chosen.folder, size.processes)


def main(arguments: Sequence[str] | None = None) -> None:
    results = experiment(options(__doc__ or "", arguments))
    print(score_table(results, LEVELS))
    print("\n" + difference_table(results, LEVELS, "zoomin"))


if __name__ == "__main__":
    main()
