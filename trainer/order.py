"""In which order a run sees its samples: known from the seed alone, for any number of workers, at any step."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from curator.errors import TrainingError
from trainer.config import LEVELS, Level
from trainer.contents import Items

_WINDOW = 8192  # guess: 16 shards of an export; samples mix within it, and reads of a slow disk stay near each other
_LEVEL_CODES: dict[Level, int] = {"M": 0, "P": 1, "R": 2}


class Key(NamedTuple):
    """One sample of one epoch."""

    epoch: int
    figure: int
    panel: int

    def rng(self, seed: int, level: Level) -> np.random.Generator:
        """The sample's own random numbers: no other sample, worker or process changes them."""
        return np.random.default_rng([seed, _LEVEL_CODES[level], *self])


@dataclass(frozen=True)
class Order:
    """Batches without end, epoch after epoch, each epoch shuffled anew.

    All processes of a run agree on the order of an epoch and take their own batches of it, so that no sample is in two
    of them. What does not fill a last batch for each process is left out; it is another rest in each epoch.
    """

    items: Items
    files: NDArray[np.int64]
    """[n]: the file that each item is in."""
    level: Level
    batch: int
    """Samples a batch."""
    seed: int
    rank: int
    world: int
    start: int
    """Batches of this process before the first one that is given, counted from the first epoch on."""

    @classmethod
    def over(
        cls, items: Items, files: NDArray[np.int64], level: Level, batch: int, seed: int, rank: int, world: int
    ) -> Order:
        """From the first epoch on; the batch is smaller where there are not so many items.

        Raises:
            TrainingError: fewer items than processes.
        """
        if len(items) < world:
            raise TrainingError(
                f"{world} process(es) need as many {LEVELS[level]} with words to train on, and there are {len(items)}; "
                f"verify more figures, or choose a preset without {LEVELS[level]}"
            )
        return cls(items, files, level, min(batch, len(items) // world), seed, rank, world, 0)

    @property
    def batches_an_epoch(self) -> int:
        """Of each process."""
        return len(self.items) // (self.batch * self.world)

    def __iter__(self) -> Iterator[list[Key]]:
        epoch, done = divmod(self.start, self.batches_an_epoch)
        while True:
            order = _shuffled(self.files, np.random.default_rng([self.seed, _LEVEL_CODES[self.level], epoch]))
            for number in range(done, self.batches_an_epoch):
                first = (number * self.world + self.rank) * self.batch
                yield [Key(epoch, *map(int, self.items[index])) for index in order[first : first + self.batch]]
            epoch, done = epoch + 1, 0


def _shuffled(files: NDArray[np.int64], rng: np.random.Generator) -> NDArray[np.int64]:
    """Indices of the items: files in random order, items at random within each and among neighbouring files."""
    turns = rng.permutation(int(files.max()) + 1)[files]
    order: NDArray[np.int64] = np.lexsort((rng.permutation(len(files)), turns))
    if files.max() > 0:
        for start in range(0, len(order), _WINDOW):
            rng.shuffle(order[start : start + _WINDOW])
    return order
