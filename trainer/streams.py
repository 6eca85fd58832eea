"""The batches of each level without end, with a place in them that a checkpoint can keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from curator.errors import TrainingError
from trainer.batch import Batch
from trainer.config import Level

Position = tuple[int, int]
"""Epoch, and batches taken of it."""


class Streams:
    """One stream of batches a level, epoch after epoch.

    ``make_loader(level, epoch, start_batch)`` gives the batches of one epoch from a place on, always the same ones;
    so the positions alone say what comes next.
    """

    def __init__(
        self, make_loader: Callable[[Level, int, int], Iterable[Batch]], positions: Mapping[Level, Position]
    ) -> None:
        self._make_loader = make_loader
        self.positions: dict[Level, Position] = dict(positions)
        self._open: dict[Level, Iterator[Batch]] = {}

    def take(self, level: Level) -> Batch:
        """The level's next batch; where an epoch ends the next one begins.

        Raises:
            TrainingError: the split has too few samples for one batch of this level.
        """
        epoch, taken = self.positions.setdefault(level, (0, 0))
        if level not in self._open:
            self._open[level] = iter(self._make_loader(level, epoch, taken))
        batch = next(self._open[level], None)
        if batch is None and taken:
            epoch, taken = epoch + 1, 0
            self._open[level] = iter(self._make_loader(level, epoch, taken))
            batch = next(self._open[level], None)
        if batch is None:
            raise TrainingError(
                f"the export's train split gives no batch at level {level!r}; verify more figures, take a smaller "
                f"batch, or a preset without this level"
            )
        self.positions[level] = (epoch, taken + 1)
        return batch

    def close(self) -> None:
        """Ends the workers that read ahead."""
        self._open.clear()
