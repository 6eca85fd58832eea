"""Questions of many threads in few batches; a question that cannot be answered fails alone."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.lvlm.providers.batching import Batcher

PATIENCE_S = 120  # only ever spent where a test fails


class Doubler:
    """Answers a number with its double; holds the first batch until it is let go; remembers all batches."""

    def __init__(self, broken: frozenset[int] = frozenset(), room: int = 100) -> None:
        self.broken = broken
        self.room = room
        self.batches: list[list[int]] = []
        self.begun = threading.Event()
        self.go = threading.Event()

    def __call__(self, questions: Sequence[int]) -> list[int]:
        self.batches.append(list(questions))
        self.begun.set()
        assert self.go.wait(PATIENCE_S)
        if len(questions) > self.room:
            raise MemoryError(f"{len(questions)} questions do not fit")
        if faulty := self.broken & set(questions):
            raise ValueError(f"no answer to {sorted(faulty)}")
        return [2 * question for question in questions]


def ask_all(doubler: Doubler, most: int, questions: Sequence[int]) -> list[int | Exception]:
    """The first question is in work when the others arrive."""
    batcher = Batcher(doubler, most, kind=lambda number: number >= 1000, gather_s=0)

    def ask(question: int) -> int | Exception:
        try:
            return batcher.ask(question)
        except (ValueError, MemoryError) as error:
            return error

    with ThreadPoolExecutor(len(questions)) as threads:
        first = threads.submit(ask, questions[0])
        assert doubler.begun.wait(PATIENCE_S)
        futures = [threads.submit(ask, question) for question in questions[1:]]
        pause = threading.Event()
        for _ in range(100 * PATIENCE_S):
            if batcher.waiting == len(futures):
                break
            pause.wait(0.01)
        assert batcher.waiting == len(futures)
        doubler.go.set()
        return [future.result(PATIENCE_S) for future in (first, *futures)]


def test_questions_that_arrive_during_a_batch_are_answered_together_in_the_next() -> None:
    doubler = Doubler()
    assert ask_all(doubler, 8, range(6)) == [0, 2, 4, 6, 8, 10]
    assert [sorted(batch) for batch in doubler.batches] == [[0], [1, 2, 3, 4, 5]]


def test_a_batch_holds_no_more_than_the_limit() -> None:
    doubler = Doubler()
    assert ask_all(doubler, 2, range(6)) == [0, 2, 4, 6, 8, 10]
    assert [len(batch) for batch in doubler.batches] == [1, 2, 2, 1]


def test_only_questions_of_one_kind_share_a_batch() -> None:
    doubler = Doubler()
    assert ask_all(doubler, 8, [0, 1, 1000, 2, 1001]) == [0, 2, 2000, 4, 2002]
    assert sorted(sorted(batch) for batch in doubler.batches) == [[0], [1, 2], [1000, 1001]]


def test_a_question_without_answer_fails_alone() -> None:
    doubler = Doubler(broken=frozenset({3}))
    answers = ask_all(doubler, 8, range(6))
    assert [answer for answer in answers if isinstance(answer, int)] == [0, 2, 4, 8, 10]
    assert [str(answer) for answer in answers if isinstance(answer, Exception)] == ["no answer to [3]"]


def test_a_batch_too_large_for_the_memory_is_halved_until_it_fits() -> None:
    doubler = Doubler(room=2)
    assert ask_all(doubler, 8, range(9)) == [2 * number for number in range(9)]
    assert [len(batch) for batch in doubler.batches] == [1, 8, 4, 2, 2, 4, 2, 2]


def test_a_question_too_large_alone_says_so() -> None:
    doubler = Doubler(room=0)
    with pytest.raises(MemoryError, match="1 questions do not fit"):
        raise next(answer for answer in ask_all(doubler, 8, [7]) if isinstance(answer, Exception))


def test_the_first_question_waits_for_others_up_to_the_limit() -> None:
    doubler = Doubler()
    doubler.go.set()
    batcher = Batcher(doubler, 3, kind=lambda _: 0, gather_s=PATIENCE_S)
    with ThreadPoolExecutor(3) as threads:
        assert sorted(threads.map(batcher.ask, [1, 2, 3])) == [2, 4, 6]
    assert [len(batch) for batch in doubler.batches] == [3]
