"""The limits of one run."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from agents.lvlm.asking.budget import Budget, Spent
from curator.errors import BudgetError
from curator.exchange import Reply
from curator.settings import ModelSettings

GOES_ON = "the same command again goes on from here with a new budget, and model."


def ask(budget: Budget, reply: Reply) -> None:
    budget.check()
    budget.spend(reply)


def test_no_limit_never_ends() -> None:
    budget = Budget(ModelSettings())
    for _ in range(100):
        ask(budget, Reply("a", tokens_in=10**6, tokens_out=10**6))
    assert budget.spent == Spent(100, 10**8, 10**8, 0.0)


def test_requests_end_at_their_limit_and_the_message_says_how_to_go_on() -> None:
    budget = Budget(ModelSettings(max_requests=2))
    ask(budget, Reply("a"))
    ask(budget, Reply("b"))
    with pytest.raises(BudgetError) as raised:
        budget.check()
    assert str(raised.value) == f"the budget of 2 requests is reached: 2 were sent; {GOES_ON}max_requests sets another"
    assert budget.spent.requests == 2


def test_a_request_that_failed_counts() -> None:
    budget = Budget(ModelSettings(max_requests=2))
    budget.check()
    budget.check()
    with pytest.raises(BudgetError, match="2 were sent"):
        budget.check()


def test_tokens_end_at_their_limit() -> None:
    budget = Budget(ModelSettings(max_tokens=1000))
    ask(budget, Reply("a", tokens_in=700, tokens_out=299))
    ask(budget, Reply("a", tokens_in=1, tokens_out=1))
    with pytest.raises(BudgetError) as raised:
        budget.check()
    assert (
        str(raised.value) == f"the budget of 1000 tokens is reached: 1001 were taken; {GOES_ON}max_tokens sets another"
    )


def test_money_ends_at_its_limit() -> None:
    budget = Budget(ModelSettings(max_cost=0.5, price_in=1.0, price_out=4.0))
    budget.check()
    assert budget.spend(Reply("a", tokens_in=100_000, tokens_out=100_000)) == pytest.approx(0.5)
    with pytest.raises(BudgetError) as raised:
        budget.check()
    assert str(raised.value) == f"the budget of 0.5 is reached: 0.5 was spent; {GOES_ON}max_cost sets another"


def test_requests_of_many_threads_are_exactly_the_limit() -> None:
    budget = Budget(ModelSettings(max_requests=50))
    together = threading.Barrier(8)

    def work(_: int) -> int:
        together.wait()
        sent = 0
        while True:
            try:
                ask(budget, Reply("a"))
            except BudgetError:
                return sent
            sent += 1

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(work, range(8))) == 50
    assert budget.spent.requests == 50


def test_a_request_under_way_counts_as_the_dearest_reply_so_far() -> None:
    budget = Budget(ModelSettings(max_tokens=1000))
    ask(budget, Reply("a", tokens_in=400))
    ask(budget, Reply("a", tokens_in=100))
    with ThreadPoolExecutor(1) as other:
        other.submit(budget.check).result()  # 500 taken, 400 under way
        budget.check()
        budget.spend(Reply("a", tokens_in=100))  # 600 taken, 400 under way
        with pytest.raises(BudgetError) as raised:
            budget.check()
        assert str(raised.value) == (
            "the budget of 1000 tokens is reached: 600 were taken, requests still under way: 1; "
            f"{GOES_ON}max_tokens sets another"
        )
        other.submit(budget.spend, Reply("a", tokens_in=10)).result()
    budget.check()  # the one under way took less


def test_before_any_reply_a_request_under_way_counts_as_the_longest_reply() -> None:
    budget = Budget(ModelSettings(max_tokens=8000, max_reply_tokens=4000))
    with ThreadPoolExecutor(2) as others:
        both = threading.Barrier(2)

        def start() -> None:
            both.wait()
            budget.check()

        for started in [others.submit(start), others.submit(start)]:
            started.result()
        with pytest.raises(BudgetError, match="0 were taken, requests still under way: 2"):
            budget.check()


def test_a_thread_whose_request_failed_has_none_under_way() -> None:
    budget = Budget(ModelSettings(max_tokens=4001))
    budget.check()
    budget.check()  # 4096 would be under way otherwise
    assert budget.spent.requests == 2


def test_a_server_that_tells_no_tokens_cannot_be_held_to_them() -> None:
    budget = Budget(ModelSettings(max_tokens=1000))
    ask(budget, Reply("a"))
    with pytest.raises(BudgetError) as raised:
        budget.check()
    assert str(raised.value) == (
        "the server does not tell how many tokens a reply took, so that model.max_tokens and model.max_cost cannot be "
        "held; set them to 0 and model.max_requests to a limit"
    )
