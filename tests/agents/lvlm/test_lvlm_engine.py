"""Many figures in front of a model: how a run ends."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator

import pytest

from agents.lvlm.engine import Done, ask_about_many
from curator.errors import BudgetError, MiningError, ModelError, ReplyError


def _asked(
    count: int, ask: Callable[[int], str], in_flight: int = 2
) -> tuple[list[Done[int, str]], ModelError | BudgetError | None]:
    """Results in the order of the jobs, and the error that ended the run."""
    done: list[Done[int, str]] = []
    ending = None
    try:
        done.extend(ask_about_many(range(count), ask, in_flight))
    except (BudgetError, ModelError) as error:
        ending = error
    return sorted(done, key=lambda one: one.job), ending


def test_every_job_has_one_result() -> None:
    done, ending = _asked(20, str, in_flight=4)
    assert [(one.job, one.outcome, one.error) for one in done] == [(n, str(n), None) for n in range(20)]
    assert ending is None


def test_as_many_are_asked_at_a_time_as_may_be_in_flight() -> None:
    together = threading.Barrier(3)

    def ask(job: int) -> str:
        together.wait(timeout=120)  # breaks unless three are asked at the same time
        return ""

    done, _ = _asked(6, ask, in_flight=3)
    assert [one.error for one in done] == [None] * 6


def test_an_unreadable_reply_and_a_bug_are_results_of_their_figure_alone() -> None:
    def ask(job: int) -> str:
        if job == 1:
            raise ReplyError("unreadable")
        if job == 2:
            raise ZeroDivisionError("division by zero")
        return "read"

    done, ending = _asked(4, ask)
    assert [str(one.error or one.outcome) for one in done] == [
        "read",
        "unreadable",
        "ZeroDivisionError: division by zero; please report this as a bug of the agent",
        "read",
    ]
    assert isinstance(done[2].error, MiningError)
    assert ending is None


def test_a_spent_budget_ends_the_run_and_the_figures_left_have_no_result() -> None:
    asked: list[int] = []

    def ask(job: int) -> str:
        asked.append(job)
        if job >= 3:
            raise BudgetError("3 requests are spent")
        return "read"

    done, ending = _asked(100, ask, in_flight=1)
    assert [one.job for one in done] == [0, 1, 2]
    assert str(ending) == "3 requests are spent"
    assert len(asked) < 10


def test_a_model_that_is_away_ends_the_run_after_three_figures() -> None:
    asked: list[int] = []

    def ask(job: int) -> str:
        asked.append(job)
        raise ModelError("nobody listens")

    done, ending = _asked(100, ask, in_flight=1)
    assert str(ending) == "nobody listens"
    assert 3 <= len(done) == len(asked) < 10


def test_a_model_that_fails_now_and_then_does_not_end_the_run() -> None:
    def ask(job: int) -> str:
        if job % 3:
            raise ModelError("busy")
        return "read"

    done, ending = _asked(30, ask, in_flight=1)
    assert len(done) == 30
    assert ending is None


def test_jobs_are_taken_only_as_they_are_asked() -> None:
    taken: list[int] = []

    def jobs() -> Iterator[int]:
        for n in range(1000):
            taken.append(n)
            yield n

    results = ask_about_many(jobs(), str, 2)
    next(results)
    assert len(taken) < 10
    results.close()  # type: ignore[attr-defined]


@pytest.mark.parametrize("stop_at", [0, 5])
def test_a_stopped_run_finishes_what_is_under_way_and_begins_nothing(stop_at: int) -> None:
    asked: list[int] = []
    done = list(ask_about_many(range(100), asked.append, 2, lambda: len(asked) >= stop_at))
    assert stop_at <= len(done) == len(asked) <= stop_at + 3
