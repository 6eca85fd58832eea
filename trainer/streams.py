"""The batches of each level, with a place in them that a checkpoint can keep."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping

from trainer.batch import Batch
from trainer.config import Level


class Streams:
    """One stream of batches a level, opened when it is first asked for.

    ``batches_from(level, taken)`` gives a level's batches without end, but for its first so many, and always the same
    ones: so the numbers taken say alone what comes next.
    """

    def __init__(self, batches_from: Callable[[Level, int], Iterable[Batch]], taken: Mapping[Level, int]) -> None:
        self._batches_from = batches_from
        self._open: dict[Level, Iterator[Batch]] = {}
        self.taken: dict[Level, int] = dict(taken)

    def take(self, level: Level) -> Batch:
        """The level's next batch."""
        if level not in self._open:
            self._open[level] = iter(self._batches_from(level, self.taken.get(level, 0)))
        batch = next(self._open[level])
        self.taken[level] = self.taken.get(level, 0) + 1
        return batch

    def close(self) -> None:
        """Ends the processes that read ahead."""
        self._open.clear()
