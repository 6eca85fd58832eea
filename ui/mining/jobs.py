"""Mining from the page: a queue of jobs, worked off one after the other beside the page's answers."""

from __future__ import annotations

import threading
from collections import OrderedDict, deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Literal, Protocol

from curator.errors import CuratorError, StoreError
from ui.disk_errors import unexpected

JobState = Literal["waiting", "running", "stopping", "done", "stopped", "failed"]
"""``stopping``: the figures under way are finished first."""
_KEPT = 50  # guess: finished jobs that a page may still ask for


class MinedAside(Protocol):
    """What came of one figure."""

    @property
    def figure_id(self) -> str: ...

    @property
    def mining_id(self) -> int | None:
        """The mining, kept aside from the review (``data.store.minings``); None where there is none."""

    @property
    def reason(self) -> str:
        """Why there is none."""

    @property
    def cost(self) -> float:
        """In the currency of the settings' prices."""


class Miner(Protocol):
    """Lets an agent propose for figures and keeps what it proposed aside, so that no open work changes."""

    def __call__(self, figure_ids: Sequence[str], agent: str, stopped: Callable[[], bool], /) -> Iterator[MinedAside]:
        """Results as they come, in any order; ends early when ``stopped`` turns true.

        Raises:
            CuratorError: mining ended early (no such agent, budget spent, model away); figures without a result wait.
        """
        ...


@dataclass(frozen=True, slots=True)
class Progress:
    """Where a job stands."""

    id: int
    agent: str
    state: JobState
    total: int
    done: tuple[str, ...]
    """Ids of the figures that have a new mining, in the order in which they were finished."""
    failed: tuple[tuple[str, str], ...]
    """Figure and reason of those that could not be mined."""
    waiting: int
    cost: float
    """In the currency of the settings' prices."""
    reason: str
    """Why the job failed as a whole."""


@dataclass(slots=True)
class _Job:
    id: int
    agent: str
    figure_ids: tuple[str, ...]
    state: JobState = "waiting"
    done: list[str] = field(default_factory=list)
    failed: list[tuple[str, str]] = field(default_factory=list)
    cost: float = 0.0
    reason: str = ""
    stop: threading.Event = field(default_factory=threading.Event)

    @property
    def over(self) -> bool:
        return self.state in ("done", "stopped", "failed")


class MiningJobs:
    """The jobs of all pages of this process. Safe to call from several threads.

    One job runs at a time, in a thread that lives while there is work; what it has mined when it is stopped stays.
    """

    def __init__(self, miner: Miner) -> None:
        self._miner = miner
        self._lock = threading.Lock()
        self._jobs: OrderedDict[int, _Job] = OrderedDict()
        self._queue: deque[_Job] = deque()
        self._thread: threading.Thread | None = None
        self._started = 0

    def start(self, figure_ids: Sequence[str], agent: str) -> Progress:
        """Queues a job; each figure once, in the given order."""
        with self._lock:
            self._started += 1
            job = _Job(self._started, agent, tuple(dict.fromkeys(figure_ids)))
            self._jobs[job.id] = job
            self._queue.append(job)
            for old in [one for one in self._jobs.values() if one.over][:-_KEPT]:
                del self._jobs[old.id]
            if self._thread is None:
                self._thread = threading.Thread(target=self._work, name="mining", daemon=True)
                self._thread.start()
            return _progress(job)

    def progress(self) -> list[Progress]:
        """Every job that is still known, oldest first."""
        with self._lock:
            return [_progress(job) for job in self._jobs.values()]

    def stop(self, job_id: int) -> Progress:
        """Ends a job: at once where it waits, else when the figures under way are finished.

        Raises:
            StoreError: there is no such job.
        """
        with self._lock:
            job = self._jobs.get(job_id)
            if job is None:
                raise StoreError(f"there is no mining job {job_id!r}; it may have ended with the server that ran it")
            job.stop.set()
            if not job.over:
                job.state = "stopped" if job.state == "waiting" else "stopping"
            return _progress(job)

    @property
    def busy(self) -> bool:
        """Whether a figure is being mined now."""
        with self._lock:
            return self._thread is not None

    def close(self) -> None:
        """Stops every job and waits for the figures under way."""
        with self._lock:
            for job in self._jobs.values():
                job.stop.set()
            thread = self._thread
        if thread is not None:
            thread.join()

    def _work(self) -> None:
        while True:
            with self._lock:
                if not self._queue:
                    self._thread = None
                    return
                job = self._queue.popleft()
                if job.stop.is_set():
                    job.state = "stopped"
                    continue
                job.state = "running"
            reason = self._mine(job)
            with self._lock:
                job.reason = reason
                left = len(job.done) + len(job.failed) < len(job.figure_ids)
                job.state = "failed" if reason else "stopped" if left and job.stop.is_set() else "done"

    def _mine(self, job: _Job) -> str:
        """Works a job off; why it ended early, or nothing."""
        try:
            for mined in self._miner(job.figure_ids, job.agent, job.stop.is_set):
                with self._lock:
                    job.cost += mined.cost
                    if mined.mining_id is None:
                        job.failed.append((mined.figure_id, mined.reason))
                    else:
                        job.done.append(mined.figure_id)
        except CuratorError as error:
            return str(error)
        except Exception as error:  # a bug in one agent must not end the thread that all jobs wait for
            return unexpected(error, " of the agent")
        return ""


def _progress(job: _Job) -> Progress:
    ended = len(job.done) + len(job.failed)
    return Progress(
        job.id,
        job.agent,
        job.state,
        len(job.figure_ids),
        tuple(job.done),
        tuple(job.failed),
        len(job.figure_ids) - ended,
        job.cost,
        job.reason,
    )
