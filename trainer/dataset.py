"""Batches of one level of an export, made by worker processes while the model trains."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TypeAlias

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from trainer.batch import Batch, Children
from trainer.config import Level, TrainConfig
from trainer.contents import Contents, contents_of
from trainer.order import Key, Order
from trainer.pictures import Rgb
from trainer.records import Split
from trainer.samples import Recipe, Sample, make_sample
from trainer.wording import NEGATIVES

Tokenizer: TypeAlias = Callable[[list[str]], Tensor]
"""Texts -> int64 [n, context], as open_clip's tokenizers."""
Channels: TypeAlias = tuple[float, float, float]
"""Red, green, blue; 0 to 1."""

CLIP_MEAN: Channels = (0.48145466, 0.4578275, 0.40821073)
CLIP_STD: Channels = (0.26862954, 0.26130258, 0.27577711)
"""Of CLIP's own training pictures, which open_clip's models take unless they say otherwise."""
_AHEAD = 2  # batches that each worker has ready; torch's default


def make_loader(
    export: Path,
    config: TrainConfig,
    split: Split,
    level: Level,
    tokenizer: Tokenizer,
    *,
    seed: int,
    epoch: int = 0,
    start_batch: int = 0,
    mean: Channels = CLIP_MEAN,
    std: Channels = CLIP_STD,
    rank: int | None = None,
    world: int | None = None,
) -> Iterable[Batch]:
    """Batches without end, from batch ``start_batch`` of ``epoch`` on; later epochs follow, each in another order.

    The same arguments give the same batches, whatever the number of workers. ``start_batch`` may lie past the epoch's
    end (see ``batches_an_epoch``): counting batches from epoch 0 is enough to go on exactly where a run stopped.
    Each process of a run (``rank`` of ``world``, from torch.distributed where not given) gets batches of its own.
    Pictures are cut at random in the split "train" alone. A batch has ``config.batch`` pictures, or as many as there
    are.

    Raises:
        InputError: no readable export is in the folder.
        ImageError: while batches are taken: an image cannot be read.
        TrainingError: the split has too few samples at this level.
    """
    contents = contents_of(export)
    order = _order(contents, config, split, level, seed, rank, world)
    recipe = Recipe.of(config, level, augmented=split == "train")
    return DataLoader(
        Samples(contents, recipe, seed),
        batch_sampler=replace(order, start=epoch * order.batches_an_epoch + start_batch),
        collate_fn=Collate(recipe, tokenizer, mean, std),
        num_workers=config.workers,
        prefetch_factor=_AHEAD if config.workers else None,
        worker_init_fn=_start_worker,
        # Of its own, since it draws a number at the start: torch's would be moved by each resume of a run.
        generator=torch.Generator(),
    )


def batches_an_epoch(
    export: Path, config: TrainConfig, split: Split, level: Level, *, rank: int | None = None, world: int | None = None
) -> int:
    """How many batches each process takes until it has seen the split once.

    Raises:
        InputError: no readable export is in the folder.
        TrainingError: the split has too few samples at this level.
    """
    return _order(contents_of(export), config, split, level, 0, rank, world).batches_an_epoch


def _order(
    contents: Contents,
    config: TrainConfig,
    split: Split,
    level: Level,
    seed: int,
    rank: int | None,
    world: int | None,
) -> Order:
    together = dist.is_available() and dist.is_initialized()
    items = contents.items(split, level)
    return Order.over(
        items,
        contents.places[items[:, 0], 0],
        level,
        config.batch,
        seed,
        rank if rank is not None else dist.get_rank() if together else 0,
        world if world is not None else dist.get_world_size() if together else 1,
    )


class Samples(Dataset[Sample]):
    """Samples by key; what workers hold of an export."""

    def __init__(self, contents: Contents, recipe: Recipe, seed: int) -> None:
        self._contents, self._recipe, self._seed = contents, recipe, seed

    def __getitem__(self, key: Key) -> Sample:
        rng = key.rng(self._seed, self._recipe.level)
        return make_sample(self._contents, self._recipe, key.figure, key.panel, rng)


@dataclass(frozen=True)
class Collate:
    """Samples -> batch: texts become tokens, pictures float tensors. Runs in the workers too."""

    recipe: Recipe
    tokenizer: Tokenizer
    mean: Channels
    std: Channels

    def __call__(self, samples: Sequence[Sample]) -> Batch:
        children = [child for sample in samples for child in sample.children]
        negatives = [text for child in children for text in child.negatives]
        texts = [*(sample.text for sample in samples), *(child.text for child in children), *negatives]
        own, below, wrong = self.tokenizer(texts).split([len(samples), len(children), len(negatives)])
        has = torch.tensor(
            [[k < len(child.negatives) for k in range(NEGATIVES)] for child in children], dtype=torch.bool
        )
        has = has.reshape(-1, NEGATIVES)
        padded = own.new_zeros(len(children), NEGATIVES, own.shape[1])
        padded[has] = wrong
        return Batch(
            self.recipe.level,
            self._pixels([sample.rgb for sample in samples]),
            own,
            Children(
                torch.tensor(
                    [index for index, sample in enumerate(samples) for _ in sample.children], dtype=torch.int64
                ),
                torch.tensor([child.box_xyxy for child in children], dtype=torch.float32).reshape(-1, 4),
                below,
                self._pixels([child.crop for child in children if child.crop is not None])
                if self.recipe.crops
                else None,
                padded if self.recipe.negatives else None,
                has if self.recipe.negatives else None,
            ),
        )

    def _pixels(self, pictures: Sequence[Rgb]) -> Tensor:
        """float32 [n, 3, px, px], normalised."""
        px = self.recipe.px
        stacked = np.stack(pictures) if pictures else np.empty((0, px, px, 3), np.uint8)
        pixels = torch.from_numpy(stacked).permute(0, 3, 1, 2).float().div_(255)
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.std))
        return pixels.sub_(mean).div_(std).contiguous()


def _start_worker(number: int) -> None:
    """Leaves signals to the process that trains, and ends when it does."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads do not survive the fork, and it would warn
