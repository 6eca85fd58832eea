"""What each loss and level of zoomin contributes: the preset with one thing changed, the same steps and pictures.

python -m runs.ablation --size cpu
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from runs.sizes import Options, options
from runs.tables import difference_table, score_table
from runs.trials import Result, run_trials
from trainer.config import Level, TrainConfig

COLUMNS = {"figure": "figure", "panel": "panel", "box": "region", "region": "cut-out region", "negatives": "negatives"}


def with_weights(**weights: float) -> Callable[[TrainConfig], TrainConfig]:
    """Each stage with these weights instead of its own."""

    def changed(config: TrainConfig) -> TrainConfig:
        stages = (replace(stage, weights=replace(stage.weights, **weights)) for stage in config.stages)
        return replace(config, stages=tuple(stages))

    return changed


def without_level(level: Level) -> Callable[[TrainConfig], TrainConfig]:
    """Its steps go to the other levels of the stage; a stage of that level alone goes to the others."""

    def changed(config: TrainConfig) -> TrainConfig:
        stages = [replace(stage, cycle=tuple(one for one in stage.cycle if one != level)) for stage in config.stages]
        kept = [stage for stage in stages if stage.cycle]
        total = sum(stage.share for stage in kept)
        return replace(config, stages=tuple(replace(stage, share=stage.share / total) for stage in kept))

    return changed


def one_stage(config: TrainConfig) -> TrainConfig:
    """The last stage from the first step on."""
    return replace(config, stages=(replace(config.stages[-1], share=1.0),))


def a_step_each(config: TrainConfig) -> TrainConfig:
    """Panels and regions as pictures of steps of their own, as Panel2Patch does, and not as children of others."""
    stage = replace(config.stages[-1], share=1.0, cycle=("M", "P", "R"))
    return with_weights(children=0.0)(replace(config, stages=(stage,)))


ROWS: dict[str, Callable[[TrainConfig], TrainConfig]] = {
    "zoomin": lambda config: config,
    "without intra (images with captions)": with_weights(intra=0.0),
    "without children": with_weights(children=0.0),
    "children one way (L_roi)": with_weights(children=0.0, roi=1.0),
    "a step for each level": a_step_each,
    "without level M": without_level("M"),
    "without level P": without_level("P"),
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
    print(score_table(results, COLUMNS))
    print("\n" + difference_table(results, COLUMNS, "zoomin"))


if __name__ == "__main__":
    main()
