"""How large an experiment is: minutes on a CPU, hours on a GPU."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Unpack

from runs.corpora import Corpus, State
from runs.trials import Trial, with_seeds
from trainer.config import TrainConfig
from trainer.machine import Machine
from trainer.presets import make_config

TRAIN_SEED, SCORE_SEED = 2026, 9026
"""Of the corpora that are reported on. The preset ``zoomin`` was tuned on seeds 11 and 9001."""


@dataclass(frozen=True, slots=True)
class Size:
    """All rows of an experiment have it, so that they see as many pictures as each other."""

    machine: Machine
    figures: int
    """In the training corpus; a tenth of them is for validation, a tenth is not used."""
    scored_figures: int
    """All of another corpus."""
    steps: int
    seeds: int
    processes: int

    def config(self, preset: str) -> TrainConfig:
        """The preset in this size, validated only at its end: the last weights are scored, not the best ones."""
        config = make_config(preset, self.machine, self.steps)
        workers = 0 if self.machine.device == "cpu" else config.workers
        return replace(config, evaluate_every=self.steps, workers=workers)

    def trials(self, row: str, config: TrainConfig, **state: Unpack[State]) -> list[Trial]:
        """One for each seed; ``state`` is that of the training corpus, by default all right."""
        train_on = replace(Corpus(self.figures, TRAIN_SEED), **state)
        trial = Trial(row, config, train_on, Corpus(self.scored_figures, SCORE_SEED))
        return with_seeds(trial, range(self.seeds))


SIZES = {
    "cpu": Size(Machine("cpu", 8.0, 1), figures=240, scored_figures=80, steps=400, seeds=3, processes=2),
    "gpu": Size(Machine("cuda", 80.0, 8), figures=4000, scored_figures=400, steps=4000, seeds=3, processes=1),
}
"""``cpu``: curator-tiny from random weights, 100 s a training on one core. ``gpu``: BiomedCLIP; a guess, never run."""


@dataclass(frozen=True, slots=True)
class Options:
    size: Size
    folder: Path


def options(description: str, arguments: Sequence[str] | None = None) -> Options:
    """What the command line of an experiment says."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--size", choices=sorted(SIZES), default="cpu")
    parser.add_argument("--steps", type=int, help="of each training; default by size")
    parser.add_argument("--seeds", type=int, help="trainings of each row; default by size")
    parser.add_argument("--processes", type=int, help="trainings at a time; default by size")
    parser.add_argument("--results", type=Path, default=Path("var/trials"), help="folder; finished trials are kept")
    given = parser.parse_args(arguments)
    changed = {name: value for name in ("steps", "seeds", "processes") if (value := getattr(given, name)) is not None}
    return Options(replace(SIZES[given.size], **changed), given.results)
