"""The loop of ``trainer.train`` and open_clip's own, taking turns step by step on the same batches."""

from __future__ import annotations

import threading
import time
from collections.abc import Generator, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import open_clip
import torch
from open_clip_train.params import parse_args  # type: ignore[import-untyped]
from open_clip_train.scheduler import cosine_lr  # type: ignore[import-untyped]
from open_clip_train.train import train_one_epoch  # type: ignore[import-untyped]
from torch import Tensor
from torch.optim import AdamW, Optimizer

from trainer.batch import Batch
from trainer.config import TrainConfig
from trainer.model import make_model
from trainer.optimizer import make_optimizer
from trainer.train import train

OURS, THEIRS, THEIRS_FUSED = "ours", "open_clip", "open_clip with our optimiser"
_PATIENCE_S = 600.0  # for the other loops' steps, an evaluation and a checkpoint among them


class Seconds(NamedTuple):
    wall: float
    processor: float


class Turns:
    """Lets one loop run at a time, for one step: what slows the machine down slows all of them."""

    def __init__(self, names: Sequence[str]) -> None:
        self.steps: dict[str, list[Seconds]] = {name: [] for name in names}
        self._next = dict(zip(names, [*names[1:], names[0]], strict=True))
        self._free = {name: threading.Semaphore(0) for name in names}
        self._ready = threading.Barrier(len(names), timeout=_PATIENCE_S, action=self._free[names[0]].release)

    def give(self, name: str, batches: Iterable[Batch]) -> Generator[Batch, None, None]:
        """The batches; a step lasts from when one is given until the next one is asked for."""
        self._ready.wait()
        for batch in batches:
            if not self._free[name].acquire(timeout=_PATIENCE_S):
                raise TimeoutError(f"the loop before {name!r} ended no step within {_PATIENCE_S} s")
            wall, processor = time.perf_counter(), time.process_time()
            try:
                yield batch
                self.steps[name].append(Seconds(time.perf_counter() - wall, time.process_time() - processor))
            finally:  # a loop that has enough asks for no further batch
                self._free[self._next[name]].release()


def timed_steps(export: Path, run: Path, config: TrainConfig, batches: Sequence[Batch]) -> dict[str, list[Seconds]]:
    """Each step of each loop, from the same weights, in float32, with the configuration's clipping and rates.

    ``export`` is what our loop evaluates on, before its first step and after its last one, which is not counted.
    """
    turns = Turns((OURS, THEIRS, THEIRS_FUSED))
    with ThreadPoolExecutor(2) as pool:
        given = {name: turns.give(name, islice(cycle(batches), config.steps)) for name in turns.steps}
        theirs = [
            pool.submit(_train_theirs, config, given[name], fused=fused)
            for name, fused in ((THEIRS, False), (THEIRS_FUSED, True))
        ]
        with patch("trainer.train.make_loader", lambda *_, **__: given[OURS]):
            train(export, run, config)
        given[OURS].close()
        for one in theirs:
            one.result()
    return turns.steps


def _train_theirs(config: TrainConfig, batches: Iterable[Batch], *, fused: bool) -> None:
    settings = {
        "model": config.model,
        "precision": "fp32",
        "lr": config.lr,
        "wd": config.weight_decay,
        "grad-clip-norm": config.clip_norm,
        "batch-size": config.batch,
    }
    args = parse_args([word for name, value in settings.items() for word in (f"--{name}", str(value))])
    # What open_clip_train.main sets by itself.
    args.device, args.rank, args.world_size, args.distill, args.wandb = "cpu", 0, 1, False, False
    model: Any = make_model(config)[0].clip
    model.output_dict = True
    optimizer = make_optimizer(model, config) if fused else _their_optimizer(model, config)
    data = {"train": _Data(_Pairs(batches, config.steps, config.steps * config.batch))}
    scheduler = cosine_lr(optimizer, config.lr, config.warmup_steps, config.steps)
    train_one_epoch(model, data, open_clip.ClipLoss(), 0, optimizer, None, scheduler, None, args)


def _their_optimizer(model: torch.nn.Module, config: TrainConfig) -> Optimizer:
    """As open_clip_train.main makes it."""
    named = [(name, weight) for name, weight in model.named_parameters() if weight.requires_grad]
    plain = [w for name, w in named if w.ndim < 2 or any(word in name for word in ("bn", "ln", "bias", "logit_scale"))]
    known = set(map(id, plain))
    others = [weight for _, weight in named if id(weight) not in known]
    groups = [{"params": plain, "weight_decay": 0.0}, {"params": others, "weight_decay": config.weight_decay}]
    return AdamW(groups, lr=config.lr, betas=config.betas, eps=1e-6)


@dataclass(frozen=True)
class _Pairs:
    """What train_one_epoch wants of a loader."""

    batches: Iterable[Batch]
    num_batches: int
    num_samples: int

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for batch in self.batches:
            yield batch.images, batch.texts


@dataclass(frozen=True)
class _Data:
    dataloader: _Pairs

    def set_epoch(self, epoch: int) -> None:
        """Their data sets count epochs; here there is one."""
