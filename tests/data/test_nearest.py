"""The nearest rows, against sorting all of them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.nearest import Nearest

ROWS, DIM = 300, 8


def unit(seed: int, rows: int = ROWS) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    features = np.random.default_rng(seed).standard_normal((rows, DIM)).astype(np.float32)
    return np.ascontiguousarray(features / np.linalg.norm(features, axis=1, keepdims=True))


@given(seed=st.integers(0, 1000), share=st.floats(0, 1), count=st.integers(1, ROWS + 5))
def test_they_are_those_that_sorting_all_allowed_rows_puts_first(seed: int, share: float, count: int) -> None:
    features = unit(seed)
    allowed = np.random.default_rng(seed).random(ROWS) < share
    scores, rows = Nearest(features).search(features[7], count, allowed)
    cosines = np.where(allowed, features @ features[7], -np.inf)
    assert len(rows) == min(count, int(allowed.sum()))
    assert allowed[rows].all()
    assert len(set(rows.tolist())) == len(rows)
    assert scores == pytest.approx(np.sort(cosines)[::-1][: len(rows)], abs=1e-6)
    assert scores == pytest.approx(cosines[rows], abs=1e-6)


def test_equal_ones_come_in_the_order_of_their_rows() -> None:
    features = np.repeat(unit(1, 1), 9, axis=0)
    _, rows = Nearest(features).search(features[0], 9, np.ones(9, np.bool_))
    assert rows.tolist() == list(range(9))


def test_without_rows_nothing_is_found() -> None:
    empty = Nearest(unit(1, 0))
    assert (len(empty), empty.search(unit(1, 1)[0], 5, np.zeros(0, np.bool_))[1].tolist()) == (0, [])


def test_a_row_gives_back_its_feature() -> None:
    features = unit(3)
    assert np.array_equal(Nearest(features).feature(41), features[41])
