"""What another reader makes of a confidence."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.lvlm.agreement import weighed

confidences = st.floats(0, 1)
agreements = st.floats(-1, 1)


@pytest.mark.parametrize(
    ("confidence", "agreement", "expected"),
    [(0.5, 1.0, 0.8), (0.5, -1.0, 0.2), (0.5, 0.5, 2 / 3), (0.75, 0.0, 0.75), (0.0, 1.0, 0.0)],
)
def test_one_more_reader_multiplies_the_odds_by_four(confidence: float, agreement: float, expected: float) -> None:
    assert weighed(confidence, agreement) == pytest.approx(expected)


@given(confidence=confidences, agreement=agreements)
def test_agreement_raises_and_contradiction_lowers(confidence: float, agreement: float) -> None:
    found = weighed(confidence, agreement)
    before = min(confidence, 0.99)
    assert 0 <= found < 1
    assert found >= before - 1e-9 if agreement >= 0 else found <= before + 1e-9


@given(confidence=confidences, first=agreements, second=agreements)
def test_more_agreement_never_makes_less_sure(confidence: float, first: float, second: float) -> None:
    low, high = sorted((first, second))
    assert weighed(confidence, low) <= weighed(confidence, high) + 1e-12
