"""Trials: trainings with a score each, several at a time, each finished one kept so that an interrupted set goes on."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import shutil
import sys
import time
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from runs.corpora import Corpus
from trainer.config import TrainConfig
from trainer.config_json import config_to_json

if TYPE_CHECKING:
    from runs.scoring import Scores


@dataclass(frozen=True, slots=True)
class Trial:
    """One training of one row of a table."""

    row: str
    config: TrainConfig
    train_on: Corpus
    score_on: Corpus

    @property
    def key(self) -> str:
        """Of all that the score depends on; the row's name is no part of it, so that tables share trials."""
        corpora = f"{self.train_on!r} {self.score_on!r}"
        return hashlib.sha256((config_to_json(self.config) + corpora).encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Result:
    trial: Trial
    scores: Scores
    seconds: float
    """Of training; of the last part alone where it was interrupted."""


def with_seeds(trial: Trial, seeds: Iterable[int]) -> list[Trial]:
    """The same trial from other first weights and in another order of the data."""
    return [replace(trial, config=replace(trial.config, seed=seed)) for seed in seeds]


def run_trials(trials: Sequence[Trial], folder: Path, processes: int = 1) -> list[Result]:
    """The results in the order of the trials.

    A trial whose result lies in ``folder`` is not run again, one that was interrupted goes on from its last checkpoint.
    Where there are several processes each trains on one thread. One process draws each corpus when its turn comes.

    Raises:
        CuratorError: a training failed; those that have ended by then are kept.
    """
    if processes > 1:  # two would draw the same one
        for corpus in dict.fromkeys(corpus for trial in trials for corpus in (trial.train_on, trial.score_on)):
            corpus.drawn(folder / "corpora")
    first: dict[str, Trial] = {}
    for trial in trials:
        first.setdefault(trial.key, trial)
    missing = [trial for trial in first.values() if not _kept(folder, trial).is_file()]
    for done, trial in enumerate(_ended(missing, folder, processes), start=1):
        print(f"{done} of {len(missing)}: {trial.row}, seed {trial.config.seed}", file=sys.stderr, flush=True)
    return [_load(folder, trial) for trial in trials]


def _ended(trials: Sequence[Trial], folder: Path, processes: int) -> Iterator[Trial]:
    """Each as its result is there."""
    if processes == 1:
        for trial in trials:
            _run(trial, folder)
            yield trial
        return
    context = multiprocessing.get_context("spawn")  # torch's threads do not survive a fork
    with ProcessPoolExecutor(processes, mp_context=context, initializer=_take_one_thread) as pool:
        running = {pool.submit(_run, trial, folder): trial for trial in trials}
        for future in as_completed(running):
            future.result()
            yield running[future]


def _take_one_thread() -> None:
    import torch

    torch.set_num_threads(1)


def _run(trial: Trial, folder: Path) -> None:
    from runs.scoring import score
    from trainer.evaluate.subject import load_trained
    from trainer.train import train
    from trainer.unwarned import unwarned

    corpora, run = folder / "corpora", folder / f"run-{trial.key}"
    began = time.perf_counter()
    with unwarned():  # of random weights: those are meant
        train(trial.train_on.drawn(corpora), run, trial.config, resume=True)
    seconds = time.perf_counter() - began
    scores = score(load_trained(run), trial.score_on.drawn(corpora))
    path = _kept(folder, trial)
    fresh = path.with_suffix(f".{os.getpid()}")
    document = {"scores": scores, "seconds": seconds, "config": json.loads(config_to_json(trial.config))}
    fresh.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    os.replace(fresh, path)
    shutil.rmtree(run)  # a checkpoint is 200 times as large as its numbers


def _kept(folder: Path, trial: Trial) -> Path:
    return folder / f"{trial.key}.json"


def _load(folder: Path, trial: Trial) -> Result:
    document = json.loads(_kept(folder, trial).read_text(encoding="utf-8"))
    return Result(trial, document["scores"], document["seconds"])
