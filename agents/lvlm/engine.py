"""Many figures in front of a model at once: threads, since nearly all of the time is the model's."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from itertools import islice
from typing import Generic, TypeVar

from curator.errors import BudgetError, CuratorError, MiningError, ModelError

Job = TypeVar("Job")
Outcome = TypeVar("Outcome")

_FAILURES_IN_A_ROW = 3  # guess: by then it is the server, not the figures


@dataclass(frozen=True, slots=True)
class Done(Generic[Job, Outcome]):
    """What came of a job: an outcome, or the error that a person can act on."""

    job: Job
    outcome: Outcome | None
    error: CuratorError | None = None


def ask_about_many(
    jobs: Iterable[Job], ask: Callable[[Job], Outcome], in_flight: int, stopped: Callable[[], bool] = lambda: False
) -> Iterator[Done[Job, Outcome]]:
    """Results as they come, in any order; jobs are taken from ``jobs`` only as threads get free.

    A spent budget, or a model that failed for several figures in a row, ends it: what runs is waited for, what did not
    finish for want of budget gives nothing, so that it is still waiting when mining is started again.

    Raises:
        BudgetError, ModelError: why it ended early; raised last, after all results.
    """
    waiting = iter(jobs)
    ending: CuratorError | None = None
    failures = 0
    with ThreadPoolExecutor(in_flight, thread_name_prefix="model") as pool:
        running: dict[Future[Outcome], Job] = {}

        def fill() -> None:
            # one more than threads: the next job is at hand when a thread gets free
            room = 0 if ending or stopped() else in_flight + 1 - len(running)
            for job in islice(waiting, max(0, room)):
                running[pool.submit(ask, job)] = job

        fill()
        while running:
            finished, _ = wait(running, return_when=FIRST_COMPLETED)
            for future in [one for one in running if one in finished]:  # in the order of the jobs
                job = running.pop(future)
                try:
                    outcome = future.result()
                except BudgetError as error:
                    ending = ending or error
                except CuratorError as error:
                    failures = failures + 1 if isinstance(error, ModelError) else 0
                    if failures >= _FAILURES_IN_A_ROW:
                        ending = ending or error
                    yield Done(job, None, error)
                except Exception as error:  # a bug met on one figure must not stop the others; it is listed
                    reason = f"{type(error).__name__}: {error}; please report this as a bug of the agent"
                    yield Done(job, None, MiningError(reason))
                else:
                    failures = 0
                    yield Done(job, outcome)
            fill()
    if ending:
        raise ending
