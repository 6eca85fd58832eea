"""Mining many figures: a pool of processes with one agent each; a figure that kills its process is found."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from curator.errors import CuratorError, MiningError
from curator.figure import Figure, Hierarchy

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Agent(Protocol):
    """Whoever proposes. ``name`` and ``version`` go into the provenance of each node."""

    name: str
    version: str

    def propose(self, figure: Figure, image_rgb: NDArray[np.uint8]) -> Hierarchy:
        """The figure's hierarchy as proposed; ``image_rgb`` is [H, W, 3] in the frame of the boxes.

        Raises:
            MiningError: the figure cannot be mined, with the reason.
        """
        ...


@dataclass(frozen=True, slots=True)
class Job:
    """A figure to mine. ``image`` is a file that shows it in the frame of the boxes."""

    figure: Figure
    image: Path


@dataclass(frozen=True, slots=True)
class Mined:
    """What came of a job: a hierarchy, or the reason why there is none."""

    figure_id: str
    hierarchy: Hierarchy | None
    reason: str = ""


def mine(jobs: Iterable[Job], make_agent: Callable[[], Agent], workers: int) -> Iterator[Mined]:
    """Results as they come, in any order, one for every job. ``make_agent`` must be picklable (a module's function).

    A figure whose process dies (out of memory, a crash in native code) is tried once more alone, so that only the
    figure that kills is reported, not those that ran beside it.
    """
    suspects: list[Job] = []
    for outcome in _pooled(iter(jobs), make_agent, workers):
        if isinstance(outcome, Job):
            suspects.append(outcome)
        else:
            yield outcome
    for job in suspects:
        for outcome in _pooled(iter([job]), make_agent, 1):
            if isinstance(outcome, Job):
                reason = (
                    "its process died, most likely for lack of memory; mine with fewer --workers or a smaller image"
                )
                yield Mined(job.figure.id, None, reason)
            else:
                yield outcome


def _pooled(jobs: Iterator[Job], make_agent: Callable[[], Agent], workers: int) -> Iterator[Mined | Job]:
    """Results, and the jobs that were under way when a process died."""
    remaining = True
    while remaining:
        with ProcessPoolExecutor(workers, get_context("spawn"), _start, (make_agent,)) as pool:
            running: dict[Future[Mined], Job] = {}
            broken = False
            # a short line ahead of the workers keeps them busy without holding every job in memory
            for job in islice(jobs, 2 * workers):
                running[pool.submit(_mine_one, job)] = job
            while running and not broken:
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    job = running.pop(future)
                    try:
                        yield future.result()
                    except BrokenProcessPool:
                        broken = True
                        yield job
                for job in islice(jobs, len(finished) if not broken else 0):
                    running[pool.submit(_mine_one, job)] = job
            yield from running.values()
        remaining = broken


def _start(make_agent: Callable[[], Agent]) -> None:
    """Runs in each new process; one agent, one thread, since the pool already fills the cores."""
    import cv2

    threading.Thread(target=_end_with_parent, daemon=True).start()
    cv2.setNumThreads(1)
    global _agent
    _agent = make_agent()


_agent: Agent


def _end_with_parent() -> None:
    """A worker whose parent was killed would wait for work for ever, with its memory."""
    parent = parent_process()
    assert parent is not None
    parent.join()
    os._exit(1)


def _mine_one(job: Job) -> Mined:
    try:
        return Mined(job.figure.id, _agent.propose(job.figure, load_rgb(job.image)))
    except CuratorError as error:
        return Mined(job.figure.id, None, str(error))
    except Exception as error:  # an agent's bug on one figure must not stop the batch; it is listed as a problem
        return Mined(job.figure.id, None, f"{type(error).__name__}: {error}; please report this as a bug of the agent")


def load_rgb(path: Path) -> NDArray[np.uint8]:
    """The picture as RGB uint8 [H, W, 3].

    Raises:
        MiningError: the file cannot be read as an image.
    """
    import cv2
    import numpy as np

    bgr = cv2.imdecode(np.fromfile(path, np.uint8), cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if bgr is None:
        raise MiningError(f"{path} cannot be read as an image; ingest the figure's source again")
    return np.ascontiguousarray(bgr[:, :, ::-1], dtype=np.uint8)


def default_workers() -> int:
    """One process a core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
