"""The files of one run, and who may write them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from curator.errors import TrainingError


@dataclass(frozen=True, slots=True)
class RunFolder:
    """What a run leaves behind; everything that reads a run finds it by these names."""

    path: Path

    @property
    def config(self) -> Path:
        """The ``TrainConfig`` as JSON, for people; the one that counts is in the checkpoints."""
        return self.path / "config.json"

    @property
    def metrics(self) -> Path:
        return self.path / "metrics.jsonl"

    @property
    def last(self) -> Path:
        """The newest checkpoint: where a resumed run goes on."""
        return self.path / "checkpoints" / "last.pt"

    @property
    def best(self) -> Path:
        """What validation liked best, a checkpoint without optimiser: what is evaluated and published."""
        return self.path / "checkpoints" / "best.pt"

    @property
    def tensorboard(self) -> Path:
        return self.path / "tensorboard"

    def bad_batch(self, step: int, rank: int) -> Path:
        """The batch that gave no finite loss."""
        return self.path / f"bad-batch-step-{step}-rank-{rank}.pt"

    def keep_parts(self, parts: int) -> None:
        """Remembers, for the run's next start, into how many parts a step must be cut to fit into memory."""
        fresh = self._parts.with_suffix(f".{os.getpid()}")
        fresh.write_text(str(parts), encoding="utf-8")
        os.replace(fresh, self._parts)

    def kept_parts(self) -> int:
        """What ``keep_parts`` remembered; else 1."""
        return int(self._parts.read_text(encoding="utf-8")) if self._parts.is_file() else 1

    @property
    def _parts(self) -> Path:
        return self.path / "micro-batches.txt"

    @contextmanager
    def held(self) -> Iterator[None]:
        """Inside, no other process trains into this folder; the system lets go of it when the process dies.

        Raises:
            TrainingError: another process holds it.
        """
        self.path.mkdir(parents=True, exist_ok=True)
        try:
            held = FileLock(self.path / "train.lock").acquire(blocking=False)
        except Timeout as error:
            raise TrainingError(
                f"another process trains into {self.path}; wait for it, stop it, or name another"
            ) from error
        with held:
            yield
