"""The limit on attempts to log in, against a clock of the test's own."""

from __future__ import annotations

import pytest

from ui.accounts.attempts import MOST_BY_ADDRESS, MOST_BY_NAME, WINDOW_S, Attempts, TooManyAttemptsError


class Clock:
    def __init__(self) -> None:
        self.now_s = 1000.0

    def __call__(self) -> float:
        return self.now_s


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def attempts(clock: Clock) -> Attempts:
    return Attempts(clock)


def test_a_name_that_failed_often_waits_until_the_window_is_over_from_any_address(
    attempts: Attempts, clock: Clock
) -> None:
    for number in range(MOST_BY_NAME):
        attempts.begin("ann", f"10.0.0.{number}")
        clock.now_s += 1
    with pytest.raises(TooManyAttemptsError) as caught:
        attempts.begin("ann", "10.0.1.1")
    assert str(caught.value) == "too many attempts; try again in 15 minutes"
    assert caught.value.wait_s == WINDOW_S - MOST_BY_NAME
    attempts.begin("rob", "10.0.1.1")
    clock.now_s = 1000 + WINDOW_S
    attempts.begin("ann", "10.0.1.1")
    with pytest.raises(TooManyAttemptsError, match=r"^too many attempts; try again in 1 seconds$"):
        attempts.begin("ann", "10.0.1.1")


def test_an_address_that_failed_often_waits_with_any_name(attempts: Attempts) -> None:
    for number in range(MOST_BY_ADDRESS):
        attempts.begin(f"user{number}", "10.0.0.1")
    with pytest.raises(TooManyAttemptsError):
        attempts.begin("ann", "10.0.0.1")
    attempts.begin("ann", "10.0.0.2")


def test_addresses_that_one_machine_can_choose_among_count_as_one(attempts: Attempts) -> None:
    for number in range(MOST_BY_ADDRESS):
        attempts.begin(f"user{number}", f"2001:db8:0:1::{number:x}")
    with pytest.raises(TooManyAttemptsError):
        attempts.begin("ann", "2001:db8:0:1:ffff::1")
    attempts.begin("ann", "2001:db8:0:2::1")


def test_a_success_forgets_the_name_s_failures_but_not_the_address_s(attempts: Attempts) -> None:
    for _ in range(MOST_BY_NAME - 1):
        attempts.begin("ann", "10.0.0.1")
    attempts.begin("ann", "10.0.0.1")
    attempts.succeeded("ann", "10.0.0.1")
    attempts.begin("ann", "10.0.0.1")
    for number in range(MOST_BY_ADDRESS - MOST_BY_NAME):
        attempts.begin(f"user{number}", "10.0.0.1")
    with pytest.raises(TooManyAttemptsError):
        attempts.begin("last", "10.0.0.1")


def test_an_attempt_that_was_refused_puts_the_end_of_the_wait_off_no_further(attempts: Attempts, clock: Clock) -> None:
    for _ in range(MOST_BY_NAME):
        attempts.begin("ann", "10.0.0.1")
    for _ in range(5):
        clock.now_s += 60
        with pytest.raises(TooManyAttemptsError):
            attempts.begin("ann", "10.0.0.1")
    clock.now_s = 1000 + WINDOW_S
    attempts.begin("ann", "10.0.0.1")
