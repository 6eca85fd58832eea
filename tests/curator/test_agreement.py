"""Agreement of two readings: values that were worked out by hand."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from curator.agreement import agreement, cohens_kappa, same_boxes, summed, words_in_common
from curator.figure import Hierarchy, Panel, PanelKind, State
from tests.data.projects import AGENT, CAPTION, HIERARCHY


def test_a_reading_agrees_with_itself_in_everything() -> None:
    found = agreement(CAPTION, HIERARCHY, HIERARCHY)

    assert [found[level].f1 for level in ("panel", "marker", "region")] == [1, 1, 1]
    assert found["panel"].text == 1
    assert found["panel"].kappa == 1  # microscopy and other: chance is a half


def test_a_box_that_one_reader_rejected_is_not_in_that_reading() -> None:
    panels = (replace(HIERARCHY.panels[0], state=State.REJECTED), HIERARCHY.panels[1])

    found = agreement(CAPTION, HIERARCHY, replace(HIERARCHY, panels=panels))["panel"]

    assert (found.first, found.second, found.matched) == (2, 1, 1)
    assert found.f1 == pytest.approx(2 / 3)


def test_kinds_and_texts_are_compared_where_boxes_are_the_same() -> None:
    first = HIERARCHY.panels[0]
    other = replace(first, box_xyxy=(0.0, 0.0, 48.0, 80.0), kind=PanelKind.PHOTO, own_text="Red cells")

    found = agreement(CAPTION, Hierarchy((first,)), Hierarchy((other,)))["panel"]

    assert dict(found.kinds) == {("microscopy", "photo"): 1}
    assert found.text == pytest.approx(words_in_common("(A) Red cells.", "Red cells"))


def test_pairs_are_one_to_one_and_the_best_in_all() -> None:
    wide = Panel("p1", (0, 0, 10, 10), AGENT)
    left, right = Panel("p2", (0, 0, 6, 10), AGENT), Panel("p3", (0, 0, 9, 10), AGENT)

    assert same_boxes([wide], [left, right]) == [(wide, right)]
    assert same_boxes([], [left]) == []


def test_kappa_says_nothing_where_chance_alone_gives_full_agreement() -> None:
    assert cohens_kappa({("gel", "gel"): 5}) is None
    assert cohens_kappa({}) is None
    assert cohens_kappa({("a", "b"): 3, ("b", "a"): 3}) == -1


@given(st.lists(st.sampled_from("abcd"), max_size=12), st.lists(st.sampled_from("abcd"), max_size=12))
def test_words_in_common_are_the_longest_that_both_have_in_order_whoever_read_first(
    ours: list[str], theirs: list[str]
) -> None:
    lengths = [[0] * (len(theirs) + 1) for _ in range(len(ours) + 1)]
    for i, one in enumerate(ours):
        for j, other in enumerate(theirs):
            lengths[i + 1][j + 1] = lengths[i][j] + 1 if one == other else max(lengths[i][j + 1], lengths[i + 1][j])
    share = 2 * lengths[-1][-1] / (len(ours) + len(theirs)) if ours or theirs else 1.0

    assert words_in_common(" ".join(ours), " ".join(theirs)) == share
    assert words_in_common(" ".join(theirs), " ".join(ours)) == share


def test_figures_add_up() -> None:
    one = agreement(CAPTION, HIERARCHY, HIERARCHY)
    nothing = agreement(CAPTION, HIERARCHY, Hierarchy())

    total = summed([one, nothing])["panel"]

    assert (total.first, total.second, total.matched) == (4, 2, 2)
    assert summed([])["region"].f1 is None
