"""How well a text fits: a softmax, checked against its plain formula."""

from __future__ import annotations

import math

import pytest

from curator.fit import fit


@pytest.mark.parametrize("others", [[0.1], [0.4, -0.3, 0.2], [0.9] * 64], ids=["one", "some", "many better"])
def test_it_is_the_share_of_the_own_text_in_the_softmax(others: list[float]) -> None:
    weights = [math.exp(14.3 * cosine) for cosine in (0.3, *others)]
    assert fit(0.3, others, 14.3) == pytest.approx(weights[0] / sum(weights))


def test_nothing_is_known_where_there_is_no_other_text() -> None:
    assert fit(0.9, [], 100.0) is None


@pytest.mark.parametrize(("own", "other", "expected"), [(1.0, -1.0, 1.0), (-1.0, 1.0, 0.0)])
def test_no_scale_is_too_large(own: float, other: float, expected: float) -> None:
    assert fit(own, [other], 1e6) == pytest.approx(expected)
