"""Jobs of the page: what they tell while a scripted miner works, and how they end."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import pytest

from curator.errors import BudgetError, StoreError
from ui.mining.jobs import MinedAside, MiningJobs, Progress

WAIT_S = 120.0  # only ever spent where a test fails


@dataclass(frozen=True)
class Mined:
    figure_id: str
    mining_id: int | None
    reason: str = ""
    cost: float = 0.0


@dataclass
class ScriptedMiner:
    """Mines a figure when it is let; figures named ``bad...`` fail, ``broke`` spends the budget, ``bug`` breaks."""

    asked: list[tuple[str, ...]] = field(default_factory=list)
    turns: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    waits: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))

    def __call__(self, figure_ids: Sequence[str], agent: str, stopped: Callable[[], bool]) -> Iterator[MinedAside]:
        self.asked.append((agent, *figure_ids))
        for number, figure_id in enumerate(figure_ids):
            if stopped():
                return
            self.waits.release()
            assert self.turns.acquire(timeout=WAIT_S)
            if figure_id == "broke":
                raise BudgetError("the budget of 3 requests is spent")
            if figure_id == "bug":
                raise KeyError("p1")
            if figure_id.startswith("bad"):
                yield Mined(figure_id, None, "the reply stayed unreadable", 0.5)
            else:
                yield Mined(figure_id, number + 1, cost=0.25)

    def let(self, figures: int) -> None:
        for _ in range(figures):
            self.turns.release()

    def working(self) -> None:
        """Returns when a figure is under way."""
        assert self.waits.acquire(timeout=WAIT_S)


@pytest.fixture
def miner() -> ScriptedMiner:
    return ScriptedMiner()


@pytest.fixture
def jobs(miner: ScriptedMiner) -> Iterator[MiningJobs]:
    jobs = MiningJobs(miner)
    yield jobs
    miner.let(100)
    jobs.close()


def ended(jobs: MiningJobs) -> list[Progress]:
    thread = jobs._thread
    if thread is not None:
        thread.join(WAIT_S)
        assert not thread.is_alive()
    return jobs.progress()


def test_a_job_tells_what_is_done_what_failed_and_what_it_cost(miner: ScriptedMiner, jobs: MiningJobs) -> None:
    started = jobs.start(["a", "bad b", "c", "a"], "some model")
    assert (started.total, started.waiting, started.done) == (3, 3, ())
    miner.let(3)
    (job,) = ended(jobs)
    assert (job.state, job.done, job.failed) == ("done", ("a", "c"), (("bad b", "the reply stayed unreadable"),))
    assert (job.cost, job.waiting, job.reason) == (1.0, 0, "")
    assert miner.asked == [("some model", "a", "bad b", "c")]


def test_jobs_run_one_after_the_other_in_order(miner: ScriptedMiner, jobs: MiningJobs) -> None:
    jobs.start(["a"], "embedded")
    jobs.start(["b"], "model")
    miner.working()
    assert [job.state for job in jobs.progress()] == ["running", "waiting"]
    assert jobs.busy
    miner.let(2)
    assert [job.state for job in ended(jobs)] == ["done", "done"]
    assert not jobs.busy
    assert miner.asked == [("embedded", "a"), ("model", "b")]


def test_a_stopped_job_keeps_what_it_has_mined_and_leaves_the_rest(miner: ScriptedMiner, jobs: MiningJobs) -> None:
    job_id = jobs.start(["a", "b", "c"], "model").id
    waiting = jobs.start(["d"], "model").id
    miner.working()
    assert jobs.stop(waiting).state == "stopped"
    assert jobs.stop(job_id).state == "stopping"
    miner.let(1)
    first, second = ended(jobs)
    assert (first.state, first.done, first.waiting) == ("stopped", ("a",), 2)
    assert (second.state, second.waiting) == ("stopped", 1)
    assert len(miner.asked) == 1
    assert jobs.stop(job_id).state == "stopped"


@pytest.mark.parametrize(
    ("figure_id", "reason"),
    [
        ("broke", "the budget of 3 requests is spent"),
        ("bug", "KeyError: 'p1'; please report this as a bug of the agent"),
    ],
)
def test_a_job_that_ends_early_says_why_and_the_next_one_runs(
    miner: ScriptedMiner, jobs: MiningJobs, figure_id: str, reason: str
) -> None:
    jobs.start(["a", figure_id, "c"], "model")
    jobs.start(["d"], "embedded")
    miner.let(3)
    first, second = ended(jobs)
    assert (first.state, first.done, first.waiting, first.reason) == ("failed", ("a",), 2, reason)
    assert (second.state, second.done) == ("done", ("d",))


def test_a_job_started_after_all_others_ended_runs_too(miner: ScriptedMiner, jobs: MiningJobs) -> None:
    miner.let(2)
    jobs.start(["a"], "model")
    ended(jobs)
    jobs.start(["b"], "model")
    assert [job.state for job in ended(jobs)] == ["done", "done"]


def test_a_job_that_nobody_started_cannot_be_stopped(jobs: MiningJobs) -> None:
    with pytest.raises(StoreError, match="there is no mining job 7; it may have ended with the server that ran it"):
        jobs.stop(7)


def test_finished_jobs_are_forgotten_when_there_are_many(miner: ScriptedMiner, jobs: MiningJobs) -> None:
    miner.let(60)
    for number in range(60):
        jobs.start([f"figure {number}"], "model")
        ended(jobs)
    known = [job.id for job in jobs.progress()]
    assert known == list(range(60 - 50, 61))
