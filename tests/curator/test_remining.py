"""Which way is gone next, and what replaces what."""

from __future__ import annotations

from dataclasses import replace

import pytest

from curator.codec import Level
from curator.figure import State
from curator.remining import better_levels, decided_levels, next_way, worth
from tests.data.projects import HIERARCHY


@pytest.mark.parametrize(
    ("tried", "with_model", "minings", "expected"),
    [
        ((), True, 1, "scales"),
        (("scales",), True, 1, "model"),
        (("scales",), False, 1, None),
        (("scales",), False, 2, "consensus"),
        (("scales", "model"), True, 2, "harder"),
        (("scales", "model", "harder", "consensus"), True, 3, None),
    ],
)
def test_the_cheapest_way_that_was_not_gone_comes_next(
    tried: tuple[str, ...], with_model: bool, minings: int, expected: str | None
) -> None:
    way = next_way(tried, with_model, minings)

    assert (way and way.name) == expected


def test_worth_is_right_proposals_less_wrong_and_missing_ones() -> None:
    sure = {"p1": 1.0, "p2": 0.75, "m3": 0.0, "r4": 0.5}

    assert worth(HIERARCHY, sure) == {"panel": 1.5, "marker": -1, "region": 0}

    without_b = HIERARCHY.with_nodes([HIERARCHY.panels[0]])
    assert worth(without_b, sure)["panel"] == 0  # one right, B is missing


def test_what_a_person_accepted_counts_as_right_and_what_one_rejected_not_at_all() -> None:
    decided = HIERARCHY.with_nodes(
        [
            replace(HIERARCHY.panels[0], state=State.ACCEPTED),
            replace(HIERARCHY.panels[1], state=State.REJECTED, label="A"),
        ]
    )

    assert worth(decided, {})["panel"] == 0  # A accepted, B missing
    assert decided_levels(decided) == {"panel"}


def test_a_level_is_better_by_half_a_proposal_or_more() -> None:
    before: dict[Level, float] = {"panel": 2.0, "marker": 1.0, "region": 1.0}
    more_markers: dict[Level, float] = {"panel": 2.4, "marker": 1.6, "region": 0.0}
    fewer_panels: dict[Level, float] = {"panel": 1.0, "marker": 9.0, "region": 9.0}

    assert better_levels(before, more_markers) == {"marker"}
    assert better_levels(before, fewer_panels) == frozenset()
    # what a person accepted counts in full, and a proposal of the same never does
    assert better_levels(before, fewer_panels, frozenset({"panel"})) == {"marker", "region"}
