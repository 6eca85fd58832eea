"""Candidates of one panel are judged together: pieces of texture fall, what stands out of them or is alone stays."""

from __future__ import annotations

import numpy as np
import pytest

from agents.embedded.marker_texture import against_texture


def texture(pieces: int = 300, middle: float = -1.0, spread: float = 1.5) -> list[float]:
    return list(np.random.default_rng(3).normal(middle, spread, pieces))


@pytest.mark.parametrize("middle", [-2.0, -1.0, 0.0])
def test_no_piece_of_texture_is_likelier_drawn_than_its_number_lets_expect(middle: float) -> None:
    given = texture(middle=middle)
    assert sum(value > 0 for value in given) >= 20
    assert sum(value > 0 for value in against_texture(given)) <= 3


@pytest.mark.parametrize("drawn", [1, 3, 40])
def test_signs_that_stand_out_of_the_texture_stay_likely(drawn: int) -> None:
    judged = against_texture(texture() + [6.5] * drawn)
    assert all(value > 2 for value in judged[-drawn:])


def test_log_odds_are_never_raised_and_keep_their_order() -> None:
    given = np.array([*texture(), 3.0, 4.0, 9.0])
    judged = against_texture(given.tolist())
    assert np.all(judged <= given)
    assert np.argmax(judged) == len(given) - 1


@pytest.mark.parametrize(
    "given", [[], [3.0, -2.0, 1.5], [4.0] * 50, texture(19, middle=-3)], ids=["none", "few", "all drawn", "19 pieces"]
)
def test_too_few_pieces_say_nothing_of_the_texture(given: list[float]) -> None:
    assert against_texture(given).tolist() == given


def test_equal_candidates_have_a_spread() -> None:
    assert np.all(np.isfinite(against_texture([-1.0] * 30 + [5.0])))
