"""Questions that arrive at the same time are answered together, by one thread."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Hashable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Generic, TypeVar

Q = TypeVar("Q")
A = TypeVar("A")

GATHER_S = 0.05  # guess: little beside seconds of generation, enough for threads that got their answers together


class Batcher(Generic[Q, A]):
    """Lets callers in many threads ask one question each and answers them in batches. Safe to call from any thread.

    A batch that fails is halved and tried again, so a question that cannot be answered fails its own caller alone,
    and a batch that is too large for the memory shrinks until it fits.
    """

    def __init__(
        self,
        answer: Callable[[Sequence[Q]], Sequence[A]],
        most: int,
        kind: Callable[[Q], Hashable],
        gather_s: float = GATHER_S,
    ) -> None:
        """
        Args:
            answer: the answers to a batch of questions in their order; only ever called by one thread at a time.
            most: questions in a batch.
            kind: only questions of the same kind share a batch.
            gather_s: how long the first question waits for others, in seconds; not at all where ``most`` are there.
        """
        self._answer = answer
        self._most = most
        self._kind = kind
        self._gather_s = gather_s
        self._waiting: deque[tuple[Q, Future[A]]] = deque()
        self._changed = threading.Condition()
        self._worker = ThreadPoolExecutor(1, "batches")

    @property
    def waiting(self) -> int:
        """Questions that no batch has taken yet."""
        with self._changed:
            return len(self._waiting)

    def ask(self, question: Q) -> A:
        """The answer, once its batch is done. Raises whatever ``answer`` raised for this question alone."""
        future: Future[A] = Future()
        with self._changed:
            self._waiting.append((question, future))
            self._changed.notify_all()
        self._worker.submit(self._work)  # one turn for each question: a turn that finds none waiting does nothing
        return future.result()

    def _work(self) -> None:
        batch = self._gather()
        if batch:
            self._settle(batch)

    def _gather(self) -> list[tuple[Q, Future[A]]]:
        """The longest waiting question and those of its kind that wait too, oldest first."""
        with self._changed:
            if not self._waiting:
                return []
            self._changed.wait_for(lambda: len(self._waiting) >= self._most, self._gather_s)
            kind = self._kind(self._waiting[0][0])
            batch: list[tuple[Q, Future[A]]] = []
            others: deque[tuple[Q, Future[A]]] = deque()
            for question, future in self._waiting:
                fits = len(batch) < self._most and self._kind(question) == kind
                (batch if fits else others).append((question, future))
            self._waiting = others
            return batch

    def _settle(self, batch: list[tuple[Q, Future[A]]]) -> None:
        try:
            answers = self._answer([question for question, _ in batch])
            settled = list(zip(batch, answers, strict=True))
        except Exception as error:  # of any kind: it is raised again in the caller's thread
            if len(batch) == 1:
                batch[0][1].set_exception(error)
                return
        else:
            for (_, future), answer in settled:
                future.set_result(answer)
            return
        middle = len(batch) // 2  # out here the error is gone, and with it the memory that the failed try held
        self._settle(batch[:middle])
        self._settle(batch[middle:])
