"""Batches of one level of an export, made by worker processes while the model trains."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
import torch
import torch.distributed as dist
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from curator.errors import CuratorError
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
    start_batch: int = 0,
    mean: Channels = CLIP_MEAN,
    std: Channels = CLIP_STD,
    rank: int | None = None,
    world: int | None = None,
) -> Iterable[Batch]:
    """Batches without end, all but the first ``start_batch`` of them; each epoch goes through the split in a new order.

    The same arguments give the same batches, whatever the number of workers: a run goes on exactly where it stopped
    when it says how many batches of the level it has taken. Each process of a run (``rank`` of ``world``, from
    torch.distributed where not given) gets batches of its own. A batch has ``config.batch`` pictures, or as many as
    there are. Pictures are cut at random in the split "train" alone.

    Raises:
        InputError: no readable export is in the folder.
        ImageError: while batches are taken: an image cannot be read.
        TrainingError: the split has too few samples at this level.
    """
    contents = contents_of(export)
    order = _order(contents, config, split, level, seed, rank, world)
    recipe = Recipe.of(config, level, augmented=split == "train")
    return Loader(
        DataLoader(
            Batches(contents, recipe, seed, Collate(recipe, tokenizer, mean, std)),
            sampler=replace(order, start=start_batch),
            batch_size=None,  # a key names a whole batch
            collate_fn=_as_made,
            num_workers=config.workers,
            prefetch_factor=_AHEAD if config.workers else None,
            pin_memory=torch.cuda.is_available(),
            worker_init_fn=_start_worker,
            # Of its own, since it draws a number at the start: torch's would be moved by each resume of a run.
            generator=torch.Generator(),
        )
    )


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


@dataclass(frozen=True)
class Loader:
    """Batches from workers; an error that a worker met is raised as it was, not wrapped in the worker's traceback."""

    batches: Iterable[Batch | CuratorError]

    def __iter__(self) -> Iterator[Batch]:
        for batch in self.batches:
            if isinstance(batch, CuratorError):
                raise batch
            yield batch


@dataclass(frozen=True)
class Batches(Dataset["Batch | CuratorError"]):
    """Batches by the keys of their samples: what workers hold of an export."""

    contents: Contents
    recipe: Recipe
    seed: int
    collate: Collate

    def __getitem__(self, keys: Sequence[Key]) -> Batch | CuratorError:
        level = self.recipe.level
        try:
            return self.collate(
                [
                    make_sample(self.contents, self.recipe, key.figure, key.panel, key.rng(self.seed, level))
                    for key in keys
                ]
            )
        except CuratorError as error:
            return error


@dataclass(frozen=True)
class Collate:
    """Samples -> batch: texts become tokens, pictures float tensors."""

    recipe: Recipe
    tokenizer: Tokenizer
    mean: Channels
    std: Channels

    def __call__(self, samples: Sequence[Sample]) -> Batch:
        children = [child for sample in samples for child in sample.children]
        images = [index for index, sample in enumerate(samples) for _ in sample.children]
        negatives = [text for child in children for text in child.negatives]
        texts = [*(sample.text for sample in samples), *(child.text for child in children), *negatives]
        # One call for all: a tokenizer that has threads then uses them.
        own, below, wrong = torch.split_with_sizes(self.tokenizer(texts), [len(samples), len(children), len(negatives)])
        there = torch.tensor([[k < len(child.negatives) for k in range(NEGATIVES)] for child in children]).bool()
        there = there.reshape(-1, NEGATIVES)
        placed = own.new_zeros(len(children), NEGATIVES, own.shape[1])
        placed[there] = wrong
        crops = [child.crop for child in children if child.crop is not None]
        return Batch(
            self.recipe.level,
            self._pixels([sample.rgb for sample in samples]),
            own,
            Children(
                torch.tensor(images, dtype=torch.int64),
                torch.tensor([child.box_xyxy for child in children], dtype=torch.float32).reshape(-1, 4),
                below,
                crops=self._pixels(crops) if self.recipe.crops else None,
                negatives=placed if self.recipe.negatives else None,
                has_negatives=there if self.recipe.negatives else None,
            ),
        )

    def _pixels(self, pictures: Sequence[Rgb]) -> Tensor:
        """float32 [n, 3, px, px], normalised."""
        px = self.recipe.px
        stacked = np.stack(pictures) if pictures else np.empty((0, px, px, 3), np.uint8)
        # put in order while a pixel is a byte and not four
        pixels = torch.from_numpy(stacked).permute(0, 3, 1, 2).contiguous().float().div_(255)
        mean, std = (torch.tensor(values).view(1, 3, 1, 1) for values in (self.mean, self.std))
        return pixels.sub_(mean).div_(std)


def _as_made(batch: Any) -> Any:
    return batch


def _start_worker(number: int) -> None:
    """Leaves signals to the process that trains, and ends when it does.

    A cluster sends SIGTERM to workers too; they must live on until the run has saved, or it would fail instead. From
    the process that trains it still ends them: so multiprocessing ends those of a loader that nobody closed.
    """
    os.environ["TOKENIZERS_PARALLELISM"] = "false"  # its threads do not survive the fork, and it would warn
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    if hasattr(signal, "sigwaitinfo"):  # not on macOS
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
        threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    while signal.sigwaitinfo([signal.SIGTERM]).si_pid != parent.pid:
        pass
    os._exit(0)
